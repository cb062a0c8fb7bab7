//! `profiling.h`: profiles of programs, from samples that the program takes where the epoch is due.

use crate::pointer::{Give, In, Out, want};
use crate::store::guarded;
use crate::vector::wasm_byte_vec_t;
use crate::wasmtime::error::{MaybeError, handed, or_end};
use crate::wasmtime::handle::wasmtime_store_t;
use crate::wasmtime::module::wasmtime_module_t;
use prova::WasmBacktrace;
use prova_profiler::GuestProfiler;
use std::time::Duration;

/// A profile in the making.
pub(crate) struct wasmtime_guestprofiler_t {
    profiler: GuestProfiler,
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_guestprofiler_delete(_profiler: Option<Box<wasmtime_guestprofiler_t>>) {}

/// The modules are not needed: frames have the names of theirs.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_guestprofiler_new(
    module_name: In<wasm_byte_vec_t>,
    interval_nanos: u64,
    _modules_len: usize,
    _modules_name: In<*const wasm_byte_vec_t>,
    _modules_module: In<*const wasmtime_module_t>,
) -> Option<Box<wasmtime_guestprofiler_t>> {
    let name = module_name.want("module_name").to_text();
    let profiler = GuestProfiler::new(&name, Duration::from_nanos(interval_nanos));
    Some(Box::new(wasmtime_guestprofiler_t { profiler }))
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_guestprofiler_sample(
    mut profiler: Give<wasmtime_guestprofiler_t>,
    store: In<wasmtime_store_t>,
) {
    let cell = &store.want("store").cell;
    let backtrace = cell.with(|context| Ok(WasmBacktrace::at_epoch(&context)));
    let backtrace = or_end(backtrace, "wasmtime_guestprofiler_sample");
    profiler.want("guestprofiler").profiler.sample(&backtrace);
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_guestprofiler_finish(
    profiler: Option<Box<wasmtime_guestprofiler_t>>,
    mut out: Out<wasm_byte_vec_t>,
) -> MaybeError {
    let profiler = want(profiler, "guestprofiler").profiler;
    let written = guarded(|| {
        let mut bytes = Vec::new();
        profiler.finish(&mut bytes)?;
        Ok(bytes.into_iter().collect())
    });
    handed(written, &mut out)
}
