//! A module → the same module, which counts and hashes its events, and asks the host at those that
//! are wanted.
//!
//! ```text
//! event(site, a, b):  hash' = fold(hash, site, a, b)   count' = count + 1
//!                     count' = next ? next' = reached(site, a, b, count', hash')
//! ```
//!
//! Neighbours: `emit` writes what belongs to an operator, `watch` is behind `reached`, `run` links.
//! What is added: two imported functions after the module's own imports; globals for count, hash
//! and the number of the next event that is wanted; at the end of the functions `event` and for
//! each imported function a wrapper that tells arguments and results; exports of all globals, of
//! all memories and of the start function, which the runner calls. Custom sections are left out.
//!
//! 1. Functions that are defined move up by [`ADDED`]; an imported one becomes its wrapper
//!    everywhere but in the wrapper, and at the level [`Level::Around`] each function does, but in
//!    tail calls. All other indices stay.
//! 2. Wherever control is in an instrumented function, `Places` tells the operator of the module as
//!    it was.

use super::emit::{Body, Own, Sites};
use super::handed;
use super::site::{Level, Site, What};
use super::watch::{FACTORS, TURNS};
use crate::sections::is_due;
use prova_module::ops::{Class, Opcode};
use prova_module::{FuncIdx, Module, Operator, ValType};
use std::collections::BTreeSet;
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, Instruction, InstructionSink, SectionId, TypeSection,
};

/// The module of the added imports, and the start of the names of the added exports.
pub(crate) const OWN: &str = "prova:trace";
/// Imports added.
const ADDED: u32 = 2;

/// The state that is wanted before one execution of an operator, or behind that of a call.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) func: FuncIdx,
    /// The operator; `None` for the entry of the function.
    pub(crate) offset: Option<u32>,
    /// Whether it is the state behind the operator, which is a call.
    pub(crate) behind: bool,
    /// How many events have been before.
    pub(crate) after: u64,
    /// The types on the operand stack, bottom first.
    pub(crate) stack: Vec<ValType>,
}

/// What is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'p> {
    pub(crate) level: Level,
    /// Functions of which all is told.
    pub(crate) deep: &'p BTreeSet<u32>,
    /// By site, the number that it is told under, if it is told; `None` for all.
    pub(crate) ids: Option<&'p [Option<u32>]>,
    pub(crate) state: Option<&'p Request>,
    /// Words in this range are told as 0: they may be addresses, which differ between builds.
    pub(crate) mask: Option<(u64, u64)>,
}

/// Positions of an instrumented function and the operators that they belong to.
#[derive(Clone, Debug, Default)]
struct Places {
    /// Bytes before the first operator.
    header: u32,
    /// Position behind the header, and offset in the module as it was; both ascend.
    starts: Vec<(u32, u32)>,
}

/// A module that tells its events.
#[derive(Clone, Debug)]
pub(crate) struct Instrumented {
    pub(crate) wasm: Vec<u8>,
    pub(crate) sites: Vec<Site>,
    imported: u32,
    places: Vec<Places>,
}

impl Instrumented {
    /// The function and the operator of a position in the body of a function of the instrumented
    /// module; `None` of a function that was added.
    pub(crate) fn place(&self, func: u32, position: Option<usize>) -> Option<(u32, u32)> {
        let func = func.checked_sub(ADDED)?;
        let places = self.places.get(func.checked_sub(self.imported)? as usize)?;
        let position = u32::try_from(position?).ok()?.checked_sub(places.header)?;
        let after = places.starts.partition_point(|(start, _)| *start <= position);
        Some((func, places.starts.get(after.checked_sub(1)?)?.1))
    }
}

/// Instruments a module.
///
/// # Errors
/// If the encoder cannot write it; no valid module is known for which that is so.
pub(crate) fn instrument(module: &Module, plan: &Plan<'_>) -> Result<Instrumented, String> {
    let imported = module.imported_func_count() as u32;
    let globals = module.globals().len() as u32;
    let event = module.func_count() as u32 + ADDED;
    let mut writer = Writer {
        module,
        plan: *plan,
        own: Own { event, dump: imported + 1, count: globals },
        next: imported,
        sites: Sites { list: Vec::new(), ids: plan.ids },
        places: Vec::new(),
        done: [false; SECTIONS.len()],
    };
    let mut out = wasm_encoder::Module::new();
    let bytes = without_start(module);
    writer
        .parse_core_module(&mut out, wasmparser::Parser::new(0), &bytes)
        .map_err(|error| format!("the module cannot be instrumented: {error}"))?;
    let Writer { sites, places, .. } = writer;
    Ok(Instrumented { wasm: out.finish(), sites: sites.list, imported, places })
}

/// The module's bytes, with a nameless custom section of the same size for the start section.
fn without_start(module: &Module) -> Vec<u8> {
    let mut bytes = module.bytes().to_vec();
    let mut end = 8;
    for section in module.sections() {
        if section.id == START
            && let Some(id) = bytes.get_mut(end)
        {
            *id = 0;
            if let Some(name) = bytes.get_mut(section.range.start) {
                *name = 0;
            }
        }
        end = section.range.end;
    }
    bytes
}

/// The id of the start section.
const START: u8 = 8;

/// Sections that get entries, in their order.
const SECTIONS: [SectionId; 6] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Global,
    SectionId::Export,
    SectionId::Code,
];

struct Writer<'m, 'p> {
    module: &'m Module,
    plan: Plan<'p>,
    own: Own,
    /// The function whose body comes next.
    next: u32,
    sites: Sites<'p>,
    places: Vec<Places>,
    /// Which of [`SECTIONS`] have their entries.
    done: [bool; SECTIONS.len()],
}

type Outcome<T = ()> = Result<T, Error<Infallible>>;

impl Reencode for Writer<'_, '_> {
    type Error = Infallible;

    fn function_index(&mut self, func: u32) -> Outcome<u32> {
        let imported = self.module.imported_func_count() as u32;
        let around = self.plan.level == Level::Around;
        // The functions around others stand behind those of imports, so at the same distance.
        let wrapped = func < imported || around;
        Ok(if wrapped { self.own.event + 1 + func } else { func + ADDED })
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
            match section {
                SectionId::Type => module.section(&self.types(TypeSection::new())),
                SectionId::Import => module.section(&self.imports(ImportSection::new())),
                SectionId::Function => module.section(&self.functions(FunctionSection::new())),
                SectionId::Global => module.section(&self.globals(GlobalSection::new())),
                SectionId::Export => module.section(&self.exports(ExportSection::new())?),
                _ => module.section(&self.code(CodeSection::new())),
            };
        }
        Ok(())
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Outcome {
        utils::parse_type_section(self, types, section)?;
        *types = self.types(std::mem::take(types));
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Outcome {
        utils::parse_import_section(self, imports, section)?;
        *imports = self.imports(std::mem::take(imports));
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Outcome {
        utils::parse_function_section(self, functions, section)?;
        *functions = self.functions(std::mem::take(functions));
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Outcome {
        utils::parse_global_section(self, globals, section)?;
        *globals = self.globals(std::mem::take(globals));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Outcome {
        utils::parse_export_section(self, exports, section)?;
        *exports = self.exports(std::mem::take(exports))?;
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Outcome {
        utils::parse_code_section(self, code, section)?;
        *code = self.code(std::mem::take(code));
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Outcome {
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Outcome {
        let func = FuncIdx(self.next);
        self.next += 1;
        let params = &self.module.func_type(func).params;
        let mut all = params.to_vec();
        let mut locals = Vec::new();
        for local in body.get_locals_reader()? {
            let (times, ty) = local?;
            all.extend(std::iter::repeat_n(ty, times as usize));
            locals.push((times, self.val_type(ty)?));
        }
        let deep = self.plan.deep.contains(&func.0);
        let level = if deep { Level::Values } else { self.plan.level };
        let wanted = self.plan.state.filter(|request| request.func == func);
        let mut reader = body.get_operators_reader()?;
        let mut places = Places::default();
        let (module, own) = (self.module, self.own);
        let mut sites = Sites { list: std::mem::take(&mut self.sites.list), ids: self.sites.ids };
        let mut out = Body::new(module, func, (level, own), &mut sites, all.len() as u32);
        let start = reader.original_position() as u32;
        places.starts.push((0, start));
        if let Some(request) = wanted.filter(|request| request.offset.is_none()) {
            out.state(request.after, &request.stack, &all);
        }
        out.entered(start, params);
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            let offset = offset as u32;
            if is_place(&op) {
                places.starts.push((out.out.len() as u32, offset));
            }
            if let Some(request) = wanted.filter(|request| request.offset == Some(offset)) {
                match request.behind {
                    true => out.behind(request.after, &request.stack, &all),
                    false => out.state(request.after, &request.stack, &all),
                }
            }
            let instruction = match op {
                // What is around a function returns to its caller: chains of these calls would
                // grow.
                Operator::ReturnCall { function_index } if function_index >= self.imported() => {
                    Instruction::ReturnCall(function_index + ADDED)
                }
                _ => self.instruction(op.clone())?,
            };
            out.step(&op, &instruction, offset);
        }
        for ty in out.temps() {
            locals.push((1, self.val_type(ty)?));
        }
        let bytes = std::mem::take(&mut out.out);
        self.sites.list = sites.list;
        let mut function = Function::new(locals);
        places.header = function.byte_len() as u32;
        function.raw(bytes);
        code.function(&function);
        self.places.push(places);
        Ok(())
    }
}

/// Whether control may be in the operator when the host is called or the program traps.
fn is_place(op: &prova_module::Operator<'_>) -> bool {
    !matches!(
        Opcode::of(op).class(),
        Class::constant
            | Class::null
            | Class::drop_
            | Class::nop
            | Class::local_get
            | Class::local_set
            | Class::local_tee
            | Class::block
            | Class::loop_
            | Class::else_
            | Class::br
            | Class::return_
    )
}

/// An operator's offset, and what is told there of the value of a number.
type Place = (u32, fn(u32) -> What);

impl Writer<'_, '_> {
    fn imported(&self) -> u32 {
        self.module.imported_func_count() as u32
    }

    /// The functions that have another one around them.
    fn surrounded(&self) -> impl ExactSizeIterator<Item = FuncIdx> + use<> {
        let all = self.module.func_count() as u32;
        let first = if self.plan.level == Level::Around { self.imported() } else { all };
        (first..all).map(FuncIdx)
    }

    fn types(&mut self, mut types: TypeSection) -> TypeSection {
        use wasm_encoder::ValType::{I32, I64};
        self.done[0] = true;
        types.ty().function([I32, I64, I64], []);
        types.ty().function([I32, I64, I64, I64, I64], [I64]);
        types.ty().function([I32, I32, I64, I64], []);
        types
    }

    fn imports(&mut self, mut imports: ImportSection) -> ImportSection {
        self.done[1] = true;
        let types = self.module.types().len() as u32;
        imports.import(OWN, "reached", EntityType::Function(types + 1));
        imports.import(OWN, "state", EntityType::Function(types + 2));
        imports
    }

    fn functions(&mut self, mut functions: FunctionSection) -> FunctionSection {
        self.done[2] = true;
        functions.function(self.module.types().len() as u32);
        for func in 0..self.module.imported_func_count() as u32 {
            functions.function(self.module.func_type_idx(FuncIdx(func)).0);
        }
        for func in self.surrounded() {
            functions.function(self.module.func_type_idx(func).0);
        }
        functions
    }

    fn globals(&mut self, mut globals: GlobalSection) -> GlobalSection {
        self.done[3] = true;
        let val_type = wasm_encoder::ValType::I64;
        let ty = GlobalType { val_type, mutable: true, shared: false };
        // Count, hash, the next event: the host is asked at the first one.
        for value in [0, 0, 1] {
            globals.global(ty, &ConstExpr::i64_const(value));
        }
        globals
    }

    fn exports(&mut self, mut exports: ExportSection) -> Outcome<ExportSection> {
        self.done[4] = true;
        let count = self.own.count;
        exports.export(&format!("{OWN} count"), ExportKind::Global, count);
        exports.export(&format!("{OWN} hash"), ExportKind::Global, count + 1);
        exports.export(&format!("{OWN} next"), ExportKind::Global, count + 2);
        for memory in 0..self.module.memories().len() as u32 {
            exports.export(&format!("{OWN} memory {memory}"), ExportKind::Memory, memory);
        }
        for global in 0..count {
            exports.export(&format!("{OWN} global {global}"), ExportKind::Global, global);
        }
        if let Some(FuncIdx(start)) = self.module.start() {
            let start = self.function_index(start)?;
            exports.export(&format!("{OWN} start"), ExportKind::Func, start);
        }
        Ok(exports)
    }

    fn code(&mut self, mut code: CodeSection) -> CodeSection {
        self.done[5] = true;
        code.function(&self.event());
        for func in 0..self.module.imported_func_count() as u32 {
            let function = self.wrapper(FuncIdx(func));
            code.function(&function);
        }
        for func in self.surrounded() {
            let function = self.around(func);
            code.function(&function);
        }
        code
    }

    /// The function that counts, folds and asks.
    fn event(&self) -> Function {
        let (count, hash, next) = (self.own.count, self.own.count + 1, self.own.count + 2);
        let reached = self.module.imported_func_count() as u32;
        let mut function = Function::new([]);
        let mut to = function.instructions();
        for word in [1, 2] {
            let Some((start, end)) = self.plan.mask else { break };
            to.local_get(word).i64_const(start as i64).i64_sub();
            to.i64_const(end.saturating_sub(start) as i64).i64_lt_u();
            to.if_(wasm_encoder::BlockType::Empty).i64_const(0).local_set(word).end();
        }
        to.global_get(hash).local_get(1).i64_xor().i64_const(FACTORS[0] as i64).i64_mul();
        to.i64_const(TURNS[0].into()).i64_rotl();
        to.local_get(2).i64_xor().i64_const(FACTORS[1] as i64).i64_mul();
        to.i64_const(TURNS[1].into()).i64_rotl();
        to.local_get(0).i64_extend_i32_u().i64_xor().i64_const(FACTORS[2] as i64).i64_mul();
        to.global_set(hash);
        to.global_get(count).i64_const(1).i64_add().global_set(count);
        to.global_get(count).global_get(next).i64_eq().if_(wasm_encoder::BlockType::Empty);
        to.local_get(0).local_get(1).local_get(2).global_get(count).global_get(hash);
        to.call(reached).global_set(next).end().end();
        function
    }

    /// Calls an imported function, and tells its arguments, what they hand over, and results.
    fn wrapper(&mut self, func: FuncIdx) -> Function {
        let level = Level::Host;
        self.calls(func, (func.0, level), [(0, What::HostCall), (0, What::HostResult)])
    }

    /// Calls a function of the module, and tells its arguments and results: as it is entered, and
    /// as the value of its last operator.
    fn around(&mut self, func: FuncIdx) -> Function {
        let body = self.module.body(func);
        let first = body.and_then(|body| {
            let (_, offset) = body.operators().read_with_offset().ok()?;
            Some((offset as u32, body.range().end.saturating_sub(1) as u32))
        });
        let (first, last) = first.unwrap_or_default();
        let called = (func.0 + ADDED, Level::Calls);
        self.calls(func, called, [(first, What::Enter), (last, What::Value)])
    }

    /// Calls a function that has the type of `func`, and tells arguments and results.
    fn calls(
        &mut self,
        func: FuncIdx,
        (called, level): (u32, Level),
        [before, after]: [Place; 2],
    ) -> Function {
        let ty = self.module.func_type(func);
        let (module, own) = (self.module, self.own);
        let base = ty.params.len() as u32;
        let mut body = Body::new(module, func, (level, own), &mut self.sites, base);
        body.at(before.0);
        body.of_locals(before.1, &ty.params, 0);
        if level == Level::Host {
            handed::tell(&mut body, module, func);
        }
        let mut to = InstructionSink::new(&mut body.out);
        for local in 0..base {
            to.local_get(local);
        }
        to.call(called);
        body.free();
        body.at(after.0);
        body.results(after.1, &ty.results);
        InstructionSink::new(&mut body.out).end();
        let locals: Vec<ValType> = body.temps().collect();
        let bytes = std::mem::take(&mut body.out);
        let locals = locals.into_iter().filter_map(|ty| Some((1, self.val_type(ty).ok()?)));
        let mut function = Function::new(locals.collect::<Vec<_>>());
        function.raw(bytes);
        function
    }
}
