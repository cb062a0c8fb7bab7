//! All comparisons in their order → all findings.

use crate::judge::assumption::{Sort, Taken};
use crate::judge::compare::{self, Change, Compared, Context, Outcome};
use crate::judge::data::{self, DataDiff};
use crate::judge::debug;
use crate::judge::finding::Found;
use crate::judge::harmless::Known;
use crate::judge::one_to_one::{Fate, OneToOne};
use crate::judge::sections;
use crate::judge::verdict::Verdict;
use crate::numbers::Numbers;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

/// Maximum number of executions of all functions together; each function has at least two.
const RUNS_MAX: u32 = 6400;

/// Pairs of defined functions, each with the finding if they differ.
pub(crate) type Outcomes = Vec<(u32, u32, Option<Outcome>)>;

/// All findings.
pub(crate) struct Findings<'m> {
    pub(crate) functions: Outcomes,
    pub(crate) data: DataDiff,
    pub(crate) sections: Vec<Found<'m>>,
}

/// Compares everything; `runs` is the number of executions that back one `layout-only`.
pub(crate) fn judge<'m>(numbers: &Numbers<'_, 'm>, runs: u32) -> Findings<'m> {
    let (sides, shift) = (numbers.sides(), numbers.shift());
    let mut data = data::compare(numbers);
    let (same_world, worlds) = (same_world(numbers), OnceLock::new());
    let context = Context { numbers, texts: &data.texts, same_world, worlds };
    let (mut functions, all) = one_to_one(&context, &data, outcomes(&context, runs));
    let found = functions.iter().filter_map(|(_, _, outcome)| outcome.as_ref());
    let assumed = found.map(|outcome| u64::from(outcome.slots)).sum::<u64>();
    let assumed = assumed + data.slots.count as u64;
    data.loose(shift, &all);
    data.padding(shift, &all);
    cover(numbers, &mut data, (&mut functions, &all.behind));
    let debug = numbers.debug.as_ref().map(|pairs| {
        let pairs = pairs.as_ref().map_err(|why| *why)?;
        Ok(debug::judge(sides, pairs, (shift, &all, &data.texts), &rewritten(&functions)))
    });
    let sections = sections::compare(sides, (shift, &numbers.roles, &all), assumed, debug);
    Findings { functions, data, sections }
}

/// Judges the loose pairs of addresses of all functions and of data together.
fn one_to_one(
    context: &Context<'_, '_, '_>,
    data: &DataDiff,
    mut outcomes: Outcomes,
) -> (Outcomes, OneToOne) {
    let shift = context.numbers.shift();
    let found = outcomes.iter().filter_map(|(_, _, outcome)| outcome.as_ref());
    let pairs = found.flat_map(|outcome| outcome.loose.iter().copied());
    let all = OneToOne::new(shift, pairs.chain(data.loose.iter().copied()));
    for (a, b, outcome) in &mut outcomes {
        let Some(known) = outcome else { continue };
        let fate = |&(a, b, _): &(u64, u64, u64)| (all.fate(shift, (a, b)), (a, b));
        let worst = known.loose.iter().map(fate).max_by_key(|(fate, _)| *fate as u8);
        match worst {
            Some((Fate::Torn, pair)) => *known = compare::torn(context, (*a, *b), pair),
            Some((Fate::Assumed, (x, y))) => {
                known.verdict = known.verdict.max(Verdict::AssumedMoved);
                let apart = |&(a, b, _): &(u64, u64, u64)| {
                    (all.fate(shift, (a, b)) == Fate::Assumed).then_some((a, b))
                };
                let apart: BTreeSet<(u64, u64)> = known.loose.iter().filter_map(apart).collect();
                known.taken.extend(apart.iter().map(|(a, b)| Taken::of(Sort::Apart, *a, *b)));
                known.apart = Some((x, y));
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
fn cover(
    numbers: &Numbers<'_, '_>,
    data: &mut DataDiff,
    (outcomes, behind): (&mut Outcomes, &[(u64, u64, u64)]),
) {
    let mut lists = [&mut data.assumed, &mut data.slots, &mut data.stays]
        .map(|assumed| std::mem::take(&mut assumed.taken));
    let shown = std::mem::take(&mut data.shown);
    let found = outcomes.iter().filter_map(|(_, _, outcome)| outcome.as_ref());
    let found = found.map(|outcome| (&outcome.taken[..], &outcome.shown[..]));
    let of_data = lists.iter().map(|taken| (&taken[..], &shown[..]));
    let known = Known::new(numbers.sides(), (numbers.shift(), data, behind), found.chain(of_data));
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
        outcome.verdict == Verdict::Changed || matches!(outcome.change, Change::Layout(_))
    };
    let all = outcomes.iter();
    let found = all.filter(|(_, _, outcome)| outcome.as_ref().is_some_and(rewritten));
    found.map(|(a, ..)| *a).collect()
}

/// Whether equal bytes of code mean the same in both modules.
fn same_world(numbers: &Numbers<'_, '_>) -> bool {
    let (paired, (a, b)) = (numbers.paired, numbers.sides());
    let identity = |partners: &[Option<u32>]| {
        partners.iter().enumerate().all(|(i, partner)| *partner == Some(i as u32))
    };
    numbers.same_slots
        && identity(&paired.functions.a_to_b)
        && identity(&paired.globals)
        && a.module.types() == b.module.types()
        && !numbers.shift().moves()
}

/// One outcome for each pair of defined functions that differ, in order of A.
fn outcomes(context: &Context<'_, '_, '_>, runs: u32) -> Outcomes {
    let paired = context.numbers.paired;
    let pairs: Vec<(u32, u32)> = paired
        .functions
        .a_to_b
        .iter()
        .enumerate()
        .filter_map(|(a, b)| Some((a as u32, (*b)?)))
        .filter(|(a, _)| !paired.sides().0.is_import(*a))
        .collect();
    let mut compared: Vec<Option<Compared>> =
        pairs.par_iter().map(|&pair| Some(compare::compare(context, pair))).collect();
    let equal_graphs: Vec<usize> =
        (0..pairs.len()).filter(|i| matches!(compared[*i], Some(Compared::Layout(_)))).collect();
    let runs = (RUNS_MAX / equal_graphs.len().max(1) as u32).max(2).min(runs);
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
