//! The target: x86-64 at a named CPU level, with the settings of the convention.
//!
//! The level is the configuration's and never the host's, so the output is the same everywhere.

use crate::Declined;
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use prova_check::CpuLevel;

/// Settings of all targets.
const SHARED: &[(&str, &str)] = &[
    ("opt_level", "speed"),
    ("preserve_frame_pointers", "true"),
    ("enable_probestack", "false"),
    ("unwind_info", "false"),
    ("machine_code_cfg_info", "true"),
    ("is_pic", "false"),
    ("enable_heap_access_spectre_mitigation", "false"),
    ("enable_table_access_spectre_mitigation", "false"),
    ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
];

const V2: &[&str] = &["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"];
const V3: &[&str] = &["has_avx", "has_avx2", "has_bmi1", "has_bmi2", "has_lzcnt", "has_fma"];

/// The settings of Cranelift for a level: name and value, those of all targets first.
pub fn settings(level: CpuLevel) -> Vec<(&'static str, &'static str)> {
    let features = features(level).map(|name| (name, "true"));
    SHARED.iter().copied().chain(features).collect()
}

/// How much Cranelift's optimiser does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// All that it can; the only one by which code is kept.
    #[default]
    Speed,
    /// Nothing: code that is nearer to its body, for a second attempt to prove it equal.
    None,
}

impl Effort {
    /// The value of `opt_level`.
    const fn level(self) -> &'static str {
        match self {
            Effort::Speed => "speed",
            Effort::None => "none",
        }
    }
}

/// The features of processors of a level.
fn features(level: CpuLevel) -> impl Iterator<Item = &'static str> {
    let more = match level {
        CpuLevel::V2 => &[][..],
        CpuLevel::V3 => V3,
    };
    V2.iter().chain(more).copied()
}

/// The target of a level and an effort.
///
/// # Errors
/// If Cranelift does not know a setting.
pub(crate) fn target(level: CpuLevel, effort: Effort) -> Result<OwnedTargetIsa, Declined> {
    let refused = |error: &dyn std::fmt::Display| Declined::Compiler(error.to_string());
    let mut shared = settings::builder();
    for (name, value) in SHARED {
        shared.set(name, value).map_err(|error| refused(&error))?;
    }
    shared.set("opt_level", effort.level()).map_err(|error| refused(&error))?;
    let mut builder =
        isa::lookup_by_name("x86_64-unknown-linux-gnu").map_err(|error| refused(&error))?;
    for name in features(level) {
        builder.enable(name).map_err(|error| refused(&error))?;
    }
    builder.finish(settings::Flags::new(shared)).map_err(|error| refused(&error))
}
