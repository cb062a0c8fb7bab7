//! Lanes of vectors that are extracted, replaced, shuffled or loaded.

use crate::words::{Word, Words};
use alloc::vec::Vec;
use prova_module::Opcode as O;

/// The width of a lane that is extracted or replaced.
fn lane_width(opcode: O) -> Option<u8> {
    Some(match opcode {
        O::I8x16ExtractLaneS | O::I8x16ExtractLaneU | O::I8x16ReplaceLane => 8,
        O::I16x8ExtractLaneS | O::I16x8ExtractLaneU | O::I16x8ReplaceLane => 16,
        O::I32x4ExtractLane | O::I32x4ReplaceLane | O::F32x4ExtractLane | O::F32x4ReplaceLane => 32,
        O::I64x2ExtractLane | O::I64x2ReplaceLane | O::F64x2ExtractLane | O::F64x2ReplaceLane => 64,
        _ => return None,
    })
}

/// A lane.
pub(super) fn extract(w: &mut Words, opcode: O, a: Word, lane: u8) -> Option<Word> {
    let width = lane_width(opcode)?;
    let part = w.slice(a, lane.checked_mul(width)?, width);
    Some(match opcode {
        O::I8x16ExtractLaneS | O::I16x8ExtractLaneS => w.sext(part, 32),
        _ if width < 32 => w.zext(part, 32),
        _ => part,
    })
}

/// A vector with a lane of another word.
pub(super) fn replace(w: &mut Words, opcode: O, (a, b): (Word, Word), lane: u8) -> Option<Word> {
    let width = lane_width(opcode)?;
    let part = w.slice(b, 0, width);
    replaced(w, a, part, lane)
}

/// A vector with another lane.
pub(super) fn replaced(w: &mut Words, a: Word, part: Word, lane: u8) -> Option<Word> {
    let mut lanes = w.lanes(a, w.bits(part));
    *lanes.get_mut(usize::from(lane))? = part;
    Some(w.vector_of(&lanes))
}

/// Bytes of two vectors by their numbers.
pub(super) fn shuffle(w: &mut Words, (a, b): (Word, Word), numbers: u128) -> Option<Word> {
    let mut bytes = w.lanes(a, 8);
    bytes.extend(w.lanes(b, 8));
    let mut made = Vec::new();
    for number in numbers.to_le_bytes() {
        made.push(*bytes.get(usize::from(number))?);
    }
    Some(w.vector_of(&made))
}

/// The value of a load, from the bits in memory.
pub(super) fn loaded(w: &mut Words, opcode: O, m: Word) -> Option<Word> {
    let lanes = |w: &mut Words, width: u8, signed: bool| {
        let has_sign = planted!(LoadedHasNoSign, signed, false);
        w.each_lane(m, width, |w, x| w.extended(has_sign, x, width << 1))
    };
    Some(match opcode {
        O::V128Load => m,
        O::V128Load8x8S => lanes(w, 8, true),
        O::V128Load8x8U => lanes(w, 8, false),
        O::V128Load16x4S => lanes(w, 16, true),
        O::V128Load16x4U => lanes(w, 16, false),
        O::V128Load32x2S => lanes(w, 32, true),
        O::V128Load32x2U => lanes(w, 32, false),
        O::V128Load8Splat | O::V128Load16Splat | O::V128Load32Splat | O::V128Load64Splat => {
            w.splat(m)
        }
        O::V128Load32Zero | O::V128Load64Zero => w.zext(m, 128),
        _ => return None,
    })
}
