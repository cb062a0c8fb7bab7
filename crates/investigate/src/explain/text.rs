//! An [`Explanation`] → text, JSON, or the page of `diff` with the causes in it.
//!
//! All strings are printable already; the order is the order of the clusters, and nothing depends
//! on time.

use super::{Cause, Explanation, Member, PassFound, Stage, User, Uses};
use prova_builds::names::counted;
use prova_builds::passes::LINE_CHARS_MAX;
use prova_diff::Report;
use std::fmt::Write as _;

impl Stage {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Source => "source",
            Stage::Pass => "compiler pass",
            Stage::Link => "linker",
            Stage::Unknown => "not known",
        }
    }
}

impl Explanation {
    /// The explanation as text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for (letter, input) in [('A', &self.diff.a), ('B', &self.diff.b)] {
            writeln!(
                out,
                "{letter}: {} ({}, {})",
                input.name,
                counted(input.bytes, "byte"),
                counted(input.functions, "function")
            )
            .ok();
        }
        if self.diff.equal {
            out.push_str("equal, byte for byte\n");
        } else {
            let count = self.causes.len();
            writeln!(out, "different: {count} cause{}", if count == 1 { "" } else { "s" }).ok();
        }
        for (number, cause) in self.causes.iter().enumerate() {
            writeln!(out, "\n{}. {}: {}", number + 1, cause.verdict, cause.cause).ok();
            cause_text(&mut out, cause);
        }
        for note in &self.notes {
            writeln!(out, "\nnote: {note}").ok();
        }
        out
    }

    /// The explanation as JSON: causes, notes and the whole comparison.
    ///
    /// # Errors
    /// The serialiser's; none is known.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// The page of `diff`, in which each cluster says its stage and what to do.
    pub fn to_html(&self) -> String {
        self.enriched().to_html()
    }

    /// The comparison with what was found added to the evidence of each cluster's first difference.
    fn enriched(&self) -> Report {
        let mut report = self.diff.clone();
        for (cluster, cause) in self.diff.clusters.iter().zip(&self.causes) {
            let mut lines = String::new();
            cause_text(&mut lines, cause);
            let Some(first) = cluster.differences.first() else { continue };
            let Some(difference) = report.differences.get_mut(*first) else { continue };
            let known = difference.evidence.clone();
            let new = lines
                .lines()
                .map(|line| line.trim().to_owned())
                .filter(|line| !known.contains(line));
            difference.evidence.extend(new);
        }
        report
    }
}

fn cause_text(out: &mut String, cause: &Cause) {
    for member in &cause.members {
        member_text(out, member);
    }
    let more = cause.differences.saturating_sub(cause.members.len());
    if more > 0 {
        writeln!(
            out,
            "   and {more} difference{} more of this cause",
            if more == 1 { "" } else { "s" }
        )
        .ok();
    }
    for note in &cause.notes {
        writeln!(out, "   note: {note}").ok();
    }
    writeln!(out, "   stage: {}: {}", cause.stage.name(), cause.because).ok();
    for found in &cause.passes {
        pass_text(out, found);
    }
    for line in cause.features.iter().flat_map(|leak| leak.lines()) {
        writeln!(out, "     {line}").ok();
    }
    for advice in &cause.advice {
        writeln!(out, "   what to do: {advice}").ok();
    }
}

fn member_text(out: &mut String, member: &Member) {
    writeln!(out, "   where: {} {}: {}", member.kind.name(), member.name, member.summary).ok();
    for line in &member.evidence {
        writeln!(out, "     {line}").ok();
    }
    for User { function, a, b } in &member.users {
        match a == b {
            true => writeln!(out, "     used by {function}: {}", touches(*a)).ok(),
            false => {
                writeln!(out, "     used by {function}: in A {}; in B {}", touches(*a), touches(*b))
                    .ok()
            }
        };
    }
}

/// How often code reads and writes an address, and lets it escape.
fn touches(Uses { reads, writes, escapes }: Uses) -> String {
    let counted = |count: usize, what: &str| counted(count as u64, what);
    match (reads, writes, escapes) {
        (0, 0, 0) => "not at all".into(),
        _ => format!(
            "{}, {}, {} of the address",
            counted(reads, "read"),
            counted(writes, "write"),
            counted(escapes, "escape")
        ),
    }
}

fn pass_text(out: &mut String, found: &PassFound) {
    let dumps = match found.dumps {
        (a, b) if a == b => format!("dump {a} of both logs"),
        (a, b) => format!("dump {a} of log A, {b} of log B"),
    };
    let before = if found.before { "before " } else { "" };
    let names = if found.structural { "" } else { " (names only)" };
    writeln!(out, "     function {}: {before}{}, {dumps}{names}", found.function, found.pass).ok();
    for (sign, line) in [('-', &found.lines.0), ('+', &found.lines.1)] {
        if let Some((number, text)) = line {
            let shown: String = text.chars().take(LINE_CHARS_MAX).collect();
            writeln!(out, "       {sign} {number}: {shown}").ok();
        }
    }
    match &found.healed {
        Some(pass) => writeln!(out, "       healed: equal again from {pass}").ok(),
        None => writeln!(out, "       the difference stays to the end of the log").ok(),
    };
}
