//! References; null is the cell 0.

use super::rows::Effect;
use super::state::State;
use super::terms::Term;
use super::{Fault, Walk};
use prova_module::Operator;

impl Walk<'_> {
    /// An operator of this family; says whether it is one.
    pub(super) fn reference(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        match *operator {
            Operator::RefNull { .. } => self.constant(state, 0),
            Operator::RefIsNull => {
                let reference = self.pop(state)?;
                let value = self.terms.of(Term::IsNull(reference));
                state.push(value, false);
                Ok(true)
            }
            Operator::RefFunc { function_index } => {
                self.act_on(state, "ref_func", &[function_index], 0, true)
            }
            Operator::RefAsNonNull => {
                let reference = self.pop(state)?;
                self.act(state, Effect::new("ref_as_non_null"), vec![reference])?;
                state.push(reference, false);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
