//! Two modules → a report: the four stages in a row.

use crate::judge::judge;
use crate::judge::verdict::Verdict;
use crate::numbers::Numbers;
use crate::pair::paired::Paired;
use crate::tell::report::{Count, Input, Report};
use crate::tell::tell;
use prova_module::{Features, Module};

/// Options of a comparison.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// Executions that back one `layout-only`; fewer where there are many.
    pub runs: u32,
    /// Most lines of aligned code of one function.
    pub code_lines: usize,
    /// Names of the two modules in the report.
    pub names: (String, String),
    /// Proposals that modules of [`diff_binaries`](crate::diff_binaries) may use; modules with
    /// others are compared byte for byte.
    pub features: Features,
}

impl Default for DiffOptions {
    fn default() -> DiffOptions {
        let names = ("A".into(), "B".into());
        DiffOptions { runs: 100, code_lines: 80, names, features: Features::default() }
    }
}

/// Compares two modules.
pub fn diff(a: &Module, b: &Module, options: &DiffOptions) -> Report {
    counted(a, b, options).0
}

/// For each function of `a` its partner in `b`, if it has one.
pub fn partners(a: &Module, b: &Module) -> Vec<Option<u32>> {
    Paired::new(a, b).functions.a_to_b
}

/// Compares two modules; also gives the steps of work that it took.
pub(crate) fn counted(a: &Module, b: &Module, options: &DiffOptions) -> (Report, u64) {
    let inputs = (input(a, &options.names.0), input(b, &options.names.1));
    if a.bytes() == b.bytes() {
        let count =
            Count { verdict: Verdict::Identical, functions: a.func_count() as u64, others: 0 };
        let (differences, clusters) = (Vec::new(), Vec::new());
        let (a, b, counts) = (inputs.0, inputs.1, vec![count]);
        return (Report { a, b, equal: true, counts, clusters, differences }, 0);
    }
    let paired = Paired::new(a, b);
    let numbers = Numbers::new(&paired);
    let findings = judge(&numbers, options.runs);
    let report = tell(&numbers, &findings, inputs, options.code_lines);
    let (a, b) = paired.sides();
    (report, a.spent() + b.spent())
}

fn input(module: &Module, name: &str) -> Input {
    Input {
        name: prova_builds::names::printable(name),
        bytes: module.bytes().len() as u64,
        functions: module.func_count() as u64,
    }
}
