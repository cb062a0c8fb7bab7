//! `prova substrate`: runtimes and blocks of Substrate chains, executed and checked.
//!
//! A runtime is a file with its blob, compressed or not, or a state with `:code`. A state is a JSON
//! file: a chain specification, or an object with `mainTrie` and `childTries`. Exit codes: 0 done,
//! accepted, or equal; 1 a bad file, a block that is refused, tiers that differ; 2 misuse; 134 a
//! call that trapped.

mod compare;
mod files;
mod options;
mod texts;

use crate::report::{Exit, Misuse, Shown as _, printable, text_of, warn};
use crate::run::new_engine;
use crate::watchdog::Watchdog;
use crate::{hint, watchdog};
use clap::{Args, Subcommand};
use compare::compare_tiers;
use files::{block_and_state, block_of, code_and_state, read, unhex};
use options::ChainArgs;
use prova_core::{Context, Engine, Result, bail};
use prova_report::Node;
use prova_substrate::{
    Block, CODE_KEY, CallOptions, Executed, Outcome, Rule, Runtime, RuntimeOptions, RuntimeVersion,
    StateVersion, Storage, SubstrateError, check_parent_state, execute_block,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use texts::{hex, name, version_json, without_length};

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
    /// Gets the metadata of a runtime, without the length that stands before it
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
        /// The state root in the header before the first block: a state of another root is refused
        #[arg(long, value_name = "0xHEX")]
        parent_root: Option<String>,
        /// The blocks
        #[arg(value_name = "BLOCK", required = true)]
        blocks: Vec<PathBuf>,
    },
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

impl BlockArgs {
    /// The file with the runtime.
    fn code_file(&self) -> &Path {
        self.chain.code_file(self.state.as_deref().unwrap_or(&self.block))
    }
}

/// Runs the command.
pub(crate) fn run(args: &SubstrateArgs) -> Result<Exit> {
    match &args.command {
        SubstrateCommand::Version(file) => version(file),
        SubstrateCommand::Metadata { file, output } => metadata(file, output.as_deref()),
        SubstrateCommand::Call { file, entry, input } => call(file, entry, input),
        SubstrateCommand::ExecuteBlock(args) => execute(args),
        SubstrateCommand::CompareTiers(args) => compare_tiers(args),
        SubstrateCommand::Upgrade { chain, state, parent_root, blocks } => {
            upgrade(chain, state, parent_root.as_deref(), blocks)
        }
    }
}

fn version(args: &FileArgs) -> Result<Exit> {
    let host = ChainHost::new(&args.chain)?;
    let (code, _) = code_and_state(&args.chain, &args.file)?;
    let runtime = host.runtime(&code, args.chain.code_file(&args.file))?;
    let version = runtime.version_within(&host.options)?;
    let (packed, unpacked) = (code.len(), runtime.code().wasm().len());
    let compressed = if runtime.code().is_compressed() { ", compressed" } else { "" };
    let implementation = format!(
        "implementation {} {}, authoring {}, transactions {}, state {}",
        version.impl_name,
        version.impl_version,
        version.authoring_version,
        version.transaction_version,
        version.state_version
    );
    let interface = version.apis.iter();
    let interface =
        interface.map(|api| format!("interface {} version {}", hex(&api.id), api.version));
    let report = Node::of("version", name(&version))
        .with(version_json(&version))
        .with(json!({ "blob_bytes": packed, "code_bytes": unpacked }))
        .with_evidence([format!("blob: {packed} bytes{compressed}; module: {unpacked} bytes")])
        .with_evidence([implementation])
        .with_evidence(interface);
    args.chain.present(report)
}

fn metadata(args: &FileArgs, output: Option<&Path>) -> Result<Exit> {
    let outcome = called(args, "Metadata_metadata", &[])?;
    let metadata = without_length(&outcome.output);
    if let Some(path) = output {
        std::fs::write(path, metadata)
            .with_context(|| format!("failed to write `{}`", path.shown()))?;
    }
    let (bytes, hash) = (metadata.len(), hex(&prova_substrate::blake2_256(metadata)));
    let title = format!("{bytes} bytes, BLAKE2b-256 {hash}");
    let report = texts::called("metadata", title, &outcome);
    args.chain.present(report.with(json!({ "bytes": bytes, "blake2_256": hash })))
}

fn call(args: &FileArgs, entry: &str, input: &str) -> Result<Exit> {
    let Some(input) = unhex(input) else {
        bail!(Misuse(format!(
            "`{input}`: the arguments must be hexadecimal with `0x` before them"
        )));
    };
    let outcome = called(args, entry, &input)?;
    let log = outcome.log.iter();
    let log = log.map(|line| format!("log {} {}: {}", line.level, line.target, line.message));
    let output = hex(&outcome.output);
    let report = texts::called("call", output.clone(), &outcome);
    args.chain.present(report.with(json!({ "output": output })).with_evidence(log))
}

/// The outcome of calling an entry point.
fn called(args: &FileArgs, entry: &str, input: &[u8]) -> Result<Outcome> {
    let host = ChainHost::new(&args.chain)?;
    let (code, mut storage) = code_and_state(&args.chain, &args.file)?;
    let runtime = host.runtime(&code, args.chain.code_file(&args.file))?;
    runtime.call(&mut storage, entry, input, &host.options)
}

fn execute(args: &BlockArgs) -> Result<Exit> {
    let host = ChainHost::new(&args.chain)?;
    let (code, mut storage, block) = block_and_state(args)?;
    let runtime = host.runtime(&code, args.code_file())?;
    let version = runtime.version_within(&host.options)?;
    check_parent(args.parent_root.as_deref(), &version, &storage)?;
    let executed = match host.execute(&runtime, &version, &mut storage, &block) {
        Ok(executed) => executed,
        Err(error) => return refused(&args.chain, error, None),
    };
    args.chain.present(texts::executed(&version, &executed))
}

fn upgrade(
    chain: &ChainArgs,
    state: &Path,
    parent_root: Option<&str>,
    blocks: &[PathBuf],
) -> Result<Exit> {
    let host = ChainHost::new(chain)?;
    let (mut code, mut storage) = code_and_state(chain, state)?;
    let mut runtime = host.runtime(&code, chain.code_file(state))?;
    let mut version = runtime.version_within(&host.options)?;
    check_parent(parent_root, &version, &storage)?;
    let mut report = Node::of("blocks", format!("blocks executed on {}", state.shown()));
    for file in blocks {
        let block = block_of(file, &read(file)?)?;
        let executed = match host.execute(&runtime, &version, &mut storage, &block) {
            Ok(executed) => executed,
            Err(error) => {
                let error = error.context(format!("failed to execute `{}`", file.shown()));
                return refused(chain, error, Some(report));
            }
        };
        storage.apply(trie_version(&version)?);
        report.children.push(texts::executed(&version, &executed));
        let stored = storage.before(CODE_KEY);
        if let Some(stored) = stored.filter(|stored| *stored != code.as_slice()) {
            code = stored.to_vec();
            runtime = host.runtime(&code, file).context("failed to load the new `:code`")?;
            let new = runtime.version_within(&host.options)?;
            let title = format!("upgrade: {} becomes {}", name(&version), name(&new));
            report.children.push(Node::of("upgrade", title).with(version_json(&new)));
            version = new;
        }
    }
    chain.present(report)
}

/// An engine for runtimes, and what their calls may use.
struct ChainHost {
    engine: Engine,
    options: CallOptions,
    runtime_options: RuntimeOptions,
    watchdog: Option<Watchdog>,
}

impl ChainHost {
    fn new(args: &ChainArgs) -> Result<ChainHost> {
        let (config, wasm) = args.config()?;
        let engine = new_engine(&config)?;
        let watchdog = wasm.timeout.map(watchdog::start).transpose()?;
        let options = CallOptions { fuel: wasm.fuel, ..CallOptions::default() };
        let runtime_options = args.runtime_options();
        Ok(ChainHost { engine, options, runtime_options, watchdog })
    }

    /// The runtime in this code, which was in this file.
    fn runtime(&self, code: &[u8], file: &Path) -> Result<Runtime> {
        let runtime = Runtime::with_options(&self.engine, code, &self.runtime_options);
        let of_file = || format!("failed to load the runtime in `{}`", file.shown());
        let runtime = runtime.with_context(of_file)?;
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
        if let Some(line) = hint::no_machine_code(&runtime.module().refusals(), true) {
            warn(&printable(&line));
        }
        executed
    }
}

/// Refuses a state that is not the one of `--parent-root`.
fn check_parent(root: Option<&str>, version: &RuntimeVersion, storage: &Storage) -> Result<()> {
    let Some(text) = root else { return Ok(()) };
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

/// A refused block is an answer, for any trap of the runtime. In JSON it is the last of the blocks,
/// or stands alone; as text standard error has it.
fn refused(chain: &ChainArgs, error: prova_core::Error, blocks: Option<Node>) -> Result<Exit> {
    let refused = chain.json.then(|| texts::refused(&error));
    let report = match blocks {
        Some(blocks) => Some(blocks.with_children(refused)),
        None => refused,
    };
    report.map(|report| chain.present(report)).transpose()?;
    match error.downcast_ref::<SubstrateError>().map(SubstrateError::rule) {
        Some(Rule::Block(_)) => {
            warn(&text_of(&error));
            Ok(Exit::Bad)
        }
        _ => Err(error),
    }
}
