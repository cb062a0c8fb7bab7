//! Addresses, accesses, moves.

use crate::core_::Core;
use crate::demand::Region;
use crate::error::{Cause, Refusal, refuse};
use crate::state::State;
use crate::versions::Target;
use crate::words::{Fixed, Word};
use prova_check::x64::{Address, Class, Insn};

impl Core<'_> {
    /// The address of a memory operand.
    pub(crate) fn address_of(&mut self, state: &State, address: &Address) -> Word {
        let mut word = match (address.base, address.code) {
            (Some(r), _) => state.reg(r),
            (None, true) => self.words.fixed(64, Fixed::Code),
            (None, false) => self.words.constant(64, 0),
        };
        if let Some((r, shift)) = address.index {
            let index = self.words.scale(1_u128.wrapping_shl(shift.into()), state.reg(r));
            word = self.words.add(word, index);
        }
        self.words.plus(word, address.disp.into())
    }

    /// Reads memory.
    pub(crate) fn load(&mut self, state: &mut State, at: Word, bits: u8) -> Result<Word, Refusal> {
        match self.target(at) {
            Some(Target::Stack(place)) => Ok(state.take(&mut self.words, place, bits)),
            Some(Target::In(Region::Heap)) => self.heap_load(state, at, bits),
            Some(Target::In(Region::Object)) => self.object_load(state, at, bits),
            Some(Target::Constant)
                if bits == 128
                    && let Some(word) = self.mask_table(at) =>
            {
                Ok(word)
            }
            Some(Target::Epoch) => self.polls(state, bits),
            Some(_) => match self.read(state, at, bits) {
                Some(word) => Ok(word),
                None => refuse(Cause::Access, "a read beyond the code"),
            },
            None => Err(Refusal {
                cause: Cause::Access,
                what: "a load from a place without rule",
                demanded: None,
                found: Some(at),
            }),
        }
    }

    /// Writes memory.
    pub(crate) fn store_at(
        &mut self,
        state: &mut State,
        at: Word,
        word: Word,
    ) -> Result<(), Refusal> {
        match self.target(at) {
            Some(Target::Stack(place)) => {
                state.put(&self.words, place, word);
                Ok(())
            }
            _ => self.store(state, at, word),
        }
    }

    /// `mov`, `movzx`, `movsx`.
    pub(super) fn moves(&mut self, state: &mut State, insn: &Insn) -> Result<(), Refusal> {
        let bits = self.destination_bits(insn)?;
        let word = self.read_operand(state, insn, 1, bits)?;
        let word = if insn.class == Class::SignExtend {
            self.words.sext(word, bits)
        } else if insn.class == Class::ZeroExtend {
            self.words.zext(word, bits)
        } else {
            word
        };
        if self.words.bits(word) != bits {
            return refuse(Cause::Instruction, "a move between widths");
        }
        self.write(state, insn, word)
    }
}
