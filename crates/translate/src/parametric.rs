//! `drop` and `select`: the first pops an entry and emits nothing, the second reads three slots.
//!
//! Golden files `preserve-v128.wat` and `seed-select.wat` hold the order of the operands of
//! `select`, and `tests/random.rs` executes it.

use crate::stack::{Entry, Place};
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
        let forms = (Op::SelectImm, Op::SelectImm32);
        if let Some((op, imm)) = immediate(&otherwise, forms) {
            let then = self.pop_operand();
            return self.emit_push(op, false, [then, imm, condition]);
        }
        let forms = (Op::ImmSelect, Op::Imm32Select);
        if let Some((op, imm)) = self.b.stack.top().and_then(|then| immediate(&then, forms)) {
            self.b.stack.pop();
            let otherwise = self.operand(&otherwise);
            return self.emit_push(op, false, [imm, otherwise, condition]);
        }
        let otherwise = self.operand(&otherwise);
        let then = self.pop_operand();
        let op = if wide { Op::SelectV128 } else { Op::Select };
        self.emit_push(op, wide, [then, otherwise, condition]);
    }
}

/// The form of `select` that takes a constant, sign-extended or not, and the immediate.
fn immediate(entry: &Entry, (extended, plain): (Op, Op)) -> Option<(Op, u64)> {
    let Place::Const { bits, .. } = entry.place else { return None };
    if i32::try_from(bits as i64).is_ok() {
        Some((extended, bits))
    } else if u32::try_from(bits).is_ok() {
        Some((plain, bits))
    } else {
        None
    }
}
