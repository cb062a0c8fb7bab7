//! An [`Outcome`] → a tree.
//!
//! The order: verdict and split, where the outputs are, the worth of agreement and what was not
//! varied; then the files that differ, and the causes that were tried.

use super::attribute::{Attribution, Cause};
use super::build::{Class, Outcome, Run, Verdict, letter};
use super::chance::Told;
use super::day::Dated;
use super::kind::Detail;
use super::split::Split;
use super::vary::{Probe, Variation};
use crate::names::counted;
use prova_report::Node;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Maximum number of differing files that are described.
pub const DIFFERING_SHOWN_MAX: usize = 20;

/// A comparison of two files that differ, beyond their bytes, as
/// [`kind::detail`](super::kind::detail) does for a caller that knows modules.
pub type Differ<'d> = &'d dyn Fn(&Path, &Path) -> Option<Detail>;

/// The report on repeated builds.
pub fn report(outcome: &Outcome, differ: Option<Differ<'_>>) -> Node {
    let (split, runs) = (outcome.split(), outcome.runs.len());
    let failed = outcome.runs.iter().filter(|run| run.class.is_err()).count();
    let (verdict, title) = match outcome.verdict() {
        Verdict::Equal => ("equal", format!("{runs}/{runs} builds")),
        Verdict::Different => ("different", format!("{runs} builds split {split}")),
        Verdict::Failed => ("failed", format!("{failed} of {runs} builds")),
        Verdict::Inconclusive => {
            ("inconclusive", format!("{failed} of {runs} builds failed, the others agree"))
        }
    };
    let reason = outcome.runs.iter().find_map(|run| run.class.as_ref().err());
    let kept = outcome.classes.iter().enumerate().filter_map(|(number, class)| {
        let (kept, builds) = (class.kept.as_ref()?.display(), counted(class.count as u64, "build"));
        Some(format!("output {}: {builds}, kept in {kept}", letter(number)))
    });
    let attribution = outcome.attribution.clone().unwrap_or_default();
    let found = attribution.causes.iter().any(|cause| cause.different > 0);
    let none = (!attribution.causes.is_empty() && !found)
        .then(|| "cause: no variation alone makes a difference".to_owned());
    let whole = attribution.whole;
    let whole = whole.then(|| "with all others varied the first output comes back".to_owned());
    let node = Node::of("builds", title)
        .with_verdict(verdict)
        .with(members(outcome))
        .with_evidence(reason.map(|reason| format!("first failure: {reason}")))
        .with_evidence(kept)
        .with_evidence(none.into_iter().chain(whole))
        .with_children(files(outcome, differ))
        .with_children(attribution.causes.iter().map(|one| cause(one, &attribution.chances)));
    Node { notes: notes(outcome), ..node }
}

fn notes(outcome: &Outcome) -> Vec<String> {
    let (mut notes, runs) = (Vec::new(), outcome.runs.len());
    let ineffective = outcome.probes.iter().filter(|probe| !probe.effective);
    let ineffective: Vec<&str> = ineffective.map(|probe| probe.variation.name()).collect();
    if !ineffective.is_empty() {
        notes.push(format!("not varied on this machine: {}", ineffective.join(", ")));
    }
    if outcome.verdict() == Verdict::Equal {
        notes.extend(outcome.dated.iter().map(|Dated { path, text }| {
            format!("{path} has `{text}`, the day of these builds: those of another day may differ")
        }));
        notes.push(Split::luck(runs));
    } else if outcome.verdict() == Verdict::Different {
        let miss = 100.0 * outcome.split().miss(2);
        let note = "with this split, two builds alone agree with probability";
        notes.push(format!("{note} {miss:.0} %"));
    }
    notes
}

/// The data of the root.
fn members(outcome: &Outcome) -> Value {
    let run = |run: &Run| {
        let varied = run.setting.varied.iter().map(|variation| variation.name());
        let output = run.class.as_ref().ok().map(|&class| letter(class));
        json!({ "varied": varied.collect::<Vec<_>>(), "output": output, "failure": run.class.as_ref().err() })
    };
    let output = |class: &Class| json!({ "builds": class.count, "kept": class.kept, "artifacts": class.artifacts });
    let Attribution { chances, whole, .. } = outcome.attribution.clone().unwrap_or_default();
    let chance = |told: &Told| json!({ "chance": told.chance.name(), "evidence": told.evidence });
    let day = |one: &Dated| json!({ "path": one.path, "text": one.text });
    let probe = |probe: &Probe| json!({ "variation": probe.variation.name(), "effective": probe.effective });
    json!({
        "split": outcome.split().counts(),
        "runs": outcome.runs.iter().map(run).collect::<Vec<_>>(),
        "outputs": outcome.classes.iter().map(output).collect::<Vec<_>>(),
        "differing": outcome.differing(),
        "chances": chances.iter().map(chance).collect::<Vec<_>>(),
        "whole": whole,
        "dated": outcome.dated.iter().map(day).collect::<Vec<_>>(),
        "variations": outcome.probes.iter().map(probe).collect::<Vec<_>>(),
    })
}

/// The files in which the first two outputs differ.
fn files(outcome: &Outcome, differ: Option<Differ<'_>>) -> Vec<Node> {
    let differing = outcome.differing();
    let [a, b, ..] = outcome.classes.as_slice() else { return Vec::new() };
    let (Some(a), Some(b)) = (&a.kept, &b.kept) else { return Vec::new() };
    let of = |path: &String| {
        let (a, b) = (a.join(path), b.join(path));
        let (said, detail) = (bytes(&a, &b), differ.and_then(|differ| differ(&a, &b)));
        let kind = detail.as_ref().map(|detail| format!("{}, ", detail.kind)).unwrap_or_default();
        let json = detail.as_ref().map(Detail::json);
        Node::of("file", format!("{path}: {kind}{said}"))
            .with_verdict("differs")
            .with(json!({ "path": path, "bytes": said, "detail": json }))
            .with_evidence(detail.map(|detail| detail.lines).unwrap_or_default())
    };
    let mut files: Vec<Node> = differing.iter().take(DIFFERING_SHOWN_MAX).map(of).collect();
    let more = differing.len().saturating_sub(DIFFERING_SHOWN_MAX);
    files.extend(
        (more > 0).then(|| Node::new(format!("{more} more files")).with_verdict("differs")),
    );
    files
}

/// A variation that was tried alone, or none, which shows chance.
fn cause(cause: &Cause, chances: &[Told]) -> Node {
    let Cause { variation, different, failed, builds, outputs } = cause;
    let name = variation.map_or("chance", Variation::name);
    let title = match (variation, different) {
        (_, 0) => format!("no cause: {name} alone makes no difference ({builds} builds)"),
        (None, _) => "cause: the build is random: it differs with nothing varied".to_owned(),
        _ => format!("cause: {name} alone makes a difference ({different} of {builds} builds)"),
    };
    let chances = if variation.is_none() && *different > 0 { chances } else { &[] };
    let race = cause.is_race().then(|| format!("race: with several processors {builds} builds have {outputs} outputs, with one they agree"));
    let failing = (*failed > 0).then(|| format!("{failed} of {builds} builds fail"));
    let node = Node::of("cause", title)
        .with(json!({ "variation": variation.map(Variation::name), "different": different, "failed": failed, "builds": builds, "race": cause.is_race() }))
        .with_evidence(chances.iter().map(|told| format!("{}: {}", told.chance.name(), told.evidence)))
        .with_evidence(race);
    Node { notes: failing.into_iter().collect(), ..node }
}

/// How two files differ, as bytes; reads both at once and keeps neither.
fn bytes(a: &Path, b: &Path) -> String {
    let open = |path: &Path| File::open(path).map(|file| BufReader::with_capacity(1 << 16, file));
    let (Ok(a), Ok(b)) = (open(a), open(b)) else {
        return "in one output only".into();
    };
    let (mut a, mut b) = (a.bytes(), b.bytes());
    let (mut lengths, mut different, mut first) = ([0u64; 2], 0u64, None);
    for at in 0u64.. {
        let (byte_a, byte_b) = (a.next().and_then(Result::ok), b.next().and_then(Result::ok));
        if byte_a.is_none() && byte_b.is_none() {
            break;
        }
        lengths[0] += u64::from(byte_a.is_some());
        lengths[1] += u64::from(byte_b.is_some());
        if byte_a != byte_b {
            different += 1;
            first = first.or(Some(at));
        }
    }
    let first = first.unwrap_or(0);
    if lengths[0] == lengths[1] {
        format!("{different} of {} bytes, the first at offset {first}", lengths[0])
    } else {
        format!("{} and {} bytes, the first difference at offset {first}", lengths[0], lengths[1])
    }
}
