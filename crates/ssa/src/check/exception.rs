//! Calls and throws that may lead to a handler, and the handlers (C13).

use super::Check;
use super::control::{Along, Head, after, pool, unlike};
use super::error::{Fault, Rule, Verdict};
use super::straight::immediates;
use super::variable::From;
use crate::body::{Imm, Origin};
use crate::entity::Value;
use crate::terminator::{Call, Edge, Terminator};
use prova_module::ops::Class;
use prova_module::walk::{Frame, Site};
use prova_module::{Catch, TagIdx};
use std::ops::Range;

/// A clause: its tag, whether it wants the reference, and the number of its label.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    tag: Option<TagIdx>,
    with_ref: bool,
    label: usize,
}

/// The clauses of all `try_table`s.
#[derive(Default)]
pub(super) struct Clauses {
    all: Vec<Wanted>,
    /// How many belong to `try_table`s that are open or closed; the others to the one that is about
    /// to open.
    taken: usize,
}

/// The handler of a `try_table` with clauses.
pub(super) struct Handler {
    /// The number of the `try_table` among the blocks.
    index: usize,
    start: u32,
    clauses: Range<usize>,
    /// The handler around.
    outer: Option<u32>,
}

impl<'m> Check<'m, '_> {
    /// A clause of the `try_table` that is about to open.
    pub(super) fn clause(&mut self, clause: &Catch, label: usize) {
        let (tag, with_ref) = match *clause {
            Catch::One { tag, .. } => (Some(TagIdx(tag)), false),
            Catch::OneRef { tag, .. } => (Some(TagIdx(tag)), true),
            Catch::All { .. } => (None, false),
            Catch::AllRef { .. } => (None, true),
        };
        self.clauses.all.push(Wanted { tag, with_ref, label });
    }

    /// A `try_table` opens: the number of its handler, if it has clauses.
    pub(super) fn guard(&mut self, frame: &Frame<'m, ()>) -> Option<u32> {
        let clauses = self.clauses.taken..self.clauses.all.len();
        if clauses.is_empty() {
            return None;
        }
        self.clauses.taken = clauses.end;
        let outer = self.around.last().copied();
        let (index, start) = (frame.index, frame.offset);
        self.locals.open_guarded(start);
        self.around.push(self.handlers.len() as u32);
        self.handlers.push(Handler { index, start, clauses, outer });
        self.around.last().copied()
    }

    /// An edge to a handler.
    fn handler_edge(&mut self, edge: &Edge, number: u32, from: From) -> Verdict {
        let Some(&Handler { index, start, .. }) = self.handlers.get(number as usize) else {
            return Err(Fault::new(Rule::Handlers, "a handler that is not there"));
        };
        match *self.locals.handler(number) {
            Some(block) => {
                let given = edge.block;
                demand!(given == block, Handlers, "an exception goes to {given}, not to {block}");
            }
            None => {
                let origin = Origin::Handler(index as u32);
                self.declare(edge.block, &Head { origin, offset: start, types: &[], base: None })?;
                *self.locals.handler(number) = Some(edge.block);
            }
        }
        self.arguments(edge, &Along::Values(&[]), from)
    }

    /// A call inside a `try_table`.
    pub(super) fn invoke(
        &mut self,
        site: &Site<'m>,
        imm: Imm,
        args: &[Value],
        results: &mut Vec<Value>,
    ) -> Verdict {
        let terminator = self.terminate()?;
        let Terminator::Invoke { call, normal, handler } = terminator else {
            return Err(unlike("invoke", &terminator));
        };
        self.call(site, imm, &call, args)?;
        let types = std::mem::take(&mut self.types);
        let head = Head { types: &types, ..after(site.offset) };
        self.only_edge(&normal, &head, &Along::Payloads(types.len() as u32))?;
        self.types = types;
        let number = self.around.last().copied().unwrap_or(u32::MAX);
        self.handler_edge(&handler, number, self.this_place())?;
        self.begin(normal.block, site.offset)?;
        results.extend(self.values_of(normal.block));
        Ok(())
    }

    /// A call's opcode, immediates and operands (C3, C8).
    fn call(&self, site: &Site<'m>, imm: Imm, call: &Call, args: &[Value]) -> Verdict {
        let opcode = site.row.opcode;
        demand!(
            call.opcode == opcode && call.imm == imm,
            Control,
            "{} {:?}, not {} {imm:?}",
            call.opcode.mnemonic(),
            call.imm,
            opcode.mnemonic()
        );
        self.operands(call.args, args)
    }

    /// `unreachable`, throws, tail calls (C8).
    pub(super) fn leaves(&mut self, site: &Site<'m>, args: &[Value]) -> Verdict {
        let wanted = immediates(site)?;
        match (site.row.class, self.terminate()?) {
            (Class::unreachable, Terminator::Unreachable) => Ok(()),
            (
                Class::throw | Class::throw_ref,
                Terminator::Throw { opcode, imm, args: list, handler },
            ) => {
                self.call(site, wanted, &Call { opcode, imm, args: list }, args)?;
                self.throws(handler)
            }
            (
                Class::return_call | Class::return_call_indirect | Class::return_call_ref,
                Terminator::TailCall(call),
            ) => self.call(site, wanted, &call, args),
            (_, other) => Err(unlike(site.row.mnemonic, &other)),
        }
    }

    /// Where a throw leads.
    fn throws(&mut self, handler: Option<Edge>) -> Verdict {
        match (handler, self.around.last().copied()) {
            (None, None) => Ok(()),
            (Some(edge), Some(number)) => self.handler_edge(&edge, number, self.this_place()),
            (Some(_), None) => {
                Err(Fault::new(Rule::Handlers, "a throw to a handler, of which there is none"))
            }
            (None, Some(_)) => Err(Fault::new(Rule::Handlers, "a throw without its handler")),
        }
    }

    /// A `try_table` with clauses ends, and its handler with it.
    pub(super) fn unguard(&mut self, number: u32) -> Verdict {
        self.around.pop();
        self.locals.close_guarded(number, self.offset);
        let Some(block) = *self.locals.handler(number) else { return Ok(()) };
        self.comes(block)?;
        let data = self.body.block(block);
        let insts = data.insts().len();
        demand!(insts == 0, Handlers, "{insts} instructions in the handler {block}");
        let (end, offset) = (data.end, self.offset);
        demand!(end == offset, Offsets, "{block} ends at {end:#x}, not at {offset:#x}");
        let Terminator::Catch { clauses, outer } = data.terminator else {
            return Err(unlike("catch", &data.terminator));
        };
        let given = pool(&self.body.clauses, clauses)?;
        let Some(Handler { clauses, outer: around, .. }) = self.handlers.get(number as usize)
        else {
            return Err(Fault::new(Rule::Handlers, "a handler that is not there"));
        };
        let (range, around) = (clauses.clone(), *around);
        let expected = range.len();
        demand!(given.len() == expected, Handlers, "{} clauses, not {expected}", given.len());
        let (from, mut all) = (From::Handler(number), false);
        for (at, clause) in range.zip(given) {
            let Wanted { tag, with_ref, label } = self.clauses.all[at];
            demand!(
                clause.tag == tag && clause.with_ref == with_ref,
                Handlers,
                "a clause of {:?}, reference {}, not of {tag:?}, {with_ref}",
                clause.tag,
                clause.with_ref
            );
            let target = self.label(label)?;
            let values = target.types.label(target.kind).len() as u32;
            self.label_edge(&clause.edge, label, &Along::Payloads(values), from)?;
            all |= tag.is_none();
        }
        match (outer, around.filter(|_| !all)) {
            (None, None) => Ok(()),
            (Some(edge), Some(around)) => self.handler_edge(&edge, around, from),
            (_, _) => Err(Fault::new(Rule::Handlers, "another handler around, or none")),
        }
    }
}
