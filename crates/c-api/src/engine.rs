//! `wasm_config_t` and `wasm_engine_t`.

use crate::pointer::{In, Out, want};
use crate::store::guarded;
use crate::wasmtime::error::{MaybeError, handed};
use prova::{Config, Engine, Result};

/// A configuration to make an engine of.
#[derive(Default)]
pub(crate) struct wasm_config_t {
    pub(crate) config: Config,
}

/// An engine.
pub(crate) struct wasm_engine_t {
    pub(crate) engine: Engine,
}

#[unsafe(no_mangle)]
extern "C" fn wasm_config_new() -> Option<Box<wasm_config_t>> {
    Some(Box::default())
}

#[unsafe(no_mangle)]
extern "C" fn wasm_config_delete(_config: Option<Box<wasm_config_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasm_engine_new() -> Option<Box<wasm_engine_t>> {
    engine(&Config::new()).ok()
}

#[unsafe(no_mangle)]
extern "C" fn wasm_engine_new_with_config(
    config: Option<Box<wasm_config_t>>,
) -> Option<Box<wasm_engine_t>> {
    engine(&config?.config).ok()
}

/// The same with the reason where there is no engine.
#[unsafe(no_mangle)]
extern "C" fn prova_engine_new(
    config: Option<Box<wasm_config_t>>,
    mut out: Out<Option<Box<wasm_engine_t>>>,
) -> MaybeError {
    handed(engine(&want(config, "config").config).map(Some), &mut out)
}

#[unsafe(no_mangle)]
extern "C" fn wasm_engine_delete(_engine: Option<Box<wasm_engine_t>>) {}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_engine_clone(engine: In<wasm_engine_t>) -> Option<Box<wasm_engine_t>> {
    let engine = engine.want("engine").engine.clone();
    Some(Box::new(wasm_engine_t { engine }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_engine_increment_epoch(engine: In<wasm_engine_t>) {
    engine.want("engine").engine.increment_epoch();
}

/// The engine of a configuration.
///
/// # Errors
/// If it contradicts itself, or asks for what there is not.
fn engine(config: &Config) -> Result<Box<wasm_engine_t>> {
    let engine = guarded(|| Engine::new(config))?;
    Ok(Box::new(wasm_engine_t { engine }))
}
