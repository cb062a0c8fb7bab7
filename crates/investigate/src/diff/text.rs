//! A report → text: counts and the largest clusters within the first 40 lines, then each cluster
//! with its causes.
//!
//! At most [`LINES_MAX`] lines, whatever the report holds; what is left out is counted.

use super::report::{Cluster, Difference, Kind, Origin, Report, Verdict, plural};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most lines of a text report.
pub(crate) const LINES_MAX: usize = 2000;
/// Clusters listed at the top, and lines of notes among them: with the counts, the first 40 lines.
const TOP: usize = 18;
const NOTES: usize = 7;
/// Clusters told in full, differences listed in each, lines of code of each difference.
const FULL: usize = 60;
const LISTED: usize = 12;
const CODE: usize = 24;

impl Report {
    /// The report as text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.head(&mut out);
        for (i, cluster) in self.clusters.iter().take(FULL).enumerate() {
            self.cluster(&mut out, i, cluster);
        }
        if self.clusters.len() > FULL {
            writeln!(out, "\n{} more clusters (in JSON and HTML).", self.clusters.len() - FULL)
                .ok();
        }
        cut(out)
    }

    fn head(&self, out: &mut String) {
        for (side, input) in [("A", &self.a), ("B", &self.b)] {
            writeln!(
                out,
                "{side}: {} ({} bytes, {} functions)",
                input.name, input.bytes, input.functions
            )
            .ok();
        }
        if self.equal {
            writeln!(out, "The modules are equal, byte for byte.").ok();
            return;
        }
        writeln!(out, "\n{:<16}{:>10}{:>10}", "verdict", "functions", "others").ok();
        for count in &self.counts {
            writeln!(out, "{:<16}{:>10}{:>10}", count.verdict, count.functions, count.others).ok();
        }
        let causes = plural(self.clusters.len() as u64, "cause");
        writeln!(
            out,
            "\n{causes}, the gravest first; what follows from a cause is folded under it:"
        )
        .ok();
        let mut notes = NOTES;
        for (i, cluster) in self.clusters.iter().take(TOP).enumerate() {
            let places = plural(cluster.sites, "place");
            writeln!(out, "{:>3}. {}: {} ({places})", i + 1, cluster.verdict.name(), cluster.cause)
                .ok();
            for note in cluster.notes.iter().take(notes) {
                writeln!(out, "       {note}").ok();
                notes -= 1;
            }
        }
        if self.clusters.len() > TOP {
            writeln!(out, "     and {} more", self.clusters.len() - TOP).ok();
        }
    }

    fn cluster(&self, out: &mut String, index: usize, cluster: &Cluster) {
        writeln!(out, "\n== {}. {}: {}", index + 1, cluster.verdict.name(), cluster.cause).ok();
        for note in &cluster.notes {
            writeln!(out, "  {note}").ok();
        }
        let (causes, rest) = cluster.differences.split_at(cluster.causes);
        for i in causes.iter().take(LISTED) {
            difference(out, &self.differences[*i], index < TOP);
        }
        if causes.len() > LISTED {
            writeln!(out, "  … {} more of these", causes.len() - LISTED).ok();
        }
        if !rest.is_empty() {
            let sites: u64 = rest.iter().map(|i| self.differences[*i].sites).sum();
            let mut counts: BTreeMap<Verdict, u64> = BTreeMap::new();
            for i in rest {
                *counts.entry(self.differences[*i].verdict).or_default() += 1;
            }
            let one = |(verdict, count): (&Verdict, &u64)| format!("{count} {verdict}");
            let counts: Vec<String> = counts.iter().rev().map(one).collect();
            writeln!(
                out,
                "  folded under it: {} with {}: {}",
                plural(rest.len() as u64, "difference"),
                plural(sites, "place"),
                counts.join(", ")
            )
            .ok();
            let mut gravest: Vec<&Difference> =
                rest.iter().map(|i| &self.differences[*i]).collect();
            gravest.sort_by_key(|one| std::cmp::Reverse(one.verdict));
            for folded in gravest.into_iter().take(4) {
                let (verdict, kind) = (folded.verdict, folded.kind.name());
                writeln!(out, "    {verdict}: {kind} {}: {}", folded.name, folded.summary).ok();
            }
            if rest.len() > 4 {
                writeln!(out, "    … {} more", rest.len() - 4).ok();
            }
        }
    }
}

fn difference(out: &mut String, difference: &Difference, code: bool) {
    let place = |index: Option<u64>| match (difference.kind, index) {
        (Kind::Function, Some(index)) => format!("func{index}"),
        (_, Some(index)) => index.to_string(),
        (_, None) => "-".into(),
    };
    let places = match (difference.a, difference.b) {
        (None, None) => String::new(),
        (a, b) if a == b => format!(" [{}]", place(a)),
        (a, b) => format!(" [{} / {}]", place(a), place(b)),
    };
    writeln!(
        out,
        "  {} {}{places}: {}",
        difference.kind.name(),
        difference.name,
        difference.summary
    )
    .ok();
    for evidence in &difference.evidence {
        writeln!(out, "      {evidence}").ok();
    }
    for line in difference.code.iter().take(if code { CODE } else { 0 }) {
        let sign = match line.origin {
            Origin::Both => ' ',
            Origin::A => '-',
            Origin::B => '+',
        };
        writeln!(out, "    {sign} {:#08x}  {}", line.offset, line.text).ok();
    }
    if code && difference.code.len() > CODE {
        writeln!(out, "      … {} more lines", difference.code.len() - CODE).ok();
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
