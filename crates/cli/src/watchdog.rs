//! A wall-clock limit: a thread that moves the engine's epoch on when the time is over.

use prova::{Engine, Result, Store};
use std::time::{Duration, Instant};

/// Stops what runs in `store` after `timeout`: code at its next poll of the epoch, WASI calls that block by their own clock.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn start<T: 'static>(
    engine: &Engine,
    store: &mut Store<T>,
    timeout: Duration,
) -> Result<()> {
    store.set_epoch_deadline(1);
    store.set_wall_deadline(Instant::now().checked_add(timeout));
    let engine = engine.clone();
    std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        std::thread::sleep(timeout);
        engine.increment_epoch();
    })?;
    Ok(())
}
