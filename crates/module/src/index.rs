//! Typed indices into a module's index spaces: a `u32` of the binary → a type that cannot be mixed
//! up with another (specification 2.5.1).
//!
//! Each type prints with its own prefix (`func12`), and dereferences to nothing: `.0` is the
//! number, [`index`](FuncIdx::index) the slice position. A mixed-up index does not compile, so no
//! test looks for one.

use std::fmt;

/// Declares one index type: a `u32` newtype with a prefixed `Display`.
macro_rules! index_type {
    ($($(#[$doc:meta])* $name:ident $prefix:literal)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in a slice ordered by this index space.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<u32> for $name {
            #[inline]
            fn from(index: u32) -> $name {
                $name(index)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

index_type! {
    /// A type of a module, recursion groups flattened.
    TypeIdx "type"
    /// A function of a module, imports first.
    FuncIdx "func"
    /// A table of a module, imports first.
    TableIdx "table"
    /// A memory of a module, imports first.
    MemoryIdx "memory"
    /// A global of a module, imports first.
    GlobalIdx "global"
    /// A tag of a module, imports first.
    TagIdx "tag"
    /// An element segment of a module.
    ElemIdx "elem"
    /// A data segment of a module.
    DataIdx "data"
    /// A local of a function, parameters first.
    LocalIdx "local"
    /// A label by its relative nesting depth: 0 is the innermost block.
    LabelIdx "label"
}
