//! Element segments and initial values of tables → the initial image of each table, and how those
//! of both modules differ.
//!
//! An image needs segments that are written in any case (`image`, 1).
//!
//! 1. A table's image is equal if each slot holds the same on both sides: null, partners, or the
//!    value of the same global. How segments are cut is not compared.
//! 2. A permutation of slots is `renumbered` only if all that uses the table was seen to change
//!    with it: the table is neither imported nor exported, and all code that uses it calls through
//!    constant slots (those functions are compared with the slots' entries). Where numbers changed
//!    with the slots and nothing shows that there are no others, it is `assumed-moved`. Anything
//!    else is `changed`.
//! 3. Passive segments are compared by index, as `table.init` names them; active and declarative
//!    ones are empty to it.

use crate::judge::harmless::Taken;
use crate::judge::sections::{Found, found};
use crate::numbers::image::fits;
use crate::pair::side::Side;
use crate::tell::report::{Kind, Sort, Verdict};
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
    rest: Entry,
    entries: BTreeMap<u64, Entry>,
    /// Whether it is neither imported nor exported.
    pub(crate) private: bool,
    size: u64,
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

fn items(element: &Element) -> Vec<Entry> {
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

/// Whether two entries are the same thing.
pub(crate) fn same((a, _): (&Side<'_>, &Side<'_>), x: Entry, y: Entry) -> bool {
    match (x, y) {
        (Entry::Null, Entry::Null) => true,
        (Entry::Func(x), Entry::Func(y)) => a.canonical_func(x) == y,
        (Entry::Global(x), Entry::Global(y)) => a.canonical_global(x) == y,
        _ => false,
    }
}

/// How the images of one table differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slots {
    Equal,
    /// The same functions at other slots: the number of slots, and the first that differs.
    Permuted(u64, u64),
    /// Number of entries of A alone, and of B alone.
    Other(u64, u64),
}

/// Compares the images of table `index`, which both sides have.
pub(crate) fn slots(sides: (&Side<'_>, &Side<'_>), index: usize) -> Slots {
    let (a, b) = (&sides.0.tables[index], &sides.1.tables[index]);
    let all = a.entries.keys().chain(b.entries.keys());
    let both = a.size.min(b.size);
    let equal = |slot: u64| match (a.entry(slot), b.entry(slot)) {
        (Some(x), Some(y)) => same(sides, x, y),
        (x, y) => x == y,
    };
    let imported = index < sides.0.module.imported_table_count();
    let rest = imported || both == 0 || same(sides, a.rest, b.rest);
    let mut differ = all.copied().filter(|slot| !equal(*slot)).peekable();
    let sizes = a.size == b.size || imported;
    if rest && sizes && differ.peek().is_none() {
        return Slots::Equal;
    }
    let list = |table: &Table, of: &dyn Fn(Entry) -> (u8, u32)| {
        let mut counts: BTreeMap<(u8, u32), i64> = BTreeMap::new();
        table.entries().for_each(|(_, entry)| *counts.entry(of(entry)).or_default() += 1);
        counts
    };
    let mut counts = list(a, &|entry| match entry {
        Entry::Null => (0, 0),
        Entry::Func(func) => (1, sides.0.canonical_func(func)),
        Entry::Global(global) => (2, sides.0.canonical_global(global)),
        Entry::Other => (3, 0),
    });
    let of_b = list(b, &|entry| match entry {
        Entry::Null => (0, 0),
        Entry::Func(func) => (1, func),
        Entry::Global(global) => (2, global),
        Entry::Other => (4, 0),
    });
    of_b.into_iter().for_each(|(key, count)| *counts.entry(key).or_default() -= count);
    let removed: i64 = counts.values().filter(|count| **count > 0).sum();
    let added: i64 = -counts.values().filter(|count| **count < 0).sum::<i64>();
    if removed + added == 0 && rest && sizes {
        let slots: std::collections::BTreeSet<u64> = differ.collect();
        let first = slots.first().copied().unwrap_or(0);
        return Slots::Permuted(slots.len() as u64, first);
    }
    Slots::Other(removed as u64, added as u64)
}

/// A segment as it acts: kind, place, contents, by B's indices.
fn acts(side: &Side<'_>, element: &Element) -> String {
    let expr = |expr: &ConstExpr| side.const_expr(expr);
    let place = match &element.kind {
        ElementKind::Passive => "passive".to_owned(),
        ElementKind::Declared => "declared".to_owned(),
        ElementKind::Active { table, offset } => format!("{} at {}", table.0, expr(offset)),
    };
    let items = items(element).into_iter().map(|entry| match entry {
        Entry::Func(func) => Entry::Func(side.canonical_func(func)),
        Entry::Global(global) => Entry::Global(side.canonical_global(global)),
        other => other,
    });
    format!("{place} {:?}", items.collect::<Vec<Entry>>())
}

/// All that differs in tables' contents. `closed` says of a table whether all code that uses it
/// calls through constant slots; `assumed`, how many numbers changed as slots did.
pub(crate) fn compare(
    sides: (&Side<'_>, &Side<'_>),
    closed: impl Fn(u32) -> bool,
    assumed: u64,
    out: &mut Vec<Found>,
) {
    let (a, b) = (sides.0.module.elements(), sides.1.module.elements());
    let passive = |element: &&Element| element.kind == ElementKind::Passive;
    for i in 0..a.len().max(b.len()) {
        let list = |side: &Side<'_>, list: &[Element]| {
            list.get(i).filter(passive).map(|element| acts(side, element))
        };
        if list(sides.0, a) != list(sides.1, b) {
            out.push(found(
                Kind::Table,
                Verdict::Changed,
                format!("element segment {i}"),
                "what `table.init` writes from it differs".into(),
            ));
        }
    }
    let before = out.len();
    if fits(sides.0.module) && fits(sides.1.module) {
        images(sides, closed, assumed, out);
    } else {
        let list = |side: &Side<'_>, list: &[Element]| -> Vec<String> {
            let active = |one: &&Element| matches!(one.kind, ElementKind::Active { .. });
            list.iter().filter(active).map(|element| acts(side, element)).collect()
        };
        if list(sides.0, a) != list(sides.1, b) {
            let summary = "active segments differ, in what they hold or in their order".to_owned();
            out.push(found(Kind::Table, Verdict::Changed, "elements".into(), summary));
        }
    }
    let all = |side: &Side<'_>, list: &[Element]| -> Vec<String> {
        list.iter().map(|element| acts(side, element)).collect()
    };
    if out.len() == before && all(sides.0, a) != all(sides.1, b) {
        let summary = "the same contents, cut into other segments or declared otherwise".to_owned();
        let mut one = found(Kind::Table, Verdict::Renumbered, "elements".into(), summary);
        one.follows = true;
        out.push(one);
    }
}

fn images(
    sides: (&Side<'_>, &Side<'_>),
    closed: impl Fn(u32) -> bool,
    assumed: u64,
    out: &mut Vec<Found>,
) {
    for index in 0..sides.0.tables.len().min(sides.1.tables.len()) {
        let name =
            if index == 0 { "elements".into() } else { format!("elements of table {index}") };
        let (verdict, summary) = match slots(sides, index) {
            Slots::Equal => continue,
            Slots::Permuted(count, first) => {
                let private = sides.0.tables[index].private && sides.1.tables[index].private;
                let held = |side: &Side<'_>| match side.tables[index].entry(first) {
                    Some(Entry::Func(func)) => format!("`{}`", side.func_name(func)),
                    Some(Entry::Global(_) | Entry::Other | Entry::Null) | None => "-".to_owned(),
                };
                let summary = format!(
                    "the same functions in another order: {count} slots; slot {first} has {} in A, \
                     {} in B",
                    held(sides.0),
                    held(sides.1)
                );
                match (private, closed(index as u32)) {
                    (true, true) => (Verdict::Renumbered, summary),
                    (true, false) if assumed > 0 => (Verdict::AssumedMoved, summary),
                    _ => (Verdict::Changed, summary),
                }
            }
            Slots::Other(removed, added) => {
                (Verdict::Changed, format!("{removed} entries only in A, {added} only in B"))
            }
        };
        let mut one = found(Kind::Table, verdict, name, summary);
        one.follows = true;
        if verdict == Verdict::AssumedMoved {
            one.taken = vec![Taken::of(Sort::Table, 0, 0)];
        }
        out.push(one);
    }
}
