//! References of the `any` hierarchy whose objects may be anything.

use super::external::ExternRef;
use super::i31::I31;
use super::rooted::{Handle, Rooted, gc_refs};
use super::{ArrayRef, EqRef, StructRef};
use crate::error::{Result, misuse};
use crate::store::{AsContext, AsContextMut, InStore};
use crate::types::{ArrayType, HeapType, StructType};
use prova_module::Composite;
use prova_runtime as rt;
use rt::{AnyKind, Cell};

/// A reference to a structure, an array, a small integer, or to a value of the host that
/// `any.convert_extern` gave; not null. It is met behind a [`Rooted`] or
/// [`OwnedRooted`](crate::OwnedRooted).
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (type $pair (struct (field i32 i64)))
///         (func (export "pair") (result anyref) (struct.new $pair (i32.const 1) (i64.const 2)))
///         (func (export "small") (result anyref) (ref.i31 (i32.const -7))))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let pair = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, "pair")?;
/// let pair = pair.call(&mut store, ())?.expect("it is not null");
/// assert_eq!(pair.unwrap_struct(&store)?.field(&mut store, 1)?.unwrap_i64(), 2);
/// let small = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, "small")?;
/// let small = small.call(&mut store, ())?.expect("it is not null");
/// assert_eq!(small.unwrap_i31(&store)?.get_i32(), -7);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AnyRef(pub(super) Handle);

gc_refs! { AnyRef Any Any; }

/// The type of a reference of this store that is not null.
pub(crate) fn type_of(cell: Cell, rt: &rt::Store) -> HeapType {
    let Some(id) = rt.object_type(cell) else {
        let is_i31 = matches!(AnyKind::of(cell), Some(AnyKind::I31(_)));
        return if is_i31 { HeapType::I31 } else { HeapType::Any };
    };
    match rt.types().def(id).map(|def| &def.composite) {
        Some(Composite::Struct(_)) => HeapType::ConcreteStruct(StructType::of_store(rt, id)),
        Some(Composite::Array(_)) => HeapType::ConcreteArray(ArrayType::of_store(rt, id)),
        // Machine code may have written another header.
        Some(Composite::Func) | None => HeapType::Any,
    }
}

/// The small integer that a cell is.
pub(crate) fn i31_of(cell: Cell) -> Option<I31> {
    match AnyKind::of(cell) {
        Some(AnyKind::I31(value)) => Some(I31::wrapping_u32(value)),
        Some(AnyKind::Null | AnyKind::Object(_) | AnyKind::Host(_)) | None => None,
    }
}

/// The cell of a small integer.
pub(crate) fn cell_of_i31(value: I31) -> Cell {
    AnyKind::I31(value.get_u32()).cell()
}

/// Whether a cell is a reference of an abstract type.
pub(crate) fn is_of(cell: Cell, ty: &HeapType, store: InStore<'_>) -> bool {
    let ty = match ty {
        HeapType::Eq => prova_module::RefType::EQ,
        HeapType::Struct => prova_module::RefType::STRUCT,
        HeapType::Array => prova_module::RefType::ARRAY,
        _ => return false,
    };
    store.rt.is_ref(ty, cell)
}

/// Declares what `AnyRef` and `EqRef` have in common: tests of the object's kind, and conversions.
macro_rules! kinds {
    ($of:ident: $($ty:ident $heap:ident $is:ident $as:ident $unwrap:ident $what:literal;)*) => {
        impl $of {
            /// The type of its object: the concrete one of a structure or array.
            ///
            /// # Errors
            /// If it belongs to another store, or its scope has ended.
            pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
                let store = store.as_context();
                let cell = self.0.check(store.inside())?;
                Ok($crate::reference::any::type_of(cell, store.rt))
            }

            /// Whether its object is of a type.
            ///
            /// # Errors
            /// As for the type.
            pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
                Ok(self.ty(store)?.matches(ty))
            }

            /// A reference to a small integer.
            pub fn from_i31(mut store: impl AsContextMut, value: I31) -> Rooted<$of> {
                let cell = $crate::reference::any::cell_of_i31(value);
                Rooted::of_cell(cell, store.as_context_mut().inside())
            }

            /// Whether it is a small integer.
            ///
            /// # Errors
            /// If it belongs to another store, or its scope has ended.
            pub fn is_i31(&self, store: impl AsContext) -> Result<bool> {
                Ok(self.as_i31(store)?.is_some())
            }

            /// The small integer; `None` for something else.
            ///
            /// # Errors
            /// If it belongs to another store, or its scope has ended.
            pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
                let cell = self.0.check(store.as_context().inside())?;
                Ok($crate::reference::any::i31_of(cell))
            }

            /// The small integer.
            ///
            /// # Errors
            /// If it belongs to another store, or its scope has ended.
            ///
            /// # Panics
            /// If it is something else.
            pub fn unwrap_i31(&self, store: impl AsContext) -> Result<I31> {
                Ok(self.as_i31(store)?.expect("the reference is to a small integer"))
            }

            $(
                #[doc = concat!("Whether it refers to ", $what, ".")]
                ///
                /// # Errors
                /// If it belongs to another store, or its scope has ended.
                pub fn $is(&self, store: impl AsContext) -> Result<bool> {
                    Ok(self.$as(store)?.is_some())
                }

                #[doc = concat!("The reference, if it is to ", $what, ".")]
                /// It is kept as this one is.
                ///
                /// # Errors
                /// If it belongs to another store, or its scope has ended.
                pub fn $as(&self, store: impl AsContext) -> Result<Option<Rooted<$ty>>> {
                    let store = store.as_context();
                    let cell = self.0.check(store.inside())?;
                    let is = $crate::reference::any::is_of(cell, &HeapType::$heap, store.inside());
                    Ok(is.then(|| Rooted::of_handle(self.0)))
                }

                #[doc = concat!("The reference, which is to ", $what, ".")]
                ///
                /// # Errors
                /// If it belongs to another store, or its scope has ended.
                ///
                /// # Panics
                /// If it is to something else.
                pub fn $unwrap(&self, store: impl AsContext) -> Result<Rooted<$ty>> {
                    Ok(self.$as(store)?.expect(concat!("the reference is to ", $what)))
                }
            )*
        }
    };
}
pub(super) use kinds;

kinds! { AnyRef:
    EqRef Eq is_eqref as_eqref unwrap_eqref "what `ref.eq` compares";
    StructRef Struct is_struct as_struct unwrap_struct "a structure";
    ArrayRef Array is_array as_array unwrap_array "an array";
}

impl AnyRef {
    /// The reference that `any.convert_extern` makes of a reference.
    ///
    /// # Errors
    /// If it belongs to another store, its scope has ended, or it is to one of more than 2^29
    /// values of the host.
    pub fn convert_extern(
        store: impl AsContext,
        reference: Rooted<ExternRef>,
    ) -> Result<Rooted<AnyRef>> {
        let store = store.as_context();
        match store.rt.internalize(reference.handle().check(store.inside())?) {
            Ok(cell) => Ok(Rooted::of_cell(cell, store.inside())),
            Err(_) => misuse!("there are too many values of the host for this one"),
        }
    }
}
