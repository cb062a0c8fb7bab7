//! Rows of the op table: Globals.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! variable_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // Globals of the current instance, in one cell or two.
            GlobalGet "global.get" quick [d:any <- g:global] cx { cx.global_get(g) }
            GlobalGetV128 "global.get_v128" quick [d:v128 <- g:global] cx { cx.global_get_v128(g) }
            GlobalSet "global.set" quick0 [<- g:global a:any] cx { cx.global_set(g, a) }
            // A global and an immediate, and a sum that goes to a slot and to a global.
            GlobalGetAddImm "global.get_add_imm" quick [d:i32 <- g:global k:i32s] cx { i32_add(i32_of(cx.global_get(g)), k) }
            GlobalSetAddImm "global.set_add_imm" quick [d:i32 <- g:global a:i32 k:i32s] cx { { let v = i32_add(a, k); cx.global_set(g, cell(v)); v } }
            GlobalSetV128 "global.set_v128" quick0 [<- g:global a:v128] cx { cx.global_set_v128(g, a) }
        } [$($rest)*] $callback }
    };
}
