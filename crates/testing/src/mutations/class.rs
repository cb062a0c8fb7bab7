//! An accepted edit → why it does the same: the first class of a fixed list whose property holds.
//!
//! Each class is decided: the first two by comparing the edited parts, the others by a proof of
//! [`product`] that may use more from one class to the next, so that the class says which rules are
//! needed. An edit in no class is looked up among the cases that are explained by hand
//! (`explained.tsv`), and fails the campaign if it is not there either.

use super::product::{self, Rules};
use prova_bytecode::Candidate;
use prova_module::Module;

/// A class: its name, and what a proof in it may use.
struct Class {
    name: &'static str,
    rules: Rules,
}

const NOTHING: Rules =
    Rules { copies: false, constants: false, commute: false, select: false, forms: false };

/// The classes of edits of code, from the one that needs least.
const CLASSES: [Class; 7] = [
    Class { name: "what nobody reads, the order of what is independent", rules: NOTHING },
    Class { name: "commuting operands", rules: Rules { commute: true, ..NOTHING } },
    Class { name: "a slot with the same value", rules: Rules { copies: true, ..NOTHING } },
    Class { name: "a constant that is there already", rules: Rules { constants: true, ..NOTHING } },
    Class { name: "a select between equal values", rules: Rules { select: true, ..NOTHING } },
    Class { name: "another form of the same op", rules: Rules { forms: true, ..NOTHING } },
    Class {
        name: "several of these",
        rules: Rules { copies: true, constants: true, commute: true, select: true, forms: true },
    },
];

/// The class of an edit; `None` if nothing here explains it.
pub(super) fn classify(
    module: &Module,
    honest: &Candidate,
    edited: &Candidate,
) -> Option<&'static str> {
    let same_code = honest.words == edited.words;
    if same_code && honest.map == edited.map && honest.handlers == edited.handlers {
        // Hints are read by the check alone; a frame's size is a bound, which the check holds the
        // slots to.
        let frame = honest.frame_cells != edited.frame_cells;
        return Some(if frame { "a frame's size" } else { "a hint" });
    }
    let proved = |class: &&Class| product::equal(module, honest, edited, class.rules);
    let class = CLASSES.iter().find(proved)?;
    Some(if same_code { "map entries and handlers of what cannot trap" } else { class.name })
}
