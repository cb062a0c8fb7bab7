//! `prova-testing`: campaigns and suites from the command line.
//!
//! Exit code 0 if nothing was found, 1 if something was, 2 for misuse.

mod commands;

use clap::{Parser, Subcommand};
use commands::{campaigns, enlarging, pairing, profiling, registry, suites};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "prova-testing", about = "Campaigns and suites that look for faults in Prova")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Suite(suites::Suite),
    #[command(flatten)]
    Campaign(campaigns::Campaign),
    #[command(flatten)]
    Profile(profiling::ProfileCommand),
    /// Makes a valid module of any size from real programs, and a twin with known edits
    Enlarge(enlarging::EnlargeArgs),
    /// Builds pairs with real compilers, honest and malicious, and asks `prova diff` of each
    Pairs(pairing::PairsArgs),
    /// Fetches programs of package registries, and runs each in every tier
    Registry(registry::RegistryArgs),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Suite(suite) => suite.run(),
        Command::Campaign(campaign) => campaign.run(),
        Command::Profile(command) => command.run(),
        Command::Enlarge(args) => args.run(),
        Command::Pairs(args) => args.run(),
        Command::Registry(args) => args.run(),
    }
}
