//! *Does a checker refuse what is wrong?* Honest code → random edits of it, each of which the check
//! refuses, or which runs as before.
//!
//! ```text
//! mutations: bytecode ───────► bytecode::check    bodies: SSA bodies ──────► ssa::check
//! passes: bodies, witnesses ─► ssa::replace       emissions: bytes, homes ─► emit::emitted
//! copies: bodies, origins ───► ssa::replace       specialised: bodies, rows ► specialize::check
//! second: bytecode ──────────► bytecode::check and the second checker, which must agree
//! ```
//!
//! In: a seed, how many edits. Out: refusals by rule, and what became of accepted edits. An
//! accepted edit that runs otherwise is a hole of the check. Limits: an edit that no generated call
//! comes by is not seen to run otherwise; twins beside each check are. Noticed by: judges that
//! accept everything (`tests/ssa_check.rs`, `tests/trip.rs`), and one that refuses everything
//! (`tests/mutations.rs`).

pub mod bodies;
pub mod copies;
pub mod emissions;
pub mod mutations;
pub mod passes;
pub mod second;
pub mod specialised;

use crate::campaign;
use crate::generate::Case;
use crate::sides::compare::{Apart, against};
use crate::sides::host::Host;
use crate::sides::run::{Program, Record, Setup};
use crate::sides::ssa::Ssa;
use crate::sides::{External, Side};
use prova_core::Tier;
use prova_module::{FuncIdx, Module};
use prova_runtime::{Metering, Settings};
use prova_ssa::Body;
use std::collections::BTreeMap;

/// The counts of edits that a check has judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Edits that are code, other than the honest one.
    pub tried: u64,
    /// How many each rule has refused.
    pub refused: BTreeMap<String, u64>,
    /// Accepted, and the code is as honest as before: what differs is a hint.
    pub same: u64,
    /// Accepted with other code.
    pub ran: u64,
}

impl Edits {
    /// Counts an edit. Returns whether other code was accepted, which is to run as before.
    fn judged(&mut self, judged: Result<(), String>, is_same: bool) -> bool {
        self.tried += 1;
        let is_other = judged.is_ok() && !is_same;
        match judged {
            Err(rule) => *self.refused.entry(rule).or_default() += 1,
            Ok(()) if is_same => self.same += 1,
            Ok(()) => self.ran += 1,
        }
        is_other
    }
}

impl campaign::Tally for Edits {
    fn add(&mut self, other: Edits) {
        self.tried += other.tried;
        for (rule, count) in other.refused {
            *self.refused.entry(rule).or_default() += count;
        }
        self.same += other.same;
        self.ran += other.ran;
    }
}

/// A module whose functions are edited, and what its calls do in the reference tier.
struct Original<'c> {
    program: Program<'c>,
    expected: Record,
}

impl<'c> Original<'c> {
    const SETTINGS: Settings = Settings { metering: Metering::Fuel, deterministic: true };

    fn new(case: &'c Case, module: &'c Module) -> Original<'c> {
        let program = Program::of(module, case, Host::Function);
        let expected = Setup { tier: Tier::Reference, settings: Self::SETTINGS }.run(&program);
        Original { program, expected }
    }

    fn module(&self) -> &'c Module {
        self.program.module
    }

    /// Runs all calls with a body in the place of a function's own.
    ///
    /// # Errors
    /// The first difference from the reference tier.
    fn runs_with(&self, func: FuncIdx, body: Body) -> Result<(), String> {
        let side = External { executor: Ssa::with_body(func, body), settings: Self::SETTINGS };
        let same = against(&self.expected, &self.program, &[&side], Apart::default());
        same.map_err(|found| found.what)
    }
}
