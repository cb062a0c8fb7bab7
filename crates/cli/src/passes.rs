//! `prova passes`: logs of a compiler's passes → the first pass whose result differs.
//!
//! Exit codes are those of comparing commands: 0 equal, 1 different, 2 misuse or an unreadable log,
//! 3 the compiler failed, 4 inconclusive.

use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, misuse, present, print, warn};
use clap::{Args, Subcommand};
use prova_builds::names::printable_line;
use prova_builds::passes::{self, Comparison, Difference, Divergence, Log};
use prova_core::{Error, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct PassesArgs {
    #[command(subcommand)]
    command: PassesCommand,
}

#[derive(Debug, Subcommand)]
enum PassesCommand {
    /// Runs a compiler and packs the log of its passes
    Record(RecordArgs),
    /// Says after which pass each function first differs
    Diff(DiffArgs),
    /// Prints the two dumps of the first difference
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct RecordArgs {
    /// Where the log is written, packed
    #[arg(short, long, value_name = "FILE.gz")]
    output: PathBuf,
    /// Prints the dumps of this function only
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// The compiler and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true)]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
struct DiffArgs {
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// The first log, plain or gzip
    a: PathBuf,
    /// The second log
    b: PathBuf,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The function; without it, the one that differs first
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Where the text first differs, not where the structure does
    #[arg(long)]
    textual: bool,
    /// Number of equal lines around each difference
    #[arg(long, value_name = "LINES", default_value_t = 3)]
    context: usize,
    /// The first log, plain or gzip
    a: PathBuf,
    /// The second log
    b: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &PassesArgs) -> Result<Exit> {
    match &args.command {
        PassesCommand::Record(args) => record(args),
        PassesCommand::Diff(args) => diff(args),
        PassesCommand::Show(args) => show(args),
    }
}

/// Input that cannot be read is misuse, for 1 means that two logs differ.
pub(crate) fn unreadable(error: Error) -> Error {
    misuse(&error)
}

fn compare(a: &Path, b: &Path) -> Result<(Comparison, Log, Log)> {
    let (mut a, mut b) = (Log::open(a).map_err(unreadable)?, Log::open(b).map_err(unreadable)?);
    let comparison = passes::compare(&mut a, &mut b).map_err(unreadable)?;
    Ok((comparison, a, b))
}

fn diff(args: &DiffArgs) -> Result<Exit> {
    let _work = progress::start("comparing passes of", &args.a, args.json);
    let (comparison, mut a, mut b) = compare(&args.a, &args.b)?;
    let evidence = passes::evidence(&comparison, &mut a, &mut b);
    let names = [args.a.to_string_lossy(), args.b.to_string_lossy()];
    let names = [names[0].as_ref(), names[1].as_ref()];
    present(&passes::report(&comparison, &evidence, names), args.json)?;
    Ok(exit(&comparison))
}

fn exit(comparison: &Comparison) -> Exit {
    let empty = comparison.endings.iter().any(|ending| ending.dumps == 0);
    match comparison.equal() {
        _ if empty => Exit::Inconclusive,
        false => Exit::Bad,
        true if comparison.partial() => Exit::Inconclusive,
        true => Exit::Done,
    }
}

fn show(args: &ShowArgs) -> Result<Exit> {
    let (comparison, mut a, mut b) = compare(&args.a, &args.b)?;
    let wanted = |difference: &&Difference| {
        let is = |name: &String| {
            *name == difference.function || *name == passes::shown(&difference.function)
        };
        args.function.as_ref().is_none_or(is)
    };
    let Some(difference) = comparison.differences.iter().find(wanted) else {
        match &args.function {
            Some(name) => {
                print(&format!("no difference in function `{}`\n", printable_line(name)))?
            }
            None => print("no difference\n")?,
        }
        return Ok(exit(&comparison));
    };
    let divergence = if args.textual { difference.textual.as_ref() } else { difference.main() };
    let Some(Divergence { pass, a: part_a, b: part_b }) = divergence else {
        bail!(Misuse("the passes differ, but no dump does: see `prova passes diff`".into()));
    };
    let body_a = passes::body(&mut a, part_a).map_err(unreadable)?;
    let body_b = passes::body(&mut b, part_b).map_err(unreadable)?;
    let (pass, function) = (printable_line(pass), passes::shown(&difference.function));
    print(&format!(
        "{pass}, function `{function}`\n--- A, dump {} (line {})\n+++ B, dump {} (line {})\n{}",
        part_a.place.dump,
        part_a.place.line,
        part_b.place.dump,
        part_b.place.line,
        passes::unified(&body_a, &body_b, args.context)
    ))?;
    Ok(exit(&comparison))
}

fn record(args: &RecordArgs) -> Result<Exit> {
    let mut say = |line: &str| warn(&printable_line(line));
    let recorded =
        passes::record_tool(&args.command, args.function.as_deref(), &args.output, &mut say)
            .map_err(unreadable)?;
    let flags =
        if recorded.known { "" } else { "; the compiler is not known, so no flags were added" };
    print(&format!("{}: {} bytes of log{flags}\n", args.output.shown(), recorded.bytes))?;
    if recorded.bytes == 0 && recorded.status.success() {
        print(
            "nothing was printed: has the compiler run? (Cargo compiles nothing twice; give it an empty `--target-dir`)\n",
        )?;
    }
    if !recorded.status.success() {
        print(&format!(
            "the compiler failed ({}); all that it said is in the log\n",
            recorded.status
        ))?;
        return Ok(Exit::BuildFailed);
    }
    Ok(Exit::Done)
}
