//! A blob as it lies under `:code` → the bytes of a module.
//!
//! A blob that begins with eight magic bytes is compressed with zstd behind them
//! (`sp-maybe-compressed-blob`). What it decompresses to is read no further than a byte beyond
//! [`CODE_BYTES_MAX`], so a bomb costs no more memory than a runtime of the greatest size.

use crate::error::{Rule, broken};
use prova::Result;
use std::io::Read;

/// The greatest size of a runtime, compressed or not, in bytes (50 MiB): `CODE_BLOB_BOMB_LIMIT`.
pub const CODE_BYTES_MAX: u64 = 50 << 20;

/// What a compressed blob begins with.
const ZSTD_MAGIC: [u8; 8] = [0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05];
const WASM_MAGIC: &[u8] = b"\0asm";
const POLKAVM_MAGIC: &[u8] = b"PVM\0";

/// The bytes of a runtime's module.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    wasm: Vec<u8>,
    compressed: bool,
}

impl Code {
    /// Unpacks a blob. What it gives is not validated yet.
    ///
    /// # Errors
    /// [`Rule::CodeBytes`], [`Rule::Compressed`], [`Rule::NotWasm`].
    pub fn unpack(blob: &[u8]) -> Result<Code> {
        let refuse = |rule| broken("runtime blob", rule);
        if blob.len() as u64 > CODE_BYTES_MAX {
            return Err(refuse(Rule::CodeBytes(CODE_BYTES_MAX)));
        }
        let (wasm, compressed) = match blob.strip_prefix(&ZSTD_MAGIC) {
            Some(packed) => (decompress(packed).map_err(refuse)?, true),
            None => (blob.to_vec(), false),
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

/// The frame behind the magic bytes, up to the limit.
fn decompress(packed: &[u8]) -> Result<Vec<u8>, Rule> {
    let why = |error: &dyn std::fmt::Display| Rule::Compressed(error.to_string());
    let mut decoder =
        ruzstd::decoding::StreamingDecoder::new(packed).map_err(|error| why(&error))?;
    let mut wasm = Vec::new();
    let read = decoder.by_ref().take(CODE_BYTES_MAX + 1).read_to_end(&mut wasm);
    read.map_err(|error| why(&error))?;
    if wasm.len() as u64 > CODE_BYTES_MAX {
        return Err(Rule::CodeBytes(CODE_BYTES_MAX));
    }
    Ok(wasm)
}
