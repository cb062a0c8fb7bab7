//! Loads, stores, sizes and bulk operators of linear memories.
//!
//! In the guard shape an access of a 32-bit memory whose offset fits the guard is itself what
//! traps. Of all others that end near their index, in a memory with pages of 64 KiB, the index is
//! compared with the memory's length, and the access is what traps where it is beyond that: what
//! lies there faults (L7 of the layout), and the length is a multiple of what the system maps. The
//! rest is compared with the length before; then it cannot fault, and a load is a term.

use super::{Action, Bytes, Debt, Demand, Maker, Region};
use crate::words::{Word, Words};
use alloc::vec::Vec;
use prova_check::{MemoryShape, offsets, traps};
use prova_module::ops::Class;
use prova_module::{MemoryIdx, Opcode as O, memory_cost};
use prova_ssa::{Access, Imm};

/// The value of a load of an operator, from the bits in memory.
pub(crate) fn extended(w: &mut Words, opcode: O, m: Word) -> Option<Word> {
    Some(match opcode {
        O::I32Load | O::I64Load | O::F32Load | O::F64Load => m,
        O::I32Load8S | O::I32Load16S => planted!(LoadHasNoSign, w.sext(m, 32), w.zext(m, 32)),
        O::I32Load8U | O::I32Load16U => planted!(LoadHasSign, w.zext(m, 32), w.sext(m, 32)),
        O::I64Load8S | O::I64Load16S | O::I64Load32S => {
            planted!(WideLoadHasNoSign, w.sext(m, 64), w.zext(m, 64))
        }
        O::I64Load8U | O::I64Load16U | O::I64Load32U => {
            planted!(WideLoadHasSign, w.zext(m, 64), w.sext(m, 64))
        }
        _ => return None,
    })
}

/// Bytes of a copy or fill that is no call, at most.
const FEW_BYTES: u128 = 128;

/// Offsets and sizes of the accesses that move some bytes, in order: the largest that fit, and one
/// to the end that may overlap the one before.
fn pieces(n: u8) -> Vec<(u8, u8)> {
    let size = [16_u8, 8, 4, 2, 1].into_iter().find(|size| *size <= n).unwrap_or(1);
    let count = n.checked_div(size).unwrap_or(0);
    let mut pieces: Vec<(u8, u8)> = (0..count).map(|i| (i.saturating_mul(size), size)).collect();
    if planted!(LastPieceIsLost, count.saturating_mul(size) != n, false) {
        let at = planted!(LastPieceElsewhere, n.saturating_sub(size), n - size - 1);
        pieces.push((at, size));
    }
    pieces
}

/// The low byte of a word in each byte of another.
fn repeated(w: &mut Words, value: Word, bits: u8) -> Word {
    let byte = planted!(FillsByWord, w.slice(value, 0, 8), value);
    if let Some(n) = w.number(byte) {
        return w.constant(bits, n.wrapping_mul(u128::MAX / 255));
    }
    let wide = w.zext(byte, 64);
    let word = w.scale(0x0101_0101_0101_0101, wide);
    if bits == 128 { w.cat(word, word) } else { w.slice(word, 0, bits) }
}

impl Maker<'_> {
    /// The address of an access, what comes before it, and whether it faults.
    fn place(
        &mut self,
        access: &Access,
        index: Word,
        bytes: u8,
    ) -> Option<(Word, Vec<Debt>, bool)> {
        let memory = self.module.memory(MemoryIdx(access.memory))?;
        let end = access.offset.checked_add(bytes.into());
        let guarded = match self.layout.config().memory {
            MemoryShape::Guard { guard_bytes, .. } => {
                let plain = !memory.memory64 && memory.page_size_log2 == 16;
                let fits = end.is_some_and(|end| end <= guard_bytes);
                plain && fits && self.layout.config().signals
            }
            MemoryShape::Explicit => false,
            // What a masked access does is not proved: such functions are confined only.
            MemoryShape::Masked => return None,
        };
        if !guarded {
            let near = end.is_some_and(|end| end <= offsets::LENGTH_GUARD_BYTES);
            let faults = near && memory.page_size_log2 == 16 && self.layout.config().signals;
            let (at, debts) = self.compared(access.memory, index, end, faults)?;
            return Some((self.words.plus(at, access.offset.into()), debts, faults));
        }
        let base = self.context_word(self.layout.memory_base(access.memory));
        let index = self.words.zext(index, 64);
        let place = self.words.add(base, index);
        Some((self.words.plus(place, access.offset.into()), Vec::new(), true))
    }

    /// A load or a store.
    pub(super) fn access(&mut self, opcode: O, imm: Imm, args: &[Word]) -> Option<Demand> {
        let (Imm::Access(access), Some(&index)) = (imm, args.first()) else { return None };
        let width = opcode.row().width;
        let bits = width.checked_mul(8)?;
        let class = opcode.class();
        let lanes = matches!(class, Class::load_lane | Class::store_lane);
        if !lanes && (access.lane != 0 || !matches!(class, Class::load | Class::store)) {
            return None;
        }
        let (address, debts, faults) = self.place(&access, index, width)?;
        if matches!(class, Class::load | Class::load_lane) {
            let heap = self.version(Region::Heap);
            let found = self.words.load(heap, address, bits);
            let value = if lanes {
                let &[_, vector] = args else { return None };
                let lane = planted!(LaneIsFirst, access.lane, 0);
                super::vector_lanes::replaced(self.words, vector, found, lane)?
            } else {
                match extended(self.words, opcode, found) {
                    Some(word) => word,
                    None => super::vector_lanes::loaded(self.words, opcode, found)?,
                }
            };
            let action = if faults { Action::Load { address, bits } } else { Action::None };
            return Some(Demand { debts, action, values: alloc::vec![value], ..Demand::default() });
        }
        let &[_, value] = args else { return None };
        let at = planted!(StoredIsFirst, access.lane, 0).checked_mul(bits)?;
        if self.words.bits(value) < at.checked_add(bits)? {
            return None;
        }
        let stored = self.words.slice(value, at, bits);
        let action = Action::Store { region: Region::Heap, address, stored, faults };
        Some(Demand { debts, action, values: Vec::new(), ..Demand::default() })
    }

    /// The length of a memory in pages.
    pub(super) fn memory_size(&mut self, memory: u32) -> Option<Demand> {
        let ty = self.module.memory(MemoryIdx(memory))?;
        let context = self.context();
        let of = planted!(SizeOfFirst, memory, 0);
        let at = self.words.plus(context, self.layout.memory_len(of).into());
        let len = self.version(Region::Length);
        let len = self.words.load(len, at, 64);
        let log2 = planted!(PagesAreLarge, ty.page_size_log2, 16);
        let shift = self.words.constant(64, u128::from(log2));
        let pages = self.words.shr(len, shift);
        Some(Demand::value(if ty.memory64 { pages } else { self.words.slice(pages, 0, 32) }))
    }

    /// The number of bytes of a copy or fill that is no call.
    pub(super) fn few_bytes(&self, opcode: O, args: &[Word]) -> Option<u8> {
        let n = self.words.number(*args.last()?).filter(|_| self.literal)?;
        let moves = matches!(opcode, O::MemoryFill | O::MemoryCopy);
        let few = planted!(InitIsFill, moves, moves || opcode == O::MemoryInit)
            && (1..=FEW_BYTES).contains(&n);
        u8::try_from(n).ok().filter(|_| few)
    }

    /// A copy or fill of few bytes: both ranges are compared with the lengths, all is read, then
    /// all is written.
    pub(super) fn moved(
        &mut self,
        opcode: O,
        (to, from): (u32, u32),
        args: &[Word],
        n: u8,
    ) -> Option<Demand> {
        let &[at, second, _] = args else { return None };
        let copies = opcode == O::MemoryCopy;
        let end = Some(u64::from(n));
        let (to, debts) = self.compared(to, at, end, false)?;
        let mut debts = planted!(FillsAnywhere, debts, Vec::new());
        let mut places = alloc::vec![(to, n)];
        let mut source = None;
        if copies {
            let (from, more) = self.compared(from, second, end, false)?;
            debts.extend(planted!(CopiesFromAnywhere, more, Vec::new()));
            places.push((from, n));
            source = Some(from);
        }
        let metering = self.layout.config().metering;
        if planted!(MovesUnpolled, metering.epoch, false) {
            debts.extend(self.poll());
        }
        if planted!(MovesUnpaid, metering.fuel, false) {
            debts.extend(self.charge(memory_cost(n.into())));
        }
        let heap = self.version(Region::Heap);
        let mut stores = Vec::new();
        for (offset, bytes) in pieces(n) {
            let bits = bytes.checked_mul(8)?;
            let place = self.words.plus(to, offset.into());
            let word = match source {
                Some(from) => {
                    let from = self.words.plus(from, offset.into());
                    self.words.load(heap, from, bits)
                }
                None => repeated(self.words, second, bits),
            };
            stores.push((place, word));
        }
        Some(Demand {
            debts,
            action: Action::Move { places, stores },
            values: Vec::new(),
            ..Demand::default()
        })
    }

    /// The address of an index of a memory, and the traps if the bytes from there to `end` behind
    /// it are not in it. A sum of 64-bit words may be none of 64 bits, which is tested first; the
    /// sum of a 32-bit word and at most 2^47 always is one. No memory has more bytes. Where the
    /// access `faults` behind the length, it traps before if the index is beyond that; a sum that
    /// is none of 64 bits has such an index, and `bounds` says when the access may fault instead.
    fn compared(
        &mut self,
        memory: u32,
        index: Word,
        end: Option<u64>,
        faults: bool,
    ) -> Option<(Word, Vec<Debt>)> {
        let ty = self.module.memory(MemoryIdx(memory))?;
        let base = self.context_word(self.layout.memory_base(memory));
        let index = self.words.zext(index, 64);
        let address = self.words.add(base, index);
        let Some(end) = end.filter(|end| *end <= offsets::MEMORY_BYTES_MAX) else {
            let (kind, when) = (traps::MEMORY_OUT_OF_BOUNDS, self.words.truth(true));
            return Some((address, alloc::vec![Debt::Trap { kind, when }]));
        };
        let context = self.context();
        let at = self.words.plus(context, self.layout.memory_len(memory).into());
        let len = self.version(Region::Length);
        let len = self.words.load(len, at, 64);
        let mut debts = Vec::new();
        if faults {
            let when = self.words.ult(len, index);
            debts.push(Debt::Beyond { when, bytes: Bytes { memory, len, index, end, faults } });
            return Some((address, debts));
        }
        let bytes = Bytes { memory, len, index, end, faults };
        if ty.memory64 {
            let most = self.words.constant(64, (!end).into());
            let when = self.words.ult(most, index);
            debts.push(Debt::Beyond { when, bytes });
        }
        let sum = self.words.plus(index, end.into());
        let when = self.words.ult(len, sum);
        debts.push(Debt::Beyond { when, bytes });
        Some((address, debts))
    }

    /// An operator that the store performs: its operands in the cells, 32-bit ones extended.
    pub(super) fn performed(
        &mut self,
        opcode: O,
        (first, second): (u32, u32),
        args: &[Word],
        result: Option<u8>,
    ) -> Option<Demand> {
        let mut cells = self.in_cells(args);
        // The check of machine code wants a reference to come last.
        match (opcode, cells.as_mut_slice()) {
            (O::TableGrow, all) => planted!(GrowsInTurn, all.reverse(), all.rotate_left(0)),
            (O::TableFill, [_, rest @ ..]) => {
                planted!(TableFillsInTurn, rest.reverse(), rest.rotate_left(0));
            }
            _ => {}
        }
        let numbers = [opcode as u32, first, second];
        let operands = numbers.map(|n| self.words.constant(64, n.into())).to_vec();
        let mut values = Vec::new();
        if let Some(bits) = result {
            values.push(self.words.unknown(bits));
        }
        let builtin = offsets::BUILTIN_PERFORM;
        let action = Action::Perform { builtin, cells, operands, cell: None };
        Some(Demand { debts: Vec::new(), action, values, ..Demand::default() })
    }
}
