//! The Wasm side: one operator → terms pushed and popped, effects demanded of the code. A file per instruction family.
//!
//! This is the meaning of Wasm that the code is held against, so it is trusted (docs/TRUST.md). The match of each family
//! ends in "not mine", and an operator that is nobody's is refused.

mod atomic;
#[macro_use]
mod memory;
#[macro_use]
mod numeric;
mod parametric;
mod reference;
mod table;
mod variable;
mod vector;
mod visit;

pub(super) use visit::{Dead, DeadReader};

use super::effects::{ARGS_MAX, Effect};
use super::{Fault, Observer, Proof, Rule, Verdict};
use prova_module::Operator;
use prova_terms::{Prim, Vn};

impl<O: Observer> Proof<'_, '_, O> {
    /// Walks over an operator that has no method of its own in `visit`.
    fn operator(&mut self, operator: &Operator<'_>) -> Verdict {
        let known = self.numeric(operator)?
            || self.control(operator)?
            || self.exception(operator)?
            || self.memory(operator)?
            || self.variable(operator)?
            || self.parametric(operator)?
            || self.reference(operator)?
            || self.table(operator)?
            || self.vector(operator)?
            || self.atomic(operator)?;
        if known {
            return Ok(());
        }
        Err(Fault::new(Rule::Operators, format!("{operator:?}")))
    }

    /// The top `N` operands in the order of their pushes.
    #[inline(always)]
    fn operands<const N: usize>(&mut self) -> Result<[Vn; N], Fault> {
        let mut all = [Vn::UNDEF; N];
        for operand in all.iter_mut().rev() {
            *operand = self.pop()?;
        }
        Ok(all)
    }

    /// A numeric operator without effect; in deterministic mode followed by `canonical`. Where `prim` is known at compile
    /// time, so are the rules for its term.
    #[inline(always)]
    fn wasm_pure<const N: usize>(&mut self, prim: Prim, canonical: Option<Prim>) -> Verdict {
        let args = self.operands::<N>()?;
        let vn = {
            let mut terms = self.terms.borrow_mut();
            let vn = terms.pure(prim, &args);
            match canonical {
                Some(canonical) if self.settings.deterministic => terms.operator(canonical, &[vn]),
                _ => vn,
            }
        };
        self.push(vn, prim.wide())
    }

    fn wasm_trapping<const N: usize>(&mut self, prim: Prim) -> Verdict {
        let args = self.operands::<N>()?;
        let vn = self.terms.borrow_mut().operator(prim, &args);
        self.demand(Effect::Trap, [vn])?;
        self.push(vn, prim.wide())
    }

    /// An operator with a lane, its last operand; `N` counts it.
    fn wasm_lane<const N: usize>(&mut self, prim: Prim, lane: u8) -> Verdict {
        let mut args = [Vn::index(lane.into()); N];
        for arg in args[..N - 1].iter_mut().rev() {
            *arg = self.pop()?;
        }
        let vn = self.terms.borrow_mut().operator(prim, &args);
        self.push(vn, prim.wide())
    }

    /// An operator with two results, the low half first.
    fn wasm_two<const N: usize>(&mut self, prim: Prim) -> Verdict {
        let args = self.operands::<N>()?;
        let (low, high) = {
            let mut terms = self.terms.borrow_mut();
            let low = terms.operator(prim, &args);
            (low, terms.second(low))
        };
        self.push(low, false)?;
        self.push(high, false)
    }

    #[inline]
    fn push_constant(&mut self, bits: u64) -> Verdict {
        let vn = self.constant(bits);
        self.push(vn, false)
    }

    /// An effect whose arguments are indices of the module, then operands; with a result of one cell or without.
    fn indexed(
        &mut self,
        effect: Effect,
        indices: &[u32],
        operands: usize,
        result: bool,
    ) -> Verdict {
        let mut args = [Vn::UNDEF; ARGS_MAX];
        for (arg, &index) in args.iter_mut().zip(indices) {
            *arg = Vn::index(index);
        }
        let count = indices.len() + operands;
        for arg in args[indices.len()..count].iter_mut().rev() {
            *arg = self.pop()?;
        }
        let vn = self.demand_slice(effect, &args[..count])?;
        if result { self.push(vn, false) } else { Ok(()) }
    }
}
