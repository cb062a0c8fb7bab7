//! Copies: an old body that is proved, a new one, and for each new block the old one of which it is
//! a copy → the proof that both do the same, or the first rule that is broken.
//!
//! A block may have several copies, with effects or without; the walk of the other rules knows one
//! at most (Q2). So this is a separate check, which compares operator by operator and knows no
//! value numbers. `emit/turn` makes such bodies.
//!
//! # Rules
//! * Q16. *Form* (Q1). The new body is well formed, and of the same function and metering.
//! * Q17. *Blocks.* Each new block has an old one, its *origin*; the origin of the entry is the
//!   entry. It has as many parameters as its origin, of the same types.
//! * Q18. *Effects, offsets.* The instructions of a block are those of its origin, in the same
//!   order, with the same operators, immediates, offsets and types of results. So is its end, with
//!   the same offset.
//! * Q19. *Targets, arguments.* Each edge leads to a copy of the block to which the edge of the
//!   origin leads, with as many arguments; payloads are the same.
//! * Q20. *Operands.* Where the origin reads a value, its copy reads a copy of that value: of a
//!   block that is there once, the only one; of any other, its own. A constant may be any equal
//!   one.
//! * Q21. *Size.* Each of both bodies is read once; nothing is searched.
//!
//! A body that begins with a round of a loop ([`Round`]) has a separate entry. For it, in place of
//! Q20 and of what Q17 says of the entry:
//! * Q22. *Entry.* Its parameters stand for values that the old body has where the round begins, of
//!   their types. It only jumps, to the copy of the loop's header, and gives each of the header's
//!   parameters one that stands for it. No other block is of the old body's entry.
//! * Q23. *Once.* No block has two copies.
//! * Q24. *Operands.* Where the origin reads a value, its copy reads the copy of it; or, where the
//!   block that makes the value has no copy, a parameter of the entry that stands for it. A
//!   constant may be any equal one.
//!
//! # Soundness
//! Both bodies run in lockstep: wherever the new one is in a block, the old one is in its origin,
//! at the same instruction (Q17, Q18, Q19). The invariant has two parts. For a block that is there
//! once, each value equals the old body's, since both were made at the same step. For a block that
//! is there several times, the same holds of the values of the copy that runs, for as long as it
//! runs. Its values, except constants, are read by that block alone (Q20), and there behind their
//! definitions (S4 of both bodies), so since the block was entered last. Values that go on to other
//! blocks are arguments, which are read where the edge is taken (Q19).
//!
//! From a round on: each value that the new body reads is the newest that the old body has made of
//! it. At the start, parameters of the entry are what they stand for (Q22), and so they stay for
//! values that no block makes again (Q24). The copy of a value was made before it is read (S4), at
//! the step at which the old body made the value last, since there is no other copy (Q23).
//!
//! Noticed by: `tests/turn.rs`, with a body for each rule that breaks it.

use super::error::{Fault, PassRejection, PassRule as Rule, Verdict};
use super::form;
use crate::body::{Body, Def};
use crate::entity::{Block, List, Value};
use crate::refused::Where;
use crate::terminator::{Arg, ArgKind, Call, Edge, Terminator};
use cranelift_entity::EntityRef;
use prova_module::{Module, ValType};

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
    form(module, new)?;
    let mut here = None;
    let verdict = compare(old, new, origins, None, &mut here);
    verdict.map_err(|fault| fault.at(old.func(), Where::block(here)))
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
    super::form_entered(module, new, Some(&types))?;
    let mut here = None;
    let verdict = compare(old, new, origins, Some(round), &mut here);
    verdict.map_err(|fault| fault.at(old.func(), Where::block(here)))
}

/// All rules but Q1 of the new body by itself, with the block where the comparison is.
fn compare(
    old: &Body,
    new: &Body,
    origins: &[Block],
    round: Option<&Round<'_>>,
    here: &mut Option<Block>,
) -> Verdict {
    let same = old.func() == new.func() && old.metering() == new.metering();
    demand!(same, Form, "another function or metering");
    let copies = Copies::new(old, new, origins, round)?;
    for (block, _) in new.blocks() {
        *here = Some(block);
        match round.filter(|_| block == new.entry()) {
            Some(round) => copies.enters(round)?,
            None => copies.block(block)?,
        }
    }
    Ok(())
}

/// Both bodies, and what is a copy of what.
struct Copies<'b> {
    old: &'b Body,
    new: &'b Body,
    /// By new block.
    origins: &'b [Block],
    /// By old block: how many copies it has.
    count: Vec<u32>,
    /// By new value: the old one that it copies, and the new block that makes it.
    source: Vec<(Value, Block)>,
    /// By old value: the block that makes it.
    home: Vec<Block>,
    /// Whether the new body begins with a round of a loop.
    is_round: bool,
}

impl<'b> Copies<'b> {
    /// Q17, and as much of Q18 as says what values are copies of.
    fn new(
        old: &'b Body,
        new: &'b Body,
        origins: &'b [Block],
        round: Option<&Round<'b>>,
    ) -> Verdict<Copies<'b>> {
        demand!(origins.len() == new.block_count(), Blocks, "not an origin for each block");
        let mut home = vec![old.entry(); old.value_count()];
        for (block, data) in old.blocks() {
            let results = data.insts().flat_map(|inst| old.inst(inst).results());
            data.params().chain(results).for_each(|value| home[value.index()] = block);
        }
        let mut copies = Copies {
            old,
            new,
            origins,
            count: vec![0; old.block_count()],
            source: vec![(Value::from_u32(0), new.entry()); new.value_count()],
            home,
            is_round: round.is_some(),
        };
        for ((block, data), &origin) in new.blocks().zip(origins) {
            let is_entry = |of: &Body, at: Block| of.entry() == at;
            if let Some(round) = round.filter(|_| is_entry(new, block)) {
                let values = round.values.iter().copied();
                copies.values(block, data.params(), values, Rule::Blocks)?;
                continue;
            }
            demand!(origin.index() < old.block_count(), Blocks, "{block} has no origin");
            let alike = is_entry(new, block) == is_entry(old, origin);
            demand!(alike, Blocks, "{block} is no copy of {origin}");
            copies.count[origin.index()] += 1;
            let once = copies.count[origin.index()] == 1 || !copies.is_round;
            demand!(once, Blocks, "two copies of {origin}");
            let was = old.block(origin);
            copies.values(block, data.params(), was.params(), Rule::Blocks)?;
            let same = data.insts().len() == was.insts().len();
            demand!(same, Effects, "{block} has other instructions than {origin}");
            for (inst, other) in data.insts().zip(was.insts()) {
                let (results, others) = (new.inst(inst).results(), old.inst(other).results());
                copies.values(block, results, others, Rule::Effects)?;
            }
        }
        Ok(copies)
    }

    /// Values of a new block, each with the one that it is a copy of.
    fn values(
        &mut self,
        block: Block,
        new: impl ExactSizeIterator<Item = Value>,
        old: impl ExactSizeIterator<Item = Value>,
        rule: Rule,
    ) -> Verdict {
        if new.len() != old.len() {
            return Err(Fault::new(rule, format!("{block} has other values than its origin")));
        }
        for (value, of) in new.zip(old) {
            if self.new.value(value).ty != self.old.value(of).ty {
                return Err(Fault::new(rule, format!("{value} has another type than {of}")));
            }
            self.source[value.index()] = (of, block);
        }
        Ok(())
    }

    /// Q22.
    fn enters(&self, round: &Round<'_>) -> Verdict {
        let data = self.new.block(self.new.entry());
        demand!(data.insts().len() == 0, Effects, "the entry computes something");
        let Terminator::Jump(edge) = data.terminator else {
            return Err(Fault::new(Rule::Control, "the entry does not jump"));
        };
        let (to, origin) = (edge.block, self.origins[edge.block.index()]);
        let header = round.header;
        demand!(origin == header, Targets, "{to} is a copy of {origin}, not {header}");
        let (args, params) = (self.new.args(&edge), self.old.block(header).params());
        demand!(args.len() == params.len(), Arguments, "another number of arguments");
        for (arg, param) in args.iter().zip(params) {
            let of = arg.value().map(|value| self.source[value.index()].0);
            demand!(of == Some(param), Arguments, "{arg} is not what {param} is");
        }
        Ok(())
    }

    /// Q18 to Q20, or to Q24, of a block.
    fn block(&self, block: Block) -> Verdict {
        let (data, was) = (self.new.block(block), self.old.block(self.origins[block.index()]));
        for (inst, other) in data.insts().zip(was.insts()) {
            let (inst, other) = (self.new.inst(inst), self.old.inst(other));
            let same = inst.op == other.op && inst.imm == other.imm;
            demand!(same, Effects, "{} where {} was", inst.op.mnemonic(), other.op.mnemonic());
            let (given, offset) = (inst.offset, other.offset);
            demand!(given == offset, Offsets, "an offset is {given:#x}, not {offset:#x}");
            self.list(block, inst.args, other.args)?;
        }
        let (given, offset) = (data.end, was.end);
        demand!(given == offset, Offsets, "the end is at {given:#x}, not {offset:#x}");
        self.end(block, &data.terminator, &was.terminator)
    }

    /// Q20 or Q24 of one operand.
    fn operand(&self, block: Block, new: Value, old: Value) -> Verdict {
        let (of, by) = self.source[new.index()];
        let home = self.home[old.index()].index();
        let newest = match self.is_round {
            false => self.count[home] == 1 || by == block,
            true => by != self.new.entry() || self.count[home] == 0,
        };
        let same = of == old && newest;
        demand!(same || self.is_constant(new, old), Operands, "{new} is not what {old} is");
        Ok(())
    }

    /// Whether both are the same constant.
    fn is_constant(&self, new: Value, old: Value) -> bool {
        let constant = |body: &'b Body, value: Value| match body.value(value).def {
            Def::Result(inst, 0) => {
                let data = body.inst(inst);
                let is_constant = data.args.is_empty() && data.op.effects().is_pure();
                is_constant.then_some((data.op, data.imm))
            }
            Def::Result(..) | Def::Param(..) => None,
        };
        constant(self.old, old).is_some_and(|one| constant(self.new, new) == Some(one))
    }

    fn list(&self, block: Block, new: List<Value>, old: List<Value>) -> Verdict {
        let (new, old) = (self.new.operands(new), self.old.operands(old));
        demand!(new.len() == old.len(), Operands, "another number of operands");
        new.iter().zip(old).try_for_each(|(&new, &old)| self.operand(block, new, old))
    }

    /// Q19 of an edge.
    fn edge(&self, block: Block, new: &Edge, old: &Edge) -> Verdict {
        let (to, origin) = (new.block, self.origins[new.block.index()]);
        demand!(origin == old.block, Targets, "{to} is a copy of {origin}, not {}", old.block);
        let (new, old) = (self.new.args(new), self.old.args(old));
        demand!(new.len() == old.len(), Arguments, "another number of arguments");
        for (arg, was) in new.iter().zip(old) {
            self.arg(block, *arg, *was).map_err(|fault| fault.of(Rule::Arguments))?;
        }
        Ok(())
    }

    fn arg(&self, block: Block, new: Arg, old: Arg) -> Verdict {
        match (new.kind(), old.kind()) {
            (ArgKind::Value(new), ArgKind::Value(old)) => self.operand(block, new, old),
            (ArgKind::Payload(new), ArgKind::Payload(old)) => {
                demand!(new == old, Arguments, "payload {new}, not {old}");
                Ok(())
            }
            (ArgKind::Value(_), ArgKind::Payload(_)) | (ArgKind::Payload(_), ArgKind::Value(_)) => {
                Err(Fault::new(Rule::Arguments, "a payload where a value was, or the other way"))
            }
        }
    }

    fn maybe(&self, block: Block, new: Option<Edge>, old: Option<Edge>) -> Verdict {
        match (new, old) {
            (Some(new), Some(old)) => self.edge(block, &new, &old),
            (None, None) => Ok(()),
            (Some(_), None) | (None, Some(_)) => Err(Fault::new(Rule::Control, "another handler")),
        }
    }

    fn call(&self, block: Block, new: &Call, old: &Call) -> Verdict {
        demand!(new.opcode == old.opcode && new.imm == old.imm, Control, "another call");
        self.list(block, new.args, old.args)
    }

    /// The end of a block.
    fn end(&self, block: Block, new: &Terminator, old: &Terminator) -> Verdict {
        use Terminator as T;
        match (*new, *old) {
            (T::Jump(new), T::Jump(old)) => self.edge(block, &new, &old),
            (
                T::Branch { condition, then, otherwise },
                T::Branch { condition: was, then: old_then, otherwise: old_otherwise },
            ) => {
                self.operand(block, condition, was)?;
                self.edge(block, &then, &old_then)?;
                self.edge(block, &otherwise, &old_otherwise)
            }
            (
                T::Null { reference, null, non_null },
                T::Null { reference: was, null: old_null, non_null: old_non_null },
            ) => {
                self.operand(block, reference, was)?;
                self.edge(block, &null, &old_null)?;
                self.edge(block, &non_null, &old_non_null)
            }
            (
                T::Table { index, edges, targets },
                T::Table { index: was, edges: old_edges, targets: old_targets },
            ) => {
                self.operand(block, index, was)?;
                let same = self.new.targets(targets) == self.old.targets(old_targets);
                demand!(same, Control, "another table");
                let (edges, old) = (self.new.edges(edges), self.old.edges(old_edges));
                demand!(edges.len() == old.len(), Control, "another table");
                edges.iter().zip(old).try_for_each(|(new, old)| self.edge(block, new, old))
            }
            (
                T::Invoke { call, normal, handler },
                T::Invoke { call: was, normal: old_normal, handler: old_handler },
            ) => {
                self.call(block, &call, &was)?;
                self.edge(block, &normal, &old_normal)?;
                self.edge(block, &handler, &old_handler)
            }
            (
                T::Throw { opcode, imm, args, handler },
                T::Throw { opcode: was, imm: with, args: of, handler: old_handler },
            ) => {
                demand!(opcode == was && imm == with, Control, "another throw");
                self.list(block, args, of)?;
                self.maybe(block, handler, old_handler)
            }
            (T::Catch { clauses, outer }, T::Catch { clauses: was, outer: old_outer }) => {
                let (clauses, was) = (self.new.clauses(clauses), self.old.clauses(was));
                demand!(clauses.len() == was.len(), Control, "other clauses");
                for (new, old) in clauses.iter().zip(was) {
                    let same = new.tag == old.tag && new.with_ref == old.with_ref;
                    demand!(same, Control, "another clause");
                    self.edge(block, &new.edge, &old.edge)?;
                }
                self.maybe(block, outer, old_outer)
            }
            (T::Return(new), T::Return(old)) => self.list(block, new, old),
            (T::TailCall(new), T::TailCall(old)) => self.call(block, &new, &old),
            (T::Unreachable, T::Unreachable) => Ok(()),
            (new, old) => {
                let what = format!("{} where {} was", new.name(), old.name());
                Err(Fault::new(Rule::Control, what))
            }
        }
    }
}
