//! The lines of the examples that are others against Prova (`prova/differs.rs`), as wasmi has them.

use wasmi::errors::HostError;
use wasmi::{
    AsContextMut, CallHook, Config, Engine, Error, Extern, ExternRef, Func, FuncType, Global,
    Instance, Linker, Mutability, Nullable, Ref, RefType, Store, TrapCode, Val, ValType,
};
use wasmi_core::LimiterError;

pub(crate) use wasmi::TrapCode as Trap;

/// What a limiter answers.
pub(crate) type Answer = Result<bool, LimiterError>;

/// The type of references to functions, and to values of the host.
pub(crate) const FUNCREF: RefType = RefType::Func;
pub(crate) const EXTERNREF: ValType = ValType::ExternRef;
/// A limit on growth that traps.
pub(crate) const GROWTH_LIMIT: TrapCode = TrapCode::GrowthOperationLimited;

pub(crate) fn engine(config: &Config) -> Result<Engine, Error> {
    Ok(Engine::new(config))
}

pub(crate) fn engine_that_interprets(config: Config) -> Result<Engine, Error> {
    engine(&config)
}

pub(crate) fn func_type(_: &Engine, params: &[ValType], results: &[ValType]) -> FuncType {
    FuncType::new(params.iter().copied(), results.iter().copied())
}

pub(crate) fn global(
    store: impl AsContextMut,
    value: Val,
    mutability: Mutability,
) -> Result<Global, Error> {
    Ok(Global::new(store, value, mutability))
}

pub(crate) fn define<T: 'static>(
    linker: &mut Linker<T>,
    _: &Store<T>,
    (module, name): (&str, &str),
    item: impl Into<Extern>,
) -> Result<(), Error> {
    linker.define(module, name, item)?;
    Ok(())
}

pub(crate) fn defined<T: 'static>(
    linker: &Linker<T>,
    store: &mut Store<T>,
    (module, name): (&str, &str),
) -> bool {
    linker.get(store, module, name).is_some()
}

pub(crate) fn exports<T: 'static>(instance: Instance, store: &Store<T>) -> Vec<String> {
    instance.exports(store).map(|export| export.name().to_owned()).collect()
}

/// The error of a host function.
pub(crate) fn host_error(error: impl HostError) -> Error {
    Error::host(error)
}

/// Declares that a type is an error of host functions.
macro_rules! is_host_error {
    ($ty:ty) => {
        impl wasmi::errors::HostError for $ty {}
    };
}
pub(crate) use is_host_error;

pub(crate) fn message(text: &str) -> Error {
    Error::new(text.to_owned())
}

pub(crate) fn trap_of(error: &Error) -> Option<Trap> {
    error.as_trap_code()
}

pub(crate) fn trap(trap: Trap) -> Error {
    trap.into()
}

pub(crate) fn exit(status: i32) -> Error {
    Error::i32_exit(status)
}

pub(crate) fn exit_status(error: &Error) -> Option<i32> {
    error.i32_exit_status()
}

pub(crate) fn func_ref(func: Option<Func>) -> Ref {
    Ref::Func(func.map_or(Nullable::Null, Nullable::Val))
}

pub(crate) fn func_of(reference: &Ref) -> Option<Func> {
    reference.as_func().and_then(|func| func.val().map(|func| **func))
}

/// A value of the host as an argument.
pub(crate) fn extern_ref(store: impl AsContextMut, value: &'static str) -> Result<Val, Error> {
    Ok(Val::from(ExternRef::new(store, value)))
}

pub(crate) fn extern_data<T: 'static>(store: &Store<T>, value: &Val) -> Option<&'static str> {
    value.externref()?.val()?.data(store).downcast_ref::<&str>().copied()
}

pub(crate) fn float(val: &Val) -> Option<f64> {
    val.f64().map(f64::from).or_else(|| val.f32().map(|x| f32::from(x).into()))
}

pub(crate) fn null_of(ty: ValType) -> Val {
    Val::default_for_ty(ty)
}

pub(crate) fn call_hook<T: 'static>(
    store: &mut Store<T>,
    mut hook: impl FnMut(&mut T, CallHook) -> Result<(), Error> + Send + Sync + 'static,
) {
    store.call_hook(move |data, change| hook(data, change));
}
