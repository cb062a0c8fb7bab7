//! A module → its sections as the encoder's lists, by index space.
//!
//! The module is valid, so counts and indices agree; an error is a section that the encoder does
//! not know.

use super::find::symbol;
use anyhow::Result;
use prova_module::Module;
use std::collections::HashMap;
use wasmparser::{
    Data, Element, FunctionBody, Global, Import, MemoryType, Parser, Payload, RecGroup, Table,
    TagType, TypeRef,
};

/// The sections that isolation keeps parts of. Imports come first in every index space.
#[derive(Default)]
pub struct Parts<'m> {
    /// Groups of types with the index of their first.
    pub(crate) types: Vec<(u32, RecGroup)>,
    pub(crate) type_count: u32,
    pub(crate) imports: Vec<Import<'m>>,
    /// Indices into `imports`, by index space.
    pub(crate) imported: Imported,
    /// The types of defined functions.
    pub(crate) funcs: Vec<u32>,
    pub(crate) tables: Vec<Table<'m>>,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) tags: Vec<TagType>,
    pub(crate) globals: Vec<Global<'m>>,
    pub(crate) elements: Vec<Element<'m>>,
    pub(crate) data: Vec<Data<'m>>,
    pub(crate) bodies: Vec<FunctionBody<'m>>,
    /// Functions by what they are known by, an import or a symbol; the first that has it.
    pub(crate) callees: HashMap<(String, String), u32>,
}

/// Which import is at an index.
#[derive(Default)]
pub(crate) struct Imported {
    pub(crate) funcs: Vec<usize>,
    pub(crate) tables: Vec<usize>,
    pub(crate) memories: Vec<usize>,
    pub(crate) globals: Vec<usize>,
    pub(crate) tags: Vec<usize>,
}

impl<'m> Parts<'m> {
    ///
    /// # Errors
    /// If a section cannot be read.
    pub fn read(module: &'m Module) -> Result<Parts<'m>> {
        let mut parts = Parts::default();
        for payload in Parser::new(0).parse_all(module.bytes()) {
            parts.section(payload?)?;
        }
        let funcs = (0..module.func_count() as u32).rev();
        parts.callees = funcs.map(|func| (parts.known_by(module, func), func)).collect();
        Ok(parts)
    }

    /// The identity of a function in both modules: its import, or its symbol.
    pub(crate) fn known_by(&self, module: &Module, func: u32) -> (String, String) {
        let import = self.imported.funcs.get(func as usize).map(|at| &self.imports[*at]);
        match import {
            Some(import) => (import.module.to_owned(), import.name.to_owned()),
            None => (String::new(), symbol(module, func)),
        }
    }

    fn section(&mut self, payload: Payload<'m>) -> Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    let group = group?;
                    let count = group.types().len() as u32;
                    self.types.push((self.type_count, group));
                    self.type_count += count;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(import?);
                }
            }
            Payload::FunctionSection(section) => self.funcs = all(section)?,
            Payload::TableSection(section) => self.tables = all(section)?,
            Payload::MemorySection(section) => self.memories = all(section)?,
            Payload::TagSection(section) => self.tags = all(section)?,
            Payload::GlobalSection(section) => self.globals = all(section)?,
            Payload::ElementSection(section) => self.elements = all(section)?,
            Payload::DataSection(section) => self.data = all(section)?,
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            // Exports and the start function are not kept; custom sections are read from the
            // module.
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: Import<'m>) {
        let at = self.imports.len();
        let space = match import.ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => &mut self.imported.funcs,
            TypeRef::Table(_) => &mut self.imported.tables,
            TypeRef::Memory(_) => &mut self.imported.memories,
            TypeRef::Global(_) => &mut self.imported.globals,
            TypeRef::Tag(_) => &mut self.imported.tags,
        };
        space.push(at);
        self.imports.push(import);
    }

    /// The type index of a function.
    pub(crate) fn func_type(&self, func: u32) -> Option<u32> {
        let func = func as usize;
        match self.imported.funcs.get(func) {
            Some(&import) => match self.imports[import].ty {
                TypeRef::Func(ty) | TypeRef::FuncExact(ty) => Some(ty),
                TypeRef::Table(_) | TypeRef::Memory(_) | TypeRef::Global(_) | TypeRef::Tag(_) => {
                    None
                }
            },
            None => self.funcs.get(func - self.imported.funcs.len()).copied(),
        }
    }
}

fn all<'m, T>(section: wasmparser::SectionLimited<'m, T>) -> Result<Vec<T>>
where
    T: wasmparser::FromReader<'m>,
{
    Ok(section.into_iter().collect::<wasmparser::Result<Vec<T>>>()?)
}
