//! Rust closures → host functions on cells.
//!
//! `linker` keeps host functions until a store makes them objects. A host function gets the cells
//! of its parameters and leaves those of its results at the same place: `max(parameters, results)`
//! of them.

use crate::error::{Error, Result};
use crate::func::Caller;
use crate::store::AsContextMut;
use crate::typed::{WasmParams, WasmResults, WasmTy};
use crate::types::FuncType;
use crate::value::{Val, cells_of_vals, vals_of_cells};
use prova_module as module;
use prova_runtime::{self as rt, Cell};
use std::sync::{Arc, OnceLock};

/// A host function that belongs to no store yet.
pub struct HostFunc<T: 'static> {
    pub(crate) ty: FuncType,
    pub(crate) call: Arc<HostCall<T>>,
    /// The runtime's function, where it is the same in all stores: its type names no other one.
    pub(crate) ready: Arc<OnceLock<rt::HostFunc>>,
}

/// The code of a host function on cells.
///
/// It gets its resolved type in the store that calls.
pub(crate) type HostCall<T> =
    dyn Fn(Caller<'_, T>, &module::FuncType, &mut [Cell]) -> Result<()> + Send + Sync + 'static;

impl<T: 'static> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        HostFunc {
            ty: self.ty.clone(),
            call: Arc::clone(&self.call),
            ready: Arc::clone(&self.ready),
        }
    }
}

impl<T: 'static> HostFunc<T> {
    /// A host function of this type and code.
    pub(crate) fn of(ty: FuncType, call: Arc<HostCall<T>>) -> HostFunc<T> {
        HostFunc { ty, call, ready: Arc::default() }
    }

    /// A host function on values.
    pub(crate) fn new(
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> HostFunc<T> {
        let call = move |mut caller: Caller<'_, T>, ty: &module::FuncType, cells: &mut [Cell]| {
            let instance = caller.instance;
            let module::FuncType { params, results } = ty;
            let mut args = vec![Val::I32(0); params.len()];
            let store = caller.store.inside();
            vals_of_cells(cells, params, store, &mut args);
            let mut vals: Vec<Val> =
                results.iter().map(|&ty| Val::of_cells(ty, &[0, 0], store)).collect();
            func(Caller { store: caller.as_context_mut(), instance }, &args, &mut vals)?;
            let out = cells_of_vals(&vals, results, caller.store.inside(), "result")?;
            cells[..out.len()].copy_from_slice(&out);
            Ok(())
        };
        HostFunc::of(ty, Arc::new(call))
    }
}

/// The return types of host functions: results, or a `Result` of them.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let nothing = Func::wrap(&mut store, || ());
/// let one = Func::wrap(&mut store, || 1i64);
/// let two = Func::wrap(&mut store, || -> Result<(i32, f32)> { Ok((1, 2.0)) });
/// for (func, results) in [(nothing, 0), (one, 1), (two, 2)] {
///     assert_eq!(func.ty(&store).results().len(), results);
/// }
/// ```
pub trait WasmRet: sealed::Ret {
    /// The results.
    type Results: WasmResults;

    /// The results, or the host's error.
    ///
    /// # Errors
    /// The host's own.
    fn into_result(self) -> Result<Self::Results>;
}

impl<R: WasmResults> WasmRet for R {
    type Results = R;

    fn into_result(self) -> Result<R> {
        Ok(self)
    }
}

impl<R: WasmResults> WasmRet for Result<R, Error> {
    type Results = R;

    fn into_result(self) -> Result<R> {
        self
    }
}

mod sealed {
    pub trait Ret {}
    impl<R: super::WasmResults> Ret for R {}
    impl<R: super::WasmResults> Ret for Result<R, super::Error> {}
}

/// A Rust closure with the type of a WebAssembly function: up to 16 parameters, with or without a
/// [`Caller`] first.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), 5);
/// let plain = Func::wrap(&mut store, |x: i32| x + 1);
/// let with_caller = Func::wrap(&mut store, |caller: Caller<'_, i32>| *caller.data());
/// let fallible = Func::wrap(&mut store, |x: i64| -> Result<(i64, f32)> { bail!("no {x}") });
/// assert_eq!(plain.ty(&store).params().len(), 1);
/// assert_eq!(with_caller.typed::<(), i32>(&store)?.call(&mut store, ())?, 5);
/// assert!(fallible.typed::<i64, (i64, f32)>(&store)?.call(&mut store, 1).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
pub trait IntoFunc<T: 'static, Params, Results>: Send + Sync + 'static {
    /// The closure as a host function.
    fn into_host_func(self) -> HostFunc<T>;
}

/// Implements [`IntoFunc`] for closures of one number of parameters.
macro_rules! into_func {
    ($($arg:ident)*) => {
        #[allow(non_snake_case, reason = "the type parameters name the values")]
        impl<T: 'static, F, $($arg: WasmTy,)* R: WasmRet> IntoFunc<T, ($($arg,)*), R> for F
        where
            F: Fn($($arg),*) -> R + Send + Sync + 'static,
        {
            fn into_host_func(self) -> HostFunc<T> {
                let func = move |_: Caller<'_, T>, $($arg: $arg),*| self($($arg),*);
                IntoFunc::<T, (Caller<'_, T>, $($arg,)*), R>::into_host_func(func)
            }
        }

        #[allow(
            non_snake_case,
            unused_mut,
            unused_variables,
            unused_assignments,
            reason = "the type parameters name the values, and the shortest list has none"
        )]
        impl<T: 'static, F, $($arg: WasmTy,)* R: WasmRet>
            IntoFunc<T, (Caller<'_, T>, $($arg,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($arg),*) -> R + Send + Sync + 'static,
        {
            fn into_host_func(self) -> HostFunc<T> {
                let ty = FuncType::of([$($arg::TYPE,)*], R::Results::types());
                let call = move |
                    mut caller: Caller<'_, T>,
                    _: &module::FuncType,
                    cells: &mut [Cell],
                | {
                    let mut at = 0;
                    $(
                        let $arg = $arg::read(&cells[at..], caller.store.inside());
                        at += $arg::TYPE.cells();
                    )*
                    let inner = Caller {
                        instance: caller.instance,
                        store: caller.store.as_context_mut(),
                    };
                    let results = self(inner, $($arg),*).into_result()?;
                    WasmParams::write(results, cells, caller.store.inside())
                };
                HostFunc::of(ty, Arc::new(call))
            }
        }
    };
}

crate::typed::for_each_arity!(into_func);
