//! Rows of the op table: Exceptions.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! exception_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // The values thrown lie in the window; the handlers of each frame decide where control
            // goes.
            Throw "throw" throw [<- w:win g:tag] {  }
            ThrowRef "throw_ref" throw_ref [<- a:ref_] {  }
        } [$($rest)*] $callback }
    };
}
