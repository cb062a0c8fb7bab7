//! Rows of the table of operators: References to functions, and null.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! reference_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            RefNull "ref.null" 1 null [-> ref_] (h:heap) {}
            RefIsNull "ref.is_null" 1 pure [a:ref_ -> i32] () { ref_is_null(a) }
            RefFunc "ref.func" 1 quick [-> func_ref] (f:func) cx { cx.ref_func(f) }
            RefAsNonNull "ref.as_non_null" 1 effect [a:ref_ -> non_null] () cx { cx.ref_as_non_null(a) }
        } [$($rest)*] $($callback)* }
    };
}
