//! A wall-clock limit: a thread that moves the engine's epoch on when the time is over, and ends
//! the process if that does not help.
//!
//! Code stops at its next poll of the epoch, WASI's calls stop by themselves. Neither reaches a
//! call of the host's system that does not return, or work of Prova's own between two polls: for
//! that the process gets [`GRACE`] and is then ended from outside, with the exit code of a timeout,
//! and says which it was.
//!
//! The time starts before anything is loaded. Reading, validating and translating modules does not
//! poll: the timeout ends the process at once while [`Watchdog::start_running`] was not reached.

use crate::report::{TRAP, warn};
use prova_core::{Engine, HostCalls, Result, Store};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after its timeout a program may be held by a call that does not return.
const GRACE: Duration = Duration::from_secs(2);
/// How long the last message may take: standard error may be what does not return.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A limit of time that has begun.
#[must_use]
pub(crate) struct Watchdog {
    deadline: Option<Instant>,
    running: Arc<Mutex<Running>>,
}

/// The activity that the time stops.
#[derive(Default)]
enum Running {
    /// Modules are loaded, or something else happens that does not poll: the process ends.
    #[default]
    Nothing,
    /// Code runs in this engine, which polls, and may be in calls of the host.
    Code(Engine, Option<HostCalls>),
    /// The time is over.
    Over,
}

impl Watchdog {
    /// Lets the time stop what runs in `store`, from now on in place of the process.
    pub(crate) fn start_running<T: 'static>(&self, store: &mut Store<T>) {
        store.set_epoch_deadline(1);
        store.set_wall_deadline(self.deadline);
        self.run(store.engine(), Some(store.host_calls()));
    }

    /// Lets the time move this engine's epoch on, from now on in place of the engine before. If it
    /// is over, the epoch stays: a caller with several engines asks [`Watchdog::is_over`] between
    /// them.
    pub(crate) fn watch(&self, engine: &Engine) {
        self.run(engine, None);
    }

    fn run(&self, engine: &Engine, host_calls: Option<HostCalls>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*running, Running::Over) {
            *running = Running::Code(engine.clone(), host_calls);
        }
    }

    /// Whether the time is over.
    pub(crate) fn is_over(&self) -> bool {
        is_over(&self.running)
    }

    /// The same question, for somebody who asks later.
    pub(crate) fn asked(&self) -> impl Fn() -> bool + Send + Sync + use<> {
        let running = Arc::clone(&self.running);
        move || is_over(&running)
    }
}

fn is_over(running: &Mutex<Running>) -> bool {
    matches!(*running.lock().unwrap_or_else(PoisonError::into_inner), Running::Over)
}

/// Ends what runs, or the loading before, after `timeout` from now.
///
/// # Errors
/// If the system gives no thread.
pub(crate) fn start(timeout: Duration) -> Result<Watchdog> {
    start_for(timeout, "all modules were loaded")
}

/// Ends a command that runs other programs, after `timeout` from now.
///
/// # Errors
/// As [`start`].
pub(crate) fn start_command(timeout: Duration) -> Result<Watchdog> {
    start_for(timeout, "the command was done")
}

fn start_for(timeout: Duration, what: &'static str) -> Result<Watchdog> {
    let running = Arc::new(Mutex::default());
    let watchdog =
        Watchdog { deadline: Instant::now().checked_add(timeout), running: Arc::clone(&running) };
    std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        std::thread::sleep(timeout);
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        let was_running = std::mem::replace(&mut *running, Running::Over);
        drop(running);
        let Running::Code(engine, host_calls) = was_running else {
            let message = format!("Error: the timeout was over before {what}");
            end_process(message + "\n\nCaused by:\n    wasm trap: interrupt");
        };
        // A search for a proof, or a compiler, holds up code that would see the epoch.
        engine.stop_compiling();
        engine.increment_epoch();
        std::thread::sleep(GRACE);
        end_process(last_words(host_calls.is_some_and(|calls| calls.is_running())));
    })?;
    Ok(watchdog)
}

/// Why the process is ended from outside.
fn last_words(in_host_call: bool) -> String {
    let grace = GRACE.as_secs();
    let what =
        if in_host_call { "a call of the host has not returned" } else { "it has not stopped" };
    let hint = match in_host_call {
        true => "",
        false => "; compiling one function is not interrupted: `prova compile` does it before",
    };
    format!("Error: the process is ended: {what} {grace} s after the timeout{hint}")
}

/// Ends the process, even if its last message cannot be written.
fn end_process(message: String) -> ! {
    std::thread::spawn(move || {
        warn(&message);
        std::process::exit(TRAP.into());
    });
    std::thread::sleep(LAST_WORDS);
    std::process::exit(TRAP.into())
}

#[cfg(test)]
mod tests {
    use super::last_words;

    /// `tests/wasi.rs` has a call that does not return.
    #[test]
    fn a_call_of_the_host_is_blamed_only_where_one_runs() {
        assert!(last_words(true).contains("a call of the host has not returned 2 s after"));
        assert!(last_words(false).contains("it has not stopped 2 s after"));
    }
}
