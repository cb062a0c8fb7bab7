//! [`Engine`]: one of `prova_core` that reads the text format, and makes machine code of what is hot
//! if nobody says otherwise.

use prova_core::{Config, Hot, Precompiled, Result, Strategy, Translate};
use prova_native::NativeCompiler;
use std::ops::Deref;
use std::path::Path;

/// The environment that modules and stores belong to. Cloning is cheap and gives the same engine.
///
/// It stands wherever a `prova_core::Engine` is asked for by reference.
///
/// ```
/// use prova::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, "(module (func (export \"run\")))")?;
/// assert_eq!(module.exports().count(), 1);
/// assert!(Module::new(&engine, "(module (func").is_err());
/// # Ok::<(), prova::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Engine(prova_core::Engine);

impl Engine {
    /// An engine of this configuration. One that leaves the tier open
    /// ([`Config::leaves_tier_open`]) gets a [`NativeCompiler`], for what is hot, or with
    /// [`Strategy::Cranelift`] for all functions when a module is made; one without a
    /// reader of the text format ([`Config::text_format`]) gets the one of the crate `wat`.
    ///
    /// # Errors
    /// If the configuration contradicts itself or exceeds a limit.
    pub fn new(config: &Config) -> Result<Engine> {
        let mut config = config.clone();
        if config.leaves_tier_open() {
            config.native(NativeCompiler::new());
            match config.chosen_strategy() {
                Strategy::Cranelift => config.translate(Translate::Eager),
                _ => config.tier_up(Some(Hot::default())),
            };
        }
        if !config.has_text_format() {
            config.text_format(read_text);
        }
        prova_core::Engine::new(&config).map(Engine)
    }

    /// Whether both are the same engine.
    pub fn same(a: &prova_core::Engine, b: &prova_core::Engine) -> bool {
        prova_core::Engine::same(a, b)
    }
}

/// Functions that `prova_core::Engine` has too, for who names them by this type.
impl Engine {
    /// A handle that does not keep the engine alive.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak(self.0.weak())
    }

    /// See `prova_core::Engine::detect_precompiled`.
    pub fn detect_precompiled(bytes: &[u8]) -> Option<Precompiled> {
        prova_core::Engine::detect_precompiled(bytes)
    }

    /// See `prova_core::Engine::detect_precompiled_file`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn detect_precompiled_file(file: impl AsRef<Path>) -> Result<Option<Precompiled>> {
        prova_core::Engine::detect_precompiled_file(file)
    }
}

/// An engine that it does not keep alive; see [`Engine::weak`].
#[derive(Clone, Debug)]
pub struct EngineWeak(prova_core::EngineWeak);

impl EngineWeak {
    /// The engine, if something keeps it alive.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

fn read_text(text: &str) -> Result<Vec<u8>, String> {
    wat::parse_str(text).map_err(|error| error.to_string())
}

impl Default for Engine {
    fn default() -> Engine {
        // The default configuration is checked by a test of `prova_core`, and what is added to it
        // here by one of this crate.
        Engine::new(&Config::new()).unwrap_or_else(|_| Engine(prova_core::Engine::default()))
    }
}

impl Deref for Engine {
    type Target = prova_core::Engine;

    fn deref(&self) -> &prova_core::Engine {
        &self.0
    }
}

/// Such as a module or a store gives.
impl From<prova_core::Engine> for Engine {
    fn from(engine: prova_core::Engine) -> Engine {
        Engine(engine)
    }
}
