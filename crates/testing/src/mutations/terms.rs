//! Terms: the contents of a cell of a frame, as a number that two sides share. Equal numbers are
//! equal values.
//!
//! `product` builds them for both versions of a function, from one visible instruction to the next;
//! a table lives that long. The converse does not hold: unequal numbers say nothing.

use prova_bytecode::Op;
use std::collections::BTreeMap;

/// A term by its number in its table.
pub(super) type Term = u32;

/// The definition of a term.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    /// A cell with these bits.
    Constant(u64),
    /// A cell of the result of a computation on terms.
    Pure(Pure),
    /// Nothing: equal to itself only.
    Opaque(Term),
}

/// A cell of the result of a computation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
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
pub(super) struct Terms {
    nodes: Vec<Node>,
    index: BTreeMap<Node, Term>,
}

impl Terms {
    /// A term that equals no other.
    pub(super) fn opaque(&mut self) -> Term {
        let term = self.nodes.len() as Term;
        self.nodes.push(Node::Opaque(term));
        term
    }

    /// The term of a constant cell.
    pub(super) fn constant(&mut self, bits: u64) -> Term {
        self.shared(Node::Constant(bits))
    }

    /// The term of a computation on terms.
    pub(super) fn pure(&mut self, pure: Pure) -> Term {
        self.shared(Node::Pure(pure))
    }

    /// The computation that a term is.
    pub(super) fn computation(&self, term: Term) -> Option<&Pure> {
        match &self.nodes[term as usize] {
            Node::Pure(pure) => Some(pure),
            Node::Constant(_) | Node::Opaque(_) => None,
        }
    }

    /// The bits of a constant.
    pub(super) fn bits(&self, term: Term) -> Option<u64> {
        match self.nodes[term as usize] {
            Node::Constant(bits) => Some(bits),
            Node::Pure(_) | Node::Opaque(_) => None,
        }
    }

    fn shared(&mut self, node: Node) -> Term {
        if let Some(&term) = self.index.get(&node) {
            return term;
        }
        let term = self.nodes.len() as Term;
        self.nodes.push(node.clone());
        self.index.insert(node, term);
        term
    }
}
