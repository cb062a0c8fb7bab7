//! `drop` and `select`: the first pops an entry and emits nothing, the second reads three slots.
//!
//! Neighbours: `numeric` and `vector` have the constants. Golden files `preserve-v128.wat` and
//! `seed-select.wat` hold the order of the operands of `select`, and `tests/random.rs` executes it.

use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::Operator;

impl Cx<'_> {
    /// Translates a parametric operator; says whether `operator` is one.
    pub(crate) fn parametric(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::Drop => _ = self.b.stack.pop(),
            Operator::Select | Operator::TypedSelect { .. } => self.select(),
            _ => return false,
        }
        true
    }

    fn select(&mut self) {
        let condition = self.pop_operand();
        let otherwise = self.b.stack.pop();
        let wide = otherwise.wide;
        let otherwise = self.operand(&otherwise);
        let then = self.pop_operand();
        let op = if wide { Op::SelectV128 } else { Op::Select };
        self.emit_push(op, wide, [then, otherwise, condition]);
    }
}
