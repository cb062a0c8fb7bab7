//! The command line of the campaigns: a subcommand each → what it prints, and an exit code.
//!
//! Exit codes: 0 if nothing was found, 1 if something was, 2 if the campaign could not be run.

use super::outcomes::{
    self, bad_input, changed_artifacts, differential, edits, entries, fuel, judge, mutations,
    native_cases, native_code, native_refusals, processors, proof, second, ssa, ssa_irreducible,
    ssa_passes_of, ssa_trips, torture,
};
use clap::Subcommand;
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::refuse::{bodies, copies, emissions, passes, specialised};
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Random edits of bodies with copies of blocks and of their origins: each is refused by the
    /// check, or runs as before.
    SsaCopiesEdits {
        /// How many edits.
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
        /// The seed of the campaign.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Random edits of specialised functions and of their certificates: each is refused by the
    /// check, or runs as before.
    SpecialisedEdits {
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
        let none = Options::default();
        let all = |jobs: Option<usize>| jobs.unwrap_or_else(processors);
        match self {
            Campaign::Differential { generator, count, seed, jobs, funcs } => {
                differential(&Options { generator, count, seed, jobs: all(jobs), funcs, ..none })
            }
            Campaign::Proof { generator, count, seed, jobs, funcs } => {
                proof(&Options { generator, count, seed, jobs: all(jobs), funcs, ..none })
            }
            Campaign::Ssa { generator, count, modules, seed, funcs } => {
                ssa(&Options { generator, count, modules, seed, funcs, ..none })
            }
            Campaign::SsaEdits { count, seed } => {
                edits(bodies::edits(seed, count), "the honest body except hints")
            }
            Campaign::SsaIrreducible { count, seed, jobs } => {
                ssa_irreducible(count, seed, all(jobs))
            }
            Campaign::SsaPasses { generator, count, seed, funcs } => {
                ssa_passes_of(generator, count, seed, funcs)
            }
            Campaign::SsaPassesEdits { count, seed } => {
                edits(passes::edits(seed, count, passes::check), "the pass's body")
            }
            Campaign::SsaCopiesEdits { count, seed } => {
                edits(copies::edits(seed, count, copies::check), "the body with copies")
            }
            Campaign::SpecialisedEdits { count, seed } => {
                let totals = specialised::edits(seed, count, specialised::check);
                edits(totals, "the body that was specialised")
            }
            Campaign::SsaTrips { generator, count, modules, first, seed, funcs } => {
                ssa_trips(&Options { generator, count, modules, first, seed, funcs, ..none })
            }
            Campaign::SsaTripsEdits { count, first, seed } => {
                let totals = emissions::edits(seed, first, count, emissions::check);
                edits(totals, "the body that was emitted")
            }
            Campaign::Enumerate { operators, exceptions, jobs } => {
                outcomes::enumerate(operators, exceptions, all(jobs))
            }
            Campaign::Judge { count, seed, wasmtime } => judge(count, seed, &wasmtime),
            Campaign::Mutations { count, seed, files } => mutations(count, seed, files),
            Campaign::Second { honest, edited, seed, files } => {
                second((honest, edited), seed, files)
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
                let (first, modules) = (from, count);
                native_code(&Options { generator, first, modules, seed, funcs, ..none }, swaps)
            }
            Campaign::NativeCases { generator, count, from, seed, funcs } => {
                native_cases(generator, seed, from..from + count, funcs)
            }
            Campaign::NativeRefusals { generator, count, from, seed, funcs } => {
                native_refusals(generator, seed, from..from + count, funcs)
            }
            Campaign::Torture { plant } => torture(plant),
        }
    }
}
