//! The body while it is built: the parts of a [`Body`](crate::Body) whose blocks do not have all
//! their parameters yet.
//!
//! Blocks and values have numbers in the order in which they come up; `finish` gives them those of
//! their places.

use super::variable::Id;
use crate::body::{Imm, Op, Origin};
use prova_module::{Opcode, TagIdx, ValType};
use std::ops::Range;

/// A run of a pool.
pub(super) type Run = Range<u32>;

/// A block of the draft.
pub(super) struct Block {
    pub(super) origin: Origin,
    pub(super) offset: u32,
    /// The values of its parameters for the operand stack.
    pub(super) params: Run,
    /// The height of the stack below them, in values.
    pub(super) base: u32,
    pub(super) insts: Run,
    pub(super) term: Term,
    pub(super) end: u32,
}

/// An instruction; its results follow each other.
pub(super) struct Inst {
    pub(super) op: Op,
    pub(super) imm: Imm,
    pub(super) args: Run,
    pub(super) results: Run,
    pub(super) offset: u32,
}

/// Where an edge comes from, for the values of locals along it.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// A position and the loop around it.
    Place(u32, u32),
    /// A handler.
    Handler(u32),
}

/// An edge without the arguments for locals.
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The arguments for the operand stack, in the pool of arguments.
    pub(super) args: Run,
    pub(super) source: Source,
}

/// A call.
pub(super) struct Call {
    pub(super) opcode: Opcode,
    pub(super) imm: Imm,
    pub(super) args: Run,
}

/// How a block ends; edges by their numbers.
pub(super) enum Term {
    /// It has not ended.
    Open,
    Jump(u32),
    Branch {
        condition: Id,
        then: u32,
        otherwise: u32,
    },
    Table {
        index: Id,
        edges: Run,
        targets: Run,
    },
    Null {
        reference: Id,
        null: u32,
        non_null: u32,
    },
    Invoke {
        call: Call,
        normal: u32,
        handler: u32,
    },
    Throw {
        opcode: Opcode,
        imm: Imm,
        args: Run,
        handler: Option<u32>,
    },
    Catch {
        clauses: Run,
        outer: Option<u32>,
    },
    Return(Run),
    TailCall(Call),
    Unreachable,
}

/// A clause of a handler.
pub(super) struct Clause {
    pub(super) tag: Option<TagIdx>,
    pub(super) with_ref: bool,
    pub(super) edge: u32,
}

/// The handler of a `try_table`.
pub(super) struct Handler {
    pub(super) block: u32,
    pub(super) start: u32,
    /// Where the `try_table` ends.
    pub(super) end: u32,
    /// The loop around it.
    pub(super) inside: u32,
}

/// The draft.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) blocks: Vec<Block>,
    /// The blocks in their order.
    pub(super) layout: Vec<u32>,
    pub(super) insts: Vec<Inst>,
    /// The types of values; the function's parameters come first.
    pub(super) types: Vec<ValType>,
    pub(super) operands: Vec<Id>,
    /// Arguments of edges: values, or payloads ([`PAYLOAD`]).
    pub(super) args: Vec<u32>,
    pub(super) edges: Vec<Edge>,
    pub(super) targets: Vec<u32>,
    pub(super) clauses: Vec<Clause>,
    pub(super) handlers: Vec<Handler>,
}

/// The first payload among arguments; values are below.
pub(super) const PAYLOAD: u32 = 1 << 31;

/// Appends to a pool and gives the run.
pub(super) fn extend<T>(pool: &mut Vec<T>, items: impl IntoIterator<Item = T>) -> Run {
    let start = pool.len() as u32;
    pool.extend(items);
    start..pool.len() as u32
}

/// A run of a pool as a slice.
pub(super) fn slice<'p, T>(pool: &'p [T], run: &Run) -> &'p [T] {
    &pool[run.start as usize..run.end as usize]
}

impl Draft {
    /// An empty draft with room for what a body of so many bytes has in most cases.
    pub(super) fn with_room(bytes: usize) -> Draft {
        Draft {
            blocks: Vec::with_capacity(bytes / 16),
            layout: Vec::with_capacity(bytes / 16),
            insts: Vec::with_capacity(bytes / 4),
            types: Vec::with_capacity(bytes / 4),
            operands: Vec::with_capacity(bytes / 3),
            edges: Vec::with_capacity(bytes / 12),
            ..Draft::default()
        }
    }

    /// A block that has no place yet.
    pub(super) fn block(&mut self, origin: Origin, offset: u32) -> u32 {
        let id = self.blocks.len() as u32;
        let (params, insts) = (0..0, 0..0);
        let block = Block { origin, offset, params, base: 0, insts, term: Term::Open, end: 0 };
        self.blocks.push(block);
        id
    }

    /// Gives the next place to a block, with these values for parameters.
    pub(super) fn begin(&mut self, block: u32, params: Run, base: u32) {
        let inst = self.insts.len() as u32;
        let data = &mut self.blocks[block as usize];
        data.params = params;
        data.base = base;
        data.insts = inst..inst;
        self.layout.push(block);
    }

    pub(super) fn edge(
        &mut self,
        from: u32,
        to: u32,
        source: Source,
        args: impl IntoIterator<Item = u32>,
    ) -> u32 {
        let id = self.edges.len() as u32;
        let args = extend(&mut self.args, args);
        self.edges.push(Edge { from, to, args, source });
        id
    }

    /// The edges of a terminator, each by its number.
    pub(super) fn successors(&self, term: &Term) -> impl Iterator<Item = u32> {
        let (mut two, mut run, mut clauses) = ([None, None], 0..0, 0..0);
        match term {
            Term::Jump(edge) => two[0] = Some(*edge),
            Term::Branch { then: a, otherwise: b, .. }
            | Term::Null { null: a, non_null: b, .. }
            | Term::Invoke { normal: a, handler: b, .. } => two = [Some(*a), Some(*b)],
            Term::Table { edges, .. } => run = edges.clone(),
            Term::Throw { handler, .. } => two[0] = *handler,
            Term::Catch { clauses: run, outer } => {
                clauses = run.clone();
                two[0] = *outer;
            }
            Term::Open | Term::Return(_) | Term::TailCall(_) | Term::Unreachable => {}
        }
        let clauses = slice(&self.clauses, &clauses).iter().map(|clause| clause.edge);
        run.chain(clauses).chain(two.into_iter().flatten())
    }
}
