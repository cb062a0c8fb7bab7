//! Values as embedders see them ↔ cells of the value stack.
//!
//! `func` and `host` convert arguments and results here; `prova_runtime` knows cells alone.
//!
//! 1. A value of type `t` takes `t.cells()` cells: a vector two, the low half first, everything
//!    else one.
//! 2. 32-bit values are zero-extended in their cell.
//! 3. A reference is a store's index plus 1; null is 0 (`reference`).

use crate::error::{Result, misuse};
use crate::func::Func;
use crate::reference::{AnyRef, ArrayRef, EqRef, ExnRef, ExternRef, Ref, Rooted, StructRef};
use crate::store::{AsContext, InStore};
use crate::types::ValType;
use prova_module::{self as module, cells};
use prova_runtime as rt;
use rt::Cell;
use std::fmt;

/// A 128-bit vector as a number: lane 0 is in the low bits.
///
/// ```
/// use prova_core::*;
///
/// let vector = V128::from(1u128 << 64);
/// assert_eq!(vector.as_u128() >> 64, 1);
/// assert_eq!(Val::from(vector).v128().map(|x| x.as_u128()), Some(1 << 64));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct V128(u128);

impl V128 {
    /// The bits.
    pub fn as_u128(&self) -> u128 {
        self.0
    }

    pub(crate) fn of_cells(cells: &[Cell]) -> V128 {
        V128(u128::from(cells[0]) | u128::from(cells[1]) << 64)
    }

    pub(crate) fn to_cells(self, cells: &mut [Cell]) {
        cells[0] = self.0 as u64;
        cells[1] = (self.0 >> 64) as u64;
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

/// A WebAssembly value. Floats are their bits.
///
/// ```
/// use prova_core::*;
///
/// let val = Val::from(1.5f64);
/// assert_eq!((val.f64(), val.i32()), (Some(1.5), None));
/// assert_eq!(Val::I32(-1).unwrap_i32(), -1);
/// assert!(Val::default_for_ty(&ValType::FUNCREF).and_then(Val::ref_).is_some_and(|x| x.is_null()));
/// ```
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
    ExternRef(Option<Rooted<ExternRef>>),
    /// Reference to an exception.
    ExnRef(Option<ExnRef>),
    /// Reference to a structure, an array or a small integer.
    AnyRef(Option<Rooted<AnyRef>>),
}

/// Declares the accessors of one variant: by reference to the content, and panicking.
macro_rules! accessors {
    ($($variant:ident $ty:ty, $($get:ident $unwrap:ident)+ ($bits:ident => $value:expr);)*) => {$($(
        #[doc = concat!("The value, if it is of kind `", stringify!($variant), "`.")]
        pub fn $get(&self) -> Option<$ty> {
            if let Val::$variant($bits) = self { Some($value) } else { None }
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
    )+)*};
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

    /// The null reference to a structure, an array or a small integer.
    pub const fn null_any_ref() -> Val {
        Val::AnyRef(None)
    }

    /// Zero or null of a type; `None` for references that are never null.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        if matches!(ty, ValType::Ref(ty) if !ty.is_nullable()) {
            return None;
        }
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(V128(0)),
            ValType::Ref(ty) => Ref::null(ty.heap_type()).into(),
        })
    }

    accessors! {
        I32 i32, i32 unwrap_i32 (x => *x);
        I64 i64, i64 unwrap_i64 (x => *x);
        F32 f32, f32 unwrap_f32 (x => f32::from_bits(*x));
        F64 f64, f64 unwrap_f64 (x => f64::from_bits(*x));
        V128 V128, v128 unwrap_v128 (x => *x);
        FuncRef Option<&Func>, func_ref unwrap_func_ref funcref unwrap_funcref (x => x.as_ref());
        ExternRef Option<&Rooted<ExternRef>>, extern_ref unwrap_extern_ref externref unwrap_externref (x => x.as_ref());
        AnyRef Option<&Rooted<AnyRef>>, any_ref unwrap_any_ref anyref unwrap_anyref (x => x.as_ref());
        ExnRef Option<&ExnRef>, exn_ref unwrap_exn_ref exnref unwrap_exnref (x => x.as_ref());
    }

    /// Its type; of a reference to a function, with the function's own type.
    ///
    /// # Errors
    /// If it refers to an object of another store, or the scope has ended that keeps the object.
    pub fn ty(&self, store: impl AsContext) -> Result<ValType> {
        let store = store.as_context();
        self.check_kept(store.inside(), &"the value")?;
        Ok(self.type_in(store.rt))
    }

    /// The value as a reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            Val::ExnRef(value) => Some(Ref::Exn(value)),
            Val::AnyRef(value) => Some(Ref::Any(value)),
            Val::I32(_) | Val::I64(_) | Val::F32(_) | Val::F64(_) | Val::V128(_) => None,
        }
    }

    /// Its type, for a value of this store.
    fn type_in(&self, rt: &rt::Store) -> ValType {
        match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(func) => ValType::Ref(Ref::Func(*func).type_in(rt)),
            Val::ExternRef(value) => ValType::Ref(Ref::Extern(*value).type_in(rt)),
            Val::ExnRef(value) => ValType::Ref(Ref::Exn(*value).type_in(rt)),
            Val::AnyRef(value) => ValType::Ref(Ref::Any(*value).type_in(rt)),
        }
    }

    /// Whether its object is still kept, for a value of this store.
    pub(crate) fn is_kept(&self, store: InStore<'_>) -> bool {
        self.ref_().is_none_or(|reference| reference.is_kept(store))
    }

    /// Refuses what refers to an object of another store, or to one that is not kept any more.
    fn check_kept(&self, store: InStore<'_>, what: &dyn fmt::Display) -> Result<()> {
        let Some(reference) = self.ref_() else { return Ok(()) };
        if !reference.belongs_to(store.id) {
            misuse!("{what} refers to an object of another store");
        }
        if !reference.is_kept(store) {
            misuse!("{what} refers to an object whose scope has ended");
        }
        Ok(())
    }

    /// Refuses a value that is none of a resolved type of this store; `what` it is to be.
    pub(crate) fn check(
        &self,
        ty: module::ValType,
        store: InStore<'_>,
        what: &dyn fmt::Display,
    ) -> Result<()> {
        self.check_kept(store, what)?;
        let rt = store.rt;
        let fits = match (self, ty) {
            (Val::I32(_), module::ValType::I32)
            | (Val::I64(_), module::ValType::I64)
            | (Val::F32(_), module::ValType::F32)
            | (Val::F64(_), module::ValType::F64)
            | (Val::V128(_), module::ValType::V128) => true,
            (_, module::ValType::Ref(ty)) => {
                self.ref_().is_some_and(|reference| reference.is(ty, rt))
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        if let Val::ExnRef(Some(exception)) = self
            && rt.exception(exception.cell).is_none()
        {
            misuse!("{what} refers to an exception that is gone");
        }
        misuse!("{what} is of type {}, expected {}", self.type_in(rt), ValType::of_store(ty, rt));
    }

    /// The value of type `ty` in the first of `cells`.
    pub(crate) fn of_cells(ty: module::ValType, cells: &[Cell], store: InStore<'_>) -> Val {
        match ty {
            module::ValType::I32 => Val::I32(cells[0] as i32),
            module::ValType::I64 => Val::I64(cells[0] as i64),
            module::ValType::F32 => Val::F32(cells[0] as u32),
            module::ValType::F64 => Val::F64(cells[0]),
            module::ValType::V128 => Val::V128(V128::of_cells(cells)),
            module::ValType::Ref(ty) => Ref::of_cell(ty, cells[0], store).into(),
        }
    }

    /// How many cells it takes.
    pub(crate) fn cells(&self) -> usize {
        if matches!(self, Val::V128(_)) { 2 } else { 1 }
    }

    /// Writes the value to the first of `cells`, as many as its type takes, for the store that it
    /// belongs to.
    pub(crate) fn to_cells(self, cells: &mut [Cell], rt: &rt::Store) {
        match self {
            Val::I32(x) => cells[0] = Cell::from(x as u32),
            Val::I64(x) => cells[0] = x as u64,
            Val::F32(x) => cells[0] = x.into(),
            Val::F64(x) => cells[0] = x,
            Val::V128(vector) => vector.to_cells(cells),
            Val::FuncRef(func) => cells[0] = Ref::Func(func).to_cell(rt),
            Val::ExternRef(value) => cells[0] = Ref::Extern(value).to_cell(rt),
            Val::ExnRef(value) => cells[0] = Ref::Exn(value).to_cell(rt),
            Val::AnyRef(value) => cells[0] = Ref::Any(value).to_cell(rt),
        }
    }
}

impl From<Ref> for Val {
    fn from(reference: Ref) -> Val {
        match reference {
            Ref::Func(func) => Val::FuncRef(func),
            Ref::Extern(value) => Val::ExternRef(value),
            Ref::Exn(value) => Val::ExnRef(value),
            Ref::Any(value) => Val::AnyRef(value),
        }
    }
}

impl Val {
    /// The value as the command line prints results: as [`Display`](fmt::Display) has it, a small
    /// integer by its number, a structure or array by its kind.
    ///
    /// # Errors
    /// If its object belongs to another store, or its scope has ended.
    pub fn text(&self, store: impl AsContext) -> Result<String> {
        let Val::AnyRef(Some(reference)) = self else { return Ok(self.to_string()) };
        let store = store.as_context();
        if let Some(small) = reference.as_i31(&store)? {
            return Ok(small.get_i32().to_string());
        }
        Ok(if reference.is_struct(&store)? {
            "<structref>".to_owned()
        } else if reference.is_array(&store)? {
            "<arrayref>".to_owned()
        } else {
            self.to_string()
        })
    }
}

impl fmt::Display for Val {
    /// As the command line prints results: integers signed, floats in the shortest decimal form
    /// that reads back.
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
            Val::AnyRef(None) => f.write_str("<null anyref>"),
            Val::AnyRef(Some(_)) => f.write_str("<anyref>"),
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
    Rooted<ExternRef> => ExternRef(x => Some(x));
    Option<Rooted<ExternRef>> => ExternRef(x => x);
    ExnRef => ExnRef(x => Some(x));
    Option<ExnRef> => ExnRef(x => x);
    Rooted<AnyRef> => AnyRef(x => Some(x));
    Option<Rooted<AnyRef>> => AnyRef(x => x);
    Rooted<EqRef> => AnyRef(x => Some(x.into()));
    Option<Rooted<EqRef>> => AnyRef(x => x.map(Into::into));
    Rooted<StructRef> => AnyRef(x => Some(x.into()));
    Option<Rooted<StructRef>> => AnyRef(x => x.map(Into::into));
    Rooted<ArrayRef> => AnyRef(x => Some(x.into()));
    Option<Rooted<ArrayRef>> => AnyRef(x => x.map(Into::into));
}

/// The cells of `vals`, which must have these resolved types of this store; `what` they are, in the
/// singular.
pub(crate) fn cells_of_vals(
    vals: &[Val],
    types: &[module::ValType],
    store: InStore<'_>,
    what: &str,
) -> Result<Vec<Cell>> {
    if vals.len() != types.len() {
        misuse!("expected {} {what}s, got {}", types.len(), vals.len());
    }
    let mut out = vec![0; module::cells_of(types) as usize];
    let mut at = 0;
    for (i, (val, &ty)) in vals.iter().zip(types).enumerate() {
        val.check(ty, store, &format_args!("{what} {i}"))?;
        val.to_cells(&mut out[at..], store.rt);
        at += cells(ty) as usize;
    }
    Ok(out)
}

/// Sets `vals` to the values of these types in `from`.
pub(crate) fn vals_of_cells(
    from: &[Cell],
    types: &[module::ValType],
    store: InStore<'_>,
    vals: &mut [Val],
) {
    let mut at = 0;
    for (val, &ty) in vals.iter_mut().zip(types) {
        *val = Val::of_cells(ty, &from[at..], store);
        at += cells(ty) as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreId;

    #[test]
    fn values_survive_cells() {
        use prova_module::{RefType, ValType};
        let rt = rt::Store::new(rt::StoreConfig::default());
        let store = InStore { rt: &rt, id: StoreId::NONE };
        for (val, ty) in [
            (Val::I32(-1), ValType::I32),
            (Val::I64(i64::MIN), ValType::I64),
            (Val::F32(0x7fc0_0001), ValType::F32),
            (Val::F64(0xfff8_0000_0000_0001), ValType::F64),
            (Val::V128(V128(u128::MAX - 1)), ValType::V128),
            (Val::FuncRef(None), ValType::FUNCREF),
            (Val::ExternRef(None), ValType::EXTERNREF),
            (Val::ExnRef(None), ValType::Ref(RefType::EXNREF)),
        ] {
            let mut cells = [!0, !0];
            val.to_cells(&mut cells, &rt);
            let back = Val::of_cells(ty, &cells, store);
            assert_eq!(format!("{back:?}"), format!("{val:?}"));
        }
        let mut cells = [!0, !0];
        Val::I32(-1).to_cells(&mut cells, &rt);
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
