//! Objects in the hands of the host: made, read and written by their type in the store, without an
//! instance.
//!
//! The host pays no fuel and is not interrupted. Before an object is made the store forgets what
//! nothing holds, as for code; the values for the new object are held meanwhile. Values are
//! compared with the types of fields, as all that comes in (V10), and what is read is looked at
//! (G4).

use super::{Elements, Extend, OBJECT_BYTES_MAX, Refused};
use crate::store::Store;
use crate::trap::TrapKind;
use crate::vm::Cell;
use prova_module::objects::{self, HEADER_BYTES, Place};
use prova_module::{Composite, FieldType, ObjectLayout, Storage, TypeId, ValType};
use std::sync::Arc;

/// The type of a field's values on the operand stack.
fn unpacked(field: &FieldType) -> ValType {
    objects::unpacked(field.element_type)
}

impl Store {
    /// Prepares the store for objects of a type that it knows.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] if they are neither structures nor arrays.
    pub fn prepare_objects(&mut self, ty: TypeId) -> Result<(), TrapKind> {
        self.lay_out(&[ty]);
        self.layout_of_type(ty).map(|_| ())
    }

    /// Makes a structure with these values in its fields.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] if the values do not fit the type; [`TrapKind::HeapFull`].
    pub fn struct_of_host(&mut self, ty: TypeId, cells: &[Cell]) -> Result<Cell, TrapKind> {
        let layout = Arc::clone(self.layout_of_type(ty)?);
        let ObjectLayout::Struct { bytes, fields } = &*layout else {
            return Err(TrapKind::Misuse);
        };
        let types = self.types_of_fields(ty);
        if cells.len() != prova_module::cells_of(&types) as usize || !self.cells_fit(&types, cells)
        {
            return Err(TrapKind::Misuse);
        }
        let traced = self.traced_cells(fields, cells);
        let object = self.object_of_host(ty, (0, (*bytes).into()), &traced)?;
        let mut at = 0;
        for field in fields {
            let low = cells.get(at).copied().ok_or(TrapKind::Bug)?;
            let high = cells.get(at + 1).copied().unwrap_or(0);
            self.save(object + u64::from(field.at), field.storage, [low, high])?;
            at += field.storage.cells() as usize;
        }
        Ok(object)
    }

    fn traced_cells(&self, fields: &[Place], cells: &[Cell]) -> Vec<Cell> {
        let mut at = 0;
        let mut traced = Vec::new();
        for field in fields {
            traced.extend(cells.get(at).filter(|_| field.storage.is_traced()));
            at += field.storage.cells() as usize;
        }
        traced
    }

    /// Makes an array.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] if the values do not fit the type; [`TrapKind::AllocationTooLarge`];
    /// [`TrapKind::HeapFull`].
    pub fn array_of_host(&mut self, ty: TypeId, elements: Elements<'_>) -> Result<Cell, TrapKind> {
        let ObjectLayout::Array(storage) = **self.layout_of_type(ty)? else {
            return Err(TrapKind::Misuse);
        };
        let element = [unpacked(self.fields_of(ty).first().ok_or(TrapKind::Bug)?)];
        let each = storage.cells() as usize;
        let (len, fits) = match elements {
            Elements::Same(value, len) => (len as usize, self.cells_fit(&element, &value)),
            Elements::Each(cells) => {
                let mut values = cells.chunks(each);
                let whole = cells.len().is_multiple_of(each);
                (cells.len() / each, whole && values.all(|value| self.cells_fit(&element, value)))
            }
            Elements::Bytes(bytes) => (bytes.len(), storage == Storage::I8),
        };
        if !fits {
            return Err(TrapKind::Misuse);
        }
        let len = u32::try_from(len).map_err(|_| TrapKind::AllocationTooLarge)?;
        let bytes = u64::from(HEADER_BYTES) + u64::from(len) * u64::from(storage.bytes());
        let traced = match (&elements, storage.is_traced()) {
            (Elements::Same(value, _), true) => &value[..1],
            (Elements::Each(cells), true) => cells,
            (Elements::Same(..) | Elements::Each(_) | Elements::Bytes(_), _) => &[],
        };
        let object = self.object_of_host(ty, (len, bytes), traced)?;
        self.write_elements(object + u64::from(HEADER_BYTES), storage, elements)?;
        Ok(object)
    }

    fn write_elements(
        &mut self,
        to: u64,
        storage: Storage,
        elements: Elements<'_>,
    ) -> Result<(), TrapKind> {
        let width = u64::from(storage.bytes());
        match elements {
            Elements::Same(_, 0) | Elements::Same([0, 0], _) => Ok(()),
            Elements::Same(value, len) => {
                self.save(to, storage, value)?;
                let (mut done, all) = (width, width * u64::from(len));
                while done < all {
                    let more = done.min(all - done);
                    self.heap.copy_within(to..to + more, to + done).ok_or(TrapKind::Bug)?;
                    done += more;
                }
                Ok(())
            }
            Elements::Each(cells) => {
                for (at, value) in (0..).zip(cells.chunks(storage.cells() as usize)) {
                    let value = [value[0], value.get(1).copied().unwrap_or(0)];
                    self.save(to + at * width, storage, value)?;
                }
                Ok(())
            }
            Elements::Bytes(bytes) => {
                let place = self.heap.get_mut(to..to + bytes.len() as u64);
                place.ok_or(TrapKind::Bug)?.copy_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Makes an object whose values are all 0, holding these references meanwhile.
    fn object_of_host(
        &mut self,
        ty: TypeId,
        (len, bytes): (u32, u64),
        holds: &[Cell],
    ) -> Result<Cell, TrapKind> {
        if bytes > OBJECT_BYTES_MAX {
            return Err(TrapKind::AllocationTooLarge);
        }
        // Asking (`hooks`).
        if self.is_asking() {
            return Err(TrapKind::Misuse);
        }
        if self.collects_for(bytes) {
            self.collect_for_host(holds)?;
        }
        match self.make_object(ty, (len, bytes), false) {
            Ok(object) => Ok(object),
            Err(Refused::Trap(kind)) => Err(kind),
            // What is not metered is not asked to wait.
            Err(Refused::Collect) => Err(TrapKind::Bug),
        }
    }

    /// A field of a structure, packed ones with zeros above: its resolved type and its cells.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] for what is no structure with such a field.
    pub fn field_of_object(
        &self,
        object: Cell,
        field: usize,
    ) -> Result<(ValType, [Cell; 2]), TrapKind> {
        let (ty, place) = self.field_place(object, field)?;
        let value = self.load(object + u64::from(place.at), place.storage, Extend::Zero)?;
        self.looked_at(unpacked(&ty), value)
    }

    /// Sets a field of a structure.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] for what is no structure with such a field, one that cannot be set, and
    /// a value that does not fit.
    pub fn set_field_of_object(
        &mut self,
        object: Cell,
        field: usize,
        value: [Cell; 2],
    ) -> Result<(), TrapKind> {
        let (ty, place) = self.field_place(object, field)?;
        if !ty.mutable || !self.cells_fit(&[unpacked(&ty)], &value) {
            return Err(TrapKind::Misuse);
        }
        self.save(object + u64::from(place.at), place.storage, value)
    }

    /// The resolved types of the values in the fields of a structure type, or of the elements of an
    /// array type.
    pub fn types_of_fields(&self, ty: TypeId) -> Vec<ValType> {
        self.fields_of(ty).iter().map(unpacked).collect()
    }

    /// The resolved type of the values in a field of an object, and whether it can be set; of an
    /// array the elements are the first one.
    pub fn type_of_field(&self, object: Cell, field: usize) -> Option<(ValType, bool)> {
        let ty = self.fields_of(self.object_type(object)?).get(field)?;
        Some((unpacked(ty), ty.mutable))
    }

    fn field_place(&self, object: Cell, field: usize) -> Result<(FieldType, Place), TrapKind> {
        let id = self.object_type(object).ok_or(TrapKind::Misuse)?;
        let place = self.field(id, field).ok_or(TrapKind::Misuse)?;
        let ty = self.fields_of(id).get(field).copied().ok_or(TrapKind::Bug)?;
        Ok((ty, place))
    }

    /// The length of an array of the host's.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] for what is no array.
    pub fn len_of_object(&self, object: Cell) -> Result<u32, TrapKind> {
        self.element_of(object)?;
        self.array_len(object)
    }

    /// An element of an array, packed ones with zeros above: its resolved type and its cells.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] for what is no array; [`TrapKind::ArrayOutOfBounds`].
    pub fn element_of_object(
        &self,
        object: Cell,
        index: u32,
    ) -> Result<(ValType, [Cell; 2]), TrapKind> {
        let (ty, storage) = self.element_of(object)?;
        let at = self.elements(object, storage, index, 1)?;
        self.looked_at(unpacked(&ty), self.load(at, storage, Extend::Zero)?)
    }

    /// Sets an element of an array.
    ///
    /// # Errors
    /// As [`Store::element_of_object`]; [`TrapKind::Misuse`] if it cannot be set, or the value does
    /// not fit.
    pub fn set_element_of_object(
        &mut self,
        object: Cell,
        index: u32,
        value: [Cell; 2],
    ) -> Result<(), TrapKind> {
        let (ty, storage) = self.element_of(object)?;
        if !ty.mutable || !self.cells_fit(&[unpacked(&ty)], &value) {
            return Err(TrapKind::Misuse);
        }
        let at = self.elements(object, storage, index, 1)?;
        self.save(at, storage, value)
    }

    /// Copies the elements of an array of 8 bits out.
    ///
    /// # Errors
    /// [`TrapKind::Misuse`] for what is no such array, or has another length.
    pub fn bytes_of_object(&mut self, object: Cell, to: &mut [u8]) -> Result<(), TrapKind> {
        let (_, storage) = self.element_of(object)?;
        if storage != Storage::I8 || self.array_len(object)? as usize != to.len() {
            return Err(TrapKind::Misuse);
        }
        let first = object + u64::from(HEADER_BYTES);
        let from = self.heap.get_mut(first..first + to.len() as u64).ok_or(TrapKind::Bug)?;
        to.copy_from_slice(from);
        Ok(())
    }

    fn element_of(&self, object: Cell) -> Result<(FieldType, Storage), TrapKind> {
        let id = self.object_type(object).ok_or(TrapKind::Misuse)?;
        let ObjectLayout::Array(storage) = **self.layout_of_type(id)? else {
            return Err(TrapKind::Misuse);
        };
        let ty = self.fields_of(id).first().copied().ok_or(TrapKind::Bug)?;
        Ok((ty, storage))
    }

    /// A value that came out of the heap, where machine code may have written any number (G4).
    fn looked_at(&self, ty: ValType, value: [Cell; 2]) -> Result<(ValType, [Cell; 2]), TrapKind> {
        if self.cells_fit(&[ty], &value) { Ok((ty, value)) } else { Err(TrapKind::Bug) }
    }

    /// The fields of a structure type, or the elements of an array type.
    fn fields_of(&self, ty: TypeId) -> &[FieldType] {
        match self.types().def(ty).map(|def| &def.composite) {
            Some(Composite::Struct(fields)) => fields,
            Some(Composite::Array(element)) => std::slice::from_ref(element),
            Some(Composite::Func) | None => &[],
        }
    }

    fn layout_of_type(&self, ty: TypeId) -> Result<&Arc<ObjectLayout>, TrapKind> {
        let layout = self.layouts.get(ty.0 as usize);
        layout.and_then(Option::as_ref).ok_or(TrapKind::Misuse)
    }
}
