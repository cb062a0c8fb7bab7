//! Constant expressions as data: the bytes of an initialiser → its operators (specification
//! 3.4.13).
//!
//! The tiers evaluate them on a small stack. One operator, which nearly all have (an item of a
//! segment is three bytes), lies in the expression itself, so that a module's items take memory in
//! proportion to their bytes: 16 each.
//!
//! Guaranteed by validation: an expression leaves exactly one value of the expected type on the
//! stack, and `global.get` names an immutable global that is initialised earlier.

use crate::error::Error;
use crate::index::{FuncIdx, GlobalIdx};
use crate::objects::two_indices;
use crate::ops::Opcode;
use wasmparser::{Operator, RefType};

/// A decoded constant expression: operators in order, without the final `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstExpr(Ops);

/// The operators of an expression. A [`ConstOp`] leaves room for the tag, and for one pointer
/// beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ops {
    One(ConstOp),
    Many(Box<Many>),
}

/// None, or more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Many {
    ops: Box<[ConstOp]>,
}

impl ConstExpr {
    /// The operators in order; at least one.
    pub fn ops(&self) -> &[ConstOp] {
        match &self.0 {
            Ops::One(op) => std::slice::from_ref(op),
            Ops::Many(many) => &many.ops,
        }
    }

    /// Decodes an expression that the validator has accepted.
    pub(crate) fn decode(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, Error> {
        let (mut first, mut ops) = (None, Vec::new());
        let mut reader = expr.get_operators_reader();
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            if matches!(op, Operator::End) {
                break;
            }
            let op = ConstOp::decode(&op, offset as usize)?;
            match first.take() {
                None if ops.is_empty() => first = Some(op),
                before => {
                    ops.extend(before);
                    ops.push(op);
                }
            }
        }
        Ok(ConstExpr(match first {
            Some(op) => Ops::One(op),
            None => Ops::Many(Box::new(Many { ops: ops.into() })),
        }))
    }
}

/// An operator of a constant expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstOp {
    /// `i32.const`
    I32Const(i32),
    /// `i64.const`
    I64Const(i64),
    /// `f32.const`, as bits
    F32Const(u32),
    /// `f64.const`, as bits
    F64Const(u64),
    /// `v128.const`, little-endian; elsewhere, so that the other operators are small
    V128Const(Box<u128>),
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
    /// An operator that makes an object or a small integer, or converts a reference, with the
    /// first two of its immediates, or 0.
    Aggregate {
        /// The operator.
        opcode: Opcode,
        /// Its type.
        first: u32,
        /// Its number of values.
        second: u32,
    },
}

impl ConstOp {
    fn decode(op: &Operator<'_>, offset: usize) -> Result<ConstOp, Error> {
        Ok(match *op {
            Operator::I32Const { value } => ConstOp::I32Const(value),
            Operator::I64Const { value } => ConstOp::I64Const(value),
            Operator::F32Const { value } => ConstOp::F32Const(value.bits()),
            Operator::F64Const { value } => ConstOp::F64Const(value.bits()),
            Operator::V128Const { value } => ConstOp::V128Const(Box::new(value.into())),
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
            ref other => {
                let row = Opcode::of(other).row();
                if row.opcode.is_of_objects() {
                    let (first, second) = two_indices(&Opcode::immediates(other));
                    return Ok(ConstOp::Aggregate { opcode: row.opcode, first, second });
                }
                return Err(match row.proposal {
                    Some(proposal) => Error::instruction(proposal.name(), row.mnemonic, offset),
                    None => Error::unsupported("constant expression", offset),
                });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_two_words() {
        assert_eq!((size_of::<ConstExpr>(), size_of::<ConstOp>()), (16, 16));
    }

    #[test]
    fn operators_are_kept_in_order_whatever_their_number() {
        for n in 0..4 {
            // i32.const i, n times; then the end.
            let bytes: Vec<u8> = (0..n).flat_map(|i| [0x41, i]).chain([0x0b]).collect();
            let expr = wasmparser::ConstExpr::new(wasmparser::BinaryReader::new(&bytes, 0));
            let expr = ConstExpr::decode(&expr).expect("its operators are constants");
            let expected: Vec<ConstOp> = (0..n).map(|i| ConstOp::I32Const(i.into())).collect();
            assert_eq!(expr.ops(), expected);
            assert_eq!(matches!(expr.0, Ops::One(_)), n == 1);
        }
    }
}
