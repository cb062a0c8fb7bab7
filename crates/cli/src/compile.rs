//! `prova compile`: a module with its machine code as one file, which `prova run` loads.
//!
//! Exit codes: 0 written; 1 the module is bad or there is no machine code of it, or, with
//! `--check-reproducible`, another number of threads gave other bytes (and nothing is written); 2
//! misuse.

use crate::args::{EngineArgs, Require};
use crate::making::Bar;
use crate::progress;
use crate::report::{Exit, Misuse, OfFile, Shown as _, print, print_bytes, printable, warn};
use crate::{input, run, stats};
use clap::Args;
use prova_builds::names::counted;
use prova_check::CpuLevel;
use prova_core::{Config, Context, Engine, Module, Result, bail};
use std::path::{Path, PathBuf};

/// Writes a module with its machine code, checked, as one file that `prova run` loads
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// Makes code that counts fuel, for runs with a limit of it
    #[arg(long)]
    fuel: bool,
    /// Makes code that looks whether its time is over, for runs with `-W timeout`; with `--require
    /// proved` alone, since nothing else shows that it does
    #[arg(long)]
    epochs: bool,
    /// Makes code for the deterministic profile (`prova profile`)
    #[arg(long)]
    deterministic: bool,
    /// The property that code needs; `proved`: it is written with the proof that it does what its
    /// function says, and functions without one have none
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    require: Require,
    /// Names each function without machine code, with the reason; with `--require proved`, where
    /// its code differs first
    #[arg(long)]
    report: bool,
    /// WebAssembly semantics and limits (`-W help`)
    #[arg(short = 'W', long = "wasm", value_name = "KEY[=VAL],…")]
    wasm: Vec<String>,
    /// Translation and execution (`-O help`)
    #[arg(short = 'O', long = "optimize", value_name = "KEY[=VAL],…")]
    optimize: Vec<String>,
    /// The level of the processor that the code is for; this machine's if not given
    #[arg(long, value_name = "LEVEL", value_parser = ["x86-64-v2", "x86-64-v3"])]
    cpu: Option<String>,
    /// Compiles again on another number of threads, and writes nothing if that gives other bytes
    #[arg(long)]
    check_reproducible: bool,
    /// Where the file is written (`-` for standard output)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The module in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &CompileArgs) -> Result<Exit> {
    prova_core::on_compiler_thread(|| compile(args))
}

fn compile(args: &CompileArgs) -> Result<Exit> {
    let (wasm, optimize) = (args.wasm.clone(), args.optimize.clone());
    let (tier, deterministic, require) = ("native".to_owned(), args.deterministic, args.require);
    let engine = EngineArgs { tier, deterministic, require, wasm, optimize };
    let (mut config, wasm) = engine.config()?;
    if let Some(level) = &args.cpu {
        let level = if level == "x86-64-v2" { CpuLevel::V2 } else { CpuLevel::V3 };
        if !prova_core::processor_has(level) {
            bail!(Misuse(format!("`--cpu {level:?}`: this machine could not check such code")));
        }
        config.native(engine.compiler()?.with_cpu(level));
    }
    if wasm.fuel.is_some() || wasm.timeout.is_some() {
        let what =
            "limits of fuel and time belong to the run; `--fuel` and `--epochs` make code for them";
        bail!(Misuse(what.into()));
    }
    if args.epochs && args.require == Require::Confined {
        let what = "`--epochs`: code of files runs with a timeout only if it is proved; add `--require proved`";
        bail!(Misuse(what.into()));
    }
    config.consume_fuel(args.fuel).epoch_interruption(args.epochs).code_watch(Bar);
    input::apart("--output", &args.output, &[&args.file])?;
    let wasm = input::wasm(&args.file)?;
    let _work = progress::start("compiling", &args.file, false);
    let (module, bytes) = made(&config, &args.file, &wasm)?;
    if args.check_reproducible {
        // One thread, or two where one was all.
        let threads = std::thread::available_parallelism().map_or(1, Into::into);
        let threads = if threads == 1 { 2 } else { 1 };
        progress::again();
        let again = prova_core::on_threads(threads, || made(&config, &args.file, &wasm))?.1;
        if again != bytes {
            warn("another number of threads gave other bytes: nothing is written");
            return Ok(Exit::Bad);
        }
    }
    let refusals = module.refusals();
    let all = module.wasm().defined_funcs().len();
    let line = format!(
        "{}: machine code of {} of {}, {} bytes{}\n",
        args.output.shown(),
        all - refusals.len(),
        counted(all as u64, "function"),
        bytes.len(),
        if args.check_reproducible { ", the same on another number of threads" } else { "" }
    );
    let line = printable(line.trim_end()) + "\n";
    let (inside, whole) = (input::sha256(module.wasm().bytes()), input::sha256(&bytes));
    let line = format!("{line}module: SHA-256 {inside}\nfile: SHA-256 {whole}\n");
    if !refusals.is_empty() {
        warn(stats::bytecode("without machine code", &refusals).to_text().trim_end());
    }
    if module.wasm().has_shared_memory() {
        warn("note: `prova run -S threads` takes machine code from the cache, not from files");
    }
    if args.report {
        warn(stats::each(module.wasm(), &refusals).to_text().trim_end());
    }
    if args.output.as_os_str() == "-" {
        print_bytes(&bytes)?;
        warn(line.trim_end());
        return Ok(Exit::Done);
    }
    std::fs::write(&args.output, &bytes)
        .with_context(|| format!("failed to write `{}`", args.output.shown()))?;
    print(&line)?;
    Ok(Exit::Done)
}

/// The module, and the bytes of its artifact.
fn made(config: &Config, file: &Path, wasm: &[u8]) -> Result<(Module, Vec<u8>)> {
    // An engine for each: nothing is left of the one before.
    let engine: Engine = run::new_engine(config)?;
    if prova_artifact::is_artifact(wasm) {
        bail!(Misuse(format!("`{}` is compiled already", file.shown())));
    }
    let module = Module::new(&engine, wasm).context(OfFile::new("load", file))?;
    let bytes = module.serialize().context(OfFile::new("compile", file))?;
    Ok((module, bytes))
}
