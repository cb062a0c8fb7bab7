//! Planted faults of the rules that proofs of two bodies share, one at a time: with each of them a
//! test here must accept what is wrong.
//!
//! Compiled into this crate's own tests alone: each place that can go wrong asks `planted!`, which
//! is a constant `false` elsewhere. Green does not show that a rule refuses all that it should.

macro_rules! planted {
    ($name:ident) => {{
        #[cfg(test)]
        let planted = $crate::relate::plant::is($crate::relate::plant::Plant::$name);
        #[cfg(not(test))]
        let planted = false;
        planted
    }};
}
pub(super) use planted;

#[cfg(test)]
pub(super) use faults::{Plant, is, with};

#[cfg(test)]
mod faults {
    use std::cell::Cell;

    /// A fault; the name says what is wrong, the place how.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in crate::relate) enum Plant {
        // number
        RootsAlike,
        DistanceReplaced,
    }

    thread_local! {
        static PLANTED: Cell<Option<Plant>> = const { Cell::new(None) };
    }

    /// Whether this thread has a fault.
    pub(in crate::relate) fn is(plant: Plant) -> bool {
        PLANTED.get() == Some(plant)
    }

    /// Runs something with a fault, or without any.
    pub(in crate::relate) fn with<T>(plant: Option<Plant>, run: impl FnOnce() -> T) -> T {
        PLANTED.set(plant);
        let found = run();
        PLANTED.set(None);
        found
    }
}
