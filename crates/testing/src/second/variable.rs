//! Locals and globals.

use super::rows::Effect;
use super::state::State;
use super::terms::Id;
use super::{Fault, Walk};
use prova_bytecode::Rule;
use prova_module::{GlobalIdx, Operator, ValType};

impl Walk<'_> {
    /// An operator of this family; says whether it is one.
    pub(super) fn variable(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        match *operator {
            Operator::LocalGet { local_index } => {
                let (cell, wide) = self.local(local_index)?;
                state.push(state.locals[cell as usize], wide);
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop(state)?;
                self.set_local(state, local_index, value)?;
            }
            Operator::LocalTee { local_index } => {
                let (value, wide) = self.pop_entry(state)?;
                self.set_local(state, local_index, value)?;
                state.push(value, wide);
            }
            Operator::GlobalGet { global_index } => {
                let wide = self.is_wide(global_index);
                let effect = Effect::new(if wide { "global_get_v128" } else { "global_get" });
                let global = self.terms.constant(global_index.into());
                let value = self.act(state, effect, vec![global])?;
                state.push(value, wide);
            }
            Operator::GlobalSet { global_index } => {
                let wide = self.is_wide(global_index);
                let effect = Effect::new(if wide { "global_set_v128" } else { "global_set" });
                let global = self.terms.constant(global_index.into());
                let value = self.pop(state)?;
                self.act(state, effect, vec![global, value])?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn local(&self, index: u32) -> Result<(u32, bool), Fault> {
        let local = self.locals.get(index as usize).copied();
        local.ok_or_else(|| self.fault(Rule::Operators, "no such local"))
    }

    fn set_local(&mut self, state: &mut State, index: u32, value: Id) -> Result<(), Fault> {
        let (cell, wide) = self.local(index)?;
        state.locals[cell as usize] = value;
        if wide {
            state.locals[cell as usize + 1] = self.terms.high(value);
        }
        Ok(())
    }

    fn is_wide(&self, global: u32) -> bool {
        self.module.global(GlobalIdx(global)).is_some_and(|global| global.val == ValType::V128)
    }
}
