//! Rows of the table of operators: `drop`, `select`.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! parametric_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            Drop "drop" 0 drop_ [a:same ->] () {}
            Select "select" 1 select [a:same b:same c:i32 -> same] () { select(a, b, c) }
            TypedSelect "select" 1 select [a:same b:same c:i32 -> same] (y:val) { select(a, b, c) }
            TypedSelectMulti "select" 1 refused [a:many -> many] (y:vals) {}
        } [$($rest)*] $($callback)* }
    };
}
