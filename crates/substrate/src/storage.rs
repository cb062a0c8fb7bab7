//! The state as a runtime sees it: the parent's state with the changes of the call over it.
//!
//! A state is a main trie and child tries, each a sorted map. The root of a child trie is also a
//! value of the main trie, under [`CHILD_PREFIX`] and the child's key; runtimes cannot write there.
//! Neighbours: `changes` has the changes, `trie` the roots, `functions::storage` the host
//! functions.
//!
//! # Invariants
//! * B1. The root of every child trie of the backend is the one in the main trie
//!   ([`Storage::new`] checks it).
//! * B2. The backend changes only in [`Storage::apply`].
//!
//! # Limits
//! All values have one state version: a trie that is migrated from 0 to 1 value by value cannot be
//! given. Roots are computed from all keys each time.

use crate::changes::Changes;
use crate::error::{Rule, broken};
use crate::hash::Hasher;
use crate::trie::{self, StateVersion};
use prova::Result;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::ops::Bound;

/// The key of the runtime's code.
pub const CODE_KEY: &[u8] = b":code";
/// The key of the number of pages of heap, a `u64` in little endian.
pub const HEAP_PAGES_KEY: &[u8] = b":heappages";
/// What keys of the main trie begin with that hold roots of child tries.
pub const CHILD_PREFIX: &[u8] = b":child_storage:default:";
/// What no runtime may write: keys of all kinds of child tries.
const CHILD_PREFIX_ANY: &[u8] = b":child_storage:";

/// A trie of a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trie {
    /// The main trie.
    Main,
    /// The child trie of this key, without the prefix.
    Child(Vec<u8>),
}

/// Keys and values of a trie.
type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// What came of removing many keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Whether none of the keys is left.
    pub all: bool,
    /// The keys of the backend that were looked at, which the limit counts.
    pub looked_at: u32,
}

/// A state and the changes of a call.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    main: Pairs,
    children: BTreeMap<Vec<u8>, Pairs>,
    changes: Changes,
}

impl Storage {
    /// A state of these keys and values. Where the main trie has no root of a child trie, it gets
    /// that of version 0, if the child has keys.
    ///
    /// # Errors
    /// [`Rule::ChildRoot`] (B1).
    pub fn new(main: Pairs, children: BTreeMap<Vec<u8>, Pairs>) -> Result<Storage> {
        let mut storage = Storage { main, children, changes: Changes::default() };
        storage.children.retain(|_, pairs| !pairs.is_empty());
        for (key, pairs) in &storage.children {
            let roots = [StateVersion::V0, StateVersion::V1].map(|version| root(version, pairs));
            let place = child_key(key);
            let expected = storage.main.entry(place).or_insert_with(|| roots[0].to_vec());
            if !roots.iter().any(|root| root == expected.as_slice()) {
                let rule = Rule::ChildRoot { expected: hex(expected), found: hex(&roots[0]) };
                return Err(broken(format!("child trie {}", hex(key)), rule));
            }
        }
        let lost = storage.main.iter().find(|(key, _)| {
            let child = key.strip_prefix(CHILD_PREFIX);
            child.is_some_and(|child| !storage.children.contains_key(child))
        });
        if let Some((key, root)) = lost {
            let rule = Rule::ChildRoot { expected: hex(root), found: "of no keys".to_owned() };
            return Err(broken(format!("child trie {}", hex(&key[CHILD_PREFIX.len()..])), rule));
        }
        Ok(storage)
    }

    /// A value.
    pub fn get(&self, trie: &Trie, key: &[u8]) -> Option<&[u8]> {
        match self.changes.get(trie, key) {
            Some(entry) => entry.as_deref(),
            None => self.backend(trie)?.get(key).map(Vec::as_slice),
        }
    }

    /// A value of the main trie as it was before the call.
    pub fn before(&self, key: &[u8]) -> Option<&[u8]> {
        self.main.get(key).map(Vec::as_slice)
    }

    /// Sets or deletes a value. Keys that hold roots of child tries are left alone, as every client
    /// leaves them.
    ///
    /// # Errors
    /// [`Rule::ChangesBytes`].
    pub fn set(&mut self, trie: &Trie, key: &[u8], value: Option<Vec<u8>>) -> Result<(), Rule> {
        if *trie == Trie::Main && key.starts_with(CHILD_PREFIX_ANY) {
            return Ok(());
        }
        self.changes.set(trie, key.to_vec(), value)
    }

    /// The first key behind `key`, and how many deleted ones were passed over.
    pub fn next_key(&self, trie: &Trie, key: &[u8]) -> (Option<&[u8]>, u64) {
        let mut merged = self.merged(trie, Bound::Excluded(key));
        let next = merged.next().map(|(key, _)| key);
        (next, merged.deleted)
    }

    /// All keys and values of a trie, in order.
    pub fn pairs(&self, trie: &Trie) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.merged(trie, Bound::Unbounded)
    }

    /// Deletes the keys with a prefix: those of the changes, and of the backend as many as `limit`
    /// says, those that were deleted before included.
    ///
    /// # Errors
    /// [`Rule::ChangesBytes`].
    pub fn clear_prefix(
        &mut self,
        trie: &Trie,
        prefix: &[u8],
        limit: Option<u32>,
    ) -> Result<Removal, Rule> {
        // A prefix that children's roots may have is refused, as every client refuses it.
        let reserved = prefix.starts_with(CHILD_PREFIX_ANY) || CHILD_PREFIX_ANY.starts_with(prefix);
        if *trie == Trie::Main && reserved {
            return Ok(Removal { all: true, looked_at: 0 });
        }
        let changed: Vec<Vec<u8>> = with_prefix(self.changes.of(trie), prefix)
            .filter(|(_, entry)| entry.is_some())
            .map(|(key, _)| key.clone())
            .collect();
        for key in changed {
            self.set(trie, &key, None)?;
        }
        let max = limit.map_or(usize::MAX, |limit| limit as usize);
        let mut keys = with_prefix(self.backend(trie), prefix).map(|(key, _)| key.clone());
        let doomed: Vec<Vec<u8>> = keys.by_ref().take(max).collect();
        let all = keys.next().is_none();
        drop(keys);
        let looked_at = u32::try_from(doomed.len()).unwrap_or(u32::MAX);
        for key in doomed {
            if self.changes.get(trie, &key) != Some(&None) {
                self.set(trie, &key, None)?;
            }
        }
        Ok(Removal { all, looked_at })
    }

    /// Opens a transaction.
    ///
    /// # Errors
    /// [`Rule::TransactionDepth`].
    pub fn start_transaction(&mut self) -> Result<(), Rule> {
        self.changes.start()
    }

    /// Takes back the innermost transaction.
    ///
    /// # Errors
    /// [`Rule::NoTransaction`].
    pub fn rollback_transaction(&mut self) -> Result<(), Rule> {
        self.changes.rollback()
    }

    /// Keeps the innermost transaction.
    ///
    /// # Errors
    /// [`Rule::NoTransaction`].
    pub fn commit_transaction(&mut self) -> Result<(), Rule> {
        self.changes.commit()
    }

    /// Opens the transaction around a call.
    pub(crate) fn enter(&mut self) -> Result<usize, Rule> {
        self.changes.enter()
    }

    /// Ends the transaction around a call.
    pub(crate) fn leave(&mut self, floor: usize, keep: bool) {
        self.changes.leave(floor, keep);
    }

    /// The number of open transactions.
    pub fn transactions(&self) -> usize {
        self.changes.depth()
    }

    /// The root of the main trie with the roots of all changed child tries in it.
    pub fn root(&self, version: StateVersion) -> [u8; 32] {
        let mut roots: BTreeMap<Vec<u8>, Option<[u8; 32]>> = BTreeMap::new();
        for trie in self.changes.children() {
            if let Trie::Child(key) = trie {
                roots.insert(child_key(key), self.child_root_now(trie, version));
            }
        }
        if roots.is_empty() {
            return trie::root(Hasher::Blake2, version, self.pairs(&Trie::Main));
        }
        let mut main: BTreeMap<&[u8], &[u8]> = self.pairs(&Trie::Main).collect();
        for (key, root) in &roots {
            match root {
                Some(root) => drop(main.insert(key, root)),
                None => drop(main.remove(key.as_slice())),
            }
        }
        trie::root(Hasher::Blake2, version, main)
    }

    /// The root of a child trie, which the main trie has from now on; an empty one has none there.
    ///
    /// # Errors
    /// [`Rule::ChangesBytes`].
    pub fn child_root(&mut self, key: &[u8], version: StateVersion) -> Result<Vec<u8>, Rule> {
        let (trie, place) = (Trie::Child(key.to_vec()), child_key(key));
        let empty = || root(version, &Pairs::new()).to_vec();
        if self.changes.of(&trie).is_none() {
            return Ok(self.get(&Trie::Main, &place).map_or_else(empty, <[u8]>::to_vec));
        }
        let root = self.child_root_now(&trie, version);
        self.changes.set(&Trie::Main, place, root.map(|root| root.to_vec()))?;
        Ok(root.map_or_else(empty, |root| root.to_vec()))
    }

    /// The bytes of all keys and values, as a measure of what a root costs.
    pub fn bytes(&self) -> u64 {
        let pairs = |pairs: &Pairs| -> u64 {
            pairs.iter().map(|(key, value)| (key.len() + value.len() + 32) as u64).sum()
        };
        let backend = pairs(&self.main) + self.children.values().map(pairs).sum::<u64>();
        backend + self.changes.bytes()
    }

    /// The bytes that the changes take.
    pub fn change_bytes(&self) -> u64 {
        self.changes.bytes()
    }

    /// The entries that the innermost transaction remembers.
    pub(crate) fn top_entries(&self) -> u64 {
        self.changes.top_entries()
    }

    /// Makes the changes part of the backend; open transactions are kept. The roots of changed
    /// child tries are set.
    pub fn apply(&mut self, version: StateVersion) {
        let children: Vec<Trie> = self.changes.children().cloned().collect();
        let roots: Vec<(Vec<u8>, Option<[u8; 32]>)> = children
            .iter()
            .filter_map(|trie| match trie {
                Trie::Child(key) => Some((child_key(key), self.child_root_now(trie, version))),
                Trie::Main => None,
            })
            .collect();
        for (trie, entries) in self.changes.take() {
            let pairs = match trie {
                Trie::Main => &mut self.main,
                Trie::Child(key) => self.children.entry(key).or_default(),
            };
            for (key, entry) in entries {
                match entry {
                    Some(value) => drop(pairs.insert(key, value)),
                    None => drop(pairs.remove(&key)),
                }
            }
        }
        for (place, root) in roots {
            match root {
                Some(root) => drop(self.main.insert(place, root.to_vec())),
                None => drop(self.main.remove(&place)),
            }
        }
        self.children.retain(|_, pairs| !pairs.is_empty());
    }

    /// Forgets the changes.
    pub fn discard(&mut self) {
        self.changes.take();
    }

    /// The root of a child trie's keys; `None` if it has none.
    fn child_root_now(&self, trie: &Trie, version: StateVersion) -> Option<[u8; 32]> {
        let mut pairs = self.pairs(trie).peekable();
        pairs.peek()?;
        Some(trie::root(Hasher::Blake2, version, pairs))
    }

    fn backend(&self, trie: &Trie) -> Option<&Pairs> {
        match trie {
            Trie::Main => Some(&self.main),
            Trie::Child(key) => self.children.get(key),
        }
    }

    fn merged(&self, trie: &Trie, from: Bound<&[u8]>) -> Merged<'_> {
        let range = (from, Bound::Unbounded);
        Merged {
            backend: self.backend(trie).map(|pairs| pairs.range::<[u8], _>(range).peekable()),
            changes: self.changes.of(trie).map(|keys| keys.range::<[u8], _>(range).peekable()),
            deleted: 0,
        }
    }
}

/// A part of a sorted map, whose next entry can be looked at.
type Part<'a, V> = Option<Peekable<btree_map::Range<'a, Vec<u8>, V>>>;

/// Two sorted maps as one: changes over the backend.
struct Merged<'a> {
    backend: Part<'a, Vec<u8>>,
    changes: Part<'a, Option<Vec<u8>>>,
    /// How many deleted keys were passed over.
    deleted: u64,
}

impl<'a> Iterator for Merged<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let old = self.backend.as_mut().and_then(|pairs| pairs.peek().copied());
            let new = self.changes.as_mut().and_then(|keys| keys.peek().copied());
            let Some((key, entry)) = new.filter(|new| old.is_none_or(|old| new.0 <= old.0)) else {
                let (key, value) = old?;
                self.backend.as_mut()?.next();
                return Some((key, value));
            };
            self.changes.as_mut()?.next();
            if old.is_some_and(|old| old.0 == key) {
                self.backend.as_mut()?.next();
            }
            match entry {
                Some(value) => return Some((key, value)),
                None => self.deleted += 1,
            }
        }
    }
}

/// The entries of a map whose keys have a prefix.
fn with_prefix<'a, V>(
    map: Option<&'a BTreeMap<Vec<u8>, V>>,
    prefix: &'a [u8],
) -> impl Iterator<Item = (&'a Vec<u8>, &'a V)> {
    let from = (Bound::Included(prefix), Bound::Unbounded);
    let entries = map.into_iter().flat_map(move |map| map.range::<[u8], _>(from));
    entries.take_while(move |(key, _)| key.starts_with(prefix))
}

fn root(version: StateVersion, pairs: &Pairs) -> [u8; 32] {
    let pairs = pairs.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    trie::root(Hasher::Blake2, version, pairs)
}

/// Where the main trie has the root of a child trie.
fn child_key(key: &[u8]) -> Vec<u8> {
    [CHILD_PREFIX, key].concat()
}

/// Bytes as people write them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("0x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
