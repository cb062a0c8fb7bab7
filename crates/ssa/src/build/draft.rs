//! The body while it is built: the parts of a [`Body`](crate::Body) whose blocks do not have all
//! their parameters yet.
//!
//! Blocks and values have numbers in the order in which they come up; `finish` gives them those of
//! their places.

use crate::body::{Imm, InstData, Origin};
use crate::entity::{List, Value};
use crate::terminator::Call;
use crate::verify::{converted, non_null};
use prova_module::{Opcode, RefType, TagIdx, ValType};
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

/// How a block ends; edges by their numbers, values and lists of values as in [`Draft::operands`].
pub(super) enum Term {
    /// It has not ended.
    Open,
    Jump(u32),
    Branch {
        condition: u32,
        then: u32,
        otherwise: u32,
    },
    Table {
        index: u32,
        edges: Run,
        targets: Run,
    },
    Null {
        reference: u32,
        null: u32,
        non_null: u32,
    },
    Cast {
        reference: u32,
        ty: RefType,
        fits: u32,
        otherwise: u32,
    },
    Invoke {
        call: Call,
        normal: u32,
        handler: u32,
    },
    Throw {
        opcode: Opcode,
        imm: Imm,
        args: List<Value>,
        handler: Option<u32>,
    },
    Catch {
        clauses: Run,
        outer: Option<u32>,
    },
    Return(List<Value>),
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
    /// Instructions, with the values and lists of the draft.
    pub(super) insts: Vec<InstData>,
    /// The types of values; the function's parameters come first.
    pub(super) types: Vec<ValType>,
    /// Values of the draft, in the order of the blocks' places.
    pub(super) operands: Vec<Value>,
    /// Arguments of edges: values, or payloads ([`PAYLOAD`]).
    pub(super) args: Vec<u32>,
    pub(super) edges: Vec<Edge>,
    pub(super) targets: Vec<u32>,
    pub(super) clauses: Vec<Clause>,
    pub(super) handlers: Vec<Handler>,
    /// Values whose type follows from another one's, in the order of their making.
    pub(super) followers: Vec<Follower>,
}

/// How a type follows from another one.
#[derive(Clone, Copy)]
pub(super) enum Follows {
    /// The same.
    Same,
    /// The same without null.
    NonNull,
    /// `any.convert_extern`: null where the other is.
    Any,
    /// `extern.convert_any`: the same.
    Extern,
}

impl Follows {
    fn of(self, ty: ValType) -> ValType {
        let follows = match self {
            Follows::Same => None,
            Follows::NonNull => non_null(ty),
            Follows::Any => converted(ty, RefType::ANYREF),
            Follows::Extern => converted(ty, RefType::EXTERNREF),
        };
        // Valid code has references there.
        follows.unwrap_or(ty)
    }
}

/// A value whose type follows from another one's.
pub(super) struct Follower {
    pub(super) value: u32,
    pub(super) of: u32,
    pub(super) how: Follows,
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
    /// The type of a value follows from the one of `of`; it is still to be given, from the types
    /// known by now ([`settle_types`](Draft::settle_types)).
    pub(super) fn follows(&mut self, value: u32, of: u32, how: Follows) -> ValType {
        self.followers.push(Follower { value, of, how });
        how.of(self.types[of as usize])
    }

    /// Gives values the types that follow once each value is what `is` says: the value of a local
    /// may be of a narrower type than the local.
    pub(super) fn settle_types(&mut self, is: impl Fn(u32) -> u32) {
        for &Follower { value, of, how } in &self.followers {
            self.types[value as usize] = how.of(self.types[is(of) as usize]);
        }
    }

    /// An empty draft with room for the usual body of `bytes` bytes.
    pub(super) fn with_room(bytes: usize) -> Draft {
        Draft {
            blocks: Vec::with_capacity(bytes / 16),
            layout: Vec::with_capacity(bytes / 16),
            insts: Vec::with_capacity(bytes / 4),
            types: Vec::with_capacity(bytes / 4),
            operands: Vec::with_capacity(bytes / 3),
            args: Vec::with_capacity(bytes / 32),
            edges: Vec::with_capacity(bytes / 12),
            ..Draft::default()
        }
    }

    /// A list of operands.
    #[inline]
    pub(super) fn list(&mut self, values: &[u32]) -> List<Value> {
        let start = self.operands.len();
        for &value in values {
            self.operands.push(Value::from_u32(value));
        }
        List::new(start..self.operands.len())
    }

    /// Leaves out the operands of blocks that do not stay, so that those of the others follow each
    /// other.
    pub(super) fn keep_operands(&mut self, stays: impl Fn(u32) -> bool) {
        let mut kept = Vec::with_capacity(self.operands.len());
        let mut keep = |list: &mut List<Value>| {
            let start = kept.len();
            kept.extend_from_slice(&self.operands[list.range()]);
            *list = List::new(start..kept.len());
        };
        for &id in self.layout.iter().filter(|&&id| stays(id)) {
            let block = &mut self.blocks[id as usize];
            let run = block.insts.start as usize..block.insts.end as usize;
            self.insts[run].iter_mut().for_each(|inst| keep(&mut inst.args));
            match &mut block.term {
                Term::Invoke { call, .. } | Term::TailCall(call) => keep(&mut call.args),
                Term::Throw { args, .. } => keep(args),
                Term::Return(values) => keep(values),
                Term::Open
                | Term::Jump(_)
                | Term::Branch { .. }
                | Term::Table { .. }
                | Term::Null { .. }
                | Term::Cast { .. }
                | Term::Catch { .. }
                | Term::Unreachable => {}
            }
        }
        self.operands = kept;
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
            | Term::Cast { fits: a, otherwise: b, .. }
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
