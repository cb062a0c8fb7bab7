//! The threads of one run: who lives, how the run ended first, and the counter that stops them.
//!
//! # Invariants
//! * R1. A thread is counted as long as there is its [`Member`], which it gives up last, also by a
//!   panic. [`Crew::finish`] comes back when none is counted, after the system's threads ended:
//!   who starts one is counted, too, until its handle is here.
//! * R2. The first who ends the run gives its outcome and stops the others; later outcomes are
//!   dropped.
//! * R3. Numbers of threads that live at the same time differ.

use crate::epochs;
use crate::error::{Error, Result, misuse};
use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The greatest number of a thread.
pub(crate) const TID_MAX: i32 = 0x1FFF_FFFF;

/// How a thread ends the run: with an error, or a panic of the host.
pub(crate) enum End {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

/// The state with which the threads of a run begin.
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
    /// The number of those that live, for who does not want the lock.
    live: AtomicUsize,
}

/// A thread that is counted.
pub(crate) struct Member {
    crew: Arc<Crew>,
    pub(crate) tid: i32,
    /// How it ends the run.
    end: Option<End>,
}

impl Member {
    /// Leaves, and ends the run if there is a reason.
    pub(crate) fn leave(mut self, end: Option<End>) {
        self.end = end;
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crew.leave(self.tid, self.end.take());
    }
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
        self.live.load(Relaxed)
    }

    /// A new thread, which counts from now on, if there are fewer than `threads_max`.
    pub(crate) fn enlist(
        self: &Arc<Crew>,
        threads_max: usize,
    ) -> Result<(Member, Terms), NoThread> {
        let threads_max = threads_max.min(TID_MAX as usize);
        // Many may ask in vain.
        if self.live.load(Relaxed) >= threads_max {
            return Err(NoThread::Again);
        }
        let mut state = self.state();
        let Some(terms) = state.run.clone() else { return Err(NoThread::NoRun) };
        let finished = std::mem::take(&mut state.finished);
        if state.ended || state.live.len() >= threads_max {
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
        self.live.store(state.live.len(), Relaxed);
        drop(state);
        join(finished);
        Ok((Member { crew: Arc::clone(self), tid, end: None }, terms))
    }

    /// Starts the thread of a member, which `run` has; whether the system gives one.
    pub(crate) fn start(
        &self,
        tid: i32,
        builder: Builder,
        run: impl FnOnce() + Send + 'static,
    ) -> bool {
        let Ok(handle) = builder.spawn(run) else { return false };
        let mut state = self.state();
        match state.live.get_mut(&tid) {
            Some(of_thread) => *of_thread = Some(handle),
            None => state.finished.push(handle),
        }
        true
    }

    /// A thread leaves, and ends the run if it has a reason.
    fn leave(&self, tid: i32, end: Option<End>) {
        let mut state = self.state();
        let handle = state.live.remove(&tid).flatten();
        self.live.store(state.live.len(), Relaxed);
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
