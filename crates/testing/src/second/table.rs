//! Tables and element segments.

use super::state::State;
use super::{Fault, Walk};
use prova_module::Operator;

impl Walk<'_> {
    /// An operator of this family; says whether it is one.
    pub(super) fn table(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        match *operator {
            Operator::TableGet { table } => self.act_on(state, "table_get", &[table], 1, true),
            Operator::TableSet { table } => self.act_on(state, "table_set", &[table], 2, false),
            Operator::TableSize { table } => self.act_on(state, "table_size", &[table], 0, true),
            Operator::TableGrow { table } => self.act_on(state, "table_grow", &[table], 2, true),
            Operator::TableFill { table } => self.act_on(state, "table_fill", &[table], 3, false),
            Operator::TableCopy { dst_table, src_table } => {
                self.act_on(state, "table_copy", &[dst_table, src_table], 3, false)
            }
            Operator::TableInit { elem_index, table } => {
                self.act_on(state, "table_init", &[table, elem_index], 3, false)
            }
            Operator::ElemDrop { elem_index } => {
                self.act_on(state, "elem_drop", &[elem_index], 0, false)
            }
            _ => Ok(false),
        }
    }
}
