//! The commands of the deterministic profile. Arguments → lines, or what differs.
//!
//! Two machines are compared by two runs: `profile --lines FILE` on one, `profile --expect FILE` on
//! the other, with the same generator, seed and numbers.

use super::outcomes::{found, processors};
use clap::{Args, Subcommand};
use prova_core::Profile;
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::profile::{Way, campaign, cases, compare, programs};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A command of the profile.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// The deterministic profile: every tier alike, and one line a module for other machines
    Profile(ProfileArgs),
    /// The cases of the profile's rules, in every tier
    ProfileCases(CasesArgs),
    /// Two programs, one perhaps behind an emulator: the carried programs do the same in both
    ProfilePrograms(ProgramsArgs),
}

impl ProfileCommand {
    /// Runs it: 0 if nothing differs, 1 if something does, 2 if it could not be tried.
    pub(crate) fn run(&self) -> ExitCode {
        match self {
            ProfileCommand::Profile(args) => args.run(),
            ProfileCommand::ProfileCases(args) => args.run(),
            ProfileCommand::ProfilePrograms(args) => args.run(),
        }
    }
}

/// Which modules, and where their lines go or come from.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProfileArgs {
    /// Generator of the modules
    #[arg(long, value_enum, default_value = "biased")]
    generator: Generator,
    /// How many modules
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// The number of the first
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// The seed of the campaign
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Functions of a biased module
    #[arg(long, default_value_t = 10)]
    funcs: usize,
    /// Threads; all processors if not given
    #[arg(long)]
    jobs: Option<usize>,
    /// Writes the lines to this file
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
    /// Compares the lines with those of this file, which another machine wrote
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
}

impl ProfileArgs {
    /// Runs the campaign.
    pub(crate) fn run(&self) -> ExitCode {
        let &ProfileArgs { generator, count: modules, from: first, seed, funcs, .. } = self;
        let jobs = self.jobs.unwrap_or_else(processors);
        let start = Instant::now();
        let options =
            Options { generator, seed, first, modules, funcs, jobs, ..Options::default() };
        let made = match campaign(&options) {
            Ok(made) => made,
            Err(what) => return found(Some(what), ""),
        };
        println!("{}; {}: {}", Profile::default(), std::env::consts::ARCH, ways());
        println!(
            "{} modules, {} of them refused, {} not instantiated; {} calls, {} trapped; {} functions native; {:.1} s",
            made.lines.len(),
            made.refused,
            made.not_instantiated,
            made.calls,
            made.trapped,
            made.native,
            start.elapsed().as_secs_f64()
        );
        println!("all lines: sha256 {}", made.digest());
        if let Some(path) = &self.lines
            && let Err(error) = fs::write(path, made.texts().join("\n") + "\n")
        {
            return unusable(&format!("{}: {error}", path.display()));
        }
        let Some(path) = &self.expect else { return found(None, "no difference between tiers") };
        match fs::read_to_string(path) {
            Ok(there) => {
                found(compare(&made.texts(), &there).err(), "no difference to the other machine")
            }
            Err(error) => unusable(&format!("{}: {error}", path.display())),
        }
    }
}

fn ways() -> String {
    Way::all().iter().map(Way::to_string).collect::<Vec<_>>().join(" | ")
}

/// The exit code of a command that could not be run.
fn unusable(what: &str) -> ExitCode {
    println!("not run: {what}");
    ExitCode::from(2)
}

/// Where the cases are.
#[derive(Args, Clone, Debug)]
pub(crate) struct CasesArgs {
    /// Files of cases; by default those of `tests/profile`
    files: Vec<PathBuf>,
}

impl CasesArgs {
    /// Runs all cases in every way of this machine.
    pub(crate) fn run(&self) -> ExitCode {
        let folder = prova_testing::root().join("tests/profile");
        let files =
            if self.files.is_empty() { cases::files(&folder) } else { Ok(self.files.clone()) };
        let files = match files {
            Ok(files) => files,
            Err(what) => return unusable(&what),
        };
        for path in &files {
            if let Err(what) = cases::check(path) {
                return found(Some(format!("{}: {what}", path.display())), "");
            }
        }
        println!("{} files; {}: {}", files.len(), std::env::consts::ARCH, ways());
        found(None, "all print what they say")
    }
}

/// Which programs.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProgramsArgs {
    /// The first program: `prova`, or a script that starts it
    here: PathBuf,
    /// The second one
    there: PathBuf,
    /// Seconds of one run
    #[arg(long, default_value_t = 600)]
    limit: u64,
    /// Only cases whose name has this in it
    #[arg(long, default_value = "")]
    only: String,
}

impl ProgramsArgs {
    /// Runs the carried programs with both.
    pub(crate) fn run(&self) -> ExitCode {
        let folder = prova_testing::root().join("programs");
        let cases = match programs::short(&folder) {
            Ok(cases) => cases,
            Err(what) => return unusable(&what),
        };
        let sides = [self.here.as_path(), self.there.as_path()];
        let limit = Duration::from_secs(self.limit);
        for case in cases.iter().filter(|case| case.id.contains(&self.only)) {
            match programs::compare(sides, &folder, case, limit) {
                Ok(both) => println!("{}: {}; with less: {}", case.id, both.fuel, both.trap),
                Err(what) => return found(Some(format!("{}: {what}", case.id)), ""),
            }
        }
        found(None, "no difference")
    }
}
