//! `prova wast`: specification scripts → a table of what passed.

use crate::args::WastArgs;
use crate::report::{Exit, Misuse, Shown as _, print};
use crate::watchdog::{self, Watchdog};
use crate::{input, run};
use prova_core::{Context, Engine, Error, Result, Trap, bail, format_err};
use prova_wast::{Messages, Options, Report};
use std::fmt::Write;
use std::path::Path;

/// Runs the command on each file. When the time is over, the script that runs comes to its end
/// without running code, and no other is begun.
pub(crate) fn run(args: &WastArgs) -> Result<Exit> {
    let (config, wasm) = args.engine.config()?;
    run::new_engine(&config)?;
    if wasm.unknown_imports_trap {
        let message =
            "`-W unknown-imports-trap` is for `prova run`: scripts say what must not link";
        bail!(Misuse(message.into()));
    }
    let messages = if args.messages { Messages::Compared } else { Messages::Ignored };
    let limits = wasm.limits();
    let options =
        Options { config, fuel: wasm.fuel, limits, messages, rewrite: None, collect_every: 0 };
    if args.files.is_empty() {
        bail!(Misuse("a file is needed".into()));
    }
    let watchdog = wasm.timeout.map(watchdog::start).transpose()?;
    let mut exit = Exit::Done;
    print(&format!("{:>7} {:>7} {:>7}  file\n", "passed", "failed", "skipped"))?;
    let mut total = [0, 0, 0];
    for file in &args.files {
        let report = run_file(file, &options, watchdog.as_ref())?;
        print(&row(file, &report, args.verbose))?;
        if watchdog.as_ref().is_some_and(Watchdog::is_over) {
            let message = format!("the timeout was over while `{}` ran", file.shown());
            return Err(Error::new(Trap::Interrupt).context(message));
        }
        let counts = [report.passed, report.failures.len(), report.skipped.len()];
        for (sum, count) in total.iter_mut().zip(counts) {
            *sum += count;
        }
        if !report.is_ok() {
            exit = Exit::Bad;
        }
    }
    if args.files.len() > 1 {
        let [passed, failed, skipped] = total;
        print(&format!(
            "{passed:>7} {failed:>7} {skipped:>7}  total of {} files\n",
            args.files.len()
        ))?;
    }
    Ok(exit)
}

fn run_file(file: &Path, options: &Options, watchdog: Option<&Watchdog>) -> Result<Report> {
    let name = file.shown();
    let source = input::read(file)?;
    let source = String::from_utf8(source)
        .map_err(|_| format_err!("the script `{name}` is not valid UTF-8"))?;
    let watch = |engine: &Engine| {
        if let Some(watchdog) = watchdog {
            watchdog.watch(engine);
        }
    };
    prova_wast::run_watched(&source, options, watch)
        .with_context(|| format!("failed to run `{name}`"))
}

/// A line of the table; below it the first failure, or every finding.
fn row(file: &Path, report: &Report, verbose: bool) -> String {
    let Report { passed, failures, skipped } = report;
    let mut text =
        format!("{passed:>7} {:>7} {:>7}  {}\n", failures.len(), skipped.len(), file.shown());
    let shown = if verbose { failures.len() } else { 1 };
    for failure in failures.iter().take(shown) {
        writeln!(text, "{:>25} {failure}", "").ok();
    }
    for finding in skipped.iter().filter(|_| verbose) {
        writeln!(text, "{:>25} {finding} (skipped)", "").ok();
    }
    text
}
