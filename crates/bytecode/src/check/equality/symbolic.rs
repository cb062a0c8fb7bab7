//! The symbolic side of the expressions of both tables: each numeric operator as a constructor of
//! terms.
//!
//! The rows of the op table and those of the table of Wasm operators name operators of `prova-num`;
//! where the check expands them, the names resolve to the functions of [`operators`], of the same
//! name and arity, which build a term where an executor computes a value. Both lists come from
//! `prova_num::for_each_num!`, so an operator cannot be missing on one side.
//!
//! `AGAIN` is the side: the code mostly builds what the Wasm has built before (`prova-terms`).

use prova_terms::{Prim, Terms, Vn};
use std::cell::RefCell;

/// A term together with the table it is in.
#[derive(Clone, Copy)]
pub(super) struct Sym<'t, const AGAIN: bool> {
    vn: Vn,
    terms: &'t RefCell<Terms>,
}

impl<'t, const AGAIN: bool> Sym<'t, AGAIN> {
    #[inline]
    pub(super) fn new(vn: Vn, terms: &'t RefCell<Terms>) -> Sym<'t, AGAIN> {
        Sym { vn, terms }
    }

    /// An immediate.
    #[inline]
    pub(super) fn number(number: u64, terms: &'t RefCell<Terms>) -> Sym<'t, AGAIN> {
        Sym { vn: terms.borrow_mut().constant(number), terms }
    }

    #[inline]
    pub(super) fn vn(self) -> Vn {
        self.vn
    }
}

macro_rules! define {
    ($(($name:ident ($($arg:ident : $ty:ty),*) -> $($ret:tt)*))*) => {
        /// One constructor of terms per operator.
        #[allow(dead_code, reason = "an operator that no row and no Wasm operator uses is still listed")]
        pub(super) mod operators {
            use super::*;
            $(define!(@ $name ($($arg)*) -> $($ret)*);)*

            /// `select`.
            pub(in super::super) fn select<'t, const AGAIN: bool>(
                a: Sym<'t, AGAIN>,
                b: Sym<'t, AGAIN>,
                c: Sym<'t, AGAIN>,
            ) -> Sym<'t, AGAIN> {
                let [x, y, z] = [a.vn(), b.vn(), c.vn()];
                Sym::new(a.terms.borrow_mut().select(x, y, z), a.terms)
            }

            /// A cell holds bits, so what is only read otherwise is the same term.
            pub(in super::super) fn cell<const AGAIN: bool>(a: Sym<'_, AGAIN>) -> Sym<'_, AGAIN> { a }
            pub(in super::super) use {
                cell as f32_bits, cell as f32_of, cell as f64_bits, cell as f64_of, cell as i32_of,
            };

            /// `ref.is_null`.
            pub(in super::super) fn ref_is_null<const AGAIN: bool>(a: Sym<'_, AGAIN>) -> Sym<'_, AGAIN> {
                let x = a.vn();
                Sym::new(a.terms.borrow_mut().is_null(x), a.terms)
            }
        }
    };
    (@ $name:ident ($first:ident $($arg:ident)*) -> (u64, u64)) => {
        pub(in super::super) fn $name<'t, const AGAIN: bool>(
            $first: Sym<'t, AGAIN> $(, $arg: Sym<'t, AGAIN>)*
        ) -> (Sym<'t, AGAIN>, Sym<'t, AGAIN>) {
            let args = [$first.vn() $(, $arg.vn())*];
            let mut terms = $first.terms.borrow_mut();
            let low = define!(@build terms $name args);
            let high = terms.second(low);
            (Sym::new(low, $first.terms), Sym::new(high, $first.terms))
        }
    };
    (@ $name:ident ($first:ident $($arg:ident)*) -> $($ret:tt)*) => {
        pub(in super::super) fn $name<'t, const AGAIN: bool>(
            $first: Sym<'t, AGAIN> $(, $arg: Sym<'t, AGAIN>)*
        ) -> Sym<'t, AGAIN> {
            let args = [$first.vn() $(, $arg.vn())*];
            let mut terms = $first.terms.borrow_mut();
            Sym::new(define!(@build terms $name args), $first.terms)
        }
    };
    (@build $terms:ident $name:ident $args:ident) => {
        if AGAIN { $terms.pure_again(Prim::$name, &$args) } else { $terms.pure(Prim::$name, &$args) }
    };
}
prova_num::for_each_num!(define);
