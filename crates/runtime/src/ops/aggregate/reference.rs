//! References of the `any` hierarchy as cells (AG1, AG2 of [`super`]), and the types that they are
//! of: a cell may be any number, and is looked up.

use super::{AnyKind, INTERNAL};
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, NULL_REF};
use crate::vm::Cell;
use prova_module::{AbstractHeapType, Coded, Composite, TypeId, coded};

/// The greatest number of values of the host that can be references of the `any` hierarchy: their
/// cells have 32 bits.
const HOST_VALUES_MAX: u64 = 1 << 29;

impl Store {
    /// Whether a reference is one of the type that a code stands for, in an instance.
    ///
    /// # Errors
    /// [`TrapKind::Bug`] for a number that is no code.
    pub fn ref_test(
        &self,
        instance: InstanceAddr,
        reference: Cell,
        code: u32,
    ) -> Result<bool, TrapKind> {
        let (nullable, ty) = coded(code).ok_or(TrapKind::Bug)?;
        if reference == NULL_REF {
            return Ok(nullable);
        }
        let index = match ty {
            Coded::Abstract(ty) => return Ok(self.is_abstract(ty, reference)),
            Coded::Concrete(index) => index,
        };
        let ty = self.instance(instance).type_id_of(index).ok_or(TrapKind::Bug)?;
        // Types of objects have a layout.
        Ok(if self.layouts.get(ty.0 as usize).is_some_and(Option::is_some) {
            self.is_object_of(ty, reference)
        } else {
            self.func_of_ref(reference).is_some_and(|func| self.func_is(func, ty))
        })
    }

    /// Whether a cell is a reference to an object of a type.
    pub(crate) fn is_object_of(&self, ty: TypeId, cell: Cell) -> bool {
        self.object_type(cell).is_some_and(|of| self.types().is_subtype(of, ty))
    }

    /// Whether a cell, which is not null, is a reference of this type of the `any` hierarchy.
    pub(crate) fn is_any(&self, ty: AbstractHeapType, cell: Cell) -> bool {
        use AbstractHeapType as A;
        let kind = match AnyKind::of(cell) {
            Some(AnyKind::Object(_)) if self.object_type(cell).is_none() => return false,
            Some(AnyKind::Host(index)) if index as usize >= self.externs.len() => return false,
            Some(kind) => kind,
            None => return false,
        };
        let is_object = matches!(kind, AnyKind::Object(_));
        let is_i31 = matches!(kind, AnyKind::I31(_));
        let composite = || self.types().def(self.object_type(cell)?).map(|def| &def.composite);
        match ty {
            A::Any => true,
            A::Eq => is_object || is_i31,
            A::I31 => is_i31,
            A::Struct => matches!(composite(), Some(Composite::Struct(_))),
            A::Array => matches!(composite(), Some(Composite::Array(_))),
            _ => false,
        }
    }

    /// The identity of the type of an object of this store.
    pub fn object_type(&self, cell: Cell) -> Option<TypeId> {
        let object = self.heap.object(cell)?;
        Some(TypeId(self.heap.read_u64(object.into())? as u32))
    }

    /// `any.convert_extern`.
    ///
    /// # Errors
    /// [`TrapKind::HeapFull`] for a value of the host beyond the first 2^29.
    pub fn internalize(&self, reference: Cell) -> Result<Cell, TrapKind> {
        if reference == NULL_REF || reference & INTERNAL != 0 {
            return Ok(reference & !INTERNAL);
        }
        let index = reference - 1;
        if index >= HOST_VALUES_MAX {
            return Err(TrapKind::HeapFull);
        }
        Ok(AnyKind::Host(index as u32).cell())
    }

    /// `extern.convert_any`; an object stays for ever (AG2).
    ///
    /// # Errors
    /// [`TrapKind::Bug`] for what is no reference.
    pub fn externalize(&self, reference: Cell) -> Result<Cell, TrapKind> {
        self.pin(reference)?;
        self.externalize_for_host(reference)
    }

    /// The same for the host, which keeps the object itself and has it stay before code gets it
    /// ([`Store::pin`]).
    ///
    /// # Errors
    /// [`TrapKind::Bug`] for what is no reference.
    pub fn externalize_for_host(&self, reference: Cell) -> Result<Cell, TrapKind> {
        match AnyKind::of(reference).ok_or(TrapKind::Bug)? {
            AnyKind::Null => Ok(NULL_REF),
            AnyKind::Host(index) if (index as usize) < self.externs.len() => {
                Ok(Cell::from(index) + 1)
            }
            AnyKind::Host(_) => Err(TrapKind::Bug),
            AnyKind::I31(_) | AnyKind::Object(_) => Ok(reference | INTERNAL),
        }
    }

    /// Keeps an object for ever, where nobody follows a reference to it; other references are as
    /// they are.
    ///
    /// # Errors
    /// [`TrapKind::Bug`] for an object that is not there.
    pub fn pin(&self, reference: Cell) -> Result<(), TrapKind> {
        let reference = reference & !INTERNAL;
        if let Some(AnyKind::Object(_)) = AnyKind::of(reference) {
            let object = self.heap.object(reference).ok_or(TrapKind::Bug)?;
            self.heap.pin(object);
        }
        Ok(())
    }
}
