//! The kinds of operands: what the lanes of an operand hold and how wide they are.
//!
//! [`Kind`] is the data form (encoder, text, check); the unit types of [`marker`] are the type
//! form, on which an executor hangs its readers, so that a row's token selects a reader at compile
//! time. One macro writes both, so they cannot differ.
//!
//! Limits: an operand is at most 8 lanes (128 bits).

use super::RegClass;

macro_rules! class {
    () => {
        None
    };
    ($class:ident) => {
        Some(RegClass::$class)
    };
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $lanes:literal $cells:literal [$($class:ident)?])*) => {
        /// The contents of an operand's lanes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(non_camel_case_types, reason = "the names are the tokens of the rows")]
        pub enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// Width in 16-bit lanes: 1, 2, 4 or 8.
            pub const fn lanes(self) -> u8 {
                match self { $(Kind::$name => $lanes),* }
            }

            /// The number of cells that a slot operand names; 0 for an immediate.
            pub const fn cells(self) -> u8 {
                match self { $(Kind::$name => $cells),* }
            }

            /// The class of the accumulator that an operand of the kind can be in.
            pub const fn class(self) -> Option<RegClass> {
                match self { $(Kind::$name => class!($($class)?)),* }
            }
        }

        /// One unit type per kind.
        pub mod marker {
            $($(#[$doc])*
            #[allow(non_camel_case_types, reason = "the names are the tokens of the rows")]
            pub struct $name;)*
        }
    };
}

kinds! {
    /// A slot with an i32.
    i32 1 1 [Int]
    /// A slot with an i64.
    i64 1 1 [Int]
    /// A slot with an f32.
    f32 1 1 [F32]
    /// A slot with an f64.
    f64 1 1 [F64]
    /// Two adjacent slots with a v128.
    v128 1 2 []
    /// A slot with a reference: a store index + 1, or 0 for null.
    ref_ 1 1 [Int]
    /// A slot with an address, index or length: an i32 zero-extended, or an i64.
    addr 1 1 [Int]
    /// A slot whose cell is moved and not looked at.
    any 1 1 [Int]
    /// A 16-bit immediate, sign-extended to an i32.
    i32s 1 0 []
    /// A 16-bit immediate, sign-extended to an i64.
    i64s 1 0 []
    /// A 32-bit immediate.
    i32c 2 0 []
    /// A 32-bit immediate, sign-extended to an i64.
    i64w 2 0 []
    /// A 64-bit immediate.
    i64c 4 0 []
    /// A 64-bit immediate, the bits of an f64.
    f64c 4 0 []
    /// A 128-bit immediate.
    v128c 8 0 []
    /// A branch offset in words from the start of the instruction, signed, 32 bits.
    rel 2 0 []
    /// A memory offset in bytes, unsigned, 16 bits.
    off16 1 0 []
    /// A memory offset in bytes, unsigned, 32 bits.
    off32 2 0 []
    /// A memory offset in bytes, unsigned, 64 bits.
    off64 4 0 []
    /// A lane index of a v128.
    lane 1 0 []
    /// The first slot of a call window.
    win 1 0 []
    /// A number of branch targets.
    count 2 0 []
    /// A function index of the module.
    func 2 0 []
    /// A type index of the module.
    type_ 2 0 []
    /// A table index of the module.
    table 2 0 []
    /// A memory index of the module.
    mem 2 0 []
    /// A global index of the module.
    global 2 0 []
    /// An element segment index of the module.
    elem 2 0 []
    /// A data segment index of the module.
    data 2 0 []
    /// A tag index of the module.
    tag 2 0 []
}
