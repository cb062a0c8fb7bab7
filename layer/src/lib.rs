//! A backend of `wasm_runtime_layer` on Prova: the layer's traits → Prova's embedding API.
//!
//! The layer hides an engine behind traits, so that a host is written once for several engines.
//! `wasm_component_layer` is such a host: with [`Engine`] it runs components on Prova.
//!
//! ```
//! use wasm_runtime_layer::{Engine, Imports, Instance, Module, Store, Value};
//!
//! let engine = Engine::new(prova_runtime_layer::Engine::default());
//! let bytes = wat::parse_str(
//!     r#"(module (func (export "add") (param i32 i32) (result i32)
//!          (i32.add (local.get 0) (local.get 1))))"#,
//! )?;
//! let module = Module::new(&engine, &*bytes)?;
//! let mut store = Store::new(&engine, ());
//! let instance = Instance::new(&mut store, &module, &Imports::default())?;
//! let add = instance.get_export(&store, "add").and_then(|item| item.into_func());
//! let mut sum = [Value::I32(0)];
//! let add = add.expect("the module exports it");
//! add.call(&mut store, &[Value::I32(2), Value::I32(3)], &mut sum)?;
//! assert_eq!(sum, [Value::I32(5)]);
//! # Ok::<(), prova::Error>(())
//! ```
//!
//! The flow: [`Module`] (`module`, `start`) → [`Instance`] (`instance`) → [`Func`] (`call`), whose
//! host functions see the [`Store`] (`store`). `types` and `value` convert.
//!
//! # Invariants
//! 1. An object knows its store ([`Object`](object::Object)). One that is used with another store
//!    is an error; where the layer's function returns no `Result`, it is a panic, as the layer's
//!    documentation says.
//! 2. A module imports and exports only what the layer has types for: [`Module`] refuses others.
//! 3. Every host function of a store is in [`Host::funcs`](store::Host), and does nothing by
//!    itself: it suspends the call, and `call` runs the host's closure with the data of the store.
//! 4. No module can make this crate panic.
//!
//! Limits: calls from the host inside each other, [`CALLS_NESTED_MAX`]; those of the store,
//! [`Engine::with_limits`].

mod call;
mod externs;
mod instance;
mod module;
mod object;
mod start;
mod store;
mod types;
mod value;

pub use call::{CALLS_NESTED_MAX, Func};
pub use externs::{Global, Memory, Table};
pub use instance::Instance;
pub use module::Module;
pub use store::{Store, StoreContext, StoreContextMut};
pub use value::ExternRef;

use prova::{Result, StoreLimits};
use wasm_runtime_layer::backend::WasmEngine;

/// A Prova engine with what each of its stores starts with.
///
/// The layer's stores are made by the layer, and `wasm_component_layer` gives no way to the store
/// inside. So limits, fuel and deadline are set here.
///
/// ```
/// use prova::{Config, StoreLimitsBuilder};
///
/// let mut config = Config::new();
/// config.consume_fuel(true);
/// let engine = prova_runtime_layer::Engine::new(prova::Engine::new(&config)?)
///     .with_limits(StoreLimitsBuilder::new().memory_size(16 << 20).build())
///     .with_fuel(1_000_000)?;
/// # Ok::<(), prova::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Engine {
    prova: prova::Engine,
    limits: StoreLimits,
    fuel: Option<u64>,
    deadline: Option<u64>,
}

impl Engine {
    /// The engine, whose stores have the default limits, no fuel and an epoch deadline of 0 ticks.
    pub fn new(prova: prova::Engine) -> Engine {
        Engine { prova, ..Engine::default() }
    }

    /// Limits of every store that is made from now on.
    #[must_use]
    pub fn with_limits(self, limits: StoreLimits) -> Engine {
        Engine { limits, ..self }
    }

    /// Fuel of every store that is made from now on.
    ///
    /// # Errors
    /// If the engine does not consume fuel.
    pub fn with_fuel(self, fuel: u64) -> Result<Engine> {
        prova::Store::new(&self.prova, ()).set_fuel(fuel)?;
        Ok(Engine { fuel: Some(fuel), ..self })
    }

    /// Ticks of the engine's epoch after which code of a store traps, counted from the moment
    /// when the store is made.
    #[must_use]
    pub fn with_epoch_deadline(self, ticks: u64) -> Engine {
        Engine { deadline: Some(ticks), ..self }
    }

    /// Prova's engine.
    pub fn prova(&self) -> &prova::Engine {
        &self.prova
    }
}

impl From<prova::Engine> for Engine {
    fn from(prova: prova::Engine) -> Engine {
        Engine::new(prova)
    }
}

impl WasmEngine for Engine {
    type ExternRef = ExternRef;
    type Func = Func;
    type Global = Global;
    type Instance = Instance;
    type Memory = Memory;
    type Module = Module;
    type Store<T> = Store<T>;
    type StoreContext<'a, T: 'a> = StoreContext<'a, T>;
    type StoreContextMut<'a, T: 'a> = StoreContextMut<'a, T>;
    type Table = Table;
}
