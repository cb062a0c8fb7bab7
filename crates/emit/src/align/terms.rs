//! Terms: what a value is, as a number that is equal for equal applications of pure operators.
//!
//! A term is an *atom* (a parameter of a join, a result of an effect, a payload: what only a run
//! knows) or a pure operator with its immediates applied to terms. Nothing is rewritten, so equal
//! numbers are equal computations. Each term knows the last of its atoms in the order of the walk,
//! which is the one that is dominated by all the others.

use prova_module::Opcode;
use prova_ssa::Imm;
use prova_ssa::hash::Key;
use prova_ssa::table::{self, Table};
use std::hash::{BuildHasher, Hash, Hasher};

/// A term; [`NONE`] is what is not known.
pub(super) type Term = u32;

/// No term.
pub(super) const NONE: Term = u32::MAX;

/// The most operands of a pure operator.
const OPERANDS_MAX: usize = 4;

/// The place of what is there on one edge only.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The content of a term.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Atom,
    /// An application of a pure operator, and which of its results.
    Pure {
        opcode: Opcode,
        args: [Term; OPERANDS_MAX],
        result: u32,
        imm: Imm,
    },
}

impl table::Node for Node {
    #[inline]
    fn hash(&self, key: Key) -> u64 {
        let Node::Pure { opcode, imm, args: [a, b, c, d], result } = *self else { return 0 };
        let mut hasher = key.build_hasher();
        hasher.write_u64(u64::from(opcode as u16) << 32 ^ u64::from(result));
        match imm {
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

    #[inline]
    fn is_leaf(&self) -> bool {
        matches!(self, Node::Atom)
    }
}

/// All terms of a comparison.
pub(super) struct Terms {
    table: Table<Node>,
    /// Of each term the place of its last atom, in the order of the walk.
    at: Vec<u32>,
    /// Whether it is a reference that is not null.
    non_null: Vec<bool>,
}

impl Terms {
    /// No terms, with room for those of about this number of instructions.
    pub(super) fn with_room(insts: usize) -> Terms {
        Terms {
            table: Table::with_room(insts),
            at: Vec::with_capacity(insts),
            non_null: Vec::with_capacity(insts),
        }
    }

    /// A new atom, whose place has this position in the walk.
    pub(super) fn atom(&mut self, at: u32) -> Term {
        let number = self.table.intern(Node::Atom);
        self.begin(number, at)
    }

    /// A result of a pure operator; a new atom if it has too many operands.
    pub(super) fn pure(&mut self, opcode: Opcode, imm: &Imm, args: &[Term], result: u32) -> Term {
        let mut operands = [NONE; OPERANDS_MAX];
        let Some(places) = operands.get_mut(..args.len()) else { return self.atom(NOWHERE) };
        places.copy_from_slice(args);
        let number = self.table.intern(Node::Pure { opcode, imm: *imm, args: operands, result });
        if number < self.at.len() {
            return number as Term;
        }
        let last = args.iter().map(|&arg| self.place(arg)).max();
        self.begin(number, last.unwrap_or(0))
    }

    /// A term that the table had not.
    fn begin(&mut self, number: usize, at: u32) -> Term {
        self.at.push(at);
        self.non_null.push(false);
        number as Term
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
        let mut terms = Terms::with_room(0);
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
            let mut terms = Terms::with_room(0);
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
        let mut terms = Terms::with_room(0);
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
