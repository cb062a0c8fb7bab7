//! One block of the new body beside the part of the old one that it stands for (Q7 to Q10).
//!
//! The old body is followed by a cursor: through a block, and from its end into the next one if
//! control cannot go elsewhere and no block of the new body starts there.

use super::before::Before;
use super::error::{Fault, PassRule as Rule, Verdict};
use crate::body::{Access, Body, Imm, InstData, Op};
use crate::budget::Budget;
use crate::entity::{Block, Inst, Value};
use crate::passes::witness::Witness;
use crate::relate::ends::only_edge;
use crate::relate::number::Numbers;
use cranelift_entity::EntityRef;
use prova_terms::Vn;

/// Where the walk is in the old body.
pub(super) struct Cursor {
    pub(super) block: Block,
    insts: std::ops::Range<u32>,
}

/// The walk over the new body.
pub(super) struct Walk<'c> {
    pub(super) before: &'c Before<'c>,
    pub(super) after: &'c Body,
    pub(super) witness: &'c Witness,
    pub(super) numbers: &'c mut Numbers,
    /// By old block: whether a block of the new body starts there.
    heads: Vec<bool>,
    /// By old block: whether it has been walked.
    walked: Vec<bool>,
    /// By value of the new body.
    pub(super) number: Vec<Vn>,
    /// By value of the new body; of parameters alone: what they stand for.
    pub(super) stands_for: Vec<Value>,
    /// The next number of a leaf for payloads.
    payload: u32,
    /// Numbers of operands.
    scratch: Vec<Vn>,
    budget: Budget,
}

impl<'c> Walk<'c> {
    /// # Errors
    /// Q2, Q3.
    pub(super) fn new(
        before: &'c Before<'c>,
        after: &'c Body,
        witness: &'c Witness,
        numbers: &'c mut Numbers,
        budget: Budget,
    ) -> Verdict<Walk<'c>> {
        let old = before.body;
        let (count, blocks) = (witness.blocks.len(), after.block_count());
        demand!(count == blocks, Blocks, "{count} blocks are said to be {blocks}");
        let mut heads = vec![false; old.block_count()];
        for &head in &witness.blocks {
            let head_of = heads.get_mut(head.index());
            let taken = head_of.map(|head| std::mem::replace(head, true));
            demand!(taken == Some(false), Blocks, "{head} heads two blocks, or is not there");
        }
        let entry = witness.blocks.first() == Some(&old.entry());
        demand!(entry, Blocks, "the entry is another block's");
        let mut walk = Walk {
            before,
            after,
            witness,
            numbers,
            heads,
            walked: vec![false; old.block_count()],
            number: vec![Vn::UNDEF; after.value_count()],
            stands_for: vec![Value::from_u32(0); after.value_count()],
            payload: old.inst_count() as u32,
            scratch: Vec::new(),
            budget,
        };
        walk.scopes()?;
        Ok(walk)
    }

    /// Q3
    fn scopes(&mut self) -> Verdict {
        let mut params = self.witness.params.iter().copied();
        for ((block, data), &head) in self.after.blocks().zip(&self.witness.blocks) {
            let is_entry = block == self.after.entry();
            for (at, param) in data.params().enumerate() {
                let Some(value) = params.next() else {
                    return Err(Fault::new(Rule::Scope, "parameters that are nothing"));
                };
                demand!(value.index() < self.before.number.len(), Scope, "there is no old {value}");
                let own = self.before.param_of(value) == Some(head);
                let above = self.before.is_above(value, head)
                    && !self.before.threaded[self.before.made_in(value).index()];
                demand!(own || above, Scope, "{value} is not in scope at the start of {head}");
                let right = !is_entry || value.index() == at;
                demand!(right, Scope, "{param} of the entry is {value}");
                self.stands_for[param.index()] = value;
                self.number[param.index()] = self.before.number[value.index()];
            }
        }
        demand!(params.next().is_none(), Scope, "more parameters than there are");
        Ok(())
    }

    pub(super) fn step(&self, steps: usize) -> Verdict {
        Ok(self.budget.spend(steps as u64)?)
    }

    /// The walk enters an old block (Q2).
    fn enter(&mut self, block: Block) -> Verdict<Cursor> {
        let again = std::mem::replace(&mut self.walked[block.index()], true);
        demand!(!again, Blocks, "{block} is walked twice");
        let data = self.before.body.block(block);
        let first = data.insts().next().map_or(0, |inst| inst.as_u32());
        Ok(Cursor { block, insts: first..first + data.insts().len() as u32 })
    }

    /// Walks one block.
    pub(super) fn block(&mut self, block: Block) -> Verdict {
        let Some(&head) = self.witness.blocks.get(block.index()) else { return Ok(()) };
        let mut cursor = self.enter(head)?;
        let data = self.after.block(block);
        for inst in data.insts() {
            self.step(1)?;
            self.inst(inst, &mut cursor)?;
        }
        while let Some(inst) = self.next_effect(&mut cursor)? {
            let what = self.before.body.inst(inst).op.mnemonic();
            demand!(self.before.removable[inst.index()], Removal, "{what} is gone");
            cursor.insts.next();
        }
        self.terminators(block, &cursor)
    }

    /// An instruction of the new body.
    fn inst(&mut self, inst: Inst, cursor: &mut Cursor) -> Verdict {
        let data = *self.after.inst(inst);
        let mut args = std::mem::take(&mut self.scratch);
        args.clear();
        let operands = self.after.operands(data.args).iter();
        args.extend(operands.map(|value| self.number[value.index()]));
        let verdict = self.inst_of(&data, &args, cursor);
        self.scratch = args;
        verdict
    }

    /// The same, with the numbers of its operands.
    fn inst_of(&mut self, data: &InstData, args: &[Vn], cursor: &mut Cursor) -> Verdict {
        if let Op::Wasm(opcode) = data.op
            && data.op.effects().is_pure()
        {
            let Some(found) = self.numbers.of(opcode, data.imm, args) else {
                let what = format!("{} has no number", opcode.mnemonic());
                return Err(Fault::new(Rule::Effects, what));
            };
            data.results().zip(found).for_each(|(value, vn)| self.number[value.index()] = vn);
            return Ok(());
        }
        let old = self.same_effect(data, args, cursor)?;
        for (value, was) in data.results().zip(old.results()) {
            self.number[value.index()] = self.before.number[was.index()];
        }
        Ok(())
    }

    /// The effect of the old body that an effect of the new one is (Q7 to Q9).
    fn same_effect(
        &mut self,
        data: &InstData,
        args: &[Vn],
        cursor: &mut Cursor,
    ) -> Verdict<InstData> {
        let name = data.op.mnemonic();
        while let Some(inst) = self.next_effect(cursor)? {
            self.step(1)?;
            cursor.insts.next();
            let old = *self.before.body.inst(inst);
            let alike = old.op == data.op && old.imm == data.imm;
            let same = alike && self.before.operands(&old).eq(args.iter().copied());
            let defined = !args.contains(&Vn::UNDEF);
            let equal = defined && (same || self.is_near(inst, &old, data, args));
            let removable = self.before.removable[inst.index()];
            if equal && (old.offset == data.offset || !removable) {
                let (given, offset) = (data.offset, old.offset);
                demand!(given == offset, Offsets, "{name} at {given:#x}, not at {offset:#x}");
                return Ok(old);
            }
            if !removable {
                demand!(alike, Effects, "{name} where {} was", old.op.mnemonic());
                demand!(equal, Operands, "{name} of other operands");
            }
        }
        Err(Fault::new(Rule::Effects, format!("{name} where no effect was")))
    }

    /// Whether an access of the old body, which is where its root and the sum of distance and
    /// offset are, is where one of the new body is said to be by the same root and sum (X7).
    fn is_near(&mut self, inst: Inst, old: &InstData, new: &InstData, args: &[Vn]) -> bool {
        let (Imm::Access(was), Imm::Access(is)) = (old.imm, new.imm) else { return false };
        let (Some(was_base), Some(&base)) = (self.before.operands(old).next(), args.first()) else {
            return false;
        };
        let (was_root, was_by) = self.numbers.root(was_base);
        let (root, by) = self.numbers.root(base);
        let sum = |by, offset| u64::from(by).checked_add(offset);
        self.before.is_near[inst.index()]
            && old.op == new.op
            && was == (Access { offset: was.offset, ..is })
            && was_root == root
            && sum(was_by, was.offset) == sum(by, is.offset)
            && self.before.operands(old).skip(1).eq(args[1..].iter().copied())
    }

    /// The next instruction of the old body that is not pure.
    fn next_effect(&mut self, cursor: &mut Cursor) -> Verdict<Option<Inst>> {
        loop {
            while let Some(inst) = cursor.insts.clone().next().map(Inst::from_u32) {
                if !self.before.body.inst(inst).op.effects().is_pure() {
                    return Ok(Some(inst));
                }
                self.step(1)?;
                cursor.insts.next();
            }
            match self.merged(cursor.block)? {
                Some(next) => *cursor = next,
                None => return Ok(None),
            }
        }
    }

    /// The block behind the end of another one, if control always goes there and it starts no block
    /// of the new body.
    fn merged(&mut self, from: Block) -> Verdict<Option<Cursor>> {
        let body = self.before.body;
        let numbers: &Numbers = self.numbers;
        let constant = |value: Value| numbers.as_const(self.before.number[value.index()]);
        let Some(edge) = only_edge((body, &body.block(from).terminator), constant) else {
            return Ok(None);
        };
        let mut way = self.way(&edge, self.payload)?;
        while !self.heads[way.block.index()] {
            if !self.before.threaded[way.block.index()] {
                self.claims(&way)?;
                return self.enter(way.block).map(Some);
            }
            match self.pass(&way)? {
                Some(next) => way = next,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The leaf for payloads of the next edge.
    pub(super) fn next_payload(&mut self) -> u32 {
        self.payload += 1;
        self.payload - 1
    }
}
