//! How far accesses have reached on every way to where the walk is (X3, X7 of `memory`): a base,
//! and the blocks in which an access by it ended so far.
//!
//! A memory never shrinks, so what was reached in a block is reached in all that it dominates. The
//! base is the same value there: all leaves of its term dominate the block of the access, so a way
//! from one of them, made again, to the dominated block goes through the access again.
//!
//! Limits: [`SEEN_MAX`] accesses by each base are known, of others nothing.

use super::memory::Base;
use crate::dominance::Dominators;
use crate::entity::Block;
use crate::hash::Key;
use std::collections::HashMap;

/// Accesses by a base that are known: more than the pass `near` knows of a value, since several
/// values have one number (in an interpreter, one of each of its operators).
const SEEN_MAX: usize = 64;

/// How far accesses by each base have reached, in which blocks.
#[derive(Default)]
pub(super) struct Reached(HashMap<Base, Vec<(Block, u64)>, Key>);

impl Reached {
    /// Whether an access by a base ended so far or further on every way to a block; of the block
    /// itself, what was recorded before.
    pub(super) fn is_far(
        &self,
        base: Base,
        end: u64,
        block: Block,
        dominators: &Dominators,
    ) -> bool {
        let all = self.0.get(&base).into_iter().flatten();
        all.filter(|(_, far)| *far >= end).any(|&(at, _)| dominators.dominates(at, block))
    }

    /// An access by a base in a block has not trapped. Where there is no room for it, what does not
    /// dominate the block is forgotten.
    pub(super) fn record(&mut self, base: Base, end: u64, block: Block, dominators: &Dominators) {
        let all = self.0.entry(base).or_default();
        if all.len() == SEEN_MAX {
            all.retain(|&(at, _)| dominators.dominates(at, block));
        }
        if all.len() < SEEN_MAX {
            all.push((block, end));
        }
    }
}
