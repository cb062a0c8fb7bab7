//! Locals and globals: reads of locals cost nothing, writes preserve the aliases of the local
//! first.
//!
//! `stack` keeps the aliases of each local; `translator` renames results (R7).
//!
//! The first test to notice a fault here is `tests/enumerate.rs` of `prova-testing`; the golden
//! files `rename.wat` and `preserve*.wat` show the code.

use crate::moves::{Move, source};
use crate::stack::Place;
use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::{Operator, ValType};

impl Cx<'_> {
    /// Translates an operator on locals or globals; says whether `operator` is one.
    #[inline(always)]
    pub(crate) fn variable(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::LocalGet { local_index } => {
                let (slot, wide) = self.local(local_index);
                self.b.stack.push_local(slot, wide);
            }
            Operator::LocalSet { local_index } => _ = self.write_local(local_index),
            Operator::LocalTee { local_index } => self.local_tee(local_index),
            Operator::GlobalGet { global_index } => {
                let wide = self.is_wide_global(global_index);
                let op = if wide { Op::GlobalGetV128 } else { Op::GlobalGet };
                self.emit_push(op, wide, [global_index.into()]);
            }
            Operator::GlobalSet { global_index } => {
                let wide = self.is_wide_global(global_index);
                let op = if wide { Op::GlobalSetV128 } else { Op::GlobalSet };
                let value = self.pop_operand();
                if wide || !self.emit_sum_set(global_index, value) {
                    self.emit(op, &[global_index.into(), value]);
                }
            }
            _ => return false,
        }
        true
    }

    fn is_wide_global(&self, index: u32) -> bool {
        self.module.globals().get(index as usize).is_some_and(|g| g.val == ValType::V128)
    }

    /// Pops a value into a local; gives where the value can still be found.
    fn write_local(&mut self, index: u32) -> Place {
        let (slot, _) = self.local(index);
        let entry = self.b.stack.pop();
        match entry.place {
            // The local keeps its value, so its aliases keep theirs.
            Place::Local(same) if same == slot => {}
            Place::Home if let Some(last) = self.last_into(entry.home) => {
                // R7 (destination): the last instruction computed the value into its home slot, and
                // it alone leads here, so it may write the local instead; a local is read by nobody
                // else in between. R1's copies come before it. None of them writes what it reads:
                // they write home slots of positions below the consumed one, it reads locals and
                // home slots of positions that were popped.
                self.rename_last(last, slot);
                return Place::Local(slot);
            }
            Place::Home | Place::Local(_) | Place::Const { .. } => {
                self.preserve(slot);
                self.emit_move(Move { dst: slot, src: source(&entry), wide: entry.wide });
            }
        }
        entry.place
    }

    /// R1 (write): before local `slot` is written, each of its aliases goes home.
    pub(crate) fn preserve(&mut self, slot: u16) {
        while let Some(entry) = self.b.stack.take_alias(slot) {
            self.emit_preserve(entry.home, slot, entry.wide);
        }
    }

    /// The value stays on the stack wherever it is found after the write.
    fn local_tee(&mut self, index: u32) {
        let wide = self.b.stack.top().is_some_and(|top| top.wide);
        match self.write_local(index) {
            Place::Home => self.b.stack.push_home(wide),
            Place::Local(slot) => self.b.stack.push_local(slot, wide),
            Place::Const { bits, narrow } => self.b.stack.push_const(bits, narrow),
        }
    }
}
