//! `drop` and `select` of the Wasm side.

use super::super::{Fault, Proof};
use prova_module::Operator;

impl Proof<'_, '_> {
    /// Walks over an operator of this family; says whether it is one.
    pub(in super::super) fn parametric(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
        match *operator {
            Operator::Drop => {
                self.pop()?;
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                let condition = self.pop()?;
                let (b, wide) = self.pop_wide()?;
                let a = self.pop()?;
                let vn = self.terms.borrow_mut().select(a, b, condition);
                self.push(vn, wide)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
