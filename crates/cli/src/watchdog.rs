//! A wall-clock limit: a thread that moves the engine's epoch on when the time is over, and ends
//! the process if that does not help.
//!
//! Code stops at its next poll of the epoch, WASI's calls stop by themselves. What neither reaches
//! is a call of the host's system that does not return: for that the process gets [`GRACE`] and is
//! then ended from outside, with the exit code of a timeout.

use crate::report::{TRAP, warn};
use prova::{Engine, Result, Store};
use std::time::{Duration, Instant};

/// How long after its timeout a program may be held by a call that does not return.
const GRACE: Duration = Duration::from_secs(2);
/// How long the last message may take: standard error may be what does not return.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Stops what runs in `store` after `timeout`.
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
        std::thread::sleep(GRACE);
        std::thread::spawn(|| {
            let grace = GRACE.as_secs();
            warn(&format!(
                "Error: the process is ended: a call of the host has not returned {grace} s after the timeout"
            ));
        });
        std::thread::sleep(LAST_WORDS);
        std::process::exit(TRAP.into());
    })?;
    Ok(())
}
