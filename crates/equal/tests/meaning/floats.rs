//! The meaning of the operators on floats, by Rust's; beside `integers`.

use super::integers::{mask, signed};
use prova_equal::words::Prim;

/// A float of 32 or 64 bits; both are computed in 64, and rounded once.
fn float((n, bits): (u128, u8)) -> f64 {
    if bits == 32 { f32::from_bits(n as u32).into() } else { f64::from_bits(n as u64) }
}

/// The result of an operator of a width on operands with their widths; nothing for one that is
/// none of these.
pub(crate) fn meaning(n: u128, bits: u8, args: &[(u128, u8)]) -> Option<u128> {
    computed(n, bits, args).map(|made| made & mask(bits))
}

fn computed(n: u128, bits: u8, args: &[(u128, u8)]) -> Option<u128> {
    let is = |prim: Prim| n == prim as u128;
    let (&first, second) = (args.first()?, args.get(1));
    let x = float(first);
    // The sum, product, quotient and root of floats of 32 bits, computed in 64 and rounded, are
    // those of 32 bits (Figueroa, 1995): 53 bits are more than twice 24.
    let back =
        |x: f64| Some(if bits == 32 { (x as f32).to_bits().into() } else { x.to_bits().into() });
    if let Some(&second) = second {
        let y = float(second);
        let truth = |holds: bool| Some(u128::from(holds));
        return match () {
            () if is(Prim::FloatAdd) => back(x + y),
            () if is(Prim::FloatSub) => back(x - y),
            () if is(Prim::FloatMul) => back(x * y),
            () if is(Prim::FloatDiv) => back(x / y),
            () if is(Prim::FloatMin) => back(least(x, y)),
            () if is(Prim::FloatMax) => back(-least(-x, -y)),
            () if is(Prim::FloatEq) => truth(x == y),
            () if is(Prim::FloatLt) => truth(x < y),
            () if is(Prim::FloatLe) => truth(x <= y),
            () if is(Prim::FloatNan) => truth(x.is_nan() || y.is_nan()),
            () => None,
        };
    }
    match () {
        () if is(Prim::FloatSqrt) => back(x.sqrt()),
        () if is(Prim::FloatCeil) => back(x.ceil()),
        () if is(Prim::FloatFloor) => back(x.floor()),
        () if is(Prim::FloatTrunc) => back(x.trunc()),
        () if is(Prim::FloatNearest) => back(x.round_ties_even()),
        () if is(Prim::Promote) || is(Prim::Demote) => back(x),
        // Rounded once, from the number.
        () if is(Prim::FromSigned) && bits == 32 => {
            Some((signed(first.0, first.1) as f32).to_bits().into())
        }
        () if is(Prim::FromSigned) => Some((signed(first.0, first.1) as f64).to_bits().into()),
        () if is(Prim::ToSigned) => {
            let (least, whole) = (-2_f64.powi(i32::from(bits) - 1), x.trunc());
            let fits = whole >= least && whole < -least;
            Some(if fits { whole as i128 as u128 } else { 1 << (bits - 1) })
        }
        () if is(Prim::FromUnsigned) && bits == 32 => {
            Some((first.0 as u64 as f32).to_bits().into())
        }
        () if is(Prim::FromUnsigned) => Some((first.0 as u64 as f64).to_bits().into()),
        () if is(Prim::ToSignedSat) && bits == 32 => Some(x as i32 as u128),
        () if is(Prim::ToSignedSat) => Some(x as i64 as u128),
        () if is(Prim::ToUnsignedSat) && bits == 32 => Some((x as u32).into()),
        () if is(Prim::ToUnsignedSat) => Some((x as u64).into()),
        () => None,
    }
}

/// The lesser of two floats, −0 for 0 and −0; a NaN if one is.
fn least(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        x + y
    } else if x == y {
        f64::from_bits(x.to_bits() | y.to_bits())
    } else {
        x.min(y)
    }
}
