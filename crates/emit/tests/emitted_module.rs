//! The parts of two modules that the proof of emission compares beside bodies (E1), and calls (E5).
//!
//! Green shows that these sections are compared. It does not show that the emitter leaves them as
//! they are: `tests/emitted.rs` does.

use prova_emit::emitted::{EmittedBody, Homes, Rule, Twin};
use prova_module::{Features, FuncIdx, Limits, Module, Proposal};
use prova_ssa::{CheckedBody, Metering, build};

fn decode(text: &str, features: &Features) -> Module {
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, features, &Limits::default()).expect("a valid module")
}

fn module(text: &str) -> Module {
    decode(text, &Features::default())
}

const OLD: &str = "(module (type (func (param i32))) (type (func))
    (import \"m\" \"f\" (func (type 1))) (memory 1)
    (func (type 0)) (func (type 0) nop) (data (i32.const 0) \"x\"))";

#[test]
fn sections_are_the_same_but_for_bodies_and_types_behind() {
    let old = module(OLD);
    for (from, to, same) in [
        ("nop", "unreachable", true),
        ("(import", "(type (func (param i64) (result f32))) (import", true),
        ("(import", "(@custom \"a\" \"b\") (import", true),
        ("(data (i32.const 0) \"x\")", "", false),
        ("\"x\"", "\"y\"", false),
        ("(memory 1)", "(memory 2)", false),
        ("(memory 1)", "(memory 1) (global i32 (i32.const 0))", false),
        ("(param i32)", "(param i64)", false),
        ("(type (func (param i32)))", "(type (func (param i32))) (type (func))", true),
        ("(type (func (param i32)))", "(type (func)) (type (func (param i32)))", false),
    ] {
        let text = OLD.replacen(from, to, 1);
        assert_ne!(text, OLD);
        let given = Twin::check(&old, &module(&text)).err().map(|rejection| rejection.rule);
        assert_eq!(given, (!same).then_some(Rule::Module), "{text}");
    }
    let fewer = Features::default().without(Proposal::TailCall);
    let other = decode(OLD, &fewer);
    assert_eq!(Twin::check(&old, &other).expect_err("other features").rule, Rule::Module);
}

/// A module with each section, and changes of one of them alone that leave it valid.
const WHOLE: &str = "(module (type (func)) (type (func (param i32)))
    (import \"m\" \"f\" (func (type 0))) (import \"m\" \"t\" (tag (type 0)))
    (table 3 funcref) (memory 1) (tag (type 0)) (global (mut i32) (i32.const 5))
    (export \"a\" (func 1)) (start 1) (elem (i32.const 0) func 1 2) (data \"x\")
    (func (type 0)) (func (type 0)) (func (type 1)))";

#[test]
fn each_section_is_the_same() {
    let old = module(WHOLE);
    for (from, to) in [
        ("\"m\" \"f\"", "\"m\" \"g\""),
        ("\"m\" \"t\" (tag (type 0))", "\"m\" \"t\" (tag (type 1))"),
        ("(func (type 0)) (func (type 1)))", "(func (type 1)) (func (type 0)))"),
        ("(table 3", "(table 4"),
        ("(memory 1)", "(memory 1 9)"),
        ("(memory 1) (tag (type 0))", "(memory 1) (tag (type 1))"),
        ("(i32.const 5)", "(i32.const 6)"),
        ("(global (mut i32)", "(global i32"),
        ("(export \"a\" (func 1))", "(export \"a\" (func 2))"),
        ("(export \"a\"", "(export \"b\""),
        ("(start 1)", "(start 2)"),
        ("(start 1)", ""),
        ("func 1 2)", "func 2 1)"),
        ("(elem (i32.const 0)", "(elem (i32.const 1)"),
        ("(data \"x\")", "(data \"y\")"),
        ("(data \"x\")", "(data (i32.const 0) \"x\")"),
    ] {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from}");
        let given = Twin::check(&old, &module(&text)).err().map(|rejection| rejection.rule);
        assert_eq!(given, Some(Rule::Module), "{text}");
    }
    assert!(Twin::check(&old, &module(WHOLE)).is_ok());
}

#[test]
fn bytes_of_a_function_are_copied_or_not() {
    let twin = Twin::check(&module(OLD), &module(&OLD.replace("nop", "unreachable")));
    let twin = twin.expect("only a body differs");
    let copied: Vec<bool> = (0..3).map(|func| twin.is_copied(FuncIdx(func))).collect();
    assert_eq!(copied, [true, true, false]);
}

/// Calls that end a block are calls of the same function.
#[test]
fn calls_of_another_function_are_refused() {
    let text = "(module (tag $t) (func $f (param i32) (result i32) local.get 0)
        (func $g (param i32) (result i32) local.get 0)
        (func (param i32) (result i32)
            (block (try_table (result i32) (catch $t 0) (call $f (local.get 0))) return)
            (return_call $f (local.get 0))))";
    let old = module(text);
    let func = FuncIdx(2);
    let body = build(&old, func, Metering::NONE).expect("a body");
    let homes = vec![u32::MAX; body.value_count()];
    let body = CheckedBody::check(&old, body).expect("the builder's bodies are proved");
    for (from, to, rule) in [
        ("call $f", "call $f", None),
        ("(call $f", "(call $g", Some(Rule::Control)),
        ("(return_call $f", "(return_call $g", Some(Rule::Control)),
    ] {
        let twin =
            Twin::check(&old, &module(&text.replace(from, to))).expect("only a body differs");
        let given = EmittedBody::check(&twin, &body, &Homes(&homes));
        assert_eq!(given.err().map(|rejection| rejection.rule), rule, "{to}");
    }
}
