//! Planted faults: what a rule gets wrong, one at a time, so that a test can show that its lemma
//! fails.
//!
//! Compiled under `--cfg prova_plant` only; each place that can go wrong asks `planted!`, which is
//! the right expression without the flag. `tests/lemmas_plants.rs` says how to run it.

use core::sync::atomic::{AtomicU32, Ordering};

macro_rules! plants {
    ($($name:ident)*) => {
        /// A fault; the names say what is wrong, the places how.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Plant { None, $($name),* }

        /// All faults.
        pub const PLANTS: &[Plant] = &[$(Plant::$name),*];
    };
}

plants! {
    // Sums of values.
    SumTakesTwoSymbols
    DifferenceForgetsShift
    ShiftForgetsConstant
    SolvedDropsBits
    // Facts and readings.
    BoundForgetsDistance
    BoundForgetsShift
    WrappedReading
    DistanceTurned
    UnshiftedRoundsTooFar
    LengthPlusOne
    EdgeOfAnotherShift
    NeverIsNotStrict
    // Conditions.
    NotBelowIsAbove
    AboveIsNoCarry
    UnequalForgetsConstant
    // Operations.
    AndIsLess
    OrOfHalves
    ShiftRightCountUnmasked
    ShiftLeftLosesBits
    XorKeepsValue
    ArmOfSelectForgotten
    LowHalfKeepsMore
    HalfForgetsShift
    // Places.
    AddressBelow
    EndForgetsSize
    NullForgetsSize
    ElementIsLength
    JumpTableTooShort
    ChargeWraps
}

/// The fault that is planted, beside the words by which a program with plants is told
/// (`crates/tidy/src/plants.rs`).
#[repr(C)]
struct Planted {
    _marker: [u8; 31],
    plant: AtomicU32,
}

#[used]
static PLANTED: Planted =
    Planted { _marker: *b"this program has planted faults", plant: AtomicU32::new(0) };

/// Plants this fault in all rules of the process from now on.
pub fn plant(plant: Plant) {
    PLANTED.plant.store(plant as u32, Ordering::Relaxed);
}

/// Whether this fault is planted.
pub(crate) fn on(plant: Plant) -> bool {
    PLANTED.plant.load(Ordering::Relaxed) == plant as u32
}
