//! `prova opt`: a module through SSA and back, optimised by passes; only what is proved is written.
//!
//! Exit codes: 0 written; 1 the module is bad, or no module was made (and nothing is written); 2
//! misuse. Functions that keep their bytes because a step was not proved are reported on standard
//! error, and the code is 1 with `--strict`.

use crate::args::Proposals;
use crate::input;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, print, print_bytes, warn};
use clap::Args;
use prova_core::{Context, Result, bail};
use prova_emit::trip::{self, Options, Outcome};
use prova_optimize::{LeftOut, Pass, optimize};
use prova_specialize::program;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Optimises a module, and proves each function equal to what it was
#[derive(Debug, Args)]
pub(crate) struct OptArgs {
    /// The module in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the new module is written (`-` for standard output)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The passes in their order: params, fold, thread, merge, hoist, gvn, near, forward, stores,
    /// dead; `none` for the way through SSA and back alone
    #[arg(long, value_name = "PASS,…")]
    passes: Option<String>,
    /// Leaves each function by itself and its number as it is: none is inlined, told of its
    /// callers, or left out
    #[arg(long)]
    keep_functions: bool,
    /// Writes nothing, and exits with 1, if a function keeps its bytes because a step failed
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    proposals: Proposals,
    /// Threads; all processors if not given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// The passes that an option names.
///
/// # Errors
/// [`Misuse`] for a name that no pass has.
pub(crate) fn passes(names: Option<&str>) -> Result<Vec<Pass>> {
    let Some(names) = names else { return Ok(Pass::DEFAULT.to_vec()) };
    if names == "none" {
        return Ok(Vec::new());
    }
    let pass = |name: &str| match name.parse::<Pass>() {
        Ok(pass) => Ok(pass),
        Err(error) => bail!(Misuse(format!("`--passes {names}`: {error}"))),
    };
    names.split(',').map(pass).collect()
}

/// Runs the command.
pub(crate) fn run(args: &OptArgs) -> Result<Exit> {
    let passes = passes(args.passes.as_deref())?;
    let module = input::decoded_with(&args.file, &args.proposals.features()?)?;
    let threads =
        args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, Into::into);
    let refused: Mutex<Vec<LeftOut>> = Mutex::default();
    let transform = |body| {
        let (body, mut left_out) = optimize(body, &passes);
        if !left_out.is_empty() {
            refused.lock().unwrap_or_else(PoisonError::into_inner).append(&mut left_out);
        }
        Some(body)
    };
    let limits = prova_core::Limits::default();
    let options = Options { transform: &transform, threads, limits: &limits };
    let _work = progress::start("optimising", &args.file, false);
    let turns = !passes.is_empty();
    let made = match args.passes.is_some() || args.keep_functions {
        true => trip::improved(&module, &options, turns).map(|trip| (trip, Vec::new())),
        false => program::improved(&module, &options, turns).map(|all| (all.trip, all.notes)),
    };
    let (trip, notes) =
        made.with_context(|| format!("failed to optimise `{}`", args.file.shown()))?;
    notes.iter().for_each(|note| warn(&format!("a bug of Prova's: {note}")));
    let mut refused = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    refused.sort_by_key(|refused| (refused.rejection.func, refused.pass));
    // A function goes through the passes once in each round.
    refused.dedup_by_key(|refused| (refused.rejection.func, refused.pass));
    refused.iter().for_each(|refused| warn(&refused.to_string()));
    let failed: Vec<&Outcome> =
        trip.outcomes.iter().map(|(_, outcome)| outcome).filter(|it| it.is_failure()).collect();
    let mut left: Vec<String> = failed.iter().map(|outcome| outcome.to_string()).collect();
    // A reason that holds for the whole module appears once.
    left.dedup();
    left.iter().for_each(|why| warn(&format!("left as it was: {why}")));
    if args.strict && !(failed.is_empty() && refused.is_empty() && notes.is_empty()) {
        warn(&format!("`{}` is not written (`--strict`)", args.output.shown()));
        return Ok(Exit::Bad);
    }
    let name = args.output.shown();
    let bytes = trip.module.bytes();
    let to_output = args.output.as_os_str() == "-";
    match to_output {
        true => print_bytes(bytes)?,
        false => std::fs::write(&args.output, bytes)
            .with_context(|| format!("failed to write `{name}`"))?,
    }
    trip.dropped.iter().for_each(|section| {
        warn(&format!("custom section `{section}` is dropped: it holds offsets of code"));
    });
    let replaced = trip.outcomes.len() - failed.len();
    let told = format!(
        "{name}: {replaced} of {} functions proved equal, {} bytes become {}",
        trip.outcomes.len(),
        module.bytes().len(),
        bytes.len()
    );
    match to_output {
        true => warn(&told),
        false => print(&(told + "\n"))?,
    }
    Ok(Exit::Done)
}
