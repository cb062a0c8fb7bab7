//! Module bytes → the contents of a [`Module`](crate::Module): sections in order, each compared
//! with the limits, validated by wasmparser, then kept.
//!
//! `module` owns the result. `validate` treats the bodies, all of them once the code section has
//! been read, and before anything behind it.
//!
//! 1. A count of the binary is believed only after comparison with its limit and with the bytes
//!    left in its section (an item has at least one), so memory stays within a constant factor of
//!    the module's size.
//! 2. A section is read here only after wasmparser has accepted it.
//!
//! Tests: `tests/module.rs` for what is kept, `tests/reject.rs` (with truncation at every byte) and
//! `tests/limits.rs` for what is refused.

use crate::const_expr::ConstExpr;
use crate::error::{Error, Result};
use crate::facts::BodyContext;
use crate::features::{Features, Proposal};
use crate::func_type::FuncType;
use crate::groups::{Composite, TypeDef, Types};
use crate::index::{FuncIdx, MemoryIdx, TableIdx, TypeIdx};
use crate::limits::Limits;
use crate::module::{Imported, Inner};
use crate::names::Names;
use crate::refusal::name_refusal;
use crate::types::{
    CustomSection, Data, DataMode, Element, ElementItems, ElementKind, Export, ExternKind,
    ExternType, GlobalType, Import, MemoryType, Section, TableType,
};
use crate::validate::{Bodies, Pass};
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use wasmparser::{
    CompositeInnerType, Encoding, ExternalKind, FieldType, Parser, Payload, SectionLimited,
    StorageType, SubType, TypeRef, ValType, ValidPayload, Validator, WasmFeatures,
};

/// Decodes and validates a module.
pub(crate) fn decode(
    bytes: Arc<[u8]>,
    features: &Features,
    limits: &Limits,
    pass: Pass,
) -> Result<Inner> {
    let size = bytes.len() as u64;
    let max = limits.module_bytes.min(Limits::MODULE_BYTES_MAX);
    if size > max {
        return Err(Error::limit("module_bytes", max, size, 0));
    }
    begins_as_module(&bytes)?;
    let decoder = |flags, probe| Decoder {
        inner: empty(Arc::clone(&bytes), *features),
        flags,
        limits,
        pass,
        probe,
        refused: None,
        has_names: false,
        wide: false,
        exceptions: false,
    };
    let mut first = decoder(features.wasm(), false);
    match first.run(&bytes) {
        Ok(()) => match first.refused {
            None => Ok(first.inner),
            Some(error) => Err(error),
        },
        Err(error) => {
            drop(first);
            Err(name_refusal(features, error, |flags| decoder(flags, true).run(&bytes)))
        }
    }
}

/// Refuses what does not begin as a module: of other bytes wasmparser prints four lines each.
fn begins_as_module(bytes: &[u8]) -> Result<()> {
    const MAGIC: &[u8] = b"\0asm";
    let start = bytes.get(..MAGIC.len()).unwrap_or(bytes);
    if bytes.is_empty() {
        return Err(Error::invalid("unexpected end: there are no bytes", 0));
    }
    if !MAGIC.starts_with(start) {
        let start: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
        let start = start.join(" ");
        let message = "magic header not detected: a module begins with 00 61 73 6d";
        return Err(Error::invalid(format!("{message}, and this with {start}"), 0));
    }
    Ok(())
}

fn empty(bytes: Arc<[u8]>, features: Features) -> Inner {
    Inner {
        bytes,
        features,
        sections: Vec::new(),
        types: Types::default(),
        imports: Vec::new(),
        imported: Imported::default(),
        funcs: Vec::new(),
        tables: Vec::new(),
        table_inits: Vec::new(),
        memories: Vec::new(),
        tags: Vec::new(),
        globals: Vec::new(),
        global_inits: Vec::new(),
        exports: Vec::new(),
        exports_by_name: Vec::new(),
        start: None,
        elements: Vec::new(),
        data_count: None,
        bodies: Vec::new(),
        later: None,
        data: Vec::new(),
        custom_sections: Vec::new(),
        names: Names::default(),
        digest: OnceLock::new(),
        layouts: OnceLock::new(),
        sha256: OnceLock::new(),
    }
}

/// Whether a type, global or table has references to exceptions or objects.
fn holds_traced(inner: &Inner) -> bool {
    let types = &inner.types;
    let mut values = types.iter().flat_map(|ty| ty.params.iter().chain(&*ty.results).copied());
    let mut globals = inner.globals.iter().map(|global| global.val);
    let mut tables = inner.tables.iter().map(|table| ValType::Ref(table.ref_type));
    let mut defs = (0..types.len() as u32).map(|ty| types.func(TypeIdx(ty)));
    values.any(|ty| types.is_traced(ty))
        || globals.any(|ty| types.is_traced(ty))
        || tables.any(|ty| types.is_traced(ty))
        || defs.any(|func| func.is_none())
}

struct Decoder<'l> {
    inner: Inner,
    /// The features that wasmparser decodes and validates with.
    flags: WasmFeatures,
    limits: &'l Limits,
    pass: Pass,
    /// Validate with any flags, and keep only what that needs.
    probe: bool,
    /// A valid use of something that no tier executes; reported if nothing is invalid.
    refused: Option<Error>,
    has_names: bool,
    /// Whether a type or global has a `v128`.
    wide: bool,
    /// Whether a type, global or table has references to exceptions or objects; from the code
    /// section on.
    exceptions: bool,
}

impl Decoder<'_> {
    fn run(&mut self, bytes: &[u8]) -> Result<()> {
        let mut validator = Validator::new_with_features(self.flags);
        let mut code = Bodies::new(0);
        let mut parser = Parser::new(0);
        parser.set_features(self.flags);
        for payload in parser.parse_all(bytes) {
            if !matches!(payload, Ok(Payload::CodeSectionEntry(_))) {
                self.bodies(std::mem::replace(&mut code, Bodies::new(0)), bytes)?;
            }
            let payload = payload?;
            self.before(&payload)?;
            if let Payload::CodeSectionStart { size, .. } = &payload {
                code = Bodies::new(u64::from(*size).min(bytes.len() as u64));
                self.exceptions = holds_traced(&self.inner);
            }
            match validator.payload(&payload) {
                Ok(ValidPayload::Func(func, body)) => code.push(func, body),
                Ok(_) => self.keep(payload)?,
                Err(error) => {
                    // A body before it may have an error, which comes first.
                    self.bodies(code, bytes)?;
                    return Err(error.into());
                }
            }
        }
        self.bodies(code, bytes)
    }

    /// Validates the bodies of the code section, or those before its first error.
    fn bodies(&mut self, code: Bodies<'_>, bytes: &[u8]) -> Result<()> {
        let cx = BodyContext {
            bytes,
            limits: self.limits,
            types: &self.inner.types,
            funcs: &self.inner.funcs,
            tags: &self.inner.tags,
            wide: self.wide,
            exceptions: self.exceptions,
            probe: self.probe,
        };
        if self.probe {
            return code.in_order(cx).map(drop);
        }
        let (bodies, later) = code.validate(self.pass, cx)?;
        if later.is_some() {
            (self.inner.bodies, self.inner.later) = (bodies, later);
        }
        Ok(())
    }

    /// Refuses what must not reach the validator: components, and counts over a limit.
    fn before(&self, payload: &Payload<'_>) -> Result<()> {
        let (limits, inner) = (self.limits, &self.inner);
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => {
                Err(Error::unsupported("component model", 0))
            }
            Payload::TypeSection(s) => count(s, "types", limits.types, 0),
            Payload::ImportSection(s) => count(s, "imports", limits.imports, 0),
            Payload::FunctionSection(s) => {
                count(s, "functions", limits.functions, inner.funcs.len())
            }
            Payload::TableSection(s) => count(s, "tables", limits.tables, inner.tables.len()),
            Payload::MemorySection(s) => {
                count(s, "memories", limits.memories, inner.memories.len())
            }
            Payload::GlobalSection(s) => count(s, "globals", limits.globals, inner.globals.len()),
            Payload::TagSection(s) => count(s, "tags", limits.tags, inner.tags.len()),
            Payload::ExportSection(s) => count(s, "exports", limits.exports, 0),
            Payload::ElementSection(s) => count(s, "element_segments", limits.element_segments, 0),
            Payload::DataSection(s) => count(s, "data_segments", limits.data_segments, 0),
            Payload::DataCountSection { count, range } => {
                within("data_segments", limits.data_segments, u64::from(*count), range.start)
            }
            Payload::CustomSection(s) => {
                within("name_bytes", limits.name_bytes, s.name().len() as u64, s.range().start)
            }
            _ => Ok(()),
        }
    }

    /// Keeps a payload that the validator has accepted.
    fn keep(&mut self, payload: Payload<'_>) -> Result<()> {
        if let Some((id, range)) = payload.as_section() {
            self.inner.sections.push(Section { id, range: at(range.clone()) });
            let count = self.inner.sections.len() as u64;
            within("sections", self.limits.sections, count, range.start)?;
        }
        match payload {
            Payload::TypeSection(s) => self.types(s),
            Payload::ImportSection(s) => self.imports(s),
            Payload::FunctionSection(s) => {
                for ty in s {
                    self.inner.funcs.push(TypeIdx(ty?));
                }
                Ok(())
            }
            Payload::TagSection(s) => {
                for tag in s {
                    self.inner.tags.push(TypeIdx(tag?.func_type_idx));
                }
                Ok(())
            }
            // The other sections have constant expressions and names, and a probe needs none.
            _ if self.probe => Ok(()),
            Payload::TableSection(s) => self.tables(s),
            Payload::MemorySection(s) => {
                for item in s.into_iter_with_offsets() {
                    let (offset, ty) = item?;
                    self.memory(memory_type(&ty), offset);
                }
                Ok(())
            }
            Payload::GlobalSection(s) => self.globals(s),
            Payload::ExportSection(s) => self.exports(s),
            Payload::StartSection { func, .. } => {
                self.inner.start = Some(FuncIdx(func));
                Ok(())
            }
            Payload::ElementSection(s) => self.elements(s),
            Payload::DataCountSection { count, .. } => {
                self.inner.data_count = Some(count);
                Ok(())
            }
            Payload::DataSection(s) => self.data(s),
            Payload::CustomSection(s) => {
                self.custom(&s);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn types(&mut self, section: SectionLimited<'_, wasmparser::RecGroup>) -> Result<()> {
        let section_start = section.range().start;
        self.inner.types.reserve(section.count() as usize);
        for group in section {
            let mut types = Vec::new();
            for (offset, ty) in group?.into_types_and_offsets() {
                types.push(self.sub_type(ty, offset)?);
            }
            let count = self.inner.types.len() + types.len();
            within("types", self.limits.types, count as u64, section_start)?;
            self.inner.types.push_group(types);
        }
        Ok(())
    }

    /// One type; what is no function type has no parameters and results.
    fn sub_type(&mut self, ty: SubType, offset: u64) -> Result<(FuncType, TypeDef)> {
        let supertype = ty.supertype_idxs.first().and_then(|index| index.as_module_index());
        let (params, results, composite) = match &ty.composite_type.inner {
            CompositeInnerType::Func(ty) => (ty.params(), ty.results(), Composite::Func),
            CompositeInnerType::Struct(ty) => {
                (&[][..], &[][..], Composite::Struct(ty.fields.clone()))
            }
            CompositeInnerType::Array(ty) => (&[][..], &[][..], Composite::Array(ty.0)),
            // A probe only asks whether the module is valid.
            CompositeInnerType::Cont(_) if self.probe => (&[][..], &[][..], Composite::Func),
            CompositeInnerType::Cont(_) => {
                return Err(Error::unsupported("stack switching", offset as usize));
            }
        };
        within("params", self.limits.params, params.len() as u64, offset)?;
        within("results", self.limits.results, results.len() as u64, offset)?;
        self.wide |= params.contains(&ValType::V128) || results.contains(&ValType::V128);
        self.wide |= has_vectors(&composite);
        let func = FuncType { params: params.into(), results: results.into() };
        Ok((func, TypeDef { is_final: ty.is_final, supertype: supertype.map(TypeIdx), composite }))
    }

    fn imports(&mut self, section: wasmparser::ImportSectionReader<'_>) -> Result<()> {
        let section_start = section.range().start;
        self.inner.imports.reserve_exact(section.count() as usize);
        for item in section.into_imports_with_offsets() {
            let (offset, import) = item?;
            self.name(import.module, offset)?;
            self.name(import.name, offset)?;
            let kind = self.import(import.ty, offset);
            self.inner.imports.push(Import {
                module: import.module.into(),
                name: import.name.into(),
                kind,
                offset: offset as usize,
            });
        }
        let inner = &self.inner;
        let limits = self.limits;
        for (name, max, actual) in [
            ("imports", limits.imports, inner.imports.len()),
            ("functions", limits.functions, inner.funcs.len()),
            ("tables", limits.tables, inner.tables.len()),
            ("memories", limits.memories, inner.memories.len()),
            ("globals", limits.globals, inner.globals.len()),
            ("tags", limits.tags, inner.tags.len()),
        ] {
            within(name, max, actual as u64, section_start)?;
        }
        Ok(())
    }

    /// Enters an import into its index space.
    fn import(&mut self, ty: TypeRef, offset: u64) -> ExternType {
        let inner = &mut self.inner;
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                inner.imported.funcs += 1;
                inner.funcs.push(TypeIdx(ty));
                ExternType::Func(TypeIdx(ty))
            }
            TypeRef::Table(ty) => {
                let ty = table_type(&ty);
                inner.imported.tables += 1;
                inner.tables.push(ty);
                ExternType::Table(ty)
            }
            TypeRef::Memory(ty) => {
                let ty = memory_type(&ty);
                inner.imported.memories += 1;
                self.memory(ty, offset);
                ExternType::Memory(ty)
            }
            TypeRef::Global(ty) => {
                let ty = GlobalType { val: ty.content_type, mutable: ty.mutable };
                inner.imported.globals += 1;
                inner.globals.push(ty);
                self.wide |= ty.val == ValType::V128;
                ExternType::Global(ty)
            }
            TypeRef::Tag(ty) => {
                inner.imported.tags += 1;
                inner.tags.push(TypeIdx(ty.func_type_idx));
                ExternType::Tag(TypeIdx(ty.func_type_idx))
            }
        }
    }

    fn memory(&mut self, ty: MemoryType, offset: u64) {
        let allowed = self.inner.features.has(Proposal::SharedMemory);
        if ty.shared && !allowed && self.refused.is_none() {
            self.refused = Some(Error::unsupported("shared memories", offset as usize));
        }
        self.inner.memories.push(ty);
    }

    fn tables(&mut self, section: SectionLimited<'_, wasmparser::Table<'_>>) -> Result<()> {
        for table in section {
            let table = table?;
            self.inner.tables.push(table_type(&table.ty));
            self.inner.table_inits.push(match &table.init {
                wasmparser::TableInit::RefNull => None,
                wasmparser::TableInit::Expr(expr) => Some(self.const_expr(expr)?),
            });
        }
        Ok(())
    }

    fn globals(&mut self, section: SectionLimited<'_, wasmparser::Global<'_>>) -> Result<()> {
        self.inner.globals.reserve_exact(section.count() as usize);
        self.inner.global_inits.reserve_exact(section.count() as usize);
        for global in section {
            let global = global?;
            let ty = GlobalType { val: global.ty.content_type, mutable: global.ty.mutable };
            self.wide |= ty.val == ValType::V128;
            self.inner.globals.push(ty);
            let init = self.const_expr(&global.init_expr)?;
            self.inner.global_inits.push(init);
        }
        Ok(())
    }

    fn exports(&mut self, section: SectionLimited<'_, wasmparser::Export<'_>>) -> Result<()> {
        self.inner.exports.reserve_exact(section.count() as usize);
        for item in section.into_iter_with_offsets() {
            let (offset, export) = item?;
            self.name(export.name, offset)?;
            let kind = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => ExternKind::Func,
                ExternalKind::Table => ExternKind::Table,
                ExternalKind::Memory => ExternKind::Memory,
                ExternalKind::Global => ExternKind::Global,
                ExternalKind::Tag => ExternKind::Tag,
            };
            self.inner.exports.push(Export { name: export.name.into(), kind, index: export.index });
        }
        let exports = &self.inner.exports;
        self.inner.exports_by_name = (0..exports.len() as u32).collect();
        self.inner
            .exports_by_name
            .sort_unstable_by(|&a, &b| exports[a as usize].name.cmp(&exports[b as usize].name));
        Ok(())
    }

    fn elements(&mut self, section: SectionLimited<'_, wasmparser::Element<'_>>) -> Result<()> {
        self.inner.elements.reserve_exact(section.count() as usize);
        for element in section {
            let element = element?;
            let items = match element.items {
                wasmparser::ElementItems::Functions(funcs) => {
                    count(&funcs, "element_items", self.limits.element_items, 0)?;
                    let mut items = Vec::new();
                    items.reserve_exact(funcs.count() as usize);
                    for func in funcs {
                        items.push(FuncIdx(func?));
                    }
                    ElementItems::Funcs(items.into())
                }
                wasmparser::ElementItems::Expressions(ty, exprs) => {
                    count(&exprs, "element_items", self.limits.element_items, 0)?;
                    let mut items = Vec::new();
                    items.reserve_exact(exprs.count() as usize);
                    for expr in exprs {
                        items.push(self.const_expr(&expr?)?);
                    }
                    ElementItems::Exprs(ty, items.into())
                }
            };
            let kind = match element.kind {
                wasmparser::ElementKind::Passive => ElementKind::Passive,
                wasmparser::ElementKind::Declared => ElementKind::Declared,
                wasmparser::ElementKind::Active { table_index, offset_expr } => {
                    ElementKind::Active {
                        table: TableIdx(table_index.unwrap_or(0)),
                        offset: self.const_expr(&offset_expr)?,
                    }
                }
            };
            self.inner.elements.push(Element { kind, items });
        }
        Ok(())
    }

    fn data(&mut self, section: SectionLimited<'_, wasmparser::Data<'_>>) -> Result<()> {
        self.inner.data.reserve_exact(section.count() as usize);
        for data in section {
            let data = data?;
            let mode = match data.kind {
                wasmparser::DataKind::Passive => DataMode::Passive,
                wasmparser::DataKind::Active { memory_index, offset_expr } => DataMode::Active {
                    memory: MemoryIdx(memory_index),
                    offset: self.const_expr(&offset_expr)?,
                },
            };
            let end = data.range.end as usize;
            self.inner.data.push(Data { mode, range: end - data.data.len()..end });
        }
        Ok(())
    }

    fn custom(&mut self, section: &wasmparser::CustomSectionReader<'_>) {
        let range = at(section.data_range());
        if section.name() == "name" && !self.has_names {
            self.has_names = true;
            self.inner.names = Names::decode(&self.inner.bytes, range.clone());
        }
        let placement = self.inner.sections.len().saturating_sub(1);
        let name = section.name().into();
        self.inner.custom_sections.push(CustomSection { name, range, placement });
    }

    fn const_expr(&self, expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
        let offset = expr.get_binary_reader().original_position();
        let expr = ConstExpr::decode(expr)?;
        within("const_expr_ops", self.limits.const_expr_ops, expr.ops().len() as u64, offset)?;
        Ok(expr)
    }

    fn name(&self, name: &str, offset: u64) -> Result<()> {
        within("name_bytes", self.limits.name_bytes, name.len() as u64, offset)
    }
}

/// Refuses `actual` over `max`.
fn within(name: &'static str, max: u64, actual: u64, offset: u64) -> Result<()> {
    if actual > max {
        return Err(Error::limit(name, max, actual, offset as usize));
    }
    Ok(())
}

/// Refuses a section of more items than allowed next to `before` others, or than it has bytes.
fn count<T>(
    section: &SectionLimited<'_, T>,
    name: &'static str,
    max: u64,
    before: usize,
) -> Result<()> {
    let range = section.range();
    let count = u64::from(section.count());
    if count > range.end - range.start {
        let message = "unexpected end of section: more items than bytes";
        return Err(Error::invalid(message, range.start as usize));
    }
    within(name, max, before as u64 + count, range.start)
}

fn at(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}

fn table_type(ty: &wasmparser::TableType) -> TableType {
    TableType { ref_type: ty.element_type, min: ty.initial, max: ty.maximum, table64: ty.table64 }
}

fn memory_type(ty: &wasmparser::MemoryType) -> MemoryType {
    MemoryType {
        min: ty.initial,
        max: ty.maximum,
        memory64: ty.memory64,
        shared: ty.shared,
        page_size_log2: ty.page_size_log2(),
    }
}

/// Whether a structure or array has a vector in it, which operators on it give.
fn has_vectors(composite: &Composite) -> bool {
    let wide = |of: &FieldType| of.element_type == StorageType::Val(ValType::V128);
    match composite {
        Composite::Func => false,
        Composite::Struct(fields) => fields.iter().any(wide),
        Composite::Array(element) => wide(element),
    }
}
