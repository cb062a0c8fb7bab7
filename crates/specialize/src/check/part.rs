//! One block of the specialised function and the part of the generic one that it stands for, in
//! lockstep (S3 to S6, S8, S9), and then the inner blocks behind it (`tree`).

use super::Facts;
use super::budget::{RENEWED_AT, TERMS_MAX, row_len};
use super::edge::Way;
use super::error::{Rule, Verdict, demand};
use super::memory::Found;
use super::ranges::Ranges;
use super::tree::{Open, insts_of};
use crate::certificate::{Known, Row};
use crate::intrinsic::Intrinsic;
use crate::pipeline::Assumption;
use prova_module::ops::{Class, Immediate};
use prova_module::{FuncIdx, Opcode};
use prova_ssa::Vn;
use prova_ssa::relate::{Numbers, Operands, Values};
use prova_ssa::{Block, Imm, Inst, InstData, List, Op, Value, Where};
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

/// The tables that all proofs of blocks use, one after another.
pub(super) struct Tables {
    pub(super) terms: Numbers,
    /// Values of the generic function.
    pub(super) theirs: Values,
    /// Values of the specialised one.
    pub(super) ours: Values,
}

/// A block and its part.
pub(super) struct Part<'c> {
    pub(super) facts: Facts<'c>,
    pub(super) block: Block,
    /// The generic block.
    pub(super) generic: Block,
    pub(super) start: u32,
    pub(super) terms: &'c mut Numbers,
    pub(super) theirs: &'c mut Values,
    pub(super) ours: &'c mut Values,
    /// The arguments that are bases, rising, and what they are.
    pub(super) bases: Vec<(u32, Vn)>,
    pub(super) kept: Kept,
    /// The instructions of the block that are still to come.
    pub(super) left: std::ops::Range<u32>,
    /// The next of them with an effect, once it was looked for.
    pub(super) next: Option<Inst>,
    /// Whether the generic function has done anything since the row.
    pub(super) moved: bool,
    /// Inner blocks behind those that are proved.
    pub(super) open: Vec<Open>,
    pub(super) assumptions: &'c mut BTreeSet<Assumption>,
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

/// Gives the results of a pure instruction of the specialised function their terms.
pub(super) fn bind(
    facts: &Facts<'_>,
    terms: &mut Numbers,
    ours: &mut Values,
    inst: Inst,
) -> Verdict {
    let data = facts.body.inst(inst);
    let operands = facts.body.operands(data.args);
    facts.steps.spend(1 + operands.len() + data.results().len())?;
    let mut args = Operands::default();
    for &value in operands {
        args.push(ours_of(terms, ours, value));
    }
    let code = opcode(data)?;
    for (number, result) in (0..).zip(data.results()) {
        let term = terms.operator(code, data.imm, &args, number);
        ours.set(result, Some(term));
    }
    Ok(())
}

/// The term of a value of the specialised function; a value of another block is an unknown.
fn ours_of(terms: &mut Numbers, ours: &mut Values, value: Value) -> Vn {
    ours.get(value).unwrap_or_else(|| {
        let leaf = terms.leaf();
        ours.set(value, Some(leaf));
        leaf
    })
}

impl<'c> Part<'c> {
    /// The state that a row describes.
    pub(super) fn new(
        facts: Facts<'c>,
        block: Block,
        row: &Row,
        tables: &'c mut Tables,
        assumptions: &'c mut BTreeSet<Assumption>,
    ) -> Verdict<Part<'c>> {
        let Some(generic) = row.block else {
            return Err((Rule::Form, "a row of no block".to_owned()));
        };
        let data = facts.body.block(block);
        facts.steps.spend(row_len(row) + data.params().len())?;
        let Tables { terms, theirs, ours } = tables;
        theirs.back(0);
        ours.back(0);
        // Nobody holds a term of another row.
        if terms.count() > RENEWED_AT {
            terms.reset();
        }
        let mut params = Vec::new();
        for param in data.params() {
            let leaf = terms.leaf();
            ours.set(param, Some(leaf));
            params.push(leaf);
        }
        let args: Vec<Option<Vn>> = params.iter().copied().map(Some).collect();
        let mut bases = Vec::new();
        for &(arg, number) in &row.bases {
            let Some(&param) = params.get(number as usize) else {
                return Err((Rule::Form, format!("a base that is no parameter: {number}")));
            };
            // Another base than an argument is a name.
            if arg < params_of(&facts) {
                bases.push((arg, param));
            }
        }
        let way = Way { args: &args, bases: &bases, params: params_of(&facts) };
        let known = Ranges::of_row(&row.known);
        let mut kept = Kept { fresh: row.fresh, known, ..Kept::default() };
        let mut known = |known: Known| way.known(terms, row, known);
        for &(value, said) in &row.values {
            theirs.set(value, Some(known(said)?));
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
        let left = insts_of(facts.body, block);
        let (start, open) = (row.start, Vec::new());
        #[rustfmt::skip]
        let part = Part {
            facts, block, generic, start, terms, theirs, ours, bases, kept, left, open, assumptions,
            next: None, moved: false,
        };
        Ok(part)
    }

    /// Proves the block and the inner blocks behind it; gives how many these are. `at` is where it
    /// is.
    pub(super) fn prove(&mut self, at: &mut Where) -> Verdict<usize> {
        let mut inner = 0;
        self.walk(at)?;
        while let Some(open) = self.open.pop() {
            inner += 1;
            self.enter(open);
            at.block = Some(self.block);
            self.walk(at)?;
        }
        Ok(inner)
    }

    /// Proves one block.
    fn walk(&mut self, at: &mut Where) -> Verdict {
        let generic = self.facts.question.generic;
        let insts = insts_of(generic, self.generic);
        for inst in insts.clone().skip(self.start as usize).map(Inst::from_u32) {
            let number = inst.as_u32() - insts.start;
            at.offset = Some(generic.inst(inst).offset);
            if self.inst(number, inst)? {
                return Ok(());
            }
            self.moved = true;
        }
        at.offset = Some(generic.block(self.generic).end);
        self.moved = true;
        self.end()
    }

    /// Takes steps (S12).
    pub(super) fn spend(&self, steps: usize) -> Verdict {
        let most = self.terms.count().max(self.theirs.mark()).max(self.ours.mark());
        demand!(most <= TERMS_MAX, Size, "more than {TERMS_MAX} terms behind one row");
        self.facts.steps.spend(steps)
    }

    /// The term of a value of the generic function.
    pub(super) fn their(&self, value: Value) -> Verdict<Vn> {
        let found = self.theirs.get(value);
        found.ok_or_else(|| (Rule::State, format!("the row does not say what {value} is")))
    }

    pub(super) fn theirs(&self, list: List<Value>) -> Verdict<Operands> {
        let mut terms = Operands::default();
        let list = self.facts.question.generic.operands(list);
        self.spend(list.len())?;
        for &value in list {
            terms.push(self.their(value)?);
        }
        Ok(terms)
    }

    /// The term of a value of the specialised function.
    pub(super) fn our(&mut self, value: Value) -> Vn {
        ours_of(self.terms, self.ours, value)
    }

    pub(super) fn ours(&mut self, list: List<Value>) -> Verdict<Operands> {
        let mut terms = Operands::default();
        let list = self.facts.body.operands(list);
        self.spend(list.len())?;
        for &value in list {
            terms.push(self.our(value));
        }
        Ok(terms)
    }

    /// The next instruction of the block that has an effect.
    pub(super) fn effect(&mut self) -> Verdict<Option<Inst>> {
        while self.next.is_none() {
            let Some(inst) = self.left.next().map(Inst::from_u32) else { return Ok(None) };
            if self.facts.body.inst(inst).op.effects().is_pure() {
                bind(&self.facts, self.terms, self.ours, inst)?;
            } else {
                self.next = Some(inst);
            }
        }
        Ok(self.next)
    }

    /// The intrinsic that an instruction of the generic function calls.
    fn intrinsic(&self, data: &InstData) -> Option<Intrinsic> {
        let func = data.imm.index(Opcode::Call, Immediate::func)?;
        let calls = data.op == Op::Wasm(Opcode::Call);
        self.facts.question.intrinsics.of(FuncIdx(func)).filter(|_| calls)
    }

    /// One instruction of the generic function; true if the part ends there.
    fn inst(&mut self, number: u32, inst: Inst) -> Verdict<bool> {
        let generic = self.facts.question.generic;
        let data = generic.inst(inst);
        let is_pure = data.op.effects().is_pure();
        self.spend(1 + generic.operands(data.args).len() + data.results().len())?;
        if is_pure && generic.operands(data.args).iter().any(|it| self.theirs.get(*it).is_none()) {
            // The results are unknown; a later use of them is refused (S7). A fact of the row about
            // them is of an earlier execution, and no longer holds.
            for result in data.results() {
                self.theirs.set(result, None);
            }
            return Ok(false);
        }
        let args = self.theirs(data.args)?;
        if let Some(intrinsic) = self.intrinsic(data) {
            return self.meaning(number, data, intrinsic, &args);
        }
        let code = opcode(data)?;
        if is_pure {
            let imm = self.facts.imm(code, data.imm)?;
            for (number, result) in (0..).zip(data.results()) {
                let term = self.terms.operator(code, imm, &args, number);
                self.theirs.set(result, Some(term));
            }
            return Ok(false);
        }
        if matches!(code.class(), Class::call | Class::call_indirect | Class::call_ref) {
            self.all_done()?;
        }
        self.spend(self.places())?;
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
        let folded = self.terms.evaluated(code, data.imm, &args);
        match (folded, data.result()) {
            (Some(bits), Some(result)) if !self.stands_next(data, &args)? => {
                let term = self.terms.constant(bits);
                self.theirs.set(result, Some(term));
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
            let term = self.terms.constant(found.bits);
            data.result().into_iter().for_each(|result| self.theirs.set(result, Some(term)));
        }
        Ok(false)
    }

    /// Whether the next effect of the block is this one of the generic function.
    fn stands_next(&mut self, data: &InstData, args: &[Vn]) -> Verdict<bool> {
        let Some(inst) = self.effect()? else { return Ok(false) };
        let ours = self.facts.body.inst(inst);
        let imm = self.facts.imm(opcode(data)?, data.imm)?;
        Ok(ours.op == data.op && ours.imm == imm && *self.ours(ours.args)? == *args)
    }

    /// The next effect of the block is this one of the generic function (S3, S4).
    fn same(&mut self, data: &InstData, args: &[Vn]) -> Verdict {
        let Some(inst) = self.effect()? else {
            return Err((Rule::Effects, format!("`{}` is missing", data.op.mnemonic())));
        };
        let ours = self.facts.body.inst(inst);
        let imm = self.facts.imm(opcode(data)?, data.imm)?;
        let alike = ours.op == data.op && ours.imm == imm;
        let (found, wanted) = (ours.op.mnemonic(), data.op.mnemonic());
        demand!(alike, Effects, "{inst} is `{found}`, or has other immediates, for `{wanted}`");
        let operands = self.ours(ours.args)?;
        demand!(*operands == *args, Operands, "{inst}, `{found}`, has other operands");
        let (count, wanted) = (ours.results().len(), data.results().len());
        demand!(count == wanted, Form, "{inst} has {count} results");
        for (our, their) in ours.results().zip(data.results()) {
            let leaf = self.terms.leaf();
            self.ours.set(our, Some(leaf));
            self.theirs.set(their, Some(leaf));
        }
        self.next = None;
        Ok(())
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
        self.next = None;
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
