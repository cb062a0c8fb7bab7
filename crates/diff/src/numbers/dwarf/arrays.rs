//! Array types of both sides, taken out of the order of entries → pairs of array types.
//!
//! The type of a text has the text's length, and all texts of one length share it. So where a text
//! grows, an array type may appear, vanish or come earlier, and the entries of both sides are no
//! longer in step. Array types are therefore taken out of the order of entries and paired by the
//! references to them.
//!
//! 1. An array type is taken out only if it has no name, one range, and no attributes except types
//!    and a count. Such an entry means the same wherever it stands.
//! 2. Two array types are paired if references in the same place lead to them. The types that they
//!    name are references in the same place, too. Counts may differ only if each reference to the
//!    pair is the type of a variable whose address is known on both sides.
//! 3. An array type that nothing refers to is not explained.

use super::abbreviation::Spent;
use super::pairs::{Pairs, Unread};
use super::read::{Entry, Slice};
use gimli::{AttributeValue, EntriesRaw, constants as dw};
use std::collections::{BTreeMap, BTreeSet};

/// A type of arrays.
pub(super) struct Array {
    /// Offset of the entry of the elements' type.
    element: usize,
    /// Offset of the entry of the index's type, if it has one.
    index: Option<usize>,
    /// The attribute that has the count or the upper bound, and its value.
    count: Option<(dw::DwAt, u64)>,
}

/// The arrays of one side, by the offset of their entry.
pub(super) type Arrays = BTreeMap<usize, Array>;

/// Reads the next entry that is no array by itself; `None` at the end of the unit, else whether it
/// is one at all, and no end of children.
pub(super) fn next<'m>(
    entries: &mut EntriesRaw<'_, Slice<'m>>,
    (start, arrays): (usize, &mut Arrays),
    entry: &mut Entry<'m>,
    spent: &mut Spent,
) -> Result<Option<bool>, Unread> {
    let malformed = |_: gimli::Error| "malformed debug information";
    while !entries.is_empty() {
        let some = entries.read_entry(entry).map_err(malformed)?;
        spent.spend(1 + entry.attrs().len())?;
        if !some || entry.tag() != dw::DW_TAG_array_type || !entry.has_children() {
            return Ok(Some(some));
        }
        let at = start + entry.offset().0;
        let mut ahead = entries.clone();
        let (mut range, mut end) = (Entry::null(), Entry::null());
        let two = ahead.read_entry(&mut range).map_err(malformed)?
            && !range.has_children()
            && !ahead.is_empty()
            && !ahead.read_entry(&mut end).map_err(malformed)?;
        let Some(array) = array(entry, &range, start).filter(|_| two) else {
            return Ok(Some(true));
        };
        spent.spend(2 + range.attrs().len())?;
        arrays.insert(at, array);
        *entries = ahead;
    }
    Ok(None)
}

/// Invariant 1.
fn array(entry: &Entry<'_>, range: &Entry<'_>, start: usize) -> Option<Array> {
    let [ty] = entry.attrs() else { return None };
    let (dw::DW_AT_type, AttributeValue::UnitRef(element)) = (ty.name(), ty.raw_value()) else {
        return None;
    };
    if range.tag() != dw::DW_TAG_subrange_type {
        return None;
    }
    let mut array = Array { element: start + element.0, index: None, count: None };
    for one in range.attrs() {
        match (one.name(), one.raw_value()) {
            (dw::DW_AT_type, AttributeValue::UnitRef(index)) if array.index.is_none() => {
                array.index = Some(start + index.0);
            }
            (name @ (dw::DW_AT_count | dw::DW_AT_upper_bound), value) if array.count.is_none() => {
                array.count = Some((name, value.udata_value()?));
            }
            _ => return None,
        }
    }
    Some(array)
}

/// References in the same place of both sides: each leads to entries in the same place, or to
/// arrays that are paired by it.
pub(super) fn references(
    found: &mut Pairs<'_>,
    entries: &mut [(usize, usize)],
    mut references: Vec<(usize, usize)>,
    arrays: (&Arrays, &Arrays),
    spent: &mut Spent,
) -> Result<(), Unread> {
    const OTHER: Unread = "references to other entries";
    entries.sort_unstable();
    // How many references lead to a pair of arrays.
    let mut pairs: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    while let Some((x, y)) = references.pop() {
        spent.spend(1)?;
        let (Some(a), Some(b)) = (arrays.0.get(&x), arrays.1.get(&y)) else {
            if arrays.0.contains_key(&x) || arrays.1.contains_key(&y) {
                return Err(OTHER);
            }
            let at = entries.binary_search_by_key(&x, |(x, _)| *x);
            match at.ok().map(|at| entries[at].1) == Some(y) {
                true => continue,
                false => return Err(OTHER),
            }
        };
        let known = pairs.entry((x, y)).or_default();
        *known += 1;
        if *known > 1 {
            continue;
        }
        references.push((a.element, b.element));
        match (a.index, b.index) {
            (Some(a), Some(b)) => references.push((a, b)),
            (None, None) => {}
            _ => return Err("other ranges of arrays"),
        }
        match (a.count, b.count) {
            (x, y) if x == y => {}
            (Some((name, a)), Some((other, b))) if name == other && name == dw::DW_AT_count => {
                found.lengths.push(((x, y), a, b));
            }
            _ => return Err("other ranges of arrays"),
        }
    }
    let mut variables: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (pair, ..) in &found.variables {
        *variables.entry(*pair).or_default() += 1;
    }
    let alone = |(pair, ..): &((usize, usize), u64, u64)| {
        pairs.get(pair).is_some_and(|count| variables.get(pair) != Some(count))
    };
    if found.lengths.iter().any(alone) {
        return Err("the count of an array that is more than one variable's");
    }
    let seen: (BTreeSet<usize>, BTreeSet<usize>) = pairs.keys().copied().unzip();
    let all = arrays.0.keys().all(|at| seen.0.contains(at))
        && arrays.1.keys().all(|at| seen.1.contains(at));
    if all { Ok(()) } else { Err("types of arrays that nothing refers to") }
}
