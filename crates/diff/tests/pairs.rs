//! Partners of functions, and how a report folds what follows from a function.
//!
//! Green does not show that partners of large modules are found well;
//! `crates/testing/tests/diff.rs` has edits of real programs.

use prova_diff::{DiffOptions, Kind, Origin, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("text format");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn compare(a: &str, b: &str) -> Report {
    diff(&module(a), &module(b), &DiffOptions::default())
}

/// A body with `count` operators of one kind, unlike bodies of another kind.
fn body(operator: &str, count: usize) -> String {
    let one = |i: usize| format!("i32.const {} i32.{operator} ", 1_000_000 + 7 * i);
    format!("local.get 0 {}", (0..count).map(one).collect::<String>())
}

#[test]
fn a_caller_of_a_rewritten_function_is_not_blamed() {
    let of = |callee: &str| {
        format!(
            "(module (func $a (param i32) (result i32) {}) (func (param i32) (result i32) {callee})
             (func (export \"main\") (param i32) (result i32) local.get 0 call 1 call $a))",
            body("mul", 60)
        )
    };
    let report = compare(&of(&body("xor", 80)), &of(&body("sub", 300)));
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!((difference.a, difference.b), (Some(1), Some(1)), "{}", report.to_text());
    assert_eq!(difference.verdict, Verdict::Changed);
}

/// The rejecting twin: a call of another function is the caller's.
#[test]
fn a_caller_that_calls_another_function_is_blamed() {
    let of = |callee: &str| {
        format!(
            "(module (func $a (param i32) (result i32) {}) (func $b (param i32) (result i32) {})
             (func (export \"main\") (param i32) (result i32) local.get 0 call {callee}))",
            body("mul", 60),
            body("xor", 80)
        )
    };
    let report = compare(&of("$a"), &of("$b"));
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!(difference.summary, "operand changed: call a → call b");
}

#[test]
fn one_operator_of_a_long_function_keeps_the_pair() {
    let long = |operator: &str| {
        let half = body("add", 2000);
        format!(
            "(module (func (param i32) (result i32) {half} i32.const 3 i32.{operator} {})
             (func (export \"main\") (param i32) (result i32) local.get 0 call 0 call 0))",
            &half["local.get 0 ".len()..]
        )
    };
    let report = compare(&long("mul"), &long("div_u"));
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!(difference.summary, "operator changed: i32.mul → i32.div_u");
}

#[test]
fn a_new_function_is_shown_and_its_export_follows() {
    let of = |more: &str| {
        format!(
            "(module (func (export \"main\") (param i32) (result i32) {}) {more})",
            body("mul", 9)
        )
    };
    let new = "(func (export \"new\") (result i32) i32.const 77)";
    let report = compare(&of(""), &of(new));
    let [cluster] = report.clusters.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!((cluster.causes, cluster.differences.len()), (1, 2), "{}", report.to_text());
    let [func, export] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!((func.kind, export.kind), (Kind::Function, Kind::Export));
    // What follows is still a difference.
    assert_eq!(export.verdict, Verdict::Changed);
    let shown: Vec<(Origin, &str)> =
        func.code.iter().map(|line| (line.origin, line.text.as_str())).collect();
    assert_eq!(shown, [(Origin::B, "i32.const 77"), (Origin::B, "end")]);
    assert!(report.to_text().contains("+ "), "{}", report.to_text());
}
