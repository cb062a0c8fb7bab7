//! Two modules → a report of what differs, each difference with a verdict and its evidence, folded
//! by cause.
//!
//! ```text
//! A, B ─ side (interned types, tables) ─ profiles ─► matching (partners) ─► sides share ids
//!        data: image ─ align ─► Shift (where each address went) ─► uses (what each number is)
//!        functions, in parallel: lockstep (lengths) ─► cfg + exec ─► edit ─► one_to_one
//!        data: gaps, words, runs, texts     sections, tables, dwarf
//!        all ─► clusters ─► whole ─► Report ─► text │ JSON │ HTML
//! ```
//!
//! 1. *Proof*: each harmless verdict has an obligation, and a difference that meets none is
//!    `changed`. `identical`, `renumbered`, `moved`, `layout-only` of functions: `compare`, 1 to 3.
//!    `renumbered` of a table: `table`, 2; of data: `image`, 1 and 2; of the encoding: `whole`.
//!    `moved` of a number: `shift`, 3 and 4; of padding: `data`, 3; of a global: `globals`. `path`
//!    and the like: `strings`, `texts`, `lengths`; of debug information: `dwarf`. A verdict that
//!    holds only if a number is, or is not, an address or slot is `assumed-moved`. A wrong partner
//!    makes a report clumsy, never false.
//! 2. Every difference has its own verdict, in the counts and for `--allow`; folding is for
//!    reading.
//! 3. Time is linear in the modules, except for sorting and for the constants that are named beside
//!    each loop that could exceed it.
//! 4. The report depends on the two modules and the options alone.
//!
//! `tests/verdicts.rs` has a pair for each obligation, `tests/sweep.rs` changes each byte of real
//! modules; `tests/cases.rs` has real pairs of builds; `tests/edits.rs` plants one edit in each of
//! 275 modules, `crates/testing/tests/diff.rs` in real programs.
//!
//! [`foreign`] reads modules of proposals that no tier runs. This crate knows neither records nor
//! runs of a program (`prova-runs`), nor builds.

pub mod foreign;
mod judge;
mod numbers;
mod other;
mod pair;
#[cfg(test)]
mod scaling;
mod tell;

pub use other::{core_modules, diff_binaries};
pub use tell::report::{
    Allow, Assumed, Cluster, Count, Decided, Decision, Difference, Input, Kind, Line, Origin,
    Report, Sort, Verdict,
};

use judge::compare::{Cause, Compared, Context, Outcome};
use judge::harmless::{Known, Taken};
use judge::one_to_one::{APART, Fate, OneToOne};
use judge::{compare, sections};
pub use numbers::strings::tells_time;
use numbers::uses::Roles;
use numbers::{data, dwarf, globals, shift, table};
use pair::matching::{self, Matching};
pub use pair::side::linked;
use pair::side::{self, Side};
use prova_module::Module;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::{BTreeSet, HashSet};
use tell::cluster::Clusterer;
pub use tell::cluster::{CONSTANT, CONSTANTS, OPERANDS, OWN_NAME, STAYED};
pub use tell::tree::text;

/// Maximum number of executions of all functions together; each function has at least two.
const RUNS_MAX: u32 = 6400;

/// Options of a comparison.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// Executions that back one `layout-only`; fewer where there are many.
    pub runs: u32,
    /// Most lines of aligned code of one function.
    pub code_lines: usize,
    /// Names of the two modules in the report.
    pub names: (String, String),
}

impl Default for DiffOptions {
    fn default() -> DiffOptions {
        DiffOptions { runs: 100, code_lines: 80, names: ("A".into(), "B".into()) }
    }
}

/// Compares two modules.
pub fn diff(a: &Module, b: &Module, options: &DiffOptions) -> Report {
    counted(a, b, options).0
}

/// For each function of `a` its partner in `b`, if it has one.
pub fn partners(a: &Module, b: &Module) -> Vec<Option<u32>> {
    let (side_a, side_b) = sides(a, b);
    let profiles = (matching::profiles(&side_a), matching::profiles(&side_b));
    matching::matching((&side_a, &side_b), (&profiles.0, &profiles.1)).a_to_b
}

/// Both modules as they are compared.
fn sides<'m>(a: &'m Module, b: &'m Module) -> (Side<'m>, Side<'m>) {
    let mut types = side::Types::new();
    let lists = u8::from(a.types() != b.types() || a.rec_groups() != b.rec_groups());
    let (mut side_a, mut side_b) =
        (Side::new(a, &mut types, lists), Side::new(b, &mut types, 2 * lists));
    // A number that may be an address on one side may be meant as an address on the other.
    let (x, y) = (side_a.addresses.clone(), side_b.addresses.clone());
    side_a.addresses = biased(hull(x, y));
    side_b.addresses = side_a.addresses.clone();
    (side_a, side_b)
}

/// Compares two modules; also gives the steps of work that it took.
fn counted(a: &Module, b: &Module, options: &DiffOptions) -> (Report, u64) {
    let inputs = (input(a, &options.names.0), input(b, &options.names.1));
    if a.bytes() == b.bytes() {
        let count =
            Count { verdict: Verdict::Identical, functions: a.func_count() as u64, others: 0 };
        let (differences, clusters) = (Vec::new(), Vec::new());
        let (a, b, counts) = (inputs.0, inputs.1, vec![count]);
        return (Report { a, b, equal: true, counts, clusters, differences }, 0);
    }
    let (mut side_a, side_b) = sides(a, b);
    let profiles = (matching::profiles(&side_a), matching::profiles(&side_b));
    let partners = matching::matching((&side_a, &side_b), (&profiles.0, &profiles.1));
    let globals = globals::partners((&side_a, &side_b));
    side_a.set_partners(&partners.a_to_b, &globals);
    let sides = (&side_a, &side_b);
    let debug = dwarf::pairs(a, b);
    let variables = match &debug {
        Some(Ok(pairs)) => pairs.variables(),
        Some(Err(_)) | None => std::collections::HashMap::new(),
    };
    let mut aligned = data::aligned(sides, variables);
    let slots = same_slots(sides);
    // Where nothing moved, equal numbers mean the same, as addresses and as plain numbers.
    let roles = match aligned.shift.moves() || aligned.pads() || !slots {
        true => Roles::new(sides, aligned.shift.ordered()),
        false => Roles::default(),
    };
    aligned.shift.open = (0..a.tables().len() as u32).map(|table| !roles.closed(table)).collect();
    aligned.shift.last = roles.last();
    let mut data = data::compare(sides, aligned, &roles);
    let same_world = slots && same_world(sides, &partners, &globals, &data);
    let context = Context {
        sides,
        shift: &data.shift,
        texts: &data.texts,
        roles: &roles,
        profiles: (&profiles.0, &profiles.1),
        same_world,
        worlds: std::sync::OnceLock::new(),
        options,
    };
    let (outcomes, all) = one_to_one(&context, &data, outcomes(&context, &partners));
    let told = outcomes.iter().filter_map(|(_, _, outcome)| outcome.as_ref());
    let assumed = told.map(|outcome| u64::from(outcome.slots)).sum::<u64>();
    let assumed = assumed + data.slots.count as u64;
    data.loose(&all);
    data.padding(&all);
    let mut outcomes = outcomes;
    judge(sides, &mut data, (&mut outcomes, &all.behind));
    let debug = debug.map(|pairs| {
        let rewritten = rewritten(&outcomes);
        Ok(dwarf::judge(sides, &pairs?, (&data.shift, &all, &data.texts), &rewritten))
    });
    let found = sections::compare(sides, (&data.shift, &roles, &all), assumed, debug);
    let mut clusterer = Clusterer::new(sides, &partners);
    clusterer.exchanges(&outcomes);
    clusterer.data(&data);
    clusterer.functions(&outcomes);
    clusterer.sections(found);
    clusterer.encoding();
    (clusterer.report(inputs, &outcomes), side_a.spent() + side_b.spent())
}

/// Whether each slot of each table holds the same on both sides.
fn same_slots(sides: (&Side<'_>, &Side<'_>)) -> bool {
    let tables = sides.0.tables.len().min(sides.1.tables.len());
    (0..tables).all(|table| table::slots(sides, table) == table::Slots::Equal)
}

/// Judges the loose pairs of addresses of all functions and of data together.
fn one_to_one(
    context: &Context<'_, '_>,
    data: &data::DataDiff,
    mut outcomes: Outcomes,
) -> (Outcomes, OneToOne) {
    let found = outcomes.iter().filter_map(|(_, _, outcome)| outcome.as_ref());
    let pairs = found.flat_map(|outcome| outcome.loose.iter().copied());
    let all = OneToOne::new(context.shift, pairs.chain(data.loose.iter().copied()));
    for (a, b, outcome) in &mut outcomes {
        let Some(known) = outcome else { continue };
        let fate = |&(a, b, _): &(u64, u64, u64)| (all.fate(context.shift, (a, b)), (a, b));
        let worst = known.loose.iter().map(fate).max_by_key(|(fate, _)| *fate as u8);
        match worst {
            Some((Fate::Torn, pair)) => *known = compare::torn(context, (*a, *b), pair),
            Some((Fate::Assumed, (x, y))) => {
                known.verdict = known.verdict.max(Verdict::AssumedMoved);
                let apart = |&(a, b, _): &(u64, u64, u64)| {
                    (all.fate(context.shift, (a, b)) == Fate::Assumed).then_some((a, b))
                };
                let apart: BTreeSet<(u64, u64)> = known.loose.iter().filter_map(apart).collect();
                known.taken.extend(apart.iter().map(|(a, b)| Taken::of(Sort::Apart, *a, *b)));
                known.evidence.push(format!("{x} → {y} {APART}"));
            }
            Some((Fate::Moved, _)) | None => {}
        }
        if known.verdict == Verdict::Identical {
            *outcome = None;
        }
    }
    (outcomes, all)
}

/// Judges for each assumption whether `--allow harmless` covers it.
fn judge(
    sides: (&Side<'_>, &Side<'_>),
    data: &mut data::DataDiff,
    (outcomes, behind): (&mut Outcomes, &[(u64, u64, u64)]),
) {
    let mut lists = [&mut data.assumed, &mut data.slots, &mut data.stays]
        .map(|assumed| std::mem::take(&mut assumed.taken));
    let shown = std::mem::take(&mut data.shown);
    let found = outcomes.iter().filter_map(|(_, _, outcome)| outcome.as_ref());
    let found = found.map(|outcome| (&outcome.taken[..], &outcome.shown[..]));
    let of_data = lists.iter().map(|taken| (&taken[..], &shown[..]));
    let known = Known::new(sides, (data, behind), found.chain(of_data));
    for (_, _, outcome) in outcomes.iter_mut() {
        if let Some(Outcome { taken, shown, .. }) = outcome {
            known.judge(taken, shown);
        }
    }
    lists.iter_mut().for_each(|taken| known.judge(taken, &shown));
    let [assumed, slots, stays] = lists;
    (data.assumed.taken, data.slots.taken, data.stays.taken) = (assumed, slots, stays);
}

/// Functions of A whose operators are not those of their partners, in order.
fn rewritten(outcomes: &Outcomes) -> HashSet<u32> {
    let rewritten = |outcome: &Outcome| {
        outcome.verdict == Verdict::Changed || matches!(outcome.cause, Cause::Layout { .. })
    };
    let all = outcomes.iter();
    let found = all.filter(|(_, _, outcome)| outcome.as_ref().is_some_and(rewritten));
    found.map(|(a, ..)| *a).collect()
}

/// Extends the addresses of data downwards by the numbers that may be a base before it: by at most
/// [`shift::BIAS`] bytes, and by less where the data starts low.
fn biased(addresses: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let by = match addresses.start {
        _ if addresses.is_empty() => 0,
        start if start >= 8 * shift::BIAS => shift::BIAS,
        start if start >= 2 * shift::BIAS => shift::BIAS / 4,
        _ => 0,
    };
    addresses.start - by..addresses.end
}

/// The least range that has both.
fn hull(a: std::ops::Range<u64>, b: std::ops::Range<u64>) -> std::ops::Range<u64> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b,
        (_, true) => a,
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

fn input(module: &Module, name: &str) -> Input {
    Input {
        name: prova_builds::names::printable(name),
        bytes: module.bytes().len() as u64,
        functions: module.func_count() as u64,
    }
}

/// Whether equal bytes of code mean the same in both modules.
fn same_world(
    (a, b): (&Side<'_>, &Side<'_>),
    partners: &Matching,
    globals: &[Option<u32>],
    data: &data::DataDiff,
) -> bool {
    let identity = |partners: &[Option<u32>]| {
        partners.iter().enumerate().all(|(i, partner)| *partner == Some(i as u32))
    };
    identity(&partners.a_to_b)
        && identity(globals)
        && a.module.types() == b.module.types()
        && !data.shift.moves()
}

/// Pairs of defined functions, each with the finding if they differ.
type Outcomes = Vec<(u32, u32, Option<Outcome>)>;

/// One outcome for each pair of defined functions that differ, in order of A.
fn outcomes(context: &Context<'_, '_>, partners: &Matching) -> Outcomes {
    let pairs: Vec<(u32, u32)> = partners
        .a_to_b
        .iter()
        .enumerate()
        .filter_map(|(a, b)| Some((a as u32, (*b)?)))
        .filter(|(a, _)| !context.sides.0.is_import(*a))
        .collect();
    let mut compared: Vec<Option<Compared>> =
        pairs.par_iter().map(|&pair| Some(compare::compare(context, pair))).collect();
    let equal_graphs: Vec<usize> =
        (0..pairs.len()).filter(|i| matches!(compared[*i], Some(Compared::Layout(_)))).collect();
    let runs = (RUNS_MAX / equal_graphs.len().max(1) as u32).max(2).min(context.options.runs);
    let confirm = |&at: &usize| {
        let Some(Compared::Layout(found)) = &compared[at] else { return None };
        Some(compare::confirm(context, pairs[at], found, runs))
    };
    let confirmed: Vec<Option<Outcome>> = equal_graphs.par_iter().map(confirm).collect();
    for (at, outcome) in equal_graphs.into_iter().zip(confirmed) {
        compared[at] = outcome.map(Compared::Told);
    }
    let told = compared.into_iter().map(|compared| match compared {
        Some(Compared::Told(outcome)) => Some(outcome),
        Some(Compared::Identical | Compared::Layout(_)) | None => None,
    });
    pairs.iter().zip(told).map(|((a, b), outcome)| (*a, *b, outcome)).collect()
}
