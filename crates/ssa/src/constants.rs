//! The results of operators on constants, by the expressions of their rows over `prova-num`.
//!
//! One evaluator for everything that computes at translation time: the numbers of the proofs of two
//! bodies (`relate::number`), and the search of `prova-specialize`.
//!
//! Not evaluated: a result that is a NaN whose bits the machine may choose (the row's `canonical`);
//! operators with immediates, or with operands or results that are no scalars.
//!
//! Noticed by: the tests here; `tests/golden.rs` and the campaigns run what was folded. A fault in
//! `prova-num` itself is the same in every tier.

use crate::interpret::evaluate::{Args, Expression, Values};
use prova_module::ops::{Kind, ref_is_null};
use prova_module::{Opcode, for_each_wasm_op, wasm_operand};
use prova_num::*;

macro_rules! rows {
    ($($name:ident $mnemonic:literal $cost:literal $class:ident $(: $of:ident)?
        [$($s:ident : $sk:ident)* -> $($d:ident)* $(/ $canonical:ident)?] ($($i:ident : $ik:ident)*)
        $($binder:ident $(: $bits:ident)?)? { $($e:tt)* })*) => {
        /// Evaluates a row's expression on bits, if it is a numeric operator without immediates.
        fn expression(opcode: Opcode, args: &mut Args) -> Option<Result<Values, NumError>> {
            match opcode {
                $(Opcode::$name => numeric!($class args [$($s : $sk)*] ($($i)*) { $($e)* })),*
            }
        }

        /// Evaluates the expression of a load on the bits that it finds.
        fn loaded(opcode: Opcode, args: &mut Args) -> Option<Result<Values, NumError>> {
            match opcode {
                $(Opcode::$name => loads!($class args $($binder $(: $bits)?)? { $($e)* })),*
            }
        }
    };
}

macro_rules! numeric {
    (pure $($row:tt)*) => { numeric!(@ $($row)*) };
    (pure2 $($row:tt)*) => { numeric!(@ $($row)*) };
    (trap $($row:tt)*) => { numeric!(@ $($row)*) };
    (@ $args:ident $operands:tt ($($i:ident)+) { $e:expr }) => {
        None
    };
    (@ $args:ident [$($s:ident : $sk:ident)*] () { $e:expr }) => {{
        $(let $s: wasm_operand!($sk) = $args.take();)*
        Some($e.values())
    }};
    ($class:ident $($row:tt)*) => { None };
}

macro_rules! loads {
    (load $args:ident $m:ident : $bits:ident { $e:expr }) => {{
        let $m: $bits = $args.take();
        Some($e.values())
    }};
    ($class:tt $($row:tt)*) => {
        None
    };
}
for_each_wasm_op!(rows);

/// Whether values of a kind are numbers of at most 64 bits.
fn is_scalar(kind: &Kind) -> bool {
    matches!(kind, Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64)
}

/// Whether bits are a NaN of a kind.
fn is_nan(kind: Kind, bits: u64) -> bool {
    match kind {
        Kind::f32 => f32::from_bits(bits as u32).is_nan(),
        Kind::f64 => f64::from_bits(bits).is_nan(),
        _other => false,
    }
}

/// The results of an operator on constants, the second one 0 where there is one: `None` if the
/// operator is not evaluated, an error if it traps. Bits of 32-bit values are zero-extended.
pub fn evaluate(opcode: Opcode, operands: &[u64]) -> Option<Result<[u64; 2], NumError>> {
    let row = opcode.row();
    if operands.len() != row.params.len() || !row.params.iter().chain(row.results).all(is_scalar) {
        return None;
    }
    let mut args = Args::new();
    operands.iter().for_each(|&operand| args.push(operand.into()));
    let [first, second, _] = match expression(opcode, &mut args)? {
        Ok((values, _)) => values,
        Err(error) => return Some(Err(error)),
    };
    let bits = [first as u64, second as u64];
    let any_nan = row.canonical.is_some()
        && row.results.iter().zip(bits).any(|(&kind, bits)| is_nan(kind, bits));
    (!any_nan).then_some(Ok(bits))
}

/// The result of an operator on constants that has one; `None` if it is not evaluated, or traps.
pub fn evaluate_one(opcode: Opcode, operands: &[u64]) -> Option<u64> {
    let [bits, _] = evaluate(opcode, operands)?.ok()?;
    (opcode.row().results.len() == 1).then_some(bits)
}

/// The result of a load of a scalar that finds these bytes, as a little-endian number; `None` for
/// any other operator.
pub fn load(opcode: Opcode, found: u64) -> Option<u64> {
    let row = opcode.row();
    if !row.results.iter().all(is_scalar) {
        return None;
    }
    let mut args = Args::new();
    args.push(found.into());
    let ([bits, ..], _) = loaded(opcode, &mut args)?.ok()?;
    Some(bits as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_folded_as_wasm_computes() {
        let one = |opcode, operands: &[u64]| match evaluate(opcode, operands) {
            Some(Ok([first, _])) => Some(first),
            Some(Err(_)) | None => None,
        };
        let (f32_one, f32_nan) = (u64::from(1f32.to_bits()), 0x7fc0_0000);
        for (opcode, operands, expected) in [
            (Opcode::I32Shl, &[1, 33][..], Some(2)),
            (Opcode::I32ShrS, &[0x8000_0000, 31], Some(0xffff_ffff)),
            (Opcode::I32LtS, &[0xffff_ffff, 1], Some(1)),
            (Opcode::I32LtU, &[0xffff_ffff, 1], Some(0)),
            (Opcode::I32DivS, &[0xffff_fff9, 2], Some(0xffff_fffd)),
            (Opcode::I32DivS, &[0x8000_0000, 0xffff_ffff], None),
            (Opcode::I32RemS, &[0x8000_0000, 0xffff_ffff], Some(0)),
            (Opcode::I32DivU, &[1, 0], None),
            (Opcode::I64ExtendI32S, &[0xffff_ffff], Some(u64::MAX)),
            (Opcode::F32Add, &[f32_one, f32_one], Some(2f32.to_bits().into())),
            (Opcode::F32Add, &[f32_one, f32_nan], None),
            (Opcode::F32Neg, &[f32_nan], Some(0xffc0_0000)),
            (Opcode::I32TruncF32S, &[f32_nan], None),
            (Opcode::I32Add, &[1], None),
            (Opcode::I8x16ExtractLaneS, &[1], None),
            (Opcode::I8x16Add, &[1, 1], None),
            (Opcode::I32Load, &[1], None),
        ] {
            assert_eq!(one(opcode, operands), expected, "{opcode:?} {operands:x?}");
        }
    }

    #[test]
    fn loads_extend_what_they_find() {
        for (opcode, found, expected) in [
            (Opcode::I32Load8S, 0x80, Some(0xffff_ff80)),
            (Opcode::I32Load8U, 0x80, Some(0x80)),
            (Opcode::I64Load16S, 0x8000, Some(0xffff_ffff_ffff_8000)),
            (Opcode::I64Load32S, 0x8000_0000, Some(0xffff_ffff_8000_0000)),
            (Opcode::I64Load, u64::MAX, Some(u64::MAX)),
            (Opcode::F32Load, 0x7fc0_0001, Some(0x7fc0_0001)),
            (Opcode::V128Load, 1, None),
            (Opcode::I32Store, 1, None),
            (Opcode::I32Add, 1, None),
        ] {
            assert_eq!(load(opcode, found), expected, "{opcode:?}");
        }
    }
}
