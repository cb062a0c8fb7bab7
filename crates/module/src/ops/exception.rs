//! Rows of the table of operators: `try_table` and throws; the legacy operators are in `refused`.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! exception_wasm_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $($callback:tt)*) => {
        $crate::$next! { { $($rows)*
            TryTable "try_table" 0 try_table [a:block_params -> block_params] (b:try_table) {}
            Throw "throw" 1 throw [a:params ->] (g:tag) {}
            ThrowRef "throw_ref" 1 throw_ref [a:exn ->] () {}
        } [$($rest)*] $($callback)* }
    };
}
