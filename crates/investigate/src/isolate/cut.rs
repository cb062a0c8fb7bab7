//! A module and a [`Plan`] → a small module with one function and what it needs.
//!
//! [`needs`](super::needs) says which items are written. Functions without a body in the plan are
//! imports of the module [`IMPORTS`] under their symbols; names of functions, globals and data are
//! kept, for the comparison pairs functions by them.
//!
//! 1. The result is decoded and validated by the caller before it is used.

use super::Plan;
use super::find::symbol;
use super::needs::{Maps, Remap, body, close, defined, imports};
use super::parts::Parts;
use anyhow::Result;
use prova_module::{DataIdx, ExternKind, GlobalIdx, Module};
use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, ImportSection, MemorySection, NameMap,
    NameSection, TableSection, TagSection, TypeSection,
};

/// Where functions that lost their bodies are imported from.
pub const IMPORTS: &str = "isolated";

/// Where something is in a small module.
pub(super) struct At {
    pub(super) func: u32,
    pub(super) root: Option<u32>,
}

/// The bytes of the small module, and the new indices of the functions that the plan names.
pub(super) fn cut(module: &Module, parts: &Parts<'_>, plan: &Plan) -> Result<(Vec<u8>, At)> {
    let needs = close(parts, plan)?;
    let imported = |func: u32| body(parts, plan, func).is_none();
    let maps = Maps::new(&needs, &imported);
    let mut writer =
        Writer { module, parts, plan, remap: Remap { needs: needs.clone(), maps: Some(maps) } };
    let func = writer.remap.func(plan.func);
    let root = plan.root.map(|root| writer.remap.func(root));
    Ok((writer.module()?, At { func, root }))
}

struct Writer<'p, 'm> {
    module: &'p Module,
    parts: &'p Parts<'m>,
    plan: &'p Plan,
    remap: Remap,
}

impl Writer<'_, '_> {
    fn module(&mut self) -> Result<Vec<u8>> {
        let mut out = wasm_encoder::Module::new();
        let needs = self.remap.needs.clone();
        let mut types = TypeSection::new();
        for (start, group) in &self.parts.types {
            if needs.types.contains(start) {
                self.remap.parse_recursive_type_group(types.ty(), group.clone())?;
            }
        }
        out.section(&types);
        out.section(&self.imports()?);
        let (kept, _): (Vec<u32>, Vec<u32>) =
            needs.funcs.iter().partition(|func| body(self.parts, self.plan, **func).is_some());
        let mut funcs = FunctionSection::new();
        for func in &kept {
            if let Some(ty) = self.parts.func_type(*func) {
                funcs.function(self.remap.type_index(ty)?);
            }
        }
        out.section(&funcs);
        self.spaces(&mut out)?;
        let mut exports = ExportSection::new();
        exports.export(&self.export_name(), ExportKind::Func, self.remap.func(self.exported()));
        out.section(&exports);
        self.elements(&mut out)?;
        if needs.data_named {
            out.section(&DataCountSection { count: needs.data.len() as u32 });
        }
        let mut code = CodeSection::new();
        for func in &kept {
            if let Some(body) = body(self.parts, self.plan, *func) {
                self.remap.parse_function_body(&mut code, body)?;
            }
        }
        out.section(&code);
        let mut data = DataSection::new();
        for at in &needs.data {
            if let Some(segment) = self.parts.data.get(*at as usize) {
                self.remap.parse_data(&mut data, segment.clone())?;
            }
        }
        out.section(&data);
        out.section(&self.names());
        Ok(out.finish())
    }

    fn imports(&mut self) -> Result<ImportSection> {
        let mut section = ImportSection::new();
        for import in imports(self.parts, &self.remap.needs.clone()) {
            self.remap.parse_import(&mut section, *import)?;
        }
        let imported = self.parts.imported.funcs.len() as u32;
        for func in self.remap.needs.funcs.clone() {
            if func >= imported && body(self.parts, self.plan, func).is_none() {
                let Some(ty) = self.parts.func_type(func) else { continue };
                let ty = self.remap.type_index(ty)?;
                section.import(IMPORTS, &self.symbol(func), EntityType::Function(ty));
            }
        }
        Ok(section)
    }

    fn spaces(&mut self, out: &mut wasm_encoder::Module) -> Result<()> {
        let (parts, needs) = (self.parts, self.remap.needs.clone());
        let mut tables = TableSection::new();
        for at in &needs.tables {
            if let Some(table) = defined(&parts.tables, &parts.imported.tables, *at) {
                self.remap.parse_table(&mut tables, table.clone())?;
            }
        }
        out.section(&tables);
        let mut memories = MemorySection::new();
        for at in &needs.memories {
            if let Some(memory) = defined(&parts.memories, &parts.imported.memories, *at) {
                memories.memory(self.remap.memory_type(*memory)?);
            }
        }
        out.section(&memories);
        let mut tags = TagSection::new();
        for at in &needs.tags {
            if let Some(tag) = defined(&parts.tags, &parts.imported.tags, *at) {
                tags.tag(self.remap.tag_type(*tag)?);
            }
        }
        if !tags.is_empty() {
            out.section(&tags);
        }
        let mut globals = GlobalSection::new();
        for at in &needs.globals {
            if let Some(global) = defined(&parts.globals, &parts.imported.globals, *at) {
                self.remap.parse_global(&mut globals, global.clone())?;
            }
        }
        out.section(&globals);
        Ok(())
    }

    fn elements(&mut self, out: &mut wasm_encoder::Module) -> Result<()> {
        let needs = self.remap.needs.clone();
        let mut elements = ElementSection::new();
        for at in &needs.elements {
            if let Some(element) = self.parts.elements.get(*at as usize) {
                self.remap.parse_element(&mut elements, element.clone())?;
            }
        }
        // Functions that code takes references of must be declared somewhere outside code.
        if !needs.referenced.is_empty() {
            let funcs: Vec<u32> =
                needs.referenced.iter().map(|func| self.remap.func(*func)).collect();
            elements.declared(Elements::Functions(funcs.into()));
        }
        out.section(&elements);
        Ok(())
    }

    fn names(&self) -> NameSection {
        let needs = &self.remap.needs;
        let names = self.module.names();
        let mut section = NameSection::new();
        let mut funcs: Vec<(u32, String)> =
            needs.funcs.iter().map(|func| (self.remap.func(*func), self.symbol(*func))).collect();
        funcs.sort();
        section.functions(&map(funcs));
        let globals = needs.globals.iter().zip(0..);
        section
            .globals(&map(globals
                .filter_map(|(old, new)| Some((new, names.global(GlobalIdx(*old))?.to_owned())))));
        let data = needs.data.iter().zip(0..);
        section.data(&map(
            data.filter_map(|(old, new)| Some((new, names.data(DataIdx(*old))?.to_owned())))
        ));
        section
    }

    fn symbol(&self, func: u32) -> String {
        symbol(self.module, func)
    }

    fn exported(&self) -> u32 {
        self.plan.root.unwrap_or(self.plan.func)
    }

    fn export_name(&self) -> String {
        let (exports, func) = (self.module.exports().iter(), self.exported());
        let mut own =
            exports.filter(|export| export.kind == ExternKind::Func && export.index == func);
        own.next().map_or_else(|| self.symbol(func), |export| export.name.to_string())
    }
}

fn map(names: impl IntoIterator<Item = (u32, String)>) -> NameMap {
    let mut map = NameMap::new();
    names.into_iter().for_each(|(index, name)| map.append(index, &name));
    map
}
