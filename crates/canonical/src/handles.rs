//! Handles of resources: what each component instance may name, who owns, who borrows.
//!
//! # Invariants
//! 1. `component/table-charged` (K1): all tables of a store together have at most
//!    [`Handles::most`] handles and loans, whichever instance asks.
//! 2. A handle that is lent is neither dropped nor given away.
//! 3. What a call borrowed is gone when it ends ([`Handles::exit`]).
//! 4. No handle is 0.
//!
//! Source: `ResourceHandle`, `canon_resource_drop` and `lift_borrow` of `definitions.py`.

use crate::types::TableId;
use std::fmt;

/// The handles that a store has at most, unless [`Handles::within`] says another number.
pub const HANDLES_MAX: usize = 100_000;

/// The number of a resource type in a store: two instances of one component have two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceTypeId(pub u64);

/// Why a handle is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandleFault {
    /// No handle has this number.
    Unknown(u32),
    /// The handle is of another resource type.
    WrongType(u32),
    /// A handle that borrows was to be given away.
    Borrowed(u32),
    /// A handle that is lent was to be dropped or given away.
    Lent(u32),
    /// A call ends, and this many handles that it borrowed are left.
    Remain(u32),
    /// The store has as many handles as it may have.
    Full(usize),
    /// No call has begun, or no such table is there: a fault of the caller.
    Caller,
}

impl fmt::Display for HandleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandleFault::Unknown(handle) => write!(f, "unknown handle index {handle}"),
            HandleFault::WrongType(handle) => {
                write!(f, "handle index {handle} used with the wrong type")
            }
            HandleFault::Borrowed(_) => f.write_str("cannot lift own resource from a borrow"),
            HandleFault::Lent(_) => f.write_str("cannot remove owned resource while borrowed"),
            HandleFault::Remain(count) => {
                write!(f, "borrow handles still remain at the end of the call: {count}")
            }
            HandleFault::Full(most) => write!(f, "the store has {most} handles, its limit"),
            HandleFault::Caller => f.write_str("wrong use of handle tables"),
        }
    }
}

impl std::error::Error for HandleFault {}

#[derive(Clone, Copy, Debug)]
enum Slot {
    /// The next free slot of its table.
    Free(u32),
    Own {
        ty: ResourceTypeId,
        rep: u32,
        loans: u32,
    },
    /// Of the call with this number.
    Borrow {
        ty: ResourceTypeId,
        rep: u32,
        call: usize,
    },
}

#[derive(Clone, Debug, Default)]
struct Table {
    /// The handle `n` is at `n − 1`.
    slots: Vec<Slot>,
    /// The first free slot; all are taken if it is the number of slots.
    free: u32,
}

/// A call that has begun.
#[derive(Clone, Debug, Default)]
struct Call {
    /// Handles whose loans end with it.
    lenders: Vec<(TableId, u32)>,
    /// Handles that it borrowed and that are left.
    borrows: u32,
}

/// The kind of handle that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// The resource of this representation has no owner any more: its destructor is due.
    Owned(u32),
    /// A loan ended.
    Borrowed,
}

/// The tables of a store, and the calls that run.
#[derive(Clone, Debug)]
pub struct Handles {
    tables: Vec<Table>,
    calls: Vec<Call>,
    /// Handles and loans that there are.
    live: usize,
    most: usize,
}

impl Default for Handles {
    fn default() -> Handles {
        Handles::within(HANDLES_MAX)
    }
}

impl Handles {
    /// No tables; at most `most` handles and loans in all.
    #[must_use]
    pub fn within(most: usize) -> Handles {
        Handles { tables: Vec::new(), calls: Vec::new(), live: 0, most }
    }

    /// The handles and loans that there may be.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Adds a table.
    pub fn add_table(&mut self) -> TableId {
        let id = u32::try_from(self.tables.len()).unwrap_or(u32::MAX);
        self.tables.push(Table::default());
        TableId(id)
    }

    /// A call begins.
    pub fn enter(&mut self) {
        self.calls.push(Call::default());
    }

    /// The calls that run.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.calls.len()
    }

    /// The last call ends: what it was lent is free again.
    ///
    /// # Errors
    /// If it keeps handles that it borrowed; it has ended all the same, and the instance that keeps
    /// them must not run again.
    pub fn exit(&mut self) -> Result<(), HandleFault> {
        let call = self.calls.pop().ok_or(HandleFault::Caller)?;
        for (table, handle) in call.lenders {
            self.live = self.live.saturating_sub(1);
            if let Ok(Slot::Own { loans, .. }) = self.slot(table, handle) {
                *loans = loans.saturating_sub(1);
            }
        }
        match call.borrows {
            0 => Ok(()),
            left => Err(HandleFault::Remain(left)),
        }
    }

    /// Puts a resource into a table that owns it then.
    ///
    /// # Errors
    /// If the store is full.
    pub fn own(
        &mut self,
        table: TableId,
        ty: ResourceTypeId,
        rep: u32,
    ) -> Result<u32, HandleFault> {
        self.insert(table, Slot::Own { ty, rep, loans: 0 })
    }

    /// Lends a resource to a table until the running call ends.
    ///
    /// # Errors
    /// If the store is full.
    pub fn borrow(
        &mut self,
        table: TableId,
        ty: ResourceTypeId,
        rep: u32,
    ) -> Result<u32, HandleFault> {
        let call = self.calls.len().checked_sub(1).ok_or(HandleFault::Caller)?;
        let handle = self.insert(table, Slot::Borrow { ty, rep, call })?;
        if let Some(call) = self.calls.last_mut() {
            call.borrows = call.borrows.saturating_add(1);
        }
        Ok(handle)
    }

    /// The representation of a resource.
    ///
    /// # Errors
    /// If the handle is none of this table and type.
    pub fn rep(
        &mut self,
        table: TableId,
        ty: ResourceTypeId,
        handle: u32,
    ) -> Result<u32, HandleFault> {
        match *self.typed(table, ty, handle)? {
            Slot::Own { rep, .. } | Slot::Borrow { rep, .. } => Ok(rep),
            Slot::Free(_) => Err(HandleFault::Unknown(handle)),
        }
    }

    /// Takes a handle that owns its resource out of its table, and gives the representation.
    ///
    /// # Errors
    /// If it borrows, or is lent.
    pub fn give(
        &mut self,
        table: TableId,
        ty: ResourceTypeId,
        handle: u32,
    ) -> Result<u32, HandleFault> {
        match *self.typed(table, ty, handle)? {
            Slot::Own { loans: 1.., .. } => Err(HandleFault::Lent(handle)),
            Slot::Own { rep, .. } => {
                self.remove(table, handle)?;
                Ok(rep)
            }
            Slot::Borrow { .. } => Err(HandleFault::Borrowed(handle)),
            Slot::Free(_) => Err(HandleFault::Unknown(handle)),
        }
    }

    /// Lends what a handle stands for to the running call, and gives the representation.
    ///
    /// # Errors
    /// If the handle is none of this table and type, or the store is full.
    pub fn lend(
        &mut self,
        table: TableId,
        ty: ResourceTypeId,
        handle: u32,
    ) -> Result<u32, HandleFault> {
        if self.calls.is_empty() {
            return Err(HandleFault::Caller);
        }
        let (most, live) = (self.most, self.live);
        let rep = match self.typed(table, ty, handle)? {
            Slot::Own { rep, loans, .. } => {
                if live >= most {
                    return Err(HandleFault::Full(most));
                }
                *loans = loans.saturating_add(1);
                *rep
            }
            // The call that lent it to the caller ends after this one.
            Slot::Borrow { rep, .. } => return Ok(*rep),
            Slot::Free(_) => return Err(HandleFault::Unknown(handle)),
        };
        self.live = self.live.saturating_add(1);
        if let Some(call) = self.calls.last_mut() {
            call.lenders.push((table, handle));
        }
        Ok(rep)
    }

    /// Drops a handle.
    ///
    /// # Errors
    /// If it is lent, or none of this table and type.
    pub fn drop(
        &mut self,
        table: TableId,
        ty: ResourceTypeId,
        handle: u32,
    ) -> Result<Dropped, HandleFault> {
        match *self.typed(table, ty, handle)? {
            Slot::Own { loans: 1.., .. } => Err(HandleFault::Lent(handle)),
            Slot::Own { rep, .. } => {
                self.remove(table, handle)?;
                Ok(Dropped::Owned(rep))
            }
            Slot::Borrow { call, .. } => {
                self.remove(table, handle)?;
                if let Some(call) = self.calls.get_mut(call) {
                    call.borrows = call.borrows.saturating_sub(1);
                }
                Ok(Dropped::Borrowed)
            }
            Slot::Free(_) => Err(HandleFault::Unknown(handle)),
        }
    }

    fn table(&mut self, table: TableId) -> Result<&mut Table, HandleFault> {
        self.tables.get_mut(table.0 as usize).ok_or(HandleFault::Caller)
    }

    fn slot(&mut self, table: TableId, handle: u32) -> Result<&mut Slot, HandleFault> {
        let table = self.table(table)?;
        let at = handle.checked_sub(1).ok_or(HandleFault::Unknown(handle))?;
        table.slots.get_mut(at as usize).ok_or(HandleFault::Unknown(handle))
    }

    fn typed(
        &mut self,
        table: TableId,
        ty: ResourceTypeId,
        handle: u32,
    ) -> Result<&mut Slot, HandleFault> {
        let slot = self.slot(table, handle)?;
        match *slot {
            Slot::Own { ty: found, .. } | Slot::Borrow { ty: found, .. } if found != ty => {
                Err(HandleFault::WrongType(handle))
            }
            Slot::Own { .. } | Slot::Borrow { .. } => Ok(slot),
            Slot::Free(_) => Err(HandleFault::Unknown(handle)),
        }
    }

    fn insert(&mut self, table: TableId, slot: Slot) -> Result<u32, HandleFault> {
        if self.live >= self.most {
            return Err(HandleFault::Full(self.most));
        }
        let full = HandleFault::Full(self.most);
        let table = self.table(table)?;
        let at = table.free;
        match table.slots.get_mut(at as usize) {
            Some(place) => {
                let Slot::Free(next) = *place else { return Err(HandleFault::Caller) };
                *place = slot;
                table.free = next;
            }
            None => {
                table.slots.push(slot);
                table.free = at.checked_add(1).ok_or(full)?;
            }
        }
        self.live = self.live.saturating_add(1);
        at.checked_add(1).ok_or(full)
    }

    fn remove(&mut self, table: TableId, handle: u32) -> Result<(), HandleFault> {
        let found = self.table(table)?;
        let at = handle.checked_sub(1).ok_or(HandleFault::Unknown(handle))?;
        let next = found.free;
        let place = found.slots.get_mut(at as usize).ok_or(HandleFault::Unknown(handle))?;
        *place = Slot::Free(next);
        found.free = at;
        self.live = self.live.saturating_sub(1);
        Ok(())
    }
}
