//! A small crate → builds of it, in which the one instance is found and compared.
//!
//! [`crate_source`](super::crate_source) proposes the crate. Only a build shows that the path may
//! be named, and that the instance alone still differs.
//!
//! `tests/isolate.rs` builds a crate whose constant is drawn anew by each build.

use super::crate_source::CrateSource;
use anyhow::{Context, Result};
use prova_builds::repro::{Options, Outcome, Variation, build};
use prova_diff::{DiffOptions, Kind, Verdict, diff};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_reduce::find;
use std::fs;
use std::path::{Path, PathBuf};

/// The result of building a small crate.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The builds.
    pub outcome: Outcome,
    /// Whether the instance is in the output, and what it amounts to.
    pub instance: Instance,
    /// The outputs of the first two classes.
    pub kept: Vec<PathBuf>,
}

/// The fate of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instance {
    /// There was no output to look into.
    NotBuilt,
    /// It is not in the output: inlined, or shared with an equal function.
    Absent,
    /// It is there, and equal in all builds.
    Equal,
    /// It differs.
    Differs(Verdict),
    /// It is equal, but something that it uses differs.
    ElseDiffers,
}

impl Proof {
    /// Whether the small crate shows a difference.
    pub fn differs(&self) -> bool {
        matches!(self.instance, Instance::Differs(_) | Instance::ElseDiffers)
    }

    /// The proof as text.
    pub fn text(&self) -> String {
        let (runs, split) = (self.outcome.runs.len(), self.outcome.split());
        let said = match self.instance {
            Instance::NotBuilt => {
                let reason = self.outcome.runs.iter().find_map(|run| run.class.as_ref().err());
                return format!("not built: {}\n", reason.map_or("", String::as_str));
            }
            Instance::Absent => "the instance is not in the output".into(),
            Instance::Equal => "the instance is there and equal in all".into(),
            Instance::Differs(verdict) => format!("the instance differs: {verdict}"),
            Instance::ElseDiffers => "the instance is equal; what differs is beside it".to_owned(),
        };
        let mut out = format!("{runs} builds split {split}: {said}\n");
        for (letter, kept) in ["a", "b"].iter().zip(&self.kept) {
            out.push_str(&format!("output {letter}: {}\n", kept.display()));
        }
        out
    }
}

/// Writes the crate.
///
/// # Errors
/// If a file cannot be written.
pub fn write(source: &CrateSource, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory.join("src"))
        .with_context(|| format!("failed to make `{}`", directory.display()))?;
    for (name, text) in [("Cargo.toml", &source.manifest), ("src/lib.rs", &source.library)] {
        fs::write(directory.join(name), text)
            .with_context(|| format!("failed to write `{name}`"))?;
    }
    Ok(())
}

/// Builds the crate with Cargo, and looks for the instance in what comes out.
///
/// # Errors
/// As [`build`](fn@prova_builds::repro::build).
pub fn prove(
    directory: &Path,
    source: &CrateSource,
    target: &str,
    runs: usize,
    progress: &mut dyn FnMut(&str),
) -> Result<Proof> {
    let command = ["cargo", "build", "--quiet", "--release", "--target", target];
    let options = Options {
        command: command.map(Into::into).into(),
        source: directory.to_owned(),
        runs: Some(runs.max(2)),
        vary: Variation::ALL.into(),
        artifacts: vec!["target/*/release/*.wasm".into()],
        keep: directory.join("builds"),
        attribute: false,
        stop: true,
        env: vec![("RUSTFLAGS".into(), "-Csymbol-mangling-version=v0".into())],
    };
    let outcome = build(&options, progress)?;
    let kept: Vec<PathBuf> = outcome
        .classes
        .iter()
        .take(2)
        .filter_map(|class| Some(class.kept.as_ref()?.join(class.artifacts.keys().next()?)))
        .collect();
    let modules: Vec<Module> = kept
        .iter()
        .filter_map(|path| {
            Module::decode(fs::read(path).ok()?, &Features::default(), &Limits::default()).ok()
        })
        .collect();
    let instance = look(&modules, &source.path);
    Ok(Proof { outcome, instance, kept })
}

fn look(modules: &[Module], path: &str) -> Instance {
    let Some(first) = modules.first() else { return Instance::NotBuilt };
    let found: Option<FuncIdx> = find::function(first, path).ok();
    let (Some(func), Some(second)) = (found, modules.get(1)) else {
        return if found.is_some() { Instance::Equal } else { Instance::Absent };
    };
    let report = diff(first, second, &DiffOptions::default());
    let of_it = report
        .differences
        .iter()
        .filter(|one| one.kind == Kind::Function && one.a == Some(func.0.into()));
    of_it.map(|one| one.verdict).max().map_or(Instance::ElseDiffers, Instance::Differs)
}
