//! The assumptions about pairs of numbers.
//!
//! `harmless` says which assumptions `--allow harmless` covers.

use crate::numbers::shift::{Agree, Assumption};
use crate::numbers::uses::Doubt;
use serde::Serialize;

/// The sort of an assumption behind `assumed-moved`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// An address that code accesses moved, and something may look at its number.
    Address,
    /// A number moved as an address would, and no access shows that it is one.
    Number,
    /// A number stays where an address would have moved.
    Stays,
    /// A number changed as a table slot did.
    Slot,
    /// A number is the rest of memory.
    Room,
    /// An address behind the data moved by less or more than the others there.
    Apart,
    /// A number of code grew as a text did.
    Length,
    /// A number of data grew as a text did.
    Grew,
    /// Zeros are padding, behind which nothing is seen to start.
    Padding,
    /// The stack pointer moved, and something may look at the numbers of addresses made of it.
    Stack,
    /// The stack has less room.
    StackRoom,
    /// The initial value of a global is an address, or none.
    Global,
    /// Slots of a table are used by the numbers that changed with them.
    Table,
    /// An address in debug information.
    Debug,
    /// Memory has more or fewer pages, and code asks for its size.
    Pages,
    /// A number is where memory or the stack ends.
    End,
    /// An address of an object that one side has once and the other twice.
    Copy,
    /// An address gets an index, and B has another thing behind it.
    Reach,
    /// A path of the program's data is another one.
    Path,
}

/// Something that is assumed of a pair of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) sort: Sort,
    pub(crate) a: u64,
    pub(crate) b: u64,
    pub(crate) doubt: Doubt,
    pub(crate) written: Written,
    pub(crate) covered: bool,
}

/// Origin of a number by its encoding. Linkers write every address in five bytes, and compilers a
/// number in the least bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Written {
    /// Nothing shows the origin.
    #[default]
    Unknown,
    /// Both sides left room: a linker wrote it.
    Address,
    /// No side did, where other numbers of both have room.
    Plain,
}

impl Taken {
    /// The assumption about number `a` of A that is `b` in B.
    pub(crate) fn new(what: Assumption, a: u64, b: u64) -> Taken {
        let (sort, doubt) = match what {
            Assumption::Mixed(doubt) => (Sort::Address, doubt),
            Assumption::Address(doubt) => (Sort::Number, doubt),
            Assumption::Stays(_, doubt) => (Sort::Stays, doubt),
            Assumption::Slot => (Sort::Slot, Doubt::NONE),
            Assumption::Room => (Sort::Room, Doubt::NONE),
            Assumption::End => (Sort::End, Doubt::NONE),
            Assumption::Copy => (Sort::Copy, Doubt::NONE),
            Assumption::Reach => (Sort::Reach, Doubt::NONE),
        };
        Taken { doubt, ..Taken::of(sort, a, b) }
    }

    /// The assumption of another sort.
    pub(crate) fn of(sort: Sort, a: u64, b: u64) -> Taken {
        let covered = matches!(sort, Sort::Pages | Sort::Debug | Sort::Path);
        Taken { sort, a, b, doubt: Doubt::NONE, written: Written::Unknown, covered }
    }
}

/// A pair of numbers of which something is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Assumed {
    /// A's number; B's is `delta` more.
    pub(crate) address: u64,
    pub(crate) delta: i64,
    pub(crate) what: Assumption,
}

impl Assumed {
    /// The assumption of a pair that agrees, if there is one.
    pub(crate) fn of(agree: Agree) -> Option<Assumed> {
        match agree {
            Agree::Assumed { address, delta, what, .. } => Some(Assumed { address, delta, what }),
            Agree::Equal | Agree::Moved { .. } | Agree::Slot => None,
        }
    }
}
