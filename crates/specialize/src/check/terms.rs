//! Terms: what the values of both bodies are, in one table, while a function is proved.
//!
//! A term is a leaf (a parameter of the specialised block, or the result of an effect that both
//! sides do), a constant, or an operator on terms. Equal terms have equal numbers. Every rule is an
//! identity on all inputs:
//!
//! * T1. An operator on constants with one result is what `prova_ssa::constants` gives.
//! * T2. `select` by a constant is the operand that it selects.
//! * T3. `x + k` and `x - k` with constants are one distance, modulo 2³²; the difference of two
//!   distances from one term is a constant, and so is whether they are equal.

use prova_module::ops::Class;
use prova_module::{Opcode, ValType};
use prova_ssa::Imm;
use prova_ssa::constants::evaluate_one;
use prova_ssa::hash::Key;
use prova_ssa::table::{self, Table};
use std::hash::BuildHasher;
use std::ops::Deref;

/// A term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Term(u32);

/// Number of terms at which the table is made anew.
const RENEWED_AT: usize = 1 << 20;

/// The most operands of an operator that is pure.
const OPERANDS_MAX: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// A value that only a run knows.
    Leaf,
    /// A payload of the edge that is looked at.
    Payload(u32),
    Bits(u64),
    /// A term that is no sum, and a distance that is not 0.
    Sum(Term, u32),
    /// A result of an operator: its operands and how many they are, and which result.
    Op(Opcode, Imm, [Term; OPERANDS_MAX], u32, u32),
}

impl table::Node for Node {
    fn hash(&self, key: Key) -> u64 {
        key.hash_one(self)
    }

    fn is_leaf(&self) -> bool {
        matches!(self, Node::Leaf)
    }
}

/// Operands, which are mostly few.
#[derive(Clone, Debug)]
pub(super) enum Operands {
    Few([Term; OPERANDS_MAX], usize),
    Many(Vec<Term>),
}

impl Default for Operands {
    fn default() -> Operands {
        Operands::Few([Term(0); OPERANDS_MAX], 0)
    }
}

impl Operands {
    pub(super) fn push(&mut self, term: Term) {
        match self {
            Operands::Few(few, count) if *count < OPERANDS_MAX => {
                few[*count] = term;
                *count += 1;
            }
            Operands::Few(few, _) => {
                let mut many = few.to_vec();
                many.push(term);
                *self = Operands::Many(many);
            }
            Operands::Many(many) => many.push(term),
        }
    }
}

impl Deref for Operands {
    type Target = [Term];

    fn deref(&self) -> &[Term] {
        match self {
            Operands::Few(few, count) => &few[..*count],
            Operands::Many(many) => many,
        }
    }
}

/// The terms of one function. No two blocks with rows share a leaf.
#[derive(Debug, Default)]
pub(super) struct Terms(Table<Node>);

impl Terms {
    fn add(&mut self, node: Node) -> Term {
        Term(self.0.intern(node) as u32)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.count()
    }

    /// Forgets all terms if they are many: nobody holds one.
    pub(super) fn renew(&mut self) {
        if self.len() > RENEWED_AT {
            self.0.reset(0);
        }
    }

    /// A new leaf.
    pub(super) fn leaf(&mut self) -> Term {
        self.add(Node::Leaf)
    }

    pub(super) fn payload(&mut self, number: u32) -> Term {
        self.add(Node::Payload(number))
    }

    pub(super) fn constant(&mut self, bits: u64) -> Term {
        self.add(Node::Bits(bits))
    }

    pub(super) fn as_bits(&self, term: Term) -> Option<u64> {
        match self.0.get(term.0 as usize) {
            Some(&Node::Bits(bits)) => Some(bits),
            _ => None,
        }
    }

    /// A term as a distance from another one.
    pub(super) fn distance(&self, term: Term) -> (Term, u32) {
        match self.0.get(term.0 as usize) {
            Some(&Node::Sum(root, by)) => (root, by),
            _ => (term, 0),
        }
    }

    /// The operands of an operator that a term is.
    fn operands(&self, term: Term, opcode: Opcode) -> Option<[Term; 2]> {
        match self.0.get(term.0 as usize) {
            Some(&Node::Op(code, _, [a, b, ..], 2, 0)) if code == opcode => Some([a, b]),
            _ => None,
        }
    }

    /// The operands of an i32 addition that is no distance.
    pub(super) fn added(&self, term: Term) -> Option<[Term; 2]> {
        self.operands(term, Opcode::I32Add)
    }

    /// The greatest that an i32 without a sign can be, if it is masked, or masked and shifted.
    pub(super) fn greatest(&self, term: Term) -> Option<u32> {
        let Some([of, by]) = self.operands(term, Opcode::I32Shl) else { return self.masked(term) };
        let by = self.as_bits(by).filter(|by| *by < 32)?;
        u32::try_from(u64::from(self.masked(of)?) << by).ok()
    }

    fn masked(&self, term: Term) -> Option<u32> {
        let args = self.operands(term, Opcode::I32And)?;
        let masks = args.iter().filter_map(|&arg| self.as_bits(arg));
        masks.map(|mask| mask as u32).min()
    }

    /// T3
    pub(super) fn moved(&mut self, term: Term, by: u32) -> Term {
        let (root, so_far) = self.distance(term);
        match (self.as_bits(root), so_far.wrapping_add(by)) {
            (Some(bits), by) => self.constant((bits as u32).wrapping_add(by).into()),
            (None, 0) => root,
            (None, by) => self.add(Node::Sum(root, by)),
        }
    }

    /// Whether a value of a type is not these bits.
    pub(super) fn differs(&mut self, ty: ValType, found: Term, bits: u64) -> Term {
        let (cast, differ) = match ty {
            ValType::F32 => (Some(Opcode::I32ReinterpretF32), Opcode::I32Ne),
            ValType::F64 => (Some(Opcode::I64ReinterpretF64), Opcode::I64Ne),
            ValType::I64 => (None, Opcode::I64Ne),
            ValType::I32 | ValType::V128 | ValType::Ref(_) => (None, Opcode::I32Ne),
        };
        let wanted = self.constant(bits);
        let found = match cast {
            Some(cast) => self.operator(cast, Imm::None, &[found], 0),
            None => found,
        };
        self.operator(differ, Imm::None, &[found, wanted], 0)
    }

    /// A result of a pure operator, or of one that does not trap here.
    pub(super) fn operator(
        &mut self,
        opcode: Opcode,
        imm: Imm,
        args: &[Term],
        result: u32,
    ) -> Term {
        if let Some(term) = self.simpler(opcode, imm, args) {
            return term;
        }
        let mut all = [Term(0); OPERANDS_MAX];
        match all.get_mut(..args.len()) {
            Some(all) => all.copy_from_slice(args),
            None => return self.leaf(),
        }
        self.add(Node::Op(opcode, imm, all, args.len() as u32, result))
    }

    fn simpler(&mut self, opcode: Opcode, imm: Imm, args: &[Term]) -> Option<Term> {
        if let (Class::constant, Imm::Bits(bits)) = (opcode.class(), imm) {
            return Some(self.constant(bits));
        }
        if opcode.class() == Class::select {
            let &[a, b, condition] = args else { return None };
            let bits = self.as_bits(condition)? as u32;
            return Some(if bits == 0 { b } else { a });
        }
        if let Some(bits) = self.evaluated(opcode, imm, args) {
            return Some(self.constant(bits));
        }
        let &[a, b] = args else { return None };
        let (x, y) = (self.distance(a), self.distance(b));
        match (opcode, self.as_bits(a), self.as_bits(b)) {
            (Opcode::I32Add, _, Some(by)) => Some(self.moved(a, by as u32)),
            (Opcode::I32Add, Some(by), _) => Some(self.moved(b, by as u32)),
            (Opcode::I32Sub, _, Some(by)) => Some(self.moved(a, (by as u32).wrapping_neg())),
            (Opcode::I32Sub, ..) if x.0 == y.0 => Some(self.constant(x.1.wrapping_sub(y.1).into())),
            (Opcode::I32Eq, ..) if x.0 == y.0 => Some(self.constant((x.1 == y.1).into())),
            (Opcode::I32Ne, ..) if x.0 == y.0 => Some(self.constant((x.1 != y.1).into())),
            (_, _, _) => None,
        }
    }

    /// T1: what an operator on constants gives, if it does not trap.
    pub(super) fn evaluated(&self, opcode: Opcode, imm: Imm, args: &[Term]) -> Option<u64> {
        let mut bits = [0; OPERANDS_MAX];
        let bits = bits.get_mut(..args.len())?;
        for (bits, &term) in bits.iter_mut().zip(args) {
            *bits = self.as_bits(term)?;
        }
        if imm == Imm::None { evaluate_one(opcode, bits) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_masks_are_known_by_their_operators() {
        let mut terms = Terms::default();
        let (a, b, mask) = (terms.leaf(), terms.leaf(), terms.constant(7));
        let mut of = |opcode, args: &[Term]| terms.operator(opcode, Imm::None, args, 0);
        let (sum, other) = (of(Opcode::I32Add, &[a, b]), of(Opcode::I32Or, &[a, b]));
        let (masked, not) = (of(Opcode::I32And, &[a, mask]), of(Opcode::I32Or, &[a, mask]));
        assert_eq!((terms.added(sum), terms.added(other)), (Some([a, b]), None));
        assert_eq!((terms.greatest(masked), terms.greatest(not)), (Some(7), None));
    }
}
