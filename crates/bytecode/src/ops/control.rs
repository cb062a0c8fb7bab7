//! Rows of the op table: Branches, calls, metering.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! control_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // Branches. A branch offset counts words from the start of the branch instruction.
            // The index of a `br_table` is `i + a`; 0 stands for no sum, not for a sum with 0.
            Unreachable "unreachable" unreachable [<-] {  }
            Br "br" br [<- t:rel] {  }
            BrTable "br_table" br_table [<- i:i32 a:i32s n:count] {  }
            Return "return" return_ [<-] {  }
            Return1 "return1" return1 [<- a:any] {  }
            Return2 "return2" return2 [<- a:any b:any] {  }
            // Calls: `w` is the window, the first slot of the arguments and of the results.
            Call "call" call [<- w:win f:func] {  }
            CallImport "call_import" call_import [<- w:win f:func] {  }
            CallIndirect "call_indirect" call_indirect [<- w:win i:addr y:type_ t:table] {  }
            ReturnCall "return_call" return_call [<- w:win f:func] {  }
            ReturnCallImport "return_call_import" return_call_import [<- w:win f:func] {  }
            ReturnCallIndirect "return_call_indirect" return_call_indirect [<- w:win i:addr y:type_ t:table] {  }
            CallRef "call_ref" call_ref [<- w:win a:ref_ y:type_] {  }
            ReturnCallRef "return_call_ref" return_call_ref [<- w:win a:ref_ y:type_] {  }
            // Metering: charge a segment, poll the epoch.
            Charge "charge" charge [<- n:i64c] {  }
            Poll "poll" poll [<-] {  }
            // A count down to the next look at where the program spends its time; no effect.
            Heat "heat" heat [<-] {  }
            // Stubs of the runtime, never part of checked code: attach bytecode, call the host.
            StubAttach "stub.attach" stub_attach [<-] {  }
            StubHost "stub.host" stub_host [<-] {  }
            // Conditional branches: taken when the expression is not zero.
            BrIf "br_if" branch [<- a:i32 t:rel] { a }
            BrIfNot "br_if_not" branch [<- a:i32 t:rel] { i32_eqz(a) }
            BrI32Eq "br_i32.eq" branch [<- a:i32 b:i32 t:rel] { i32_eq(a, b) }
            BrI32Ne "br_i32.ne" branch [<- a:i32 b:i32 t:rel] { i32_ne(a, b) }
            BrI32LtS "br_i32.lt_s" branch [<- a:i32 b:i32 t:rel] { i32_lt_s(a, b) }
            BrI32LtU "br_i32.lt_u" branch [<- a:i32 b:i32 t:rel] { i32_lt_u(a, b) }
            BrI32GtS "br_i32.gt_s" branch [<- a:i32 b:i32 t:rel] { i32_gt_s(a, b) }
            BrI32GtU "br_i32.gt_u" branch [<- a:i32 b:i32 t:rel] { i32_gt_u(a, b) }
            BrI32LeS "br_i32.le_s" branch [<- a:i32 b:i32 t:rel] { i32_le_s(a, b) }
            BrI32LeU "br_i32.le_u" branch [<- a:i32 b:i32 t:rel] { i32_le_u(a, b) }
            BrI32GeS "br_i32.ge_s" branch [<- a:i32 b:i32 t:rel] { i32_ge_s(a, b) }
            BrI32GeU "br_i32.ge_u" branch [<- a:i32 b:i32 t:rel] { i32_ge_u(a, b) }
            BrI32EqImm "br_i32.eq_imm" branch [<- a:i32 b:i32c t:rel] { i32_eq(a, b) }
            BrI32NeImm "br_i32.ne_imm" branch [<- a:i32 b:i32c t:rel] { i32_ne(a, b) }
            BrI32LtSImm "br_i32.lt_s_imm" branch [<- a:i32 b:i32c t:rel] { i32_lt_s(a, b) }
            BrI32LtUImm "br_i32.lt_u_imm" branch [<- a:i32 b:i32c t:rel] { i32_lt_u(a, b) }
            BrI32GtSImm "br_i32.gt_s_imm" branch [<- a:i32 b:i32c t:rel] { i32_gt_s(a, b) }
            BrI32GtUImm "br_i32.gt_u_imm" branch [<- a:i32 b:i32c t:rel] { i32_gt_u(a, b) }
            BrI32LeSImm "br_i32.le_s_imm" branch [<- a:i32 b:i32c t:rel] { i32_le_s(a, b) }
            BrI32LeUImm "br_i32.le_u_imm" branch [<- a:i32 b:i32c t:rel] { i32_le_u(a, b) }
            BrI32GeSImm "br_i32.ge_s_imm" branch [<- a:i32 b:i32c t:rel] { i32_ge_s(a, b) }
            BrI32GeUImm "br_i32.ge_u_imm" branch [<- a:i32 b:i32c t:rel] { i32_ge_u(a, b) }
            BrI64Eq "br_i64.eq" branch [<- a:i64 b:i64 t:rel] { i64_eq(a, b) }
            BrI64Ne "br_i64.ne" branch [<- a:i64 b:i64 t:rel] { i64_ne(a, b) }
            BrI64LtS "br_i64.lt_s" branch [<- a:i64 b:i64 t:rel] { i64_lt_s(a, b) }
            BrI64LtU "br_i64.lt_u" branch [<- a:i64 b:i64 t:rel] { i64_lt_u(a, b) }
            BrI64GtS "br_i64.gt_s" branch [<- a:i64 b:i64 t:rel] { i64_gt_s(a, b) }
            BrI64GtU "br_i64.gt_u" branch [<- a:i64 b:i64 t:rel] { i64_gt_u(a, b) }
            BrI64LeS "br_i64.le_s" branch [<- a:i64 b:i64 t:rel] { i64_le_s(a, b) }
            BrI64LeU "br_i64.le_u" branch [<- a:i64 b:i64 t:rel] { i64_le_u(a, b) }
            BrI64GeS "br_i64.ge_s" branch [<- a:i64 b:i64 t:rel] { i64_ge_s(a, b) }
            BrI64GeU "br_i64.ge_u" branch [<- a:i64 b:i64 t:rel] { i64_ge_u(a, b) }
            BrI64EqImm "br_i64.eq_imm" branch [<- a:i64 b:i64w t:rel] { i64_eq(a, b) }
            BrI64NeImm "br_i64.ne_imm" branch [<- a:i64 b:i64w t:rel] { i64_ne(a, b) }
            BrI64LtSImm "br_i64.lt_s_imm" branch [<- a:i64 b:i64w t:rel] { i64_lt_s(a, b) }
            BrI64LtUImm "br_i64.lt_u_imm" branch [<- a:i64 b:i64w t:rel] { i64_lt_u(a, b) }
            BrI64GtSImm "br_i64.gt_s_imm" branch [<- a:i64 b:i64w t:rel] { i64_gt_s(a, b) }
            BrI64GtUImm "br_i64.gt_u_imm" branch [<- a:i64 b:i64w t:rel] { i64_gt_u(a, b) }
            BrI64LeSImm "br_i64.le_s_imm" branch [<- a:i64 b:i64w t:rel] { i64_le_s(a, b) }
            BrI64LeUImm "br_i64.le_u_imm" branch [<- a:i64 b:i64w t:rel] { i64_le_u(a, b) }
            BrI64GeSImm "br_i64.ge_s_imm" branch [<- a:i64 b:i64w t:rel] { i64_ge_s(a, b) }
            BrI64GeUImm "br_i64.ge_u_imm" branch [<- a:i64 b:i64w t:rel] { i64_ge_u(a, b) }
            // The same with a 64-bit immediate.
            BrI64EqImm64 "br_i64.eq_imm64" branch [<- a:i64 b:i64c t:rel] { i64_eq(a, b) }
            BrI64NeImm64 "br_i64.ne_imm64" branch [<- a:i64 b:i64c t:rel] { i64_ne(a, b) }
            BrI64LtSImm64 "br_i64.lt_s_imm64" branch [<- a:i64 b:i64c t:rel] { i64_lt_s(a, b) }
            BrI64LtUImm64 "br_i64.lt_u_imm64" branch [<- a:i64 b:i64c t:rel] { i64_lt_u(a, b) }
            BrI64GtSImm64 "br_i64.gt_s_imm64" branch [<- a:i64 b:i64c t:rel] { i64_gt_s(a, b) }
            BrI64GtUImm64 "br_i64.gt_u_imm64" branch [<- a:i64 b:i64c t:rel] { i64_gt_u(a, b) }
            BrI64LeSImm64 "br_i64.le_s_imm64" branch [<- a:i64 b:i64c t:rel] { i64_le_s(a, b) }
            BrI64LeUImm64 "br_i64.le_u_imm64" branch [<- a:i64 b:i64c t:rel] { i64_le_u(a, b) }
            BrI64GeSImm64 "br_i64.ge_s_imm64" branch [<- a:i64 b:i64c t:rel] { i64_ge_s(a, b) }
            BrI64GeUImm64 "br_i64.ge_u_imm64" branch [<- a:i64 b:i64c t:rel] { i64_ge_u(a, b) }
            BrI32And "br_i32.and" branch [<- a:i32 b:i32 t:rel] { i32_and(a, b) }
            BrI32AndNot "br_i32.and_not" branch [<- a:i32 b:i32 t:rel] { i32_eqz(i32_and(a, b)) }
            BrI32AndImm "br_i32.and_imm" branch [<- a:i32 b:i32c t:rel] { i32_and(a, b) }
            BrI32AndNotImm "br_i32.and_not_imm" branch [<- a:i32 b:i32c t:rel] { i32_eqz(i32_and(a, b)) }
            BrIfNull "br_if_null" branch [<- a:ref_ t:rel] { ref_is_null(a) }
            BrIfNotNull "br_if_not_null" branch [<- a:ref_ t:rel] { i32_eqz(ref_is_null(a)) }
            BrF32Eq "br_f32.eq" branch [<- a:f32 b:f32 t:rel] { f32_eq(a, b) }
            BrF32Lt "br_f32.lt" branch [<- a:f32 b:f32 t:rel] { f32_lt(a, b) }
            BrF32Gt "br_f32.gt" branch [<- a:f32 b:f32 t:rel] { f32_gt(a, b) }
            BrF32Le "br_f32.le" branch [<- a:f32 b:f32 t:rel] { f32_le(a, b) }
            BrF32Ge "br_f32.ge" branch [<- a:f32 b:f32 t:rel] { f32_ge(a, b) }
            // f32: the negation of a comparison is no comparison (NaN), so it has separate ops.
            BrF32NotEq "br_f32.not_eq" branch [<- a:f32 b:f32 t:rel] { i32_eqz(f32_eq(a, b)) }
            BrF32NotLt "br_f32.not_lt" branch [<- a:f32 b:f32 t:rel] { i32_eqz(f32_lt(a, b)) }
            BrF32NotGt "br_f32.not_gt" branch [<- a:f32 b:f32 t:rel] { i32_eqz(f32_gt(a, b)) }
            BrF32NotLe "br_f32.not_le" branch [<- a:f32 b:f32 t:rel] { i32_eqz(f32_le(a, b)) }
            BrF32NotGe "br_f32.not_ge" branch [<- a:f32 b:f32 t:rel] { i32_eqz(f32_ge(a, b)) }
            BrF64Eq "br_f64.eq" branch [<- a:f64 b:f64 t:rel] { f64_eq(a, b) }
            BrF64Lt "br_f64.lt" branch [<- a:f64 b:f64 t:rel] { f64_lt(a, b) }
            BrF64Gt "br_f64.gt" branch [<- a:f64 b:f64 t:rel] { f64_gt(a, b) }
            BrF64Le "br_f64.le" branch [<- a:f64 b:f64 t:rel] { f64_le(a, b) }
            BrF64Ge "br_f64.ge" branch [<- a:f64 b:f64 t:rel] { f64_ge(a, b) }
            // f64: the negation of a comparison is no comparison (NaN), so it has separate ops.
            BrF64NotEq "br_f64.not_eq" branch [<- a:f64 b:f64 t:rel] { i32_eqz(f64_eq(a, b)) }
            BrF64NotLt "br_f64.not_lt" branch [<- a:f64 b:f64 t:rel] { i32_eqz(f64_lt(a, b)) }
            BrF64NotGt "br_f64.not_gt" branch [<- a:f64 b:f64 t:rel] { i32_eqz(f64_gt(a, b)) }
            BrF64NotLe "br_f64.not_le" branch [<- a:f64 b:f64 t:rel] { i32_eqz(f64_le(a, b)) }
            BrF64NotGe "br_f64.not_ge" branch [<- a:f64 b:f64 t:rel] { i32_eqz(f64_ge(a, b)) }
            // f64: the second operand is an immediate.
            BrF64EqImm "br_f64.eq_imm" branch [<- a:f64 b:f64c t:rel] { f64_eq(a, b) }
            BrF64LtImm "br_f64.lt_imm" branch [<- a:f64 b:f64c t:rel] { f64_lt(a, b) }
            BrF64GtImm "br_f64.gt_imm" branch [<- a:f64 b:f64c t:rel] { f64_gt(a, b) }
            BrF64LeImm "br_f64.le_imm" branch [<- a:f64 b:f64c t:rel] { f64_le(a, b) }
            BrF64GeImm "br_f64.ge_imm" branch [<- a:f64 b:f64c t:rel] { f64_ge(a, b) }
            BrF64NotEqImm "br_f64.not_eq_imm" branch [<- a:f64 b:f64c t:rel] { i32_eqz(f64_eq(a, b)) }
            BrF64NotLtImm "br_f64.not_lt_imm" branch [<- a:f64 b:f64c t:rel] { i32_eqz(f64_lt(a, b)) }
            BrF64NotGtImm "br_f64.not_gt_imm" branch [<- a:f64 b:f64c t:rel] { i32_eqz(f64_gt(a, b)) }
            BrF64NotLeImm "br_f64.not_le_imm" branch [<- a:f64 b:f64c t:rel] { i32_eqz(f64_le(a, b)) }
            BrF64NotGeImm "br_f64.not_ge_imm" branch [<- a:f64 b:f64c t:rel] { i32_eqz(f64_ge(a, b)) }
            // A result and the branch behind it: of a loop's counter, or of a value that a block
            // leaves.
            I32AddImmBrIf "i32.add_imm_br_if" pure_branch [d:i32 <- a:i32 k:i32s t:rel] { { let v = i32_add(a, k); (v, v) } }
            I32AddImmBrNe "i32.add_imm_br_ne" pure_branch [d:i32 <- a:i32 k:i32s b:i32 t:rel] { { let v = i32_add(a, k); (v, i32_ne(v, b)) } }
            I32AddImmBrNeImm "i32.add_imm_br_ne_imm" pure_branch [d:i32 <- a:i32 k:i32s b:i32c t:rel] { { let v = i32_add(a, k); (v, i32_ne(v, b)) } }
            I32AddImmBrLtU "i32.add_imm_br_lt_u" pure_branch [d:i32 <- a:i32 k:i32s b:i32 t:rel] { { let v = i32_add(a, k); (v, i32_lt_u(v, b)) } }
            I32AddImmBrLtS "i32.add_imm_br_lt_s" pure_branch [d:i32 <- a:i32 k:i32s b:i32 t:rel] { { let v = i32_add(a, k); (v, i32_lt_s(v, b)) } }
            Const32BrIfNot "const32_br_if_not" pure_branch [d:i32 <- k:i32c a:i32 t:rel] { (k, i32_eqz(a)) }
            I32AddImmBr "i32.add_imm_br" pure_br [d:i32 <- a:i32 k:i32s t:rel] { i32_add(a, k) }
            CopyBr "copy_br" pure_br [d:any <- a:any t:rel] { a }
            Const32Br "const32_br" pure_br [d:i32 <- k:i32c t:rel] { k }
        } [$($rest)*] $callback }
    };
}
