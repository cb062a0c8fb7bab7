//! The objects of types: structure and array types → where their fields lie, and what operators on
//! them take and give (specification 2.3.9, 4.2.16; Wasm 3.0).
//!
//! An object has a *header* of [`HEADER_BYTES`] and its fields behind it. A structure's fields lie
//! in the order of their type, each at the next multiple of its width (vectors: of 8). So a field
//! of a supertype is at the same place in every subtype. An array's elements lie without gaps.
//!
//! References into the heap take 4 bytes, functions 4, exceptions and what the host gave 8:
//! [`Storage`] says it of each type. The layout depends on kinds alone, and so is the same for
//! equal types of different modules.
//!
//! Everybody who has to know a place or a number of values asks here: the heap, the collector, the
//! tiers, the proof of bytecode.
//!
//! Limits: a structure has at most 10,000 fields (wasmparser), so 160,008 bytes. Tests: those
//! below, `tests/objects.rs`.

use crate::facts::cells;
use crate::func_type::RefKind;
use crate::groups::{Composite, Types};
use crate::index::TypeIdx;
use crate::module::Module;
use crate::ops::{Class, Immediate, Immediates, Kind, Opcode};
use wasmparser::{FieldType, HeapType, RefType, StorageType, UnpackedIndex, ValType};

/// The bytes of an object's header.
pub const HEADER_BYTES: u32 = 8;

/// The form in which a field or an element is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// 8 bits of an `i32`.
    I8,
    /// 16 bits of an `i32`.
    I16,
    /// An `i32` or `f32`.
    Bits32,
    /// An `i64` or `f64`.
    Bits64,
    /// A `v128`.
    Bits128,
    /// A reference to an object, a small integer or null: 32 bits.
    Object,
    /// A reference to a function: 32 bits.
    Func,
    /// A reference to an exception.
    Exn,
    /// A reference of the host's.
    Extern,
}

impl Storage {
    /// Of a field or element of these types.
    pub fn of(types: &Types, field: FieldType) -> Storage {
        match field.element_type {
            StorageType::I8 => Storage::I8,
            StorageType::I16 => Storage::I16,
            StorageType::Val(ValType::I32 | ValType::F32) => Storage::Bits32,
            StorageType::Val(ValType::I64 | ValType::F64) => Storage::Bits64,
            StorageType::Val(ValType::V128) => Storage::Bits128,
            StorageType::Val(ValType::Ref(ty)) => Storage::of_kind(types.ref_kind(ty)),
        }
    }

    /// The same for a marked type (`groups`, 3).
    pub fn of_marked(field: FieldType) -> Storage {
        match field.element_type {
            StorageType::Val(ValType::Ref(ty)) => Storage::of_kind(RefKind::of(ty.heap_type())),
            // Other types name none.
            _ => Storage::of(&Types::default(), field),
        }
    }

    fn of_kind(kind: RefKind) -> Storage {
        match kind {
            RefKind::Any => Storage::Object,
            RefKind::Func => Storage::Func,
            RefKind::Exn => Storage::Exn,
            RefKind::Extern => Storage::Extern,
        }
    }

    /// Its bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            Storage::I8 => 1,
            Storage::I16 => 2,
            Storage::Bits32 | Storage::Object | Storage::Func => 4,
            Storage::Bits64 | Storage::Exn | Storage::Extern => 8,
            Storage::Bits128 => 16,
        }
    }

    /// The cells of its value on the operand stack.
    pub const fn cells(self) -> u32 {
        if matches!(self, Storage::Bits128) { 2 } else { 1 }
    }

    /// Whether the collector follows it.
    pub const fn is_traced(self) -> bool {
        matches!(self, Storage::Object | Storage::Exn)
    }

    /// Whether a value has one cell, and nobody looks at it when it comes out of an object: others
    /// lean on what a reference to a function or of the host refers to.
    pub const fn is_direct(self) -> bool {
        match self {
            Storage::I8 | Storage::I16 | Storage::Bits32 | Storage::Bits64 | Storage::Object => {
                true
            }
            Storage::Bits128 | Storage::Func | Storage::Exn | Storage::Extern => false,
        }
    }

    /// Whether it is a reference.
    pub const fn is_ref(self) -> bool {
        matches!(self, Storage::Object | Storage::Func | Storage::Exn | Storage::Extern)
    }
}

/// A field in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first byte, counted from the object's.
    pub at: u32,
    /// Its form.
    pub storage: Storage,
}

/// Where the fields of a type's objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectLayout {
    /// A structure: its bytes, the header included, and its fields.
    Struct {
        /// A multiple of 8.
        bytes: u32,
        /// In the order of the type.
        fields: Box<[Place]>,
    },
    /// An array of such elements, the first right behind the header.
    Array(Storage),
}

impl ObjectLayout {
    /// Of a structure or array type; `storage` says it of a field. None of a function type.
    pub fn of(
        composite: &Composite,
        storage: impl Fn(FieldType) -> Storage,
    ) -> Option<ObjectLayout> {
        match composite {
            Composite::Func => None,
            Composite::Array(element) => Some(ObjectLayout::Array(storage(*element))),
            Composite::Struct(fields) => {
                let mut end = HEADER_BYTES;
                let place = |field: &FieldType| {
                    let storage = storage(*field);
                    let at = end.next_multiple_of(storage.bytes().min(8));
                    end = at + storage.bytes();
                    Place { at, storage }
                };
                let fields = fields.iter().map(place).collect();
                Some(ObjectLayout::Struct { bytes: end.next_multiple_of(8), fields })
            }
        }
    }

    /// Whether the collector looks into such objects.
    pub fn is_traced(&self) -> bool {
        match self {
            ObjectLayout::Struct { fields, .. } => fields.iter().any(|of| of.storage.is_traced()),
            ObjectLayout::Array(storage) => storage.is_traced(),
        }
    }
}

/// The type of a field's value on the operand stack.
pub fn unpacked(ty: StorageType) -> ValType {
    match ty {
        StorageType::I8 | StorageType::I16 => ValType::I32,
        StorageType::Val(ty) => ty,
    }
}

/// The operands of an operator on objects, and its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// How many operands it has.
    pub operands: u32,
    /// Their cells.
    pub operand_cells: u32,
    /// The cells of its only result; 0 for none.
    pub result_cells: u32,
}

impl Shape {
    /// Of an operator without its immediates, and its first two as numbers (of those that are
    /// indices and numbers of values); `None` for one that is not of these, or names what is not
    /// there. A `br_on_cast` has none.
    pub fn of(types: &Types, opcode: Opcode, (first, second): (u32, u32)) -> Option<Shape> {
        let row = opcode.row();
        if !matches!(row.class, Class::aggregate | Class::allocate) {
            return None;
        }
        let mut shape = Shape::default();
        for &kind in row.params {
            let (count, each) = values(types, kind, (first, second))?;
            shape.operands = shape.operands.checked_add(count)?;
            shape.operand_cells = shape.operand_cells.checked_add(each)?;
        }
        if let [kind] = row.results {
            shape.result_cells = values(types, *kind, (first, second))?.1;
        }
        Some(shape)
    }
}

/// An operator that reads or writes one field or element, whose value is a number or a reference to
/// an object: bytes of the object alone say what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direct {
    /// The first byte, counted from the object's; `None` for the element at an index.
    pub at: Option<u32>,
    /// How it is stored.
    pub storage: Storage,
    /// Whether it is written.
    pub writes: bool,
    /// Whether a packed value that is read has a sign.
    pub signed: bool,
}

/// The place of an array's length in its header.
const LENGTH_AT: u32 = 4;

impl Direct {
    /// Of an operator without its immediates, and its first two as numbers; `None` for one that is
    /// not of these.
    pub fn of(module: &Module, opcode: Opcode, (first, second): (u32, u32)) -> Option<Direct> {
        use Opcode as O;
        let layout = || module.layout(TypeIdx(first));
        let place = match opcode {
            O::StructGet | O::StructGetS | O::StructGetU | O::StructSet => match layout()? {
                ObjectLayout::Struct { fields, .. } => {
                    let Place { at, storage } = *fields.get(second as usize)?;
                    (Some(at), storage)
                }
                ObjectLayout::Array(_) => return None,
            },
            O::ArrayGet | O::ArrayGetS | O::ArrayGetU | O::ArraySet => match layout()? {
                ObjectLayout::Array(storage) => (None, *storage),
                ObjectLayout::Struct { .. } => return None,
            },
            O::ArrayLen => (Some(LENGTH_AT), Storage::Bits32),
            _ => return None,
        };
        let (at, storage) = place;
        storage.is_direct().then_some(Direct {
            at,
            storage,
            writes: matches!(opcode, O::StructSet | O::ArraySet),
            signed: matches!(opcode, O::StructGetS | O::ArrayGetS),
        })
    }
}

/// The first two immediates of an operator that are indices or numbers of values; the code of its
/// type ([`heap_code`](crate::heap_code)) is not among them.
pub fn two_indices(immediates: &Immediates<'_>) -> (u32, u32) {
    use Immediate as I;
    let mut of = immediates.iter().filter_map(|(kind, value)| match (kind, value) {
        (I::type_ | I::field | I::size | I::data | I::elem, crate::ops::Value::Index(index)) => {
            Some(*index)
        }
        _ => None,
    });
    (of.next().unwrap_or(0), of.next().unwrap_or(0))
}

/// How many values a kind stands for, and their cells.
fn values(types: &Types, kind: Kind, (first, second): (u32, u32)) -> Option<(u32, u32)> {
    match kind {
        Kind::fields => {
            let fields = types.fields(TypeIdx(first))?;
            Some((fields.len() as u32, fields.iter().map(|of| cells_of_field(*of)).sum()))
        }
        Kind::field => {
            let field = types.fields(TypeIdx(first))?.get(second as usize)?;
            Some((1, cells_of_field(*field)))
        }
        Kind::element => Some((1, cells_of_field(types.element(TypeIdx(first))?))),
        Kind::elements => {
            let each = cells_of_field(types.element(TypeIdx(first))?);
            Some((second, second.checked_mul(each)?))
        }
        Kind::object => {
            let composite = &types.def(TypeIdx(first))?.composite;
            (!matches!(composite, Composite::Func)).then_some((1, 1))
        }
        _ => Some((1, 1)),
    }
}

/// The types of the operands of an operator on objects that names a type, bottom first, for its
/// first two immediates as numbers: of a reference that it looks into the greatest one, with null.
/// `None` for another operator, and for one that names what is not there.
pub fn operand_types(
    types: &Types,
    opcode: Opcode,
    (first, second): (u32, u32),
) -> Option<Vec<ValType>> {
    let row = opcode.row();
    if !opcode.is_of_objects() || row.immediates.first() != Some(&Immediate::type_) {
        return None;
    }
    let of = |field: &FieldType| unpacked(field.element_type);
    let mut named = [first, second].into_iter();
    let mut all = Vec::new();
    for &kind in row.params {
        match kind {
            Kind::ref_ => {
                let heap = HeapType::Concrete(UnpackedIndex::Module(named.next()?));
                all.push(ValType::Ref(RefType::new(true, heap)?));
            }
            Kind::fields => all.extend(types.fields(TypeIdx(first))?.iter().map(of)),
            Kind::field => all.push(of(types.fields(TypeIdx(first))?.get(second as usize)?)),
            Kind::element => all.push(of(&types.element(TypeIdx(first))?)),
            Kind::elements => {
                let element = of(&types.element(TypeIdx(first))?);
                all.extend(std::iter::repeat_n(element, second as usize));
            }
            _ => all.push(kind.val_type()?),
        }
    }
    Some(all)
}

fn cells_of_field(field: FieldType) -> u32 {
    cells(unpacked(field.element_type))
}

impl Types {
    /// The fields of a structure type.
    pub fn fields(&self, ty: TypeIdx) -> Option<&[FieldType]> {
        match &self.def(ty)?.composite {
            Composite::Struct(fields) => Some(fields),
            Composite::Array(_) | Composite::Func => None,
        }
    }

    /// The elements of an array type.
    pub fn element(&self, ty: TypeIdx) -> Option<FieldType> {
        match &self.def(ty)?.composite {
            Composite::Array(element) => Some(*element),
            Composite::Struct(_) | Composite::Func => None,
        }
    }

    /// Where the fields of a structure or array type are.
    pub fn layout(&self, ty: TypeIdx) -> Option<ObjectLayout> {
        ObjectLayout::of(&self.def(ty)?.composite, |field| Storage::of(self, field))
    }

    /// Whether a store keeps what values of a type refer to while a frame holds them: objects and
    /// exceptions.
    pub fn is_traced(&self, ty: ValType) -> bool {
        matches!(ty, ValType::Ref(ty) if self.is_traced_ref(ty))
    }

    fn is_traced_ref(&self, ty: RefType) -> bool {
        matches!(self.ref_kind(ty), RefKind::Any | RefKind::Exn)
    }
}
