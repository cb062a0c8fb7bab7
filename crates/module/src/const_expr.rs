//! Constant expressions as data: the bytes of an initialiser → its operators (specification 3.4.13).
//!
//! Neighbours: `decode` makes them after validation; the tiers evaluate them on a small stack.
//! Guaranteed by validation: an expression leaves exactly one value of the expected type on the
//! stack, and `global.get` names an immutable global that is initialised earlier.

use crate::error::Error;
use crate::index::{FuncIdx, GlobalIdx};
use wasmparser::{Operator, RefType};

/// A decoded constant expression: operators in order, without the final `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstExpr {
    ops: Box<[ConstOp]>,
}

impl ConstExpr {
    /// The operators in order; at least one.
    pub fn ops(&self) -> &[ConstOp] {
        &self.ops
    }

    /// Decodes an expression that the validator has accepted.
    pub(crate) fn decode(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, Error> {
        let mut ops = Vec::new();
        let mut reader = expr.get_operators_reader();
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            if matches!(op, Operator::End) {
                break;
            }
            ops.push(ConstOp::decode(&op, offset as usize)?);
        }
        Ok(ConstExpr { ops: ops.into() })
    }
}

/// An operator of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstOp {
    /// `i32.const`
    I32Const(i32),
    /// `i64.const`
    I64Const(i64),
    /// `f32.const`, as bits
    F32Const(u32),
    /// `f64.const`, as bits
    F64Const(u64),
    /// `v128.const`, little-endian
    V128Const(u128),
    /// `global.get`
    GlobalGet(GlobalIdx),
    /// `ref.null`, with the nullable reference type it makes
    RefNull(RefType),
    /// `ref.func`
    RefFunc(FuncIdx),
    /// `i32.add`
    I32Add,
    /// `i32.sub`
    I32Sub,
    /// `i32.mul`
    I32Mul,
    /// `i64.add`
    I64Add,
    /// `i64.sub`
    I64Sub,
    /// `i64.mul`
    I64Mul,
}

impl ConstOp {
    fn decode(op: &Operator<'_>, offset: usize) -> Result<ConstOp, Error> {
        Ok(match *op {
            Operator::I32Const { value } => ConstOp::I32Const(value),
            Operator::I64Const { value } => ConstOp::I64Const(value),
            Operator::F32Const { value } => ConstOp::F32Const(value.bits()),
            Operator::F64Const { value } => ConstOp::F64Const(value.bits()),
            Operator::V128Const { value } => ConstOp::V128Const(value.into()),
            Operator::GlobalGet { global_index } => ConstOp::GlobalGet(GlobalIdx(global_index)),
            Operator::RefNull { hty } => match RefType::new(true, hty) {
                Some(ty) => ConstOp::RefNull(ty),
                None => return Err(Error::unsupported("constant expression", offset)),
            },
            Operator::RefFunc { function_index } => ConstOp::RefFunc(FuncIdx(function_index)),
            Operator::I32Add => ConstOp::I32Add,
            Operator::I32Sub => ConstOp::I32Sub,
            Operator::I32Mul => ConstOp::I32Mul,
            Operator::I64Add => ConstOp::I64Add,
            Operator::I64Sub => ConstOp::I64Sub,
            Operator::I64Mul => ConstOp::I64Mul,
            _ => return Err(Error::unsupported("constant expression", offset)),
        })
    }
}
