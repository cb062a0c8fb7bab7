//! Sides: the ways to run one program. Every comparison of runs is of two of them.
//!
//! ```text
//! Program ─ Side::run ─► Record ─┐
//!         ─ Side::run ─► Record ─┴─ compare ─► the same, or the first Difference
//! ```
//!
//! | side | runs |
//! |---|---|
//! | [`Setup`] | a tier in a setting: the reference tier, or the interpreter over checked bytecode |
//! | [`Translated`] | the interpreter over what an [`Attach`] gives: shared, or with a planted fault |
//! | [`External`] | another executor, such as the SSA interpreter ([`ssa`]) |
//! | [`native::Native`] | machine code, from the start or after swaps |
//! | [`InPlace`] | another module in the program's place, on any side |
//!
//! A green comparison does not show that sides are right where they share code (decoder, numeric
//! operators, the store's bulk operators).

pub mod attach;
pub mod compare;
pub mod host;
pub mod native;
pub mod report;
pub mod run;
pub mod ssa;
mod world;

use attach::Translation;
use prova_core::Tier;
use prova_module::Module;
use prova_runtime::{Attach, ExecutorKind, Settings};
use run::{Program, Record, Setup, store, store_with};
use std::sync::Arc;

/// A way to run a program.
pub trait Side {
    /// Runs the calls of a program that are not left out → everything that can be observed.
    fn run(&self, program: &Program<'_>) -> Record;
}

/// The reference tier; of any other tier, checked bytecode that is translated for this run.
impl Side for Setup {
    fn run(&self, program: &Program<'_>) -> Record {
        let attach: Option<Arc<dyn Attach>> = match self.tier {
            Tier::Reference => None,
            Tier::Interpreter(_) => Some(Arc::new(Translation::new(self.settings))),
        };
        program.run_in(store(*self), attach)
    }
}

/// A tier over bytecode that comes from somewhere.
#[derive(Clone)]
pub struct Translated {
    /// The tier and its settings.
    pub setup: Setup,
    /// Where the bytecode comes from.
    pub attach: Arc<dyn Attach>,
}

impl Side for Translated {
    fn run(&self, program: &Program<'_>) -> Record {
        program.run_in(store(self.setup), Some(Arc::clone(&self.attach)))
    }
}

/// An executor that needs no bytecode.
pub struct External {
    /// The executor.
    pub executor: ExecutorKind,
    /// Its settings.
    pub settings: Settings,
}

impl Side for External {
    fn run(&self, program: &Program<'_>) -> Record {
        program.run_in(store_with(self.executor.clone(), self.settings), None)
    }
}

/// Another module in the place of the program's.
pub struct InPlace<'m, S> {
    /// The module.
    pub module: &'m Module,
    /// The factor by which each call has more fuel.
    pub fuel_factor: u64,
    /// Where it runs.
    pub side: S,
}

impl<S: Side> Side for InPlace<'_, S> {
    fn run(&self, program: &Program<'_>) -> Record {
        let fuel = program.fuel.saturating_mul(self.fuel_factor);
        self.side.run(&Program { module: self.module, fuel, ..*program })
    }
}
