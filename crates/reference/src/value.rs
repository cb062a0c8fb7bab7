//! Typed values of the operand stack, locals and arguments ⇄ untyped cells of the store
//! (specification 4.2.1).
//!
//! The store, hosts and the embedder see cells. A cell is 8 bytes; `i32` and `f32` are
//! zero-extended in theirs, a `v128` takes two, the low half first, a reference one more than its
//! store index, and null is 0.
//!
//! Values carry their type although validation has shown that it never matters: an oracle that
//! reads an `i64` where the specification pushes an `f64` shall notice.

use prova_module::{HeapType, RefKind, RefType, ValType};
use prova_num::{f32_canonicalize, f64_canonicalize};
use prova_runtime::Cell;
use std::convert::identity;

/// A value with its type. Floats are kept as bits, so that moving one never changes a NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// An `f32`, as bits.
    F32(u32),
    /// An `f64`, as bits.
    F64(u64),
    /// A `v128`, lane 0 lowest.
    V128(u128),
    /// A `funcref`, as the store's cell.
    FuncRef(Cell),
    /// An `externref`, as the store's cell.
    ExternRef(Cell),
    /// An `exnref`, as the store's cell.
    ExnRef(Cell),
    /// An `anyref`, as the store's cell.
    AnyRef(Cell),
}

impl Value {
    /// The default value of a marked type: zero or null.
    pub(crate) fn default_of(ty: ValType) -> Value {
        match ty {
            ValType::I32 => Value::I32(0),
            ValType::I64 => Value::I64(0),
            ValType::F32 => Value::F32(0),
            ValType::F64 => Value::F64(0),
            ValType::V128 => Value::V128(0),
            ValType::Ref(ty) => Value::reference(ty, 0),
        }
    }

    /// The reference in `cell`, of the marked type `ty`.
    pub(crate) fn reference(ty: RefType, cell: Cell) -> Value {
        Value::reference_to(ty.heap_type(), cell)
    }

    /// The reference in `cell` to something of the marked heap type `ty`.
    pub(crate) fn reference_to(ty: HeapType, cell: Cell) -> Value {
        match RefKind::of(ty) {
            RefKind::Func => Value::FuncRef(cell),
            RefKind::Extern => Value::ExternRef(cell),
            RefKind::Exn => Value::ExnRef(cell),
            RefKind::Any => Value::AnyRef(cell),
        }
    }

    /// The cell of a reference to an exception or object.
    pub(crate) fn traced_cell(self) -> Option<Cell> {
        match self {
            Value::ExnRef(cell) | Value::AnyRef(cell) => Some(cell),
            _ => None,
        }
    }

    /// The cell of a reference.
    pub(crate) fn ref_cell(self) -> Option<Cell> {
        match self {
            Value::FuncRef(cell)
            | Value::ExternRef(cell)
            | Value::ExnRef(cell)
            | Value::AnyRef(cell) => Some(cell),
            Value::I32(_) | Value::I64(_) | Value::F32(_) | Value::F64(_) | Value::V128(_) => None,
        }
    }

    /// Whether both values have the same type.
    pub(crate) fn same_type(self, other: Value) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// Reads a value of the marked type `ty` from the front of `cells`; missing cells read as 0.
    pub(crate) fn read(ty: ValType, cells: &mut impl Iterator<Item = Cell>) -> Value {
        let mut next = || cells.next().unwrap_or(0);
        match ty {
            ValType::I32 => Value::I32(next() as u32),
            ValType::I64 => Value::I64(next()),
            ValType::F32 => Value::F32(next() as u32),
            ValType::F64 => Value::F64(next()),
            ValType::V128 => {
                let low = next();
                Value::V128(u128::from(low) | u128::from(next()) << 64)
            }
            ValType::Ref(ty) => Value::reference(ty, next()),
        }
    }

    /// Appends the value's cells.
    pub(crate) fn write(self, cells: &mut Vec<Cell>) {
        match self {
            Value::I32(bits) | Value::F32(bits) => cells.push(Cell::from(bits)),
            Value::I64(bits) | Value::F64(bits) => cells.push(bits),
            Value::V128(bits) => cells.extend([bits as u64, (bits >> 64) as u64]),
            Value::FuncRef(cell)
            | Value::ExternRef(cell)
            | Value::ExnRef(cell)
            | Value::AnyRef(cell) => cells.push(cell),
        }
    }
}

/// A Rust type that stands for a Wasm number type in the functions of `prova_num`.
pub(crate) trait Number: Copy {
    /// The value of this number.
    fn into_value(self) -> Value;
    /// The number in `value`, if it has this type.
    fn from_value(value: Value) -> Option<Self>;
}

/// Implements [`Number`]: Rust type, variant, number → bits, bits → number.
macro_rules! numbers {
    ($($ty:ty: $variant:ident, $to:expr, $from:expr;)*) => {$(
        impl Number for $ty {
            fn into_value(self) -> Value {
                Value::$variant($to(self))
            }

            fn from_value(value: Value) -> Option<$ty> {
                if let Value::$variant(bits) = value { Some($from(bits)) } else { None }
            }
        }
    )*};
}

numbers! {
    u32: I32, identity, identity;
    u64: I64, identity, identity;
    f32: F32, f32::to_bits, f32::from_bits;
    f64: F64, f64::to_bits, f64::from_bits;
    u128: V128, identity, identity;
}

/// A float, for operators whose NaN results deterministic mode replaces.
pub(crate) trait Float: Number {
    /// The same number, or the canonical NaN.
    fn canonicalize(self) -> Self;
}

impl Float for f32 {
    fn canonicalize(self) -> f32 {
        f32_canonicalize(self)
    }
}

impl Float for f64 {
    fn canonicalize(self) -> f64 {
        f64_canonicalize(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_through_cells() {
        let cases = [
            (ValType::I32, Value::I32(0x8000_0001)),
            (ValType::I64, Value::I64(u64::MAX)),
            (ValType::F32, Value::F32(0x7fa0_0001)),
            (ValType::F64, Value::F64(0x7ff4_0000_0000_0001)),
            (ValType::V128, Value::V128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10)),
            (ValType::FUNCREF, Value::FuncRef(7)),
            (ValType::EXTERNREF, Value::ExternRef(9)),
        ];
        let mut cells = Vec::new();
        cases.iter().for_each(|(_, value)| value.write(&mut cells));
        assert_eq!(cells[0], 0x8000_0001, "an i32 is zero-extended");
        assert_eq!(cells[4], 0x090a_0b0c_0d0e_0f10, "the low half comes first");
        let mut cells = cells.into_iter();
        for (ty, value) in cases {
            assert_eq!(Value::read(ty, &mut cells), value, "{ty}");
            assert!(Value::default_of(ty).same_type(value), "{ty}");
        }
        assert_eq!(cells.next(), None);
    }

    #[test]
    fn a_number_of_another_type_is_refused() {
        assert_eq!(u32::from_value(Value::I32(5)), Some(5));
        assert_eq!(u32::from_value(Value::F32(5)), None);
        assert_eq!(u64::from_value(Value::I32(5)), None);
        assert_eq!(f64::from_value(1.5f64.into_value()), Some(1.5));
    }
}
