//! Revisions in order, the first sound and the last not → the first revision whose builds differ.
//!
//! [`build`](mod@super::build) judges one revision. The predicate is flaky one way only: a
//! difference that was seen is there, while agreement may be luck; so a sound verdict is worth Σ
//! pᵢᵏ of the split seen so far ([`split`](super::split)), the bad end is built first, and the last
//! sound revision is built twice as often before it is believed. Where that shows a difference, the
//! revisions before it are built as often, too.
//!
//! 1. A revision whose build fails is skipped; the nearest one in the interval is tried instead.
//! 2. The repository is only read: each revision is unpacked with `git archive`.
//!
//! 3. A revision is built again only with more runs than it had.
//!
//! About log₂ n revisions are built, each at most `runs` times, or twice as often for each verdict
//! that was luck. `tests/repro/main.rs` bisects a
//! repository made for it.

use super::build::{Options, Outcome, RUNS_MAX, Verdict, build};
use super::split::Split;
use super::tree;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Maximum number of revisions of an interval.
pub const REVISIONS_MAX: usize = 1 << 20;

/// The result of a bisection.
#[derive(Clone, Debug)]
pub struct Found {
    /// The first revision whose builds differ.
    pub bad: String,
    /// The last before it whose builds agree.
    pub good: String,
    /// Revisions between the two that could not be built.
    pub skipped: Vec<String>,
    /// How often each revision that was called sound was built, and how the unsound ones split.
    pub doubt: f64,
    /// How the builds of the first bad revision split.
    pub split: Split,
}

/// The verdict on one revision.
#[derive(Clone, Debug, PartialEq)]
pub enum Sight {
    /// All builds agree.
    Agree,
    /// They split so.
    Differ(Split),
    /// They fail.
    Skip,
}

/// Judges by building.
pub fn sight(outcome: &Outcome) -> Sight {
    match outcome.verdict() {
        Verdict::Equal => Sight::Agree,
        Verdict::Different => Sight::Differ(outcome.split()),
        Verdict::Failed | Verdict::Inconclusive => Sight::Skip,
    }
}

/// Finds the first bad one of `revisions`; the first one should be sound and the last not. `look`
/// builds one `runs` times.
///
/// # Errors
/// If an end is not as it should be, or `look` fails.
pub fn bisect(
    revisions: &[String],
    runs: usize,
    look: &mut dyn FnMut(&str, usize) -> Result<Sight>,
) -> Result<Found> {
    ensure!(revisions.len() >= 2, "a bisection needs two revisions");
    let (mut good, mut bad) = (0, revisions.len() - 1);
    let mut split = match look(&revisions[bad], runs)? {
        Sight::Differ(split) => split,
        Sight::Agree => {
            bail!("the builds of `{}`, the bad end, do not differ in {runs} runs", revisions[bad])
        }
        Sight::Skip => bail!("`{}`, the bad end, cannot be built", revisions[bad]),
    };
    if look(&revisions[good], runs)? != Sight::Agree {
        bail!("the builds of `{}`, the good end, do not all succeed and agree", revisions[good]);
    }
    let mut sound = 1;
    let mut skipped = vec![false; revisions.len()];
    // How often each was built when all builds agreed.
    let mut agreed = vec![0; revisions.len()];
    agreed[good] = runs;
    let mut wanted = runs;
    loop {
        let middle = good + (bad - good) / 2;
        // The nearest to the middle that is not skipped.
        let open = (good + 1..bad).filter(|&at| !skipped[at]).min_by_key(|&at| at.abs_diff(middle));
        let Some(at) = open else {
            let twice = wanted.saturating_mul(2).min(RUNS_MAX);
            if good == 0 || agreed[good] >= twice {
                break;
            }
            // A sound verdict may have been luck. Then so may others have been, for which no more
            // was asked: the search goes on before it, and asks for more.
            match look(&revisions[good], twice)? {
                Sight::Differ(seen) => {
                    (bad, split, wanted) = (good, seen, twice);
                    good = 0;
                }
                Sight::Agree | Sight::Skip => agreed[good] = twice,
            }
            continue;
        };
        // A revision that has agreed in enough builds need not be built again.
        if agreed[at] >= wanted {
            good = at;
            continue;
        }
        match look(&revisions[at], wanted)? {
            Sight::Agree => {
                good = at;
                agreed[at] = wanted;
                sound += 1;
            }
            Sight::Differ(seen) => (bad, split) = (at, seen),
            Sight::Skip => skipped[at] = true,
        }
    }
    let between = good + 1..bad;
    Ok(Found {
        bad: revisions[bad].clone(),
        good: revisions[good].clone(),
        skipped: between.filter(|&at| skipped[at]).map(|at| revisions[at].clone()).collect(),
        doubt: (f64::from(sound) * split.miss(runs)).min(1.0),
        split,
    })
}

/// The first line of what a revision's author wrote, and the day; `None` if git does not tell.
pub fn subject(source: &Path, revision: &str) -> Option<String> {
    let format = ["log", "-1", "--date=short", "--format=%ad %s", "--end-of-options", revision];
    let text = git(source, &format).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The revisions of `GOOD..BAD` along first parents, the good one first.
///
/// # Errors
/// If the range or the repository is not one.
pub fn revisions(repository: &Path, range: &str) -> Result<Vec<String>> {
    let (good, bad) = range
        .split_once("..")
        .with_context(|| format!("`{range}` is not of the form GOOD..BAD"))?;
    ensure!(
        !good.starts_with('-') && !bad.starts_with('-'),
        "`{range}` is not a range of revisions"
    );
    let good = git(
        repository,
        &["rev-parse", "--verify", "--end-of-options", &format!("{good}^{{commit}}")],
    )?;
    let bad = if bad.is_empty() { "HEAD" } else { bad };
    let bad = git(
        repository,
        &["rev-parse", "--verify", "--end-of-options", &format!("{bad}^{{commit}}")],
    )?;
    let (good, bad) = (good.trim(), bad.trim());
    let list =
        git(repository, &["rev-list", "--reverse", "--first-parent", &format!("{good}..{bad}")])?;
    let mut revisions = vec![good.to_owned()];
    revisions.extend(list.lines().map(str::to_owned));
    ensure!(revisions.len() <= REVISIONS_MAX, "more than {REVISIONS_MAX} revisions");
    ensure!(revisions.len() >= 2, "there is no revision in `{range}`");
    Ok(revisions)
}

/// Whether the repository has a revision of this name.
///
/// # Errors
/// If it has not.
pub fn known(repository: &Path, revision: &str) -> Result<()> {
    ensure!(!revision.starts_with('-'), "`{revision}` is no revision");
    git(
        repository,
        &["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")],
    )?;
    Ok(())
}

/// Builds a revision in a separate tree below `options.keep`.
///
/// # Errors
/// If the revision cannot be unpacked, or as [`build`].
pub fn look(repository: &Path, revision: &str, runs: usize, options: &Options) -> Result<Sight> {
    let place = tree::fresh(&options.keep, &format!("{}-{runs}", revision.replace('/', "_")))?;
    let source = place.join("source");
    unpack(repository, revision, &source)?;
    let options = Options {
        source,
        keep: place.join("outputs"),
        runs: Some(runs),
        stop: true,
        attribute: false,
        ..options.clone()
    };
    let outcome = build(&options, &mut |_| {});
    tree::remove(&options.source)?;
    Ok(sight(&outcome?))
}

/// Unpacks a revision into a new directory.
///
/// # Errors
/// If git or tar fails.
pub fn unpack(repository: &Path, revision: &str, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("failed to make `{}`", to.display()))?;
    let mut archive = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(["archive", "--format=tar", revision])
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start git")?;
    let input = archive.stdout.take().context("git gave no output")?;
    let tar = Command::new("tar")
        .arg("-x")
        .arg("-C")
        .arg(to)
        .stdin(input)
        .status()
        .context("failed to start tar")?;
    let archived = archive.wait()?;
    ensure!(archived.success() && tar.success(), "failed to unpack revision `{revision}`");
    Ok(())
}

fn git(repository: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .output()
        .context("failed to start git")?;
    if !output.status.success() {
        bail!("git {} failed: {}", arguments[0], String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
