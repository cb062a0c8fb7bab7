//! Calls that wait for futures of host functions: `call_async`, `func_wrap_async`,
//! `instantiate_async`.
//!
//! ```text
//! call_async ─► code ─► asynchronous host function: leaves its arguments (Awaited)
//!     ▲                                │ the call is suspended, with its frames in the store
//!     │ goes on with its results       ▼
//!     └───────────── the future is made, and awaited with the store
//! ```
//!
//! No future is made while code is on the host's stack, so a call needs no other stack, in the
//! interpreter as in machine code. A call that is dropped while it waits is given up.
//!
//! 1. Calls that wait for each other in a store are no more than calls of the host may nest: a
//!    program cannot use up the stack on which their futures are polled.
//! 2. Only a call that waits runs with [`Suspends::Awaited`]; in any other, asynchronous host
//!    functions fail.
//!
//! Code that is suspended because its slice of fuel is used up or its epoch is due yields to the
//! executor of its future (`slices`).
//!
//! Limits: a host function that calls back has to wait itself (`call_async` in its future).

use crate::error::{Context, Error, OrBug, Result, bail, misuse};
use crate::externals::Extern;
use crate::func::{Caller, Func, outcome_of_error};
use crate::hooks::CallHook;
use crate::host::{HostFunc, WasmRet};
use crate::instance::{Instance, of_start};
use crate::linker::{InstancePre, Linker};
use crate::module::Module;
use crate::slices::YieldOnce;
use crate::store::{AsContextMut, InStore, StoreContextMut, Suspending, Suspends};
use crate::typed::{CELLS_MAX, TypedFunc, WasmParams, WasmResults, cells};
use crate::types::FuncType;
use crate::value::{Val, cells_of_vals, vals_of_cells};
use prova_module as module;
use prova_runtime as rt;
use rt::{CallOutcome, Cell, FuncAddr, HostOutcome, InstanceAddr, SuspendedBy, Suspension};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// The future of an asynchronous host function, on cells.
type CellsFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Cell>>> + Send + 'a>>;

/// The code of an asynchronous host function: it gets the cells of its parameters, in a list that
/// has room for those of its results, and gives such a list.
type Start<T> =
    dyn for<'a> Fn(Caller<'a, T>, &module::FuncType, Vec<Cell>) -> CellsFuture<'a> + Send + Sync;

/// An asynchronous host function that code has called: the error with which it suspends the call.
pub(crate) struct Awaited<T: 'static> {
    start: Arc<Start<T>>,
    instance: Option<InstanceAddr>,
    ty: module::FuncType,
    cells: Vec<Cell>,
    /// The counts that keep the objects among its arguments.
    _held: Vec<Arc<()>>,
}

impl<T: 'static> Awaited<T> {
    /// The results of its future, which is a scope: who gets them must take them before anything
    /// else happens in the store. Otherwise the end of the host function.
    async fn results(self, store: &mut StoreContextMut<'_, T>) -> Result<Vec<Cell>, HostOutcome> {
        let count = module::cells_of(&self.ty.results) as usize;
        let scope = Scope { roots: store.rt.rooted(), store };
        let store = &mut *scope.store;
        match self.run(store).await {
            Ok(mut results) => {
                results.truncate(count);
                Ok(results)
            }
            Err(error) => Err(outcome_of_error(error, store.inside())),
        }
    }

    async fn run(self, store: &mut StoreContextMut<'_, T>) -> Result<Vec<Cell>> {
        store.tell(CallHook::CallingHost)?;
        let caller = Caller { store: store.as_context_mut(), instance: self.instance };
        let results = (self.start)(caller, &self.ty, self.cells).await;
        store.tell(CallHook::ReturningFromHost)?;
        results
    }
}

/// A scope of roots, which ends when it is dropped.
struct Scope<'c, 'a, T: 'static> {
    store: &'c mut StoreContextMut<'a, T>,
    roots: usize,
}

impl<T: 'static> Drop for Scope<'_, '_, T> {
    fn drop(&mut self) {
        self.store.rt.unroot(self.roots);
    }
}

/// Keeps the objects among the arguments of a function.
fn hold(ty: &module::FuncType, cells: &[Cell], store: InStore<'_>) -> Vec<Arc<()>> {
    let mut at = 0;
    let mut held = Vec::new();
    for &ty in &ty.params {
        if let module::ValType::Ref(ty) = ty {
            let kind = module::RefKind::of(ty.heap_type());
            held.extend(store.rt.root_owned(kind, cells[at]).1);
        }
        at += module::cells(ty) as usize;
    }
    held
}

impl<T: 'static> fmt::Debug for Awaited<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaited").field("ty", &self.ty).finish_non_exhaustive()
    }
}

impl<T: 'static> fmt::Display for Awaited<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an asynchronous host function waits")
    }
}

impl<T: 'static> std::error::Error for Awaited<T> {}

impl<T: 'static> HostFunc<T> {
    fn awaited(
        ty: FuncType,
        start: impl for<'a> Fn(Caller<'a, T>, &module::FuncType, Vec<Cell>) -> CellsFuture<'a>
        + Send
        + Sync
        + 'static,
    ) -> HostFunc<T> {
        let start: Arc<Start<T>> = Arc::new(start);
        let call = move |caller: Caller<'_, T>, ty: &module::FuncType, cells: &mut [Cell]| {
            if !matches!(caller.store.state.suspending, Some(Suspends::Awaited(_))) {
                bail!(
                    "an asynchronous host function is called by a call that does not wait: use `call_async`"
                );
            }
            let (start, cells) = (Arc::clone(&start), cells.to_vec());
            let (instance, ty) = (caller.instance, ty.clone());
            let _held = hold(&ty, &cells, caller.store.inside());
            Err(Error::new(Awaited { start, instance, ty, cells, _held }))
        };
        HostFunc::of(ty, Arc::new(call))
    }

    /// An asynchronous host function with the type of a closure.
    pub(crate) fn wrap_async<Params: WasmResults, Return: WasmRet + 'static>(
        func: impl for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Return> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> HostFunc<T>
    where
        T: Send,
    {
        let ty = FuncType::of(Params::types(), Return::Results::types());
        let func = Arc::new(func);
        HostFunc::awaited(ty, move |mut caller, _, mut cells| {
            let func = Arc::clone(&func);
            Box::pin(async move {
                let params = Params::read(&cells, caller.store.inside());
                let instance = caller.instance;
                let called = Caller { store: caller.as_context_mut(), instance };
                let results = Pin::from(func(called, params)).await.into_result()?;
                WasmParams::write(results, &mut cells, caller.store.inside())?;
                Ok(cells)
            })
        })
    }

    /// An asynchronous host function on values.
    pub(crate) fn new_async(
        ty: FuncType,
        func: impl for<'a> Fn(
            Caller<'a, T>,
            &'a [Val],
            &'a mut [Val],
        ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> HostFunc<T>
    where
        T: Send,
    {
        let func = Arc::new(func);
        HostFunc::awaited(ty, move |mut caller, ty, cells| {
            let (func, ty) = (Arc::clone(&func), ty.clone());
            Box::pin(async move {
                let instance = caller.instance;
                let mut args = vec![Val::I32(0); ty.params.len()];
                vals_of_cells(&cells, &ty.params, caller.store.inside(), &mut args);
                let zero =
                    |&ty: &module::ValType| Val::of_cells(ty, &[0, 0], caller.store.inside());
                let mut vals: Vec<Val> = ty.results.iter().map(zero).collect();
                let called = Caller { store: caller.as_context_mut(), instance };
                Pin::from(func(called, &args, &mut vals)).await?;
                cells_of_vals(&vals, &ty.results, caller.store.inside(), "result")
            })
        })
    }
}

/// How a call that waits went on.
enum Went<T: 'static> {
    Returned,
    /// It is suspended until the results are there, with so much of its slice of fuel left.
    Waits(Suspension, Awaited<T>, u64),
    /// It yields, and goes on with a slice of at least so much fuel.
    Yields(Suspension, u64),
    /// The called function is an asynchronous host function itself.
    Host(Awaited<T>),
}

/// The fuel with which code of a call that waits goes on.
enum Slice {
    /// A new slice of at least so much.
    Next(u64),
    /// The rest of the one before.
    Left(u64),
}

/// Runs a call that waits, or its continuation, with a slice of fuel.
fn run<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    slice: &Slice,
    go_on: impl FnOnce(&mut StoreContextMut<'_, T>) -> Result<CallOutcome, rt::Trap>,
) -> Result<Went<T>> {
    let suspending = Suspending::begin(store, Some(Suspends::Awaited(None)));
    let StoreContextMut { rt, state } = &mut *suspending.store;
    match *slice {
        Slice::Next(needed) => {
            state.slices.begin(rt, needed);
        }
        Slice::Left(left) => state.slices.go_on(rt, left),
    }
    let outcome = go_on(&mut *suspending.store);
    let fuel = suspending.store.rt.fuel();
    let left = suspending.store.state.suspending.take();
    drop(suspending);
    let awaited = match left {
        Some(Suspends::Awaited(Some(error))) => error.downcast::<Awaited<T>>().ok(),
        _ => None,
    };
    match (outcome, awaited) {
        (Ok(CallOutcome::Returned), _) => Ok(Went::Returned),
        (Ok(CallOutcome::Suspended(suspension)), awaited) => match suspension.by() {
            SuspendedBy::Host(_) => {
                let awaited =
                    awaited.or_bug("only an asynchronous host function suspends such a call");
                Ok(Went::Waits(suspension, awaited, fuel))
            }
            SuspendedBy::Fuel { needed } => Ok(Went::Yields(suspension, needed)),
            SuspendedBy::Epoch => Ok(Went::Yields(suspension, 0)),
        },
        (Err(trap), Some(awaited)) if trap.kind == rt::TrapKind::Suspended => {
            Ok(Went::Host(awaited))
        }
        (Err(trap), _) => Err(store.error_of_trap(trap)),
    }
}

/// Whether a suspended call that needs so much fuel may yield, rather than ends for want of it.
fn may_yield<T: 'static>(store: &mut StoreContextMut<'_, T>, by: SuspendedBy) -> bool {
    let StoreContextMut { rt, state } = store;
    match by {
        SuspendedBy::Fuel { needed } => {
            let enough = state.slices.begin(rt, needed);
            state.slices.join(rt);
            enough
        }
        SuspendedBy::Epoch | SuspendedBy::Host(_) => true,
    }
}

/// Calls a function, and waits wherever an asynchronous host function does.
///
/// `read` takes the results, before anything may collect; the roots of the arguments go before,
/// from `roots` on.
async fn call<T: Send + 'static, R>(
    store: &mut StoreContextMut<'_, T>,
    func: FuncAddr,
    (args, results): (&[Cell], &mut [Cell]),
    roots: usize,
    read: impl FnOnce(&[Cell], InStore<'_>) -> R,
) -> Result<R> {
    store.tell(CallHook::CallingWasm)?;
    let outcome = drive(store, func, args, results).await.map(|()| {
        store.rt.unroot(roots);
        read(results, store.inside())
    });
    store.tell(CallHook::ReturningFromWasm)?;
    outcome
}

async fn drive<T: Send + 'static>(
    store: &mut StoreContextMut<'_, T>,
    func: FuncAddr,
    args: &[Cell],
    results: &mut [Cell],
) -> Result<()> {
    // Calls that wait for each other are polled inside each other, on the host's stack.
    if !store.rt.may_suspend_once_more() {
        return Err(store.error_of_trap(rt::TrapKind::StackOverflow.into()));
    }
    let host = matches!(store.rt.func_kind(func), rt::FuncKind::Host);
    let mut went = run(store, &Slice::Next(0), |store| {
        if host {
            let called = store.rt.call(store.state, func, args, results);
            return called.map(|()| CallOutcome::Returned);
        }
        store.rt.call_resumable(store.state, func, args, results)
    })?;
    loop {
        let (slice, suspension, answer, found) = match went {
            Went::Returned => return Ok(()),
            Went::Host(awaited) => {
                let found = match awaited.results(store).await {
                    Ok(found) => found,
                    Err(ended) => return Err(error_of_end(store, ended)),
                };
                if found.len() != results.len() {
                    misuse!("expected {} cells of results, got {}", results.len(), found.len());
                }
                results.copy_from_slice(&found);
                return Ok(());
            }
            Went::Waits(suspension, awaited, left) => match awaited.results(store).await {
                Ok(found) => (Slice::Left(left), suspension, HostOutcome::Done, found),
                Err(ended) => (Slice::Left(left), suspension, ended, Vec::new()),
            },
            Went::Yields(suspension, needed) if may_yield(store, suspension.by()) => {
                match store.state.asked.yielding.take() {
                    Some(future) => future.await,
                    None => YieldOnce::new().await,
                }
                (Slice::Next(needed), suspension, HostOutcome::Done, Vec::new())
            }
            Went::Yields(suspension, _) => {
                let trap = HostOutcome::Trap(Box::new(rt::TrapKind::OutOfFuel.into()));
                (Slice::Next(0), suspension, trap, Vec::new())
            }
        };
        went = run(store, &slice, |store| {
            store.rt.resume_with(store.state, suspension, answer, &found, results)
        })?;
    }
}

/// The error of a host function that failed, and that the host called itself.
fn error_of_end<T: 'static>(store: &mut StoreContextMut<'_, T>, ended: HostOutcome) -> Error {
    let trap = match ended {
        HostOutcome::Throw(exception, trap) => {
            rt::Trap { exception: Some(Box::new(exception)), ..*trap }
        }
        HostOutcome::Trap(trap) => *trap,
        HostOutcome::Done | HostOutcome::Suspend => rt::TrapKind::Suspended.into(),
    };
    store.error_of_trap(trap)
}

impl Func {
    /// Makes an asynchronous host function with the type of a closure, whose future is awaited by
    /// the call that leads to it ([`Func::call_async`]); its parameters are a tuple.
    pub fn wrap_async<T: Send + 'static, Params: WasmResults, Return: WasmRet + 'static>(
        store: impl AsContextMut<Data = T>,
        func: impl for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Return> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Func {
        HostFunc::wrap_async(func).to_func(store)
    }

    /// Calls it, and waits for the futures of asynchronous host functions that it leads to.
    ///
    /// ```
    /// use prova_core::*;
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    /// # fn block_on<R>(future: impl Future<Output = R>) -> R {
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    /// #         if let Poll::Ready(result) = polled { return result }
    /// #     }
    /// # }
    ///
    /// let engine = Engine::default();
    /// let mut linker = Linker::<i32>::new(&engine);
    /// linker.func_wrap_async("host", "later", |mut caller, (n,): (i32,)| {
    ///     Box::new(async move {
    ///         std::future::ready(()).await;
    ///         *caller.data_mut() += n;
    ///         n + 1
    ///     })
    /// })?;
    /// let text = r#"(module (import "host" "later" (func $later (param i32) (result i32)))
    ///     (func (export "run") (result i32) (call $later (call $later (i32.const 40)))))"#;
    /// let module = Module::new(&engine, wat::parse_str(text)?)?;
    /// let mut store = Store::new(&engine, 0);
    /// let answer = block_on(async {
    ///     let instance = linker.instantiate_async(&mut store, &module).await?;
    ///     let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    ///     run.call_async(&mut store, ()).await
    /// })?;
    /// assert_eq!((answer, *store.data()), (42, 81));
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Func::call`], and in the reference tier.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut store = store.as_context_mut();
        let ty = self.resolved_type(&store);
        let args = cells_of_vals(params, &ty.params, store.inside(), "argument")?;
        if results.len() != ty.results.len() {
            misuse!("expected {} results, got {}", ty.results.len(), results.len());
        }
        let mut cells = vec![0; module::cells_of(&ty.results) as usize];
        let roots = store.rt.rooted();
        call(&mut store, self.addr, (&args, &mut cells), roots, |cells, store| {
            vals_of_cells(cells, &ty.results, store, results);
        })
        .await
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls it, and waits as [`Func::call_async`] does.
    ///
    /// # Errors
    /// Those of [`TypedFunc::call`], and in the reference tier.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub async fn call_async(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        params: Params,
    ) -> Result<Results> {
        let mut store = store.as_context_mut();
        self.func().store.expect(store.state.id);
        let (mut args, mut results) = ([0; CELLS_MAX], [0; CELLS_MAX]);
        let roots = store.rt.rooted();
        params.write(&mut args, store.inside())?;
        let (args, found) = (&args[..cells(Params::types())], cells(Results::types()));
        let cells = (args, &mut results[..found]);
        call(&mut store, self.func().addr, cells, roots, Results::read).await
    }
}

impl Instance {
    /// As [`Instance::new`]; waits for asynchronous host functions that the start function leads
    /// to.
    ///
    /// # Errors
    /// Those of [`Instance::new`], and in the reference tier if there is a start function.
    ///
    /// # Panics
    /// If an import belongs to another store.
    pub async fn new_async(
        mut store: impl AsContextMut<Data: Send>,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        let mut store = store.as_context_mut();
        let instance = Instance::unstarted(&mut store, module, imports)?;
        if let Some(start) = instance.start_func(&store, module) {
            let roots = store.rt.rooted();
            let called = call(&mut store, start, (&[], &mut []), roots, |_, _| ()).await;
            called.map_err(of_start)?;
        }
        Ok(instance)
    }
}

impl<T: 'static> Linker<T> {
    /// Defines a name as an asynchronous host function with the type of a closure; see
    /// [`Func::call_async`].
    ///
    /// # Errors
    /// If the name is defined and shadowing is off.
    pub fn func_wrap_async<Params: WasmResults, Return: WasmRet + 'static>(
        &mut self,
        module: &str,
        name: &str,
        func: impl for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Return> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Result<&mut Linker<T>>
    where
        T: Send,
    {
        self.define_host(module, name, HostFunc::wrap_async(func))
    }

    /// Defines a name as an asynchronous host function of a type known at run time only; see
    /// [`Func::call_async`].
    ///
    /// # Errors
    /// If the name is defined and shadowing is off.
    pub fn func_new_async(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl for<'a> Fn(
            Caller<'a, T>,
            &'a [Val],
            &'a mut [Val],
        ) -> Box<dyn Future<Output = Result<()>> + Send + 'a>
        + Send
        + Sync
        + 'static,
    ) -> Result<&mut Linker<T>>
    where
        T: Send,
    {
        self.define_host(module, name, HostFunc::new_async(ty, func))
    }

    /// As [`Linker::instantiate`]; waits for asynchronous host functions that the start function
    /// leads to.
    ///
    /// # Errors
    /// Those of [`Linker::instantiate`], and in the reference tier if there is a start function.
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance>
    where
        T: Send,
    {
        let imports = self.instantiate_pre(module)?.found(&mut store.as_context_mut(), &[])?;
        Instance::new_async(store, module, &imports).await
    }

    /// As [`Linker::module`]; waits for asynchronous host functions that the start function and
    /// `_initialize` lead to.
    ///
    /// # Errors
    /// Those of [`Linker::module`], and in the reference tier if a function is called.
    pub async fn module_async(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Linker<T>>
    where
        T: Send,
    {
        let mut store = store.as_context_mut();
        let instance = self.instantiate_async(&mut store, module).await?;
        if let Some(init) = instance.get_func(&store, "_initialize") {
            let init = init.typed::<(), ()>(&store)?;
            let called = init.call_async(&mut store, ()).await;
            called.context("calling the function `_initialize`")?;
        }
        self.instance(&store, name, instance)
    }
}

impl<T: Send + 'static> InstancePre<T> {
    /// As [`InstancePre::instantiate`]; waits for asynchronous host functions that the start
    /// function leads to.
    ///
    /// # Errors
    /// Those of [`InstancePre::instantiate`], and in the reference tier if there is a start
    /// function.
    pub async fn instantiate_async(
        &self,
        mut store: impl AsContextMut<Data = T>,
    ) -> Result<Instance> {
        self.module().prototype().make_images();
        let imports = self.found(&mut store.as_context_mut(), &[])?;
        Instance::new_async(store, self.module(), &imports).await
    }
}
