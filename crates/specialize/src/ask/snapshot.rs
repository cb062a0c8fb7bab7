//! A module and its initialiser → the module as it is once the initialiser has run.
//!
//! ```text
//! Module ─ instrument: everything is exported ─► bytes ─ Snapshot (an engine's) ─► State ─ bake ─►
//! Module
//! ```
//!
//! The engine is behind the trait [`Snapshot`]. A snapshot keeps the module's memories and mutable
//! globals. Nothing else may change while the initialiser runs: a module that could change a table
//! or an object, drop a segment, or share a memory is refused.
//!
//! The names are Wizer's. The initialiser is exported as `wizer-initialize`; the result does not
//! export it unless the caller keeps it. The export `wizer.resume` is renamed to `_start`.
//!
//! * Z1. Functions run in this order, each once: the start function, a WASI reactor's
//!   `_initialize`, the initialiser. The first two run for every initialiser, kept or not.
//! * Z2. The result has neither a start function nor an export `_initialize`. A host would call
//!   them in each instance, over the state that the initialiser has made. Other export names of
//!   these functions stay.
//! * Z3. An active segment becomes an empty one and keeps its number, as it is written once and
//!   then dropped. A passive segment stays as it is.
//!
//! Limits: all memories together have at most 1 GiB. The snapshot takes at most half of the data
//! segments that the limits leave beside the module's own; the other half is for requests. The
//! memories share it evenly. A memory with more parts than its share is written with the zeros
//! between near parts.

use super::error::Error;
use super::image::BYTES_MAX;
use prova_emit::linked;
use prova_module::{DataMode, Limits, MemoryIdx, MemoryType, Module, Opcode, RefKind, ValType};
use prova_rewrite::{Customs, Edit, Segment, Size, apply};
use wasm_encoder::{ConstExpr, ExportKind, SectionId};

/// The name of the initialiser's export, if the caller names none.
pub const INITIALIZER: &str = "wizer-initialize";
/// The name of the initialiser's export in Wizer's older header.
pub const INITIALIZER_BEFORE: &str = "wizer.initialize";
/// The export by which a WASI reactor is initialised.
pub const REACTOR: &str = "_initialize";
/// The export that becomes `_start`.
pub const RESUME: &str = "wizer.resume";
/// The export of the start function in the module that a [`Snapshot`] runs, which has none.
pub const START: &str = "prova:start";
/// Start of the name by which the module that a [`Snapshot`] runs exports a memory; the memory's
/// index follows.
pub const MEMORY: &str = "prova:memory:";
/// Start of the name by which the module that a [`Snapshot`] runs exports a global; the global's
/// index follows.
pub const GLOBAL: &str = "prova:global:";

/// Why a state is refused that has more than [`BYTES_MAX`] bytes.
pub const TOO_LARGE: &str = "its memories have more than 1 GiB afterwards";

/// The state of a module behind its initialiser.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// All bytes of the memories that were asked for, in their order.
    pub memories: Vec<Vec<u8>>,
    /// The bits of the globals that were asked for, in their order.
    pub globals: Vec<u128>,
}

/// An engine that can run an initialiser.
pub trait Snapshot {
    /// Instantiates a module, calls exports without parameters and results in their order, and
    /// reads the named memories and globals.
    ///
    /// # Errors
    /// Why it could not.
    fn run(
        &mut self,
        wasm: &[u8],
        calls: &[&str],
        memories: &[String],
        globals: &[String],
    ) -> Result<State, String>;
}

/// How a message names a function that is called: the module itself does not export [`START`].
pub fn called(name: &str) -> String {
    if name == START { "the start function".to_owned() } else { format!("`{name}`") }
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
    let names = |start: &str, all: &[u32]| -> Vec<String> {
        all.iter().map(|at| format!("{start}{at}")).collect()
    };
    let memories: Vec<u32> = (0..module.memories().len() as u32).collect();
    let (memories, globals) = (names(MEMORY, &memories), names(GLOBAL, &kept));
    let open = edited(module, &open(module, &kept))?;
    let state = engine.run(&open, &calls, &memories, &globals).map_err(Error::Snapshot)?;
    if state.globals.len() != kept.len() || state.memories.len() != memories.len() {
        return Err(Error::Snapshot("a state that does not fit the module".to_owned()));
    }
    if state.memories.iter().map(|memory| memory.len() as u64).sum::<u64>() > BYTES_MAX {
        return Err(Error::Snapshot(TOO_LARGE.to_owned()));
    }
    let gone: Vec<&str> = Some(init).filter(|_| !keep).into_iter().chain([REACTOR]).collect();
    let own = module.data().len() as u64;
    let most = limits.data_segments.saturating_sub(own) as usize / 2;
    let mut edit = started(module, &state.memories, most, &gone);
    for (at, bits) in kept.into_iter().zip(state.globals) {
        edit.global_values.insert(at, value(module.globals()[at as usize].val, bits));
    }
    let bytes = edited(module, &edit)?;
    Module::decode(bytes, module.features(), limits)
        .map_err(|error| Error::Output(error.to_string()))
}

/// The exports that are called, in their order (Z1): the start function, if there is one; a
/// reactor's `_initialize`, if that is another function than the initialiser; the initialiser.
fn calls<'n>(module: &Module, init: &'n str) -> Result<Vec<&'n str>, Error> {
    let func = |name: &str| module.export(name).and_then(|export| export.func());
    let Some(own) = func(init) else {
        return Err(Error::Snapshot(format!("there is no exported function `{init}`")));
    };
    let reactor = func(REACTOR).filter(|&reactor| reactor != own);
    let all = reactor.map(|func| (REACTOR, func)).into_iter().chain([(init, own)]);
    let exported = all.map(|(name, func)| {
        let ty = module.func_type(func);
        match ty.params.is_empty() && ty.results.is_empty() {
            true => Ok(name),
            false => Err(Error::Snapshot(format!("`{name}` has parameters or results"))),
        }
    });
    module.start().map(|_| Ok(START)).into_iter().chain(exported).collect()
}

/// Refuses a module whose initialiser may change state that a snapshot does not keep.
fn accept(module: &Module) -> Result<(), Error> {
    let unsupported = |what: &str| Err(Error::Unsupported(format!("a snapshot of {what}")));
    let imports = module.imported_memory_count()
        + module.imported_table_count()
        + module.imported_global_count();
    if imports > 0 {
        return unsupported("a module that imports a memory, table or global");
    }
    if module.memories().iter().any(|memory| memory.shared) {
        return unsupported("a module with a shared memory");
    }
    let is_ref = |ty: ValType| matches!(ty, ValType::Ref(_));
    if module.globals().iter().any(|global| global.mutable && is_ref(global.val)) {
        return unsupported("a mutable global that is a reference");
    }
    // Objects that outlive the initialiser are reached from globals and tables.
    let globals = module.globals().iter().filter_map(|global| match global.val {
        ValType::Ref(ty) => Some(ty),
        _number => None,
    });
    let mut refs = globals.chain(module.tables().iter().map(|table| table.ref_type));
    let keeps_objects = refs.any(|ty| module.types().ref_kind(ty) != RefKind::Func);
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
            let writes = matches!(
                opcode,
                Opcode::StructSet
                    | Opcode::ArraySet
                    | Opcode::ArrayFill
                    | Opcode::ArrayCopy
                    | Opcode::ArrayInitData
                    | Opcode::ArrayInitElem
            );
            if changes || keeps_objects && writes {
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

/// Exports the memories, these globals, and the start function instead of declaring it.
fn open(module: &Module, globals: &[u32]) -> Edit<'static> {
    let without = vec![SectionId::Start];
    let mut edit = Edit { customs: Customs::All, without, ..Edit::default() };
    let start = module.start().map(|func| (START.to_owned(), ExportKind::Func, func.0));
    let memories = (0..module.memories().len() as u32)
        .map(|at| (format!("{MEMORY}{at}"), ExportKind::Memory, at));
    let globals = globals.iter().map(|at| (format!("{GLOBAL}{at}"), ExportKind::Global, *at));
    edit.exports = start.into_iter().chain(memories).chain(globals).collect();
    edit
}

/// Lets a module start with these memories, of which at most `most` parts are written, without
/// exports that are gone and without a start function (Z2, Z3).
fn started<'e>(module: &Module, memories: &'e [Vec<u8>], most: usize, gone: &[&str]) -> Edit<'e> {
    let without = vec![SectionId::Start];
    let mut edit = Edit { customs: Customs::All, without, ..Edit::default() };
    let called = gone.iter().filter(|name| module.export(name).is_some_and(|e| e.func().is_some()));
    edit.export_names = called.map(|name| ((*name).to_owned(), None)).collect();
    if module.export(RESUME).is_some() {
        for (name, new) in [("_start", None), (RESUME, Some("_start".to_owned()))] {
            if module.export(name).is_some() {
                edit.export_names.entry(name.to_owned()).or_insert(new);
            }
        }
    }
    for (at, data) in (0..).zip(module.data()) {
        if let DataMode::Active { memory, .. } = data.mode
            && let Some(ty) = module.memory(memory)
        {
            edit.data_changed.insert(at, Segment::active(memory.0, address(ty, 0), &[]));
        }
    }
    let share = most / memories.len().max(1);
    for (at, memory) in (0..).zip(memories) {
        let Some(ty) = module.memory(MemoryIdx(at)) else { continue };
        let min = ty.min.max(memory.len() as u64 >> ty.page_size_log2);
        edit.memory_sizes.insert(at, Size { min, max: ty.max });
        for (from, to) in runs(memory, share) {
            edit.data.push(Segment::active(at, address(ty, from), &memory[from..to]));
        }
    }
    edit
}

/// An address of a memory as an expression.
fn address(ty: &MemoryType, at: usize) -> ConstExpr {
    if ty.memory64 { ConstExpr::i64_const(at as i64) } else { ConstExpr::i32_const(at as i32) }
}

/// A global's value as an expression.
fn value(ty: ValType, bits: u128) -> ConstExpr {
    match ty {
        ValType::I32 => ConstExpr::i32_const(bits as i32),
        ValType::I64 => ConstExpr::i64_const(bits as i64),
        ValType::F32 => ConstExpr::f32_const(f32::from_bits(bits as u32).into()),
        ValType::F64 => ConstExpr::f64_const(f64::from_bits(bits as u64).into()),
        // No reference is kept (`accept`).
        ValType::V128 | ValType::Ref(_) => ConstExpr::v128_const(bits as i128),
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
