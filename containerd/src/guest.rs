//! The module of a container: loaded, limited, run, in the container's process.
//!
//! 1. The exit code is the program's own, 134 after a trap, 1 where it could not be run; why stands
//!    on standard error.
//! 2. The module sees the container's root folder. Files of `/proc`, among them the memory of this
//!    process, are out of its reach as in every run (`prova_wasi`).
//! 3. A user other than root has no capabilities but the ambient ones, as in other containers.
//! 4. Nothing is open but the streams, the layer and what the module opens.
//! 5. A signal that asks a container to end ends it with 128 and the signal's number, as a program
//!    without handlers would; a first process has no such default.

use crate::compile::hash;
use crate::layers::Layer;
use crate::limits::Limits;
use crate::mode::Mode;
use crate::program::Given;
use anyhow::{Context, Error, Result, anyhow, bail};
use oci_spec::runtime::Spec;
use prova::wasi::{self, I32Exit, Perms, WasiCtx, WasiCtxBuilder};
use prova::{Engine, ErrorKind, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, Trap};
use rustix::process::geteuid;
use rustix::thread::{CapabilitySet, capabilities, capability_is_in_ambient_set, set_capabilities};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The exit code of a trap.
const TRAP: i32 = 134;
/// How often a limit of time is looked at.
const TICK: Duration = Duration::from_millis(5);

/// How long after a limit of time the program may be held by what does not stop.
const GRACE: Duration = Duration::from_secs(2);

/// The most bytes of a module or artifact.
const MODULE_BYTES_MAX: u64 = 1 << 30;

/// Descriptors from here on are no streams.
const STREAMS: i32 = 3;
/// Greater than the descriptors of a process that was just made.
const INHERITED_MAX: i32 = 1024;

struct Host {
    wasi: WasiCtx,
    limits: StoreLimits,
}

/// Runs the module of a specification to its end: the exit code.
pub(crate) fn run(spec: &Spec, layer: Option<&Given>) -> i32 {
    // A fault of ours is no reason to unwind into what made the container.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        close_inherited(layer);
        // Before there are other threads.
        give_up_capabilities()?;
        end_at_signals()?;
        run_module(spec, layer)
    }));
    let error = match outcome {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error,
        Err(_) => return 1,
    };
    if let Some(&I32Exit(code)) = error.downcast_ref() {
        return code;
    }
    eprintln!("Error: {error:?}");
    if let Some(limit) = limit_of(&error) {
        eprintln!("\nThe container's limit `{limit}` is reached.");
    }
    match ErrorKind::of(&error) {
        Some(ErrorKind::Trap) => TRAP,
        _ => 1,
    }
}

/// The annotation with the limit that a trap is of.
fn limit_of(error: &Error) -> Option<&'static str> {
    match error.downcast_ref()? {
        Trap::Interrupt => Some("prova.dev/timeout"),
        Trap::OutOfFuel => Some("prova.dev/fuel"),
        _ => None,
    }
}

/// Closes what is open from the making of the container, as the execution of a program would: the
/// host's `/proc` is among it, and who sees this process in its own `/proc` may go through there.
fn close_inherited(layer: Option<&Given>) {
    let kept = layer.map(|given| given.pipe.as_raw_fd());
    for descriptor in STREAMS..INHERITED_MAX {
        if Some(descriptor) != kept {
            // Most are not open.
            let _ = nix::unistd::close(descriptor);
        }
    }
}

/// Gives up what the system takes from a user other than root who executes a program; this process
/// executes none, so it would still be able to open every file (`CAP_DAC_OVERRIDE`).
fn give_up_capabilities() -> Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    let mut sets = capabilities(None)?;
    let mut kept = CapabilitySet::empty();
    for (_, capability) in sets.permitted.iter_names() {
        if capability_is_in_ambient_set(capability)? {
            kept |= capability;
        }
    }
    (sets.permitted, sets.effective) = (kept, kept);
    Ok(set_capabilities(None, sets)?)
}

/// Ends the process at a signal that asks for it.
fn end_at_signals() -> Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGQUIT])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}

fn run_module(spec: &Spec, layer: Option<&Given>) -> Result<()> {
    let limits = Limits::of(spec)?;
    let process = spec.process().as_ref().context("the specification has no process")?;
    let args = process.args().as_deref().unwrap_or_default();
    let program = args.first().context("the specification names no program")?;
    let (file, export) = program.split_once('#').unwrap_or((program, "_start"));

    let start = Instant::now();
    if let Some(timeout) = limits.timeout {
        end_behind(timeout)?;
    }
    let engine = Engine::new(&Mode::of(&limits).config())?;
    let module = match layer {
        Some(given) => load_layer(&engine, given)
            .with_context(|| format!("failed to load layer `{}`", given.layer.module))?,
        None => load_file(&engine, file).with_context(|| format!("failed to load `{file}`"))?,
    };

    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio().args(args);
    for variable in process.env().as_deref().unwrap_or_default() {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        builder.env(name, value);
    }
    builder.preopen_path("/", "/", Perms { read_only: false })?;
    let wasi = builder.build();

    let mut store = Store::new(&engine, Host { wasi, limits: store_limits(&limits) });
    store.limiter(|host| &mut host.limits);
    if let Some(fuel) = limits.fuel {
        store.set_fuel(fuel)?;
    }
    let ticker = limits.timeout.map(|_| engine.tick(TICK)).transpose()?;
    if let (Some(timeout), Some(ticker)) = (limits.timeout, &ticker) {
        store.set_timeout(ticker, timeout.saturating_sub(start.elapsed()))?;
    }
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    let instance = linker.instantiate(&mut store, &module)?;
    for name in ["_initialize", export] {
        match instance.get_typed_func::<(), ()>(&mut store, name) {
            Ok(func) => func.call(&mut store, ())?,
            Err(_) if name == "_initialize" => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Ends the process [`GRACE`] after a limit of time. Before it code has trapped, and WASI's calls
/// have returned; loading, and calls of the system that do not return, are left for this.
fn end_behind(timeout: Duration) -> Result<()> {
    std::thread::Builder::new().name("watchdog".into()).spawn(move || {
        std::thread::sleep(timeout);
        std::thread::sleep(GRACE);
        eprintln!(
            "Error: the process is ended: it has not stopped {} s after the limit of time, `prova.dev/timeout`\n\nCaused by:\n    wasm trap: interrupt",
            GRACE.as_secs()
        );
        std::process::exit(TRAP);
    })?;
    Ok(())
}

/// The module of a file.
fn load_file(engine: &Engine, file: &str) -> Result<Module> {
    // A pipe may never be opened.
    let about = std::fs::metadata(file)?;
    if !about.is_file() {
        bail!("it is no file");
    }
    if about.len() > MODULE_BYTES_MAX {
        bail!("it has {} bytes, and may have {MODULE_BYTES_MAX}", about.len());
    }
    load(engine, &read(File::open(file)?, MODULE_BYTES_MAX)?)
}

/// The module of a layer: the one it says, also where an artifact of it comes.
fn load_layer(engine: &Engine, given: &Given) -> Result<Module> {
    let Layer { module: expected, digest, bytes: length } = &given.layer;
    if *length > MODULE_BYTES_MAX {
        bail!("it has {length} bytes, and may have {MODULE_BYTES_MAX}");
    }
    let bytes = read(&given.pipe, MODULE_BYTES_MAX)?;
    if bytes.len() as u64 != *length {
        bail!("{} bytes of its {length} came", bytes.len());
    }
    // An artifact is checked, and its module compared.
    if digest == expected && digest.starts_with(SHA256) && *digest != digest_of(&bytes) {
        bail!(
            "it is damaged: containerd keeps other bytes than the image had; pull the image again"
        );
    }
    let module = load(engine, &bytes)?;
    if digest != expected && digest_of(module.wasm().bytes()) != *expected {
        bail!("`{digest}`, which is kept as its machine code, is of another module");
    }
    Ok(module)
}

/// How digests of the usual kind begin.
const SHA256: &str = "sha256:";

fn digest_of(bytes: &[u8]) -> String {
    format!("{SHA256}{}", hash(bytes))
}

/// The bytes of a module or artifact. Their end is waited for only so far: files of `/proc` have
/// none, and the length 0.
fn read(from: impl Read, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        bail!("it has more than {most} bytes");
    }
    Ok(bytes)
}

/// The module in bytes: binary, text, or what `prova compile` wrote, whose code is checked.
fn load(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    match Engine::detect_precompiled(bytes) {
        Some(_) => Module::deserialize(engine, bytes),
        None if bytes.starts_with(b"\0asm") && !bytes.starts_with(b"\0asm\x01\0\0\0") => bail!(
            "it is a component: only modules run here (`wasm-tools component unbundle` takes its modules out)"
        ),
        None => Module::new(engine, bytes),
    }
}

fn store_limits(limits: &Limits) -> StoreLimits {
    let builder = StoreLimitsBuilder::new();
    match limits.memory {
        Some(bytes) => {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            builder.memory_size(bytes).store_size(bytes).build()
        }
        None => builder.build(),
    }
}

/// Whether a program is one of the system: a file that can be executed and begins as ELF or a
/// script does.
pub(crate) fn is_of_system(spec: &Spec) -> Result<bool> {
    let process = spec.process().as_ref().context("the specification has no process")?;
    let program = process.args().as_ref().and_then(|args| args.first());
    let program = program.ok_or_else(|| anyhow!("the specification names no program"))?;
    let path = process.env().iter().flatten().find_map(|variable| variable.strip_prefix("PATH="));
    let mut places: Vec<PathBuf> = Vec::new();
    match program.contains('/') {
        true => places.push(program.into()),
        false => places.extend(
            path.unwrap_or_default().split(':').map(|folder| Path::new(folder).join(program)),
        ),
    }
    Ok(places.iter().filter_map(|place| begin(place)).any(|begin| is_program(&begin)))
}

/// Whether a file that begins so is a program. What `prova compile` writes is an ELF file too, of
/// another type.
fn is_program(begin: &[u8]) -> bool {
    const EXECUTABLE: u8 = 2;
    const SHARED: u8 = 3;
    let of_type = begin.get(16);
    let is_elf = begin.starts_with(b"\x7fELF") && matches!(of_type, Some(&(EXECUTABLE | SHARED)));
    is_elf || begin.starts_with(b"#!")
}

/// The first bytes of a file that can be executed.
fn begin(file: &Path) -> Option<Vec<u8>> {
    let mut begin = Vec::new();
    let about = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    if about.mode() & 0o111 == 0 {
        return None;
    }
    File::open(file).ok()?.take(64).read_to_end(&mut begin).ok()?;
    Some(begin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_not_read_to_it() {
        assert_eq!(read(&b"1234"[..], 4).expect("it fits"), b"1234");
        let refused = read(&b"12345"[..], 4).expect_err("one byte more");
        assert_eq!(refused.to_string(), "it has more than 4 bytes");
        assert!(read(std::io::repeat(0), 1 << 20).is_err());
    }
}
