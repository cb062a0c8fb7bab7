//! `prova inspect`: a module's functions, or one function: its WebAssembly beside its bytecode,
//! where each value is, and why the check accepts or refuses it (`prova_investigate::inspect`).
//!
//! The module is validated as a whole, one function is translated. Exit codes: 0; 1 if the
//! function's bytecode is refused, or the module; 2 for a function that is not there, is ambiguous,
//! or has no body. `tests/inspect.rs` holds outputs.

use crate::args::InspectArgs;
use crate::report::{Exit, Misuse, print, printable, warn};
use crate::{input, inspect_ssa, opt, run, watchdog};
use prova::{Context, Explained, Module, Result, Translate, bail};
use prova_investigate::inspect::{BODY_BYTES_MAX, Function, Listing, find, json, report};
use prova_module::FuncIdx;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(args: &InspectArgs) -> Result<Exit> {
    let (mut config, wasm) = args.engine.config()?;
    // Nothing runs here: the time ends the process.
    let _watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    // Eager translation would keep a module with a refused function from being looked at.
    config.translate(Translate::Lazy);
    let engine = run::new_engine(&config)?;
    let module = input::module(&engine, &args.file)?;
    let Some(name) = &args.function else {
        if args.report.is_some() {
            bail!(Misuse("`--report` is of one function: `--function` names it".into()));
        }
        let listing = Listing::new(&module);
        print(&if args.json { json(&listing)? } else { printable(&listing.to_text()) })?;
        return Ok(Exit::Done);
    };
    let func = find(module.wasm(), name).map_err(|error| Misuse(error.to_string()))?;
    if args.ssa {
        inspect_ssa::run(module.wasm(), func, &opt::passes(args.passes.as_deref())?)?;
        return Ok(Exit::Done);
    }
    let explained = explained(&module, func)?;
    let view = Function::new(module.wasm(), func, &explained)?;
    print(&if args.json { json(&view)? } else { printable(&view.to_text()) })?;
    if let Some(path) = &args.report {
        write_report(path, &report(&module, func, &view, &explained.candidate))?;
    }
    Ok(if view.is_proved() { Exit::Done } else { Exit::Bad })
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
    let name = path.display();
    std::fs::write(path, text).with_context(|| format!("failed to write `{name}`"))?;
    warn(&format!("report written to `{name}`"));
    Ok(())
}
