//! Programs in parts → one module: parts numbered anew, copies varied, edits done.
//!
//! `edits` plans on [`Merged::code`]. All numbers of A are fixed in [`Merged::new`]; B's differ by
//! the added functions alone, so both are written by one path.

use super::Options;
use super::edits::{Plan, added_name, other_operator};
use super::source::{Source, constant, slot};
use crate::generate::Rng;
use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Range;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, DataSegment, DataSegmentMode,
    ElementMode, ElementSection, ElementSegment, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, ImportSection, Instruction, MemorySection, MemoryType, Module,
    NameMap, NameSection, RefType, TableSection, TableType, TypeSection,
};

/// One copy of a program: the first of each of its numbers.
#[derive(Clone, Debug)]
struct Copy {
    source: usize,
    /// Which copy of its program.
    number: u32,
    func: u32,
    global: u32,
    element: u32,
    data: u32,
    /// By how much addresses and table slots move.
    address: u32,
    slot: u32,
}

/// A defined function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Func {
    pub(super) ty: u32,
    copy: u32,
    body: u32,
}

/// The merged module, in A's numbers.
pub(super) struct Merged<'a> {
    sources: &'a [Source<'a>],
    seed: u64,
    pub(super) has_names: bool,
    copies: Vec<Copy>,
    types: Vec<wasmparser::FuncType>,
    /// Types by source and by index there.
    type_maps: Vec<Vec<u32>>,
    pub(super) imports: Vec<(&'a str, &'a str, u32)>,
    import_maps: Vec<Vec<u32>>,
    pub(super) funcs: Vec<Func>,
    /// Constants in this range may be addresses of any copy.
    pub(super) addresses: Range<u32>,
    slots: u32,
    pages: u64,
}

impl<'a> Merged<'a> {
    /// Numbers copies of the programs by turns until the size is reached.
    pub(super) fn new(sources: &'a [Source<'a>], options: &Options) -> Result<Merged<'a>, String> {
        let mut merged = Merged {
            sources,
            seed: options.seed,
            has_names: options.names,
            copies: Vec::new(),
            types: Vec::new(),
            type_maps: Vec::new(),
            imports: Vec::new(),
            import_maps: Vec::new(),
            funcs: Vec::new(),
            addresses: 0..0,
            slots: 0,
            pages: 0,
        };
        merged.share();
        if sources.iter().all(|source| source.bodies.is_empty()) {
            return Err("there is no program to merge".to_owned());
        }
        let (mut bytes, mut next) = (
            0,
            Copy {
                source: 0,
                number: 0,
                func: 0,
                global: 0,
                element: 0,
                data: 0,
                address: 0,
                slot: 0,
            },
        );
        while bytes < options.size {
            let source = &sources[next.source];
            merged.add(&next);
            bytes += source.bytes;
            next.func += source.funcs.len() as u32;
            next.global += source.globals.len() as u32;
            next.element += source.elements.len() as u32;
            next.data += source.data.len() as u32;
            let used = source.addresses.end.next_multiple_of(4096);
            next.address = next.address.checked_add(used).ok_or("memory is full")?;
            next.slot += source.table.unwrap_or(0) as u32;
            next.source = (next.source + 1) % sources.len();
            next.number += u32::from(next.source == 0);
        }
        merged.slots = next.slot;
        merged.pages = u64::from(next.address).div_ceil(65_536).max(1);
        let starts = sources.iter().map(|source| source.addresses.start);
        merged.addresses = starts.filter(|start| *start > 0).min().unwrap_or(0)..next.address;
        Ok(merged)
    }

    /// Types and imports, each once.
    fn share(&mut self) {
        let mut known: HashMap<&wasmparser::FuncType, u32> = HashMap::new();
        for source in self.sources {
            let ids = source.types.iter().map(|ty| {
                *known.entry(ty).or_insert_with(|| {
                    self.types.push(ty.clone());
                    self.types.len() as u32 - 1
                })
            });
            self.type_maps.push(ids.collect());
        }
        let mut known: HashMap<(&str, &str, u32), u32> = HashMap::new();
        for (source, types) in self.sources.iter().zip(&self.type_maps) {
            let ids = source.imports.iter().map(|&(module, name, ty)| {
                let import = (module, name, types[ty as usize]);
                *known.entry(import).or_insert_with(|| {
                    self.imports.push(import);
                    self.imports.len() as u32 - 1
                })
            });
            self.import_maps.push(ids.collect());
        }
    }

    fn add(&mut self, copy: &Copy) {
        let (index, types) = (self.copies.len() as u32, &self.type_maps[copy.source]);
        let funcs = self.sources[copy.source].funcs.iter().enumerate();
        self.funcs.extend(funcs.map(|(body, ty)| Func {
            ty: types[*ty as usize],
            copy: index,
            body: body as u32,
        }));
        self.copies.push(copy.clone());
    }

    /// The name of a defined function: the name in its program, made different from the same one of
    /// other copies.
    pub(super) fn name(&self, defined: u32) -> String {
        let func = &self.funcs[defined as usize];
        let copy = &self.copies[func.copy as usize];
        let source = &self.sources[copy.source];
        let index = source.imports.len() + func.body as usize;
        match source.names.get(index).copied().flatten() {
            None => format!("{}.{}.{}", source.name, copy.number, func.body),
            // Programs share names too, those of a library.
            Some(name) if func.copy == 0 => name.to_owned(),
            Some(name) => match name.rfind("17h") {
                // The hash of a Rust symbol, as another build would have it.
                Some(at) if name.starts_with("_ZN") && name.len() == at + 20 => {
                    let mut rng = Rng::of(self.seed, u64::from(defined) << 8 | 2);
                    format!("{}17h{:016x}E", &name[..at], rng.bits())
                }
                _ => format!("{name}.{}", func.copy),
            },
        }
    }

    /// The operators of a defined function, in A's numbers.
    pub(super) fn code(&self, defined: u32) -> Result<Vec<Instruction<'a>>, String> {
        let func = self.funcs[defined as usize];
        let copy = &self.copies[func.copy as usize];
        let source = &self.sources[copy.source];
        let mut renumber = Renumber { merged: self, copy, plan: &Plan::default() };
        let body = &source.bodies[func.body as usize];
        let mut code = Vec::new();
        for op in body.get_operators_reader().map_err(text)? {
            code.push(renumber.instruction(op.map_err(text)?).map_err(text)?);
        }
        if copy.number > 0 {
            vary(&mut code, source, copy.address, &mut Rng::of(self.seed, u64::from(defined) << 8));
        }
        Ok(code)
    }

    /// Writes the module with the plan's edits.
    pub(super) fn encode(&self, plan: &Plan) -> Result<Vec<u8>, String> {
        let mut module = Module::new();
        let mut types = TypeSection::new();
        for ty in &self.types {
            let mut renumber = Renumber { merged: self, copy: &self.copies[0], plan };
            let params = renumber.val_types(ty.params().to_vec()).map_err(text)?;
            let results = renumber.val_types(ty.results().to_vec()).map_err(text)?;
            types.ty().function(params, results);
        }
        let mut imports = ImportSection::new();
        for (from, name, ty) in &self.imports {
            imports.import(from, name, wasm_encoder::EntityType::Function(*ty));
        }
        let (functions, code, names) = self.functions(plan)?;
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: self.slots.into(),
            maximum: None,
            shared: false,
        });
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: self.pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let (elements, data) = (self.elements(plan)?, self.data(plan)?);
        module.section(&types).section(&imports).section(&functions).section(&tables);
        module.section(&memories).section(&self.globals(plan)?).section(&self.exports(plan));
        module.section(&elements).section(&DataCountSection { count: data.len() });
        module.section(&code).section(&data).section(&names);
        Ok(module.finish())
    }

    fn functions(
        &self,
        plan: &Plan,
    ) -> Result<(FunctionSection, CodeSection, NameSection), String> {
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        let (mut names, mut map) = (NameSection::new(), NameMap::new());
        let imports = self.imports.len() as u32;
        for (index, (_, name, _)) in self.imports.iter().enumerate() {
            map.append(index as u32, name);
        }
        for (defined, func) in self.funcs.iter().enumerate() {
            let defined = defined as u32;
            let mut ops = self.code(defined)?;
            let index = plan.index_in_b(imports, imports + defined);
            if plan.added.binary_search(&defined).is_ok() {
                let mut copy = ops.clone();
                vary_hard(&mut copy, &mut Rng::of(self.seed, u64::from(defined) << 8 | 1));
                functions.function(func.ty);
                code.function(&self.body(func, &copy, plan)?);
                map.append(index - 1, &added_name(defined));
            }
            let mut name = self.name(defined);
            if let Some((_, change, _)) = plan.changes.get(&defined) {
                change.apply(&mut ops);
                if let super::edits::Change::Renamed { to } = change {
                    name.clone_from(to);
                }
            }
            functions.function(func.ty);
            code.function(&self.body(func, &ops, plan)?);
            map.append(index, &name);
        }
        names.module("enlarged");
        if self.has_names {
            names.functions(&map);
        }
        Ok((functions, code, names))
    }

    /// A body with the operators given in A's numbers.
    fn body(&self, func: &Func, ops: &[Instruction<'_>], plan: &Plan) -> Result<Function, String> {
        let copy = &self.copies[func.copy as usize];
        let body = &self.sources[copy.source].bodies[func.body as usize];
        let mut locals = Vec::new();
        for local in body.get_locals_reader().map_err(text)? {
            let (count, ty) = local.map_err(text)?;
            let mut renumber = Renumber { merged: self, copy, plan };
            locals.push((count, renumber.val_type(ty).map_err(text)?));
        }
        let imports = self.imports.len() as u32;
        let mut function = Function::new(locals);
        for op in ops {
            match op {
                Instruction::Call(callee) => {
                    let callee = plan.index_in_b(imports, *callee);
                    function.instruction(&Instruction::Call(callee))
                }
                Instruction::RefFunc(callee) => {
                    let callee = plan.index_in_b(imports, *callee);
                    function.instruction(&Instruction::RefFunc(callee))
                }
                op => function.instruction(op),
            };
        }
        Ok(function)
    }

    fn globals(&self, plan: &Plan) -> Result<GlobalSection, String> {
        let mut section = GlobalSection::new();
        for copy in &self.copies {
            let source = &self.sources[copy.source];
            let mut renumber = Renumber { merged: self, copy, plan };
            for global in &source.globals {
                let ty = renumber.global_type(global.ty).map_err(text)?;
                let init = match constant(&global.init_expr) {
                    Some(value) if source.addresses.contains(&value) => {
                        ConstExpr::i32_const(value.wrapping_add(copy.address) as i32)
                    }
                    _ => renumber.const_expr(global.init_expr.clone()).map_err(text)?,
                };
                section.global(ty, &init);
            }
        }
        Ok(section)
    }

    /// The first copy of a program has its exports under their names, the others with the copy's
    /// number behind.
    fn exports(&self, plan: &Plan) -> ExportSection {
        let mut section = ExportSection::new();
        section.export("memory", ExportKind::Memory, 0);
        let mut met = std::collections::HashSet::from(["memory".to_owned()]);
        for copy in &self.copies {
            let source = &self.sources[copy.source];
            let renumber = Renumber { merged: self, copy, plan };
            for export in &source.exports {
                if export.kind != wasmparser::ExternalKind::Func {
                    continue;
                }
                let mut name = format!("{}.{}", source.name, export.name);
                if copy.number > 0 {
                    name = format!("{name}.{}", copy.number);
                }
                let index = renumber.func(export.index);
                if met.insert(name.clone()) {
                    section.export(&name, ExportKind::Func, index);
                }
            }
        }
        section
    }

    fn elements(&self, plan: &Plan) -> Result<ElementSection, String> {
        let mut section = ElementSection::new();
        for copy in &self.copies {
            let mut renumber = Renumber { merged: self, copy, plan };
            for element in &self.sources[copy.source].elements {
                let elements = renumber.element_items(element.items.clone()).map_err(text)?;
                let offset =
                    slot(element).map(|slot| ConstExpr::i32_const((slot + copy.slot) as i32));
                let mode = match &offset {
                    Some(offset) => ElementMode::Active { table: None, offset },
                    None => ElementMode::Declared,
                };
                section.segment(ElementSegment { mode, elements });
            }
        }
        Ok(section)
    }

    fn data(&self, plan: &Plan) -> Result<DataSection, String> {
        let mut section = DataSection::new();
        for copy in &self.copies {
            let source = &self.sources[copy.source];
            let mut renumber = Renumber { merged: self, copy, plan };
            for data in &source.data {
                let wasmparser::DataKind::Active { offset_expr, .. } = &data.kind else {
                    section.passive(data.data.iter().copied());
                    continue;
                };
                let Some(start) = constant(offset_expr) else {
                    let offset = renumber.const_expr(offset_expr.clone()).map_err(text)?;
                    section.active(0, &offset, data.data.iter().copied());
                    continue;
                };
                let offset = ConstExpr::i32_const(start.wrapping_add(copy.address) as i32);
                let mode = DataSegmentMode::Active { memory_index: 0, offset: &offset };
                let data = moved(data.data, start, source, copy.address);
                section.segment(DataSegment { mode, data: data.iter().copied() });
            }
        }
        Ok(section)
    }
}

/// Data with the words that look like addresses of its program moved.
fn moved<'d>(data: &'d [u8], start: u32, source: &Source<'_>, by: u32) -> Cow<'d, [u8]> {
    if by == 0 {
        return Cow::Borrowed(data);
    }
    let mut data = data.to_vec();
    let first = start.wrapping_neg() as usize % 4;
    for word in data.get_mut(first..).unwrap_or_default().chunks_exact_mut(4) {
        let value = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        if source.addresses.contains(&value) {
            word.copy_from_slice(&value.wrapping_add(by).to_le_bytes());
        }
    }
    Cow::Owned(data)
}

/// Makes a copy of a function another one, in three of four cases: constants that are no addresses,
/// and a few operators.
fn vary(code: &mut [Instruction<'_>], source: &Source<'_>, moved: u32, rng: &mut Rng) {
    if rng.percent(25) {
        return;
    }
    let moved =
        source.addresses.start.wrapping_add(moved)..source.addresses.end.wrapping_add(moved);
    for op in code {
        match op {
            Instruction::I32Const(value)
                if !moved.contains(&(*value as u32)) && value.unsigned_abs() >= 16 =>
            {
                if rng.percent(30) {
                    *value = value.wrapping_add(1 + rng.below(14) as i32);
                }
            }
            op => {
                if rng.percent(3)
                    && let Some((other, _, _)) = other_operator(op)
                {
                    *op = other;
                }
            }
        }
    }
}

/// Makes a copy of a function quite another one.
fn vary_hard(code: &mut [Instruction<'_>], rng: &mut Rng) {
    for op in code {
        if let Instruction::I32Const(value) = op {
            *value = rng.bits() as i32;
        } else if rng.percent(50)
            && let Some((other, _, _)) = other_operator(op)
        {
            *op = other;
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Gives a copy's parts their new numbers; function indices are A's plus what the plan adds.
struct Renumber<'p, 'a> {
    merged: &'p Merged<'a>,
    copy: &'p Copy,
    plan: &'p Plan,
}

impl Renumber<'_, '_> {
    fn func(&self, func: u32) -> u32 {
        let source = &self.merged.sources[self.copy.source];
        let imports = self.merged.imports.len() as u32;
        let a = match func.checked_sub(source.imports.len() as u32) {
            None => self.merged.import_maps[self.copy.source][func as usize],
            Some(defined) => imports + self.copy.func + defined,
        };
        self.plan.index_in_b(imports, a)
    }
}

impl Reencode for Renumber<'_, '_> {
    type Error = Infallible;

    fn function_index(&mut self, func: u32) -> Result<u32, Error> {
        Ok(self.func(func))
    }

    fn type_index(&mut self, ty: u32) -> Result<u32, Error> {
        Ok(self.merged.type_maps[self.copy.source][ty as usize])
    }

    fn global_index(&mut self, global: u32) -> Result<u32, Error> {
        Ok(self.copy.global + global)
    }

    fn element_index(&mut self, element: u32) -> Result<u32, Error> {
        Ok(self.copy.element + element)
    }

    fn data_index(&mut self, data: u32) -> Result<u32, Error> {
        Ok(self.copy.data + data)
    }

    fn instruction<'b>(&mut self, op: wasmparser::Operator<'b>) -> Result<Instruction<'b>, Error> {
        let addresses = &self.merged.sources[self.copy.source].addresses;
        let by = self.copy.address;
        if let wasmparser::Operator::I32Const { value } = op
            && addresses.contains(&(value as u32))
        {
            return Ok(Instruction::I32Const(value.wrapping_add(by as i32)));
        }
        wasm_encoder::reencode::utils::instruction(self, op)
    }

    fn mem_arg(&mut self, arg: wasmparser::MemArg) -> Result<wasm_encoder::MemArg, Error> {
        let addresses = &self.merged.sources[self.copy.source].addresses;
        let is_address = u32::try_from(arg.offset).is_ok_and(|offset| addresses.contains(&offset));
        let mut arg = wasm_encoder::reencode::utils::mem_arg(self, arg)?;
        if is_address {
            arg.offset += u64::from(self.copy.address);
        }
        Ok(arg)
    }
}
