//! Blocks, branches, returns and calls: which code belongs to a control operator, and what each
//! edge must establish.
//!
//! The hints name the word at which the code of each control operator ends; the code of an edge
//! stands where the edge leaves. So the code is walked in the order of its words, each word once,
//! and a wrong hint is refused.
//!
//! # Edges
//! An edge to a label with base `b` is right if
//!
//! * E1. no local and no frozen position below `b` is in the mismatch set (`state`), and
//! * E2. each of the label's values is in its home slot: the code's cells there are the cells of
//!   the top values.
//!
//! Its target word must be the label's, once that is known. An edge to the body's label is a
//! return.

use super::code::Step;
use super::effects::Effect;
use super::state::Mark;
use super::wasm::Dead;
use super::{Component, Fault, Observer, Proof, Rule, Verdict};
use crate::encode::Inst;
use prova_module::walk::BlockTypes;
use prova_module::{BlockKind, BlockType, BrTable, FuncIdx, TypeIdx, ValType};
use prova_terms::{Prim, Vn};
use std::borrow::Cow;

/// An open block.
pub(super) struct Frame<'t> {
    pub(super) kind: BlockKind,
    /// The offset of its operator.
    offset: u32,
    /// Stack entries below its parameters.
    count: usize,
    /// The home slot of its first parameter or result.
    pub(super) base: u32,
    /// Its parameters and results.
    types: BlockTypes<'t>,
    /// For a loop, the label's word; else the word to which its branches go, once there is one.
    word: Option<u32>,
    /// Of an `if` whose `else` has not come: where its condition leads when it is zero, and whether
    /// that is right as the edge to its `end`.
    otherwise: Option<(u32, bool)>,
    /// Of the same, the state before the then-arm.
    mark: Option<Mark>,
}

/// Whether a value has two cells.
fn is_wide(ty: &ValType) -> bool {
    *ty == ValType::V128
}

fn hint_fault(what: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(Rule::Extents, what)
}

impl<O: Observer> Proof<'_, '_, O> {
    pub(super) fn wasm_unreachable(&mut self) -> Verdict {
        self.demand(Effect::Unreachable, [])?;
        self.live = false;
        Ok(())
    }

    /// Counts blocks of unreachable code; comes back at the `else` or `end` of the block that
    /// became unreachable.
    pub(super) fn skip(&mut self, operator: Dead) -> Verdict {
        match operator {
            Dead::Block => self.dead_depth += 1,
            Dead::Else if self.dead_depth == 0 => self.else_()?,
            Dead::End if self.dead_depth == 0 => self.end()?,
            Dead::End => self.dead_depth -= 1,
            Dead::Else | Dead::Other => {}
        }
        Ok(())
    }
}

/// Blocks.
impl<'t, O: Observer> Proof<'t, '_, O> {
    /// Opens the body.
    pub(super) fn open_body(&mut self, func: FuncIdx) {
        let types = BlockTypes::Body(self.module.func_type(func));
        self.frames.push(Frame {
            kind: BlockKind::Func,
            offset: self.offset,
            count: 0,
            base: self.state.local_cells,
            types,
            word: None,
            otherwise: None,
            mark: None,
        });
    }

    fn open(&mut self, kind: BlockKind, ty: BlockType) -> Result<usize, Fault> {
        let module = self.module;
        let types = BlockTypes::of(ty, |ty| module.types().get(ty as usize));
        let types = types.ok_or_else(|| Fault::new(Rule::Operators, "a type that is not there"))?;
        let count = self.state.entries().checked_sub(types.params().len());
        let count = count.ok_or_else(|| Fault::new(Rule::Operators, "an empty operand stack"))?;
        let base = self.state.entry_cell(count);
        self.state.track(base);
        self.frames.push(Frame {
            kind,
            offset: self.offset,
            count,
            base,
            types,
            word: None,
            otherwise: None,
            mark: None,
        });
        Ok(self.frames.len() - 1)
    }

    pub(super) fn block(&mut self, kind: BlockKind, ty: BlockType) -> Verdict {
        let word = self.hint()?;
        self.run_to(word)?;
        self.open(kind, ty).map(drop)
    }

    pub(super) fn loop_(&mut self, ty: BlockType) -> Verdict {
        let word = self.hint()?;
        self.run_to(word)?;
        let at = self.open(BlockKind::Loop, ty)?;
        self.edge(at)?;
        let frame = &mut self.frames[at];
        frame.word = Some(word);
        let (count, base, types) = (frame.count, frame.base, frame.types);
        self.state.label(
            &mut self.terms.borrow_mut(),
            count,
            base,
            types.params().iter().map(is_wide),
        );
        self.poll_due = true;
        Ok(())
    }

    pub(super) fn if_(&mut self, ty: BlockType) -> Verdict {
        let condition = self.pop()?;
        let word = self.hint()?;
        let (inst, step) = self.run_to_transfer(word)?;
        let at = self.open(BlockKind::If, ty)?;
        let Step::Branch { condition: code, target } = step else {
            return Err(Fault::new(Rule::Conditions, "an if without conditional branch"));
        };
        self.ends_at(&inst, word)?;
        self.condition(condition, code, false)?;
        // Without `else` its parameters are its results (validation), and its condition may lead to
        // its end.
        let frame = &self.frames[at];
        let direct =
            frame.types.params().iter().map(is_wide).eq(frame.types.results().iter().map(is_wide))
                && self.is_right(at);
        let mark = self.state.mark();
        let frame = &mut self.frames[at];
        frame.otherwise = Some((target, direct));
        frame.mark = Some(mark);
        Ok(())
    }

    pub(super) fn else_(&mut self) -> Verdict {
        let word = self.hint()?;
        let at = self.frames.len() - 1;
        if self.live {
            let (inst, step) = self.run_to_transfer(word)?;
            self.ends_at(&inst, word)?;
            self.arrive(at, &step)?;
        }
        let frame = &mut self.frames[at];
        let (Some((target, _)), Some(mark)) = (frame.otherwise.take(), frame.mark.take()) else {
            return Err(Fault::new(Rule::Operators, "an else without if"));
        };
        let (count, base, types) = (frame.count, frame.base, frame.types);
        self.state.rollback(mark, count, base, types.params().iter().map(is_wide));
        self.at_word(word)?;
        self.lands(target, word)?;
        self.live = true;
        Ok(())
    }

    pub(super) fn end(&mut self) -> Verdict {
        let at = self.frames.len() - 1;
        let frame = &self.frames[at];
        if frame.kind == BlockKind::Func {
            return self.end_body();
        }
        let label =
            frame.kind == BlockKind::If || frame.kind != BlockKind::Loop && frame.word.is_some();
        if !label {
            if self.live {
                let word = self.hint()?;
                self.run_to(word)?;
            }
            self.end_try(at)?;
            self.frames.pop();
            return Ok(());
        }
        let reached = self.live || frame.word.is_some() || frame.otherwise.is_some();
        if reached {
            let word = self.hint()?;
            if self.live {
                self.run_to(word)?;
                self.edge(at)?;
            }
            self.at_word(word)?;
            if let Some(target) = self.frames[at].word {
                self.lands(target, word)?;
            }
            if let Some((target, direct)) = self.frames[at].otherwise.take() {
                if !direct {
                    return Err(self.wrong_direct(at));
                }
                self.lands(target, word)?;
            }
        }
        self.end_try(at)?;
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        if let Some(mark) = frame.mark {
            self.state.unmark(mark);
        }
        if reached {
            let mut terms = self.terms.borrow_mut();
            self.state.label(
                &mut terms,
                frame.count,
                frame.base,
                frame.types.results().iter().map(is_wide),
            );
        }
        self.live = reached;
        Ok(())
    }

    pub(super) fn wasm_return(&mut self) -> Verdict {
        let word = self.hint()?;
        self.return_path(word)?;
        self.live = false;
        Ok(())
    }

    fn end_body(&mut self) -> Verdict {
        if self.live {
            let word = self.hint()?;
            self.run_to(word)?;
            let end = self.code_end();
            self.return_path(end)?;
        }
        self.live = false;
        self.frames.pop();
        Ok(())
    }
}

/// Edges.
impl<O: Observer> Proof<'_, '_, O> {
    pub(super) fn frame_at(&self, depth: u32) -> Result<usize, Fault> {
        let at = self.frames.len().checked_sub(1 + depth as usize);
        at.ok_or_else(|| Fault::new(Rule::Operators, "a branch to no label"))
    }

    /// E1 and E2 for an edge from here to the label of `frames[at]`.
    #[inline]
    fn edge(&self, at: usize) -> Verdict {
        if self.is_right(at) { Ok(()) } else { Err(self.wrong_edge(at)) }
    }

    /// Whether an edge from here to the label of `frames[at]` is right.
    fn is_right(&self, at: usize) -> bool {
        let frame = &self.frames[at];
        let Some(from) = self.values(frame) else { return false };
        let mut cells = (frame.base..).zip(from..self.state.top());
        self.state.agrees_below(frame.base)
            && cells.all(|(slot, cell)| self.state.wasm(cell) == self.state.code(slot))
    }

    /// The cell of the first of the label's values, which are on top of the stack.
    fn values(&self, frame: &Frame<'_>) -> Option<u32> {
        let values = frame.types.label(frame.kind);
        let first = self.state.entries().checked_sub(values.len())?;
        Some(self.state.entry_cell(first))
    }

    /// The fault of an edge that is not right.
    #[cold]
    fn wrong_edge(&self, at: usize) -> Fault {
        let frame = &self.frames[at];
        if !self.state.agrees_below(frame.base) {
            let cell = self.state.mismatch_below(frame.base);
            return self.mismatch(Rule::Frozen, cell, Some(frame.offset));
        }
        let label = frame.offset;
        let cells = self.values(frame).map(|from| (frame.base..).zip(from..self.state.top()));
        for (slot, cell) in cells.into_iter().flatten() {
            let (want, have) = (self.state.wasm(cell), self.state.code(slot));
            if want != have {
                return Fault::differs(Rule::Values, Component::Value { slot, label }, want, have);
            }
        }
        Fault::new(Rule::Operators, "an empty operand stack")
    }

    /// The fault of the edge from the condition of an `if` without `else` to its end, seen from the
    /// `end`.
    #[cold]
    fn wrong_direct(&mut self, at: usize) -> Fault {
        let frame = &mut self.frames[at];
        if let Some(mark) = frame.mark.take() {
            let (count, base, params) = (frame.count, frame.base, frame.types.params());
            self.state.rollback(mark, count, base, params.iter().map(is_wide));
        }
        self.wrong_edge(at)
    }

    #[cold]
    pub(super) fn mismatch(&self, rule: Rule, cell: u32, label: Option<u32>) -> Fault {
        let (want, have) = (self.state.wasm(cell), self.state.code(cell));
        Fault::differs(rule, Component::Cell { cell, label }, want, have)
    }

    /// The code of an edge has ended with `step`: it must be a jump to the label of `frames[at]`,
    /// or a return for the body's.
    fn arrive(&mut self, at: usize, step: &Step) -> Verdict {
        if self.frames[at].kind == BlockKind::Func {
            return self.returned(step);
        }
        let Step::Br { target } = *step else {
            return Err(Fault::new(Rule::Labels, "an edge that does not end in a jump"));
        };
        self.edge(at)?;
        self.aim(at, target)
    }

    /// A branch to `target` is one to the label of `frames[at]`.
    pub(super) fn aim(&mut self, at: usize, target: u32) -> Verdict {
        let frame = &mut self.frames[at];
        match frame.word {
            Some(word) => self.lands(target, word),
            None => {
                frame.word = Some(target);
                Ok(())
            }
        }
    }

    fn lands(&self, target: u32, word: u32) -> Verdict {
        if target == word {
            return Ok(());
        }
        Err(Fault::new(Rule::Labels, format!("a branch to @{target}, where the label is @{word}")))
    }

    pub(super) fn br(&mut self, depth: u32) -> Verdict {
        let at = self.frame_at(depth)?;
        let word = self.hint()?;
        let (inst, step) = self.run_to_transfer(word)?;
        self.ends_at(&inst, word)?;
        self.arrive(at, &step)?;
        self.live = false;
        Ok(())
    }

    /// Direct, or inverted around the code of the edge.
    pub(super) fn br_if(&mut self, depth: u32) -> Verdict {
        let condition = self.pop()?;
        self.branch_if(condition, depth)
    }

    /// The reference is no value of the branch; where it is not taken it stays.
    pub(super) fn br_on_null(&mut self, depth: u32) -> Verdict {
        let reference = self.pop()?;
        let condition = self.terms.borrow_mut().is_null(reference);
        self.branch_if(condition, depth)?;
        self.push(reference, false)
    }

    /// The reference is the last value of the branch.
    pub(super) fn br_on_non_null(&mut self, depth: u32) -> Verdict {
        let reference = self.pop()?;
        self.push(reference, false)?;
        let condition = {
            let mut terms = self.terms.borrow_mut();
            let null = terms.is_null(reference);
            terms.operator(Prim::i32_eqz, &[null])
        };
        self.branch_if(condition, depth)?;
        self.pop().map(drop)
    }

    pub(super) fn branch_if(&mut self, condition: Vn, depth: u32) -> Verdict {
        let at = self.frame_at(depth)?;
        let word = self.hint()?;
        let (inst, step) = self.run_to_transfer(word)?;
        let Step::Branch { condition: code, target } = step else {
            return Err(Fault::new(Rule::Conditions, "a br_if without conditional branch"));
        };
        let direct = inst.next == word;
        self.condition(condition, code, direct)?;
        if direct {
            if self.frames[at].kind == BlockKind::Func {
                return Err(Fault::new(Rule::Labels, "a branch to the body's label is a return"));
            }
            self.edge(at)?;
            return self.aim(at, target);
        }
        self.lands(target, word)?;
        let mark = self.state.mark();
        let (inst, step) = self.run_to_transfer(word)?;
        self.ends_at(&inst, word)?;
        self.arrive(at, &step)?;
        self.state.rollback_code(mark);
        Ok(())
    }

    /// Each entry leads to its label, or to a stub behind the table that does.
    pub(super) fn br_table(&mut self, table: &BrTable<'_>) -> Verdict {
        let index = self.pop()?;
        let word = self.hint()?;
        let (inst, step) = self.run_to_transfer(word)?;
        let Step::Table { index: code } = step else {
            return Err(Fault::new(Rule::Conditions, "a br_table without table"));
        };
        if code != index {
            return Err(Fault::differs(Rule::Conditions, Component::TableIndex, index, code));
        }
        let words = self.code_words();
        let targets = inst.table_targets(words);
        if targets.len() != table.len() as usize + 1 {
            return Err(Fault::new(Rule::Labels, "a table of another length"));
        }
        let mut edges = Vec::with_capacity(targets.len());
        for (&target, depth) in targets.iter().zip(table.targets().chain([Ok(table.default())])) {
            let depth =
                depth.map_err(|_| Fault::new(Rule::Operators, "a table that does not decode"))?;
            let target = inst.target(target as i32);
            let target =
                target.ok_or_else(|| Fault::new(Rule::Labels, "a branch before the code"))?;
            edges.push((target, self.frame_at(depth)?));
        }
        edges.sort_unstable();
        edges.dedup();
        let stubs =
            edges.iter().filter(|&&(target, _)| target >= inst.next && target < word).count();
        let from = edges.partition_point(|&(target, _)| target < inst.next);
        for (i, &(target, at)) in edges.iter().enumerate() {
            if (from..from + stubs).contains(&i) {
                continue;
            }
            if self.frames[at].kind == BlockKind::Func {
                return Err(Fault::new(Rule::Labels, "a branch to the body's label is a return"));
            }
            self.edge(at)?;
            self.aim(at, target)?;
        }
        for group in edges[from..from + stubs].chunk_by(|a, b| a.0 == b.0) {
            self.at_word(group[0].0)?;
            self.state.forget_accumulators();
            let mark = self.state.mark();
            let (_, step) = self.run_to_transfer(word)?;
            for &(_, at) in group {
                self.arrive(at, &step)?;
            }
            self.state.rollback_code(mark);
        }
        self.live = false;
        self.at_word(word)
    }

    /// Code up to `word` that ends in a return of the function's results.
    fn return_path(&mut self, word: u32) -> Verdict {
        let (inst, step) = self.run_to_transfer(word)?;
        self.ends_at(&inst, word)?;
        self.returned(&step)
    }

    /// The results of the function are the top values.
    fn returned(&mut self, step: &Step) -> Verdict {
        let results = self.frames[0].types.results().len();
        let first = self.state.entries().checked_sub(results);
        let first = first.ok_or_else(|| Fault::new(Rule::Operators, "an empty operand stack"))?;
        let from = self.state.entry_cell(first);
        let cells = self.state.top() - from;
        // F11: as many as the function has.
        let given: Option<&[Vn]> = match step {
            Step::Return => None,
            Step::Return1(vn) => Some(std::slice::from_ref(vn)),
            Step::Return2(both) => Some(both),
            Step::Next | Step::End | Step::Br { .. } | Step::Branch { .. } | Step::Table { .. } => {
                return Err(Fault::new(Rule::Results, "an edge that does not end in a return"));
            }
        };
        for index in 0..cells {
            let want = self.state.wasm(from + index);
            let have = match given {
                None => self.state.code(index),
                Some(values) => values.get(index as usize).copied().unwrap_or(Vn::UNDEF),
            };
            if want != have {
                return Err(Fault::differs(Rule::Results, Component::Result { index }, want, have));
            }
        }
        Ok(())
    }

    /// The code's condition is the Wasm's (`when`) or its negation.
    fn condition(&mut self, wasm: Vn, code: Vn, when: bool) -> Verdict {
        if wasm == code && when {
            return Ok(());
        }
        let ((want, polarity), (have, other)) = {
            let mut terms = self.terms.borrow_mut();
            (terms.truth(wasm), terms.truth(code))
        };
        if want == have && (polarity == other) == when {
            return Ok(());
        }
        Err(Fault::differs(Rule::Conditions, Component::Condition { when }, wasm, code))
    }
}

/// Calls.
impl<O: Observer> Proof<'_, '_, O> {
    pub(super) fn wasm_call(&mut self, func: u32, tail: bool) -> Verdict {
        let ty = self.module.func_type_idx(FuncIdx(func));
        let effect = if tail { Effect::ReturnCall } else { Effect::Call };
        self.wasm_calls(effect, [Vn::index(func)], ty, tail)
    }

    pub(super) fn wasm_call_ref(&mut self, ty: u32, tail: bool) -> Verdict {
        let effect = if tail { Effect::ReturnCallRef } else { Effect::CallRef };
        let reference = self.pop()?;
        self.wasm_calls(effect, [reference, Vn::index(ty)], TypeIdx(ty), tail)
    }

    pub(super) fn wasm_call_indirect(&mut self, ty: u32, table: u32, tail: bool) -> Verdict {
        let effect = if tail { Effect::ReturnCallIndirect } else { Effect::CallIndirect };
        let index = self.pop()?;
        let args = [index, Vn::index(ty), Vn::index(table)];
        self.wasm_calls(effect, args, TypeIdx(ty), tail)
    }

    /// Pops the operands of a call or of an operator that is performed into `call_args`, by cells,
    /// and leaves no results.
    pub(super) fn pop_call_args(&mut self, operands: usize) -> Verdict {
        let first = self.state.entries().checked_sub(operands);
        let first = first.ok_or_else(|| Fault::new(Rule::Operators, "an empty operand stack"))?;
        self.call_args.clear();
        let from = if operands == 0 { self.state.top() } else { self.state.entry_cell(first) };
        for cell in from..self.state.top() {
            self.call_args.push(self.state.wasm(cell));
        }
        self.state.truncate(first);
        self.call_results.clear();
        Ok(())
    }

    /// Leaves the result of an operator that is performed next in `call_results`, which are empty:
    /// none, or a value of one or two cells. Gives the value.
    pub(super) fn performed_result(&mut self, cells: u32) -> Vn {
        let result = self.next_result();
        if cells > 0 {
            self.call_results.push(result);
        }
        if cells == 2 {
            let high = self.terms.borrow_mut().high(result);
            self.call_results.push(high);
        }
        result
    }

    pub(super) fn wasm_calls<const N: usize>(
        &mut self,
        effect: Effect,
        args: [Vn; N],
        ty: TypeIdx,
        tail: bool,
    ) -> Verdict {
        let ty = &self.module.types()[ty.index()];
        self.pop_call_args(ty.params.len())?;
        if !tail {
            for (k, &result) in ty.results.iter().enumerate() {
                let vn = Vn::effect(self.effects + 1, k as u32);
                self.call_results.push(vn);
                if result == ValType::V128 {
                    let high = self.terms.borrow_mut().high(vn);
                    self.call_results.push(high);
                }
            }
        }
        self.demand_with(effect, args, Vn::UNDEF)?;
        if tail {
            self.live = false;
            return Ok(());
        }
        self.thrown()?;
        self.rooted()?;
        let mut cell = 0;
        for &result in &ty.results {
            let wide = result == ValType::V128;
            let vn = self.call_results[cell];
            self.push(vn, wide)?;
            cell += 1 + usize::from(wide);
        }
        Ok(())
    }

    /// The word after the instruction must be the one that the hint gives.
    fn ends_at(&self, inst: &Inst, word: u32) -> Verdict {
        if inst.next == word {
            return Ok(());
        }
        Err(hint_fault(format!(
            "the operator's code ends at @{}, its hint says @{word}",
            inst.next
        )))
    }
}
