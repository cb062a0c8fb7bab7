//! The Wasm module: what its compiled code may assume of types, functions, memories, tables and
//! globals.
//!
//! Types are in the order in which Wasmtime interns them: each once, by their first occurrence; and
//! behind a type the type of its trampolines, where that is another and not there as one yet.
//! Behind them those of exceptions, one for all tags with the same values.

use crate::error::Error;
use prova_check::offsets::MEMORY_BYTES_MAX;
use prova_check::{Global, Heap, ITEMS_MAX, RefKind, RefType, Signature, Ty};
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    AbstractHeapType, CompositeInnerType, ConstExpr, Element, ElementItems, ElementKind, Export,
    ExternalKind, HeapType, Operator, Parser, Payload, RecGroup, RefType as WasmRef, TableInit,
    TypeRef, ValType,
};

/// The parts of a module, imported and defined.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Each type once.
    pub(crate) types: Vec<Option<Signature>>,
    /// For each type of the module its place in `types`.
    interned: Vec<u32>,
    firsts: BTreeMap<Type, u32>,
    /// The types of trampolines so far.
    trampolines: BTreeSet<Type>,
    pub(crate) funcs: Vec<u32>,
    pub(crate) imported_funcs: u32,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) imported_memories: u32,
    pub(crate) tables: Vec<TableType>,
    pub(crate) imported_tables: u32,
    /// Whether indices of a memory or a table have 64 bits.
    pub(crate) is_wide: bool,
    pub(crate) globals: Vec<Global>,
    pub(crate) imported_globals: u32,
    /// For each tag the type that its exceptions' values are parameters of.
    pub(crate) tags: Vec<u32>,
    pub(crate) imported_tags: u32,
    /// The types of parameters whose exceptions have a type.
    thrown: BTreeSet<u32>,
    /// The functions that the host has records of: those that are imported, exported, in an element
    /// segment, or named by what a global or a table begins with.
    pub(crate) escaped: BTreeSet<u32>,
    /// The type and number of elements of each passive element segment; none of those that are no
    /// references to functions.
    pub(crate) passive: Vec<(RefType, u32)>,
}

/// A memory's type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryType {
    /// Its least length, in bytes.
    pub(crate) min_bytes: u64,
    /// Its greatest length, in bytes.
    pub(crate) max_bytes: u64,
    /// Whether it has a maximum, and that is its minimum.
    pub(crate) is_fixed: bool,
    /// Whether its pages have 64 KiB.
    pub(crate) is_paged: bool,
}

/// A table's type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableType {
    pub(crate) ty: RefType,
    pub(crate) min: u64,
    pub(crate) max: u64,
    /// Whether it has a maximum, and that is its minimum.
    pub(crate) is_fixed: bool,
}

/// Elements of a table at most: they lie in the address space of a process.
pub(crate) const TABLE_MAX: u64 = MEMORY_BYTES_MAX >> 3;

type Read<T> = Result<T, &'static str>;

/// A type of values, as the host tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Numbers, and references to functions.
    Plain(Ty),
    /// A reference to an exception. Code gets a number of 32 bits, and so does the host: it looks
    /// into its heap with any number.
    Exception {
        /// Whether it is of the type that no exception has.
        nothing: bool,
        /// Whether it may be null.
        nullable: bool,
    },
}

/// A function's type, in the same way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Type {
    params: Vec<Kind>,
    results: Vec<Kind>,
}

impl Kind {
    /// The type as code has it.
    fn ty(self) -> Ty {
        match self {
            Kind::Plain(ty) => ty,
            Kind::Exception { .. } => Ty::I32,
        }
    }

    /// The type in trampolines: each reference becomes any of its kind, or null.
    fn of_trampoline(self) -> Kind {
        match self {
            Kind::Plain(Ty::Ref(_)) => Kind::Plain(Ty::Ref(RefType::FUNC)),
            Kind::Plain(_) => self,
            Kind::Exception { .. } => Kind::Exception { nothing: false, nullable: true },
        }
    }
}

impl Type {
    fn signature(&self) -> Signature {
        let all = |list: &[Kind]| list.iter().map(|kind| kind.ty()).collect();
        Signature { params: all(&self.params), results: all(&self.results) }
    }

    fn of_trampoline(&self) -> Type {
        let all = |list: &[Kind]| list.iter().map(|kind| kind.of_trampoline()).collect();
        Type { params: all(&self.params), results: all(&self.results) }
    }
}

impl Module {
    /// Reads a module. It is not validated.
    pub(crate) fn read(wasm: &[u8]) -> Result<Module, Error> {
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(|error| {
                Error::wasm(&format!("offset {:#x}", error.offset()), error.message())
            })?;
            let offset = payload.as_section().map_or(0, |(_, range)| range.start);
            module
                .section(payload)
                .map_err(|what| Error::wasm(&format!("offset {offset:#x}"), what))?;
        }
        Ok(module)
    }

    fn section(&mut self, payload: Payload<'_>) -> Read<()> {
        const MALFORMED: &str = "malformed section";
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader {
                    self.group(group.map_err(|_| MALFORMED)?)?;
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    self.import(import.map_err(|_| MALFORMED)?.ty)?;
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    let ty = self.interned(ty.map_err(|_| MALFORMED)?)?;
                    push(&mut self.funcs, ty)?;
                }
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    let table = table.map_err(|_| MALFORMED)?;
                    self.table(&table.ty)?;
                    if let TableInit::Expr(init) = &table.init {
                        self.escape(init)?;
                    }
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader {
                    self.memory(&memory.map_err(|_| MALFORMED)?)?;
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader {
                    let global = global.map_err(|_| MALFORMED)?;
                    self.global(&global.ty)?;
                    self.escape(&global.init_expr)?;
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let Export { kind, index, .. } = export.map_err(|_| MALFORMED)?;
                    if matches!(kind, ExternalKind::Func | ExternalKind::FuncExact) {
                        self.escaped.insert(index);
                    }
                }
            }
            Payload::ElementSection(reader) => {
                for segment in reader {
                    self.element(segment.map_err(|_| MALFORMED)?)?;
                }
            }
            Payload::TagSection(reader) => {
                for tag in reader {
                    self.tag(tag.map_err(|_| MALFORMED)?.func_type_idx)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn group(&mut self, group: RecGroup) -> Read<()> {
        let mut types = group.into_types();
        let (Some(ty), None) = (types.next(), types.next()) else {
            return Err("a group of several types");
        };
        let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
            return Err("a type that is no function's");
        };
        if !ty.is_final || !ty.supertype_idxs.is_empty() {
            return Err("a type with subtypes");
        }
        let params = self.values(func.params())?;
        let results = self.values(func.results())?;
        self.intern(Type { params, results })
    }

    fn import(&mut self, ty: TypeRef) -> Read<()> {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.escaped.insert(self.imported_funcs);
                self.imported_funcs += 1;
                let ty = self.interned(ty)?;
                push(&mut self.funcs, ty)
            }
            TypeRef::Table(ty) => {
                self.imported_tables += 1;
                self.table(&ty)
            }
            TypeRef::Memory(ty) => {
                self.imported_memories += 1;
                self.memory(&ty)
            }
            TypeRef::Global(ty) => {
                self.imported_globals += 1;
                self.global(&ty)
            }
            TypeRef::Tag(ty) => {
                self.imported_tags += 1;
                self.tag(ty.func_type_idx)
            }
        }
    }

    fn intern(&mut self, ty: Type) -> Read<()> {
        let next = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        let first = *self.firsts.entry(ty.clone()).or_insert(next);
        if first == next {
            let trampoline = ty.of_trampoline();
            let other = trampoline != ty;
            push(&mut self.types, Some(ty.signature()))?;
            let signature = trampoline.signature();
            if self.trampolines.insert(trampoline) && other {
                // A type of the module that is the same comes again, with the same canonical id.
                push(&mut self.types, Some(signature))?;
            }
        }
        push(&mut self.interned, first)
    }

    /// A tag. The exceptions of those with one type have a type, which is no function's.
    fn tag(&mut self, ty: u32) -> Read<()> {
        let ty = self.interned(ty)?;
        if self.thrown.insert(ty) {
            push(&mut self.types, None)?;
        }
        push(&mut self.tags, ty)
    }

    fn interned(&self, ty: u32) -> Read<u32> {
        self.interned.get(ty as usize).copied().ok_or("a type that is not there")
    }

    /// Whether a function's type has references to exceptions.
    pub(crate) fn has_exceptions(&self) -> bool {
        let is = |kind: &Kind| matches!(kind, Kind::Exception { .. });
        self.firsts.keys().any(|ty| ty.params.iter().chain(&ty.results).any(is))
    }

    fn values(&self, types: &[ValType]) -> Read<Vec<Kind>> {
        types.iter().map(|&ty| self.kind(ty)).collect()
    }

    fn kind(&self, ty: ValType) -> Read<Kind> {
        Ok(Kind::Plain(match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(ty) => {
                if let Some(nothing) = is_nothing(ty) {
                    return Ok(Kind::Exception { nothing, nullable: ty.is_nullable() });
                }
                Ty::Ref(self.reference(ty)?)
            }
        }))
    }

    /// A type of elements of tables and of globals. References to exceptions have no rule there:
    /// code keeps counts of them.
    fn reference(&self, ty: WasmRef) -> Read<RefType> {
        let heap = match ty.heap_type() {
            HeapType::Abstract { shared: false, ty: AbstractHeapType::Func } => Heap::Any,
            HeapType::Abstract { shared: false, ty: AbstractHeapType::NoFunc } => Heap::Nothing,
            HeapType::Concrete(index) => match index.as_module_index() {
                Some(ty) => Heap::Type(self.interned(ty)?),
                None => return Err("a reference type"),
            },
            HeapType::Abstract { .. } | HeapType::Exact(_) => {
                return Err("references that are not to functions");
            }
        };
        Ok(RefType { kind: RefKind::Func, heap, nullable: ty.is_nullable() })
    }

    fn table(&mut self, ty: &wasmparser::TableType) -> Read<()> {
        if ty.shared {
            return Err("a shared table");
        }
        let element = self.reference(ty.element_type)?;
        self.is_wide |= ty.table64;
        let most = if ty.table64 { TABLE_MAX } else { u64::from(u32::MAX) };
        let max = ty.maximum.map_or(most, |max| if ty.table64 { max.min(TABLE_MAX) } else { max });
        let (min, is_fixed) = (ty.initial, ty.maximum == Some(ty.initial));
        if min > max {
            return Err("a table beyond the address space");
        }
        push(&mut self.tables, TableType { ty: element, min, max, is_fixed })
    }

    /// The functions that a constant expression names.
    fn escape(&mut self, init: &ConstExpr<'_>) -> Read<()> {
        for operator in init.get_operators_reader() {
            if let Operator::RefFunc { function_index } =
                operator.map_err(|_| "malformed expression")?
            {
                self.escaped.insert(function_index);
            }
        }
        Ok(())
    }

    fn element(&mut self, segment: Element<'_>) -> Read<()> {
        const MALFORMED: &str = "malformed element";
        let (ty, count) = match segment.items {
            ElementItems::Functions(funcs) => {
                let count = funcs.count();
                for func in funcs {
                    self.escaped.insert(func.map_err(|_| MALFORMED)?);
                }
                (Some(RefType::FUNC), count)
            }
            ElementItems::Expressions(ty, items) => {
                let count = items.count();
                for item in items {
                    self.escape(&item.map_err(|_| MALFORMED)?)?;
                }
                (self.reference(ty).ok(), count)
            }
        };
        match segment.kind {
            ElementKind::Passive => {
                push(&mut self.passive, ty.map_or((RefType::FUNC, 0), |ty| (ty, count)))
            }
            ElementKind::Active { .. } | ElementKind::Declared => Ok(()),
        }
    }

    fn memory(&mut self, ty: &wasmparser::MemoryType) -> Read<()> {
        if ty.shared {
            return Err("a shared memory");
        }
        self.is_wide |= ty.memory64;
        let page = ty.page_size_log2.unwrap_or(16).min(16);
        let bytes = |pages: u64| pages.checked_shl(page).filter(|bytes| bytes >> page == pages);
        let min_bytes = bytes(ty.initial).ok_or("a memory beyond the address space")?;
        let most = if ty.memory64 { u64::MAX } else { 1 << 32 };
        let max_bytes = ty.maximum.and_then(bytes).unwrap_or(most).min(most).max(min_bytes);
        let memory = MemoryType {
            min_bytes,
            max_bytes,
            is_fixed: ty.maximum == Some(ty.initial),
            is_paged: page == 16,
        };
        push(&mut self.memories, memory)
    }

    fn global(&mut self, ty: &wasmparser::GlobalType) -> Read<()> {
        if ty.shared {
            return Err("a shared global");
        }
        let Kind::Plain(content) = self.kind(ty.content_type)? else {
            return Err("a global with references that are not to functions");
        };
        push(&mut self.globals, Global { ty: content, mutable: ty.mutable })
    }
}

/// Of the type of a reference to an exception whether no exception has it. Things of the host have
/// no rule: code could make a reference to one that it was never given.
fn is_nothing(ty: WasmRef) -> Option<bool> {
    match ty.heap_type() {
        HeapType::Abstract { shared: false, ty: AbstractHeapType::Exn } => Some(false),
        HeapType::Abstract { shared: false, ty: AbstractHeapType::NoExn } => Some(true),
        _ => None,
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Read<()> {
    if list.len() >= ITEMS_MAX {
        return Err("too many items");
    }
    list.push(item);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The indices are those that Wasmtime 48 compiles comparisons of types with.
    #[test]
    fn types_of_trampolines_are_interned_among_the_others() {
        let wasm = wat::parse_str(
            "(module
                (type $a (func))
                (type (func (param (ref $a))))
                (type (func (param i32)))
                (type (func (param funcref)))
                (type (func (result (ref null $a))))
                (type (func (param (ref null $a))))
                (type (func (param i32))))",
        );
        let module = Module::read(&wasm.unwrap()).unwrap();
        assert_eq!(module.interned, [0, 1, 3, 4, 5, 7, 3]);
        assert_eq!(module.types.len(), 8);
        // Behind the type that they are of.
        let any = vec![Ty::Ref(RefType::FUNC)];
        let (params, results) = (any.clone(), Vec::new());
        assert_eq!(module.types[2], Some(Signature { params, results }));
        let (params, results) = (Vec::new(), any);
        assert_eq!(module.types[6], Some(Signature { params, results }));
    }
}
