//! A wall-clock limit: a thread that moves the engine's epoch on when the time is over, and ends
//! the process if that does not help.
//!
//! Code stops at its next poll of the epoch, WASI's calls stop by themselves. What neither reaches
//! is a call of the host's system that does not return: for that the process gets [`GRACE`] and is
//! then ended from outside, with the exit code of a timeout.
//!
//! The time starts before anything is loaded. Reading, validating and translating modules does not
//! poll: the timeout ends the process at once while [`Watchdog::start_running`] was not reached.

use crate::report::{TRAP, warn};
use prova::{Engine, Result, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long after its timeout a program may be held by a call that does not return.
const GRACE: Duration = Duration::from_secs(2);
/// How long the last message may take: standard error may be what does not return.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A limit of time that has begun.
#[must_use]
pub(crate) struct Watchdog {
    deadline: Option<Instant>,
    /// Whether code runs, which polls; else modules are loaded.
    running: Arc<AtomicBool>,
}

impl Watchdog {
    /// Lets the time stop what runs in `store`, from now on in place of the process.
    pub(crate) fn start_running<T: 'static>(&self, store: &mut Store<T>) {
        store.set_epoch_deadline(1);
        store.set_wall_deadline(self.deadline);
        self.running.store(true, Ordering::SeqCst);
    }
}

/// Ends what `engine` runs, or the loading before, after `timeout` from now.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn start(engine: &Engine, timeout: Duration) -> Result<Watchdog> {
    let running = Arc::new(AtomicBool::new(false));
    let watchdog =
        Watchdog { deadline: Instant::now().checked_add(timeout), running: Arc::clone(&running) };
    let engine = engine.clone();
    std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        std::thread::sleep(timeout);
        engine.increment_epoch();
        if !running.load(Ordering::SeqCst) {
            std::thread::spawn(|| {
                warn("Error: the timeout was over before all modules were loaded\n\nCaused by:\n    wasm trap: interrupt");
                std::process::exit(TRAP.into());
            });
            std::thread::sleep(LAST_WORDS);
            std::process::exit(TRAP.into());
        }
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
    Ok(watchdog)
}
