//! Rows of the op table: Copies, constants, select.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! parametric_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // Copies and constants.
            Copy "copy" pure [d:any <- a:any] { a }
            // The same as floats: what is in a float's accumulator. Of a cell, `copy_f32` copies no
            // more than 32 bits (F8 of the check).
            CopyF32 "copy_f32" pure [d:f32 <- a:f32] { a }
            CopyF64 "copy_f64" pure [d:f64 <- a:f64] { a }
            CopyV128 "copy_v128" pure [d:v128 <- a:v128] { a }
            // Two copies at once: both sources are read before either destination is written.
            Copy2 "copy2" pure2 [d:any e:any <- a:any b:any] { (a, b) }
            // A 32-bit constant (i32, f32 bits), a sign-extended one (i64), a 64-bit one, a 128-bit
            // one.
            Const32 "const32" pure [d:i32 <- a:i32c] { a }
            Const64S32 "const64_s32" pure [d:i64 <- a:i64w] { a }
            Const64 "const64" pure [d:i64 <- a:i64c] { a }
            Const128 "const128" pure [d:v128 <- a:v128c] { a }
            // `a` where the condition is not zero, else `b`.
            Select "select" pure [d:any <- a:any b:any c:i32] { select(a, b, c) }
            // One of both is an immediate: of 32 bits, sign-extended or not.
            SelectImm "select_imm" pure [d:any <- a:any b:i64w c:i32] { select(a, b, c) }
            SelectImm32 "select_imm32" pure [d:any <- a:any b:i32c c:i32] { select(a, cell(b), c) }
            ImmSelect "imm_select" pure [d:any <- a:i64w b:any c:i32] { select(a, b, c) }
            Imm32Select "imm32_select" pure [d:any <- a:i32c b:any c:i32] { select(cell(a), b, c) }
            SelectV128 "select_v128" pure [d:v128 <- a:v128 b:v128 c:i32] { select(a, b, c) }
        } [$($rest)*] $callback }
    };
}
