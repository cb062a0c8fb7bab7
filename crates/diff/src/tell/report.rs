//! The report: differences with verdict and evidence, folded into clusters by cause.
//!
//! All strings are printable ([`printable`](prova_builds::names::printable)), and everything is in
//! a fixed order: the same two modules give the same bytes.

pub use crate::judge::assumption::Sort;
use crate::judge::verdict::Covered;
pub use crate::judge::verdict::{Kind, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// The cause where only the name of the module, which linkers take from the file, differs.
pub const OWN_NAME: &str = "the module's own name differs";

/// A number of things in words: `1 place`, `2 places`; the plural of `…ch`, `…x` has an `e`.
pub(crate) fn plural(count: u64, what: &str) -> String {
    let ending = match what {
        _ if count == 1 => "",
        what if what.ends_with("ch") || what.ends_with('x') || what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {what}{ending}")
}

/// Which side a line of code is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Both.
    Both,
    /// A alone.
    A,
    /// B alone.
    B,
}

/// A line of code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where it is from.
    pub origin: Origin,
    /// Module offset in A, or in B for a line of B alone.
    pub offset: u32,
    /// Of a line of both, its module offset in B.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_b: Option<u32>,
    /// The operator.
    pub text: String,
}

impl Sort {
    /// The assumption in words, for `count` things.
    fn words(self, count: u64) -> String {
        let (what, that) = match self {
            Sort::Address => ("address", "the number matters to nobody"),
            Sort::Number => ("number that moved", "it is an address, which no access shows"),
            Sort::Stays if count == 1 => ("number that stays", "it is no address"),
            Sort::Stays => ("number that stay", "it is no address"),
            Sort::Slot => ("number", "it is a slot of a table"),
            Sort::Room => ("number", "it is what is left of memory"),
            Sort::Apart => ("address behind the data", "it is one object that moved otherwise"),
            Sort::Length => ("number", "it is the length of a text that grew"),
            Sort::Grew => ("word of data", "it is the length of a text that grew"),
            Sort::Padding => ("row of zeros", "nobody reads it"),
            Sort::Stack => {
                ("stack pointer", "the numbers of addresses on the stack matter to nobody")
            }
            Sort::StackRoom => ("stack", "the room that is left is enough"),
            Sort::Global => ("global", "its initial value is an address, or none, as it moved"),
            Sort::Table => ("table", "nobody sees the order of its slots"),
            Sort::Debug => ("address in debug information", "it is that of the same variable"),
            Sort::Pages => ("size of memory", "the number of pages matters to nobody"),
            Sort::End => ("number", "it is where memory or the stack ends"),
            Sort::Copy => ("address of a copy", "what is there is read alone"),
            Sort::Path => ("path", "the program only shows it"),
            Sort::Reach => ("address with an index", "the index stays in its object"),
        };
        let whats = match what.split_once(' ') {
            Some((noun, rest)) if count != 1 => format!("{} {rest}", plural(count, noun)),
            _ => plural(count, what),
        };
        format!("{whats}: assumed that {that}")
    }
}

/// The assumptions of one sort in a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assumed {
    /// The sort.
    pub sort: Sort,
    /// Whether `--allow harmless` covers it.
    pub covered: bool,
    /// Of how many things.
    pub count: u64,
    /// The first number or address, in A.
    pub a: u64,
    /// The same in B.
    pub b: u64,
    /// The numbers or addresses in A and in B, each pair once, in order, and at most
    /// 256 of them.
    pub numbers: Vec<(u64, u64)>,
}

/// Maximum number of pairs in [`Assumed::numbers`].
pub(crate) const NUMBERS_MAX: usize = 256;
/// Maximum number of a sort's numbers that text lists.
const LISTED_MAX: usize = 16;

/// How `--allow` decides of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The modules are equal byte for byte.
    Equal,
    /// All that differs is allowed.
    Allowed,
    /// More differs than is allowed.
    Different,
}

/// A report with the allowed differences and the decision.
#[derive(Clone, Debug, Serialize)]
pub struct Decided<'r> {
    #[serde(flatten)]
    pub(crate) report: &'r Report,
    /// The allowed differences, as the user wrote them.
    pub allow: &'r [String],
    /// How that decided.
    pub decision: Decision,
    /// The assumptions by sort: those that `--allow harmless` covers, and those that it does not.
    pub assumed: Vec<Assumed>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The verdict.
    pub verdict: Verdict,
    /// The kind of thing that differs.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its index or address in A; `None` if it is in B alone.
    pub a: Option<u64>,
    /// Its index or address in B; `None` if it is in A alone.
    pub b: Option<u64>,
    /// The difference in a few words.
    pub summary: String,
    /// Why the verdict is this one.
    pub evidence: Vec<String>,
    /// The assumptions, by sort.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<Assumed>,
    /// Aligned code, where code differs; may be cut.
    pub code: Vec<Line>,
    /// How many places differ: operators, words, bytes.
    pub sites: u64,
    /// The cluster it is in.
    pub cluster: usize,
}

/// Differences with one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// The gravest verdict among its causes. Their consequences keep their own.
    pub verdict: Verdict,
    /// The cause, in a line.
    pub cause: String,
    /// Its differences, the causes first.
    pub differences: Vec<usize>,
    /// How many of them are causes.
    pub causes: usize,
    /// How many places differ in all.
    pub sites: u64,
    /// Common features of many causes: the crates that they are in, fields that moved.
    pub notes: Vec<String>,
}

/// A module as the report names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// The module's own name or the file's, as given.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Functions, imports included.
    pub functions: u64,
}

/// How many things got a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The verdict.
    pub verdict: Verdict,
    /// Functions.
    pub functions: u64,
    /// Everything else.
    pub others: u64,
}

/// All differences of two modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The first module.
    pub a: Input,
    /// The second.
    pub b: Input,
    /// Whether the modules are byte for byte equal.
    pub equal: bool,
    /// How many things got each verdict, in order of verdicts; those with none are absent.
    pub counts: Vec<Count>,
    /// Clusters in the order in which a reader acts on them: own code, then imports, exports and
    /// declarations, libraries, data, custom sections, and last harmless ones. Among these the
    /// gravest verdict is first, then the most places.
    pub clusters: Vec<Cluster>,
    /// All differences; clusters refer to them.
    pub differences: Vec<Difference>,
}

/// A class of differences that the user accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Differences of this verdict.
    Verdict(Verdict),
    /// Custom sections of this name.
    Custom(String),
    /// Differences that an honest build makes: proved ones, paths, producers, and the sorts of
    /// assumptions that an edit of a few bytes does not look like ([`Assumed::covered`]).
    Harmless,
}

impl Allow {
    /// `harmless`, `layout-only`, `path` (or `paths`), `custom:producers`, …
    pub fn parse(text: &str) -> Option<Allow> {
        if let Some(name) = text.strip_prefix("custom:") {
            return (!name.is_empty()).then(|| Allow::Custom(name.to_owned()));
        }
        if text == "harmless" {
            return Some(Allow::Harmless);
        }
        Some(Allow::Verdict(Verdict::parse(if text == "paths" { "path" } else { text })?))
    }
}

impl Difference {
    /// Whether `--allow harmless` covers it.
    pub fn is_harmless(&self) -> bool {
        match self.verdict.covered() {
            Covered::Always => true,
            Covered::Assumptions => {
                !self.assumed.is_empty() && self.assumed.iter().all(|one| one.covered)
            }
            Covered::Never => false,
        }
    }
}

impl Report {
    /// A line for each sort of assumptions that `--allow harmless` covers (or does not): the count,
    /// and the first place.
    pub fn assumptions(&self, covered: bool) -> Vec<String> {
        let mut sorts: BTreeMap<Sort, (u64, &Assumed, &Difference)> = BTreeMap::new();
        for difference in &self.differences {
            for one in difference.assumed.iter().filter(|one| one.covered == covered) {
                sorts.entry(one.sort).or_insert((0, one, difference)).0 += one.count;
            }
        }
        let mut lines = Vec::new();
        for (sort, (count, first, difference)) in sorts {
            let place = format!("{} {}", difference.kind.name(), difference.name);
            let words = sort.words(count);
            lines.push(match (first.a, first.b) {
                (0, 0) => format!("{words} (first in {place})"),
                (a, b) => format!("{words} (first {a} → {b}, in {place})"),
            });
            if !covered {
                lines.extend(self.numbers(sort));
            }
        }
        lines
    }

    /// The numbers behind the first that are assumed of a sort, and are not covered: each with the
    /// place where it is met first.
    fn numbers(&self, sort: Sort) -> Vec<String> {
        let mut places: BTreeMap<(u64, u64), &Difference> = BTreeMap::new();
        for difference in self.differences.iter().rev() {
            let all = difference.assumed.iter().filter(|one| one.sort == sort && !one.covered);
            places.extend(all.flat_map(|one| &one.numbers).map(|pair| (*pair, difference)));
        }
        let count = places.len();
        if count < 2 {
            return Vec::new();
        }
        let line = |((a, b), difference): (&(u64, u64), &&Difference)| {
            format!("  {a} → {b}, in {} {}", difference.kind.name(), difference.name)
        };
        let mut lines: Vec<String> = places.iter().take(LISTED_MAX).map(line).collect();
        if count > LISTED_MAX {
            lines.push(format!("  … {} more", count - LISTED_MAX));
        }
        lines
    }

    /// The report with how `allow` decides; `words` are what was written for it.
    pub fn decided<'r>(&'r self, allow: &[Allow], words: &'r [String]) -> Decided<'r> {
        let decision = match (self.equal, self.allowed(allow)) {
            (true, _) => Decision::Equal,
            (false, true) => Decision::Allowed,
            (false, false) => Decision::Different,
        };
        let mut sorts: BTreeMap<(Sort, bool), Assumed> = BTreeMap::new();
        for one in self.differences.iter().flat_map(|difference| &difference.assumed) {
            match sorts.get_mut(&(one.sort, one.covered)) {
                Some(all) => {
                    all.count += one.count;
                    let room = NUMBERS_MAX.saturating_sub(all.numbers.len());
                    all.numbers.extend(one.numbers.iter().take(room));
                }
                None => _ = sorts.insert((one.sort, one.covered), one.clone()),
            }
        }
        Decided { report: self, allow: words, decision, assumed: sorts.into_values().collect() }
    }

    /// Whether a custom section of this name differs.
    pub fn has_custom(&self, name: &str) -> bool {
        let mut differences = self.differences.iter();
        differences.any(|one| one.kind == Kind::Custom && one.name == name)
    }

    /// Whether the modules are equal except for allowed differences. Each difference counts by its
    /// own verdict, also one that follows from another.
    pub fn allowed(&self, allow: &[Allow]) -> bool {
        let one = |difference: &Difference| {
            let by = |allow: &Allow| match allow {
                Allow::Verdict(verdict) => *verdict == difference.verdict,
                Allow::Custom(name) => difference.kind == Kind::Custom && *name == difference.name,
                Allow::Harmless => difference.is_harmless(),
            };
            allow.iter().any(by)
        };
        self.equal || self.differences.iter().all(one)
    }

    /// The exit code of a comparing command: 0 equal (except for allowed differences), 1 different.
    pub fn exit_code(&self, allow: &[Allow]) -> u8 {
        u8::from(!self.allowed(allow))
    }
}
