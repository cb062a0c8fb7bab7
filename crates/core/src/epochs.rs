//! The epoch of an engine, and counters that follow it: of stores that are to be stopped together,
//! before the others of their engine.
//!
//! A follower is raised to the epoch whenever that moves. Its owner may raise it further, to
//! [`EPOCH_OVER`], behind which nothing moves it.
//!
//! # Invariants
//! * E1. [`Epoch::increment`] takes no lock that it could wait for, and frees nothing: a signal
//!   handler may call it. Where somebody else has the lock, that one carries the epoch on, since it
//!   looks at it again after giving up the lock.
//!
//! Noticed by: `tests` here.

use prova_runtime::EPOCH_OVER;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// An engine's epoch.
#[derive(Default)]
pub(crate) struct Epoch {
    now: Arc<AtomicU64>,
    followers: Mutex<Vec<Arc<AtomicU64>>>,
    /// How many followers there are, for who does not want the lock.
    count: AtomicUsize,
}

impl Epoch {
    /// The counter that stores compare with their deadlines.
    pub(crate) fn counter(&self) -> &Arc<AtomicU64> {
        &self.now
    }

    /// Moves it on by one.
    pub(crate) fn increment(&self) {
        self.now.fetch_add(1, SeqCst);
        if self.count.load(SeqCst) > 0 {
            self.carry();
        }
    }

    /// A counter that follows it from now on, until [`Epoch::leave`].
    pub(crate) fn follow(&self) -> Arc<AtomicU64> {
        let follower = Arc::new(AtomicU64::new(self.now.load(SeqCst)));
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.push(Arc::clone(&follower));
        self.count.store(followers.len(), SeqCst);
        drop(followers);
        self.carry();
        follower
    }

    /// Ends what [`Epoch::follow`] began.
    pub(crate) fn leave(&self, follower: &Arc<AtomicU64>) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.retain(|other| !Arc::ptr_eq(other, follower));
        self.count.store(followers.len(), SeqCst);
        drop(followers);
        self.carry();
    }

    /// Raises the followers (E1).
    fn carry(&self) {
        loop {
            let followers = match self.followers.try_lock() {
                Ok(followers) => followers,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let now = self.now.load(SeqCst);
            for follower in &*followers {
                follower.fetch_max(now, SeqCst);
            }
            drop(followers);
            if self.now.load(SeqCst) == now {
                return;
            }
        }
    }
}

/// Stops everything that compares its deadline with this counter.
pub(crate) fn stop(follower: &AtomicU64) {
    follower.fetch_max(EPOCH_OVER, SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_follow_until_they_leave_or_are_stopped() {
        let epoch = Epoch::default();
        epoch.increment();
        let [one, two] = [epoch.follow(), epoch.follow()];
        epoch.increment();
        assert_eq!([&one, &two].map(|follower| follower.load(SeqCst)), [2, 2]);
        stop(&one);
        epoch.leave(&two);
        epoch.increment();
        assert_eq!([&one, &two].map(|follower| follower.load(SeqCst)), [EPOCH_OVER, 2]);
        epoch.leave(&one);
        assert_eq!(epoch.count.load(SeqCst), 0);
    }

    #[test]
    fn no_increment_is_lost_while_followers_come_and_go() {
        let epoch = Epoch::default();
        let stays = epoch.follow();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        epoch.increment();
                    }
                });
            }
            scope.spawn(|| {
                for _ in 0..1000 {
                    epoch.leave(&epoch.follow());
                }
            });
        });
        assert_eq!(stays.load(SeqCst), 2000);
    }
}
