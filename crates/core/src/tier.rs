//! [`Tier`]: what executes functions, by name and as an executor of the runtime.
//!
//! This is the one list of tiers: command lines and test runners read names by its `FromStr` and
//! offer [`Tier::CHOICES`]. All tiers give the same results, traps, fuel and stack overflows. Only
//! the bits of a NaN that an operator computes may differ, unless [`Config::deterministic`] fixes
//! them.
//!
//! [`Config::deterministic`]: crate::Config::deterministic

use prova_reference::Reference;
use prova_runtime::{Dispatch, ExecutorKind};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The executor of functions. All tiers give the same results, traps, fuel and stack overflows. The
/// bits of a NaN that an operator computes are the same with
/// [`Config::deterministic`](crate::Config::deterministic) only.
///
/// ```
/// use prova_core::*;
///
/// let tier: Tier = "reference".parse()?;
/// let mut config = Config::new();
/// config.tier(tier);
/// Engine::new(&config)?;
/// assert!("no tier".parse::<Tier>().is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Checked bytecode.
    Interpreter(Dispatch),
    /// WebAssembly operators one by one, without translation: slow, and the oracle of the other
    /// tiers.
    Reference,
}

impl Default for Tier {
    fn default() -> Tier {
        Tier::TAIL
    }
}

impl Tier {
    /// Checked bytecode, by handlers that jump to each other.
    pub const TAIL: Tier = Tier::Interpreter(Dispatch::Tail);
    /// Checked bytecode, by a loop around a `match`.
    pub const MATCH: Tier = Tier::Interpreter(Dispatch::Match);

    /// All of them, each dispatch by itself.
    pub const ALL: [Tier; 3] = [Tier::TAIL, Tier::MATCH, Tier::Reference];

    /// The names for a choice that leaves the dispatch open, with what they mean. (All are read by
    /// `FromStr`; a tier that this build has not is refused there.)
    pub const CHOICES: [(&str, &str); 4] = [
        (INTERPRETER, "The interpreter: checked bytecode"),
        (REFERENCE, "The reference: WebAssembly operators one by one"),
        (NATIVE, "Machine code (not in this build)"),
        (AUTO, "What is taken without this option: the interpreter"),
    ];

    /// The name, different for each of [`Tier::ALL`].
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Interpreter(dispatch) => dispatch.name(),
            Tier::Reference => REFERENCE,
        }
    }

    /// The name among [`Tier::CHOICES`].
    pub const fn choice(self) -> &'static str {
        match self {
            Tier::Interpreter(_) => INTERPRETER,
            Tier::Reference => REFERENCE,
        }
    }

    /// The executor for a store of the runtime, for tools that make the store themselves.
    pub fn executor(self) -> ExecutorKind {
        match self {
            Tier::Interpreter(dispatch) => ExecutorKind::Interpreter(dispatch),
            Tier::Reference => ExecutorKind::External(Arc::new(Reference::new())),
        }
    }
}

const INTERPRETER: &str = "interp";
const REFERENCE: &str = "reference";
const NATIVE: &str = "native";
const AUTO: &str = "auto";

impl fmt::Display for Tier {
    /// [`Tier::name`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a name is none of a tier that can run.
///
/// ```
/// use prova_core::*;
///
/// assert_eq!("fast".parse::<Tier>(), Err(UnknownTier::NoTier));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownTier {
    /// The tier of machine code, which is no choice of this type: see
    /// [`Config::strategy`](crate::Config::strategy).
    NotInThisBuild,
    /// No tier.
    NoTier,
}

impl fmt::Display for UnknownTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnknownTier::NotInThisBuild => {
                "machine code is made by an engine of crate `prova`, in any tier but the reference: `Config::strategy(Strategy::Cranelift)` makes it before a function's first call"
            }
            UnknownTier::NoTier => "there is no such tier",
        })
    }
}

impl std::error::Error for UnknownTier {}

impl FromStr for Tier {
    type Err = UnknownTier;

    /// Reads a name of [`Tier::ALL`] or of [`Tier::CHOICES`].
    fn from_str(name: &str) -> Result<Tier, UnknownTier> {
        match name {
            INTERPRETER | AUTO => Ok(Tier::default()),
            NATIVE => Err(UnknownTier::NotInThisBuild),
            _ => Tier::ALL.into_iter().find(|tier| tier.name() == name).ok_or(UnknownTier::NoTier),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for tier in Tier::ALL {
            assert_eq!(tier.to_string().parse(), Ok(tier));
            let choice: Tier = tier.choice().parse().expect("a choice is a name");
            assert_eq!(choice.choice(), tier.choice());
        }
        assert_eq!("Tail".parse::<Tier>(), Err(UnknownTier::NoTier));
        assert_eq!("".parse::<Tier>(), Err(UnknownTier::NoTier));
    }

    #[test]
    fn every_choice_is_a_tier_or_is_refused_as_one_of_another_build() {
        for (name, help) in Tier::CHOICES {
            let known = !matches!(name.parse::<Tier>(), Err(UnknownTier::NoTier));
            let missing = name.parse::<Tier>().is_err();
            assert!(known && missing == help.contains("not in this build"), "{name}");
        }
    }
}
