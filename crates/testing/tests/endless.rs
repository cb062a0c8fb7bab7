//! Programs without end or bound, in every tier: recursion, loops, growth. Each ends with its
//! documented trap or value.
//!
//! A green run does not cover the messages of the command line, nor limits other than those named
//! here.

use prova_core::Tier;
use prova_module::{Features, FuncType, Limits, Module, ValType};
use prova_runtime::{
    Attach, Extern, HostFunc, HostOutcome, InstantiateError, Metering, Settings, Store, Trap,
    TrapKind,
};
use prova_testing::sides::attach::Translation;
use prova_testing::sides::run::{self, Setup};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn settings(metering: Metering) -> Settings {
    Settings { metering, deterministic: false }
}

/// A store of a tier, and a module of this text in it.
struct World {
    store: Store,
    instance: prova_runtime::InstanceAddr,
}

impl World {
    fn new(tier: Tier, metering: Metering, wat: &str) -> World {
        let store = run::store(Setup { tier, settings: settings(metering) });
        World::with(store, wat, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    fn with(mut store: Store, wat: &str, imports: &[Extern]) -> Result<World, InstantiateError> {
        let bytes = wat::parse_str(wat).expect("the text is a module");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let attach: Arc<dyn Attach> = Arc::new(Translation::new(store.settings()));
        let module = module.expect("the module is valid");
        let instance = store.instantiate(&mut (), &module, imports, attach)?;
        Ok(World { store, instance })
    }

    /// Calls the export `f`, which takes nothing.
    fn call(&mut self, results: &mut [u64]) -> Result<(), Trap> {
        let export = self.store.instance(self.instance).export("f");
        let func = export.and_then(Extern::func).expect("f is exported");
        self.store.call(&mut (), func, &[], results)
    }

    fn trap(&mut self, results: usize) -> Trap {
        self.call(&mut vec![0; results]).expect_err("it has no end")
    }
}

#[test]
fn endless_recursion_exhausts_the_stack_at_the_same_depth() {
    let direct = r#"(module $m (func $f (export "f") (result i64) (local i64 i64) (i64.add (call $f) (i64.const 1))))"#;
    let mutual =
        r#"(module (func $f (export "f") (call $g)) (func $g (param) (local f64) (call $f)))"#;
    let indirect = r#"(module (type $t (func)) (table 1 funcref) (elem (i32.const 0) $f)
        (func $f (export "f") (call_indirect (type $t) (i32.const 0))))"#;
    for (wat, results) in [(direct, 1), (mutual, 0), (indirect, 0)] {
        let traps = Tier::ALL.map(|tier| World::new(tier, Metering::None, wat).trap(results));
        for trap in &traps {
            assert_eq!(trap.kind, TrapKind::StackOverflow, "{trap}");
            assert!(trap.backtrace.iter().all(|frame| frame.offset.is_some()), "{trap}");
            assert_eq!(trap.to_string(), traps[0].to_string());
        }
        let depth = (traps[0].backtrace.len() + traps[0].frames_omitted) as u64;
        assert!((100..run::STACK_BYTES / 64 + 1).contains(&depth), "{depth}");
    }
}

#[test]
fn recursion_that_fits_does_not_trap() {
    let wat = r#"(module (func $f (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0))))
        (func (export "f") (result i32) (call $f (i32.const 500))))"#;
    for tier in Tier::ALL {
        let mut results = [0];
        World::new(tier, Metering::None, wat).call(&mut results).expect("500 frames fit");
        assert_eq!(results, [500], "{tier:?}");
    }
}

#[test]
fn recursion_through_the_host_exhausts_the_stack() {
    let wat = r#"(module (import "" "" (func $h)) (func (export "f") (call $h)))"#;
    for tier in Tier::ALL {
        let mut store = run::store(Setup { tier, settings: settings(Metering::None) });
        let again: HostFunc = Arc::new(|store, data, _| {
            let caller = store.caller().expect("Wasm called");
            let f =
                store.instance(caller).export("f").and_then(Extern::func).expect("f is exported");
            match store.call(data, f, &[], &mut []) {
                Ok(()) => HostOutcome::Done,
                Err(trap) => HostOutcome::Trap(Box::new(trap)),
            }
        });
        let host = store.func_new(FuncType::new([], [] as [ValType; 0]), again);
        let world = World::with(store, wat, &[Extern::Func(host)]);
        let trap = world.unwrap_or_else(|error| panic!("{error}")).trap(0);
        assert_eq!(trap.kind, TrapKind::StackOverflow, "{tier:?}: {trap}");
    }
}

/// Loops and tail calls without end.
const ENDLESS: [&str; 4] = [
    r#"(module (func (export "f") (loop (br 0))))"#,
    r#"(module (func (export "f") (loop (br_if 0 (i32.const 1)))))"#,
    r#"(module (func (export "f") (loop (br_table 0 0 (i32.const 1)))))"#,
    r#"(module (func $f (export "f") (return_call $g)) (func $g (return_call $f)))"#,
];

#[test]
fn endless_programs_run_out_of_fuel_alike() {
    for wat in ENDLESS {
        let ends = Tier::ALL.map(|tier| {
            let mut world = World::new(tier, Metering::Fuel, wat);
            world.store.set_fuel(10_000);
            let trap = world.trap(0);
            (trap.kind, trap.to_string(), world.store.fuel())
        });
        assert!(ends.iter().all(|end| *end == ends[0]), "{wat}: {ends:?}");
        assert!(ends[0].0 == TrapKind::OutOfFuel && ends[0].2 < 10, "{wat}: {ends:?}");
    }
}

#[test]
fn endless_programs_are_interrupted_from_another_thread() {
    for (wat, tier) in ENDLESS.iter().flat_map(|wat| Tier::ALL.map(|tier| (wat, tier))) {
        let mut world = World::new(tier, Metering::Epoch, wat);
        world.store.set_epoch_deadline(1);
        let epoch = world.store.epoch();
        let trap = std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(5));
                epoch.fetch_add(1, Ordering::Relaxed);
            });
            world.trap(0)
        });
        assert_eq!(trap.kind, TrapKind::Interrupt, "{tier:?} {wat}: {trap}");
        assert!(!trap.backtrace.is_empty(), "{tier:?} {wat}: {trap}");
    }
}

#[test]
fn growth_stops_at_the_limit() {
    // The stores of `run` allow 1 MiB, 16 pages, and 10,000 elements.
    let memory = |pages| {
        format!(
            r#"(module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const {pages}))))"#
        )
    };
    let table = |elements| {
        format!(
            r#"(module (table 1 funcref)
                (func (export "f") (result i32) (table.grow (ref.null func) (i32.const {elements}))))"#
        )
    };
    let minus_one = u64::from(u32::MAX);
    let cases =
        [(memory(15), 1), (memory(16), minus_one), (table(9_999), 1), (table(10_000), minus_one)];
    for (tier, (wat, expected)) in
        Tier::ALL.iter().flat_map(|tier| cases.iter().map(move |case| (*tier, case)))
    {
        let mut world = World::new(tier, Metering::None, wat);
        let mut results = [0];
        world.call(&mut results).expect("growth does not trap");
        assert_eq!(results, [*expected], "{tier:?} {wat}");
        let mut world = World::new(tier, Metering::None, wat);
        let limits = prova_runtime::Limits {
            memory_bytes_max: 1 << 20,
            table_elements_max: 10_000,
            ..Default::default()
        };
        world.store.set_limits(limits, true);
        let outcome = world.call(&mut results).map_err(|trap| trap.kind);
        let refused = *expected == minus_one;
        assert_eq!(
            outcome,
            if refused { Err(TrapKind::GrowthFailed) } else { Ok(()) },
            "{tier:?} {wat}"
        );
    }
}

#[test]
fn objects_beyond_the_limit_are_refused_by_its_name() {
    let cases = [
        ("(module (memory 16))", None),
        ("(module (memory 17))", Some("memory_bytes_max")),
        ("(module (memory i64 0x1000000000000))", Some("memory_bytes_max")),
        ("(module (table 10000 funcref))", None),
        ("(module (table 10001 funcref))", Some("table_elements_max")),
        ("(module (table i64 0xffffffffffffffff funcref))", Some("table_elements_max")),
    ];
    for (wat, limit) in cases {
        let store = run::store(Setup { tier: Tier::TAIL, settings: settings(Metering::None) });
        let refusal = World::with(store, wat, &[]).err().map(|error| error.to_string());
        match (limit, refusal) {
            (None, None) => {}
            (Some(limit), Some(refusal)) => assert!(refusal.contains(limit), "{wat}: {refusal}"),
            (limit, refusal) => panic!("{wat}: expected {limit:?}, got {refusal:?}"),
        }
    }
}
