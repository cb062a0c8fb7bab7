//! Operators on structures, arrays and small integers (specification 4.6.5 to 4.6.8; Wasm 3.0): a
//! *window* of cells with the operands → the same with the result.
//!
//! Every tier comes here for all of them: bytecode with a window of its frame, the reference tier
//! with one of its operand stack. Operands lie in the window bottom first, the result in its first
//! cells.
//!
//! The order is as in [`super`]: null and bounds, then the epoch and the dynamic cost
//! ([`prova_module::memory_cost`] of the bytes that are written), then the effect. An operator that
//! makes an object first says [`Refused::Collect`], where the store should forget others before
//! ([`crate::heap`]); nothing has happened then, and who called collects and tries again.
//!
//! # References as cells
//! * AG1. A reference of the `any` hierarchy is 0 for null, `2 × value + 1` in 32 bits for a small
//!   integer, the offset of an object in the heap (a multiple of 8), or `8 × index + 2` for what
//!   the host gave. It is below 2^32.
//! * AG2. A reference to what is of the `extern` hierarchy is as `value` says; one that
//!   `extern.convert_any` made of an integer or object is its cell with [`INTERNAL`]. The object
//!   is pinned: nobody follows such references.
//!
//! # Invariants
//! * G3. An object's header is the identity of its type in the low 32 bits, and of an array the
//!   length above. Nothing writes it but [`Store::make_object`].
//! * G4. A cell that validated code has as a reference to an object of a type is one to such an
//!   object, and what lies in a field is of its type. Nothing here leans on it for memory safety,
//!   since machine code that is not proved equal may write any number into the heap: accesses are
//!   compared with the region, and one outside is [`TrapKind::Bug`]; so is a reference to a
//!   function or a value of the host in a field that is none of the field's type.
//!
//! Tests: `tests/run/aggregate.wast` in every tier, `prova-testing`'s comparison of rows.

use super::{CHUNK_BYTES, range};
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::{InstanceAddr, NULL_REF};
use crate::vm::Cell;
use prova_module::{
    AbstractHeapType, Composite, DataIdx, ElemIdx, HeapType, ObjectLayout, Opcode, RefKind,
    RefType, Storage, StorageType, TypeId, TypeIdx, ValType, heap_code, memory_cost,
    objects::HEADER_BYTES, objects::Place, objects::Shape, ref_of_code, type_of_ref,
};
use std::sync::Arc;

/// The bit of a cell that makes a reference of the `any` hierarchy one of the `extern` hierarchy
/// (AG2).
pub const INTERNAL: Cell = 1 << 63;

/// The greatest number of values of the host that can be references of the `any` hierarchy: their
/// cells have 32 bits.
const HOST_VALUES_MAX: u64 = 1 << 29;

/// The greatest object: the heap has 4 GiB (`heap`), the first page of which holds none.
const OBJECT_BYTES_MAX: u64 = (1 << 32) - (64 << 10);

/// Why an operator has not been executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It trapped.
    Trap(TrapKind),
    /// The store is to collect first ([`Store::collect_for_external`]); nothing has happened.
    Collect,
}

impl From<TrapKind> for Refused {
    fn from(kind: TrapKind) -> Refused {
        Refused::Trap(kind)
    }
}

/// The kind of a reference of the `any` hierarchy (AG1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyKind {
    /// Null.
    Null,
    /// A small integer: 31 bits.
    I31(u32),
    /// An object: its offset.
    Object(u32),
    /// A value of the host: its index.
    Host(u32),
}

impl AnyKind {
    /// Of a cell; `None` for one that is no such reference in any heap.
    pub fn of(cell: Cell) -> Option<AnyKind> {
        let cell = u32::try_from(cell).ok()?;
        match cell & 7 {
            _ if cell == 0 => Some(AnyKind::Null),
            low if low & 1 == 1 => Some(AnyKind::I31(cell >> 1)),
            0 => Some(AnyKind::Object(cell)),
            2 => Some(AnyKind::Host(cell >> 3)),
            _ => None,
        }
    }

    /// Its cell.
    pub fn cell(self) -> Cell {
        match self {
            AnyKind::Null => NULL_REF,
            AnyKind::I31(value) => Cell::from(value << 1 | 1),
            AnyKind::Object(offset) => offset.into(),
            AnyKind::Host(index) => Cell::from(index) << 3 | 2,
        }
    }
}

/// An operator and where it is executed.
pub(crate) struct Call {
    pub(crate) instance: InstanceAddr,
    pub(crate) first: u32,
    pub(crate) second: u32,
    /// Whether it is paid for, and the store may collect.
    pub(crate) metered: bool,
}

/// How a packed value becomes an `i32`.
#[derive(Clone, Copy)]
enum Extend {
    Zero,
    Sign,
}

impl Store {
    /// Executes an operator of class `aggregate` or `allocate` of an instance; the immediates are
    /// its first two as numbers, a heap type as its code ([`prova_module::heap_code`]).
    ///
    /// # Errors
    /// Its trap; [`TrapKind::Bug`] for what no validated code does; [`Refused::Collect`].
    pub fn aggregate(
        &mut self,
        instance: InstanceAddr,
        opcode: Opcode,
        (first, second): (u32, u32),
        window: &mut [Cell],
    ) -> Result<(), Refused> {
        self.aggregate_of(&Call { instance, first, second, metered: true }, opcode, window)
    }

    /// The same for any call, of a constant expression too.
    pub(crate) fn aggregate_of(
        &mut self,
        call: &Call,
        opcode: Opcode,
        window: &mut [Cell],
    ) -> Result<(), Refused> {
        use Opcode as O;
        match opcode {
            O::StructNew => self.struct_new(call, window, true)?,
            O::StructNewDefault => self.struct_new(call, window, false)?,
            O::ArrayNew => self.array_new(call, window)?,
            O::ArrayNewDefault => {
                let n = narrow(window, 0)?;
                let (object, _) = self.new_array(call, n.into())?;
                put(window, object)?;
            }
            O::ArrayNewFixed => self.array_new_fixed(call, window)?,
            O::ArrayNewData => self.array_new_data(call, window)?,
            O::ArrayNewElem => self.array_new_elem(call, window)?,
            _ => self.aggregate_without_object(call, opcode, window)?,
        }
        Ok(())
    }

    /// The operators that make no object.
    fn aggregate_without_object(
        &mut self,
        call: &Call,
        opcode: Opcode,
        window: &mut [Cell],
    ) -> Result<(), TrapKind> {
        use Opcode as O;
        let reference = cell(window, 0)?;
        match opcode {
            O::StructGet | O::StructGetU => self.struct_get(call, window, Extend::Zero),
            O::StructGetS => self.struct_get(call, window, Extend::Sign),
            O::StructSet => self.struct_set(call, window),
            O::ArrayGet | O::ArrayGetU => self.array_get(call, window, Extend::Zero),
            O::ArrayGetS => self.array_get(call, window, Extend::Sign),
            O::ArraySet => self.array_set(call, window),
            O::ArrayLen => put(window, self.array_len(reference)?.into()),
            O::ArrayFill => self.array_fill(call, window),
            O::ArrayCopy => self.array_copy(call, window),
            O::ArrayInitData => self.array_init_data(call, window),
            O::ArrayInitElem => self.array_init_elem(call, window),
            O::RefEq => put(window, (reference == cell(window, 1)?).into()),
            O::RefTestNonNull | O::RefTestNullable => {
                put(window, self.ref_test(call.instance, reference, call.first)?.into())
            }
            O::RefCastNonNull | O::RefCastNullable => {
                let fits = self.ref_test(call.instance, reference, call.first)?;
                if fits { Ok(()) } else { Err(TrapKind::CastFailure) }
            }
            O::AnyConvertExtern => put(window, self.internalize(reference)?),
            O::ExternConvertAny => put(window, self.externalize(reference)?),
            O::RefI31 => put(window, AnyKind::I31(reference as u32 & (u32::MAX >> 1)).cell()),
            O::I31GetS | O::I31GetU => {
                let value = non_null(reference)? as u32;
                let signed = opcode == O::I31GetS;
                let value = if signed { (value as i32 >> 1) as u32 } else { value >> 1 };
                put(window, value.into())
            }
            _ => Err(TrapKind::Bug),
        }
    }

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
        let ty = ref_of_code(code).ok_or(TrapKind::Bug)?;
        let HeapType::Concrete(index) = ty.heap_type() else {
            return Ok(self.is_ref(ty, reference));
        };
        if reference == NULL_REF {
            return Ok(ty.is_nullable());
        }
        let ty = index.as_module_index().map(TypeIdx).ok_or(TrapKind::Bug)?;
        let instance = self.instance(instance);
        if ty.index() >= instance.module().types().len() {
            return Err(TrapKind::Bug);
        }
        let is_func = instance.module().types().func(ty).is_some();
        let ty = instance.type_id(ty);
        Ok(if is_func {
            self.func_of_ref(reference).is_some_and(|func| self.func_is(func, ty))
        } else {
            self.object_type(reference).is_some_and(|of| self.types().is_subtype(of, ty))
        })
    }

    /// Whether a cell is a reference of this resolved type of the `any` hierarchy, which is not
    /// null.
    pub(crate) fn is_any(&self, ty: RefType, cell: Cell) -> bool {
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
        match (type_of_ref(ty), ty.heap_type()) {
            (Some(ty), _) => {
                self.object_type(cell).is_some_and(|of| self.types().is_subtype(of, ty))
            }
            (None, HeapType::Abstract { ty, .. }) => match ty {
                A::Any => true,
                A::Eq => is_object || is_i31,
                A::I31 => is_i31,
                A::Struct => matches!(composite(), Some(Composite::Struct(_))),
                A::Array => matches!(composite(), Some(Composite::Array(_))),
                _ => false,
            },
            (None, HeapType::Concrete(_) | HeapType::Exact(_)) => false,
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
        match AnyKind::of(reference).ok_or(TrapKind::Bug)? {
            AnyKind::Null => Ok(NULL_REF),
            AnyKind::Host(index) if (index as usize) < self.externs.len() => {
                Ok(Cell::from(index) + 1)
            }
            AnyKind::Host(_) => Err(TrapKind::Bug),
            AnyKind::I31(_) => Ok(reference | INTERNAL),
            AnyKind::Object(_) => {
                self.pin(reference)?;
                Ok(reference | INTERNAL)
            }
        }
    }

    /// Keeps an object for ever; other references are as they are.
    ///
    /// # Errors
    /// [`TrapKind::Bug`] for an object that is not there.
    pub fn pin(&self, reference: Cell) -> Result<(), TrapKind> {
        if let Some(AnyKind::Object(_)) = AnyKind::of(reference) {
            let object = self.heap.object(reference).ok_or(TrapKind::Bug)?;
            self.heap.pin(object);
        }
        Ok(())
    }

    /// Keeps the objects for ever that values of the host are to refer to.
    pub fn keep_for_host(&self, types: &[ValType], cells: &[Cell]) {
        if self.heap.objects() == 0 {
            return;
        }
        let mut at = 0;
        for &ty in types {
            let is_any =
                matches!(ty, ValType::Ref(ty) if RefKind::of(ty.heap_type()) == RefKind::Any);
            if let (true, Some(&cell)) = (is_any, cells.get(at)) {
                // An object that is not there is none that stays.
                _ = self.pin(cell);
            }
            at += prova_module::cells(ty) as usize;
        }
    }

    /// How many cells an operator of an instance has in its window: the greater of its operands and
    /// its result. 0 for what no module has.
    pub(crate) fn window_cells(
        &self,
        instance: InstanceAddr,
        opcode: Opcode,
        immediates: (u32, u32),
    ) -> usize {
        let types = self.instance(instance).module().types();
        let shape = Shape::of(types, opcode, immediates).unwrap_or_default();
        shape.operand_cells.max(shape.result_cells) as usize
    }

    /// The operands in a window that are followed while the store collects for the operator.
    pub(crate) fn traced_operands(
        &self,
        instance: InstanceAddr,
        opcode: Opcode,
        (first, second): (u32, u32),
        window: &[Cell],
    ) -> Vec<Cell> {
        let call = Call { instance, first, second, metered: true };
        let Ok((_, layout)) = self.layout_of(&call) else { return Vec::new() };
        let mut traced = Vec::new();
        match &**layout {
            ObjectLayout::Struct { fields, .. } if opcode == Opcode::StructNew => {
                let mut at = 0;
                for Place { storage, .. } in fields {
                    traced.extend(window.get(at).filter(|_| storage.is_traced()));
                    at += storage.cells() as usize;
                }
            }
            ObjectLayout::Array(of) if of.is_traced() => {
                let given = match opcode == Opcode::ArrayNewFixed {
                    true => second as usize,
                    false => usize::from(opcode == Opcode::ArrayNew),
                };
                traced.extend(window.iter().take(given));
            }
            ObjectLayout::Struct { .. } | ObjectLayout::Array(_) => {}
        }
        traced
    }

    /// How many elements an operator works on that its operands say; 0 where they say none.
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    pub(crate) fn counted(
        &self,
        instance: InstanceAddr,
        opcode: Opcode,
        (first, second): (u32, u32),
        window: &[Cell],
    ) -> u32 {
        let call = Call { instance, first, second, metered: true };
        let value = || self.element(&call).map_or(1, Storage::cells) as usize;
        let is = |opcodes: &[Opcode]| opcodes.contains(&opcode);
        let at = if is(&[Opcode::ArrayNewDefault]) {
            0
        } else if is(&[Opcode::ArrayNew]) {
            value()
        } else if is(&[Opcode::ArrayNewData, Opcode::ArrayNewElem]) {
            1
        } else if is(&[Opcode::ArrayFill]) {
            2 + value()
        } else if is(&[Opcode::ArrayInitData, Opcode::ArrayInitElem]) {
            3
        } else if is(&[Opcode::ArrayCopy]) {
            4
        } else {
            return 0;
        };
        window.get(at).map_or(u32::MAX, |&cell| cell as u32)
    }

    /// The identity and the layout of a type of an instance.
    fn layout_of(&self, call: &Call) -> Result<(TypeId, &Arc<ObjectLayout>), TrapKind> {
        let instance = self.instance(call.instance);
        if call.first as usize >= instance.module().types().len() {
            return Err(TrapKind::Bug);
        }
        let id = instance.type_id(TypeIdx(call.first));
        let layout = self.layouts.get(id.0 as usize).and_then(Option::as_ref);
        Ok((id, layout.ok_or(TrapKind::Bug)?))
    }

    /// A field of a structure type.
    #[inline]
    fn field(&self, id: TypeId, field: usize) -> Option<Place> {
        match &**self.layouts.get(id.0 as usize)?.as_ref()? {
            ObjectLayout::Struct { fields, .. } => fields.get(field).copied(),
            ObjectLayout::Array(_) => None,
        }
    }

    fn place(&self, call: &Call) -> Result<Place, TrapKind> {
        match &**self.layout_of(call)?.1 {
            ObjectLayout::Struct { fields, .. } => {
                fields.get(call.second as usize).copied().ok_or(TrapKind::Bug)
            }
            ObjectLayout::Array(_) => Err(TrapKind::Bug),
        }
    }

    fn element(&self, call: &Call) -> Result<Storage, TrapKind> {
        match **self.layout_of(call)?.1 {
            ObjectLayout::Array(storage) => Ok(storage),
            ObjectLayout::Struct { .. } => Err(TrapKind::Bug),
        }
    }
}

/// Making objects.
impl Store {
    /// Makes an object of `bytes` bytes, all of them 0 behind the header, and pays for it.
    fn make_object(
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
        Ok(made.map_err(|_| TrapKind::HeapFull)?.into())
    }

    fn struct_new(&mut self, call: &Call, window: &mut [Cell], given: bool) -> Result<(), Refused> {
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
    fn new_array(&mut self, call: &Call, n: u64) -> Result<(Cell, Storage), Refused> {
        let (id, _) = self.layout_of(call)?;
        let storage = self.element(call)?;
        let n = u32::try_from(n).map_err(|_| TrapKind::Bug)?;
        let bytes = u64::from(HEADER_BYTES) + u64::from(n) * u64::from(storage.bytes());
        Ok((self.make_object(id, (n, bytes), call.metered)?, storage))
    }

    fn array_new(&mut self, call: &Call, window: &mut [Cell]) -> Result<(), Refused> {
        let cells = self.element(call)?.cells() as usize;
        let (value, n) = (values(window, 0)?, u64::from(narrow(window, cells)?));
        let (object, storage) = self.new_array(call, n)?;
        self.fill(object + u64::from(HEADER_BYTES), storage, value, n)?;
        Ok(put(window, object)?)
    }

    fn array_new_fixed(&mut self, call: &Call, window: &mut [Cell]) -> Result<(), Refused> {
        let (object, storage) = self.new_array(call, call.second.into())?;
        let mut to = object + u64::from(HEADER_BYTES);
        for at in 0..call.second as usize {
            self.save(to, storage, values(window, at * storage.cells() as usize)?)?;
            to += u64::from(storage.bytes());
        }
        Ok(put(window, object)?)
    }

    fn array_new_data(&mut self, call: &Call, window: &mut [Cell]) -> Result<(), Refused> {
        let (s, n) = (narrow(window, 0)?, narrow(window, 1)?);
        let bytes = u64::from(n) * u64::from(self.element(call)?.bytes());
        let data = self.data_range(call, s, bytes)?;
        let (object, _) = self.new_array(call, n.into())?;
        self.write_from_data(call, data, object + u64::from(HEADER_BYTES))?;
        Ok(put(window, object)?)
    }

    fn array_new_elem(&mut self, call: &Call, window: &mut [Cell]) -> Result<(), Refused> {
        let (s, n) = (narrow(window, 0)?, narrow(window, 1)?);
        let elems = self.elem_range(call, s, n)?;
        let (object, storage) = self.new_array(call, n.into())?;
        self.write_elems(call, elems, (object + u64::from(HEADER_BYTES), storage))?;
        Ok(put(window, object)?)
    }
}

/// Reading and writing objects.
impl Store {
    fn struct_get(&self, call: &Call, window: &mut [Cell], how: Extend) -> Result<(), TrapKind> {
        let place = self.place(call)?;
        let object = non_null(cell(window, 0)?)?;
        self.load(object.wrapping_add(place.at.into()), place.storage, how, window)?;
        self.look_at(call, place.storage, window)
    }

    fn struct_set(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let place = self.place(call)?;
        let object = non_null(cell(window, 0)?)?;
        self.save(object.wrapping_add(place.at.into()), place.storage, values(window, 1)?)
    }

    /// The length of an array.
    ///
    /// # Errors
    /// [`TrapKind::NullReference`]; [`TrapKind::Bug`] for what is no object.
    pub fn array_len(&self, reference: Cell) -> Result<u32, TrapKind> {
        let header = self.heap.read_u64(non_null(reference)?).ok_or(TrapKind::Bug)?;
        Ok((header >> 32) as u32)
    }

    /// Where `n` elements from `index` on lie.
    fn elements(
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

    fn array_get(&self, call: &Call, window: &mut [Cell], how: Extend) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, 1)?;
        self.load(at, storage, how, window)?;
        self.look_at(call, storage, window)
    }

    /// Looks at a reference that came out of the heap, where machine code may have written another
    /// one (G4): others may lean on its type.
    fn look_at(&self, call: &Call, storage: Storage, window: &[Cell]) -> Result<(), TrapKind> {
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
        let fits = self.ref_test(call.instance, cell(window, 0)?, code)?;
        if fits { Ok(()) } else { Err(TrapKind::Bug) }
    }

    fn array_set(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, 1)?;
        self.save(at, storage, values(window, 2)?)
    }

    fn array_fill(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 2 + storage.cells() as usize)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, n)?;
        self.meter(memory_cost(u64::from(n) * u64::from(storage.bytes())))?;
        self.fill(at, storage, values(window, 2)?, n.into())
    }

    fn array_copy(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 4)?;
        let (to, from) = (cell(window, 0)?, cell(window, 2)?);
        non_null(to).and(non_null(from))?;
        let to = self.elements(to, storage, narrow(window, 1)?, n)?;
        let from = self.elements(from, storage, narrow(window, 3)?, n)?;
        let bytes = u64::from(n) * u64::from(storage.bytes());
        self.meter(memory_cost(bytes))?;
        let n = usize::try_from(bytes).map_err(|_| TrapKind::Bug)?;
        let order = if to > from { super::Order::Down } else { super::Order::Up };
        let mut outside = false;
        self.in_chunks(n, CHUNK_BYTES, order, |store, piece| {
            let (start, end) = (piece.start as u64, piece.end as u64);
            outside |= store.heap.copy_within(from + start..from + end, to + start).is_none();
        })?;
        if outside { Err(TrapKind::Bug) } else { Ok(()) }
    }

    fn array_init_data(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 3)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, n)?;
        let bytes = u64::from(n) * u64::from(storage.bytes());
        let data = self.data_range(call, narrow(window, 2)?, bytes)?;
        self.meter(memory_cost(bytes))?;
        self.write_from_data(call, data, at)
    }

    fn array_init_elem(&mut self, call: &Call, window: &[Cell]) -> Result<(), TrapKind> {
        let storage = self.element(call)?;
        let n = narrow(window, 3)?;
        let at = self.elements(cell(window, 0)?, storage, narrow(window, 1)?, n)?;
        let elems = self.elem_range(call, narrow(window, 2)?, n)?;
        self.meter(memory_cost(u64::from(n) * u64::from(storage.bytes())))?;
        self.write_elems(call, elems, (at, storage))
    }

    /// The part of a data segment that starts at `s` and has `bytes` bytes.
    fn data_range(
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

    fn write_from_data(
        &mut self,
        call: &Call,
        data: std::ops::Range<usize>,
        to: u64,
    ) -> Result<(), TrapKind> {
        let (start, n) = (data.start, data.len());
        let (instance, index) = (call.instance, DataIdx(call.second));
        let mut outside = false;
        self.in_chunks(n, CHUNK_BYTES, super::Order::Up, |store, piece| {
            let module = store.instance(instance).module().clone();
            let from = &module.data_bytes(index)[start + piece.start..start + piece.end];
            let at = to + piece.start as u64;
            let bytes = store.heap.get_mut(at..at + from.len() as u64);
            outside |= bytes.map(|bytes| bytes.copy_from_slice(from)).is_none();
        })?;
        if outside { Err(TrapKind::Bug) } else { Ok(()) }
    }

    /// The part of an element segment that starts at `s` and has `n` elements.
    fn elem_range(&self, call: &Call, s: u32, n: u32) -> Result<std::ops::Range<usize>, TrapKind> {
        let instance = self.instance(call.instance);
        if call.second as usize >= instance.module().elements().len() {
            return Err(TrapKind::Bug);
        }
        let len = instance.elem(ElemIdx(call.second)).len();
        range(s.into(), n.into(), len).ok_or(TrapKind::TableOutOfBounds)
    }

    fn write_elems(
        &mut self,
        call: &Call,
        elems: std::ops::Range<usize>,
        (to, storage): (u64, Storage),
    ) -> Result<(), TrapKind> {
        let (start, n, each) = (elems.start, elems.len(), storage.bytes() as usize);
        let (instance, index) = (call.instance, ElemIdx(call.second));
        let mut outside = false;
        self.in_chunks(n, CHUNK_BYTES / 8, super::Order::Up, |store, piece| {
            for at in piece {
                let value = store.instance(instance).elem(index)[start + at];
                let saved = store.save(to + (at * each) as u64, storage, [value, 0]);
                outside |= saved.is_err();
            }
        })?;
        if outside { Err(TrapKind::Bug) } else { Ok(()) }
    }

    /// Writes the same value `n` times.
    fn fill(
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

    fn load(
        &self,
        at: u64,
        storage: Storage,
        how: Extend,
        window: &mut [Cell],
    ) -> Result<(), TrapKind> {
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
        if storage == Storage::Bits128 {
            let high = heap.read_u64(at.wrapping_add(8)).ok_or(TrapKind::Bug)?;
            *window.get_mut(1).ok_or(TrapKind::Bug)? = high;
        }
        put(window, value.ok_or(TrapKind::Bug)?)
    }

    fn save(&mut self, at: u64, storage: Storage, value: [Cell; 2]) -> Result<(), TrapKind> {
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

fn cell(window: &[Cell], at: usize) -> Result<Cell, TrapKind> {
    window.get(at).copied().ok_or(TrapKind::Bug)
}

/// An `i32`.
fn narrow(window: &[Cell], at: usize) -> Result<u32, TrapKind> {
    Ok(cell(window, at)? as u32)
}

/// A value at a cell; the second cell is of one of two.
fn values(window: &[Cell], at: usize) -> Result<[Cell; 2], TrapKind> {
    Ok([cell(window, at)?, window.get(at + 1).copied().unwrap_or(0)])
}

fn put(window: &mut [Cell], value: Cell) -> Result<(), TrapKind> {
    *window.first_mut().ok_or(TrapKind::Bug)? = value;
    Ok(())
}

fn non_null(reference: Cell) -> Result<Cell, TrapKind> {
    if reference == NULL_REF { Err(TrapKind::NullReference) } else { Ok(reference) }
}

/// Whether a kind's references are followed by the collector.
pub(crate) fn is_traced(ty: RefType) -> bool {
    matches!(RefKind::of(ty.heap_type()), RefKind::Any | RefKind::Exn)
}
