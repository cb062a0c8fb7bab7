//! A report → text: the causes in the order in which a reader would act on them and the counts
//! within the first 40 lines, then each cluster with its causes.
//!
//! ```text
//! A: … B: …          4 causes … 1. …          verdict functions others          == 1. …
//! ```
//!
//! 1. At most [`LINES_MAX`] lines for any report; the lines left out are counted.
//! 2. Code has an offset in each module's column: a line of both has two, a line of one has one.
//! 3. Colour changes nothing but colour (`paint`).

use super::paint::{Paint, Style};
use super::report::{Cluster, Difference, Kind, Line, Origin, Report, Verdict, plural};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most lines of a text report.
pub(crate) const LINES_MAX: usize = 2000;
/// Clusters listed at the top, and lines of notes among them: with the counts, the first 40 lines.
const TOP: usize = 16;
const NOTES: usize = 6;
/// Clusters told in full, differences listed in each, lines of code of each difference.
const FULL: usize = 60;
const LISTED: usize = 12;
const CODE: usize = 24;
/// Consequences of a cluster that are named.
const FOLDED: usize = 4;

impl Report {
    /// The report as text.
    pub fn to_text(&self) -> String {
        self.to_painted_text(Paint::Plain)
    }

    /// The report as text for a terminal.
    pub fn to_painted_text(&self, paint: Paint) -> String {
        let mut out = String::new();
        self.head(&mut out, paint);
        for (i, cluster) in self.clusters.iter().take(FULL).enumerate() {
            self.cluster(&mut out, paint, i, cluster);
        }
        if self.clusters.len() > FULL {
            writeln!(out, "\n{} more clusters (in JSON and HTML).", self.clusters.len() - FULL)
                .ok();
        }
        cut(out)
    }

    fn head(&self, out: &mut String, paint: Paint) {
        for (side, style, input) in [("A", Style::OnlyA, &self.a), ("B", Style::OnlyB, &self.b)] {
            let side = paint.style(style, side);
            let (bytes, functions) =
                (plural(input.bytes, "byte"), plural(input.functions, "function"));
            writeln!(out, "{side}: {} ({bytes}, {functions})", input.name).ok();
        }
        if self.equal {
            writeln!(out, "The modules are equal, byte for byte.").ok();
            return;
        }
        let causes = plural(self.clusters.len() as u64, "cause");
        let order = if self.clusters.len() > 1 { ", what to look at first" } else { "" };
        writeln!(out, "\n{causes}{order}; what follows from a cause is folded under it:").ok();
        let mut notes = NOTES;
        for (i, cluster) in self.clusters.iter().take(TOP).enumerate() {
            let (number, verdict) = (i + 1, paint.verdict(cluster.verdict));
            let places =
                paint.style(Style::Quiet, &format!("({})", plural(cluster.sites, "place")));
            writeln!(out, "{number:>3}. {verdict}: {} {places}", cluster.cause).ok();
            for note in cluster.notes.iter().take(notes) {
                writeln!(out, "       {note}").ok();
                notes -= 1;
            }
        }
        if self.clusters.len() > TOP {
            writeln!(out, "     and {} more", self.clusters.len() - TOP).ok();
        }
        let heads = format!("{:<16}{:>10}{:>10}", "verdict", "functions", "others");
        writeln!(out, "\n{}", paint.style(Style::Quiet, &heads)).ok();
        for count in &self.counts {
            let pad = " ".repeat(16usize.saturating_sub(count.verdict.name().len()));
            let verdict = paint.verdict(count.verdict);
            writeln!(out, "{verdict}{pad}{:>10}{:>10}", count.functions, count.others).ok();
        }
    }

    fn cluster(&self, out: &mut String, paint: Paint, index: usize, cluster: &Cluster) {
        let verdict = paint.verdict(cluster.verdict);
        let number = paint.style(Style::Heading, &format!("== {}.", index + 1));
        let cause = paint.style(Style::Heading, &cluster.cause);
        writeln!(out, "\n{number} {verdict}: {cause}").ok();
        for note in &cluster.notes {
            writeln!(out, "  {note}").ok();
        }
        let (causes, rest) = cluster.differences.split_at(cluster.causes);
        for i in causes.iter().take(LISTED) {
            difference(out, paint, &self.differences[*i], index < TOP);
        }
        if causes.len() > LISTED {
            writeln!(out, "  … {} more of these", causes.len() - LISTED).ok();
        }
        if !rest.is_empty() {
            self.folded(out, paint, rest);
        }
    }

    /// Writes the consequences of a cause: their counts, and the gravest by name.
    fn folded(&self, out: &mut String, paint: Paint, rest: &[usize]) {
        let mut gravest: Vec<&Difference> = rest.iter().map(|i| &self.differences[*i]).collect();
        gravest.sort_by_key(|one| std::cmp::Reverse(one.verdict));
        writeln!(out, "  folded under it: {}", self.folded_words(rest)).ok();
        for folded in gravest.into_iter().take(FOLDED) {
            let (verdict, name) = (paint.verdict(folded.verdict), named(folded));
            writeln!(out, "    {verdict}: {name}: {}", folded.summary).ok();
        }
        if rest.len() > FOLDED {
            writeln!(out, "    … {} more", rest.len() - FOLDED).ok();
        }
    }

    /// How many consequences there are, by verdict, the gravest first.
    pub(super) fn folded_words(&self, rest: &[usize]) -> String {
        let sites: u64 = rest.iter().map(|i| self.differences[*i].sites).sum();
        let mut counts: BTreeMap<Verdict, u64> = BTreeMap::new();
        for i in rest {
            *counts.entry(self.differences[*i].verdict).or_default() += 1;
        }
        let one = |(verdict, count): (&Verdict, &u64)| format!("{count} {verdict}");
        let counts: Vec<String> = counts.iter().rev().map(one).collect();
        let (differences, places) =
            (plural(rest.len() as u64, "difference"), plural(sites, "place"));
        format!("{differences} with {places}: {}", counts.join(", "))
    }
}

/// The name of a difference, with its kind unless the name has it.
fn named(difference: &Difference) -> String {
    let (kind, name) = (difference.kind.name(), &difference.name);
    let has = name.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    if has { name.clone() } else { format!("{kind} {name}") }
}

/// The place of a difference in both modules, in brackets and with a space before; nothing if it
/// has none.
pub(super) fn places(difference: &Difference) -> String {
    let place = |index: Option<u64>| match (difference.kind, index) {
        (Kind::Function, Some(index)) => format!("func{index}"),
        (Kind::Data, Some(address)) => format!("{address:#x}"),
        (_, Some(index)) => index.to_string(),
        (_, None) => "-".into(),
    };
    match (difference.a, difference.b) {
        (None, None) => String::new(),
        // A function without a name is called by its index.
        (a, b) if a == b && place(a) == difference.name => String::new(),
        (a, b) if a == b => format!(" [{}]", place(a)),
        (a, b) => format!(" [{} / {}]", place(a), place(b)),
    }
}

fn difference(out: &mut String, paint: Paint, difference: &Difference, code: bool) {
    let name = named(difference);
    let places = paint.style(Style::Quiet, &places(difference));
    writeln!(out, "  {name}{places}: {}", difference.summary).ok();
    for evidence in &difference.evidence {
        writeln!(out, "      {evidence}").ok();
    }
    let lines = &difference.code[..difference.code.len().min(if code { CODE } else { 0 })];
    if !lines.is_empty() {
        let heads = format!("      {:<8}  {:<8}", "in A", "in B");
        writeln!(out, "{}", paint.style(Style::Quiet, heads.trim_end())).ok();
    }
    for line in lines {
        code_line(out, paint, line);
    }
    if code && difference.code.len() > CODE {
        writeln!(out, "      … {} more lines", difference.code.len() - CODE).ok();
    }
}

/// A line of code behind its offsets in A and in B.
fn code_line(out: &mut String, paint: Paint, line: &Line) {
    let (at, text) = (format!("{:#08x}", line.offset), &line.text);
    let nowhere = " ".repeat(at.len());
    match line.origin {
        Origin::Both => {
            let at_b = line.offset_b.map_or(nowhere, |at| format!("{at:#08x}"));
            let at = paint.style(Style::Quiet, &format!("{at}  {at_b}"));
            writeln!(out, "      {at}  {text}").ok();
        }
        Origin::A => {
            let line = format!("    - {at}  {nowhere}  {text}");
            writeln!(out, "{}", paint.style(Style::OnlyA, &line)).ok();
        }
        Origin::B => {
            let line = format!("    + {nowhere}  {at}  {text}");
            writeln!(out, "{}", paint.style(Style::OnlyB, &line)).ok();
        }
    }
}

/// The first [`LINES_MAX`] lines.
fn cut(text: String) -> String {
    match text.match_indices('\n').nth(LINES_MAX - 2) {
        Some((at, _)) if at + 1 < text.len() => {
            format!("{}\n… more (in JSON and HTML)\n", &text[..at])
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiffOptions, diff};
    use prova_module::{Features, Limits, Module};

    /// Text without what a terminal obeys.
    fn plain(text: &str) -> String {
        let mut parts = text.split('\u{1b}');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let (code, rest) = part.split_once('m').expect("a sequence ends");
            assert!(code.starts_with('['), "{code}");
            text + rest
        })
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let module = |text: &str| {
            let bytes = wat::parse_str(text).expect("text format");
            Module::decode(bytes, &Features::default(), &Limits::default()).expect("a module")
        };
        let of = |operator: &str, text: &str| {
            module(&format!(
                "(module (memory 1) (data (i32.const 16) \"{text}\")
                 (func (export \"f\") (param i32) (result i32) local.get 0 i32.const 3 i32.{operator}))"
            ))
        };
        let report =
            diff(&of("add", "some text"), &of("sub", "some\\1b[31mtext"), &DiffOptions::default());
        let (text, painted) = (report.to_text(), report.to_painted_text(Paint::Colour));
        assert!(!text.contains('\u{1b}') && painted.contains("\u{1b}[31m"), "{painted}");
        assert_eq!(plain(&painted), text);
        for line in painted.lines().filter(|line| line.contains('\u{1b}')) {
            assert!(line.contains("\u{1b}[0m"), "{line:?}");
        }
    }
}
