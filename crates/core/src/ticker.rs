//! Limits of time for code that never calls the host: a thread moves an engine's epoch on, and each
//! store's deadline is a number of ticks away.
//!
//! One thread serves all stores of an engine. A store is never stopped before its time; it is
//! stopped at most a tick behind it, as far as the system wakes the thread in time.

use crate::engine::Engine;
use crate::error::{Context, Result, misuse};
use crate::store::Store;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Moves an engine's epoch on in equal times, until it is dropped; see [`Engine::tick`].
///
/// ```
/// use prova_core::*;
/// use std::time::Duration;
///
/// let mut config = Config::new();
/// config.epoch_interruption(true);
/// let engine = Engine::new(&config)?;
/// let ticker = engine.tick(Duration::from_millis(5))?;
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (func (export "spin") (loop $again (br $again))))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// store.set_timeout(&ticker, Duration::from_millis(50))?;
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
/// let error = spin.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Debug)]
pub struct EpochTicker {
    engine: Engine,
    every: Duration,
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Moves the epoch on by one each time that `every` has passed, on a thread that ends when the
    /// ticker is dropped. Deadlines of stores count these ticks, beside what
    /// [`Engine::increment_epoch`] adds.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if `every` is 0, or the configuration is without
    /// [`Config::epoch_interruption`](crate::Config::epoch_interruption); if the system gives no
    /// thread.
    pub fn tick(&self, every: Duration) -> Result<EpochTicker> {
        if every.is_zero() {
            misuse!("a ticker needs a time between its ticks");
        }
        if !self.config().epoch {
            misuse!("nothing stops at an epoch: `Config::epoch_interruption` is off");
        }
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let (engine, seen) = (self.clone(), Arc::clone(&ended));
        let thread = Builder::new()
            .name("prova-ticker".into())
            .spawn(move || run(&engine, every, &seen))
            .context("the system gives no thread")?;
        Ok(EpochTicker { engine: self.clone(), every, ended, thread: Some(thread) })
    }
}

/// Ticks until somebody says that it is over. A tick that comes late is not made up for: a store
/// would be stopped before its time.
fn run(engine: &Engine, every: Duration, (over, changed): &(Mutex<bool>, Condvar)) {
    let mut over = over.lock().unwrap_or_else(PoisonError::into_inner);
    while !*over {
        let last = Instant::now();
        while !*over && last.elapsed() < every {
            let left = every.saturating_sub(last.elapsed());
            let woken = changed.wait_timeout(over, left);
            over = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        if !*over {
            engine.increment_epoch();
        }
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        let (over, changed) = &*self.ended;
        *over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does not panic, and there is nobody to tell.
            thread.join().ok();
        }
    }
}

impl<T: 'static> Store<T> {
    /// Lets running code trap with [`Trap::Interrupt`](crate::Trap::Interrupt) once `limit` has
    /// passed from now on, and ends WASI's calls then. A later call sets another time.
    ///
    /// # Errors
    /// [`Misuse`](crate::Misuse) if the ticker is of another engine.
    pub fn set_timeout(&mut self, ticker: &EpochTicker, limit: Duration) -> Result<()> {
        if !Engine::same(&ticker.engine, self.engine()) {
            misuse!("the ticker is of another engine");
        }
        // The tick that comes first may be near.
        let ticks = limit.as_nanos().div_ceil(ticker.every.as_nanos()).saturating_add(1);
        self.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX));
        self.set_wall_deadline(Instant::now().checked_add(limit));
        Ok(())
    }
}
