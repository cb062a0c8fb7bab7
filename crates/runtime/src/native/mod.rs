//! Native code in a store: checked code, the records through which it is called, and what runs it.
//!
//! ```text
//! bytes ─ NativeCode::load_all (copy, check, seal) ─► NativeCode ─ Store::attach ─► FuncRecord::code
//!                                                                  thunks ─┘
//! exec::native ─ sys::enter ─► in thunk ─► code ─ builtins ─► exec::native
//! ```
//!
//! A store that takes native code ([`StoreConfig::native`](crate::StoreConfig)) has a record for
//! each function and a *vmctx* for each instance, in the layout that `prova-check` derives. An
//! instance takes native code if its module has thunks and its memories fit the configuration
//! ([`NativeModule`]); all other functions run as bytecode, in the same instance where need be, and
//! native code reaches them by the way out of their type. `exec::native` runs it.
//!
//! # Invariants
//! * R1. The records of an instance's defined functions stand at the end of its vmctx, one behind
//!   the other; no record, vmctx, object's record or `args` moves or goes before the store does.
//! * R2. `FuncRecord::code` is 0, or sealed code that was checked as the function itself or as a
//!   way out of its type, kept by the store; it is 0 only for types that no native code can call:
//!   no module with native code has the type or imports a function of it, or the check refuses
//!   calls of it ([`prova_check::Layout::is_callable`]). A function of a subtype has the parameters
//!   and results of the type, in the same cells, so the type's ways lead there too. A module whose
//!   ways are not complete has no native code.
//! * R3. The words of a vmctx are those of a layout that [`NativeModule::derive`] made from the
//!   instance's module for the store's configuration; code is attached only if it was checked in
//!   that very layout. The copies of a memory's length, and of bases that may move, in all
//!   instances that have the object, are written as soon as it has grown, before any code runs.
//! * R4. Memories of an instance with native code have the shape that the layout's configuration
//!   names.
//! * R5. A piece of code of a function is attached to one function of a store only, so that a
//!   program counter tells function and instance: further instances of a module in a store get
//!   copies of what was checked.
//! * R6. A `Kept` has the words of an instance as its prototype's next one has them at the same
//!   place, as the first one of a store: except for those that lead to the store, its types and
//!   objects, which are written before code is attached. Its records are those of Q2's entries:
//!   of the same addresses and types. Each leads to code of its function in the `Kept`, which was
//!   compared with it (A1 of `attach`) in the same layout, ways and settings; else to a way out of
//!   its type that the `Kept` keeps, or is 0 where that has none.
//! * R7. Cells of `args` behind `args_used` are 0: code that a store keeps writes none of them, as
//!   the check has found ([`prova_check::CheckedCode::arg_cells`]), nor does the runtime.
//! * R8. Where bases may move, a memory or a table moves at every growth: native code waits for a
//!   call then, and the check has found that it reads the base again before it uses it. In what
//!   they leave nothing is accessible; the store keeps it for a while.
//! * R9. The heap is to code a memory of no bytes: its record and words have the length 0. In the
//!   guard shape the base is the first byte of the heap's region, which is reserved with the guard
//!   of the layout before such an instance is made, and never moves.

mod canary;
mod code;
mod dump;
mod instances;
mod kept;
mod perf;
mod records;
mod state;

pub use code::{LoadError, MissingWay, NativeCode, NativeModule, Thunks, processor_has};
pub use perf::PerfNames;
pub(crate) use records::FuncRecord;
pub(crate) use state::{Native, Piece, Segment, stack_bytes};

use prova_check::traps;

use crate::trap::{Trap, TrapKind};

/// The address of the instance that a vmctx belongs to.
///
/// # Safety
/// The instance belongs to a store that lives (R1).
pub(crate) unsafe fn instance_of(vmctx: *const usize) -> u32 {
    // SAFETY: the caller's.
    unsafe { records::Words::instance(vmctx) }
}

/// Machine code stopped with a number that no trap has: its maker took the place for one that
/// nothing reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTrap(pub u64);

impl std::fmt::Display for NoTrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "machine code stopped where its maker says that it never is (stop {})", self.0)
    }
}

impl std::error::Error for NoTrap {}

/// The trap with this number in a row of a trap map, or in a call of the builtin.
pub(crate) fn trap_of(number: u64) -> Trap {
    let kind = u8::try_from(number).ok().and_then(TrapKind::of_code);
    kind.map_or_else(|| Trap::host(NoTrap(number)), Trap::new)
}

impl TrapKind {
    /// The kind with this number in the trap map of machine code; `None` for a place that nothing
    /// reaches.
    pub fn of_code(kind: u8) -> Option<TrapKind> {
        Some(match kind {
            traps::UNREACHABLE => TrapKind::Unreachable,
            traps::INTEGER_DIVISION_BY_ZERO => TrapKind::IntegerDivisionByZero,
            traps::INTEGER_OVERFLOW => TrapKind::IntegerOverflow,
            traps::BAD_CONVERSION_TO_INTEGER => TrapKind::BadConversionToInteger,
            traps::MEMORY_OUT_OF_BOUNDS => TrapKind::MemoryOutOfBounds,
            traps::TABLE_OUT_OF_BOUNDS => TrapKind::TableOutOfBounds,
            traps::UNDEFINED_ELEMENT => TrapKind::UndefinedElement,
            traps::UNINITIALIZED_ELEMENT => TrapKind::UninitializedElement,
            traps::INDIRECT_CALL_TYPE_MISMATCH => TrapKind::IndirectCallTypeMismatch,
            traps::STACK_OVERFLOW | traps::TAIL_OVERFLOW => TrapKind::StackOverflow,
            traps::OUT_OF_FUEL => TrapKind::OutOfFuel,
            traps::INTERRUPT => TrapKind::Interrupt,
            traps::HEAP_MISALIGNED => TrapKind::HeapMisaligned,
            traps::NULL_REFERENCE => TrapKind::NullReference,
            traps::ARRAY_OUT_OF_BOUNDS => TrapKind::ArrayOutOfBounds,
            traps::CAST_FAILURE => TrapKind::CastFailure,
            _ => return None,
        })
    }
}
