//! Effects: what a function does besides computing, as the Wasm demands it and as the code must do it.
//!
//! Memory, globals and tables are not modelled. Wasm and code must perform the same effects in the same order with the same
//! arguments; then, by induction, each effect has the same result on both sides. The walk expects one effect at a time: the
//! Wasm operator names it, and the code runs until it performs an effect, which must be this one.
//!
//! A numeric operator that traps is an effect without result: its value is a pure term, that it may trap is the effect.

use prova_terms::Vn;

/// The kind of an effect; widths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The term may trap.
    Trap,
    Load(u8),
    Store(u8),
    AtomicLoad(u8),
    AtomicStore(u8),
    AtomicRmw(u8),
    AtomicCmpxchg(u8),
    GlobalGet,
    GlobalGetV128,
    GlobalSet,
    GlobalSetV128,
    RefFunc,
    RefAsNonNull,
    TableGet,
    TableSet,
    TableSize,
    TableGrow,
    TableFill,
    TableCopy,
    TableInit,
    ElemDrop,
    MemorySize,
    MemoryGrow,
    MemoryFill,
    MemoryCopy,
    MemoryInit,
    DataDrop,
    AtomicNotify,
    AtomicWait32,
    AtomicWait64,
    Call,
    CallIndirect,
    ReturnCall,
    ReturnCallIndirect,
    CallRef,
    ReturnCallRef,
    Throw,
    ThrowRef,
    Charge,
    Poll,
    Unreachable,
}

/// The greatest number of arguments of an effect besides those of a call.
pub(super) const ARGS_MAX: usize = 5;

/// An effect that the Wasm has demanded and the code has not yet performed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub(super) effect: Effect,
    /// How many of `args` there are.
    pub(super) count: usize,
    pub(super) args: [Vn; ARGS_MAX],
    /// Its first result, where it has one that is not a call's.
    pub(super) result: Vn,
}
