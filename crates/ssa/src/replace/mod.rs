//! Replacing: an old body that is proved, a new one of a pass and a witness → the proof that the
//! new one is equal to the old one, or the first rule that is broken.
//!
//! ```text
//! old body, witness ─ before ─► a number for each value, which effects may go ┐
//!                        memory: what a block knows of loads and globals      ├─ walk, block by block ─► proved, or a rule
//! new body ─ verify ─► well formed ────────────────────────────────────────────┤      edge: places and arguments
//!                                                                              ┘      relate::ends: how blocks end
//! ```
//!
//! This is translation validation with a witness (Necula, *Translation validation for an optimizing
//! compiler*, 2000): a simulation of the new body by the old one, block by block, with value
//! numbers for equality. It knows nothing of the passes, and one check serves them all. No
//! invariant is inferred and no fixpoint computed: what holds at a block the witness says, and each
//! edge must establish it.
//!
//! # Rules
//! * Q1. *Form.* `verify` accepts the new body, and it is of the same function and metering.
//! * Q2. *Blocks.* A block of the new body starts where one of the old starts, its *head*; the
//!   entry with the entry. No two have the same head, and each old block is walked at most once.
//! * Q3. *Scope.* A parameter of a new block stands for a value of the old body: a parameter of its
//!   head, or a value that is made in a block that strictly dominates the head. A parameter of the
//!   entry stands for itself.
//! * Q4. *Threaded* old blocks, over which an edge may pass, have pure instructions only, and
//!   nothing outside of one names a value of it.
//! * Q5. *Claims.* A claim about a parameter of an old block (not of the entry, not of a threaded
//!   one) names a constant, a parameter of the same block before it, or a value that is made in a
//!   block that strictly dominates it. On each old edge that the walk takes, the argument is that.
//! * Q6. *Covers.* An instruction that may trap is covered by one of the same operator with equal
//!   operands that comes before it in its block, or in a block that dominates it.
//! * Q7. *Effects.* The instructions of both bodies that are not pure are the same, with the same
//!   immediates, in the same order. Q9 is the exception.
//! * Q9. *Removal.* An instruction of the old body may be missing if it changes nothing and cannot
//!   trap: `global.get`, `memory.size`, `table.size`; a load by a base by which an access of the
//!   same block, or of the one that alone leads to it, reached as far (`memory`, X3, X6); a
//!   trapping operator whose constant operands exclude the trap, or that is covered. None is added.
//!   A load or store may have another base and offset where both say the same place (X7).
//! * Q8. *Operands* of effects and of terminators have the same numbers.
//! * Q10. *Control.* Blocks end alike, with the same operator, immediates, labels and clauses; a
//!   branch by a negated condition has its edges swapped. Where a constant decides it, a branch or
//!   table is a jump; so is one of which all edges lead to the same place. An old block that starts
//!   no new one is walked as part of the block that always leads to it.
//! * Q11. *Targets.* A new edge leads to the block whose head the old edge leads to, perhaps over
//!   threaded blocks, each of which leads on to one block only.
//! * Q12. *Arguments.* The argument of a new parameter has the number of what the parameter stands
//!   for, along the old edge.
//! * Q13. *Offsets.* Effects, and terminators that leave or call, keep their offsets: a trap's
//!   place is the same.
//! * Q15. *Dying.* A store of the old body may be missing if it cannot trap and what it writes is
//!   overwritten before anything sees it, as the witness says block by block (`dying`).
//! * Q14. *Size.* The walk takes at most [`STEPS_BASE`] steps and [`STEPS_PER_ITEM`] for each
//!   block, instruction, value and argument of both bodies; what is compared for Q15 is limited by
//!   the old body in the same way.
//!
//! # Soundness
//! A number is a term over the old body's *leaves*: its parameters and the results of its effects.
//! The relation: each value of the new body that is in scope equals its term, over what the leaves
//! are now. It holds at the entry (Q3). A pure instruction keeps it, since its term is its operator
//! on its operands' terms. An effect keeps it, since both sides do the same with equal operands
//! (Q7, Q8) and the results are the same leaf. An edge brings it to the next block (Q12), because
//! the old side comes there too (Q11).
//!
//! A leaf must not change while a new value whose term has it stays in scope. A leaf of an old
//! block changes where that block is walked, which is in one new block `N` alone (Q2). A new value
//! whose term has the leaf is made in `N` after it, or in a block that `N` dominates: an effect's
//! result is a leaf of the very block, or of one from which alone control comes there (X6); an
//! operand is in scope; and a parameter stands for a value whose leaves dominate the head (Q3), so
//! the way there came through `N`. Where `N` is entered again such a value is out of scope until it
//! is made again. The leaves of a threaded block occur in its own terms only (Q3 to Q5), which are
//! compared only while it is walked; where an edge passes over it, arguments stand in their place.
//!
//! Claims are assumed wherever a number is made and proved on each edge that can be taken, so they
//! hold by induction over the run. Edges that constants exclude are not taken by either side. Each
//! new edge goes with at least one old edge and finitely many, so neither body goes on for ever
//! alone.
//!
//! # Limits
//! Nothing moves: an effect cannot change places with another one, though [`Effects::commutes`] may
//! allow it. Loads are known inside one block, and in blocks that it alone leads to; what they
//! reached is known in all that it dominates. Exceptions that frames hold (the crate's page) may be
//! held for less time or longer. The parts shared with the passes are trusted: the table of
//! operators, [`Effects`], `number`, `ways`, `prova-terms`, `verify`.
//!
//! Time: linear in both bodies, times the logarithm of a block's accesses; passing over threaded
//! blocks is limited by Q14. It never panics, for any new body and witness, and recurses nowhere.
//! Noticed by: `crates/optimize/tests/passes.rs` with a twin for each rule.
//!
//! [`Effects`]: crate::Effects
//! [`Effects::commutes`]: crate::Effects::commutes

mod before;
mod copies;
mod dying;
mod edge;
mod error;
pub mod facts;
mod loose;
mod memory;
mod reach;
mod walk;
mod ways;
mod witness;

pub(crate) use copies::{Round, prove_copied, prove_entered};
use error::{Fault, Verdict};
pub use error::{PassRejection, PassRule};
pub use loose::LooseBody;
pub use witness::{Claim, Dying, Witness};

use crate::body::Body;
use crate::budget::Budget;
use crate::entity::{Block, List, Value};
use crate::refused::Where;
use crate::relate::number::Numbers;
use crate::terminator::{Edge, Terminator};
use crate::verify::verify_entered;
use before::Before;
use error::PassRule as Rule;
use prova_module::{Module, ValType};
use walk::Passed;

/// Steps that every walk may take.
pub const STEPS_BASE: u64 = 4_096;

/// Steps for each block, instruction, value and argument of both bodies, on top of [`STEPS_BASE`].
pub const STEPS_PER_ITEM: u64 = 64;

/// Whether all lists lie in the body's pools: what was assembled may have some of another body.
fn lists_exist(body: &Body) -> bool {
    let operands = |list: List<Value>| list.range().end <= body.operands.len();
    let edge = |edge: &Edge| edge.args.range().end <= body.args.len();
    let maybe = |handler: &Option<Edge>| handler.as_ref().is_none_or(edge);
    let ends = |terminator: &Terminator| match terminator {
        Terminator::Jump(to) => edge(to),
        Terminator::Branch { then: a, otherwise: b, .. }
        | Terminator::Null { null: a, non_null: b, .. }
        | Terminator::Cast { fits: a, otherwise: b, .. } => edge(a) && edge(b),
        Terminator::Table { edges, targets, .. } => {
            let all = body.edges.get(edges.range());
            all.is_some_and(|all| all.iter().all(edge)) && targets.range().end <= body.targets.len()
        }
        Terminator::Invoke { call, normal, handler } => {
            operands(call.args) && edge(normal) && edge(handler)
        }
        Terminator::Throw { args, handler, .. } => operands(*args) && maybe(handler),
        Terminator::Catch { clauses, outer } => {
            let all = body.clauses.get(clauses.range());
            all.is_some_and(|all| all.iter().all(|clause| edge(&clause.edge))) && maybe(outer)
        }
        Terminator::Return(values) => operands(*values),
        Terminator::TailCall(call) => operands(call.args),
        Terminator::Unreachable => true,
    };
    body.insts.values().all(|inst| operands(inst.args))
        && body.blocks.values().all(|block| ends(&block.terminator))
}

/// Q14: the steps for this number of items.
pub(crate) fn steps_max(items: u64) -> u64 {
    STEPS_BASE + STEPS_PER_ITEM * items
}

/// How many things a body has that the walk may look at.
pub(crate) fn items(body: &Body) -> u64 {
    let items = body.blocks.len() + body.insts.len() + body.values.len();
    (items + body.operands.len() + body.args.len() + body.targets.len()) as u64
}

/// Q1 of a body by itself, with the block where it is broken.
fn form(module: &Module, body: &Body) -> Result<(), PassRejection> {
    form_entered(module, body, None)
}

/// The same of a body whose entry has parameters of these types, if any are given.
pub(crate) fn form_entered(
    module: &Module,
    body: &Body,
    params: Option<&[ValType]>,
) -> Result<(), PassRejection> {
    let rejection = |block: Option<Block>, what: String| {
        Fault::new(Rule::Form, what).at(body.func(), Where::block(block))
    };
    if !lists_exist(body) {
        return Err(rejection(None, "a list of another body".to_owned()));
    }
    verify_entered(module, body, params).map_err(|error| rejection(error.block, error.to_string()))
}

/// Proves that `new` does what `old` does, which is a proved body of the module.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn prove(
    module: &Module,
    old: &Body,
    new: &Body,
    witness: &Witness,
) -> Result<(), PassRejection> {
    form(module, new)?;
    equal(module, old, new, witness)
}

/// Proves that `new`, which is a proved body of the module, does what `old` does, which may be
/// anything.
///
/// # Errors
/// The first rule that is broken; Q1 of either.
pub(crate) fn prove_undone(
    module: &Module,
    old: &Body,
    new: &Body,
    witness: &Witness,
) -> Result<(), PassRejection> {
    form(module, old)?;
    equal(module, old, new, witness)
}

/// All rules but Q1 of each body by itself: both are well formed.
fn equal(module: &Module, old: &Body, new: &Body, witness: &Witness) -> Result<(), PassRejection> {
    if module.has_shared_memory() {
        let what = "a module with a shared memory, of whose loads two are not one".to_owned();
        return Err(Fault::new(Rule::Form, what).at(old.func(), Where::default()));
    }
    let mut block = None;
    let verdict = walk(module, old, new, witness, &mut block);
    verdict.map_err(|fault| fault.at(old.func(), Where::block(block)))
}

/// The same, with the block of the new body where the walk is.
fn walk(
    module: &Module,
    old: &Body,
    new: &Body,
    witness: &Witness,
    here: &mut Option<Block>,
) -> Verdict {
    let same = old.func() == new.func() && old.metering() == new.metering();
    demand!(same, Form, "another function or metering");
    let mut numbers = Numbers::default();
    let before = Before::new(module, old, witness, &mut numbers)?;
    let budget = Budget::new("steps", steps_max(items(old) + items(new)));
    let mut walk = Passed::new(&before, new, witness, numbers, budget)?;
    for (block, _) in new.blocks() {
        *here = Some(block);
        walk.block(block)?;
    }
    Ok(())
}
