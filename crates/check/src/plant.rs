//! Planted faults: what a rule, or what asks it, gets wrong, one at a time, so that a test can show
//! that its lemma fails, or that hostile code passes.
//!
//! Compiled under `--cfg prova_plant` only; each place that can go wrong asks `planted!`, which is
//! the right expression without the flag. `tests/lemmas_plants.rs` and `tests/hostile_plants.rs`
//! say how to run it.

use core::sync::atomic::{AtomicU32, Ordering};

macro_rules! plants {
    (rules { $($rule:ident)* } steps { $($step:ident)* }) => {
        /// A fault; the names say what is wrong, the places how.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Plant { None, $($rule,)* $($step),* }

        /// The faults of rules, each of which makes its lemma fail.
        pub const PLANTS: &[Plant] = &[$(Plant::$rule),*];

        /// The faults in the code that calls the rules, each of which lets hostile code through.
        pub const STEPS: &[Plant] = &[$(Plant::$step),*];
    };
}

plants! {
rules {
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
    HalfApartIsWhole
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
    MaskedForgetsSize
    WordIsSymbol
    WordForgetsShift
    WordIsForgotten
    ElementIsLength
    JumpTableTooShort
    ChargeWraps
    // Floats.
    KeysForgetSigns
    NanIsNumber
    ZerosAreTwo
    EqualIsLess
    NearestIsAbove
    MinusOneIsAbove
    EndIsBelow
    // Numbers by 16, parts of sums.
    PartsOfTwoSymbols
    PartIsByFour
    SegmentForgetsShift
    NumberIsShifted
    SumIsShifted
    OtherPartIsNone
}
steps {
    // Instructions and operands.
    LockAnywhere
    OneRegisterIsAny
    NarrowIsWhole
    FlagsStay
    CodeIsFixed
    ProductInOne
    SidesExchanged
    BitsOfFirst
    // Places.
    AnyAddress
    RedZone
    PartsKeepWords
    RecordBehindLast
    OneRecordForAll
    CopyOfAnother
    PartOfContext
    FieldsAreWritten
    ImmutableIsWritten
    AnyElement
    RowForgetsSignals
    ConstantAnywhere
    TableAnywhere
    // The masked shape.
    BranchesBound
    CheckedIsSure
    BranchGoesAsPredicted
    MaskedIsUnchecked
    MaskedAnyway
    // Bases that may move.
    BasesStay
    MaskedStays
    // References, lengths.
    LengthBoundTooHigh
    AddressIsReference
    NullIsCalled
    NullIsRead
    OldList
    // Calls and returns.
    HeightIsNotCompared
    FrameIsNotCompared
    LimitIsNotCompared
    LimitComparedAnywhere
    LimitIsEightLess
    HeightIsAboveLimit
    AnyContext
    RangeIsNotCompared
    AnyIndex
    SegmentIsWritten
    ReservedAnyway
    GuardIsAnywhere
    AnyTrap
    UnwindsUntrapped
    TrapsGoOn
    SumWraps
    SumForgetsShift
    NoLengthIsSome
    SegmentWithoutRule
    LengthOfAnother
    AnyLengthIsIt
    LengthStays
    ElementBeforeSegment
    ElementIsWritten
    ElementIsUpdated
    OldElementIsThere
    SolvedIsCut
    AnyShiftIsElements
    AnySegmentIsThere
    MaybeIsNotDropped
    ShiftedIsNumber
    AnyWordIsWhole
    CarriesAreAlike
    OtherTableIsSame
    RestForgetsShift
    StepIsCut
    StepsOfTwoSizes
    StepBackIsStep
    SumIsFarAbove
    SumIsBesideIt
    SumOfAnother
    EqualIsNoCarry
    EveryBuiltinStays
    SumOfAnything
    WordsAreLess
    SumsForgetShifts
    EntriesBeside
    HalfOfAnything
    SelectsAnything
    ZeroOrders
    // Numbers that are not 0.
    WholeHasMore
    AnyNegatedIsApart
    ByteIsHalf
    TwoBytesAreHalf
    WithAnyIsApart
    PartsAreAlike
    AnyRoundingIsTowards0
    VectorStays
    CallsKeepVectors
    FloatOfAnyWidth
    XorIsZero
    OtherIsNumber
    NanIsOrdered
    RoundedIsIt
    AnyDifferenceIsExact
    ConvertedInAnyWidth
    AnyIsPositive
    LeastIsNoOther
    ObjectStaysNew
    KeptIsWritten
    HeaderIsValue
    AnyObjectIsNew
    AnySize
    KeptIsCopiedTo
    KeptIsRooted
    ExtendedIsApart
    PartOfAddress
    SameOfAddresses
    HalfIsWord
    WidthsAreSame
    CodesAreOne
    AnyEqualIsImpossible
    AddressesAreApart
    LimitIsTested
    AnyBuiltin
    HostGetsAnything
    ExitIsNotSaid
    GivenIsChanged
    ArrayAnywhere
    ArrayOfAnything
    OutAnswersAnother
    UnwindsAnyway
    EntryIsNotSaid
    UnwoundElsewhere
    RowlessIsReached
    FailureIsUnseen
    InSaysAnything
    BuiltinGivesAnything
    AnyIsListed
    AnyoneIsServed
    AnyMemory
    AnyTable
    OwnersAreOwn
    ShiftedIsItsSymbol
    EvenIsOdd
    ElementHasAnyRow
    SomeBytesAreNone
    AskedElementIsThere
    AnyFunctionIsNamed
    EveryBuiltinIsQuiet
    SegmentsAreNeverDropped
    ContextIsFarther
    TagOwnerIsOwn
    MemoryOwnerIsOwn
    AnyOwnMemory
    OwnedTakesNoNull
    OwnedByAnyIndex
    AnyOwnTable
    AskedIsLength
    StartIsAnyWord
    CountIsAnyWord
    DroppedInRegisters
    DroppedInWords
    StaysFresh
    ElementIsIndexed
    ElementInElement
    AnyConstantIsNull
    NullIsElement
    ElementOfAnyType
    SegmentHasNoEnd
    NullHasContext
    NullIsNoFault
    MemoriesStay
    TablesStay
    ElementIsInitialised
    AnyMaskOfTag
    AnyBitOfTag
    AskedIsChanged
    CountIsChanged
    AllIsFresh
    FunctionsDropNothing
    ElementIsAnything
    ElementBehindSegment
    SegmentIsStored
    SegmentIsUpdated
    LengthIsSet
    StartIsAnybody
    StaticTypeIsAny
    // Objects.
    ReferencesAreNumbers
    HeapHasZone
    CastsGiveFunctions
    NumberIsFunction
    OtherFieldIsGiven
    OldGlobalIsThere
    ObjectIsLonger
    AnyConstant
    AnyTypeIsCollected
    TextIsAligned
    AnyProcessor
    MasksAreNone
    AnyoneSaysFrames
    ArrayWithoutEnd
    SetToAnything
    SetToLowestByte
    EntersAnother
    EntersForAnother
    InStops
    ReturnsUncalled
    SetAnywhere
    SaidBehindCalls
    AnyElementIsAsked
    SelectedIsBehind
    WayGoesBack
    StopsBehindFailure
    ArrayOverChain
    ArgumentsOverChain
    FrameOfAnySize
    CalleeKeepsAll
    OutForAnother
    PerformsForAnother
    ThrowsForAnother
    BuiltinGetsAnything
    HostedGetsAnything
    CalleeGetsAnything
    CallerIsAnybody
    RegistersAreLost
    AnyResults
    ChainIsAnyFrame
    // Equal types and subtypes.
    KeyOfFirstType
    KeyForgetsFinal
    KeyForgetsSupertype
    KeyForgetsMutable
    PackedIsByte
    OutsideIsInside
    KeyForgetsNamed
    SubtypesAreTurned
    AnyIsSubtype
    AnyIsOfItsKind
    // Landings.
    LandingAtAnyStack
    LandingKeepsRegisters
    RootAnywhere
    RootInTwoWords
    RootIsKept
    AnyInstance
    LoopIsThunk
    LoopHasCaller
    LoopTakesArguments
    LoopLeavesAnything
    // Metering.
    CallIsNoCycle
    JumpsAreFree
    JumpsAreBelieved
    ChargeOfAnything
    NotGreatestIsAny
    // What was not written.
    StackIsWritten
    EntryIsWritten
    NarrowArgumentIsWhole
    NarrowResultIsWhole
    AnswerIsWhole
    NarrowIsAll
    SourceIsWritten
    LeastIsWritten
    MaskedIsOneByte
    EndIsOneLess
    GapIsWritten
    ByteIsBoth
    LanesAreLowest
    CopiesStay
    BytesStay
    AnyByteIsTaken
    FirstIsEnough
    SignIsZero
    LaneIsSources
    AnyMaskIsZero
    SecondIsWritten
    LowestInOrder
    PairIsLow
    ArrayIsFilled
    PartOfUnitFills
    LastUnitIsFilled
    RootOfNothing
    FlagsAreAll
    FlagsNeverStay
    ShiftsByNothing
    IndexIsNowhere
    ShortShiftIsWritten
    FailureAnswers
    ReturnFillsCells
    MergeIsWritten
    BoundIsForgotten
    FirstPartAlone
    DemandsNothing
    AnyAddressIsWritten
    OperandsAreWritten
    BranchesOnAnything
    PassesAnything
    HalfIsPassed
    ReturnsAnything
    CallsWriteAll
    // The pass: rows, targets, claims, work.
    RowOfAnyKind
    LaterRowsName
    DeadNeedsNoRow
    TargetAnywhere
    BlockInInstruction
    ClaimsAreBelieved
    KeptIsBelieved
    WordIsWrittenUnseen
    WordFallsUnseen
    BoundsAreBelieved
    OwnIsAnything
    BeyondIsNothing
    FrameBesideWays
    AnyVersion
    WorkIsFree
    // Conditions of rejections that are weakened by one case.
    UpdateIsNoWrite
    LengthOfLowBits
    TailLimitIsEightLess
    BehindCode
    BehindBoth
    OutStopsAnyway
    TypeOfNullIsRead
    OwnerIsServed
    BranchOverFrame
    CallsUntilLanded
    NeighbourIsKnown
    SegmentIsNone
    CodeAtHalf
    BaseOfHalf
    IndexOfHalf
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

/// Plants this fault in all rules of the process from now on.
pub fn plant(plant: Plant) {
    PLANTED.plant.store(plant as u32, Ordering::Relaxed);
}

/// Whether this fault is planted.
pub(crate) fn on(plant: Plant) -> bool {
    PLANTED.plant.load(Ordering::Relaxed) == plant as u32
}
