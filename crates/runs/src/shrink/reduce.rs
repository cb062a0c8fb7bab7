//! A module that diverges → a smaller one that does so in the same class.
//!
//! ```text
//! segments, functions ─► statements of each function, the largest first ─► expressions → constants
//!        ▲                                                                          │
//!        └──────────────────────── as long as something goes ───────────────────────┘
//! ```
//!
//! The search over statements and segments is the one of `prova_reduce` (delta debugging). Of two
//! builds only pieces that both have are removed, from both at once (`labels` there), and
//! expressions stay.
//!
//! 1. What comes out was judged.
//! 2. The search is bounded by the bytes of the modules that it tries, and each try by fuel; so the
//!    result depends on the input alone.

use super::Case;
use super::expressions::expressions;
use super::used::values;
use anyhow::Result;
use prova_module::{FuncIdx, Module};
use prova_reduce::find::{self, Item, everything, symbol};
use prova_reduce::{Pair, Parts, Search, smallest, statements};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of rounds over all functions.
const ROUNDS_MAX: usize = 4;

/// Makes a pair smaller, whose roots are what is exported.
///
/// # Errors
/// If a section cannot be read or written.
pub(super) fn smaller(case: &Case<'_>, search: &mut Search<'_>, whole: Pair) -> Result<Pair> {
    let mut pair = whole;
    for _ in 0..ROUNDS_MAX {
        let before = (pair.a.bytes().len(), pair.b.bytes().len());
        pair = without_items(search, pair)?;
        let mut done = BTreeSet::new();
        while let Some((name, funcs)) = next(&pair, &done) {
            done.insert(name);
            pair = statements(search, Pair { funcs, ..pair })?;
            if !case.against {
                pair = constants(case, search, pair)?;
            }
        }
        if (pair.a.bytes().len(), pair.b.bytes().len()) == before {
            break;
        }
    }
    without_items(search, pair)
}

/// Without segments that are not needed, and functions that nothing names then.
fn without_items(search: &mut Search<'_>, pair: Pair) -> Result<Pair> {
    let funcs = pair.roots.unwrap_or(pair.funcs);
    let rooted = Pair { funcs, ..pair };
    let parts = (Parts::read(&rooted.a)?, Parts::read(&rooted.b)?);
    let mut items = find::items((&rooted.a, &parts.0), (&rooted.b, &parts.1), funcs)?;
    // A function that is called has its body: it would be an import.
    items.retain(|item| !matches!(item, Item::Body(..)));
    let found = smallest(items.len(), &mut |kept| {
        let chosen = items.iter().zip(kept).filter(|(_, kept)| **kept).map(|(item, _)| item);
        let (mut a, mut b) = find::plans(funcs, chosen);
        a.bodies = rooted.a.defined_funcs().map(|func| func.0).collect();
        b.bodies = rooted.b.defined_funcs().map(|func| func.0).collect();
        search.attempt(&rooted, (&parts.0, &parts.1), (&a, &b))
    });
    Ok(found?.unwrap_or(rooted))
}

/// The largest function that was not looked at, by its symbol, which both sides have.
fn next(pair: &Pair, done: &BTreeSet<String>) -> Option<(String, (u32, u32))> {
    let size = |func: FuncIdx| pair.a.body(func).map_or(0, |body| body.bytes().len());
    let of_b: BTreeMap<String, u32> =
        pair.b.defined_funcs().map(|func| (symbol(&pair.b, func.0), func.0)).collect();
    let open = pair.a.defined_funcs().filter_map(|func| {
        let name = symbol(&pair.a, func.0);
        let partner = *of_b.get(&name).filter(|_| !done.contains(&name))?;
        Some((name, (func.0, partner), size(func)))
    });
    let largest = open.min_by_key(|(_, funcs, size)| (std::cmp::Reverse(*size), funcs.0));
    largest.map(|(name, funcs, _)| (name, funcs))
}

/// Constants in place of expressions: what they gave in the run, or zero.
fn constants(case: &Case<'_>, search: &mut Search<'_>, mut pair: Pair) -> Result<Pair> {
    let mut at = 0;
    'tried: loop {
        let func = pair.funcs.0;
        let all = expressions(&pair.a, func);
        let Some(one) = all.get(at) else { return Ok(pair) };
        at += 1;
        let Some(body) = pair.a.body(FuncIdx(func)) else { return Ok(pair) };
        let start = body.range().start;
        let given = given(case, &pair.a, (func, one.last));
        for value in given.into_iter().filter(|value| *value != 0).chain([0]) {
            let Some(constant) = one.constant(value) else { continue };
            let (from, to) = (one.range.start as usize - start, one.range.end as usize - start);
            let mut bytes = body.bytes()[..from].to_vec();
            bytes.extend(constant);
            bytes.extend(&body.bytes()[to..]);
            let parts = Parts::read(&pair.a)?;
            let mut plan = everything(&pair.a, &parts, func);
            plan.body = Some(bytes);
            if let Some(smaller) = search.attempt(&pair, (&parts, &parts), (&plan, &plan))? {
                pair = smaller;
                // The next longest one is at its place now.
                at -= 1;
                continue 'tried;
            }
        }
    }
}

/// The result of an operator in the run.
fn given(case: &Case<'_>, module: &Module, place: (u32, u32)) -> Option<u64> {
    let record = case.record_of(module).ok()?;
    let (values, _) = values(case, &record).ok()?;
    values.get(&place).copied()
}
