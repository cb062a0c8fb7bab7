//! What values of a body are, as terms, while a block and those that follow it alone are proved;
//! with a way back to what was known before.

use super::terms::Term;
use prova_ssa::Value;

/// A term for each value that is known.
#[derive(Debug, Default)]
pub(super) struct Values {
    terms: Vec<Option<Term>>,
    /// What was changed, in order, and what it was before.
    trail: Vec<(Value, Option<Term>)>,
}

impl Values {
    /// Nothing is known of so many values.
    pub(super) fn new(count: usize) -> Values {
        Values { terms: vec![None; count], trail: Vec::new() }
    }

    /// What a value is, if that is known.
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
