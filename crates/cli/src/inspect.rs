//! `prova inspect`: a module's functions, or one function's WebAssembly operators beside its bytecode.

use crate::args::InspectArgs;
use crate::report::{Exit, Misuse, print, printable};
use crate::{input, run};
use prova::{Context, Module, Result, bail};
use prova_bytecode::{CheckedBytecode, decode, text};
use prova_module::{ExternKind, FuncIdx};
use std::fmt::Write;

/// The width of the column of WebAssembly operators.
const WASM_WIDTH: usize = 44;

/// Runs the command.
pub(crate) fn run(args: &InspectArgs) -> Result<Exit> {
    let (config, _) = args.engine.config()?;
    let engine = run::new_engine(&config)?;
    let module = input::module(&engine, &args.file)?;
    let text = match &args.function {
        Some(name) => function(&module, find(&module, name)?)?,
        None => listing(&module),
    };
    print(&printable(&text))?;
    Ok(Exit::Done)
}

/// The function that the user names: by index, by export, by the name section.
fn find(module: &Module, name: &str) -> Result<FuncIdx> {
    let wasm = module.wasm();
    let index = name.parse::<u32>().ok().filter(|&index| (index as usize) < wasm.func_count());
    let named = || {
        let mut all = (0..wasm.func_count() as u32).map(FuncIdx);
        all.find(|&func| wasm.func_name(func) == Some(name))
    };
    let exported = || wasm.export(name)?.func();
    match index.map(FuncIdx).or_else(exported).or_else(named) {
        Some(func) => Ok(func),
        None => bail!(Misuse(format!("there is no function `{name}`"))),
    }
}

/// One line for each function.
fn listing(module: &Module) -> String {
    let wasm = module.wasm();
    let count = wasm.func_count() as u32;
    let mut exports = vec![String::new(); count as usize];
    for export in wasm.exports() {
        if let Some(func) = export.func() {
            write!(exports[func.index()], " export {:?}", export.name).ok();
        }
    }
    let is_func = |kind: ExternKind| kind == ExternKind::Func;
    let mut imports = wasm.imports().iter().filter(|import| is_func(import.kind.kind()));
    let mut text = String::new();
    for (func, exports) in (0..count).map(FuncIdx).zip(exports) {
        let origin = match (wasm.body(func).map(|body| body.range()), imports.next()) {
            (Some(range), _) => format!("{} bytes at 0x{:x}", range.len(), range.start),
            (None, Some(import)) => format!("import {}::{}", import.module, import.name),
            (None, None) => String::new(),
        };
        let name = wasm.func_name(func).unwrap_or("-");
        let ty = wasm.func_type(func);
        writeln!(text, "{:>6}  {name}  {ty}  {origin}{exports}", func.0).ok();
    }
    text
}

/// A function: its frame, and its operators beside their bytecode.
fn function(module: &Module, func: FuncIdx) -> Result<String> {
    let wasm = module.wasm();
    let Some(facts) = wasm.facts(func) else { bail!(Misuse(format!("{func} is an import"))) };
    let code = module.bytecode(func).with_context(|| format!("failed to translate {func}"))?;
    let mut text = String::new();
    let name = wasm.func_name(func).unwrap_or("without a name");
    writeln!(text, "{func} {name} {}", wasm.func_type(func)).ok();
    writeln!(
        text,
        "slots: 0..{} parameters, ..{} locals, ..{} frame; charge {} bytes; {} words",
        facts.param_cells,
        facts.local_cells,
        code.frame_cells(),
        facts.charge_bytes(),
        code.words().len()
    )
    .ok();
    let operators = operators(module, func)?;
    let mut listing = instructions(&code).into_iter().peekable();
    for (offset, operator) in &operators {
        let mut column = format!("{offset:#8x}  {operator}");
        // Bytecode stands beside the operator that it belongs to, whatever the order of words.
        while let Some((_, line)) = listing.next_if(|(of, _)| of <= offset) {
            writeln!(text, "{column:WASM_WIDTH$}  {line}").ok();
            column.clear();
        }
        if !column.is_empty() {
            writeln!(text, "{column}").ok();
        }
    }
    for (_, line) in listing {
        writeln!(text, "{:WASM_WIDTH$}  {line}", "").ok();
    }
    Ok(text)
}

/// Each instruction as text, with the offset of its operator.
fn instructions(code: &CheckedBytecode) -> Vec<(u64, String)> {
    let words = code.words();
    let mut lines = Vec::new();
    let mut at = 0;
    while let Ok(inst) = decode(words, at) {
        let offset = u64::from(code.offset_of(at));
        lines.push((offset, format!("{at:>5}: {}", text::disassemble_inst(words, &inst))));
        at = inst.next;
    }
    lines
}

/// The operators of a body in the text format, with their module offsets.
fn operators(module: &Module, func: FuncIdx) -> Result<Vec<(u64, String)>> {
    let wasm = module.wasm();
    let end = wasm.body(func).map_or(0, |body| body.range().end as u64);
    let start = wasm.facts(func).map_or(end, |facts| facts.blocks[0].start.into());
    let mut storage = String::new();
    let lines = wasmprinter::Config::new().offsets_and_lines(wasm.bytes(), &mut storage)?;
    let mut operators: Vec<(u64, String)> = Vec::new();
    for (offset, line) in lines {
        match offset.filter(|offset| (start..end).contains(offset)) {
            Some(offset) => operators.push((offset, line.trim_end().to_owned())),
            None => continue,
        }
    }
    let indent = operators.iter().map(|(_, line)| line.len() - line.trim_start().len()).min();
    for (_, line) in &mut operators {
        line.drain(..indent.unwrap_or(0).min(line.len()));
    }
    Ok(operators)
}
