//! The graph of a body → structured control, by its dominator tree (Ramsey, *Beyond Relooper*,
//! 2022).
//!
//! A block's code is followed by the blocks that it dominates. One with a single way in stands
//! where that way leads; of the others each gets a `block` around all that comes before it, so that
//! a branch out of that `block` leads to it; a loop's header gets a `loop`.
//!
//! # Invariants
//! * G1. Control that falls out of a piece of code comes to the node that is its *next*; a jump
//!   there needs no branch. In the plain style it has one, so that all edges of a join meet at its
//!   label.
//! * G2. A handler has no code: each of its clauses is a *landing*, a node that a `try_table`
//!   branches to with the payloads on the stack.
//! * G3. The moves of an edge stand on that edge alone: behind the condition, in an arm or in front
//!   of an unconditional branch. All arguments are read before the first parameter is written.
//!
//! Everything is iterative: depth of nesting costs memory, no native stack. Time: linear in steps,
//! edges, clauses of invocations.

use crate::edges::Edges;
use crate::piece::{Kind, Piece};
use crate::trees::Trees;
use crate::variable::Locals;
use crate::{EmitReason, Style, Types};
use prova_module::{Module, ValType};
use prova_ssa::flow::{Flow, Lists, NONE};
use prova_ssa::{Block, Body, Clause, Edge, Terminator};
use std::ops::Range;
use wasm_encoder::{BlockType, Encode, Instruction};

/// The way out of the function, as the next node.
pub(super) const EXIT: u32 = NONE - 1;

/// Clauses as nodes (G2): handler and position.
pub(super) struct Landings {
    clauses: Vec<(Block, Clause)>,
    /// The first landing of each handler.
    first: Vec<u32>,
    count: u32,
}

/// The graph of a body with its landings.
pub(super) fn graph(body: &Body, edges: &Edges) -> (Lists, Landings) {
    let count = body.block_count();
    let mut graph = Lists::with_room(count, edges.all().len());
    let first = vec![NONE; count];
    let mut landings = Landings { clauses: Vec::new(), first, count: count as u32 };
    for (block, data) in body.blocks() {
        let succs = edges.of(block).iter().map(|edge| edge.block.as_u32());
        match data.terminator {
            Terminator::Catch { clauses, outer } => {
                let start = (count + landings.clauses.len()) as u32;
                landings.first[block.as_u32() as usize] = start;
                let clauses = body.clauses(clauses);
                landings.clauses.extend(clauses.iter().map(|&clause| (block, clause)));
                let nodes = start..start + clauses.len() as u32;
                graph.push(nodes.chain(outer.map(|edge| edge.block.as_u32())));
            }
            // The way that is not taken stands first.
            Terminator::Null { .. } => graph.push(succs.rev()),
            _ => graph.push(succs),
        }
    }
    for (_, clause) in &landings.clauses {
        graph.push(std::iter::once(clause.edge.block.as_u32()));
    }
    (graph, landings)
}

/// A task that is still to be written.
pub(super) enum Task {
    /// A node and all that it dominates; then the node that comes next.
    Tree(u32, u32),
    /// A node's own code.
    Node(u32, u32),
    /// Moves of an edge with this number of payloads on the stack, and the way to its target.
    Way(Edge, u32, u32),
    /// `else`, or the end of the `if` if its arm does not fall out; then the other edge.
    Otherwise(Edge, u32),
    Piece(Piece),
}

/// A body on its way to pieces.
pub(super) struct Shape<'b> {
    pub(super) style: Style,
    pub(super) module: &'b Module,
    pub(super) body: &'b Body,
    pub(super) types: &'b Types,
    pub(super) flow: &'b Flow,
    pub(super) trees: &'b Trees,
    pub(super) locals: &'b Locals,
    pub(super) landings: &'b Landings,
    /// The merge nodes under each node, in order.
    merges: Lists,
    pub(super) is_merge: Vec<bool>,
    /// Whether a node's tree has begun.
    started: Vec<bool>,
    pub(super) labels: u32,
    pub(super) pieces: Vec<Piece>,
    pub(super) code: Vec<u8>,
    /// Where the last operator of the code begins.
    pub(super) last: u32,
    /// By local: whether code so far writes it.
    pub(super) written: Vec<bool>,
    /// Of each piece that is open whether it is a loop, and how many loops there are.
    open: Vec<bool>,
    loops: u32,
    /// Where a parameter of a block is read that nothing else reads.
    pub(super) only: Vec<u32>,
    /// Up to where the code is part of a piece.
    flushed: u32,
    pub(super) tasks: Vec<Task>,
    /// Whether control gets behind the last piece.
    falls: bool,
    /// Whether the results lie on the stack at the end.
    pub(super) is_left: bool,
    /// Whether it uses a type that the module does not have.
    pub(super) extra: bool,
}

pub(super) type Done = Result<(), EmitReason>;

impl Landings {
    /// The node of a handler's first clause.
    pub(super) fn first(&self, handler: Block) -> u32 {
        self.first[handler.as_u32() as usize]
    }
}

impl<'b> Shape<'b> {
    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of one emission, made in different places"
    )]
    pub(super) fn new(
        style: Style,
        module: &'b Module,
        body: &'b Body,
        types: &'b Types,
        flow: &'b Flow,
        trees: &'b Trees,
        locals: &'b Locals,
        landings: &'b Landings,
    ) -> Shape<'b> {
        let count = flow.number.len();
        let mut shape = Shape {
            style,
            module,
            body,
            types,
            flow,
            trees,
            locals,
            landings,
            merges: Lists::with_room(0, 0),
            is_merge: vec![false; count],
            started: vec![false; count],
            // Each node has a label for its `block` and one for its `loop`.
            labels: 2 * count as u32,
            pieces: Vec::with_capacity(4 * count),
            code: Vec::with_capacity(4 * trees.step_count()),
            last: 0,
            only: Vec::new(),
            written: vec![false; locals.types.len()],
            open: Vec::new(),
            loops: 0,
            flushed: 0,
            tasks: Vec::new(),
            falls: true,
            is_left: false,
            extra: false,
        };
        shape.find_merges();
        shape
    }

    fn find_merges(&mut self) {
        let flow = self.flow;
        for &node in &flow.order {
            let ways = flow.preds.of(node).iter().filter(|&&pred| !flow.is_back(pred, node));
            self.is_merge[node as usize] = ways.count() > 1 || node >= self.landings.count;
        }
        for (block, data) in self.body.blocks() {
            if let Terminator::Table { edges, .. } = data.terminator
                && flow.number[block.as_u32() as usize] != NONE
            {
                for edge in self.body.edges(edges) {
                    // A back edge uses its loop's label.
                    let to = edge.block.as_u32();
                    if !self.moves(edge) && !flow.is_back(block.as_u32(), to) {
                        self.is_merge[to as usize] = true;
                    }
                }
            }
        }
        let mut under = Vec::new();
        for &node in &flow.order {
            if !self.is_merge[node as usize] || self.is_handler(node) {
                continue;
            }
            let mut up = flow.dominators.idom(node);
            while let Some(handler) = up.filter(|&up| self.is_handler(up)) {
                up = flow.dominators.idom(handler);
            }
            under.extend(up.map(|up| (up, node)));
        }
        self.merges = Lists::new(flow.number.len(), under.iter().copied());
    }

    fn is_handler(&self, node: u32) -> bool {
        self.landings.first.get(node as usize).is_some_and(|&first| first != NONE)
            || (node < self.landings.count
                && matches!(
                    self.body.block(Block::from_u32(node)).terminator,
                    Terminator::Catch { .. }
                ))
    }

    /// Writes the whole body.
    pub(super) fn run(&mut self) -> Done {
        self.tasks.push(Task::Tree(0, EXIT));
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Tree(node, next) => self.tree(node, next),
                Task::Node(node, next) if node >= self.landings.count => {
                    let (_, clause) = self.landings.clauses[(node - self.landings.count) as usize];
                    let payloads = self.payloads(&clause).len() as u32;
                    self.tasks.push(Task::Way(clause.edge, payloads, next));
                }
                Task::Node(node, next) => self.node(Block::from_u32(node), next)?,
                Task::Way(edge, payloads, next) => self.way(&edge, payloads, next, &[])?,
                Task::Otherwise(edge, next) => self.otherwise(edge, next),
                Task::Piece(piece) => self.push(piece),
            }
        }
        // Control reaches the end of the function only with its results.
        if !self.is_left && !self.module.func_type(self.body.func()).results.is_empty() {
            self.push(Piece::Guard);
        }
        self.flush();
        Ok(())
    }

    pub(super) fn push(&mut self, piece: Piece) {
        self.flush();
        match &piece {
            Piece::Br(_) | Piece::Table(_) | Piece::Stop | Piece::Guard => self.falls = false,
            Piece::Open(kind, ..) => {
                self.open.push(*kind == Kind::Loop);
                self.loops += u32::from(*kind == Kind::Loop);
            }
            Piece::Try(..) => self.open.push(false),
            Piece::End => self.loops -= u32::from(self.open.pop() == Some(true)),
            Piece::Bytes(..) | Piece::Else | Piece::BrIf(_) | Piece::BrOnNull(_) => {}
            Piece::Gone => {}
        }
        if let Piece::End | Piece::Else = piece {
            self.falls = true;
        }
        self.pieces.push(piece);
    }

    pub(super) fn label(&mut self) -> u32 {
        self.labels += 1;
        self.labels - 1
    }

    fn tree(&mut self, node: u32, next: u32) {
        let is_first = !std::mem::replace(&mut self.started[node as usize], true);
        let merges = if is_first { self.merges.range(node) } else { 0..0 };
        let is_header = self.flow.is_header[node as usize];
        let flow = self.flow;
        let is_inner = |merge: u32| is_header && flow.inside[merge as usize] == node;
        // Tasks are pushed last first.
        let mut after = next;
        for at in merges.clone().rev() {
            let merge = self.merges.item(at);
            if !is_inner(merge) {
                self.follow(merge, after);
                after = merge;
            }
        }
        if is_header {
            self.tasks.push(Task::Piece(Piece::End));
        }
        let mut first = after;
        for at in merges.clone().rev() {
            let merge = self.merges.item(at);
            if is_inner(merge) {
                self.follow(merge, first);
                first = merge;
            }
        }
        self.tasks.push(Task::Node(node, first));
        self.open_all(merges.clone(), is_inner);
        if is_header {
            let label = 2 * node + 1;
            self.tasks.push(Task::Piece(Piece::Open(Kind::Loop, label, BlockType::Empty)));
        }
        self.open_all(merges, |merge| !is_inner(merge));
    }

    fn open_all(&mut self, merges: Range<usize>, picks: impl Fn(u32) -> bool) {
        for at in merges {
            let merge = self.merges.item(at);
            if picks(merge) {
                self.open(merge);
            }
        }
    }

    fn open(&mut self, merge: u32) {
        let ty = match merge.checked_sub(self.landings.count) {
            None => BlockType::Empty,
            Some(at) => {
                let (_, clause) = self.landings.clauses[at as usize];
                let payloads = self.payloads(&clause);
                self.block_type(&payloads)
            }
        };
        self.tasks.push(Task::Piece(Piece::Open(Kind::Block, 2 * merge, ty)));
    }

    /// The end of the block of a merge node, and its tree.
    fn follow(&mut self, merge: u32, next: u32) {
        self.tasks.push(Task::Tree(merge, next));
        self.tasks.push(Task::Piece(Piece::End));
        if merge >= self.landings.count {
            self.tasks.push(Task::Piece(Piece::Guard));
        }
    }

    /// The types of a clause's payloads.
    fn payloads(&self, clause: &Clause) -> Vec<ValType> {
        let tag = clause.tag.and_then(|tag| self.module.tag(tag));
        let mut types: Vec<ValType> = tag.map_or(Vec::new(), |tag| tag.params.to_vec());
        if clause.with_ref {
            types.push(super::EXN);
        }
        types
    }

    fn block_type(&mut self, results: &[ValType]) -> BlockType {
        match results {
            [] => BlockType::Empty,
            &[ty] => super::val_type(ty).map_or(BlockType::Empty, BlockType::Result),
            results => {
                let (index, is_extra) = self.types.results(results);
                self.extra |= is_extra;
                BlockType::FunctionType(index)
            }
        }
    }

    pub(super) fn instruction(&mut self, instruction: &Instruction<'_>) {
        self.last = self.code.len() as u32;
        instruction.encode(&mut self.code);
    }

    /// Makes a piece of the bytes written since the last one.
    fn flush(&mut self) {
        let end = self.code.len() as u32;
        if self.flushed < end {
            self.pieces.push(Piece::Bytes(self.flushed, end, Some(self.last)));
            self.flushed = end;
        }
    }

    /// Whether control gets behind the last piece.
    pub(super) fn falls(&self) -> bool {
        self.falls
    }

    /// How many pieces are open.
    pub(super) fn depth(&self) -> u32 {
        self.open.len() as u32
    }

    /// Whether a loop is open.
    pub(super) fn in_loop(&self) -> bool {
        self.loops > 0
    }

    pub(super) fn opened(&self, node: u32) -> bool {
        self.started[node as usize]
    }
}
