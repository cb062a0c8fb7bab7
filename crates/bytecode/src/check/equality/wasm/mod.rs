//! The Wasm side: one operator → terms pushed and popped, effects demanded of the code. A file per instruction family.
//!
//! This is the meaning of Wasm that the code is held against, so it is trusted (docs/TRUST.md). The match of each family
//! ends in "not mine", and an operator that is nobody's is refused.

mod atomic;
mod memory;
mod numeric;
mod parametric;
mod reference;
mod table;
mod variable;
mod vector;

use super::effects::{Effect, Value};
use super::prims::Prim;
use super::terms::Vn;
use super::{Fault, Proof, Rule, Verdict};
use prova_module::Operator;

impl Proof<'_, '_> {
    /// Walks over an operator that is neither control nor of a local or number.
    pub(super) fn operator(&mut self, operator: &Operator<'_>) -> Verdict {
        let known = self.memory(operator)?
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

    /// The top `n` operands in the order of their pushes.
    fn operands<const N: usize>(&mut self, n: usize) -> Result<[Vn; N], Fault> {
        let mut all = [Vn::UNDEF; N];
        for operand in all[..n].iter_mut().rev() {
            *operand = self.pop()?;
        }
        Ok(all)
    }

    fn wasm_pure(&mut self, prim: Prim, n: usize, canonical: Option<Prim>) -> Verdict {
        let args = self.operands::<4>(n)?;
        let vn = {
            let mut terms = self.terms.borrow_mut();
            let vn = terms.pure(prim, &args[..n]);
            match canonical {
                Some(canonical) if self.settings.deterministic => terms.pure(canonical, &[vn]),
                _ => vn,
            }
        };
        self.push(vn, prim.wide())
    }

    fn wasm_trapping(&mut self, prim: Prim, n: usize) -> Verdict {
        let args = self.operands::<4>(n)?;
        let vn = self.terms.borrow_mut().pure(prim, &args[..n]);
        self.demand(Effect::Trap, &[Value::Term(vn)])?;
        self.push(vn, prim.wide())
    }

    fn wasm_lane(&mut self, prim: Prim, n: usize, lane: u8) -> Verdict {
        let mut args = self.operands::<4>(n)?;
        args[n] = self.constant(lane.into());
        let vn = self.terms.borrow_mut().pure(prim, &args[..n + 1]);
        self.push(vn, prim.wide())
    }

    /// An operator with two results, the low half first.
    fn wasm_wide(&mut self, prim: Prim, n: usize) -> Verdict {
        let args = self.operands::<4>(n)?;
        let (low, high) = {
            let mut terms = self.terms.borrow_mut();
            let low = terms.pure(prim, &args[..n]);
            let args = terms.node(low).args;
            (low, terms.second(prim, args))
        };
        self.push(low, false)?;
        self.push(high, false)
    }

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
        let mut args = [Value::NONE; super::effects::ARGS_MAX];
        for (arg, &index) in args.iter_mut().zip(indices) {
            *arg = Value::Number(index.into());
        }
        let count = indices.len() + operands;
        for arg in args[indices.len()..count].iter_mut().rev() {
            *arg = Value::Term(self.pop()?);
        }
        let vn = self.demand(effect, &args[..count])?;
        if result { self.push(vn, false) } else { Ok(()) }
    }
}
