//! A build command → its outputs where they differ, built again with the passes printed, explained.
//!
//! ```text
//! build ─► outputs differ ─ diff ─► functions that differ ─► build again, their passes printed ─► explain
//!                                   Cargo.toml ─ cargo metadata ─────────────────────────────────┘
//! ```
//!
//! [`explain`] draws the conclusions; [`passes`] knows which flags a compiler needs.
//!
//! 1. Modules and logs that are explained together come from the same builds: the second ones, if
//!    these differ.
//! 2. Passes are printed only if code differs: no pass puts a seed or a path into the data.
//!
//! `tests/explain.rs` has a compiler that is a script.

use super::{Explanation, Sources, explain};
use anyhow::{Context, Result};
use prova_builds::names::printable_line;
use prova_builds::passes;
use prova_builds::repro::{Options, Outcome, blame, build};
use prova_diff::{DiffOptions, Kind, diff};
use prova_module::{Features, FuncIdx, Limits, Module};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Maximum number of functions to which printing passes is limited; if more differ, the passes of
/// all functions are printed.
pub const FUNCTIONS_MAX: usize = 16;

/// The builds and the findings.
#[derive(Clone, Debug)]
pub struct Live {
    /// The first builds.
    pub outcome: Outcome,
    /// The explanation of each differing module, by its path.
    pub explanations: Vec<(String, Explanation)>,
    /// The facts that were not found out.
    pub notes: Vec<String>,
}

/// Builds, and explains what differs.
///
/// # Errors
/// As [`build`](fn@prova_builds::repro::build); or if a log or Cargo's graph cannot be read.
pub fn live(
    options: &Options,
    metadata: Option<String>,
    progress: &mut dyn FnMut(&str),
) -> Result<Live> {
    let first = Options { keep: options.keep.join("builds"), ..options.clone() };
    let outcome = build(&first, progress)?;
    let mut live = Live { outcome, explanations: Vec::new(), notes: Vec::new() };
    let metadata = metadata.or_else(|| cargo_says(options, &mut live.notes));
    let mut pairs = Vec::new();
    for path in modules(&live.outcome) {
        match pair(&live.outcome, &path) {
            Some(pair) => pairs.push((path, pair)),
            None => live.notes.push(format!("{path} is not a module in both outputs")),
        }
    }
    let passes = passes_of(options, &pairs, &mut live.notes, progress)?;
    for (path, first) in pairs {
        // Logs explain the outputs of the builds that they are of.
        let again = passes
            .as_ref()
            .and_then(|(outcome, logs)| Some((pair(outcome, &path)?, outcome, logs)));
        let (pair, outcome, logs) = match again {
            Some((pair, outcome, logs)) => (pair, outcome, Some(logs.clone())),
            None => (first, &live.outcome, None),
        };
        let sources = Sources { names: kept(outcome, &path), logs, metadata: metadata.clone() };
        live.explanations.push((path, explain(&pair.0, &pair.1, &sources)?));
    }
    Ok(live)
}

/// The differing outputs that are called modules.
fn modules(outcome: &Outcome) -> Vec<String> {
    outcome
        .differing()
        .into_iter()
        .filter(|path| path.ends_with(".wasm") || path.ends_with(".o"))
        .collect()
}

fn kept(outcome: &Outcome, path: &str) -> (String, String) {
    let name = |class: usize| {
        let kept = outcome.classes.get(class).and_then(|class| class.kept.as_ref());
        kept.map_or_else(String::new, |kept| kept.join(path).display().to_string())
    };
    (name(0), name(1))
}

fn pair(outcome: &Outcome, path: &str) -> Option<(Module, Module)> {
    let module = |class: usize| {
        let bytes = std::fs::read(outcome.classes.get(class)?.kept.as_ref()?.join(path)).ok()?;
        Module::decode(bytes, &Features::default(), &Limits::default()).ok()
    };
    Some((module(0)?, module(1)?))
}

/// The symbols of functions whose code differs; `None` for one without a symbol that a compiler
/// would know.
fn differing((a, b): &(Module, Module)) -> Vec<Option<String>> {
    let report = diff(a, b, &DiffOptions::default());
    let differing = report
        .differences
        .iter()
        .filter(|one| one.kind == Kind::Function && one.verdict.is_of_code() && one.b.is_some());
    differing
        .map(|one| {
            let func = FuncIdx(u32::try_from(one.a?).ok()?);
            // Objects have their names elsewhere; there the report's name is the symbol, unless it
            // is none at all.
            let symbol = a.func_name(func).unwrap_or(&one.name);
            // Names are the module's, and go into a list of flags.
            let plain = |c: char| c.is_ascii_alphanumeric() || "_.$".contains(c);
            (symbol.chars().all(plain) && symbol != func.to_string()).then(|| symbol.to_owned())
        })
        .collect()
}

/// The outcome of builds that print their passes, and the logs of the first two classes.
type Printed = (Outcome, (PathBuf, PathBuf));

/// Builds again with the passes of differing functions printed.
fn passes_of(
    options: &Options,
    pairs: &[(String, (Module, Module))],
    notes: &mut Vec<String>,
    progress: &mut dyn FnMut(&str),
) -> Result<Option<Printed>> {
    let symbols: Vec<Option<String>> = pairs.iter().flat_map(|(_, pair)| differing(pair)).collect();
    if symbols.is_empty() {
        return Ok(None);
    }
    let named: Option<BTreeSet<String>> = symbols.into_iter().collect();
    let filter = named
        .filter(|named| named.len() <= FUNCTIONS_MAX)
        .map(|named| named.into_iter().collect::<Vec<_>>().join(","));
    let (command, known) = passes::instrumented(&options.command, filter.as_deref())?;
    let mut env: Vec<(OsString, OsString)> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    if !known {
        // A script may call Cargo.
        let (cargo, _) = passes::instrumented(&["cargo".into()], filter.as_deref())?;
        env.extend(
            cargo.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
        );
    }
    env.push(("CARGO_TERM_QUIET".into(), "true".into()));
    let argv = std::iter::once(command.get_program()).chain(command.get_args());
    progress("code differs: building again with the compiler's passes printed");
    let again = Options {
        command: argv.map(OsString::from).collect(),
        keep: options.keep.join("passes"),
        stop: true,
        attribute: false,
        env: options.env.iter().cloned().chain(env).collect(),
        ..options.clone()
    };
    let outcome = build(&again, progress)?;
    let log = |class: usize| {
        let run = outcome.runs.iter().find(|run| run.class == Ok(class));
        run.map(|run| run.log.clone())
    };
    let (Some(log_a), Some(log_b)) = (log(0), log(1)) else {
        notes.push(format!(
            "no pass is named: with the passes printed, {} builds agree or fail",
            outcome.runs.len()
        ));
        return Ok(None);
    };
    let dumps = |log: &Path| -> Result<u64> {
        let mut reader = passes::Log::open(log)?;
        let (mut again, count) = (passes::Log::open(log)?, 1);
        Ok(passes::compare_up_to(&mut reader, &mut again, count)?.endings[0].dumps)
    };
    if dumps(&log_a)? == 0 {
        notes.push("no pass is named: the command printed none (clang, opt, llc, rustc and cargo are known; for others put the flags into the command)".into());
        return Ok(None);
    }
    Ok(Some((outcome, (log_a, log_b))))
}

/// The dependency graph, if it is a Cargo package that is built.
fn cargo_says(options: &Options, notes: &mut Vec<String>) -> Option<String> {
    let manifest = options.source.join("Cargo.toml");
    if !manifest.is_file() {
        return None;
    }
    let mut arguments = options.command.iter().map(|argument| argument.to_string_lossy());
    let target = arguments
        .find_map(|argument| argument.strip_prefix("--target=").map(str::to_owned))
        .or_else(|| {
            let at = options.command.iter().position(|argument| argument == "--target")?;
            Some(options.command.get(at + 1)?.to_string_lossy().into_owned())
        });
    match blame::metadata(&manifest, target.as_deref()).context("no feature is named") {
        Ok(metadata) => Some(metadata),
        Err(error) => {
            notes.push(printable_line(&format!("{error:#}")));
            None
        }
    }
}
