//! A module's active data → the initial image of memory 0, in pieces that do not overlap.
//!
//! Later segments write over earlier ones (specification 4.5.4), so a piece is what is left of a
//! segment.
//!
//! 1. An image exists only where instantiation cannot fail: every active segment of the module, of
//!    data and of elements, has a constant offset and fits in the least size. Then the order of
//!    segments is seen in the image alone. Otherwise segments are compared one by one.
//! 2. A byte that no piece covers is zero if the module defines the memory, and unknown if it
//!    imports it. Tools leave out zeros at the ends of segments, and so cut pointers. In a memory
//!    that the module defines a piece therefore starts and ends at whole words where these may be
//!    addresses of data.

use crate::numbers::strings::is_printable;
use prova_builds::names::printable;
use prova_module::{DataIdx, DataMode, ElementKind, MemoryIdx, Module};
use prova_xref::constant;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Most bytes of an image that is joined to one piece.
const JOINED_MAX: u64 = 1 << 28;

/// Bytes of a word.
pub(crate) const WORD: u64 = 4;

/// Consecutive bytes of the image.
#[derive(Clone, Debug)]
pub(crate) struct Piece<'m> {
    pub(crate) segment: u32,
    /// The segment's name, printable; empty if it has none.
    pub(crate) name: String,
    pub(crate) start: u64,
    pub(crate) bytes: Cow<'m, [u8]>,
}

impl Piece<'_> {
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// Whether every active segment surely fits (invariant 1).
pub(crate) fn fits(module: &Module) -> bool {
    let data = module.data().iter().all(|data| match &data.mode {
        DataMode::Passive => true,
        DataMode::Active { memory, offset } => {
            let size = module
                .memory(*memory)
                .map_or(0, |ty| ty.min.saturating_mul(1 << ty.page_size_log2.min(32)));
            let end = constant(offset.ops()).and_then(|at| at.checked_add(data.range.len() as u64));
            end.is_some_and(|end| end <= size)
        }
    });
    data && module.elements().iter().all(|element| match &element.kind {
        ElementKind::Passive | ElementKind::Declared => true,
        ElementKind::Active { table, offset } => {
            let size = module.table(*table).map_or(0, |ty| ty.min);
            let end = constant(offset.ops()).and_then(|at| at.checked_add(element.len() as u64));
            end.is_some_and(|end| end <= size)
        }
    })
}

/// The pieces of memory 0 in order of address; the module [`fits`].
pub(crate) fn pieces(module: &Module) -> Vec<Piece<'_>> {
    let mut pieces: Pieces<'_> = BTreeMap::new();
    for (index, data) in module.data().iter().enumerate() {
        let DataMode::Active { memory, offset } = &data.mode else { continue };
        let bytes = module.data_bytes(DataIdx(index as u32));
        let Some(start) = constant(offset.ops()).filter(|_| memory.0 == 0) else { continue };
        let end = start.checked_add(bytes.len() as u64 + WORD);
        if bytes.is_empty() || end.is_none() {
            continue;
        }
        let name = module.names().data(DataIdx(index as u32)).map(printable).unwrap_or_default();
        let piece = Piece { segment: index as u32, name, start, bytes: Cow::Borrowed(bytes) };
        write(&mut pieces, piece);
    }
    let mut pieces: Vec<Piece<'_>> = pieces.into_values().collect();
    if module.imported_memory_count() == 0
        && let Some(memory) = module.memory(MemoryIdx(0))
    {
        at_words(&mut pieces, memory.min.saturating_mul(1 << memory.page_size_log2.min(32)));
    }
    pieces
}

/// Adds the zeros around each piece that belong to its first and its last word (invariant 2) in a
/// memory of `memory_bytes` bytes.
fn at_words(pieces: &mut [Piece<'_>], memory_bytes: u64) {
    let Some(first) = pieces.first() else { return };
    // From data on: what is behind it are variables.
    let addresses = first.start..memory_bytes;
    // Whether the word at this place is one, with zeros around the piece, and not the end of text.
    let is_address = |piece: &Piece<'_>, at: u64| {
        let byte = |at: u64| Some(*piece.bytes.get(at.checked_sub(piece.start)? as usize)?);
        let known = || (at..at + WORD).filter_map(byte);
        let bytes = (at..at + WORD).rev().map(|at| u64::from(byte(at).unwrap_or_default()));
        addresses.contains(&bytes.fold(0, |word, byte| word << 8 | byte))
            && !known().all(|byte| byte == 0 || is_printable(byte))
    };
    let mut low = 0;
    for index in 0..pieces.len() {
        let high = pieces.get(index + 1).map_or(u64::MAX, |next| next.start);
        let piece = &mut pieces[index];
        let (start, end) = (piece.start, piece.end());
        let (word, behind) = (start / WORD * WORD, end.next_multiple_of(WORD));
        let fits = word >= low && is_address(piece, word);
        let before = if fits { start - word } else { 0 };
        let fits = behind <= high && is_address(piece, behind - WORD);
        let after = if fits { behind - end } else { 0 };
        if before + after > 0 {
            let mut bytes = vec![0; before as usize];
            bytes.extend_from_slice(&piece.bytes);
            bytes.resize(bytes.len() + after as usize, 0);
            (piece.start, piece.bytes) = (start - before, Cow::Owned(bytes));
        }
        low = end + after;
    }
}

/// Pieces by their first address.
type Pieces<'m> = BTreeMap<u64, Piece<'m>>;

/// Adds a piece over those before; each piece is taken out once.
fn write<'m>(pieces: &mut Pieces<'m>, new: Piece<'m>) {
    let cut = |piece: &Piece<'m>, start: u64, end: u64| {
        let range = (start - piece.start) as usize..(end - piece.start) as usize;
        let bytes = match &piece.bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[range]),
            Cow::Owned(bytes) => Cow::Owned(bytes[range].to_vec()),
        };
        Piece { segment: piece.segment, name: piece.name.clone(), start, bytes }
    };
    let end = new.end();
    while let Some((&start, last)) = pieces.range(..end).next_back()
        && last.end() > new.start
    {
        let Some(old) = pieces.remove(&start) else { break };
        if old.end() > end {
            pieces.insert(end, cut(&old, end, old.end()));
        }
        if start < new.start {
            pieces.insert(start, cut(&old, start, new.start));
        }
    }
    pieces.insert(new.start, new);
}

/// Whether two images are the same; `zeros` if what is not covered is zero on both sides.
pub(crate) fn same(a: &[Piece<'_>], b: &[Piece<'_>], zeros: bool) -> bool {
    covers(a, b, zeros) && covers(b, a, zeros)
}

/// Whether each byte of `a` is the same in `b`.
fn covers(a: &[Piece<'_>], b: &[Piece<'_>], zeros: bool) -> bool {
    let zero = |bytes: &[u8]| bytes.is_empty() || zeros && bytes.iter().all(|byte| *byte == 0);
    a.iter().all(|piece| {
        let mut at = piece.start;
        let own = |from: u64, to: u64| {
            &piece.bytes[(from - piece.start) as usize..(to - piece.start) as usize]
        };
        let first = b.partition_point(|other| other.end() <= piece.start);
        for other in b[first..].iter().take_while(|other| other.start < piece.end()) {
            let (from, to) = (other.start.max(piece.start), other.end().min(piece.end()));
            let theirs = &other.bytes[(from - other.start) as usize..(to - other.start) as usize];
            if !zero(own(at, from)) || own(from, to) != theirs {
                return false;
            }
            at = to;
        }
        zero(own(at, piece.end()))
    })
}

/// All pieces as one with zeros between, if that is not much more than they are.
pub(crate) fn joined<'m>(pieces: &[Piece<'m>]) -> Option<Piece<'m>> {
    let (first, last) = (pieces.first()?, pieces.last()?);
    let size = last.end() - first.start;
    let bytes: u64 = pieces.iter().map(|piece| piece.bytes.len() as u64).sum();
    if size > JOINED_MAX || size > 4 * bytes + (1 << 16) {
        return None;
    }
    let mut all = vec![0; size as usize];
    for piece in pieces {
        let at = (piece.start - first.start) as usize;
        all[at..at + piece.bytes.len()].copy_from_slice(&piece.bytes);
    }
    let bytes = Cow::Owned(all);
    Some(Piece { segment: first.segment, name: String::new(), start: first.start, bytes })
}

/// The word of an image that starts at an address.
pub(crate) fn pointed(pieces: &[Piece<'_>], at: u64) -> Option<u64> {
    let after = pieces.partition_point(|piece| piece.start <= at);
    let piece = &pieces[after.checked_sub(1)?];
    let from = usize::try_from(at - piece.start).ok()?;
    let bytes = piece.bytes.get(from..from.checked_add(WORD as usize)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(start: u64, bytes: &'static [u8]) -> Piece<'static> {
        Piece { segment: 0, name: String::new(), start, bytes: Cow::Borrowed(bytes) }
    }

    fn written(all: &[(u64, &'static [u8])]) -> Vec<(u64, Vec<u8>)> {
        let mut pieces = BTreeMap::new();
        all.iter().for_each(|(start, bytes)| write(&mut pieces, piece(*start, bytes)));
        pieces.into_values().map(|piece| (piece.start, piece.bytes.into_owned())).collect()
    }

    #[test]
    fn later_segments_write_over_earlier_ones() {
        let both = |a: (u64, &'static [u8]), b: (u64, &'static [u8])| written(&[a, b]);
        let text = |parts: &[(u64, &[u8])]| -> Vec<(u64, Vec<u8>)> {
            parts.iter().map(|(at, bytes)| (*at, bytes.to_vec())).collect()
        };
        assert_eq!(both((8, b"aaaa"), (10, b"bbbb")), text(&[(8, b"aa"), (10, b"bbbb")]));
        assert_eq!(both((10, b"bbbb"), (8, b"aaaa")), text(&[(8, b"aaaa"), (12, b"bb")]));
        assert_eq!(both((8, b"aaaa"), (9, b"b")), text(&[(8, b"a"), (9, b"b"), (10, b"aa")]));
        assert_eq!(both((9, b"b"), (8, b"aaaa")), text(&[(8, b"aaaa")]));
        assert_eq!(both((8, b"a"), (0, b"b")), text(&[(0, b"b"), (8, b"a")]));
    }

    #[test]
    fn pieces_reach_to_whole_words_but_not_into_each_other() {
        let grown = |start, bytes: &'static [u8]| {
            let mut pieces =
                [piece(256, &[1; 8]), piece(start, bytes), piece(1024, b"t"), piece(1026, b"u")];
            at_words(&mut pieces, 4096);
            let [first, found, last, behind] = pieces;
            // Text is no address; and where the next piece stands in the same word, it stays.
            assert_eq!(
                (&*first.bytes, &*last.bytes, &*behind.bytes),
                (&[1; 8][..], &b"t"[..], &b"u"[..])
            );
            (found.start, found.bytes.into_owned())
        };
        assert_eq!(grown(512, &[8, 1]), (512, vec![8, 1, 0, 0]), "the high bytes of 264");
        assert_eq!(grown(513, &[1]), (512, vec![0, 1, 0, 0]), "all but one of 256");
        assert_eq!(grown(512, &[8, 1, 0, 0, 0, 2, 0]), (512, vec![8, 1, 0, 0, 0, 2, 0, 0]));
        assert_eq!(grown(513, &[2, 0, 0, 7]), (512, vec![0, 2, 0, 0, 7]), "7 is in front of data");
        assert_eq!(grown(512, b"abc"), (512, b"abc".to_vec()));
        let mut pieces = [piece(256, &[0, 1, 0, 0, 8, 1]), piece(263, &[1])];
        at_words(&mut pieces, 4096);
        assert_eq!(pieces.map(|piece| piece.bytes.len()), [6, 1], "a word of both");
    }

    #[test]
    fn an_image_is_the_same_however_it_is_cut() {
        let whole = [piece(8, b"ab\0\0cd")];
        let cut = [piece(8, b"a"), piece(9, b"b"), piece(12, b"cd")];
        assert!(same(&whole, &cut, true) && same(&cut, &whole, true));
        assert!(!same(&whole, &cut, false), "nobody knows what an imported memory holds");
        for other in [[piece(8, b"ab\0\0ce")], [piece(8, b"ab\0\0c")], [piece(7, b"ab\0\0cd")]] {
            assert!(!same(&whole, &other, true) && !same(&other, &cut, true));
        }
        assert_eq!(joined(&cut).map(|one| one.bytes.into_owned()), Some(b"ab\0\0cd".to_vec()));
    }
}
