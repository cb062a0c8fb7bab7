//! Named limits on the contents of a store: counts, sizes, depths. They hold for modules and hosts
//! alike.
//!
//! `store`, `instantiate`, `memory` and `table` compare before they allocate. A module that needs
//! more at its start is refused with the limit's name; growth beyond a limit fails as the
//! specification allows (−1). `docs/semantics.md` lists them. The tests of `tests/store/limits.rs`
//! stand on both sides of each.

/// The least logical stack limit, in bytes: a smaller
/// [`stack_bytes`](crate::StoreConfig::stack_bytes) counts as this.
pub const STACK_BYTES_MIN: u64 = 1 << 10;

/// The greatest logical stack limit, in bytes (1 GiB): a greater one counts as this.
pub const STACK_BYTES_MAX: u64 = 1 << 30;

/// Maximum numbers and sizes of the objects of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one memory.
    pub memory_bytes_max: u64,
    /// Elements of one table.
    pub table_elements_max: u64,
    /// Bytes of all memories, tables, exceptions and objects together: pages and elements that they
    /// have, 8 bytes for an element, and for each cell that an exception takes (8, and its values);
    /// of objects the pages that they lie in, and what the store notes of these.
    pub store_bytes_max: u64,
    /// Bytes of all objects: structures and arrays.
    pub heap_bytes_max: u64,
    /// Instances.
    pub instances_max: u64,
    /// Memories, those of the host included.
    pub memories_max: u64,
    /// Tables, those of the host included.
    pub tables_max: u64,
    /// Globals, those of the host included.
    pub globals_max: u64,
    /// Tags, those of the host included.
    pub tags_max: u64,
    /// Functions, those of the host included. Values above 2^31 count as 2^31.
    pub funcs_max: u64,
}

impl Limits {
    /// The greatest size of one memory in bytes (64 GiB), and of one table. A greater
    /// [`Limits::memory_bytes_max`] has no effect: the address space is reserved.
    pub const MEMORY_BYTES_MAX: u64 = 64 << 30;

    /// The greatest size of one table in elements. A greater [`Limits::table_elements_max`] has no
    /// effect.
    pub const TABLE_ELEMENTS_MAX: u64 = Limits::MEMORY_BYTES_MAX / 8;

    /// The greatest number of functions of a store. A greater [`Limits::funcs_max`] has no effect.
    pub const FUNCS_MAX: u64 = 1 << 31;
}

impl Default for Limits {
    /// A memory of 16 GiB and a table of 10,000,000 elements (JavaScript API,
    /// *implementation-defined limits*); together 5 GiB: the greatest memory with 32-bit addresses,
    /// and 1 GiB beside it, which objects may take, and more; 10,000 instances, memories and tables
    /// each, as Wasmtime's default; 10,000,000 globals, tags and functions.
    fn default() -> Limits {
        Limits {
            memory_bytes_max: 16 << 30,
            table_elements_max: 10_000_000,
            store_bytes_max: 5 << 30,
            heap_bytes_max: 4 << 30,
            instances_max: 10_000,
            memories_max: 10_000,
            tables_max: 10_000,
            globals_max: 10_000_000,
            tags_max: 10_000_000,
            funcs_max: 10_000_000,
        }
    }
}

/// The noun that each limit counts, as its message says it. `types_max` is fixed
/// (`prova_module::TypeRegistry`).
const COUNTED: [(&str, &str); 11] = [
    ("memory_bytes_max", "bytes of one memory"),
    ("table_elements_max", "elements of one table"),
    ("store_bytes_max", "bytes of all memories, tables, exceptions and objects"),
    ("heap_bytes_max", "bytes of all objects"),
    ("instances_max", "instances"),
    ("memories_max", "memories"),
    ("tables_max", "tables"),
    ("globals_max", "globals"),
    ("tags_max", "tags"),
    ("funcs_max", "functions"),
    ("types_max", "function types"),
];

/// The noun that the limit of this name counts.
pub(crate) fn counted(name: &str) -> &'static str {
    COUNTED.iter().find(|(known, _)| *known == name).map_or("units", |(_, counted)| counted)
}

/// Refuses `actual` objects where `max` are allowed.
pub(crate) fn check(name: &'static str, max: u64, actual: u64) -> Result<(), LimitExceeded> {
    if actual <= max { Ok(()) } else { Err(LimitExceeded { name, max, actual }) }
}

/// A limit that would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitExceeded {
    pub(crate) name: &'static str,
    pub(crate) max: u64,
    pub(crate) actual: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field of [`Limits`] stands in the table: its names are those of the structure.
    #[test]
    fn every_limit_says_what_it_counts() {
        let debug = format!("{:?}", Limits::default());
        let fields: Vec<&str> =
            debug.split([' ', '{', '}']).filter_map(|word| word.strip_suffix(':')).collect();
        let mut named: Vec<&str> = COUNTED.iter().map(|(name, _)| *name).collect();
        assert_eq!(named.pop(), Some("types_max"));
        assert_eq!(named, fields);
        assert_eq!(counted("memory_bytes_max"), "bytes of one memory");
    }
}
