//! The body of a function in SSA form: blocks, instructions and values in flat arenas.
//!
//! ```text
//! Body ─ blocks ─ parameters (values) ─ instructions ─ results (values)
//!           │                              └ operands: a run of one pool
//!           └ terminator ─ edges ─ arguments: a run of one pool
//! ```
//!
//! A body is written once, front to back, by an [`Assembler`](crate::Assembler): a pass reads one
//! body and assembles another. So numbers are positions, lists are runs of pools, and two bodies of
//! the same text are equal. What changes in place are the ends of blocks (`pools`).
//!
//! # Invariants
//! By construction:
//! * B1. Blocks, instructions and values are numbered in the order in which they stand: a block's
//!   parameters, then the results of its instructions.
//! * B2. `block0` is the entry; its parameters are the function's. A block's instructions are a run
//!   of numbers.
//!
//! By `verify`: S1 to S9 of that module.

use crate::effect::Effects;
use crate::entity::{Block, Inst, List, Value};
pub use crate::imm::{Access, Imm, two_numbers};
use crate::terminator::{Arg, Clause, Edge, Terminator};
use cranelift_entity::PrimaryMap;
use cranelift_entity::{EntityRef, iter_entity_range};
use prova_module::{FuncIdx, Opcode, ValType};
use std::ops::Range;

/// Which charges and polls a body has; fixed when it is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metering {
    /// A [`Op::Charge`] at each metering segment of the Wasm.
    pub fuel: bool,
    /// A [`Op::Poll`] at the function's entry and at the start of each loop, before a charge at the
    /// same place.
    pub epoch: bool,
}

impl Metering {
    /// Neither.
    pub const NONE: Metering = Metering { fuel: false, epoch: false };
    /// Both.
    pub const BOTH: Metering = Metering { fuel: true, epoch: true };
}

/// The operation of an instruction: an operator of Wasm's table, or metering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A Wasm operator that goes on to the next one.
    Wasm(Opcode),
    /// Takes its immediate from the fuel, or traps.
    Charge,
    /// Tests the epoch, and traps from its deadline on.
    Poll,
}

impl Op {
    /// Its name in the text.
    pub fn mnemonic(self) -> &'static str {
        match self {
            Op::Wasm(opcode) => opcode.mnemonic(),
            Op::Charge => "charge",
            Op::Poll => "poll",
        }
    }

    /// The state that it reads and changes, and its traps.
    pub fn effects(self) -> Effects {
        Effects::of(self)
    }
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstData {
    /// Its operation.
    pub op: Op,
    /// Its immediates.
    pub imm: Imm,
    /// Its operands, bottom of the stack first.
    pub args: List<Value>,
    /// Its first result.
    first: Value,
    /// How many results it has.
    results: u32,
    /// Offset in the module of the operator that it is, or belongs to.
    pub offset: u32,
}

/// Where a value lay in the Wasm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Place {
    /// Nowhere that is known.
    #[default]
    None,
    /// In a local.
    Local(u32),
    /// On the operand stack, counted from the bottom in values.
    Stack(u32),
}

/// The definition of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Def {
    /// A parameter of a block, by its number, and the place in the Wasm that it stands for.
    Param(Block, u32, Place),
    /// A result of an instruction, by its number.
    Result(Inst, u32),
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueData {
    /// Its type.
    pub ty: ValType,
    /// Its definition.
    pub def: Def,
}

/// The place of a block in the Wasm. Labels are numbered as [`prova_module::FuncFacts::blocks`]
/// are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Nothing that is known.
    #[default]
    None,
    /// The start of the body.
    Entry,
    /// The label of a block: a loop's header, or where control goes on after the `end`.
    Label(u32),
    /// The first arm of an `if`.
    Then(u32),
    /// The second one; of an `if` without `else` the way past it.
    Else(u32),
    /// The operator after the one at the block's offset: after a conditional branch or a call
    /// inside a `try_table`.
    After,
    /// The handler of a `try_table`.
    Handler(u32),
}

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockData {
    /// Its place in the Wasm.
    pub origin: Origin,
    /// Offset in the module of the operator that it begins at or, with [`Origin::After`], after:
    /// for a label the offset of `loop` or `end`, for an arm the offset of `if` or `else`.
    pub offset: u32,
    first: Value,
    params: u32,
    insts: (Inst, Inst),
    /// How it ends.
    pub terminator: Terminator,
    /// Offset of the operator that ends it.
    pub end: u32,
}

/// The edges out of a block that are left.
struct Successors<'b> {
    first: Option<Edge>,
    table: std::slice::Iter<'b, Edge>,
    clauses: std::slice::Iter<'b, Clause>,
    last: Option<Edge>,
}

impl Iterator for Successors<'_> {
    type Item = Edge;

    #[inline]
    fn next(&mut self) -> Option<Edge> {
        if let Some(edge) = self.first.take() {
            return Some(edge);
        }
        if let Some(edge) = self.table.next() {
            return Some(*edge);
        }
        if let Some(clause) = self.clauses.next() {
            return Some(clause.edge);
        }
        self.last.take()
    }
}

/// The body of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    pub(crate) func: FuncIdx,
    pub(crate) metering: Metering,
    pub(crate) blocks: PrimaryMap<Block, BlockData>,
    pub(crate) insts: PrimaryMap<Inst, InstData>,
    pub(crate) values: PrimaryMap<Value, ValueData>,
    pub(crate) operands: Vec<Value>,
    pub(crate) args: Vec<Arg>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) targets: Vec<u32>,
    pub(crate) clauses: Vec<Clause>,
}

impl BlockData {
    pub(crate) fn new(origin: Origin, offset: u32, first: Value, inst: Inst) -> BlockData {
        let terminator = Terminator::Unreachable;
        BlockData { origin, offset, first, params: 0, insts: (inst, inst), terminator, end: 0 }
    }

    pub(crate) fn add_param(&mut self) -> u32 {
        self.params += 1;
        self.params - 1
    }

    pub(crate) fn end_insts(&mut self, end: Inst) {
        self.insts.1 = end;
    }

    /// Its parameters.
    #[inline]
    pub fn params(&self) -> impl ExactSizeIterator<Item = Value> + use<> {
        run(self.first, self.params)
    }

    /// Its instructions in order.
    #[inline]
    pub fn insts(&self) -> impl ExactSizeIterator<Item = Inst> + DoubleEndedIterator + use<> {
        (self.insts.0.as_u32()..self.insts.1.as_u32()).map(Inst::from_u32)
    }
}

impl InstData {
    pub(crate) fn new(
        op: Op,
        imm: Imm,
        args: List<Value>,
        results: (Value, u32),
        offset: u32,
    ) -> InstData {
        InstData { op, imm, args, first: results.0, results: results.1, offset }
    }

    /// The same with results of other numbers.
    #[inline]
    pub(crate) fn with_first(&self, first: Value) -> InstData {
        InstData { first, ..*self }
    }

    /// Its results in order.
    #[inline]
    pub fn results(&self) -> impl ExactSizeIterator<Item = Value> + use<> {
        run(self.first, self.results)
    }

    /// Its only result, if it has one.
    #[inline]
    pub fn result(&self) -> Option<Value> {
        (self.results == 1).then_some(self.first)
    }
}

#[inline]
fn run(first: Value, count: u32) -> impl ExactSizeIterator<Item = Value> + use<> {
    (first.as_u32()..first.as_u32() + count).map(Value::from_u32)
}

impl Body {
    /// The function.
    pub fn func(&self) -> FuncIdx {
        self.func
    }

    /// The same body for another function.
    pub fn with_func(self, func: FuncIdx) -> Body {
        Body { func, ..self }
    }

    /// Which charges and polls it has.
    pub fn metering(&self) -> Metering {
        self.metering
    }

    /// Where it is entered.
    pub fn entry(&self) -> Block {
        Block::from_u32(0)
    }

    /// All blocks in order.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = (Block, &BlockData)> {
        self.blocks.iter()
    }

    /// How many blocks it has.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// A block.
    ///
    /// # Panics
    /// If it is of another body; the same for all lookups. `verify` finds such names in what a body
    /// holds.
    #[inline]
    pub fn block(&self, block: Block) -> &BlockData {
        &self.blocks[block]
    }

    /// How many instructions it has.
    pub fn inst_count(&self) -> usize {
        self.insts.len()
    }

    /// An instruction.
    #[inline]
    pub fn inst(&self, inst: Inst) -> &InstData {
        &self.insts[inst]
    }

    /// How many values it has.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// A value.
    #[inline]
    pub fn value(&self, value: Value) -> &ValueData {
        &self.values[value]
    }

    /// All values in order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (Value, &ValueData)> {
        self.values.iter()
    }

    /// A list of operands.
    #[inline]
    pub fn operands(&self, list: List<Value>) -> &[Value] {
        &self.operands[list.range()]
    }

    /// The arguments of an edge.
    #[inline]
    pub fn args(&self, edge: &Edge) -> &[Arg] {
        &self.args[edge.args.range()]
    }

    /// The edges of a [`Terminator::Table`].
    #[inline]
    pub fn edges(&self, list: List<Edge>) -> &[Edge] {
        &self.edges[list.range()]
    }

    /// The positions of edges of a [`Terminator::Table`].
    #[inline]
    pub fn targets(&self, list: List<u32>) -> &[u32] {
        &self.targets[list.range()]
    }

    /// The clauses of a [`Terminator::Catch`].
    #[inline]
    pub fn clauses(&self, list: List<Clause>) -> &[Clause] {
        &self.clauses[list.range()]
    }

    /// The operands of a terminator, without the arguments of its edges.
    pub fn terminator_operands<'b>(&'b self, terminator: &'b Terminator) -> &'b [Value] {
        match terminator {
            Terminator::Jump(_) | Terminator::Catch { .. } | Terminator::Unreachable => &[],
            Terminator::Branch { condition: value, .. }
            | Terminator::Table { index: value, .. }
            | Terminator::Null { reference: value, .. }
            | Terminator::Cast { reference: value, .. } => std::slice::from_ref(value),
            Terminator::Invoke { call, .. } | Terminator::TailCall(call) => {
                self.operands(call.args)
            }
            Terminator::Throw { args, .. } | Terminator::Return(args) => self.operands(*args),
        }
    }

    /// The edges out of a block in order: those of a [`Terminator::Table`] once for each label, of
    /// a [`Terminator::Catch`] those of its clauses and the outer one.
    pub fn successors(&self, block: Block) -> impl Iterator<Item = Edge> {
        let (table, clauses) = ([].iter(), [].iter());
        let mut found = Successors { first: None, table, clauses, last: None };
        match &self.block(block).terminator {
            Terminator::Jump(edge) => found.first = Some(*edge),
            Terminator::Branch { then: first, otherwise: last, .. }
            | Terminator::Null { null: first, non_null: last, .. }
            | Terminator::Cast { fits: first, otherwise: last, .. }
            | Terminator::Invoke { normal: first, handler: last, .. } => {
                (found.first, found.last) = (Some(*first), Some(*last));
            }
            Terminator::Table { edges, .. } => found.table = self.edges(*edges).iter(),
            Terminator::Throw { handler, .. } => found.first = *handler,
            Terminator::Catch { clauses, outer } => {
                found.clauses = self.clauses(*clauses).iter();
                found.last = *outer;
            }
            Terminator::Return(_) | Terminator::TailCall(_) | Terminator::Unreachable => {}
        }
        found
    }

    /// All instructions, as a range of their numbers.
    pub fn insts(&self) -> impl ExactSizeIterator<Item = Inst> + use<> {
        let range: Range<Inst> = Inst::new(0)..Inst::new(self.insts.len());
        iter_entity_range(range)
    }
}
