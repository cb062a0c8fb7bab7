//! A type → its text, for readers: the definition as the text format has it, with the names that
//! types have, or their numbers.

use crate::groups::{Composite, Types};
use crate::index::TypeIdx;
use std::fmt::Write;
use wasmparser::{FieldType, HeapType, RefType, StorageType, UnpackedIndex, ValType};

/// Maximum number of fields, parameters or results that are written out.
pub const TYPE_PARTS_MAX: usize = 64;

/// How a text calls a type that another one names.
pub type NameType<'n> = dyn Fn(u32) -> String + 'n;

/// The definition of a type as the text format has it; empty if there is no such type. At most
/// [`TYPE_PARTS_MAX`] parts of each list are written out.
pub fn type_text(types: &Types, ty: TypeIdx, name: &NameType<'_>) -> String {
    let Some(def) = types.def(ty) else { return String::new() };
    let composite = match &def.composite {
        Composite::Func => types.func(ty).map_or(String::new(), |func| {
            format!("{} -> {}", list(&func.params, name), list(&func.results, name))
        }),
        Composite::Struct(fields) => {
            let mut text = "(struct".to_owned();
            for field in fields.iter().take(TYPE_PARTS_MAX) {
                let _ = write!(text, " (field {})", field_text(*field, name));
            }
            more(&mut text, fields.len());
            text + ")"
        }
        Composite::Array(element) => format!("(array {})", field_text(*element, name)),
    };
    let supertype = def.supertype.map_or(String::new(), |ty| format!(" {}", name(ty.0)));
    match (def.is_final, def.supertype) {
        (true, None) => composite,
        (true, Some(_)) => format!("(sub final{supertype} {composite})"),
        (false, _) => format!("(sub{supertype} {composite})"),
    }
}

/// The type of a field as the text format has it.
pub fn field_text(field: FieldType, name: &NameType<'_>) -> String {
    let text = match field.element_type {
        StorageType::I8 => "i8".to_owned(),
        StorageType::I16 => "i16".to_owned(),
        StorageType::Val(ty) => val_text(ty, name),
    };
    if field.mutable { format!("(mut {text})") } else { text }
}

/// A type of values as the text format has it.
pub fn val_text(ty: ValType, name: &NameType<'_>) -> String {
    let ValType::Ref(ty) = ty else { return ty.to_string() };
    match named(ty) {
        Some(index) if ty.is_nullable() => format!("(ref null {})", name(index)),
        Some(index) => format!("(ref {})", name(index)),
        None => ty.to_string(),
    }
}

/// The number of the type that a reference's type names.
fn named(ty: RefType) -> Option<u32> {
    match ty.heap_type() {
        HeapType::Concrete(UnpackedIndex::Module(index) | UnpackedIndex::RecGroup(index)) => {
            Some(index)
        }
        HeapType::Concrete(UnpackedIndex::Id(_)) => None,
        HeapType::Abstract { .. } | HeapType::Exact(_) => None,
    }
}

/// Types of values as a list.
fn list(types: &[ValType], name: &NameType<'_>) -> String {
    let shown: Vec<String> =
        types.iter().take(TYPE_PARTS_MAX).map(|ty| val_text(*ty, name)).collect();
    let mut text = format!("[{}", shown.join(" "));
    more(&mut text, types.len());
    text + "]"
}

/// Adds how many parts a list has that are not written out.
fn more(text: &mut String, parts: usize) {
    if parts > TYPE_PARTS_MAX {
        let _ = write!(text, " … {} more", parts - TYPE_PARTS_MAX);
    }
}
