//! The command line of the campaigns: a subcommand each → what it prints, and an exit code.
//!
//! Exit codes: 0 if nothing was found, 1 if something was, 2 if the campaign could not be run.

use clap::Subcommand;
use prova_testing::bad_input::mutate::Mutants;
use prova_testing::bad_input::supervise;
use prova_testing::differential::{self, Options};
use prova_testing::generate::Generator;
use prova_testing::second::compare;
use prova_testing::ssa::{campaign, emissions, irreducible, trips};
use prova_testing::{
    artifacts, cached, enumerate, fuel, judge, mutations, native, native_table, outside, proof,
    ssa_check, ssa_passes, torture,
};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// A campaign and its options.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Campaign {
    /// Every tier and metering mode against the reference tier, on generated functions.
    Differential {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many functions.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Threads; all processors if not given.
        #[arg(long)]
        jobs: Option<usize>,
        /// Functions of a module.
        #[arg(long, default_value_t = 60)]
        funcs: usize,
    },
    /// Generated functions, translated and proved, not run: none may be refused.
    Proof {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many functions.
        #[arg(long, default_value_t = 10_000_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Threads; all processors if not given.
        #[arg(long)]
        jobs: Option<usize>,
        /// Functions of a module.
        #[arg(long, default_value_t = 60)]
        funcs: usize,
    },
    /// Generated functions as SSA: each proved, and run beside the reference tier.
    Ssa {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many functions, at least.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// How many modules, at least.
        #[arg(long, default_value_t = 1)]
        modules: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Functions of a module.
        #[arg(long, default_value_t = 60)]
        funcs: usize,
    },
    /// Random edits of SSA bodies: each is refused by the check, or changes nothing but hints.
    SsaEdits {
        /// How many edits.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Random irreducible graphs: each is made reducible, emitted, proved, and runs as before.
    SsaIrreducible {
        /// How many graphs.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Threads; all processors if not given.
        #[arg(long)]
        jobs: Option<usize>,
    },
    /// Passes over generated functions: each is proved, or it is a finding.
    SsaPasses {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many modules.
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Functions of a module.
        #[arg(long, default_value_t = 60)]
        funcs: usize,
    },
    /// Random edits of what passes make and of their witnesses: each is refused by the check, or
    /// runs as before.
    SsaPassesEdits {
        /// How many edits.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Generated modules behind a trip through SSA, without passes and with all: each function is
    /// proved, and runs as before.
    SsaTrips {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many functions, at least.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// How many modules, at least.
        #[arg(long, default_value_t = 1)]
        modules: u64,
        /// The number of the first module.
        #[arg(long, default_value_t = 0)]
        first: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Functions of a module.
        #[arg(long, default_value_t = 60)]
        funcs: usize,
    },
    /// Random edits of what is emitted of SSA bodies: each is refused by the proof, or runs as
    /// before.
    SsaTripsEdits {
        /// How many edits.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// The number of the first module.
        #[arg(long, default_value_t = 0)]
        first: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// All bodies of up to some operators: proved, and every tier against the reference tier.
    Enumerate {
        /// The greatest number of operators, without the last `end`.
        #[arg(long, default_value_t = 8)]
        operators: usize,
        /// With `try_table` and `throw`.
        #[arg(long)]
        exceptions: bool,
        /// Threads; all processors if not given.
        #[arg(long)]
        jobs: Option<usize>,
    },
    /// Wasmtime's judgement of the reference tier, on generated functions.
    Judge {
        /// How many functions.
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The program.
        #[arg(long, default_value = "wasmtime")]
        wasmtime: PathBuf,
    },
    /// Random edits of translated code: each is refused by the check, or runs as before.
    Mutations {
        /// How many edits.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Modules whose functions are edited, besides generated ones.
        files: Vec<PathBuf>,
    },
    /// Compares a second, plain checker's opinion on generated and edited code with the check's.
    Second {
        /// How many honest functions.
        #[arg(long, default_value_t = 100_000)]
        honest: u64,
        /// How many edited functions.
        #[arg(long, default_value_t = 100_000)]
        edited: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Modules whose functions are edited, besides generated ones.
        files: Vec<PathBuf>,
    },
    /// Hostile modules: decoded, translated and checked or refused, in bounded time and memory.
    BadInput {
        /// How many inputs.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The number of the first input; the shapes made by hand come first.
        #[arg(long, default_value_t = 0)]
        first: u64,
        /// Writes the first input to this file instead of running anything.
        #[arg(long)]
        write: Option<PathBuf>,
        /// Runs in this process; for the campaign itself.
        #[arg(long, hide = true)]
        worker: bool,
    },
    /// Changed artifacts: refused, or confined, and right where compiling again says so.
    Artifacts {
        /// How many inputs.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The number of the first input.
        #[arg(long, default_value_t = 0)]
        first: u64,
        /// Writes the first input to this file instead of running anything.
        #[arg(long)]
        write: Option<PathBuf>,
        /// Runs in this process; for the campaign itself.
        #[arg(long, hide = true)]
        worker: bool,
    },
    /// Changed entries of the cache, with and without the right code of authentication.
    Cache {
        /// How many inputs.
        #[arg(long, default_value_t = 20_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The number of the first input.
        #[arg(long, default_value_t = 0)]
        first: u64,
        /// Runs in this process; for the campaign itself.
        #[arg(long, hide = true)]
        worker: bool,
    },
    /// A second fuel counter against the first, on generated functions.
    Fuel {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many functions.
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Functions as machine code against the reference tier.
    Native {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many modules.
        #[arg(long, default_value_t = 1_000)]
        count: u64,
        /// The number of the first.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Functions of a biased module.
        #[arg(long, default_value_t = 20)]
        funcs: usize,
        /// Begins with bytecode, which goes over to machine code at random calls and rounds
        #[arg(long)]
        swaps: bool,
    },
    /// Generated modules with what they do as machine code, for another engine, on the standard
    /// output (`benches/answers_of_wasmtime.py` reads it).
    NativeCases {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "biased")]
        generator: Generator,
        /// How many modules.
        #[arg(long, default_value_t = 10_000)]
        count: u64,
        /// The number of the first.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Functions of a biased module.
        #[arg(long, default_value_t = 20)]
        funcs: usize,
    },
    /// Compiles the functions of generated modules to machine code: none may be refused.
    NativeRefusals {
        /// Generator of the modules.
        #[arg(long, value_enum, default_value = "smith")]
        generator: Generator,
        /// How many modules.
        #[arg(long, default_value_t = 2_000)]
        count: u64,
        /// The number of the first.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Functions of a biased module.
        #[arg(long, default_value_t = 20)]
        funcs: usize,
    },
    /// Every operator in a loop on a small native stack, in every executor and metering mode.
    Torture {
        /// Recurses natively instead, to show that the stack is small.
        #[arg(long, hide = true)]
        plant: bool,
    },
}

impl Campaign {
    /// Runs it.
    pub(crate) fn run(self) -> ExitCode {
        match self {
            Campaign::Differential { generator, count, seed, jobs, funcs } => {
                let (jobs, time, plant) = (jobs.unwrap_or_else(processors), None, None);
                differential(&Options { generator, count, seed, jobs, funcs, time, plant })
            }
            Campaign::Proof { generator, count, seed, jobs, funcs } => {
                let (jobs, time, plant) = (jobs.unwrap_or_else(processors), None, None);
                proof(&Options { generator, count, seed, jobs, funcs, time, plant })
            }
            Campaign::Ssa { generator, count, modules, seed, funcs } => {
                ssa(&campaign::Options { generator, count, modules, seed, funcs })
            }
            Campaign::SsaEdits { count, seed } => ssa_edits(count, seed),
            Campaign::SsaIrreducible { count, seed, jobs } => {
                ssa_irreducible(count, seed, jobs.unwrap_or_else(processors))
            }
            Campaign::SsaPasses { generator, count, seed, funcs } => {
                ssa_passes_of(generator, count, seed, funcs)
            }
            Campaign::SsaPassesEdits { count, seed } => ssa_passes_edits(count, seed),
            Campaign::SsaTrips { generator, count, modules, first, seed, funcs } => {
                ssa_trips(&campaign::Options { generator, count, modules, seed, funcs }, first)
            }
            Campaign::SsaTripsEdits { count, first, seed } => ssa_trips_edits(count, first, seed),
            Campaign::Enumerate { operators, exceptions, jobs } => {
                let jobs = jobs.unwrap_or_else(processors);
                enumerate(&enumerate::Options { operators, exceptions, jobs, plant: None })
            }
            Campaign::Judge { count, seed, wasmtime } => judge(count, seed, &wasmtime),
            Campaign::Mutations { count, seed, files } => {
                let report =
                    mutations::campaign(&mutations::Options { count, seed, files, time: None });
                println!("{report}");
                if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Campaign::Second { honest, edited, seed, files } => {
                let first = compare::checked as compare::Opinion;
                let (time, most, plant) = (None, 20, None);
                let options =
                    compare::Options { honest, edited, seed, files, time, first, most, plant };
                let report = compare::campaign(&options);
                println!("{report}");
                found((!report.disagreements.is_empty()).then(String::new), "both agree")
            }
            Campaign::BadInput { count, seed, first, write, worker } => {
                bad_input(write, worker, (seed, first, count))
            }
            Campaign::Artifacts { count, seed, first, write, worker } => {
                changed_artifacts(write, worker, (seed, first, count))
            }
            Campaign::Cache { count, seed, first, worker } => entries(worker, (seed, first, count)),
            Campaign::Fuel { generator, count, seed } => fuel(generator, seed, count),
            Campaign::Native { generator, count, from, seed, funcs, swaps } => {
                native_code(generator, (from, count), seed, (funcs, swaps))
            }
            Campaign::NativeCases { generator, count, from, seed, funcs } => {
                native_cases(generator, seed, from..from + count, funcs)
            }
            Campaign::NativeRefusals { generator, count, from, seed, funcs } => {
                native_refusals(generator, seed, from..from + count, funcs)
            }
            Campaign::Torture { plant: false } => torture(),
            Campaign::Torture { plant: true } => {
                println!("a native recursion");
                found(torture::on_a_small_stack(|| recurse(torture::ITERATIONS)).err(), "it fits")
            }
        }
    }
}

pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

fn proof(options: &Options) -> ExitCode {
    let start = Instant::now();
    let totals = proof::campaign(options);
    println!(
        "{} functions in {} modules proved, {} words, {} handlers, {} modules refused as unsupported; {:.1} s",
        totals.funcs,
        totals.cases,
        totals.words,
        totals.handlers,
        totals.unsupported,
        start.elapsed().as_secs_f64()
    );
    found(totals.refusal, "no refusal")
}

fn enumerate(options: &enumerate::Options) -> ExitCode {
    let start = Instant::now();
    match enumerate::campaign(options) {
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

fn differential(options: &Options) -> ExitCode {
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
    found(totals.disagreement, "no disagreement")
}

fn judge(count: u64, seed: u64, wasmtime: &std::path::Path) -> ExitCode {
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

fn bad_input(
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

fn entries(worker: bool, (seed, first, count): (u64, u64, u64)) -> ExitCode {
    match worker {
        true => done(cached::worker(seed, first, count)),
        false => supervised("cache", seed, first, count),
    }
}

fn changed_artifacts(
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

fn native_cases(
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

fn native_refusals(
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

fn native_code(
    generator: Generator,
    (from, count): (u64, u64),
    seed: u64,
    how: (usize, bool),
) -> ExitCode {
    match native::campaign(generator, seed, from, count, how) {
        Ok(tally) => {
            println!("{} looks, {} loops entered", tally.looks, tally.entered);
            println!("{} functions native; bytecode:", tally.native);
            tally.declined.iter().for_each(|(reason, count)| println!("  {count} {reason}"));
            found(None, "native code does what the reference tier does")
        }
        Err(difference) => found(Some(difference), ""),
    }
}

fn fuel(generator: Generator, seed: u64, count: u64) -> ExitCode {
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
fn torture() -> ExitCode {
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

fn ssa_edits(count: u64, seed: u64) -> ExitCode {
    let edits = ssa_check::edits(seed, count);
    println!("{} edits, {} of them but hints; refused:", edits.tried, edits.hints);
    edits.refused.iter().for_each(|(rule, count)| println!("  {rule} {count}"));
    let Some(survivor) = edits.survivor else { return ExitCode::SUCCESS };
    println!("accepted:\n\n{survivor}");
    ExitCode::FAILURE
}

fn ssa_passes_edits(count: u64, seed: u64) -> ExitCode {
    let totals = ssa_passes::edits(seed, count, ssa_passes::check);
    let ssa_passes::Totals { tried, refused, same, ran, finding } = totals;
    println!(
        "{tried} edits, {same} accepted with the pass's body, {ran} with another one, which ran; \
         refused:"
    );
    refused.iter().for_each(|(rule, count)| println!("  {rule} {count}"));
    found(finding, "what was accepted runs as the reference tier")
}

fn ssa_trips_edits(count: u64, first: u64, seed: u64) -> ExitCode {
    let totals = emissions::edits(seed, first, count, emissions::check);
    let emissions::Totals { tried, refused, same, ran, finding } = totals;
    println!(
        "{tried} edits, {same} accepted with the bytes that were emitted, {ran} with others, which \
         ran; refused:"
    );
    refused.iter().for_each(|(rule, count)| println!("  {rule} {count}"));
    found(finding, "what was accepted runs as the reference tier")
}

fn ssa_irreducible(count: u64, seed: u64, jobs: usize) -> ExitCode {
    let totals = irreducible::campaign(count, seed, jobs);
    println!(
        "{} graphs, {} of them irreducible; {} emissions not proved; calls: {} returned, {} did not",
        totals.graphs,
        totals.irreducible,
        totals.refused.len(),
        totals.returned,
        totals.trapped
    );
    for &index in &totals.refused {
        let what = irreducible::refusal(seed, index).ok().flatten();
        println!(
            "graph {index}: {}",
            what.as_deref().and_then(|what| what.lines().next()).unwrap_or("")
        );
    }
    found(totals.finding, "no refusal and no disagreement")
}

fn ssa_trips(options: &campaign::Options, first: u64) -> ExitCode {
    let start = Instant::now();
    let totals = trips::campaign(options, first);
    println!(
        "{} functions in {} modules, each on two trips; {} emissions refused; calls: {} returned, {} did not; {:.1} s",
        totals.funcs,
        totals.modules,
        totals.refused.len(),
        totals.returned,
        totals.trapped,
        start.elapsed().as_secs_f64()
    );
    for (case, what) in &totals.refused {
        println!("case {case}: {what}");
    }
    let found_first = totals.refused.first().map(|(case, what)| format!("case {case}: {what}"));
    found(totals.finding.or(found_first), "no refusal and no disagreement")
}

fn ssa_passes_of(generator: Generator, count: u64, seed: u64, funcs: usize) -> ExitCode {
    let mut proved = 0;
    for index in 0..count {
        match ssa_check::prove(&generator.case(seed, index, funcs).wasm) {
            Ok(funcs) => proved += funcs,
            Err(what) => return found(Some(format!("module {index}: {what}")), ""),
        }
    }
    println!("{count} modules, {proved} functions with and without metering: all passes proved");
    ExitCode::SUCCESS
}

fn ssa(options: &campaign::Options) -> ExitCode {
    let start = Instant::now();
    let totals = campaign::campaign(options);
    println!(
        "{} functions in {} modules proved; calls in the reference tier: {} returned, {} did not; {:.1} s",
        totals.funcs,
        totals.modules,
        totals.returned,
        totals.trapped,
        start.elapsed().as_secs_f64()
    );
    found(totals.finding, "no refusal and no disagreement")
}
