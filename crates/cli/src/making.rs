//! Machine code is made → who waits for it sees how much, on a terminal.
//!
//! `prova compile` has the line of [`crate::progress`]. A program that runs may have begun to
//! write a line when a function of it is compiled: there the line stands below, and the cursor goes
//! back to where the program left it. It is there only while the program waits ([`DELAY`] in all).

use crate::progress;
use prova_core::CodeWatch;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a program may wait in all without a line.
const DELAY: Duration = Duration::from_millis(500);
/// How often the line is drawn again.
const TICK: Duration = Duration::from_millis(100);

/// Makes room for a line below, goes there, and comes back to the same column.
const BELOW: &str = "\u{1b}D\u{1b}[A\u{1b}7\u{1b}[B\r\u{1b}[2K";
const BACK: &str = "\u{1b}8";

/// The bar of a command that makes code of all functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar;

impl CodeWatch for Bar {
    fn begins(&self, functions: usize) {
        progress::of(functions);
    }

    fn ends(&self) {
        progress::step();
    }
}

/// The line of a program that waits for its code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line;

#[derive(Default)]
struct State {
    name: String,
    /// Since when the program waits, and how long it has waited before.
    since: Option<Instant>,
    waited: Duration,
    done: usize,
    all: usize,
    is_drawn: bool,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);
static BEGINS: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The line of a program, if somebody can look at it.
pub(crate) fn line(file: &Path) -> Option<Line> {
    if !progress::is_shown() {
        return None;
    }
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let name = prova_builds::names::printable(&name);
    *state() = Some(State { name, ..State::default() });
    // Nobody waits for it: it ends with the process.
    let thread = std::thread::Builder::new().name("progress".into()).spawn(draws);
    thread.ok().map(|_| Line)
}

/// Draws the line while the program waits.
fn draws() {
    let mut state = state();
    loop {
        let waits = state.as_mut().filter(|state| state.since.is_some());
        let Some(now) = waits else {
            state = BEGINS.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        if now.waited() >= DELAY {
            now.draw();
        }
        state = BEGINS.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl State {
    fn waited(&self) -> Duration {
        self.waited + self.since.map(|since| since.elapsed()).unwrap_or_default()
    }

    fn draw(&mut self) {
        let (State { name, done, all, .. }, seconds) = (&*self, self.waited().as_secs());
        let text = format!("{BELOW}proving {name} {done}/{all} ({seconds}s){BACK}");
        self.is_drawn = write(&text);
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            write(&format!("{BELOW}{BACK}"));
        }
    }
}

/// Whether that was possible: a line that cannot be drawn is no error.
fn write(text: &str) -> bool {
    let mut out = io::stderr().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Takes the line away, for who writes something else.
pub(crate) fn clear() {
    if let Some(state) = state().as_mut() {
        state.clear();
    }
}

impl CodeWatch for Line {
    fn begins(&self, functions: usize) {
        if let Some(state) = state().as_mut() {
            (state.all, state.since) = (functions, Some(Instant::now()));
        }
        BEGINS.notify_one();
    }

    fn ends(&self) {
        if let Some(state) = state().as_mut() {
            (state.waited, state.since) = (state.waited(), None);
            state.done += 1;
            state.clear();
        }
    }
}
