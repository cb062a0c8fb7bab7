//! Functions: call them from the host ([`Func`], [`TypedFunc`](crate::TypedFunc)), and be called by
//! them ([`Caller`]).
//!
//! `typed` and `host` do it with Rust types, this file with [`Val`]. Arguments are checked against
//! the function's type before the runtime sees them.

use crate::awaiting::Awaited;
use crate::engine::Engine;
use crate::error::{Error, OrBug, Result, misuse};
use crate::exception::ThrownException;
use crate::externals::Extern;
use crate::hooks::CallHook;
use crate::host::{HostCall, HostFunc, IntoFunc};
use crate::instance::Instance;
use crate::store::{AsContext, AsContextMut, InStore, State, StoreContextMut, StoreId, Suspends};
use crate::trap::trap_of_host;
use crate::typed::{TypedFunc, WasmParams, WasmResults};
use crate::types::FuncType;
use crate::value::{Val, cells_of_vals, vals_of_cells};
use prova_module as module;
use prova_runtime as rt;
use rt::{Cell, FuncAddr, HostOutcome, InstanceAddr};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A function of a store.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a + b);
/// assert_eq!(add.typed::<(i32, i32), i32>(&store)?.call(&mut store, (2, 3))?, 5);
/// // The same with types that are known at run time.
/// let ty = FuncType::new(&engine, [ValType::I32, ValType::I32], [ValType::I32]);
/// let sub = Func::new(&mut store, ty, |_, args, results| {
///     results[0] = Val::I32(args[0].unwrap_i32() - args[1].unwrap_i32());
///     Ok(())
/// });
/// let mut results = [Val::I32(0)];
/// sub.call(&mut store, &[Val::I32(2), Val::I32(3)], &mut results)?;
/// assert_eq!(results[0].unwrap_i32(), -1);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Func {
    pub(crate) store: StoreId,
    pub(crate) addr: FuncAddr,
}

impl Func {
    /// A host function of a type known at run time only. `func` gets the parameters and sets the
    /// results, which start as zeros and nulls.
    pub fn new<T: 'static>(
        store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        HostFunc::new(ty, func).to_func(store)
    }

    /// A host function with the type of `func`.
    pub fn wrap<T: 'static, Params, Results>(
        store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Func {
        func.into_host_func().to_func(store)
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let store = store.as_context();
        self.store.expect(store.state.id);
        FuncType::of_store(store.rt, store.rt.func_type_id(self.addr))
    }

    /// Its resolved type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub(crate) fn resolved_type(&self, store: impl AsContext) -> module::FuncType {
        let store = store.as_context();
        self.store.expect(store.state.id);
        store.rt.func_type(self.addr).clone()
    }

    /// Calls it.
    ///
    /// # Errors
    /// If the numbers or types of `params` and `results` are not those of its type, if it traps, or
    /// if a host function fails.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        let ty = self.resolved_type(&store);
        let roots = store.rt.rooted();
        let args = cells_of_vals(params, &ty.params, store.inside(), "argument")?;
        if results.len() != ty.results.len() {
            misuse!("expected {} results, got {}", ty.results.len(), results.len());
        }
        let mut cells = vec![0; module::cells_of(&ty.results) as usize];
        store.invoke(self.addr, (&args, &mut cells), roots, |cells, store| {
            vals_of_cells(cells, &ty.results, store, results);
        })
    }

    /// The same function with Rust types.
    ///
    /// # Errors
    /// If its type is another one.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn typed<Params: WasmParams, Results: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<Params, Results>> {
        TypedFunc::of(*self, &self.ty(store))
    }
}

/// The store as a host function sees it, with the instance that called.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "first", |mut caller: Caller<'_, u8>| -> Result<()> {
///     let memory = caller.get_export("memory").and_then(Extern::into_memory);
///     *caller.data_mut() = memory.context("no memory")?.data(&caller)[0];
///     Ok(())
/// })?;
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "host" "first" (func $first))
///          (memory (export "memory") 1) (data (i32.const 0) "\2a")
///          (func (export "run") (call $first)))"#,
/// )?)?;
/// let mut store = Store::new(&engine, 0);
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(store.into_data(), 42);
/// # Ok::<(), prova_core::Error>(())
/// ```
pub struct Caller<'a, T: 'static> {
    pub(crate) store: StoreContextMut<'a, T>,
    pub(crate) instance: Option<InstanceAddr>,
}

impl<T: 'static> Caller<'_, T> {
    /// An export of the instance that called; `None` if there is none of this name, or the host
    /// called.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        let instance = Instance { store: self.store.state.id, addr: self.instance? };
        instance.get_export(&self.store, name)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        self.store.get_fuel()
    }

    /// Sets the fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.store.set_fuel(fuel)
    }
}

/// The host as the caller.
impl<'a, S: AsContextMut> From<&'a mut S> for Caller<'a, S::Data> {
    fn from(store: &'a mut S) -> Caller<'a, S::Data> {
        Caller { store: store.as_context_mut(), instance: None }
    }
}

impl<T: 'static> fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl<T: 'static> HostFunc<T> {
    /// The host function as an object of a store.
    pub(crate) fn to_func(&self, mut store: impl AsContextMut<Data = T>) -> Func {
        let store = store.as_context_mut();
        let addr = match self.in_all_stores() {
            Some(host) => {
                let ty = store.rt.type_id(self.ty.raw());
                store.rt.func_of_type(ty, Arc::clone(host))
            }
            None => {
                let id = self.ty.id_in(store.rt);
                let ty = store.rt.types().get(id).clone();
                store.rt.func_of_type(id, runtime_func(Arc::clone(&self.call), ty))
            }
        };
        Func { store: store.state.id, addr }
    }

    /// The runtime's function, made once, unless its type has another form in each store.
    pub(crate) fn in_all_stores(&self) -> Option<&rt::HostFunc> {
        let make = || runtime_func(Arc::clone(&self.call), self.ty.raw().clone());
        self.ty.names_none().then(|| self.ready.get_or_init(make))
    }
}

/// A host function as the runtime calls it; `types` is its type as the store has it.
fn runtime_func<T: 'static>(call: Arc<HostCall<T>>, types: module::FuncType) -> rt::HostFunc {
    Arc::new(move |rt: &mut rt::Store, data: &mut dyn Any, cells: &mut [Cell]| {
        let state = data
            .downcast_mut::<State<T>>()
            .or_bug("the runtime is called with the state of the same store (store, invariant 1)");
        let instance = rt.caller();
        let mut store = StoreContextMut { rt, state: &mut *state };
        let told = store.tell(CallHook::CallingHost);
        let called = told.and_then(|()| {
            let caller = Caller { store: store.as_context_mut(), instance };
            let called = call(caller, &types, cells);
            store.tell(CallHook::ReturningFromHost)?;
            called
        });
        let error = match called {
            Ok(()) => return HostOutcome::Done,
            Err(error) => error,
        };
        let inside = InStore { rt, id: state.id };
        match &mut state.suspending {
            Some(Suspends::Errors(slot)) if exception_of(&error, inside).is_none() => {
                *slot = Some(error);
            }
            Some(Suspends::Awaited(slot)) if error.is::<Awaited<T>>() => *slot = Some(error),
            Some(_) | None => return outcome_of_error(error, inside),
        }
        HostOutcome::Suspend
    })
}

/// The end of a host function that fails: an exception of this store, or a trap.
pub(crate) fn outcome_of_error(error: Error, store: InStore<'_>) -> HostOutcome {
    match exception_of(&error, store) {
        Some(exception) => HostOutcome::Throw(exception, trap_of_host(error)),
        None => HostOutcome::Trap(trap_of_host(error)),
    }
}

/// The exception of this store that an error is.
fn exception_of(error: &Error, store: InStore<'_>) -> Option<rt::Exception> {
    error.downcast_ref::<ThrownException>()?.to_rt(store)
}
