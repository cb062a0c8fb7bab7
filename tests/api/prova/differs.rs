//! The lines of the examples of wasmi's subjects that are others there (`wasmi/differs.rs`), as
//! Prova and Wasmtime have them.

use wasmi::{
    AsContextMut, CallHook, Config, Engine, Error, Extern, ExternRef, Func, FuncType, Global,
    GlobalType, Instance, Linker, Mutability, Ref, RefType, Store, Val, ValType,
};

pub(crate) use wasmi::Trap;

/// What a limiter answers.
pub(crate) type Answer = Result<bool, Error>;

/// The type of references to functions, and to values of the host.
pub(crate) const FUNCREF: RefType = RefType::FUNCREF;
pub(crate) const EXTERNREF: ValType = ValType::EXTERNREF;
/// A limit on growth that traps.
pub(crate) const GROWTH_LIMIT: Trap = Trap::GrowthLimit;

pub(crate) fn engine(config: &Config) -> Result<Engine, Error> {
    Engine::new(config)
}

/// Machine code that runs out of fuel ends its call.
pub(crate) fn engine_that_interprets(mut config: Config) -> Result<Engine, Error> {
    Engine::new(config.tier(wasmi::Tier::Interpreter(wasmi::Dispatch::Tail)))
}

pub(crate) fn func_type(engine: &Engine, params: &[ValType], results: &[ValType]) -> FuncType {
    FuncType::new(engine, params.iter().cloned(), results.iter().cloned())
}

pub(crate) fn global(
    mut store: impl AsContextMut,
    value: Val,
    mutability: Mutability,
) -> Result<Global, Error> {
    let ty = GlobalType::new(value.ty(&mut store)?, mutability);
    Global::new(store, ty, value)
}

pub(crate) fn define<T: 'static>(
    linker: &mut Linker<T>,
    store: &Store<T>,
    (module, name): (&str, &str),
    item: impl Into<Extern>,
) -> Result<(), Error> {
    linker.define(store, module, name, item)?;
    Ok(())
}

pub(crate) fn defined<T: 'static>(
    linker: &Linker<T>,
    store: &mut Store<T>,
    (module, name): (&str, &str),
) -> bool {
    linker.get(store, module, name).is_ok()
}

pub(crate) fn exports<T: 'static>(instance: Instance, store: &Store<T>) -> Vec<String> {
    instance.exports(store).map(|export| export.name().to_owned()).collect()
}

/// The error of a host function.
pub(crate) fn host_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(error)
}

/// Declares that a type is an error of host functions.
macro_rules! is_host_error {
    ($ty:ty) => {
        impl std::error::Error for $ty {}
    };
}
pub(crate) use is_host_error;

pub(crate) fn message(text: &str) -> Error {
    Error::msg(text.to_owned())
}

pub(crate) fn trap_of(error: &Error) -> Option<Trap> {
    error.downcast_ref().copied()
}

pub(crate) fn trap(trap: Trap) -> Error {
    Error::new(trap)
}

pub(crate) fn exit(status: i32) -> Error {
    Error::new(wasmi::wasi::I32Exit(status))
}

pub(crate) fn exit_status(error: &Error) -> Option<i32> {
    error.downcast_ref().map(|exit: &wasmi::wasi::I32Exit| exit.0)
}

pub(crate) fn func_ref(func: Option<Func>) -> Ref {
    Ref::Func(func)
}

pub(crate) fn func_of(reference: &Ref) -> Option<Func> {
    reference.as_func().flatten().copied()
}

/// A value of the host as an argument.
pub(crate) fn extern_ref(store: impl AsContextMut, value: &'static str) -> Result<Val, Error> {
    Ok(Val::from(ExternRef::new(store, value)?))
}

pub(crate) fn extern_data<T: 'static>(store: &Store<T>, value: &Val) -> Option<&'static str> {
    let Val::ExternRef(Some(value)) = value else { return None };
    value.data(store).ok()??.downcast_ref::<&str>().copied()
}

pub(crate) fn float(val: &Val) -> Option<f64> {
    val.f64().or_else(|| val.f32().map(f64::from))
}

pub(crate) fn null_of(ty: ValType) -> Val {
    Val::default_for_ty(&ty).expect("it has null")
}

pub(crate) fn call_hook<T: 'static>(
    store: &mut Store<T>,
    mut hook: impl FnMut(&mut T, CallHook) -> Result<(), Error> + Send + Sync + 'static,
) {
    store.call_hook(move |mut store, change| hook(store.data_mut(), change));
}
