//! The settings of an [`Engine`](crate::Engine): tier, proposals, limits, metering → [`Config`].
//!
//! `engine` checks it once. Nothing here turns a check off: in every configuration, bytecode runs
//! only after it was proved equal to its WebAssembly.

use crate::cache::Cache;
use crate::compiler::Compiler;
use crate::error::{Result, bail};
use crate::machine::{CodeWatch, MachineCompiler};
use crate::pooling::PoolingAllocationConfig;
use crate::text::TextReader;
use crate::tier::Tier;
use crate::tuning::Strategy;
use prova_bytecode::{Metering, Settings};
use prova_check::{Bases, CpuLevel, MemoryShape};
use prova_module::{Features, Limits, Proposal};
use prova_runtime::{ExecutorKind, Heat, PerfNames};
use std::sync::Arc;

/// When functions are translated and checked.
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.translate(Translate::Eager);
/// let module = Module::new(&Engine::new(&config)?, wat::parse_str("(module (func))")?)?;
/// assert_eq!(module.exports().len(), 0);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Translate {
    /// Each at its first call.
    #[default]
    Lazy,
    /// All of a module when it is made, in parallel: bytecode, or where functions run as machine
    /// code before their first call ([`Config::native`]), that, and bytecode of those without.
    Eager,
}

/// When a function that runs as bytecode gets machine code ([`Config::tier_up`]).
///
/// Bytecode counts at the start of each function and of each round of a loop. At some of the
/// counts the store looks where it is; a function in which it was found often enough is compiled,
/// and its next call runs machine code. A function that is in a long loop by then goes on in
/// machine code at the start of a round.
///
/// What a program computes, its traps, fuel and stack limit do not depend on any of this.
///
/// ```
/// use prova_core::*;
///
/// let hot = Hot { every: 100, background: false, ..Hot::default() };
/// let mut config = Config::new();
/// config.tier_up(Some(hot));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hot {
    /// The mean number of counts between two looks, at least 1.
    pub every: u32,
    /// How many looks there are before anything is compiled: the first machine code of a module
    /// costs some milliseconds besides, and a program that ends before has no use for it.
    pub first: u32,
    /// In how many looks a function is found before it is compiled, at least 1; and a loop of a
    /// function whose machine code is there.
    pub looks: u32,
    /// For how many bytes of a function's body it has to be found once more: the longer it takes to
    /// compile it, the longer it has to run before. 0: the size does not matter.
    pub bytes: u32,
    /// Where the numbers of counts between looks begin; they differ.
    pub seed: u64,
    /// Whether functions are compiled on other threads while the program goes on; otherwise the
    /// program waits, and where it changes over is the same in each run.
    pub background: bool,
}

impl Default for Hot {
    fn default() -> Hot {
        Hot { every: 1 << 12, first: 32, looks: 2, bytes: 128, seed: 0, background: true }
    }
}

impl Hot {
    /// In how many looks a function with a body of `body_bytes`, or a loop of it, is found before
    /// it is compiled.
    pub(crate) fn looks_of(self, body_bytes: usize) -> u32 {
        let more = u32::try_from(body_bytes).unwrap_or(u32::MAX).checked_div(self.bytes);
        self.looks.max(1).saturating_add(more.unwrap_or(0))
    }

    /// When stores look.
    pub(crate) fn heat(self) -> Heat {
        Heat { every: self.every.max(1), seed: self.seed }
    }
}

/// The configuration of an [`Engine`](crate::Engine).
///
/// ```
/// let mut config = prova_core::Config::new();
/// config.consume_fuel(true).deterministic(true);
/// let engine = prova_core::Engine::new(&config)?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// `None`: nobody has chosen one.
    pub(crate) tier: Option<Tier>,
    pub(crate) executor: Option<ExecutorKind>,
    pub(crate) translate: Translate,
    pub(crate) compiler: Option<Arc<dyn Compiler>>,
    pub(crate) native: Option<Arc<dyn MachineCompiler>>,
    pub(crate) precompiled: Option<MemoryShape>,
    pub(crate) proved: bool,
    pub(crate) watch: Option<Arc<dyn CodeWatch>>,
    pub(crate) hot: Option<Hot>,
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) signals: bool,
    pub(crate) perf: Option<PerfNames>,
    pub(crate) count_dispatches: bool,
    pub(crate) memory_images_from: Option<u64>,
    pub(crate) features: Features,
    pub(crate) limits: Limits,
    pub(crate) fuel: bool,
    pub(crate) epoch: bool,
    pub(crate) deterministic: bool,
    pub(crate) stack_bytes: usize,
    /// The most bytes of structures and arrays of a store.
    pub(crate) gc_heap_max: u64,
    /// The most bytes of one memory, elements of one table, and bytes of a store.
    pub(crate) memory_max: u64,
    pub(crate) table_max: u64,
    pub(crate) store_max: u64,
    pub(crate) trap_on_grow_failure: bool,
    pub(crate) text: Option<TextReader>,
    pub(crate) strategy: Strategy,
    pub(crate) pool: Option<PoolingAllocationConfig>,
    pub(crate) coredump: bool,
    pub(crate) backtrace_details: bool,
    pub(crate) nan_bits: bool,
    /// The settings that an engine refuses, each with the reason.
    pub(crate) refused: Vec<String>,
}

/// The default of [`Config::max_wasm_stack`], in bytes.
pub(crate) const STACK_BYTES_DEFAULT: usize = 8 << 20;
/// The default of [`Config::memory_images_from`], in bytes.
pub(crate) const MEMORY_IMAGES_FROM: u64 = 16 << 10;
/// The range of [`Config::max_wasm_stack`], in bytes.
pub(crate) const STACK_BYTES_MIN: usize = 4 << 10;
pub(crate) const STACK_BYTES_MAX: usize = 1 << 30;

impl Default for Config {
    fn default() -> Config {
        Config {
            tier: None,
            executor: None,
            translate: Translate::default(),
            compiler: None,
            native: None,
            precompiled: None,
            proved: false,
            watch: None,
            hot: None,
            cache: None,
            signals: true,
            perf: None,
            count_dispatches: false,
            memory_images_from: Some(MEMORY_IMAGES_FROM),
            features: Features::default(),
            limits: Limits::default(),
            fuel: false,
            epoch: false,
            deterministic: false,
            stack_bytes: STACK_BYTES_DEFAULT,
            gc_heap_max: u64::MAX,
            memory_max: u64::MAX,
            table_max: u64::MAX,
            store_max: u64::MAX,
            trap_on_grow_failure: false,
            text: None,
            strategy: Strategy::default(),
            pool: None,
            coredump: false,
            backtrace_details: true,
            nan_bits: false,
            refused: Vec::new(),
        }
    }
}

/// Declares one switch for each proposal.
macro_rules! proposal_switches {
    ($($(#[$doc:meta])* $method:ident $proposal:ident)*) => {$(
        $(#[$doc])*
        pub fn $method(&mut self, enable: bool) -> &mut Config {
            self.wasm_proposal(Proposal::$proposal, enable)
        }
    )*};
}

impl Config {
    /// The default configuration: the interpreter, all proposals that it executes, no metering.
    pub fn new() -> Config {
        Config::default()
    }

    /// Which tier executes functions.
    pub fn tier(&mut self, tier: Tier) -> &mut Config {
        self.tier = Some(tier);
        self
    }

    /// An executor for stores in place of the tier's own, for oracles that are no tier.
    pub fn executor(&mut self, executor: ExecutorKind) -> &mut Config {
        self.executor = Some(executor);
        self
    }

    /// When functions are translated and checked.
    pub fn translate(&mut self, translate: Translate) -> &mut Config {
        self.translate = translate;
        self
    }

    /// Asks this compiler for the code of each function before the built-in translator. Its
    /// proposals are checked like all others; a function for which it has no code that passes runs
    /// as bytecode, and [`Module::refusals`](crate::Module::refusals) says why.
    pub fn compiler(&mut self, compiler: impl Compiler + 'static) -> &mut Config {
        self.compiler = Some(Arc::new(compiler));
        self
    }

    /// Runs functions as machine code of this compiler, where the check accepts it; the others run
    /// as bytecode in the same instance, and [`Module::refusals`](crate::Module::refusals) says
    /// why.
    /// For stores of the interpreter; on Linux x86-64 alone, elsewhere without effect.
    ///
    /// Faults of the code become traps by a signal handler of the process, which passes on what is
    /// not its own ([`Config::signals_based_traps`] does without).
    pub fn native(&mut self, compiler: impl MachineCompiler + 'static) -> &mut Config {
        self.native = Some(Arc::new(compiler));
        self
    }

    /// Runs functions as bytecode at first, and makes machine code ([`Config::native`]) of those in
    /// which programs spend their time; `None`, the default, makes it before the first call.
    ///
    /// For the tail-call interpreter and its loop; without effect where there is no compiler of
    /// machine code or no such code on this platform. Code of artifacts, which is there already,
    /// runs from the first call on.
    pub fn tier_up(&mut self, when: Option<Hot>) -> &mut Config {
        self.hot = when;
        self
    }

    /// Takes machine code that earlier runs made from this cache, and lets
    /// [`Module::save_code`](crate::Module::save_code) write it; none by default. Code of the cache
    /// is checked like all other, and asked for before the compiler ([`Config::native`]) is; with
    /// [`Config::tier_up`] it runs from the first call on.
    ///
    /// What is made is kept in memory as well, until the module goes, for
    /// [`Module::save_code`](crate::Module::save_code).
    ///
    /// The cache's folder may be in reach of no program that is not trusted: what a program writes
    /// there under the folder's key is believed to be this compiler's code ([`Cache`]).
    pub fn cache(&mut self, cache: impl Into<Option<Cache>>) -> &mut Config {
        self.cache = cache.into().map(Arc::new);
        self
    }

    /// Lets stores take the machine code of artifacts
    /// ([`Module::deserialize`](crate::Module::deserialize)) that was made for memories of this
    /// shape, where no compiler of machine code is configured; with one, they take it anyway. Off
    /// by default. Functions without machine code run as bytecode.
    ///
    /// For stores of the interpreter; on Linux x86-64 alone, elsewhere without effect.
    pub fn precompiled(&mut self, memory: MemoryShape) -> &mut Config {
        self.precompiled = Some(memory);
        self
    }

    /// Whether machine code of a function runs only if it is proved to do what the function says;
    /// off by default. The others run as bytecode, which is proved, and
    /// [`Module::refusals`](crate::Module::refusals) says where their code differs or what the
    /// proof cannot do yet.
    ///
    /// Without, machine code that runs is *confined*: proved to stay in its sandbox, and tested to
    /// compute the right thing. With, its compiler is believed in nothing but the ways into
    /// functions and out of them. Code takes longer to make, since a relation of it to its function
    /// is searched and checked; artifacts and the cache keep that. Code of artifacts runs also
    /// where the engine counts epochs or does without signals; the ways into it are made by the
    /// engine's compiler ([`Config::native`]), without which none of it runs.
    pub fn require_proved(&mut self, enable: bool) -> &mut Config {
        self.proved = enable;
        self
    }

    /// Calls `watch` when machine code of a function is made ([`Config::native`]). By default there
    /// is no watch.
    pub fn code_watch(&mut self, watch: impl CodeWatch + 'static) -> &mut Config {
        self.watch = Some(Arc::new(watch));
        self
    }

    /// Whether machine code ([`Config::native`]) may use faults of the processor as traps; the
    /// default.
    ///
    /// Then the first store that takes machine code installs a handler of `SIGSEGV`, `SIGBUS`,
    /// `SIGILL` and `SIGFPE` for the whole process. It takes what code of a store raises on the
    /// thread that runs it, and gives every other signal to the handler that was there before; a
    /// handler that the embedder installs later has to do the same. It needs no alternate stack,
    /// and uses one if the thread has it.
    ///
    /// Without, no handler is installed and nothing faults: every access of a memory compares,
    /// divisions and conversions test their operands, and all traps are calls. Results, traps,
    /// fuel and stack overflow are the same; the code is larger and slower.
    pub fn signals_based_traps(&mut self, enable: bool) -> &mut Config {
        self.signals = enable;
        self
    }

    /// Whether machine code ([`Config::native`]) is listed by address and name in
    /// `/tmp/perf-PID.map`, where `perf report` looks for it; off by default. An existing file of
    /// that name is replaced.
    pub fn perf_map(&mut self, enable: bool) -> &mut Config {
        self.perf = enable.then_some(PerfNames::Map);
        self
    }

    /// Whether machine code ([`Config::native`]) is written with its bytes to `jit-PID.dump` in the
    /// current folder, from which `perf inject --jit` makes files for `perf annotate`; off by
    /// default. An existing file of that name is replaced. Of this and [`Config::perf_map`] the
    /// later call counts.
    pub fn jit_dump(&mut self, enable: bool) -> &mut Config {
        self.perf = enable.then_some(PerfNames::Dump);
        self
    }

    /// Whether the interpreter counts the instructions that run, by op
    /// ([`Store::dispatch_counts`](crate::Store::dispatch_counts)); off by default, and without
    /// effect on the `match` executor and on tiers that run no bytecode. Such a run is several
    /// times slower.
    pub fn count_dispatches(&mut self, enable: bool) -> &mut Config {
        self.count_dispatches = enable;
        self
    }

    /// Whether instances of a module get the bytes of its data segments mapped copy-on-write, from
    /// the second instance on; the default. On Linux, for modules of some size
    /// ([`Config::memory_images_from`]) whose active segments have constant offsets and fit;
    /// elsewhere, and without, each instance has them written. Programs observe no difference.
    pub fn memory_images(&mut self, enable: bool) -> &mut Config {
        self.memory_images_from = enable.then_some(MEMORY_IMAGES_FROM);
        self
    }

    /// The bytes of active data segments from which on a module's memories are mapped; default 16
    /// KiB. Below, writing takes less time than mapping.
    pub fn memory_images_from(&mut self, bytes: u64) -> &mut Config {
        self.memory_images_from = Some(bytes);
        self
    }

    /// Whether running code consumes fuel; stores start with none
    /// ([`Store::set_fuel`](crate::Store::set_fuel)).
    pub fn consume_fuel(&mut self, enable: bool) -> &mut Config {
        self.fuel = enable;
        self
    }

    /// Whether running code stops at an epoch
    /// ([`Store::set_epoch_deadline`](crate::Store::set_epoch_deadline)); with fuel or without it.
    pub fn epoch_interruption(&mut self, enable: bool) -> &mut Config {
        self.epoch = enable;
        self
    }

    /// Whether code runs by the deterministic profile ([`Profile`](crate::Profile)): results,
    /// traps, fuel and stack overflow are the same on every machine. Bits of NaNs are fixed, growth
    /// fails at the declared maximum and the configured limits only, and modules get no more
    /// proposals and no greater limits than the profile has. Other settings here, before or after,
    /// do not change that. (Relaxed vector operators have one fixed result in any case.)
    pub fn deterministic(&mut self, enable: bool) -> &mut Config {
        self.deterministic = enable;
        self
    }

    /// The logical stack limit of WebAssembly code in bytes, between 4 KiB and 1 GiB; default 8
    /// MiB. A frame charges 64 bytes and 8 for each cell of locals and operands, in every tier
    /// alike.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Config {
        self.stack_bytes = bytes;
        self
    }

    /// The most bytes that the structures and arrays of a store of the engine have together, also
    /// where its limiter allows more ([`StoreLimitsBuilder`](crate::StoreLimitsBuilder)); as many
    /// as the limiter says unless set.
    pub fn max_gc_heap_size(&mut self, bytes: u64) -> &mut Config {
        self.gc_heap_max = bytes;
        self
    }

    /// The most bytes of one memory of a store of the engine, as [`Config::max_gc_heap_size`].
    pub fn max_memory_size(&mut self, bytes: u64) -> &mut Config {
        self.memory_max = bytes;
        self
    }

    /// The most elements of one table of a store of the engine, as [`Config::max_gc_heap_size`].
    pub fn max_table_elements(&mut self, elements: u64) -> &mut Config {
        self.table_max = elements;
        self
    }

    /// The most bytes of a store of the engine, as [`Config::max_gc_heap_size`].
    pub fn max_store_size(&mut self, bytes: u64) -> &mut Config {
        self.store_max = bytes;
        self
    }

    /// Whether growth beyond a limit traps in every store of the engine, also where its limiter
    /// lets it fail ([`StoreLimitsBuilder`](crate::StoreLimitsBuilder)).
    pub fn trap_on_grow_failure(&mut self, trap: bool) -> &mut Config {
        self.trap_on_grow_failure = trap;
        self
    }

    /// The setting of [`Config::max_wasm_stack`], in bytes.
    pub fn wasm_stack_bytes(&self) -> usize {
        self.stack_bytes
    }

    /// Lets [`Module::new`](crate::Module::new) and [`Module::from_file`](crate::Module::from_file)
    /// take the text format too, by this reader; without one they take the binary format alone. The
    /// engines of the crate `prova` have one.
    pub fn text_format(&mut self, reader: TextReader) -> &mut Config {
        self.text = Some(reader);
        self
    }

    /// Whether there is a reader of the text format ([`Config::text_format`]).
    pub fn has_text_format(&self) -> bool {
        self.text.is_some()
    }

    /// The limits on the contents of a module.
    pub fn module_limits(&mut self, limits: Limits) -> &mut Config {
        self.limits = limits;
        self
    }

    /// The proposals that modules may use.
    pub fn features(&mut self, features: Features) -> &mut Config {
        self.features = features;
        self
    }

    /// Turns one proposal on or off.
    pub fn wasm_proposal(&mut self, proposal: Proposal, enable: bool) -> &mut Config {
        self.features =
            if enable { self.features.with(proposal) } else { self.features.without(proposal) };
        self
    }

    proposal_switches! {
        /// Sign extension operators.
        wasm_sign_extension SignExtension
        /// Conversions that saturate.
        wasm_saturating_float_to_int SaturatingFloatToInt
        /// Several results and block parameters.
        wasm_multi_value MultiValue
        /// Bulk memory operators.
        wasm_bulk_memory BulkMemory
        /// Reference types.
        wasm_reference_types ReferenceTypes
        /// Vectors of 128 bits.
        wasm_simd Simd
        /// Relaxed vector operators.
        wasm_relaxed_simd RelaxedSimd
        /// Tail calls.
        wasm_tail_call TailCall
        /// More than one memory.
        wasm_multi_memory MultiMemory
        /// 64-bit memories and tables.
        wasm_memory64 Memory64
        /// Arithmetic in constant expressions.
        wasm_extended_const ExtendedConst
        /// 128-bit arithmetic.
        wasm_wide_arithmetic WideArithmetic
        /// Pages of one byte.
        wasm_custom_page_sizes CustomPageSizes
        /// Atomic operators.
        wasm_threads Threads
        /// Memories that threads share, with atomic operators; off by default. No deterministic
        /// engine has them.
        shared_memory SharedMemory
        /// Exceptions.
        wasm_exceptions Exceptions
        /// References to functions of one type.
        wasm_function_references FunctionReferences
        /// Recursion groups, subtypes, types of structures and arrays, with typed function
        /// references; a module that has an instruction of garbage collection is refused.
        wasm_gc Gc
    }

    /// The settings that the translator and its check depend on.
    pub(crate) fn settings(&self) -> Settings {
        let metering = Metering::new(self.fuel, self.epoch);
        Settings { metering, deterministic: self.deterministic }
    }

    /// The target of machine code, if any is made.
    pub(crate) fn machine(&self) -> Option<prova_check::Config> {
        let of_artifacts = |memory| {
            let memory = self.shape_of(memory);
            let metering = prova_check::Metering { fuel: self.fuel, epoch: self.epoch };
            let (signals, cpu, bases) = (self.signals, CpuLevel::V3, Bases::Fixed);
            prova_check::Config { memory, metering, signals, cpu, bases }
        };
        let compiled = self.native.as_deref().map(|compiler| self.machine_of(compiler));
        compiled.or_else(|| self.precompiled.map(of_artifacts))
    }

    /// Whether it leaves open how functions are executed: it names no tier, executor or source of
    /// machine code, and asks for nothing that the interpreter alone has. For crates that add a
    /// compiler in such a case.
    pub fn leaves_tier_open(&self) -> bool {
        let compiled = self.native.is_some() || self.precompiled.is_some();
        self.tier.is_none() && self.executor.is_none() && !compiled && !self.count_dispatches
    }

    /// The tier that executes functions.
    pub(crate) fn tier_or_default(&self) -> Tier {
        self.tier.unwrap_or_default()
    }

    /// Whether stores run machine code at all on this platform.
    pub(crate) fn takes_native(&self) -> bool {
        let platform = cfg!(all(target_os = "linux", target_arch = "x86_64", not(miri)));
        platform
            && matches!(self.tier_or_default(), Tier::Interpreter(_))
            && self.executor.is_none()
    }

    /// The target of a compiler's machine code.
    pub(crate) fn machine_of(&self, compiler: &dyn MachineCompiler) -> prova_check::Config {
        let config = compiler.config(&self.settings());
        let memory = self.shape_of(config.memory);
        prova_check::Config { memory, signals: config.signals && self.signals, ..config }
    }

    /// The shape of memories: without signals a guard becomes comparisons. Masks have no such form,
    /// so that they are refused ([`Config::check`]).
    fn shape_of(&self, shape: MemoryShape) -> MemoryShape {
        match shape {
            MemoryShape::Guard { .. } if !self.signals => MemoryShape::Explicit,
            MemoryShape::Guard { .. } | MemoryShape::Explicit | MemoryShape::Masked => shape,
        }
    }

    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> Result<()> {
        let masked = self.machine().filter(|config| config.memory == MemoryShape::Masked);
        if masked.is_some_and(|config| !config.signals) {
            bail!("masked accesses trap by faults, which `signals_based_traps(false)` turns off");
        }
        if !(STACK_BYTES_MIN..=STACK_BYTES_MAX).contains(&self.stack_bytes) {
            bail!(
                "the stack limit must be between {STACK_BYTES_MIN} and {STACK_BYTES_MAX} bytes, not {}",
                self.stack_bytes
            );
        }
        if let Some(pool) = &self.pool {
            pool.check()?;
        }
        self.check_tuning()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuel_and_epochs_together_or_alone() {
        let mut config = Config::new();
        assert_eq!(config.settings().metering, Metering::None);
        assert_eq!(config.consume_fuel(true).settings().metering, Metering::Fuel);
        assert_eq!(config.epoch_interruption(true).settings().metering, Metering::Both);
        assert_eq!(config.consume_fuel(false).settings().metering, Metering::Epoch);
    }

    #[test]
    fn the_stack_limit_has_two_sides() {
        for (bytes, ok) in [
            (STACK_BYTES_MIN, true),
            (STACK_BYTES_MIN - 1, false),
            (STACK_BYTES_MAX, true),
            (STACK_BYTES_MAX + 1, false),
        ] {
            assert_eq!(Config::new().max_wasm_stack(bytes).check().is_ok(), ok, "{bytes}");
        }
    }

    #[test]
    fn what_is_longer_to_compile_is_found_more_often_before() {
        let hot = Hot { looks: 2, bytes: 100, ..Hot::default() };
        for (bytes, looks) in [(0, 2), (99, 2), (100, 3), (1000, 12)] {
            assert_eq!(hot.looks_of(bytes), looks, "{bytes}");
        }
        assert_eq!(Hot { bytes: 0, ..hot }.looks_of(1000), 2);
        assert_eq!(Hot { looks: 0, ..hot }.looks_of(0), 1);
        assert_eq!(Hot { bytes: 1, ..hot }.looks_of(usize::MAX), u32::MAX);
    }

    #[test]
    fn without_a_compiler_there_is_no_machine_code() {
        let mut config = Config::new();
        assert_eq!(config.machine(), None);
        assert_eq!(config.signals_based_traps(false).machine(), None);
    }

    #[test]
    fn switches_reach_the_features() {
        let mut config = Config::new();
        config.wasm_simd(false).wasm_tail_call(false).wasm_tail_call(true);
        assert!(!config.features.has(Proposal::Simd));
        assert!(config.features.has(Proposal::TailCall));
    }
}
