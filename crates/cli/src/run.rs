//! `prova run`: a module with WASI, its initialiser, and an export or `_start`.

use crate::args::RunArgs;
use crate::debug::Waiting;
use crate::groups::{Codegen, Debug, Wasi, Wasm};
use crate::report::{Exit, Misuse, OfFile, Shown as _, exit_code, print, printable, warn};
use crate::sampling::{Sampled, Sampling};
use crate::settled::settled;
use crate::stats::Stats;
use crate::threads::{self, Threads};
use crate::{cache, hint, input, making, stats, values, watchdog};
use prova_core::wasi::{Grant, I32Exit, WasiCtx, WasiCtxBuilder, inherited_listeners};
use prova_core::{
    Config, Context, Engine, ExternType, Func, Instance, Linker, Module, Result, Store,
    StoreLimits, Val, WasmBacktraceDetails, WasmCoreDump, bail, wasi,
};
use prova_inspect::near;
use prova_runs::trace::{Recorder, outcome_text, record_unknown};
use std::ffi::OsString;
use std::fs::File;
use std::io::BufWriter;
use std::net::TcpListener;
use std::path::Path;

/// The state of host functions.
pub(crate) struct Host {
    wasi: WasiCtx,
    pub(crate) limits: StoreLimits,
    /// Records the host's answers, if a record is wanted.
    recorder: Option<Recorder>,
    pub(crate) threads: Option<Threads>,
}

/// The state of a thread's host functions: of the same WASI.
impl Clone for Host {
    fn clone(&self) -> Host {
        let Host { wasi, limits, recorder: _, threads } = self;
        let (wasi, limits, threads) = (wasi.clone(), limits.clone(), threads.clone());
        Host { wasi, limits, recorder: None, threads }
    }
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<Exit> {
    let args = settled(args)?;
    match args.engine.is_native() {
        true => prova_core::on_compiler_thread(|| run_here(&args)),
        false => run_here(&args),
    }
}

fn run_here(args: &RunArgs) -> Result<Exit> {
    let granted = Wasi::parse(&args.wasi)?;
    let (mut config, wasm, metered) = configured(args, &granted)?;
    let waiting = args.gdbstub.as_deref().map(|at| Waiting::listen(at, &mut config)).transpose()?;
    let sampling = Sampling::parse(args.profile.as_deref(), &mut config)?;
    let engine = new_engine(&config)?;
    let watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    let preloads =
        args.preloads.iter().map(|preload| named_file(preload)).collect::<Result<Vec<_>>>()?;
    let (path, guest_args) = module_and_args(&args.module_and_args)?;
    hint::options_behind_the_module(guest_args);
    let coredump = Debug::parse(&args.debug)?.coredump;
    let profile = sampling.as_ref().map(|sampling| &sampling.file);
    let outputs =
        [("--record", &args.record), ("--profile", &profile.cloned()), ("-D coredump", &coredump)];
    for (option, output) in outputs {
        output.as_ref().map_or(Ok(()), |output| input::apart(option, output, &[path]))?;
    }
    let module = main_module(args, &engine, path)?;
    let preloads = preloads
        .into_iter()
        .map(|(name, file)| Ok((name, Path::new(file), input::module(&engine, Path::new(file))?)))
        .collect::<Result<Vec<_>>>()?;
    let wasi = wasi_ctx(args, &granted, path, guest_args)?;
    let recorder = recorder(args, &module, guest_args)?;
    let host = Host { wasi, limits: wasm.limits(), recorder, threads: None };
    let mut store = limited_store(&engine, host, metered.then(|| wasm.fuel.unwrap_or(u64::MAX)))?;
    if let Some(watchdog) = &watchdog {
        watchdog.start_running(&mut store);
    }
    let sampled = sampling.map(|sampling| sampling.start(&mut store, path, watchdog.as_ref()));
    let sampled = sampled.transpose()?;
    let all: Vec<Module> =
        preloads.iter().map(|(.., preload)| preload).chain([&module]).cloned().collect();
    let shown = preloads.iter().map(|(_, file, preload)| (name_of(file), preload));
    let shown = std::iter::once((name_of(path), &module)).chain(shown);
    let meet = |waiting: Waiting| can_start(args, &module, path).and_then(|()| waiting.meet(shown));
    let debugging = waiting.map(meet).transpose()?;
    let outcome = match granted.threads {
        true => threads::run(args, &granted, &wasm, &mut store, &module),
        false => link_and_run(args, &wasm, &mut store, &module, preloads),
    };
    if let Some(debugging) = debugging {
        debugging.finish(exit_code(&outcome));
    }
    let profiled = sampled.map_or(Ok(()), Sampled::finish);
    if let (Some(file), Err(error)) = (coredump, &outcome) {
        write_coredump(&file, error, &mut store, path);
    }
    warn_of_code(args, &all, granted.threads);
    cache::save(&all);
    tell_stats(args, wasm.fuel, &store, &module)?;
    if let Some(&I32Exit(code)) = outcome.as_ref().err().and_then(|error| error.downcast_ref()) {
        hint::no_directory(args, guest_args, code);
        hint::no_absolute_directory(args, &module, code);
    }
    if let Some(recorder) = store.data_mut().recorder.take() {
        recorder.finish(&outcome_text(&outcome)).context("failed to write the record")?;
    }
    match (outcome, profiled) {
        (Ok(_), profiled) => profiled.map(|()| Exit::Done),
        (Err(error), profiled) => {
            // The error of the run comes last.
            if let Err(other) = profiled {
                warn(&printable(&format!("warning: {other:#}")));
            }
            Err(error)
        }
    }
}

/// A store within its limits, with this fuel if it is metered.
fn limited_store(engine: &Engine, host: Host, fuel: Option<u64>) -> Result<Store<Host>> {
    let mut store = Store::new(engine, host);
    store.limiter(|host| &mut host.limits);
    if let Some(fuel) = fuel {
        store.set_fuel(fuel)?;
    }
    Ok(store)
}

/// The module that runs.
fn main_module(args: &RunArgs, engine: &Engine, path: &Path) -> Result<Module> {
    let module = match &args.expect {
        Some(expected) => input::expected_module(engine, path, expected),
        None => input::module(engine, path),
    };
    module.map_err(|error| hint::component(hint::no_command(error, path), path))
}

/// Says which machine code there is that did not run, and why.
fn warn_of_code(args: &RunArgs, all: &[Module], threads: bool) {
    let asked = args.engine.is_native() || runs_artifacts(args);
    let unused = all.iter().map(|module| hint::unused_code(module, threads));
    let refused = all.iter().map(|module| hint::no_machine_code(&module.refusals(), asked));
    for line in unused.chain(refused).flatten() {
        warn(&printable(&line));
    }
}

/// A module's name for a debugger: the absolute path, which it may open.
fn name_of(file: &Path) -> String {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).display().to_string()
}

/// Prints what `--stats` asks for.
fn tell_stats(
    args: &RunArgs,
    given: Option<u64>,
    store: &Store<Host>,
    module: &Module,
) -> Result<()> {
    match args.stats {
        Some(Stats::Fuel) => {
            warn(&stats::fuel(given, store.get_fuel()?));
            if args.engine.is_native() {
                warn(
                    stats::bytecode("that ran as bytecode", &module.refusals())
                        .to_text()
                        .trim_end(),
                );
            }
        }
        Some(Stats::Dispatches) => {
            warn(stats::dispatches(store.dispatch_counts()).to_text().trim_end())
        }
        Some(Stats::Tiers) => warn(stats::tiers(module).to_text().trim_end()),
        None => {}
    }
    Ok(())
}

/// Writes the state at a trap, if it is one. That it cannot be written does not hide the trap.
fn write_coredump(file: &Path, error: &prova_core::Error, store: &mut Store<Host>, program: &Path) {
    let Some(dump) = error.downcast_ref::<WasmCoreDump>() else { return };
    let program = program.file_name().unwrap_or_default().to_string_lossy();
    let name = file.shown();
    let said = match std::fs::write(file, dump.serialize(&mut *store, &program)) {
        Ok(()) => match dump.references(&mut *store) {
            0 => format!("note: the state at the trap is in `{name}`"),
            n => format!(
                "note: the state at the trap is in `{name}`; {n} global references are null in it"
            ),
        },
        Err(error) => format!("warning: failed to write `{name}`: {error}"),
    };
    warn(&printable(&said));
}

/// With `--record` there is nothing that a replay would not have.
fn record_alone(args: &RunArgs, wasm: &Wasm) -> Result<()> {
    let metered = wasm.fuel.is_some() || args.fuel.is_some() || args.stats.is_some();
    if args.record.is_some() && (metered || !args.preloads.is_empty()) {
        let what = "fuel, --stats and --preload cannot be recorded";
        bail!(Misuse(format!("`--record`: {what}: leave them out")));
    }
    Ok(())
}

/// The writer of the record, if one is wanted.
fn recorder(args: &RunArgs, module: &Module, guest_args: &[OsString]) -> Result<Option<Recorder>> {
    let Some(path) = &args.record else { return Ok(None) };
    let mut texts = Vec::new();
    for arg in guest_args.iter().filter(|_| args.invoke.is_some()) {
        match arg.to_str() {
            Some(text) => texts.push(text.to_owned()),
            None => bail!(Misuse(format!("argument is not valid UTF-8: {arg:?}"))),
        }
    }
    if let Some(name) = &args.invoke {
        // An export that cannot be called leaves an older record as it is; `invoke` reports the
        // error.
        match module.get_export(name) {
            Some(ExternType::Func(ty)) => drop(values::parse_all(name, &ty, guest_args)?),
            _ => return Ok(None),
        }
    }
    let name = path.shown();
    let file = File::create(path).with_context(|| format!("failed to write `{name}`"))?;
    let (out, export) = (Box::new(BufWriter::new(file)), args.invoke.as_deref());
    let recorder = Recorder::new(out, module.wasm(), export.unwrap_or_default(), &texts);
    Ok(Some(recorder.with_context(|| format!("failed to write `{name}`"))?))
}

/// Defines WASI's functions; a record gets what they answer.
pub(crate) fn add_wasi(linker: &mut Linker<Host>, recorded: bool) -> Result<()> {
    if !recorded {
        return wasi::add_to_linker(linker, |host: &mut Host| &mut host.wasi);
    }
    wasi::add_observed_to_linker(
        linker,
        |host: &mut Host| &mut host.wasi,
        |host, call| match &mut host.recorder {
            Some(recorder) => recorder.wasi(call).context("failed to write the record"),
            None => Ok(()),
        },
    )
}

/// A configuration that is impossible is a misuse: it was put together from options. Only its stack
/// can be wrong.
pub(crate) fn new_engine(config: &Config) -> Result<Engine> {
    Engine::new(config).map_err(|error| Misuse(format!("{error} (`-W max-wasm-stack`)")).into())
}

pub(crate) fn module_and_args(all: &[OsString]) -> Result<(&Path, &[OsString])> {
    match all.split_first() {
        Some((module, args)) => Ok((Path::new(module), args)),
        None => bail!(Misuse("a module is needed (`prova --help` shows how to call it)".into())),
    }
}

/// The configuration, the options of `-W`, and whether fuel is counted.
fn configured(args: &RunArgs, granted: &Wasi) -> Result<(Config, Wasm, bool)> {
    let counts = args.stats == Some(Stats::Dispatches);
    // Instructions of the interpreter are what is asked for.
    let engine = if counts { args.engine.as_interpreter() } else { args.engine.clone() };
    let (mut config, mut wasm) = engine.config()?;
    // What standard input has is not known yet.
    let is_read = args.module_and_args.first().is_some_and(|main| main == "-");
    if runs_artifacts(args) || is_read && args.engine.takes_machine_code() {
        config.precompiled(args.engine.memory_shape()?);
    }
    record_alone(args, &wasm)?;
    let (codegen, debug) = (Codegen::parse(&args.codegen)?, Debug::parse(&args.debug)?);
    if codegen.cache == Some(false) && args.cache.is_some() {
        bail!(Misuse("`-C cache=n` and `--cache` say different things".into()));
    }
    if let Some(cache) = cache::of_run(args).filter(|_| codegen.cache != Some(false)) {
        config.cache(cache);
    }
    config.coredump_on_trap(debug.coredump.is_some());
    if debug.backtrace_details == Some(false) {
        config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    }
    if let Some(fuel) = args.fuel
        && wasm.fuel.replace(fuel).is_some_and(|other| other != fuel)
    {
        bail!(Misuse("`--fuel` and `-W fuel` say different things".into()));
    }
    let metered = wasm.fuel.is_some() || args.stats == Some(Stats::Fuel);
    config.consume_fuel(metered).count_dispatches(counts);
    threads::configure(args, granted, &wasm, &mut config)?;
    // Elsewhere no program waits for a search, or others of its threads write.
    let waits = args.engine.waits_for_proofs() && !granted.threads;
    let main = args.module_and_args.first().filter(|_| waits);
    if let Some(line) = main.and_then(|main| making::line(Path::new(main))) {
        config.code_watch(line);
    }
    if args.record.is_some() {
        config.deterministic(true);
    }
    Ok((config, wasm, metered))
}

/// Whether machine code of a module that was written by `prova compile` may run.
fn runs_artifacts(args: &RunArgs) -> bool {
    let main = args.module_and_args.first().map(Path::new);
    let artifacts = main.is_some_and(input::is_artifact_file)
        || args.preloads.iter().any(|preload| is_artifact(preload));
    artifacts && args.engine.takes_machine_code()
}

/// Whether what is instantiated first was written by `prova compile`.
fn is_artifact(preload: &str) -> bool {
    named_file(preload).is_ok_and(|(_, file)| input::is_artifact_file(Path::new(file)))
}

fn named_file(preload: &str) -> Result<(&str, &str)> {
    match preload.split_once('=') {
        Some(named) => Ok(named),
        None => bail!(Misuse(format!("`--preload {preload}`: it must be NAME=FILE"))),
    }
}

/// The guest's grants.
fn wasi_ctx(
    args: &RunArgs,
    granted: &Wasi,
    path: &Path,
    guest_args: &[OsString],
) -> Result<WasiCtx> {
    let mut builder = WasiCtxBuilder::new();
    builder.limits(granted.limits);
    builder.inherit_stdio();
    let own_name = path.file_name().unwrap_or(path.as_os_str());
    builder.arg(args.argv0.as_deref().map_or(own_name.as_encoded_bytes(), str::as_bytes));
    if args.invoke.is_none() {
        builder.args(guest_args.iter().map(|arg| arg.as_encoded_bytes()));
    }
    if granted.inherit_env {
        for (name, value) in std::env::vars_os() {
            builder.env(name.as_encoded_bytes(), value.as_encoded_bytes());
        }
    }
    grant(&mut builder, &args.env, &args.dirs)?;
    if granted.listenfd {
        grant_inherited(&mut builder, !args.dirs.is_empty())?;
    }
    for address in &granted.listens {
        let listener = TcpListener::bind(address)
            .with_context(|| format!("`-S tcplisten={address}`: cannot listen there"))?;
        builder.tcp_listener(listener)?;
    }
    if !args.dirs.is_empty() {
        builder.guard(cache::kept_from_guests(args.cache.as_deref(), &args.dirs)?);
    }
    Ok(builder.build())
}

/// Grants the listeners that the parent of this process opened for it, from descriptor 3 on, with
/// the variables that say so.
fn grant_inherited(builder: &mut WasiCtxBuilder, has_dirs: bool) -> Result<()> {
    let inherited = inherited_listeners().context("`-S listenfd`")?;
    if inherited.listeners.is_empty() {
        warn(
            "`-S listenfd`: no socket was handed over (`LISTEN_FDS` counts those for this process)",
        );
    } else if has_dirs {
        warn("`-S listenfd`: sockets come before the directories, where C libraries look for none");
    }
    for (name, value) in &inherited.variables {
        builder.env(name, value.as_encoded_bytes());
    }
    for listener in inherited.listeners {
        builder.numbered_listener(listener)?;
    }
    Ok(())
}

/// Grants environment variables and directories, as they are given on the command line, without
/// the user's cache.
pub(crate) fn grant(builder: &mut WasiCtxBuilder, env: &[String], dirs: &[Grant]) -> Result<()> {
    for variable in env {
        if variable.is_empty() || variable.starts_with('=') {
            bail!(Misuse(format!("`--env {variable}`: it must be NAME or NAME=VALUE")));
        }
        match variable.split_once('=') {
            Some((name, value)) => {
                builder.env(name, value);
            }
            None => match std::env::var_os(variable) {
                Some(value) => drop(builder.env(variable, value.as_encoded_bytes())),
                None => warn(&printable(&format!(
                    "warning: `--env {variable}`: the variable is not set here, so the guest does not get it (`--env {variable}=VALUE` sets it)"
                ))),
            },
        }
    }
    if !dirs.is_empty() {
        builder.guard(cache::kept_from_guests(None, dirs)?);
    }
    for dir in dirs {
        hint::mode_in_a_name(dir);
        builder.grant(dir).with_context(|| hint::dir_failed(dir))?;
    }
    Ok(())
}

/// Instantiates the other modules, then the main one, which runs.
fn link_and_run(
    args: &RunArgs,
    wasm: &Wasm,
    store: &mut Store<Host>,
    module: &Module,
    preloads: Vec<(&str, &Path, Module)>,
) -> Result<Vec<String>> {
    let (path, guest_args) = module_and_args(&args.module_and_args)?;
    let mut linker = Linker::new(store.engine());
    add_wasi(&mut linker, args.record.is_some())?;
    for (name, file, preload) in preloads {
        linker.module(&mut *store, name, &preload).context(OfFile::new("instantiate", file))?;
    }
    match (wasm.unknown_imports_trap, args.record.is_some()) {
        (false, _) => {}
        (true, false) => linker.define_unknown_imports_as_traps(module)?,
        (true, true) => record_unknown(&mut linker, module, |host| host.recorder.as_mut())?,
    }
    run_main(args, &linker, store, module, path, guest_args)
        .and_then(printed)
        .map_err(|error| hint::needs_threads(error, module))
        .context(OfFile::new("run main module", path))
}

/// Instantiates, initialises, calls: the results, as they were printed.
pub(crate) fn run_main(
    args: &RunArgs,
    linker: &Linker<Host>,
    store: &mut Store<Host>,
    module: &Module,
    path: &Path,
    guest_args: &[OsString],
) -> Result<Vec<String>> {
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
                path.shown()
            ));
            Ok(Vec::new())
        }
    }
}

/// Calls a function; gives its results as they are printed.
fn call(store: &mut Store<Host>, func: Func, name: &str, vals: &[Val]) -> Result<Vec<String>> {
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, vals, &mut results)
        .with_context(|| format!("failed to invoke `{name}`"))?;
    results.iter().map(|value| value.text(&*store)).collect()
}

/// Prints results, one on a line, once nothing can fail any more.
pub(crate) fn printed(results: Vec<String>) -> Result<Vec<String>> {
    let text: String = results.iter().map(|result| format!("{result}\n")).collect();
    print(&text)?;
    Ok(results)
}

/// The most exports that are listed where there is none of a name.
const EXPORTS_LISTED_MAX: usize = 50;

/// The function exported as `name`, or [`no_export`].
fn exported_func(store: &Store<Host>, instance: Instance, name: &str) -> Result<Func> {
    match instance.get_func(store, name) {
        Some(func) => Ok(func),
        None => Err(no_export(instance.module(store), name)),
    }
}

/// Refuses what nobody could debug, before a debugger is waited for.
fn can_start(args: &RunArgs, module: &Module, path: &Path) -> Result<()> {
    let name = args.invoke.as_deref();
    match name.filter(|name| !matches!(module.get_export(name), Some(ExternType::Func(_)))) {
        Some(name) => Err(no_export(module, name)).context(OfFile::new("run main module", path)),
        None => Ok(()),
    }
}

/// The error that names the functions there are, near ones first.
fn no_export(module: &Module, name: &str) -> prova_core::Error {
    let exports = module.exports();
    let funcs: Vec<(String, String)> = exports
        .filter_map(|export| match export.ty() {
            ExternType::Func(ty) => Some((
                export.name().to_owned(),
                format!("{}{ty}", prova_core::printable(export.name())),
            )),
            _ => None,
        })
        .collect();
    let mut message = format!("no func export named `{name}` found");
    if funcs.is_empty() {
        message.push_str("\nit exports no functions");
    }
    let near = near(name, funcs.iter().map(|(name, text)| (name.as_str(), text)));
    if funcs.len() > EXPORTS_LISTED_MAX && !near.is_empty() {
        message.push_str("\nnear names:");
        message.extend(near.iter().map(|text| format!("\n  {text}")));
    }
    if !funcs.is_empty() {
        message.push_str("\nexported functions:");
    }
    message.extend(funcs.iter().take(EXPORTS_LISTED_MAX).map(|(_, text)| format!("\n  {text}")));
    if funcs.len() > EXPORTS_LISTED_MAX {
        message.push_str(&format!(
            "\n  and {} more (`prova inspect` lists them)",
            funcs.len() - EXPORTS_LISTED_MAX
        ));
    }
    prova_core::Error::msg(message)
}
