//! The certificate: for each block of the specialised function its place in the generic one, and
//! the facts about the generic function's values there.
//!
//! Nobody believes it: [`crate::check`] proves what it says or refuses it. It names no contexts and
//! no reasons.

use super::request::Request;
use prova_ssa::{Block, Value};

/// Fact about a value of the generic function at the start of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is these bits.
    Bits(u64),
    /// It is so far behind a base of the row, an i32.
    Pointer {
        /// The base: the number of a value of the generic function. Those of its parameters come
        /// first.
        root: u32,
        /// How far, modulo 2³².
        offset: u32,
    },
    /// It is the block's parameter of this number.
    Param(u32),
}

/// A store that was put off: where, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The address, an i32.
    pub address: Known,
    /// The value, an i64.
    pub value: Known,
}

/// The meaning of a block of the specialised function: a place of the generic one, and the state
/// there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The generic block.
    pub block: Option<Block>,
    /// How many of its instructions are done.
    pub start: u32,
    /// Values of the generic function.
    pub values: Vec<(Value, Known)>,
    /// The bases of pointers: the number of a generic value, and the number of the block's
    /// parameter that it is. For a parameter of the function the base is the argument; another base
    /// is only a name in this row.
    pub bases: Vec<(u32, u32)>,
    /// Registers that are written.
    pub regs: Vec<(u64, Known)>,
    /// Stores put off by pushes, the first at the bottom.
    pub stack: Vec<Cell>,
    /// Stores put off by locals.
    pub locals: Vec<(u32, Cell)>,
    /// Whether the bytes that were compared at the entry are still what they were.
    pub fresh: bool,
    /// Other bytes of constant memory that are what the request says.
    pub known: Vec<Range>,
}

/// Bytes behind an argument, of constant memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The argument that points to them.
    pub arg: u32,
    /// How far behind it they start.
    pub from: u32,
    /// How far behind it they end.
    pub to: u32,
}

impl Range {
    /// Whether a word lies in it.
    pub(crate) fn has(&self, word: Word) -> bool {
        let end = u64::from(word.offset) + u64::from(word.bytes);
        self.arg == word.arg && self.from <= word.offset && end <= self.to.into()
    }
}

/// Bytes of constant memory that are compared at the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// The argument that points to them.
    pub arg: u32,
    /// How far behind it they start.
    pub offset: u32,
    /// How many they are: 1, 2, 4 or 8.
    pub bytes: u32,
}

impl Word {
    /// The request's bytes, as a little-endian number; 0 for bytes that it does not have.
    pub(crate) fn bits(&self, request: &Request) -> u64 {
        let from = self.offset as usize;
        let bytes = request.buffer(self.arg).and_then(|all| all.get(from..)).unwrap_or(&[]);
        let bytes = bytes.iter().take(self.bytes.min(8) as usize).rev();
        bytes.fold(0, |bits, &byte| bits << 8 | u64::from(byte))
    }
}

/// Bytes that stores reach, relative to an argument; none of them is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The argument.
    pub arg: u32,
    /// How far behind it they start; negative if before it.
    pub from: i32,
    /// How many they are.
    pub bytes: u32,
}

/// The comparisons at the entry besides constant arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Bytes that are the request's.
    pub words: Vec<Word>,
    /// Bytes that lie apart from all of them.
    pub apart: Vec<Window>,
}

impl Compared {
    /// How many bytes of constant memory an argument points to, if any of them is compared; else 0.
    pub(crate) fn end(&self, arg: u32, request: &Request) -> u64 {
        let any = self.words.iter().any(|word| word.arg == arg);
        request.buffer(arg).filter(|_| any).map_or(0, |bytes| bytes.len() as u64)
    }
}

/// The role of a block of the specialised function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The entry: it compares constant arguments.
    Entry,
    /// Where constant arguments or memory are others: it calls the generic function.
    Fallback,
    /// Behind the entry: it compares constant memory.
    Memory(Compared),
    /// A copy of a part of a generic block.
    Copy(Row),
    /// A copy without a row: one edge leads to it, and the facts at that edge hold at its start.
    /// The number is how many of its generic block's instructions are done.
    Inner(u32),
    /// Where a value is not what the program promised: a trap.
    Broken,
}

/// The roles of a body's blocks, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// By block.
    pub roles: Vec<Role>,
}
