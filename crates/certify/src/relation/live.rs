//! The values that a body needs from a place on, with what they are computed from.
//!
//! A computed value is no instruction's own: code may have it wherever its operands are. So it is
//! needed back to where the last of the leaves that it is computed from is made, its *anchor*; all
//! leaves dominate it, so they are made one behind the other.
//!
//! Limit: [`WORDS_MAX`]. Beyond, nothing is known of what is needed, and no relation is searched.

use prova_equal::is_of_operands;
use prova_ssa::{Block, Body, Def, Dominators, Held, Value};

/// Words of 64 values that all sets together have at most: 128 megabytes.
const WORDS_MAX: usize = 1 << 24;
/// How often each may be looked at.
const ROUNDS: usize = 16;

/// Needed values at the starts of blocks.
#[derive(Debug)]
pub(crate) struct Live {
    blocks: Vec<Set>,
    /// By value.
    anchors: Vec<Anchor>,
    /// The greatest number of a value that is made in a block, or before it.
    lasts: Vec<u32>,
}

/// Computed values of blocks further behind are not looked for: code has few of them early, and
/// there may be as many at each place as the body has.
const WINDOW: u32 = 1_024;

/// Where a value is there from: a block, and instructions of it; nothing for numbers.
type Anchor = Option<(Block, u32)>;

/// A set of values, as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Set(Vec<u64>);

impl Set {
    fn new(count: usize) -> Set {
        Set(vec![0; count.div_ceil(64)])
    }

    fn has(&self, at: u32) -> bool {
        self.0.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn add(&mut self, at: u32) {
        self.0[at as usize / 64] |= 1 << (at % 64);
    }

    fn join(&mut self, other: &Set) -> bool {
        let mut grown = false;
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            grown |= *more & !*word != 0;
            *word |= more;
        }
        grown
    }

    fn leave(&mut self, others: &[u32]) {
        for &at in others {
            self.0[at as usize / 64] &= !(1 << (at % 64));
        }
    }

    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.0).flat_map(|(i, &word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| i * 64 + bit)
        })
    }
}

/// Whether a value is computed from its operands alone.
fn is_computed(body: &Body, value: Value) -> bool {
    let Def::Result(inst, _) = body.value(value).def else { return false };
    is_of_operands(body.inst(inst).op)
}

/// The operands that a value is computed from.
fn operands(body: &Body, value: Value) -> impl Iterator<Item = Value> + '_ {
    let computed = is_computed(body, value);
    let inst = match body.value(value).def {
        Def::Result(inst, _) if computed => Some(inst),
        _ => None,
    };
    inst.into_iter().flat_map(|inst| body.operands(body.inst(inst).args)).copied()
}

/// Adds values and the operands that they are computed from.
fn close(body: &Body, set: &mut Set, values: impl IntoIterator<Item = Value>) {
    let mut open: Vec<Value> = values.into_iter().collect();
    while let Some(value) = open.pop() {
        if !set.has(value.as_u32()) {
            set.add(value.as_u32());
            open.extend(operands(body, value));
        }
    }
}

/// The anchors of all values.
fn anchors(body: &Body) -> Vec<Anchor> {
    let dominators = Dominators::new(body);
    let mut anchors: Vec<Anchor> = vec![None; body.value_count()];
    let mut done = Set::new(body.value_count());
    let mut all: Vec<Value> = Vec::new();
    for (block, data) in body.blocks() {
        for param in data.params() {
            anchors[param.as_u32() as usize] = Some((block, 0));
            done.add(param.as_u32());
        }
        for (i, inst) in (1_u32..).zip(data.insts()) {
            for value in body.inst(inst).results() {
                if is_computed(body, value) {
                    all.push(value);
                } else {
                    anchors[value.as_u32() as usize] = Some((block, i));
                    done.add(value.as_u32());
                }
            }
        }
    }
    let later = |a: Anchor, b: Anchor| match (a, b) {
        (Some((p, i)), Some((q, j))) => {
            let first = if p == q { i < j } else { dominators.dominates(p, q) };
            if first { b } else { a }
        }
        (found, None) | (None, found) => found,
    };
    for value in all {
        let mut open = vec![value];
        while let Some(&value) = open.last() {
            let before = open.len();
            open.extend(operands(body, value).filter(|operand| !done.has(operand.as_u32())));
            if open.len() == before {
                open.pop();
                let of = operands(body, value).map(|operand| anchors[operand.as_u32() as usize]);
                anchors[value.as_u32() as usize] = of.fold(None, later);
                done.add(value.as_u32());
            }
        }
    }
    anchors
}

/// The greatest numbers of values, by block.
fn lasts(body: &Body) -> Vec<u32> {
    let mut last = 0;
    let mut lasts = Vec::new();
    for (_, data) in body.blocks() {
        let results = data.insts().flat_map(|inst| body.inst(inst).results());
        last = data.params().chain(results).fold(last, |last, value| last.max(value.as_u32()));
        lasts.push(last);
    }
    lasts
}

/// The values that a block reads from one of its instructions on, those that the frame holds while
/// it waits among them.
fn reads((body, held): (&Body, Option<&Held>), block: Block, from: u32) -> Vec<Value> {
    let data = body.block(block);
    let mut found = Vec::new();
    let held_at = |offset: u32| held.map_or(&[][..], |held| held.at(offset));
    let mut last = None;
    for inst in data.insts().skip(from as usize) {
        found.extend(body.operands(body.inst(inst).args));
        let offset = body.inst(inst).offset;
        if last != Some(offset) {
            found.extend(held_at(offset));
        }
        last = Some(offset);
    }
    found.extend(held_at(data.end));
    found.extend(body.terminator_operands(&data.terminator));
    for edge in body.successors(block) {
        found.extend(body.args(&edge).iter().filter_map(|arg| arg.value()));
    }
    found
}

impl Live {
    /// The needed values; nothing beyond the limit.
    pub(crate) fn of(body: &Body, held: Option<&Held>) -> Option<Live> {
        let count = body.value_count();
        let anchors = anchors(body);
        let blocks: Vec<Block> = body.blocks().map(|(block, _)| block).collect();
        let words = count.div_ceil(64);
        if words.saturating_mul(blocks.len()) > WORDS_MAX {
            return None;
        }
        let mut left = WORDS_MAX.saturating_mul(ROUNDS);
        let mut made: Vec<Vec<u32>> = vec![Vec::new(); blocks.len()];
        for (value, anchor) in (0_u32..).zip(&anchors) {
            if let Some((block, _)) = anchor {
                made[block.as_u32() as usize].push(value);
            }
        }
        let mut live: Vec<Set> = blocks.iter().map(|_| Set::new(count)).collect();
        for &block in &blocks {
            let here = block.as_u32() as usize;
            close(body, &mut live[here], reads((body, held), block, 0));
            live[here].leave(&made[here]);
        }
        loop {
            let mut grown = false;
            for &block in blocks.iter().rev() {
                let here = block.as_u32() as usize;
                for edge in body.successors(block) {
                    left = left.checked_sub(words)?;
                    let mut coming = live[edge.block.as_u32() as usize].clone();
                    coming.leave(&made[here]);
                    grown |= live[here].join(&coming);
                }
            }
            if !grown {
                return Some(Live { blocks: live, anchors, lasts: lasts(body) });
            }
        }
    }

    /// The block in which the last of the leaves is made that a value is computed from.
    pub(crate) fn anchor(&self, value: u32) -> Option<u32> {
        let anchor = *self.anchors.get(value as usize)?;
        anchor.map(|(block, _)| block.as_u32())
    }

    /// The values needed from an instruction of a block on.
    pub(crate) fn at(
        &self,
        (body, held): (&Body, Option<&Held>),
        block: u32,
        from: u32,
    ) -> Vec<Value> {
        let here = Block::from_u32(block);
        let mut set = Set::new(body.value_count());
        close(body, &mut set, reads((body, held), here, from));
        for edge in body.successors(here) {
            set.join(&self.blocks[edge.block.as_u32() as usize]);
        }
        let most = self.lasts[here.as_u32() as usize].saturating_add(WINDOW);
        let is_there = |value: &u32| match self.anchors[*value as usize] {
            Some((block, i)) => block != here || i <= from,
            None => true,
        };
        let near = |value: &Value| value.as_u32() <= most || !is_computed(body, *value);
        set.iter().filter(is_there).map(Value::from_u32).filter(near).collect()
    }
}
