//! `wasm_valtype_t`, and vectors of them.

use crate::pointer::{In, end};
use crate::vector::{Vector, vector_functions};
use prova::{HeapType, ValType};

/// The number of a kind of value; the values are those of the header.
pub(crate) type wasm_valkind_t = u8;

pub(crate) const WASM_I32: wasm_valkind_t = 0;
pub(crate) const WASM_I64: wasm_valkind_t = 1;
pub(crate) const WASM_F32: wasm_valkind_t = 2;
pub(crate) const WASM_F64: wasm_valkind_t = 3;
/// Of types alone: `wasm_val_t` has no place for a vector.
pub(crate) const WASM_V128: wasm_valkind_t = 4;
pub(crate) const WASM_EXTERNREF: wasm_valkind_t = 128;
pub(crate) const WASM_FUNCREF: wasm_valkind_t = 129;
/// Of types alone: references to exceptions stay inside their store.
pub(crate) const WASM_EXNREF: wasm_valkind_t = 130;

/// A type of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct wasm_valtype_t {
    pub(crate) ty: ValType,
}

/// A vector of types, which owns them.
pub(crate) type wasm_valtype_vec_t = Vector<Option<Box<wasm_valtype_t>>>;

/// The types of a vector; elements that are null are left out.
pub(crate) fn types_of(vector: &wasm_valtype_vec_t) -> impl Iterator<Item = ValType> + '_ {
    vector.elements().iter().flatten().map(|element| element.ty.clone())
}

/// The vector of types.
pub(crate) fn vector_of(types: impl Iterator<Item = ValType>) -> wasm_valtype_vec_t {
    types.map(|ty| Some(Box::new(wasm_valtype_t { ty }))).collect()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_valtype_new(kind: wasm_valkind_t) -> Option<Box<wasm_valtype_t>> {
    let ty = match kind {
        WASM_I32 => ValType::I32,
        WASM_I64 => ValType::I64,
        WASM_F32 => ValType::F32,
        WASM_F64 => ValType::F64,
        WASM_V128 => ValType::V128,
        WASM_EXTERNREF => ValType::EXTERNREF,
        WASM_FUNCREF => ValType::FUNCREF,
        WASM_EXNREF => ValType::EXNREF,
        other => end(&format!("there is no kind of values with the number {other}")),
    };
    Some(Box::new(wasm_valtype_t { ty }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_valtype_kind(ty: In<wasm_valtype_t>) -> wasm_valkind_t {
    match &ty.want("valtype").ty {
        ValType::I32 => WASM_I32,
        ValType::I64 => WASM_I64,
        ValType::F32 => WASM_F32,
        ValType::F64 => WASM_F64,
        ValType::V128 => WASM_V128,
        ValType::Ref(ty) => match ty.heap_type().top() {
            HeapType::Extern => WASM_EXTERNREF,
            HeapType::Exn => WASM_EXNREF,
            // Structures and arrays have no kind here.
            _ => WASM_FUNCREF,
        },
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_valtype_copy(ty: In<wasm_valtype_t>) -> Option<Box<wasm_valtype_t>> {
    Some(Box::new(ty.want("valtype").clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_valtype_delete(_ty: Option<Box<wasm_valtype_t>>) {}

vector_functions! {
    Option<Box<wasm_valtype_t>>:
        wasm_valtype_vec_new_empty wasm_valtype_vec_new_uninitialized wasm_valtype_vec_new
        wasm_valtype_vec_copy wasm_valtype_vec_delete;
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_wasm_valtype_v128() -> Option<Box<wasm_valtype_t>> {
    Some(Box::new(wasm_valtype_t { ty: ValType::V128 }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_wasm_valtype_equal(a: In<wasm_valtype_t>, b: In<wasm_valtype_t>) -> bool {
    a.want("a") == b.want("b")
}
