//! [`Global`], [`Memory`] and [`Table`], and imports and exports of all kinds.

use crate::call::Func;
use crate::object::{Object, StoreKey};
use crate::types::{
    global_type_of, memory_type_of, table_type_of, table_type_to_prova, value_type_to_prova,
};
use crate::value::{element_to_prova, value_of, value_to_prova, zero};
use crate::{Engine, StoreContextMut};
use prova::{Mutability, Result, Val, format_err};
use std::sync::Arc;
use wasm_runtime_layer::backend::{
    AsContext, AsContextMut, Extern, Value, WasmGlobal, WasmMemory, WasmTable,
};
use wasm_runtime_layer::{GlobalType, MemoryType, TableType, ValueType};

/// An item of the layer as the store of this key has it.
pub(crate) fn extern_to_prova(item: &Extern<Engine>, store: StoreKey) -> Result<prova::Extern> {
    Ok(match item {
        Extern::Func(func) => func.of(store)?.into(),
        Extern::Global(global) => global.of(store)?.into(),
        Extern::Memory(memory) => (*memory.0.of(store)?).into(),
        Extern::Table(table) => (*table.0.of(store)?).into(),
    })
}

/// An item of the store of this key as the layer has it; `None` for a kind that it does not have.
pub(crate) fn extern_of(item: prova::Extern, store: StoreKey) -> Option<Extern<Engine>> {
    Some(match item {
        prova::Extern::Func(func) => Extern::Func(Func::of_prova(store, func)),
        prova::Extern::Global(global) => Extern::Global(Global(Object::new(store, Ok(global)))),
        prova::Extern::Memory(memory) => Extern::Memory(Memory(Object::new(store, memory))),
        prova::Extern::Table(table) => Extern::Table(Table(Object::new(store, table))),
        _ => return None,
    })
}

/// A global of a store.
///
/// The layer cannot say that a new global is refused (a limit of the store, a value of another
/// store). One that is keeps its value, and is an error wherever it is set or imported.
#[derive(Clone, Debug)]
pub struct Global(Object<Result<prova::Global, Arc<Refused>>>);

/// A global that the store did not make.
#[derive(Debug)]
struct Refused {
    reason: String,
    value: Value<Engine>,
    mutable: bool,
}

impl Global {
    fn of(&self, store: StoreKey) -> Result<prova::Global> {
        let made = self.0.of(store)?.as_ref();
        made.copied().map_err(|refused| format_err!("{}", refused.reason))
    }
}

fn new_global<T>(
    ctx: StoreContextMut<'_, T>,
    value: &Value<Engine>,
    mutable: bool,
) -> Result<prova::Global> {
    let val = value_to_prova(value, ctx.key())?;
    let mutability = if mutable { Mutability::Var } else { Mutability::Const };
    let ty = prova::GlobalType::new(value_type_to_prova(value.ty()), mutability);
    prova::Global::new(ctx.prova, ty, val)
}

impl WasmGlobal<Engine> for Global {
    fn new(mut ctx: impl AsContextMut<Engine>, value: Value<Engine>, mutable: bool) -> Self {
        let ctx = ctx.as_context_mut();
        let store = ctx.key();
        let made = new_global(ctx, &value, mutable).map_err(|error| {
            let reason = format!("the global was not made: {error:#}");
            Arc::new(Refused { reason, value, mutable })
        });
        Global(Object::new(store, made))
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> GlobalType {
        match self.0.handle() {
            // An exported global has a type of the layer (invariant 2).
            Ok(global) => global_type_of(&global.ty(ctx.as_context().prova))
                .unwrap_or_else(|_| GlobalType::new(ValueType::ExternRef, false)),
            Err(refused) => GlobalType::new(refused.value.ty(), refused.mutable),
        }
    }

    fn set(&self, mut ctx: impl AsContextMut<Engine>, new_value: Value<Engine>) -> Result<()> {
        let ctx = ctx.as_context_mut();
        let store = ctx.key();
        self.of(store)?.set(ctx.prova, value_to_prova(&new_value, store)?)
    }

    fn get(&self, mut ctx: impl AsContextMut<Engine>) -> Value<Engine> {
        let ctx = ctx.as_context_mut();
        match self.0.handle() {
            // As in `ty`.
            Ok(global) => value_of(global.get(&ctx.prova), ctx.key())
                .unwrap_or_else(|_| zero(ValueType::ExternRef)),
            Err(refused) => refused.value.clone(),
        }
    }
}

/// A linear memory of a store.
#[derive(Clone, Debug)]
pub struct Memory(Object<prova::Memory>);

impl WasmMemory<Engine> for Memory {
    fn new(mut ctx: impl AsContextMut<Engine>, ty: MemoryType) -> Result<Self> {
        let ctx = ctx.as_context_mut();
        let store = ctx.key();
        let ty = prova::MemoryType::new(ty.initial_pages(), ty.maximum_pages());
        Ok(Memory(Object::new(store, prova::Memory::new(ctx.prova, ty)?)))
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> MemoryType {
        let ty = self.0.handle().ty(ctx.as_context().prova);
        // Every memory of the layer has a type of the layer (invariant 2).
        memory_type_of(&ty).unwrap_or_else(|_| MemoryType::new(0, None))
    }

    fn grow(&self, mut ctx: impl AsContextMut<Engine>, additional: u32) -> Result<u32> {
        let ctx = ctx.as_context_mut();
        let before = self.0.of(ctx.key())?.grow(ctx.prova, additional.into())?;
        Ok(u32::try_from(before)?)
    }

    fn current_pages(&self, ctx: impl AsContext<Engine>) -> u32 {
        let pages = self.0.handle().size(ctx.as_context().prova);
        // A 32-bit memory has at most 2^16.
        u32::try_from(pages).unwrap_or(u32::MAX)
    }

    fn read(&self, ctx: impl AsContext<Engine>, offset: usize, buffer: &mut [u8]) -> Result<()> {
        let ctx = ctx.as_context();
        Ok(self.0.of(ctx.key())?.read(ctx.prova, offset, buffer)?)
    }

    fn write(
        &self,
        mut ctx: impl AsContextMut<Engine>,
        offset: usize,
        buffer: &[u8],
    ) -> Result<()> {
        let ctx = ctx.as_context_mut();
        Ok(self.0.of(ctx.key())?.write(ctx.prova, offset, buffer)?)
    }
}

/// A table of a store.
#[derive(Clone, Debug)]
pub struct Table(Object<prova::Table>);

impl WasmTable<Engine> for Table {
    fn new(mut ctx: impl AsContextMut<Engine>, ty: TableType, init: Value<Engine>) -> Result<Self> {
        let ctx = ctx.as_context_mut();
        let store = ctx.key();
        let (ty, init) = (table_type_to_prova(&ty)?, element_to_prova(&init, store)?);
        Ok(Table(Object::new(store, prova::Table::new(ctx.prova, ty, init)?)))
    }

    fn ty(&self, ctx: impl AsContext<Engine>) -> TableType {
        let ty = self.0.handle().ty(ctx.as_context().prova);
        // Every table of the layer has a type of the layer (invariant 2).
        table_type_of(&ty).unwrap_or_else(|_| TableType::new(ValueType::FuncRef, 0, None))
    }

    fn size(&self, ctx: impl AsContext<Engine>) -> u32 {
        let size = self.0.handle().size(ctx.as_context().prova);
        // Indices of its elements are 32-bit.
        u32::try_from(size).unwrap_or(u32::MAX)
    }

    fn grow(
        &self,
        mut ctx: impl AsContextMut<Engine>,
        delta: u32,
        init: Value<Engine>,
    ) -> Result<u32> {
        let ctx = ctx.as_context_mut();
        let (table, init) = (self.0.of(ctx.key())?, element_to_prova(&init, ctx.key())?);
        Ok(u32::try_from(table.grow(ctx.prova, delta.into(), init)?)?)
    }

    fn get(&self, mut ctx: impl AsContextMut<Engine>, index: u32) -> Option<Value<Engine>> {
        let ctx = ctx.as_context_mut();
        let element = self.0.handle().get(&ctx.prova, index.into())?;
        value_of(Val::from(element), ctx.key()).ok()
    }

    fn set(
        &self,
        mut ctx: impl AsContextMut<Engine>,
        index: u32,
        value: Value<Engine>,
    ) -> Result<()> {
        let ctx = ctx.as_context_mut();
        let (table, value) = (self.0.of(ctx.key())?, element_to_prova(&value, ctx.key())?);
        table.set(ctx.prova, index.into(), value)
    }
}
