//! Functions that differ, cut out of their modules: the small pair is compared again here, apart
//! from the search.
//!
//! Green does not show that the pair is the smallest there is, nor that it explains the difference
//! better than the large one.

use prova_investigate::diff::{DiffOptions, Kind, Origin, Verdict, diff};
use prova_investigate::isolate::{Isolated, NotShown, Options, isolate, symbol};
use prova_module::{Features, Limits, Module};
use std::path::Path;

fn decode(bytes: Vec<u8>) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn case(name: &str) -> Module {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases").join(name);
    decode(std::fs::read(path).expect("a case's file"))
}

fn text(text: &str) -> Module {
    decode(wat::parse_str(text).expect("text format"))
}

/// Isolates, and compares the small pair once more.
fn isolated(a: &Module, b: &Module, function: Option<&str>) -> Isolated {
    let isolated = isolate(a, b, function, &Options::default()).expect("it differs");
    let [small_a, small_b] =
        [&isolated.a, &isolated.b].map(|module| decode(module.bytes().to_vec()));
    let report = diff(&small_a, &small_b, &DiffOptions::default());
    let of_it = report
        .differences
        .iter()
        .find(|one| one.kind == Kind::Function && one.a == Some(isolated.funcs.0.into()));
    assert_eq!(of_it.map(|one| one.verdict), Some(isolated.verdict), "{}", report.to_text());
    assert!(
        report.clusters.iter().any(|cluster| cluster.cause == isolated.cause),
        "{}",
        report.to_text()
    );
    isolated
}

#[test]
fn the_dispatcher_is_cut_down_to_its_states() {
    let (a, b) = (case("irreducible/a.wasm"), case("irreducible/b.wasm"));
    let small = isolated(&a, &b, Some("run"));
    assert_eq!((small.verdict, small.function.as_str()), (Verdict::LayoutOnly, "run"));
    assert!(small.after.0.operators < small.before.0.operators / 2, "{small:?}");
    // The table, a state and a branch still change together.
    let report = diff(&small.a, &small.b, &DiffOptions::default());
    let code = report.differences.iter().flat_map(|one| &one.code);
    let changed: Vec<&str> =
        code.filter(|line| line.origin != Origin::Both).map(|line| line.text.as_str()).collect();
    for operator in ["br_table ", "i32.const ", "br "] {
        assert!(changed.iter().any(|line| line.starts_with(operator)), "{operator}: {changed:?}");
    }
    assert!(!small.exhausted);
    let again = isolated(&a, &b, None);
    assert_eq!(small.a.bytes(), again.a.bytes(), "the search depends on the modules alone");
}

#[test]
fn a_moved_address_keeps_the_data_that_moved() {
    let small = isolated(&case("path-shift/a.wasm"), &case("path-shift/b.wasm"), Some("f"));
    assert_eq!(
        (small.verdict, small.cause.as_str()),
        (Verdict::AssumedMoved, "path string grew by 25 bytes; later addresses moved")
    );
    assert!(
        small.after.0.bytes < small.before.0.bytes / 10 && !small.a.data().is_empty(),
        "{small:?}"
    );
}

/// A function that uses something of every index space, with one constant.
fn everything(constant: u32) -> Module {
    text(&format!(
        r#"(module
        (import "env" "unused" (func $unused)) (import "env" "log" (func $log (param i32))) (import "env" "base" (global $base i32))
        (type $unary (func (param i32) (result i32)))
        (memory 1) (table $t 4 funcref) (table $extra 1 externref) (global $counter (mut i32) (i32.const 7)) (global $dead i64 (i64.const 1)) (tag $failed (param i32))
        (data $words (i32.const 64) "abcdefgh") (data $passive "xyz") (elem $e (table $t) (i32.const 0) func $leaf $other)
        (func $leaf (type $unary) local.get 0 i32.const 3 i32.mul)
        (func $other (type $unary) local.get 0 i32.const 5 i32.add call $leaf)
        (func $bystander (export "bystander") call $unused)
        (func $differs (export "differs") (param $x i32) (result i32) (local $r i32) (local $f funcref)
          local.get $x call $log
          local.get $x global.get $base i32.add local.set $r
          i32.const 64 i32.load local.get $r i32.add)
        (func $wide (export "wide") (param $x i32) (result i32) (local $r i32) (local $f funcref)
          block $caught (result i32)
            try_table (catch $failed $caught)
              local.get $x call $log
              local.get $x i32.eqz if local.get $x throw $failed end
              ref.func $bystander local.set $f
              global.get $counter local.get $x i32.add global.set $counter
              i32.const 0 i32.const 0 i32.const 3 memory.init $passive
              i32.const {constant} local.set $r
              local.get $x local.get $x i32.const 1 i32.and call_indirect $t (type $unary) local.get $r i32.add local.set $r
            end
            local.get $r
          end))"#
    ))
}

#[test]
fn everything_a_function_needs_comes_along_and_the_rest_goes() {
    let small = isolated(&everything(1000), &everything(1001), Some("wide"));
    assert_eq!(small.cause, "constant changed: i32.const 1000 → i32.const 1001");
    assert_eq!(small.verdict, Verdict::Changed);
    // `i32.const 1000 local.set $r` and what gives the result.
    assert!(small.after.0.operators <= 12, "{small:?}");
    assert!(
        small.a.imports().is_empty() && small.a.data().is_empty() && small.a.tables().is_empty(),
        "{:?}",
        small.a.imports()
    );
    // With no budget for statements nothing is taken out, so all needs must be there.
    let options = Options { work: 2_000, ..Options::default() };
    let whole =
        isolate(&everything(1000), &everything(1001), Some("wide"), &options).expect("it differs");
    assert!(whole.exhausted && whole.after.0.operators == whole.before.0.operators, "{whole:?}");
    assert!(
        whole.a.tables().len() == 1
            && whole.a.globals().len() == 1
            && whole.a.tag_count() == 1
            && whole.a.memories().len() == 1
    );
    assert_eq!(whole.a.types().len(), 3, "those of the function, of `log` and of `bystander`");
}

#[test]
fn what_cannot_be_isolated_is_refused_with_the_reason() {
    let (a, b) = (everything(1000), everything(1001));
    for (function, words) in [
        ("nothing", "there is no function"),
        ("differs", "does not differ"),
        ("e", "may be one of"),
        ("func1", "does not differ"),
    ] {
        let error = isolate(&a, &b, Some(function), &Options::default()).expect_err("it cannot be");
        assert!(
            error.to_string().contains(words) && !error.is::<NotShown>(),
            "{function}: {error}"
        );
    }
    let error = isolate(&a, &a, None, &Options::default()).expect_err("equal");
    assert!(error.to_string().contains("no function differs"), "{error}");
    let alone =
        text("(module (func $f (export \"f\")) (func $g (export \"g\") (result i32) i32.const 1))");
    let other = text("(module (func $f (export \"f\")))");
    let error = isolate(&alone, &other, Some("g"), &Options::default()).expect_err("only in A");
    assert!(error.to_string().contains("only in A"), "{error}");
    // What is inlined is not told apart without its callee: the whole is needed, or the pair shows
    // it.
    assert_eq!(symbol(&a, &b, None).expect("one differs"), "wide");
}

#[test]
fn each_of_many_planted_constants_is_isolated() {
    for seed in 0..40u32 {
        let module = |constant: u32| {
            let mut funcs = String::new();
            for f in 0..6u32 {
                let value = if f == seed % 6 { constant } else { 50_000 + f };
                let depth = 1 + (seed + f) % 3;
                let (open, close) =
                    ("block ".repeat(depth as usize), "end ".repeat(depth as usize));
                funcs += &format!(
                    "(func $f{f} (param i32) (result i32) (local i32) local.get 0 i32.const {} i32.xor local.set 1 {open} local.get 0 br_if 0 local.get 1 i32.const {value} i32.add local.set 1 {close} local.get 1 call $f{} local.get 1 i32.sub)",
                    70_000 + f * seed,
                    (f + 1) % 6
                );
            }
            text(&format!("(module {funcs} (export \"run\" (func $f0)))"))
        };
        let name = format!("f{}", seed % 6);
        let small = isolated(&module(1_000_000 + seed), &module(2_000_000 + seed), Some(&name));
        assert!(small.after.0.operators <= 16, "seed {seed}: {small:?}");
        assert!(small.after.0.functions <= 2, "seed {seed}: {small:?}");
    }
}
