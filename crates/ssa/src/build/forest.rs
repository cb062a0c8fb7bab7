//! Trees that only grow, in which the highest ancestor with a property is found in logarithmic
//! time.
//!
//! Each node has beside its parent one *jump* further up (Myers, *An applicative random-access
//! stack*, 1983): jumps double where the depths are a skew-binary number, so a search takes at most
//! `O(log depth)` steps and a node costs constant time and memory. Three trees of the builder are
//! such: joins, loops, and the entries of each local.

/// No node.
pub(super) const NONE: u32 = u32::MAX;

struct Node<T> {
    parent: u32,
    /// An ancestor; the node itself at a root.
    jump: u32,
    depth: u32,
    data: T,
}

/// Trees of nodes with data.
pub(super) struct Forest<T> {
    nodes: Vec<Node<T>>,
}

impl<T> Forest<T> {
    /// No trees, with room for `nodes` nodes.
    pub(super) fn with_room(nodes: usize) -> Forest<T> {
        Forest { nodes: Vec::with_capacity(nodes) }
    }

    /// A new leaf under a node, or a root under [`NONE`].
    pub(super) fn push(&mut self, parent: u32, data: T) -> u32 {
        let id = self.nodes.len() as u32;
        let node = match self.nodes.get(parent as usize) {
            None => Node { parent: NONE, jump: id, depth: 0, data },
            Some(above) => {
                let far = &self.nodes[above.jump as usize];
                let farther = &self.nodes[far.jump as usize];
                let even = above.depth - far.depth == far.depth - farther.depth;
                let jump = if even { far.jump } else { parent };
                Node { parent, jump, depth: above.depth + 1, data }
            }
        };
        self.nodes.push(node);
        id
    }

    #[inline]
    pub(super) fn get(&self, id: u32) -> Option<&T> {
        self.nodes.get(id as usize).map(|node| &node.data)
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.nodes.get_mut(id as usize).map(|node| &mut node.data)
    }

    #[inline]
    pub(super) fn parent(&self, id: u32) -> u32 {
        self.nodes.get(id as usize).map_or(NONE, |node| node.parent)
    }

    /// The highest node of those with the property, if it holds for `from` and, where it holds for
    /// a node above, for all between.
    pub(super) fn highest(&self, from: u32, holds: impl Fn(&T) -> bool) -> Option<u32> {
        let mut at = from;
        if !holds(self.get(at)?) {
            return None;
        }
        loop {
            let node = &self.nodes[at as usize];
            let above = |id: u32| id != at && self.get(id).is_some_and(&holds);
            at = match (above(node.jump), above(node.parent)) {
                (true, _) => node.jump,
                (false, true) => node.parent,
                (false, false) => return Some(at),
            };
        }
    }

    /// The lowest node without the property, where it holds for the nodes below and for none above.
    pub(super) fn lowest_without(&self, from: u32, holds: impl Fn(&T) -> bool) -> u32 {
        self.highest(from, holds).map_or(from, |highest| self.parent(highest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_agree_with_climbing() {
        let mut forest = Forest::with_room(0);
        let mut ids = vec![forest.push(NONE, 0u32)];
        let mut random = 1u32;
        for _ in 0..2000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Mostly long chains, now and then a fork.
            let last = ids.len() as u32 - 1;
            let parent = if random >> 28 == 0 { random % ids.len() as u32 } else { last };
            let depth = forest.get(parent).copied().expect("a node") + 1;
            ids.push(forest.push(parent, depth));
        }
        for (&from, bound) in ids.iter().zip((0..100).cycle()) {
            let mut at = from;
            let slow = loop {
                match forest.get(at) {
                    Some(&depth) if depth >= bound => at = forest.parent(at),
                    Some(_) | None => break at,
                }
            };
            assert_eq!(forest.lowest_without(from, |&depth| depth >= bound), slow);
        }
        assert_eq!(forest.lowest_without(NONE, |_| true), NONE);
        assert_eq!(forest.highest(5, |&depth| depth > 1_000_000), None);
    }
}
