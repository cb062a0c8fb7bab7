//! Operands: the marks of what they hold, and what is written to them (U2, U3).

use super::{Mark, Written, unwritten};
use crate::error::Fault;
use crate::machine::Machine;
use crate::rules::place;
use crate::state::State;
use crate::value::{Base, Value};
use crate::x64::{Address, Insn};

/// Where an instruction is: the machine, the state before it, and itself.
#[derive(Clone, Copy)]
pub(super) struct At<'a, 'm> {
    pub(super) machine: &'a Machine<'m>,
    pub(super) state: &'a State,
    pub(super) insn: &'a Insn,
}

/// An operand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    /// A general register, and the bytes of it that are named.
    Register(u8, u8),
    /// A vector register.
    Vector(u8),
    /// Memory, and its bytes.
    Memory(Address, u8),
    /// A constant.
    Constant,
}

/// Why a part of a word must be written.
const ADDRESS: &str = "an address of what the code did not write";
/// The same of what is kept beside the frame.
pub(super) const STORED: &str = "what the code did not write goes to memory";
/// The same of an operand.
pub(super) const READ: &str = "an operation on what the code did not write";

impl At<'_, '_> {
    /// Operand `n`.
    pub(super) fn operand(&self, n: u32) -> Result<Operand, Fault> {
        if let Some(vector) = self.insn.vector(n) {
            return Ok(Operand::Vector(vector));
        }
        let (memory, register) = self.insn.place(n);
        if let Some((r, bytes)) = register {
            return Ok(Operand::Register(r, bytes as u8));
        }
        if memory {
            let address = self.insn.address()?;
            return Ok(Operand::Memory(address, address.size.min(16) as u8));
        }
        Ok(Operand::Constant)
    }

    /// The sum that an address is, as far as it has a form: an index may be a constant.
    fn address(&self, address: &Address) -> Option<Value> {
        let held = |r: u8| self.state.regs.get(usize::from(r)).copied().flatten();
        let base = match address.base {
            Some(r) => held(r)?,
            None if address.code => return None,
            None => Value::constant(0),
        };
        let index = match address.index {
            Some(_) if planted!(IndexIsNowhere, false, true) => return None,
            Some((r, shift)) => Some((held(r)?, shift)),
            None => None,
        };
        place::address(base, index, address.disp)
    }

    /// The offset from the stack pointer at entry, if an address is in the frame.
    fn in_frame(&self, address: &Address) -> Option<i64> {
        Some(self.address(address)?.offset_in(Base::Stack)? as i64)
    }

    /// The argument cell that an address is in, and the offset in it.
    fn in_cells(&self, address: &Address) -> Option<u64> {
        self.address(address)?.offset_in(Base::Args)
    }

    /// The stack word at an offset that is a multiple of 8.
    pub(super) fn word(&self, at: i64) -> Option<usize> {
        self.machine.word(at).map(|word| word as usize)
    }
}

impl Written {
    /// The mark of a general register.
    #[inline]
    pub(super) fn register(&self, r: u8) -> Mark {
        self.marks.registers.get(usize::from(r)).copied().unwrap_or_default()
    }

    /// The mark of a vector register.
    pub(super) fn vector(&self, r: u8) -> Mark {
        self.marks.vectors.get(usize::from(r)).copied().unwrap_or_default()
    }

    /// The mark of a stack word.
    pub(super) fn word(&self, word: Option<usize>) -> Mark {
        word.and_then(|word| self.marks.words.get(word)).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn set_register(&mut self, r: u8, mark: Mark) {
        if let Some(slot) = self.marks.registers.get_mut(usize::from(r)) {
            *slot = mark;
        }
        self.marks.scanned &= !super::bit(r);
    }

    pub(super) fn set_vector(&mut self, r: u8, mark: Mark) {
        self.marks.copies.writes(r);
        self.marks.bytes.counts(r, mark);
        if let Some(slot) = self.marks.vectors.get_mut(usize::from(r)) {
            *slot = mark;
        }
    }

    /// Sets the mark of a stack word. What the host may have answered there is not waited for.
    pub(super) fn set_word(&mut self, word: Option<usize>, mark: Mark) {
        self.marks.answered = None;
        if let Some(slot) = word.and_then(|word| self.marks.words.get_mut(word)) {
            *slot = mark;
        }
    }

    /// A result of this number of bytes goes to a general register: 32-bit ones are zero-extended.
    pub(super) fn results(&mut self, r: u8, bytes: u8, mark: Mark) {
        let mark = match bytes {
            8 | 4 => mark,
            _ if mark.is_surely(planted!(ByteIsBoth, bytes, 1)) => {
                self.register(r).with_lowest(bytes)
            }
            _ => Mark::NONE,
        };
        self.set_register(r, mark);
    }

    /// U3: the registers of an address.
    pub(super) fn addresses(&mut self, at: At<'_, '_>, address: &Address) -> Result<(), Fault> {
        let registers = address.base.into_iter().chain(address.index.map(|(r, _)| r));
        for r in registers {
            let mark = self.register(r);
            planted!(AnyAddressIsWritten, self.demand(at.insn.offset, (mark, 8), ADDRESS)?, ());
        }
        Ok(())
    }

    /// The mark of memory; its address is looked at.
    pub(super) fn loaded(
        &mut self,
        at: At<'_, '_>,
        (address, bytes): (&Address, u8),
    ) -> Result<Mark, Fault> {
        self.addresses(at, address)?;
        if let Some(offset) = at.in_frame(address) {
            return Ok(self.of_frame(at, offset, bytes));
        }
        if let Some(cell) = at.in_cells(address) {
            return Ok(Self::of_cells(at, cell));
        }
        Ok(Mark::ALL)
    }

    /// The mark of bytes of the frame.
    fn of_frame(&mut self, at: At<'_, '_>, offset: i64, bytes: u8) -> Mark {
        let within = offset.rem_euclid(8);
        let from = offset.saturating_sub(within);
        let (low, high) = (self.word(at.word(from)), self.word(at.word(from.saturating_add(8))));
        let ends = within as u8;
        let ends = ends.saturating_add(bytes);
        match (within, ends) {
            (0, 0..=8) => low,
            (0, _) => self.nodes.pair(low, high),
            (_, 0..=8) => self.nodes.needs(&[(low, ends)]),
            // A third word is never whole.
            (_, 9..=16) => {
                let above = ends.saturating_sub(planted!(EndIsOneLess, 8, 9));
                self.nodes.needs(&[(low, 8), (high, above)])
            }
            _ => Mark::NONE,
        }
    }

    /// The mark of an argument cell, as the host leaves it to code that it enters.
    fn of_cells(at: At<'_, '_>, offset: u64) -> Mark {
        super::flow::given(at, offset)
    }

    /// Writes to memory.
    pub(super) fn stored(
        &mut self,
        at: At<'_, '_>,
        (address, bytes): (&Address, u8),
        mark: Mark,
    ) -> Result<(), Fault> {
        self.addresses(at, address)?;
        let Some(offset) = at.in_frame(address) else {
            if let Some(offset) = at.in_cells(address) {
                self.fills(at, (offset, bytes));
            }
            return self.demand(at.insn.offset, (mark, bytes), STORED);
        };
        let within = offset.rem_euclid(8);
        let from = offset.saturating_sub(within);
        let low = at.word(from);
        match (within, bytes) {
            (0, 8) => self.set_word(low, mark),
            (0, 16) => {
                self.set_word(low, mark);
                self.set_word(at.word(from.saturating_add(8)), mark.upper());
            }
            _ => {
                self.demand(at.insn.offset, (mark, bytes), STORED)?;
                let before = self.word(low);
                let below = within as u8;
                let ends = below.saturating_add(bytes);
                if before.is_surely(planted!(GapIsWritten, below, below.saturating_sub(1))) {
                    self.set_word(low, before.with_lowest(ends.min(8)));
                }
            }
        }
        Ok(())
    }

    /// The mark of an operand, which is read.
    pub(super) fn source(&mut self, at: At<'_, '_>, operand: Operand) -> Result<Mark, Fault> {
        match operand {
            Operand::Register(r, _) => Ok(self.register(r)),
            Operand::Vector(r) => Ok(self.vector(r)),
            Operand::Memory(address, bytes) => self.loaded(at, (&address, bytes)),
            Operand::Constant => Ok(Mark::ALL),
        }
    }

    /// Demands the lowest bytes of an operand.
    pub(super) fn reads(
        &mut self,
        at: At<'_, '_>,
        (operand, bytes): (Operand, u8),
    ) -> Result<(), Fault> {
        let mark = self.source(at, operand)?;
        planted!(OperandsAreWritten, self.demand(at.insn.offset, (mark, bytes), READ), Ok(()))
    }

    /// A result goes to an operand; memory gets no more than its bytes.
    pub(super) fn writes(
        &mut self,
        at: At<'_, '_>,
        operand: Operand,
        mark: Mark,
    ) -> Result<(), Fault> {
        match operand {
            Operand::Register(r, bytes) => self.results(r, bytes, mark),
            Operand::Vector(r) => self.set_vector(r, mark),
            Operand::Memory(address, bytes) => self.stored(at, (&address, bytes), mark)?,
            Operand::Constant => return unwritten("a result that goes nowhere"),
        }
        Ok(())
    }
}
