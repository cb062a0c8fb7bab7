//! Tables and element segments: operators → instructions with the same operands in the order of
//! their rows.

use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::Operator;

impl Cx<'_> {
    /// Translates an operator on tables; says whether `operator` is one.
    pub(crate) fn table(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::TableGet { table } => self.plain(Op::TableGet, &[table.into()]),
            Operator::TableSet { table } => self.plain(Op::TableSet, &[table.into()]),
            Operator::TableSize { table } => self.plain(Op::TableSize, &[table.into()]),
            Operator::TableGrow { table } => self.plain(Op::TableGrow, &[table.into()]),
            Operator::TableFill { table } => self.plain(Op::TableFill, &[table.into()]),
            Operator::TableCopy { dst_table, src_table } => {
                self.plain(Op::TableCopy, &[dst_table.into(), src_table.into()]);
            }
            Operator::TableInit { elem_index, table } => {
                self.plain(Op::TableInit, &[table.into(), elem_index.into()]);
            }
            Operator::ElemDrop { elem_index } => self.plain(Op::ElemDrop, &[elem_index.into()]),
            _ => return false,
        }
        true
    }
}
