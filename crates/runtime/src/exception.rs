//! Exceptions that references name: a tag and values, kept as long as something may refer to them.
//!
//! An exception becomes an object only where a clause catches it *with* its reference. One that is
//! caught by its values alone never becomes one.
//!
//! # Reclamation
//! What nothing refers to goes in a collection ([`crate::collect`]), together with objects. So a
//! loop that throws needs constant memory. Not seen are references that the host keeps outside of
//! the store: they name nothing once their exception is gone, since an index carries the
//! *generation* of its object.
//!
//! # Invariants
//! * X1. The cell of a reference is `(generation << 32 | index) + 1`; generations start at 1 and
//!   never come back.
//! * X2. `weight` is the sum of the weights of all objects, at most [`WEIGHT_MAX`] and, when one is
//!   made, what the store's budget leaves.

use crate::trap::TrapKind;
use crate::value::TagAddr;
use crate::vm::Cell;

/// The weight, in cells, at which marking begins.
pub(crate) const THRESHOLD_MIN: usize = 1 << 16;

/// The greatest weight that a collection is put off to because of what it looks at: half of
/// [`WEIGHT_MAX`], so that what nothing refers to is gone before the limit is reached.
pub(crate) const THRESHOLD_FOR_ROOTS_MAX: usize = WEIGHT_MAX / 2;

/// The greatest weight of all exceptions of a store, in cells (128 MiB): 8 for each, and its
/// values.
pub const WEIGHT_MAX: usize = 1 << 24;

/// The weight of an object without values.
const WEIGHT_BASE: usize = 8;

/// The greatest weight of an object whose tag a module may have: as many values as a function type
/// has parameters by the default limit, two cells each.
pub(crate) const WEIGHT_OF_ONE_MAX: usize = WEIGHT_BASE + 2 * 1_000;

struct Object {
    tag: TagAddr,
    cells: Box<[Cell]>,
}

impl Object {
    fn weight(&self) -> usize {
        WEIGHT_BASE + self.cells.len()
    }
}

struct Slot {
    generation: u32,
    marked: bool,
    object: Option<Object>,
}

/// The exceptions of a store.
pub(crate) struct Exceptions {
    slots: Vec<Slot>,
    free: Vec<u32>,
    weight: usize,
    threshold: usize,
}

impl Exceptions {
    pub(crate) const fn new() -> Exceptions {
        Exceptions { slots: Vec::new(), free: Vec::new(), weight: 0, threshold: THRESHOLD_MIN }
    }

    /// Whether the next object should wait for a marking, where all together have so much room.
    pub(crate) fn is_full(&self, room: usize) -> bool {
        self.weight >= self.threshold || self.weight + WEIGHT_OF_ONE_MAX > room
    }

    /// Makes an exception and gives its reference; all together have so much room, in cells.
    ///
    /// # Errors
    /// [`TrapKind::TooManyExceptions`].
    pub(crate) fn make(
        &mut self,
        tag: TagAddr,
        cells: Box<[Cell]>,
        room: usize,
    ) -> Result<Cell, TrapKind> {
        let object = Object { tag, cells };
        let weight = self.weight + object.weight();
        if weight > room {
            return Err(TrapKind::TooManyExceptions);
        }
        self.weight = weight;
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.slots.push(Slot { generation: 1, marked: false, object: None });
                (self.slots.len() - 1) as u32
            }
        };
        let slot = &mut self.slots[index as usize];
        slot.object = Some(object);
        Ok((u64::from(slot.generation) << 32 | u64::from(index)) + 1)
    }

    /// The exception that a cell refers to.
    pub(crate) fn get(&self, cell: Cell) -> Option<(TagAddr, &[Cell])> {
        let object = self.slots.get(self.index(cell)?)?.object.as_ref()?;
        Some((object.tag, &object.cells))
    }

    /// The weight of all exceptions, in cells.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// The cells that a collection looks at here.
    pub(crate) fn own_cells(&self) -> u64 {
        self.slots.len() as u64 + self.weight as u64
    }

    /// How many slots there are, with or without an exception.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Marks the exception that a cell refers to; its slot, if it was not marked before.
    pub(crate) fn mark(&mut self, cell: Cell) -> Option<usize> {
        let index = self.index(cell)?;
        let slot = &mut self.slots[index];
        (!std::mem::replace(&mut slot.marked, true)).then_some(index)
    }

    /// Takes all marks back.
    pub(crate) fn unmark(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.marked = false);
    }

    /// The tag and values in a slot.
    pub(crate) fn in_slot(&self, index: usize) -> Option<(TagAddr, &[Cell])> {
        let object = self.slots.get(index)?.object.as_ref()?;
        Some((object.tag, &object.cells))
    }

    /// Drops the exception of a slot unless it is marked, and the mark.
    pub(crate) fn sweep(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if std::mem::take(&mut slot.marked) {
            return;
        }
        let Some(object) = slot.object.take() else { return };
        self.weight -= object.weight();
        // A slot whose generations are used up stays empty (X1).
        if slot.generation < u32::MAX {
            slot.generation += 1;
            self.free.push(index as u32);
        }
    }

    /// Sets the weight at which the next collection begins, once all slots were swept; `looked_at`
    /// cells were looked at outside.
    pub(crate) fn put_off(&mut self, looked_at: u64) {
        let looked_at = looked_at.saturating_add(self.slots.len() as u64);
        let looked_at = looked_at.min(THRESHOLD_FOR_ROOTS_MAX as u64) as usize;
        self.threshold = (2 * self.weight).max(looked_at).max(THRESHOLD_MIN);
    }

    /// The slot of the object that a cell refers to.
    fn index(&self, cell: Cell) -> Option<usize> {
        let name = cell.checked_sub(1)?;
        let index = (name & u64::from(u32::MAX)) as usize;
        let slot = self.slots.get(index)?;
        (u64::from(slot.generation) == name >> 32 && slot.object.is_some()).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::{FRAME_CELLS, MARK_CHUNK, Marking, Work};
    use crate::heap::Heap;

    /// Values of one tag, none of them references.
    const NO_REFS: &[Box<[u32]>] = &[];

    fn make(exceptions: &mut Exceptions, cells: &[Cell]) -> Cell {
        exceptions.make(TagAddr::from_index(0), cells.into(), WEIGHT_MAX).expect("there is room")
    }

    fn collect(exceptions: &mut Exceptions, roots: &[Cell], refs: &[Box<[u32]>]) {
        let mut heap = Heap::new();
        let mut marking = Marking::new(exceptions, &mut heap, &|| Ok(()));
        marking.roots(roots).expect("no interrupt");
        marking.complete(refs, &[], Work::default()).expect("no interrupt");
    }

    /// A marking of nothing, which looks at so much.
    fn forget_all(exceptions: &mut Exceptions, work: Work) {
        let mut heap = Heap::new();
        let marking = Marking::new(exceptions, &mut heap, &|| Ok(()));
        marking.complete(NO_REFS, &[], work).expect("no interrupt");
    }

    #[test]
    fn what_is_referred_to_stays_and_the_rest_is_reused_under_another_name() {
        let mut exceptions = Exceptions::new();
        let inner = make(&mut exceptions, &[7, 0]);
        let number = make(&mut exceptions, &[]);
        let outer = make(&mut exceptions, &[number, inner]);
        let lost = make(&mut exceptions, &[]);
        // Of the tag's two cells the second is a reference.
        collect(&mut exceptions, &[outer, 0, 5, u64::MAX], &[[1].into()]);
        assert_eq!(exceptions.get(inner).map(|(_, cells)| cells), Some(&[7, 0][..]));
        assert!(exceptions.get(outer).is_some() && exceptions.get(lost).is_none());
        assert!(exceptions.get(number).is_none(), "a number keeps nothing, whatever its bits");
        let next = make(&mut exceptions, &[]);
        assert_ne!(next, lost);
        assert_eq!(exceptions.slots.len(), 4, "a slot is used again");
        assert!(exceptions.get(lost).is_none() && exceptions.get(0).is_none());
    }

    #[test]
    fn ten_million_cells_of_dead_exceptions_need_constant_room() {
        let mut exceptions = Exceptions::new();
        let mut marks = 0;
        for _ in 0..1_000_000 {
            if exceptions.is_full(WEIGHT_MAX) {
                collect(&mut exceptions, &[], NO_REFS);
                marks += 1;
            }
            make(&mut exceptions, &[1, 2]);
        }
        assert!(marks > 100 && exceptions.slots.len() <= THRESHOLD_MIN / WEIGHT_BASE);
    }

    #[test]
    fn what_is_looked_at_puts_the_next_marking_off() {
        // A million references, as of a table of nulls, or frames behind as many bytes: each object
        // without values pays for eight of them.
        let many = 1_000_000;
        let references = Work { references: many, stack_bytes: 0 };
        let frames = Work { references: 0, stack_bytes: many };
        for work in [references, frames] {
            let mut exceptions = Exceptions::new();
            let (mut made, mut looked_at) = (0, 0);
            while made < 1_000_000 {
                if exceptions.is_full(WEIGHT_MAX) {
                    forget_all(&mut exceptions, work);
                    looked_at += many;
                }
                make(&mut exceptions, &[]);
                made += 1;
            }
            assert!(looked_at <= (WEIGHT_BASE as u64) * made + 2 * many, "{looked_at}");
            // However much it is, marking comes before the limit.
            forget_all(&mut exceptions, Work { references: u64::from(u32::MAX), ..work });
            while !exceptions.is_full(WEIGHT_MAX) {
                make(&mut exceptions, &[]);
            }
            assert!(exceptions.weight() <= THRESHOLD_FOR_ROOTS_MAX + WEIGHT_BASE);
        }
    }

    #[test]
    fn an_interrupted_marking_leaves_everything_alive() {
        let mut exceptions = Exceptions::new();
        let made: Vec<Cell> = (0..10).map(|i| make(&mut exceptions, &[i])).collect();
        let interrupt = || Err(TrapKind::Interrupt);
        let mut heap = Heap::new();
        let mut marking = Marking::new(&mut exceptions, &mut heap, &interrupt);
        marking.root(made[3]).expect("the first test of the epoch is a chunk away");
        let outcome = (0..MARK_CHUNK).try_for_each(|_| marking.root(0));
        assert_eq!(outcome, Err(TrapKind::Interrupt));
        drop(marking);
        assert!(made.iter().all(|&cell| exceptions.get(cell).is_some()));
        // Nor is a mark left: now nothing holds the fourth.
        collect(&mut exceptions, &[made[4]], &[Box::default()]);
        assert_eq!(exceptions.get(made[3]), None);
        assert!(exceptions.get(made[4]).is_some());
    }

    #[test]
    fn an_interrupted_sweep_goes_on_the_next_time() {
        let mut exceptions = Exceptions::new();
        let made: Vec<Cell> = (0..3 * MARK_CHUNK).map(|_| make(&mut exceptions, &[1, 2])).collect();
        let (held, polls) = ([made[0], made[3 * MARK_CHUNK - 1]], std::cell::Cell::new(0));
        let second = || {
            polls.set(polls.get() + 1);
            if polls.get() == 2 { Err(TrapKind::Interrupt) } else { Ok(()) }
        };
        let mut heap = Heap::new();
        let mut marking = Marking::new(&mut exceptions, &mut heap, &second);
        marking.roots(&held).expect("the first test of the epoch is a chunk away");
        assert_eq!(
            marking.complete(&[Box::default()], &[], Work::default()),
            Err(TrapKind::Interrupt)
        );
        // About two chunks were swept, and the weight counts only the exceptions that are left
        // (X2).
        let left = made.iter().filter(|&&cell| exceptions.get(cell).is_some()).count();
        assert!(left > MARK_CHUNK && left < MARK_CHUNK + 10, "{left}");
        assert_eq!(exceptions.weight(), left * (WEIGHT_BASE + 2));
        assert!(
            exceptions.is_full(WEIGHT_MAX)
                && held.iter().all(|&cell| exceptions.get(cell).is_some())
        );
        collect(&mut exceptions, &held, &[Box::default()]);
        assert_eq!(exceptions.weight(), held.len() * (WEIGHT_BASE + 2));
        assert_eq!(exceptions.free.len(), made.len() - held.len());
    }

    #[test]
    fn the_epoch_is_tested_after_each_chunk() {
        // A frame counts as 64 references.
        for (frames, references) in [(0, 10 * MARK_CHUNK), (10 * MARK_CHUNK / FRAME_CELLS, 0)] {
            let mut exceptions = Exceptions::new();
            let polls = std::cell::Cell::new(0);
            let poll = || {
                polls.set(polls.get() + 1);
                Ok(())
            };
            let mut heap = Heap::new();
            let mut marking = Marking::new(&mut exceptions, &mut heap, &poll);
            (0..frames).for_each(|_| marking.frame().expect("no interrupt"));
            (0..references).for_each(|_| marking.root(0).expect("no interrupt"));
            marking.complete(NO_REFS, &[], Work::default()).expect("no interrupt");
            assert_eq!(polls.get(), 10);
        }
    }

    #[test]
    fn live_exceptions_end_at_the_limit() {
        let mut exceptions = Exceptions::new();
        let mut made = 0u64;
        while exceptions.make(TagAddr::from_index(0), vec![0; 1000].into(), WEIGHT_MAX).is_ok() {
            made += 1;
        }
        assert_eq!(made, (WEIGHT_MAX / (1000 + WEIGHT_BASE)) as u64);
        collect(&mut exceptions, &[], NO_REFS);
        assert!(exceptions.make(TagAddr::from_index(0), Box::default(), WEIGHT_MAX).is_ok());
    }
}
