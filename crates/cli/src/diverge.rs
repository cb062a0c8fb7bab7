//! `prova diverge`: the first place at which two runs of a program differ.
//!
//! `prova_runs::diverge` does it; `trace` makes the record that both sides replay. Exit
//! codes are those of comparing commands. `specialized` compares specialised functions with those
//! that they were made of.

mod specialized;

use crate::args::EngineArgs;
use crate::check_code::{Maker, instruction};
use crate::engine::CommandEngine;
use crate::groups::Wasm;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, misuse, print};
use crate::trace::{Output, ProgramArgs, level, levels, values_of};
use crate::{input, profile, watchdog};
use clap::Args;
use prova_core::{Config, Context, Result, bail};
use prova_module::FuncIdx;
use prova_runs::diverge::{Code, Options, Second, Side, diverge};
use prova_runs::trace::Record;
use std::path::{Path, PathBuf};
use std::sync::Arc;

// The two sides of a comparison; `shrink` has the same. (A doc comment would be shown as its help.)
#[derive(Debug, Args)]
pub(crate) struct DivergeArgs {
    /// The executors of the program on each side: `tail` and `match` (the interpreter's executors),
    /// `reference`, `native`; one name for both. `tail,tail-reused` compares a run in a fresh
    /// instance with a second one in an instance that has run (default: `tail,reference`)
    #[arg(long, value_name = "A[,B]")]
    pub(crate) sides: Option<String>,
    /// The second side is an engine of somebody else: a command that runs a WASI module from the
    /// file `{}`; its words are separated by spaces, no shell reads it
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["against", "fuel"])]
    pub(crate) engine: Option<String>,
    /// Another build of the program, for the second side
    #[arg(long, value_name = "MODULE")]
    pub(crate) against: Option<PathBuf>,
    /// With --against: numbers that may be addresses (1024 up to the size of the memory, at least
    /// 64 MiB) are not compared
    #[arg(long, requires = "against")]
    pub(crate) ignore_addresses: bool,
    /// Which events are compared; without it `stores`, and then all values around the difference
    #[arg(long, value_parser = levels())]
    level: Option<String>,
    /// Stops a run after this many units of fuel
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// WebAssembly semantics and limits (`-W help`)
    #[arg(short = 'W', long = "wasm", value_name = "KEY[=VAL],…")]
    pub(crate) wasm: Vec<String>,
    /// Prints the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) specialized: specialized::SpecializedArgs,
    #[command(flatten)]
    program: ProgramArgs,
}

impl DivergeArgs {
    /// The files that are read.
    pub(crate) fn inputs(&self) -> Vec<&Path> {
        let program = self.program.path();
        [Some(program), self.against.as_deref()].into_iter().flatten().collect()
    }
}

/// Finds the first place at which two runs of a program differ
///
/// Exits with 0 if they do not differ, 1 if they do, 2 for misuse or unreadable input.
#[derive(Debug, Args)]
pub(crate) struct DivergeCommand {
    #[command(flatten)]
    compared: DivergeArgs,
    /// Writes the report as one HTML page that needs nothing but itself
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Prints the code of both sides around the place too
    #[arg(long)]
    code: bool,
}

/// The sides, unless others are named.
pub(crate) const SIDES: &str = "tail,reference";

/// The suffix of a side's name whose instance has run before.
pub(crate) const REUSED: &str = "-reused";

/// The names of both sides, and whether the second one's instance has run before.
fn sides(args: &DivergeArgs) -> Result<([&str; 2], bool)> {
    let text = match (&args.sides, &args.engine) {
        (Some(text), _) => text.as_str(),
        (None, Some(_)) => "tail",
        (None, None) => SIDES,
    };
    let [a, b] = match text.split(',').collect::<Vec<&str>>().as_slice() {
        [one] => [*one, *one],
        [_, _] if args.engine.is_some() => {
            bail!(Misuse(format!("`--sides {text}`: with `--engine` name one side")))
        }
        [a, b] => [*a, *b],
        _ => bail!(Misuse(format!("`--sides {text}`: it must be A,B"))),
    };
    let tier = b.strip_suffix(REUSED);
    for name in [a, tier.unwrap_or(b)] {
        if !["tail", "match", "reference", "native"].contains(&name) {
            let names = "there are tail, match, reference, native";
            bail!(Misuse(format!("`--sides {text}`: no side is called `{name}`; {names}")));
        }
    }
    Ok(([a, tier.unwrap_or(b)], tier.is_some()))
}

/// The settings of a side.
fn config(name: &str, wasm: &[String]) -> Result<(Config, Option<std::time::Duration>)> {
    let (tier, optimize) = match name {
        "tail" | "match" => ("interp", vec![format!("dispatch={name}")]),
        other => (other, Vec::new()),
    };
    let engine = EngineArgs {
        tier: tier.to_owned(),
        deterministic: true,
        wasm: wasm.to_vec(),
        optimize,
        ..EngineArgs::default()
    };
    let (config, wasm) = engine.config()?;
    Ok((config, wasm.timeout))
}

/// The code that a side executes for a function.
fn code(name: &str, module: &prova_module::Module, func: FuncIdx) -> Code {
    match name {
        "tail" | "match" => Code::Bytecode,
        "native" => match Maker::new(module, (&prova_native::Config::default(), true))
            .and_then(|maker| maker.made(func))
        {
            Ok(made) => {
                let first = module.body(func).map_or(0, |body| body.range().start) as u32;
                let offset = |line: &prova_native::Line| line.wasm_offset.unwrap_or(first);
                let text = |line| instruction(line).trim_start().to_owned();
                Code::Machine(made.lines.iter().map(|line| (offset(line), text(line))).collect())
            }
            // It runs as bytecode.
            Err(_) => Code::Bytecode,
        },
        _ => Code::Operators,
    }
}

/// Runs the command. Every failure is misuse: exit code 1 is for runs that differ.
pub(crate) fn run(args: &DivergeCommand) -> Result<Exit> {
    match compared(args) {
        Err(error) if error.is::<Misuse>() || error.is::<crate::report::Help>() => Err(error),
        Err(error) => Err(misuse(&error)),
        done => done,
    }
}

fn compared(command: &DivergeCommand) -> Result<Exit> {
    let args = &command.compared;
    if args.specialized.is_wanted() {
        if command.html.is_some() || command.code {
            bail!(Misuse("`--specialized` has no `--html` and no `--code`".into()));
        }
        let two = args.sides.as_ref().is_some_and(|sides| sides.contains(','));
        if two || args.engine.is_some() || args.against.is_some() {
            let what =
                "`--specialized` compares in one tier: name one side, no other engine or build";
            bail!(Misuse(what.into()));
        }
        return specialized::compared(args, sides(args)?.0[0]);
    }
    if let Some(file) = &command.html {
        input::apart("--html", file, &args.inputs())?;
    }
    let report = with_sides(args, |record, sides, options| {
        let mut report = diverge(record, sides, options, &values_of)?;
        let names = self::sides(args)?.0;
        report.translate(record, sides, &|side, module, func| code(names[side], module, func))?;
        Ok(report)
    })?;
    if let Some(file) = &command.html {
        std::fs::write(file, report.to_html())
            .with_context(|| format!("failed to write `{}`", file.shown()))?;
    }
    let code = if command.code { report.code_text() } else { String::new() };
    print(&match args.json {
        true => profile::named(&(report.to_json()? + "\n"), &args.wasm)?,
        false => report.to_text() + &code,
    })?;
    Ok(if report.exit_code() == 0 { Exit::Done } else { Exit::Bad })
}

/// Makes the record and both sides of what the command line names, and hands them on.
///
/// # Errors
/// [`Misuse`] for options that do not fit; what cannot start; those of `then`.
pub(crate) fn with_sides<T>(
    args: &DivergeArgs,
    then: impl FnOnce(&Arc<Record>, &[Side<'_>; 2], Options<'_>) -> Result<T>,
) -> Result<T> {
    let (names, reused) = sides(args)?;
    let level = args.level.as_deref().map(level).transpose()?;
    if Wasm::parse(&args.wasm)?.fuel.is_some() {
        bail!(Misuse("`-W fuel`: it would hold for one run; `--fuel N` stops all of them".into()));
    }
    let ((config_a, timeout), (config_b, _)) =
        (config(names[0], &args.wasm)?, config(names[1], &args.wasm)?);
    let other = args.against.is_some() || args.engine.is_some() || reused;
    if names[0] == names[1] && !other {
        let what = "both sides are the same: name two, or another build with --against";
        bail!(Misuse(format!("`--sides {}`: {what}", names[0])));
    }
    let engine =
        args.engine.as_ref().map(|command| CommandEngine::new(command, timeout)).transpose()?;
    let second = match &engine {
        Some(engine) => Second::Elsewhere(engine),
        None if reused => Second::Reused,
        None => Second::Fresh,
    };
    let _watchdog = timeout.map(watchdog::start_command).transpose()?;
    let other = args.against.as_deref().map(input::binary_of).transpose()?;
    let record = args.program.record_of(&config_a, args.fuel, Output::Dropped, Ok)?;
    let named = |at: usize| match (&args.against, &args.engine, at) {
        (Some(file), _, 1) => format!("{} {}", names[1], file.shown()),
        (Some(_), _, _) => format!("{} (recorded)", names[0]),
        (None, Some(command), 1) => command.clone(),
        (None, None, 1) if reused => format!("{}{REUSED}", names[1]),
        (None, _, _) => names[at].to_owned(),
    };
    let sides = [
        Side { name: named(0), config: &config_a, module: None },
        Side { name: named(1), config: &config_b, module: other.as_deref() },
    ];
    let options = Options {
        second,
        level,
        fuel: args.fuel,
        ignore_addresses: args.ignore_addresses,
        partners: prova_diff::partners,
    };
    // The recorded program has ended.
    let _work = progress::start("comparing runs of", args.program.path(), args.json);
    then(&record, &sides, options)
}
