//! References of the `any` hierarchy whose objects may be anything.

use super::handle::{AnyRef, ArrayRef, EqRef, ExternRef, Rooted, StructRef};
use super::i31::I31;
use crate::error::{Result, misuse};
use crate::store::{AsContext, AsContextMut};
use crate::types::HeapType;

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
                Ok($crate::reference::cells::type_of(cell, store.rt))
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
                let cell = $crate::reference::cells::cell_of_i31(value);
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
                Ok($crate::reference::cells::i31_of(cell))
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
                    let is = $crate::reference::cells::is_of(cell, &HeapType::$heap, store.inside());
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
