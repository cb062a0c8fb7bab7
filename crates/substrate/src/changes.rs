//! The changes of a call so far: a map over the state, with nested transactions.
//!
//! The map has the newest value of every changed key, so a read looks in one place however many
//! transactions are open. Each open transaction remembers what the map had where it first changed
//! a key; rolling back puts that back, committing hands it to the transaction around it.
//!
//! # Invariants
//! * C1. The state when transaction *t* began is the map with the entries of the transactions from
//!   the innermost out to *t* put back, in that order.
//! * C2. `bytes` is the sum over all tries with changes of [`trie_bytes`], over their entries of
//!   [`entry_bytes`], and over what transactions remember of [`undo_bytes`]. It is no less than
//!   the memory that all of it takes.
//!
//! # Limits
//! [`CHANGES_BYTES_MAX`], [`TRANSACTIONS_MAX`]. `tests/storage.rs` compares with a model that
//! copies whole maps; `tests/change_memory.rs` compares C2 with what the process takes.

use crate::error::Rule;
use crate::storage::Trie;
use std::collections::BTreeMap;

/// The bytes of memory that changes of one call may take (1 GiB): keys and values, and what maps
/// take for each.
pub const CHANGES_BYTES_MAX: u64 = 1 << 30;

/// How many transactions may be open; FRAME allows 255.
pub(crate) const TRANSACTIONS_MAX: usize = 1024;

/// The newest value of a key, or that it is deleted.
type Entry = Option<Vec<u8>>;
/// Changed keys of a trie.
pub(crate) type Entries = BTreeMap<Vec<u8>, Entry>;
/// The former entries of the map, by trie and key; `None` where it had no entry.
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

/// Bytes that a map takes for an entry besides key and value: a slot in a node that may be half
/// empty, and the allocator's overhead for both vectors.
pub(crate) const ENTRY_BYTES: u64 = 192;
/// Bytes that a transaction takes for a key that it remembers, besides those of all vectors.
const UNDO_BYTES: u64 = 288;
/// Bytes that a trie with changes takes besides its entries: a slot, and a map's first node.
pub(crate) const TRIE_BYTES: u64 = 704;

fn entry_bytes(key: &[u8], entry: &Entry) -> u64 {
    ENTRY_BYTES + key.len() as u64 + entry.as_ref().map_or(0, |value| value.len() as u64)
}

/// Of a place that a transaction remembers, with what the map had there.
fn undo_bytes(trie: &Trie, key: &[u8], before: Option<&Entry>) -> u64 {
    let value = before.and_then(Option::as_ref).map_or(0, |value| value.len() as u64);
    UNDO_BYTES + child_len(trie) + key.len() as u64 + value
}

fn trie_bytes(trie: &Trie) -> u64 {
    TRIE_BYTES + child_len(trie)
}

fn child_len(trie: &Trie) -> u64 {
    match trie {
        Trie::Main => 0,
        Trie::Child(key) => key.len() as u64,
    }
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

    /// The child tries with changes.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Trie> {
        self.tries.keys().filter(|trie| **trie != Trie::Main)
    }

    /// Sets or deletes a key.
    ///
    /// # Errors
    /// [`Rule::ChangesBytes`]; nothing is changed then.
    pub(crate) fn set(&mut self, trie: &Trie, key: Vec<u8>, entry: Entry) -> Result<(), Rule> {
        let entries = self.tries.get(trie);
        let before = entries.and_then(|entries| entries.get(&key));
        let place = (trie.clone(), key);
        let remembered = match self.open.last() {
            Some(undo) if !undo.contains_key(&place) => undo_bytes(trie, &place.1, before),
            Some(_) | None => 0,
        };
        let new_trie = if entries.is_none() { trie_bytes(trie) } else { 0 };
        let added = entry_bytes(&place.1, &entry) + remembered + new_trie;
        // The replaced entry is counted until then: both are there at once.
        if added > CHANGES_BYTES_MAX.saturating_sub(self.bytes) {
            return Err(Rule::ChangesBytes(CHANGES_BYTES_MAX));
        }
        let replaced = before.map_or(0, |before| entry_bytes(&place.1, before));
        let before = self.tries.entry(trie.clone()).or_default().insert(place.1.clone(), entry);
        if remembered > 0
            && let Some(undo) = self.open.last_mut()
        {
            undo.insert(place, before);
        }
        self.bytes = self.bytes + added - replaced;
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
            self.bytes -= undo_bytes(&trie, &key, before.as_ref());
            let back = before.as_ref().map_or(0, |before| entry_bytes(&key, before));
            let entries = self.tries.entry(trie.clone()).or_default();
            let now = match before {
                Some(before) => entries.insert(key.clone(), before),
                None => entries.remove(&key),
            };
            self.bytes -= now.map_or(0, |now| entry_bytes(&key, &now));
            self.bytes += back;
            // Only tries with changes are looked at: the others may be many.
            if entries.is_empty() {
                self.bytes -= trie_bytes(&trie);
                self.tries.remove(&trie);
            }
        }
        Ok(())
    }

    /// Keeps what the innermost transaction changed, and ends it.
    ///
    /// # Errors
    /// [`Rule::NoTransaction`].
    pub(crate) fn commit(&mut self) -> Result<(), Rule> {
        let undo = self.pop()?;
        for (place, before) in undo {
            let bytes = undo_bytes(&place.0, &place.1, before.as_ref());
            match self.open.last_mut() {
                Some(outer) if !outer.contains_key(&place) => drop(outer.insert(place, before)),
                Some(_) | None => self.bytes -= bytes,
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

    /// The bytes of all changed keys and values, and 32 for each: a measure of reading them.
    pub(crate) fn pair_bytes(&self) -> u64 {
        let entries = self.tries.values().flatten();
        entries
            .map(|(key, entry)| 32 + (key.len() + entry.as_ref().map_or(0, Vec::len)) as u64)
            .sum()
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
        let map = self.tries.iter().map(|(trie, entries)| {
            let entries = entries.iter().map(|(key, entry)| entry_bytes(key, entry));
            trie_bytes(trie) + entries.sum::<u64>()
        });
        let undo = self.open.iter().flatten();
        let undo =
            undo.map(|((trie, key), before)| undo_bytes(trie, key, before.as_ref())).sum::<u64>();
        map.sum::<u64>() + undo
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
        let one = UNDO_BYTES + TRIE_BYTES + ENTRY_BYTES + 1 + 2;
        changes.bytes = CHANGES_BYTES_MAX - one;
        changes.set(&Trie::Main, vec![1], Some(vec![2])).unwrap();
        let beyond = changes.set(&Trie::Main, vec![2], None);
        assert_eq!(beyond, Err(Rule::ChangesBytes(CHANGES_BYTES_MAX)));
        assert_eq!(changes.get(&Trie::Main, &[2]), None);
    }
}
