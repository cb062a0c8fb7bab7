//! Tables and element segments of the Wasm side.

use super::super::effects::Effect;
use super::super::{Fault, Observer, Proof};
use prova_module::Operator;

impl<O: Observer> Proof<'_, '_, O> {
    /// Walks over an operator of this family; says whether it is one.
    pub(super) fn table(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
        match *operator {
            Operator::TableGet { table } => self.indexed(Effect::TableGet, &[table], 1, true)?,
            Operator::TableSet { table } => self.indexed(Effect::TableSet, &[table], 2, false)?,
            Operator::TableSize { table } => self.indexed(Effect::TableSize, &[table], 0, true)?,
            Operator::TableGrow { table } => self.indexed(Effect::TableGrow, &[table], 2, true)?,
            Operator::TableFill { table } => self.indexed(Effect::TableFill, &[table], 3, false)?,
            Operator::TableCopy { dst_table, src_table } => {
                self.indexed(Effect::TableCopy, &[dst_table, src_table], 3, false)?;
            }
            Operator::TableInit { elem_index, table } => {
                self.indexed(Effect::TableInit, &[table, elem_index], 3, false)?;
            }
            Operator::ElemDrop { elem_index } => {
                self.indexed(Effect::ElemDrop, &[elem_index], 0, false)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
