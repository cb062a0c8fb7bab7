//! Blocks, branches, returns and calls: W3 to W7.

use super::code::{Demand, Transfer};
use super::rows::Effect;
use super::state::{Below, State};
use super::terms::{Id, Num, Term};
use super::{Fault, Verdict, Walk};
use prova_bytecode::{Inst, Rule};
use prova_module::{BlockKind, BlockType, BrTable, FuncIdx, FuncType, Operator, TypeIdx, ValType};

/// An open block.
pub(super) struct Label {
    pub(super) kind: BlockKind,
    /// The home slot of its first parameter or result.
    pub(super) base: u32,
    /// Of each of the label's values whether it has two cells.
    values: Vec<bool>,
    /// The word to which branches go, as soon as one has or the label is passed.
    word: Option<u32>,
    /// What lies below the base.
    below: Below,
}

/// How a sequence of operators ends.
pub(super) enum Ender {
    Else,
    End,
}

/// Whether an operator opens a block.
pub(super) fn opens(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
    )
}

fn wide(types: &[ValType]) -> Vec<bool> {
    types.iter().map(|&ty| ty == ValType::V128).collect()
}

/// Sequences and blocks.
impl<'m> Walk<'m> {
    /// Walks over operators up to the `else` or `end` of the block that they are in.
    pub(super) fn sequence(
        &mut self,
        mut state: Option<State>,
    ) -> Result<(Option<State>, Ender), Fault> {
        let mut dead = 0;
        loop {
            let operators = self.operators;
            let Some((offset, operator)) = operators.get(self.next_operator) else {
                return Err(self.fault(Rule::Operators, "a body without end"));
            };
            self.next_operator += 1;
            self.offset = *offset;
            let Some(mut here) = state.take() else {
                match operator {
                    Operator::End if dead == 0 => return Ok((None, Ender::End)),
                    Operator::Else if dead == 0 => return Ok((None, Ender::Else)),
                    Operator::End => dead -= 1,
                    _ => dead += usize::from(opens(operator)),
                }
                continue;
            };
            self.meter(&mut here)?;
            match operator {
                Operator::End => return Ok((Some(here), Ender::End)),
                Operator::Else => return Ok((Some(here), Ender::Else)),
                _ => state = self.operator(here, operator)?,
            }
        }
    }

    /// The word of the hint of the operator at hand.
    fn hint(&mut self) -> Result<u32, Fault> {
        let hint = self.candidate.controls.get(self.next_hint);
        let Some(hint) = hint.filter(|hint| hint.offset == self.offset) else {
            let what = format!("no hint for the operator at {:#x}", self.offset);
            return Err(self.fault(Rule::Extents, what));
        };
        self.next_hint += 1;
        Ok(hint.word)
    }

    pub(super) fn open_body(&mut self, state: &State) {
        self.labels.push(Label {
            kind: BlockKind::Func,
            base: state.local_cells(),
            values: wide(&self.ty.results),
            word: None,
            below: Below::new(state, 0),
        });
    }

    /// Opens a block whose parameters are on the stack.
    fn open(&mut self, state: &mut State, kind: BlockKind, ty: BlockType) -> Verdict {
        let (params, results) = match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), wide(&[ty])),
            BlockType::FuncType(ty) => {
                let FuncType { params, results } = &self.module.types()[ty as usize];
                (wide(params), wide(results))
            }
        };
        let count = self.below_top(state, params.len())?;
        let base = state.stack.get(count).map_or(state.top(), |entry| entry.cell);
        let values = if kind == BlockKind::Loop { params } else { results };
        let below = Below::new(state, count);
        self.labels.push(Label { kind, base, values, word: None, below });
        Ok(())
    }

    /// The number of entries below the top ones.
    fn below_top(&self, state: &State, top: usize) -> Result<usize, Fault> {
        let below = state.stack.len().checked_sub(top);
        below.ok_or_else(|| self.fault(Rule::Operators, "an empty operand stack"))
    }

    pub(super) fn block(
        &mut self,
        mut state: State,
        kind: BlockKind,
        ty: BlockType,
    ) -> Result<Option<State>, Fault> {
        self.enter_block(&mut state, kind, ty)?;
        let (state, _) = self.sequence(Some(state))?;
        self.leave_block(state)
    }

    pub(super) fn enter_block(
        &mut self,
        state: &mut State,
        kind: BlockKind,
        ty: BlockType,
    ) -> Verdict {
        let word = self.hint()?;
        self.compute_to(state, word)?;
        self.open(state, kind, ty)?;
        if kind == BlockKind::Loop {
            let at = self.labels.len() - 1;
            self.edge(state, at)?;
            self.labels[at].word = Some(word);
            *state = self.behind(at);
            self.poll_due = true;
        }
        Ok(())
    }

    /// The `end` of a block, loop or `try_table`. What no branch goes to is no label: there the state just goes on.
    pub(super) fn leave_block(&mut self, state: Option<State>) -> Result<Option<State>, Fault> {
        let at = self.labels.len() - 1;
        let label = &self.labels[at];
        let state = if label.kind == BlockKind::Loop || label.word.is_none() {
            match state {
                None => None,
                Some(mut state) => {
                    let word = self.hint()?;
                    self.compute_to(&mut state, word)?;
                    Some(state)
                }
            }
        } else {
            Some(self.pass_label(state, None)?)
        };
        self.end_try(at)?;
        self.labels.pop();
        Ok(state)
    }

    /// The label at the end of the innermost block, which control reaches by falling through, by branches, or past an `if`.
    fn pass_label(
        &mut self,
        state: Option<State>,
        otherwise: Option<(State, Option<u32>)>,
    ) -> Result<State, Fault> {
        let at = self.labels.len() - 1;
        let word = self.hint()?;
        if let Some(mut state) = state {
            self.compute_to(&mut state, word)?;
            self.edge(&state, at)?;
        }
        self.at_word(word)?;
        if let Some(target) = self.labels[at].word {
            self.leads(Some(target), word)?;
        }
        if let Some((state, target)) = otherwise {
            self.edge(&state, at)?;
            self.leads(target, word)?;
        }
        Ok(self.behind(at))
    }

    fn behind(&mut self, at: usize) -> State {
        self.label_count += 1;
        let Label { below, values, .. } = &self.labels[at];
        State::behind_label(&mut self.terms, self.label_count, below, values)
    }

    fn if_(&mut self, mut state: State, ty: BlockType) -> Result<Option<State>, Fault> {
        let condition = self.pop(&mut state)?;
        let word = self.hint()?;
        let (inst, transfer) = self.compute_to_transfer(&mut state, word)?;
        let Transfer::Branch { condition: code, target } = transfer else {
            return Err(self.fault(Rule::Conditions, "an if without conditional branch"));
        };
        self.ends_at(inst, word)?;
        self.condition(condition, code, false)?;
        self.open(&mut state, BlockKind::If, ty)?;
        let at = self.labels.len() - 1;
        let before = state.clone();
        let (then, ender) = self.sequence(Some(state))?;
        let (state, otherwise) = match ender {
            Ender::End => (then, Some((before, target))),
            Ender::Else => {
                let word = self.hint()?;
                if let Some(mut then) = then {
                    let (inst, transfer) = self.compute_to_transfer(&mut then, word)?;
                    self.ends_at(inst, word)?;
                    self.arrive(&then, at, &transfer)?;
                }
                self.at_word(word)?;
                self.leads(target, word)?;
                (self.sequence(Some(before))?.0, None)
            }
        };
        let reached = state.is_some() || otherwise.is_some() || self.labels[at].word.is_some();
        let state = if reached { Some(self.pass_label(state, otherwise)?) } else { None };
        self.labels.pop();
        Ok(state)
    }

    pub(super) fn end_body(&mut self, state: Option<State>) -> Verdict {
        let Some(mut state) = state else { return Ok(()) };
        let word = self.hint()?;
        self.compute_to(&mut state, word)?;
        self.returns(&mut state, self.end)
    }
}

/// Edges.
impl<'m> Walk<'m> {
    fn label_at(&self, depth: u32) -> Result<usize, Fault> {
        let at = self.labels.len().checked_sub(1 + depth as usize);
        at.ok_or_else(|| self.fault(Rule::Operators, "a branch to no label"))
    }

    /// The position of the label that a clause of a `try_table` names, from outside of it.
    pub(super) fn clause_label(&self, depth: u32) -> Result<usize, Fault> {
        self.label_at(depth)
    }

    /// W4, the relation.
    fn edge(&mut self, state: &State, at: usize) -> Verdict {
        let (base, values) = (self.labels[at].base, self.labels[at].values.len());
        self.settled(state, base)?;
        let first = self.below_top(state, values)?;
        let wanted = state.cells_from(&mut self.terms, first);
        for (cell, want) in (base..).zip(wanted) {
            if state.held(cell) != Some(want) {
                let what = format!("s{cell} is not {}", self.terms.show(want, 3));
                return Err(self.fault(Rule::Values, what));
            }
        }
        Ok(())
    }

    /// Locals and positions below a base are where they belong.
    pub(super) fn settled(&mut self, state: &State, base: u32) -> Verdict {
        match state.wrong_below(&mut self.terms, base) {
            None => Ok(()),
            Some((cell, want)) => {
                let what = format!("s{cell} is not {}", self.terms.show(want, 3));
                Err(self.fault(Rule::Frozen, what))
            }
        }
    }

    /// W4, the target.
    pub(super) fn aim(&mut self, at: usize, target: Option<u32>) -> Verdict {
        match self.labels[at].word {
            Some(word) => self.leads(target, word),
            None => {
                self.labels[at].word = target;
                match target {
                    Some(_) => Ok(()),
                    None => Err(self.fault(Rule::Labels, "a branch before the code")),
                }
            }
        }
    }

    fn leads(&self, target: Option<u32>, word: u32) -> Verdict {
        if target == Some(word) {
            return Ok(());
        }
        Err(self.fault(Rule::Labels, format!("a branch to {target:?}, the label is @{word}")))
    }

    fn ends_at(&self, inst: &Inst, word: u32) -> Verdict {
        if inst.next == word {
            return Ok(());
        }
        Err(self.fault(Rule::Extents, format!("the code ends at @{}, not @{word}", inst.next)))
    }

    /// The transfer at the end of an edge's code.
    fn arrive(&mut self, state: &State, at: usize, transfer: &Transfer) -> Verdict {
        if self.labels[at].kind == BlockKind::Func {
            return self.returned(state, transfer);
        }
        let Transfer::Jump { target } = *transfer else {
            return Err(self.fault(Rule::Labels, "an edge that does not end in a jump"));
        };
        self.edge(state, at)?;
        self.aim(at, target)
    }

    /// A branch of the code that is an edge itself: W6 forbids it to lead to the body's end.
    fn direct(&mut self, state: &State, at: usize, target: Option<u32>) -> Verdict {
        if self.labels[at].kind == BlockKind::Func {
            return Err(self.fault(Rule::Labels, "a branch where a return belongs"));
        }
        self.edge(state, at)?;
        self.aim(at, target)
    }

    fn br(&mut self, mut state: State, depth: u32) -> Verdict {
        let at = self.label_at(depth)?;
        let word = self.hint()?;
        let (inst, transfer) = self.compute_to_transfer(&mut state, word)?;
        self.ends_at(inst, word)?;
        self.arrive(&state, at, &transfer)
    }

    fn br_if(&mut self, state: &mut State, condition: Id, depth: u32) -> Verdict {
        let at = self.label_at(depth)?;
        let word = self.hint()?;
        let (inst, transfer) = self.compute_to_transfer(state, word)?;
        let Transfer::Branch { condition: code, target } = transfer else {
            return Err(self.fault(Rule::Conditions, "a br_if without conditional branch"));
        };
        if inst.next == word {
            self.condition(condition, code, true)?;
            return self.direct(state, at, target);
        }
        self.condition(condition, code, false)?;
        self.leads(target, word)?;
        let mut taken = state.clone();
        let (inst, transfer) = self.compute_to_transfer(&mut taken, word)?;
        self.ends_at(inst, word)?;
        self.arrive(&taken, at, &transfer)
    }

    /// An entry goes to its label, or to code behind the table that ends in a jump there.
    fn br_table(&mut self, mut state: State, table: &BrTable<'_>) -> Verdict {
        let index = self.pop(&mut state)?;
        let word = self.hint()?;
        let (inst, transfer) = self.compute_to_transfer(&mut state, word)?;
        let Transfer::Table { index: code } = transfer else {
            return Err(self.fault(Rule::Conditions, "a br_table without table"));
        };
        self.same(Rule::Conditions, index, code, || "the index of a table".to_owned())?;
        let offsets = inst.table_targets(&self.candidate.words);
        let depths: Result<Vec<u32>, _> = table.targets().collect();
        let mut depths = depths.unwrap_or_else(|error| crate::cannot(&error.to_string()));
        depths.push(table.default());
        if offsets.len() != depths.len() {
            return Err(self.fault(Rule::Labels, "a table of another length"));
        }
        let mut stubs = std::collections::BTreeMap::<u32, Vec<usize>>::new();
        for (&offset, &depth) in offsets.iter().zip(&depths) {
            let at = self.label_at(depth)?;
            let target = inst.target(offset as i32);
            match target.filter(|target| (inst.next..word).contains(target)) {
                Some(stub) => stubs.entry(stub).or_default().push(at),
                None => self.direct(&state, at, target)?,
            }
        }
        for (stub, labels) in stubs {
            self.at_word(stub)?;
            let mut taken = state.clone();
            let (_, transfer) = self.compute_to_transfer(&mut taken, word)?;
            for at in labels {
                self.arrive(&taken, at, &transfer)?;
            }
        }
        self.at_word(word)
    }

    /// Code up to a word that returns.
    fn returns(&mut self, state: &mut State, word: u32) -> Verdict {
        let (inst, transfer) = self.compute_to_transfer(state, word)?;
        self.ends_at(inst, word)?;
        self.returned(state, &transfer)
    }

    /// W6.
    fn returned(&mut self, state: &State, transfer: &Transfer) -> Verdict {
        let first = self.below_top(state, self.ty.results.len())?;
        let wanted = state.cells_from(&mut self.terms, first);
        let given: Vec<Option<Id>> = match transfer {
            Transfer::Return(None) => {
                (0..wanted.len() as u32).map(|cell| state.held(cell)).collect()
            }
            Transfer::Return(Some(values)) => values.iter().copied().map(Some).collect(),
            Transfer::Branch { .. } | Transfer::Jump { .. } | Transfer::Table { .. } => {
                return Err(self.fault(Rule::Results, "an edge that does not end in a return"));
            }
        };
        if given == wanted.into_iter().map(Some).collect::<Vec<_>>() {
            return Ok(());
        }
        Err(self.fault(Rule::Results, "other results"))
    }

    /// W5.
    fn condition(&mut self, wasm: Id, code: Id, when: bool) -> Verdict {
        let (want, have) = (self.terms.truth(wasm), self.terms.truth(code));
        if want.0 == have.0 && (want.1 == have.1) == when {
            return Ok(());
        }
        let (want, have) = (self.terms.show(wasm, 3), self.terms.show(code, 3));
        Err(self.fault(Rule::Conditions, format!("branches on {have}, in Wasm {want}: {when}")))
    }
}

/// Operators.
impl<'m> Walk<'m> {
    /// A control operator; gives the state behind it, or `None` if control does not come there.
    pub(super) fn control(
        &mut self,
        mut state: State,
        operator: &Operator<'m>,
    ) -> Result<Option<State>, Fault> {
        let here = &mut state;
        match *operator {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.act(here, Effect::new("unreachable"), Vec::new())?;
                return Ok(None);
            }
            Operator::Block { blockty } => return self.block(state, BlockKind::Block, blockty),
            Operator::Loop { blockty } => return self.block(state, BlockKind::Loop, blockty),
            Operator::If { blockty } => return self.if_(state, blockty),
            Operator::Br { relative_depth } => {
                self.br(state, relative_depth)?;
                return Ok(None);
            }
            Operator::BrTable { ref targets } => {
                self.br_table(state, targets)?;
                return Ok(None);
            }
            Operator::Return => {
                let word = self.hint()?;
                self.returns(here, word)?;
                return Ok(None);
            }
            Operator::BrIf { relative_depth } => {
                let condition = self.pop(here)?;
                self.br_if(here, condition, relative_depth)?;
            }
            Operator::BrOnNull { relative_depth } => {
                let reference = self.pop(here)?;
                let condition = self.terms.of(Term::IsNull(reference));
                self.br_if(here, condition, relative_depth)?;
                here.push(reference, false);
            }
            Operator::BrOnNonNull { relative_depth } => {
                let reference = self.pop(here)?;
                here.push(reference, false);
                let null = self.terms.of(Term::IsNull(reference));
                let condition = self.terms.num(Num::i32_eqz, &[null]);
                self.br_if(here, condition, relative_depth)?;
                self.pop(here)?;
            }
            _ => return self.call_operator(state, operator),
        }
        Ok(Some(state))
    }

    fn call_operator(
        &mut self,
        mut state: State,
        operator: &Operator<'m>,
    ) -> Result<Option<State>, Fault> {
        let (name, ty, ends) = match *operator {
            Operator::Call { function_index: func } => ("call", Callee::Func(func), false),
            Operator::ReturnCall { function_index: func } => {
                ("return_call", Callee::Func(func), true)
            }
            Operator::CallIndirect { type_index, table_index } => {
                ("call_indirect", Callee::Table(type_index, table_index), false)
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                ("return_call_indirect", Callee::Table(type_index, table_index), true)
            }
            Operator::CallRef { type_index } => ("call_ref", Callee::Ref(type_index), false),
            Operator::ReturnCallRef { type_index } => {
                ("return_call_ref", Callee::Ref(type_index), true)
            }
            _ => {
                let offset = self.offset;
                return Err(self.fault(Rule::Operators, format!("the operator at {offset:#x}")));
            }
        };
        let here = &mut state;
        let (args, ty) = match ty {
            Callee::Func(func) => {
                (vec![self.terms.constant(func.into())], self.module.func_type_idx(FuncIdx(func)))
            }
            Callee::Table(ty, table) => {
                let index = self.pop(here)?;
                let [y, t] = [ty, table].map(|index| self.terms.constant(index.into()));
                (vec![index, y, t], TypeIdx(ty))
            }
            Callee::Ref(ty) => {
                let reference = self.pop(here)?;
                (vec![reference, self.terms.constant(ty.into())], TypeIdx(ty))
            }
        };
        self.call_of(here, Effect::new(name), args, ty, ends)?;
        Ok((!ends).then_some(state))
    }

    /// W7 for a call, or a throw, of values of this type.
    pub(super) fn call_of(
        &mut self,
        state: &mut State,
        effect: Effect,
        args: Vec<Id>,
        ty: TypeIdx,
        ends: bool,
    ) -> Verdict {
        let ty = &self.module.types()[ty.index()];
        let first = self.below_top(state, ty.params.len())?;
        let passed = state.cells_from(&mut self.terms, first);
        for _ in first..state.stack.len() {
            self.pop(state)?;
        }
        let (mut results, mut pushed) = (Vec::new(), Vec::new());
        if !ends {
            for (index, wide) in wide(&ty.results).into_iter().enumerate() {
                let value = self.coming(index as u32);
                results.push(value);
                if wide {
                    results.push(self.terms.high(value));
                }
                pushed.push((value, wide));
            }
        }
        self.demand(state, &Demand { effect, args, call: Some((passed, results)) })?;
        if !ends {
            self.may_throw(state)?;
            self.rooted(state)?;
        }
        for (value, wide) in pushed {
            state.push(value, wide);
        }
        Ok(())
    }
}

/// What a call names.
enum Callee {
    Func(u32),
    /// A type and a table.
    Table(u32, u32),
    /// A type.
    Ref(u32),
}
