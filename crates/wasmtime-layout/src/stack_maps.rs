//! The section `.wasmtime.stackmap`: where frames hold references to collected objects while a call
//! waits. A collection reads and writes there.
//!
//! Format (source: `wasmtime-environ` 48.0.8, module `stack_map`), in words of 32 bits: the number
//! of maps; offsets behind calls; where each map begins in the rest; and the maps: the bytes from
//! the stack pointer to the frame pointer, a number of words, and these, whose bits say which parts
//! of 4 bytes from the stack pointer on hold references.

use crate::error::Error;

pub(crate) const SECTION: &str = ".wasmtime.stackmap";
/// References at most, for each byte of the text: maps may share their bits.
const PER_BYTE: usize = 8;

/// A call whose frame holds references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// Offset behind the call in the text.
    pub(crate) return_offset: u32,
    /// How far below the frame pointer each reference lies, in bytes.
    pub(crate) below: Vec<u32>,
}

/// The calls with references, by offset.
pub(crate) fn read(data: &[u8], text_bytes: usize) -> Result<Vec<Mapped>, Error> {
    parse(data, text_bytes).ok_or_else(|| Error::compiled(SECTION, "malformed"))
}

fn parse(data: &[u8], text_bytes: usize) -> Option<Vec<Mapped>> {
    if data.is_empty() {
        return Some(Vec::new());
    }
    let (words, []) = data.as_chunks() else { return None };
    let words: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let (&count, rest) = words.split_first()?;
    let (offsets, rest) = rest.split_at_checked(count as usize)?;
    let (begins, maps) = rest.split_at_checked(count as usize)?;
    // Wasmtime halves the list.
    if !offsets.is_sorted_by(|a, b| a < b) {
        return None;
    }
    let (mut list, mut left) = (Vec::new(), text_bytes.saturating_mul(PER_BYTE));
    for (&return_offset, &begin) in offsets.iter().zip(begins) {
        let (&frame_bytes, map) = maps.get(begin as usize..)?.split_first()?;
        let (&count, map) = map.split_first()?;
        let mut below = Vec::new();
        for (word, bits) in map.get(..count as usize)?.iter().enumerate() {
            // Words without references are work, too.
            left = left.checked_sub(1 + bits.count_ones() as usize)?;
            for bit in (0..32).filter(|bit| bits >> bit & 1 == 1) {
                let above = u32::try_from(word).ok()?.checked_mul(32)?.checked_add(bit)?;
                // Wasmtime asserts that they lie in the frame.
                let inside = frame_bytes.checked_sub(above.checked_mul(4)?).filter(|at| *at > 0)?;
                below.push(inside);
            }
        }
        list.push(Mapped { return_offset, below });
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn bits_are_places_above_the_stack_pointer() {
        let data = bytes(&[2, 0x40, 0x50, 0, 4, 0x30, 2, 0b101, 1 << 1, 8, 0]);
        let expected = vec![
            Mapped { return_offset: 0x40, below: vec![0x30, 0x28] },
            Mapped { return_offset: 0x50, below: Vec::new() },
        ];
        // The second word's bits begin 128 bytes above.
        assert!(read(&data, 100).is_err());
        let data = bytes(&[2, 0x40, 0x50, 0, 4, 0x30, 2, 0b101, 0, 8, 0]);
        assert_eq!(read(&data, 100), Ok(expected));
        assert_eq!(read(&[], 100), Ok(Vec::new()));
    }

    #[test]
    fn maps_that_are_cut_or_too_many_are_refused() {
        let whole = [1, 0x40, 0, 0x30, 1, 1];
        assert!(read(&bytes(&whole), 100).is_ok());
        for cut in 1..whole.len() {
            assert!(read(&bytes(&whole[..cut]), 100).is_err(), "{cut}");
        }
        assert!(read(&bytes(&whole)[..23], 100).is_err());
        assert!(read(&bytes(&whole), 0).is_err());
        // Not in order; beyond the frame.
        assert!(read(&bytes(&[2, 0x50, 0x40, 0, 0, 0x30, 1, 1]), 100).is_err());
        assert!(read(&bytes(&[1, 0x40, 0, 4, 1, 2]), 100).is_err());
    }
}
