//! Rows of the op table: Exceptions.
//!
//! The columns are explained in [`crate::ops`].

#[doc(hidden)]
#[macro_export]
macro_rules! exception_ops {
    ({ $($rows:tt)* } [$next:ident $($rest:ident)*] $callback:ident) => {
        $crate::$next! { { $($rows)*
            // What is thrown lies in the window; where it goes, the handlers of each frame say.
            Throw "throw" throw [<- w:win g:tag] {  }
            ThrowRef "throw_ref" throw_ref [<- a:ref_] {  }
        } [$($rest)*] $callback }
    };
}
