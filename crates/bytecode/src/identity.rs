//! The module and the settings that checked code belongs to, as its witness names them, and their
//! digest.
//!
//! `prova-runtime` compares an [`Identity`] with the store's when it attaches the code; caches and
//! artifacts name code by [`Identity::digest`].
//!
//! 1. Identities have equal digests if [`Identity::compare`] finds no difference, and different
//!    ones otherwise.
//!
//! Limits of a module are no part of it (see [`Module::digest`]), and the function is the code's
//! own. Noticed by: the tests below, and `src/attach/tests.rs` of `prova-runtime`.

use crate::candidate::{Metering, Settings};
use core::fmt;
use prova_module::{Digest, Module};

/// The module and the settings of code.
#[derive(Clone, Debug)]
pub struct Identity {
    module: Module,
    settings: Settings,
}

/// The first part in which two identities differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// They are of different modules.
    Module,
    /// They are for different metering.
    Metering,
    /// One is for results that are the same on every machine, the other not.
    Determinism,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mismatch::Module => "another module",
            Mismatch::Metering => "another metering",
            Mismatch::Determinism => "another determinism",
        })
    }
}

impl std::error::Error for Mismatch {}

impl Identity {
    /// The identity of code of `module` in `settings`.
    pub(crate) fn new(module: &Module, settings: &Settings) -> Identity {
        Identity { module: module.clone(), settings: *settings }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether code of this identity may run for `module` in `settings`. No byte is read where the
    /// module is the same handle.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(&self, module: &Module, settings: &Settings) -> Result<(), Mismatch> {
        let Settings { metering, deterministic } = *settings;
        if !self.module.is_same(module) {
            Err(Mismatch::Module)
        } else if self.settings.metering != metering {
            Err(Mismatch::Metering)
        } else if self.settings.deterministic != deterministic {
            Err(Mismatch::Determinism)
        } else {
            Ok(())
        }
    }

    /// The digest of all of it; it reads the module's bytes the first time.
    pub fn digest(&self) -> Digest {
        self.module.digest().extend("prova settings", &encode(&self.settings))
    }
}

/// The version of [`encode`]'s form.
const VERSION: u8 = 1;

/// The level of the processor that code needs: bytecode runs on any. (Those of machine code count
/// from 1.)
const ANY_PROCESSOR: u8 = 0;

/// Settings in the form that is part of digests: version, level of the processor, metering,
/// determinism, four bytes of 0.
fn encode(settings: &Settings) -> [u8; 8] {
    let Settings { metering, deterministic } = *settings;
    let metering = match metering {
        Metering::None => 0,
        Metering::Epoch => 1,
        Metering::Fuel => 2,
        Metering::Both => 3,
    };
    [VERSION, ANY_PROCESSOR, metering, u8::from(deterministic), 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits};

    fn module(tag: &str) -> Module {
        let bytes = wat::parse_str(format!("(module (func) (data \"{tag}\"))")).unwrap();
        Module::decode(bytes, &Features::default(), &Limits::default()).unwrap()
    }

    /// All settings there are.
    fn settings() -> Vec<Settings> {
        let both =
            |metering| [false, true].map(|deterministic| Settings { metering, deterministic });
        Metering::ALL.into_iter().flat_map(both).collect()
    }

    #[test]
    fn what_is_different_is_named() {
        let (plain, a) = (Settings::default(), module("a"));
        let identity = Identity::new(&a, &plain);
        assert_eq!(identity.compare(&a, &plain), Ok(()));
        assert_eq!(identity.compare(&module("a"), &plain), Ok(()), "the same bytes again");
        assert_eq!(identity.compare(&module("b"), &plain), Err(Mismatch::Module));
        let fuel = Settings { metering: Metering::Fuel, ..plain };
        assert_eq!(identity.compare(&a, &fuel), Err(Mismatch::Metering));
        let deterministic = Settings { deterministic: true, ..plain };
        assert_eq!(identity.compare(&a, &deterministic), Err(Mismatch::Determinism));
    }

    #[test]
    fn digests_differ_exactly_where_identities_do() {
        let identities: Vec<Identity> = [module("a"), module("a"), module("b")]
            .iter()
            .flat_map(|module| settings().into_iter().map(|s| Identity::new(module, &s)))
            .collect();
        let mut equal = 0;
        for one in &identities {
            for other in &identities {
                let same = one.compare(other.module(), other.settings()).is_ok();
                assert_eq!(one.digest() == other.digest(), same, "{one:?} {other:?}");
                equal += usize::from(same);
            }
        }
        assert_eq!(equal, 5 * settings().len());
    }
}
