//! [`Func`]: calls of Wasm, and of the host in between.
//!
//! The data of a layer's store may borrow, so no closure of Prova's store can hold a way to it
//! (`store`). A host function of this crate therefore ends with the error [`Asked`], which suspends
//! the call ([`prova::Func::call_resumable`]); the frame that began the call has the data, runs the
//! host's closure and resumes with its results:
//!
//! ```text
//! call → Wasm → Asked → closure(store, arguments) → resume(results) → Wasm → … → results
//! ```
//!
//! An error of the closure gives the call up and is the error of the call, unchanged.
//!
//! Limits: [`CALLS_NESTED_MAX`]. The reference tier cannot suspend: a call there is an error.

use crate::object::{Object, StoreKey};
use crate::types::{func_type_shown, func_type_to_prova};
use crate::value::{expect_types, value_of, value_to_prova, values_to_prova, zero};
use crate::{Engine, StoreContextMut};
use prova::{
    AsContextMut as _, Context, Error, Result, ResumableCall, ResumableCallHostTrap,
    ThrownException, Trap, Val, bail,
};
use std::fmt;
use std::sync::Arc;
use wasm_runtime_layer::FuncType;
use wasm_runtime_layer::backend::{AsContext, AsContextMut, Value, WasmFunc};

/// Calls of Wasm from the host that can be active inside each other in one store, as in Prova
/// itself (`host_depth_max`). Each takes native stack. One more is [`Trap::StackOverflow`].
pub const CALLS_NESTED_MAX: u32 = 100;

/// A function of a store.
#[derive(Clone, Debug)]
pub struct Func(Object<prova::Func>);

/// A host function: its type and the closure.
pub(crate) struct HostFunc<T> {
    ty: FuncType,
    call: Arc<HostCall<T>>,
}

type HostCall<T> = dyn Fn(StoreContextMut<'_, T>, &[Value<Engine>], &mut [Value<Engine>]) -> Result<()>
    + Send
    + Sync;

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        HostFunc { ty: self.ty.clone(), call: Arc::clone(&self.call) }
    }
}

/// The arguments of a host function that is to be called.
#[derive(Debug)]
struct Asked(Vec<Val>);

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host function was called where the call cannot be suspended")
    }
}

impl std::error::Error for Asked {}

impl Func {
    pub(crate) fn of_prova(store: StoreKey, func: prova::Func) -> Func {
        Func(Object::new(store, func))
    }

    /// Prova's handle, for the store of this key.
    pub(crate) fn of(&self, store: StoreKey) -> Result<prova::Func> {
        self.0.of(store).copied()
    }
}

impl WasmFunc<Engine> for Func {
    fn new<T>(
        mut ctx: impl AsContextMut<Engine, UserState = T>,
        ty: FuncType,
        func: impl 'static
        + Send
        + Sync
        + Fn(StoreContextMut<'_, T>, &[Value<Engine>], &mut [Value<Engine>]) -> Result<()>,
    ) -> Self {
        let ctx = ctx.as_context_mut();
        let prova_type = func_type_to_prova(ctx.engine.prova(), &ty);
        let ask = |_: prova::Caller<'_, _>, args: &[Val], _: &mut [Val]| {
            Err(Error::new(Asked(args.to_vec())))
        };
        let made = prova::Func::new(ctx.prova, prova_type, ask);
        ctx.host.funcs.insert(made, HostFunc { ty, call: Arc::new(func) });
        Func::of_prova(ctx.host.key, made)
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> FuncType {
        func_type_shown(&self.0.handle().ty(ctx.as_context().prova))
    }

    fn call<T>(
        &self,
        mut ctx: impl AsContextMut<Engine>,
        args: &[Value<Engine>],
        results: &mut [Value<Engine>],
    ) -> Result<()> {
        let mut ctx = ctx.as_context_mut();
        let func = self.of(ctx.key())?;
        ctx.call(func, args, results)
    }
}

impl<T> StoreContextMut<'_, T> {
    /// Calls a function of this store.
    pub(crate) fn call(
        &mut self,
        func: prova::Func,
        args: &[Value<Engine>],
        results: &mut [Value<Engine>],
    ) -> Result<()> {
        let Some(host) = self.host.funcs.get(&func).cloned() else {
            return self.call_wasm(func, args, results);
        };
        expect_types(args, host.ty.params(), "argument")?;
        if results.len() != host.ty.results().len() {
            bail!("expected {} results, got {}", host.ty.results().len(), results.len());
        }
        let given = self.call_host(&host, args)?;
        results.clone_from_slice(&given);
        Ok(())
    }

    fn call_wasm(
        &mut self,
        func: prova::Func,
        args: &[Value<Engine>],
        results: &mut [Value<Engine>],
    ) -> Result<()> {
        if self.depth >= CALLS_NESTED_MAX {
            let nested = format!("{CALLS_NESTED_MAX} calls from the host are active");
            return Err(Error::new(Trap::StackOverflow).context(nested));
        }
        let key = self.key();
        let args = values_to_prova(args, key)?;
        let mut vals = vec![Val::I32(0); results.len()];
        let mut call = func.call_resumable(&mut self.prova, &args, &mut vals)?;
        loop {
            match call {
                ResumableCall::Finished => break,
                ResumableCall::HostTrap(asked) => {
                    call = match self.answer(&asked) {
                        Ok(given) => asked.resume(&mut self.prova, &given, &mut vals)?,
                        // The code around may catch it.
                        Err(error) if error.is::<ThrownException>() => {
                            asked.resume_with_error(&mut self.prova, error, &mut vals)?
                        }
                        Err(error) => return Err(error),
                    };
                }
                ResumableCall::OutOfFuel(_) => return Err(Error::new(Trap::OutOfFuel)),
                _ => bail!("a call was suspended by something else than a host function"),
            }
        }
        for (result, val) in results.iter_mut().zip(vals) {
            *result = value_of(val, key)?;
        }
        Ok(())
    }

    /// The results of the host function that suspended a call.
    fn answer(&mut self, asked: &ResumableCallHostTrap) -> Result<Vec<Val>> {
        // Both are there by invariant 3.
        let host = self.host.funcs.get(&asked.host_func()).cloned();
        let host = host.context("a host function that the layer did not make was called")?;
        let Some(Asked(args)) = asked.host_error().downcast_ref() else {
            bail!("a host function failed by itself: {:#}", asked.host_error());
        };
        let key = self.key();
        let args = args.iter().map(|&arg| value_of(arg, key)).collect::<Result<Vec<_>>>()?;
        values_to_prova(&self.call_host(&host, &args)?, key)
    }

    /// The results of a host function, of its result types.
    fn call_host(
        &mut self,
        host: &HostFunc<T>,
        args: &[Value<Engine>],
    ) -> Result<Vec<Value<Engine>>> {
        let types = host.ty.results();
        let mut results: Vec<_> = types.iter().map(|&ty| zero(ty)).collect();
        let ctx = StoreContextMut {
            engine: self.engine,
            prova: self.prova.as_context_mut(),
            host: self.host,
            depth: self.depth.saturating_add(1),
        };
        (host.call)(ctx, args, &mut results)?;
        expect_types(&results, types, "result")?;
        for result in &results {
            value_to_prova(result, self.host.key)?;
        }
        Ok(results)
    }
}
