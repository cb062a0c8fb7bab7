//! A cause → what to do about it, and faults of compilers that are known.
//!
//! Neighbours: [`explain`](super::explain) asks. The table has only faults that were seen here,
//! with both outputs at hand; it is data, to be added to as faults are found.

use super::PassFound;
use crate::diff::{Cluster, Verdict};
use prova_builds::repro::blame::Leak;
use serde::Serialize;

/// A fault of a compiler that makes its output depend on chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A part of the pass's name.
    pub pass: &'static str,
    /// What is wrong in it.
    pub fault: &'static str,
    /// The first version without it.
    pub fixed: &'static str,
}

/// The faults that are known.
pub const FAULTS: [Fault; 1] = [Fault {
    pass: "WebAssembly Fix Irreducible Control Flow",
    fault: "iterated over a set of pointers, so the order of the loops' entries depended on addresses",
    fixed: "LLVM 11 (D74999)",
}];

/// The fault of a pass that is known.
pub fn fault(pass: &str) -> Option<Fault> {
    FAULTS.into_iter().find(|fault| pass.contains(fault.pass))
}

/// What to do about a cause, a sentence each.
pub(super) fn advice(
    cluster: &Cluster,
    passes: &[PassFound],
    leaks: &[Leak],
    have_logs: bool,
) -> Vec<String> {
    let mut advice = Vec::new();
    let mut faults: Vec<Fault> = passes.iter().filter_map(|found| found.known).collect();
    faults.dedup();
    for fault in faults {
        advice.push(format!(
            "a known fault: the pass {}; use a compiler with {} or later",
            fault.fault, fault.fixed
        ));
    }
    let before = passes.iter().any(|found| found.before);
    match cluster.verdict {
        Verdict::Path => advice.push(
            "map the path away: rustc `--remap-path-prefix OLD=NEW`, clang `-ffile-prefix-map=OLD=NEW`".into(),
        ),
        Verdict::RandomLooking if leaks.is_empty() => advice.push(
            "look for a seed, a time or an identifier that is made while the program is built; with the package's manifest (`--manifest-path`) the crates are searched".into(),
        ),
        Verdict::LayoutOnly | Verdict::Changed if before && leaks.is_empty() => advice.push(
            "the compiler was given different programs: look at macros, build scripts, `env!`, `include!`, generated files".into(),
        ),
        Verdict::LayoutOnly | Verdict::Changed if passes.is_empty() && !have_logs => advice.push(
            "record the passes of both builds (`prova passes record`, or `prova repro explain`) to learn which one it was".into(),
        ),
        Verdict::Timestamp => advice.push(
            "give the build a fixed time: `SOURCE_DATE_EPOCH`, `-D__DATE__=…`, or leave the time out".into(),
        ),
        Verdict::RandomLooking
        | Verdict::Text
        | Verdict::Url
        | Verdict::AssumedMoved
        | Verdict::LayoutOnly
        | Verdict::Changed
        | Verdict::Identical
        | Verdict::Renumbered
        | Verdict::Moved => {}
    }
    advice.extend(leaks.iter().map(cure));
    advice
}

/// How to switch the source of chance off.
fn cure(leak: &Leak) -> String {
    let asking = leak.steps.windows(2).rev().find(|pair| !pair[1].asked.is_empty());
    let Some([asking, asked]) = asking else {
        return format!("do without {}", leak.source);
    };
    let (package, name) = (&asking.package, &asked.package);
    let feature = asked.feature.as_deref().unwrap_or("the feature");
    format!(
        "switch feature `{feature}` of {name} off where {package} asks for it ({}); `prova repro blame-feature --confirm` tries that",
        asked.asked
    )
}
