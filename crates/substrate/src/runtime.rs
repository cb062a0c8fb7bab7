//! A chain's runtime: code → entry points that can be called on a state.
//!
//! Calling convention: the host allocates a block for the input, calls `entry(address, length)`,
//! and gets a packed range in the memory. Every call has a new instance (S2). The memory has the
//! pages that the module asks for and the heap's on top, and cannot grow (the *static* strategy);
//! `memory` says what becomes of modules that have it otherwise.
//!
//! # Invariants
//! * R1. The storage of a call that fails is what it was before (S1).
//! * R2. A [`Runtime`] has passed decoding, validation and linking; only calling it can fail.
//!
//! # Limits
//! [`HEAP_PAGES_MAX`]; fuel is the embedder's ([`CallOptions`]), and so is time: an engine with
//! epochs stops the call when its epoch moves on.

use crate::allocator::Allocator;
use crate::blob::Code;
use crate::error::{Rule, broken};
use crate::host::{Host, LogLine};
use crate::imports::{self, MissingImports};
use crate::memory;
use crate::metering::meter_stack;
use crate::storage::{HEAP_PAGES_KEY, Storage};
use crate::version::RuntimeVersion;
use prova_core::{
    Config, Context, Engine, Features, Instance, InstancePre, Linker, Memory, MemoryType, Module,
    Proposal, Result, Store, StoreLimits, StoreLimitsBuilder, Val,
};
use std::collections::BTreeMap;

/// The pages of heap where the state does not say: 128 MiB.
pub const HEAP_PAGES_DEFAULT: u32 = 2048;
/// The greatest number of pages of a memory, the heap's included (4 GiB).
pub const HEAP_PAGES_MAX: u32 = 65_536;

/// The greatest number of bytes that a call returns (64 MiB).
const OUTPUT_BYTES_MAX: u32 = 64 << 20;

/// Sets what chains pin: WebAssembly 1.0 with sign extension and saturating conversions, and
/// deterministic results. Tier, fuel and stack are the embedder's.
pub fn configure(config: &mut Config) -> &mut Config {
    let features =
        Features::WASM1.with(Proposal::SignExtension).with(Proposal::SaturatingFloatToInt);
    config.features(features).deterministic(true)
}

/// The options for a module before it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// The greatest height of the stack in values, metered as `wasm-instrument` does
    /// ([`meter_stack`]); `None` is no metering.
    pub stack_values_max: Option<u32>,
    /// The treatment of imports that this host does not have.
    pub missing_imports: MissingImports,
}

/// The limits of a call.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// The units of fuel, where the engine consumes fuel; `None` is as much as there is.
    pub fuel: Option<u64>,
    /// The pages of heap where the state does not say.
    pub heap_pages: u32,
    /// The greatest level that the runtime is to log: 0 nothing, 1 errors, up to 5.
    pub log_level: u32,
}

impl Default for CallOptions {
    fn default() -> CallOptions {
        CallOptions { fuel: None, heap_pages: HEAP_PAGES_DEFAULT, log_level: 1 }
    }
}

/// The outcome of a call.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The bytes that the entry point returned.
    pub output: Vec<u8>,
    /// The units of fuel it took; 0 where the engine consumes none.
    pub fuel: u64,
    /// The lines that the runtime logged.
    pub log: Vec<LogLine>,
    /// How often each host function was called.
    pub calls: BTreeMap<&'static str, u64>,
    /// The greatest number of bytes of the heap in use at a time.
    pub heap_peak_bytes: u64,
    /// The last root of the main trie that the runtime asked for.
    pub last_root: Option<[u8; 32]>,
}

/// A call that failed: why, and what was seen until then.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: prova_core::Error,
    pub(crate) log: Vec<LogLine>,
    pub(crate) last_root: Option<[u8; 32]>,
}

/// A chain's runtime, ready to be called.
pub struct Runtime {
    engine: Engine,
    code: Code,
    pre: InstancePre<Host>,
    /// The pages of its memory without the heap.
    pages: u32,
    /// How many calls of runtimes its calls are inside.
    nesting: u32,
}

impl Runtime {
    /// Unpacks, validates and links the runtime in `blob`.
    ///
    /// # Errors
    /// Those of [`Code::unpack`]; of the engine for a bad module; [`Rule::MissingImports`],
    /// [`Rule::ImportType`], [`Rule::Memory`].
    pub fn new(engine: &Engine, blob: &[u8]) -> Result<Runtime> {
        Runtime::with_options(engine, blob, &RuntimeOptions::default())
    }

    /// [`Runtime::new`], with what the embedder says about the module.
    ///
    /// # Errors
    /// As [`Runtime::new`]; [`Rule::Metering`].
    pub fn with_options(engine: &Engine, blob: &[u8], options: &RuntimeOptions) -> Result<Runtime> {
        let code = Code::unpack(blob)?;
        let load = |wasm: &[u8]| Module::from_binary(engine, wasm);
        let mut module = load(code.wasm()).context("its module is refused")?;
        let mut metered = None;
        if let Some(limit) = options.stack_values_max {
            let wasm = metered.insert(meter_stack(code.wasm(), limit)?);
            module = load(wasm).context("its metered module is refused")?;
        }
        let wasm = metered.as_deref().unwrap_or(code.wasm());
        let (pages, rewritten) = memory::import(&module, wasm)?;
        if let Some(wasm) = rewritten {
            module = load(&wasm).context("its module with an imported memory is refused")?;
        }
        let mut linker = Linker::new(engine);
        imports::define(&module, &mut linker, options.missing_imports)?;
        let (env, name) = memory::IMPORT;
        linker.define_open(env, name)?;
        let pre = linker.instantiate_pre(&module)?;
        Ok(Runtime { engine: engine.clone(), code, pre, pages, nesting: 0 })
    }

    /// The same, whose calls are inside `nesting` others.
    pub(crate) fn nested(self, nesting: u32) -> Runtime {
        Runtime { nesting, ..self }
    }

    /// Its code.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// Its module.
    pub fn module(&self) -> &Module {
        self.pre.module()
    }

    /// Its version, from its sections, or if they are not complete from `Core_version`.
    ///
    /// # Errors
    /// As [`Runtime::call`]; [`Rule::Encoding`].
    pub fn version(&self) -> Result<RuntimeVersion> {
        Ok(self.version_with(&CallOptions::default())?.0)
    }

    /// [`Runtime::version`], with what asking may use.
    ///
    /// # Errors
    /// As [`Runtime::version`].
    pub fn version_within(&self, options: &CallOptions) -> Result<RuntimeVersion> {
        Ok(self.version_with(options)?.0)
    }

    /// Its version, and the fuel that asking took.
    pub(crate) fn version_with(&self, options: &CallOptions) -> Result<(RuntimeVersion, u64)> {
        if let Some(version) = RuntimeVersion::of_sections(self.code.wasm()) {
            return Ok((version, 0));
        }
        let outcome = self.call(&mut Storage::default(), "Core_version", &[], options)?;
        let version = RuntimeVersion::of_encoding(&outcome.output);
        let version = version
            .ok_or_else(|| broken("Core_version", Rule::Encoding("a version of a runtime")))?;
        Ok((version, outcome.fuel))
    }

    /// Calls an entry point on a state. The changes stay in `storage`, which the caller applies or
    /// discards.
    ///
    /// # Errors
    /// [`SubstrateError`](crate::SubstrateError) if the runtime breaks the protocol; a
    /// [`Trap`](prova_core::Trap); `storage` is then what it was (R1).
    pub fn call(
        &self,
        storage: &mut Storage,
        entry: &str,
        input: &[u8],
        options: &CallOptions,
    ) -> Result<Outcome> {
        self.try_call(storage, entry, input, options).map_err(|failure| *failure).map_err(
            |failure| {
                let Failure { error, log, .. } = failure;
                match log.iter().rev().find(|line| line.level == 0) {
                    Some(line) => error.context(format!("the runtime said: {}", line.message)),
                    None => error,
                }
            },
        )
    }

    /// [`Runtime::call`], with what was seen of a call that failed.
    pub(crate) fn try_call(
        &self,
        storage: &mut Storage,
        entry: &str,
        input: &[u8],
        options: &CallOptions,
    ) -> Result<Outcome, Box<Failure>> {
        let floor = match storage.enter() {
            Ok(floor) => floor,
            Err(rule) => {
                let error = broken(entry.to_owned(), rule);
                return Err(Box::new(Failure { error, log: Vec::new(), last_root: None }));
            }
        };
        let host = Host {
            engine: self.engine.clone(),
            memory: None,
            allocator: Allocator::new(0),
            storage: std::mem::take(storage),
            batch: None,
            log: Vec::new(),
            log_bytes: 0,
            log_level: options.log_level,
            last_root: None,
            calls: BTreeMap::new(),
            nesting: self.nesting,
            metered: false,
            limits: StoreLimits::default(),
        };
        let mut store = Store::new(&self.engine, host);
        store.data_mut().metered = store.get_fuel().is_ok();
        let called = self.run(&mut store, entry, input, options);
        let mut host = store.into_data();
        *storage = std::mem::take(&mut host.storage);
        storage.leave(floor, called.is_ok());
        match called {
            Ok((output, fuel)) => Ok(Outcome {
                output,
                fuel,
                log: host.log,
                calls: host.calls,
                heap_peak_bytes: host.allocator.peak_bytes(),
                last_root: host.last_root,
            }),
            Err(error) => {
                let error = error.context(format!("failed to call `{entry}`"));
                Err(Box::new(Failure { error, log: host.log, last_root: host.last_root }))
            }
        }
    }

    /// The output and the fuel.
    fn run(
        &self,
        store: &mut Store<Host>,
        entry: &str,
        input: &[u8],
        options: &CallOptions,
    ) -> Result<(Vec<u8>, u64)> {
        let fuel = options.fuel.unwrap_or(u64::MAX);
        if store.data().metered {
            store.set_fuel(fuel)?;
        }
        // An embedder that moves the epoch on stops the call.
        store.set_epoch_deadline(1);
        let (instance, memory) = self.instantiate(store, options)?;
        let Some(Val::I32(heap_base)) =
            instance.get_global(&mut *store, "__heap_base").map(|global| global.get(&mut *store))
        else {
            return Err(broken("runtime", Rule::HeapBase));
        };
        store.data_mut().memory = Some(memory);
        store.data_mut().allocator = Allocator::new(heap_base as u32);
        let func = instance
            .get_typed_func::<(i32, i32), i64>(&mut *store, entry)
            .map_err(|_| broken(entry.to_owned(), Rule::Entry))?;
        let at = self.give_input(store, &memory, entry, input)?;
        let result = func.call(&mut *store, (at as i32, input.len() as i32))? as u64;
        let (start, len) = (result as u32, (result >> 32) as u32);
        let data = memory.data(&*store);
        let output = data.get(start as usize..start as usize + len as usize).ok_or_else(|| {
            let rule = Rule::Range { start, len, memory: data.len() as u64 };
            broken(format!("result of {entry}"), rule)
        })?;
        if len > OUTPUT_BYTES_MAX {
            let rule = Rule::OutputBytes(OUTPUT_BYTES_MAX.into());
            return Err(broken(format!("result of {entry}"), rule));
        }
        let left = if store.data().metered { store.get_fuel()? } else { fuel };
        Ok((output.to_vec(), fuel - left))
    }

    fn give_input(
        &self,
        store: &mut Store<Host>,
        memory: &Memory,
        entry: &str,
        input: &[u8],
    ) -> Result<u32> {
        let refused = |error| broken(format!("input of {entry}"), Rule::Allocator(error));
        let len = u32::try_from(input.len()).unwrap_or(u32::MAX);
        let (bytes, host) = memory.data_and_store_mut(&mut *store);
        let at = host.allocator.allocate(bytes, len).map_err(refused)?;
        memory.write(&mut *store, at as usize, input)?;
        Ok(at)
    }

    fn instantiate(
        &self,
        store: &mut Store<Host>,
        options: &CallOptions,
    ) -> Result<(Instance, Memory)> {
        let heap = heap_pages(&store.data().storage, options)?;
        let pages = u64::from(self.pages) + heap;
        if pages > u64::from(HEAP_PAGES_MAX) {
            return Err(broken("runtime", Rule::HeapPages(heap)));
        }
        set_limits(store, pages);
        let memory = Memory::new(&mut *store, MemoryType::new(pages as u32, None))?;
        Ok((self.pre.instantiate_with(&mut *store, &[memory.into()])?, memory))
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("code", &self.code).finish_non_exhaustive()
    }
}

/// The pages of heap: of the state, or of the options.
fn heap_pages(storage: &Storage, options: &CallOptions) -> Result<u64> {
    let Some(bytes) = storage.before(HEAP_PAGES_KEY) else { return Ok(options.heap_pages.into()) };
    match bytes.try_into() {
        Ok(bytes) => Ok(u64::from_le_bytes(bytes).min(u64::from(u32::MAX))),
        Err(_) => {
            Err(broken(":heappages", Rule::File("its bytes are no SCALE encoding of a u64".into())))
        }
    }
}

/// Limits a store to one memory of at most `pages` pages.
fn set_limits(store: &mut Store<Host>, pages: u64) {
    let bytes = usize::try_from(pages << 16).unwrap_or(usize::MAX);
    store.data_mut().limits = StoreLimitsBuilder::new().memory_size(bytes).build();
    store.limiter(|host| &mut host.limits);
}
