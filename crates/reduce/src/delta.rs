//! Delta debugging: as little as still answers yes.
//!
//! [`units`](super::units) gives the pieces that may be left out together in one function,
//! [`labels`](super::labels) those that belong together in both. Large pieces first, then halves of
//! them, first edits and then at each depth of blocks; rounds end when one removes nothing.
//!
//! 1. Every kept state answered yes.
//! 2. What goes, goes by its labels: on both sides at once, and of an edit everything or nothing.
//!    So the edits of a kept state are among those of the pair that the search began with.

use super::find::everything;
use super::labels::Labels;
use super::parts::Parts;
use super::units::Units;
use super::{Pair, Search};
use anyhow::Result;
use std::collections::BTreeSet;
use std::ops::Range;

/// Functions of more operators are not taken apart.
pub const OPERATORS_MAX: usize = 20_000;

/// Maximum number of rounds over all depths.
const ROUNDS_MAX: usize = 4;

/// The smallest choice of `count` items found for which `attempt` gives something: none of them, or
/// what is left of all.
///
/// # Errors
/// Those of `attempt`.
pub fn smallest<T>(
    count: usize,
    attempt: &mut dyn FnMut(&[bool]) -> Result<Option<T>>,
) -> Result<Option<T>> {
    if let Some(found) = attempt(&vec![false; count])? {
        return Ok(Some(found));
    }
    let mut kept = vec![true; count];
    let Some(mut found) = attempt(&kept)? else { return Ok(None) };
    let mut size = count / 2;
    while size > 0 {
        for start in (0..count).step_by(size) {
            let chunk = start..count.min(start + size);
            if !kept[chunk.clone()].contains(&true) {
                continue;
            }
            let mut fewer = kept.clone();
            fewer[chunk].fill(false);
            if let Some(smaller) = attempt(&fewer)? {
                (kept, found) = (fewer, smaller);
            }
        }
        size /= 2;
    }
    Ok(Some(found))
}

/// Takes statements out of the function, the same on both sides; edits first, so that one is left
/// where one will do.
///
/// # Errors
/// If a section cannot be read or written.
pub fn statements(search: &mut Search<'_>, mut pair: Pair) -> Result<Pair> {
    let mut units = (Units::read(&pair.a, pair.funcs.0)?, Units::read(&pair.b, pair.funcs.1)?);
    if units.0.names.len().max(units.1.names.len()) > OPERATORS_MAX {
        return Ok(pair);
    }
    let mut labels = Labels::new((&pair.a, &units.0), (&pair.b, &units.1));
    for _ in 0..ROUNDS_MAX {
        let before = (pair.a.bytes().len(), pair.b.bytes().len());
        let mut next = Some(Level::Edits);
        while let Some(level) = next {
            let pieces = match level {
                Level::Edits => labels.gaps(),
                Level::Depth(depth) => labels.statements(&units, depth),
            };
            if let Some((smaller, out)) = without(search, &pair, &units, &labels, &pieces)? {
                pair = smaller;
                labels.remove(&out);
                units = (Units::read(&pair.a, pair.funcs.0)?, Units::read(&pair.b, pair.funcs.1)?);
            }
            let depth = match level {
                Level::Edits => 0,
                Level::Depth(depth) => depth + 1,
            };
            let deepest = units.0.statements.len().max(units.1.statements.len());
            next = (depth < deepest).then_some(Level::Depth(depth));
        }
        if (pair.a.bytes().len(), pair.b.bytes().len()) == before {
            break;
        }
    }
    Ok(pair)
}

/// The pieces that are taken out together.
#[derive(Clone, Copy)]
enum Level {
    /// Stretches that one side alone has, or that both have in other ways.
    Edits,
    /// Statements at a depth of blocks.
    Depth(usize),
}

/// The pair without as many of the pieces as can go, and the labels that went.
fn without(
    search: &mut Search<'_>,
    pair: &Pair,
    units: &(Units, Units),
    labels: &Labels,
    pieces: &[Range<u32>],
) -> Result<Option<(Pair, BTreeSet<u32>)>> {
    let parts = (Parts::read(&pair.a)?, Parts::read(&pair.b)?);
    let mut plans =
        (everything(&pair.a, &parts.0, pair.funcs.0), everything(&pair.b, &parts.1, pair.funcs.1));
    let mut out = BTreeSet::new();
    let mut gone = vec![false; pieces.len()];
    let mut best = None;
    let mut size = pieces.len();
    while size > 0 {
        for start in (0..pieces.len()).step_by(size) {
            let chunk = start..pieces.len().min(start + size);
            if gone[chunk.clone()].iter().all(|gone| *gone) {
                continue;
            }
            let mut next: BTreeSet<u32> = out.clone();
            next.extend(pieces[chunk.clone()].iter().cloned().flatten());
            plans.0.body = Some(units.0.without(&labels.chosen_a(&next)));
            plans.1.body = Some(units.1.without(&labels.chosen_b(&next)));
            if let Some(smaller) =
                search.attempt(pair, (&parts.0, &parts.1), (&plans.0, &plans.1))?
            {
                (best, out) = (Some(smaller), next);
                gone[chunk].fill(true);
            }
        }
        size /= 2;
    }
    Ok(best.map(|pair| (pair, out)))
}
