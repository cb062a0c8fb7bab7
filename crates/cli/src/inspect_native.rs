//! `prova inspect --native`: a function's WebAssembly beside its SSA form and its machine code, by
//! their offsets in the module; behind them the CLIF that Cranelift was given.
//!
//! An instruction stands in the row of the operator that Cranelift says it belongs to; those that
//! belong to none stand in the row of the function's beginning. An instruction that may trap says
//! so, and which trap it is. `prova check-code --explain` says what the check needs of an
//! instruction.

use crate::check_code::{Maker, instruction};
use crate::inspect_ssa::{Row, lines, operator_text, table};
use crate::report::{Misuse, present};
use prova_core::{Result, bail};
use prova_module::{FuncIdx, Module};
use prova_native::{Config, body};
use prova_report::Node;
use std::collections::BTreeMap;

/// Prints a function.
///
/// # Errors
/// If it has no machine code.
pub(crate) fn run(module: &Module, func: FuncIdx, config: (&Config, bool)) -> Result<()> {
    let Some(wasm) = module.body(func) else {
        bail!(Misuse(format!("{func} is an import: there is no body to show")));
    };
    let maker = Maker::new(module, config)?;
    let made = maker.made(func)?;
    let ssa = body(module, func, config.0.metering)?;
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    for operator in wasm.operators().into_iter_with_offsets() {
        let (operator, offset) = operator?;
        rows.entry(offset as u32).or_default()[0].push(operator_text(&operator));
    }
    for (offset, line) in lines(ssa.body()) {
        rows.entry(offset).or_default()[1].push(line);
    }
    let first = rows.keys().next().copied().unwrap_or(0);
    for line in &made.lines {
        let row = rows.entry(line.wasm_offset.unwrap_or(first)).or_default();
        row[2].push(instruction(line).trim_start().to_owned());
    }
    let report = made.report().with_table(table(&rows, ["WebAssembly", "SSA", "machine code"]));
    let clif = maker.clif(func)?;
    let clif = clif.lines().map(str::to_owned);
    let clif = Node::of("clif", "what Cranelift was given").with_evidence(clif);
    let title = format!("{func}: {}", report.title);
    let children = made.accesses().into_iter().chain([clif]);
    present(&Node { title, ..report }.with_children(children), false)
}
