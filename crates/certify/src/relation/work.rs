//! The work of a search for a relation, and where it ends.
//!
//! A search is measured by the proof that it is for. The unit is the one of the proof's walk: a
//! unit of its work ([`Core::spent`](prova_equal::Core::spent)), a step of rewriting, a term. One
//! walk of the proof takes some number of units for a function. All work to find a relation of
//! that function takes at most [`SEARCH_WALKS`] times as many. So the time for a function is
//! linear in the time of its proof, for all code.
//!
//! How many units a walk takes is known once one has gone over the whole code. A walk that is
//! refused early says too little, so code has at least [`WALK_PER_BYTE`] for each byte; one that
//! takes more than [`WALK_PER_BYTE_MAX`], as hash functions do, counts as that limit.
//!
//! A search also ends when another thread says so ([`Work::stoppable`]).

use prova_check::{Layout, MemoryShape};
use prova_equal::{Core, Ended};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether accesses are compared with lengths.
pub(super) fn compares(layout: &Layout) -> bool {
    layout.config().memory == MemoryShape::Explicit || !layout.config().signals
}

/// The units of a walk.
pub(super) fn units(core: &Core<'_>) -> u64 {
    core.spent().saturating_add(core.words.count() as u64)
}

/// Walks of the proof whose work all searches for a relation of a function may take together.
pub const SEARCH_WALKS: u64 = 40;
/// Units of a walk for each byte of code at least, and of any code.
pub const WALK_PER_BYTE: u64 = 4;
const WALK_FREE: u64 = 1 << 10;
/// Units of a walk for each byte of code at most.
pub const WALK_PER_BYTE_MAX: u64 = 16;

/// The work of all searches for a relation of a function.
#[derive(Clone, Debug)]
pub struct Work<'s> {
    /// Walks that they may take.
    walks: u64,
    /// Units of one walk, as far as that is known, and at most.
    walk: u64,
    most: u64,
    spent: u64,
    /// Whether a search wanted more than there was.
    at_bound: bool,
    stop: Option<&'s AtomicBool>,
}

impl Default for Work<'_> {
    fn default() -> Self {
        Work::within(SEARCH_WALKS)
    }
}

impl<'s> Work<'s> {
    /// Nothing is done; it ends after this many walks.
    pub fn within(walks: u64) -> Work<'s> {
        Work { walks, walk: WALK_FREE, most: WALK_FREE, spent: 0, at_bound: false, stop: None }
    }

    /// The same; it ends too once another thread has set this.
    #[must_use]
    pub fn stoppable(self, stop: &'s AtomicBool) -> Work<'s> {
        Work { stop: Some(stop), ..self }
    }

    /// It ends after this many walks in all, and goes on if it had ended before.
    pub fn until(&mut self, walks: u64) {
        self.walks = walks;
        self.at_bound = false;
    }

    /// The units so far.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// The units of one walk, as far as that is known.
    pub fn walk(&self) -> u64 {
        self.walk
    }

    /// Why it ended, if it did.
    pub fn ended(&self) -> Option<Ended> {
        let stopped = self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
        match (stopped, self.at_bound) {
            (true, _) => Some(Ended::Stopped),
            (false, true) => Some(Ended::Bound),
            (false, false) => None,
        }
    }

    /// The flag that another thread sets to end it.
    pub(super) fn stop(&self) -> Option<&'s AtomicBool> {
        self.stop
    }

    /// The units that are left.
    pub(super) fn left(&self) -> u64 {
        self.walks.saturating_mul(self.walk).saturating_sub(self.spent)
    }

    /// The units that are left if a walk takes as many as it may.
    pub(super) fn left_at_most(&self) -> u64 {
        self.walks.saturating_mul(self.most).saturating_sub(self.spent)
    }

    /// Code of `bytes` bytes is searched, too; of code that compares accesses, or has objects, a
    /// walk counts as the most at once: it has more conditions, and more ways of searching.
    pub(super) fn begins(&mut self, bytes: usize, layout: &Layout) {
        let of = |each: u64| each.saturating_mul(bytes as u64).saturating_add(WALK_FREE);
        let is_large = compares(layout) || layout.heap().is_some();
        let least = if is_large { WALK_PER_BYTE_MAX } else { WALK_PER_BYTE };
        self.walk = self.walk.max(of(least));
        self.most = self.most.max(of(WALK_PER_BYTE_MAX));
    }

    /// A walk over the whole code takes this number of units.
    pub(super) fn walked(&mut self, units: u64) {
        self.walk = self.walk.max(units.min(self.most));
    }

    /// Takes units for the claims of a relation that was found.
    pub(super) fn prunes(&mut self, units: u64) {
        self.spent = self.spent.saturating_add(units);
    }

    /// Takes units; without any left it is over.
    pub(super) fn takes(&mut self, units: u64) {
        self.spent = self.spent.saturating_add(units);
        self.at_bound |= self.left() == 0;
    }
}
