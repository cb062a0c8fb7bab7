//! Why a value is not known: the sink of a search, which writes nothing and keeps for each value
//! that a run makes the first reason that there is.
//!
//! ```text
//! walk ─ op, load, … ─► Causes: a Cause for each result ─ why ─► words for a report
//! ```
//!
//! * A chain of causes in words has at most [`CHAIN_MAX`] links. No proof reads any of it.

use super::generic::opcode;
use super::sink::{Key, Sink, Subject};
use super::state::{Late, Slot, State};
use crate::ask::certificate::{Range, Window, Word};
use prova_module::ops::Class;
use prova_ssa::hash::Key as Hash;
use prova_ssa::{Block, Imm, Inst, Value};
use std::collections::HashMap;
use std::num::NonZeroU32;

/// Why a value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It is an argument that comes at run time.
    Param(u32),
    /// An instruction makes it. There is a reason if every operand that is not known has one: the
    /// first of these.
    Inst(Inst, Option<Reason>),
    /// The first reason that there is for it.
    Reason(Reason),
    /// Control brings it.
    Payload(Block),
}

/// A number of `reasons`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reason(NonZeroU32);

impl Reason {
    pub(super) fn new(reasons: &mut Vec<Origin>, origin: Origin) -> Reason {
        let number = NonZeroU32::MIN.saturating_add(reasons.len() as u32);
        reasons.push(origin);
        Reason(number)
    }
}

/// Why a value is not known though what it is made of may be.
pub(super) enum Origin {
    /// Two ways bring different values.
    Join { block: Block, from: Block, known: Slot<Cause>, other: Slot<Cause> },
    /// A load reads bytes that are not all the request's: the offset of the first.
    Outside { inst: Inst, arg: u32, from: u64 },
}

/// A sink that writes nothing.
pub(crate) struct Causes<'m> {
    subject: Subject<'m>,
    pub(super) reasons: Vec<Origin>,
    /// Those of loads, by what they read.
    outside: HashMap<(Inst, u32, u64), Reason, Hash>,
    /// Of each root why it is not known, if it was ever made, and in which walk it was there last.
    made: Vec<(Option<Cause>, u32)>,
    /// How many walks there were.
    walks: u32,
    /// The words on which the walked part relies.
    pub(super) folded: Vec<Word>,
    pub(super) folds: usize,
    pub(super) apart: Vec<(Window, usize)>,
    pub(super) refreshed: Option<Range>,
}

impl Sink for Causes<'_> {
    type V = Cause;

    fn op(&mut self, inst: Inst, args: &[Slot<Cause>]) -> Vec<Cause> {
        let cause = match self.outside(inst, args) {
            Some(reason) => Cause::Reason(reason),
            None => Cause::Inst(inst, self.inherited(inst, args)),
        };
        self.subject.body().inst(inst).results().map(|_| cause).collect()
    }

    fn load(&mut self, inst: Inst, _: Slot<Cause>) -> Cause {
        Cause::Inst(inst, None)
    }

    fn store(&mut self, _: u32, _: &Late<Cause>) {}

    fn read_global(&mut self, inst: Inst, _: u32) -> Cause {
        Cause::Inst(inst, None)
    }

    fn write_global(&mut self, _: Inst, _: u32, _: Slot<Cause>) {}

    fn payload(&mut self, block: Block, _: u32) -> Cause {
        Cause::Payload(block)
    }

    fn has_root(&self, root: u32) -> bool {
        self.made.get(root as usize).is_some_and(|(_, walk)| *walk == self.walks)
    }

    fn set_root(&mut self, root: u32, cause: Cause) {
        *self.root(root) = (Some(cause), self.walks);
    }

    fn live(&self, key: Key) -> &[Value] {
        self.subject.generic.live_at(key.block, key.start)
    }

    fn folded(&mut self, word: Option<Word>) {
        self.folds += 1;
        self.folded.extend(word);
    }

    fn refreshed(&mut self, range: Range) {
        self.refreshed = Some(range);
    }

    fn apart(&mut self, window: Window) {
        self.apart.push((window, self.folds));
    }

    fn why(&self, cause: Cause) -> String {
        self.describe(cause, CHAIN_MAX)
    }

    fn why_root(&self, root: u32) -> String {
        self.describe(self.cause_of(root), CHAIN_MAX)
    }
}

/// The most links of a chain of causes.
const CHAIN_MAX: usize = 4;

impl<'m> Causes<'m> {
    pub(crate) fn subject(&self) -> Subject<'m> {
        self.subject
    }

    /// Before a walk from a state.
    pub(crate) fn begin(&mut self, state: &State<Cause>) {
        self.walks += 1;
        let walks = self.walks;
        state.each_root(|root| self.root(root).1 = walks);
    }

    /// The cause and the last walk of a root.
    fn root(&mut self, root: u32) -> &mut (Option<Cause>, u32) {
        let at = root as usize;
        if self.made.len() <= at {
            self.made.resize(at + 1, (None, 0));
        }
        &mut self.made[at]
    }

    /// Why a root is not known.
    fn cause_of(&self, root: u32) -> Cause {
        let made = self.made.get(root as usize).and_then(|(made, _)| *made);
        made.unwrap_or(Cause::Param(root))
    }

    /// Why a load gives no constant though its address is known: the request lacks what it reads.
    fn outside(&mut self, inst: Inst, args: &[Slot<Cause>]) -> Option<Reason> {
        let data = self.subject.body().inst(inst);
        let (Class::load, Imm::Access(access), &[Slot::Pointer { root: arg, offset }]) =
            (opcode(data.op).class(), data.imm, args)
        else {
            return None;
        };
        let len = self.subject.request.buffer(arg)?.len() as u64;
        let from = u64::from(offset).saturating_add(access.offset);
        let to = from.saturating_add(opcode(data.op).row().width.into());
        if access.memory != 0 || to <= len {
            return None;
        }
        let Causes { outside, reasons, .. } = self;
        Some(
            *outside
                .entry((inst, arg, from))
                .or_insert_with(|| Reason::new(reasons, Origin::Outside { inst, arg, from })),
        )
    }

    /// The reason why a result is not known, if only operands that have a reason are unknown.
    fn inherited(&self, inst: Inst, args: &[Slot<Cause>]) -> Option<Reason> {
        let class = opcode(self.subject.body().inst(inst).op).class();
        // (Of a `select` the condition is the reason.)
        if !matches!(class, Class::pure | Class::trap | Class::load) {
            return None;
        }
        let mut first = None;
        for slot in args {
            let cause = match *slot {
                Slot::Bits(_) => continue,
                Slot::Pointer { root, .. } if self.subject.request.buffer(root).is_some() => {
                    continue;
                }
                Slot::Pointer { root, .. } => self.cause_of(root),
                Slot::Run(cause) => cause,
            };
            let reason = match cause {
                Cause::Inst(_, reason) => reason?,
                Cause::Reason(reason) => reason,
                Cause::Param(_) | Cause::Payload(_) => return None,
            };
            first = first.or(Some(reason));
        }
        first
    }

    fn describe(&self, cause: Cause, links: usize) -> String {
        let body = self.subject.body();
        match cause {
            Cause::Param(number) => format!("argument {number} comes at run time"),
            Cause::Inst(inst, reason) => {
                let data = body.inst(inst);
                let at = self.subject.place(data.offset);
                let made = format!("`{}` at {at} makes it", opcode(data.op).mnemonic());
                match reason.filter(|_| links > 0) {
                    Some(reason) => {
                        // The reason behind that one says less.
                        let why = self.origin(reason, 1);
                        format!("{made} of what is not constant: {why}")
                    }
                    None => made,
                }
            }
            Cause::Payload(block) => {
                format!("the branch at {} brings it", self.subject.place(body.block(block).end))
            }
            Cause::Reason(reason) => self.origin(reason, links),
        }
    }

    fn origin(&self, reason: Reason, links: usize) -> String {
        let body = self.subject.body();
        let place = |offset| self.subject.place(offset);
        match &self.reasons[reason.0.get() as usize - 1] {
            Origin::Outside { inst, arg, from } => {
                let data = body.inst(*inst);
                let (code, at) = (opcode(data.op), place(data.offset));
                let len = self.subject.request.buffer(*arg).map_or(0, <[u8]>::len) as u64;
                let byte = (*from).max(len);
                format!(
                    "byte {byte} of argument {arg} is none of the request's, which has {len} \
                     (`{}` at {at} reads it)",
                    code.mnemonic()
                )
            }
            Origin::Join { block, from, known, other } => {
                let link = |slot: &Slot<Cause>| match slot {
                    Slot::Bits(bits) => format!("{bits}"),
                    Slot::Pointer { root, offset } if self.subject.is_argument(*root) => {
                        format!("argument {root} + {offset}")
                    }
                    _more if links == 0 => "…".to_owned(),
                    Slot::Pointer { root, offset } => {
                        let cause = self.describe(self.cause_of(*root), links - 1);
                        format!("({cause}) + {offset}")
                    }
                    Slot::Run(cause) => format!("({})", self.describe(*cause, links - 1)),
                };
                let (known, other) = (link(known), link(other));
                let (at, end) = (place(body.block(*block).offset), place(body.block(*from).end));
                // Code that runs on into the join ends where the join is.
                let way = match at == end {
                    true => "where the code before it runs on".to_owned(),
                    false => format!("by the way from {end}"),
                };
                format!("at the join at {at} it is {known}, and {other} {way}")
            }
        }
    }
}

impl<'m> Causes<'m> {
    pub(super) fn of(subject: Subject<'m>) -> Causes<'m> {
        let (folded, apart) = (Vec::new(), Vec::new());
        let (reasons, outside, made) = (Vec::new(), HashMap::default(), Vec::new());
        let (walks, folds, refreshed) = (0, 0, None);
        Causes { subject, reasons, outside, made, walks, folded, folds, apart, refreshed }
    }
}
