//! `prova explore`: one page with each function's source lines, WebAssembly, bytecode, SSA form and
//! machine code side by side, by their offsets in the module.
//!
//! The page needs nothing but itself. What a function has not is an empty column, and the function
//! says why. Limits: [`FUNCTIONS_MAX`] functions, and those whose body is larger than
//! `prova inspect` shows have no columns.

use crate::args::EngineArgs;
use crate::check_code::{self, Made, Maker, instruction};
use crate::inspect_ssa::lines;
use crate::objdump::named;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, warn};
use crate::{input, run};
use clap::Args;
use prova_builds::names::printable;
use prova_core::{Context, Error, Module, Result, Translate, bail};
use prova_inspect::{BODY_BYTES_MAX, Function, find, operators};
use prova_module::FuncIdx;
use prova_native::{Config, body};
use prova_report::{Node, Table};
use prova_symbols::symbols;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most functions of a page.
const FUNCTIONS_MAX: usize = 4000;

/// Writes a page with source, WebAssembly, bytecode, SSA form and machine code side by side
#[derive(Debug, Args)]
pub(crate) struct ExploreArgs {
    #[command(flatten)]
    engine: EngineArgs,
    /// The function, by its index, export or name, or an offset in it; all if not given
    #[arg(long, value_name = "NAME|INDEX|EXPORT")]
    function: Option<String>,
    /// Where the page is written; beside the module, as FILE.explore.html, if not given
    #[arg(short, long, value_name = "PAGE")]
    output: Option<PathBuf>,
    /// The module in binary or text format
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The columns behind the offset.
const COLUMNS: [&str; 5] = ["source", "WebAssembly", "bytecode", "SSA", "machine code"];

/// The lines of one offset, by column.
type Row = [Vec<String>; COLUMNS.len()];

/// Runs the command.
pub(crate) fn run(args: &ExploreArgs) -> Result<Exit> {
    prova_core::on_compiler_thread(|| run_here(args))
}

fn run_here(args: &ExploreArgs) -> Result<Exit> {
    let (mut config, _) = args.engine.as_interpreter().config()?;
    config.translate(Translate::Lazy);
    let engine = run::new_engine(&config)?;
    let module = input::module(&engine, &args.file)?;
    let native = (check_code::config(&args.engine)?, check_code::deterministic(&args.engine)?);
    let funcs: Vec<FuncIdx> = match &args.function {
        Some(name) => {
            vec![find(module.wasm(), name).map_err(|error| Misuse(error.to_string()))?]
        }
        None => module.wasm().defined_funcs().collect(),
    };
    if funcs.len() > FUNCTIONS_MAX {
        bail!(Misuse(format!(
            "the module has {} functions, and a page at most {FUNCTIONS_MAX}: `--function` chooses one",
            funcs.len()
        )));
    }
    let page = args.output.clone().unwrap_or_else(|| {
        let mut name = args.file.clone().into_os_string();
        name.push(".explore.html");
        name.into()
    });
    input::apart("--output", &page, &[&args.file])?;
    let _work = progress::start("exploring", &args.file, false);
    progress::of(funcs.len());
    let maker = Maker::new(module.wasm(), (&native.0, native.1));
    let shown = funcs.into_iter().map(|func| {
        progress::step();
        explored(&module, func, &native.0, maker.as_ref())
    });
    let title = printable(&args.file.display().to_string());
    let report = Node::of("explore", title).with_children(shown.collect::<Result<Vec<_>>>()?);
    let name = page.shown();
    std::fs::write(&page, report.to_html()).with_context(|| format!("failed to write `{name}`"))?;
    warn(&printable(&format!("page written to `{name}`")));
    Ok(Exit::Done)
}

/// The instructions of a function by the operators they belong to; offsets in the code stand in a
/// column.
fn instructions(made: &Made) -> impl Iterator<Item = (Option<u32>, String)> {
    let last = made.lines.last().map_or(0, |line| line.offset);
    let width = format!("{last:x}").len();
    made.lines.iter().map(move |line| {
        let text = instruction(line);
        let text = text.trim_start();
        let indent = width.saturating_sub(text.find(' ').unwrap_or(0));
        (line.wasm_offset, format!("{}{text}", " ".repeat(indent)))
    })
}

/// A function with its columns.
fn explored(
    module: &Module,
    func: FuncIdx,
    native: &Config,
    maker: Result<&Maker<'_>, &Error>,
) -> Result<Node> {
    let wasm = module.wasm();
    let node = Node::of("function", named(wasm, func));
    let Some(bytes) = wasm.body(func).map(|body| body.range().len()) else {
        bail!(Misuse(format!("{func} is an import: there is no body to show")));
    };
    if bytes > BODY_BYTES_MAX {
        let why = format!("its body has {bytes} bytes: at most {BODY_BYTES_MAX} are shown");
        return Ok(node.with_evidence([why]));
    }
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    let mut missing = Vec::new();
    let code = operators(wasm, func)?;
    for line in &code {
        let name = line.name.as_ref().map(|name| format!(" ;; {name}")).unwrap_or_default();
        let text = format!("{}{}{name}", "  ".repeat(line.depth), line.text);
        rows.entry(line.offset).or_default()[1].push(text);
    }
    let offsets: Vec<u32> = code.iter().map(|line| line.offset).collect();
    let mut before = String::new();
    for (offset, found) in offsets.iter().zip(symbols(wasm, &offsets)) {
        let place = found.first().and_then(|symbol| Some((symbol.file.as_ref()?, symbol.line?)));
        let Some((file, line)) = place else { continue };
        let file = file.rsplit('/').next().unwrap_or_default();
        let text = format!("{}:{line}", printable(file));
        if text != before {
            rows.entry(*offset).or_default()[0].push(text.clone());
            before = text;
        }
    }
    match module.explain(func).and_then(|explained| Function::new(wasm, func, &explained)) {
        Ok(view) => {
            for (offset, text) in view.instructions() {
                rows.entry(offset).or_default()[2].push(text.to_owned());
            }
        }
        Err(error) => missing.push(format!("bytecode: {error:#}")),
    }
    match body(wasm, func, native.metering) {
        Ok(ssa) => lines(ssa.body())
            .for_each(|(offset, line)| rows.entry(offset).or_default()[3].push(line)),
        Err(why) => missing.push(format!("SSA: {why}")),
    }
    let first = offsets.first().copied().unwrap_or(0);
    match maker.map_err(|why| Error::msg(format!("{why:#}"))).and_then(|maker| maker.made(func)) {
        Ok(made) => {
            missing.extend(made.verdict().err().map(|why| format!("machine code: refused: {why}")));
            for (offset, text) in instructions(&made) {
                rows.entry(offset.unwrap_or(first)).or_default()[4].push(text);
            }
        }
        Err(error) => missing.push(format!("machine code: {error:#}")),
    }
    let mut table = Table::new("", &[&[">"][..], &COLUMNS].concat());
    for (offset, row) in &rows {
        let cells = row.iter().map(|lines| lines.join("\n"));
        table.push([format!("{offset:#x}")].into_iter().chain(cells), false);
    }
    Ok(node.with_evidence(missing).with_table(table))
}
