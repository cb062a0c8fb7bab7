//! The deterministic profile: [`Config`] and [`StoreLimits`] → the text of everything that decides
//! what a program observes, and the digest of that text.
//!
//! ```text
//! Config ──────┐
//! StoreLimits ─┼─► Profile ─ text ─► lines ─ SHA-256 ─► digest
//! RULES, code ─┘
//! ```
//!
//! Two hosts whose digests are equal execute by the same rules, with the same proposals, limits,
//! prices and stack formula: a program that both accept ends in the same results, traps, fuel and
//! state.
//!
//! [`Config::deterministic`] turns the profile on, `engine` narrows the configuration by
//! [`pinned`], and `rules` lists the differences between engines. `docs/semantics.md` has the same
//! list for readers, and a test holds both against each other.
//!
//! # Invariants
//! 1. The contents of a profile never change under its number: proposals and limits are written out
//!    here, not taken from defaults. A change of rules, prices, formulas or defaults changes
//!    [`Profile::DIGEST`], fails its test, and so asks for a new number.
//! 2. An engine in the profile has at most the profile's proposals and limits, in any order of its
//!    configuration's calls.
//! 3. Every parameter by which two engines in the profile may still differ (fewer proposals, lower
//!    limits, the stack, the limits of a store) stands in the text.
//!
//! Not in the text: the amount of fuel, arguments and what the host answers, which are inputs of a
//! run; tier, executor and time of translation, on which nothing depends; epochs and timeouts,
//! which are outside of the profile. Green does not show that two machines agree: the campaign
//! `prova-testing profile` runs programs on both.

mod rules;
mod text;

pub use rules::ProfileRule;

use crate::config::Config;
use crate::limits::StoreLimits;
use prova_module::{Digest, Features, Limits, Proposal};
use std::fmt;

/// The rules of a deterministic engine and of a store with its limits: see
/// [`Config::deterministic`].
///
/// ```
/// use prova_core::*;
///
/// let profile = Profile::of(&Config::new(), &StoreLimits::default());
/// assert_eq!(profile.digest().to_string(), Profile::DIGEST);
/// let mut config = Config::new();
/// config.max_wasm_stack(1 << 20);
/// let other = Profile::of(&config, &StoreLimits::default());
/// assert_ne!(other.digest(), profile.digest());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    text: String,
}

impl Profile {
    /// The number of the profile.
    pub const VERSION: u32 = 2;

    /// The digest of the profile with all its defaults.
    pub const DIGEST: &'static str =
        "c88c2e48a54a1b47eb1365aaf00b93a099a64c1563ed76a3a476437f9cb09849";

    /// The differences between engines, and the rule here for each.
    pub const RULES: &'static [ProfileRule] = &rules::RULES;

    /// The profile of an engine of this configuration, which is taken to be deterministic, and of a
    /// store with these limits.
    pub fn of(config: &Config, store: &StoreLimits) -> Profile {
        Profile { text: text::text(&pinned(config), store) }
    }

    /// All of it, a line for each rule, proposal, limit, price and formula: what the digest is
    /// taken of.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

impl Default for Profile {
    /// With all defaults.
    fn default() -> Profile {
        Profile::of(&Config::default(), &StoreLimits::default())
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deterministic profile {}, sha256 {}", Profile::VERSION, self.digest())
    }
}

/// The proposals of the profile, in the order of its text. One that Prova executes later is not
/// among them.
const PROPOSALS: [Proposal; 17] = [
    Proposal::SignExtension,
    Proposal::SaturatingFloatToInt,
    Proposal::MultiValue,
    Proposal::BulkMemory,
    Proposal::ReferenceTypes,
    Proposal::Simd,
    Proposal::RelaxedSimd,
    Proposal::TailCall,
    Proposal::MultiMemory,
    Proposal::Memory64,
    Proposal::ExtendedConst,
    Proposal::WideArithmetic,
    Proposal::CustomPageSizes,
    Proposal::Threads,
    Proposal::Exceptions,
    Proposal::FunctionReferences,
    Proposal::Gc,
];

/// The limits of modules of the profile, independent of the defaults.
const LIMITS: Limits = Limits {
    module_bytes: 1 << 30,
    sections: 1_000_000,
    types: 1_000_000,
    params: 1_000,
    results: 1_000,
    imports: 1_000_000,
    functions: 1_000_000,
    tables: 100_000,
    memories: 100,
    globals: 1_000_000,
    tags: 1_000_000,
    exports: 1_000_000,
    element_segments: 100_000,
    element_items: 10_000_000,
    data_segments: 100_000,
    const_expr_ops: 100_000,
    name_bytes: 100_000,
    body_bytes: 7_654_321,
    locals_per_function: 50_000,
    control_depth: 50_000,
    br_table_targets: 1_000_000,
    operand_height: 1_000_000,
    function_cells: 65_535,
    work_per_byte: 8,
};

/// The configuration with no more than the profile has.
pub(crate) fn pinned(config: &Config) -> Config {
    let has = |&&proposal: &&Proposal| config.features.has(proposal);
    let features = PROPOSALS.iter().filter(has);
    let features = features.fold(Features::WASM1, |set, &proposal| set.with(proposal));
    Config { features, limits: lower(&config.limits, &LIMITS), ..config.clone() }
}

/// Of each limit the lower one.
fn lower(a: &Limits, b: &Limits) -> Limits {
    macro_rules! each {
        ($($field:ident)*) => { Limits { $($field: a.$field.min(b.$field),)* } };
    }
    each! {
        module_bytes sections types params results imports functions tables memories globals tags
        exports element_segments element_items data_segments const_expr_ops name_bytes body_bytes
        locals_per_function control_depth br_table_targets operand_height function_cells
        work_per_byte
    }
}
