//! A command that takes long → a line on standard error that says so, gone when the command is
//! done.
//!
//! One line at a time, for the whole process. It is there only where standard error is a terminal
//! that can move its cursor, and only after [`DELAY`]: a short command shows nothing, and a pipe
//! has the bytes that it has without it. [`crate::report`] writes with the line out of the way
//! ([`aside`]).

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a command may take without a line.
const DELAY: Duration = Duration::from_millis(500);
/// How often the line is drawn again.
const TICK: Duration = Duration::from_millis(100);

/// The line of the command that runs.
static LINE: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn line() -> MutexGuard<'static, Option<ProgressBar>> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A command at work: its line goes when this is dropped.
pub(crate) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

/// Shows that a command works on a file, in words such as `compiling a.wasm`. Nothing is shown
/// where nobody looks, nor beside JSON.
pub(crate) fn start(verb: &str, file: &Path, json: bool) -> Progress {
    if json || !is_shown() {
        return Progress(None);
    }
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let name = prova_builds::names::printable(&name);
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    bar.set_style(style("{spinner} {msg} ({elapsed})"));
    bar.set_message(format!("{verb} {name}"));
    *line() = Some(bar.clone());
    let (done, is_done) = channel();
    let thread = std::thread::Builder::new().name("progress".into()).spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(DELAY) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
            // The other end is dropped when the command is done.
            let _ = is_done.recv();
        }
        bar.finish_and_clear();
    });
    // Without a thread there is no line.
    Progress(thread.ok().map(|thread| (done, thread)))
}

/// Whether standard error is a terminal that can move its cursor.
pub(crate) fn is_shown() -> bool {
    std::env::var_os("TERM").is_none_or(|term| term != "dumb") && io::stderr().is_terminal()
}

/// The command knows how much there is to do: a bar, unless it is there.
pub(crate) fn of(total: usize) {
    if let Some(bar) = line().as_ref().filter(|bar| bar.length() != Some(total as u64)) {
        bar.set_length(total as u64);
        bar.set_style(style("{spinner} {msg} {wide_bar} {pos}/{len} ({elapsed})"));
    }
}

/// All of it is done once more.
pub(crate) fn again() {
    if let Some(bar) = &*line() {
        bar.set_position(0);
    }
}

/// A part of it is done.
pub(crate) fn step() {
    if let Some(bar) = &*line() {
        bar.inc(1);
    }
}

/// Writes something with the line out of the way.
pub(crate) fn aside<R>(write: impl FnOnce() -> R) -> R {
    let bar = line().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for Progress {
    fn drop(&mut self) {
        *line() = None;
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            // It only clears the line.
            let _ = thread.join();
        }
    }
}
