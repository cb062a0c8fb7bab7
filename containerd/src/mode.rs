//! A container's limits → how its code is made, which an artifact's settings have to be too.
//!
//! | code | artifact of a layer |
//! |---|---|
//! | confined, without limits of time and fuel | made once for all such containers |
//! | confined, with such a limit | none: under time it would not run, and fuel is the maker's |
//! | proved | one for each pair of limits, with the relations that prove it |
//!
//! Where a proof is required, the engine runs no code of an artifact without relations, whichever
//! label names that.

use crate::limits::Limits;
use prova::Config;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mode {
    /// Whether it runs only with a proof.
    proved: bool,
    /// Whether it looks at the time.
    epochs: bool,
    /// Whether it pays for its work.
    fuel: bool,
}

impl Mode {
    /// The code of a container with these limits.
    pub(crate) fn of(limits: &Limits) -> Mode {
        let Limits { memory: _, timeout, fuel, proved } = limits;
        Mode { proved: *proved, epochs: timeout.is_some(), fuel: fuel.is_some() }
    }

    /// The configuration of an engine that makes it, or takes it.
    pub(crate) fn config(self) -> Config {
        let mut config = Config::new();
        config.consume_fuel(self.fuel).epoch_interruption(self.epochs).require_proved(self.proved);
        config
    }

    /// Whether an artifact is of use: machine code of files does not run under a limit of time
    /// without a proof, and fuel of files is what their maker says.
    pub(crate) fn has_artifacts(self) -> bool {
        self.proved || !(self.epochs || self.fuel)
    }

    /// Whether a proof is searched for each function, which takes its time.
    pub(crate) fn is_proved(self) -> bool {
        self.proved
    }
}

/// The name of its artifacts in labels.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.proved { "proved" } else { "compiled" })?;
        f.write_str(if self.epochs { "-epochs" } else { "" })?;
        f.write_str(if self.fuel { "-fuel" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova::{Engine, Module};
    use std::time::Duration;

    /// All modes.
    fn modes() -> impl Iterator<Item = Mode> {
        (0..8).map(|bits| Mode { proved: bits & 1 > 0, epochs: bits & 2 > 0, fuel: bits & 4 > 0 })
    }

    const TEXT: &str = r#"(module
        (func (export "f") (param i32) (result i32)
            (i32.mul (local.get 0) (local.get 0))))"#;

    #[test]
    fn limits_are_modes() {
        let none = Mode { proved: false, epochs: false, fuel: false };
        assert_eq!(Mode::of(&Limits { memory: Some(1), ..Limits::default() }), none);
        let timeout = Some(Duration::ZERO);
        let limits = Limits { timeout, fuel: Some(0), proved: true, ..Limits::default() };
        assert_eq!(Mode::of(&limits), Mode { proved: true, epochs: true, fuel: true });
    }

    #[test]
    fn names_are_different() {
        let names: std::collections::BTreeSet<String> = modes().map(|m| m.to_string()).collect();
        assert_eq!(names.len(), 8);
    }

    /// An artifact is taken by the mode that it is made for, and by one with the same limits that
    /// requires no proof, if that takes any. Code without a proof is never taken where one is
    /// required.
    #[test]
    fn an_artifact_is_taken_by_its_own_mode() {
        for maker in modes().filter(|mode| mode.has_artifacts()) {
            let engine = Engine::new(&maker.config()).expect("a configuration");
            let bytes = Module::new(&engine, TEXT).and_then(|module| module.serialize());
            let bytes = bytes.unwrap_or_else(|error| panic!("{maker}: {error}"));
            for taker in modes() {
                let engine = Engine::new(&taker.config()).expect("a configuration");
                let module = Module::deserialize(&engine, &bytes).expect("it is whole");
                let same_limits = (maker.epochs, maker.fuel) == (taker.epochs, taker.fuel);
                let has_proof = maker.proved || !taker.proved;
                // Without a proof, no code of files runs under a limit of time.
                let may_run = taker.proved || !taker.epochs;
                let is_taken = same_limits && has_proof && may_run;
                let unused = module.unused_code();
                assert_eq!(unused.is_none(), is_taken, "{maker} in {taker}: {unused:?}");
                if same_limits && !has_proof {
                    let why = unused.unwrap_or_default();
                    assert!(why.contains("without proofs"), "{why}");
                }
            }
        }
    }
}
