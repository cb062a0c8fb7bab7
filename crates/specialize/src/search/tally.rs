//! The effect of specialising on a function, for a report: the operators that went away and those
//! that stay, by name, and the places where an unknown value prevented more.
//!
//! ```text
//! Explored ─ walk once more, with a sink that counts ─► Tally
//! ```
//!
//! Counted are the operators of all copies of the generic function's blocks, before passes; an
//! operator that stays may still be found dead by these. Nothing that is made depends on this, and
//! no proof reads it. Order: by name, and by place.

use super::causes::Causes;
use super::explore::Explored;
use super::generic::opcode;
use super::sink::{Key, Kind, Leave, Scratch, Sink, Subject};
use super::state::{Late, Slot};
use super::walk::walk;
use crate::ask::certificate::{Range, Window, Word};
use crate::ask::error::{Site, Sites};
use prova_module::ops::Class;
use prova_ssa::{Block, Inst, Terminator, Value};
use std::collections::BTreeMap;

type Cause = <Causes<'static> as Sink>::V;

/// The counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many copies of parts of blocks there are.
    pub copies: usize,
    /// Operators that a run no longer does, by name.
    pub gone: BTreeMap<String, u64>,
    /// Operators that it does.
    pub kept: BTreeMap<String, u64>,
    /// The places that could not be folded, by offset and name.
    pub sites: Sites,
}

impl Tally {
    fn site(&mut self, offset: u32, what: &str, why: impl FnOnce() -> String) {
        let site = self.sites.entry((offset, what.to_owned()));
        site.or_insert_with(|| Site { copies: 0, why: why() }).copies += 1;
    }
}

fn add(to: &mut BTreeMap<String, u64>, name: &str) {
    *to.entry(name.to_owned()).or_default() += 1;
}

/// A sink that counts what a run must do.
struct Counter<'c, 'm> {
    causes: &'c mut Causes<'m>,
    /// Of the part that is walked.
    kept: Vec<Inst>,
    tally: Tally,
}

impl Counter<'_, '_> {
    fn why_slot(&self, slot: Slot<Cause>) -> String {
        match slot {
            Slot::Bits(bits) => format!("it is {bits}"),
            Slot::Pointer { root, .. } => self.causes.why_root(root),
            Slot::Run(cause) => self.causes.why(cause),
        }
    }
}

impl Sink for Counter<'_, '_> {
    type V = Cause;

    fn op(&mut self, inst: Inst, args: &[Slot<Cause>]) -> Vec<Cause> {
        self.kept.push(inst);
        let subject = self.causes.subject();
        let data = subject.body().inst(inst);
        let code = opcode(data.op);
        match (code.class(), args) {
            (Class::load, &[Slot::Pointer { root, offset }])
                if subject.request.buffer(root).is_some() =>
            {
                let why = || format!("argument {root} + {offset} is not all the request's bytes");
                self.tally.site(data.offset, code.mnemonic(), why);
            }
            (Class::call_indirect, &[.., index]) if index.bits().is_none() => {
                let why = self.why_slot(index);
                self.tally.site(data.offset, code.mnemonic(), || why);
            }
            (_, _) => {}
        }
        self.causes.op(inst, args)
    }

    fn load(&mut self, inst: Inst, address: Slot<Cause>) -> Cause {
        self.kept.push(inst);
        self.causes.load(inst, address)
    }

    fn store(&mut self, offset: u32, late: &Late<Cause>) {
        add(&mut self.tally.kept, "i64.store");
        self.causes.store(offset, late);
    }

    fn read_global(&mut self, inst: Inst, number: u32) -> Cause {
        add(&mut self.tally.kept, "global.get");
        self.causes.read_global(inst, number)
    }

    fn write_global(&mut self, inst: Inst, number: u32, value: Slot<Cause>) {
        add(&mut self.tally.kept, "global.set");
        self.causes.write_global(inst, number, value);
    }

    fn payload(&mut self, block: Block, number: u32) -> Cause {
        self.causes.payload(block, number)
    }

    fn has_root(&self, root: u32) -> bool {
        self.causes.has_root(root)
    }

    fn set_root(&mut self, root: u32, value: Cause) {
        self.causes.set_root(root, value);
    }

    fn live(&self, key: Key) -> &[Value] {
        self.causes.live(key)
    }

    fn folded(&mut self, _: Option<Word>) {}

    fn refreshed(&mut self, _: Range) {}

    fn apart(&mut self, _: Window) {}

    fn why(&self, value: Cause) -> String {
        self.causes.why(value)
    }

    fn why_root(&self, root: u32) -> String {
        self.causes.why_root(root)
    }
}

/// Counts the operators in all copies that are reached. Where the search ended with a refusal, the
/// copies are those that it had reached, each up to the refused operator.
pub(crate) fn tally<'m>(
    subject: Subject<'m>,
    explored: &mut Explored,
    causes: &mut Causes<'m>,
) -> Tally {
    let body = subject.body();
    let mut counter = Counter { causes, kept: Vec::new(), tally: Tally::default() };
    let mut scratch = Scratch::default();
    for at in explored.order() {
        let (key, state) = (explored.parts[at].key, explored.parts[at].state.clone());
        counter.causes.begin(&state);
        counter.kept.clear();
        let leave = walk(subject, &mut explored.contexts, &mut counter, &mut scratch, key, state);
        let Ok(leave) = leave else { continue };
        counter.tally.copies += 1;
        let insts = body.block(key.block).insts();
        let end = leave.cut.map_or(insts.len(), |cut| cut as usize);
        for inst in insts.take(end).skip(key.start as usize) {
            let stays = counter.kept.contains(&inst);
            let Tally { gone, kept, .. } = &mut counter.tally;
            let name = match subject.intrinsic(inst) {
                Some(intrinsic) if !stays => intrinsic.name(),
                Some(_) => "i64.load",
                None => opcode(body.inst(inst).op).mnemonic(),
            };
            add(if stays { kept } else { gone }, name);
        }
        end_of(subject, &mut counter, key.block, &leave);
    }
    counter.tally
}

/// Counts how a part ends.
fn end_of(subject: Subject<'_>, counter: &mut Counter<'_, '_>, block: Block, leave: &Leave<Cause>) {
    let (what, slot) = match leave.kind {
        Kind::Jump => {
            let name = match subject.body().block(block).terminator {
                Terminator::Branch { .. } => "br_if",
                Terminator::Table { .. } => "br_table",
                _ => return,
            };
            return add(&mut counter.tally.gone, name);
        }
        Kind::Branch(slot) => ("br_if", slot),
        Kind::Table(slot) => ("br_table", slot),
        Kind::Null(slot) => ("br_on_null", slot),
        Kind::Cases(slot, _) => ("specialize.value", slot),
        Kind::Refreshed(range) => {
            let why = || {
                format!(
                    "bytes {} to {} behind argument {} may have changed since the entry: a store \
                     or call stands before",
                    range.from, range.to, range.arg
                )
            };
            return counter.tally.site(leave.offset, "comparison of text", why);
        }
        Kind::Out(_) => return,
    };
    let why = counter.why_slot(slot);
    add(&mut counter.tally.kept, what);
    counter.tally.site(leave.offset, what, || why);
}
