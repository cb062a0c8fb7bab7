//! References: null is the cell 0, so `ref.null` is a constant.

use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::Operator;

impl Cx<'_> {
    /// Translates an operator on references; says whether `operator` is one.
    pub(crate) fn reference(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::RefNull { .. } => self.b.stack.push_const(0, false),
            Operator::RefIsNull => self.plain(Op::RefIsNull, &[]),
            Operator::RefFunc { function_index } => {
                self.plain(Op::RefFunc, &[function_index.into()]);
            }
            Operator::RefAsNonNull => {
                let reference = self.peek_operand();
                self.emit(Op::RefAsNonNull, &[reference]);
            }
            _ => return false,
        }
        true
    }
}
