//! `prova completions` and `prova man`: files for shells and for `man`, made from the command line.

use crate::args::Cli;
use crate::report::{Exit, Shown as _, print_bytes, warn};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use prova_core::{Context, Result};
use std::path::PathBuf;

/// Prints the completions for a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Writes a manual page for each command
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder that gets them, which is made where it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs `prova completions`.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "prova", &mut text);
    print_bytes(&text)?;
    Ok(Exit::Done)
}

/// Runs `prova man`.
pub(crate) fn man(args: &ManArgs) -> Result<Exit> {
    let name = args.folder.shown();
    std::fs::create_dir_all(&args.folder).with_context(|| format!("failed to make `{name}`"))?;
    clap_mangen::generate_to(Cli::command(), &args.folder)
        .with_context(|| format!("failed to write to `{name}`"))?;
    warn(&format!("manual pages written to `{name}`"));
    Ok(Exit::Done)
}
