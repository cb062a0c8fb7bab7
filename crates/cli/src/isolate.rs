//! `prova isolate`: a function that differs → two small modules, or a crate, in which it still
//! does.
//!
//! Exit codes: 0 isolated and verified, 2 misuse or unreadable input, 3 the crate cannot be built,
//! 4 the difference was not reproduced.

use crate::args::Proposals;
use crate::input;
use crate::passes::unreadable;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, present, print, printable, warn};
use clap::Args;
use prova_builds::names::counted;
use prova_builds::repro::Verdict;
use prova_core::{Context, Result, bail};
use prova_investigate::isolate::crate_source::{crate_source, crates_of};
use prova_investigate::isolate::{self, Isolated, OPERATORS_MAX, Options, Size, proof};
use prova_report::Node;
use std::fs;
use std::path::{Path, PathBuf};

/// Exits with 0 if the small pair shows the same difference, 2 for misuse, 3 if a crate cannot be
/// built, 4 if it shows none.
#[derive(Debug, Args)]
pub(crate) struct IsolateArgs {
    /// The first module in binary or text format
    #[arg(value_name = "A.wasm")]
    a: PathBuf,
    /// The second module
    #[arg(value_name = "B.wasm")]
    b: PathBuf,
    /// The function: its index, export, symbol, demangled name, or a unique part of that; without
    /// it, the first among the causes of `prova diff`
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// Writes two small modules, `a.wasm` and `b.wasm` and their text, into this directory
    #[arg(long, value_name = "DIR", required_unless_present = "crate_to")]
    module: Option<PathBuf>,
    /// Writes a crate that asks for this instance of a Rust function alone, by its v0 symbol, and
    /// builds it repeatedly
    #[arg(long = "crate", id = "crate_to", value_name = "DIR")]
    crate_to: Option<PathBuf>,
    /// A dependency of the crate: `NAME=PATH`, or a line of a manifest (`memory-db = "=0.20.1"`)
    #[arg(long = "dependency", value_name = "LINE", requires = "crate_to")]
    dependencies: Vec<String>,
    /// How often the crate is built; 0 writes it only
    #[arg(long, value_name = "N", default_value_t = 2, requires = "crate_to")]
    runs: usize,
    /// The platform that the crate is built for
    #[arg(long, value_name = "TRIPLE", default_value = "wasm32-wasip1", requires = "crate_to")]
    target: String,
    /// Limits the search to N thousand bytes of compared modules
    #[arg(long, value_name = "N", default_value_t = 30_000)]
    budget: u64,
    #[command(flatten)]
    proposals: Proposals,
}

/// Runs the command.
pub(crate) fn run(args: &IsolateArgs) -> Result<Exit> {
    let features = args.proposals.features()?;
    let module = |path: &Path| input::decoded_with(path, &features).map_err(unreadable);
    let (a, b) = (module(&args.a)?, module(&args.b)?);
    let function = args.function.as_deref();
    if let Some(directory) = &args.module {
        let options = Options { work: args.budget.saturating_mul(1000), ..Options::default() };
        let _work = progress::start("isolating a difference of", &args.a, false);
        let isolated = match isolate::isolate(&a, &b, function, &options) {
            Ok(isolated) => isolated,
            Err(error) if error.is::<isolate::NotShown>() => {
                warn(&printable(&format!("{error:#}")));
                return Ok(Exit::Inconclusive);
            }
            Err(error) => return Err(unreadable(error)),
        };
        write(directory, &isolated).map_err(unreadable)?;
        present(&report(&isolated, directory), false)?;
    }
    match &args.crate_to {
        Some(directory) => make_crate(args, &a, &b, directory),
        None => Ok(Exit::Done),
    }
}

fn write(directory: &Path, isolated: &Isolated) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("failed to make `{}`", directory.shown()))?;
    for (name, module) in [("a", &isolated.a), ("b", &isolated.b)] {
        let text = wasmprinter::print_bytes(module.bytes())?;
        for (extension, bytes) in [("wasm", module.bytes()), ("wat", text.as_bytes())] {
            let path = directory.join(name).with_extension(extension);
            fs::write(&path, bytes)
                .with_context(|| format!("failed to write `{}`", path.shown()))?;
        }
    }
    Ok(())
}

fn report(isolated: &Isolated, directory: &Path) -> Node {
    let Isolated { function, verdict, cause, before, after, tries, exhausted, .. } = isolated;
    let side = |(letter, before, after): (&str, &Size, &Size)| {
        let change =
            |what: &str, of: fn(&Size) -> usize| format!("{what} {} → {}", of(before), of(after));
        let parts = [
            change("bytes", |size| size.bytes),
            change("functions", |size| size.functions),
            change("operators of the function", |size| size.operators),
        ];
        format!("{letter}: {}", parts.join(", "))
    };
    let long = before.0.operators.max(before.1.operators) > OPERATORS_MAX;
    let ended = match (exhausted, long) {
        (true, _) => "; the budget ended the search",
        (false, true) => "; the function is too long to be taken apart",
        (false, false) => "",
    };
    let tries = counted(*tries, "pair");
    let verified = "verified: both validate, and `prova diff` says the same of the function";
    let (a, b) = (directory.join("a.wasm"), directory.join("b.wasm"));
    Node::of("isolated", format!("{function}: {cause}"))
        .with_verdict(verdict.name())
        .with_evidence([("A", &before.0, &after.0), ("B", &before.1, &after.1)].map(side))
        .with_evidence([
            format!("{verified} ({tries} tried{ended})"),
            format!("written: {} and {}, each with its text", a.shown(), b.shown()),
        ])
}

fn make_crate(
    args: &IsolateArgs,
    a: &prova_module::Module,
    b: &prova_module::Module,
    directory: &Path,
) -> Result<Exit> {
    let symbol = isolate::symbol(a, b, args.function.as_deref()).map_err(unreadable)?;
    let dependencies =
        args.dependencies.iter().map(|line| dependency(line)).collect::<Result<Vec<_>>>()?;
    let source = crate_source(&symbol, &dependencies).map_err(unreadable)?;
    let empty = fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none());
    if !empty {
        bail!(Misuse(format!("`{}` is not empty", directory.shown())));
    }
    proof::write(&source, directory).map_err(unreadable)?;
    print(&printable(&format!("{}\nwritten: {}\n", source.path, directory.shown())))?;
    let missing: Vec<String> = crates_of(&source.path)
        .into_iter()
        .filter(|name| !dependencies.iter().any(|line| line.replace('-', "_").starts_with(name)))
        .collect();
    if !missing.is_empty() {
        warn(&printable(&format!(
            "note: the path names {}: give it with `--dependency`",
            missing.join(", ")
        )));
    }
    if args.runs == 0 {
        return Ok(Exit::Done);
    }
    let proof = proof::prove(directory, &source, &args.target, args.runs, &mut |line| {
        warn(&printable(line))
    })
    .map_err(unreadable)?;
    print(&printable(&proof.text()))?;
    Ok(match proof.outcome.verdict() {
        _ if proof.differs() => Exit::Done,
        Verdict::Failed => Exit::BuildFailed,
        Verdict::Equal | Verdict::Different | Verdict::Inconclusive => Exit::Inconclusive,
    })
}

/// `NAME=PATH` with the path made absolute, for the crate is built in copies of its directory; or
/// the line as it is.
fn dependency(line: &str) -> Result<String> {
    let Some((name, path)) = line.split_once('=').filter(|(_, path)| path.starts_with(['.', '/']))
    else {
        return Ok(line.to_owned());
    };
    let path = Path::new(path)
        .canonicalize()
        .with_context(|| format!("there is no `{path}`"))
        .map_err(unreadable)?;
    Ok(format!("{} = {{ path = {:?} }}", name.trim(), path.display().to_string()))
}
