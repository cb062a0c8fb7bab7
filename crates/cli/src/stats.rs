//! The last lines of `prova run --stats`: fuel, or dispatches of the interpreter; in tier `native`
//! how many of the functions that were called stay bytecode.
//!
//! Limits: of ops and of pairs, the most frequent ones are listed.

use prova_builds::names::counted;
use prova_core::{CodeRefusal, DispatchCounts, Module, Refusal, RefusalReason};
use prova_report::{Node, Table};
use std::collections::BTreeMap;

/// The counters of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stats {
    /// Units of fuel
    Fuel,
    /// Instructions of the bytecode, by op and by pairs of ops
    Dispatches,
    /// Functions and loops that run as machine code, and why others do not
    Tiers,
}

/// The fuel that was used.
pub(crate) fn fuel(limit: Option<u64>, left: u64) -> String {
    match limit {
        Some(limit) => format!("fuel used: {} units, {left} left", limit.saturating_sub(left)),
        None => format!("fuel used: {} units", u64::MAX - left),
    }
}

/// The functions without machine code, by cause, under a title that names them.
pub(crate) fn bytecode(what: &str, refusals: &[Refusal]) -> Node {
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    for refusal in refusals {
        let cause = match &refusal.reason {
            RefusalReason::Declined(why) | RefusalReason::OfModule(why) => why.clone(),
            RefusalReason::Damaged(_) => "its code is damaged".to_owned(),
            RefusalReason::Rejected(CodeRefusal::Unproved(why)) => {
                format!("not proved: {}", why.cause())
            }
            RefusalReason::Rejected(_) => "the check refused the code".to_owned(),
        };
        *causes.entry(cause).or_default() += 1;
    }
    let mut table = Table { shown: Some(ROWS), ..Table::new("", &[">", ""]) };
    causes.into_iter().for_each(|(cause, count)| table.push([count.to_string(), cause], false));
    let title = format!("functions {what}: {}", refusals.len());
    Node::of("bytecode", title).with_table(table)
}

/// Each function without machine code, with the reason.
pub(crate) fn each(module: &prova_module::Module, refusals: &[Refusal]) -> Node {
    let mut table = Table::new("", &[">", "", ""]);
    for Refusal { func, reason, .. } in refusals {
        let name = module.func_name_or_export(*func).unwrap_or_default().to_owned();
        table.push([func.to_string(), name, reason.to_string()], false);
    }
    let all = module.defined_funcs().len();
    let title = format!("functions with machine code: {} of {all}", all - refusals.len());
    Node::of("report", title).with_table(table)
}

/// How much of a module runs as machine code.
pub(crate) fn tiers(module: &Module) -> Node {
    let tiers = module.tiers();
    let all = module.wasm().defined_funcs().count();
    let title = format!(
        "machine code: {} of {all} functions ({} from the cache), {} entered at a round",
        tiers.functions.len(),
        tiers.cached,
        counted(tiers.loops.len() as u64, "loop")
    );
    let mut table = Table { shown: Some(ROWS), ..Table::new("loops without", &["<", "<", ""]) };
    for (func, offset, why) in &tiers.refused {
        let name = module.wasm().func_name_or_export(*func);
        let name = name.map_or_else(|| func.to_string(), str::to_owned);
        table.push([name, format!("{offset:#x}"), why.to_string()], false);
    }
    let refusals = module.refusals();
    let functions = bytecode("that stay bytecode", &refusals);
    Node::of("tiers", title).with_table(table).with_children([functions])
}

/// The most rows of a list that are shown.
const ROWS: usize = 40;

/// The ops that ran most, and the pairs of ops.
pub(crate) fn dispatches(counts: Option<&DispatchCounts>) -> Node {
    let Some(counts) = counts else {
        return Node::new("dispatches: only the interpreter with tail calls counts them");
    };
    let total = counts.total();
    let ops = counts.ops().map(|(op, count)| (op.mnemonic().to_owned(), count));
    let pairs =
        counts.pairs().map(|(a, b, count)| (format!("{}, {}", a.mnemonic(), b.mnemonic()), count));
    Node::of("dispatches", format!("dispatches: {total}"))
        .with_table(list("ops", total, ops.collect()))
        .with_table(list("pairs", total, pairs.collect()))
}

fn list(title: &str, total: u64, mut rows: Vec<(String, u64)>) -> Table {
    // Stable, so that equal counts stay in the order of the ops.
    rows.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let table = Table::new(format!("{title}: {}", rows.len()), &[">", ">", ""]);
    let mut table = Table { shown: Some(ROWS), ..table };
    for (name, count) in rows {
        let percent = count as f64 * 100.0 / total.max(1) as f64;
        table.push([format!("{percent:.2} %"), count.to_string(), name], false);
    }
    table
}
