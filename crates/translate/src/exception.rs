//! Exceptions: catch clauses → handlers beside the code; a throw is a terminator.
//!
//! A `try_table` is a block that emits nothing. An exception thrown between its start and its end
//! goes to the label of a catch clause as by a branch (R6 of the specification of local
//! preservation): below the label's base everything is frozen since the label's block was entered
//! (R2), locals are in their slots at every instruction (invariant I), and the runtime writes the
//! values to the label's home slots. So a clause costs no code.
//!
//! The exceptions that a store keeps depend on the references that a frame holds where exceptions
//! are made. The store finds them in the home slots of their positions (R9).
//!
//! # Invariants
//! * X1. `tries` are the open `try_table`s that were entered in reachable code; the clauses of the
//!   newest are the last of `catches`.
//! * X2. Handlers stand in the order in which their `try_table`s end, the clauses of each in their
//!   order.

use crate::control::FixupPlace;
use crate::translator::Cx;
use prova_bytecode::{Handler, Op};
use prova_module::{BlockKind, Operator, TagIdx, TryTable};

/// An open `try_table`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    /// The first word of its body.
    start: u32,
    /// The first of its clauses in `catches`.
    catches: u32,
}

/// A clause of an open `try_table`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Catch {
    tag: Option<TagIdx>,
    with_ref: bool,
    /// The position of its label in `frames`.
    frame: u32,
}

impl Cx<'_> {
    /// Translates an operator on exceptions; says whether `operator` is one.
    pub(crate) fn exception(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::TryTable { ref try_table } => self.try_table(try_table),
            Operator::Throw { tag_index } => self.throw(TagIdx(tag_index)),
            Operator::ThrowRef => {
                let exception = self.pop_operand();
                self.emit(Op::ThrowRef, &[exception]);
                self.live = false;
            }
            _ => return false,
        }
        true
    }

    /// Labels of clauses count from outside of the block.
    fn try_table(&mut self, try_table: &TryTable) {
        let first = self.b.catches.len() as u32;
        for catch in &try_table.catches {
            use prova_module::Catch as Clause;
            let (tag, with_ref, label) = match *catch {
                Clause::One { tag, label } => (Some(TagIdx(tag)), false, label),
                Clause::OneRef { tag, label } => (Some(TagIdx(tag)), true, label),
                Clause::All { label } => (None, false, label),
                Clause::AllRef { label } => (None, true, label),
            };
            let frame = self.frame_at(label) as u32;
            self.b.catches.push(Catch { tag, with_ref, frame });
        }
        self.open_block(BlockKind::TryTable, try_table.ty);
        let start = self.position();
        self.b.tries.push(Try { start, catches: first });
    }

    /// The body ends at the current position.
    pub(crate) fn end_try(&mut self) {
        let Some(Try { start, catches }) = self.b.tries.pop() else {
            return self.bug("an end without try_table");
        };
        let end = self.position();
        for i in catches as usize..self.b.catches.len() {
            let Catch { tag, with_ref, frame } = self.b.catches[i];
            let frame = frame as usize;
            let handler = self.b.handlers.len() as u32;
            let (target, slot) = match self.is_return(frame) {
                true => (Handler::RETURN, 0),
                false => (0, self.b.frames[frame].slot),
            };
            self.b.handlers.push(Handler { start, end, tag, with_ref, target, slot });
            if target != Handler::RETURN {
                self.aim(frame, 0, FixupPlace::Handler(handler));
            }
        }
        self.b.catches.truncate(catches as usize);
    }

    /// R9: the references to exceptions and objects below the operands of a call, throw or
    /// allocation are in their home slots, with all that lies below the highest of them.
    pub(crate) fn settle_roots(&mut self) {
        let Some(roots) = &self.facts.exception_roots else { return };
        if let Some(highest) = roots.operands(self.offset).next() {
            let above = self.b.stack.position_above(highest);
            self.settle(above);
        }
    }

    fn throw(&mut self, tag: TagIdx) {
        let Some(&ty) = self.module.tags().get(tag.index()) else {
            return self.bug("a tag that the module does not have");
        };
        let window = self.arguments(ty);
        self.emit(Op::Throw, &[window, tag.0.into()]);
        self.live = false;
    }
}
