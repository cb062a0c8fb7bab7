//! C15: the references that frames hold, as the check finds them beside the walk.
//!
//! Green shows that the check names the values of the cells that the facts name, in bodies made for
//! it, and refuses bodies that forget what a local is. That the facts are right is shown by
//! `prova-module`'s tests; what code makes of it, by `prova-equal`'s.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::check::Rule;
use prova_ssa::{CheckedBody, Metering, build, build_holding};
use std::fmt::Write;

fn module(text: &str) -> Module {
    let text = format!("(module (type $s (struct (field i32))) (tag $t) (func $g) {text})");
    let bytes = wat::parse_str(text).expect("a module");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// The values that the frame of function 1 holds at its operators with operands or initialised
/// locals.
fn held(text: &str) -> String {
    let module = module(text);
    let func = FuncIdx(1);
    let (body, claimed) = build_holding(&module, func, Metering::BOTH).expect("a body");
    let checked = CheckedBody::check_holding(&module, body).expect("it is proved");
    let held = checked.held().expect("it was asked for");
    assert_eq!(held, &claimed, "the builder names the same");
    let roots = &module.facts(func).expect("it is defined").exception_roots;
    let mut said = String::new();
    for offset in roots.iter().flat_map(|roots| roots.offsets()) {
        let values = held.at(offset).iter().map(|value| value.to_string());
        let _ = write!(said, "[{}]", values.collect::<Vec<_>>().join(" "));
    }
    said
}

#[test]
fn the_values_of_cells_are_held() {
    // A parameter, read again or not; an operand below the call's own.
    assert_eq!(held("(func (param (ref $s)) (call $g))"), "");
    let text = "(func (param exnref i64 (ref $s)) (result (ref $s)) (local (ref null $s))
        (local.set 3 (struct.new $s (i32.const 1)))
        (struct.new $s (i32.const 2)) (call $g))";
    assert_eq!(held(text), "[v0 v2 v5 v7]");
}

#[test]
fn programs_hold_what_the_builder_names() {
    let mut held = 0;
    for name in ["mix", "routes", "tally"] {
        let path = format!("{}/../../programs/gc/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).expect("a carried program");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        for func in module.defined_funcs() {
            let (body, claimed) = build_holding(&module, func, Metering::NONE).expect("a body");
            let checked = CheckedBody::check_holding(&module, body).expect("it is proved");
            assert_eq!(checked.held(), Some(&claimed), "{name}, function {func}");
            held += claimed.values().count();
        }
    }
    assert!(held > 10_000, "{held} references are held");
}

#[test]
fn a_body_that_forgets_a_local_is_refused() {
    let module = module(
        "(func (param i32 (ref $s)) (local (ref null $s))
           (if (local.get 0) (then (local.set 2 (local.get 1))))
           (call $g))",
    );
    let func = FuncIdx(1);
    // Nobody reads the local again, so it is no parameter behind the `if`.
    let body = build(&module, func, Metering::NONE).expect("a body");
    let checked = CheckedBody::check(&module, body.clone()).expect("it is its function");
    assert!(checked.held().is_none(), "nobody asked");
    let refused = CheckedBody::check_holding(&module, body).expect_err("what is the local there?");
    assert_eq!(refused.rule, Rule::Locals);
    let (body, _) = build_holding(&module, func, Metering::NONE).expect("a body");
    CheckedBody::check_holding(&module, body).expect("it says what the local is");
}
