//! A difference outside functions and data: a verdict, and the values that `tell` words.

use crate::judge::assumption::{Assumed, Taken};
use crate::judge::debug::Sum;
use crate::judge::verdict::{Kind, Verdict};
use crate::numbers::dwarf::Unread;

/// A difference outside functions and data.
#[derive(Clone, Debug)]
pub(crate) struct Found<'m> {
    pub(crate) kind: Kind,
    pub(crate) verdict: Verdict,
    /// Its name, printable.
    pub(crate) name: String,
    pub(crate) what: What<'m>,
    /// Whether it follows from functions that were added or removed.
    pub(crate) follows: bool,
    /// The function of A or of B that alone is exported.
    pub(crate) exported: (Option<u32>, Option<u32>),
    /// The assumptions.
    pub(crate) taken: Vec<Taken>,
}

impl<'m> Found<'m> {
    /// A difference that follows from nothing and assumes nothing.
    pub(crate) fn new(kind: Kind, verdict: Verdict, name: String, what: What<'m>) -> Found<'m> {
        let (follows, exported, taken) = (false, (None, None), Vec::new());
        Found { kind, verdict, name, what, follows, exported, taken }
    }
}

/// The side that alone has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alone {
    A,
    B,
}

/// The way in which it differs.
#[derive(Clone, Debug)]
pub(crate) enum What<'m> {
    /// One side alone has it.
    Alone(Alone),
    /// The entries of A and of B that have one name and that the other side does not list.
    Listed(Vec<String>, Vec<String>),
    /// Imports of what is named by index stand in another order.
    Order,
    /// The start functions.
    Start(Option<u32>, Option<u32>),
    /// Types of tags.
    Tags,
    /// Pages of a memory.
    Pages(Option<u64>, Option<u64>),
    /// Elements of a table.
    Elements(Option<u64>, Option<u64>),
    /// A passive element segment.
    Passive,
    /// Active element segments, which are no image.
    Active,
    /// Element segments are cut or declared otherwise.
    Recut,
    /// Slots of this table hold the same in another order: their number, and the first.
    Permuted(usize, u64, u64),
    /// Number of entries of a table that A alone has, and B alone.
    Entries(u64, u64),
    GlobalType,
    /// An initial value that is no constant.
    Init,
    /// The same, and it stays.
    InitStays(Assumed),
    /// Constant initial values of A and of B.
    Value(u64, u64, Value),
    Producers,
    /// The same relocations at other offsets.
    Relocations,
    /// Bytes of custom sections, and why they are not explained.
    Contents(usize, usize, Option<Unread>),
    /// The module's own name.
    OwnName(Option<&'m str>, Option<&'m str>),
    /// A section of debug information, and by how much a path in it grew.
    Debug(Sum<'m>, Option<i64>),
}

/// Known facts about an initial value that differs, or that should.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Changed,
    /// An address that moved; `also` if addresses made of it may be used as numbers.
    Moved {
        also: bool,
    },
    Assumed(Assumed),
    /// The stack behind the data moved with it; `also` as above.
    Stack {
        also: bool,
    },
    /// The stack pointer stays, though the data before it grew by this.
    StackStays(i64),
    /// The stack pointer stays, and it is an assumption that it may.
    StackAssumed(Assumed),
    /// The stack pointer moved less than the data before it.
    StackLess,
    /// The stack is elsewhere, and no data is in its way.
    StackElsewhere(Elsewhere),
    /// The stack pointer starts elsewhere, and no rule explains it.
    StackChanged,
}

/// Where a stack is that is elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Elsewhere {
    /// Before the data on both sides, and larger or smaller.
    Larger,
    Smaller,
    /// Before the data in A, behind it in B.
    Behind,
    /// Behind the data in A, before it in B.
    Before,
    /// Behind the data on both sides.
    Place,
}
