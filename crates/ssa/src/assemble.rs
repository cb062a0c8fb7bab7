//! Writing a body: blocks one after the other, each with parameters, instructions and a terminator.
//!
//! The only way to make a [`Body`]: the builder, the parser and the passes all come through here,
//! so B1 and B2 hold for every body. `verify` checks the other rules of a body.
//!
//! Blocks may be named before they stand: numbers are given in order, so the writer knows them
//! ([`Block::from_u32`]). The order must put every definition before its uses, back edges apart (S4
//! of `verify`).

use crate::body::{BlockData, Body, Def, Imm, InstData, Metering, Op, Origin, Place, ValueData};
use crate::entity::{Block, Inst, List, Value};
use crate::terminator::{Arg, Clause, Edge, Terminator};
use cranelift_entity::PrimaryMap;
use prova_module::{FuncIdx, ValType};

/// A body in the making.
#[derive(Debug)]
pub struct Assembler {
    body: Body,
    /// Whether the last block has no terminator yet.
    open: bool,
}

/// How many things a writer is about to write.
#[derive(Debug, Default)]
pub struct Room {
    /// Blocks.
    pub blocks: usize,
    /// Instructions.
    pub insts: usize,
    /// Values.
    pub values: usize,
    /// Arguments of edges.
    pub args: usize,
}

impl Assembler {
    /// A body without blocks.
    pub fn new(func: FuncIdx, metering: Metering) -> Assembler {
        let body = Body {
            func,
            metering,
            blocks: PrimaryMap::new(),
            insts: PrimaryMap::new(),
            values: PrimaryMap::new(),
            operands: Vec::new(),
            args: Vec::new(),
            edges: Vec::new(),
            targets: Vec::new(),
            clauses: Vec::new(),
        };
        Assembler { body, open: false }
    }

    /// Makes room for the blocks, instructions, values and arguments of edges that `room` counts.
    pub fn reserve(&mut self, room: &Room) {
        self.body.blocks.reserve_exact(room.blocks);
        self.body.insts.reserve_exact(room.insts);
        self.body.values.reserve_exact(room.values);
        self.body.args.reserve_exact(room.args);
    }

    /// Starts the next block; one that is still open ends in [`Terminator::Unreachable`].
    pub fn block(&mut self, origin: Origin, offset: u32) -> Block {
        self.open = true;
        let (value, inst) = (self.body.values.next_key(), self.body.insts.next_key());
        self.body.blocks.push(BlockData::new(origin, offset, value, inst))
    }

    /// The next parameter of the block, which has no instructions yet.
    ///
    /// # Panics
    /// If it has, or there is no block: the writer's fault.
    pub fn param(&mut self, ty: ValType, place: Place) -> Value {
        let (block, data) = self.current();
        assert!(data.insts().len() == 0, "a parameter behind an instruction of {block}");
        let number = data.add_param();
        self.body.values.push(ValueData { ty, def: Def::Param(block, number, place) })
    }

    /// The next instruction of the block; its results are numbered in the order of `results`.
    ///
    /// # Panics
    /// If there is no open block: the writer's fault.
    pub fn inst(
        &mut self,
        op: Op,
        imm: Imm,
        args: &[Value],
        results: impl IntoIterator<Item = ValType>,
        offset: u32,
    ) -> Inst {
        self.inst_of(op, imm, args.iter().copied(), results, offset)
    }

    /// As [`Assembler::inst`], with operands as they come up.
    #[inline]
    pub fn inst_of(
        &mut self,
        op: Op,
        imm: Imm,
        args: impl Iterator<Item = Value>,
        results: impl IntoIterator<Item = ValType>,
        offset: u32,
    ) -> Inst {
        let inst = self.body.insts.next_key();
        let first = self.body.values.next_key();
        let mut count = 0;
        for ty in results {
            self.body.values.push(ValueData { ty, def: Def::Result(inst, count) });
            count += 1;
        }
        let start = self.body.operands.len();
        self.body.operands.extend(args);
        let args = List::new(start..self.body.operands.len());
        self.body.insts.push(InstData::new(op, imm, args, (first, count), offset));
        self.current().1.end_insts(Inst::from_u32(inst.as_u32() + 1));
        inst
    }

    /// Appends instructions whose results have other numbers (`values` will have the new ones) and
    /// whose operands lie in a pool that is given at the end ([`Assembler::adopt_operands`]).
    pub(crate) fn renumbered(
        &mut self,
        insts: &[InstData],
        types: &[ValType],
        values: &mut [Value],
    ) {
        for data in insts {
            let inst = self.body.insts.next_key();
            let first = self.body.values.next_key();
            for (number, old) in (0..).zip(data.results()) {
                let old = old.as_u32() as usize;
                let def = Def::Result(inst, number);
                values[old] = self.body.values.push(ValueData { ty: types[old], def });
            }
            self.body.insts.push(data.with_first(first));
        }
        let end = self.body.insts.next_key();
        self.current().1.end_insts(end);
    }

    /// The pool of operands of all lists so far.
    ///
    /// # Panics
    /// If there is one: the writer's fault.
    pub(crate) fn adopt_operands(&mut self, operands: Vec<Value>) {
        assert!(self.body.operands.is_empty(), "a second pool of operands");
        self.body.operands = operands;
    }

    /// A list of operands, of a call or a return.
    pub fn operands(&mut self, values: &[Value]) -> List<Value> {
        extend(&mut self.body.operands, values)
    }

    /// An edge.
    pub fn edge(&mut self, block: Block, args: &[Arg]) -> Edge {
        Edge { block, args: extend(&mut self.body.args, args) }
    }

    /// The edges of a [`Terminator::Table`].
    pub fn edges(&mut self, edges: &[Edge]) -> List<Edge> {
        extend(&mut self.body.edges, edges)
    }

    /// The positions of a [`Terminator::Table`].
    pub fn targets(&mut self, targets: &[u32]) -> List<u32> {
        extend(&mut self.body.targets, targets)
    }

    /// The clauses of a [`Terminator::Catch`].
    pub fn clauses(&mut self, clauses: &[Clause]) -> List<Clause> {
        extend(&mut self.body.clauses, clauses)
    }

    /// Ends the block.
    ///
    /// # Panics
    /// If there is no open block: the writer's fault.
    pub fn end(&mut self, terminator: Terminator, offset: u32) {
        let (_, data) = self.current();
        data.terminator = terminator;
        data.end = offset;
        self.open = false;
    }

    /// Whether a block is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The body as written so far.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The body.
    pub fn finish(self) -> Body {
        self.body
    }

    fn current(&mut self) -> (Block, &mut BlockData) {
        assert!(self.open, "nothing can be written outside of a block");
        let Some((block, data)) = self.body.blocks.last_mut() else {
            unreachable!("an open block is the last block")
        };
        (block, data)
    }
}

fn extend<T: Copy>(pool: &mut Vec<T>, items: &[T]) -> List<T> {
    let start = pool.len();
    pool.extend_from_slice(items);
    List::new(start..pool.len())
}
