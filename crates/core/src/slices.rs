//! Code that yields: after a slice of its fuel, or when its epoch is due.
//!
//! ```text
//! call_async ─► code ─ slice used up, epoch due ─► suspended ─► `Poll::Pending`, woken at once
//!     ▲                                                              │
//!     └──────────────────── goes on, with the next slice ◄───────────┘
//! ```
//!
//! The runtime's counter has the slice alone; the rest of the fuel lies in [`Slices`]. What an
//! embedder reads and sets is the sum, and so is what a program can use up.
//!
//! 1. Fuel is held back exactly while code of a call that waits runs: not in a call of the host
//!    inside it, and not while it is suspended.
//!
//! 2. A slice ends when it is used up: a host function that is awaited in it ends none, for its
//!    future may be ready at once, and then the executor has not been asked.
//!
//! Limits: machine code yields in host functions only, so a store whose code is to yield runs none.

use crate::error::{Result, misuse};
use crate::hooks::UpdateDeadline;
use crate::store::{Store, StoreContextMut, expect_fuel};
use prova_runtime as rt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The fuel of a store that its running code does not see.
#[derive(Debug, Default)]
pub(crate) struct Slices {
    /// The fuel of a slice; `None`: code does not yield.
    interval: Option<u64>,
    held_back: u64,
}

impl Slices {
    /// All fuel of the store.
    pub(crate) fn all(&self, rt: &rt::Store) -> u64 {
        rt.fuel().saturating_add(self.held_back)
    }

    /// Sets the fuel of the store; what is held back stays so where there is as much.
    pub(crate) fn set(&mut self, rt: &mut rt::Store, fuel: u64) {
        let held_back = std::mem::take(&mut self.held_back);
        rt.set_fuel(fuel);
        self.hold_back(rt, held_back);
    }

    /// Holds back so much, or what there is.
    pub(crate) fn hold_back(&mut self, rt: &mut rt::Store, fuel: u64) {
        let all = self.all(rt);
        self.held_back = fuel.min(all);
        rt.set_fuel(all - self.held_back);
    }

    /// Holds nothing back any more; gives what was.
    pub(crate) fn join(&mut self, rt: &mut rt::Store) -> u64 {
        rt.set_fuel(self.all(rt));
        std::mem::take(&mut self.held_back)
    }

    /// The next slice begins, of at least so much. Says whether there is as much.
    pub(crate) fn begin(&mut self, rt: &mut rt::Store, needed: u64) -> bool {
        let Some(interval) = self.interval else { return false };
        self.go_on(rt, interval.max(needed));
        needed <= self.all(rt)
    }

    /// A slice goes on of which so much is left, where code yields.
    pub(crate) fn go_on(&mut self, rt: &mut rt::Store, left: u64) {
        if self.interval.is_some() {
            let all = self.all(rt);
            self.hold_back(rt, all.saturating_sub(left));
        }
    }
}

impl<T: 'static> Store<T> {
    /// Lets calls that wait ([`Func::call_async`](crate::Func::call_async)) yield to their executor
    /// whenever they have used this much fuel; `None`, as in a new store: they do not. The fuel of
    /// the store is as before; an interval larger than it never yields.
    ///
    /// The store runs no machine code then.
    ///
    /// # Errors
    /// If the engine does not consume fuel, for 0, and if the store has instances already and runs
    /// machine code.
    pub fn fuel_async_yield_interval(&mut self, interval: Option<u64>) -> Result<()> {
        let StoreContextMut { rt, state } = crate::AsContextMut::as_context_mut(self);
        expect_fuel(&state.engine)?;
        if interval == Some(0) {
            misuse!("code cannot yield after each 0 units of fuel");
        }
        if interval.is_some() && !rt.leave_machine_code() {
            misuse!(
                "a store that runs machine code yields in its host functions only: set the interval before its first instance"
            );
        }
        state.slices.interval = interval;
        Ok(())
    }

    /// Lets calls that wait ([`Func::call_async`](crate::Func::call_async)) yield to their executor
    /// when the store's epoch is due, which is due again `delta` ticks later. In other calls code
    /// traps then.
    ///
    /// ```
    /// use prova_core::*;
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    ///
    /// let mut config = Config::new();
    /// config.epoch_interruption(true);
    /// let engine = Engine::new(&config)?;
    /// let text = r#"(module (func (export "run") (param i32) (loop $again
    ///     (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
    ///     (br_if $again (local.get 0)))))"#;
    /// let module = Module::new(&engine, wat::parse_str(text)?)?;
    /// let mut store = Store::new(&engine, ());
    /// // Always due: at the function's entry and at each round of a loop.
    /// store.epoch_deadline_async_yield_and_update(0);
    /// let run = Instance::new(&mut store, &module, &[])?;
    /// let run = run.get_typed_func::<i32, ()>(&mut store, "run")?;
    /// let mut call = pin!(run.call_async(&mut store, 3));
    /// let mut yields = 0;
    /// let mut cx = Context::from_waker(Waker::noop());
    /// while let Poll::Pending = call.as_mut().poll(&mut cx) {
    ///     yields += 1;
    /// }
    /// assert_eq!(yields, 4);
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`Store::epoch_deadline_callback`].
    pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
        self.epoch_deadline_callback(move |_| Ok(UpdateDeadline::Yield(delta)));
    }
}

/// A future that is ready when it is polled again, and asks for that at once.
pub(crate) struct YieldOnce {
    yielded: bool,
}

impl YieldOnce {
    pub(crate) fn new() -> YieldOnce {
        YieldOnce { yielded: false }
    }
}

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
