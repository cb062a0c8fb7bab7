//! `wasmtime_tag_t`.

use crate::pointer::{In, Out};
use crate::store::Item;
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::{MaybeError, handed, or_end};
use crate::wasmtime::handle::{Handle, wasmtime_context_t};
use prova::{ExternType, Tag};

#[unsafe(no_mangle)]
extern "C" fn wasmtime_tag_new(
    context: In<wasmtime_context_t>,
    ty: In<wasm_externtype_t>,
    mut out: Out<Handle>,
) -> MaybeError {
    let (cell, ty) = (context.want("context"), ty.want("tagtype"));
    let tag = cell.with(|context| Tag::new(context, &ty.to_tag(cell.engine())));
    handed(tag.map(|tag| Handle::of(cell, Item::Tag(tag))), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_tag_type(
    context: In<wasmtime_context_t>,
    tag: In<Handle>,
) -> Option<Box<wasm_externtype_t>> {
    let cell = context.want("context");
    let ty = cell.with(|context| Ok(tag.tag(cell)?.ty(&context)));
    Some(wasm_externtype_t::of(ExternType::Tag(or_end(ty, "wasmtime_tag_type"))))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_tag_eq(
    context: In<wasmtime_context_t>,
    a: In<Handle>,
    b: In<Handle>,
) -> bool {
    let cell = context.want("context");
    let same = cell.with(|_| Ok(a.tag(cell)? == b.tag(cell)?));
    or_end(same, "wasmtime_tag_eq")
}
