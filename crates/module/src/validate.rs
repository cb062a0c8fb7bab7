//! Validation of one function body, with limits and facts in the same loop: operators →
//! [`FuncFacts`], or the rule that refuses the body.
//!
//! `bodies` drives it over a code section, and over one body whose facts are asked for.
//! [`FrameValidator`] accepts the same bodies without their facts, in less time.
//!
//! 1. The work of a body is taken off two budgets before it is done, its own and the one for all
//!    bodies together, both of [`Limits::work_per_byte`] for each byte of code (and nothing else:
//!    data and custom sections buy no work).
//! 2. A body that is accepted needs at most [`Limits::function_cells`] cells, which is at most
//!    [`Limits::FUNCTION_CELLS_MAX`]: a slot of its frame has a 16-bit index in every tier.
//!
//! Bad input: nothing is allocated by a count that was not compared with a limit.
//! Tests: `tests/limits.rs`, `tests/reject.rs`, `tests/two_passes.rs`.

mod bodies;
mod plain;

pub(crate) use bodies::{Bodies, Checked, Later, Pass};
pub(crate) use plain::PlainRun;
pub(crate) use plain::run as plain_run;

use crate::FuncType;
use crate::cost::is_plain;
use crate::error::{Error, Result};
use crate::facts::{
    BodyContext, Budgeted, FactsBuilder, FrameBuilder, FrameFacts, Frequent, FuncFacts, Locals,
    cells, cells_of, local_roots,
};
use crate::groups::Types;
use crate::index::{FuncIdx, TypeIdx};
use crate::limits::Limits;
use crate::ops::Opcode;
use crate::visit::Operators;
use crate::walk::{clear, peek};
use std::sync::atomic::{AtomicU64, Ordering};
use wasmparser::{
    FrameStack, FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody, Operator,
    ValType, ValidatorResources,
};

/// Validates bodies, keeping allocations between them.
pub(crate) struct BodyValidator<'b> {
    validator_allocs: FuncValidatorAllocations,
    facts: FactsBuilder,
    budget: Budget<'b>,
}

/// Validates bodies and measures their frames, keeping allocations between them.
pub(crate) struct FrameValidator<'b> {
    validator_allocs: FuncValidatorAllocations,
    frame: FrameBuilder,
    budget: Budget<'b>,
}

/// Units of work that may be done: for all bodies together, and for the body at hand.
struct Budget<'b> {
    /// The work that all bodies together have spent, without the body at hand.
    spent: &'b AtomicU64,
    module_max: u64,
    body_max: u64,
    /// The work that the body at hand had left at its start: the smaller of both budgets.
    start: u64,
    left: u64,
}

impl Budget<'_> {
    /// For bodies of `code_bytes` bytes together, which note in `spent` what they spend.
    fn new<'b>(spent: &'b AtomicU64, code_bytes: u64, limits: &Limits) -> Budget<'b> {
        let module_max = Budget::max(code_bytes, limits);
        Budget { spent, module_max, body_max: 0, start: 0, left: 0 }
    }

    fn max(code_bytes: u64, limits: &Limits) -> u64 {
        let per_byte = limits.work_per_byte.min(Limits::WORK_PER_BYTE_MAX);
        per_byte.saturating_mul(code_bytes).saturating_add(Limits::WORK_BASE)
    }

    /// Begins a body of `code_bytes` bytes: it may spend the work that its own bytes buy, and at
    /// most the work that the others left.
    fn begin(&mut self, code_bytes: u64, limits: &Limits) {
        self.body_max = Budget::max(code_bytes, limits);
        let module_left = self.module_max.saturating_sub(self.spent.load(Ordering::Relaxed));
        self.start = self.body_max.min(module_left);
        self.left = self.start;
    }

    /// Ends the body.
    fn end(&mut self) {
        self.spent.fetch_add(self.start - self.left, Ordering::Relaxed);
        self.start = self.left;
    }

    #[cold]
    fn overspent(&self, work: u64, offset: usize) -> Error {
        let body = (self.start - self.left).saturating_add(work);
        if body > self.body_max {
            return Error::limit("work_per_byte", self.body_max, body, offset);
        }
        let module = self.spent.load(Ordering::Relaxed).saturating_add(body);
        Error::limit("work_per_byte", self.module_max, module, offset)
    }
}

impl Budgeted for Budget<'_> {
    #[inline]
    fn take(&mut self, work: u64) -> Option<()> {
        self.left = self.left.checked_sub(work)?;
        Some(())
    }

    #[inline]
    fn spend(&mut self, work: u64, offset: usize) -> Result<()> {
        match self.left.checked_sub(work) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.overspent(work, offset)),
        }
    }
}

impl BodyValidator<'_> {
    /// For a code section of `code_bytes` bytes, whose bodies have spent `spent`.
    pub(crate) fn new<'b>(
        spent: &'b AtomicU64,
        code_bytes: u64,
        limits: &Limits,
    ) -> BodyValidator<'b> {
        BodyValidator {
            validator_allocs: FuncValidatorAllocations::default(),
            facts: FactsBuilder::default(),
            budget: Budget::new(spent, code_bytes, limits),
        }
    }

    /// Validates `body` and returns its facts.
    pub(crate) fn validate(
        &mut self,
        func: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
        cx: BodyContext<'_>,
    ) -> Result<FuncFacts> {
        let index = FuncIdx(func.index);
        let ty = TypeIdx(func.ty);
        let mut validator = func.into_validator(std::mem::take(&mut self.validator_allocs));
        let facts =
            self.body(&mut validator, body, ty, cx).map_err(|error| error.in_func(index))?;
        self.budget.end();
        self.validator_allocs = validator.into_allocations();
        Ok(facts)
    }

    fn body(
        &mut self,
        validator: &mut FuncValidator<ValidatorResources>,
        body: &FunctionBody<'_>,
        ty: TypeIdx,
        cx: BodyContext<'_>,
    ) -> Result<FuncFacts> {
        let limits = cx.limits;
        let range = body.range();
        let size = range.end - range.start;
        if size > limits.body_bytes {
            let offset = range.start as usize;
            return Err(Error::limit("body_bytes", limits.body_bytes, size, offset));
        }
        let func_type = &cx.types[ty.index()];
        self.budget.begin(size, limits);
        let count = local_count(body, func_type, limits)?;
        self.budget.spend(count, range.start as usize)?;
        let mut locals = define_locals(validator, body, (cx.types, func_type))?;
        function_cells_within(locals.cells.into(), range.start as usize, limits)?;
        let mut reader = Operators::of(&body.get_binary_reader_for_operators()?, cx.bytes);
        locals.wide |= cx.wide;
        let (mut wide, mut operator) = (locals.wide, Operator::Nop);
        self.facts.begin(ty, cx, locals, reader.original_position() as u32);
        while !reader.eof() {
            if !self.facts.follows_types() {
                let run = plain_run(&mut reader, validator, &cx, &mut self.budget)?;
                self.facts.step_run(&run, validator);
            }
            if reader.eof() {
                break;
            }
            let offset = reader.original_position();
            let byte = cx.bytes[offset as usize];
            let second = cx.bytes.get(offset as usize + 1).copied().unwrap_or_default();
            // Only operators with the vector prefix make a `v128` out of something else; those of
            // objects take it from a type that says so (`has_vectors` of `decode`).
            if !wide && byte == 0xfd {
                wide = true;
                self.facts.widen(validator.operand_stack_height());
            }
            // Other references to exceptions and objects come from a local, a block, a global, a
            // table or a function of a type that says so.
            if matches!(byte, plain::REF_NULL | plain::OF_OBJECTS) {
                self.facts.may_hold_exceptions();
            }
            let writes_local = plain::writes_local(byte);
            if is_plain(byte, second) || writes_local {
                self.budget.spend(1, offset as usize)?;
                if writes_local {
                    self.facts.write(plain::local_index(&reader)?);
                }
                reader.visit(&mut validator.visitor(offset))??;
                self.facts.step_plain(offset as u32, validator);
            } else {
                self.other(&mut reader, &mut operator, validator, &cx)?;
            }
            let height = u64::from(validator.operand_stack_height());
            if height > limits.operand_height {
                let max = limits.operand_height;
                return Err(Error::limit("operand_height", max, height, offset as usize));
            }
        }
        reader.decoder().finish_expression(&validator.visitor(reader.original_position()))?;
        let facts = self.facts.finish(func_type);
        function_cells_within(facts.cells(), range.start as usize, limits)?;
        Ok(facts)
    }

    /// Validates an operator that is not plain; `operator` is a place for it.
    #[inline]
    fn other<'m>(
        &mut self,
        reader: &mut Operators<'m>,
        operator: &mut Operator<'m>,
        validator: &mut FuncValidator<ValidatorResources>,
        cx: &BodyContext<'_>,
    ) -> Result<()> {
        let offset = reader.original_position();
        let frame = validator.visitor(offset).current_frame();
        let Some(opcode) = peek(reader, frame, operator) else {
            // It says why.
            reader.visit(&mut validator.visitor(offset))??;
            return Err(Error::invalid("an operator that does not decode", offset as usize));
        };
        if let Some(frequent) = Frequent::of(operator) {
            debug_assert!(self.is_by_row(frequent, operator, cx), "{operator:?}");
            self.budget.spend(self.facts.work_of(frequent, cx), offset as usize)?;
            reader.visit(&mut validator.visitor(offset))??;
            self.facts.step_of(frequent, offset as u32, cx, validator);
            return self.depth_within(offset as usize, cx.limits);
        }
        let (row, immediates) = (opcode.row(), Opcode::immediates(operator));
        let work = self.facts.work(row, &immediates, *cx);
        self.budget.spend(work, offset as usize)?;
        self.targets_within(offset as usize, cx.limits)?;
        reader.visit(&mut validator.visitor(offset))??;
        if let (false, Some(proposal)) = (cx.probe, row.proposal) {
            return Err(Error::instruction(proposal.name(), row.mnemonic, offset as usize));
        }
        self.facts.step((row, &immediates), offset as u32, *cx, validator);
        self.depth_within(offset as usize, cx.limits)?;
        clear(operator, row.class);
        Ok(())
    }

    /// Whether the work and the cost of a frequent operator are those that its row gives.
    fn is_by_row(&self, frequent: Frequent, operator: &Operator<'_>, cx: &BodyContext<'_>) -> bool {
        let (row, immediates) = (Opcode::of(operator).row(), Opcode::immediates(operator));
        self.facts.work_of(frequent, cx) == self.facts.work_of_values(row, &immediates, *cx)
            && self.facts.cost_of(frequent) == self.facts.cost(row, &immediates, *cx)
    }

    fn targets_within(&self, offset: usize, limits: &Limits) -> Result<()> {
        let (max, targets) = (limits.br_table_targets, self.facts.br_table_targets());
        if targets > max {
            return Err(Error::limit("br_table_targets", max, targets, offset));
        }
        Ok(())
    }

    fn depth_within(&self, offset: usize, limits: &Limits) -> Result<()> {
        let (max, depth) = (limits.control_depth, self.facts.depth() as u64);
        if depth > max {
            return Err(Error::limit("control_depth", max, depth, offset));
        }
        Ok(())
    }
}

impl FrameValidator<'_> {
    /// For a code section of `code_bytes` bytes, whose bodies have spent `spent`.
    pub(crate) fn new<'b>(
        spent: &'b AtomicU64,
        code_bytes: u64,
        limits: &Limits,
    ) -> FrameValidator<'b> {
        FrameValidator {
            validator_allocs: FuncValidatorAllocations::default(),
            frame: FrameBuilder::default(),
            budget: Budget::new(spent, code_bytes, limits),
        }
    }

    /// Validates `body` and returns where its operators start and its frame; `None` if it is
    /// invalid or over a limit, for which [`BodyValidator::validate`] has the reason.
    pub(crate) fn validate(
        &mut self,
        func: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
        cx: BodyContext<'_>,
    ) -> Option<(u32, FrameFacts)> {
        let limits = cx.limits;
        let func_type = &cx.types[func.ty as usize];
        let range = body.range();
        let size = range.end - range.start;
        if size > limits.body_bytes {
            return None;
        }
        self.budget.begin(size, limits);
        let mut validator = func.into_validator(std::mem::take(&mut self.validator_allocs));
        let (cells, wide) = self.locals(&mut validator, body, func_type, limits)?;
        let mut reader = Operators::of(&body.get_binary_reader_for_operators().ok()?, cx.bytes);
        let start = reader.original_position() as u32;
        let locals = (func_type, cells, wide);
        let (frame, budget) = (&mut self.frame, &mut self.budget);
        let frame = frame.measure(&mut reader, &mut validator, locals, cx, budget)?;
        function_cells_within(frame.cells(), 0, limits).ok()?;
        self.budget.end();
        self.validator_allocs = validator.into_allocations();
        Some((start, frame))
    }

    /// Declares the locals to the validator; says how many cells they have with the parameters, and
    /// whether one of them is a `v128`.
    fn locals(
        &mut self,
        validator: &mut FuncValidator<ValidatorResources>,
        body: &FunctionBody<'_>,
        ty: &FuncType,
        limits: &Limits,
    ) -> Option<(u32, bool)> {
        let mut count = ty.params.len() as u64;
        let mut total = u64::from(cells_of(&ty.params));
        let mut wide = ty.params.contains(&ValType::V128);
        self.budget.take(count)?;
        let mut reader = body.get_locals_reader().ok()?;
        for _ in 0..reader.get_count() {
            let offset = reader.original_position();
            let (group, ty) = reader.read().ok()?;
            count += u64::from(group);
            if count > limits.locals_per_function {
                return None;
            }
            self.budget.take(group.into())?;
            validator.define_locals(offset, group, ty).ok()?;
            total += u64::from(group) * u64::from(cells(ty));
            wide |= ty == ValType::V128;
        }
        // Even without parameters there is a limit on their number, which is compared here too.
        let fits = count <= limits.locals_per_function;
        Some((u32::try_from(total).ok().filter(|_| fits)?, wide))
    }
}

/// Refuses a body that needs too many cells (2).
fn function_cells_within(cells: u64, offset: usize, limits: &Limits) -> Result<()> {
    let max = limits.function_cells.min(Limits::FUNCTION_CELLS_MAX);
    if cells > max {
        return Err(Error::limit("function_cells", max, cells, offset));
    }
    Ok(())
}

/// The number of parameters and declared locals.
fn local_count(body: &FunctionBody<'_>, ty: &FuncType, limits: &Limits) -> Result<u64> {
    let offset = body.range().start as usize;
    let mut count = 0;
    for group in body.get_locals_reader()? {
        count += u64::from(group?.0);
    }
    if count > u64::from(u32::MAX) {
        return Err(Error::invalid("too many locals", offset));
    }
    count += ty.params.len() as u64;
    if count > limits.locals_per_function {
        return Err(Error::limit("locals_per_function", limits.locals_per_function, count, offset));
    }
    Ok(count)
}

/// Declares the locals to the validator; says what they amount to.
fn define_locals(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    (types, ty): (&Types, &FuncType),
) -> Result<Locals> {
    let mut groups = Vec::new();
    let mut reader = body.get_locals_reader()?;
    for _ in 0..reader.get_count() {
        let offset = reader.original_position();
        let (group, ty) = reader.read()?;
        // The validator accepts 50,000 locals at most.
        validator.define_locals(offset, group, ty)?;
        groups.push((group, ty));
    }
    let cells = groups.iter().map(|&(group, ty)| group * cells(ty)).sum::<u32>();
    let (roots, late) = local_roots(types, ty, groups.iter().copied());
    let wide = groups.iter().map(|&(_, ty)| ty).chain(ty.params.iter().copied());
    Ok(Locals {
        cells: cells_of(&ty.params) + cells,
        wide: wide.into_iter().any(|ty| ty == ValType::V128),
        roots,
        late,
    })
}
