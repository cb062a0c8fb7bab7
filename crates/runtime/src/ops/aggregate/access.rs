//! Reading and writing objects. What is read may be any number, since machine code may have written
//! it (G4): a reference to a function or of the host is looked at.

use super::{Call, Extend, cell, narrow, non_null, put, values};
use crate::heap::Bits;
use crate::ops::{CHUNK_BYTES, Order, range};
use crate::store::Store;
use crate::trap::TrapKind;
use crate::vm::Cell;
use prova_module::objects::HEADER_BYTES;
use prova_module::{
    DataIdx, ElemIdx, Storage, StorageType, TypeIdx, ValType, heap_code, memory_cost,
};

impl Store {
    pub(super) fn struct_get(
        &self,
        call: &Call,
        window: &mut [Cell],
        how: Extend,
    ) -> Result<(), TrapKind> {
        let place = self.place(call)?;
        let object = non_null(cell(window, 0)?)?;
        let value = self.load(object.wrapping_add(place.at.into()), place.storage, how)?;
        self.look_at(call, place.storage, value[0])?;
        put_value(window, place.storage, value)
    }

    pub(super) fn struct_set(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let place = self.place(call)?;
        let object = non_null(cell(window, 0)?)?;
        self.save(object.wrapping_add(place.at.into()), place.storage, values(window, 1)?)
    }

    /// The length of an array.
    ///
    /// # Errors
    /// [`TrapKind::NullReference`]; [`TrapKind::Bug`] for what is no object.
    #[inline]
    pub fn array_len(&self, reference: Cell) -> Result<u32, TrapKind> {
        let header = self.heap.read_u64(non_null(reference)?).ok_or(TrapKind::Bug)?;
        Ok((header >> 32) as u32)
    }

    /// Where `n` elements from `index` on lie.
    pub(super) fn elements(
        &self,
        reference: Cell,
        storage: Storage,
        index: u32,
        n: u32,
    ) -> Result<u64, TrapKind> {
        let len = self.array_len(reference)?;
        if u64::from(index) + u64::from(n) > u64::from(len) {
            return Err(TrapKind::ArrayOutOfBounds);
        }
        Ok(reference + u64::from(HEADER_BYTES) + u64::from(index) * u64::from(storage.bytes()))
    }

    pub(super) fn array_get(
        &self,
        call: &Call,
        window: &mut [Cell],
        how: Extend,
    ) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, 1)?;
        let value = self.load(at, storage, how)?;
        self.look_at(call, storage, value[0])?;
        put_value(window, storage, value)
    }

    /// Looks at a reference that came out of the heap, where machine code may have written another
    /// one (G4): others may lean on its type.
    pub(super) fn look_at(
        &self,
        call: &Call,
        storage: Storage,
        reference: Cell,
    ) -> Result<(), TrapKind> {
        match storage {
            Storage::Func | Storage::Extern => {}
            Storage::I8
            | Storage::I16
            | Storage::Bits32
            | Storage::Bits64
            | Storage::Bits128
            | Storage::Object
            | Storage::Exn => return Ok(()),
        }
        let types = self.instance(call.instance).module().types();
        let field = match types.fields(TypeIdx(call.first)) {
            Some(fields) => fields.get(call.second as usize).copied(),
            None => types.element(TypeIdx(call.first)),
        };
        let ty = field.map(|field| field.element_type);
        let Some(StorageType::Val(ValType::Ref(ty))) = ty else { return Err(TrapKind::Bug) };
        let code = heap_code(ty.is_nullable(), ty.heap_type()).ok_or(TrapKind::Bug)?;
        let fits = self.ref_test(call.instance, reference, code)?;
        if fits { Ok(()) } else { Err(TrapKind::Bug) }
    }

    pub(super) fn array_set(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, 1)?;
        self.save(at, storage, values(window, 2)?)
    }

    pub(super) fn array_fill(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 2 + storage.cells() as usize)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, n)?;
        self.meter(memory_cost(u64::from(n) * u64::from(storage.bytes())))?;
        self.fill(at, storage, values(window, 2)?, n.into())
    }

    pub(super) fn array_copy(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 4)?;
        let (to, from) = (cell(window, 0)?, cell(window, 2)?);
        non_null(to).and(non_null(from))?;
        let to = self.elements(to, storage, narrow(window, 1)?, n)?;
        let from = self.elements(from, storage, narrow(window, 3)?, n)?;
        let bytes = u64::from(n) * u64::from(storage.bytes());
        self.meter(memory_cost(bytes))?;
        let n = usize::try_from(bytes).map_err(|_| TrapKind::Bug)?;
        let order = if to > from { Order::Down } else { Order::Up };
        let mut outside = false;
        self.in_chunks(n, CHUNK_BYTES, order, |store, piece| {
            let (start, end) = (piece.start as u64, piece.end as u64);
            outside |= store.heap.copy_within(from + start..from + end, to + start).is_none();
        })?;
        if outside { Err(TrapKind::Bug) } else { Ok(()) }
    }

    pub(super) fn array_init_data(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 3)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, n)?;
        let bytes = u64::from(n) * u64::from(storage.bytes());
        let data = self.data_range(call, narrow(window, 2)?, bytes)?;
        self.meter(memory_cost(bytes))?;
        self.write_from_data(call, data, at)
    }

    pub(super) fn array_init_elem(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 3)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, n)?;
        let elems = self.elem_range(call, narrow(window, 2)?, n)?;
        self.meter(memory_cost(u64::from(n) * u64::from(storage.bytes())))?;
        self.write_elems(call, elems, (at, storage))
    }

    /// The part of a data segment that starts at `s` and has `bytes` bytes.
    pub(super) fn data_range(
        &self,
        call: &Call,
        s: u32,
        bytes: u64,
    ) -> Result<std::ops::Range<usize>, TrapKind> {
        let instance = self.instance(call.instance);
        if call.second as usize >= instance.module().data().len() {
            return Err(TrapKind::Bug);
        }
        let len = instance.data(DataIdx(call.second)).len();
        range(s.into(), bytes, len).ok_or(TrapKind::MemoryOutOfBounds)
    }

    pub(super) fn write_from_data(
        &mut self,
        call: &Call,
        data: std::ops::Range<usize>,
        to: u64,
    ) -> Result<(), TrapKind> {
        let (start, n) = (data.start, data.len());
        let (instance, index) = (call.instance, DataIdx(call.second));
        let mut outside = false;
        self.in_chunks(n, CHUNK_BYTES, Order::Up, |store, piece| {
            let module = store.instance(instance).module().clone();
            let from = &module.data_bytes(index)[start + piece.start..start + piece.end];
            let at = to + piece.start as u64;
            let bytes = store.heap.get_mut(at..at + from.len() as u64);
            outside |= bytes.map(|bytes| bytes.copy_from_slice(from)).is_none();
        })?;
        if outside { Err(TrapKind::Bug) } else { Ok(()) }
    }

    /// The part of an element segment that starts at `s` and has `n` elements.
    pub(super) fn elem_range(
        &self,
        call: &Call,
        s: u32,
        n: u32,
    ) -> Result<std::ops::Range<usize>, TrapKind> {
        let instance = self.instance(call.instance);
        if call.second as usize >= instance.module().elements().len() {
            return Err(TrapKind::Bug);
        }
        let len = instance.elem(ElemIdx(call.second)).len();
        range(s.into(), n.into(), len).ok_or(TrapKind::TableOutOfBounds)
    }

    pub(super) fn write_elems(
        &mut self,
        call: &Call,
        elems: std::ops::Range<usize>,
        (to, storage): (u64, Storage),
    ) -> Result<(), TrapKind> {
        let (start, n, each) = (elems.start, elems.len(), storage.bytes() as usize);
        let (instance, index) = (call.instance, ElemIdx(call.second));
        let mut outside = false;
        self.in_chunks(n, CHUNK_BYTES / 8, Order::Up, |store, piece| {
            for at in piece {
                let value = store.instance(instance).elem(index)[start + at];
                let saved = store.save(to + (at * each) as u64, storage, [value, 0]);
                outside |= saved.is_err();
            }
        })?;
        if outside { Err(TrapKind::Bug) } else { Ok(()) }
    }

    /// Writes the same value `n` times.
    pub(super) fn fill(
        &mut self,
        at: u64,
        storage: Storage,
        value: [Cell; 2],
        n: u64,
    ) -> Result<(), TrapKind> {
        if n == 0 {
            return Ok(());
        }
        self.save(at, storage, value)?;
        let each = storage.bytes() as usize;
        let n = usize::try_from(n).map_err(|_| TrapKind::Bug)? * each;
        let mut outside = false;
        // The part that is written is doubled, within a piece at most.
        let mut done = each;
        while done < n {
            let more = (n - done).min(done).min(CHUNK_BYTES);
            let from = at..at + more as u64;
            outside |= self.heap.copy_within(from, at + done as u64).is_none();
            done += more;
            if more == CHUNK_BYTES && self.settings().metering.has_epoch() {
                self.poll()?;
            }
        }
        if outside { Err(TrapKind::Bug) } else { Ok(()) }
    }

    /// The cells of a value.
    pub(super) fn load(
        &self,
        at: u64,
        storage: Storage,
        how: Extend,
    ) -> Result<[Cell; 2], TrapKind> {
        let heap = &self.heap;
        let value = match (storage, how) {
            (Storage::I8, Extend::Zero) => heap.read_u8(at).map(Cell::from),
            (Storage::I8, Extend::Sign) => heap.read_u8(at).map(|b| (b as i8 as u32).into()),
            (Storage::I16, Extend::Zero) => heap.read_u16(at).map(Cell::from),
            (Storage::I16, Extend::Sign) => heap.read_u16(at).map(|b| (b as i16 as u32).into()),
            (Storage::Bits32 | Storage::Object | Storage::Func, _) => {
                heap.read_u32(at).map(Cell::from)
            }
            (Storage::Bits64 | Storage::Exn | Storage::Extern | Storage::Bits128, _) => {
                heap.read_u64(at)
            }
        };
        let high = match storage.cells() {
            1 => Some(0),
            _ => heap.read_u64(at.wrapping_add(8)),
        };
        value.zip(high).map(|(low, high)| [low, high]).ok_or(TrapKind::Bug)
    }

    pub(super) fn save(
        &mut self,
        at: u64,
        storage: Storage,
        value: [Cell; 2],
    ) -> Result<(), TrapKind> {
        let heap = &mut self.heap;
        let [low, high] = value;
        let saved = match storage {
            Storage::I8 => heap.write_u8(at, low as u8),
            Storage::I16 => heap.write_u16(at, low as u16),
            Storage::Bits32 | Storage::Object | Storage::Func => heap.write_u32(at, low as u32),
            Storage::Bits64 | Storage::Exn | Storage::Extern => heap.write_u64(at, low),
            Storage::Bits128 => {
                heap.write_u64(at, low).and(heap.write_u64(at.wrapping_add(8), high))
            }
        };
        saved.ok_or(TrapKind::Bug)
    }
}

/// Fields and elements that are numbers or references to objects, for instructions that name the
/// place ([`prova_module::objects::Direct`]): what the operators do on a window, for the place that
/// the layout of the type says. That it is this one, the proof has shown.
impl Store {
    /// The bits at a place of an object.
    #[inline(always)]
    pub(crate) fn object_load<T: Bits>(&self, object: Cell, at: u64) -> Result<T, TrapKind> {
        T::read(&self.heap, non_null(object)?.wrapping_add(at)).ok_or(TrapKind::Bug)
    }

    /// Writes them.
    #[inline(always)]
    pub(crate) fn object_store<T: Bits>(
        &mut self,
        object: Cell,
        at: u64,
        bits: T,
    ) -> Result<(), TrapKind> {
        bits.write(&mut self.heap, non_null(object)?.wrapping_add(at)).ok_or(TrapKind::Bug)
    }

    /// The bits of an element.
    #[inline(always)]
    pub(crate) fn array_load<T: Bits>(&self, array: Cell, index: u32) -> Result<T, TrapKind> {
        T::read(&self.heap, self.element_at::<T>(array, index)?).ok_or(TrapKind::Bug)
    }

    /// Writes them.
    #[inline(always)]
    pub(crate) fn array_store<T: Bits>(
        &mut self,
        array: Cell,
        index: u32,
        bits: T,
    ) -> Result<(), TrapKind> {
        let at = self.element_at::<T>(array, index)?;
        bits.write(&mut self.heap, at).ok_or(TrapKind::Bug)
    }

    /// Where an element lies.
    #[inline(always)]
    fn element_at<T>(&self, array: Cell, index: u32) -> Result<u64, TrapKind> {
        if index >= self.array_len(array)? {
            return Err(TrapKind::ArrayOutOfBounds);
        }
        // The header of an object lies below it.
        let first = array.wrapping_add(HEADER_BYTES.into());
        Ok(first.wrapping_add(u64::from(index) * size_of::<T>() as u64))
    }
}

/// Leaves a value of a form in the first cells.
fn put_value(
    window: &mut [Cell],
    storage: Storage,
    [low, high]: [Cell; 2],
) -> Result<(), TrapKind> {
    if storage.cells() == 2 {
        *window.get_mut(1).ok_or(TrapKind::Bug)? = high;
    }
    put(window, low)
}
