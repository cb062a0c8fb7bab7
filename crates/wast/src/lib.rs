//! Specification scripts (`.wast`) → what of them an engine of one configuration does as demanded.
//!
//! ```text
//! source ─ header ─ wast (parse) ─► directives ─ script ─► Report { passed, failures, skipped }
//!                                                 └ spectest, pattern
//! ```
//!
//! A script runs in one store with the host module `spectest`. Every directive of it is counted
//! once: passed, failed with its line and reason, or skipped because the module that it needs
//! failed before. Nothing is left out silently: a directive that this crate cannot do is a failure
//! that says so.
//!
//! A green report does not show that an invalid module was refused for the *right* reason, unless
//! [`Messages::Compared`] is asked for (then the engine's words must contain the script's, which no
//! engine's always do). For a malformed text module it shows only the parser's opinion.

mod header;
mod pattern;
mod script;
mod spectest;

use prova_core::{Config, Engine, StoreLimits, printable_message};
use std::fmt;
use std::sync::Arc;

pub use header::Header;

/// How scripts run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The engine's configuration.
    pub config: Config,
    /// The fuel of each invocation, and of all instantiations together, for an engine that consumes
    /// fuel. It goes before the fuel of a script's [`Header`], for which an engine always does.
    pub fuel: Option<u64>,
    /// Limits on the store of a script.
    pub limits: StoreLimits,
    /// The treatment of the messages in assertions of refusal.
    pub messages: Messages,
    /// After how many objects each store collects, besides when it is time for that; 0: never.
    pub collect_every: u64,
    /// The change of each module's bytes before the engine gets them.
    pub rewrite: Option<Rewrite>,
}

/// A function from a module's bytes to the bytes of an equivalent module; bytes that are no valid
/// module stay as they are.
#[derive(Clone)]
pub struct Rewrite(pub Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>);

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rewrite")
    }
}

/// The treatment of the messages that scripts give for modules to be refused. Messages of traps are
/// always compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Messages {
    /// The module must be refused, with any message.
    #[default]
    Ignored,
    /// The refusal must contain the script's message.
    Compared,
}

/// The outcome of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Directives that did as demanded.
    pub passed: usize,
    /// Directives that did not, in order of lines.
    pub failures: Vec<Finding>,
    /// Directives that could not run because of an earlier failure, in order of lines.
    pub skipped: Vec<Finding>,
}

/// A directive and what is to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its line in the script, from 1.
    pub line: usize,
    /// Why it failed or was skipped.
    pub message: String,
    /// The name of the proposal that was missing, if that is the reason.
    pub unsupported: Option<&'static str>,
}

impl Report {
    /// Whether all directives did as demanded.
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty() && self.skipped.is_empty()
    }

    /// The number of directives.
    pub fn total(&self) -> usize {
        self.passed + self.failures.len() + self.skipped.len()
    }

    /// Whether something failed, and only modules that need a proposal that the engine does not
    /// have.
    pub fn is_unsupported(&self) -> bool {
        let missing = |failure: &Finding| failure.unsupported.is_some();
        !self.failures.is_empty() && self.failures.iter().all(missing)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Runs a script. One that does not parse is one failure.
///
/// # Errors
/// If the configuration is refused.
pub fn run(source: &str, options: &Options) -> prova_core::Result<Report> {
    run_watched(source, options, |_| ())
}

/// The same, and tells `watch` before it begins which engine runs the script. Once that engine's
/// epoch has moved on (and the configuration has epochs), no directive runs code any more: each
/// that should fails with *interrupt*.
///
/// # Errors
/// If the configuration is refused.
pub fn run_watched(
    source: &str,
    options: &Options,
    watch: impl FnOnce(&Engine),
) -> prova_core::Result<Report> {
    let header = match Header::of(source) {
        Ok(header) => header,
        Err(message) => {
            let message = printable_message(&message);
            let failure = Finding { line: 1, message, unsupported: None };
            return Ok(Report { failures: vec![failure], ..Report::default() });
        }
    };
    let mut options = options.clone();
    if let Some(fuel) = header.fuel {
        options.config.consume_fuel(true);
        options.fuel.get_or_insert(fuel);
    }
    let engine = Engine::new(&options.config)?;
    watch(&engine);
    script::run(source, &engine, &options)
}
