//! The symbolic side of the op table's expressions: each numeric operator as a constructor of terms.
//!
//! The rows of the op table name operators of `prova-num`; where the check expands them, the names resolve to the functions
//! of [`operators`], of the same name and arity, which build a term where an executor computes a value. Both lists come
//! from `prova_num::for_each_num!`, so an operator cannot be missing on one side.

use prova_terms::{Prim, Terms, Vn};
use std::cell::RefCell;

/// A term together with the table it is in.
#[derive(Clone, Copy)]
pub(super) struct Sym<'t> {
    vn: Vn,
    terms: &'t RefCell<Terms>,
}

impl<'t> Sym<'t> {
    #[inline]
    pub(super) fn new(vn: Vn, terms: &'t RefCell<Terms>) -> Sym<'t> {
        Sym { vn, terms }
    }

    /// An immediate.
    #[inline]
    pub(super) fn number(number: u64, terms: &'t RefCell<Terms>) -> Sym<'t> {
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
            pub(in super::super) fn select<'t>(a: Sym<'t>, b: Sym<'t>, c: Sym<'t>) -> Sym<'t> {
                let [x, y, z] = [a.vn(), b.vn(), c.vn()];
                Sym::new(a.terms.borrow_mut().select(x, y, z), a.terms)
            }

            /// `ref.is_null`.
            pub(in super::super) fn ref_is_null<'t>(a: Sym<'t>) -> Sym<'t> {
                let x = a.vn();
                Sym::new(a.terms.borrow_mut().is_null(x), a.terms)
            }
        }
    };
    (@ $name:ident ($first:ident $($arg:ident)*) -> (u64, u64)) => {
        pub(in super::super) fn $name<'t>($first: Sym<'t> $(, $arg: Sym<'t>)*) -> (Sym<'t>, Sym<'t>) {
            let args = [$first.vn() $(, $arg.vn())*];
            let mut terms = $first.terms.borrow_mut();
            let low = terms.pure_again(Prim::$name, &args);
            let high = terms.second(low);
            (Sym::new(low, $first.terms), Sym::new(high, $first.terms))
        }
    };
    (@ $name:ident ($first:ident $($arg:ident)*) -> $($ret:tt)*) => {
        pub(in super::super) fn $name<'t>($first: Sym<'t> $(, $arg: Sym<'t>)*) -> Sym<'t> {
            let args = [$first.vn() $(, $arg.vn())*];
            Sym::new($first.terms.borrow_mut().pure_again(Prim::$name, &args), $first.terms)
        }
    };
}
prova_num::for_each_num!(define);
