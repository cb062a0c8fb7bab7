//! Making objects: the store is asked to collect, the object is paid for, made and filled, in this
//! order.

use super::{Call, OBJECT_BYTES_MAX, Refused, narrow, put, values};
use crate::heap::Full;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::vm::Cell;
use prova_module::objects::HEADER_BYTES;
use prova_module::{ObjectLayout, Storage, TypeId, memory_cost};

impl Store {
    /// Makes an object of `bytes` bytes, all of them 0 behind the header, and pays for it.
    pub(super) fn make_object(
        &mut self,
        ty: TypeId,
        (len, bytes): (u32, u64),
        metered: bool,
    ) -> Result<Cell, Refused> {
        if bytes > OBJECT_BYTES_MAX {
            return Err(TrapKind::AllocationTooLarge.into());
        }
        if metered && self.collects_for(bytes) {
            return Err(Refused::Collect);
        }
        if self.is_asking() {
            return Err(TrapKind::Misuse.into());
        }
        if metered {
            self.meter(memory_cost(bytes))?;
        }
        let header = u64::from(len) << 32 | u64::from(ty.0);
        let made = self.heap.make(header, bytes, self.heap_room());
        let made = made.map_err(|full| match full {
            // A program that is to be deterministic ends, as where a memory finds no room.
            Full::System if self.settings().deterministic => TrapKind::GrowthFailed,
            Full::System | Full::Limits => TrapKind::HeapFull,
        });
        Ok(made?.into())
    }

    pub(super) fn struct_new(
        &mut self,
        call: &Call,
        window: &mut [Cell],
        given: bool,
    ) -> Result<(), Refused> {
        let (id, layout) = self.layout_of(call)?;
        let ObjectLayout::Struct { bytes, fields } = &**layout else {
            return Err(TrapKind::Bug.into());
        };
        let (bytes, fields) = (u64::from(*bytes), if given { fields.len() } else { 0 });
        let object = self.make_object(id, (0, bytes), call.metered)?;
        let mut at = 0;
        for field in 0..fields {
            let Some(place) = self.field(id, field) else { return Err(TrapKind::Bug.into()) };
            self.save(object + u64::from(place.at), place.storage, values(window, at)?)?;
            at += place.storage.cells() as usize;
        }
        Ok(put(window, object)?)
    }

    /// Makes an array of `n` elements, all of them 0.
    pub(super) fn new_array(&mut self, call: &Call, n: u64) -> Result<(Cell, Storage), Refused> {
        let (id, _) = self.layout_of(call)?;
        let storage = self.element(call)?;
        let n = u32::try_from(n).map_err(|_| TrapKind::Bug)?;
        let bytes = u64::from(HEADER_BYTES) + u64::from(n) * u64::from(storage.bytes());
        Ok((self.make_object(id, (n, bytes), call.metered)?, storage))
    }

    pub(super) fn array_new(&mut self, call: &Call, window: &mut [Cell]) -> Result<(), Refused> {
        let cells = self.element(call)?.cells() as usize;
        let (value, n) = (values(window, 0)?, u64::from(narrow(window, cells)?));
        let (object, storage) = self.new_array(call, n)?;
        self.fill(object + u64::from(HEADER_BYTES), storage, value, n)?;
        Ok(put(window, object)?)
    }

    pub(super) fn array_new_fixed(
        &mut self,
        call: &Call,
        window: &mut [Cell],
    ) -> Result<(), Refused> {
        let (object, storage) = self.new_array(call, call.second.into())?;
        let mut to = object + u64::from(HEADER_BYTES);
        for at in 0..call.second as usize {
            self.save(to, storage, values(window, at * storage.cells() as usize)?)?;
            to += u64::from(storage.bytes());
        }
        Ok(put(window, object)?)
    }

    pub(super) fn array_new_data(
        &mut self,
        call: &Call,
        window: &mut [Cell],
    ) -> Result<(), Refused> {
        let (s, n) = (narrow(window, 0)?, narrow(window, 1)?);
        let bytes = u64::from(n) * u64::from(self.element(call)?.bytes());
        let data = self.data_range(call, s, bytes)?;
        let (object, _) = self.new_array(call, n.into())?;
        self.write_from_data(call, data, object + u64::from(HEADER_BYTES))?;
        Ok(put(window, object)?)
    }

    pub(super) fn array_new_elem(
        &mut self,
        call: &Call,
        window: &mut [Cell],
    ) -> Result<(), Refused> {
        let (s, n) = (narrow(window, 0)?, narrow(window, 1)?);
        let elems = self.elem_range(call, s, n)?;
        let (object, storage) = self.new_array(call, n.into())?;
        self.write_elems(call, elems, (object + u64::from(HEADER_BYTES), storage))?;
        Ok(put(window, object)?)
    }
}
