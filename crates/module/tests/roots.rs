//! Where functions hold references to exceptions and objects, worked out by hand.
//!
//! Green shows that these bodies get the roots that `docs/semantics.md` defines, and that the
//! oracle says the same of them; `oracle.rs` compares generated ones. It does not show that a tier
//! keeps what they say: `tests/exceptions.rs` of `prova-testing` does.

use crate::common::oracle;
use crate::common::{assemble, decode};
use prova_module::{Features, FuncIdx, Limits, Module};
use std::collections::HashMap;

/// The roots of function 0: the locals' cells, then for each operator with operands its position
/// and their cells, and behind `+` those of locals that are initialised.
fn roots(module: &Module) -> String {
    let Some(roots) = &module.facts(FuncIdx(0)).expect("it is defined").exception_roots else {
        return "none".to_owned();
    };
    let mut positions = HashMap::new();
    let mut reader = module.body(FuncIdx(0)).expect("it is defined").operators();
    while !reader.eof() {
        let (_, offset) = reader.read_with_offset().expect("the body is valid");
        positions.insert(offset as u32, positions.len());
    }
    let list = |cells: &mut dyn Iterator<Item = u32>| {
        cells.map(|cell| cell.to_string()).collect::<Vec<String>>().join(" ")
    };
    let mut text = format!("locals {}", list(&mut roots.locals()));
    for offset in roots.offsets() {
        let locals = roots.locals().chain(roots.initialised(offset));
        assert!(roots.cells(offset).eq(locals.chain(roots.operands(offset))));
        let mut cells = list(&mut roots.operands(offset));
        if roots.initialised(offset).next().is_some() {
            cells.push_str(&format!("+ {}", list(&mut roots.initialised(offset))));
        }
        text.push_str(&format!("; @{} {cells}", positions[&offset]));
    }
    text
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let module = decode(text);
    assert_eq!(roots(&module), expected, "{text}");
    let compared = oracle::check(&module);
    let some = compared.root_locals + compared.root_operands > 0;
    assert!(some || expected == "none", "the oracle has seen them: {text}");
}

#[test]
fn a_function_without_such_references_has_none() {
    check("(module (func (param i32) (call 0 (local.get 0))))", "none");
    // It has one, but makes no call and throws nothing while it does.
    check("(module (func (drop (ref.null exn))))", "none");
    // The call takes it: it is the callee's from then on.
    check("(module (func (call 1 (ref.null exn))) (func (param exnref)))", "none");
}

#[test]
fn locals_are_roots_whether_they_are_read_or_not() {
    check("(module (func (local exnref)))", "locals 0");
    check(
        "(module (func (param exnref v128 exnref) (local i32 exnref exnref funcref)))",
        "locals 0 3 5 6",
    );
    check("(module (func (param i64 (ref exn))))", "locals 1");
}

#[test]
fn locals_without_a_default_are_roots_where_they_are_initialised() {
    let check = |locals: &str, body: &str, expected: &str| {
        let text = format!(
            "(module (type $s (struct)) (func $f (param i32) {locals} {body}) (func)
               (func $new (result (ref $s)) struct.new $s))"
        );
        let module = decode(&text);
        assert_eq!(roots(&module), expected, "{text}");
        oracle::check(&module);
    };
    let locals = "(local v128) (local $a (ref $s)) (local $b (ref any)) (local (ref func))";
    // Cells 0 to 2 are those of the parameter and the vector.
    check(locals, "", "none");
    check(locals, "(call 1)", "none");
    check(locals, "(local.set $b (ref.i31 (local.get 0))) (call 1)", "locals ; @3 + 4");
    // In the order of their writes, each once.
    check(
        locals,
        "(local.set $b (call $new)) (local.set $a (call $new)) (local.set $b (call $new)) (call 1)",
        "locals ; @2 + 4; @4 + 3 4; @6 + 3 4",
    );
    check(locals, "(local.tee $a (call $new)) (call 1) (drop)", "locals ; @2 6+ 3");
    // To the end of the block or arm around the write.
    check(
        locals,
        "(block (local.set $a (call $new)) (call 1)) (call 1) (local.set $a (call $new)) (call 1)",
        "locals ; @3 + 3; @8 + 3",
    );
    check(
        locals,
        "(if (local.get 0) (then (local.set $a (call $new)) (call 1))
             (else (call 1) (local.set $b (call $new)) (call 1))) (call 1)",
        "locals ; @4 + 3; @9 + 4",
    );
    check(
        locals,
        "(local.set $a (call $new))
         (loop (call 1) (local.set $b (call $new)) (br_if 0 (local.get 0)) (call 1)) (call 1)",
        "locals ; @3 + 3; @4 + 3; @8 + 4 3; @10 + 3",
    );
    // Where control does not reach, a write counts for nothing.
    check(locals, "(block (br 0) (local.set $a (call $new)) (call 1)) (call 1)", "none");
    // Groups of several, beside each other and beside one with a default value: cells 3 to 7.
    let groups = "(local i32 i32) (local (ref $s) (ref $s)) (local (ref any) (ref any)) (local $n (ref null $s))";
    check(
        groups,
        "(local.set 3 (call $new)) (local.set 6 (ref.i31 (local.get 0))) (local.set 5 (ref.i31 (local.get 0)))
         (local.set 4 (call $new)) (local.set $n (call $new)) (call 1)",
        "locals 7; @8 + 5 6 3; @10 + 4 5 6 3; @12 + 4 5 6 3",
    );
    // A parameter is one from the start.
    check(
        "(param (ref $s)) (local (ref null $s) (ref $s))",
        "(call 1) (local.set 3 (call $new)) (call 1)",
        "locals 1 2; @3 + 3",
    );
}

#[test]
fn locals_of_one_type_are_one_range() {
    let text = format!("(module (func (param {}) (local exnref)))", "exnref ".repeat(100));
    let module = decode(&text);
    let given = module.facts(FuncIdx(0)).and_then(|facts| facts.exception_roots.as_ref());
    let given = given.expect("there are roots");
    assert!(given.locals().eq(0..101));
    assert!(format!("{given:?}").contains("locals: [0..101]"), "{given:?}");
    // A group of no locals holds none.
    let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x06\x01\x04\x01\0\x69\x0b";
    let module = Module::decode(&bytes[..], &Features::default(), &Limits::default());
    assert_eq!(roots(&module.expect("it is valid")), "none");
}

#[test]
fn operands_are_roots_below_those_of_calls_and_throws() {
    let module = |body: &str| {
        format!(
            "(module (func (param i32) (local v128) {body})
               (func $f (param exnref) (result exnref) local.get 0) (func $g)
               (tag $t (param i32)) (table 1 funcref) (type $f (func (param exnref) (result exnref)))
               (global $e (mut exnref) (ref.null exn)))"
        )
    };
    // Cells 0 to 2 are those of the parameter and the local.
    check(&module("global.get $e call $g drop"), "locals ; @1 3");
    check(&module("global.get $e global.get $e call $f drop drop"), "locals ; @2 3");
    check(
        &module("i32.const 1 global.get $e i64.const 2 ref.null exn call $g drop drop drop drop"),
        "locals ; @4 6 4",
    );
    check(&module("local.get 1 global.get $e call $g drop drop"), "locals ; @2 5");
    check(
        &module("global.get $e global.get $e i32.const 0 call_indirect (type $f) drop drop"),
        "locals ; @3 3",
    );
    check(&module("global.get $e i32.const 1 throw $t"), "locals ; @2 3");
    // The values that a throw takes do not belong to the frame any more.
    let thrown = |params: &str, refs: usize| {
        let refs = "ref.null exn ".repeat(refs);
        format!("(module (tag $t (param {params})) (func {refs} throw $t))")
    };
    check(&thrown("exnref", 3), "locals ; @3 1 0");
    check(&thrown("exnref exnref exnref", 5), "locals ; @5 1 0");
    // Behind the end of a block that is left by a branch alone.
    check(
        "(module (tag $t) (func (param i32)
            (block (result exnref) ref.null exn local.get 0 br_if 0 drop unreachable) throw $t))",
        "locals ; @7 1",
    );
    // A reference that is thrown makes no exception.
    check(&module("global.get $e global.get $e throw_ref"), "none");
    // A tail call leaves no frame.
    check(
        "(module (func (result exnref) ref.null exn ref.null exn return_call 1) (func (param exnref) (result exnref) local.get 0))",
        "none",
    );
}

#[test]
fn what_is_popped_is_none_any_more_and_what_is_shared_is_listed_again() {
    check(
        "(module (func (result exnref)
            ref.null exn ref.null exn call 1 drop call 1 ref.null exn call 1 drop) (func))",
        "locals ; @2 1 0; @4 0; @6 1 0",
    );
}

#[test]
fn blocks_and_their_ends() {
    // A clause brings the reference to the label.
    check(
        "(module (tag $t) (func
            (block $l (result exnref) (try_table (catch_all_ref $l) (call 1) (throw $t)) unreachable)
            call 1 drop) (func))",
        "locals ; @7 0",
    );
    // Block parameters, both arms of an if, and a label behind dead code.
    check(
        "(module (func (param i32) ref.null exn
            (block (param exnref) (result exnref) call 1)
            (if (param exnref) (result exnref) (local.get 0) (then call 1) (else drop call 1 ref.null exn))
            (block (result exnref) ref.null exn br 0)
            call 1 drop drop) (func))",
        "locals ; @2 1; @6 1; @16 2 1",
    );
}

#[test]
fn dead_code_has_no_roots() {
    check("(module (func ref.null exn unreachable call 1 drop) (func))", "none");
}

#[test]
fn references_from_locals_alone_are_operands_too() {
    // No type, global or table of the module says that there are any.
    check("(module (func (local exnref) local.get 0 call 1 drop) (func))", "locals 0; @1 1");
}

#[test]
fn cells_move_where_a_vector_comes_below() {
    // The call takes a reference in cell 1 and gives one in cell 2, both the second value.
    check(
        "(module (func i32.const 1 ref.null exn call 2 call 1 drop drop) (func)
            (func (param i32 exnref) (result v128 exnref) unreachable))",
        "locals ; @3 2",
    );
    check(
        "(module (func
            i32.const 1 ref.null exn call 1 drop drop
            v128.const i64x2 0 0 ref.null exn call 1 drop drop) (func))",
        "locals ; @2 1; @7 2",
    );
}

/// The kept data grow with the operators alone, although the heights at the calls add up to much
/// more.
#[test]
fn many_references_below_many_calls_take_little_room() {
    let (count, calls) = (2_000, 2_000);
    let text = format!(
        "(module (func {} {} {}) (func))",
        "ref.null exn ".repeat(count),
        "call 1 ".repeat(calls),
        "drop ".repeat(count)
    );
    let module = Module::decode(assemble(&text), &Features::default(), &Limits::default());
    let module = module.expect("it is valid");
    let roots = module.facts(FuncIdx(0)).and_then(|facts| facts.exception_roots.as_ref());
    let roots = roots.expect("there are roots");
    assert_eq!(roots.offsets().count(), calls);
    let last = roots.offsets().last().expect("there are calls");
    assert!(roots.operands(last).eq((0..count as u32).rev()));
    assert!(
        format!("{roots:?}").len() < 200_000,
        "a node for each reference and a point for each call"
    );
}

#[test]
fn objects_are_roots_below_calls_and_allocations() {
    let module = |params: &str, body: &str| {
        format!(
            "(module (type $s (struct (field i32 (ref null $s)))) (type $a (array (mut i64)))
               (type $f (func)) (type $v (array v128))
               (func {params} {body}) (func $g))"
        )
    };
    // Each type of the hierarchy, references to functions not.
    let types =
        "(param anyref eqref i31ref structref arrayref nullref (ref null $s) (ref $a) funcref
        (ref null $f) externref exnref)";
    check(&module(types, ""), "locals 0 1 2 3 4 5 6 7 11");
    // An operand below a call, and below what an allocation takes: all fields, value and length,
    // a number of elements.
    check(&module("", "ref.null any call $g drop"), "locals ; @1 0");
    let new = "i32.const 1 ref.null $s struct.new $s";
    check(&module("", &format!("{new} {new} drop drop")), "locals ; @5 0");
    check(&module("", &format!("{new} struct.new_default $s drop drop")), "locals ; @3 0");
    check(
        &module("", &format!("{new} i64.const 1 i32.const 2 array.new $a drop drop")),
        "locals ; @5 0",
    );
    check(
        &module("", &format!("{new} i32.const 2 array.new_default $a drop drop")),
        "locals ; @4 0",
    );
    let two = "v128.const i64x2 1 2 v128.const i64x2 1 2 array.new_fixed $v 2";
    check(&module("", &format!("{new} {two} drop drop")), "locals ; @5 0");
    // Its own operands are followed by who makes it.
    check(&module("", "i32.const 1 ref.null $s struct.new $s drop"), "none");
    // Small integers and values of the host are not told apart from objects.
    check(&module("", "i32.const 1 ref.i31 call $g drop"), "locals ; @2 0");
    check(&module("", "ref.null extern any.convert_extern call $g drop"), "locals ; @2 0");
    check(
        &module("", "ref.null extern any.convert_extern extern.convert_any call $g drop"),
        "none",
    );
}

#[test]
fn a_branch_on_a_cast_has_one_cell_more() {
    let height = |body: &str| {
        let text = format!("(module (func (param anyref) (result anyref) {body}))");
        let module = decode(&text);
        oracle::check(&module);
        module.facts(FuncIdx(0)).map(|facts| facts.max_height_cells)
    };
    assert_eq!(height("local.get 0"), Some(1));
    assert_eq!(height("local.get 0 br_on_cast 0 anyref i31ref"), Some(2));
    assert_eq!(height("local.get 0 br_on_cast_fail 0 anyref i31ref"), Some(2));
    // Behind a branch nothing is reached.
    assert_eq!(height("local.get 0 return local.get 0 br_on_cast 0 anyref i31ref"), Some(1));
}
