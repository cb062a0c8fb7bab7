//! `prova settings`: the settings under which machine code is made, which are the same everywhere.

use crate::report::{Exit, present};
use clap::Args;
use prova_core::Result;
use prova_native::{Config, CpuLevel, settings};
use prova_report::{Node, Table};

/// Shows the settings of the code generator
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &SettingsArgs) -> Result<Exit> {
    let level = Config::default().cpu;
    let name = match level {
        CpuLevel::V2 => "x86-64-v2",
        CpuLevel::V3 => "x86-64-v3",
    };
    let mut table = Table::new("", &["setting", "value"]);
    for (setting, value) in settings(level) {
        table.push([setting, value].map(str::to_owned), false);
    }
    let fixed = "No option changes them: the check of machine code depends on them, and the code of a module is the same on every machine.";
    let report = Node::of("settings", format!("Cranelift for {name} under Linux"))
        .with_evidence([fixed.to_owned()])
        .with_table(table);
    present(&report, args.json)?;
    Ok(Exit::Done)
}
