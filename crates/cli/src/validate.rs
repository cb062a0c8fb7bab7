//! `prova validate`: every function decoded, validated, translated and checked; nothing is run.

use crate::args::ValidateArgs;
use crate::progress;
use crate::report::{Exit, Misuse, OfFile, Shown as _, advice, print, text_of, warn};
use crate::{input, run, watchdog};
use prova_builds::names::counted;
use prova_core::{Context, Engine, Result, Translated, bail};
use std::path::Path;

/// Runs the command on each file; one that fails does not keep the others from being looked at.
pub(crate) fn run(args: &ValidateArgs) -> Result<Exit> {
    // Counts of tier `auto` are no part of the module.
    let (config, wasm) = args.engine.as_interpreter().config()?;
    let engine = run::new_engine(&config)?;
    // Nothing runs here: the time ends the process.
    let _watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    if args.files.is_empty() {
        bail!(Misuse("a file is needed".into()));
    }
    let mut exit = Exit::Done;
    for file in &args.files {
        let _work = progress::start("validating", file, false);
        match validate(&engine, file) {
            Ok(Translated { functions, words, wasm_bytes }) => print(&format!(
                "{}: valid, {} translated and checked ({wasm_bytes} bytes of WebAssembly, {} of bytecode)\n",
                file.shown(),
                counted(functions as u64, "function"),
                8 * words
            ))?,
            Err(error) => {
                warn(&text_of(&error));
                advice(&error).iter().for_each(|advice| warn(advice));
                exit = Exit::Bad;
            }
        }
    }
    Ok(exit)
}

fn validate(engine: &Engine, file: &Path) -> Result<Translated> {
    let module = input::module(engine, file)?;
    module.translate().context(OfFile::new("translate", file))
}
