//! The references that a frame holds while it waits, by operator.

use crate::entity::Value;
use std::collections::BTreeMap;

/// By the offset of a call, throw or allocation, ascending: the values that are references to
/// exceptions and objects which the frame holds there, locals first, then operands from the bottom:
/// the cells of [`ExceptionRoots`](prova_module::ExceptionRoots): proved in
/// [`CheckedBody::check_holding`](crate::CheckedBody::check_holding), claimed elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held(Vec<(u32, Vec<Value>)>);

impl Held {
    /// The values at an offset.
    pub fn at(&self, offset: u32) -> &[Value] {
        let at = self.0.binary_search_by_key(&offset, |&(at, _)| at);
        at.map_or(&[], |at| &self.0[at].1)
    }

    /// From lists by offset, ascending.
    pub(crate) fn ascending(held: Vec<(u32, Vec<Value>)>) -> Held {
        Held(held)
    }

    /// Those of copies of operators, by offset.
    pub(crate) fn of(copies: BTreeMap<u32, Vec<Value>>) -> Held {
        Held(copies.into_iter().collect())
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        self.0.iter().flat_map(|(_, values)| values.iter().copied())
    }
}
