//! An accepted version of one function against the honest one: the same calls, everything that can
//! be observed compared.

use crate::generate::{Rng, biased};
use crate::sides::attach::Translation;
use crate::sides::compare;
use crate::sides::host::{Host, imports};
use crate::sides::run::{Record, call, limited, observe};
use prova_bytecode::CheckedBytecode;
use prova_module::{FuncIdx, Module, ValType};
use prova_runtime::{
    Attach, AttachError, Attached, Cell, Dispatch, ExecutorKind, Limits, Settings, Store,
    StoreConfig,
};
use std::sync::Arc;

/// Calls of a survivor.
const CALLS: usize = 6;

/// The fuel of a call; both versions must run out of it alike.
const FUEL: u64 = 200_000;

/// The honest translation of all functions but one.
struct Edited {
    honest: Translation,
    code: Arc<CheckedBytecode>,
}

impl Attach for Edited {
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError> {
        if func == self.code.func() {
            Ok(Attached::Bytecode(Arc::clone(&self.code)))
        } else {
            self.honest.attach(module, func)
        }
    }
}

/// The first difference of some calls of the function of `code`.
///
/// # Errors
/// If nothing could be run, the reason.
pub(super) fn difference(
    rng: &mut Rng,
    module: &Module,
    settings: Settings,
    code: &Arc<CheckedBytecode>,
) -> Result<Option<String>, String> {
    let params = &module.func_type(code.func()).params;
    let calls: Vec<Vec<Cell>> = (0..CALLS).map(|_| arguments(rng, params)).collect();
    let edited = Edited { honest: Translation::new(settings), code: Arc::clone(code) };
    let run = |attach| record(module, settings, code.func(), &calls, attach);
    let honest = run(Arc::new(Translation::new(settings)))?;
    let edited = run(Arc::new(edited))?;
    Ok(compare::difference(&honest, &edited).map(|what| format!("{what}; calls {calls:x?}")))
}

fn arguments(rng: &mut Rng, params: &[ValType]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for ty in params {
        let number = if rng.percent(60) { rng.below(9) as u64 } else { rng.bits() };
        match ty {
            ValType::I32 | ValType::F32 => cells.push(number & 0xffff_ffff),
            ValType::I64 | ValType::F64 => cells.push(number),
            ValType::V128 => cells.extend([number, rng.bits()]),
            ValType::Ref(_) => cells.push(0),
        }
    }
    cells
}

/// The record of calls of a function, with memories, tables and globals after each call.
fn record(
    module: &Module,
    settings: Settings,
    func: FuncIdx,
    calls: &[Vec<Cell>],
    attach: Arc<dyn Attach>,
) -> Result<Record, String> {
    let mut store = Store::new(StoreConfig {
        executor: ExecutorKind::Interpreter(Dispatch::Match),
        limits: Limits { memory_bytes_max: 64 << 20, ..Limits::default() },
        ..limited(settings)
    });
    let imports = imports(&mut store, module, Host::Growing);
    store.set_fuel(biased::FUEL);
    let instance = store.instantiate(&mut (), module, &imports, attach);
    let instance = instance.map_err(|error| error.to_string())?;
    let addr = store.instance(instance).func_addr(func);
    let mut record = Record::default();
    for args in calls {
        store.set_fuel(FUEL);
        let outcome = call(&mut store, addr, args);
        record.calls.push((outcome, Some(store.fuel())));
        record.state.extend(observe(&store, instance));
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::module_of_text;
    use prova_translate::Translator;

    /// Code of another module's function, in the place of an accepted edit: the run sees it.
    #[test]
    fn a_run_sees_other_code() {
        let module = |body: &str| {
            let text = format!("(module (memory 1) (func (param i32) (result i32) {body}))");
            module_of_text(&text).expect("it is a module")
        };
        let settings = Settings::default();
        let code = |module: &Module| {
            let candidate = Translator::new().translate(module, FuncIdx(0), &settings);
            let code = CheckedBytecode::check(module, &settings, candidate.expect("it is valid"));
            Arc::new(code.expect("it is honest"))
        };
        let honest = module("local.get 0");
        let found = |other: &Module| {
            difference(&mut Rng::new(1), &honest, settings, &code(other)).expect("it runs")
        };
        assert_eq!(found(&honest), None);
        for other in ["i32.const 77", "local.get 0 i32.const 8 i32.const 1 i32.store"] {
            assert!(found(&module(other)).is_some(), "{other}");
        }
    }
}
