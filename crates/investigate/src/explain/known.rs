//! A cause → what to do about it, and faults of compilers that are known.
//!
//! The table has only faults that were seen here, with both outputs at hand; it is data, to be
//! added to as faults are found.

use super::{LogsSay, PassFound, Stage};
use prova_builds::repro::blame::Leak;
use prova_diff::{Kind, Verdict};
use serde::Serialize;

/// A fault of a compiler that makes its output depend on chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A part of the pass's name.
    pub pass: &'static str,
    /// The fault, in words.
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

/// Advice on a cause, a sentence each: by its stage, and by the kind of difference; with the kind
/// of the first thing that differs, if that is no code.
pub(super) fn advice(
    (verdict, kind): (Verdict, Option<Kind>),
    stage: Stage,
    passes: &[PassFound],
    leaks: &[Leak],
    logs: &LogsSay,
) -> Vec<String> {
    let mut advice = Vec::new();
    match stage {
        Stage::Source => advice.extend(of_source(verdict, leaks)),
        Stage::Pass => advice.extend(of_pass(passes)),
        // The caller has the advice of the symbols found.
        Stage::Symbols => {}
        Stage::Link => advice.push(of_link(verdict, logs).to_owned()),
        Stage::Unknown => {
            let other = kind.filter(|_| verdict == Verdict::Changed).and_then(of_other);
            advice.push(other.unwrap_or(of_unknown(verdict, passes, logs)).to_owned());
        }
    }
    advice.extend(leaks.iter().map(cure));
    advice
}

/// Advice where only the name of the output file differs.
pub(super) const OF_NAME: &str =
    "give both outputs one file name (linkers write it into the section of names), or strip names";

/// Advice where one side has no name at all.
pub(super) const OF_NO_NAME: &str =
    "one side alone has names: strip both (`wasm-tools strip`, `-Wl,--strip-all`), or neither";

/// Advice where functions have other names that are no hashes.
pub(super) const OF_NAMES: &str = "look at the names of functions in both sources, and at what generates them; or strip names (`wasm-tools strip`)";

/// Advice where the date or time of a build changes the order of strings.
pub(super) fn of_dates() -> Vec<String> {
    of_source(Verdict::Timestamp, &[]).into_iter().collect()
}

/// Advice on a cause in the source, or in the compiler's input that is made of it.
fn of_source(verdict: Verdict, leaks: &[Leak]) -> Option<String> {
    let text = match verdict {
        Verdict::Path => {
            "map the path away: rustc `--remap-path-prefix OLD=NEW`, clang `-ffile-prefix-map=OLD=NEW`"
        }
        Verdict::Timestamp => {
            "if it is the time of the build, give the build a fixed one: `SOURCE_DATE_EPOCH`, `-D__DATE__=…`, or leave it out; otherwise a time in the program changed, which is an edit"
        }
        Verdict::Text | Verdict::Url => {
            "look for what writes this text into the program: a version, a host or user name, a generated file"
        }
        Verdict::Producers => {
            "build with one version of the compiler, or strip the section `producers`"
        }
        // Of a crate that is named, the cure is.
        _ if !leaks.is_empty() => return None,
        Verdict::RandomLooking => {
            "look for a seed, a time or an identifier that is made while the program is built; with the package's manifest (`--manifest-path`) the crates are searched"
        }
        Verdict::LayoutOnly
        | Verdict::Changed
        | Verdict::Identical
        | Verdict::Renumbered
        | Verdict::Moved
        | Verdict::AssumedMoved => {
            "the compiler was given different programs: compare the sources of both builds first, then look at macros, flags, build scripts, `env!`, `include!`, generated files"
        }
    };
    Some(text.into())
}

/// A pass that made different code of equal programs.
fn of_pass(passes: &[PassFound]) -> Vec<String> {
    let mut faults: Vec<Fault> = passes.iter().filter_map(|found| found.known).collect();
    faults.dedup();
    let mut advice: Vec<String> = faults
        .into_iter()
        .map(|Fault { fault, fixed, .. }| {
            format!("a known fault: the pass {fault}; use a compiler with {fixed} or later")
        })
        .collect();
    if advice.is_empty() {
        advice.push("the pass made two results of one program: make sure that both compilers and their flags are the same, then report it to the compiler's makers with both dumps (`prova passes show`); `setarch -R` shows whether addresses decide".into());
    }
    advice
}

/// The linker, or a tool behind it.
fn of_link(verdict: Verdict, logs: &LogsSay) -> &'static str {
    match (verdict, logs) {
        (Verdict::LayoutOnly | Verdict::Changed, LogsSay::Equal) => {
            "the compiler made the same code: compare what follows it, the linker and tools such as `wasm-opt`, their versions and flags"
        }
        _ => {
            "give the linker its inputs in a fixed order: sort what a listing of a directory, a glob or parallel jobs hand it"
        }
    }
}

/// Advice on a change of something that is no code.
fn of_other(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Data => {
            "look at constants, tables and initial values in the source, and at what generates them; where both builds have one source, compare the objects (`prova diff` of them) to find the one that differs first; `prova xref` shows who uses an address"
        }
        Kind::Table => {
            "look at pointers to functions, vtables and `dyn` types in the source: the order of a table follows the order in which their addresses are taken, and that of the linker's inputs"
        }
        Kind::Type => {
            "look at the class, record or array in the source that the type was made of, and at the compiler's version: the functions that follow from it name its fields by number"
        }
        Kind::Import | Kind::Export | Kind::Start | Kind::Tag => {
            "look at what the source declares for the host, and at the linker's flags (`--export`, `--allow-undefined`)"
        }
        Kind::Global | Kind::Memory => {
            "compare the linker's flags (`-z stack-size`, `--initial-memory`, `--global-base`) and its version"
        }
        Kind::Custom => {
            "compare the flags that write such sections (`-g`, `--strip-debug`, features), and the tools behind the linker; `wasm-tools strip` or `llvm-strip` removes what no program reads"
        }
        Kind::Function | Kind::Encoding => return None,
    })
}

fn of_unknown(verdict: Verdict, passes: &[PassFound], logs: &LogsSay) -> &'static str {
    match (verdict, logs) {
        _ if !passes.is_empty() => {
            "names alone are no cause: record the passes of the builds that these modules come from, of the whole build, and compare the linkers"
        }
        (Verdict::LayoutOnly | Verdict::Changed, LogsSay::Nothing) => {
            "record the passes of both builds (`prova passes record`, or `prova repro explain`) to learn which one it was"
        }
        (Verdict::LayoutOnly | Verdict::Changed, _) => {
            "record the passes of the whole build: the logs have these functions under other names, inlined, or not at all"
        }
        (Verdict::AssumedMoved, _) => {
            "look at the source: tables of functions, pointers, numbers that were edited; then compare the inputs of both linkers (`prova diff` of the objects)"
        }
        _ => {
            "compare the inputs of both linkers: `prova diff` of the objects shows which one differs first"
        }
    }
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
