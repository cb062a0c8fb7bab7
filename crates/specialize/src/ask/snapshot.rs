//! A module and its initialiser → the module as it is once the initialiser has run.
//!
//! ```text
//! Module ─ instrument: everything is exported ─► bytes ─ Snapshot (an engine's) ─► State ─ bake ─►
//! Module
//! ```
//!
//! The engine is behind the trait [`Snapshot`]. A snapshot keeps memory 0 and the mutable globals.
//! Nothing else may change while the initialiser runs, so a module is refused if it could change a
//! table or drop a segment, or has another memory.
//!
//! The names are Wizer's. The initialiser is exported as `wizer-initialize`; the result does not
//! export it unless the caller keeps it. The export `wizer.resume` is renamed to `_start`.
//!
//! * Z1. For every initialiser, kept or not, a WASI reactor's `_initialize` runs first, once, and
//!   is exported no longer. A host calls it in each instance, and would run constructors over the
//!   state that the initialiser has made. Other export names of that function stay.
//!
//! Limits: memory 0 has at most 1 GiB. The snapshot takes at most half of the data segments that
//! the limits leave beside the module's own; the other half is for requests. A memory with more
//! parts than that is written with the zeros between near parts.

use super::error::Error;
use super::image::BYTES_MAX;
use prova_emit::linked;
use prova_module::{DataMode, Limits, MemoryIdx, Module, Opcode, ValType};
use prova_rewrite::{Customs, Edit, Segment, Size, apply};
use wasm_encoder::{ConstExpr, ExportKind};

/// The name of the initialiser's export, if the caller names none.
pub const INITIALIZER: &str = "wizer-initialize";
/// The name of the initialiser's export in Wizer's older header.
pub const INITIALIZER_BEFORE: &str = "wizer.initialize";
/// The export by which a WASI reactor is initialised.
pub const REACTOR: &str = "_initialize";
/// The export that becomes `_start`.
pub const RESUME: &str = "wizer.resume";
/// The export of memory 0 in the module that a [`Snapshot`] runs.
pub const MEMORY: &str = "prova:memory";
/// Start of the name by which the module that a [`Snapshot`] runs exports a global; the global's
/// index follows.
pub const GLOBAL: &str = "prova:global:";

/// The state of a module behind its initialiser.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// All bytes of the memory exported as [`MEMORY`].
    pub memory: Vec<u8>,
    /// The bits of the globals that were asked for, in their order.
    pub globals: Vec<u64>,
}

/// An engine that can run an initialiser.
pub trait Snapshot {
    /// Instantiates a module, calls exports without parameters and results in their order, and
    /// reads memory and the named globals.
    ///
    /// # Errors
    /// Why it could not.
    fn run(&mut self, wasm: &[u8], calls: &[&str], globals: &[String]) -> Result<State, String>;
}

/// The module once its initialiser has run, which stays exported if it is to be kept.
///
/// # Errors
/// If it has none, if running it fails, or if it may change what is not kept.
pub fn initialized(
    module: &Module,
    init: &str,
    keep: bool,
    engine: &mut dyn Snapshot,
    limits: &Limits,
) -> Result<Module, Error> {
    linked(module)?;
    let calls = calls(module, init)?;
    accept(module)?;
    let kept: Vec<u32> = (0..module.globals().len() as u32)
        .filter(|&at| module.globals()[at as usize].mutable)
        .collect();
    let names: Vec<String> = kept.iter().map(|at| format!("{GLOBAL}{at}")).collect();
    let open = edited(module, &open(&kept))?;
    let state = engine.run(&open, &calls, &names).map_err(Error::Snapshot)?;
    if state.globals.len() != kept.len() || state.memory.len() as u64 > BYTES_MAX {
        return Err(Error::Snapshot("a state that does not fit the module".to_owned()));
    }
    let gone: Vec<&str> = Some(init).filter(|_| !keep).into_iter().chain([REACTOR]).collect();
    let own = module.data().len() as u64;
    let most = limits.data_segments.saturating_sub(own) / 2;
    let runs = runs(&state.memory, most.max(1) as usize);
    let mut edit = started(module, &state.memory, &runs, &gone);
    for (at, bits) in kept.into_iter().zip(state.globals) {
        edit.global_values.insert(at, value(module.globals()[at as usize].val, bits));
    }
    let bytes = edited(module, &edit)?;
    Module::decode(bytes, module.features(), limits)
        .map_err(|error| Error::Output(error.to_string()))
}

/// The exports that are called, in their order: a reactor's `_initialize`, if there is one that is
/// another function than the initialiser, and the initialiser (Z1).
fn calls<'n>(module: &Module, init: &'n str) -> Result<Vec<&'n str>, Error> {
    let func = |name: &str| module.export(name).and_then(|export| export.func());
    let Some(own) = func(init) else {
        return Err(Error::Snapshot(format!("there is no exported function `{init}`")));
    };
    let reactor = func(REACTOR).filter(|&reactor| reactor != own);
    let all = reactor.map(|func| (REACTOR, func)).into_iter().chain([(init, own)]);
    all.map(|(name, func)| {
        let ty = module.func_type(func);
        match ty.params.is_empty() && ty.results.is_empty() {
            true => Ok(name),
            false => Err(Error::Snapshot(format!("`{name}` has parameters or results"))),
        }
    })
    .collect()
}

/// Refuses a module whose initialiser may change state that a snapshot does not keep.
fn accept(module: &Module) -> Result<(), Error> {
    let unsupported = |what: &str| Err(Error::Unsupported(format!("a snapshot of {what}")));
    let memory = module.memory(MemoryIdx(0));
    let plain = memory.is_some_and(|memory| !memory.memory64 && memory.page_size_log2 == 16);
    if module.memories().len() != 1 || module.imported_memory_count() > 0 || !plain {
        return unsupported("a module without one 32-bit memory of its own");
    }
    if module.imported_table_count() > 0 || module.imported_global_count() > 0 {
        return unsupported("a module that imports a table or global");
    }
    if module.start().is_some() || module.data().is_empty() {
        return unsupported("a module with a start function, or without data");
    }
    for global in module.globals().iter().filter(|global| global.mutable) {
        if matches!(global.val, ValType::Ref(_) | ValType::V128) {
            return unsupported("a mutable global that is a reference or vector");
        }
    }
    for func in module.defined_funcs() {
        let mut reader = match module.body(func) {
            Some(body) => body.operators(),
            None => continue,
        };
        while let Ok(operator) = reader.read() {
            let opcode = Opcode::of(&operator);
            let changes = matches!(
                opcode,
                Opcode::TableSet
                    | Opcode::TableGrow
                    | Opcode::TableFill
                    | Opcode::TableCopy
                    | Opcode::TableInit
                    | Opcode::DataDrop
                    | Opcode::ElemDrop
            );
            if changes {
                return unsupported(&format!("a module with `{}`", opcode.mnemonic()));
            }
        }
    }
    Ok(())
}

fn edited(module: &Module, edit: &Edit<'_>) -> Result<Vec<u8>, Error> {
    let edited = apply(module.bytes(), edit);
    Ok(edited.map_err(|error| Error::Unsupported(error.to_string()))?.bytes)
}

/// Exports memory 0 and these globals.
fn open(globals: &[u32]) -> Edit<'static> {
    let mut edit = Edit { customs: Customs::All, ..Edit::default() };
    edit.exports.push((MEMORY.to_owned(), ExportKind::Memory, 0));
    let exports = globals.iter().map(|at| (format!("{GLOBAL}{at}"), ExportKind::Global, *at));
    edit.exports.extend(exports);
    edit
}

/// Lets a module start with a memory, of which these parts are written, and without exports that
/// are gone.
fn started<'e>(
    module: &Module,
    memory: &'e [u8],
    runs: &[(usize, usize)],
    gone: &[&str],
) -> Edit<'e> {
    let mut edit = Edit { customs: Customs::All, ..Edit::default() };
    let called = gone.iter().filter(|name| module.export(name).is_some_and(|e| e.func().is_some()));
    edit.export_names = called.map(|name| ((*name).to_owned(), None)).collect();
    if module.export(RESUME).is_some() {
        for (name, new) in [("_start", None), (RESUME, Some("_start".to_owned()))] {
            if module.export(name).is_some() {
                edit.export_names.entry(name.to_owned()).or_insert(new);
            }
        }
    }
    if let Some(ty) = module.memory(MemoryIdx(0)) {
        let min = ty.min.max((memory.len() >> 16) as u64);
        edit.memory_sizes.insert(0, Size { min, max: ty.max });
    }
    // A segment keeps its number; it was written once and is dropped.
    let all = (0..).zip(module.data());
    let active = all.filter(|(_, data)| matches!(data.mode, DataMode::Active { .. }));
    let nothing = || Segment::active(0, ConstExpr::i32_const(0), &[]);
    edit.data_changed = active.map(|(at, _)| (at, nothing())).collect();
    let parts = runs.iter().map(|&(from, to)| {
        Segment::active(0, ConstExpr::i32_const(from as i32), &memory[from..to])
    });
    edit.data = parts.collect();
    edit
}

/// A global's value as an expression.
fn value(ty: ValType, bits: u64) -> ConstExpr {
    match ty {
        ValType::I32 => ConstExpr::i32_const(bits as i32),
        ValType::I64 => ConstExpr::i64_const(bits as i64),
        ValType::F32 => ConstExpr::f32_const(f32::from_bits(bits as u32).into()),
        ValType::F64 | ValType::V128 | ValType::Ref(_) => {
            ConstExpr::f64_const(f64::from_bits(bits).into())
        }
    }
}

/// The least run of zeros that ends a data segment.
const ZEROS: usize = 32;

/// The parts of a memory that are not zero, as byte offsets: at most `most`, or 1 if that is 0.
/// Parts with fewer than [`ZEROS`] zeros between them are joined. While there are too many, that
/// number is doubled.
fn runs(memory: &[u8], most: usize) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let (mut at, mut zeros) = (0, ZEROS);
    while let Some(skip) = memory[at..].iter().position(|&byte| byte != 0) {
        let from = at + skip;
        let len = memory[from..].iter().position(|&byte| byte == 0);
        let to = len.map_or(memory.len(), |len| from + len);
        match runs.last_mut() {
            Some(last) if from - last.1 < zeros => last.1 = to,
            _ => runs.push((from, to)),
        }
        while runs.len() > most.max(1) {
            zeros *= 2;
            runs.dedup_by(|next, last| {
                let is_near = next.0 - last.1 < zeros;
                if is_near {
                    last.1 = next.1;
                }
                is_near
            });
        }
        at = to;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_until_they_are_few() {
        let mut memory = vec![0; 1 << 16];
        for at in (0..256).map(|at| at * 200 + at % 3 * 20) {
            memory[at..at + 4].fill(7);
        }
        let few = |most: usize| {
            let runs = runs(&memory, most);
            let mut left = memory.clone();
            runs.iter().for_each(|&(from, to)| left[from..to].fill(0));
            assert!(left.iter().all(|&byte| byte == 0), "a byte is lost");
            assert!(runs.is_sorted() && runs.windows(2).all(|two| two[0].1 < two[1].0));
            runs.len()
        };
        assert_eq!(few(256), 256);
        assert!(few(255) <= 255 && few(3) <= 3);
        assert_eq!(few(1), 1);
        assert_eq!(runs(&[0; 64], 1), []);
    }
}
