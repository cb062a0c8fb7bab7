//! Rows of the table of operators: Locals and globals.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! variable_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            LocalGet "local.get" 1 local_get [-> local] (x:local) {}
            LocalSet "local.set" 1 local_set [a:local ->] (x:local) {}
            LocalTee "local.tee" 1 local_tee [a:local -> local] (x:local) {}
            GlobalGet "global.get" 1 global_get [-> global] (g:global) {}
            GlobalSet "global.set" 1 global_set [a:global ->] (g:global) {}
        } [$($rest)*] $($callback)* }
    };
}
