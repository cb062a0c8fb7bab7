//! The last lines of `prova run --stats`: fuel, or dispatches of the interpreter; in tier `native`
//! how many of the functions that were called stay bytecode.
//!
//! Limits: of ops and of pairs, the most frequent ones are listed.

use prova::{DispatchCounts, Refusal, RefusalReason};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The counters of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stats {
    /// Units of fuel
    Fuel,
    /// Instructions of the bytecode, by op and by pairs of ops
    Dispatches,
}

/// The fuel that was used.
pub(crate) fn fuel(limit: Option<u64>, left: u64) -> String {
    match limit {
        Some(limit) => format!("fuel used: {} units, {left} left", limit.saturating_sub(left)),
        None => format!("fuel used: {} units", u64::MAX - left),
    }
}

/// The functions without machine code, by cause.
pub(crate) fn bytecode(refusals: &[Refusal]) -> String {
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    for refusal in refusals {
        let cause = match &refusal.reason {
            RefusalReason::Declined(why) | RefusalReason::OfModule(why) => why.clone(),
            RefusalReason::Rejected(_) => "the check refused the code".to_owned(),
        };
        *causes.entry(cause).or_default() += 1;
    }
    let mut text = format!("functions that ran as bytecode: {}", refusals.len());
    for (cause, count) in causes.iter().take(LINES) {
        let _ = write!(text, "\n{count:6}  {cause}");
    }
    text
}

/// How many lines a list has at most.
const LINES: usize = 40;

/// The ops that ran most, and the pairs of ops.
pub(crate) fn dispatches(counts: Option<&DispatchCounts>) -> String {
    let Some(counts) = counts else {
        return "dispatches: only the interpreter with tail calls counts them".to_owned();
    };
    let total = counts.total();
    let mut text = format!("dispatches: {total}");
    let ops = counts.ops().map(|(op, count)| (op.mnemonic().to_owned(), count)).collect();
    list(&mut text, "ops", total, ops);
    let pairs =
        counts.pairs().map(|(a, b, count)| (format!("{}, {}", a.mnemonic(), b.mnemonic()), count));
    list(&mut text, "pairs", total, pairs.collect());
    text
}

fn list(text: &mut String, title: &str, total: u64, mut rows: Vec<(String, u64)>) {
    // Stable, so that equal counts stay in the order of the ops.
    rows.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let _ = write!(text, "\n{title}: {}", rows.len());
    for (name, count) in rows.iter().take(LINES) {
        let percent = *count as f64 * 100.0 / total.max(1) as f64;
        let _ = write!(text, "\n{percent:6.2} %  {count:12}  {name}");
    }
}
