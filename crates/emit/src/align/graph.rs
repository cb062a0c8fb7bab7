//! The facts that the lockstep needs about each of both bodies before it starts.
//!
//! A *lone* block only jumps, forward, and computes values that only lone blocks right behind it
//! read: it stands for its edge and is walked anew on each path. A *final* block only returns: one
//! side may share it where the other returns at several places. A block is *ending* if it is final,
//! or only jumps, forward, to an ending one. A value is *live* if something that a run does may
//! depend on it. `ways` counts how often control comes to a block, with lone blocks and handlers
//! taken out of the way. Most of it only guides the walk: the rules are checked wherever the walk
//! goes. But the rules do rely on three facts:
//! * nothing else reads the values of lone blocks, nor those of final ones, except *fixed* values,
//!   which are one term on every path: constants, and copies of one;
//! * parameters of the image may differ from edge to edge only if they are not live;
//! * control comes to a handler by one way only if `ways` says so, in any order of blocks: then its
//!   parameters are one term at each clause and behind it.

use super::lockstep::is_trivial;
use prova_module::Opcode;
use prova_ssa::relate::constant;
use prova_ssa::{Block, Body, Def, Edge, Inst, InstData, Op, Terminator, Value};
use std::collections::HashMap;
use std::ops::Range;

/// Which blocks may be lone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joins {
    /// Any, so that each edge is walked by itself: where one join follows another, all that follow,
    /// from each edge.
    Walked,
    /// None, nor any other block: each join of one side is one of the other.
    Kept,
}

/// One of both bodies.
pub(super) struct Graph<'b> {
    pub(super) body: &'b Body,
    blocks: Vec<Facts>,
    /// Whether what a run does may depend on a value.
    live: Vec<bool>,
    /// The block of each instruction.
    home: Vec<Block>,
}

/// The facts about a block.
#[derive(Clone, Copy, Default)]
struct Facts {
    ways: u32,
    edges: u32,
    is_lone: bool,
    is_final: bool,
    is_ending: bool,
    is_only_way: bool,
    is_silent: bool,
    is_header: bool,
}

/// The edges out of and into all blocks, in runs.
struct Edges {
    out: Vec<Edge>,
    /// Where each block's run of `out` begins, and where the last one ends.
    first: Vec<u32>,
    /// Positions in `out`.
    into: Vec<u32>,
    /// Where each block's run of `into` begins, and where the last one ends.
    first_into: Vec<u32>,
}

/// Whether an instruction has no effect.
#[inline]
pub(super) fn pure(inst: &InstData) -> Option<Opcode> {
    match inst.op {
        Op::Wasm(opcode) if inst.op.effects().is_pure() => Some(opcode),
        Op::Wasm(_) | Op::Charge | Op::Poll => None,
    }
}

/// Whether an instruction is metering.
#[inline]
pub(super) fn is_meter(inst: &InstData) -> bool {
    match inst.op {
        Op::Wasm(_) => false,
        Op::Charge | Op::Poll => true,
    }
}

/// Whether a value is the result of such an instruction.
fn is_made_constant(body: &Body, value: Value) -> bool {
    matches!(body.value(value).def, Def::Result(inst, _) if constant(body.inst(inst)).is_some())
}

impl Edges {
    fn new(body: &Body) -> Edges {
        let count = body.block_count();
        let (mut out, mut first) = (Vec::with_capacity(2 * count), Vec::with_capacity(count + 1));
        let mut first_into = vec![0; count + 1];
        for (block, _) in body.blocks() {
            first.push(out.len() as u32);
            out.extend(body.successors(block));
        }
        first.push(out.len() as u32);
        out.iter().for_each(|edge: &Edge| first_into[edge.block.as_u32() as usize + 1] += 1);
        (0..count).for_each(|at| first_into[at + 1] += first_into[at]);
        let (mut next, mut into) = (first_into.clone(), vec![0; out.len()]);
        for (at, edge) in (0..).zip(&out) {
            let next = &mut next[edge.block.as_u32() as usize];
            into[*next as usize] = at;
            *next += 1;
        }
        Edges { out, first, into, first_into }
    }

    fn out(&self, block: Block) -> &[Edge] {
        let at = block.as_u32() as usize;
        &self.out[self.first[at] as usize..self.first[at + 1] as usize]
    }

    fn into(&self, block: Block) -> &[u32] {
        let at = block.as_u32() as usize;
        &self.into[self.first_into[at] as usize..self.first_into[at + 1] as usize]
    }
}

impl<'b> Graph<'b> {
    pub(super) fn new(body: &'b Body, joins: Joins) -> Graph<'b> {
        let count = body.block_count();
        let edges = Edges::new(body);
        let mut graph = Graph {
            body,
            blocks: vec![Facts::default(); count],
            live: vec![false; body.value_count()],
            home: vec![body.entry(); body.inst_count()],
        };
        graph.find_live(&edges);
        graph.find_lone(&edges, joins);
        graph.pass_headers();
        graph.count_ways(&edges);
        graph
    }

    /// Whether a block stands for its edge.
    #[inline]
    pub(super) fn is_lone(&self, block: Block) -> bool {
        self.blocks[block.as_u32() as usize].is_lone
    }

    /// Whether a block only returns.
    #[inline]
    pub(super) fn is_final(&self, block: Block) -> bool {
        self.blocks[block.as_u32() as usize].is_final
    }

    /// Whether a block only returns, or only leads to one that does.
    #[inline]
    pub(super) fn is_ending(&self, block: Block) -> bool {
        self.blocks[block.as_u32() as usize].is_ending
    }

    /// Whether nothing else leads to the target of the jump of a block that may be lone.
    #[inline]
    pub(super) fn is_only_way(&self, block: Block) -> bool {
        self.blocks[block.as_u32() as usize].is_only_way
    }

    /// Whether a block does nothing before its end.
    #[inline]
    pub(super) fn is_silent(&self, block: Block) -> bool {
        self.blocks[block.as_u32() as usize].is_silent
    }

    /// Whether an edge from behind, or from itself, leads to a block, or to lone blocks before it.
    #[inline]
    pub(super) fn is_header(&self, block: Block) -> bool {
        self.blocks[block.as_u32() as usize].is_header
    }

    /// Whether something that a run does may depend on a value.
    #[inline]
    pub(super) fn is_live(&self, value: Value) -> bool {
        self.live[value.as_u32() as usize]
    }

    /// How often control comes to a block.
    #[inline]
    pub(super) fn ways(&self, block: Block) -> u32 {
        self.blocks[block.as_u32() as usize].ways
    }

    /// How many edges lead to a block.
    #[inline]
    pub(super) fn edges(&self, block: Block) -> u32 {
        self.blocks[block.as_u32() as usize].edges
    }

    /// The block that makes a value.
    #[inline]
    pub(super) fn block_of(&self, value: Value) -> Block {
        match self.body.value(value).def {
            Def::Param(block, ..) => block,
            Def::Result(inst, _) => self.home[inst.as_u32() as usize],
        }
    }

    /// The target of the jump of a block that may be lone.
    fn onward(&self, block: Block) -> Option<Block> {
        let Terminator::Jump(edge) = &self.body.block(block).terminator else { return None };
        let may_be = self.is_silent(block) && block != self.body.entry() && edge.block > block;
        may_be.then_some(edge.block)
    }

    /// Whether a value is one term wherever it is made: a constant, a parameter to which the only
    /// edge carries one, or a constant that is known not to be null.
    fn is_fixed(&self, edges: &Edges, value: Value) -> bool {
        let body = self.body;
        match body.value(value).def {
            Def::Result(inst, _) => {
                let (data, operands) = (body.inst(inst), body.operands(body.inst(inst).args));
                let is_known = || operands.iter().all(|&value| is_made_constant(body, value));
                constant(data).is_some() || is_trivial(body, data) && is_known()
            }
            Def::Param(block, number, _) => {
                let &[only] = edges.into(block) else { return false };
                let arg = body.args(&edges.out[only as usize]).get(number as usize);
                arg.and_then(|arg| arg.value()).is_some_and(|arg| is_made_constant(body, arg))
            }
        }
    }

    /// Calls back with each block that may be lone and makes a value which another block reads, and
    /// that block; what nothing depends on is not read, and what is fixed is the same wherever it
    /// is made.
    fn read_elsewhere(&self, edges: &Edges, mut found: impl FnMut(Block, Block)) {
        let body = self.body;
        // One more than the block that makes a value, if that may be lone.
        let mut makers = vec![0_u32; body.value_count()];
        let mut any = false;
        for (block, data) in body.blocks().filter(|&(block, _)| self.onward(block).is_some()) {
            let insts = &body.inst_slice()[inst_range(data.insts())];
            let made = data.params().chain(insts.iter().flat_map(InstData::results));
            for value in made.filter(|&value| !self.is_fixed(edges, value)) {
                makers[value.as_u32() as usize] = block.as_u32() + 1;
                any = true;
            }
        }
        if !any {
            return;
        }
        for (block, data) in body.blocks() {
            let mut read = |value: Value| {
                let maker = makers[value.as_u32() as usize];
                if maker != 0 && maker != block.as_u32() + 1 && self.is_live(value) {
                    found(Block::from_u32(maker - 1), block);
                }
            };
            for inst in &body.inst_slice()[inst_range(data.insts())] {
                body.operands(inst.args).iter().for_each(|&value| read(value));
            }
            body.terminator_operands(&data.terminator).iter().for_each(|&value| read(value));
            for edge in edges.out(block) {
                body.args(edge).iter().filter_map(|arg| arg.value()).for_each(&mut read);
            }
        }
    }

    /// For each block that is the only way to the target of its jump, the chain that both are in,
    /// and the position there.
    fn chains(&self, edges: &Edges) -> Vec<(u32, u32)> {
        let body = self.body;
        let mut chains: Vec<(u32, u32)> =
            (0..body.block_count() as u32).map(|at| (at, 0)).collect();
        for (block, data) in body.blocks() {
            if let Terminator::Jump(edge) = data.terminator {
                let to = edge.block.as_u32() as usize;
                let is_only = edges.into(edge.block).len() == 1;
                if edge.block > block && is_only {
                    let (chain, position) = chains[block.as_u32() as usize];
                    chains[to] = (chain, position + 1);
                }
            }
        }
        chains
    }

    fn find_lone(&mut self, edges: &Edges, joins: Joins) {
        let body = self.body;
        let chains = self.chains(edges);
        // The last position of its chain where a value of each block is read.
        let mut read: Vec<u32> = chains.iter().map(|&(_, position)| position).collect();
        // The last position of its chain up to which all blocks are lone.
        let mut reach = read.clone();
        self.read_elsewhere(edges, |of, by| {
            let (of, by) = (of.as_u32() as usize, by.as_u32() as usize);
            let is_chained = chains[of].0 == chains[by].0 && chains[of].1 < chains[by].1;
            read[of] = read[of].max(if is_chained { chains[by].1 } else { u32::MAX });
        });
        for block in (0..body.block_count() as u32).rev().map(Block::from_u32) {
            let at = block.as_u32() as usize;
            let is_last = matches!(body.block(block).terminator, Terminator::Return(_));
            self.blocks[at].is_final =
                is_last && block != body.entry() && self.blocks[at].is_silent;
            self.blocks[at].is_ending = self.blocks[at].is_final;
            if let Some(onward) = self.onward(block) {
                let to = onward.as_u32() as usize;
                let is_next = chains[to] == (chains[at].0, chains[at].1 + 1);
                self.blocks[at].is_only_way = is_next;
                self.blocks[at].is_ending = self.blocks[to].is_ending;
                if self.blocks[to].is_lone && chains[to].0 == chains[at].0 {
                    reach[at] = reach[to];
                }
                self.blocks[at].is_lone = joins == Joins::Walked && read[at] <= reach[at];
            }
        }
    }

    /// The block behind a header that is lone becomes a header, since the lone one has no place.
    fn pass_headers(&mut self) {
        for (at, (_, data)) in self.body.blocks().enumerate() {
            if let Facts { is_lone: true, is_header: true, .. } = self.blocks[at]
                && let Terminator::Jump(edge) = data.terminator
            {
                self.blocks[edge.block.as_u32() as usize].is_header = true;
            }
        }
    }

    /// Finds what is live; on the way, what each block is and where its instructions are.
    fn find_live(&mut self, edges: &Edges) {
        let body = self.body;
        let mut open: Vec<Value> = Vec::new();
        for (block, data) in body.blocks() {
            self.home[inst_range(data.insts())].fill(block);
            self.blocks[block.as_u32() as usize].edges = edges.into(block).len() as u32;
            for edge in edges.out(block).iter().filter(|edge| edge.block <= block) {
                self.blocks[edge.block.as_u32() as usize].is_header = true;
            }
        }
        // Backward; a value behind the place of its first use is looked at once more (`open`).
        let mut place = body.value_count() as u32;
        for (block, data) in (0..body.block_count() as u32).rev().map(|at| {
            let block = Block::from_u32(at);
            (block, body.block(block))
        }) {
            for &value in body.terminator_operands(&data.terminator) {
                self.reads(value, place, &mut open);
            }
            let mut silent = true;
            for inst in body.inst_slice()[inst_range(data.insts())].iter().rev() {
                let mut results = inst.results();
                place = place.min(results.next().map_or(place, |value| value.as_u32()));
                let is_pure = pure(inst).is_some();
                silent &= is_pure || is_meter(inst) || is_trivial(body, inst);
                if !is_pure || inst.results().any(|value| self.is_live(value)) {
                    for &value in body.operands(inst.args) {
                        self.reads(value, place, &mut open);
                    }
                }
            }
            self.blocks[block.as_u32() as usize].is_silent = silent;
            place = place.min(data.params().next().map_or(place, |value| value.as_u32()));
            for (number, value) in data.params().enumerate() {
                if self.is_live(value) {
                    self.read_args(edges, block, number, place, &mut open);
                }
            }
        }
        while let Some(value) = open.pop() {
            match body.value(value).def {
                Def::Result(inst, _) => {
                    for &value in body.operands(body.inst(inst).args) {
                        self.reads(value, 0, &mut open);
                    }
                }
                Def::Param(block, number, _) => {
                    self.read_args(edges, block, number as usize, 0, &mut open);
                }
            }
        }
    }

    /// A value is live; from `place` on they have been looked at.
    #[inline]
    fn reads(&mut self, value: Value, place: u32, open: &mut Vec<Value>) {
        let is_known = std::mem::replace(&mut self.live[value.as_u32() as usize], true);
        if !is_known && value.as_u32() >= place {
            open.push(value);
        }
    }

    /// The arguments of a parameter are live.
    fn read_args(
        &mut self,
        edges: &Edges,
        block: Block,
        number: usize,
        place: u32,
        open: &mut Vec<Value>,
    ) {
        let body = self.body;
        for &at in edges.into(block) {
            let arg = body.args(&edges.out[at as usize]).get(number);
            if let Some(value) = arg.and_then(|arg| arg.value()) {
                self.reads(value, place, open);
            }
        }
    }

    /// The handler around a handler.
    fn around(&self, block: Block) -> Option<Block> {
        match self.body.block(block).terminator {
            Terminator::Catch { outer, .. } => outer.map(|edge| edge.block),
            _ => None,
        }
    }

    /// The handlers among blocks, each behind those that lead to it, in any order of their numbers.
    /// The rules rely on how often control comes to a handler (E7, E8). Those in a circle are left
    /// out; no exception gets through them.
    fn handlers(&self, reached: &[bool]) -> Vec<Block> {
        let all = self.body.blocks().filter(|&(block, data)| {
            matches!(data.terminator, Terminator::Catch { .. }) && reached[block.as_u32() as usize]
        });
        let all: Vec<Block> = all.map(|(block, _)| block).collect();
        let mut inside: HashMap<Block, u32> = HashMap::new();
        for &block in &all {
            self.around(block).into_iter().for_each(|outer| *inside.entry(outer).or_default() += 1);
        }
        let mut order: Vec<Block> = all.into_iter().filter(|at| !inside.contains_key(at)).collect();
        let mut next = 0;
        while let Some(&block) = order.get(next) {
            next += 1;
            if let Some(outer) = self.around(block)
                && let Some(left) = inside.get_mut(&outer)
            {
                *left -= 1;
                if *left == 0 {
                    order.push(outer);
                }
            }
        }
        order
    }

    /// Counts ways: those of blocks that stand for themselves, then those of handlers, which may
    /// lead back, then those of lone blocks in their order.
    fn count_ways(&mut self, edges: &Edges) {
        let body = self.body;
        let mut reached = vec![false; body.block_count()];
        let mut open = vec![body.entry()];
        while let Some(block) = open.pop() {
            if std::mem::replace(&mut reached[block.as_u32() as usize], true) {
                continue;
            }
            open.extend(edges.out(block).iter().map(|edge| edge.block));
        }
        self.blocks[body.entry().as_u32() as usize].ways = 1;
        for (block, data) in body.blocks().filter(|(block, _)| reached[block.as_u32() as usize]) {
            if !self.is_lone(block) && !matches!(data.terminator, Terminator::Catch { .. }) {
                self.pass_ways(edges, block, 1);
            }
        }
        for block in self.handlers(&reached) {
            self.pass_ways(edges, block, self.ways(block));
        }
        for (block, _) in body.blocks().filter(|(block, _)| reached[block.as_u32() as usize]) {
            if self.is_lone(block) {
                self.pass_ways(edges, block, self.ways(block));
            }
        }
    }

    /// The number of times that control comes from a block to each that it leads to.
    fn pass_ways(&mut self, edges: &Edges, block: Block, ways: u32) {
        for edge in edges.out(block) {
            let to = &mut self.blocks[edge.block.as_u32() as usize].ways;
            *to = to.saturating_add(ways);
        }
    }
}

/// A run of instructions as positions.
fn inst_range(mut run: impl ExactSizeIterator<Item = Inst>) -> Range<usize> {
    let count = run.len();
    let first = run.next().map_or(0, |inst| inst.as_u32() as usize);
    first..first + count
}
