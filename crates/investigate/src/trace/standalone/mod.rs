//! A module, a record and what is wanted of a run → a module that any WASI engine runs, and that
//! prints what it finds.
//!
//! ```text
//! Module (as it is, or instrumented) ─┐
//! Record: the host's answers ─────────┼─► Module'': imports fd_write and proc_exit alone,
//! Watch: checkpoints, events ─────────┘             exports _start and memory
//! ```
//!
//! Neighbours: `answers` makes functions of the recorded calls, which stand in place of the
//! imports; `lines` prints; `foreign` runs the module in an engine of somebody else and reads the
//! lines.
//!
//! 1. Functions of the module move up by [`ADDED`], an imported function becomes a defined one at
//!    its own place; all other indices stay, so the code of functions is what it was but for the
//!    numbers of callees.
//! 2. A line is written from the first bytes of a memory, which have their old content when the
//!    module's code goes on. It is memory 0 if WASI can write from it, and else one that is added.
//! 3. No answer needs more than the proposals of the module, but bulk memory, where the host wrote.
//!
//! Limits: imports that are no functions are refused; so are results that take more than
//! [`BYTES_MAX`]. `tests/engine.rs` runs such modules in this engine through WASI.

mod answers;
mod lines;

use super::func_imports;
use super::instrument::OWN;
use super::record::Record;
use super::watch::Watch;
use crate::sections::is_due;
use answers::Answers;
use prova::Val;
use prova_module::{ExternKind, ExternType, FuncIdx, Module, ValType};
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataCountSection, DataSection, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection,
    InstructionSink, MemorySection, MemoryType, SectionId, TypeSection,
};

pub(super) use lines::{LINE_BYTES, Line, read};

/// Most bytes of answers.
const BYTES_MAX: usize = 256 << 20;
/// Functions that are imported in place of all others.
const ADDED: u32 = 2;
const FD_WRITE: u32 = 0;
const PROC_EXIT: u32 = 1;

/// What a run is to be.
pub(super) struct Wish<'w> {
    pub(super) record: &'w Record,
    /// The functions that the recorded module imports.
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
    /// Lines are written from there.
    memory: u32,
    /// What WASI knows as the program's memory, and whether it is one of 64 bits.
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
    /// The first of those that answer.
    Answers,
}

/// Added globals.
#[derive(Clone, Copy)]
enum Global {
    /// The distance of checkpoints, which may grow.
    Step,
    /// How many checkpoints there are.
    Length,
    /// Calls of the host that were answered.
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
    let answers = answers::answers(module, layout, wish)?;
    let mut writer = Writer { module, wish, layout, answers, done: [false; SECTIONS.len()] };
    let mut out = wasm_encoder::Module::new();
    writer
        .parse_core_module(&mut out, wasmparser::Parser::new(0), module.bytes())
        .map_err(|error| format!("the module cannot be made to stand alone: {error}"))?;
    Ok(out.finish())
}

/// Sections that get entries, in their order.
const SECTIONS: [SectionId; 9] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Memory,
    SectionId::Global,
    SectionId::Export,
    SectionId::DataCount,
    SectionId::Code,
    SectionId::Data,
];

struct Writer<'m> {
    module: &'m Module,
    wish: &'m Wish<'m>,
    layout: Layout,
    answers: Answers,
    /// Which of [`SECTIONS`] have their entries.
    done: [bool; SECTIONS.len()],
}

type Outcome<T = ()> = Result<T, Error<Infallible>>;

impl Reencode for Writer<'_> {
    type Error = Infallible;

    fn function_index(&mut self, func: u32) -> Outcome<u32> {
        Ok(func + ADDED)
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut wasm_encoder::Module,
        _: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Outcome {
        for (at, section) in SECTIONS.into_iter().enumerate() {
            if self.done[at] || !is_due(section, before) {
                continue;
            }
            self.done[at] = true;
            match section {
                SectionId::Type => module.section(&self.types(TypeSection::new())?),
                SectionId::Import => module.section(&self.imports()),
                SectionId::Function => {
                    let all = self.imported_types();
                    module.section(&self.functions(all))
                }
                SectionId::Memory if self.adds_memory() => {
                    module.section(&self.memories(MemorySection::new()))
                }
                SectionId::Global => module.section(&self.globals(GlobalSection::new())),
                SectionId::Export => module.section(&self.exports(ExportSection::new())),
                SectionId::DataCount if !self.answers.bytes.is_empty() => {
                    module.section(&DataCountSection { count: self.layout.data + 1 })
                }
                SectionId::Code => {
                    let all = self.imported_code();
                    module.section(&self.code(all)?)
                }
                SectionId::Data if !self.answers.bytes.is_empty() => {
                    module.section(&self.data(DataSection::new()))
                }
                _ => module,
            };
        }
        Ok(())
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Outcome {
        self.done[0] = true;
        utils::parse_type_section(self, types, section)?;
        *types = self.types(std::mem::take(types))?;
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        _: wasmparser::ImportSectionReader<'_>,
    ) -> Outcome {
        self.done[1] = true;
        *imports = self.imports();
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Outcome {
        self.done[2] = true;
        *functions = self.imported_types();
        utils::parse_function_section(self, functions, section)?;
        *functions = self.functions(std::mem::take(functions));
        Ok(())
    }

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Outcome {
        self.done[3] = true;
        utils::parse_memory_section(self, memories, section)?;
        if self.adds_memory() {
            *memories = self.memories(std::mem::take(memories));
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Outcome {
        self.done[4] = true;
        utils::parse_global_section(self, globals, section)?;
        *globals = self.globals(std::mem::take(globals));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Outcome {
        self.done[5] = true;
        for export in section {
            let export = export?;
            if !TAKEN.contains(&export.name) {
                utils::parse_export(self, exports, export)?;
            }
        }
        *exports = self.exports(std::mem::take(exports));
        Ok(())
    }

    fn data_count(&mut self, count: u32) -> Outcome<u32> {
        self.done[6] = true;
        Ok(count + u32::from(!self.answers.bytes.is_empty()))
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Outcome {
        self.done[7] = true;
        *code = self.imported_code();
        utils::parse_code_section(self, code, section)?;
        *code = self.code(std::mem::take(code))?;
        Ok(())
    }

    fn parse_data_section(
        &mut self,
        data: &mut DataSection,
        section: wasmparser::DataSectionReader<'_>,
    ) -> Outcome {
        self.done[8] = true;
        utils::parse_data_section(self, data, section)?;
        *data = self.data(std::mem::take(data));
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Outcome {
        Ok(())
    }
}

/// Names of exports that a WASI engine looks for.
const TAKEN: [&str; 3] = ["_start", "_initialize", "memory"];

impl Writer<'_> {
    fn adds_memory(&self) -> bool {
        self.layout.memory as usize == self.module.memories().len()
    }

    fn types(&self, mut types: TypeSection) -> Outcome<TypeSection> {
        use wasm_encoder::ValType::{I32, I64};
        types.ty().function([I32; 4], [I32]);
        types.ty().function([I32], []);
        types.ty().function([], []);
        types.ty().function([I32, I64, I64, I64, I64, I64], []);
        types.ty().function([I32, I64], []);
        types.ty().function([I64, I64], [I32]);
        types.ty().function([I64, I64], [I64]);
        Ok(types)
    }

    fn imports(&self) -> ImportSection {
        let mut imports = ImportSection::new();
        let ty = |ty| EntityType::Function(self.layout.ty(ty));
        imports.import(prova::wasi::WASI_MODULE, "fd_write", ty(Ty::Write));
        imports.import(prova::wasi::WASI_MODULE, "proc_exit", ty(Ty::Exit));
        imports
    }

    /// The types of the functions that stand in place of the imported ones.
    fn imported_types(&self) -> FunctionSection {
        let mut functions = FunctionSection::new();
        for func in 0..self.module.imported_func_count() as u32 {
            functions.function(self.module.func_type_idx(FuncIdx(func)).0);
        }
        functions
    }

    fn functions(&self, mut functions: FunctionSection) -> FunctionSection {
        for ty in [Ty::Line, Ty::Hex, Ty::Fold, Ty::Start] {
            functions.function(self.layout.ty(ty));
        }
        for _ in &self.answers.functions {
            functions.function(self.layout.ty(Ty::Answer));
        }
        functions
    }

    fn memories(&self, mut memories: MemorySection) -> MemorySection {
        let (minimum, maximum) = (1, Some(1));
        let (memory64, shared, page_size_log2) = (false, false, None);
        memories.memory(MemoryType { minimum, maximum, memory64, shared, page_size_log2 });
        memories
    }

    fn globals(&self, mut globals: GlobalSection) -> GlobalSection {
        let val_type = wasm_encoder::ValType::I64;
        let ty = GlobalType { val_type, mutable: true, shared: false };
        let step = self.wish.watch.step as i64;
        let cells = std::iter::repeat_n(0, self.answers.cells);
        for value in [step, 0, 0].into_iter().chain(cells) {
            globals.global(ty, &ConstExpr::i64_const(value));
        }
        globals
    }

    fn exports(&self, mut exports: ExportSection) -> ExportSection {
        exports.export("_start", ExportKind::Func, self.layout.func(Func::Start));
        exports.export("memory", ExportKind::Memory, self.layout.memory);
        exports
    }

    /// The functions that stand in place of the imported ones.
    fn imported_code(&mut self) -> CodeSection {
        let mut code = CodeSection::new();
        for (index, (module, name)) in func_imports(self.module).iter().enumerate() {
            let func = FuncIdx(index as u32);
            let function = match (module.as_str(), name.as_str()) {
                (OWN, "reached") => lines::reached(self.layout, self.wish.watch),
                (OWN, "state") => lines::state(self.layout),
                _ => self.answer(func),
            };
            code.function(&function);
        }
        code
    }

    fn code(&mut self, mut code: CodeSection) -> Outcome<CodeSection> {
        code.function(&lines::line(self.layout));
        code.function(&lines::hex(self.layout));
        code.function(&answers::fold_function());
        code.function(&self.start()?);
        for function in &self.answers.functions {
            code.function(function);
        }
        Ok(code)
    }

    fn data(&self, mut data: DataSection) -> DataSection {
        if !self.answers.bytes.is_empty() {
            data.passive(self.answers.bytes.iter().copied());
        }
        data
    }

    /// In place of an imported function: the recorded answer, if this is the recorded call.
    fn answer(&mut self, func: FuncIdx) -> Function {
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
            super::emit::push_bits(&mut to, cell, ty, high);
            to.call(self.layout.func(Func::Fold)).local_set(hash);
        }
        let calls = self.layout.global(Global::Calls);
        to.global_get(calls).local_get(hash).call(self.answers.root).if_(BlockType::Empty);
        let count = cells(&ty.params).count() as i64;
        to.i32_const(Line::OTHER).global_get(calls).i64_const(func.0.into()).i64_const(count);
        to.i64_const(0).i64_const(0).call(self.layout.func(Func::Line));
        for (cell, ty, high) in cells(&ty.params) {
            to.i32_const(Line::VALUE);
            super::emit::push_bits(&mut to, cell, ty, high);
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
    fn give(&mut self, to: &mut InstructionSink<'_>, cell: u32, ty: ValType) {
        match ty {
            ValType::I64 => to.global_get(cell),
            ValType::I32 => to.global_get(cell).i32_wrap_i64(),
            ValType::F32 => to.global_get(cell).i32_wrap_i64().f32_reinterpret_i32(),
            ValType::F64 => to.global_get(cell).f64_reinterpret_i64(),
            ValType::V128 => {
                to.global_get(cell).i64x2_splat();
                to.global_get(cell + 1).i64x2_replace_lane(1)
            }
            ValType::Ref(ty) => match (ty.is_nullable(), self.heap_type(ty.heap_type())) {
                (true, Ok(heap)) => to.ref_null(heap),
                // There is no such value; the record cannot have one.
                _ => to.unreachable(),
            },
        };
    }

    /// Starts, initialises, calls, and tells the results.
    fn start(&mut self) -> Outcome<Function> {
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
            locals.push(self.val_type(*ty)?);
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
            super::emit::push_bits(&mut to, first + cell, ty, high);
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
    };
}
