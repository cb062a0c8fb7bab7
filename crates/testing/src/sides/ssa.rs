//! The SSA interpreter as a tier: every function is built, verified, printed and parsed before it
//! runs.
//!
//! ```text
//! Store ─ Executor for Ssa ─► build ─ verify ─ print ─ parse (== built) ─┬─► interpret over StoreWorld ─► results | Trap
//!                                         check ─ passes, each checked ◄─┘ (if there are any)
//! ```
//!
//! So every run here also tests the rules of bodies: a body that is refused, or that its text does
//! not give back, ends the call as a bug of ours.
//!
//! Limits: as the reference tier, it answers a host function that suspends with a trap.

use super::world::{StoreWorld, read, write};
use prova_module::{FuncIdx, Module};
use prova_optimize::{Pass, optimize};
use prova_runtime::{
    Cell, Executor, ExecutorKind, FuncAddr, FuncKind, Search, Store, TraceFrame, Trap,
};
use prova_ssa::interpret::{Code, Stopped, interpret};
use prova_ssa::{Body, CheckedBody, build, parse, print, renumber, verify};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A fault to plant: what becomes of the text of a body before it runs.
pub type Plant = fn(&str) -> String;

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

    /// As the runtime wants it, over bodies that passes have made; one that is refused ends the
    /// call as a bug of ours.
    pub fn passed(passes: &'static [Pass]) -> ExecutorKind {
        let cache = Cache { passes, ..Cache::default() };
        ExecutorKind::External(Arc::new(Ssa { cache }))
    }

    /// The same with a body in the place of a function's own, in whichever module has a function of
    /// this index.
    pub fn with_body(func: FuncIdx, body: Body) -> ExecutorKind {
        let cache = Cache { own: Some((func, body)), ..Cache::default() };
        ExecutorKind::External(Arc::new(Ssa { cache }))
    }

    /// The same with a fault: each body runs as its text after an edit.
    pub fn planted(plant: Plant) -> ExecutorKind {
        let cache = Cache { plant: Some(plant), ..Cache::default() };
        ExecutorKind::External(Arc::new(Ssa { cache }))
    }
}

/// The bodies built so far, by the place of their modules; each keeps its module.
#[derive(Default)]
pub(super) struct Cache {
    passes: &'static [Pass],
    plant: Option<Plant>,
    own: Option<(FuncIdx, Body)>,
    known: Mutex<HashMap<(usize, FuncIdx), Arc<Code>>>,
}

impl Cache {
    pub(super) fn code(
        &self,
        module: &Module,
        func: FuncIdx,
        metering: prova_runtime::Metering,
    ) -> Result<Arc<Code>, String> {
        let key = (module.bytes().as_ptr().addr(), func);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(code) = known {
            return Ok(code);
        }
        let metering =
            prova_ssa::Metering { fuel: metering.has_fuel(), epoch: metering.has_epoch() };
        let own = self.own.as_ref().filter(|(of, _)| *of == func);
        let mut body = match own {
            Some((_, body)) => body.clone(),
            None => sound(module, func, metering)?,
        };
        if !self.passes.is_empty() {
            body = passed(module, body, self.passes)?;
        }
        if let Some(plant) = self.plant {
            let text = renumber(&plant(&print(&body)));
            body = parse(&text).map_err(|error| format!("{func}: {error}\n{text}"))?;
        }
        let charge_bytes = module.facts(func).map_or(0, |facts| facts.charge_bytes());
        let code = Arc::new(Code { body, module: module.clone(), charge_bytes });
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&code));
        Ok(code)
    }
}

/// Builds a body and checks all rules of bodies.
///
/// # Errors
/// The fault of the body.
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

/// Proves a body and the output of passes for it.
///
/// # Errors
/// The refusal.
pub fn passed(module: &Module, body: Body, passes: &[Pass]) -> Result<Body, String> {
    let text = print(&body);
    let checked = CheckedBody::check(module, body).map_err(|error| format!("{error}\n{text}"))?;
    let (body, refused) = optimize(checked, passes);
    match refused.first() {
        None => Ok(body.into_body()),
        Some(refused) => Err(format!("{refused}\n{text}")),
    }
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
