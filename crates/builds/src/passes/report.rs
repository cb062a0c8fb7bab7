//! A [`Comparison`] → a tree.
//!
//! The order: verdict, the first difference with its line, the clusters by pass. Nothing here
//! depends on time or on the order of a hash map.

use super::compare::{Cluster, Comparison, Difference, Divergence, Fate, Side};
use super::show::{self, LineDifference};
use super::source::Log;
use crate::names::{counted, demangle, printable_line};
use anyhow::Result;
use prova_report::{Mark, Node, Table};
use serde_json::{Value, json};

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

/// The report: clusters of functions by the pass at which they begin to differ.
pub fn report(comparison: &Comparison, evidence: &[Evidence], names: [&str; 2]) -> Node {
    let empty = names.iter().zip(&comparison.endings).find(|(_, ending)| ending.dumps == 0);
    let (differing, first) = (comparison.differences.len() as u64, comparison.first());
    let (verdict, title) = match (empty, first) {
        (Some(_), _) if comparison.endings.iter().all(|ending| ending.dumps == 0) => (
            "inconclusive",
            "neither log has a dump (print them with `-print-after-all`)".to_owned(),
        ),
        (Some((name, _)), _) => (
            "inconclusive",
            format!(
                "{name} has no dump: is it a log of passes? (print them with `-print-after-all`)"
            ),
        ),
        (None, Some(_)) => ("different", {
            let healed =
                if comparison.healed() { "; all healed: the last dumps are equal" } else { "" };
            let causes = match comparison.clusters.len() {
                1 => "one cause".to_owned(),
                count => format!("beginning at {count} passes"),
            };
            format!("{}, {causes}{healed}", counted(differing, "function"))
        }),
        (None, None) if !comparison.equal() => {
            ("different", "one log has functions that the other lacks".to_owned())
        }
        (None, None) if comparison.partial() => {
            ("inconclusive", "equal as far as both logs go".to_owned())
        }
        (None, None) => ("equal", "every dump of every function".to_owned()),
    };
    let sides = names.iter().zip(['A', 'B']).zip(&comparison.endings);
    let logs: Vec<Value> = names.iter().zip(&comparison.endings).map(|(name, ending)| {
        json!({ "name": name, "dumps": ending.dumps, "bytes": ending.bytes, "cut": ending.cut })
    }).collect();
    let node = Node::of("passes", title)
        .with_verdict(verdict)
        .with(json!({
            "equal": comparison.equal(),
            "partial": comparison.partial(),
            "healed": comparison.healed(),
            "logs": logs,
            "only_in_a": comparison.only[0],
            "only_in_b": comparison.only[1],
        }))
        .with_evidence(sides.map(|((name, letter), ending)| {
            let cut = if ending.cut { ", cut inside a dump" } else { "" };
            format!("{letter}: {name}: {} dumps, {} bytes{cut}", ending.dumps, ending.bytes)
        }));
    let limited = comparison
        .limited
        .then(|| "more follows than is compared; what comes later is not judged".to_owned());
    let node = Node { notes: limited.into_iter().collect(), ..node };
    if empty.is_some() {
        return node;
    }
    let first = first.and_then(|first| Some((first, first.textual.as_ref()?)));
    let first = first.map(|(first, Divergence { pass, a, .. })| {
        format!("first: dump {}, {pass}, function `{}`", a.place.dump, demangle(&first.function))
    });
    let clusters = comparison.clusters.iter().enumerate();
    let clusters =
        clusters.map(|(at, cluster)| self::cluster(comparison, at, cluster, evidence.get(at)));
    let mut node =
        node.with_evidence(first).with_evidence(only(comparison)).with_children(clusters);
    node.notes.extend(notes(comparison));
    node
}

/// Remarks on differences that no pass made, and on passes of one side.
fn notes(comparison: &Comparison) -> Vec<String> {
    // A difference in the first dump was there before any pass has done much.
    let begins = |difference: &Difference| {
        let divergence = difference.structural.as_ref();
        divergence.is_some_and(|found| (found.a.place.dump, found.b.place.dump) == (0, 0))
    };
    let begins = comparison.differences.iter().any(begins).then(|| "the first dump differs already, so the compiler was given different programs or flags: no pass is to blame for that".to_owned());
    let unpaired = |side: usize| {
        comparison.differences.iter().map(|difference| difference.unpaired[side]).sum::<usize>()
    };
    let [in_a, in_b] = [unpaired(0), unpaired(1)];
    let unpaired = (in_a + in_b > 0).then(|| format!("dumps of passes on one side only: {in_a} in A, {in_b} in B; one compiler with the same flags has none, as a rule"));
    begins.into_iter().chain(unpaired).collect()
}

/// The functions that begin to differ at one pass, the first of them in detail.
fn cluster(
    comparison: &Comparison,
    at: usize,
    cluster: &Cluster,
    evidence: Option<&Evidence>,
) -> Node {
    let sort = if cluster.structural { "structure" } else { "names only" };
    let count = counted(cluster.members.len() as u64, "function");
    let members = cluster.members.iter().enumerate().map(|(nth, &member)| {
        let difference = &comparison.differences[member];
        let node = function(difference, evidence.filter(|_| nth == 0));
        // The first of a cluster stands for the others.
        if nth == 0 { detailed(node, difference, evidence) } else { node }
    });
    let node = Node::of("cluster", format!("[{}] {} ({sort}): {count}", at + 1, cluster.pass))
        .with(json!({ "pass": cluster.pass, "structural": cluster.structural }))
        .with_children(members);
    Node { shown: Some(MEMBERS_SHOWN_MAX), ..node }
}

/// A function with what became of it.
fn function(difference: &Difference, evidence: Option<&Evidence>) -> Node {
    let fate = match &difference.textual {
        None if difference.fate != Fate::Unknown => "no dump differs, but the passes do".to_owned(),
        _ => fate(&difference.fate),
    };
    let name = demangle(&difference.function);
    Node::of("function", format!("function `{name}`: {fate}"))
        .with(member_json(difference, evidence))
}

/// Adds where and how a function differs.
fn detailed(mut node: Node, difference: &Difference, evidence: Option<&Evidence>) -> Node {
    let textual = evidence.and_then(|evidence| evidence.textual.as_ref());
    let structural = evidence.and_then(|evidence| evidence.structural.as_ref());
    let sorts =
        [("text", &difference.textual, textual), ("structure", &difference.structural, structural)];
    for (sort, divergence, line) in sorts {
        let Some(Divergence { pass, a, b }) = divergence else { continue };
        let (a, b) = (a.place, b.place);
        let first = format!(
            "first in {sort}: dump {} of A (line {}), {} of B (line {}): {pass}",
            a.dump, a.line, b.dump, b.line
        );
        node.children
            .push(Node::of("line", first).with_table(line.map(lines_of).unwrap_or_default()));
    }
    if let Some((side, pass)) = &difference.first_unpaired {
        let [a, b] = difference.unpaired;
        let side = if *side == Side::A { "A" } else { "B" };
        node.evidence.push(format!(
            "passes on one side only: {a} in A, {b} in B; the first in {side}: {pass}"
        ));
    }
    let absent = evidence.and_then(|evidence| evidence.absent.as_ref());
    node.notes.extend(absent.map(|reason| format!("no line: {reason}")));
    node
}

/// The two lines, as far as they are shown.
fn lines_of(LineDifference { a, b }: &LineDifference) -> Table {
    let text = |line: &Option<(u64, String)>| {
        line.as_ref().map_or("", |(_, text)| text.trim_start()).to_owned()
    };
    let (text_a, text_b) = (text(a), text(b));
    let from = window(&text_a, &text_b);
    let mut table = Table::new("", &[">", ""]);
    for (mark, line, text) in [(Mark::A, a, text_a), (Mark::B, b, text_b)] {
        let cells = match line {
            Some((number, _)) => [number.to_string(), shortened(&text, from)],
            None => [String::new(), "(the body has ended)".to_owned()],
        };
        table.push(cells, mark);
    }
    table
}

/// The functions of one side alone.
fn only(comparison: &Comparison) -> Vec<String> {
    let sides = ['A', 'B'].into_iter().zip(&comparison.only);
    let of = |(letter, names): (char, &Vec<String>)| {
        let count = counted(names.len() as u64, "function");
        let shown = names.iter().take(MEMBERS_SHOWN_MAX);
        let shown: Vec<String> = shown.map(|name| format!("`{}`", demangle(name))).collect();
        let more = if names.len() > shown.len() { ", …" } else { "" };
        format!("only in {letter}: {count}: {}{more}", shown.join(", "))
    };
    sides.filter(|(_, names)| !names.is_empty()).map(of).collect()
}

/// The name of a function as a reader wants it.
pub fn shown(function: &str) -> String {
    printable_line(&demangle(function))
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Stays => "the difference stays to the end".into(),
        Fate::StaysInText => "in the end only names differ".into(),
        Fate::Healed(pass) => format!("healed: equal again from {pass}"),
        Fate::Unknown => "whether it heals is not known, for not all was compared".into(),
    }
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
