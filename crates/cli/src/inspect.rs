//! `prova inspect`: a module's functions, or one function: its WebAssembly beside its bytecode,
//! where each value is, and why the check accepts or refuses it (`prova_inspect`).
//!
//! The module is validated as a whole, one function is translated. Exit codes: 0; 1 if the
//! function's bytecode is refused, or the module; 2 for a function that is not there, is ambiguous,
//! or has no body. `tests/inspect.rs` holds outputs.

use crate::args::InspectArgs;
use crate::report::{Exit, Misuse, Shown as _, present, warn};
use crate::{
    check_code, hint, input, inspect_equal, inspect_native, inspect_ssa, opt, run, watchdog,
};
use prova_core::{Context, Explained, Module, Result, Translate, bail};
use prova_diff::core_modules;
use prova_diff::foreign::Foreign;
use prova_inspect::{BODY_BYTES_MAX, Function, find, listing, report};
use prova_module::FuncIdx;
use prova_report::Node;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(args: &InspectArgs) -> Result<Exit> {
    // The bytecode of tier `interp` is shown, without the counts of `auto`.
    let (mut config, wasm) = args.engine.as_interpreter().config()?;
    // Nothing runs here: the time ends the process.
    let _watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    // Eager translation would keep a module with a refused function from being looked at.
    config.translate(Translate::Lazy);
    let engine = run::new_engine(&config)?;
    let module = match input::module(&engine, &args.file) {
        Ok(module) => module,
        Err(error) => return foreign(args, error),
    };
    let Some(name) = &args.function else {
        if args.report.is_some() {
            bail!(Misuse("`--report` is of one function: `--function` names it".into()));
        }
        present(&listing(&module), args.json)?;
        return Ok(Exit::Done);
    };
    let func = find(module.wasm(), name).map_err(|error| Misuse(error.to_string()))?;
    if args.native {
        let config = check_code::config(&args.engine)?;
        let deterministic = check_code::deterministic(&args.engine)?;
        inspect_native::run(module.wasm(), func, (&config, deterministic))?;
        return Ok(Exit::Done);
    }
    if args.equal {
        let config = check_code::config(&args.engine)?;
        let deterministic = check_code::deterministic(&args.engine)?;
        return prova_core::on_compiler_thread(|| {
            inspect_equal::run(module.wasm(), func, (&config, deterministic))
        });
    }
    if args.ssa {
        inspect_ssa::run(module.wasm(), func, &opt::passes(args.passes.as_deref())?)?;
        return Ok(Exit::Done);
    }
    let explained = explained(&module, func)?;
    let view = Function::new(module.wasm(), func, &explained)?;
    present(&view.tree(), args.json)?;
    if let Some(path) = &args.report {
        input::apart("--report", path, &[&args.file])?;
        write_report(path, &report(&module, func, &view, &explained.candidate))?;
    }
    Ok(if view.is_proved() { Exit::Done } else { Exit::Bad })
}

/// Inspects a file that Prova does not run: a component, by its core modules, or a module of a
/// proposal that it does not know. Its functions and their WebAssembly are shown; `error` is why it
/// was refused.
fn foreign(args: &InspectArgs, error: prova_core::Error) -> Result<Exit> {
    let Ok(bytes) = input::binary_of(&args.file) else { return Err(error) };
    let ranges = match core_modules(&bytes) {
        Ok(Some(ranges)) => ranges,
        Ok(None) => std::iter::once(0..bytes.len()).collect(),
        Err(_) => return Err(error),
    };
    let mut modules = Vec::new();
    for range in &ranges {
        match Foreign::read(&bytes[range.clone()]) {
            Ok(module) => modules.push(module),
            Err(_) => return Err(error),
        }
    }
    if args.json || args.ssa || args.native || args.report.is_some() {
        let what = "its functions are shown as text alone, without `--json`, `--ssa`, `--native` and `--report`";
        let advice = hint::of(&error).map(|hint| format!("\n\n{hint}")).unwrap_or_default();
        bail!(Misuse(format!("{error:#}; {what}{advice}")));
    }
    let component = bytes.get(6) == Some(&1);
    let (mut shown, mut unfound) = (Vec::new(), Vec::new());
    for (index, (module, range)) in modules.iter().zip(&ranges).enumerate() {
        let node = match &args.function {
            None => module.listing(),
            Some(name) => match module.find(name) {
                Ok(func) => module.text(func).map_err(|error| Misuse(error.to_string()))?,
                Err(message) => {
                    unfound.push(message);
                    continue;
                }
            },
        };
        let title = format!("core module {index}, {} bytes at {:#x}", range.len(), range.start);
        shown.push(if component { Node::new(title).with_children([node]) } else { node });
    }
    if shown.is_empty() && !modules.is_empty() && args.function.is_some() {
        unfound.dedup();
        bail!(Misuse(unfound.join("; ")));
    }
    let hint = hint::of(&error).map_or(String::new(), |hint| format!("\n{hint}"));
    warn(&format!("its bytecode is not shown: {error:#}{hint}"));
    shown.iter().try_for_each(|node| present(node, false))?;
    Ok(Exit::Done)
}

/// The record of a function with a body.
fn explained(module: &Module, func: FuncIdx) -> Result<Explained> {
    let Some(body) = module.wasm().body(func) else {
        bail!(Misuse(format!("{func} is an import: there is no body to show")));
    };
    let bytes = body.range().len();
    if bytes > BODY_BYTES_MAX {
        bail!(Misuse(format!(
            "{func} has a body of {bytes} bytes: at most {BODY_BYTES_MAX} are shown (limit `inspect_bytes`); \
             `prova validate` says whether its bytecode is proved"
        )));
    }
    module.explain(func).with_context(|| format!("failed to translate {func}"))
}

fn write_report(path: &Path, text: &str) -> Result<()> {
    let name = path.shown();
    std::fs::write(path, text).with_context(|| format!("failed to write `{name}`"))?;
    warn(&format!("report written to `{name}`"));
    Ok(())
}
