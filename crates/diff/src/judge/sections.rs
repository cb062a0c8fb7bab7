//! All except functions and data: imports, exports, globals, tables, memories, tags, custom
//! sections → differences.
//!
//! Indices are compared through partners: an export that names the same function under another
//! index is no difference.
//!
//! 1. Names are compared by their bytes; escaping and cutting are for print alone.
//! 2. Tables, memories and tags are named by index, so imports of them keep their order.

use crate::judge::assumption::{Sort, Taken};
use crate::judge::debug::Told;
use crate::judge::finding::{Alone, Found, What};
use crate::judge::globals;
use crate::judge::one_to_one::OneToOne;
use crate::judge::relocs;
use crate::judge::table;
use crate::judge::verdict::{Kind, Verdict};
use crate::numbers::dwarf::Unread;
use crate::numbers::shift::Shift;
use crate::numbers::uses::Roles;
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use prova_builds::names::printable;
use prova_module::{BinaryReader, ExternKind, ExternType, MemoryType, TableType, ValType};
use std::collections::BTreeMap;

/// Finds all differences of these sections; partners of functions and globals are in the sides.
pub(crate) fn compare<'m>(
    sides: (&Side<'m>, &Side<'m>),
    (shift, roles, all): (&Shift, &Roles, &OneToOne),
    assumed: u64,
    debug: Option<Result<Vec<Told<'m>>, Unread>>,
) -> Vec<Found<'m>> {
    let mut out = Vec::new();
    imports(sides, &mut out);
    exports(sides, &mut out);
    start(sides, &mut out);
    globals::inits(sides, (shift, roles), &mut out);
    memories(sides, (shift, all), &mut out);
    shapes(sides, &mut out);
    table::compare(sides, |table| roles.closed(table), assumed, &mut out);
    customs(sides, debug, &mut out);
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

fn imports(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found<'_>>) {
    let list = |side: &Side<'_>| {
        let mut counts: Listed = BTreeMap::new();
        for import in side.module.imports() {
            let key = vec![import.module.to_string(), import.name.to_string()];
            let shown = format!("{} {}", import.kind.kind(), describe_extern(side, &import.kind));
            // Types that name types are printed by index: equal ones have equal ids.
            let (what, id) = match import.kind {
                ExternType::Func(ty) | ExternType::Tag(ty) => {
                    (import.kind.kind().to_string(), side.type_id(ty.0))
                }
                ExternType::Global(ty) => (format!("global {}", ty.mutable), side.val_id(ty.val)),
                ExternType::Table(ty) => (shown.clone(), side.val_id(ValType::Ref(ty.ref_type))),
                ExternType::Memory(_) => (shown.clone(), 0),
            };
            counts.entry((key, what, id)).or_insert((0, shown)).0 += 1;
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
        out.push(Found::new(Kind::Import, Verdict::Changed, "order".into(), What::Order));
    }
}

fn exports(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found<'_>>) {
    let list = |side: &Side<'_>| {
        let mut counts: Listed = BTreeMap::new();
        for export in side.module.exports() {
            let target = match export.kind {
                ExternKind::Func => side.canonical_func(export.index),
                ExternKind::Global => side.canonical_global(export.index),
                ExternKind::Table | ExternKind::Memory | ExternKind::Tag => export.index,
            };
            let name = match export.kind {
                ExternKind::Func => side.func_name(export.index),
                ExternKind::Global => side.global_name(export.index),
                ExternKind::Table | ExternKind::Memory | ExternKind::Tag => target.to_string(),
            };
            let key = (vec![export.name.to_string()], export.kind.to_string(), target);
            counts.entry(key).or_insert((0, format!("{} {name}", export.kind))).0 += 1;
        }
        counts
    };
    let before = out.len();
    only(Kind::Export, list(sides.0), list(sides.1), out);
    // An export of a function that one side alone has follows from that.
    let func = |side: &Side<'_>, name: &str| {
        let export = side.module.exports().iter().find(|one| printable(&one.name) == name)?;
        export.func().map(|func| func.0)
    };
    for one in &mut out[before..] {
        one.exported = (func(sides.0, &one.name), func(sides.1, &one.name));
    }
}

fn start((a, b): (&Side<'_>, &Side<'_>), out: &mut Vec<Found<'_>>) {
    let (x, y) = (a.module.start(), b.module.start());
    if x.map(|func| a.canonical_func(func.0)) == y.map(|func| func.0) {
        return;
    }
    let what = What::Start(x.map(|func| func.0), y.map(|func| func.0));
    out.push(Found::new(Kind::Start, Verdict::Changed, "start".into(), what));
}

/// Entries of a list by names, kind and id of the entity, each with its number and its description.
type Listed = BTreeMap<(Vec<String>, String, u32), (u64, String)>;

/// Adds the entries that the sides do not list equally often, joined by name.
fn only(kind: Kind, a: Listed, b: Listed, out: &mut Vec<Found<'_>>) {
    let mut names: BTreeMap<&[String], (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    let count = |listed: &Listed, key| listed.get(key).map(|(count, _)| *count);
    for (key, (_, shown)) in a.iter().filter(|(key, _)| count(&a, key) != count(&b, key)) {
        names.entry(&key.0).or_default().0.push(shown);
    }
    for (key, (_, shown)) in b.iter().filter(|(key, _)| count(&a, key) != count(&b, key)) {
        names.entry(&key.0).or_default().1.push(shown);
    }
    for (name, (in_a, in_b)) in names {
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        let shown: Vec<String> = name.iter().map(|part| printable(part)).collect();
        let what = What::Listed(owned(in_a), owned(in_b));
        out.push(Found::new(kind, Verdict::Changed, shown.join("::"), what));
    }
}

/// Adds memories that differ. If a memory that the module defines has more or fewer pages, as many
/// as the moves ask for, it follows from them. If code reads the size (`memory.size`,
/// `memory.grow`), it is an assumption that it does not matter.
fn memories(
    sides: (&Side<'_>, &Side<'_>),
    (shift, all): (&Shift, &OneToOne),
    out: &mut Vec<Found<'_>>,
) {
    let (a, b) = (sides.0.module.memories(), sides.1.module.memories());
    for i in 0..a.len().max(b.len()) {
        if a.get(i) == b.get(i) {
            continue;
        }
        let least = |memories: &[MemoryType]| memories.get(i).map(|memory| memory.min);
        let follows = i == 0 && a.len() == b.len() && follows(sides, (shift, all));
        let verdict = match follows {
            false => Verdict::Changed,
            true if measured(sides.0) || measured(sides.1) => Verdict::AssumedMoved,
            true => Verdict::Moved,
        };
        let what = What::Pages(least(a), least(b));
        let mut one = Found::new(Kind::Memory, verdict, format!("memory{i}"), what);
        one.follows = follows;
        if verdict == Verdict::AssumedMoved {
            let (a, b) = (least(a).unwrap_or(0), least(b).unwrap_or(0));
            one.taken = vec![Taken::of(Sort::Pages, a, b)];
        }
        out.push(one);
    }
}

/// Whether memory 0 differs only in its least size, and by exactly the pages that the contents of
/// the modules need more or less: the end of all that is seen crosses as many ends of pages.
fn follows(sides: (&Side<'_>, &Side<'_>), (shift, all): (&Shift, &OneToOne)) -> bool {
    let own = |side: &Side<'_>| side.module.imported_memory_count() == 0;
    let (Some(a), Some(b)) = (sides.0.module.memories().first(), sides.1.module.memories().first())
    else {
        return false;
    };
    let same = MemoryType { min: a.min, ..*b } == *a;
    let page = 1u64 << a.page_size_log2.min(32);
    let end = |side: &Side<'_>, behind: &dyn Fn(&(u64, u64, u64)) -> u64| {
        let data = side.map.data().map_or(0, |data| data.end);
        let stack = side.map.stack_pointer.map_or(0, |(_, start)| start);
        let heap = side.map.heap_base.unwrap_or_default();
        // The place of an object that ends where memory does follows from its size.
        let seen = all.behind.iter().map(behind);
        let seen = seen.filter(|end| *end < side.map.memory_bytes).max().unwrap_or_default();
        data.max(stack).max(heap).max(seen)
    };
    let ends = (
        end(sides.0, &|(a, _, bytes)| a.saturating_add(*bytes)),
        end(sides.1, &|(_, b, bytes)| b.saturating_add(*bytes)),
    );
    let pages = (ends.0.div_ceil(page), ends.1.div_ceil(page));
    let moved = i128::from(b.min) - i128::from(a.min) == i128::from(pages.1) - i128::from(pages.0);
    let fits = pages.0 <= a.min && pages.1 <= b.min;
    own(sides.0) && own(sides.1) && same && shift.moves() && moved && fits
}

/// Whether some code looks at the size of memory 0, or asks for more.
fn measured(side: &Side<'_>) -> bool {
    const SIZE: u8 = 0x3f;
    const GROW: u8 = 0x40;
    let looks = |tok: Tok<'_>| matches!(tok, Tok::Raw([SIZE | GROW, ..]));
    side.module.defined_funcs().any(|func| {
        Tokens::new(side, func.0).is_some_and(|mut tokens| tokens.any(|item| looks(item.tok)))
    })
}

fn shapes(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found<'_>>) {
    let (a, b) = (sides.0.module, sides.1.module);
    let (tables_a, tables_b) = (a.tables(), b.tables());
    let id = |side: &Side<'_>, i: usize| {
        side.module.tables().get(i).map(|ty| side.val_id(ValType::Ref(ty.ref_type)))
    };
    let slots_differ = sides.0.slots().count() != sides.1.slots().count();
    for i in 0..tables_a.len().max(tables_b.len()) {
        let (x, y) = (tables_a.get(i), tables_b.get(i));
        // Types of elements may have other numbers.
        let same = |x: &TableType, y: &TableType| *x == TableType { ref_type: x.ref_type, ..*y };
        let shapes = match (x, y) {
            (Some(x), Some(y)) => same(x, y),
            (x, y) => x == y,
        };
        if !shapes || id(sides.0, i) != id(sides.1, i) {
            let least = |tables: &[prova_module::TableType]| tables.get(i).map(|table| table.min);
            let what = What::Elements(least(tables_a), least(tables_b));
            let mut one = Found::new(Kind::Table, Verdict::Changed, format!("table{i}"), what);
            one.follows = slots_differ;
            out.push(one);
        }
    }
    let tags = |side: &Side<'_>| -> Vec<u32> {
        side.module.tags().iter().map(|ty| side.type_id(ty.0)).collect()
    };
    if tags(sides.0) != tags(sides.1) {
        out.push(Found::new(Kind::Tag, Verdict::Changed, "tags".into(), What::Tags));
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
fn customs<'m>(
    sides: (&Side<'m>, &Side<'m>),
    debug: Option<Result<Vec<Told<'m>>, Unread>>,
    out: &mut Vec<Found<'m>>,
) {
    let (a, mut b) = (custom_list(sides.0), custom_list(sides.1));
    let (told, unread) = match debug {
        Some(Ok(told)) => (told, None),
        Some(Err(why)) => (Vec::new(), Some(why)),
        None => (Vec::new(), None),
    };
    // In the order of `told`: a path comes before its consequences.
    let names: Vec<&str> = told.iter().map(|one| one.name).collect();
    for one in told {
        if let (Some(x), Some(y)) = (a.get(one.name), b.get(one.name))
            && x != y
        {
            out.push(debug_section(one));
        }
    }
    for (name, x) in &a {
        let Some(y) = b.remove(name) else {
            out.push(one_sided(name, Alone::A));
            continue;
        };
        let told = names.contains(name);
        if *x == y || told {
            continue;
        }
        if *name == "producers" && producers(x, &y) {
            let (name, verdict) = (printable(name), Verdict::Producers);
            out.push(Found::new(Kind::Custom, verdict, name, What::Producers));
            continue;
        }
        if name.starts_with("reloc.")
            && x.len() == 1
            && y.len() == 1
            && relocs::same(sides, x[0], y[0])
        {
            let (name, what) = (printable(name), What::Relocations);
            let mut one = Found::new(Kind::Custom, Verdict::Moved, name, what);
            one.follows = true;
            out.push(one);
            continue;
        }
        let sizes = |list: &[&[u8]]| list.iter().map(|bytes| bytes.len()).sum::<usize>();
        let why = unread.filter(|_| name.starts_with(".debug_"));
        let what = What::Contents(sizes(x), sizes(&y), why);
        out.push(Found::new(Kind::Custom, Verdict::Changed, printable(name), what));
    }
    for name in b.keys() {
        out.push(one_sided(name, Alone::B));
    }
    let own = |side: &Side<'m>| -> Option<&'m str> {
        let module: &'m prova_module::Module = side.module;
        module.names().module()
    };
    if own(sides.0) != own(sides.1) {
        let what = What::OwnName(own(sides.0), own(sides.1));
        out.push(Found::new(Kind::Custom, Verdict::Path, "name".into(), what));
    }
}

/// A custom section that one side alone has. Debug information is what tools leave, as `producers`.
fn one_sided(name: &str, side: Alone) -> Found<'static> {
    let debug = name.starts_with(".debug_");
    let verdict = if debug { Verdict::Producers } else { Verdict::Changed };
    Found::new(Kind::Custom, verdict, printable(name), What::Alone(side))
}

/// A section of debug information whose difference is explained, or not.
fn debug_section(told: Told<'_>) -> Found<'_> {
    let Told { name, verdict, sum, growth } = told;
    let what = What::Debug(sum, growth);
    let mut one = Found::new(Kind::Custom, verdict, name.to_owned(), what);
    if verdict == Verdict::AssumedMoved {
        one.taken = vec![Taken::of(Sort::Debug, 0, 0)];
    }
    one.follows = match verdict {
        Verdict::Moved | Verdict::Renumbered => growth.is_none(),
        verdict => verdict == Verdict::AssumedMoved,
    };
    one
}

/// Whether both are well-formed lists of producers (tool-conventions, `ProducersSection.md`).
fn producers(a: &[&[u8]], b: &[&[u8]]) -> bool {
    let formed = |bytes: &[u8]| -> Option<bool> {
        let mut reader = BinaryReader::new(bytes, 0);
        for _ in 0..reader.read_var_u32().ok()? {
            let field = reader.read_string().ok()?;
            if !["language", "processed-by", "sdk"].contains(&field) {
                return None;
            }
            for _ in 0..reader.read_var_u32().ok()? {
                reader.read_string().ok()?;
                reader.read_string().ok()?;
            }
        }
        Some(reader.eof())
    };
    a.len() == 1 && b.len() == 1 && [a[0], b[0]].iter().all(|bytes| formed(bytes) == Some(true))
}
