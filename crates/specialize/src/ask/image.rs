//! A module → the memory that an instance of it starts with.
//!
//! Only memory 0 is read, and only where active segments write it: everything else is zero. The
//! image is what requests are read from ([`crate::ask::request`]).
//!
//! Limits: [`BYTES_MAX`]. Offsets of segments are constants; a module whose memory 0 is imported,
//! or initialised by a global, has no image.

use super::error::Error;
use prova_module::{ConstExpr, ConstOp, DataIdx, DataMode, MemoryIdx, Module};

/// The greatest image: 1 GiB.
pub const BYTES_MAX: u64 = 1 << 30;

/// The bytes that memory 0 starts with, up to the last that a segment writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    bytes: Vec<u8>,
    /// The memory's size; what is behind `bytes` is zero.
    size: u64,
}

impl Image {
    /// The image of a module.
    ///
    /// # Errors
    /// If the module has none.
    pub(crate) fn of(module: &Module) -> Result<Image, Error> {
        let unsupported = |what: &str| Err(Error::Unsupported(what.to_owned()));
        let Some(memory) = module.memory(MemoryIdx(0)) else {
            return unsupported("a module without memory");
        };
        if module.imported_memory_count() > 0 || memory.memory64 {
            return unsupported("a memory 0 that is imported, or has 64-bit addresses");
        }
        let size = memory.min << memory.page_size_log2;
        let mut bytes = Vec::new();
        for (index, data) in (0..).zip(module.data()) {
            let DataMode::Active { memory: MemoryIdx(0), offset } = &data.mode else { continue };
            let Some(at) = constant(offset) else {
                return unsupported("a data segment whose offset is no constant");
            };
            let contents = module.data_bytes(DataIdx(index));
            let end = u64::from(at) + contents.len() as u64;
            if end > size || end > BYTES_MAX {
                return unsupported("a data segment beyond the memory's size or 1 GiB");
            }
            if bytes.len() < end as usize {
                bytes.resize(end as usize, 0);
            }
            bytes[at as usize..end as usize].copy_from_slice(contents);
        }
        Ok(Image { bytes, size })
    }

    /// The bytes of a range; `None` if it is not all in the memory, or has more than 1 GiB.
    pub(crate) fn bytes(&self, at: u32, len: u32) -> Option<Vec<u8>> {
        let end = u64::from(at) + u64::from(len);
        if end > self.size || u64::from(len) > BYTES_MAX {
            return None;
        }
        let known = self.bytes.len();
        let (from, to) = ((at as usize).min(known), (end as usize).min(known));
        let mut found = self.bytes[from..to].to_vec();
        found.resize(len as usize, 0);
        Some(found)
    }

    /// A little-endian word.
    pub(crate) fn u32(&self, at: u32) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(at, 4)?.try_into().ok()?))
    }
}

/// The value of an expression that is one `i32.const`.
pub(crate) fn constant(expr: &ConstExpr) -> Option<u32> {
    match expr.ops() {
        [ConstOp::I32Const(value)] => Some(*value as u32),
        _other => None,
    }
}
