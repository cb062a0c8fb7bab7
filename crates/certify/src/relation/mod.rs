//! Code and its body → the relation by which `prova-equal` proves that they do the same.
//!
//! ```text
//! CheckedBody, code ─ guide: walk with guesses ─► candidates at leaders ─┐
//!                       ▲                                                │ until none is dropped
//!                       └────────────────────────────────────────────────┘
//!                                                                        └─► Relation
//! ```
//!
//! Nothing here is trusted. The walk is the check's own, with a guide that accepts all that it can:
//! where control comes first to an offset that needs claims, everything that a place may be there
//! is a candidate (`proposed`); each further edge drops the candidates that it does not show. That
//! is repeated until an iteration drops none (value partition, optimistic, as in `flow`); what lies
//! behind leaders that did not change is not walked again (`seen`). A way that the walk refuses is
//! left out, and the check then says why.
//!
//! Where the body stands at a leader is guessed too: at what the code does next, if the compiler
//! says which operator that is of (`hints`); else as far as all ways go.
//!
//! Where no guess changes and a way is still refused, some are made otherwise (`retry`); if that
//! does not help, the search begins anew in other ways (`Search`), in more of them where accesses
//! are compared with lengths.
//!
//! Candidates are values that the body still needs, with their operands (`live`), numbers, and
//! terms over these. What the proof does not need is taken out (`prune`), and the rest is written
//! (`encode`).
//!
//! Limits, of each search: [`ROUNDS_MAX`] iterations; the terms and steps of all of them by the
//! code's size, those of one by `TERMS_MAX`; the needed values (`live`). The first three searches
//! share their terms, those of compared accesses have as many each.

mod candidates;
mod encode;
mod guess;
mod guide;
mod hints;
mod live;
mod merges;
mod places;
mod proposed;
mod prune;
mod related;
mod retry;
mod scan;
mod seen;
mod values;
mod ways;

pub use encode::encode;
pub use prune::pruned;
pub use related::Related;

use guide::Finder;
use live::Live;
use places::{Lives, results};
use prova_check::{Layout, MemoryShape};
use prova_equal::{Core, Relation, Told, walk};
use prova_module::Module;
use prova_ssa::{Body, CheckedBody};

/// Iterations at most.
pub const ROUNDS_MAX: usize = 160;
/// Terms that all iterations may make, for each byte of code, and of any code. Programs in use take
/// at most 92 for a byte; hash functions up to 1,000.
const TERMS_PER_BYTE: usize = 256;
const TERMS_FREE: usize = 1 << 14;
/// Code is searched again, in another way, if that took less than this part of the terms so far.
const AGAIN: usize = 4;
/// Terms that one iteration may make: half a gigabyte.
const TERMS_MAX: usize = 1 << 23;

/// The relation of code and body, as far as one is found.
pub fn relate(body: &CheckedBody, layout: &Layout, code: &Related<'_>) -> Relation {
    let told = Told { held: body.held(), ..Told::default() };
    relate_told((body.module(), body.body()), layout, code, told)
}

/// The same with what else is known of the code; without its call map, no code that catches
/// exceptions is related.
pub fn relate_told(
    (module, body): (&Module, &Body),
    layout: &Layout,
    code: &Related<'_>,
    told: Told<'_>,
) -> Relation {
    let Some(live) = Live::of(body, told.held) else { return Relation::default() };
    let terms = TERMS_PER_BYTE.saturating_mul(code.bytes.len()).saturating_add(TERMS_FREE);
    let compared = layout.config().memory == MemoryShape::Explicit || !layout.config().signals;
    let objects = layout.heap().is_some();
    let lives = Lives::of(code, results(layout, body), told.calls);
    let search = |how: Search, terms: usize| {
        let hints = hints::hints(body, code, compared);
        let mut finder = Finder::new((&live, &lives, hints), body, code, (how, objects));
        let mut left = terms;
        for _ in 0..ROUNDS_MAX {
            let core = Core::new((module, body), layout, (code.bytes, code.traps));
            let Some(core) = core else { break };
            let mut core = core.with(told);
            finder.begins(left.min(TERMS_MAX));
            // What is refused is what the check will say.
            let _ = walk(&mut core, &mut finder, code.data, (&mut 0, &mut None));
            match left.checked_sub(finder.taken(&core)) {
                Some(rest) if finder.goes_on() => left = rest,
                _ => break,
            }
        }
        (finder.relation(), finder.is_refused(), left)
    };
    let (relation, mut refused, mut left) = search(Search::Changed, terms);
    for how in [Search::Guessed, Search::All] {
        if !refused || left < terms - terms / AGAIN {
            break;
        }
        let found = search(how, left);
        (refused, left) = (found.1, found.2);
        if !refused {
            return found.0;
        }
    }
    // Most code that is compared and refused is so for its sums.
    for how in Search::COMPARED.into_iter().filter(|_| refused && compared) {
        let found = search(how, terms);
        if !found.1 {
            return found.0;
        }
    }
    relation
}

/// How relations are searched, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// Ways come that changed.
    Changed,
    /// The same, with bold guesses where a way is refused.
    Guessed,
    /// All ways come, in order: which comes first to a leader decides what is guessed there.
    All,
    /// As `Guessed`, and from the first on a place is taken for a sum of 64 bits before it is taken
    /// for the value in its lower half: ends of accesses are such sums.
    Sums,
    /// As `Sums`, and no word is named by a value that is its extension.
    Plain,
    /// As `Sums`, and where the code loads next the body stands there.
    Loads,
    /// As `Sums`, and the body stands before loads even where sources say that the code makes none.
    Before,
}

impl Search {
    /// The ways behind the others where accesses are compared.
    const COMPARED: [Search; 4] = [Search::Before, Search::Sums, Search::Plain, Search::Loads];

    /// Whether guesses are bold where a way is refused.
    fn is_bold(self) -> bool {
        self == Search::Guessed || self.sums_first()
    }

    /// Whether sums come first from the beginning.
    fn sums_first(self) -> bool {
        matches!(self, Search::Sums | Search::Plain | Search::Loads | Search::Before)
    }
}
