//! Terms: what a value is, as a number that is equal for equal applications of pure operators.
//!
//! A term is an *atom* (a parameter of a join, a result of an effect, a payload: what only a run
//! knows) or a pure operator with its immediates applied to terms. Nothing is rewritten, so equal
//! numbers are equal computations. Each term knows the last of its atoms in the order of the walk,
//! which is the one that is dominated by all the others.

use crate::body::Imm;
use prova_module::Opcode;
use std::collections::HashMap;

/// A term; [`NONE`] is what is not known.
pub(super) type Term = u32;

/// No term.
pub(super) const NONE: Term = u32::MAX;

/// The most operands of a pure operator.
const OPERANDS_MAX: usize = 4;

/// The place of what is there on one edge only.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Operator, immediates, operands, and which result.
type Key = (Opcode, Imm, [Term; OPERANDS_MAX], u32);

/// All terms of a comparison.
#[derive(Default)]
pub(super) struct Terms {
    known: HashMap<Key, Term>,
    /// Of each term the place of its last atom, in the order of the walk.
    at: Vec<u32>,
    /// Whether it is a reference that is not null.
    non_null: Vec<bool>,
}

impl Terms {
    /// A new atom, whose place has this position in the walk.
    pub(super) fn atom(&mut self, at: u32) -> Term {
        self.at.push(at);
        self.non_null.push(false);
        self.at.len() as Term - 1
    }

    /// A result of a pure operator; an atom of its own if it has too many operands.
    pub(super) fn pure(&mut self, opcode: Opcode, imm: Imm, args: &[Term], result: u32) -> Term {
        let mut operands = [NONE; OPERANDS_MAX];
        let Some(places) = operands.get_mut(..args.len()) else { return self.atom(NOWHERE) };
        places.copy_from_slice(args);
        let next = self.at.len() as Term;
        let term = *self.known.entry((opcode, imm, operands, result)).or_insert(next);
        if term == next {
            let last = args.iter().map(|&arg| self.place(arg)).max();
            self.atom(last.unwrap_or(0));
        }
        term
    }

    /// The place of a term's last atom.
    pub(super) fn place(&self, term: Term) -> u32 {
        self.at.get(term as usize).copied().unwrap_or(NOWHERE)
    }

    /// What is there on one edge only is from now on there wherever the place is passed to which
    /// that edge is the only way.
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
