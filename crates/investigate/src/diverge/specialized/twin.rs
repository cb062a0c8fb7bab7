//! The generic module and the specialised one → two modules that are alike but for the functions
//! that were specialised, and that tell what these do.
//!
//! ```text
//! specialised module ─┬─ its functions tell their events ─────────────────────────► side B
//! generic module ─────┴─ in their places the generic functions, with the meanings ─► side A
//!                        of intrinsics in the places of their calls
//! ```
//!
//! Neighbours: `emit` writes what belongs to an operator, `side` is behind the functions that are
//! called.
//!
//! 1. Both sides have the memories, tables, globals and all other functions of the specialised
//!    module; on side A these tell accesses near cells, if there are cells at all.
//! 2. Six imported functions stand behind the module's own; side A has one function more behind all
//!    others, and two globals, the least and the greatest address of a cell.
//! 3. Types, tables, globals, memories and segments have the same indices in both modules;
//!    functions come down by the intrinsics before them. If that is not so, what is written is not
//!    valid, and the engine says so.

use super::Compiled;
use super::emit::{ADDED, Body, Numbers, Own, Role};
use super::meaning::Intrinsics;
use super::site::Site;
use crate::sections::is_due;
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, Module, Opcode, Operator};
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, SectionId, TypeSection,
};

/// The module of the added imports, and the start of the name of the added export.
pub(super) const OWN: &str = "prova:lockstep";

/// A module that tells its events.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) wasm: Vec<u8>,
    pub(super) sites: Vec<Site>,
    imported: u32,
    places: Vec<Places>,
}

/// Positions of a function that was written, and where its operators stood.
#[derive(Clone, Debug, Default)]
struct Places {
    func: u32,
    is_generic: bool,
    /// Bytes before the first operator.
    header: u32,
    /// Position behind the header, and offset in the module of the code; both ascend.
    starts: Vec<(u32, u32)>,
}

/// A function and an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) func: FuncIdx,
    pub(super) is_generic: bool,
    pub(super) offset: u32,
}

impl Told {
    /// What stands at a position in the body of a function; `None` of one that was added.
    pub(super) fn spot(&self, func: u32, position: Option<usize>) -> Option<Spot> {
        let at = func.checked_sub(ADDED)?.checked_sub(self.imported)?;
        let places = self.places.get(at as usize)?;
        let position = u32::try_from(position?).ok()?.checked_sub(places.header)?;
        let after = places.starts.partition_point(|(start, _)| *start <= position);
        let offset = places.starts.get(after.checked_sub(1)?)?.1;
        Some(Spot { func: FuncIdx(places.func), is_generic: places.is_generic, offset })
    }
}

/// What both sides are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'p> {
    pub(super) generic: &'p Module,
    pub(super) specialized: &'p Module,
    pub(super) intrinsics: &'p Intrinsics,
    pub(super) compiled: &'p [Compiled],
    /// Whether the results of operators that compute are told.
    pub(super) values: bool,
}

impl Pair<'_> {
    /// One of both sides: the generic functions or the specialised ones.
    ///
    /// # Errors
    /// If a function does not exist, or the encoder cannot write the module.
    pub(super) fn told(&self, generic: bool) -> Result<Told, String> {
        let module = self.specialized;
        let imported = module.imported_func_count() as u32;
        let globals = module.globals().len() as u32;
        let cell = module.func_count() as u32 + ADDED;
        let own = Own { imports: imported, cell, bounds: [globals, globals + 1] };
        let mut writer = Writer {
            pair: *self,
            generic,
            own,
            numbers: Numbers { intrinsics: None, imported },
            next: imported,
            sites: Vec::new(),
            places: Vec::new(),
            done: [false; SECTIONS.len()],
        };
        let mut out = wasm_encoder::Module::new();
        writer
            .parse_core_module(&mut out, wasmparser::Parser::new(0), module.bytes())
            .map_err(|error| format!("the module cannot be written: {error}"))?;
        let Writer { sites, places, .. } = writer;
        Ok(Told { wasm: out.finish(), sites, imported, places })
    }
}

/// Sections that get entries, in their order.
const SECTIONS: [SectionId; 5] =
    [SectionId::Type, SectionId::Import, SectionId::Function, SectionId::Global, SectionId::Export];

struct Writer<'p> {
    pair: Pair<'p>,
    /// Whether generic functions stand in the places of specialised ones.
    generic: bool,
    own: Own,
    /// How functions are numbered in the code that is read.
    numbers: Numbers<'p>,
    /// The function whose body comes next.
    next: u32,
    sites: Vec<Site>,
    places: Vec<Places>,
    /// Which of [`SECTIONS`] have their entries.
    done: [bool; SECTIONS.len()],
}

type Outcome<T = ()> = Result<T, Error<Infallible>>;

impl Reencode for Writer<'_> {
    type Error = Infallible;

    fn function_index(&mut self, func: u32) -> Outcome<u32> {
        Ok(self.numbers.written(self.numbers.specialized(func)))
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
                SectionId::Type => module.section(&self.types(TypeSection::new())?),
                SectionId::Import => module.section(&self.imports(ImportSection::new())),
                SectionId::Function => module.section(&self.functions(FunctionSection::new())),
                SectionId::Global => module.section(&self.globals(GlobalSection::new())),
                _ => module.section(&self.exports(ExportSection::new())),
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
        *types = self.types(std::mem::take(types))?;
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
        *exports = self.exports(std::mem::take(exports));
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Outcome {
        utils::parse_code_section(self, code, section)?;
        code.function(&self.cell());
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
        let Pair { generic, specialized, intrinsics, compiled, .. } = self.pair;
        let outer = || self.generic && intrinsics.has_cells();
        let found = compiled.iter().zip(0..).find(|(one, _)| one.func == func);
        let (module, of, role) = match found {
            Some((one, number)) if self.generic => {
                let fallback = intrinsics.renumbered(one.generic);
                (generic, one.generic, Role::Generic { number, fallback })
            }
            Some((_, number)) => (specialized, func, Role::Specialized { number }),
            None if outer() => (specialized, func, Role::Outer),
            None => {
                self.places.push(Places::default());
                return utils::parse_function_body(self, code, body);
            }
        };
        self.told(code, module, (of, role))
    }
}

impl Writer<'_> {
    /// Writes a function that tells its events.
    fn told(
        &mut self,
        code: &mut CodeSection,
        module: &Module,
        (func, role): (FuncIdx, Role),
    ) -> Outcome {
        let Pair { intrinsics, values, .. } = self.pair;
        let is_generic = matches!(role, Role::Generic { .. });
        let numbers = Numbers { intrinsics: is_generic.then_some(intrinsics), ..self.numbers };
        let before = std::mem::replace(&mut self.numbers, numbers);
        let mut sites = std::mem::take(&mut self.sites);
        let mut places = Places { func: func.0, is_generic, ..Places::default() };
        let mut locals = Vec::new();
        let mut bytes = Vec::new();
        if let Some(body) = module.body(func) {
            for (count, ty) in body.locals() {
                locals.push((count, self.val_type(ty)?));
            }
            let mut out = Body::new(module, (func, role), (self.own, numbers, values), &mut sites);
            let mut reader = body.operators();
            let start = reader.original_position() as u32;
            places.starts.push((0, start));
            let number = role.number();
            if let Some(number) = number {
                out.begin(start, self.results(module, func, number)?);
            }
            while !reader.eof() {
                let (op, offset) = reader.read_with_offset()?;
                places.starts.push((out.out.len() as u32, offset as u32));
                match called(&op).filter(|_| is_generic).and_then(|func| intrinsics.get(func)) {
                    Some(intrinsic) => out.intrinsic(intrinsic, offset as u32),
                    None => {
                        let instruction = self.instruction(op.clone())?;
                        out.step(&op, &instruction, offset as u32);
                    }
                }
            }
            if number.is_some() {
                out.finish();
            }
            for ty in out.added() {
                locals.push((1, self.val_type(ty)?));
            }
            bytes = std::mem::take(&mut out.out);
        }
        self.numbers = before;
        self.sites = sites;
        let mut function = Function::new(locals);
        places.header = function.byte_len() as u32;
        function.raw(bytes);
        code.function(&function);
        self.places.push(places);
        Ok(())
    }

    /// The type of the block that the body of a function is, of this number.
    fn results(&mut self, module: &Module, func: FuncIdx, number: u32) -> Outcome<BlockType> {
        Ok(match &*module.func_type(func).results {
            [] => BlockType::Empty,
            [one] => BlockType::Result(self.val_type(*one)?),
            _ => BlockType::FunctionType(self.first_type() + ADDED + number),
        })
    }

    /// The first of the added types.
    fn first_type(&self) -> u32 {
        self.pair.specialized.types().len() as u32
    }

    fn types(&mut self, mut types: TypeSection) -> Outcome<TypeSection> {
        use wasm_encoder::ValType::{I32, I64};
        self.done[0] = true;
        types.ty().function([I32, I64, I64, I64, I64, I64], []);
        types.ty().function([], [I64]);
        types.ty().function([I64], [I32]);
        types.ty().function([I64, I64], [I64]);
        types.ty().function([I64, I64, I64], []);
        types.ty().function([I32, I32], [I64]);
        for one in self.pair.compiled {
            let results = &self.pair.generic.func_type(one.generic).results;
            let mut all = Vec::new();
            for ty in results.iter().copied() {
                all.push(self.val_type(ty)?);
            }
            types.ty().function([], all);
        }
        types.ty().function([I32], []);
        Ok(types)
    }

    fn imports(&mut self, mut imports: ImportSection) -> ImportSection {
        self.done[1] = true;
        let first = self.first_type();
        let names = ["told", "enter", "falls_back", "read_reg", "write_reg", "global"];
        for (ty, name) in (first..).zip(names) {
            imports.import(OWN, name, EntityType::Function(ty));
        }
        imports
    }

    fn functions(&mut self, mut functions: FunctionSection) -> FunctionSection {
        self.done[2] = true;
        functions.function(self.first_type() + ADDED + self.pair.compiled.len() as u32);
        functions
    }

    fn globals(&mut self, mut globals: GlobalSection) -> GlobalSection {
        self.done[3] = true;
        let val_type = wasm_encoder::ValType::I32;
        let ty = GlobalType { val_type, mutable: true, shared: false };
        for value in [-1, 0] {
            globals.global(ty, &ConstExpr::i32_const(value));
        }
        globals
    }

    fn exports(&mut self, mut exports: ExportSection) -> ExportSection {
        self.done[4] = true;
        exports.export(&format!("{OWN} memory"), ExportKind::Memory, 0);
        exports
    }

    /// The function that notes where a cell is.
    fn cell(&self) -> Function {
        let [least, greatest] = self.own.bounds;
        let mut function = Function::new([]);
        let mut to = function.instructions();
        to.local_get(0).global_get(least).i32_lt_u().if_(BlockType::Empty);
        to.local_get(0).global_set(least).end();
        to.local_get(0).i32_const(8).i32_add().global_get(greatest).i32_gt_u();
        to.if_(BlockType::Empty);
        to.local_get(0).i32_const(8).i32_add().global_set(greatest).end().end();
        function
    }
}

/// The function that an operator calls.
fn called(op: &Operator<'_>) -> Option<FuncIdx> {
    let calls = Opcode::of(op) == Opcode::Call;
    Opcode::immediates(op).index(Immediate::func).filter(|_| calls).map(FuncIdx)
}

/// Whether a module can be put beside another: what is not so is said in words.
pub(super) fn fits(pair: &Pair<'_>) -> Result<(), String> {
    let Pair { generic, specialized, intrinsics, compiled, .. } = *pair;
    let plain = specialized.memory(prova_module::MemoryIdx(0));
    if plain.is_none_or(|memory| memory.memory64) {
        return Err("the specialised module has no memory with 32-bit addresses".to_owned());
    }
    let (all, intrinsic) = (generic.func_count(), intrinsics.count());
    let last = compiled.iter().map(|one| one.func.index() + 1).max().unwrap_or_default();
    if specialized.func_count() < all - intrinsic || last > specialized.func_count() {
        return Err("the specialised module has too few functions".to_owned());
    }
    if specialized.imported_func_count() + intrinsic != generic.imported_func_count() {
        return Err("both modules import other functions, intrinsics aside".to_owned());
    }
    if generic.types().len() > specialized.types().len() {
        return Err("the specialised module has fewer types".to_owned());
    }
    for one in compiled {
        let is_defined =
            generic.body(one.generic).is_some() && specialized.body(one.func).is_some();
        let alike = is_defined && generic.func_type(one.generic) == specialized.func_type(one.func);
        if !alike {
            return Err(format!("{} and {} have other types", one.func, one.generic));
        }
    }
    Ok(())
}
