//! Rows of the op table: SIMD and relaxed SIMD.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! vector_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // v128: bitwise.
            V128Not "v128.not" pure [d:v128 <- a:v128] { v128_not(a) }
            V128And "v128.and" pure [d:v128 <- a:v128 b:v128] { v128_and(a, b) }
            V128Andnot "v128.andnot" pure [d:v128 <- a:v128 b:v128] { v128_andnot(a, b) }
            V128Or "v128.or" pure [d:v128 <- a:v128 b:v128] { v128_or(a, b) }
            V128Xor "v128.xor" pure [d:v128 <- a:v128 b:v128] { v128_xor(a, b) }
            V128Bitselect "v128.bitselect" pure [d:v128 <- a:v128 b:v128 c:v128] { v128_bitselect(a, b, c) }
            V128AnyTrue "v128.any_true" pure [d:i32 <- a:v128] { v128_any_true(a) }
            // Lanes.
            I8x16Shuffle "i8x16.shuffle" pure [d:v128 <- a:v128 b:v128 l:v128c] { i8x16_shuffle(a, b, l) }
            I8x16Swizzle "i8x16.swizzle" pure [d:v128 <- a:v128 b:v128] { i8x16_swizzle(a, b) }
            I8x16Splat "i8x16.splat" pure [d:v128 <- a:i32] { i8x16_splat(a) }
            I16x8Splat "i16x8.splat" pure [d:v128 <- a:i32] { i16x8_splat(a) }
            I32x4Splat "i32x4.splat" pure [d:v128 <- a:i32] { i32x4_splat(a) }
            I64x2Splat "i64x2.splat" pure [d:v128 <- a:i64] { i64x2_splat(a) }
            F32x4Splat "f32x4.splat" pure [d:v128 <- a:f32] { f32x4_splat(a) }
            F64x2Splat "f64x2.splat" pure [d:v128 <- a:f64] { f64x2_splat(a) }
            I8x16ExtractLaneS "i8x16.extract_lane_s" pure [d:i32 <- a:v128 l:lane] { i8x16_extract_lane_s(a, l) }
            I8x16ExtractLaneU "i8x16.extract_lane_u" pure [d:i32 <- a:v128 l:lane] { i8x16_extract_lane_u(a, l) }
            I8x16ReplaceLane "i8x16.replace_lane" pure [d:v128 <- a:v128 b:i32 l:lane] { i8x16_replace_lane(a, b, l) }
            I16x8ExtractLaneS "i16x8.extract_lane_s" pure [d:i32 <- a:v128 l:lane] { i16x8_extract_lane_s(a, l) }
            I16x8ExtractLaneU "i16x8.extract_lane_u" pure [d:i32 <- a:v128 l:lane] { i16x8_extract_lane_u(a, l) }
            I16x8ReplaceLane "i16x8.replace_lane" pure [d:v128 <- a:v128 b:i32 l:lane] { i16x8_replace_lane(a, b, l) }
            I32x4ExtractLane "i32x4.extract_lane" pure [d:i32 <- a:v128 l:lane] { i32x4_extract_lane(a, l) }
            I32x4ReplaceLane "i32x4.replace_lane" pure [d:v128 <- a:v128 b:i32 l:lane] { i32x4_replace_lane(a, b, l) }
            I64x2ExtractLane "i64x2.extract_lane" pure [d:i64 <- a:v128 l:lane] { i64x2_extract_lane(a, l) }
            I64x2ReplaceLane "i64x2.replace_lane" pure [d:v128 <- a:v128 b:i64 l:lane] { i64x2_replace_lane(a, b, l) }
            F32x4ExtractLane "f32x4.extract_lane" pure [d:f32 <- a:v128 l:lane] { f32x4_extract_lane(a, l) }
            F32x4ReplaceLane "f32x4.replace_lane" pure [d:v128 <- a:v128 b:f32 l:lane] { f32x4_replace_lane(a, b, l) }
            F64x2ExtractLane "f64x2.extract_lane" pure [d:f64 <- a:v128 l:lane] { f64x2_extract_lane(a, l) }
            F64x2ReplaceLane "f64x2.replace_lane" pure [d:v128 <- a:v128 b:f64 l:lane] { f64x2_replace_lane(a, b, l) }
            // Integer comparisons.
            I8x16Eq "i8x16.eq" pure [d:v128 <- a:v128 b:v128] { i8x16_eq(a, b) }
            I8x16Ne "i8x16.ne" pure [d:v128 <- a:v128 b:v128] { i8x16_ne(a, b) }
            I8x16LtS "i8x16.lt_s" pure [d:v128 <- a:v128 b:v128] { i8x16_lt_s(a, b) }
            I8x16LtU "i8x16.lt_u" pure [d:v128 <- a:v128 b:v128] { i8x16_lt_u(a, b) }
            I8x16GtS "i8x16.gt_s" pure [d:v128 <- a:v128 b:v128] { i8x16_gt_s(a, b) }
            I8x16GtU "i8x16.gt_u" pure [d:v128 <- a:v128 b:v128] { i8x16_gt_u(a, b) }
            I8x16LeS "i8x16.le_s" pure [d:v128 <- a:v128 b:v128] { i8x16_le_s(a, b) }
            I8x16LeU "i8x16.le_u" pure [d:v128 <- a:v128 b:v128] { i8x16_le_u(a, b) }
            I8x16GeS "i8x16.ge_s" pure [d:v128 <- a:v128 b:v128] { i8x16_ge_s(a, b) }
            I8x16GeU "i8x16.ge_u" pure [d:v128 <- a:v128 b:v128] { i8x16_ge_u(a, b) }
            I16x8Eq "i16x8.eq" pure [d:v128 <- a:v128 b:v128] { i16x8_eq(a, b) }
            I16x8Ne "i16x8.ne" pure [d:v128 <- a:v128 b:v128] { i16x8_ne(a, b) }
            I16x8LtS "i16x8.lt_s" pure [d:v128 <- a:v128 b:v128] { i16x8_lt_s(a, b) }
            I16x8LtU "i16x8.lt_u" pure [d:v128 <- a:v128 b:v128] { i16x8_lt_u(a, b) }
            I16x8GtS "i16x8.gt_s" pure [d:v128 <- a:v128 b:v128] { i16x8_gt_s(a, b) }
            I16x8GtU "i16x8.gt_u" pure [d:v128 <- a:v128 b:v128] { i16x8_gt_u(a, b) }
            I16x8LeS "i16x8.le_s" pure [d:v128 <- a:v128 b:v128] { i16x8_le_s(a, b) }
            I16x8LeU "i16x8.le_u" pure [d:v128 <- a:v128 b:v128] { i16x8_le_u(a, b) }
            I16x8GeS "i16x8.ge_s" pure [d:v128 <- a:v128 b:v128] { i16x8_ge_s(a, b) }
            I16x8GeU "i16x8.ge_u" pure [d:v128 <- a:v128 b:v128] { i16x8_ge_u(a, b) }
            I32x4Eq "i32x4.eq" pure [d:v128 <- a:v128 b:v128] { i32x4_eq(a, b) }
            I32x4Ne "i32x4.ne" pure [d:v128 <- a:v128 b:v128] { i32x4_ne(a, b) }
            I32x4LtS "i32x4.lt_s" pure [d:v128 <- a:v128 b:v128] { i32x4_lt_s(a, b) }
            I32x4LtU "i32x4.lt_u" pure [d:v128 <- a:v128 b:v128] { i32x4_lt_u(a, b) }
            I32x4GtS "i32x4.gt_s" pure [d:v128 <- a:v128 b:v128] { i32x4_gt_s(a, b) }
            I32x4GtU "i32x4.gt_u" pure [d:v128 <- a:v128 b:v128] { i32x4_gt_u(a, b) }
            I32x4LeS "i32x4.le_s" pure [d:v128 <- a:v128 b:v128] { i32x4_le_s(a, b) }
            I32x4LeU "i32x4.le_u" pure [d:v128 <- a:v128 b:v128] { i32x4_le_u(a, b) }
            I32x4GeS "i32x4.ge_s" pure [d:v128 <- a:v128 b:v128] { i32x4_ge_s(a, b) }
            I32x4GeU "i32x4.ge_u" pure [d:v128 <- a:v128 b:v128] { i32x4_ge_u(a, b) }
            I64x2Eq "i64x2.eq" pure [d:v128 <- a:v128 b:v128] { i64x2_eq(a, b) }
            I64x2Ne "i64x2.ne" pure [d:v128 <- a:v128 b:v128] { i64x2_ne(a, b) }
            I64x2LtS "i64x2.lt_s" pure [d:v128 <- a:v128 b:v128] { i64x2_lt_s(a, b) }
            I64x2GtS "i64x2.gt_s" pure [d:v128 <- a:v128 b:v128] { i64x2_gt_s(a, b) }
            I64x2LeS "i64x2.le_s" pure [d:v128 <- a:v128 b:v128] { i64x2_le_s(a, b) }
            I64x2GeS "i64x2.ge_s" pure [d:v128 <- a:v128 b:v128] { i64x2_ge_s(a, b) }
            // Float comparisons.
            F32x4Eq "f32x4.eq" pure [d:v128 <- a:v128 b:v128] { f32x4_eq(a, b) }
            F32x4Ne "f32x4.ne" pure [d:v128 <- a:v128 b:v128] { f32x4_ne(a, b) }
            F32x4Lt "f32x4.lt" pure [d:v128 <- a:v128 b:v128] { f32x4_lt(a, b) }
            F32x4Gt "f32x4.gt" pure [d:v128 <- a:v128 b:v128] { f32x4_gt(a, b) }
            F32x4Le "f32x4.le" pure [d:v128 <- a:v128 b:v128] { f32x4_le(a, b) }
            F32x4Ge "f32x4.ge" pure [d:v128 <- a:v128 b:v128] { f32x4_ge(a, b) }
            F64x2Eq "f64x2.eq" pure [d:v128 <- a:v128 b:v128] { f64x2_eq(a, b) }
            F64x2Ne "f64x2.ne" pure [d:v128 <- a:v128 b:v128] { f64x2_ne(a, b) }
            F64x2Lt "f64x2.lt" pure [d:v128 <- a:v128 b:v128] { f64x2_lt(a, b) }
            F64x2Gt "f64x2.gt" pure [d:v128 <- a:v128 b:v128] { f64x2_gt(a, b) }
            F64x2Le "f64x2.le" pure [d:v128 <- a:v128 b:v128] { f64x2_le(a, b) }
            F64x2Ge "f64x2.ge" pure [d:v128 <- a:v128 b:v128] { f64x2_ge(a, b) }
            // Integer arithmetic.
            I8x16Abs "i8x16.abs" pure [d:v128 <- a:v128] { i8x16_abs(a) }
            I8x16Neg "i8x16.neg" pure [d:v128 <- a:v128] { i8x16_neg(a) }
            I8x16AllTrue "i8x16.all_true" pure [d:i32 <- a:v128] { i8x16_all_true(a) }
            I8x16Bitmask "i8x16.bitmask" pure [d:i32 <- a:v128] { i8x16_bitmask(a) }
            I8x16Shl "i8x16.shl" pure [d:v128 <- a:v128 b:i32] { i8x16_shl(a, b) }
            I8x16ShrS "i8x16.shr_s" pure [d:v128 <- a:v128 b:i32] { i8x16_shr_s(a, b) }
            I8x16ShrU "i8x16.shr_u" pure [d:v128 <- a:v128 b:i32] { i8x16_shr_u(a, b) }
            I8x16Add "i8x16.add" pure [d:v128 <- a:v128 b:v128] { i8x16_add(a, b) }
            I8x16Sub "i8x16.sub" pure [d:v128 <- a:v128 b:v128] { i8x16_sub(a, b) }
            I8x16AddSatS "i8x16.add_sat_s" pure [d:v128 <- a:v128 b:v128] { i8x16_add_sat_s(a, b) }
            I8x16AddSatU "i8x16.add_sat_u" pure [d:v128 <- a:v128 b:v128] { i8x16_add_sat_u(a, b) }
            I8x16SubSatS "i8x16.sub_sat_s" pure [d:v128 <- a:v128 b:v128] { i8x16_sub_sat_s(a, b) }
            I8x16SubSatU "i8x16.sub_sat_u" pure [d:v128 <- a:v128 b:v128] { i8x16_sub_sat_u(a, b) }
            I8x16AvgrU "i8x16.avgr_u" pure [d:v128 <- a:v128 b:v128] { i8x16_avgr_u(a, b) }
            I8x16MinS "i8x16.min_s" pure [d:v128 <- a:v128 b:v128] { i8x16_min_s(a, b) }
            I8x16MinU "i8x16.min_u" pure [d:v128 <- a:v128 b:v128] { i8x16_min_u(a, b) }
            I8x16MaxS "i8x16.max_s" pure [d:v128 <- a:v128 b:v128] { i8x16_max_s(a, b) }
            I8x16MaxU "i8x16.max_u" pure [d:v128 <- a:v128 b:v128] { i8x16_max_u(a, b) }
            I16x8Abs "i16x8.abs" pure [d:v128 <- a:v128] { i16x8_abs(a) }
            I16x8Neg "i16x8.neg" pure [d:v128 <- a:v128] { i16x8_neg(a) }
            I16x8AllTrue "i16x8.all_true" pure [d:i32 <- a:v128] { i16x8_all_true(a) }
            I16x8Bitmask "i16x8.bitmask" pure [d:i32 <- a:v128] { i16x8_bitmask(a) }
            I16x8Shl "i16x8.shl" pure [d:v128 <- a:v128 b:i32] { i16x8_shl(a, b) }
            I16x8ShrS "i16x8.shr_s" pure [d:v128 <- a:v128 b:i32] { i16x8_shr_s(a, b) }
            I16x8ShrU "i16x8.shr_u" pure [d:v128 <- a:v128 b:i32] { i16x8_shr_u(a, b) }
            I16x8Add "i16x8.add" pure [d:v128 <- a:v128 b:v128] { i16x8_add(a, b) }
            I16x8Sub "i16x8.sub" pure [d:v128 <- a:v128 b:v128] { i16x8_sub(a, b) }
            I16x8Mul "i16x8.mul" pure [d:v128 <- a:v128 b:v128] { i16x8_mul(a, b) }
            I16x8AddSatS "i16x8.add_sat_s" pure [d:v128 <- a:v128 b:v128] { i16x8_add_sat_s(a, b) }
            I16x8AddSatU "i16x8.add_sat_u" pure [d:v128 <- a:v128 b:v128] { i16x8_add_sat_u(a, b) }
            I16x8SubSatS "i16x8.sub_sat_s" pure [d:v128 <- a:v128 b:v128] { i16x8_sub_sat_s(a, b) }
            I16x8SubSatU "i16x8.sub_sat_u" pure [d:v128 <- a:v128 b:v128] { i16x8_sub_sat_u(a, b) }
            I16x8AvgrU "i16x8.avgr_u" pure [d:v128 <- a:v128 b:v128] { i16x8_avgr_u(a, b) }
            I16x8MinS "i16x8.min_s" pure [d:v128 <- a:v128 b:v128] { i16x8_min_s(a, b) }
            I16x8MinU "i16x8.min_u" pure [d:v128 <- a:v128 b:v128] { i16x8_min_u(a, b) }
            I16x8MaxS "i16x8.max_s" pure [d:v128 <- a:v128 b:v128] { i16x8_max_s(a, b) }
            I16x8MaxU "i16x8.max_u" pure [d:v128 <- a:v128 b:v128] { i16x8_max_u(a, b) }
            I32x4Abs "i32x4.abs" pure [d:v128 <- a:v128] { i32x4_abs(a) }
            I32x4Neg "i32x4.neg" pure [d:v128 <- a:v128] { i32x4_neg(a) }
            I32x4AllTrue "i32x4.all_true" pure [d:i32 <- a:v128] { i32x4_all_true(a) }
            I32x4Bitmask "i32x4.bitmask" pure [d:i32 <- a:v128] { i32x4_bitmask(a) }
            I32x4Shl "i32x4.shl" pure [d:v128 <- a:v128 b:i32] { i32x4_shl(a, b) }
            I32x4ShrS "i32x4.shr_s" pure [d:v128 <- a:v128 b:i32] { i32x4_shr_s(a, b) }
            I32x4ShrU "i32x4.shr_u" pure [d:v128 <- a:v128 b:i32] { i32x4_shr_u(a, b) }
            I32x4Add "i32x4.add" pure [d:v128 <- a:v128 b:v128] { i32x4_add(a, b) }
            I32x4Sub "i32x4.sub" pure [d:v128 <- a:v128 b:v128] { i32x4_sub(a, b) }
            I32x4Mul "i32x4.mul" pure [d:v128 <- a:v128 b:v128] { i32x4_mul(a, b) }
            I32x4MinS "i32x4.min_s" pure [d:v128 <- a:v128 b:v128] { i32x4_min_s(a, b) }
            I32x4MinU "i32x4.min_u" pure [d:v128 <- a:v128 b:v128] { i32x4_min_u(a, b) }
            I32x4MaxS "i32x4.max_s" pure [d:v128 <- a:v128 b:v128] { i32x4_max_s(a, b) }
            I32x4MaxU "i32x4.max_u" pure [d:v128 <- a:v128 b:v128] { i32x4_max_u(a, b) }
            I64x2Abs "i64x2.abs" pure [d:v128 <- a:v128] { i64x2_abs(a) }
            I64x2Neg "i64x2.neg" pure [d:v128 <- a:v128] { i64x2_neg(a) }
            I64x2AllTrue "i64x2.all_true" pure [d:i32 <- a:v128] { i64x2_all_true(a) }
            I64x2Bitmask "i64x2.bitmask" pure [d:i32 <- a:v128] { i64x2_bitmask(a) }
            I64x2Shl "i64x2.shl" pure [d:v128 <- a:v128 b:i32] { i64x2_shl(a, b) }
            I64x2ShrS "i64x2.shr_s" pure [d:v128 <- a:v128 b:i32] { i64x2_shr_s(a, b) }
            I64x2ShrU "i64x2.shr_u" pure [d:v128 <- a:v128 b:i32] { i64x2_shr_u(a, b) }
            I64x2Add "i64x2.add" pure [d:v128 <- a:v128 b:v128] { i64x2_add(a, b) }
            I64x2Sub "i64x2.sub" pure [d:v128 <- a:v128 b:v128] { i64x2_sub(a, b) }
            I64x2Mul "i64x2.mul" pure [d:v128 <- a:v128 b:v128] { i64x2_mul(a, b) }
            I8x16Popcnt "i8x16.popcnt" pure [d:v128 <- a:v128] { i8x16_popcnt(a) }
            I16x8Q15mulrSatS "i16x8.q15mulr_sat_s" pure [d:v128 <- a:v128 b:v128] { i16x8_q15mulr_sat_s(a, b) }
            I32x4DotI16x8S "i32x4.dot_i16x8_s" pure [d:v128 <- a:v128 b:v128] { i32x4_dot_i16x8_s(a, b) }
            // Widening and narrowing.
            I8x16NarrowI16x8S "i8x16.narrow_i16x8_s" pure [d:v128 <- a:v128 b:v128] { i8x16_narrow_i16x8_s(a, b) }
            I8x16NarrowI16x8U "i8x16.narrow_i16x8_u" pure [d:v128 <- a:v128 b:v128] { i8x16_narrow_i16x8_u(a, b) }
            I16x8NarrowI32x4S "i16x8.narrow_i32x4_s" pure [d:v128 <- a:v128 b:v128] { i16x8_narrow_i32x4_s(a, b) }
            I16x8NarrowI32x4U "i16x8.narrow_i32x4_u" pure [d:v128 <- a:v128 b:v128] { i16x8_narrow_i32x4_u(a, b) }
            I16x8ExtendLowI8x16S "i16x8.extend_low_i8x16_s" pure [d:v128 <- a:v128] { i16x8_extend_low_i8x16_s(a) }
            I16x8ExtendLowI8x16U "i16x8.extend_low_i8x16_u" pure [d:v128 <- a:v128] { i16x8_extend_low_i8x16_u(a) }
            I16x8ExtendHighI8x16S "i16x8.extend_high_i8x16_s" pure [d:v128 <- a:v128] { i16x8_extend_high_i8x16_s(a) }
            I16x8ExtendHighI8x16U "i16x8.extend_high_i8x16_u" pure [d:v128 <- a:v128] { i16x8_extend_high_i8x16_u(a) }
            I16x8ExtmulLowI8x16S "i16x8.extmul_low_i8x16_s" pure [d:v128 <- a:v128 b:v128] { i16x8_extmul_low_i8x16_s(a, b) }
            I16x8ExtmulLowI8x16U "i16x8.extmul_low_i8x16_u" pure [d:v128 <- a:v128 b:v128] { i16x8_extmul_low_i8x16_u(a, b) }
            I16x8ExtmulHighI8x16S "i16x8.extmul_high_i8x16_s" pure [d:v128 <- a:v128 b:v128] { i16x8_extmul_high_i8x16_s(a, b) }
            I16x8ExtmulHighI8x16U "i16x8.extmul_high_i8x16_u" pure [d:v128 <- a:v128 b:v128] { i16x8_extmul_high_i8x16_u(a, b) }
            I32x4ExtendLowI16x8S "i32x4.extend_low_i16x8_s" pure [d:v128 <- a:v128] { i32x4_extend_low_i16x8_s(a) }
            I32x4ExtendLowI16x8U "i32x4.extend_low_i16x8_u" pure [d:v128 <- a:v128] { i32x4_extend_low_i16x8_u(a) }
            I32x4ExtendHighI16x8S "i32x4.extend_high_i16x8_s" pure [d:v128 <- a:v128] { i32x4_extend_high_i16x8_s(a) }
            I32x4ExtendHighI16x8U "i32x4.extend_high_i16x8_u" pure [d:v128 <- a:v128] { i32x4_extend_high_i16x8_u(a) }
            I32x4ExtmulLowI16x8S "i32x4.extmul_low_i16x8_s" pure [d:v128 <- a:v128 b:v128] { i32x4_extmul_low_i16x8_s(a, b) }
            I32x4ExtmulLowI16x8U "i32x4.extmul_low_i16x8_u" pure [d:v128 <- a:v128 b:v128] { i32x4_extmul_low_i16x8_u(a, b) }
            I32x4ExtmulHighI16x8S "i32x4.extmul_high_i16x8_s" pure [d:v128 <- a:v128 b:v128] { i32x4_extmul_high_i16x8_s(a, b) }
            I32x4ExtmulHighI16x8U "i32x4.extmul_high_i16x8_u" pure [d:v128 <- a:v128 b:v128] { i32x4_extmul_high_i16x8_u(a, b) }
            I64x2ExtendLowI32x4S "i64x2.extend_low_i32x4_s" pure [d:v128 <- a:v128] { i64x2_extend_low_i32x4_s(a) }
            I64x2ExtendLowI32x4U "i64x2.extend_low_i32x4_u" pure [d:v128 <- a:v128] { i64x2_extend_low_i32x4_u(a) }
            I64x2ExtendHighI32x4S "i64x2.extend_high_i32x4_s" pure [d:v128 <- a:v128] { i64x2_extend_high_i32x4_s(a) }
            I64x2ExtendHighI32x4U "i64x2.extend_high_i32x4_u" pure [d:v128 <- a:v128] { i64x2_extend_high_i32x4_u(a) }
            I64x2ExtmulLowI32x4S "i64x2.extmul_low_i32x4_s" pure [d:v128 <- a:v128 b:v128] { i64x2_extmul_low_i32x4_s(a, b) }
            I64x2ExtmulLowI32x4U "i64x2.extmul_low_i32x4_u" pure [d:v128 <- a:v128 b:v128] { i64x2_extmul_low_i32x4_u(a, b) }
            I64x2ExtmulHighI32x4S "i64x2.extmul_high_i32x4_s" pure [d:v128 <- a:v128 b:v128] { i64x2_extmul_high_i32x4_s(a, b) }
            I64x2ExtmulHighI32x4U "i64x2.extmul_high_i32x4_u" pure [d:v128 <- a:v128 b:v128] { i64x2_extmul_high_i32x4_u(a, b) }
            I16x8ExtaddPairwiseI8x16S "i16x8.extadd_pairwise_i8x16_s" pure [d:v128 <- a:v128] { i16x8_extadd_pairwise_i8x16_s(a) }
            I16x8ExtaddPairwiseI8x16U "i16x8.extadd_pairwise_i8x16_u" pure [d:v128 <- a:v128] { i16x8_extadd_pairwise_i8x16_u(a) }
            I32x4ExtaddPairwiseI16x8S "i32x4.extadd_pairwise_i16x8_s" pure [d:v128 <- a:v128] { i32x4_extadd_pairwise_i16x8_s(a) }
            I32x4ExtaddPairwiseI16x8U "i32x4.extadd_pairwise_i16x8_u" pure [d:v128 <- a:v128] { i32x4_extadd_pairwise_i16x8_u(a) }
            // Float arithmetic.
            F32x4Abs "f32x4.abs" pure [d:v128 <- a:v128] { f32x4_abs(a) }
            F32x4Neg "f32x4.neg" pure [d:v128 <- a:v128] { f32x4_neg(a) }
            F32x4Sqrt "f32x4.sqrt" pure [d:v128 <- a:v128] { f32x4_sqrt(a) }
            F32x4Ceil "f32x4.ceil" pure [d:v128 <- a:v128] { f32x4_ceil(a) }
            F32x4Floor "f32x4.floor" pure [d:v128 <- a:v128] { f32x4_floor(a) }
            F32x4Trunc "f32x4.trunc" pure [d:v128 <- a:v128] { f32x4_trunc(a) }
            F32x4Nearest "f32x4.nearest" pure [d:v128 <- a:v128] { f32x4_nearest(a) }
            F32x4Canonicalize "f32x4.canonicalize" pure [d:v128 <- a:v128] { f32x4_canonicalize(a) }
            F32x4Add "f32x4.add" pure [d:v128 <- a:v128 b:v128] { f32x4_add(a, b) }
            F32x4Sub "f32x4.sub" pure [d:v128 <- a:v128 b:v128] { f32x4_sub(a, b) }
            F32x4Mul "f32x4.mul" pure [d:v128 <- a:v128 b:v128] { f32x4_mul(a, b) }
            F32x4Div "f32x4.div" pure [d:v128 <- a:v128 b:v128] { f32x4_div(a, b) }
            F32x4Min "f32x4.min" pure [d:v128 <- a:v128 b:v128] { f32x4_min(a, b) }
            F32x4Max "f32x4.max" pure [d:v128 <- a:v128 b:v128] { f32x4_max(a, b) }
            F32x4Pmin "f32x4.pmin" pure [d:v128 <- a:v128 b:v128] { f32x4_pmin(a, b) }
            F32x4Pmax "f32x4.pmax" pure [d:v128 <- a:v128 b:v128] { f32x4_pmax(a, b) }
            F64x2Abs "f64x2.abs" pure [d:v128 <- a:v128] { f64x2_abs(a) }
            F64x2Neg "f64x2.neg" pure [d:v128 <- a:v128] { f64x2_neg(a) }
            F64x2Sqrt "f64x2.sqrt" pure [d:v128 <- a:v128] { f64x2_sqrt(a) }
            F64x2Ceil "f64x2.ceil" pure [d:v128 <- a:v128] { f64x2_ceil(a) }
            F64x2Floor "f64x2.floor" pure [d:v128 <- a:v128] { f64x2_floor(a) }
            F64x2Trunc "f64x2.trunc" pure [d:v128 <- a:v128] { f64x2_trunc(a) }
            F64x2Nearest "f64x2.nearest" pure [d:v128 <- a:v128] { f64x2_nearest(a) }
            F64x2Canonicalize "f64x2.canonicalize" pure [d:v128 <- a:v128] { f64x2_canonicalize(a) }
            F64x2Add "f64x2.add" pure [d:v128 <- a:v128 b:v128] { f64x2_add(a, b) }
            F64x2Sub "f64x2.sub" pure [d:v128 <- a:v128 b:v128] { f64x2_sub(a, b) }
            F64x2Mul "f64x2.mul" pure [d:v128 <- a:v128 b:v128] { f64x2_mul(a, b) }
            F64x2Div "f64x2.div" pure [d:v128 <- a:v128 b:v128] { f64x2_div(a, b) }
            F64x2Min "f64x2.min" pure [d:v128 <- a:v128 b:v128] { f64x2_min(a, b) }
            F64x2Max "f64x2.max" pure [d:v128 <- a:v128 b:v128] { f64x2_max(a, b) }
            F64x2Pmin "f64x2.pmin" pure [d:v128 <- a:v128 b:v128] { f64x2_pmin(a, b) }
            F64x2Pmax "f64x2.pmax" pure [d:v128 <- a:v128 b:v128] { f64x2_pmax(a, b) }
            // Conversions.
            I32x4TruncSatF32x4S "i32x4.trunc_sat_f32x4_s" pure [d:v128 <- a:v128] { i32x4_trunc_sat_f32x4_s(a) }
            I32x4TruncSatF32x4U "i32x4.trunc_sat_f32x4_u" pure [d:v128 <- a:v128] { i32x4_trunc_sat_f32x4_u(a) }
            F32x4ConvertI32x4S "f32x4.convert_i32x4_s" pure [d:v128 <- a:v128] { f32x4_convert_i32x4_s(a) }
            F32x4ConvertI32x4U "f32x4.convert_i32x4_u" pure [d:v128 <- a:v128] { f32x4_convert_i32x4_u(a) }
            I32x4TruncSatF64x2SZero "i32x4.trunc_sat_f64x2_s_zero" pure [d:v128 <- a:v128] { i32x4_trunc_sat_f64x2_s_zero(a) }
            I32x4TruncSatF64x2UZero "i32x4.trunc_sat_f64x2_u_zero" pure [d:v128 <- a:v128] { i32x4_trunc_sat_f64x2_u_zero(a) }
            F64x2ConvertLowI32x4S "f64x2.convert_low_i32x4_s" pure [d:v128 <- a:v128] { f64x2_convert_low_i32x4_s(a) }
            F64x2ConvertLowI32x4U "f64x2.convert_low_i32x4_u" pure [d:v128 <- a:v128] { f64x2_convert_low_i32x4_u(a) }
            F32x4DemoteF64x2Zero "f32x4.demote_f64x2_zero" pure [d:v128 <- a:v128] { f32x4_demote_f64x2_zero(a) }
            F64x2PromoteLowF32x4 "f64x2.promote_low_f32x4" pure [d:v128 <- a:v128] { f64x2_promote_low_f32x4(a) }
            // Relaxed SIMD: one deterministic choice each.
            I8x16RelaxedSwizzle "i8x16.relaxed_swizzle" pure [d:v128 <- a:v128 b:v128] { i8x16_relaxed_swizzle(a, b) }
            I32x4RelaxedTruncF32x4S "i32x4.relaxed_trunc_f32x4_s" pure [d:v128 <- a:v128] { i32x4_relaxed_trunc_f32x4_s(a) }
            I32x4RelaxedTruncF32x4U "i32x4.relaxed_trunc_f32x4_u" pure [d:v128 <- a:v128] { i32x4_relaxed_trunc_f32x4_u(a) }
            I32x4RelaxedTruncF64x2SZero "i32x4.relaxed_trunc_f64x2_s_zero" pure [d:v128 <- a:v128] { i32x4_relaxed_trunc_f64x2_s_zero(a) }
            I32x4RelaxedTruncF64x2UZero "i32x4.relaxed_trunc_f64x2_u_zero" pure [d:v128 <- a:v128] { i32x4_relaxed_trunc_f64x2_u_zero(a) }
            F32x4RelaxedMadd "f32x4.relaxed_madd" pure [d:v128 <- a:v128 b:v128 c:v128] { f32x4_relaxed_madd(a, b, c) }
            F32x4RelaxedNmadd "f32x4.relaxed_nmadd" pure [d:v128 <- a:v128 b:v128 c:v128] { f32x4_relaxed_nmadd(a, b, c) }
            F32x4RelaxedMin "f32x4.relaxed_min" pure [d:v128 <- a:v128 b:v128] { f32x4_relaxed_min(a, b) }
            F32x4RelaxedMax "f32x4.relaxed_max" pure [d:v128 <- a:v128 b:v128] { f32x4_relaxed_max(a, b) }
            F64x2RelaxedMadd "f64x2.relaxed_madd" pure [d:v128 <- a:v128 b:v128 c:v128] { f64x2_relaxed_madd(a, b, c) }
            F64x2RelaxedNmadd "f64x2.relaxed_nmadd" pure [d:v128 <- a:v128 b:v128 c:v128] { f64x2_relaxed_nmadd(a, b, c) }
            F64x2RelaxedMin "f64x2.relaxed_min" pure [d:v128 <- a:v128 b:v128] { f64x2_relaxed_min(a, b) }
            F64x2RelaxedMax "f64x2.relaxed_max" pure [d:v128 <- a:v128 b:v128] { f64x2_relaxed_max(a, b) }
            I8x16RelaxedLaneselect "i8x16.relaxed_laneselect" pure [d:v128 <- a:v128 b:v128 c:v128] { i8x16_relaxed_laneselect(a, b, c) }
            I16x8RelaxedLaneselect "i16x8.relaxed_laneselect" pure [d:v128 <- a:v128 b:v128 c:v128] { i16x8_relaxed_laneselect(a, b, c) }
            I32x4RelaxedLaneselect "i32x4.relaxed_laneselect" pure [d:v128 <- a:v128 b:v128 c:v128] { i32x4_relaxed_laneselect(a, b, c) }
            I64x2RelaxedLaneselect "i64x2.relaxed_laneselect" pure [d:v128 <- a:v128 b:v128 c:v128] { i64x2_relaxed_laneselect(a, b, c) }
            I16x8RelaxedQ15mulrS "i16x8.relaxed_q15mulr_s" pure [d:v128 <- a:v128 b:v128] { i16x8_relaxed_q15mulr_s(a, b) }
            I16x8RelaxedDotI8x16I7x16S "i16x8.relaxed_dot_i8x16_i7x16_s" pure [d:v128 <- a:v128 b:v128] { i16x8_relaxed_dot_i8x16_i7x16_s(a, b) }
            I32x4RelaxedDotI8x16I7x16AddS "i32x4.relaxed_dot_i8x16_i7x16_add_s" pure [d:v128 <- a:v128 b:v128 c:v128] { i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, c) }
            // Loads and stores: memory 0 with a 16-bit offset, then any memory.
            V128Load "v128.load" load [d:v128 <- p:i32 o:off32] m:u128 { m }
            V128Load8x8S "v128.load8x8_s" load [d:v128 <- p:i32 o:off32] m:u64 { v128_load8x8_s(m) }
            V128Load8x8U "v128.load8x8_u" load [d:v128 <- p:i32 o:off32] m:u64 { v128_load8x8_u(m) }
            V128Load16x4S "v128.load16x4_s" load [d:v128 <- p:i32 o:off32] m:u64 { v128_load16x4_s(m) }
            V128Load16x4U "v128.load16x4_u" load [d:v128 <- p:i32 o:off32] m:u64 { v128_load16x4_u(m) }
            V128Load32x2S "v128.load32x2_s" load [d:v128 <- p:i32 o:off32] m:u64 { v128_load32x2_s(m) }
            V128Load32x2U "v128.load32x2_u" load [d:v128 <- p:i32 o:off32] m:u64 { v128_load32x2_u(m) }
            V128Load8Splat "v128.load8_splat" load [d:v128 <- p:i32 o:off32] m:u8 { i8x16_splat(i32_load8_u(m)) }
            V128Load16Splat "v128.load16_splat" load [d:v128 <- p:i32 o:off32] m:u16 { i16x8_splat(i32_load16_u(m)) }
            V128Load32Splat "v128.load32_splat" load [d:v128 <- p:i32 o:off32] m:u32 { i32x4_splat(m) }
            V128Load64Splat "v128.load64_splat" load [d:v128 <- p:i32 o:off32] m:u64 { i64x2_splat(m) }
            V128Load32Zero "v128.load32_zero" load [d:v128 <- p:i32 o:off32] m:u32 { v128_load32_zero(m) }
            V128Load64Zero "v128.load64_zero" load [d:v128 <- p:i32 o:off32] m:u64 { v128_load64_zero(m) }
            V128Store "v128.store" store [<- p:i32 v:v128 o:off32] { v }
            V128LoadFar "v128.load_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u128 { m }
            V128Load8x8SFar "v128.load8x8_s_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { v128_load8x8_s(m) }
            V128Load8x8UFar "v128.load8x8_u_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { v128_load8x8_u(m) }
            V128Load16x4SFar "v128.load16x4_s_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { v128_load16x4_s(m) }
            V128Load16x4UFar "v128.load16x4_u_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { v128_load16x4_u(m) }
            V128Load32x2SFar "v128.load32x2_s_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { v128_load32x2_s(m) }
            V128Load32x2UFar "v128.load32x2_u_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { v128_load32x2_u(m) }
            V128Load8SplatFar "v128.load8_splat_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u8 { i8x16_splat(i32_load8_u(m)) }
            V128Load16SplatFar "v128.load16_splat_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u16 { i16x8_splat(i32_load16_u(m)) }
            V128Load32SplatFar "v128.load32_splat_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u32 { i32x4_splat(m) }
            V128Load64SplatFar "v128.load64_splat_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { i64x2_splat(m) }
            V128Load32ZeroFar "v128.load32_zero_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u32 { v128_load32_zero(m) }
            V128Load64ZeroFar "v128.load64_zero_far" load_far [d:v128 <- p:addr o:off64 k:mem] m:u64 { v128_load64_zero(m) }
            V128StoreFar "v128.store_far" store_far [<- p:addr o:off64 k:mem v:v128] { v }
            V128Load8Lane "v128.load8_lane" load_far [d:v128 <- p:addr o:off64 k:mem v:v128 l:lane] m:u8 { i8x16_replace_lane(v, i32_load8_u(m), l) }
            V128Load16Lane "v128.load16_lane" load_far [d:v128 <- p:addr o:off64 k:mem v:v128 l:lane] m:u16 { i16x8_replace_lane(v, i32_load16_u(m), l) }
            V128Load32Lane "v128.load32_lane" load_far [d:v128 <- p:addr o:off64 k:mem v:v128 l:lane] m:u32 { i32x4_replace_lane(v, m, l) }
            V128Load64Lane "v128.load64_lane" load_far [d:v128 <- p:addr o:off64 k:mem v:v128 l:lane] m:u64 { i64x2_replace_lane(v, m, l) }
            V128Store8Lane "v128.store8_lane" store_far [<- p:addr o:off64 k:mem v:v128 l:lane] { i32_store8(i8x16_extract_lane_u(v, l)) }
            V128Store16Lane "v128.store16_lane" store_far [<- p:addr o:off64 k:mem v:v128 l:lane] { i32_store16(i16x8_extract_lane_u(v, l)) }
            V128Store32Lane "v128.store32_lane" store_far [<- p:addr o:off64 k:mem v:v128 l:lane] { i32x4_extract_lane(v, l) }
            V128Store64Lane "v128.store64_lane" store_far [<- p:addr o:off64 k:mem v:v128 l:lane] { i64x2_extract_lane(v, l) }
        } [$($rest)*] $callback }
    };
}
