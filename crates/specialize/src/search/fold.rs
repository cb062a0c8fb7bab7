//! The specialiser's arithmetic: an operator on constants → its result.
//!
//! It is the arithmetic of `prova_ssa::constants`, which the check uses too: a fault there would be
//! one of `prova-num`, and the same in every tier. An operator that is not evaluated, or traps, is
//! copied, which is always right.

use prova_module::Opcode;
use prova_ssa::constants;

/// The result of an operator on constants; `None` if it is not folded.
pub(crate) fn fold(opcode: Opcode, args: &[u64]) -> Option<u64> {
    if let Some(bits) = wrong(opcode, args) {
        return Some(bits);
    }
    constants::evaluate_one(opcode, args)
}

/// The result of an operator under a planted fault.
fn wrong(opcode: Opcode, args: &[u64]) -> Option<u64> {
    use Opcode as O;
    match (opcode, args) {
        (O::I64Extend8S, &[a]) if planted!(SignLost) => Some(a as u8 as u64),
        (O::I32Shl, &[a, b]) if planted!(CountUnmasked) => {
            Some((a as u32).checked_shl(b as u32).unwrap_or(0).into())
        }
        (O::I32DivU, &[a, b]) if planted!(DivisionByZero) => {
            Some((a as u32).checked_div(b as u32).unwrap_or(0).into())
        }
        (O::I64DivS, &[a, b]) if planted!(DivisionRoundsDown) => {
            Some((a as i64).div_euclid(b as i64) as u64)
        }
        (O::I64LtU, &[a, b]) if planted!(UnsignedIsSigned) => {
            Some(((a as i64) < (b as i64)).into())
        }
        (O::F64Div, &[a, b]) if planted!(NanChosen) => {
            Some((f64::from_bits(a) / f64::from_bits(b)).to_bits())
        }
        _ => None,
    }
}

/// How many bytes a load of a scalar reads; `None` for another operator, and for vectors.
pub(crate) fn load_width(opcode: Opcode) -> Option<u32> {
    constants::load(opcode, 0).map(|_| opcode.row().width.into())
}

/// The result of a load, from the bytes that it reads, of which there are as many as its width.
pub(crate) fn load(opcode: Opcode, bytes: &[u8]) -> Option<u64> {
    if load_width(opcode)? as usize != bytes.len() {
        return None;
    }
    let bits = bytes.iter().rev().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    if opcode == Opcode::I64Load16S && planted!(NarrowSignLost) {
        return Some(bits);
    }
    constants::load(opcode, bits)
}
