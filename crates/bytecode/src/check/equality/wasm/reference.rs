//! References of the Wasm side: the null reference is the cell 0.

use super::super::effects::Effect;
use super::super::{Fault, Observer, Proof};
use prova_module::Operator;

impl<O: Observer> Proof<'_, '_, O> {
    /// Walks over an operator of this family; says whether it is one.
    pub(super) fn reference(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
        match *operator {
            Operator::RefNull { .. } => self.push_constant(0)?,
            Operator::RefIsNull => {
                let reference = self.pop()?;
                let vn = self.terms.borrow_mut().is_null(reference);
                self.push(vn, false)?;
            }
            Operator::RefFunc { function_index } => {
                self.indexed(Effect::RefFunc, &[function_index], 0, true)?;
            }
            Operator::RefAsNonNull => {
                let reference = self.pop()?;
                self.demand(Effect::RefAsNonNull, [reference])?;
                self.push(reference, false)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
