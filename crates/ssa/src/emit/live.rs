//! Where each value is live, in positions of the code to come.
//!
//! Positions count the steps of the blocks in order; a block's parameters are made at its start,
//! and its edges read their arguments at its end, which is the start of the next one. A value is
//! live from where it is written up to its last read.
//!
//! * H1. The intervals of a value are disjoint, ascending and not empty; a value that no local
//!   needs has none.
//!
//! Time: linear in the intervals' blocks, of which there are at most [`BLOCKS_MAX`] for each value
//! and block; beyond that a value counts as live everywhere, which costs a local, never
//! correctness.

use super::caught;
use super::flow::Lists;
use super::trees::{Step, Trees};
use crate::body::{Body, Def};
use crate::entity::{Block, Value};

/// Live blocks of all values together, as a multiple of values and blocks.
const BLOCKS_MAX: usize = 32;

/// The intervals of all values.
pub(super) struct Live {
    intervals: Vec<(u32, u32)>,
    of: Vec<(u32, u32)>,
}

impl Live {
    /// The intervals of a value.
    pub(super) fn of(&self, value: Value) -> &[(u32, u32)] {
        let (start, end) = self.of[value.as_u32() as usize];
        &self.intervals[start as usize..end as usize]
    }
}

struct Finder {
    /// The predecessors of each block, by edges of the body.
    preds: Lists,
    /// Start and end of each block.
    span: Vec<(u32, u32)>,
    /// Where each value is written: position and block.
    def: Vec<(u32, u32)>,
    /// Reads in order of positions: position and block.
    uses: Vec<(u32, u32)>,
    /// The reads of each value, as positions in `uses`.
    reads: Lists,
}

/// Finds the intervals.
///
/// Parameters of handlers that are `apart` live from each call on that may lead there.
pub(super) fn live(body: &Body, order: &[u32], trees: &Trees, apart: &[bool]) -> Live {
    let finder = Finder::new(body, order, trees);
    let mut more = Vec::new();
    let blocks = if apart.contains(&true) { order } else { &[] };
    for &index in blocks {
        caught::given(body, trees, Block::from_u32(index), |param, _| {
            if apart[param.as_u32() as usize] {
                let end = finder.span[index as usize].1;
                more.push((param, end - 1, end));
            }
        });
    }
    more.sort_unstable();
    finder.intervals(body, &more)
}

impl Live {
    /// Appends intervals in the order of their starts; those that touch are one.
    fn join(&mut self, start: u32, found: &[(u32, u32)]) {
        for &(from, to) in found.iter().filter(|(from, to)| from < to) {
            match self.intervals[start as usize..].last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => self.intervals.push((from, to)),
            }
        }
    }
}

impl Finder {
    fn new(body: &Body, order: &[u32], trees: &Trees) -> Finder {
        let mut span = vec![(0, 0); body.block_count()];
        let mut def = vec![(0, 0); body.value_count()];
        let room = body.value_count() + body.args.len();
        let (mut uses, mut values) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let mut edges = Vec::with_capacity(2 * order.len());
        let mut at = 0;
        for &index in order {
            let block = Block::from_u32(index);
            let start = at;
            for param in body.block(block).params() {
                def[param.as_u32() as usize] = (start, index);
            }
            for &step in trees.steps(block) {
                at += 1;
                match step {
                    Step::Get(value) => {
                        uses.push((at, index));
                        values.push(value.as_u32());
                    }
                    Step::Set(value) | Step::Tee(value) => {
                        def[value.as_u32() as usize] = (at, index);
                    }
                    Step::Inst(_) | Step::Const(_) | Step::Drop | Step::Carry(_) => {}
                }
            }
            at += 1;
            for edge in body.successors(block) {
                edges.push((edge.block.as_u32(), index));
                let params = body.block(edge.block).params();
                for (param, arg) in params.zip(body.args(&edge)) {
                    let Some(arg) = arg.value().filter(|_| trees.is_live(param)) else { continue };
                    if !trees.is_remat(arg) && !trees.is_carried(arg) {
                        uses.push((at, index));
                        values.push(arg.as_u32());
                    }
                }
            }
            span[index as usize] = (start, at);
        }
        let reads = values.iter().copied().zip(0..);
        let reads = Lists::new(body.value_count(), reads);
        let preds = Lists::new(body.block_count(), edges.iter().copied());
        Finder { preds, span, def, uses, reads }
    }

    fn intervals(&self, body: &Body, more: &[(Value, u32, u32)]) -> Live {
        let intervals = Vec::with_capacity(self.uses.len());
        let mut live = Live { intervals, of: vec![(0, 0); body.value_count()] };
        let mut seen = vec![u32::MAX; self.span.len()];
        let mut budget = BLOCKS_MAX * (body.value_count() + body.block_count()) + (1 << 16);
        let (mut open, mut found) = (Vec::new(), Vec::new());
        let last = self.span.iter().map(|span| span.1).max().unwrap_or(0);
        for value in (0..body.value_count() as u32).map(Value::from_u32) {
            let reads = self.reads.of(value.as_u32());
            if reads.is_empty() {
                continue;
            }
            let (written, home) = self.def[value.as_u32() as usize];
            found.clear();
            let uses = reads.iter().map(|&read| self.uses[read as usize]);
            let mut before = u32::MAX;
            for (at, block) in uses.clone() {
                if block == home {
                    found.push((written, at));
                    continue;
                }
                found.push((self.span[block as usize].0, at));
                // Reads of one block follow each other.
                if std::mem::replace(&mut before, block) == block {
                    continue;
                }
                self.enter(block, value, &mut seen, &mut open);
                while let Some(block) = open.pop() {
                    let (start, end) = self.span[block as usize];
                    if block == home {
                        found.push((written, end));
                        continue;
                    }
                    // Most blocks have the one before them for a predecessor.
                    match found.last_mut() {
                        Some((first, _)) if *first == end => *first = start,
                        _ => found.push((start, end)),
                    }
                    self.enter(block, value, &mut seen, &mut open);
                    budget = budget.saturating_sub(1);
                    if budget == 0 {
                        open.clear();
                    }
                }
            }
            if budget == 0 && uses.clone().any(|(_, block)| block != home) {
                found.clear();
                found.push((0, last));
            }
            let start = live.intervals.len() as u32;
            let from = more.partition_point(|&(other, ..)| other < value);
            let own = more[from..].iter().take_while(|&&(other, ..)| other == value);
            found.extend(own.map(|&(_, from, to)| (from, to)));
            if !found.is_sorted() {
                found.sort_unstable();
            }
            live.join(start, &found);
            // A parameter of the function that is read is there from the start.
            if matches!(body.value(value).def, Def::Param(block, ..) if block == body.entry())
                && let Some(first) = live.intervals.get_mut(start as usize)
            {
                first.0 = 0;
            }
            live.of[value.as_u32() as usize] = (start, live.intervals.len() as u32);
        }
        live
    }

    /// The predecessors of a block into which a value is live, each once.
    fn enter(&self, block: u32, value: Value, seen: &mut [u32], open: &mut Vec<u32>) {
        for &pred in self.preds.of(block) {
            if std::mem::replace(&mut seen[pred as usize], value.as_u32()) != value.as_u32() {
                open.push(pred);
            }
        }
    }
}
