//! Words of few bits, and every value of them.
//!
//! [`enumerate`] runs a lemma once for each assignment of its variables, in the order in which the
//! lemma asks for them, so that a hypothesis that fails early cuts off all that would follow.

use prova_check::word::Word;
use std::cell::RefCell;

/// A word of `B` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Small<const B: u32>(pub u8);

impl<const B: u32> Small<B> {
    fn cut(n: u64) -> Small<B> {
        Small((n & ((1 << B) - 1)) as u8)
    }
}

impl<const B: u32> Word for Small<B> {
    type Int = i128;
    const BITS: u32 = B;
    const ZERO: Small<B> = Small(0);
    const MAX: Small<B> = Small(((1_u32 << B) - 1) as u8);
    const LOW_MAX: Small<B> = Small(((1_u32 << (B / 2)) - 1) as u8);

    fn number(n: u64) -> Small<B> {
        Small::cut(n)
    }
    fn wrapping_add(self, other: Small<B>) -> Small<B> {
        Small::cut(u64::from(self.0) + u64::from(other.0))
    }
    fn wrapping_sub(self, other: Small<B>) -> Small<B> {
        Small::cut(u64::from(self.0).wrapping_sub(u64::from(other.0)))
    }
    fn shl(self, by: u32) -> Small<B> {
        Small::cut(u64::from(self.0) << by)
    }
    fn shr(self, by: u32) -> Small<B> {
        Small(self.0.checked_shr(by).unwrap_or(0))
    }
    fn and(self, other: Small<B>) -> Small<B> {
        Small(self.0 & other.0)
    }
    fn lowest(self, by: u32) -> Small<B> {
        Small::cut(u64::from(self.0) & ((1 << by) - 1))
    }
    fn count(self, mask: u32) -> u32 {
        u32::from(self.0) & mask
    }
    fn unsigned(self) -> i128 {
        i128::from(self.0)
    }
    fn signed(self) -> i128 {
        let half = 1 << (B - 1);
        if self.unsigned() < half { self.unsigned() } else { self.unsigned() - 2 * half }
    }
    fn of(n: i128) -> Option<Small<B>> {
        (0..=Small::<B>::MAX.unsigned()).contains(&n).then_some(Small(n as u8))
    }
    fn scaled(self, shift: u8) -> i128 {
        self.unsigned() << shift.min(3)
    }
}

#[derive(Default)]
struct Odometer {
    /// Which of how many was taken, in order.
    taken: Vec<(u32, u32)>,
    names: Vec<&'static str>,
    at: usize,
}

thread_local! {
    static ODOMETER: RefCell<Odometer> = RefCell::new(Odometer::default());
}

/// One of `0..count`, under a name: the same in the whole run.
pub fn choose(name: &'static str, count: u32) -> u32 {
    ODOMETER.with_borrow_mut(|odometer| {
        let asked = &odometer.names[..odometer.at];
        if let Some(at) = asked.iter().position(|&known| known == name) {
            return odometer.taken[at].0;
        }
        let at = odometer.at;
        odometer.at += 1;
        odometer.names.truncate(at);
        odometer.names.push(name);
        if odometer.taken.len() == at {
            odometer.taken.push((0, count));
        }
        odometer.taken[at].0
    })
}

/// An integer in a range that is twice as wide as shifted words are.
pub fn integer<const B: u32>(name: &'static str) -> i128 {
    let most = 1_u32 << (B + 1);
    i128::from(choose(name, 2 * most + 1)) - i128::from(most)
}

/// The counts over all assignments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Runs.
    pub runs: u64,
    /// Runs whose hypotheses held.
    pub claims: u64,
    /// The first assignment whose claim failed.
    pub failed: Option<Vec<(&'static str, u32)>>,
}

/// All assignments; none if there are more than `runs_max`, and no claim of the first ones failed.
pub fn enumerate(runs_max: u64, lemma: impl Fn() -> Option<bool>) -> Option<Counted> {
    ODOMETER.set(Odometer::default());
    let mut counted = Counted::default();
    loop {
        if counted.runs == runs_max {
            return counted.failed.is_some().then_some(counted);
        }
        ODOMETER.with_borrow_mut(|odometer| odometer.at = 0);
        let outcome = lemma();
        counted.runs += 1;
        counted.claims += u64::from(outcome.is_some());
        let more = ODOMETER.with_borrow_mut(|odometer| {
            if outcome == Some(false) && counted.failed.is_none() {
                let taken = odometer.taken[..odometer.at].iter().map(|&(n, _)| n);
                counted.failed = Some(odometer.names.iter().copied().zip(taken).collect());
            }
            odometer.taken.truncate(odometer.at);
            while odometer.taken.last().is_some_and(|&(n, count)| n + 1 == count) {
                odometer.taken.pop();
            }
            let last = odometer.taken.last_mut();
            let more = last.is_some();
            if let Some(last) = last {
                last.0 += 1;
            }
            more
        });
        if !more {
            return Some(counted);
        }
    }
}
