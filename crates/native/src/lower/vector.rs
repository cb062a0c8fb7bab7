//! Operators of `v128`: a function of the name that `prova-num` has for it, from operands to CLIF.
//!
//! A `v128` is an `i8x16` between operators; each sees it as the lanes that it needs and gives it
//! back as bytes. Relaxed operators have the one meaning that `prova-num` gives them.
//!
//! Noticed by: `tests/numeric.rs`, which runs each as machine code against `prova-num`.

use crate::emit::{Emit, Load, V};
use crate::lower::numeric::flag;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32X4, F64X2, I8, I8X16, I16, I16X8, I32, I32X4, I64X2};
use cranelift_codegen::ir::{ConstantData, Endianness, InstBuilder, MemFlagsData, Type, Value};

fn lanes_of(a: V<'_>, ty: Type) -> Value {
    let x = a.value();
    cast(a, ty, x)
}

fn cast(a: V<'_>, ty: Type, x: Value) -> Value {
    if a.emit.type_of(x) == ty {
        return x;
    }
    let flags = MemFlagsData::new().with_endianness(Endianness::Little);
    a.emit.ins(|i| i.bitcast(ty, flags, x))
}

/// The bytes of what an instruction gives.
fn bytes(a: V<'_>, x: Value) -> V<'_> {
    a.emit.v(cast(a, I8X16, x))
}

/// `i8x16.shr_u` by a count that is not known, for x86-64-v2: shifted as words, without the bits of
/// the byte above. Cranelift reads that mask from a table in the code, which instructions without
/// AVX must read at a multiple of 16; the check does not know the index to be one.
pub(crate) fn bytes_shifted(a: V<'_>, count: Value) -> Value {
    let (x, emit) = (lanes_of(a, I16X8), a.emit);
    let seven = emit.ins(|i| i.iconst(I32, 7));
    let count = emit.ins(|i| i.band(count, seven));
    let words = emit.ins(|i| i.ushr(x, count));
    let ones = emit.ins(|i| i.iconst(I32, 0xff));
    let kept = emit.ins(|i| i.ushr(ones, count));
    let kept = emit.ins(|i| i.ireduce(I8, kept));
    let kept = emit.ins(|i| i.splat(I8X16, kept));
    let bytes = cast(a, I8X16, words);
    emit.ins(|i| i.band(bytes, kept))
}

macro_rules! unary {
    ($($ty:ident $op:ident: $($name:ident)*;)*) => {$($(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, $ty);
            let r = a.emit.ins(|i| i.$op(x));
            bytes(a, r)
        }
    )*)*};
}

macro_rules! binary {
    ($($ty:ident $op:ident: $($name:ident)*;)*) => {$($(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let (x, y) = (lanes_of(a, $ty), lanes_of(b, $ty));
            let r = a.emit.ins(|i| i.$op(x, y));
            bytes(a, r)
        }
    )*)*};
}

macro_rules! shift {
    ($($ty:ident $op:ident: $name:ident;)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let (x, y) = (lanes_of(a, $ty), b.value());
            let r = a.emit.ins(|i| i.$op(x, y));
            bytes(a, r)
        }
    )*};
}

macro_rules! compare {
    ($($ty:ident $op:ident $cc:expr => $name:ident;)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let (x, y) = (lanes_of(a, $ty), lanes_of(b, $ty));
            let r = a.emit.ins(|i| i.$op($cc, x, y));
            bytes(a, r)
        }
    )*};
}

unary! {
    I8X16 bnot: v128_not;
    I8X16 iabs: i8x16_abs;
    I8X16 ineg: i8x16_neg;
    I8X16 popcnt: i8x16_popcnt;
    I16X8 iabs: i16x8_abs;
    I16X8 ineg: i16x8_neg;
    I32X4 iabs: i32x4_abs;
    I32X4 ineg: i32x4_neg;
    I64X2 iabs: i64x2_abs;
    I64X2 ineg: i64x2_neg;
    I8X16 swiden_low: i16x8_extend_low_i8x16_s;
    I8X16 swiden_high: i16x8_extend_high_i8x16_s;
    I8X16 uwiden_low: i16x8_extend_low_i8x16_u;
    I8X16 uwiden_high: i16x8_extend_high_i8x16_u;
    I16X8 swiden_low: i32x4_extend_low_i16x8_s;
    I16X8 swiden_high: i32x4_extend_high_i16x8_s;
    I16X8 uwiden_low: i32x4_extend_low_i16x8_u;
    I16X8 uwiden_high: i32x4_extend_high_i16x8_u;
    I32X4 swiden_low: i64x2_extend_low_i32x4_s;
    I32X4 swiden_high: i64x2_extend_high_i32x4_s;
    I32X4 uwiden_low: i64x2_extend_low_i32x4_u;
    I32X4 uwiden_high: i64x2_extend_high_i32x4_u;
    F32X4 ceil: f32x4_ceil;
    F32X4 floor: f32x4_floor;
    F32X4 trunc: f32x4_trunc;
    F32X4 nearest: f32x4_nearest;
    F32X4 fabs: f32x4_abs;
    F32X4 fneg: f32x4_neg;
    F32X4 sqrt: f32x4_sqrt;
    F64X2 ceil: f64x2_ceil;
    F64X2 floor: f64x2_floor;
    F64X2 trunc: f64x2_trunc;
    F64X2 nearest: f64x2_nearest;
    F64X2 fabs: f64x2_abs;
    F64X2 fneg: f64x2_neg;
    F64X2 sqrt: f64x2_sqrt;
    F64X2 fvdemote: f32x4_demote_f64x2_zero;
    F32X4 fvpromote_low: f64x2_promote_low_f32x4;
}

binary! {
    I8X16 band: v128_and;
    I8X16 bor: v128_or;
    I8X16 bxor: v128_xor;
    I8X16 band_not: v128_andnot;
    I8X16 swizzle: i8x16_swizzle i8x16_relaxed_swizzle;
    I16X8 snarrow: i8x16_narrow_i16x8_s;
    I16X8 unarrow: i8x16_narrow_i16x8_u;
    I32X4 snarrow: i16x8_narrow_i32x4_s;
    I32X4 unarrow: i16x8_narrow_i32x4_u;
    I8X16 iadd: i8x16_add;
    I8X16 sadd_sat: i8x16_add_sat_s;
    I8X16 uadd_sat: i8x16_add_sat_u;
    I8X16 isub: i8x16_sub;
    I8X16 ssub_sat: i8x16_sub_sat_s;
    I8X16 usub_sat: i8x16_sub_sat_u;
    I8X16 smin: i8x16_min_s;
    I8X16 umin: i8x16_min_u;
    I8X16 smax: i8x16_max_s;
    I8X16 umax: i8x16_max_u;
    I8X16 avg_round: i8x16_avgr_u;
    I16X8 sqmul_round_sat: i16x8_q15mulr_sat_s i16x8_relaxed_q15mulr_s;
    I16X8 iadd: i16x8_add;
    I16X8 sadd_sat: i16x8_add_sat_s;
    I16X8 uadd_sat: i16x8_add_sat_u;
    I16X8 isub: i16x8_sub;
    I16X8 ssub_sat: i16x8_sub_sat_s;
    I16X8 usub_sat: i16x8_sub_sat_u;
    I16X8 imul: i16x8_mul;
    I16X8 smin: i16x8_min_s;
    I16X8 umin: i16x8_min_u;
    I16X8 smax: i16x8_max_s;
    I16X8 umax: i16x8_max_u;
    I16X8 avg_round: i16x8_avgr_u;
    I32X4 iadd: i32x4_add;
    I32X4 isub: i32x4_sub;
    I32X4 imul: i32x4_mul;
    I32X4 smin: i32x4_min_s;
    I32X4 umin: i32x4_min_u;
    I32X4 smax: i32x4_max_s;
    I32X4 umax: i32x4_max_u;
    I64X2 iadd: i64x2_add;
    I64X2 isub: i64x2_sub;
    I64X2 imul: i64x2_mul;
    F32X4 fadd: f32x4_add;
    F32X4 fsub: f32x4_sub;
    F32X4 fmul: f32x4_mul;
    F32X4 fdiv: f32x4_div;
    F32X4 fmin: f32x4_min f32x4_relaxed_min;
    F32X4 fmax: f32x4_max f32x4_relaxed_max;
    F64X2 fadd: f64x2_add;
    F64X2 fsub: f64x2_sub;
    F64X2 fmul: f64x2_mul;
    F64X2 fdiv: f64x2_div;
    F64X2 fmin: f64x2_min f64x2_relaxed_min;
    F64X2 fmax: f64x2_max f64x2_relaxed_max;
}

shift! {
    I8X16 ishl: i8x16_shl;
    I8X16 sshr: i8x16_shr_s;
    I8X16 ushr: i8x16_shr_u;
    I16X8 ishl: i16x8_shl;
    I16X8 sshr: i16x8_shr_s;
    I16X8 ushr: i16x8_shr_u;
    I32X4 ishl: i32x4_shl;
    I32X4 sshr: i32x4_shr_s;
    I32X4 ushr: i32x4_shr_u;
    I64X2 ishl: i64x2_shl;
    I64X2 sshr: i64x2_shr_s;
    I64X2 ushr: i64x2_shr_u;
}

compare! {
    I8X16 icmp IntCC::Equal => i8x16_eq;
    I8X16 icmp IntCC::NotEqual => i8x16_ne;
    I8X16 icmp IntCC::SignedLessThan => i8x16_lt_s;
    I8X16 icmp IntCC::UnsignedLessThan => i8x16_lt_u;
    I8X16 icmp IntCC::SignedGreaterThan => i8x16_gt_s;
    I8X16 icmp IntCC::UnsignedGreaterThan => i8x16_gt_u;
    I8X16 icmp IntCC::SignedLessThanOrEqual => i8x16_le_s;
    I8X16 icmp IntCC::UnsignedLessThanOrEqual => i8x16_le_u;
    I8X16 icmp IntCC::SignedGreaterThanOrEqual => i8x16_ge_s;
    I8X16 icmp IntCC::UnsignedGreaterThanOrEqual => i8x16_ge_u;
    I16X8 icmp IntCC::Equal => i16x8_eq;
    I16X8 icmp IntCC::NotEqual => i16x8_ne;
    I16X8 icmp IntCC::SignedLessThan => i16x8_lt_s;
    I16X8 icmp IntCC::UnsignedLessThan => i16x8_lt_u;
    I16X8 icmp IntCC::SignedGreaterThan => i16x8_gt_s;
    I16X8 icmp IntCC::UnsignedGreaterThan => i16x8_gt_u;
    I16X8 icmp IntCC::SignedLessThanOrEqual => i16x8_le_s;
    I16X8 icmp IntCC::UnsignedLessThanOrEqual => i16x8_le_u;
    I16X8 icmp IntCC::SignedGreaterThanOrEqual => i16x8_ge_s;
    I16X8 icmp IntCC::UnsignedGreaterThanOrEqual => i16x8_ge_u;
    I32X4 icmp IntCC::Equal => i32x4_eq;
    I32X4 icmp IntCC::NotEqual => i32x4_ne;
    I32X4 icmp IntCC::SignedLessThan => i32x4_lt_s;
    I32X4 icmp IntCC::UnsignedLessThan => i32x4_lt_u;
    I32X4 icmp IntCC::SignedGreaterThan => i32x4_gt_s;
    I32X4 icmp IntCC::UnsignedGreaterThan => i32x4_gt_u;
    I32X4 icmp IntCC::SignedLessThanOrEqual => i32x4_le_s;
    I32X4 icmp IntCC::UnsignedLessThanOrEqual => i32x4_le_u;
    I32X4 icmp IntCC::SignedGreaterThanOrEqual => i32x4_ge_s;
    I32X4 icmp IntCC::UnsignedGreaterThanOrEqual => i32x4_ge_u;
    I64X2 icmp IntCC::Equal => i64x2_eq;
    I64X2 icmp IntCC::NotEqual => i64x2_ne;
    I64X2 icmp IntCC::SignedLessThan => i64x2_lt_s;
    I64X2 icmp IntCC::SignedGreaterThan => i64x2_gt_s;
    I64X2 icmp IntCC::SignedLessThanOrEqual => i64x2_le_s;
    I64X2 icmp IntCC::SignedGreaterThanOrEqual => i64x2_ge_s;
    F32X4 fcmp FloatCC::Equal => f32x4_eq;
    F32X4 fcmp FloatCC::NotEqual => f32x4_ne;
    F32X4 fcmp FloatCC::LessThan => f32x4_lt;
    F32X4 fcmp FloatCC::GreaterThan => f32x4_gt;
    F32X4 fcmp FloatCC::LessThanOrEqual => f32x4_le;
    F32X4 fcmp FloatCC::GreaterThanOrEqual => f32x4_ge;
    F64X2 fcmp FloatCC::Equal => f64x2_eq;
    F64X2 fcmp FloatCC::NotEqual => f64x2_ne;
    F64X2 fcmp FloatCC::LessThan => f64x2_lt;
    F64X2 fcmp FloatCC::GreaterThan => f64x2_gt;
    F64X2 fcmp FloatCC::LessThanOrEqual => f64x2_le;
    F64X2 fcmp FloatCC::GreaterThanOrEqual => f64x2_ge;
}

pub(crate) fn v128_bitselect<'e>(a: V<'e>, b: V<'e>, c: V<'e>) -> V<'e> {
    let (x, y, mask) = (a.value(), b.value(), c.value());
    a.put(|i| i.bitselect(mask, x, y))
}

macro_rules! lane_select {
    ($($name:ident)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>, c: V<'e>) -> V<'e> {
            v128_bitselect(a, b, c)
        }
    )*};
}
lane_select! {
    i8x16_relaxed_laneselect i16x8_relaxed_laneselect
    i32x4_relaxed_laneselect i64x2_relaxed_laneselect
}

/// The lesser or greater lane by one comparison of exchanged operands (`pmin`, `pmax`).
macro_rules! pseudo {
    ($($name:ident $ty:ident |$x:ident, $y:ident| ($l:ident < $r:ident);)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let ($x, $y) = (lanes_of(a, $ty), lanes_of(b, $ty));
            let less = a.emit.ins(|i| i.fcmp(FloatCC::LessThan, $l, $r));
            let mask = cast(a, $ty, less);
            let r = a.emit.ins(|i| i.bitselect(mask, $y, $x));
            bytes(a, r)
        }
    )*};
}
pseudo! {
    f32x4_pmin F32X4 |x, y| (y < x);
    f64x2_pmin F64X2 |x, y| (y < x);
    f32x4_pmax F32X4 |x, y| (x < y);
    f64x2_pmax F64X2 |x, y| (x < y);
}

macro_rules! test {
    ($($ty:ident $op:ident: $name:ident;)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, $ty);
            flag(a.put(|i| i.$op(x)))
        }
    )*};
}
test! {
    I8X16 vany_true: v128_any_true;
    I8X16 vall_true: i8x16_all_true;
    I16X8 vall_true: i16x8_all_true;
    I32X4 vall_true: i32x4_all_true;
    I64X2 vall_true: i64x2_all_true;
}

macro_rules! bitmask {
    ($($name:ident $ty:ident)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, $ty);
            a.put(|i| i.vhigh_bits(I32, x))
        }
    )*};
}
bitmask! { i8x16_bitmask I8X16 i16x8_bitmask I16X8 i32x4_bitmask I32X4 i64x2_bitmask I64X2 }

/// Two halves that an operator treats the same way, and what joins them.
macro_rules! widened {
    ($($name:ident $ty:ident $widen:ident $join:ident;)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
            let (x, y) = (lanes_of(a, $ty), lanes_of(b, $ty));
            let x = a.emit.ins(|i| i.$widen(x));
            let y = a.emit.ins(|i| i.$widen(y));
            let r = a.emit.ins(|i| i.$join(x, y));
            bytes(a, r)
        }
    )*};
}
widened! {
    i16x8_extmul_low_i8x16_s I8X16 swiden_low imul;
    i16x8_extmul_high_i8x16_s I8X16 swiden_high imul;
    i16x8_extmul_low_i8x16_u I8X16 uwiden_low imul;
    i16x8_extmul_high_i8x16_u I8X16 uwiden_high imul;
    i32x4_extmul_low_i16x8_s I16X8 swiden_low imul;
    i32x4_extmul_high_i16x8_s I16X8 swiden_high imul;
    i32x4_extmul_low_i16x8_u I16X8 uwiden_low imul;
    i32x4_extmul_high_i16x8_u I16X8 uwiden_high imul;
    i64x2_extmul_low_i32x4_s I32X4 swiden_low imul;
    i64x2_extmul_high_i32x4_s I32X4 swiden_high imul;
    i64x2_extmul_low_i32x4_u I32X4 uwiden_low imul;
    i64x2_extmul_high_i32x4_u I32X4 uwiden_high imul;
}

macro_rules! pairwise {
    ($($name:ident $ty:ident $low:ident $high:ident;)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, $ty);
            let low = a.emit.ins(|i| i.$low(x));
            let high = a.emit.ins(|i| i.$high(x));
            let r = a.emit.ins(|i| i.iadd_pairwise(low, high));
            bytes(a, r)
        }
    )*};
}
pairwise! {
    i16x8_extadd_pairwise_i8x16_s I8X16 swiden_low swiden_high;
    i16x8_extadd_pairwise_i8x16_u I8X16 uwiden_low uwiden_high;
    i32x4_extadd_pairwise_i16x8_s I16X8 swiden_low swiden_high;
    i32x4_extadd_pairwise_i16x8_u I16X8 uwiden_low uwiden_high;
}

/// Products of widened lanes, added in pairs.
fn dot<'e>(a: V<'e>, b: V<'e>, ty: Type) -> Value {
    let (x, y) = (lanes_of(a, ty), lanes_of(b, ty));
    let (xl, yl) = (a.emit.ins(|i| i.swiden_low(x)), a.emit.ins(|i| i.swiden_low(y)));
    let (xh, yh) = (a.emit.ins(|i| i.swiden_high(x)), a.emit.ins(|i| i.swiden_high(y)));
    let (low, high) = (a.emit.ins(|i| i.imul(xl, yl)), a.emit.ins(|i| i.imul(xh, yh)));
    a.emit.ins(|i| i.iadd_pairwise(low, high))
}

pub(crate) fn i32x4_dot_i16x8_s<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
    let r = dot(a, b, I16X8);
    bytes(a, r)
}

macro_rules! convert {
    ($($name:ident $from:ident $op:ident $to:ident;)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, $from);
            let r = a.emit.ins(|i| i.$op($to, x));
            bytes(a, r)
        }
    )*};
}
convert! {
    i32x4_trunc_sat_f32x4_s F32X4 fcvt_to_sint_sat I32X4;
    i32x4_trunc_sat_f32x4_u F32X4 fcvt_to_uint_sat I32X4;
    i32x4_relaxed_trunc_f32x4_s F32X4 fcvt_to_sint_sat I32X4;
    i32x4_relaxed_trunc_f32x4_u F32X4 fcvt_to_uint_sat I32X4;
    f32x4_convert_i32x4_s I32X4 fcvt_from_sint F32X4;
    f32x4_convert_i32x4_u I32X4 fcvt_from_uint F32X4;
}

macro_rules! truncate_zero {
    ($($name:ident $op:ident $narrow:ident;)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, F64X2);
            let wide = a.emit.ins(|i| i.$op(I64X2, x));
            // Cranelift knows this shape alone: the zero has to be one of these lanes.
            let zero = constant_of(a.emit, I64X2, 0);
            let r = a.emit.ins(|i| i.$narrow(wide, zero));
            bytes(a, r)
        }
    )*};
}
truncate_zero! {
    i32x4_trunc_sat_f64x2_s_zero fcvt_to_sint_sat snarrow;
    i32x4_relaxed_trunc_f64x2_s_zero fcvt_to_sint_sat snarrow;
    i32x4_trunc_sat_f64x2_u_zero fcvt_to_uint_sat uunarrow;
    i32x4_relaxed_trunc_f64x2_u_zero fcvt_to_uint_sat uunarrow;
}

macro_rules! convert_low {
    ($($name:ident $widen:ident $op:ident;)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, I32X4);
            let wide = a.emit.ins(|i| i.$widen(x));
            let r = a.emit.ins(|i| i.$op(F64X2, wide));
            bytes(a, r)
        }
    )*};
}
convert_low! {
    f64x2_convert_low_i32x4_s swiden_low fcvt_from_sint;
    f64x2_convert_low_i32x4_u uwiden_low fcvt_from_uint;
}

macro_rules! multiply_add {
    ($($name:ident $mul:ident $add:ident $($neg:ident)?;)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>, c: V<'e>) -> V<'e> {
            $(let a = $neg(a);)?
            $add($mul(a, b), c)
        }
    )*};
}
multiply_add! {
    f32x4_relaxed_madd f32x4_mul f32x4_add;
    f32x4_relaxed_nmadd f32x4_mul f32x4_add f32x4_neg;
    f64x2_relaxed_madd f64x2_mul f64x2_add;
    f64x2_relaxed_nmadd f64x2_mul f64x2_add f64x2_neg;
}

/// A constant.
pub(crate) fn constant(emit: &Emit, bits: u128) -> V<'_> {
    emit.v(constant_of(emit, I8X16, bits))
}

pub(crate) fn constant_of(emit: &Emit, ty: Type, bits: u128) -> Value {
    let data = ConstantData::from(&bits.to_le_bytes()[..]);
    let constant = emit.func.borrow_mut().dfg.constants.insert(data);
    emit.ins(|i| i.vconst(ty, constant))
}

pub(crate) fn i8x16_shuffle<'e>(a: V<'e>, b: V<'e>, lanes: u128) -> V<'e> {
    let (x, y) = (a.value(), b.value());
    let data = ConstantData::from(&lanes.to_le_bytes()[..]);
    let mask = a.emit.func.borrow_mut().dfg.immediates.push(data);
    a.put(|i| i.shuffle(x, y, mask))
}

macro_rules! extract {
    ($($name:ident $ty:ident $($extend:ident)?;)*) => {$(
        pub(crate) fn $name(a: V<'_>, lane: u8) -> V<'_> {
            let x = lanes_of(a, $ty);
            let r = a.put(|i| i.extractlane(x, lane));
            $(let r = { let x = r.value(); r.put(|i| i.$extend(I32, x)) };)?
            r
        }
    )*};
}
extract! {
    i8x16_extract_lane_s I8X16 sextend;
    i8x16_extract_lane_u I8X16 uextend;
    i16x8_extract_lane_s I16X8 sextend;
    i16x8_extract_lane_u I16X8 uextend;
    i32x4_extract_lane I32X4;
    i64x2_extract_lane I64X2;
    f32x4_extract_lane F32X4;
    f64x2_extract_lane F64X2;
}

macro_rules! replace {
    ($($name:ident $ty:ident $($narrow:ident)?;)*) => {$(
        pub(crate) fn $name<'e>(a: V<'e>, b: V<'e>, lane: u8) -> V<'e> {
            let (x, y) = (lanes_of(a, $ty), b.value());
            $(let y = a.emit.ins(|i| i.ireduce($narrow, y));)?
            let r = a.emit.ins(|i| i.insertlane(x, y, lane));
            bytes(a, r)
        }
    )*};
}
replace! {
    i8x16_replace_lane I8X16 I8;
    i16x8_replace_lane I16X8 I16;
    i32x4_replace_lane I32X4;
    i64x2_replace_lane I64X2;
    f32x4_replace_lane F32X4;
    f64x2_replace_lane F64X2;
}

macro_rules! splat {
    ($($name:ident $ty:ident $($narrow:ident)?;)*) => {$(
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = a.value();
            $(let x = a.emit.ins(|i| i.ireduce($narrow, x));)?
            let r = a.emit.ins(|i| i.splat($ty, x));
            bytes(a, r)
        }
    )*};
}
splat! {
    i8x16_splat I8X16 I8;
    i16x8_splat I16X8 I16;
    i32x4_splat I32X4;
    i64x2_splat I64X2;
    f32x4_splat F32X4;
    f64x2_splat F64X2;
}

macro_rules! load {
    ($($name:ident $load:ident $widen:ident $ty:ident;)*) => {$(
        pub(crate) fn $name(m: V<'_>) -> V<'_> {
            let r = match m.load() {
                Some(Load { address, offset, flags, .. }) => {
                    m.emit.ins(|i| i.$load(flags, address, offset))
                }
                None => {
                    let low = m.value();
                    let low = m.emit.ins(|i| i.scalar_to_vector(I64X2, low));
                    let lanes = cast(m, $ty, low);
                    m.emit.ins(|i| i.$widen(lanes))
                }
            };
            bytes(m, r)
        }
    )*};
}
load! {
    v128_load8x8_s sload8x8 swiden_low I8X16;
    v128_load8x8_u uload8x8 uwiden_low I8X16;
    v128_load16x4_s sload16x4 swiden_low I16X8;
    v128_load16x4_u uload16x4 uwiden_low I16X8;
    v128_load32x2_s sload32x2 swiden_low I32X4;
    v128_load32x2_u uload32x2 uwiden_low I32X4;
}

macro_rules! load_zero {
    ($($name:ident $ty:ident;)*) => {$(
        pub(crate) fn $name(m: V<'_>) -> V<'_> {
            let x = m.value();
            let r = m.emit.ins(|i| i.scalar_to_vector($ty, x));
            bytes(m, r)
        }
    )*};
}
load_zero! { v128_load32_zero I32X4; v128_load64_zero I64X2; }

macro_rules! canonical {
    ($($name:ident $ty:ident $bits:expr;)*) => {$(
        /// The same lanes, with the canonical NaN for each NaN.
        pub(crate) fn $name(a: V<'_>) -> V<'_> {
            let x = lanes_of(a, $ty);
            let nan = constant(a.emit, $bits).value();
            let nan = cast(a, $ty, nan);
            let ordered = a.emit.ins(|i| i.fcmp(FloatCC::Equal, x, x));
            let mask = cast(a, $ty, ordered);
            let r = a.emit.ins(|i| i.bitselect(mask, x, nan));
            bytes(a, r)
        }
    )*};
}
canonical! {
    f32x4_canonicalize F32X4 0x7fc0_0000_7fc0_0000_7fc0_0000_7fc0_0000;
    f64x2_canonicalize F64X2 0x7ff8_0000_0000_0000_7ff8_0000_0000_0000;
}

/// The sum of two products of bytes leaves 16 bits only at 32,768, which wraps to a number that no
/// other sum is; that becomes 32,767.
pub(crate) fn i16x8_relaxed_dot_i8x16_i7x16_s<'e>(a: V<'e>, b: V<'e>) -> V<'e> {
    let sums = dot(a, b, I8X16);
    let least = constant(a.emit, 0x8000_8000_8000_8000_8000_8000_8000_8000).value();
    let least = cast(a, I16X8, least);
    let wrapped = a.emit.ins(|i| i.icmp(IntCC::Equal, sums, least));
    let r = a.emit.ins(|i| i.bxor(sums, wrapped));
    bytes(a, r)
}

pub(crate) fn i32x4_relaxed_dot_i8x16_i7x16_add_s<'e>(a: V<'e>, b: V<'e>, c: V<'e>) -> V<'e> {
    let pairs = i16x8_relaxed_dot_i8x16_i7x16_s(a, b);
    i32x4_add(i32x4_extadd_pairwise_i16x8_s(pairs), c)
}
