//! The names of things in a body: indices of different types, printed with their prefixes.

use cranelift_entity::entity_impl;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// A basic block.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block(u32);
entity_impl!(Block, "block");

/// A value: a parameter of a block, or a result of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(u32);
entity_impl!(Value, "v");

/// An instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inst(u32);
entity_impl!(Inst, "inst");

/// A run of one of a body's pools.
pub struct List<T> {
    start: u32,
    end: u32,
    of: PhantomData<T>,
}

impl<T> List<T> {
    /// No elements.
    pub const EMPTY: List<T> = List { start: 0, end: 0, of: PhantomData };

    /// The empty run has one form, so that equal lists of equal bodies are equal.
    pub fn new(range: Range<usize>) -> List<T> {
        if range.is_empty() {
            return List::EMPTY;
        }
        List { start: range.start as u32, end: range.end as u32, of: PhantomData }
    }

    /// How many elements it has.
    #[inline]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it has none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.end == self.start
    }

    /// Where it lies in its pool.
    #[inline]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

// Derives would ask the same of `T`.
impl<T> Clone for List<T> {
    fn clone(&self) -> List<T> {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> PartialEq for List<T> {
    fn eq(&self, other: &List<T>) -> bool {
        self.range() == other.range()
    }
}

impl<T> Eq for List<T> {}

impl<T> Default for List<T> {
    fn default() -> List<T> {
        List::EMPTY
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.range().fmt(f)
    }
}
