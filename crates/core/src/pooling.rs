//! The limits of a pool: how many instances, memories and tables of an engine exist at once.
//!
//! `instance` takes from the [`Pool`] before the runtime makes anything, and a store gives back
//! what it took when it goes. Memories and tables come from the system the first time: address
//! space of finished stores is used again in any case (`prova_runtime::Spare`), and a pool says how
//! much of it waits.

use crate::error::{Error, Result};
use crate::module::Module;
use crate::tuning::Enabled;
use prova_runtime::SpareLimits;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How instances get their memories and tables, for
/// [`Config::allocation_strategy`](crate::Config::allocation_strategy).
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.allocation_strategy(InstanceAllocationStrategy::pooling());
/// config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
/// Engine::new(&config)?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum InstanceAllocationStrategy {
    /// As they need them.
    #[default]
    OnDemand,
    /// Within the limits of a pool.
    Pooling(PoolingAllocationConfig),
}

impl InstanceAllocationStrategy {
    /// A pool with the default limits.
    pub fn pooling() -> InstanceAllocationStrategy {
        InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::default())
    }
}

impl From<PoolingAllocationConfig> for InstanceAllocationStrategy {
    fn from(pool: PoolingAllocationConfig) -> InstanceAllocationStrategy {
        InstanceAllocationStrategy::Pooling(pool)
    }
}

/// The limits of a pool, over all stores of an engine.
///
/// ```
/// use prova_core::*;
///
/// let mut pool = PoolingAllocationConfig::new();
/// pool.total_core_instances(1).max_memory_size(1 << 20);
/// let mut config = Config::new();
/// config.allocation_strategy(pool);
/// let engine = Engine::new(&config)?;
/// let module = Module::new(&engine, b"\0asm\x01\0\0\0")?;
///
/// let mut first = Store::new(&engine, ());
/// Instance::new(&mut first, &module, &[])?;
/// let error = Instance::new(Store::new(&engine, ()), &module, &[]).unwrap_err();
/// assert!(error.is::<PoolConcurrencyLimitError>());
/// drop(first);
/// Instance::new(Store::new(&engine, ()), &module, &[])?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PoolingAllocationConfig {
    instances: u32,
    memories: u32,
    tables: u32,
    memory_bytes: usize,
    table_elements: usize,
    memories_per_module: u32,
    tables_per_module: u32,
    protection_keys: Enabled,
    warm_slots: u32,
    memory_keep_bytes: usize,
    table_keep_bytes: usize,
}

impl Default for PoolingAllocationConfig {
    fn default() -> PoolingAllocationConfig {
        PoolingAllocationConfig {
            instances: 1000,
            memories: 1000,
            tables: 1000,
            memory_bytes: 4 << 30,
            table_elements: 20_000,
            memories_per_module: 1,
            tables_per_module: 1,
            protection_keys: Enabled::No,
            warm_slots: 100,
            memory_keep_bytes: 0,
            table_keep_bytes: SpareLimits::default().table_keep_bytes,
        }
    }
}

/// Declares the setters of limits.
macro_rules! limits {
    ($($(#[$doc:meta])* $method:ident $field:ident $ty:ty;)*) => {$(
        $(#[$doc])*
        pub fn $method(&mut self, limit: $ty) -> &mut PoolingAllocationConfig {
            self.$field = limit;
            self
        }
    )*};
}

/// Declares setters without effect.
macro_rules! no_effect {
    ($($(#[$doc:meta])* $method:ident $ty:ty;)*) => {$(
        $(#[$doc])*
        pub fn $method(&mut self, _: $ty) -> &mut PoolingAllocationConfig {
            self
        }
    )*};
}

impl PoolingAllocationConfig {
    /// The default limits.
    pub fn new() -> PoolingAllocationConfig {
        PoolingAllocationConfig::default()
    }

    limits! {
        /// Instances at once; default 1000.
        total_core_instances instances u32;
        /// Memories at once; default 1000.
        total_memories memories u32;
        /// Tables at once; default 1000.
        total_tables tables u32;
        /// Bytes of one memory; default 4 GiB. A module whose memory starts larger is refused, and
        /// growth beyond fails.
        max_memory_size memory_bytes usize;
        /// Elements of one table; default 20,000. A module whose table starts larger is refused,
        /// and growth beyond fails.
        table_elements table_elements usize;
        /// Memories that one module may define; default 1.
        max_memories_per_module memories_per_module u32;
        /// Tables that one module may define; default 1.
        max_tables_per_module tables_per_module u32;
        /// Whether memories are told apart by protection keys of the processor. They never are:
        /// [`Engine::new`](crate::Engine::new) refuses [`Enabled::Yes`].
        memory_protection_keys protection_keys Enabled;
        /// Memories, tables and stacks of finished stores that stay ready, as many of each size;
        /// default 100. Without a pool 16 do.
        max_unused_warm_slots warm_slots u32;
        /// Bytes of a finished memory that stay in memory, zeroed, where it has no image
        /// ([`Config::memory_images`](crate::Config::memory_images)); default 0.
        linear_memory_keep_resident memory_keep_bytes usize;
        /// Bytes of a finished table that stay in memory, zeroed; default 16 KiB.
        table_keep_resident table_keep_bytes usize;
    }

    no_effect! {
        /// Regions that are given back together: no effect.
        decommit_batch_size usize;
        /// Bytes of a finished stack that stay: no effect.
        async_stack_keep_resident usize;
        /// Stacks of asynchronous calls at once: no effect, they need none.
        total_stacks u32;
        /// Bytes of an instance's own record: no effect.
        max_core_instance_size usize;
    }

    /// Whether memories can be told apart by protection keys: never.
    pub fn are_memory_protection_keys_available() -> bool {
        false
    }

    /// The limits on the parts that finished stores leave to new ones.
    pub(crate) fn spare_limits(&self) -> SpareLimits {
        SpareLimits {
            stores_max: self.warm_slots as usize,
            memory_keep_bytes: self.memory_keep_bytes,
            table_keep_bytes: self.table_keep_bytes,
        }
    }

    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> Result<()> {
        if self.protection_keys == Enabled::Yes {
            crate::error::bail!(
                "`PoolingAllocationConfig::memory_protection_keys`: memories are not told apart by protection keys"
            );
        }
        Ok(())
    }
}

/// An instance that a pool has no place for, now.
///
/// ```
/// use prova_core::*;
///
/// let mut pool = PoolingAllocationConfig::new();
/// pool.total_core_instances(1);
/// let mut config = Config::new();
/// config.allocation_strategy(pool);
/// let engine = Engine::new(&config)?;
/// let module = Module::new(&engine, wat::parse_str("(module)")?)?;
/// let mut store = Store::new(&engine, ());
/// Instance::new(&mut store, &module, &[])?;
/// let error = Instance::new(&mut store, &module, &[]).unwrap_err();
/// assert!(error.is::<PoolConcurrencyLimitError>());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConcurrencyLimitError {
    limit: u32,
    kind: &'static str,
}

impl fmt::Display for PoolConcurrencyLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PoolConcurrencyLimitError { limit, kind } = self;
        write!(f, "maximum concurrent limit of {limit} for {kind} reached")
    }
}

impl std::error::Error for PoolConcurrencyLimitError {}

/// The kinds of things that a pool counts.
const KINDS: [&str; 3] = ["core instances", "memories", "tables"];

/// The things of an engine that exist, by kind.
#[derive(Debug)]
pub(crate) struct Pool {
    config: PoolingAllocationConfig,
    held: [AtomicU32; 3],
}

/// The part of a pool that a store has; given back when it goes.
#[derive(Debug)]
pub(crate) struct Share {
    pool: Arc<Pool>,
    held: [u32; 3],
}

impl Pool {
    pub(crate) fn new(config: PoolingAllocationConfig) -> Pool {
        Pool { config, held: Default::default() }
    }

    fn limit(&self, kind: usize) -> u32 {
        [self.config.instances, self.config.memories, self.config.tables][kind]
    }

    /// Refuses a module whose instances never fit.
    pub(crate) fn check_module(&self, module: &Module) -> Result<()> {
        let config = &self.config;
        let needs = module.resources_required();
        for (what, needed, max) in [
            ("memories", u64::from(needs.num_memories), u64::from(config.memories_per_module)),
            ("tables", u64::from(needs.num_tables), u64::from(config.tables_per_module)),
            (
                "bytes of a memory",
                needs.max_initial_memory_size.unwrap_or(0),
                config.memory_bytes as u64,
            ),
            (
                "elements of a table",
                needs.max_initial_table_size.unwrap_or(0),
                config.table_elements as u64,
            ),
        ] {
            if needed > max {
                crate::error::bail!("the module needs {needed} {what}, and the pool has {max}");
            }
        }
        Ok(())
    }

    /// The runtime's limits within those of the pool.
    pub(crate) fn cut(&self, limits: &mut prova_runtime::Limits) {
        limits.memory_bytes_max = limits.memory_bytes_max.min(self.config.memory_bytes as u64);
        limits.table_elements_max =
            limits.table_elements_max.min(self.config.table_elements as u64);
    }
}

impl Share {
    pub(crate) fn new(pool: Arc<Pool>) -> Share {
        Share { pool, held: [0; 3] }
    }

    /// Takes places for an instance of `module`: all that it needs, or none.
    pub(crate) fn take(&mut self, module: &Module) -> Result<()> {
        self.pool.check_module(module)?;
        let needs = module.resources_required();
        let wanted = [1, needs.num_memories, needs.num_tables];
        for kind in 0..3 {
            let (held, limit) = (&self.pool.held[kind], self.pool.limit(kind));
            let more = |held: u32| held.checked_add(wanted[kind]).filter(|all| *all <= limit);
            if held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
                for (kind, wanted) in wanted.iter().enumerate().take(kind) {
                    self.pool.held[kind].fetch_sub(*wanted, Ordering::Relaxed);
                }
                return Err(Error::new(PoolConcurrencyLimitError { limit, kind: KINDS[kind] }));
            }
        }
        for (held, wanted) in self.held.iter_mut().zip(wanted) {
            *held += wanted;
        }
        Ok(())
    }

    /// Gives back what an instance of `module` took that was not made.
    pub(crate) fn give_back(&mut self, module: &Module) {
        let needs = module.resources_required();
        let taken = [1, needs.num_memories, needs.num_tables];
        for ((all, own), taken) in self.pool.held.iter().zip(&mut self.held).zip(taken) {
            all.fetch_sub(taken, Ordering::Relaxed);
            *own -= taken;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        for (all, own) in self.pool.held.iter().zip(self.held) {
            all.fetch_sub(own, Ordering::Relaxed);
        }
    }
}
