//! Dominators: a graph of numbered nodes → the tree of immediate dominators (Lengauer and Tarjan,
//! *A fast algorithm for finding dominators in a flowgraph*, 1979, the simple version with path
//! compression).
//!
//! Node 0 is the entry. [`Tree`] is over plain numbers; [`Dominators`] is the tree of a body's
//! blocks.
//!
//! * M1. `dominates(a, b)`: every path from the entry to `b` goes through `a`.
//!
//! Irreducible flow is no special case. Time: `O(m log n)` for `m` edges, for any graph; memory
//! linear. No recursion.

use crate::body::Body;
use crate::entity::Block;

/// No node.
const NONE: u32 = u32::MAX;

/// The dominator tree of a graph.
#[derive(Clone, Debug)]
pub struct Tree {
    /// By node: its immediate dominator; `NONE` for the entry and what it does not reach.
    idom: Vec<u32>,
    /// By node: when a walk over the tree enters and leaves it; (1, 0) where it does not come.
    span: Vec<(u32, u32)>,
}

/// The dominator tree of a body, whose edges lead to blocks that exist.
#[derive(Clone, Debug)]
pub struct Dominators(Tree);

/// The state of the algorithm; numbers are those of a depth-first walk.
struct Search {
    parent: Vec<u32>,
    semi: Vec<u32>,
    ancestor: Vec<u32>,
    label: Vec<u32>,
    /// The way of one search, kept between them.
    path: Vec<u32>,
}

impl Search {
    /// The vertex of least semidominator on the way to the root of the forest, with path
    /// compression.
    fn eval(&mut self, v: u32) -> u32 {
        if self.ancestor[v as usize] == NONE {
            return v;
        }
        let mut path = std::mem::take(&mut self.path);
        let mut at = v;
        while self.ancestor[self.ancestor[at as usize] as usize] != NONE {
            path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(v) = path.pop() {
            let above = self.ancestor[v as usize];
            let (mine, best) = (self.label[v as usize], self.label[above as usize]);
            if self.semi[best as usize] < self.semi[mine as usize] {
                self.label[v as usize] = best;
            }
            self.ancestor[v as usize] = self.ancestor[above as usize];
        }
        self.path = path;
        self.label[v as usize]
    }
}

impl Tree {
    /// The tree of a graph of `count` nodes, whose successors are below `count`.
    pub fn new<'g>(count: usize, succs: impl Fn(u32) -> &'g [u32]) -> Tree {
        let (mut number, mut order) = (vec![NONE; count], Vec::with_capacity(count));
        let mut parent = Vec::with_capacity(count);
        let mut open = if count == 0 { Vec::new() } else { vec![(0u32, NONE)] };
        while let Some((node, from)) = open.pop() {
            if number[node as usize] != NONE {
                continue;
            }
            number[node as usize] = order.len() as u32;
            let this = order.len() as u32;
            order.push(node);
            parent.push(from);
            open.extend(succs(node).iter().map(|&to| (to, this)));
        }
        let reached = order.len();
        // The predecessors of each vertex, as a chain: the newest, and each with the one before.
        let (mut newest, mut preds) = (vec![NONE; reached], Vec::with_capacity(2 * reached));
        for (v, &node) in (0..).zip(&order) {
            for &to in succs(node) {
                let newest = &mut newest[number[to as usize] as usize];
                let before = std::mem::replace(newest, preds.len() as u32);
                preds.push((v, before));
            }
        }
        let all = || (0..reached as u32).collect::<Vec<u32>>();
        let ancestor = vec![NONE; reached];
        let mut search = Search { parent, semi: all(), ancestor, label: all(), path: Vec::new() };
        let mut dom = vec![0u32; reached];
        // The vertices of each semidominator that are still to be looked at, as a chain.
        let (mut bucket, mut next) = (vec![NONE; reached], vec![NONE; reached]);
        for w in (1..reached as u32).rev() {
            let mut pred = newest[w as usize];
            while let Some(&(v, before)) = preds.get(pred as usize) {
                let u = search.eval(v);
                search.semi[w as usize] = search.semi[w as usize].min(search.semi[u as usize]);
                pred = before;
            }
            let bucket_of = &mut bucket[search.semi[w as usize] as usize];
            next[w as usize] = std::mem::replace(bucket_of, w);
            let parent = search.parent[w as usize];
            search.ancestor[w as usize] = parent;
            let mut v = std::mem::replace(&mut bucket[parent as usize], NONE);
            while v != NONE {
                let u = search.eval(v);
                let less = search.semi[u as usize] < search.semi[v as usize];
                dom[v as usize] = if less { u } else { parent };
                v = next[v as usize];
            }
        }
        for w in 1..reached {
            if dom[w] != search.semi[w] {
                dom[w] = dom[dom[w] as usize];
            }
        }
        let mut idom = vec![NONE; count];
        for w in 1..reached {
            idom[order[w] as usize] = order[dom[w] as usize];
        }
        let span = spans(&idom, &order);
        Tree { idom, span }
    }

    /// The immediate dominator of a node; `None` of the entry and of a node that nothing reaches.
    #[inline]
    pub fn idom(&self, node: u32) -> Option<u32> {
        Some(self.idom[node as usize]).filter(|&idom| idom != NONE)
    }

    /// Whether the entry reaches a node.
    pub fn reaches(&self, node: u32) -> bool {
        let (enter, leave) = self.span[node as usize];
        enter <= leave
    }

    /// Whether every path to `b` goes through `a`; both are reached, a node dominates itself.
    #[inline]
    pub fn dominates(&self, a: u32, b: u32) -> bool {
        let ((enter, leave), (at, end)) = (self.span[a as usize], self.span[b as usize]);
        enter <= at && at <= leave && at <= end
    }
}

impl Dominators {
    /// The dominators of a body.
    pub fn new(body: &Body) -> Dominators {
        let (first, succs) = successors(body);
        let succs = |block: u32| &succs[first[block as usize]..first[block as usize + 1]];
        Dominators(Tree::new(body.block_count(), succs))
    }

    /// The immediate dominator of a block; `None` of the entry and of a block that nothing reaches.
    pub fn idom(&self, block: Block) -> Option<Block> {
        self.0.idom(block.as_u32()).map(Block::from_u32)
    }

    /// Whether the entry reaches a block.
    pub fn reaches(&self, block: Block) -> bool {
        self.0.reaches(block.as_u32())
    }

    /// When a walk over the tree enters and leaves a block that is reached: those that it strictly
    /// dominates are entered behind the first and not behind the second of these.
    pub(crate) fn span(&self, block: Block) -> (u32, u32) {
        self.0.span[block.as_u32() as usize]
    }

    /// Whether every path to `b` goes through `a`; both are reached, a block dominates itself.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        self.0.dominates(a.as_u32(), b.as_u32())
    }
}

/// The successors of all blocks: where the run of each begins, and the last one ends; the runs.
fn successors(body: &Body) -> (Vec<usize>, Vec<u32>) {
    let blocks = body.block_count();
    let (mut first, mut succs) = (Vec::with_capacity(blocks + 1), Vec::with_capacity(2 * blocks));
    for (block, _) in body.blocks() {
        first.push(succs.len());
        succs.extend(body.successors(block).map(|edge| edge.block.as_u32()));
    }
    first.push(succs.len());
    (first, succs)
}

/// When a walk over the tree enters and leaves each node: the children of a node follow it in one
/// piece.
fn spans(idom: &[u32], order: &[u32]) -> Vec<(u32, u32)> {
    let mut size = vec![0u32; idom.len()];
    order.iter().for_each(|&node| size[node as usize] = 1);
    // Dominators come first in the order, so their sizes are complete last.
    for &node in order.iter().skip(1).rev() {
        size[idom[node as usize] as usize] += size[node as usize];
    }
    let (mut next, mut span) = (vec![0u32; idom.len()], vec![(1, 0); idom.len()]);
    for &node in order {
        let enter = match idom[node as usize] {
            NONE => 0,
            above => {
                let enter = next[above as usize];
                next[above as usize] += size[node as usize];
                enter
            }
        };
        span[node as usize] = (enter, enter + size[node as usize] - 1);
        next[node as usize] = enter + 1;
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Assembler, Imm, Metering, Op, Origin, Terminator};
    use cranelift_entity::EntityRef;
    use prova_module::{FuncIdx, Opcode, ValType};

    /// A body of these edges, at most two for each block.
    fn graph(successors: &[Vec<u32>]) -> Body {
        let mut out = Assembler::new(FuncIdx(0), Metering::NONE);
        for to in successors {
            out.block(Origin::None, 0);
            let op = Op::Wasm(Opcode::I32Const);
            let inst = out.inst(op, Imm::Bits(0), &[], [ValType::I32], 0);
            let condition = out.body().inst(inst).result().expect("a result");
            let edges: Vec<_> = to.iter().map(|&to| out.edge(Block::from_u32(to), &[])).collect();
            let terminator = match edges[..] {
                [] => Terminator::Unreachable,
                [edge] => Terminator::Jump(edge),
                [then, otherwise, ..] => Terminator::Branch { condition, then, otherwise },
            };
            out.end(terminator, 0);
        }
        out.finish()
    }

    /// The nodes reached from the entry without going through `without`.
    fn reached(successors: &[Vec<u32>], without: u32) -> Vec<bool> {
        let mut seen = vec![false; successors.len()];
        let mut open = vec![0u32];
        while let Some(block) = open.pop() {
            if block == without || std::mem::replace(&mut seen[block as usize], true) {
                continue;
            }
            open.extend(&successors[block as usize]);
        }
        seen
    }

    #[test]
    fn dominance_is_what_paths_say() {
        let mut random = 7u64;
        let mut next = |n: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % n
        };
        for _ in 0..400 {
            let blocks = 1 + next(12);
            let successors: Vec<Vec<u32>> =
                (0..blocks).map(|_| (0..next(3)).map(|_| next(blocks) as u32).collect()).collect();
            let dominators = Dominators::new(&graph(&successors));
            let all = reached(&successors, u32::MAX);
            for (a, b) in (0..blocks as u32).flat_map(|a| (0..blocks as u32).map(move |b| (a, b))) {
                let without = reached(&successors, a);
                let wanted = all[a as usize] && all[b as usize] && !without[b as usize];
                let (a, b) = (Block::from_u32(a), Block::from_u32(b));
                assert_eq!(dominators.dominates(a, b), wanted, "{a} {b} of {successors:?}");
                assert_eq!(dominators.reaches(b), all[b.index()]);
            }
        }
    }
}
