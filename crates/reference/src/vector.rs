//! Vector operators, relaxed ones included: `v128` operands popped, `prova_num` applied, the result
//! pushed (specification 4.6.2, "Vector Instructions"); with the loads and stores of vectors.
//!
//! `prova_num` defines each operator's result. Operators that compute floats go through the
//! `*_f32x4` and `*_f64x2` functions below, which are deterministic mode. Relaxed operators are
//! deterministic in every mode (`prova_num`). Time: constant for an operator. Noticed by:
//! `tests/spec.rs`; `tests/metering.rs` for deterministic mode.

use crate::machine::{Machine, Stop};
use crate::memory::Bits;
use crate::memory::{load, read, store};
use crate::stack::Stack;
use prova_module::MemArg;
use prova_module::Operator::{self, *};
use prova_num::*;

/// Executes a load or store of a vector, and every other vector operator with [`compute`].
pub(crate) fn execute(m: &mut Machine<'_>, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        V128Load { memarg } => load(m, memarg, v128_load),
        V128Load8x8S { memarg } => load(m, memarg, v128_load8x8_s),
        V128Load8x8U { memarg } => load(m, memarg, v128_load8x8_u),
        V128Load16x4S { memarg } => load(m, memarg, v128_load16x4_s),
        V128Load16x4U { memarg } => load(m, memarg, v128_load16x4_u),
        V128Load32x2S { memarg } => load(m, memarg, v128_load32x2_s),
        V128Load32x2U { memarg } => load(m, memarg, v128_load32x2_u),
        V128Load8Splat { memarg } => load(m, memarg, v128_load8_splat),
        V128Load16Splat { memarg } => load(m, memarg, v128_load16_splat),
        V128Load32Splat { memarg } => load(m, memarg, v128_load32_splat),
        V128Load64Splat { memarg } => load(m, memarg, v128_load64_splat),
        V128Load32Zero { memarg } => load(m, memarg, v128_load32_zero),
        V128Load64Zero { memarg } => load(m, memarg, v128_load64_zero),
        V128Store { memarg } => store(m, memarg, v128_store),
        V128Load8Lane { memarg, lane } => load_lane(m, memarg, lane, v128_load8_lane),
        V128Load16Lane { memarg, lane } => load_lane(m, memarg, lane, v128_load16_lane),
        V128Load32Lane { memarg, lane } => load_lane(m, memarg, lane, v128_load32_lane),
        V128Load64Lane { memarg, lane } => load_lane(m, memarg, lane, v128_load64_lane),
        V128Store8Lane { memarg, lane } => store(m, memarg, |a| v128_store8_lane(a, lane)),
        V128Store16Lane { memarg, lane } => store(m, memarg, |a| v128_store16_lane(a, lane)),
        V128Store32Lane { memarg, lane } => store(m, memarg, |a| v128_store32_lane(a, lane)),
        V128Store64Lane { memarg, lane } => store(m, memarg, |a| v128_store64_lane(a, lane)),
        _ => compute(&mut m.stack, operator),
    }
}

/// Executes a vector operator without memory access.
fn compute(s: &mut Stack, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        V128Const { value } => {
            s.push_number(u128::from(value));
            Ok(())
        }
        I8x16Shuffle { lanes } => s.binary(|a, b| i8x16_shuffle(a, b, u128::from_le_bytes(lanes))),
        I8x16ExtractLaneS { lane } => s.unary(|a| i8x16_extract_lane_s(a, lane)),
        I8x16ExtractLaneU { lane } => s.unary(|a| i8x16_extract_lane_u(a, lane)),
        I8x16ReplaceLane { lane } => s.binary(|a, x| i8x16_replace_lane(a, x, lane)),
        I16x8ExtractLaneS { lane } => s.unary(|a| i16x8_extract_lane_s(a, lane)),
        I16x8ExtractLaneU { lane } => s.unary(|a| i16x8_extract_lane_u(a, lane)),
        I16x8ReplaceLane { lane } => s.binary(|a, x| i16x8_replace_lane(a, x, lane)),
        I32x4ExtractLane { lane } => s.unary(|a| i32x4_extract_lane(a, lane)),
        I32x4ReplaceLane { lane } => s.binary(|a, x| i32x4_replace_lane(a, x, lane)),
        I64x2ExtractLane { lane } => s.unary(|a| i64x2_extract_lane(a, lane)),
        I64x2ReplaceLane { lane } => s.binary(|a, x| i64x2_replace_lane(a, x, lane)),
        F32x4ExtractLane { lane } => s.unary(|a| f32x4_extract_lane(a, lane)),
        F32x4ReplaceLane { lane } => s.binary(|a, x| f32x4_replace_lane(a, x, lane)),
        F64x2ExtractLane { lane } => s.unary(|a| f64x2_extract_lane(a, lane)),
        F64x2ReplaceLane { lane } => s.binary(|a, x| f64x2_replace_lane(a, x, lane)),
        I8x16Swizzle => s.binary(i8x16_swizzle),
        I8x16Splat => s.unary(i8x16_splat),
        I16x8Splat => s.unary(i16x8_splat),
        I32x4Splat => s.unary(i32x4_splat),
        I64x2Splat => s.unary(i64x2_splat),
        F32x4Splat => s.unary(f32x4_splat),
        F64x2Splat => s.unary(f64x2_splat),
        I8x16Eq => s.binary(i8x16_eq),
        I8x16Ne => s.binary(i8x16_ne),
        I8x16LtS => s.binary(i8x16_lt_s),
        I8x16LtU => s.binary(i8x16_lt_u),
        I8x16GtS => s.binary(i8x16_gt_s),
        I8x16GtU => s.binary(i8x16_gt_u),
        I8x16LeS => s.binary(i8x16_le_s),
        I8x16LeU => s.binary(i8x16_le_u),
        I8x16GeS => s.binary(i8x16_ge_s),
        I8x16GeU => s.binary(i8x16_ge_u),
        I16x8Eq => s.binary(i16x8_eq),
        I16x8Ne => s.binary(i16x8_ne),
        I16x8LtS => s.binary(i16x8_lt_s),
        I16x8LtU => s.binary(i16x8_lt_u),
        I16x8GtS => s.binary(i16x8_gt_s),
        I16x8GtU => s.binary(i16x8_gt_u),
        I16x8LeS => s.binary(i16x8_le_s),
        I16x8LeU => s.binary(i16x8_le_u),
        I16x8GeS => s.binary(i16x8_ge_s),
        I16x8GeU => s.binary(i16x8_ge_u),
        I32x4Eq => s.binary(i32x4_eq),
        I32x4Ne => s.binary(i32x4_ne),
        I32x4LtS => s.binary(i32x4_lt_s),
        I32x4LtU => s.binary(i32x4_lt_u),
        I32x4GtS => s.binary(i32x4_gt_s),
        I32x4GtU => s.binary(i32x4_gt_u),
        I32x4LeS => s.binary(i32x4_le_s),
        I32x4LeU => s.binary(i32x4_le_u),
        I32x4GeS => s.binary(i32x4_ge_s),
        I32x4GeU => s.binary(i32x4_ge_u),
        I64x2Eq => s.binary(i64x2_eq),
        I64x2Ne => s.binary(i64x2_ne),
        I64x2LtS => s.binary(i64x2_lt_s),
        I64x2GtS => s.binary(i64x2_gt_s),
        I64x2LeS => s.binary(i64x2_le_s),
        I64x2GeS => s.binary(i64x2_ge_s),
        F32x4Eq => s.binary(f32x4_eq),
        F32x4Ne => s.binary(f32x4_ne),
        F32x4Lt => s.binary(f32x4_lt),
        F32x4Gt => s.binary(f32x4_gt),
        F32x4Le => s.binary(f32x4_le),
        F32x4Ge => s.binary(f32x4_ge),
        F64x2Eq => s.binary(f64x2_eq),
        F64x2Ne => s.binary(f64x2_ne),
        F64x2Lt => s.binary(f64x2_lt),
        F64x2Gt => s.binary(f64x2_gt),
        F64x2Le => s.binary(f64x2_le),
        F64x2Ge => s.binary(f64x2_ge),
        V128Not => s.unary(v128_not),
        V128And => s.binary(v128_and),
        V128AndNot => s.binary(v128_andnot),
        V128Or => s.binary(v128_or),
        V128Xor => s.binary(v128_xor),
        V128Bitselect => s.ternary(v128_bitselect),
        V128AnyTrue => s.unary(v128_any_true),
        I8x16Abs => s.unary(i8x16_abs),
        I8x16Neg => s.unary(i8x16_neg),
        I8x16Popcnt => s.unary(i8x16_popcnt),
        I8x16AllTrue => s.unary(i8x16_all_true),
        I8x16Bitmask => s.unary(i8x16_bitmask),
        I8x16NarrowI16x8S => s.binary(i8x16_narrow_i16x8_s),
        I8x16NarrowI16x8U => s.binary(i8x16_narrow_i16x8_u),
        I8x16Shl => s.binary(i8x16_shl),
        I8x16ShrS => s.binary(i8x16_shr_s),
        I8x16ShrU => s.binary(i8x16_shr_u),
        I8x16Add => s.binary(i8x16_add),
        I8x16AddSatS => s.binary(i8x16_add_sat_s),
        I8x16AddSatU => s.binary(i8x16_add_sat_u),
        I8x16Sub => s.binary(i8x16_sub),
        I8x16SubSatS => s.binary(i8x16_sub_sat_s),
        I8x16SubSatU => s.binary(i8x16_sub_sat_u),
        I8x16MinS => s.binary(i8x16_min_s),
        I8x16MinU => s.binary(i8x16_min_u),
        I8x16MaxS => s.binary(i8x16_max_s),
        I8x16MaxU => s.binary(i8x16_max_u),
        I8x16AvgrU => s.binary(i8x16_avgr_u),
        I16x8ExtAddPairwiseI8x16S => s.unary(i16x8_extadd_pairwise_i8x16_s),
        I16x8ExtAddPairwiseI8x16U => s.unary(i16x8_extadd_pairwise_i8x16_u),
        I16x8Abs => s.unary(i16x8_abs),
        I16x8Neg => s.unary(i16x8_neg),
        I16x8Q15MulrSatS => s.binary(i16x8_q15mulr_sat_s),
        I16x8AllTrue => s.unary(i16x8_all_true),
        I16x8Bitmask => s.unary(i16x8_bitmask),
        I16x8NarrowI32x4S => s.binary(i16x8_narrow_i32x4_s),
        I16x8NarrowI32x4U => s.binary(i16x8_narrow_i32x4_u),
        I16x8ExtendLowI8x16S => s.unary(i16x8_extend_low_i8x16_s),
        I16x8ExtendHighI8x16S => s.unary(i16x8_extend_high_i8x16_s),
        I16x8ExtendLowI8x16U => s.unary(i16x8_extend_low_i8x16_u),
        I16x8ExtendHighI8x16U => s.unary(i16x8_extend_high_i8x16_u),
        I16x8Shl => s.binary(i16x8_shl),
        I16x8ShrS => s.binary(i16x8_shr_s),
        I16x8ShrU => s.binary(i16x8_shr_u),
        I16x8Add => s.binary(i16x8_add),
        I16x8AddSatS => s.binary(i16x8_add_sat_s),
        I16x8AddSatU => s.binary(i16x8_add_sat_u),
        I16x8Sub => s.binary(i16x8_sub),
        I16x8SubSatS => s.binary(i16x8_sub_sat_s),
        I16x8SubSatU => s.binary(i16x8_sub_sat_u),
        I16x8Mul => s.binary(i16x8_mul),
        I16x8MinS => s.binary(i16x8_min_s),
        I16x8MinU => s.binary(i16x8_min_u),
        I16x8MaxS => s.binary(i16x8_max_s),
        I16x8MaxU => s.binary(i16x8_max_u),
        I16x8AvgrU => s.binary(i16x8_avgr_u),
        I16x8ExtMulLowI8x16S => s.binary(i16x8_extmul_low_i8x16_s),
        I16x8ExtMulHighI8x16S => s.binary(i16x8_extmul_high_i8x16_s),
        I16x8ExtMulLowI8x16U => s.binary(i16x8_extmul_low_i8x16_u),
        I16x8ExtMulHighI8x16U => s.binary(i16x8_extmul_high_i8x16_u),
        I32x4ExtAddPairwiseI16x8S => s.unary(i32x4_extadd_pairwise_i16x8_s),
        I32x4ExtAddPairwiseI16x8U => s.unary(i32x4_extadd_pairwise_i16x8_u),
        I32x4Abs => s.unary(i32x4_abs),
        I32x4Neg => s.unary(i32x4_neg),
        I32x4AllTrue => s.unary(i32x4_all_true),
        I32x4Bitmask => s.unary(i32x4_bitmask),
        I32x4ExtendLowI16x8S => s.unary(i32x4_extend_low_i16x8_s),
        I32x4ExtendHighI16x8S => s.unary(i32x4_extend_high_i16x8_s),
        I32x4ExtendLowI16x8U => s.unary(i32x4_extend_low_i16x8_u),
        I32x4ExtendHighI16x8U => s.unary(i32x4_extend_high_i16x8_u),
        I32x4Shl => s.binary(i32x4_shl),
        I32x4ShrS => s.binary(i32x4_shr_s),
        I32x4ShrU => s.binary(i32x4_shr_u),
        I32x4Add => s.binary(i32x4_add),
        I32x4Sub => s.binary(i32x4_sub),
        I32x4Mul => s.binary(i32x4_mul),
        I32x4MinS => s.binary(i32x4_min_s),
        I32x4MinU => s.binary(i32x4_min_u),
        I32x4MaxS => s.binary(i32x4_max_s),
        I32x4MaxU => s.binary(i32x4_max_u),
        I32x4DotI16x8S => s.binary(i32x4_dot_i16x8_s),
        I32x4ExtMulLowI16x8S => s.binary(i32x4_extmul_low_i16x8_s),
        I32x4ExtMulHighI16x8S => s.binary(i32x4_extmul_high_i16x8_s),
        I32x4ExtMulLowI16x8U => s.binary(i32x4_extmul_low_i16x8_u),
        I32x4ExtMulHighI16x8U => s.binary(i32x4_extmul_high_i16x8_u),
        I64x2Abs => s.unary(i64x2_abs),
        I64x2Neg => s.unary(i64x2_neg),
        I64x2AllTrue => s.unary(i64x2_all_true),
        I64x2Bitmask => s.unary(i64x2_bitmask),
        I64x2ExtendLowI32x4S => s.unary(i64x2_extend_low_i32x4_s),
        I64x2ExtendHighI32x4S => s.unary(i64x2_extend_high_i32x4_s),
        I64x2ExtendLowI32x4U => s.unary(i64x2_extend_low_i32x4_u),
        I64x2ExtendHighI32x4U => s.unary(i64x2_extend_high_i32x4_u),
        I64x2Shl => s.binary(i64x2_shl),
        I64x2ShrS => s.binary(i64x2_shr_s),
        I64x2ShrU => s.binary(i64x2_shr_u),
        I64x2Add => s.binary(i64x2_add),
        I64x2Sub => s.binary(i64x2_sub),
        I64x2Mul => s.binary(i64x2_mul),
        I64x2ExtMulLowI32x4S => s.binary(i64x2_extmul_low_i32x4_s),
        I64x2ExtMulHighI32x4S => s.binary(i64x2_extmul_high_i32x4_s),
        I64x2ExtMulLowI32x4U => s.binary(i64x2_extmul_low_i32x4_u),
        I64x2ExtMulHighI32x4U => s.binary(i64x2_extmul_high_i32x4_u),
        F32x4Ceil => unary_f32x4(s, f32x4_ceil),
        F32x4Floor => unary_f32x4(s, f32x4_floor),
        F32x4Trunc => unary_f32x4(s, f32x4_trunc),
        F32x4Nearest => unary_f32x4(s, f32x4_nearest),
        F32x4Abs => s.unary(f32x4_abs),
        F32x4Neg => s.unary(f32x4_neg),
        F32x4Sqrt => unary_f32x4(s, f32x4_sqrt),
        F32x4Add => binary_f32x4(s, f32x4_add),
        F32x4Sub => binary_f32x4(s, f32x4_sub),
        F32x4Mul => binary_f32x4(s, f32x4_mul),
        F32x4Div => binary_f32x4(s, f32x4_div),
        F32x4Min => binary_f32x4(s, f32x4_min),
        F32x4Max => binary_f32x4(s, f32x4_max),
        F32x4PMin => s.binary(f32x4_pmin),
        F32x4PMax => s.binary(f32x4_pmax),
        F64x2Ceil => unary_f64x2(s, f64x2_ceil),
        F64x2Floor => unary_f64x2(s, f64x2_floor),
        F64x2Trunc => unary_f64x2(s, f64x2_trunc),
        F64x2Nearest => unary_f64x2(s, f64x2_nearest),
        F64x2Abs => s.unary(f64x2_abs),
        F64x2Neg => s.unary(f64x2_neg),
        F64x2Sqrt => unary_f64x2(s, f64x2_sqrt),
        F64x2Add => binary_f64x2(s, f64x2_add),
        F64x2Sub => binary_f64x2(s, f64x2_sub),
        F64x2Mul => binary_f64x2(s, f64x2_mul),
        F64x2Div => binary_f64x2(s, f64x2_div),
        F64x2Min => binary_f64x2(s, f64x2_min),
        F64x2Max => binary_f64x2(s, f64x2_max),
        F64x2PMin => s.binary(f64x2_pmin),
        F64x2PMax => s.binary(f64x2_pmax),
        I32x4TruncSatF32x4S => s.unary(i32x4_trunc_sat_f32x4_s),
        I32x4TruncSatF32x4U => s.unary(i32x4_trunc_sat_f32x4_u),
        F32x4ConvertI32x4S => s.unary(f32x4_convert_i32x4_s),
        F32x4ConvertI32x4U => s.unary(f32x4_convert_i32x4_u),
        I32x4TruncSatF64x2SZero => s.unary(i32x4_trunc_sat_f64x2_s_zero),
        I32x4TruncSatF64x2UZero => s.unary(i32x4_trunc_sat_f64x2_u_zero),
        F64x2ConvertLowI32x4S => s.unary(f64x2_convert_low_i32x4_s),
        F64x2ConvertLowI32x4U => s.unary(f64x2_convert_low_i32x4_u),
        F32x4DemoteF64x2Zero => unary_f32x4(s, f32x4_demote_f64x2_zero),
        F64x2PromoteLowF32x4 => unary_f64x2(s, f64x2_promote_low_f32x4),
        I8x16RelaxedSwizzle => s.binary(i8x16_relaxed_swizzle),
        I32x4RelaxedTruncF32x4S => s.unary(i32x4_relaxed_trunc_f32x4_s),
        I32x4RelaxedTruncF32x4U => s.unary(i32x4_relaxed_trunc_f32x4_u),
        I32x4RelaxedTruncF64x2SZero => s.unary(i32x4_relaxed_trunc_f64x2_s_zero),
        I32x4RelaxedTruncF64x2UZero => s.unary(i32x4_relaxed_trunc_f64x2_u_zero),
        F32x4RelaxedMadd => ternary_f32x4(s, f32x4_relaxed_madd),
        F32x4RelaxedNmadd => ternary_f32x4(s, f32x4_relaxed_nmadd),
        F64x2RelaxedMadd => ternary_f64x2(s, f64x2_relaxed_madd),
        F64x2RelaxedNmadd => ternary_f64x2(s, f64x2_relaxed_nmadd),
        I8x16RelaxedLaneselect => s.ternary(i8x16_relaxed_laneselect),
        I16x8RelaxedLaneselect => s.ternary(i16x8_relaxed_laneselect),
        I32x4RelaxedLaneselect => s.ternary(i32x4_relaxed_laneselect),
        I64x2RelaxedLaneselect => s.ternary(i64x2_relaxed_laneselect),
        F32x4RelaxedMin => binary_f32x4(s, f32x4_relaxed_min),
        F32x4RelaxedMax => binary_f32x4(s, f32x4_relaxed_max),
        F64x2RelaxedMin => binary_f64x2(s, f64x2_relaxed_min),
        F64x2RelaxedMax => binary_f64x2(s, f64x2_relaxed_max),
        I16x8RelaxedQ15mulrS => s.binary(i16x8_relaxed_q15mulr_s),
        I16x8RelaxedDotI8x16I7x16S => s.binary(i16x8_relaxed_dot_i8x16_i7x16_s),
        I32x4RelaxedDotI8x16I7x16AddS => s.ternary(i32x4_relaxed_dot_i8x16_i7x16_add_s),
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no vector operator")),
    }
}

/// Replaces one lane of the vector on top by what is loaded from the address below it.
fn load_lane<B: Bits>(
    m: &mut Machine<'_>,
    memarg: MemArg,
    lane: u8,
    replace: fn(u128, B, u8) -> u128,
) -> Result<(), Stop> {
    let vector = m.stack.pop_number()?;
    let bits = read(m, memarg)?;
    m.stack.push_number(replace(vector, bits, lane));
    Ok(())
}

fn unary_f32x4(s: &mut Stack, operator: impl FnOnce(u128) -> u128) -> Result<(), Stop> {
    s.unary(operator)?;
    s.canonical(f32x4_canonicalize)
}

fn unary_f64x2(s: &mut Stack, operator: impl FnOnce(u128) -> u128) -> Result<(), Stop> {
    s.unary(operator)?;
    s.canonical(f64x2_canonicalize)
}

fn binary_f32x4(s: &mut Stack, operator: impl FnOnce(u128, u128) -> u128) -> Result<(), Stop> {
    s.binary(operator)?;
    s.canonical(f32x4_canonicalize)
}

fn binary_f64x2(s: &mut Stack, operator: impl FnOnce(u128, u128) -> u128) -> Result<(), Stop> {
    s.binary(operator)?;
    s.canonical(f64x2_canonicalize)
}

fn ternary_f32x4(
    s: &mut Stack,
    operator: impl FnOnce(u128, u128, u128) -> u128,
) -> Result<(), Stop> {
    s.ternary(operator)?;
    s.canonical(f32x4_canonicalize)
}

fn ternary_f64x2(
    s: &mut Stack,
    operator: impl FnOnce(u128, u128, u128) -> u128,
) -> Result<(), Stop> {
    s.ternary(operator)?;
    s.canonical(f64x2_canonicalize)
}
