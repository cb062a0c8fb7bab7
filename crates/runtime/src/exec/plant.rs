//! Planted faults: what an executor gets wrong, one at a time, so that a test can show that it is
//! seen.
//!
//! Compiled under `--cfg prova_plant` only. [`plant`] chooses the fault for the process; each place
//! that can go wrong asks `planted!` (a constant `false` without the flag), and the operators below
//! stand in the place of `prova_num`'s in both executors. `tests/handlers_plants.rs` says how to
//! run it.
//!
//! Every fault leaves memory safe: what is wrong is read and written inside the value stack and the
//! memories.

use prova_num::NumError;
use std::sync::atomic::{AtomicU32, Ordering};

macro_rules! plants {
    (executors { $($name:ident)* } rounds { $($round:ident)* }) => {
        /// A fault; the names say what is wrong, the places how.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Plant { None, $($name,)* $($round),* }

        /// The faults of executors.
        pub const PLANTS: &[Plant] = &[$(Plant::$name),*];

        /// The faults where a loop goes on in native code.
        pub const ROUNDS: &[Plant] = &[$(Plant::$round),*];
    };
}

plants! {
executors {
    // The expression of a row.
    OperandsSwapped
    CountUnmasked
    SignDropped
    ComparisonSigned
    WrongTrap
    RemainderTraps
    NanLost
    SaturationSigned
    LanesCut
    HalvesSwapped
    SelectSwapped
    // Operands.
    ImmediateUnsigned
    LongImmediateUnsigned
    OffsetCut
    LaneCut
    SlotCut
    HighCellLost
    NeighbourWritten
    NotZeroExtended
    AccumulatorUnread
    AccumulatorUnwritten
    // Steps.
    SourcesReadLate
    BranchInverted
    TableEntryNext
    StoreNarrow
    BoundsEarly
    ExchangeAlways
    FuelPlusOne
    PollLate
    MemoryStale
    // Memories and globals.
    AddressCut
    WrongMemory
    MisalignedAllowed
    HalfAGlobal
    // Calls and exceptions.
    LocalsNotZeroed
    NullIsUndefined
    ArgumentsMovedDown
    RangeOffByOne
    // One executor alone.
    TailEntryReplaced
    ChargePassed
    MatchArmReplaced
}
rounds {
    // The round's segment or the function's frame is charged where the loop goes over, too.
    FuelTwice
    HeightTwice
    // A cell does not go along, or one of the next goes.
    CellLost
    CellsMoved
}
}

/// The planted fault, with the marker by which `crates/tidy/src/plants.rs` finds a program with
/// plants.
#[repr(C)]
struct Planted {
    _marker: [u8; 31],
    plant: AtomicU32,
}

#[used]
static PLANTED: Planted =
    Planted { _marker: *b"this program has planted faults", plant: AtomicU32::new(0) };

/// Plants this fault in all executors of the process from now on.
pub fn plant(plant: Plant) {
    PLANTED.plant.store(plant as u32, Ordering::Relaxed);
}

/// Whether this fault is planted.
#[inline(always)]
pub(crate) fn on(plant: Plant) -> bool {
    PLANTED.plant.load(Ordering::Relaxed) == plant as u32
}

/// Operators that may go wrong, under the names of the rows.
macro_rules! operators {
    ($($plant:ident $name:ident($($a:ident: $ty:ty),*) -> $result:ty { $wrong:expr })*) => {$(
        #[inline(always)]
        pub(super) fn $name($($a: $ty),*) -> $result {
            if on(Plant::$plant) { $wrong } else { prova_num::$name($($a),*) }
        }
    )*};
}

operators! {
    OperandsSwapped i32_sub(a: u32, b: u32) -> u32 { prova_num::i32_sub(b, a) }
    CountUnmasked i32_shl(a: u32, b: u32) -> u32 { a.checked_shl(b).unwrap_or(0) }
    SignDropped i32_load8_s(m: u8) -> u32 { u32::from(m) }
    ComparisonSigned i64_lt_u(a: u64, b: u64) -> u32 { prova_num::i64_lt_s(a, b) }
    WrongTrap i32_div_s(a: u32, b: u32) -> Result<u32, NumError> {
        prova_num::i32_div_s(a, b).map_err(|_| NumError::DivisionByZero)
    }
    RemainderTraps i64_rem_s(a: u64, b: u64) -> Result<u64, NumError> {
        (a as i64).checked_rem(b as i64).map(|r| r as u64).ok_or(
            if b == 0 { NumError::DivisionByZero } else { NumError::IntegerOverflow }
        )
    }
    NanLost f64_min(a: f64, b: f64) -> f64 { a.min(b) }
    SaturationSigned i32_trunc_sat_f32_u(a: f32) -> u32 { prova_num::i32_trunc_sat_f32_s(a) }
    LanesCut i8x16_shuffle(a: u128, b: u128, l: u128) -> u128 {
        prova_num::i8x16_shuffle(a, b, l & 0x0f0f_0f0f_0f0f_0f0f_0f0f_0f0f_0f0f_0f0f)
    }
    HalvesSwapped i64_mul_wide_u(a: u64, b: u64) -> (u64, u64) {
        exchanged(prova_num::i64_mul_wide_u(a, b))
    }
}

fn exchanged((low, high): (u64, u64)) -> (u64, u64) {
    (high, low)
}

/// `select` with its values exchanged.
#[inline(always)]
pub(super) fn select<T>(a: T, b: T, condition: u32) -> T {
    if (condition != 0) != on(Plant::SelectSwapped) { a } else { b }
}
