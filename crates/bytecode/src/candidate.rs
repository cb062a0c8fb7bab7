//! A candidate: the bytecode of one function as a translator proposes it, with the hints that its
//! proof will read.
//!
//! Nothing here is trusted: every field is input of the check ([`crate::CheckedBytecode::check`]).
//! A wrong hint leads to a refusal, never to acceptance.

use prova_module::{FuncIdx, TagIdx};

/// How running code is metered; fixed at translation and part of every witness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Metering {
    /// Not at all.
    #[default]
    None,
    /// A `poll` at function entry and at each loop header tests the store's epoch.
    Epoch,
    /// A `charge` at each metering segment of [`prova_module::FuncFacts`] takes its cost from the
    /// store's fuel.
    Fuel,
    /// By epoch and by fuel: where both are due, the `poll` comes before the `charge`.
    Both,
}

impl Metering {
    /// Every mode.
    pub const ALL: [Metering; 4] =
        [Metering::None, Metering::Epoch, Metering::Fuel, Metering::Both];

    /// The mode that meters in these ways.
    pub const fn new(fuel: bool, epoch: bool) -> Metering {
        match (fuel, epoch) {
            (false, false) => Metering::None,
            (false, true) => Metering::Epoch,
            (true, false) => Metering::Fuel,
            (true, true) => Metering::Both,
        }
    }

    /// Whether fuel is charged.
    pub const fn has_fuel(self) -> bool {
        matches!(self, Metering::Fuel | Metering::Both)
    }

    /// Whether the epoch is tested.
    pub const fn has_epoch(self) -> bool {
        matches!(self, Metering::Epoch | Metering::Both)
    }
}

/// The settings of a translation: its inputs besides the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// How the code is metered.
    pub metering: Metering,
    /// Whether every float result that may be a NaN is canonicalised.
    pub deterministic: bool,
}

/// Where an instruction comes from: instructions from `word` up to the next entry belong to the
/// operator at `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// The index of the first word.
    pub word: u32,
    /// The operator's offset in the module, in bytes.
    pub offset: u32,
}

/// A translator's hint for one control operator (block, loop, if, else, end, branch, return).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlHint {
    /// The operator's offset in the module, in bytes.
    pub offset: u32,
    /// The word at which the code of the operator ends; for a label (loop, else, end) the label
    /// itself.
    pub word: u32,
}

/// Where an exception goes that leaves a range of the code: one catch clause of one `try_table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The first word of the range.
    pub start: u32,
    /// The word after the range. A call belongs to the range that has its words.
    pub end: u32,
    /// The tag that is caught; `None` for all.
    pub tag: Option<TagIdx>,
    /// Whether the reference to the exception comes after the values.
    pub with_ref: bool,
    /// The word at which control goes on, or [`Handler::RETURN`].
    pub target: u32,
    /// The slot of the first value.
    pub slot: u16,
}

impl Handler {
    /// The target of a clause whose label is the body's: the function returns the values.
    pub const RETURN: u32 = u32::MAX;
}

/// The bytecode of one function as a translator proposes it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The function.
    pub func: FuncIdx,
    /// Its code.
    pub words: Vec<u64>,
    /// The size of its frame in cells: parameters, locals, home slots, scratch.
    pub frame_cells: u32,
    /// From words to operators, by ascending `word`, the first entry at word 0.
    pub map: Vec<MapEntry>,
    /// One per reachable control operator, by ascending `offset`; the code of an edge must stand
    /// where the edge leaves (see `check`, rules Q4 and Q12).
    pub controls: Vec<ControlHint>,
    /// The catch clauses of each reachable `try_table` in their order, those of an inner one before
    /// those of the outer.
    pub handlers: Vec<Handler>,
}
