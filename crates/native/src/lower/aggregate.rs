//! Objects: fields, elements, casts; what makes objects goes to the store.
//!
//! Code takes the heap for a memory behind the module's own (L8 of the layout), in the guard shape:
//! a reference is an index of 32 bits, so no reference leads out of its zone, and an object's
//! fields are read and written as those of a memory are. In other shapes, and without signals, the
//! store performs all of these operators.
//!
//! - A1. Only values that the check takes for numbers are read from the heap here. References to
//!   functions, exceptions and values of the host come from the store, which looks at them; except
//!   functions that nothing but calls use (A5).
//! - A2. The place of an element is a sum of 32 bits: it wraps before it leaves the zone.
//! - A3. Before an operator that may collect, the frame's references are in their slots
//!   ([`Lowering::hold`]).
//! - A4. A header is read only behind a test that the reference is one to an object, by its type or
//!   its bits: the place that another number names need not be there.
//! - A5. A reference to a function that only calls by reference use, as their callee, is read as a
//!   number. The call compares it with the number of the store's functions, and the function's
//!   type.
//!
//! Order of tests: null, then the index, as in the runtime. Noticed by: the scripts of
//! `tests/run/aggregate*.wast` in every tier, `prova-testing spec`.

use crate::Declined;
use crate::abi;
use crate::emit::Region;
use crate::lower::Lowering;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, Value};
use prova_check::{MemoryShape, offsets, traps};
use prova_module::objects::{HEADER_BYTES, Shape, Storage};
use prova_module::ops::Class;
use prova_module::slots::{DISPLAY_BYTES, DISPLAY_DEPTHS, DISPLAY_TYPES, display_at};
use prova_module::{
    AbstractHeapType, Composite, HeapType, ObjectLayout, Opcode, RefKind, RefType, TypeIdx,
    UnpackedIndex, ValType, heap_code,
};
use prova_ssa as ssa;
use prova_ssa::{InstData, two_numbers};

/// Where the length of an array stands in its header.
const LENGTH_AT: i32 = 4;

/// A value in an object.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) address: Value,
    pub(super) offset: i32,
}

impl Lowering<'_> {
    /// An operator on objects.
    pub(crate) fn aggregate(
        &mut self,
        opcode: Opcode,
        data: &InstData,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        let immediates = two_numbers(opcode, data.imm);
        let immediates = immediates.ok_or(Declined::Bug("an operator without immediates"))?;
        if let Some(values) = self.inline(opcode, data, immediates, args)? {
            return Ok(values);
        }
        if let Some(object) = self.plan(opcode, immediates) {
            return self.made(opcode, &object, immediates, (data, args));
        }
        if opcode.class() == Class::allocate {
            self.hold(data.offset)?;
        }
        self.performed(opcode, immediates, data, args)
    }

    /// Leaves an operator to the store, and gives what it left in the first cells.
    pub(super) fn performed(
        &mut self,
        opcode: Opcode,
        immediates: (u32, u32),
        data: &InstData,
        args: &[Value],
    ) -> Result<Vec<Value>, Declined> {
        let shape = Shape::of(self.module.types(), opcode, immediates);
        let shape = shape.ok_or(Declined::Bug("an operator without shape"))?;
        if shape.operand_cells.max(2) > offsets::ARGS_CELLS {
            return Err(Declined::Limit("operands of an object", offsets::ARGS_CELLS as usize));
        }
        self.perform(opcode, immediates.0, immediates.1, args)?;
        let Some(result) = data.result() else { return Ok(Vec::new()) };
        let is_non_null =
            matches!(self.body.value(result).ty, ValType::Ref(ty) if !ty.is_nullable());
        let ty = abi::clif(self.body.value(result).ty);
        let (at, flags) = (self.cells_at(), self.word_flags(Region::Store));
        let value = self.emit.ins(|i| i.load(ty, flags, at, 0));
        if is_non_null && opcode == Opcode::ExternConvertAny {
            // To the check it may be null as the operand may.
            self.emit.trap_unless(value, traps::BUG);
        }
        Ok(vec![value])
    }

    /// The results of an operator that has code here.
    fn inline(
        &mut self,
        opcode: Opcode,
        data: &InstData,
        (first, second): (u32, u32),
        args: &[Value],
    ) -> Result<Option<Vec<Value>>, Declined> {
        use Opcode as O;
        let emit = self.emit;
        let operands = self.body.operands(data.args);
        let value = match (opcode, args) {
            (O::RefEq, &[a, b]) => {
                let equal = emit.ins(|i| i.icmp(IntCC::Equal, a, b));
                self.number(equal)
            }
            (O::RefI31, &[value]) => {
                let one = emit.ins(|i| i.iconst(I32, 1));
                let shifted = emit.ins(|i| i.ishl(value, one));
                let tagged = emit.ins(|i| i.bor(shifted, one));
                emit.ins(|i| i.uextend(I64, tagged))
            }
            (O::I31GetS | O::I31GetU, &[reference]) => {
                self.not_null(operands[0], reference);
                let narrow = emit.ins(|i| i.ireduce(I32, reference));
                let one = emit.ins(|i| i.iconst(I32, 1));
                match opcode {
                    O::I31GetS => emit.ins(|i| i.sshr(narrow, one)),
                    _ => emit.ins(|i| i.ushr(narrow, one)),
                }
            }
            (O::RefTestNonNull | O::RefTestNullable, &[reference]) => {
                let nullable = opcode == O::RefTestNullable;
                let ty = ref_type(nullable, data)?;
                let Some(fits) = self.test(operands[0], reference, ty)? else { return Ok(None) };
                self.number(fits)
            }
            (O::RefCastNonNull | O::RefCastNullable, &[reference]) => {
                let ty = ref_type(opcode == O::RefCastNullable, data)?;
                let Some(fits) = self.test(operands[0], reference, ty)? else { return Ok(None) };
                emit.trap_unless(fits, traps::CAST_FAILURE);
                reference
            }
            (_, _) => return self.accessed(opcode, data, (first, second), args),
        };
        Ok(Some(vec![value]))
    }

    /// The results of an access of an object that is code here.
    fn accessed(
        &mut self,
        opcode: Opcode,
        data: &InstData,
        (first, second): (u32, u32),
        args: &[Value],
    ) -> Result<Option<Vec<Value>>, Declined> {
        use Opcode as O;
        if !self.is_near() {
            return Ok(None);
        }
        let operands = self.body.operands(data.args);
        let result = data.result().map(|value| self.body.value(value).ty);
        let value = match (opcode, args) {
            (O::ArrayLen, &[reference]) => {
                self.not_null(operands[0], reference);
                self.length(reference)
            }
            (O::StructGet | O::StructGetS | O::StructGetU, &[reference]) => {
                let Some((at, storage)) = self.field_place(first, second)? else { return Ok(None) };
                if is_looked_at(storage) && !self.is_callee(data.result()) {
                    return Ok(None);
                }
                self.not_null(operands[0], reference);
                let at = At { offset: at, ..self.object(reference) };
                self.read(&at, storage, opcode == O::StructGetS, result)?
            }
            (O::StructSet, &[reference, value]) => {
                let Some((at, storage)) = self.field_place(first, second)? else { return Ok(None) };
                self.not_null(operands[0], reference);
                let at = At { offset: at, ..self.object(reference) };
                self.write(&at, storage, value);
                return Ok(Some(Vec::new()));
            }
            (O::ArrayGet | O::ArrayGetS | O::ArrayGetU, &[reference, index]) => {
                let storage = self.element_storage(first)?;
                if is_looked_at(storage) && !self.is_callee(data.result()) {
                    return Ok(None);
                }
                let at = self.element_place(operands[0], (reference, index), storage);
                self.read(&at, storage, opcode == O::ArrayGetS, result)?
            }
            (O::ArraySet, &[reference, index, value]) => {
                let storage = self.element_storage(first)?;
                let at = self.element_place(operands[0], (reference, index), storage);
                self.write(&at, storage, value);
                return Ok(Some(Vec::new()));
            }
            (_, _) => return Ok(None),
        };
        Ok(Some(vec![value]))
    }

    /// Whether a value is a number that only calls use, as the function that they call (A5).
    pub(super) fn is_callee(&self, value: Option<ssa::Value>) -> bool {
        let is = |value: ssa::Value| self.callees.get(value.as_u32() as usize) == Some(&true);
        self.is_near() && value.is_some_and(is)
    }

    /// Whether accesses of the heap are code.
    pub(super) fn is_near(&self) -> bool {
        let config = self.layout.config();
        let guarded = matches!(config.memory, MemoryShape::Guard { .. });
        guarded && config.signals && self.layout.heap().is_some()
    }

    /// Traps where a reference is null, unless its type says that it is not.
    fn not_null(&self, of: ssa::Value, reference: Value) {
        let is_null = matches!(self.body.value(of).ty, ValType::Ref(ty) if ty.is_nullable());
        if is_null {
            self.emit.trap_unless(reference, traps::NULL_REFERENCE);
        }
    }

    /// The place of a field, and its form; `None` where the guard does not reach so far.
    fn field_place(&self, ty: u32, field: u32) -> Result<Option<(i32, Storage)>, Declined> {
        let none = Declined::Bug("no such structure");
        let layout = self.module.layout(TypeIdx(ty));
        let Some(ObjectLayout::Struct { fields, .. }) = layout else {
            return Err(none);
        };
        let place = fields.get(field as usize).ok_or(none)?;
        // A structure has 160 kB at most, and the guard is larger.
        Ok(i32::try_from(place.at).ok().map(|at| (at, place.storage)))
    }

    fn element_storage(&self, ty: u32) -> Result<Storage, Declined> {
        match self.module.layout(TypeIdx(ty)) {
            Some(ObjectLayout::Array(storage)) => Ok(*storage),
            _ => Err(Declined::Bug("no such array")),
        }
    }

    /// The place of an object.
    fn object(&self, reference: Value) -> At {
        let narrow = self.emit.ins(|i| i.ireduce(I32, reference));
        self.place_in_heap(narrow)
    }

    /// The place at an offset of the heap.
    pub(super) fn place_in_heap(&self, narrow: Value) -> At {
        let heap = self.layout.heap().unwrap_or(0);
        let base = self.field(self.layout.memory_base(heap));
        let wide = self.emit.ins(|i| i.uextend(I64, narrow));
        At { address: self.emit.ins(|i| i.iadd(base, wide)), offset: 0 }
    }

    /// The flags of an access of the heap, which faults only where a reference is wrong.
    pub(super) fn object_flags(&self) -> MemFlagsData {
        let flags = self.emit.flags(Region::Object).with_endianness(abi::LITTLE);
        flags.with_trap_code(Some(abi::trap(traps::BUG)))
    }

    fn length(&self, reference: Value) -> Value {
        let (at, flags) = (self.object(reference), self.object_flags());
        self.emit.ins(|i| i.load(I32, flags, at.address, LENGTH_AT))
    }

    /// The place of an element (A2).
    fn element_place(
        &self,
        of: ssa::Value,
        (reference, index): (Value, Value),
        storage: Storage,
    ) -> At {
        let emit = self.emit;
        self.not_null(of, reference);
        let len = self.length(reference);
        let beyond = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThanOrEqual, index, len));
        emit.trap_if(beyond, traps::ARRAY_OUT_OF_BOUNDS);
        let narrow = emit.ins(|i| i.ireduce(I32, reference));
        let shift = storage.bytes().trailing_zeros();
        let shift = emit.ins(|i| i.iconst(I32, i64::from(shift)));
        let bytes = emit.ins(|i| i.ishl(index, shift));
        let sum = emit.ins(|i| i.iadd(narrow, bytes));
        At { offset: HEADER_BYTES as i32, ..self.place_in_heap(sum) }
    }

    /// Reads a value of a form.
    fn read(
        &self,
        at: &At,
        storage: Storage,
        signed: bool,
        ty: Option<ValType>,
    ) -> Result<Value, Declined> {
        let (emit, flags) = (self.emit, self.object_flags());
        let &At { address, offset } = at;
        let ty = abi::clif(ty.ok_or(Declined::Bug("a field without type"))?);
        Ok(match storage {
            Storage::I8 if signed => emit.ins(|i| i.sload8(I32, flags, address, offset)),
            Storage::I8 => emit.ins(|i| i.uload8(I32, flags, address, offset)),
            Storage::I16 if signed => emit.ins(|i| i.sload16(I32, flags, address, offset)),
            Storage::I16 => emit.ins(|i| i.uload16(I32, flags, address, offset)),
            // Of functions only those that are called come here (A5).
            Storage::Object | Storage::Func => emit.ins(|i| i.uload32(flags, address, offset)),
            Storage::Bits32 | Storage::Bits64 | Storage::Bits128 => {
                emit.ins(|i| i.load(ty, flags, address, offset))
            }
            Storage::Exn | Storage::Extern => {
                return Err(Declined::Bug("a reference that is to be looked at"));
            }
        })
    }

    /// Writes a value in a form.
    pub(super) fn write(&self, at: &At, storage: Storage, value: Value) {
        let (emit, flags) = (self.emit, self.object_flags());
        let flags = crate::sunk::flags_of_store(&emit.stores, flags);
        let &At { address, offset } = at;
        match storage {
            Storage::I8 => emit.ins(|i| i.istore8(flags, value, address, offset)),
            Storage::I16 => emit.ins(|i| i.istore16(flags, value, address, offset)),
            Storage::Object | Storage::Func => {
                emit.ins(|i| i.istore32(flags, value, address, offset))
            }
            Storage::Bits32
            | Storage::Bits64
            | Storage::Bits128
            | Storage::Exn
            | Storage::Extern => emit.ins(|i| i.store(flags, value, address, offset)),
        };
    }

    /// An answer as an `i32`.
    fn number(&self, answer: Value) -> Value {
        match self.emit.type_of(answer) {
            I32 => answer,
            _ => self.emit.ins(|i| i.uextend(I32, answer)),
        }
    }

    /// Whether a reference is of a type, as 8 or 32 bits; `None` where only the store can say it.
    pub(crate) fn test(
        &mut self,
        of: ssa::Value,
        reference: Value,
        ty: RefType,
    ) -> Result<Option<Value>, Declined> {
        let ValType::Ref(own) = self.body.value(of).ty else {
            return Err(Declined::Bug("a test of a number"));
        };
        let types = self.module.types();
        let emit = self.emit;
        if types.ref_kind(own) != RefKind::Any {
            return Ok(None);
        }
        let zero = self.word(0);
        let is_null = emit.ins(|i| i.icmp(IntCC::Equal, reference, zero));
        match ty.heap_type() {
            HeapType::Abstract { ty: heap, .. } => {
                let is = match heap {
                    AbstractHeapType::None => {
                        return Ok(Some(if ty.is_nullable() { is_null } else { self.never() }));
                    }
                    AbstractHeapType::Any => emit.ins(|i| i.icmp(IntCC::NotEqual, reference, zero)),
                    AbstractHeapType::I31 => self.has_bits(reference, 1, 1),
                    _ => return Ok(None),
                };
                Ok(Some(if ty.is_nullable() { emit.ins(|i| i.bor(is, is_null)) } else { is }))
            }
            HeapType::Concrete(index) if self.is_near() => {
                let index = index.as_module_index().ok_or(Declined::Bug("no such type"))?;
                self.test_concrete((own, reference), (ty.is_nullable(), index), is_null).map(Some)
            }
            HeapType::Concrete(_) | HeapType::Exact(_) => Ok(None),
        }
    }

    /// Whether a reference is of a type: the store says it, as an `i32`.
    pub(crate) fn ask(
        &mut self,
        reference: Value,
        (nullable, heap): (bool, HeapType),
    ) -> Result<Value, Declined> {
        let code = heap_code(nullable, heap).ok_or(Declined::Bug("a type without code"))?;
        self.perform(Opcode::RefTestNullable, code, 0, &[reference])?;
        let (at, flags) = (self.cells_at(), self.word_flags(Region::Store));
        Ok(self.emit.ins(|i| i.load(I32, flags, at, 0)))
    }

    /// Nothing is.
    fn never(&self) -> Value {
        let zero = self.word(0);
        self.emit.ins(|i| i.icmp(IntCC::NotEqual, zero, zero))
    }

    /// Whether some low bits of a reference are these.
    fn has_bits(&self, reference: Value, mask: u64, bits: u64) -> Value {
        let emit = self.emit;
        let mask = self.word(mask);
        let low = emit.ins(|i| i.band(reference, mask));
        let bits = self.word(bits);
        emit.ins(|i| i.icmp(IntCC::Equal, low, bits))
    }

    /// Whether a reference is of a type of the module: by the identity in its header (A4), then by
    /// the supertypes that the first page of the heap has of it (`slots` of the module); where it
    /// has none, the store says it.
    ///
    /// ```text
    /// null? ─► its own answer          else ─ object? ─► identity ─ equal ─► yes
    ///                                           └ no ─► no          └ other ─► supertypes, the store, or no
    /// ```
    fn test_concrete(
        &mut self,
        (own, reference): (RefType, Value),
        (nullable, ty): (bool, u32),
        is_null: Value,
    ) -> Result<Value, Declined> {
        let emit = self.emit;
        let def = self.module.types().def(TypeIdx(ty)).ok_or(Declined::Bug("no such type"))?;
        if matches!(def.composite, Composite::Func) {
            return Err(Declined::Bug("a cast out of its hierarchy"));
        }
        let done = emit.new_block();
        let answer = emit.block_param(done, I32);
        let number = |bit: bool| emit.ins(|i| i.iconst(I32, i64::from(bit)));
        let next = |condition: Value, value: bool| {
            let (yes, more) = (emit.new_block(), emit.new_block());
            emit.ins(|i| i.brif(condition, yes, &[], more, &[]));
            emit.switch_to(yes);
            let value = number(value);
            emit.ins(|i| i.jump(done, &[value.into()]));
            emit.switch_to(more);
        };
        if own.is_nullable() {
            next(is_null, nullable);
        }
        if !names_object(own) {
            let mask = self.word(7);
            let other = emit.ins(|i| i.band(reference, mask));
            next(other, false);
        }
        let (at, flags) = (self.object(reference), self.object_flags());
        let is = emit.ins(|i| i.load(I32, flags, at.address, 0));
        let types = self.field(offsets::TYPES);
        let fixed = self.word_flags(Region::Store);
        let is_of = |ty: u32| {
            let wanted = emit.ins(|i| i.load(I32, fixed, types, 4 * ty as i32));
            emit.ins(|i| i.icmp(IntCC::Equal, is, wanted))
        };
        if def.is_final {
            let equal = self.number(is_of(ty));
            emit.ins(|i| i.jump(done, &[equal.into()]));
        } else {
            next(is_of(ty), true);
            let ask = emit.new_block();
            let wanted = emit.ins(|i| i.load(I32, fixed, types, 4 * ty as i32));
            self.look_up((is, wanted), self.depth(ty), (done, ask));
            emit.switch_to(ask);
            let heap = HeapType::Concrete(UnpackedIndex::Module(ty));
            let fits = self.ask(reference, (nullable, heap))?;
            emit.ins(|i| i.jump(done, &[fits.into()]));
        }
        emit.switch_to(done);
        Ok(answer)
    }

    /// Goes to `done` with the answer, whether a type is a subtype of the one that is wanted, which
    /// lies this deep, by what the heap says of it; to `ask` where it says nothing.
    fn look_up(
        &self,
        (is, wanted): (Value, Value),
        depth: u32,
        (done, ask): (ir::Block, ir::Block),
    ) {
        let emit = self.emit;
        if depth >= DISPLAY_DEPTHS {
            emit.ins(|i| i.jump(ask, &[]));
            return;
        }
        let (near, known) = (emit.new_block(), emit.new_block());
        let either = emit.ins(|i| i.bor(is, wanted));
        let count = emit.ins(|i| i.iconst(I32, i64::from(DISPLAY_TYPES)));
        let far = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThanOrEqual, either, count));
        emit.ins(|i| i.brif(far, ask, &[], near, &[]));
        emit.switch_to(near);
        let shift = emit.ins(|i| i.iconst(I32, i64::from(DISPLAY_BYTES.trailing_zeros())));
        let row = emit.ins(|i| i.ishl(is, shift));
        let (at, flags) = (self.place_in_heap(row), self.object_flags());
        let offset = display_at(0, depth) as i32;
        let entry = emit.ins(|i| i.uload16(I32, flags, at.address, offset));
        emit.ins(|i| i.brif(entry, known, &[], ask, &[]));
        emit.switch_to(known);
        let one = emit.ins(|i| i.iconst(I32, 1));
        let wanted = emit.ins(|i| i.iadd(wanted, one));
        let equal = emit.ins(|i| i.icmp(IntCC::Equal, entry, wanted));
        let equal = self.number(equal);
        emit.ins(|i| i.jump(done, &[equal.into()]));
    }

    /// How many supertypes a type has.
    fn depth(&self, ty: u32) -> u32 {
        let types = self.module.types();
        let supertype = |ty: &u32| types.def(TypeIdx(*ty))?.supertype.map(|up| up.0);
        std::iter::successors(supertype(&ty), supertype).count() as u32
    }
}

/// Whether a type's references are null or of objects.
fn names_object(ty: RefType) -> bool {
    match ty.heap_type() {
        HeapType::Abstract { ty, .. } => matches!(
            ty,
            AbstractHeapType::Struct | AbstractHeapType::Array | AbstractHeapType::None
        ),
        HeapType::Concrete(_) => true,
        HeapType::Exact(_) => false,
    }
}

/// Whether the store looks at references of a form before code gets them (A1).
fn is_looked_at(storage: Storage) -> bool {
    matches!(storage, Storage::Func | Storage::Exn | Storage::Extern)
}

/// The type that a cast asks for.
fn ref_type(nullable: bool, data: &InstData) -> Result<RefType, Declined> {
    let ssa::Imm::Heap(heap) = data.imm else { return Err(Declined::Bug("a cast without type")) };
    RefType::new(nullable, heap).ok_or(Declined::Bug("a cast without type"))
}
