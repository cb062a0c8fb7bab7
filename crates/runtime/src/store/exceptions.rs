//! Tags and exceptions of a store (specification 4.2.10, 4.2.12), and what is collected with them.

use super::Store;
use crate::collect::{Marking, Work};
use crate::exception::Exceptions;
use crate::exec::{Running, mark_frames};
use crate::heap::Heap;
use crate::host::Exception;
use crate::instantiate::CreateError;
use crate::limits;
use crate::ops::is_traced;
use crate::trap::TrapKind;
use crate::value::{NULL_REF, TagAddr};
use crate::vm::Cell;
use prova_module::{FuncType, TypeId, ValType, cells, cells_of};

/// Tags. Accessors panic if the store has no such tag.
impl Store {
    /// Adds a tag, different from all others.
    ///
    /// # Errors
    ///
    /// If a limit refuses it, or the type has results.
    pub fn tag_new(&mut self, ty: &FuncType) -> Result<TagAddr, CreateError> {
        let id = self.types.intern(ty);
        self.tag_of_type(id)
    }

    /// The same of a type that the store knows.
    ///
    /// # Errors
    ///
    /// As [`Store::tag_new`].
    ///
    /// # Panics
    ///
    /// If there is no such type.
    pub fn tag_of_type(&mut self, id: TypeId) -> Result<TagAddr, CreateError> {
        if !self.types.get(id).results.is_empty() {
            return Err(CreateError::Misuse("a tag whose type has results"));
        }
        limits::check("tags_max", self.limits().tags_max, self.tags.len() as u64 + 1)?;
        Ok(self.push_tag(id))
    }

    pub(crate) fn push_tag(&mut self, ty: TypeId) -> TagAddr {
        self.tag_roots.push(tag_roots(self.types.get(ty)));
        self.tags.push(ty);
        TagAddr((self.tags.len() - 1) as u32)
    }

    /// The type of a tag; its parameters are the values of its exceptions.
    pub fn tag_type(&self, tag: TagAddr) -> &FuncType {
        self.types.get(self.tags[tag.index()])
    }

    /// The identity of a tag's type.
    pub fn tag_type_id(&self, tag: TagAddr) -> TypeId {
        self.tags[tag.index()]
    }

    /// How many cells the values of a tag's exceptions have.
    pub fn tag_cells(&self, tag: TagAddr) -> usize {
        cells_of(&self.tag_type(tag).params) as usize
    }
}

/// Exceptions.
impl Store {
    /// Makes an exception and gives a reference to it, for as long as something refers to it: a
    /// frame (`docs/semantics.md` says which of its cells), a global, a table, an element segment,
    /// or another exception.
    ///
    /// Where there are many exceptions, those to which nothing refers go before: for the host,
    /// which pays nothing for it and is not interrupted.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TooManyExceptions`]; [`TrapKind::Misuse`] for cells that are no values of the
    /// tag's type in this store (V10: a clause gives them to code that believes them).
    pub fn exception_new(&mut self, tag: TagAddr, cells: &[Cell]) -> Result<Cell, TrapKind> {
        if !self.fit_tag(tag, cells) {
            return Err(TrapKind::Misuse);
        }
        self.make_exception(tag, cells.into(), Maker::Host)
    }

    /// The same for a throw in an executor from outside, which has paid for it
    /// ([`Search::pay`](crate::Search::pay)). `holds` are the references that its activation's
    /// frames hold.
    ///
    /// # Errors
    ///
    /// As [`Store::exception_new`], and [`TrapKind::Interrupt`].
    pub fn exception_of_external(
        &mut self,
        tag: TagAddr,
        cells: &[Cell],
        holds: &[Cell],
    ) -> Result<Cell, TrapKind> {
        if !self.fit_tag(tag, cells) {
            return Err(TrapKind::Misuse);
        }
        self.make_exception(tag, cells.into(), Maker::External(holds))
    }

    /// The same for a throw in code, where so much of the stack is left.
    pub(crate) fn exception_of_code(
        &mut self,
        tag: TagAddr,
        cells: Box<[Cell]>,
        (running, height_left): (Running, u64),
    ) -> Result<Cell, TrapKind> {
        self.make_exception(tag, cells, Maker::Code { running, height_left })
    }

    fn make_exception(
        &mut self,
        tag: TagAddr,
        cells: Box<[Cell]>,
        maker: Maker<'_>,
    ) -> Result<Cell, TrapKind> {
        // Asking (`hooks`).
        if self.is_asking() {
            return Err(TrapKind::Misuse);
        }
        if self.collects_for_exception() {
            self.collect_now(Some((tag, &cells)), &[], maker)?;
        }
        self.exceptions.make(tag, cells, self.exception_room())
    }

    /// Collects now: the exceptions and objects go to which nothing refers. For the host, which
    /// pays nothing for it and is not interrupted.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Misuse`] by what is asked when an epoch is due, and while a call is suspended
    /// that no host function suspended.
    pub fn collect(&mut self) -> Result<(), TrapKind> {
        // Asking (`hooks`).
        if self.is_asking() || self.has_stopped_code() {
            return Err(TrapKind::Misuse);
        }
        self.collect_now(None, &[], Maker::Host)
    }

    /// The same where the host is about to make an object of these values; not while code is
    /// stopped, which the caller has seen.
    pub(crate) fn collect_for_host(&mut self, holds: &[Cell]) -> Result<(), TrapKind> {
        self.collect_now(None, holds, Maker::Host)
    }

    /// Has the store collect after every `n`-th object, besides when it is time for that; 0: no
    /// more. For tests: what a program computes does not depend on it, what it pays does.
    pub fn collect_every(&mut self, n: u64) {
        self.heap.collect_every(n);
    }

    /// How many objects there are, with those that nothing refers to any more.
    pub fn object_count(&self) -> u64 {
        self.heap.objects()
    }

    /// Collects for an executor from outside, which pays for it: it was refused an object
    /// ([`Refused::Collect`](crate::Refused)). `holds` are the references that its activation's
    /// frames hold, the operands of the operator among them.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`], before anything has happened; [`TrapKind::Interrupt`].
    pub fn collect_for_external(&mut self, holds: &[Cell]) -> Result<(), TrapKind> {
        self.charge(self.collection_work(self.height_left()).cost(&self.exceptions, &self.heap))?;
        self.collect_now(None, holds, Maker::External(holds))
    }

    /// The same for code that was refused an object; `operands` are followed, too.
    pub(crate) fn collect_for_code(
        &mut self,
        running: Running,
        operands: &[Cell],
    ) -> Result<(), TrapKind> {
        let height_left = self.height_left();
        self.charge(self.collection_work(height_left).cost(&self.exceptions, &self.heap))?;
        let maker = Maker::Code { running, height_left };
        self.collect_now(None, operands, maker)
    }

    fn collect_now(
        &mut self,
        thrown: Option<(TagAddr, &[Cell])>,
        operands: &[Cell],
        maker: Maker<'_>,
    ) -> Result<(), TrapKind> {
        self.roots.get_mut().drop_unowned();
        let mut exceptions = std::mem::replace(&mut self.exceptions, Exceptions::new());
        let mut heap = std::mem::replace(&mut self.heap, Heap::new());
        let outcome = self.mark_and_drop(&mut exceptions, &mut heap, (thrown, operands), maker);
        (self.exceptions, self.heap) = (exceptions, heap);
        outcome
    }

    /// The fuel that the next exception costs because the store collects before: 0 where it does
    /// not. `height_left` is the stack limit left at the throw, in bytes.
    pub(crate) fn forgetting_cost(&self, height_left: u64) -> u64 {
        if !self.collects_for_exception() {
            return 0;
        }
        self.collection_work(height_left).cost(&self.exceptions, &self.heap)
    }

    /// Whether a suspended call stopped between calls, so that all is kept (*kept* of
    /// `exec::suspend`).
    fn has_stopped_code(&self) -> bool {
        self.suspended.iter().any(|call| call.between_calls)
    }

    /// Whether the store collects before the next exception is made.
    fn collects_for_exception(&self) -> bool {
        self.exceptions_full() && !self.has_stopped_code()
    }

    /// Whether the store collects before an object of `bytes` bytes is made.
    pub(crate) fn collects_for(&self, bytes: u64) -> bool {
        self.heap.is_full(bytes, self.heap_room()) && !self.has_stopped_code()
    }

    fn collection_work(&self, height_left: u64) -> Work {
        let tables = self.traced_tables.iter().map(|table| self.tables[table.index()].size());
        let elems = self.traced_elems.iter();
        let elems = elems.map(|&(at, elem)| 1 + self.instances[at.index()].elem(elem).len() as u64);
        let globals = (self.traced_globals.len() + self.roots.borrow().len()) as u64;
        let references = globals + tables.sum::<u64>() + elems.sum::<u64>();
        Work { references, stack_bytes: self.config.stack_bytes.saturating_sub(height_left) }
    }

    /// Drops the exceptions and objects to which nothing refers: neither frames, nor globals,
    /// tables, element segments, other exceptions and objects, the values that are thrown, and the
    /// operands. An interrupt leaves them all, or some.
    fn mark_and_drop(
        &self,
        exceptions: &mut Exceptions,
        heap: &mut Heap,
        (thrown, operands): (Option<(TagAddr, &[Cell])>, &[Cell]),
        maker: Maker<'_>,
    ) -> Result<(), TrapKind> {
        let (running, height_left) = match maker {
            Maker::Code { running, height_left } => (running, height_left),
            Maker::Host | Maker::External(_) => (Running::Host, self.height_left()),
        };
        let work = self.collection_work(height_left);
        let poll = || if matches!(maker, Maker::Host) { Ok(()) } else { self.poll() };
        let mut marking = Marking::new(exceptions, heap, &poll);
        mark_frames(self, running, &mut marking)?;
        if let Maker::External(holds) = maker {
            marking.roots(holds)?;
        }
        marking.roots(operands)?;
        marking.roots(&self.held)?;
        self.roots.borrow().cells().try_for_each(|cell| marking.root(cell))?;
        if let Some((tag, values)) = thrown {
            for &at in &self.tag_roots[tag.index()] {
                marking.root(values[at as usize])?;
            }
        }
        for global in &self.traced_globals {
            marking.root(self.global_vms[global.index()].cells[0])?;
        }
        for table in &self.traced_tables {
            marking.roots(self.tables[table.index()].elements())?;
        }
        for &(at, elem) in &self.traced_elems {
            marking.root(NULL_REF)?;
            marking.roots(self.instances[at.index()].elem(elem))?;
        }
        marking.complete(&self.tag_roots, &self.layouts, work)
    }

    /// Whether an exception of the host is one of this store (V10).
    pub(crate) fn is_exception(&self, exception: &Exception) -> bool {
        exception.tag.index() < self.tags.len() && self.fit_tag(exception.tag, &exception.cells)
    }

    fn fit_tag(&self, tag: TagAddr, cells: &[Cell]) -> bool {
        cells.len() == self.tag_cells(tag) && self.cells_fit(&self.tag_type(tag).params, cells)
    }

    /// The tag and values of the exception that a cell refers to; `None` for null and for a
    /// reference to an exception that is gone.
    pub fn exception(&self, cell: Cell) -> Option<(TagAddr, &[Cell])> {
        self.exceptions.get(cell)
    }

    /// Holds references of an executor from outside until [`Store::release`], at the latest until
    /// its call ends; gives how many are held.
    pub fn hold(&mut self, cells: &[Cell]) -> usize {
        self.held.extend_from_slice(cells);
        self.held.len()
    }

    /// How many references are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Holds no more than the first `count` references.
    pub fn release(&mut self, count: usize) {
        self.held.truncate(count);
    }

    /// Whether the store is so full of exceptions that unreferenced ones are dropped before the
    /// next is made.
    pub fn exceptions_full(&self) -> bool {
        self.exceptions.is_full(self.exception_room())
    }

    /// Whether the store has exceptions or objects.
    pub fn has_traced(&self) -> bool {
        self.exception_cells() > 0 || self.heap.objects() > 0
    }

    /// The cells that the store's exceptions take together, of those that may be: 8 each and their
    /// values.
    pub fn exception_cells(&self) -> usize {
        self.exceptions.weight()
    }
}

/// Who makes an exception.
#[derive(Clone, Copy)]
enum Maker<'a> {
    /// The host: outside of all code, or in a call.
    Host,
    /// A throw in code, or of a host function that code calls, whose charge does not count.
    Code { running: Running, height_left: u64 },
    /// An executor from outside, whose frames hold these references.
    External(&'a [Cell]),
}

/// The cells of a tag's values that are followed.
fn tag_roots(ty: &FuncType) -> Box<[u32]> {
    let mut at = 0;
    let mut roots = Vec::new();
    for &ty in &ty.params {
        if matches!(ty, ValType::Ref(ty) if is_traced(ty)) {
            roots.push(at);
        }
        at += cells(ty);
    }
    roots.into()
}
