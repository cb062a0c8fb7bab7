//! `prova specialize`: a module with an interpreter and its requests → the module with compiled
//! functions, each proved to be the interpreter on its program.
//!
//! Exit codes: 0 written, also where requests were refused; 1 the module is bad, nothing was made,
//! or a request was refused and `--strict` is given (then nothing is written); 2 misuse.

mod initialiser;
pub(crate) mod places;
pub(crate) mod report;
mod store;

use crate::args::Proposals;
use crate::input;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, present, warn};
use clap::Args;
pub(crate) use initialiser::Initialiser;
use prova_core::wasi::{GRANT_FORM, Grant};
use prova_core::{Context, Result, bail};
use prova_report::Form;
use prova_specialize::snapshot::{INITIALIZER, INITIALIZER_BEFORE};
use prova_specialize::{Assume, Fault, Options, Outcome, Places};
use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Folders;

/// The most threads.
const THREADS_MAX: usize = 256;

/// Compiles what a module's interpreter is asked for, and proves it equal to the interpreter
#[derive(Debug, Args)]
pub(crate) struct SpecializeArgs {
    /// The module in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE", required_unless_present = "input")]
    file: Option<PathBuf>,
    /// The module; the same as FILE
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    input: Option<PathBuf>,
    /// Where the new module is written
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Runs the module's initialiser first, and takes its memory and globals as the module's own
    #[arg(short = 'w', long = "wizen")]
    wizen: bool,
    /// The initialiser, an exported function; `wizer-initialize` if not given
    #[arg(long, value_name = "FUNCTION", requires = "wizen")]
    init_func: Option<String>,
    /// Leaves the initialiser exported
    #[arg(long, requires = "wizen")]
    keep_init_func: bool,
    /// A directory that the initialiser may use, under its own or another name; with `::ro` behind
    /// both names it can change nothing there
    #[arg(long = "dir", value_name = GRANT_FORM, requires = "wizen")]
    dirs: Vec<Grant>,
    /// A variable of the initialiser's environment, as NAME=VALUE, or NAME for one of this process
    #[arg(long, value_name = "NAME[=VALUE]", requires = "wizen")]
    env: Vec<String>,
    /// A file that is the initialiser's standard input, which is empty if not given
    #[arg(long, value_name = "FILE", requires = "wizen")]
    stdin: Option<PathBuf>,
    /// Stops the initialiser after this many units of fuel; 100,000,000,000 if not given
    #[arg(long, value_name = "N", requires = "wizen")]
    fuel: Option<u64>,
    /// Writes the module as its initialiser has left it, with its requests, and compiles nothing
    #[arg(long, requires = "wizen")]
    init_only: bool,
    /// The belief about the program: that its text does not change (`trust`), or less
    #[arg(long, value_enum, value_name = "HOW", default_value = "check")]
    assume: Believed,
    /// Believes nothing of the program; writes nothing if a request is refused
    #[arg(long, conflicts_with = "assume")]
    strict: bool,
    /// Stores stay that are overwritten before anything sees them: `diverge --specialized --from`
    /// needs it
    #[arg(long)]
    keep_stores: bool,
    /// Writes what went away, what stays and why, for each request; as a page if it ends in .html
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// A folder with functions of earlier runs, each proved again; new ones are added
    #[arg(long, value_name = "DIR", conflicts_with = "init_only")]
    cache: Option<PathBuf>,
    /// The same, and nothing is added
    #[arg(long, value_name = "DIR", conflicts_with = "init_only")]
    cache_ro: Option<PathBuf>,
    #[command(flatten)]
    proposals: Proposals,
    /// Threads, 256 at most; all processors if not given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// The assumptions of a proof.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Believed {
    /// Program text is compared; the virtual stack is believed to be the interpreter's alone
    Check,
    /// All that the program promises
    Trust,
}

/// How many processors there are.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// Runs the command.
pub(crate) fn run(args: &SpecializeArgs) -> Result<Exit> {
    let file = file(args)?;
    let unnamed = args.env.iter().find(|it| it.is_empty() || it.starts_with('='));
    if let Some(variable) = unnamed {
        bail!(Misuse(format!("`--env {variable}`: it must be NAME or NAME=VALUE")));
    }
    let features = args.proposals.features()?;
    let (original, component) = input::decoded_of(&file, &features)?;
    if component.is_some() {
        bail!("`{}` is a component: give its core module in a file", file.shown());
    }
    let mut module = original.clone();
    let limits = prova_core::Limits::default();
    let failed = || format!("failed to specialise `{}`", file.shown());
    if args.wizen {
        let (init, keep) = (init_func(args, &module), args.keep_init_func);
        let stdin = args.stdin.as_deref();
        let (dirs, env) = (&*args.dirs, &*args.env);
        let mut engine = Initialiser { dirs, env, stdin, fuel: args.fuel, features };
        module = prova_specialize::initialized(&module, init, keep, &mut engine, &limits)
            .with_context(failed)?;
    }
    if args.init_only {
        return write(args, module.bytes());
    }
    let threads = args.jobs.map_or_else(processors, Into::into).clamp(1, THREADS_MAX);
    let assume = match (args.strict, args.assume) {
        (true, _) => Assume::Nothing,
        (false, Believed::Check) => Assume::Check,
        (false, Believed::Trust) => Assume::Trust,
    };
    let places = places::places(original, module.clone());
    let tally = args.report.is_some();
    let folders = folders(args)?;
    let cache = folders.clone().map(|it| it as _);
    let (keep_stores, named) = (args.keep_stores, places.clone());
    let options = Options { assume, threads, limits, places: named, tally, keep_stores, cache };
    let _work = progress::start("specialising", &file, false);
    let outcome = prova_specialize::specialize(&module, &options).with_context(failed)?;
    let refused = told(&outcome, &places);
    tidied(&outcome, folders.as_deref());
    if let Some(to) = &args.report {
        let (done, of) = (outcome.requests.len() - refused, outcome.requests.len());
        let title = format!("{}: {done} of {of} requests compiled", file.shown());
        let all = report::report(title, &module, &outcome, &places, true);
        let form = Form::of(to.extension().and_then(OsStr::to_str));
        std::fs::write(to, all.present(form)?)
            .with_context(|| format!("failed to write `{}`", to.shown()))?;
    }
    if args.strict && refused > 0 {
        warn(&format!("`{}` is not written (`--strict`)", args.output.shown()));
        return Ok(Exit::Bad);
    }
    let (name, bytes) = (args.output.shown(), outcome.module.bytes());
    write(args, bytes)?;
    dropped(&outcome.dropped);
    let uses = outcome.cache.as_ref();
    let uses =
        uses.map(|it| format!("cache: {} found and proved again, {} made", it.found, it.made));
    let (of, old, new) = (outcome.requests.len(), module.bytes().len(), bytes.len());
    let done = format!("{} of {of} requests compiled and proved", of - refused);
    let title = format!("{name}: {done}, {old} bytes become {new}");
    let all = report::report(title, &module, &outcome, &places, false);
    present(&all.with_evidence(uses), false)?;
    Ok(Exit::Done)
}

/// The module's file, if what is written goes where nothing else is read or written.
fn file(args: &SpecializeArgs) -> Result<PathBuf> {
    let file = args.file.as_ref().or(args.input.as_ref()).cloned().unwrap_or_default();
    let report = args.report.as_deref();
    for (option, to) in [("--output", Some(&*args.output)), ("--report", report)] {
        if to.is_some_and(|to| to.as_os_str() == "-") {
            bail!(Misuse(format!("`{option} -`: it must be a file (`./-` is one)")));
        }
    }
    let is = |other: &Path| report.is_some_and(|report| input::is_same(report, other));
    for (what, other) in [("the new module", &*args.output), ("the module", &*file)] {
        if is(other) {
            let name = other.shown();
            bail!(Misuse(format!("`--report {name}`: {what} has that name")));
        }
    }
    Ok(file)
}

/// The initialiser: the one that is named, or the one of Wizer's header, or of an older one.
fn init_func<'a>(args: &'a SpecializeArgs, module: &prova_module::Module) -> &'a str {
    let before =
        || module.export(INITIALIZER).is_none() && module.export(INITIALIZER_BEFORE).is_some();
    match &args.init_func {
        Some(name) => name,
        None if before() => INITIALIZER_BEFORE,
        None => INITIALIZER,
    }
}

/// Warns of the refused requests, with the reasons, and prints the notes. Returns how many requests
/// are refused.
fn told(outcome: &Outcome, places: &Places) -> usize {
    let mut refused = 0;
    for (asked, _, state) in &outcome.requests {
        if let Err(why) = state {
            refused += 1;
            let whose = if why.fault == Fault::Bug { "a bug of Prova's" } else { "refused" };
            warn(&format!("{asked}: {whose}: {}", report::refusal(why, places)));
        }
    }
    outcome.notes.iter().for_each(|(asked, note)| warn(&format!("{asked}: {note}")));
    refused
}

/// Tells which custom sections are gone.
fn dropped(sections: &[String]) {
    let names: Vec<String> = sections.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => {}
        [one] => warn(&format!("custom section {one} is dropped: it holds offsets of code")),
        all => {
            let all = all.join(", ");
            warn(&format!("custom sections {all} are dropped: they hold offsets of code"));
        }
    }
}

/// Tells what was wrong with the cache, and brings it below its greatest size.
fn tidied(outcome: &Outcome, folders: Option<&Folders>) {
    let notes = outcome.cache.iter().flat_map(|uses| &uses.notes);
    notes.for_each(|(asked, note)| warn(&format!("{asked}: {note}")));
    folders.into_iter().for_each(|folders| folders.trim(store::FOLDER_BYTES_MAX));
}

/// Where functions of earlier runs are, if that was asked for.
fn folders(args: &SpecializeArgs) -> Result<Option<Arc<Folders>>> {
    let (own, given) = (args.cache.as_deref(), args.cache_ro.as_deref());
    if own.is_none() && given.is_none() {
        return Ok(None);
    }
    Ok(Some(Arc::new(Folders::new(own, given)?)))
}

fn write(args: &SpecializeArgs, bytes: &[u8]) -> Result<Exit> {
    let failed = || format!("failed to write `{}`", args.output.shown());
    std::fs::write(&args.output, bytes).with_context(failed)?;
    Ok(Exit::Done)
}
