//! The common options of the commands of `prova substrate` → engine, runtime options, form of the
//! report.
//!
//! Chains pin what a runtime may use, so most of `-W` has no meaning here; it is refused, since
//! nothing is ignored.

use crate::args::EngineArgs;
use crate::groups::Wasm;
use crate::profile;
use crate::report::{Exit, Misuse, present};
use clap::Args;
use prova_core::{Config, Result, bail};
use prova_report::Node;
use prova_substrate::{MissingImports, RuntimeOptions, STACK_VALUES_DEFAULT, configure};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The options of every command.
#[derive(Debug, Args)]
pub(super) struct ChainArgs {
    #[command(flatten)]
    pub(super) engine: EngineArgs,
    /// The runtime, if it is not the state's `:code`
    #[arg(long, value_name = "FILE")]
    pub(super) code: Option<PathBuf>,
    /// Traps where the stack would have more values than LIMIT, at the calls where the
    /// module that wasm-instrument 0.4 makes of the runtime would trap
    #[arg(long, value_name = "wasm-instrument=LIMIT", value_parser = stack_limit)]
    stack_metering: Option<u32>,
    /// The treatment of a runtime that imports functions which the host does not have
    #[arg(long, value_name = "WHAT", default_value = "error")]
    missing_imports: Missing,
    /// Prints the report for programs
    #[arg(long)]
    pub(super) json: bool,
}

/// The treatment of a runtime that imports functions which the host does not have.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Missing {
    /// It is refused, and the imports are named
    Error,
    /// It runs until it calls one
    Trap,
}

impl ChainArgs {
    pub(super) fn runtime_options(&self) -> RuntimeOptions {
        let missing_imports = match self.missing_imports {
            Missing::Error => MissingImports::Refuse,
            Missing::Trap => MissingImports::Trap,
        };
        RuntimeOptions { stack_values_max: self.stack_metering, missing_imports }
    }

    /// The file with the runtime, where the state is in this file.
    pub(super) fn code_file<'a>(&'a self, state: &'a Path) -> &'a Path {
        self.code.as_deref().unwrap_or(state)
    }

    /// The configuration, for runtimes, and what `-W` says of calls.
    ///
    /// # Errors
    /// [`Misuse`], also for what would have no effect.
    pub(super) fn config(&self) -> Result<(Config, Wasm)> {
        Wasm::only(
            &self.engine.wasm,
            |key| KEYS.contains(&key),
            "runtimes have what chains pin, and a call's memory is what its state says",
        )?;
        let (mut config, wasm) = self.engine.config()?;
        if wasm.nan_canonicalization == Some(false) {
            let text = "`-W nan-canonicalization=n`: runtimes are always deterministic";
            bail!(Misuse(text.into()));
        }
        configure(&mut config).consume_fuel(true);
        Ok((config, wasm))
    }

    /// Prints a report; with `--deterministic` it has the profile as a member.
    pub(super) fn present(&self, report: Node) -> Result<Exit> {
        let report = match self.engine.deterministic {
            true => report.with(json!({ "profile": profile::member(&self.config()?) })),
            false => report,
        };
        present(&report, self.json)?;
        Ok(Exit::Done)
    }
}

/// The keys of `-W` that mean something for runtimes.
const KEYS: &[&str] = &[
    "help",
    "fuel",
    "timeout",
    "max-wasm-stack",
    "nan-canonicalization",
    "relaxed-simd-deterministic",
];

/// `wasm-instrument=LIMIT`.
fn stack_limit(text: &str) -> Result<u32, String> {
    let limit = text.strip_prefix("wasm-instrument=").and_then(|limit| limit.parse().ok());
    limit.ok_or_else(|| {
        format!("it must be wasm-instrument=LIMIT, such as wasm-instrument={STACK_VALUES_DEFAULT}")
    })
}
