//! The section `.wasmtime.engine`: all settings that the module was compiled with, in Wasmtime's
//! own types.
//!
//! - G1. The bytes are those that the settings have: nothing stands behind them, and no number is
//!   written longer than it must be.
//! - G2. `prova-wasmtime-layout`, which reads the section by another description, has the same
//!   settings.
//! - G3. The features of Wasm are some that Wasmtime 48 can compile.
//!
//! What else the section says, the loader compares with the host: a file for other settings than
//! the host's is not loaded. Settings that it does not compare mean nothing to it, and it runs with
//! the host's: `generate_address_map`, `*_for_growth`, `debug_adapter_modules`,
//! `gc_zeal_alloc_counter`, `metadata_*`, `branch_hinting`; of the target the vendor and the
//! environment; of Cranelift's flags those that change no semantics, as the choice of registers.

use crate::error::Error;
use prova_wasmtime_layout::{Collector, Settings};
use serde::{Deserialize, Serialize};
use wasmtime_environ::wasmparser::WasmFeatures;
use wasmtime_environ::{FlagValue, Tunables};

/// The section's name.
pub(crate) const SECTION: &str = ".wasmtime.engine";

/// The settings that the translation of Wasm depends on.
pub(crate) struct Engine {
    pub(crate) tunables: Tunables,
    pub(crate) features: WasmFeatures,
}

#[derive(Deserialize, Serialize)]
struct Metadata<'a> {
    target: &'a str,
    #[serde(borrow)]
    shared: Vec<(&'a str, FlagValue<'a>)>,
    #[serde(borrow)]
    isa: Vec<(&'a str, FlagValue<'a>)>,
    tunables: Tunables,
    features: u64,
}

/// G3.
fn compilable() -> WasmFeatures {
    WasmFeatures::WASM3
        | WasmFeatures::COMPONENT_MODEL
        | WasmFeatures::CUSTOM_PAGE_SIZES
        | WasmFeatures::STACK_SWITCHING
        | WasmFeatures::WIDE_ARITHMETIC
        | WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_ASYNC_STACKFUL
        | WasmFeatures::CM_MORE_ASYNC_BUILTINS
        | WasmFeatures::CM_THREADING
        | WasmFeatures::CM_ERROR_CONTEXT
        | WasmFeatures::CM_GC
        | WasmFeatures::CM_MAP
        | WasmFeatures::CM64
        | WasmFeatures::CM_FIXED_LENGTH_LISTS
        | WasmFeatures::CM_IMPLEMENTS
}

impl Engine {
    /// The settings in the section's bytes.
    pub(crate) fn read(data: &[u8], settings: &Settings) -> Result<Engine, Error> {
        let wrong = |what: String| Error::new(SECTION, what);
        // A version, and the release's name behind its length.
        let len = data.get(1).copied().map_or(0, usize::from);
        let record = data.get(2 + len..).ok_or_else(|| wrong("too short".to_owned()))?;
        let metadata: Metadata<'_> =
            postcard::from_bytes(record).map_err(|error| wrong(format!("malformed: {error}")))?;
        let again = postcard::to_allocvec(&metadata)
            .map_err(|error| wrong(format!("not written: {error}")))?;
        if let Some(at) = differs(record, &again) {
            return Err(Error::at(SECTION, 2 + len + at, "not as Wasmtime writes settings"));
        }
        let Metadata { target, tunables, features, .. } = metadata;
        if target != settings.target || !agree(settings, &tunables) {
            return Err(wrong("other settings than the layout was derived from".to_owned()));
        }
        if tunables.recording {
            return Err(wrong("a recording has checksums that are not compared".to_owned()));
        }
        let known = WasmFeatures::from_bits(features).filter(|all| compilable().contains(*all));
        let features = known.ok_or_else(|| wrong("features that have no rule".to_owned()))?;
        Ok(Engine { tunables, features })
    }
}

/// G2.
fn agree(settings: &Settings, tunables: &Tunables) -> bool {
    let Settings {
        release: _,
        target: _,
        collector,
        debug_native,
        is_v3: _,
        is_avx512: _,
        memory_reservation,
        memory_guard_size,
        memory_may_move,
        gc_heap_reservation,
        gc_heap_guard_size,
        gc_heap_may_move,
        table_lazy_init,
        consume_fuel,
        epoch_interruption,
        signals_based_traps,
        winch_callable,
    } = *settings;
    let names = tunables.collector.map(|collector| match collector {
        wasmtime_environ::Collector::DeferredReferenceCounting => "drc",
        wasmtime_environ::Collector::Null => "null",
        wasmtime_environ::Collector::Copying => "copying",
    });
    collector.map(Collector::name) == names
        && debug_native == tunables.debug_native
        && memory_reservation == tunables.memory_reservation
        && memory_guard_size == tunables.memory_guard_size
        && memory_may_move == tunables.memory_may_move
        && gc_heap_reservation == tunables.gc_heap_reservation
        && gc_heap_guard_size == tunables.gc_heap_guard_size
        && gc_heap_may_move == tunables.gc_heap_may_move
        && table_lazy_init == tunables.table_lazy_init
        && consume_fuel == tunables.consume_fuel
        && epoch_interruption == tunables.epoch_interruption
        && signals_based_traps == tunables.signals_based_traps
        && winch_callable == tunables.winch_callable
        && !tunables.debug_guest
}

/// Where two lists of bytes first differ.
pub(crate) fn differs(left: &[u8], right: &[u8]) -> Option<usize> {
    let same = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    (same < left.len().max(right.len())).then_some(same)
}
