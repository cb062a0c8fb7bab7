//! F7 and F8 for functions and their types.

use super::{Context, Fault, Rule, Verdict};
use crate::ops::Class;
use prova_module::{FuncType, RefKind, TableIdx};

/// A function index in an instruction of class `class`.
pub(super) fn func(cx: &Context<'_>, class: Class, index: u64) -> Verdict {
    let imported = cx.module.imported_func_count() as u64;
    let all = cx.module.func_count() as u64;
    let range = if matches!(class, Class::call | Class::return_call) {
        imported..all
    } else if matches!(class, Class::call_import | Class::return_call_import) {
        0..imported
    } else {
        0..all
    };
    if range.contains(&index) {
        return Ok(());
    }
    let what = format!("func{index} is not of {} to {}", range.start, range.end);
    Err(Fault::new(Rule::Indices, what))
}

/// The function type of this index.
pub(super) fn func_type<'a>(cx: &Context<'a>, index: u64) -> Result<&'a FuncType, Fault> {
    let ty = usize::try_from(index).ok().and_then(|index| cx.module.types().get(index));
    ty.ok_or_else(|| Fault::new(Rule::Indices, format!("there is no type{index}")))
}

/// A table that is called through; its index was checked (F7).
pub(super) fn func_table(cx: &Context<'_>, index: u64) -> Verdict {
    match cx.module.table(TableIdx(index as u32)) {
        Some(table) if cx.module.ref_kind(table.ref_type) == RefKind::Func => Ok(()),
        _ => Err(Fault::new(Rule::Kinds, format!("a call through table{index}"))),
    }
}
