//! Planted faults of the lowering, one at a time, so that a test can show that `prova-equal`
//! refuses the code of each: code that stays in its sandbox and does something else than its Wasm.
//!
//! Compiled under `--cfg prova_plant` only; each place that can go wrong asks `planted!`, which is
//! the right expression without the flag. `tests/equal_plants.rs` says how to run it, and
//! `tests/equal_plants.tsv` which module shows each fault.

use prova_module::Opcode;
use std::sync::atomic::{AtomicU32, Ordering};

macro_rules! plants {
    ($($plant:ident)*) => {
        /// A fault; the names say what is wrong, the places how.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs, reason = "the names say it")]
        pub enum Plant { None, $($plant),* }

        /// All faults.
        pub const PLANTS: &[Plant] = &[$(Plant::$plant),*];
    };
}

plants! {
    // One operator for another (`operator`).
    SubForAdd
    SignedForUnsigned
    ShiftOfOtherSign
    ExtensionOfOtherSign
    LoadOfOtherSign
    LoadOfFewerBytes
    FloorForCeil
    RemainderForQuotient
    // Operands, constants, choices.
    SwappedOperands
    WrongConstant
    TurnedSelect
    // Accesses.
    WrongOffset
    OtherMemory
    LostStore
    StoreBeforeLoad
    FillOfFewerBytes
    // Globals, tables, lengths, the store.
    OtherGlobal
    GlobalIsKept
    GlobalKeepsUpperHalf
    OtherTable
    LengthIsKept
    PagesOfOtherSize
    OtherSegment
    SwappedCells
    // Calls and results.
    OtherCallee
    SwappedArguments
    SwappedResults
    // Edges, branches, traps.
    SwappedEdge
    TurnedBranch
    TurnedTable
    MissedTrap
    OtherTrap
    TurnedTrap
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

/// Plants this fault in all lowerings of the process from now on.
pub fn plant(plant: Plant) {
    PLANTED.plant.store(plant as u32, Ordering::Relaxed);
}

/// Whether this fault is planted.
pub(crate) fn on(plant: Plant) -> bool {
    PLANTED.plant.load(Ordering::Relaxed) == plant as u32
}

/// The operator whose meaning is lowered for another.
pub(crate) fn operator(opcode: Opcode) -> Opcode {
    let others = [
        (Plant::SubForAdd, Opcode::I32Add, Opcode::I32Sub),
        (Plant::SignedForUnsigned, Opcode::I32LtU, Opcode::I32LtS),
        (Plant::ShiftOfOtherSign, Opcode::I32ShrS, Opcode::I32ShrU),
        (Plant::ExtensionOfOtherSign, Opcode::I64ExtendI32S, Opcode::I64ExtendI32U),
        (Plant::LoadOfOtherSign, Opcode::I32Load8S, Opcode::I32Load8U),
        (Plant::LoadOfFewerBytes, Opcode::I32Load16U, Opcode::I32Load8U),
        (Plant::FloorForCeil, Opcode::F64Ceil, Opcode::F64Floor),
        (Plant::RemainderForQuotient, Opcode::I32DivU, Opcode::I32RemU),
    ];
    let other = others.iter().find(|(plant, of, _)| *of == opcode && on(*plant));
    other.map_or(opcode, |&(.., other)| other)
}

/// Cells with the first two values in each other's place.
pub(crate) fn swapped<T: Copy>(mut cells: Vec<(i32, T)>) -> Vec<(i32, T)> {
    if let [(_, a), (_, b), ..] = &mut cells[..] {
        std::mem::swap(a, b);
    }
    cells
}
