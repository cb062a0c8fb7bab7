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
use crate::isolate::find::symbol;
use crate::isolate::parts::Parts;
use crate::trace::{Answer, Call, Record};
use prova::{Result, Val, bail};
use prova_module::{FuncIdx, FuncType, Module, ValType};
use std::collections::BTreeSet;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, Ieee32, Ieee64,
    InstructionSink, MemorySection, NameMap, NameSection, TableSection, TagSection, TypeSection,
};
use wasmparser::DataKind;

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
    let parts = Parts::read(module).map_err(|error| prova::Error::msg(format!("{error:#}")))?;
    if parts.imports.len() != parts.imported.funcs.len() {
        bail!("the module imports what is no function");
    }
    if state.calls.end - state.calls.start > ANSWERS_MAX {
        bail!("the host is called more than {ANSWERS_MAX} times");
    }
    let calls = record.iter().skip(state.calls.start as usize);
    let calls = calls.take((state.calls.end - state.calls.start) as usize).collect();
    let mut writer = Writer { module, parts, state, used, record, calls, data: Vec::new() };
    writer.module().map_err(|error| match error {
        Failed::Encoder(why) => prova::Error::msg(why),
        Failed::Reference => prova::Error::msg("a reference is among the arguments"),
    })
}

/// Why a state cannot be written.
enum Failed {
    Encoder(String),
    Reference,
}

impl<E: std::fmt::Display> From<wasm_encoder::reencode::Error<E>> for Failed {
    fn from(error: wasm_encoder::reencode::Error<E>) -> Failed {
        Failed::Encoder(error.to_string())
    }
}

type Outcome<T = ()> = std::result::Result<T, Failed>;

struct Writer<'s, 'm> {
    module: &'m Module,
    parts: Parts<'m>,
    state: &'s State,
    used: Option<&'s Used>,
    record: &'s Record,
    calls: Vec<Call>,
    /// The bytes that the host writes, as passive segments behind the module's own.
    data: Vec<Vec<u8>>,
}

impl Writer<'_, '_> {
    fn module(&mut self) -> Outcome<Vec<u8>> {
        let mut out = wasm_encoder::Module::new();
        let re = &mut RoundtripReencoder;
        let mut types = TypeSection::new();
        for (_, group) in &self.parts.types {
            re.parse_recursive_type_group(types.ty(), group.clone())?;
        }
        let ty = self.module.func_type(FuncIdx(self.state.func)).clone();
        let results = ty.results.iter().map(|ty| re.val_type(*ty));
        types.ty().function([], results.collect::<std::result::Result<Vec<_>, _>>()?);
        out.section(&types);
        let mut funcs = FunctionSection::new();
        for func in 0..self.module.func_count() as u32 {
            funcs.function(self.module.func_type_idx(FuncIdx(func)).0);
        }
        funcs.function(self.parts.type_count);
        out.section(&funcs);
        self.spaces(&mut out)?;
        let mut exports = ExportSection::new();
        exports.export(ENTRY, ExportKind::Func, self.module.func_count() as u32);
        out.section(&exports);
        let mut elements = ElementSection::new();
        for element in &self.parts.elements {
            re.parse_element(&mut elements, element.clone())?;
        }
        out.section(&elements);
        let code = self.code(&ty)?;
        let data = self.segments()?;
        out.section(&DataCountSection { count: data.len() });
        out.section(&code);
        out.section(&data);
        out.section(&self.names());
        Ok(out.finish())
    }

    /// Tables, memories, tags and globals.
    fn spaces(&self, out: &mut wasm_encoder::Module) -> Outcome {
        let re = &mut RoundtripReencoder;
        let mut tables = TableSection::new();
        for table in &self.parts.tables {
            re.parse_table(&mut tables, table.clone())?;
        }
        out.section(&tables);
        let mut memories = MemorySection::new();
        for (ty, bytes) in self.parts.memories.iter().zip(&self.state.memories) {
            let page = ty.page_size_log2.unwrap_or(16);
            let minimum = bytes.len() as u64 >> page;
            memories.memory(wasm_encoder::MemoryType { minimum, ..re.memory_type(*ty)? });
        }
        out.section(&memories);
        let mut tags = TagSection::new();
        for tag in &self.parts.tags {
            tags.tag(re.tag_type(*tag)?);
        }
        if !tags.is_empty() {
            out.section(&tags);
        }
        let mut globals = GlobalSection::new();
        for (global, value) in self.parts.globals.iter().zip(&self.state.globals) {
            let ty = re.global_type(global.ty)?;
            let init = match value {
                Val::I32(value) => ConstExpr::i32_const(*value),
                Val::I64(value) => ConstExpr::i64_const(*value),
                Val::F32(bits) => ConstExpr::f32_const(Ieee32::new(*bits)),
                Val::F64(bits) => ConstExpr::f64_const(Ieee64::new(*bits)),
                Val::V128(value) => ConstExpr::v128_const(value.as_u128() as i128),
                Val::FuncRef(_) | Val::ExternRef(_) | Val::ExnRef(_) => {
                    re.const_expr(global.init_expr.clone())?
                }
            };
            globals.global(ty, &init);
        }
        // How often each imported function was called.
        let val_type = wasm_encoder::ValType::I32;
        let ty = GlobalType { val_type, mutable: true, shared: false };
        for _ in 0..self.module.imported_func_count() {
            globals.global(ty, &ConstExpr::i32_const(0));
        }
        out.section(&globals);
        Ok(())
    }

    fn code(&mut self, ty: &FuncType) -> Outcome<CodeSection> {
        let mut code = CodeSection::new();
        for func in 0..self.module.imported_func_count() as u32 {
            let answers = self.answers(func)?;
            code.function(&answers);
        }
        let imported = self.module.imported_func_count() as u32;
        for (func, body) in (imported..).zip(&self.parts.bodies) {
            let executed =
                func == self.state.func || self.used.is_none_or(|used| used.funcs.contains(&func));
            if executed {
                RoundtripReencoder.parse_function_body(&mut code, body.clone())?;
            } else {
                code.function(&unreachable());
            }
        }
        let mut entry = Function::new([]);
        let mut to = entry.instructions();
        push(&mut to, &ty.params, &self.state.args)?;
        to.call(self.state.func).end();
        code.function(&entry);
        Ok(code)
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
                let segment = (self.parts.data.len() + self.data.len()) as u32;
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

    /// The module's own segments, the host's writes, and the contents of memories.
    fn segments(&self) -> Outcome<DataSection> {
        let mut data = DataSection::new();
        for segment in &self.parts.data {
            match segment.kind {
                DataKind::Active { .. } => data.passive([]),
                DataKind::Passive => data.passive(segment.data.iter().copied()),
            };
        }
        for bytes in &self.data {
            data.passive(bytes.iter().copied());
        }
        for (memory, bytes) in (0..).zip(&self.state.memories) {
            let wide = self.parts.memories.get(memory as usize).is_some_and(|ty| ty.memory64);
            for (start, end) in self.stretches(memory, bytes) {
                let offset = match wide {
                    true => ConstExpr::i64_const(start as i64),
                    false => ConstExpr::i32_const(start as u32 as i32),
                };
                data.active(memory, &offset, bytes[start..end].iter().copied());
            }
        }
        Ok(data)
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
            let import = self.parts.imported.funcs.get(func as usize);
            let import = import.map(|at| self.parts.imports[*at].name.to_owned());
            names.append(func, &import.unwrap_or_else(|| symbol(self.module, func)));
        }
        names.append(count, ENTRY);
        let mut section = NameSection::new();
        section.functions(&names);
        section
    }
}

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
                to.ref_null(RoundtripReencoder.heap_type(ty.heap_type())?)
            }
            ValType::Ref(_) => return Err(Failed::Reference),
        };
    }
    Ok(())
}
