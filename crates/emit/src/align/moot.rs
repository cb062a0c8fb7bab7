//! Branches that decide nothing: a body → the same one with jumps in their place.
//!
//! Where both ways of a branch lead to one block with the same arguments, an emitter has no use for
//! the condition. Such a branch is *moot*, and so is a table with only such edges. The lockstep
//! walks bodies without moot branches, on both sides.
//!
//! # Invariants
//! * M8. A block is *passed* on the way of an edge only if it does nothing before its jump, and
//!   nothing but this jump reads what begins in it, constants apart. The jump carries parameters of
//!   the block, constants, or values from elsewhere. So the block that an edge reaches behind
//!   passed blocks, and the values with which it does, are known from the edge alone.
//! * M9. A branch is moot only if all its edges come to the same block with the same values, or out
//!   of the function with the same results. Constants are the same if they are equal. No effect
//!   stands on any of the ways, and no value that is read later begins there, so either way may
//!   stand for all.
//!
//! Time: linear, except that a way through blocks is followed for at most [`PASSED_MAX`] of them.

use super::graph::{is_meter, pure};
use super::lockstep::is_trivial;
use prova_ssa::{Arg, Block, Body, Def, Edge, Terminator, Value};

/// Maximum number of blocks that an edge is followed through.
const PASSED_MAX: usize = 256;

/// Behind the last block.
const OUT: u32 = u32::MAX;

/// The facts about a body.
struct Moot<'b> {
    body: &'b Body,
    /// The jump at the end of each block that may be passed, regardless of the readers of its
    /// values; moot branches are jumps.
    jump: Vec<Option<Edge>>,
    /// The block behind all that may be passed; [`OUT`] if they return.
    behind: Vec<u32>,
    readers: Option<Readers>,
}

/// Who reads values.
struct Readers {
    /// Whether anything reads a value.
    read: Vec<bool>,
    /// Whether another block reads a value that begins in a block.
    escapes: Vec<bool>,
}

impl Readers {
    fn new(body: &Body) -> Readers {
        let mut home = vec![body.entry(); body.inst_count()];
        for (block, data) in body.blocks() {
            data.insts().for_each(|inst| home[inst.as_u32() as usize] = block);
        }
        let mut readers = Readers {
            read: vec![false; body.value_count()],
            escapes: vec![false; body.block_count()],
        };
        let mut read = |value: Value, by: Block| {
            readers.read[value.as_u32() as usize] = true;
            let of = match body.value(value).def {
                Def::Param(block, ..) => block,
                // Constants are the same wherever they are made.
                Def::Result(inst, _) if body.inst(inst).args.is_empty() => by,
                Def::Result(inst, _) => home[inst.as_u32() as usize],
            };
            readers.escapes[of.as_u32() as usize] |= of != by;
        };
        for (block, data) in body.blocks() {
            for inst in data.insts() {
                body.operands(body.inst(inst).args).iter().for_each(|&value| read(value, block));
            }
            let operands = body.terminator_operands(&data.terminator);
            operands.iter().for_each(|&value| read(value, block));
            for edge in body.successors(block) {
                let values = body.args(&edge).iter().filter_map(|arg| arg.value());
                values.for_each(|value| read(value, block));
            }
        }
        readers
    }
}

/// A body without moot branches.
pub(super) struct Decided {
    pub(super) body: Body,
    /// The blocks that had one, falling, each with the block where all ways meet; `None` if they
    /// return.
    pub(super) moot: Vec<(Block, Option<Block>)>,
}

/// The body without moot branches; `None` if it has none.
pub(super) fn without_moot(body: &Body) -> Option<Decided> {
    let count = body.block_count();
    let behind = (0..count as u32).collect();
    let mut moot = Moot { body, jump: vec![None; count], behind, readers: None };
    let mut new: Option<Decided> = None;
    for at in (0..count as u32).rev() {
        let block = Block::from_u32(at);
        let data = body.block(block);
        let (edge, meet) = match data.terminator {
            Terminator::Return(_) => {
                if block != body.entry() && moot.is_silent(block) {
                    moot.behind[at as usize] = OUT;
                }
                continue;
            }
            Terminator::Jump(edge) => (edge, None),
            Terminator::Branch { then, otherwise, .. } => match moot.meet(&[then, otherwise]) {
                Some(meet) => (then, Some(meet)),
                None => continue,
            },
            Terminator::Table { edges, .. } => {
                let edges = body.edges(edges);
                match (moot.meet(edges), edges.first()) {
                    (Some(meet), Some(&edge)) => (edge, Some(meet)),
                    (_, _) => continue,
                }
            }
            _ => continue,
        };
        if let Some(meet) = meet {
            let none = || Decided { body: body.clone(), moot: Vec::new() };
            let new = new.get_or_insert_with(none);
            new.body.set_terminator(block, Terminator::Jump(edge));
            new.moot.push((block, meet));
        }
        if block != body.entry() && edge.block != block && moot.is_silent(block) {
            moot.jump[at as usize] = Some(edge);
            moot.behind[at as usize] = moot.behind[edge.block.as_u32() as usize];
        }
    }
    new
}

impl Moot<'_> {
    /// Whether a block does nothing before its end.
    fn is_silent(&self, block: Block) -> bool {
        let body = self.body;
        body.block(block)
            .insts()
            .map(|inst| body.inst(inst))
            .all(|inst| is_meter(inst) || pure(inst).is_some() || is_trivial(body, inst))
    }

    /// The argument that a block passes on for `arg`, where `args` come to it; `None` if it makes
    /// the value.
    fn passed(&self, block: Block, args: &[Arg], arg: Arg) -> Option<Arg> {
        let body = self.body;
        let Some(value) = arg.value() else { return Some(arg) };
        match body.value(value).def {
            Def::Param(of, number, _) if of == block => args.get(number as usize).copied(),
            Def::Result(inst, _) if !body.inst(inst).args.is_empty() => {
                body.block(block).insts().all(|own| own != inst).then_some(arg)
            }
            Def::Result(..) | Def::Param(..) => Some(arg),
        }
    }

    /// The block to which all edges come with the same values (M9), if they do; `None` in it if
    /// they return the same.
    fn meet(&mut self, edges: &[Edge]) -> Option<Option<Block>> {
        let (first, more) = edges.split_first()?;
        let end = |edge: &Edge| self.behind[edge.block.as_u32() as usize];
        if more.iter().any(|edge| end(edge) != end(first)) {
            return None;
        }
        let body = self.body;
        let readers = self.readers.take().unwrap_or_else(|| Readers::new(body));
        let (to, args) = self.follow(&readers, first);
        let are_same = more.iter().all(|edge| {
            let (other, others) = self.follow(&readers, edge);
            let is_read = |at: usize| match to {
                Some(to) => {
                    let mut params = body.block(to).params();
                    params.nth(at).is_none_or(|param| readers.read[param.as_u32() as usize])
                }
                None => true,
            };
            let mut pairs = args.iter().zip(&others).enumerate();
            let same = |(at, (a, b))| self.is_same(a, b) || !is_read(at);
            to == other && args.len() == others.len() && pairs.all(same)
        });
        self.readers = Some(readers);
        are_same.then_some(to)
    }

    /// Whether two arguments are the same value, or the same constant.
    fn is_same(&self, a: &Arg, b: &Arg) -> bool {
        let body = self.body;
        let constant = |arg: &Arg| match body.value(arg.value()?).def {
            Def::Result(inst, 0) => {
                let data = body.inst(inst);
                data.args.is_empty().then_some((pure(data)?, data.imm))
            }
            Def::Result(..) | Def::Param(..) => None,
        };
        a == b || constant(a).is_some_and(|one| Some(one) == constant(b))
    }

    /// Where an edge leads behind passed blocks, and with which values; out of the function with
    /// its results.
    fn follow(&self, readers: &Readers, edge: &Edge) -> (Option<Block>, Vec<Arg>) {
        let body = self.body;
        let (mut block, mut args) = (edge.block, body.args(edge).to_vec());
        for _ in 0..PASSED_MAX {
            let at = block.as_u32() as usize;
            if readers.escapes[at] {
                break;
            }
            match (self.jump[at], body.block(block).terminator) {
                (Some(jump), _) => {
                    let params = body.block(jump.block).params();
                    let passed = params.zip(body.args(&jump)).map(|(param, &arg)| {
                        let is_read = readers.read[param.as_u32() as usize];
                        if is_read { self.passed(block, &args, arg) } else { Some(arg) }
                    });
                    let Some(passed) = passed.collect() else { break };
                    (block, args) = (jump.block, passed);
                }
                (None, Terminator::Return(values)) if self.behind[at] == OUT => {
                    let values = body.operands(values).iter().map(|&value| Arg::from(value));
                    match values.map(|value| self.passed(block, &args, value)).collect() {
                        Some(passed) => return (None, passed),
                        None => break,
                    }
                }
                (None, _) => break,
            }
        }
        (Some(block), args)
    }
}
