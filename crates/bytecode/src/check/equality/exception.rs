//! Exceptions: ranges of handlers against `try_table`s, and what must hold where something may
//! throw.
//!
//! A clause is an edge from every instruction inside its `try_table` that may throw to its label.
//! Its values are written by the runtime into the label's home slots, the same on both sides, so
//! only E1 of `control`'s rules for edges is left: no local and no frozen position below the
//! label's base is in the mismatch set, at the very instruction. One comparison with the greatest
//! base of all clauses around covers them all.
//!
//! The table must have exactly the clauses of the reachable `try_table`s, in the order of their
//! ends, each with its range, tag, slot and target.

use super::control::Frame;
use super::effects::Effect;
use super::{Fault, Observer, Proof, Rule, Verdict};
use crate::candidate::Handler;
use prova_module::{BlockKind, Catch, TagIdx, TryTable};
use prova_terms::Vn;
use std::borrow::Cow;

/// An open `try_table`.
pub(super) struct Try {
    /// Its position in the frames.
    at: usize,
    /// The first word of its body.
    start: u32,
    clauses: Box<[Clause]>,
    /// The greatest base of a label to which an exception from inside may go, through this one or
    /// one around it.
    base: u32,
}

struct Clause {
    tag: Option<TagIdx>,
    with_ref: bool,
    /// The position of its label in the frames.
    at: usize,
}

impl<O: Observer> Proof<'_, '_, O> {
    pub(super) fn wasm_throw_ref(&mut self) -> Verdict {
        let exception = self.pop()?;
        self.demand(Effect::ThrowRef, [exception])?;
        self.thrown()?;
        self.live = false;
        Ok(())
    }

    /// Labels of clauses count from outside of the block.
    pub(super) fn try_table(&mut self, try_table: &TryTable) -> Verdict {
        let mut clauses = Vec::with_capacity(try_table.catches.len());
        let mut base = self.tries.last().map_or(0, |outer| outer.base);
        for catch in &try_table.catches {
            let (tag, with_ref, label) = match *catch {
                Catch::One { tag, label } => (Some(TagIdx(tag)), false, label),
                Catch::OneRef { tag, label } => (Some(TagIdx(tag)), true, label),
                Catch::All { label } => (None, false, label),
                Catch::AllRef { label } => (None, true, label),
            };
            let at = self.frame_at(label)?;
            if !self.frames[at].is_body() {
                base = base.max(self.frames[at].base);
            }
            clauses.push(Clause { tag, with_ref, at });
        }
        self.block(BlockKind::TryTable, try_table.ty)?;
        let at = self.frames.len() - 1;
        self.tries.push(Try { at, start: self.next, clauses: clauses.into(), base });
        Ok(())
    }

    /// The block of `frames[at]` ends at the next word: if it is a `try_table`, its clauses are the
    /// next handlers.
    pub(super) fn end_try(&mut self, at: usize) -> Verdict {
        let Some(this) = self.tries.pop_if(|this| this.at == at) else { return Ok(()) };
        for clause in &this.clauses {
            let handler = self.candidate.handlers.get(self.handler).copied();
            let handler = handler.ok_or_else(|| fault("a clause without handler"))?;
            self.handler += 1;
            let Handler { start, end, tag, with_ref, target, slot } = handler;
            if (start, end) != (this.start, self.next) {
                let (from, to) = (this.start, self.next);
                let what = format!("a handler from @{start} to @{end}, in Wasm @{from} to @{to}");
                return Err(fault(what));
            }
            if (tag, with_ref) != (clause.tag, clause.with_ref) {
                return Err(fault(format!("a handler of {tag:?}, in Wasm of {:?}", clause.tag)));
            }
            let frame = &self.frames[clause.at];
            let returns = frame.is_body();
            if returns != (target == Handler::RETURN) || !returns && u32::from(slot) != frame.base {
                return Err(fault(format!("a handler to @{target}, s{slot}, of another label")));
            }
            if !returns {
                self.aim(clause.at, target)?;
            }
        }
        Ok(())
    }

    /// An effect that may throw has been performed: what clauses around rely on holds.
    pub(super) fn thrown(&self) -> Verdict {
        let Some(this) = self.tries.last() else { return Ok(()) };
        if self.state.agrees_below(this.base) {
            return Ok(());
        }
        Err(self.mismatch(Rule::Frozen, self.state.mismatch_below(this.base), None))
    }

    /// All handlers are of clauses.
    pub(super) fn end_handlers(&self) -> Verdict {
        if self.handler == self.candidate.handlers.len() {
            return Ok(());
        }
        Err(fault("a handler of no clause"))
    }

    pub(super) fn wasm_throw(&mut self, tag: u32) -> Verdict {
        let ty = self.module.tags().get(tag as usize).copied();
        let ty = ty.ok_or_else(|| Fault::new(Rule::Operators, "no such tag"))?;
        self.wasm_calls(Effect::Throw, [Vn::index(tag)], ty, true)?;
        self.thrown()?;
        self.rooted()
    }
}

impl Frame<'_> {
    fn is_body(&self) -> bool {
        self.kind == BlockKind::Func
    }
}

fn fault(what: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(Rule::Clauses, what)
}
