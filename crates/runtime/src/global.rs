//! Globals: constant expressions → the cells that globals and segments start with (specification
//! 4.2.11, 3.4.13).
//!
//! Validation guarantees one value of the expected type. An expression that breaks this is a fault
//! of ours and gives zero, never a panic.

use crate::value::{FuncAddr, NULL_REF, func_ref};
use crate::vm::{Cell, GlobalVm};
use prova_module::{ConstExpr, ConstOp, FuncIdx, GlobalIdx};
use prova_num::{i32_add, i32_mul, i32_sub, i64_add, i64_mul, i64_sub};

/// The parts of an instance that a constant expression may read.
pub(crate) struct Context<'a> {
    /// The addresses of the instance's functions by index.
    pub(crate) funcs: &'a [u32],
    /// The addresses of the globals that exist so far, by index.
    pub(crate) globals: &'a [u32],
    /// The store's globals by address.
    pub(crate) store_globals: &'a [GlobalVm],
}

/// The value of a constant expression in cells; the second one is 0 unless it is a v128.
pub(crate) fn evaluate(expr: &ConstExpr, context: &Context<'_>) -> [Cell; 2] {
    // The commonest expressions are one operator, which needs no stack.
    if let [op] = expr.ops()
        && let Some(value) = leaf(op, context)
    {
        return value;
    }
    let mut stack: Vec<[Cell; 2]> = Vec::new();
    for op in expr.ops() {
        // `instantiate::constant` has the value.
        if matches!(op, ConstOp::Aggregate { .. }) {
            return [NULL_REF, 0];
        }
        step(op, context, &mut stack);
    }
    stack.pop().unwrap_or_default()
}

/// One operator that makes no object.
pub(crate) fn step(op: &ConstOp, context: &Context<'_>, stack: &mut Vec<[Cell; 2]>) {
    let value = match leaf(op, context) {
        Some(value) => value,
        None => {
            let [b, _] = stack.pop().unwrap_or_default();
            let [a, _] = stack.pop().unwrap_or_default();
            [binary(op, a, b), 0]
        }
    };
    stack.push(value);
}

/// The value of an operator without operands; `None` for one with two.
fn leaf(op: &ConstOp, context: &Context<'_>) -> Option<[Cell; 2]> {
    Some(match *op {
        ConstOp::I32Const(value) => [Cell::from(value as u32), 0],
        ConstOp::I64Const(value) => [value as u64, 0],
        ConstOp::F32Const(bits) => [Cell::from(bits), 0],
        ConstOp::F64Const(bits) => [bits, 0],
        ConstOp::V128Const(ref bits) => [**bits as u64, (**bits >> 64) as u64],
        ConstOp::GlobalGet(global) => context.global(global),
        ConstOp::RefNull(_) => [NULL_REF, 0],
        ConstOp::RefFunc(func) => [context.func(func), 0],
        ConstOp::I32Add
        | ConstOp::I32Sub
        | ConstOp::I32Mul
        | ConstOp::I64Add
        | ConstOp::I64Sub
        | ConstOp::I64Mul
        | ConstOp::Aggregate { .. } => return None,
    })
}

fn binary(op: &ConstOp, a: Cell, b: Cell) -> Cell {
    let (a32, b32) = (a as u32, b as u32);
    match op {
        ConstOp::I32Add => i32_add(a32, b32).into(),
        ConstOp::I32Sub => i32_sub(a32, b32).into(),
        ConstOp::I32Mul => i32_mul(a32, b32).into(),
        ConstOp::I64Add => i64_add(a, b),
        ConstOp::I64Sub => i64_sub(a, b),
        ConstOp::I64Mul => i64_mul(a, b),
        ConstOp::I32Const(_)
        | ConstOp::I64Const(_)
        | ConstOp::F32Const(_)
        | ConstOp::F64Const(_)
        | ConstOp::V128Const(_)
        | ConstOp::GlobalGet(_)
        | ConstOp::RefNull(_)
        | ConstOp::RefFunc(_)
        | ConstOp::Aggregate { .. } => 0,
    }
}

impl Context<'_> {
    fn global(&self, global: GlobalIdx) -> [Cell; 2] {
        let address = self.globals.get(global.index());
        address.and_then(|&a| self.store_globals.get(a as usize)).map_or([0; 2], |g| g.cells)
    }

    /// A reference to a function of the instance.
    pub(crate) fn func(&self, func: FuncIdx) -> Cell {
        self.funcs.get(func.index()).map_or(NULL_REF, |&address| func_ref(FuncAddr(address)))
    }
}

#[cfg(test)]
mod tests;
