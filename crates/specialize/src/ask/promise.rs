//! The promises of a program, and which of them a specialised function checks for itself.
//!
//! weval's contract has three: the bytes behind a pointer argument stay what the request says; the
//! cells of the virtual stack and of virtual locals are touched by intrinsics alone; a value that
//! is specialised lies in its range. The last one is always checked. The first is unless the
//! program is trusted with it; the second is believed, or the cells are memory like any other.

use std::fmt;

/// The promises that a proof may take for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// Constant memory is compared, at the entry and where it may have changed since.
    pub memory_is_compared: bool,
    /// Nothing but intrinsics touches the cells of the virtual stack and of virtual locals.
    pub cells_are_private: bool,
}

/// Which promises a program is trusted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assume {
    /// Constant memory is compared with what it was; cells are believed to be private.
    #[default]
    Check,
    /// All of them are believed.
    Trust,
    /// None: constant memory is compared, and cells are memory like any other.
    Nothing,
}

impl Assume {
    /// The promises that a proof may take for granted.
    pub fn promises(self) -> Promises {
        Promises {
            memory_is_compared: !matches!(self, Assume::Trust),
            cells_are_private: !matches!(self, Assume::Nothing),
        }
    }
}

/// An assumption of a specialised function's proof about the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumption {
    /// The bytes that an argument points to are those of the request, as long as the function runs.
    ConstantMemory(u32),
    /// No load or store of the program, except those of intrinsics, touches a cell of the virtual
    /// stack or of virtual locals; all of them lie in memory and apart from each other, nothing
    /// reads one that was popped, and nobody looks at them once the function has trapped.
    PrivateCells,
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assumption::ConstantMemory(arg) => {
                write!(f, "the bytes that argument {arg} points to are always the request's")
            }
            Assumption::PrivateCells => f.write_str(
                "cells of the virtual stack and of virtual locals are touched by intrinsics alone",
            ),
        }
    }
}
