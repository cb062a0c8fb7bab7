//! The command line, as clap reads it.
//!
//! `run` is the default command. Its options come before the module; everything after the module
//! goes to the guest.

use crate::groups::{Optimize, Wasm, is_proposal};
use crate::stats::Stats;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand};
use prova_core::wasi::{GRANT_FORM, Grant};
use prova_core::{Config, Features, MemoryShape, Tier, UnknownTier, bail};
use prova_diff::Verdict;
use prova_native::NativeCompiler;
use std::ffi::OsString;
use std::path::PathBuf;

/// Prova, a WebAssembly engine that runs only code it has checked
#[derive(Debug, Parser)]
#[command(name = "prova", version, long_version = crate::profile::VERSION.as_str(), args_conflicts_with_subcommands = true)]
#[command(after_help = "Without a command, `prova M.wasm ARGS…` is `prova run M.wasm ARGS…`.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a module (the default command)
    Run(RunArgs),
    /// Writes a module with its machine code, checked, as one file that `prova run` loads
    Compile(crate::compile::CompileArgs),
    /// Checks what `prova compile` or `wasmtime compile` wrote, without running it
    Verify(crate::verify::VerifyArgs),
    /// Shows, prunes or clears the machine code that runs keep for later ones
    Cache(crate::cache::CacheArgs),
    /// Validates modules, and translates and checks every function
    ///
    /// Nothing runs: of `-W`, the limits of a store have no effect.
    Validate(ValidateArgs),
    /// Shows a module, or a function's WebAssembly beside its bytecode
    Inspect(InspectArgs),
    /// Runs specification scripts
    ///
    /// A script whose first line is `;; fuel N` has N units of fuel for each call, unless `-W fuel`
    /// says otherwise. When the time of `-W timeout` is over, the directive that runs fails, and
    /// the command ends with 134. The limits of `-W` are those of each script's store.
    Wast(WastArgs),
    /// Runs a module under a debugger that speaks the gdb remote protocol, such as LLDB
    Debug(crate::debug::DebugArgs),
    /// Compiles a module to machine code and checks it, without running anything
    CheckCode(crate::check_code::CheckCodeArgs),
    /// Shows the machine code of functions
    Objdump(crate::objdump::ObjdumpArgs),
    /// Writes a page with source, WebAssembly, bytecode, SSA form and machine code side by side
    Explore(crate::explore::ExploreArgs),
    /// Shows the settings of the code generator
    Settings(crate::settings::SettingsArgs),
    /// Prints the completions for a shell
    Completions(crate::shell::CompletionsArgs),
    /// Writes a manual page for each command
    Man(crate::shell::ManArgs),
    /// Shows what the proofs rest on, and what keeps it
    Trust(crate::trust::TrustArgs),
    /// Finds the compiler pass after which two builds first differ
    Passes(crate::passes::PassesArgs),
    /// Builds more than once and compares
    Repro(crate::repro::ReproArgs),
    /// Compares two builds: what differs, with a verdict and its evidence
    Diff(DiffArgs),
    /// Tells who reads, writes, or lets an address escape
    Xref(XrefArgs),
    /// Makes the smallest pair of modules, or a crate, in which a function still differs
    Isolate(crate::isolate::IsolateArgs),
    /// Optimises a module, and proves each function equal to what it was
    Opt(crate::opt::OptArgs),
    /// Compiles what a module's interpreter is asked for, and proves it equal to the interpreter
    Specialize(crate::specialize::SpecializeArgs),
    /// Says why two builds differ: stage, pass, function, feature
    Explain(crate::explain::ExplainArgs),
    /// Shows the events of a run: calls, stores, loads, branches, values
    Trace(crate::trace::TraceArgs),
    /// Replays a recorded run, and tells its events by their hash
    Replay(crate::trace::ReplayArgs),
    /// Finds the first place at which two runs of a program differ
    Diverge(crate::diverge::DivergeCommand),
    /// Makes a small module of the place at which two runs differ
    Shrink(crate::shrink::ShrinkArgs),
    /// Shows what `--deterministic` fixes, and its digest
    Profile(crate::profile::ProfileArgs),
    /// Executes runtimes and blocks of Substrate chains
    Substrate(crate::substrate::SubstrateArgs),
}

/// The options that decide how functions are executed.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EngineArgs {
    /// The tier that executes functions
    #[arg(long, default_value = AUTO, value_parser = PossibleValuesParser::new(tiers()))]
    pub(crate) tier: String,
    /// Runs by the deterministic profile: the same on every machine (`prova profile`)
    #[arg(long)]
    pub(crate) deterministic: bool,
    /// The property that machine code of a function needs to run; the others run as bytecode
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    pub(crate) require: Require,
    /// WebAssembly semantics and limits (`-W help`)
    #[arg(short = 'W', long = "wasm", value_name = "KEY[=VAL],…")]
    pub(crate) wasm: Vec<String>,
    /// Translation and execution (`-O help`)
    #[arg(short = 'O', long = "optimize", value_name = "KEY[=VAL],…")]
    pub(crate) optimize: Vec<String>,
}

// Commands that run a module have the whole group (`Wasm`). These take the same keys of proposals,
// and refuse any other key, which would have no effect. There is no long name, as `verify --wasm`
// names a file. `tests/loads.rs` has all commands that load a module.
/// The proposals that modules may use: `-W` of commands that load a module and run nothing.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Proposals {
    /// Proposals that modules may use, such as `shared-memory` or `gc=n` (`-W help`)
    #[arg(short = 'W', value_name = "KEY[=VAL],…")]
    proposals: Vec<String>,
}

impl Proposals {
    /// Whether the option is given.
    pub(crate) fn is_given(&self) -> bool {
        !self.proposals.is_empty()
    }

    /// The proposals.
    ///
    /// # Errors
    /// [`Misuse`](crate::report::Misuse), or a request for help.
    pub(crate) fn features(&self) -> prova_core::Result<Features> {
        let why = "this command runs nothing: of `-W` it takes proposals alone";
        Wasm::only(&self.proposals, is_proposal, why)?;
        Ok(Wasm::parse(&self.proposals)?.features())
    }
}

/// The property that machine code has to have before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Require {
    /// Proved to stay in its sandbox
    #[default]
    Confined,
    /// Proved to do what its function says, too
    Proved,
}

/// The tier that is the interpreter with a compiler of machine code.
const NATIVE: &str = "native";

/// The tier that is chosen without an option.
const AUTO: &str = "auto";

/// The tiers to choose from, as clap shows them.
fn tiers() -> impl Iterator<Item = PossibleValue> {
    Tier::CHOICES.into_iter().map(|(name, help)| {
        let help = match name {
            NATIVE => "Machine code of checked functions, made before their first call",
            AUTO => "The interpreter, and machine code of functions in which the program spends its time",
            _ => help,
        };
        PossibleValue::new(name).help(help)
    })
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Calls this export instead of `_start`; the arguments after the module are its arguments,
    /// or stand in parentheses: `--invoke 'add(1, 2)'`
    ///
    /// Integers are decimal or, after `0x`, hexadecimal; floats are `1.5`, `1e3`, `inf`, `nan`. A
    /// v128 is one integer of 128 bits, whose lowest bits are lane 0: for `i32x4 1 2 3 4` write
    /// 0x00000004000000030000000200000001. A reference can only be `null`.
    #[arg(long, value_name = "FUNCTION")]
    pub(crate) invoke: Option<String>,
    /// Grants the guest a directory of the host, under its own or another name; with `::ro` behind
    /// both names it can change nothing there
    #[arg(long = "dir", value_name = GRANT_FORM)]
    pub(crate) dirs: Vec<Grant>,
    /// Sets an environment variable of the guest, or passes one on
    #[arg(long = "env", value_name = "NAME[=VAL]")]
    pub(crate) env: Vec<String>,
    /// Instantiates another module first, whose exports can be imported under NAME
    #[arg(long = "preload", value_name = "NAME=FILE")]
    pub(crate) preloads: Vec<String>,
    /// Variables of the host, and limits of what WASI's calls make it do (`-S help`)
    #[arg(short = 'S', long = "wasi", value_name = "KEY[=VAL],…")]
    pub(crate) wasi: Vec<String>,
    /// The compiler and its cache (`-C help`)
    #[arg(short = 'C', long = "codegen", value_name = "KEY[=VAL],…")]
    pub(crate) codegen: Vec<String>,
    /// Core dumps and backtraces (`-D help`)
    #[arg(short = 'D', long = "debug", value_name = "KEY[=VAL],…")]
    pub(crate) debug: Vec<String>,
    /// Waits for a debugger that speaks the gdb remote protocol; the same as `prova debug --listen`
    #[arg(short = 'g', long = "gdbstub", value_name = "[ADDRESS:]PORT")]
    pub(crate) gdbstub: Option<String>,
    /// Finds where time goes: `guest[,FILE[,INTERVAL]]` samples the run in the interpreter and
    /// writes a profile for the Firefox Profiler; `perfmap` and `jitdump`, the same as
    /// `-O perf-map` and `-O jit-dump`, name machine code for `perf`
    #[arg(long, value_name = "STRATEGY")]
    pub(crate) profile: Option<String>,
    /// Takes options of the groups from a file in TOML, with tables [wasm], [optimize], [codegen],
    /// [debug] and [wasi]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The name that the guest sees as its own
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<String>,
    /// Stops the guest after this many units of fuel; the same as `-W fuel=N`
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,
    /// Prints to standard error at the end how much fuel was used, and meters if nothing else does;
    /// or, of the interpreter, which ops of the bytecode ran how often
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true,
          default_missing_value = "fuel")]
    pub(crate) stats: Option<Stats>,
    /// Writes the host's answers to a file, from which `prova replay` runs the program again
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Neither takes machine code from the cache nor writes any there
    #[arg(long, conflicts_with = "cache")]
    pub(crate) no_cache: bool,
    /// Keeps machine code in this folder instead of the user's cache (`prova cache dir`)
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Runs only the module, or the file of `prova compile`, with this SHA-256
    ///
    /// Such a file may be named by the module inside, which then runs as bytecode.
    #[arg(long, value_name = "SHA256")]
    pub(crate) expect: Option<String>,
    /// The module in binary or text format (`-` for standard input), or what `prova compile` wrote,
    /// and the guest's arguments
    ///
    /// All options stand before the module. `--` before it says that an argument behind it that
    /// looks like one of them is meant for the guest, and silences the warning.
    #[arg(value_name = "MODULE", trailing_var_arg = true)]
    pub(crate) module_and_args: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Modules in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE", required_unless_present_any = ["wasm", "optimize"])]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// The function: its index, export, name, an offset in it (`0x3c56`, as in backtraces) or its
    /// demangled name, or the end or a part of that; without it, the module is listed
    #[arg(long, value_name = "NAME|INDEX|EXPORT")]
    pub(crate) function: Option<String>,
    /// Prints JSON (docs/reference/inspect.md has its schema)
    #[arg(long)]
    pub(crate) json: bool,
    /// Shows the function's WebAssembly beside its SSA form, before and after the passes
    #[arg(long, requires = "function", conflicts_with_all = ["json", "report"])]
    pub(crate) ssa: bool,
    /// With --ssa: the passes in their order, as for `prova opt`
    #[arg(long, value_name = "PASS,…", requires = "ssa")]
    pub(crate) passes: Option<String>,
    /// Shows the function's WebAssembly beside its SSA form and its machine code, and what
    /// Cranelift was given
    #[arg(long, requires = "function", conflicts_with_all = ["json", "report", "ssa"])]
    pub(crate) native: bool,
    /// Shows the function's machine code beside its SSA form, with the relation by which the code
    /// is proved to do what the function says
    #[arg(long, requires = "function", conflicts_with_all = ["json", "report", "ssa", "native"])]
    pub(crate) equal: bool,
    /// Writes all that is known of the function to a file, to be attached to a report
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The module in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct WastArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Compares the messages with which modules are refused
    #[arg(long)]
    pub(crate) messages: bool,
    /// Prints each failure and each skipped directive
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Scripts
    #[arg(value_name = "FILE", required_unless_present_any = ["wasm", "optimize"])]
    pub(crate) files: Vec<PathBuf>,
}

/// Exits with 0 if the modules are equal (or all that differs is allowed), 1 if they differ, 2 for
/// misuse or unreadable input.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The first module in binary or text format
    #[arg(value_name = "A.wasm")]
    pub(crate) a: PathBuf,
    /// The second module
    #[arg(value_name = "B.wasm")]
    pub(crate) b: PathBuf,
    #[command(flatten)]
    pub(crate) proposals: Proposals,
    /// Prints the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the report as one HTML page that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[arg(long, value_name = "CLASS", value_delimiter = ',', help = allowed())]
    pub(crate) allow: Vec<String>,
    /// Executions on random inputs that back one verdict `layout-only`
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) runs: u32,
}

#[derive(Debug, Args)]
pub(crate) struct XrefArgs {
    /// The module in binary or text format
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// An address (`4096`, `0x1000`), a range (`0x1000..0x1010`), a symbol of data, a variable, or
    /// the name of a data segment; with --at a variable, or what holds one (`local2`)
    #[arg(value_name = "ADDR[..ADDR]|SYMBOL", required_unless_present = "at")]
    pub(crate) target: Option<String>,
    /// Names the variables of the source that the operator at this offset in the module can name
    #[arg(long, value_name = "OFFSET", conflicts_with_all = ["watch", "memory"])]
    pub(crate) at: Option<String>,
    /// The memory of the address, by its index
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) memory: u32,
    #[command(flatten)]
    pub(crate) proposals: Proposals,
    /// Prints the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Runs the module, and reports each access to the range; its output goes to standard error
    #[arg(long)]
    pub(crate) watch: bool,
    /// With --watch: calls this export instead of `_start`; what follows are its arguments
    #[arg(long, value_name = "FUNCTION", requires = "watch")]
    pub(crate) invoke: Option<String>,
    /// With --watch: reports the first N accesses in order, with their callers
    #[arg(long, value_name = "N", requires = "watch", default_value_t = 20)]
    pub(crate) first: usize,
    /// With --watch: grants the guest a directory of the host, under its own or another name
    #[arg(long = "dir", value_name = GRANT_FORM, requires = "watch")]
    pub(crate) dirs: Vec<Grant>,
    /// With --watch: sets an environment variable of the guest, or passes one on
    #[arg(long = "env", value_name = "NAME[=VAL]", requires = "watch")]
    pub(crate) env: Vec<String>,
    /// With --watch: limits of what WASI's calls make the host do (`-S help`)
    #[arg(short = 'S', long = "wasi", value_name = "KEY[=VAL],…", requires = "watch")]
    pub(crate) wasi: Vec<String>,
    /// With --watch: stops the guest after this many units of fuel
    #[arg(long, value_name = "N", requires = "watch")]
    pub(crate) fuel: Option<u64>,
    /// With --watch: the guest's arguments, or those of the function
    #[arg(value_name = "ARGS", trailing_var_arg = true, requires = "watch")]
    pub(crate) args: Vec<OsString>,
}

impl EngineArgs {
    /// Whether machine code is to be made.
    pub(crate) fn is_native(&self) -> bool {
        self.tier == NATIVE
    }

    /// Whether a function waits for its proof before it runs.
    pub(crate) fn waits_for_proofs(&self) -> bool {
        self.is_native() && self.require == Require::Proved
    }

    /// Whether no tier is asked for.
    pub(crate) fn is_auto(&self) -> bool {
        self.tier == AUTO
    }

    /// The same with the interpreter where no other tier is asked for.
    pub(crate) fn as_interpreter(&self) -> EngineArgs {
        let tier = if self.tier == AUTO { Tier::default().choice() } else { &self.tier };
        EngineArgs { tier: tier.to_owned(), ..self.clone() }
    }

    /// Whether machine code that was made before may run.
    pub(crate) fn takes_machine_code(&self) -> bool {
        self.tier == NATIVE || self.tier == AUTO
    }

    /// The compiler of machine code.
    ///
    /// # Errors
    /// [`Misuse`](crate::report::Misuse).
    pub(crate) fn compiler(&self) -> prova_core::Result<NativeCompiler> {
        Ok(compiler_of(&Optimize::parse(&self.optimize)?))
    }

    /// How machine code keeps accesses inside a memory.
    ///
    /// # Errors
    /// [`Misuse`](crate::report::Misuse).
    pub(crate) fn memory_shape(&self) -> prova_core::Result<MemoryShape> {
        Ok(Optimize::parse(&self.optimize)?.memory)
    }

    /// The option groups and the configuration that they amount to.
    ///
    /// # Errors
    /// [`Misuse`](crate::report::Misuse), or a request for help.
    pub(crate) fn config(&self) -> prova_core::Result<(Config, Wasm)> {
        let wasm = Wasm::parse(&self.wasm)?;
        let optimize = Optimize::parse(&self.optimize)?;
        let native = self.is_native();
        let tier = if native { Ok(Tier::default()) } else { self.tier.parse() };
        let mut tier = match tier {
            Ok(tier) => tier,
            Err(UnknownTier::NotInThisBuild) => {
                return misuse(&format!("`--tier {}` is not supported in this build", self.tier));
            }
            Err(error) => return misuse(&format!("`--tier {}`: {error}", self.tier)),
        };
        if let Some(dispatch) = optimize.dispatch {
            match &mut tier {
                Tier::Interpreter(default) => *default = dispatch,
                Tier::Reference => {
                    let what = "`-O dispatch` is for the interpreter, not for `--tier reference`";
                    return misuse(what);
                }
            }
        }
        let mut config = Config::new();
        config.tier(tier);
        let auto = self.tier == AUTO;
        if native || auto {
            config.native(compiler_of(&optimize));
            config.tier_up(auto.then_some(optimize.hot));
        }
        if let Some(signals) = optimize.signals {
            config.signals_based_traps(signals);
        }
        if let Some(translate) = optimize.translate {
            config.translate(translate);
        }
        if optimize.perf_map && optimize.jit_dump {
            return misuse("`-O perf-map` and `-O jit-dump`: `perf` reads one of them");
        }
        config.require_proved(self.require == Require::Proved);
        config.perf_map(optimize.perf_map);
        if optimize.jit_dump {
            config.jit_dump(true);
        }
        wasm.apply(&mut config, self.deterministic)?;
        Ok((config, wasm))
    }
}

/// The help of `prova diff --allow`.
fn allowed() -> String {
    let names = Verdict::ALL.into_iter().filter(|verdict| *verdict != Verdict::Identical);
    let name = |verdict: Verdict| match verdict {
        Verdict::LayoutOnly => format!("{verdict} (these three are proved)"),
        other => other.to_string(),
    };
    let names: Vec<String> = names.map(name).collect();
    format!(
        "Verdicts that count as equal, separated by commas: {}; custom:SECTION; harmless: what an honest build from another folder does, with what is assumed in a list",
        names.join(", ")
    )
}

fn compiler_of(optimize: &Optimize) -> NativeCompiler {
    let mut compiler =
        NativeCompiler::new().with_memory(optimize.memory).with_bases(optimize.bases);
    if let Some(time) = optimize.compile_time {
        compiler = compiler.within(time);
    }
    compiler
}

fn misuse<T>(message: &str) -> prova_core::Result<T> {
    bail!(crate::report::Misuse(message.to_owned()))
}
