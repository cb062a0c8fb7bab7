//! Named limits on what a store holds, whoever asks for it: counts, sizes, depths.
//!
//! Neighbours: `store`, `instantiate`, `memory` and `table` compare before they allocate. A module
//! that needs more at its start is refused with the limit's name; growth beyond a limit fails as
//! the specification allows (−1). `docs/semantics.md` lists them. The tests of
//! `tests/store/limits.rs` stand on both sides of each.

/// The least logical stack limit, in bytes: a smaller
/// [`stack_bytes`](crate::StoreConfig::stack_bytes) counts as this.
pub const STACK_BYTES_MIN: u64 = 1 << 10;

/// The greatest logical stack limit, in bytes (1 GiB): a greater one counts as this.
pub const STACK_BYTES_MAX: u64 = 1 << 30;

/// What a store may hold at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one memory.
    pub memory_bytes_max: u64,
    /// Elements of one table.
    pub table_elements_max: u64,
    /// Bytes of all memories and tables together: pages and elements that they have, 8 bytes for an
    /// element.
    pub store_bytes_max: u64,
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
    /// Functions, those of the host included. At most 2^31 whatever is set here.
    pub funcs_max: u64,
}

impl Limits {
    /// The greatest number of functions of a store whatever [`Limits::funcs_max`] says.
    pub const FUNCS_MAX: u64 = 1 << 31;
}

impl Default for Limits {
    /// A memory of 16 GiB and a table of 10,000,000 elements (JavaScript API,
    /// *implementation-defined limits*); together 5 GiB: the greatest memory with 32-bit addresses,
    /// and 1 GiB beside it; 10,000 instances, memories and tables each, as Wasmtime's default;
    /// 10,000,000 globals, tags and functions.
    fn default() -> Limits {
        Limits {
            memory_bytes_max: 16 << 30,
            table_elements_max: 10_000_000,
            store_bytes_max: 5 << 30,
            instances_max: 10_000,
            memories_max: 10_000,
            tables_max: 10_000,
            globals_max: 10_000_000,
            tags_max: 10_000_000,
            funcs_max: 10_000_000,
        }
    }
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
