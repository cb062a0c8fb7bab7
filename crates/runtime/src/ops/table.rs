//! Operations on tables (specification 4.6.8): elements, growth, fill, copy, element segments,
//! indirect callees.
//!
//! [`super`] defines the order of check, charge and effect, and has the tests. A cell gets into a
//! table only if it is a reference of the table's type (T2).

use super::{CHUNK_ELEMENTS, Order, part, range};
use crate::instance::Instance;
use crate::store::{Growing, Growth, GrowthFailure, Store};
use crate::trap::TrapKind;
use crate::value::{FuncAddr, InstanceAddr, NULL_REF, TableAddr};
use crate::vm::Cell;
use prova_module::{ElemIdx, ElementItems, RefType, TypeId, TypeIdx, ref_to_type, table_cost};
use std::ops::Range;

/// A reference type of an instance's module, as far as it decides what matches.
fn resolved(instance: &Instance, ty: RefType) -> RefType {
    let index = ty.type_index().and_then(|index| index.as_module_index());
    let id = index.map(|index| instance.type_id(TypeIdx(index)));
    id.and_then(|id| ref_to_type(ty.is_nullable(), id)).unwrap_or(ty)
}

/// Tables.
impl Store {
    /// `table.get`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`].
    pub fn table_get(&self, table: TableAddr, i: u64) -> Result<Cell, TrapKind> {
        let elements = self.table(table).elements();
        let i = usize::try_from(i).map_err(|_| TrapKind::TableOutOfBounds)?;
        elements.get(i).copied().ok_or(TrapKind::TableOutOfBounds)
    }

    /// `table.set`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`]; [`TrapKind::Misuse`] for a cell that is no reference of this
    /// store.
    pub fn table_set(&mut self, table: TableAddr, i: u64, value: Cell) -> Result<(), TrapKind> {
        self.check_element(table, value)?;
        let elements = self.tables[table.index()].elements_mut();
        let i = usize::try_from(i).map_err(|_| TrapKind::TableOutOfBounds)?;
        *elements.get_mut(i).ok_or(TrapKind::TableOutOfBounds)? = value;
        Ok(())
    }

    /// `table.size`.
    pub fn table_size(&self, table: TableAddr) -> u64 {
        self.table(table).size()
    }

    /// Adds `delta` elements, gives the size before; `None` if the table cannot grow so far.
    /// Charges nothing.
    ///
    /// # Errors
    ///
    /// [`TrapKind::Misuse`] for a cell that is no reference of this store.
    pub fn table_grow(
        &mut self,
        table: TableAddr,
        delta: u64,
        init: Cell,
    ) -> Result<Option<u64>, TrapKind> {
        self.check_element(table, init)?;
        Ok(self.grow_table(table, delta, init))
    }

    /// The same, and the [`GrowthHook`](crate::GrowthHook) is asked before; the
    /// [`GrowthFailedHook`](crate::GrowthFailedHook) learns of growth that fails otherwise.
    ///
    /// # Errors
    ///
    /// Those of [`Store::table_grow`]; [`TrapKind::Host`] if one of them stops the program.
    pub fn table_grow_asking(
        &mut self,
        table: TableAddr,
        delta: u64,
        init: Cell,
    ) -> Result<Option<u64>, TrapKind> {
        self.check_element(table, init)?;
        if !self.may_grow_table(table, delta) {
            self.table_cannot_grow(table, delta)?;
            return Ok(None);
        }
        if !self.table_may_grow(table, delta)? {
            return Ok(None);
        }
        let grown = self.grow_table(table, delta, init);
        if grown.is_none() {
            self.tell_failed(Growing::Table, delta, GrowthFailure::System)?;
        }
        Ok(grown)
    }

    /// Tells of growth that type or limits forbid.
    fn table_cannot_grow(&mut self, table: TableAddr, delta: u64) -> Result<(), TrapKind> {
        let why = match self.table(table).exceeds_type(delta) {
            true => GrowthFailure::Maximum,
            false => GrowthFailure::Limit,
        };
        self.tell_failed(Growing::Table, delta, why)
    }

    /// Asks the hook about growth that the limits allow.
    fn table_may_grow(&mut self, table: TableAddr, delta: u64) -> Result<bool, TrapKind> {
        let (maximum, current) = (self.table(table).ty().max, self.table(table).size());
        let desired = current.saturating_add(delta);
        self.may_grow(Growth { of: Growing::Table, current, desired, maximum })
    }

    /// `table.grow`: the size before, or −1 in the table's index type. Growth that type and limits
    /// allow is charged.
    ///
    /// # Errors
    ///
    /// [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`]; [`TrapKind::GrowthFailed`] in place of −1
    /// where the store's configuration asks for it; [`TrapKind::Host`] if a hook stops the program.
    pub fn table_grow_cell(
        &mut self,
        table: TableAddr,
        init: Cell,
        delta: Cell,
    ) -> Result<Cell, TrapKind> {
        let table64 = self.table(table).ty().table64;
        if !self.may_grow_table(table, delta) {
            self.table_cannot_grow(table, delta)?;
            return self.growth_failed(table64);
        }
        if !self.table_may_grow(table, delta)? {
            return self.growth_failed(table64);
        }
        self.meter(table_cost(delta))?;
        match self.table_grow_in_chunks(table, delta, init) {
            Ok(Some(old)) => Ok(old),
            Ok(None) => {
                self.tell_failed(Growing::Table, delta, GrowthFailure::System)?;
                self.growth_refused(table64)
            }
            Err(kind) => Err(kind),
        }
    }

    /// [`Store::table_grow`] with the epoch tested while the new elements are written: an interrupt
    /// takes them back.
    fn table_grow_in_chunks(
        &mut self,
        table: TableAddr,
        delta: u64,
        init: Cell,
    ) -> Result<Option<u64>, TrapKind> {
        self.check_element(table, init)?;
        let Some(old) = self.grow_table(table, delta, NULL_REF) else { return Ok(None) };
        if init == NULL_REF {
            return Ok(Some(old));
        }
        let start = old as usize;
        let new = start..self.table(table).elements().len();
        let mut written = 0;
        let outcome = self.in_chunks(new.len(), CHUNK_ELEMENTS, Order::Up, |store, piece| {
            store.tables[table.index()].elements_mut()[part(&new, &piece)].fill(init);
            written = piece.end;
        });
        if let Err(kind) = outcome {
            self.tables[table.index()].elements_mut()[start..start + written].fill(NULL_REF);
            self.truncate_table(table, start);
            return Err(kind);
        }
        Ok(Some(old))
    }

    /// `table.fill`: `n` elements from `i` on become `value`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`], [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`];
    /// [`TrapKind::Misuse`] for a cell that is no reference.
    pub fn table_fill(
        &mut self,
        table: TableAddr,
        i: u64,
        value: Cell,
        n: u64,
    ) -> Result<(), TrapKind> {
        self.check_element(table, value)?;
        let elements = range(i, n, self.table(table).elements().len());
        let elements = elements.ok_or(TrapKind::TableOutOfBounds)?;
        self.meter(table_cost(n))?;
        self.in_chunks(elements.len(), CHUNK_ELEMENTS, Order::Up, |store, piece| {
            store.tables[table.index()].elements_mut()[part(&elements, &piece)].fill(value);
        })
    }

    /// `table.copy`: `n` elements from `s` of `src` to `d` of `dst`, as if all were read before any
    /// is written.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`], [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`];
    /// [`TrapKind::Misuse`] for tables of different types.
    pub fn table_copy(
        &mut self,
        dst: TableAddr,
        src: TableAddr,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        // Machine code asks for it as well, and nobody has validated that.
        let (given, wanted) = (self.table(src).ty().ref_type, self.table(dst).ty().ref_type);
        if !self.types().ref_matches(given, wanted) {
            return Err(TrapKind::Misuse);
        }
        let to = range(d, n, self.table(dst).elements().len());
        let from = range(s, n, self.table(src).elements().len());
        let (Some(to), Some(from)) = (to, from) else {
            return Err(TrapKind::TableOutOfBounds);
        };
        self.meter(table_cost(n))?;
        let order = if to.start > from.start && dst == src { Order::Down } else { Order::Up };
        self.in_chunks(to.len(), CHUNK_ELEMENTS, order, |store, piece| {
            let (to, from) = (part(&to, &piece), part(&from, &piece));
            match store.tables.get_disjoint_mut([dst.index(), src.index()]) {
                Ok([dst, src]) => dst.elements_mut()[to].copy_from_slice(&src.elements()[from]),
                Err(_) => store.tables[dst.index()].elements_mut().copy_within(from, to.start),
            }
        })
    }

    /// `table.init`: `n` elements from `s` of an element segment of `instance` to `d`.
    ///
    /// # Errors
    ///
    /// [`TrapKind::TableOutOfBounds`], [`TrapKind::OutOfFuel`], [`TrapKind::Interrupt`];
    /// [`TrapKind::Misuse`] for another type of references.
    pub fn table_init(
        &mut self,
        instance: InstanceAddr,
        table: TableAddr,
        elem: ElemIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        self.table_init_ranges(instance, table, elem, d, s, n)?;
        self.meter(table_cost(n))?;
        self.table_init_unmetered(instance, table, elem, d, s, n)
    }

    pub(crate) fn table_init_unmetered(
        &mut self,
        instance: InstanceAddr,
        table: TableAddr,
        elem: ElemIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(), TrapKind> {
        let (to, from) = self.table_init_ranges(instance, table, elem, d, s, n)?;
        self.in_chunks(to.len(), CHUNK_ELEMENTS, Order::Up, |store, piece| {
            let segment = &store.instances[instance.index()].elem(elem)[part(&from, &piece)];
            store.tables[table.index()].elements_mut()[part(&to, &piece)].copy_from_slice(segment);
        })
    }

    fn table_init_ranges(
        &self,
        instance: InstanceAddr,
        table: TableAddr,
        elem: ElemIdx,
        d: u64,
        s: u64,
        n: u64,
    ) -> Result<(Range<usize>, Range<usize>), TrapKind> {
        let (instance, table) = (self.instance(instance), self.table(table));
        let element = &instance.module().elements()[elem.index()];
        // A list of functions holds no null.
        let given = match element.items {
            ElementItems::Funcs(_) => RefType::FUNC,
            ElementItems::Exprs(ty, _) => ty,
        };
        if !self.types().ref_matches(resolved(instance, given), table.ty().ref_type) {
            return Err(TrapKind::Misuse);
        }
        let to = range(d, n, table.elements().len());
        let from = range(s, n, instance.elem(elem).len());
        to.zip(from).ok_or(TrapKind::TableOutOfBounds)
    }

    /// `elem.drop`.
    pub fn elem_drop(&mut self, instance: InstanceAddr, elem: ElemIdx) {
        self.instances[instance.index()].drop_elem(elem);
    }

    /// The function that an indirect call calls.
    ///
    /// # Errors
    ///
    /// [`TrapKind::UndefinedElement`], [`TrapKind::UninitializedElement`],
    /// [`TrapKind::IndirectCallTypeMismatch`], compared in this order.
    pub fn indirect_callee(
        &self,
        table: TableAddr,
        i: u64,
        ty: TypeId,
    ) -> Result<FuncAddr, TrapKind> {
        let cell = self.table_get(table, i).map_err(|_| TrapKind::UndefinedElement)?;
        let func = self.func_of_ref(cell).ok_or(TrapKind::UninitializedElement)?;
        if self.func_is(func, ty) { Ok(func) } else { Err(TrapKind::IndirectCallTypeMismatch) }
    }

    /// Refuses a cell that is no reference of the table's type in this store (T2).
    fn check_element(&self, table: TableAddr, value: Cell) -> Result<(), TrapKind> {
        if self.is_ref(self.table(table).ty().ref_type, value) {
            Ok(())
        } else {
            Err(TrapKind::Misuse)
        }
    }
}
