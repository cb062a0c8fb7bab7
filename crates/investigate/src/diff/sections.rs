//! Everything but functions and data: imports, exports, globals, tables, memories, tags, custom sections → differences.
//!
//! Neighbours: `mod` puts them into clusters. Indices are compared through partners: an export that names the same function under
//! another index is no difference.

use super::compare::Cause;
use super::report::{Kind, Verdict};
use super::shift::{Agree, Shift};
use super::side::Side;
use crate::xref::constant;
use prova_builds::names::printable;
use prova_module::{BinaryReader, ExternKind, ExternType, GlobalIdx};
use std::collections::{BTreeMap, HashMap};

/// A difference outside functions and data.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) verdict: Verdict,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) cause: Cause,
    /// Whether it follows from functions that were added or removed.
    pub(crate) follows: bool,
    pub(crate) sites: u64,
}

fn found(kind: Kind, verdict: Verdict, name: String, summary: String) -> Found {
    Found {
        kind,
        verdict,
        name,
        summary,
        cause: Cause::Body { slight: false },
        follows: false,
        sites: 1,
    }
}

/// Partners of globals: by import, export, name, then in order among those of one type.
pub(crate) fn globals(sides: (&Side<'_>, &Side<'_>)) -> Vec<Option<u32>> {
    let count = |side: &Side<'_>| side.module.globals().len();
    let mut partners = vec![None; count(sides.0)];
    let mut taken = vec![false; count(sides.1)];
    let mut pair = |a: usize, b: usize, partners: &mut Vec<Option<u32>>| {
        if partners[a].is_none() && !taken[b] {
            partners[a] = Some(b as u32);
            taken[b] = true;
        }
    };
    let keys = |side: &Side<'_>| -> Vec<Vec<String>> {
        let mut keys = vec![Vec::new(); count(side)];
        for (i, (module, name)) in side.global_imports().iter().enumerate() {
            keys[i].push(format!("import {module} {name}"));
        }
        for export in
            side.module.exports().iter().filter(|export| export.kind == ExternKind::Global)
        {
            keys[export.index as usize].push(format!("export {}", export.name));
        }
        for (i, keys) in keys.iter_mut().enumerate() {
            keys.extend(
                side.module.names().global(GlobalIdx(i as u32)).map(|name| format!("name {name}")),
            );
        }
        keys
    };
    let keys_b = keys(sides.1);
    let by_key: HashMap<&str, usize> = keys_b
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(i, keys)| keys.iter().map(move |key| (key.as_str(), i)))
        .collect();
    for (a, keys) in keys(sides.0).iter().enumerate() {
        if let Some(&b) = keys.iter().find_map(|key| by_key.get(key.as_str())) {
            pair(a, b, &mut partners);
        }
    }
    let mut by_type: HashMap<_, Vec<usize>> = HashMap::new();
    for (b, ty) in sides.1.module.globals().iter().enumerate().rev() {
        by_type.entry(*ty).or_default().push(b);
    }
    let imported = (sides.0.module.imported_global_count(), sides.1.module.imported_global_count());
    for (a, ty) in sides.0.module.globals().iter().enumerate().skip(imported.0) {
        while partners[a].is_none() {
            let Some(b) = by_type.get_mut(ty).and_then(Vec::pop) else { break };
            if b >= imported.1 {
                pair(a, b, &mut partners);
            }
        }
    }
    partners
}

/// All differences of these sections; partners of functions and globals are in the sides.
pub(crate) fn compare(sides: (&Side<'_>, &Side<'_>), shift: &Shift) -> Vec<Found> {
    let mut out = Vec::new();
    imports(sides, &mut out);
    exports(sides, &mut out);
    global_inits(sides, shift, &mut out);
    shapes(sides, &mut out);
    slots(sides, &mut out);
    customs(sides, &mut out);
    out
}

fn describe_extern(side: &Side<'_>, ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) | ExternType::Tag(ty) => match side.module.types().get(ty.index()) {
            Some(func) => format!("{}", func),
            None => format!("{ty}"),
        },
        other => format!("{other:?}"),
    }
}

fn imports(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
    let list = |side: &Side<'_>| {
        let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
        for import in side.module.imports() {
            let name = printable(&format!("{}::{}", import.module, import.name));
            let ty = format!("{} {}", import.kind.kind(), describe_extern(side, &import.kind));
            *counts.entry((name, ty)).or_default() += 1;
        }
        counts
    };
    let before = out.len();
    only(Kind::Import, list(sides.0), list(sides.1), out);
    // Functions and globals are compared through partners; of the rest the index counts.
    let order = |side: &Side<'_>| -> Vec<(String, String)> {
        let imports = side.module.imports().iter();
        let by_index =
            |kind: &ExternType| !matches!(kind, ExternType::Func(_) | ExternType::Global(_));
        let names = imports
            .filter(|import| by_index(&import.kind))
            .map(|import| (import.module.to_string(), import.name.to_string()));
        names.collect()
    };
    if out.len() == before && order(sides.0) != order(sides.1) {
        let summary = "tables, memories or tags stand in another order".to_owned();
        out.push(found(Kind::Import, Verdict::Changed, "order".into(), summary));
    }
}

fn exports(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
    let list = |side: &Side<'_>| {
        let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
        let exports = side.module.exports().iter().map(|export| {
            let target = match export.kind {
                ExternKind::Func => side.canonical_func(export.index),
                ExternKind::Global => side.canonical_global(export.index),
                ExternKind::Table | ExternKind::Memory | ExternKind::Tag => export.index,
            };
            (export.name.to_string(), format!("{} {target}", export.kind))
        });
        let start = side
            .module
            .start()
            .map(|func| ("(start)".to_owned(), format!("func {}", side.canonical_func(func.0))));
        for (name, ty) in exports.chain(start) {
            *counts.entry((printable(&name), ty)).or_default() += 1;
        }
        counts
    };
    only(Kind::Export, list(sides.0), list(sides.1), out);
}

type Listed = BTreeMap<(String, String), u64>;

/// What one side alone lists, joined by name.
fn only(kind: Kind, a: Listed, b: Listed, out: &mut Vec<Found>) {
    let mut names: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for (key, count) in &a {
        if b.get(key) != Some(count) {
            names.entry(&key.0).or_default().0.push(&key.1);
        }
    }
    for (key, count) in &b {
        if a.get(key) != Some(count) {
            names.entry(&key.0).or_default().1.push(&key.1);
        }
    }
    for (name, (in_a, in_b)) in names {
        let summary = match (in_a.is_empty(), in_b.is_empty()) {
            (false, true) => format!("only in A: {}", in_a.join(", ")),
            (true, false) => format!("only in B: {}", in_b.join(", ")),
            _ if kind == Kind::Export => "names another thing".to_owned(),
            _ => format!("{} became {}", in_a.join(", "), in_b.join(", ")),
        };
        out.push(found(kind, Verdict::Changed, name.to_owned(), summary));
    }
}

fn global_inits(sides: (&Side<'_>, &Side<'_>), shift: &Shift, out: &mut Vec<Found>) {
    let (a, b) = sides;
    let mut met = vec![false; b.module.globals().len()];
    for (i, ty) in a.module.globals().iter().enumerate() {
        let name = a.global_name(i as u32);
        let partner = a.canonical_global(i as u32);
        let Some(other) = b.module.global(GlobalIdx(partner)) else {
            out.push(found(Kind::Global, Verdict::Changed, name, "only in A".into()));
            continue;
        };
        met[partner as usize] = true;
        if ty != other {
            out.push(found(
                Kind::Global,
                Verdict::Changed,
                name.clone(),
                "its type changed".into(),
            ));
        }
        let inits =
            (a.module.global_init(GlobalIdx(i as u32)), b.module.global_init(GlobalIdx(partner)));
        let (Some(x), Some(y)) = inits else { continue };
        match (constant(x.ops()), constant(y.ops())) {
            (Some(x), Some(y)) => match shift.agree(sides, x, y) {
                Some(Agree::Equal | Agree::Slot) => {}
                Some(Agree::Moved { address, delta }) => {
                    let summary = format!("initial value {x} → {y}, an address that moved");
                    let mut one = found(Kind::Global, Verdict::Moved, name, summary);
                    one.cause = Cause::Moved(address, delta);
                    out.push(one);
                }
                None => out.push(found(
                    Kind::Global,
                    Verdict::Changed,
                    name,
                    format!("initial value {x} → {y}"),
                )),
            },
            _ if x == y => {}
            _ => out.push(found(
                Kind::Global,
                Verdict::Changed,
                name,
                "its initial value changed".into(),
            )),
        }
    }
    for (i, _) in met.iter().enumerate().filter(|(_, met)| !**met) {
        out.push(found(
            Kind::Global,
            Verdict::Changed,
            b.global_name(i as u32),
            "only in B".into(),
        ));
    }
}

fn shapes(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
    let (a, b) = (sides.0.module, sides.1.module);
    let (memories_a, memories_b) = (a.memories(), b.memories());
    for i in 0..memories_a.len().max(memories_b.len()) {
        if memories_a.get(i) != memories_b.get(i) {
            let text = |memory: Option<&prova_module::MemoryType>| match memory {
                Some(memory) => format!("{} pages", memory.min),
                None => "none".to_owned(),
            };
            let summary = format!("{} → {}", text(memories_a.get(i)), text(memories_b.get(i)));
            out.push(found(Kind::Memory, Verdict::Changed, format!("memory{i}"), summary));
        }
    }
    let (tables_a, tables_b) = (a.tables(), b.tables());
    let slots_differ = sides.0.slots.len() != sides.1.slots.len();
    for i in 0..tables_a.len().max(tables_b.len()) {
        if tables_a.get(i) != tables_b.get(i) {
            let text = |table: Option<&prova_module::TableType>| {
                table.map_or("none".to_owned(), |table| format!("{} elements", table.min))
            };
            let summary = format!("{} → {}", text(tables_a.get(i)), text(tables_b.get(i)));
            let mut one = found(Kind::Table, Verdict::Changed, format!("table{i}"), summary);
            one.follows = slots_differ;
            out.push(one);
        }
    }
    let tags = |side: &Side<'_>| -> Vec<u32> {
        side.module.tags().iter().map(|ty| side.type_id(ty.0)).collect()
    };
    if tags(sides.0) != tags(sides.1) {
        out.push(found(Kind::Tag, Verdict::Changed, "tags".into(), "their types changed".into()));
    }
}

/// Functions by table slot, through partners.
fn slots(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
    let list = |side: &Side<'_>| -> Vec<u32> {
        let mut slots: Vec<(u64, u32)> =
            side.slots.iter().map(|(slot, func)| (*slot, *func)).collect();
        slots.sort_unstable();
        slots.into_iter().map(|(_, func)| side.canonical_func(func)).collect()
    };
    let (mut a, mut b) = (list(sides.0), list(sides.1));
    if a != b {
        a.sort_unstable();
        b.sort_unstable();
        let mut counts: BTreeMap<u32, i64> = BTreeMap::new();
        a.iter().for_each(|func| *counts.entry(*func).or_default() -= 1);
        b.iter().for_each(|func| *counts.entry(*func).or_default() += 1);
        let removed = -counts.values().filter(|count| **count < 0).sum::<i64>();
        let added: i64 = counts.values().filter(|count| **count > 0).sum();
        let (verdict, summary) = if removed + added == 0 {
            (Verdict::Renumbered, "the same functions in another order".to_owned())
        } else {
            (Verdict::Changed, format!("{removed} functions only in A, {added} only in B"))
        };
        let mut one = found(Kind::Table, verdict, "elements".into(), summary);
        one.cause = if verdict == Verdict::Renumbered {
            Cause::Renumbered
        } else {
            Cause::Body { slight: false }
        };
        one.follows = true;
        out.push(one);
    }
    let rest = |side: &Side<'_>| side.module.elements().len();
    if rest(sides.0) != rest(sides.1) {
        let summary = format!("{} → {} segments", rest(sides.0), rest(sides.1));
        let mut one = found(Kind::Table, Verdict::Changed, "element segments".into(), summary);
        one.follows = true;
        out.push(one);
    }
}

fn custom_list<'m>(side: &Side<'m>) -> BTreeMap<&'m str, Vec<&'m [u8]>> {
    let module: &'m prova_module::Module = side.module;
    let mut sections: BTreeMap<&str, Vec<&[u8]>> = BTreeMap::new();
    for section in module.custom_sections().iter().filter(|section| &*section.name != "name") {
        sections.entry(&section.name).or_default().push(&module.bytes()[section.range.clone()]);
    }
    sections
}

/// Custom sections by name and number; names of functions are compared with the functions.
fn customs(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
    let (a, mut b) = (custom_list(sides.0), custom_list(sides.1));
    for (name, x) in &a {
        let Some(y) = b.remove(name) else {
            out.push(found(Kind::Custom, Verdict::Changed, printable(name), "only in A".into()));
            continue;
        };
        if *x == y {
            continue;
        }
        if name.starts_with("reloc.")
            && x.len() == 1
            && y.len() == 1
            && relocations(x[0]) == relocations(y[0])
        {
            let summary = "the same relocations at other offsets".to_owned();
            let mut one = found(Kind::Custom, Verdict::Moved, printable(name), summary);
            one.follows = true;
            out.push(one);
            continue;
        }
        let sizes = |list: &[&[u8]]| list.iter().map(|bytes| bytes.len()).sum::<usize>();
        let summary = format!("{} → {} bytes, contents differ", sizes(x), sizes(&y));
        out.push(found(Kind::Custom, Verdict::Changed, printable(name), summary));
    }
    for name in b.keys() {
        out.push(found(Kind::Custom, Verdict::Changed, printable(name), "only in B".into()));
    }
    let own = |side: &Side<'_>| side.module.names().module().map(printable);
    if own(sides.0) != own(sides.1) {
        let text = |name: Option<String>| name.unwrap_or_else(|| "none".into());
        let (a, b) = (text(own(sides.0)), text(own(sides.1)));
        let summary =
            format!("the module's own name: {a} → {b} (linkers write the output file's name)");
        out.push(found(Kind::Custom, Verdict::Path, "name".into(), summary));
    }
}

/// Type, symbol and addend of each relocation, in order (tool-conventions, Linking); `None` if malformed.
fn relocations(bytes: &[u8]) -> Option<Vec<(u8, u32, i64)>> {
    let mut reader = BinaryReader::new(bytes, 0);
    let _section = reader.read_var_u32().ok()?;
    let count = reader.read_var_u32().ok()?;
    let mut list = Vec::new();
    for _ in 0..count {
        let ty = reader.read_u8().ok()?;
        let _offset = reader.read_var_u32().ok()?;
        let index = reader.read_var_u32().ok()?;
        // Addresses, function and section offsets carry an addend.
        let addend = match ty {
            3..=5 | 8 | 9 | 11 | 14..=17 | 19 | 21..=23 | 25 => reader.read_var_i64().ok()?,
            _ => 0,
        };
        list.push((ty, index, addend));
    }
    reader.eof().then_some(list)
}
