//! Programs that start threads (wasi-threads): the import `wasi` `thread-spawn`, and the export
//! `wasi_thread_start` that each thread calls.
//!
//! A thread has a store with an instance of the same module; the memory is what they have in common
//! ([`SharedMemory`]), and the host's data that clones share: a [`WasiCtx`](crate::wasi::WasiCtx).
//! Names and shapes are those of the crate `wasmtime_wasi_threads`, but a program runs inside
//! [`WasiThreadsCtx::run`], which stops all threads and gives the error of the first that ended,
//! where that crate ends the process.
//!
//! ```
//! use prova_core::wasi_threads::{self, WasiThreadsCtx};
//! use prova_core::*;
//! use std::sync::Arc;
//!
//! // The state of host functions: a clone for each thread.
//! #[derive(Clone, Default)]
//! struct Host {
//!     threads: Option<Arc<WasiThreadsCtx<Host>>>,
//! }
//!
//! let mut config = Config::new();
//! config.shared_memory(true).epoch_interruption(true);
//! let engine = Engine::new(&config)?;
//! // Two threads add their arguments to a sum; the last one wakes `_start`.
//! let module = Module::new(&engine, wat::parse_str(r#"(module
//!     (import "env" "memory" (memory 1 1 shared))
//!     (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
//!     (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
//!         (drop (i32.atomic.rmw.add (i32.const 0) (local.get $arg)))
//!         (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
//!         (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
//!     (func (export "_start")
//!         (drop (call $spawn (i32.const 30)))
//!         (drop (call $spawn (i32.const 12)))
//!         (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))
//!         (drop (memory.atomic.wait32 (i32.const 4) (i32.const 1) (i64.const -1)))))"#,
//! )?)?;
//! let mut store = Store::new(&engine, Host::default());
//! store.set_epoch_deadline(u64::MAX);
//! let mut linker = Linker::new(&engine);
//! let memory = wasi_threads::add_to_linker(&mut linker, &store, &module, |host: &mut Host| {
//!     host.threads.as_deref().expect("it is set below")
//! })?;
//! let threads = Arc::new(WasiThreadsCtx::new(module.clone(), Arc::new(linker.clone()))?);
//! store.data_mut().threads = Some(Arc::clone(&threads));
//! threads.run(&mut store, |store| {
//!     let instance = linker.instantiate(&mut *store, &module)?;
//!     instance.get_typed_func::<(), ()>(&*store, "_start")?.call(store, ())
//! })?;
//! let mut sum = [0; 4];
//! memory.read(0, &mut sum)?;
//! assert_eq!((i32::from_le_bytes(sum), threads.live()), (42, 0));
//! # Ok::<(), prova_core::Error>(())
//! ```
//!
//! # Invariants
//! 1. No thread outlives the call of [`WasiThreadsCtx::run`] in which it was started.
//! 2. A thread is stopped by the epoch, of which it has a counter (`epochs`): code at its
//!    next poll, a wait at an address or of a call of WASI after 10 ms.
//! 3. A guest cannot start more threads at a time than [`WasiThreadsCtx::max_threads`].
//!
//! Limits: a host function that does not return holds up the end of the run. Each thread takes the
//! memory of a store, and address space for its stacks.
//!
//! Noticed by: `tests/wasi_threads.rs`, and the programs in `crates/cli/tests/threads`.

mod crew;

use crate::error::{Context, Error, LinkError, Result, import_name, misuse};
use crate::func::Caller;
use crate::instance::Instance;
use crate::linker::{InstancePre, Linker};
use crate::module::Module;
use crate::pooling::PoolConcurrencyLimitError;
use crate::shared::SharedMemory;
use crate::store::{AsContext, AsContextMut, Store};
use crate::trap::Trap;
use crate::types::{ExternType, ValType};
use crate::workers;
use crew::{Crew, End, NoThread, Terms};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Instant;

/// The module name of the import.
const MODULE: &str = "wasi";
/// The import that starts a thread.
const SPAWN: &str = "thread-spawn";
/// The export that a thread calls.
const ENTRY: &str = "wasi_thread_start";
/// The result of the import where there is no new thread: the negative of preview 1's `EAGAIN`.
const AGAIN: i32 = -(prova_wasi::Errno::Again as i32);

/// Threads at a time, where nobody says how many: the first thread of a run not counted.
pub const THREADS_MAX_DEFAULT: usize = 1024;

type Prepare<T> = dyn Fn(&mut Store<T>) -> Result<()> + Send + Sync;

/// A program that may start threads, and its threads; see the [module](self).
pub struct WasiThreadsCtx<T: 'static> {
    pre: InstancePre<T>,
    threads_max: usize,
    prepare: Option<Box<Prepare<T>>>,
    crew: Arc<Crew>,
}

/// The deadlines that a store has from the one that asked for its thread.
struct Inherited {
    epoch_deadline: u64,
    deadline: Option<Instant>,
}

impl<T: Clone + Send + 'static> WasiThreadsCtx<T> {
    /// The threads of this module, whose instances get their imports from `linker`.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if the engine has no epoch by which threads could be stopped
    /// ([`Config::epoch_interruption`](crate::Config::epoch_interruption)), or an import is an
    /// object of a store, which other stores cannot have; [`LinkError`] for names that are not
    /// defined.
    pub fn new(module: Module, linker: Arc<Linker<T>>) -> Result<WasiThreadsCtx<T>> {
        let pre = linker.instantiate_pre(&module)?;
        if !module.engine().config().epoch {
            misuse!("threads are stopped by an epoch: `Config::epoch_interruption` is off");
        }
        if let Some(import) = pre.bound() {
            let import = import_name(import.module(), import.name());
            misuse!("`{import}` belongs to a store, but each thread has its store");
        }
        pre.module().prototype().make_images();
        let (threads_max, crew) = (THREADS_MAX_DEFAULT, Arc::default());
        Ok(WasiThreadsCtx { pre, threads_max, prepare: None, crew })
    }

    /// Sets how many threads may live at a time besides the first one;
    /// [`THREADS_MAX_DEFAULT`] unless told otherwise. Beyond, `thread-spawn` gives `-6` (`EAGAIN`).
    #[must_use]
    pub fn max_threads(mut self, threads_max: usize) -> Self {
        self.threads_max = threads_max;
        self
    }

    /// Lets `prepare` have each thread's store before there is an instance in it: to limit it
    /// ([`Store::limiter`]), for instance. The deadlines of the store are those of the thread that
    /// asked for this one, its fuel is what the first thread had when the run began.
    ///
    /// An error of it ends the run.
    #[must_use]
    pub fn prepare(
        mut self,
        prepare: impl Fn(&mut Store<T>) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// How many threads live besides the first one; none unless the program runs.
    pub fn live(&self) -> usize {
        self.crew.live()
    }

    /// Runs the program: `main` makes an instance in `store` and calls it, and what it calls may
    /// start threads. The run ends when `main` returns, or another thread fails: by a trap, an exit
    /// ([`I32Exit`](crate::wasi::I32Exit)), an error of a host function. Then all others are
    /// stopped and waited for.
    ///
    /// # Errors
    /// The error of the thread that ended the run first, which may be the one of `main`;
    /// [`Misuse`](crate::Misuse) if the store is of another engine, or the program runs already.
    ///
    /// # Panics
    /// Where `main`, or a host function that another thread called, panics.
    pub fn run<S: AsContextMut<Data = T>, R>(
        &self,
        store: &mut S,
        main: impl FnOnce(&mut S) -> Result<R>,
    ) -> Result<R> {
        let engine = self.pre.module().engine();
        let context = store.as_context_mut();
        context.state.engine.check_same(self.pre.module())?;
        let epoch = engine.epochs().follow();
        let fuel = context.get_fuel().ok();
        let begun = self.crew.begin(Terms { epoch: Arc::clone(&epoch), fuel });
        if let Err(error) = begun {
            engine.epochs().leave(&epoch);
            return Err(error);
        }
        context.rt.set_epoch(Arc::clone(&epoch));
        let outcome = catch_unwind(AssertUnwindSafe(|| main(store)));
        let first = self.crew.finish();
        store.as_context_mut().rt.set_epoch(Arc::clone(engine.epoch()));
        engine.epochs().leave(&epoch);
        match (first, outcome) {
            (Some(End::Error(error)), _) => Err(error),
            (Some(End::Panic(panic)), _) | (None, Err(panic)) => resume_unwind(panic),
            (None, Ok(outcome)) => outcome,
        }
    }

    /// A new thread with this data and argument: its number, or [`AGAIN`].
    fn spawn(&self, host: T, arg: i32, inherited: &Inherited) -> Result<i32> {
        let (member, terms) = match self.crew.enlist(self.threads_max) {
            Ok(enlisted) => enlisted,
            Err(NoThread::Again) => return Ok(AGAIN),
            Err(NoThread::NoRun) => misuse!("threads are started inside `WasiThreadsCtx::run`"),
        };
        let tid = member.tid;
        let (mut store, instance) = match self.instance(host, inherited, &terms) {
            Ok(made) => made,
            // There is no room for it.
            Err(error) if error.is::<LinkError>() || error.is::<PoolConcurrencyLimitError>() => {
                return Ok(AGAIN);
            }
            Err(error) => return Err(error.context(format!("failed to make thread {tid}"))),
        };
        let module = self.pre.module().clone();
        let run = move || {
            workers::is_worker_now();
            let run = || enter(&mut store, instance, &module, (tid, arg));
            let outcome = catch_unwind(AssertUnwindSafe(run));
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(store)));
            member.leave(match (outcome, dropped) {
                (Ok(Ok(())), Ok(())) => None,
                (Ok(Err(error)), _) => {
                    Some(End::Error(error.context(format!("failed to run thread {tid}"))))
                }
                (Err(panic), _) | (Ok(Ok(())), Err(panic)) => Some(End::Panic(panic)),
            });
        };
        let builder = workers::program_thread(format!("wasi-thread-{tid}"));
        Ok(if self.crew.start(tid, builder, run) { tid } else { AGAIN })
    }

    /// A store with an instance whose start function has not run.
    fn instance(
        &self,
        host: T,
        inherited: &Inherited,
        terms: &Terms,
    ) -> Result<(Store<T>, Instance)> {
        let module = self.pre.module();
        expect_entry(module)?;
        let mut store = Store::try_new(module.engine(), host)?;
        if let Some(fuel) = terms.fuel {
            store.set_fuel(fuel)?;
        }
        store.set_wall_deadline(inherited.deadline);
        let rt = store.as_context_mut().rt;
        rt.set_epoch(Arc::clone(&terms.epoch));
        rt.set_epoch_deadline(inherited.epoch_deadline);
        if let Some(prepare) = &self.prepare {
            prepare(&mut store)?;
        }
        let mut context = store.as_context_mut();
        let imports = self.pre.found(&mut context, &[])?;
        let instance = Instance::unstarted(&mut context, module, &imports)?;
        Ok((store, instance))
    }
}

/// Runs a thread in its store.
fn enter<T: 'static>(
    store: &mut Store<T>,
    instance: Instance,
    module: &Module,
    (tid, arg): (i32, i32),
) -> Result<()> {
    instance.start(&mut store.as_context_mut(), module)?;
    let entry = instance.get_typed_func::<(i32, i32), ()>(&*store, ENTRY);
    entry?.call(store, (tid, arg)).with_context(|| format!("failed to invoke `{ENTRY}`"))
}

/// Refuses a module whose threads have nothing to call.
fn expect_entry(module: &Module) -> Result<()> {
    let fits = |ty: &ExternType| match ty {
        ExternType::Func(ty) => {
            ty.results().len() == 0
                && ty.params().map(|ty| matches!(ty, ValType::I32)).eq([true, true])
        }
        _ => false,
    };
    if module.get_export(ENTRY).as_ref().is_some_and(fits) {
        return Ok(());
    }
    let what = "the module exports no function `wasi_thread_start` with two parameters of type i32 \
                and no results, so it has no threads to start";
    Err(Error::new(Trap::Aborted).context(what))
}

impl<T: 'static> fmt::Debug for WasiThreadsCtx<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiThreadsCtx")
            .field("module", self.pre.module())
            .field("threads_max", &self.threads_max)
            .field("live", &self.crew.live())
            .finish_non_exhaustive()
    }
}

/// Defines `thread-spawn`, and a new memory for each shared memory that the module imports; gives
/// the first of these. `get` finds the threads in the data of a store.
///
/// # Errors
/// [`LinkError`] if the module imports no shared memory; otherwise if a name is defined and
/// shadowing is off, or those of [`SharedMemory::new`].
pub fn add_to_linker<T: Clone + Send + 'static>(
    linker: &mut Linker<T>,
    store: impl AsContext<Data = T>,
    module: &Module,
    get: impl Fn(&mut T) -> &WasiThreadsCtx<T> + Send + Sync + Copy + 'static,
) -> Result<SharedMemory> {
    linker.func_wrap(MODULE, SPAWN, move |mut caller: Caller<'_, T>, arg: i32| -> Result<i32> {
        let mut context = caller.as_context_mut();
        let (epoch_deadline, deadline) = (context.rt.epoch_deadline(), context.state.deadline);
        let host = context.data().clone();
        get(context.data_mut()).spawn(host, arg, &Inherited { epoch_deadline, deadline })
    })?;
    let mut made: Vec<((&str, &str), SharedMemory)> = Vec::new();
    for import in module.imports() {
        let ExternType::Memory(ty) = import.ty() else { continue };
        let name = (import.module(), import.name());
        if ty.is_shared() && made.iter().all(|(other, _)| *other != name) {
            let memory = SharedMemory::new(module.engine(), ty)?;
            linker.define(&store, import.module(), import.name(), memory.clone())?;
            made.push((name, memory));
        }
    }
    match made.into_iter().next() {
        Some((_, memory)) => Ok(memory),
        None => Err(Error::new(LinkError::new(
            "the module imports no shared memory, without which it has no threads",
        ))),
    }
}
