//! Calls: frames, backtraces, other instances, the host and back, tail calls, the stack limit.
//!
//! Green shows depth and backtraces by hand-made cases; that the other tiers charge and report
//! alike is for the differential tests.

use crate::support::{World, config, position, ty};
use prova_module::ValType::{self, I32, I64, V128};
use prova_runtime::{Extern, HostOutcome, Settings, Store, StoreConfig, Trap, TrapKind};
use std::any::Any;
use std::sync::Arc;

/// Function and position of each frame of a backtrace, the innermost first.
fn trace(trap: &Trap) -> Vec<(u32, usize)> {
    trap.backtrace.iter().map(|frame| (frame.func.0, position(frame))).collect()
}

#[test]
fn arguments_and_results_keep_their_order() {
    let mut world = World::of(
        r#"(module
            (func $swap (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
            (func (export "f") (param i32 i64) (result i64 i32 i32)
                (call $swap (local.get 0) (local.get 1)) (i32.const 9))
            (func (export "v") (param v128 i32) (result i32 v128) (local.get 1) (local.get 0)))"#,
    );
    assert_eq!(world.value("f", &[1, 2]), [2, 1, 9]);
    assert_eq!(world.value("v", &[3, 4, 5]), [5, 3, 4]);
}

#[test]
fn locals_start_as_zero_in_every_frame() {
    let mut world = World::of(
        r#"(module
            (func $dirty (local i32 f64 funcref) (local.set 0 (i32.const 5)))
            (func $read (result i32 i32) (local i32 f64 funcref)
                (local.get 0) (ref.is_null (local.get 2)))
            (func (export "f") (result i32 i32) (call $dirty) (call $read)))"#,
    );
    assert_eq!(world.value("f", &[]), [0, 1]);
}

#[test]
fn a_backtrace_names_every_call() {
    let mut world = World::of(
        r#"(module
            (func $inner (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))))
            (func $middle (param i32) (nop) (call $inner (local.get 0)))
            (func (export "f") (param i32) (block (call $middle (local.get 0)))))"#,
    );
    assert_eq!(world.value("f", &[1]), []);
    let trap = world.trap("f", &[0]);
    assert_eq!(trap.kind, TrapKind::IntegerDivisionByZero);
    assert_eq!(trace(&trap), [(0, 2), (1, 2), (2, 2)]);
}

#[test]
fn indirect_calls_trap_for_bounds_then_null_then_type() {
    let mut world = World::of(
        r#"(module
            (type $i (func (result i32)))
            (table 4 funcref)
            (elem (i32.const 0) $seven $eight)
            (elem (i32.const 3) $other)
            (func $seven (result i32) (i32.const 7))
            (func $eight (type $i) (i32.const 8))
            (func $other (param i32))
            (func (export "f") (param i32) (result i32)
                (i32.add (i32.const 0) (call_indirect (type $i) (local.get 0)))))"#,
    );
    assert_eq!(world.value("f", &[0]), [7]);
    assert_eq!(world.value("f", &[1]), [8]);
    for (index, kind) in [
        (2, TrapKind::UninitializedElement),
        (3, TrapKind::IndirectCallTypeMismatch),
        (4, TrapKind::UndefinedElement),
        (0xffff_ffff, TrapKind::UndefinedElement),
    ] {
        assert_eq!(world.trap_at("f", &[index]), (kind, Some(2)), "{index}");
    }
}

const COUNTED: &str = r#"(module
    (global $depth (export "depth") (mut i32) (i32.const 0))
    (func $f (export "f") (param i32)
        (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
        (call $f (local.get 0))))"#;

fn depth(world: &World) -> u64 {
    let Extern::Global(depth) = world.export("depth") else { panic!("`depth` is a global") };
    world.store.global_get(depth)[0]
}

fn small_stack(stack_bytes: u64) -> StoreConfig {
    StoreConfig { stack_bytes, ..config(Settings::default()) }
}

#[test]
fn recursion_ends_at_the_logical_limit() {
    // One local cell and two of operands: 8 * 3 + 64 = 88 bytes for each frame.
    for (stack_bytes, frames) in [(88 * 20, 20), (88 * 20 - 1, 19), (8 << 20, (8 << 20) / 88)] {
        let mut world = World::new(small_stack(stack_bytes));
        world.add(COUNTED, &[]);
        let trap = world.trap("f", &[0]);
        assert_eq!(trap.kind, TrapKind::StackOverflow);
        assert_eq!(depth(&world), frames, "{stack_bytes} bytes");
        // The trap is at the call, and the callee has no frame.
        assert_eq!(trace(&trap)[0], (0, 5));
        let traced = trap.backtrace.len() + trap.frames_omitted;
        assert_eq!(traced as u64, frames);
        // The limit is whole again.
        assert_eq!(world.store.height_left(), stack_bytes);
        assert_eq!(world.trap("f", &[0]).kind, TrapKind::StackOverflow);
        assert_eq!(depth(&world), 2 * frames);
    }
}

#[test]
fn the_first_frame_and_a_host_frame_are_charged_too() {
    let wat = r#"(module
        (import "" "" (func $host (param i64 i64) (result v128)))
        (func (export "f") (drop (call $host (i64.const 0) (i64.const 0)))))"#;
    // 8 * 2 + 64 for `f`, 64 + 8 * 2 for the host function.
    for (stack_bytes, kind) in [(2048 + 160, None), (2048 + 159, Some(TrapKind::StackOverflow))] {
        let mut world = World::new(small_stack(stack_bytes));
        let host = world.host(ty([I64, I64], [V128]), Arc::new(|_, _, _| HostOutcome::Done));
        world.add(wat, &[host]);
        world.store.enter_frame(2048).expect("so much is left");
        assert_eq!(world.call("f", &[]).err().map(|trap| trap.kind), kind);
    }
    let mut world = World::new(small_stack(2048));
    let host = world.host(ty([I64, I64], [V128]), Arc::new(|_, _, _| HostOutcome::Done));
    world.add(wat, &[host]);
    world.store.enter_frame(2048 - 79).expect("so much is left");
    let trap = world.trap("f", &[]);
    assert_eq!((trap.kind, trap.backtrace.len()), (TrapKind::StackOverflow, 0));
}

#[test]
fn tail_calls_take_no_space() {
    let mut world = World::new(small_stack(1024));
    world.add(
        r#"(module
            (type $t (func (param i32 i32) (result i32)))
            (table funcref (elem $odd))
            (func $even (export "even") (param i32 i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
                (i64.const 1)
                (return_call_indirect (type $t)
                    (i32.sub (local.get 0) (i32.const 1)) (i32.const 1) (i32.const 0)))
            (func $odd (param i32 i32) (result i32) (local v128 v128)
                (if (i32.eqz (local.get 0)) (then (unreachable)))
                (return_call $even (i32.sub (local.get 0) (i32.const 1)) (i32.const 2))))"#,
        &[],
    );
    assert_eq!(world.value("even", &[100_000, 7]), [2]);
    assert_eq!(world.value("even", &[0, 7]), [7]);
    // The callers of a tail call are gone.
    let trap = world.trap("even", &[1001, 0]);
    assert_eq!((trap.kind, trace(&trap)), (TrapKind::Unreachable, vec![(1, 3)]));
}

#[test]
fn a_tail_call_that_does_not_fit_traps_in_its_caller() {
    let wat = r#"(module
        (func (export "f") (return_call $big))
        (func $big (local v128 v128 v128 v128)))"#;
    for (stack_bytes, kind) in [(128, None), (127, Some(TrapKind::StackOverflow))] {
        let mut world = World::new(small_stack(2048));
        world.add(wat, &[]);
        world.store.enter_frame(2048 - stack_bytes).expect("so much is left");
        let outcome = world.call("f", &[]);
        assert_eq!(outcome.as_ref().err().map(|trap| trap.kind), kind);
        if let Err(trap) = outcome {
            assert_eq!(trace(&trap), [(0, 0)]);
        }
        assert_eq!(world.store.height_left(), stack_bytes);
    }
}

#[test]
fn other_instances_have_their_own_state() {
    let mut world = World::of(
        r#"(module
            (memory (data "\2a"))
            (global $g (mut i32) (i32.const 1))
            (func (export "peek") (param i32) (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (i32.add (global.get $g) (i32.load8_u (local.get 0)))))"#,
    );
    let peek = world.export("peek");
    world.add(
        r#"(module
            (import "" "" (func $peek (param i32) (result i32)))
            (memory (data "\07"))
            (global $g (mut i32) (i32.const 100))
            (table funcref (elem $peek))
            (func (export "f") (result i32 i32 i32)
                (call $peek (i32.const 0))
                (i32.load8_u (i32.const 0))
                (global.get $g))
            (func (export "indirect") (result i32)
                (call_indirect (param i32) (result i32) (i32.const 0) (i32.const 0)))
            (func (export "tail") (result i32) (return_call $peek (i32.const 0)))
            (func (export "out") (param i32) (result i32) (nop) (call $peek (local.get 0))))"#,
        &[peek],
    );
    assert_eq!(world.value("f", &[]), [44, 7, 100]);
    assert_eq!(world.value("indirect", &[]), [45]);
    assert_eq!(world.value("tail", &[]), [46]);
    let trap = world.trap("out", &[0x10000]);
    let instances: Vec<u32> = trap.backtrace.iter().map(|f| f.instance.as_u32()).collect();
    assert_eq!((trace(&trap), instances), (vec![(0, 6), (4, 2)], vec![0, 1]));
}

/// The store's first function, with one `i32` from and to the host.
fn call_back(store: &mut Store, data: &mut dyn Any, cells: &mut [u64]) -> HostOutcome {
    let instance = store.caller().expect("an instance calls");
    let func = store.instance(instance).export("back").and_then(Extern::func);
    let mut results = [0];
    match store.call(data, func.expect("it exports `back`"), &cells[..1], &mut results) {
        Ok(()) => {
            cells[0] = results[0];
            HostOutcome::Done
        }
        Err(trap) => HostOutcome::Trap(Box::new(trap)),
    }
}

#[test]
fn the_host_may_call_back() {
    let mut world = World::new(config(Settings::default()));
    let host = world.host(ty([I32], [I32]), Arc::new(call_back));
    world.add(
        r#"(module
            (import "" "" (func $host (param i32) (result i32)))
            (func (export "f") (param i32) (result i32)
                (i32.add (i32.const 1000) (call $host (local.get 0))))
            (func (export "back") (param i32) (result i32)
                (i32.div_u (i32.const 100) (local.get 0)))
            (func (export "tail") (param i32) (result i32)
                (return_call $host (local.get 0)))
            (func (export "around") (param i32) (result i32)
                (call 3 (local.get 0))))"#,
        &[host],
    );
    assert_eq!(world.value("f", &[5]), [1020]);
    assert_eq!(world.value("tail", &[5]), [20]);
    assert_eq!(world.value("around", &[5]), [20]);
    let trap = world.trap("f", &[0]);
    assert_eq!(trap.kind, TrapKind::IntegerDivisionByZero);
    assert_eq!(trace(&trap), [(2, 2), (1, 2)]);
    // A tail call of a host function has given up its frame.
    assert_eq!(trace(&world.trap("around", &[0])), [(2, 2), (4, 1)]);
    assert_eq!(trace(&world.trap("tail", &[0])), [(2, 2)]);
    assert_eq!(world.store.height_left(), 8 << 20);
}

#[test]
fn calls_back_and_forth_end_at_the_host_s_limit() {
    let mut world = World::new(StoreConfig { host_depth_max: 7, ..config(Settings::default()) });
    let host = world.host(ty([I32], [I32]), Arc::new(call_back));
    world.add(
        r#"(module
            (import "" "" (func $host (param i32) (result i32)))
            (func (export "back") (param i32) (result i32)
                (if (local.get 0)
                    (then (return (call $host (i32.sub (local.get 0) (i32.const 1))))))
                (i32.const 5)))"#,
        &[host],
    );
    assert_eq!(world.value("back", &[6]), [5]);
    let trap = world.trap("back", &[7]);
    assert_eq!((trap.kind, trap.backtrace.len()), (TrapKind::StackOverflow, 7));
}

#[test]
fn a_host_s_failure_is_its_own() {
    let fail: fn() -> HostOutcome = || HostOutcome::Trap(Box::new(Trap::host("no such file")));
    let suspend: fn() -> HostOutcome = || HostOutcome::Suspend;
    for (outcome, kind) in [(fail, TrapKind::Host), (suspend, TrapKind::Suspended)] {
        let mut world = World::new(config(Settings::default()));
        let host = world.host(ty([], []), Arc::new(move |_, _, _| outcome()));
        world.add(
            r#"(module (import "" "" (func $host)) (func (export "f") (nop) (call $host)))"#,
            &[host],
        );
        let trap = world.trap("f", &[]);
        assert_eq!((trap.kind, trace(&trap)), (kind, vec![(1, 1)]));
        if kind == TrapKind::Host {
            assert!(trap.to_string().ends_with("no such file"), "{trap}");
        }
    }
}

#[test]
fn a_host_gets_and_gives_values_of_all_types() {
    let types = [I32, I64, ValType::F32, ValType::F64, V128, ValType::FUNCREF, ValType::EXTERNREF];
    let mut world = World::new(config(Settings::default()));
    // Results are the parameters in the other order.
    let host = |_: &mut Store, _: &mut dyn Any, cells: &mut [u64]| {
        let [i32, i64, f32, f64, low, high, func, extern_] = *cells else { panic!("8 cells") };
        cells.copy_from_slice(&[extern_, func, low, high, f64, f32, i64, i32]);
        HostOutcome::Done
    };
    let host = world.host(ty(types, types.into_iter().rev()), Arc::new(host));
    let object = world.store.extern_new(Box::new(()));
    world.add(
        r#"(module
            (import "" "" (func $host
                (param i32 i64 f32 f64 v128 funcref externref)
                (result externref funcref v128 f64 f32 i64 i32)))
            (elem declare func $host)
            (func (export "f") (param externref)
                (result externref funcref v128 f64 f32 i64 i32)
                (call $host (i32.const -1) (i64.const -2) (f32.const nan:0x200001) (f64.const 1)
                    (v128.const i64x2 3 4) (ref.func $host) (local.get 0))))"#,
        &[host],
    );
    let results = world.value("f", &[object]);
    let nan = 0x7fa0_0001;
    assert_eq!(results, [object, 1, 3, 4, 1f64.to_bits(), nan, u64::MAX - 1, 0xffff_ffff]);
}
