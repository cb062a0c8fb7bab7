//! [`Config`] → [`Engine`]: a checked configuration, its compilers, and the epoch that all stores
//! of it share.

use crate::config::Config;
use crate::epochs::Epoch;
use crate::error::{OrBug, Result, misuse};
use crate::module::Module;
use crate::pipeline::Compilers;
use crate::pooling::{Pool, PoolingAllocationConfig, Share};
use crate::profile::pinned;
use prova_runtime::Spare;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};

/// The environment that modules and stores belong to. Cloning is cheap and gives the same engine.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let same = engine.clone();
/// assert!(Engine::same(&engine, &same));
/// let mut config = Config::new();
/// config.max_wasm_stack(1);
/// assert!(Engine::new(&config).is_err(), "code needs more stack");
/// ```
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    machine: Option<prova_check::Config>,
    compilers: Arc<Compilers>,
    epoch: Epoch,
    spare: Arc<Spare>,
    pool: Option<Arc<Pool>>,
}

/// An engine that it does not keep alive; see [`Engine::weak`].
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let weak = engine.weak();
/// assert!(weak.upgrade().is_some());
/// drop(engine);
/// assert!(weak.upgrade().is_none());
/// ```
#[derive(Clone)]
pub struct EngineWeak(Weak<Inner>);

impl EngineWeak {
    /// The engine, if something keeps it alive.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

impl fmt::Debug for EngineWeak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineWeak").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine of this configuration.
    ///
    /// # Errors
    /// If the configuration contradicts itself or exceeds a limit.
    pub fn new(config: &Config) -> Result<Engine> {
        config.check()?;
        let config = if config.deterministic { pinned(config) } else { config.clone() };
        let machine = config.machine();
        let compilers = Compilers::new(
            config.compiler.clone(),
            config.native.clone().zip(machine),
            config.hot.filter(|_| config.takes_native()),
            config.perf,
            (config.cache.clone(), config.proved),
        );
        let compilers = Arc::new(compilers.watched(config.watch.clone()));
        let epoch = Epoch::default();
        let kept = config.pool.as_ref().map(PoolingAllocationConfig::spare_limits);
        let spare = Arc::new(Spare::with_limits(kept.unwrap_or_default()));
        let pool = config.pool.clone().map(|pool| Arc::new(Pool::new(pool)));
        Ok(Engine(Arc::new(Inner { config, machine, compilers, epoch, spare, pool })))
    }

    /// The configuration; of a deterministic one what the profile leaves of it.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The configuration of its machine code, if stores take any.
    pub(crate) fn machine(&self) -> Option<prova_check::Config> {
        self.0.machine
    }

    /// Whether modules may have shared memories ([`Config::shared_memory`]).
    pub fn has_shared_memory(&self) -> bool {
        self.config().features.has(prova_module::Proposal::SharedMemory)
    }

    /// Moves the epoch on by one; stores whose deadline it reaches trap with
    /// [`Trap::Interrupt`](crate::Trap::Interrupt). May be called from any thread, and from a
    /// signal handler.
    pub fn increment_epoch(&self) {
        self.0.epoch.increment();
    }

    /// Ends the search for a proof that runs ([`Config::require_proved`]), and makes no machine
    /// code from now on: functions that have none stay bytecode, which
    /// [`Module::refusals`](crate::Module::refusals) says. For who stops programs: an epoch
    /// ([`Engine::increment_epoch`]) stops code, but no search. May be called from any thread, and
    /// from a signal handler; it is final.
    pub fn stop_compiling(&self) {
        self.0.compilers.stop();
    }

    /// A handle that does not keep the engine alive: for who moves its epoch on, for instance.
    pub fn weak(&self) -> EngineWeak {
        EngineWeak(Arc::downgrade(&self.0))
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

    /// The limits on what its stores hold together.
    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.0.pool.as_deref()
    }

    /// The part of its pool that a new store has.
    pub(crate) fn share(&self) -> Option<Share> {
        self.0.pool.clone().map(Share::new)
    }

    /// The counter of its epoch.
    pub(crate) fn epoch(&self) -> &Arc<AtomicU64> {
        self.0.epoch.counter()
    }

    /// Its epoch, for counters that follow it.
    pub(crate) fn epochs(&self) -> &Epoch {
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
