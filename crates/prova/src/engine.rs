//! [`Engine`]: one of `prova_core` that makes machine code of what is hot, if nobody says otherwise.

use prova_core::{Config, Hot, Result};
use prova_native::NativeCompiler;
use std::ops::Deref;

/// The environment that modules and stores belong to. Cloning is cheap and gives the same engine.
///
/// It stands wherever a `prova_core::Engine` is asked for by reference.
#[derive(Clone, Debug)]
pub struct Engine(prova_core::Engine);

impl Engine {
    /// An engine of this configuration. One that leaves the tier open
    /// ([`Config::leaves_tier_open`]) gets a [`NativeCompiler`], for what is hot.
    ///
    /// # Errors
    /// If the configuration contradicts itself or exceeds a limit.
    pub fn new(config: &Config) -> Result<Engine> {
        if !config.leaves_tier_open() {
            return prova_core::Engine::new(config).map(Engine);
        }
        let mut config = config.clone();
        config.native(NativeCompiler::new()).tier_up(Some(Hot::default()));
        prova_core::Engine::new(&config).map(Engine)
    }

    /// Whether both are the same engine.
    pub fn same(a: &prova_core::Engine, b: &prova_core::Engine) -> bool {
        prova_core::Engine::same(a, b)
    }
}

impl Default for Engine {
    fn default() -> Engine {
        let mut config = Config::new();
        config.native(NativeCompiler::new()).tier_up(Some(Hot::default()));
        // The default configuration is checked by a test of `prova_core`; without a compiler it is
        // the one that `prova_core` has itself.
        Engine::new(&config).unwrap_or_else(|_| Engine(prova_core::Engine::default()))
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
