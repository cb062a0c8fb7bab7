//! The threads of one run: who lives, how the run ended first, and the counter that stops them.
//!
//! # Invariants
//! * R1. A thread is counted from [`Crew::enlist`] until [`Crew::leave`], behind which it only
//!   returns. [`Crew::finish`] comes back when none is counted, after the system's threads ended.
//! * R2. The first who ends the run gives its outcome and stops the others; later outcomes are
//!   dropped.
//! * R3. Numbers of threads that live at the same time differ.

use crate::epochs;
use crate::error::{Error, Result, misuse};
use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The greatest number of a thread.
pub(crate) const TID_MAX: i32 = 0x1FFF_FFFF;

/// How a thread ends the run: with an error, or a panic of the host.
pub(crate) enum End {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

/// What the threads of a run begin with.
#[derive(Clone)]
pub(crate) struct Terms {
    /// The counter that stops them.
    pub(crate) epoch: Arc<AtomicU64>,
    /// The fuel of each, where it is consumed.
    pub(crate) fuel: Option<u64>,
}

/// The threads of a run, and the rooms of their counts between runs.
#[derive(Default)]
pub(crate) struct Crew {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    /// The run that goes on.
    run: Option<Terms>,
    ended: bool,
    first: Option<End>,
    /// Those that live; without a handle while they are made.
    live: HashMap<i32, Option<JoinHandle<()>>>,
    /// Those that have left.
    finished: Vec<JoinHandle<()>>,
    last_tid: i32,
}

/// The reason why there is no new thread.
pub(crate) enum NoThread {
    /// There are enough of them, or the run has ended.
    Again,
    /// Nothing runs.
    NoRun,
}

impl Crew {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a run.
    pub(crate) fn begin(&self, terms: Terms) -> Result<()> {
        let mut state = self.state();
        if state.run.is_some() {
            misuse!("the program runs already: its threads are those of one run at a time");
        }
        (state.run, state.ended, state.first) = (Some(terms), false, None);
        Ok(())
    }

    /// How many threads live, besides the one that began the run.
    pub(crate) fn live(&self) -> usize {
        self.state().live.len()
    }

    /// A number for a new thread, which counts from now on, if there are fewer than `threads_max`.
    pub(crate) fn enlist(&self, threads_max: usize) -> Result<(i32, Terms), NoThread> {
        let mut state = self.state();
        let Some(terms) = state.run.clone() else { return Err(NoThread::NoRun) };
        let finished = std::mem::take(&mut state.finished);
        if state.ended || state.live.len() >= threads_max.min(TID_MAX as usize) {
            return Err(NoThread::Again);
        }
        // R3.
        let mut tid = state.last_tid;
        loop {
            tid = if tid == TID_MAX { 1 } else { tid + 1 };
            if !state.live.contains_key(&tid) {
                break;
            }
        }
        state.last_tid = tid;
        state.live.insert(tid, None);
        drop(state);
        join(finished);
        Ok((tid, terms))
    }

    /// Starts the thread of this number; whether the system gives one.
    pub(crate) fn start(
        &self,
        tid: i32,
        builder: Builder,
        run: impl FnOnce() + Send + 'static,
    ) -> bool {
        // The thread leaves under the same lock, so that its handle is there.
        let mut state = self.state();
        match builder.spawn(run) {
            Ok(handle) => state.live.insert(tid, Some(handle)).is_some(),
            Err(_) => {
                drop(state);
                self.leave(tid, None);
                false
            }
        }
    }

    /// A thread leaves, and ends the run if it has a reason.
    pub(crate) fn leave(&self, tid: i32, end: Option<End>) {
        let mut state = self.state();
        let handle = state.live.remove(&tid).flatten();
        state.finished.extend(handle);
        if let Some(end) = end
            && !state.ended
        {
            state.first = Some(end);
            state.stop();
        }
        drop(state);
        self.left.notify_all();
    }

    /// Ends the run and waits for all threads; gives how it was ended before, if it was.
    pub(crate) fn finish(&self) -> Option<End> {
        let mut state = self.state();
        state.stop();
        while !state.live.is_empty() {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let finished = std::mem::take(&mut state.finished);
        drop(state);
        join(finished);
        let mut state = self.state();
        state.run = None;
        state.first.take()
    }
}

impl State {
    /// R2.
    fn stop(&mut self) {
        self.ended = true;
        if let Some(terms) = &self.run {
            epochs::stop(&terms.epoch);
        }
    }
}

/// Waits for the system's threads, which have nothing left to do.
fn join(finished: Vec<JoinHandle<()>>) {
    for handle in finished {
        // What they do is caught.
        handle.join().ok();
    }
}
