//! The walk of passes: [`relate::walk`] of a new block beside blocks of the old body of which all
//! values are known (`before`), some effects may be missing, and control may go on in others (Q2,
//! Q3, Q7 to Q10, Q13).
//!
//! [`relate::walk`]: crate::relate::walk

use super::before::Before;
use super::error::{Fault, PassRule as Rule, Verdict};
use super::witness::Witness;
use crate::body::{Access, Body, Imm, InstData};
use crate::budget::Budget;
use crate::entity::{Block, Inst, Value};
use crate::relate::ends::{Payload, only_edge};
use crate::relate::number::Numbers;
use crate::relate::walk::{Broken, Simulate, Walk};
use crate::terminator::Edge;
use cranelift_entity::EntityRef;
use prova_terms::Vn;

/// A leaf for the payloads of an edge that has none.
const NO_PAYLOAD: u32 = u32::MAX;

/// The walk over the new body.
pub(super) struct Passed<'c> {
    pub(super) at: Walk<'c>,
    pub(super) before: &'c Before<'c>,
    pub(super) witness: &'c Witness,
    /// By old block: whether a block of the new body starts there.
    heads: Vec<bool>,
    /// By old block: whether it has been walked.
    walked: Vec<bool>,
    /// By value of the new body; of parameters alone: what they stand for.
    pub(super) stands_for: Vec<Value>,
    /// The next number of a leaf for payloads.
    payload: u32,
    budget: Budget,
}

impl<'c> Passed<'c> {
    /// # Errors
    /// Q2, Q3.
    pub(super) fn new(
        before: &'c Before<'c>,
        after: &'c Body,
        witness: &'c Witness,
        numbers: Numbers,
        budget: Budget,
    ) -> Verdict<Passed<'c>> {
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
        let mut walk = Passed {
            at: Walk::beside(old, after, numbers),
            before,
            witness,
            heads,
            walked: vec![false; old.block_count()],
            stands_for: vec![Value::from_u32(0); after.value_count()],
            payload: old.inst_count() as u32,
            budget,
        };
        walk.scopes()?;
        Ok(walk)
    }

    /// Q3
    fn scopes(&mut self) -> Verdict {
        let mut params = self.witness.params.iter().copied();
        for ((block, data), &head) in self.at.new.blocks().zip(&self.witness.blocks) {
            let is_entry = block == self.at.new.entry();
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
                let number = self.before.number[value.index()];
                self.at.news.set(param, Some(number));
            }
        }
        demand!(params.next().is_none(), Scope, "more parameters than there are");
        Ok(())
    }

    /// The walk enters an old block (Q2).
    fn enter(&mut self, block: Block) -> Verdict {
        let again = std::mem::replace(&mut self.walked[block.index()], true);
        demand!(!again, Blocks, "{block} is walked twice");
        self.at.place = (block, 0);
        Ok(())
    }

    /// Walks one block.
    pub(super) fn block(&mut self, block: Block) -> Verdict {
        let Some(&head) = self.witness.blocks.get(block.index()) else { return Ok(()) };
        self.enter(head)?;
        self.at.enter(block, (head, 0));
        self.walk(&mut None)
    }

    /// The next effect of the new body, if it is this one of the old body; else the rule that this
    /// breaks if the old one may not be missing (Q7 to Q9).
    fn next_of(&mut self, inst: Inst, old: &InstData) -> Verdict<Result<Inst, Rule>> {
        let Some(next) = self.effect()? else { return Ok(Err(Rule::Removal)) };
        let data = self.at.new.inst(next);
        let args = self.ours(data.args)?;
        let alike = old.op == data.op && old.imm == data.imm;
        let same = alike && self.before.operands(old).eq(args.iter().copied());
        if same || self.is_near(inst, old, data, &args) {
            return Ok(if data.offset == old.offset { Ok(next) } else { Err(Rule::Offsets) });
        }
        Ok(Err(if alike { Rule::Operands } else { Rule::Effects }))
    }

    /// Whether an access of the old body, which is where its root and the sum of distance and
    /// offset are, is where one of the new body is said to be by the same root and sum (X7).
    fn is_near(&mut self, inst: Inst, old: &InstData, new: &InstData, args: &[Vn]) -> bool {
        let (Imm::Access(was), Imm::Access(is)) = (old.imm, new.imm) else { return false };
        let (Some(was_base), Some(&base)) = (self.before.operands(old).next(), args.first()) else {
            return false;
        };
        let (was_root, was_by) = self.at.numbers.root(was_base);
        let (root, by) = self.at.numbers.root(base);
        let sum = |by, offset| u64::from(by).checked_add(offset);
        self.before.is_near[inst.index()]
            && old.op == new.op
            && was == (Access { offset: was.offset, ..is })
            && was_root == root
            && sum(was_by, was.offset) == sum(by, is.offset)
            && self.before.operands(old).skip(1).eq(args[1..].iter().copied())
    }

    /// The leaf for payloads of the next edge.
    fn next_payload(&mut self) -> u32 {
        self.payload += 1;
        self.payload - 1
    }
}

impl<'c> Simulate<'c> for Passed<'c> {
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

    /// Q14
    fn spend(&self, steps: usize) -> Verdict {
        Ok(self.budget.spend(steps as u64)?)
    }

    fn known(&self, old: Value) -> Option<Vn> {
        Some(self.before.number[old.index()]).filter(|&vn| vn != Vn::UNDEF)
    }

    /// Q7 to Q9: the results of the old body are what `before` says.
    fn inst(&mut self, _number: u32, inst: Inst) -> Verdict<bool> {
        self.spend(1)?;
        let data = self.at.old.inst(inst);
        if data.op.effects().is_pure() {
            return Ok(false);
        }
        match self.next_of(inst, data)? {
            Ok(next) => {
                let results = self.at.new.inst(next).results().zip(data.results());
                for (value, was) in results {
                    let number = self.before.number[was.index()];
                    self.at.news.set(value, Some(number));
                }
                self.at.done();
                Ok(false)
            }
            Err(_) if self.before.removable[inst.index()] => Ok(false),
            Err(rule) => {
                let what = "is missing, or has other operands or another place";
                Err(Fault::new(rule, format!("`{}` {what}", data.op.mnemonic())))
            }
        }
    }

    /// The block behind the end of another one, if control always goes there and it starts no block
    /// of the new body (Q10).
    fn goes_on(&mut self) -> Verdict<bool> {
        let old = self.at.old;
        let end = &old.block(self.at.place.0).terminator;
        let Some(edge) =
            only_edge((old, end), |value| self.at.numbers.as_const(self.known(value)?))
        else {
            return Ok(false);
        };
        let mut way = self.way(&edge, self.payload)?;
        while !self.heads[way.block.index()] {
            if !self.before.threaded[way.block.index()] {
                self.claims(&way)?;
                self.enter(way.block)?;
                return Ok(true);
            }
            match self.pass(&way)? {
                Some(next) => way = next,
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    fn edge(&mut self, old: &Edge, new: &Edge, payload: Payload) -> Verdict {
        let payload = match payload {
            Payload::None => NO_PAYLOAD,
            Payload::NonNull | Payload::Cast | Payload::Results | Payload::Caught(..) => {
                self.next_payload()
            }
        };
        self.edges(old, new, payload)
    }
}
