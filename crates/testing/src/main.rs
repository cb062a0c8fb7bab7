//! `prova-testing`: campaigns and suites from the command line.
//!
//! Exit code 0 if nothing was found, 1 if something was, 2 for misuse.

mod suites;

use clap::{Parser, Subcommand};
use prova_testing::differential::{self, Options};
use prova_testing::generate::Generator;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Parser)]
#[command(name = "prova-testing", about = "Campaigns and suites that look for faults in Prova")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Real programs: those of `programs/`, or of the folder that PROVA_CORPUS names.
    Corpus(suites::CorpusArgs),
    /// Every tier and metering mode against the reference tier, on generated functions.
    Differential {
        /// What makes the modules.
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
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Corpus(args) => suites::exit(suites::corpus(&args)),
        Command::Differential { generator, count, seed, jobs, funcs } => {
            let jobs = jobs.unwrap_or_else(processors);
            run_differential(&Options {
                generator,
                count,
                seed,
                jobs,
                funcs,
                time: None,
                plant: None,
            })
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

fn run_differential(options: &Options) -> ExitCode {
    let start = Instant::now();
    let totals = differential::campaign(options);
    let seconds = start.elapsed().as_secs_f64();
    let tally = totals.tally;
    println!(
        "{} functions in {} modules, {} refused as unsupported; {} runs; {seconds:.1} s",
        tally.funcs, totals.cases, tally.refused, tally.runs
    );
    println!(
        "calls in the reference tier: {} returned, {} trapped, of these {} out of fuel",
        tally.returned, tally.trapped, tally.out_of_fuel
    );
    match totals.disagreement {
        None => {
            println!("no disagreement");
            ExitCode::SUCCESS
        }
        Some(report) => {
            println!("{report}");
            ExitCode::FAILURE
        }
    }
}
