//! Numeric operators of the Wasm side: each is the operator of the same name in `prova-num`.
//!
//! Reinterpretations change no bits, so they change no term. `canonical` operators may give a NaN of any bits; in
//! deterministic mode their value is the canonicalised one (docs/semantics.md).

use super::super::{Fault, Observer, Proof};
use prova_module::Operator;
use prova_terms::Prim;

macro_rules! numeric {
    ($d:tt plain { $($op:ident $prim:ident $n:literal;)* }
     canonical { $($cop:ident $cprim:ident $cn:literal $canon:ident;)* }
     trapping { $($top:ident $tprim:ident $tn:literal;)* }) => {
        /// The method of `visit` for a numeric operator.
        macro_rules! numeric_method {
            $(($op $d visit:ident) => {
                fn $d visit(&mut self) -> Verdict { self.wasm_pure::<$n>(Prim::$prim, None) }
            };)*
            $(($cop $d visit:ident) => {
                fn $d visit(&mut self) -> Verdict { self.wasm_pure::<$cn>(Prim::$cprim, Some(Prim::$canon)) }
            };)*
            $(($top $d visit:ident) => {
                fn $d visit(&mut self) -> Verdict { self.wasm_trapping::<$tn>(Prim::$tprim) }
            };)*
            ($d($d other:tt)*) => { other_method! { $d($d other)* } };
        }
    };
}

impl<O: Observer> Proof<'_, '_, O> {
    /// Walks over an operator of this family that has no method of its own; says whether it is one.
    pub(super) fn numeric(&mut self, operator: &Operator<'_>) -> Result<bool, Fault> {
        match *operator {
            Operator::F32Const { value } => self.push_constant(u64::from(value.bits()))?,
            Operator::F64Const { value } => self.push_constant(value.bits())?,
            Operator::I32ReinterpretF32
            | Operator::I64ReinterpretF64
            | Operator::F32ReinterpretI32
            | Operator::F64ReinterpretI64 => {}
            Operator::I64Add128 => self.wasm_two::<4>(Prim::i64_add128)?,
            Operator::I64Sub128 => self.wasm_two::<4>(Prim::i64_sub128)?,
            Operator::I64MulWideS => self.wasm_two::<2>(Prim::i64_mul_wide_s)?,
            Operator::I64MulWideU => self.wasm_two::<2>(Prim::i64_mul_wide_u)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

numeric! {
    $ plain {
        I32Add i32_add 2;
        I32Sub i32_sub 2;
        I32Mul i32_mul 2;
        I32And i32_and 2;
        I32Or i32_or 2;
        I32Xor i32_xor 2;
        I32Shl i32_shl 2;
        I32ShrS i32_shr_s 2;
        I32ShrU i32_shr_u 2;
        I32Rotl i32_rotl 2;
        I32Rotr i32_rotr 2;
        I32Eq i32_eq 2;
        I32Ne i32_ne 2;
        I32LtS i32_lt_s 2;
        I32LtU i32_lt_u 2;
        I32GtS i32_gt_s 2;
        I32GtU i32_gt_u 2;
        I32LeS i32_le_s 2;
        I32LeU i32_le_u 2;
        I32GeS i32_ge_s 2;
        I32GeU i32_ge_u 2;
        I32Clz i32_clz 1;
        I32Ctz i32_ctz 1;
        I32Popcnt i32_popcnt 1;
        I32Extend8S i32_extend8_s 1;
        I32Extend16S i32_extend16_s 1;
        I32Eqz i32_eqz 1;
        I64Add i64_add 2;
        I64Sub i64_sub 2;
        I64Mul i64_mul 2;
        I64And i64_and 2;
        I64Or i64_or 2;
        I64Xor i64_xor 2;
        I64Shl i64_shl 2;
        I64ShrS i64_shr_s 2;
        I64ShrU i64_shr_u 2;
        I64Rotl i64_rotl 2;
        I64Rotr i64_rotr 2;
        I64Eq i64_eq 2;
        I64Ne i64_ne 2;
        I64LtS i64_lt_s 2;
        I64LtU i64_lt_u 2;
        I64GtS i64_gt_s 2;
        I64GtU i64_gt_u 2;
        I64LeS i64_le_s 2;
        I64LeU i64_le_u 2;
        I64GeS i64_ge_s 2;
        I64GeU i64_ge_u 2;
        I64Clz i64_clz 1;
        I64Ctz i64_ctz 1;
        I64Popcnt i64_popcnt 1;
        I64Extend8S i64_extend8_s 1;
        I64Extend16S i64_extend16_s 1;
        I64Extend32S i64_extend32_s 1;
        I64Eqz i64_eqz 1;
        F32Abs f32_abs 1;
        F32Neg f32_neg 1;
        F32Copysign f32_copysign 2;
        F32Eq f32_eq 2;
        F32Ne f32_ne 2;
        F32Lt f32_lt 2;
        F32Gt f32_gt 2;
        F32Le f32_le 2;
        F32Ge f32_ge 2;
        F64Abs f64_abs 1;
        F64Neg f64_neg 1;
        F64Copysign f64_copysign 2;
        F64Eq f64_eq 2;
        F64Ne f64_ne 2;
        F64Lt f64_lt 2;
        F64Gt f64_gt 2;
        F64Le f64_le 2;
        F64Ge f64_ge 2;
        I32WrapI64 i32_wrap_i64 1;
        I64ExtendI32S i64_extend_i32_s 1;
        I64ExtendI32U i64_extend_i32_u 1;
        I32TruncSatF32S i32_trunc_sat_f32_s 1;
        I32TruncSatF32U i32_trunc_sat_f32_u 1;
        I32TruncSatF64S i32_trunc_sat_f64_s 1;
        I32TruncSatF64U i32_trunc_sat_f64_u 1;
        I64TruncSatF32S i64_trunc_sat_f32_s 1;
        I64TruncSatF32U i64_trunc_sat_f32_u 1;
        I64TruncSatF64S i64_trunc_sat_f64_s 1;
        I64TruncSatF64U i64_trunc_sat_f64_u 1;
        F32ConvertI32S f32_convert_i32_s 1;
        F32ConvertI32U f32_convert_i32_u 1;
        F32ConvertI64S f32_convert_i64_s 1;
        F32ConvertI64U f32_convert_i64_u 1;
        F64ConvertI32S f64_convert_i32_s 1;
        F64ConvertI32U f64_convert_i32_u 1;
        F64ConvertI64S f64_convert_i64_s 1;
        F64ConvertI64U f64_convert_i64_u 1;
    }
    canonical {
        F32Ceil f32_ceil 1 f32_canonicalize;
        F32Floor f32_floor 1 f32_canonicalize;
        F32Trunc f32_trunc 1 f32_canonicalize;
        F32Nearest f32_nearest 1 f32_canonicalize;
        F32Sqrt f32_sqrt 1 f32_canonicalize;
        F32Add f32_add 2 f32_canonicalize;
        F32Sub f32_sub 2 f32_canonicalize;
        F32Mul f32_mul 2 f32_canonicalize;
        F32Div f32_div 2 f32_canonicalize;
        F32Min f32_min 2 f32_canonicalize;
        F32Max f32_max 2 f32_canonicalize;
        F64Ceil f64_ceil 1 f64_canonicalize;
        F64Floor f64_floor 1 f64_canonicalize;
        F64Trunc f64_trunc 1 f64_canonicalize;
        F64Nearest f64_nearest 1 f64_canonicalize;
        F64Sqrt f64_sqrt 1 f64_canonicalize;
        F64Add f64_add 2 f64_canonicalize;
        F64Sub f64_sub 2 f64_canonicalize;
        F64Mul f64_mul 2 f64_canonicalize;
        F64Div f64_div 2 f64_canonicalize;
        F64Min f64_min 2 f64_canonicalize;
        F64Max f64_max 2 f64_canonicalize;
        F32DemoteF64 f32_demote_f64 1 f32_canonicalize;
        F64PromoteF32 f64_promote_f32 1 f64_canonicalize;
    }
    trapping {
        I32DivS i32_div_s 2;
        I32DivU i32_div_u 2;
        I32RemS i32_rem_s 2;
        I32RemU i32_rem_u 2;
        I64DivS i64_div_s 2;
        I64DivU i64_div_u 2;
        I64RemS i64_rem_s 2;
        I64RemU i64_rem_u 2;
        I32TruncF32S i32_trunc_f32_s 1;
        I32TruncF32U i32_trunc_f32_u 1;
        I32TruncF64S i32_trunc_f64_s 1;
        I32TruncF64U i32_trunc_f64_u 1;
        I64TruncF32S i64_trunc_f32_s 1;
        I64TruncF32U i64_trunc_f32_u 1;
        I64TruncF64S i64_trunc_f64_s 1;
        I64TruncF64U i64_trunc_f64_u 1;
    }
}
