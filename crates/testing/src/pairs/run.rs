//! A module and a [`Run`] → what it gives: output, exit code, results, trap.
//!
//! A program sees the folder of files as `/`. Its standard error is not compared: the paths of a
//! build stand in messages there.

use super::data::Run;
use prova_core::wasi::{self, Captured, I32Exit, Perms, WasiCtx, WasiCtxBuilder};
use prova_core::{Config, Engine, Error, Instance, Linker, Module, Store, Trap, Val, ValType};
use std::io::Cursor;
use std::path::Path;

const FUEL: u64 = 100_000_000;
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Runs a module.
///
/// # Errors
/// If it is no module, or cannot be instantiated or called at all.
pub fn run(wasm: &[u8], run: &Run, files: &Path) -> Result<String, Error> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, wasm)?;
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx)?;
    let output = Captured::new(OUTPUT_BYTES_MAX);
    let mut ctx = WasiCtxBuilder::new();
    ctx.stdout(Box::new(output.clone())).arg("program").preopen_path(
        files,
        "/",
        Perms::default(),
    )?;
    if let Run::Main(arguments, input) = run {
        ctx.args(arguments).stdin(Box::new(Cursor::new(input.clone().into_bytes())));
    }
    let mut store = Store::new(&engine, ctx.build());
    store.set_fuel(FUEL)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let ended = match run {
        Run::Main(..) => call(&mut store, &instance, "_start", &[]),
        Run::Call(name, numbers) => {
            if instance.get_func(&mut store, "_initialize").is_some() {
                call(&mut store, &instance, "_initialize", &[])?;
            }
            call(&mut store, &instance, name, numbers)
        }
    };
    let ended = match ended {
        Ok(results) => results,
        Err(error) => match (error.downcast_ref::<I32Exit>(), error.downcast_ref::<Trap>()) {
            (Some(exit), _) => exit.to_string(),
            (_, Some(trap)) => format!("{trap:?}"),
            (None, None) => return Err(error),
        },
    };
    Ok(format!("{}{ended}", String::from_utf8_lossy(&output.content())))
}

/// Calls an export with numbers.
fn call(
    store: &mut Store<WasiCtx>,
    instance: &Instance,
    name: &str,
    numbers: &[i64],
) -> Result<String, Error> {
    let missing = || Error::msg(format!("no function `{name}` is exported"));
    let func = instance.get_func(&mut *store, name).ok_or_else(missing)?;
    let ty = func.ty(&*store);
    let number = |(ty, number): (ValType, &i64)| match ty {
        ValType::I64 => Val::I64(*number),
        _ => Val::I32(*number as i32),
    };
    let args: Vec<Val> = ty.params().zip(numbers).map(number).collect();
    let mut results: Vec<Val> = ty.results().filter_map(|ty| Val::default_for_ty(&ty)).collect();
    func.call(&mut *store, &args, &mut results)?;
    Ok(format!("{results:?}"))
}
