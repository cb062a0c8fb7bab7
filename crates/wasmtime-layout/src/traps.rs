//! The section `.wasmtime.traps`: where code may stop, and why, as rows of the check's trap map.
//!
//! Format (source: `wasmtime-environ` 48.0.8, module `compile::trap_encoding`): the number of
//! entries and of blocks; for each block the offset of its first entry and the place of its body;
//! the bodies. A body is a code that most of its entries have and up to 128 entries, each a LEB128
//! of twice the distance from the entry before, odd where a byte follows that is its own code.

use crate::error::Error;
use prova_check::{TrapRow, traps};

const SECTION: &str = ".wasmtime.traps";
const BLOCK_ENTRIES: usize = 128;

/// The rows, by offset in the text; those of a trap that no rule knows have kind 0. All lie in the
/// text, so that there are no more of them than it has bytes: blocks may share a body.
pub(crate) fn read(data: &[u8], text_bytes: usize) -> Result<Vec<TrapRow>, Error> {
    parse(data, text_bytes).ok_or_else(|| Error::compiled(SECTION, "malformed"))
}

fn parse(data: &[u8], text_bytes: usize) -> Option<Vec<TrapRow>> {
    if data.is_empty() {
        return Some(Vec::new());
    }
    let word = |at: usize| {
        let bytes = data.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let (entries, blocks) = (word(0)? as usize, word(4)? as usize);
    let bodies = data.get(8_usize.checked_add(blocks.checked_mul(8)?)?..)?;
    let mut rows: Vec<TrapRow> = Vec::with_capacity(entries.min(data.len()));
    for block in 0..blocks {
        let index = 8 + block * 8;
        let mut body = bodies.get(word(index + 4)? as usize..)?;
        let mut at = word(index)?;
        let (&usual, rest) = body.split_first()?;
        body = rest;
        for _ in 0..entries.checked_sub(block * BLOCK_ENTRIES)?.min(BLOCK_ENTRIES) {
            let token = leb(&mut body)?;
            at = at.checked_add(token >> 1)?;
            let code = if token & 1 == 1 {
                let (&code, rest) = body.split_first()?;
                body = rest;
                code
            } else {
                usual
            };
            let later = rows.last().is_none_or(|row| row.code_offset < at);
            if !later || at as usize >= text_bytes {
                return None;
            }
            rows.push(TrapRow { code_offset: at, kind: kind(code), wasm_offset: 0 });
        }
    }
    (rows.len() == entries).then_some(rows)
}

fn leb(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u32;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The check's number of a trap of Wasmtime's, in the order of its `Trap`; 0: none.
fn kind(code: u8) -> u8 {
    match code {
        0 => traps::STACK_OVERFLOW,
        1 => traps::MEMORY_OUT_OF_BOUNDS,
        2 => traps::HEAP_MISALIGNED,
        3 => traps::TABLE_OUT_OF_BOUNDS,
        4 => traps::UNINITIALIZED_ELEMENT,
        5 => traps::INDIRECT_CALL_TYPE_MISMATCH,
        6 => traps::INTEGER_OVERFLOW,
        7 => traps::INTEGER_DIVISION_BY_ZERO,
        8 => traps::BAD_CONVERSION_TO_INTEGER,
        9 => traps::UNREACHABLE,
        10 => traps::INTERRUPT,
        11 => traps::OUT_OF_FUEL,
        13 => traps::NULL_REFERENCE,
        // Beyond the heap of collected objects.
        0xfe => traps::MEMORY_OUT_OF_BOUNDS,
        0xff => traps::BUG,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_with_their_codes() {
        // One block: entries at 0x10 (usual), 0x15 (own code 9), 0x20 (usual).
        let data =
            [3, 0, 0, 0, 1, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, (5 << 1) | 1, 9, 11 << 1];
        let rows = read(&data, 0x21).unwrap();
        let found: Vec<_> = rows.iter().map(|row| (row.code_offset, row.kind)).collect();
        let memory = traps::MEMORY_OUT_OF_BOUNDS;
        assert_eq!(found, [(0x10, memory), (0x15, traps::UNREACHABLE), (0x20, memory)]);
    }

    #[test]
    fn what_is_cut_or_unsorted_is_refused() {
        let data = [2, 0, 0, 0, 1, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2];
        assert!(read(&data, 0x12).is_ok());
        // The second entry behind the text.
        assert!(read(&data, 0x11).is_err());
        assert!(read(&data[..18], 0x12).is_err());
        // The second entry at the offset of the first one.
        let mut same = data;
        same[18] = 0;
        assert!(read(&same, 0x12).is_err());
    }
}
