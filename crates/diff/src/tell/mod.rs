//! Findings → the report: sentences, clusters of one cause, and their order.
//!
//! ```text
//! Findings ─ words ─► differences ─► clusters ─ rank, notes ─► Report ─► tree (text, JSON) │ HTML
//! ```

pub(crate) mod assumed;
pub(crate) mod cause;
pub(crate) mod cluster;
pub(crate) mod code;
mod html;
mod notes;
mod rank;
pub(crate) mod report;
pub(crate) mod tree;
mod words;

use crate::judge::Findings;
use crate::numbers::Numbers;
use cluster::{Clusterer, told};
use report::{Input, Report};

/// Tells all findings; `code_lines` is the most lines of aligned code of one function.
pub(crate) fn tell(
    numbers: &Numbers<'_, '_>,
    findings: &Findings<'_>,
    inputs: (Input, Input),
    code_lines: usize,
) -> Report {
    let (sides, data) = (numbers.sides(), &numbers.data);
    let told = told(sides, &findings.functions);
    let mut clusterer = Clusterer::new(sides, &numbers.paired.functions, code_lines);
    clusterer.exchanges(&told);
    clusterer.data(&findings.data, (&data.shift, &data.places, data.recut));
    clusterer.functions(&findings.functions, &told);
    clusterer.sections(&findings.sections);
    clusterer.encoding();
    clusterer.report(inputs, &findings.functions)
}
