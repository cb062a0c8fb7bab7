//! A value of a paused activation → its text for a reader: an object with its type and what it
//! holds, one level deep.
//!
//! ```text
//! point {0: 3, 1: <structref>}      bytes [1, 2, 3]      (ref.i31 -4)      null      7
//! ```
//!
//! Limits: [`PARTS_MAX`] fields or elements, [`NAME_CHARS_MAX`] characters of a name. Types have
//! their names in the frame's module.

use crate::value::Value;
use prova_module::{Composite, Module, TypeIdx, ValType};
use prova_runtime::{AnyKind, Cell, InstanceAddr, Store};
use std::fmt::Write;

/// Maximum number of fields or elements that are written out.
const PARTS_MAX: usize = 8;
/// Maximum number of characters of a name.
const NAME_CHARS_MAX: usize = 64;

/// A value with what an object holds.
pub(crate) fn text(
    store: &Store,
    (instance, module): (InstanceAddr, &Module),
    value: Value,
) -> String {
    let Value::AnyRef(cell) = value else { return inner(store, value) };
    let Some(id) = store.object_type(cell) else { return inner(store, value) };
    let name = name(store, (instance, module), cell);
    let parts = |count: usize, part: &dyn Fn(usize) -> Option<String>| {
        let mut all: Vec<String> = (0..count.min(PARTS_MAX)).map_while(part).collect();
        if count > PARTS_MAX {
            all.push(format!("… {} more", count - PARTS_MAX));
        }
        all.join(", ")
    };
    match store.types().def(id).map(|def| &def.composite) {
        Some(Composite::Struct(fields)) => {
            let field = |at: usize| {
                let held = store.field_of_object(cell, at).ok()?;
                Some(format!("{at}: {}", of_cells(store, held)))
            };
            format!("{name} {{{}}}", parts(fields.len(), &field))
        }
        Some(Composite::Array(_)) => {
            let element = |at: usize| {
                let held = store.element_of_object(cell, at as u32).ok()?;
                Some(of_cells(store, held))
            };
            let len = store.len_of_object(cell).unwrap_or(0) as usize;
            format!("{name} [{}]", parts(len, &element))
        }
        // Machine code may have written another header.
        Some(Composite::Func) | None => inner(store, value),
    }
}

/// The content of a field or an element.
fn of_cells(store: &Store, (ty, cells): (ValType, [Cell; 2])) -> String {
    inner(store, Value::read(ty, &mut cells.into_iter()))
}

/// A value without what it holds.
fn inner(store: &Store, value: Value) -> String {
    match value {
        Value::I32(bits) => (bits as i32).to_string(),
        Value::I64(bits) => (bits as i64).to_string(),
        Value::F32(bits) => f32::from_bits(bits).to_string(),
        Value::F64(bits) => f64::from_bits(bits).to_string(),
        Value::V128(bits) => format!("{bits:#034x}"),
        Value::FuncRef(0) | Value::ExternRef(0) | Value::ExnRef(0) | Value::AnyRef(0) => {
            "null".to_owned()
        }
        Value::FuncRef(_) => "<funcref>".to_owned(),
        Value::ExternRef(_) => "<externref>".to_owned(),
        Value::ExnRef(_) => "<exnref>".to_owned(),
        Value::AnyRef(cell) => any(store, cell),
    }
}

/// A reference that is not null.
fn any(store: &Store, cell: Cell) -> String {
    if let Some(AnyKind::I31(bits)) = AnyKind::of(cell) {
        // The sign is the highest of 31 bits.
        return format!("(ref.i31 {})", (bits << 1).cast_signed() >> 1);
    }
    let def = store.object_type(cell).and_then(|id| store.types().def(id));
    match def.map(|def| &def.composite) {
        Some(Composite::Struct(_)) => "<structref>".to_owned(),
        Some(Composite::Array(_)) => "<arrayref>".to_owned(),
        Some(Composite::Func) | None => "<anyref>".to_owned(),
    }
}

/// The name of an object's type in a module, or its number there; `object` for a type that the
/// module does not have.
fn name(store: &Store, (instance, module): (InstanceAddr, &Module), cell: Cell) -> String {
    let id = store.object_type(cell);
    let own = store.instance(instance);
    let found = (0..module.types().len() as u32).find(|ty| Some(own.type_id(TypeIdx(*ty))) == id);
    let Some(ty) = found else { return "object".to_owned() };
    let mut text = String::new();
    match module.names().ty(TypeIdx(ty)) {
        Some(name) => {
            let shown = |c: char| if c.is_control() { '?' } else { c };
            text.extend(name.chars().take(NAME_CHARS_MAX).map(shown));
        }
        None => {
            let _ = write!(text, "type {ty}");
        }
    }
    text
}
