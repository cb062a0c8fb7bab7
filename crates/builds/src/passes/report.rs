//! A [`Comparison`] → one screen of text, or JSON.
//!
//! The order: verdict, the first difference with its line, the clusters by pass. Names come from
//! logs, so control characters are escaped. Nothing here depends on time or on the order of a hash
//! map.

use super::compare::{Comparison, Difference, Divergence, Fate, Side};
use super::show::{self, LineDifference};
use super::source::Log;
use crate::names::{demangle, printable_line};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Maximum number of clusters for which lines are looked up.
pub const CLUSTERS_SHOWN_MAX: usize = 20;

/// Maximum number of functions of a cluster that are named in text.
pub const MEMBERS_SHOWN_MAX: usize = 8;

/// Maximum number of characters of a line that are printed.
pub const LINE_CHARS_MAX: usize = 240;

/// The lines at which a function first differs.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// In the first dump whose text differs.
    pub textual: Option<LineDifference>,
    /// In the first dump whose structure differs.
    pub structural: Option<LineDifference>,
    /// Why a line could not be fetched.
    pub absent: Option<String>,
}

/// Fetches the lines of the first member of each of the first [`CLUSTERS_SHOWN_MAX`] clusters.
pub fn evidence(comparison: &Comparison, a: &mut Log, b: &mut Log) -> Vec<Evidence> {
    let shown = comparison.clusters.iter().take(CLUSTERS_SHOWN_MAX);
    shown
        .filter_map(|cluster| cluster.members.first())
        .map(|&first| {
            let difference = &comparison.differences[first];
            lines(difference, a, b).unwrap_or_else(|error| Evidence {
                absent: Some(format!("{error:#}")),
                ..Evidence::default()
            })
        })
        .collect()
}

fn lines(difference: &Difference, a: &mut Log, b: &mut Log) -> Result<Evidence> {
    let mut evidence = Evidence::default();
    if let Some(Divergence { a: part_a, b: part_b, .. }) = &difference.textual {
        let (body_a, body_b) = (show::body(a, part_a)?, show::body(b, part_b)?);
        evidence.textual = show::first_line(&body_a, &body_b);
        if evidence.textual.is_none() {
            evidence.absent =
                Some("the first difference lies behind what is read of a body".into());
        }
    }
    if let Some(Divergence { a: part_a, b: part_b, .. }) = &difference.structural {
        let (body_a, body_b) = (show::body(a, part_a)?, show::body(b, part_b)?);
        evidence.structural = show::first_structural_line(&body_a, &body_b);
    }
    Ok(evidence)
}

/// The report as text.
pub fn text(comparison: &Comparison, evidence: &[Evidence], names: [&str; 2]) -> String {
    let mut out = String::new();
    for (name, (letter, ending)) in names.iter().zip([('A', 0), ('B', 1)]) {
        let ending = &comparison.endings[ending];
        let cut = if ending.cut { ", cut inside a dump" } else { "" };
        writeln!(
            out,
            "{letter}: {}: {} dumps, {} bytes{cut}",
            printable_line(name),
            ending.dumps,
            ending.bytes
        )
        .ok();
    }
    if comparison.limited {
        writeln!(out, "note: more follows than is compared; what comes later is not judged").ok();
    }
    if comparison.endings.iter().all(|ending| ending.dumps == 0) {
        writeln!(out, "inconclusive: neither log has a dump (print them with `-print-after-all`)")
            .ok();
        return out;
    }
    if let Some((name, _)) =
        names.iter().zip(&comparison.endings).find(|(_, ending)| ending.dumps == 0)
    {
        let name = printable_line(name);
        writeln!(
            out,
            "inconclusive: {name} has no dump: is it a log of passes? (print them with `-print-after-all`)"
        )
        .ok();
        return out;
    }
    let Some(first) = comparison.first() else {
        let verdict = match (comparison.equal(), comparison.partial()) {
            (false, _) => "different: one log has functions that the other lacks",
            (true, true) => "inconclusive: equal as far as both logs go",
            (true, false) => "equal: every dump of every function",
        };
        writeln!(out, "{verdict}").ok();
        only(&mut out, comparison);
        return out;
    };
    verdict(&mut out, comparison, first);
    for (at, cluster) in comparison.clusters.iter().enumerate() {
        let sort = if cluster.structural { "structure" } else { "names only" };
        let count = cluster.members.len();
        writeln!(
            out,
            "\n[{}] {} ({sort}): {count} function{}",
            at + 1,
            printable_line(&cluster.pass),
            plural(count)
        )
        .ok();
        for (nth, &member) in cluster.members.iter().take(MEMBERS_SHOWN_MAX).enumerate() {
            // The first of a cluster stands for the others.
            let detail = (nth == 0).then(|| evidence.get(at));
            member_text(&mut out, &comparison.differences[member], detail);
        }
        if count > MEMBERS_SHOWN_MAX {
            writeln!(out, "  and {} more", count - MEMBERS_SHOWN_MAX).ok();
        }
    }
    only(&mut out, comparison);
    out
}

/// How many functions differ, the first of them, and whether the passes do.
fn verdict(out: &mut String, comparison: &Comparison, first: &Difference) {
    let count = comparison.differences.len();
    let healed = if comparison.healed() { "; all healed: the last dumps are equal" } else { "" };
    writeln!(
        out,
        "different: {count} function{}, {}{healed}",
        plural(count),
        clusters_of(comparison.clusters.len())
    )
    .ok();
    if let Some(divergence) = &first.textual {
        let function = shown(&first.function);
        let Divergence { pass, a, .. } = divergence;
        writeln!(
            out,
            "first: dump {}, {}, function `{function}`",
            a.place.dump,
            printable_line(pass)
        )
        .ok();
    }
    // A difference in the first dump was there before any pass has done much.
    let begins = |difference: &Difference| {
        let divergence = difference.structural.as_ref();
        divergence.is_some_and(|found| (found.a.place.dump, found.b.place.dump) == (0, 0))
    };
    if comparison.differences.iter().any(begins) {
        writeln!(out, "note: the first dump differs already, so the compiler was given different programs or flags: no pass is to blame for that").ok();
    }
    let unpaired = |side: usize| {
        comparison.differences.iter().map(|difference| difference.unpaired[side]).sum::<usize>()
    };
    let [in_a, in_b] = [unpaired(0), unpaired(1)];
    if in_a + in_b > 0 {
        writeln!(out, "note: dumps of passes on one side only: {in_a} in A, {in_b} in B; one compiler with the same flags has none, as a rule").ok();
    }
}

/// A function with what became of it; where and how it differs, if that is asked for.
fn member_text(out: &mut String, difference: &Difference, detail: Option<Option<&Evidence>>) {
    let fate = match &difference.textual {
        None if difference.fate != Fate::Unknown => "no dump differs, but the passes do".to_owned(),
        _ => fate(&difference.fate),
    };
    writeln!(out, "  function `{}`: {fate}", shown(&difference.function)).ok();
    let Some(evidence) = detail else { return };
    let sorts = [("text", &difference.textual), ("structure", &difference.structural)];
    for (sort, divergence) in sorts {
        let Some(Divergence { pass, a, b }) = divergence else {
            continue;
        };
        let pass = printable_line(pass);
        writeln!(
            out,
            "    first in {sort}: dump {} of A (line {}), {} of B (line {}): {pass}",
            a.place.dump, a.place.line, b.place.dump, b.place.line
        )
        .ok();
        let line = evidence
            .and_then(|e| if sort == "text" { e.textual.as_ref() } else { e.structural.as_ref() });
        if let Some(LineDifference { a, b }) = line {
            let text = |line: &Option<(u64, String)>| {
                line.as_ref().map_or("", |(_, text)| text.trim_start()).to_owned()
            };
            let (text_a, text_b) = (text(a), text(b));
            let from = window(&text_a, &text_b);
            for (sign, line, text) in [('-', a, text_a), ('+', b, text_b)] {
                match line {
                    Some((number, _)) => {
                        writeln!(out, "      {sign} {number}: {}", shortened(&text, from)).ok()
                    }
                    None => writeln!(out, "      {sign} (the body has ended)").ok(),
                };
            }
        }
    }
    if let Some((side, pass)) = &difference.first_unpaired {
        let [a, b] = difference.unpaired;
        let side = if *side == Side::A { "A" } else { "B" };
        writeln!(
            out,
            "    passes on one side only: {a} in A, {b} in B; the first in {side}: {}",
            printable_line(pass)
        )
        .ok();
    }
    if let Some(reason) = evidence.and_then(|evidence| evidence.absent.as_ref()) {
        writeln!(out, "    note: no line: {}", printable_line(reason)).ok();
    }
}

fn only(out: &mut String, comparison: &Comparison) {
    for (letter, names) in ['A', 'B'].into_iter().zip(&comparison.only) {
        if names.is_empty() {
            continue;
        }
        let shown: Vec<String> =
            names.iter().take(MEMBERS_SHOWN_MAX).map(|name| format!("`{}`", shown(name))).collect();
        let more = if names.len() > shown.len() { ", …" } else { "" };
        writeln!(
            out,
            "\nonly in {letter}: {} function{}: {}{more}",
            names.len(),
            plural(names.len()),
            shown.join(", ")
        )
        .ok();
    }
}

/// The name of a function as a reader wants it.
pub fn shown(function: &str) -> String {
    printable_line(&demangle(function))
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Stays => "the difference stays to the end".into(),
        Fate::StaysInText => "in the end only names differ".into(),
        Fate::Healed(pass) => format!("healed: equal again from {}", printable_line(pass)),
        Fate::Unknown => "whether it heals is not known, for not all was compared".into(),
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn clusters_of(count: usize) -> String {
    if count == 1 { "one cause".into() } else { format!("beginning at {count} passes") }
}

/// The character from which long lines are printed, so that the first difference is seen.
fn window(a: &str, b: &str) -> usize {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    if same < LINE_CHARS_MAX * 3 / 4 { 0 } else { same - LINE_CHARS_MAX / 4 }
}

/// The characters of the line that are printed, at most [`LINE_CHARS_MAX`] from `from` on.
fn shortened(line: &str, from: usize) -> String {
    let shown: String = line.chars().skip(from).take(LINE_CHARS_MAX).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if line.chars().nth(from + LINE_CHARS_MAX).is_some() { "…" } else { "" };
    format!("{before}{shown}{after}")
}

/// The report as JSON, with every function.
pub fn json(comparison: &Comparison, evidence: &[Evidence], names: [&str; 2]) -> Value {
    let log = |at: usize| {
        let ending = &comparison.endings[at];
        json!({ "name": names[at], "dumps": ending.dumps, "bytes": ending.bytes, "cut": ending.cut })
    };
    let clusters: Vec<Value> = comparison
        .clusters
        .iter()
        .enumerate()
        .map(|(at, cluster)| {
            let members = cluster.members.iter().enumerate().map(|(nth, &member)| {
                member_json(&comparison.differences[member], evidence.get(at).filter(|_| nth == 0))
            });
            json!({ "pass": cluster.pass, "structural": cluster.structural, "functions": members.collect::<Vec<_>>() })
        })
        .collect();
    json!({
        "equal": comparison.equal(),
        "partial": comparison.partial(),
        "healed": comparison.healed(),
        "logs": [log(0), log(1)],
        "clusters": clusters,
        "only_in_a": comparison.only[0],
        "only_in_b": comparison.only[1],
    })
}

fn member_json(difference: &Difference, evidence: Option<&Evidence>) -> Value {
    let divergence = |divergence: &Option<Divergence>, line: Option<&LineDifference>| {
        let Some(Divergence { pass, a, b }) = divergence else {
            return Value::Null;
        };
        let line = line.map(|LineDifference { a, b }| {
            let side = |line: &Option<(u64, String)>| {
                line.as_ref().map(|(number, text)| json!({ "line": number, "text": text }))
            };
            json!({ "a": side(a), "b": side(b) })
        });
        json!({ "pass": pass, "dump_a": a.place.dump, "dump_b": b.place.dump, "line_a": a.place.line, "line_b": b.place.line, "first_line": line })
    };
    let fate = match &difference.fate {
        Fate::Stays => json!("stays"),
        Fate::StaysInText => json!("stays in text"),
        Fate::Healed(pass) => json!({ "healed": pass }),
        Fate::Unknown => json!("unknown"),
    };
    json!({
        "function": difference.function,
        "demangled": demangle(&difference.function),
        "textual": divergence(&difference.textual, evidence.and_then(|evidence| evidence.textual.as_ref())),
        "structural": divergence(&difference.structural, evidence.and_then(|evidence| evidence.structural.as_ref())),
        "fate": fate,
        "unpaired": difference.unpaired,
    })
}
