//! Planted faults: what a translator gets wrong, one at a time, so that a test can show that the check sees it.
//!
//! Compiled under `--cfg prova_plant` only. [`plant`] chooses the fault for the thread; each place that can go wrong asks
//! [`on`], and [`edit`] falsifies single instructions. `tests/plants.rs` says how to run it.

use prova_bytecode::Op;
use std::cell::Cell;

/// A fault, by its number in the list of mutations that the proof has to catch, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say what is wrong; the places say how")]
pub enum Plant {
    None,
    PreservationDropped,
    NoPreservationAtRegions,
    NoPreservationAtLoops,
    PreservedIntoASourceOfTheRenamed,
    OneOfTwoPositionsPreserved,
    HalfAVectorPreserved,
    OperandsSwapped,
    SignChanged,
    LoadWidthChanged,
    NarrowOperator,
    BranchInverted,
    FloatComparisonNegatedAsInteger,
    TargetTooFar,
    TableEntriesSwapped,
    TableDefaultDropped,
    OffsetPlusOne,
    OffsetCut,
    MemoryIndexChanged,
    GlobalIndexChanged,
    FuncIndexChanged,
    TypeIndexChanged,
    TableIndexChanged,
    StoresReordered,
    DeadLoadDropped,
    StoreTwice,
    ConstantChanged,
    MovesSerialised,
    EdgeWithoutMoves,
    WindowShifted,
    FrameTooSmall,
    FusedOverALabel,
    WideHalvesSwapped,
    WrongResultRenamed,
    ChargePlusOne,
    ChargeTwice,
    ChargeMissing,
    PollMissing,
    TrapOffsetWrong,
    TrailingCode,
    CanonicalizeMissing,
    HintConstantWrong,
}

thread_local! {
    static PLANTED: Cell<Plant> = const { Cell::new(Plant::None) };
}

/// Plants this fault in all translations of the thread from now on.
pub fn plant(plant: Plant) {
    PLANTED.set(plant);
}

/// Whether this fault is planted.
pub(crate) fn on(plant: Plant) -> bool {
    PLANTED.get() == plant
}

/// Falsifies an instruction that is about to be emitted.
pub(crate) fn edit(op: Op, values: &[u64]) -> (Op, Vec<u64>) {
    let mut v = values.to_vec();
    let op = match (PLANTED.get(), op) {
        (Plant::OperandsSwapped, Op::I32Sub | Op::I32Shl | Op::Select) => {
            v.swap(1, 2);
            op
        }
        (Plant::SignChanged, Op::I32LtS) => Op::I32LtU,
        (Plant::SignChanged, Op::I32Load8S) => Op::I32Load8U,
        (Plant::LoadWidthChanged, Op::I32Load8S) => Op::I32Load16S,
        (Plant::LoadWidthChanged, Op::I32Store8) => Op::I32Store16,
        (Plant::NarrowOperator, Op::I64Add) => Op::I32Add,
        (Plant::BranchInverted, Op::BrIf) => Op::BrIfNot,
        (Plant::BranchInverted, Op::BrIfNot) => Op::BrIf,
        (Plant::FloatComparisonNegatedAsInteger, Op::BrF32NotLt) => Op::BrF32Ge,
        (Plant::OffsetPlusOne, Op::I32Load | Op::I32Load8S) => {
            v[2] += 1;
            op
        }
        (Plant::MemoryIndexChanged, Op::I32LoadFar) => {
            v[3] ^= 1;
            op
        }
        (Plant::GlobalIndexChanged, Op::GlobalGet) => {
            v[1] ^= 1;
            op
        }
        (Plant::FuncIndexChanged, Op::Call) => {
            v[1] ^= 1;
            op
        }
        (Plant::TypeIndexChanged, Op::CallIndirect) => {
            v[2] ^= 1;
            op
        }
        (Plant::TableIndexChanged, Op::CallIndirect) => {
            v[3] ^= 1;
            op
        }
        (Plant::ConstantChanged, Op::Const32) => {
            v[1] ^= 1;
            op
        }
        (Plant::WindowShifted, Op::Call) => {
            v[0] -= 1;
            op
        }
        (Plant::WideHalvesSwapped, Op::I64MulWideU) => {
            v.swap(0, 1);
            op
        }
        (Plant::ChargePlusOne, Op::Charge) => {
            v[0] += 1;
            op
        }
        (_, op) => op,
    };
    (op, v)
}

/// Exchanges the first two adjacent stores of one word each.
pub(crate) fn reorder(words: &mut [u64]) {
    let store = |word: u64| Op::from_encoding(word as u16) == Some(Op::I32Store);
    if on(Plant::StoresReordered)
        && let Some(at) = words.windows(2).position(|pair| store(pair[0]) && store(pair[1]))
    {
        words.swap(at, at + 1);
    }
}
