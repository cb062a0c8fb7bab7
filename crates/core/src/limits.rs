//! Limits of a store as the embedder writes them → the runtime's.
//!
//! [`Store::limiter`](crate::Store::limiter) hands them on; `prova_runtime` compares before it
//! allocates. The names and defaults stand in `docs/semantics.md`.

use prova_runtime::Limits;

/// Maximum numbers and sizes of the objects of a store.
///
/// ```
/// use prova_core::*;
///
/// struct Host {
///     limits: StoreLimits,
/// }
///
/// let limits = StoreLimitsBuilder::new().memories(0).build();
/// let mut store = Store::new(&Engine::default(), Host { limits });
/// store.limiter(|host| &mut host.limits);
/// assert!(Memory::new(&mut store, MemoryType::new(0, None)).is_err());
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoreLimits {
    pub(crate) limits: Limits,
    pub(crate) trap_on_grow_failure: bool,
}

/// Builds [`StoreLimits`].
///
/// ```
/// use prova_core::*;
///
/// let limits = StoreLimitsBuilder::new().memory_size(1 << 20).instances(2).build();
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

/// Declares the setters.
macro_rules! setters {
    ($($(#[$doc:meta])* $method:ident $field:ident)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $method(mut self, limit: usize) -> StoreLimitsBuilder {
            self.0.limits.$field = limit as u64;
            self
        }
    )*};
}

impl StoreLimitsBuilder {
    /// The default limits.
    pub fn new() -> StoreLimitsBuilder {
        StoreLimitsBuilder::default()
    }

    /// The greatest useful [`StoreLimitsBuilder::memory_size`] in bytes (64 GiB): the address space
    /// of a memory is reserved when it is made, and a greater limit admits no greater one.
    pub const MEMORY_SIZE_MAX: u64 = Limits::MEMORY_BYTES_MAX;

    /// The greatest useful [`StoreLimitsBuilder::table_elements`], of as many bytes.
    pub const TABLE_ELEMENTS_MAX: u64 = Limits::TABLE_ELEMENTS_MAX;

    setters! {
        /// Bytes of one memory; more than [`StoreLimitsBuilder::MEMORY_SIZE_MAX`] counts as that.
        memory_size memory_bytes_max
        /// Elements of one table; more than [`StoreLimitsBuilder::TABLE_ELEMENTS_MAX`] counts as
        /// that.
        table_elements table_elements_max
        /// Bytes of all memories, tables, exceptions and objects together, 8 for an element and for
        /// a cell of an exception; 5 GiB if it is not said.
        store_size store_bytes_max
        /// Bytes of all structures and arrays; 4 GiB, which is the most, if it is not said.
        gc_heap_size heap_bytes_max
        /// Instances.
        instances instances_max
        /// Tables.
        tables tables_max
        /// Memories.
        memories memories_max
        /// Globals, those of the host included.
        globals globals_max
        /// Tags, those of the host included.
        tags tags_max
        /// Functions, those of the host included.
        functions funcs_max
    }

    /// Whether growth that fails is a trap instead of the result −1.
    #[must_use]
    pub fn trap_on_grow_failure(mut self, trap: bool) -> StoreLimitsBuilder {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}
