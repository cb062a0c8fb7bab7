//! The types of an instruction's operands and results, from the row of its operator and the module.
//!
//! `mod` compares them with a body's; passes and the emitter may ask for the types that a new
//! instruction must have.

use crate::body::Imm;
use prova_module::objects::unpacked;
use prova_module::ops::{Immediate, Kind};
use prova_module::{
    FieldType, FuncIdx, FuncType, GlobalIdx, HeapType, MemoryIdx, Module, Opcode, RefKind, RefType,
    TableIdx, TableType, TagIdx, TypeIdx, TypeRegistry, UnpackedIndex, ValType,
};
use std::cell::OnceCell;

/// The types that an operand may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Of this type, or of one that matches it.
    Of(ValType),
    /// A reference of any type.
    AnyRef,
    /// Of any type that can be selected without saying so: a number or vector.
    AnyNumber,
}

/// A module's types, with which types are compared.
pub struct Types<'m> {
    module: &'m Module,
    ids: OnceCell<(TypeRegistry, Vec<prova_module::TypeId>)>,
}

impl<'m> Types<'m> {
    /// The types of a module.
    pub fn new(module: &'m Module) -> Types<'m> {
        Types { module, ids: OnceCell::new() }
    }

    /// The module.
    pub fn module(&self) -> &'m Module {
        self.module
    }

    /// The type of addresses in a memory, if there is such a memory.
    pub(crate) fn address(&self, memory: u32) -> Option<ValType> {
        self.module.memory(MemoryIdx(memory)).map(|ty| address(ty.memory64))
    }

    /// Whether every value of type `sub` is one of `sup`.
    pub fn matches(&self, sub: ValType, sup: ValType) -> bool {
        if sub == sup {
            return true;
        }
        let (ValType::Ref(_), ValType::Ref(_)) = (sub, sup) else { return false };
        // Types of different indices may be equal.
        let (registry, ids) = self.ids.get_or_init(|| {
            let mut registry = TypeRegistry::new();
            let ids = registry.intern_all(self.module.types()).unwrap_or_default();
            (registry, ids)
        });
        let known = |ty: ValType| match ty {
            ValType::Ref(ty) => match ty.heap_type() {
                HeapType::Concrete(UnpackedIndex::Module(at)) => (at as usize) < ids.len(),
                HeapType::Concrete(_) | HeapType::Exact(_) => false,
                HeapType::Abstract { .. } => true,
            },
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => true,
        };
        let resolved = |ty| registry.resolve(ty, ids);
        known(sub) && known(sup) && registry.val_matches(resolved(sub), resolved(sup))
    }

    /// Whether a type names only types of the module.
    pub fn exists(&self, ty: ValType) -> bool {
        match ty {
            ValType::Ref(ty) => self.heap_exists(ty.heap_type()),
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => true,
        }
    }

    fn heap_exists(&self, heap: HeapType) -> bool {
        match heap {
            HeapType::Concrete(UnpackedIndex::Module(at)) => {
                (at as usize) < self.module.types().len()
            }
            HeapType::Abstract { shared, .. } => !shared,
            HeapType::Concrete(_) | HeapType::Exact(_) => false,
        }
    }
}

/// The most operands of an `array.new_fixed` that are named: a body's code has 7.6 MB (wasmparser).
const VALUES_MAX: u32 = 8_000_000;

/// The type of a conversion's result, whose nullable form is `to`: null where the operand may be.
pub(crate) fn converted(from: ValType, to: RefType) -> Option<ValType> {
    let ValType::Ref(from) = from else { return None };
    Some(ValType::Ref(if from.is_nullable() { to } else { to.as_non_null() }))
}

/// The reference type of a type of the module.
fn concrete(nullable: bool, ty: u32) -> Option<ValType> {
    RefType::new(nullable, HeapType::Concrete(UnpackedIndex::Module(ty))).map(ValType::Ref)
}

/// An operator with its immediates, in a module.
pub struct Site<'t, 'm> {
    types: &'t Types<'m>,
    opcode: Opcode,
    imm: Imm,
}

fn address(wide: bool) -> ValType {
    if wide { ValType::I64 } else { ValType::I32 }
}

impl<'t, 'm> Site<'t, 'm> {
    /// The operator in its module.
    pub fn new(types: &'t Types<'m>, opcode: Opcode, imm: Imm) -> Site<'t, 'm> {
        Site { types, opcode, imm }
    }

    /// Whether everything exists that the immediates name; of a segment as much as the module says.
    pub fn exists(&self) -> bool {
        let module = self.types.module;
        let row = self.opcode.row();
        let counts = |kind: Immediate| match kind {
            Immediate::global => Some(module.globals().len()),
            Immediate::func => Some(module.func_count()),
            Immediate::type_ => Some(module.types().len()),
            Immediate::table => Some(module.tables().len()),
            Immediate::mem => Some(module.memories().len()),
            Immediate::elem => Some(module.elements().len()),
            Immediate::data => Some(module.data().len()),
            Immediate::tag => Some(module.tag_count()),
            // Of which type they are says the first immediate; a number of values is any.
            Immediate::field => Some(self.fields().map_or(0, <[FieldType]>::len)),
            Immediate::size => Some(usize::MAX),
            _other => None,
        };
        let indices: [Option<u32>; 2] = match self.imm {
            Imm::Index(index) => [Some(index), None],
            Imm::Indices(first, second) => [Some(first), Some(second)],
            _other => [None, None],
        };
        let named = row.immediates.iter().zip(indices.into_iter().flatten());
        let exist = named
            .into_iter()
            .all(|(&kind, index)| counts(kind).is_some_and(|count| (index as usize) < count));
        exist
            && match self.imm {
                Imm::Access(access) => (access.memory as usize) < module.memories().len(),
                Imm::Type(ty) => self.types.exists(ty),
                Imm::Heap(heap) => self.types.heap_exists(heap),
                _other => true,
            }
    }

    fn index(&self, kind: Immediate) -> Option<u32> {
        self.imm.index(self.opcode, kind)
    }

    /// The type of the function that a call calls, or of the tag that a throw throws.
    pub fn callee(&self) -> Option<&'m FuncType> {
        let module = self.types.module;
        if let Some(ty) = self.index(Immediate::type_) {
            return module.types().get(ty as usize);
        }
        if let Some(func) = self.index(Immediate::func) {
            return ((func as usize) < module.func_count())
                .then(|| module.func_type(FuncIdx(func)));
        }
        module.tag(TagIdx(self.index(Immediate::tag)?))
    }

    /// The memory or table that an operator names, of two the first or second, by position among
    /// the immediates.
    fn memory64(&self, second: bool) -> Option<bool> {
        let index = match self.imm {
            Imm::Access(access) => access.memory,
            Imm::Indices(_, index) if second => index,
            _other => self.index(Immediate::mem)?,
        };
        self.types.module.memory(MemoryIdx(index)).map(|ty| ty.memory64)
    }

    fn table(&self, second: bool) -> Option<&'m TableType> {
        let index = match self.imm {
            Imm::Indices(_, index) if second => index,
            _other => self.index(Immediate::table)?,
        };
        self.types.module.table(TableIdx(index))
    }

    /// The operands, bottom first.
    pub fn operands(&self, to: &mut Vec<Operand>) -> Option<()> {
        to.clear();
        for &kind in self.opcode.row().params {
            if kind == Kind::params {
                to.extend(self.callee()?.params.iter().map(|&ty| Operand::Of(ty)));
                continue;
            }
            to.push(match (kind, self.imm) {
                (Kind::same, Imm::Type(ty)) => Operand::Of(ty),
                (Kind::same, _) => Operand::AnyNumber,
                (Kind::fields, _) => {
                    to.extend(
                        self.fields()?.iter().map(|of| Operand::Of(unpacked(of.element_type))),
                    );
                    continue;
                }
                (Kind::elements, Imm::Indices(_, count)) if count <= VALUES_MAX => {
                    let each = Operand::Of(self.element(false)?);
                    to.extend(std::iter::repeat_n(each, count as usize));
                    continue;
                }
                (Kind::ref_, _) => self.reference(to.len())?,
                (Kind::exn, _) => Operand::Of(ValType::EXNREF),
                (..) => Operand::Of(self.fixed(kind)?),
            });
        }
        Some(())
    }

    /// The results, for operands of these types.
    pub fn results(&self, operands: &[ValType], to: &mut Vec<ValType>) -> Option<()> {
        to.clear();
        for &kind in self.opcode.row().results {
            if kind == Kind::results {
                to.extend(&self.callee()?.results);
                continue;
            }
            to.push(match (kind, self.imm) {
                (Kind::same, Imm::Type(ty)) => ty,
                (Kind::same, _) => *operands.first()?,
                (Kind::non_null, _) => non_null(*operands.first()?)?,
                (Kind::ref_, Imm::Heap(heap)) => ValType::Ref(RefType::new(true, heap)?),
                (Kind::cast, Imm::Heap(heap)) => {
                    let nullable = self.opcode == Opcode::RefCastNullable;
                    ValType::Ref(RefType::new(nullable, heap)?)
                }
                (Kind::anyref, _) => converted(*operands.first()?, RefType::ANYREF)?,
                (Kind::externref, _) => converted(*operands.first()?, RefType::EXTERNREF)?,
                (..) => self.fixed(kind)?,
            });
        }
        Some(())
    }

    /// The fields of the structure type that an operator names.
    fn fields(&self) -> Option<&'m [FieldType]> {
        self.types.module.types().fields(TypeIdx(self.index(Immediate::type_)?))
    }

    /// The elements of the array type that an operator names, of two the first or second.
    fn element(&self, second: bool) -> Option<ValType> {
        let ty = match self.imm {
            Imm::Indices(_, ty) if second => ty,
            _other => self.index(Immediate::type_)?,
        };
        Some(unpacked(self.types.module.types().element(TypeIdx(ty))?.element_type))
    }

    /// The types of the operand at a position, a reference: of the type that the operator names, of
    /// the one that its row says, or any.
    fn reference(&self, position: usize) -> Option<Operand> {
        match (self.opcode, self.imm) {
            (Opcode::ArrayCopy, Imm::Indices(to, from)) => {
                let index = if position == 0 { to } else { from };
                concrete(true, index).map(Operand::Of)
            }
            (_, Imm::Index(index) | Imm::Indices(index, _)) => {
                concrete(true, index).map(Operand::Of)
            }
            (_, Imm::Heap(heap)) if self.opcode.is_of_objects() => {
                // A cast stays within its hierarchy.
                let of = RefType::new(true, heap)?;
                let top = match self.types.module.types().ref_kind(of) {
                    RefKind::Any => RefType::ANYREF,
                    RefKind::Func => RefType::FUNCREF,
                    RefKind::Extern => RefType::EXTERNREF,
                    RefKind::Exn => RefType::EXNREF,
                };
                Some(Operand::Of(ValType::Ref(top)))
            }
            (Opcode::RefEq, _) => Some(Operand::Of(ValType::Ref(RefType::EQREF))),
            (Opcode::ArrayLen, _) => Some(Operand::Of(ValType::Ref(RefType::ARRAYREF))),
            (Opcode::I31GetS | Opcode::I31GetU, _) => {
                Some(Operand::Of(ValType::Ref(RefType::I31REF)))
            }
            (Opcode::AnyConvertExtern, _) => Some(Operand::Of(ValType::EXTERNREF)),
            (Opcode::ExternConvertAny, _) => Some(Operand::Of(ValType::Ref(RefType::ANYREF))),
            (_, _) => Some(Operand::AnyRef),
        }
    }

    /// The type that a kind stands for, if it does not depend on the operands.
    fn fixed(&self, kind: Kind) -> Option<ValType> {
        Some(match kind {
            Kind::addr => address(self.memory64(false)?),
            Kind::addr2 => address(self.memory64(true)?),
            Kind::addr_min => address(self.memory64(false)? && self.memory64(true)?),
            Kind::index => address(self.table(false)?.table64),
            Kind::index2 => address(self.table(true)?.table64),
            Kind::index_min => address(self.table(false)?.table64 && self.table(true)?.table64),
            Kind::elem => ValType::Ref(self.table(false)?.ref_type),
            Kind::global => {
                self.types.module.global(GlobalIdx(self.index(Immediate::global)?))?.val
            }
            Kind::func_ref => {
                let func = self.index(Immediate::func)?;
                let exists = (func as usize) < self.types.module.func_count();
                exists
                    .then(|| self.types.module.func_type_idx(FuncIdx(func)))
                    .and_then(|ty| concrete(false, ty.0))?
            }
            Kind::object => concrete(false, self.index(Immediate::type_)?)?,
            Kind::field => {
                let field = self.index(Immediate::field)?;
                unpacked(self.fields()?.get(field as usize)?.element_type)
            }
            Kind::element => self.element(false)?,
            Kind::i31 => ValType::Ref(RefType::I31),
            Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64 | Kind::v128 => kind.val_type()?,
            Kind::local
            | Kind::same
            | Kind::ref_
            | Kind::non_null
            | Kind::exn
            | Kind::params
            | Kind::results
            | Kind::label
            | Kind::label_init
            | Kind::block_params
            | Kind::block_results
            | Kind::func_results
            | Kind::elements
            | Kind::cast
            | Kind::anyref
            | Kind::externref
            | Kind::any
            | Kind::fields
            | Kind::many => return None,
        })
    }
}

/// The type of references of this type that are not null.
pub fn non_null(ty: ValType) -> Option<ValType> {
    match ty {
        ValType::Ref(ty) => Some(ValType::Ref(ty.as_non_null())),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => None,
    }
}

impl Operand {
    /// Whether an operand may have a type.
    pub fn takes(self, types: &Types<'_>, ty: ValType) -> bool {
        match (self, ty) {
            (Operand::Of(wanted), _) => types.matches(ty, wanted),
            (Operand::AnyRef, ValType::Ref(_)) => true,
            (Operand::AnyRef, _) => false,
            (Operand::AnyNumber, ValType::Ref(_)) => false,
            (Operand::AnyNumber, _) => true,
        }
    }
}
