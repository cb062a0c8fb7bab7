//! Sequences and blocks: W3 and W4. Branches and returns are in `edges`, calls in `calls`.

use super::code::Transfer;
use super::rows::Effect;
use super::state::{Below, State};
use super::terms::{Num, Term};
use super::{Fault, Plant, Verdict, Walk};
use prova_bytecode::Rule;
use prova_module::{BlockKind, BlockType, FuncType, Operator, ValType};

/// An open block.
pub(super) struct Label {
    pub(super) kind: BlockKind,
    /// The home slot of its first parameter or result.
    pub(super) base: u32,
    /// Of each of the label's values whether it has two cells.
    pub(super) values: Vec<bool>,
    /// The word to which branches go, as soon as one has or the label is passed.
    pub(super) word: Option<u32>,
    /// The state below the base.
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

/// Of each type whether its values have two cells.
pub(super) fn wide(types: &[ValType]) -> Vec<bool> {
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
    pub(super) fn hint(&mut self) -> Result<u32, Fault> {
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
    pub(super) fn below_top(&self, state: &State, top: usize) -> Result<usize, Fault> {
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
            if !self.forgets(Plant::Loops) {
                *state = self.behind(at);
            }
            self.poll_due = true;
        }
        Ok(())
    }

    /// The `end` of a block, loop or `try_table`. A block that no branch goes to has no label:
    /// there the state just goes on.
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

    /// The label at the end of the innermost block, which control reaches by falling through, by
    /// branches, or past an `if`.
    fn pass_label(
        &mut self,
        state: Option<State>,
        otherwise: Option<(State, Option<u32>)>,
    ) -> Result<State, Fault> {
        let at = self.labels.len() - 1;
        let word = self.hint()?;
        let mut fallen = None;
        if let Some(mut state) = state {
            self.compute_to(&mut state, word)?;
            self.edge(&state, at)?;
            fallen = Some(state);
        }
        self.at_word(word)?;
        if let Some(target) = self.labels[at].word {
            self.leads(Some(target), word)?;
        }
        if let Some((state, target)) = otherwise {
            self.edge(&state, at)?;
            self.leads(target, word)?;
        }
        match fallen {
            Some(state) if self.forgets(Plant::Ends) => Ok(state),
            _ => Ok(self.behind(at)),
        }
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
        let mut before = state.clone();
        self.lose_accumulators(&mut before);
        let (then, ender) = self.sequence(Some(state))?;
        let (state, otherwise) = match ender {
            Ender::End => (then, Some((before, target))),
            Ender::Else => {
                let word = self.hint()?;
                if let Some(mut then) = then {
                    let (inst, transfer) = self.compute_to_transfer(&mut then, word)?;
                    self.ends_at(inst, word)?;
                    self.arrive(&then, at, &transfer)?;
                    if self.forgets(Plant::Arms) {
                        before.code = then.code;
                    }
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
            Operator::BrOnCast { relative_depth, to_ref_type: to, .. } => {
                let reference = self.pop(here)?;
                here.push(reference, false);
                let ty = (to.is_nullable(), to.heap_type());
                let condition = self.ref_test(here, reference, ty)?;
                self.br_if(here, condition, relative_depth)?;
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type: to, .. } => {
                let reference = self.pop(here)?;
                here.push(reference, false);
                let ty = (to.is_nullable(), to.heap_type());
                let test = self.ref_test(here, reference, ty)?;
                let condition = self.terms.num(Num::i32_eqz, &[test]);
                self.br_if(here, condition, relative_depth)?;
            }
            _ => return self.call_operator(state, operator),
        }
        Ok(Some(state))
    }
}
