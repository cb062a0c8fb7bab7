//! Tags and exceptions of a store (specification 4.2.10, 4.2.12).
//!
//! Neighbours: [`crate::exception`] keeps the objects; `exec::unwind` and the reference tier throw.

use super::{Store, holds_exceptions};
use crate::instantiate::CreateError;
use crate::limits;
use crate::trap::TrapKind;
use crate::value::TagAddr;
use crate::vm::Cell;
use prova_module::{FuncType, TypeId, cells_of};

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
    /// Makes an exception and gives a reference to it, for as long as something that
    /// [`Store::collect_exceptions`] looks at refers to it.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TooManyExceptions`]; [`TrapKind::Misuse`] for cells that are no values of the tag's type in this store (V10:
    /// a clause gives them to code that believes them).
    pub fn exception_new(&mut self, tag: TagAddr, cells: &[Cell]) -> Result<Cell, TrapKind> {
        if cells.len() != self.tag_cells(tag) || !self.cells_fit(&self.tag_type(tag).params, cells)
        {
            return Err(TrapKind::Misuse);
        }
        self.exceptions.make(tag, cells.into())
    }

    /// The tag and values of the exception that a cell refers to; `None` for null and for a reference to an exception
    /// that is gone.
    pub fn exception(&self, cell: Cell) -> Option<(TagAddr, &[Cell])> {
        self.exceptions.get(cell)
    }

    /// Whether there are so many exceptions that the ones nobody refers to should go before the next is made.
    pub fn exceptions_full(&self) -> bool {
        self.exceptions.is_full()
    }

    /// Whether one call from the host is active and no other around it.
    pub fn is_outermost(&self) -> bool {
        self.host_depth() == 1
    }

    /// Forgets the exceptions to which no cell refers of `stack`, nor of globals, tables, element segments and other exceptions.
    ///
    /// `stack` has to be all cells of running code: what it leaves out names nothing afterwards.
    pub fn collect_exceptions(&mut self, stack: impl Iterator<Item = Cell>) {
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
        self.exceptions.collect(stack.chain(globals).chain(tables).chain(elems));
    }
}
