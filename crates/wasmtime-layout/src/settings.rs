//! The section `.wasmtime.engine`: release, target, and the settings that change code.
//!
//! The section is a byte of its version, a byte that is the length of the release's name, that
//! name, and a record in the format of `postcard` (source: `wasmtime` 48.0.8,
//! module `engine::serialization`). Of the record's `Tunables` all fields before the last one that
//! is
//! wanted here are read, in their order (source: `wasmtime-environ` 48.0.8, module `tunables`).

use crate::error::Error;
use serde::Deserialize;

/// The section's name.
const SECTION: &str = ".wasmtime.engine";
/// The release whose layout is known, as files name it: by its first number.
const RELEASE: &str = "48";

/// The settings of a compiled module that its code depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The release that compiled it.
    pub release: String,
    /// The target's name.
    pub target: String,
    /// The collector of garbage, if there is one.
    pub collector: Option<Collector>,
    /// Whether sections for debuggers of the host were asked for.
    pub debug_native: bool,
    /// Bytes that are reserved for a memory.
    pub memory_reservation: u64,
    /// Bytes behind those that always fault.
    pub memory_guard_size: u64,
    /// Whether memories that may grow beyond their reservation may move.
    pub memory_may_move: bool,
    /// Bytes that are reserved for the heap of collected objects.
    pub gc_heap_reservation: u64,
    /// Bytes behind those that always fault.
    pub gc_heap_guard_size: u64,
    /// Whether that heap may move if it may grow beyond its reservation.
    pub gc_heap_may_move: bool,
    /// Whether tables are initialised when elements are first read.
    pub table_lazy_init: bool,
    /// Whether fuel is counted.
    pub consume_fuel: bool,
    /// Whether the epoch is polled.
    pub epoch_interruption: bool,
    /// Whether faults are traps.
    pub signals_based_traps: bool,
    /// Whether functions have the baseline compiler's convention.
    pub winch_callable: bool,
    /// Whether the processor must have all that x86-64-v3 has.
    pub is_v3: bool,
    /// Whether it must also have those parts of AVX-512 that Cranelift knows.
    pub is_avx512: bool,
}

/// The settings of Cranelift that say that the processor has what x86-64-v3 has.
const V3: [&str; 6] = ["has_avx", "has_avx2", "has_bmi1", "has_bmi2", "has_fma", "has_lzcnt"];

/// The same of AVX-512.
const AVX512: [&str; 6] = [
    "has_avx512bitalg",
    "has_avx512dq",
    "has_avx512f",
    "has_avx512vbmi",
    "has_avx512vl",
    "has_avx512vnni",
];

#[derive(Deserialize)]
struct Metadata<'a> {
    target: &'a str,
    #[serde(borrow)]
    shared: Vec<(&'a str, Flag<'a>)>,
    #[serde(borrow)]
    isa: Vec<(&'a str, Flag<'a>)>,
    tunables: Tunables,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "variants are told apart by their number, and must all be there")]
enum Flag<'a> {
    Enum(&'a str),
    Num(u8),
    Bool(bool),
}

/// A collector of garbage.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Collector {
    /// `-C collector=drc`.
    DeferredReferenceCounting,
    /// `-C collector=null`.
    Null,
    /// `-C collector=copying`.
    Copying,
}

impl Collector {
    /// Its name in Wasmtime's options.
    pub fn name(self) -> &'static str {
        match self {
            Collector::DeferredReferenceCounting => "drc",
            Collector::Null => "null",
            Collector::Copying => "copying",
        }
    }
}

/// A table of costs is not read, so it is no variant: such a file is refused.
#[derive(Deserialize)]
#[allow(dead_code, reason = "variants are told apart by their number, and must all be there")]
enum Costs {
    Table(Never),
    Default,
}

#[derive(Deserialize)]
enum Never {}

#[derive(Deserialize)]
#[allow(dead_code, reason = "variants are told apart by their number, and must all be there")]
enum Inlining {
    Yes,
    InterModuleAndIntraGc,
    InterModule,
    Intrinsics,
    No,
}

/// The first fields of Wasmtime's `Tunables`, in its order.
#[derive(Deserialize)]
struct Tunables {
    collector: Option<Collector>,
    memory_reservation: u64,
    memory_guard_size: u64,
    _memory_reservation_for_growth: u64,
    debug_native: bool,
    debug_guest: bool,
    _debug_symbols: bool,
    _parse_wasm_debuginfo: bool,
    consume_fuel: bool,
    _operator_cost: Costs,
    epoch_interruption: bool,
    memory_may_move: bool,
    _guard_before_linear_memory: bool,
    table_lazy_init: bool,
    _generate_address_map: bool,
    _debug_adapter_modules: bool,
    _relaxed_simd_deterministic: bool,
    winch_callable: bool,
    signals_based_traps: bool,
    _memory_init_cow: bool,
    _inlining: Inlining,
    _inlining_small_callee_size: u32,
    _inlining_sum_size_threshold: u32,
    _concurrency_support: bool,
    _recording: bool,
    _gc_zeal_alloc_counter: Option<u32>,
    gc_heap_reservation: u64,
    gc_heap_guard_size: u64,
    _gc_heap_reservation_for_growth: u64,
    _gc_heap_initial_size: u64,
    gc_heap_may_move: bool,
}

impl Settings {
    /// The processors that the code may be for, by the instructions that the check lets pass.
    pub fn processor(&self) -> &'static str {
        match (self.is_v3, self.is_avx512) {
            (_, true) => "x86-64-v3 with AVX-512",
            (true, false) => "x86-64-v3",
            (false, false) => "x86-64-v2",
        }
    }

    /// The settings in the section's bytes.
    ///
    /// # Errors
    ///
    /// For another release, target or format, or settings that the layout does not know.
    pub(crate) fn read(data: &[u8]) -> Result<Settings, Error> {
        let wrong = |what: String| Error::compiled(SECTION, what);
        let [version, len, rest @ ..] = data else {
            return Err(wrong("too short".to_owned()));
        };
        let Some((release, rest)) = rest.split_at_checked(usize::from(*len)) else {
            return Err(wrong("too short".to_owned()));
        };
        let release = String::from_utf8_lossy(release).into_owned();
        if release != RELEASE {
            return Err(wrong(format!("compiled by Wasmtime {release:?}, not by {RELEASE}")));
        }
        if *version != 0 {
            return Err(wrong(format!("version {version} of the section, not 0")));
        }
        let (metadata, _) = postcard::take_from_bytes::<Metadata<'_>>(rest)
            .map_err(|error| wrong(format!("malformed: {error}")))?;
        if !metadata.target.starts_with("x86_64-") {
            return Err(wrong(format!("the target {:?}, not x86-64", metadata.target)));
        }
        if metadata.target.contains("windows") {
            let what = "calls and frames of Windows have no rule";
            return Err(wrong(format!("the target {:?}: {what}", metadata.target)));
        }
        let is_on = |list: &[(&str, Flag<'_>)], name: &str| {
            list.iter().any(|(of, flag)| *of == name && matches!(flag, Flag::Bool(true)))
        };
        if is_on(&metadata.shared, "enable_pinned_reg") {
            return Err(wrong("a pinned register has no rule".to_owned()));
        }
        let tunables = metadata.tunables;
        if tunables.debug_guest {
            return Err(wrong("code for debuggers of guests".to_owned()));
        }
        let on = |name: &str| is_on(&metadata.isa, name);
        Ok(Settings {
            release,
            target: metadata.target.to_owned(),
            collector: tunables.collector,
            debug_native: tunables.debug_native,
            memory_reservation: tunables.memory_reservation,
            memory_guard_size: tunables.memory_guard_size,
            memory_may_move: tunables.memory_may_move,
            gc_heap_reservation: tunables.gc_heap_reservation,
            gc_heap_guard_size: tunables.gc_heap_guard_size,
            gc_heap_may_move: tunables.gc_heap_may_move,
            table_lazy_init: tunables.table_lazy_init,
            consume_fuel: tunables.consume_fuel,
            epoch_interruption: tunables.epoch_interruption,
            signals_based_traps: tunables.signals_based_traps,
            winch_callable: tunables.winch_callable,
            is_v3: V3.iter().all(|name| on(name)),
            is_avx512: V3.iter().chain(&AVX512).all(|name| on(name)),
        })
    }
}
