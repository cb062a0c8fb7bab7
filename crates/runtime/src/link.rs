//! Imports against external values: the matching rules of the specification (4.5.2, 3.5
//! *matching*).
//!
//! Matching comes before any allocation. Sizes are compared as they are now, maxima as declared.
//! Types are compared resolved (`prova_module::TypeRegistry`): a function may be of a subtype, and
//! an immutable global may have a value of one; tables, tags and mutable globals are of the type
//! that is asked for.

use crate::link_text::{cut, global_text, memory_text, table_text, type_of};
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
            let expected = expected_text(store, &import.kind, type_ids);
            let mut actual = given_text(store, given);
            if actual == expected {
                actual = "another type with the same text".to_owned();
            }
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

/// The type that an import asks for; `type_ids` are the identities of the module's types.
fn expected_text(store: &Store, expected: &ExternType, type_ids: &[TypeId]) -> String {
    let types = &store.types;
    let text = match expected {
        ExternType::Func(ty) => format!("func {}", type_of(types, type_ids[ty.index()])),
        ExternType::Table(ty) => {
            let ref_type = types.resolve_ref(ty.ref_type, type_ids);
            table_text(types, &TableType { ref_type, ..*ty })
        }
        ExternType::Memory(ty) => memory_text(ty),
        ExternType::Global(ty) => {
            let val = types.resolve(ty.val, type_ids);
            global_text(types, &GlobalType { val, ..*ty })
        }
        ExternType::Tag(ty) => format!("tag {}", type_of(types, type_ids[ty.index()])),
    };
    cut(&text)
}

/// The type of what was given.
fn given_text(store: &Store, given: Extern) -> String {
    let types = &store.types;
    let text = match given {
        Extern::Func(addr) => {
            let entry = store.entries.get(addr.index());
            entry.map(|entry| format!("func {}", type_of(types, TypeId(entry.type_id))))
        }
        Extern::Table(addr) => {
            store.tables.get(addr.index()).map(|_| table_text(types, &store.table_type(addr)))
        }
        Extern::Memory(addr) => {
            store.memories.get(addr.index()).map(|_| memory_text(&store.memory_type(addr)))
        }
        Extern::Global(addr) => store.globals.get(addr.index()).map(|ty| global_text(types, ty)),
        Extern::Tag(addr) => {
            store.tags.get(addr.index()).map(|id| format!("tag {}", type_of(types, *id)))
        }
    };
    cut(&text.unwrap_or_else(|| format!("a {} of another store", given.kind())))
}
