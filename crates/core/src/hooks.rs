//! Questions to the embedder while code runs: about growth ([`ResourceLimiter`]), when an epoch is
//! due ([`UpdateDeadline`]), and at each change between guest and host ([`CallHook`]).
//!
//! The closures lie in the store's [`State`], where the runtime's hooks find them. One that runs is
//! taken out meanwhile, so it cannot meet itself.

use crate::error::{Error, Result, format_err};
use crate::limits::StoreLimits;
use crate::store::{AsContextMut, Asked, State, Store, StoreContextMut, limits_within};
use crate::trap::{Trap, trap_of_host};
use prova_runtime as rt;
use rt::{EpochAnswer, Growing, Growth, GrowthFailure, Permission};
use std::any::Any;
use std::fmt;
use std::pin::Pin;

/// Decides about the growth of a store's memories and tables, and their greatest numbers;
/// see [`Store::limiter`].
///
/// Sizes of memories are in bytes, of tables in elements. What is made is asked about too, as
/// growth from 0. Growth beyond the maximum of a type is refused without asking.
///
/// ```
/// use prova_core::*;
///
/// struct Quota(usize);
///
/// impl ResourceLimiter for Quota {
///     fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
///         let more = desired - current;
///         let granted = more <= self.0;
///         self.0 -= if granted { more } else { 0 };
///         Ok(granted)
///     }
///
///     fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
///         Ok(desired <= 100)
///     }
/// }
///
/// let mut store = Store::new(&Engine::default(), Quota(3 << 16));
/// store.limiter(|quota| quota);
/// let memory = Memory::new(&mut store, MemoryType::new(2, None))?;
/// assert_eq!(memory.grow(&mut store, 1)?, 2);
/// assert!(memory.grow(&mut store, 1).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
pub trait ResourceLimiter: Send {
    /// Whether a memory may grow.
    ///
    /// # Errors
    /// Its error ends the program.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Whether a table may grow.
    ///
    /// # Errors
    /// Its error ends the program.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Told that a memory did not grow, though nobody refused it: it would exceed the maximum of
    /// its type or a limit of the store, or the system has no more memory. By default that is no
    /// matter: the program gets −1.
    ///
    /// ```
    /// use prova_core::*;
    ///
    /// struct Strict;
    ///
    /// impl ResourceLimiter for Strict {
    ///     fn memory_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
    ///         Ok(true)
    ///     }
    ///
    ///     fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
    ///         Ok(true)
    ///     }
    ///
    ///     fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
    ///         Err(error.context("the program has all its memory"))
    ///     }
    /// }
    ///
    /// let mut store = Store::new(&Engine::default(), Strict);
    /// store.limiter(|strict| strict);
    /// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
    /// memory.grow(&mut store, 1)?;
    /// let error = memory.grow(&mut store, 1).unwrap_err();
    /// assert_eq!(error.to_string(), "the program has all its memory");
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Its error ends the program.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// The same of a table.
    ///
    /// # Errors
    /// Its error ends the program.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        drop(error);
        Ok(())
    }

    /// The most instances of the store; asked once.
    fn instances(&self) -> usize {
        10_000
    }

    /// The most tables of the store; asked once.
    fn tables(&self) -> usize {
        10_000
    }

    /// The most memories of the store; asked once.
    fn memories(&self) -> usize {
        10_000
    }

    /// Limits that stand for all answers, so that nobody is asked; asked once.
    fn fixed(&self) -> Option<StoreLimits> {
        None
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.answer(desired as u64 <= self.limits.memory_bytes_max)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.answer(desired as u64 <= self.limits.table_elements_max)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed(error)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed(error)
    }

    fn instances(&self) -> usize {
        clamped(self.limits.instances_max)
    }

    fn tables(&self) -> usize {
        clamped(self.limits.tables_max)
    }

    fn memories(&self) -> usize {
        clamped(self.limits.memories_max)
    }

    fn fixed(&self) -> Option<StoreLimits> {
        Some(self.clone())
    }
}

impl StoreLimits {
    /// The answer, for a limiter that hands the question on to these limits.
    fn answer(&self, fits: bool) -> Result<bool> {
        match fits || !self.trap_on_grow_failure {
            true => Ok(fits),
            false => Err(Error::new(Trap::GrowthLimit)),
        }
    }

    /// The same where growth fails that they allow.
    fn failed(&self, error: Error) -> Result<()> {
        match self.trap_on_grow_failure {
            true => Err(Error::new(Trap::GrowthLimit).context(error)),
            false => Ok(()),
        }
    }
}

fn clamped(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The fate of a store whose epoch is due; see [`Store::epoch_deadline_callback`].
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.epoch_interruption(true);
/// let engine = Engine::new(&config)?;
/// let mut store = Store::new(&engine, 0);
/// store.epoch_deadline_callback(|mut store| {
///     *store.data_mut() += 1;
///     Ok(if *store.data() < 3 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
/// });
/// # Ok::<(), prova_core::Error>(())
/// ```
#[non_exhaustive]
pub enum UpdateDeadline {
    /// Code traps with [`Trap::Interrupt`].
    Interrupt,
    /// Code goes on, and is due again after this number of ticks.
    Continue(u64),
    /// A call that waits ([`Func::call_async`](crate::Func::call_async)) yields to its executor;
    /// then code goes on, and is due again after this number of ticks. Any other call traps.
    Yield(u64),
    /// The same, but the call waits for this future instead.
    YieldCustom(u64, Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl fmt::Debug for UpdateDeadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UpdateDeadline::Interrupt => f.write_str("Interrupt"),
            UpdateDeadline::Continue(ticks) => f.debug_tuple("Continue").field(ticks).finish(),
            UpdateDeadline::Yield(ticks) => f.debug_tuple("Yield").field(ticks).finish(),
            UpdateDeadline::YieldCustom(ticks, _) => {
                f.debug_tuple("YieldCustom").field(ticks).finish_non_exhaustive()
            }
        }
    }
}

/// A change between guest and host; see [`Store::call_hook`].
///
/// ```
/// use prova_core::*;
///
/// assert!(CallHook::CallingHost.entering_host() && CallHook::ReturningFromHost.exiting_host());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallHook {
    /// The host calls a function.
    CallingWasm,
    /// That call ended.
    ReturningFromWasm,
    /// A host function is called.
    CallingHost,
    /// That call ended.
    ReturningFromHost,
}

impl CallHook {
    /// Whether the host goes on.
    pub fn entering_host(&self) -> bool {
        matches!(self, CallHook::ReturningFromWasm | CallHook::CallingHost)
    }

    /// Whether the host stops.
    pub fn exiting_host(&self) -> bool {
        !self.entering_host()
    }
}

impl<T: 'static> Store<T> {
    /// Limits what the store may hold from now on. `limiter` finds the one who decides in the
    /// store's data: [`StoreLimits`], which are read once, now, so that later changes of them have
    /// no effect until this is called again; or a [`ResourceLimiter`] of the embedder's, which is
    /// asked each time.
    pub fn limiter(
        &mut self,
        mut limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        let StoreContextMut { rt, state } = self.as_context_mut();
        let found = limiter(&mut state.data);
        let fixed = found.fixed();
        let asks = fixed.is_none();
        let limits = fixed.unwrap_or_else(|| {
            let mut limits = StoreLimits::default();
            limits.limits.instances_max = found.instances() as u64;
            limits.limits.tables_max = found.tables() as u64;
            limits.limits.memories_max = found.memories() as u64;
            limits
        });
        let trap = limits.trap_on_grow_failure || state.engine.config().trap_on_grow_failure;
        rt.set_limits(limits_within(&state.engine, limits.limits), trap);
        rt.set_growth_hooks(asks.then_some((may_grow::<T>, cannot_grow::<T>)));
        state.asked.limiter = asks.then(|| Box::new(limiter) as _);
    }

    /// Asks `callback` when the store's epoch is due, at a function's entry, a round of a loop, or
    /// after a host function.
    ///
    /// The store runs no machine code then: that cannot go on where its epoch was due. A bulk
    /// operator (`memory.fill`) is not interrupted. The callback may not call code of the store.
    ///
    /// ```
    /// use prova_core::*;
    ///
    /// let mut config = Config::new();
    /// config.epoch_interruption(true);
    /// let engine = Engine::new(&config)?;
    /// let module = Module::new(&engine, wat::parse_str(r#"(module (func (export "f")))"#)?)?;
    /// let mut store = Store::new(&engine, 2);
    /// store.epoch_deadline_callback(|mut store| {
    ///     *store.data_mut() -= 1;
    ///     let left = *store.data();
    ///     Ok(if left > 0 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    /// });
    /// let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "f")?;
    /// f.call(&mut store, ())?;
    /// engine.increment_epoch();
    /// let error = f.call(&mut store, ()).unwrap_err();
    /// assert_eq!(error.downcast::<Trap>()?, Trap::Interrupt);
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the store has instances already, and runs machine code.
    pub fn epoch_deadline_callback(
        &mut self,
        callback: impl FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline> + Send + Sync + 'static,
    ) {
        let StoreContextMut { rt, state } = self.as_context_mut();
        let set = rt.set_epoch_hook(Some(is_due::<T>));
        assert!(set, "a store that runs machine code gets its callback before its first instance");
        state.asked.deadline = Some(Box::new(callback));
    }

    /// That an epoch beyond the deadline traps, as in a new store, and asks no callback
    /// ([`Store::epoch_deadline_callback`]).
    pub fn epoch_deadline_trap(&mut self) {
        let StoreContextMut { rt, state } = self.as_context_mut();
        rt.set_epoch_hook(None);
        state.asked.deadline = None;
    }

    /// Tells `hook` of each change between guest and host from now on. Its error ends the call.
    ///
    /// ```
    /// use prova_core::*;
    ///
    /// let mut store = Store::new(&Engine::default(), 0);
    /// store.call_hook(|mut store, hook| {
    ///     *store.data_mut() += usize::from(hook == CallHook::CallingHost);
    ///     if *store.data() > 1 { bail!("one call is enough") } else { Ok(()) }
    /// });
    /// let func = Func::wrap(&mut store, || ());
    /// func.call(&mut store, &[], &mut [])?;
    /// assert!(func.call(&mut store, &[], &mut []).is_err());
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    pub fn call_hook(
        &mut self,
        hook: impl FnMut(StoreContextMut<'_, T>, CallHook) -> Result<()> + Send + Sync + 'static,
    ) {
        self.as_context_mut().state.asked.call = Some(Box::new(hook));
    }
}

impl<T: 'static> StoreContextMut<'_, T> {
    /// Tells the embedder of a change.
    ///
    /// # Errors
    /// The embedder's.
    pub(crate) fn tell(&mut self, change: CallHook) -> Result<()> {
        if self.state.asked.call.is_none() {
            return Ok(());
        }
        let Some(mut hook) = self.state.asked.call.take() else { return Ok(()) };
        let told = hook(self.as_context_mut(), change);
        self.state.asked.call.get_or_insert(hook);
        told
    }
}

/// The state of a store that the runtime lent.
fn state_of<T: 'static>(data: &mut dyn Any) -> Option<&mut State<T>> {
    // Store, invariant 1.
    data.downcast_mut()
}

/// The runtime's question about growth.
fn may_grow<T: 'static>(data: &mut dyn Any, growth: &Growth) -> Permission {
    let Some(State { data, asked: Asked { limiter: Some(limiter), error, .. }, .. }) =
        state_of::<T>(data)
    else {
        return Permission::Refused;
    };
    let (current, desired) = (clamped(growth.current), clamped(growth.desired));
    let (limiter, maximum) = (limiter(data), growth.maximum.map(clamped));
    let answer = match growth.of {
        Growing::Memory => limiter.memory_growing(current, desired, maximum),
        Growing::Table => limiter.table_growing(current, desired, maximum),
    };
    match answer {
        Ok(true) => Permission::Granted,
        Ok(false) => Permission::Refused,
        Err(why) => {
            *error = Some(why);
            Permission::Stop
        }
    }
}

/// The runtime's word that something did not grow; whether the program goes on.
fn cannot_grow<T: 'static>(data: &mut dyn Any, of: Growing, why: GrowthFailure) -> bool {
    let Some(State { data, asked: Asked { limiter: Some(limiter), error, .. }, .. }) =
        state_of::<T>(data)
    else {
        return true;
    };
    let name = match of {
        Growing::Memory => "Memory",
        Growing::Table => "Table",
    };
    let failure = match why {
        GrowthFailure::Maximum => format_err!("{name} maximum size exceeded"),
        GrowthFailure::Limit => format_err!("{name} size exceeds a limit of the store"),
        GrowthFailure::System => format_err!("{name} growth: the system has no more memory"),
    };
    let limiter = limiter(data);
    let answer = match of {
        Growing::Memory => limiter.memory_grow_failed(failure),
        Growing::Table => limiter.table_grow_failed(failure),
    };
    answer.map_err(|why| *error = Some(why)).is_ok()
}

/// The runtime's question about an epoch that is due.
fn is_due<T: 'static>(
    rt: &mut rt::Store,
    data: &mut dyn Any,
) -> Result<EpochAnswer, Option<Box<rt::Trap>>> {
    let Some(state) = state_of::<T>(data) else { return Err(None) };
    let Some(mut callback) = state.asked.deadline.take() else { return Err(None) };
    let answer = callback(StoreContextMut { rt, state });
    state.asked.deadline.get_or_insert(callback);
    let (ticks, answer) = match answer {
        Ok(UpdateDeadline::Interrupt) => return Err(None),
        Ok(UpdateDeadline::Continue(ticks)) => (ticks, EpochAnswer::GoOn),
        Ok(UpdateDeadline::Yield(ticks)) => (ticks, EpochAnswer::Yield),
        Ok(UpdateDeadline::YieldCustom(ticks, future)) => {
            state.asked.yielding = Some(future);
            (ticks, EpochAnswer::Yield)
        }
        Err(error) => return Err(Some(trap_of_host(error))),
    };
    StoreContextMut { rt, state }.set_epoch_deadline(ticks);
    Ok(answer)
}
