//! Marks whose number of bytes is not known yet: nodes, each with the marks that it depends on.
//!
//! A node has `d` bytes if `d` is at most its bound, and each of its parts has `d` bytes, held
//! between the least and the most that the part is asked for. Demands go from node to node until no
//! node is asked for more than before: at most a few times for each.

use super::unwritten;
use crate::error::Fault;
use alloc::vec::Vec;

/// The lowest bytes of a location that are written: `surely` of them, or as many as a node has, or
/// has beyond its lowest 8. Packed, since there is one for each word of each waiting block: the
/// node's place and one in 24 bits, `surely` in 5, `upper` in one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark(u32);

/// Where `surely` is in a mark.
const SURELY: u32 = 24;
/// Where `upper` is.
const UPPER: u32 = 29;
/// Nodes at most, so that their places have space in marks.
const NODES_MAX: usize = (1 << SURELY) - 2;

impl Mark {
    /// No byte.
    pub(crate) const NONE: Mark = Mark(0);
    /// All bytes of any location.
    pub(crate) const ALL: Mark = Mark::bytes(ALL_BYTES);

    /// The lowest bytes.
    pub(crate) const fn bytes(bytes: u8) -> Mark {
        Mark((if bytes < ALL_BYTES { bytes } else { ALL_BYTES } as u32) << SURELY)
    }

    /// The node, if there is one.
    const fn node(self) -> Option<u32> {
        (self.0 & ((1 << SURELY) - 1)).checked_sub(1)
    }

    /// Whether more than is sure may be written.
    pub(super) const fn has_node(self) -> bool {
        self.node().is_some()
    }

    const fn surely(self) -> u8 {
        (self.0 >> SURELY & 31) as u8
    }

    /// How many of the node's lowest bytes do not count.
    const fn skip(self) -> u8 {
        if self.0 >> UPPER & 1 == 1 { 8 } else { 0 }
    }

    /// Whether this number of bytes is written, without a look at its node.
    #[inline]
    pub(crate) const fn is_surely(self, bytes: u8) -> bool {
        self.surely() >= bytes
    }

    /// The mark where the lowest `bytes` bytes are written, and those above stay.
    pub(crate) fn with_lowest(self, bytes: u8) -> Mark {
        let rest = self.0 & !(31 << SURELY);
        let more = Mark(rest | Mark::bytes(self.surely().max(bytes)).0);
        planted!(NarrowIsAll, more, Mark::ALL)
    }

    /// The mark of the bytes from 8 on.
    pub(crate) fn upper(self) -> Mark {
        let surely = Mark::bytes(self.surely().saturating_sub(8)).0;
        // Beyond 16 there is nothing.
        let node = if self.skip() == 0 { self.0 & ((1 << SURELY) - 1) } else { 0 };
        Mark(surely | node | u32::from(node > 0) << UPPER)
    }
}

/// Bytes of the widest location.
const ALL_BYTES: u8 = 16;

/// A mark that a node depends on: where `d` bytes of the node are demanded, it is asked for those
/// beyond the lowest `from`, held between `least` and `most`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Part {
    mark: Mark,
    from: u8,
    least: u8,
    most: u8,
}

impl Part {
    fn wants(self, bytes: u8) -> u8 {
        bytes.saturating_sub(self.from).max(self.least).min(self.most)
    }
}

#[derive(Clone, Copy, Default)]
struct Node {
    /// Bytes at most.
    bound: u8,
    /// Bytes that are demanded so far.
    demanded: u8,
    /// The first part; its most is 0 if there is none.
    first: Part,
    /// The place of the last part behind the first one, and one.
    last: u32,
}

/// A demand: the node, the bytes, who asks and why.
#[derive(Clone, Copy)]
struct Demand {
    node: u32,
    bytes: u8,
    at: u32,
    what: &'static str,
}

/// The nodes.
#[derive(Default)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// Parts behind nodes' first ones, each with what `last` was before it.
    parts: Vec<(u32, Part)>,
    demands: Vec<Demand>,
}

impl Nodes {
    /// Nodes, and parts that do not lie in them.
    pub(super) fn len(&self) -> usize {
        self.nodes.len().saturating_add(self.parts.len())
    }

    /// New nodes in a row that depend on nothing yet: the place of the first one.
    pub(super) fn begin(&mut self, count: u32) -> u32 {
        let first = self.nodes.len();
        let node = Node { bound: ALL_BYTES, ..Node::default() };
        self.nodes.resize(first.saturating_add(count as usize), node);
        u32::try_from(first).unwrap_or(u32::MAX)
    }

    /// The mark of a node.
    pub(super) fn mark(&self, node: u32) -> Mark {
        let nothing = self.nodes.get(node as usize).is_none_or(|node| node.bound == 0);
        if nothing { Mark::NONE } else { Mark(node.saturating_add(1)) }
    }

    /// A node has no more bytes than a mark.
    #[inline]
    pub(super) fn joins(&mut self, node: u32, mark: Mark) {
        self.depends(node, Part { mark, from: 0, least: 0, most: ALL_BYTES });
    }

    fn depends(&mut self, place: u32, part: Part) {
        let Some(node) = self.nodes.get_mut(place as usize) else { return };
        let Part { mark, from, least, most } = part;
        if node.bound == 0 || mark.is_surely(most) {
            return;
        }
        let Some(of) = mark.node() else {
            // What it has is enough for demands up to here.
            let more = if mark.is_surely(least) { mark.surely() } else { 0 };
            node.bound = node.bound.min(from.saturating_add(more));
            return;
        };
        let itself = of == place && mark.skip() == 0 && least == 0;
        if itself || node.first == part {
            return;
        }
        if node.first.most == 0 {
            node.first = part;
        } else if part_at(&self.parts, node.last).is_none_or(|(_, last)| last != part) {
            // Other ways from where nothing was written since would be the same again.
            self.parts.push((node.last, part));
            node.last = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        }
    }

    /// The mark of a new node; no byte if there is no space for one.
    fn made(&mut self, parts: impl Iterator<Item = Part>) -> Mark {
        if self.nodes.len() >= NODES_MAX {
            return Mark::NONE;
        }
        let node = self.begin(1);
        for part in parts {
            self.depends(node, part);
        }
        self.mark(node)
    }

    /// All bytes, if each of these has the bytes beside it.
    pub(super) fn needs(&mut self, of: &[(Mark, u8)]) -> Mark {
        if of.iter().all(|(mark, bytes)| mark.is_surely(*bytes)) {
            return Mark::ALL;
        }
        if of.iter().any(|(mark, bytes)| mark.node().is_none() && !mark.is_surely(*bytes)) {
            return planted!(SourceIsWritten, Mark::NONE, Mark::ALL);
        }
        self.made(of.iter().map(|&(mark, bytes)| Part { mark, from: 0, least: bytes, most: bytes }))
    }

    /// As many bytes as each of these has; all, if they have `most`.
    pub(super) fn least(&mut self, of: &[Mark], most: u8) -> Mark {
        if of.iter().all(|mark| mark.is_surely(most)) {
            return Mark::ALL;
        }
        if of.iter().all(|mark| mark.node().is_none()) {
            let surely = of.iter().map(|mark| mark.surely()).min().unwrap_or(0);
            return planted!(LeastIsWritten, Mark::bytes(surely), Mark::ALL);
        }
        self.made(of.iter().map(|&mark| Part { mark, from: 0, least: 1, most }))
    }

    /// As many bytes as each of two has, of which no more than the number beside it are asked for.
    pub(super) fn both(&mut self, a: (Mark, u8), b: (Mark, u8)) -> Mark {
        self.made([a, b].into_iter().map(|(mark, most)| Part { mark, from: 0, least: 1, most }))
    }

    /// As many bytes as a mark has, which is asked for `least` to `most`, and no more than `bound`.
    pub(super) fn held(&mut self, (mark, least, most): (Mark, u8, u8), bound: u8) -> Mark {
        let end = Part { mark: Mark::NONE, from: bound, least: 0, most: ALL_BYTES };
        self.made([Part { mark, from: 0, least, most }, end].into_iter())
    }

    /// The mark of two words behind each other.
    pub(super) fn pair(&mut self, low: Mark, high: Mark) -> Mark {
        if low.is_surely(8) && high.node().is_none() {
            return Mark::bytes(high.surely().min(8).saturating_add(8));
        }
        if low.node().is_none() && !low.is_surely(8) {
            return planted!(PairIsLow, Mark::bytes(low.surely()), low.with_lowest(8));
        }
        let low = Part { mark: low, from: 0, least: 0, most: 8 };
        let high = Part { mark: high, from: 8, least: 0, most: 8 };
        self.made([low, high].into_iter())
    }

    /// Demands bytes of a mark that may have fewer.
    pub(super) fn demand(
        &mut self,
        at: u32,
        (mark, bytes): (Mark, u8),
        what: &'static str,
    ) -> Result<(), Fault> {
        let Some(place) = mark.node() else {
            return planted!(DemandsNothing, unwritten(what), Ok(()));
        };
        let bytes = bytes.saturating_add(mark.skip());
        let Some(node) = self.nodes.get_mut(place as usize) else { return unwritten(what) };
        if node.demanded < bytes {
            node.demanded = bytes;
            self.demands.push(Demand { node: place, bytes, at, what });
        }
        Ok(())
    }

    /// Looks whether each node has what is demanded of it; `at` is set to who demands too much.
    pub(super) fn finish(&mut self, at: &mut u32) -> Result<(), Fault> {
        let parts = core::mem::take(&mut self.parts);
        // Each demand stands for its node once; a higher one follows a lower one.
        while let Some(demand) = self.demands.pop() {
            let Demand { node: place, bytes, .. } = demand;
            let Some(&node) = self.nodes.get(place as usize) else { continue };
            if bytes > planted!(BoundIsForgotten, node.bound, ALL_BYTES) {
                *at = demand.at;
                return unwritten(demand.what);
            }
            let mut last = planted!(FirstPartAlone, node.last, 0);
            let rest = core::iter::from_fn(|| {
                let (before, part) = part_at(&parts, last)?;
                last = before;
                Some(part)
            });
            let first = (node.first.most > 0).then_some(node.first);
            for part in first.into_iter().chain(rest) {
                let wants = part.wants(bytes);
                if part.mark.is_surely(wants) {
                    continue;
                }
                *at = demand.at;
                self.demand(demand.at, (part.mark, wants), demand.what)?;
            }
        }
        Ok(())
    }
}

/// The part at a place less one, and the place of the one before it.
fn part_at(parts: &[(u32, Part)], place: u32) -> Option<(u32, Part)> {
    parts.get(place.checked_sub(1)? as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A branch that is there a thousand times goes to one block with one mark, and a wide frame
    /// has thousands of words.
    #[test]
    fn a_way_that_comes_again_takes_no_part() {
        let mut nodes = Nodes::default();
        let first = nodes.begin(4);
        for other in 1..4 {
            let mark = nodes.mark(first + other);
            for _ in 0..1_000 {
                nodes.joins(first, mark);
            }
            // The first part lies in the node.
            assert_eq!(nodes.len(), 4 + other as usize - 1);
        }
        // The last one counts.
        nodes.joins(first + 3, Mark::NONE);
        let demanded = nodes.demand(7, (nodes.mark(first), 1), "a byte");
        assert_eq!(demanded, Ok(()));
        let mut at = 0;
        assert!(nodes.finish(&mut at).is_err());
        assert_eq!(at, 7);
    }
}
