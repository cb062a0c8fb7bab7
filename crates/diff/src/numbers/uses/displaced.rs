//! The bodies of a module → the addresses that they compute from a constant, or a word of data, and
//! a displacement.
//!
//! `data` cuts texts at these addresses. The walk that finds the roles of A finds them, too; of B
//! only values are followed, and only where a text differs.
//!
//! Limits: the limits of the walk. A value that goes through memory, a call or a loop before
//! something is added to it is not seen.

use super::body::CHUNK;
use super::flow::{self, Around, Flow};
use super::shared::Shared;
use super::value::{Source, Value};
use crate::numbers::image::{self, pointed};
use crate::pair::side::Side;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Addresses, and words of data with what is added to them.
type Computed = (Vec<u64>, Vec<(u64, i64)>);

/// Addresses that code computes, in order.
pub(crate) fn displaced(side: &Side<'_>) -> Vec<u64> {
    let count = side.module.func_count() as u32;
    let around = Around { values: true, ..Around::new(side, true) };
    let chunk = |first: u32| {
        let mut shared = Shared { displaced: Some(Vec::new()), ..Shared::default() };
        for func in CHUNK * first..(CHUNK * (first + 1)).min(count) {
            flow::uses(side, func, &around, &mut shared);
        }
        shared.tidy();
        (shared.displaced.unwrap_or_default(), shared.stepped)
    };
    let chunks = (0..count.div_ceil(CHUNK)).into_par_iter().map(chunk);
    let found: Vec<Computed> = chunks.collect();
    let mut all = Computed::default();
    for (displaced, stepped) in found {
        all.0.extend(displaced);
        all.1.extend(stepped);
    }
    addresses(side, all)
}

/// The addresses that are computed, in order.
pub(super) fn addresses(side: &Side<'_>, (mut all, stepped): Computed) -> Vec<u64> {
    let pieces = image::pieces(side.module);
    let to = |(at, by): (u64, i64)| Some(pointed(&pieces, at)?.wrapping_add_signed(by));
    all.extend(stepped.into_iter().filter_map(to));
    all.retain(|at| side.may_be_address(*at));
    all.sort_unstable();
    all.dedup();
    all.shrink_to_fit();
    all
}

impl Flow<'_, '_> {
    /// The value, with an offset added, is an address that code computes.
    pub(super) fn displace(&mut self, value: &Value, offset: u64) {
        if self.shared.displaced.is_none() {
            return;
        }
        for one in value.refs() {
            let Some(by) = one.by.map(|by| by.wrapping_add(offset as i64)) else { continue };
            let sum = |value: u64| {
                let at = value.wrapping_add_signed(by);
                if self.side.wide() { at } else { at & 0xffff_ffff }
            };
            let at = match one.source {
                Source::Const(_, value) if by != 0 => sum(value),
                Source::Folded(value) => sum(value),
                Source::Word(at) if by != 0 => {
                    self.shared.stepped.push((at, by));
                    continue;
                }
                // The bytes above the stack pointer belong to a caller, or to an object behind the
                // stack.
                Source::Global(global) if by > 0 => match self.side.map.stack_pointer {
                    Some((stack, start)) if stack == global => sum(start),
                    _ => continue,
                },
                _ => continue,
            };
            if self.in_zone(at)
                && let Some(displaced) = &mut self.shared.displaced
            {
                displaced.push(at);
            }
        }
    }
}
