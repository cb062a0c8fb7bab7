//! Sorted keys and values → the root of their trie.
//!
//! The trie is Substrate's: base 16 by nibbles, path-compressed, branches hold values, nodes
//! shorter than 32 bytes lie in their parents (`sp-trie`; Polkadot specification 2.4). With state
//! version 1 a value of more than 32 bytes is replaced by its hash.
//!
//! One pass over the keys keeps a stack of the branches that are still open. So the depth of a trie
//! costs no native stack, for any keys.
//!
//! # Invariants
//! * T1. Between two keys the top of the stack is the branch at their common prefix.
//! * T2. The depths on the stack rise strictly from the bottom.
//! * T3. Children lie in one list: those of a branch, in their order, from where the list ended
//!   when it was pushed to where the next branch above it begins. Only the top gets any.
//!
//! # Limits
//! Time is linear in the bytes of keys and values; the stack has at most one entry for each key.
//! `tests/trie.rs` compares with a recursive model that is written from the definition.

use crate::hash::Hasher;

/// How long values are held in nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateVersion {
    /// All values lie in their nodes.
    V0,
    /// Values of more than 32 bytes are replaced by their hashes.
    V1,
}

impl StateVersion {
    /// The version of a number that a runtime gives.
    pub fn of_number(number: u64) -> Option<StateVersion> {
        match number {
            0 => Some(StateVersion::V0),
            1 => Some(StateVersion::V1),
            _ => None,
        }
    }

    /// The version that it is not.
    pub(crate) fn other(self) -> StateVersion {
        match self {
            StateVersion::V0 => StateVersion::V1,
            StateVersion::V1 => StateVersion::V0,
        }
    }

    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            StateVersion::V0 => 0,
            StateVersion::V1 => 1,
        }
    }
}

/// Minimum number of bytes of a value that is hashed in version 1.
pub(crate) const HASHED_BYTES_MIN: usize = 33;
/// Minimum number of bytes of a node that is hashed.
pub(crate) const HASHED_NODE_BYTES_MIN: usize = 32;

/// Whether a value is replaced by its hash.
pub(crate) fn is_hashed(version: StateVersion, value: &[u8]) -> bool {
    version == StateVersion::V1 && value.len() >= HASHED_BYTES_MIN
}

/// The kind of a node, by its first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Leaf,
    Branch,
    BranchValue,
    LeafHash,
    BranchHash,
}

impl Kind {
    /// The bits, in their place.
    fn prefix(self) -> u8 {
        match self {
            Kind::Leaf => 0b0100_0000,
            Kind::Branch => 0b1000_0000,
            Kind::BranchValue => 0b1100_0000,
            Kind::LeafHash => 0b0010_0000,
            Kind::BranchHash => 0b0001_0000,
        }
    }

    /// The greatest number in the bits that are left, which says that further bytes follow.
    pub(crate) fn full(self) -> usize {
        match self {
            Kind::Leaf | Kind::Branch | Kind::BranchValue => 63,
            Kind::LeafHash => 31,
            Kind::BranchHash => 15,
        }
    }
}

/// The root of a trie.
///
/// The keys must rise strictly; what comes out for others is not defined, but nothing panics.
pub fn root<'a>(
    hasher: Hasher,
    version: StateVersion,
    pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
) -> [u8; 32] {
    root_of_mixed(hasher, pairs.into_iter().map(|(key, value)| (key, value, version)))
}

/// The root of a trie whose values may have different versions.
pub(crate) fn root_of_mixed<'a>(
    hasher: Hasher,
    values: impl IntoIterator<Item = (&'a [u8], &'a [u8], StateVersion)>,
) -> [u8; 32] {
    let builder = Builder { hasher, open: Vec::new(), children: Vec::new(), node: Vec::new() };
    let pairs = values.into_iter().map(|(key, bytes, version)| {
        let hashed = is_hashed(version, bytes);
        (key, Value { bytes, hashed })
    });
    hasher.hash(&builder.build(pairs))
}

/// The root of the trie of a list: the keys are the places, SCALE-encoded as compact numbers.
pub fn ordered_root<'a>(
    hasher: Hasher,
    version: StateVersion,
    values: impl IntoIterator<Item = &'a [u8]>,
) -> [u8; 32] {
    let mut pairs: Vec<(Vec<u8>, &[u8])> = values
        .into_iter()
        .enumerate()
        .map(|(place, value)| (crate::version::compact(place as u64), value))
        .collect();
    pairs.sort();
    root(hasher, version, pairs.iter().map(|(key, value)| (key.as_slice(), *value)))
}

/// A value, and whether its node has its hash.
#[derive(Clone, Copy)]
struct Value<'a> {
    bytes: &'a [u8],
    hashed: bool,
}

/// A branch that may still get children.
struct Open<'a> {
    /// The nibbles of the path to it.
    depth: usize,
    /// A key that leads through it.
    key: &'a [u8],
    value: Option<Value<'a>>,
    /// Which children it has.
    present: u16,
    /// Where its children begin among all (T3).
    first: usize,
}

/// How a child is named in its parent: the node itself, if it is short, or its hash.
#[derive(Clone, Copy)]
struct Named {
    bytes: [u8; 32],
    len: usize,
}

struct Builder<'a> {
    hasher: Hasher,
    open: Vec<Open<'a>>,
    /// The children of all open branches (T3).
    children: Vec<Named>,
    /// The node that was encoded last.
    node: Vec<u8>,
}

impl<'a> Builder<'a> {
    /// The encoding of the root node.
    fn build(mut self, pairs: impl IntoIterator<Item = (&'a [u8], Value<'a>)>) -> Vec<u8> {
        let mut pairs = pairs.into_iter();
        let Some(mut pair) = pairs.next() else { return vec![0] };
        loop {
            let next = pairs.next();
            let fork = next.map(|(key, _)| common(pair.0, key));
            if self.add(pair, fork) || self.close(fork) {
                return self.node;
            }
            match next {
                Some(next) => pair = next,
                // One of both gives the root where no key follows.
                None => return vec![0],
            }
        }
    }

    /// Adds a key; the next one has `fork` nibbles in common with it. Whether it is the only key,
    /// whose node is the root's.
    fn add(&mut self, (key, value): (&'a [u8], Value<'a>), fork: Option<usize>) -> bool {
        let len = key.len() * 2;
        if fork == Some(len) {
            self.push(len, key, Some(value));
            return false;
        }
        let before = self.open.last().map(|top| top.depth);
        if let Some(fork) = fork.filter(|&fork| before.is_none_or(|before| fork > before)) {
            self.push(fork, key, None);
        }
        let partial = self.open.last().map_or(0, |top| top.depth + 1);
        self.leaf(key, partial, value);
        self.attach(key)
    }

    /// Closes the branches that the next key does not lead through, and keeps T1. Whether the last
    /// one is the root.
    fn close(&mut self, fork: Option<usize>) -> bool {
        while self.open.last().is_some_and(|top| fork.is_none_or(|fork| top.depth > fork)) {
            let Some(top) = self.open.pop() else { return false };
            let below = self.open.last().map(|below| below.depth);
            let between = fork.filter(|&fork| below.is_none_or(|below| below < fork));
            let parent = between.or(below);
            self.branch(&top, parent.map_or(0, |depth| depth + 1));
            if let Some(fork) = between {
                self.push(fork, top.key, None);
            }
            if self.attach(top.key) {
                return true;
            }
        }
        false
    }

    fn push(&mut self, depth: usize, key: &'a [u8], value: Option<Value<'a>>) {
        self.open.push(Open { depth, key, value, present: 0, first: self.children.len() });
    }

    /// Gives the top of the stack the last node as its child. Whether there is no top, so that the
    /// node is the root.
    fn attach(&mut self, key: &[u8]) -> bool {
        let Some(top) = self.open.last_mut() else { return true };
        let named = match self.node.len() {
            len @ 0..HASHED_NODE_BYTES_MIN => {
                let mut bytes = [0; 32];
                bytes[..len].copy_from_slice(&self.node);
                Named { bytes, len }
            }
            _ => Named { bytes: self.hasher.hash(&self.node), len: 32 },
        };
        top.present |= 1 << nibble(key, top.depth);
        self.children.push(named);
        false
    }

    /// Encodes the node of a key without children.
    fn leaf(&mut self, key: &[u8], partial: usize, value: Value<'_>) {
        let kind = if value.hashed { Kind::LeafHash } else { Kind::Leaf };
        self.node.clear();
        header(&mut self.node, kind, key, partial, key.len() * 2);
        self.value(value);
    }

    /// Encodes the node of a branch that was at the top, and forgets its children.
    fn branch(&mut self, branch: &Open<'a>, partial: usize) {
        let kind = match branch.value {
            None => Kind::Branch,
            Some(value) if value.hashed => Kind::BranchHash,
            Some(_) => Kind::BranchValue,
        };
        self.node.clear();
        header(&mut self.node, kind, branch.key, partial, branch.depth);
        self.node.extend(branch.present.to_le_bytes());
        if let Some(value) = branch.value {
            self.value(value);
        }
        for child in self.children.drain(branch.first..) {
            vector(&mut self.node, &child.bytes[..child.len]);
        }
    }

    fn value(&mut self, value: Value<'_>) {
        match value.hashed {
            true => self.node.extend(self.hasher.hash(value.bytes)),
            false => vector(&mut self.node, value.bytes),
        }
    }
}

/// Bytes with their number before them.
pub(crate) fn vector(node: &mut Vec<u8>, bytes: &[u8]) {
    // SCALE's compact form: most nodes' names and values have less than 64 bytes.
    match bytes.len() {
        len @ 0..64 => node.push((len as u8) << 2),
        len => node.extend(crate::version::compact(len as u64)),
    }
    node.extend(bytes);
}

/// Which children there are.
pub(crate) fn bitmap(node: &mut Vec<u8>, present: impl Iterator<Item = bool>) {
    let map = present.enumerate().fold(0u16, |map, (i, child)| map | u16::from(child) << i);
    node.extend(map.to_le_bytes());
}

/// The kind and the nibbles from `from` to `to` of a key: the count in the bits that the kind
/// leaves of a byte, and on in further bytes; then the nibbles, an odd one alone first.
pub(crate) fn header(node: &mut Vec<u8>, kind: Kind, key: &[u8], from: usize, to: usize) {
    let (count, full) = (to.saturating_sub(from), kind.full());
    if count < full {
        node.push(kind.prefix() | count as u8);
    } else {
        node.push(kind.prefix() | full as u8);
        let mut rest = count - full;
        while rest >= 255 {
            node.push(255);
            rest -= 255;
        }
        node.push(rest as u8);
    }
    let mut at = from;
    if count % 2 == 1 {
        node.push(nibble(key, at) as u8);
        at += 1;
    }
    if at.is_multiple_of(2) {
        node.extend(key.get(at / 2..to / 2).unwrap_or_default());
    } else {
        while at < to {
            node.push((nibble(key, at) << 4 | nibble(key, at + 1)) as u8);
            at += 2;
        }
    }
}

/// A nibble of a key, the high one of a byte first; 0 beyond its end.
pub(crate) fn nibble(key: &[u8], at: usize) -> usize {
    let byte = key.get(at / 2).copied().unwrap_or(0);
    usize::from(if at.is_multiple_of(2) { byte >> 4 } else { byte & 15 })
}

/// The number of nibbles that two keys have in common.
fn common(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count();
    let rest = a[8 * words..].iter().zip(&b[8 * words..]);
    let bytes = 8 * words + rest.take_while(|(a, b)| a == b).count();
    match (a.get(bytes), b.get(bytes)) {
        (Some(a), Some(b)) if a >> 4 == b >> 4 => bytes * 2 + 1,
        _ => bytes * 2,
    }
}
