//! An option that nobody knows → an error whose advice is right, or that has none.
//!
//! The parser of arguments takes distant names for similar ones (`--dri` for `--deterministic`).
//! It also advises to pass options as values, which would make modules of them. Here [`near`] finds
//! near names, as everywhere, and the usage text is the command's own.

use crate::hint::command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use prova_builds::names::printable_message;
use prova_inspect::near;

/// Options of other engines, and what there is instead.
const FOREIGN_OPTIONS: [(&str, &str); 6] = [
    ("target", "machine code is made for this processor alone: there is no target to choose"),
    ("mapdir", "`--dir HOST::GUEST` grants a directory under another name"),
    ("volume", "`--dir HOST::GUEST` grants a directory under another name"),
    ("entrypoint", "`--invoke FUNCTION` calls another function than `_start`"),
    ("opt-level", "settings of the code generator are fixed (`prova settings` lists them)"),
    ("output", "commands that write a file have `-o FILE`"),
];

/// The error without characters that a terminal obeys, and with right advice where an option is
/// unknown.
pub(crate) fn advised(mut error: clap::Error) -> clap::Error {
    let texts = error.context().filter_map(|(kind, value)| match value {
        ContextValue::String(text) => Some((kind, ContextValue::String(printable_message(text)))),
        _ => None,
    });
    for (kind, text) in texts.collect::<Vec<_>>() {
        error.insert(kind, text);
    }
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
