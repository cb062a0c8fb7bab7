//! The objects that host functions work on: the memory of the calling instance, its allocator, the
//! storage.
//!
//! A host function is a plain function on a [`Call`] and its arguments as 64-bit words; `functions`
//! lists them with their types. Ranges are packed as the protocol says: the address in the low half
//! of an i64, the length in the high half. The bytes that a function returns lie in blocks of the
//! host's allocator, which the runtime frees.
//!
//! # Invariants
//! * H1. Bytes are copied out of the memory before anything else happens, and results in after.
//! * H2. Every function adds what it did to [`Call::work`]; the wrapper charges it as fuel once the
//!   function is done. So a call overshoots its fuel by the work of at most one host function, and
//!   that is bounded by the memory and the state.

use crate::allocator::Allocator;
use crate::error::{Rule, broken};
use crate::storage::Storage;
use prova_core::{Engine, Memory, Result, StoreLimits, Trap};
use std::collections::BTreeMap;

/// The bytes of log lines that are kept of one call (1 MiB); later ones are counted only.
pub const LOG_BYTES_MAX: usize = 1 << 20;

/// A line that a runtime has logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// 0 is an error, 1 a warning, 2 information, 3 for debugging, 4 a trace.
    pub level: u32,
    /// Which part of the runtime.
    pub target: String,
    /// The text.
    pub message: String,
}

/// The state of a call, which host functions see.
pub(crate) struct Host {
    pub(crate) engine: Engine,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocator: Allocator,
    pub(crate) storage: Storage,
    /// The present result of an open batch of signatures.
    pub(crate) batch: Option<bool>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) log_bytes: usize,
    /// The answer of `ext_logging_max_level`.
    pub(crate) log_level: u32,
    /// The last root of the main trie that was asked for.
    pub(crate) last_root: Option<[u8; 32]>,
    /// How often each function was called.
    pub(crate) calls: BTreeMap<&'static str, u64>,
    /// Calls of runtimes inside each other: 0 for the outermost.
    pub(crate) nesting: u32,
    pub(crate) metered: bool,
    pub(crate) limits: StoreLimits,
}

impl Host {
    /// Keeps a line, up to the limit.
    pub(crate) fn log(&mut self, level: u32, target: &[u8], message: &[u8]) {
        let bytes = target.len() + message.len() + 16;
        if self.log_bytes + bytes > LOG_BYTES_MAX {
            return;
        }
        self.log_bytes += bytes;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        self.log.push(LogLine { level, target: text(target), message: text(message) });
    }
}

/// A call of a host function.
pub(crate) struct Call<'a> {
    /// The function's name.
    pub(crate) name: &'static str,
    pub(crate) memory: &'a mut [u8],
    pub(crate) host: &'a mut Host,
    /// The fuel that is left, where there is a limit.
    pub(crate) fuel: Option<u64>,
    /// Units of fuel to charge.
    pub(crate) work: u64,
}

impl Call<'_> {
    /// The error that a rule is broken by this call.
    pub(crate) fn broken(&self, rule: Rule) -> prova_core::Error {
        broken(self.name, rule)
    }

    /// A result whose error is a rule, as one whose error names this function.
    pub(crate) fn ok<T>(&self, result: Result<T, Rule>) -> Result<T> {
        result.map_err(|rule| self.broken(rule))
    }

    /// Charges work that is not done yet: what cannot be paid is not begun.
    pub(crate) fn pay(&mut self, units: u64) -> Result<()> {
        self.work += units;
        match self.fuel.is_some_and(|fuel| fuel < self.work) {
            true => Err(self.out_of_fuel()),
            false => Ok(()),
        }
    }

    fn out_of_fuel(&self) -> prova_core::Error {
        prova_core::Error::new(Trap::OutOfFuel).context(format!("in `{}`", self.name))
    }

    /// Changes the storage, and charges the memory that its changes take more than before: 1 for
    /// each 8 bytes.
    pub(crate) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Storage) -> Result<T, Rule>,
    ) -> Result<T> {
        let before = self.host.storage.change_bytes();
        let done = change(&mut self.host.storage);
        self.work += self.host.storage.change_bytes().saturating_sub(before) / 8;
        self.ok(done)
    }

    /// The bytes of a packed range.
    pub(crate) fn bytes(&mut self, packed: u64) -> Result<Vec<u8>> {
        self.bytes_at(packed as u32, (packed >> 32) as u32)
    }

    /// `len` bytes.
    pub(crate) fn bytes_at(&mut self, start: u32, len: u32) -> Result<Vec<u8>> {
        let range = start as usize..start as usize + len as usize;
        let Some(bytes) = self.memory.get(range) else {
            let memory = self.memory.len() as u64;
            return Err(self.broken(Rule::Range { start, len, memory }));
        };
        // Bytes that cannot be paid for are not copied.
        self.work += u64::from(len) / 8;
        if self.fuel.is_some_and(|fuel| fuel < self.work) {
            return Err(self.out_of_fuel());
        }
        let mut copy = Vec::new();
        copy.try_reserve_exact(bytes.len())?;
        copy.extend_from_slice(bytes);
        Ok(copy)
    }

    /// `N` bytes at a pointer.
    pub(crate) fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N]> {
        let bytes = self.bytes_at(at as u32, N as u32)?;
        Ok(std::array::from_fn(|i| bytes[i]))
    }

    /// Overwrites bytes of the runtime.
    pub(crate) fn write(&mut self, start: u32, bytes: &[u8]) -> Result<()> {
        self.work += bytes.len() as u64 / 8;
        let range = start as usize..start as usize + bytes.len();
        match self.memory.get_mut(range) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Ok(())
            }
            None => {
                let (memory, len) = (self.memory.len() as u64, bytes.len() as u32);
                Err(self.broken(Rule::Range { start, len, memory }))
            }
        }
    }

    /// A new block with these bytes: its address.
    pub(crate) fn give_at(&mut self, bytes: &[u8]) -> Result<u64> {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let at = self.host.allocator.allocate(self.memory, len);
        let at = self.ok(at.map_err(Rule::Allocator))?;
        self.write(at, bytes)?;
        Ok(u64::from(at))
    }

    /// A new block with these bytes: its packed range.
    pub(crate) fn give(&mut self, bytes: &[u8]) -> Result<u64> {
        Ok(self.give_at(bytes)? | (bytes.len() as u64) << 32)
    }
}
