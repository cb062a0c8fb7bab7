//! Planted faults: what a translator gets wrong, one at a time, so that a test can show that the check sees it.
//!
//! Compiled under `--cfg prova_plant` only. [`plant`] chooses the fault for the thread; each place that can go wrong asks
//! [`on`], and [`edit`] falsifies single instructions. `tests/plants.rs` says how to run it.

use crate::moves::source;
use crate::translator::Cx;
use prova_bytecode::{Handler, Op};
use prova_module::{FuncIdx, TagIdx};
use std::cell::Cell;

macro_rules! plants {
    ($($name:ident)*) => {
        /// A fault; `tests/plants/table.tsv` has its number in the list of mutations that the proof has to catch.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the names say what is wrong; the places say how")]
        pub enum Plant { $($name),* }

        impl Plant {
            /// All of them.
            pub const ALL: &[Plant] = &[$(Plant::$name),*];
        }
    };
}

plants! {
    None
    PreservationDropped
    NoPreservationAtRegions
    NoPreservationAtLoops
    PreservedIntoASourceOfTheRenamed
    OneOfTwoPositionsPreserved
    HalfAVectorPreserved
    OperandsSwapped
    SignChanged
    LoadWidthChanged
    NarrowOperator
    BranchInverted
    FloatComparisonNegatedAsInteger
    TargetTooFar
    TableEntriesSwapped
    TableDefaultDropped
    OffsetPlusOne
    OffsetCut
    MemoryIndexChanged
    GlobalIndexChanged
    FuncIndexChanged
    TypeIndexChanged
    TableIndexChanged
    StoresReordered
    DeadLoadDropped
    StoreTwice
    ConstantChanged
    MovesSerialised
    EdgeWithoutMoves
    WindowShifted
    FrameTooSmall
    FusedOverALabel
    WideHalvesSwapped
    WrongResultRenamed
    ChargePlusOne
    ChargeTwice
    ChargeMissing
    PollMissing
    TrapOffsetWrong
    TrailingCode
    CanonicalizeMissing
    HintConstantWrong
    LocalNotZeroed
    HandlerStartsLate
    HandlerEndsEarly
    HandlerTagWrong
    HandlerSlotShifted
    HandlerReferenceLost
    ClausesSwapped
    LocalDirtyAtThrow
    TailCallOverlaps
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

/// Falsifies a handler.
pub(crate) fn handler(honest: Handler) -> Handler {
    match PLANTED.get() {
        Plant::HandlerStartsLate => Handler { start: honest.start + 1, ..honest },
        Plant::HandlerEndsEarly => Handler { end: honest.end - 1, ..honest },
        Plant::HandlerTagWrong => {
            Handler { tag: honest.tag.map(|tag| TagIdx(tag.0 ^ 1)), ..honest }
        }
        Plant::HandlerSlotShifted => Handler { slot: honest.slot + 1, ..honest },
        Plant::HandlerReferenceLost => Handler { with_ref: false, ..honest },
        _ => honest,
    }
}

impl Cx<'_> {
    /// Whether a read of this local is to be one of its position's home slot, as if that had been zeroed.
    pub(crate) fn is_read_unzeroed(&self, local: u32) -> bool {
        on(Plant::LocalNotZeroed) && local as usize >= self.params_of_body()
    }

    /// A tail call whose arguments go to the frame's start one by one, over each other.
    pub(crate) fn overlapping_tail_call(&mut self, op: Op, func: FuncIdx) {
        let count = self.module.func_type(func).params.len();
        let first = self.b.stack.height() - count;
        for i in 0..count {
            let entry = self.b.stack.get(first + i);
            self.emit_move(crate::moves::Move {
                dst: i as u16,
                src: source(&entry),
                wide: entry.wide,
            });
        }
        self.emit(op, &[0, func.0.into()]);
        self.live = false;
    }
}
