//! References that the host holds: objects by *root*, which a collection follows.
//!
//! ```text
//! a cell that names an object ─ root ─► Root: in the list of scopes, until the list is cut back
//!                             └ root_owned ─► Root, and a count of who owns it, until that is 0
//! ```
//!
//! Scopes are nested: a host function has one, and the embedder opens more. So what they hold is a
//! list that grows and is cut back, as a stack. What is owned goes when a collection comes, or when
//! there is twice as much of it as the last time.
//!
//! # Invariants
//! * RT1. No two roots of a store have the same number, and numbers ascend along the list. So a
//!   root that is gone is known as such, and found in logarithmic time.
//! * RT2. A root's cell is one of the `any` hierarchy, without the mark of the `extern` hierarchy
//!   (AG2 of `ops::aggregate`). As long as the root is there, the object is.
//!
//! Limits: none on the number, which is the embedder's. Tests: those below,
//! `crates/core/tests/objects.rs`.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::{Arc, Weak};

/// The name of a reference that the host holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Root(NonZeroU64);

impl Root {
    /// Of a reference that keeps nothing alive and needs not be kept: null, a small integer, a
    /// value of the host.
    pub const FREE: Root = Root(NonZeroU64::MIN);
}

/// The roots of a store.
pub(crate) struct Roots {
    /// Those of scopes, the newest last.
    scoped: Vec<(Root, u64)>,
    /// Those that are owned, and who owns them.
    owned: BTreeMap<Root, (u64, Weak<()>)>,
    /// As many owned ones make those go that nobody owns.
    owned_max: usize,
    /// The number of the newest root.
    newest: NonZeroU64,
}

/// The least number of owned roots that are looked through.
const OWNED_MIN: usize = 64;

impl Roots {
    pub(crate) const NONE: Roots = Roots {
        scoped: Vec::new(),
        owned: BTreeMap::new(),
        owned_max: OWNED_MIN,
        newest: NonZeroU64::MIN,
    };

    fn next(&mut self) -> Root {
        // 2^64 roots take centuries.
        self.newest = self.newest.saturating_add(1);
        Root(self.newest)
    }

    /// Adds a root to the innermost scope.
    pub(crate) fn push(&mut self, cell: u64) -> Root {
        let root = self.next();
        self.scoped.push((root, cell));
        root
    }

    /// Adds a root that is there as long as the count is held.
    pub(crate) fn own(&mut self, cell: u64) -> (Root, Arc<()>) {
        if self.owned.len() >= self.owned_max {
            self.drop_unowned();
        }
        let (root, owner) = (self.next(), Arc::new(()));
        self.owned.insert(root, (cell, Arc::downgrade(&owner)));
        (root, owner)
    }

    /// Whether a root is there, and of this cell.
    pub(crate) fn has(&self, root: Root, cell: u64) -> bool {
        match self.scoped.binary_search_by_key(&root, |&(root, _)| root) {
            Ok(at) => self.scoped[at].1 == cell,
            Err(_) => self.owned.get(&root).is_some_and(|&(of, _)| of == cell),
        }
    }

    /// How many there are in scopes.
    pub(crate) fn scoped(&self) -> usize {
        self.scoped.len()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.scoped.len() + self.owned.len()
    }

    /// Makes room for more in the innermost scope.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.scoped.reserve(more);
    }

    /// Ends scopes: the first `count` roots stay.
    pub(crate) fn cut_back(&mut self, count: usize) {
        self.scoped.truncate(count);
    }

    /// Forgets those that nobody owns any more.
    pub(crate) fn drop_unowned(&mut self) {
        self.owned.retain(|_, (_, owner)| owner.strong_count() > 0);
        self.owned_max = (2 * self.owned.len()).max(OWNED_MIN);
    }

    /// The cells of all.
    pub(crate) fn cells(&self) -> impl Iterator<Item = u64> {
        let scoped = self.scoped.iter().map(|&(_, cell)| cell);
        scoped.chain(self.owned.values().map(|&(cell, _)| cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_end_and_their_roots_do_not_come_back() {
        let mut roots = Roots::NONE;
        let outer = roots.push(8);
        let inner = roots.push(16);
        assert!(roots.has(outer, 8) && roots.has(inner, 16) && !roots.has(inner, 8));
        roots.cut_back(1);
        let next = roots.push(16);
        assert!(roots.has(next, 16) && !roots.has(inner, 16) && next != inner);
        // Cutting back to more than there is leaves all.
        roots.cut_back(7);
        assert_eq!(roots.scoped(), 2);
    }

    #[test]
    fn owned_roots_stay_as_long_as_they_are_owned() {
        let mut roots = Roots::NONE;
        let (kept, owner) = roots.own(8);
        let also = Arc::clone(&owner);
        drop(owner);
        roots.drop_unowned();
        assert!(roots.has(kept, 8) && roots.len() == 1);
        drop(also);
        roots.drop_unowned();
        assert!(!roots.has(kept, 8) && roots.len() == 0);
    }

    #[test]
    fn a_million_owned_roots_that_are_dropped_take_constant_room() {
        let mut roots = Roots::NONE;
        let (kept, _owner) = roots.own(8);
        for _ in 0..1_000_000 {
            roots.own(16);
            assert!(roots.len() <= OWNED_MIN + 1);
        }
        assert!(roots.has(kept, 8));
    }
}
