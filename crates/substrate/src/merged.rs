//! A sorted map with changes over it, read as one.
//!
//! Changes win, and deleted keys are passed over; how many is counted, since it is work.

use crate::changes::Entries;
use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::ops::Bound;

/// A part of a sorted map, whose next entry can be looked at.
type Part<'a, V> = Option<Peekable<btree_map::Range<'a, Vec<u8>, V>>>;

/// Two sorted maps as one: changes over the backend. Each value comes with whether it is changed.
pub(crate) struct Merged<'a> {
    backend: Part<'a, Vec<u8>>,
    changes: Part<'a, Option<Vec<u8>>>,
    /// How many deleted keys were passed over.
    pub(crate) deleted: u64,
}

impl<'a> Merged<'a> {
    /// The entries from a bound on.
    pub(crate) fn new(
        backend: Option<&'a BTreeMap<Vec<u8>, Vec<u8>>>,
        changes: Option<&'a Entries>,
        from: Bound<&[u8]>,
    ) -> Merged<'a> {
        let range = (from, Bound::Unbounded);
        Merged {
            backend: backend.map(|pairs| pairs.range::<[u8], _>(range).peekable()),
            changes: changes.map(|keys| keys.range::<[u8], _>(range).peekable()),
            deleted: 0,
        }
    }
}

impl<'a> Iterator for Merged<'a> {
    type Item = (&'a [u8], &'a [u8], bool);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let old = self.backend.as_mut().and_then(|pairs| pairs.peek().copied());
            let new = self.changes.as_mut().and_then(|keys| keys.peek().copied());
            let Some((key, entry)) = new.filter(|new| old.is_none_or(|old| new.0 <= old.0)) else {
                let (key, value) = old?;
                self.backend.as_mut()?.next();
                return Some((key, value, false));
            };
            self.changes.as_mut()?.next();
            if old.is_some_and(|old| old.0 == key) {
                self.backend.as_mut()?.next();
            }
            match entry {
                Some(value) => return Some((key, value, true)),
                None => self.deleted += 1,
            }
        }
    }
}

/// The entries of a map whose keys have a prefix.
pub(crate) fn with_prefix<'a, V>(
    map: Option<&'a BTreeMap<Vec<u8>, V>>,
    prefix: &'a [u8],
) -> impl Iterator<Item = (&'a Vec<u8>, &'a V)> {
    let from = (Bound::Included(prefix), Bound::Unbounded);
    let entries = map.into_iter().flat_map(move |map| map.range::<[u8], _>(from));
    entries.take_while(move |(key, _)| key.starts_with(prefix))
}
