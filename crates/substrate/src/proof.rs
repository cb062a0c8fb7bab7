//! A compact proof → whether a trie with this root holds a key with this value.
//!
//! The proof is the one that clients make and verify (`sp_trie::verify_trie_proof`): the nodes on
//! the path to the key, from the root on, each without what the next ones determine. A hashed child
//! on the path is empty, and so is the value in question; everything else stands as in the trie.
//! Verifying goes down the path with the key, and up again, completing each node and hashing it;
//! what comes out at the top has to be the root.
//!
//! # Invariants
//! * V1. An accepted proof is the encoding of a path whose nodes have the root as their hash: the
//!   completed nodes are encoded anew, never copied.
//! * V2. A proof says nothing that is not needed: a node too many, a value or a hash that the rest
//!   determines, each refuses it.
//!
//! # Limits
//! [`PROOF_NODES_MAX`]. Time is linear in the bytes of the proof and the key; a node costs a few
//! words until the root is known. `tests/proofs.rs` compares with verdicts of `sp-trie` and with
//! proofs that its own generator makes.

use crate::hash::Hasher;
use crate::trie::{self, HASHED_NODE_BYTES_MIN, Kind, StateVersion, nibble};
use parity_scale_codec::{Compact, Decode};

/// The greatest number of nodes on a path (a key of half a MiB, forked at each nibble).
pub const PROOF_NODES_MAX: usize = 1 << 20;

/// The bytes of a hash, and the most that a child's name in its parent has.
const HASH_BYTES: usize = 32;

/// How many nodes may lie in each other: each has 4 bytes beside the next, and all of them 32.
const INLINE_DEPTH_MAX: usize = 9;

/// Whether `nodes` prove that the trie with this root holds `value` under `key`.
pub fn verify_proof<'a>(
    hasher: Hasher,
    version: StateVersion,
    root: &[u8; 32],
    nodes: impl IntoIterator<Item = &'a [u8]>,
    key: &[u8],
    value: &[u8],
) -> bool {
    let path = down(nodes, key);
    let found = path.and_then(|path| up(hasher, version, &path, key, value));
    found.as_ref() == Some(root)
}

/// A node on the path.
struct Step<'a> {
    bytes: &'a [u8],
    /// The nibbles of the key before it.
    from: usize,
    /// It lies in its parent.
    inline: bool,
}

/// The nodes from the root to the one of the key; `None` if they do not lead there.
fn down<'a>(nodes: impl IntoIterator<Item = &'a [u8]>, key: &[u8]) -> Option<Vec<Step<'a>>> {
    let mut nodes = nodes.into_iter();
    let mut step = Step { bytes: nodes.next()?, from: 0, inline: false };
    let (mut path, mut nested) = (Vec::new(), 0);
    loop {
        if path.len() == PROOF_NODES_MAX || nested == INLINE_DEPTH_MAX {
            return None;
        }
        let node = Node::decode(step.bytes)?;
        let end = step.from.checked_add(node.nibbles)?;
        if !node.leads_to(key, step.from) {
            return None;
        }
        path.push(step);
        if end == key.len() * 2 {
            // V2: the value stands in the statement, and no node is left over.
            return (node.lacks_its_value() && nodes.next().is_none()).then_some(path);
        }
        let child = node.children[nibble(key, end)]?;
        let (bytes, inline) = match child.len() {
            0 => (nodes.next()?, false),
            HASH_BYTES => return None,
            _ => (child, true),
        };
        nested = if inline { nested + 1 } else { 0 };
        step = Step { bytes, from: end + 1, inline };
    }
}

/// The hash of the root, where the last node of the path has this value.
fn up(
    hasher: Hasher,
    version: StateVersion,
    path: &[Step<'_>],
    key: &[u8],
    value: &[u8],
) -> Option<[u8; 32]> {
    let mut below: Option<Vec<u8>> = None;
    let hash;
    let value = if trie::is_hashed(version, value) {
        hash = hasher.hash(value);
        Held::Hash(&hash)
    } else {
        Held::Inline(value)
    };
    for step in path.iter().rev() {
        let mut node = Node::decode(step.bytes)?;
        let end = step.from.checked_add(node.nibbles)?;
        match &below {
            None => node.value = value,
            Some(name) => node.children[nibble(key, end)] = Some(name),
        }
        let bytes = node.encode(key, step.from, end)?;
        below = Some(match step.inline {
            true if bytes.len() > HASH_BYTES => return None,
            true => bytes,
            false => hasher.hash(&bytes).to_vec(),
        });
    }
    below?.try_into().ok()
}

/// The value of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held<'a> {
    Nothing,
    Inline(&'a [u8]),
    Hash(&'a [u8]),
}

/// A node as a proof has it.
struct Node<'a> {
    leaf: bool,
    /// The number of nibbles of its part of the key, and the bytes that they lie in.
    nibbles: usize,
    partial: &'a [u8],
    value: Held<'a>,
    children: [Option<&'a [u8]>; 16],
}

impl<'a> Node<'a> {
    /// Decodes a node; bytes behind it are ignored, as every client ignores them. The empty trie
    /// leads nowhere, so it is none.
    fn decode(mut bytes: &'a [u8]) -> Option<Node<'a>> {
        let input = &mut bytes;
        let first = take(input, 1)?[0];
        let kind = match first {
            0b0100_0000..=0b0111_1111 => Kind::Leaf,
            0b1000_0000..=0b1011_1111 => Kind::Branch,
            0b1100_0000..=0b1111_1111 => Kind::BranchValue,
            0b0010_0000..=0b0011_1111 => Kind::LeafHash,
            0b0001_0000..=0b0001_1111 => Kind::BranchHash,
            0b0000_0000..=0b0000_1111 => return None,
        };
        let nibbles = count(first, kind, input)?;
        let partial = take(input, nibbles.div_ceil(2))?;
        if nibbles % 2 == 1 && partial.first()? >> 4 != 0 {
            return None;
        }
        let leaf = matches!(kind, Kind::Leaf | Kind::LeafHash);
        let bitmap = match leaf {
            true => 0,
            false => {
                let bytes = take(input, 2)?;
                u16::from_le_bytes([bytes[0], bytes[1]])
            }
        };
        if !leaf && bitmap == 0 {
            return None;
        }
        let value = match kind {
            Kind::Leaf | Kind::BranchValue => Held::Inline(vector(input)?),
            Kind::LeafHash | Kind::BranchHash => Held::Hash(take(input, HASH_BYTES)?),
            Kind::Branch => Held::Nothing,
        };
        let mut children = [None; 16];
        for (i, child) in children.iter_mut().enumerate() {
            if bitmap & 1 << i != 0 {
                *child = Some(vector(input)?);
            }
        }
        Some(Node { leaf, nibbles, partial, value, children })
    }

    /// Whether its part of the key is the key's from a nibble on.
    fn leads_to(&self, key: &[u8], from: usize) -> bool {
        let odd = self.nibbles % 2;
        let fits = from.checked_add(self.nibbles).is_some_and(|end| end <= key.len() * 2);
        fits && (0..self.nibbles).all(|i| nibble(self.partial, i + odd) == nibble(key, from + i))
    }

    /// Whether the value is left out: an empty one in a leaf, none in a branch.
    fn lacks_its_value(&self) -> bool {
        self.value == if self.leaf { Held::Inline(&[]) } else { Held::Nothing }
    }

    /// The node's bytes in the trie; `None` if a child's name is longer than a hash.
    fn encode(&self, key: &[u8], from: usize, to: usize) -> Option<Vec<u8>> {
        let kind = match (self.leaf, self.value) {
            (true, Held::Nothing) => return None,
            (true, Held::Inline(_)) => Kind::Leaf,
            (true, Held::Hash(_)) => Kind::LeafHash,
            (false, Held::Nothing) => Kind::Branch,
            (false, Held::Inline(_)) => Kind::BranchValue,
            (false, Held::Hash(_)) => Kind::BranchHash,
        };
        if self.children.iter().flatten().any(|child| child.len() > HASHED_NODE_BYTES_MIN) {
            return None;
        }
        let mut node = Vec::new();
        trie::header(&mut node, kind, key, from, to);
        if !self.leaf {
            trie::bitmap(&mut node, self.children.iter().map(Option::is_some));
        }
        match self.value {
            Held::Nothing => {}
            Held::Inline(value) => trie::vector(&mut node, value),
            Held::Hash(hash) => node.extend(hash),
        }
        self.children.iter().flatten().for_each(|child| trie::vector(&mut node, child));
        Some(node)
    }
}

/// The number of nibbles: in the bits that the kind leaves of the first byte, and on in further
/// bytes.
fn count(first: u8, kind: Kind, input: &mut &[u8]) -> Option<usize> {
    let full = kind.full();
    let mut count = usize::from(first) & full;
    if count < full {
        return Some(count);
    }
    loop {
        let byte = take(input, 1)?[0];
        count = count.checked_add(usize::from(byte))?;
        if byte < 255 {
            return Some(count);
        }
    }
}

/// The next bytes.
fn take<'a>(input: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (bytes, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(bytes)
}

/// The next bytes, whose number stands before them in compact form.
pub(crate) fn vector<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let Compact(len) = Compact::<u32>::decode(input).ok()?;
    take(input, len as usize)
}
