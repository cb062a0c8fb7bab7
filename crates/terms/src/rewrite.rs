//! Operators on values → terms in one form (R1 to R5), and conditions → a term with a polarity.

use crate::value::Head;
use crate::{Prim, Terms, Vn};

impl Terms {
    /// A numeric operator on its operands, in their order; of one with two results, the low one.
    ///
    /// Where `prim` is known at compile time, so is the rule.
    #[inline(always)]
    pub fn pure(&mut self, prim: Prim, args: &[Vn]) -> Vn {
        self.build::<false>(prim, args)
    }

    /// The same number as [`Terms::pure`], sooner where this is the second side, which mostly
    /// builds what the first has built.
    #[inline(always)]
    pub fn pure_again(&mut self, prim: Prim, args: &[Vn]) -> Vn {
        self.build::<true>(prim, args)
    }

    /// [`Terms::pure`] of an operator that is known at run time only.
    pub fn operator(&mut self, prim: Prim, args: &[Vn]) -> Vn {
        self.build::<false>(prim, args)
    }

    #[inline(always)]
    fn build<const AGAIN: bool>(&mut self, prim: Prim, args: &[Vn]) -> Vn {
        use Prim as P;
        if args.len() != prim.arity() {
            return self.opaque();
        }
        let (prim, args) = match (prim, args) {
            // R1.
            (_, &[a, b]) if prim.commutes() => (prim, [a.min(b), a.max(b), Vn(0)]),
            // R2.
            (P::i32_gt_s, &[a, b]) => (P::i32_lt_s, [b, a, Vn(0)]),
            (P::i32_gt_u, &[a, b]) => (P::i32_lt_u, [b, a, Vn(0)]),
            (P::i32_ge_s, &[a, b]) => (P::i32_le_s, [b, a, Vn(0)]),
            (P::i32_ge_u, &[a, b]) => (P::i32_le_u, [b, a, Vn(0)]),
            (P::i64_gt_s, &[a, b]) => (P::i64_lt_s, [b, a, Vn(0)]),
            (P::i64_gt_u, &[a, b]) => (P::i64_lt_u, [b, a, Vn(0)]),
            (P::i64_ge_s, &[a, b]) => (P::i64_le_s, [b, a, Vn(0)]),
            (P::i64_ge_u, &[a, b]) => (P::i64_le_u, [b, a, Vn(0)]),
            (P::f32_gt, &[a, b]) => (P::f32_lt, [b, a, Vn(0)]),
            (P::f32_ge, &[a, b]) => (P::f32_le, [b, a, Vn(0)]),
            (P::f64_gt, &[a, b]) => (P::f64_lt, [b, a, Vn(0)]),
            (P::f64_ge, &[a, b]) => (P::f64_le, [b, a, Vn(0)]),
            // R3.
            (P::i32_sub, &[a, b]) => match self.as_const(b) {
                Some(c) => {
                    let negated = Vn::index((c as u32).wrapping_neg());
                    (P::i32_add, [a.min(negated), a.max(negated), Vn(0)])
                }
                None => (prim, [a, b, Vn(0)]),
            },
            (P::i64_sub, &[a, b]) => match self.as_const(b) {
                Some(c) => {
                    let negated = self.constant(c.wrapping_neg());
                    (P::i64_add, [a.min(negated), a.max(negated), Vn(0)])
                }
                None => (prim, [a, b, Vn(0)]),
            },
            // R4.
            (P::i32_eqz, &[a]) => {
                let zero = Vn::index(0);
                (P::i32_eq, [a.min(zero), a.max(zero), Vn(0)])
            }
            (P::i64_eqz, &[a]) => {
                let zero = Vn::index(0);
                (P::i64_eq, [a.min(zero), a.max(zero), Vn(0)])
            }
            // R5.
            (_, &[a]) if prim.keeps_bits() => return a,
            (_, &[a]) => (prim, [a, Vn(0), Vn(0)]),
            (_, &[a, b]) => (prim, [a, b, Vn(0)]),
            (_, &[a, b, c]) => (prim, [a, b, c]),
            (_, &[a, b, c, d]) => {
                let pair = self.intern::<false>(Head::PAIR, [c, d, Vn(0)]);
                (prim, [a, b, pair])
            }
            // No operator has other numbers of operands (`prim`).
            (_, _) => return self.opaque(),
        };
        self.intern::<AGAIN>(Head::pure(prim), args)
    }

    /// A condition as a term and a polarity: the condition is not zero exactly if the term is not
    /// zero (`true`), or exactly if it is zero (`false`). Only for 32-bit values.
    pub fn truth(&mut self, mut vn: Vn) -> (Vn, bool) {
        let mut polarity = true;
        loop {
            let Some((prim, [a, b, _])) = self.numeric(vn) else { return (vn, polarity) };
            vn = match prim {
                // x == 0 is the negation of the condition x; R1 may have put the zero on either
                // side.
                Prim::i32_eq if b == Vn::index(0) => a,
                Prim::i32_eq if a == Vn::index(0) => b,
                Prim::i64_eq if a == Vn::index(0) || b == Vn::index(0) => {
                    // An extension of x is 0 exactly if x is.
                    let other = if a == Vn::index(0) { b } else { a };
                    match self.numeric(other) {
                        Some((Prim::i64_extend_i32_u | Prim::i64_extend_i32_s, [x, ..])) => x,
                        _ => return (vn, polarity),
                    }
                }
                Prim::i32_ne => self.pure(Prim::i32_eq, &[a, b]),
                Prim::i64_ne => self.pure(Prim::i64_eq, &[a, b]),
                // Exact for floats too: with a NaN `≠` is true and `=` is false.
                Prim::f32_ne => self.pure(Prim::f32_eq, &[a, b]),
                Prim::f64_ne => self.pure(Prim::f64_eq, &[a, b]),
                Prim::i32_le_s => self.pure(Prim::i32_lt_s, &[b, a]),
                Prim::i32_le_u => self.pure(Prim::i32_lt_u, &[b, a]),
                Prim::i64_le_s => self.pure(Prim::i64_lt_s, &[b, a]),
                Prim::i64_le_u => self.pure(Prim::i64_lt_u, &[b, a]),
                _ => return (vn, polarity),
            };
            polarity = !polarity;
        }
    }
}
