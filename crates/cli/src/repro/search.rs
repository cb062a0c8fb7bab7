//! `prova repro bisect`, `matrix`, `blame-feature`: builds of many revisions, toolchains or sets of
//! features.
//!
//! Exit codes: of a search 0 if it found, 2 misuse (an end that is not as it should be included), 4
//! if what was skipped could decide.

use super::{Common, Kept};
use crate::passes::unreadable;
use crate::report::{Exit, Misuse, present, printable, warn};
use clap::Args;
use prova_builds::repro::bisect::{self, Found, Sight, sight};
use prova_builds::repro::confirm::{Finding, confirm};
use prova_builds::repro::matrix::{Blame, matrix as look_at_all};
use prova_builds::repro::{Options, Split, Variation, blame, build, features, toolchain, tree};
use prova_core::{Result, bail};
use prova_report::Node;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct BlameArgs {
    /// The package's or workspace's manifest
    #[arg(long, value_name = "FILE", default_value = "Cargo.toml")]
    manifest_path: PathBuf,
    /// Leaves out dependencies of other platforms
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Output of `cargo metadata --format-version 1`, instead of asking Cargo
    #[arg(long, value_name = "FILE", conflicts_with_all = ["manifest_path", "target", "confirm"])]
    metadata: Option<PathBuf>,
    /// Builds with the command as it is and without the feature: confirmed if only the latter agree
    #[arg(long, requires = "command")]
    confirm: bool,
    /// How often each is built
    #[arg(long, value_name = "N", default_value_t = 2)]
    runs: usize,
    /// Files to compare, for `--confirm` (`*`, `?`, `**`); without it, every file that the build
    /// makes
    #[arg(long = "artifact", value_name = "GLOB")]
    artifacts: Vec<String>,
    /// An absent or empty directory for outputs and logs; without it, one for temporary files
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// The build command, for `--confirm`; it runs in a copy of the manifest's directory
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct BisectArgs {
    #[command(flatten)]
    over: Over,
    /// Installs toolchains that are not there, with rustup
    #[arg(long, requires = "toolchain")]
    install: bool,
    /// The platform whose library is installed with a toolchain
    #[arg(long, value_name = "TRIPLE", requires = "install")]
    target: Option<String>,
    /// How often each is built at most
    #[arg(long, value_name = "N", default_value_t = 8)]
    runs: usize,
    #[command(flatten)]
    common: Common,
}

/// The range of revisions or toolchains, or the features, to search.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Over {
    /// Revisions of the repository in which the source tree lies; the first must be sound, the last
    /// not
    #[arg(long, value_name = "GOOD..BAD")]
    git: Option<String>,
    /// Toolchains `A,B,…` or dates `nightly-2020-06-01..nightly-2020-07-01`; the first must be
    /// sound, the last not
    #[arg(long, value_name = "LIST")]
    toolchain: Option<String>,
    /// Features `a,b,…` of the package, or `all`; together they must make builds differ
    #[arg(long, value_name = "LIST")]
    features: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MatrixArgs {
    /// Revisions of the repository in which the source tree lies; without it, the tree as it is
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    rev: Vec<String>,
    /// Toolchains for rustup's `RUSTUP_TOOLCHAIN`, and for `{toolchain}` in the command; without
    /// it, the one there is
    #[arg(long, value_name = "X,Y,…", value_delimiter = ',')]
    toolchain: Vec<String>,
    /// Installs toolchains that are not there, with rustup
    #[arg(long)]
    install: bool,
    /// The platform whose library is installed with a toolchain
    #[arg(long, value_name = "TRIPLE", requires = "install")]
    target: Option<String>,
    /// How often each cell is built at most
    #[arg(long, value_name = "N", default_value_t = 8)]
    runs: usize,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: Common,
}

/// The label of what there is without a choice.
const AS_IT_IS: &str = "as it is";

pub(super) fn bisect(args: &BisectArgs) -> Result<Exit> {
    if let Some(list) = &args.over.features {
        return fewest_features(args, list);
    }
    let (options, _kept) = args.common.options(Some(args.runs))?;
    let source: &Path = &args.common.source;
    let (what, candidates) = match (&args.over.git, &args.over.toolchain) {
        (Some(range), _) => ("revision", bisect::revisions(source, range).map_err(unreadable)?),
        (None, list) => {
            let list = list.as_deref().unwrap_or_default();
            ("toolchain", toolchain::toolchains(list).map_err(unreadable)?)
        }
    };
    let mut look = |one: &str, runs: usize| {
        let seen = match args.over.git {
            Some(_) => bisect::look(source, one, runs, &options)?,
            None => with_toolchain(&options, one, runs, args.install, args.target.as_deref())?,
        };
        warn(&printable(&format!("{one}: {}", said(&seen, runs))));
        Ok(seen)
    };
    let found = bisect::bisect(&candidates, args.runs, &mut look).map_err(unreadable)?;
    let Found { bad, good, skipped, doubt, split } = found;
    let subject = args.over.git.as_ref().and_then(|_| bisect::subject(source, &bad));
    let title = format!("first {what} whose builds differ: {bad} (split {split})");
    let unbuilt = format!("between them cannot be built: {}", skipped.join(", "));
    let unbuilt = (!skipped.is_empty()).then_some(unbuilt);
    let node = Node::of("bisection", title)
        .with_evidence(subject.map(|subject| format!("commit: {subject}")))
        .with_evidence([format!("last before it whose builds agree: {good}")]);
    let notes = unbuilt.into_iter().chain([Split::doubt(what, doubt)]).collect();
    present(&Node { notes, ..node }, false)?;
    Ok(if skipped.is_empty() { Exit::Done } else { Exit::Inconclusive })
}

fn said(seen: &Sight, runs: usize) -> String {
    match seen {
        Sight::Agree => format!("{runs} builds agree"),
        Sight::Differ(split) => format!("builds split {split}"),
        Sight::Skip => "cannot be built".into(),
    }
}

/// Builds the tree as it is with a toolchain; one that cannot be installed is skipped.
fn with_toolchain(
    options: &Options,
    name: &str,
    runs: usize,
    install: bool,
    target: Option<&str>,
) -> Result<Sight> {
    if install && let Err(error) = toolchain::install(name, target) {
        warn(&printable(&format!("{error:#}")));
        return Ok(Sight::Skip);
    }
    one(&toolchain::with(options, name), name, runs)
}

/// Builds until a difference is seen, in a separate directory below `options.keep`.
fn one(options: &Options, label: &str, runs: usize) -> Result<Sight> {
    let plain = |c: char| if c.is_alphanumeric() || "-._".contains(c) { c } else { '_' };
    let name: String = label.chars().map(plain).take(100).collect();
    let options = Options {
        keep: tree::fresh(&options.keep, &format!("{name}-{runs}"))?,
        runs: Some(runs),
        stop: true,
        ..options.clone()
    };
    let outcome = build(&options, &mut |_| {})?;
    // The reason why it cannot be built is printed once, since the logs may be removed at the end.
    if let Some(reason) = outcome.runs.iter().find_map(|run| run.class.as_ref().err()) {
        warn(&printable(&format!("{label}: {reason}")));
    }
    Ok(sight(&outcome))
}

fn fewest_features(args: &BisectArgs, list: &str) -> Result<Exit> {
    let (options, _kept) = args.common.options(Some(args.runs))?;
    let all = match list {
        "all" => {
            let manifest = args.common.source.join("Cargo.toml");
            let metadata = blame::metadata(&manifest, None).map_err(unreadable)?;
            features::features(&metadata).map_err(unreadable)?
        }
        list => list.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    let mut number = 0;
    let mut look = |set: &[String]| {
        number += 1;
        let command = features::command(&options.command, set)?;
        let options = Options { command, ..options.clone() };
        let seen = one(&options, &format!("set-{number}"), args.runs)?;
        let named = if set.is_empty() { "no feature".to_owned() } else { set.join(",") };
        warn(&printable(&format!("{named}: {}", said(&seen, args.runs))));
        Ok(seen)
    };
    let found = features::smallest(&all, &mut look).map_err(unreadable)?;
    let features::Found { features, split, sets, failed } = found;
    let title = match features.is_empty() {
        true => format!("builds differ without any feature (split {split})"),
        false => {
            let features = features.join(",");
            format!("fewest features with which builds differ: {features} (split {split})")
        }
    };
    let of = all.len();
    let tried = format!("{sets} of the sets of {of} features were built, {failed} of them failed");
    let luck = Split::doubt("set", (sets as f64 * split.miss(args.runs)).min(1.0));
    present(&Node { notes: vec![tried, luck], ..Node::of("features", title) }, false)?;
    Ok(Exit::Done)
}

pub(super) fn matrix(args: &MatrixArgs) -> Result<Exit> {
    let (options, _kept) = args.common.options(Some(args.runs))?;
    let names =
        |list: &[String]| if list.is_empty() { vec![AS_IT_IS.to_owned()] } else { list.to_vec() };
    let (revisions, toolchains) = (names(&args.rev), names(&args.toolchain));
    let distinct = |list: &[String]| {
        list.iter().all(|one| list.iter().filter(|other| *other == one).count() == 1)
    };
    if !distinct(&revisions) || !distinct(&toolchains) {
        bail!(Misuse("a revision or toolchain stands twice".into()));
    }
    for revision in &args.rev {
        bisect::known(&args.common.source, revision).map_err(unreadable)?;
    }
    if args.install {
        for name in &args.toolchain {
            if let Err(error) = toolchain::install(name, args.target.as_deref()) {
                warn(&printable(&format!("{error:#}")));
            }
        }
    }
    let mut number = 0;
    let mut look = |revision: &str, name: &str| {
        number += 1;
        let place = options.keep.join(format!("cell-{number}"));
        let mut options = Options { keep: place.clone(), ..options.clone() };
        if !args.toolchain.is_empty() {
            options = toolchain::with(&options, name);
        }
        let seen = if args.rev.is_empty() {
            one(&options, "tree", args.runs)?
        } else {
            bisect::look(&args.common.source, revision, args.runs, &options)?
        };
        warn(&printable(&format!("{revision}, {name}: {}", said(&seen, args.runs))));
        Ok(seen)
    };
    let table = look_at_all(&revisions, &toolchains, args.runs, &mut look).map_err(unreadable)?;
    present(&table.report(), args.json)?;
    Ok(match table.blame() {
        Blame::None => Exit::Done,
        Blame::Source | Blame::Compiler | Blame::Both | Blame::Neither => Exit::Bad,
        Blame::Inconclusive => Exit::Inconclusive,
    })
}

pub(super) fn blame_feature(args: &BlameArgs) -> Result<Exit> {
    let metadata = match &args.metadata {
        Some(file) => crate::explain::text(file)?,
        None => blame::metadata(&args.manifest_path, args.target.as_deref()).map_err(unreadable)?,
    };
    let leaks = blame::blame(&metadata).map_err(unreadable)?;
    present(&blame::report(&leaks), false)?;
    let Some(leak) = leaks.first() else { return Ok(Exit::Done) };
    if !args.confirm {
        return Ok(Exit::Bad);
    }
    let directory = args.manifest_path.parent().filter(|path| !path.as_os_str().is_empty());
    let mut kept = Kept::new(args.keep.as_ref())?;
    let options = Options {
        command: args.command.clone(),
        source: directory.unwrap_or(Path::new(".")).to_owned(),
        runs: Some(args.runs),
        vary: Variation::ALL.into(),
        artifacts: args.artifacts.clone(),
        keep: kept.path.clone(),
        attribute: false,
        stop: false,
        env: Vec::new(),
    };
    let done = confirm(&options, &metadata, leak, &mut |line| warn(&printable(line)))
        .map_err(unreadable)?;
    // The text of a failure names its log.
    kept.remove &= done.finding() != Finding::Inconclusive;
    present(&done.report(), false)?;
    if let Finding::Confirmed = done.finding() {
        let agree = done.after.as_ref().map_or(0, |after| after.runs.len());
        warn(&format!("note: {}", Split::luck(agree)));
    }
    Ok(match done.finding() {
        Finding::Confirmed | Finding::Refuted => Exit::Bad,
        Finding::Inconclusive => Exit::Inconclusive,
    })
}
