//! Value numbers of instructions: an operator and the numbers of its operands → the numbers of its
//! results. One table for both bodies of a proof, so equal numbers are equal values in every run.
//!
//! ```text
//! opcode, immediates, operands ─┬─ all constant ─ constants::evaluate ─► a constant
//!                               ├─ a sum with a constant ─► a root and one distance
//!                               └─ Terms ─► a term
//! ```
//!
//! All proofs that compare two bodies lean on it, so every rule is an identity on all inputs:
//!
//! * U1. A scalar operator on constants is what [`constants::evaluate`](crate::constants) gives.
//! * U2. `select` by a constant is the operand that it selects; `select` of one value is that
//!   value.
//! * U3. The rewrites of `prova-terms` (R1 to R5 there).
//! * U4. A 32- or 64-bit sum, difference, union, exclusive union, shift or rotation of a value and
//!   0 is that value, and so are a product by 1 and an intersection with all bits.
//! * U5. `(x + a) + b = x + (a + b)` for 32-bit constants, modulo 2³²: a sum has one root, which is
//!   no such sum, and one distance.
//! * U6. The difference of two distances from one root is a constant, and so is whether they are
//!   equal.
//!
//! A reference is its cell, so `ref.null` is the constant 0; `ref.func` of a function is one value
//! in an instance. A v128 has one number as a whole: halves are never taken.
//!
//! No two values of one table may get the same leaf. Those of [`Numbers::leaf`] differ from all
//! that a user names ([`Vn::effect`], [`Vn::phi`] of a block), as `replace` does.
//!
//! Limits: vector operators are not folded. Noticed by: `tests` here, and the twins of each user.

use super::plant::planted;
use crate::body::Imm;
use crate::constants::{evaluate, evaluate_one};
use prova_module::ops::Class;
use prova_module::{Opcode, for_each_wasm_op};
use prova_terms::{Prim, Terms, Vn};

macro_rules! prims {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($s:ident : $sk:ident)* -> $($d:ident)* $(/ $canonical:ident)?] ($($i:ident : $ik:ident)*)
        $($binder:ident $(: $bits:ident)?)? { $($e:tt)* })*) => {
        /// The numeric operator that a row's expression names, applied to operands and immediates
        /// in their order.
        fn prim(opcode: Opcode) -> Option<Prim> {
            match opcode { $(Opcode::$name => prim!($class { $($e)* })),* }
        }

        /// Whether a plain load or store moves the bits of its value as they are.
        pub(crate) fn is_whole(opcode: Opcode) -> bool {
            match opcode { $(Opcode::$name => whole!($class { $($e)* })),* }
        }

        /// Operators whose expressions name operands and immediates in another order.
        #[cfg(test)]
        fn disordered() -> Vec<Opcode> {
            let mut found = Vec::new();
            $(ordered!($class found $name [$($s)* $($i)*] { $($e)* });)*
            found
        }
    };
}

macro_rules! prim {
    (pure { ref_is_null($a:ident) }) => {
        None
    };
    (pure { $f:ident($($a:ident),*) }) => {
        Some(Prim::$f)
    };
    (pure2 { $f:ident($($a:ident),*) }) => {
        Some(Prim::$f)
    };
    (trap { $f:ident($($a:ident),*) }) => {
        Some(Prim::$f)
    };
    ($class:ident { $($e:tt)* }) => {
        None
    };
}

/// The row of an access that only moves bits has them as its expression, or an operator that keeps
/// them.
macro_rules! whole {
    (load { $m:ident }) => {
        true
    };
    (load { $f:ident($($a:ident),*) }) => {
        Prim::$f.keeps_bits()
    };
    (store { $v:ident }) => {
        true
    };
    (store { $f:ident($($a:ident),*) }) => {
        Prim::$f.keeps_bits()
    };
    ($class:ident { $($e:tt)* }) => {
        false
    };
}

#[cfg(test)]
macro_rules! ordered {
    (pure $($row:tt)*) => { ordered!(@ $($row)*) };
    (pure2 $($row:tt)*) => { ordered!(@ $($row)*) };
    (trap $($row:tt)*) => { ordered!(@ $($row)*) };
    (@ $found:ident $name:ident [$($s:ident)*] { $f:ident($($a:ident),*) }) => {
        if [$(stringify!($s)),*] != [$(stringify!($a)),*] {
            $found.push(Opcode::$name);
        }
    };
    ($class:ident $($row:tt)*) => {};
}
for_each_wasm_op!(prims);

/// Whether a trapping operator cannot trap by these operands: all constant, or a divisor that is
/// constant and neither 0 nor, in a signed division, −1.
pub fn cannot_trap(opcode: Opcode, operands: &[Option<u64>]) -> bool {
    let all: Option<Vec<u64>> = operands.iter().copied().collect();
    if let Some(Ok(_)) = all.and_then(|all| evaluate(opcode, &all)) {
        return true;
    }
    let Some(&Some(divisor)) = operands.get(1) else { return false };
    use Opcode as O;
    let short = matches!(opcode, O::I32DivS | O::I32DivU | O::I32RemS | O::I32RemU);
    let long = matches!(opcode, O::I64DivS | O::I64DivU | O::I64RemS | O::I64RemU);
    let overflows = match opcode == O::I32DivS {
        true => divisor as u32 == u32::MAX,
        false => opcode == O::I64DivS && divisor == u64::MAX,
    };
    let is_zero = if short { divisor as u32 == 0 } else { divisor == 0 };
    (short || long) && !is_zero && !overflows
}

/// The most operands of an operator that has a number.
const OPERANDS_MAX: usize = 4;

/// The number of a result that no effect has, below 2²⁹.
const LEAF: u32 = (1 << 29) - 1;

/// An operand, and the bits that it is if it is a constant.
type Known = (Vn, Option<u64>);

/// The operand that an operator gives, the other one being neutral (U4).
#[inline]
fn neutral(prim: Prim, (a, a_is): Known, (b, b_is): Known) -> Option<Vn> {
    use Prim as P;
    if a_is.is_none() && b_is.is_none() {
        return None;
    }
    let (neutral, commutes) = match prim {
        P::i32_add | P::i64_add | P::i32_or | P::i64_or | P::i32_xor | P::i64_xor => (0, true),
        P::i32_mul | P::i64_mul => (1, true),
        P::i32_and => (u64::from(u32::MAX), true),
        P::i64_and => (u64::MAX, true),
        P::i32_sub | P::i64_sub | P::i32_shl | P::i64_shl | P::i32_shr_s | P::i64_shr_s => {
            (0, false)
        }
        P::i32_shr_u | P::i64_shr_u | P::i32_rotl | P::i64_rotl | P::i32_rotr | P::i64_rotr => {
            (0, false)
        }
        _other => return None,
    };
    match (a_is, b_is) {
        (_, Some(bits)) if bits == neutral => Some(a),
        (Some(bits), _) if commutes && bits == neutral => Some(b),
        (_, _) => None,
    }
}

/// Value numbers in one table.
#[derive(Default)]
pub struct Numbers {
    terms: Terms,
    leaves: u32,
}

impl Numbers {
    /// No values, with room for those of about this number of instructions.
    pub fn with_room(insts: usize) -> Numbers {
        let mut numbers = Numbers::default();
        numbers.terms.reset(insts);
        numbers
    }

    /// How many terms have a place in the table.
    pub fn count(&self) -> usize {
        self.terms.count()
    }

    /// Forgets all terms and leaves: nobody holds one.
    pub fn reset(&mut self) {
        self.terms.reset(0);
        self.leaves = 0;
    }

    /// A new leaf: a value that only a run knows. A proof that makes one takes a step, and has
    /// fewer than 2³².
    pub fn leaf(&mut self) -> Vn {
        self.leaves += 1;
        Vn::effect(self.leaves, LEAF)
    }

    /// A payload of the edge that is looked at, by its number; of no other edge.
    pub fn payload(number: u32) -> Vn {
        Vn::phi(u32::MAX, number)
    }

    /// The bits of a constant.
    #[inline]
    pub fn as_const(&self, vn: Vn) -> Option<u64> {
        self.terms.as_const(vn)
    }

    /// A constant.
    pub fn constant(&mut self, bits: u64) -> Vn {
        self.terms.constant(bits)
    }

    /// A 32-bit sum with a constant as what is added to and how much (U5); anything else as itself
    /// and 0.
    pub fn distance(&self, vn: Vn) -> (Vn, u32) {
        let Some([a, b]) = self.terms.pair(Prim::i32_add, vn) else { return (vn, 0) };
        match (self.terms.as_const(a), self.terms.as_const(b)) {
            (_, Some(bits)) => (a, bits as u32),
            (Some(bits), None) => (b, bits as u32),
            (None, None) => (vn, 0),
        }
    }

    /// The same, with a constant of 32 bits as a sum with 0.
    pub fn root(&mut self, vn: Vn) -> (Vn, u32) {
        match self.as_const(vn).and_then(|bits| u32::try_from(bits).ok()) {
            Some(bits) => (self.constant(0), bits),
            None => self.distance(vn),
        }
    }

    /// A 32-bit value and a constant, added (U1, U5).
    pub fn moved(&mut self, vn: Vn, by: u32) -> Vn {
        let (root, so_far) = self.distance(vn);
        let so_far = if planted!(DistanceReplaced) { 0 } else { so_far };
        match (self.as_const(root), so_far.wrapping_add(by)) {
            (Some(bits), by) => self.constant((bits as u32).wrapping_add(by).into()),
            (None, 0) => root,
            (None, by) => self.terms.operator(Prim::i32_add, &[root, Vn::index(by)]),
        }
    }

    /// The two operands of an operator that a value is, in some order if it is commutative.
    pub fn operands(&self, vn: Vn, opcode: Opcode) -> Option<[Vn; 2]> {
        prim(opcode)
            .filter(|_| opcode.row().params.len() == 2)
            .and_then(|prim| self.terms.pair(prim, vn))
    }

    /// The result of a numeric operator on constants that has one and does not trap (U1).
    pub fn evaluated(&self, opcode: Opcode, imm: Imm, args: &[Vn]) -> Option<u64> {
        let mut bits = [0; OPERANDS_MAX];
        let bits = bits.get_mut(..args.len())?;
        for (bits, &vn) in bits.iter_mut().zip(args) {
            *bits = self.as_const(vn)?;
        }
        if imm == Imm::None { evaluate_one(opcode, bits) } else { None }
    }

    /// The result of a pure operator that has one; a new leaf if it does not follow from the
    /// operands.
    pub fn operator(&mut self, opcode: Opcode, imm: Imm, args: &[Vn]) -> Vn {
        self.results(opcode, imm, args)[0]
    }

    /// The results of a pure operator, as [`Numbers::operator`]; no operator has more than two, and
    /// a second one that is not there is no value.
    #[inline]
    pub fn results(&mut self, opcode: Opcode, imm: Imm, args: &[Vn]) -> [Vn; 2] {
        match self.of(opcode, imm, args) {
            Some(found) => found,
            None => [self.leaf(), self.leaf()],
        }
    }

    /// A condition as a term and whether it is not negated.
    pub fn truth(&mut self, vn: Vn) -> (Vn, bool) {
        self.terms.truth(vn)
    }

    /// The numbers of an operator's results that follow from its operands alone; `None` if they do
    /// not.
    pub fn of(&mut self, opcode: Opcode, imm: Imm, args: &[Vn]) -> Option<[Vn; 2]> {
        let one = |vn| Some([vn, Vn::UNDEF]);
        match (opcode.class(), imm) {
            (Class::constant, Imm::Bits(bits)) => one(self.terms.constant(bits)),
            (Class::constant, Imm::Wide([low, high])) => {
                one(self.terms.constant128(u128::from(low) | u128::from(high) << 64))
            }
            (Class::null, _) => one(self.terms.constant(0)),
            (Class::quick, Imm::Index(func)) if opcode == Opcode::RefFunc => {
                // Leaves for parameters have no other use here; their places are below 2²⁹.
                (func < 1 << 29).then_some([Vn::param(func), Vn::UNDEF])
            }
            (Class::select, _) => {
                let &[a, b, condition] = args else { return None };
                one(self.select(a, b, condition))
            }
            (Class::pure | Class::pure2 | Class::trap, _) => self.numeric(opcode, imm, args),
            (_, _) => None,
        }
    }

    /// U2
    fn select(&mut self, a: Vn, b: Vn, condition: Vn) -> Vn {
        match self.terms.as_const(condition) {
            Some(0) => b,
            Some(_) => a,
            None if a == b => a,
            None => self.terms.select(a, b, condition),
        }
    }

    /// A sum or difference with a constant, and what is known of two distances from one root (U5,
    /// U6).
    #[inline]
    fn distances(&mut self, prim: Prim, (a, a_is): Known, (b, b_is): Known) -> Option<Vn> {
        use Prim as P;
        match (prim, a_is, b_is) {
            (P::i32_add, _, Some(by)) => return Some(self.moved(a, by as u32)),
            (P::i32_add, Some(by), None) => return Some(self.moved(b, by as u32)),
            (P::i32_sub, _, Some(by)) => return Some(self.moved(a, (by as u32).wrapping_neg())),
            (P::i32_sub | P::i32_eq | P::i32_ne, None, None) => {}
            (_, _, _) => return None,
        }
        let ((root, at), (other, to)) = (self.distance(a), self.distance(b));
        let alike = root == other && root != Vn::UNDEF || planted!(RootsAlike);
        let found = match prim {
            P::i32_sub => at.wrapping_sub(to),
            P::i32_eq => (at == to).into(),
            _unequal => (at != to).into(),
        };
        alike.then(|| Vn::index(found))
    }

    fn numeric(&mut self, opcode: Opcode, imm: Imm, args: &[Vn]) -> Option<[Vn; 2]> {
        let Some(prim) = prim(opcode) else {
            let is_null = opcode == Opcode::RefIsNull && args.len() == 1;
            return is_null.then(|| [self.terms.is_null(args[0]), Vn::UNDEF]);
        };
        // No operator has more operands, nor more of them and immediates together.
        let mut all = [Vn::UNDEF; OPERANDS_MAX + 1];
        let mut constants = [0; OPERANDS_MAX];
        let count = args.len();
        all.get_mut(..count)?.copy_from_slice(args);
        let places = constants.get_mut(..count)?;
        let mut known = [None; OPERANDS_MAX];
        for ((place, known), &vn) in places.iter_mut().zip(&mut known).zip(args) {
            *known = self.terms.as_const(vn);
            *place = known.unwrap_or(0);
        }
        let is_constant = known[..count].iter().all(Option::is_some);
        let folded = if is_constant { evaluate(opcode, places) } else { None };
        if let Some(Ok([first, second])) = folded {
            return Some([self.terms.constant(first), self.terms.constant(second)]);
        }
        if let &[a, b] = args {
            let (a, b) = ((a, known[0]), (b, known[1]));
            if let Some(found) = neutral(prim, a, b).or_else(|| self.distances(prim, a, b)) {
                return Some([found, Vn::UNDEF]);
            }
        }
        let more = match imm {
            Imm::None => None,
            Imm::Lane(lane) => Some(Vn::index(lane.into())),
            Imm::Wide([low, high]) => {
                Some(self.terms.constant128(u128::from(low) | u128::from(high) << 64))
            }
            _other => return None,
        };
        all[count] = more.unwrap_or(Vn::UNDEF);
        let low = self.terms.operator(prim, &all[..count + usize::from(more.is_some())]);
        let second =
            if opcode.class() == Class::pure2 { self.terms.second(low) } else { Vn::UNDEF };
        Some([low, second])
    }
}

#[cfg(test)]
mod tests;
