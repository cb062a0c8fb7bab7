//! Modules that must be refused, and why: invalid, or unsupported with the proposal's name; and
//! that nothing panics on truncated or corrupted bytes.
//!
//! A green run does not show that every invalid module is refused, which the specification suite
//! tests.

use crate::common::{assemble, decode};
use prova_module::{Error, ErrorKind, Features, FuncIdx, Limits, Module, Proposal};

fn refuse(text: &str, features: Features) -> Error {
    match Module::decode(assemble(text), &features, &Limits::default()) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error,
    }
}

#[test]
fn invalid_modules_say_where_and_what() {
    for (text, func, message) in [
        ("(module (func (result i32)))", Some(0), "expected i32 but nothing on stack"),
        (
            r#"(module (import "" "" (func)) (func (drop (i32.add (i32.const 1) (i64.const 2)))))"#,
            Some(1),
            "type mismatch: expected i32, found i64",
        ),
        (
            "(module (func) (export \"a\" (func 0)) (export \"a\" (func 0)))",
            None,
            "duplicate export",
        ),
        ("(module (func (param i32)) (start 0))", None, "invalid start function type"),
        ("(module (global i32 (i64.const 0)))", None, "type mismatch"),
        ("(module (memory 1 2 shared) (func br 3))", Some(0), "unknown label"),
    ] {
        let error = refuse(text, Features::default());
        assert_eq!(error.func, func.map(FuncIdx), "{text}");
        assert!(error.is_invalid() && error.offset.is_some_and(|offset| offset >= 8), "{error:?}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn more_locals_than_the_format_can_count_are_malformed_and_not_over_a_limit() {
    // Groups of 2^32 - 1 and n locals of type i32.
    let decode = |n: u8| {
        let mut bytes = assemble("(module (func))");
        let code = bytes.len() - 4;
        assert_eq!(bytes[code - 2..], [10, 4, 1, 2, 0, 11]);
        bytes.truncate(code - 2);
        bytes.extend([10, 12, 1, 10, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, n, 0x7f, 11]);
        Module::decode(bytes, &Features::default(), &Limits::default()).unwrap_err()
    };
    assert_eq!(decode(1).kind, ErrorKind::Invalid { message: "too many locals".to_owned() });
    assert!(matches!(decode(0).kind, ErrorKind::Limit { name: "locals_per_function", .. }));
}

#[test]
fn errors_print_rule_function_and_offset() {
    let error = refuse("(module (func (drop)))", Features::default());
    assert_eq!(
        error.to_string(),
        "type mismatch: expected a type but nothing on stack in func0 (at offset 0x17)"
    );
}

#[test]
fn proposals_no_tier_executes_are_unsupported_by_name() {
    for (text, proposal) in [
        ("(module (memory 1 2 shared))", "shared memories"),
        (r#"(module (import "" "" (memory 1 2 shared)))"#, "shared memories"),
        ("(module (global (shared i32) (i32.const 0)))", "shared-everything threads"),
        ("(module (type $f (func)) (type (cont $f)))", "stack switching"),
        ("(module (func try end))", "legacy exceptions"),
        ("(component)", "component model"),
    ] {
        let error = refuse(text, Features::default());
        let kind = ErrorKind::Unsupported { proposal, instruction: None };
        assert_eq!(error.kind, kind, "{text}: {error}");
        assert!(error.offset.is_some(), "{text}");
    }
}

#[test]
fn legacy_exceptions_name_what_converts_them() {
    // Each old operator; the new ones, where the proposal is off, have a key instead.
    let command = "; Binaryen converts them: `wasm-opt --translate-to-exnref --emit-exnref -all --disable-compact-imports IN -o OUT`";
    for text in [
        "(module (func try end))",
        "(module (func try catch_all end))",
        "(module (tag $e) (func try catch $e rethrow 0 end))",
        "(module (func try try delegate 0 end))",
    ] {
        let said = refuse(text, Features::default()).to_string();
        assert!(said.starts_with("unsupported: legacy exceptions"), "{text}: {said}");
        assert!(said.ends_with(command), "{text}: {said}");
    }
    for text in ["(module (func (try_table)))", "(module (type $f (func)) (type (cont $f)))"] {
        let off = Features::default().without(Proposal::Exceptions);
        let said = refuse(text, off).to_string();
        assert!(said.starts_with("unsupported: ") && !said.contains("wasm-opt"), "{said}");
    }
}

#[test]
fn instructions_of_garbage_collection_need_the_proposal() {
    for (text, name) in [
        ("(module (func (drop (ref.i31 (i32.const 1)))))", "ref.i31"),
        ("(module (func (drop (ref.test (ref i31) (ref.null any)))))", "ref.test"),
        ("(module (type $s (struct)) (func (drop (struct.new $s))))", "struct.new"),
        ("(module (func unreachable any.convert_extern drop))", "any.convert_extern"),
        ("(module (func (drop (ref.eq (ref.null eq) (ref.null eq)))))", "ref.eq"),
        (
            "(module (type $s (struct (field i32)))
               (func (drop (struct.get $s 0 (ref.null $s)))))",
            "struct.get",
        ),
        ("(module (func (drop (array.len (ref.null array)))))", "array.len"),
        (
            "(module (func (drop (block $l (result anyref)
               (br_on_cast $l anyref i31ref (ref.null any))))))",
            "br_on_cast",
        ),
        ("(module (type $s (struct)) (global (ref $s) (struct.new $s)))", "struct.new"),
        ("(module (elem i31ref (item (ref.i31 (i32.const 1)))))", "ref.i31"),
        ("(module (table 1 i31ref (ref.i31 (i32.const 1))))", "ref.i31"),
    ] {
        let bytes = wat::parse_str(text).expect("the text is well-formed");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        assert!(module.is_ok(), "{name}: {module:?}");
        let off = refuse(text, Features::default().without(Proposal::Gc));
        let kind = ErrorKind::Unsupported { proposal: "gc", instruction: None };
        assert_eq!(off.kind, kind, "{text}: {off}");
    }
}

#[test]
fn an_unsupported_module_that_is_invalid_too_is_invalid() {
    for text in ["(module (memory 1 2 shared) (func (result i32)))", "(module (memory 1 shared))"] {
        assert!(refuse(text, Features::default()).is_invalid(), "{text}");
    }
}

#[test]
fn each_proposal_can_be_turned_off_and_is_named_then() {
    for (proposal, text) in [
        (Proposal::SignExtension, "(func (drop (i32.extend8_s (i32.const 0))))"),
        (Proposal::SaturatingFloatToInt, "(func (drop (i32.trunc_sat_f32_s (f32.const 0))))"),
        (Proposal::MultiValue, "(func (result i32 i32) i32.const 0 i32.const 1)"),
        (Proposal::BulkMemory, "(memory 1) (data \"\") (func (data.drop 0))"),
        (Proposal::ReferenceTypes, "(func (param externref))"),
        (Proposal::Simd, "(func (param v128))"),
        (
            Proposal::RelaxedSimd,
            "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
        ),
        (Proposal::TailCall, "(func return_call 0)"),
        (Proposal::MultiMemory, "(memory 1) (memory 1)"),
        (Proposal::Memory64, "(memory i64 1)"),
        (Proposal::ExtendedConst, "(global i32 (i32.add (i32.const 1) (i32.const 1)))"),
        (
            Proposal::WideArithmetic,
            "(func (result i64 i64) (i64.mul_wide_u (i64.const 1) (i64.const 2)))",
        ),
        (Proposal::CustomPageSizes, "(memory 1 (pagesize 1))"),
        (Proposal::Threads, "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))"),
        (Proposal::Exceptions, "(tag)"),
        (Proposal::Exceptions, "(func (block $l (try_table (catch_all $l))))"),
        (Proposal::Exceptions, "(func (param exnref))"),
        (Proposal::FunctionReferences, "(type $t (func)) (func (param (ref null $t)))"),
        (Proposal::FunctionReferences, "(type $t (func)) (func (call_ref $t (ref.null $t)))"),
        (Proposal::FunctionReferences, "(table 1 funcref (ref.func 0)) (func)"),
        (Proposal::Gc, "(type (struct))"),
        (Proposal::Gc, "(rec (type (func)) (type (func)))"),
        (Proposal::Gc, "(type (sub (func)))"),
        (Proposal::Gc, "(func (drop (ref.null any)))"),
    ] {
        let text = format!("(module {text})");
        decode(&text);
        let error = refuse(&text, Features::default().without(proposal));
        let expected = ErrorKind::Unsupported { proposal: proposal.name(), instruction: None };
        assert_eq!(error.kind, expected, "{text}: {error}");
    }
}

/// A module that has something of everything.
fn specimen() -> Vec<u8> {
    assemble(
        r#"(module $specimen
           (type (func (param i32) (result i32)))
           (import "env" "f" (func $f (type 0)))
           (import "env" "g" (global i32))
           (table $t 2 funcref) (memory 1) (global (mut v128) (v128.const i64x2 1 2))
           (func $h (export "h") (param $x i32) (result i32) (local f64 i64)
             (block $l (loop $m (br_table $l $m $l (local.get $x))))
             (if (result i32) (local.get $x) (then (call $f (local.get $x))) (else (i32.const 1)))
             (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))
             (global.set 1 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
               (global.get 1) (v128.const i64x2 0 0))))
           (func $s) (start $s)
           (elem (i32.const 0) func $h $s) (elem funcref (ref.func $h) (ref.null func))
           (data "abc") (data (global.get 0) "def")
           (@custom "note" "hello"))"#,
    )
}

#[test]
fn truncation_at_every_byte_is_refused_without_panic() {
    let bytes = specimen();
    let decode = |bytes: &[u8]| Module::decode(bytes, &Features::default(), &Limits::default());
    decode(&bytes).unwrap();
    // A cut between sections can leave a valid module: after the header and before anything that
    // needs a section cut off.
    let mut accepted = 0;
    for len in 0..bytes.len() {
        match decode(&bytes[..len]) {
            Ok(module) => {
                accepted += 1;
                let end = module.sections().last().map_or(8, |section| section.range.end);
                assert_eq!(end, len, "cut inside a section");
            }
            Err(error) => assert!(error.is_invalid(), "{error}"),
        }
    }
    assert!((1..12).contains(&accepted), "{accepted}");
}

#[test]
fn corruption_of_every_byte_never_panics() {
    let bytes = specimen();
    let (mut accepted, mut refused) = (0, 0);
    for at in 0..bytes.len() {
        for value in [0x00, 0x01, 0x05, 0x0b, 0x40, 0x7b, 0x7f, 0x80, 0xfd, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            match Module::decode(bytes, &Features::default(), &Limits::default()) {
                Ok(_) => accepted += 1,
                Err(error) => {
                    refused += 1;
                    assert!(error.offset.is_some() && !error.to_string().is_empty());
                }
            }
        }
    }
    assert!(accepted > 0 && refused > 0, "{accepted} accepted, {refused} refused");
}

/// One line each, of what is there and of what should be.
#[test]
fn what_does_not_begin_as_a_module_is_refused_in_a_line() {
    let (features, limits) = (Features::default(), Limits::default());
    for (bytes, message) in [
        (&b""[..], "unexpected end: there are no bytes (at offset 0x0)"),
        (
            b"PK\x03\x04....",
            "magic header not detected: a module begins with 00 61 73 6d, and this with 50 4b 03 04 (at offset 0x0)",
        ),
        (
            b"\0b",
            "magic header not detected: a module begins with 00 61 73 6d, and this with 00 62 (at offset 0x0)",
        ),
        (b"\0as", "unexpected end-of-file (at offset 0x0)"),
    ] {
        let error = Module::decode(bytes, &features, &limits).expect_err("it is no module");
        assert_eq!(error.to_string(), message);
    }
}
