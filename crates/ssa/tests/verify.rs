//! The verifier: a body that it accepts, and for each rule bodies like it that break that rule
//! alone.
//!
//! A green run does not show that the rules are enough for what reads bodies.

use prova_module::{Features, Limits, Module};
use prova_ssa::{Rule, parse, verify};

const MODULE: &str = "(module
  (type $n (func (param i32) (result i32)))
  (memory 1) (tag $e (param i32))
  (func $f (param i32) (result i32) (local.get 0))
  (func (param i32 i64 funcref) (result i32) (local.get 0))
  (func (param i32) (result i64) (i64.const 0))
  (func (param i32)))";

/// A body of function 1 that obeys every rule.
const GOOD: &str = "ssa func1 fuel
block0 entry @0x40 (v0: i32 local0, v1: i64 local1, v2: (ref null func) local2)
  charge bits=0x3 @0x40
  v3: i32 = i32.const bits=0x7 @0x40
  v4: i32 = i32.load memory=0 offset=8 align=2 lane=0 v3 @0x40
  v5: i64, v6: i64 = i64.mul_wide_u v1 v1 @0x40
  branch v4 block1(v3) block2() @0x40
block1 none @0x40 (v7: i32)
  v8: i32 = call func=0 v7 @0x40
  table v8 block1(v8) block2() [0 1 1] @0x40
block2 none @0x40 ()
  null v2 block3(v3) block4(p0) @0x40
block3 none @0x40 (v9: i32)
  invoke call func=0 v9 block5(p0) block6(v0) @0x40
block4 none @0x40 (v10: (ref func))
  tail return_call func=0 v0 @0x40
block5 none @0x40 (v11: i32)
  throw throw tag=0 v11 block6(v11) @0x40
block6 none @0x40 (v12: i32)
  catch tag0 ref block7(p0, p1) outer block8() @0x40
block7 none @0x40 (v13: i32, v14: (ref null exn))
  return v13 @0x40
block8 none @0x40 ()
  catch all block9() @0x40
block9 none @0x40 ()
  unreachable @0x40
";

fn module() -> Module {
    let bytes = wat::parse_str(MODULE).expect("a text");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

#[test]
fn a_good_body_is_accepted() {
    let body = parse(GOOD).expect("a body");
    assert_eq!(verify(&module(), &body), Ok(()));
    assert_eq!(body.to_string(), GOOD);
}

/// The rule, what is replaced, and by what.
const BROKEN: &[(Rule, &str, &str)] = &[
    (Rule::Names, "invoke call func=0 v9", "invoke call func=0 v99"),
    (Rule::Names, "branch v4 block1(v3)", "branch v4 block1(v15)"),
    (Rule::Names, "block2() @0x40", "block10() @0x40"),
    (Rule::Names, "return v13", "return v2147483647"),
    (Rule::Entry, "ssa func1", "ssa func0"),
    (Rule::Entry, "ssa func1", "ssa func7"),
    (Rule::Entry, "block1(v8) block2()", "block0(v8, v5, v2) block2()"),
    (Rule::Reach, "block5(p0) block6(v0)", "block7(p0, v2) block6(v0)"),
    (Rule::Dominance, "call func=0 v7", "call func=0 v8"),
    (Rule::Dominance, "null v2 block3(v3)", "null v2 block3(v8)"),
    (Rule::Dominance, "return v13", "return v7"),
    (Rule::Dominance, "lane=0 v3", "lane=0 v7"),
    (Rule::Dominance, "i64.mul_wide_u v1 v1", "i64.mul_wide_u v1 v5"),
    (Rule::Types, "throw throw tag=0 v11", "throw throw_ref v2"),
    (Rule::Types, "return v13", "return v1"),
    (Rule::Types, "return v13", "return v13 v13"),
    (Rule::Types, "i64.mul_wide_u v1 v1", "i64.mul_wide_u v1"),
    (Rule::Types, "i64.mul_wide_u v1 v1", "i64.mul_wide_u v1 v0"),
    (Rule::Types, "i64.mul_wide_u v1 v1", "i64.mul_wide_u v1 v1 v1"),
    (Rule::Types, "v6: i64", "v6: i32"),
    (Rule::Types, "lane=0 v3", "lane=0 v1"),
    (Rule::Types, "v4: i32 = i32.load", "v4: i64 = i32.load"),
    (Rule::Types, "branch v4", "branch v1"),
    (Rule::Types, "table v8", "table v1"),
    (Rule::Types, "null v2", "null v1"),
    (Rule::Types, "throw throw tag=0 v11", "throw throw tag=0 v1"),
    (Rule::Types, "tail return_call func=0", "tail return_call func=2"),
    (Rule::Types, "tail return_call func=0", "tail return_call func=3"),
    (Rule::Edges, "branch v4 block1(v3) block2()", "branch v4 block1(v3) block2(v3)"),
    (Rule::Edges, "block1(v3) block2()", "block1() block2()"),
    (Rule::Edges, "block1(v3) block2()", "block1(v1) block2()"),
    (Rule::Edges, "block1(v3) block2()", "block1(p0) block2()"),
    (Rule::Edges, "block4(p0)", "block4(v2)"),
    (Rule::Edges, "block4(p0)", "block4(p1)"),
    (Rule::Edges, "block5(p0) block6(v0)", "block5(p1) block6(v0)"),
    (Rule::Edges, "block5(p0) block6(v0)", "block5(p0) block6(p0)"),
    (Rule::Edges, "block7(p0, p1)", "block7(p1, p1)"),
    (Rule::Edges, "tag0 ref block7(p0, p1)", "tag0 block7(p0, p1)"),
    (Rule::Edges, "[0 1 1]", "[0 2 1]"),
    (Rule::Edges, "[0 1 1]", "[]"),
    (Rule::Handlers, "block5(p0) block6(v0)", "block5(p0) block5(v0)"),
    (Rule::Handlers, "catch all block9()", "jump block9()"),
    (
        Rule::Handlers,
        "block9 none @0x40 ()\n  unreachable",
        "block9 none @0x40 ()\n  jump block8()",
    ),
    (Rule::Handlers, "tag0 ref block7(p0, p1) outer", "tag0 ref block7(p0, p1) all block9() outer"),
    (Rule::Handlers, "v12: i32)\n", "v12: i32)\n  charge bits=0x1 @0x40\n"),
    (Rule::Metering, "ssa func1 fuel", "ssa func1"),
    (Rule::Metering, "charge bits=0x3 @0x40", "poll @0x40"),
    (Rule::Metering, "charge bits=0x3 @0x40", "charge bits=0x3 v0 @0x40"),
    (Rule::Operators, "memory=0 offset", "memory=1 offset"),
    (Rule::Operators, "lane=0 v3", "lane=1 v3"),
    (Rule::Operators, "bits=0x7", "bits=0x100000000"),
    (Rule::Operators, "v8: i32 = call func=0", "v8: i32 = call func=4"),
    (Rule::Operators, "v8: i32 = call func=0", "v8: i32 = return_call func=0"),
    (Rule::Operators, "tail return_call", "tail call"),
    (Rule::Operators, "throw throw tag=0", "throw call func=0"),
    (Rule::Operators, "catch tag0", "catch tag1"),
];

#[test]
fn each_rule_refuses_what_breaks_it() {
    let module = module();
    let mut rules = Vec::new();
    for (rule, from, to) in BROKEN {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let body = parse(&text).unwrap_or_else(|error| panic!("{to}: {error}"));
        let error = verify(&module, &body).expect_err(to);
        assert_eq!(error.rule, *rule, "{to}: {error}");
        rules.push(*rule);
    }
    rules.sort();
    rules.dedup();
    assert_eq!(rules.len(), 9, "each rule has a body that breaks it");
}

/// A copy between memories of two kinds has a length of the narrower one, and a null reference a
/// type that is there.
#[test]
fn lengths_and_types_are_those_of_the_module() {
    let text = "(module (memory i64 1) (memory 1) (table i64 1 funcref) (table 1 funcref)
        (func (param i64 i32 funcref)))";
    let bytes = wat::parse_str(text).expect("a text");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    let judged = |inst: &str| {
        let entry =
            "block0 entry @0x40 (v0: i64 local0, v1: i32 local1, v2: (ref null func) local2)";
        let text = format!("ssa func0\n{entry}\n  {inst} @0x40\n  return @0x40\n");
        let body = parse(&text).unwrap_or_else(|error| panic!("{inst}: {error}"));
        verify(&module, &body).map_err(|error| error.rule)
    };
    let copy =
        |memories: &str, operands: &str| judged(&format!("memory.copy {memories} {operands}"));
    assert_eq!(copy("memory=0 memory=1", "v0 v1 v1"), Ok(()));
    assert_eq!(copy("memory=0 memory=1", "v0 v1 v0"), Err(Rule::Types));
    assert_eq!(copy("memory=1 memory=0", "v1 v0 v1"), Ok(()));
    assert_eq!(copy("memory=1 memory=0", "v1 v0 v0"), Err(Rule::Types));
    assert_eq!(copy("memory=0 memory=0", "v0 v0 v0"), Ok(()));
    assert_eq!(copy("memory=0 memory=0", "v0 v0 v1"), Err(Rule::Types));
    assert_eq!(judged("table.copy table=0 table=1 v0 v1 v1"), Ok(()));
    assert_eq!(judged("table.copy table=0 table=1 v0 v0 v1"), Err(Rule::Types));
    assert_eq!(judged("v3: i64 = select v0 v0 v1"), Ok(()));
    assert_eq!(judged("v3: (ref null func) = select v2 v2 v1"), Err(Rule::Types));
    assert_eq!(judged("v3: (ref null 0) = ref.null heap=0"), Ok(()));
    assert_eq!(judged("v3: (ref null 1) = ref.null heap=1"), Err(Rule::Operators));
}

#[test]
fn texts_that_print_never_writes_are_refused() {
    let broken = [
        (1, "ssa func1", "ssb func1"),
        (2, "block0 entry", "block1 entry"),
        (2, "v1: i64", "v2: i64"),
        (3, "charge", "charges"),
        (4, "v3: i32", "v4: i32"),
        (4, "bits=0x7", "bits=7x"),
        (5, "lane=0", "lane=256"),
        (7, "block2() @0x40\n", "block2() @0x40\n  unreachable @0x40\n"),
        (21, "unreachable @0x40\n", "\n"),
    ];
    for (line, from, to) in broken {
        let text = GOOD.replacen(from, to, 1);
        let error = parse(&text).expect_err(to);
        assert!(error.line == line || from == "block2() @0x40\n" || line == 21, "{to}: {error}");
    }
    // After any cut or change, nothing panics; a body that is read is verified.
    let module = module();
    for at in 0..GOOD.len() {
        let _ = parse(&GOOD[..at]);
        for byte in [b'0', b'9', b'v', b'(', b' ', b'\n', b'p'] {
            let mut text = GOOD.as_bytes().to_vec();
            text[at] = byte;
            let text = String::from_utf8(text).expect("plain characters");
            if let Ok(body) = parse(&text) {
                let _ = verify(&module, &body);
            }
        }
    }
}
