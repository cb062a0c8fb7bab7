//! An option that nobody knows → an error whose advice is right, or that has none.
//!
//! The parser of arguments takes distant names for similar ones (`--dri` for `--deterministic`), and
//! advises to pass options as values, which would make modules of them. Here near names are those of
//! [`near`], as everywhere, and the usage is that of the command.

use crate::args::Cli;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use prova_inspect::near;
use std::ffi::OsString;

/// Options of other engines, and what there is instead.
const FOREIGN_OPTIONS: [(&str, &str); 6] = [
    ("target", "machine code is made for this processor alone: there is no target to choose"),
    ("mapdir", "`--dir HOST::GUEST` grants a directory under another name"),
    ("volume", "`--dir HOST::GUEST` grants a directory under another name"),
    ("entrypoint", "`--invoke FUNCTION` calls another function than `_start`"),
    ("opt-level", "settings of the code generator are fixed (`prova settings` lists them)"),
    ("output", "commands that write a file have `-o FILE`"),
];

/// The command that the arguments of this process begin with, with those below it; the program
/// itself if there is none.
pub(crate) fn command() -> Command {
    let mut command = Cli::command();
    command.build();
    for arg in std::env::args_os().skip(1) {
        match command.find_subcommand(&arg) {
            Some(below) => command = below.clone(),
            None => break,
        }
    }
    command
}

/// The error with right advice; another error as it is.
pub(crate) fn advised(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg).cloned() else {
        return error;
    };
    let mut command = command();
    error.remove(ContextKind::Suggested);
    error.remove(ContextKind::SuggestedArg);
    let usage = ContextValue::StyledStr(command.render_usage());
    error.insert(ContextKind::Usage, usage);
    let Some(name) = given.strip_prefix("--") else { return error };
    let foreign = FOREIGN_OPTIONS.iter().find(|(foreign, _)| *foreign == name);
    if let Some((_, why)) = foreign {
        let why = clap::builder::StyledStr::from((*why).to_owned());
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![why]));
        return error;
    }
    let longs: Vec<&str> = command.get_arguments().filter_map(|arg| arg.get_long()).collect();
    if let Some(near) = near(name, longs.iter().map(|long| (*long, *long))).first() {
        error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{near}")));
    }
    error
}

/// The long option of this command, or of `prova run`, that an argument is.
pub(crate) fn long_option(arg: &OsString) -> Option<&str> {
    let text = arg.to_str()?;
    let name = text.strip_prefix("--")?.split('=').next()?;
    let has = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(name));
    (name != "help" && name != "version" && (has(&Cli::command()) || has(&command())))
        .then_some(text)
}
