//! Calls that a host function's error suspends instead of ending: the embedder handles it and goes
//! on.
//!
//! The runtime keeps the suspended frames, of bytecode and of machine code. `func` turns the error
//! of a host function into a suspension while [`State::suspending`](crate::store::State) asks for
//! it.
//!
//! 1. `suspending` is `Some` exactly while code of a resumable call, or of one that waits
//!    (`awaiting`), runs that is not nested in a host function of it.
//!
//! Limits: a call that runs out of fuel ends. Suspended calls must be resumed in the reverse order
//! of suspension. A suspended call that is dropped gives its part of the stack back before the next
//! call; if another one lies above it, with that one.

use crate::error::{Error, OrBug, Result, misuse};
use crate::func::Func;
use crate::store::{AsContextMut, StoreContextMut, Suspending, Suspends};
use crate::value::{Val, cells_of_vals, vals_of_cells};
use prova_module::cells_of;
use prova_runtime as rt;
use rt::{CallOutcome, Cell, FuncKind, Suspension};

/// How a resumable call went on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResumableCall {
    /// It returned, and the results are set.
    Finished,
    /// A host function failed; with results in its place the call goes on.
    HostTrap(ResumableCallHostTrap),
}

/// A call suspended by the error of a host function.
#[derive(Debug)]
pub struct ResumableCallHostTrap {
    suspension: Suspension,
    error: Error,
    /// The function that the embedder called.
    called: Func,
}

impl ResumableCallHostTrap {
    /// The host function that failed.
    pub fn host_func(&self) -> Func {
        Func { store: self.called.store, addr: self.suspension.host_func() }
    }

    /// Its error.
    pub fn host_error(&self) -> &Error {
        &self.error
    }

    /// Its error; the call is given up.
    pub fn into_host_error(self) -> Error {
        self.error
    }

    /// Goes on as if the host function had returned `inputs`; `results` are those of the whole
    /// call.
    ///
    /// # Errors
    /// Those of [`Func::call`], and if another call was suspended later in the same store and not
    /// resumed yet.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn resume(
        self,
        mut store: impl AsContextMut,
        inputs: &[Val],
        results: &mut [Val],
    ) -> Result<ResumableCall> {
        let mut store = store.as_context_mut();
        let host_type = self.host_func().resolved_type(&store);
        let id = store.state.id;
        let inputs = cells_of_vals(inputs, &host_type.results, store.rt, id, "result")?;
        run(&mut store, self.called, results, |store, cells| {
            store.rt.resume(store.state, self.suspension, &inputs, cells)
        })
    }
}

impl Func {
    /// Calls it so that the error of a host function suspends the call instead of ending it.
    ///
    /// # Errors
    /// Those of [`Func::call`] except errors of host functions, and in the reference tier.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn call_resumable(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<ResumableCall> {
        let mut store = store.as_context_mut();
        let ty = self.resolved_type(&store);
        if let FuncKind::Host = store.rt.func_kind(self.addr) {
            // There is nothing to suspend.
            return self.call(store, params, results).map(|()| ResumableCall::Finished);
        }
        let args = cells_of_vals(params, &ty.params, store.rt, self.store, "argument")?;
        run(&mut store, *self, results, |store, cells| {
            store.rt.call_resumable(store.state, self.addr, &args, cells)
        })
    }
}

/// Runs a resumable call of `func`, or its continuation.
fn run<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    called: Func,
    results: &mut [Val],
    go_on: impl FnOnce(&mut StoreContextMut<'_, T>, &mut [Cell]) -> Result<CallOutcome, rt::Trap>,
) -> Result<ResumableCall> {
    let ty = called.resolved_type(&*store);
    let types = &ty.results;
    if results.len() != types.len() {
        misuse!("expected {} results, got {}", types.len(), results.len());
    }
    let mut cells = vec![0; cells_of(types) as usize];
    let suspending = Suspending::begin(store, Some(Suspends::Errors(None)));
    let outcome = go_on(&mut *suspending.store, &mut cells);
    let left = suspending.store.state.suspending.take();
    drop(suspending);
    let error = match left {
        Some(Suspends::Errors(error)) => error,
        Some(Suspends::Awaited(_)) | None => None,
    };
    match outcome.map_err(|trap| store.error_of_trap(trap))? {
        CallOutcome::Returned => {
            vals_of_cells(&cells, types, called.store, results);
            Ok(ResumableCall::Finished)
        }
        CallOutcome::Suspended(suspension) => {
            let error = error.or_bug("a host function suspends only to hand over its error");
            Ok(ResumableCall::HostTrap(ResumableCallHostTrap { suspension, error, called }))
        }
    }
}
