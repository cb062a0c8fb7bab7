//! `drop` and `select`.

use super::state::State;
use super::terms::Term;
use super::{Fault, Walk};
use prova_module::Operator;

impl Walk<'_> {
    /// An operator of this family; says whether it is one.
    pub(super) fn parametric(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        match operator {
            Operator::Drop => {
                self.pop(state)?;
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                let condition = self.pop(state)?;
                let (otherwise, wide) = self.pop_entry(state)?;
                let then = self.pop(state)?;
                let value = self.terms.of(Term::Select(then, otherwise, condition));
                state.push(value, wide);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
