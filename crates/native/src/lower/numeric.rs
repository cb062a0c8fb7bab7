//! Scalar operators: a function of the name that `prova-num` has for it, from operands to CLIF.
//!
//! Integers: Cranelift's operators have Wasm's meaning, with counts of shifts taken modulo the
//! width and traps of divisions and conversions as codes. Comparisons give `i8`, which is extended.
//! Floats: `fmin`, `fmax` and `nearest` are Wasm's; NaNs of deterministic mode are fixed by the
//! `*_canonicalize` functions that the table names.
//!
//! Noticed by: `tests/numeric.rs`, which runs each as machine code against `prova-num`.

use crate::emit::{Emit, Load, V};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use prova_check::traps;

macro_rules! unary {
    ($($op:ident: $($name:ident)*;)*) => {$($(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = a.value();
            a.put(|i| i.$op(x))
        }
    )*)*};
}

macro_rules! binary {
    ($($op:ident: $($name:ident)*;)*) => {$($(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let (x, y) = planted!(SwappedOperands, (a.value(), b.value()), (b.value(), a.value()));
            a.put(|i| i.$op(x, y))
        }
    )*)*};
}

/// Operators whose count or right operand is an `i64`, too.
macro_rules! compare {
    ($($op:ident $cc:expr => $($name:ident)*;)*) => {$($(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let (x, y) = (a.value(), b.value());
            flag(a.put(|i| i.$op($cc, x, y)))
        }
    )*)*};
}

macro_rules! convert {
    ($($op:ident $ty:ident: $($name:ident)*;)*) => {$($(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = a.value();
            a.put(|i| i.$op($ty, x))
        }
    )*)*};
}

unary! {
    clz: i32_clz i64_clz;
    ctz: i32_ctz i64_ctz;
    popcnt: i32_popcnt i64_popcnt;
    fabs: f32_abs f64_abs;
    fneg: f32_neg f64_neg;
    ceil: f32_ceil f64_ceil;
    floor: f32_floor f64_floor;
    trunc: f32_trunc f64_trunc;
    nearest: f32_nearest f64_nearest;
    sqrt: f32_sqrt f64_sqrt;
}

binary! {
    iadd: i32_add i64_add;
    isub: i32_sub i64_sub;
    imul: i32_mul i64_mul;
    band: i32_and i64_and;
    bor: i32_or i64_or;
    bxor: i32_xor i64_xor;
    ishl: i32_shl i64_shl;
    sshr: i32_shr_s i64_shr_s;
    ushr: i32_shr_u i64_shr_u;
    rotl: i32_rotl i64_rotl;
    rotr: i32_rotr i64_rotr;
    fadd: f32_add f64_add;
    fsub: f32_sub f64_sub;
    fmul: f32_mul f64_mul;
    fdiv: f32_div f64_div;
    fmin: f32_min f64_min;
    fmax: f32_max f64_max;
    fcopysign: f32_copysign f64_copysign;
}

compare! {
    icmp IntCC::Equal => i32_eq i64_eq;
    icmp IntCC::NotEqual => i32_ne i64_ne;
    icmp IntCC::SignedLessThan => i32_lt_s i64_lt_s;
    icmp IntCC::UnsignedLessThan => i32_lt_u i64_lt_u;
    icmp IntCC::SignedGreaterThan => i32_gt_s i64_gt_s;
    icmp IntCC::UnsignedGreaterThan => i32_gt_u i64_gt_u;
    icmp IntCC::SignedLessThanOrEqual => i32_le_s i64_le_s;
    icmp IntCC::UnsignedLessThanOrEqual => i32_le_u i64_le_u;
    icmp IntCC::SignedGreaterThanOrEqual => i32_ge_s i64_ge_s;
    icmp IntCC::UnsignedGreaterThanOrEqual => i32_ge_u i64_ge_u;
    fcmp FloatCC::Equal => f32_eq f64_eq;
    fcmp FloatCC::NotEqual => f32_ne f64_ne;
    fcmp FloatCC::LessThan => f32_lt f64_lt;
    fcmp FloatCC::GreaterThan => f32_gt f64_gt;
    fcmp FloatCC::LessThanOrEqual => f32_le f64_le;
    fcmp FloatCC::GreaterThanOrEqual => f32_ge f64_ge;
}

convert! {
    ireduce I32: i32_wrap_i64;
    sextend I64: i64_extend_i32_s;
    uextend I64: i64_extend_i32_u;
    fcvt_to_sint_sat I32: i32_trunc_sat_f32_s i32_trunc_sat_f64_s;
    fcvt_to_uint_sat I32: i32_trunc_sat_f32_u i32_trunc_sat_f64_u;
    fcvt_to_sint_sat I64: i64_trunc_sat_f32_s i64_trunc_sat_f64_s;
    fcvt_to_uint_sat I64: i64_trunc_sat_f32_u i64_trunc_sat_f64_u;
    fcvt_from_sint F32: f32_convert_i32_s f32_convert_i64_s;
    fcvt_from_uint F32: f32_convert_i32_u f32_convert_i64_u;
    fcvt_from_sint F64: f64_convert_i32_s f64_convert_i64_s;
    fcvt_from_uint F64: f64_convert_i32_u f64_convert_i64_u;
    fdemote F32: f32_demote_f64;
    fpromote F64: f64_promote_f32;
}

macro_rules! divide {
    ($($op:ident $overflows:literal: $($name:ident)*;)*) => {$($(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let (x, y) = (a.value(), b.value());
            let y = if a.emit.signals() { y } else { divides(a.emit, x, y, $overflows) };
            a.put(|i| i.$op(x, y))
        }
    )*)*};
}
divide! {
    sdiv true: i32_div_s i64_div_s;
    udiv false: i32_div_u i64_div_u;
    srem false: i32_rem_s i64_rem_s;
    urem false: i32_rem_u i64_rem_u;
}

/// Stops where a division would fault; the remainder by -1 is 0 and does not. Gives the divisor, as
/// the maximum of it and 1: what is tested for zero may be another word from which the divisor is
/// made (a sign-extension, a negation, a conjunction), but the maximum compares the divisor itself.
fn divides(emit: &Emit, x: Value, y: Value, overflows: bool) -> Value {
    emit.trap_unless(y, traps::INTEGER_DIVISION_BY_ZERO);
    let ty = emit.type_of(x);
    let divisor = if emit.is_constant(y) {
        y
    } else {
        let one = emit.ins(|i| i.iconst(ty, 1));
        emit.ins(|i| i.umax(y, one))
    };
    if !overflows {
        return divisor;
    }
    let least = if ty == I32 { i64::from(i32::MIN) } else { i64::MIN };
    let (least, minus) = (emit.ins(|i| i.iconst(ty, least)), emit.ins(|i| i.iconst(ty, -1)));
    let x = emit.ins(|i| i.icmp(IntCC::Equal, x, least));
    let y = emit.ins(|i| i.icmp(IntCC::Equal, y, minus));
    let both = emit.ins(|i| i.band(x, y));
    emit.trap_if(both, traps::INTEGER_OVERFLOW);
    divisor
}

/// Truncations: what is converted lies above (or from) the first bound, and below the second.
macro_rules! truncate {
    ($($op:ident $saturating:ident $ty:ident $cc:ident $low:literal $high:literal: $($name:ident)*;)*) => {$($(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = a.value();
            if a.emit.signals() {
                return a.put(|i| i.$op($ty, x));
            }
            truncates(a.emit, x, (FloatCC::$cc, $low), $high);
            a.put(|i| i.$saturating($ty, x))
        }
    )*)*};
}
truncate! {
    fcvt_to_sint fcvt_to_sint_sat I32 GreaterThanOrEqual -2147483648.0 2147483648.0: i32_trunc_f32_s;
    fcvt_to_sint fcvt_to_sint_sat I32 GreaterThan -2147483649.0 2147483648.0: i32_trunc_f64_s;
    fcvt_to_uint fcvt_to_uint_sat I32 GreaterThan -1.0 4294967296.0: i32_trunc_f32_u i32_trunc_f64_u;
    fcvt_to_sint fcvt_to_sint_sat I64 GreaterThanOrEqual -9223372036854775808.0 9223372036854775808.0:
        i64_trunc_f32_s i64_trunc_f64_s;
    fcvt_to_uint fcvt_to_uint_sat I64 GreaterThan -1.0 18446744073709551616.0:
        i64_trunc_f32_u i64_trunc_f64_u;
}

/// Stops where a float is no number, or not between the bounds.
fn truncates(emit: &Emit, x: Value, (cc, low): (FloatCC, f64), high: f64) {
    let bound = |of: f64| match emit.type_of(x) {
        F32 => emit.ins(|i| i.f32const(Ieee32::with_float(of as f32))),
        _ => emit.ins(|i| i.f64const(Ieee64::with_float(of))),
    };
    let (low, high) = (bound(low), bound(high));
    let nan = emit.ins(|i| i.fcmp(FloatCC::Unordered, x, x));
    emit.trap_if(nan, traps::BAD_CONVERSION_TO_INTEGER);
    for (cc, bound) in [(cc, low), (FloatCC::LessThan, high)] {
        let inside = emit.ins(|i| i.fcmp(cc, x, bound));
        emit.trap_unless(inside, traps::INTEGER_OVERFLOW);
    }
}

/// A comparison's `i8` as an `i32`.
pub(crate) fn flag(a: V<'_>) -> V<'_> {
    let x = a.value();
    a.put(|i| i.uextend(I32, x))
}

macro_rules! is_zero {
    ($($name:ident)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = a.value();
            let ty = a.emit.type_of(x);
            let zero = a.emit.ins(|i| i.iconst(ty, 0));
            flag(a.put(|i| i.icmp(IntCC::Equal, x, zero)))
        }
    )*};
}
is_zero! { i32_eqz i64_eqz ref_is_null }

macro_rules! bits {
    ($($name:ident $ty:ident)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = a.value();
            a.put(|i| i.bitcast($ty, MemFlagsData::new(), x))
        }
    )*};
}
bits! {
    i32_reinterpret_f32 I32
    i64_reinterpret_f64 I64
    f32_reinterpret_i32 F32
    f64_reinterpret_i64 F64
    f32_load F32
    f64_load F64
    f32_store I32
    f64_store I64
}

macro_rules! extend {
    ($($name:ident $from:ident $to:ident)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = a.value();
            let narrow = a.emit.ins(|i| i.ireduce($from, x));
            a.put(|i| i.sextend($to, narrow))
        }
    )*};
}
extend! {
    i32_extend8_s I8 I32
    i32_extend16_s I16 I32
    i64_extend8_s I8 I64
    i64_extend16_s I16 I64
    i64_extend32_s I32 I64
}

/// Extends the bits that a load finds: the load does it, where it is not written yet.
macro_rules! load {
    ($($name:ident $op:ident $load:ident $to:ident;)*) => {$(
        pub(crate) fn $name(m: V<'_>) -> V<'_> {
            match m.load() {
                Some(Load { address, offset, flags, .. }) => {
                    m.put(|i| load!(@ $load i $to flags address offset))
                }
                None => {
                    let x = m.value();
                    m.put(|i| i.$op($to, x))
                }
            }
        }
    )*};
    (@ sload32 $i:ident $to:ident $flags:ident $address:ident $offset:ident) => {
        $i.sload32($flags, $address, $offset)
    };
    (@ uload32 $i:ident $to:ident $flags:ident $address:ident $offset:ident) => {
        $i.uload32($flags, $address, $offset)
    };
    (@ $load:ident $i:ident $to:ident $flags:ident $address:ident $offset:ident) => {
        $i.$load($to, $flags, $address, $offset)
    };
}
load! {
    i32_load8_s sextend sload8 I32;
    i32_load8_u uextend uload8 I32;
    i32_load16_s sextend sload16 I32;
    i32_load16_u uextend uload16 I32;
    i64_load8_s sextend sload8 I64;
    i64_load8_u uextend uload8 I64;
    i64_load16_s sextend sload16 I64;
    i64_load16_u uextend uload16 I64;
    i64_load32_s sextend sload32 I64;
    i64_load32_u uextend uload32 I64;
}

convert! {
    ireduce I8: i32_store8 i64_store8;
    ireduce I16: i32_store16 i64_store16;
    ireduce I32: i64_store32;
}

/// `select` of two values of a type.
pub(crate) fn select<'e>(a: V<'e>, b: V<'e>, c: V<'e>) -> V<'e> {
    let (x, y, condition) = (a.value(), b.value(), c.value());
    let (x, y) = planted!(TurnedSelect, (x, y), (y, x));
    a.put(|i| i.select(condition, x, y))
}

macro_rules! canonical {
    ($($name:ident: |$i:ident, $x:ident| $nan:expr;)*) => {$(
        /// The same float, or the canonical NaN for a NaN.
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let $x = a.value();
            let nan = a.emit.ins(|$i| $nan);
            let ordered = a.emit.ins(|i| i.fcmp(FloatCC::Equal, $x, $x));
            a.put(|i| i.select(ordered, $x, nan))
        }
    )*};
}
canonical! {
    f32_canonicalize: |i, x| i.f32const(Ieee32::with_bits(0x7fc0_0000));
    f64_canonicalize: |i, x| i.f64const(Ieee64::with_bits(0x7ff8_0000_0000_0000));
}

/// Pairs of 64 bits, the low half first.
pub(crate) fn i64_add128<'e>(a: V<'e>, b: V<'e>, c: V<'e>, d: V<'e>) -> (V<'e>, V<'e>) {
    halves(a, b, c, d, |i, x, y| i.iadd(x, y))
}

/// Pairs of 64 bits, the low half first.
pub(crate) fn i64_sub128<'e>(a: V<'e>, b: V<'e>, c: V<'e>, d: V<'e>) -> (V<'e>, V<'e>) {
    halves(a, b, c, d, |i, x, y| i.isub(x, y))
}

fn halves<'e>(
    a: V<'e>,
    b: V<'e>,
    c: V<'e>,
    d: V<'e>,
    op: impl FnOnce(crate::emit::Ins<'_, '_>, Value, Value) -> Value,
) -> (V<'e>, V<'e>) {
    let emit = a.emit;
    let (al, ah, bl, bh) = (a.value(), b.value(), c.value(), d.value());
    let x = emit.ins(|i| i.iconcat(al, ah));
    let y = emit.ins(|i| i.iconcat(bl, bh));
    let sum = emit.ins(|i| op(i, x, y));
    let (low, high) = emit.ins(|i| i.isplit(sum));
    (emit.v(low), emit.v(high))
}

macro_rules! wide {
    ($($name:ident $high:ident)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> (V<'e>, V<'e>) {
            let (x, y) = (a.value(), b.value());
            (a.put(|i| i.imul(x, y)), a.put(|i| i.$high(x, y)))
        }
    )*};
}
wide! { i64_mul_wide_s smulhi i64_mul_wide_u umulhi }
