//! Element segments and initial values of tables → the initial image of each table.
//!
//! An image needs segments that are written in any case (`image`, 1).

use prova_module::{
    ConstExpr, ConstOp, Element, ElementItems, ElementKind, ExternKind, Module, TableIdx,
};
use prova_xref::constant;
use std::collections::BTreeMap;

/// The content of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Null,
    /// A function, by its own index.
    Func(u32),
    /// A global's value, by its own index.
    Global(u32),
    /// Anything else: equal to nothing.
    Other,
}

/// The initial image of a table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The content of slots that `entries` does not have.
    pub(crate) rest: Entry,
    pub(crate) entries: BTreeMap<u64, Entry>,
    /// Whether it is neither imported nor exported.
    pub(crate) private: bool,
    pub(crate) size: u64,
}

impl Table {
    pub(crate) fn entry(&self, slot: u64) -> Option<Entry> {
        (slot < self.size).then(|| self.entries.get(&slot).copied().unwrap_or(self.rest))
    }

    /// The slots that an element segment fills, with their entries.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, Entry)> + '_ {
        self.entries.iter().map(|(slot, entry)| (*slot, *entry))
    }
}

fn entry(expr: &ConstExpr) -> Entry {
    match expr.ops() {
        [ConstOp::RefNull(_)] => Entry::Null,
        [ConstOp::RefFunc(func)] => Entry::Func(func.0),
        [ConstOp::GlobalGet(global)] => Entry::Global(global.0),
        _ => Entry::Other,
    }
}

/// The entries of a segment.
pub(crate) fn items(element: &Element) -> Vec<Entry> {
    match &element.items {
        ElementItems::Funcs(funcs) => funcs.iter().map(|func| Entry::Func(func.0)).collect(),
        ElementItems::Exprs(_, exprs) => exprs.iter().map(entry).collect(),
    }
}

/// The images of all tables, as far as offsets are constant.
pub(crate) fn tables(module: &Module) -> Vec<Table> {
    let exported = |index: usize| {
        module
            .exports()
            .iter()
            .any(|export| export.kind == ExternKind::Table && export.index as usize == index)
    };
    let new = |(index, ty): (usize, &prova_module::TableType)| Table {
        rest: match module.table_init(TableIdx(index as u32)) {
            Some(expr) => entry(expr),
            None if index < module.imported_table_count() => Entry::Other,
            None => Entry::Null,
        },
        entries: BTreeMap::new(),
        private: index >= module.imported_table_count() && !exported(index),
        size: ty.min,
    };
    let mut tables: Vec<Table> = module.tables().iter().enumerate().map(new).collect();
    for element in module.elements() {
        let ElementKind::Active { table, offset } = &element.kind else { continue };
        let (Some(start), Some(table)) = (constant(offset.ops()), tables.get_mut(table.0 as usize))
        else {
            continue;
        };
        for (at, entry) in items(element).into_iter().enumerate() {
            table.entries.insert(start.wrapping_add(at as u64), entry);
        }
    }
    tables
}
