//! A module, a record and the wanted events of a run → a module that any WASI engine runs, and that
//! prints these events.
//!
//! ```text
//! Module (as it is, or instrumented) ─┐
//! Record: the host's answers ─────────┼─► Module'': imports fd_write and proc_exit alone,
//! Watch: checkpoints, events ─────────┘             exports _start and memory
//! ```
//!
//! Functions made of the recorded calls stand in the place of the imports.
//!
//! 1. Functions of the module move up by [`ADDED`], and an imported function becomes a defined one
//!    at its place. All other indices stay, so in the code of functions only their indices change.
//! 2. A line is written from the first bytes of a memory, which have their old content when the
//!    module's code goes on. It is memory 0 if WASI can write from it, and else one that is added.
//! 3. Answers use the proposals of the module alone. Where the host wrote to memory, they also use
//!    bulk memory.
//!
//! Limits: imports that are no functions are refused; so are results that take more than
//! [`BYTES_MAX`]. `tests/engine.rs` runs such modules in this engine through WASI.

mod answers;
mod lines;

use super::func_imports;
use super::instrument::OWN;
use super::record::Record;
use super::watch::Watch;
use answers::Answers;
use prova_core::Val;
use prova_module::{ExternKind, ExternType, FuncIdx, Module, ValType};
use prova_rewrite::{Edit, NewFunction, Numbers, Segment, Space, apply};
use wasm_encoder::{
    BlockType, ConstExpr, EntityType, ExportKind, FuncType, Function, GlobalType, HeapType,
    InstructionSink, MemoryType,
};

pub(super) use lines::{LINE_BYTES, Line, read};

/// Most bytes of answers.
const BYTES_MAX: usize = 256 << 20;
/// Functions that are imported in place of all others.
const ADDED: u32 = 2;
const FD_WRITE: u32 = 0;
const PROC_EXIT: u32 = 1;

/// A recorded run, and the events of it that are wanted.
pub(super) struct Wish<'w> {
    pub(super) record: &'w Record,
    /// The functions that the recorded module imports: module and name.
    pub(super) imports: &'w [(String, String)],
    pub(super) watch: &'w Watch,
    /// The arguments of the export.
    pub(super) values: &'w [Val],
}

/// Indices in the module that is made.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// The first added type.
    types: u32,
    /// The first added function.
    funcs: u32,
    /// The first added global.
    globals: u32,
    /// The added data segment.
    data: u32,
    /// The memory that lines are written from.
    memory: u32,
    /// The memory with the export name `memory`, and whether its addresses have 64 bits.
    program: Option<(u32, bool)>,
    /// The globals that count and hash, of an instrumented module.
    told: Option<(u32, u32)>,
}

/// Added types.
#[derive(Clone, Copy)]
enum Ty {
    Write,
    Exit,
    Start,
    Line,
    Hex,
    Answer,
    Fold,
}

/// Added functions.
#[derive(Clone, Copy)]
enum Func {
    Line,
    Hex,
    Fold,
    Start,
    /// The first function that answers.
    Answers,
}

/// Added globals.
#[derive(Clone, Copy)]
enum Global {
    /// The distance of checkpoints, which may grow.
    Step,
    /// How many checkpoints there are.
    Length,
    /// The number of calls of the host that were answered.
    Calls,
    /// The first cell of an answer.
    Cells,
}

impl Layout {
    fn of(module: &Module) -> Layout {
        let export = |name: &str, kind| {
            module.export(name).filter(|export| export.kind == kind).map(|export| export.index)
        };
        let told = export(&format!("{OWN} count"), ExternKind::Global)
            .zip(export(&format!("{OWN} hash"), ExternKind::Global));
        let program = export("memory", ExternKind::Memory);
        let wide = |index: u32| module.memories().get(index as usize).is_some_and(|ty| ty.memory64);
        let writable = module.memories().first().filter(|ty| {
            let size = ty.min.checked_shl(ty.page_size_log2).unwrap_or_default();
            !ty.memory64 && !ty.shared && size >= u64::from(lines::BYTES_USED)
        });
        Layout {
            types: module.types().len() as u32,
            funcs: module.func_count() as u32 + ADDED,
            globals: module.globals().len() as u32,
            data: module.data().len() as u32,
            memory: if writable.is_some() { 0 } else { module.memories().len() as u32 },
            program: program.map(|index| (index, wide(index))),
            told,
        }
    }

    fn ty(&self, ty: Ty) -> u32 {
        self.types + ty as u32
    }

    fn func(&self, func: Func) -> u32 {
        self.funcs + func as u32
    }

    fn global(&self, global: Global) -> u32 {
        self.globals + global as u32
    }
}

/// Makes the module.
///
/// # Errors
/// If it imports something else than functions, if a function that is to be called is not there,
/// and if the record is too large.
pub(super) fn standalone(module: &Module, wish: &Wish<'_>) -> Result<Vec<u8>, String> {
    if module.imports().iter().any(|import| !matches!(import.kind, ExternType::Func(_))) {
        return Err("the module imports more than functions".to_owned());
    }
    let layout = Layout::of(module);
    let mut answers = answers::answers(module, layout, wish)?;
    let functions = std::mem::take(&mut answers.functions);
    let writer = Writer { module, wish, layout, answers };
    let rewritten = writer.edit(functions).and_then(|edit| apply(module.bytes(), &edit));
    let rewritten =
        rewritten.map_err(|error| format!("the module cannot be made to stand alone: {error}"))?;
    Ok(rewritten.bytes)
}

struct Writer<'m> {
    module: &'m Module,
    wish: &'m Wish<'m>,
    layout: Layout,
    answers: Answers,
}

/// Names of exports that a WASI engine looks for.
const TAKEN: [&str; 3] = ["_start", "_initialize", "memory"];

impl Writer<'_> {
    /// Builds the edit: added items, and what replaces imports and [`TAKEN`] exports. `answers` are
    /// the functions that answer.
    fn edit(&self, answers: Vec<Function>) -> Result<Edit<'_>, prova_rewrite::Error> {
        use wasm_encoder::ValType::{I32, I64};
        let (module, layout) = (self.module, self.layout);
        let moved = (0..module.func_count() as u32).map(|func| Some(func + ADDED));
        let numbers = Numbers::default().with(Space::Func, moved);
        let mut edit = Edit { numbers, ..Edit::default() };
        edit.types = vec![
            FuncType::new([I32; 4], [I32]),
            FuncType::new([I32], []),
            FuncType::new([], []),
            FuncType::new([I32, I64, I64, I64, I64, I64], []),
            FuncType::new([I32, I64], []),
            FuncType::new([I64, I64], [I32]),
            FuncType::new([I64, I64], [I64]),
        ];
        let imports = [("fd_write", Ty::Write), ("proc_exit", Ty::Exit)].map(|(name, ty)| {
            let ty = EntityType::Function(layout.ty(ty));
            (prova_core::wasi::WASI_MODULE.into(), name.into(), ty)
        });
        edit.imports = imports.into();
        let imported = (0..).zip(self.imported_code());
        edit.bodies = imported.map(|(func, function)| (func, function.into())).collect();
        let own = [
            (Ty::Line, lines::line(layout)),
            (Ty::Hex, lines::hex(layout)),
            (Ty::Fold, answers::fold_function()),
            (Ty::Start, self.start()?),
        ];
        let answers = answers.into_iter().map(|function| (Ty::Answer, function));
        let added = own.into_iter().chain(answers);
        edit.functions =
            added.map(|(ty, function)| NewFunction::new(layout.ty(ty), function)).collect();
        if self.adds_memory() {
            let (memory64, shared, page_size_log2) = (false, false, None);
            let (minimum, maximum) = (1, Some(1));
            let ty = MemoryType { minimum, maximum, memory64, shared, page_size_log2 };
            edit.memories.push(ty);
        }
        let ty = GlobalType { val_type: I64, mutable: true, shared: false };
        let cells = std::iter::repeat_n(0, self.answers.cells);
        let values = [self.wish.watch.step as i64, 0, 0].into_iter().chain(cells);
        edit.globals = values.map(|value| (ty, ConstExpr::i64_const(value))).collect();
        let taken = TAKEN.iter().filter(|name| module.export(name).is_some());
        edit.export_names = taken.map(|name| ((*name).to_owned(), None)).collect();
        edit.exports = vec![
            ("_start".to_owned(), ExportKind::Func, layout.func(Func::Start)),
            ("memory".to_owned(), ExportKind::Memory, layout.memory),
        ];
        if !self.answers.bytes.is_empty() {
            edit.data.push(Segment::passive(&self.answers.bytes));
        }
        Ok(edit)
    }

    fn adds_memory(&self) -> bool {
        self.layout.memory as usize == self.module.memories().len()
    }

    /// The functions that stand in place of the imported ones.
    fn imported_code(&self) -> Vec<Function> {
        let imports = func_imports(self.module);
        let imports = imports.iter().zip((0..).map(FuncIdx));
        let functions = imports.map(|((module, name), func)| match (&**module, &**name) {
            (OWN, "reached") => lines::reached(self.layout, self.wish.watch),
            (OWN, "state") => lines::state(self.layout),
            _ => self.answer(func),
        });
        functions.collect()
    }

    /// In place of an imported function: the recorded answer, if this is the recorded call.
    fn answer(&self, func: FuncIdx) -> Function {
        let ty = self.module.func_type(func).clone();
        let hash = ty.params.len() as u32;
        let mut function = Function::new([(1, wasm_encoder::ValType::I64)]);
        let mut to = function.instructions();
        to.i64_const(answers::folded(
            0,
            self.answers.names.get(func.0 as usize).copied().unwrap_or_default().into(),
        ) as i64);
        to.local_set(hash);
        for (cell, ty, high) in cells(&ty.params) {
            to.local_get(hash);
            super::push_bits(&mut to, cell, ty, high);
            to.call(self.layout.func(Func::Fold)).local_set(hash);
        }
        let calls = self.layout.global(Global::Calls);
        to.global_get(calls).local_get(hash).call(self.answers.root).if_(BlockType::Empty);
        let count = cells(&ty.params).count() as i64;
        to.i32_const(Line::OTHER).global_get(calls).i64_const(func.0.into()).i64_const(count);
        to.i64_const(0).i64_const(0).call(self.layout.func(Func::Line));
        for (cell, ty, high) in cells(&ty.params) {
            to.i32_const(Line::VALUE);
            super::push_bits(&mut to, cell, ty, high);
            to.i64_const(0).i64_const(0).i64_const(0).i64_const(0);
            to.call(self.layout.func(Func::Line));
        }
        to.i32_const(0).call(PROC_EXIT).unreachable().end();
        to.global_get(calls).i64_const(1).i64_add().global_set(calls);
        let mut cell = self.layout.global(Global::Cells);
        for ty in &ty.results {
            self.give(&mut to, cell, *ty);
            cell += 1 + u32::from(*ty == ValType::V128);
        }
        to.end();
        function
    }

    /// Pushes a result from its cells; a reference is null.
    fn give(&self, to: &mut InstructionSink<'_>, cell: u32, ty: ValType) {
        match ty {
            ValType::I64 => to.global_get(cell),
            ValType::I32 => to.global_get(cell).i32_wrap_i64(),
            ValType::F32 => to.global_get(cell).i32_wrap_i64().f32_reinterpret_i32(),
            ValType::F64 => to.global_get(cell).f64_reinterpret_i64(),
            ValType::V128 => {
                to.global_get(cell).i64x2_splat();
                to.global_get(cell + 1).i64x2_replace_lane(1)
            }
            ValType::Ref(ty) => match (ty.is_nullable(), HeapType::try_from(ty.heap_type())) {
                (true, Ok(heap)) => to.ref_null(heap),
                // There is no such value; the record cannot have one.
                _ => to.unreachable(),
            },
        };
    }

    /// Starts, initialises, calls, and prints the results.
    fn start(&self) -> Result<Function, prova_rewrite::Error> {
        let (module, wish, layout) = (self.module, self.wish, self.layout);
        let func = |name: &str| {
            let export = module.export(name).filter(|export| export.kind == ExternKind::Func)?;
            Some(FuncIdx(export.index))
        };
        let called = func(wish.record.export().unwrap_or("_start"));
        let results = called.map(|called| module.func_type(called).results.to_vec());
        let results = results.unwrap_or_default();
        // Of the hash of a memory: hash, position, end.
        let mut locals = vec![wasm_encoder::ValType::I64; 3];
        for ty in &results {
            locals.push(Numbers::default().val_type(*ty)?);
        }
        let first = 3;
        let mut function = Function::new_with_locals_types(locals);
        let mut to = function.instructions();
        for name in [&format!("{OWN} start"), "_initialize"] {
            if let Some(func) = func(name) {
                to.call(func.0 + ADDED);
            }
        }
        if let Some(called) = called {
            for value in wish.values {
                constant(&mut to, value);
            }
            to.call(called.0 + ADDED);
        }
        for at in (0..results.len() as u32).rev() {
            to.local_set(first + at);
        }
        for (cell, ty, high) in cells(&results) {
            to.i32_const(Line::VALUE);
            super::push_bits(&mut to, first + cell, ty, high);
            to.i64_const(0).i64_const(0).i64_const(0).i64_const(0).call(layout.func(Func::Line));
        }
        let hashed = layout.told.is_none() && lines::memory_hash(&mut to, layout, module);
        to.i32_const(Line::RETURNED);
        lines::push_told(&mut to, layout);
        to.local_get(0).global_get(layout.global(Global::Calls)).i64_const(hashed.into());
        to.call(layout.func(Func::Line)).end();
        Ok(function)
    }
}

/// The type of exceptions.
const EXN: HeapType = HeapType::Abstract { shared: false, ty: wasm_encoder::AbstractHeapType::Exn };

/// The cells of values of these types: index of the value, its type, and whether it is the high
/// half of a vector.
fn cells(types: &[ValType]) -> impl Iterator<Item = (u32, ValType, bool)> {
    let halves = |ty: ValType| if ty == ValType::V128 { &[false, true][..] } else { &[false][..] };
    let all = (0..).zip(types);
    all.flat_map(move |(at, ty)| halves(*ty).iter().map(move |high| (at, *ty, *high)))
}

/// Pushes a value; of references only null can be written down, which `foreign` has checked.
fn constant(to: &mut InstructionSink<'_>, value: &Val) {
    match value {
        Val::I32(value) => to.i32_const(*value),
        Val::I64(value) => to.i64_const(*value),
        Val::F32(bits) => to.f32_const(wasm_encoder::Ieee32::new(*bits)),
        Val::F64(bits) => to.f64_const(wasm_encoder::Ieee64::new(*bits)),
        Val::V128(value) => to.v128_const(value.as_u128() as i128),
        Val::FuncRef(_) => to.ref_null(HeapType::FUNC),
        Val::ExternRef(_) => to.ref_null(HeapType::EXTERN),
        Val::ExnRef(_) => to.ref_null(EXN),
        Val::AnyRef(_) => to.ref_null(HeapType::ANY),
    };
}
