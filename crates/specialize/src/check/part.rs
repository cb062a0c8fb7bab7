//! One block of the specialised function and the part of the generic one that it stands for, in
//! lockstep (S3 to S6, S8, S9), and then the inner blocks behind it (`tree`).

use super::Facts;
use super::budget::{RENEWED_AT, TERMS_MAX, row_len};
use super::edge::Way;
use super::error::{Fault, Rule, Verdict, demand};
use super::memory::Found;
use super::ranges::Ranges;
use super::tree::Open;
use crate::ask::certificate::{Known, Role, Row};
use crate::ask::intrinsic::Intrinsic;
use crate::ask::promise::Assumption;
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode};
use prova_ssa::Vn;
use prova_ssa::relate::ends::Payload;
use prova_ssa::relate::walk::{Broken, Simulate, Walk};
use prova_ssa::{Block, Edge, Imm, Inst, InstData, Op, Where};
use std::collections::{BTreeMap, BTreeSet};

/// A store that was put off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    pub(super) address: Vn,
    pub(super) value: Vn,
    /// Whether this block has done it.
    pub(super) done: bool,
}

/// The state that intrinsics keep.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) regs: BTreeMap<u64, Vn>,
    pub(super) stack: Vec<Late>,
    pub(super) locals: BTreeMap<u32, Late>,
    /// Whether the bytes that were compared at the entry are still what they were.
    pub(super) fresh: bool,
    /// Other bytes of constant memory that are what the request says.
    pub(super) known: Ranges,
}

impl Kept {
    /// The same for another block, which has done nothing yet.
    pub(super) fn anew(&self) -> Kept {
        let mut kept = self.clone();
        let all = kept.stack.iter_mut().chain(kept.locals.values_mut());
        all.for_each(|late| late.done = false);
        kept
    }

    /// How many stores were put off.
    pub(super) fn late(&self) -> usize {
        self.stack.len() + self.locals.len()
    }

    /// The steps of going through all of it.
    pub(super) fn len(&self) -> usize {
        1 + self.late() + self.regs.len() + self.known.all().len()
    }
}

/// A block and its part.
pub(super) struct Part<'c> {
    pub(super) facts: Facts<'c>,
    /// The walk; the old body is the generic function's, the new one the specialised one's.
    pub(super) at: Walk<'c>,
    /// The arguments that are bases, rising, and what they are.
    pub(super) bases: Vec<(u32, Vn)>,
    pub(super) kept: Kept,
    /// Whether the generic function has done anything since the row.
    pub(super) moved: bool,
    /// Inner blocks behind those that are proved.
    pub(super) open: Vec<Open>,
    pub(super) assumptions: BTreeSet<Assumption>,
}

/// How many parameters the generic function has.
pub(super) fn params_of(facts: &Facts<'_>) -> u32 {
    let generic = facts.question.generic;
    generic.block(generic.entry()).params().len() as u32
}

/// The Wasm operator of an instruction.
pub(super) fn opcode(data: &InstData) -> Verdict<Opcode> {
    match data.op {
        Op::Wasm(opcode) => Ok(opcode),
        Op::Charge | Op::Poll => Err((Rule::Form, "a body with metering".to_owned())),
    }
}

impl<'c> Part<'c> {
    /// Nothing is walked yet.
    pub(super) fn new(facts: Facts<'c>) -> Part<'c> {
        Part {
            facts,
            at: Walk::new(facts.question.generic, facts.body),
            bases: Vec::new(),
            kept: Kept::default(),
            moved: false,
            open: Vec::new(),
            assumptions: BTreeSet::new(),
        }
    }

    /// The walk, which knows nothing.
    pub(super) fn rest(&mut self) -> &mut Walk<'c> {
        self.at.olds.back(0);
        self.at.news.back(0);
        // Nobody holds a term of another row.
        if self.at.numbers.count() > RENEWED_AT {
            self.at.numbers.reset();
        }
        &mut self.at
    }

    /// Goes on to a block with a row, in the state that the row describes.
    fn begin(&mut self, block: Block, row: &Row) -> Verdict {
        let Some(generic) = row.block else {
            return Err((Rule::Form, "a row of no block".to_owned()));
        };
        self.facts.steps.spend(row_len(row) + self.facts.body.block(block).params().len())?;
        self.rest();
        self.at.enter(block, (generic, row.start));
        let params = self.at.params();
        let args: Vec<Option<Vn>> = params.iter().copied().map(Some).collect();
        self.bases.clear();
        for &(arg, number) in &row.bases {
            let Some(&param) = params.get(number as usize) else {
                return Err((Rule::Form, format!("a base that is no parameter: {number}")));
            };
            // Another base than an argument is a name.
            if arg < params_of(&self.facts) {
                self.bases.push((arg, param));
            }
        }
        let way = Way { args: &args, bases: &self.bases, params: params_of(&self.facts) };
        let known = Ranges::of_row(&row.known);
        let mut kept = Kept { fresh: row.fresh, known, ..Kept::default() };
        let Walk { numbers, olds, .. } = &mut self.at;
        let mut known = |known: Known| way.known(numbers, row, known);
        for &(value, said) in &row.values {
            olds.set(value, Some(known(said)?));
        }
        for &(number, said) in &row.regs {
            kept.regs.insert(number, known(said)?);
        }
        for cell in &row.stack {
            let (address, value) = (known(cell.address)?, known(cell.value)?);
            kept.stack.push(Late { address, value, done: false });
        }
        for (number, cell) in &row.locals {
            let (address, value) = (known(cell.address)?, known(cell.value)?);
            kept.locals.insert(*number, Late { address, value, done: false });
        }
        (self.kept, self.moved) = (kept, false);
        Ok(())
    }

    /// Proves a block with a row and the inner blocks behind it; gives how many these are. `place`
    /// is where it is.
    pub(super) fn prove(&mut self, block: Block, row: &Row, place: &mut Where) -> Verdict<usize> {
        let mut inner = 0;
        self.open.clear();
        self.begin(block, row)?;
        self.walk(&mut place.offset)?;
        while let Some(open) = self.open.pop() {
            inner += 1;
            self.enter(open);
            place.block = Some(self.at.block);
            self.walk(&mut place.offset)?;
        }
        Ok(inner)
    }

    /// The intrinsic that an instruction of the generic function calls.
    fn intrinsic(&self, data: &InstData) -> Option<Intrinsic> {
        let func = data.imm.index(Opcode::Call, Immediate::func)?;
        let calls = data.op == Op::Wasm(Opcode::Call);
        self.facts.question.intrinsics.of(FuncIdx(func)).filter(|_| calls)
    }

    /// An instruction of the generic function that has an effect; true if the part ends there.
    fn acts(&mut self, number: u32, data: &InstData) -> Verdict<bool> {
        let args = self.theirs(data.args)?;
        if let Some(intrinsic) = self.intrinsic(data) {
            return self.meaning(number, data, intrinsic, &args);
        }
        let code = opcode(data)?;
        if matches!(code.class(), Class::call | Class::call_indirect | Class::call_ref) {
            self.all_done()?;
        }
        self.spend(self.places_len())?;
        let found = self.constant_memory(code, data.imm, &args);
        if self.touches(code, data.imm, &args)? {
            let undone = |(_, what)| (Rule::Cells, format!("a cell is accessed, and {what}"));
            self.all_done().map_err(undone)?;
            self.stored(found.is_none());
        }
        if let Some(found) = found {
            return self.load(number, data, &args, &found);
        }
        // Only numeric operators are evaluated.
        let folded = self.at.numbers.evaluated(code, data.imm, &args);
        match (folded, data.result()) {
            (Some(bits), Some(result)) if !self.stands_next(data, &args)? => {
                let term = self.at.numbers.constant(bits);
                self.at.olds.set(result, Some(term));
            }
            _ => {
                self.same(data, &args)?;
                self.change(data, &args);
            }
        }
        Ok(false)
    }

    /// A load of the request's bytes (S10); true if the part ends there.
    fn load(&mut self, number: u32, data: &InstData, args: &[Vn], found: &Found) -> Verdict<bool> {
        // Else blocks might compare the same again and again, and nothing else.
        if self.is_refreshed(number) && (self.moved || !self.is_known(found)) {
            self.refreshed(number, found.word)?;
            return Ok(true);
        }
        if self.stands_next(data, args)? {
            self.same(data, args)?;
        } else {
            let known = self.is_known(found);
            demand!(known, Memory, "a load is gone, and what it reads is not known");
            let term = self.at.numbers.constant(found.bits);
            data.result().into_iter().for_each(|result| self.at.olds.set(result, Some(term)));
        }
        Ok(false)
    }

    /// The next effect of the block is an i64 access at an address.
    pub(super) fn access(&mut self, code: Opcode, operands: &[Vn]) -> Verdict<Inst> {
        let Some(inst) = self.effect()? else {
            return Err((Rule::Effects, format!("`{}` is missing", code.mnemonic())));
        };
        let ours = self.facts.body.inst(inst);
        let plain = match ours.imm {
            Imm::Access(access) => access.offset == 0 && access.memory == 0,
            _ => false,
        };
        let alike = ours.op == Op::Wasm(code) && plain;
        demand!(alike, Effects, "{inst} is no `{}` at its operand", code.mnemonic());
        let found = self.ours(ours.args)?;
        demand!(*found == *operands, Operands, "{inst} has other operands");
        self.at.done();
        Ok(inst)
    }

    /// All stores that were put off are done here, in order, and forgotten (S9).
    pub(super) fn all_done(&mut self) -> Verdict {
        let stack = std::mem::take(&mut self.kept.stack);
        let locals = std::mem::take(&mut self.kept.locals);
        for late in stack.iter().chain(locals.values()) {
            self.access(Opcode::I64Store, &[late.address, late.value])?;
        }
        Ok(())
    }

    /// The remaining effects of the block are stores that were put off.
    pub(super) fn some_done(&mut self) -> Verdict {
        while let Some(inst) = self.effect()? {
            self.one_done(inst)?;
        }
        Ok(())
    }

    /// The next effect of the block is a store that was put off.
    pub(super) fn one_done(&mut self, inst: Inst) -> Verdict {
        let args = self.ours(self.facts.body.inst(inst).args)?;
        self.spend(self.kept.late())?;
        let all = self.kept.stack.iter_mut().chain(self.kept.locals.values_mut());
        let late = all.into_iter().find(|late| [late.address, late.value] == *args);
        let Some(late) = late else {
            return Err((Rule::Effects, format!("{inst} is no effect of the part")));
        };
        late.done = true;
        self.access(Opcode::I64Store, &args)?;
        Ok(())
    }
}

impl<'c> Simulate<'c> for Part<'c> {
    type Fault = Fault;

    const KEEPS_OFFSETS: bool = false;

    fn at(&self) -> &Walk<'c> {
        &self.at
    }

    fn at_mut(&mut self) -> &mut Walk<'c> {
        &mut self.at
    }

    fn broken(&self, broken: Broken, what: String) -> Fault {
        let rule = match broken {
            Broken::Effects => Rule::Effects,
            Broken::Operands => Rule::Operands,
            Broken::Results => Rule::Form,
            Broken::Unknown => Rule::State,
            Broken::Control | Broken::Offsets => Rule::Control,
        };
        (rule, what)
    }

    fn edge(&mut self, old: &Edge, new: &Edge, _payload: Payload) -> Verdict {
        // A payload is of this edge alone, so no inner block gets it.
        let keeps = matches!(self.facts.role(new.block), Some(Role::Copy(_)));
        let bound = self.bound(old, keeps)?;
        self.lead(new, (old.block, 0), bound)
    }

    fn imm(&self, opcode: Opcode, imm: Imm) -> Verdict<Imm> {
        self.facts.imm(opcode, imm)
    }

    /// S12
    fn spend(&self, steps: usize) -> Verdict {
        let Walk { numbers, olds, news, .. } = &self.at;
        let most = numbers.count().max(olds.mark()).max(news.mark());
        demand!(most <= TERMS_MAX, Size, "more than {TERMS_MAX} terms behind one row");
        self.facts.steps.spend(steps)
    }

    fn inst(&mut self, number: u32, inst: Inst) -> Verdict<bool> {
        let data = self.at.old.inst(inst);
        self.spend(1 + data.args.len() + data.results().len())?;
        let ends = if self.pure(data)? { false } else { self.acts(number, data)? };
        self.moved |= !ends;
        Ok(ends)
    }

    fn end(&mut self) -> Verdict {
        self.moved = true;
        self.leave()
    }
}
