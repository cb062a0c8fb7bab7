//! The Wasm module: what its compiled code may assume of types, functions, memories, tables and
//! globals.
//!
//! Types are in the order in which Wasmtime interns them: each once, by their first occurrence; and
//! behind a type the type of its trampolines, where that is another and not there as one yet.

use crate::error::Error;
use prova_check::{Global, Heap, ITEMS_MAX, RefKind, RefType, Signature, Ty};
use std::collections::{BTreeMap, BTreeSet};
use wasmparser::{
    AbstractHeapType, CompositeInnerType, HeapType, Parser, Payload, RefType as WasmRef, TypeRef,
    ValType,
};

/// The parts of a module, imported and defined.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Each type once.
    pub(crate) types: Vec<Option<Signature>>,
    /// For each type of the module its place in `types`.
    interned: Vec<u32>,
    firsts: BTreeMap<Signature, u32>,
    /// The types of trampolines so far.
    trampolines: BTreeSet<Signature>,
    pub(crate) funcs: Vec<u32>,
    pub(crate) imported_funcs: u32,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) imported_memories: u32,
    pub(crate) tables: Vec<TableType>,
    pub(crate) imported_tables: u32,
    pub(crate) globals: Vec<Global>,
    pub(crate) imported_globals: u32,
    pub(crate) imported_tags: u32,
    /// Tags that are not imported.
    pub(crate) tags: u32,
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
    /// Whether its addresses have 32 bits and its pages 64 KiB.
    pub(crate) is_plain: bool,
}

/// A table's type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableType {
    pub(crate) ty: RefType,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

type Read<T> = Result<T, &'static str>;

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
                    let mut types = group.map_err(|_| MALFORMED)?.into_types();
                    let (Some(ty), None) = (types.next(), types.next()) else {
                        return Err("a group of several types");
                    };
                    let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
                        return Err("a type that is no function's");
                    };
                    if !ty.is_final || !ty.supertype_idxs.is_empty() {
                        return Err("a type with subtypes");
                    }
                    let signature = Signature {
                        params: self.values(func.params())?,
                        results: self.values(func.results())?,
                    };
                    self.intern(signature)?;
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
                    self.table(&table.map_err(|_| MALFORMED)?.ty)?;
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader {
                    self.memory(&memory.map_err(|_| MALFORMED)?)?;
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader {
                    self.global(&global.map_err(|_| MALFORMED)?.ty)?;
                }
            }
            Payload::TagSection(reader) => self.tags = reader.count(),
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef) -> Read<()> {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
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
            TypeRef::Tag(_) => {
                self.imported_tags += 1;
                Ok(())
            }
        }
    }

    fn intern(&mut self, signature: Signature) -> Read<()> {
        let next = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        let first = *self.firsts.entry(signature.clone()).or_insert(next);
        if first == next {
            let trampoline = trampoline(&signature);
            let other = trampoline != signature;
            push(&mut self.types, Some(signature))?;
            if self.trampolines.insert(trampoline.clone()) && other {
                // A type of the module that is the same comes again, with the same canonical id.
                push(&mut self.types, Some(trampoline))?;
            }
        }
        push(&mut self.interned, first)
    }

    fn interned(&self, ty: u32) -> Read<u32> {
        self.interned.get(ty as usize).copied().ok_or("a type that is not there")
    }

    fn values(&self, types: &[ValType]) -> Read<Vec<Ty>> {
        types.iter().map(|&ty| self.value(ty)).collect()
    }

    fn value(&self, ty: ValType) -> Read<Ty> {
        Ok(match ty {
            ValType::I32 => Ty::I32,
            ValType::I64 => Ty::I64,
            ValType::F32 => Ty::F32,
            ValType::F64 => Ty::F64,
            ValType::V128 => Ty::V128,
            ValType::Ref(ty) => Ty::Ref(self.reference(ty)?),
        })
    }

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
        if ty.shared || ty.table64 {
            return Err("a shared table, or one with 64-bit indices");
        }
        let element = self.reference(ty.element_type)?;
        let max = ty.maximum.unwrap_or(u64::from(u32::MAX));
        push(&mut self.tables, TableType { ty: element, min: ty.initial, max })
    }

    fn memory(&mut self, ty: &wasmparser::MemoryType) -> Read<()> {
        if ty.shared {
            return Err("a shared memory");
        }
        let page = ty.page_size_log2.unwrap_or(16).min(16);
        let bytes = |pages: u64| pages.checked_shl(page).filter(|bytes| bytes >> page == pages);
        let min_bytes = bytes(ty.initial).ok_or("a memory beyond the address space")?;
        let most = if ty.memory64 { u64::MAX } else { 1 << 32 };
        let max_bytes = ty.maximum.and_then(bytes).unwrap_or(most).min(most).max(min_bytes);
        let memory = MemoryType {
            min_bytes,
            max_bytes,
            is_fixed: ty.maximum == Some(ty.initial),
            is_plain: !ty.memory64 && page == 16,
        };
        push(&mut self.memories, memory)
    }

    fn global(&mut self, ty: &wasmparser::GlobalType) -> Read<()> {
        if ty.shared {
            return Err("a shared global");
        }
        let global = Global { ty: self.value(ty.content_type)?, mutable: ty.mutable };
        push(&mut self.globals, global)
    }
}

/// The type of the trampolines of a type: each reference becomes any, or null.
fn trampoline(signature: &Signature) -> Signature {
    let any = |ty: &Ty| match *ty {
        Ty::Ref(_) => Ty::Ref(RefType::FUNC),
        ty => ty,
    };
    Signature {
        params: signature.params.iter().map(any).collect(),
        results: signature.results.iter().map(any).collect(),
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
