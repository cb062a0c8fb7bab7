//! The frequent operators of control: their work and what they do, without looking at their rows.
//!
//! `validate` asks here first. `builder` does the same for every operator by its row and its
//! immediates, which takes three times as long.
//!
//! # Invariants
//! * O1. Of an operator that is named here, work, cost and step are those that
//!   [`work`](FactsBuilder::work) and [`step`](FactsBuilder::step) find by its row.
//!
//! Noticed by: `validate`, which compares work and cost with those by the row wherever assertions
//! are on; `tests/oracle.rs` (facts, computed independently), `tests/facts.rs`,
//! `tests/two_passes.rs`.

use super::builder::{FactsBuilder, Taken};
use super::{BlockKind, BodyContext};
use crate::cost::branch_cost;
use crate::limits::Limits;
use wasmparser::{BlockType, FuncValidator, Operator, WasmModuleResources};

/// A frequent operator of control, or `drop`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Frequent {
    Drop,
    Open(BlockKind, BlockType),
    End,
    Br(u32),
    BrIf(u32),
    Return,
    Call(u32),
}

impl Frequent {
    /// The operator, if it is one of them.
    #[inline]
    pub(crate) fn of(operator: &Operator<'_>) -> Option<Frequent> {
        Some(match *operator {
            Operator::Drop => Frequent::Drop,
            Operator::Block { blockty } => Frequent::Open(BlockKind::Block, blockty),
            Operator::Loop { blockty } => Frequent::Open(BlockKind::Loop, blockty),
            Operator::If { blockty } => Frequent::Open(BlockKind::If, blockty),
            Operator::End => Frequent::End,
            Operator::Br { relative_depth } => Frequent::Br(relative_depth),
            Operator::BrIf { relative_depth } => Frequent::BrIf(relative_depth),
            Operator::Return => Frequent::Return,
            Operator::Call { function_index } => Frequent::Call(function_index),
            _ => return None,
        })
    }
}

impl FactsBuilder {
    /// Its units of work, before it is validated (see [`work`](FactsBuilder::work)).
    #[inline]
    pub(crate) fn work_of(&self, operator: Frequent, cx: &BodyContext<'_>) -> u64 {
        let values = match operator {
            Frequent::Drop => 0,
            Frequent::Open(_, ty) => u64::from(cx.block_arity(ty).0),
            // The end of the body is a return.
            Frequent::End if self.depth() == 1 => {
                u64::from(self.results(None)) * Limits::WORK_OF_MOVE
            }
            Frequent::End => self.results(None).into(),
            Frequent::Br(depth) | Frequent::BrIf(depth) => {
                u64::from(self.label_arity(depth)) * Limits::WORK_OF_MOVE
            }
            Frequent::Return => u64::from(self.results(Some(0))) * Limits::WORK_OF_MOVE,
            Frequent::Call(func) => {
                let (params, results) = cx.func_arity(func);
                u64::from(params) + u64::from(results)
            }
        };
        1 + values
    }

    /// Its cost in fuel, where it is reachable.
    #[inline]
    pub(crate) fn cost_of(&self, operator: Frequent) -> u64 {
        match operator {
            Frequent::Drop | Frequent::End | Frequent::Return => 0,
            Frequent::Open(kind, _) => u64::from(kind == BlockKind::If),
            Frequent::Br(depth) | Frequent::BrIf(depth) => 1 + branch_cost(self.label_cells(depth)),
            Frequent::Call(_) => 1,
        }
    }

    /// Takes it in, at `offset`, once `validator` has accepted it (see
    /// [`step`](FactsBuilder::step)).
    #[inline]
    pub(crate) fn step_of<R: WasmModuleResources>(
        &mut self,
        operator: Frequent,
        offset: u32,
        cx: &BodyContext<'_>,
        validator: &FuncValidator<R>,
    ) {
        let cost = self.cost_of(operator);
        let taken = match operator {
            Frequent::Drop => Taken::Next,
            Frequent::Open(kind, ty) => Taken::Open(kind, ty),
            Frequent::End => Taken::End,
            Frequent::Br(depth) => {
                self.target(depth);
                Taken::Stop(None)
            }
            Frequent::BrIf(depth) => {
                self.target(depth);
                Taken::Fork(self.label_arity(depth), false)
            }
            Frequent::Return => Taken::Stop(None),
            Frequent::Call(func) => Taken::Call(cx.func_arity(func).1),
        };
        self.take(taken, cost, offset, *cx, validator);
    }
}
