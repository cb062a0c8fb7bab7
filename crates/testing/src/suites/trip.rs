//! The round trip of modules: Wasm → SSA → Wasm, then all earlier runs are repeated.
//!
//! ```text
//! module ─ emit::trip ┬─► the new module ─ spec suite, real programs ─► the same as ever
//!                     └─ once more ─► a module of nearly the same size
//! ```
//!
//! A green run does not show that the proof refuses wrong emissions (its own twins do), since an
//! emitter without fault gives it nothing to refuse.

use crate::generate::manifest::Case;
use crate::suites::scratch::Scratch;
use crate::suites::spec::{self, Script, Status};
use prova_core::{Config, Tier};
use prova_emit::trip::{Options, Outcome, Trip, module};
use prova_module::{Features, Limits, Module};
use prova_wast::Rewrite;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, fs, io};

/// The outcomes for the modules that went on their trip.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many modules.
    pub modules: u64,
    /// How many functions they define, without those that are left out ([`Outcome::is_left_out`]).
    pub funcs: u64,
    /// How many of them have new bytes.
    pub replaced: u64,
    /// The bytes of their bodies before and after.
    pub bytes: (u64, u64),
    /// The sum of the logarithms of the ratio of both, over modules with bodies.
    log_ratios: (f64, u64),
    /// How many keep their bytes since the proof refused what was emitted.
    pub refused: u64,
    /// Why the first of them do.
    pub refusals: Vec<String>,
    /// Other failures.
    pub failures: Vec<String>,
}

impl Tally {
    /// The geometric mean of the growth of modules' bodies.
    pub fn ratio(&self) -> f64 {
        (self.log_ratios.0 / self.log_ratios.1.max(1) as f64).exp()
    }

    fn add(&mut self, before: &Module, trip: &Trip) {
        let (old, new) = (code_bytes(before), code_bytes(&trip.module));
        self.modules += 1;
        self.bytes.0 += old;
        self.bytes.1 += new;
        if old > 0 {
            self.log_ratios.0 += (new as f64 / old as f64).ln();
            self.log_ratios.1 += 1;
        }
        for (_, outcome) in &trip.outcomes {
            if outcome.is_left_out() {
                continue;
            }
            self.funcs += 1;
            self.replaced += u64::from(*outcome == Outcome::Replaced);
            if let Outcome::Refused(rejection) = outcome {
                self.refused += 1;
                if self.refusals.len() < REFUSALS_MAX {
                    self.refusals.push(rejection.to_string());
                }
            } else if outcome.is_failure() {
                self.failures.push(outcome.to_string());
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { modules, funcs, replaced, refused, bytes, .. } = self;
        write!(f, "{modules} modules, {replaced} of {funcs} functions replaced, ")?;
        write!(f, "{refused} refused, ")?;
        write!(f, "{} to {} bytes, mean {:.4}", bytes.0, bytes.1, self.ratio())
    }
}

/// Maximum number of reasons that are kept.
const REFUSALS_MAX: usize = 32;

/// Number of bytes that a module may grow on its second trip, on top of a twentieth.
const SLACK: usize = 64;

/// The bytes of all bodies.
fn code_bytes(module: &Module) -> u64 {
    let bodies = module.defined_funcs().filter_map(|func| module.body(func));
    bodies.map(|body| body.range().len() as u64).sum()
}

/// Sends a module on its trip, twice; gives the new bytes, or those that came if they are no valid
/// module.
pub fn rewrite(bytes: Vec<u8>, threads: usize, tally: &mut Tally) -> Vec<u8> {
    let limits = Limits::default();
    let options = Options { transform: &Some, threads, limits: &limits };
    let Ok(before) = Module::decode(bytes.as_slice(), &Features::default(), &limits) else {
        return bytes;
    };
    let trip = match module(&before, &options) {
        Ok(trip) => trip,
        Err(error) => {
            tally.failures.push(error.to_string());
            return bytes;
        }
    };
    tally.add(&before, &trip);
    let once = trip.module.bytes().len();
    match module(&trip.module, &options).map(|again| again.module.bytes().len()) {
        Ok(twice) if twice <= once + once / 20 + SLACK => {}
        Ok(twice) => tally.failures.push(format!("the second trip makes {twice} bytes of {once}")),
        Err(error) => tally.failures.push(format!("the second trip: {error}")),
    }
    trip.module.bytes().to_vec()
}

/// Runs a script of the specification's suite in the interpreter, each of its modules behind its
/// trip.
pub fn script(script: &Script) -> (Status, Tally) {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let shared = Arc::clone(&tally);
    let rewrite = Rewrite(Arc::new(move |bytes| {
        rewrite(bytes, 1, &mut shared.lock().unwrap_or_else(PoisonError::into_inner))
    }));
    let mut config = Config::new();
    config.tier(Tier::default());
    let status = spec::run_rewritten(&script.folder, script.text, config, Some(rewrite));
    let tally = tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (status, tally)
}

/// Sends a case's program on its trip, and makes a collection in `to` that has its links and the
/// new program; gives the case for it.
///
/// # Errors
/// If files cannot be read or written.
pub fn case(
    folder: &Path,
    case: &Case,
    to: &Path,
    threads: usize,
    tally: &mut Tally,
) -> io::Result<Case> {
    let bytes = fs::read(folder.join(&case.file))?;
    let new = rewrite(bytes, threads, tally);
    let file = to.join(&case.file);
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&file, &new)?;
    let file_sha256 = crate::hex(&Sha256::digest(&new));
    Ok(Case { file_sha256, ..case.clone() })
}

/// A folder for a collection of programs behind their trip, with links to what a collection has
/// beside its programs.
///
/// # Errors
/// If it cannot be made.
pub fn scratch(collection: &Path) -> io::Result<Scratch> {
    let scratch = Scratch::new("trip")?;
    scratch.link(collection, &["data", "share"])?;
    Ok(scratch)
}
