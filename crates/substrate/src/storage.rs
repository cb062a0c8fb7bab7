//! The state as a runtime sees it: the parent's state with the changes of the call over it.
//!
//! A state is a main trie and child tries, each a sorted map. The root of a child trie is also a
//! value of the main trie, under [`CHILD_PREFIX`] and the child's key; runtimes cannot write there.
//! `changes` has the changes, `trie` the roots.
//!
//! # Invariants
//! * B1. The root of every child trie of the backend is the one in the main trie
//!   ([`Storage::new`] checks it).
//! * B2. The backend changes only in [`Storage::apply`].
//!
//! * B3. Each value has the state version it was written with (`written`); a changed one has the
//!   version of the root that is asked for.
//!
//! # Limits
//! Roots are computed from all keys each time.

use crate::changes::Changes;
use crate::error::{Rule, broken};
use crate::hash::Hasher;
use crate::merged::{Merged, with_prefix};
use crate::trie::{self, StateVersion};
use crate::written::Written;
use prova_core::Result;
use std::collections::BTreeMap;
use std::ops::Bound;

/// The key of the runtime's code.
pub const CODE_KEY: &[u8] = b":code";
/// The key of the number of pages of heap, a `u64` in little endian.
pub const HEAP_PAGES_KEY: &[u8] = b":heappages";
/// The prefix of keys of the main trie that hold roots of child tries.
pub const CHILD_PREFIX: &[u8] = b":child_storage:default:";
/// The prefix that no runtime may write: keys of all kinds of child tries.
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

/// The outcome of removing many keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Whether none of the keys is left.
    pub all: bool,
    /// The keys of the backend that were looked at, which the limit counts.
    pub looked_at: u32,
    /// The keys of the changes that were deleted before, and passed over.
    pub deleted: u64,
}

/// A state and the changes of a call.
#[derive(Clone, Debug, Default)]
pub struct Storage {
    main: Pairs,
    children: BTreeMap<Vec<u8>, Pairs>,
    written: Written,
    changes: Changes,
}

impl Storage {
    /// A state of these keys and values. Where the main trie has no root of a child trie, it gets
    /// the root of version 0, if the child has keys. The values of the main trie have the version
    /// that the first root asks for; those of a child trie the one that gives its root.
    ///
    /// # Errors
    /// [`Rule::ChildRoot`] (B1).
    pub fn new(main: Pairs, children: BTreeMap<Vec<u8>, Pairs>) -> Result<Storage> {
        Storage::with_versions(main, children, Written::default())
    }

    /// [`Storage::new`] of values whose versions are known.
    pub(crate) fn with_versions(
        main: Pairs,
        children: BTreeMap<Vec<u8>, Pairs>,
        written: Written,
    ) -> Result<Storage> {
        let mut storage = Storage { main, children, written, changes: Changes::default() };
        storage.children.retain(|_, pairs| !pairs.is_empty());
        let keys: Vec<Vec<u8>> = storage.children.keys().cloned().collect();
        for key in keys {
            let (place, trie) = (child_key(&key), Trie::Child(key));
            let (version, root) = storage.child_version(&trie, storage.main.get(&place));
            let expected = storage.main.entry(place).or_insert_with(|| root.to_vec());
            if root != expected.as_slice() {
                let rule = Rule::ChildRoot { expected: hex(expected), found: hex(&root) };
                let Trie::Child(key) = &trie else { continue };
                return Err(broken(format!("child trie {}", hex(key)), rule));
            }
            storage.written.fix(&trie, version);
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

    /// The version of a child trie's values that gives the expected root, and its root; version 0
    /// and its root if none does, or none is expected. Both are the same where no value is long;
    /// where one is, chains of today have version 1.
    fn child_version(&self, trie: &Trie, expected: Option<&Vec<u8>>) -> (StateVersion, [u8; 32]) {
        let of = |version| (version, self.root_of(trie, version));
        let mut values = self.pairs(trie).map(|(_, value)| value);
        if let Some(expected) = expected
            && values.any(|value| trie::is_hashed(StateVersion::V1, value))
        {
            let found = of(StateVersion::V1);
            if found.1 == expected.as_slice() {
                return found;
            }
        }
        of(StateVersion::V0)
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
        let next = merged.next().map(|(key, _, _)| key);
        (next, merged.deleted)
    }

    /// All keys and values of a trie, in order.
    pub fn pairs(&self, trie: &Trie) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.merged(trie, Bound::Unbounded).map(|(key, value, _)| (key, value))
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
            return Ok(Removal { all: true, looked_at: 0, deleted: 0 });
        }
        let mut deleted = 0;
        let changed: Vec<Vec<u8>> = with_prefix(self.changes.of(trie), prefix)
            .filter(|(_, entry)| {
                deleted += u64::from(entry.is_none());
                entry.is_some()
            })
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
        Ok(Removal { all, looked_at, deleted })
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
            return self.root_of(&Trie::Main, version);
        }
        let mut main: BTreeMap<&[u8], (&[u8], StateVersion)> = self
            .versioned(&Trie::Main, version)
            .map(|(key, value, of)| (key, (value, of)))
            .collect();
        for (key, root) in &roots {
            match root {
                Some(root) => drop(main.insert(key, (root, version))),
                None => drop(main.remove(key.as_slice())),
            }
        }
        let main = main.into_iter().map(|(key, (value, version))| (key, value, version));
        trie::root_of_mixed(Hasher::Blake2, main)
    }

    /// The root of a child trie, which the main trie has from now on; an empty one has none there.
    ///
    /// # Errors
    /// [`Rule::ChangesBytes`].
    pub fn child_root(&mut self, key: &[u8], version: StateVersion) -> Result<Vec<u8>, Rule> {
        let (trie, place) = (Trie::Child(key.to_vec()), child_key(key));
        let empty = || trie::root(Hasher::Blake2, version, []).to_vec();
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
        backend + self.changes.pair_bytes()
    }

    /// The bytes of memory that the changes take.
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
        // W1: what was there without a version is as this root has taken it.
        self.written.fix(&Trie::Main, version);
        for (trie, entries) in self.changes.take() {
            self.written.fix(&trie, version);
            let pairs = match &trie {
                Trie::Main => &mut self.main,
                Trie::Child(key) => self.children.entry(key.clone()).or_default(),
            };
            for (key, entry) in entries {
                let value = entry.as_ref().map(|value| (value.len(), version));
                self.written.set(&trie, &key, value);
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
        let children = &self.children;
        self.written.retain(|trie| match trie {
            Trie::Main => true,
            Trie::Child(key) => children.contains_key(key),
        });
    }

    /// Forgets the changes.
    pub fn discard(&mut self) {
        self.changes.take();
    }

    /// The root of a child trie's keys; `None` if it has none.
    fn child_root_now(&self, trie: &Trie, version: StateVersion) -> Option<[u8; 32]> {
        self.pairs(trie).next()?;
        Some(self.root_of(trie, version))
    }

    /// The root of a trie's keys, the roots of children as they stand.
    fn root_of(&self, trie: &Trie, version: StateVersion) -> [u8; 32] {
        trie::root_of_mixed(Hasher::Blake2, self.versioned(trie, version))
    }

    /// The keys and values of a trie with their versions (B3).
    fn versioned(
        &self,
        trie: &Trie,
        version: StateVersion,
    ) -> impl Iterator<Item = (&[u8], &[u8], StateVersion)> {
        let written = self.written.of_trie(trie);
        self.merged(trie, Bound::Unbounded).map(move |(key, value, changed)| match written {
            Some(written) if !changed => (key, value, written.of(key, version)),
            Some(_) | None => (key, value, version),
        })
    }

    fn backend(&self, trie: &Trie) -> Option<&Pairs> {
        match trie {
            Trie::Main => Some(&self.main),
            Trie::Child(key) => self.children.get(key),
        }
    }

    fn merged(&self, trie: &Trie, from: Bound<&[u8]>) -> Merged<'_> {
        Merged::new(self.backend(trie), self.changes.of(trie), from)
    }
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
