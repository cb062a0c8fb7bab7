//! The lockstep of a body and its image: the walk, its instructions (E3, E4).
//!
//! The image leads: its blocks are walked one after the other from the entry, each behind the first
//! edge into it, with a [`Spot`] in the body beside it. Pure instructions of the image become terms
//! at once, those of the body when something asks for them.

use super::graph::{self, Graph, Joins};
use super::quick::escapes;
use super::terms::{NONE, NOWHERE, Term, Terms};
use crate::emitted::error::{Fault, Rejection, Rule, Verdict};
use crate::emitted::rows::{Is, Kind, Rows};
use crate::emitted::{Homes, STEPS_BASE, STEPS_PER_VALUE};
use prova_module::{Module, Opcode, ValType};
use prova_ssa::budget::Budget;
use prova_ssa::demand;
use prova_ssa::{
    Arg, Block, Body, Def, Dominators, Imm, Inst, InstData, List, Op, Terminator, Value, Where,
};
use std::collections::HashMap;

/// Where control is in the body: a block, and its first instruction that is not met; or on an edge
/// out of it, as long as the image does nothing.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) block: Block,
    next: u32,
    end: u32,
    pub(super) ahead: Option<Ahead>,
}

/// A block of the body that control is about to enter, and the values that begin there with their
/// terms: its parameters, and those of handlers on the way.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    pub(super) block: Block,
    pub(super) values: Vec<Value>,
    pub(super) terms: Vec<Term>,
    /// The arguments that the edge carries for the first of these.
    pub(super) carried: List<Arg>,
    /// Whether the image has a place before it where these values begin.
    pub(super) is_known: bool,
}

/// The walk's data for a block of the image.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Its position in the walk, once it is reached.
    pub(super) order: Option<u32>,
    /// The block of the body; `None` if the body is in the middle of one there.
    pub(super) block: Option<Block>,
    /// Values of the body that begin here, each with the parameter of the image that it is; `None`
    /// for one that is the same on all edges, or dead.
    pub(super) values: Vec<(Value, Option<u32>)>,
    /// The values and terms with which the first edge came, where the body did not enter its block.
    pub(super) ahead: Option<Ahead>,
    /// The values that begin behind it, if it is a pad.
    pub(super) pad: Option<Pad>,
}

/// A pad: the terms of what begins behind it.
#[derive(Clone, Debug)]
pub(super) struct Pad {
    pub(super) terms: Vec<Term>,
}

/// The comparison.
pub(super) struct Relate<'b> {
    pub(super) module: &'b Module,
    pub(super) joins: Joins,
    pub(super) old: Graph<'b>,
    pub(super) new: Graph<'b>,
    pub(super) homes: &'b Homes<'b>,
    pub(super) terms: Terms,
    /// The terms of both bodies' values.
    pub(super) olds: Vec<Term>,
    pub(super) news: Vec<Term>,
    /// Which effects of the body are met out of their order.
    met: Vec<bool>,
    /// Which blocks of the body are entered at a place of the image.
    pub(super) entered: Vec<bool>,
    /// Which ending blocks of the body are walked where the image returns.
    pub(super) passed: Vec<bool>,
    /// Whether the image is at a block that only returns.
    pub(super) is_last: bool,
    /// By block of the image.
    pub(super) places: Vec<Place>,
    /// The blocks of the image in the order of the walk.
    pub(super) order: Vec<Block>,
    pub(super) work: Vec<(Block, Spot)>,
    /// Of parameters of handlers to which several edges lead: the block where each begins, its
    /// handler, and what it is.
    pub(super) late: HashMap<Value, Vec<(Block, Term)>>,
    /// By block of the body the parameters of such handlers that are read there or behind it; empty
    /// if there are none.
    pub(super) kept: HashMap<Block, Vec<Value>>,
    /// The handlers of the body on the way of the exception that leaves a block.
    pub(super) way: Vec<Block>,
    pub(super) old_dominators: Option<Dominators>,
    pub(super) new_dominators: Option<Dominators>,
    pub(super) budget: Budget,
    here: (Option<Block>, Option<Block>),
    /// Reads of the image's block behind which nothing has changed what they read.
    reads: Vec<Read>,
    /// The work list of [`Relate::old_term`], kept between calls.
    open: Vec<Value>,
    /// By block of the image: the place of the body, once it is walked.
    pub(super) starts: Vec<Option<prova_ssa::relate::walk::Place>>,
    /// By block of the image: values of the body that a row of it has.
    pub(super) said: Vec<Vec<(Value, Is)>>,
    /// Of values that a row says are another one: the block of the row, and the other one.
    pub(super) others: HashMap<Value, (Block, Value)>,
    /// By block of the image: whether it was reached more than once.
    pub(super) again: Vec<bool>,
}

/// A read: its operator, immediates, operands and result.
struct Read {
    opcode: Opcode,
    imm: Imm,
    args: Vec<Term>,
    result: Term,
}

/// Maximum number of reads that are remembered.
const READS_MAX: usize = 8;

/// Maximum number of instructions of the body that are searched for an equal read.
const LIKES_MAX: u32 = 1024;

/// Compares a body and its image.
pub(super) fn relate(
    module: &Module,
    body: &Body,
    image: &Body,
    original: &Body,
    homes: &Homes<'_>,
    joins: Joins,
) -> Result<Rows, Rejection> {
    let size = |body: &Body| (body.value_count() + body.inst_count()) as u64;
    let steps = STEPS_BASE + STEPS_PER_VALUE * (size(body) + size(image));
    // The last of them is not taken.
    let budget = Budget::new("steps", steps - 1);
    let mut places = Vec::new();
    places.resize_with(image.block_count(), Place::default);
    let mut relate = Relate {
        module,
        joins,
        old: Graph::new(body, joins),
        new: Graph::new(image, joins),
        homes,
        terms: Terms::with_room(image.inst_count()),
        olds: vec![NONE; body.value_count()],
        news: vec![NONE; image.value_count()],
        met: vec![false; body.inst_count()],
        entered: vec![false; body.block_count()],
        passed: vec![false; body.block_count()],
        is_last: false,
        places,
        order: Vec::with_capacity(image.block_count()),
        work: Vec::new(),
        late: HashMap::new(),
        kept: HashMap::new(),
        way: Vec::new(),
        old_dominators: None,
        new_dominators: None,
        budget,
        here: (None, None),
        reads: Vec::new(),
        open: Vec::new(),
        starts: vec![None; image.block_count()],
        said: vec![Vec::new(); image.block_count()],
        others: HashMap::new(),
        again: vec![false; image.block_count()],
    };
    relate.run().map_err(|fault| {
        let (block, image) = relate.here;
        fault.at(body.func(), Where { block, image, offset: None })
    })?;
    Ok(relate.rows(original))
}

/// Whether a type is one of references that are not null.
fn is_non_null(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if !ty.is_nullable())
}

/// Whether an instruction of the body is its operand: a reference that cannot be null is not.
pub(super) fn is_trivial(body: &Body, data: &InstData) -> bool {
    let mut operands = body.operands(data.args).iter();
    data.op == Op::Wasm(Opcode::RefAsNonNull)
        && operands.all(|&value| is_non_null(body.value(value).ty))
}

impl Relate<'_> {
    fn run(&mut self) -> Verdict {
        let (old, new) = (self.old.body, self.new.body);
        let (ours, theirs) = (old.block(old.entry()).params(), new.block(new.entry()).params());
        demand!(ours.len() == theirs.len(), Arguments, "entries with other parameters");
        self.reach(new.entry());
        for (ours, theirs) in ours.zip(theirs) {
            let atom = self.terms.atom(0);
            self.news[theirs.as_u32() as usize] = atom;
            self.bind(ours, atom);
        }
        self.entered[old.entry().as_u32() as usize] = true;
        self.keep()?;
        self.work.push((new.entry(), self.spot(old.entry())));
        while let Some((block, spot)) = self.work.pop() {
            self.here = (Some(spot.block), Some(block));
            self.starts[block.as_u32() as usize] = Some(match &spot.ahead {
                Some(ahead) => (ahead.block, 0),
                None => {
                    let left = (spot.next..spot.end).find(|&at| !self.met[at as usize]);
                    (spot.block, left.unwrap_or(spot.end) - self.first_of(spot.block))
                }
            });
            self.block(block, spot)?;
        }
        Ok(())
    }

    fn first_of(&self, block: Block) -> u32 {
        let mut insts = self.old.body.block(block).insts();
        insts.next().map_or(0, |inst| inst.as_u32())
    }

    /// The rows of the image, as it was with branches that decide nothing.
    fn rows(self, original: &Body) -> Rows {
        let mut rows = Rows::default();
        // What a call gives may be read behind a block that only jumps on.
        let asked: Vec<bool> =
            original.blocks().map(|(block, _)| self.new.ways(block) == 1).collect();
        let escapes = escapes(original, &asked);
        for (block, data) in original.blocks() {
            let at = block.as_u32() as usize;
            let is_handler = matches!(data.terminator, Terminator::Catch { .. });
            let has_row = (self.again[at] || self.new.ways(block) > 1) && block != original.entry();
            let jumps = match data.terminator {
                Terminator::Jump(edge) => {
                    let to = rows.kinds.get(edge.block.as_u32() as usize);
                    to.is_some_and(|to| !matches!(to, Kind::Passed))
                }
                _ => false,
            };
            let jumps = jumps && self.new.is_silent(block) && block != original.entry();
            let jumps = jumps && (has_row || !escapes[at]);
            let is_passed =
                jumps || self.new.is_lone(block) || self.new.is_final(block) || is_handler;
            rows.kinds.push(match self.starts[at] {
                _ if is_passed => Kind::Passed,
                Some(place) if has_row => {
                    let first = rows.values.len();
                    rows.values.extend(&self.said[at]);
                    Kind::At(place, first..rows.values.len())
                }
                Some(_) | None => Kind::Inner,
            });
        }
        rows
    }

    /// The start of a block of the body.
    pub(super) fn spot(&self, block: Block) -> Spot {
        let insts = self.old.body.block(block).insts();
        let count = insts.len() as u32;
        let next = insts.into_iter().next().map_or(0, |inst| inst.as_u32());
        Spot { block, next, end: next + count, ahead: None }
    }

    /// A block of the image comes next in the walk.
    pub(super) fn reach(&mut self, block: Block) {
        self.places[block.as_u32() as usize].order = Some(self.order.len() as u32);
        self.order.push(block);
    }

    /// A value of the body is a term from here on.
    pub(super) fn bind(&mut self, value: Value, term: Term) {
        self.olds[value.as_u32() as usize] = term;
        if is_non_null(self.old.body.value(value).ty) {
            self.terms.set_non_null(term);
        }
    }

    /// The block of the body that control is in.
    pub(super) fn source(&self) -> Block {
        self.here.0.unwrap_or(self.old.body.entry())
    }

    /// Control is in a block of the body.
    pub(super) fn at(&mut self, block: Block) {
        self.here.0 = Some(block);
    }

    pub(super) fn step(&self) -> Verdict {
        Ok(self.budget.spend(1)?)
    }

    fn block(&mut self, block: Block, mut spot: Spot) -> Verdict {
        let data = self.new.body.block(block);
        self.reads.clear();
        for inst in data.insts() {
            let inst = self.new.body.inst(inst);
            if !self.silent(inst) {
                self.effect(block, inst, &mut spot)?;
            }
        }
        self.end(&data.terminator, spot)
    }

    /// An instruction of the image without effect, if it is one.
    pub(super) fn silent(&mut self, inst: &InstData) -> bool {
        let mut args = [NONE; 8];
        let operands = self.new.body.operands(inst.args);
        for (arg, value) in args.iter_mut().zip(operands) {
            *arg = self.news[value.as_u32() as usize];
        }
        if let Some(opcode) = graph::pure(inst) {
            let args = &args[..operands.len().min(args.len())];
            for (number, value) in (0..).zip(inst.results()) {
                self.news[value.as_u32() as usize] =
                    self.terms.pure(opcode, &inst.imm, args, number);
            }
            return true;
        }
        let trivial = inst.op == Op::Wasm(Opcode::RefAsNonNull)
            && operands.iter().all(|&value| {
                is_non_null(self.new.body.value(value).ty) || self.terms.is_non_null(args[0])
            });
        if let (true, Some(value)) = (trivial, inst.result()) {
            self.news[value.as_u32() as usize] = args[0];
            self.terms.set_non_null(args[0]);
        }
        trivial
    }

    /// An effect of the image is the next one of the body that it may be (E3, E4).
    fn effect(&mut self, block: Block, inst: &InstData, spot: &mut Spot) -> Verdict {
        self.land(spot)?;
        loop {
            if let Some(found) = self.find(inst, spot)? {
                self.met[found.as_u32() as usize] = true;
                let at = self.places[block.as_u32() as usize].order.unwrap_or(NOWHERE);
                let results = self.old.body.inst(found).results();
                let known = self.read(inst, at);
                for (ours, theirs) in results.zip(inst.results()) {
                    let atom = known.unwrap_or_else(|| self.terms.atom(at));
                    self.news[theirs.as_u32() as usize] = atom;
                    self.bind(ours, atom);
                }
                return Ok(());
            }
            match self.old.body.block(spot.block).terminator {
                Terminator::Jump(edge) => self.inline(&edge, spot)?,
                _ => {
                    let what = format!("{} without counterpart", inst.op.mnemonic());
                    return Err(Fault::new(Rule::Effects, what));
                }
            }
        }
    }

    /// The result of an effect of the image that changes nothing: equal to an earlier equal read,
    /// where nothing between has changed it (E4).
    fn read(&mut self, inst: &InstData, at: u32) -> Option<Term> {
        let effects = inst.op.effects();
        self.reads.retain(|read| Op::Wasm(read.opcode).effects().commutes(effects));
        let (Op::Wasm(opcode), Some(_)) = (inst.op, inst.result()) else { return None };
        if !effects.commutes(effects) || self.reads.len() >= READS_MAX {
            return None;
        }
        let operands = self.new.body.operands(inst.args).iter();
        let args: Vec<Term> = operands.map(|&value| self.news[value.as_u32() as usize]).collect();
        let same =
            |read: &&Read| read.opcode == opcode && read.imm == inst.imm && read.args == args;
        if let Some(read) = self.reads.iter().find(same) {
            return Some(read.result);
        }
        let result = self.terms.atom(at);
        self.reads.push(Read { opcode, imm: inst.imm, args, result });
        Some(result)
    }

    /// The effect of the body's block that an effect of the image is; `None` if all of the block's
    /// are met.
    fn find(&mut self, inst: &InstData, spot: &mut Spot) -> Verdict<Option<Inst>> {
        self.advance(spot)?;
        let effects = inst.op.effects();
        for at in spot.next..spot.end {
            self.step()?;
            let ours = Inst::from_u32(at);
            let data = self.old.body.inst(ours);
            if self.is_past(ours)? {
                continue;
            }
            let alike = data.op == inst.op && data.imm == inst.imm;
            if alike && self.are_equal(data.args, inst.args)? {
                return Ok(Some(ours));
            }
            let rule = if alike { Rule::Operands } else { Rule::Effects };
            if !effects.commutes(data.op.effects()) {
                let (ours, theirs) = (data.op.mnemonic(), inst.op.mnemonic());
                let what = format!("{theirs} where {ours} of {:#x} is due", data.offset);
                return Err(Fault::new(rule, what));
            }
        }
        if spot.next < spot.end {
            let what = format!("{} before what is due", inst.op.mnemonic());
            return Err(Fault::new(Rule::Effects, what));
        }
        Ok(None)
    }

    /// Whether an instruction of the body needs no counterpart any more.
    fn is_past(&mut self, inst: Inst) -> Verdict<bool> {
        let data = self.old.body.inst(inst);
        let is_gone = graph::is_meter(data) || graph::pure(data).is_some();
        if self.met[inst.as_u32() as usize] || is_gone || is_trivial(self.old.body, data) {
            return Ok(true);
        }
        match *self.old.body.operands(data.args) {
            [operand] if data.op == Op::Wasm(Opcode::RefAsNonNull) => {
                let term = self.old_term(operand)?;
                Ok(self.terms.is_non_null(term))
            }
            _ => Ok(false),
        }
    }

    fn advance(&mut self, spot: &mut Spot) -> Verdict {
        while spot.next < spot.end && self.is_past(Inst::from_u32(spot.next))? {
            spot.next += 1;
        }
        Ok(())
    }

    /// Operands are equal terms.
    fn are_equal(&mut self, ours: List<Value>, theirs: List<Value>) -> Verdict<bool> {
        let (old, new) = (self.old.body, self.new.body);
        let (ours, theirs) = (old.operands(ours), new.operands(theirs));
        if ours.len() != theirs.len() {
            return Ok(false);
        }
        for (&ours, &theirs) in ours.iter().zip(theirs) {
            let term = self.old_term(ours)?;
            if term == NONE || term != self.news[theirs.as_u32() as usize] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn operand(&mut self, ours: Value, theirs: Value) -> Verdict {
        let term = self.old_term(ours)?;
        let equal = term != NONE && term == self.news[theirs.as_u32() as usize];
        demand!(equal, Operands, "{theirs} is not {ours}");
        Ok(())
    }

    /// The term of a value of the body; [`NONE`] if it is not known.
    pub(super) fn old_term(&mut self, value: Value) -> Verdict<Term> {
        let known = self.term_in(value, self.source());
        if known != NONE {
            return Ok(known);
        }
        let mut open = std::mem::take(&mut self.open);
        open.clear();
        open.push(value);
        let found = self.find_terms(&mut open);
        self.open = open;
        Ok(if found? { self.olds[value.as_u32() as usize] } else { NONE })
    }

    /// Finds the terms of values of the body and of what they are made of; false if one cannot be
    /// known.
    fn find_terms(&mut self, open: &mut Vec<Value>) -> Verdict<bool> {
        while let Some(&value) = open.last() {
            if self.olds[value.as_u32() as usize] != NONE {
                open.pop();
                continue;
            }
            self.step()?;
            let Def::Result(inst, _) = self.old.body.value(value).def else { return Ok(false) };
            let body = self.old.body;
            let data = body.inst(inst);
            let block = self.old.block_of(value);
            if let (Op::Wasm(Opcode::RefAsNonNull), &[operand]) =
                (data.op, body.operands(data.args))
            {
                match self.term_in(operand, block) {
                    NONE => open.push(operand),
                    term if is_trivial(body, data) || self.terms.is_non_null(term) => {
                        self.bind(value, term);
                    }
                    // An effect that is not met.
                    _ => return Ok(false),
                }
                continue;
            }
            let Some(opcode) = graph::pure(data) else {
                let Some(term) = self.like(value, inst)? else { return Ok(false) };
                self.bind(value, term);
                continue;
            };
            let mut args = [NONE; 8];
            let mut missing = None;
            let operands = body.operands(data.args);
            for (arg, &value) in args.iter_mut().zip(operands) {
                *arg = self.term_in(value, block);
                if *arg == NONE {
                    missing = Some(value);
                    break;
                }
            }
            match missing {
                Some(value) => open.push(value),
                None => {
                    let args = &args[..operands.len().min(args.len())];
                    for (number, value) in (0..).zip(data.results()) {
                        let term = self.terms.pure(opcode, &data.imm, args, number);
                        self.bind(value, term);
                    }
                }
            }
        }
        Ok(true)
    }

    /// The term of a read of the body that is not met yet: the term of an earlier equal read in its
    /// block that is met, if nothing between changes what they read. So it does not matter which
    /// read of the image belongs to which of them (E4). An instruction that changes something does
    /// not commute with an equal one.
    fn like(&mut self, value: Value, read: Inst) -> Verdict<Option<Term>> {
        let body = self.old.body;
        let data = body.inst(read);
        let effects = data.op.effects();
        let first = body.block(self.old.block_of(value)).insts();
        let first = first.into_iter().next().map_or(0, |inst| inst.as_u32());
        for at in (first.max(read.as_u32().saturating_sub(LIKES_MAX))..read.as_u32()).rev() {
            self.step()?;
            let other = body.inst(Inst::from_u32(at));
            if !effects.commutes(other.op.effects()) {
                break;
            }
            let alike = other.op == data.op && other.imm == data.imm && self.met[at as usize];
            if let Some(value) = other.result().filter(|_| alike)
                && body.operands(other.args) == body.operands(data.args)
            {
                let term = self.olds[value.as_u32() as usize];
                return Ok((term != NONE).then_some(term));
            }
        }
        Ok(None)
    }

    /// All effects of the body's block are met (E3).
    pub(super) fn finish(&mut self, spot: &mut Spot) -> Verdict {
        self.advance(spot)?;
        if spot.next < spot.end {
            let data = self.old.body.inst(Inst::from_u32(spot.next));
            let what = format!("{} of {:#x} is not met", data.op.mnemonic(), data.offset);
            return Err(Fault::new(Rule::Effects, what));
        }
        Ok(())
    }
}
