//! An instruction of two operators → its operators, one behind the other: a sum and the branch on
//! it, a global and a sum.
//!
//! Neighbours: `product` executes the parts, so that a value that nobody reads is one here too.
//!
//! # Invariants
//! * A1. What is read of the frame and of accumulators is read before the result is written: the
//!   first part writes a cell beside the frame alone, and the result is copied behind the last.

use super::listing::Item;
use prova_bytecode::Op;

/// What an instruction does, in order.
pub(super) struct Parts {
    /// What makes a value for the next part, in the cell beside the frame.
    pub(super) before: Option<Item>,
    pub(super) main: Item,
    /// What makes the result of what the part before made.
    pub(super) after: Option<Item>,
}

fn item(op: Op, values: &[u64]) -> Item {
    Item { op, values: values.to_vec(), table: Vec::new() }
}

/// The parts of an instruction; `held` is the cell beside the frame.
pub(super) fn parts(whole: &Item, held: usize) -> Parts {
    let (v, h) = (&whole.values, held as u64);
    let (before, main) = match whole.op {
        Op::I32AddImmBrIf => (item(Op::I32AddImm, &[h, v[1], v[2]]), item(Op::BrIf, &[h, v[3]])),
        Op::I32AddImmBrNe => counted(v, h, Op::BrI32Ne),
        Op::I32AddImmBrNeImm => counted(v, h, Op::BrI32NeImm),
        Op::I32AddImmBrLtU => counted(v, h, Op::BrI32LtU),
        Op::I32AddImmBrLtS => counted(v, h, Op::BrI32LtS),
        Op::Const32BrIfNot => (item(Op::Const32, &[h, v[1]]), item(Op::BrIfNot, &[v[2], v[3]])),
        Op::GlobalSetAddImm => {
            (item(Op::I32AddImm, &[h, v[2], v[3]]), item(Op::GlobalSet, &[v[1], h]))
        }
        Op::GlobalGetAddImm => {
            let sum = item(Op::I32AddImm, &[v[0], h, v[2]]);
            let main = item(Op::GlobalGet, &[h, v[1]]);
            return Parts { before: None, main, after: Some(sum) };
        }
        _ => return Parts { before: None, main: whole.clone(), after: None },
    };
    Parts { before: Some(before), main, after: Some(item(Op::Copy, &[v[0], h])) }
}

fn counted(v: &[u64], h: u64, branch: Op) -> (Item, Item) {
    (item(Op::I32AddImm, &[h, v[1], v[2]]), item(branch, &[h, v[3], v[4]]))
}

/// What an instruction that jumps computes before, and the place that it jumps to.
pub(super) fn before_jump(whole: &Item) -> Option<(Item, usize)> {
    let op = match whole.op {
        Op::I32AddImmBr => Op::I32AddImm,
        Op::CopyBr => Op::Copy,
        Op::Const32Br => Op::Const32,
        _ => return None,
    };
    let (&to, values) = whole.values.split_last()?;
    Some((item(op, values), to as usize))
}
