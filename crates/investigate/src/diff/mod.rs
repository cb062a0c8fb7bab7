//! Two modules → a report of what differs, each difference with a verdict and its evidence, folded by cause.
//!
//! ```text
//! A, B ─ side (interned types) ─ profiles ─► matching (partners) ─► sides share ids
//!        data: align ─► Shift (where each address went), runs
//!        functions: lockstep ─► cfg + exec ─► edit     (per pair, in parallel)
//!        sections: imports, exports, globals, …        ─► clusters ─► Report ─► text │ JSON │ HTML
//! ```
//!
//! 1. *Truth*: a function is `identical`, `renumbered` or `moved` only if each operator agrees under the partners and the
//!    map of addresses; `layout-only` only if graphs are equal and no execution differed. A wrong partner gives a clumsy report,
//!    not a false one.
//! 2. Time is linear in the modules but for sorting, and for constants named beside each loop that could exceed it.
//! 3. The report depends on the two modules and the options alone.
//!
//! `tests/diff_cases.rs` has real pairs of builds; `tests/diff_edits.rs` plants one edit in each of 275 modules, `crates/testing/tests/diff.rs` in real programs.

mod align;
mod cfg;
mod cluster;
mod compare;
mod data;
mod edit;
mod exec;
mod extract;
mod html;
mod lockstep;
mod matching;
mod notes;
mod report;
#[cfg(test)]
mod scaling;
mod sections;
mod shift;
mod side;
mod text;
mod token;

pub use report::{Allow, Cluster, Count, Difference, Input, Kind, Line, Origin, Report, Verdict};

use cluster::Clusterer;
use compare::{Compared, Context, Outcome};
use matching::Matching;
use prova_module::Module;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use side::Side;

/// Most executions of all functions together, but for two of each.
const RUNS_MAX: u32 = 6400;

/// What the comparison may do.
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
    let mut types = side::Types::new();
    let (mut side_a, side_b) = (Side::new(a, &mut types), Side::new(b, &mut types));
    let profiles = (matching::profiles(&side_a), matching::profiles(&side_b));
    let partners = matching::matching((&side_a, &side_b), (&profiles.0, &profiles.1));
    let globals = sections::globals((&side_a, &side_b));
    side_a.set_partners(&partners.a_to_b, &globals);
    let sides = (&side_a, &side_b);
    let data = data::compare(sides);
    let same_world = same_world(sides, &partners, &globals, &data);
    let context = Context {
        sides,
        shift: &data.shift,
        profiles: (&profiles.0, &profiles.1),
        same_world,
        options,
    };
    let outcomes = outcomes(&context, &partners);
    let found = sections::compare(sides, &data.shift);
    let mut clusterer = Clusterer::new(sides, &partners);
    clusterer.data(&data);
    clusterer.functions(&outcomes);
    clusterer.sections(found);
    (clusterer.report(inputs, &outcomes), side_a.spent() + side_b.spent())
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
    data: &data::DataDiff<'_>,
) -> bool {
    let identity = |partners: &[Option<u32>]| {
        partners.iter().enumerate().all(|(i, partner)| *partner == Some(i as u32))
    };
    identity(&partners.a_to_b)
        && identity(globals)
        && a.module.types() == b.module.types()
        && !data.shift.moves()
}

/// One outcome for each pair of defined functions that differ, in order of A.
fn outcomes(context: &Context<'_, '_>, partners: &Matching) -> Vec<(u32, u32, Option<Outcome>)> {
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
