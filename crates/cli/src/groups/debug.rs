//! The option group `-D`: core dumps and backtraces.

use super::{Opt, pairs};
use crate::report::Help;
use prova_core::Result;
use std::path::PathBuf;

const HELP: &str = "\
-D coredump=FILE                   writes the state of the store to a file when a trap ends the run (default: no file)
-D backtrace-details[=y|n]         backtraces name places in the source where the module has debug information (default y)
";

/// The settings of `-D`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Debug {
    pub(crate) coredump: Option<PathBuf>,
    pub(crate) backtrace_details: Option<bool>,
}

impl Debug {
    /// # Errors
    /// [`Misuse`](crate::report::Misuse), or a request for help.
    pub(crate) fn parse(options: &[String]) -> Result<Debug> {
        let mut debug = Debug::default();
        for (key, value) in pairs('D', options)? {
            let option = Opt { group: 'D', key, value };
            match (key, value) {
                ("help", _) => return Err(Help(HELP.to_owned()).into()),
                ("coredump", Some(file)) if !file.is_empty() => debug.coredump = Some(file.into()),
                ("coredump", _) => return option.misuse("it needs the name of a file"),
                ("backtrace-details", _) => debug.backtrace_details = Some(option.switch()?),
                _ => return option.unknown(HELP),
            }
        }
        Ok(debug)
    }
}
