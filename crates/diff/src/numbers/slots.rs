//! The images of a table on both sides → how their slots differ.
//!
//! 1. A table's image is equal if each slot holds the same on both sides: null, partners, or the
//!    value of the same global. How segments are cut is not compared.

use crate::pair::side::Side;
use crate::pair::table::{Entry, Table};
use std::collections::BTreeMap;

/// Whether two entries are the same thing.
pub(crate) fn same((a, _): (&Side<'_>, &Side<'_>), x: Entry, y: Entry) -> bool {
    match (x, y) {
        (Entry::Null, Entry::Null) => true,
        (Entry::Func(x), Entry::Func(y)) => a.canonical_func(x) == y,
        (Entry::Global(x), Entry::Global(y)) => a.canonical_global(x) == y,
        _ => false,
    }
}

/// How the images of one table differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    Equal,
    /// The same functions at other slots: the number of slots, and the first that differs.
    Permuted(u64, u64),
    /// Number of entries of A alone, and of B alone.
    Other(u64, u64),
}

/// Compares the images of table `index`, which both sides have.
pub(crate) fn slots(sides: (&Side<'_>, &Side<'_>), index: usize) -> Slots {
    let (a, b) = (&sides.0.tables[index], &sides.1.tables[index]);
    let all = a.entries.keys().chain(b.entries.keys());
    let both = a.size.min(b.size);
    let equal = |slot: u64| match (a.entry(slot), b.entry(slot)) {
        (Some(x), Some(y)) => same(sides, x, y),
        (x, y) => x == y,
    };
    let imported = index < sides.0.module.imported_table_count();
    let rest = imported || both == 0 || same(sides, a.rest, b.rest);
    let mut differ = all.copied().filter(|slot| !equal(*slot)).peekable();
    let sizes = a.size == b.size || imported;
    if rest && sizes && differ.peek().is_none() {
        return Slots::Equal;
    }
    let list = |table: &Table, of: &dyn Fn(Entry) -> (u8, u32)| {
        let mut counts: BTreeMap<(u8, u32), i64> = BTreeMap::new();
        table.entries().for_each(|(_, entry)| *counts.entry(of(entry)).or_default() += 1);
        counts
    };
    let mut counts = list(a, &|entry| match entry {
        Entry::Null => (0, 0),
        Entry::Func(func) => (1, sides.0.canonical_func(func)),
        Entry::Global(global) => (2, sides.0.canonical_global(global)),
        Entry::Other => (3, 0),
    });
    let of_b = list(b, &|entry| match entry {
        Entry::Null => (0, 0),
        Entry::Func(func) => (1, func),
        Entry::Global(global) => (2, global),
        Entry::Other => (4, 0),
    });
    of_b.into_iter().for_each(|(key, count)| *counts.entry(key).or_default() -= count);
    let removed: i64 = counts.values().filter(|count| **count > 0).sum();
    let added: i64 = -counts.values().filter(|count| **count < 0).sum::<i64>();
    if removed + added == 0 && rest && sizes {
        let slots: std::collections::BTreeSet<u64> = differ.collect();
        let first = slots.first().copied().unwrap_or(0);
        return Slots::Permuted(slots.len() as u64, first);
    }
    Slots::Other(removed as u64, added as u64)
}
