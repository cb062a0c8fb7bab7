//! A cluster of a change that no log explains → whether the time of the build is behind it, the
//! sources, or flags and tools.
//!
//! `diff::strings` knows the forms of times. Each answer is a conclusion from both modules alone,
//! and says from what. Recipes of `crates/testing` have a pair for each.

use super::{LogsSay, Stage, ranges};
use prova_diff::{
    CONSTANT, CONSTANTS, Cluster, Difference, Kind, OPERANDS, Report, STAYED, Verdict, tells_time,
};
use prova_module::{DataIdx, Module};
use prova_xref::MemoryMap;
use std::ops::Range;

/// An edit changes less than one function in this number; flags and tools change more.
const MANY: u64 = 4;

/// The conclusion about a change that no log explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Apart {
    /// Strings with the time of the build stand in another order.
    Dated,
    /// One compiler made both, and code differs in more than addresses.
    Sources,
    /// The same, in such a share of the functions that it is hardly an edit.
    Flags,
}

impl Apart {
    pub(super) fn stage(self) -> Stage {
        match self {
            Apart::Dated | Apart::Sources => Stage::Source,
            Apart::Flags => Stage::Unknown,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Apart::Dated => {
                "a date or time stands in what differs, and linkers order the strings that they merge by what is in them: the order of these and their addresses differ with the time of the build"
            }
            Apart::Sources => {
                "the sources differ, or the flags that they are compiled with: one compiler made both (their sections `producers` are equal), and no path, date or place in memory is a reason for other code"
            }
            Apart::Flags => {
                "so many functions differ that it is hardly an edit: one compiler made both, with other flags (`-O`, link-time optimisation, features), or a tool behind the linker such as `wasm-opt` saw one of them"
            }
        }
    }
}

/// Whether a change that no log explains comes from a date, or from the sources.
pub(super) fn told_apart(
    modules: (&Module, &Module),
    report: &Report,
    cluster: &Cluster,
    logs: &LogsSay,
) -> Option<Apart> {
    let dated = |cluster: &Cluster| {
        let causes = &cluster.differences[..cluster.causes.min(cluster.differences.len())];
        causes.iter().map(|at| &report.differences[*at]).any(|one| is_dated(modules, one))
    };
    let addresses = cluster.cause.ends_with(": addresses of data");
    if dated(cluster) || addresses && report.clusters.iter().any(dated) {
        return Some(Apart::Dated);
    }
    let function = |at: &usize| report.differences[*at].kind == Kind::Function;
    let code = cluster.differences.iter().take(cluster.causes).any(function);
    let one_compiler = producers(modules.0).is_some_and(|of_a| Some(of_a) == producers(modules.1));
    let changed = |one: &&Difference| one.kind == Kind::Function && one.verdict == Verdict::Changed;
    let many = MANY * report.differences.iter().filter(changed).count() as u64;
    let flags = many > report.a.functions.min(report.b.functions);
    let told = if flags { Apart::Flags } else { Apart::Sources };
    // Where things moved, a number may be an address, or the size of what moved.
    let moved = |one: &Difference| {
        let moved = matches!(one.verdict, Verdict::Moved | Verdict::AssumedMoved);
        moved && one.kind != Kind::Custom
    };
    let numbers = [OPERANDS, CONSTANT, CONSTANTS].iter().any(|of| cluster.cause.starts_with(of));
    let placed = cluster.cause == STAYED || numbers && report.differences.iter().any(moved);
    (code && !addresses && !placed && one_compiler && *logs == LogsSay::Nothing).then_some(told)
}

/// The section that names the compilers.
fn producers(module: &Module) -> Option<&[u8]> {
    let mut sections = module.custom_sections().iter();
    let section = sections.find(|section| &*section.name == "producers")?;
    module.bytes().get(section.range.clone())
}

/// Whether bytes that differ have a clock or calendar on both sides.
fn is_dated(modules: (&Module, &Module), difference: &Difference) -> bool {
    /// A pattern of a time may begin before what differs, and end behind it.
    const AROUND: u64 = 12;
    let tells = |module: &Module, range: Option<Range<u64>>| {
        let Some(range) = range else { return false };
        let map = MemoryMap::new(module);
        let Some(span) = map.span_at(range.start) else { return false };
        let bytes = module.data_bytes(DataIdx(span.segment));
        let place = |at: u64| usize::try_from(at.saturating_sub(span.start)).unwrap_or(usize::MAX);
        let end = place(range.end.saturating_add(AROUND)).min(bytes.len());
        let start = place(range.start.saturating_sub(AROUND)).min(end);
        tells_time(&bytes[start..end])
    };
    let (a, b) = ranges(difference);
    tells(modules.0, a) && tells(modules.1, b)
}
