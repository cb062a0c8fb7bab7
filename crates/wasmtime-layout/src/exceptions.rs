//! The section `.wasmtime.exceptions`: calls with handlers, and where those are.
//!
//! Format (source: `wasmtime-internal-unwinder` 48.0.8, module `exception_table`): the number of
//! calls and of handlers, then six lists of 32-bit words: offsets behind calls, frame offsets, ends
//! of ranges of handlers, tags, contexts, offsets of handlers.

use crate::error::Error;

const SECTION: &str = ".wasmtime.exceptions";

/// The tag of a handler of all exceptions, and the context of one that needs none.
const NONE: u32 = u32::MAX;

/// A call whose callee's exceptions are handled here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handled {
    /// Offset behind the call in the text.
    pub(crate) return_offset: u32,
    /// Bytes from the stack pointer to the frame pointer.
    pub(crate) frame_bytes: u32,
    /// The handlers, the first to be asked first.
    pub(crate) handlers: Vec<Handler>,
}

/// A handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handler {
    /// The tag, by its index in the module; none for all exceptions.
    pub(crate) tag: Option<u32>,
    /// Where in the frame the host finds the context that it asks for the tag, in bytes from the
    /// stack pointer at the call.
    pub(crate) context: Option<u32>,
    /// Offset of its code in the text.
    pub(crate) at: u32,
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
    let (calls, handlers) = (calls as usize, handlers as usize);
    let (returns, rest) = words.get(2..)?.split_at_checked(calls)?;
    let (frames, rest) = rest.split_at_checked(calls)?;
    let (ends, rest) = rest.split_at_checked(calls)?;
    let (tags, rest) = rest.split_at_checked(handlers)?;
    let (contexts, offsets) = rest.split_at_checked(handlers)?;
    if !returns.is_sorted_by(|a, b| a < b) {
        return None;
    }
    let (mut list, mut from) = (Vec::with_capacity(calls), 0);
    for ((&return_offset, &frame_bytes), &end) in returns.iter().zip(frames).zip(ends) {
        let to = end as usize;
        let (tags, contexts) = (tags.get(from..to)?, contexts.get(from..to)?);
        let words = tags.iter().zip(contexts).zip(offsets.get(from..to)?);
        let some = |word: u32| (word != NONE).then_some(word);
        let handler =
            |((&tag, &context), &at)| Handler { tag: some(tag), context: some(context), at };
        let handlers = words.map(handler).collect();
        list.push(Handled { return_offset, frame_bytes, handlers });
        from = to;
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_the_length_that_is_said() {
        let words = [1_u32, 2, 0x40, 0, 2, 3, u32::MAX, 8, u32::MAX, 0x50, 0x60];
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let of_tag = Handler { tag: Some(3), context: Some(8), at: 0x50 };
        let of_all = Handler { tag: None, context: None, at: 0x60 };
        let handlers = vec![of_tag, of_all];
        let row = Handled { return_offset: 0x40, frame_bytes: 0, handlers };
        assert_eq!(read(&data), Ok(vec![row]));
        assert!(read(&data[..data.len() - 4]).is_err());
        assert!(read(&data[..7]).is_err());
        assert_eq!(read(&[]), Ok(Vec::new()));
    }
}
