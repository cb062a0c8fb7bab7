//! Everything but functions and data: imports, exports, globals, tables, memories, tags, custom
//! sections → differences.
//!
//! Neighbours: `mod` puts them into clusters. Indices are compared through partners: an export that
//! names the same function under another index is no difference.
//!
//! 1. Names are compared by their bytes; escaping and cutting are for print alone.
//! 2. Tables, memories and tags are named by index, so imports of them keep their order.
//! 3. A global that is a stack pointer has moved only if it keeps its alignment and lies behind
//!    data that moved; a global that a linker names for an address is one; of others nothing shows
//!    it.

use super::compare::Cause;
use super::dwarf::{Told, Unread};
use super::lockstep::words;
use super::relocs;
use super::report::{Kind, Verdict};
use super::shift::{Agree, Assumption, SLACK, Shift};
use super::side::Side;
use super::table;
use super::uses::{Access, Role, Roles};
use crate::xref::constant;
use prova_builds::names::printable;
use prova_module::{BinaryReader, ConstOp, ExternKind, ExternType, GlobalIdx, ValType};
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
    /// The function of A or of B that alone is exported.
    pub(crate) exported: (Option<u32>, Option<u32>),
    pub(crate) sites: u64,
}

pub(super) fn found(kind: Kind, verdict: Verdict, name: String, summary: String) -> Found {
    Found {
        kind,
        verdict,
        name,
        summary,
        cause: Cause::Body { slight: false },
        follows: false,
        exported: (None, None),
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
pub(crate) fn compare(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    assumed: u64,
    debug: Option<Result<Vec<Told>, Unread>>,
) -> Vec<Found> {
    let mut out = Vec::new();
    imports(sides, &mut out);
    exports(sides, &mut out);
    start(sides, &mut out);
    global_inits(sides, (shift, roles), &mut out);
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
    out.push(found(Kind::Export, Verdict::Changed, "start".into(), summary));
}

/// What is listed by its names, its kind and the id of what it is: how often, and in words.
type Listed = BTreeMap<(Vec<String>, String, u32), (u64, String)>;

/// What one side alone lists, joined by name.
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

fn global_inits(
    sides: (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    out: &mut Vec<Found>,
) {
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
        let kinds = (a.val_id(ty.val), ty.mutable) == (b.val_id(other.val), other.mutable);
        if !kinds {
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
        let told = match (constant(x.ops()), constant(y.ops())) {
            (Some(x), Some(y)) => {
                let globals = (i as u32, partner);
                match global_value(sides, (shift, roles), globals, (x, y)) {
                    Some(told) => told,
                    None => continue,
                }
            }
            _ if a.const_expr(x) == b.const_expr(y) => match stays(sides, shift, x.ops()) {
                Some(agree) => assumed(agree, "its initial value"),
                None => continue,
            },
            _ => (
                Verdict::Changed,
                "its initial value changed".to_owned(),
                Cause::Body { slight: false },
            ),
        };
        let mut one = found(Kind::Global, told.0, name, told.1);
        one.cause = told.2;
        out.push(one);
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

/// An address that stays in an initial value that is computed, or of several numbers.
fn stays(sides: (&Side<'_>, &Side<'_>), shift: &Shift, ops: &[ConstOp]) -> Option<Agree> {
    if !shift.moves() {
        return None;
    }
    let agree = match ops {
        [ConstOp::V128Const(bits)] => shift.lanes(sides, &bits.to_le_bytes()),
        [ConstOp::F32Const(bits)] => shift.lanes(sides, &bits.to_le_bytes()),
        [ConstOp::F64Const(bits)] => shift.lanes(sides, &bits.to_le_bytes()),
        _ => {
            let value = computed(ops)?;
            shift.agree_wide(sides, Role::Unknown, value, value)?
        }
    };
    Some(agree).filter(|agree| matches!(agree, Agree::Assumed { .. }))
}

/// What an initial value of constants alone is.
fn computed(ops: &[ConstOp]) -> Option<u64> {
    let mut stack: Vec<(u64, bool)> = Vec::new();
    for op in ops {
        let value = match op {
            ConstOp::I32Const(value) => (u64::from(*value as u32), false),
            ConstOp::I64Const(value) => (*value as u64, true),
            op => {
                let ((y, _), (x, wide)) = (stack.pop()?, stack.pop()?);
                let value = match op {
                    ConstOp::I32Add | ConstOp::I64Add => x.wrapping_add(y),
                    ConstOp::I32Sub | ConstOp::I64Sub => x.wrapping_sub(y),
                    ConstOp::I32Mul | ConstOp::I64Mul => x.wrapping_mul(y),
                    _ => return None,
                };
                (if wide { value } else { u64::from(value as u32) }, wide)
            }
        };
        stack.push(value);
    }
    stack.pop().map(|(value, _)| value)
}

/// What is said of an assumption about an initial value.
fn assumed(agree: Agree, what_is: &str) -> (Verdict, String, Cause) {
    let Agree::Assumed { address, delta, what, .. } = agree else {
        return (Verdict::Changed, what_is.to_owned(), Cause::Body { slight: false });
    };
    let by = if let Assumption::Stays(by) = what { by } else { delta };
    let cause = match what {
        Assumption::Slot => Cause::Slots,
        _ => Cause::Moved(address, by),
    };
    (Verdict::AssumedMoved, format!("{what_is}: {}", words(address, delta, what)), cause)
}

/// Globals that linkers define as addresses (wasm-ld, LLVM `lld/wasm/Symbols.h`).
const ADDRESSES: [&str; 8] = [
    "__heap_base",
    "__heap_end",
    "__data_end",
    "__global_base",
    "__dso_handle",
    "__stack_low",
    "__stack_high",
    "__memory_base",
];

/// What two initial values are (invariant 3): `None` if they are the same.
fn global_value(
    (a, b): (&Side<'_>, &Side<'_>),
    (shift, roles): (&Shift, &Roles),
    (global, partner): (u32, u32),
    (x, y): (u64, u64),
) -> Option<(Verdict, String, Cause)> {
    let delta = y.wrapping_sub(x) as i64;
    let changed = Cause::Body { slight: false };
    let moved = |what: &str| {
        let summary = format!("initial value {x} → {y}, {what}");
        Some((Verdict::Moved, summary, Cause::Moved(x, delta)))
    };
    let stacks = (a.map.stack_pointer, b.map.stack_pointer);
    let is_stack = stacks.0.map(|(global, _)| global) == Some(global)
        && stacks.1.map(|(global, _)| global) == Some(partner)
        && (roles.stack || a.global_symbol(global) == "__stack_pointer");
    if is_stack {
        // Behind the data, the stack starts where an alignment of 16 puts it.
        let behind = shift.moves() && shift.is_behind(x) && y >= shift.data_end_b;
        let near = (delta - shift.end_delta).abs() < 2 * SLACK;
        let room = shift.data_end_b.next_multiple_of(16) > shift.data_end.next_multiple_of(16);
        return match delta {
            0 if shift.moves() && shift.is_behind(x) && room => {
                let by =
                    "stays, though the data before it grew: assumed that the stack is as large";
                let by = format!("the stack pointer, {x}, {by}");
                Some((Verdict::AssumedMoved, by, Cause::Moved(x, shift.end_delta)))
            }
            0 => None,
            _ if behind && near && x % 16 == 0 && y % 16 == 0 => moved("the stack behind the data"),
            _ => {
                let by =
                    format!("the stack pointer starts at {x} in A and at {y} in B ({delta:+})");
                Some((Verdict::Changed, by, changed))
            }
        };
    }
    let name = a.global_symbol(global);
    // Where code is independent of its place, linkers write `GOT.data.internal.__heap_base`.
    let own = name.rsplit('.').next().unwrap_or_default();
    let named = ADDRESSES.contains(&own);
    let role = if named { Role::Address(Access::INDEXED) } else { Role::Unknown };
    let agree = match role {
        Role::Unknown => shift.agree_wide((a, b), role, x, y),
        role => shift.agree((a, b), role, x, y),
    };
    match agree {
        Some(Agree::Equal | Agree::Slot) => None,
        Some(Agree::Moved { delta: 0, .. }) => None,
        Some(Agree::Moved { .. }) => moved("an address that moved"),
        Some(agree @ Agree::Assumed { .. }) => {
            Some(assumed(agree, &format!("initial value {x} → {y}")))
        }
        None => Some((Verdict::Changed, format!("initial value {x} → {y}"), changed)),
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
    // In the order of what is told: a path comes before what follows from it.
    for one in &told {
        if let (Some(x), Some(y)) = (a.get(one.name), b.get(one.name))
            && x != y
        {
            out.push(debug_section(one));
        }
    }
    for (name, x) in &a {
        let Some(y) = b.remove(name) else {
            out.push(found(Kind::Custom, Verdict::Changed, printable(name), "only in A".into()));
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
            && relocations(sides, x[0], y[0])
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
        out.push(found(Kind::Custom, Verdict::Changed, printable(name), "only in B".into()));
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

/// A section of debug information whose difference is explained, or not.
fn debug_section(told: &Told) -> Found {
    let summary = told.summary.clone();
    let mut one = found(Kind::Custom, told.verdict, told.name.to_owned(), summary);
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

/// Whether both are the same relocations of the same places: of the same functions or segments, and
/// as far behind their starts.
fn relocations(sides: (&Side<'_>, &Side<'_>), a: &[u8], b: &[u8]) -> bool {
    let places = |side: &Side<'_>, bytes: &[u8]| -> Option<Vec<Placed>> {
        let (section, list) = relocs::read(bytes)?;
        let section = side.module.sections().get(section as usize)?;
        let bodies = side.module.defined_funcs().filter_map(|func| {
            Some((side.canonical_func(func.0), side.module.body(func)?.range()))
        });
        let data = side.module.data().iter().enumerate();
        let data = data.map(|(segment, data)| (segment as u32, data.range.clone()));
        let mut parts: Vec<(u32, std::ops::Range<usize>)> = match section.id {
            10 => bodies.collect(),
            11 => data.collect(),
            _ => Vec::new(),
        };
        parts.sort_by_key(|(_, range)| range.start);
        let one = |one: relocs::Reloc| {
            let at = section.range.start + one.offset as usize;
            let after = parts.partition_point(|(_, range)| range.start <= at);
            let part = after.checked_sub(1).map(|i| &parts[i]).filter(|(_, part)| at < part.end);
            let place = part.map_or((u32::MAX, one.offset as usize), |(index, range)| {
                (*index, at - range.start)
            });
            (section.id, place, (one.ty, one.index, one.addend))
        };
        Some(list.into_iter().map(one).collect())
    };
    let places = (places(sides.0, a), places(sides.1, b));
    places.0.is_some() && places.0 == places.1
}

/// The section's id; function or segment and offset in it; type, symbol and addend.
type Placed = (u8, (u32, usize), (u8, u32, i64));
