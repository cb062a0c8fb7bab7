//! The record of a piece: fixed fields, little endian.

use prova_check::{CallRow, Clause, CodeKind, Says, TrapRow};
use sha2::{Digest, Sha256};

/// Bytes of a record.
pub(crate) const RECORD_BYTES: usize = 64;

/// Bytes of a row of the trap map: offset of the instruction, offset of the operator, kind.
pub(crate) const TRAP_BYTES: usize = 9;

/// Bytes of a row of the call map: offset behind the call, offset of the operator.
pub(crate) const CALL_BYTES: usize = 8;

/// Bytes of a row of a landing or a root: offset behind the call, kind, three words.
pub(crate) const LANDING_BYTES: usize = 17;

/// The kinds of such rows.
mod kinds {
    pub(super) const CLAUSE: u8 = 0;
    pub(super) const CLAUSE_REF: u8 = 1;
    pub(super) const ALL: u8 = 2;
    pub(super) const ALL_REF: u8 = 3;
    pub(super) const ROOT: u8 = 4;
}

/// Where the parts of a piece lie in their sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: CodeKind,
    /// Start and length of the code, the certificate, the rows of traps, of calls and of landings,
    /// and the relation, in bytes.
    pub(crate) parts: [(u32, u32); 6],
    /// The first bytes of the digest over all six.
    pub(crate) digest: [u8; 8],
}

impl Record {
    /// The bytes; none of the code of a loop and of ways, which no file holds.
    pub(crate) fn encode(&self) -> Option<[u8; RECORD_BYTES]> {
        let (kind, index) = match self.kind {
            CodeKind::Func(index) => (0u32, index),
            CodeKind::ThunkIn(index) => (1, index),
            CodeKind::ThunkOut(index) => (2, index),
            CodeKind::Loop { .. } | CodeKind::Way(_) => return None,
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
        let mut words = [0u32; 14];
        let (head, tail) = bytes.split_at(words.len() * 4);
        for (word, bytes) in words.iter_mut().zip(head.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        let [kind, index, places @ ..] = words;
        let kind = match kind {
            0 => CodeKind::Func(index),
            1 => CodeKind::ThunkIn(index),
            2 => CodeKind::ThunkOut(index),
            _ => return None,
        };
        let mut parts = [(0, 0); 6];
        for (part, place) in parts.iter_mut().zip(places.as_chunks().0) {
            let &[start, length] = place;
            *part = (start, length);
        }
        let mut digest = [0; 8];
        digest.copy_from_slice(tail);
        Some(Record { kind, parts, digest })
    }
}

/// The first bytes of the SHA-256 of a piece's parts, each with its length before it.
pub(crate) fn digest(parts: [&[u8]; 6]) -> [u8; 8] {
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
        if let Says::Operator(wasm_offset) = row.says {
            bytes.extend_from_slice(&row.return_offset.to_le_bytes());
            bytes.extend_from_slice(&wasm_offset.to_le_bytes());
        }
    }
    bytes
}

/// The rows of landings and roots.
pub(crate) fn encode_landings(rows: &[CallRow]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        let (kind, words) = match row.says {
            Says::Operator(_) => continue,
            Says::Clause(Clause { tag, with_ref, landing, frame_bytes, context: _ }) => {
                let kind = match (tag, with_ref) {
                    (Some(_), false) => kinds::CLAUSE,
                    (Some(_), true) => kinds::CLAUSE_REF,
                    (None, false) => kinds::ALL,
                    (None, true) => kinds::ALL_REF,
                };
                (kind, [tag.unwrap_or(0), landing, frame_bytes])
            }
            Says::Root(below) => (kinds::ROOT, [below, 0, 0]),
        };
        bytes.extend_from_slice(&row.return_offset.to_le_bytes());
        bytes.push(kind);
        words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
    }
    bytes
}

/// The rows, those of each call behind the one that names it; what is behind the last whole one is
/// ignored. None if a row's kind is unknown.
pub(crate) fn decode_calls(calls: &[u8], landings: &[u8]) -> Option<Vec<CallRow>> {
    let word = |bytes: &[u8], at: usize| {
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    };
    let calls = calls.chunks_exact(CALL_BYTES);
    let mut rows: Vec<CallRow> =
        calls.map(|row| CallRow::operator(word(row, 0), word(row, 4))).collect();
    if landings.is_empty() {
        return Some(rows);
    }
    for row in landings.chunks_exact(LANDING_BYTES) {
        let (first, landing, frame_bytes) = (word(row, 5), word(row, 9), word(row, 13));
        let clause = |tag, with_ref| {
            Says::Clause(Clause { tag, with_ref, landing, frame_bytes, context: None })
        };
        let says = match row[4] {
            kinds::CLAUSE => clause(Some(first), false),
            kinds::CLAUSE_REF => clause(Some(first), true),
            kinds::ALL => clause(None, false),
            kinds::ALL_REF => clause(None, true),
            kinds::ROOT => Says::Root(first),
            _ => return None,
        };
        rows.push(CallRow { return_offset: word(row, 0), says });
    }
    // Stable: the first row of a call stays ahead of the others, and they keep their order.
    rows.sort_by_key(|row| row.return_offset);
    Some(rows)
}
