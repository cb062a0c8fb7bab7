//! References to structures: made, read and written by the host.

use super::handle::{Rooted, StructRef};
use super::heap::error_of_making;
use crate::error::{Result, misuse};
use crate::store::{AsContext, AsContextMut, InStore, StoreContextMut, StoreId};
use crate::types::StructType;
use crate::value::{Val, cells_of_vals};
use prova_module::{self as module, Composite, TypeId};
use prova_runtime as rt;
use std::sync::Arc;

/// A type of structures that is prepared in a store.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = StructType::new(&engine, [FieldType::new(Mutability::Var, StorageType::I8)])?;
/// let pre = StructRefPre::new(&mut store, ty);
/// let byte = StructRef::new(&mut store, &pre, &[Val::I32(0x1ff)])?;
/// assert_eq!(byte.field(&mut store, 0)?.unwrap_i32(), 0xff);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StructRefPre {
    store: StoreId,
    id: TypeId,
    /// The resolved types of the values.
    types: Arc<[module::ValType]>,
}

impl StructRefPre {
    /// Prepares a type.
    ///
    /// # Panics
    /// If the store has more than 2^20 types then.
    pub fn new(mut store: impl AsContextMut, ty: StructType) -> StructRefPre {
        let store = store.as_context_mut();
        let id = ty.id_in(store.rt);
        // It is a structure type: there is nothing to refuse.
        let _prepared = store.rt.prepare_objects(id);
        let types = store.rt.types_of_fields(id).into();
        StructRefPre { store: store.state.id, id, types }
    }
}

impl StructRef {
    /// Makes a structure with these values in its fields. The store may collect before.
    ///
    /// # Errors
    /// If the values are not those of the type, or the type was prepared in another store;
    /// [`GcHeapOutOfMemory`](crate::GcHeapOutOfMemory).
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &StructRefPre,
        fields: &[Val],
    ) -> Result<Rooted<StructRef>> {
        let mut store = store.as_context_mut();
        let id = store.state.id;
        if allocator.store != id {
            misuse!("the type of a structure was prepared in another store");
        }
        let cells = cells_of_vals(fields, &allocator.types, store.inside(), "field")?;
        match store.rt.struct_of_host(allocator.id, &cells) {
            Ok(cell) => Ok(Rooted::of_cell(cell, store.inside())),
            Err(kind) => Err(error_of_making(&mut store, kind)),
        }
    }

    /// As [`StructRef::new`]: nothing waits.
    ///
    /// # Errors
    /// As [`StructRef::new`].
    pub async fn new_async(
        store: impl AsContextMut,
        allocator: &StructRefPre,
        fields: &[Val],
    ) -> Result<Rooted<StructRef>> {
        StructRef::new(store, allocator, fields)
    }

    /// Its type.
    ///
    /// # Errors
    /// If it belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<StructType> {
        let store = store.as_context();
        let cell = self.0.check(store.inside())?;
        let id = store.rt.object_type(cell);
        let is_struct = |id: &TypeId| {
            let def = store.rt.types().def(*id);
            def.is_some_and(|def| matches!(def.composite, Composite::Struct(_)))
        };
        match id.filter(is_struct) {
            Some(id) => Ok(StructType::of_store(store.rt, id)),
            None => misuse!("the reference is to no structure"),
        }
    }

    /// Whether it is of a type.
    ///
    /// # Errors
    /// As [`StructRef::ty`].
    pub fn matches_ty(&self, store: impl AsContext, ty: &StructType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// The values of its fields.
    ///
    /// # Errors
    /// As [`StructRef::ty`].
    pub fn fields<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let mut store = store.into();
        let cell = self.0.check(store.inside())?;
        let count = store.rt.object_type(cell).map_or(0, |id| store.rt.types_of_fields(id).len());
        let values = (0..count).map(|index| self.field(&mut store, index));
        Ok(values.collect::<Result<Vec<Val>>>()?.into_iter())
    }

    /// The value of a field, one of 8 or 16 bits with zeros above.
    ///
    /// # Errors
    /// As [`StructRef::ty`], and if there is no such field.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let mut store = store.as_context_mut();
        let cell = self.0.check(store.inside())?;
        place(cell, index, store.inside())?;
        match store.rt.field_of_object(cell, index) {
            Ok((ty, cells)) => Ok(Val::of_cells(ty, &cells, store.inside())),
            Err(kind) => Err(store.error_of_trap(kind.into())),
        }
    }

    /// Sets a field.
    ///
    /// # Errors
    /// As [`StructRef::field`], if it cannot be set, or if the value is not of its type.
    pub fn set_field(&self, mut store: impl AsContextMut, index: usize, value: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let cell = self.0.check(store.inside())?;
        let (ty, mutable) = place(cell, index, store.inside())?;
        if !mutable {
            misuse!("field {index} cannot be set");
        }
        value.check(ty, store.inside(), &format_args!("field {index}"))?;
        let mut cells = [0, 0];
        value.to_cells(&mut cells, store.rt);
        let set = store.rt.set_field_of_object(cell, index, cells);
        set.map_err(|kind| store.error_of_trap(kind.into()))
    }
}

/// The resolved type of a field, and whether it can be set.
fn place(cell: rt::Cell, index: usize, store: InStore<'_>) -> Result<(module::ValType, bool)> {
    let Some(place) = store.rt.type_of_field(cell, index) else {
        misuse!("there is no field {index} in the structure");
    };
    Ok(place)
}
