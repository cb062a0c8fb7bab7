//! The work that a proof may take, in units that each proof names: a limit, and what is left of it.
//!
//! A proof spends before it works: a list's length before it goes through the list. So its time is
//! at most linear in its limit, for any body, witness or certificate; and a proof that is refused
//! once has spent no more than it may. The limit itself is the user's, mostly a base and so much
//! for each thing that is given.
//!
//! * B1. The units spent with success are at most the limit, in all.
//! * B2. Spending what is left succeeds, and so does spending nothing.
//!
//! Noticed by: the tests here, and a test on both sides of the limit of each proof.

use std::cell::Cell;
use std::fmt;

/// The units of work that are left of a limit.
#[derive(Debug)]
pub struct Budget {
    unit: &'static str,
    most: u64,
    left: Cell<u64>,
}

/// More work than a [`Budget`] has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overspent {
    /// The name of the units.
    pub unit: &'static str,
    /// The limit.
    pub most: u64,
}

impl Budget {
    /// A budget of at most this number of units, by their name.
    pub fn new(unit: &'static str, most: u64) -> Budget {
        Budget { unit, most, left: Cell::new(most) }
    }

    /// Takes units before they are used (B1, B2).
    ///
    /// # Errors
    /// If fewer are left; then none is taken.
    #[inline]
    pub fn spend(&self, units: u64) -> Result<(), Overspent> {
        match self.left.get().checked_sub(units) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(Overspent { unit: self.unit, most: self.most }),
        }
    }

    /// The limit.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// The units that were taken.
    pub fn spent(&self) -> u64 {
        self.most - self.left.get()
    }
}

impl fmt::Display for Overspent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it takes more than {} {}", self.most, self.unit)
    }
}

impl std::error::Error for Overspent {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_units_may_be_spent_and_no_more() {
        for most in [0, 1, 2, 7, u64::MAX] {
            let over = Overspent { unit: "steps", most };
            for first in [0, 1, most / 2, most] {
                let budget = Budget::new("steps", most);
                let first = first.min(most);
                assert_eq!((budget.spend(first), budget.spent()), (Ok(()), first));
                if let Some(more) = (most - first).checked_add(1) {
                    assert_eq!((budget.spend(more), budget.spent()), (Err(over), first));
                }
                assert_eq!((budget.spend(most - first), budget.spent()), (Ok(()), most));
                assert_eq!((budget.spend(0), budget.spend(1)), (Ok(()), Err(over)));
                assert_eq!((budget.most(), budget.spent()), (most, most));
            }
        }
        let over = Budget::new("steps", 3).spend(u64::MAX).expect_err("more than 3");
        assert_eq!(over.to_string(), "it takes more than 3 steps");
    }
}
