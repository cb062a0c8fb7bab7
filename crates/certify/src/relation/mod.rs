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
//! is a candidate; each further edge drops the candidates that it does not show. That is repeated
//! until an iteration drops none (value partition, optimistic, as in `flow`). A way that the walk
//! refuses is left out, and the check then says why.
//!
//! Where the body stands at a leader is guessed too: at what the code does next, if the compiler
//! says which operator that is of (`hints`); else as far as all ways go.
//!
//! Candidates are values that the body still needs, with their operands (`live`), numbers, and
//! terms over these. What the proof does not need is taken out (`prune`), and the rest is written
//! (`encode`).
//!
//! Limits: [`ROUNDS_MAX`] iterations, and the terms and steps of all of them by the code's size.

mod encode;
mod guide;
mod hints;
mod live;
mod prune;

pub use encode::encode;
pub use prune::pruned;

use guide::Finder;
use live::Live;
use prova_check::{Layout, TrapRow};
use prova_equal::{Core, Relation, Told, walk};
use prova_module::Module;
use prova_ssa::{Body, CheckedBody};

/// Iterations at most.
pub const ROUNDS_MAX: usize = 100;
/// Terms that all iterations may make, for each byte of code, and of any code.
const TERMS_PER_BYTE: usize = 384;
const TERMS_FREE: usize = 1 << 20;
/// Steps of rewriting count as this power of 2 to a term.
const STEPS_OF_TERM: u32 = 3;

/// The code of a function that wants a relation.
#[derive(Clone, Copy, Debug)]
pub struct Related<'a> {
    /// The final bytes.
    pub bytes: &'a [u8],
    /// The trap map.
    pub traps: &'a [TrapRow],
    /// Offsets `[start, end)` of what is data, sorted.
    pub data: &'a [(u32, u32)],
    /// The operator in the module that each range `[start, end)` of code belongs to, sorted, as far
    /// as a compiler says it; a hint.
    pub sources: &'a [(u32, u32, u32)],
}

/// The relation of code and body, as far as one is found.
pub fn relate(body: &CheckedBody, layout: &Layout, code: &Related<'_>) -> Relation {
    relate_told((body.module(), body.body()), layout, code, Told::default())
}

/// The same with what else is known of the code; without its call map, no code that catches
/// exceptions is related.
pub fn relate_told(
    (module, body): (&Module, &Body),
    layout: &Layout,
    code: &Related<'_>,
    told: Told<'_>,
) -> Relation {
    let live = Live::of(body);
    let mut finder = Finder::new(&live, hints::hints(body, code), code);
    let mut terms = TERMS_PER_BYTE.saturating_mul(code.bytes.len()).saturating_add(TERMS_FREE);
    for _ in 0..ROUNDS_MAX {
        let core = Core::new((module, body), layout, (code.bytes, code.traps));
        let Some(core) = core else { break };
        let mut core = core.with(told);
        finder.begins();
        // What is refused is what the check will say.
        let _ = walk(&mut core, &mut finder, code.data, (&mut 0, &mut None));
        let steps = usize::try_from(core.words.steps() >> STEPS_OF_TERM).unwrap_or(usize::MAX);
        let left = terms.checked_sub(core.words.count().saturating_add(steps));
        let (Some(left), true) = (left, finder.has_changed()) else { break };
        terms = left;
    }
    finder.relation()
}
