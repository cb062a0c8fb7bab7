//! Threads that wait at addresses of a shared memory: a queue for each address, the first come the
//! first woken.
//!
//! A wait compares the value and joins the queue under one lock, so that a notification between the
//! two is not lost (SM4). While it waits it looks every now and then at what its caller asks it to,
//! such as the epoch, which other threads move without waking anyone.

use super::SharedMemory;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a wait ended; its number is what the operator gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitResult {
    /// A notification woke it.
    Ok = 0,
    /// The value was another; it did not wait.
    Mismatch = 1,
    /// Its time was over.
    TimedOut = 2,
}

/// Who waits, by address; no queue is empty.
#[derive(Default)]
pub(super) struct Waiters(HashMap<u64, VecDeque<Arc<Waiter>>>);

#[derive(Default)]
struct Waiter {
    condition: Condvar,
    /// Written under the lock of the waiters.
    woken: AtomicBool,
}

impl Waiters {
    fn join(&mut self, at: u64) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter::default());
        self.0.entry(at).or_default().push_back(Arc::clone(&waiter));
        waiter
    }

    fn leave(&mut self, at: u64, waiter: &Arc<Waiter>) {
        if let Some(queue) = self.0.get_mut(&at) {
            queue.retain(|other| !Arc::ptr_eq(other, waiter));
            if queue.is_empty() {
                self.0.remove(&at);
            }
        }
    }

    fn wake(&mut self, at: u64, count: u32) -> u32 {
        let Some(queue) = self.0.get_mut(&at) else { return 0 };
        let mut woken = 0;
        while woken < count
            && let Some(waiter) = queue.pop_front()
        {
            waiter.woken.store(true, Ordering::Relaxed);
            waiter.condition.notify_one();
            woken += 1;
        }
        if queue.is_empty() {
            self.0.remove(&at);
        }
        woken
    }
}

impl SharedMemory {
    /// Wakes at most `count` threads that wait at `at`, those that came first; gives how many.
    pub fn atomic_notify(&self, at: u64, count: u32) -> u32 {
        self.waiters().wake(at, count)
    }

    /// Waits at `at` for a notification, if `size` bytes there are `expected`: for `timeout`, or
    /// for ever. It calls `look` before it waits and then whenever `patience` is over, and ends
    /// with its error. `None`: the bytes are not there, or not aligned.
    ///
    /// # Errors
    /// The error of `look`.
    pub fn atomic_wait<E>(
        &self,
        (at, size): (u64, usize),
        expected: u64,
        timeout: Option<Duration>,
        patience: Option<Duration>,
        mut look: impl FnMut() -> Result<(), E>,
    ) -> Option<Result<WaitResult, E>> {
        // A time beyond what the clock can say is for ever.
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut waiters = self.waiters();
        if self.atomic_load(at, size)? != expected {
            return Some(Ok(WaitResult::Mismatch));
        }
        let waiter = waiters.join(at);
        loop {
            if waiter.woken.load(Ordering::Relaxed) {
                return Some(Ok(WaitResult::Ok));
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                waiters.leave(at, &waiter);
                return Some(Ok(WaitResult::TimedOut));
            }
            if let Err(error) = look() {
                waiters.leave(at, &waiter);
                return Some(Err(error));
            }
            waiters = pause(waiters, &waiter, left.into_iter().chain(patience).min());
        }
    }

    /// How many threads wait at `at`.
    pub fn waiting(&self, at: u64) -> usize {
        self.waiters().0.get(&at).map_or(0, VecDeque::len)
    }
}

fn pause<'w>(
    waiters: MutexGuard<'w, Waiters>,
    waiter: &Waiter,
    time: Option<Duration>,
) -> MutexGuard<'w, Waiters> {
    match time {
        None => waiter.condition.wait(waiters).unwrap_or_else(PoisonError::into_inner),
        Some(time) => {
            let waited = waiter.condition.wait_timeout(waiters, time);
            waited.unwrap_or_else(PoisonError::into_inner).0
        }
    }
}
