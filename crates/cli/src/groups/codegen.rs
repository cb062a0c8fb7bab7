//! The option group `-C`: of Wasmtime's keys those that there is something to choose for.

use super::{Opt, pairs};
use crate::report::Help;
use prova_core::Result;

const HELP: &str = "\
-C cache[=y|n]                     takes machine code from the cache and keeps it there (default y); n is --no-cache
-C compiler=auto|cranelift         the compiler of machine code (default auto: there is one)
";

/// The settings of `-C`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Codegen {
    pub(crate) cache: Option<bool>,
}

impl Codegen {
    /// # Errors
    /// [`Misuse`](crate::report::Misuse), or a request for help.
    pub(crate) fn parse(options: &[String]) -> Result<Codegen> {
        let mut codegen = Codegen::default();
        for (key, value) in pairs('C', options)? {
            let option = Opt { group: 'C', key, value };
            match (key, value) {
                ("help", _) => return Err(Help(HELP.to_owned()).into()),
                ("cache", _) => codegen.cache = Some(option.switch()?),
                ("compiler", Some("auto" | "cranelift")) => {}
                ("compiler", _) => {
                    return option.misuse(
                        "it is `auto` or `cranelift`; `--tier` chooses what executes functions",
                    );
                }
                _ => return option.unknown(HELP),
            }
        }
        Ok(codegen)
    }
}
