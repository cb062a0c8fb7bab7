//! Fuel counted by hand, segment by segment; the epoch; deterministic mode.
//!
//! A green run does not show that `prova_module` cuts segments as `docs/semantics.md` says: its own
//! tests do.

use crate::support;
use crate::support::{World, config, ty};
use prova_module::{
    CLAUSE_ASKED_COST, FRAME_LEFT_COST, FuncType, HOST_CALL_COST, THROW_COST, ValType,
};
use prova_reference::Reference;
use prova_runtime::{ExecutorKind, Extern, HostOutcome, Metering, Settings, StoreConfig, TrapKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The cost of a call of `f`.
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
fn slow_vector_operators_cost_two() {
    for (operator, units) in [("add", 1), ("sqrt", 2), ("div", 2)] {
        for shape in ["f32x4", "f64x2"] {
            let (second, others) = if operator == "sqrt" { ("", 3) } else { ("(local.get 0)", 4) };
            let wat = format!(
                r#"(module (func (export "f") (result i32) (local v128)
                (i32x4.extract_lane 0 ({shape}.{operator} (local.get 0) {second}))
                (nop)))"#
            );
            // A local for each operand, the operator, a lane taken out.
            assert_eq!(cost(&wat, &[]), others - 1 + units, "{shape}.{operator}");
        }
    }
}

/// A loop's operator may be the first of a segment that costs something: what a body's cells cost,
/// or the values of a label. A branch back comes to the segment behind it.
#[test]
fn a_branch_back_does_not_pay_what_was_paid_at_the_entry() {
    // Eight cells once, then six operators each time round.
    let wat = r#"(module (func (export "f") (param i32) (local i64 i64 i64 i64 i64 i64 i64)
        (loop
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if 0 (local.get 0)))))"#;
    assert_eq!((cost(wat, &[1]), cost(wat, &[2]), cost(wat, &[7])), (7, 13, 43));
    // The same by a table, and from a handler, whose search is paid too.
    let wat = r#"(module (func (export "f") (param i32) (local i64 i64 i64 i64 i64 i64 i64)
        (loop
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (block (br_table 1 0 (i32.eqz (local.get 0)))))))"#;
    assert_eq!((cost(wat, &[1]), cost(wat, &[2]), cost(wat, &[7])), (8, 15, 50));
    let wat = r#"(module (tag $t)
        (func (export "f") (param i32) (local i64 i64 i64 i64 i64 i64 i64)
            (loop $l (try_table (catch $t $l)
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (if (local.get 0) (then (throw $t)))))))"#;
    let turn = 6 + 1 + THROW_COST + CLAUSE_ASKED_COST;
    assert_eq!((cost(wat, &[1]), cost(wat, &[3])), (7, 7 + 2 * turn));
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
        ("(drop (memory.grow (i32.const 1)))", 2 + 1024),
        ("(drop (memory.grow (i32.const 65536)))", 2),
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

/// A world metered by epoch and its host function `tick`, which raises the epoch.
fn ticking(metering: Metering) -> (World, Extern) {
    let settings = Settings { metering, ..Settings::default() };
    let mut world = World::new(config(settings));
    let epoch = world.store.epoch();
    let tick = move |_: &mut _, _: &mut _, _: &mut [u64]| {
        epoch.fetch_add(1, Ordering::Relaxed);
        HostOutcome::Done
    };
    let tick = world.host(ty([], []), Arc::new(tick));
    (world, tick)
}

#[test]
fn the_epoch_is_polled_after_calls_of_the_host() {
    let wat = r#"(module
        (import "" "" (func $tick))
        (func (export "call") (nop) (call $tick) (nop))
        (func $tail (return_call $tick))
        (func (export "tail") (nop) (nop) (call $tail) (nop))
        (func (export "twice") (call $tick) (call $tick)))"#;
    for metering in [Metering::Epoch, Metering::Both] {
        let (mut world, tick) = ticking(metering);
        world.store.set_fuel(1_000);
        world.add(wat, &[tick]);
        let epoch = world.store.epoch();
        for (name, deadline, at) in [("call", 1, 1), ("tail", 1, 2), ("twice", 2, 1)] {
            epoch.store(0, Ordering::Relaxed);
            world.store.set_epoch_deadline(deadline);
            assert_eq!(world.trap_at(name, &[]), (TrapKind::Interrupt, Some(at)), "{name}");
            epoch.store(0, Ordering::Relaxed);
            world.store.set_epoch_deadline(deadline + 1);
            assert_eq!(world.value(name, &[]), [], "{name}");
        }
    }
}

#[test]
fn the_epoch_is_polled_at_entries_and_in_loops() {
    let wat = r#"(module
        (func (export "loop") (nop) (loop (nop) (br 0)))
        (func (export "nested") (loop (loop (nop) (br 0))))
        (func (export "call") (nop) (return_call $callee))
        (func $callee (nop) (nop) (return_call $callee)))"#;
    let settings = Settings { metering: Metering::Epoch, ..Settings::default() };
    // Without the limit of operators, which interrupts too.
    let executor = ExecutorKind::External(Arc::new(Reference::new()));
    let mut world = World::new(StoreConfig { executor, ..config(settings) });
    world.add(wat, &[]);
    for (name, func, at) in [("loop", 0, 2), ("nested", 1, 2), ("call", 3, 0)] {
        // The epoch may be there before the function is.
        let place = std::iter::repeat_with(|| interrupted(&mut world, name));
        let place = place.take(1_000).find(|&(_, at)| name == "call" || at > 0);
        assert_eq!(place, Some((func, at)), "{name}");
    }
    world.store.epoch().store(1, Ordering::Relaxed);
    assert_eq!(world.trap_at("loop", &[]), (TrapKind::Interrupt, Some(0)));
}

/// Where a function without end is when another thread raises the epoch: function and position.
fn interrupted(world: &mut World, name: &str) -> (u32, usize) {
    let epoch = world.store.epoch();
    epoch.store(0, Ordering::Relaxed);
    world.store.set_epoch_deadline(1);
    let trap = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            epoch.store(1, Ordering::Relaxed);
        });
        world.trap(name, &[])
    });
    assert_eq!(trap.kind, TrapKind::Interrupt, "{name}");
    let frame = &trap.backtrace[0];
    (frame.func.0, support::position(frame))
}

#[test]
fn where_both_are_due_the_epoch_is_polled_before_fuel_is_taken() {
    let (mut world, tick) = ticking(Metering::Both);
    world.add(
        r#"(module (import "" "" (func $tick))
            (func (export "f") (nop) (nop) (drop (i32.const 1))))"#,
        &[tick],
    );
    for (epoch, fuel, kind) in
        [(1, 0, TrapKind::Interrupt), (1, 1, TrapKind::Interrupt), (0, 0, TrapKind::OutOfFuel)]
    {
        world.store.epoch().store(epoch, Ordering::Relaxed);
        world.store.set_epoch_deadline(1);
        world.store.set_fuel(fuel);
        assert_eq!(world.trap_at("f", &[]), (kind, Some(0)), "epoch {epoch}, fuel {fuel}");
        assert_eq!(world.store.fuel(), fuel);
    }
    world.store.set_fuel(1);
    assert_eq!((world.value("f", &[]), world.store.fuel()), (vec![], 0));
}

#[test]
fn cells_that_are_cleared_or_moved_are_paid_for() {
    // Nine cells of locals and results in the callee; six operators in the caller, two in the
    // callee.
    let wat = r#"(module (func $g (param i64) (result i64) (local i64 i64 i64 v128 v128) (local.get 0))
        (func (export "f") (result i64) (call $g (call $g (call $g (i64.const 1))))))"#;
    assert_eq!(cost(wat, &[]), 4 + 3 * (1 + 1));
    let wat = wat.replace("v128 v128", "i64 i64");
    assert_eq!(cost(&wat, &[]), 4 + 3);
    // Sixteen cells go along with the branch, taken or not.
    let wat = r#"(module (type $t (func (result v128 v128 v128 v128 v128 v128 v128 v128)))
        (func (export "f") (param i32)
            (block (type $t)
                (v128.const i64x2 1 1) (v128.const i64x2 1 1) (v128.const i64x2 1 1) (v128.const i64x2 1 1)
                (v128.const i64x2 1 1) (v128.const i64x2 1 1) (v128.const i64x2 1 1) (v128.const i64x2 1 1)
                (br_if 0 (local.get 0)))
            drop drop drop drop drop drop drop drop))"#;
    assert_eq!((cost(wat, &[0]), cost(wat, &[1])), (8 + 2 + 2, 8 + 2 + 2));
}

#[test]
fn calls_of_the_host_cost_more_than_one() {
    let wat = |params: usize, results: usize| {
        let host =
            format!("(param {}) (result {})", "i64 ".repeat(params), "v128 ".repeat(results));
        let args = "(i64.const 1)".repeat(params);
        let drops = "drop ".repeat(results);
        format!(
            r#"(module (type $h (func {host})) (import "" "" (func $h (type $h)))
                (table 1 funcref) (elem (i32.const 0) func $h)
                (func (export "call") {args} (call $h) {drops})
                (func (export "indirect") {args} (call_indirect (type $h) (i32.const 0)) {drops})
                (func (export "ref") {args} (call_ref $h (ref.func $h)) {drops})
                (func $tail (type $h) {} (return_call $h))
                (func (export "tail") {args} (call $tail) {drops}))"#,
            (0..params).map(|i| format!("(local.get {i})")).collect::<String>()
        )
    };
    for (params, results, cells) in [(0, 0, 0), (7, 0, 0), (3, 2, 0), (4, 2, 1), (10, 4, 2)] {
        let settings = Settings { metering: Metering::Fuel, ..Settings::default() };
        let mut world = World::new(config(settings));
        let types = (vec![ValType::I64; params], vec![ValType::V128; results]);
        let zeros = |_: &mut _, _: &mut _, cells: &mut [u64]| {
            cells.fill(0);
            HostOutcome::Done
        };
        let host = world.host(FuncType::new(types.0, types.1), Arc::new(zeros));
        world.add(&wat(params, results), &[host]);
        let (params, host) = (params as u64, HOST_CALL_COST + cells);
        // The frame of `tail` has the same cells.
        for (name, operators) in [
            ("call", params + 1),
            ("indirect", params + 2),
            ("ref", params + 2),
            ("tail", 2 * params + 2 + cells),
        ] {
            world.store.set_fuel(10_000);
            world.value(name, &[]);
            assert_eq!(10_000 - world.store.fuel(), operators + host, "{name} {params} {results}");
            // One unit short, the call traps, and the host has seen nothing.
            world.store.set_fuel(operators + host - 1);
            assert_eq!(world.trap_at(name, &[]).0, TrapKind::OutOfFuel, "{name}");
            assert_eq!(world.store.fuel(), host - 1, "{name}");
        }
    }
}

#[test]
fn a_throw_pays_for_frames_left_clauses_asked_and_values() {
    // Two frames are left. Asked are one clause in `$a`, three in `$b` (two belong to one
    // `try_table`), two in `f`.
    let wat = r#"(module (tag $t (param i64)) (tag $o)
        (func $a (block (try_table (catch $o 0) (throw $t (i64.const 1)))))
        (func $b (block (try_table (catch $o 0) (try_table (catch $o 0) (catch $o 0) (call $a)))))
        (func (export "f") (drop (block (result i64)
            (try_table (catch $o 1) (catch $t 0) (catch_all 1) (call $b)) (i64.const 0)))))"#;
    let search = 2 * FRAME_LEFT_COST + 6 * CLAUSE_ASKED_COST;
    // Two calls; constant and throw.
    assert_eq!(cost(wat, &[]), 4 + THROW_COST + search);
    // Nine cells of values, the same number of operators.
    let values = "(i64.const 1) (v128.const i64x2 0 0) (v128.const i64x2 0 0) (v128.const i64x2 0 0) (v128.const i64x2 0 0)";
    let wat = format!(
        r#"(module (tag $t (param i64 v128 v128 v128 v128))
            (func (export "f") (block (try_table (catch_all 0) (throw $t {values})))))"#
    );
    assert_eq!(cost(&wat, &[]), 6 + 1 + THROW_COST + CLAUSE_ASKED_COST);
    // A clause that gets them by its tag pays for them once more; so does one that a reference
    // comes back to.
    let wat = format!(
        r#"(module (tag $t (param i64 v128 v128 v128 v128)) (type $v (func (result i64 v128 v128 v128 v128)))
            (func (export "f") (block (type $v) (try_table (catch $t 0)
                (throw_ref (block (result exnref) (try_table (catch_all_ref 0) (throw $t {values})) unreachable)))
                unreachable)
                drop drop drop drop drop))"#
    );
    assert_eq!(cost(&wat, &[]), 6 + 1 + 1 + 2 * (THROW_COST + CLAUSE_ASKED_COST) + 1);
    // The search for an exception that nothing catches is paid for too; with a unit less it is out
    // of fuel at the throw.
    let wat = r#"(module (tag $t) (tag $o)
        (func $a (block (try_table (catch $o 0) (throw $t))))
        (func (export "f") (call $a)))"#;
    let cost = THROW_COST + 2 * FRAME_LEFT_COST + CLAUSE_ASKED_COST;
    let mut world = World::fuelled(2 + cost, wat);
    assert_eq!(world.trap_at("f", &[]), (TrapKind::UncaughtException, Some(2)));
    assert_eq!(world.store.fuel(), 0);
    world.store.set_fuel(2 + cost - 1);
    assert_eq!(world.trap_at("f", &[]), (TrapKind::OutOfFuel, Some(2)));
    assert_eq!(world.store.fuel(), cost - 1);
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
        // Operators that move bits keep them.
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
