//! An [`Explanation`] → a tree, or the page of `diff` with the causes in it.
//!
//! The order is the order of the clusters, and nothing depends on time. The root's members are the
//! causes and the whole comparison.

use super::{Cause, Explanation, Member, PassFound, Stage, User, Uses};
use prova_builds::names::counted;
use prova_builds::passes::LINE_CHARS_MAX;
use prova_diff::Report;
use prova_report::{Mark, Node, Table};
use serde_json::json;

impl Stage {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Source => "source",
            Stage::Symbols => "compiler's symbols",
            Stage::Pass => "compiler pass",
            Stage::Link => "linker",
            Stage::Unknown => "not known",
        }
    }
}

impl Explanation {
    /// The explanation as a tree.
    pub fn tree(&self) -> Node {
        let sides = [('A', &self.diff.a), ('B', &self.diff.b)].map(|(letter, input)| {
            let (bytes, functions) =
                (counted(input.bytes, "byte"), counted(input.functions, "function"));
            format!("{letter}: {} ({bytes}, {functions})", input.name)
        });
        let (verdict, title) = match self.diff.equal {
            true => ("equal", "byte for byte".to_owned()),
            false => ("different", counted(self.causes.len() as u64, "cause")),
        };
        Node { notes: self.notes.clone(), numbered: true, ..Node::of("explanation", title) }
            .with_verdict(verdict)
            .with(json!({ "causes": self.causes, "diff": self.diff }))
            .with_evidence(sides)
            .with_children(self.causes.iter().map(Cause::node))
    }

    /// The page of `diff`, in which each cluster says its stage and what to do.
    pub fn to_html(&self) -> String {
        self.enriched().to_html()
    }

    /// The comparison with what was found added to the evidence of each cluster's first difference.
    fn enriched(&self) -> Report {
        let mut report = self.diff.clone();
        for (cluster, cause) in self.diff.clusters.iter().zip(&self.causes) {
            let Some(first) = cluster.differences.first() else { continue };
            let Some(difference) = report.differences.get_mut(*first) else { continue };
            let (text, known) = (cause.node().to_text(), difference.evidence.clone());
            let lines = text.lines().skip(1).map(|line| line.trim().to_owned());
            let new = lines.filter(|line| !line.is_empty() && !known.contains(line));
            difference.evidence.extend(new);
        }
        report
    }
}

impl Cause {
    fn node(&self) -> Node {
        let more = self.differences.saturating_sub(self.members.len());
        let more = (more > 0).then(|| {
            let what = if more == 1 { "difference" } else { "differences" };
            Node::new(format!("and {more} {what} more of this cause"))
        });
        let stage = Node::of("stage", format!("stage: {}: {}", self.stage.name(), self.because))
            .with_children(self.passes.iter().map(PassFound::node))
            .with_evidence(self.features.iter().flat_map(|leak| leak.lines()).map(str::to_owned));
        let advice = self.advice.iter().map(|advice| format!("what to do: {advice}"));
        Node { notes: self.notes.clone(), ..Node::of("cause", &self.cause) }
            .with_verdict(self.verdict.to_string())
            .with_children(self.members.iter().map(Member::node))
            .with_children(more)
            .with_children([stage])
            .with_children(advice.map(Node::new))
    }
}

impl Member {
    fn node(&self) -> Node {
        let users = self.users.iter().map(|User { function, a, b }| match a == b {
            true => format!("used by {function}: {}", touches(*a)),
            false => format!("used by {function}: in A {}; in B {}", touches(*a), touches(*b)),
        });
        Node::of("member", format!("where: {} {}: {}", self.kind.name(), self.name, self.summary))
            .with_evidence(self.evidence.iter().cloned())
            .with_evidence(users)
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

impl PassFound {
    fn node(&self) -> Node {
        let dumps = match self.dumps {
            (a, b) if a == b => format!("dump {a} of both logs"),
            (a, b) => format!("dump {a} of log A, {b} of log B"),
        };
        let before = if self.before { "before " } else { "" };
        let names = if self.structural { "" } else { " (names only)" };
        let mut lines = Table::new("", &[">", ""]);
        for (mark, line) in [(Mark::A, &self.lines.0), (Mark::B, &self.lines.1)] {
            if let Some((number, text)) = line {
                let shown: String = text.chars().take(LINE_CHARS_MAX).collect();
                lines.push([number.to_string(), shown], mark);
            }
        }
        let fate = match &self.healed {
            Some(pass) => format!("healed: equal again from {pass}"),
            None => "the difference stays to the end of the log".to_owned(),
        };
        let PassFound { function, pass, .. } = self;
        Node::of("pass", format!("function {function}: {before}{pass}, {dumps}{names}"))
            .with_evidence([fate])
            .with_table(lines)
    }
}
