//! [`Config`] → [`Engine`]: a checked configuration, its compilers, and the epoch that all stores
//! of it share.

use crate::config::Config;
use crate::error::{OrBug, Result, misuse};
use crate::module::Module;
use crate::pipeline::Compilers;
use crate::profile::pinned;
use prova_runtime::Spare;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment that modules and stores belong to. Cloning is cheap and gives the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    compilers: Arc<Compilers>,
    epoch: Arc<AtomicU64>,
    spare: Arc<Spare>,
}

impl Engine {
    /// An engine of this configuration.
    ///
    /// # Errors
    /// If the configuration contradicts itself or exceeds a limit.
    pub fn new(config: &Config) -> Result<Engine> {
        config.check()?;
        let config = if config.deterministic { pinned(config) } else { config.clone() };
        let compilers = Arc::new(Compilers::new(
            config.compiler.clone(),
            config.native.clone().zip(config.machine()),
            config.hot.filter(|_| config.takes_native()),
            config.perf_map,
            config.cache.clone(),
        ));
        let (epoch, spare) = (Arc::default(), Arc::default());
        Ok(Engine(Arc::new(Inner { config, compilers, epoch, spare })))
    }

    /// The configuration; of a deterministic one what the profile leaves of it.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Moves the epoch on by one; stores whose deadline it reaches trap with
    /// [`Trap::Interrupt`](crate::Trap::Interrupt). May be called from any thread, and from a
    /// signal handler.
    pub fn increment_epoch(&self) {
        self.0.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether both are the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// Refuses a module of another engine.
    pub(crate) fn check_same(&self, module: &Module) -> Result<()> {
        if !Engine::same(self, module.engine()) {
            misuse!("the module belongs to another engine");
        }
        Ok(())
    }

    /// The compilers for its modules.
    pub(crate) fn compilers(&self) -> &Arc<Compilers> {
        &self.0.compilers
    }

    /// The memory that finished stores leave to new ones.
    pub(crate) fn spare(&self) -> &Arc<Spare> {
        &self.0.spare
    }

    pub(crate) fn epoch(&self) -> &Arc<AtomicU64> {
        &self.0.epoch
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new(&Config::default()).or_bug("the default configuration is checked by a test")
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", self.config()).finish_non_exhaustive()
    }
}
