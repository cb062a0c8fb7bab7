//! Hash-consing: the content of a term → its number, the old one if the table has that content.
//!
//! ```text
//! content ─ hash ─► index ─ whole contents compared ─► the number of an older term, or a new one
//! ```
//!
//! Every table of terms is one of these: [`crate::Terms`], and those of the proofs and oracles that
//! compare two bodies with other operators. A user brings the content ([`Node`]) and the rules by
//! which it makes terms; the table knows neither.
//!
//! * H1. Two terms with one number have equal contents. The hash only finds candidates.
//! * H2. Below 2³² terms, two terms with equal contents have one number, except leaves.
//! * H3. A leaf has a number that no other term has, for every content.
//!
//! Noticed by: `tests`, and the tests of each user.

use crate::hash::Key;

/// The content of a term: its operator, and the numbers of its operands.
pub trait Node: Eq {
    /// A hash of the content, equal for equal contents. Every part of the content that comes from a
    /// module must go through a product with the key.
    fn hash(&self, key: Key) -> u64;

    /// Whether its terms are leaves: values that only a run knows.
    #[inline]
    fn is_leaf(&self) -> bool {
        false
    }
}

/// A table of terms, by their numbers: 0 is the first.
#[derive(Debug)]
pub struct Table<N> {
    key: Key,
    nodes: Vec<N>,
    /// Open addressing: numbers of terms that are no leaves, or [`EMPTY`].
    index: Vec<u32>,
    /// One less than the length in use of `index`, a power of two.
    mask: usize,
    /// Where the second side's next term probably is.
    guess: usize,
}

const EMPTY: u32 = u32::MAX;

/// The least length of the index.
const SLOTS_MIN: usize = 64;

impl<N: Node> Default for Table<N> {
    fn default() -> Table<N> {
        Table::with_room(0)
    }
}

impl<N: Node> Table<N> {
    /// An empty table with room for about `capacity` terms.
    pub fn with_room(capacity: usize) -> Table<N> {
        let nodes = Vec::with_capacity(capacity);
        let mut this = Table { key: Key::default(), nodes, index: Vec::new(), mask: 0, guess: 0 };
        this.reset(capacity);
        this
    }

    /// Empties the table and makes room for about `capacity` terms; keeps what is allocated.
    /// Numbers from before mean nothing.
    pub fn reset(&mut self, capacity: usize) {
        self.nodes.clear();
        self.guess = 0;
        let slots = (2 * capacity).next_power_of_two().max(SLOTS_MIN);
        self.mask = slots - 1;
        let used = slots.min(self.index.len());
        self.index[..used].fill(EMPTY);
        if slots > used {
            self.index.resize(slots, EMPTY);
        }
    }

    /// The bytes that the table keeps.
    pub fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<N>() + self.index.capacity() * size_of::<u32>()
    }

    /// The content of a term.
    #[inline]
    pub fn get(&self, number: usize) -> Option<&N> {
        self.nodes.get(number)
    }

    /// The number of terms.
    #[inline]
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The number of a term (H1, H2); of a leaf, a new one (H3).
    #[inline]
    pub fn intern(&mut self, node: N) -> usize {
        if node.is_leaf() {
            self.nodes.push(node);
            return self.nodes.len() - 1;
        }
        self.find(node)
    }

    /// The number of the term that has this content, if there is one (H2).
    pub fn lookup(&self, node: &N) -> Option<usize> {
        let mut slot = node.hash(self.key) as usize & self.mask;
        loop {
            let number = *self.index.get(slot)?;
            if number == EMPTY {
                return None;
            }
            if self.nodes.get(number as usize) == Some(node) {
                return Some(number as usize);
            }
            slot = (slot + 1) & self.mask;
        }
    }

    #[inline(never)]
    fn find(&mut self, node: N) -> usize {
        let mut slot = node.hash(self.key) as usize & self.mask;
        loop {
            let number = self.index[slot];
            if number == EMPTY {
                break;
            }
            if self.nodes[number as usize] == node {
                return number as usize;
            }
            slot = (slot + 1) & self.mask;
        }
        let number = self.nodes.len();
        self.nodes.push(node);
        self.index[slot] = number as u32;
        if 2 * number > self.mask {
            self.grow();
        }
        number
    }

    /// The same number, sooner on the second of two sides, which mostly makes the terms that the
    /// first has made before it, in the same order: it looks behind its last find.
    #[inline]
    pub fn intern_again(&mut self, node: N) -> usize {
        let number = match self.nodes.get(self.guess) {
            Some(next) if *next == node && !node.is_leaf() => self.guess,
            _ => self.intern(node),
        };
        self.guess = number + 1;
        number
    }

    #[cold]
    fn grow(&mut self) {
        let slots = 2 * (self.mask + 1);
        self.mask = slots - 1;
        self.index.clear();
        self.index.resize(slots, EMPTY);
        for (number, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.is_leaf()) {
            let mut slot = node.hash(self.key) as usize & self.mask;
            while self.index[slot] != EMPTY {
                slot = (slot + 1) & self.mask;
            }
            self.index[slot] = number as u32;
        }
    }
}
