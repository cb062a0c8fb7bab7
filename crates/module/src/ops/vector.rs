//! Rows of the table of operators: `v128`, with its loads and stores.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! vector_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            // Accesses.
            V128Load "v128.load" 1 load [p:addr -> v128] (o:memarg) m:u128 { m }
            V128Load8x8S "v128.load8x8_s" 1 load [p:addr -> v128] (o:memarg) m:u64 { v128_load8x8_s(m) }
            V128Load8x8U "v128.load8x8_u" 1 load [p:addr -> v128] (o:memarg) m:u64 { v128_load8x8_u(m) }
            V128Load16x4S "v128.load16x4_s" 1 load [p:addr -> v128] (o:memarg) m:u64 { v128_load16x4_s(m) }
            V128Load16x4U "v128.load16x4_u" 1 load [p:addr -> v128] (o:memarg) m:u64 { v128_load16x4_u(m) }
            V128Load32x2S "v128.load32x2_s" 1 load [p:addr -> v128] (o:memarg) m:u64 { v128_load32x2_s(m) }
            V128Load32x2U "v128.load32x2_u" 1 load [p:addr -> v128] (o:memarg) m:u64 { v128_load32x2_u(m) }
            V128Load8Splat "v128.load8_splat" 1 load [p:addr -> v128] (o:memarg) m:u8 { i8x16_splat(i32_load8_u(m)) }
            V128Load16Splat "v128.load16_splat" 1 load [p:addr -> v128] (o:memarg) m:u16 { i16x8_splat(i32_load16_u(m)) }
            V128Load32Splat "v128.load32_splat" 1 load [p:addr -> v128] (o:memarg) m:u32 { i32x4_splat(m) }
            V128Load64Splat "v128.load64_splat" 1 load [p:addr -> v128] (o:memarg) m:u64 { i64x2_splat(m) }
            V128Load32Zero "v128.load32_zero" 1 load [p:addr -> v128] (o:memarg) m:u32 { v128_load32_zero(m) }
            V128Load64Zero "v128.load64_zero" 1 load [p:addr -> v128] (o:memarg) m:u64 { v128_load64_zero(m) }
            V128Store "v128.store" 1 store [p:addr v:v128 ->] (o:memarg) m:u128 { v }
            V128Load8Lane "v128.load8_lane" 1 load_lane [p:addr v:v128 -> v128] (o:memarg l:lane16) m:u8 { i8x16_replace_lane(v, i32_load8_u(m), l) }
            V128Load16Lane "v128.load16_lane" 1 load_lane [p:addr v:v128 -> v128] (o:memarg l:lane8) m:u16 { i16x8_replace_lane(v, i32_load16_u(m), l) }
            V128Load32Lane "v128.load32_lane" 1 load_lane [p:addr v:v128 -> v128] (o:memarg l:lane4) m:u32 { i32x4_replace_lane(v, m, l) }
            V128Load64Lane "v128.load64_lane" 1 load_lane [p:addr v:v128 -> v128] (o:memarg l:lane2) m:u64 { i64x2_replace_lane(v, m, l) }
            V128Store8Lane "v128.store8_lane" 1 store_lane [p:addr v:v128 ->] (o:memarg l:lane16) m:u8 { i32_store8(i8x16_extract_lane_u(v, l)) }
            V128Store16Lane "v128.store16_lane" 1 store_lane [p:addr v:v128 ->] (o:memarg l:lane8) m:u16 { i32_store16(i16x8_extract_lane_u(v, l)) }
            V128Store32Lane "v128.store32_lane" 1 store_lane [p:addr v:v128 ->] (o:memarg l:lane4) m:u32 { i32x4_extract_lane(v, l) }
            V128Store64Lane "v128.store64_lane" 1 store_lane [p:addr v:v128 ->] (o:memarg l:lane2) m:u64 { i64x2_extract_lane(v, l) }
            // Lanes.
            V128Const "v128.const" 1 constant [-> v128] (v:v128) { v }
            I8x16Shuffle "i8x16.shuffle" 1 pure [a:v128 b:v128 -> v128] (l:lanes) { i8x16_shuffle(a, b, l) }
            I8x16ExtractLaneS "i8x16.extract_lane_s" 1 pure [a:v128 -> i32] (l:lane16) { i8x16_extract_lane_s(a, l) }
            I8x16ExtractLaneU "i8x16.extract_lane_u" 1 pure [a:v128 -> i32] (l:lane16) { i8x16_extract_lane_u(a, l) }
            I8x16ReplaceLane "i8x16.replace_lane" 1 pure [a:v128 b:i32 -> v128] (l:lane16) { i8x16_replace_lane(a, b, l) }
            I16x8ExtractLaneS "i16x8.extract_lane_s" 1 pure [a:v128 -> i32] (l:lane8) { i16x8_extract_lane_s(a, l) }
            I16x8ExtractLaneU "i16x8.extract_lane_u" 1 pure [a:v128 -> i32] (l:lane8) { i16x8_extract_lane_u(a, l) }
            I16x8ReplaceLane "i16x8.replace_lane" 1 pure [a:v128 b:i32 -> v128] (l:lane8) { i16x8_replace_lane(a, b, l) }
            I32x4ExtractLane "i32x4.extract_lane" 1 pure [a:v128 -> i32] (l:lane4) { i32x4_extract_lane(a, l) }
            I32x4ReplaceLane "i32x4.replace_lane" 1 pure [a:v128 b:i32 -> v128] (l:lane4) { i32x4_replace_lane(a, b, l) }
            I64x2ExtractLane "i64x2.extract_lane" 1 pure [a:v128 -> i64] (l:lane2) { i64x2_extract_lane(a, l) }
            I64x2ReplaceLane "i64x2.replace_lane" 1 pure [a:v128 b:i64 -> v128] (l:lane2) { i64x2_replace_lane(a, b, l) }
            F32x4ExtractLane "f32x4.extract_lane" 1 pure [a:v128 -> f32] (l:lane4) { f32x4_extract_lane(a, l) }
            F32x4ReplaceLane "f32x4.replace_lane" 1 pure [a:v128 b:f32 -> v128] (l:lane4) { f32x4_replace_lane(a, b, l) }
            F64x2ExtractLane "f64x2.extract_lane" 1 pure [a:v128 -> f64] (l:lane2) { f64x2_extract_lane(a, l) }
            F64x2ReplaceLane "f64x2.replace_lane" 1 pure [a:v128 b:f64 -> v128] (l:lane2) { f64x2_replace_lane(a, b, l) }
            // Swizzle and splat.
            I8x16Swizzle "i8x16.swizzle" 1 pure [a:v128 b:v128 -> v128] () { i8x16_swizzle(a, b) }
            I8x16Splat "i8x16.splat" 1 pure [a:i32 -> v128] () { i8x16_splat(a) }
            I16x8Splat "i16x8.splat" 1 pure [a:i32 -> v128] () { i16x8_splat(a) }
            I32x4Splat "i32x4.splat" 1 pure [a:i32 -> v128] () { i32x4_splat(a) }
            I64x2Splat "i64x2.splat" 1 pure [a:i64 -> v128] () { i64x2_splat(a) }
            F32x4Splat "f32x4.splat" 1 pure [a:f32 -> v128] () { f32x4_splat(a) }
            F64x2Splat "f64x2.splat" 1 pure [a:f64 -> v128] () { f64x2_splat(a) }
            // Comparisons.
            I8x16Eq "i8x16.eq" 1 pure [a:v128 b:v128 -> v128] () { i8x16_eq(a, b) }
            I8x16Ne "i8x16.ne" 1 pure [a:v128 b:v128 -> v128] () { i8x16_ne(a, b) }
            I8x16LtS "i8x16.lt_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_lt_s(a, b) }
            I8x16LtU "i8x16.lt_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_lt_u(a, b) }
            I8x16GtS "i8x16.gt_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_gt_s(a, b) }
            I8x16GtU "i8x16.gt_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_gt_u(a, b) }
            I8x16LeS "i8x16.le_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_le_s(a, b) }
            I8x16LeU "i8x16.le_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_le_u(a, b) }
            I8x16GeS "i8x16.ge_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_ge_s(a, b) }
            I8x16GeU "i8x16.ge_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_ge_u(a, b) }
            I16x8Eq "i16x8.eq" 1 pure [a:v128 b:v128 -> v128] () { i16x8_eq(a, b) }
            I16x8Ne "i16x8.ne" 1 pure [a:v128 b:v128 -> v128] () { i16x8_ne(a, b) }
            I16x8LtS "i16x8.lt_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_lt_s(a, b) }
            I16x8LtU "i16x8.lt_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_lt_u(a, b) }
            I16x8GtS "i16x8.gt_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_gt_s(a, b) }
            I16x8GtU "i16x8.gt_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_gt_u(a, b) }
            I16x8LeS "i16x8.le_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_le_s(a, b) }
            I16x8LeU "i16x8.le_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_le_u(a, b) }
            I16x8GeS "i16x8.ge_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_ge_s(a, b) }
            I16x8GeU "i16x8.ge_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_ge_u(a, b) }
            I32x4Eq "i32x4.eq" 1 pure [a:v128 b:v128 -> v128] () { i32x4_eq(a, b) }
            I32x4Ne "i32x4.ne" 1 pure [a:v128 b:v128 -> v128] () { i32x4_ne(a, b) }
            I32x4LtS "i32x4.lt_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_lt_s(a, b) }
            I32x4LtU "i32x4.lt_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_lt_u(a, b) }
            I32x4GtS "i32x4.gt_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_gt_s(a, b) }
            I32x4GtU "i32x4.gt_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_gt_u(a, b) }
            I32x4LeS "i32x4.le_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_le_s(a, b) }
            I32x4LeU "i32x4.le_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_le_u(a, b) }
            I32x4GeS "i32x4.ge_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_ge_s(a, b) }
            I32x4GeU "i32x4.ge_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_ge_u(a, b) }
            I64x2Eq "i64x2.eq" 1 pure [a:v128 b:v128 -> v128] () { i64x2_eq(a, b) }
            I64x2Ne "i64x2.ne" 1 pure [a:v128 b:v128 -> v128] () { i64x2_ne(a, b) }
            I64x2LtS "i64x2.lt_s" 1 pure [a:v128 b:v128 -> v128] () { i64x2_lt_s(a, b) }
            I64x2GtS "i64x2.gt_s" 1 pure [a:v128 b:v128 -> v128] () { i64x2_gt_s(a, b) }
            I64x2LeS "i64x2.le_s" 1 pure [a:v128 b:v128 -> v128] () { i64x2_le_s(a, b) }
            I64x2GeS "i64x2.ge_s" 1 pure [a:v128 b:v128 -> v128] () { i64x2_ge_s(a, b) }
            F32x4Eq "f32x4.eq" 1 pure [a:v128 b:v128 -> v128] () { f32x4_eq(a, b) }
            F32x4Ne "f32x4.ne" 1 pure [a:v128 b:v128 -> v128] () { f32x4_ne(a, b) }
            F32x4Lt "f32x4.lt" 1 pure [a:v128 b:v128 -> v128] () { f32x4_lt(a, b) }
            F32x4Gt "f32x4.gt" 1 pure [a:v128 b:v128 -> v128] () { f32x4_gt(a, b) }
            F32x4Le "f32x4.le" 1 pure [a:v128 b:v128 -> v128] () { f32x4_le(a, b) }
            F32x4Ge "f32x4.ge" 1 pure [a:v128 b:v128 -> v128] () { f32x4_ge(a, b) }
            F64x2Eq "f64x2.eq" 1 pure [a:v128 b:v128 -> v128] () { f64x2_eq(a, b) }
            F64x2Ne "f64x2.ne" 1 pure [a:v128 b:v128 -> v128] () { f64x2_ne(a, b) }
            F64x2Lt "f64x2.lt" 1 pure [a:v128 b:v128 -> v128] () { f64x2_lt(a, b) }
            F64x2Gt "f64x2.gt" 1 pure [a:v128 b:v128 -> v128] () { f64x2_gt(a, b) }
            F64x2Le "f64x2.le" 1 pure [a:v128 b:v128 -> v128] () { f64x2_le(a, b) }
            F64x2Ge "f64x2.ge" 1 pure [a:v128 b:v128 -> v128] () { f64x2_ge(a, b) }
            // Bits.
            V128Not "v128.not" 1 pure [a:v128 -> v128] () { v128_not(a) }
            V128And "v128.and" 1 pure [a:v128 b:v128 -> v128] () { v128_and(a, b) }
            V128AndNot "v128.andnot" 1 pure [a:v128 b:v128 -> v128] () { v128_andnot(a, b) }
            V128Or "v128.or" 1 pure [a:v128 b:v128 -> v128] () { v128_or(a, b) }
            V128Xor "v128.xor" 1 pure [a:v128 b:v128 -> v128] () { v128_xor(a, b) }
            V128Bitselect "v128.bitselect" 1 pure [a:v128 b:v128 c:v128 -> v128] () { v128_bitselect(a, b, c) }
            V128AnyTrue "v128.any_true" 1 pure [a:v128 -> i32] () { v128_any_true(a) }
            // Integers.
            I8x16Abs "i8x16.abs" 1 pure [a:v128 -> v128] () { i8x16_abs(a) }
            I8x16Neg "i8x16.neg" 1 pure [a:v128 -> v128] () { i8x16_neg(a) }
            I8x16Popcnt "i8x16.popcnt" 1 pure [a:v128 -> v128] () { i8x16_popcnt(a) }
            I8x16AllTrue "i8x16.all_true" 1 pure [a:v128 -> i32] () { i8x16_all_true(a) }
            I8x16Bitmask "i8x16.bitmask" 1 pure [a:v128 -> i32] () { i8x16_bitmask(a) }
            I8x16NarrowI16x8S "i8x16.narrow_i16x8_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_narrow_i16x8_s(a, b) }
            I8x16NarrowI16x8U "i8x16.narrow_i16x8_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_narrow_i16x8_u(a, b) }
            I8x16Shl "i8x16.shl" 1 pure [a:v128 b:i32 -> v128] () { i8x16_shl(a, b) }
            I8x16ShrS "i8x16.shr_s" 1 pure [a:v128 b:i32 -> v128] () { i8x16_shr_s(a, b) }
            I8x16ShrU "i8x16.shr_u" 1 pure [a:v128 b:i32 -> v128] () { i8x16_shr_u(a, b) }
            I8x16Add "i8x16.add" 1 pure [a:v128 b:v128 -> v128] () { i8x16_add(a, b) }
            I8x16AddSatS "i8x16.add_sat_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_add_sat_s(a, b) }
            I8x16AddSatU "i8x16.add_sat_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_add_sat_u(a, b) }
            I8x16Sub "i8x16.sub" 1 pure [a:v128 b:v128 -> v128] () { i8x16_sub(a, b) }
            I8x16SubSatS "i8x16.sub_sat_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_sub_sat_s(a, b) }
            I8x16SubSatU "i8x16.sub_sat_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_sub_sat_u(a, b) }
            I8x16MinS "i8x16.min_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_min_s(a, b) }
            I8x16MinU "i8x16.min_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_min_u(a, b) }
            I8x16MaxS "i8x16.max_s" 1 pure [a:v128 b:v128 -> v128] () { i8x16_max_s(a, b) }
            I8x16MaxU "i8x16.max_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_max_u(a, b) }
            I8x16AvgrU "i8x16.avgr_u" 1 pure [a:v128 b:v128 -> v128] () { i8x16_avgr_u(a, b) }
            I16x8ExtAddPairwiseI8x16S "i16x8.extadd_pairwise_i8x16_s" 1 pure [a:v128 -> v128] () { i16x8_extadd_pairwise_i8x16_s(a) }
            I16x8ExtAddPairwiseI8x16U "i16x8.extadd_pairwise_i8x16_u" 1 pure [a:v128 -> v128] () { i16x8_extadd_pairwise_i8x16_u(a) }
            I16x8Abs "i16x8.abs" 1 pure [a:v128 -> v128] () { i16x8_abs(a) }
            I16x8Neg "i16x8.neg" 1 pure [a:v128 -> v128] () { i16x8_neg(a) }
            I16x8Q15MulrSatS "i16x8.q15mulr_sat_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_q15mulr_sat_s(a, b) }
            I16x8AllTrue "i16x8.all_true" 1 pure [a:v128 -> i32] () { i16x8_all_true(a) }
            I16x8Bitmask "i16x8.bitmask" 1 pure [a:v128 -> i32] () { i16x8_bitmask(a) }
            I16x8NarrowI32x4S "i16x8.narrow_i32x4_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_narrow_i32x4_s(a, b) }
            I16x8NarrowI32x4U "i16x8.narrow_i32x4_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_narrow_i32x4_u(a, b) }
            I16x8ExtendLowI8x16S "i16x8.extend_low_i8x16_s" 1 pure [a:v128 -> v128] () { i16x8_extend_low_i8x16_s(a) }
            I16x8ExtendHighI8x16S "i16x8.extend_high_i8x16_s" 1 pure [a:v128 -> v128] () { i16x8_extend_high_i8x16_s(a) }
            I16x8ExtendLowI8x16U "i16x8.extend_low_i8x16_u" 1 pure [a:v128 -> v128] () { i16x8_extend_low_i8x16_u(a) }
            I16x8ExtendHighI8x16U "i16x8.extend_high_i8x16_u" 1 pure [a:v128 -> v128] () { i16x8_extend_high_i8x16_u(a) }
            I16x8Shl "i16x8.shl" 1 pure [a:v128 b:i32 -> v128] () { i16x8_shl(a, b) }
            I16x8ShrS "i16x8.shr_s" 1 pure [a:v128 b:i32 -> v128] () { i16x8_shr_s(a, b) }
            I16x8ShrU "i16x8.shr_u" 1 pure [a:v128 b:i32 -> v128] () { i16x8_shr_u(a, b) }
            I16x8Add "i16x8.add" 1 pure [a:v128 b:v128 -> v128] () { i16x8_add(a, b) }
            I16x8AddSatS "i16x8.add_sat_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_add_sat_s(a, b) }
            I16x8AddSatU "i16x8.add_sat_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_add_sat_u(a, b) }
            I16x8Sub "i16x8.sub" 1 pure [a:v128 b:v128 -> v128] () { i16x8_sub(a, b) }
            I16x8SubSatS "i16x8.sub_sat_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_sub_sat_s(a, b) }
            I16x8SubSatU "i16x8.sub_sat_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_sub_sat_u(a, b) }
            I16x8Mul "i16x8.mul" 1 pure [a:v128 b:v128 -> v128] () { i16x8_mul(a, b) }
            I16x8MinS "i16x8.min_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_min_s(a, b) }
            I16x8MinU "i16x8.min_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_min_u(a, b) }
            I16x8MaxS "i16x8.max_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_max_s(a, b) }
            I16x8MaxU "i16x8.max_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_max_u(a, b) }
            I16x8AvgrU "i16x8.avgr_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_avgr_u(a, b) }
            I16x8ExtMulLowI8x16S "i16x8.extmul_low_i8x16_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_extmul_low_i8x16_s(a, b) }
            I16x8ExtMulHighI8x16S "i16x8.extmul_high_i8x16_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_extmul_high_i8x16_s(a, b) }
            I16x8ExtMulLowI8x16U "i16x8.extmul_low_i8x16_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_extmul_low_i8x16_u(a, b) }
            I16x8ExtMulHighI8x16U "i16x8.extmul_high_i8x16_u" 1 pure [a:v128 b:v128 -> v128] () { i16x8_extmul_high_i8x16_u(a, b) }
            I32x4ExtAddPairwiseI16x8S "i32x4.extadd_pairwise_i16x8_s" 1 pure [a:v128 -> v128] () { i32x4_extadd_pairwise_i16x8_s(a) }
            I32x4ExtAddPairwiseI16x8U "i32x4.extadd_pairwise_i16x8_u" 1 pure [a:v128 -> v128] () { i32x4_extadd_pairwise_i16x8_u(a) }
            I32x4Abs "i32x4.abs" 1 pure [a:v128 -> v128] () { i32x4_abs(a) }
            I32x4Neg "i32x4.neg" 1 pure [a:v128 -> v128] () { i32x4_neg(a) }
            I32x4AllTrue "i32x4.all_true" 1 pure [a:v128 -> i32] () { i32x4_all_true(a) }
            I32x4Bitmask "i32x4.bitmask" 1 pure [a:v128 -> i32] () { i32x4_bitmask(a) }
            I32x4ExtendLowI16x8S "i32x4.extend_low_i16x8_s" 1 pure [a:v128 -> v128] () { i32x4_extend_low_i16x8_s(a) }
            I32x4ExtendHighI16x8S "i32x4.extend_high_i16x8_s" 1 pure [a:v128 -> v128] () { i32x4_extend_high_i16x8_s(a) }
            I32x4ExtendLowI16x8U "i32x4.extend_low_i16x8_u" 1 pure [a:v128 -> v128] () { i32x4_extend_low_i16x8_u(a) }
            I32x4ExtendHighI16x8U "i32x4.extend_high_i16x8_u" 1 pure [a:v128 -> v128] () { i32x4_extend_high_i16x8_u(a) }
            I32x4Shl "i32x4.shl" 1 pure [a:v128 b:i32 -> v128] () { i32x4_shl(a, b) }
            I32x4ShrS "i32x4.shr_s" 1 pure [a:v128 b:i32 -> v128] () { i32x4_shr_s(a, b) }
            I32x4ShrU "i32x4.shr_u" 1 pure [a:v128 b:i32 -> v128] () { i32x4_shr_u(a, b) }
            I32x4Add "i32x4.add" 1 pure [a:v128 b:v128 -> v128] () { i32x4_add(a, b) }
            I32x4Sub "i32x4.sub" 1 pure [a:v128 b:v128 -> v128] () { i32x4_sub(a, b) }
            I32x4Mul "i32x4.mul" 1 pure [a:v128 b:v128 -> v128] () { i32x4_mul(a, b) }
            I32x4MinS "i32x4.min_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_min_s(a, b) }
            I32x4MinU "i32x4.min_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_min_u(a, b) }
            I32x4MaxS "i32x4.max_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_max_s(a, b) }
            I32x4MaxU "i32x4.max_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_max_u(a, b) }
            I32x4DotI16x8S "i32x4.dot_i16x8_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_dot_i16x8_s(a, b) }
            I32x4ExtMulLowI16x8S "i32x4.extmul_low_i16x8_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_extmul_low_i16x8_s(a, b) }
            I32x4ExtMulHighI16x8S "i32x4.extmul_high_i16x8_s" 1 pure [a:v128 b:v128 -> v128] () { i32x4_extmul_high_i16x8_s(a, b) }
            I32x4ExtMulLowI16x8U "i32x4.extmul_low_i16x8_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_extmul_low_i16x8_u(a, b) }
            I32x4ExtMulHighI16x8U "i32x4.extmul_high_i16x8_u" 1 pure [a:v128 b:v128 -> v128] () { i32x4_extmul_high_i16x8_u(a, b) }
            I64x2Abs "i64x2.abs" 1 pure [a:v128 -> v128] () { i64x2_abs(a) }
            I64x2Neg "i64x2.neg" 1 pure [a:v128 -> v128] () { i64x2_neg(a) }
            I64x2AllTrue "i64x2.all_true" 1 pure [a:v128 -> i32] () { i64x2_all_true(a) }
            I64x2Bitmask "i64x2.bitmask" 1 pure [a:v128 -> i32] () { i64x2_bitmask(a) }
            I64x2ExtendLowI32x4S "i64x2.extend_low_i32x4_s" 1 pure [a:v128 -> v128] () { i64x2_extend_low_i32x4_s(a) }
            I64x2ExtendHighI32x4S "i64x2.extend_high_i32x4_s" 1 pure [a:v128 -> v128] () { i64x2_extend_high_i32x4_s(a) }
            I64x2ExtendLowI32x4U "i64x2.extend_low_i32x4_u" 1 pure [a:v128 -> v128] () { i64x2_extend_low_i32x4_u(a) }
            I64x2ExtendHighI32x4U "i64x2.extend_high_i32x4_u" 1 pure [a:v128 -> v128] () { i64x2_extend_high_i32x4_u(a) }
            I64x2Shl "i64x2.shl" 1 pure [a:v128 b:i32 -> v128] () { i64x2_shl(a, b) }
            I64x2ShrS "i64x2.shr_s" 1 pure [a:v128 b:i32 -> v128] () { i64x2_shr_s(a, b) }
            I64x2ShrU "i64x2.shr_u" 1 pure [a:v128 b:i32 -> v128] () { i64x2_shr_u(a, b) }
            I64x2Add "i64x2.add" 1 pure [a:v128 b:v128 -> v128] () { i64x2_add(a, b) }
            I64x2Sub "i64x2.sub" 1 pure [a:v128 b:v128 -> v128] () { i64x2_sub(a, b) }
            I64x2Mul "i64x2.mul" 1 pure [a:v128 b:v128 -> v128] () { i64x2_mul(a, b) }
            I64x2ExtMulLowI32x4S "i64x2.extmul_low_i32x4_s" 1 pure [a:v128 b:v128 -> v128] () { i64x2_extmul_low_i32x4_s(a, b) }
            I64x2ExtMulHighI32x4S "i64x2.extmul_high_i32x4_s" 1 pure [a:v128 b:v128 -> v128] () { i64x2_extmul_high_i32x4_s(a, b) }
            I64x2ExtMulLowI32x4U "i64x2.extmul_low_i32x4_u" 1 pure [a:v128 b:v128 -> v128] () { i64x2_extmul_low_i32x4_u(a, b) }
            I64x2ExtMulHighI32x4U "i64x2.extmul_high_i32x4_u" 1 pure [a:v128 b:v128 -> v128] () { i64x2_extmul_high_i32x4_u(a, b) }
            // Floats.
            F32x4Ceil "f32x4.ceil" 1 pure [a:v128 -> v128 / f32x4_canonicalize] () { f32x4_ceil(a) }
            F32x4Floor "f32x4.floor" 1 pure [a:v128 -> v128 / f32x4_canonicalize] () { f32x4_floor(a) }
            F32x4Trunc "f32x4.trunc" 1 pure [a:v128 -> v128 / f32x4_canonicalize] () { f32x4_trunc(a) }
            F32x4Nearest "f32x4.nearest" 1 pure [a:v128 -> v128 / f32x4_canonicalize] () { f32x4_nearest(a) }
            F32x4Abs "f32x4.abs" 1 pure [a:v128 -> v128] () { f32x4_abs(a) }
            F32x4Neg "f32x4.neg" 1 pure [a:v128 -> v128] () { f32x4_neg(a) }
            F32x4Sqrt "f32x4.sqrt" 2 pure [a:v128 -> v128 / f32x4_canonicalize] () { f32x4_sqrt(a) }
            F32x4Add "f32x4.add" 1 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_add(a, b) }
            F32x4Sub "f32x4.sub" 1 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_sub(a, b) }
            F32x4Mul "f32x4.mul" 1 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_mul(a, b) }
            F32x4Div "f32x4.div" 2 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_div(a, b) }
            F32x4Min "f32x4.min" 1 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_min(a, b) }
            F32x4Max "f32x4.max" 1 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_max(a, b) }
            F32x4PMin "f32x4.pmin" 1 pure [a:v128 b:v128 -> v128] () { f32x4_pmin(a, b) }
            F32x4PMax "f32x4.pmax" 1 pure [a:v128 b:v128 -> v128] () { f32x4_pmax(a, b) }
            F64x2Ceil "f64x2.ceil" 1 pure [a:v128 -> v128 / f64x2_canonicalize] () { f64x2_ceil(a) }
            F64x2Floor "f64x2.floor" 1 pure [a:v128 -> v128 / f64x2_canonicalize] () { f64x2_floor(a) }
            F64x2Trunc "f64x2.trunc" 1 pure [a:v128 -> v128 / f64x2_canonicalize] () { f64x2_trunc(a) }
            F64x2Nearest "f64x2.nearest" 1 pure [a:v128 -> v128 / f64x2_canonicalize] () { f64x2_nearest(a) }
            F64x2Abs "f64x2.abs" 1 pure [a:v128 -> v128] () { f64x2_abs(a) }
            F64x2Neg "f64x2.neg" 1 pure [a:v128 -> v128] () { f64x2_neg(a) }
            F64x2Sqrt "f64x2.sqrt" 2 pure [a:v128 -> v128 / f64x2_canonicalize] () { f64x2_sqrt(a) }
            F64x2Add "f64x2.add" 1 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_add(a, b) }
            F64x2Sub "f64x2.sub" 1 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_sub(a, b) }
            F64x2Mul "f64x2.mul" 1 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_mul(a, b) }
            F64x2Div "f64x2.div" 2 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_div(a, b) }
            F64x2Min "f64x2.min" 1 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_min(a, b) }
            F64x2Max "f64x2.max" 1 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_max(a, b) }
            F64x2PMin "f64x2.pmin" 1 pure [a:v128 b:v128 -> v128] () { f64x2_pmin(a, b) }
            F64x2PMax "f64x2.pmax" 1 pure [a:v128 b:v128 -> v128] () { f64x2_pmax(a, b) }
            // Conversions.
            I32x4TruncSatF32x4S "i32x4.trunc_sat_f32x4_s" 1 pure [a:v128 -> v128] () { i32x4_trunc_sat_f32x4_s(a) }
            I32x4TruncSatF32x4U "i32x4.trunc_sat_f32x4_u" 1 pure [a:v128 -> v128] () { i32x4_trunc_sat_f32x4_u(a) }
            F32x4ConvertI32x4S "f32x4.convert_i32x4_s" 1 pure [a:v128 -> v128] () { f32x4_convert_i32x4_s(a) }
            F32x4ConvertI32x4U "f32x4.convert_i32x4_u" 1 pure [a:v128 -> v128] () { f32x4_convert_i32x4_u(a) }
            I32x4TruncSatF64x2SZero "i32x4.trunc_sat_f64x2_s_zero" 1 pure [a:v128 -> v128] () { i32x4_trunc_sat_f64x2_s_zero(a) }
            I32x4TruncSatF64x2UZero "i32x4.trunc_sat_f64x2_u_zero" 1 pure [a:v128 -> v128] () { i32x4_trunc_sat_f64x2_u_zero(a) }
            F64x2ConvertLowI32x4S "f64x2.convert_low_i32x4_s" 1 pure [a:v128 -> v128] () { f64x2_convert_low_i32x4_s(a) }
            F64x2ConvertLowI32x4U "f64x2.convert_low_i32x4_u" 1 pure [a:v128 -> v128] () { f64x2_convert_low_i32x4_u(a) }
            F32x4DemoteF64x2Zero "f32x4.demote_f64x2_zero" 1 pure [a:v128 -> v128 / f32x4_canonicalize] () { f32x4_demote_f64x2_zero(a) }
            F64x2PromoteLowF32x4 "f64x2.promote_low_f32x4" 1 pure [a:v128 -> v128 / f64x2_canonicalize] () { f64x2_promote_low_f32x4(a) }
            // Relaxed operators: one meaning everywhere (`prova-num`).
            I8x16RelaxedSwizzle "i8x16.relaxed_swizzle" 1 pure [a:v128 b:v128 -> v128] () { i8x16_relaxed_swizzle(a, b) }
            I32x4RelaxedTruncF32x4S "i32x4.relaxed_trunc_f32x4_s" 1 pure [a:v128 -> v128] () { i32x4_relaxed_trunc_f32x4_s(a) }
            I32x4RelaxedTruncF32x4U "i32x4.relaxed_trunc_f32x4_u" 1 pure [a:v128 -> v128] () { i32x4_relaxed_trunc_f32x4_u(a) }
            I32x4RelaxedTruncF64x2SZero "i32x4.relaxed_trunc_f64x2_s_zero" 1 pure [a:v128 -> v128] () { i32x4_relaxed_trunc_f64x2_s_zero(a) }
            I32x4RelaxedTruncF64x2UZero "i32x4.relaxed_trunc_f64x2_u_zero" 1 pure [a:v128 -> v128] () { i32x4_relaxed_trunc_f64x2_u_zero(a) }
            F32x4RelaxedMadd "f32x4.relaxed_madd" 1 pure [a:v128 b:v128 c:v128 -> v128 / f32x4_canonicalize] () { f32x4_relaxed_madd(a, b, c) }
            F32x4RelaxedNmadd "f32x4.relaxed_nmadd" 1 pure [a:v128 b:v128 c:v128 -> v128 / f32x4_canonicalize] () { f32x4_relaxed_nmadd(a, b, c) }
            F64x2RelaxedMadd "f64x2.relaxed_madd" 1 pure [a:v128 b:v128 c:v128 -> v128 / f64x2_canonicalize] () { f64x2_relaxed_madd(a, b, c) }
            F64x2RelaxedNmadd "f64x2.relaxed_nmadd" 1 pure [a:v128 b:v128 c:v128 -> v128 / f64x2_canonicalize] () { f64x2_relaxed_nmadd(a, b, c) }
            I8x16RelaxedLaneselect "i8x16.relaxed_laneselect" 1 pure [a:v128 b:v128 c:v128 -> v128] () { i8x16_relaxed_laneselect(a, b, c) }
            I16x8RelaxedLaneselect "i16x8.relaxed_laneselect" 1 pure [a:v128 b:v128 c:v128 -> v128] () { i16x8_relaxed_laneselect(a, b, c) }
            I32x4RelaxedLaneselect "i32x4.relaxed_laneselect" 1 pure [a:v128 b:v128 c:v128 -> v128] () { i32x4_relaxed_laneselect(a, b, c) }
            I64x2RelaxedLaneselect "i64x2.relaxed_laneselect" 1 pure [a:v128 b:v128 c:v128 -> v128] () { i64x2_relaxed_laneselect(a, b, c) }
            F32x4RelaxedMin "f32x4.relaxed_min" 1 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_relaxed_min(a, b) }
            F32x4RelaxedMax "f32x4.relaxed_max" 1 pure [a:v128 b:v128 -> v128 / f32x4_canonicalize] () { f32x4_relaxed_max(a, b) }
            F64x2RelaxedMin "f64x2.relaxed_min" 1 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_relaxed_min(a, b) }
            F64x2RelaxedMax "f64x2.relaxed_max" 1 pure [a:v128 b:v128 -> v128 / f64x2_canonicalize] () { f64x2_relaxed_max(a, b) }
            I16x8RelaxedQ15mulrS "i16x8.relaxed_q15mulr_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_relaxed_q15mulr_s(a, b) }
            I16x8RelaxedDotI8x16I7x16S "i16x8.relaxed_dot_i8x16_i7x16_s" 1 pure [a:v128 b:v128 -> v128] () { i16x8_relaxed_dot_i8x16_i7x16_s(a, b) }
            I32x4RelaxedDotI8x16I7x16AddS "i32x4.relaxed_dot_i8x16_i7x16_add_s" 1 pure [a:v128 b:v128 c:v128 -> v128] () { i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, c) }
        } [$($rest)*] $($callback)* }
    };
}
