//! Each campaign → what it prints, and its exit code.
//!
//! Exit codes: 0 if nothing was found, 1 if something was, 2 if the campaign could not be run.

use prova_testing::accept::{self, native_table, proof};
use prova_testing::agree::{
    differential, enumerate, fuel, irreducible, judge, native, outside, ssa, trips,
};
use prova_testing::bounds::bad_input::mutate::Mutants;
use prova_testing::bounds::bad_input::supervise;
use prova_testing::bounds::{artifacts, cached, torture};
use prova_testing::campaign::{Options, Totals};
use prova_testing::generate::Generator;
use prova_testing::refuse::{Edits, mutations, second};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

pub(super) fn proof(options: &Options) -> ExitCode {
    let start = Instant::now();
    let totals = proof::campaign(options);
    println!(
        "{} functions in {} modules proved, {} words, {} handlers, {} modules refused as unsupported; {:.1} s",
        totals.tally.funcs,
        totals.cases,
        totals.tally.words,
        totals.tally.handlers,
        totals.tally.unsupported,
        start.elapsed().as_secs_f64()
    );
    found(totals.finding, "no refusal")
}

pub(super) fn enumerate(operators: usize, exceptions: bool, jobs: usize) -> ExitCode {
    let start = Instant::now();
    let options = enumerate::Options { operators, exceptions, jobs, plant: None };
    match enumerate::campaign(&options) {
        Ok(enumerate::Tally { bodies, returned, threw, endless }) => {
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{bodies} bodies; {returned} calls returned, {threw} threw, {endless} ran out of fuel; {seconds:.1} s"
            );
            found(None, "no difference")
        }
        Err(difference) => found(Some(difference), ""),
    }
}

pub(super) fn differential(options: &Options) -> ExitCode {
    let start = Instant::now();
    let totals = differential::campaign(options);
    let seconds = start.elapsed().as_secs_f64();
    let tally = totals.tally;
    println!(
        "{} functions in {} modules, {} refused as unsupported, {} not instantiated; {} runs; {seconds:.1} s",
        tally.funcs, totals.cases, tally.refused, tally.not_instantiated, tally.runs
    );
    println!(
        "calls in the reference tier: {} returned, {} trapped, of these {} out of fuel",
        tally.returned, tally.trapped, tally.out_of_fuel
    );
    found(totals.finding, "no disagreement")
}

pub(super) fn judge(count: u64, seed: u64, wasmtime: &std::path::Path) -> ExitCode {
    let version = match judge::version(wasmtime) {
        Ok(version) => version,
        Err(reason) => {
            println!("skipped: {reason}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    match judge::campaign(wasmtime, seed, count, None) {
        Ok(verdict) => {
            println!(
                "{version}: {} functions, {} calls returned, {} trapped, {} threw; {:.1} s",
                verdict.funcs,
                verdict.returned,
                verdict.trapped,
                verdict.thrown,
                start.elapsed().as_secs_f64()
            );
            found(verdict.difference, "all as the reference tier says")
        }
        Err(reason) => {
            println!("not run: {reason}");
            ExitCode::from(2)
        }
    }
}

pub(super) fn bad_input(
    write: Option<PathBuf>,
    worker: bool,
    (seed, first, count): (u64, u64, u64),
) -> ExitCode {
    match write {
        Some(path) => {
            let bytes = supervise::input(&mut Mutants::default(), seed, first);
            done(std::fs::write(path, bytes))
        }
        None if worker => done(supervise::worker(seed, first, count)),
        None => supervised("bad-input", seed, first, count),
    }
}

pub(super) fn entries(worker: bool, (seed, first, count): (u64, u64, u64)) -> ExitCode {
    match worker {
        true => done(cached::worker(seed, first, count)),
        false => supervised("cache", seed, first, count),
    }
}

pub(super) fn changed_artifacts(
    write: Option<PathBuf>,
    worker: bool,
    (seed, first, count): (u64, u64, u64),
) -> ExitCode {
    match write {
        Some(path) => {
            let bytes = artifacts::input(seed, first).map_err(std::io::Error::other);
            done(bytes.and_then(|bytes| std::fs::write(path, bytes)))
        }
        None if worker => done(artifacts::worker(seed, first, count)),
        None => supervised("artifacts", seed, first, count),
    }
}

fn supervised(command: &str, seed: u64, first: u64, count: u64) -> ExitCode {
    let start = Instant::now();
    let program = std::env::current_exe();
    match program.and_then(|program| supervise::campaign((&program, command), seed, first, count)) {
        Ok((findings, report)) => {
            println!("{count} inputs: {report}; {:.1} s", start.elapsed().as_secs_f64());
            let findings = (!findings.is_empty()).then(|| findings.join("\n"));
            found(findings, "every input was answered")
        }
        Err(error) => {
            println!("not run: {error}");
            ExitCode::from(2)
        }
    }
}

pub(super) fn native_cases(
    generator: Generator,
    seed: u64,
    cases: std::ops::Range<u64>,
    funcs: usize,
) -> ExitCode {
    use std::io::Write as _;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = |text: &str| writeln!(out, "{text}").map_err(|error| error.to_string());
    match outside::write(generator, seed, cases, funcs, &mut line) {
        Ok(tally) => {
            eprintln!("{} functions native", tally.native);
            for (reason, count) in &tally.declined {
                eprintln!("{count}\t{reason}");
            }
            ExitCode::SUCCESS
        }
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

pub(super) fn native_refusals(
    generator: Generator,
    seed: u64,
    cases: std::ops::Range<u64>,
    funcs: usize,
) -> ExitCode {
    match native_table::generated(generator, seed, cases, funcs) {
        Ok(row) => {
            println!("functions, native, caps, declined, refused: {}", row.counts());
            let findings = row.declined.iter().chain(&row.refused);
            findings.for_each(|finding| println!("  {finding}"));
            let bad = !row.declined.is_empty() || !row.refused.is_empty();
            found(bad.then(|| "functions are refused or declined".to_owned()), "none is refused")
        }
        Err(what) => {
            println!("not run: {what}");
            ExitCode::from(2)
        }
    }
}

pub(super) fn native_code(options: &Options, swaps: bool) -> ExitCode {
    match native::campaign(options, swaps) {
        Ok(tally) => {
            println!("{} looks, {} loops entered", tally.looks, tally.entered);
            println!("{} functions native; bytecode:", tally.native);
            tally.declined.iter().for_each(|(reason, count)| println!("  {count} {reason}"));
            found(None, "native code does what the reference tier does")
        }
        Err(difference) => found(Some(difference), ""),
    }
}

pub(super) fn fuel(generator: Generator, seed: u64, count: u64) -> ExitCode {
    let start = Instant::now();
    match fuel::campaign(generator, seed, count, fuel::prices) {
        Ok(counted) => {
            let fuel::Counted { funcs, calls, fuel } = counted;
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{funcs} functions, {calls} calls that returned, {fuel} units of fuel; {seconds:.1} s"
            );
            found(None, "both counters agree")
        }
        Err(difference) => found(Some(difference), ""),
    }
}

/// The name of each operator is printed before it runs: the last one is the culprit if the process
/// dies.
pub(super) fn torture(plant: bool) -> ExitCode {
    if plant {
        println!("a native recursion");
        return found(torture::on_a_small_stack(|| recurse(torture::ITERATIONS)).err(), "it fits");
    }
    let start = Instant::now();
    let mut count = 0;
    for setup in torture::setups() {
        match torture::run(setup, |name| println!("{setup}: {name}")) {
            Ok(snippets) => count += snippets,
            Err(finding) => return found(Some(finding), ""),
        }
    }
    println!("{count} loops; {:.1} s", start.elapsed().as_secs_f64());
    found(None, "the native stack never grew")
}

/// A native frame for each of `n`.
fn recurse(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + recurse(std::hint::black_box(n - 1)) }
}

/// The exit code of something that only has to work.
fn done(result: std::io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Prints what was found, or that nothing was.
pub(crate) fn found(finding: Option<String>, nothing: &str) -> ExitCode {
    match finding {
        None => {
            println!("{nothing}");
            ExitCode::SUCCESS
        }
        Some(report) => {
            println!("{report}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what a check said of edits, and what became of those that it accepted.
pub(super) fn edits(totals: Totals<Edits>, honest: &str) -> ExitCode {
    let Totals { tally: Edits { tried, refused, same, ran }, finding, .. } = totals;
    println!(
        "{tried} edits, {same} accepted with {honest}, {ran} with another one, which ran; refused:"
    );
    refused.iter().for_each(|(rule, count)| println!("  {rule} {count}"));
    found(finding, "what was accepted runs as the reference tier")
}

pub(super) fn ssa_irreducible(count: u64, seed: u64, jobs: usize) -> ExitCode {
    let totals = irreducible::campaign(count, seed, jobs);
    let irreducible::Tally { irreducible, refused, returned, trapped } = &totals.tally;
    println!(
        "{} graphs, {irreducible} of them irreducible; {} emissions not proved; calls: {returned} returned, {trapped} did not",
        totals.cases,
        refused.len()
    );
    for &index in refused {
        let what = irreducible::refusal(seed, index).ok().flatten();
        println!(
            "graph {index}: {}",
            what.as_deref().and_then(|what| what.lines().next()).unwrap_or("")
        );
    }
    found(totals.finding, "no refusal and no disagreement")
}

pub(super) fn ssa_trips(options: &Options) -> ExitCode {
    let start = Instant::now();
    let totals = trips::campaign(options);
    let trips::Tally { modules, funcs, refused, gone, returned, trapped } = &totals.tally;
    println!(
        "{funcs} functions in {modules} modules, each on two trips; {} emissions refused; {gone} functions gone; calls: {returned} returned, {trapped} did not; {:.1} s",
        refused.len(),
        start.elapsed().as_secs_f64()
    );
    for (case, what) in refused {
        println!("case {case}: {what}");
    }
    let found_first = refused.first().map(|(case, what)| format!("case {case}: {what}"));
    found(totals.finding.or(found_first), "no refusal and no disagreement")
}

pub(super) fn ssa_passes_of(generator: Generator, count: u64, seed: u64, funcs: usize) -> ExitCode {
    let mut proved = 0;
    for index in 0..count {
        match accept::bodies::prove(&generator.case(seed, index, funcs).wasm) {
            Ok(funcs) => proved += funcs,
            Err(what) => return found(Some(format!("module {index}: {what}")), ""),
        }
    }
    println!("{count} modules, {proved} functions with and without metering: all passes proved");
    ExitCode::SUCCESS
}

pub(super) fn ssa(options: &Options) -> ExitCode {
    let start = Instant::now();
    let totals = ssa::campaign(options);
    let ssa::Tally { modules, funcs, returned, trapped } = totals.tally;
    println!(
        "{funcs} functions in {modules} modules proved; calls in the reference tier: {returned} returned, {trapped} did not; {:.1} s",
        start.elapsed().as_secs_f64()
    );
    found(totals.finding, "no refusal and no disagreement")
}

pub(super) fn mutations(count: u64, seed: u64, files: Vec<PathBuf>) -> ExitCode {
    let options = mutations::Options { count, seed, files, ..mutations::Options::default() };
    let report = mutations::campaign(&options);
    println!("{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

pub(super) fn second((honest, edited): (u64, u64), seed: u64, files: Vec<PathBuf>) -> ExitCode {
    let first = second::checked as second::Opinion;
    let (time, most, plant) = (None, 20, None);
    let options = second::Options { honest, edited, seed, files, time, first, most, plant };
    let report = second::campaign(&options);
    println!("{report}");
    found((!report.disagreements.is_empty()).then(String::new), "both agree")
}
