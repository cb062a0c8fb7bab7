//! A module → the addresses that it may name in another way than by a plain number of code or an
//! aligned word of data.
//!
//! ```text
//! globals, constants, data ─ each four bytes ─┐
//! starts of segments ─────────────────────────┼─► addresses
//! walk of each body ─ base and displacement ──┘
//! ```
//!
//! 1. Each four consecutive bytes count as a number, independent of what they are part of: 64-bit,
//!    floating-point and vector constants, initial values of globals, and data in any segment,
//!    active or passive, of any memory, at any place. Around a piece of the image are zeros. The
//!    whole number of a float counts, too.
//! 2. A segment of memory 0 names the address where it starts.
//! 3. An addition of code to a constant, to a word of data at a known place, or to a global names
//!    the sum. For constants and words the walk gives the sum. For a global, the
//!    sum with each number of a function that reads it counts. For the stack pointer, which often
//!    starts where the data does, only the sums above it count that the walk sees.
//!
//! Limits: numbers of fewer than four bytes are no names. Time is linear in the module, except for
//! sorting and for [`GLOBALS_MAX`] globals of a function.

use crate::numbers::image;
use crate::numbers::shift::constant_bytes;
use crate::numbers::uses;
use crate::pair::globals::computed;
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use prova_module::{ConstOp, DataIdx, DataMode, GlobalIdx};
use prova_xref::constant;
use std::collections::HashMap;

/// Bytes of a number.
const WORD: usize = 4;
/// Globals of a function to which its numbers are added.
const GLOBALS_MAX: usize = 8;
/// How many addresses are kept before those that stand twice are dropped.
const KEPT_MAX: usize = 1 << 20;

/// Addresses, without those that no number of the module can be.
struct Found<'s, 'm> {
    side: &'s Side<'m>,
    all: Vec<u64>,
    /// The length at which duplicates are dropped.
    full: usize,
}

impl Found<'_, '_> {
    fn add(&mut self, number: u64) {
        if !self.side.may_be_address(number) {
            return;
        }
        self.all.push(number);
        if self.all.len() >= self.full {
            self.all.sort_unstable();
            self.all.dedup();
            self.full = 2 * self.all.len() + KEPT_MAX;
        }
    }

    /// Invariant 1.
    fn bytes(&mut self, bytes: &[u8]) {
        for word in bytes.windows(WORD) {
            self.add(word.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)));
        }
    }

    /// A constant of four, eight or sixteen bytes that may be a float.
    fn constant(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
        let float = match *bytes {
            [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
            _ => bytes.try_into().map_or(0.0, f64::from_le_bytes),
        };
        // A float out of range saturates, and is none of the addresses.
        self.add(float as u64);
    }
}

/// The addresses that a module may name otherwise than plainly, in no order. `displaced` has those
/// that its code computes, if that is known.
pub(super) fn hidden(side: &Side<'_>, displaced: Option<&[u64]>) -> Vec<u64> {
    let mut found = Found { side, all: Vec::new(), full: KEPT_MAX };
    let globals = globals(&mut found);
    code(&mut found, &globals);
    data(&mut found);
    match displaced {
        Some(known) => known.iter().for_each(|at| found.add(*at)),
        None => uses::displaced(side).into_iter().for_each(|at| found.add(at)),
    }
    found.all
}

/// Names by initial values of globals; gives the values that may be an address, or lie before one.
fn globals(found: &mut Found<'_, '_>) -> HashMap<u32, u64> {
    let mut values = HashMap::new();
    let side = found.side;
    for global in 0..side.module.globals().len() as u32 {
        let Some(init) = side.module.global_init(GlobalIdx(global)) else { continue };
        for op in init.ops() {
            match op {
                ConstOp::I32Const(value) => found.bytes(&value.to_le_bytes()),
                ConstOp::I64Const(value) => found.bytes(&value.to_le_bytes()),
                ConstOp::F32Const(bits) => found.constant(&bits.to_le_bytes()),
                ConstOp::F64Const(bits) => found.constant(&bits.to_le_bytes()),
                ConstOp::V128Const(bits) => found.bytes(&bits.to_le_bytes()),
                // Sums are computed below; the others are no numbers.
                ConstOp::GlobalGet(_)
                | ConstOp::RefNull(_)
                | ConstOp::RefFunc(_)
                | ConstOp::I32Add
                | ConstOp::I32Sub
                | ConstOp::I32Mul
                | ConstOp::I64Add
                | ConstOp::I64Sub
                | ConstOp::I64Mul
                | ConstOp::Aggregate { .. } => {}
            }
        }
        if let Some(value) = computed(init.ops()) {
            found.add(value);
            values.insert(global, value);
        }
    }
    if let Some((stack, _)) = side.map.stack_pointer {
        values.remove(&stack);
    }
    values
}

/// Names by parts of constants, and by sums with globals.
fn code(found: &mut Found<'_, '_>, globals: &HashMap<u32, u64>) {
    let side = found.side;
    for func in 0..side.module.func_count() as u32 {
        let (mut bases, mut numbers) = (Vec::new(), Vec::new());
        for item in Tokens::new(side, func).into_iter().flatten() {
            match item.tok {
                Tok::I32(value) => numbers.push(i64::from(value) as u64),
                Tok::I64(value) => {
                    numbers.push(value as u64);
                    found.bytes(&value.to_le_bytes());
                }
                Tok::Mem { offset, .. } => numbers.push(offset),
                Tok::Raw(raw) => {
                    if let Some(bytes) = constant_bytes(raw) {
                        found.constant(bytes);
                    }
                }
                Tok::Global(..) => {
                    let base = globals.get(&item.index).filter(|base| !bases.contains(*base));
                    bases.extend(base.filter(|_| bases.len() < GLOBALS_MAX));
                }
                Tok::Func(..) | Tok::Indirect(..) | Tok::Typed { .. } => {}
                Tok::Block(..) | Tok::Try(..) | Tok::Local(..) => {}
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        for base in bases {
            numbers.iter().for_each(|number| found.add(base.wrapping_add(*number)));
            // What is subtracted.
            numbers.iter().for_each(|number| found.add(base.wrapping_sub(*number)));
        }
    }
}

/// Names by data, and where segments start.
fn data(found: &mut Found<'_, '_>) {
    let module = found.side.module;
    for (index, data) in module.data().iter().enumerate() {
        found.bytes(module.data_bytes(DataIdx(index as u32)));
        if let DataMode::Active { memory, offset } = &data.mode
            && memory.0 == 0
            && let Some(start) = constant(offset.ops())
        {
            found.add(start);
        }
    }
    // A word may lie in two pieces, or in zeros that no piece has.
    let pieces = image::pieces(module);
    for (index, piece) in pieces.iter().enumerate() {
        let behind = pieces.get(index + 1).filter(|next| next.start == piece.end());
        let behind = behind.map_or(&[][..], |next| &next.bytes[..next.bytes.len().min(WORD - 1)]);
        let tail = &piece.bytes[piece.bytes.len().saturating_sub(WORD - 1)..];
        let mut edge = tail.to_vec();
        edge.extend_from_slice(behind);
        edge.resize(edge.len() + WORD - 1, 0);
        found.bytes(&edge);
        let head = &piece.bytes[..piece.bytes.len().min(WORD - 1)];
        let mut edge = vec![0; WORD - 1];
        edge.extend_from_slice(head);
        found.bytes(&edge);
    }
}
