//! `prova wast`: specification scripts → a table of what passed.

use crate::args::WastArgs;
use crate::report::{Exit, Misuse, print};
use crate::{input, run};
use prova::{Context, Result, bail, format_err};
use prova_wast::{Messages, Options, Report};
use std::fmt::Write;
use std::path::Path;

/// Runs the command on each file.
pub(crate) fn run(args: &WastArgs) -> Result<Exit> {
    let (config, wasm) = args.engine.config()?;
    run::new_engine(&config)?;
    let messages = if args.messages { Messages::Compared } else { Messages::Ignored };
    let options = Options { config, fuel: wasm.fuel, messages };
    if args.files.is_empty() {
        bail!(Misuse("a file is needed".into()));
    }
    let mut exit = Exit::Done;
    print(&format!("{:>7} {:>7} {:>7}  file\n", "passed", "failed", "skipped"))?;
    let mut total = [0, 0, 0];
    for file in &args.files {
        let report = run_file(file, &options)?;
        print(&row(file, &report, args.verbose))?;
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

fn run_file(file: &Path, options: &Options) -> Result<Report> {
    let name = file.display();
    let source = input::read(file)?;
    let source = String::from_utf8(source)
        .map_err(|_| format_err!("the script `{name}` is not valid UTF-8"))?;
    prova_wast::run(&source, options).with_context(|| format!("failed to run `{name}`"))
}

/// A line of the table; below it the first failure, or every finding.
fn row(file: &Path, report: &Report, verbose: bool) -> String {
    let Report { passed, failures, skipped } = report;
    let mut text =
        format!("{passed:>7} {:>7} {:>7}  {}\n", failures.len(), skipped.len(), file.display());
    let shown = if verbose { failures.len() } else { 1 };
    for failure in failures.iter().take(shown) {
        writeln!(text, "{:>25} {failure}", "").ok();
    }
    for finding in skipped.iter().filter(|_| verbose) {
        writeln!(text, "{:>25} {finding} (skipped)", "").ok();
    }
    text
}
