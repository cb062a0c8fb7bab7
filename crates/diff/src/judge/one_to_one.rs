//! All loose pairs of addresses together → which of them are one to one.
//!
//! A pair is loose in bytes behind the data and inside changed runs, where no bytes show which
//! address is which (`shift`, 2).
//!
//! 1. An address of A has one address of B, and an address of B one of A. Of pairs that contradict
//!    each other, those with the delta that most pairs have are kept; the others are *torn*.
//! 2. Behind the data one delta is proved: the one that most addresses have. Another one, though
//!    one to one, may cut an object in two; it is an assumption.
//! 3. Among zeros that are padding in part, what moved with the bytes before lies before what moved
//!    with the bytes behind: then the padding is between them. Otherwise it is an assumption.

use crate::numbers::shift::{Shift, Zeros};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The judgement of all loose pairs together.
#[derive(Default)]
pub(crate) struct OneToOne {
    delta: i64,
    torn: HashSet<(u64, u64)>,
    /// By the start of zeros: the last address that moved with what is before them, the first that
    /// moved with what is behind.
    splits: HashMap<u64, (Option<u64>, Option<u64>)>,
    /// Objects behind the data, in order of A: both addresses, and the number of bytes that are
    /// touched from there on; 0 if it is unknown.
    pub(crate) behind: Vec<(u64, u64, u64)>,
}

/// How one loose pair fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Moved,
    Assumed,
    Torn,
}

impl OneToOne {
    /// Judges all loose pairs, each with the number of bytes that are touched.
    pub(crate) fn new(shift: &Shift, pairs: impl Iterator<Item = (u64, u64, u64)>) -> OneToOne {
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        let pairs: HashSet<(u64, u64, u64)> = pairs.collect();
        let mut behind: Vec<(u64, u64, u64)> =
            pairs.iter().copied().filter(|(a, ..)| shift.is_behind(*a)).collect();
        behind.sort_unstable();
        let pairs: HashSet<(u64, u64)> = pairs.into_iter().map(|(a, b, _)| (a, b)).collect();
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
        let (mut torn, mut splits) = (HashSet::new(), HashMap::new());
        for (a, b) in order {
            let known = (forward.get(&a), back.get(&b));
            if known.0.is_some_and(|other| *other != b) || known.1.is_some_and(|other| *other != a)
            {
                torn.insert((a, b));
                continue;
            }
            forward.insert(a, b);
            back.insert(b, a);
            if let Some(zeros) = shift.zeros_at(a) {
                let split: &mut (Option<u64>, Option<u64>) = splits.entry(zeros.a.0).or_default();
                if b.wrapping_sub(a) as i64 == zeros.deltas().0 {
                    split.0 = split.0.max(Some(a));
                } else {
                    split.1 = Some(split.1.map_or(a, |known| known.min(a)));
                }
            }
        }
        OneToOne { delta, torn, splits, behind }
    }

    /// Whether an address among these zeros moved with the bytes behind them: something starts
    /// there.
    pub(crate) fn starts_in(&self, zeros: &Zeros) -> bool {
        self.splits.get(&zeros.a.0).is_some_and(|(_, first)| first.is_some())
    }

    pub(crate) fn fate(&self, shift: &Shift, (a, b): (u64, u64)) -> Fate {
        if self.torn.contains(&(a, b)) {
            return Fate::Torn;
        }
        if let Some(zeros) = shift.zeros_at(a) {
            let split = self.splits.get(&zeros.a.0);
            let between = split.is_some_and(|(last, first)| match (last, first) {
                (Some(last), Some(first)) => last < first,
                _ => true,
            });
            return if between { Fate::Moved } else { Fate::Assumed };
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
        let all = OneToOne::new(&shift, pairs.into_iter().map(|(a, b)| (a, b, 0)));
        let fates: Vec<Fate> = pairs.iter().map(|pair| all.fate(&shift, *pair)).collect();
        use Fate::{Assumed, Moved, Torn};
        assert_eq!(fates, [Moved, Moved, Torn, Torn, Assumed]);
        assert_eq!(all.fate(&shift, (500, 508)), Assumed, "inside a changed run");
        // Zeros with two more bytes of padding in B.
        let zeros = Zeros { a: (100, 110), b: (108, 120) };
        let shift = Shift { zeros: vec![zeros], ..shift };
        for (pairs, fate) in [
            ([(102, 110), (104, 114)], Moved),
            ([(104, 112), (102, 112)], Torn),
            ([(106, 114), (104, 114)], Torn),
            ([(106, 114), (103, 113)], Assumed),
        ] {
            let all = OneToOne::new(&shift, pairs.into_iter().map(|(a, b)| (a, b, 0)));
            let worst =
                pairs.iter().map(|pair| all.fate(&shift, *pair)).max_by_key(|fate| *fate as u8);
            assert_eq!(worst, Some(fate), "{pairs:?}");
        }
    }
}
