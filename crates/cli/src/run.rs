//! `prova run`: a module with WASI, its initialiser, and an export or `_start`.

use crate::args::RunArgs;
use crate::report::{Exit, Misuse, OfFile, print, warn};
use crate::{groups, input, values, watchdog};
use prova::wasi::{Perms, WasiCtx, WasiCtxBuilder, WasiLimits};
use prova::{
    Config, Context, Engine, ExternType, Func, Instance, Linker, Module, Result, Store,
    StoreLimits, Val, bail, wasi,
};
use std::ffi::OsString;
use std::path::Path;

/// What host functions see.
struct Host {
    wasi: WasiCtx,
    limits: StoreLimits,
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<Exit> {
    let (mut config, mut wasm) = args.engine.config()?;
    let wasi_limits = groups::wasi_limits(&args.wasi)?;
    if let Some(fuel) = args.fuel {
        if wasm.fuel.replace(fuel).is_some_and(|other| other != fuel) {
            bail!(Misuse("`--fuel` and `-W fuel` say different things".into()));
        }
        config.consume_fuel(true);
    }
    let engine = new_engine(&config)?;
    let watchdog = wasm.timeout.map(|timeout| watchdog::start(&engine, timeout)).transpose()?;
    let preloads =
        args.preloads.iter().map(|preload| named_file(preload)).collect::<Result<Vec<_>>>()?;
    let (path, guest_args) = module_and_args(&args.module_and_args)?;
    let module = input::module(&engine, path)?;
    let preloads = preloads
        .into_iter()
        .map(|(name, file)| Ok((name, Path::new(file), input::module(&engine, Path::new(file))?)))
        .collect::<Result<Vec<_>>>()?;
    let host = Host { wasi: wasi_ctx(args, wasi_limits, path, guest_args)?, limits: wasm.limits() };
    let mut store = Store::new(&engine, host);
    store.limiter(|host| &mut host.limits);
    if let Some(fuel) = wasm.fuel {
        store.set_fuel(fuel)?;
    }
    if let Some(watchdog) = watchdog {
        watchdog.start_running(&mut store);
    }
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    for (name, file, preload) in preloads {
        linker.module(&mut store, name, &preload).context(OfFile::new("instantiate", file))?;
    }
    if wasm.unknown_imports_trap {
        linker.define_unknown_imports_as_traps(&module)?;
    }
    run_main(args, &linker, &mut store, &module, path, guest_args)
        .context(OfFile::new("run main module", path))?;
    Ok(Exit::Done)
}

/// A configuration that is impossible is a misuse: it was put together from options.
pub(crate) fn new_engine(config: &Config) -> Result<Engine> {
    Engine::new(config).map_err(|error| Misuse(error.to_string()).into())
}

fn module_and_args(all: &[OsString]) -> Result<(&Path, &[OsString])> {
    match all.split_first() {
        Some((module, args)) => Ok((Path::new(module), args)),
        None => bail!(Misuse("a module is needed (`prova --help` shows how to call it)".into())),
    }
}

fn named_file(preload: &str) -> Result<(&str, &str)> {
    match preload.split_once('=') {
        Some(named) => Ok(named),
        None => bail!(Misuse(format!("`--preload {preload}`: it must be NAME=FILE"))),
    }
}

/// What the guest is granted.
fn wasi_ctx(
    args: &RunArgs,
    limits: WasiLimits,
    path: &Path,
    guest_args: &[OsString],
) -> Result<WasiCtx> {
    let mut builder = WasiCtxBuilder::new();
    builder.limits(limits);
    builder.inherit_stdio().context("failed to hand on the standard streams")?;
    let own_name = path.file_name().unwrap_or(path.as_os_str());
    builder.arg(args.argv0.as_deref().map_or(own_name.as_encoded_bytes(), str::as_bytes));
    if args.invoke.is_none() {
        builder.args(guest_args.iter().map(|arg| arg.as_encoded_bytes()));
    }
    grant(&mut builder, &args.env, &args.dirs)?;
    Ok(builder.build())
}

/// Grants environment variables and directories, as they are given on the command line.
pub(crate) fn grant(builder: &mut WasiCtxBuilder, env: &[String], dirs: &[String]) -> Result<()> {
    for variable in env {
        if variable.is_empty() || variable.starts_with('=') {
            bail!(Misuse(format!("`--env {variable}`: it must be NAME or NAME=VALUE")));
        }
        match variable.split_once('=') {
            Some((name, value)) => {
                builder.env(name, value);
            }
            None => {
                if let Some(value) = std::env::var_os(variable) {
                    builder.env(variable, value.as_encoded_bytes());
                }
            }
        }
    }
    for dir in dirs {
        let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
        builder
            .preopen_path(host, guest, Perms::default())
            .with_context(|| format!("failed to open directory `{host}`"))?;
    }
    Ok(())
}

/// Instantiates, initialises, calls.
fn run_main(
    args: &RunArgs,
    linker: &Linker<Host>,
    store: &mut Store<Host>,
    module: &Module,
    path: &Path,
    guest_args: &[OsString],
) -> Result<()> {
    let instance = linker.instantiate(&mut *store, module)?;
    if let Some(initialize) = instance.get_func(&*store, "_initialize") {
        call(store, initialize, "_initialize", &[])?;
    }
    if let Some(name) = &args.invoke {
        let func = exported_func(store, instance, name)?;
        let vals = values::parse_all(name, &func.ty(&*store), guest_args)?;
        return call(store, func, name, &vals);
    }
    match instance.get_func(&*store, "_start") {
        Some(start) => call(store, start, "_start", &[]),
        None => {
            warn(&format!(
                "warning: `{}` exports no function `_start`: nothing is run (--invoke calls another)",
                path.display()
            ));
            Ok(())
        }
    }
}

/// Calls a function and prints its results, one on a line.
fn call(store: &mut Store<Host>, func: Func, name: &str, vals: &[Val]) -> Result<()> {
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, vals, &mut results)
        .with_context(|| format!("failed to invoke `{name}`"))?;
    let text: String = results.iter().map(|result| format!("{result}\n")).collect();
    print(&text)
}

/// The function exported as `name`, or an error that names those there are.
fn exported_func(store: &Store<Host>, instance: Instance, name: &str) -> Result<Func> {
    if let Some(func) = instance.get_func(store, name) {
        return Ok(func);
    }
    let mut message = format!("no func export named `{name}` found");
    let exports = instance.module(store).exports();
    let funcs: Vec<String> = exports
        .filter_map(|export| match export.ty() {
            ExternType::Func(ty) => Some(format!("\n  {}{ty}", export.name())),
            _ => None,
        })
        .collect();
    message.push_str(if funcs.is_empty() {
        "\nit exports no functions"
    } else {
        "\nexported functions:"
    });
    message.extend(funcs);
    bail!("{message}")
}
