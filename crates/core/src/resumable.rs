//! Calls that a host function's error, or the end of the fuel, suspends instead of ending: the
//! embedder handles it and goes on.
//!
//! The runtime keeps the suspended frames, of bytecode and of machine code. `func` turns the error
//! of a host function into a suspension while [`State::suspending`](crate::store::State) asks for
//! it.
//!
//! 1. `suspending` is `Some` exactly while code of a resumable call, or of one that waits
//!    (`awaiting`), runs that is not nested in a host function of it.
//!
//! Limits: in a store that may run machine code, a call that runs out of fuel ends with
//! [`Trap::OutOfFuel`](crate::Trap). Suspended calls must be resumed in the reverse order of
//! suspension. A suspended call that is dropped gives its part of the stack back before the next
//! call; if another one lies above it, with that one.

use crate::error::{Error, OrBug, Result, misuse};
use crate::func::{Func, outcome_of_error};
use crate::store::{AsContextMut, InStore, StoreContextMut, Suspending, Suspends};
use crate::typed::{CELLS_MAX, TypedFunc, WasmParams, WasmResults, cells};
use crate::value::{Val, cells_of_vals, vals_of_cells};
use prova_module::cells_of;
use prova_runtime as rt;
use rt::{CallOutcome, Cell, FuncKind, HostOutcome, SuspendedBy, Suspension};
use std::marker::PhantomData;

/// How a resumable call went on.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "host" "ask" (func $ask (result i32)))
///         (func (export "twice") (result i32) (i32.add (call $ask) (call $ask))))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let ask = Func::wrap(&mut store, || -> Result<i32> { bail!("asked") });
/// let instance = Instance::new(&mut store, &module, &[ask.into()])?;
/// let twice = instance.get_func(&store, "twice").context("none")?;
/// let mut results = [Val::I32(0)];
/// let mut call = twice.call_resumable(&mut store, &[], &mut results)?;
/// let mut answer = 20;
/// while let ResumableCall::HostTrap(asked) = call {
///     answer += 1;
///     call = asked.resume(&mut store, &[Val::I32(answer)], &mut results)?;
/// }
/// assert_eq!(results[0].unwrap_i32(), 43);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ResumableCall {
    /// It returned, and the results are set.
    Finished,
    /// A host function failed; with results in its place the call goes on.
    HostTrap(ResumableCallHostTrap),
    /// The fuel is used up; with more of it the call goes on. Only in a store that runs no machine
    /// code ([`Tier::Interpreter`](crate::Tier), in the crate `prova-core` the default); in others
    /// the call ends with [`Trap::OutOfFuel`](crate::Trap).
    OutOfFuel(ResumableCallOutOfFuel),
}

/// A call suspended by the error of a host function.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "host" "ask" (func $ask (result i32)))
///         (func (export "ask") (result i32) (call $ask)))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let ask = Func::wrap(&mut store, || -> Result<i32> { bail!("asked") });
/// let instance = Instance::new(&mut store, &module, &[ask.into()])?;
/// let ask = instance.get_func(&store, "ask").context("none")?;
/// let ResumableCall::HostTrap(call) = ask.call_resumable(&mut store, &[], &mut [Val::I32(0)])? else {
///     panic!("the host is asked");
/// };
/// assert_eq!(call.host_func().ty(&store).results().len(), 1);
/// assert_eq!(call.into_host_error().to_string(), "asked");
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ResumableCallHostTrap {
    suspension: Suspension,
    error: Error,
    host: Func,
    /// The function that the embedder called.
    called: Func,
}

impl ResumableCallHostTrap {
    /// The host function that failed.
    pub fn host_func(&self) -> Func {
        self.host
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
        let ty = self.called.resolved_type(&store);
        expect_results(results, ty.results.len())?;
        let went_on = self.go_on(&mut store, inputs)?;
        Ok(untyped(went_on, (&ty.results, store.inside()), results))
    }

    /// Goes on as if the host function had ended with `error` and suspended nothing: code may catch
    /// it if it is an exception ([`ThrownException`](crate::ThrownException)), and the call ends
    /// with it otherwise.
    ///
    /// # Errors
    /// `error`, and those of [`ResumableCallHostTrap::resume`].
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn resume_with_error(
        self,
        mut store: impl AsContextMut,
        error: Error,
        results: &mut [Val],
    ) -> Result<ResumableCall> {
        let mut store = store.as_context_mut();
        let ty = self.called.resolved_type(&store);
        expect_results(results, ty.results.len())?;
        let outcome = outcome_of_error(error, store.inside());
        let went_on = run(&mut store, self.called, |store, cells| {
            store.rt.resume_with(store.state, self.suspension, outcome, &[], cells)
        })?;
        Ok(untyped(went_on, (&ty.results, store.inside()), results))
    }

    fn go_on<T: 'static>(
        self,
        store: &mut StoreContextMut<'_, T>,
        inputs: &[Val],
    ) -> Result<WentOn> {
        let host_type = self.host_func().resolved_type(&*store);
        let inputs = cells_of_vals(inputs, &host_type.results, store.inside(), "result")?;
        run(store, self.called, |store, cells| {
            store.rt.resume(store.state, self.suspension, &inputs, cells)
        })
    }
}

impl Func {
    /// Calls it so that the error of a host function, or the end of the fuel, suspends the call
    /// instead of ending it.
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
        let args = cells_of_vals(params, &ty.params, store.inside(), "argument")?;
        expect_results(results, ty.results.len())?;
        let went_on = run(&mut store, *self, |store, cells| {
            store.rt.call_resumable(store.state, self.addr, &args, cells)
        })?;
        Ok(untyped(went_on, (&ty.results, store.inside()), results))
    }
}

fn expect_results(results: &[Val], count: usize) -> Result<()> {
    if results.len() != count {
        misuse!("expected {count} results, got {}", results.len());
    }
    Ok(())
}

/// A call suspended because the fuel is used up. What the next step does is not done, and not paid
/// for.
#[derive(Debug)]
pub struct ResumableCallOutOfFuel {
    suspension: Suspension,
    needed: u64,
    /// The function that the embedder called.
    called: Func,
}

impl ResumableCallOutOfFuel {
    /// The least fuel that the store has to have for the call to go on; it may need more soon
    /// behind that.
    pub fn required_fuel(&self) -> u64 {
        self.needed
    }

    /// Goes on; `results` are those of the whole call.
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
        results: &mut [Val],
    ) -> Result<ResumableCall> {
        let mut store = store.as_context_mut();
        let ty = self.called.resolved_type(&store);
        expect_results(results, ty.results.len())?;
        let went_on = self.go_on(&mut store)?;
        Ok(untyped(went_on, (&ty.results, store.inside()), results))
    }

    fn go_on<T: 'static>(self, store: &mut StoreContextMut<'_, T>) -> Result<WentOn> {
        run(store, self.called, |store, cells| {
            store.rt.resume(store.state, self.suspension, &[], cells)
        })
    }
}

/// How a resumable call of a function of known type went on.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let one = Func::wrap(&mut store, || 1).typed::<(), i32>(&store)?;
/// let call = one.call_resumable(&mut store, ())?;
/// assert!(matches!(call, TypedResumableCall::Finished(1)));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TypedResumableCall<Results> {
    /// It returned these results.
    Finished(Results),
    /// A host function failed; with results in its place the call goes on.
    HostTrap(TypedResumableCallHostTrap<Results>),
    /// The fuel is used up; with more of it the call goes on. See [`ResumableCall::OutOfFuel`].
    OutOfFuel(TypedResumableCallOutOfFuel<Results>),
}

/// A call of a function of known type, suspended because the fuel is used up.
#[derive(Debug)]
pub struct TypedResumableCallOutOfFuel<Results> {
    call: ResumableCallOutOfFuel,
    results: PhantomData<fn() -> Results>,
}

impl<Results: WasmResults> TypedResumableCallOutOfFuel<Results> {
    /// The least fuel that the store has to have for the call to go on.
    pub fn required_fuel(&self) -> u64 {
        self.call.required_fuel()
    }

    /// Goes on.
    ///
    /// # Errors
    /// Those of [`ResumableCallOutOfFuel::resume`].
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn resume(self, mut store: impl AsContextMut) -> Result<TypedResumableCall<Results>> {
        let mut store = store.as_context_mut();
        let went_on = self.call.go_on(&mut store)?;
        Ok(typed(went_on, store.inside()))
    }
}

/// A call of a function of known type, suspended by the error of a host function.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "host" "ask" (func $ask (result i32)))
///         (func (export "ask") (result i32) (call $ask)))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let ask = Func::wrap(&mut store, || -> Result<i32> { bail!("asked") });
/// let instance = Instance::new(&mut store, &module, &[ask.into()])?;
/// let ask = instance.get_typed_func::<(), i32>(&store, "ask")?;
/// let TypedResumableCall::HostTrap(call) = ask.call_resumable(&mut store, ())? else {
///     panic!("the host is asked");
/// };
/// assert!(call.resume(&mut store, &[Val::I64(1)]).is_err(), "the host gives an i32");
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Debug)]
pub struct TypedResumableCallHostTrap<Results> {
    call: ResumableCallHostTrap,
    results: PhantomData<fn() -> Results>,
}

impl<Results: WasmResults> TypedResumableCallHostTrap<Results> {
    /// The host function that failed.
    pub fn host_func(&self) -> Func {
        self.call.host_func()
    }

    /// Its error.
    pub fn host_error(&self) -> &Error {
        self.call.host_error()
    }

    /// Its error; the call is given up.
    pub fn into_host_error(self) -> Error {
        self.call.into_host_error()
    }

    /// Goes on as if the host function had returned `inputs`.
    ///
    /// # Errors
    /// Those of [`ResumableCallHostTrap::resume`].
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn resume(
        self,
        mut store: impl AsContextMut,
        inputs: &[Val],
    ) -> Result<TypedResumableCall<Results>> {
        let mut store = store.as_context_mut();
        let went_on = self.call.go_on(&mut store, inputs)?;
        Ok(typed(went_on, store.inside()))
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls it so that the error of a host function, or the end of the fuel, suspends the call
    /// instead of ending it.
    ///
    /// ```
    /// use prova_core::*;
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, wat::parse_str(
    ///     r#"(module (import "host" "ask" (func $ask (result i32)))
    ///         (func (export "twice") (result i32) (i32.mul (call $ask) (i32.const 2))))"#,
    /// )?)?;
    /// let mut store = Store::new(&engine, ());
    /// let ask = Func::wrap(&mut store, || -> Result<i32> { bail!("nobody knows") });
    /// let instance = Instance::new(&mut store, &module, &[ask.into()])?;
    /// let twice = instance.get_typed_func::<(), i32>(&mut store, "twice")?;
    /// let TypedResumableCall::HostTrap(asked) = twice.call_resumable(&mut store, ())? else {
    ///     panic!("the host was asked");
    /// };
    /// assert_eq!(asked.host_error().to_string(), "nobody knows");
    /// let answered = asked.resume(&mut store, &[Val::I32(21)])?;
    /// assert!(matches!(answered, TypedResumableCall::Finished(42)));
    /// # Ok::<(), prova_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Func::call_resumable`].
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn call_resumable(
        &self,
        mut store: impl AsContextMut,
        params: Params,
    ) -> Result<TypedResumableCall<Results>> {
        let mut store = store.as_context_mut();
        let func = *self.func();
        if let FuncKind::Host = store.rt.func_kind(func.addr) {
            return self.call(store, params).map(TypedResumableCall::Finished);
        }
        func.store.expect(store.state.id);
        let mut args = [0; CELLS_MAX];
        let roots = store.rt.rooted();
        params.write(&mut args, store.inside())?;
        let args = &args[..cells(Params::types())];
        let went_on = run(&mut store, func, |store, cells| {
            let called = store.rt.call_resumable(store.state, func.addr, args, cells);
            store.rt.unroot(roots);
            called
        })?;
        Ok(typed(went_on, store.inside()))
    }
}

/// Where a call went: it returned these cells, or is suspended.
enum WentOn {
    Returned(Vec<Cell>),
    Suspended(ResumableCallHostTrap),
    OutOfFuel(ResumableCallOutOfFuel),
}

fn typed<Results: WasmResults>(went_on: WentOn, store: InStore<'_>) -> TypedResumableCall<Results> {
    match went_on {
        WentOn::Returned(mut cells) => {
            cells.resize(CELLS_MAX, 0);
            TypedResumableCall::Finished(Results::read(&cells, store))
        }
        WentOn::Suspended(call) => {
            TypedResumableCall::HostTrap(TypedResumableCallHostTrap { call, results: PhantomData })
        }
        WentOn::OutOfFuel(call) => TypedResumableCall::OutOfFuel(TypedResumableCallOutOfFuel {
            call,
            results: PhantomData,
        }),
    }
}

fn untyped(
    went_on: WentOn,
    (types, store): (&[prova_module::ValType], InStore<'_>),
    results: &mut [Val],
) -> ResumableCall {
    match went_on {
        WentOn::Returned(cells) => {
            vals_of_cells(&cells, types, store, results);
            ResumableCall::Finished
        }
        WentOn::Suspended(call) => ResumableCall::HostTrap(call),
        WentOn::OutOfFuel(call) => ResumableCall::OutOfFuel(call),
    }
}

/// Runs a resumable call of `func`, or its continuation.
fn run<T: 'static>(
    store: &mut StoreContextMut<'_, T>,
    called: Func,
    go_on: impl FnOnce(&mut StoreContextMut<'_, T>, &mut [Cell]) -> Result<CallOutcome, rt::Trap>,
) -> Result<WentOn> {
    let ty = called.resolved_type(&*store);
    let mut cells = vec![0; cells_of(&ty.results) as usize];
    let suspending = Suspending::begin(store, Some(Suspends::Errors(None)));
    let outcome = go_on(&mut *suspending.store, &mut cells);
    let left = suspending.store.state.suspending.take();
    drop(suspending);
    let error = match left {
        Some(Suspends::Errors(error)) => error,
        Some(Suspends::Awaited(_)) | None => None,
    };
    match outcome.map_err(|trap| store.error_of_trap(trap))? {
        CallOutcome::Returned => Ok(WentOn::Returned(cells)),
        CallOutcome::Suspended(suspension) => match suspension.by() {
            SuspendedBy::Host(host) => {
                let error = error.or_bug("a host function suspends only to hand over its error");
                let host = Func { store: store.state.id, addr: host };
                Ok(WentOn::Suspended(ResumableCallHostTrap { suspension, error, host, called }))
            }
            SuspendedBy::Fuel { needed } => {
                Ok(WentOn::OutOfFuel(ResumableCallOutOfFuel { suspension, needed, called }))
            }
            SuspendedBy::Epoch => {
                store.state.asked.yielding = None;
                let refused = HostOutcome::Trap(Box::new(rt::Store::yield_refused()));
                let ended = store.rt.resume_with(store.state, suspension, refused, &[], &mut cells);
                let trap = ended.err().or_bug("a call that is given a trap ends with it");
                Err(store.error_of_trap(trap))
            }
        },
    }
}
