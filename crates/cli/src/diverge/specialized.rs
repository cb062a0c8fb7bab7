//! `prova diverge --specialized`: specialised functions in lockstep with those that they were made
//! of.
//!
//! ```text
//! FILE ─ (-w: run the initialiser) ─► generic module ─┬─ specialised here, or ─┐
//!                                     --from FILE ────┘   MODULE as it stands ─┴─► lockstep
//! ```
//!
//! `prova_specialize` says which function was made of which, `prova_runs::diverge` runs
//! both.

use super::{DivergeArgs, config};
use crate::groups::Wasm;
use crate::report::{Exit, Misuse, Shown as _, print};
use crate::specialize::Initialiser;
use crate::specialize::places::places;
use crate::specialize::report::refusal;
use crate::trace::{Output, begins_as_record, values_of};
use crate::{input, watchdog};
use clap::Args;
use prova_core::{Context, Result, bail};
use prova_module::{Limits, Module};
use prova_runs::diverge::{Compiled, Lockstep, lockstep};
use prova_specialize::snapshot::INITIALIZER;
use prova_specialize::{Assume, Options, initialized, is_specialized, pairs, specialize};
use std::path::PathBuf;

/// Specialised functions beside those that they were made of.
#[derive(Debug, Args)]
pub(crate) struct SpecializedArgs {
    /// Compares specialised functions with those that they were made of, in lockstep; MODULE is
    /// specialised first, unless --from is given
    #[arg(long, conflicts_with_all = ["against", "level", "ignore_addresses"])]
    specialized: bool,
    /// With --specialized: the module that MODULE, or the record's, was made of
    #[arg(long, value_name = "FILE", requires = "specialized")]
    from: Option<PathBuf>,
    /// With --specialized: runs the initialiser of the module that is specialised first
    #[arg(short = 'w', long = "wizen", requires = "specialized")]
    wizen: bool,
    /// With -w: the initialiser, an exported function
    #[arg(long, value_name = "FUNCTION", default_value = INITIALIZER, requires = "wizen")]
    init_func: String,
    /// With --specialized, without --from: what is believed of the program
    #[arg(long, value_enum, value_name = "HOW", default_value = "check", conflicts_with = "from")]
    assume: Believed,
}

/// The assumptions of a proof.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Believed {
    /// Program text is compared; the virtual stack is believed to be the interpreter's alone
    Check,
    /// All that the program promises
    Trust,
    /// Nothing
    Nothing,
}

impl From<Believed> for Assume {
    fn from(believed: Believed) -> Assume {
        match believed {
            Believed::Check => Assume::Check,
            Believed::Trust => Assume::Trust,
            Believed::Nothing => Assume::Nothing,
        }
    }
}

impl SpecializedArgs {
    /// Whether it is this that is compared.
    pub(crate) fn is_wanted(&self) -> bool {
        self.specialized
    }
}

/// Runs the comparison, both sides in the tier of a name.
pub(super) fn compared(args: &DivergeArgs, side: &str) -> Result<Exit> {
    let own = &args.specialized;
    let (config, timeout) = config(side, &args.wasm)?;
    let _watchdog = timeout.map(watchdog::start_command).transpose()?;
    let path = args.program.path();
    let file = own.from.as_deref().unwrap_or(path);
    if own.from.is_none() && begins_as_record(path) {
        let what = "a record is of a specialised module: --from must name the generic one";
        bail!(Misuse(what.into()));
    }
    let features = Wasm::parse(&args.wasm)?.features();
    let original = input::decoded_with(file, &features)?;
    let mut generic = original.clone();
    let failed = || format!("failed to specialise `{}`", file.shown());
    if own.wizen {
        let (init, state) = (&own.init_func, &mut Initialiser { features, ..Default::default() });
        generic =
            initialized(&generic, init, false, state, &Limits::default()).with_context(failed)?;
    }
    let places = places(original.clone(), generic.clone());
    let mut refused = Vec::new();
    let record = match own.from {
        Some(_) => args.program.record_of(&config, args.fuel, Output::Dropped, Ok)?,
        None => args.program.record_of(&config, args.fuel, Output::Dropped, |_| {
            let assume = own.assume.into();
            let threads = std::thread::available_parallelism().map_or(1, Into::into);
            let places = places.clone();
            let keep_stores = true;
            let options = Options { assume, threads, keep_stores, places, ..Options::default() };
            let outcome = specialize(&generic, &options).with_context(failed)?;
            let whys = outcome.requests.iter().filter_map(|(asked, _, state)| {
                let why = refusal(state.as_ref().err()?, &options.places);
                Some(format!("{asked} is refused and not compared: {why}"))
            });
            refused.extend(whys);
            Ok(outcome.module.bytes().to_vec())
        })?,
    };
    let specialized = Module::decode(record.module().to_vec(), &features, &Limits::default());
    let specialized = specialized.with_context(|| format!("`{}`", path.shown()))?;
    let found = pairs(&generic, &specialized).with_context(failed)?;
    if found.is_empty() {
        let what = match refused.first() {
            Some(why) => why,
            None if is_specialized(&original).unwrap_or(false) => {
                "it is specialised already: --from must name the module that it was made of"
            }
            None => {
                "no function was made for a request of it (does its initialiser have to run, -w?)"
            }
        };
        bail!(Misuse(format!("`{}`: {what}", file.shown())));
    }
    let compiled: Vec<Compiled> = found
        .into_iter()
        .map(|pair| Compiled { func: pair.func, generic: pair.generic, globals: pair.globals })
        .collect();
    let mut report = lockstep(&Lockstep {
        record: &record,
        generic: &generic,
        compiled: &compiled,
        config: &config,
        fuel: args.fuel,
        args: &values_of,
        place: &|func, offset| places.name(func, offset),
    })?;
    report.notes.extend(refused);
    print(&if args.json { report.to_json()? + "\n" } else { report.to_text() })?;
    Ok(if report.exit_code() == 0 { Exit::Done } else { Exit::Bad })
}
