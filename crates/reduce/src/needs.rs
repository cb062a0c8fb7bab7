//! A plan for a module → all items that the kept ones need, and the new index of each.
//!
//! The encoder's walk records uses. The same walk gives new indices when the module is written, so
//! this file has no list of operators.
//!
//! 1. The needs are closed: every item that a kept one names is kept.
//! 2. New indices have the order of the old ones, imports first.

use super::Plan;
use super::parts::Parts;
use anyhow::{Result, anyhow};
use prova_module::{FuncIdx, Module};
use prova_rewrite::{Numbers, Space};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use wasm_encoder::reencode::{Error, Reencode};
use wasmparser::{
    BinaryReader, DataKind, ElementItems, ElementKind, FunctionBody, Operator, TableInit, TypeRef,
};

type Used<T> = std::result::Result<T, Error<Infallible>>;

/// Indices by index space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) types: BTreeSet<u32>,
    pub(super) funcs: BTreeSet<u32>,
    pub(super) tables: BTreeSet<u32>,
    pub(super) memories: BTreeSet<u32>,
    pub(super) globals: BTreeSet<u32>,
    pub(super) tags: BTreeSet<u32>,
    pub(super) elements: BTreeSet<u32>,
    pub(super) data: BTreeSet<u32>,
    /// Functions that code takes references of.
    pub(super) referenced: BTreeSet<u32>,
    /// Code names a data segment.
    pub(super) data_named: bool,
}

impl Needs {
    fn count(&self) -> usize {
        let Needs {
            types,
            funcs,
            tables,
            memories,
            globals,
            tags,
            elements,
            data,
            referenced,
            data_named: _,
        } = self;
        [types, funcs, tables, memories, globals, tags, elements, data, referenced]
            .iter()
            .map(|set| set.len())
            .sum()
    }
}

/// New indices of what is kept. Functions that lose their bodies (`imported`) become imports, so
/// they come first.
pub(super) fn numbers(module: &Module, needs: &Needs, imported: &dyn Fn(u32) -> bool) -> Numbers {
    let (imports, defined): (Vec<u32>, Vec<u32>) =
        needs.funcs.iter().partition(|func| imported(**func));
    let of_funcs = imports.into_iter().chain(defined).zip(0..).collect();
    let ranks = |kept: &BTreeSet<u32>| kept.iter().copied().zip(0..).collect();
    let spaces: [(Space, usize, BTreeMap<u32, u32>); 8] = [
        (Space::Type, module.types().len(), ranks(&needs.types)),
        (Space::Func, module.func_count(), of_funcs),
        (Space::Table, module.tables().len(), ranks(&needs.tables)),
        (Space::Memory, module.memories().len(), ranks(&needs.memories)),
        (Space::Global, module.globals().len(), ranks(&needs.globals)),
        (Space::Tag, module.tag_count(), ranks(&needs.tags)),
        (Space::Element, module.elements().len(), ranks(&needs.elements)),
        (Space::Data, module.data().len(), ranks(&needs.data)),
    ];
    spaces.into_iter().fold(Numbers::default(), |numbers, (space, count, new)| {
        numbers.with(space, (0..count as u32).map(|index| new.get(&index).copied()))
    })
}

/// Records uses.
#[derive(Default)]
struct Uses {
    needs: Needs,
}

macro_rules! index {
    ($($method:ident $space:ident;)*) => {
        $(fn $method(&mut self, index: u32) -> Used<u32> {
            self.needs.$space.insert(index);
            Ok(index)
        })*
    };
}

impl Reencode for Uses {
    type Error = Infallible;

    index! {
        type_index types;
        function_index funcs;
        table_index tables;
        memory_index memories;
        global_index globals;
        tag_index tags;
        element_index elements;
    }

    fn data_index(&mut self, index: u32) -> Used<u32> {
        self.needs.data.insert(index);
        self.needs.data_named = true;
        Ok(index)
    }
}

/// Closes a plan over everything it names.
pub(super) fn close(parts: &Parts<'_>, plan: &Plan) -> Result<Needs> {
    let mut uses = Uses::default();
    uses.needs.funcs.insert(plan.func);
    uses.needs.funcs.extend(plan.root);
    uses.needs.data.extend(&plan.data);
    uses.needs.elements.extend(&plan.elements);
    uses.needs.funcs.extend(&plan.also.funcs);
    uses.needs.tables.extend(&plan.also.tables);
    uses.needs.memories.extend(&plan.also.memories);
    let mut done = Needs::default();
    loop {
        let before = uses.needs.count();
        let todo = uses.needs.clone();
        step(parts, plan, &mut uses, &todo, &done)?;
        done = todo;
        if uses.needs.count() == before && done.count() == before {
            return Ok(uses.needs);
        }
    }
}

/// Both plans with what the other needs, as far as there is the like: a callee of the same import
/// or symbol, and the same type; a table or memory of the same index, imported or not.
pub(super) fn alike(
    modules: (&Module, &Module),
    parts: (&Parts<'_>, &Parts<'_>),
    plans: (&Plan, &Plan),
) -> Result<(Plan, Plan)> {
    let needs = (close(parts.0, plans.0)?, close(parts.1, plans.1)?);
    let with =
        |plan: &Plan, from: (&Module, &Needs), to: (&Module, &Parts<'_>), parts: &Parts<'_>| {
            let mut plan = plan.clone();
            for func in &from.1.funcs {
                let found = to.1.callees.get(&parts.known_by(from.0, *func)).copied();
                let found = found.filter(|found| *found != plan.func);
                plan.also.funcs.extend(found.filter(|found| {
                    to.0.func_type(FuncIdx(*found)) == from.0.func_type(FuncIdx(*func))
                }));
            }
            let like = |index: &u32, count: (usize, usize), imported: (usize, usize)| {
                let index = *index as usize;
                index < count.1 + imported.1 && (index < imported.0) == (index < imported.1)
            };
            let counts = |of: fn(&Parts<'_>) -> usize| (of(parts), of(to.1));
            let tables = (counts(|p| p.tables.len()), counts(|p| p.imported.tables.len()));
            let memories = (counts(|p| p.memories.len()), counts(|p| p.imported.memories.len()));
            let kept = from.1.tables.iter().filter(|at| like(at, tables.0, tables.1));
            plan.also.tables.extend(kept);
            let kept = from.1.memories.iter().filter(|at| like(at, memories.0, memories.1));
            plan.also.memories.extend(kept);
            plan
        };
    let a = with(plans.0, (modules.1, &needs.1), (modules.0, parts.0), parts.1);
    let b = with(plans.1, (modules.0, &needs.0), (modules.1, parts.1), parts.0);
    Ok((a, b))
}

fn step(parts: &Parts<'_>, plan: &Plan, uses: &mut Uses, todo: &Needs, done: &Needs) -> Result<()> {
    for &func in todo.funcs.difference(&done.funcs) {
        let ty = parts.func_type(func).ok_or_else(|| anyhow!("there is no function {func}"))?;
        uses.type_index(ty)?;
        if let Some(body) = body(parts, plan, func) {
            scan(uses, &body)?;
        }
    }
    for &ty in todo.types.difference(&done.types) {
        let at = parts.types.partition_point(|(start, _)| *start <= ty);
        let Some((start, group)) = at.checked_sub(1).map(|at| &parts.types[at]) else { continue };
        for (index, ty) in (*start..).zip(group.types()) {
            uses.needs.types.insert(index);
            uses.sub_type(ty.clone())?;
        }
    }
    for &table in todo.tables.difference(&done.tables) {
        if let Some(table) = defined(&parts.tables, &parts.imported.tables, table) {
            uses.table_type(table.ty)?;
            if let TableInit::Expr(init) = &table.init {
                uses.const_expr(init.clone())?;
            }
        }
    }
    for &global in todo.globals.difference(&done.globals) {
        if let Some(global) = defined(&parts.globals, &parts.imported.globals, global) {
            uses.global_type(global.ty)?;
            uses.const_expr(global.init_expr.clone())?;
        }
    }
    for &tag in todo.tags.difference(&done.tags) {
        if let Some(tag) = defined(&parts.tags, &parts.imported.tags, tag) {
            uses.tag_type(*tag)?;
        }
    }
    segments(parts, uses, todo, done)?;
    for import in imports(parts, todo) {
        uses.entity_type(import.ty)?;
    }
    Ok(())
}

fn segments(parts: &Parts<'_>, uses: &mut Uses, todo: &Needs, done: &Needs) -> Result<()> {
    for &data in todo.data.difference(&done.data) {
        if let Some(DataKind::Active { memory_index, offset_expr }) =
            parts.data.get(data as usize).map(|data| data.kind.clone())
        {
            uses.memory_index(memory_index)?;
            uses.const_expr(offset_expr)?;
        }
    }
    for &element in todo.elements.difference(&done.elements) {
        let Some(element) = parts.elements.get(element as usize) else { continue };
        if let ElementKind::Active { table_index, offset_expr } = element.kind.clone() {
            uses.table_index(table_index.unwrap_or(0))?;
            uses.const_expr(offset_expr)?;
        }
        match element.items.clone() {
            ElementItems::Functions(funcs) => {
                for func in funcs {
                    uses.function_index(func?)?;
                }
            }
            ElementItems::Expressions(ty, exprs) => {
                uses.ref_type(ty)?;
                for expr in exprs {
                    uses.const_expr(expr?)?;
                }
            }
        }
    }
    Ok(())
}

fn scan(uses: &mut Uses, body: &FunctionBody<'_>) -> Result<()> {
    for local in body.get_locals_reader()? {
        uses.val_type(local?.1)?;
    }
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let operator = operators.read()?;
        if let Operator::RefFunc { function_index } = operator {
            uses.needs.referenced.insert(function_index);
        }
        uses.instruction(operator)?;
    }
    Ok(())
}

/// The body that a function has in the plan; none for an import.
pub(super) fn body<'m>(parts: &Parts<'m>, plan: &'m Plan, func: u32) -> Option<FunctionBody<'m>> {
    if let Some(bytes) = plan.body.as_ref().filter(|_| func == plan.func) {
        return Some(FunctionBody::new(BinaryReader::new(bytes, 0)));
    }
    if func != plan.func && !plan.bodies.contains(&func) {
        return None;
    }
    defined(&parts.bodies, &parts.imported.funcs, func).cloned()
}

/// The imports of what is needed, in their order.
pub(super) fn imports<'p, 'm>(
    parts: &'p Parts<'m>,
    needs: &Needs,
) -> Vec<&'p wasmparser::Import<'m>> {
    let mut next = [0u32; 5];
    let mut kept = Vec::new();
    for import in &parts.imports {
        let (space, needed) = match import.ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => (0, &needs.funcs),
            TypeRef::Table(_) => (1, &needs.tables),
            TypeRef::Memory(_) => (2, &needs.memories),
            TypeRef::Global(_) => (3, &needs.globals),
            TypeRef::Tag(_) => (4, &needs.tags),
        };
        if needed.contains(&next[space]) {
            kept.push(import);
        }
        next[space] += 1;
    }
    kept
}

/// The thing at an index, if it is not an import.
pub(super) fn defined<'p, T>(things: &'p [T], imported: &[usize], index: u32) -> Option<&'p T> {
    things.get((index as usize).checked_sub(imported.len())?)
}
