//! Terms: what a value is, as a number that is equal for equal applications of pure operators.
//!
//! A term is an *atom* (a parameter of a join, a result of an effect, a payload: what only a run
//! knows) or a pure operator with its immediates applied to terms. Nothing is rewritten, so equal
//! numbers are equal computations. Each term knows the last of its atoms in the order of the walk,
//! which is the one that is dominated by all the others.
//!
//! Applications are found by open addressing: a hash, keyed as all of this crate, only says where
//! to look, and everything of an application is compared.

use crate::body::Imm;
use crate::hash::Key;
use prova_module::Opcode;
use std::hash::{BuildHasher, Hash, Hasher};

/// A term; [`NONE`] is what is not known.
pub(super) type Term = u32;

/// No term.
pub(super) const NONE: Term = u32::MAX;

/// The most operands of a pure operator.
const OPERANDS_MAX: usize = 4;

/// The place of what is there on one edge only.
pub(super) const NOWHERE: u32 = u32::MAX;

/// An application of a pure operator.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Node {
    opcode: Opcode,
    imm: Imm,
    args: [Term; OPERANDS_MAX],
    /// Which result.
    result: u32,
    term: Term,
}

/// All terms of a comparison.
pub(super) struct Terms {
    key: Key,
    nodes: Vec<Node>,
    /// One more than the number of a node, 0 for none; a power of two of them, at most half used.
    index: Vec<u32>,
    /// Of each term the place of its last atom, in the order of the walk.
    at: Vec<u32>,
    /// Whether it is a reference that is not null.
    non_null: Vec<bool>,
}

impl Terms {
    /// No terms, with room for about this number of applications and atoms.
    pub(super) fn with_room(applications: usize, atoms: usize) -> Terms {
        Terms {
            key: Key::default(),
            nodes: Vec::with_capacity(applications),
            index: vec![0; (2 * applications).next_power_of_two().max(16)],
            at: Vec::with_capacity(applications + atoms),
            non_null: Vec::with_capacity(applications + atoms),
        }
    }

    /// A new atom, whose place has this position in the walk.
    pub(super) fn atom(&mut self, at: u32) -> Term {
        self.at.push(at);
        self.non_null.push(false);
        self.at.len() as Term - 1
    }

    /// A result of a pure operator; a new atom if it has too many operands.
    pub(super) fn pure(&mut self, opcode: Opcode, imm: &Imm, args: &[Term], result: u32) -> Term {
        let mut operands = [NONE; OPERANDS_MAX];
        let Some(places) = operands.get_mut(..args.len()) else { return self.atom(NOWHERE) };
        places.copy_from_slice(args);
        let mut slot = self.hash(opcode, imm, &operands, result) as usize;
        loop {
            slot &= self.index.len() - 1;
            let Some(node) = self.nodes.get((self.index[slot] as usize).wrapping_sub(1)) else {
                break;
            };
            let same = node.opcode == opcode && node.args == operands && node.result == result;
            if same && node.imm == *imm {
                return node.term;
            }
            slot += 1;
        }
        let last = args.iter().map(|&arg| self.place(arg)).max();
        let term = self.atom(last.unwrap_or(0));
        self.nodes.push(Node { opcode, imm: *imm, args: operands, result, term });
        self.index[slot] = self.nodes.len() as u32;
        if 2 * self.nodes.len() > self.index.len() {
            self.grow();
        }
        term
    }

    #[inline]
    fn hash(
        &self,
        opcode: Opcode,
        imm: &Imm,
        &[a, b, c, d]: &[Term; OPERANDS_MAX],
        result: u32,
    ) -> u64 {
        let mut hasher = self.key.build_hasher();
        hasher.write_u64(u64::from(opcode as u16) << 32 ^ u64::from(result));
        match *imm {
            Imm::None => {}
            Imm::Bits(bits) => hasher.write_u64(bits),
            other => other.hash(&mut hasher),
        }
        hasher.write_u64(u64::from(a) << 32 ^ u64::from(b));
        if c != NONE {
            hasher.write_u64(u64::from(c) << 32 ^ u64::from(d));
        }
        hasher.finish()
    }

    #[cold]
    fn grow(&mut self) {
        let length = 2 * self.index.len();
        self.index.clear();
        self.index.resize(length, 0);
        for (number, node) in (1..).zip(&self.nodes) {
            let mut slot = self.hash(node.opcode, &node.imm, &node.args, node.result) as usize;
            slot &= length - 1;
            while self.index[slot] != 0 {
                slot = (slot + 1) & (length - 1);
            }
            self.index[slot] = number;
        }
    }

    /// The place of a term's last atom.
    pub(super) fn place(&self, term: Term) -> u32 {
        self.at.get(term as usize).copied().unwrap_or(NOWHERE)
    }

    /// Gives a term without place the place `at`. A term that exists on one edge only exists from
    /// then on behind the place to which that edge is the only way.
    pub(super) fn settle(&mut self, term: Term, at: u32) {
        if let Some(place) = self.at.get_mut(term as usize).filter(|place| **place == NOWHERE) {
            *place = at;
        }
    }

    pub(super) fn set_non_null(&mut self, term: Term) {
        if let Some(non_null) = self.non_null.get_mut(term as usize) {
            *non_null = true;
        }
    }

    pub(super) fn is_non_null(&self, term: Term) -> bool {
        self.non_null.get(term as usize).is_some_and(|&non_null| non_null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_one_term_however_many_there_are() {
        const COUNT: u64 = 4_000;
        let mut terms = Terms::with_room(0, 0);
        let other = terms.atom(0);
        let mut all = || -> Vec<Term> {
            let each = (0..COUNT).flat_map(|bits| {
                let one = terms.pure(Opcode::I64Const, &Imm::Bits(bits), &[], 0);
                let sum = terms.pure(Opcode::I64Add, &Imm::None, &[one, other], 0);
                let turned = terms.pure(Opcode::I64Add, &Imm::None, &[other, one], 0);
                [one, sum, turned, terms.pure(Opcode::I64Sub, &Imm::None, &[one, other], 0)]
            });
            each.collect()
        };
        let (first, again) = (all(), all());
        assert_eq!(first, again);
        assert!(first.is_sorted_by(|a, b| a < b));
    }

    /// In the smallest table, where most applications share a probe sequence.
    #[test]
    fn results_of_one_application_are_terms_of_their_own() {
        for atoms in 0..200 {
            let mut terms = Terms::with_room(0, 0);
            let [one, other] = [0; 2].map(|at| (0..atoms + 1).fold(0, |_, _| terms.atom(at)));
            let mut product =
                |imm: &Imm, result| terms.pure(Opcode::I64MulWideU, imm, &[one, other], result);
            let all = [(Imm::None, 0), (Imm::None, 1), (Imm::Bits(1), 0), (Imm::Bits(1), 1)];
            let found = all.map(|(imm, result)| product(&imm, result));
            assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
            assert_eq!(all.map(|(imm, result)| product(&imm, result)), found);
        }
    }

    #[test]
    fn a_term_is_where_its_last_atom_is() {
        let mut terms = Terms::with_room(0, 0);
        let (early, late, payload) = (terms.atom(3), terms.atom(5), terms.atom(NOWHERE));
        let constant = terms.pure(Opcode::I64Const, &Imm::Bits(1), &[], 0);
        let sum = terms.pure(Opcode::I64Add, &Imm::None, &[late, early], 0);
        let of_payload = terms.pure(Opcode::I64Add, &Imm::None, &[sum, payload], 0);
        let places = [early, late, constant, sum, of_payload, NONE].map(|term| terms.place(term));
        assert_eq!(places, [3, 5, 0, 5, NOWHERE, NOWHERE]);
        terms.settle(payload, 7);
        terms.settle(late, 7);
        assert_eq!([payload, late].map(|term| terms.place(term)), [7, 5]);
    }
}
