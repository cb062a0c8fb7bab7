//! Terms: the contents of a cell of a frame, as a number that two sides share. Equal numbers are
//! equal values.
//!
//! `product` builds them for both versions of a function, from one visible instruction to the next;
//! a table lives that long. The converse does not hold: unequal numbers say nothing.

use prova_bytecode::Op;
use prova_ssa::hash::Key;
use prova_ssa::table::{self, Table};
use std::hash::BuildHasher;

/// A term by its number in its table.
pub(super) type Term = u32;

/// The definition of a term.
#[derive(PartialEq, Eq, Hash)]
enum Node {
    /// A cell with these bits.
    Constant(u64),
    /// A cell of the result of a computation on terms.
    Pure(Pure),
    /// Nothing: equal to itself only.
    Opaque,
}

impl table::Node for Node {
    fn hash(&self, key: Key) -> u64 {
        key.hash_one(self)
    }

    fn is_leaf(&self) -> bool {
        matches!(self, Node::Opaque)
    }
}

/// A cell of the result of a computation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Pure {
    pub(super) op: Op,
    pub(super) immediates: Vec<u64>,
    /// Terms, or the numbers that stand for them.
    pub(super) args: Vec<u32>,
    /// Which cell of the results.
    pub(super) part: u32,
}

/// The terms of a stretch of code.
#[derive(Default)]
pub(super) struct Terms(Table<Node>);

impl Terms {
    /// A term that equals no other.
    pub(super) fn opaque(&mut self) -> Term {
        self.0.intern(Node::Opaque) as Term
    }

    /// The term of a constant cell.
    pub(super) fn constant(&mut self, bits: u64) -> Term {
        self.0.intern(Node::Constant(bits)) as Term
    }

    /// The term of a computation on terms.
    pub(super) fn pure(&mut self, pure: Pure) -> Term {
        self.0.intern(Node::Pure(pure)) as Term
    }

    /// The computation that a term is.
    pub(super) fn computation(&self, term: Term) -> Option<&Pure> {
        match self.0.get(term as usize)? {
            Node::Pure(pure) => Some(pure),
            Node::Constant(_) | Node::Opaque => None,
        }
    }

    /// The bits of a constant.
    pub(super) fn bits(&self, term: Term) -> Option<u64> {
        match self.0.get(term as usize)? {
            Node::Constant(bits) => Some(*bits),
            Node::Pure(_) | Node::Opaque => None,
        }
    }
}
