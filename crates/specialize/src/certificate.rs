//! The certificate: for each block of the specialised function the place of the generic one that it
//! stands for, and what is known of the generic function's values there.
//!
//! Nobody believes it: [`crate::check`] proves what it says or refuses it. It names no contexts and
//! no reasons.

use prova_ssa::{Block, Value};

/// What is known of a value of the generic function at the start of a block.
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

/// What a block of the specialised function stands for: a place of the generic one, and the state
/// there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The generic block.
    pub block: Option<Block>,
    /// How many of its instructions are done.
    pub start: u32,
    /// Values of the generic function.
    pub values: Vec<(Value, Known)>,
    /// What pointers are relative to, by the number of the block's parameter that it is. The base
    /// of a parameter of the function is the argument; another one is what the row says and no
    /// more.
    pub bases: Vec<(u32, u32)>,
    /// Registers that are written.
    pub regs: Vec<(u64, Known)>,
    /// Stores put off by pushes, the first at the bottom.
    pub stack: Vec<Cell>,
    /// Stores put off by locals.
    pub locals: Vec<(u32, Cell)>,
}

/// What a block of the specialised function is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The entry: it compares constant arguments.
    Entry,
    /// Where constant arguments are others: it calls the generic function.
    Fallback,
    /// A copy of a part of a generic block.
    Copy(Row),
    /// Where a specialised value is out of its range: a trap.
    OutOfRange,
}

/// The roles of a body's blocks, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// By block.
    pub roles: Vec<Role>,
}
