//! `prova inspect`: a module's functions, or one function: its WebAssembly beside its bytecode, where each value is, and why the
//! check accepts or refuses it.
//!
//! ```text
//! file ─ input ─► Module ─ find ─► FuncIdx ─ Module::explain ─► view::Function ─┬─ text ─► standard output
//!                    └ listing                  └ wasm: operators as text       ├─ JSON
//!                                                                               └─ report ─► a file to attach to a report
//! ```
//!
//! One function is translated and printed, whatever the size of the module; the module is validated as a whole. What is printed is
//! the record of the very check that decides ([`prova_bytecode::explain`]). `docs/commands/inspect.md` has the schema of the
//! JSON. Names come from the module and are hostile text: see `prova_builds::names`.
//!
//! Exit codes: 0; 1 if the function's bytecode is refused, or the module; 2 for a function that is not there, is ambiguous, or has
//! no body. `tests/inspect.rs` holds outputs.

mod find;
mod listing;
#[cfg(all(test, prova_plant))]
mod plants;
mod report;
mod text;
mod view;
mod wasm;

use crate::args::InspectArgs;
use crate::report::{Exit, Misuse, print, printable, warn};
use crate::{input, run};
use prova::{Context, Explained, Module, Result, Translate, bail};
use prova_builds::names::obeyed;
use prova_module::FuncIdx;
use std::fmt::Write;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(args: &InspectArgs) -> Result<Exit> {
    let (mut config, _) = args.engine.config()?;
    // Eager translation would keep a module with a refused function from being looked at.
    config.translate(Translate::Lazy);
    let engine = run::new_engine(&config)?;
    let module = input::module(&engine, &args.file)?;
    let Some(name) = &args.function else {
        if args.report.is_some() {
            bail!(Misuse("`--report` is of one function: `--function` names it".into()));
        }
        let listing = listing::Listing::new(&module);
        print(&if args.json { json(&listing)? } else { printable(&listing.to_text()) })?;
        return Ok(Exit::Done);
    };
    let func = find::find(module.wasm(), name)?;
    let explained = explained(&module, func)?;
    let view = view::Function::new(module.wasm(), func, &explained)?;
    print(&if args.json { json(&view)? } else { printable(&view.to_text()) })?;
    if let Some(path) = &args.report {
        write_report(path, &report::report(&module, func, &view, &explained.candidate))?;
    }
    Ok(if view.refusal.is_some() { Exit::Bad } else { Exit::Done })
}

/// The record of a function with a body.
fn explained(module: &Module, func: FuncIdx) -> Result<Explained> {
    if module.wasm().body(func).is_none() {
        bail!(Misuse(format!("{func} is an import: there is no body to show")));
    }
    module.explain(func).with_context(|| format!("failed to translate {func}"))
}

/// JSON, with what a terminal obeys as escapes: names are in strings.
fn json(value: &impl serde::Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    let mut escaped = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c != '\n' && obeyed(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(escaped, "\\u{unit:04x}").ok();
            }
        } else {
            escaped.push(c);
        }
    }
    escaped.push('\n');
    Ok(escaped)
}

fn write_report(path: &Path, text: &str) -> Result<()> {
    let name = path.display();
    std::fs::write(path, text).with_context(|| format!("failed to write `{name}`"))?;
    warn(&format!("report written to `{name}`"));
    Ok(())
}
