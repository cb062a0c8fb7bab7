//! Memories that threads share: made beside any store, and imported by instances of many.
//!
//! The runtime owns the bytes; a [`SharedMemory`] is a handle. Each store that gets one counts it
//! among its memories.

use crate::engine::Engine;
use crate::error::{Result, bail, misuse};
use crate::externals::error_of_creation;
use crate::memory::MemoryAccessError;
use crate::trap::Trap;
use crate::types::MemoryType;
use prova_runtime as rt;
use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::time::Duration;

pub use rt::WaitResult;

/// A memory that instances of several stores use at the same time, each on a thread.
///
/// Accesses of instances are atomic by words of 8 bytes, of any width, so that a race of
/// theirs is no race of the host.
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.shared_memory(true);
/// let engine = Engine::new(&config)?;
/// let memory = SharedMemory::new(&engine, MemoryType::shared(1, 2))?;
/// let store = Store::new(&engine, ());
/// let mut linker = Linker::new(&engine);
/// linker.define(&store, "", "m", memory.clone())?;
/// memory.write(65534, b"ab")?;
/// assert!(memory.write(65535, b"ab").is_err());
/// assert_eq!((memory.grow(1)?, memory.size()), (1, 2));
/// assert_eq!(memory.atomic_notify(0, 1), Ok(0));
/// assert_eq!(memory.atomic_wait32(0, 1, None), Ok(WaitResult::Mismatch));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SharedMemory(pub(crate) rt::SharedMemory);

impl SharedMemory {
    /// A new memory, zeroed. Its whole maximum is reserved, in address space.
    ///
    /// # Errors
    /// If the type is not one of a shared memory, the engine has none
    /// ([`Config::shared_memory`](crate::Config::shared_memory)), or the system has no room.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<SharedMemory> {
        if !engine.has_shared_memory() {
            misuse!("the engine has no shared memories: `Config::shared_memory` turns them on");
        }
        if !ty.is_shared() {
            misuse!("a memory of this type is not shared");
        }
        let made = rt::SharedMemory::new(ty.to_module());
        Ok(SharedMemory(made.map_err(error_of_creation)?))
    }

    /// Its type; its minimum is the size at the start.
    pub fn ty(&self) -> MemoryType {
        MemoryType::of_module(self.0.ty())
    }

    /// The size in pages, now.
    pub fn size(&self) -> u64 {
        self.0.pages()
    }

    /// The size of a page in bytes.
    pub fn page_size(&self) -> u64 {
        self.ty().page_size()
    }

    /// The size in bytes, now.
    pub fn data_size(&self) -> usize {
        self.0.len_bytes() as usize
    }

    /// The bytes, which instances may read and write at any time by atomic accesses of aligned
    /// words of 8 bytes. A host that cannot do the same uses [`SharedMemory::read`] and
    /// [`SharedMemory::write`].
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        self.0.data()
    }

    /// Fills `buffer` with the bytes from `offset` on, each as some thread wrote it.
    ///
    /// # Errors
    /// If they are not all inside the memory; nothing is read then.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        self.0.read(offset as u64, buffer).then_some(()).ok_or(MemoryAccessError)
    }

    /// Writes `bytes` from `offset` on.
    ///
    /// # Errors
    /// If they are not all inside the memory; nothing is written then.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), MemoryAccessError> {
        self.0.write(offset as u64, bytes).then_some(()).ok_or(MemoryAccessError)
    }

    /// Adds `delta` zeroed pages and gives the size before, in pages.
    ///
    /// # Errors
    /// If it cannot grow so far.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        match self.0.grow(delta, u64::MAX) {
            Some(size) => Ok(size),
            None => bail!("failed to grow memory by `{delta}`"),
        }
    }

    /// Wakes at most `count` threads that wait at `addr`; gives how many.
    ///
    /// # Errors
    /// As [`SharedMemory::atomic_wait32`].
    pub fn atomic_notify(&self, addr: u64, count: u32) -> Result<u32, Trap> {
        self.place(addr, 4)?;
        Ok(self.0.atomic_notify(addr, count))
    }

    /// Waits at `addr` until it is notified or the time is over, if there are these 32 bits.
    ///
    /// # Errors
    /// [`Trap::HeapMisaligned`], [`Trap::MemoryOutOfBounds`].
    pub fn atomic_wait32(
        &self,
        addr: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.wait(addr, 4, expected.into(), timeout)
    }

    /// The same with 64 bits.
    ///
    /// # Errors
    /// As [`SharedMemory::atomic_wait32`].
    pub fn atomic_wait64(
        &self,
        addr: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.wait(addr, 8, expected, timeout)
    }

    fn wait(
        &self,
        addr: u64,
        size: usize,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.place(addr, size)?;
        let look = || Ok::<(), Infallible>(());
        match self.0.atomic_wait((addr, size), expected, timeout, None, look) {
            Some(Ok(result)) => Ok(result),
            None => Err(Trap::MemoryOutOfBounds),
        }
    }

    fn place(&self, addr: u64, size: usize) -> Result<(), Trap> {
        if !addr.is_multiple_of(size as u64) {
            return Err(Trap::HeapMisaligned);
        }
        self.0.atomic_load(addr, size).map(drop).ok_or(Trap::MemoryOutOfBounds)
    }
}
