//! Numeric operators: operands popped, `prova_num` applied, the result pushed (specification
//! 4.6.1, "Numeric Instructions").
//!
//! `prova_num` defines each operator's result; nothing here does. Float operators that compute go
//! through the `*_float` methods of [`Stack`], which are deterministic mode; the others keep NaN
//! bits. Time: constant for an operator. Noticed by: `tests/spec.rs`, whose scripts do not share
//! `prova_num`; `tests/metering.rs` for deterministic mode.

use crate::machine::Stop;
use crate::stack::Stack;
use prova_module::Operator::{self, *};
use prova_num::*;

/// Executes a numeric operator.
pub(crate) fn execute(s: &mut Stack, operator: &Operator<'_>) -> Result<(), Stop> {
    match *operator {
        I32Const { value } => {
            s.push_number(value as u32);
            Ok(())
        }
        I64Const { value } => {
            s.push_number(value as u64);
            Ok(())
        }
        F32Const { value } => {
            s.push_number(f32::from_bits(value.bits()));
            Ok(())
        }
        F64Const { value } => {
            s.push_number(f64::from_bits(value.bits()));
            Ok(())
        }
        I32Eqz => s.unary(i32_eqz),
        I32Eq => s.binary(i32_eq),
        I32Ne => s.binary(i32_ne),
        I32LtS => s.binary(i32_lt_s),
        I32LtU => s.binary(i32_lt_u),
        I32GtS => s.binary(i32_gt_s),
        I32GtU => s.binary(i32_gt_u),
        I32LeS => s.binary(i32_le_s),
        I32LeU => s.binary(i32_le_u),
        I32GeS => s.binary(i32_ge_s),
        I32GeU => s.binary(i32_ge_u),
        I64Eqz => s.unary(i64_eqz),
        I64Eq => s.binary(i64_eq),
        I64Ne => s.binary(i64_ne),
        I64LtS => s.binary(i64_lt_s),
        I64LtU => s.binary(i64_lt_u),
        I64GtS => s.binary(i64_gt_s),
        I64GtU => s.binary(i64_gt_u),
        I64LeS => s.binary(i64_le_s),
        I64LeU => s.binary(i64_le_u),
        I64GeS => s.binary(i64_ge_s),
        I64GeU => s.binary(i64_ge_u),
        F32Eq => s.binary(f32_eq),
        F32Ne => s.binary(f32_ne),
        F32Lt => s.binary(f32_lt),
        F32Gt => s.binary(f32_gt),
        F32Le => s.binary(f32_le),
        F32Ge => s.binary(f32_ge),
        F64Eq => s.binary(f64_eq),
        F64Ne => s.binary(f64_ne),
        F64Lt => s.binary(f64_lt),
        F64Gt => s.binary(f64_gt),
        F64Le => s.binary(f64_le),
        F64Ge => s.binary(f64_ge),
        I32Clz => s.unary(i32_clz),
        I32Ctz => s.unary(i32_ctz),
        I32Popcnt => s.unary(i32_popcnt),
        I32Add => s.binary(i32_add),
        I32Sub => s.binary(i32_sub),
        I32Mul => s.binary(i32_mul),
        I32DivS => s.binary_trap(i32_div_s),
        I32DivU => s.binary_trap(i32_div_u),
        I32RemS => s.binary_trap(i32_rem_s),
        I32RemU => s.binary_trap(i32_rem_u),
        I32And => s.binary(i32_and),
        I32Or => s.binary(i32_or),
        I32Xor => s.binary(i32_xor),
        I32Shl => s.binary(i32_shl),
        I32ShrS => s.binary(i32_shr_s),
        I32ShrU => s.binary(i32_shr_u),
        I32Rotl => s.binary(i32_rotl),
        I32Rotr => s.binary(i32_rotr),
        I64Clz => s.unary(i64_clz),
        I64Ctz => s.unary(i64_ctz),
        I64Popcnt => s.unary(i64_popcnt),
        I64Add => s.binary(i64_add),
        I64Sub => s.binary(i64_sub),
        I64Mul => s.binary(i64_mul),
        I64DivS => s.binary_trap(i64_div_s),
        I64DivU => s.binary_trap(i64_div_u),
        I64RemS => s.binary_trap(i64_rem_s),
        I64RemU => s.binary_trap(i64_rem_u),
        I64And => s.binary(i64_and),
        I64Or => s.binary(i64_or),
        I64Xor => s.binary(i64_xor),
        I64Shl => s.binary(i64_shl),
        I64ShrS => s.binary(i64_shr_s),
        I64ShrU => s.binary(i64_shr_u),
        I64Rotl => s.binary(i64_rotl),
        I64Rotr => s.binary(i64_rotr),
        F32Abs => s.unary(f32_abs),
        F32Neg => s.unary(f32_neg),
        F32Ceil => s.unary_float(f32_ceil),
        F32Floor => s.unary_float(f32_floor),
        F32Trunc => s.unary_float(f32_trunc),
        F32Nearest => s.unary_float(f32_nearest),
        F32Sqrt => s.unary_float(f32_sqrt),
        F32Add => s.binary_float(f32_add),
        F32Sub => s.binary_float(f32_sub),
        F32Mul => s.binary_float(f32_mul),
        F32Div => s.binary_float(f32_div),
        F32Min => s.binary_float(f32_min),
        F32Max => s.binary_float(f32_max),
        F32Copysign => s.binary(f32_copysign),
        F64Abs => s.unary(f64_abs),
        F64Neg => s.unary(f64_neg),
        F64Ceil => s.unary_float(f64_ceil),
        F64Floor => s.unary_float(f64_floor),
        F64Trunc => s.unary_float(f64_trunc),
        F64Nearest => s.unary_float(f64_nearest),
        F64Sqrt => s.unary_float(f64_sqrt),
        F64Add => s.binary_float(f64_add),
        F64Sub => s.binary_float(f64_sub),
        F64Mul => s.binary_float(f64_mul),
        F64Div => s.binary_float(f64_div),
        F64Min => s.binary_float(f64_min),
        F64Max => s.binary_float(f64_max),
        F64Copysign => s.binary(f64_copysign),
        I32WrapI64 => s.unary(i32_wrap_i64),
        I32TruncF32S => s.unary_trap(i32_trunc_f32_s),
        I32TruncF32U => s.unary_trap(i32_trunc_f32_u),
        I32TruncF64S => s.unary_trap(i32_trunc_f64_s),
        I32TruncF64U => s.unary_trap(i32_trunc_f64_u),
        I64ExtendI32S => s.unary(i64_extend_i32_s),
        I64ExtendI32U => s.unary(i64_extend_i32_u),
        I64TruncF32S => s.unary_trap(i64_trunc_f32_s),
        I64TruncF32U => s.unary_trap(i64_trunc_f32_u),
        I64TruncF64S => s.unary_trap(i64_trunc_f64_s),
        I64TruncF64U => s.unary_trap(i64_trunc_f64_u),
        F32ConvertI32S => s.unary(f32_convert_i32_s),
        F32ConvertI32U => s.unary(f32_convert_i32_u),
        F32ConvertI64S => s.unary(f32_convert_i64_s),
        F32ConvertI64U => s.unary(f32_convert_i64_u),
        F32DemoteF64 => s.unary_float(f32_demote_f64),
        F64ConvertI32S => s.unary(f64_convert_i32_s),
        F64ConvertI32U => s.unary(f64_convert_i32_u),
        F64ConvertI64S => s.unary(f64_convert_i64_s),
        F64ConvertI64U => s.unary(f64_convert_i64_u),
        F64PromoteF32 => s.unary_float(f64_promote_f32),
        I32ReinterpretF32 => s.unary(i32_reinterpret_f32),
        I64ReinterpretF64 => s.unary(i64_reinterpret_f64),
        F32ReinterpretI32 => s.unary(f32_reinterpret_i32),
        F64ReinterpretI64 => s.unary(f64_reinterpret_i64),
        I32Extend8S => s.unary(i32_extend8_s),
        I32Extend16S => s.unary(i32_extend16_s),
        I64Extend8S => s.unary(i64_extend8_s),
        I64Extend16S => s.unary(i64_extend16_s),
        I64Extend32S => s.unary(i64_extend32_s),
        I32TruncSatF32S => s.unary(i32_trunc_sat_f32_s),
        I32TruncSatF32U => s.unary(i32_trunc_sat_f32_u),
        I32TruncSatF64S => s.unary(i32_trunc_sat_f64_s),
        I32TruncSatF64U => s.unary(i32_trunc_sat_f64_u),
        I64TruncSatF32S => s.unary(i64_trunc_sat_f32_s),
        I64TruncSatF32U => s.unary(i64_trunc_sat_f32_u),
        I64TruncSatF64S => s.unary(i64_trunc_sat_f64_s),
        I64TruncSatF64U => s.unary(i64_trunc_sat_f64_u),
        I64Add128 => wide(s, i64_add128),
        I64Sub128 => wide(s, i64_sub128),
        I64MulWideS => wide_product(s, i64_mul_wide_s),
        I64MulWideU => wide_product(s, i64_mul_wide_u),
        // `Op::new` sends no other operator here.
        _ => Err(Stop::Bug("no numeric operator")),
    }
}

/// Two 128-bit operands, each low half first, and a result of that form.
fn wide(s: &mut Stack, operator: fn(u64, u64, u64, u64) -> (u64, u64)) -> Result<(), Stop> {
    let b_high = s.pop_number()?;
    let b_low = s.pop_number()?;
    let a_high = s.pop_number()?;
    let a_low = s.pop_number()?;
    push_wide(s, operator(a_low, a_high, b_low, b_high));
    Ok(())
}

/// The 128-bit product of two operands, low half first.
fn wide_product(s: &mut Stack, operator: fn(u64, u64) -> (u64, u64)) -> Result<(), Stop> {
    let b = s.pop_number()?;
    let a = s.pop_number()?;
    push_wide(s, operator(a, b));
    Ok(())
}

fn push_wide(s: &mut Stack, (low, high): (u64, u64)) {
    s.push_number(low);
    s.push_number(high);
}
