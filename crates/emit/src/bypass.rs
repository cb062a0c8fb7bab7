//! Empty blocks give way: edges to a block that does nothing but jump lead to where it jumps.
//!
//! Code that was emitted has blocks that its body did not have: each `end` that is a label is a
//! join, and each arm a block, also where nothing stands in them. Without them a body and its image
//! have one graph, so that what was emitted once is emitted the same again.
//!
//! # Invariants
//! * V7. A run behaves the same: an edge past a block carries what the block's jump would have
//!   carried. The parameters of a block that gives way are read by its own jump alone.
//! * V8. Numbers of blocks, instructions and values stay as they are; what has given way ends in
//!   `unreachable`, and nothing leads there.
//! * V9. A header stays, so what gives way is never in a circle.
//!
//! Which blocks count as empty is for the caller to say. Time: linear in the body and the arguments
//! of new edges, of which there are at most [`ARGS_MAX`] times as many as the body has.

use crate::edges::Edges;
use crate::uses::Uses;
use prova_ssa::flow::NONE;
use prova_ssa::{Arg, ArgKind, Block, BlockData, Body, Def, Edge, List, Terminator};
use std::borrow::Cow;

/// Arguments of edges past blocks, as a multiple of those that the body has.
const ARGS_MAX: usize = 4;

/// More arguments than these count.
const ARGS_BASE: usize = 1 << 12;

/// A value that several blocks read.
const MANY: u32 = NONE - 1;

/// The facts about the body before any block is bypassed.
struct Facts {
    /// The only block that reads a value; [`NONE`], or [`MANY`].
    reader: Vec<u32>,
    /// The edges into each block, and from where one of them comes.
    ways: Vec<(u32, u32)>,
    header: Vec<bool>,
}

impl Facts {
    fn new(body: &Body, edges: &Edges, uses: &Uses) -> Facts {
        let mut facts = Facts {
            reader: vec![NONE; body.value_count()],
            ways: vec![(0, NONE); body.block_count()],
            header: vec![false; body.block_count()],
        };
        for (block, data) in body.blocks() {
            let at = block.as_u32();
            for inst in data.insts().filter(|&inst| uses.is_emitted(inst)) {
                let operands = body.operands(body.inst(inst).args);
                operands.iter().for_each(|&v| facts.read(v.as_u32(), at));
            }
            let operands = body.terminator_operands(&data.terminator);
            operands.iter().for_each(|&v| facts.read(v.as_u32(), at));
            for edge in edges.of(block) {
                let way = &mut facts.ways[edge.block.as_u32() as usize];
                *way = (way.0 + 1, at);
                facts.header[edge.block.as_u32() as usize] |= edge.block <= block;
                for (param, arg) in body.block(edge.block).params().zip(body.args(edge)) {
                    let value = arg.value().filter(|_| uses.is_live(param));
                    value.into_iter().for_each(|value| facts.read(value.as_u32(), at));
                }
            }
        }
        facts
    }

    fn read(&mut self, value: u32, by: u32) {
        let reader = &mut self.reader[value as usize];
        *reader = if *reader == NONE || *reader == by { by } else { MANY };
    }
}

/// Edges past blocks.
struct Past {
    /// Where the jump of each block that gives way leads.
    jump: Vec<Option<Edge>>,
    args: Vec<Arg>,
    left: usize,
}

impl Past {
    /// An edge past the block that it leads to; its target stays.
    fn edge(&mut self, body: &Body, edge: Edge) -> Edge {
        let Some(jump) = self.jump[edge.block.as_u32() as usize] else { return edge };
        let start = self.args.len();
        for at in jump.args.range() {
            let arg = self.args[at];
            self.args.push(match arg.kind() {
                ArgKind::Value(value) => match body.value(value).def {
                    Def::Param(block, number, _) if block == edge.block => {
                        self.args[edge.args.range().start + number as usize]
                    }
                    Def::Param(..) | Def::Result(..) => arg,
                },
                ArgKind::Payload(_) => arg,
            });
        }
        self.left = self.left.saturating_sub(self.args.len() - start);
        Edge { block: jump.block, args: List::new(start..self.args.len()) }
    }
}

/// A body with one way out of a function without results, if it had several: falling out of the
/// code at several places is one join of the image. Every `return` becomes a jump to a block behind
/// all others.
pub(super) fn one_return(body: &Body) -> Cow<'_, Body> {
    let is_return = |block: &BlockData| match block.terminator {
        Terminator::Return(values) => Some(values.is_empty()),
        _ => None,
    };
    let mut returns = body.blocks().filter_map(|(_, data)| is_return(data));
    if returns.next() != Some(true) || returns.next().is_none() {
        return Cow::Borrowed(body);
    }
    let mut new = body.clone();
    let last = new.append(Terminator::Return(List::EMPTY));
    for (block, data) in body.blocks() {
        if is_return(data).is_some() {
            let edge = Edge { block: last, args: List::EMPTY };
            new.set_terminator(block, Terminator::Jump(edge));
        }
    }
    Cow::Owned(new)
}

/// Lets empty blocks give way: those with one way in always, those with more where `gives_way` says
/// so, or their jump carries nothing; then branches that decide nothing become jumps. Whether the
/// body is another one.
pub(super) fn bypass(
    body: &mut Cow<'_, Body>,
    edges: &Edges,
    uses: &Uses,
    gives_way: impl Fn(&Body, Block, &BlockData) -> bool,
) -> bool {
    let past = past(body, edges, uses, gives_way);
    let is_past = past.is_some();
    if let Some(past) = past {
        rewrite(body.to_mut(), past);
    }
    let moot = moot(body, uses);
    for &(block, edge) in &moot {
        body.to_mut().set_terminator(block, Terminator::Jump(edge));
    }
    is_past || !moot.is_empty()
}

/// The edges past the blocks that give way; `None` if there are none.
fn past(
    body: &Body,
    edges: &Edges,
    uses: &Uses,
    gives_way: impl Fn(&Body, Block, &BlockData) -> bool,
) -> Option<Past> {
    let candidate = |at| {
        let block = Block::from_u32(at);
        let data = body.block(block);
        let Terminator::Jump(edge) = data.terminator else { return None };
        let is_empty = data.insts().all(|inst| !uses.is_step(body, inst));
        is_empty.then_some((block, *data, edge))
    };
    let blocks = (1..body.block_count() as u32).rev().filter_map(candidate);
    let mut blocks = blocks.peekable();
    blocks.peek()?;
    let mut facts = Facts::new(body, edges, uses);
    let left = ARGS_BASE + ARGS_MAX * body.arg_pool().len();
    let mut past =
        Past { jump: vec![None; body.block_count()], args: body.arg_pool().to_vec(), left };
    let mut passes_on = vec![false; body.block_count()];
    let mut any = false;
    for (block, data, edge) in blocks {
        let at = block.as_u32();
        let (ways, from) = facts.ways[at as usize];
        let is_own = data.params().all(|param| {
            let reader = facts.reader[param.as_u32() as usize];
            reader == NONE || reader == at
        });
        // A block that is bypassed behind this one counts as a part of it.
        let behind = edge.block.as_u32() as usize;
        let args = past.jump[behind].map_or(edge.args, |jump| jump.args);
        let passes =
            gives_way(body, block, &data) && (past.jump[behind].is_none() || passes_on[behind]);
        passes_on[at as usize] = passes || args.is_empty();
        let is_shared = passes_on[at as usize]
            && past.left >= ways as usize * args.len()
            && data.insts().all(|inst| uses.is_small(body, inst));
        if ways == 0 || facts.header[at as usize] || !is_own || ways > 1 && !is_shared {
            continue;
        }
        any = true;
        let jump = past.edge(body, edge);
        past.jump[at as usize] = Some(jump);
        // Who leads there reads what it read, and has its way on.
        let by = if ways == 1 { from } else { MANY };
        for value in past.args[jump.args.range()].iter().filter_map(|arg| arg.value()) {
            let reader = &mut facts.reader[value.as_u32() as usize];
            *reader = if *reader == at || *reader == by { by } else { MANY };
        }
        let to = &mut facts.ways[jump.block.as_u32() as usize];
        *to = (to.0 + ways - 1, if ways == 1 && to.0 == 1 { from } else { to.1 });
    }
    any.then_some(past)
}

/// Branches whose edges are all the same, each with its edge: jumps would do.
fn moot(body: &Body, uses: &Uses) -> Vec<(Block, Edge)> {
    let are_same = |a: &Edge, b: &Edge| {
        let mut pairs = body.args(a).iter().zip(body.args(b));
        let mut params = body.block(a.block).params();
        let same = |(a, b)| a == b;
        a.block == b.block
            && params.all(|param| pairs.next().is_none_or(same) || !uses.is_live(param))
    };
    let edge = |(block, data): (Block, &BlockData)| match data.terminator {
        Terminator::Branch { then, otherwise, .. } => {
            are_same(&then, &otherwise).then_some((block, then))
        }
        Terminator::Table { edges, .. } => {
            let (first, more) = body.edges(edges).split_first()?;
            more.iter().all(|edge| are_same(first, edge)).then_some((block, *first))
        }
        _ => None,
    };
    body.blocks().filter_map(edge).collect()
}

/// Leads edges past the blocks that give way.
fn rewrite(body: &mut Body, mut past: Past) {
    for at in 0..body.block_count() as u32 {
        let block = Block::from_u32(at);
        let mut terminator = body.block(block).terminator;
        match &mut terminator {
            _ if past.jump[at as usize].is_some() => terminator = Terminator::Unreachable,
            Terminator::Jump(edge) => *edge = past.edge(body, *edge),
            Terminator::Branch { then, otherwise, .. } => {
                *then = past.edge(body, *then);
                *otherwise = past.edge(body, *otherwise);
            }
            Terminator::Null { null, non_null, .. } => {
                *null = past.edge(body, *null);
                *non_null = past.edge(body, *non_null);
            }
            Terminator::Cast { fits, otherwise, .. } => {
                *fits = past.edge(body, *fits);
                *otherwise = past.edge(body, *otherwise);
            }
            Terminator::Invoke { normal, .. } => *normal = past.edge(body, *normal),
            Terminator::Table { edges, .. } => {
                for at in 0..edges.len() {
                    let edge = past.edge(body, body.edges(*edges)[at]);
                    body.edges_mut(*edges)[at] = edge;
                }
            }
            Terminator::Catch { clauses, .. } => {
                for at in 0..clauses.len() {
                    let edge = past.edge(body, body.clauses(*clauses)[at].edge);
                    body.clauses_mut(*clauses)[at].edge = edge;
                }
            }
            Terminator::Throw { .. } | Terminator::Return(_) => {}
            Terminator::TailCall(_) | Terminator::Unreachable => {}
        }
        body.set_terminator(block, terminator);
    }
    body.set_arg_pool(past.args);
}
