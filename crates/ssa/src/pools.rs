//! The pools of a body: read as a whole, and changed in place.
//!
//! A pass assembles another body. What changes control alone (edges past empty blocks, a branch
//! that became a jump, a comparison that became its negation) may change a copy of a body instead:
//! numbers of blocks, instructions and values stay (B1, B2), and what the terminators of a body
//! must be is for `verify` and the proofs to say, as for any candidate. A proof is not kept: a
//! [`CheckedBody`](crate::CheckedBody) lends its body, so only a copy of it can be changed.

use crate::body::{BlockData, Body, InstData, Op, Origin};
use crate::entity::{Block, Inst, List, Value};
use crate::terminator::{Arg, Clause, Edge, Terminator};

impl Body {
    /// All instructions in order.
    #[inline]
    pub fn inst_slice(&self) -> &[InstData] {
        self.insts.as_values_slice()
    }

    /// The arguments of all edges.
    pub fn arg_pool(&self) -> &[Arg] {
        &self.args
    }

    /// A list of arguments.
    #[inline]
    pub fn arg_list(&self, list: List<Arg>) -> &[Arg] {
        &self.args[list.range()]
    }

    /// How many clauses all handlers have.
    pub fn clause_count(&self) -> usize {
        self.clauses.len()
    }

    /// Another pool of arguments, in which the lists of all edges lie.
    pub fn set_arg_pool(&mut self, args: Vec<Arg>) {
        self.args = args;
    }

    /// The edges of a [`Terminator::Table`], to lead elsewhere.
    pub fn edges_mut(&mut self, list: List<Edge>) -> &mut [Edge] {
        &mut self.edges[list.range()]
    }

    /// The clauses of a [`Terminator::Catch`], to lead elsewhere.
    pub fn clauses_mut(&mut self, list: List<Clause>) -> &mut [Clause] {
        &mut self.clauses[list.range()]
    }

    /// Another end of a block.
    pub fn set_terminator(&mut self, block: Block, terminator: Terminator) {
        self.blocks[block].terminator = terminator;
    }

    /// Another operation of an instruction, with the same immediates, operands and results.
    pub fn set_op(&mut self, inst: Inst, op: Op) {
        self.insts[inst].op = op;
    }

    /// A block behind all others, which does nothing and ends so.
    pub fn append(&mut self, terminator: Terminator) -> Block {
        let first = Value::from_u32(self.value_count() as u32);
        let inst = Inst::from_u32(self.inst_count() as u32);
        let mut data = BlockData::new(Origin::None, 0, first, inst);
        data.terminator = terminator;
        self.blocks.push(data)
    }
}
