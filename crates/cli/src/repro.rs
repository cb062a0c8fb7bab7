//! `prova repro`: build more than once, and say whether the outputs are equal.
//!
//! Exit codes are those of comparing commands: 0 equal, 1 different, 2 misuse, 3 the build failed,
//! 4 inconclusive, and 125 instead of 3 and 4 where `git bisect run` asks. [`search`] has what
//! builds for many revisions, toolchains or features.

mod search;

use crate::passes::unreadable;
use crate::report::{Exit, Misuse, Shown as _, present, print, printable, warn};
use clap::{Args, Subcommand};
use prova_builds::repro::{self, Options, Outcome, Variation, Verdict, lock, report, tree};
use prova_core::{Error, Result, bail};
use prova_investigate::explain::live::live;
use prova_investigate::outputs::detail;
use prova_report::Node;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct ReproArgs {
    #[command(subcommand)]
    command: ReproCommand,
}

#[derive(Debug, Subcommand)]
enum ReproCommand {
    /// Builds repeatedly under varied surroundings and compares the outputs
    Build(BuildArgs),
    /// Builds twice and compares with the outputs that a file in the repository names
    Ci(CiArgs),
    /// Finds the first revision or toolchain, or the fewest features, with which builds differ
    Bisect(search::BisectArgs),
    /// Builds revisions with toolchains, and says which of the two makes builds differ
    Matrix(search::MatrixArgs),
    /// Names the crates that bring chance or the clock into a Cargo build, and the features that
    /// let them in
    BlameFeature(search::BlameArgs),
    /// Builds, compares, and says why the outputs differ: stage, pass, function, feature
    Explain(ExplainArgs),
}

/// The build, its variations and its limits.
#[derive(Debug, Args)]
struct Common {
    /// The surroundings to vary: `all`, `none`, or a list of path, home, time-zone, locale, umask,
    /// file-order, source-times, cpus, aslr, environment, exec-path, host-name
    #[arg(long, value_name = "LIST", default_value = "all")]
    vary: String,
    /// Files to compare (`*`, `?`, `**`); without it, every file that the build makes
    #[arg(long = "artifact", value_name = "GLOB")]
    artifacts: Vec<String>,
    /// The source tree, which is copied for each build
    #[arg(long, value_name = "DIR", default_value = ".")]
    source: PathBuf,
    /// An absent or empty directory for outputs and logs; without it, one for temporary files
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// The build command; it runs in the copy
    #[arg(value_name = "COMMAND", last = true, required = true)]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
struct BuildArgs {
    /// How often; without it 2, and up to 8 as long as all agree and a minute has not passed
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
    /// On a difference, builds again under each variation alone
    #[arg(long)]
    attribute: bool,
    /// Stops at the first difference
    #[arg(long)]
    stop: bool,
    /// Exits with 125 where there is no verdict, as `git bisect run` wants it
    #[arg(long)]
    bisect: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct CiArgs {
    /// The file, as `sha256sum` writes it
    #[arg(long, value_name = "FILE", default_value = "repro.lock")]
    lock: PathBuf,
    /// Writes the file instead of comparing with it
    #[arg(long)]
    update: bool,
    /// How often each time
    #[arg(long, value_name = "N", default_value_t = 2)]
    runs: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// How often; without it 2, and up to 8 as long as all agree and a minute has not passed
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
    /// Output of `cargo metadata --format-version 1`, instead of asking Cargo
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    #[command(flatten)]
    form: crate::explain::Form,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub(crate) fn run(args: &ReproArgs) -> Result<Exit> {
    match &args.command {
        ReproCommand::Build(args) => build(args),
        ReproCommand::Ci(args) => ci(args),
        ReproCommand::Bisect(args) => search::bisect(args),
        ReproCommand::Matrix(args) => search::matrix(args),
        ReproCommand::BlameFeature(args) => search::blame_feature(args),
        ReproCommand::Explain(args) => explain(args),
    }
}

/// Where outputs are kept: the user's directory, or one for this command, which is removed at its
/// end unless the report names what lies in it.
struct Kept {
    path: PathBuf,
    remove: bool,
}

impl Kept {
    fn new(wanted: Option<&PathBuf>) -> Result<Kept> {
        if let Some(path) = wanted {
            return Ok(Kept { path: path.clone(), remove: false });
        }
        let name = format!("prova-repro-{}", std::process::id());
        let path = tree::fresh(&std::env::temp_dir(), &name).map_err(unreadable)?;
        Ok(Kept { path, remove: true })
    }

    /// Forgets where outputs are that will be removed; those that differ, and logs of failures,
    /// stay.
    fn settle(&mut self, outcome: &mut Outcome) {
        self.remove &= outcome.verdict() == Verdict::Equal;
        if self.remove {
            outcome.classes.iter_mut().for_each(|class| class.kept = None);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.remove
            && let Err(error) = tree::remove(&self.path)
        {
            warn(&printable(&format!("{error:#}")));
        }
    }
}

impl Common {
    /// The options of the build, and its directory, which must live as long as the outputs.
    fn options(&self, runs: Option<usize>) -> Result<(Options, Kept)> {
        let vary = variations(&self.vary)?;
        let kept = Kept::new(self.keep.as_ref())?;
        let options = Options {
            command: self.command.clone(),
            source: self.source.clone(),
            runs,
            vary,
            artifacts: self.artifacts.clone(),
            keep: kept.path.clone(),
            attribute: false,
            stop: false,
            env: Vec::new(),
        };
        Ok((options, kept))
    }
}

fn variations(list: &str) -> Result<Vec<Variation>> {
    match list {
        "all" => return Ok(Variation::ALL.into()),
        "none" => return Ok(Vec::new()),
        _ => {}
    }
    let mut variations = Vec::new();
    for name in list.split(',') {
        let Some(variation) = Variation::named(name) else {
            let known = Variation::ALL.map(Variation::name).join(", ");
            bail!(Misuse(format!(
                "unknown variation `{name}`: there are {known}, and `all` and `none`"
            )));
        };
        variations.push(variation);
    }
    Ok(variations)
}

fn build(args: &BuildArgs) -> Result<Exit> {
    let (options, mut kept) = args.common.options(args.runs)?;
    let options = Options { attribute: args.attribute, stop: args.stop, ..options };
    let mut outcome =
        repro::build(&options, &mut |line| warn(&printable(line))).map_err(unreadable)?;
    kept.settle(&mut outcome);
    present(&report::report(&outcome, Some(&detail)), args.json)?;
    Ok(match outcome.verdict() {
        Verdict::Failed | Verdict::Inconclusive if args.bisect => Exit::Skip,
        verdict => exit(verdict),
    })
}

fn ci(args: &CiArgs) -> Result<Exit> {
    let context = |error: std::io::Error| {
        let lock = args.lock.shown();
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("no lock file `{lock}`: `repro ci --update` builds and writes it")
            }
            _ => format!("failed at `{lock}`"),
        };
        unreadable(Error::new(error).context(what))
    };
    let expected = match args.update {
        true => None,
        false => Some(
            lock::read(&std::fs::read_to_string(&args.lock).map_err(context)?)
                .map_err(unreadable)?,
        ),
    };
    let (options, mut kept) = args.common.options(Some(args.runs))?;
    let mut outcome =
        repro::build(&options, &mut |line| warn(&printable(line))).map_err(unreadable)?;
    kept.settle(&mut outcome);
    present(&report::report(&outcome, Some(&detail)), false)?;
    if outcome.verdict() != Verdict::Equal {
        return Ok(exit(outcome.verdict()));
    }
    let Some(class) = outcome.classes.first() else { return Ok(Exit::BuildFailed) };
    let Some(expected) = expected else {
        std::fs::write(&args.lock, lock::write(&class.artifacts).map_err(unreadable)?)
            .map_err(context)?;
        let count = class.artifacts.len();
        let outputs = if count == 1 { "output" } else { "outputs" };
        print(&format!("{}: {count} {outputs}\n", args.lock.shown()))?;
        return Ok(Exit::Done);
    };
    let differences = lock::differences(&expected, &class.artifacts);
    if differences.is_empty() {
        print("as the lock file says\n")?;
        return Ok(Exit::Done);
    }
    for line in &differences {
        print(&format!("{}\n", printable(line)))?;
    }
    Ok(Exit::Bad)
}

fn explain(args: &ExplainArgs) -> Result<Exit> {
    let metadata = args.metadata.as_deref().map(crate::explain::text).transpose()?;
    let (options, mut kept) = args.common.options(args.runs)?;
    let mut live =
        live(&options, metadata, &mut |line| warn(&printable(line))).map_err(unreadable)?;
    kept.settle(&mut live.outcome);
    // As text, modules are explained below.
    let explained = |path: &Path| live.explanations.iter().any(|(name, _)| path.ends_with(name));
    let differ = |a: &Path, b: &Path| detail(a, b).filter(|_| args.form.json || !explained(a));
    let modules = live.explanations.iter();
    let modules = modules.map(|(path, one)| Node::of("module", path).with_children([one.tree()]));
    let mut report = report::report(&live.outcome, Some(&differ)).with_children(modules);
    report.notes.extend(live.notes);
    if let Some((_, explanation)) = live.explanations.first() {
        args.form.page(explanation)?;
    }
    present(&report, args.form.json)?;
    Ok(exit(live.outcome.verdict()))
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Equal => Exit::Done,
        Verdict::Different => Exit::Bad,
        Verdict::Failed => Exit::BuildFailed,
        Verdict::Inconclusive => Exit::Inconclusive,
    }
}
