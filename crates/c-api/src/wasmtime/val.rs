//! `wasmtime_val_t` ↔ values of the engine, and the functions on externals and values.

use crate::pointer::{Give, In, Out};
use crate::store::{Context, Item, StoreCell};
use crate::wasm::types::wasm_externtype_t;
use crate::wasmtime::error::or_end;
use crate::wasmtime::exnref::{exn_of_handle, handle_of_exn};
use crate::wasmtime::handle::{Handle, wasmtime_context_t, wasmtime_extern_t};
use prova::{ExnRef, ExternRef, Func, Ref, Result, Rooted, V128, Val, format_err};

pub(crate) const WASMTIME_I32: u8 = 0;
pub(crate) const WASMTIME_I64: u8 = 1;
pub(crate) const WASMTIME_F32: u8 = 2;
pub(crate) const WASMTIME_F64: u8 = 3;
pub(crate) const WASMTIME_V128: u8 = 4;
pub(crate) const WASMTIME_FUNCREF: u8 = 5;
pub(crate) const WASMTIME_EXTERNREF: u8 = 6;
pub(crate) const WASMTIME_EXNREF: u8 = 8;

/// A value, with its kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct wasmtime_val_t {
    kind: u8,
    of: Content,
}

/// The content of a value: the member of its kind. Floats are their bits.
#[repr(C)]
#[derive(Clone, Copy)]
union Content {
    i32: i32,
    i64: i64,
    f32: u32,
    f64: u64,
    v128: [u8; 16],
    reference: Handle,
}

/// The handle of a reference to a value of the host.
pub(crate) fn handle_of_extern(cell: &StoreCell, value: Rooted<ExternRef>) -> Handle {
    let number = cell.handles.borrow_mut().number_of_extern(value);
    Handle { store_id: cell.id, number }
}

/// The reference of a handle; `None` is null.
///
/// # Errors
/// If it is of another store, or of no reference.
pub(crate) fn extern_of_handle(
    handle: Handle,
    cell: &StoreCell,
) -> Result<Option<Rooted<ExternRef>>> {
    if handle.store_id == 0 {
        return Ok(None);
    }
    if handle.store_id != cell.id {
        return Err(format_err!("a reference belongs to another store"));
    }
    let value = cell.handles.borrow().extern_ref(handle.number);
    value.map(Some).ok_or_else(|| format_err!("a handle names no reference of its store"))
}

fn handle_of_func(cell: &StoreCell, func: Option<Func>) -> Handle {
    func.map_or(Handle::NULL, |func| Handle::of(cell, Item::Func(func)))
}

fn func_of_handle(handle: Handle, cell: &StoreCell) -> Result<Option<Func>> {
    if handle.store_id == 0 {
        return Ok(None);
    }
    match handle.item(cell)? {
        Item::Func(func) => Ok(Some(func)),
        _ => Err(format_err!("a reference is no function")),
    }
}

impl wasmtime_val_t {
    /// The value that a program finds where it has to write one.
    pub(crate) const ZERO: wasmtime_val_t =
        wasmtime_val_t { kind: WASMTIME_I32, of: Content { v128: [0; 16] } };

    /// A value of the engine.
    ///
    /// # Errors
    /// For a reference to an exception that is gone.
    pub(crate) fn of_val(
        val: &Val,
        cell: &StoreCell,
        context: &Context<'_>,
    ) -> Result<wasmtime_val_t> {
        // All bits are set, also those that the member does not have.
        let mut of = Content { v128: [0; 16] };
        let kind = match *val {
            Val::I32(x) => {
                of.i32 = x;
                WASMTIME_I32
            }
            Val::I64(x) => {
                of.i64 = x;
                WASMTIME_I64
            }
            Val::F32(x) => {
                of.f32 = x;
                WASMTIME_F32
            }
            Val::F64(x) => {
                of.f64 = x;
                WASMTIME_F64
            }
            Val::V128(x) => {
                of.v128 = x.as_u128().to_le_bytes();
                WASMTIME_V128
            }
            Val::FuncRef(func) => {
                of.reference = handle_of_func(cell, func);
                WASMTIME_FUNCREF
            }
            Val::ExternRef(value) => {
                of.reference = value.map_or(Handle::NULL, |value| handle_of_extern(cell, value));
                WASMTIME_EXTERNREF
            }
            Val::AnyRef(_) => {
                return Err(format_err!("`wasmtime_val_t` has no place for an anyref here"));
            }
            Val::ExnRef(value) => {
                let thrown = value.map(|value| value.exception(context)).transpose()?;
                of.reference = thrown.map_or(Handle::NULL, |thrown| handle_of_exn(cell, thrown));
                WASMTIME_EXNREF
            }
        };
        Ok(wasmtime_val_t { kind, of })
    }

    /// The value for the engine.
    ///
    /// # Errors
    /// For a number that is no kind, and a reference that does not fit or belongs to another store.
    pub(crate) fn to_val(self, cell: &StoreCell, context: &mut Context<'_>) -> Result<Val> {
        Ok(match self.kind {
            // SAFETY: the kind says which member it is, and all bits are values of it.
            WASMTIME_I32 => Val::I32(unsafe { self.of.i32 }),
            // SAFETY: as above.
            WASMTIME_I64 => Val::I64(unsafe { self.of.i64 }),
            // SAFETY: as above.
            WASMTIME_F32 => Val::F32(unsafe { self.of.f32 }),
            // SAFETY: as above.
            WASMTIME_F64 => Val::F64(unsafe { self.of.f64 }),
            // SAFETY: as above.
            WASMTIME_V128 => Val::V128(V128::from(u128::from_le_bytes(unsafe { self.of.v128 }))),
            // SAFETY: as above.
            WASMTIME_FUNCREF => func_of_handle(unsafe { self.of.reference }, cell)?.into(),
            // SAFETY: as above.
            WASMTIME_EXTERNREF => extern_of_handle(unsafe { self.of.reference }, cell)?.into(),
            // SAFETY: as above.
            WASMTIME_EXNREF => match exn_of_handle(unsafe { self.of.reference }, cell)? {
                Some(thrown) => ExnRef::new(context, thrown.tag(), thrown.values())?.into(),
                None => Val::ExnRef(None),
            },
            other => return Err(format_err!("a value has the unknown kind {other}")),
        })
    }

    /// The value for the engine, of one that must be a reference.
    ///
    /// # Errors
    /// Those of [`wasmtime_val_t::to_val`], and if it is none.
    pub(crate) fn to_ref(self, cell: &StoreCell, context: &mut Context<'_>) -> Result<Ref> {
        let val = self.to_val(cell, context)?;
        val.ref_().ok_or_else(|| format_err!("a value is no reference"))
    }
}

/// The values for the engine.
///
/// # Errors
/// Those of each value.
pub(crate) fn to_vals(
    vals: &[wasmtime_val_t],
    cell: &StoreCell,
    context: &mut Context<'_>,
) -> Result<Vec<Val>> {
    vals.iter().map(|val| val.to_val(cell, context)).collect()
}

/// Values live as long as their store: there is nothing to do.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_val_unroot(_val: Give<wasmtime_val_t>) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_val_clone(val: In<wasmtime_val_t>, mut out: Out<wasmtime_val_t>) {
    out.set(*val.want("val"));
}

/// Externals live as long as their store, but shared memories, which have none.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_extern_delete(mut item: Give<wasmtime_extern_t>) {
    if let Some(item) = item.get() {
        item.delete();
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_extern_type(
    context: In<wasmtime_context_t>,
    item: In<wasmtime_extern_t>,
) -> Option<Box<wasm_externtype_t>> {
    let (cell, item) = (context.want("context"), item.want("extern"));
    let ty = cell.with(|context: Context<'_>| Ok(item.item(cell)?.ty(&context)));
    Some(wasm_externtype_t::of(or_end(ty, "wasmtime_extern_type")))
}
