//! Throws: from the place of a throw or call, handler by handler and frame by frame, to the clause
//! that catches.
//!
//! A handler's parameters are set as the search comes to it: its frame is left or goes on there, so
//! nothing else reads them. Frames are left only when the clause is found and paid for, so that an
//! exception that nothing catches has the backtrace of its throw.

use super::machine::{At, Ended, Machine};
use super::world::{Bits, Fault, World};
use crate::terminator::{Edge, Terminator};
use std::sync::Arc;

/// A thrown exception.
pub(super) struct Thrown<W: World> {
    pub(super) tag: W::Tag,
    pub(super) values: Vec<Bits>,
    /// The reference of a `throw_ref`.
    pub(super) reference: Option<u64>,
}

/// The clause that catches: how many frames are left, and its edge, with what it wants.
struct Found {
    depth: usize,
    edge: Edge,
    with_values: bool,
    with_ref: bool,
}

impl<W: World> Machine<'_, W> {
    /// The exception that a reference which is thrown again refers to.
    pub(super) fn rethrown(&self, reference: u64) -> Result<Thrown<W>, W::Error> {
        if reference == 0 {
            return Err(self.world.fault(Fault::Null));
        }
        let exception = self.world.exception(reference);
        let (tag, values) = exception.ok_or_else(|| self.bug("a reference to no exception"))?;
        Ok(Thrown { tag, values, reference: Some(reference) })
    }

    /// Goes on at the clause that catches.
    pub(super) fn throw(&mut self, thrown: Thrown<W>, of_host: Option<W::Error>) -> Ended<W> {
        self.world.search();
        let Some(found) = self.search(&thrown)? else {
            self.world.pay(None, false)?;
            return Err(self.world.uncaught(thrown.tag, &thrown.values, of_host));
        };
        let made = found.with_ref && thrown.reference.is_none();
        self.world.pay(found.with_values.then_some(thrown.tag), made)?;
        let reference = match (found.with_ref, thrown.reference) {
            (false, _) => None,
            (true, Some(reference)) => Some(reference),
            (true, None) => {
                let holds = self.holds();
                Some(self.world.exception_new(thrown.tag, &thrown.values, &holds)?)
            }
        };
        while self.frames.len() > found.depth {
            if let Some(frame) = self.frames.last().filter(|frame| !frame.replaced) {
                self.world.leave_frame(frame.code.charge_bytes);
            }
            self.pop();
        }
        let mut payloads = if found.with_values { thrown.values } else { Vec::new() };
        payloads.extend(reference.map(Bits::from));
        let Some(frame) = self.frames.last() else { return Err(self.bug("no frame catches")) };
        let code = Arc::clone(&frame.code);
        self.take(&code, &found.edge, &payloads);
        Ok(())
    }

    /// The innermost clause that catches.
    fn search(&mut self, thrown: &Thrown<W>) -> Result<Option<Found>, W::Error> {
        for depth in (1..=self.frames.len()).rev() {
            let frame = &self.frames[depth - 1];
            let (code, base, instance) = (Arc::clone(&frame.code), depth, frame.instance);
            if frame.replaced {
                continue;
            }
            let mut next = match frame.at {
                At::Inst(_) => None,
                At::End => match &code.body.block(frame.block).terminator {
                    Terminator::Invoke { handler, .. } => Some(*handler),
                    Terminator::Throw { handler, .. } => *handler,
                    Terminator::Jump(_)
                    | Terminator::Branch { .. }
                    | Terminator::Table { .. }
                    | Terminator::Null { .. }
                    | Terminator::Cast { .. }
                    | Terminator::Catch { .. }
                    | Terminator::Return(_)
                    | Terminator::TailCall(_)
                    | Terminator::Unreachable => None,
                },
            };
            while let Some(edge) = next {
                self.pass_in(base, &edge);
                let Terminator::Catch { clauses, outer } = &code.body.block(edge.block).terminator
                else {
                    return Err(self.bug("a handler without clauses"));
                };
                for clause in code.body.clauses(*clauses) {
                    self.world.ask()?;
                    let tag = clause.tag.map(|tag| self.world.tag(instance, tag));
                    if tag.is_none_or(|tag| tag == thrown.tag) {
                        let (edge, with_ref) = (clause.edge, clause.with_ref);
                        let with_values = clause.tag.is_some();
                        return Ok(Some(Found { depth, edge, with_values, with_ref }));
                    }
                }
                next = *outer;
            }
            self.world.pass_frame()?;
        }
        Ok(None)
    }
}
