//! The edges out of all blocks of a body, in one piece: every part of emission goes over them.

use prova_ssa::{Block, Body, Edge, Terminator};

/// Edges by the block that they leave, in the order of [`Body::successors`].
pub(super) struct Edges {
    all: Vec<Edge>,
    /// Where each block's run begins, and where the last one ends.
    first: Vec<u32>,
}

impl Edges {
    pub(super) fn new(body: &Body) -> Edges {
        let count = body.block_count();
        let (mut all, mut first) = (Vec::with_capacity(2 * count), Vec::with_capacity(count + 1));
        for (_, data) in body.blocks() {
            first.push(all.len() as u32);
            match data.terminator {
                Terminator::Jump(edge) => all.push(edge),
                Terminator::Branch { then: a, otherwise: b, .. }
                | Terminator::Null { null: a, non_null: b, .. }
                | Terminator::Cast { fits: a, otherwise: b, .. }
                | Terminator::Invoke { normal: a, handler: b, .. } => {
                    all.push(a);
                    all.push(b);
                }
                Terminator::Table { edges, .. } => all.extend_from_slice(body.edges(edges)),
                Terminator::Throw { handler, .. } => all.extend(handler),
                Terminator::Catch { clauses, outer } => {
                    all.extend(body.clauses(clauses).iter().map(|clause| clause.edge));
                    all.extend(outer);
                }
                Terminator::Return(_) | Terminator::TailCall(_) | Terminator::Unreachable => {}
            }
        }
        first.push(all.len() as u32);
        Edges { all, first }
    }

    /// The edges out of a block.
    #[inline]
    pub(super) fn of(&self, block: Block) -> &[Edge] {
        let at = block.as_u32() as usize;
        &self.all[self.first[at] as usize..self.first[at + 1] as usize]
    }

    /// All edges.
    pub(super) fn all(&self) -> &[Edge] {
        &self.all
    }
}
