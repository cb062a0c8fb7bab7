//! Rust types that stand for WebAssembly types, and functions called with them.
//!
//! `value` states how a value lies in cells; `host` uses the same traits in the other direction.

use crate::error::{OrBug, Result, misuse};
use crate::func::Func;
use crate::reference::{ExnRef, GcRef, I31, OwnedRooted, Ref, Rooted, cell_of_i31, i31_of};
use crate::store::{AsContextMut, InStore};
use crate::types::{FuncType, HeapType, RefType, ValType};
use crate::value::V128;
use prova_module::RefKind;
use prova_runtime::Cell;
use std::fmt;
use std::marker::PhantomData;

/// Calls a macro with each list of type parameters, from none to 16.
macro_rules! for_each_arity {
    ($macro:ident) => {
        $macro!();
        $macro!(A1);
        $macro!(A1 A2);
        $macro!(A1 A2 A3);
        $macro!(A1 A2 A3 A4);
        $macro!(A1 A2 A3 A4 A5);
        $macro!(A1 A2 A3 A4 A5 A6);
        $macro!(A1 A2 A3 A4 A5 A6 A7);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15);
        $macro!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16);
    };
}
pub(crate) use for_each_arity;

/// Cells of 16 parameters, none of which takes more than two.
pub(crate) const CELLS_MAX: usize = 32;

/// A Rust type that stands for one WebAssembly type: `i32` and `u32`, `i64` and `u64`, `f32`,
/// `f64`, [`V128`]; for references that are not null [`Func`], [`ExnRef`], [`I31`], and [`Rooted`]
/// and [`OwnedRooted`] of a [`GcRef`]; and `Option`s of them.
///
/// ```
/// use prova_core::*;
///
/// assert_eq!((<u32 as WasmTy>::TYPE, <V128 as WasmTy>::TYPE), (ValType::I32, ValType::V128));
/// assert!(<Option<Func> as WasmTy>::TYPE.is_ref());
/// ```
pub trait WasmTy: Send + 'static + sealed::Ty {
    /// The WebAssembly type.
    const TYPE: ValType;

    #[doc(hidden)]
    fn read(cells: &[Cell], store: sealed::In<'_>) -> Self;

    #[doc(hidden)]
    fn write(self, cells: &mut [Cell], store: sealed::In<'_>) -> Result<()>;
}

mod sealed {
    pub trait Ty {}
    pub trait List {}
    pub(crate) use crate::store::InStore as In;
}

/// Implements [`WasmTy`]: how the value is read from its bits, and written to them.
macro_rules! wasm_ty {
    ($($ty:ty => $wasm:ident, $cell:ident => $read:expr, $value:ident => $write:expr;)*) => {$(
        impl sealed::Ty for $ty {}

        impl WasmTy for $ty {
            const TYPE: ValType = ValType::$wasm;

            fn read(cells: &[Cell], _: InStore<'_>) -> $ty {
                let $cell = cells[0];
                $read
            }

            fn write(self, cells: &mut [Cell], _: InStore<'_>) -> Result<()> {
                let $value = self;
                cells[0] = $write;
                Ok(())
            }
        }
    )*};
}

wasm_ty! {
    i32 => I32, cell => cell as i32, x => Cell::from(x as u32);
    u32 => I32, cell => cell as u32, x => Cell::from(x);
    i64 => I64, cell => cell as i64, x => x as u64;
    u64 => I64, cell => cell, x => x;
    f32 => F32, cell => f32::from_bits(cell as u32), x => x.to_bits().into();
    f64 => F64, cell => f64::from_bits(cell), x => x.to_bits();
}

/// Implements [`WasmTy`] for a handle, which is never null, and for an `Option` of it.
macro_rules! wasm_ty_ref {
    ($($handle:ty, $kind:ident;)*) => {$(
        impl sealed::Ty for Option<$handle> {}
        impl sealed::Ty for $handle {}

        impl WasmTy for Option<$handle> {
            const TYPE: ValType = ValType::Ref(RefType::new(true, HeapType::$kind));

            fn read(cells: &[Cell], store: InStore<'_>) -> Option<$handle> {
                match Ref::of_kind(RefKind::$kind, cells[0], store) {
                    Ref::$kind(reference) => reference,
                    _ => None,
                }
            }

            fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
                let reference = Ref::$kind(self);
                if !reference.belongs_to(store.id) {
                    misuse!("a value refers to an object of another store");
                }
                cells[0] = reference.to_cell(store.rt);
                Ok(())
            }
        }

        impl WasmTy for $handle {
            const TYPE: ValType = ValType::Ref(RefType::new(false, HeapType::$kind));

            fn read(cells: &[Cell], store: InStore<'_>) -> $handle {
                let reference = <Option<$handle> as WasmTy>::read(cells, store);
                reference.or_bug("a value of a type without null is not null")
            }

            fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
                WasmTy::write(Some(self), cells, store)
            }
        }
    )*};
}

wasm_ty_ref! {
    Func, Func;
    ExnRef, Exn;
}

impl<T: GcRef> sealed::Ty for Rooted<T> {}
impl<T: GcRef> sealed::Ty for OwnedRooted<T> {}
impl<T: GcRef> sealed::Ty for Option<Rooted<T>> {}
impl<T: GcRef> sealed::Ty for Option<OwnedRooted<T>> {}

impl<T: GcRef> WasmTy for Rooted<T> {
    const TYPE: ValType = ValType::Ref(RefType::new(false, T::HEAP));

    fn read(cells: &[Cell], store: InStore<'_>) -> Rooted<T> {
        let reference = <Option<Rooted<T>> as WasmTy>::read(cells, store);
        reference.or_bug("a value of a type without null is not null")
    }

    fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
        self.handle().check(store)?;
        cells[0] = self.to_cell(store.rt);
        Ok(())
    }
}

impl<T: GcRef> WasmTy for Option<Rooted<T>> {
    const TYPE: ValType = ValType::Ref(RefType::new(true, T::HEAP));

    fn read(cells: &[Cell], store: InStore<'_>) -> Option<Rooted<T>> {
        (cells[0] != 0).then(|| Rooted::of_cell(cells[0], store))
    }

    fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
        cells[0] = 0;
        self.map_or(Ok(()), |reference| WasmTy::write(reference, cells, store))
    }
}

impl<T: GcRef> WasmTy for OwnedRooted<T> {
    const TYPE: ValType = ValType::Ref(RefType::new(false, T::HEAP));

    fn read(cells: &[Cell], store: InStore<'_>) -> OwnedRooted<T> {
        let reference = <Option<OwnedRooted<T>> as WasmTy>::read(cells, store);
        reference.or_bug("a value of a type without null is not null")
    }

    fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
        let cell = self.handle().check(store)?;
        // The scope of the call keeps it from now on.
        WasmTy::write(Rooted::<T>::of_cell(cell, store), cells, store)
    }
}

impl<T: GcRef> WasmTy for Option<OwnedRooted<T>> {
    const TYPE: ValType = ValType::Ref(RefType::new(true, T::HEAP));

    fn read(cells: &[Cell], store: InStore<'_>) -> Option<OwnedRooted<T>> {
        (cells[0] != 0).then(|| OwnedRooted::of_cell(cells[0], store))
    }

    fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
        cells[0] = 0;
        self.map_or(Ok(()), |reference| WasmTy::write(reference, cells, store))
    }
}

impl sealed::Ty for I31 {}
impl sealed::Ty for Option<I31> {}

impl WasmTy for I31 {
    const TYPE: ValType = ValType::Ref(RefType::new(false, HeapType::I31));

    fn read(cells: &[Cell], _: InStore<'_>) -> I31 {
        // Machine code may have given another number.
        i31_of(cells[0]).unwrap_or_default()
    }

    fn write(self, cells: &mut [Cell], _: InStore<'_>) -> Result<()> {
        cells[0] = cell_of_i31(self);
        Ok(())
    }
}

impl WasmTy for Option<I31> {
    const TYPE: ValType = ValType::I31REF;

    fn read(cells: &[Cell], _: InStore<'_>) -> Option<I31> {
        i31_of(cells[0])
    }

    fn write(self, cells: &mut [Cell], _: InStore<'_>) -> Result<()> {
        cells[0] = self.map_or(0, cell_of_i31);
        Ok(())
    }
}

impl sealed::Ty for V128 {}

impl WasmTy for V128 {
    const TYPE: ValType = ValType::V128;

    fn read(cells: &[Cell], _: InStore<'_>) -> V128 {
        V128::of_cells(cells)
    }

    fn write(self, cells: &mut [Cell], _: InStore<'_>) -> Result<()> {
        self.to_cells(cells);
        Ok(())
    }
}

/// A list of parameters: a [`WasmTy`], or a tuple of up to 16.
///
/// ```
/// use prova_core::*;
///
/// fn call_with<P: WasmParams>(store: &mut Store<()>, func: Func, params: P) -> Result<i32> {
///     func.typed::<P, i32>(&*store)?.call(store, params)
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a + b);
/// assert_eq!(call_with(&mut store, add, (1, 2))?, 3);
/// assert!(call_with(&mut store, add, 1).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
pub trait WasmParams: Send + 'static + sealed::List {
    #[doc(hidden)]
    fn types() -> impl Iterator<Item = ValType>;

    #[doc(hidden)]
    fn write(self, cells: &mut [Cell], store: sealed::In<'_>) -> Result<()>;
}

/// A list of results: a [`WasmTy`], or a tuple of up to 16.
///
/// ```
/// use prova_core::*;
///
/// fn call_for<R: WasmResults>(store: &mut Store<()>, func: Func) -> Result<R> {
///     func.typed::<(), R>(&*store)?.call(store, ())
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let pair = Func::wrap(&mut store, || (1i32, 2.0f64));
/// assert_eq!(call_for::<(i32, f64)>(&mut store, pair)?, (1, 2.0));
/// assert!(call_for::<i32>(&mut store, pair).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
pub trait WasmResults: WasmParams {
    #[doc(hidden)]
    fn read(cells: &[Cell], store: sealed::In<'_>) -> Self;
}

impl<A: WasmTy> sealed::List for A {}

impl<A: WasmTy> WasmParams for A {
    fn types() -> impl Iterator<Item = ValType> {
        [A::TYPE].into_iter()
    }

    fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
        WasmTy::write(self, cells, store)
    }
}

impl<A: WasmTy> WasmResults for A {
    fn read(cells: &[Cell], store: InStore<'_>) -> A {
        <A as WasmTy>::read(cells, store)
    }
}

/// Implements the lists for tuples of one length.
macro_rules! tuple {
    ($($arg:ident)*) => {
        impl<$($arg: WasmTy),*> sealed::List for ($($arg,)*) {}

        #[allow(
            unused_variables,
            unused_mut,
            unused_assignments,
            non_snake_case,
            reason = "the type parameters name the values, and the shortest list has none"
        )]
        impl<$($arg: WasmTy),*> WasmParams for ($($arg,)*) {
            fn types() -> impl Iterator<Item = ValType> {
                [$($arg::TYPE),*].into_iter()
            }

            fn write(self, cells: &mut [Cell], store: InStore<'_>) -> Result<()> {
                let ($($arg,)*) = self;
                let mut at = 0;
                $(
                    WasmTy::write($arg, &mut cells[at..], store)?;
                    at += $arg::TYPE.cells();
                )*
                Ok(())
            }
        }

        #[allow(
            unused_variables,
            unused_mut,
            unused_assignments,
            non_snake_case,
            clippy::unused_unit,
            reason = "the type parameters name the values, and the shortest list has none"
        )]
        impl<$($arg: WasmTy),*> WasmResults for ($($arg,)*) {
            fn read(cells: &[Cell], store: InStore<'_>) -> ($($arg,)*) {
                let mut at = 0;
                $(
                    let $arg = <$arg as WasmTy>::read(&cells[at..], store);
                    at += $arg::TYPE.cells();
                )*
                ($($arg,)*)
            }
        }
    };
}

for_each_arity!(tuple);

/// A function whose type is known in Rust: calls need no check and no allocation.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Func::wrap(&mut store, |x: i32, y: f64| (f64::from(x) * y, x));
/// let typed: TypedFunc<(i32, f64), (f64, i32)> = func.typed(&store)?;
/// assert_eq!(typed.call(&mut store, (2, 1.5))?, (3.0, 2));
/// assert!(func.typed::<(i32, f32), (f64, i32)>(&store).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
pub struct TypedFunc<Params, Results> {
    func: Func,
    signature: PhantomData<fn(Params) -> Results>,
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Params, Results> Copy for TypedFunc<Params, Results> {}

impl<Params, Results> fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// `func`, whose type is `ty`.
    pub(crate) fn of(func: Func, ty: &FuncType) -> Result<Self> {
        let params = Params::types().zip(ty.params()).all(|(given, of)| may_be_given(&given, &of));
        let results = ty.results().zip(Results::types()).all(|(of, got)| of.matches(&got));
        let counts = (Params::types().count(), Results::types().count());
        if !params || !results || counts != (ty.params().len(), ty.results().len()) {
            let wanted = FuncType::of(Params::types(), Results::types());
            misuse!("type mismatch: the function is of type {ty}, not {wanted}");
        }
        Ok(TypedFunc { func, signature: PhantomData })
    }

    /// The function without Rust types.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls it.
    ///
    /// # Errors
    /// If it traps, if a host function fails, or if an argument refers to an object of another
    /// store.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn call(&self, mut store: impl AsContextMut, params: Params) -> Result<Results> {
        let mut store = store.as_context_mut();
        self.func.store.expect(store.state.id);
        let (mut args, mut results) = ([0; CELLS_MAX], [0; CELLS_MAX]);
        let roots = store.rt.rooted();
        params.write(&mut args, store.inside())?;
        let (arg_cells, result_cells) = (cells(Params::types()), cells(Results::types()));
        let cells = (&args[..arg_cells], &mut results[..result_cells]);
        store.invoke(self.func.addr, cells, roots, Results::read)
    }
}

/// Whether values of a type that Rust says may be arguments of a type: all of them are of this
/// type, or it names a type, by which each call compares them.
fn may_be_given(given: &ValType, of: &ValType) -> bool {
    let named = |given: &RefType, of: &RefType| {
        of.heap_type().is_concrete()
            && of.heap_type().matches(given.heap_type())
            && given.is_nullable() == of.is_nullable()
    };
    let compared = given.as_ref().zip(of.as_ref()).is_some_and(|(given, of)| named(given, of));
    given.matches(of) || compared
}

/// The cells of values of these types.
pub(crate) fn cells(types: impl Iterator<Item = ValType>) -> usize {
    types.map(|ty| ty.cells()).sum()
}
