//! Types of a store → their text, for errors of linking.
//!
//! A store names types by identity, a module by number: neither says anything to who reads the
//! error. So a type that is named stands there with its definition, and types inside of that to a
//! depth of [`DEPTH_MAX`]; a text has at most [`CHARS_MAX`] characters.

use prova_module::{
    GlobalType, MemoryType, TableType, TypeId, TypeIdx, TypeRegistry, Types, ValType, closure,
    type_text, val_text,
};

/// How deep definitions stand in definitions.
const DEPTH_MAX: u32 = 2;
/// Maximum number of characters of a text.
const CHARS_MAX: usize = 400;

/// The definition of a type.
pub(crate) fn type_of(types: &TypeRegistry, id: TypeId) -> String {
    let (types, ty) = closure(id.0, |index| types.group_of(TypeId(index)));
    inner(&types, ty, DEPTH_MAX)
}

/// The same of a type among others.
fn inner(types: &Types, ty: TypeIdx, depth: u32) -> String {
    type_text(types, ty, &|named| match depth.checked_sub(1) {
        Some(depth) => inner(types, TypeIdx(named), depth),
        None => "…".to_owned(),
    })
}

/// A type of values of a store.
fn val(types: &TypeRegistry, ty: ValType) -> String {
    val_text(ty, &|id| type_of(types, TypeId(id)))
}

/// A text of bounded length.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A type of tables, resolved.
pub(crate) fn table_text(types: &TypeRegistry, ty: &TableType) -> String {
    let TableType { ref_type, min, max, table64 } = *ty;
    let text = val(types, ValType::Ref(ref_type));
    format!("table{} {} {text}", if table64 { " i64" } else { "" }, limits_text(min, max))
}

/// A type of memories.
pub(crate) fn memory_text(ty: &MemoryType) -> String {
    let MemoryType { min, max, memory64, shared, page_size_log2 } = *ty;
    let address = if memory64 { " i64" } else { "" };
    let shared = if shared { " shared" } else { "" };
    let page =
        if page_size_log2 == 16 { String::new() } else { format!(" pagesize 2^{page_size_log2}") };
    format!("memory{address} {}{page}{shared}", limits_text(min, max))
}

fn limits_text(min: u64, max: Option<u64>) -> String {
    max.map_or_else(|| min.to_string(), |max| format!("{min} {max}"))
}

/// A type of globals, resolved.
pub(crate) fn global_text(types: &TypeRegistry, ty: &GlobalType) -> String {
    let text = val(types, ty.val);
    if ty.mutable { format!("global (mut {text})") } else { format!("global {text}") }
}
