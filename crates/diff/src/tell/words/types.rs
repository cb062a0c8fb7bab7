//! The definition of a type that changed in words.

use crate::pair::side::Side;
use crate::pair::types::Changed;
use crate::tell::code::type_name;
use crate::tell::report::plural;
use prova_module::{Composite, FieldType, TypeDef, TypeIdx, field_text, type_text};

/// The name of such a type in A, or its number.
pub(crate) fn name(sides: (&Side<'_>, &Side<'_>), root: u32) -> String {
    let changed = sides.0.types.changed().get(root as usize);
    changed.map_or(String::new(), |one| type_name(sides.0, one.a))
}

/// Both definitions in one line.
pub(crate) fn summary((a, b): (&Side<'_>, &Side<'_>), one: &Changed) -> String {
    let text =
        |side: &Side<'_>, ty| type_text(side.module.types(), TypeIdx(ty), &|ty| short(side, ty));
    match one.regrouped {
        true => format!("{}, in another recursion group", text(a, one.a)),
        false => format!("{} → {}", text(a, one.a), text(b, one.b)),
    }
}

/// The parts of the definition that differ, and how many functions follow from it or name it.
pub(crate) fn evidence(
    (a, b): (&Side<'_>, &Side<'_>),
    one: &Changed,
    (follow, name): (u64, u64),
) -> Vec<String> {
    let def = |side: &Side<'_>, ty| side.module.types().def(TypeIdx(ty)).cloned();
    let mut evidence = match (def(a, one.a), def(b, one.b)) {
        (Some(x), Some(y)) => parts((a, &x), (b, &y)),
        _ => Vec::new(),
    };
    let differ = if follow == 1 { "differs" } else { "differ" };
    evidence.push(format!("{} {differ} by it alone", plural(follow, "function")));
    if name > 0 {
        let names = if name == 1 { "names" } else { "name" };
        let functions = plural(name, "function");
        evidence.push(format!(
            "{functions} that {names} it or what follows from it also differ otherwise"
        ));
    }
    evidence
}

/// The parts of a definition that differ, as they are written.
fn parts((a, x): (&Side<'_>, &TypeDef), (b, y): (&Side<'_>, &TypeDef)) -> Vec<String> {
    let mut parts = Vec::new();
    if x.is_final != y.is_final {
        let became = if y.is_final { "final" } else { "open to subtypes" };
        parts.push(format!("it became {became}"));
    }
    let supertype = |side: &Side<'_>, def: &TypeDef| {
        def.supertype.map_or("none".to_owned(), |ty| type_name(side, ty.0))
    };
    let (of_a, of_b) = (supertype(a, x), supertype(b, y));
    if of_a != of_b {
        parts.push(format!("supertype: {of_a} → {of_b}"));
    }
    let (Composite::Struct(x), Composite::Struct(y)) = (&x.composite, &y.composite) else {
        return parts;
    };
    if x.len() != y.len() {
        parts.push(format!("{} → {} fields", x.len(), y.len()));
    }
    let text = |side: &Side<'_>, field: &FieldType| field_text(*field, &|ty| short(side, ty));
    let pairs = x.iter().zip(y.iter()).map(|(x, y)| (text(a, x), text(b, y)));
    if let Some((at, (x, y))) = pairs.enumerate().find(|(_, (x, y))| x != y) {
        parts.push(format!("the first field that differs is {at}: {x} → {y}"));
    }
    parts
}

/// A type's name as in the text format, or its number.
fn short(side: &Side<'_>, ty: u32) -> String {
    match side.module.names().ty(TypeIdx(ty)) {
        Some(_) => format!("${}", type_name(side, ty)),
        None => ty.to_string(),
    }
}
