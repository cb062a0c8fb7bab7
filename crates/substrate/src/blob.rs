//! A blob as it lies under `:code` → the bytes of a module.
//!
//! A blob that begins with eight magic bytes is compressed with zstd behind them
//! (`sp-maybe-compressed-blob`). The last of them says what it holds: 5 anything, 7 a module; 6 is
//! for proofs of validity, and 8 for PolkaVM. `zstd` unpacks up to [`CODE_BYTES_MAX`].

use crate::error::{Rule, broken};
use crate::zstd;
use prova_core::Result;

/// The greatest size of a runtime, compressed or not, in bytes (50 MiB): `CODE_BLOB_BOMB_LIMIT`.
pub const CODE_BYTES_MAX: u64 = 50 << 20;

/// The first bytes of a compressed blob, before the byte for the kind of its content.
const ZSTD_MAGIC: [u8; 7] = [0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e];
const WASM_MAGIC: &[u8] = b"\0asm";
const POLKAVM_MAGIC: &[u8] = b"PVM\0";

/// The bytes of a runtime's module.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    wasm: Vec<u8>,
    compressed: bool,
}

impl Code {
    /// Unpacks a blob. The result is not validated yet.
    ///
    /// # Errors
    /// [`Rule::CodeBytes`], [`Rule::Compressed`], [`Rule::NotWasm`].
    pub fn unpack(blob: &[u8]) -> Result<Code> {
        let refuse = |rule| broken("runtime blob", rule);
        if blob.len() as u64 > CODE_BYTES_MAX {
            return Err(refuse(Rule::CodeBytes(CODE_BYTES_MAX)));
        }
        let (wasm, compressed) = match blob.strip_prefix(&ZSTD_MAGIC) {
            Some([5 | 7, packed @ ..]) => (zstd::decompress(packed).map_err(refuse)?, true),
            Some([6, ..]) => return Err(refuse(Rule::NotWasm("a proof of validity"))),
            Some([8, ..]) => return Err(refuse(Rule::NotWasm("a PolkaVM program"))),
            Some(_) | None => (blob.to_vec(), false),
        };
        if wasm.starts_with(POLKAVM_MAGIC) {
            return Err(refuse(Rule::NotWasm("a PolkaVM program")));
        }
        if !wasm.starts_with(WASM_MAGIC) {
            return Err(refuse(Rule::NotWasm("something without a known magic number")));
        }
        Ok(Code { wasm, compressed })
    }

    /// The module's bytes.
    pub fn wasm(&self) -> &[u8] {
        &self.wasm
    }

    /// Whether the blob was compressed.
    pub fn is_compressed(&self) -> bool {
        self.compressed
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Code { wasm, compressed } = self;
        f.debug_struct("Code").field("bytes", &wasm.len()).field("compressed", compressed).finish()
    }
}
