//! Blocks, branches, `select`: values that reach the right place past the right labels.
//!
//! A green run does not show that other tiers agree; it is these tests and the specification's
//! suite that the reference tier is held against.

use crate::support::World;
use prova_runtime::TrapKind;

#[test]
fn branches_take_their_values_past_what_lies_between() {
    let mut world = World::of(
        r#"(module
            (func (export "block") (result i32)
                (i32.const 1)
                (block (result i32) (i32.const 2) (i32.const 3) (br 0))
                (i32.add))
            (func (export "outer") (result i32)
                (block (result i32)
                    (i32.const 10)
                    (block (i32.const 20) (i32.const 30) (br 1))
                    (drop) (i32.const 99)))
            (func (export "pair") (result i32 i32)
                (block (result i32 i32) (i32.const 7) (i32.const 8) (i32.const 9) (br 0)))
            (func (export "to body") (result i32)
                (i32.const 5) (i32.const 6) (br 0))
            (func (export "return") (result i32)
                (i32.const 1) (block (i32.const 2) (i32.const 3) (return)) (i32.const 4) (return)))"#,
    );
    assert_eq!(world.value("block", &[]), [4]);
    assert_eq!(world.value("outer", &[]), [30]);
    assert_eq!(world.value("pair", &[]), [8, 9]);
    assert_eq!(world.value("to body", &[]), [6]);
    assert_eq!(world.value("return", &[]), [3]);
}

#[test]
fn a_loop_takes_its_parameters_round() {
    let mut world = World::of(
        r#"(module
            (func (export "sum") (param $n i32) (result i32)
                (i32.const 0) (local.get $n)
                (loop $l (param i32 i32) (result i32)
                    (local.set $n)
                    (local.get $n) (i32.add)
                    (local.get $n) (i32.const 1) (i32.sub)
                    (local.tee $n)
                    (local.get $n)
                    (br_if $l)
                    (drop))))"#,
    );
    assert_eq!(world.value("sum", &[10]), [55]);
    assert_eq!(world.value("sum", &[1]), [1]);
}

#[test]
fn if_takes_one_arm() {
    let mut world = World::of(
        r#"(module
            (func (export "else") (param i32) (result i32)
                (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2))))
            (func (export "no else") (param i32) (result i32)
                (local i32)
                (if (local.get 0) (then (local.set 1 (i32.const 3))))
                (local.get 1))
            (func (export "params") (param i32) (result i32)
                (i32.const 40)
                (local.get 0)
                (if (param i32) (result i32)
                    (then (i32.const 1) (i32.add))
                    (else (i32.const 2) (br 0))))
            (func (export "pass") (param i32) (result i32)
                (i32.const 40) (local.get 0)
                (if (param i32) (result i32) (then (i32.const 1) (i32.add)))))"#,
    );
    for (name, yes, no) in [("else", 1, 2), ("no else", 3, 0), ("params", 41, 2), ("pass", 41, 40)]
    {
        assert_eq!(world.value(name, &[1]), [yes], "{name}");
        assert_eq!(world.value(name, &[0]), [no], "{name}");
        assert_eq!(world.value(name, &[0x8000_0000]), [yes], "{name}");
    }
}

#[test]
fn br_table_clamps_its_index() {
    let mut world = World::of(
        r#"(module
            (func (export "f") (param i32) (result i32)
                (block (result i32)
                    (block (result i32)
                        (block (result i32)
                            (i32.const 100) (local.get 0) (br_table 0 1 2))
                        (return (i32.add (i32.const 1))))
                    (return (i32.add (i32.const 2))))
                (i32.add (i32.const 3)))
            (func (export "default only") (param i32) (result i32)
                (block (br_table 0 (local.get 0))) (i32.const 9)))"#,
    );
    for (index, result) in [(0, 101), (1, 102), (2, 103), (3, 103), (u32::MAX, 103)] {
        assert_eq!(world.value("f", &[index.into()]), [result], "{index}");
        assert_eq!(world.value("default only", &[index.into()]), [9]);
    }
}

#[test]
fn select_and_drop() {
    let mut world = World::of(
        r#"(module
            (func (export "select") (param i32) (result f64)
                (f64.const 1) (f64.const 2) (f32.const 3) (drop) (local.get 0) (select))
            (func (export "typed") (param i32) (result i32)
                (ref.is_null (select (result funcref) (ref.null func) (ref.func 0) (local.get 0)))))"#
            .replace("(module", "(module (elem declare func 0)")
            .as_str(),
    );
    assert_eq!(world.value("select", &[1]), [1f64.to_bits()]);
    assert_eq!(world.value("select", &[0]), [2f64.to_bits()]);
    assert_eq!(world.value("typed", &[7]), [1]);
    assert_eq!(world.value("typed", &[0]), [0]);
}

#[test]
fn unreachable_traps_where_it_stands() {
    let mut world = World::of(
        r#"(module
            (func (export "f") (param i32)
                (nop)
                (block (br_if 0 (local.get 0)) (unreachable))))"#,
    );
    assert_eq!(world.trap_at("f", &[0]), (TrapKind::Unreachable, Some(4)));
    assert_eq!(world.value("f", &[1]), []);
}

#[test]
fn a_test_that_never_ends_is_ended() {
    let mut world = World::of(r#"(module (func (export "f") (loop (br 0))))"#);
    assert_eq!(world.trap_at("f", &[]).0, TrapKind::Interrupt);
}
