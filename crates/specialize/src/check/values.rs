//! The terms of a body's values, while a block and those that follow it alone are proved; with a
//! way back to an earlier state.

use super::terms::Term;
use prova_ssa::Value;

/// A term for each value that is known.
#[derive(Debug, Default)]
pub(super) struct Values {
    terms: Vec<Option<Term>>,
    /// The changes, in order: the value and its term before.
    trail: Vec<(Value, Option<Term>)>,
}

impl Values {
    /// A table for `count` values, none of which is known.
    pub(super) fn new(count: usize) -> Values {
        Values { terms: vec![None; count], trail: Vec::new() }
    }

    /// The term of a value, if that is known.
    #[inline]
    pub(super) fn get(&self, value: Value) -> Option<Term> {
        self.terms.get(value.as_u32() as usize).copied().flatten()
    }

    /// Says what a value is; of one that does not exist nothing is ever known.
    #[inline]
    pub(super) fn set(&mut self, value: Value, term: Option<Term>) {
        if let Some(place) = self.terms.get_mut(value.as_u32() as usize) {
            self.trail.push((value, std::mem::replace(place, term)));
        }
    }

    /// A place to come back to.
    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Makes everything what it was there.
    pub(super) fn back(&mut self, mark: usize) {
        while self.trail.len() > mark {
            let Some((value, before)) = self.trail.pop() else { break };
            self.terms[value.as_u32() as usize] = before;
        }
    }
}
