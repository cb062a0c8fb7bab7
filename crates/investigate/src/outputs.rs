//! Two outputs of a build that differ → what kind of file they are, and where in it they part,
//! modules compared in full.
//!
//! [`kind`](mod@prova_builds::repro::kind) tells the kinds and looks into archives and text;
//! [`diff`](mod@prova_diff) compares WebAssembly.
//!
//! `tests/outputs.rs` has two modules that differ and a damaged one.

use prova_builds::names::printable_line;
use prova_builds::repro::kind::{self, Detail};
use prova_diff::{DiffOptions, diff};
use prova_module::{Features, Limits, Module};
use prova_report::Node;
use serde_json::Value;
use std::path::Path;

/// Maximum number of lines that are printed of the comparison of two modules.
pub const LINES_SHOWN_MAX: usize = 60;

/// Compares two files; nothing if one is not there.
pub fn detail(a: &Path, b: &Path) -> Option<Detail> {
    kind::detail(a, b, &modules)
}

fn modules([a, b]: [(&Path, Vec<u8>); 2]) -> (Vec<String>, Option<Value>) {
    let decode = |bytes: Vec<u8>| Module::decode(bytes, &Features::default(), &Limits::default());
    let names = (a.0.display().to_string(), b.0.display().to_string());
    match (decode(a.1), decode(b.1)) {
        (Ok(module_a), Ok(module_b)) => {
            let options = DiffOptions { names, ..DiffOptions::default() };
            let report = diff(&module_a, &module_b, &options);
            // The names of both modules stand there already.
            let text = Node { evidence: Vec::new(), ..report.tree() }.to_text();
            let lines = text.lines().take(LINES_SHOWN_MAX).map(str::to_owned);
            let mut lines: Vec<String> = lines.collect();
            if text.lines().count() > LINES_SHOWN_MAX {
                lines.push("… more: see `prova diff` of the kept outputs".into());
            }
            (lines, serde_json::to_value(&report).ok())
        }
        (Err(error), _) | (_, Err(error)) => (
            vec![format!("not compared as a module: {}", printable_line(&error.to_string()))],
            None,
        ),
    }
}
