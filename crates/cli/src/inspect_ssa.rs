//! `prova inspect --ssa`: a function's WebAssembly beside its SSA form, before and after the
//! passes.
//!
//! Lines meet by their offsets in the module: what an instruction, a block's head or its end comes
//! from stands in its row. A line above says which pass was refused, if one was.

use crate::report::{Misuse, present};
use prova_core::{Result, bail};
use prova_module::ops::Value as Field;
use prova_module::{FuncIdx, Module, Opcode};
use prova_optimize::{Pass, optimize};
use prova_report::{Node, Table};
use prova_ssa::{Body, CheckedBody, Metering, build};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The lines of one offset: WebAssembly, SSA, and what became of it.
pub(crate) type Row = [Vec<String>; 3];

/// Prints a function.
///
/// # Errors
/// If it has no SSA form, or one that is not proved.
pub(crate) fn run(module: &Module, func: FuncIdx, passes: &[Pass]) -> Result<()> {
    let Some(wasm) = module.body(func) else {
        bail!(Misuse(format!("{func} is an import: there is no body to show")));
    };
    let body = CheckedBody::check(module, build(module, func, Metering::NONE)?)?;
    let before = body.body().clone();
    let (after, refused) = optimize(body, passes);
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    for operator in wasm.operators().into_iter_with_offsets() {
        let (operator, offset) = operator?;
        rows.entry(offset as u32).or_default()[0].push(operator_text(&operator));
    }
    for (column, body) in [(1, &before), (2, after.body())] {
        for (offset, line) in lines(body) {
            rows.entry(offset).or_default()[column].push(line);
        }
    }
    let names: Vec<&str> = passes.iter().map(|pass| pass.name()).collect();
    let report = Node::of("ssa", format!("{func}, after: {}", names.join(" ")))
        .with_evidence(refused.iter().map(ToString::to_string))
        .with_table(table(&rows, ["WebAssembly", "SSA before", "SSA after"]));
    present(&report, false)
}

/// The lines of three columns, by offset.
pub(crate) fn table(rows: &BTreeMap<u32, Row>, heads: [&str; 3]) -> Table {
    let [first, second, third] = heads;
    let mut table = Table::new("", &[">", first, second, third]);
    for (offset, row) in rows {
        let cells = row.iter().map(|lines| lines.join("\n"));
        table.push([format!("{offset:#x}")].into_iter().chain(cells), false);
    }
    table
}

/// An operator with its immediates, cut to the width of a column.
pub(crate) fn operator_text(operator: &prova_module::Operator<'_>) -> String {
    let mut text = Opcode::of(operator).mnemonic().to_owned();
    for (_, field) in Opcode::immediates(operator).iter() {
        let _ = match field {
            Field::Index(index) => write!(text, " {index}"),
            Field::I32(value) => write!(text, " {value}"),
            Field::I64(value) => write!(text, " {value}"),
            Field::MemArg(memarg) if memarg.offset != 0 => {
                write!(text, " offset={}", memarg.offset)
            }
            _other => Ok(()),
        };
    }
    text
}

/// The lines of a body with their offsets, which stand behind `@` in them.
pub(crate) fn lines(body: &Body) -> impl Iterator<Item = (u32, String)> {
    let text = body.to_string();
    let lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    lines.into_iter().filter_map(|line| {
        let (before, after) = line.rsplit_once(" @0x")?;
        let (digits, rest) = after.split_once(' ').unwrap_or((after, ""));
        let offset = u32::from_str_radix(digits, 16).ok()?;
        let space = if rest.is_empty() { "" } else { " " };
        Some((offset, format!("{before}{space}{rest}")))
    })
}
