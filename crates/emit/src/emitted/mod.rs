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
//! prove two bodies in SSA form equal: the image, and the body from which the bytes were made.
//!
//! ```text
//! homes ─ align (not believed) ─► rows ┐
//!                                      ├ walk ─► each block of the image once, from its row:
//! the body, the image ─────────────────┘         effects ─ ends ─ edges ─► what the next row says
//! ```
//!
//! This is simulation by rows, as in [`prova_ssa::relate`]: a *row* says at which place of the body
//! a block of the image begins, and what some values of the body are there (`rows`). No row is
//! believed, nor who made it (`crate::align`): each is established on every edge that leads to it.
//! Numbers, ends and the rule *inherit* are those of `relate`. Its walk would not do: there the old
//! body leads, effect by effect in one order, and each new block is a part of one old block. Here
//! the image leads; its effects may come in another order; the body may go through several blocks
//! while the image is in one, or stay in one while the image goes on; and which blocks of the body
//! run where is known only behind the walk.
//!
//! # Rules
//! * E1. *Module.* Both modules have the same sections, byte for byte, except custom sections,
//!   code, and types behind those that the first one has. None of their memories is shared: reads
//!   of one do not commute.
//! * E2. *Image.* The function's bytes have an SSA form that is proved.
//! * E3. *Effects.* While the image is in a block, the body has the effects of that block, with the
//!   same operators and immediates; one may come before others with which it commutes. Charges and
//!   polls have no counterpart.
//! * E4. *Operands.* Operands of effects, calls, throws, conditions, indices, results have equal
//!   numbers. The same read twice in a block of the image, with nothing between that changes what
//!   it reads, gives one number.
//! * E5. *Control.* The image ends a block as the body does (T5 to T7 of
//!   [`ends`](prova_ssa::relate::ends)), up to jumps; a branch by the negation of a condition has
//!   its edges swapped. Where an end decides nothing, since all ways from it meet in one block
//!   before anything else happens, its side goes on there; a value is known there if it has one
//!   number on all ways, or is none of theirs.
//! * E6. *Targets.* A row is of a place that exists. A block of the image without row is *inner*:
//!   one edge of one block leads there, and it begins where the body is then. Or it is *passed*: it
//!   has no effect, only jumps or returns, and is walked on each edge to it; handlers are such.
//! * E7. *Arguments.* Along each edge to a block with a row the body comes to the row's place, and
//!   each value of the row has there the number that the row says: the number of the argument for a
//!   parameter of the block, or of what a value of the body was behind the block's dominator.
//! * E8. *Handlers.* The clauses by which an exception is caught are the same in order (those of
//!   handlers around follow), with the same tags, references and targets.
//! * E9. *Size.* Both are within limits, and one comparison takes at most [`STEPS_BASE`] steps, and
//!   [`STEPS_PER_VALUE`] for each value and instruction. There are five at most, each of which
//!   may be preceded by an alignment with the same limit.
//!
//! `ref.as_non_null` on a reference that cannot be null has no effect, and no counterpart: by its
//! type, or since something of a type without null has the same number. Wasm's rule for locals
//! without default makes the emitter write it.
//!
//! # What is proved
//! For equal arguments and an equal store, the emitted function and the one of the body perform the
//! same effects in the same order (reads that commute apart), with the same traps, throws, calls,
//! and results, or neither ends. *Not* the same, since the new Wasm defines them anew
//! (`docs/semantics.md`): fuel, the charge of the frame and so the depth at which the stack
//! overflows, offsets in backtraces, and how long a frame holds an exception.
//!
//! # Soundness
//! The relation at the start of a block of the image: the body is at the block's place, and each
//! value of it that is known is what its number says, over what parameters and effects of the image
//! gave last.
//!
//! 1. *It holds at the entry*: both have the same arguments.
//! 2. *A block keeps it.* Pure operators are their numbers. Both sequences of effects are the same
//!    up to neighbours that commute: each of the body is matched with the first of the image that
//!    is not met, or with one that commutes with all of these before it. Results are one leaf.
//! 3. *An edge brings it to an inner block.* What the edge makes is part of the state there, and
//!    nothing else leads there; so the block is dominated by the one before, and all that is known
//!    there is known here.
//! 4. *An edge brings it to a row.* What the row says is compared on the edge (E7). Other values
//!    are inherited from the nearest dominator that has a state, by I6 of
//!    [`Later`](prova_ssa::relate::Later): a block of the body counts as run in a block of the
//!    image if that begins in it, or if the body enters it while the image is there or on an edge
//!    to it. A number that a row takes from the dominator is compared as a number on each edge, so
//!    it need not still be its value's; its leaves are of dominators and stay what they are.
//! 5. *Nothing else is known.* What only one way makes is unknown behind the place where ways meet.
//!    A value of a block that is passed is one thing on each edge: what it was is forgotten behind
//!    the edge, and a reader finds a new leaf. Only a constant has its number for every reader, of
//!    either side (I7): it makes the same each time, and its block dominates who reads it.
//! 6. *Neither goes on for ever alone.* The body's run on an edge is finite (E9), and so are the
//!    blocks that are passed. A cycle of the image goes through a block with a row. From one row to
//!    the next the body moves, or the number of the block rises.
//!
//! # Limits
//! The proof accepts the output of `emit`, and little else: values are matched by the identities of
//! [`number`](prova_ssa::relate::number). A handler's parameters are known behind a clause only if
//! the row of its target says so, or one edge alone leads there.
//!
//! Cost: linear in both bodies, plus the limited search for effects that moved, times logarithms.
//! Noticed by: `tests/emitted.rs`, `tests/twins.rs`, and forged rows and planted faults (`plant`).

mod body;
mod edges;
mod effects;
mod ends;
pub(crate) mod error;
mod image;
mod plant;
pub(crate) mod rows;
mod values;
mod walk;

pub(crate) use error::not_copied;
pub use error::{Rejection, Rule};

use error::whole;

use crate::align::Aligner;
use prova_module::{FuncIdx, Module};
use prova_ssa::replace::LooseBody;
use prova_ssa::{Body, CheckedBody, Metering, Value, build};

/// Steps that every comparison and every alignment may take.
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
    pub(crate) fn of(&self, value: Value) -> Option<u32> {
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
        if module.has_shared_memory() {
            return Err(whole(func, Rule::Module, "the module has a shared memory"));
        }
        let image = build(&twin.new, func, Metering::NONE)
            .map_err(|error| whole(func, Rule::Image, error.to_string()))?;
        let image = CheckedBody::check(&twin.new, image)
            .map_err(|error| whole(func, Rule::Image, error.to_string()))?;
        let (old, new) = (body, image.body());
        let mut aligner = Aligner::new(&twin.new, (old, new), homes);
        let mut refused = None;
        while let Some(rows) = aligner.next() {
            match rows.and_then(|rows| walk::prove(old, new, &rows)) {
                Ok(()) => return Ok(EmittedBody { image }),
                Err(rejection) if aligner.says_most() => refused = Some(rejection),
                Err(rejection) => refused = refused.or(Some(rejection)),
            }
        }
        Err(refused.unwrap_or_else(|| whole(func, Rule::Targets, "no rows")))
    }

    /// The SSA form of the emitted bytes.
    pub fn image(&self) -> &CheckedBody {
        &self.image
    }
}
