//! Truncations of floats that trap.
//!
//! `trunc(x)` fits into the words from `m` to `n` exactly if `m − 1 < x < n + 1`. These bounds are
//! floats, except `−2^31 − 1` of 32 bits and `−2^63 − 1` of both: the next one below `−2^31` and
//! `−2^63` is less than that already, so `m ≤ x` says the same.

use super::{Action, Debt, Demand, Maker};
use crate::words::{Prim, Word, Words};
use prova_check::traps;
use prova_module::Opcode as O;

/// A number as a float of a width.
fn float(w: &mut Words, bits: u8, number: f64) -> Word {
    let n = if bits == 32 { (number as f32).to_bits().into() } else { number.to_bits() };
    w.constant(bits, n.into())
}

/// The width of a truncation's result, and whether it is signed.
pub(super) fn width(opcode: O) -> Option<(u8, bool)> {
    match opcode {
        O::I32TruncF32S | O::I32TruncF64S => Some((32, true)),
        O::I32TruncF32U | O::I32TruncF64U => Some((32, false)),
        O::I64TruncF32S | O::I64TruncF64S => Some((64, true)),
        O::I64TruncF32U | O::I64TruncF64U => Some((64, false)),
        _ => None,
    }
}

impl Maker<'_> {
    /// A truncation: NaN traps, then what is too small, then what is too large.
    pub(super) fn truncation(&mut self, opcode: O, x: Word) -> Option<Demand> {
        let (bits, signed) = width(opcode)?;
        let w = &mut *self.words;
        let width = w.bits(x);
        let half = if bits == 32 { 2_147_483_648.0 } else { 9_223_372_036_854_775_808.0 };
        let (low, included, high) = match (signed, bits, width) {
            (false, ..) => (-1.0, false, half * 2.0),
            (true, 32, 64) => (-2_147_483_649.0, false, half),
            (true, ..) => (-half, true, half),
        };
        let (low, high) = (float(w, width, low), float(w, width, high));
        let nan = w.prim(Prim::FloatNan, 1, &[x, x]);
        let above = w.prim(if included { Prim::FloatLe } else { Prim::FloatLt }, 1, &[low, x]);
        let below = w.prim(Prim::FloatLt, 1, &[x, high]);
        let (small, large) = (w.not(above), w.not(below));
        let found = alloc::vec![
            Debt::Trap { kind: traps::BAD_CONVERSION_TO_INTEGER, when: nan },
            Debt::Trap { kind: traps::INTEGER_OVERFLOW, when: small },
            Debt::Trap { kind: traps::INTEGER_OVERFLOW, when: large },
        ];
        // Where none of these holds, one that saturates does the same.
        let prim = if signed { Prim::ToSigned } else { Prim::ToUnsignedSat };
        let value = w.prim(prim, bits, &[x]);
        Some(Demand {
            debts: found,
            action: Action::None,
            values: alloc::vec![value],
            ..Demand::default()
        })
    }
}
