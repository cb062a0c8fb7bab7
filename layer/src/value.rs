//! Values of Prova ↔ values of the layer, and [`ExternRef`].

use crate::call::Func;
use crate::object::{Object, StoreKey};
use crate::{Engine, StoreContext};
use prova::{Context, Ref, Result, Rooted, Val, bail, format_err};
use std::sync::Arc;
use wasm_runtime_layer::ValueType;
use wasm_runtime_layer::backend::{AsContextMut, Value, WasmExternRef};

/// A reference to a value of the host, which lives as long as its store.
#[derive(Clone, Debug)]
pub struct ExternRef(
    /// The reference, or the reason why the store gave none.
    Object<Result<Rooted<prova::ExternRef>, Arc<str>>>,
);

impl ExternRef {
    fn of(&self, store: StoreKey) -> Result<Rooted<prova::ExternRef>> {
        self.0.of(store)?.clone().map_err(|reason| format_err!("{reason}"))
    }
}

impl WasmExternRef<Engine> for ExternRef {
    fn new<T: 'static + Send + Sync>(mut ctx: impl AsContextMut<Engine>, object: T) -> Self {
        let ctx = ctx.as_context_mut();
        let store = ctx.key();
        let made = prova::ExternRef::new(ctx.prova, object);
        ExternRef(Object::new(store, made.map_err(|error| format!("{error:#}").into())))
    }

    fn downcast<'a, 's: 'a, T: 'static, S: 's>(
        &'a self,
        store: StoreContext<'s, S>,
    ) -> Result<&'a T> {
        let data = self.of(store.key())?.data(store.prova)?;
        data.and_then(|data| data.downcast_ref())
            .context("the externref is to a value of another type")
    }
}

/// The zero or null of a type.
pub(crate) fn zero(ty: ValueType) -> Value<Engine> {
    match ty {
        ValueType::I32 => Value::I32(0),
        ValueType::I64 => Value::I64(0),
        ValueType::F32 => Value::F32(0.0),
        ValueType::F64 => Value::F64(0.0),
        ValueType::FuncRef => Value::FuncRef(None),
        ValueType::ExternRef => Value::ExternRef(None),
    }
}

/// A value of the store of this key as the layer has it.
pub(crate) fn value_of(val: Val, store: StoreKey) -> Result<Value<Engine>> {
    Ok(match val {
        Val::I32(x) => Value::I32(x),
        Val::I64(x) => Value::I64(x),
        Val::F32(bits) => Value::F32(f32::from_bits(bits)),
        Val::F64(bits) => Value::F64(f64::from_bits(bits)),
        Val::FuncRef(func) => Value::FuncRef(func.map(|func| Func::of_prova(store, func))),
        Val::ExternRef(value) => {
            Value::ExternRef(value.map(|value| ExternRef(Object::new(store, Ok(value)))))
        }
        Val::V128(_) => bail!("wasm_runtime_layer has no value of type `v128`"),
        Val::ExnRef(_) => bail!("wasm_runtime_layer has no value of type `exnref`"),
        Val::AnyRef(_) => bail!("wasm_runtime_layer has no value of type `anyref`"),
    })
}

/// A value of the layer as the store of this key has it.
pub(crate) fn value_to_prova(value: &Value<Engine>, store: StoreKey) -> Result<Val> {
    Ok(match value {
        Value::I32(x) => Val::I32(*x),
        Value::I64(x) => Val::I64(*x),
        Value::F32(x) => Val::F32(x.to_bits()),
        Value::F64(x) => Val::F64(x.to_bits()),
        Value::FuncRef(func) => Val::FuncRef(func.as_ref().map(|func| func.of(store)).transpose()?),
        Value::ExternRef(value) => {
            Val::ExternRef(value.as_ref().map(|value| value.of(store)).transpose()?)
        }
    })
}

/// The same of values, in their order.
pub(crate) fn values_to_prova(values: &[Value<Engine>], store: StoreKey) -> Result<Vec<Val>> {
    values.iter().map(|value| value_to_prova(value, store)).collect()
}

/// A value of the layer as an element of a table.
pub(crate) fn element_to_prova(value: &Value<Engine>, store: StoreKey) -> Result<Ref> {
    match value_to_prova(value, store)?.ref_() {
        Some(element) => Ok(element),
        None => bail!("elements of a table are references, not `{}`", value.ty()),
    }
}

/// Refuses values that have other types than these; `what` they are, in the singular.
pub(crate) fn expect_types(
    values: &[Value<Engine>],
    types: &[ValueType],
    what: &str,
) -> Result<()> {
    if values.len() != types.len() {
        bail!("expected {} {what}s, got {}", types.len(), values.len());
    }
    for (at, (value, ty)) in values.iter().zip(types).enumerate() {
        if value.ty() != *ty {
            bail!("{what} {at} is of type {}, expected {ty}", value.ty());
        }
    }
    Ok(())
}
