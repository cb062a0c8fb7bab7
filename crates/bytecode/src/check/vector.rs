//! F9: lane indices of vector ops.

use super::{Fault, Rule, Verdict};
use crate::ops::Op;

/// A lane operand of `op`.
pub(super) fn lane(op: Op, lane: u64) -> Verdict {
    match lane_count(op) {
        Some(count) if lane < count => Ok(()),
        Some(count) => Err(Fault::new(Rule::Lanes, format!("lane{lane} of {count} lanes"))),
        None => Err(Fault::new(Rule::Lanes, format!("{} has no lanes", op.mnemonic()))),
    }
}

/// A 128-bit immediate of `op`, which for a shuffle is 16 lane indices of two vectors.
pub(super) fn immediate(op: Op, low: u64, high: u64) -> Verdict {
    let beyond = (low | high) & 0xe0e0_e0e0_e0e0_e0e0 != 0;
    if op == Op::I8x16Shuffle && beyond {
        return Err(Fault::new(Rule::Lanes, format!("a shuffle by 0x{high:016x}{low:016x}")));
    }
    Ok(())
}

/// The lanes of the shape that an op's mnemonic names: `i16x8.…` has 8, and so has
/// `v128.load16_lane`.
pub(super) fn lane_count(op: Op) -> Option<u64> {
    let (shape, rest) = op.mnemonic().split_once('.')?;
    match shape {
        "i8x16" => Some(16),
        "i16x8" => Some(8),
        "i32x4" | "f32x4" => Some(4),
        "i64x2" | "f64x2" => Some(2),
        "v128" => {
            let bits = rest.trim_start_matches("load").trim_start_matches("store");
            match bits {
                "8_lane" => Some(16),
                "16_lane" => Some(8),
                "32_lane" => Some(4),
                "64_lane" => Some(2),
                _ => None,
            }
        }
        _ => None,
    }
}
