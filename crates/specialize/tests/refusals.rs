//! What is refused, and with which words: modules as a whole, and requests by themselves.
//!
//! Green does not show that nothing panics on other input: `hostile.rs` changes bytes.

use prova_module::{Features, Limits, Module};
use prova_specialize::{Fault, Options, Outcome, specialize};

fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module")
}

fn specialized(text: &str) -> Result<Outcome, String> {
    specialize(&module(text), &Options::default()).map_err(|error| error.to_string())
}

#[test]
fn modules_that_are_refused() {
    for (text, words) in [
        (
            r#"(module (import "weval" "push.context" (func (param i64))))"#,
            "intrinsic `push.context` (import at 0x12): it has type [i64] -> [], not [i32] -> []",
        ),
        (
            r#"(module (import "weval" "push.contexts" (func (param i32))))"#,
            "there is no such intrinsic",
        ),
        (r#"(module (import "weval" "push.context" (memory 1)))"#, "it is no function"),
        (
            r#"(module (import "weval" "pop.context" (func $f)) (export "f" (func $f)))"#,
            "intrinsic `pop.context`: it is exported",
        ),
        (
            r#"(module (import "weval" "pop.context" (func $f)) (table 1 funcref)
                 (elem (i32.const 0) $f))"#,
            "it is in a table",
        ),
        (
            r#"(module (import "weval" "pop.context" (func $f)) (start $f))"#,
            "it is the start function",
        ),
        (
            r#"(module (import "weval" "pop.context" (func $f))
                 (func (result funcref) (ref.func $f)) (elem declare func $f))"#,
            "it is in a table",
        ),
        (
            r#"(module (memory 1) (func (export "weval.pending.head") (result i32) (i32.load (i32.const 8))))"#,
            "`weval.pending.head` is no function of an address",
        ),
        (
            r#"(module (func (export "weval.pending.head") (result i32) (i32.const 16)))"#,
            "a module without memory",
        ),
        (
            r#"(module (memory 1) (func (export "weval.pending.head") (result i32) (i32.const 65534)))"#,
            "a record at 0xfffe is not in memory",
        ),
        (
            r#"(module (memory 1) (data (i32.const 16) "\10")
                 (func (export "weval.pending.head") (result i32) (i32.const 16)))"#,
            "it has no end",
        ),
    ] {
        let error = specialized(text).map(|_| ()).expect_err(text);
        assert!(error.contains(words), "{error}\n{text}");
    }
}

/// A module with one request for a function with a body, an argument of each kind and one global.
fn request(imports: &str, body: &str) -> String {
    format!(
        r#"(module {imports}
          (import "weval" "push.context" (func $push (param i32)))
          (import "weval" "update.context" (func $update (param i32)))
          (memory 1) (table 2 funcref) (elem (i32.const 1) $f)
          (global $g (mut i32) (i32.const 0))
          (func (export "weval.pending.head") (result i32) (i32.const 16))
          (func $f (param $code i32) (param $n i32) (result i64) (local $pc i32) {body})
          (data (i32.const 16) "\80")
          (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\01\00\00\00\01\00\00\00\00\02\00\00\38\00\00\00\00\01\00\00")
          (data (i32.const 512) "\01\00\00\00\01\00\00\00\2a\00\00\00\00\00\00\00"
            "\01\00\00\00\04\00\00\00\08\00\00\00\08\00\00\00" "\01\02\03\04\05\06\07\08"
            "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00"))"#
    )
}

const MORE: &str = r#"
    (import "weval" "read.reg" (func $read (param i64) (result i64)))
    (import "weval" "write.reg" (func $write (param i64 i64)))
    (import "weval" "read.specialization.global" (func $global (param i32) (result i64)))
    (import "weval" "specialize.value" (func $value (param i32 i32 i32) (result i32)))
    (import "weval" "assert.const32" (func $constant (param i32 i32)))
    (import "weval" "assert.specialized" (func $inside (param i32)))
    (import "weval" "abort.specialization" (func $abort (param i32 i32)))
    (import "weval" "push.stack" (func $push_stack (param i32 i64)))
    (import "weval" "pop.stack" (func $pop_stack (param i32) (result i64)))"#;

#[test]
fn requests_that_are_refused() {
    for (body, fault, words) in [
        // The program counter, with where it became what it is.
        (
            "(if (i32.load (local.get $n)) (then (local.set $pc (i32.const 7)))
                 (else (local.set $pc (i32.const 9))))
             (call $update (local.get $pc)) (i64.const 0)",
            Fault::Annotation,
            "the operand of update.context is not constant (no context): at the join at",
        ),
        (
            "(call $push (i32.load (local.get $n))) (i64.const 0)",
            Fault::Annotation,
            "`i32.load` at",
        ),
        ("(call $read (i64.const 3))", Fault::Annotation, "register 3 is not written"),
        (
            "(if (i32.load (local.get $n)) (then (call $write (i64.const 3) (i64.const 1))))
             (call $read (i64.const 3))",
            Fault::Annotation,
            "register 3 is not written on every way here",
        ),
        (
            "(call $read (i64.load (local.get $n)))",
            Fault::Annotation,
            "the number of a register is not constant",
        ),
        ("(call $global (i32.const 1))", Fault::Annotation, "no global 1 is constant"),
        (
            "(drop (call $value (i32.load (local.get $n)) (i32.const 5) (i32.const 4))) (i64.const 0)",
            Fault::Annotation,
            "5 to 4 are no 1 to 1024 values",
        ),
        (
            "(call $constant (i32.load (local.get $n)) (i32.const 77)) (i64.const 0)",
            Fault::Annotation,
            "assert.const32 does not hold (line 77)",
        ),
        ("(call $inside (i32.const 1)) (i64.const 0)", Fault::Annotation, "assert.specialized"),
        (
            "(call $abort (i32.const 5) (i32.const 1)) (i64.const 0)",
            Fault::Annotation,
            "the program asks for it (line 5)",
        ),
    ] {
        let text = request(MORE, body);
        let outcome = specialized(&text).unwrap_or_else(|error| panic!("{error}"));
        let [(256, Some(_), state)] = outcome.requests.as_slice() else {
            panic!("{:?}", outcome.requests)
        };
        let refused = state.as_ref().expect_err(body);
        assert_eq!(refused.fault, fault, "{refused}");
        assert!(refused.to_string().contains(words), "{refused}\n{body}");
        // The generic function remains, and its slot is what it was.
        assert!(outcome.module.data().len() >= 3);
    }
}

#[test]
fn twins_that_are_accepted() {
    for body in [
        "(if (i32.load (local.get $n)) (then (call $update (i32.const 7)))
             (else (call $update (i32.const 9)))) (i64.const 0)",
        "(call $push (i32.load8_u (local.get $code))) (i64.const 0)",
        "(call $write (i64.const 3) (i64.const 1)) (call $read (i64.const 3))",
        "(call $global (i32.const 0))",
        "(drop (call $value (i32.load (local.get $n)) (i32.const 4) (i32.const 5))) (i64.const 0)",
        "(call $constant (i32.load (local.get $code)) (i32.const 77)) (i64.const 0)",
        "(call $push (i32.const 0)) (call $inside (i32.const 1)) (i64.const 0)",
        "(call $abort (i32.const 5) (i32.const 0)) (i64.const 0)",
        "(call $push_stack (local.get $n) (i64.const 1)) (call $pop_stack (local.get $n))",
        // A cell that is popped at its own address, which is computed once more.
        "(local.set $pc (i32.load (local.get $n)))
         (call $push_stack (i32.add (local.get $n) (local.get $pc)) (i64.const 1))
         (call $pop_stack (i32.add (local.get $n) (local.get $pc)))",
        // A cell that is popped at another address.
        "(call $push_stack (local.get $n) (i64.const 1))
         (call $pop_stack (i32.load (local.get $n)))",
        // A pointer in front of its buffer, or behind it, is read at run time.
        "(i64.load (i32.sub (local.get $code) (i32.const 1)))",
        "(i64.load offset=1 (local.get $code))",
    ] {
        let outcome = specialized(&request(MORE, body)).unwrap_or_else(|error| panic!("{error}"));
        let [(256, Some(_), state)] = outcome.requests.as_slice() else {
            panic!("{:?}", outcome.requests)
        };
        assert!(state.is_ok(), "{state:?}\n{body}");
    }
}

#[test]
fn records_that_do_not_fit() {
    let good = request("", "(i64.const 0)");
    for (old, new, words) in [
        // Two globals; no function; no such function; arguments outside; one of another type.
        (
            r"\01\00\00\00\01\00\00\00\01\00\00\00\00\02",
            r"\01\00\00\00\02\00\00\00\01\00\00\00\00\02",
            "3 arguments for 2 parameters of",
        ),
        (
            r"\01\00\00\00\01\00\00\00\01\00\00\00\00\02",
            r"\01\00\00\00\01\00\00\00\00\00\00\00\00\02",
            "table 0 has no function at 0",
        ),
        (
            r"\00\02\00\00\38\00\00\00",
            r"\00\02\00\80\38\00\00\00",
            "its arguments are not in memory",
        ),
        (r"\00\02\00\00\38\00\00\00", r"\00\02\00\00\37\00\00\00", "end in the middle of one"),
        (r"\38\00\00\00\00\01\00\00", r"\38\00\00\00\00\01\00\80", "its result goes nowhere"),
        (r"\01\00\00\00\04\00\00\00\08", r"\01\00\00\00\09\00\00\00\08", "there is no type 9"),
        (r"\04\00\00\00\08\00\00\00\08", r"\04\00\00\00\09\00\00\00\08", "longer than its padding"),
        (
            r"\04\00\00\00\08\00\00\00\08",
            r"\04\00\00\00\08\00\00\00\88",
            "longer than its arguments",
        ),
    ] {
        assert!(good.contains(old), "{old}");
        let outcome =
            specialized(&good.replace(old, new)).unwrap_or_else(|error| panic!("{error}"));
        let [(_, _, Err(refused))] = outcome.requests.as_slice() else {
            panic!("{new}: {:?}", outcome.requests)
        };
        assert_eq!(refused.fault, Fault::Request);
        assert!(refused.to_string().contains(words), "{refused}");
    }
}
