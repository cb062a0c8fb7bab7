//! Candidates with places instead of words: code that can be cut, moved and put together again.
//!
//! Branch targets, map entries, hints and handlers name the place (index) of an instruction, so
//! they stay right when the instructions before them become more or fewer. An operand that is in an
//! accumulator has a number that no slot has ([`accumulator`]), so that edits of slots are edits of
//! marks too.

use prova_bytecode::{
    Candidate, CodeBuffer, Handler, Inst, Kind, MapEntry, Marks, Op, RegClass, decode,
};
use std::collections::BTreeMap;

/// One instruction; the value of a branch offset is a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) op: Op,
    pub(super) values: Vec<u64>,
    /// Places of a `br_table`'s targets.
    pub(super) table: Vec<usize>,
}

/// The number that stands for the accumulator of a class in the place of a slot.
pub(super) fn accumulator(class: RegClass) -> u64 {
    (1 << 16) + class as u64
}

/// Lets the operands that are in accumulators name these.
fn name_accumulators(inst: &mut Inst) {
    let accumulators = &inst.op.info().accumulators;
    let source = usize::from(inst.marks.source()).checked_sub(1);
    if let Some((value, class)) = source.and_then(|n| accumulators.sources[n]) {
        inst.values[usize::from(value)] = accumulator(class);
    }
    if let Some(class) = accumulators.result.filter(|_| inst.marks.is_muted()) {
        inst.values[0] = accumulator(class);
    }
}

/// The marks of operands that name accumulators, which become 0; a name that the op does not take
/// is no name then.
fn marks_of(op: Op, values: &mut [u64]) -> Marks {
    let accumulators = &op.info().accumulators;
    let muted = accumulators.result.is_some_and(|class| values[0] == accumulator(class));
    let named = accumulators.sources.iter().position(|source| {
        source.is_some_and(|(value, class)| values[usize::from(value)] == accumulator(class))
    });
    let marks = Marks::new(named.map_or(0, |n| n as u8 + 1), muted);
    for (i, kind) in operand_values(op) {
        if (kind.cells() > 0 || kind == Kind::win) && values[i] >= 1 << 16 {
            values[i] = 0;
        }
    }
    if op.takes(marks) { marks } else { Marks::NONE }
}

/// Where a handler is: its range, and its target unless it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) target: Option<usize>,
}

/// A candidate's code.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) items: Vec<Item>,
    /// Places and offsets.
    pub(super) map: Vec<(usize, u32)>,
    /// The place of each hint.
    pub(super) hints: Vec<usize>,
    /// The handlers, and their words as places.
    pub(super) handlers: Vec<(Handler, Places)>,
}

/// The index into an item's values of each of its operands.
pub(super) fn operand_values(op: Op) -> impl Iterator<Item = (usize, Kind)> {
    let mut next = 0;
    op.operands().iter().map(move |operand| {
        let at = next;
        next += if operand.kind == Kind::v128c { 2 } else { 1 };
        (at, operand.kind)
    })
}

impl Listing {
    /// The listing of a candidate whose code decodes and whose targets are instructions.
    pub(super) fn new(candidate: &Candidate) -> Option<Listing> {
        let mut places = BTreeMap::new();
        let (mut insts, mut at) = (Vec::new(), 0);
        while (at as usize) < candidate.words.len() {
            let mut inst = decode(&candidate.words, at).ok()?;
            name_accumulators(&mut inst);
            places.insert(at, insts.len());
            at = inst.next;
            insts.push(inst);
        }
        places.insert(at, insts.len());
        let mut items = Vec::new();
        for inst in &insts {
            let place = |offset: u64| places.get(&inst.target(offset as i32)?).copied();
            let count: usize = operand_values(inst.op)
                .map(|(at, kind)| at + 1 + usize::from(kind == Kind::v128c))
                .max()
                .unwrap_or(0);
            let mut values = inst.values[..count].to_vec();
            for (i, kind) in operand_values(inst.op) {
                if kind == Kind::rel {
                    values[i] = place(values[i])? as u64;
                }
            }
            let table = inst
                .table_targets(&candidate.words)
                .iter()
                .map(|&t| place(t))
                .collect::<Option<_>>()?;
            items.push(Item { op: inst.op, values, table });
        }
        let map = candidate
            .map
            .iter()
            .map(|e| Some((*places.get(&e.word)?, e.offset)))
            .collect::<Option<_>>()?;
        let hints = candidate
            .controls
            .iter()
            .map(|h| places.get(&h.word).copied())
            .collect::<Option<_>>()?;
        let place = |word: u32| places.get(&word).copied();
        let handlers = candidate.handlers.iter().map(|handler| {
            let target = match handler.target {
                Handler::RETURN => None,
                word => Some(place(word)?),
            };
            Some((
                *handler,
                Places { start: place(handler.start)?, end: place(handler.end)?, target },
            ))
        });
        let handlers = handlers.collect::<Option<_>>()?;
        Some(Listing { items, map, hints, handlers })
    }

    /// Removes the instruction at `place`.
    pub(super) fn remove(&mut self, place: usize) {
        self.items.remove(place);
        self.shift(|at| at - usize::from(at > place));
        self.map.dedup_by_key(|(at, _)| *at);
    }

    /// Puts an instruction before the one at `place`; what names that place goes on doing so.
    pub(super) fn insert(&mut self, place: usize, item: Item) {
        self.shift(|at| at + usize::from(at > place));
        self.items.insert(place, item);
    }

    fn shift(&mut self, to: impl Fn(usize) -> usize) {
        for item in &mut self.items {
            for (i, kind) in operand_values(item.op) {
                if kind == Kind::rel {
                    item.values[i] = to(item.values[i] as usize) as u64;
                }
            }
            item.table.iter_mut().for_each(|at| *at = to(*at));
        }
        self.map.iter_mut().for_each(|(at, _)| *at = to(*at));
        self.hints.iter_mut().for_each(|at| *at = to(*at));
        for (_, places) in &mut self.handlers {
            (places.start, places.end) = (to(places.start), to(places.end));
            places.target = places.target.map(&to);
        }
    }

    /// The candidate with this code, the rest as in `honest`.
    pub(super) fn candidate(&self, honest: &Candidate) -> Candidate {
        let mut words = vec![0u32];
        for item in &self.items {
            let last = words[words.len() - 1];
            words.push(last + (item.op.words() + item.table.len()) as u32);
        }
        let word = |place: usize| words[place.min(self.items.len())];
        let mut code = CodeBuffer::new();
        for (i, item) in self.items.iter().enumerate() {
            let offset = |place: usize| i64::from(word(place)) - i64::from(words[i]);
            let mut values = item.values.clone();
            for (v, kind) in operand_values(item.op) {
                match kind {
                    Kind::rel => values[v] = offset(values[v] as usize) as u64,
                    Kind::count => values[v] = item.table.len() as u64 - 1,
                    _ => {}
                }
            }
            let marks = marks_of(item.op, &mut values);
            code.emit_marked(item.op, marks, &values);
            for &place in &item.table {
                code.emit_target(offset(place) as i32);
            }
        }
        let map =
            self.map.iter().map(|&(at, offset)| MapEntry { word: word(at), offset }).collect();
        let mut controls = honest.controls.clone();
        for (hint, &at) in controls.iter_mut().zip(&self.hints) {
            hint.word = word(at);
        }
        let handlers = self.handlers.iter().map(|(handler, places)| {
            let target = places.target.map_or(Handler::RETURN, word);
            Handler { start: word(places.start), end: word(places.end), target, ..*handler }
        });
        let handlers = handlers.collect();
        Candidate { words: code.into_words(), map, controls, handlers, ..honest.clone() }
    }
}
