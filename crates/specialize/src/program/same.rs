//! The check of what surrounds bodies: two modules → the second is the first, with functions that
//! have other numbers or are gone, or what else differs.
//!
//! It shares no code with `rewrite`, and compares what both modules are once they are decoded.
//!
//! # Rules
//! * T1. Each function of the new module is one of the old, or several, by the numbers that are
//!   given. Imported ones keep their numbers. Types are the same.
//! * T2. Each thing that names a function names the same one: one that is gone is named by nothing
//!   that is left, so nothing can reach it.
//! * T3. Types, imports, tables, memories, tags, globals, exports, the start function and element
//!   segments are the same, except for T2.
//! * T4. Data segments are the same; or memories start with the same bytes (`image`).
//! * T5. A body has the operators of the old one, except for T2 ([`bodies`]); where it stands for
//!   several, those of each.
//!
//! Custom sections mean nothing to execution and are not compared.

use super::plant::misjudged;
use crate::check::outside::Outside;
use prova_module::{FuncIdx, Module, Opcode};

/// Compares all but bodies: T1 to T4. `kept` has the new number of each old function that stays.
///
/// # Errors
/// What differs.
pub(super) fn outside(old: &Module, new: &Module, kept: &[Option<FuncIdx>]) -> Result<(), String> {
    let same_func = same_func(kept);
    let outside = Outside { old, new, names: &same_func };
    let start = outside.start() || misjudged!(StartUnread);
    let parts: [(bool, &str); 8] = [
        (functions(old, new, kept), "functions"),
        (outside.types() || misjudged!(TypesUnread), "types"),
        (old.imports() == new.imports() || misjudged!(ImportsUnread), "imports"),
        (outside.tables(|_, ty| ty) || misjudged!(TablesUnread), "tables"),
        (outside.memories_and_tags() || misjudged!(MemoriesUnread), "memories or tags"),
        (is_all(outside.globals()) || misjudged!(GlobalsUnread), "globals"),
        (start && (outside.exports() || misjudged!(ExportsUnread)), "exports"),
        (is_all(outside.elements()) || misjudged!(ElementsUnread), "elements"),
    ];
    for (same, what) in parts {
        if !same {
            return Err(format!("{what} are not what they were"));
        }
    }
    let bytes = outside.bytes() || misjudged!(BytesUnread);
    match is_all(outside.segments()) && bytes || super::image::same(old, new) {
        true => Ok(()),
        false => Err("data segments are not what they were".to_owned()),
    }
}

/// Compares the bodies of functions that stay: T5.
///
/// # Errors
/// The first that differs.
pub(super) fn bodies(old: &Module, new: &Module, kept: &[Option<FuncIdx>]) -> Result<(), String> {
    let same_func = same_func(kept);
    let outside = Outside { old, new, names: &same_func };
    for func in old.defined_funcs() {
        let earlier = kept.iter().take(func.index());
        if misjudged!(FirstOfSeveral) && earlier.flatten().any(|it| same_func(func, *it)) {
            continue;
        }
        if let Some(Some(other)) = kept.get(func.index())
            && same_body(&outside, func, *other) != Some(true)
        {
            return Err(format!("{func} is not what it was"));
        }
    }
    Ok(())
}

/// Whether an old function is a new one, by the new numbers (T2).
fn same_func(kept: &[Option<FuncIdx>]) -> impl Fn(FuncIdx, FuncIdx) -> bool {
    move |old, new| {
        let number = kept.get(old.index()).copied().flatten();
        number == Some(new) || misjudged!(GoneIsAny) && number.is_none()
    }
}

/// Whether a part is the same, with nothing behind it.
fn is_all<T>(more: Option<&[T]>) -> bool {
    more.is_some_and(<[T]>::is_empty)
}

/// T1
fn functions(old: &Module, new: &Module, kept: &[Option<FuncIdx>]) -> bool {
    let mut met = vec![false; new.func_count()];
    let imported = old.imported_func_count();
    let each = (0..old.func_count() as u32).map(FuncIdx);
    let all = each.zip(kept).all(|(func, number)| match *number {
        Some(other) => {
            let is_there = met.get_mut(other.index()).map(|met| *met = true).is_some();
            let is_imported = func.index() < imported;
            is_there
                && (is_imported == (other.index() < imported))
                && (!is_imported || func == other || misjudged!(ImportsTurned))
                && (old.func_type_idx(func) == new.func_type_idx(other) || misjudged!(OtherType))
        }
        None => func.index() >= imported,
    });
    all && kept.len() == old.func_count()
        && imported == new.imported_func_count()
        && !met.contains(&false)
}

/// T5; `None` if a body ends too early.
fn same_body(outside: &Outside<'_>, old: FuncIdx, new: FuncIdx) -> Option<bool> {
    let (a, b) = (outside.old.body(old)?, outside.new.body(new)?);
    let (mut theirs, mut ours) = (a.operators(), b.operators());
    while !theirs.eof() {
        let (a, b) = (theirs.read().ok()?, ours.read().ok()?);
        let is_alike = misjudged!(OperatorsAlike) && Opcode::of(&a) == Opcode::of(&b);
        if !outside.operator(&a, &b) && !is_alike {
            return Some(false);
        }
    }
    Some(ours.eof() && a.local_types() == b.local_types())
}
