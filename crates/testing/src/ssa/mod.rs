//! The SSA interpreter as a tier: every function is built, verified, printed and parsed before it
//! runs.
//!
//! ```text
//! Store ─ Executor for Ssa ─► build ─ verify ─ print ─ parse (== built) ─► interpret over StoreWorld ─► results | Trap
//! ```
//!
//! So whatever runs here also holds what bodies owe: a body that is refused, or that its text does
//! not give back, ends the call as a bug of ours.
//!
//! Limits: as the reference tier, it answers a host function that suspends with a trap.

mod world;

use prova_module::{FuncIdx, Module};
use prova_runtime::{
    Cell, Executor, ExecutorKind, FuncAddr, FuncKind, Search, Store, TraceFrame, Trap,
};
use prova_ssa::interpret::{Code, Stopped, interpret};
use prova_ssa::{Body, build, parse, print, verify};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use world::{StoreWorld, read, write};

/// The SSA interpreter, as the executor of a store.
#[derive(Default)]
pub struct Ssa {
    cache: Cache,
}

impl Ssa {
    /// As the runtime wants it.
    pub fn executor() -> ExecutorKind {
        ExecutorKind::External(Arc::new(Ssa::default()))
    }
}

/// The bodies built so far, by the place of their modules; each keeps its module.
#[derive(Default)]
struct Cache(Mutex<HashMap<(usize, FuncIdx), Arc<Code>>>);

impl Cache {
    fn code(
        &self,
        module: &Module,
        func: FuncIdx,
        metering: prova_runtime::Metering,
    ) -> Result<Arc<Code>, String> {
        let key = (module.bytes().as_ptr().addr(), func);
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(code) = known {
            return Ok(code);
        }
        let metering =
            prova_ssa::Metering { fuel: metering.has_fuel(), epoch: metering.has_epoch() };
        let body = sound(module, func, metering)?;
        let charge_bytes = module.facts(func).map_or(0, |facts| facts.charge_bytes());
        let code = Arc::new(Code { body, module: module.clone(), charge_bytes });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&code));
        Ok(code)
    }
}

/// Builds a body and asks of it all that bodies owe.
///
/// # Errors
/// What is wrong with it.
pub fn sound(
    module: &Module,
    func: FuncIdx,
    metering: prova_ssa::Metering,
) -> Result<Body, String> {
    let body = build(module, func, metering).map_err(|error| error.to_string())?;
    verify(module, &body).map_err(|error| format!("{func}: {error}"))?;
    let text = print(&body);
    let parsed = parse(&text).map_err(|error| format!("{func}: {error}\n{text}"))?;
    if parsed != body {
        return Err(format!("{func}: its text is another body\n{text}"));
    }
    Ok(parsed)
}

impl Executor for Ssa {
    fn call(
        &self,
        store: &mut Store,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap> {
        let FuncKind::Wasm { .. } = store.func_kind(func) else {
            return Err(Trap::bug("the SSA interpreter was asked to execute a host function"));
        };
        let ty = store.func_type(func).clone();
        let args = read(&ty.params, args);
        let mut world = StoreWorld { store, data, cache: &self.cache, search: Search::new() };
        match interpret(&mut world, func, &args) {
            Ok(values) => {
                let cells = write(&ty.results, &values);
                if cells.len() != results.len() {
                    return Err(Trap::bug("another number of results than the type says"));
                }
                results.copy_from_slice(&cells);
                Ok(())
            }
            Err(Stopped { error, frames }) => {
                let mut trap = *error;
                for frame in frames {
                    let offset = Some(frame.offset);
                    let (instance, module, func) = (frame.instance, frame.module, frame.func);
                    trap.push_frame(TraceFrame { instance, module, func, offset });
                }
                Err(trap)
            }
        }
    }
}
