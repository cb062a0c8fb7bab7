//! Operators on objects: fields, elements, casts, and objects that code makes.
//!
//! In the guard shape with signals the heap is to code one more memory (L8 of the layout), the
//! region [`Object`](Region::Object): a reference to an object is its offset there, so fields,
//! elements and headers are words at sums. In other shapes, and for all operators that are not
//! here, the store performs the operator on the cells.
//!
//! - O1. *A reference to an object leads to one* (G4 of the runtime): its header is its type's
//!   identity, of an array the length above; its fields lie where `prova_module::objects` says. So
//!   a read of it does not fault, and code may read as soon as it is known that the reference is
//!   one to an object ([`Look`]). This is so as long as all code of the store is proved.
//! - O2. A cast has the answer that null, the low bits, the identity, or the first page's list of
//!   supertypes gives, or the store ([`Answer`]); each is right where it says something.
//! - O3. Where slots are lent, the next one is an object of zeros that nobody has; code makes it
//!   by writing where it ends, the header, then the values. Else the store makes it.
//! - O4. A function that comes out of an object is what lies there, or what the store says; it is
//!   one of the store's functions.

use super::{Action, Answer, Debt, Demand, Look, Maker, Region};
use crate::words::Word;
use alloc::boxed::Box;
use alloc::vec::Vec;
use prova_check::{MemoryShape, offsets, traps};
use prova_module::objects::{HEADER_BYTES, Storage};
use prova_module::ops::Class;
use prova_module::slots::{
    DISPLAY_BYTES, DISPLAY_DEPTHS, DISPLAY_TYPES, class_of, display_at, lent_at, slot_bytes,
};
use prova_module::{
    AbstractHeapType, HeapType, ObjectLayout, Opcode as O, RefKind, RefType, TypeIdx, heap_code,
    memory_cost,
};
use prova_ssa::{Imm, Op, two_numbers};

/// Where the length of an array stands in its header.
const LENGTH_AT: u32 = 4;

/// The greatest number of values of an object that code makes.
const VALUES_MAX: usize = 64;

/// Supertypes that are counted at most.
const DEPTH_MAX: u32 = 64;

/// A field or element, and what comes before its access.
struct Spot {
    address: Word,
    storage: Storage,
    debts: Vec<Debt>,
    /// Bytes beside it that may be read.
    looks: Vec<Look>,
    /// The conditions under which it is there.
    when: Vec<Word>,
}

/// An object that code may make.
struct Planned {
    bytes: u64,
    /// The upper half of its header.
    len: u32,
    /// The places of its values, and their forms.
    values: Vec<(u32, Storage)>,
}

impl Maker<'_> {
    /// Whether accesses of objects are code.
    fn is_near(&self) -> bool {
        let config = self.layout.config();
        let guarded = matches!(config.memory, MemoryShape::Guard { .. });
        guarded && config.signals && self.layout.heap().is_some()
    }

    /// The place that 32 bits name in the heap, and an offset.
    fn in_heap(&mut self, narrow: Word, offset: u32) -> Option<Word> {
        let base = self.context_word(self.layout.memory_base(self.layout.heap()?));
        let wide = self.words.zext(narrow, 64);
        let at = self.words.add(base, wide);
        Some(self.words.plus(at, offset.into()))
    }

    /// A place in the first page of the heap.
    fn in_first(&mut self, at: u32) -> Option<Word> {
        let zero = self.words.constant(32, 0);
        self.in_heap(zero, at)
    }

    /// Bits of the heap.
    fn object_word(&mut self, address: Word, bits: u8) -> Word {
        let version = self.version(Region::Object);
        self.words.load(version, address, bits)
    }

    /// Whether the first operand may be null by its type.
    fn may_be_null(&self) -> bool {
        self.own.is_none_or(|ty| ty.is_nullable())
    }

    /// The trap of a null reference, and what has to be known where one is an object.
    fn not_null(&mut self, reference: Word) -> (Vec<Debt>, Vec<Word>) {
        if !planted!(NullIsAnObject, self.may_be_null(), false) {
            return (Vec::new(), Vec::new());
        }
        let when = self.words.zero(reference);
        let there = self.words.not(when);
        (alloc::vec![Debt::Trap { kind: traps::NULL_REFERENCE, when }], alloc::vec![there])
    }

    /// An operator on objects.
    pub(super) fn aggregate(
        &mut self,
        opcode: O,
        imm: Imm,
        args: &[Word],
        result: Option<u8>,
    ) -> Option<Demand> {
        let numbers = two_numbers(opcode, imm)?;
        match (opcode, args) {
            (O::RefEq, &[a, b]) => {
                let same = self.words.eq(a, b);
                Some(Demand::value(self.words.zext(same, 32)))
            }
            (O::RefI31, &[value]) => {
                let one = self.words.constant(32, 1);
                let shifted = self.words.shl(value, one);
                let tagged = planted!(SmallIsUnmarked, self.words.or(shifted, one), shifted);
                Some(Demand::value(self.words.zext(tagged, 64)))
            }
            (O::I31GetS | O::I31GetU, &[reference]) => {
                let (tested, _) = self.not_null(reference);
                let debts = planted!(SmallOfNull, tested, Vec::new());
                let (narrow, one) =
                    (self.words.slice(reference, 0, 32), self.words.constant(32, 1));
                let signed = planted!(SmallTurned, opcode == O::I31GetS, opcode == O::I31GetU);
                let value =
                    if signed { self.words.sar(narrow, one) } else { self.words.shr(narrow, one) };
                Some(Demand { debts, values: alloc::vec![value], ..Demand::default() })
            }
            (O::RefTestNonNull | O::RefTestNullable, &[reference]) => {
                let ty = cast_type(opcode == O::RefTestNullable, imm)?;
                match self.answers(reference, ty) {
                    Some((answers, looks)) => {
                        let (debts, values) = (alloc::vec![Debt::Test], alloc::vec![self.tested]);
                        let asked = Some((reference, heap_code(ty.is_nullable(), ty.heap_type())?));
                        Some(Demand { debts, values, looks, answers, asked, ..Demand::default() })
                    }
                    None => self.asked_for(opcode, numbers, args, result),
                }
            }
            (O::RefCastNonNull | O::RefCastNullable, &[reference]) => {
                let ty = cast_type(opcode == O::RefCastNullable, imm)?;
                let Some((answers, looks)) = self.answers(reference, ty) else {
                    return self.asked_for(opcode, numbers, args, result);
                };
                let when = self.words.zero(self.tested);
                let fails = Debt::Trap { kind: traps::CAST_FAILURE, when };
                let values = alloc::vec![reference];
                let debts = planted!(
                    CastNeverFails,
                    alloc::vec![Debt::Test, fails],
                    alloc::vec![Debt::Test]
                );
                let asked = Some((reference, heap_code(ty.is_nullable(), ty.heap_type())?));
                Some(Demand { debts, values, looks, answers, asked, ..Demand::default() })
            }
            _ if self.is_near() => match self.near(opcode, numbers, args) {
                Some(demand) => Some(demand),
                None => self
                    .asked_for(opcode, numbers, args, result)
                    .map(|demand| self.or_read(opcode, numbers, args, demand)),
            },
            _ => self.asked_for(opcode, numbers, args, result),
        }
    }

    /// A branch by a type, before its edges: the answer is what it makes.
    pub fn cast(&mut self, ty: RefType, reference: Word) -> Option<Demand> {
        let (answers, looks) = self.answers(reference, ty).unwrap_or_default();
        let asked = Some((reference, heap_code(ty.is_nullable(), ty.heap_type())?));
        let debts = alloc::vec![Debt::Test];
        Some(Demand { debts, looks, answers, asked, ..Demand::default() })
    }

    /// The operator as the store performs it: what it gives lies in the first cell.
    fn asked_for(
        &mut self,
        opcode: O,
        numbers: (u32, u32),
        args: &[Word],
        result: Option<u8>,
    ) -> Option<Demand> {
        let mut demand = self.performed(opcode, numbers, args, None)?;
        if let Action::Perform { cell, .. } = &mut demand.action {
            *cell = result;
        }
        Some(demand)
    }

    /// An access of an object.
    fn near(&mut self, opcode: O, (ty, field): (u32, u32), args: &[Word]) -> Option<Demand> {
        match (opcode, args) {
            (O::ArrayLen, &[reference]) => {
                let (debts, there) = self.not_null(reference);
                let (len, look) = self.length(reference, there)?;
                let (looks, values) = (alloc::vec![look], alloc::vec![len]);
                Some(Demand { debts, looks, values, ..Demand::default() })
            }
            (O::StructGet | O::StructGetS | O::StructGetU, &[reference]) => {
                let spot = self.field_of((ty, field), reference)?;
                self.got(spot, opcode == O::StructGetS)
            }
            (O::StructSet, &[reference, value]) => {
                let spot = self.field_of((ty, field), reference)?;
                self.set(spot, value)
            }
            (O::ArrayGet | O::ArrayGetS | O::ArrayGetU, &[reference, index]) => {
                let spot = self.element_of(ty, (reference, index))?;
                self.got(spot, planted!(ElementHasNoSign, opcode == O::ArrayGetS, false))
            }
            (O::ArraySet, &[reference, index, value]) => {
                let spot = self.element_of(ty, (reference, index))?;
                self.set(spot, value)
            }
            _ => self.made(opcode, (ty, field), args),
        }
    }

    fn object(&mut self, reference: Word, at: u32) -> Option<Word> {
        let narrow = self.words.slice(reference, 0, 32);
        self.in_heap(narrow, at)
    }

    fn field(&self, ty: u32, field: u32) -> Option<(u32, Storage)> {
        match self.module.layout(TypeIdx(ty))? {
            ObjectLayout::Struct { fields, .. } => {
                let place = fields.get(field as usize)?;
                Some((planted!(FieldOfAnother, place.at, HEADER_BYTES), place.storage))
            }
            ObjectLayout::Array(_) => None,
        }
    }

    fn element_storage(&self, ty: u32) -> Option<Storage> {
        match self.module.layout(TypeIdx(ty))? {
            ObjectLayout::Array(storage) => Some(*storage),
            ObjectLayout::Struct { .. } => None,
        }
    }

    /// The length of an array, and where it is read.
    fn length(&mut self, reference: Word, when: Vec<Word>) -> Option<(Word, Look)> {
        let at = planted!(LengthElsewhere, LENGTH_AT, HEADER_BYTES);
        let address = self.object(reference, at)?;
        Some((self.object_word(address, 32), Look { address, bytes: 4, when }))
    }

    /// A field, and what comes before its access.
    fn field_of(&mut self, (ty, field): (u32, u32), reference: Word) -> Option<Spot> {
        let (at, storage) = self.field(ty, field)?;
        let (debts, when) = self.not_null(reference);
        let address = self.object(reference, at)?;
        Some(Spot { address, storage, debts, looks: Vec::new(), when })
    }

    /// An element, and what comes before its access.
    fn element_of(&mut self, ty: u32, (reference, index): (Word, Word)) -> Option<Spot> {
        let storage = self.element_storage(ty)?;
        let (mut debts, mut when) = self.not_null(reference);
        let (len, look) = self.length(reference, when.clone())?;
        let below = planted!(LastIsNotLast, self.words.ult(index, len), {
            let behind = self.words.ult(len, index);
            self.words.not(behind)
        });
        let beyond = self.words.not(below);
        if planted!(AnyElement, true, false) {
            debts.push(Debt::Trap { kind: traps::ARRAY_OUT_OF_BOUNDS, when: beyond });
            when.push(below);
        }
        let narrow = self.words.slice(reference, 0, 32);
        let bytes = planted!(ElementsAreWords, storage.bytes(), 4);
        let bytes = self.words.scale(bytes.into(), index);
        let sum = self.words.add(narrow, bytes);
        let address = self.in_heap(sum, planted!(ElementsBefore, HEADER_BYTES, LENGTH_AT))?;
        Some(Spot { address, storage, debts, looks: alloc::vec![look], when })
    }

    /// A value that is read; nothing where the store looks at it first.
    fn got(&mut self, spot: Spot, signed: bool) -> Option<Demand> {
        let Spot { address, storage, debts, mut looks, when } = spot;
        if planted!(LookedAtByNobody, is_looked_at(storage), false) {
            return None;
        }
        let bytes = u8::try_from(storage.bytes()).ok()?;
        let found = self.object_word(address, bytes.checked_mul(8)?);
        let value = match storage {
            Storage::I8 | Storage::I16 if planted!(SignIsAny, signed, false) => {
                self.words.sext(found, 32)
            }
            Storage::I8 | Storage::I16 => self.words.zext(found, 32),
            Storage::Object | Storage::Func => self.words.zext(found, 64),
            Storage::Bits32
            | Storage::Bits64
            | Storage::Bits128
            | Storage::Exn
            | Storage::Extern => found,
        };
        looks.push(Look { address, bytes, when });
        Some(Demand { debts, looks, values: alloc::vec![value], ..Demand::default() })
    }

    /// A value that is written.
    fn set(&mut self, spot: Spot, value: Word) -> Option<Demand> {
        let Spot { address, storage, debts, looks, .. } = spot;
        let stored = self.narrowed(value, storage)?;
        let action = Action::Store { region: Region::Object, address, stored, faults: false };
        Some(Demand { debts, action, looks, ..Demand::default() })
    }

    fn narrowed(&mut self, value: Word, storage: Storage) -> Option<Word> {
        let bits = u8::try_from(storage.bytes()).ok()?.checked_mul(8)?;
        (self.words.bits(value) >= bits).then(|| self.words.slice(value, 0, bits))
    }

    /// The same operator, which may read a function instead where it lies (O4).
    fn or_read(
        &mut self,
        opcode: O,
        (ty, field): (u32, u32),
        args: &[Word],
        demand: Demand,
    ) -> Demand {
        let spot = match (opcode, args) {
            (O::StructGet, &[reference]) => self.field_of((ty, field), reference),
            (O::ArrayGet, &[reference, index]) => self.element_of(ty, (reference, index)),
            _ => None,
        };
        match spot {
            Some(Spot { address, storage, debts, looks, .. }) => {
                let is_read = planted!(InsteadOfAny, storage == Storage::Func, true);
                let read = Box::new(Demand { debts, looks, ..Demand::default() });
                let instead = is_read.then_some((address, read));
                Demand { instead: instead.or(demand.instead), ..demand }
            }
            None => demand,
        }
    }

    /// The number of the store's functions.
    pub fn func_count(&mut self) -> Word {
        let store = self.context_word(offsets::STORE);
        let at = self.words.plus(store, offsets::STORE_FUNCS_LEN.into());
        let version = self.version(Region::Store);
        self.words.load(version, at, 64)
    }

    /// The answers to the question whether a reference is of a type, and what may be read for them;
    /// nothing where the store alone says it.
    fn answers(&mut self, reference: Word, ty: RefType) -> Option<(Vec<Answer>, Vec<Look>)> {
        let types = self.module.types();
        let own = self.own?;
        if planted!(AnyIsAnObject, types.ref_kind(own) != RefKind::Any, false) {
            return None;
        }
        let null = self.words.zero(reference);
        let there = self.words.not(null);
        match ty.heap_type() {
            HeapType::Abstract { ty: heap, .. } => {
                let is = match heap {
                    AbstractHeapType::None => planted!(NoneIsThere, self.words.truth(false), there),
                    AbstractHeapType::Any => planted!(AnyTakesNull, there, self.words.truth(true)),
                    AbstractHeapType::I31 => {
                        planted!(ObjectIsSmall, self.has_bit(reference), there)
                    }
                    _ => return None,
                };
                let nullable = planted!(NullFails, ty.is_nullable(), false);
                let is = if nullable { self.words.or(is, null) } else { is };
                let answer = Answer { when: Vec::new(), word: self.words.zext(is, 32) };
                Some((alloc::vec![answer], Vec::new()))
            }
            HeapType::Concrete(index) if self.is_near() => {
                let index = index.as_module_index()?;
                self.of_concrete((own, reference), (ty.is_nullable(), index), (null, there))
            }
            HeapType::Concrete(_) | HeapType::Exact(_) => None,
        }
    }

    fn has_bit(&mut self, reference: Word) -> Word {
        let (one, mask) = (self.words.constant(64, 1), self.words.constant(64, 1));
        let low = self.words.and(reference, mask);
        self.words.eq(low, one)
    }

    fn of_concrete(
        &mut self,
        (own, reference): (RefType, Word),
        (nullable, ty): (bool, u32),
        (null, there): (Word, Word),
    ) -> Option<(Vec<Answer>, Vec<Look>)> {
        let is_final = self.module.types().def(TypeIdx(ty))?.is_final;
        let (mut answers, mut when) = (Vec::new(), Vec::new());
        let number = |maker: &mut Self, bit: bool| maker.words.constant(32, bit.into());
        if planted!(NullIsAsked, own.is_nullable(), false) {
            let word = number(self, planted!(NullPasses, nullable, true));
            answers.push(Answer { when: alloc::vec![null], word });
            when.push(there);
        }
        if planted!(SmallIsAsked, !names_object(own), false) {
            let mask = self.words.constant(64, planted!(MaskIsOne, 7, 1));
            let low = self.words.and(reference, mask);
            let object = self.words.zero(low);
            let (other, word) = (self.words.not(object), number(self, false));
            let all = [&*when, &[other]].concat();
            answers.push(Answer { when: all, word });
            when.push(object);
        }
        let address = self.object(reference, 0)?;
        let mut looks = alloc::vec![Look { address, bytes: 4, when: when.clone() }];
        let is = self.object_word(address, 32);
        let wanted = self.identity(ty);
        let equal = self.words.eq(is, wanted);
        if planted!(SubtypesAreEqual, is_final, true) {
            let word = self.words.zext(equal, 32);
            answers.push(Answer { when, word });
            return Some((answers, looks));
        }
        let all = planted!(PassesUnasked, [&*when, &[equal]].concat(), when.clone());
        answers.push(Answer { when: all, word: number(self, true) });
        let depth = self.depth(ty)?;
        if planted!(ListAtAnyDepth, depth < DISPLAY_DEPTHS, true) {
            let either = planted!(WantedIsNear, self.words.or(is, wanted), is);
            let count = planted!(MoreAreNear, DISPLAY_TYPES, DISPLAY_TYPES << 1);
            let count = self.words.constant(32, count.into());
            let near = self.words.ult(either, count);
            let row = self.words.scale(DISPLAY_BYTES.into(), is);
            let of = planted!(DepthIsNext, depth, depth + 1);
            let address = self.in_heap(row, display_at(0, of))?;
            when.push(near);
            looks.push(Look { address, bytes: 2, when: when.clone() });
            let found = self.object_word(address, 16);
            let entry = self.words.zext(found, 32);
            let none = self.words.zero(entry);
            if planted!(UnfilledFails, true, false) {
                when.push(self.words.not(none));
            }
            let wanted = self.words.plus(wanted, planted!(OneTypeOff, 1, 2));
            let equal = self.words.eq(entry, wanted);
            let word = self.words.zext(equal, 32);
            answers.push(Answer { when, word });
        }
        Some((answers, looks))
    }

    /// The identity of a type, as a header has it.
    fn identity(&mut self, ty: u32) -> Word {
        let types = self.context_word(offsets::TYPES);
        let at = self.words.plus(types, u128::from(ty).wrapping_mul(4));
        self.words.read(at, 32)
    }

    /// How many supertypes a type has.
    fn depth(&self, ty: u32) -> Option<u32> {
        let types = self.module.types();
        let (mut depth, mut at) = (0, types.def(TypeIdx(ty))?.supertype);
        while let Some(up) = at {
            if depth >= DEPTH_MAX {
                return None;
            }
            (depth, at) = (depth.saturating_add(1), types.def(up)?.supertype);
        }
        Some(depth)
    }

    /// The object of an operator, if code may make it.
    fn planned(&self, opcode: O, (ty, count): (u32, u32)) -> Option<Planned> {
        let layout = self.module.layout(TypeIdx(ty))?;
        let (len, bytes, values): (u32, u64, Vec<(u32, Storage)>) = match (opcode, layout) {
            (O::StructNew, ObjectLayout::Struct { bytes, fields }) => {
                if fields.len() > VALUES_MAX {
                    return None;
                }
                (0, (*bytes).into(), fields.iter().map(|of| (of.at, of.storage)).collect())
            }
            (O::StructNewDefault, ObjectLayout::Struct { bytes, .. }) => {
                (0, (*bytes).into(), Vec::new())
            }
            (O::ArrayNewFixed, ObjectLayout::Array(storage)) if count as usize <= VALUES_MAX => {
                let at = |i: u32| HEADER_BYTES.saturating_add(i.saturating_mul(storage.bytes()));
                (count, at(count).into(), (0..count).map(|i| (at(i), *storage)).collect())
            }
            _ => return None,
        };
        class_of(bytes)?;
        Some(Planned { bytes, len, values })
    }

    /// Whether a slot is lent for the object of an operator.
    pub fn is_lent(&mut self, op: Op, imm: Imm) -> Option<Word> {
        let Op::Wasm(opcode) = op else { return None };
        if opcode.class() != Class::allocate || !self.is_near() {
            return None;
        }
        let Planned { bytes, .. } = self.planned(opcode, two_numbers(opcode, imm)?)?;
        let (next, end, _) = self.lent(bytes)?;
        Some(planted!(LentBehindLast, self.words.ult(next, end), {
            let behind = self.words.ult(end, next);
            self.words.not(behind)
        }))
    }

    /// The next slot for objects of a size, where those that are lent end, and where the first
    /// number stands.
    fn lent(&mut self, bytes: u64) -> Option<(Word, Word, Word)> {
        let at = lent_at(class_of(bytes)?);
        let (first, second) = (self.in_first(at)?, self.in_first(at.saturating_add(4))?);
        Some((self.object_word(first, 32), self.object_word(second, 32), first))
    }

    /// An object that code makes in the next slot (O3); nothing if none is known to be lent.
    fn made(&mut self, opcode: O, numbers: (u32, u32), args: &[Word]) -> Option<Demand> {
        if !self.slot_is_lent {
            return None;
        }
        let Planned { bytes, len, values } = self.planned(opcode, numbers)?;
        if opcode != O::StructNewDefault && values.len() != args.len() {
            return None;
        }
        let (next, _, first) = self.lent(bytes)?;
        let slot = slot_bytes(class_of(bytes)?);
        let behind = self.words.plus(next, planted!(SlotIsAny, slot, 8).into());
        let mut stores = alloc::vec![(first, behind)];
        let identity = self.identity(numbers.0);
        if planted!(HeaderIsLost, true, false) {
            stores.push((self.in_heap(next, 0)?, identity));
        }
        if planted!(LengthIsLost, len > 0, false) {
            let len = self.words.constant(32, len.into());
            stores.push((self.in_heap(next, LENGTH_AT)?, len));
        }
        let first = planted!(ValueIsLost, 0, 1);
        for (&(at, storage), &value) in values.iter().zip(args).skip(first) {
            let stored = self.narrowed(value, storage)?;
            stores.push((self.in_heap(next, at)?, stored));
        }
        let fuel = self.layout.config().metering.fuel;
        let debts = match planted!(MadeUnpaid, fuel, false) {
            true => self.charge(memory_cost(bytes)).to_vec(),
            false => Vec::new(),
        };
        let value = self.words.zext(next, 64);
        let action = Action::Make { stores };
        Some(Demand { debts, action, values: alloc::vec![value], ..Demand::default() })
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

/// Whether the store looks at references of a form before code gets them.
fn is_looked_at(storage: Storage) -> bool {
    matches!(storage, Storage::Func | Storage::Exn | Storage::Extern)
}

/// The type that a cast asks for.
fn cast_type(nullable: bool, imm: Imm) -> Option<RefType> {
    let Imm::Heap(heap) = imm else { return None };
    RefType::new(nullable, heap)
}
