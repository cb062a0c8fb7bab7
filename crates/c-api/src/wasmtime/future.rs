//! `async.h`: calls that wait (`wasmtime_call_future_t`), and host functions that they wait for.

use crate::callback::{Data, Finalizer};
use crate::pointer::{Give, In, Out, end};
use crate::store::{self, Item, StoreCell, guarded};
use crate::waiting::Waiting;
use crate::wasm::func::{cell_of, compare_counts};
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::trap::error_of;
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, TrapOut, done, ran};
use crate::wasmtime::exnref::keep_exception;
use crate::wasmtime::func::wasmtime_caller_t;
use crate::wasmtime::handle::{Handle, wasmtime_context_t};
use crate::wasmtime::instance::wasmtime_instance_pre_t;
use crate::wasmtime::linker::wasmtime_linker_t;
use crate::wasmtime::module::wasmtime_module_t;
use crate::wasmtime::val::{to_vals, wasmtime_val_t};
use prova::{AsContextMut, Caller, Instance, Result, Val, format_err};
use std::ffi::{c_char, c_void};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

/// A call that waits: it is polled until it says that it has ended.
pub(crate) struct wasmtime_call_future_t(Box<dyn FnMut() -> bool>);

/// The rest of a host function: asked until it says that the results are there.
#[repr(C)]
struct wasmtime_async_continuation_t {
    callback: Option<extern "C" fn(*mut c_void) -> bool>,
    env: *mut c_void,
    finalizer: Finalizer,
}

impl Drop for wasmtime_async_continuation_t {
    fn drop(&mut self) {
        drop(Data::new(self.env, self.finalizer));
    }
}

/// A callback of the header.
type Function = extern "C" fn(
    *mut c_void,
    *mut wasmtime_caller_t,
    *const wasmtime_val_t,
    usize,
    *mut wasmtime_val_t,
    usize,
    *mut Option<Box<wasm_ref_t>>,
    *mut wasmtime_async_continuation_t,
);

/// The places that a callback and its continuation use, where they stay until both are done.
struct Places {
    args: Vec<wasmtime_val_t>,
    results: Vec<wasmtime_val_t>,
    trap: Option<Box<wasm_ref_t>>,
    seen: wasmtime_caller_t,
    continuation: wasmtime_async_continuation_t,
}

/// The places, and the caller that `seen` leads to.
struct Called {
    places: Box<Places>,
    cell: Arc<StoreCell>,
    caller: *mut Caller<'static, store::Data>,
}

// SAFETY: C4, C5: one thread at a time polls a call, which has the store and all that is used here.
unsafe impl Send for Called {}

impl Called {
    /// Asks the continuation whether the results are there.
    fn ask(&mut self) -> Poll<Result<()>> {
        let Some(callback) = self.places.continuation.callback else { return Poll::Ready(Ok(())) };
        let env = self.places.continuation.env;
        match self.cell.lend_pointer(self.caller, |_| callback(env)) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

/// Runs the callback, which says what it goes on with.
fn begin(
    callback: Function,
    data: &Data,
    caller: &mut Caller<'_, store::Data>,
    params: &[Val],
    count: usize,
) -> Result<Called> {
    let cell = cell_of(caller)?;
    let context = caller.as_context_mut();
    let args = params.iter().map(|val| wasmtime_val_t::of_val(val, &cell, &context));
    let args = args.collect::<Result<Vec<_>>>()?;
    let caller = std::ptr::from_mut(caller).cast::<Caller<'static, store::Data>>();
    let mut places = Box::new(Places {
        args,
        results: vec![wasmtime_val_t::ZERO; count],
        trap: None,
        seen: wasmtime_caller_t::new(Arc::as_ptr(&cell), caller),
        continuation: wasmtime_async_continuation_t {
            callback: None,
            env: std::ptr::null_mut(),
            finalizer: None,
        },
    });
    let Places { args, results, trap, seen, continuation } = &mut *places;
    cell.lend_pointer(caller, |_| {
        let (args, nargs, results) = (args.as_ptr(), args.len(), results.as_mut_ptr());
        callback(data.pointer(), seen, args, nargs, results, count, trap, continuation);
    })?;
    Ok(Called { places, cell, caller })
}

async fn call_back(
    callback: Function,
    data: Arc<Data>,
    mut caller: Caller<'_, store::Data>,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let mut called = begin(callback, &data, &mut caller, params, results.len())?;
    poll_fn(|_| called.ask()).await?;
    let Called { mut places, cell, .. } = called;
    if let Some(trap) = places.trap.take() {
        // An exception is on its way now.
        cell.pending.take();
        return Err(error_of(*trap));
    }
    for (result, val) in results.iter_mut().zip(&places.results) {
        *result = val.to_val(&cell, &mut caller.as_context_mut())?;
    }
    Ok(())
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_define_async_func(
    mut linker: Give<wasmtime_linker_t>,
    module: In<c_char>,
    module_len: usize,
    name: In<c_char>,
    name_len: usize,
    ty: In<wasm_externtype_t>,
    callback: Option<Function>,
    data: *mut c_void,
    finalizer: Finalizer,
) -> MaybeError {
    let Some(callback) = callback else { end("the parameter `callback` is NULL") };
    let (linker, ty) = (&mut linker.want("linker").linker, ty.want("functype"));
    // The data is given up even where the name is refused.
    let data = Arc::new(Data::new(data, finalizer));
    done(guarded(|| {
        let ty = ty.to_func(&linker.engine().clone().into());
        let (module, name) = (module.text(module_len)?, name.text(name_len)?);
        let host = linker.func_new_async(module, name, ty, move |caller, params, results| {
            Box::new(call_back(callback, Arc::clone(&data), caller, params, results))
        });
        host.map(|_| ())
    }))
}

/// A call for the program, which hands its result on when it has ended and given the store back.
fn future_of<R: 'static>(
    started: Result<Waiting<R>>,
    mut hand_on: impl FnMut(Result<R>) + 'static,
) -> Option<Box<wasmtime_call_future_t>> {
    let mut state = Some(started);
    Some(Box::new(wasmtime_call_future_t(Box::new(move || {
        let result = match &mut state {
            None => return true,
            Some(Ok(waiting)) => match waiting.poll() {
                Poll::Ready(result) => Some(result),
                Poll::Pending => return false,
            },
            Some(Err(_)) => None,
        };
        let started = state.take().and_then(Result::err);
        if let Some(result) = result.or(started.map(Err)) {
            hand_on(result);
        }
        true
    }))))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_call_future_poll(mut future: Give<wasmtime_call_future_t>) -> bool {
    (future.want("future").0)()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_call_future_delete(_future: Option<Box<wasmtime_call_future_t>>) {}

/// The cell that a context leads to, for as long as a call waits.
fn kept(cell: &StoreCell) -> Result<Arc<StoreCell>> {
    let kept = cell.with(|context| Ok(context.data().cell.upgrade()))?;
    kept.ok_or_else(|| format_err!("the store is being deleted"))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_func_call_async(
    context: In<wasmtime_context_t>,
    func: In<Handle>,
    args: In<wasmtime_val_t>,
    nargs: usize,
    mut results: Out<wasmtime_val_t>,
    nresults: usize,
    mut trap: TrapOut,
    mut error: Out<MaybeError>,
) -> Option<Box<wasmtime_call_future_t>> {
    let cell = context.want("context");
    let started = cell.with(|mut context| {
        let func = func.func(cell)?;
        compare_counts(&context, func, nargs, nresults)?;
        Ok((func, to_vals(args.slice(nargs), cell, &mut context)?))
    });
    let cell = kept(cell);
    let started = started.and_then(|(func, params)| {
        Waiting::new(cell.as_deref().map_err(|error| format_err!("{error}"))?, |store| {
            Box::pin(async move {
                let mut values = vec![Val::I32(0); nresults];
                func.call_async(store, &params, &mut values).await?;
                Ok(values)
            })
        })
    });
    future_of(started, move |called| {
        let called = called.and_then(|values| {
            let cell = cell.as_deref().map_err(|error| format_err!("{error}"))?;
            cell.with(|context| {
                let values = values.iter().map(|val| wasmtime_val_t::of_val(val, cell, &context));
                values.collect::<Result<Vec<_>>>()
            })
        });
        if let Ok(cell) = &cell {
            keep_exception(cell, &called);
        }
        let failed = ran(called, &mut trap, |values| {
            for (slot, value) in results.slots(nresults).iter_mut().zip(values) {
                slot.write(value);
            }
        });
        error.set(failed);
    })
}

/// An instantiation that waits.
fn instantiation(
    cell: &StoreCell,
    pre: Result<wasmtime_instance_pre_t>,
    (mut out, mut trap, mut error): (Out<Handle>, TrapOut, Out<MaybeError>),
) -> Option<Box<wasmtime_call_future_t>> {
    let cell = kept(cell);
    let started = pre.and_then(|pre| {
        Waiting::<Instance>::new(
            cell.as_deref().map_err(|error| format_err!("{error}"))?,
            |store| Box::pin(async move { pre.pre.instantiate_async(store).await }),
        )
    });
    future_of(started, move |instance| {
        let Ok(cell) = &cell else {
            error.set(done(instance.map(|_| ())));
            return;
        };
        keep_exception(cell, &instance);
        let failed = ran(instance, &mut trap, |instance| {
            out.set(Handle::of(cell, Item::Instance(instance)));
        });
        error.set(failed);
    })
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_linker_instantiate_async(
    linker: In<wasmtime_linker_t>,
    context: In<wasmtime_context_t>,
    module: In<wasmtime_module_t>,
    out: Out<Handle>,
    trap: TrapOut,
    error: Out<MaybeError>,
) -> Option<Box<wasmtime_call_future_t>> {
    let (linker, module) = (&linker.want("linker").linker, &module.want("module").module);
    let pre = guarded(|| linker.instantiate_pre(module));
    let pre = pre.map(|pre| wasmtime_instance_pre_t { pre });
    instantiation(context.want("context"), pre, (out, trap, error))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_instance_pre_instantiate_async(
    pre: In<wasmtime_instance_pre_t>,
    context: In<wasmtime_context_t>,
    out: Out<Handle>,
    trap: TrapOut,
    error: Out<MaybeError>,
) -> Option<Box<wasmtime_call_future_t>> {
    let pre = wasmtime_instance_pre_t { pre: pre.want("instance_pre").pre.clone() };
    instantiation(context.want("context"), Ok(pre), (out, trap, error))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_epoch_deadline_async_yield_and_update(
    context: In<wasmtime_context_t>,
    delta: u64,
) -> MaybeError {
    let set = context.want("context").with_store(|store| {
        // It panics before it changes anything.
        catch_unwind(AssertUnwindSafe(|| store.epoch_deadline_async_yield_and_update(delta)))
    });
    done(set.and_then(|set| {
        set.map_err(|_| format_err!("a store that has instances already cannot yield by epochs"))
    }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_context_fuel_async_yield_interval(
    context: In<wasmtime_context_t>,
    interval: u64,
) -> MaybeError {
    let interval = (interval != 0).then_some(interval);
    let set = context.want("context").with_store(|store| store.fuel_async_yield_interval(interval));
    done(set.and_then(|set| set))
}
