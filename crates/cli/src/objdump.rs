//! `prova objdump`: the machine code of functions, in a module or in what `prova compile` wrote.
//!
//! Of a module the code is made; of a file it is what the file has. Code that the check refuses is
//! shown and called refused; damaged code is named. Exit codes: 0; 1 if code is refused, or the
//! file is bad; 2 for misuse.
//! `docs/reference/objdump.md` has outputs.

use crate::args::EngineArgs;
use crate::check_code::{self, Made, Maker};
use crate::input;
use crate::report::{Exit, Misuse, OfFile, present, warn};
use clap::Args;
use prova_artifact::Artifact;
use prova_builds::names::{demangle, printable};
use prova_check::CodeKind;
use prova_core::{Context, Error, Result, bail};
use prova_inspect::find;
use prova_module::{FuncIdx, Module};
use prova_native::layout;
use prova_report::Node;
use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

/// Shows the machine code of functions
#[derive(Debug, Args)]
pub(crate) struct ObjdumpArgs {
    #[command(flatten)]
    engine: EngineArgs,
    /// The function, by its index, export or name, or an offset in it; all that have code if not
    /// given
    #[arg(long, value_name = "NAME|INDEX|EXPORT")]
    function: Option<String>,
    /// A module in binary or text format, or what `prova compile` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &ObjdumpArgs) -> Result<Exit> {
    prova_core::on_compiler_thread(|| run_here(args))
}

fn run_here(args: &ObjdumpArgs) -> Result<Exit> {
    let stored = match input::is_artifact_file(&args.file) {
        true => Some(
            Artifact::read(input::artifact(&args.file)?)
                .map_err(Error::new)
                .context(OfFile::new("read", &args.file))?,
        ),
        false => None,
    };
    let features = check_code::features(&args.engine)?;
    let module = match &stored {
        Some(artifact) => {
            let limits = Default::default();
            Module::decode(artifact.module().to_vec(), &features, &limits)
                .context(OfFile::new("load the module in", &args.file))?
        }
        None => input::decoded_with(&args.file, &features)?,
    };
    let config = check_code::config(&args.engine)?;
    let deterministic = check_code::deterministic(&args.engine)?;
    // Of a file the layout, of a module the compiler, which has one.
    let (kept, maker) = match &stored {
        Some(artifact) => (Some(Rc::new(layout(artifact, &module).map_err(Error::msg)?)), None),
        None => (None, Some(Maker::new(&module, (&config, deterministic))?)),
    };
    let made = |func| match (&stored, &kept, &maker) {
        (Some(artifact), Some(layout), _) => Made::stored(artifact, Rc::clone(layout), func)
            .with_context(|| format!("the file has no code of {func}, or it is damaged")),
        (_, _, Some(maker)) => maker.made(func),
        (_, _, None) => bail!("there is no code of {func}"),
    };
    let is_damaged = |func: FuncIdx| {
        stored.as_ref().is_some_and(|artifact| artifact.has(CodeKind::Func(func.0)))
    };
    let refused = Cell::new(false);
    let show = |func: FuncIdx, made: &Made| {
        refused.set(refused.get() || made.verdict().is_err());
        let listed = made.listed();
        let title = format!("{}: {}", named(&module, func), listed.title);
        present(&Node { title, ..listed }, false)
    };
    if let Some(name) = &args.function {
        let func = find(&module, name).map_err(|error| Misuse(error.to_string()))?;
        show(func, &made(func)?)?;
    } else {
        let mut without = 0;
        for func in module.defined_funcs() {
            match made(func) {
                Ok(made) => show(func, &made)?,
                Err(_) if is_damaged(func) => {
                    warn(&format!("{}: the code in the file is damaged", named(&module, func)));
                    refused.set(true);
                }
                Err(_) => without += 1,
            }
        }
        if without > 0 {
            warn(&format!("functions without machine code: {without}"));
        }
    }
    Ok(if refused.get() { Exit::Bad } else { Exit::Done })
}

/// A function by its index, and by its name if it has one.
pub(crate) fn named(module: &Module, func: FuncIdx) -> String {
    match module.func_name_or_export(func) {
        Some(name) => format!("{func} {}", printable(&demangle(name))),
        None => func.to_string(),
    }
}
