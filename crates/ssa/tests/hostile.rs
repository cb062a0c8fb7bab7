//! Shapes that blow up: deep, wide, or with more locals times blocks than fit anywhere.
//!
//! A green run does not show how long it takes; `examples/build_speed.rs` measures. Sizes are
//! asserted, times are not.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::{Body, BuildReason, Metering, build, build_within, parse, print, verify};

fn module(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("a text");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// Builds the only function, asks of it what bodies owe, and gives it with the arguments of its
/// edges.
fn sound(text: &str) -> (Body, usize) {
    let module = module(text);
    let body = build(&module, FuncIdx(0), Metering::BOTH).expect("it is built");
    assert_eq!(verify(&module, &body), Ok(()));
    assert_eq!(parse(&print(&body)).as_ref(), Ok(&body));
    let args = |block| body.successors(block).map(|edge| body.args(&edge).len()).sum::<usize>();
    let args = body.blocks().map(|(block, _)| args(block)).sum();
    (body, args)
}

fn times(n: usize, of: impl Fn(usize) -> String) -> String {
    (0..n).map(of).collect()
}

#[test]
fn many_locals_times_many_blocks_cost_their_sum() {
    let locals = "i32 ".repeat(40_000);
    // Each block writes one local; at the end all are read.
    let blocks =
        times(10_000, |i| format!("(block (br_if 0 (local.get 0)) (local.set {i} (i32.const 1)))"));
    let reads = times(40_000, |i| format!("(i32.store (i32.const 0) (local.get {i}))"));
    let text = format!("(module (memory 1) (func (param i32) (local {locals}) {blocks} {reads}))");
    let (body, args) = sound(&text);
    assert_eq!(args, 2 * 10_000);
    assert!(body.value_count() < 200_000, "{} values", body.value_count());
}

#[test]
fn loops_that_write_other_locals_need_no_parameters() {
    // The masks of 64 bits say that each loop writes each local.
    let blocks = times(500, |i| {
        let sets = times(64, |j| format!("(local.set {} (i32.const 1))", 64 * (i % 100) + j));
        format!("(loop {sets} (br_if 0 (local.get 0)))")
    });
    let locals = "i32 ".repeat(6500);
    let reads = times(6500, |i| format!("(i32.store (i32.const 0) (local.get {i}))"));
    let text = format!(
        "(module (memory 1) (func (param i32) (local {locals}) {blocks} (loop {reads} (br_if 0 (local.get 6499)))))"
    );
    let (_, args) = sound(&text);
    assert!(args <= 2 * 500 * 2, "{args} arguments");
}

#[test]
fn depth_is_bounded_by_memory_alone() {
    for (open, close) in [
        ("(block (br_if 0 (local.get 0)) ", ")"),
        ("(loop (br_if 0 (local.get 0)) ", ")"),
        ("(if (local.get 0) (then ", "))"),
        ("(if (local.get 0) (then (local.set 1 (i32.const 1))) (else ", "))"),
        ("(block (try_table (catch_all 0) (call 0 (i32.const 0)) ", "))"),
    ] {
        let n = 4000;
        let text = format!(
            "(module (func (param i32) (local i32) {} (local.set 1 (local.get 1)) {}))",
            open.repeat(n),
            close.repeat(n)
        );
        let (body, args) = sound(&text);
        assert!(body.block_count() <= 4 * n + 4 && args <= 4 * n, "{open}: {args} arguments");
    }
}

#[test]
fn wide_tables_share_their_edges() {
    let text = format!(
        "(module (func (param i32) (result i32)
           (block (result i32) (br_table {} (local.get 0) (local.get 0)))))",
        "0 ".repeat(100_000)
    );
    let (_, args) = sound(&text);
    assert_eq!(args, 1);
}

#[test]
fn handlers_cost_calls_plus_clauses() {
    let calls = "(call 0)".repeat(2000);
    let open = "(block (try_table (catch_all 0) ".repeat(500);
    let text = format!("(module (func {open} {calls} {}))", "))".repeat(500));
    let (body, _) = sound(&text);
    assert!(body.block_count() < 5000, "{} blocks", body.block_count());
}

#[test]
fn what_is_quadratic_in_ssa_is_refused_at_the_limit() {
    // Each of the nested loops has a parameter for each local.
    let (loops, locals) = (60, 50);
    let open = "(loop ".repeat(loops);
    let sets = times(locals, |i| {
        format!("(local.set {} (i32.add (local.get {}) (i32.const 1)))", i + 1, i + 1)
    });
    let close = "(br_if 0 (local.get 0)))".repeat(loops);
    let text = format!(
        "(module (func (param i32) (local {}) {open} {sets} {close}))",
        "i32 ".repeat(locals)
    );
    let module = module(&text);
    let within = |args_base| {
        let limits = prova_ssa::Limits { args_base, args_per_byte: 0 };
        build_within(&module, FuncIdx(0), Metering::NONE, limits)
    };
    let args = (2 * loops * locals) as u64;
    let body = within(args).expect("it fits");
    assert_eq!(verify(&module, &body), Ok(()));
    let error = within(args - 1).expect_err("one too many");
    assert_eq!(error.reason, BuildReason::Args { limit: args - 1 });
}

#[test]
fn a_function_without_body_is_refused() {
    let module = module("(module (import \"a\" \"b\" (func)))");
    for func in [0, 1] {
        let error = build(&module, FuncIdx(func), Metering::NONE).expect_err("no body");
        assert_eq!(error.reason, BuildReason::NoBody);
    }
}
