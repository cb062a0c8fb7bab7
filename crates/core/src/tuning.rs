//! Settings under the names that users of Wasmtime know, beside those of `config`.
//!
//! | a setting | does |
//! |---|---|
//! | with a counterpart here | what it says |
//! | that only makes programs faster or smaller there | nothing; its documentation says so |
//! | that would change what an embedder observes | is refused by [`Engine::new`](crate::Engine::new), by its name |
//!
//! So a program that goes over either behaves as before, or gets an error that names the line to
//! change.

use crate::backtrace::WasmBacktraceDetails;
use crate::config::Config;
use crate::error::{Result, bail};
use crate::pooling::InstanceAllocationStrategy;

/// The compiler of functions, for [`Config::strategy`].
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.strategy(Strategy::Cranelift);
/// assert!(Engine::new(&config).is_err(), "the interpreter alone has no such compiler");
/// Engine::new(config.strategy(Strategy::Winch))?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// The engine's choice: functions start in the interpreter, and those in which programs spend
    /// their time go over to machine code, where the engine has a compiler of it.
    #[default]
    Auto,
    /// Machine code of all functions when a module is made. Where the check accepts none, the
    /// function runs as bytecode.
    Cranelift,
    /// Fast compilation: as [`Strategy::Auto`], since nothing starts sooner than the interpreter.
    Winch,
}

/// How much a compiler optimises, for [`Config::cranelift_opt_level`].
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// Engine::new(config.cranelift_opt_level(OptLevel::None))?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptLevel {
    /// Not at all.
    None,
    /// For speed.
    #[default]
    Speed,
    /// For speed and size.
    SpeedAndSize,
}

/// Whether something is on.
///
/// ```
/// use prova_core::*;
///
/// let mut pool = PoolingAllocationConfig::new();
/// let mut config = Config::new();
/// config.allocation_strategy(pool.memory_protection_keys(Enabled::Auto).clone());
/// Engine::new(&config)?;
/// config.allocation_strategy(pool.memory_protection_keys(Enabled::Yes).clone());
/// assert!(Engine::new(&config).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabled {
    /// Where it is available.
    Auto,
    /// On.
    Yes,
    /// Off.
    No,
}

/// A profiler to tell of machine code, for [`Config::profiler`].
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// Engine::new(config.profiler(ProfilingStrategy::PerfMap))?;
/// assert!(Engine::new(config.profiler(ProfilingStrategy::VTune)).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfilingStrategy {
    /// None.
    #[default]
    None,
    /// `perf`, by a map of addresses ([`Config::perf_map`]).
    PerfMap,
    /// `perf`, by a dump of the code ([`Config::jit_dump`]).
    JitDump,
    /// VTune: not available.
    VTune,
}

/// Declares settings that have no effect here.
macro_rules! no_effect {
    ($($(#[$doc:meta])* $method:ident $ty:ty;)*) => {$(
        $(#[$doc])*
        pub fn $method(&mut self, _: $ty) -> &mut Config {
            self
        }
    )*};
}

/// Settings under the names of Wasmtime.
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.strategy(Strategy::Auto).memory_init_cow(true).cranelift_opt_level(OptLevel::Speed);
/// Engine::new(&config)?;
///
/// config.debug_info(true);
/// let refused = Engine::new(&config).unwrap_err();
/// assert!(refused.to_string().contains("`Config::debug_info`"), "{refused}");
/// # Ok::<(), prova_core::Error>(())
/// ```
impl Config {
    /// Which compiler makes the code of functions; [`Strategy::Auto`] by default. An engine without
    /// a compiler of machine code (`prova_core`'s own) refuses [`Strategy::Cranelift`].
    pub fn strategy(&mut self, strategy: Strategy) -> &mut Config {
        self.strategy = strategy;
        self
    }

    /// The setting of [`Config::strategy`], for crates that add a compiler.
    pub fn chosen_strategy(&self) -> Strategy {
        self.strategy
    }

    /// The platform that code is made for, which has to be the platform of the process: by its
    /// triple or by the processor's name alone.
    ///
    /// # Errors
    /// For any other platform.
    pub fn target(&mut self, target: &str) -> Result<&mut Config> {
        let mut parts = target.split('-');
        let processor = parts.next() == Some(std::env::consts::ARCH);
        let system = target.split('-').nth(2);
        if processor && system.is_none_or(|system| system.starts_with(std::env::consts::OS)) {
            return Ok(self);
        }
        bail!(
            "`Config::target`: code is made for the platform of the process alone, not for `{target}`"
        )
    }

    /// Whether instances get their data segments mapped: [`Config::memory_images`].
    pub fn memory_init_cow(&mut self, enable: bool) -> &mut Config {
        self.memory_images(enable)
    }

    /// How instances get their memories and tables; with [`InstanceAllocationStrategy::Pooling`]
    /// the engine keeps the limits of the pool
    /// ([`PoolingAllocationConfig`](crate::PoolingAllocationConfig)).
    pub fn allocation_strategy(
        &mut self,
        strategy: impl Into<InstanceAllocationStrategy>,
    ) -> &mut Config {
        self.pool = match strategy.into() {
            InstanceAllocationStrategy::OnDemand => None,
            InstanceAllocationStrategy::Pooling(pool) => Some(pool),
        };
        self
    }

    /// Whether the error of a trap carries a [`WasmCoreDump`](crate::WasmCoreDump); off by default.
    pub fn coredump_on_trap(&mut self, enable: bool) -> &mut Config {
        self.coredump = enable;
        self
    }

    /// Whether backtraces tell places in the source where a module has debug information; they do
    /// by default, and read it when they are printed or asked.
    pub fn wasm_backtrace_details(&mut self, details: WasmBacktraceDetails) -> &mut Config {
        self.backtrace_details = details != WasmBacktraceDetails::Disable;
        self
    }

    /// The profiler that gets the names of machine code; [`Engine::new`](crate::Engine::new)
    /// refuses those that are not available.
    pub fn profiler(&mut self, profiler: ProfilingStrategy) -> &mut Config {
        self.refuse_if(
            profiler == ProfilingStrategy::VTune,
            "profiler",
            "only `perf` is supported (`ProfilingStrategy::{PerfMap, JitDump}`)",
        );
        match profiler {
            ProfilingStrategy::JitDump => self.jit_dump(true),
            other => self.perf_map(other == ProfilingStrategy::PerfMap),
        }
    }

    /// Whether machine code has debug information for native debuggers: it has none, so
    /// [`Engine::new`](crate::Engine::new) refuses it.
    pub fn debug_info(&mut self, enable: bool) -> &mut Config {
        self.refuse_if(
            enable,
            "debug_info",
            "machine code has no debug information; backtraces tell places in the source without it",
        )
    }

    /// Whether bits of NaNs are fixed: a part of [`Config::deterministic`], and refused by
    /// [`Engine::new`](crate::Engine::new) without it.
    pub fn cranelift_nan_canonicalization(&mut self, enable: bool) -> &mut Config {
        self.nan_bits = enable;
        self
    }

    /// A flag of Cranelift; [`Engine::new`](crate::Engine::new) refuses all of them.
    pub fn cranelift_flag_enable(&mut self, flag: &str) -> &mut Config {
        self.cranelift_flag_set(flag, "true")
    }

    /// A flag of Cranelift; [`Engine::new`](crate::Engine::new) refuses all of them.
    pub fn cranelift_flag_set(&mut self, flag: &str, value: &str) -> &mut Config {
        self.refused.push(format!(
            "`Config::cranelift_flag_set`: flags of the code generator (here `{flag}={value}`) are fixed, since the check of machine code depends on them"
        ));
        self
    }

    no_effect! {
        /// How much the compiler optimises: no effect, there is one level.
        cranelift_opt_level OptLevel;
        /// Whether the compiler checks itself: no effect, its code is checked in any case.
        cranelift_debug_verifier bool;
        /// Whether relaxed vector operators have one fixed result: no effect, they always have.
        relaxed_simd_deterministic bool;
        /// Whether functions may be compiled on several threads: no effect, they may.
        parallel_compilation bool;
        /// The address space of a memory in bytes: no effect; machine code compares addresses where
        /// the address space does not do it.
        memory_reservation u64;
        /// The address space that is kept for growth of a memory: no effect.
        memory_reservation_for_growth u64;
        /// The address space without access behind a memory: no effect, as
        /// [`Config::memory_reservation`].
        memory_guard_size u64;
        /// The address space without access before a memory: no effect.
        guard_before_linear_memory bool;
        /// Whether memories may move when they grow: no effect, they never do.
        memory_may_move bool;
        /// Whether tables get their elements when they are used: no effect.
        table_lazy_init bool;
        /// Whether functions may be called asynchronously: no effect, they always may.
        async_support bool;
        /// The stack of an asynchronous call in bytes: no effect, a suspended call needs none.
        async_stack_size usize;
        /// Whether stacks of asynchronous calls are zeroed: no effect, as
        /// [`Config::async_stack_size`].
        async_stack_zeroing bool;
        /// Whether machine code can be unwound by others: no effect.
        native_unwind_info bool;
        /// Whether code knows its place in the module: no effect, it always does.
        generate_address_map bool;
    }

    /// Records a setting that an engine refuses.
    fn refuse_if(&mut self, refused: bool, name: &str, why: &str) -> &mut Config {
        let named = format!("`Config::{name}`: ");
        self.refused.retain(|text| !text.starts_with(&named));
        if refused {
            self.refused.push(named + why);
        }
        self
    }

    /// Refuses what has no counterpart.
    pub(crate) fn check_tuning(&self) -> Result<()> {
        if let Some(refused) = self.refused.first() {
            bail!("{refused}");
        }
        if self.nan_bits && !self.deterministic {
            bail!(
                "`Config::cranelift_nan_canonicalization`: bits of NaNs are fixed by `Config::deterministic`, which is off"
            );
        }
        if self.strategy == Strategy::Cranelift && self.native.is_none() {
            bail!(
                "`Config::strategy`: this engine has no compiler of machine code (`Config::native`)"
            );
        }
        Ok(())
    }
}
