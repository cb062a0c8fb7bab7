//! All loose pairs of addresses together → which of them are one to one.
//!
//! Neighbours: `shift` says what is loose: bytes behind the data and inside changed runs, where no
//! bytes show what is what. `lockstep`, `cfg` and `data` collect the pairs; `mod` judges functions by
//! what is found here.
//!
//! 1. An address of A has one address of B, and an address of B one of A. Of pairs that contradict
//!    each other, those with the delta that most pairs have are kept; the others are *torn*.
//! 2. Behind the data one delta is proved: the one that most addresses have. Another one, though one
//!    to one, may cut an object in two; it is an assumption.

use super::shift::Shift;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What all loose pairs amount to.
#[derive(Default)]
pub(crate) struct OneToOne {
    delta: i64,
    torn: HashSet<(u64, u64)>,
}

/// How one loose pair fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Moved,
    Assumed,
    Torn,
}

impl OneToOne {
    pub(crate) fn new(shift: &Shift, pairs: impl Iterator<Item = (u64, u64)>) -> OneToOne {
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        let pairs: HashSet<(u64, u64)> = pairs.collect();
        for (a, b) in pairs.iter().filter(|(a, _)| shift.is_behind(*a)) {
            *counts.entry(b.wrapping_sub(*a) as i64).or_default() += 1;
        }
        let near = |delta: i64| std::cmp::Reverse((delta - shift.end_delta).abs());
        let most = counts.iter().max_by_key(|(delta, count)| (**count, near(**delta)));
        let delta = most.map_or(shift.end_delta, |(delta, _)| *delta);
        let mut forward: HashMap<u64, u64> = HashMap::new();
        let mut back: HashMap<u64, u64> = HashMap::new();
        let mut order: Vec<(u64, u64)> = pairs.into_iter().collect();
        order.sort_unstable_by_key(|(a, b)| (b.wrapping_sub(*a) as i64 != delta, *a, *b));
        let mut torn = HashSet::new();
        for (a, b) in order {
            let known = (forward.get(&a), back.get(&b));
            if known.0.is_some_and(|other| *other != b) || known.1.is_some_and(|other| *other != a)
            {
                torn.insert((a, b));
                continue;
            }
            forward.insert(a, b);
            back.insert(b, a);
        }
        OneToOne { delta, torn }
    }

    pub(crate) fn fate(&self, shift: &Shift, (a, b): (u64, u64)) -> Fate {
        if self.torn.contains(&(a, b)) {
            return Fate::Torn;
        }
        let usual = shift.is_behind(a) && b.wrapping_sub(a) as i64 == self.delta;
        if usual { Fate::Moved } else { Fate::Assumed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_is_torn_and_another_shift_is_assumed() {
        let shift = Shift { end_delta: 8, data_end: 1000, data_end_b: 1008, ..Shift::default() };
        let pairs = [(2000, 2008), (2100, 2108), (2000, 2012), (2004, 2008), (3000, 3016)];
        let all = OneToOne::new(&shift, pairs.into_iter());
        let fates: Vec<Fate> = pairs.iter().map(|pair| all.fate(&shift, *pair)).collect();
        use Fate::{Assumed, Moved, Torn};
        assert_eq!(fates, [Moved, Moved, Torn, Torn, Assumed]);
        assert_eq!(all.fate(&shift, (500, 508)), Assumed, "inside a changed run");
    }
}
