//! Exceptions that references name: a tag and values, kept as long as something may refer to them.
//!
//! An exception becomes an object only where a clause catches it *with* its reference. One that is
//! caught by its values alone never becomes one.
//!
//! # Reclamation
//! There is no general collector. When the objects pass a threshold, or leave no room for another,
//! before the next one is made what references refer to is marked (in frames, globals, tables,
//! element segments, other exceptions) and the rest is reused. So a loop that throws needs constant
//! memory. Which cells of a frame are references is said by the Wasm
//! ([`prova_module::ExceptionRoots`]), so that what is kept is the same in every tier. Not seen are
//! references that the host keeps outside of the store: they name nothing once their object is
//! gone, since an index carries the *generation* of its object.
//!
//! # Invariants
//! * X1. The cell of a reference is `(generation << 32 | index) + 1`; generations start at 1 and
//!   never come back.
//! * X2. `weight` is the sum of the weights of all objects, at most [`WEIGHT_MAX`] and, when one is
//!   made, what the store's budget leaves.
//!
//! # Cost
//! Marking looks at each reference, frame, object and value once. How much that is, is known before
//! ([`Work`]), and paid for in fuel by the throw that waits for it
//! ([`Search::pay`](crate::Search::pay)). It tests the epoch after each [`MARK_CHUNK`]; an
//! interrupted marking leaves everything alive. Dropping what is not marked tests it as often, and
//! an interrupt leaves some of what nothing refers to for the next time. The exceptions left, and
//! the cells looked at, put the next marking off ([`Exceptions::put_off`]), up to
//! [`THRESHOLD_FOR_ROOTS_MAX`]: below that a throw pays for a constant number of cells, however
//! large tables and stack are.

use crate::trap::TrapKind;
use crate::value::TagAddr;
use crate::vm::Cell;
use prova_module::forgetting_cost;

/// The weight, in cells, at which marking begins.
pub(crate) const THRESHOLD_MIN: usize = 1 << 16;

/// The greatest weight of all exceptions of a store, in cells (128 MiB): 8 for each, and its
/// values.
pub const WEIGHT_MAX: usize = 1 << 24;

/// The greatest weight that marking is put off to because of what it looks at: half of
/// [`WEIGHT_MAX`], so that what nothing refers to is gone before the limit is reached.
pub(crate) const THRESHOLD_FOR_ROOTS_MAX: usize = WEIGHT_MAX / 2;

/// How much a marking looks at between two tests of the epoch, in cells; a frame counts as
/// `FRAME_CELLS`.
pub const MARK_CHUNK: usize = 1 << 16;

/// The cells that a frame counts as, besides the references that it holds.
const FRAME_CELLS: usize = 64;

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

/// The size of the next marking.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// References outside of frames and exceptions.
    pub(crate) references: u64,
    /// The logical stack in use, in bytes: it bounds the frames and what they hold.
    pub(crate) stack_bytes: u64,
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

    /// The cost of a marking, in fuel.
    pub(crate) fn cost(&self, work: Work) -> u64 {
        let own = self.slots.len() as u64 + self.weight as u64;
        forgetting_cost(work.references + own, work.stack_bytes)
    }

    /// Drops the object of a slot unless it is marked, and the mark.
    fn sweep(&mut self, index: usize) {
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

    /// Sets the weight at which the next marking begins, once all slots were swept.
    fn put_off(&mut self, work: Work) {
        let looked_at = work.references + work.stack_bytes + self.slots.len() as u64;
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

/// A marking that is under way. One that is dropped before its end leaves everything alive that it
/// has not swept, and what it has swept is what nothing refers to.
pub(crate) struct Marking<'a> {
    exceptions: &'a mut Exceptions,
    /// Objects that are marked, whose own references are still to be looked at.
    pending: Vec<usize>,
    /// Tests the epoch.
    poll: &'a dyn Fn() -> Result<(), TrapKind>,
    cells_until_poll: usize,
    complete: bool,
}

impl<'a> Marking<'a> {
    pub(crate) fn new(
        exceptions: &'a mut Exceptions,
        poll: &'a dyn Fn() -> Result<(), TrapKind>,
    ) -> Marking<'a> {
        let (pending, cells_until_poll) = (Vec::new(), MARK_CHUNK);
        Marking { exceptions, pending, poll, cells_until_poll, complete: false }
    }

    /// A frame is looked up.
    pub(crate) fn frame(&mut self) -> Result<(), TrapKind> {
        self.look(FRAME_CELLS)
    }

    /// Marks what a cell refers to.
    #[inline]
    pub(crate) fn root(&mut self, cell: Cell) -> Result<(), TrapKind> {
        self.look(1)?;
        if let Some(index) = self.exceptions.index(cell)
            && !self.exceptions.slots[index].marked
        {
            self.exceptions.slots[index].marked = true;
            self.pending.push(index);
        }
        Ok(())
    }

    /// Marks what cells refer to.
    pub(crate) fn roots(&mut self, cells: &[Cell]) -> Result<(), TrapKind> {
        cells.iter().try_for_each(|&cell| self.root(cell))
    }

    /// Marks what exceptions refer to, and drops those that nothing does; `refs` says of each tag
    /// which cells of its values are references.
    pub(crate) fn complete(mut self, refs: &[Box<[u32]>], work: Work) -> Result<(), TrapKind> {
        while let Some(index) = self.pending.pop() {
            // An object is marked once, so its references are looked at once.
            let tag = self.exceptions.slots[index].object.as_ref().map(|object| object.tag);
            for &at in tag.iter().flat_map(|tag| refs[tag.index()].iter()) {
                let object = self.exceptions.slots[index].object.as_ref();
                let cell = object.map(|object| object.cells[at as usize]);
                self.root(cell.unwrap_or_default())?;
            }
        }
        for index in 0..self.exceptions.slots.len() {
            self.look(1)?;
            self.exceptions.sweep(index);
        }
        self.complete = true;
        self.exceptions.put_off(work);
        Ok(())
    }

    #[inline]
    fn look(&mut self, cells: usize) -> Result<(), TrapKind> {
        if self.cells_until_poll <= cells {
            self.cells_until_poll = MARK_CHUNK;
            return (self.poll)();
        }
        self.cells_until_poll -= cells;
        Ok(())
    }
}

impl Drop for Marking<'_> {
    fn drop(&mut self) {
        if !self.complete {
            self.exceptions.slots.iter_mut().for_each(|slot| slot.marked = false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of one tag, none of them references.
    const NO_REFS: &[Box<[u32]>] = &[];

    fn make(exceptions: &mut Exceptions, cells: &[Cell]) -> Cell {
        exceptions.make(TagAddr::from_index(0), cells.into(), WEIGHT_MAX).expect("there is room")
    }

    fn collect(exceptions: &mut Exceptions, roots: &[Cell], refs: &[Box<[u32]>]) {
        let mut marking = Marking::new(exceptions, &|| Ok(()));
        marking.roots(roots).expect("no interrupt");
        marking.complete(refs, Work::default()).expect("no interrupt");
    }

    /// A marking of nothing, which looks at so much.
    fn forget_all(exceptions: &mut Exceptions, work: Work) {
        let marking = Marking::new(exceptions, &|| Ok(()));
        marking.complete(NO_REFS, work).expect("no interrupt");
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
        let mut marking = Marking::new(&mut exceptions, &interrupt);
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
        let mut marking = Marking::new(&mut exceptions, &second);
        marking.roots(&held).expect("the first test of the epoch is a chunk away");
        assert_eq!(marking.complete(&[Box::default()], Work::default()), Err(TrapKind::Interrupt));
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
            let mut marking = Marking::new(&mut exceptions, &poll);
            (0..frames).for_each(|_| marking.frame().expect("no interrupt"));
            (0..references).for_each(|_| marking.root(0).expect("no interrupt"));
            marking.complete(NO_REFS, Work::default()).expect("no interrupt");
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
