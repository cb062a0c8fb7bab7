//! The commands that run suites: real programs, specification scripts, benchmarks. Arguments → a
//! printed table.

use clap::{Args, Subcommand};
use prova_core::{Tier, UnknownTier};
use prova_testing::accept::native_table;
use prova_testing::bounds::bench_fuel;
use prova_testing::generate::manifest;
use prova_testing::generate::manifest::{Case, Class};
use prova_testing::sides::native::Way;
use prova_testing::suites::bench;
use prova_testing::suites::corpus::{self, Engine, Outcome};
use prova_testing::suites::matrix;
use prova_testing::suites::program;
use prova_testing::suites::scripts;
use prova_testing::suites::spec;
use prova_testing::suites::trip as trips;
use prova_testing::suites::wasi_suite;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A command that runs a suite.
#[derive(Subcommand)]
pub(crate) enum Suite {
    /// Real programs: those of `programs/`, or of the folder that PROVA_CORPUS names.
    Corpus(CorpusArgs),
    /// The specification's suite, every file in every tier.
    Spec(SpecArgs),
    /// Scripts and real programs behind a round trip through SSA.
    Trip(TripArgs),
    /// Counts the functions of modules as machine code: native, bytecode by cause, refused
    NativeTable(NativeTableArgs),
    /// Code of the suite's modules, or of files, and their twins in all cells of the matrix
    Matrix(MatrixArgs),
    /// The compiled programs of a checkout of WebAssembly/wasi-testsuite.
    #[command(name = "wasi-suite")]
    Wasi(WasiSuiteArgs),
    /// The time of real programs beside another engine's.
    Bench(BenchArgs),
    /// The worth of a unit of fuel: nanoseconds of hostile programs, the dearest first.
    BenchFuel(BenchFuelArgs),
}

impl Suite {
    /// Runs it: 0 if nothing failed, 1 if something did, 2 if it could not be tried.
    pub(crate) fn run(&self) -> ExitCode {
        let outcome = match self {
            Suite::Corpus(args) => corpus(args),
            Suite::Spec(args) => spec(args),
            Suite::Trip(args) => trip(args),
            Suite::NativeTable(args) => native_functions(args),
            Suite::Matrix(args) => matrix(args),
            Suite::Wasi(args) => wasi_suite(args),
            Suite::Bench(args) => bench(args),
            Suite::BenchFuel(args) => Ok(bench_fuel(args)),
        };
        match outcome {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::from(2)
            }
        }
    }
}

/// The tiers that a name stands for: one, or each that differs in more than its dispatch.
fn tiers(name: &str) -> Result<Vec<Tier>, UnknownTier> {
    match name {
        "all" => Ok(vec![Tier::default(), Tier::Reference]),
        _ => Ok(vec![name.parse()?]),
    }
}

/// The tier of the program that runs machine code.
const NATIVE: &str = "native";

/// The tier that chooses itself.
const AUTO: &str = "auto";

/// The cases of the collection to run, and the way.
#[derive(Args)]
pub(crate) struct CorpusArgs {
    /// The tier, `native` and `auto` too; `all` runs each case in the interpreter and the reference
    #[arg(long, value_name = "TIER", default_value = "interp")]
    tier: String,
    /// The program; by default `prova`, built for the purpose
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Only cases whose id contains this
    #[arg(long, value_name = "ID", default_value = "")]
    filter: String,
    /// More options for the program, such as `-Odispatch=match`
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    option: Vec<String>,
    /// Seconds after which a case is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    limit: u64,
}

/// Which programs are measured, and where they run.
#[derive(Args)]
pub(crate) struct BenchFuelArgs {
    /// Runs the interpreter by its `match` loop
    #[arg(long)]
    dispatch_match: bool,
    /// Only programs whose name contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    filter: String,
}

/// Prints what a unit of fuel buys in each program; whether all could be run.
fn bench_fuel(args: &BenchFuelArgs) -> bool {
    let tier = if args.dispatch_match { Tier::MATCH } else { Tier::TAIL };
    let (measured, failures) = bench_fuel::measure_all(tier, &args.filter);
    print!("{}", bench_fuel::table(&measured));
    failures.iter().for_each(|failure| println!("not run: {failure}"));
    failures.is_empty()
}

/// The suite of WASI to run, and the way.
#[derive(Args)]
pub(crate) struct WasiSuiteArgs {
    /// The checkout, with compiled programs (branch `prod/testsuite-base`)
    folder: PathBuf,
    /// The program; by default `prova`, built for the purpose
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// More options for the program, such as `--tier=native`
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    option: Vec<String>,
}

/// Runs the programs of WASI's suite; whether all ended as they should.
///
/// # Errors
/// If there is no such checkout or program.
fn wasi_suite(args: &WasiSuiteArgs) -> Result<bool, String> {
    let cases = wasi_suite::cases(&args.folder)?;
    let program = args.program.clone().map_or_else(program::built, Ok)?;
    let program = std::path::absolute(&program).map_err(|error| error.to_string())?;
    let mut failed = 0;
    for case in &cases {
        if let Err(why) = case.run(&program, &args.option) {
            println!("{}: {why}", case.name());
            failed += 1;
        }
    }
    println!("{} ok, {failed} failed", cases.len() - failed);
    Ok(failed == 0)
}

/// Where the programs are: `PROVA_CORPUS`, or the repository's own.
fn collection() -> PathBuf {
    std::env::var_os("PROVA_CORPUS")
        .map_or_else(|| prova_testing::root().join("programs"), PathBuf::from)
}

/// Runs real programs; whether none failed.
///
/// # Errors
/// If there is no such collection or program.
fn corpus(args: &CorpusArgs) -> Result<bool, String> {
    let folder = collection();
    let cases = manifest::read(&folder.join("manifest.tsv"))?;
    let program = args.program.clone().map_or_else(program::built, Ok)?;
    let program = std::path::absolute(&program).map_err(|error| error.to_string())?;
    let tiers = match args.tier.as_str() {
        // The interpreter with a compiler of machine code: no tier of the library's.
        NATIVE => vec![(NATIVE, false)],
        AUTO => vec![(AUTO, false)],
        name => {
            let tiers = tiers(name).map_err(|error| format!("--tier {name}: {error}"))?;
            tiers.iter().map(|tier| (tier.choice(), *tier == Tier::Reference)).collect()
        }
    };
    println!("{:28} {:10} {:7} {:>8}", "id", "tier", "result", "seconds");
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    for case in cases.iter().filter(|case| case.id.contains(&args.filter)) {
        for &(tier, is_reference) in &tiers {
            let mut options = vec!["--tier".to_owned(), tier.to_owned()];
            options.extend(args.option.iter().cloned());
            let engine = Engine { program: program.clone(), options, is_reference };
            let outcome = corpus::run(&engine, &folder, case, Duration::from_secs(args.limit));
            match outcome {
                Outcome::Passed { .. } => passed += 1,
                Outcome::Failed(_) => failed += 1,
                Outcome::Ignored(_) => ignored += 1,
            }
            println!("{}", corpus::row(case, tier, &outcome));
        }
    }
    println!("{passed} ok, {failed} failed, {ignored} ignored");
    Ok(failed == 0)
}

/// The part of the specification's suite to run.
#[derive(Args)]
pub(crate) struct SpecArgs {
    /// Only files whose `folder/name` contains this
    #[arg(long, value_name = "NAME", default_value = "")]
    filter: String,
    /// Writes the table anew
    #[arg(long, conflicts_with = "filter")]
    bless: bool,
    /// Prints every row
    #[arg(long, short)]
    verbose: bool,
    /// As machine code, in this way: `guard`, `explicit`, `no-signals`, or `all` of them
    #[arg(long, value_name = "WAY")]
    native: Option<String>,
    /// In tier auto, where all goes over to machine code as soon as it runs
    #[arg(long, requires = "native", conflicts_with = "bless")]
    swaps: bool,
    /// Runs the scripts of others below this folder instead, against a table
    #[arg(long, value_name = "DIR", conflicts_with_all = ["native", "swaps"])]
    dir: Option<PathBuf>,
    /// The table of `--dir`; by default the one of Wasmtime's scripts
    #[arg(long, value_name = "FILE", requires = "dir")]
    rows: Option<PathBuf>,
}

/// Which modules, and how.
#[derive(Args)]
pub(crate) struct NativeTableArgs {
    /// Modules; by default those of `programs/`, whose table is compared with the stored one
    files: Vec<PathBuf>,
    /// `guard`, `explicit`, `no-signals`, or `all` of these; `masked`, `moving`, `adrift` (both)
    #[arg(long, value_name = "WAY", default_value = "all")]
    way: String,
    /// In all meterings, not without alone
    #[arg(long)]
    metered: bool,
    /// Threads; all processors if not given
    #[arg(long)]
    jobs: Option<usize>,
    /// Prints sizes, and the time of each stage
    #[arg(long)]
    times: bool,
    /// Writes the table of the programs anew
    #[arg(long, conflicts_with_all = ["files", "metered"])]
    bless: bool,
}

/// Which modules and cells.
#[derive(Args)]
pub(crate) struct MatrixArgs {
    /// Modules; by default those of the specification's suite
    files: Vec<PathBuf>,
    /// Only modules whose script `folder/name` contains this
    #[arg(long, value_name = "NAME", default_value = "", conflicts_with = "files")]
    filter: String,
    /// One of N parts: each module in some cells, each cell with some modules
    #[arg(long, value_name = "P/N", default_value = "0/1")]
    part: String,
    /// Threads; all processors if not given
    #[arg(long)]
    jobs: Option<usize>,
}

/// Prints what became of modules in each cell; whether nothing was refused.
///
/// # Errors
/// If a file cannot be read, or there is no such part.
fn matrix(args: &MatrixArgs) -> Result<bool, String> {
    let jobs =
        args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()));
    let part = matrix::Part::of(&args.part).ok_or_else(|| format!("no part: {}", args.part))?;
    let modules = match args.files.as_slice() {
        [] => matrix::suite(&args.filter),
        files => files.iter().map(|path| native_table::read(path)).collect::<Result<_, _>>()?,
    };
    let start = Instant::now();
    let tally = matrix::Tally::of(modules, part, jobs, &mut |name, tally| {
        let (seconds, total) = (start.elapsed().as_secs(), tally.total());
        eprintln!("{seconds} s: {name}: {} functions, {} refused", total.functions, total.refused);
    });
    print!("{tally}");
    Ok(tally.findings.is_empty())
}

/// The ways that a name stands for.
fn ways(name: &str) -> Result<Vec<Way>, String> {
    if name == "all" {
        return Ok(Way::STORED.to_vec());
    }
    Ok(vec![Way::of(name).ok_or_else(|| format!("there is no way `{name}`"))?])
}

/// Prints what became of the functions of each module; whether none was refused or declined
/// without a documented cause, and the table of the programs is the stored one.
///
/// # Errors
/// If a module cannot be read.
fn native_functions(args: &NativeTableArgs) -> Result<bool, String> {
    let jobs =
        args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get()));
    let modules = match args.files.as_slice() {
        [] => native_table::programs()?,
        files => files.iter().map(|path| native_table::read(path)).collect::<Result<_, _>>()?,
    };
    let meterings = &native_table::METERINGS[..if args.metered { 4 } else { 1 }];
    println!("{}", native_table::HEAD);
    let (mut is_good, mut table) = (true, format!("{}\n", native_table::HEAD));
    for (name, bytes) in &modules {
        let module =
            prova_module::Module::decode(&**bytes, &Default::default(), &Default::default())
                .map_err(|error| format!("{name}: {error}"))?;
        for way in ways(&args.way)? {
            for &metering in meterings {
                let row = native_table::module(&module, way, metering, jobs)?;
                let line = native_table::line(name, way, metering, &row);
                println!("{line}");
                table.push_str(&format!("{line}\n"));
                for finding in row.declined.iter().chain(&row.refused) {
                    println!("    {finding}");
                    is_good = false;
                }
                if args.times {
                    let (code, certificate) = (row.code_bytes, row.certificate_bytes);
                    println!(
                        "    {code} bytes of code, {certificate} of certificates; {}",
                        row.times
                    );
                }
            }
        }
    }
    if args.bless {
        let path = native_table::table_path();
        std::fs::write(&path, &table).map_err(|error| format!("{}: {error}", path.display()))?;
    } else if args.files.is_empty() && args.way == "all" && !args.metered {
        let differences = native_table::differences(&table)?;
        differences.iter().for_each(|line| println!("{line}"));
        is_good &= differences.is_empty();
    }
    Ok(is_good)
}

/// Runs the specification's suite as machine code; whether every script does as in the
/// interpreter, and no code was refused.
///
/// # Errors
/// If the stored table cannot be read, or the new one not written.
fn native_spec(ways_name: &str, filter: &str, jobs: usize, bless: bool) -> Result<bool, String> {
    let mut is_good = true;
    let mut table = vec![native_table::HEAD.to_owned()];
    println!("{}", native_table::HEAD);
    for way in ways(ways_name)? {
        let (differing, row) = spec::native(way, filter, jobs)?;
        println!("{}", native_table::line("suite", way, Default::default(), &row));
        for finding in differing.iter().chain(&row.declined).chain(&row.refused) {
            println!("    {finding}");
            is_good = false;
        }
        table.extend(native_table::suite_lines(way, &row));
    }
    if bless {
        let path = native_table::suite_path();
        std::fs::write(&path, table.join("\n") + "\n")
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(is_good)
}

/// Runs the specification's suite in every tier and prints counts, and each file that breaks the
/// rule; whether none does.
///
/// # Errors
/// If the table cannot be written.
fn spec(args: &SpecArgs) -> Result<bool, String> {
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
    if let Some(dir) = &args.dir {
        return scripts_of_others(args, dir);
    }
    if let Some(named) = args.native.as_ref().filter(|_| args.swaps) {
        let mut is_good = true;
        for way in ways(named)? {
            let differing = spec::swaps(way, &args.filter, jobs)?;
            println!("{way} with swaps: {} scripts differ", differing.len());
            differing.iter().for_each(|line| println!("    {line}"));
            is_good &= differing.is_empty();
        }
        return Ok(is_good);
    }
    if let Some(ways) = &args.native {
        return native_spec(ways, &args.filter, jobs, args.bless);
    }
    let rows = spec::rows(&args.filter, jobs);
    for row in &rows {
        if args.verbose || row.is_broken() {
            println!("{row}");
            for (tier, status) in Tier::ALL.iter().zip(&row.statuses) {
                if let spec::Status::Failed { first, .. } = status {
                    println!("    {tier}: {first}");
                }
            }
        }
    }
    let suite = |row: &&spec::Row| !spec::is_more(&row.script.folder);
    let counts: Vec<&spec::Row> =
        rows.iter().filter(suite).filter(|row| row.script.counts).collect();
    let exempt = counts.iter().filter(|row| row.exempt.is_some()).count();
    println!(
        "{} files, of which {} names of the suite count: {exempt} exempt",
        rows.len(),
        counts.len()
    );
    for (at, tier) in Tier::ALL.iter().enumerate() {
        let passed = |row: &&spec::Row| row.statuses[at].is_ok();
        println!(
            "{tier:10} {} of {} files pass, {} of {} names not exempt",
            rows.iter().filter(passed).count(),
            rows.len(),
            counts.iter().filter(|row| row.exempt.is_none()).filter(|row| passed(row)).count(),
            counts.len() - exempt,
        );
    }
    if args.bless {
        let path = spec::table_path();
        std::fs::write(&path, spec::table(&rows))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(!rows.iter().any(spec::Row::is_broken))
}

/// Runs the scripts below a folder in every tier; whether each does what its row says.
///
/// # Errors
/// If the table or a script cannot be read, or the table not written.
fn scripts_of_others(args: &SpecArgs, dir: &Path) -> Result<bool, String> {
    let of_wasmtime = || prova_testing::root().join("tests/spec/wasmtime.tsv");
    let path = args.rows.clone().unwrap_or_else(of_wasmtime);
    let mut table = scripts::read(&path)?;
    let scripts = scripts::scripts(dir, &table)?;
    table.retain(|name, _| name.contains(&args.filter));
    let mut rows = Vec::new();
    for (name, path) in scripts.iter().filter(|(name, _)| name.contains(&args.filter)) {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        rows.push(scripts::run(name, &text));
        if args.verbose {
            println!("{}", rows.last().map(scripts::Row::line).unwrap_or_default());
        }
    }
    let passed = |row: &&scripts::Row| row.first().is_none();
    println!("{} of {} scripts pass in every tier", rows.iter().filter(passed).count(), rows.len());
    if args.bless {
        std::fs::write(&path, scripts::table(&table, &rows))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        println!("wrote {}", path.display());
        return Ok(true);
    }
    let differences = scripts::differences(&table, &rows);
    differences.iter().for_each(|line| println!("{line}"));
    Ok(differences.is_empty())
}

/// The modules that go on a round trip.
#[derive(Args)]
pub(crate) struct TripArgs {
    /// The program; by default `prova`, built for the purpose
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Only files `folder/name` of the suite and cases whose id contain this
    #[arg(long, value_name = "NAME", default_value = "")]
    filter: String,
    /// Leaves the specification's suite out
    #[arg(long)]
    no_spec: bool,
    /// Leaves the programs out
    #[arg(long, conflicts_with = "no_spec")]
    no_corpus: bool,
    /// Threads of one module's trip
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Seconds after which a case is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    limit: u64,
}

/// Sends scripts and programs on their trip; whether all is as it was.
///
/// # Errors
/// If there is no such collection or program.
fn trip(args: &TripArgs) -> Result<bool, String> {
    let mut is_good = true;
    let mut report = |name: &str, failure: Option<String>, tally: &trips::Tally| {
        is_good &= failure.is_none() && tally.failures.is_empty();
        for failure in failure.iter().chain(tally.failures.iter().take(5)) {
            println!("{name}: {failure}");
        }
    };
    if !args.no_spec {
        for script in spec::scripts() {
            let name = format!("{}/{}", script.folder, script.name);
            if !script.counts || !name.contains(&args.filter) {
                continue;
            }
            let (status, tally) = trips::script(&script);
            let failed = !status.is_ok() && spec::exempt(script.text).is_none();
            report(&name, failed.then(|| status.to_string()), &tally);
        }
    }
    if !args.no_corpus {
        let folder = collection();
        let cases = manifest::read(&folder.join("manifest.tsv"))?;
        let program = args.program.clone().map_or_else(program::built, Ok)?;
        let program = std::path::absolute(&program).map_err(|error| error.to_string())?;
        let options = vec!["--tier".to_owned(), Tier::default().choice().to_owned()];
        let engine = Engine { program, options, is_reference: false };
        let scratch = trips::scratch(&folder).map_err(|error| error.to_string())?;
        for case in cases.iter().filter(|case| case.id.contains(&args.filter)) {
            let mut tally = trips::Tally::default();
            let limit = Duration::from_secs(args.limit);
            let failure = match trips::case(&folder, case, &scratch.path, args.threads, &mut tally)
            {
                Err(error) => Some(error.to_string()),
                Ok(case) => match corpus::run(&engine, &scratch.path, &case, limit) {
                    Outcome::Failed(why) => Some(why),
                    Outcome::Passed { .. } | Outcome::Ignored(_) => None,
                },
            };
            println!("{:28} {tally}", case.id);
            report(&case.id, failure, &tally);
        }
    }
    Ok(is_good)
}

/// The programs to time, and those to compare with.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// The engine to compare with: a program that takes `run --dir D FILE ARGS`, by name or path
    #[arg(long, value_name = "PROGRAM", default_value = "wasmi")]
    peer: String,
    /// The program; by default `prova`, built for the purpose
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
    /// Only cases whose id contains this
    #[arg(long, value_name = "ID", default_value = "")]
    filter: String,
    /// More options for `prova run`, such as `-Odispatch=match`
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    option: Vec<String>,
    /// How often each engine runs each case
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Keeps every measured time in a file of `benches/runs`
    #[arg(long)]
    record: bool,
}

/// Times each long case by turns in both engines and prints medians and ratios; whether no case
/// failed.
///
/// # Errors
/// If there is no such collection or program, or the record cannot be written.
fn bench(args: &BenchArgs) -> Result<bool, String> {
    let folder = collection();
    let program = args.program.clone().map_or_else(program::built, Ok)?;
    let program = std::path::absolute(&program).map_err(|error| error.to_string())?;
    let ours = Engine { program, options: args.option.clone(), is_reference: false };
    let peer = match bench::find(&args.peer) {
        Some(program) => Some(Engine { program, options: Vec::new(), is_reference: false }),
        None => {
            println!("{} is not on PATH: prova's times only", args.peer);
            None
        }
    };
    let cases = manifest::read(&folder.join("manifest.tsv"))?;
    let is_meant = |case: &&Case| case.class == Class::Bench && case.id.contains(&args.filter);
    println!("{}", bench::head(&args.peer));
    let mut measured = Vec::new();
    for case in cases.iter().filter(is_meant) {
        let engines = [Some(&ours), peer.as_ref()];
        let result = bench::measure(engines, &folder, case, args.rounds.max(1));
        println!("{}", bench::row(&result));
        measured.push(result);
    }
    println!("{}", bench::summary(&measured));
    if args.record {
        let path = bench::record(&args.peer, &measured)?;
        println!("wrote {}", path.display());
    }
    Ok(measured.iter().all(bench::Measured::is_ok))
}
