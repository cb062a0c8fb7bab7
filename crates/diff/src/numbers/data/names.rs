//! Both modules → the addresses that code and data name, and where they cut a text.
//!
//! Compilers lay literals end to end: the bytes before a path may be another text, and where a text
//! starts, something names it.
//!
//! 1. A number of code or an aligned word of data that lies among the addresses is a *plain* name.
//!    Something is seen to start there, which may show padding.
//! 2. A text is cut at *all* names: plain ones, and every number that the module holds in another
//!    form ([`hidden`](super::hidden)). More are named than there are texts: a cut too many makes a
//!    path a text, never the other way round. So where a name cannot be excluded, the answer is the
//!    stricter one.
//!
//! Limits: an address that a callee makes of the one that it was given, or that goes through memory
//! or a loop before something is added to it, is not seen.

use super::hidden::hidden;
use super::piece::Pair;
use crate::numbers::strings::{AROUND, Cut, UNCUT};
use crate::numbers::uses::Roles;
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use std::ops::Range;
use std::sync::OnceLock;

/// Addresses in order, made when they are first asked for.
type List = OnceLock<Vec<u64>>;

/// The addresses that both sides' code and data name, as far as somebody asked.
#[derive(Default)]
pub(super) struct Known {
    plain: (List, List),
    all: (List, List),
}

/// The addresses that a side's code and data name.
pub(crate) struct Names<'s, 'm> {
    sides: (&'s Side<'m>, &'s Side<'m>),
    pairs: &'s [Pair<'m>],
    known: &'s Known,
    roles: &'s Roles,
}

impl<'s, 'm> Names<'s, 'm> {
    pub(super) fn new(
        sides: (&'s Side<'m>, &'s Side<'m>),
        pairs: &'s [Pair<'m>],
        (known, roles): (&'s Known, &'s Roles),
    ) -> Names<'s, 'm> {
        Names { sides, pairs, known, roles }
    }

    /// The plain names of one side, in order.
    fn plain(&self, of_b: bool) -> &[u64] {
        let (side, known) = match of_b {
            false => (self.sides.0, &self.known.plain.0),
            true => (self.sides.1, &self.known.plain.1),
        };
        known.get_or_init(|| {
            let mut all: Vec<u64> = Vec::new();
            for func in 0..side.module.func_count() as u32 {
                let numbers = Tokens::new(side, func).into_iter().flatten();
                let numbers = numbers.filter_map(|item| match item.tok {
                    Tok::I32(value) => Some(u64::from(value as u32)),
                    Tok::I64(value) => Some(value as u64),
                    Tok::Mem { offset, .. } => Some(offset),
                    _ => None,
                });
                all.extend(numbers.filter(|number| side.may_be_address(*number)));
            }
            for pair in self.pairs {
                let (start, bytes) = match of_b {
                    false => (pair.start.0, &pair.bytes.0),
                    true => (pair.start.1, &pair.bytes.1),
                };
                let first = (start.wrapping_neg() % 4) as usize;
                let words = bytes.get(first..).unwrap_or_default().chunks_exact(4);
                let word = |word: &[u8]| {
                    word.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
                };
                all.extend(words.map(word).filter(|word| side.may_be_address(*word)));
            }
            all.sort_unstable();
            all.dedup();
            all
        })
    }

    /// All names of one side, in order (invariant 2).
    fn all(&self, of_b: bool) -> &[u64] {
        let (side, known) = match of_b {
            false => (self.sides.0, &self.known.all.0),
            true => (self.sides.1, &self.known.all.1),
        };
        known.get_or_init(|| {
            let displaced = self.roles.displaced().filter(|_| !of_b);
            let mut all = hidden(side, displaced);
            all.extend_from_slice(self.plain(of_b));
            all.sort_unstable();
            all.dedup();
            all
        })
    }

    /// Whether a number of A's code or a word of its data is this address.
    pub(crate) fn names(&self, address: u64) -> bool {
        self.plain(false).binary_search(&address).is_ok()
    }

    /// Where the texts around a run are cut, on both sides. The bytes before and behind the run are
    /// the same on both, and so are A's names there. Bytes that one side alone has belong to the
    /// text before if B names their end, or A does, and to the text behind if their start is named.
    /// Where the names that decide are not plain, they belong to neither.
    pub(crate) fn cuts(&self, pair: &Pair<'_>, a: &Range<usize>, b: &Range<usize>) -> (Cut, Cut) {
        if !pair.active {
            return UNCUT;
        }
        let (start, bytes) = (pair.start.0, &pair.bytes.0);
        let known = self.all(false);
        let low = a.start.saturating_sub(AROUND);
        let from = known.partition_point(|at| *at < start + low as u64);
        let near = known[from..].iter().map(|at| (at - start) as usize);
        let near = near.take_while(|at| *at <= a.end + AROUND && *at < bytes.len());
        let mut cut = Cut::NONE;
        for at in near.filter(|at| !is_tail(bytes, *at)) {
            if at == a.start && a.is_empty() {
                let (plain, all) = (self.plain(true), self.all(true));
                let is = |names: &[u64], at: usize| {
                    names.binary_search(&(pair.start.1 + at as u64)).is_ok()
                };
                let apart = !is(plain, b.start) && !is(plain, b.end);
                let (first, last) = (is(all, b.start), is(all, b.end));
                cut.before = if first || apart || !is(plain, b.end) { 0 } else { cut.before };
                cut.behind = if last || apart { 0 } else { cut.behind };
            } else if at <= a.start {
                cut.before = a.start - at;
            } else if at < a.end {
                cut.inside = true;
            } else {
                cut.behind = cut.behind.min(at - a.end);
                break;
            }
        }
        (cut, Cut { inside: false, ..cut })
    }
}

/// Whether the text that starts here is the name of a file at the end of a path. Where a linker
/// merges the ends of strings, it is both.
fn is_tail(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    let rest = bytes[at..].iter().take(AROUND).take_while(|byte| **byte != 0);
    let folder = rest.clone().any(|byte| matches!(byte, b'/' | b'\\'));
    matches!(before, Some(b'/' | b'\\')) && !folder && rest.count() < AROUND
}
