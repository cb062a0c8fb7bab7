//! An [`Outcome`] → text, or JSON.
//!
//! The order: verdict and split, the differences and their places, the quantities that were not
//! varied, the worth of agreement. Paths and messages come from builds, so control characters are
//! escaped.

use super::attribute::{Attribution, Cause};
use super::build::{Outcome, Verdict, letter};
use super::day::Dated;
use super::kind::Detail;
use super::split::Split;
use crate::names::printable_line;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Maximum number of differing files that are described.
pub const DIFFERING_SHOWN_MAX: usize = 20;

/// A comparison of two files that differ, beyond their bytes, as
/// [`kind::detail`](super::kind::detail) does for a caller that knows modules.
pub type Differ<'d> = &'d dyn Fn(&Path, &Path) -> Option<Detail>;

/// The report as text.
pub fn text(outcome: &Outcome, differ: Option<Differ<'_>>) -> String {
    let mut out = String::new();
    let (split, runs) = (outcome.split(), outcome.runs.len());
    let failed = outcome.runs.iter().filter(|run| run.class.is_err()).count();
    match outcome.verdict() {
        Verdict::Equal => writeln!(out, "equal: {runs}/{runs} builds"),
        Verdict::Different => writeln!(out, "different: {runs} builds split {split}"),
        Verdict::Failed => writeln!(out, "failed: {failed} of {runs} builds"),
        Verdict::Inconclusive => {
            writeln!(out, "inconclusive: {failed} of {runs} builds failed, the others agree")
        }
    }
    .ok();
    if let Some(reason) = outcome.runs.iter().find_map(|run| run.class.as_ref().err()) {
        writeln!(out, "first failure: {}", printable_line(reason)).ok();
    }
    for (number, class) in outcome.classes.iter().enumerate() {
        if let Some(kept) = &class.kept {
            let kept = printable_line(&kept.display().to_string());
            writeln!(
                out,
                "output {}: {} build{}, kept in {kept}",
                letter(number),
                class.count,
                if class.count == 1 { "" } else { "s" }
            )
            .ok();
        }
    }
    differing(&mut out, outcome, differ);
    if let Some(attribution) = &outcome.attribution {
        causes(&mut out, attribution);
    }
    let ineffective: Vec<&str> = outcome
        .probes
        .iter()
        .filter(|probe| !probe.effective)
        .map(|probe| probe.variation.name())
        .collect();
    if !ineffective.is_empty() {
        writeln!(out, "note: not varied on this machine: {}", ineffective.join(", ")).ok();
    }
    if outcome.verdict() == Verdict::Equal {
        for Dated { path, text } in &outcome.dated {
            let path = printable_line(path);
            writeln!(out, "note: {path} has `{text}`, the day of these builds: those of another day may differ").ok();
        }
        let miss = 100.0 * Split::new([26, 14]).miss(runs);
        writeln!(out, "note: had the outputs split 26 : 14, {runs} builds would all agree with probability {miss:.1} %").ok();
    } else if outcome.verdict() == Verdict::Different {
        let miss = 100.0 * split.miss(2);
        writeln!(out, "note: with this split, two builds alone agree with probability {miss:.0} %")
            .ok();
    }
    out
}

fn differing(out: &mut String, outcome: &Outcome, differ: Option<Differ<'_>>) {
    let differing = outcome.differing();
    let [a, b, ..] = outcome.classes.as_slice() else { return };
    let (Some(a), Some(b)) = (&a.kept, &b.kept) else { return };
    for path in differing.iter().take(DIFFERING_SHOWN_MAX) {
        let (a, b) = (a.join(path), b.join(path));
        let said = bytes(&a, &b);
        let detail = differ.and_then(|differ| differ(&a, &b));
        let kind = detail.as_ref().map(|detail| format!("{}, ", detail.kind)).unwrap_or_default();
        writeln!(out, "differs: {}: {kind}{said}", printable_line(path)).ok();
        for line in detail.iter().flat_map(|detail| &detail.lines) {
            writeln!(out, "  {}", printable_line(line).trim_end()).ok();
        }
    }
    if differing.len() > DIFFERING_SHOWN_MAX {
        writeln!(out, "differs: {} more files", differing.len() - DIFFERING_SHOWN_MAX).ok();
    }
}

fn causes(out: &mut String, attribution: &Attribution) {
    let Attribution { causes, chances, whole } = attribution;
    let random = causes.iter().any(|cause| cause.variation.is_none() && cause.different > 0);
    if random {
        writeln!(out, "cause: the build is random: it differs with nothing varied").ok();
        for told in chances {
            let evidence = printable_line(&told.evidence);
            writeln!(out, "  {}: {evidence}", told.chance.name()).ok();
        }
        return;
    }
    for cause in causes.iter().filter(|cause| cause.different > 0) {
        let Cause { variation, different, builds, outputs, .. } = cause;
        let name = variation.map_or("nothing", super::vary::Variation::name);
        writeln!(out, "cause: {name} alone makes a difference ({different} of {builds} builds)")
            .ok();
        if cause.is_race() {
            writeln!(out, "  race: with several processors {builds} builds have {outputs} outputs, with one they agree").ok();
        }
    }
    let failing = causes.iter().filter(|cause| cause.failed > 0);
    for Cause { variation, failed, builds, .. } in failing {
        let name = variation.map_or("nothing", super::vary::Variation::name);
        writeln!(out, "note: with {name} varied {failed} of {builds} builds fail").ok();
    }
    if *whole {
        writeln!(out, "  with all others varied the first output comes back").ok();
    }
    if !causes.is_empty() && causes.iter().all(|cause| cause.different == 0) {
        writeln!(out, "cause: no variation alone makes a difference").ok();
    }
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

/// The details of each differing file.
fn details(outcome: &Outcome, differ: Option<Differ<'_>>) -> Vec<Value> {
    let [a, b, ..] = outcome.classes.as_slice() else { return Vec::new() };
    let (Some(a), Some(b)) = (&a.kept, &b.kept) else { return Vec::new() };
    let of = |path: &String| {
        let (a, b) = (a.join(path), b.join(path));
        let detail = differ.and_then(|differ| differ(&a, &b)).map(|detail| detail.json());
        json!({ "path": path, "bytes": bytes(&a, &b), "detail": detail })
    };
    outcome.differing().iter().take(DIFFERING_SHOWN_MAX).map(of).collect()
}

/// The report as JSON.
pub fn json(outcome: &Outcome, differ: Option<Differ<'_>>) -> Value {
    let verdict = match outcome.verdict() {
        Verdict::Equal => "equal",
        Verdict::Different => "different",
        Verdict::Failed => "failed",
        Verdict::Inconclusive => "inconclusive",
    };
    let runs: Vec<Value> = outcome
        .runs
        .iter()
        .map(|run| {
            let varied: Vec<&str> = run.setting.varied.iter().map(|variation| variation.name()).collect();
            json!({ "varied": varied, "output": run.class.as_ref().ok().map(|&class| letter(class)), "failure": run.class.as_ref().err() })
        })
        .collect();
    let outputs: Vec<Value> = outcome
        .classes
        .iter()
        .map(|class| json!({ "builds": class.count, "kept": class.kept, "artifacts": class.artifacts }))
        .collect();
    let attribution = outcome.attribution.clone().unwrap_or_default();
    let causes: Vec<Value> = attribution
        .causes
        .iter()
        .map(|cause| json!({ "variation": cause.variation.map(super::vary::Variation::name), "different": cause.different, "failed": cause.failed, "builds": cause.builds, "race": cause.is_race() }))
        .collect();
    let chances: Vec<Value> = attribution
        .chances
        .iter()
        .map(|told| json!({ "chance": told.chance.name(), "evidence": told.evidence }))
        .collect();
    let day = |one: &Dated| json!({ "path": one.path, "text": one.text });
    let days: Vec<Value> = outcome.dated.iter().map(day).collect();
    let probes: Vec<Value> = outcome
        .probes
        .iter()
        .map(|probe| json!({ "variation": probe.variation.name(), "effective": probe.effective }))
        .collect();
    json!({ "verdict": verdict, "split": outcome.split().counts(), "runs": runs, "outputs": outputs, "differing": outcome.differing(), "details": details(outcome, differ), "causes": causes, "chances": chances, "whole": attribution.whole, "dated": days, "variations": probes })
}
