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

use super::causes::{Cause, Causes, Origin, Reason};
use super::context::{ALL, Contexts, NONE, ROOT};
use super::sink::{Key, Scratch, Subject};
use super::state::{Slot, State, Virtual, meet};
use super::walk::walk;
use crate::ask::certificate::{Range, Window, Word};
use crate::ask::error::{Fault, Refused};
use crate::ask::intrinsic::Intrinsic;
use crate::ask::request::Argument;
use prova_module::ValType;
use prova_ssa::Inst;
use prova_ssa::hash::Key as Hash;
use std::collections::{BTreeSet, HashMap};

/// The most parts, each of which becomes a block.
pub const PARTS_MAX: usize = 100_000;
/// The most instructions that all walks together come by.
pub const STEPS_MAX: usize = 20_000_000;
/// The most slots of all parts' states together.
pub(crate) const SLOTS_MAX: usize = 10_000_000;

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

impl Explored {
    /// The parts that are reached, in reverse postorder.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut seen = vec![false; self.parts.len()];
        let (mut order, mut path) = (Vec::new(), vec![(0, 0)]);
        seen[0] = true;
        while let Some((part, next)) = path.last_mut() {
            match self.parts[*part].succs.get(*next) {
                Some(&to) => {
                    *next += 1;
                    if !seen[to] {
                        seen[to] = true;
                        path.push((to, 0));
                    }
                }
                None => {
                    order.push(*part);
                    path.pop();
                }
            }
        }
        order.reverse();
        order
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
