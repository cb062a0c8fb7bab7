//! Small scripts: each directive that can pass next to one that must fail.
//!
//! A green run does not show how an engine does on the specification's own suite (`tests/spec`).

use prova_core::{Config, Tier};
use prova_wast::{Options, Report, run};

fn report(source: &str) -> Report {
    run(source, &Options::default()).expect("the default configuration is accepted")
}

/// Runs `prelude` and then `directive`, which must be reported at its line, after the prelude
/// passed.
#[track_caller]
fn fails(prelude: &str, directive: &str, reason: &str) {
    let report = report(&format!("{prelude}\n{directive}"));
    let [failure] = report.failures.as_slice() else { panic!("one failure, got {report:?}") };
    assert_eq!(failure.line, prelude.matches('\n').count() + 2, "{report:?}");
    assert!(failure.message.contains(reason), "{reason} in {report:?}");
    assert!(report.skipped.is_empty());
}

#[track_caller]
fn passes(prelude: &str, directive: &str) {
    let report = report(&format!("{prelude}\n{directive}"));
    assert!(report.is_ok() && report.passed > 0, "{report:?}");
}

const CALC: &str = r#"(module $calc
  (global (export "g") i64 (i64.const 5))
  (func (export "div") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
  (func (export "nan") (result f32) f32.const 0 f32.const 0 f32.div)
  (func (export "vec") (result v128) v128.const i32x4 1 2 3 4)
  (func (export "ext") (param externref) (result externref) local.get 0)
  (func $loop (export "loop") call $loop))"#;

#[test]
fn returns_are_compared() {
    passes(CALC, r#"(assert_return (invoke "div" (i32.const 7) (i32.const 2)) (i32.const 3))"#);
    fails(
        CALC,
        r#"(assert_return (invoke "div" (i32.const 7) (i32.const 2)) (i32.const 4))"#,
        "got (i32.const 3)",
    );
    passes(CALC, r#"(assert_return (get "g") (i64.const 5))"#);
    fails(CALC, r#"(assert_return (get "g") (i64.const 6))"#, "got (i64.const 5)");
    passes(CALC, r#"(assert_return (invoke "nan") (f32.const nan:canonical))"#);
    fails(CALC, r#"(assert_return (invoke "nan") (f32.const 0))"#, "got (f32.const NaN");
    passes(CALC, r#"(assert_return (invoke "vec") (v128.const i32x4 1 2 3 4))"#);
    fails(CALC, r#"(assert_return (invoke "vec") (v128.const i32x4 1 2 4 3))"#, "got (v128.const");
    passes(CALC, r#"(assert_return (invoke "ext" (ref.extern 4)) (ref.extern 4))"#);
    fails(CALC, r#"(assert_return (invoke "ext" (ref.extern 4)) (ref.extern 5))"#, "externref");
    passes(CALC, r#"(assert_return (invoke "ext" (ref.null extern)) (ref.null extern))"#);
    fails(
        CALC,
        r#"(assert_return (invoke "ext" (ref.null extern)) (ref.extern 1))"#,
        "null externref",
    );
    passes(
        CALC,
        r#"(assert_return (invoke "nan") (either (f32.const 1) (f32.const nan:arithmetic)))"#,
    );
}

#[test]
fn traps_are_compared() {
    passes(
        CALC,
        r#"(assert_trap (invoke "div" (i32.const 7) (i32.const 0)) "integer divide by zero")"#,
    );
    fails(
        CALC,
        r#"(assert_trap (invoke "div" (i32.const 7) (i32.const 0)) "integer overflow")"#,
        "got `integer divide",
    );
    fails(
        CALC,
        r#"(assert_trap (invoke "div" (i32.const 7) (i32.const 1)) "integer overflow")"#,
        "got results",
    );
    passes(CALC, r#"(assert_exhaustion (invoke "loop") "call stack exhausted")"#);
    fails(CALC, r#"(assert_exhaustion (invoke "nan") "call stack exhausted")"#, "got results");
    passes("", r#"(assert_trap (module (func $f unreachable) (start $f)) "unreachable")"#);
}

#[test]
fn refusals_are_of_the_right_kind() {
    passes("", r#"(assert_invalid (module (func (result i32))) "type mismatch")"#);
    fails("", r#"(assert_invalid (module (func)) "type mismatch")"#, "accepted");
    passes("", r#"(assert_malformed (module quote "(func (nonsense))") "unknown operator")"#);
    passes(
        "",
        r#"(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")"#,
    );
    fails(
        "",
        r#"(assert_malformed (module binary "\00asm\01\00\00\00") "unknown binary version")"#,
        "accepted",
    );
    passes(
        "",
        r#"(assert_unlinkable (module (import "spectest" "nothing" (func))) "unknown import")"#,
    );
    passes(
        "",
        r#"(assert_unlinkable (module (import "spectest" "print" (global i32))) "incompatible import type")"#,
    );
    fails(
        "",
        r#"(assert_unlinkable (module (import "spectest" "print" (func))) "unknown import")"#,
        "linked",
    );
}

#[test]
fn instances_have_names() {
    let one = r#"(module $a (func (export "f") (result i32) i32.const 1))
(module $b (func (export "f") (result i32) i32.const 2))
(register "a" $a)"#;
    passes(one, r#"(assert_return (invoke $a "f") (i32.const 1))"#);
    passes(one, r#"(assert_return (invoke "f") (i32.const 2))"#);
    passes(
        one,
        r#"(module (import "a" "f" (func (result i32))) (export "g" (func 0)))(assert_return (invoke "g") (i32.const 1))"#,
    );
    let definition = "(module definition $m (global (export \"g\") (mut i32) (i32.const 3)))";
    passes(
        definition,
        r#"(module instance $x $m)(module instance $y $m)(assert_return (get $y "g") (i32.const 3))"#,
    );
}

#[test]
fn what_needs_a_failed_module_is_skipped() {
    let report = report(
        r#"(module $a (import "nowhere" "f" (func)))
           (register "a")
           (assert_return (invoke "f"))
           (module (import "a" "f" (func)))"#,
    );
    assert_eq!(report.failures.len(), 1, "{report:?}");
    assert_eq!(report.skipped.len(), 3, "{report:?}");
    assert_eq!(report.passed, 0);
}

/// Threads share the memory that an instance exports, and what fails in them is found, whether
/// they are awaited or not.
#[test]
fn threads_share_a_memory() {
    let config = Config::new().shared_memory(true).clone();
    let options = Options { config, ..Options::default() };
    let script = |asserted: &str, wait: &str| {
        let text = format!(
            r#"(module $m (memory (export "m") 1 1 shared))
            (thread $a (shared (module $m))
                (register "m" $m)
                (module (memory (import "m" "m") 1 1 shared)
                    (func (export "f") (result i32)
                        (i32.atomic.store (i32.const 0) (i32.const 42))
                        (memory.atomic.notify (i32.const 0) (i32.const 1))))
                (assert_return (invoke "f") (i32.const {asserted})))
            {wait}
            (module (memory (import "m" "m") 1 1 shared)
                (func (export "f") (result i32) (i32.atomic.load (i32.const 0))))
            (assert_return (invoke "f") (i32.const 42))"#
        );
        run(&text, &options).expect("a script")
    };
    let report = script("0", "(wait $a)");
    assert!(report.is_ok() && report.passed == 8, "{report:?}");
    for wait in ["(wait $a)", ""] {
        let report = script("1", wait);
        let found = report.failures.iter().any(|finding| finding.line == 8);
        assert!(found, "{report:?}");
    }
}

#[test]
fn what_is_not_supported_says_so() {
    fails("(module)", "(thread $t (thread $u))", "a thread of a thread");
    fails("(module)", "(wait $t)", "no such thread runs");
    let report = report("(module (memory 1 1 shared))");
    assert!(report.is_unsupported(), "{report:?}");
    assert_eq!(report.failures[0].unsupported, Some("shared memories"));
    fails("(module)", r#"(assert_invalid_custom (module) "anything")"#, "accepted");
    passes("(module)", r#"(assert_malformed_custom (module quote "(@name 1)") "anything")"#);
    let report = self::report("(module (func (result i32)))");
    assert!(!report.is_ok() && !report.is_unsupported(), "{report:?}");
    let report = self::report("(module) (nonsense)");
    assert_eq!((report.failures.len(), report.failures[0].line), (1, 1), "{report:?}");
}

#[test]
fn all_tiers_run_scripts() {
    let script = format!(
        r#"{CALC} (assert_return (invoke "div" (i32.const 7) (i32.const 2)) (i32.const 3))
           (assert_trap (invoke "div" (i32.const 7) (i32.const 0)) "integer divide by zero")
           (assert_exhaustion (invoke "loop") "call stack exhausted")"#
    );
    for tier in Tier::ALL {
        let mut config = Config::new();
        config.tier(tier);
        let options = Options { config, ..Options::default() };
        let report = run(&script, &options).expect("the configuration is accepted");
        assert!(report.is_ok() && report.passed == 4, "{tier:?}: {report:?}");
    }
}

/// Objects are shown by their kind, small integers by their number.
#[test]
fn objects_are_shown_by_their_kind() {
    let objects = r#"(module (type $p (struct (field i32))) (type $a (array i8))
  (func (export "struct") (result anyref) (struct.new $p (i32.const 1)))
  (func (export "array") (result anyref) (array.new_default $a (i32.const 1)))
  (func (export "small") (result anyref) (ref.i31 (i32.const -3))))"#;
    for (name, is, other, shown) in [
        ("struct", "(ref.struct)", "(ref.array)", "got <structref>"),
        ("array", "(ref.array)", "(ref.i31)", "got <arrayref>"),
        ("small", "(ref.i31)", "(ref.struct)", "got (ref.i31 -3)"),
    ] {
        passes(objects, &format!("(assert_return (invoke \"{name}\") {is})"));
        fails(objects, &format!("(assert_return (invoke \"{name}\") {other})"), shown);
    }
}
