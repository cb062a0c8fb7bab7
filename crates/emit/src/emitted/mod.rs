//! The proof of emission: the emitted bytes, decoded again, and the body that they came from → the
//! proof that both are the same function, or the first rule that is broken.
//!
//! ```text
//! Module ────────────┐
//!                    ├ Twin::check: all but bodies is the same ─┐
//! bytes ─ decode ─ Module                                       │
//!                    └─ build ─ CheckedBody::check ─► image ──┐ │
//!                                                             ├─┴ relate ─► EmittedBody
//! CheckedBody: the body that was emitted ─────────────────────┘
//! ```
//!
//! The emitted function is Wasm like any other: the builder reads it back, and
//! [`CheckedBody::check`] proves what it reads, the *image*, equal to the bytes. It remains to
//! prove two bodies in SSA form equal: the image, and the body from which the bytes were made. Both
//! are walked in lockstep (`relate`), each edge once, and their values are compared as *terms*
//! (`terms`): hash-consed applications of pure operators to what only a run can know. This is
//! translation validation with simulation relations (Necula, 2000); blocks of the image have no
//! witness but the order of the walk, values of joins are matched by the locals that the emitter
//! says they have ([`Homes`]). Nothing of the emitter is believed: a wrong home is a mismatch, or
//! none.
//!
//! # Rules
//! * E1. *Module.* Both modules have the same sections, byte for byte, except custom sections,
//!   code, and types behind those that the first one has.
//! * E2. *Image.* The function's bytes have an SSA form that is proved.
//! * E3. *Effects.* Each instruction with an effect in the image is the next one of the body's
//!   block with the same operator and immediates; it may come before others of the block with which
//!   it commutes. When control leaves the body's block, each of its effects has been met. Charges
//!   and polls have no counterpart.
//! * E4. *Operands.* Operands of effects, calls, throws, conditions, indices, results are equal
//!   terms. The same read twice, with nothing between that changes what it reads, gives one term.
//! * E5. *Control.* The image ends a block as the body does, up to jumps; a branch by the negation
//!   of a comparison has its edges swapped. A branch that decides nothing (`moot`) is a jump, on
//!   both sides; or it is a branch on both, if nothing else fits.
//! * E6. *Targets.* An edge of the image leads where the body's leads: each block of the body that
//!   does more than jump or return is entered at one place of the image, and each place is for one
//!   block.
//! * E7. *Arguments.* A parameter of the body's block is, on each edge, the argument of the image's
//!   parameter with its home, or of one that is moved there behind the place (`joins`), or of one
//!   on the stack that gets it; without such a parameter it is the same term on all edges, of
//!   values that are there whenever control comes to the place. So is a parameter of a handler of
//!   several calls, at each block where it is still to be read.
//! * E8. *Handlers.* The clauses by which an exception is caught are the same in order (those of
//!   handlers around follow), with the same tags, references and targets.
//! * E9. *Size.* Both are within limits, and comparing takes at most [`STEPS_BASE`] steps, and
//!   [`STEPS_PER_VALUE`] for each value and instruction. Where a branch decides nothing, a second
//!   comparison may take as many steps again. Each of these may be repeated with all joins compared
//!   as places (E6), where the bodies are not related otherwise.
//!
//! `ref.as_non_null` on a reference that cannot be null has no effect, and no counterpart: by its
//! type, or since something of a type without null is the same term. Wasm's rule for locals without
//! default makes the emitter write it.
//!
//! # What is proved
//! For equal arguments and an equal store, the emitted function and the one of the body perform the
//! same effects in the same order (reads that commute apart), with the same traps, throws, calls,
//! and results, or neither ends. *Not* the same, since the new Wasm defines them anew
//! (`docs/semantics.md`): fuel, the charge of the frame and so the depth at which the stack
//! overflows, offsets in backtraces, and how long a frame holds an exception.
//!
//! # Soundness
//! By induction over the edges that both take: each edge of the image is taken with an edge (or a
//! path of jumps) of the body, so every path of the image is a path of the body. A value of the
//! body that does anything is computed at one place of the image (E6); as it dominates its uses,
//! that place dominates the places of its uses; its term's parts are values of the image whose
//! places dominate that place in turn. So no part is computed again between a value and its use,
//! and a term that was equal stays equal. Blocks that only jump, whose values nothing outside
//! reads, are walked on each path anew, and so are blocks that only return: nothing comes behind
//! them that could take their values on another path for the present ones. The same holds for a
//! block that only jumps on to such a one, if it has no place; it is walked to the end before
//! anything else is. Neither side goes on for ever alone: a cycle of the image comes by a join, at
//! which the body has taken an edge.
//!
//! # Limits
//! The proof accepts the output of `emit`, and little else: values are matched up to order,
//! repetition and omission of pure operators, not by arithmetic. A handler of the image to which
//! several calls lead may be given no values, since each call has a separate `try_table`.
//!
//! Cost: linear in both bodies, plus the limited search for effects that moved. Noticed by:
//! `tests/emitted.rs`.

mod choose;
mod edges;
mod ends;
mod error;
mod graph;
mod handlers;
mod joins;
mod moot;
mod relate;
mod terms;

pub(crate) use ends::negated;
pub(crate) use error::not_copied;
pub use error::{Rejection, Rule};

use error::whole;

use graph::Joins;
use prova_module::{FuncIdx, Module};
use prova_ssa::replace::LooseBody;
use prova_ssa::{Body, CheckedBody, Metering, Value, build};

/// Steps that every comparison may take.
pub const STEPS_BASE: u64 = 1_048_576;

/// Steps for each value and instruction of both bodies, on top of [`STEPS_BASE`].
pub const STEPS_PER_VALUE: u64 = 64;

/// Two modules that are the same except the bodies of their functions.
#[derive(Clone, Debug)]
pub struct Twin {
    old: Module,
    new: Module,
}

const CUSTOM: u8 = 0;
const TYPE: u8 = 1;
const CODE: u8 = 10;

impl Twin {
    /// Compares all but the bodies (E1).
    ///
    /// # Errors
    /// If there is another difference.
    pub fn check(old: &Module, new: &Module) -> Result<Twin, Rejection> {
        let sections = |module: &Module| {
            let all = module.sections().iter().filter(|section| section.id != CUSTOM);
            all.map(|section| (section.id, section.range.clone())).collect::<Vec<_>>()
        };
        let (ours, theirs) = (sections(old), sections(new));
        let mut same = ours.len() == theirs.len() && old.features() == new.features();
        for ((id, ours), (other, theirs)) in ours.into_iter().zip(theirs) {
            let (ours, theirs) = (&old.bytes()[ours], &new.bytes()[theirs]);
            same &= id == other
                && match id {
                    CODE => true,
                    TYPE => ours == theirs || has_more_types(ours, theirs),
                    _ => ours == theirs,
                };
        }
        if same {
            return Ok(Twin { old: old.clone(), new: new.clone() });
        }
        Err(whole(FuncIdx(0), Rule::Module, "a section is not what it was"))
    }

    /// The second module.
    pub(crate) fn new_module(&self) -> &Module {
        &self.new
    }

    /// Whether a function's bytes are those that it had.
    pub fn is_copied(&self, func: FuncIdx) -> bool {
        match (self.old.body(func), self.new.body(func)) {
            (Some(old), Some(new)) => old.bytes() == new.bytes(),
            (old, new) => old.is_none() && new.is_none(),
        }
    }
}

/// Whether a type section has the types of another one, and more behind.
fn has_more_types(old: &[u8], new: &[u8]) -> bool {
    let count = |bytes: &[u8]| {
        let mut reader = wasmparser::BinaryReader::new(bytes, 0);
        let count = reader.read_var_u32().ok()?;
        Some((count, reader.original_position() as usize))
    };
    let (Some((fewer, from)), Some((more, at))) = (count(old), count(new)) else { return false };
    fewer <= more && new[at..].starts_with(&old[from..])
}

/// The local of the emitted function in which each value of the body lies, by the value's number;
/// `u32::MAX` for none. A hint, from the emitter.
#[derive(Clone, Copy, Debug)]
pub struct Homes<'h>(pub &'h [u32]);

impl Homes<'_> {
    fn of(&self, value: Value) -> Option<u32> {
        self.0.get(value.as_u32() as usize).copied().filter(|&home| home != u32::MAX)
    }
}

/// The proof that a function of a new module is the body that it was emitted from.
#[derive(Clone, Debug)]
pub struct EmittedBody {
    image: CheckedBody,
}

impl EmittedBody {
    /// Checks the function of the new module against its body, which is of the old one.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(
        twin: &Twin,
        body: &CheckedBody,
        homes: &Homes<'_>,
    ) -> Result<EmittedBody, Rejection> {
        EmittedBody::of(twin, (body.module(), body.body()), homes)
    }

    /// Checks the function of the new module against a body of the old one that stands for no Wasm:
    /// the old module has another body in its place. The proof is that the new function is this
    /// body; the author of the body proves its purpose.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_loose(
        twin: &Twin,
        body: &LooseBody,
        homes: &Homes<'_>,
    ) -> Result<EmittedBody, Rejection> {
        EmittedBody::of(twin, (body.module(), body.body()), homes)
    }

    /// The function of the new module in SSA form, proved to be this body of the old one.
    fn of(
        twin: &Twin,
        (module, body): (&Module, &Body),
        homes: &Homes<'_>,
    ) -> Result<EmittedBody, Rejection> {
        let func = body.func();
        if !module.is_same(&twin.old) {
            return Err(whole(func, Rule::Module, "the body is of another module"));
        }
        let image = build(&twin.new, func, Metering::NONE)
            .map_err(|error| whole(func, Rule::Image, error.to_string()))?;
        let image = CheckedBody::check(&twin.new, image)
            .map_err(|error| whole(func, Rule::Image, error.to_string()))?;
        let (old, new) = (body, image.body());
        let (decided, read) = (moot::without_moot(old), moot::without_moot(new));
        let is_decided = decided.is_some() || read.is_some();
        let (decided, read) = (decided.as_ref().unwrap_or(old), read.as_ref().unwrap_or(new));
        let relate = |old, new, joins| relate::relate(&twin.new, old, new, homes, joins);
        let related = relate(decided, read, Joins::Walked);
        // Where each branch has its counterpart, moot or not, the bodies are related as they stand.
        let related = related.or_else(|rejection| match is_decided {
            true => relate(old, new, Joins::Walked).map_err(|_| rejection),
            false => Err(rejection),
        });
        // A join of one side may stand for its edges where the other side's stands for itself, or
        // one join may follow another. Then each is compared as a place.
        related.or_else(|rejection| {
            let related = relate(old, new, Joins::Kept);
            let related = related.or_else(|again| match is_decided {
                true => relate(decided, read, Joins::Kept),
                false => Err(again),
            });
            related.map_err(|_| rejection)
        })?;
        Ok(EmittedBody { image })
    }

    /// The SSA form of the emitted bytes.
    pub fn image(&self) -> &CheckedBody {
        &self.image
    }
}
