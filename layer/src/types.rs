//! Types of Prova ↔ types of the layer.
//!
//! The layer has the types of WebAssembly 2.0 without vectors. Towards it:
//!
//! 1. A reference to a function of a known type, or one that is never null, has the wider type
//!    `funcref`; a never-null reference to a value of the host is an `externref`. Prova still
//!    compares values with the true types.
//! 2. Everything else without a counterpart is an error: `v128`, `exnref`, tags, 64-bit memories
//!    and tables, pages of another size than 64 KiB.

use prova::{HeapType, Mutability, RefType, Result, ValType, bail};
use wasm_runtime_layer::{ExternType, FuncType, GlobalType, MemoryType, TableType, ValueType};

const PAGE_BYTES: u64 = 1 << 16;

/// The type of the layer for a value of this type.
pub(crate) fn value_type_of(ty: &ValType) -> Result<ValueType> {
    Ok(match ty {
        ValType::I32 => ValueType::I32,
        ValType::I64 => ValueType::I64,
        ValType::F32 => ValueType::F32,
        ValType::F64 => ValueType::F64,
        ValType::Ref(ty) => return ref_type_of(ty),
        ValType::V128 => return no_type(ty),
    })
}

fn ref_type_of(ty: &RefType) -> Result<ValueType> {
    match ty.heap_type().top() {
        HeapType::Func => Ok(ValueType::FuncRef),
        HeapType::Extern => Ok(ValueType::ExternRef),
        _ => no_type(ty),
    }
}

fn no_type<T>(what: impl std::fmt::Display) -> Result<T> {
    bail!("wasm_runtime_layer has no type for `{what}`")
}

/// The type of the layer for a function of this type.
fn func_type_of(ty: &prova::FuncType) -> Result<FuncType> {
    let all = |types: &mut dyn Iterator<Item = ValType>| {
        types.map(|ty| value_type_of(&ty)).collect::<Result<Vec<_>>>()
    };
    Ok(FuncType::new(all(&mut ty.params())?, all(&mut ty.results())?))
}

/// The same where no error can be returned: types without a counterpart are shown as `externref`.
/// Only a function that the host got from a table, a global or a call can have one.
pub(crate) fn func_type_shown(ty: &prova::FuncType) -> FuncType {
    let shown = |ty: ValType| value_type_of(&ty).unwrap_or(ValueType::ExternRef);
    FuncType::new(ty.params().map(shown), ty.results().map(shown))
}

pub(crate) fn global_type_of(ty: &prova::GlobalType) -> Result<GlobalType> {
    Ok(GlobalType::new(value_type_of(ty.content())?, ty.mutability() == Mutability::Var))
}

pub(crate) fn memory_type_of(ty: &prova::MemoryType) -> Result<MemoryType> {
    if ty.is_64() || ty.page_size() != PAGE_BYTES {
        return no_type(prova::ExternType::Memory(ty.clone()));
    }
    let max = ty.maximum().map(u32::try_from).transpose()?;
    Ok(MemoryType::new(u32::try_from(ty.minimum())?, max))
}

pub(crate) fn table_type_of(ty: &prova::TableType) -> Result<TableType> {
    if ty.is_64() {
        return no_type(prova::ExternType::Table(ty.clone()));
    }
    let min = u32::try_from(ty.minimum())?;
    // `TableType::new` panics for a maximum below the minimum, which no valid type has.
    let max = ty.maximum().map(u32::try_from).transpose()?.map(|max| max.max(min));
    Ok(TableType::new(ref_type_of(ty.element())?, min, max))
}

/// The type of the layer for an import or export of this type.
pub(crate) fn extern_type_of(ty: &prova::ExternType) -> Result<ExternType> {
    Ok(match ty {
        prova::ExternType::Func(ty) => ExternType::Func(func_type_of(ty)?),
        prova::ExternType::Global(ty) => ExternType::Global(global_type_of(ty)?),
        prova::ExternType::Memory(ty) => ExternType::Memory(memory_type_of(ty)?),
        prova::ExternType::Table(ty) => ExternType::Table(table_type_of(ty)?),
        other => return no_type(other),
    })
}

pub(crate) fn value_type_to_prova(ty: ValueType) -> ValType {
    match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
        ValueType::F32 => ValType::F32,
        ValueType::F64 => ValType::F64,
        ValueType::FuncRef => ValType::FUNCREF,
        ValueType::ExternRef => ValType::EXTERNREF,
    }
}

pub(crate) fn func_type_to_prova(engine: &prova::Engine, ty: &FuncType) -> prova::FuncType {
    let all = |types: &[ValueType]| types.iter().map(|&ty| value_type_to_prova(ty)).collect();
    let (params, results): (Vec<ValType>, Vec<ValType>) = (all(ty.params()), all(ty.results()));
    prova::FuncType::new(engine, params, results)
}

pub(crate) fn table_type_to_prova(ty: &TableType) -> Result<prova::TableType> {
    match value_type_to_prova(ty.element()) {
        ValType::Ref(element) => Ok(prova::TableType::new(element, ty.minimum(), ty.maximum())),
        other => bail!("a table of `{other}`: elements of a table are references"),
    }
}
