//! `prova specialize`: a module with an interpreter and its requests → the module with compiled
//! functions, each proved to be the interpreter on its program.
//!
//! Exit codes: 0 written, also where requests were refused; 1 the module is bad, nothing was made,
//! or a request was refused and `--strict` is given (then nothing is written); 2 misuse.

pub(crate) mod places;
mod report;
mod store;

use crate::input;
use crate::report::{Exit, print, warn};
use clap::Args;
use prova::wasi::{self, WasiCtx, WasiCtxBuilder};
use prova::{Caller, Context, Engine, Linker, Result, Store, Val};
use prova_specialize::cache::Store as Cache;
use prova_specialize::snapshot::{INITIALIZER, INITIALIZER_BEFORE, MEMORY, State};
use prova_specialize::{
    Assume, Fault, Generic, Intrinsic, MODULE, Options, Outcome, Snapshot, Specialized,
};
use report::Report;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::Folders;

/// Compiles what a module's interpreter is asked for, and proves it equal to the interpreter
#[derive(Debug, Args)]
pub(crate) struct SpecializeArgs {
    /// The module in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE", required_unless_present = "input")]
    file: Option<PathBuf>,
    /// The module; the same as FILE
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    input: Option<PathBuf>,
    /// Where the new module is written
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Runs the module's initialiser first, and takes its memory and globals as the module's own
    #[arg(short = 'w', long = "wizen")]
    wizen: bool,
    /// The initialiser, an exported function; `wizer-initialize` if not given
    #[arg(long, value_name = "FUNCTION", requires = "wizen")]
    init_func: Option<String>,
    /// Leaves the initialiser exported
    #[arg(long, requires = "wizen")]
    keep_init_func: bool,
    /// A directory that the initialiser may use, as HOST or HOST::GUEST
    #[arg(long = "dir", value_name = "DIR", requires = "wizen")]
    dirs: Vec<String>,
    /// Writes the module as its initialiser has left it, with its requests, and compiles nothing
    #[arg(long, requires = "wizen")]
    init_only: bool,
    /// What is believed of the program: that its text does not change (`trust`), or less
    #[arg(long, value_enum, value_name = "HOW", default_value = "check")]
    assume: Believed,
    /// Believes nothing of the program; writes nothing if a request is refused
    #[arg(long, conflicts_with = "assume")]
    strict: bool,
    /// Writes what went away, what stays and why, for each request; as a page if it ends in .html
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// A folder with functions of earlier runs, each proved again; new ones are added
    #[arg(long, value_name = "DIR", conflicts_with = "init_only")]
    cache: Option<PathBuf>,
    /// The same, and nothing is added
    #[arg(long, value_name = "DIR", conflicts_with = "init_only")]
    cache_ro: Option<PathBuf>,
    /// Threads; all processors if not given
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// What a proof may take for granted.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Believed {
    /// Program text is compared; the virtual stack is believed to be the interpreter's alone
    Check,
    /// All that the program promises
    Trust,
}

/// Runs the command.
pub(crate) fn run(args: &SpecializeArgs) -> Result<Exit> {
    let file = args.file.as_ref().or(args.input.as_ref()).cloned().unwrap_or_default();
    let (original, component) = input::decoded_of(&file)?;
    if component.is_some() {
        prova::bail!("`{}` is a component: give its core module in a file", file.display());
    }
    let mut module = original.clone();
    let limits = prova::Limits::default();
    let failed = || format!("failed to specialise `{}`", file.display());
    if args.wizen {
        let (init, keep) = (init_func(args, &module), args.keep_init_func);
        let mut engine = Initialiser { dirs: &args.dirs };
        module = prova_specialize::initialized(&module, init, keep, &mut engine, &limits)
            .with_context(failed)?;
    }
    if args.init_only {
        return write(args, module.bytes());
    }
    let threads =
        args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let assume = match (args.strict, args.assume) {
        (true, _) => Assume::Nothing,
        (false, Believed::Check) => Assume::Check,
        (false, Believed::Trust) => Assume::Trust,
    };
    let places = places::places(original, module.clone());
    let tally = args.report.is_some();
    let folders = folders(args)?;
    let cache = folders.clone().map(|it| it as Arc<dyn Cache>);
    let options = Options { assume, threads, limits, places: places.clone(), tally, cache };
    let outcome = prova_specialize::specialize(&module, &options).with_context(failed)?;
    let mut refused = 0;
    for (slot, request, state) in &outcome.requests {
        if let Err(why) = state {
            refused += 1;
            let id = request.as_ref().map_or(String::new(), |it| format!(" (id {})", it.id));
            let whose = if why.fault == Fault::Bug { "a bug of Prova's" } else { "refused" };
            let why = report::refusal(why, &places);
            warn(&format!("request at {slot:#x}{id}: {whose}: {why}"));
        }
    }
    tidied(&outcome, folders.as_deref());
    if let Some(to) = &args.report {
        let all = Report::new(&file.display().to_string(), &module, &outcome, &places);
        let is_page = to.extension().is_some_and(|ending| ending == "html");
        let text = if is_page { all.html() } else { all.text() };
        std::fs::write(to, text).with_context(|| format!("failed to write `{}`", to.display()))?;
    }
    if args.strict && refused > 0 {
        warn(&format!("`{}` is not written (`--strict`)", args.output.display()));
        return Ok(Exit::Bad);
    }
    let (name, bytes) = (args.output.display(), outcome.module.bytes());
    write(args, bytes)?;
    outcome.dropped.iter().for_each(|section| {
        warn(&format!("custom section `{section}` is dropped: it holds offsets of code"));
    });
    print(&summary(&outcome))?;
    if let Some(uses) = &outcome.cache {
        print(&format!("cache: {} found and proved again, {} made\n", uses.found, uses.made))?;
    }
    let done = outcome.requests.len() - refused;
    print(&format!(
        "{name}: {done} of {} requests compiled and proved, {} bytes become {}\n",
        outcome.requests.len(),
        module.bytes().len(),
        bytes.len()
    ))?;
    Ok(Exit::Done)
}

/// The initialiser: the one that is named, or the one of Wizer's header, or of an older one.
fn init_func<'a>(args: &'a SpecializeArgs, module: &prova_module::Module) -> &'a str {
    let before =
        || module.export(INITIALIZER).is_none() && module.export(INITIALIZER_BEFORE).is_some();
    match &args.init_func {
        Some(name) => name,
        None if before() => INITIALIZER_BEFORE,
        None => INITIALIZER,
    }
}

/// Tells what was wrong with the cache, and brings it below its greatest size.
fn tidied(outcome: &Outcome, folders: Option<&Folders>) {
    let notes = outcome.cache.iter().flat_map(|uses| &uses.notes);
    notes.for_each(|(slot, note)| warn(&format!("request at {slot:#x}: {note}")));
    folders.into_iter().for_each(|folders| folders.trim(store::FOLDER_BYTES_MAX));
}

/// Where functions of earlier runs are, if that was asked for.
fn folders(args: &SpecializeArgs) -> Result<Option<Arc<Folders>>> {
    let (own, given) = (args.cache.as_deref(), args.cache_ro.as_deref());
    if own.is_none() && given.is_none() {
        return Ok(None);
    }
    Ok(Some(Arc::new(Folders::new(own, given)?)))
}

fn write(args: &SpecializeArgs, bytes: &[u8]) -> Result<Exit> {
    let failed = || format!("failed to write `{}`", args.output.display());
    std::fs::write(&args.output, bytes).with_context(failed)?;
    Ok(Exit::Done)
}

/// A line for each function that was made, and what its proof assumes.
fn summary(outcome: &Outcome) -> String {
    let mut text = String::new();
    for (slot, request, state) in &outcome.requests {
        let (Ok(made), Some(request)) = (state, request) else { continue };
        let Specialized { func, element, generic, residual: [_, after], bytes, .. } = made;
        let line = format!(
            "request at {slot:#x} (id {}): {func}, element {element} of table 0: {} blocks and {} \
             instructions for {} and {} of {}, {bytes} bytes\n",
            request.id, after.0, after.1, generic.0, generic.1, request.func
        );
        text.push_str(&line);
        for assumption in &made.assumptions {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  assumes that {assumption}");
        }
    }
    text
}

/// Runs initialisers in an engine of our own, with a WASI that knows nothing of the host but these
/// directories.
pub(crate) struct Initialiser<'a> {
    pub(crate) dirs: &'a [String],
}

impl Snapshot for Initialiser<'_> {
    fn run(&mut self, wasm: &[u8], init: &str, globals: &[String]) -> Result<State, String> {
        run_initialiser(wasm, init, globals, self.dirs).map_err(|error| format!("{error:#}"))
    }
}

fn run_initialiser(wasm: &[u8], init: &str, globals: &[String], dirs: &[String]) -> Result<State> {
    let engine = Engine::default();
    let module = prova::Module::new(&engine, wasm)?;
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
    let added: Arc<[AtomicU64; 2]> = Arc::default();
    for import in module.imports().filter(|import| import.module() == MODULE) {
        let name = import.name();
        let intrinsic = Intrinsic::ALL.iter().find(|intrinsic| intrinsic.name() == name);
        let prova::ExternType::Func(ty) = import.ty() else { continue };
        let generic = intrinsic.map(|intrinsic| intrinsic.generic());
        let added = added.clone();
        linker.func_new(MODULE, name, ty, move |caller, params, results| {
            let what = "an intrinsic has a meaning in compiled code only";
            stand_in(generic.context(what)?, &added, caller, params, results)
        })?;
    }
    linker.define_unknown_imports_as_traps(&module)?;
    let mut ctx = WasiCtxBuilder::new();
    crate::run::grant(&mut ctx, &[], dirs)?;
    let mut store = Store::new(&engine, ctx.build());
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, init)?.call(&mut store, ())?;
    if added.iter().any(|global| global.load(Ordering::Relaxed) != 0) {
        prova::bail!("it leaves a value in a global of `write.global`, which is not kept");
    }
    let memory = instance.get_memory(&store, MEMORY).context("no memory")?;
    let mut state = State { memory: memory.data(&store).to_vec(), globals: Vec::new() };
    for name in globals {
        let global = instance.get_global(&store, name).context("no global")?;
        state.globals.push(match global.get(&mut store) {
            Val::I32(value) => u64::from(value as u32),
            Val::I64(value) => value as u64,
            Val::F32(bits) => bits.into(),
            Val::F64(bits) => bits,
            _other => prova::bail!("a global that is no number"),
        });
    }
    Ok(state)
}

/// What an intrinsic does that an initialiser calls.
fn stand_in(
    generic: Generic,
    added: &[AtomicU64; 2],
    mut caller: Caller<'_, WasiCtx>,
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let memory = caller.get_export(MEMORY).and_then(prova::Extern::into_memory);
    let at = |params: &[Val]| match params.first() {
        Some(Val::I32(at)) => Ok(*at as u32 as usize),
        _other => prova::bail!("a cell without an address"),
    };
    let global = |number: u32| added.get(number as usize).context("no such global");
    match (generic, params, results) {
        (Generic::Nothing, _, []) => {}
        (Generic::Get(number), [], [result]) => {
            *result = Val::I64(global(number)?.load(Ordering::Relaxed) as i64);
        }
        (Generic::Set(number), [Val::I64(value)], []) => {
            global(number)?.store(*value as u64, Ordering::Relaxed);
        }
        (Generic::First, [first, ..], [result]) => *result = *first,
        (Generic::Load, params, [result]) => {
            let mut bytes = [0; 8];
            memory.context("no memory")?.read(&caller, at(params)?, &mut bytes)?;
            *result = Val::I64(i64::from_le_bytes(bytes));
        }
        (Generic::Store, params @ [.., Val::I64(value)], []) => {
            let bytes = value.to_le_bytes();
            memory.context("no memory")?.write(&mut caller, at(params)?, &bytes)?;
        }
        (_, _, _) => prova::bail!("an intrinsic has a meaning in compiled code only"),
    }
    Ok(())
}
