//! A module and its state at the entry of a function → a separate module that goes on from there.
//!
//! ```text
//! types, tables, tags, elements   as they are
//! imported functions              functions that give the recorded answers, one after the other
//! memories, globals               as the state has them
//! functions that are not executed `unreachable`
//! entry                           calls the function with its arguments; the one export
//! ```
//!
//! Indices stay what they are. `reduce` makes the module smaller.
//!
//! 1. The module imports nothing.
//! 2. With all of the memory, the run goes on as the one that it was taken from, as long as tables
//!    are what they were at the start and the host is called as it was.
//!
//! Limits: answers of at most [`ANSWERS_MAX`] calls; a reference among the arguments must be null;
//! segments that code names are as at the start if they are passive, and else dropped. The caller
//! decodes and validates what comes out.

use super::locate::State;
use crate::trace::{Answer, Call, Record};
use prova_core::{Result, Val, bail};
use prova_module::{DataMode, ExternType, FuncIdx, FuncType, Module, ValType};
use prova_reduce::find::symbol;
use prova_rewrite::{Edit, NewFunction, Numbers, Segment, Size, apply};
use std::collections::BTreeSet;
use wasm_encoder::{
    BlockType, ConstExpr, ExportKind, Function, GlobalType, HeapType, Ieee32, Ieee64,
    InstructionSink, NameMap, NameSection, SectionId,
};

/// The export of the frozen module.
pub const ENTRY: &str = "entry";
/// Most calls of the host whose answers are written into a module.
pub(super) const ANSWERS_MAX: u64 = 1000;
/// Bytes that are the same stand together in one segment, with gaps of zeros up to this many.
const GAP: usize = 16;
/// Memory is kept in pieces of this number of bytes, aligned.
pub(super) const PIECE: u64 = 8;

/// The functions and memory that runs of the frozen module have used.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    /// Functions that were executed.
    pub(super) funcs: BTreeSet<u32>,
    /// Memories and numbers of pieces that were read.
    pub(super) pieces: BTreeSet<(u32, u64)>,
}

/// Writes the module; with `used`, without what it does not name.
///
/// # Errors
/// If the state cannot be written as a module.
pub(super) fn freeze(
    module: &Module,
    state: &State,
    used: Option<&Used>,
    record: &Record,
) -> Result<Vec<u8>> {
    if module.imports().iter().any(|import| !matches!(import.kind, ExternType::Func(_))) {
        bail!("the module imports what is no function");
    }
    if state.calls.end - state.calls.start > ANSWERS_MAX {
        bail!("the host is called more than {ANSWERS_MAX} times");
    }
    let calls = record.iter().skip(state.calls.start as usize);
    let calls = calls.take((state.calls.end - state.calls.start) as usize).collect();
    let mut writer = Writer { module, state, used, record, calls, data: Vec::new() };
    writer.module().map_err(|error| match error {
        Failed::Encoder(why) => prova_core::Error::msg(why),
        Failed::Reference => prova_core::Error::msg("a reference is among the arguments"),
    })
}

/// Why a state cannot be written.
enum Failed {
    Encoder(String),
    Reference,
}

impl From<prova_rewrite::Error> for Failed {
    fn from(error: prova_rewrite::Error) -> Failed {
        Failed::Encoder(error.to_string())
    }
}

type Outcome<T = ()> = std::result::Result<T, Failed>;

struct Writer<'s> {
    module: &'s Module,
    state: &'s State,
    used: Option<&'s Used>,
    record: &'s Record,
    calls: Vec<Call>,
    /// The bytes that the host writes, as passive segments behind the module's own.
    data: Vec<Vec<u8>>,
}

impl Writer<'_> {
    fn module(&mut self) -> Outcome<Vec<u8>> {
        let (module, state) = (self.module, self.state);
        let ty = module.func_type(FuncIdx(state.func));
        let mut edit = Edit { always: ALWAYS.into(), without: WITHOUT.into(), ..Edit::default() };
        let results = ty.results.iter().map(|ty| Numbers::default().val_type(*ty));
        let results = results.collect::<std::result::Result<Vec<_>, _>>()?;
        edit.types.push(wasm_encoder::FuncType::new([], results));
        for func in 0..module.imported_func_count() as u32 {
            edit.bodies.insert(func, self.answers(func)?.into());
        }
        for func in module.defined_funcs().map(|func| func.0) {
            let executed =
                func == state.func || self.used.is_none_or(|used| used.funcs.contains(&func));
            if !executed {
                edit.bodies.insert(func, unreachable().into());
            }
        }
        edit.functions.push(NewFunction::new(module.types().len() as u32, self.entry(ty)?));
        self.state(&mut edit);
        let exports = module.exports().iter();
        edit.export_names = exports.map(|export| (export.name.to_string(), None)).collect();
        edit.exports.push((ENTRY.to_owned(), ExportKind::Func, module.func_count() as u32));
        self.segments(&mut edit);
        let names = self.names();
        let names = names.as_custom();
        edit.added_customs.push((names.name, names.data));
        Ok(apply(module.bytes(), &edit)?.bytes)
    }

    /// The sizes of memories, and the values of globals.
    fn state(&self, edit: &mut Edit<'_>) {
        let (module, state) = (self.module, self.state);
        for (index, (ty, bytes)) in (0..).zip(module.memories().iter().zip(&state.memories)) {
            let min = bytes.len() as u64 >> ty.page_size_log2;
            edit.memory_sizes.insert(index, Size { min, max: ty.max });
        }
        for (index, (_, value)) in (0..).zip(module.globals().iter().zip(&state.globals)) {
            let value = match value {
                Val::I32(value) => ConstExpr::i32_const(*value),
                Val::I64(value) => ConstExpr::i64_const(*value),
                Val::F32(bits) => ConstExpr::f32_const(Ieee32::new(*bits)),
                Val::F64(bits) => ConstExpr::f64_const(Ieee64::new(*bits)),
                Val::V128(value) => ConstExpr::v128_const(value.as_u128() as i128),
                Val::FuncRef(_) | Val::ExternRef(_) | Val::ExnRef(_) | Val::AnyRef(_) => continue,
            };
            edit.global_values.insert(index, value);
        }
        // How often each imported function was called.
        let val_type = wasm_encoder::ValType::I32;
        let ty = GlobalType { val_type, mutable: true, shared: false };
        let counters = (0..module.imported_func_count()).map(|_| (ty, ConstExpr::i32_const(0)));
        edit.globals = counters.collect();
    }

    /// Calls the function with its arguments.
    fn entry(&self, ty: &FuncType) -> Outcome<Function> {
        let mut entry = Function::new([]);
        let mut to = entry.instructions();
        push(&mut to, &ty.params, &self.state.args)?;
        to.call(self.state.func).end();
        Ok(entry)
    }

    /// An imported function, which gives the recorded answers in their order.
    fn answers(&mut self, func: u32) -> Outcome<Function> {
        let results = self.module.func_type(FuncIdx(func)).results.clone();
        let counter = self.module.globals().len() as u32 + func;
        let memory = self.module.export("memory").map_or(0, |export| export.index);
        let mut function = Function::new([]);
        let mut to = function.instructions();
        let own: Vec<Call> =
            self.calls.iter().filter(|call| call.import == func).cloned().collect();
        for (nth, call) in (0..).zip(&own) {
            to.global_get(counter).i32_const(nth).i32_eq().if_(BlockType::Empty);
            for (start, bytes) in self.record.writes(call) {
                let segment = (self.module.data().len() + self.data.len()) as u32;
                to.i32_const(start as u32 as i32).i32_const(0).i32_const(bytes.len() as i32);
                to.memory_init(memory, segment);
                self.data.push(bytes.to_vec());
            }
            match &call.answer {
                Answer::Returned(cells) => {
                    to.i32_const(nth + 1).global_set(counter);
                    push(&mut to, &results, cells)?;
                    to.return_();
                }
                Answer::Exited(_) | Answer::Stopped(_) => {
                    to.unreachable();
                }
            }
            to.end();
        }
        to.unreachable().end();
        Ok(function)
    }

    /// The module's own segments, what the host writes, and what is in the memories.
    fn segments<'e>(&'e self, edit: &mut Edit<'e>) {
        let all = (0..).zip(self.module.data());
        let active = all.filter(|(_, data)| matches!(data.mode, DataMode::Active { .. }));
        edit.data_changed = active.map(|(index, _)| (index, Segment::passive(&[]))).collect();
        edit.data.extend(self.data.iter().map(Segment::passive));
        let memories = (0..).zip(&self.state.memories).zip(self.module.memories());
        for ((memory, bytes), ty) in memories {
            for (start, end) in self.stretches(memory, bytes) {
                let offset = match ty.memory64 {
                    true => ConstExpr::i64_const(start as i64),
                    false => ConstExpr::i32_const(start as u32 as i32),
                };
                edit.data.push(Segment::active(memory, offset, &bytes[start..end]));
            }
        }
    }

    /// The stretches of a memory that are kept and have anything but zeros.
    fn stretches(&self, memory: u32, bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut all: Vec<(usize, usize)> = Vec::new();
        for (piece, part) in (0..).zip(bytes.chunks(PIECE as usize)) {
            let kept = self.used.is_none_or(|used| used.pieces.contains(&(memory, piece)));
            if !kept || part.iter().all(|byte| *byte == 0) {
                continue;
            }
            let start = (piece * PIECE) as usize;
            let end = start + part.len();
            match all.last_mut() {
                Some(last) if start - last.1 <= GAP && self.used.is_none() => last.1 = end,
                Some(last) if start == last.1 => last.1 = end,
                _ => all.push((start, end)),
            }
        }
        all
    }

    fn names(&self) -> NameSection {
        let mut names = NameMap::new();
        let count = self.module.func_count() as u32;
        for func in 0..count {
            let import = self.module.imports().get(func as usize);
            let import = import.map(|import| import.name.to_string());
            names.append(func, &import.unwrap_or_else(|| symbol(self.module, func)));
        }
        names.append(count, ENTRY);
        let mut section = NameSection::new();
        section.functions(&names);
        section
    }
}

/// Sections that are written even if they are empty, and sections that go.
const ALWAYS: [SectionId; 6] = [
    SectionId::Table,
    SectionId::Memory,
    SectionId::Global,
    SectionId::Element,
    SectionId::DataCount,
    SectionId::Data,
];
const WITHOUT: [SectionId; 2] = [SectionId::Import, SectionId::Start];

fn unreachable() -> Function {
    let mut function = Function::new([]);
    function.instructions().unreachable().end();
    function
}

/// Pushes cells as values of these types.
fn push(to: &mut InstructionSink<'_>, types: &[ValType], cells: &[u64]) -> Outcome {
    let mut cells = cells.iter().copied();
    for ty in types {
        let cell = cells.next().unwrap_or_default();
        match ty {
            ValType::I32 => to.i32_const(cell as u32 as i32),
            ValType::I64 => to.i64_const(cell as i64),
            ValType::F32 => to.f32_const(Ieee32::new(cell as u32)),
            ValType::F64 => to.f64_const(Ieee64::new(cell)),
            ValType::V128 => {
                let high = cells.next().unwrap_or_default();
                to.v128_const((u128::from(cell) | u128::from(high) << 64) as i128)
            }
            ValType::Ref(ty) if cell == 0 && ty.is_nullable() => {
                let heap = HeapType::try_from(ty.heap_type());
                to.ref_null(heap.map_err(|error| Failed::Encoder(error.to_string()))?)
            }
            ValType::Ref(_) => return Err(Failed::Reference),
        };
    }
    Ok(())
}
