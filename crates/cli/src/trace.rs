//! `prova trace` and `prova replay`: the events of a run.
//!
//! `prova_runs::trace` does it. `run` writes records, and `diverge` takes its inputs from
//! [`ProgramArgs`] too. A program that is no record is run once to make one, with its output on
//! standard error.

use crate::args::EngineArgs;
use crate::report::{Exit, Misuse, OfFile, Shown as _, present};
use crate::{groups, hint, input, profile, run, values, watchdog};
use clap::Args;
use clap::builder::PossibleValuesParser;
use prova_core::wasi::{GRANT_FORM, Grant, WasiCtx, WasiCtxBuilder, WasiLimits};
use prova_core::{Config, Context, FuncType, Result, Val, bail};
use prova_runs::trace::{
    Level, RECORD_BYTES_MAX, Record, TraceReport, Wanted, emitted, live_within, trace,
};
use serde_json::json;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Replays a recorded run, and tells its events by their hash
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Which events there are: each level has those of the levels before it
    #[arg(long, default_value = "host", value_parser = levels())]
    level: String,
    /// Stops after the event of this number, and shows it with who called
    #[arg(long, value_name = "EVENT")]
    until: Option<u64>,
    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
    /// The record (`prova run --record` writes one)
    #[arg(value_name = "RECORD")]
    record: PathBuf,
}

/// Shows the events of a run: calls, stores, loads, branches, values
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Which events there are: each level has those of the levels before it
    #[arg(long, default_value = "calls", value_parser = levels())]
    level: String,
    /// The first event that is shown, from 1
    #[arg(long, value_name = "EVENT", default_value_t = 1)]
    first: u64,
    /// How many are shown, at most 100000
    #[arg(long, value_name = "N", default_value_t = 50)]
    count: u64,
    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
    /// Writes a module that prints the events in any WASI engine, and runs nothing further
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    emit: Option<PathBuf>,
    #[command(flatten)]
    program: ProgramArgs,
}

/// Where the output of the program goes whose run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// To standard error.
    Shown,
    /// Nowhere: it would stand before the report, and might look like a part of it.
    Dropped,
}

/// A program and what it is granted, or a record of a run.
#[derive(Debug, Args)]
pub(crate) struct ProgramArgs {
    /// Calls this export instead of `_start`; the arguments after the module are its arguments
    #[arg(long, value_name = "FUNCTION")]
    invoke: Option<String>,
    /// Grants the guest a directory of the host, under its own or another name; with `::ro` behind
    /// both names it can change nothing there
    #[arg(long = "dir", value_name = GRANT_FORM)]
    dirs: Vec<Grant>,
    /// Sets an environment variable of the guest, or passes one on
    #[arg(long = "env", value_name = "NAME[=VAL]")]
    env: Vec<String>,
    /// Limits of what WASI's calls make the host do (`-S help`)
    #[arg(short = 'S', long = "wasi", value_name = "KEY[=VAL],…")]
    wasi: Vec<String>,
    /// The name that the guest sees as its own
    #[arg(long, value_name = "NAME")]
    argv0: Option<String>,
    /// The module in binary or text format, or a record; and the guest's arguments
    ///
    /// A module is run once with the host, and then from the record of that run. Its output goes
    /// to standard error.
    #[arg(value_name = "MODULE|RECORD", trailing_var_arg = true, required = true)]
    module_and_args: Vec<OsString>,
}

/// The names of the levels.
pub(crate) fn levels() -> PossibleValuesParser {
    PossibleValuesParser::new(Level::ALL.map(Level::name))
}

/// The level of a name that clap has let through.
pub(crate) fn level(name: &str) -> Result<Level> {
    match Level::parse(name) {
        Some(level) => Ok(level),
        None => bail!(Misuse(format!("`--level {name}`: there is no such level"))),
    }
}

/// Makes values of what was written for an export; a command takes none.
///
/// # Errors
/// If there are too few or too many, or one is no value of its type.
pub(crate) fn values_of(name: &str, ty: &FuncType, texts: &[String]) -> Result<Vec<Val>> {
    let texts: Vec<OsString> = texts.iter().map(OsString::from).collect();
    values::parse_all(name, ty, &texts)
}

/// Reads a record.
///
/// # Errors
/// [`Misuse`] if it cannot be read, or is none.
pub(crate) fn record(path: &Path) -> Result<Arc<Record>> {
    let name = path.shown();
    let read = || {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(RECORD_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    };
    let bytes = match read() {
        Ok(bytes) => bytes,
        Err(error) => bail!(Misuse(format!("failed to read `{name}`: {error}"))),
    };
    match Record::read(bytes) {
        Ok(record) => Ok(Arc::new(record)),
        Err(error) => bail!(Misuse(format!("`{name}`: {error}"))),
    }
}

impl ProgramArgs {
    /// The record that is named, or one of a run of the module.
    ///
    /// # Errors
    /// [`Misuse`] for options that do not fit; those of the module.
    pub(crate) fn record(&self, config: &Config) -> Result<Arc<Record>> {
        self.record_of(config, None, Output::Shown, Ok)
    }

    /// The module or record that is named.
    pub(crate) fn path(&self) -> &Path {
        self.module_and_args.first().map_or(Path::new(""), Path::new)
    }

    /// The named record, or a record of a run of the module that `made` gives, with at most `fuel`
    /// units.
    ///
    /// # Errors
    /// [`Misuse`] for options that do not fit; those of the module, and of making it.
    pub(crate) fn record_of(
        &self,
        config: &Config,
        fuel: Option<u64>,
        output: Output,
        made: impl FnOnce(Vec<u8>) -> Result<Vec<u8>>,
    ) -> Result<Arc<Record>> {
        let limits = groups::wasi_limits(&self.wasi)?;
        let Some((path, guest)) = self.module_and_args.split_first() else {
            bail!(Misuse("a module or a record is needed".into()))
        };
        let path = Path::new(path);
        if begins_as_record(path) {
            let told = self.invoke.is_some() || !guest.is_empty() || !self.dirs.is_empty();
            if told || !self.env.is_empty() || self.argv0.is_some() {
                bail!(Misuse(
                    "a record has its own arguments: give none beside it, and grant nothing".into()
                ));
            }
            return record(path);
        }
        hint::options_behind_the_module(guest);
        let bytes = made(input::binary_of(path)?)?;
        let mut texts = Vec::new();
        if self.invoke.is_some() {
            for arg in guest {
                match arg.to_str() {
                    Some(text) => texts.push(text.to_owned()),
                    None => bail!(Misuse(format!("argument is not valid UTF-8: {arg:?}"))),
                }
            }
        }
        let wasi = self.granted(limits, output, path, guest)?;
        let call = (self.invoke.as_deref(), texts.as_slice());
        let recorded = live_within(fuel, config, &bytes, wasi, call, &values_of);
        Ok(Arc::new(recorded.context(OfFile::new("run", path))?))
    }

    fn granted(
        &self,
        limits: WasiLimits,
        output: Output,
        path: &Path,
        guest: &[OsString],
    ) -> Result<WasiCtx> {
        let mut builder = WasiCtxBuilder::new();
        builder.limits(limits);
        builder.stdin(Box::new(io::stdin()));
        // Nobody gets what is not granted.
        if output == Output::Shown {
            builder.stdout(Box::new(io::stderr())).stderr(Box::new(io::stderr()));
        }
        let own_name = path.file_name().unwrap_or(path.as_os_str());
        builder.arg(self.argv0.as_deref().map_or(own_name.as_encoded_bytes(), str::as_bytes));
        if self.invoke.is_none() {
            builder.args(guest.iter().map(|arg| arg.as_encoded_bytes()));
        }
        run::grant(&mut builder, &self.env, &self.dirs)?;
        Ok(builder.build())
    }
}

/// Whether a file begins as a record does. Of a pipe nothing is read: it could not be read again.
pub(crate) fn begins_as_record(path: &Path) -> bool {
    if !std::fs::metadata(path).is_ok_and(|about| about.is_file()) {
        return false;
    }
    let mut start = Vec::new();
    let file = std::fs::File::open(path);
    let read = file
        .and_then(|file| file.take(prova_runs::trace::MAGIC.len() as u64).read_to_end(&mut start));
    read.is_ok() && Record::is_record(&start)
}

/// Prints a report. As JSON it names the profile where the run was in it.
fn print(report: &TraceReport, json: bool, engine: &EngineArgs) -> Result<()> {
    let mut tree = report.tree();
    if json && engine.deterministic {
        let profile = profile::member(&profile::configured(&engine.wasm)?);
        tree = tree.with(json!({ "profile": profile }));
    }
    present(&tree, json)
}

/// Runs `prova replay`.
pub(crate) fn replay(args: &ReplayArgs) -> Result<Exit> {
    let level = level(&args.level)?;
    let (config, wasm) = args.engine.config()?;
    let _watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    if args.until == Some(0) {
        bail!(Misuse("`--until 0`: events are counted from 1".into()));
    }
    let record = record(&args.record)?;
    let wanted = Wanted {
        level,
        first: args.until.unwrap_or(1),
        count: u64::from(args.until.is_some()),
        stop: args.until.is_some(),
        fuel: wasm.fuel,
    };
    let report =
        trace(&config, &record, wanted, &values_of).context(OfFile::new("replay", &args.record))?;
    print(&report, args.json, &args.engine)?;
    let otherwise = report.ended_otherwise.is_some() || report.made_fewer_calls();
    Ok(if otherwise { Exit::Bad } else { Exit::Done })
}

/// Runs `prova trace`.
pub(crate) fn run(args: &TraceArgs) -> Result<Exit> {
    let level = level(&args.level)?;
    let (config, wasm) = args.engine.config()?;
    let _watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    if let Some(file) = &args.emit {
        input::apart("--emit", file, &[args.program.path()])?;
    }
    let record = args.program.record(&config)?;
    let first = args.first.max(1);
    let wanted = Wanted { level, first, count: args.count, stop: false, fuel: wasm.fuel };
    if let Some(file) = &args.emit {
        let wasm = emitted(&config, &record, wanted, &values_of)?;
        if let Err(error) = std::fs::write(file, wasm) {
            bail!(Misuse(format!("failed to write `{}`: {error}", file.shown())));
        }
        return Ok(Exit::Done);
    }
    let report = trace(&config, &record, wanted, &values_of)?;
    print(&report, args.json, &args.engine)?;
    Ok(Exit::Done)
}
