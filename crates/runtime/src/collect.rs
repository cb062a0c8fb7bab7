//! Collection: what nothing refers to, of a store's exceptions and objects, goes.
//!
//! Before an exception or object is made, when those that were made since the last collection pass
//! a threshold or leave no room for another, what references refer to is marked (in frames,
//! globals, tables, element segments, exceptions, objects) and the rest is dropped. Nothing moves.
//! Which cells of a frame are references is said by the Wasm ([`prova_module::ExceptionRoots`]),
//! and which parts of an object by its type, so that what is kept is the same in every tier, and a
//! collection comes at the same operator.
//!
//! # Invariants
//! * CT1. Nothing is followed recursively: what is marked and not yet looked into stands in a list,
//!   which the budget of the store counts (`heap`).
//! * CT2. A cell that is followed may be any number. It is looked up, and marks at most something
//!   that is there: a wrong root keeps too much.
//! * CT3. Cells of exceptions are 2^32 or more ([`crate::exception`], X1), those of objects less
//!   (AG1 of `ops::aggregate`). So a cell need not say which of both it is.
//!
//! # Cost
//! Marking looks at each reference, frame, exception, object and value once. How much that is, is
//! known before ([`Work`]), and paid for in fuel by who waits for it. It tests the epoch after each
//! [`MARK_CHUNK`]; an interrupted marking leaves everything alive. Dropping what is not marked
//! tests it as often, and an interrupt leaves some of what nothing refers to for the next time.
//! What is left, and the cells looked at, put the next collection off: below that an allocation
//! pays for a constant number of cells, however large tables and stack are.

use crate::exception::Exceptions;
use crate::heap::Heap;
use crate::ops::AnyKind;
use crate::trap::TrapKind;
use crate::vm::Cell;
use prova_module::{ObjectLayout, Storage, forgetting_cost, objects::HEADER_BYTES};
use std::sync::Arc;

/// How much a marking looks at between two tests of the epoch, in cells; a frame counts as
/// `FRAME_CELLS`.
pub const MARK_CHUNK: usize = 1 << 16;

/// The cells that a frame counts as, besides the references that it holds.
pub(crate) const FRAME_CELLS: usize = 64;

/// The cells that an object counts as, besides its bytes: it is looked up, marked, listed, and
/// none of that is near by.
const OBJECT_CELLS: usize = 32;

/// The cells that dropping the objects of one page of the heap counts as.
const PAGE_CELLS: usize = 1 << 10;

/// The layouts of types by identity, of those that have one.
pub(crate) type Layouts = [Option<Arc<ObjectLayout>>];

/// The size of the next collection, as far as it lies outside of exceptions and objects.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// References outside of frames, exceptions and objects.
    pub(crate) references: u64,
    /// The logical stack in use, in bytes: it bounds the frames and what they hold.
    pub(crate) stack_bytes: u64,
}

impl Work {
    /// The cost of a collection, in fuel.
    pub(crate) fn cost(self, exceptions: &Exceptions, heap: &Heap) -> u64 {
        let objects = heap.objects() * OBJECT_CELLS as u64 + heap.live_bytes() / 8;
        let pages = heap.pages() as u64 * PAGE_CELLS as u64;
        let own = exceptions.own_cells() + objects + pages;
        forgetting_cost(self.references + own, self.stack_bytes)
    }
}

/// A collection that is under way. One that is dropped before its end leaves everything alive that
/// it has not dropped, and what it has dropped is what nothing refers to.
pub(crate) struct Marking<'a> {
    exceptions: &'a mut Exceptions,
    heap: &'a mut Heap,
    /// Exceptions that are marked, whose own references are still to be looked at; objects stand in
    /// the heap's list.
    pending: Vec<usize>,
    /// Tests the epoch.
    poll: &'a dyn Fn() -> Result<(), TrapKind>,
    cells_until_poll: usize,
    complete: bool,
}

impl<'a> Marking<'a> {
    pub(crate) fn new(
        exceptions: &'a mut Exceptions,
        heap: &'a mut Heap,
        poll: &'a dyn Fn() -> Result<(), TrapKind>,
    ) -> Marking<'a> {
        heap.take_all_back();
        heap.clear_marks();
        let (pending, cells_until_poll) = (Vec::new(), MARK_CHUNK);
        Marking { exceptions, heap, pending, poll, cells_until_poll, complete: false }
    }

    /// A frame is looked up.
    pub(crate) fn frame(&mut self) -> Result<(), TrapKind> {
        self.look(FRAME_CELLS)
    }

    /// Marks what a cell refers to (CT2, CT3).
    #[inline]
    pub(crate) fn root(&mut self, cell: Cell) -> Result<(), TrapKind> {
        self.look(1)?;
        if cell > u32::MAX.into() {
            self.pending.extend(self.exceptions.mark(cell));
        } else if let Some(AnyKind::Object(_)) = AnyKind::of(cell)
            && let Some(object) = self.heap.object(cell)
            && self.heap.mark(object)
        {
            self.look(OBJECT_CELLS)?;
            self.heap.push(object);
        }
        Ok(())
    }

    /// Marks what cells refer to.
    pub(crate) fn roots(&mut self, cells: &[Cell]) -> Result<(), TrapKind> {
        cells.iter().try_for_each(|&cell| self.root(cell))
    }

    /// Marks the objects that stay for ever.
    fn pinned(&mut self) -> Result<(), TrapKind> {
        let mut last = None;
        while let Some(object) = self.heap.pinned_after(last) {
            self.root(object.into())?;
            last = Some(object);
        }
        Ok(())
    }

    /// Marks what exceptions and objects refer to, and drops those that nothing does; `refs` says
    /// of each tag which cells of its values are followed.
    pub(crate) fn complete(
        mut self,
        refs: &[Box<[u32]>],
        layouts: &Layouts,
        work: Work,
    ) -> Result<(), TrapKind> {
        self.pinned()?;
        loop {
            if let Some(index) = self.pending.pop() {
                self.exception(index, refs)?;
            } else if let Some(object) = self.heap.pop() {
                self.object(object, layouts)?;
            } else {
                break;
            }
        }
        for index in 0..self.exceptions.slots() {
            self.look(1)?;
            self.exceptions.sweep(index);
        }
        for page in 0..self.heap.pages() {
            self.look(PAGE_CELLS)?;
            self.heap.sweep_page(page);
        }
        self.complete = true;
        self.heap.finish_sweep();
        let looked_at = work.references.saturating_add(work.stack_bytes);
        self.exceptions.put_off(looked_at);
        self.heap.put_off(looked_at);
        Ok(())
    }

    /// Marks what an exception refers to: it is marked once, so its references are looked at once.
    fn exception(&mut self, index: usize, refs: &[Box<[u32]>]) -> Result<(), TrapKind> {
        let tag = self.exceptions.in_slot(index).map(|(tag, _)| tag);
        for &at in tag.iter().flat_map(|tag| refs[tag.index()].iter()) {
            let cell = self.exceptions.in_slot(index).map(|(_, cells)| cells[at as usize]);
            self.root(cell.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Marks what an object refers to.
    fn object(&mut self, object: u32, layouts: &Layouts) -> Result<(), TrapKind> {
        let header = self.heap.read_u64(object.into()).unwrap_or_default();
        let layout = layouts.get(header as u32 as usize).and_then(Option::as_ref);
        match layout.map(|layout| &**layout) {
            Some(ObjectLayout::Struct { fields, .. }) => {
                let traced = fields.iter().filter(|field| field.storage.is_traced());
                for field in traced {
                    self.follow(u64::from(object) + u64::from(field.at), field.storage)?;
                }
                Ok(())
            }
            Some(ObjectLayout::Array(storage)) if storage.is_traced() => {
                let first = u64::from(object) + u64::from(HEADER_BYTES);
                // Code may have written another length.
                let there = self.heap.bytes_behind(object) / u64::from(storage.bytes());
                for at in 0..(header >> 32).min(there) {
                    self.follow(first + at * u64::from(storage.bytes()), *storage)?;
                }
                Ok(())
            }
            Some(ObjectLayout::Array(_)) | None => Ok(()),
        }
    }

    fn follow(&mut self, at: u64, storage: Storage) -> Result<(), TrapKind> {
        let cell = match storage.bytes() {
            4 => self.heap.read_u32(at).map(Cell::from),
            _ => self.heap.read_u64(at),
        };
        self.root(cell.unwrap_or_default())
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
            self.exceptions.unmark();
            self.heap.clear_marks();
            self.heap.finish_sweep();
        }
    }
}
