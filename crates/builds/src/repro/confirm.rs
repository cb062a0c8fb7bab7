//! A leak that [`blame`] has named → builds with that one feature switched off, which agree if it
//! was the cause.
//!
//! ```text
//! source ─ copy ─► builds as it is: differ?
//!        └ copy, the asking package patched ([`manifest`](super::manifest)) ─► builds without the feature: agree?
//! ```
//!
//! [`build`](mod@super::build) builds both. A package of the source tree is changed in the copy;
//! one of a registry is copied into the tree and put in its place by `[patch.crates-io]` in the
//! copy's `.cargo/config.toml`. The user's tree and registry are not touched.
//!
//! 1. *Confirmed* means: builds as it is differ, and as many builds without the feature agree.
//!    Agreement has the worth that [`Split::miss`](super::Split::miss) gives it.
//!
//! Limit: a build with `--locked` or `--frozen` fails, since the lock file must change; that is
//! reported as a failed build. `tests/repro/confirm.rs` switches off a feature of a local package
//! and, where a registry can be reached, the feature of the case.

use super::blame::{self, Leak, Request};
use super::build::{Options, Outcome, Verdict, build};
use super::manifest;
use super::tree::{self, How};
use anyhow::{Context, Result, ensure};
use prova_report::Node;
use std::fs;
use std::path::{Path, PathBuf};
use toml_edit::DocumentMut;

/// Where a package of a registry is put in the copy.
const PATCHED: &str = ".prova-patched";

/// The observations of both builds.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The feature that was switched off, and where.
    pub request: Request,
    /// The builds as it is.
    pub before: Outcome,
    /// The builds without the feature; `None` if those as it is do not differ.
    pub after: Option<Outcome>,
}

/// The conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// With the feature the builds differ, without it they agree.
    Confirmed,
    /// Without it they differ as well.
    Refuted,
    /// Builds fail, or agree as they are.
    Inconclusive,
}

impl Confirmation {
    /// The conclusion from the builds.
    pub fn finding(&self) -> Finding {
        match (self.before.verdict(), self.after.as_ref().map(Outcome::verdict)) {
            (Verdict::Different, Some(Verdict::Equal)) => Finding::Confirmed,
            (Verdict::Different, Some(Verdict::Different)) => Finding::Refuted,
            _ => Finding::Inconclusive,
        }
    }

    /// The finding.
    pub fn report(&self) -> Node {
        let Request { package, version, dependency, feature, instead, .. } = &self.request;
        let (verdict, title) = match self.finding() {
            Finding::Confirmed => ("confirmed", "the feature is the cause"),
            Finding::Refuted => ("refuted", "the feature alone is not the cause"),
            Finding::Inconclusive => ("inconclusive", "nothing is confirmed"),
        };
        let changed = format!(
            "changed for the test: {package} {version} asks for `{dependency}` without `{feature}` (default-features = false, features = {instead:?})"
        );
        let said = |what: &str, outcome: &Outcome| {
            let (runs, split) = (outcome.runs.len(), outcome.split());
            match outcome.verdict() {
                Verdict::Equal => format!("{what}: {runs} of {runs} builds agree"),
                Verdict::Different => format!("{what}: {runs} builds split {split}"),
                Verdict::Failed | Verdict::Inconclusive => {
                    let reason = outcome.runs.iter().find_map(|run| run.class.as_ref().err());
                    format!("{what}: builds fail: {}", reason.map_or("", String::as_str))
                }
            }
        };
        Node::of("confirmation", title)
            .with_verdict(verdict)
            .with_evidence([changed, said("as it is", &self.before)])
            .with_evidence(self.after.as_ref().map(|after| said("without it", after)))
    }

    /// The finding as text.
    pub fn text(&self) -> String {
        self.report().to_text()
    }
}

/// Builds with and without the feature of a leak.
///
/// # Errors
/// If the leak has no feature, its package cannot be patched, or as [`build`].
pub fn confirm(
    options: &Options,
    metadata: &str,
    leak: &Leak,
    progress: &mut dyn FnMut(&str),
) -> Result<Confirmation> {
    let request = blame::request(metadata, leak)?;
    let source = options
        .source
        .canonicalize()
        .with_context(|| format!("there is no `{}`", options.source.display()))?;
    let runs = Some(options.runs.unwrap_or(2));
    progress("builds as it is");
    let as_it_is =
        Options { keep: options.keep.join("as-it-is"), runs, attribute: false, ..options.clone() };
    let before = build(&as_it_is, progress)?;
    if before.verdict() != Verdict::Different {
        return Ok(Confirmation { request, before, after: None });
    }
    let patched = options.keep.join("patched");
    tree::copy(&source, &patched, How::default(), &options.keep)?;
    patch(&source, &patched, &request)?;
    progress(&format!("builds without feature `{}` of {}", request.feature, request.dependency));
    let without = Options { source: patched, keep: options.keep.join("without"), ..as_it_is };
    let after = build(&without, progress);
    tree::remove(&without.source)?;
    let after = after?;
    Ok(Confirmation { request, before, after: Some(after) })
}

/// Changes what the asking package asks for, in the copy of the tree.
fn patch(source: &Path, copy: &Path, request: &Request) -> Result<()> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
    };
    let changed =
        manifest::with_features(&read(&request.manifest)?, &request.dependency, &request.instead)
            .with_context(|| format!("failed to change `{}`", request.manifest.display()))?;
    if let Ok(inside) = request.manifest.strip_prefix(source) {
        fs::write(copy.join(inside), changed)?;
        return Ok(());
    }
    let directory = request.manifest.parent().context("the manifest has no directory")?;
    let name = format!("{}-{}", request.package, request.version);
    ensure!(!name.contains(['/', '\\']), "`{name}` is no name of a package");
    let place: PathBuf = copy.join(PATCHED).join(&name);
    tree::copy(directory, &place, How::default(), copy)?;
    fs::write(place.join("Cargo.toml"), changed)?;
    let config = copy.join(".cargo").join("config.toml");
    fs::create_dir_all(copy.join(".cargo"))?;
    let text = if config.is_file() { read(&config)? } else { String::new() };
    let mut settings: DocumentMut =
        text.parse().with_context(|| format!("`{}` is no TOML", config.display()))?;
    ensure!(!settings.contains_key("patch"), "`{}` has patches already", config.display());
    settings["patch"]["crates-io"][&request.package]["path"] = format!("{PATCHED}/{name}").into();
    fs::write(&config, settings.to_string())?;
    Ok(())
}
