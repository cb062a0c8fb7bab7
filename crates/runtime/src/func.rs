//! Functions of a store: what stands behind a [`FuncEntry`](crate::vm::FuncEntry) on the safe side.
//!
//! Neighbours: `store` owns one [`FuncInst`] per entry, at the same index; `exec` reads entries
//! alone.

use crate::attach::Codes;
use crate::exec::{STUB_ATTACH, STUB_HOST};
use crate::host::HostFunc;
use crate::value::InstanceAddr;
use crate::vm::{EntryWord, FuncEntry};
use prova_module::{FrameFacts, FuncIdx, FuncType, TypeId, cells_of, host_charge_bytes};

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

/// The safe side of a function.
pub(crate) enum FuncInst {
    /// Defined by a module.
    Wasm { instance: InstanceAddr, func: FuncIdx, codes: Codes },
    /// Defined by the host.
    Host(HostFunc),
}

impl FuncInst {
    pub(crate) fn kind(&self) -> FuncKind {
        match *self {
            FuncInst::Wasm { instance, func, .. } => FuncKind::Wasm { instance, func },
            FuncInst::Host(_) => FuncKind::Host,
        }
    }
}

/// The entry of a function that a module defines, before its bytecode is attached.
///
/// `linked`: the store's executor runs linked words.
pub(crate) fn wasm_entry(
    frame: FrameFacts,
    instance: InstanceAddr,
    type_id: TypeId,
    linked: bool,
) -> FuncEntry {
    FuncEntry {
        code: EntryWord::stub(&STUB_ATTACH, linked),
        // A charge beyond 32 bits exceeds every stack limit (STACK_BYTES_MAX), and so does the
        // greatest one.
        charge_bytes: u32::try_from(frame.charge_bytes()).unwrap_or(u32::MAX),
        param_cells: frame.param_cells,
        local_cells: frame.local_cells,
        instance: instance.as_u32(),
        type_id: type_id.0,
        result_cells: frame.result_cells,
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
