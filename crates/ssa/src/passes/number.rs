//! Value numbers of a body's instructions: an operator and the numbers of its operands → the
//! numbers of its results.
//!
//! ```text
//! opcode, immediates, operands ─┬─ all constant ─ constants::evaluate ─► a constant
//!                               └─ Terms ─► a term
//! ```
//!
//! The check of passes leans on it, so every rule is an identity on all inputs:
//!
//! * U1. A scalar operator on constants is what [`constants::evaluate`](crate::constants) gives.
//! * U2. `select` by a constant is the operand that it selects; `select` of one value is that
//!   value.
//! * U4. A 32- or 64-bit sum, difference, union, exclusive union, shift or rotation of a value and
//!   0 is that value, and so are a product by 1 and an intersection with all bits.
//! * U3. The rewrites of `prova-terms` (R1 to R5 there).
//!
//! A reference is its cell, so `ref.null` is the constant 0; `ref.func` of a function is one value
//! in an instance. A v128 has one number as a whole: halves are never taken.
//!
//! Limits: vector operators are not folded. Noticed by: `tests` here, and the twins of the check.

use crate::body::Imm;
use crate::constants::evaluate;
use prova_module::ops::Class;
use prova_module::{Opcode, for_each_wasm_op};
use prova_terms::{Prim, Term, Terms, Vn};

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
        pub(super) fn is_whole(opcode: Opcode) -> bool {
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
pub(super) fn cannot_trap(opcode: Opcode, operands: &[Option<u64>]) -> bool {
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

/// Sums of sums that are looked through for an address.
pub(super) const SUMS_MAX: usize = 64;

/// Value numbers in one table.
#[derive(Default)]
pub(super) struct Numbers {
    terms: Terms,
}

impl Numbers {
    /// The bits of a constant.
    pub(super) fn as_const(&self, vn: Vn) -> Option<u64> {
        self.terms.as_const(vn)
    }

    /// A constant.
    pub(super) fn constant(&mut self, bits: u64) -> Vn {
        self.terms.constant(bits)
    }

    /// A 32-bit sum as what is added to and how much, modulo 2³²; a constant below that as a sum
    /// with 0; of anything else itself and 0.
    pub(super) fn root(&mut self, vn: Vn) -> (Vn, u32) {
        if let Some(bits) = self.as_const(vn).and_then(|bits| u32::try_from(bits).ok()) {
            return (self.constant(0), bits);
        }
        let (mut at, mut by) = (vn, 0u32);
        for _ in 0..SUMS_MAX {
            let Term::Pure(Prim::i32_add, [a, b, ..]) = self.terms.term(at) else { break };
            let (next, more) = match (self.terms.as_const(a), self.terms.as_const(b)) {
                (_, Some(bits)) => (a, bits),
                (Some(bits), None) => (b, bits),
                (None, None) => break,
            };
            (at, by) = (next, by.wrapping_add(more as u32));
        }
        (at, by)
    }

    /// A condition as a term and whether it is not negated.
    pub(super) fn truth(&mut self, vn: Vn) -> (Vn, bool) {
        self.terms.truth(vn)
    }

    /// The numbers of an operator's results that follow from its operands alone; `None` if they do
    /// not.
    pub(super) fn of(&mut self, opcode: Opcode, imm: Imm, args: &[Vn]) -> Option<[Vn; 2]> {
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

    /// The operand that an operator gives, the other one being neutral (U4).
    fn neutral(&self, prim: Prim, a: Vn, b: Vn) -> Option<Vn> {
        use Prim as P;
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
        match (self.as_const(a), self.as_const(b)) {
            (_, Some(bits)) if bits == neutral => Some(a),
            (Some(bits), _) if commutes && bits == neutral => Some(b),
            (_, _) => None,
        }
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
        let mut is_constant = true;
        for (place, &vn) in places.iter_mut().zip(args) {
            match self.terms.as_const(vn) {
                Some(bits) => *place = bits,
                None => is_constant = false,
            }
        }
        let folded = if is_constant { evaluate(opcode, places) } else { None };
        if let Some(Ok([first, second])) = folded {
            return Some([self.terms.constant(first), self.terms.constant(second)]);
        }
        if let &[a, b] = args
            && let Some(same) = self.neutral(prim, a, b)
        {
            return Some([same, Vn::UNDEF]);
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
mod tests {
    use super::*;

    /// A term has its operands and immediates in the order of the row.
    #[test]
    fn expressions_name_operands_in_their_order() {
        assert_eq!(disordered(), []);
    }

    #[test]
    fn whole_accesses() {
        use Opcode as O;
        let whole: Vec<Opcode> = Opcode::ALL.iter().copied().filter(|&it| is_whole(it)).collect();
        let loads = [O::I32Load, O::I64Load, O::F32Load, O::F64Load];
        let stores = [O::I32Store, O::I64Store, O::F32Store, O::F64Store];
        let mut expected = [&loads[..], &stores, &[O::V128Load, O::V128Store]].concat();
        expected.sort();
        assert_eq!(whole, expected);
    }

    #[test]
    fn divisors_that_exclude_a_trap() {
        for (opcode, divisor, expected) in [
            (Opcode::I32DivU, 3, true),
            (Opcode::I32DivU, 0, false),
            (Opcode::I32DivS, 3, true),
            (Opcode::I32DivS, 0xffff_ffff, false),
            (Opcode::I32RemS, 0xffff_ffff, true),
            (Opcode::I64DivS, u64::MAX, false),
            (Opcode::I64DivS, 0xffff_ffff, true),
            (Opcode::I32TruncF32S, 3, false),
        ] {
            assert_eq!(cannot_trap(opcode, &[None, Some(divisor)]), expected, "{opcode:?}");
        }
        assert!(cannot_trap(Opcode::I32DivS, &[Some(7), Some(0xffff_ffff)]));
        assert!(!cannot_trap(Opcode::I32DivS, &[Some(0x8000_0000), Some(0xffff_ffff)]));
    }
}
