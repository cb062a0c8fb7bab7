//! Two modules, and where there are any the pass logs and the dependency graph of their builds →
//! one cause for each cluster of differences: where it shows, the stage of the build that it comes
//! from, what to do.
//!
//! ```text
//! A, B ─ diff ─► clusters ─┬─ functions ─ passes::compare (logs) ─► the pass, the dump, the line
//!                          └─ bytes of data ─ xref ─► who uses them;  blame (cargo metadata) ─► the feature that let chance in
//! ```
//!
//! This module only joins the findings of [`diff`](mod@prova_diff), [`xref`](mod@prova_xref),
//! [`passes`] and [`repro`](prova_builds::repro). [`live`] makes the inputs from a build command;
//! [`known`] has advice and known faults of compilers.
//!
//! 1. The verdicts are those of `diff`; nothing here makes one milder.
//! 2. A pass is named only for a function that differs in the modules and in the logs, by the same
//!    name.
//! 3. A stage is a conclusion, and says from what: without logs no pass is named, and without a
//!    dependency graph no feature.
//! 4. The linker is blamed for another order only where the compiler's symbols do not decide it
//!    (`symbols`).
//! 5. The pass is the one of the first difference in *structure*: a name that differs earlier
//!    changes nothing. No pass is blamed where the program that the first one was given differs
//!    already.
//!
//! Limit: functions are paired with those of the logs by their names, so a function that was
//! inlined everywhere is not found. `tests/explain.rs` has the three cases with their answers.

pub mod known;
pub mod live;

mod apart;
mod report;
mod symbols;

use anyhow::{Context, Result};
use apart::{Apart, told_apart};
use prova_builds::names::{demangle, printable, printable_line};
use prova_builds::passes::{self, Comparison, Fate, LineDifference, Log};
use prova_builds::repro::blame::{self, Leak};
use prova_diff::{
    Cluster, DiffOptions, Difference, HASHES, Kind, OWN_NAME, RENAMED, Report, Verdict, diff,
};
use prova_module::Module;
use prova_xref::xref;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use symbols::Symbols;

/// Maximum number of functions and pieces of data of a cluster that are looked up.
pub const MEMBERS_MAX: usize = 8;

/// Maximum number of characters printed of the line in which the compiler's input differs.
const GIVEN_CHARS_MAX: usize = 120;

/// The inputs of an explanation besides the two modules.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Names of the two modules in the report.
    pub names: (String, String),
    /// Logs of both compilers' passes, plain or gzip.
    pub logs: Option<(PathBuf, PathBuf)>,
    /// Output of `cargo metadata --format-version 1`.
    pub metadata: Option<String>,
}

/// Why two modules differ.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// One for each cluster of the report, in its order.
    pub causes: Vec<Cause>,
    /// The facts that could not be found out, and the differences that are left over.
    pub notes: Vec<String>,
    /// The comparison.
    pub diff: Report,
}

/// The cause of a cluster.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    /// The verdict on its differences together.
    pub verdict: Verdict,
    /// The cause, in a line, as `diff` has it.
    pub cause: String,
    /// Where in the build it comes from.
    pub stage: Stage,
    /// Why that stage.
    pub because: String,
    /// The things that differ: the causes first, at most [`MEMBERS_MAX`].
    pub members: Vec<Member>,
    /// How many differences there are.
    pub differences: usize,
    /// Passes after which its functions first differ.
    pub passes: Vec<PassFound>,
    /// Crates that bring chance or the clock in, as text.
    pub features: Vec<String>,
    /// Advice, a sentence each.
    pub advice: Vec<String>,
    /// The properties that its differences have in common, and the tool that seems to have seen one
    /// side alone.
    pub notes: Vec<String>,
}

/// The part of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Before the compiler's passes: the source with its macros, build scripts, paths and features.
    Source,
    /// The compiler's choice of symbols, by which it orders functions.
    Symbols,
    /// A pass of the compiler.
    Pass,
    /// After the passes: the linker, or a tool behind it.
    Link,
    /// The inputs do not show it.
    Unknown,
}

/// A thing that differs.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The difference, in a line.
    pub summary: String,
    /// Why its verdict is what it is.
    pub evidence: Vec<String>,
    /// Who uses the bytes, for data.
    pub users: Vec<User>,
}

/// A function that uses bytes that differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its name.
    pub function: String,
    /// How it uses the bytes of A.
    pub a: Uses,
    /// How it uses those of B, at their own address.
    pub b: Uses,
}

/// How often a function uses a range of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Uses {
    /// How many reads it has.
    pub reads: usize,
    /// How many writes.
    pub writes: usize,
    /// How often the address itself is used as a value.
    pub escapes: usize,
}

/// A line of a log by its number, from 1; `None` where the dump has ended.
pub type LogLine = Option<(u64, String)>;

/// The pass after which a function first differs.
#[derive(Clone, Debug, Serialize)]
pub struct PassFound {
    /// The function.
    pub function: String,
    /// The pass.
    pub pass: String,
    /// The number of its dump in both logs, from 0.
    pub dumps: (u64, u64),
    /// The first line that differs, in both logs: its number and text.
    pub lines: (LogLine, LogLine),
    /// The pass from which on both are equal again; `None` if the difference stays.
    pub healed: Option<String>,
    /// The structure differs, not only names.
    pub structural: bool,
    /// It differs in its first dump already, so before the pass.
    pub before: bool,
    /// A known fault of this pass.
    pub known: Option<known::Fault>,
}

/// Explains why two modules differ.
///
/// # Errors
/// If a log cannot be read, or the metadata are not Cargo's.
pub fn explain(a: &Module, b: &Module, sources: &Sources) -> Result<Explanation> {
    let options = DiffOptions { names: sources.names.clone(), ..DiffOptions::default() };
    let report = diff(a, b, &options);
    let mut notes = Vec::new();
    let logs = sources.logs.as_ref().filter(|_| !report.equal);
    let mut logs = logs.map(|(a, b)| Logs::open(a, b)).transpose()?;
    let leaks = match &sources.metadata {
        Some(metadata) => {
            Some(blame::blame(metadata).context("failed to read the dependency graph")?)
        }
        None => None,
    };
    let numbered = |cluster: &Cluster| is_numbered(cluster.verdict);
    let symbols = report.clusters.iter().any(numbered).then(|| symbols::found(a, b)).flatten();
    let found = Found { leaks: leaks.as_deref(), symbols: symbols.as_ref() };
    let mut causes = Vec::new();
    for cluster in &report.clusters {
        causes.push(cause((a, b), &report, cluster, logs.as_mut(), found)?);
    }
    if let Some(logs) = &logs {
        notes.extend(logs.left_over(&report));
    }
    let random = causes.iter().any(|cause| !cause.features.is_empty());
    let unseen = leaks.iter().flatten().filter(|_| !random);
    notes.extend(
        unseen.map(|leak| {
            format!("{} {}, but no difference looks like that", leak.source, leak.does)
        }),
    );
    Ok(Explanation { causes, notes, diff: report })
}

/// Findings on both builds as a whole.
#[derive(Clone, Copy)]
struct Found<'f> {
    leaks: Option<&'f [Leak]>,
    symbols: Option<&'f Symbols>,
}

/// Whether other hashes in symbols are the cause of a cluster: of its order, or of its names.
fn is_of_symbols(cluster: &Cluster, symbols: &Symbols) -> bool {
    is_numbered(cluster.verdict)
        && (symbols.decide() || [HASHES, RENAMED].contains(&cluster.cause.as_str()))
}

/// Whether a verdict is about the order of things alone.
fn is_numbered(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Renumbered | Verdict::Moved)
}

fn cause(
    modules: (&Module, &Module),
    report: &Report,
    cluster: &Cluster,
    logs: Option<&mut Logs>,
    found: Found<'_>,
) -> Result<Cause> {
    let of = |i: &usize| &report.differences[*i];
    let leading = cluster.differences.iter().take(cluster.causes.max(1)).map(of);
    let members: Vec<Member> =
        leading.take(MEMBERS_MAX).map(|difference| member(modules, difference)).collect();
    let functions = cluster.differences.iter().map(of).filter(|one| one.kind == Kind::Function);
    let code: Vec<&Difference> =
        functions.filter(|one| one.verdict.is_of_code()).take(MEMBERS_MAX).collect();
    let mut passes = Vec::new();
    let mut seen = LogsSay::Nothing;
    if let Some(logs) = logs {
        seen = match logs.comparison.equal() && !logs.comparison.partial() {
            true => LogsSay::Equal,
            false => LogsSay::Differ(logs.given.clone()),
        };
        for function in &code {
            passes.extend(logs.find(&function.name)?);
        }
    }
    let drawn =
        cluster.verdict == Verdict::RandomLooking || passes.iter().any(|found| found.before);
    let leaks = found.leaks.filter(|_| drawn).unwrap_or_default();
    let (mut stage, mut because) = stage(cluster.verdict, &passes, &seen, !code.is_empty(), leaks);
    let told = match (stage, cluster.verdict) {
        (Stage::Unknown, Verdict::Changed) => told_apart(modules, report, cluster, &seen),
        _ => None,
    };
    let dated = matches!(told, Some(Apart::Dated));
    if let Some(told) = &told {
        (stage, because) = (told.stage(), told.words().to_owned());
    }
    let kind = if code.is_empty() { members.first().map(|member| member.kind) } else { None };
    let mut advice = known::advice((cluster.verdict, kind), stage, &passes, leaks, &seen);
    if dated {
        advice = known::of_dates();
    }
    let symbols = found.symbols.filter(|symbols| is_of_symbols(cluster, symbols));
    if let (Stage::Link, Some(symbols)) = (stage, symbols) {
        (stage, because, advice) = (Stage::Symbols, symbols.because(), symbols.advice());
    } else if cluster.cause == RENAMED && stage == Stage::Link {
        (stage, because) = (Stage::Source, "the code is equal, and no linker renames it".into());
        advice = vec![known::OF_NAMES.into()];
    }
    if cluster.cause == OWN_NAME {
        let stripped = members.iter().any(|member| {
            [": none → ", " → none ("].iter().any(|none| member.summary.contains(none))
        });
        advice = vec![if stripped { known::OF_NO_NAME } else { known::OF_NAME }.into()];
    }
    Ok(Cause {
        verdict: cluster.verdict,
        cause: cluster.cause.clone(),
        stage,
        because,
        members,
        differences: cluster.differences.len(),
        passes,
        features: leaks.iter().map(|leak| blame::text(std::slice::from_ref(leak))).collect(),
        advice,
        notes: cluster.notes.clone(),
    })
}

/// The comparison of the logs of both compilers, if there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
enum LogsSay {
    /// There are none.
    Nothing,
    /// All dumps are equal.
    Equal,
    /// They differ; where the first pass was given different programs already, if it was.
    Differ(Option<String>),
}

fn stage(
    verdict: Verdict,
    found: &[PassFound],
    logs: &LogsSay,
    code: bool,
    leaks: &[Leak],
) -> (Stage, String) {
    let first = found
        .iter()
        .filter(|found| found.structural)
        .min_by_key(|found| found.dumps.0)
        .or(found.first());
    match (verdict, first) {
        (Verdict::Path, _) => {
            (Stage::Source, "a path of the building machine is in the text of the program".into())
        }
        (text, None) if text.is_of_text() => {
            (Stage::Source, "no pass of a compiler writes text: the source or the build did".into())
        }
        (Verdict::RandomLooking, _) if leaks.is_empty() => (
            Stage::Source,
            "no pass of a compiler draws such bytes: a macro, a build script or the source did"
                .into(),
        ),
        (Verdict::RandomLooking, _) => (
            Stage::Source,
            "no pass of a compiler draws such bytes, and a crate that does is part of the build"
                .into(),
        ),
        (_, Some(found)) if found.before => {
            (Stage::Source, "its first dumps differ already, before any pass".into())
        }
        (_, Some(found)) => match (logs, found.structural) {
            (LogsSay::Differ(Some(given)), _) => given_differently(given),
            (_, true) => {
                (Stage::Pass, format!("the first dump that differs is that after {}", found.pass))
            }
            (_, false) => (
                Stage::Unknown,
                format!("the dumps differ in names alone, first after {}", found.pass),
            ),
        },
        (Verdict::LayoutOnly | Verdict::Changed, None) if code => match logs {
            LogsSay::Equal => {
                (Stage::Link, "the code differs, but the logs of all passes are equal".into())
            }
            LogsSay::Differ(Some(given)) => given_differently(given),
            LogsSay::Differ(None) => {
                (Stage::Unknown, "its functions are not among those that differ in the logs".into())
            }
            LogsSay::Nothing => {
                (Stage::Unknown, "without logs of the passes the stage is not told".into())
            }
        },
        (Verdict::Renumbered | Verdict::Moved, None) => (
            Stage::Link,
            "indices and addresses are given by the linker; nothing else differs here".into(),
        ),
        (Verdict::AssumedMoved, None) => (
            Stage::Unknown,
            "a linker gives such numbers, and so does an edit: nothing shows what they are".into(),
        ),
        _ => {
            (Stage::Unknown, "no function of it has other code, and logs tell of code alone".into())
        }
    }
}

fn given_differently(place: &str) -> (Stage, String) {
    let what = "the compiler was given different programs: dump 0 differs already in";
    (Stage::Source, format!("{what} {place}"))
}

fn member(modules: (&Module, &Module), difference: &Difference) -> Member {
    let mut users: BTreeMap<String, User> = BTreeMap::new();
    let (range_a, range_b) = ranges(difference);
    for (module, range, side) in [(modules.0, range_a, 0), (modules.1, range_b, 1)] {
        let Some(range) = range else { continue };
        let found = xref(module, range);
        for (list, which) in [(&found.reads, 0), (&found.writes, 1), (&found.escapes, 2)] {
            for one in list {
                let user = users.entry(one.name.clone()).or_insert_with(|| User {
                    function: one.name.clone(),
                    a: Uses::default(),
                    b: Uses::default(),
                });
                let uses = if side == 0 { &mut user.a } else { &mut user.b };
                *[&mut uses.reads, &mut uses.writes, &mut uses.escapes][which] += 1;
            }
        }
    }
    Member {
        kind: difference.kind,
        name: difference.name.clone(),
        summary: difference.summary.clone(),
        // `users` says it.
        evidence: difference
            .evidence
            .iter()
            .filter(|line| !line.starts_with("used by code"))
            .cloned()
            .collect(),
        users: users.into_values().collect(),
    }
}

/// The addresses of the bytes that differ, on each side that has them in memory. The lengths are
/// those of the summary: the longer one is the number of places.
fn ranges(difference: &Difference) -> (Option<Range<u64>>, Option<Range<u64>>) {
    // Data at an offset (of a passive segment) is in no memory until code puts it there.
    if difference.kind != Kind::Data || !difference.summary.contains("at address ") {
        return (None, None);
    }
    let longer = difference.sites.max(1);
    let number_after = |words: &str| {
        let rest = difference.summary.split_once(words)?.1;
        rest.split(' ').next()?.parse::<u64>().ok()
    };
    let less = |by: Option<u64>| by.map(|by| longer.saturating_sub(by));
    let len_b = number_after(" bytes became ").or(less(number_after(" shrank by ")));
    let len_a = match (number_after(" bytes became "), number_after(" grew by ")) {
        (Some(_), _) => {
            difference.summary.split(' ').next().and_then(|count| count.parse::<u64>().ok())
        }
        (None, by) => less(by),
    };
    let range = |start: Option<u64>, len: Option<u64>| {
        let (start, len) = (start?, len.unwrap_or(longer));
        (len > 0).then(|| start..start.saturating_add(len))
    };
    (range(difference.a, len_a), range(difference.b, len_b))
}

/// Two logs and what they have not in common.
struct Logs {
    a: Log,
    b: Log,
    comparison: Comparison,
    /// Where the first dump of each differing function of A begins, if the first pass of the log
    /// made it.
    first: HashMap<u64, passes::Place>,
    /// Where the program that the first pass was given differs, if it does.
    given: Option<String>,
}

impl Logs {
    fn open(a: &std::path::Path, b: &std::path::Path) -> Result<Logs> {
        let (mut a, mut b) = (Log::open(a)?, Log::open(b)?);
        let comparison = passes::compare(&mut a, &mut b)?;
        let first = first_parts(a.path(), &comparison)?;
        let mut logs = Logs { a, b, comparison, first, given: None };
        logs.given = logs.given_differently()?;
        Ok(logs)
    }

    /// Whether a difference is there in the first dump of its function, made after the first pass
    /// of all. A function that a pass has made, out of parts of others, begins later.
    fn before(&self, divergence: &passes::Divergence) -> bool {
        self.first.get(&divergence.a.function) == Some(&divergence.a.place)
    }

    /// The function, or the line of the module, in which the program differs that the first pass
    /// was given. Where only names, paths and debug information differ, nothing is said.
    fn given_differently(&mut self) -> Result<Option<String>> {
        let mut module = None;
        for one in &self.comparison.differences {
            let Some(divergence) = &one.structural else { continue };
            if !self.before(divergence) {
                continue;
            }
            if one.function != passes::MODULE {
                return Ok(Some(format!("function {}", shown(&one.function))));
            }
            module = Some(divergence.clone());
        }
        let Some(divergence) = module else { return Ok(None) };
        let lines = |body: passes::Body| -> Vec<String> {
            let about = ["!", ";", "source_filename", "attributes ", "declare "];
            let of_program = |line: &String| !about.iter().any(|start| line.starts_with(start));
            body.lines.into_iter().map(|(_, line)| line).filter(of_program).collect()
        };
        let body_a = lines(passes::body(&mut self.a, &divergence.a)?);
        let body_b = lines(passes::body(&mut self.b, &divergence.b)?);
        let differs = body_a.iter().zip(&body_b).find(|(a, b)| a != b).map(|(a, _)| a);
        let line = differs.or_else(|| {
            let shorter = body_a.len().min(body_b.len());
            body_a.get(shorter).or(body_b.get(shorter))
        });
        Ok(line.map(|line| {
            let line: String = line.chars().take(GIVEN_CHARS_MAX).collect();
            format!("the module: `{}`", printable_line(&line))
        }))
    }

    /// The pass of a function of this printed name.
    fn find(&mut self, function: &str) -> Result<Option<PassFound>> {
        let same = |one: &&passes::Difference| shown(&one.function) == function;
        let Some(difference) = self.comparison.differences.iter().find(same) else {
            return Ok(None);
        };
        let Some(divergence) = difference.main() else { return Ok(None) };
        let structural = difference.structural.is_some();
        let body_a = passes::body(&mut self.a, &divergence.a)?;
        let body_b = passes::body(&mut self.b, &divergence.b)?;
        let line = match structural {
            true => passes::first_structural_line(&body_a, &body_b),
            false => None,
        };
        // Where blocks stand in another order, both lines of that place may read the same.
        let told = |line: &LineDifference| {
            let text = |line: &Option<(u64, String)>| line.clone().map(|(_, text)| text);
            text(&line.a) != text(&line.b)
        };
        let line = line.filter(told).or_else(|| passes::first_line(&body_a, &body_b));
        let LineDifference { a, b } = line.unwrap_or(LineDifference { a: None, b: None });
        let pass = printable_line(&divergence.pass);
        let before = structural && self.before(divergence);
        Ok(Some(PassFound {
            structural,
            before,
            function: function.to_owned(),
            known: known::fault(&pass).filter(|_| !before),
            pass,
            dumps: (divergence.a.place.dump, divergence.b.place.dump),
            lines: (a.map(text_line), b.map(text_line)),
            healed: match &difference.fate {
                Fate::Healed(pass) => Some(printable_line(pass)),
                Fate::Stays | Fate::StaysInText | Fate::Unknown => None,
            },
        }))
    }

    /// Functions that differ in the logs and not in the modules.
    fn left_over(&self, report: &Report) -> Option<String> {
        let in_report = |name: &str| {
            report.differences.iter().any(|one| one.kind == Kind::Function && one.name == name)
        };
        let left: Vec<String> = self
            .comparison
            .differences
            .iter()
            .map(|one| shown(&one.function))
            .filter(|name| !in_report(name))
            .collect();
        let named: Vec<String> =
            left.iter().take(MEMBERS_MAX).map(|name| format!("`{name}`")).collect();
        (!left.is_empty()).then(|| {
            let more = if left.len() > named.len() { ", …" } else { "" };
            format!("{} more functions differ in the logs and not in the modules (healed, inlined or left out): {}{more}", left.len(), named.join(", "))
        })
    }
}

/// The first parts of the functions that differ, of those whose first part is of the log's first
/// pass. Reads the log once, to the last of them.
fn first_parts(
    log: &std::path::Path,
    comparison: &Comparison,
) -> Result<HashMap<u64, passes::Place>> {
    let divergences = comparison.differences.iter().filter_map(|one| one.structural.as_ref());
    let mut wanted: HashSet<u64> = divergences.map(|one| one.a.function).collect();
    let (mut first_pass, mut found) = (None, HashMap::new());
    passes::record(&mut Log::open(log)?, &mut |part| {
        let first = *first_pass.get_or_insert(part.pass);
        if wanted.remove(&part.function) && part.pass == first {
            found.insert(part.function, part.place);
        }
        match wanted.is_empty() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    Ok(found)
}

fn shown(symbol: &str) -> String {
    printable(&demangle(symbol))
}

fn text_line((number, text): (u64, String)) -> (u64, String) {
    (number, printable_line(text.trim()))
}
