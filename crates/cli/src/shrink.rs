//! `prova shrink`: two runs that differ → a small separate module whose runs still differ.
//!
//! `prova_runs::shrink` does it; `diverge` has the sides and the options.
//!
//! Exit codes: 0 shrunk and verified, 2 misuse, unreadable input, or sides that do not differ, 4
//! the difference was not reproduced.

use crate::diverge::{DivergeArgs, REUSED, SIDES, with_sides};
use crate::input;
use crate::report::{Exit, Help, Misuse, Shown as _, misuse, print, printable, warn};
use crate::trace::values_of;
use clap::Args;
use prova_core::{Context, Result, bail};
use prova_runs::diverge;
use prova_runs::shrink::{ENTRY, NotShown, Options, Shrunk, shrink};
use std::fs;
use std::path::{Path, PathBuf};

/// The names of the small module and of the second side's build of it.
const NAMES: [&str; 2] = ["small", "against"];

/// Makes a small module of the place at which two runs differ
///
/// Exits with 0 if the small module differs in the same way, 2 for misuse, unreadable input or
/// sides that do not differ, 4 if no small module does.
#[derive(Debug, Args)]
pub(crate) struct ShrinkArgs {
    /// Writes `small.wasm` and `small.wat` into this directory; with --against also `against.wasm`
    /// and `against.wat`
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Limits the search to N thousand bytes of modules that are tried
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    budget: u64,
    #[command(flatten)]
    compared: DivergeArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ShrinkArgs) -> Result<Exit> {
    own_sides(&args.compared)?;
    for name in NAMES {
        for extension in ["wasm", "wat"] {
            let output = args.out.join(name).with_extension(extension);
            input::apart("--out", &output, &args.compared.inputs())?;
        }
    }
    let shrunk = with_sides(&args.compared, |record, sides, options| {
        let diverge::Options { level, fuel, ignore_addresses, second: _, partners } = options;
        let second = diverge::Second::Fresh;
        let diverge = diverge::Options { level, fuel, ignore_addresses, second, partners };
        let options = Options { work: args.budget.saturating_mul(1000), diverge };
        shrink(record, sides, options, &values_of)
    });
    match shrunk.and_then(|shrunk| written(args, &shrunk)) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.is::<NotShown>() => {
            warn(&printable(&format!("{error:#}")));
            Ok(Exit::Inconclusive)
        }
        Err(error) if error.is::<Misuse>() || error.is::<Help>() => Err(error),
        Err(error) => Err(misuse(&error)),
    }
}

/// Refuses sides that are not Prova in a fresh instance.
fn own_sides(args: &DivergeArgs) -> Result<()> {
    let reused = args.sides.as_ref().is_some_and(|sides| sides.ends_with(REUSED));
    if args.engine.is_some() || args.specialized.is_wanted() || reused {
        let what = "`shrink` has no `--engine`, no `--specialized`, and no side that has run";
        bail!(Misuse(what.into()));
    }
    Ok(())
}

fn written(args: &ShrinkArgs, shrunk: &Shrunk) -> Result<()> {
    let directory = &args.out;
    fs::create_dir_all(directory)
        .with_context(|| format!("failed to make `{}`", directory.shown()))?;
    let line = reproduce(args, shrunk);
    let modules = [Some(&shrunk.module), shrunk.against.as_ref()];
    for (second, module) in [false, true].into_iter().zip(modules) {
        let Some(module) = module else { continue };
        let text =
            shrunk.wat(second, &line).map_err(|error| prova_core::Error::msg(error.to_string()))?;
        let name = NAMES[usize::from(second)];
        write(directory, name, "wasm", module.bytes())?;
        write(directory, name, "wat", text.as_bytes())?;
    }
    if args.compared.json {
        return print(&(shrunk.to_json()? + "\n"));
    }
    let small = directory.join(NAMES[0]).with_extension("wasm");
    let second = shrunk.against.is_some().then(|| directory.join(NAMES[1]).with_extension("wasm"));
    let files = second.map_or(String::new(), |second| format!(" and {}", second.shown()));
    let files = format!("{}{files}", small.shown());
    let text = format!(
        "{}written: {files}, with text\nreproduce, in {}: {line}\n",
        shrunk.to_text(),
        directory.shown()
    );
    print(&printable(&text))
}

fn write(directory: &Path, name: &str, extension: &str, bytes: &[u8]) -> Result<()> {
    let path = directory.join(name).with_extension(extension);
    fs::write(&path, bytes).with_context(|| format!("failed to write `{}`", path.shown()))
}

/// The command that shows the difference of the small module, in its directory.
fn reproduce(args: &ShrinkArgs, shrunk: &Shrunk) -> String {
    let DivergeArgs { sides, ignore_addresses, wasm, .. } = &args.compared;
    let sides = sides.as_deref().unwrap_or(SIDES);
    let mut line = format!("prova diverge --sides {sides}");
    if shrunk.against.is_some() {
        line += &format!(" --against {}.wasm", NAMES[1]);
    }
    if *ignore_addresses {
        line += " --ignore-addresses";
    }
    for option in wasm {
        line += &format!(" -W {option}");
    }
    if let Some(fuel) = shrunk.fuel {
        line += &format!(" --fuel {fuel}");
    }
    format!("{line} --invoke {ENTRY} {}.wasm", NAMES[0])
}
