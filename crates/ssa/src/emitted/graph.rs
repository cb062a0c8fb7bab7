//! What the lockstep needs to know of each of both bodies before it starts.
//!
//! A *lone* block only jumps, forward, and computes what only lone blocks right behind it read: it
//! stands for its edge and is walked anew on each path. A *final* block only returns: one side may
//! share it where the other returns at several places. A value is *live* if something that a run
//! does may depend on it. `ways` counts how often control comes to a block, with lone blocks and
//! handlers taken out of the way. All of it only says how to walk: the rules are checked wherever
//! the walk goes. What the rules do rely on is that nothing else reads the values of lone blocks,
//! nor those of final ones, but for constants: a constant is the same term on every path.

use super::relate::is_trivial;
use crate::body::{Body, Def, InstData, Op};
use crate::entity::{Block, Value};
use crate::terminator::{Edge, Terminator};
use prova_module::Opcode;

/// One of both bodies.
pub(super) struct Graph<'b> {
    pub(super) body: &'b Body,
    lone: Vec<bool>,
    last: Vec<bool>,
    /// Whether what a run does may depend on a value.
    live: Vec<bool>,
    ways: Vec<u32>,
    /// Whether a block does nothing before its end.
    silent: Vec<bool>,
    /// Whether an edge from behind, or from itself, leads to a block.
    header: Vec<bool>,
    /// The block of each instruction.
    home: Vec<Block>,
}

/// Whether an instruction has no effect.
pub(super) fn pure(inst: &InstData) -> Option<Opcode> {
    match inst.op {
        Op::Wasm(opcode) if inst.op.effects().is_pure() => Some(opcode),
        Op::Wasm(_) | Op::Charge | Op::Poll => None,
    }
}

/// Whether an instruction is metering.
pub(super) fn is_meter(inst: &InstData) -> bool {
    match inst.op {
        Op::Wasm(_) => false,
        Op::Charge | Op::Poll => true,
    }
}

impl<'b> Graph<'b> {
    pub(super) fn new(body: &'b Body) -> Graph<'b> {
        let count = body.block_count();
        let mut home = vec![body.entry(); body.inst_count()];
        for (block, data) in body.blocks() {
            for inst in data.insts() {
                home[inst.as_u32() as usize] = block;
            }
        }
        let mut graph = Graph {
            body,
            lone: vec![false; count],
            last: vec![false; count],
            live: vec![false; body.value_count()],
            ways: vec![0; count],
            silent: vec![false; count],
            header: vec![false; count],
            home,
        };
        for (block, data) in body.blocks() {
            let is_silent = |inst| {
                let inst = body.inst(inst);
                is_meter(inst) || pure(inst).is_some() || is_trivial(body, inst)
            };
            graph.silent[block.as_u32() as usize] = data.insts().all(is_silent);
            for edge in body.successors(block).filter(|edge| edge.block <= block) {
                graph.header[edge.block.as_u32() as usize] = true;
            }
        }
        graph.find_live();
        graph.find_lone();
        graph.count_ways();
        graph
    }

    /// Whether a block stands for its edge.
    pub(super) fn is_lone(&self, block: Block) -> bool {
        self.lone[block.as_u32() as usize]
    }

    /// Whether a block only returns.
    pub(super) fn is_final(&self, block: Block) -> bool {
        self.last[block.as_u32() as usize]
    }

    /// Whether a block does nothing before its end.
    pub(super) fn is_silent(&self, block: Block) -> bool {
        self.silent[block.as_u32() as usize]
    }

    /// Whether an edge from behind, or from itself, leads to a block.
    pub(super) fn is_header(&self, block: Block) -> bool {
        self.header[block.as_u32() as usize]
    }

    /// Whether something that a run does may depend on a value.
    pub(super) fn is_live(&self, value: Value) -> bool {
        self.live[value.as_u32() as usize]
    }

    /// How often control comes to a block.
    pub(super) fn ways(&self, block: Block) -> u32 {
        self.ways[block.as_u32() as usize]
    }

    /// The block that makes a value.
    pub(super) fn block_of(&self, value: Value) -> Block {
        match self.body.value(value).def {
            Def::Param(block, ..) => block,
            Def::Result(inst, _) => self.home[inst.as_u32() as usize],
        }
    }

    /// Whether a value is a pure operator without operands.
    fn is_constant(&self, value: Value) -> bool {
        match self.body.value(value).def {
            Def::Result(inst, _) => {
                let data = self.body.inst(inst);
                data.args.is_empty() && pure(data).is_some()
            }
            Def::Param(..) => false,
        }
    }

    /// Calls back with each block that makes a value which another block reads, and that block;
    /// what nothing depends on is not read, and what has no operands is the same wherever it is
    /// made.
    fn read_elsewhere(&self, mut found: impl FnMut(Block, Block)) {
        let body = self.body;
        for (block, data) in body.blocks() {
            let mut read = |values: &[Value]| {
                let live =
                    values.iter().filter(|&&value| self.is_live(value) && !self.is_constant(value));
                let blocks = live.map(|&value| self.block_of(value));
                blocks.filter(|&of| of != block).for_each(|of| found(of, block));
            };
            for inst in data.insts() {
                read(body.operands(body.inst(inst).args));
            }
            read(body.terminator_operands(&data.terminator));
            for edge in body.successors(block) {
                for arg in body.args(&edge) {
                    arg.value().iter().for_each(|&value| read(&[value]));
                }
            }
        }
    }

    /// For each block that is the only way to the target of its jump, the chain that both are in,
    /// and the position there.
    fn chains(&self) -> Vec<(u32, u32)> {
        let body = self.body;
        let mut edges = vec![0_u32; body.block_count()];
        for (block, _) in body.blocks() {
            body.successors(block).for_each(|edge| edges[edge.block.as_u32() as usize] += 1);
        }
        let mut chains: Vec<(u32, u32)> =
            (0..body.block_count() as u32).map(|at| (at, 0)).collect();
        for (block, data) in body.blocks() {
            if let Terminator::Jump(edge) = data.terminator {
                let to = edge.block.as_u32() as usize;
                if edge.block > block && edges[to] == 1 && edge.block != body.entry() {
                    let (chain, position) = chains[block.as_u32() as usize];
                    chains[to] = (chain, position + 1);
                }
            }
        }
        chains
    }

    fn find_lone(&mut self) {
        let body = self.body;
        let chains = self.chains();
        // The last position of its chain where a value of each block is read.
        let mut read: Vec<u32> = chains.iter().map(|&(_, position)| position).collect();
        self.read_elsewhere(|of, by| {
            let (of, by) = (of.as_u32() as usize, by.as_u32() as usize);
            let is_chained = chains[of].0 == chains[by].0 && chains[of].1 < chains[by].1;
            read[of] = read[of].max(if is_chained { chains[by].1 } else { u32::MAX });
        });
        // The last position of its chain up to which all blocks are lone.
        let mut reach: Vec<u32> = chains.iter().map(|&(_, position)| position).collect();
        let mut blocks: Vec<Block> = body.blocks().map(|(block, _)| block).collect();
        blocks.reverse();
        for block in blocks {
            let (at, data) = (block.as_u32() as usize, body.block(block));
            if block == body.entry() || !self.silent[at] {
                continue;
            }
            self.last[at] = matches!(data.terminator, Terminator::Return(_));
            if let Terminator::Jump(edge) = data.terminator {
                let to = edge.block.as_u32() as usize;
                if self.lone[to] && chains[to].0 == chains[at].0 {
                    reach[at] = reach[to];
                }
                self.lone[at] = edge.block > block && read[at] <= reach[at];
            }
        }
    }

    fn find_live(&mut self) {
        let body = self.body;
        let mut edges: Vec<Vec<Edge>> = vec![Vec::new(); body.block_count()];
        let mut open: Vec<Value> = Vec::new();
        for (block, data) in body.blocks() {
            for inst in data.insts().map(|inst| body.inst(inst)) {
                if pure(inst).is_none() {
                    open.extend(body.operands(inst.args));
                }
            }
            open.extend(body.terminator_operands(&data.terminator));
            body.successors(block).for_each(|edge| edges[edge.block.as_u32() as usize].push(edge));
        }
        while let Some(value) = open.pop() {
            if std::mem::replace(&mut self.live[value.as_u32() as usize], true) {
                continue;
            }
            match body.value(value).def {
                Def::Result(inst, _) => open.extend(body.operands(body.inst(inst).args)),
                Def::Param(block, number, _) => {
                    for edge in &edges[block.as_u32() as usize] {
                        open.extend(
                            body.args(edge).get(number as usize).and_then(|arg| arg.value()),
                        );
                    }
                }
            }
        }
    }

    /// When a block's ways are known: behind those of blocks that stand for themselves come those
    /// of handlers, which may lead back, then those of lone blocks in their order.
    fn phase(&self, block: Block) -> u32 {
        match self.body.block(block).terminator {
            _ if self.is_lone(block) => 2,
            Terminator::Catch { .. } => 1,
            _ => 0,
        }
    }

    fn count_ways(&mut self) {
        let body = self.body;
        let mut reached = vec![false; body.block_count()];
        let mut open = vec![body.entry()];
        while let Some(block) = open.pop() {
            if std::mem::replace(&mut reached[block.as_u32() as usize], true) {
                continue;
            }
            open.extend(body.successors(block).map(|edge| edge.block));
        }
        let entry = body.entry().as_u32() as usize;
        self.ways[entry] = 1;
        for phase in 0..3 {
            for (block, _) in body.blocks() {
                let at = block.as_u32() as usize;
                if !reached[at] || self.phase(block) != phase {
                    continue;
                }
                let ways = if phase > 0 { self.ways[at].max(1) } else { 1 };
                for edge in body.successors(block) {
                    let to = &mut self.ways[edge.block.as_u32() as usize];
                    *to = to.saturating_add(ways);
                }
            }
        }
    }
}
