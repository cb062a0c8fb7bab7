//! `try_table`, `throw`, `throw_ref`: W8.

use super::rows::Effect;
use super::state::State;
use super::{Fault, Plant, Verdict, Walk};
use prova_bytecode::{Handler, Rule};
use prova_module::{BlockKind, Catch, Operator, TagIdx, TryTable};

/// An open `try_table`.
pub(super) struct Try {
    /// Its position among the labels.
    at: usize,
    /// The first word inside.
    start: u32,
    clauses: Vec<Clause>,
}

struct Clause {
    tag: Option<TagIdx>,
    with_ref: bool,
    /// The position of its label.
    at: usize,
}

impl<'m> Walk<'m> {
    /// An operator on exceptions.
    pub(super) fn exception(
        &mut self,
        mut state: State,
        operator: &Operator<'m>,
    ) -> Result<Option<State>, Fault> {
        let here = &mut state;
        match operator {
            Operator::TryTable { try_table } => return self.try_table(state, try_table),
            Operator::Throw { tag_index } => {
                let ty = self.module.tags().get(*tag_index as usize).copied();
                let ty = ty.ok_or_else(|| self.fault(Rule::Operators, "no such tag"))?;
                let tag = self.terms.constant((*tag_index).into());
                self.call_of(here, Effect::new("throw"), vec![tag], ty, true)?;
                self.may_throw(here)?;
                self.rooted(here)?;
            }
            Operator::ThrowRef => {
                let exception = self.pop(here)?;
                self.act(here, Effect::new("throw_ref"), vec![exception])?;
                self.may_throw(here)?;
            }
            _ => return Err(self.fault(Rule::Operators, "no operator on exceptions")),
        }
        Ok(None)
    }

    fn try_table(
        &mut self,
        mut state: State,
        try_table: &TryTable,
    ) -> Result<Option<State>, Fault> {
        let mut clauses = Vec::new();
        for catch in &try_table.catches {
            let (tag, with_ref, label) = match *catch {
                Catch::One { tag, label } => (Some(TagIdx(tag)), false, label),
                Catch::OneRef { tag, label } => (Some(TagIdx(tag)), true, label),
                Catch::All { label } => (None, false, label),
                Catch::AllRef { label } => (None, true, label),
            };
            clauses.push(Clause { tag, with_ref, at: self.label_at(label)? });
        }
        self.enter_block(&mut state, BlockKind::TryTable, try_table.ty)?;
        let at = self.labels.len() - 1;
        self.tries.push(Try { at, start: self.word(), clauses });
        let (state, _) = self.sequence(Some(state))?;
        self.leave_block(state)
    }

    /// The block of a label ends: if it is a `try_table`, the next handlers are its clauses.
    pub(super) fn end_try(&mut self, at: usize) -> Verdict {
        if self.tries.last().is_none_or(|this| this.at != at) {
            return Ok(());
        }
        let Some(this) = self.tries.pop() else { return Ok(()) };
        for clause in &this.clauses {
            let handler = self.candidate.handlers.get(self.next_handler).copied();
            let Some(handler) = handler else {
                return Err(self.fault(Rule::Clauses, "a clause without handler"));
            };
            self.next_handler += 1;
            let label = &self.labels[clause.at];
            let returns = label.kind == BlockKind::Func;
            let right = (handler.start, handler.end) == (this.start, self.word())
                && (handler.tag, handler.with_ref) == (clause.tag, clause.with_ref)
                && returns == (handler.target == Handler::RETURN)
                && (returns || u32::from(handler.slot) == label.base);
            if !right && !self.forgets(Plant::Clauses) {
                return Err(self.fault(Rule::Clauses, format!("{handler:?}")));
            }
            if !returns && !self.forgets(Plant::ClauseTargets) {
                self.aim(clause.at, Some(handler.target))?;
            }
        }
        Ok(())
    }

    /// W10: the frame may be asked for its references to exceptions.
    pub(super) fn rooted(&mut self, state: &State) -> Verdict {
        if self.forgets(Plant::Roots) {
            return Ok(());
        }
        let Some(roots) = &self.facts.exception_roots else { return Ok(()) };
        let highest = roots.operands(self.offset).max();
        if highest.is_some() || roots.has_locals(self.offset) {
            let base = highest.map_or(0, |cell| cell + 1);
            return self.settled(state, base).map_err(|fault| Fault { rule: Rule::Roots, ..fault });
        }
        Ok(())
    }

    /// Something may have been thrown.
    pub(super) fn may_throw(&mut self, state: &State) -> Verdict {
        if self.tries.is_empty() || self.forgets(Plant::Throws) {
            return Ok(());
        }
        let labels = self.tries.iter().flat_map(|this| &this.clauses).map(|clause| clause.at);
        let labels = labels.filter(|&at| self.labels[at].kind != BlockKind::Func);
        let mut bases: Vec<u32> = labels.map(|at| self.labels[at].base).collect();
        if self.forgets(Plant::ThrowsBelow) {
            bases.clear();
        }
        // Locals must be settled for all clauses.
        bases.push(0);
        bases.into_iter().try_for_each(|base| self.settled(state, base))
    }
}
