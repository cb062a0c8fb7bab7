//! `prova substrate`: runtimes and blocks of Substrate chains, executed and checked.
//!
//! A runtime is a file with its blob, compressed or not, or a state with `:code`. A state is a JSON
//! file: a chain specification, or an object with `mainTrie` and `childTries`. Exit codes: 0 done,
//! accepted, or equal; 1 a bad file, a block that is refused, tiers that differ; 2 misuse; 134 a
//! call that trapped.

mod files;
mod texts;

use crate::args::EngineArgs;
use crate::report::{Exit, Misuse, print, printable, text_of, warn};
use crate::run::new_engine;
use crate::watchdog::Watchdog;
use crate::{hint, watchdog};
use clap::{Args, Subcommand};
use files::{block_and_state, block_of, code_and_state, read, unhex};
use prova::{Config, Context, Engine, Result, Tier, bail};
use prova_substrate::{
    Block, CODE_KEY, CallOptions, Executed, Outcome, Rule, Runtime, RuntimeVersion, StateVersion,
    Storage, SubstrateError, check_parent_state, configure, execute_block,
};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use texts::{costs, executed_json, executed_text, hex, name, outcome_json, version_json};

/// Executes runtimes and blocks of Substrate chains
#[derive(Debug, Args)]
pub(crate) struct SubstrateArgs {
    #[command(subcommand)]
    command: SubstrateCommand,
}

#[derive(Debug, Subcommand)]
enum SubstrateCommand {
    /// Shows the version of a runtime
    Version(FileArgs),
    /// Gets the metadata of a runtime
    Metadata {
        #[command(flatten)]
        file: FileArgs,
        /// Where the metadata is written; without, its size and hash are shown
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Calls an entry point of a runtime, and shows what it returns
    Call {
        #[command(flatten)]
        file: FileArgs,
        /// The entry point
        #[arg(value_name = "ENTRY")]
        entry: String,
        /// The SCALE-encoded arguments
        #[arg(value_name = "0xHEX", default_value = "0x")]
        input: String,
    },
    /// Executes a block on its parent's state, and checks the state root
    ExecuteBlock(BlockArgs),
    /// Executes a block in every tier, and compares outcome, state root, fuel and host calls
    CompareTiers(BlockArgs),
    /// Executes blocks one after the other, each with the runtime that the state has then
    Upgrade {
        #[command(flatten)]
        chain: ChainArgs,
        /// The state before the first block
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
        /// The blocks
        #[arg(value_name = "BLOCK", required = true)]
        blocks: Vec<PathBuf>,
    },
}

/// What every command takes.
#[derive(Debug, Args)]
struct ChainArgs {
    #[command(flatten)]
    engine: EngineArgs,
    /// The runtime, if it is not the state's `:code`
    #[arg(long, value_name = "FILE")]
    code: Option<PathBuf>,
    /// Prints the report for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct FileArgs {
    #[command(flatten)]
    chain: ChainArgs,
    /// A runtime, or a state with one
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct BlockArgs {
    #[command(flatten)]
    chain: ChainArgs,
    /// The parent's state, if the block's file has none
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// The state root in the parent's header: a state of another root is refused
    #[arg(long, value_name = "0xHEX")]
    parent_root: Option<String>,
    /// The block
    #[arg(value_name = "BLOCK")]
    block: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &SubstrateArgs) -> Result<Exit> {
    match &args.command {
        SubstrateCommand::Version(file) => version(file),
        SubstrateCommand::Metadata { file, output } => metadata(file, output.as_deref()),
        SubstrateCommand::Call { file, entry, input } => call(file, entry, input),
        SubstrateCommand::ExecuteBlock(args) => execute(args),
        SubstrateCommand::CompareTiers(args) => compare_tiers(args),
        SubstrateCommand::Upgrade { chain, state, blocks } => upgrade(chain, state, blocks),
    }
}

fn version(args: &FileArgs) -> Result<Exit> {
    let host = ChainHost::new(&args.chain)?;
    let (code, _) = code_and_state(&args.chain, &args.file)?;
    let runtime = host.runtime(&code)?;
    let version = runtime.version()?;
    let (packed, unpacked) = (code.len(), runtime.code().wasm().len());
    if args.chain.json {
        let mut report = version_json(&version);
        report["blob_bytes"] = json!(packed);
        report["code_bytes"] = json!(unpacked);
        return print_json(&report);
    }
    let mut text = format!("{}\n", name(&version));
    let compressed = if runtime.code().is_compressed() { ", compressed" } else { "" };
    let _ = writeln!(text, "blob: {packed} bytes{compressed}; module: {unpacked} bytes");
    let _ = writeln!(
        text,
        "implementation {} {}, authoring {}, transactions {}, state {}",
        version.impl_name,
        version.impl_version,
        version.authoring_version,
        version.transaction_version,
        version.state_version
    );
    for api in &version.apis {
        let _ = writeln!(text, "interface {} version {}", hex(&api.id), api.version);
    }
    print(&printable(&text))?;
    Ok(Exit::Done)
}

fn metadata(args: &FileArgs, output: Option<&Path>) -> Result<Exit> {
    let outcome = called(args, "Metadata_metadata", &[])?;
    if let Some(path) = output {
        std::fs::write(path, &outcome.output)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    let (bytes, hash) = (outcome.output.len(), prova_substrate::blake2_256(&outcome.output));
    if args.chain.json {
        let mut report = outcome_json(&outcome);
        report["bytes"] = json!(bytes);
        report["blake2_256"] = json!(hex(&hash));
        return print_json(&report);
    }
    print(&format!("{bytes} bytes, BLAKE2b-256 {}\n{}", hex(&hash), costs(&outcome)))?;
    Ok(Exit::Done)
}

fn call(args: &FileArgs, entry: &str, input: &str) -> Result<Exit> {
    let Some(input) = unhex(input) else {
        bail!(Misuse(format!(
            "`{input}`: the arguments must be hexadecimal with `0x` before them"
        )));
    };
    let outcome = called(args, entry, &input)?;
    if args.chain.json {
        let mut report = outcome_json(&outcome);
        report["output"] = json!(hex(&outcome.output));
        return print_json(&report);
    }
    let mut text = format!("{}\n{}", hex(&outcome.output), costs(&outcome));
    for line in &outcome.log {
        let _ = writeln!(text, "log {} {}: {}", line.level, line.target, line.message);
    }
    print(&printable(&text))?;
    Ok(Exit::Done)
}

/// What came of calling an entry point.
fn called(args: &FileArgs, entry: &str, input: &[u8]) -> Result<Outcome> {
    let host = ChainHost::new(&args.chain)?;
    let (code, mut storage) = code_and_state(&args.chain, &args.file)?;
    let runtime = host.runtime(&code)?;
    runtime.call(&mut storage, entry, input, &host.options)
}

fn execute(args: &BlockArgs) -> Result<Exit> {
    let host = ChainHost::new(&args.chain)?;
    let (code, mut storage, block) = block_and_state(args)?;
    let runtime = host.runtime(&code)?;
    let version = runtime.version()?;
    check_parent(args, &version, &storage)?;
    let executed = match host.execute(&runtime, &version, &mut storage, &block) {
        Ok(executed) => executed,
        Err(error) => return refused(error),
    };
    if args.chain.json {
        return print_json(&executed_json(&version, &executed));
    }
    print(&printable(&executed_text(&version, &executed)))?;
    Ok(Exit::Done)
}

/// The tiers that are compared, with their names.
fn tiers() -> Vec<(&'static str, Config)> {
    let config = |tier| {
        let mut config = Config::new();
        config.tier(tier);
        config
    };
    let mut tiers: Vec<_> = Tier::ALL.iter().map(|&tier| (tier.name(), config(tier))).collect();
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        let mut native = config(Tier::default());
        native.native(prova_native::NativeCompiler::new());
        tiers.push(("native", native));
    }
    tiers
}

fn compare_tiers(args: &BlockArgs) -> Result<Exit> {
    let (code, storage, block) = block_and_state(args)?;
    let (_, wasm) = args.chain.engine.config()?;
    let mut reports: Vec<(&str, Value)> = Vec::new();
    for (tier, mut config) in tiers() {
        configure(&mut config).consume_fuel(true);
        let options = CallOptions { fuel: wasm.fuel, ..CallOptions::default() };
        let host = ChainHost { engine: new_engine(&config)?, options, watchdog: None };
        let runtime = host.runtime(&code)?;
        let version = runtime.version()?;
        check_parent(args, &version, &storage)?;
        let report = match host.execute(&runtime, &version, &mut storage.clone(), &block) {
            Ok(executed) => executed_json(&version, &executed),
            Err(error) => json!({ "error": chain_of(&error) }),
        };
        reports.push((tier, report));
    }
    let equal = reports.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let exit = if equal { Exit::Done } else { Exit::Bad };
    if args.chain.json {
        let tiers: serde_json::Map<String, Value> =
            reports.into_iter().map(|(tier, report)| (tier.to_owned(), report)).collect();
        print_json(&json!({ "equal": equal, "tiers": tiers }))?;
        return Ok(exit);
    }
    let mut text = String::new();
    for (tier, report) in &reports {
        let _ = match report["error"].as_str() {
            Some(error) => writeln!(text, "{tier}: {error}"),
            None => writeln!(
                text,
                "{tier}: state root {}, fuel {}, {} host calls",
                report["state_root"].as_str().unwrap_or_default(),
                report["fuel"],
                report["calls"]
                    .as_object()
                    .map_or(0, |calls| { calls.values().filter_map(Value::as_u64).sum::<u64>() })
            ),
        };
    }
    let _ = writeln!(text, "{}", if equal { "all tiers agree" } else { "the tiers differ" });
    print(&printable(&text))?;
    Ok(exit)
}

fn upgrade(chain: &ChainArgs, state: &Path, blocks: &[PathBuf]) -> Result<Exit> {
    let host = ChainHost::new(chain)?;
    let (mut code, mut storage) = code_and_state(chain, state)?;
    let mut runtime = host.runtime(&code)?;
    let mut version = runtime.version()?;
    let (mut text, mut reports) = (String::new(), Vec::new());
    for file in blocks {
        let block = block_of(file, &read(file)?)?;
        let executed = match host.execute(&runtime, &version, &mut storage, &block) {
            Ok(executed) => executed,
            Err(error) => {
                print(&printable(&text))?;
                return refused(error.context(format!("failed to execute `{}`", file.display())));
            }
        };
        storage.apply(trie_version(&version)?);
        text.push_str(&executed_text(&version, &executed));
        reports.push(executed_json(&version, &executed));
        let stored = storage.before(CODE_KEY);
        if let Some(stored) = stored.filter(|stored| *stored != code.as_slice()) {
            code = stored.to_vec();
            runtime = host.runtime(&code).context("failed to load the new `:code`")?;
            let new = runtime.version()?;
            let _ = writeln!(text, "upgrade: {} becomes {}", name(&version), name(&new));
            reports.push(json!({ "upgrade": version_json(&new) }));
            version = new;
        }
    }
    if chain.json {
        return print_json(&json!(reports));
    }
    print(&printable(&text))?;
    Ok(Exit::Done)
}

/// An engine for runtimes, and what their calls may use.
struct ChainHost {
    engine: Engine,
    options: CallOptions,
    watchdog: Option<Watchdog>,
}

impl ChainHost {
    fn new(args: &ChainArgs) -> Result<ChainHost> {
        let (mut config, wasm) = args.engine.config()?;
        configure(&mut config).consume_fuel(true);
        let engine = new_engine(&config)?;
        let watchdog = wasm.timeout.map(watchdog::start).transpose()?;
        let options = CallOptions { fuel: wasm.fuel, ..CallOptions::default() };
        Ok(ChainHost { engine, options, watchdog })
    }

    fn runtime(&self, code: &[u8]) -> Result<Runtime> {
        let runtime = Runtime::new(&self.engine, code)?;
        if let Some(watchdog) = &self.watchdog {
            watchdog.watch(&self.engine);
        }
        Ok(runtime)
    }

    fn execute(
        &self,
        runtime: &Runtime,
        version: &RuntimeVersion,
        storage: &mut Storage,
        block: &Block,
    ) -> Result<Executed> {
        if self.watchdog.as_ref().is_some_and(Watchdog::is_over) {
            bail!("the timeout was over before the block was executed");
        }
        let executed =
            execute_block(runtime, trie_version(version)?, storage, block, &self.options);
        if let Some(line) = hint::no_machine_code(&runtime.module().refusals()) {
            warn(&printable(&line));
        }
        executed
    }
}

/// Refuses a state that is not the one of `--parent-root`.
fn check_parent(args: &BlockArgs, version: &RuntimeVersion, storage: &Storage) -> Result<()> {
    let Some(text) = &args.parent_root else { return Ok(()) };
    let Some(root) = unhex(text).and_then(|root| <[u8; 32]>::try_from(root).ok()) else {
        bail!(Misuse(format!("`--parent-root {text}`: it must be 32 bytes in hexadecimal")));
    };
    check_parent_state(storage, trie_version(version)?, &root)
}

/// How the state's trie is built.
fn trie_version(version: &RuntimeVersion) -> Result<StateVersion> {
    match version.trie() {
        Some(version) => Ok(version),
        None => {
            bail!("the runtime has the state version {}, which is unknown", version.state_version)
        }
    }
}

/// A block that is refused is an answer, whatever the trap that the runtime ended with.
fn refused(error: prova::Error) -> Result<Exit> {
    match error.downcast_ref::<SubstrateError>().map(SubstrateError::rule) {
        Some(Rule::Block(_)) => {
            warn(&text_of(&error));
            Ok(Exit::Bad)
        }
        _ => Err(error),
    }
}

fn print_json(report: &Value) -> Result<Exit> {
    print(&format!("{report:#}\n"))?;
    Ok(Exit::Done)
}

/// The error with its chain, on one line.
fn chain_of(error: &prova::Error) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    chain.join(": ")
}
