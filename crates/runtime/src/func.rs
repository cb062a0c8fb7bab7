//! Functions of a store: the safe side of a [`FuncEntry`](crate::vm::FuncEntry).
//!
//! `store` owns a [`Funcs`] beside the entries, with the same indices. `exec` reads only entries.

use crate::attach::Codes;
use crate::exec::{STUB_ATTACH, STUB_HOST};
use crate::host::HostFunc;
use crate::value::{FuncAddr, InstanceAddr};
use crate::vm::{EntryWord, FuncEntry};
use prova_module::{FrameFacts, FuncIdx, FuncType, TypeId, TypeIdx, cells_of, host_charge_bytes};

/// Where a function comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FuncKind {
    /// It is a function that the module of an instance defines.
    Wasm {
        /// The instance.
        instance: InstanceAddr,
        /// The function in the instance's module.
        func: FuncIdx,
    },
    /// It is a function of the host.
    Host,
}

/// The safe sides of all functions of a store, by address: one word each, and more for those that
/// have code or are the host's. A module's function takes no more than its word until it is called.
#[derive(Default)]
pub(crate) struct Funcs {
    /// 0: a module's function without code; with [`HOST`]: an index in `hosts`; else one more than
    /// an index in `codes`.
    slots: Vec<u32>,
    hosts: Vec<HostFunc>,
    codes: Vec<Codes>,
    /// The function of each of `codes`.
    owners: Vec<u32>,
    /// How many of `codes` are as a store before has left them.
    settled: usize,
}

/// The codes of a store that goes (R6 of `native`).
#[derive(Debug, Default)]
pub(crate) struct Left {
    codes: Vec<Codes>,
    owners: Vec<u32>,
    settled: usize,
}

impl Left {
    /// The functions whose codes are not as the store has found them.
    pub(crate) fn changed(&self) -> &[u32] {
        &self.owners[self.settled..]
    }

    /// Leaves native code of functions alone, and calls `other` for the ones that changed and have
    /// none.
    pub(crate) fn settle(&mut self, mut other: impl FnMut(u32)) {
        let mut settled = self.settled;
        for at in self.settled..self.codes.len() {
            if self.codes[at].leave_native() {
                self.codes.swap(settled, at);
                self.owners.swap(settled, at);
                settled += 1;
            } else {
                other(self.owners[at]);
            }
        }
        self.codes.truncate(settled);
        self.owners.truncate(settled);
        self.settled = settled;
    }
}

/// Set in the slot of a host function. There are at most 2^31 functions (`Limits::FUNCS_MAX`).
const HOST: u32 = 1 << 31;

impl Funcs {
    /// None, whose words go where others were.
    pub(crate) fn within(slots: Vec<u32>) -> Funcs {
        debug_assert!(slots.is_empty());
        Funcs { slots, ..Funcs::default() }
    }

    /// The words of a store that goes, and its codes.
    pub(crate) fn take(&mut self) -> (Vec<u32>, Left) {
        let slots = std::mem::take(&mut self.slots);
        let (codes, owners) = (std::mem::take(&mut self.codes), std::mem::take(&mut self.owners));
        (slots, Left { codes, owners, settled: self.settled })
    }

    /// Takes what another store has left, whose functions had the same addresses; no function has
    /// code yet.
    pub(crate) fn find(&mut self, left: Left) {
        let Left { codes, owners, settled } = left;
        debug_assert!(self.codes.is_empty() && settled == codes.len(), "it is new");
        for (slot, &owner) in (1..).zip(&owners) {
            self.slots[owner as usize] = slot;
        }
        (self.codes, self.owners, self.settled) = (codes, owners, settled);
    }

    /// Adds a function of the host.
    pub(crate) fn push_host(&mut self, host: HostFunc) {
        self.slots.push(HOST | self.hosts.len() as u32);
        self.hosts.push(host);
    }

    /// Adds `count` functions of a module, without code.
    pub(crate) fn push_wasm(&mut self, count: usize) {
        self.slots.resize(self.slots.len() + count, 0);
    }

    /// The host function at an address, if it is one.
    pub(crate) fn host(&self, func: FuncAddr) -> Option<&HostFunc> {
        let slot = *self.slots.get(func.index())?;
        if slot & HOST != 0 { self.hosts.get((slot & !HOST) as usize) } else { None }
    }

    /// Whether the function at an address is of the host.
    pub(crate) fn is_host(&self, func: FuncAddr) -> bool {
        self.slots[func.index()] & HOST != 0
    }

    /// The codes attached to a function of a module, if any.
    pub(crate) fn codes(&self, func: FuncAddr) -> Option<&Codes> {
        let slot = self.slots[func.index()];
        if slot & HOST != 0 { None } else { self.codes.get(slot.checked_sub(1)? as usize) }
    }

    /// The codes attached to a function, to add to them; `None` for a function of the host.
    pub(crate) fn codes_mut(&mut self, func: FuncAddr) -> Option<&mut Codes> {
        let slot = &mut self.slots[func.index()];
        if *slot & HOST != 0 {
            return None;
        }
        if *slot == 0 {
            self.codes.push(Codes::default());
            self.owners.push(func.as_u32());
            *slot = self.codes.len() as u32;
        }
        let at = *slot as usize - 1;
        // One that was found changes: all count as changed.
        if at < self.settled {
            self.settled = 0;
        }
        self.codes.get_mut(at)
    }
}

/// The parts of an entry that are the same in all stores, for a function of a module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryParts {
    ty: TypeIdx,
    charge_bytes: u32,
    param_cells: u32,
    local_cells: u32,
    result_cells: u32,
}

impl EntryParts {
    /// Those of a function of type `ty` with such frames.
    pub(crate) fn new(ty: TypeIdx, frame: FrameFacts) -> EntryParts {
        EntryParts {
            ty,
            // A charge beyond 32 bits exceeds every stack limit (STACK_BYTES_MAX), and so does the
            // greatest one.
            charge_bytes: u32::try_from(frame.charge_bytes()).unwrap_or(u32::MAX),
            param_cells: frame.param_cells,
            local_cells: frame.local_cells,
            result_cells: frame.result_cells,
        }
    }

    /// The entry of the function in an instance, before code is attached.
    ///
    /// `linked`: the store's executor runs linked words.
    pub(crate) fn entry(
        &self,
        instance: InstanceAddr,
        type_ids: &[TypeId],
        linked: bool,
    ) -> FuncEntry {
        FuncEntry {
            code: EntryWord::stub(&STUB_ATTACH, linked),
            charge_bytes: self.charge_bytes,
            param_cells: self.param_cells,
            local_cells: self.local_cells,
            instance: instance.as_u32(),
            type_id: type_ids[self.ty.index()].0,
            result_cells: self.result_cells,
        }
    }
}

/// The entry of a host function: its frame has room for the parameters and for the results.
///
/// `linked`: the store's executor runs linked words.
pub(crate) fn host_entry(ty: &FuncType, type_id: TypeId, linked: bool) -> FuncEntry {
    let (param_cells, result_cells) = (cells_of(&ty.params), cells_of(&ty.results));
    FuncEntry {
        code: EntryWord::stub(&STUB_HOST, linked),
        charge_bytes: u32::try_from(host_charge_bytes(ty)).unwrap_or(u32::MAX),
        param_cells,
        local_cells: param_cells,
        instance: u32::MAX,
        type_id: type_id.0,
        result_cells,
    }
}
