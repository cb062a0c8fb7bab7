//! The search: which parts of the generic function are reached in which contexts, and the state at
//! the start of each.
//!
//! ```text
//! request ─► the entry's state ─ walk, meet, walk again … ─► Explored: for each Key its State
//! ```
//!
//! This is a data-flow analysis over (context, part), as in weval (Fallin and Bernstein, *Partial
//! evaluation, whole-program compilation*, 2025): states only become weaker where ways meet, by at
//! most two steps for each slot, so it ends. Nothing is unrolled by counting: a loop is copied as
//! often as the program changes its context, and ends where a part in a context is reached again.
//!
//! * X1. The result is a fixpoint: each part's last walk was from its final state.
//! * X2. Numbers are given in the order in which parts come up, which depends on the module and the
//!   request alone.
//!
//! Limits: [`PARTS_MAX`] parts, [`STEPS_MAX`] steps, [`SLOTS_MAX`] slots.

use crate::certificate::{Range, Window, Word};
use crate::context::{ALL, Contexts, NONE, ROOT};
use crate::error::{Fault, Refused};
use crate::generic::opcode;
use crate::intrinsic::Intrinsic;
use crate::plant::planted;
use crate::request::Argument;
use crate::sink::{Key, Scratch, Sink, Subject};
use crate::state::{Late, Slot, State, Virtual, meet};
use crate::walk::walk;
use prova_module::ValType;
use prova_module::ops::Class;
use prova_ssa::hash::Key as Hash;
use prova_ssa::{Block, Imm, Inst, Value};
use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;

/// The most parts, each of which becomes a block.
pub const PARTS_MAX: usize = 100_000;
/// The most instructions that all walks together come by.
pub const STEPS_MAX: usize = 20_000_000;
/// The most slots of all parts' states together.
pub(crate) const SLOTS_MAX: usize = 10_000_000;

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
    fn new(reasons: &mut Vec<Origin>, origin: Origin) -> Reason {
        let number = NonZeroU32::MIN.saturating_add(reasons.len() as u32);
        reasons.push(origin);
        Reason(number)
    }
}

/// Why a value is not known though what it is made of may be.
enum Origin {
    /// Two ways bring different values.
    Join { block: Block, from: Block, known: Slot<Cause>, other: Slot<Cause> },
    /// A load reads bytes that are not all the request's: the offset of the first.
    Outside { inst: Inst, arg: u32, from: u64 },
}

/// The facts of a part.
pub(crate) struct Part {
    pub(crate) key: Key,
    pub(crate) state: State<Cause>,
    pub(crate) succs: Vec<usize>,
    /// Words compared at the entry on which the part relies.
    pub(crate) folded: Vec<Word>,
    /// How many loads it takes from constant memory that was compared.
    pub(crate) folds: usize,
    /// Stores near arguments, and how many such loads stand before each.
    pub(crate) apart: Vec<(Window, usize)>,
    /// The range that it compares at its end.
    pub(crate) refreshed: Option<Range>,
    /// The number of the instruction before whose end it ends, if that is not the block's end.
    pub(crate) cut: Option<u32>,
    /// The only edge that has led here, by its part and number.
    from: Option<(usize, usize)>,
}

impl Part {
    fn new(key: Key, state: State<Cause>, from: Option<(usize, usize)>) -> Part {
        let (folded, apart) = (Vec::new(), Vec::new());
        let (succs, refreshed, cut) = (Vec::new(), None, None);
        Part { key, state, succs, folded, folds: 0, apart, refreshed, cut, from }
    }
}

/// All that is reached.
pub(crate) struct Explored {
    pub(crate) contexts: Contexts,
    pub(crate) parts: Vec<Part>,
    pub(crate) numbers: HashMap<Key, usize, Hash>,
}

/// A sink that writes nothing.
pub(crate) struct Causes<'m> {
    subject: Subject<'m>,
    reasons: Vec<Origin>,
    /// Those of loads, by what they read.
    outside: HashMap<(Inst, u32, u64), Reason, Hash>,
    /// Of each root why it is not known, if it was ever made, and in which walk it was there last.
    made: Vec<(Option<Cause>, u32)>,
    /// How many walks there were.
    walks: u32,
    /// The words on which the walked part relies.
    folded: Vec<Word>,
    folds: usize,
    apart: Vec<(Window, usize)>,
    refreshed: Option<Range>,
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

/// The state at the function's entry.
pub(crate) fn entry(subject: Subject<'_>) -> State<Cause> {
    let params: Vec<_> = subject.body().block(subject.body().entry()).params().collect();
    let slot = |number: usize| {
        let arg = number as u32;
        let short = subject.body().value(params[number]).ty == ValType::I32;
        match subject.request.params.get(number) {
            Some(&Argument::Constant(_, bits)) => Slot::Bits(bits ^ u64::from(planted!(BitTurned))),
            Some(Argument::Buffer(_)) => Slot::Pointer { root: arg, offset: 0 },
            Some(Argument::Runtime) if short => Slot::Pointer { root: arg, offset: 0 },
            Some(Argument::Runtime) | None => Slot::Run(Cause::Param(arg)),
        }
    };
    let live = subject.generic.live_at(subject.body().entry(), 0);
    let number = |value| params.binary_search(value).unwrap_or(0);
    let values = live.iter().map(|value| slot(number(value))).collect();
    State { values, kept: Virtual::default() }
}

/// The most copies of a part that differ only in their knowledge of constant memory, if that is
/// short.
const VERSIONS_MAX: u32 = 3;
/// The most bytes of constant memory that are short: a loop over them is small, and its copies make
/// it compare less. Of a longer program a copy costs more than it saves, as each operator is run
/// less often, and what it compares is few words.
const SHORT_BYTES_MAX: usize = 256;

/// How many copies of each part there are that differ only in their knowledge of constant memory.
struct Versions {
    counts: HashMap<Key, u32, Hash>,
    most: u32,
}

impl Versions {
    fn of_request(subject: Subject<'_>) -> Versions {
        let len = |argument: &Argument| match argument {
            Argument::Buffer(bytes) => bytes.len(),
            Argument::Runtime | Argument::Constant(..) => 0,
        };
        let bytes: usize = subject.request.params.iter().map(len).sum();
        let most = if bytes <= SHORT_BYTES_MAX { VERSIONS_MAX } else { 0 };
        Versions { counts: HashMap::default(), most }
    }

    /// The key that stands for one: of too many, nothing is known of constant memory.
    fn of(&mut self, key: Key, numbers: &HashMap<Key, usize, Hash>) -> Key {
        let none = Key { fresh: NONE, ..key };
        if key.fresh == ALL || key.fresh == NONE || numbers.contains_key(&key) {
            return key;
        }
        let count = self.counts.entry(none).or_insert(0);
        *count += 1;
        if *count <= self.most { key } else { none }
    }
}

/// Where constant memory is compared at a block's start, the part behind that is the copy of the
/// block which knows of the range. If that copy was one too many, and its key stands for the one
/// that knows nothing, it does so no longer: all that led there are walked again. (It would lead
/// the comparison back to itself.) Gives the steps that this counts as.
fn reopened(
    to: Key,
    parts: &[Part],
    numbers: &mut HashMap<Key, usize, Hash>,
    open: &mut BTreeSet<usize>,
) -> usize {
    match numbers.get(&to) {
        Some(&number) if parts[number].key != to => {
            numbers.remove(&to);
            let leads = parts.iter().enumerate().filter(|(_, part)| part.succs.contains(&number));
            open.extend(leads.map(|(part, _)| part));
            parts.len() / 64
        }
        Some(_) | None => 0,
    }
}

impl<'m> Causes<'m> {
    fn of(subject: Subject<'m>) -> Causes<'m> {
        let (folded, apart) = (Vec::new(), Vec::new());
        let (reasons, outside, made) = (Vec::new(), HashMap::default(), Vec::new());
        let (walks, folds, refreshed) = (0, 0, None);
        Causes { subject, reasons, outside, made, walks, folded, folds, apart, refreshed }
    }
}

/// Finds all that is reached, and why values are not known; what was reached until then, if an
/// intrinsic has no meaning where it stands, or a limit is reached.
pub(crate) fn explore(subject: Subject<'_>) -> (Explored, Causes<'_>, Result<(), Refused>) {
    let mut sink = Causes::of(subject);
    let (block, fresh) = (subject.body().entry(), if subject.is_copied() { ALL } else { NONE });
    let first = Key { context: ROOT, block, start: 0, fresh };
    let parts = vec![Part::new(first, entry(subject), None)];
    let numbers = HashMap::from_iter([(first, 0)]);
    let mut explored = Explored { contexts: Contexts::default(), parts, numbers };
    let done = search(subject, &mut explored, &mut sink);
    (explored, sink, done)
}

fn search<'m>(
    subject: Subject<'m>,
    explored: &mut Explored,
    sink: &mut Causes<'m>,
) -> Result<(), Refused> {
    let Explored { contexts, parts, numbers } = explored;
    let mut versions = Versions::of_request(subject);
    let mut open = BTreeSet::from([0]);
    let (mut steps, mut slots) = (0, 0);
    let mut scratch = Scratch::default();
    while let Some(at) = open.pop_first() {
        let (key, state) = (parts[at].key, parts[at].state.clone());
        let insts = subject.body().block(key.block).insts().len();
        steps += 1 + insts + state.len();
        limits(steps, parts.len(), slots).map_err(|what| endless(subject, contexts, what))?;
        sink.begin(&state);
        let leave = walk(subject, contexts, sink, &mut scratch, key, state)?;
        parts[at].folded = std::mem::take(&mut sink.folded);
        parts[at].folds = std::mem::take(&mut sink.folds);
        parts[at].apart = std::mem::take(&mut sink.apart);
        parts[at].refreshed = sink.refreshed.take();
        parts[at].cut = leave.cut;
        let compares = parts[at].refreshed.is_some();
        let mut succs = Vec::new();
        for (edge, (to, state)) in leave.edges.into_iter().enumerate() {
            let from = Some((at, edge));
            let kept = if compares { to } else { versions.of(to, numbers) };
            if compares {
                steps += reopened(to, parts, numbers, &mut open);
            }
            let number = *numbers.entry(kept).or_insert(parts.len());
            numbers.insert(to, number);
            succs.push(number);
            if number == parts.len() {
                slots += state.len();
                parts.push(Part::new(kept, state, from));
                open.insert(number);
                continue;
            }
            let reasons = &mut sink.reasons;
            let mut run = |known: Slot<Cause>, other: Slot<Cause>| {
                let origin = Origin::Join { block: to.block, from: key.block, known, other };
                Cause::Reason(Reason::new(reasons, origin))
            };
            let part = &mut parts[number];
            let again = part.from == from;
            if !again {
                part.from = None;
            }
            if meet(&mut part.state, &state, again, &mut run) && !planted!(NotAgain) {
                open.insert(number);
            }
        }
        parts[at].succs = succs;
    }
    limits(steps, parts.len(), slots).map_err(|what| endless(subject, contexts, what))
}

/// Refuses a search that exceeds a limit.
fn limits(steps: usize, parts: usize, slots: usize) -> Result<(), String> {
    if steps > STEPS_MAX {
        return Err(format!("more than {STEPS_MAX} steps"));
    }
    if parts > PARTS_MAX || slots > SLOTS_MAX {
        return Err(format!("more than {PARTS_MAX} blocks, or {SLOTS_MAX} values at their starts"));
    }
    Ok(())
}

/// The refusal of a search that exceeds a limit, with the operator that makes most contexts.
fn endless(subject: Subject<'_>, contexts: &Contexts, what: String) -> Refused {
    let name = |inst: Inst| {
        let intrinsic = subject.intrinsic(inst).map_or("", Intrinsic::name);
        let place = subject.place(subject.body().inst(inst).offset);
        format!("`{intrinsic}` in {} at {place}", subject.generic.func())
    };
    let pushes = |inst| subject.intrinsic(inst) == Some(Intrinsic::PushContext);
    let told = contexts.endless(pushes, name).map_or_else(String::new, |told| format!(": {told}"));
    Refused::new(Fault::Limit, format!("{what}{told}"))
}
