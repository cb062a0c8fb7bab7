//! Wasm's numeric operators as heads of terms: one [`Prim`] for each function of `prova-num`.
//!
//! The list and its order are those of `prova_num::for_each_num!`, so that an operator cannot be
//! missing here.

macro_rules! define {
    ($(($name:ident ($($arg:ident : $ty:ty),*) -> $($ret:tt)*))*) => {
        /// A numeric operator, named like its function in `prova-num`; ordered as
        /// `prova_num::for_each_num!` lists them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[allow(non_camel_case_types, reason = "the names are those of the operators")]
        #[allow(missing_docs, reason = "each is documented as a function of prova-num")]
        pub enum Prim { $($name),* }

        impl Prim {
            /// All operators in their order.
            pub const ALL: &[Prim] = &[$(Prim::$name),*];

            /// Whether its result has two cells.
            #[inline]
            pub const fn wide(self) -> bool {
                match self { $(Prim::$name => define!(@wide $($ret)*)),* }
            }

            /// The number of its operands, from 1 to 4.
            #[inline]
            pub const fn arity(self) -> usize {
                match self { $(Prim::$name => [$(stringify!($arg)),*].len()),* }
            }
        }

        // A node has room for four operands.
        $(const _: () = assert!(matches!(Prim::$name.arity(), 1..=4));)*
    };
    (@wide u128) => { true };
    (@wide $($ret:tt)*) => { false };
}
prova_num::for_each_num!(define);

impl Prim {
    /// Whether its operands may change places (R1).
    #[inline]
    pub const fn commutes(self) -> bool {
        use Prim as P;
        matches!(
            self,
            P::i32_add
                | P::i32_mul
                | P::i32_and
                | P::i32_or
                | P::i32_xor
                | P::i32_eq
                | P::i32_ne
                | P::i64_add
                | P::i64_mul
                | P::i64_and
                | P::i64_or
                | P::i64_xor
                | P::i64_eq
                | P::i64_ne
        )
    }

    /// Whether it gives the bits of its operand as they are (R5).
    #[inline]
    pub const fn keeps_bits(self) -> bool {
        use Prim as P;
        matches!(
            self,
            P::i32_reinterpret_f32
                | P::i64_reinterpret_f64
                | P::f32_reinterpret_i32
                | P::f64_reinterpret_i64
                | P::i32_load
                | P::i64_load
                | P::f32_load
                | P::f64_load
                | P::v128_load
                | P::i32_store
                | P::i64_store
                | P::f32_store
                | P::f64_store
                | P::v128_store
        )
    }
}
