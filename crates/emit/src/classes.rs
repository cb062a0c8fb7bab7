//! Classes of values that share a local, with the intervals in which one of them is live.
//!
//! * A4. The intervals of a class are disjoint, ascending and not empty.
//!
//! Time: `O(n log² n)` in intervals (the smaller class moves into the larger one).

use crate::live::Live;
use prova_ssa::flow::NONE;
use prova_ssa::{Body, Value};
use std::collections::BTreeMap;

/// The intervals of a class of several values (A4).
enum Spans {
    /// At most [`FEW`].
    Few(Vec<(u32, u32)>),
    /// End by start.
    Many(BTreeMap<u32, u32>),
}

/// Maximum number of intervals in a list.
const FEW: usize = 48;

/// The intervals of any class.
#[derive(Clone, Copy)]
enum View<'s> {
    List(&'s [(u32, u32)]),
    Map(&'s BTreeMap<u32, u32>),
}

impl View<'_> {
    fn len(self) -> usize {
        match self {
            View::List(all) => all.len(),
            View::Map(all) => all.len(),
        }
    }

    /// Where the first one starts and the last one ends.
    fn ends(self) -> Option<(u32, u32)> {
        match self {
            View::List(all) => all.first().zip(all.last()).map(|(first, last)| (first.0, last.1)),
            View::Map(all) => {
                all.first_key_value().zip(all.last_key_value()).map(|(a, b)| (*a.0, *b.1))
            }
        }
    }

    /// Whether an interval meets one of these.
    fn meets(self, (start, end): (u32, u32)) -> bool {
        match self {
            View::List(all) => {
                let before = all.partition_point(|&(other, _)| other < end);
                before.checked_sub(1).is_some_and(|at| all[at].1 > start)
            }
            View::Map(all) => all.range(..end).next_back().is_some_and(|(_, &other)| other > start),
        }
    }

    fn any(self, mut holds: impl FnMut((u32, u32)) -> bool) -> bool {
        match self {
            View::List(all) => all.iter().any(|&span| holds(span)),
            View::Map(all) => all.iter().any(|(&start, &end)| holds((start, end))),
        }
    }

    /// Whether one of these meets one of others, which are not fewer.
    fn clashes(self, large: View<'_>) -> bool {
        let (Some(ours), Some(theirs)) = (self.ends(), large.ends()) else { return false };
        ours.0 < theirs.1 && theirs.0 < ours.1 && self.any(|span| large.meets(span))
    }
}

/// Puts intervals into a list that they do not meet.
fn merge(all: &mut Vec<(u32, u32)>, more: View<'_>) {
    let mut left = all.len();
    let mut at = left + more.len();
    all.resize(at, (0, 0));
    let mut put = |span: (u32, u32)| {
        while left > 0 && all[left - 1] > span {
            (at, left) = (at - 1, left - 1);
            all[at] = all[left];
        }
        at -= 1;
        all[at] = span;
    };
    match more {
        View::List(more) => more.iter().rev().for_each(|&span| put(span)),
        View::Map(more) => more.iter().rev().for_each(|(&start, &end)| put((start, end))),
    }
}

/// Classes of values that share a local.
pub(super) struct Classes<'l> {
    parent: Vec<u32>,
    live: &'l Live,
    /// Of each class of several values where its intervals are in `spans`; [`NONE`] of one value.
    joined: Vec<u32>,
    spans: Vec<Spans>,
    /// The function's parameter in a class.
    param: Vec<u32>,
}

impl<'l> Classes<'l> {
    /// Each value by itself.
    pub(super) fn new(body: &Body, live: &'l Live) -> Classes<'l> {
        let count = body.value_count();
        let mut classes = Classes {
            parent: (0..count as u32).collect(),
            live,
            joined: vec![NONE; count],
            spans: Vec::new(),
            param: vec![NONE; count],
        };
        for (number, param) in (0..).zip(body.block(body.entry()).params()) {
            classes.param[param.as_u32() as usize] = number;
        }
        classes
    }

    /// The class of a value, named by one of its values.
    #[inline]
    pub(super) fn find(&mut self, value: u32) -> u32 {
        let mut at = value;
        while self.parent[at as usize] != at {
            self.parent[at as usize] = self.parent[self.parent[at as usize] as usize];
            at = self.parent[at as usize];
        }
        at
    }

    /// Finds the class of each value for good: from here on none is joined.
    pub(super) fn settle(&mut self) {
        for value in 0..self.parent.len() as u32 {
            self.parent[value as usize] = self.find(value);
        }
    }

    /// The class of a value, once all are settled.
    #[inline]
    pub(super) fn of(&self, value: u32) -> u32 {
        self.parent[value as usize]
    }

    /// The parameter of the function in a class, by its number; [`NONE`] if there is none.
    #[inline]
    pub(super) fn param(&self, class: u32) -> u32 {
        self.param[class as usize]
    }

    /// Where the first interval of a class starts and the last one ends.
    #[inline]
    pub(super) fn ends(&self, class: u32) -> Option<(u32, u32)> {
        self.view(class).ends()
    }

    #[inline]
    fn view(&self, class: u32) -> View<'_> {
        match self.spans.get(self.joined[class as usize] as usize) {
            None => View::List(self.live.of(Value::from_u32(class))),
            Some(Spans::Few(all)) => View::List(all),
            Some(Spans::Many(all)) => View::Map(all),
        }
    }

    /// Joins the classes of two values, if they may share a local.
    pub(super) fn join(&mut self, a: u32, b: u32) {
        let (mut a, mut b) = (self.find(a), self.find(b));
        if a == b || (self.param[a as usize] != NONE && self.param[b as usize] != NONE) {
            return;
        }
        if self.view(a).len() < self.view(b).len() {
            std::mem::swap(&mut a, &mut b);
        }
        if self.view(b).clashes(self.view(a)) {
            return;
        }
        self.add(a, b);
        self.parent[b as usize] = a;
        if self.param[a as usize] == NONE {
            self.param[a as usize] = self.param[b as usize];
        }
    }

    /// Gives a class the intervals of another class, which ends.
    fn add(&mut self, large: u32, small: u32) {
        if self.view(small).len() == 0 {
            return;
        }
        let live = self.live;
        let at = match self.joined[large as usize] {
            NONE => {
                let own = live.of(Value::from_u32(large));
                let mut all = Vec::with_capacity(2 * own.len() + 2);
                all.extend_from_slice(own);
                self.joined[large as usize] = self.spans.len() as u32;
                self.spans.push(Spans::Few(all));
                self.spans.len() - 1
            }
            at => at as usize,
        };
        let of_small = self.joined[small as usize] as usize;
        let taken = self
            .spans
            .get_mut(of_small)
            .map(|spans| std::mem::replace(spans, Spans::Few(Vec::new())));
        let more = match &taken {
            None => View::List(live.of(Value::from_u32(small))),
            Some(Spans::Few(all)) => View::List(all),
            Some(Spans::Many(all)) => View::Map(all),
        };
        match &mut self.spans[at] {
            Spans::Few(all) => {
                merge(all, more);
                if all.len() > FEW {
                    self.spans[at] = Spans::Many(all.drain(..).collect());
                }
            }
            Spans::Many(all) => {
                _ = more.any(|(start, end)| {
                    all.insert(start, end);
                    false
                });
            }
        }
    }
}
