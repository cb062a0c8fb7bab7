//! Assumptions of one difference → the list of their sorts in the report.

use super::report::{Assumed, NUMBERS_MAX, Sort};
use crate::judge::assumption::Taken;
use std::collections::BTreeMap;

/// The sorts of the assumptions, with counts and the first numbers.
pub(crate) fn sorts(all: &[Taken]) -> Vec<Assumed> {
    let mut sorts: BTreeMap<(Sort, bool), Assumed> = BTreeMap::new();
    for &Taken { sort, a, b, covered, .. } in all {
        let new = || Assumed { sort, covered, count: 0, a, b, numbers: Vec::new() };
        let known = sorts.entry((sort, covered)).or_insert_with(new);
        known.count += 1;
        known.numbers.extend(((a, b) != (0, 0)).then_some((a, b)));
    }
    let mut sorts: Vec<Assumed> = sorts.into_values().collect();
    for one in &mut sorts {
        one.numbers.sort_unstable();
        one.numbers.dedup();
        one.numbers.truncate(NUMBERS_MAX);
    }
    sorts
}
