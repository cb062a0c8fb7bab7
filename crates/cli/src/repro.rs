//! `prova repro`: build more than once, and say whether the outputs are equal.
//!
//! Exit codes are those of comparing commands: 0 equal, 1 different, 2 misuse, 3 the build failed, 4 inconclusive, and 125
//! instead of 3 and 4 where `git bisect run` asks.

use crate::passes::unreadable;
use crate::report::{Exit, Misuse, print, printable, warn};
use clap::{Args, Subcommand};
use prova::{Error, Result, bail};
use prova_investigate::repro::bisect::{self, Found};
use prova_investigate::repro::blame;
use prova_investigate::repro::{self, Options, Variation, Verdict, lock, report};
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
    /// Finds the first revision whose builds differ
    Bisect(BisectArgs),
    /// Names the crates that bring chance or the clock into a Cargo build, and the features that let them in
    BlameFeature(BlameArgs),
}

#[derive(Debug, Args)]
struct BlameArgs {
    /// The package's or workspace's manifest
    #[arg(long, value_name = "FILE", default_value = "Cargo.toml")]
    manifest_path: PathBuf,
    /// Leaves out dependencies of other platforms
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// What `cargo metadata --format-version 1` has printed, instead of asking Cargo
    #[arg(long, value_name = "FILE", conflicts_with_all = ["manifest_path", "target"])]
    metadata: Option<PathBuf>,
}

/// What to build and how, whatever for.
#[derive(Debug, Args)]
struct Common {
    /// What varies: `all`, `none`, or a list of path, home, time-zone, locale, umask, file-order, cpus, aslr, environment, exec-path
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
struct BisectArgs {
    /// Revisions of the repository in which the source tree lies; the first must be sound, the last not
    #[arg(long, value_name = "GOOD..BAD")]
    git: String,
    /// How often each revision is built at most
    #[arg(long, value_name = "N", default_value_t = 8)]
    runs: usize,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub(crate) fn run(args: &ReproArgs) -> Result<Exit> {
    match &args.command {
        ReproCommand::Build(args) => build(args),
        ReproCommand::Ci(args) => ci(args),
        ReproCommand::Bisect(args) => find(args),
        ReproCommand::BlameFeature(args) => blame_feature(args),
    }
}

impl Common {
    fn options(&self, runs: Option<usize>) -> Result<Options> {
        let temporary = || std::env::temp_dir().join(format!("prova-repro-{}", std::process::id()));
        Ok(Options {
            command: self.command.clone(),
            source: self.source.clone(),
            runs,
            vary: variations(&self.vary)?,
            artifacts: self.artifacts.clone(),
            keep: self.keep.clone().unwrap_or_else(temporary),
            attribute: false,
            stop: false,
        })
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
    let options =
        Options { attribute: args.attribute, stop: args.stop, ..args.common.options(args.runs)? };
    let outcome = repro::build(&options, &mut |line| warn(&printable(line))).map_err(unreadable)?;
    if args.json {
        print(&format!("{:#}\n", report::json(&outcome)))?;
    } else {
        print(&report::text(&outcome, None))?;
    }
    Ok(match outcome.verdict() {
        Verdict::Equal => Exit::Done,
        Verdict::Different => Exit::Bad,
        Verdict::Failed | Verdict::Inconclusive if args.bisect => Exit::Skip,
        Verdict::Failed => Exit::BuildFailed,
        Verdict::Inconclusive => Exit::Inconclusive,
    })
}

fn ci(args: &CiArgs) -> Result<Exit> {
    let context = |error: std::io::Error| {
        unreadable(Error::new(error).context(format!("failed at `{}`", args.lock.display())))
    };
    let expected = match args.update {
        true => None,
        false => Some(
            lock::read(&std::fs::read_to_string(&args.lock).map_err(context)?)
                .map_err(unreadable)?,
        ),
    };
    let options = args.common.options(Some(args.runs))?;
    let outcome = repro::build(&options, &mut |line| warn(&printable(line))).map_err(unreadable)?;
    print(&report::text(&outcome, None))?;
    match outcome.verdict() {
        Verdict::Equal => {}
        Verdict::Different => return Ok(Exit::Bad),
        Verdict::Failed => return Ok(Exit::BuildFailed),
        Verdict::Inconclusive => return Ok(Exit::Inconclusive),
    }
    let Some(class) = outcome.classes.first() else { return Ok(Exit::BuildFailed) };
    let Some(expected) = expected else {
        std::fs::write(&args.lock, lock::write(&class.artifacts).map_err(unreadable)?)
            .map_err(context)?;
        print(&format!("{}: {} outputs\n", args.lock.display(), class.artifacts.len()))?;
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

fn find(args: &BisectArgs) -> Result<Exit> {
    let options = args.common.options(Some(args.runs))?;
    let repository: &Path = &args.common.source;
    let revisions = bisect::revisions(repository, &args.git).map_err(unreadable)?;
    let mut look = |revision: &str, runs: usize| {
        let sight = bisect::look(repository, revision, runs, &options)?;
        let said = match &sight {
            bisect::Sight::Agree => format!("{runs} builds agree"),
            bisect::Sight::Differ(split) => format!("builds split {split}"),
            bisect::Sight::Skip => "cannot be built".into(),
        };
        warn(&format!("{revision}: {said}"));
        Ok(sight)
    };
    let found = bisect::bisect(&revisions, args.runs, &mut look).map_err(unreadable)?;
    let Found { bad, good, skipped, doubt, split } = found;
    print(&format!(
        "first revision whose builds differ: {bad} (split {split})\nlast before it whose builds agree: {good}\n"
    ))?;
    if !skipped.is_empty() {
        print(&format!("note: between them cannot be built: {}\n", skipped.join(", ")))?;
    }
    print(&format!(
        "note: that agreement of a revision was luck has a probability of at most {:.1} %\n",
        100.0 * doubt
    ))?;
    Ok(if skipped.is_empty() { Exit::Done } else { Exit::Inconclusive })
}

fn blame_feature(args: &BlameArgs) -> Result<Exit> {
    let metadata = match &args.metadata {
        Some(file) => std::fs::read_to_string(file).map_err(|error| {
            unreadable(Error::new(error).context(format!("failed to read `{}`", file.display())))
        })?,
        None => blame::metadata(&args.manifest_path, args.target.as_deref()).map_err(unreadable)?,
    };
    let leaks = blame::blame(&metadata).map_err(unreadable)?;
    print(&blame::text(&leaks))?;
    Ok(if leaks.is_empty() { Exit::Done } else { Exit::Bad })
}
