//! The old body alone: its blocks in order → the number of each value, and which effects may go
//! (Q4, Q5's scopes, Q6, Q9).
//!
//! A value's number is a term over *leaves*: parameters, and results of effects. That is sound over
//! the whole body, as in any value numbering over SSA form: all leaves of a value's term dominate
//! it, so where the value is in scope they are what they were when it was made.
//!
//! Passes that speak of memory plan by the same words ([`Before::alone`]): what is known of
//! addresses, values and reach has one place, and a pass proposes nothing that is not known here.

use super::dying::{self, Sight};
use super::error::{Fault, PassRule as Rule, Verdict};
use super::memory::{Known, Place, Waiting, place, plain};
use super::reach::Reached;
use super::ways::Ways;
use super::witness::{Claim, Witness};
use crate::body::{Body, Def, Imm, InstData, Op};
use crate::dominance::Dominators;
use crate::entity::{Block, Inst, Value};
use crate::relate::number::{Numbers, cannot_trap};
use cranelift_entity::EntityRef;
use prova_module::ops::Class;
use prova_module::{Module, Opcode};
use prova_terms::Vn;
use std::cell::OnceCell;

/// The facts about the old body, from itself and from the witness.
pub struct Before<'b> {
    /// The body.
    pub body: &'b Body,
    module: &'b Module,
    /// Made when something asks for them.
    dominators: OnceCell<Dominators>,
    /// By instruction.
    block_of: Vec<Block>,
    /// By value.
    pub number: Vec<Vn>,
    /// By value; of parameters alone.
    pub(super) claims: Vec<Option<Claim>>,
    /// By block.
    pub(super) threaded: Vec<bool>,
    /// By instruction: whether it may be missing in the new body.
    pub removable: Vec<bool>,
    /// By instruction: whether it is a load or store that is where its root and the sum of distance
    /// and offset are, and cannot trap (X7).
    pub is_near: Vec<bool>,
    /// By instruction, if the witness says that stores are gone: what it sees of memory.
    pub sights: Vec<Sight>,
    /// How far accesses have reached.
    reached: Reached,
    /// By instruction: what covers it.
    covers: Vec<Option<Inst>>,
    /// The numbers of an instruction's operands and results, kept between instructions.
    scratch: (Vec<Vn>, Vec<Vn>),
}

impl<'b> Before<'b> {
    /// # Errors
    /// Q4, Q5, Q6, for the parts that speak of the old body alone.
    pub(super) fn new(
        module: &'b Module,
        body: &'b Body,
        witness: &Witness,
        numbers: &mut Numbers,
    ) -> Verdict<Before<'b>> {
        let mut before = Before::unread(module, body);
        before.read(witness)?;
        before.threaded()?;
        if !witness.overwritten.is_empty() {
            before.sights = vec![Sight::All; body.inst_count()];
        }
        before.walk(numbers)?;
        if !witness.overwritten.is_empty() {
            dying::overwritten(&before, numbers, &witness.overwritten, &witness.dying)?;
            witness.overwritten.iter().for_each(|gone| before.removable[gone.index()] = true);
        }
        Ok(before)
    }

    /// The same of a body without witness, with the bytes that each instruction sees: the facts
    /// that a pass may use.
    pub fn alone(module: &'b Module, body: &'b Body, numbers: &mut Numbers) -> Option<Before<'b>> {
        let mut before = Before::unread(module, body);
        before.sights = vec![Sight::All; body.inst_count()];
        before.walk(numbers).ok()?;
        Some(before)
    }

    fn unread(module: &'b Module, body: &'b Body) -> Before<'b> {
        let mut block_of = vec![body.entry(); body.inst_count()];
        for (block, data) in body.blocks() {
            data.insts().for_each(|inst| block_of[inst.index()] = block);
        }
        Before {
            body,
            module,
            dominators: OnceCell::new(),
            block_of,
            number: vec![Vn::UNDEF; body.value_count()],
            claims: vec![None; body.value_count()],
            threaded: vec![false; body.block_count()],
            removable: vec![false; body.inst_count()],
            is_near: vec![false; body.inst_count()],
            sights: Vec::new(),
            reached: Reached::default(),
            covers: vec![None; body.inst_count()],
            scratch: (Vec::new(), Vec::new()),
        }
    }

    /// Gives each value its number, block by block.
    fn walk(&mut self, numbers: &mut Numbers) -> Verdict {
        let ways = Ways::new(self.body);
        let mut waiting = Waiting::default();
        let mut known = Known::default();
        for (block, _) in self.body.blocks() {
            match waiting.known.remove(&block) {
                Some(passed) => known = passed,
                None => known.forget(),
            }
            self.block(block, numbers, &mut known)?;
            waiting.pass(self.body, &ways, block, &known);
        }
        Ok(())
    }

    /// Takes the witness's statements, if they name things that exist.
    fn read(&mut self, witness: &Witness) -> Verdict {
        for &block in &witness.threaded {
            let threaded = self.threaded.get_mut(block.index());
            *threaded.ok_or_else(|| Fault::new(Rule::Threaded, "no such block"))? = true;
        }
        for &(param, claim) in &witness.claims {
            let claimed = self.claims.get_mut(param.index());
            *claimed.ok_or_else(|| Fault::new(Rule::Claims, "no such value"))? = Some(claim);
        }
        for &(inst, by) in &witness.covers {
            let exist = by.index() < self.covers.len();
            match self.covers.get_mut(inst.index()).filter(|_| exist) {
                Some(cover) => *cover = Some(by),
                None => return Err(Fault::new(Rule::Covers, "no such instruction")),
            }
        }
        Ok(())
    }

    /// The block in which a value is made.
    pub(super) fn made_in(&self, value: Value) -> Block {
        match self.body.value(value).def {
            Def::Param(block, ..) => block,
            Def::Result(inst, _) => self.block_of[inst.index()],
        }
    }

    /// The block that a value is a parameter of.
    pub(super) fn param_of(&self, value: Value) -> Option<Block> {
        match self.body.value(value).def {
            Def::Param(block, ..) => Some(block),
            Def::Result(..) => None,
        }
    }

    /// Whether every way to `b` goes through `a`.
    fn dominates(&self, a: Block, b: Block) -> bool {
        self.dominators.get_or_init(|| Dominators::new(self.body)).dominates(a, b)
    }

    /// Whether a value has been made whenever control comes to the start of a block, before its
    /// parameters.
    pub fn is_above(&self, value: Value, block: Block) -> bool {
        let home = self.made_in(value);
        home != block && self.dominates(home, block)
    }

    /// Q4
    fn threaded(&self) -> Verdict {
        if !self.threaded.contains(&true) {
            return Ok(());
        }
        let is_inside = |value: &Value, block| {
            let home = self.made_in(*value);
            home == block || !self.threaded[home.index()]
        };
        for (block, data) in self.body.blocks() {
            for inst in data.insts() {
                let inst = self.body.inst(inst);
                let pure = inst.op.effects().is_pure();
                let threaded = self.threaded[block.index()];
                demand!(pure || !threaded, Threaded, "{} in {block}", inst.op.mnemonic());
                for value in self.body.operands(inst.args) {
                    demand!(is_inside(value, block), Threaded, "{value} is used in {block}");
                }
            }
            for value in self.body.terminator_operands(&data.terminator) {
                demand!(is_inside(value, block), Threaded, "{value} is used in {block}");
            }
            for edge in self.body.successors(block) {
                for value in self.body.args(&edge).iter().filter_map(|arg| arg.value()) {
                    demand!(is_inside(&value, block), Threaded, "{value} leaves {block}");
                }
            }
        }
        Ok(())
    }

    /// The numbers of a block's values, in order.
    fn block(&mut self, block: Block, numbers: &mut Numbers, known: &mut Known) -> Verdict {
        let body = self.body;
        for (at, param) in (0..).zip(body.block(block).params()) {
            self.number[param.index()] = match self.claims[param.index()] {
                None => Vn::phi(block.as_u32(), at),
                Some(claim) => self.claimed(block, param, claim, numbers)?,
            };
        }
        for inst in body.block(block).insts() {
            self.inst(inst, numbers, known)?;
        }
        Ok(())
    }

    /// The number of a parameter with a claim (Q5, without its edges).
    fn claimed(
        &self,
        block: Block,
        param: Value,
        claim: Claim,
        numbers: &mut Numbers,
    ) -> Verdict<Vn> {
        let is_entry = block == self.body.entry();
        demand!(!is_entry && !self.threaded[block.index()], Claims, "{param} of {block}");
        match claim {
            Claim::Constant(bits) => Ok(numbers.constant(bits)),
            Claim::Value(value) => {
                demand!(value.index() < self.number.len(), Claims, "there is no {value}");
                let beside = self.param_of(value) == Some(block) && value < param;
                let above = self.is_above(value, block);
                demand!(beside || above, Claims, "{value} is not in scope for {param}");
                let home = self.made_in(value);
                demand!(!self.threaded[home.index()], Claims, "{value} is of {home}");
                Ok(self.number[value.index()])
            }
        }
    }

    fn inst(&mut self, inst: Inst, numbers: &mut Numbers, known: &mut Known) -> Verdict {
        let data = self.body.inst(inst);
        let leaf = |at| Vn::effect(inst.as_u32(), at);
        let opcode = match data.op {
            Op::Wasm(opcode) => opcode,
            Op::Charge | Op::Poll => {
                known.other(data.op.effects(), data.op == Op::Poll);
                return Ok(());
            }
        };
        let (mut args, mut found) = std::mem::take(&mut self.scratch);
        args.clear();
        args.extend(self.body.operands(data.args).iter().map(|value| self.number[value.index()]));
        found.clear();
        found.extend((0..).map(leaf).take(data.results().len()));
        let class = opcode.class();
        let is_value = data.op.effects().is_pure() || class == Class::trap;
        if is_value && let Some(vns) = numbers.of(opcode, data.imm, &args) {
            found.iter_mut().zip(vns).for_each(|(own, vn)| *own = vn);
        }
        if class == Class::trap {
            let may_go = self.may_go(inst, opcode, &args, &found, numbers)?;
            self.removable[inst.index()] = may_go;
            if may_go {
                self.see(inst, Sight::None);
            }
        } else if let (Some((access, is_load)), &[base, ..]) = (plain(opcode, data.imm), &args[..])
        {
            let place = place(numbers, opcode, access, base);
            let cannot_trap = place.as_ref().is_some_and(|place| self.reaches(inst, place, known));
            let sight = match place.as_ref().filter(|_| cannot_trap) {
                Some(place) if is_load => Sight::Reads(place.range),
                Some(place) => Sight::Writes(place.range),
                None => Sight::All,
            };
            self.see(inst, sight);
            if is_load {
                let own = found.first().copied().unwrap_or(Vn::UNDEF);
                let vn = known.load(opcode, place.as_ref(), own);
                found.iter_mut().for_each(|own| *own = vn);
                self.removable[inst.index()] = cannot_trap;
            } else {
                let value = args.get(1).copied().unwrap_or(Vn::UNDEF);
                known.store(opcode, place.as_ref(), value);
            }
        } else if let (Class::global_get | Class::global_set, Imm::Index(global)) =
            (class, data.imm)
        {
            let is_imported = (global as usize) < self.module.imported_global_count();
            self.see(inst, Sight::None);
            if let Some(own) = found.first_mut() {
                *own = known.get(global, is_imported, *own);
                self.removable[inst.index()] = true;
            } else if let &[value] = &args[..] {
                known.set(global, is_imported, value);
            }
        } else {
            self.removable[inst.index()] = class == Class::quick;
            if class == Class::quick || data.op.effects().is_pure() {
                self.see(inst, Sight::None);
            }
            known.other(data.op.effects(), false);
        }
        for (value, &vn) in data.results().zip(&found) {
            self.number[value.index()] = vn;
        }
        self.scratch = (args, found);
        Ok(())
    }

    /// Records what an instruction sees of memory, where that is asked for.
    fn see(&mut self, inst: Inst, sight: Sight) {
        if let Some(here) = self.sights.get_mut(inst.index()) {
            *here = sight;
        }
    }

    /// Whether an access cannot trap, by what reached as far before it (X3, X7); it has, then.
    fn reaches(&mut self, inst: Inst, place: &Place, known: &mut Known) -> bool {
        let block = self.block_of[inst.index()];
        let is_here = known.reach(place.base, place.end);
        let dominators = self.dominators.get_or_init(|| Dominators::new(self.body));
        let far = |base, end| self.reached.is_far(base, end, block, dominators);
        let (by_base, by_root) = (far(place.base, place.end), far(place.range.root, place.far));
        if !is_here && !by_base && !by_root {
            self.reached.record(place.base, place.end, block, dominators);
        }
        self.is_near[inst.index()] = by_root;
        is_here || by_base || by_root
    }

    /// Whether a trapping operator may be missing in the new body (Q6, Q9).
    fn may_go(
        &self,
        inst: Inst,
        opcode: Opcode,
        args: &[Vn],
        found: &[Vn],
        numbers: &Numbers,
    ) -> Verdict<bool> {
        let constants: Vec<Option<u64>> = args.iter().map(|&vn| numbers.as_const(vn)).collect();
        if cannot_trap(opcode, &constants) {
            return Ok(true);
        }
        let Some(by) = self.covers[inst.index()] else { return Ok(false) };
        let cover = self.body.inst(by);
        demand!(cover.op == Op::Wasm(opcode), Covers, "{by} is {}", cover.op.mnemonic());
        let (home, here) = (self.block_of[by.index()], self.block_of[inst.index()]);
        let first = if home == here { by < inst } else { self.dominates(home, here) };
        demand!(first, Covers, "{by} does not come before {inst} on every way");
        let result = cover.result().map(|value| self.number[value.index()]);
        demand!(result.as_slice() == found, Covers, "{by} has other operands than {inst}");
        Ok(true)
    }

    /// The numbers of an instruction's operands.
    pub(super) fn operands(&self, data: &InstData) -> impl Iterator<Item = Vn> {
        let args = self.body.operands(data.args).iter();
        args.map(|value| self.number[value.index()])
    }
}
