//! References to arrays: made, read and written by the host.

use super::handle::{ArrayRef, Rooted};
use super::heap::error_of_making;
use crate::error::{Result, misuse};
use crate::store::{AsContext, AsContextMut, InStore, StoreContextMut, StoreId};
use crate::types::ArrayType;
use crate::value::{Val, cells_of_vals};
use prova_module::{self as module, Composite, TypeId};
use prova_runtime as rt;
use rt::Elements;

/// A type of arrays that is prepared in a store.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = ArrayType::new(&engine, FieldType::new(Mutability::Const, StorageType::I8));
/// let pre = ArrayRefPre::new(&mut store, ty);
/// let word = ArrayRef::new_from_i8_slice(&mut store, &pre, b"word")?;
/// let mut bytes = [0; 4];
/// word.copy_to_i8_slice(&mut store, &mut bytes)?;
/// assert_eq!(&bytes, b"word");
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ArrayRefPre {
    store: StoreId,
    id: TypeId,
    /// The resolved type of the values.
    ty: module::ValType,
}

impl ArrayRefPre {
    /// Prepares a type.
    ///
    /// # Panics
    /// If the store has more than 2^20 types then.
    pub fn new(mut store: impl AsContextMut, ty: ArrayType) -> ArrayRefPre {
        let store = store.as_context_mut();
        let id = ty.id_in(store.rt);
        // It is an array type: there is nothing to refuse.
        let _prepared = store.rt.prepare_objects(id);
        let ty = ty.element_type().unpack().resolved_in(store.rt);
        ArrayRefPre { store: store.state.id, id, ty }
    }
}

impl ArrayRef {
    /// Makes an array of `len` elements, all of them `elem`. The store may collect before.
    ///
    /// # Errors
    /// If the value is not of the type of the elements, or the type was prepared in another store;
    /// [`Trap::AllocationTooLarge`](crate::Trap) for more than 4 GiB;
    /// [`GcHeapOutOfMemory`](crate::GcHeapOutOfMemory).
    pub fn new(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elem: &Val,
        len: u32,
    ) -> Result<Rooted<ArrayRef>> {
        let mut store = store.as_context_mut();
        elem.check(allocator.ty, store.inside(), &"the element")?;
        let mut cells = [0, 0];
        elem.to_cells(&mut cells, store.rt);
        made(&mut store, allocator, Elements::Same(cells, len))
    }

    /// As [`ArrayRef::new`]: nothing waits.
    ///
    /// # Errors
    /// As [`ArrayRef::new`].
    pub async fn new_async(
        store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elem: &Val,
        len: u32,
    ) -> Result<Rooted<ArrayRef>> {
        ArrayRef::new(store, allocator, elem, len)
    }

    /// Makes an array of these elements. The store may collect before.
    ///
    /// # Errors
    /// As [`ArrayRef::new`].
    pub fn new_fixed(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elems: &[Val],
    ) -> Result<Rooted<ArrayRef>> {
        let mut store = store.as_context_mut();
        let types = vec![allocator.ty; elems.len()];
        let cells = cells_of_vals(elems, &types, store.inside(), "element")?;
        made(&mut store, allocator, Elements::Each(&cells))
    }

    /// As [`ArrayRef::new_fixed`]: nothing waits.
    ///
    /// # Errors
    /// As [`ArrayRef::new`].
    pub async fn new_fixed_async(
        store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elems: &[Val],
    ) -> Result<Rooted<ArrayRef>> {
        ArrayRef::new_fixed(store, allocator, elems)
    }

    /// Makes an array of these bytes, of a type with elements of 8 bits.
    ///
    /// # Errors
    /// As [`ArrayRef::new`], and if the elements have another form.
    pub fn new_from_i8_slice(
        mut store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elems: &[u8],
    ) -> Result<Rooted<ArrayRef>> {
        made(&mut store.as_context_mut(), allocator, Elements::Bytes(elems))
    }

    /// As [`ArrayRef::new_from_i8_slice`]: nothing waits.
    ///
    /// # Errors
    /// As [`ArrayRef::new_from_i8_slice`].
    pub async fn new_from_i8_slice_async(
        store: impl AsContextMut,
        allocator: &ArrayRefPre,
        elems: &[u8],
    ) -> Result<Rooted<ArrayRef>> {
        ArrayRef::new_from_i8_slice(store, allocator, elems)
    }

    /// Copies all elements, which have 8 bits, to a slice of the same length.
    ///
    /// # Errors
    /// If it belongs to another store, its scope has ended, or the elements or the length are
    /// others.
    pub fn copy_to_i8_slice(&self, mut store: impl AsContextMut, dst: &mut [u8]) -> Result<()> {
        let store = store.as_context_mut();
        let cell = self.0.check(store.inside())?;
        match store.rt.bytes_of_object(cell, dst) {
            Ok(()) => Ok(()),
            Err(_) => misuse!("the array has no elements of 8 bits, or not {} of them", dst.len()),
        }
    }

    /// Its type.
    ///
    /// # Errors
    /// If it belongs to another store, or its scope has ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ArrayType> {
        let store = store.as_context();
        let cell = self.0.check(store.inside())?;
        let is_array = |id: &TypeId| {
            let def = store.rt.types().def(*id);
            def.is_some_and(|def| matches!(def.composite, Composite::Array(_)))
        };
        match store.rt.object_type(cell).filter(is_array) {
            Some(id) => Ok(ArrayType::of_store(store.rt, id)),
            None => misuse!("the reference is to no array"),
        }
    }

    /// Whether it is of a type.
    ///
    /// # Errors
    /// As [`ArrayRef::ty`].
    pub fn matches_ty(&self, store: impl AsContext, ty: &ArrayType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// The number of its elements.
    ///
    /// # Errors
    /// As [`ArrayRef::ty`].
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        let store = store.as_context();
        let cell = self.0.check(store.inside())?;
        match store.rt.len_of_object(cell) {
            Ok(len) => Ok(len),
            Err(_) => misuse!("the reference is to no array"),
        }
    }

    /// The values of its elements, each read when it is asked for.
    ///
    /// # Errors
    /// As [`ArrayRef::ty`].
    pub fn elems<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<impl ExactSizeIterator<Item = Val> + 'a> {
        let store = store.into();
        let len = self.len(&store)?;
        Ok(Elems { store, array: *self, next: 0, len })
    }

    /// The value of an element, one of 8 or 16 bits with zeros above.
    ///
    /// # Errors
    /// As [`ArrayRef::ty`], and if there is no such element.
    pub fn get(&self, mut store: impl AsContextMut, index: u32) -> Result<Val> {
        let mut store = store.as_context_mut();
        let cell = self.0.check(store.inside())?;
        self.place(index, store.inside())?;
        match store.rt.element_of_object(cell, index) {
            Ok((ty, cells)) => Ok(Val::of_cells(ty, &cells, store.inside())),
            Err(kind) => Err(store.error_of_trap(kind.into())),
        }
    }

    /// Sets an element.
    ///
    /// # Errors
    /// As [`ArrayRef::get`], if it cannot be set, or if the value is not of its type.
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let mut store = store.as_context_mut();
        let cell = self.0.check(store.inside())?;
        let (ty, mutable) = self.place(index, store.inside())?;
        if !mutable {
            misuse!("the elements of the array cannot be set");
        }
        value.check(ty, store.inside(), &format_args!("element {index}"))?;
        let mut cells = [0, 0];
        value.to_cells(&mut cells, store.rt);
        let set = store.rt.set_element_of_object(cell, index, cells);
        set.map_err(|kind| store.error_of_trap(kind.into()))
    }

    /// The resolved type of the elements, and whether they can be set.
    fn place(&self, index: u32, store: InStore<'_>) -> Result<(module::ValType, bool)> {
        let cell = self.0.cell;
        match (store.rt.len_of_object(cell), store.rt.type_of_field(cell, 0)) {
            (Ok(len), Some(place)) if index < len => Ok(place),
            (Ok(len), _) => misuse!("there is no element {index} in an array of {len}"),
            (Err(_), _) => misuse!("the reference is to no array"),
        }
    }
}

fn made<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    allocator: &ArrayRefPre,
    elements: Elements<'_>,
) -> Result<Rooted<ArrayRef>> {
    if allocator.store != store.state.id {
        misuse!("the type of an array was prepared in another store");
    }
    match store.rt.array_of_host(allocator.id, elements) {
        Ok(cell) => Ok(Rooted::of_cell(cell, store.inside())),
        Err(rt::TrapKind::Misuse) => misuse!("the elements are not those of the array's type"),
        Err(kind) => Err(error_of_making(store, kind)),
    }
}

/// The elements of an array from `next` on.
struct Elems<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    array: ArrayRef,
    next: u32,
    len: u32,
}

impl<T: 'static> Iterator for Elems<'_, T> {
    type Item = Val;

    fn next(&mut self) -> Option<Val> {
        if self.next == self.len {
            return None;
        }
        // Code that wrote over the array may end it early.
        let value = self.array.get(&mut self.store, self.next).ok()?;
        self.next += 1;
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.len - self.next) as usize;
        (left, Some(left))
    }
}

impl<T: 'static> ExactSizeIterator for Elems<'_, T> {}
