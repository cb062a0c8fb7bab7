//! A failure → the user's likely intent, or the option that decides it.
//!
//! `report` prints [`of`] below an error; the others are called where it happens. A hint never
//! changes what a command does. `tests/hints.rs` has each.

use crate::args::{Cli, RunArgs};
use crate::groups::{Codegen, Debug, Optimize, Wasi, Wasm, proposal_key};
use crate::input;
use crate::report::{Shown as _, printable, warn};
use clap::{Command, CommandFactory};
use prova_builds::names::printable_message;
use prova_core::wasi::Grant;
use prova_core::{Error, LinkError, Module, Refusal, RefusalReason, Trap, UnsupportedModule};
use prova_inspect::near;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;

/// Which option decides what an error says, if one does.
pub(crate) fn of(error: &Error) -> Option<String> {
    if error.downcast_ref::<StartsThreads>().is_some() {
        return Some(THREADS.to_owned());
    }
    if let Some(limit) = error.downcast_ref::<LinkError>().and_then(LinkError::limit) {
        return match (key_of_store_limit(limit), limit) {
            (Some(key), _) => Some(format!("`-W {key}=N` sets this limit.")),
            // This one is fixed.
            (None, "types_max") => None,
            (None, _) => {
                let text = "No option sets this limit; an embedder can (`prova_core::StoreLimitsBuilder`).";
                Some(text.into())
            }
        };
    }
    if let Some(module) = error.downcast_ref::<LinkError>().and_then(LinkError::unknown_import) {
        if module == prova_specialize::MODULE {
            let text = "`prova specialize FILE -o NEW` makes a module that runs: without `-w` it takes these intrinsics out.";
            return Some(text.into());
        }
        if module == "wasi" {
            return Some(THREADS.to_owned());
        }
        let module = prova_core::printable(module);
        return Some(format!(
            "`--preload {module}=FILE` takes it from another module; with `-W unknown-imports-trap` unknown functions trap when they are called."
        ));
    }
    let refused = error.downcast_ref::<UnsupportedModule>().map(Unsupported::of_engine);
    match refused.or_else(|| error.downcast_ref().and_then(Unsupported::of_decoder)) {
        Some(module) => of_unsupported(module),
        None => of_trap(error),
    }
}

/// The reason why a module is refused, from an engine or from the decoder alone.
#[derive(Clone, Copy)]
enum Unsupported {
    Limit,
    Instruction,
    Proposal(&'static str),
}

impl Unsupported {
    fn of_engine(module: &UnsupportedModule) -> Unsupported {
        match (module.proposal(), module.instruction()) {
            (Some(_), Some(_)) => Unsupported::Instruction,
            (Some(proposal), None) => Unsupported::Proposal(proposal),
            (None, _) => Unsupported::Limit,
        }
    }

    fn of_decoder(error: &prova_module::Error) -> Option<Unsupported> {
        match error.kind {
            prova_module::ErrorKind::Limit { .. } => Some(Unsupported::Limit),
            prova_module::ErrorKind::Unsupported { instruction: Some(_), .. } => {
                Some(Unsupported::Instruction)
            }
            prova_module::ErrorKind::Unsupported { proposal, instruction: None } => {
                Some(Unsupported::Proposal(proposal))
            }
            prova_module::ErrorKind::Invalid { .. } => None,
        }
    }
}

/// The same for a module that is refused.
fn of_unsupported(module: Unsupported) -> Option<String> {
    let proposal = match module {
        Unsupported::Limit => {
            let text =
                "No option sets this limit; an embedder can (`prova_core::Config::module_limits`).";
            return Some(text.into());
        }
        Unsupported::Instruction => return None,
        Unsupported::Proposal(proposal) => proposal,
    };
    let key = proposal_key(proposal)?;
    Some(match key {
        "shared-memory" => "Runs that are deterministic, recorded or compared have no shared memories; \
            in others `-W shared-memory` allows them, and `-S threads` for a program that starts threads."
            .to_owned(),
        _ => format!("`-W {key}` allows it."),
    })
}

/// The same for a trap.
fn of_trap(error: &Error) -> Option<String> {
    match error.downcast_ref::<Trap>()? {
        Trap::StackOverflow => {
            Some("`-W max-wasm-stack=BYTES` sets the limit of the stack.".into())
        }
        Trap::Aborted
            if error.chain().any(|cause| cause.to_string().contains("max-random-size")) =>
        {
            Some("`-S max-random-size=N` sets this limit, in bytes.".into())
        }
        // Instances say so where it happens.
        Trap::GcHeapOutOfMemory
            if error
                .chain()
                .any(|cause| cause.to_string().contains("to initialise its globals")) =>
        {
            let text = "`-W max-gc-heap-size` and `-W max-store-size` limit structures and arrays; \
                        those of all constant expressions of an instance have 16 MiB at most, which no option sets.";
            Some(text.into())
        }
        Trap::GcHeapOutOfMemory => {
            let text = "`-W max-gc-heap-size` and `-W max-store-size` limit structures and arrays.";
            Some(text.into())
        }
        Trap::Interrupt => Some("`-W timeout=TIME` sets this limit.".into()),
        Trap::GrowthLimit => {
            let text = "`-W max-memory-size`, `-W max-table-elements` and `-W max-store-size` limit growth; \
                        with `--deterministic` it may also be that the system has no room.";
            Some(text.into())
        }
        _ => None,
    }
}

const THREADS: &str = "`-S threads` lets a program start threads, and gives it its memory.";

/// That a module starts threads, though none are granted.
#[derive(Debug)]
struct StartsThreads;

impl fmt::Display for StartsThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it imports `wasi::thread-spawn`, and no threads are granted")
    }
}

/// The error of an import that is not known, with that, if the module starts threads.
pub(crate) fn needs_threads(error: Error, module: &Module) -> Error {
    let unknown = error.downcast_ref::<LinkError>().and_then(LinkError::unknown_import);
    let spawns = |import: &prova_module::Import| {
        (&*import.module, &*import.name) == ("wasi", "thread-spawn")
    };
    match unknown.is_some() && module.wasm().imports().iter().any(spawns) {
        true => error.context(StartsThreads),
        false => error,
    }
}

/// A hint for a guest that ended with this code: without a granted directory it can open no file,
/// not even one that an argument names.
pub(crate) fn no_directory(args: &RunArgs, guest_args: &[OsString], code: i32) {
    if code == 0 || !args.dirs.is_empty() || args.invoke.is_some() {
        return;
    }
    if let Some(file) = guest_args.iter().map(Path::new).find(|path| path.exists()) {
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        warn(&printable(&format!(
            "note: no directory is granted (`--dir`), so the guest cannot open `{}` (`--dir {}` would grant it)",
            file.shown(),
            parent.shown()
        )));
    }
}

/// A hint for a guest in Go that ended with this code. Go makes each path absolute before it looks
/// for the directory that has it, so a directory is of no use under a relative name.
pub(crate) fn no_absolute_directory(args: &RunArgs, module: &Module, code: i32) {
    let is_absolute = |dir: &Grant| dir.guest().starts_with('/');
    if code == 0 || args.dirs.iter().any(is_absolute) {
        return;
    }
    let is_go = module.custom_sections().any(|section| section.name() == "go:buildid");
    if let Some(dir) = args.dirs.first().filter(|_| is_go) {
        let host = dir.host();
        warn(&printable(&format!(
            "note: a program in Go finds files only in directories with an absolute name; `--dir {host}::/` grants this one as `/`"
        )));
    }
}

/// The key of `-W` for a limit of the store.
fn key_of_store_limit(limit: &str) -> Option<&'static str> {
    Some(match limit {
        "memory_bytes_max" => "max-memory-size",
        "table_elements_max" => "max-table-elements",
        "store_bytes_max" => "max-store-size",
        "heap_bytes_max" => "max-gc-heap-size",
        "instances_max" => "max-instances",
        "memories_max" => "max-memories",
        "tables_max" => "max-tables",
        _ => return None,
    })
}

/// Warns if the first argument behind the module is an option of the command: it goes to the guest,
/// and a limit that the user believes in is none. Who means it so writes `--` before the module.
pub(crate) fn options_behind_the_module(guest_args: &[OsString]) {
    let before = std::env::args_os().len().checked_sub(guest_args.len() + 2);
    let is_meant = before.and_then(|at| std::env::args_os().nth(at)).is_some_and(|arg| arg == "--");
    if let Some(option) = option_of_run(guest_args).filter(|_| !is_meant).map(printable) {
        warn(&format!(
            "warning: `{option}` stands behind the module, so it goes to the guest: options of prova stand before the module\n\
             (`--` before the module says that it is meant for the guest)"
        ));
    }
}

/// The option that arguments begin with: a long one of `prova run` or of the command that runs, or
/// `-W`, `-O`, `-S` with a key of theirs.
fn option_of_run(args: &[OsString]) -> Option<&str> {
    let first = args.first()?.to_str()?;
    let is_group = |parse: fn(&[String]) -> bool| {
        let next = args.get(1).and_then(|next| next.to_str());
        next.is_some_and(|next| parse(&[next.to_owned()]))
    };
    let is_option = match first {
        "-W" => is_group(|key| Wasm::parse(key).is_ok()),
        "-O" => is_group(|key| Optimize::parse(key).is_ok()),
        "-S" => is_group(|key| Wasi::parse(key).is_ok()),
        "-C" => is_group(|key| Codegen::parse(key).is_ok()),
        "-D" => is_group(|key| Debug::parse(key).is_ok()),
        _ => return long_option(args.first()?),
    };
    is_option.then_some(first)
}

/// The command that the arguments of this process begin with, with those below it; the program
/// itself if there is none.
pub(crate) fn command() -> Command {
    let mut command = Cli::command();
    command.build();
    for arg in std::env::args_os().skip(1) {
        match command.find_subcommand(&arg) {
            Some(below) => command = below.clone(),
            None => break,
        }
    }
    command
}

/// The long option of this command, or of `prova run`, that an argument is.
fn long_option(arg: &OsString) -> Option<&str> {
    let text = arg.to_str()?;
    let name = text.strip_prefix("--")?.split('=').next()?;
    let has = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(name));
    (name != "help" && name != "version" && (has(&Cli::command()) || has(&command())))
        .then_some(text)
}

/// Words that may be taken for commands, and what there is instead. A file of such a name goes
/// before.
const FOREIGN_COMMANDS: [(&str, &str); 20] = [
    (
        "serve",
        "it answers HTTP by components, and components do not run here, only core modules with WASI preview 1",
    ),
    (
        "config",
        "`prova cache` cares for the cache, and `prova run --config FILE` reads options from a file",
    ),
    ("wizer", "`prova specialize` runs a module's initialiser, and writes what comes out"),
    ("hot-blocks", "`prova run --stats=dispatches` counts the instructions of the interpreter"),
    ("record", "`prova run --record FILE MODULE` records a run, `prova replay FILE` runs it again"),
    ("test", "`prova wast` runs specification scripts, `prova run` a test program as any other"),
    ("bench", "`prova run --stats` counts fuel, `prova run --profile guest` finds where time goes"),
    (
        "build",
        "`prova compile` writes a module with its machine code, `prova repro build` builds twice",
    ),
    ("fmt", "modules in the text format are read, not written again"),
    ("lint", "`prova validate` validates a module, and translates and checks its functions"),
    ("check", "`prova validate` checks a module, `prova check-code` its machine code"),
    ("exec", "`prova run` runs a module"),
    ("call", "`prova run --invoke FUNCTION MODULE` calls an export"),
    ("dump", "`prova inspect` shows a module, `prova objdump` its machine code"),
    ("print", "`prova inspect MODULE --function NAME` shows a function"),
    ("disasm", "`prova objdump` shows machine code, `prova inspect` WebAssembly and bytecode"),
    ("optimize", "`prova opt` optimises a module"),
    ("compare", "`prova diff` compares two builds, `prova diverge` two runs"),
    ("gdb", "`prova debug` waits for a debugger that speaks the gdb remote protocol"),
    ("info", "`prova inspect` lists a module, `prova trust` what the proofs rest on"),
];

/// The error of a module that cannot be read; where there is no such file, the command that may
/// have been meant.
pub(crate) fn no_command(error: Error, path: &Path) -> Error {
    let missing = error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
    let name = path.to_str().filter(|_| missing).unwrap_or_default();
    if let Some((_, why)) = FOREIGN_COMMANDS.iter().find(|(command, _)| *command == name) {
        return error.context(format!("there is no command `{name}`: {why}"));
    }
    let cli = Cli::command();
    let commands = cli.get_subcommands().map(|command| (command.get_name(), command.get_name()));
    match near(name, commands).first() {
        Some(command) => error.context(format!(
            "`{name}` is neither a command nor a file; the command `{command}` is near"
        )),
        None => error,
    }
}

/// The error of a component, with its core modules and what to do; another error as it is.
pub(crate) fn component(error: Error, path: &Path) -> Error {
    // What is no file cannot be read again.
    if !error.is::<UnsupportedModule>() || !path.is_file() {
        return error;
    }
    let bytes = input::binary_of(path).ok();
    let modules = bytes.and_then(|bytes| prova_diff::core_modules(&bytes).ok().flatten());
    let Some(modules) = modules else { return error };
    let file = path.shown();
    let inside = match modules.len() {
        1 => format!(
            "it has one core module, which `prova opt --passes none {file} -o core.wasm` takes out; it still imports what the component gave it"
        ),
        count => format!("it has {count} core modules (`prova inspect {file}` lists them)"),
    };
    error.context(format!(
        "`{file}` is a component, and components do not run here, only core modules with WASI preview 1: {inside}.\n\
         Its toolchain makes such a module of the same source: Rust with `--target wasm32-wasip1`, clang with `--target=wasm32-wasip1`, \
         TinyGo with `-target=wasip1`, Go with `GOOS=wasip1`"
    ))
}

/// That the directory of `--dir` cannot be opened. One colon is how others separate the parts.
pub(crate) fn dir_failed(dir: &Grant) -> String {
    let host = dir.host();
    let message = format!("failed to open directory `{}`", Path::new(host).shown());
    let parts: Vec<&str> = host.split(':').collect();
    let meant = match parts[..] {
        _ if dir.guest() != host => return message,
        [host, mode @ ("ro" | "rw")] => format!("{host}::{host}::{mode}"),
        [host, guest] | [host, guest, "rw"] => format!("{host}::{guest}"),
        [host, guest, "ro"] => format!("{host}::{guest}::ro"),
        _ => return message,
    };
    let meant = printable_message(&meant);
    format!("{message} (two names have two colons between them: `--dir {meant}`)")
}

/// Warns where the name of a granted directory hides what was probably meant as its mode.
pub(crate) fn mode_in_a_name(dir: &Grant) {
    let (Some(mode), Some(name)) = (dir.likely_mode(), dir.likely_name()) else { return };
    let (host, guest) = (dir.host(), dir.guest());
    // The error says it then.
    if host == guest && !Path::new(host).is_dir() {
        return;
    }
    let name = if name.is_empty() { host } else { name };
    let with_mode = if host == guest { name } else { host };
    warn(&printable_message(&format!(
        "warning: the guest gets the directory under the name `{guest}` and may write there: a name holds no mode; \
         `--dir {with_mode}::{name}::{mode}` says one, `--dir {host}::{guest}::rw` keeps this name"
    )));
}

/// The warning that the check refused some machine code, or, where machine code was asked for, that
/// there can be none of the module. Functions that the compiler does not treat are no news.
pub(crate) fn no_machine_code(refusals: &[Refusal], asked: bool) -> Option<String> {
    if let Some(RefusalReason::OfModule(why)) = refusals.first().map(|refusal| &refusal.reason) {
        return asked.then(|| {
            format!("warning: the module runs as bytecode: {why}{}", options_of_settings(why))
        });
    }
    let rejected = |refusal: &&Refusal| {
        matches!(refusal.reason, RefusalReason::Rejected(_) | RefusalReason::Damaged(_))
    };
    let mut rejected = refusals.iter().filter(rejected);
    let (first, more) = (rejected.next()?, rejected.count());
    let others = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    Some(format!("warning: a function runs as bytecode: {first}{others}"))
}

/// The warning that the machine code of a file is not used, though machine code is.
pub(crate) fn unused_code(module: &Module, threads: bool) -> Option<String> {
    let why = module.unused_code()?;
    let options = match threads {
        // No proof is there for shared memories, so no option of `compile` would help.
        true => "; `-S threads` takes machine code from the cache, not from files".to_owned(),
        false => options_of_settings(why),
    };
    Some(format!("warning: the machine code of the file is not used: {why}{options}"))
}

/// The options of `prova compile` that make code for the settings of the run, where an artifact was
/// made for others.
fn options_of_settings(why: &str) -> String {
    let other = why.rsplit_once("(other: ").map_or("", |(_, other)| other.trim_end_matches(')'));
    let options: Vec<&str> = other
        .split(", ")
        .filter_map(|setting| match setting {
            "fuel" => Some("`--fuel`"),
            "epochs" => Some("`--epochs`"),
            "NaNs" => Some("`--deterministic`"),
            "memories" => Some("`-O memory`"),
            "bases" => Some("`-O memory-may-move`"),
            "signals" => Some("`-O signals-based-traps`"),
            _ => None,
        })
        .collect();
    match options.is_empty() {
        true => String::new(),
        false => format!("; `prova compile` has {} for that", options.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_told_from_arguments() {
        let option = |args: &str| {
            let args: Vec<OsString> = args.split(' ').map(OsString::from).collect();
            option_of_run(&args).map(str::to_owned)
        };
        for args in [
            "--fuel 3",
            "--dir=.",
            "--deterministic",
            "-W fuel=3 x",
            "-S max-resources=1",
            "-O translate=lazy",
        ] {
            assert!(option(args).is_some(), "{args}");
        }
        for args in [
            "x --fuel 3",
            "--help",
            "--version",
            "-W ignore",
            "-S script.py",
            "-O2",
            "-W",
            "--fuels",
            "fuel",
            "-",
            "--",
        ] {
            assert_eq!(option(args), None, "{args}");
        }
    }

    #[test]
    fn two_colons_are_named_where_one_stands() {
        let failed = |dir: &str| dir_failed(&dir.parse().expect("a grant"));
        for (dir, meant) in
            [("a:b", "a::b"), ("a:/b:ro", "a::/b::ro"), ("a:/b:rw", "a::/b"), ("a:ro", "a::a::ro")]
        {
            let told = failed(dir);
            assert!(told.ends_with(&format!("`--dir {meant}`)")), "{dir}: {told}");
        }
        for (dir, host) in [("a", "a"), ("a:b::c", "a:b"), ("a::b", "a"), ("a:b:c", "a:b:c")] {
            assert_eq!(failed(dir), format!("failed to open directory `{host}`"));
        }
    }
}
