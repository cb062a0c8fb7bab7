//! An instruction of two operators → its operators, one behind the other: a sum and the branch on
//! it, a global and a sum.
//!
//! `product` executes the parts, so that a value that nobody reads is one here too.
//!
//! # Invariants
//! * A1. The frame and accumulators are read before the result is written: the first part writes a
//!   cell beside the frame alone, and the result is copied behind the last.

use super::listing::Item;
use prova_bytecode::Op;

/// The parts of an instruction, in order.
pub(super) struct Parts {
    /// Makes a value for the next part, in the cell beside the frame.
    pub(super) before: Option<Item>,
    pub(super) main: Item,
    /// Makes the result from the value of the part before.
    pub(super) after: Option<Item>,
}

fn item(op: Op, values: &[u64]) -> Item {
    Item { op, values: values.to_vec(), table: Vec::new() }
}

/// The parts of an instruction; `held` is the cell beside the frame.
pub(super) fn parts(whole: &Item, held: usize) -> Parts {
    let (v, h) = (&whole.values, held as u64);
    let sum = |a: u64, by: u64| item(Op::I32AddImm, &[h, a, by]);
    if whole.op == Op::GlobalGetAddImm {
        let after = Some(item(Op::I32AddImm, &[v[0], h, v[2]]));
        return Parts { before: None, main: item(Op::GlobalGet, &[h, v[1]]), after };
    }
    let (before, main) = if let Some((_, branch)) = COUNTED.iter().find(|it| it.0 == whole.op) {
        (sum(v[1], v[2]), item(*branch, &[h, v[3], v[4]]))
    } else if whole.op == Op::I32AddImmBrIf {
        (sum(v[1], v[2]), item(Op::BrIf, &[h, v[3]]))
    } else if whole.op == Op::Const32BrIfNot {
        (item(Op::Const32, &[h, v[1]]), item(Op::BrIfNot, &[v[2], v[3]]))
    } else if whole.op == Op::GlobalSetAddImm {
        (sum(v[2], v[3]), item(Op::GlobalSet, &[v[1], h]))
    } else {
        return Parts { before: None, main: whole.clone(), after: None };
    };
    Parts { before: Some(before), main, after: Some(item(Op::Copy, &[v[0], h])) }
}

/// Sums and the branch on a comparison of them: the branch alone.
const COUNTED: [(Op, Op); 4] = [
    (Op::I32AddImmBrNe, Op::BrI32Ne),
    (Op::I32AddImmBrNeImm, Op::BrI32NeImm),
    (Op::I32AddImmBrLtU, Op::BrI32LtU),
    (Op::I32AddImmBrLtS, Op::BrI32LtS),
];

/// The instructions that compute before a jump: the op of both, and the op of the computation.
const JUMPS: [(Op, Op); 3] =
    [(Op::I32AddImmBr, Op::I32AddImm), (Op::CopyBr, Op::Copy), (Op::Const32Br, Op::Const32)];

/// The computation of an instruction that jumps, and the place that it jumps to.
pub(super) fn before_jump(whole: &Item) -> Option<(Item, usize)> {
    let &(_, op) = JUMPS.iter().find(|it| it.0 == whole.op)?;
    let (&to, values) = whole.values.split_last()?;
    Some((item(op, values), to as usize))
}
