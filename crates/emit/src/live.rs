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

use crate::caught;
use crate::edges::Edges;
use crate::trees::{Step, Trees};
use prova_ssa::flow::{Lists, NONE};
use prova_ssa::{Block, Body, Def, Value};

/// Live blocks of all values together, as a multiple of values and blocks.
const BLOCKS_MAX: usize = 32;

/// The intervals of all values.
pub(super) struct Live {
    intervals: Vec<(u32, u32)>,
    of: Vec<(u32, u32)>,
}

impl Live {
    /// The intervals of a value.
    #[inline]
    pub(super) fn of(&self, value: Value) -> &[(u32, u32)] {
        let (start, end) = self.of[value.as_u32() as usize];
        &self.intervals[start as usize..end as usize]
    }
}

/// The facts about a value.
#[derive(Clone, Copy)]
struct Known {
    /// Where it is written: position and block.
    written: u32,
    home: u32,
    /// Its last read there; 0 if there is none.
    own: u32,
    /// Its newest read elsewhere.
    read: u32,
}

/// The last read of a value in a block that does not write it.
struct Read {
    block: u32,
    at: u32,
    /// The value's read in the block before.
    before: u32,
}

struct Finder {
    /// The predecessors of each block, by edges of the body.
    preds: Lists,
    /// Start and end of each block.
    span: Vec<(u32, u32)>,
    values: Vec<Known>,
    reads: Vec<Read>,
}

/// Finds the intervals.
///
/// Parameters of handlers that are `apart` live from each call on that may lead there.
pub(super) fn live(
    body: &Body,
    edges: &Edges,
    order: &[u32],
    trees: &Trees,
    apart: &[bool],
) -> Live {
    let finder = Finder::new(body, edges, order, trees);
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

impl Known {
    #[inline]
    fn write(&mut self, at: u32, block: u32) {
        (self.written, self.home) = (at, block);
    }

    /// The value is read.
    #[inline]
    fn read(&mut self, at: u32, block: u32, reads: &mut Vec<Read>) {
        if self.home == block {
            self.own = at;
            return;
        }
        // Reads of one block follow each other.
        match reads.get_mut(self.read as usize) {
            Some(read) if read.block == block => read.at = at,
            _ => {
                let before = std::mem::replace(&mut self.read, reads.len() as u32);
                reads.push(Read { block, at, before });
            }
        }
    }
}

impl Finder {
    fn new(body: &Body, edges: &Edges, order: &[u32], trees: &Trees) -> Finder {
        let mut span = vec![(0, 0); body.block_count()];
        let unknown = Known { written: 0, home: 0, own: 0, read: NONE };
        let mut values = vec![unknown; body.value_count()];
        let mut reads = Vec::with_capacity(body.value_count() / 4);
        let mut at = 0;
        for &index in order {
            let block = Block::from_u32(index);
            let start = at;
            for param in body.block(block).params() {
                values[param.as_u32() as usize].write(start, index);
            }
            for &step in trees.steps(block) {
                at += 1;
                match step {
                    Step::Get(value) => {
                        values[value.as_u32() as usize].read(at, index, &mut reads);
                    }
                    Step::Set(value) | Step::Tee(value) => {
                        values[value.as_u32() as usize].write(at, index);
                    }
                    Step::Inst(_) | Step::Const(_) | Step::Drop | Step::Carry(_) => {}
                }
            }
            at += 1;
            for edge in edges.of(block).iter().filter(|edge| !edge.args.is_empty()) {
                let params = body.block(edge.block).params();
                for (param, arg) in params.zip(body.args(edge)) {
                    let Some(arg) = arg.value().filter(|_| trees.is_live(param)) else { continue };
                    if !trees.is_remat(arg) && !trees.is_carried(arg) {
                        values[arg.as_u32() as usize].read(at, index, &mut reads);
                    }
                }
            }
            span[index as usize] = (start, at);
        }
        let out = |&index: &u32| edges.of(Block::from_u32(index)).iter().map(move |to| (to, index));
        let pairs = order.iter().flat_map(out).map(|(edge, index)| (edge.block.as_u32(), index));
        let preds = Lists::new(body.block_count(), pairs);
        Finder { preds, span, values, reads }
    }

    fn intervals(&self, body: &Body, more: &[(Value, u32, u32)]) -> Live {
        let intervals = Vec::with_capacity(self.values.len() / 2 + self.reads.len());
        let mut live = Live { intervals, of: vec![(0, 0); body.value_count()] };
        let mut search = Search {
            seen: vec![NONE; self.span.len()],
            budget: BLOCKS_MAX * (body.value_count() + body.block_count()) + (1 << 16),
            open: Vec::new(),
            found: Vec::new(),
        };
        let last = self.span.iter().map(|span| span.1).max().unwrap_or(0);
        for (number, known) in (0..).zip(&self.values) {
            if known.own == 0 && known.read == NONE {
                continue;
            }
            let start = live.intervals.len() as u32;
            if known.read == NONE && more.is_empty() {
                // Mostly a value is read where it is written.
                live.join(start, &[(known.written, known.own)]);
            } else {
                let value = Value::from_u32(number);
                self.search(number, &mut search);
                if search.budget == 0 && known.read != NONE {
                    search.found.clear();
                    search.found.push((0, last));
                }
                let from = more.partition_point(|&(other, ..)| other < value);
                let own = more[from..].iter().take_while(|&&(other, ..)| other == value);
                search.found.extend(own.map(|&(_, from, to)| (from, to)));
                if !search.found.is_sorted() {
                    search.found.sort_unstable();
                }
                live.join(start, &search.found);
            }
            // A parameter of the function that is read is there from the start.
            if known.home == body.entry().as_u32()
                && matches!(body.value(Value::from_u32(number)).def, Def::Param(..))
                && let Some(first) = live.intervals.get_mut(start as usize)
            {
                first.0 = 0;
            }
            live.of[number as usize] = (start, live.intervals.len() as u32);
        }
        live
    }

    /// Finds the intervals of a value, in any order.
    fn search(&self, number: u32, search: &mut Search) {
        let known = self.values[number as usize];
        let Search { seen, budget, open, found } = search;
        found.clear();
        if known.own != 0 {
            found.push((known.written, known.own));
        }
        // The newest first: where it is live, so it is in most blocks before that.
        let mut next = known.read;
        while let Some(&Read { block, at, before }) = self.reads.get(next as usize) {
            next = before;
            if seen[block as usize] == number {
                continue;
            }
            found.push((self.span[block as usize].0, at));
            self.enter(block, number, seen, open);
            while let Some(block) = open.pop() {
                let (start, end) = self.span[block as usize];
                let is_home = block == known.home;
                let start = if is_home { known.written } else { start };
                // Most blocks have the one before them for a predecessor.
                match found.last_mut() {
                    Some((first, _)) if *first == end => *first = start,
                    _ => found.push((start, end)),
                }
                if is_home {
                    continue;
                }
                self.enter(block, number, seen, open);
                *budget = budget.saturating_sub(1);
                if *budget == 0 {
                    open.clear();
                }
            }
        }
    }

    /// The predecessors of a block into which a value is live, each once.
    #[inline]
    fn enter(&self, block: u32, number: u32, seen: &mut [u32], open: &mut Vec<u32>) {
        for &pred in self.preds.of(block) {
            if std::mem::replace(&mut seen[pred as usize], number) != number {
                open.push(pred);
            }
        }
    }
}

/// The state that the searches for the intervals of all values share.
struct Search {
    /// The last value that was found to be live through each block.
    seen: Vec<u32>,
    /// How many blocks may still be looked at.
    budget: usize,
    open: Vec<u32>,
    found: Vec<(u32, u32)>,
}
