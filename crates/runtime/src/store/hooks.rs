//! The embedder's say while code runs: whether a memory or table may grow ([`GrowthHook`]), whether
//! code goes on where none grew ([`GrowthFailedHook`]) and when its epoch is due ([`EpochHook`]).
//!
//! All get the host's data, which a call lends to the driver. Executors do not see it, so who runs
//! one lends the data to the store meanwhile ([`Store::with_data`]).
//!
//! # Invariants
//! * *Lent data.* `Hooks::data` is a pointer only while a [`Store::with_data`] runs that has
//!   borrowed the data for writing and uses it for nothing else; so the hook that gets it is its
//!   only user.
//! * *Asking.* While an [`EpochHook`] runs, no code runs in the store, and no exception is
//!   forgotten: the frame that waits at the poll has no record, so nobody would find the references
//!   in it.
//!
//! A store with an [`EpochHook`] runs no machine code, which could not go on behind a poll, and
//! tests the epoch at function entries, loop headers and after host calls only: not inside bulk
//! operators, which could not hand out the store.
//!
//! Noticed by: `crates/core/tests/hooks.rs`.

use super::Store;
use crate::instantiate::CreateError;
use crate::trap::{TraceFrame, Trap, TrapKind};
use crate::vm::Records;
use prova_module::{MemoryType, TableType};
use std::any::Any;
use std::fmt;
use std::sync::atomic::Ordering;

/// A memory or table that is to grow, or to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The kind of the object.
    pub of: Growing,
    /// Its size: bytes of a memory, elements of a table; 0 for one that is to be made.
    pub current: u64,
    /// Its size after that.
    pub desired: u64,
    /// The greatest size that its type allows.
    pub maximum: Option<u64>,
}

/// The objects that grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growing {
    /// A memory.
    Memory,
    /// A table.
    Table,
}

/// The answer of a [`GrowthHook`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Granted,
    /// It may not: the operator gives −1, or traps where the store does so.
    Refused,
    /// The program ends. The hook has kept the reason: the trap is of kind [`TrapKind::Host`] and
    /// has no message.
    Stop,
}

/// Asked, with the host's data, before a memory or table grows within its own limits.
pub type GrowthHook = fn(&mut dyn Any, &Growth) -> Permission;

/// Why a memory or table did not grow by more than 0, though no [`GrowthHook`] refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrowthFailure {
    /// It would exceed the maximum of its type, or its addresses.
    Maximum,
    /// It would exceed one of the store's [`Limits`](crate::Limits).
    Limit,
    /// The system has no more memory.
    System,
}

/// Told, with the host's data, that a memory or table did not grow; false ends the program as
/// [`Permission::Stop`] does.
pub type GrowthFailedHook = fn(&mut dyn Any, Growing, GrowthFailure) -> bool;

/// The answer of an [`EpochHook`], which has set another deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochAnswer {
    /// Code goes on.
    GoOn,
    /// The call is suspended ([`SuspendedBy::Epoch`](crate::SuspendedBy)); one that nothing can
    /// resume traps with [`TrapKind::Suspended`].
    Yield,
}

/// Asked, with the store and the host's data, when the epoch is due. Unless it gives an answer,
/// code traps with what it gives, or with [`TrapKind::Interrupt`].
pub type EpochHook = fn(&mut Store, &mut dyn Any) -> Result<EpochAnswer, Option<Box<Trap>>>;

/// The hooks of a store, and the data that is lent to it.
pub(crate) struct Hooks {
    growth: Option<(GrowthHook, GrowthFailedHook)>,
    epoch: Option<EpochHook>,
    /// Lent data.
    data: Option<*mut dyn Any>,
    /// Asking.
    asking: bool,
    /// The frames of the code whose epoch is due, the innermost first, while a hook runs.
    asked_at: Vec<TraceFrame>,
}

impl Records for Hooks {}

impl Hooks {
    pub(crate) const NONE: Hooks =
        Hooks { growth: None, epoch: None, data: None, asking: false, asked_at: Vec::new() };
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").field("asking", &self.asking).finish_non_exhaustive()
    }
}

/// Hooks.
impl Store {
    /// Asks the first from now on before memories and tables grow or are made, and tells the second
    /// where they do not grow.
    pub fn set_growth_hooks(&mut self, hooks: Option<(GrowthHook, GrowthFailedHook)>) {
        self.hooks.growth = hooks;
    }

    /// Asks this from now on when the epoch is due; `None`: code traps then. Says whether it can: a
    /// store with instances that run machine code cannot be given a hook.
    pub fn set_epoch_hook(&mut self, hook: Option<EpochHook>) -> bool {
        if hook.is_some() && !self.leave_machine_code() {
            return false;
        }
        self.hooks.epoch = hook;
        true
    }

    /// From now on the store runs no machine code, which stops at calls only. Says whether it can:
    /// a store with instances that run machine code cannot.
    pub fn leave_machine_code(&mut self) -> bool {
        if self.native.is_none() {
            return true;
        }
        if !self.instances.is_empty() {
            return false;
        }
        self.stop_native();
        true
    }

    /// Whether a hook is asked when the epoch is due.
    pub(crate) fn has_epoch_hook(&self) -> bool {
        self.hooks.epoch.is_some()
    }

    /// Whether an [`EpochHook`] runs (asking).
    pub(crate) fn is_asking(&self) -> bool {
        self.hooks.asking
    }

    /// The trap of a call that is to yield where nothing can resume it.
    pub fn yield_refused() -> Trap {
        let message = "code is to yield at its epoch's end, in a call that cannot be resumed";
        Trap::with_message(TrapKind::Suspended, message)
    }

    /// Tests the epoch as [`Store::poll`] does; whether a hook is to be asked.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Interrupt`] if it is due and there is no hook.
    pub(crate) fn asks_epoch(&self) -> Result<bool, TrapKind> {
        if self.hooks.epoch.is_none() {
            return self.poll().map(|()| false);
        }
        let counts = self.settings().metering.has_epoch();
        Ok(counts && self.epoch.load(Ordering::Relaxed) >= self.epoch_deadline())
    }

    /// Runs something in the store with the host's data lent to it, for the [`GrowthHook`].
    pub fn with_data<R>(
        &mut self,
        data: &mut (dyn Any + 'static),
        run: impl FnOnce(&mut Store) -> R,
    ) -> R {
        if self.hooks.growth.is_none() {
            return run(self);
        }
        let outer = self.hooks.data.replace(data);
        let lent = Lent { store: self, outer };
        run(&mut *lent.store)
    }

    /// Asks whether an object may grow or be made.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Host`] if the program is to end.
    pub(crate) fn may_grow(&mut self, growth: Growth) -> Result<bool, TrapKind> {
        let Some((hook, _)) = self.hooks.growth else { return Ok(true) };
        // Nobody has lent the data: a way to grow that does not know of hooks.
        let Some(data) = self.hooks.data.take() else { return Ok(false) };
        // SAFETY: lent data. It is taken meanwhile, so there is one reference.
        let answer = hook(unsafe { &mut *data }, &growth);
        self.hooks.data = Some(data);
        match answer {
            Permission::Granted => Ok(true),
            Permission::Refused => Ok(false),
            Permission::Stop => Err(TrapKind::Host),
        }
    }

    /// Tells that an object did not grow by `delta`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Host`] if the program is to end.
    pub(crate) fn tell_failed(
        &mut self,
        of: Growing,
        delta: u64,
        why: GrowthFailure,
    ) -> Result<(), TrapKind> {
        let Some((_, hook)) = self.hooks.growth.filter(|_| delta != 0) else { return Ok(()) };
        let Some(data) = self.hooks.data.take() else { return Ok(()) };
        // SAFETY: lent data. It is taken meanwhile, so there is one reference.
        let goes_on = hook(unsafe { &mut *data }, of, why);
        self.hooks.data = Some(data);
        if goes_on { Ok(()) } else { Err(TrapKind::Host) }
    }

    /// Asks for memories and tables that are to be made.
    pub(crate) fn may_make(
        &mut self,
        memories: &[MemoryType],
        tables: &[TableType],
    ) -> Result<(), CreateError> {
        if self.hooks.growth.is_none() {
            return Ok(());
        }
        let bytes = |ty: &MemoryType, pages: u64| pages.saturating_mul(1 << ty.page_size_log2);
        let of_memory = |ty: &MemoryType| Growth {
            of: Growing::Memory,
            current: 0,
            desired: bytes(ty, ty.min),
            maximum: ty.max.map(|max| bytes(ty, max)),
        };
        let of_table = |ty: &TableType| Growth {
            of: Growing::Table,
            current: 0,
            desired: ty.min,
            maximum: ty.max,
        };
        for growth in memories.iter().map(of_memory).chain(tables.iter().map(of_table)) {
            match self.may_grow(growth) {
                Ok(true) => {}
                Ok(false) | Err(_) => return Err(CreateError::Refused),
            }
        }
        Ok(())
    }

    /// The frames of the call whose epoch is due, the innermost first and at most
    /// [`Trap::FRAMES_MAX`]; none unless an [`EpochHook`] runs.
    pub fn asked_at(&self) -> &[TraceFrame] {
        &self.hooks.asked_at
    }

    /// Tests the epoch, and asks the hook if it is due; `frames` gives [`Store::asked_at`].
    ///
    /// # Errors
    ///
    /// [`TrapKind::Interrupt`], or the hook's own trap; [`TrapKind::Suspended`] if it wants the
    /// call to yield.
    pub fn poll_asking(
        &mut self,
        data: &mut dyn Any,
        frames: impl FnOnce(&Store) -> Vec<TraceFrame>,
    ) -> Result<(), Trap> {
        if !self.asks_epoch()? {
            return Ok(());
        }
        let frames = frames(self);
        match self.ask_epoch(data, frames)? {
            EpochAnswer::GoOn => Ok(()),
            EpochAnswer::Yield => Err(Store::yield_refused()),
        }
    }

    /// Asks the hook about an epoch that is due.
    ///
    /// # Errors
    ///
    /// As [`Store::poll_asking`].
    pub(crate) fn ask_epoch(
        &mut self,
        data: &mut dyn Any,
        frames: Vec<TraceFrame>,
    ) -> Result<EpochAnswer, Trap> {
        let hook = self.hooks.epoch.filter(|_| !self.is_over());
        let Some(hook) = hook else { return Err(TrapKind::Interrupt.into()) };
        self.hooks.asking = true;
        self.hooks.asked_at = frames;
        let asking = Asking { store: self };
        let answer = hook(&mut *asking.store, data);
        drop(asking);
        match answer {
            Ok(answer) => Ok(answer),
            Err(Some(trap)) => Err(*trap),
            Err(None) => Err(TrapKind::Interrupt.into()),
        }
    }
}

/// Data lent to a store; ends when it is dropped, by a panic too.
struct Lent<'s> {
    store: &'s mut Store,
    outer: Option<*mut dyn Any>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.store.hooks.data = self.outer;
    }
}

/// A hook that runs; ends when it is dropped, by a panic too.
struct Asking<'s> {
    store: &'s mut Store,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.store.hooks.asking = false;
        self.store.hooks.asked_at.clear();
    }
}
