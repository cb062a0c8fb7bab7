//! The section `.wasmtime.exceptions`: calls with handlers, and where those are.
//!
//! Format (source: `wasmtime-internal-unwinder` 48.0.8, module `exception_table`): the number of
//! calls and of handlers, then six lists of 32-bit words: offsets behind calls, frame offsets, ends
//! of ranges of handlers, tags, contexts, offsets of handlers.

use crate::error::Error;

const SECTION: &str = ".wasmtime.exceptions";

/// A call whose callee's exceptions are handled here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handled {
    /// Offset behind the call in the text.
    pub(crate) return_offset: u32,
}

/// The calls with handlers, by offset.
pub(crate) fn read(data: &[u8]) -> Result<Vec<Handled>, Error> {
    parse(data).ok_or_else(|| Error::compiled(SECTION, "malformed"))
}

fn parse(data: &[u8]) -> Option<Vec<Handled>> {
    if data.is_empty() {
        return Some(Vec::new());
    }
    let words: Vec<u32> = data.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let (&calls, &handlers) = (words.first()?, words.get(1)?);
    let lists = u64::from(calls) * 3 + u64::from(handlers) * 3 + 2;
    if data.len() as u64 != lists * 4 {
        return None;
    }
    let offsets = words.get(2..2 + calls as usize)?;
    if !offsets.is_sorted_by(|a, b| a < b) {
        return None;
    }
    Some(offsets.iter().map(|&return_offset| Handled { return_offset }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_the_length_that_is_said() {
        let words = [1_u32, 1, 0x40, 0, 1, u32::MAX, u32::MAX, 0x50];
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(read(&data), Ok(vec![Handled { return_offset: 0x40 }]));
        assert!(read(&data[..data.len() - 4]).is_err());
        assert!(read(&data[..7]).is_err());
        assert_eq!(read(&[]), Ok(Vec::new()));
    }
}
