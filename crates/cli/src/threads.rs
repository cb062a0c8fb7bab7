//! `prova run -S threads`: a program that starts threads (wasi-threads), each in a store of its
//! kind.
//!
//! `prova_core::wasi_threads` runs it; here are the options that go with it, and the refusal of
//! those that mean one store.

use crate::args::RunArgs;
use crate::groups::{Debug, Wasi, Wasm};
use crate::report::{Misuse, OfFile};
use crate::run::{Host, add_wasi, module_and_args, printed, run_main};
use crate::stats::Stats;
use prova_core::wasi_threads::{THREADS_MAX_DEFAULT, WasiThreadsCtx, add_to_linker};
use prova_core::{Config, Context, Linker, Module, Proposal, Result, Store, bail};
use std::path::Path;
use std::sync::Arc;

/// The threads of a program, which host functions find in the data of each store.
pub(crate) type Threads = Arc<WasiThreadsCtx<Host>>;

/// Sets what threads need, and refuses what they cannot have.
///
/// # Errors
/// [`Misuse`].
pub(crate) fn configure(
    args: &RunArgs,
    granted: &Wasi,
    wasm: &Wasm,
    config: &mut Config,
) -> Result<()> {
    if !granted.threads {
        return Ok(());
    }
    if wasm.asks(Proposal::SharedMemory) == Some(false) {
        bail!(Misuse("`-S threads` needs shared memories: leave `-W shared-memory=n` out".into()));
    }
    let deterministic = args.engine.deterministic || wasm.nan_canonicalization == Some(true);
    let of_one_store = [
        ("--record", args.record.is_some(), "what other threads write is not recorded"),
        ("--preload", !args.preloads.is_empty(), "other modules are not made for each thread"),
        ("--deterministic", deterministic, "threads take turns as the system likes"),
        ("-g", args.gdbstub.is_some(), "the debugger stops one thread alone"),
        (
            "--profile",
            args.profile.as_deref().is_some_and(|how| how.starts_with("guest")),
            "one thread alone is sampled",
        ),
        (
            "-D coredump",
            Debug::parse(&args.debug)?.coredump.is_some(),
            "the stacks of other threads are not written",
        ),
        (
            "--stats",
            matches!(args.stats, Some(Stats::Fuel | Stats::Dispatches)),
            "one thread alone is counted",
        ),
    ];
    if let Some((option, _, why)) = of_one_store.iter().find(|(_, given, _)| *given) {
        bail!(Misuse(format!("`{option}` and `-S threads` exclude each other: {why}")));
    }
    config.wasm_proposal(Proposal::SharedMemory, true).epoch_interruption(true);
    Ok(())
}

/// Links the module and runs it with its threads: the results of the call, as they were printed.
///
/// # Errors
/// Those of the thread that ended the run first.
pub(crate) fn run(
    args: &RunArgs,
    granted: &Wasi,
    wasm: &Wasm,
    store: &mut Store<Host>,
    module: &Module,
) -> Result<Vec<String>> {
    let (path, _) = module_and_args(&args.module_and_args)?;
    if wasm.timeout.is_none() {
        store.set_epoch_deadline(u64::MAX);
    }
    linked_and_run(args, granted, wasm, store, module, path)
        .context(OfFile::new("run main module", path))
}

fn linked_and_run(
    args: &RunArgs,
    granted: &Wasi,
    wasm: &Wasm,
    store: &mut Store<Host>,
    module: &Module,
    path: &Path,
) -> Result<Vec<String>> {
    let (_, guest_args) = module_and_args(&args.module_and_args)?;
    let mut linker = Linker::new(store.engine());
    add_wasi(&mut linker, false)?;
    add_to_linker(&mut linker, &*store, module, |host: &mut Host| {
        host.threads.as_deref().expect("they are set before an instance is there")
    })
    .context("`-S threads`")?;
    if wasm.unknown_imports_trap {
        linker.define_unknown_imports_as_traps(module)?;
    }
    let threads = WasiThreadsCtx::new(module.clone(), Arc::new(linker.clone()))?
        .max_threads(granted.max_threads.unwrap_or(THREADS_MAX_DEFAULT))
        .prepare(|store| {
            store.limiter(|host| &mut host.limits);
            Ok(())
        });
    let threads = store.data_mut().threads.insert(Arc::new(threads)).clone();
    // Another thread may fail before the run has ended.
    let run = |store: &mut Store<Host>| run_main(args, &linker, store, module, path, guest_args);
    threads.run(store, run).and_then(printed)
}
