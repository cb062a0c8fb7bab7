//! A campaign: many cases on all processors, progress, and for a disagreement everything needed to
//! understand it.
//!
//! `check` judges a case, `shrink` makes it small. The case is a function of generator, seed and
//! number, which the report names.

use super::{Disagreement, Tally, check, shrink};
use crate::attach::Plant;
use crate::generate::{Case, Generator};
use crate::run::State;
use prova_bytecode::{Candidate, Handler, text};
use prova_module::{ExternKind, Features, Limits, Module};
use prova_runtime::Settings;
use prova_translate::Translator;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The options of a campaign.
#[derive(Clone, Debug)]
pub struct Options {
    /// The generator of the cases.
    pub generator: Generator,
    /// Functions in all, at least; the last case is run whole.
    pub count: u64,
    /// The seed of the campaign.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// Functions of a module, where the generator can choose.
    pub funcs: usize,
    /// Ends the campaign early, however many functions were run.
    pub time: Option<Duration>,
    /// A fault to be planted in every translation.
    pub plant: Option<Plant>,
}

/// The result of a campaign.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Cases run.
    pub cases: u64,
    /// Their tallies together.
    pub tally: Tally,
    /// The report of the first disagreement.
    pub disagreement: Option<String>,
}

/// Runs cases until enough functions were run, or one disagrees.
pub fn campaign(options: &Options) -> Totals {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let totals = Mutex::new(Totals::default());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let case = options.generator.case(options.seed, index, options.funcs);
                    let result = check(&case, index, options.plant);
                    let report =
                        result.as_ref().err().map(|found| report(options, index, &case, found));
                    let Ok(mut totals) = totals.lock() else { return };
                    totals.cases += 1;
                    if let Ok(tally) = result {
                        totals.tally.add(tally);
                    } else if totals.disagreement.is_none() {
                        totals.disagreement = report;
                    }
                    let late = options.time.is_some_and(|time| start.elapsed() >= time);
                    if late || totals.disagreement.is_some() || totals.tally.funcs >= options.count
                    {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    totals.into_inner().unwrap_or_default()
}

fn report(options: &Options, index: u64, case: &Case, found: &Disagreement) -> String {
    let Options { generator, seed, funcs, plant, .. } = options;
    let same = |case: &Case| {
        check(case, index, *plant)
            .is_err_and(|other| other.setup.is_some() == found.setup.is_some())
    };
    let small = shrink(case, &same);
    let now = check(&small, index, *plant).err().unwrap_or_else(|| found.clone());
    format!(
        "disagreement: {generator:?} --seed {seed}, case {index} of {funcs} functions\nbefore shrinking: {}\n{}",
        found.what,
        describe(&small, &now)
    )
}

/// A disagreement with its module, its calls and the bytecode of what is called.
pub fn describe(case: &Case, found: &Disagreement) -> String {
    let mut text = String::new();
    let setup = found.setup.map_or("no run".to_owned(), |setup| setup.to_string());
    // Writing to a string does not fail.
    let _ = writeln!(text, "{setup}: {}", found.what);
    text.push_str(&shown(case));
    let settings = found.setup.map_or(found.settings, |setup| setup.settings);
    let _ = writeln!(text, "{}", bytecode(case, settings));
    text
}

/// The calls of a case, and its module.
pub fn shown(case: &Case) -> String {
    let mut text = String::new();
    for call in &case.calls {
        let _ = writeln!(text, "call {} {:x?}", call.export, call.args);
    }
    match wasmprinter::print_bytes(&case.wasm) {
        Ok(wat) => text.push_str(&short(&wat)),
        Err(error) => _ = writeln!(text, "(no text: {error})"),
    }
    text
}

/// A module's text without its lists of types and exports and without functions that were emptied.
fn short(wat: &str) -> String {
    let lines: Vec<&str> = wat.lines().collect();
    let mut kept = String::new();
    let mut i = 0;
    while i < lines.len() {
        let emptied = lines[i].starts_with("  (func")
            && lines.get(i + 1).is_some_and(|line| line.trim() == "unreachable")
            && lines.get(i + 2).is_some_and(|line| line.trim() == ")");
        if emptied {
            i += 3;
            continue;
        }
        if !["  (type", "  (export"].iter().any(|list| lines[i].starts_with(list)) {
            kept.push_str(lines[i]);
            kept.push('\n');
        }
        i += 1;
    }
    kept
}

/// The bytecode of the functions that are called, in these settings.
fn bytecode(case: &Case, settings: Settings) -> String {
    let mut listing = String::new();
    let Ok(module) = Module::decode(&*case.wasm, &Features::default(), &Limits::default()) else {
        return listing;
    };
    let called = |name: &str| case.calls.iter().any(|call| call.export == name);
    for export in module.exports() {
        if export.kind != ExternKind::Func || !called(&export.name) {
            continue;
        }
        let Some(func) = export.func() else { continue };
        let _ = writeln!(listing, "{func} ({}):", export.name);
        match Translator::new().translate(&module, func, &settings) {
            Ok(candidate) => {
                let code = text::display(&candidate.words).with_map(&candidate.map);
                let _ = write!(listing, "{}{code}", handlers(&candidate));
            }
            Err(error) => _ = writeln!(listing, "{error}"),
        }
    }
    listing
}

/// The handlers of a candidate, a line each: the words of the range, what is caught, where it goes.
pub fn handlers(candidate: &Candidate) -> String {
    let mut lines = String::new();
    for Handler { start, end, tag, with_ref, target, slot } in &candidate.handlers {
        let tag = tag.map_or("all".to_owned(), |tag| tag.to_string());
        let with_ref = if *with_ref { " with its reference" } else { "" };
        let to = match *target {
            Handler::RETURN => "return".to_owned(),
            word => format!("@{word}, values at s{slot}"),
        };
        let _ = writeln!(lines, "@{start} to @{end}: {tag}{with_ref} -> {to}");
    }
    lines
}

/// Two states that differ, in a few words.
pub(super) fn state(expected: &State, actual: &State) -> String {
    match (expected, actual) {
        (State::Memory(a), State::Memory(b)) if a.len() == b.len() => {
            let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or_default();
            let near = |bytes: &[u8]| format!("{:02x?}", &bytes[at..bytes.len().min(at + 16)]);
            format!(
                "memory from address {at} on {} in the reference tier, but {}",
                near(a),
                near(b)
            )
        }
        (State::Memory(a), State::Memory(b)) => {
            format!("memory of {} bytes in the reference tier, but {}", a.len(), b.len())
        }
        (a, b) => format!("{a:x?} in the reference tier, but {b:x?}"),
    }
}
