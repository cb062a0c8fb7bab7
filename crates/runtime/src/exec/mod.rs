//! The executors: bytecode of one store, run to its end.
//!
//! Neighbours: [`Store::call`] enters here for Wasm functions, [`crate::vm`] is the state that is run on.

use crate::store::Store;
use crate::trap::Trap;
use crate::value::FuncAddr;
use crate::vm::Cell;
use std::any::Any;

/// Runs a Wasm function with arguments and results in cells, whose numbers fit its type.
pub(crate) fn run(
    store: &mut Store,
    _data: &mut dyn Any,
    func: FuncAddr,
    _args: &[Cell],
    _results: &mut [Cell],
) -> Result<(), Trap> {
    store.attach(func)?;
    store.enter_instance(store.entries[func.index()].instance);
    let mut trap = Trap::bug("there is no executor");
    trap.backtrace.extend(store.trace_frame_at(func, 0));
    Err(trap)
}
