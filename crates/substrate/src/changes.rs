//! What a call has changed so far: a map over the state, with nested transactions.
//!
//! The map has the newest value of every changed key, so a read looks in one place however many
//! transactions are open. Each open transaction remembers what the map had where it first changed
//! a key; rolling back puts that back, committing hands it to the transaction around it.
//!
//! # Invariants
//! * C1. The state when transaction *t* began is the map with the entries of the transactions from
//!   the innermost out to *t* put back, in that order.
//! * C2. `bytes` is the sum over all entries, the remembered ones included, of what
//!   [`entry_bytes`] gives.
//!
//! # Limits
//! [`CHANGES_BYTES_MAX`], [`TRANSACTIONS_MAX`]. `tests/storage.rs` compares with a model that
//! copies whole maps.

use crate::error::Rule;
use crate::storage::Trie;
use std::collections::BTreeMap;

/// The bytes that changes of one call may take (1 GiB): keys, values, and 64 for each entry.
pub const CHANGES_BYTES_MAX: u64 = 1 << 30;

/// How many transactions may be open; FRAME allows 255.
pub(crate) const TRANSACTIONS_MAX: usize = 1024;

/// The newest value of a key, or that it is deleted.
type Entry = Option<Vec<u8>>;
/// Changed keys of a trie.
pub(crate) type Entries = BTreeMap<Vec<u8>, Entry>;
/// What the map had, by trie and key; `None` where it had no entry.
type Undo = BTreeMap<(Trie, Vec<u8>), Option<Entry>>;

/// The changes of a call.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    tries: BTreeMap<Trie, Entries>,
    open: Vec<Undo>,
    /// The transactions that belong to the host: a runtime can end those above them only.
    floor: usize,
    bytes: u64,
}

/// What an entry counts.
fn entry_bytes(key: &[u8], entry: &Entry) -> u64 {
    64 + key.len() as u64 + entry.as_ref().map_or(0, |value| value.len() as u64)
}

impl Changes {
    /// The newest entry of a key; `None` if it is not changed.
    pub(crate) fn get(&self, trie: &Trie, key: &[u8]) -> Option<&Entry> {
        self.tries.get(trie)?.get(key)
    }

    /// The changed keys of a trie.
    pub(crate) fn of(&self, trie: &Trie) -> Option<&Entries> {
        self.tries.get(trie)
    }

    /// The child tries of which something is changed.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Trie> {
        self.tries.keys().filter(|trie| **trie != Trie::Main)
    }

    /// Sets or deletes a key.
    ///
    /// # Errors
    /// [`Rule::ChangesBytes`]; nothing is changed then.
    pub(crate) fn set(&mut self, trie: &Trie, key: Vec<u8>, entry: Entry) -> Result<(), Rule> {
        let added = entry_bytes(&key, &entry);
        let spare = CHANGES_BYTES_MAX.saturating_sub(self.bytes);
        if added > spare {
            return Err(Rule::ChangesBytes(CHANGES_BYTES_MAX));
        }
        let entries = self.tries.entry(trie.clone()).or_default();
        let before = entries.insert(key.clone(), entry);
        self.bytes += added;
        let before_bytes = before.as_ref().map_or(0, |before| entry_bytes(&key, before));
        if let Some(undo) = self.open.last_mut() {
            let place = (trie.clone(), key);
            if let std::collections::btree_map::Entry::Vacant(vacant) = undo.entry(place) {
                // What was in the map counts as remembered now.
                vacant.insert(before);
                return Ok(());
            }
        }
        self.bytes -= before_bytes;
        Ok(())
    }

    /// Opens a transaction.
    ///
    /// # Errors
    /// [`Rule::TransactionDepth`].
    pub(crate) fn start(&mut self) -> Result<(), Rule> {
        if self.open.len() == TRANSACTIONS_MAX {
            return Err(Rule::TransactionDepth(TRANSACTIONS_MAX));
        }
        self.open.push(Undo::new());
        Ok(())
    }

    /// Opens a transaction of the host, which a runtime cannot end. Gives what [`Changes::leave`]
    /// needs.
    ///
    /// # Errors
    /// [`Rule::TransactionDepth`].
    pub(crate) fn enter(&mut self) -> Result<usize, Rule> {
        self.start()?;
        Ok(std::mem::replace(&mut self.floor, self.open.len()))
    }

    /// Ends the host's transaction. Transactions that are open inside it are rolled back, as every
    /// client does; its own changes stay if `keep` says so.
    pub(crate) fn leave(&mut self, floor: usize, keep: bool) {
        while self.rollback().is_ok() {}
        self.floor = floor;
        // The host's own transaction is open, so this ends it.
        let _ = if keep { self.commit() } else { self.rollback() };
    }

    /// Takes back what the innermost transaction changed, and ends it.
    ///
    /// # Errors
    /// [`Rule::NoTransaction`].
    pub(crate) fn rollback(&mut self) -> Result<(), Rule> {
        let undo = self.pop()?;
        for ((trie, key), before) in undo {
            let entries = self.tries.entry(trie).or_default();
            let now = match before {
                Some(before) => entries.insert(key.clone(), before),
                None => entries.remove(&key),
            };
            self.bytes -= now.map_or(0, |now| entry_bytes(&key, &now));
        }
        self.tries.retain(|_, entries| !entries.is_empty());
        Ok(())
    }

    /// Keeps what the innermost transaction changed, and ends it.
    ///
    /// # Errors
    /// [`Rule::NoTransaction`].
    pub(crate) fn commit(&mut self) -> Result<(), Rule> {
        let undo = self.pop()?;
        for (place, before) in undo {
            let bytes = before.as_ref().map_or(0, |before| entry_bytes(&place.1, before));
            let kept = match self.open.last_mut() {
                Some(outer) if !outer.contains_key(&place) => {
                    outer.insert(place, before);
                    true
                }
                Some(_) | None => false,
            };
            if !kept {
                self.bytes -= bytes;
            }
        }
        Ok(())
    }

    /// The entries that the innermost transaction remembers.
    pub(crate) fn top_entries(&self) -> u64 {
        self.open.last().map_or(0, |undo| undo.len() as u64)
    }

    fn pop(&mut self) -> Result<Undo, Rule> {
        if self.open.len() == self.floor {
            return Err(Rule::NoTransaction);
        }
        self.open.pop().ok_or(Rule::NoTransaction)
    }

    /// The number of open transactions.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The bytes that count against [`CHANGES_BYTES_MAX`].
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All changes, and none of them left.
    pub(crate) fn take(&mut self) -> BTreeMap<Trie, Entries> {
        self.open.clear();
        (self.floor, self.bytes) = (0, 0);
        std::mem::take(&mut self.tries)
    }

    /// C2, counted anew.
    #[cfg(test)]
    fn counted(&self) -> u64 {
        let map = self.tries.values().flatten().map(|(key, entry)| entry_bytes(key, entry));
        let undo =
            self.open.iter().flatten().map(|((_, key), before)| {
                before.as_ref().map_or(0, |before| entry_bytes(key, before))
            });
        map.sum::<u64>() + undo.sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_entries() {
        let mut random = prova_random::Rng::new(14);
        let mut changes = Changes::default();
        for _ in 0..20_000 {
            match random.below(12) {
                0 => drop(changes.start()),
                1 => drop(changes.rollback()),
                2 => drop(changes.commit()),
                _ => {
                    let trie = match random.below(3) {
                        0 => Trie::Child(vec![1]),
                        _ => Trie::Main,
                    };
                    let key = vec![random.below(6) as u8; 1 + random.below(2)];
                    let entry = (random.below(3) > 0).then(|| vec![7; random.below(9)]);
                    changes.set(&trie, key, entry).unwrap();
                }
            }
            assert_eq!(changes.bytes, changes.counted());
        }
        while changes.rollback().is_ok() {}
        assert_eq!(changes.bytes, changes.counted());
    }

    #[test]
    fn limits_have_two_sides() {
        let mut changes = Changes::default();
        for _ in 0..TRANSACTIONS_MAX {
            changes.start().unwrap();
        }
        assert_eq!(changes.start(), Err(Rule::TransactionDepth(TRANSACTIONS_MAX)));
        changes.bytes = CHANGES_BYTES_MAX - 66;
        changes.set(&Trie::Main, vec![1], Some(vec![2])).unwrap();
        let beyond = changes.set(&Trie::Main, vec![2], None);
        assert_eq!(beyond, Err(Rule::ChangesBytes(CHANGES_BYTES_MAX)));
        assert_eq!(changes.get(&Trie::Main, &[2]), None);
    }
}
