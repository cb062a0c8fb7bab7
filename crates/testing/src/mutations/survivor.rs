//! An accepted version of one function against the honest one: the same calls, everything that can
//! be observed compared.

use crate::attach::Translation;
use crate::generate::{Rng, biased};
use crate::host::{Host, imports};
use crate::run::STACK_BYTES;
use prova_bytecode::CheckedBytecode;
use prova_module::{FuncIdx, GlobalIdx, MemoryIdx, Module, ValType};
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
    let honest =
        observe(module, settings, code.func(), &calls, Arc::new(Translation::new(settings)))?;
    let edited = observe(module, settings, code.func(), &calls, Arc::new(edited))?;
    let mut lines = honest.iter().zip(&edited).enumerate();
    Ok(lines.find(|(_, (a, b))| a != b).map(|(i, (a, b))| format!("call {i}: {a} became {b}")))
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

/// The observations of each call: how it ended with its backtrace, the fuel left, and a digest of
/// memories and globals.
fn observe(
    module: &Module,
    settings: Settings,
    func: FuncIdx,
    calls: &[Vec<Cell>],
    attach: Arc<dyn Attach>,
) -> Result<Vec<String>, String> {
    let mut store = Store::new(StoreConfig {
        settings,
        executor: ExecutorKind::Interpreter(Dispatch::Match),
        limits: Limits { memory_bytes_max: 64 << 20, ..Limits::default() },
        stack_bytes: STACK_BYTES,
        ..StoreConfig::default()
    });
    let imports = imports(&mut store, module, Host::Growing);
    store.set_fuel(biased::FUEL);
    let instance = match store.instantiate(&mut (), module, &imports, attach) {
        Ok(instance) => instance,
        Err(error) => return Err(error.to_string()),
    };
    let addr = store.instance(instance).func_addr(func);
    let mut seen = Vec::new();
    for args in calls {
        store.set_fuel(FUEL);
        let mut results = vec![0; store.func_cells(addr).1];
        let outcome = match store.call(&mut (), addr, args, &mut results) {
            Ok(()) => format!("{results:x?}"),
            Err(trap) => {
                let places: Vec<_> =
                    trap.backtrace.iter().map(|frame| (frame.func, frame.offset)).collect();
                format!("{:?} {:?} at {places:x?}", trap.kind, trap.fault)
            }
        };
        let left = store.fuel();
        let instance = store.instance(instance);
        let memories = (0..module.memories().len() as u32)
            .map(|i| digest(store.memory(instance.memory_addr(MemoryIdx(i))).data()));
        let memories: Vec<u64> = memories.collect();
        let globals = (0..module.globals().len() as u32)
            .map(|i| store.global_get(instance.global_addr(GlobalIdx(i))));
        let globals: Vec<[Cell; 2]> = globals.collect();
        seen.push(format!(
            "{args:x?} → {outcome}, fuel {left}, memories {memories:x?}, globals {globals:x?}"
        ));
    }
    Ok(seen)
}

fn digest(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(bytes.len() as u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}
