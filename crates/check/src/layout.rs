//! Wasm bytes and settings → the layout that code may rely on: what lies where, of what size, with
//! what right. `docs/certificate.md` has the tables.
//!
//! The layout is derived from the module alone, never from what compiled it. It validates nothing:
//! it reads what it needs and refuses what it does not know.
//!
//! - L1. Every pointer that a field of the context yields is the same for the instance's life.
//! - L2. A memory's and a table's record holds the base, which never changes ([`Bases::Fixed`]) or
//!   only while code waits for a call ([`Bases::MayMove`]), and the length, which never falls below
//!   its minimum at the module's declaration.
//! - L3. In the guard shape the bytes `[0, zone)` from a 32-bit memory's base are memory or fault.
//! - L4. The copy of a memory's length in the context is a length that the memory has or had since
//!   the instance was made.
//! - L5. The record of a defined function is a part of the context of its instance.
//! - L6. In the masked shape the `NOWHERE_BYTES` bytes from the store's word `STORE_NOWHERE` on are
//!   never mapped, so that every access to them faults, on any path that a processor takes.
//! - L7. The `LENGTH_GUARD_BYTES` bytes behind the present length of a memory with pages of 64 KiB
//!   fault, in every shape.
//! - L8. The heap of the store's objects, if the module has types of objects, is to code a memory
//!   behind the module's own ([`Layout::heap`]), whose length is 0: in the guard shape all of its
//!   zone is memory or faults (L3), in others nothing of it can be accessed. So references to
//!   objects are numbers ([`Ty::I64`]), and what lies in an object is one.
//! - L9. The store's word `STORE_FUNCS_LEN` is at most the number of records at `STORE_FUNCS`, and
//!   each of them is the record of a function, also when functions have been added. So every number
//!   from 1 to it names a function of the store, of some type.

use crate::abi::Convention;
use crate::contract::{CodeKind, Contract};
use crate::equal_types::EqualTypes;
use crate::structures::{Hosted, Structures};
use crate::symbols::{Heap, RefKind, RefType};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use sha2::{Digest as _, Sha256};
use wasmparser::{
    AbstractHeapType, CompositeInnerType, HeapType, Parser, Payload, TypeRef, ValType,
};

/// How out-of-bounds accesses to memories are kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryShape {
    /// 32-bit memories with 64 KiB pages lie in a reservation of `reservation_bytes`, followed by
    /// `guard_bytes` that fault; other memories are compared explicitly.
    Guard {
        /// At least 4 GiB for the elision to serve anything.
        reservation_bytes: u64,
        /// Bytes after the reservation, which always fault.
        guard_bytes: u64,
    },
    /// Every access is compared explicitly.
    Explicit,
    /// Every access goes through a pointer that a conditional move makes one of two: the address,
    /// where a comparison with the length allows it, or one in a zone that is never mapped (L6).
    /// So it stays inside also where a branch is mispredicted. Faults are its traps: without
    /// signals there is no such shape ([`MemoryShape::needs_signals`]).
    Masked,
}

impl Default for MemoryShape {
    fn default() -> MemoryShape {
        MemoryShape::GUARD
    }
}

impl MemoryShape {
    /// 4 GiB, and 32 MiB behind.
    pub const GUARD: MemoryShape =
        MemoryShape::Guard { reservation_bytes: 4 << 30, guard_bytes: 32 << 20 };

    /// Whether its accesses may fault, so that without signals it cannot be.
    pub const fn needs_signals(self) -> bool {
        match self {
            MemoryShape::Guard { .. } | MemoryShape::Masked => true,
            MemoryShape::Explicit => false,
        }
    }
}

/// Whether the first byte of a memory and the first element of a table stay where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Bases {
    /// As long as the instance lives.
    #[default]
    Fixed,
    /// Between calls: a call may move them, and then nothing can be accessed where they were.
    MayMove,
}

/// Which charges and polls code has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metering {
    /// Charges of fuel.
    pub fuel: bool,
    /// Polls of the epoch.
    pub epoch: bool,
}

/// The instructions that a processor must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CpuLevel {
    /// x86-64-v2: up to SSE 4.2 and POPCNT.
    V2,
    /// x86-64-v3: AVX2, BMI, FMA, LZCNT beside them.
    #[default]
    V3,
}

/// The settings that a layout is derived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The memories' shape.
    pub memory: MemoryShape,
    /// The metering.
    pub metering: Metering,
    /// The processor.
    pub cpu: CpuLevel,
    /// Whether faults may be traps; otherwise no instruction may fault.
    pub signals: bool,
    /// Whether memories and tables stay where they are.
    pub bases: Bases,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            memory: MemoryShape::GUARD,
            metering: Metering::default(),
            cpu: CpuLevel::default(),
            signals: true,
            bases: Bases::default(),
        }
    }
}

/// A value type, as code distinguishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ty {
    /// `i32`; the upper half of its register is unknown.
    I32,
    /// `i64`.
    I64,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `v128`.
    V128,
    /// A reference: 0, or a store address + 1.
    Ref(RefType),
}

impl Ty {
    /// Bytes of a value of this type in its cell.
    pub const fn bytes(self) -> u64 {
        match self {
            Ty::I32 | Ty::F32 => 4,
            Ty::I64 | Ty::F64 | Ty::Ref(_) => 8,
            Ty::V128 => 16,
        }
    }
}

/// The form of a type of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Functions.
    Func,
    /// Structures.
    Struct,
    /// Arrays.
    Array,
}

impl Form {
    fn of(ty: &CompositeInnerType) -> Form {
        match ty {
            CompositeInnerType::Func(_) | CompositeInnerType::Cont(_) => Form::Func,
            CompositeInnerType::Struct(_) => Form::Struct,
            CompositeInnerType::Array(_) => Form::Array,
        }
    }
}

/// A function type.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// Parameters.
    pub params: Vec<Ty>,
    /// Results.
    pub results: Vec<Ty>,
}

impl Signature {
    /// Cells that the parameters take, or the results, if those take more.
    pub(crate) fn cells(&self) -> u64 {
        let count = |types: &[Ty]| {
            types.iter().fold(0_u64, |n, &ty| n.saturating_add(if ty == Ty::V128 { 2 } else { 1 }))
        };
        count(&self.params).max(count(&self.results))
    }
}

/// A memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its least length, in bytes.
    pub min_bytes: u64,
    /// Its greatest length, in bytes.
    pub max_bytes: u64,
    /// Bytes from the base that are memory or fault (L3); 0 where accesses are compared.
    pub zone_bytes: u64,
    /// Bytes behind its length, wherever that is, which fault at least; none where nobody says so.
    pub guard_bytes: u64,
    /// Whether a call may move it (L2).
    pub moves: bool,
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The type of its elements.
    pub ty: RefType,
    /// Its least length, in elements.
    pub min: u64,
    /// Its greatest length, in elements.
    pub max: u64,
    /// Whether a call may move it (L2).
    pub moves: bool,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// Its type.
    pub ty: Ty,
    /// Whether code may write it.
    pub mutable: bool,
}

pub mod offsets;

/// Types, functions, memories, tables or globals of a module that a layout knows at most, each.
pub const ITEMS_MAX: usize = 1 << 20;

/// Why no layout can be derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayoutError {
    /// Offset in the module, in bytes.
    pub offset: u64,
    /// The construct that the layout does not support.
    pub what: &'static str,
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no layout: {} at offset {:#x}", self.what, self.offset)
    }
}

impl core::error::Error for LayoutError {}

/// The facts about a module's instances that its code may rely on.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) config: Config,
    pub(crate) module: [u8; 32],
    pub(crate) digest: [u8; 32],
    pub(crate) types: Vec<Option<Signature>>,
    /// The form of each type.
    pub(crate) forms: Vec<Form>,
    /// The convention of each type that is a function's.
    pub(crate) conventions: Vec<Option<Convention>>,
    /// Which types are equal, and which are subtypes.
    pub(crate) equals: EqualTypes,
    pub(crate) funcs: Vec<u32>,
    pub(crate) imported_funcs: u32,
    pub(crate) memories: Vec<Memory>,
    /// The memory that is the heap of objects (L8).
    pub(crate) heap: Option<u32>,
    /// The values of each type's objects: of a structure its fields, of an array its elements.
    pub(crate) objects: Vec<Vec<Ty>>,
    pub(crate) tables: Vec<Table>,
    pub(crate) globals: Vec<Global>,
    /// The type of each tag.
    pub(crate) tags: Vec<u32>,
    /// The structures around the code.
    pub(crate) structures: Structures,
    pub(crate) contract: Contract,
    /// Whether indices of a memory or a table have 64 bits, so that sums of them may wrap.
    pub(crate) wide: bool,
    /// Where functions get contexts: whether they may hold references to exceptions, objects or
    /// values of the host, since there are tags, or types of functions with such values.
    pub(crate) collects: bool,
    /// The entries in the text of the whole module, by offset; none where each code is alone.
    pub(crate) text: Vec<(u32, CodeKind)>,
    /// Where each begins.
    pub(crate) starts: BTreeMap<CodeKind, u32>,
    pub(crate) hosted: Vec<Hosted>,
    /// The memory into which code writes nothing but the values of new objects.
    pub(crate) kept: Option<u32>,
    /// The type and number of elements of each element segment that the host keeps.
    pub(crate) elements: Vec<(RefType, u32)>,
    /// Bytes below the stack's limit that functions may take without a comparison.
    pub(crate) free_bytes: u32,
    /// Whether the processor has those parts of AVX-512 that are in the table of instructions.
    pub(crate) avx512: bool,
}

impl Layout {
    /// The layout of a module under these settings.
    ///
    /// # Errors
    ///
    /// [`LayoutError`] if the bytes are no module, or name what the layout does not know (shared
    /// memories without signals, shared types, more than [`ITEMS_MAX`] of something).
    pub fn derive(wasm: &[u8], config: &Config) -> Result<Layout, LayoutError> {
        let module: [u8; 32] = Sha256::digest(wasm).into();
        let mut hash = Sha256::new();
        hash.update(b"prova layout 8\0");
        hash.update(settings(config));
        hash.update(module);
        let mut layout = Layout {
            config: *config,
            module,
            digest: hash.finalize().into(),
            types: Vec::new(),
            forms: Vec::new(),
            conventions: Vec::new(),
            equals: EqualTypes::default(),
            funcs: Vec::new(),
            imported_funcs: 0,
            memories: Vec::new(),
            heap: None,
            objects: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            structures: Structures::default(),
            contract: Contract::Records,
            wide: false,
            collects: false,
            text: Vec::new(),
            starts: BTreeMap::new(),
            hosted: Vec::new(),
            kept: None,
            elements: Vec::new(),
            free_bytes: offsets::SLACK_BYTES,
            avx512: false,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload
                .map_err(|e| LayoutError { offset: e.offset(), what: "malformed module" })?;
            let offset = payload.as_section().map_or(0, |(_, range)| range.start);
            layout.section(payload).map_err(|what| LayoutError { offset, what })?;
        }
        layout.push_heap().map_err(|what| LayoutError { offset: 0, what })?;
        layout.structures = Structures::own(&layout);
        Ok(layout)
    }

    /// Whether functions get contexts ([`Contract::Contexts`]).
    #[inline]
    pub fn contexts(&self) -> bool {
        self.contract == Contract::Contexts
    }

    /// The code that begins at an offset of the text, where it lies in one with others.
    pub fn code_at(&self, offset: u32) -> Option<CodeKind> {
        self.text_at(offset.into())
    }

    /// The entry at an offset of the text.
    pub(crate) fn text_at(&self, offset: i64) -> Option<CodeKind> {
        let offset = u32::try_from(offset).ok()?;
        let i = self.text.binary_search_by_key(&offset, |&(at, _)| at).ok()?;
        self.text.get(i).map(|&(_, kind)| kind)
    }

    /// Where code begins in the text.
    pub(crate) fn text_of(&self, kind: CodeKind) -> Option<u32> {
        self.starts.get(&kind).copied()
    }

    /// The same for a processor that has the parts of AVX-512 of [`Parts::avx512`] as well.
    ///
    /// [`Parts::avx512`]: crate::Parts::avx512
    #[must_use]
    pub fn with_avx512(self) -> Layout {
        Layout { avx512: true, ..self }
    }

    /// A digest of the module's bytes and the settings.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// SHA-256 of the module's bytes.
    pub fn module_digest(&self) -> &[u8; 32] {
        &self.module
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the memories' shape is the masked one.
    #[inline]
    pub fn masks(&self) -> bool {
        self.config.memory == MemoryShape::Masked
    }

    /// Whether memories and tables may move while code waits for a call.
    #[inline]
    pub fn moves(&self) -> bool {
        self.config.bases == Bases::MayMove
    }

    /// The signature of a type, if it is a function's.
    pub fn signature(&self, ty: u32) -> Option<&Signature> {
        self.types.get(ty as usize)?.as_ref()
    }

    /// Whether a type has a canonical id that code may read.
    pub(crate) fn has_id(&self, ty: u32) -> bool {
        (ty as usize) < self.types.len()
    }

    /// Whether code that is accepted may call functions of a type. The runtime has a way out for
    /// each such type.
    pub fn is_callable(&self, ty: u32) -> bool {
        self.convention(ty).is_some_and(|convention| convention.results.is_some())
    }

    /// The convention of a type, if it is a function's.
    pub(crate) fn convention(&self, ty: u32) -> Option<&Convention> {
        self.conventions.get(ty as usize)?.as_ref()
    }

    /// The first type that is equal to a type.
    pub fn canonical(&self, ty: u32) -> u32 {
        self.equals.first(ty)
    }

    /// Whether a value of the type `given` is one of `wanted`.
    pub fn takes(&self, wanted: Ty, given: Ty) -> bool {
        match (wanted, given) {
            (Ty::Ref(wanted), Ty::Ref(given)) => self.takes_ref(wanted, given),
            _ => wanted == given,
        }
    }

    /// Whether a reference of the type `given` is one of `wanted`.
    pub fn takes_ref(&self, wanted: RefType, given: RefType) -> bool {
        wanted.kind == given.kind
            && (wanted.nullable || !given.nullable)
            && match (wanted.heap, given.heap) {
                (Heap::Any, _) | (_, Heap::Nothing) => true,
                (Heap::Type(wanted), Heap::Type(given)) => self.equals.is_subtype(given, wanted),
                (Heap::Eq, Heap::Struct | Heap::Array | Heap::I31 | Heap::Type(_)) => true,
                (Heap::Struct, Heap::Type(ty)) => self.form(ty) == Form::Struct,
                (Heap::Array, Heap::Type(ty)) => self.form(ty) == Form::Array,
                (wanted, given) => planted!(AnyIsOfItsKind, wanted == given, true),
            }
    }

    /// The form of a type of the module.
    pub(crate) fn form(&self, ty: u32) -> Form {
        self.forms.get(ty as usize).copied().unwrap_or(Form::Func)
    }

    /// The type of a function of the index space, the first of those that are equal.
    pub fn func_type(&self, func: u32) -> Option<u32> {
        self.funcs.get(func as usize).map(|&ty| self.canonical(ty))
    }

    /// How many functions there are in the index space.
    pub fn funcs(&self) -> u32 {
        u32::try_from(self.funcs.len()).unwrap_or(u32::MAX)
    }

    /// How many functions are imported.
    pub fn imported_funcs(&self) -> u32 {
        self.imported_funcs
    }

    /// A memory.
    pub fn memory_type(&self, index: u32) -> Option<&Memory> {
        self.memories.get(index as usize)
    }

    /// A table.
    pub fn table_type(&self, index: u32) -> Option<&Table> {
        self.tables.get(index as usize)
    }

    /// A global.
    pub fn global_type(&self, index: u32) -> Option<&Global> {
        self.globals.get(index as usize)
    }

    /// The signature of a tag, whose parameters are the values of its exceptions.
    pub fn tag_type(&self, index: u32) -> Option<&Signature> {
        self.tags.get(index as usize).and_then(|&ty| self.signature(ty))
    }

    /// Bytes of a context.
    pub fn vmctx_bytes(&self) -> u32 {
        let defined = self.funcs.len().saturating_sub(self.imported_funcs as usize);
        self.defined_func(u32::try_from(defined).unwrap_or(u32::MAX))
    }

    /// The word that leads to the record of an imported function.
    pub fn imported_func(&self, index: u32) -> u32 {
        offsets::FIRST.saturating_add(index.saturating_mul(8))
    }

    /// The word that leads to the record of a memory.
    pub fn memory(&self, index: u32) -> u32 {
        self.imported_func(self.imported_funcs.saturating_add(index))
    }

    /// The word that leads to the record of a table.
    pub fn table(&self, index: u32) -> u32 {
        let before = u32::try_from(self.memories.len()).unwrap_or(u32::MAX);
        self.memory(before.saturating_add(index))
    }

    /// The word that leads to the cell of a global.
    pub fn global(&self, index: u32) -> u32 {
        let before = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        self.table(before.saturating_add(index))
    }

    /// The word that is the base of a memory.
    pub fn memory_base(&self, index: u32) -> u32 {
        let before = u32::try_from(self.globals.len()).unwrap_or(u32::MAX);
        self.global(before.saturating_add(index))
    }

    /// The word that is the base of a table.
    pub fn table_base(&self, index: u32) -> u32 {
        let before = u32::try_from(self.memories.len()).unwrap_or(u32::MAX);
        self.memory_base(before.saturating_add(index))
    }

    /// The word that is a copy of the length of a memory (L4).
    pub fn memory_len(&self, index: u32) -> u32 {
        let before = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        self.table_base(before.saturating_add(index))
    }

    /// Where the record of a defined function begins, counted among the defined ones (L5).
    pub fn defined_func(&self, index: u32) -> u32 {
        let before = u32::try_from(self.memories.len()).unwrap_or(u32::MAX);
        let bytes = index.saturating_mul(offsets::RECORD_BYTES);
        self.memory_len(before).saturating_add(bytes)
    }

    fn section(&mut self, payload: Payload<'_>) -> Result<(), &'static str> {
        const MALFORMED: &str = "malformed section";
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader {
                    let group: Vec<_> = group.map_err(|_| MALFORMED)?.into_types().collect();
                    self.equals.push(&group)?;
                    // Types may name later ones of the group.
                    self.forms.extend(group.iter().map(|ty| Form::of(&ty.composite_type.inner)));
                    for ty in group {
                        let object = self.values(&ty.composite_type.inner)?;
                        push(&mut self.objects, object)?;
                        let signature = match &ty.composite_type.inner {
                            CompositeInnerType::Func(f) => Some(Signature {
                                params: self.types(f.params())?,
                                results: self.types(f.results())?,
                            }),
                            CompositeInnerType::Array(_)
                            | CompositeInnerType::Struct(_)
                            | CompositeInnerType::Cont(_) => None,
                        };
                        self.push_type(signature)?;
                    }
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    self.import(import.map_err(|_| MALFORMED)?.ty)?;
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    push(&mut self.funcs, ty.map_err(|_| MALFORMED)?)?;
                }
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    self.push_table(&table.map_err(|_| MALFORMED)?.ty)?;
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader {
                    self.push_memory(&memory.map_err(|_| MALFORMED)?)?;
                }
            }
            Payload::TagSection(reader) => {
                for tag in reader {
                    push(&mut self.tags, tag.map_err(|_| MALFORMED)?.func_type_idx)?;
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader {
                    self.push_global(&global.map_err(|_| MALFORMED)?.ty)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef) -> Result<(), &'static str> {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.imported_funcs = self.imported_funcs.saturating_add(1);
                push(&mut self.funcs, ty)
            }
            TypeRef::Table(ty) => self.push_table(&ty),
            TypeRef::Memory(ty) => self.push_memory(&ty),
            TypeRef::Global(ty) => self.push_global(&ty),
            TypeRef::Tag(ty) => push(&mut self.tags, ty.func_type_idx),
        }
    }

    pub(crate) fn push_type(&mut self, signature: Option<Signature>) -> Result<(), &'static str> {
        push(&mut self.conventions, signature.as_ref().map(Convention::of))?;
        push(&mut self.types, signature)
    }

    fn types(&self, list: &[ValType]) -> Result<Vec<Ty>, &'static str> {
        list.iter().map(|&ty| self.value(ty)).collect()
    }

    pub(crate) fn value(&self, ty: ValType) -> Result<Ty, &'static str> {
        Ok(match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(ty) => match self.reference(ty)? {
                ty if self.is_number(ty) => Ty::I64,
                ty => Ty::Ref(ty),
            },
        })
    }

    /// A reference type; types are named by the first that is equal.
    pub(crate) fn reference(&self, ty: wasmparser::RefType) -> Result<RefType, &'static str> {
        let is = reference(ty, |ty| self.form(ty))?;
        let heap = match is.heap {
            Heap::Type(ty) => Heap::Type(self.canonical(ty)),
            other => other,
        };
        Ok(RefType { heap, ..is })
    }

    fn push_table(&mut self, ty: &wasmparser::TableType) -> Result<(), &'static str> {
        if ty.shared {
            return Err("shared table");
        }
        let element = self.reference(ty.element_type)?;
        self.wide |= ty.table64;
        let most = if ty.table64 { u64::MAX } else { u64::from(u32::MAX) };
        let max = ty.maximum.unwrap_or(most).min(most);
        let moves = self.moves();
        push(&mut self.tables, Table { ty: element, min: ty.initial, max, moves })
    }

    fn push_memory(&mut self, ty: &wasmparser::MemoryType) -> Result<(), &'static str> {
        let page = ty.page_size_log2.unwrap_or(16).min(16);
        // Its length is another one as soon as it is known: what is beyond it has to fault.
        if ty.shared && !self.config.signals {
            return Err("shared memory without signals");
        }
        if ty.shared && page != 16 {
            return Err("shared memory with pages of one byte");
        }
        self.wide |= ty.memory64;
        let bytes = |pages: u64| pages.checked_shl(page).filter(|b| b >> page == pages);
        let min_bytes = bytes(ty.initial).ok_or("memory beyond the address space")?;
        let most = if ty.memory64 { offsets::MEMORY_BYTES_MAX } else { 1 << 32 };
        let max_bytes = ty.maximum.and_then(bytes).unwrap_or(most).min(most).max(min_bytes);
        let plain = !ty.memory64 && page == 16;
        let zone_bytes = match self.config.memory {
            MemoryShape::Guard { reservation_bytes, guard_bytes } if plain => {
                reservation_bytes.saturating_add(guard_bytes)
            }
            MemoryShape::Guard { .. } | MemoryShape::Explicit | MemoryShape::Masked => 0,
        };
        let guard_bytes = if page == 16 { offsets::LENGTH_GUARD_BYTES } else { 0 };
        let moves = self.moves();
        push(&mut self.memories, Memory { min_bytes, max_bytes, zone_bytes, guard_bytes, moves })
    }

    fn push_global(&mut self, ty: &wasmparser::GlobalType) -> Result<(), &'static str> {
        if ty.shared {
            return Err("shared global");
        }
        let (ty, mutable) = (self.value(ty.content_type)?, ty.mutable);
        push(&mut self.globals, Global { ty, mutable })
    }
}

pub(crate) fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), &'static str> {
    if list.len() >= ITEMS_MAX {
        return Err("too many items");
    }
    list.push(item);
    Ok(())
}

/// A reference type; `form` says what a type describes.
fn reference(ty: wasmparser::RefType, form: impl Fn(u32) -> Form) -> Result<RefType, &'static str> {
    let (kind, heap) = match ty.heap_type() {
        HeapType::Abstract { ty: heap, shared: false } => match heap {
            AbstractHeapType::Func => (RefKind::Func, Heap::Any),
            AbstractHeapType::NoFunc => (RefKind::Func, Heap::Nothing),
            AbstractHeapType::Extern => (RefKind::Extern, Heap::Any),
            AbstractHeapType::NoExtern => (RefKind::Extern, Heap::Nothing),
            AbstractHeapType::Exn => (RefKind::Exn, Heap::Any),
            AbstractHeapType::NoExn => (RefKind::Exn, Heap::Nothing),
            AbstractHeapType::Any => (RefKind::Any, Heap::Any),
            AbstractHeapType::None => (RefKind::Any, Heap::Nothing),
            AbstractHeapType::Eq => (RefKind::Any, Heap::Eq),
            AbstractHeapType::Struct => (RefKind::Any, Heap::Struct),
            AbstractHeapType::Array => (RefKind::Any, Heap::Array),
            AbstractHeapType::I31 => (RefKind::Any, Heap::I31),
            AbstractHeapType::Cont | AbstractHeapType::NoCont => return Err("reference type"),
        },
        HeapType::Concrete(index) => match index.as_module_index() {
            Some(ty) if form(ty) == Form::Func => (RefKind::Func, Heap::Type(ty)),
            Some(ty) => (RefKind::Any, Heap::Type(ty)),
            None => return Err("reference type"),
        },
        HeapType::Abstract { shared: true, .. } | HeapType::Exact(_) => {
            return Err("reference type");
        }
    };
    Ok(RefType { kind, heap, nullable: ty.is_nullable() })
}

/// The settings as bytes, for the digest.
fn settings(config: &Config) -> Vec<u8> {
    let (shape, reservation, guard) = match config.memory {
        MemoryShape::Explicit => (0, 0, 0),
        MemoryShape::Guard { reservation_bytes, guard_bytes } => {
            (1, reservation_bytes, guard_bytes)
        }
        MemoryShape::Masked => (2, 0, 0),
    };
    let mut bytes = alloc::vec![shape];
    bytes.extend(reservation.to_le_bytes());
    bytes.extend(guard.to_le_bytes());
    bytes.push(u8::from(config.metering.fuel));
    bytes.push(u8::from(config.metering.epoch));
    bytes.push(config.cpu as u8);
    bytes.push(u8::from(config.signals));
    bytes.push(config.bases as u8);
    bytes
}
