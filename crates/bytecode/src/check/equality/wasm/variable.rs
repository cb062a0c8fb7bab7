//! Locals and globals of the Wasm side.

use super::super::effects::{Effect, Value};
use super::super::{Fault, Proof, Verdict};
use prova_module::{GlobalIdx, Operator, ValType};

impl Proof<'_, '_> {
    /// Walks over an operator of this family; says whether it is one.
    pub(in super::super) fn variable(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
        match *operator {
            Operator::LocalGet { local_index } => {
                let (slot, wide) = self.local(local_index);
                let vn = self.state.wasm(&mut self.terms.borrow_mut(), slot);
                self.push(vn, wide)?;
            }
            Operator::LocalSet { local_index } => {
                let vn = self.pop()?;
                self.local_write(local_index, vn);
            }
            Operator::LocalTee { local_index } => {
                let vn = self.pop()?;
                self.local_write(local_index, vn);
                let (_, wide) = self.local(local_index);
                self.push(vn, wide)?;
            }
            Operator::GlobalGet { global_index } => {
                let wide = self.global_is_wide(global_index);
                let effect = if wide { Effect::GlobalGetV128 } else { Effect::GlobalGet };
                let global = Value::Number(global_index.into());
                let vn = self.demand(effect, &[global])?;
                self.push(vn, wide)?;
            }
            Operator::GlobalSet { global_index } => self.global_set(global_index)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn local_write(&mut self, local: u32, vn: super::super::terms::Vn) {
        let (slot, wide) = self.local(local);
        let mut terms = self.terms.borrow_mut();
        self.state.set_local(&mut terms, slot, vn);
        if wide {
            let high = terms.high(vn);
            self.state.set_local(&mut terms, slot + 1, high);
        }
    }

    fn global_is_wide(&self, global: u32) -> bool {
        self.module.global(GlobalIdx(global)).is_some_and(|global| global.val == ValType::V128)
    }

    fn global_set(&mut self, global: u32) -> Verdict {
        let wide = self.global_is_wide(global);
        let effect = if wide { Effect::GlobalSetV128 } else { Effect::GlobalSet };
        let value = self.pop()?;
        let global = Value::Number(global.into());
        self.demand(effect, &[global, Value::Term(value)]).map(drop)
    }
}
