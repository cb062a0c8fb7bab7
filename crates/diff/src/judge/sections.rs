//! All except functions and data: imports, exports, globals, tables, memories, tags, custom
//! sections → differences.
//!
//! Indices are compared through partners: an export that names the same function under another
//! index is no difference.
//!
//! 1. Names are compared by their bytes; escaping and cutting are for print alone.
//! 2. Tables, memories and tags are named by index, so imports of them keep their order.

use crate::judge::compare::Cause;
use crate::judge::harmless::Taken;
use crate::judge::one_to_one::OneToOne;
use crate::numbers::dwarf::{Told, Unread};
use crate::numbers::globals;
use crate::numbers::relocs;
use crate::numbers::shift::Shift;
use crate::numbers::table;
use crate::numbers::uses::Roles;
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use crate::tell::report::{Kind, Sort, Verdict};
use prova_builds::names::printable;
use prova_module::{BinaryReader, ExternKind, ExternType, MemoryType, ValType};
use std::collections::BTreeMap;

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
    /// The function of A or of B that alone is exported.
    pub(crate) exported: (Option<u32>, Option<u32>),
    pub(crate) sites: u64,
    /// The assumptions.
    pub(crate) taken: Vec<Taken>,
}

pub(crate) fn found(kind: Kind, verdict: Verdict, name: String, summary: String) -> Found {
    Found {
        kind,
        verdict,
        name,
        summary,
        cause: Cause::Body { slight: false },
        follows: false,
        exported: (None, None),
        sites: 1,
        taken: Vec::new(),
    }
}

/// Finds all differences of these sections; partners of functions and globals are in the sides.
pub(crate) fn compare(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles, all): (&Shift, &Roles, &OneToOne),
    assumed: u64,
    debug: Option<Result<Vec<Told>, Unread>>,
) -> Vec<Found> {
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

fn imports(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
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
        let summary = "tables, memories or tags stand in another order".to_owned();
        out.push(found(Kind::Import, Verdict::Changed, "order".into(), summary));
    }
}

fn exports(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
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

fn start((a, b): (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
    let (x, y) = (a.module.start(), b.module.start());
    if x.map(|func| a.canonical_func(func.0)) == y.map(|func| func.0) {
        return;
    }
    let name = |side: &Side<'_>, func: Option<prova_module::FuncIdx>| {
        func.map_or("none".to_owned(), |func| side.func_name(func.0))
    };
    let summary = format!("the start function: {} → {}", name(a, x), name(b, y));
    out.push(found(Kind::Start, Verdict::Changed, "start".into(), summary));
}

/// Entries of a list by names, kind and id of the entity, each with its number and its description.
type Listed = BTreeMap<(Vec<String>, String, u32), (u64, String)>;

/// Adds the entries that the sides do not list equally often, joined by name.
fn only(kind: Kind, a: Listed, b: Listed, out: &mut Vec<Found>) {
    let mut names: BTreeMap<&[String], (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    let count = |listed: &Listed, key| listed.get(key).map(|(count, _)| *count);
    for (key, (_, shown)) in a.iter().filter(|(key, _)| count(&a, key) != count(&b, key)) {
        names.entry(&key.0).or_default().0.push(shown);
    }
    for (key, (_, shown)) in b.iter().filter(|(key, _)| count(&a, key) != count(&b, key)) {
        names.entry(&key.0).or_default().1.push(shown);
    }
    for (name, (in_a, in_b)) in names {
        let (x, y) = (in_a.join(", "), in_b.join(", "));
        let summary = match (in_a.is_empty(), in_b.is_empty()) {
            (false, true) => format!("only in A: {x}"),
            (true, false) => format!("only in B: {y}"),
            _ if kind == Kind::Export => format!("names another thing: {x} → {y}"),
            _ => format!("{x} became {y}"),
        };
        let shown: Vec<String> = name.iter().map(|part| printable(part)).collect();
        out.push(found(kind, Verdict::Changed, shown.join("::"), printable(&summary)));
    }
}

/// Adds memories that differ. If a memory that the module defines has more or fewer pages, as many
/// as the moves ask for, it follows from them. If code reads the size (`memory.size`,
/// `memory.grow`), it is an assumption that it does not matter.
fn memories(
    sides: (&Side<'_>, &Side<'_>),
    (shift, all): (&Shift, &OneToOne),
    out: &mut Vec<Found>,
) {
    let (a, b) = (sides.0.module.memories(), sides.1.module.memories());
    for i in 0..a.len().max(b.len()) {
        if a.get(i) == b.get(i) {
            continue;
        }
        let text = |memory: Option<&MemoryType>| match memory {
            Some(memory) => format!("{} pages", memory.min),
            None => "none".to_owned(),
        };
        let summary = format!("{} → {}", text(a.get(i)), text(b.get(i)));
        let follows = i == 0 && a.len() == b.len() && follows(sides, (shift, all));
        let (verdict, why) = match follows {
            false => (Verdict::Changed, ""),
            true if measured(sides.0) || measured(sides.1) => {
                (Verdict::AssumedMoved, ", as what moved asks for: assumed that nobody minds")
            }
            true => (Verdict::Moved, ", as what moved asks for"),
        };
        let mut one = found(Kind::Memory, verdict, format!("memory{i}"), format!("{summary}{why}"));
        one.follows = follows;
        if verdict == Verdict::AssumedMoved {
            let pages = |memories: &[MemoryType]| memories.get(i).map_or(0, |memory| memory.min);
            one.taken = vec![Taken::of(Sort::Pages, pages(a), pages(b))];
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

fn shapes(sides: (&Side<'_>, &Side<'_>), out: &mut Vec<Found>) {
    let (a, b) = (sides.0.module, sides.1.module);
    let (tables_a, tables_b) = (a.tables(), b.tables());
    let id = |side: &Side<'_>, i: usize| {
        side.module.tables().get(i).map(|ty| side.val_id(ValType::Ref(ty.ref_type)))
    };
    let slots_differ = sides.0.slots().count() != sides.1.slots().count();
    for i in 0..tables_a.len().max(tables_b.len()) {
        if tables_a.get(i) != tables_b.get(i) || id(sides.0, i) != id(sides.1, i) {
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
    debug: Option<Result<Vec<Told>, Unread>>,
    out: &mut Vec<Found>,
) {
    let (a, mut b) = (custom_list(sides.0), custom_list(sides.1));
    let (told, unread) = match debug {
        Some(Ok(told)) => (told, None),
        Some(Err(why)) => (Vec::new(), Some(why)),
        None => (Vec::new(), None),
    };
    // In the order of `told`: a path comes before its consequences.
    for one in &told {
        if let (Some(x), Some(y)) = (a.get(one.name), b.get(one.name))
            && x != y
        {
            out.push(debug_section(one));
        }
    }
    for (name, x) in &a {
        let Some(y) = b.remove(name) else {
            out.push(one_sided(name, "only in A"));
            continue;
        };
        let told = told.iter().any(|one| one.name == *name);
        if *x == y || told {
            continue;
        }
        if *name == "producers" && producers(x, &y) {
            let summary = "names and versions of tools differ".to_owned();
            let (name, verdict) = (printable(name), Verdict::Producers);
            out.push(found(Kind::Custom, verdict, name, summary));
            continue;
        }
        if name.starts_with("reloc.")
            && x.len() == 1
            && y.len() == 1
            && relocs::same(sides, x[0], y[0])
        {
            let summary = "the same relocations at other offsets".to_owned();
            let mut one = found(Kind::Custom, Verdict::Moved, printable(name), summary);
            one.follows = true;
            out.push(one);
            continue;
        }
        let sizes = |list: &[&[u8]]| list.iter().map(|bytes| bytes.len()).sum::<usize>();
        let why = unread.filter(|_| name.starts_with(".debug_"));
        let why = why.map(|why| format!("; not explained: {why}")).unwrap_or_default();
        let summary = format!("{} → {} bytes, contents differ{why}", sizes(x), sizes(&y));
        out.push(found(Kind::Custom, Verdict::Changed, printable(name), summary));
    }
    for name in b.keys() {
        out.push(one_sided(name, "only in B"));
    }
    let own = |side: &Side<'m>| -> Option<&'m str> {
        let module: &'m prova_module::Module = side.module;
        module.names().module()
    };
    if own(sides.0) != own(sides.1) {
        let text = |name: Option<&str>| name.map_or("none".into(), printable);
        let (a, b) = (text(own(sides.0)), text(own(sides.1)));
        let summary =
            format!("the module's own name: {a} → {b} (linkers write the output file's name)");
        out.push(found(Kind::Custom, Verdict::Path, "name".into(), summary));
    }
}

/// A custom section that one side alone has. Debug information is what tools leave, as `producers`.
fn one_sided(name: &str, what: &str) -> Found {
    let debug = name.starts_with(".debug_");
    let verdict = if debug { Verdict::Producers } else { Verdict::Changed };
    let why = if debug { ": debug information, which no code reads" } else { "" };
    found(Kind::Custom, verdict, printable(name), format!("{what}{why}"))
}

/// A section of debug information whose difference is explained, or not.
fn debug_section(told: &Told) -> Found {
    let summary = told.summary.clone();
    let mut one = found(Kind::Custom, told.verdict, told.name.to_owned(), summary);
    if told.verdict == Verdict::AssumedMoved {
        one.taken = vec![Taken::of(Sort::Debug, 0, 0)];
    }
    match (told.verdict, told.growth) {
        (Verdict::Path | Verdict::Moved | Verdict::Renumbered, Some(growth)) => {
            one.cause = Cause::Length(growth);
        }
        (Verdict::Moved | Verdict::Renumbered | Verdict::AssumedMoved, _) => one.follows = true,
        _ => {}
    }
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
