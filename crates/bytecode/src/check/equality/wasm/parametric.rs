//! `drop` and `select` of the Wasm side.

use super::super::{Fault, Observer, Proof, Verdict};
use prova_module::Operator;

impl<O: Observer> Proof<'_, '_, O> {
    /// Walks over an operator of this family that has no method of its own; says whether it is one.
    pub(super) fn parametric(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
        match *operator {
            Operator::TypedSelect { .. } => self.wasm_select()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn wasm_drop(&mut self) -> Verdict {
        self.pop().map(drop)
    }

    pub(super) fn wasm_select(&mut self) -> Verdict {
        let condition = self.pop()?;
        let (b, wide) = self.pop_wide()?;
        let a = self.pop()?;
        let vn = self.terms.borrow_mut().select(a, b, condition);
        self.push(vn, wide)
    }
}
