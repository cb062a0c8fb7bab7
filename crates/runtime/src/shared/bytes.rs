//! The bytes of a shared memory, as words: accesses of any width and alignment, and bulk copies.
//!
//! All of it is safe code over the words that [`super`] gives. Bytes of a word are numbered from
//! its low end, as Wasm does.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// Bytes of a word.
const WORD: usize = size_of::<u64>();

/// Bytes that a copy between memories moves at a time.
const PIECE: usize = if cfg!(miri) { 64 } else { 4096 };

/// The bytes of a shared memory of a length that it had.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a> {
    words: &'a [AtomicU64],
    len: usize,
}

/// The bits of `size` bytes from byte `at` of a word on.
fn mask(at: usize, size: usize) -> u64 {
    let ones = if size >= WORD { u64::MAX } else { (1 << (8 * size)) - 1 };
    ones << (8 * at)
}

/// Replaces the masked bits of a word.
fn replace(word: &AtomicU64, mask: u64, bits: u64) {
    if mask == u64::MAX {
        return word.store(bits.to_le(), Relaxed);
    }
    // Its closure always gives a word.
    let _ = word.fetch_update(Relaxed, Relaxed, |old| {
        Some((u64::from_le(old) & !mask | bits & mask).to_le())
    });
}

impl<'a> Bytes<'a> {
    pub(super) fn new(words: &'a [AtomicU64], len: usize) -> Bytes<'a> {
        Bytes { words, len }
    }

    /// Where `size` bytes from `at` on begin, if they are all there.
    fn start(&self, at: u64, size: usize) -> Option<usize> {
        let at = usize::try_from(at).ok()?;
        (at.checked_add(size)? <= self.len).then_some(at)
    }

    /// The low `size` bytes, at most 8, from `at` on; not as one step.
    pub(crate) fn load(&self, at: u64, size: usize) -> Option<u64> {
        let start = self.start(at, size)?;
        let (index, byte) = (start / WORD, start % WORD);
        let word = |index: usize| Some(u64::from_le(self.words.get(index)?.load(Relaxed)));
        let mut bits = word(index)? >> (8 * byte);
        if byte + size > WORD {
            bits |= word(index + 1)? << (8 * (WORD - byte));
        }
        Some(bits & mask(0, size))
    }

    /// Writes the low `size` bytes, at most 8, from `at` on; not as one step.
    pub(crate) fn store(&self, at: u64, size: usize, bits: u64) -> Option<()> {
        let start = self.start(at, size)?;
        let (index, byte) = (start / WORD, start % WORD);
        let low = size.min(WORD - byte);
        replace(self.words.get(index)?, mask(byte, low), bits << (8 * byte));
        if low < size {
            replace(self.words.get(index + 1)?, mask(0, size - low), bits >> (8 * low));
        }
        Some(())
    }

    /// Replaces the bits of `size` bytes at `at`, which are aligned, by what `new` makes of them,
    /// as one step in the order that all threads agree on; gives the bits before.
    pub(crate) fn update(
        &self,
        at: u64,
        size: usize,
        mut new: impl FnMut(u64) -> Option<u64>,
    ) -> Option<u64> {
        let start = self.start(at, size).filter(|start| start.is_multiple_of(size))?;
        let byte = start % WORD;
        let mask = mask(byte, size);
        let value = |word: u64| (u64::from_le(word) & mask) >> (8 * byte);
        let word = self.words.get(start / WORD)?;
        let (Ok(old) | Err(old)) = word.fetch_update(SeqCst, SeqCst, |old| {
            let bits = new(value(old))?;
            Some((u64::from_le(old) & !mask | bits << (8 * byte) & mask).to_le())
        });
        Some(value(old))
    }

    /// Each part of a word in `size` bytes from `start` on: the word, the byte in it, the offset
    /// from `start`, and how many bytes.
    fn parts(
        &self,
        start: usize,
        size: usize,
    ) -> impl Iterator<Item = (&'a AtomicU64, usize, std::ops::Range<usize>)> {
        let words = self.words;
        let mut done = 0;
        std::iter::from_fn(move || {
            let at = start + done;
            let count = (size - done).min(WORD - at % WORD);
            let word = words.get(at / WORD).filter(|_| count > 0)?;
            let part = done..done + count;
            done += count;
            Some((word, at % WORD, part))
        })
    }

    /// Fills `buffer` with the bytes from `at` on.
    pub(crate) fn read(&self, at: u64, buffer: &mut [u8]) -> Option<()> {
        let start = self.start(at, buffer.len())?;
        for (word, byte, part) in self.parts(start, buffer.len()) {
            let bytes = word.load(Relaxed).to_ne_bytes();
            let count = part.len();
            buffer[part].copy_from_slice(&bytes[byte..byte + count]);
        }
        Some(())
    }

    /// Writes the bytes from `at` on.
    pub(crate) fn write(&self, at: u64, from: &[u8]) -> Option<()> {
        let start = self.start(at, from.len())?;
        for (word, byte, part) in self.parts(start, from.len()) {
            let (mut bytes, count) = ([0; WORD], part.len());
            bytes[byte..byte + count].copy_from_slice(&from[part]);
            replace(word, mask(byte, count), u64::from_le_bytes(bytes));
        }
        Some(())
    }

    /// Makes `n` bytes from `at` on `value`.
    pub(crate) fn fill(&self, at: u64, value: u8, n: usize) -> Option<()> {
        let start = self.start(at, n)?;
        let bits = u64::from_le_bytes([value; WORD]);
        for (word, byte, part) in self.parts(start, n) {
            replace(word, mask(byte, part.len()), bits);
        }
        Some(())
    }

    /// Copies `n` bytes from `s` of `from` to `d`, as if all were read before any is written, where
    /// nobody else writes.
    pub(crate) fn copy(&self, d: u64, from: &Bytes<'_>, s: u64, n: usize) -> Option<()> {
        let (to, of) = (self.start(d, n)?, from.start(s, n)?);
        let mut buffer = [0; PIECE];
        let pieces = n.div_ceil(PIECE);
        for i in 0..pieces {
            // A copy to higher addresses begins at the end.
            let i = if to > of { pieces - 1 - i } else { i };
            let (first, end) = (i * PIECE, n.min((i + 1) * PIECE));
            let piece = &mut buffer[..end - first];
            from.read((of + first) as u64, piece)?;
            self.write((to + first) as u64, piece)?;
        }
        Some(())
    }
}
