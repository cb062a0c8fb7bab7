//! Tags and exceptions of a store (specification 4.2.10, 4.2.12).
//!
//! Neighbours: [`crate::exception`] keeps the objects; `exec::unwind` and the reference tier throw; `exec::roots` reads frames.

use super::{Store, holds_exceptions};
use crate::exec::exception_roots;
use crate::host::Exception;
use crate::instantiate::CreateError;
use crate::limits;
use crate::trap::TrapKind;
use crate::value::TagAddr;
use crate::vm::Cell;
use prova_module::{FuncType, TypeId, cells, cells_of, is_exnref};

/// Tags. Accessors panic if the store has no such tag.
impl Store {
    /// Adds a tag, different from all others.
    ///
    /// # Errors
    ///
    /// If a limit refuses it, or the type has results.
    pub fn tag_new(&mut self, ty: &FuncType) -> Result<TagAddr, CreateError> {
        if !ty.results.is_empty() {
            return Err(CreateError::Misuse("a tag whose type has results"));
        }
        limits::check("tags_max", self.limits().tags_max, self.tags.len() as u64 + 1)?;
        let id = self.types.intern(ty);
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
    /// Makes an exception and gives a reference to it, for as long as something refers to it: a frame (`docs/semantics.md`
    /// says which of its cells), a global, a table, an element segment, or another exception.
    ///
    /// Where there are many exceptions, those to which nothing refers go before. `holds` are references that the caller's own
    /// frames hold besides those of bytecode: an executor from outside gives those of its activation.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TooManyExceptions`]; [`TrapKind::Misuse`] for cells that are no values of the tag's type in this store (V10:
    /// a clause gives them to code that believes them).
    pub fn exception_new(
        &mut self,
        tag: TagAddr,
        cells: &[Cell],
        holds: &[Cell],
    ) -> Result<Cell, TrapKind> {
        if !self.fit_tag(tag, cells) {
            return Err(TrapKind::Misuse);
        }
        self.make_exception(tag, cells.into(), holds, false)
    }

    /// The same for the `throw` that running bytecode is at.
    pub(crate) fn exception_of_bytecode(
        &mut self,
        tag: TagAddr,
        cells: Box<[Cell]>,
    ) -> Result<Cell, TrapKind> {
        self.make_exception(tag, cells, &[], true)
    }

    fn make_exception(
        &mut self,
        tag: TagAddr,
        cells: Box<[Cell]>,
        holds: &[Cell],
        running: bool,
    ) -> Result<Cell, TrapKind> {
        if self.exceptions.is_full() {
            let mut roots = exception_roots(self, running);
            roots.extend(holds);
            roots.extend(&self.held);
            roots.extend(self.tag_roots[tag.index()].iter().map(|&at| cells[at as usize]));
            self.forget_exceptions(roots);
        }
        self.exceptions.make(tag, cells)
    }

    /// Whether an exception of the host is one of this store (V10).
    pub(crate) fn is_exception(&self, exception: &Exception) -> bool {
        exception.tag.index() < self.tags.len() && self.fit_tag(exception.tag, &exception.cells)
    }

    fn fit_tag(&self, tag: TagAddr, cells: &[Cell]) -> bool {
        cells.len() == self.tag_cells(tag) && self.cells_fit(&self.tag_type(tag).params, cells)
    }

    /// The tag and values of the exception that a cell refers to; `None` for null and for a reference to an exception
    /// that is gone.
    pub fn exception(&self, cell: Cell) -> Option<(TagAddr, &[Cell])> {
        self.exceptions.get(cell)
    }

    /// Whether there are so many exceptions that those to which nothing refers go before the next is made.
    pub fn exceptions_full(&self) -> bool {
        self.exceptions.is_full()
    }

    /// The cells that the store's exceptions take together, of those that may be: 8 each and their values.
    pub fn exception_cells(&self) -> usize {
        self.exceptions.weight()
    }

    /// Forgets the exceptions to which nothing refers: neither `frames`, nor globals, tables, element segments and other
    /// exceptions.
    fn forget_exceptions(&mut self, frames: Vec<Cell>) {
        let globals = self.exception_globals.iter();
        let globals = globals.map(|global| self.global_vms[global.index()].cells[0]);
        let tables = self.exception_tables.iter();
        let tables = tables.flat_map(|table| self.tables[table.index()].elements().iter().copied());
        let elems = self.instances.iter().filter(|instance| instance.has_exception_elems());
        let elems = elems.flat_map(|instance| {
            let module = instance.module();
            let exceptions = move |i: usize| holds_exceptions(module.elements()[i].ref_type());
            instance
                .elems()
                .filter(move |&(i, _)| exceptions(i))
                .flat_map(|(_, values)| values.iter().copied())
        });
        let roots = frames.into_iter().chain(globals).chain(tables).chain(elems);
        self.exceptions.collect(roots, &self.tag_roots);
    }
}

/// The cells of a tag's values that are references to exceptions.
fn tag_roots(ty: &FuncType) -> Box<[u32]> {
    let mut at = 0;
    let mut roots = Vec::new();
    for &ty in &ty.params {
        if is_exnref(ty) {
            roots.push(at);
        }
        at += cells(ty);
    }
    roots.into()
}
