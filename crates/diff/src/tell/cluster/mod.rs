//! Outcomes of functions, data and sections → differences in clusters, each with one cause.
//!
//! The steps run in order: data first, because moves follow from data that grew; functions next;
//! then the rest. A *cause* opens or joins a cluster by its key. A *consequence* joins the cluster
//! of its cause and does not change the cluster's verdict.

mod data;
mod location;
mod types;

use crate::judge::compare::{Change, Outcome};
use crate::judge::finding::Found;
use crate::judge::{Outcomes, whole};
use crate::pair::align::increasing;
use crate::pair::matching::Matching;
use crate::pair::side::Side;
use crate::tell::assumed::sorts;
use crate::tell::cause::Cause;
use crate::tell::code::{code, lines};
use crate::tell::notes::{notes, tools};
use crate::tell::rank::{rank, sort_causes};
use crate::tell::report::{
    Cluster, Count, Difference, Input, Kind, Line, OWN_NAME, Origin, Report, Verdict,
};
use crate::tell::words::function::{Words, edit, fields, words};
use crate::tell::words::{section, unequal};
use prova_builds::names::{demangle, printable};
use prova_module::Module;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The cause of functions that are the same, though what they access moved.
pub const STAYED: &str = "functions that stay the same where what they access moved";
/// The cause of functions whose symbols differ in a hash or suffix.
pub const HASHES: &str = "hashes or suffixes of symbols differ";
/// The cause of functions with other names.
pub const RENAMED: &str = "functions renamed";
/// How causes begin whose functions differ in numbers alone.
pub const OPERANDS: &str = "same operators, other operands: ";
/// How the cause begins where one constant differs.
pub const CONSTANT: &str = "constant changed: ";
/// How the cause begins where one constant of each function differs.
pub const CONSTANTS: &str = "one constant changed in each";

/// Most differences whose aligned code is kept.
const CODE_MAX: usize = 400;
/// Most runs of bytes whose users are looked up: each look-up reads all code.
const XREFS_MAX: usize = 2;
/// Most clusters of one kind of cause that stand by themselves; more are one cluster.
const ALONE_MAX: usize = 8;
/// Maximum number of unexplained runs of bytes of one segment that are reported one by one.
const RUNS_MAX: usize = 24;
/// Maximum number of functions of one side alone whose code is shown, and of lines of each.
const BODIES_MAX: usize = 40;
const BODY_LINES: usize = 24;
/// Kinds of causes that occur too often for a cluster each.
#[derive(Default)]
struct Folded {
    constants: bool,
    operators: bool,
    inlined: bool,
    types: bool,
    /// Segments with too many unexplained runs.
    segments: BTreeSet<u32>,
    /// Paths that grew by too many different lengths.
    paths: bool,
}

/// The finding about a pair of functions, and its words.
pub(crate) struct Told<'o> {
    pub(crate) funcs: (u32, u32),
    pub(crate) outcome: &'o Outcome,
    words: Words,
}

/// Words all findings about functions, in parallel.
pub(crate) fn told<'o>(sides: (&Side<'_>, &Side<'_>), outcomes: &'o Outcomes) -> Vec<Told<'o>> {
    let one = |(a, b, outcome): &'o (u32, u32, Option<Outcome>)| {
        let (funcs, outcome) = ((*a, *b), outcome.as_ref()?);
        Some(Told { funcs, outcome, words: words(sides, funcs, outcome) })
    };
    outcomes.par_iter().filter_map(one).collect()
}

pub(crate) struct Clusterer<'s, 'm> {
    sides: (&'s Side<'m>, &'s Side<'m>),
    /// Most lines of aligned code of one function.
    code_lines: usize,
    partners: &'s Matching,
    differences: Vec<Difference>,
    /// Clusters with their causes; what follows from them is in `follows` until the report is
    /// written.
    clusters: Vec<Cluster>,
    follows: Vec<Vec<usize>>,
    keys: BTreeMap<String, usize>,
    /// A's address behind each growth of data, with its growth and cluster.
    growth: Vec<(u64, i64, usize)>,
    /// The first cluster of each growth.
    grown: HashMap<i64, usize>,
    /// The cluster that renumbering follows from.
    renumbering: Option<usize>,
    /// The first cluster of code that changed.
    first_code: Option<usize>,
    /// The first cluster of code that does something else, or that one side alone has.
    first_changed: Option<usize>,
    /// By definition of a type that changed, its cluster.
    types: Vec<Option<usize>>,
    with_code: usize,
    /// Runs of bytes whose users were looked up.
    xrefs: usize,
    others: BTreeMap<Verdict, u64>,
    folded: Folded,
    /// The cluster of each function that one side alone has: whether that is A, and its index.
    alone: HashMap<(bool, u32), usize>,
    /// By cluster, how often which field offset became which.
    fields: BTreeMap<usize, BTreeMap<(u64, u64), u32>>,
    /// Distances of fields that change places in code, and the operands of that code's cluster.
    exchanged: Vec<(u64, String)>,
}

impl<'s, 'm> Clusterer<'s, 'm> {
    pub(crate) fn new(
        sides: (&'s Side<'m>, &'s Side<'m>),
        partners: &'s Matching,
        code_lines: usize,
    ) -> Clusterer<'s, 'm> {
        Clusterer {
            sides,
            code_lines,
            partners,
            differences: Vec::new(),
            clusters: Vec::new(),
            follows: Vec::new(),
            keys: BTreeMap::new(),
            growth: Vec::new(),
            grown: HashMap::new(),
            renumbering: None,
            first_code: None,
            first_changed: None,
            types: Vec::new(),
            with_code: 0,
            xrefs: 0,
            others: BTreeMap::new(),
            folded: Folded::default(),
            alone: HashMap::new(),
            fields: BTreeMap::new(),
            exchanged: Vec::new(),
        }
    }

    /// The cluster of this key, opened if it is new.
    fn cluster(&mut self, key: &str, cause: impl FnOnce() -> String) -> usize {
        if let Some(found) = self.keys.get(key) {
            return *found;
        }
        let index = self.clusters.len();
        let (verdict, differences) = (Verdict::Identical, Vec::new());
        let (cause, notes) = (cause(), Vec::new());
        self.clusters.push(Cluster { verdict, cause, differences, causes: 0, sites: 0, notes });
        self.follows.push(Vec::new());
        self.keys.insert(key.to_owned(), index);
        index
    }

    /// Adds a difference; a cause weighs in its cluster's verdict.
    fn add(&mut self, mut difference: Difference, cluster: usize, cause: bool) {
        difference.cluster = cluster;
        if !difference.code.is_empty() {
            self.with_code += 1;
            if self.with_code > CODE_MAX {
                difference.code.clear();
            }
        }
        if difference.kind != Kind::Function {
            *self.others.entry(difference.verdict).or_default() += 1;
        }
        let target = &mut self.clusters[cluster];
        target.sites += difference.sites;
        if cause {
            target.causes += 1;
            target.verdict = target.verdict.max(difference.verdict);
            target.differences.push(self.differences.len());
        } else {
            self.follows[cluster].push(self.differences.len());
        }
        self.differences.push(difference);
    }

    /// Functions: added, removed, renamed, reordered, and what was found for each pair.
    pub(crate) fn functions(&mut self, outcomes: &Outcomes, told: &[Told<'_>]) {
        let callees = |wanted: bool| -> HashMap<u32, String> {
            let one = |told: &Told<'_>| match (&told.words.cause, &told.outcome.change) {
                (Cause::Inlined(name, into_a), Change::Inlined(_, found)) if *into_a == wanted => {
                    Some((found.callee, name.clone()))
                }
                _ => None,
            };
            told.iter().filter_map(one).collect()
        };
        let (inlined, outlined) = (callees(false), callees(true));
        self.fold(told);
        self.types(told);
        self.alone(true, &inlined);
        self.alone(false, &outlined);
        self.reordered();
        told.iter().for_each(|one| self.outcome(one));
        self.renamed(outcomes);
    }

    /// Decides which causes are too many for a cluster each.
    fn fold(&mut self, told: &[Told<'_>]) {
        let (mut constants, mut operators, mut inlined) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for one in told {
            match &one.words.cause {
                Cause::Constant(a, b) => drop(constants.insert((a, b))),
                Cause::Operator(a, b) => drop(operators.insert((a, b))),
                Cause::Inlined(name, outlined) => drop(inlined.insert((name, outlined))),
                _ => {}
            }
        }
        self.folded.constants = constants.len() > ALONE_MAX;
        self.folded.operators = operators.len() > ALONE_MAX;
        self.folded.inlined = inlined.len() > ALONE_MAX;
    }

    /// The cluster of an inlining.
    fn inlining(&mut self, name: &str, outlined: bool) -> usize {
        match (self.folded.inlined, outlined) {
            (true, false) => {
                self.cluster("inlined", || "functions inlined into their callers".into())
            }
            (true, true) => {
                self.cluster("outlined", || "functions called where A has their bodies".into())
            }
            (false, false) => self.cluster(&format!("inlined {name}"), || {
                format!("`{name}` inlined into its callers")
            }),
            (false, true) => self.cluster(&format!("outlined {name}"), || {
                format!("`{name}` is called where A has its body")
            }),
        }
    }

    /// Functions of one side only.
    fn alone(&mut self, in_a: bool, inlined: &HashMap<u32, String>) {
        let (side, partners) = if in_a {
            (self.sides.0, &self.partners.a_to_b)
        } else {
            (self.sides.1, &self.partners.b_to_a)
        };
        let alone: Vec<u32> =
            (0..partners.len() as u32).filter(|func| partners[*func as usize].is_none()).collect();
        for func in alone {
            if side.is_import(func) {
                // The import section's difference says it; indices follow from it.
                let cluster = self.cluster("imports", || "imports differ".into());
                self.renumbering.get_or_insert(cluster);
                continue;
            }
            let which = if in_a { "A" } else { "B" };
            let mut difference = plain(Verdict::Changed, Kind::Function, side.func_name(func));
            if in_a {
                difference.a = Some(func.into())
            } else {
                difference.b = Some(func.into())
            }
            difference.summary = format!("only in {which}");
            difference.sites = 1;
            let cluster = match inlined.get(&func) {
                Some(name) => self.inlining(name, !in_a),
                None if in_a => self
                    .cluster("removed", || "functions only in A; later indices renumbered".into()),
                None => {
                    self.cluster("added", || "functions only in B; later indices renumbered".into())
                }
            };
            self.renumbering.get_or_insert(cluster);
            self.first_code.get_or_insert(cluster);
            self.alone.insert((in_a, func), cluster);
            self.first_changed.get_or_insert(cluster);
            if self.alone.len() <= BODIES_MAX {
                let origin = if in_a { Origin::A } else { Origin::B };
                let line = |(offset, text)| Line { origin, offset, offset_b: None, text };
                difference.code = lines(side, func, 0..BODY_LINES).into_iter().map(line).collect();
            }
            self.add(difference, cluster, true);
        }
    }

    /// Records fields that swap places in code that is otherwise the same. For each pair of offsets
    /// that occurs in both directions it keeps the distance and the kind of operands that names the
    /// code's cluster. It runs before [`Self::data`], which looks the distances up.
    pub(crate) fn exchanges(&mut self, told: &[Told<'_>]) {
        let mut pairs: BTreeMap<(u64, u64), &str> = BTreeMap::new();
        for one in told {
            if let (Cause::Operands(kind), Some(fields)) = (&one.words.cause, fields(one.outcome)) {
                fields.keys().for_each(|pair| _ = pairs.entry(*pair).or_insert(kind));
            }
        }
        let both = pairs.iter().filter(|((x, y), _)| x < y && pairs.contains_key(&(*y, *x)));
        self.exchanged = both.map(|((x, y), kind)| (y - x, (*kind).to_owned())).collect();
    }

    /// Functions that stand at another place among their neighbours.
    fn reordered(&mut self) {
        let defined = self.partners.a_to_b.iter().enumerate();
        let pairs: Vec<(usize, usize)> = defined
            .filter(|(a, _)| !self.sides.0.is_import(*a as u32))
            .filter_map(|(a, b)| Some((a, (*b)? as usize)))
            .collect();
        let stay: HashSet<usize> = increasing(pairs.clone()).into_iter().map(|(a, _)| a).collect();
        for (a, b) in pairs.into_iter().filter(|(a, _)| !stay.contains(a)) {
            let cluster = self
                .cluster("reordered", || "functions in another order; indices renumbered".into());
            self.renumbering.get_or_insert(cluster);
            let mut difference =
                plain(Verdict::Renumbered, Kind::Function, self.sides.0.func_name(a as u32));
            (difference.a, difference.b) = (Some(a as u64), Some(b as u64));
            difference.summary = "stands at another place".into();
            difference.sites = 1;
            self.add(difference, cluster, true);
        }
    }

    /// Whether a difference may follow from a cluster's cause. A difference that is not proved
    /// harmless does not follow from one that is.
    fn weighs(&self, root: usize, verdict: Verdict) -> bool {
        let root = self.clusters[root].verdict;
        let proved = matches!(root, Verdict::Renumbered | Verdict::Moved | Verdict::LayoutOnly);
        !(proved && verdict >= Verdict::AssumedMoved)
    }

    fn outcome(&mut self, Told { funcs, outcome, words }: &Told<'_>) {
        let code = match edit(outcome) {
            Some(edit) if self.with_code < CODE_MAX => {
                code(self.sides, *funcs, edit, self.code_lines)
            }
            Some(_) | None => Vec::new(),
        };
        let difference = Difference {
            verdict: outcome.verdict,
            kind: Kind::Function,
            name: self.sides.0.func_name(funcs.0),
            a: Some(funcs.0.into()),
            b: Some(funcs.1.into()),
            summary: words.summary.clone(),
            evidence: words.evidence.clone(),
            code,
            assumed: sorts(&outcome.taken),
            sites: words.sites,
            cluster: 0,
        };
        let (cluster, cause) = self.place(outcome, &words.cause);
        if outcome.verdict.is_of_code() {
            self.first_code.get_or_insert(cluster);
        }
        if outcome.verdict == Verdict::Changed {
            self.first_changed.get_or_insert(cluster);
        }
        self.add(difference, cluster, cause);
    }

    /// The first cluster whose cause made addresses move.
    fn moving(&self) -> Option<usize> {
        let grown = self.growth.first().map(|(_, _, cluster)| *cluster);
        let moved = || self.keys.iter().find(|(key, _)| key.starts_with("moved "));
        grown.or_else(|| moved().map(|(_, cluster)| *cluster))
    }

    /// The cluster of an outcome, and whether it is itself the cause.
    fn place(&mut self, outcome: &Outcome, cause: &Cause) -> (usize, bool) {
        let (key, text) = match cause {
            Cause::Renumbered | Cause::Slots
                if self.renumbering.is_some_and(|root| self.weighs(root, outcome.verdict)) =>
            {
                return (self.renumbering.unwrap_or_default(), false);
            }
            Cause::Type(root) => {
                let known = self.types.get(*root as usize).copied().flatten();
                return (known.unwrap_or_else(|| self.of_types()), false);
            }
            Cause::Moved(address, delta) => return self.moved(*address, *delta),
            Cause::Length(by) => {
                if let Some(cluster) = self.grown.get(by) {
                    return (*cluster, false);
                }
                let text = || format!("lengths of strings, {by:+}");
                return (self.cluster(&format!("length {by}"), text), true);
            }
            Cause::Inlined(name, outlined) => return (self.inlining(name, *outlined), true),
            Cause::Operands(kind) => {
                let none = BTreeMap::new();
                return (self.operands(kind, fields(outcome).unwrap_or(&none)), true);
            }
            Cause::Operator(a, b) if !self.folded.operators => {
                let text = || format!("operator changed: {a} → {b}");
                return (self.cluster(&format!("op {a} {b}"), text), true);
            }
            Cause::Constant(a, b) if !self.folded.constants => {
                let text = || format!("{CONSTANT}{a} → {b}");
                return (self.cluster(&format!("const {a} {b}"), text), true);
            }
            Cause::Renumbered => ("renumbered", "indices renumbered"),
            Cause::Slots => ("slots", "numbers of table slots changed"),
            Cause::Stayed => ("stayed", STAYED),
            Cause::Locals => ("locals", "locals renamed"),
            Cause::Layout { states: true } => {
                ("states", "dispatcher states permuted (iteration order in the compiler)")
            }
            Cause::Layout { states: false } => ("blocks", "blocks in another order"),
            Cause::Operator(..) => ("operators", "one operator changed in each"),
            Cause::Constant(..) => ("constants", CONSTANTS),
            Cause::Signature => ("signature", "functions of another type"),
            Cause::Body { slight: true } => {
                ("slight", "functions rewritten in part: less than a tenth of their operators")
            }
            Cause::Body { slight: false } => ("bodies", "functions rewritten"),
        };
        (self.cluster(key, || text.to_owned()), true)
    }

    /// The cluster of a path that grew, in data or in debug information, and whether the difference
    /// with this verdict is itself the cause.
    fn path(&mut self, by: i64, verdict: Verdict) -> (usize, bool) {
        if let Some(cluster) = self.grown.get(&by) {
            return (*cluster, false);
        }
        let cluster = self.cluster(&format!("path string {by}"), || {
            format!("path string {}", data::by_words(by))
        });
        (cluster, verdict == Verdict::Path)
    }

    /// The cluster of operands of one kind.
    fn operands(&mut self, kind: &str, fields: &BTreeMap<(u64, u64), u32>) -> usize {
        let cluster = self.cluster(&format!("operands {kind}"), || format!("{OPERANDS}{kind}"));
        let known = self.fields.entry(cluster).or_default();
        for (pair, count) in fields {
            *known.entry(*pair).or_default() += count;
        }
        cluster
    }

    /// Partners with different symbols.
    fn renamed(&mut self, outcomes: &Outcomes) {
        for (a, b, _) in outcomes {
            let (Some(x), Some(y)) = (self.sides.0.symbol(*a), self.sides.1.symbol(*b)) else {
                continue;
            };
            if x == y {
                continue;
            }
            let (short_x, short_y) = (demangle(x), demangle(y));
            let mut difference = plain(Verdict::Renumbered, Kind::Function, printable(&short_x));
            (difference.a, difference.b) = (Some((*a).into()), Some((*b).into()));
            difference.sites = 1;
            let cluster = if short_x == short_y {
                difference.summary = "the hash or suffix of its symbol differs".into();
                difference.evidence = vec![printable(x), printable(y)];
                self.cluster("hashes", || HASHES.into())
            } else {
                difference.summary = format!("renamed to {}", printable(&short_y));
                self.cluster("renamed", || RENAMED.into())
            };
            self.add(difference, cluster, true);
        }
    }

    /// Everything else.
    pub(crate) fn sections(&mut self, found: &[Found<'_>]) {
        for one in found {
            let mut difference = plain(one.verdict, one.kind, one.name.clone());
            difference.summary = section::summary(self.sides, one);
            difference.sites = 1;
            difference.assumed = sorts(&one.taken);
            let alone = |in_a, func: Option<u32>| self.alone.get(&(in_a, func?)).copied();
            let export = alone(true, one.exported.0).or(alone(false, one.exported.1));
            let debug = one.kind == Kind::Custom && one.name.starts_with(".debug_");
            let follows = self.renumbering.or(self.first_code).filter(|_| one.follows).or(export);
            // Of other code compilers write other debug information.
            let follows = follows.or(self.first_changed.filter(|_| debug));
            // Addresses that moved, moved with something.
            let follows = follows.or_else(|| self.moving().filter(|_| debug && one.follows));
            let changed = |root: usize| self.clusters[root].verdict == Verdict::Changed;
            let follows = follows.filter(|root| {
                let same = one.verdict != Verdict::Changed || changed(*root);
                same && self.weighs(*root, one.verdict)
            });
            let (cluster, cause) = match (&section::cause(one), follows) {
                (_, Some(cluster)) => (cluster, false),
                (Cause::Moved(address, delta), None) => self.moved(*address, *delta),
                (Cause::Length(by), None) => self.path(*by, one.verdict),
                (_, None) if one.kind == Kind::Import => {
                    (self.cluster("imports", || "imports differ".into()), true)
                }
                (_, None) => {
                    // Sections of debug information differ together.
                    let own = match one.kind {
                        Kind::Custom if debug => ".debug_",
                        Kind::Custom => &one.name,
                        _ => "",
                    };
                    let key = format!("{} {own}", one.kind.name());
                    let cause = match one.kind {
                        Kind::Custom if debug => "debug information differs".into(),
                        Kind::Custom if one.name == "name" => OWN_NAME.into(),
                        Kind::Custom => format!("custom section `{}` differs", one.name),
                        Kind::Memory => "memories differ".into(),
                        Kind::Start => "another start function".into(),
                        kind => format!("{}s differ", kind.name()),
                    };
                    (self.cluster(&key, || cause), true)
                }
            };
            self.add(difference, cluster, cause);
        }
    }

    /// Adds the difference of a pair in which nothing else differs: `whole` proves that only the
    /// encoding does.
    pub(crate) fn encoding(&mut self) {
        if !self.differences.is_empty() {
            return;
        }
        let (a, b) = (self.sides.0.module, self.sides.1.module);
        let (verdict, cause, summary, evidence) = match whole::same(a, b) {
            Ok(()) if names_differ(a, b) => (
                Verdict::Renumbered,
                "names differ that nothing but a debugger reads",
                "names of other things than functions differ".to_owned(),
                "every section but that of names was compared and is equal",
            ),
            Ok(()) => (
                Verdict::Renumbered,
                "the binary encoding alone differs",
                "the same module in other bytes".to_owned(),
                "every section was compared in order, operator by operator, and is equal",
            ),
            Err(what) => (
                Verdict::Changed,
                "a difference that no rule explains",
                unequal(what),
                "no function, segment or section was found to differ, yet they are not equal",
            ),
        };
        let cluster = self.cluster("encoding", || cause.into());
        let mut difference = plain(verdict, Kind::Encoding, "encoding".into());
        (difference.summary, difference.evidence) = (summary, vec![evidence.into()]);
        difference.sites = 1;
        self.add(difference, cluster, true);
    }

    /// The finished report.
    pub(crate) fn report(mut self, (a, b): (Input, Input), outcomes: &Outcomes) -> Report {
        notes(&mut self.clusters, &self.differences, &self.fields);
        self.clusters.iter_mut().for_each(|one| sort_causes(one, &self.differences));
        for (cluster, follows) in self.clusters.iter_mut().zip(&mut self.follows) {
            cluster.differences.append(follows);
        }
        let mut counts: BTreeMap<Verdict, (u64, u64)> = BTreeMap::new();
        // A function counts once, with its gravest verdict.
        let mut gravest: BTreeMap<(Option<u64>, Option<u64>), Verdict> = BTreeMap::new();
        for (a, b, _) in outcomes {
            gravest.insert((Some((*a).into()), Some((*b).into())), Verdict::Identical);
        }
        for difference in
            self.differences.iter().filter(|difference| difference.kind == Kind::Function)
        {
            let known = gravest.entry((difference.a, difference.b)).or_insert(difference.verdict);
            *known = (*known).max(difference.verdict);
        }
        gravest.values().for_each(|verdict| counts.entry(*verdict).or_default().0 += 1);
        self.others
            .iter()
            .for_each(|(verdict, count)| counts.entry(*verdict).or_default().1 += count);
        let counts = counts.into_iter().map(|(verdict, (functions, others))| Count {
            verdict,
            functions,
            others,
        });
        // A cluster that was opened for consequences only, and got none, is left out.
        let mut order: Vec<usize> = (0..self.clusters.len())
            .filter(|i| !self.clusters[*i].differences.is_empty())
            .collect();
        for cluster in &mut self.clusters {
            if cluster.causes == 0 {
                let all = cluster.differences.iter().map(|i| self.differences[*i].verdict);
                cluster.verdict = all.max().unwrap_or(Verdict::Identical);
            }
        }
        order.sort_by_key(|i| {
            let cluster = &self.clusters[*i];
            let rank = rank(cluster, &self.differences);
            (rank, std::cmp::Reverse((cluster.verdict, cluster.sites)), *i)
        });
        let place: HashMap<usize, usize> =
            order.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        for difference in &mut self.differences {
            difference.cluster = place[&difference.cluster];
        }
        let mut clusters: Vec<Cluster> = order.iter().map(|i| self.clusters[*i].clone()).collect();
        if let (Some(first), Some(note)) =
            (clusters.first_mut(), tools(self.sides, &self.differences))
        {
            first.notes.push(note);
        }
        Report {
            a,
            b,
            equal: false,
            counts: counts.collect(),
            clusters,
            differences: self.differences,
        }
    }
}

/// Whether the bytes of the sections of names differ.
fn names_differ(a: &Module, b: &Module) -> bool {
    let names = |module: &Module| -> Vec<Vec<u8>> {
        let sections = module.custom_sections().iter().filter(|one| &*one.name == "name");
        sections.map(|one| module.bytes()[one.range.clone()].to_vec()).collect()
    };
    names(a) != names(b)
}

fn plain(verdict: Verdict, kind: Kind, name: String) -> Difference {
    Difference {
        verdict,
        kind,
        name,
        a: None,
        b: None,
        summary: String::new(),
        evidence: Vec::new(),
        assumed: Vec::new(),
        code: Vec::new(),
        sites: 0,
        cluster: 0,
    }
}
