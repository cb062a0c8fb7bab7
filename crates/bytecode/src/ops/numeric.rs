//! Rows of the op table: Integer and float operators and conversions.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! numeric_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // i32: operators on two slots, then on a slot and a sign-extended 16-bit immediate.
            I32Add "i32.add" pure [d:i32 <- a:i32 b:i32] { i32_add(a, b) }
            I32Sub "i32.sub" pure [d:i32 <- a:i32 b:i32] { i32_sub(a, b) }
            I32Mul "i32.mul" pure [d:i32 <- a:i32 b:i32] { i32_mul(a, b) }
            I32And "i32.and" pure [d:i32 <- a:i32 b:i32] { i32_and(a, b) }
            I32Or "i32.or" pure [d:i32 <- a:i32 b:i32] { i32_or(a, b) }
            I32Xor "i32.xor" pure [d:i32 <- a:i32 b:i32] { i32_xor(a, b) }
            I32Shl "i32.shl" pure [d:i32 <- a:i32 b:i32] { i32_shl(a, b) }
            I32ShrS "i32.shr_s" pure [d:i32 <- a:i32 b:i32] { i32_shr_s(a, b) }
            I32ShrU "i32.shr_u" pure [d:i32 <- a:i32 b:i32] { i32_shr_u(a, b) }
            I32Rotl "i32.rotl" pure [d:i32 <- a:i32 b:i32] { i32_rotl(a, b) }
            I32Rotr "i32.rotr" pure [d:i32 <- a:i32 b:i32] { i32_rotr(a, b) }
            I32Eq "i32.eq" pure [d:i32 <- a:i32 b:i32] { i32_eq(a, b) }
            I32Ne "i32.ne" pure [d:i32 <- a:i32 b:i32] { i32_ne(a, b) }
            I32LtS "i32.lt_s" pure [d:i32 <- a:i32 b:i32] { i32_lt_s(a, b) }
            I32LtU "i32.lt_u" pure [d:i32 <- a:i32 b:i32] { i32_lt_u(a, b) }
            I32GtS "i32.gt_s" pure [d:i32 <- a:i32 b:i32] { i32_gt_s(a, b) }
            I32GtU "i32.gt_u" pure [d:i32 <- a:i32 b:i32] { i32_gt_u(a, b) }
            I32LeS "i32.le_s" pure [d:i32 <- a:i32 b:i32] { i32_le_s(a, b) }
            I32LeU "i32.le_u" pure [d:i32 <- a:i32 b:i32] { i32_le_u(a, b) }
            I32GeS "i32.ge_s" pure [d:i32 <- a:i32 b:i32] { i32_ge_s(a, b) }
            I32GeU "i32.ge_u" pure [d:i32 <- a:i32 b:i32] { i32_ge_u(a, b) }
            I32AddImm "i32.add_imm" pure [d:i32 <- a:i32 b:i32s] { i32_add(a, b) }
            I32MulImm "i32.mul_imm" pure [d:i32 <- a:i32 b:i32s] { i32_mul(a, b) }
            I32AndImm "i32.and_imm" pure [d:i32 <- a:i32 b:i32s] { i32_and(a, b) }
            I32OrImm "i32.or_imm" pure [d:i32 <- a:i32 b:i32s] { i32_or(a, b) }
            I32XorImm "i32.xor_imm" pure [d:i32 <- a:i32 b:i32s] { i32_xor(a, b) }
            I32ShlImm "i32.shl_imm" pure [d:i32 <- a:i32 b:i32s] { i32_shl(a, b) }
            I32ShrSImm "i32.shr_s_imm" pure [d:i32 <- a:i32 b:i32s] { i32_shr_s(a, b) }
            I32ShrUImm "i32.shr_u_imm" pure [d:i32 <- a:i32 b:i32s] { i32_shr_u(a, b) }
            I32RotlImm "i32.rotl_imm" pure [d:i32 <- a:i32 b:i32s] { i32_rotl(a, b) }
            I32RotrImm "i32.rotr_imm" pure [d:i32 <- a:i32 b:i32s] { i32_rotr(a, b) }
            I32EqImm "i32.eq_imm" pure [d:i32 <- a:i32 b:i32s] { i32_eq(a, b) }
            I32NeImm "i32.ne_imm" pure [d:i32 <- a:i32 b:i32s] { i32_ne(a, b) }
            I32LtSImm "i32.lt_s_imm" pure [d:i32 <- a:i32 b:i32s] { i32_lt_s(a, b) }
            I32LtUImm "i32.lt_u_imm" pure [d:i32 <- a:i32 b:i32s] { i32_lt_u(a, b) }
            I32GtSImm "i32.gt_s_imm" pure [d:i32 <- a:i32 b:i32s] { i32_gt_s(a, b) }
            I32GtUImm "i32.gt_u_imm" pure [d:i32 <- a:i32 b:i32s] { i32_gt_u(a, b) }
            I32LeSImm "i32.le_s_imm" pure [d:i32 <- a:i32 b:i32s] { i32_le_s(a, b) }
            I32LeUImm "i32.le_u_imm" pure [d:i32 <- a:i32 b:i32s] { i32_le_u(a, b) }
            I32GeSImm "i32.ge_s_imm" pure [d:i32 <- a:i32 b:i32s] { i32_ge_s(a, b) }
            I32GeUImm "i32.ge_u_imm" pure [d:i32 <- a:i32 b:i32s] { i32_ge_u(a, b) }
            // i32: an immediate on the left, where the operator is not commutative.
            I32ImmSub "i32.imm_sub" pure [d:i32 <- a:i32s b:i32] { i32_sub(a, b) }
            I32ImmShl "i32.imm_shl" pure [d:i32 <- a:i32s b:i32] { i32_shl(a, b) }
            I32ImmShrS "i32.imm_shr_s" pure [d:i32 <- a:i32s b:i32] { i32_shr_s(a, b) }
            I32ImmShrU "i32.imm_shr_u" pure [d:i32 <- a:i32s b:i32] { i32_shr_u(a, b) }
            // i32: a sign-extended 32-bit immediate.
            I32AddImm32 "i32.add_imm32" pure [d:i32 <- a:i32 b:i32c] { i32_add(a, b) }
            I32MulImm32 "i32.mul_imm32" pure [d:i32 <- a:i32 b:i32c] { i32_mul(a, b) }
            I32AndImm32 "i32.and_imm32" pure [d:i32 <- a:i32 b:i32c] { i32_and(a, b) }
            I32OrImm32 "i32.or_imm32" pure [d:i32 <- a:i32 b:i32c] { i32_or(a, b) }
            I32XorImm32 "i32.xor_imm32" pure [d:i32 <- a:i32 b:i32c] { i32_xor(a, b) }
            // i32: two operators in one, as one often follows the other.
            I32ShrUAndImm "i32.shr_u_and_imm" pure [d:i32 <- a:i32 b:i32s c:i32s] { i32_and(i32_shr_u(a, b), c) }
            I32ShrUAndAdd "i32.shr_u_and_add" pure [d:i32 <- a:i32 b:i32s c:i32s e:i32] { i32_add(i32_and(i32_shr_u(a, b), c), e) }
            I32AndShlImm "i32.and_shl_imm" pure [d:i32 <- a:i32 b:i32s c:i32s] { i32_shl(i32_and(a, b), c) }
            I32ShlShrSImm "i32.shl_shr_s_imm" pure [d:i32 <- a:i32 b:i32s c:i32s] { i32_shr_s(i32_shl(a, b), c) }
            I32ShlAdd "i32.shl_add" pure [d:i32 <- a:i32 b:i32s c:i32] { i32_add(i32_shl(a, b), c) }
            I32MulAdd "i32.mul_add" pure [d:i32 <- a:i32 b:i32 c:i32] { i32_add(i32_mul(a, b), c) }
            // i32: one operand.
            I32Clz "i32.clz" pure [d:i32 <- a:i32] { i32_clz(a) }
            I32Ctz "i32.ctz" pure [d:i32 <- a:i32] { i32_ctz(a) }
            I32Popcnt "i32.popcnt" pure [d:i32 <- a:i32] { i32_popcnt(a) }
            I32Extend8S "i32.extend8_s" pure [d:i32 <- a:i32] { i32_extend8_s(a) }
            I32Extend16S "i32.extend16_s" pure [d:i32 <- a:i32] { i32_extend16_s(a) }
            I32Eqz "i32.eqz" pure [d:i32 <- a:i32] { i32_eqz(a) }
            // i32: operators that trap.
            I32DivS "i32.div_s" trap [d:i32 <- a:i32 b:i32] { i32_div_s(a, b) }
            I32DivU "i32.div_u" trap [d:i32 <- a:i32 b:i32] { i32_div_u(a, b) }
            I32RemS "i32.rem_s" trap [d:i32 <- a:i32 b:i32] { i32_rem_s(a, b) }
            I32RemU "i32.rem_u" trap [d:i32 <- a:i32 b:i32] { i32_rem_u(a, b) }
            I32DivSImm "i32.div_s_imm" trap [d:i32 <- a:i32 b:i32s] { i32_div_s(a, b) }
            I32DivUImm "i32.div_u_imm" trap [d:i32 <- a:i32 b:i32s] { i32_div_u(a, b) }
            I32RemSImm "i32.rem_s_imm" trap [d:i32 <- a:i32 b:i32s] { i32_rem_s(a, b) }
            I32RemUImm "i32.rem_u_imm" trap [d:i32 <- a:i32 b:i32s] { i32_rem_u(a, b) }
            // i64: operators on two slots, then on a slot and a sign-extended 16-bit immediate.
            I64Add "i64.add" pure [d:i64 <- a:i64 b:i64] { i64_add(a, b) }
            I64Sub "i64.sub" pure [d:i64 <- a:i64 b:i64] { i64_sub(a, b) }
            I64Mul "i64.mul" pure [d:i64 <- a:i64 b:i64] { i64_mul(a, b) }
            I64And "i64.and" pure [d:i64 <- a:i64 b:i64] { i64_and(a, b) }
            I64Or "i64.or" pure [d:i64 <- a:i64 b:i64] { i64_or(a, b) }
            I64Xor "i64.xor" pure [d:i64 <- a:i64 b:i64] { i64_xor(a, b) }
            I64Shl "i64.shl" pure [d:i64 <- a:i64 b:i64] { i64_shl(a, b) }
            I64ShrS "i64.shr_s" pure [d:i64 <- a:i64 b:i64] { i64_shr_s(a, b) }
            I64ShrU "i64.shr_u" pure [d:i64 <- a:i64 b:i64] { i64_shr_u(a, b) }
            I64Rotl "i64.rotl" pure [d:i64 <- a:i64 b:i64] { i64_rotl(a, b) }
            I64Rotr "i64.rotr" pure [d:i64 <- a:i64 b:i64] { i64_rotr(a, b) }
            I64Eq "i64.eq" pure [d:i32 <- a:i64 b:i64] { i64_eq(a, b) }
            I64Ne "i64.ne" pure [d:i32 <- a:i64 b:i64] { i64_ne(a, b) }
            I64LtS "i64.lt_s" pure [d:i32 <- a:i64 b:i64] { i64_lt_s(a, b) }
            I64LtU "i64.lt_u" pure [d:i32 <- a:i64 b:i64] { i64_lt_u(a, b) }
            I64GtS "i64.gt_s" pure [d:i32 <- a:i64 b:i64] { i64_gt_s(a, b) }
            I64GtU "i64.gt_u" pure [d:i32 <- a:i64 b:i64] { i64_gt_u(a, b) }
            I64LeS "i64.le_s" pure [d:i32 <- a:i64 b:i64] { i64_le_s(a, b) }
            I64LeU "i64.le_u" pure [d:i32 <- a:i64 b:i64] { i64_le_u(a, b) }
            I64GeS "i64.ge_s" pure [d:i32 <- a:i64 b:i64] { i64_ge_s(a, b) }
            I64GeU "i64.ge_u" pure [d:i32 <- a:i64 b:i64] { i64_ge_u(a, b) }
            I64AddImm "i64.add_imm" pure [d:i64 <- a:i64 b:i64s] { i64_add(a, b) }
            I64MulImm "i64.mul_imm" pure [d:i64 <- a:i64 b:i64s] { i64_mul(a, b) }
            I64AndImm "i64.and_imm" pure [d:i64 <- a:i64 b:i64s] { i64_and(a, b) }
            I64OrImm "i64.or_imm" pure [d:i64 <- a:i64 b:i64s] { i64_or(a, b) }
            I64XorImm "i64.xor_imm" pure [d:i64 <- a:i64 b:i64s] { i64_xor(a, b) }
            I64ShlImm "i64.shl_imm" pure [d:i64 <- a:i64 b:i64s] { i64_shl(a, b) }
            I64ShrSImm "i64.shr_s_imm" pure [d:i64 <- a:i64 b:i64s] { i64_shr_s(a, b) }
            I64ShrUImm "i64.shr_u_imm" pure [d:i64 <- a:i64 b:i64s] { i64_shr_u(a, b) }
            I64RotlImm "i64.rotl_imm" pure [d:i64 <- a:i64 b:i64s] { i64_rotl(a, b) }
            I64RotrImm "i64.rotr_imm" pure [d:i64 <- a:i64 b:i64s] { i64_rotr(a, b) }
            I64EqImm "i64.eq_imm" pure [d:i32 <- a:i64 b:i64s] { i64_eq(a, b) }
            I64NeImm "i64.ne_imm" pure [d:i32 <- a:i64 b:i64s] { i64_ne(a, b) }
            I64LtSImm "i64.lt_s_imm" pure [d:i32 <- a:i64 b:i64s] { i64_lt_s(a, b) }
            I64LtUImm "i64.lt_u_imm" pure [d:i32 <- a:i64 b:i64s] { i64_lt_u(a, b) }
            I64GtSImm "i64.gt_s_imm" pure [d:i32 <- a:i64 b:i64s] { i64_gt_s(a, b) }
            I64GtUImm "i64.gt_u_imm" pure [d:i32 <- a:i64 b:i64s] { i64_gt_u(a, b) }
            I64LeSImm "i64.le_s_imm" pure [d:i32 <- a:i64 b:i64s] { i64_le_s(a, b) }
            I64LeUImm "i64.le_u_imm" pure [d:i32 <- a:i64 b:i64s] { i64_le_u(a, b) }
            I64GeSImm "i64.ge_s_imm" pure [d:i32 <- a:i64 b:i64s] { i64_ge_s(a, b) }
            I64GeUImm "i64.ge_u_imm" pure [d:i32 <- a:i64 b:i64s] { i64_ge_u(a, b) }
            // i64: an immediate on the left, where the operator is not commutative.
            I64ImmSub "i64.imm_sub" pure [d:i64 <- a:i64s b:i64] { i64_sub(a, b) }
            I64ImmShl "i64.imm_shl" pure [d:i64 <- a:i64s b:i64] { i64_shl(a, b) }
            I64ImmShrS "i64.imm_shr_s" pure [d:i64 <- a:i64s b:i64] { i64_shr_s(a, b) }
            I64ImmShrU "i64.imm_shr_u" pure [d:i64 <- a:i64s b:i64] { i64_shr_u(a, b) }
            // i64: a sign-extended 32-bit immediate.
            I64AddImm32 "i64.add_imm32" pure [d:i64 <- a:i64 b:i64w] { i64_add(a, b) }
            I64MulImm32 "i64.mul_imm32" pure [d:i64 <- a:i64 b:i64w] { i64_mul(a, b) }
            I64AndImm32 "i64.and_imm32" pure [d:i64 <- a:i64 b:i64w] { i64_and(a, b) }
            I64OrImm32 "i64.or_imm32" pure [d:i64 <- a:i64 b:i64w] { i64_or(a, b) }
            I64XorImm32 "i64.xor_imm32" pure [d:i64 <- a:i64 b:i64w] { i64_xor(a, b) }
            // A 64-bit one.
            I64AddImm64 "i64.add_imm64" pure [d:i64 <- a:i64 b:i64c] { i64_add(a, b) }
            I64MulImm64 "i64.mul_imm64" pure [d:i64 <- a:i64 b:i64c] { i64_mul(a, b) }
            I64AndImm64 "i64.and_imm64" pure [d:i64 <- a:i64 b:i64c] { i64_and(a, b) }
            I64OrImm64 "i64.or_imm64" pure [d:i64 <- a:i64 b:i64c] { i64_or(a, b) }
            I64XorImm64 "i64.xor_imm64" pure [d:i64 <- a:i64 b:i64c] { i64_xor(a, b) }
            // i64: two operators in one.
            I64MulAdd "i64.mul_add" pure [d:i64 <- a:i64 b:i64 c:i64] { i64_add(i64_mul(a, b), c) }
            // i64: one operand.
            I64Clz "i64.clz" pure [d:i64 <- a:i64] { i64_clz(a) }
            I64Ctz "i64.ctz" pure [d:i64 <- a:i64] { i64_ctz(a) }
            I64Popcnt "i64.popcnt" pure [d:i64 <- a:i64] { i64_popcnt(a) }
            I64Extend8S "i64.extend8_s" pure [d:i64 <- a:i64] { i64_extend8_s(a) }
            I64Extend16S "i64.extend16_s" pure [d:i64 <- a:i64] { i64_extend16_s(a) }
            I64Extend32S "i64.extend32_s" pure [d:i64 <- a:i64] { i64_extend32_s(a) }
            I64Eqz "i64.eqz" pure [d:i32 <- a:i64] { i64_eqz(a) }
            // i64: operators that trap.
            I64DivS "i64.div_s" trap [d:i64 <- a:i64 b:i64] { i64_div_s(a, b) }
            I64DivU "i64.div_u" trap [d:i64 <- a:i64 b:i64] { i64_div_u(a, b) }
            I64RemS "i64.rem_s" trap [d:i64 <- a:i64 b:i64] { i64_rem_s(a, b) }
            I64RemU "i64.rem_u" trap [d:i64 <- a:i64 b:i64] { i64_rem_u(a, b) }
            I64DivSImm "i64.div_s_imm" trap [d:i64 <- a:i64 b:i64s] { i64_div_s(a, b) }
            I64DivUImm "i64.div_u_imm" trap [d:i64 <- a:i64 b:i64s] { i64_div_u(a, b) }
            I64RemSImm "i64.rem_s_imm" trap [d:i64 <- a:i64 b:i64s] { i64_rem_s(a, b) }
            I64RemUImm "i64.rem_u_imm" trap [d:i64 <- a:i64 b:i64s] { i64_rem_u(a, b) }
            // f32: arithmetic and comparisons.
            F32Abs "f32.abs" pure [d:f32 <- a:f32] { f32_abs(a) }
            F32Neg "f32.neg" pure [d:f32 <- a:f32] { f32_neg(a) }
            F32Ceil "f32.ceil" pure [d:f32 <- a:f32] { f32_ceil(a) }
            F32Floor "f32.floor" pure [d:f32 <- a:f32] { f32_floor(a) }
            F32Trunc "f32.trunc" pure [d:f32 <- a:f32] { f32_trunc(a) }
            F32Nearest "f32.nearest" pure [d:f32 <- a:f32] { f32_nearest(a) }
            F32Sqrt "f32.sqrt" pure [d:f32 <- a:f32] { f32_sqrt(a) }
            F32Add "f32.add" pure [d:f32 <- a:f32 b:f32] { f32_add(a, b) }
            F32Sub "f32.sub" pure [d:f32 <- a:f32 b:f32] { f32_sub(a, b) }
            F32Mul "f32.mul" pure [d:f32 <- a:f32 b:f32] { f32_mul(a, b) }
            F32Div "f32.div" pure [d:f32 <- a:f32 b:f32] { f32_div(a, b) }
            F32Min "f32.min" pure [d:f32 <- a:f32 b:f32] { f32_min(a, b) }
            F32Max "f32.max" pure [d:f32 <- a:f32 b:f32] { f32_max(a, b) }
            F32Copysign "f32.copysign" pure [d:f32 <- a:f32 b:f32] { f32_copysign(a, b) }
            F32Eq "f32.eq" pure [d:i32 <- a:f32 b:f32] { f32_eq(a, b) }
            F32Ne "f32.ne" pure [d:i32 <- a:f32 b:f32] { f32_ne(a, b) }
            F32Lt "f32.lt" pure [d:i32 <- a:f32 b:f32] { f32_lt(a, b) }
            F32Gt "f32.gt" pure [d:i32 <- a:f32 b:f32] { f32_gt(a, b) }
            F32Le "f32.le" pure [d:i32 <- a:f32 b:f32] { f32_le(a, b) }
            F32Ge "f32.ge" pure [d:i32 <- a:f32 b:f32] { f32_ge(a, b) }
            // f32: every NaN becomes the positive canonical one (deterministic mode).
            F32Canonicalize "f32.canonicalize" pure [d:f32 <- a:f32] { f32_canonicalize(a) }
            // f64: arithmetic and comparisons.
            F64Abs "f64.abs" pure [d:f64 <- a:f64] { f64_abs(a) }
            F64Neg "f64.neg" pure [d:f64 <- a:f64] { f64_neg(a) }
            F64Ceil "f64.ceil" pure [d:f64 <- a:f64] { f64_ceil(a) }
            F64Floor "f64.floor" pure [d:f64 <- a:f64] { f64_floor(a) }
            F64Trunc "f64.trunc" pure [d:f64 <- a:f64] { f64_trunc(a) }
            F64Nearest "f64.nearest" pure [d:f64 <- a:f64] { f64_nearest(a) }
            F64Sqrt "f64.sqrt" pure [d:f64 <- a:f64] { f64_sqrt(a) }
            F64Add "f64.add" pure [d:f64 <- a:f64 b:f64] { f64_add(a, b) }
            F64Sub "f64.sub" pure [d:f64 <- a:f64 b:f64] { f64_sub(a, b) }
            F64Mul "f64.mul" pure [d:f64 <- a:f64 b:f64] { f64_mul(a, b) }
            F64Div "f64.div" pure [d:f64 <- a:f64 b:f64] { f64_div(a, b) }
            F64Min "f64.min" pure [d:f64 <- a:f64 b:f64] { f64_min(a, b) }
            F64Max "f64.max" pure [d:f64 <- a:f64 b:f64] { f64_max(a, b) }
            F64Copysign "f64.copysign" pure [d:f64 <- a:f64 b:f64] { f64_copysign(a, b) }
            F64Eq "f64.eq" pure [d:i32 <- a:f64 b:f64] { f64_eq(a, b) }
            F64Ne "f64.ne" pure [d:i32 <- a:f64 b:f64] { f64_ne(a, b) }
            F64Lt "f64.lt" pure [d:i32 <- a:f64 b:f64] { f64_lt(a, b) }
            F64Gt "f64.gt" pure [d:i32 <- a:f64 b:f64] { f64_gt(a, b) }
            F64Le "f64.le" pure [d:i32 <- a:f64 b:f64] { f64_le(a, b) }
            F64Ge "f64.ge" pure [d:i32 <- a:f64 b:f64] { f64_ge(a, b) }
            // f64: a product and a sum or difference, each rounded.
            F64MulAdd "f64.mul_add" pure [d:f64 <- a:f64 b:f64 c:f64] { f64_add(f64_mul(a, b), c) }
            F64AddMul "f64.add_mul" pure [d:f64 <- c:f64 a:f64 b:f64] { f64_add(c, f64_mul(a, b)) }
            F64MulSub "f64.mul_sub" pure [d:f64 <- a:f64 b:f64 c:f64] { f64_sub(f64_mul(a, b), c) }
            F64SubMul "f64.sub_mul" pure [d:f64 <- c:f64 a:f64 b:f64] { f64_sub(c, f64_mul(a, b)) }
            // f64: every NaN becomes the positive canonical one (deterministic mode).
            F64Canonicalize "f64.canonicalize" pure [d:f64 <- a:f64] { f64_canonicalize(a) }
            // Conversions. Reinterpretations are copies: a cell holds bits.
            I32WrapI64 "i32.wrap_i64" pure [d:i32 <- a:i64] { i32_wrap_i64(a) }
            I64ExtendI32S "i64.extend_i32_s" pure [d:i64 <- a:i32] { i64_extend_i32_s(a) }
            I64ExtendI32U "i64.extend_i32_u" pure [d:i64 <- a:i32] { i64_extend_i32_u(a) }
            I32TruncF32S "i32.trunc_f32_s" trap [d:i32 <- a:f32] { i32_trunc_f32_s(a) }
            I32TruncF32U "i32.trunc_f32_u" trap [d:i32 <- a:f32] { i32_trunc_f32_u(a) }
            I32TruncF64S "i32.trunc_f64_s" trap [d:i32 <- a:f64] { i32_trunc_f64_s(a) }
            I32TruncF64U "i32.trunc_f64_u" trap [d:i32 <- a:f64] { i32_trunc_f64_u(a) }
            I64TruncF32S "i64.trunc_f32_s" trap [d:i64 <- a:f32] { i64_trunc_f32_s(a) }
            I64TruncF32U "i64.trunc_f32_u" trap [d:i64 <- a:f32] { i64_trunc_f32_u(a) }
            I64TruncF64S "i64.trunc_f64_s" trap [d:i64 <- a:f64] { i64_trunc_f64_s(a) }
            I64TruncF64U "i64.trunc_f64_u" trap [d:i64 <- a:f64] { i64_trunc_f64_u(a) }
            I32TruncSatF32S "i32.trunc_sat_f32_s" pure [d:i32 <- a:f32] { i32_trunc_sat_f32_s(a) }
            I32TruncSatF32U "i32.trunc_sat_f32_u" pure [d:i32 <- a:f32] { i32_trunc_sat_f32_u(a) }
            I32TruncSatF64S "i32.trunc_sat_f64_s" pure [d:i32 <- a:f64] { i32_trunc_sat_f64_s(a) }
            I32TruncSatF64U "i32.trunc_sat_f64_u" pure [d:i32 <- a:f64] { i32_trunc_sat_f64_u(a) }
            I64TruncSatF32S "i64.trunc_sat_f32_s" pure [d:i64 <- a:f32] { i64_trunc_sat_f32_s(a) }
            I64TruncSatF32U "i64.trunc_sat_f32_u" pure [d:i64 <- a:f32] { i64_trunc_sat_f32_u(a) }
            I64TruncSatF64S "i64.trunc_sat_f64_s" pure [d:i64 <- a:f64] { i64_trunc_sat_f64_s(a) }
            I64TruncSatF64U "i64.trunc_sat_f64_u" pure [d:i64 <- a:f64] { i64_trunc_sat_f64_u(a) }
            F32ConvertI32S "f32.convert_i32_s" pure [d:f32 <- a:i32] { f32_convert_i32_s(a) }
            F32ConvertI32U "f32.convert_i32_u" pure [d:f32 <- a:i32] { f32_convert_i32_u(a) }
            F32ConvertI64S "f32.convert_i64_s" pure [d:f32 <- a:i64] { f32_convert_i64_s(a) }
            F32ConvertI64U "f32.convert_i64_u" pure [d:f32 <- a:i64] { f32_convert_i64_u(a) }
            F64ConvertI32S "f64.convert_i32_s" pure [d:f64 <- a:i32] { f64_convert_i32_s(a) }
            F64ConvertI32U "f64.convert_i32_u" pure [d:f64 <- a:i32] { f64_convert_i32_u(a) }
            F64ConvertI64S "f64.convert_i64_s" pure [d:f64 <- a:i64] { f64_convert_i64_s(a) }
            F64ConvertI64U "f64.convert_i64_u" pure [d:f64 <- a:i64] { f64_convert_i64_u(a) }
            F32DemoteF64 "f32.demote_f64" pure [d:f32 <- a:f64] { f32_demote_f64(a) }
            F64PromoteF32 "f64.promote_f32" pure [d:f64 <- a:f32] { f64_promote_f32(a) }
            // Wide arithmetic: the low half first.
            I64Add128 "i64.add128" pure2 [d:i64 e:i64 <- a:i64 b:i64 x:i64 y:i64] { i64_add128(a, b, x, y) }
            I64Sub128 "i64.sub128" pure2 [d:i64 e:i64 <- a:i64 b:i64 x:i64 y:i64] { i64_sub128(a, b, x, y) }
            I64MulWideS "i64.mul_wide_s" pure2 [d:i64 e:i64 <- a:i64 b:i64] { i64_mul_wide_s(a, b) }
            I64MulWideU "i64.mul_wide_u" pure2 [d:i64 e:i64 <- a:i64 b:i64] { i64_mul_wide_u(a, b) }
        } [$($rest)*] $callback }
    };
}
