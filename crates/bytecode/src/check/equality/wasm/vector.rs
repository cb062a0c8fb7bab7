//! Vector operators of the Wasm side: each is the operator of the same name in `prova-num`.
//!
//! Loads and stores of vectors are in `memory`. `canonical` as in `numeric`.

use super::super::{Fault, Observer, Proof, Verdict};
use prova_module::Operator;
use prova_terms::Prim;

macro_rules! vector {
    (plain { $($op:ident $prim:ident $n:literal;)* }
     canonical { $($cop:ident $cprim:ident $cn:literal $canon:ident;)* }
     lanes { $($lop:ident $lprim:ident $ln:literal;)* }) => {
        impl<O: Observer> Proof<'_, '_, O> {
            /// Walks over an operator of this family; says whether it is one.
            pub(super) fn vector(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
                match *operator {
                    $(Operator::$op => self.wasm_vector::<$n>(Prim::$prim, None)?,)*
                    $(Operator::$cop => self.wasm_vector::<$cn>(Prim::$cprim, Some(Prim::$canon))?,)*
                    $(Operator::$lop { lane } => self.wasm_lane::<{ $ln + 1 }>(Prim::$lprim, lane)?,)*
                    Operator::V128Const { value } => {
                        let bits = u128::from_le_bytes(*value.bytes());
                        let vn = self.terms.borrow_mut().constant128(bits);
                        self.push(vn, true)?;
                    }
                    Operator::I8x16Shuffle { lanes } => {
                        let [b, a] = [self.pop()?, self.pop()?];
                        let lanes = self.terms.borrow_mut().constant128(u128::from_le_bytes(lanes));
                        let vn = self.terms.borrow_mut().operator(Prim::i8x16_shuffle, &[a, b, lanes]);
                        self.push(vn, true)?;
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

impl<O: Observer> Proof<'_, '_, O> {
    /// [`Proof::wasm_pure`], once for each number of operands.
    #[inline(never)]
    fn wasm_vector<const N: usize>(&mut self, prim: Prim, canonical: Option<Prim>) -> Verdict {
        self.wasm_pure::<N>(prim, canonical)
    }
}

vector! {
    plain {
        V128Not v128_not 1;
        V128And v128_and 2;
        V128AndNot v128_andnot 2;
        V128Or v128_or 2;
        V128Xor v128_xor 2;
        V128Bitselect v128_bitselect 3;
        V128AnyTrue v128_any_true 1;
        I8x16Swizzle i8x16_swizzle 2;
        I8x16Splat i8x16_splat 1;
        I16x8Splat i16x8_splat 1;
        I32x4Splat i32x4_splat 1;
        I64x2Splat i64x2_splat 1;
        F32x4Splat f32x4_splat 1;
        F64x2Splat f64x2_splat 1;
        I8x16Eq i8x16_eq 2;
        I8x16Ne i8x16_ne 2;
        I8x16LtS i8x16_lt_s 2;
        I8x16LtU i8x16_lt_u 2;
        I8x16GtS i8x16_gt_s 2;
        I8x16GtU i8x16_gt_u 2;
        I8x16LeS i8x16_le_s 2;
        I8x16LeU i8x16_le_u 2;
        I8x16GeS i8x16_ge_s 2;
        I8x16GeU i8x16_ge_u 2;
        I16x8Eq i16x8_eq 2;
        I16x8Ne i16x8_ne 2;
        I16x8LtS i16x8_lt_s 2;
        I16x8LtU i16x8_lt_u 2;
        I16x8GtS i16x8_gt_s 2;
        I16x8GtU i16x8_gt_u 2;
        I16x8LeS i16x8_le_s 2;
        I16x8LeU i16x8_le_u 2;
        I16x8GeS i16x8_ge_s 2;
        I16x8GeU i16x8_ge_u 2;
        I32x4Eq i32x4_eq 2;
        I32x4Ne i32x4_ne 2;
        I32x4LtS i32x4_lt_s 2;
        I32x4LtU i32x4_lt_u 2;
        I32x4GtS i32x4_gt_s 2;
        I32x4GtU i32x4_gt_u 2;
        I32x4LeS i32x4_le_s 2;
        I32x4LeU i32x4_le_u 2;
        I32x4GeS i32x4_ge_s 2;
        I32x4GeU i32x4_ge_u 2;
        I64x2Eq i64x2_eq 2;
        I64x2Ne i64x2_ne 2;
        I64x2LtS i64x2_lt_s 2;
        I64x2GtS i64x2_gt_s 2;
        I64x2LeS i64x2_le_s 2;
        I64x2GeS i64x2_ge_s 2;
        F32x4Eq f32x4_eq 2;
        F32x4Ne f32x4_ne 2;
        F32x4Lt f32x4_lt 2;
        F32x4Gt f32x4_gt 2;
        F32x4Le f32x4_le 2;
        F32x4Ge f32x4_ge 2;
        F64x2Eq f64x2_eq 2;
        F64x2Ne f64x2_ne 2;
        F64x2Lt f64x2_lt 2;
        F64x2Gt f64x2_gt 2;
        F64x2Le f64x2_le 2;
        F64x2Ge f64x2_ge 2;
        I8x16Abs i8x16_abs 1;
        I8x16Neg i8x16_neg 1;
        I8x16AllTrue i8x16_all_true 1;
        I8x16Bitmask i8x16_bitmask 1;
        I8x16Shl i8x16_shl 2;
        I8x16ShrS i8x16_shr_s 2;
        I8x16ShrU i8x16_shr_u 2;
        I8x16Add i8x16_add 2;
        I8x16Sub i8x16_sub 2;
        I8x16AddSatS i8x16_add_sat_s 2;
        I8x16AddSatU i8x16_add_sat_u 2;
        I8x16SubSatS i8x16_sub_sat_s 2;
        I8x16SubSatU i8x16_sub_sat_u 2;
        I8x16AvgrU i8x16_avgr_u 2;
        I8x16MinS i8x16_min_s 2;
        I8x16MinU i8x16_min_u 2;
        I8x16MaxS i8x16_max_s 2;
        I8x16MaxU i8x16_max_u 2;
        I16x8Abs i16x8_abs 1;
        I16x8Neg i16x8_neg 1;
        I16x8AllTrue i16x8_all_true 1;
        I16x8Bitmask i16x8_bitmask 1;
        I16x8Shl i16x8_shl 2;
        I16x8ShrS i16x8_shr_s 2;
        I16x8ShrU i16x8_shr_u 2;
        I16x8Add i16x8_add 2;
        I16x8Sub i16x8_sub 2;
        I16x8Mul i16x8_mul 2;
        I16x8AddSatS i16x8_add_sat_s 2;
        I16x8AddSatU i16x8_add_sat_u 2;
        I16x8SubSatS i16x8_sub_sat_s 2;
        I16x8SubSatU i16x8_sub_sat_u 2;
        I16x8AvgrU i16x8_avgr_u 2;
        I16x8MinS i16x8_min_s 2;
        I16x8MinU i16x8_min_u 2;
        I16x8MaxS i16x8_max_s 2;
        I16x8MaxU i16x8_max_u 2;
        I32x4Abs i32x4_abs 1;
        I32x4Neg i32x4_neg 1;
        I32x4AllTrue i32x4_all_true 1;
        I32x4Bitmask i32x4_bitmask 1;
        I32x4Shl i32x4_shl 2;
        I32x4ShrS i32x4_shr_s 2;
        I32x4ShrU i32x4_shr_u 2;
        I32x4Add i32x4_add 2;
        I32x4Sub i32x4_sub 2;
        I32x4Mul i32x4_mul 2;
        I32x4MinS i32x4_min_s 2;
        I32x4MinU i32x4_min_u 2;
        I32x4MaxS i32x4_max_s 2;
        I32x4MaxU i32x4_max_u 2;
        I64x2Abs i64x2_abs 1;
        I64x2Neg i64x2_neg 1;
        I64x2AllTrue i64x2_all_true 1;
        I64x2Bitmask i64x2_bitmask 1;
        I64x2Shl i64x2_shl 2;
        I64x2ShrS i64x2_shr_s 2;
        I64x2ShrU i64x2_shr_u 2;
        I64x2Add i64x2_add 2;
        I64x2Sub i64x2_sub 2;
        I64x2Mul i64x2_mul 2;
        I8x16Popcnt i8x16_popcnt 1;
        I16x8Q15MulrSatS i16x8_q15mulr_sat_s 2;
        I32x4DotI16x8S i32x4_dot_i16x8_s 2;
        I8x16NarrowI16x8S i8x16_narrow_i16x8_s 2;
        I8x16NarrowI16x8U i8x16_narrow_i16x8_u 2;
        I16x8NarrowI32x4S i16x8_narrow_i32x4_s 2;
        I16x8NarrowI32x4U i16x8_narrow_i32x4_u 2;
        I16x8ExtendLowI8x16S i16x8_extend_low_i8x16_s 1;
        I16x8ExtendLowI8x16U i16x8_extend_low_i8x16_u 1;
        I16x8ExtendHighI8x16S i16x8_extend_high_i8x16_s 1;
        I16x8ExtendHighI8x16U i16x8_extend_high_i8x16_u 1;
        I16x8ExtMulLowI8x16S i16x8_extmul_low_i8x16_s 2;
        I16x8ExtMulLowI8x16U i16x8_extmul_low_i8x16_u 2;
        I16x8ExtMulHighI8x16S i16x8_extmul_high_i8x16_s 2;
        I16x8ExtMulHighI8x16U i16x8_extmul_high_i8x16_u 2;
        I32x4ExtendLowI16x8S i32x4_extend_low_i16x8_s 1;
        I32x4ExtendLowI16x8U i32x4_extend_low_i16x8_u 1;
        I32x4ExtendHighI16x8S i32x4_extend_high_i16x8_s 1;
        I32x4ExtendHighI16x8U i32x4_extend_high_i16x8_u 1;
        I32x4ExtMulLowI16x8S i32x4_extmul_low_i16x8_s 2;
        I32x4ExtMulLowI16x8U i32x4_extmul_low_i16x8_u 2;
        I32x4ExtMulHighI16x8S i32x4_extmul_high_i16x8_s 2;
        I32x4ExtMulHighI16x8U i32x4_extmul_high_i16x8_u 2;
        I64x2ExtendLowI32x4S i64x2_extend_low_i32x4_s 1;
        I64x2ExtendLowI32x4U i64x2_extend_low_i32x4_u 1;
        I64x2ExtendHighI32x4S i64x2_extend_high_i32x4_s 1;
        I64x2ExtendHighI32x4U i64x2_extend_high_i32x4_u 1;
        I64x2ExtMulLowI32x4S i64x2_extmul_low_i32x4_s 2;
        I64x2ExtMulLowI32x4U i64x2_extmul_low_i32x4_u 2;
        I64x2ExtMulHighI32x4S i64x2_extmul_high_i32x4_s 2;
        I64x2ExtMulHighI32x4U i64x2_extmul_high_i32x4_u 2;
        I16x8ExtAddPairwiseI8x16S i16x8_extadd_pairwise_i8x16_s 1;
        I16x8ExtAddPairwiseI8x16U i16x8_extadd_pairwise_i8x16_u 1;
        I32x4ExtAddPairwiseI16x8S i32x4_extadd_pairwise_i16x8_s 1;
        I32x4ExtAddPairwiseI16x8U i32x4_extadd_pairwise_i16x8_u 1;
        F32x4Abs f32x4_abs 1;
        F32x4Neg f32x4_neg 1;
        F32x4PMin f32x4_pmin 2;
        F32x4PMax f32x4_pmax 2;
        F64x2Abs f64x2_abs 1;
        F64x2Neg f64x2_neg 1;
        F64x2PMin f64x2_pmin 2;
        F64x2PMax f64x2_pmax 2;
        I32x4TruncSatF32x4S i32x4_trunc_sat_f32x4_s 1;
        I32x4TruncSatF32x4U i32x4_trunc_sat_f32x4_u 1;
        F32x4ConvertI32x4S f32x4_convert_i32x4_s 1;
        F32x4ConvertI32x4U f32x4_convert_i32x4_u 1;
        I32x4TruncSatF64x2SZero i32x4_trunc_sat_f64x2_s_zero 1;
        I32x4TruncSatF64x2UZero i32x4_trunc_sat_f64x2_u_zero 1;
        F64x2ConvertLowI32x4S f64x2_convert_low_i32x4_s 1;
        F64x2ConvertLowI32x4U f64x2_convert_low_i32x4_u 1;
        I8x16RelaxedSwizzle i8x16_relaxed_swizzle 2;
        I32x4RelaxedTruncF32x4S i32x4_relaxed_trunc_f32x4_s 1;
        I32x4RelaxedTruncF32x4U i32x4_relaxed_trunc_f32x4_u 1;
        I32x4RelaxedTruncF64x2SZero i32x4_relaxed_trunc_f64x2_s_zero 1;
        I32x4RelaxedTruncF64x2UZero i32x4_relaxed_trunc_f64x2_u_zero 1;
        I8x16RelaxedLaneselect i8x16_relaxed_laneselect 3;
        I16x8RelaxedLaneselect i16x8_relaxed_laneselect 3;
        I32x4RelaxedLaneselect i32x4_relaxed_laneselect 3;
        I64x2RelaxedLaneselect i64x2_relaxed_laneselect 3;
        I16x8RelaxedQ15mulrS i16x8_relaxed_q15mulr_s 2;
        I16x8RelaxedDotI8x16I7x16S i16x8_relaxed_dot_i8x16_i7x16_s 2;
        I32x4RelaxedDotI8x16I7x16AddS i32x4_relaxed_dot_i8x16_i7x16_add_s 3;
    }
    canonical {
        F32x4Sqrt f32x4_sqrt 1 f32x4_canonicalize;
        F32x4Ceil f32x4_ceil 1 f32x4_canonicalize;
        F32x4Floor f32x4_floor 1 f32x4_canonicalize;
        F32x4Trunc f32x4_trunc 1 f32x4_canonicalize;
        F32x4Nearest f32x4_nearest 1 f32x4_canonicalize;
        F32x4Add f32x4_add 2 f32x4_canonicalize;
        F32x4Sub f32x4_sub 2 f32x4_canonicalize;
        F32x4Mul f32x4_mul 2 f32x4_canonicalize;
        F32x4Div f32x4_div 2 f32x4_canonicalize;
        F32x4Min f32x4_min 2 f32x4_canonicalize;
        F32x4Max f32x4_max 2 f32x4_canonicalize;
        F64x2Sqrt f64x2_sqrt 1 f64x2_canonicalize;
        F64x2Ceil f64x2_ceil 1 f64x2_canonicalize;
        F64x2Floor f64x2_floor 1 f64x2_canonicalize;
        F64x2Trunc f64x2_trunc 1 f64x2_canonicalize;
        F64x2Nearest f64x2_nearest 1 f64x2_canonicalize;
        F64x2Add f64x2_add 2 f64x2_canonicalize;
        F64x2Sub f64x2_sub 2 f64x2_canonicalize;
        F64x2Mul f64x2_mul 2 f64x2_canonicalize;
        F64x2Div f64x2_div 2 f64x2_canonicalize;
        F64x2Min f64x2_min 2 f64x2_canonicalize;
        F64x2Max f64x2_max 2 f64x2_canonicalize;
        F32x4DemoteF64x2Zero f32x4_demote_f64x2_zero 1 f32x4_canonicalize;
        F64x2PromoteLowF32x4 f64x2_promote_low_f32x4 1 f64x2_canonicalize;
        F32x4RelaxedMadd f32x4_relaxed_madd 3 f32x4_canonicalize;
        F32x4RelaxedNmadd f32x4_relaxed_nmadd 3 f32x4_canonicalize;
        F32x4RelaxedMin f32x4_relaxed_min 2 f32x4_canonicalize;
        F32x4RelaxedMax f32x4_relaxed_max 2 f32x4_canonicalize;
        F64x2RelaxedMadd f64x2_relaxed_madd 3 f64x2_canonicalize;
        F64x2RelaxedNmadd f64x2_relaxed_nmadd 3 f64x2_canonicalize;
        F64x2RelaxedMin f64x2_relaxed_min 2 f64x2_canonicalize;
        F64x2RelaxedMax f64x2_relaxed_max 2 f64x2_canonicalize;
    }
    lanes {
        I8x16ExtractLaneS i8x16_extract_lane_s 1;
        I8x16ExtractLaneU i8x16_extract_lane_u 1;
        I8x16ReplaceLane i8x16_replace_lane 2;
        I16x8ExtractLaneS i16x8_extract_lane_s 1;
        I16x8ExtractLaneU i16x8_extract_lane_u 1;
        I16x8ReplaceLane i16x8_replace_lane 2;
        I32x4ExtractLane i32x4_extract_lane 1;
        I32x4ReplaceLane i32x4_replace_lane 2;
        I64x2ExtractLane i64x2_extract_lane 1;
        I64x2ReplaceLane i64x2_replace_lane 2;
        F32x4ExtractLane f32x4_extract_lane 1;
        F32x4ReplaceLane f32x4_replace_lane 2;
        F64x2ExtractLane f64x2_extract_lane 1;
        F64x2ReplaceLane f64x2_replace_lane 2;
    }
}
