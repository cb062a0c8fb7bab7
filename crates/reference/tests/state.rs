//! Variables, tables, references, and the numeric operators that trap: each operator's effect, and
//! where it stands when it traps.
//!
//! The results of numeric and vector operators are for the specification's scripts (`spec.rs`).

use crate::support::World;
use prova_runtime::{Extern, TrapKind};

#[test]
fn globals_of_every_type_are_set_and_got() {
    let mut world = World::of(
        r#"(module
            (global $i (mut i32) (i32.const -1))
            (global $f (mut f32) (f32.const 0))
            (global $v (export "v") (mut v128) (v128.const i64x2 1 2))
            (global $r (mut funcref) (ref.null func))
            (func (export "f") (result i32 f32 v128 i32)
                (global.set $i (i32.add (global.get $i) (i32.const -1)))
                (global.set $f (f32.const nan:0x200001))
                (global.set $v (i64x2.add (global.get $v) (global.get $v)))
                (global.set $r (ref.func 0))
                (global.get $i) (global.get $f) (global.get $v) (ref.is_null (global.get $r))))"#,
    );
    assert_eq!(world.value("f", &[]), [0xffff_fffe, 0x7fa0_0001, 2, 4, 0]);
    let Extern::Global(v) = world.export("v") else { panic!("`v` is a global") };
    assert_eq!(world.store.global_get(v), [2, 4]);
}

#[test]
fn a_tee_leaves_its_value() {
    let mut world = World::of(
        r#"(module (func (export "f") (param i64) (result i64 i64) (local v128 i64)
            (local.tee 2 (local.get 0)) (local.get 2)))"#,
    );
    assert_eq!(world.value("f", &[1 << 40]), [1 << 40, 1 << 40]);
}

const TABLES: &str = r#"(module
    (table $t 2 4 funcref) (table $e i64 1 externref)
    (elem $s funcref (ref.func 0) (ref.null func))
    (func (export "get") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0))))
    (func (export "set") (param i32) (table.set $t (local.get 0) (ref.func 0)))
    (func (export "size") (result i32 i64) (table.size $t) (table.size $e))
    (func (export "grow") (param i32) (result i32) (table.grow $t (ref.func 0) (local.get 0)))
    (func (export "grow64") (param i64) (result i64) (table.grow $e (ref.null extern) (local.get 0)))
    (func (export "set64") (param i64 externref) (table.set $e (local.get 0) (local.get 1)))
    (func (export "get64") (param i64) (result externref) (table.get $e (local.get 0)))
    (func (export "fill") (param i32)
        (table.fill $t (local.get 0) (ref.null func) (i32.const 2)))
    (func (export "copy") (param i32)
        (table.copy $t $t (local.get 0) (i32.const 0) (i32.const 2)))
    (func (export "init") (param i32)
        (table.init $t $s (i32.const 0) (local.get 0) (i32.const 1)))
    (func (export "drop") (elem.drop $s)))"#;

#[test]
fn tables_hold_references() {
    let mut world = World::of(TABLES);
    assert_eq!(world.value("get", &[1]), [1]);
    world.value("set", &[1]);
    assert_eq!(world.value("get", &[1]), [0]);
    assert_eq!(world.value("size", &[]), [2, 1]);
    assert_eq!(world.value("grow", &[2]), [2]);
    assert_eq!(world.value("get", &[3]), [0]);
    assert_eq!(world.value("grow", &[1]), [0xffff_ffff]);
    assert_eq!(world.value("grow64", &[3]), [1]);
    assert_eq!(world.value("grow64", &[u64::MAX]), [u64::MAX]);
    world.value("fill", &[2]);
    assert_eq!((world.value("get", &[3]), world.value("get", &[1])), (vec![1], vec![0]));
    world.value("copy", &[2]);
    assert_eq!((world.value("get", &[2]), world.value("get", &[3])), (vec![1], vec![0]));
    world.value("init", &[0]);
    assert_eq!(world.value("get", &[0]), [0]);
    let object = world.store.extern_new(Box::new(1));
    world.value("set64", &[3, object]);
    assert_eq!(world.value("get64", &[3]), [object]);
}

#[test]
fn table_operators_trap_where_they_stand() {
    let mut world = World::of(TABLES);
    for (name, good, bad, at) in [
        ("get", 1, 2, 1),
        ("set", 1, 2, 2),
        ("fill", 0, 1, 3),
        ("copy", 0, 1, 3),
        ("init", 1, 2, 3),
    ] {
        assert_eq!(world.trap_at(name, &[bad]), (TrapKind::TableOutOfBounds, Some(at)), "{name}");
        assert_eq!(world.trap(name, &[0xffff_ffff]).kind, TrapKind::TableOutOfBounds);
        assert!(world.call(name, &[good]).is_ok(), "{name}");
    }
    assert_eq!(world.trap("get64", &[1 << 32]).kind, TrapKind::TableOutOfBounds);
    world.value("drop", &[]);
    assert_eq!(world.trap("init", &[0]).kind, TrapKind::TableOutOfBounds);
}

#[test]
fn numeric_traps_stand_at_their_operator() {
    let nan = u64::from(f32::NAN.to_bits());
    for (body, bad, kind, good) in [
        (
            "(i32.div_s (i32.const -2147483648) (i32.wrap_i64 (local.get 0)))",
            u64::MAX,
            TrapKind::IntegerOverflow,
            1,
        ),
        (
            "(i32.rem_s (i32.const -2147483648) (i32.wrap_i64 (local.get 0)))",
            0,
            TrapKind::IntegerDivisionByZero,
            u64::MAX,
        ),
        ("(i64.div_u (i64.const 1) (local.get 0))", 0, TrapKind::IntegerDivisionByZero, 1),
        ("(i64.rem_u (i64.const 1) (local.get 0))", 0, TrapKind::IntegerDivisionByZero, 1),
        (
            "(i32.trunc_f32_s (f32.reinterpret_i32 (i32.wrap_i64 (local.get 0))))",
            nan,
            TrapKind::BadConversionToInteger,
            0,
        ),
        (
            "(i64.trunc_f64_u (f64.reinterpret_i64 (local.get 0)))",
            (-1f64).to_bits(),
            TrapKind::IntegerOverflow,
            (-0.5f64).to_bits(),
        ),
    ] {
        let mut world = World::of(&format!(
            r#"(module (func (export "f") (param i64) (nop) (drop {body}) (nop)))"#
        ));
        let operands = body.matches('(').count();
        assert_eq!(world.trap_at("f", &[bad]), (kind, Some(operands)), "{body}");
        assert_eq!(world.value("f", &[good]), [], "{body}");
    }
}

#[test]
fn wide_operators_take_and_give_low_halves_first() {
    let mut world = World::of(
        r#"(module
            (func (export "add") (param i64 i64 i64 i64) (result i64 i64)
                (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
            (func (export "mul") (param i64 i64) (result i64 i64)
                (i64.mul_wide_s (local.get 0) (local.get 1))))"#,
    );
    assert_eq!(world.value("add", &[u64::MAX, 1, 1, 10]), [0, 12]);
    assert_eq!(world.value("mul", &[u64::MAX, 5]), [5u64.wrapping_neg(), u64::MAX]);
}
