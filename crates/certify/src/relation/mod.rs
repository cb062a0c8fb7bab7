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
//! Limits: [`SEARCH_WALKS`] times the work of one walk of the proof, for all searches of a function
//! and for taking claims out together (`work`); of each search [`ROUNDS_MAX`] iterations; the terms
//! of one iteration by `TERMS_MAX`; the needed values (`live`).

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
mod work;

pub use encode::encode;
pub use prune::pruned;
pub use related::Related;
pub use work::{SEARCH_WALKS, WALK_PER_BYTE, WALK_PER_BYTE_MAX, Work};

use guide::Finder;
use live::Live;
use places::{Lives, results};
use prova_check::Layout;
use prova_equal::{Core, Relation, Told, walk};
use prova_module::Module;
use prova_ssa::{Body, CheckedBody};
use work::compares;

/// Iterations at most.
pub const ROUNDS_MAX: usize = 160;
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
    of: (&Module, &Body),
    layout: &Layout,
    code: &Related<'_>,
    told: Told<'_>,
) -> Relation {
    relate_within(of, layout, code, told, &mut Work::default())
}

/// The same, as long as there is work left; [`Work::ended`] says whether that was enough.
pub fn relate_within(
    (module, body): (&Module, &Body),
    layout: &Layout,
    code: &Related<'_>,
    told: Told<'_>,
    work: &mut Work<'_>,
) -> Relation {
    let Some(live) = Live::of(body, told.held) else { return Relation::default() };
    work.begins(code.bytes.len(), layout);
    let compared = compares(layout);
    let lives = Lives::of(code, results(layout, body), told.calls);
    let told = Told { stop: work.stop(), ..told };
    let of = Of { module, body, layout, code, told, compared, live, lives };
    let (relation, mut refused) = of.search(Search::Changed, work);
    // Most code that is compared and refused is so for its sums.
    let others = if compared { &Search::COMPARED[..] } else { &[] };
    for &how in Search::AGAIN.iter().chain(others) {
        if !refused || work.ended().is_some() {
            break;
        }
        let found = of.search(how, work);
        refused = found.1;
        if !refused {
            return found.0;
        }
    }
    relation
}

/// The code that is searched, and what is known of it before.
struct Of<'a> {
    module: &'a Module,
    body: &'a Body,
    layout: &'a Layout,
    code: &'a Related<'a>,
    told: Told<'a>,
    /// Whether accesses are compared with lengths.
    compared: bool,
    live: Live,
    lives: Lives,
}

impl Of<'_> {
    /// The relation that one way of searching finds, and whether some way of the code is refused.
    fn search(&self, how: Search, work: &mut Work<'_>) -> (Relation, bool) {
        let (body, layout, code) = (self.body, self.layout, self.code);
        let objects = layout.heap().is_some();
        let hints = hints::hints(body, code, self.compared);
        let mut finder =
            Finder::new((&self.live, &self.lives, hints), (body, code), (how, objects), work);
        for _ in 0..ROUNDS_MAX {
            let core = Core::new((self.module, body), layout, (code.bytes, code.traps));
            let Some(core) = core else { break };
            let mut core = core.with(self.told).within(finder.left());
            finder.begins();
            // What is refused is what the check will say.
            let _ = walk(&mut core, &mut finder, code.data, (&mut 0, &mut None));
            if finder.ends(&core) || !finder.goes_on() {
                break;
            }
        }
        (finder.relation(), finder.is_refused())
    }
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
    /// The ways behind the first.
    const AGAIN: [Search; 2] = [Search::Guessed, Search::All];
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
