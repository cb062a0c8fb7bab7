//! [`Store`]: the objects of running instances together with the embedder's data, and the contexts that borrow both.
//!
//! `prova_runtime::Store` holds the objects and knows neither the data nor its type; every handle
//! ([`Func`](crate::Func), [`Memory`](crate::Memory) …) is an address in one store.
//!
//! 1. The runtime is only ever called with the [`State`] that stands beside it, so a host function
//!    finds its `State<T>`.
//! 2. A handle is used with the store that its [`StoreId`] names: everything that takes one
//!    compares first.

use crate::backtrace::WasmBacktrace;
use crate::coredump::WasmCoreDump;
use crate::engine::Engine;
use crate::error::{Error, LinkError, Result, misuse};
use crate::func::Caller;
use crate::hooks::{CallHook, ResourceLimiter, UpdateDeadline};
pub(crate) use crate::inside::{InStore, StoreId};
use crate::module::Module;
use crate::pooling::Share;
use crate::slices::Slices;
use crate::trap::{Trap, error_of_trap, trap_of_host};
use prova_runtime as rt;
use rt::{Cell, FuncAddr, InstanceAddr};
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// The parts of a store besides the runtime's objects: the state that host functions see.
pub(crate) struct State<T: 'static> {
    pub(crate) engine: Engine,
    pub(crate) id: StoreId,
    pub(crate) data: T,
    /// When WASI's calls must return.
    pub(crate) deadline: Option<Instant>,
    /// Which errors of host functions suspend the call that runs, if any, and the place where they
    /// leave them.
    pub(crate) suspending: Option<Suspends>,
    /// The fuel that the running call does not see yet.
    pub(crate) slices: Slices,
    /// The embedder's own say.
    pub(crate) asked: Asked<T>,
    /// Its places in the engine's pool.
    pub(crate) share: Option<Share>,
    /// The modules of the instances.
    pub(crate) modules: BTreeMap<InstanceAddr, Module>,
}

/// The closures that are asked while code runs (`hooks`).
pub(crate) struct Asked<T: 'static> {
    pub(crate) limiter: Option<Box<FindLimiter<T>>>,
    pub(crate) deadline: Option<Box<AskDeadline<T>>>,
    /// The future that a call is to wait for which yields because its epoch was due.
    pub(crate) yielding: Option<YieldFuture>,
    pub(crate) call: Option<Box<TellCall<T>>>,
    /// The error with which a limiter ends the program.
    pub(crate) error: Option<Error>,
}

type FindLimiter<T> = dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync;
type AskDeadline<T> = dyn FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync;
/// A future with which a call yields.
pub(crate) type YieldFuture = Pin<Box<dyn Future<Output = ()> + Send>>;
type TellCall<T> = dyn FnMut(StoreContextMut<'_, T>, CallHook) -> Result<()> + Send + Sync;

impl<T: 'static> Default for Asked<T> {
    fn default() -> Asked<T> {
        Asked { limiter: None, deadline: None, yielding: None, call: None, error: None }
    }
}

/// Instances and their objects, with data of type `T` that host functions see.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, 7);
/// *store.data_mut() += 1;
/// assert_eq!(store.into_data(), 8);
/// ```
pub struct Store<T: 'static> {
    rt: rt::Store,
    state: State<T>,
}

impl<T: 'static> Store<T> {
    /// An empty store.
    ///
    /// # Panics
    /// If the system gives no address space for the stack.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        Store::of_rt(engine, data, rt::Store::new(store_config(engine)))
    }

    /// An empty store, where the system may have no more address space.
    ///
    /// # Errors
    /// [`LinkError`](crate::LinkError) if it has none for the stack.
    pub fn try_new(engine: &Engine, data: T) -> Result<Store<T>> {
        let rt = rt::Store::try_new(store_config(engine))
            .map_err(|error| Error::new(LinkError::of_creation(&error)))?;
        Ok(Store::of_rt(engine, data, rt))
    }

    fn of_rt(engine: &Engine, data: T, mut rt: rt::Store) -> Store<T> {
        rt.set_epoch(Arc::clone(engine.epoch()));
        let state = State {
            engine: engine.clone(),
            id: StoreId::fresh(),
            data,
            deadline: None,
            suspending: None,
            slices: Slices::default(),
            asked: Asked::default(),
            share: engine.share(),
            modules: BTreeMap::new(),
        };
        let mut store = Store { rt, state };
        store.set_epoch_deadline(0);
        store
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        &self.state.data
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.state.data
    }

    /// The embedder's data, without the store.
    pub fn into_data(self) -> T {
        self.state.data
    }

    /// How often instructions of the bytecode ran so far, where the engine counts them
    /// ([`Config::count_dispatches`](crate::Config::count_dispatches)).
    pub fn dispatch_counts(&self) -> Option<&rt::DispatchCounts> {
        self.rt.dispatch_counts()
    }

    /// The fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        self.as_context().get_fuel()
    }

    /// Sets the fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.as_context_mut().set_fuel(fuel)
    }

    /// Running code traps once the engine's epoch is `ticks_beyond_current` beyond now. A new
    /// store's deadline is 0 ticks: it runs nothing before this is called.
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        self.as_context_mut().set_epoch_deadline(ticks_beyond_current);
    }

    /// A handle by which another thread learns whether a host function of this store runs. Code
    /// that does not stop may be waiting for one.
    pub fn host_calls(&self) -> HostCalls {
        HostCalls(self.rt.host_calls())
    }

    /// When WASI's calls end at the latest, whether they wait or work. They trap then with
    /// [`Trap::Interrupt`](crate::Trap::Interrupt). `None` is never.
    pub fn set_wall_deadline(&mut self, deadline: Option<Instant>) {
        self.state.deadline = deadline;
    }
}

/// The runtime's configuration of a store of this engine.
fn store_config(engine: &Engine) -> rt::StoreConfig {
    let config = engine.config();
    rt::StoreConfig {
        settings: config.settings(),
        stack_bytes: config.stack_bytes as u64,
        executor: config.executor.clone().unwrap_or_else(|| config.tier_or_default().executor()),
        native: engine.machine(),
        count_dispatches: config.count_dispatches,
        heat: config.hot.map_or(rt::Heat::NEVER, |hot| hot.heat()),
        spare: Some(Arc::clone(engine.spare())),
        limits: limits_within(engine, rt::Limits::default()),
        trap_on_grow_failure: config.trap_on_grow_failure,
        ..rt::StoreConfig::default()
    }
}

/// A store of the default engine.
impl<T: 'static + Default> Default for Store<T> {
    fn default() -> Store<T> {
        Store::new(&Engine::default(), T::default())
    }
}

/// Whether a host function of a store runs; see [`Store::host_calls`].
///
/// ```
/// use prova_core::*;
///
/// let store = Store::new(&Engine::default(), ());
/// assert!(!store.host_calls().is_running());
/// ```
#[derive(Clone, Debug)]
pub struct HostCalls(Arc<AtomicU32>);

impl HostCalls {
    /// Whether code has called a host function, one of WASI's included, that has not returned.
    pub fn is_running(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

impl<T: 'static + fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}

/// A store borrowed for reading.
///
/// ```
/// use prova_core::*;
///
/// let store = Store::new(&Engine::default(), 5);
/// let context: StoreContext<'_, i32> = store.as_context();
/// assert_eq!(*context.data(), 5);
/// assert!(context.get_fuel().is_err(), "the engine does not consume fuel");
/// ```
pub struct StoreContext<'a, T: 'static> {
    pub(crate) rt: &'a rt::Store,
    pub(crate) state: &'a State<T>,
}

/// A store borrowed for writing.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), 5);
/// let mut context: StoreContextMut<'_, i32> = store.as_context_mut();
/// *context.data_mut() += 1;
/// Memory::new(&mut context, MemoryType::new(1, None))?;
/// assert_eq!(store.into_data(), 6);
/// # Ok::<(), prova_core::Error>(())
/// ```
pub struct StoreContextMut<'a, T: 'static> {
    pub(crate) rt: &'a mut rt::Store,
    pub(crate) state: &'a mut State<T>,
}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// The store as references see it.
    pub(crate) fn inside(&self) -> InStore<'a> {
        InStore { rt: self.rt, id: self.state.id }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &'a T {
        &self.state.data
    }

    /// The fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        expect_fuel(&self.state.engine)?;
        Ok(self.state.slices.all(self.rt))
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// The store as references see it.
    pub(crate) fn inside(&self) -> InStore<'_> {
        InStore { rt: self.rt, id: self.state.id }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        &self.state.data
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.state.data
    }

    /// The fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        self.as_context().get_fuel()
    }

    /// Sets the fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        expect_fuel(&self.state.engine)?;
        self.state.slices.set(self.rt, fuel);
        Ok(())
    }

    /// See [`Store::set_epoch_deadline`].
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        let now = self.state.engine.epoch().load(Ordering::Relaxed);
        self.rt.set_epoch_deadline(now.saturating_add(ticks_beyond_current));
    }

    /// Calls a function on cells that fit its type. `read` takes the results, before anything may
    /// collect; the roots go then that were made since there were `roots`.
    pub(crate) fn invoke<R>(
        &mut self,
        func: FuncAddr,
        (args, results): (&[Cell], &mut [Cell]),
        roots: usize,
        read: impl FnOnce(&[Cell], InStore<'_>) -> R,
    ) -> Result<R> {
        self.told(|store| {
            let called = store.unsuspended(|store| store.rt.call(store.state, func, args, results));
            store.rt.unroot(roots);
            match called {
                Ok(()) => Ok(read(results, store.inside())),
                Err(trap) => Err(store.error_of_trap(trap)),
            }
        })
    }

    /// The error of a trap of this store.
    pub(crate) fn error_of_trap(&mut self, mut trap: rt::Trap) -> Error {
        if let Some(error) = self.state.asked.error.take() {
            trap = rt::Trap { host: trap_of_host(error).host, ..trap };
        }
        let config = self.state.engine.config();
        let error = error_of_trap(trap, self.rt, self.state.id, config.backtrace_details);
        let wanted = config.coredump && error.is::<Trap>();
        match error.downcast_ref::<WasmBacktrace>().filter(|_| wanted) {
            // The dump of the innermost activation stays.
            Some(backtrace) if !error.is::<WasmCoreDump>() => {
                let dump = WasmCoreDump::of(self, backtrace.clone());
                error.context(dump)
            }
            _ => error,
        }
    }

    /// Runs code from the host; the embedder's hook runs before and afterwards.
    pub(crate) fn told<R>(&mut self, run: impl FnOnce(&mut Self) -> Result<R>) -> Result<R> {
        self.tell(CallHook::CallingWasm)?;
        let outcome = run(self);
        self.tell(CallHook::ReturningFromWasm)?;
        outcome
    }

    /// Runs code whose host functions cannot suspend it.
    pub(crate) fn unsuspended<R>(&mut self, run: impl FnOnce(&mut Self) -> R) -> R {
        run(Suspending::begin(self, None).store)
    }
}

/// The errors of host functions that suspend a call, with the one that did.
pub(crate) enum Suspends {
    /// Each one: a resumable call (`resumable`).
    Errors(Option<Error>),
    /// The error of an asynchronous host function: a call that waits (`awaiting`).
    Awaited(Option<Error>),
}

/// A time in which errors of host functions suspend the call, or do not; ends when it is dropped,
/// by a panic too.
pub(crate) struct Suspending<'c, 'a, T: 'static> {
    pub(crate) store: &'c mut StoreContextMut<'a, T>,
    outer: Option<Suspends>,
    /// The fuel that the call around this one does not see.
    sliced: u64,
}

impl<'c, 'a, T: 'static> Suspending<'c, 'a, T> {
    /// `suspending` is what [`State::suspending`] is from now on.
    pub(crate) fn begin(
        store: &'c mut StoreContextMut<'a, T>,
        suspending: Option<Suspends>,
    ) -> Suspending<'c, 'a, T> {
        let outer = std::mem::replace(&mut store.state.suspending, suspending);
        let sliced = store.state.slices.join(store.rt);
        Suspending { store, outer, sliced }
    }
}

impl<T: 'static> Drop for Suspending<'_, '_, T> {
    fn drop(&mut self) {
        let StoreContextMut { rt, state } = &mut *self.store;
        state.suspending = self.outer.take();
        state.slices.join(rt);
        state.slices.hold_back(rt, self.sliced);
    }
}

/// Limits of a store within those of the engine's pool.
pub(crate) fn limits_within(engine: &Engine, mut limits: rt::Limits) -> rt::Limits {
    if let Some(pool) = engine.pool() {
        pool.cut(&mut limits);
    }
    let config = engine.config();
    limits.heap_bytes_max = limits.heap_bytes_max.min(config.gc_heap_max);
    limits.memory_bytes_max = limits.memory_bytes_max.min(config.memory_max);
    limits.table_elements_max = limits.table_elements_max.min(config.table_max);
    limits.store_bytes_max = limits.store_bytes_max.min(config.store_max);
    limits
}

pub(crate) fn expect_fuel(engine: &Engine) -> Result<()> {
    if !engine.config().settings().metering.has_fuel() {
        misuse!("fuel is not configured: `Config::consume_fuel` is off");
    }
    Ok(())
}

/// Something that holds a store: the store, a context, a [`Caller`].
///
/// ```
/// use prova_core::*;
///
/// fn pages(store: impl AsContext, memory: Memory) -> u64 {
///     memory.size(store)
/// }
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(3, None))?;
/// assert_eq!((pages(&store, memory), pages(store.as_context(), memory)), (3, 3));
/// # Ok::<(), prova_core::Error>(())
/// ```
pub trait AsContext {
    /// The embedder's data.
    type Data: 'static;

    /// The store for reading.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// Something that holds a store that can be changed.
///
/// ```
/// use prova_core::*;
///
/// fn push<T: Extend<u8> + 'static>(mut store: impl AsContextMut<Data = T>, byte: u8) {
///     store.as_context_mut().data_mut().extend([byte]);
/// }
///
/// let mut store = Store::new(&Engine::default(), Vec::new());
/// push(&mut store, 1);
/// push(store.as_context_mut(), 2);
/// assert_eq!(store.into_data(), [1, 2]);
/// ```
pub trait AsContextMut: AsContext {
    /// The store for writing.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { rt: &self.rt, state: &self.state }
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { rt: &mut self.rt, state: &mut self.state }
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { rt: self.rt, state: self.state }
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { rt: self.rt, state: self.state }
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { rt: self.rt, state: self.state }
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

impl<C: AsContext> AsContext for &'_ C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &'_ mut C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &'_ mut C {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(self)
    }
}

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    fn from(holder: &'a C) -> Self {
        holder.as_context()
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    fn from(holder: &'a mut C) -> Self {
        C::as_context(holder)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    fn from(holder: &'a mut C) -> Self {
        holder.as_context_mut()
    }
}

impl<'a, T: 'static> From<StoreContextMut<'a, T>> for StoreContext<'a, T> {
    fn from(context: StoreContextMut<'a, T>) -> Self {
        StoreContext { rt: context.rt, state: context.state }
    }
}
