//! Rows of the op table: References.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! reference_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // The null reference is the cell 0, so `ref.null` is a constant.
            RefIsNull "ref.is_null" pure [d:i32 <- a:ref_] { ref_is_null(a) }
            RefFunc "ref.func" quick [d:ref_ <- f:func] cx { cx.ref_func(f) }
            // The value stays where it is.
            RefAsNonNull "ref.as_non_null" guard [<- a:ref_] cx { cx.ref_as_non_null(a) }
        } [$($rest)*] $callback }
    };
}
