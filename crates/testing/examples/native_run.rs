//! One program with WASI, its module compiled first: how much processor time each part takes.
//!
//! ```text
//! native_run [--explicit|--no-signals|--interp] [--fuel] [--epochs] FILE ARGS…
//! ```
//!
//! The directories `data`, `tmp` and `share` of the working directory are granted where they are.
//! The last line of the error output is `compile SECONDS run SECONDS`, user and system time of the
//! whole process. `benches/beside_wasmtime.py` calls it.
//!
//! With `PERF_MAP` in the environment, functions are named for `perf`.
//!
//! Limits: a failing program shows only by its exit code; nothing is compared here.

use prova_core::wasi::{I32Exit, Perms, WasiCtx, WasiCtxBuilder};
use prova_core::{Config, Engine, Error, Linker, Module, Store, Translate, wasi};
use prova_testing::sides::native::Way;
use rustix::time::{ClockId, clock_gettime};
use std::process::ExitCode;

fn processor_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> prova_core::Result<u8> {
    let mut args = std::env::args().skip(1).peekable();
    let (mut way, mut fuel, mut epochs) = (Some(Way::Guard), false, false);
    while let Some(option) = args.next_if(|arg| arg.starts_with("--")) {
        match option.as_str() {
            "--explicit" => way = Some(Way::Explicit),
            "--no-signals" => way = Some(Way::NoSignals),
            "--interp" => way = None,
            "--fuel" => fuel = true,
            "--epochs" => epochs = true,
            other => return Err(Error::msg(format!("unknown option {other}"))),
        }
    }
    let file = args.next().ok_or_else(|| Error::msg("a module is needed"))?;
    let mut config = Config::new();
    config.perf_map(std::env::var_os("PERF_MAP").is_some());
    config.translate(Translate::Eager).consume_fuel(fuel).epoch_interruption(epochs);
    if let Some(way) = way {
        config.native(way.compiler()).signals_based_traps(way != Way::NoSignals);
    }
    let engine = Engine::new(&config)?;
    let start = processor_seconds();
    let module = Module::from_file(&engine, &file)?;
    let compiled = processor_seconds();
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx)?;
    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio().arg(&file);
    for arg in args {
        builder.arg(arg);
    }
    for dir in ["data", "tmp", "share"] {
        if std::path::Path::new(dir).is_dir() {
            builder.preopen_path(dir, dir, Perms::default())?;
        }
    }
    let mut store = Store::new(&engine, builder.build());
    if fuel {
        store.set_fuel(u64::MAX >> 1)?;
    }
    if epochs {
        store.set_epoch_deadline(1);
    }
    let instance = linker.instantiate(&mut store, &module)?;
    let outcome = instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ());
    let ran = processor_seconds();
    eprintln!("compile {:.3} run {:.3}", compiled - start, ran - compiled);
    match outcome {
        Ok(()) => Ok(0),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(&I32Exit(code)) => Ok(u8::try_from(code).unwrap_or(u8::MAX)),
            None => Err(error),
        },
    }
}
