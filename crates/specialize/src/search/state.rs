//! The state of a walk through a generic function: for each value a [`Slot`], and the registers and
//! stores that intrinsics put off.
//!
//! Slots form a lattice of height three: constants, pointers, and below them `Run`, a value that
//! only a run knows. Where ways meet, slots that are equal on all stay, every other becomes `Run`;
//! so the search ends ([`crate::search::explore`]).
//!
//! A pointer is an i32 that a run makes, its *root*, and a distance from it that is known: so
//! values that move together are told apart by constants. A root is named by the number of the
//! generic value that it was; of the function's arguments, which come first, these names have a
//! meaning.

use crate::ask::certificate::Known;
use std::collections::BTreeMap;

/// Fact about a value; `V` stands for a value that a run makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot<V> {
    Bits(u64),
    Pointer { root: u32, offset: u32 },
    Run(V),
}

impl<V: Copy> Slot<V> {
    /// The bits, if they are known.
    pub(crate) fn bits(self) -> Option<u64> {
        match self {
            Slot::Bits(bits) => Some(bits),
            Slot::Pointer { .. } | Slot::Run(_) => None,
        }
    }

    /// Whether both are the same fact; all values that a run makes count as one.
    pub(crate) fn is_like<W>(self, other: &Slot<W>) -> bool {
        match (self, other) {
            (Slot::Bits(a), Slot::Bits(b)) => a == *b,
            (Slot::Pointer { root, offset }, Slot::Pointer { root: other, offset: distance }) => {
                root == *other && offset == *distance
            }
            (Slot::Run(_), Slot::Run(_)) => true,
            (_, _) => false,
        }
    }

    /// The same in words of the certificate, with the number of a parameter for what a run makes.
    pub(crate) fn known(self, param: impl FnOnce() -> u32) -> Known {
        match self {
            Slot::Bits(bits) => Known::Bits(bits),
            Slot::Pointer { root, offset } => Known::Pointer { root, offset },
            Slot::Run(_) => Known::Param(param()),
        }
    }
}

/// A store that was put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Late<V> {
    pub(crate) address: Slot<V>,
    pub(crate) value: Slot<V>,
}

/// The state that intrinsics keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Virtual<V> {
    pub(crate) regs: BTreeMap<u64, Slot<V>>,
    /// The top last.
    pub(crate) stack: Vec<Late<V>>,
    pub(crate) locals: BTreeMap<u32, Late<V>>,
}

impl<V> Default for Virtual<V> {
    fn default() -> Virtual<V> {
        Virtual { regs: BTreeMap::new(), stack: Vec::new(), locals: BTreeMap::new() }
    }
}

impl<V: Copy> Virtual<V> {
    /// All stores that are put off, in the order in which they are done.
    pub(crate) fn late(&self) -> impl Iterator<Item = &Late<V>> {
        self.stack.iter().chain(self.locals.values())
    }

    /// Forgets all stores that are put off.
    pub(crate) fn clear_late(&mut self) {
        self.stack.clear();
        self.locals.clear();
    }
}

/// The state at the start of a part of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State<V> {
    /// Of the values that are live there, in their order.
    pub(crate) values: Vec<Slot<V>>,
    pub(crate) kept: Virtual<V>,
}

impl<V> State<V> {
    /// The roots of its pointers, rising.
    pub(crate) fn roots(&self) -> Vec<u32> {
        let mut roots = Vec::new();
        self.each_root(|root| {
            // Mostly many pointers in a row have one root.
            if roots.last() != Some(&root) {
                roots.push(root);
            }
        });
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    /// The root of each of its pointers.
    pub(crate) fn each_root(&self, mut visit: impl FnMut(u32)) {
        let mut slot = |slot: &Slot<V>| match slot {
            Slot::Pointer { root, .. } => visit(*root),
            Slot::Bits(_) | Slot::Run(_) => {}
        };
        let Virtual { regs, stack, locals } = &self.kept;
        self.values.iter().chain(regs.values()).for_each(&mut slot);
        for late in stack.iter().chain(locals.values()) {
            slot(&late.address);
            slot(&late.value);
        }
    }

    /// How many slots it has.
    pub(crate) fn len(&self) -> usize {
        let Virtual { regs, stack, locals } = &self.kept;
        self.values.len() + regs.len() + 2 * (stack.len() + locals.len())
    }
}

/// Where two ways meet: makes the first state what both have in common. `run` gives what stands for
/// a value that differs. True if the state has changed.
///
/// With `again` the second state is what the only way so far now brings: a constant that it brought
/// may become a pointer. So a slot changes at most twice.
pub(crate) fn meet<V: Copy>(
    into: &mut State<V>,
    from: &State<V>,
    again: bool,
    run: &mut dyn FnMut(Slot<V>, Slot<V>) -> V,
) -> bool {
    let mut changed = false;
    let mut one = |a: &mut Slot<V>, b: &Slot<V>| {
        let both = matches!((&a, b), (Slot::Bits(_), Slot::Bits(_)));
        if planted!(MeetKeepsFirst) && both {
            return;
        }
        if !matches!(a, Slot::Run(_)) && !a.is_like(b) {
            *a = match (&a, b) {
                (Slot::Bits(_), Slot::Pointer { .. }) if again => *b,
                (a, b) => Slot::Run(run(**a, *b)),
            };
            changed = true;
        }
    };
    into.values.iter_mut().zip(&from.values).for_each(|(a, b)| one(a, b));
    let mut gone = false;
    into.kept.regs.retain(|number, a| match from.kept.regs.get(number) {
        Some(b) => {
            one(a, b);
            true
        }
        None => {
            gone = true;
            false
        }
    });
    into.kept.locals.retain(|number, a| match from.kept.locals.get(number) {
        Some(b) => {
            one(&mut a.address, &b.address);
            one(&mut a.value, &b.value);
            true
        }
        None => {
            gone = true;
            false
        }
    });
    // Stacks have their tops in common.
    let (ours, theirs) = (into.kept.stack.len(), from.kept.stack.len());
    if ours > theirs {
        let top = if planted!(MeetDropsTop) { ours } else { ours - theirs };
        into.kept.stack.drain(top - (ours - theirs)..top);
        gone = true;
    }
    let shared = into.kept.stack.len();
    for (a, b) in into.kept.stack.iter_mut().zip(&from.kept.stack[theirs - shared..]) {
        one(&mut a.address, &b.address);
        one(&mut a.value, &b.value);
    }
    changed || gone
}
