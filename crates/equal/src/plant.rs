//! Planted faults: where a rule asks less than it says, one at a time, so that a test can show that
//! a row of wrong code, or of a relation that somebody made up, is accepted then. Those of `n1` to
//! `n6` are in rewrites of `words`, of which most have none: there lemmas have refuted twins.
//!
//! Compiled under `--cfg prova_plant` only; each place that can go wrong asks `planted!`, which is
//! the right expression without the flag. `crates/certify/tests/equal_plants.rs` says how to
//! run it.

use crate::demand::{Region, Versions};
use crate::words::{Word, Words};
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
        StoreIsSilent RowNamesAnything DivisionFaultsAnyhow DivisionOfAnyKind FaultsUnhandled
        BugIsAnyTrap HalfIsThere NullsAreAlike PolledBefore RecordOfSecond PollIsPassed
        CallOfAnother HeightIsAny ArgumentIsAny CallBeforeTrap OperandIsAny ClauseOfAny ClauseMore
        RegistersSurviveCall VectorsSurviveCall ReachIsWide ActionIsSilent AnotherIsThere
        OperatorPassedOver PassedStays PaidIsOver OneCellForAll FirstCellIsAll PaysAnywhere
        PaysAnything PaidIsNotTaken PollForTrap EpochStays FirstPollAnswers FirstStoreIsAll
        EndIsNotIn BeforeIsIn OverflowIsNoFault DivisionByAnother NothingReturns NothingLands
        CallForTailCall ArgumentsStay InnerIsCaught BeforeThrowIsCaught KindIsByte TrapIsCaught
        RegistersLand FlagsSurviveCall ResultIsExtended StackBelowStays CellsAreNarrow ThrowsInTurn
        GrowsInTurn TableFillsInTurn LoadHasNoSign LoadHasSign WideLoadHasNoSign WideLoadHasSign
        LastPieceIsLost LastPieceElsewhere FillsByWord LaneIsFirst StoredIsFirst SizeOfFirst
        PagesAreLarge InitIsFill FillsAnywhere CopiesFromAnywhere LoadedHasNoSign MovesUnpolled
        MovesUnpaid CopiesBack LengthOfFirst ElementOfFirst EndIsInTable ElementIsNext TypeIsNext
        GlobalIsFirst SetsFirst ResultsTurned SeventhIsAny VectorCellIsHalf
        UnreachableOverflows PollIsAnyTrap;
    e2:
        OtherHalf TrapOfAnyKind TrapMayHappen TrapIsPassed BranchTurned AnyIndex
        UnreachableOfAnyKind KnownByLength IndexIsLess TakenIsLess LessThanNothing LessIsAny
        NothingIsBeyond NegationStays BelowHasSigns LessHasNoSigns SignIsLess OverflowIsLess
        CarryAtBound WideHasNoSign LowHasSign UpperDecides NanOfFirst NanIsUnequal NanIsNotBelow
        ChargeIsMore EntryIsPassed TwoTrapsPassed LowBitDecides BranchAtWill NullAtWill NullTurned
        EntryMayStop EntryOfAnyKind LaterTrap AnyEndIsUnreachable EnteredAtOnce TakenHalf AnyTrap
        RowIsATrap CarryIsNone BoundOfAny GapIsAny LoadBeforeTrap AdcIsAdd SbbIsSub
        ShiftedByNothing NotHasFlags HighIsAny ActsBeforeCharge EntryStopsAtEnd ChargeStopsEarly
        PollsLate;
    e3:
        ParametersInTurn ParameterStays EntryOfAnother BetweenStays DefaultIsFirst EntryAtWill
        PayloadIsFirst BeginPassedOver MeetingKeeps WaysWithEffects TableBeforeEnd BeyondTheTable
        LastEntryIsAny TableKeepsParameters;
    e4:
        PositionIsAny PassedIsAny PlaceIsAny UpperHalfIsAny ConditionIsAny FlagsAreAny ValueIsAny
        ReachedIsAny PartOfByte AnyWidth RegistersAreZero VectorsAreZero LeaderBeforeEntry
        LeaderInMove LeaderInMake ClaimTurned ReachedIsMore ZerosAnyhow FallsToLeader MergeForgets
        JumpForgets VectorAboveIsAny VectorAboveIsZero;
    e5:
        MadeIsRemembered LoadsAreOfBytes OperandsAreAny EnvironmentIsAny PlainIsAny DebtOfBefore
        LoadsAreOfOperands AssumedTurned;
    e6:
        AnyRest CallKeepsRegions StoreKeepsRegion OverlapStays OneRegion PutIsNarrow LastByteStays
        InsideStays TakeIsLow MiddleIsLow AboveIsZero UnknownIsZero CopyKeepsRegion CodeAtAnyIndex
        BytesTurned HeapOverCall TablesOverCall GlobalsOverCall LengthsOverCall StoreOverCall
        CellsOverCall ObjectsOverCall ShortOverCall;
    e7:
        ResultIsAny EndAnywhere CellsAreLeft TailHeightIsAny TailBeforeTrap CarryIsLost
        ProductIsUnsigned AboveParameter EndBeforeCharge TailBeforeCharge TailAnywhere
        CallAsTailCall TailCallOfAnother NothingIsCanonical ResultIsFirst;
    e8:
        StandsStill MovedAtOnce;
    o:
        NullIsAnObject FieldOfAnother AnyElement SignIsAny SubtypesAreEqual OneTypeOff SlotIsAny
        SlotIsLent ObjectsAreMemory LookAtAnything PageIsLarger AskedOfAnother AskedForAny
        RootIsLost RootIsAny CallBetweenStores LentAnew ReachedOverCall QuestionIsCaught
        QuestionCollects QuestionKeeps NullIsConverted LooksAnyhow LooksFurther LooksBeside
        FunctionOfAnyWidth FunctionElsewhere FunctionUntested AskedAnother AskedThird NullIsNonNull
        SmallIsUnmarked SmallOfNull SmallTurned CastNeverFails ElementHasNoSign LengthElsewhere
        LastIsNotLast ElementsAreWords ElementsBefore LookedAtByNobody InsteadOfAny AnyIsAnObject
        NoneIsThere AnyTakesNull ObjectIsSmall NullFails NullIsAsked NullPasses SmallIsAsked
        MaskIsOne PassesUnasked ListAtAnyDepth WantedIsNear MoreAreNear DepthIsNext UnfilledFails
        LentBehindLast HeaderIsLost LengthIsLost ValueIsLost MadeUnpaid;
    n1: MaskIsOfByte RestIsOne AddendIsZero;
    n2: SignIsLost PartIsLowest PartOfAnyWidth PartOfAnyPlace PartOfAnySign;
    n3: NumberStays;
    n4: FactorIsAny AtomIsAny SumIsDifference NegationIsLost;
    n6: OppositeIsAlike SignOfDivided;
    n7: SignIsAdded;
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

/// The version of a region behind a call that had this one, with the fault that one region stays.
pub(crate) fn stay(before: &Versions, stays: Region, version: Word, words: &mut Words) -> Word {
    let is = before.get(stays as usize) == Some(&version);
    if is { version } else { words.memory() }
}

/// Plants this fault in all rules of the process from now on.
pub fn plant(plant: Plant) {
    PLANTED.plant.store(plant as u32, Ordering::Relaxed);
}

/// Whether this fault is planted.
pub(crate) fn on(plant: Plant) -> bool {
    PLANTED.plant.load(Ordering::Relaxed) == plant as u32
}
