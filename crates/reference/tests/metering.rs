//! Fuel counted by hand, segment by segment; the epoch; deterministic mode.
//!
//! Green does not show that `prova_module` cuts segments as `docs/semantics.md` says: its own tests
//! do.

mod support;

use prova_runtime::{Extern, HostOutcome, Metering, Settings, TrapKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use support::{World, config, ty};

/// What a call of `f` costs.
fn cost(wat: &str, args: &[u64]) -> u64 {
    let mut world = World::fuelled(1_000_000, wat);
    world.value("f", args);
    1_000_000 - world.store.fuel()
}

#[test]
fn each_segment_is_paid_when_it_is_entered() {
    // Two operators, then one arm of one or of three.
    let wat = r#"(module (func (export "f") (param i32) (result i32)
        (local.get 0)
        (if (result i32)
            (then (i32.const 1))
            (else (i32.add (i32.const 2) (i32.const 3))))))"#;
    assert_eq!((cost(wat, &[1]), cost(wat, &[0])), (3, 5));
    // An arm that is not there costs nothing; after the `end` there is one constant.
    let wat = r#"(module (func (export "f") (param i32) (result i32)
        (if (local.get 0) (then (drop (i32.const 1)) (nop)))
        (i32.const 3)))"#;
    assert_eq!((cost(wat, &[1]), cost(wat, &[0])), (4, 3));
    // Six operators each time round.
    let wat = r#"(module (func (export "f") (param i32)
        (loop
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if 0 (local.get 0)))))"#;
    assert_eq!((cost(wat, &[1]), cost(wat, &[7])), (6, 42));
    // A branch taken skips the rest: two to `br_if`, then two and one after the block, or one.
    let wat = r#"(module (func (export "f") (param i32)
        (block (br_if 0 (local.get 0)) (drop (i32.const 1)) (drop (i32.const 2)))
        (drop (i32.const 3))))"#;
    assert_eq!((cost(wat, &[0]), cost(wat, &[1])), (5, 3));
    // A return skips the rest too: the segment ends there.
    let wat = r#"(module (func (export "f") (param i32)
        (if (local.get 0) (then (return)))
        (drop (i32.const 3))))"#;
    assert_eq!((cost(wat, &[0]), cost(wat, &[1])), (3, 2));
}

#[test]
fn calls_cost_one_and_what_they_do() {
    // `i32.const`, `call`; in the callee two `local.get` and `i32.add`; then one constant.
    let wat = r#"(module
        (func $g (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
        (func (export "f") (result i32) (call $g (i32.const 1)) (drop) (i32.const 2)))"#;
    assert_eq!(cost(wat, &[]), 6);
    let wat = r#"(module
        (func $g (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
        (func (export "f") (result i32) (return_call $g (i32.const 1))))"#;
    assert_eq!(cost(wat, &[]), 5);
}

#[test]
fn bulk_operators_pay_for_what_they_move() {
    let memory = |body: &str| {
        format!(
            r#"(module (memory 1) (data $d "0123456789abcdef") (table 30 funcref)
            (elem $e funcref (ref.null func) (ref.null func))
            (func (export "f") {body}))"#
        )
    };
    for (body, expected) in [
        ("(memory.fill (i32.const 0) (i32.const 1) (i32.const 0))", 4),
        ("(memory.fill (i32.const 0) (i32.const 1) (i32.const 9))", 4 + 2),
        ("(memory.copy (i32.const 0) (i32.const 1) (i32.const 80))", 4 + 10),
        ("(memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))", 4 + 2),
        ("(table.fill (i32.const 0) (ref.null func) (i32.const 9))", 4 + 9),
        ("(table.copy (i32.const 0) (i32.const 1) (i32.const 3))", 4 + 3),
        ("(table.init $e (i32.const 0) (i32.const 0) (i32.const 2))", 4 + 2),
        ("(drop (table.grow (ref.null func) (i32.const 5)))", 3 + 5),
        ("(drop (memory.grow (i32.const 1)))", 2),
        ("(data.drop $d) (elem.drop $e)", 2),
    ] {
        assert_eq!(cost(&memory(body), &[]), expected, "{body}");
    }
    // Out of bounds comes before out of fuel, and costs only the operators.
    let mut world =
        World::fuelled(4, &memory("(memory.fill (i32.const 0) (i32.const 1) (i32.const 65537))"));
    assert_eq!(world.trap_at("f", &[]), (TrapKind::MemoryOutOfBounds, Some(3)));
    assert_eq!(world.store.fuel(), 0);
    let mut world =
        World::fuelled(5, &memory("(memory.fill (i32.const 0) (i32.const 1) (i32.const 9))"));
    assert_eq!(world.trap_at("f", &[]), (TrapKind::OutOfFuel, Some(3)));
    assert_eq!(world.store.fuel(), 1);
}

#[test]
fn out_of_fuel_is_at_the_first_operator_of_the_segment_before_any_effect() {
    let wat = r#"(module
        (global $g (export "g") (mut i32) (i32.const 0))
        (func (export "f") (param i32) (result i32)
            (loop
                (global.set $g (local.get 0))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if 0 (local.get 0)))
            (global.get $g)))"#;
    // Eight each time round, and one at the end.
    for (fuel, left, at, global) in [(23, 7, 1, 2), (8, 0, 1, 3), (24, 0, 9, 1)] {
        let mut world = World::fuelled(fuel, wat);
        assert_eq!(world.trap_at("f", &[3]), (TrapKind::OutOfFuel, Some(at)), "{fuel}");
        assert_eq!(world.store.fuel(), left, "{fuel}");
        let Extern::Global(g) = world.export("g") else { panic!("`g` is a global") };
        assert_eq!(world.store.global_get(g)[0], global, "{fuel}");
    }
    let mut world = World::fuelled(25, wat);
    assert_eq!(world.value("f", &[3]), [1]);
    assert_eq!(world.store.fuel(), 0);
}

#[test]
fn a_callee_runs_out_of_fuel_in_its_own_frame() {
    let mut world = World::fuelled(
        2,
        r#"(module (func $g (drop (i32.const 1))) (func (export "f") (call $g) (call $g)))"#,
    );
    let trap = world.trap("f", &[]);
    assert_eq!((trap.kind, trap.backtrace.len(), world.store.fuel()), (TrapKind::OutOfFuel, 1, 0));
    world.store.set_fuel(3);
    assert_eq!(world.trap("f", &[]).backtrace.len(), 2);
}

#[test]
fn the_epoch_is_polled_at_entries_and_in_loops() {
    let settings = Settings { metering: Metering::Epoch, ..Settings::default() };
    let mut world = World::new(config(settings));
    let epoch = world.store.epoch();
    let tick = move |_: &mut _, _: &mut _, _: &mut [u64]| {
        epoch.fetch_add(1, Ordering::Relaxed);
        HostOutcome::Done
    };
    let tick = world.host(ty([], []), Arc::new(tick));
    world.add(
        r#"(module
            (import "" "" (func $tick))
            (func (export "loop") (nop) (loop (nop) (call $tick) (br 0)))
            (func (export "nested") (loop (loop (call $tick) (br 0))))
            (func (export "call") (call $tick) (call $callee))
            (func (export "straight") (call $tick) (call $tick))
            (func $callee (nop)))"#,
        &[tick],
    );
    let epoch = world.store.epoch();
    for (name, func, at) in [("loop", 1, 2), ("nested", 2, 2), ("call", 5, 0)] {
        epoch.store(0, Ordering::Relaxed);
        world.store.set_epoch_deadline(1);
        let trap = world.trap(name, &[]);
        let frame = &trap.backtrace[0];
        assert_eq!(trap.kind, TrapKind::Interrupt, "{name}");
        assert_eq!((frame.func.0, support::position(frame)), (func, at), "{name}");
    }
    epoch.store(0, Ordering::Relaxed);
    assert_eq!(world.value("straight", &[]), []);
    assert_eq!(world.trap_at("straight", &[]), (TrapKind::Interrupt, Some(0)));
}

#[test]
fn other_meterings_do_not_look() {
    let wat = r#"(module (func (export "f") (loop (nop))))"#;
    let mut world = World::of(wat);
    world.store.set_epoch_deadline(0);
    assert_eq!(world.value("f", &[]), []);
    assert_eq!(world.store.fuel(), 0);
}

const NAN: u64 = 0xffa1_2345;
const NAN64: u64 = 0xfff4_5678_9abc_def0;
const CANONICAL: u64 = 0x7fc0_0000;
const CANONICAL64: u64 = 0x7ff8_0000_0000_0000;

#[test]
fn deterministic_mode_has_one_nan_for_results() {
    let deterministic = Settings { deterministic: true, ..Settings::default() };
    let (f32, f64) = ("(param f32) (result f32)", "(param f64) (result f64)");
    for (ty, body, argument, expected) in [
        (f32, "(f32.add (local.get 0) (f32.const 1))", NAN, CANONICAL),
        (f32, "(f32.min (local.get 0) (f32.const 1))", NAN, CANONICAL),
        (f32, "(f32.sqrt (f32.const -1))", 0, CANONICAL),
        (f32, "(f32.nearest (local.get 0))", NAN, CANONICAL),
        (f32, "(f32.demote_f64 (f64.promote_f32 (local.get 0)))", NAN, CANONICAL),
        (f64, "(f64.div (f64.const 0) (f64.const 0))", 0, CANONICAL64),
        (f64, "(f64.ceil (local.get 0))", NAN64, CANONICAL64),
        (
            f64,
            "(f64x2.extract_lane 1 (f64x2.mul (f64x2.splat (local.get 0))
            (v128.const f64x2 1 1)))",
            NAN64,
            CANONICAL64,
        ),
        (
            f32,
            "(f32x4.extract_lane 3 (f32x4.max (f32x4.splat (local.get 0))
            (v128.const f32x4 1 1 1 1)))",
            NAN,
            CANONICAL,
        ),
        (
            f32,
            "(f32x4.extract_lane 0 (f32x4.relaxed_madd (f32x4.splat (local.get 0))
            (v128.const f32x4 1 1 1 1) (v128.const f32x4 1 1 1 1)))",
            NAN,
            CANONICAL,
        ),
        (
            f32,
            "(f32x4.extract_lane 0 (f32x4.demote_f64x2_zero
            (f64x2.promote_low_f32x4 (f32x4.splat (local.get 0)))))",
            NAN,
            CANONICAL,
        ),
        // What moves bits keeps them.
        (f32, "(f32.abs (local.get 0))", NAN, NAN & 0x7fff_ffff),
        (f32, "(f32.neg (local.get 0))", NAN, NAN ^ 0x8000_0000),
        (f32, "(f32.copysign (local.get 0) (f32.const 1))", NAN, NAN & 0x7fff_ffff),
        (
            f32,
            "(f32x4.extract_lane 0 (f32x4.pmin (f32x4.splat (local.get 0))
            (v128.const f32x4 1 1 1 1)))",
            NAN,
            NAN,
        ),
        (f64, "(local.get 0)", NAN64, NAN64),
        (f64, "(f64.const -nan:0x456789abcdef0)", 0, NAN64),
    ] {
        let wat = format!("(module (func (export \"f\") {ty} {body}))");
        let mut world = World::with(deterministic, &wat);
        let result = world.value("f", &[argument])[0];
        assert_eq!(result, expected, "{body}: {result:x}");
    }
}

#[test]
fn without_it_a_nan_is_the_machine_s() {
    let mut world = World::of(
        r#"(module (func (export "f") (param f32) (result f32)
            (f32.add (local.get 0) (f32.const 1))))"#,
    );
    let result = world.value("f", &[NAN])[0];
    assert_eq!(result & CANONICAL, CANONICAL, "it is quiet");
}
