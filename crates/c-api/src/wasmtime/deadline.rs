//! `wasmtime_store_epoch_deadline_callback`: a callback of the program that decides the fate of a
//! store whose epoch is due.

use crate::callback::{Data, Finalizer};
use crate::pointer::{In, end};
use crate::store::Context;
use crate::wasmtime::error::{MaybeError, or_end};
use crate::wasmtime::handle::{wasmtime_context_t, wasmtime_store_t};
use prova::{Caller, Result, UpdateDeadline, format_err};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const WASMTIME_UPDATE_DEADLINE_CONTINUE: u8 = 0;
const WASMTIME_UPDATE_DEADLINE_YIELD: u8 = 1;

/// A callback of the header.
type Function =
    extern "C" fn(*const wasmtime_context_t, *mut c_void, *mut u64, *mut u8) -> MaybeError;

#[unsafe(no_mangle)]
extern "C" fn wasmtime_store_epoch_deadline_callback(
    store: In<wasmtime_store_t>,
    callback: Option<Function>,
    data: *mut c_void,
    finalizer: Finalizer,
) {
    let data = Data::new(data, finalizer);
    let set = store.want("store").cell.with_store(|store| {
        let Some(callback) = callback else {
            store.epoch_deadline_trap();
            return true;
        };
        // It panics before it changes anything.
        let set = AssertUnwindSafe(|| {
            store.epoch_deadline_callback(move |context| ask(callback, &data, context));
        });
        catch_unwind(set).is_ok()
    });
    if !or_end(set, "wasmtime_store_epoch_deadline_callback") {
        end(concat!(
            "`wasmtime_store_epoch_deadline_callback` was called on a store that has instances ",
            "already; it gets its callback before the first"
        ));
    }
}

/// Asks the program.
///
/// # Errors
/// The program's, and if it asks for what there is not.
fn ask(callback: Function, data: &Data, mut context: Context<'_>) -> Result<UpdateDeadline> {
    let cell = context.data().cell.upgrade();
    let cell = cell.ok_or_else(|| format_err!("the store is being deleted"))?;
    let (mut ticks, mut kind) = (0, WASMTIME_UPDATE_DEADLINE_CONTINUE);
    let error = cell.lend(&mut Caller::from(&mut context), |_| {
        callback(Arc::as_ptr(&cell), data.pointer(), &raw mut ticks, &raw mut kind)
    })?;
    match (error, kind) {
        (Some(error), _) => Err(error.error),
        // With none, code would be due where it stands, and never go on.
        (None, WASMTIME_UPDATE_DEADLINE_CONTINUE) => Ok(UpdateDeadline::Continue(ticks.max(1))),
        (None, WASMTIME_UPDATE_DEADLINE_YIELD) => Ok(UpdateDeadline::Yield(ticks.max(1))),
        (None, other) => {
            Err(format_err!("there is no update of a deadline with the number {other}"))
        }
    }
}
