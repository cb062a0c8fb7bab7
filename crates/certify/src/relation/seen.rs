//! The ways from each leader, as they were when the code behind it was walked last.
//!
//! Where nothing changed at a leader, nothing changes behind it, so that is not walked again; what
//! is to be known of all ways is kept here, by the leaders that they come from.

use super::ways::{Coming, Ways};
use std::collections::{BTreeMap, BTreeSet};

/// A leader, or the entry.
pub(super) type From = Option<u32>;

/// A way to a leader.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) to: u32,
    /// Whether it comes from behind, and whether the body moves on it.
    pub(super) back: bool,
    pub(super) moved: bool,
    /// The places in the body that it comes by.
    pub(super) coming: Coming,
    /// Whether none of these is common to all ways.
    pub(super) apart: bool,
}

/// The ways.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ways: BTreeMap<From, Vec<Way>>,
    /// Offsets at which a way is refused.
    refused: BTreeMap<From, u32>,
    /// Leaders to leaders, over all iterations.
    before: BTreeMap<u32, BTreeSet<From>>,
    behind: BTreeMap<From, BTreeSet<u32>>,
}

impl Seen {
    /// The code behind a leader is walked again.
    pub(super) fn forget(&mut self, from: From) {
        self.ways.remove(&from);
        self.refused.remove(&from);
    }

    /// A way comes to a leader.
    pub(super) fn comes(&mut self, from: From, way: Way) {
        self.before.entry(way.to).or_default().insert(from);
        self.behind.entry(from).or_default().insert(way.to);
        if way.apart {
            self.refuses(from, way.to);
        }
        self.ways.entry(from).or_default().push(way);
    }

    /// A way is refused at an offset.
    pub(super) fn refuses(&mut self, from: From, at: u32) {
        self.refused.entry(from).and_modify(|first| *first = at.min(*first)).or_insert(at);
    }

    /// The first offset at which a way is refused.
    pub(super) fn refused(&self) -> Option<u32> {
        self.refused.values().min().copied()
    }

    /// The leaders from which ways come to one.
    pub(super) fn before(&self, at: u32) -> impl Iterator<Item = From> + '_ {
        self.before.get(&at).into_iter().flatten().copied()
    }

    /// The ways of now from a leader to another.
    pub(super) fn count(&self, from: From, to: u32) -> usize {
        let ways = self.ways.get(&from).into_iter().flatten();
        ways.filter(|way| way.to == to).count()
    }

    /// Some leaders, and all to which ways lead from them.
    pub(super) fn behind(&self, some: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut open: Vec<u32> = some.iter().copied().collect();
        let mut found = some.clone();
        while let Some(at) = open.pop() {
            let behind = self.behind.get(&Some(at)).into_iter().flatten();
            open.extend(behind.copied().filter(|&at| found.insert(at)));
        }
        found
    }

    fn all(&self) -> impl Iterator<Item = &Way> {
        self.ways.values().flatten()
    }

    /// Leaders to which a way comes from behind.
    pub(super) fn closed(&self) -> BTreeSet<u32> {
        self.all().filter(|way| way.back).map(|way| way.to).collect()
    }

    /// Leaders to which a way comes from behind on which the body stands still.
    pub(super) fn still(&self) -> BTreeSet<u32> {
        self.all().filter(|way| way.back && !way.moved).map(|way| way.to).collect()
    }

    /// Leaders of which no place is common to all ways.
    pub(super) fn apart(&self) -> BTreeSet<u32> {
        self.all().filter(|way| way.apart).map(|way| way.to).collect()
    }

    /// The places that all ways come by now, by leader. On a way back the body may stand still:
    /// such a way comes by none.
    pub(super) fn common(&self) -> BTreeMap<u32, Ways> {
        let mut found: BTreeMap<u32, Ways> = BTreeMap::new();
        let mut all: Vec<&Way> = self.all().filter(|way| !way.coming.is_empty()).collect();
        all.sort_by_key(|way| way.back);
        for way in all {
            let common = match found.get(&way.to) {
                Some(ways) => ways.common(&way.coming, way.back),
                None => Ways::first(&way.coming),
            };
            found.insert(way.to, common);
        }
        found
    }
}
