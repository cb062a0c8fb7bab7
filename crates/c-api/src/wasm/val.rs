//! `wasm_val_t` ↔ values of the engine.
//!
//! A value of a C program that is a reference has a handle, which the value owns. In code, a handle
//! as `externref` is an object of the host that stands for it (`StoreCell::externs`); where it
//! comes out again, the program gets a handle of the same object.

use crate::pointer::{Give, In, Out};
use crate::store::{Context, Item, StoreCell};
use crate::vector::{Element, Vector, vector_functions};
use crate::wasm::reference::{Object, wasm_ref_t};
use crate::wasm::value_types::{
    WASM_EXTERNREF, WASM_F32, WASM_F64, WASM_FUNCREF, WASM_I32, WASM_I64, wasm_valkind_t,
};
use prova::{ExternRef, Ref, Result, Rooted, Val, format_err};
use std::sync::Arc;

/// A value, with its kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct wasm_val_t {
    kind: wasm_valkind_t,
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
    reference: *mut wasm_ref_t,
}

/// Values; they own their references.
pub(crate) type wasm_val_vec_t = Vector<wasm_val_t>;

/// The kind of reference that a place takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefPlace {
    Func,
    Extern,
}

impl wasm_val_t {
    /// The value that a program finds where it has to write one.
    pub(crate) const ZERO: wasm_val_t = wasm_val_t { kind: WASM_I32, of: Content { i64: 0 } };

    fn of_ref(kind: wasm_valkind_t, handle: Option<Box<wasm_ref_t>>) -> wasm_val_t {
        let reference = handle.map_or(std::ptr::null_mut(), Box::into_raw);
        wasm_val_t { kind, of: Content { reference } }
    }

    /// A value of the engine, with a handle if it is a reference.
    ///
    /// # Errors
    /// For a vector, and for a reference to an exception.
    pub(crate) fn of_val(
        val: &Val,
        cell: &Arc<StoreCell>,
        context: &Context<'_>,
    ) -> Result<wasm_val_t> {
        let (kind, of) = match *val {
            Val::I32(i32) => (WASM_I32, Content { i32 }),
            Val::I64(i64) => (WASM_I64, Content { i64 }),
            Val::F32(f32) => (WASM_F32, Content { f32 }),
            Val::F64(f64) => (WASM_F64, Content { f64 }),
            Val::FuncRef(func) => {
                let handle = func.map(|func| wasm_ref_t::of_item(cell, Item::Func(func)));
                return Ok(wasm_val_t::of_ref(WASM_FUNCREF, handle));
            }
            Val::ExternRef(None) => return Ok(wasm_val_t::of_ref(WASM_EXTERNREF, None)),
            Val::ExternRef(Some(value)) => {
                let handle = handle_of_extern(value, cell, context)?;
                return Ok(wasm_val_t::of_ref(WASM_EXTERNREF, Some(handle)));
            }
            Val::V128(_) => return Err(format_err!("`wasm_val_t` has no place for a v128")),
            Val::AnyRef(_) => {
                return Err(format_err!("`wasm_val_t` has no place for an anyref"));
            }
            Val::ExnRef(_) => {
                return Err(format_err!(
                    "`wasm_val_t` has no place for a reference to an exception"
                ));
            }
        };
        Ok(wasm_val_t { kind, of })
    }

    /// Values of the engine, each with a handle if it is a reference.
    ///
    /// # Errors
    /// Those of each value.
    pub(crate) fn of_vals(
        vals: &[Val],
        cell: &Arc<StoreCell>,
        context: &Context<'_>,
    ) -> Result<wasm_val_vec_t> {
        // Owned from the start, so that the handles before an error are given up.
        let mut owned: wasm_val_vec_t = vals.iter().map(|_| wasm_val_t::ZERO).collect();
        for (place, val) in owned.elements_mut().iter_mut().zip(vals) {
            *place = wasm_val_t::of_val(val, cell, context)?;
        }
        Ok(owned)
    }

    /// Whether the value is a reference.
    pub(crate) fn is_ref(&self) -> bool {
        self.kind == WASM_EXTERNREF || self.kind == WASM_FUNCREF
    }

    /// The handle of a reference; `None` for null and for other values.
    pub(crate) fn reference(&self) -> Option<&wasm_ref_t> {
        if !self.is_ref() {
            return None;
        }
        // SAFETY: the kind says which member it is; C1: the handle is null or live.
        unsafe { self.of.reference.as_ref() }
    }

    /// The value for the engine; `place` is what a reference is taken for.
    ///
    /// # Errors
    /// For a number that is no kind, and a reference that does not fit or belongs to another store.
    pub(crate) fn to_val(
        self,
        place: RefPlace,
        cell: &StoreCell,
        context: &mut Context<'_>,
    ) -> Result<Val> {
        Ok(match self.kind {
            // SAFETY: the kind says which member it is, and all bits are values of it.
            WASM_I32 => Val::I32(unsafe { self.of.i32 }),
            // SAFETY: as above.
            WASM_I64 => Val::I64(unsafe { self.of.i64 }),
            // SAFETY: as above.
            WASM_F32 => Val::F32(unsafe { self.of.f32 }),
            // SAFETY: as above.
            WASM_F64 => Val::F64(unsafe { self.of.f64 }),
            WASM_EXTERNREF | WASM_FUNCREF => {
                ref_of_handle(self.reference(), place, cell, context)?.into()
            }
            other => return Err(format_err!("a value has the unknown kind {other}")),
        })
    }
}

/// The reference that a handle stands for.
///
/// # Errors
/// If it is no function where one is taken, or belongs to another store.
pub(crate) fn ref_of_handle(
    handle: Option<&wasm_ref_t>,
    place: RefPlace,
    cell: &StoreCell,
    context: &mut Context<'_>,
) -> Result<Ref> {
    if let Some(store) = handle.and_then(|handle| handle.store.as_deref())
        && store.id != cell.id
    {
        return Err(format_err!("a reference belongs to another store"));
    }
    let object = handle.map(|handle| &handle.object);
    match (place, object) {
        (RefPlace::Func, None) => Ok(Ref::Func(None)),
        (RefPlace::Func, Some(Object::Item(Item::Func(func)))) => Ok(Ref::Func(Some(*func))),
        (RefPlace::Func, Some(_)) => Err(format_err!("a reference is no function")),
        (RefPlace::Extern, None) => Ok(Ref::Extern(None)),
        (RefPlace::Extern, Some(object)) => {
            if let Some(known) = cell.externs.borrow().get(object) {
                return Ok(Ref::Extern(Some(*known)));
            }
            let new = ExternRef::new(context, object.clone())?;
            cell.externs.borrow_mut().insert(object.clone(), new);
            Ok(Ref::Extern(Some(new)))
        }
    }
}

/// The handle that a reference of the engine stands for; `None` is null.
///
/// # Errors
/// If it refers to an exception, a structure, an array or a small integer.
pub(crate) fn handle_of_ref(
    reference: Ref,
    cell: &Arc<StoreCell>,
    context: &Context<'_>,
) -> Result<Option<Box<wasm_ref_t>>> {
    match reference {
        Ref::Func(func) => Ok(func.map(|func| wasm_ref_t::of_item(cell, Item::Func(func)))),
        Ref::Extern(None) => Ok(None),
        Ref::Extern(Some(value)) => handle_of_extern(value, cell, context).map(Some),
        Ref::Exn(_) => Err(format_err!("references to exceptions stay inside their store")),
        Ref::Any(None) => Ok(None),
        Ref::Any(Some(_)) => {
            Err(format_err!("references to structures, arrays and small integers have no handles"))
        }
    }
}

fn handle_of_extern(
    value: Rooted<ExternRef>,
    cell: &Arc<StoreCell>,
    context: &Context<'_>,
) -> Result<Box<wasm_ref_t>> {
    let object = value.data(context)?.and_then(|data| data.downcast_ref::<Object>());
    let object = object.ok_or_else(|| format_err!("a reference stands for no handle"))?.clone();
    let store = matches!(object, Object::Item(_)).then(|| Arc::clone(cell));
    Ok(Box::new(wasm_ref_t { store, object }))
}

impl Element for wasm_val_t {
    fn empty() -> wasm_val_t {
        wasm_val_t::ZERO
    }

    fn copied(&self) -> wasm_val_t {
        match self.reference() {
            Some(handle) => wasm_val_t::of_ref(self.kind, Some(Box::new(handle.clone()))),
            None => *self,
        }
    }

    fn give_up(self) {
        if self.reference().is_some() {
            // SAFETY: C1: the value owns its handle, which is not null, and is given up.
            drop(unsafe { Box::from_raw(self.of.reference) });
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_val_delete(mut val: Give<wasm_val_t>) {
    if let Some(val) = val.replace(wasm_val_t::ZERO) {
        val.give_up();
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_val_copy(mut out: Out<wasm_val_t>, val: In<wasm_val_t>) {
    out.set(val.want("val").copied());
}

vector_functions! {
    wasm_val_t:
        wasm_val_vec_new_empty wasm_val_vec_new_uninitialized wasm_val_vec_new wasm_val_vec_copy
        wasm_val_vec_delete;
}
