//! The check of specialisation: a generic function, a request, a specialised function and its
//! certificate → the proof that for this request both do the same, or the first rule that is
//! broken.
//!
//! ```text
//! generic body, request ─┐                        ┌─ entry: constant arguments are compared
//! certificate: a row ────┼─ block by block, once ─┼─ part: the same effects, operands, intrinsics
//! specialised body ──────┘                        └─ edge: what the next row says holds
//! ```
//!
//! This is translation validation (Pnueli, Siegel and Singerman, 1998) of partial evaluation
//! (Futamura, 1971): each block of the specialised function is a part of one generic block, in a
//! state that its row describes. Both are walked in lockstep; their values are compared as value
//! numbers (`prova_ssa::relate`). Of the specialiser it knows the certificate's form and nothing
//! else: not contexts, not the search.
//!
//! # What intrinsics mean
//! Registers are variables of the activation. `push.stack`, `write.stack` and `write.local` are
//! i64 stores at their address; `pop.stack`, `read.stack` and `read.local` i64 loads; `read.global`
//! and `write.global` reads and writes of two i64 globals behind the module's own. Contexts,
//! assertions and messages are nothing; `assume.const.memory` is its operand. `specialize.value`
//! is its first operand, which the program
//! promises to lie in the range; outside of it the specialised function may trap.
//!
//! # Rules
//! * S1. *Form.* The certificate has a role for each block; rows name what exists, each thing once,
//!   by rising numbers; ranges are not empty, rise and do not touch.
//! * S2. *Entry.* The first block does nothing but compare each constant argument with its bits
//!   (and what S10 asks of it). If one differs, control goes to a block that calls the generic
//!   function with the same arguments and returns its results.
//! * S3. *Effects.* In each part the effects of the generic function, in order, are those of the
//!   specialised one with the same operator and immediates; functions are renumbered as intrinsics
//!   go. A load of constant memory (S10), and an operator on constants that does not trap, may be
//!   gone.
//! * S4. *Operands* of effects and terminators are equal terms (W6, W7 of
//!   [`walk`](prova_ssa::relate::walk)).
//! * S5. *Control.* A part ends as the generic block does (T4 to T7 of
//!   [`ends`](prova_ssa::relate::ends)). At `specialize.value` a part may end in a table of the
//!   value less the least one, with an edge for each value of the range; the default leads to a
//!   trap.
//! * S6. *Targets.* Each edge leads to a block whose row is of the place where the generic
//!   function's edge leads, with no instruction done; of a case, of the place behind
//!   `specialize.value`.
//! * S7. *State.* Along each edge, each value, base, register and store that was put off which the
//!   next row describes is, as a term, what the row says of it. A row may describe any value: it is
//!   what the generic function computed for it last. A row need not describe all; what it leaves
//!   out is unknown, and so is what is computed from it, until an effect, an intrinsic or an edge
//!   asks for it, which is refused.
//! * S8. *Intrinsics.* A register that is read was written, on every way here. A number of a
//!   register, depth or local is constant.
//! * S9. *Cells.* A store may be put off while its cell is in the state. It is done, with equal
//!   operands, before a call, a return, a throw, a `sync.stack`; before an operator that accesses
//!   one of its bytes, as far as terms tell: the addresses are constants, or distances from one
//!   term (`touch`); and before an edge whose row does not describe it. A value is read back or
//!   dropped at the address that it was put off for; before an access at another one all of them
//!   are done, and so is the access. They may be done before any access of a cell.
//! * S10. *Memory.* A load through a pointer argument, of bytes that are all the request's, gives
//!   the request's bytes if (a) the program is trusted with them; or (b) the block behind the entry
//!   has compared them, behind a comparison of the pointer with the size of memory, and on no way
//!   from there to the load has memory been written, but in windows that the entry has compared
//!   with where these bytes lie, and by stores that were put off, unless the load reads a byte of
//!   one of them while it is put off (a cell that lies in the program's own bytes, once its store
//!   is done, is what the assumption on cells speaks of); or (c) a part has ended with a comparison
//!   of words, these bytes among them, of a buffer that the entry has found to lie in memory, whose
//!   other edge is a trap, and since then as in (b). Such a part ends before a load that is known
//!   behind it, and that is not known before it, unless the generic function has done something
//!   since the last row; so it does not go round for ever.
//! * S11. *Inner blocks.* A block without a row has no parameters, and one edge in the whole
//!   function leads to it; what is known at its start is what is known on that edge (I5 of
//!   [`Inherit`](prova_ssa::relate::Inherit)), and the values of the blocks before it, back to one
//!   with a row, are what they were there. The payload of an edge is not among it.
//! * S12. *Size.* The proof takes at most [`STEPS_BASE`] steps and [`STEPS_PER_ITEM`] for each
//!   block, instruction, value and argument of both bodies and each element of the certificate, and
//!   [`STEPS_MAX`] in all (`budget` says what a step is).
//!
//! # Soundness
//! By coinduction over the edges that both take: the relation of a row holds at the entry (S2), a
//! part keeps it (S3, S4), an edge brings it to the next row (S6, S7). Control comes to an inner
//! block from the block before it alone, each time anew from the row, so what was known there holds
//! (S11). Each block of the
//! specialised function goes with at least one edge of the generic one, or with a
//! `specialize.value` or a load, so neither goes on for ever alone. Where a promise of the program
//! is found broken while it runs (a value out of its range, constant memory that was written), the
//! specialised function traps; else both do the same. What the proof takes for granted it gives
//! back as [`Assumption`]s: that constant memory is constant, if the program is trusted with it,
//! and that cells are private, unless they are memory like any other.
//!
//! # Limits
//! A block of the specialised function uses its own parameters and results, and those of the blocks
//! before it up to one with a row. No handlers of exceptions. Time and memory are linear in both
//! bodies and the certificate, times the logarithm of a list's length, by S12. Shared with the
//! specialiser: the table of operators, the SSA form, the intrinsics' names. Noticed by:
//! `tests/plants.rs`, with a twin for each rule; `tests/size.rs`.

mod budget;
mod edge;
mod ends;
mod entry;
mod error;
mod meaning;
mod memory;
pub(crate) mod outside;
mod part;
mod ranges;
pub(crate) mod rest;
mod touch;
mod tree;

pub use crate::ask::question::Question;
pub use budget::{STEPS_BASE, STEPS_MAX, STEPS_PER_ITEM, Work};
pub use error::{Rejection, Rule};

use crate::ask::certificate::{Certificate, Role, Row};
use crate::ask::promise::Assumption;
use budget::Steps;
use error::{Verdict, demand};
use memory::Memory;
use part::Part;
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, Opcode};
use prova_ssa::{Block, Body, Imm, Terminator, Where};

/// All that the proof reads.
#[derive(Clone, Copy)]
struct Facts<'c> {
    question: &'c Question<'c>,
    body: &'c Body,
    certificate: &'c Certificate,
    /// The words and windows that the block behind the entry compares.
    memory: &'c Memory,
    /// The steps that are left (S12).
    steps: &'c Steps,
}

impl<'c> Facts<'c> {
    /// The role of a block.
    fn role(&self, block: Block) -> Option<&'c Role> {
        self.certificate.roles.get(block.as_u32() as usize)
    }

    /// The row of a block that is a copy.
    fn row(&self, block: Block) -> Verdict<&'c Row> {
        match self.role(block) {
            Some(Role::Copy(row)) => Ok(row),
            _ => Err((Rule::Targets, format!("{block} is no copy of a part"))),
        }
    }

    /// The immediates of an operator, with functions as they are numbered in the result.
    fn imm(&self, opcode: Opcode, imm: Imm) -> Verdict<Imm> {
        let Some(func) = imm.index(opcode, Immediate::func) else { return Ok(imm) };
        match self.question.intrinsics.renumbered(FuncIdx(func)) {
            Some(func) => Ok(Imm::Index(func.0)),
            None => Err((Rule::Intrinsics, "an intrinsic is used as a value".to_owned())),
        }
    }
}

/// Proves that a body is the generic function for the request; gives what that assumes.
///
/// # Errors
/// The first rule that is broken.
pub fn prove(
    question: &Question<'_>,
    body: &Body,
    certificate: &Certificate,
) -> Result<Vec<Assumption>, Rejection> {
    measured(question, body, certificate).0
}

/// The same, and how much work it was.
pub fn measured(
    question: &Question<'_>,
    body: &Body,
    certificate: &Certificate,
) -> (Result<Vec<Assumption>, Rejection>, Work) {
    let steps = Steps::new(question, body, certificate);
    let proof = within(&steps, question, body, certificate);
    (proof, steps.work())
}

/// All rules.
fn within(
    steps: &Steps,
    question: &Question<'_>,
    body: &Body,
    certificate: &Certificate,
) -> Result<Vec<Assumption>, Rejection> {
    let func = question.generic.func();
    let rejection = |place: Where, (rule, what)| Rejection { func, place, rule, what };
    let whole = |fault| rejection(Where::default(), fault);
    let memory = Memory::named(question, certificate);
    let memory = &memory.map_err(whole)?;
    let facts = Facts { question, body, certificate, memory, steps };
    form(&facts).map_err(whole)?;
    let mut part = Part::new(facts);
    let mut inner = 0;
    for ((block, data), role) in body.blocks().zip(&certificate.roles) {
        let mut at = Where::block(Some(block));
        let verdict = match role {
            Role::Entry => entry::entry(&facts, part.rest(), block),
            Role::Fallback => entry::fallback(&facts, block),
            Role::Memory(compared) => entry::memory(&facts, part.rest(), block, compared),
            Role::Broken => {
                let traps =
                    data.insts().len() == 0 && matches!(data.terminator, Terminator::Unreachable);
                let what = || (Rule::Control, "where a promise is broken is no trap".to_owned());
                traps.then_some(()).ok_or_else(what)
            }
            Role::Copy(row) => part.prove(block, row, &mut at).map(|count| inner += count),
            // Where the block is walked that leads to it.
            Role::Inner(_) => Ok(()),
        };
        verdict.map_err(|fault| rejection(at, fault))?;
    }
    let inners = certificate.roles.iter().filter(|role| matches!(role, Role::Inner(_))).count();
    if inner != inners {
        let what = format!("{} inner blocks that no row leads to", inners.saturating_sub(inner));
        return Err(whole((Rule::Form, what)));
    }
    Ok(part.assumptions.into_iter().collect())
}

/// S1
fn form(facts: &Facts<'_>) -> Verdict {
    let Facts { body, certificate, question, .. } = *facts;
    let (blocks, roles) = (body.block_count(), certificate.roles.len());
    demand!(blocks == roles && blocks > 0, Form, "{roles} roles for {blocks} blocks");
    for (number, role) in certificate.roles.iter().enumerate() {
        let is_entry = matches!(role, Role::Entry);
        demand!(is_entry == (number == 0), Form, "block {number} is not the entry, or is it");
        let Role::Copy(row) = role else { continue };
        let Some(block) =
            row.block.filter(|b| (b.as_u32() as usize) < question.generic.block_count())
        else {
            return Err((Rule::Form, format!("the row of block {number} is of no block")));
        };
        let insts = question.generic.block(block).insts().len();
        demand!(row.start as usize <= insts, Form, "the row of block {number} starts too late");
        demand!(is_in_order(row), Form, "the row of block {number} is not in order, or has twins");
    }
    let mut ways = vec![0u32; blocks];
    for (block, _) in body.blocks() {
        for edge in body.successors(block) {
            let (to, count) = (edge.block, body.args(&edge).len());
            let exists = (to.as_u32() as usize) < blocks;
            let fits = exists && body.block(to).params().len() == count;
            demand!(fits, Form, "an edge of {block} does not fit {to}");
            ways[to.as_u32() as usize] += 1;
        }
    }
    for ((block, data), role) in body.blocks().zip(&certificate.roles) {
        let Role::Inner(_) = role else { continue };
        let is_inner = ways[block.as_u32() as usize] == 1 && data.params().len() == 0;
        demand!(is_inner, Form, "{block} has parameters, or another number of ways than one");
    }
    Ok(())
}

/// Whether what a row names has rising numbers.
fn is_in_order(row: &Row) -> bool {
    row.values.is_sorted_by(|a, b| a.0 < b.0)
        && row.bases.is_sorted_by(|a, b| a.0 < b.0)
        && row.regs.is_sorted_by(|a, b| a.0 < b.0)
        && row.locals.is_sorted_by(|a, b| a.0 < b.0)
        && ranges::in_order(&row.known)
}
