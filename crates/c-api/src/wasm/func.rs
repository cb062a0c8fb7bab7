//! `wasm_func_t`: functions, and callbacks of the program as functions.

use crate::callback::{Data, Finalizer};
use crate::pointer::{Give, In, end};
use crate::store::{Context, Data as StoreData, Item, StoreCell};
use crate::vector::Vector;
use crate::wasm::global::place_of;
use crate::wasm::reference::wasm_ref_t;
use crate::wasm::store::wasm_store_t;
use crate::wasm::trap::{error_of, trap_of};
use crate::wasm::types::wasm_externtype_t;
use crate::wasm::val::{RefPlace, wasm_val_t, wasm_val_vec_t};
use prova::{AsContextMut, Caller, Error, Func, Result, Val, format_err};
use std::ffi::c_void;
use std::sync::Arc;

/// A callback without an environment.
type Plain = extern "C" fn(*const wasm_val_vec_t, *mut wasm_val_vec_t) -> Option<Box<wasm_ref_t>>;
/// A callback with one.
type WithEnvironment = extern "C" fn(
    *mut c_void,
    *const wasm_val_vec_t,
    *mut wasm_val_vec_t,
) -> Option<Box<wasm_ref_t>>;

/// A callback of the program, with its environment.
enum Callback {
    Plain(Plain),
    WithEnvironment(WithEnvironment, Data),
}

impl Callback {
    fn call(&self, args: &wasm_val_vec_t, results: &mut wasm_val_vec_t) -> Option<Box<wasm_ref_t>> {
        match self {
            Callback::Plain(callback) => callback(args, results),
            Callback::WithEnvironment(callback, env) => callback(env.pointer(), args, results),
        }
    }
}

/// The cell of a caller's store.
pub(crate) fn cell_of(caller: &Caller<'_, StoreData>) -> Result<Arc<StoreCell>> {
    caller.data().cell.upgrade().ok_or_else(|| format_err!("the store is being deleted"))
}

/// Calls the program's callback with arguments that this function owns, and takes the results.
fn call_back(
    callback: &Callback,
    caller: &mut Caller<'_, StoreData>,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let cell = cell_of(caller)?;
    let context = caller.as_context_mut();
    let args = wasm_val_t::of_vals(params, &cell, &context)?;
    let mut given: wasm_val_vec_t = results.iter().map(|_| wasm_val_t::ZERO).collect();
    let trap = cell.lend(caller, |_| callback.call(&args, &mut given))?;
    if let Some(trap) = trap {
        // The program may have deleted what it wrote.
        given.elements_mut().fill(wasm_val_t::ZERO);
        return Err(error_of(*trap));
    }
    for (result, val) in results.iter_mut().zip(given.elements()) {
        let place = match result {
            Val::FuncRef(_) => RefPlace::Func,
            _ => RefPlace::Extern,
        };
        *result = val.to_val(place, &cell, &mut caller.as_context_mut())?;
    }
    Ok(())
}

fn new_func(
    store: &In<wasm_store_t>,
    ty: &In<wasm_externtype_t>,
    callback: Callback,
) -> Option<Box<wasm_ref_t>> {
    let cell = &store.want("store").cell;
    let ty = ty.want("functype");
    let func = cell.with(|context| {
        let ty = ty.to_func(cell.engine());
        Ok(Func::new(context, ty, move |mut caller, params, results| {
            call_back(&callback, &mut caller, params, results)
        }))
    });
    Some(wasm_ref_t::of_item(cell, Item::Func(func.ok()?)))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_func_new(
    store: In<wasm_store_t>,
    ty: In<wasm_externtype_t>,
    callback: Option<Plain>,
) -> Option<Box<wasm_ref_t>> {
    let Some(callback) = callback else { end("the parameter `callback` is NULL") };
    new_func(&store, &ty, Callback::Plain(callback))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_func_new_with_env(
    store: In<wasm_store_t>,
    ty: In<wasm_externtype_t>,
    callback: Option<WithEnvironment>,
    env: *mut c_void,
    finalizer: Finalizer,
) -> Option<Box<wasm_ref_t>> {
    let Some(callback) = callback else { end("the parameter `callback` is NULL") };
    new_func(&store, &ty, Callback::WithEnvironment(callback, Data::new(env, finalizer)))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_func_type(func: In<wasm_ref_t>) -> Option<Box<wasm_externtype_t>> {
    let (cell, func) = func.func();
    Some(wasm_externtype_t::of_func(&cell.with_or_end(|context| func.ty(&context))))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_func_param_arity(func: In<wasm_ref_t>) -> usize {
    let (cell, func) = func.func();
    cell.with_or_end(|context| func.ty(&context).params().len())
}

#[unsafe(no_mangle)]
extern "C" fn wasm_func_result_arity(func: In<wasm_ref_t>) -> usize {
    let (cell, func) = func.func();
    cell.with_or_end(|context| func.ty(&context).results().len())
}

#[unsafe(no_mangle)]
extern "C" fn wasm_func_call(
    func: In<wasm_ref_t>,
    args: In<wasm_val_vec_t>,
    mut results: Give<wasm_val_vec_t>,
) -> Option<Box<wasm_ref_t>> {
    let (cell, func) = func.func();
    let args = args.get().map_or(&[][..], Vector::elements);
    let mut none = Vector::EMPTY;
    let slots = results.get().unwrap_or(&mut none).slots();
    let values = match cell.with(|context| call(&cell, context, func, args, slots.len())) {
        Ok(values) => values,
        Err(error) => return Some(trap_of(error)),
    };
    for (slot, value) in slots.iter_mut().zip(values.into_boxed()) {
        slot.write(value);
    }
    None
}

/// Calls a function; gives the results with their handles.
fn call(
    cell: &Arc<StoreCell>,
    mut context: Context<'_>,
    func: Func,
    args: &[wasm_val_t],
    results: usize,
) -> Result<wasm_val_vec_t, Error> {
    compare_counts(&context, func, args.len(), results)?;
    let places = places(&context, func, args);
    let params = args.iter().zip(places).map(|(arg, place)| arg.to_val(place, cell, &mut context));
    let params = params.collect::<Result<Vec<Val>>>()?;
    let mut values = vec![Val::I32(0); results];
    func.call(&mut context, &params, &mut values)?;
    wasm_val_t::of_vals(&values, cell, &context)
}

/// Numbers of arguments and results below which the engine's comparison is soon enough.
const FEW: usize = 1 << 10;

/// Compares the numbers of arguments and results that a program gives with the function's, before
/// memory is taken for the values.
///
/// # Errors
/// If they are others.
pub(crate) fn compare_counts(
    context: &Context<'_>,
    func: Func,
    args: usize,
    results: usize,
) -> Result<()> {
    if args <= FEW && results <= FEW {
        return Ok(());
    }
    let ty = func.ty(context);
    for (what, given, own) in
        [("argument", args, ty.params().len()), ("result", results, ty.results().len())]
    {
        if given != own {
            return Err(format_err!("expected {own} {what}s, got {given}"));
        }
    }
    Ok(())
}

/// The kinds of references that the parameters take, for at least as many as there are arguments.
/// The type is looked up only if an argument is a reference.
fn places(
    context: &Context<'_>,
    func: Func,
    args: &[wasm_val_t],
) -> impl Iterator<Item = RefPlace> + use<> {
    let params: Vec<RefPlace> = if args.iter().any(wasm_val_t::is_ref) {
        func.ty(context).params().map(|ty| place_of(&ty)).collect()
    } else {
        Vec::new()
    };
    params.into_iter().chain(std::iter::repeat(RefPlace::Extern))
}
