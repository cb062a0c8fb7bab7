//! A module and a [`Plan`] → a small module with one function and what it needs.
//!
//! [`needs`](super::needs) says which items are written. Functions without a body in the plan are
//! imports of the module [`IMPORTS`] under their symbols; names of functions, globals and data are
//! kept, for the comparison pairs functions by them.
//!
//! 1. The result is decoded and validated by the caller before it is used.

use super::Plan;
use super::find::symbol;
use super::needs::{Needs, body, close, numbers};
use super::parts::Parts;
use anyhow::Result;
use prova_module::{DataIdx, ExternKind, GlobalIdx, Module};
use prova_rewrite::{Edit, Elements, Numbers, Space, apply};
use wasm_encoder::{EntityType, ExportKind, NameMap, NameSection, SectionId};

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
    let numbers = numbers(module, &needs, &imported);
    let writer = Writer { module, parts, plan, needs, numbers };
    let names = writer.names();
    let names = names.as_custom();
    let mut edit = writer.edit()?;
    edit.added_customs.push((names.name, names.data));
    let func = writer.func(plan.func)?;
    let root = plan.root.map(|root| writer.func(root)).transpose()?;
    Ok((apply(module.bytes(), &edit)?.bytes, At { func, root }))
}

struct Writer<'p, 'm> {
    module: &'p Module,
    parts: &'p Parts<'m>,
    plan: &'p Plan,
    needs: Needs,
    numbers: Numbers,
}

/// Sections that are written even if they are empty.
const ALWAYS: [SectionId; 10] = [
    SectionId::Type,
    SectionId::Import,
    SectionId::Function,
    SectionId::Table,
    SectionId::Memory,
    SectionId::Global,
    SectionId::Export,
    SectionId::Element,
    SectionId::Code,
    SectionId::Data,
];

impl Writer<'_, '_> {
    /// The new index of a function.
    fn func(&self, func: u32) -> Result<u32, prova_rewrite::Error> {
        self.numbers.get(Space::Func, func)
    }

    fn edit(&self) -> Result<Edit<'static>> {
        let Writer { module, parts, plan, needs, numbers } = self;
        let mut edit = Edit { numbers: numbers.clone(), always: ALWAYS.into(), ..Edit::default() };
        edit.without.push(SectionId::Start);
        if needs.tags.range(parts.imported.tags.len() as u32..).next().is_none() {
            edit.without.push(SectionId::Tag);
        }
        let count = if needs.data_named { &mut edit.always } else { &mut edit.without };
        count.push(SectionId::DataCount);
        let imported = parts.imported.funcs.len() as u32;
        for func in needs.funcs.range(imported..).copied() {
            let (body, ty) = (body(parts, plan, func), parts.func_type(func));
            match (body, ty) {
                (Some(body), _) if func == plan.func => {
                    edit.bodies.insert(func, numbers.copied(&body, false)?);
                }
                (None, Some(ty)) => {
                    let ty = EntityType::Function(numbers.get(Space::Type, ty)?);
                    edit.imports.push((IMPORTS.into(), self.symbol(func).into(), ty));
                    edit.bodiless.insert(func);
                }
                (Some(_) | None, _) => {}
            }
        }
        let exports = module.exports().iter();
        edit.export_names = exports.map(|export| (export.name.to_string(), None)).collect();
        let exported = self.func(self.exported())?;
        edit.exports.push((self.export_name(), ExportKind::Func, exported));
        // Functions that code takes references of must be declared somewhere outside code.
        if !needs.referenced.is_empty() {
            let funcs = needs.referenced.iter().map(|func| self.func(*func));
            let funcs = funcs.collect::<Result<_, _>>()?;
            edit.elements.push(Elements { offset: None, funcs });
        }
        Ok(edit)
    }

    fn names(&self) -> NameSection {
        let needs = &self.needs;
        let names = self.module.names();
        let mut section = NameSection::new();
        let funcs = needs.funcs.iter();
        let mut funcs: Vec<(u32, String)> =
            funcs.filter_map(|func| Some((self.func(*func).ok()?, self.symbol(*func)))).collect();
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
