//! The record of a piece: fixed fields, little endian.

use prova_check::{CallRow, CodeKind, TrapRow};
use sha2::{Digest, Sha256};

/// Bytes of a record.
pub(crate) const RECORD_BYTES: usize = 48;

/// Bytes of a row of the trap map: offset of the instruction, offset of the operator, kind.
pub(crate) const TRAP_BYTES: usize = 9;

/// Bytes of a row of the call map: offset behind the call, offset of the operator.
pub(crate) const CALL_BYTES: usize = 8;

/// Where the parts of a piece lie in their sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: CodeKind,
    /// Start and length of the code, the certificate, the rows of traps and of calls, in bytes.
    pub(crate) parts: [(u32, u32); 4],
    /// The first bytes of the digest over all four.
    pub(crate) digest: [u8; 8],
}

impl Record {
    /// The bytes; none of the code of a loop, which no file holds.
    pub(crate) fn encode(&self) -> Option<[u8; RECORD_BYTES]> {
        let (kind, index) = match self.kind {
            CodeKind::Func(index) => (0u32, index),
            CodeKind::ThunkIn(index) => (1, index),
            CodeKind::ThunkOut(index) => (2, index),
            CodeKind::Loop { .. } => return None,
        };
        let parts = self.parts.iter().flat_map(|(start, length)| [*start, *length]);
        let words = [kind, index].into_iter().chain(parts);
        let mut bytes = [0; RECORD_BYTES];
        let (head, digest) = bytes.split_at_mut(RECORD_BYTES - self.digest.len());
        for (bytes, word) in head.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        digest.copy_from_slice(&self.digest);
        Some(bytes)
    }

    /// The record, if its kind is known.
    pub(crate) fn decode(bytes: &[u8; RECORD_BYTES]) -> Option<Record> {
        let mut words = [0u32; 10];
        let (head, tail) = bytes.split_at(words.len() * 4);
        for (word, bytes) in words.iter_mut().zip(head.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        let [kind, index, code, code_len, cert, cert_len, traps, traps_len, calls, calls_len] =
            words;
        let kind = match kind {
            0 => CodeKind::Func(index),
            1 => CodeKind::ThunkIn(index),
            2 => CodeKind::ThunkOut(index),
            _ => return None,
        };
        let parts = [(code, code_len), (cert, cert_len), (traps, traps_len), (calls, calls_len)];
        let mut digest = [0; 8];
        digest.copy_from_slice(tail);
        Some(Record { kind, parts, digest })
    }
}

/// The first bytes of the SHA-256 of a piece's parts, each with its length before it.
pub(crate) fn digest(parts: [&[u8]; 4]) -> [u8; 8] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    first
}

pub(crate) fn encode_traps(rows: &[TrapRow]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * TRAP_BYTES);
    for row in rows {
        bytes.extend_from_slice(&row.code_offset.to_le_bytes());
        bytes.extend_from_slice(&row.wasm_offset.to_le_bytes());
        bytes.push(row.kind);
    }
    bytes
}

/// The rows; what is behind the last whole one is ignored.
pub(crate) fn decode_traps(bytes: &[u8]) -> Vec<TrapRow> {
    let rows = bytes.chunks_exact(TRAP_BYTES);
    rows.map(|row| TrapRow {
        code_offset: u32::from_le_bytes([row[0], row[1], row[2], row[3]]),
        wasm_offset: u32::from_le_bytes([row[4], row[5], row[6], row[7]]),
        kind: row[8],
    })
    .collect()
}

pub(crate) fn encode_calls(rows: &[CallRow]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * CALL_BYTES);
    for row in rows {
        bytes.extend_from_slice(&row.return_offset.to_le_bytes());
        bytes.extend_from_slice(&row.wasm_offset.to_le_bytes());
    }
    bytes
}

/// The rows; what is behind the last whole one is ignored.
pub(crate) fn decode_calls(bytes: &[u8]) -> Vec<CallRow> {
    let rows = bytes.chunks_exact(CALL_BYTES);
    rows.map(|row| CallRow {
        return_offset: u32::from_le_bytes([row[0], row[1], row[2], row[3]]),
        wasm_offset: u32::from_le_bytes([row[4], row[5], row[6], row[7]]),
    })
    .collect()
}
