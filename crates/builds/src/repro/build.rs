//! A command and a source tree → several builds under varied surroundings, their outputs in classes
//! of equal bytes.
//!
//! ```text
//! source ─ tree::copy ─► directory of the run ─ vary::launch ─► artifacts ─► class of equal ones, one copy kept
//! ```
//!
//! Neighbours: [`vary`](super::vary) has the surroundings, [`split`](super::split) the arithmetic,
//! [`report`](super::report) the text.
//!
//! 1. Run 0 has the control setting, every later one all chosen variations; so what random
//!    compilers do shows as a split.
//! 2. Without a number of runs there are 2, and up to [`RUNS_DEFAULT_MAX`] as long as all agree and
//!    [`SECONDS_DEFAULT_MAX`] have not passed.
//! 3. Builds run one after the other, each in a fresh copy; at most [`CLASSES_KEPT_MAX`] different
//!    outputs are kept.
//! 4. Nothing is written outside `keep`, but what the command itself writes.
//!
//! `tests/repro/main.rs` has compilers of every sort.

use super::split::Split;
use super::tree::{self, Artifacts};
use super::vary::{Probe, Setting, Variation, probe};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// So often is built at most when no number is given.
pub const RUNS_DEFAULT_MAX: usize = 8;

/// No further build is begun after so many seconds when no number is given.
pub const SECONDS_DEFAULT_MAX: f64 = 60.0;

/// A run may not be asked for more often.
pub const RUNS_MAX: usize = 10_000;

/// So many different outputs are kept.
pub const CLASSES_KEPT_MAX: usize = 8;

/// What to build, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program and its arguments; it runs in the copy of the source.
    pub command: Vec<OsString>,
    /// The source tree.
    pub source: PathBuf,
    /// How often; at least 2.
    pub runs: Option<usize>,
    /// What varies.
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
    /// What the command printed.
    pub log: PathBuf,
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
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The builds in their order.
    pub runs: Vec<Run>,
    /// The outputs in the order of their first build.
    pub classes: Vec<Class>,
    /// Which variations are ones here.
    pub probes: Vec<Probe>,
    /// What a single variation, or none, does; empty if that was not asked for.
    pub causes: Vec<Cause>,
}

/// What building under one variation alone shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The variation; none: the control setting again.
    pub variation: Option<Variation>,
    /// How many of the builds had another output than the first control run.
    pub different: usize,
    /// How many builds there were.
    pub builds: usize,
}

/// What follows.
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
    /// What follows from the runs.
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
    fs::remove_dir_all(&builder.work).ok();
    outcome
}

struct Builder<'o> {
    options: &'o Options,
    source: PathBuf,
    keep: PathBuf,
    work: PathBuf,
    classes: Vec<Class>,
    runs: usize,
}

impl Builder<'_> {
    fn all(&mut self, progress: &mut dyn FnMut(&str)) -> Result<Outcome> {
        let probes = self.probes()?;
        let begun = Instant::now();
        let mut runs = Vec::new();
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
            let varied = if number == 0 {
                BTreeSet::new()
            } else {
                self.options.vary.iter().copied().collect()
            };
            let run = self.run(Setting { varied, run: number })?;
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
        let mut outcome =
            Outcome { runs, classes: self.classes.clone(), probes, causes: Vec::new() };
        if self.options.attribute && outcome.verdict() == Verdict::Different {
            outcome.causes = self.causes(&outcome.probes, progress)?;
        }
        Ok(outcome)
    }

    /// Builds again, without variation and with each one alone.
    fn causes(&mut self, probes: &[Probe], progress: &mut dyn FnMut(&str)) -> Result<Vec<Cause>> {
        let alone =
            probes.iter().filter(|probe| probe.effective).map(|probe| Some(probe.variation));
        let mut causes = Vec::new();
        for variation in std::iter::once(None).chain(alone) {
            // Random addresses make a difference in some runs only.
            let builds = if matches!(variation, None | Some(Variation::Aslr)) { 4 } else { 1 };
            let mut different = 0;
            for _ in 0..builds {
                let run =
                    self.run(Setting { varied: variation.into_iter().collect(), run: self.runs })?;
                different += usize::from(run.class != Ok(0));
            }
            let name = variation.map_or("no variation", Variation::name);
            progress(&format!("{name} alone: {different} of {builds} differ from the first build"));
            causes.push(Cause { variation, different, builds });
        }
        Ok(causes)
    }

    /// Probes in small trees, at the places where builds will be.
    fn probes(&self) -> Result<Vec<Probe>> {
        let (seed, home) = (self.work.join("seed"), self.home()?);
        fs::create_dir_all(&seed)?;
        for number in 0..20 {
            fs::write(seed.join(format!("file-{number}")), [])?;
        }
        let probe_one = |&variation: &Variation| {
            let setting = Setting { varied: [variation].into(), run: 1 };
            let control = Setting::control(0).directory(&self.work);
            let varied = if setting.reversed() {
                self.work.join("reversed")
            } else {
                setting.directory(&self.work)
            };
            fs::remove_dir_all(&control).ok();
            fs::remove_dir_all(&varied).ok();
            tree::copy(&seed, &control, false, &self.keep)?;
            if varied != control {
                tree::copy(&seed, &varied, setting.reversed(), &self.keep)?;
            }
            probe(variation, &control, &varied, &home)
        };
        self.options.vary.iter().map(probe_one).collect()
    }

    fn home(&self) -> Result<PathBuf> {
        let home = self.work.join("home");
        fs::create_dir_all(&home)?;
        Ok(home)
    }

    fn run(&mut self, setting: Setting) -> Result<Run> {
        let directory = setting.directory(&self.work);
        fs::remove_dir_all(&directory).ok();
        tree::copy(&self.source, &directory, setting.reversed(), &self.keep)?;
        let before = tree::files(&directory)?;
        let log_path = self.keep.join(format!("build-{}.log", self.runs + 1));
        self.runs += 1;
        let log = File::create(&log_path)?;
        let mut command = setting.launch(&self.options.command, &directory, &self.home()?);
        let status = command
            .envs(self.options.env.iter().map(|(name, value)| (name, value)))
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .context("failed to start `sh`")?;
        let class = if status.success() {
            Ok(self.classify(&directory, &before)?)
        } else {
            let tail = last_line(&log_path);
            Err(format!("failed ({status}): {tail}; see {}", log_path.display()))
        };
        fs::remove_dir_all(&directory)
            .with_context(|| format!("failed to remove `{}`", directory.display()))?;
        Ok(Run { setting, class, log: log_path })
    }

    fn classify(&mut self, directory: &Path, before: &[String]) -> Result<usize> {
        let artifacts = tree::artifacts(directory, &self.options.artifacts, before)?;
        if artifacts.is_empty() {
            match self.options.artifacts.as_slice() {
                [] => bail!("the command made no new file: name what to compare with `--artifact`"),
                patterns => bail!("the build left no file that matches {}", patterns.join(", ")),
            }
        }
        if let Some(class) = self.classes.iter().position(|class| class.artifacts == artifacts) {
            return Ok(class);
        }
        let number = self.classes.len();
        let kept = (number < CLASSES_KEPT_MAX).then(|| self.keep.join(letter(number)));
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
        self.classes.push(Class { artifacts, count: 0, kept });
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

fn last_line(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let tail = &bytes[bytes.len().saturating_sub(4096)..];
    let text = String::from_utf8_lossy(tail);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output").trim().to_owned()
}
