//! Which handlers a word's exception is offered to: the ranges of a handler table that F15 has
//! accepted → a search by word.
//!
//! # Invariants
//! * N1. Ranges are disjoint or one in the other, and handlers stand in the order of their ends, an
//!   inner range before the outer one (F15). So the handlers around a word are, in the order in
//!   which they are asked, those of the innermost range, then those of the range around it, and so
//!   on.
//!
//! Cost: a sort when the table is made; a search finds its first handler in the logarithm of their
//! number, and each further one in constant time, independent of the other ranges.

use crate::candidate::Handler;

/// The nesting of a table's ranges. Positions are of handlers; their number stands for none.
#[derive(Clone)]
pub(crate) struct Ranges {
    /// For each handler, the first one of the innermost range around its own.
    outer: Box<[u32]>,
    /// From a word on, the first handler of the innermost range that it is in; by ascending word.
    innermost: Box<[(u32, u32)]>,
}

impl Ranges {
    pub(crate) fn new(handlers: &[Handler]) -> Ranges {
        let none = handlers.len() as u32;
        let mut outer = vec![none; handlers.len()];
        let mut innermost = Places(Vec::new());
        // The open ranges, the innermost last: end and first handler.
        let mut open: Vec<(u32, u32)> = Vec::new();
        let around = |open: &[(u32, u32)]| open.last().map_or(none, |&(_, first)| first);
        for Group { start, end, first, len } in groups(handlers) {
            while let Some((end, _)) = open.pop_if(|&mut (end, _)| end <= start) {
                innermost.set(end, around(&open));
            }
            outer[first as usize..][..len].fill(around(&open));
            innermost.set(start, first);
            open.push((end, first));
        }
        while let Some((end, _)) = open.pop() {
            innermost.set(end, around(&open));
        }
        Ranges { outer: outer.into(), innermost: innermost.0.into() }
    }

    /// The handlers whose range has `word`, the first to ask first; `handlers` are those that the
    /// ranges were made from.
    pub(crate) fn at<'h>(
        &'h self,
        handlers: &'h [Handler],
        word: u32,
    ) -> impl Iterator<Item = &'h Handler> {
        let places = self.innermost.partition_point(|&(start, _)| start <= word);
        let place = places.checked_sub(1).map(|place| self.innermost[place].1);
        let mut at = place.map_or(handlers.len(), |first| first as usize);
        core::iter::from_fn(move || {
            let handler = handlers.get(at)?;
            let range = (handler.start, handler.end);
            let next = handlers.get(at + 1).map(|next| (next.start, next.end));
            at = if next == Some(range) { at + 1 } else { self.outer[at] as usize };
            Some(handler)
        })
    }
}

/// Handlers of one range, next to each other.
struct Group {
    start: u32,
    end: u32,
    first: u32,
    len: usize,
}

/// The groups whose range is not empty, an outer one before those inside it.
fn groups(handlers: &[Handler]) -> Vec<Group> {
    let same = |a: &Handler, b: &Handler| (a.start, a.end) == (b.start, b.end);
    let mut groups = Vec::new();
    let mut first = 0;
    for group in handlers.chunk_by(same) {
        let Handler { start, end, .. } = group[0];
        if start < end {
            groups.push(Group { start, end, first, len: group.len() });
        }
        first += group.len() as u32;
    }
    groups.sort_by_key(|group| (group.start, u32::MAX - group.end, u32::MAX - group.first));
    groups
}

/// See [`Ranges::innermost`].
struct Places(Vec<(u32, u32)>);

impl Places {
    /// From `word` on, which is none of the earlier ones, it is `first`.
    fn set(&mut self, word: u32, first: u32) {
        match self.0.last_mut() {
            Some(last) if last.0 == word => last.1 = first,
            _ => self.0.push((word, first)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    /// Handlers of nested ranges between two words, in the order of their ends.
    fn nest(random: &mut Random, start: u32, end: u32, depth: u32, handlers: &mut Vec<Handler>) {
        let mut at = start;
        while depth > 0 && at < end && random.below(4) > 0 {
            let from = at + random.below(u64::from(end - at) + 1) as u32;
            let to = from + random.below(u64::from(end - from) + 1) as u32;
            nest(random, from, to, depth - 1, handlers);
            for _ in 0..random.below(3) {
                let slot = handlers.len() as u16;
                let (tag, with_ref, target) = (None, false, 0);
                handlers.push(Handler { start: from, end: to, tag, with_ref, target, slot });
            }
            at = to;
        }
    }

    #[test]
    fn a_search_finds_what_looking_at_all_finds() {
        let mut random = Random::new(7);
        let mut found = 0;
        for _ in 0..2_000 {
            let mut handlers = Vec::new();
            nest(&mut random, 0, 12, 4, &mut handlers);
            let ranges = Ranges::new(&handlers);
            for word in 0..14 {
                let slow = handlers.iter().filter(|h| h.start <= word && word < h.end);
                let slow: Vec<u16> = slow.map(|handler| handler.slot).collect();
                let fast: Vec<u16> = ranges.at(&handlers, word).map(|h| h.slot).collect();
                assert_eq!(fast, slow, "{word} in {handlers:?}");
                found += fast.len();
            }
        }
        assert!(found > 5_000, "{found}");
    }
}
