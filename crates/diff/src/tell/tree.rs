//! A report → a tree: the causes in the order in which a reader would act on them and the counts
//! within the first 40 lines, then each cluster with its causes.
//!
//! ```text
//! different: 4 causes   A … B …   what to look at first   verdict functions others   1. …
//! ```
//!
//! The root's members are the fields of [`Decided`].
//!
//! 1. At most [`LINES_MAX`] lines of text for any report; JSON has all.
//! 2. Code has an offset in each module's column: a line of both has two, a line of one has one.

use crate::judge::verdict::Weight;
use crate::tell::report::{
    Cluster, Decided, Decision, Difference, Kind, Line, Origin, Report, Verdict, plural,
};
use prova_report::{Mark, Node, Paint, Table, Tone};
use serde_json::{Value, to_value};
use std::collections::BTreeMap;

/// Most lines of a text report.
pub(crate) const LINES_MAX: usize = 2000;
/// Clusters listed at the top, and lines of notes among them: with the counts, the first 40 lines.
const TOP: usize = 16;
const NOTES: usize = 3;
/// Clusters told in full, differences listed in each, lines of code of each difference.
const FULL: usize = 60;
const LISTED: usize = 12;
const CODE: usize = 24;
/// Consequences of a cluster that are named.
const FOLDED: usize = 4;

impl Verdict {
    const fn tone(self) -> Tone {
        match self.weight() {
            Weight::Grave => Tone::Grave,
            Weight::Odd => Tone::Warning,
            Weight::Usual => Tone::Notice,
            Weight::Proved => Tone::Calm,
            Weight::None => Tone::Good,
        }
    }
}

impl Decided<'_> {
    /// The report and the decision as a tree.
    pub fn tree(&self) -> Node {
        let report = self.report;
        let sides = [('A', &report.a), ('B', &report.b)].map(|(side, input)| {
            let (bytes, functions) =
                (plural(input.bytes, "byte"), plural(input.functions, "function"));
            format!("{side}: {} ({bytes}, {functions})", input.name)
        });
        let causes = plural(report.clusters.len() as u64, "cause");
        let causes = format!("{causes}; what follows from a cause is folded under it");
        let (verdict, title, tone, words) = match self.decision {
            Decision::Equal => ("equal", "byte for byte".to_owned(), Tone::Good, None),
            Decision::Allowed => {
                ("allowed", causes, Tone::Good, Some("all that differs is allowed"))
            }
            Decision::Different => {
                ("different", causes, Tone::Plain, Some("more differs than is allowed"))
            }
        };
        let words = words.filter(|_| !self.allow.is_empty());
        let words = words.map(|words| format!("--allow {}: {words}", self.allow.join(",")));
        let node = Node {
            numbered: true,
            tone,
            notes: words.into_iter().collect(),
            ..Node::of("diff", title)
        };
        let node = node.with_verdict(verdict).with(to_value(self).unwrap_or(Value::Null));
        let node = node.with_evidence(sides);
        if report.equal { node } else { node.with_children(self.children()) }
    }

    fn children(&self) -> Vec<Node> {
        let clusters = &self.report.clusters;
        let several = (clusters.len() > 1).then(|| self.report.first());
        let mut children: Vec<Node> = several.into_iter().chain([self.report.counted()]).collect();
        let full = clusters.iter().take(FULL).enumerate();
        children.extend(full.map(|(index, cluster)| self.report.cluster(index, cluster)));
        let more = clusters.len().saturating_sub(FULL);
        children.extend((more > 0).then(|| {
            Node::new(format!("… {} (in JSON and HTML)", plural(more as u64, "more cluster")))
        }));
        if self.allow.iter().any(|word| word == "harmless") {
            let lists = [("assumed by", true), ("not covered by", false)];
            let lists = lists.map(|(heading, covered)| {
                let lines = self.report.assumptions(covered);
                Node::new(format!("{heading} --allow harmless")).with_evidence(lines)
            });
            children.extend(lists.into_iter().filter(|list| !list.evidence.is_empty()));
        }
        children
    }
}

impl Report {
    /// The report as a tree, with nothing allowed.
    pub fn tree(&self) -> Node {
        self.decided(&[], &[]).tree()
    }

    /// The report as text.
    pub fn to_text(&self) -> String {
        text(&self.tree(), Paint::Plain)
    }

    /// The first causes in a line each.
    fn first(&self) -> Node {
        let mut table =
            Table { shown: Some(TOP), ..Table::new("", &[">", "verdict", ">places", "cause"]) };
        let mut notes = NOTES;
        for (i, cluster) in self.clusters.iter().enumerate() {
            let mut cause = cluster.cause.clone();
            for note in cluster.notes.iter().take(notes) {
                cause += &format!("\n  {note}");
                notes -= 1;
            }
            let (number, verdict) = (format!("{}.", i + 1), cluster.verdict.name().to_owned());
            let cells = [number, verdict, cluster.sites.to_string(), cause];
            table.push_in(cluster.verdict.tone(), cells, false);
        }
        Node::new("what to look at first").with_table(table)
    }

    fn counted(&self) -> Node {
        let mut table = Table::new("", &["verdict", ">functions", ">others"]);
        for count in &self.counts {
            let verdict = count.verdict.name().to_owned();
            let cells = [verdict, count.functions.to_string(), count.others.to_string()];
            table.push_in(count.verdict.tone(), cells, false);
        }
        Node::new("by verdict").with_table(table)
    }

    fn cluster(&self, index: usize, cluster: &Cluster) -> Node {
        let (causes, rest) = cluster.differences.split_at(cluster.causes);
        let shown = causes.iter().take(LISTED).map(|i| self.differences[*i].node(index < TOP));
        let more = causes.len().saturating_sub(LISTED);
        let more = (more > 0).then(|| Node::new(format!("… {more} more of these")));
        let folded = (!rest.is_empty()).then(|| self.folded(rest));
        let title = format!("{} ({})", cluster.cause, plural(cluster.sites, "place"));
        Node { tone: cluster.verdict.tone(), ..Node::of("cluster", title) }
            .with_verdict(cluster.verdict.name())
            .with_evidence(cluster.notes.iter().cloned())
            .with_children(shown)
            .with_children(more)
            .with_children(folded)
    }

    /// The consequences of a cause: their counts, and the gravest by name.
    fn folded(&self, rest: &[usize]) -> Node {
        let mut gravest: Vec<&Difference> = rest.iter().map(|i| &self.differences[*i]).collect();
        gravest.sort_by_key(|one| std::cmp::Reverse(one.verdict));
        let line = |one: &Difference| {
            let title = format!("{}: {}", named(one), one.summary);
            Node { tone: one.verdict.tone(), ..Node::new(title) }.with_verdict(one.verdict.name())
        };
        let more = rest.len().saturating_sub(FOLDED);
        let title = format!("folded under it: {}", self.folded_words(rest));
        Node::of("folded", title)
            .with_children(gravest.into_iter().take(FOLDED).map(line))
            .with_children((more > 0).then(|| Node::new(format!("… {more} more"))))
    }

    /// How many consequences there are, by verdict, the gravest first.
    pub(crate) fn folded_words(&self, rest: &[usize]) -> String {
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
pub(crate) fn places(difference: &Difference) -> String {
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

impl Difference {
    fn node(&self, code: bool) -> Node {
        let lines = if code { self.code.as_slice() } else { &[] };
        let mut table = Table { shown: Some(CODE), ..Table::new("", &["in A", "in B", ""]) };
        for Line { origin, offset, offset_b, text } in lines {
            let at = format!("{offset:#08x}");
            let at_b = offset_b.map_or(String::new(), |at| format!("{at:#08x}"));
            let (a, b, mark) = match origin {
                Origin::Both => (at, at_b, Mark::None),
                Origin::A => (at, String::new(), Mark::A),
                Origin::B => (String::new(), at, Mark::B),
            };
            table.push([a, b, text.clone()], mark);
        }
        Node::of("difference", format!("{}{}: {}", named(self), places(self), self.summary))
            .with_evidence(self.evidence.iter().cloned())
            .with_table(table)
    }
}

/// A report's tree as text for a terminal: the first `LINES_MAX` lines.
pub fn text(tree: &Node, paint: Paint) -> String {
    let text = tree.to_painted_text(paint);
    match text.match_indices('\n').nth(LINES_MAX - 2) {
        Some((at, _)) if at + 1 < text.len() => {
            format!("{}\n… more (in JSON and HTML)\n", &text[..at])
        }
        _ => text,
    }
}
