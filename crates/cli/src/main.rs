//! The `prova` program: arguments → one command → an exit code.
//!
//! ```text
//! args (clap) ─► run │ compile │ cache │ verify │ debug │ validate │ inspect │ wast │ diff │ xref │ passes │ repro │ isolate │ explain │ trace │ replay │ diverge │ shrink │ opt │ specialize │ check-code │ objdump │ explore │ settings │ completions │ man │ trust │ profile │ substrate ─► Result<Exit> ─ report ─► exit code
//!                 └ settled, groups (-W, -O, -S, -C, -D), sampling, input, values, watchdog, hint, unknown, progress, making
//! ```
//!
//! Exit codes: the guest's own; 0 done; 1 a bad module, file or link (and a bug of ours); 2 misuse
//! of the command line; 134 a trap, fuel used up, or a timeout. Comparing commands: 0 equal, 1
//! different, 2 misuse or unreadable input, 3 build failed, 4 inconclusive, 125 to be passed over.
//! `tests/cli.rs` has each message and code.

mod args;
mod cache;
mod check_code;
mod compile;
mod debug;
mod diff;
mod diverge;
mod engine;
mod explain;
mod explore;
mod groups;
mod hint;
mod input;
mod inspect;
mod inspect_equal;
mod inspect_native;
mod inspect_ssa;
mod isolate;
mod making;
mod objdump;
mod opt;
mod paint;
mod passes;
mod profile;
mod progress;
mod report;
mod repro;
mod run;
mod sampling;
mod settings;
mod settled;
mod shell;
mod shrink;
mod specialize;
mod stats;
mod substrate;
mod threads;
mod trace;
mod trust;
mod unknown;
mod validate;
mod values;
mod verify;
mod wast;
mod watchdog;
mod xref;

use args::{Cli, Command};
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are output like any other: what cannot be written is a failure.
        Err(error) if !error.use_stderr() => {
            let written = error.print().and_then(|()| std::io::stdout().flush());
            return report::exit(written.map(|()| report::Exit::Done).map_err(Into::into));
        }
        Err(error) => unknown::advised(error).exit(),
    };
    let outcome = match cli.command {
        None => run::run(&cli.run),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Debug(args)) => debug::run(&args),
        Some(Command::Cache(args)) => cache::run(&args),
        Some(Command::Validate(args)) => validate::run(&args),
        Some(Command::Inspect(args)) => inspect::run(&args),
        Some(Command::Compile(args)) => compile::run(&args),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::CheckCode(args)) => check_code::run(&args),
        Some(Command::Objdump(args)) => objdump::run(&args),
        Some(Command::Explore(args)) => explore::run(&args),
        Some(Command::Settings(args)) => settings::run(&args),
        Some(Command::Completions(args)) => shell::completions(&args),
        Some(Command::Man(args)) => shell::man(&args),
        Some(Command::Trust(args)) => trust::run(&args),
        Some(Command::Profile(args)) => profile::run(&args),
        Some(Command::Substrate(args)) => substrate::run(&args),
        Some(Command::Wast(args)) => wast::run(&args),
        Some(Command::Passes(args)) => passes::run(&args),
        Some(Command::Repro(args)) => repro::run(&args),
        Some(Command::Diff(args)) => diff::run(&args),
        Some(Command::Xref(args)) => xref::run(&args),
        Some(Command::Isolate(args)) => isolate::run(&args),
        Some(Command::Opt(args)) => opt::run(&args),
        Some(Command::Specialize(args)) => specialize::run(&args),
        Some(Command::Explain(args)) => explain::run(&args),
        Some(Command::Trace(args)) => trace::run(&args),
        Some(Command::Replay(args)) => trace::replay(&args),
        Some(Command::Diverge(args)) => diverge::run(&args),
        Some(Command::Shrink(args)) => shrink::run(&args),
    };
    report::exit(outcome)
}
