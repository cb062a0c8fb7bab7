//! Planted faults: where a rule asks less than it says, one at a time, so that a test can show that
//! a row of wrong code, or of a relation that somebody made up, is accepted then. Those of `n1` to
//! `n6` are in rewrites of `words`, of which most have none: there lemmas have refuted twins.
//!
//! Compiled under `--cfg prova_plant` only; each place that can go wrong asks `planted!`, which is
//! the right expression without the flag. `crates/certify/tests/equal_plants.rs` says how to
//! run it.

use core::sync::atomic::{AtomicU32, Ordering};

macro_rules! plants {
    ($($rule:ident: $($plant:ident)*;)*) => {
        /// A fault; the names say what is wrong, the places how.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Plant { None, $($($plant),*),* }

        /// The faults, each with its rule.
        pub const PLANTS: &[(&str, Plant)] = &[$($((stringify!($rule), Plant::$plant)),*),*];
    };
}

plants! {
    e1:
        LoadElsewhere LoadOfAnyWidth LoadIsSilent StoreElsewhere StoreOfAnything StoreBeforeTrap
        StoreIsSilent RowNamesAnything DivisionFaultsAnyhow DivisionOfAnyKind FaultsUnhandled PollIsPassed CallOfAnother HeightIsAny ArgumentIsAny CallBeforeTrap
        OperandIsAny ClauseOfAny ClauseMore RegistersSurviveCall VectorsSurviveCall;
    e2: OtherHalf TrapOfAnyKind TrapMayHappen TrapIsPassed BranchTurned AnyIndex
        UnreachableOfAnyKind KnownByLength IndexIsLess TakenIsLess LessThanNothing LessIsAny NothingIsBeyond CarryIsNone BoundOfAny GapIsAny
        LoadBeforeTrap;
    e3: ParametersInTurn ParameterStays EntryOfAnother BetweenStays;
    e4: PositionIsAny PassedIsAny PlaceIsAny UpperHalfIsAny ConditionIsAny FlagsAreAny ValueIsAny ReachedIsAny
        PartOfByte AnyWidth;
    e5: MadeIsRemembered LoadsAreOfBytes OperandsAreAny EnvironmentIsAny PlainIsAny
        DebtOfBefore;
    e6: AnyRest CallKeepsRegions StoreKeepsRegion OverlapStays OneRegion;
    e7: ResultIsAny EndAnywhere CellsAreLeft TailHeightIsAny TailBeforeTrap CarryIsLost ProductIsUnsigned;
    e8: StandsStill MovedAtOnce;
    o: NullIsAnObject FieldOfAnother AnyElement SignIsAny SubtypesAreEqual OneTypeOff SlotIsAny SlotIsLent ObjectsAreMemory
        LookAtAnything PageIsLarger AskedOfAnother AskedForAny RootIsLost RootIsAny
        CallBetweenStores LentAnew ReachedOverCall;
    n1: MaskIsOfByte RestIsOne AddendIsZero;
    n2: SignIsLost PartIsLowest PartOfAnyWidth PartOfAnyPlace PartOfAnySign;
    n3: NumberStays;
    n4: FactorIsAny AtomIsAny SumIsDifference NegationIsLost;
    n6: OppositeIsAlike SignOfDivided;
    n9: CarriesAnyhow;
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

/// Plants this fault in all rules of the process from now on.
pub fn plant(plant: Plant) {
    PLANTED.plant.store(plant as u32, Ordering::Relaxed);
}

/// Whether this fault is planted.
pub(crate) fn on(plant: Plant) -> bool {
    PLANTED.plant.load(Ordering::Relaxed) == plant as u32
}
