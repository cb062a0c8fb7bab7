//! [`Store`]: Prova's store beside the layer's data and host functions, and the contexts that
//! borrow all three.
//!
//! Data of the layer may borrow (`T` is any type), data of Prova's stores may not (`T: 'static`).
//! So the data lies beside Prova's store, and host functions get it from `call`.

use crate::Engine;
use crate::call::HostFunc;
use crate::object::StoreKey;
use prova::{AsContext as _, AsContextMut as _, Result, StoreLimits};
use std::collections::HashMap;
use std::fmt;
use wasm_runtime_layer::backend::{
    AsContext, AsContextMut, WasmStore, WasmStoreContext, WasmStoreContextMut,
};

/// A store of the layer.
pub struct Store<T> {
    engine: Engine,
    prova: prova::Store<StoreLimits>,
    host: Host<T>,
}

/// The parts of a store that Prova does not know.
pub(crate) struct Host<T> {
    pub(crate) key: StoreKey,
    pub(crate) data: T,
    /// All host functions of the store (invariant 3).
    pub(crate) funcs: HashMap<prova::Func, HostFunc<T>>,
}

/// A store borrowed for reading.
pub struct StoreContext<'a, T> {
    engine: &'a Engine,
    pub(crate) prova: prova::StoreContext<'a, StoreLimits>,
    host: &'a Host<T>,
}

/// A store borrowed for writing.
pub struct StoreContextMut<'a, T> {
    pub(crate) engine: &'a Engine,
    pub(crate) prova: prova::StoreContextMut<'a, StoreLimits>,
    pub(crate) host: &'a mut Host<T>,
    /// Calls from the host that are active.
    pub(crate) depth: u32,
}

impl<T> StoreContext<'_, T> {
    pub(crate) fn key(&self) -> StoreKey {
        self.host.key
    }

    /// The fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        self.prova.get_fuel()
    }
}

impl<T> StoreContextMut<'_, T> {
    pub(crate) fn key(&self) -> StoreKey {
        self.host.key
    }

    /// The fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn get_fuel(&self) -> Result<u64> {
        self.prova.get_fuel()
    }

    /// Sets the fuel left.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn set_fuel(&mut self, fuel: u64) -> Result<()> {
        self.prova.set_fuel(fuel)
    }

    /// Code traps once the engine's epoch is `ticks` beyond now.
    pub fn set_epoch_deadline(&mut self, ticks: u64) {
        self.prova.set_epoch_deadline(ticks);
    }
}

impl<T> WasmStore<T, Engine> for Store<T> {
    fn new(engine: &Engine, data: T) -> Self {
        let mut prova = prova::Store::new(&engine.prova, engine.limits.clone());
        prova.limiter(|limits| limits);
        if let Some(fuel) = engine.fuel {
            // `Engine::with_fuel` did the same with a store of this engine.
            prova.set_fuel(fuel).ok();
        }
        if let Some(ticks) = engine.deadline {
            prova.set_epoch_deadline(ticks);
        }
        let host = Host { key: StoreKey::fresh(), data, funcs: HashMap::new() };
        Store { engine: engine.clone(), prova, host }
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn data(&self) -> &T {
        &self.host.data
    }

    fn data_mut(&mut self) -> &mut T {
        &mut self.host.data
    }

    fn into_data(self) -> T {
        self.host.data
    }
}

impl<'a, T> WasmStoreContext<'a, T, Engine> for StoreContext<'a, T> {
    fn engine(&self) -> &Engine {
        self.engine
    }

    fn data(&self) -> &T {
        &self.host.data
    }
}

impl<'a, T> WasmStoreContext<'a, T, Engine> for StoreContextMut<'a, T> {
    fn engine(&self) -> &Engine {
        self.engine
    }

    fn data(&self) -> &T {
        &self.host.data
    }
}

impl<'a, T> WasmStoreContextMut<'a, T, Engine> for StoreContextMut<'a, T> {
    fn data_mut(&mut self) -> &mut T {
        &mut self.host.data
    }
}

impl<T> AsContext<Engine> for Store<T> {
    type UserState = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { engine: &self.engine, prova: self.prova.as_context(), host: &self.host }
    }
}

impl<T> AsContextMut<Engine> for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut {
            engine: &self.engine,
            prova: self.prova.as_context_mut(),
            host: &mut self.host,
            depth: 0,
        }
    }
}

impl<T> AsContext<Engine> for StoreContext<'_, T> {
    type UserState = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { engine: self.engine, prova: self.prova.as_context(), host: self.host }
    }
}

impl<T> AsContext<Engine> for StoreContextMut<'_, T> {
    type UserState = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { engine: self.engine, prova: self.prova.as_context(), host: self.host }
    }
}

impl<T> AsContextMut<Engine> for StoreContextMut<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut {
            engine: self.engine,
            prova: self.prova.as_context_mut(),
            host: self.host,
            depth: self.depth,
        }
    }
}

impl<T> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("key", &self.host.key).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for StoreContext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreContext").field("key", &self.key()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for StoreContextMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreContextMut").field("key", &self.key()).finish_non_exhaustive()
    }
}
