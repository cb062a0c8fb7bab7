//! Linear memories of a store: read, write, grow.
//!
//! The runtime owns the bytes; a [`Memory`] is an address in a store. Every access from here is
//! bounds-checked.

use crate::error::{Result, bail, misuse};
use crate::externals::error_of_asked;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, StoreId};
use crate::types::MemoryType;
use prova_runtime::MemoryAddr;
use std::fmt;

/// A linear memory of a store.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 65534, b"ab")?;
/// assert!(memory.write(&mut store, 65535, b"ab").is_err());
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert_eq!(&memory.data(&store)[65534..65537], b"ab\0");
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Memory {
    pub(crate) store: StoreId,
    pub(crate) addr: MemoryAddr,
}

/// An access of the host outside a memory.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// let error: MemoryAccessError = memory.read(&store, 65536, &mut [0]).unwrap_err();
/// assert_eq!(error.to_string(), "out of bounds memory access");
/// memory.read(&store, 65535, &mut [0])?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryAccessError;

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of bounds memory access")
    }
}

impl std::error::Error for MemoryAccessError {}

impl Memory {
    /// A new memory, zeroed.
    ///
    /// # Errors
    /// If the type is impossible or shared, a limit of the store is exceeded, or the system has no
    /// memory left.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        if ty.is_shared() {
            misuse!("a shared memory is made by `SharedMemory::new`");
        }
        let store = store.as_context_mut();
        let (rt, state) = (store.rt, store.state);
        let made = rt.with_data(state, |rt| rt.memory_new(ty.to_module()));
        let addr = made.map_err(|error| error_of_asked(state, error))?;
        Ok(Memory { store: state.id, addr })
    }

    /// Its type.
    ///
    /// # Panics
    /// Like all methods: if the memory belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        let store = store.as_context();
        self.store.expect(store.state.id);
        MemoryType::of_module(store.rt.memory(self.addr).ty())
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// If they are not all inside the memory; nothing is read then.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let store = store.as_context();
        let end = offset.checked_add(buffer.len()).ok_or(MemoryAccessError)?;
        let bytes = self.data(&store).get(offset..end).ok_or(MemoryAccessError)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes `buffer` to the bytes from `offset` on.
    ///
    /// # Errors
    /// If they are not all inside the memory; nothing is written then.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let mut store = store.as_context_mut();
        let end = offset.checked_add(buffer.len()).ok_or(MemoryAccessError)?;
        let bytes = self.data_mut(&mut store).get_mut(offset..end).ok_or(MemoryAccessError)?;
        bytes.copy_from_slice(buffer);
        Ok(())
    }

    /// The bytes.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        let store = store.into();
        self.store.expect(store.state.id);
        store.rt.memory(self.addr).data()
    }

    /// The bytes, to write.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// The bytes, to write, and the embedder's data.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let store = store.into();
        self.store.expect(store.state.id);
        (store.rt.memory_data_mut(self.addr), &mut store.state.data)
    }

    /// The size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.data(store.as_context()).len()
    }

    /// The size in pages.
    pub fn size(&self, store: impl AsContext) -> u64 {
        let store = store.as_context();
        self.store.expect(store.state.id);
        store.rt.memory(self.addr).pages()
    }

    /// The size of a page in bytes.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.ty(store).page_size()
    }

    /// Adds `delta` zeroed pages and gives the size before, in pages.
    ///
    /// # Errors
    /// If it cannot grow so far.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut store = store.as_context_mut();
        self.store.expect(store.state.id);
        let StoreContextMut { rt, state } = &mut store;
        match rt.with_data(*state, |rt| rt.memory_grow_asking(self.addr, delta)) {
            Ok(Some(size)) => Ok(size),
            Ok(None) => bail!("failed to grow memory by `{delta}`"),
            Err(kind) => Err(store.error_of_trap(kind.into())),
        }
    }
}
