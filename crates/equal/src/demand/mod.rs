//! An SSA operator → what the code owes for it: the traps in their order, then at most one action,
//! and the values that are then made.
//!
//! ```text
//! instruction, operands as terms ─ numeric, memory, table, control, … ─► Demand
//! ```
//!
//! This is the convention of machine code, written a second time: nothing of it is shared with
//! what emits code. Where values lie is `prova_check::abi`'s, where words of the store lie is the
//! layout's. An operator that is not here is refused.

mod aggregate;
mod control;
mod exception;
mod memory;
mod meter;
mod numeric;
mod reference;
mod table;
mod truncate;
mod variable;
mod vector;
mod vector_lanes;
mod vector_steps;

pub use numeric::overflow;
pub use variable::bits_of;

pub(crate) use memory::extended;

use crate::words::{Word, Words};
use alloc::boxed::Box;
use alloc::vec::Vec;
use prova_check::Layout;
use prova_module::{Module, Opcode, RefType};
use prova_ssa::Imm;

/// The term of an operator without effects.
pub fn pure(words: &mut Words, opcode: Opcode, imm: Imm, args: &[Word]) -> Option<Word> {
    match numeric::pure(words, opcode, imm, args) {
        Some(word) => Some(word),
        None => vector::pure(words, opcode, imm, args),
    }
}

/// Parts of memory that never overlap, apart from the stack. What a region holds changes only by
/// actions on it, by calls and by builtins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// Linear memories; two indices may be one memory.
    Heap,
    /// Elements of tables.
    Table,
    /// Cells of globals; two indices may be one global.
    Global,
    /// Lengths of memories in the context.
    Length,
    /// Lengths of tables and memories in their records, and the list of functions.
    Store,
    /// The argument cells.
    Cells,
    /// The heap of objects.
    Object,
}

/// How many there are.
pub const REGIONS: usize = 7;

/// The memories that regions hold.
pub type Versions = [Word; REGIONS];

/// The one action of an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// None: it is over when its traps are passed.
    #[default]
    None,
    /// A load of a linear memory that faults where there is none.
    Load {
        /// Where.
        address: Word,
        /// Its width.
        bits: u8,
    },
    /// A store.
    Store {
        /// Whose region.
        region: Region,
        /// Where.
        address: Word,
        /// What.
        stored: Word,
        /// Whether it faults where there is no memory.
        faults: bool,
    },
    /// Stores to a linear memory of words that were read before all of them; none faults.
    Move {
        /// The bytes that are read or written: address and number.
        places: Vec<(Word, u8)>,
        /// Address and content of the stores, in order.
        stores: Vec<(Word, Word)>,
    },
    /// Stores of an object that code makes, in order; none faults.
    Make {
        /// Address and content of the stores.
        stores: Vec<(Word, Word)>,
    },
    /// A call of the code of a record.
    Call {
        /// The record.
        record: Word,
        /// The type.
        ty: u32,
        /// The arguments.
        args: Vec<Word>,
    },
    /// A call of a builtin, behind stores of its operands to the cells.
    Perform {
        /// Its number.
        builtin: u32,
        /// Address and content of cells, in order.
        cells: Vec<(Word, Word)>,
        /// The numbers that it is asked with.
        operands: Vec<Word>,
        /// The width of what it leaves in the first cell, if that is the operator's value.
        cell: Option<u8>,
    },
    /// Stores of results to the cells, and a return.
    Leave {
        /// Address and content of cells, in order.
        cells: Vec<(Word, Word)>,
    },
}

impl Action {
    /// The cells that are written before it.
    pub fn cells(&self) -> Option<&[(Word, Word)]> {
        match self {
            Action::Perform { cells, .. } | Action::Leave { cells } => Some(cells),
            Action::None
            | Action::Load { .. }
            | Action::Store { .. }
            | Action::Move { .. }
            | Action::Make { .. }
            | Action::Call { .. } => None,
        }
    }
}

/// An obligation that comes before an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debt {
    /// A trap.
    Trap {
        /// Its kind.
        kind: u8,
        /// Its condition.
        when: Word,
    },
    /// A trap if bytes are not in a memory.
    Beyond {
        /// Its condition.
        when: Word,
        /// The bytes.
        bytes: Bytes,
    },
    /// A read of the epoch.
    Epoch,
    /// The question whether a reference is of a type.
    Test,
    /// A store of the word for the fuel.
    Pay(Word),
}

/// An answer to the question whether a reference is of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The conditions under which it is right.
    pub when: Vec<Word>,
    /// 32 bits, 0 if it is not.
    pub word: Word,
}

/// Bytes of the heap of objects that code may read on the way of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Where they begin.
    pub address: Word,
    /// How many there are.
    pub bytes: u8,
    /// The conditions under which they are there.
    pub when: Vec<Word>,
}

/// Bytes of a memory: `[index, index + end)`, over the integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// The memory.
    pub memory: u32,
    /// Its length, in bytes.
    pub len: Word,
    /// Where they begin; 64 bits.
    pub index: Word,
    /// How many there are; at most 2^47.
    pub end: u64,
    /// Whether the access to them faults where they are not all there.
    pub faults: bool,
}

impl Debt {
    /// The kind and the condition of a trap.
    pub const fn trap(self) -> Option<(u8, Word)> {
        match self {
            Debt::Trap { kind, when } => Some((kind, when)),
            Debt::Beyond { when, .. } => Some((prova_check::traps::MEMORY_OUT_OF_BOUNDS, when)),
            Debt::Epoch | Debt::Test | Debt::Pay(_) => None,
        }
    }
}

/// The obligations of an instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Those before its action, in order.
    pub debts: Vec<Debt>,
    /// Its action behind them.
    pub action: Action,
    /// Its values, if they are terms.
    pub values: Vec<Word>,
    /// Bytes that code may read meanwhile.
    pub looks: Vec<Look>,
    /// The answers to its question, if it has one.
    pub answers: Vec<Answer>,
    /// The reference and the type's code that the store is asked with, if it has a question.
    pub asked: Option<(Word, u32)>,
    /// The address of a function that code may read instead, and the obligations before that.
    pub instead: Option<(Word, Box<Demand>)>,
}

impl Demand {
    /// A value and nothing else.
    pub fn value(word: Word) -> Demand {
        Demand {
            debts: Vec::new(),
            action: Action::None,
            values: alloc::vec![word],
            ..Demand::default()
        }
    }
}

/// The sources of demands.
pub struct Maker<'m> {
    /// The terms.
    pub words: &'m mut Words,
    /// Where words of the store lie.
    pub layout: &'m Layout,
    /// The module.
    pub module: &'m Module,
    /// The contents of the regions.
    pub versions: Versions,
    /// The word for the fuel.
    pub fuel: Word,
    /// The epoch that was read for a poll, if it was.
    pub polled: Option<Word>,
    /// Whether results that are NaN are canonical.
    pub deterministic: bool,
    /// The type of the first operand, if it is a reference.
    pub own: Option<RefType>,
    /// Whether a slot for the operator's object is known to be lent.
    pub slot_is_lent: bool,
    /// The answer to the question that was asked last.
    pub tested: Word,
    /// Whether the last operand is a number by its operator: a copy or fill of few bytes is no call
    /// then. Of what is known on a way alone, code is not made.
    pub literal: bool,
}

impl Maker<'_> {
    /// The content of a region.
    pub fn version(&self, region: Region) -> Word {
        let [heap, table, global, length, store, cells, object] = self.versions;
        match region {
            Region::Heap => heap,
            Region::Table => table,
            Region::Global => planted!(OneRegion, global, heap),
            Region::Length => length,
            Region::Store => store,
            Region::Cells => cells,
            Region::Object => planted!(ObjectsAreMemory, object, heap),
        }
    }
}
