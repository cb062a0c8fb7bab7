//! Values whose block is about to go, or to be there twice → parameters that carry them to their
//! uses.
//!
//! A value comes along the edges: each block into which it is live, and to which several edges
//! lead, or one from the block that goes, gets a parameter for it. In the body as it is, such a
//! parameter is the value itself, which is its claim ([`Claim::Value`](crate::replace::Claim)): the
//! definition dominates each block into which the value is live.
//!
//! Limits: at most [`CARRIED_MAX`] pairs of a value and a block; for headers ([`Carried::between`])
//! also at most [`PER_BLOCK`] for each block beyond [`CARRIED_BASE`], so that what is made grows as
//! the body does.

use crate::body::Body;
use crate::entity::{Block, Value};
use crate::flow::Flow;
use std::collections::HashMap;

/// Pairs of a value and a block into which it is live.
pub const CARRIED_MAX: usize = 1 << 20;

/// Such pairs of values of headers in any body.
pub const CARRIED_BASE: usize = 1 << 12;

/// Such pairs for each block, on top of [`CARRIED_BASE`]: compilers' code has 3 for a block at most.
pub const PER_BLOCK: usize = 16;

/// Calls back with each value that is read, and the block that reads it.
pub fn uses(body: &Body, mut read: impl FnMut(Value, Block)) {
    for (block, data) in body.blocks() {
        let operands = data.insts().flat_map(|inst| body.operands(body.inst(inst).args));
        operands.for_each(|&value| read(value, block));
        body.terminator_operands(&data.terminator).iter().for_each(|&value| read(value, block));
        for edge in body.successors(block) {
            body.args(&edge).iter().filter_map(|arg| arg.value()).for_each(|v| read(v, block));
        }
    }
}

/// A block whose values are carried.
pub struct Home {
    /// The block.
    pub block: Block,
    /// Those of its values that others read, rising.
    pub values: Vec<Value>,
    /// Where edges of it lead.
    pub starts: Vec<Block>,
}

/// Into which blocks values are live.
struct Live<'f> {
    flow: &'f Flow,
    /// The blocks that read a value, until it was asked for.
    readers: HashMap<Value, Vec<Block>>,
    /// By block: the last value that was found to be live into it.
    seen: Vec<u32>,
    /// Pairs of a value and a block that may still be found.
    left: usize,
}

impl<'f> Live<'f> {
    fn new(
        body: &Body,
        flow: &'f Flow,
        values: impl Iterator<Item = Value>,
        pairs_max: usize,
    ) -> Live<'f> {
        let mut readers: HashMap<Value, Vec<Block>> =
            values.map(|value| (value, Vec::new())).collect();
        uses(body, |value, block| {
            readers.get_mut(&value).into_iter().for_each(|readers| readers.push(block));
        });
        Live { flow, readers, seen: vec![u32::MAX; body.block_count()], left: pairs_max }
    }

    /// The blocks into which a value of `home` is live, in the order of the flow; `None` beyond the
    /// limit.
    fn blocks(&mut self, value: Value, home: Block) -> Option<Vec<Block>> {
        let mut open = self.readers.remove(&value).unwrap_or_default();
        let mut live = Vec::new();
        while let Some(block) = open.pop() {
            let last = &mut self.seen[block.as_u32() as usize];
            if block == home || std::mem::replace(last, value.as_u32()) == value.as_u32() {
                continue;
            }
            self.left = self.left.checked_sub(1)?;
            live.push(block);
            let preds = self.flow.preds.of(block.as_u32()).iter();
            open.extend(preds.map(|&pred| Block::from_u32(pred)));
        }
        live.sort_unstable_by_key(|block| self.flow.number[block.as_u32() as usize]);
        Some(live)
    }
}

/// The parameters that carry values.
#[derive(Debug, Default)]
pub struct Carried {
    /// For each block the values that it gets a parameter for, rising.
    more: Vec<Vec<Value>>,
    /// The block whose parameter a value is where it is live into a block; absent where it is the
    /// value itself.
    name: HashMap<(Block, Value), Block>,
}

impl Carried {
    /// Nothing is carried in a body.
    pub fn none(body: &Body) -> Carried {
        Carried { more: vec![Vec::new(); body.block_count()], name: HashMap::new() }
    }

    /// Carries values of a block, rising, to all their uses. Where `parts` holds, a block gets a
    /// parameter for any number of ways into it. `flow` is the body's. `None` beyond the limit.
    pub fn new(
        body: &Body,
        flow: &Flow,
        (home, values): (Block, &[Value]),
        parts: impl Fn(Block) -> bool,
    ) -> Option<Carried> {
        let mut carried = Carried::none(body);
        let mut live = Live::new(body, flow, values.iter().copied(), CARRIED_MAX);
        for &value in values {
            // A single way in stands before its block.
            for block in live.blocks(value, home)? {
                let preds = flow.preds.of(block.as_u32());
                if preds.len() > 1 || parts(block) {
                    carried.more[block.as_u32() as usize].push(value);
                    carried.name.insert((block, value), block);
                } else if let Some(&name) = preds
                    .first()
                    .and_then(|&pred| carried.name.get(&(Block::from_u32(pred), value)))
                {
                    carried.name.insert((block, value), name);
                }
            }
        }
        Some(carried)
    }

    /// Carries values of blocks that stay, each of which may come to be there several times, with
    /// as few parameters as that takes: where an edge out of such a block leads, and where ways
    /// meet on which the value has several names. `None` beyond the limit.
    pub fn between(body: &Body, flow: &Flow, homes: &[Home]) -> Option<Carried> {
        let mut carried = Carried::none(body);
        let mut all: Vec<(Value, &Home)> =
            homes.iter().flat_map(|home| home.values.iter().map(move |&v| (v, home))).collect();
        all.sort_unstable_by_key(|&(value, _)| value);
        let mut is_home = vec![false; body.block_count()];
        homes.iter().for_each(|home| is_home[home.block.as_u32() as usize] = true);
        let pairs_max = CARRIED_MAX.min(CARRIED_BASE + PER_BLOCK * body.block_count());
        let mut live = Live::new(body, flow, all.iter().map(|&(value, _)| value), pairs_max);
        for (value, home) in all {
            for block in live.blocks(value, home.block)? {
                // By an edge back comes what the value is at the header.
                let preds = flow.preds.of(block.as_u32()).iter();
                let preds = preds.filter(|&&pred| !flow.is_back(pred, block.as_u32()));
                let mut names =
                    preds.map(|&pred| carried.name.get(&(Block::from_u32(pred), value)).copied());
                let first = names.next().flatten();
                let is_one = names.all(|name| name == first) && !home.starts.contains(&block);
                let name = match first.filter(|&name| is_one && !is_home[name.as_u32() as usize]) {
                    Some(name) => name,
                    None => {
                        carried.more[block.as_u32() as usize].push(value);
                        block
                    }
                };
                carried.name.insert((block, value), name);
            }
        }
        Some(carried)
    }

    /// The values that a block gets a parameter for.
    pub fn more(&self, block: Block) -> &[Value] {
        &self.more[block.as_u32() as usize]
    }

    /// The block whose parameter a value is in a block; `None` if it is the value itself.
    pub fn name(&self, block: Block, value: Value) -> Option<Block> {
        self.name.get(&(block, value)).copied()
    }
}
