//! `prova xref`: who reads, writes, or lets an address escape.

use crate::args::XrefArgs;
use crate::input;
use crate::report::{Exit, Misuse, print};
use prova::{Result, bail};
use prova_investigate::xref::{target, xref};

/// Runs the command. A module that cannot be read is misuse, as in every investigating command.
pub(crate) fn run(args: &XrefArgs) -> Result<Exit> {
    let module = match input::decoded(&args.file) {
        Ok(module) => module,
        Err(error) => bail!(Misuse(format!("{error:#}"))),
    };
    let range = match target(&module, &args.target) {
        Ok(range) => range,
        Err(message) => bail!(Misuse(message)),
    };
    let report = xref(&module, range);
    print(&if args.json { report.to_json()? + "\n" } else { report.to_text() })?;
    Ok(Exit::Done)
}
