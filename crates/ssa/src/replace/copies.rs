//! Copies: an old body that is well formed, a new one, and for each new block the old one of which
//! it is a copy → the proof that both do the same, or the first rule that is broken.
//!
//! A block may have several copies, with effects or without. Turned loops are such bodies, and
//! `entered` makes those that begin with a round of a loop. A row is the identity: a parameter of a
//! copy is the parameter of its origin with the same number. All else is known by the rule
//! *inherit*.
//!
//! # Rules
//! * Q16. *Form* (Q1). The new body is well formed, and of the same function and metering.
//! * Q17. *Blocks.* Each new block has an old one, its *origin*; the origin of the entry is the
//!   entry, and of no other block. It has as many parameters as its origin, of the same types.
//! * Q18. *Effects, offsets.* The effects of a block are those of its origin (W5), with the same
//!   offsets; it ends as its origin does (T4 to T7), and ends that leave or call have the same
//!   offset.
//! * Q19. *Targets, arguments.* An edge leads to a copy of the block to which the edge of the
//!   origin leads. The argument for each parameter has the number of what the origin passes.
//! * Q20. *Operands* have equal numbers (W6). A value of the old body is known where its origin's
//!   copy has made it, and where *inherit* (I5 to I7) says that it still is.
//! * Q21. *Size.* The walk takes at most as many steps as one of passes (Q14).
//!
//! A body that begins with a round of a loop ([`Round`]) has a separate entry:
//! * Q22. *Entry.* Its parameters stand for values that the old body has where the round begins, of
//!   their types. It only jumps, to a copy of the loop's header, and gives each of the header's
//!   parameters a value that is what the old body has in it there. No other block is of the old
//!   body's entry.
//!
//! # Soundness
//! The relation at the start of a new block: the old body is at the start of its origin, and each
//! old value that is known is what its number says. It holds at the entry: parameters are equal
//! (Q17), or what they stand for (Q22). A block keeps it (W5 to W7). An edge brings it to the next
//! block: parameters by Q19, which holds for each edge that can be taken and lets the old body go
//! there too; all other values by *inherit*. Each edge of the new body goes with one of the old, so
//! neither goes on for ever alone.
//!
//! Noticed by: `crates/optimize/tests/turn.rs`, `tests/entered.rs`, `tests/twins/copies.txt`,
//! planted faults.

use super::{Fault, PassRejection, PassRule as Rule, Verdict, form_entered, items, steps_max};
use crate::body::Body;
use crate::budget::Budget;
use crate::entity::{Block, Value};
use crate::refused::Where;
use crate::relate::ends::Payload;
use crate::relate::plant::planted;
use crate::relate::walk::{Broken, Simulate, Walk};
use crate::relate::{Inherit, homes};
use crate::terminator::{Edge, Terminator};
use cranelift_entity::EntityRef;
use prova_module::{Module, ValType};
use prova_terms::Vn;

/// Proves that `new` does what `old` does, which is a well-formed body of the module, by the origin
/// of each of its blocks.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn prove_copied(
    module: &Module,
    old: &Body,
    new: &Body,
    origins: &[Block],
) -> Result<(), PassRejection> {
    form_entered(module, new, None)?;
    prove(old, new, origins, None)
}

/// Where a body begins that begins with a round of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round<'b> {
    /// The loop's header in the old body.
    pub(crate) header: Block,
    /// The values of the old body that the parameters of the entry stand for.
    pub(crate) values: &'b [Value],
}

/// Proves that `new`, from its entry on, does what `old` does from a round of a loop on. It is a
/// proved body of the module, and has the round's values where the round begins.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn prove_entered(
    module: &Module,
    old: &Body,
    new: &Body,
    origins: &[Block],
    round: &Round<'_>,
) -> Result<(), PassRejection> {
    let types: Vec<ValType> = round.values.iter().map(|&value| old.value(value).ty).collect();
    form_entered(module, new, Some(&types))?;
    prove(old, new, origins, Some(round))
}

/// All rules but Q1 of the new body by itself.
fn prove(
    old: &Body,
    new: &Body,
    origins: &[Block],
    round: Option<&Round<'_>>,
) -> Result<(), PassRejection> {
    let mut place = Where::default();
    let verdict = compare(old, new, origins, round, &mut place);
    verdict.map_err(|fault| fault.at(old.func(), Where::block(place.block)))
}

/// The same, with the place where it is.
fn compare(
    old: &Body,
    new: &Body,
    origins: &[Block],
    round: Option<&Round<'_>>,
    place: &mut Where,
) -> Verdict {
    let same = old.func() == new.func() && old.metering() == new.metering();
    demand!(same, Form, "another function or metering");
    blocks(old, new, origins, round)?;
    let is_entry = |block: Block| round.is_some() && block == new.entry();
    let of = |block: Block| Some(origins[block.index()]).filter(|_| !is_entry(block));
    let inherit = Inherit::new(new, old.block_count(), of);
    let order = inherit.order(new);
    let budget = Budget::new("steps", steps_max(items(old) + items(new)));
    let mut copied =
        Copied { at: Walk::new(old, new), origins, inherit, homes: homes(old), budget };
    let mut marks: Vec<(usize, usize)> = Vec::new();
    for (block, depth) in order {
        place.block = Some(block);
        // What the dominators of the block know, and nothing of blocks beside it.
        marks.truncate(depth as usize);
        let mark = marks.last().copied().unwrap_or_default();
        copied.at.olds.back(mark.0);
        copied.at.news.back(mark.1);
        copied.inherit.enter(block, depth);
        copied.at.olds.begin(depth);
        match round.filter(|_| is_entry(block)) {
            Some(round) => copied.begin(round)?,
            None => {
                copied.enter(block);
                copied.walk(&mut place.offset)?;
            }
        }
        marks.push((copied.at.olds.mark(), copied.at.news.mark()));
    }
    Ok(())
}

/// Q17
fn blocks(old: &Body, new: &Body, origins: &[Block], round: Option<&Round<'_>>) -> Verdict {
    demand!(origins.len() == new.block_count(), Blocks, "not an origin for each block");
    for ((block, data), &origin) in new.blocks().zip(origins) {
        if round.is_some() && block == new.entry() {
            continue;
        }
        demand!(origin.index() < old.block_count(), Blocks, "{block} has no origin");
        let alike = (new.entry() == block) == (old.entry() == origin);
        demand!(alike, Blocks, "{block} is no copy of {origin}");
        let ours = data.params().map(|param| new.value(param).ty);
        let theirs = old.block(origin).params().map(|param| old.value(param).ty);
        demand!(ours.eq(theirs), Blocks, "{block} has other parameters than {origin}");
    }
    Ok(())
}

/// The proof, where its walk is.
struct Copied<'c> {
    at: Walk<'c>,
    /// By new block.
    origins: &'c [Block],
    inherit: Inherit,
    /// By old value: the block that makes it, if it is no constant.
    homes: Vec<Option<Block>>,
    budget: Budget,
}

impl Copied<'_> {
    /// Goes on to a block, whose parameters are those of its origin.
    fn enter(&mut self, block: Block) {
        let origin = self.origins[block.index()];
        self.at.enter(block, (origin, 0));
        let leaves = self.at.params();
        for (param, leaf) in self.at.old.block(origin).params().zip(leaves) {
            if self.at.olds.get(param).is_none() || !planted!(ParametersStay) {
                self.at.olds.set(param, Some(leaf));
            }
        }
    }

    /// The entry of a body that begins with a round of a loop (Q22).
    fn begin(&mut self, round: &Round<'_>) -> Verdict {
        let (old, new) = (self.at.old, self.at.new);
        let data = new.block(new.entry());
        for (param, &value) in data.params().zip(round.values) {
            // Two that stand for one value are the same.
            let known = self.at.olds.get(value).unwrap_or_else(|| self.at.numbers.leaf());
            self.at.olds.set(value, Some(known));
            self.at.news.set(param, Some(known));
        }
        demand!(data.insts().len() == 0, Effects, "the entry computes something");
        let Terminator::Jump(edge) = data.terminator else {
            return Err(Fault::new(Rule::Control, "the entry does not jump"));
        };
        let bound: Vec<(Value, Option<Vn>)> =
            old.block(round.header).params().map(|param| (param, self.known(param))).collect();
        self.arrive(&edge, round.header, &bound)
    }

    /// Q19
    fn arrive(&mut self, our: &Edge, their: Block, bound: &[(Value, Option<Vn>)]) -> Verdict {
        let (to, origin) = (our.block, self.origins[our.block.index()]);
        demand!(origin == their, Targets, "{to} is a copy of {origin}, not {their}");
        let given = self.given(our)?;
        demand!(given.len() == bound.len(), Arguments, "another number of arguments");
        for (given, &(param, known)) in given.into_iter().zip(bound) {
            demand!(known == Some(given), Arguments, "an argument is not what {param} becomes");
        }
        Ok(())
    }
}

impl<'c> Simulate<'c> for Copied<'c> {
    type Fault = Fault;

    const KEEPS_OFFSETS: bool = true;

    fn at(&self) -> &Walk<'c> {
        &self.at
    }

    fn at_mut(&mut self) -> &mut Walk<'c> {
        &mut self.at
    }

    fn broken(&self, broken: Broken, what: String) -> Fault {
        Fault::new(Rule::of(broken), what)
    }

    fn spend(&self, steps: usize) -> Verdict {
        Ok(self.budget.spend(steps as u64)?)
    }

    /// Q20
    fn known(&self, old: Value) -> Option<Vn> {
        let (vn, since) = self.at.olds.since(old)?;
        let is_lost = self.homes[old.index()].is_some_and(|home| self.inherit.is_lost(since, home));
        (!is_lost).then_some(vn)
    }

    fn edge(&mut self, old: &Edge, new: &Edge, _payload: Payload) -> Verdict {
        let bound = self.bound(old, true)?;
        self.arrive(new, old.block, &bound)
    }
}
