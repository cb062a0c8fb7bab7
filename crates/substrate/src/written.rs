//! Which state version each value of a state was written with.
//!
//! A chain that goes from state version 0 to 1 does not rewrite its state: a value keeps the form
//! it was written in until it is written again, and from then on has the form of that write. So for
//! years its trie has long values of both forms. Values of up to 32 bytes are the same in both.
//!
//! # Invariants
//! * W1. The version of a value is the version of the root with which it was last written; a value
//!   given without a version has the one that the first root asks for.
//! * W2. Only long values have a separate entry.

use crate::storage::Trie;
use crate::trie::{HASHED_BYTES_MIN, StateVersion};
use std::collections::{BTreeMap, BTreeSet};

/// The versions of a state's values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    tries: BTreeMap<Trie, OfTrie>,
}

/// The versions of a trie's values.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfTrie {
    /// The version of all values but `others`; `None` means the version that is asked for.
    common: Option<StateVersion>,
    /// The keys of long values with the other version.
    others: BTreeSet<Vec<u8>>,
}

impl OfTrie {
    /// The version of a value, where a root of version `asked` is computed.
    pub(crate) fn of(&self, key: &[u8], asked: StateVersion) -> StateVersion {
        match self.common {
            None => asked,
            Some(common) if self.others.is_empty() || !self.others.contains(key) => common,
            Some(common) => common.other(),
        }
    }
}

/// Whether a value of this length and version has a separate entry (W2).
fn is_other(common: Option<StateVersion>, len: usize, version: StateVersion) -> bool {
    len >= HASHED_BYTES_MIN && common.is_some_and(|common| common != version)
}

impl Written {
    /// A trie's versions; `None` for one whose values were given without.
    pub(crate) fn of_trie(&self, trie: &Trie) -> Option<&OfTrie> {
        self.tries.get(trie)
    }

    /// Says the version of a trie's values that have none yet.
    pub(crate) fn fix(&mut self, trie: &Trie, version: StateVersion) {
        self.tries.entry(trie.clone()).or_default().common.get_or_insert(version);
    }

    /// A value was written with this version, or deleted. [`Written::fix`] comes before.
    pub(crate) fn set(&mut self, trie: &Trie, key: &[u8], value: Option<(usize, StateVersion)>) {
        let of_trie = self.tries.entry(trie.clone()).or_default();
        match value.is_some_and(|(len, version)| is_other(of_trie.common, len, version)) {
            true => drop(of_trie.others.insert(key.to_vec())),
            false => drop(of_trie.others.remove(key)),
        }
    }

    /// Values of a trie, by key and length, have these versions. [`Written::fix`] comes before.
    pub(crate) fn set_all(
        &mut self,
        trie: &Trie,
        values: impl Iterator<Item = (Vec<u8>, usize, StateVersion)>,
    ) {
        let of_trie = self.tries.entry(trie.clone()).or_default();
        let (common, others) = (of_trie.common, &mut of_trie.others);
        let values = values.filter(|&(_, len, version)| is_other(common, len, version));
        others.append(&mut values.map(|(key, ..)| key).collect());
    }

    /// Forgets the tries that are not kept.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&Trie) -> bool) {
        self.tries.retain(|trie, _| keep(trie));
    }
}
