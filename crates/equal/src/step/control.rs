//! Jumps, calls, returns, traps; push and pop.

use super::Flow;
use crate::core_::Core;
use crate::error::{Cause, Refusal, refuse};
use crate::state::State;
use prova_check::abi::regs::RSP;
use prova_check::x64::{Class, Insn};

impl Core<'_> {
    pub(super) fn control(&mut self, state: &mut State, insn: &Insn) -> Result<Flow, Refusal> {
        match insn.class {
            Class::Jump => Ok(Flow::Jump(insn.target())),
            Class::JumpTo => {
                let word = self.read_operand(state, insn, 0, 64)?;
                Ok(Flow::JumpTo(word))
            }
            Class::CallTo => {
                let word = self.read_operand(state, insn, 0, 64)?;
                self.call(state, word)
            }
            // Where the stack pointer is then, the sandbox check has shown (P4).
            Class::Return => {
                self.returns(state)?;
                Ok(Flow::Stop)
            }
            Class::Trap => {
                let Some(row) = self.row_at(insn.offset) else {
                    return refuse(Cause::Trap, "without a row");
                };
                self.traps(state, row)?;
                Ok(Flow::Stop)
            }
            Class::Push => {
                let word = self.read_operand(state, insn, 0, 64)?;
                let pointer = self.words.plus(state.reg(RSP), 8_u128.wrapping_neg());
                state.set_reg(RSP, pointer);
                let place = self.stack_pointer(state)?;
                state.put(&self.words, place, word);
                Ok(Flow::Next)
            }
            Class::Pop => {
                let place = self.stack_pointer(state)?;
                let word = state.take(&mut self.words, place, 64);
                let pointer = self.words.plus(state.reg(RSP), 8);
                state.set_reg(RSP, pointer);
                self.write(state, insn, word)?;
                Ok(Flow::Next)
            }
            _ => refuse(Cause::Instruction, "no control"),
        }
    }
}
