//! The second half of an instantiation: objects of constant expressions, start values of tables,
//! element and data segments, in the specification's order.
//!
//! Data that `image` maps is not written here.

use crate::image::MemoryImage;
use crate::ops::{CHUNK_BYTES, CHUNK_ELEMENTS};
use crate::store::Store;
use crate::trap::{Trap, TrapKind};
use crate::value::InstanceAddr;
use crate::vm::Cell;
use prova_module::{DataIdx, DataMode, ElemIdx, ElementKind, Module, TableIdx};

impl Store {
    /// Start values of tables, then segments in order.
    pub(super) fn initialise(
        &mut self,
        module: &Module,
        instance: InstanceAddr,
        images: &[Option<&MemoryImage>],
    ) -> Result<(), Trap> {
        let mut pace = Pace::default();
        self.start_objects(module, instance, &mut pace)?;
        self.start_tables(module, instance, &mut pace)?;
        for (index, element) in module.elements().iter().enumerate() {
            let elem = ElemIdx(index as u32);
            match &element.kind {
                ElementKind::Active { table, offset } => {
                    let at = self.evaluate(instance, offset);
                    let table = self.instance(instance).table_addr(*table);
                    let n = element.len() as u64;
                    pace.go_on(self, element.len() * size_of::<Cell>())?;
                    self.table_init_unmetered(instance, table, elem, at, 0, n)?;
                    self.elem_drop(instance, elem);
                }
                ElementKind::Declared => self.elem_drop(instance, elem),
                ElementKind::Passive => {}
            }
        }
        self.write_data(module, instance, images, &mut pace)
    }

    /// Writes the active data segments in order. Those of a memory with an image come with it, at
    /// its first segment: they are tested against the epoch as if they were written one by one.
    fn write_data(
        &mut self,
        module: &Module,
        instance: InstanceAddr,
        images: &[Option<&MemoryImage>],
        pace: &mut Pace,
    ) -> Result<(), Trap> {
        // By memory, whether its image is there; `None` before its first segment.
        let mut mapped: Vec<Option<bool>> = vec![None; images.len()];
        for (index, segment) in module.data().iter().enumerate() {
            let DataMode::Active { memory, offset } = &segment.mode else { continue };
            let index = DataIdx(index as u32);
            pace.go_on(self, segment.range.len())?;
            let address = self.instance(instance).memory_addr(*memory);
            let is_mapped = images.get(memory.index()).copied().flatten().is_some_and(|image| {
                let map = || image.map(&mut self.memories[address.index()]);
                *mapped[memory.index()].get_or_insert_with(map)
            });
            if is_mapped {
                self.poll_chunks(segment.range.len())?;
            } else {
                let (at, n) = (self.evaluate(instance, offset), segment.range.len() as u64);
                self.memory_init_unmetered(instance, address, index, at, 0, n)?;
            }
            self.data_drop(instance, index);
        }
        Ok(())
    }

    /// Gives the elements of the tables that a module defines their start values where those are
    /// not null.
    fn start_tables(
        &mut self,
        module: &Module,
        instance: InstanceAddr,
        pace: &mut Pace,
    ) -> Result<(), Trap> {
        for index in module.imported_table_count()..module.tables().len() {
            let index = TableIdx(index as u32);
            let Some(init) = module.table_init(index) else { continue };
            let start = self.constant(instance, init, pace)?[0];
            let table = self.instance(instance).table_addr(index);
            let len = self.table(table).elements().len();
            for first in (0..len).step_by(CHUNK_ELEMENTS) {
                let end = len.min(first + CHUNK_ELEMENTS);
                if let Err(kind) = pace.go_on(self, (end - first) * size_of::<Cell>()) {
                    self.truncate_tables(module, instance, (index, first));
                    return Err(kind.into());
                }
                self.tables[table.index()].elements_mut()[first..end].fill(start);
            }
        }
        Ok(())
    }

    /// Takes back the elements that have no start value: those of the table `at` from there on, and
    /// those of later tables.
    fn truncate_tables(
        &mut self,
        module: &Module,
        instance: InstanceAddr,
        (at, mut size): (TableIdx, usize),
    ) {
        for index in at.index()..module.tables().len() {
            let index = TableIdx(index as u32);
            if module.table_init(index).is_some() {
                let table = self.instance(instance).table_addr(index);
                self.truncate_table(table, std::mem::take(&mut size));
            }
        }
    }
}

/// How much an instantiation has written since the epoch was tested.
///
/// Small modules are done before the first test: what they write is as much as their bytes.
#[derive(Default)]
pub(super) struct Pace {
    bytes: usize,
}

impl Pace {
    /// Counts a piece of `bytes` bytes that is written next, and polls when a chunk is full.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Interrupt`].
    pub(super) fn go_on(&mut self, store: &Store, bytes: usize) -> Result<(), TrapKind> {
        /// The cost of a piece in addition to its bytes.
        const PIECE_BYTES: usize = 64;
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(PIECE_BYTES);
        if self.bytes > CHUNK_BYTES {
            self.bytes = 0;
            store.poll()?;
        }
        Ok(())
    }
}
