//! A command and a source tree → several builds under varied surroundings, their outputs in classes
//! of equal bytes.
//!
//! ```text
//! source ─ tree::copy ─► directory of the run ─ vary::launch ─► artifacts ─► class of equal ones, one copy kept
//! ```
//!
//! [`vary`](super::vary) has the surroundings, [`split`](super::split) the arithmetic, and
//! [`attribute`](mod@super::attribute) finds the cause of a difference.
//!
//! 1. Run 0 has the control setting, every later one all chosen variations; so what random
//!    compilers do shows as a split.
//! 2. Without a number of runs there are 2, and up to [`RUNS_DEFAULT_MAX`] as long as all agree and
//!    [`SECONDS_DEFAULT_MAX`] have not passed.
//! 3. Builds run one after the other, each in a fresh copy; at most [`CLASSES_KEPT_MAX`] different
//!    outputs are kept.
//! 4. The second build begins in another second than the first has ended in, so that clocks that
//!    count in seconds differ however fast a build is.
//! 5. Nothing is written outside `keep`, but what the command itself writes.
//!
//! `tests/repro/main.rs` has compilers of every sort.

use super::attribute::{Attribution, attribute};
use super::day::{Dated, dated};
use super::seen::{Seen, Watch, now, wait_beyond};
use super::split::Split;
use super::tree::{self, Artifacts, How};
use super::vary::{Places, Probe, Setting, Variation, probe};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Maximum number of builds when no number is given.
pub const RUNS_DEFAULT_MAX: usize = 8;

/// Number of seconds after which no further build is begun when no number is given.
pub const SECONDS_DEFAULT_MAX: f64 = 60.0;

/// Maximum number of builds that may be asked for.
pub const RUNS_MAX: usize = 10_000;

/// Maximum number of different outputs that are kept.
pub const CLASSES_KEPT_MAX: usize = 8;

/// The build, and how to run it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program and its arguments; it runs in the copy of the source.
    pub command: Vec<OsString>,
    /// The source tree.
    pub source: PathBuf,
    /// How often; at least 2.
    pub runs: Option<usize>,
    /// The quantities that vary.
    pub vary: Vec<Variation>,
    /// Patterns of the files to compare; none: every new file.
    pub artifacts: Vec<String>,
    /// Where outputs and logs are kept; absent or empty.
    pub keep: PathBuf,
    /// On a difference, build again under each variation alone.
    pub attribute: bool,
    /// Stop at the first difference.
    pub stop: bool,
    /// Variables of the environment that are set in every build.
    pub env: Vec<(OsString, OsString)>,
}

/// One build.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its surroundings.
    pub setting: Setting,
    /// Its class, or why it failed.
    pub class: Result<usize, String>,
    /// The output of the command.
    pub log: PathBuf,
    /// When it ran, and what the system gave it.
    pub seen: Seen,
}

/// Builds with equal outputs.
#[derive(Clone, Debug)]
pub struct Class {
    /// The output.
    pub artifacts: Artifacts,
    /// How many builds gave it.
    pub count: usize,
    /// Where a copy is.
    pub kept: Option<PathBuf>,
    /// The observations of the first of them.
    pub seen: Seen,
    /// One of them had the control setting.
    pub control: bool,
}

/// The observations of all builds.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The builds in their order.
    pub runs: Vec<Run>,
    /// The outputs in the order of their first build.
    pub classes: Vec<Class>,
    /// Which variations are ones here.
    pub probes: Vec<Probe>,
    /// The causes of the difference, if that was asked for.
    pub attribution: Option<Attribution>,
    /// Outputs that name the day of the builds, where all agree.
    pub dated: Vec<Dated>,
}

/// The conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All outputs are equal.
    Equal,
    /// Two outputs differ.
    Different,
    /// No build, or not the control build, succeeded.
    Failed,
    /// Those that succeeded agree, but some failed.
    Inconclusive,
}

impl Outcome {
    /// The conclusion from the runs.
    pub fn verdict(&self) -> Verdict {
        let failed = self.runs.iter().filter(|run| run.class.is_err()).count();
        match self.runs.first() {
            _ if self.classes.len() > 1 => Verdict::Different,
            Some(Run { class: Ok(_), .. }) if failed == 0 => Verdict::Equal,
            Some(Run { class: Ok(_), .. }) if failed + 1 < self.runs.len() => Verdict::Inconclusive,
            _ => Verdict::Failed,
        }
    }

    /// How the outputs split.
    pub fn split(&self) -> Split {
        Split::new(self.classes.iter().map(|class| class.count))
    }

    /// The artifacts in which the first two classes differ; absent ones included.
    pub fn differing(&self) -> Vec<String> {
        let [a, b, ..] = self.classes.as_slice() else { return Vec::new() };
        let paths: BTreeSet<&String> = a.artifacts.keys().chain(b.artifacts.keys()).collect();
        paths
            .into_iter()
            .filter(|path| a.artifacts.get(*path) != b.artifacts.get(*path))
            .cloned()
            .collect()
    }
}

/// Builds and compares; `progress` hears of each build.
///
/// # Errors
/// If the options make no sense, the tree cannot be copied, or no file is an artifact. A failing
/// build is no error.
pub fn build(options: &Options, progress: &mut dyn FnMut(&str)) -> Result<Outcome> {
    ensure!(!options.command.is_empty(), "a command is needed");
    if let [only] = options.command.as_slice() {
        let text = only.to_string_lossy();
        ensure!(
            !text.contains(char::is_whitespace) || Path::new(only).exists(),
            "`{text}` is one word, and no program has that name: leave out the quotes, or write `sh -c '…'`"
        );
    }
    ensure!(
        options.runs.is_none_or(|runs| (2..=RUNS_MAX).contains(&runs)),
        "the number of runs must be between 2 and {RUNS_MAX}"
    );
    let source = options
        .source
        .canonicalize()
        .with_context(|| format!("there is no `{}`", options.source.display()))?;
    fs::create_dir_all(&options.keep)
        .with_context(|| format!("failed to make `{}`", options.keep.display()))?;
    let keep = options.keep.canonicalize()?;
    ensure!(fs::read_dir(&keep)?.next().is_none(), "`{}` is not empty", keep.display());
    let mut builder =
        Builder { options, source, work: keep.join("work"), keep, classes: Vec::new(), runs: 0 };
    let outcome = builder.all(progress);
    tree::remove(&builder.work)?;
    outcome
}

pub(super) struct Builder<'o> {
    pub(super) options: &'o Options,
    source: PathBuf,
    keep: PathBuf,
    work: PathBuf,
    pub(super) classes: Vec<Class>,
    /// How many runs there were, those of the attribution included.
    pub(super) runs: usize,
}

impl Builder<'_> {
    fn all(&mut self, progress: &mut dyn FnMut(&str)) -> Result<Outcome> {
        let probes = self.probes()?;
        let begun = Instant::now();
        let mut runs: Vec<Run> = Vec::new();
        loop {
            let number = runs.len();
            let more = match self.options.runs {
                _ if number < 2 => true,
                _ if self.options.stop && self.classes.len() > 1 => false,
                Some(wanted) => number < wanted,
                None => {
                    number < RUNS_DEFAULT_MAX
                        && self.classes.len() == 1
                        && begun.elapsed().as_secs_f64() < SECONDS_DEFAULT_MAX
                }
            };
            if !more {
                break;
            }
            if let [first] = runs.as_slice() {
                wait_beyond(&first.seen);
            }
            let varied = if number == 0 {
                BTreeSet::new()
            } else {
                self.options.vary.iter().copied().collect()
            };
            let run = self.run(Setting { varied, ..Setting::control(number) })?;
            progress(&match &run.class {
                Ok(class) => format!("build {}: output {}", number + 1, letter(*class)),
                Err(reason) => format!("build {}: {reason}", number + 1),
            });
            let failed = run.class.is_err();
            runs.push(run);
            if failed && number == 0 {
                break;
            }
            if let Ok(class) = runs[number].class {
                self.classes[class].count += 1;
            }
        }
        let classes = self.classes.clone();
        let mut outcome = Outcome { runs, classes, probes, attribution: None, dated: Vec::new() };
        if let (Verdict::Equal, Some(class)) = (outcome.verdict(), outcome.classes.first()) {
            outcome.dated = dated(class);
        }
        if self.options.attribute && outcome.verdict() == Verdict::Different {
            outcome.attribution = Some(attribute(self, &outcome, progress)?);
        }
        Ok(outcome)
    }

    /// Probes in small trees, at the places where builds will be.
    fn probes(&self) -> Result<Vec<Probe>> {
        let (seed, home, temporary) = (self.work.join("seed"), self.home()?, self.temporary()?);
        fs::create_dir_all(&seed)?;
        for number in 0..20 {
            fs::write(seed.join(format!("file-{number}")), [])?;
        }
        let probe_one = |&variation: &Variation| {
            let setting = Setting { varied: [variation].into(), ..Setting::control(1) };
            let control = Setting::control(0).directory(&self.work);
            let otherwise = setting.reversed() || !setting.older().is_zero();
            let varied = match otherwise {
                true => self.work.join("otherwise"),
                false => setting.directory(&self.work),
            };
            tree::remove(&control)?;
            tree::remove(&varied)?;
            tree::copy(&seed, &control, How::default(), &self.keep)?;
            if varied != control {
                let how = How { reversed: setting.reversed(), older: setting.older() };
                tree::copy(&seed, &varied, how, &self.keep)?;
            }
            let places =
                |directory| Places { directory, home: &home, temporary: temporary.as_path() };
            probe(variation, places(&control), places(&varied))
        };
        self.options.vary.iter().map(probe_one).collect()
    }

    fn home(&self) -> Result<PathBuf> {
        let home = self.work.join("home");
        fs::create_dir_all(&home)?;
        Ok(home)
    }

    /// An empty directory for temporary files, the same for every run.
    fn temporary(&self) -> Result<PathBuf> {
        let temporary = self.work.join("tmp");
        tree::remove(&temporary)?;
        fs::create_dir_all(&temporary)?;
        Ok(temporary)
    }

    pub(super) fn run(&mut self, setting: Setting) -> Result<Run> {
        let directory = setting.directory(&self.work);
        tree::remove(&directory)?;
        let how = How { reversed: setting.reversed(), older: setting.older() };
        tree::copy(&self.source, &directory, how, &self.keep)?;
        let before = tree::files(&directory)?;
        let log_path = self.keep.join(format!("build-{}.log", self.runs + 1));
        self.runs += 1;
        let log = File::create(&log_path)?;
        let (home, temporary) = (self.home()?, self.temporary()?);
        let places = Places { directory: &directory, home: &home, temporary: &temporary };
        let mut command = setting.launch(&self.options.command, places);
        let (watch, begun) = (Watch::new(&temporary), now());
        let mut child = command
            .envs(self.options.env.iter().map(|(name, value)| (name, value)))
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("failed to start `sh`")?;
        let first = child.id();
        let status = child.wait()?;
        let seen = Seen::new(begun, first, watch);
        let class = if status.success() {
            Ok(self.classify(&directory, &before, &setting, &seen)?)
        } else {
            let told = telling_line(&log_path);
            Err(format!("failed ({status}): {told}; see {}", log_path.display()))
        };
        tree::remove(&directory)?;
        Ok(Run { setting, class, log: log_path, seen })
    }

    fn classify(
        &mut self,
        directory: &Path,
        before: &[String],
        setting: &Setting,
        seen: &Seen,
    ) -> Result<usize> {
        let artifacts = tree::artifacts(directory, &self.options.artifacts, before)?;
        if artifacts.is_empty() {
            match self.options.artifacts.as_slice() {
                [] => bail!("the command made no new file: name what to compare with `--artifact`"),
                patterns => bail!("the build left no file that matches {}", patterns.join(", ")),
            }
        }
        let control = setting.varied.is_empty() && setting.hold.is_none();
        if let Some(class) = self.classes.iter().position(|class| class.artifacts == artifacts) {
            self.classes[class].control |= control;
            return Ok(class);
        }
        let number = self.classes.len();
        // Outputs of the control setting are few, and tell chance apart.
        let kept = (number < CLASSES_KEPT_MAX || control).then(|| self.keep.join(letter(number)));
        if let Some(kept) = &kept {
            for path in artifacts.keys() {
                let to = kept.join(path);
                if let Some(parent) = to.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::copy(directory.join(path), &to)
                    .with_context(|| format!("failed to keep `{path}`"))?;
            }
        }
        self.classes.push(Class { artifacts, count: 0, kept, seen: seen.clone(), control });
        Ok(number)
    }
}

/// The name of a class: `a`, `b`, …
pub(crate) fn letter(class: usize) -> String {
    match u8::try_from(class) {
        Ok(class @ 0..26) => char::from(b'a' + class).to_string(),
        _ => format!("output-{}", class + 1),
    }
}

/// How much of a log's end is looked at for what went wrong.
const TAIL_BYTES: usize = 1 << 16;

/// The first line of a log that tells of an error, as compilers and tools write it; else the last
/// one.
fn telling_line(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let tail = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
    told(&String::from_utf8_lossy(tail))
}

fn told(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tells = |line: &&str| {
        let begins = ["error", "fatal", "Error"].iter().any(|word| line.starts_with(word));
        begins || line.contains(" error: ") || line.contains(": fatal: ")
    };
    lines().find(tells).or_else(|| lines().next_back()).unwrap_or("no output").to_owned()
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn the_line_that_tells_of_an_error_is_shown() {
        let rustc =
            "error[E0463]: can't find crate for `std`\n\nFor more information, try `rustc`.\n";
        assert_eq!(told(rustc), "error[E0463]: can't find crate for `std`");
        let clang = "cc -c a.c\na.c:1:5: error: expected `;`\n1 error generated.\nmake: *** [all] Error 1\n";
        assert_eq!(told(clang), "a.c:1:5: error: expected `;`");
        assert_eq!(told("one\n two \n\n"), "two");
        assert_eq!(told(""), "no output");
    }
}
