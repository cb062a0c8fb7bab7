//! Imports against external values: the matching rules of the specification (4.5.2, 3.5
//! *matching*).
//!
//! Matching comes before any allocation. Sizes are compared as they are now, maxima as declared.
//! Types are compared resolved (`prova_module::TypeRegistry`): a function may be of a subtype, and
//! an immutable global may have a value of one; tables, tags and mutable globals are of the type
//! that is asked for.

use crate::memory::Memory;
use crate::store::Store;
use crate::table::Table;
use crate::value::Extern;
use crate::vm::FuncEntry;
use prova_module::{ExternType, GlobalType, Import, MemoryType, RefType, TableType, TypeId};
use std::fmt;

/// An import that cannot be satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// Which import of the module, counted from 0.
    pub import: usize,
    /// The module name it asks for.
    pub module: Box<str>,
    /// The item name it asks for.
    pub name: Box<str>,
    /// The mismatch.
    pub reason: LinkReason,
}

/// The mismatch of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkReason {
    /// Nothing of this name was given.
    Unknown,
    /// The given value has another type.
    Incompatible {
        /// The type that the module asks for.
        expected: String,
        /// The type of what was given.
        actual: String,
    },
}

impl LinkError {
    /// The error of import number `index`.
    pub fn new(index: usize, import: &Import, reason: LinkReason) -> LinkError {
        let Import { module, name, .. } = import;
        LinkError { import: index, module: module.clone(), name: name.clone(), reason }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkError { module, name, .. } = self;
        match &self.reason {
            LinkReason::Unknown => {
                write!(f, "unknown import: `{module}::{name}` has not been defined")
            }
            LinkReason::Incompatible { expected, actual } => write!(
                f,
                "incompatible import type for `{module}::{name}`: expected {expected}, found {actual}"
            ),
        }
    }
}

impl std::error::Error for LinkError {}

/// Compares the external values with the module's imports, in order.
///
/// `type_ids` are the identities of the module's types in the store.
pub(crate) fn check_imports(
    store: &Store,
    imports: &[Import],
    externs: &[Extern],
    type_ids: &[TypeId],
) -> Result<(), LinkError> {
    for (index, import) in imports.iter().enumerate() {
        let Some(&given) = externs.get(index) else {
            return Err(LinkError::new(index, import, LinkReason::Unknown));
        };
        if !matches(store, &import.kind, given, type_ids) {
            let expected = describe_expected(store, &import.kind, type_ids);
            let actual = describe(store, given);
            let reason = LinkReason::Incompatible { expected, actual };
            return Err(LinkError::new(index, import, reason));
        }
    }
    Ok(())
}

fn matches(store: &Store, expected: &ExternType, given: Extern, type_ids: &[TypeId]) -> bool {
    match (expected, given) {
        (ExternType::Func(ty), Extern::Func(addr)) => {
            let wanted = type_ids[ty.index()];
            let is = |entry: &FuncEntry| store.types.is_subtype(TypeId(entry.type_id), wanted);
            store.entries.get(addr.index()).is_some_and(is)
        }
        (ExternType::Table(ty), Extern::Table(addr)) => {
            let wanted = store.types.resolve_ref(ty.ref_type, type_ids);
            let matches = |table: &Table| table_matches(ty, wanted, table);
            store.tables.get(addr.index()).is_some_and(matches)
        }
        (ExternType::Memory(ty), Extern::Memory(addr)) => {
            store.memories.get(addr.index()).is_some_and(|memory| memory_matches(ty, memory))
        }
        (ExternType::Global(ty), Extern::Global(addr)) => {
            let matches = |given| global_matches(store, ty, given, type_ids);
            store.globals.get(addr.index()).is_some_and(matches)
        }
        (ExternType::Tag(ty), Extern::Tag(addr)) => {
            store.tags.get(addr.index()) == Some(&type_ids[ty.index()])
        }
        (
            ExternType::Func(_)
            | ExternType::Table(_)
            | ExternType::Memory(_)
            | ExternType::Global(_)
            | ExternType::Tag(_),
            _,
        ) => false,
    }
}

fn global_matches(
    store: &Store,
    expected: &GlobalType,
    given: &GlobalType,
    type_ids: &[TypeId],
) -> bool {
    let val = store.types.resolve(expected.val, type_ids);
    let matches = match expected.mutable {
        true => given.val == val,
        false => store.types.val_matches(given.val, val),
    };
    given.mutable == expected.mutable && matches
}

/// Elements are of the resolved type `wanted`.
fn table_matches(expected: &TableType, wanted: RefType, given: &Table) -> bool {
    let TableType { min, max, table64, .. } = *expected;
    let ty = given.ty();
    wanted == ty.ref_type && table64 == ty.table64 && limits_match(min, max, given.size(), ty.max)
}

fn memory_matches(expected: &MemoryType, given: &Memory) -> bool {
    let MemoryType { min, max, memory64, shared, page_size_log2 } = *expected;
    let ty = given.ty();
    memory64 == ty.memory64
        && shared == ty.shared
        && page_size_log2 == ty.page_size_log2
        && limits_match(min, max, given.pages(), ty.max)
}

/// The specification's limits matching: at least `min`, and no more to come than `max`.
fn limits_match(min: u64, max: Option<u64>, size: u64, size_max: Option<u64>) -> bool {
    size >= min && max.is_none_or(|max| size_max.is_some_and(|size_max| size_max <= max))
}

fn describe_expected(store: &Store, expected: &ExternType, type_ids: &[TypeId]) -> String {
    match expected {
        ExternType::Func(ty) => format!("func {}", store.types.get(type_ids[ty.index()])),
        ExternType::Table(ty) => table_text(ty),
        ExternType::Memory(ty) => memory_text(ty),
        ExternType::Global(ty) => global_text(ty),
        ExternType::Tag(ty) => format!("tag {}", store.types.get(type_ids[ty.index()])),
    }
}

fn describe(store: &Store, given: Extern) -> String {
    let text = match given {
        Extern::Func(addr) => {
            store.entries.get(addr.index()).map(|_| format!("func {}", store.func_type(addr)))
        }
        Extern::Table(addr) => {
            store.tables.get(addr.index()).map(|_| table_text(&store.table_type(addr)))
        }
        Extern::Memory(addr) => {
            store.memories.get(addr.index()).map(|_| memory_text(&store.memory_type(addr)))
        }
        Extern::Global(addr) => store.globals.get(addr.index()).map(global_text),
        Extern::Tag(addr) => {
            store.tags.get(addr.index()).map(|_| format!("tag {}", store.tag_type(addr)))
        }
    };
    text.unwrap_or_else(|| format!("a {} of another store", given.kind()))
}

fn table_text(ty: &TableType) -> String {
    let TableType { ref_type, min, max, table64 } = *ty;
    format!("table{} {} {ref_type}", if table64 { " i64" } else { "" }, limits_text(min, max))
}

fn memory_text(ty: &MemoryType) -> String {
    let MemoryType { min, max, memory64, shared, page_size_log2 } = *ty;
    let address = if memory64 { " i64" } else { "" };
    let shared = if shared { " shared" } else { "" };
    let page =
        if page_size_log2 == 16 { String::new() } else { format!(" pagesize 2^{page_size_log2}") };
    format!("memory{address} {}{page}{shared}", limits_text(min, max))
}

fn limits_text(min: u64, max: Option<u64>) -> String {
    max.map_or_else(|| min.to_string(), |max| format!("{min} {max}"))
}

fn global_text(ty: &GlobalType) -> String {
    let GlobalType { val, mutable } = *ty;
    if mutable { format!("global (mut {val})") } else { format!("global {val}") }
}
