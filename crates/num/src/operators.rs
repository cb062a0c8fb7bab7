//! Rows `"mnemonic": name(operands) -> result { body }` → public, documented, inlined functions.
//!
//! Families write their operators as rows so that a family reads as the table it is. Besides the
//! functions, a family gets `NAMES`, the names it defines, from which `list.rs` tests that
//! [`for_each_num!`](crate::for_each_num) lists them all (invariant 6 of the crate).

/// Defines one public function per row. The brackets hold the inlining of the whole family.
macro_rules! operators {
    ([$inline:meta] $($(#[$attribute:meta])* $mnemonic:literal:
      $name:ident($($operand:ident: $type:ty),*) -> $result:ty $body:block)*) => {
        $(
            #[doc = concat!("`", $mnemonic, "`")]
            #[doc = ""]
            $(#[$attribute])*
            #[$inline]
            pub fn $name($($operand: $type),*) -> $result $body
        )*

        /// The operators of this family, in the order of their rows.
        #[cfg(test)]
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

pub(crate) use operators;
