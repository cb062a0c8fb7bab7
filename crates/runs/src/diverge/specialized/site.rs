//! The places of both functions that report events, and the events.
//!
//! *Ordered* events are those that both functions have in the same order: entries, calls, returns,
//! stores, changes of globals, memories and tables. Others belong to one side: intrinsics to the
//! generic function, loads to either.

use super::meaning::Intrinsic;
use prova_module::{FuncIdx, Opcode};

/// Number of words of an event.
pub(super) const WORDS: usize = 4;

/// Kinds of events. Where there are more words than [`WORDS`], further events follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Arguments of an activation.
    Enter,
    /// Results of an activation.
    Return,
    /// Operands of a call, before it.
    Call,
    /// Results of a call.
    Called,
    /// Operands of a tail call.
    TailCall,
    /// Operands of a throw.
    Throw,
    /// Address, value, value before.
    Store,
    /// The value of a global.
    GlobalSet,
    /// Operands and result of an operator of memories or tables.
    Effect,
    /// Address and value; not ordered.
    Load,
    /// Operands of an intrinsic; of a load or store of a cell the address, its second operand, the
    /// value, the value before.
    Intrinsic(Intrinsic),
    /// Address and width: a load by a function that is not specialised.
    OuterLoad,
    /// The same, a store.
    OuterStore,
    /// Operands of a bulk operator by such a function.
    OuterEffect,
    /// The result of an operator that computes.
    Value,
}

impl What {
    /// Whether both functions have it, in the same order.
    pub(super) fn is_ordered(self) -> bool {
        match self {
            What::Enter
            | What::Return
            | What::Call
            | What::Called
            | What::TailCall
            | What::Throw
            | What::Store
            | What::GlobalSet
            | What::Effect => true,
            What::Load
            | What::Intrinsic(_)
            | What::OuterLoad
            | What::OuterStore
            | What::OuterEffect
            | What::Value => false,
        }
    }

    /// Whether all stores that were put off are done before it.
    pub(super) fn flushes(self) -> bool {
        match self {
            What::Return | What::Call | What::TailCall | What::Throw => true,
            What::Enter
            | What::Called
            | What::Store
            | What::GlobalSet
            | What::Effect
            | What::Load
            | What::Intrinsic(_)
            | What::OuterLoad
            | What::OuterStore
            | What::OuterEffect
            | What::Value => false,
        }
    }
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// The function: of the generic module if `is_generic`, else of the specialised one.
    pub(super) func: FuncIdx,
    pub(super) is_generic: bool,
    /// The operator's offset in that module.
    pub(super) offset: u32,
    pub(super) opcode: Opcode,
    pub(super) what: What,
    /// Its number among the events of the operator.
    pub(super) nth: u32,
    /// The immediates that must be the same: a callee (of the specialised module), a global, …
    pub(super) of: u64,
    /// The number of words that are used, at most [`WORDS`].
    pub(super) count: u8,
    /// The bytes of memory that a load or store accesses; 0 for other events.
    pub(super) width: u8,
}

impl Site {
    /// Whether events of both are the same if their words are.
    pub(super) fn is_like(&self, other: &Site) -> bool {
        let effect = self.what == What::Effect || self.what == What::Throw;
        (self.what, self.nth, self.of, self.count, self.width)
            == (other.what, other.nth, other.of, other.count, other.width)
            && (!effect || self.opcode == other.opcode)
    }
}

/// One event of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The number of its site; [`HOST_WRITE`] if the host has written to memory.
    pub(super) site: u32,
    /// The number of the activation, from 1; 0 outside of specialised functions.
    pub(super) id: u64,
    pub(super) words: [u64; WORDS],
}

/// Stands for a site where the host has written to memory: the first word is the address, the
/// second the number of bytes.
pub(super) const HOST_WRITE: u32 = u32::MAX;
