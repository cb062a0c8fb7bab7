//! Values as embedders see them ↔ cells of the value stack.
//!
//! Neighbours: `func` and `host` convert arguments and results here; `prova_runtime` knows cells alone.
//!
//! 1. A value of type `t` takes `t.cells()` cells: a vector two, the low half first, everything else one.
//! 2. 32-bit values are zero-extended in their cell.
//! 3. A reference is a store's index plus 1; null is 0.

use crate::error::{Result, bail};
use crate::func::Func;
use crate::store::{AsContext, AsContextMut, StoreId};
use crate::types::{HeapType, RefType, ValType};
use prova_runtime::{Cell, FuncAddr};
use std::any::Any;
use std::fmt;

/// A 128-bit vector as a number: lane 0 is in the low bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct V128(u128);

impl V128 {
    /// The bits.
    pub fn as_u128(&self) -> u128 {
        self.0
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> V128 {
        V128(bits)
    }
}

impl From<V128> for u128 {
    fn from(vector: V128) -> u128 {
        vector.0
    }
}

/// A reference to a value of the host, which lives as long as its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternRef {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
}

impl ExternRef {
    /// Gives `value` to the store, and a reference to it.
    ///
    /// # Errors
    /// None today; a store may limit their number.
    pub fn new<V: Any + Send + Sync>(mut store: impl AsContextMut, value: V) -> Result<ExternRef> {
        let store = store.as_context_mut();
        let cell = store.rt.extern_new(Box::new(value));
        Ok(ExternRef { store: store.state.id, cell })
    }

    /// The value.
    ///
    /// # Errors
    /// If the reference belongs to another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<crate::store::StoreContext<'a, T>>,
    ) -> Result<&'a (dyn Any + Send)> {
        let store = store.into();
        if self.store != store.state.id {
            bail!("an externref was used with a store that it does not belong to");
        }
        match store.rt.extern_get(self.cell) {
            Some(value) => Ok(value),
            None => bail!("an externref without a value"),
        }
    }
}

/// A reference to an exception. The exception lives as long as something inside the store refers to it: a host that keeps
/// the reference keeps nothing alive, and what is gone is refused as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExnRef {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
}

/// A WebAssembly value. Floats are their bits.
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// Bits of a 32-bit float.
    F32(u32),
    /// Bits of a 64-bit float.
    F64(u64),
    /// 128-bit vector.
    V128(V128),
    /// Reference to a function.
    FuncRef(Option<Func>),
    /// Reference to a value of the host.
    ExternRef(Option<ExternRef>),
    /// Reference to an exception.
    ExnRef(Option<ExnRef>),
}

/// A reference: what a table holds.
#[derive(Clone, Copy, Debug)]
pub enum Ref {
    /// To a function.
    Func(Option<Func>),
    /// To a value of the host.
    Extern(Option<ExternRef>),
    /// To an exception.
    Exn(Option<ExnRef>),
}

/// Declares the accessors of one variant: by reference to the content, and panicking.
macro_rules! accessors {
    ($($variant:ident $ty:ty, $get:ident $unwrap:ident ($bits:ident => $value:expr);)*) => {$(
        #[doc = concat!("The value, if it is of kind `", stringify!($variant), "`.")]
        pub fn $get(&self) -> Option<$ty> {
            if let Val::$variant($bits) = *self { Some($value) } else { None }
        }

        #[doc = concat!("The value of kind `", stringify!($variant), "`.")]
        ///
        /// # Panics
        /// If it is of another kind.
        pub fn $unwrap(&self) -> $ty {
            match self.$get() {
                Some(value) => value,
                None => panic!("expected {}, got {self:?}", stringify!($variant)),
            }
        }
    )*};
}

impl Val {
    /// The null reference to a function.
    pub const fn null_func_ref() -> Val {
        Val::FuncRef(None)
    }

    /// The null reference to a value of the host.
    pub const fn null_extern_ref() -> Val {
        Val::ExternRef(None)
    }

    /// Zero or null of a type; `None` for references that are never null.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        if matches!(ty, ValType::Ref(ty) if !ty.is_nullable()) {
            return None;
        }
        Some(Val::of_cells(*ty, &[0, 0], StoreId::NONE))
    }

    accessors! {
        I32 i32, i32 unwrap_i32 (x => x);
        I64 i64, i64 unwrap_i64 (x => x);
        F32 f32, f32 unwrap_f32 (x => f32::from_bits(x));
        F64 f64, f64 unwrap_f64 (x => f64::from_bits(x));
        V128 V128, v128 unwrap_v128 (x => x);
        FuncRef Option<Func>, func_ref unwrap_func_ref (x => x);
        ExternRef Option<ExternRef>, extern_ref unwrap_extern_ref (x => x);
        ExnRef Option<ExnRef>, exn_ref unwrap_exn_ref (x => x);
    }

    /// Its type; the most general one of a reference.
    pub fn ty(&self, _store: impl AsContext) -> Result<ValType> {
        Ok(self.val_type())
    }

    /// The value as a reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            Val::ExnRef(value) => Some(Ref::Exn(value)),
            Val::I32(_) | Val::I64(_) | Val::F32(_) | Val::F64(_) | Val::V128(_) => None,
        }
    }

    pub(crate) fn val_type(&self) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(_) => ValType::FUNCREF,
            Val::ExternRef(_) => ValType::EXTERNREF,
            Val::ExnRef(_) => ValType::Ref(RefType::EXNREF),
        }
    }

    /// Whether it can be a value of `ty`; what a function must be of, the runtime compares.
    pub(crate) fn fits(&self, ty: ValType) -> bool {
        match (self.ref_(), ty) {
            (Some(reference), ValType::Ref(ty)) => reference.fits(ty),
            _ => self.val_type() == ty,
        }
    }

    /// The value of type `ty` in the first of `cells`.
    pub(crate) fn of_cells(ty: ValType, cells: &[Cell], store: StoreId) -> Val {
        match ty {
            ValType::I32 => Val::I32(cells[0] as i32),
            ValType::I64 => Val::I64(cells[0] as i64),
            ValType::F32 => Val::F32(cells[0] as u32),
            ValType::F64 => Val::F64(cells[0]),
            ValType::V128 => Val::V128(V128(u128::from(cells[0]) | u128::from(cells[1]) << 64)),
            ValType::Ref(ty) => Ref::of_cell(ty, cells[0], store).into(),
        }
    }

    /// Writes the value to the first of `cells`, as many as its type takes.
    pub(crate) fn to_cells(self, cells: &mut [Cell]) {
        match self {
            Val::I32(x) => cells[0] = Cell::from(x as u32),
            Val::I64(x) => cells[0] = x as u64,
            Val::F32(x) => cells[0] = x.into(),
            Val::F64(x) => cells[0] = x,
            Val::V128(V128(x)) => {
                cells[0] = x as u64;
                cells[1] = (x >> 64) as u64;
            }
            Val::FuncRef(func) => cells[0] = Ref::Func(func).to_cell(),
            Val::ExternRef(value) => cells[0] = Ref::Extern(value).to_cell(),
            Val::ExnRef(value) => cells[0] = Ref::Exn(value).to_cell(),
        }
    }

    /// Whether the value belongs to this store, or to none.
    pub(crate) fn belongs_to(&self, store: StoreId) -> bool {
        self.ref_().is_none_or(|reference| reference.belongs_to(store))
    }
}

impl Ref {
    /// The null reference of a type.
    pub fn null(heap_type: &HeapType) -> Ref {
        match heap_type {
            HeapType::Func => Ref::Func(None),
            HeapType::Extern => Ref::Extern(None),
            HeapType::Exn => Ref::Exn(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None) | Ref::Exn(None))
    }

    /// The function referred to; `None` for another kind of reference.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        if let Ref::Func(func) = self { Some(func.as_ref()) } else { None }
    }

    /// The value of the host referred to; `None` for another kind of reference.
    pub fn as_extern(&self) -> Option<Option<&ExternRef>> {
        if let Ref::Extern(value) = self { Some(value.as_ref()) } else { None }
    }

    pub(crate) fn ref_type(&self) -> RefType {
        match self {
            Ref::Func(_) => RefType::FUNCREF,
            Ref::Extern(_) => RefType::EXTERNREF,
            Ref::Exn(_) => RefType::EXNREF,
        }
    }

    /// Whether it can be a reference of `ty`.
    pub(crate) fn fits(&self, ty: RefType) -> bool {
        self.ref_type().heap_type() == ty.heap_type() && (ty.is_nullable() || !self.is_null())
    }

    pub(crate) fn of_cell(ty: RefType, cell: Cell, store: StoreId) -> Ref {
        match ty.heap_type() {
            // Invariant 3; a store has fewer than 2^32 functions.
            HeapType::Func => Ref::Func(
                cell.checked_sub(1)
                    .map(|addr| Func { store, addr: FuncAddr::from_index(addr as u32) }),
            ),
            HeapType::Extern => Ref::Extern((cell != 0).then_some(ExternRef { store, cell })),
            HeapType::Exn => Ref::Exn((cell != 0).then_some(ExnRef { store, cell })),
        }
    }

    pub(crate) fn to_cell(self) -> Cell {
        match self {
            Ref::Func(func) => func.map_or(0, |func| prova_runtime::func_ref(func.addr)),
            Ref::Extern(value) => value.map_or(0, |value| value.cell),
            Ref::Exn(value) => value.map_or(0, |value| value.cell),
        }
    }

    pub(crate) fn belongs_to(&self, store: StoreId) -> bool {
        match self {
            Ref::Func(func) => func.is_none_or(|func| func.store == store),
            Ref::Extern(value) => value.is_none_or(|value| value.store == store),
            Ref::Exn(value) => value.is_none_or(|value| value.store == store),
        }
    }
}

impl From<Ref> for Val {
    fn from(reference: Ref) -> Val {
        match reference {
            Ref::Func(func) => Val::FuncRef(func),
            Ref::Extern(value) => Val::ExternRef(value),
            Ref::Exn(value) => Val::ExnRef(value),
        }
    }
}

impl fmt::Display for Val {
    /// As the command line prints results: integers signed, floats in the shortest decimal form that reads back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Val::I32(x) => x.fmt(f),
            Val::I64(x) => x.fmt(f),
            Val::F32(x) => f32::from_bits(*x).fmt(f),
            Val::F64(x) => f64::from_bits(*x).fmt(f),
            Val::V128(x) => x.0.fmt(f),
            Val::FuncRef(None) => f.write_str("<null funcref>"),
            Val::FuncRef(Some(_)) => f.write_str("<funcref>"),
            Val::ExternRef(None) => f.write_str("<null externref>"),
            Val::ExternRef(Some(_)) => f.write_str("<externref>"),
            Val::ExnRef(None) => f.write_str("<null exnref>"),
            Val::ExnRef(Some(_)) => f.write_str("<exnref>"),
        }
    }
}

/// Declares `From` for one variant.
macro_rules! from {
    ($($ty:ty => $variant:ident($x:ident => $value:expr);)*) => {$(
        impl From<$ty> for Val {
            fn from($x: $ty) -> Val {
                Val::$variant($value)
            }
        }
    )*};
}

from! {
    i32 => I32(x => x);
    u32 => I32(x => x as i32);
    i64 => I64(x => x);
    u64 => I64(x => x as i64);
    f32 => F32(x => x.to_bits());
    f64 => F64(x => x.to_bits());
    u128 => V128(x => V128(x));
    V128 => V128(x => x);
    Func => FuncRef(x => Some(x));
    Option<Func> => FuncRef(x => x);
    ExternRef => ExternRef(x => Some(x));
    Option<ExternRef> => ExternRef(x => x);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_cells() {
        for val in [
            Val::I32(-1),
            Val::I64(i64::MIN),
            Val::F32(0x7fc0_0001),
            Val::F64(0xfff8_0000_0000_0001),
            Val::V128(V128(u128::MAX - 1)),
            Val::FuncRef(None),
            Val::ExternRef(None),
        ] {
            let mut cells = [!0, !0];
            val.to_cells(&mut cells);
            let back = Val::of_cells(val.val_type(), &cells, StoreId::NONE);
            assert_eq!(format!("{back:?}"), format!("{val:?}"));
        }
        let mut cells = [!0, !0];
        Val::I32(-1).to_cells(&mut cells);
        assert_eq!(cells, [0xffff_ffff, !0], "invariants 1 and 2");
    }

    #[test]
    fn printing_is_that_of_the_command_line() {
        for (val, text) in [
            (Val::from(-7), "-7"),
            (Val::from(0.1f32), "0.1"),
            (Val::from(f64::INFINITY), "inf"),
            (Val::from(f64::NAN), "NaN"),
            (Val::from(1u128 << 64), "18446744073709551616"),
            (Val::null_extern_ref(), "<null externref>"),
        ] {
            assert_eq!(val.to_string(), text);
        }
    }
}
