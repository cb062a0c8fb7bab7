//! The Wasm side: one operator → terms pushed and popped, effects demanded of the code.
//!
//! The meaning of an operator stands in its row of the table of Wasm operators
//! ([`prova_module::ops`]). `visit` makes a method of each row, by its class; the files of families
//! have the code that several classes share. The rows and these files are the meaning of Wasm that
//! the code is held against, so they are trusted (`docs/trust/assumptions.md`). An operator that is
//! refused in a module is refused here (Q1).

mod aggregate;
mod atomic;
mod effect;
mod memory;
mod parametric;
mod variable;
mod visit;

pub(super) use visit::{Dead, DeadReader};

use super::effects::Effect;
use super::symbolic;
use super::{Fault, Observer, Proof, Rule, Verdict};
use prova_module::ops::Opcode;
use prova_module::{Ieee32, Ieee64, V128};
use prova_terms::{Terms, Vn};

/// A term on this side.
type Sym<'t> = symbolic::Sym<'t, false>;

/// An immediate that has a term.
trait Immediate {
    fn term(self, terms: &mut Terms) -> Vn;
}

macro_rules! immediates {
    ($($ty:ty, $value:ident $terms:ident => $term:expr;)*) => {
        $(impl Immediate for $ty {
            #[inline(always)]
            #[allow(unused_variables, reason = "small constants are their numbers")]
            fn term(self, $terms: &mut Terms) -> Vn {
                let $value = self;
                $term
            }
        })*
    };
}

immediates! {
    u8, value terms => Vn::index(value.into());
    u32, value terms => Vn::index(value);
    i32, value terms => Vn::index(value as u32);
    i64, value terms => terms.constant(value as u64);
    Ieee32, value terms => Vn::index(value.bits());
    Ieee64, value terms => terms.constant(value.bits());
    V128, value terms => terms.constant128(u128::from_le_bytes(*value.bytes()));
    [u8; 16], value terms => terms.constant128(u128::from_le_bytes(value));
}

impl<'t, O: Observer> Proof<'t, '_, O> {
    #[inline(always)]
    fn sym(&self, vn: Vn) -> Sym<'t> {
        Sym::new(vn, self.terms)
    }

    #[inline(always)]
    fn immediate(&self, immediate: impl Immediate) -> Sym<'t> {
        self.sym(immediate.term(&mut self.terms.borrow_mut()))
    }

    /// The top `N` operands in the order of their pushes.
    #[inline(always)]
    fn operands<const N: usize>(&mut self) -> Result<[Sym<'t>; N], Fault> {
        let mut all = [self.sym(Vn::UNDEF); N];
        for operand in all.iter_mut().rev() {
            let vn = self.pop()?;
            *operand = self.sym(vn);
        }
        Ok(all)
    }

    /// A result whose NaNs may have any bits; in deterministic mode `canonical` has fixed them
    /// (docs/semantics.md).
    #[inline(always)]
    fn canonical(&self, value: Sym<'t>, canonical: fn(Sym<'t>) -> Sym<'t>) -> Sym<'t> {
        if self.settings.deterministic { canonical(value) } else { value }
    }

    #[inline(always)]
    fn push_sym(&mut self, value: Sym<'t>, wide: bool) -> Verdict {
        self.push(value.vn(), wide)
    }

    /// The term is a result, and may trap.
    fn push_trapping(&mut self, value: Sym<'t>, wide: bool) -> Verdict {
        self.demand(Effect::Trap, [value.vn()])?;
        self.push(value.vn(), wide)
    }

    #[cold]
    fn refused(&self, opcode: Opcode) -> Fault {
        Fault::new(Rule::Operators, format!("{opcode:?}"))
    }
}
