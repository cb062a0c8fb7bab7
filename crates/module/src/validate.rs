//! Validation of one function body after the other, with limits and facts in the same loop: operators
//! → [`FuncFacts`], or the rule that refuses the body.
//!
//! Neighbours: `decode` drives it with wasmparser's validator; `facts` collects.
//!
//! Bad input: nothing is allocated by a count that was not compared with a limit, and the work is
//! bounded by [`Limits::work_per_byte`] before it is done. Tests: `tests/limits.rs`, `tests/reject.rs`.

use crate::FuncType;
use crate::cost::is_plain;
use crate::error::{Error, Result};
use crate::facts::{BodyContext, FactsBuilder, FuncFacts, cells, cells_of};
use crate::index::{FuncIdx, TypeIdx};
use crate::limits::Limits;
use wasmparser::{
    FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody, ValType,
    ValidatorResources,
};

/// Validates bodies, keeping allocations between them.
pub(crate) struct BodyValidator {
    validator_allocs: FuncValidatorAllocations,
    facts: FactsBuilder,
    /// Units of work left for all bodies together.
    work_left: u64,
    work_max: u64,
}

impl BodyValidator {
    pub(crate) fn new(module_bytes: usize, limits: &Limits) -> BodyValidator {
        let work_max = limits
            .work_per_byte
            .saturating_mul(module_bytes as u64)
            .saturating_add(Limits::WORK_BASE);
        BodyValidator {
            validator_allocs: FuncValidatorAllocations::default(),
            facts: FactsBuilder::default(),
            work_left: work_max,
            work_max,
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
        let (local_cells, wide_locals) = locals(validator, body, func_type, limits)?;
        let mut reader = body.get_binary_reader_for_operators()?;
        let mut wide = cx.wide || wide_locals;
        self.facts.begin(ty, cx, wide, reader.original_position() as u32);
        while !reader.eof() {
            let offset = reader.original_position();
            let byte = cx.bytes[offset as usize];
            // Only operators with the vector prefix make a `v128` out of something else.
            if !wide && byte == 0xfd {
                wide = true;
                self.facts.widen(validator.operand_stack_height());
            }
            if is_plain(byte) {
                self.spend(1, offset as usize)?;
                reader.visit_operator(&mut validator.visitor(offset))??;
                self.facts.step_plain(offset as u32, validator);
            } else {
                let operator = reader.peek_operator(&validator.visitor(offset))?;
                let work = self.facts.work(&operator, cx);
                self.spend(work, offset as usize)?;
                self.targets_within(offset as usize, limits)?;
                reader.visit_operator(&mut validator.visitor(offset))??;
                self.facts.step(&operator, offset as u32, cx, validator);
                self.depth_within(offset as usize, limits)?;
            }
            let height = u64::from(validator.operand_stack_height());
            if height > limits.operand_height {
                let max = limits.operand_height;
                return Err(Error::limit("operand_height", max, height, offset as usize));
            }
        }
        reader.finish_expression(&validator.visitor(reader.original_position()))?;
        Ok(self.facts.finish(func_type, local_cells))
    }

    /// Takes `work` units off the budget.
    #[inline]
    fn spend(&mut self, work: u64, offset: usize) -> Result<()> {
        match self.work_left.checked_sub(work) {
            Some(left) => {
                self.work_left = left;
                Ok(())
            }
            None => {
                let actual = (self.work_max - self.work_left).saturating_add(work);
                Err(Error::limit("work_per_byte", self.work_max, actual, offset))
            }
        }
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

/// Declares the locals to the validator; returns the cells of parameters and locals, and whether
/// one is a `v128`.
fn locals(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    ty: &FuncType,
    limits: &Limits,
) -> Result<(u32, bool)> {
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
    let mut cell_count = cells_of(&ty.params);
    let mut wide = ty.params.contains(&ValType::V128);
    let mut reader = body.get_locals_reader()?;
    for _ in 0..reader.get_count() {
        let offset = reader.original_position();
        let (group, ty) = reader.read()?;
        validator.define_locals(offset, group, ty)?;
        cell_count += group * cells(ty);
        wide |= ty == ValType::V128;
    }
    Ok((cell_count, wide))
}
