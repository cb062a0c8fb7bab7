//! Rows of the table of operators: Constants, arithmetic, comparisons, conversions.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! numeric_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            // Constants.
            I32Const "i32.const" 1 constant [-> i32] (v:i32) { v }
            I64Const "i64.const" 1 constant [-> i64] (v:i64) { v }
            F32Const "f32.const" 1 constant [-> f32] (v:f32) { v }
            F64Const "f64.const" 1 constant [-> f64] (v:f64) { v }
            // Tests and comparisons.
            I32Eqz "i32.eqz" 1 pure [a:i32 -> i32] () { i32_eqz(a) }
            I32Eq "i32.eq" 1 pure [a:i32 b:i32 -> i32] () { i32_eq(a, b) }
            I32Ne "i32.ne" 1 pure [a:i32 b:i32 -> i32] () { i32_ne(a, b) }
            I32LtS "i32.lt_s" 1 pure [a:i32 b:i32 -> i32] () { i32_lt_s(a, b) }
            I32LtU "i32.lt_u" 1 pure [a:i32 b:i32 -> i32] () { i32_lt_u(a, b) }
            I32GtS "i32.gt_s" 1 pure [a:i32 b:i32 -> i32] () { i32_gt_s(a, b) }
            I32GtU "i32.gt_u" 1 pure [a:i32 b:i32 -> i32] () { i32_gt_u(a, b) }
            I32LeS "i32.le_s" 1 pure [a:i32 b:i32 -> i32] () { i32_le_s(a, b) }
            I32LeU "i32.le_u" 1 pure [a:i32 b:i32 -> i32] () { i32_le_u(a, b) }
            I32GeS "i32.ge_s" 1 pure [a:i32 b:i32 -> i32] () { i32_ge_s(a, b) }
            I32GeU "i32.ge_u" 1 pure [a:i32 b:i32 -> i32] () { i32_ge_u(a, b) }
            I64Eqz "i64.eqz" 1 pure [a:i64 -> i32] () { i64_eqz(a) }
            I64Eq "i64.eq" 1 pure [a:i64 b:i64 -> i32] () { i64_eq(a, b) }
            I64Ne "i64.ne" 1 pure [a:i64 b:i64 -> i32] () { i64_ne(a, b) }
            I64LtS "i64.lt_s" 1 pure [a:i64 b:i64 -> i32] () { i64_lt_s(a, b) }
            I64LtU "i64.lt_u" 1 pure [a:i64 b:i64 -> i32] () { i64_lt_u(a, b) }
            I64GtS "i64.gt_s" 1 pure [a:i64 b:i64 -> i32] () { i64_gt_s(a, b) }
            I64GtU "i64.gt_u" 1 pure [a:i64 b:i64 -> i32] () { i64_gt_u(a, b) }
            I64LeS "i64.le_s" 1 pure [a:i64 b:i64 -> i32] () { i64_le_s(a, b) }
            I64LeU "i64.le_u" 1 pure [a:i64 b:i64 -> i32] () { i64_le_u(a, b) }
            I64GeS "i64.ge_s" 1 pure [a:i64 b:i64 -> i32] () { i64_ge_s(a, b) }
            I64GeU "i64.ge_u" 1 pure [a:i64 b:i64 -> i32] () { i64_ge_u(a, b) }
            F32Eq "f32.eq" 1 pure [a:f32 b:f32 -> i32] () { f32_eq(a, b) }
            F32Ne "f32.ne" 1 pure [a:f32 b:f32 -> i32] () { f32_ne(a, b) }
            F32Lt "f32.lt" 1 pure [a:f32 b:f32 -> i32] () { f32_lt(a, b) }
            F32Gt "f32.gt" 1 pure [a:f32 b:f32 -> i32] () { f32_gt(a, b) }
            F32Le "f32.le" 1 pure [a:f32 b:f32 -> i32] () { f32_le(a, b) }
            F32Ge "f32.ge" 1 pure [a:f32 b:f32 -> i32] () { f32_ge(a, b) }
            F64Eq "f64.eq" 1 pure [a:f64 b:f64 -> i32] () { f64_eq(a, b) }
            F64Ne "f64.ne" 1 pure [a:f64 b:f64 -> i32] () { f64_ne(a, b) }
            F64Lt "f64.lt" 1 pure [a:f64 b:f64 -> i32] () { f64_lt(a, b) }
            F64Gt "f64.gt" 1 pure [a:f64 b:f64 -> i32] () { f64_gt(a, b) }
            F64Le "f64.le" 1 pure [a:f64 b:f64 -> i32] () { f64_le(a, b) }
            F64Ge "f64.ge" 1 pure [a:f64 b:f64 -> i32] () { f64_ge(a, b) }
            // Integers.
            I32Clz "i32.clz" 1 pure [a:i32 -> i32] () { i32_clz(a) }
            I32Ctz "i32.ctz" 1 pure [a:i32 -> i32] () { i32_ctz(a) }
            I32Popcnt "i32.popcnt" 1 pure [a:i32 -> i32] () { i32_popcnt(a) }
            I32Add "i32.add" 1 pure [a:i32 b:i32 -> i32] () { i32_add(a, b) }
            I32Sub "i32.sub" 1 pure [a:i32 b:i32 -> i32] () { i32_sub(a, b) }
            I32Mul "i32.mul" 1 pure [a:i32 b:i32 -> i32] () { i32_mul(a, b) }
            I32DivS "i32.div_s" 1 trap [a:i32 b:i32 -> i32] () { i32_div_s(a, b) }
            I32DivU "i32.div_u" 1 trap [a:i32 b:i32 -> i32] () { i32_div_u(a, b) }
            I32RemS "i32.rem_s" 1 trap [a:i32 b:i32 -> i32] () { i32_rem_s(a, b) }
            I32RemU "i32.rem_u" 1 trap [a:i32 b:i32 -> i32] () { i32_rem_u(a, b) }
            I32And "i32.and" 1 pure [a:i32 b:i32 -> i32] () { i32_and(a, b) }
            I32Or "i32.or" 1 pure [a:i32 b:i32 -> i32] () { i32_or(a, b) }
            I32Xor "i32.xor" 1 pure [a:i32 b:i32 -> i32] () { i32_xor(a, b) }
            I32Shl "i32.shl" 1 pure [a:i32 b:i32 -> i32] () { i32_shl(a, b) }
            I32ShrS "i32.shr_s" 1 pure [a:i32 b:i32 -> i32] () { i32_shr_s(a, b) }
            I32ShrU "i32.shr_u" 1 pure [a:i32 b:i32 -> i32] () { i32_shr_u(a, b) }
            I32Rotl "i32.rotl" 1 pure [a:i32 b:i32 -> i32] () { i32_rotl(a, b) }
            I32Rotr "i32.rotr" 1 pure [a:i32 b:i32 -> i32] () { i32_rotr(a, b) }
            I64Clz "i64.clz" 1 pure [a:i64 -> i64] () { i64_clz(a) }
            I64Ctz "i64.ctz" 1 pure [a:i64 -> i64] () { i64_ctz(a) }
            I64Popcnt "i64.popcnt" 1 pure [a:i64 -> i64] () { i64_popcnt(a) }
            I64Add "i64.add" 1 pure [a:i64 b:i64 -> i64] () { i64_add(a, b) }
            I64Sub "i64.sub" 1 pure [a:i64 b:i64 -> i64] () { i64_sub(a, b) }
            I64Mul "i64.mul" 1 pure [a:i64 b:i64 -> i64] () { i64_mul(a, b) }
            I64DivS "i64.div_s" 1 trap [a:i64 b:i64 -> i64] () { i64_div_s(a, b) }
            I64DivU "i64.div_u" 1 trap [a:i64 b:i64 -> i64] () { i64_div_u(a, b) }
            I64RemS "i64.rem_s" 1 trap [a:i64 b:i64 -> i64] () { i64_rem_s(a, b) }
            I64RemU "i64.rem_u" 1 trap [a:i64 b:i64 -> i64] () { i64_rem_u(a, b) }
            I64And "i64.and" 1 pure [a:i64 b:i64 -> i64] () { i64_and(a, b) }
            I64Or "i64.or" 1 pure [a:i64 b:i64 -> i64] () { i64_or(a, b) }
            I64Xor "i64.xor" 1 pure [a:i64 b:i64 -> i64] () { i64_xor(a, b) }
            I64Shl "i64.shl" 1 pure [a:i64 b:i64 -> i64] () { i64_shl(a, b) }
            I64ShrS "i64.shr_s" 1 pure [a:i64 b:i64 -> i64] () { i64_shr_s(a, b) }
            I64ShrU "i64.shr_u" 1 pure [a:i64 b:i64 -> i64] () { i64_shr_u(a, b) }
            I64Rotl "i64.rotl" 1 pure [a:i64 b:i64 -> i64] () { i64_rotl(a, b) }
            I64Rotr "i64.rotr" 1 pure [a:i64 b:i64 -> i64] () { i64_rotr(a, b) }
            // Floats: where the bits of a NaN are open, what fixes them.
            F32Abs "f32.abs" 1 pure [a:f32 -> f32] () { f32_abs(a) }
            F32Neg "f32.neg" 1 pure [a:f32 -> f32] () { f32_neg(a) }
            F32Ceil "f32.ceil" 1 pure [a:f32 -> f32 / f32_canonicalize] () { f32_ceil(a) }
            F32Floor "f32.floor" 1 pure [a:f32 -> f32 / f32_canonicalize] () { f32_floor(a) }
            F32Trunc "f32.trunc" 1 pure [a:f32 -> f32 / f32_canonicalize] () { f32_trunc(a) }
            F32Nearest "f32.nearest" 1 pure [a:f32 -> f32 / f32_canonicalize] () { f32_nearest(a) }
            F32Sqrt "f32.sqrt" 1 pure [a:f32 -> f32 / f32_canonicalize] () { f32_sqrt(a) }
            F32Add "f32.add" 1 pure [a:f32 b:f32 -> f32 / f32_canonicalize] () { f32_add(a, b) }
            F32Sub "f32.sub" 1 pure [a:f32 b:f32 -> f32 / f32_canonicalize] () { f32_sub(a, b) }
            F32Mul "f32.mul" 1 pure [a:f32 b:f32 -> f32 / f32_canonicalize] () { f32_mul(a, b) }
            F32Div "f32.div" 1 pure [a:f32 b:f32 -> f32 / f32_canonicalize] () { f32_div(a, b) }
            F32Min "f32.min" 1 pure [a:f32 b:f32 -> f32 / f32_canonicalize] () { f32_min(a, b) }
            F32Max "f32.max" 1 pure [a:f32 b:f32 -> f32 / f32_canonicalize] () { f32_max(a, b) }
            F32Copysign "f32.copysign" 1 pure [a:f32 b:f32 -> f32] () { f32_copysign(a, b) }
            F64Abs "f64.abs" 1 pure [a:f64 -> f64] () { f64_abs(a) }
            F64Neg "f64.neg" 1 pure [a:f64 -> f64] () { f64_neg(a) }
            F64Ceil "f64.ceil" 1 pure [a:f64 -> f64 / f64_canonicalize] () { f64_ceil(a) }
            F64Floor "f64.floor" 1 pure [a:f64 -> f64 / f64_canonicalize] () { f64_floor(a) }
            F64Trunc "f64.trunc" 1 pure [a:f64 -> f64 / f64_canonicalize] () { f64_trunc(a) }
            F64Nearest "f64.nearest" 1 pure [a:f64 -> f64 / f64_canonicalize] () { f64_nearest(a) }
            F64Sqrt "f64.sqrt" 1 pure [a:f64 -> f64 / f64_canonicalize] () { f64_sqrt(a) }
            F64Add "f64.add" 1 pure [a:f64 b:f64 -> f64 / f64_canonicalize] () { f64_add(a, b) }
            F64Sub "f64.sub" 1 pure [a:f64 b:f64 -> f64 / f64_canonicalize] () { f64_sub(a, b) }
            F64Mul "f64.mul" 1 pure [a:f64 b:f64 -> f64 / f64_canonicalize] () { f64_mul(a, b) }
            F64Div "f64.div" 1 pure [a:f64 b:f64 -> f64 / f64_canonicalize] () { f64_div(a, b) }
            F64Min "f64.min" 1 pure [a:f64 b:f64 -> f64 / f64_canonicalize] () { f64_min(a, b) }
            F64Max "f64.max" 1 pure [a:f64 b:f64 -> f64 / f64_canonicalize] () { f64_max(a, b) }
            F64Copysign "f64.copysign" 1 pure [a:f64 b:f64 -> f64] () { f64_copysign(a, b) }
            // Conversions.
            I32WrapI64 "i32.wrap_i64" 1 pure [a:i64 -> i32] () { i32_wrap_i64(a) }
            I32TruncF32S "i32.trunc_f32_s" 1 trap [a:f32 -> i32] () { i32_trunc_f32_s(a) }
            I32TruncF32U "i32.trunc_f32_u" 1 trap [a:f32 -> i32] () { i32_trunc_f32_u(a) }
            I32TruncF64S "i32.trunc_f64_s" 1 trap [a:f64 -> i32] () { i32_trunc_f64_s(a) }
            I32TruncF64U "i32.trunc_f64_u" 1 trap [a:f64 -> i32] () { i32_trunc_f64_u(a) }
            I64ExtendI32S "i64.extend_i32_s" 1 pure [a:i32 -> i64] () { i64_extend_i32_s(a) }
            I64ExtendI32U "i64.extend_i32_u" 1 pure [a:i32 -> i64] () { i64_extend_i32_u(a) }
            I64TruncF32S "i64.trunc_f32_s" 1 trap [a:f32 -> i64] () { i64_trunc_f32_s(a) }
            I64TruncF32U "i64.trunc_f32_u" 1 trap [a:f32 -> i64] () { i64_trunc_f32_u(a) }
            I64TruncF64S "i64.trunc_f64_s" 1 trap [a:f64 -> i64] () { i64_trunc_f64_s(a) }
            I64TruncF64U "i64.trunc_f64_u" 1 trap [a:f64 -> i64] () { i64_trunc_f64_u(a) }
            F32ConvertI32S "f32.convert_i32_s" 1 pure [a:i32 -> f32] () { f32_convert_i32_s(a) }
            F32ConvertI32U "f32.convert_i32_u" 1 pure [a:i32 -> f32] () { f32_convert_i32_u(a) }
            F32ConvertI64S "f32.convert_i64_s" 1 pure [a:i64 -> f32] () { f32_convert_i64_s(a) }
            F32ConvertI64U "f32.convert_i64_u" 1 pure [a:i64 -> f32] () { f32_convert_i64_u(a) }
            F32DemoteF64 "f32.demote_f64" 1 pure [a:f64 -> f32 / f32_canonicalize] () { f32_demote_f64(a) }
            F64ConvertI32S "f64.convert_i32_s" 1 pure [a:i32 -> f64] () { f64_convert_i32_s(a) }
            F64ConvertI32U "f64.convert_i32_u" 1 pure [a:i32 -> f64] () { f64_convert_i32_u(a) }
            F64ConvertI64S "f64.convert_i64_s" 1 pure [a:i64 -> f64] () { f64_convert_i64_s(a) }
            F64ConvertI64U "f64.convert_i64_u" 1 pure [a:i64 -> f64] () { f64_convert_i64_u(a) }
            F64PromoteF32 "f64.promote_f32" 1 pure [a:f32 -> f64 / f64_canonicalize] () { f64_promote_f32(a) }
            I32ReinterpretF32 "i32.reinterpret_f32" 1 pure [a:f32 -> i32] () { i32_reinterpret_f32(a) }
            I64ReinterpretF64 "i64.reinterpret_f64" 1 pure [a:f64 -> i64] () { i64_reinterpret_f64(a) }
            F32ReinterpretI32 "f32.reinterpret_i32" 1 pure [a:i32 -> f32] () { f32_reinterpret_i32(a) }
            F64ReinterpretI64 "f64.reinterpret_i64" 1 pure [a:i64 -> f64] () { f64_reinterpret_i64(a) }
            // Sign extension.
            I32Extend8S "i32.extend8_s" 1 pure [a:i32 -> i32] () { i32_extend8_s(a) }
            I32Extend16S "i32.extend16_s" 1 pure [a:i32 -> i32] () { i32_extend16_s(a) }
            I64Extend8S "i64.extend8_s" 1 pure [a:i64 -> i64] () { i64_extend8_s(a) }
            I64Extend16S "i64.extend16_s" 1 pure [a:i64 -> i64] () { i64_extend16_s(a) }
            I64Extend32S "i64.extend32_s" 1 pure [a:i64 -> i64] () { i64_extend32_s(a) }
            // Conversions that saturate.
            I32TruncSatF32S "i32.trunc_sat_f32_s" 1 pure [a:f32 -> i32] () { i32_trunc_sat_f32_s(a) }
            I32TruncSatF32U "i32.trunc_sat_f32_u" 1 pure [a:f32 -> i32] () { i32_trunc_sat_f32_u(a) }
            I32TruncSatF64S "i32.trunc_sat_f64_s" 1 pure [a:f64 -> i32] () { i32_trunc_sat_f64_s(a) }
            I32TruncSatF64U "i32.trunc_sat_f64_u" 1 pure [a:f64 -> i32] () { i32_trunc_sat_f64_u(a) }
            I64TruncSatF32S "i64.trunc_sat_f32_s" 1 pure [a:f32 -> i64] () { i64_trunc_sat_f32_s(a) }
            I64TruncSatF32U "i64.trunc_sat_f32_u" 1 pure [a:f32 -> i64] () { i64_trunc_sat_f32_u(a) }
            I64TruncSatF64S "i64.trunc_sat_f64_s" 1 pure [a:f64 -> i64] () { i64_trunc_sat_f64_s(a) }
            I64TruncSatF64U "i64.trunc_sat_f64_u" 1 pure [a:f64 -> i64] () { i64_trunc_sat_f64_u(a) }
            // Wide arithmetic: the low half first.
            I64Add128 "i64.add128" 1 pure2 [a:i64 b:i64 c:i64 d:i64 -> i64 i64] () { i64_add128(a, b, c, d) }
            I64Sub128 "i64.sub128" 1 pure2 [a:i64 b:i64 c:i64 d:i64 -> i64 i64] () { i64_sub128(a, b, c, d) }
            I64MulWideS "i64.mul_wide_s" 1 pure2 [a:i64 b:i64 -> i64 i64] () { i64_mul_wide_s(a, b) }
            I64MulWideU "i64.mul_wide_u" 1 pure2 [a:i64 b:i64 -> i64 i64] () { i64_mul_wide_u(a, b) }
        } [$($rest)*] $($callback)* }
    };
}
