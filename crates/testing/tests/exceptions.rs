//! Which exceptions a store keeps: the same in every tier, and those that `docs/semantics.md` says.
//!
//! Each case makes some exceptions, holds on to them or not, and then makes many that nobody holds,
//! so that the store forgets what it may. The kept exceptions are counted in cells and compared
//! with the number that follows from the text of the case, in all tiers and all ways of metering;
//! the fuel that is left and the place of a trap are compared between the tiers.
//!
//! A green run does not show what the host may hold: nothing of it is kept.

use prova_core::Tier;
use prova_module::{ExternType, Features, Module};
use prova_runtime::{
    Cell, Extern, HostFunc, HostOutcome, InstanceAddr, Limits, Metering, Settings, Store, TrapKind,
};
use prova_testing::sides::attach::Translation;
use prova_testing::sides::run::{self, Setup};
use std::sync::{Arc, OnceLock};

/// The values of a large exception.
const VALUES: usize = 999;

/// The cells of one.
const BIG: usize = 8 + VALUES;

/// The cells at which what nobody holds is forgotten, if as much or less is held.
const THRESHOLD: usize = 1 << 16;

/// The cells of all exceptions of a store.
const CELLS_MAX: usize = 1 << 24;

/// The cells of the greatest exception that a module can make: where there is no room for it, what
/// nobody holds is forgotten.
const ONE_MAX: usize = 8 + 2_000;

/// The module of every case. It begins with `$make`, which gives a large exception, and `$fill`,
/// which makes some that nobody holds.
fn module(fields: &str) -> Module {
    let zeros = "i64.const 0 ".repeat(VALUES);
    let ty = "i64 ".repeat(VALUES);
    let text = format!(
        r#"(module
        (import "" "cells" (func $cells (result i32)))
        (import "" "back" (func $back))
        (import "" "take" (func $take (param exnref)))
        (tag $big (param {ty})) (tag $hold (param exnref)) (tag $number (param i64))
        (global $g (mut exnref) (ref.null exn)) (global $count (export "count") (mut i32) (i32.const 0))
        (table $t 4 exnref)
        (type $make (func (result exnref)))
        (func $make (type $make)
            (block $l (result exnref) (try_table (catch_all_ref $l) {zeros} throw $big) unreachable))
        (func $fill (export "fill") (param $n i32)
            (loop $again
                (drop (call $make))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        {fields})"#
    );
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{fields}"));
    Module::decode(bytes, &Features::default(), &prova_module::Limits::default())
        .unwrap_or_else(|error| panic!("{error}\n{fields}"))
}

/// A store with an instance; `back` and `take` call its export `fill`.
struct World {
    store: Store,
    instance: InstanceAddr,
}

impl World {
    fn new(module: &Module, tier: Tier, metering: Metering, store_bytes_max: u64) -> World {
        let settings = Settings { metering, deterministic: true };
        let mut store = run::store(Setup { tier, settings });
        store.set_limits(Limits { store_bytes_max, ..Limits::default() }, false);
        store.set_fuel(FUEL);
        let made: Arc<OnceLock<InstanceAddr>> = Arc::default();
        let mut imports = Vec::new();
        for import in module.imports() {
            let ExternType::Func(ty) = import.kind else { continue };
            let (ty, made) = (module.types()[ty.index()].clone(), Arc::clone(&made));
            let func: HostFunc = match &*import.name {
                "cells" => Arc::new(|store, _, cells| {
                    cells[0] = store.exception_cells() as Cell;
                    HostOutcome::Done
                }),
                _ => Arc::new(move |store, data, _| {
                    let fill = made.get().and_then(|&at| store.instance(at).export("fill"));
                    let fill = fill.and_then(Extern::func).expect("there is an instance");
                    match store.call(data, fill, &[MADE as Cell], &mut []) {
                        Ok(()) => HostOutcome::Done,
                        Err(trap) => HostOutcome::Trap(Box::new(trap)),
                    }
                }),
            };
            imports.push(Extern::Func(store.func_new(ty, func)));
        }
        let attach = Arc::new(Translation::new(settings));
        let instance = store.instantiate(&mut (), module, &imports, attach);
        let instance = instance.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(made.set(instance), Ok(()));
        World { store, instance }
    }

    /// Calls `f`, which gives a number.
    fn call(&mut self) -> Seen {
        let of = self.store.instance(self.instance);
        let f = of.export("f").and_then(Extern::func).expect("f is exported");
        let mut results = [0];
        let outcome = match self.store.call(&mut (), f, &[], &mut results) {
            Ok(()) => Ok(results[0]),
            Err(trap) => Err((trap.kind, trap.backtrace.iter().map(|at| at.offset).collect())),
        };
        let of = self.store.instance(self.instance);
        let Some(Extern::Global(count)) = of.export("count") else { panic!("it is exported") };
        let count = self.store.global_get(count)[0];
        Seen { outcome, count, cells: self.store.exception_cells(), fuel: self.store.fuel() }
    }
}

/// Enough for every case.
const FUEL: u64 = 1 << 40;

/// The observations of `f`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    /// Its result, or a trap with the places of its backtrace.
    outcome: Result<Cell, (TrapKind, Vec<Option<u32>>)>,
    /// The global `$count`.
    count: Cell,
    /// Cells of exceptions at the end.
    cells: usize,
    /// Fuel left; in ways of metering without fuel, all of it.
    fuel: u64,
}

/// Runs a case in all tiers and ways of metering; gives what all saw.
#[track_caller]
fn run(name: &str, fields: &str) -> Seen {
    run_within(name, fields, Limits::default().store_bytes_max)
}

/// The same in stores of `store_bytes_max` bytes.
#[track_caller]
fn run_within(name: &str, fields: &str, store_bytes_max: u64) -> Seen {
    let module = module(fields);
    let mut all: Option<Seen> = None;
    for metering in Metering::ALL {
        let seen =
            Tier::ALL.map(|tier| World::new(&module, tier, metering, store_bytes_max).call());
        for (tier, seen_here) in Tier::ALL.iter().zip(&seen) {
            assert_eq!(seen_here, &seen[0], "{name} in {tier} ({metering:?})");
        }
        let [seen, ..] = seen;
        assert_eq!(seen.fuel < FUEL, metering.has_fuel(), "{name}: fuel is used up");
        if let Some(all) = &all {
            let same = Seen { fuel: all.fuel, ..seen.clone() };
            assert_eq!(all, &same, "{name} ({metering:?})");
        }
        all = Some(seen);
    }
    all.unwrap_or_else(|| panic!("there are ways of metering"))
}

/// Exceptions that `$fill` and the host make.
const MADE: usize = 100;

/// The cells after `MADE` exceptions that nobody holds, where `before` cells are there at the start
/// of which `kept` are held.
fn after(before: usize, kept: usize) -> usize {
    assert!(2 * kept <= THRESHOLD);
    let mut cells = before;
    for _ in 0..MADE {
        if cells >= THRESHOLD {
            cells = kept;
        }
        cells += BIG;
    }
    cells
}

/// A way to hold exceptions, or not to: what it makes before the others are made, and what it holds
/// of that meanwhile.
struct Case {
    name: &'static str,
    fields: &'static str,
    /// Cells of exceptions that it makes.
    makes: usize,
    /// Of these, cells that are held while others are made.
    keeps: usize,
    /// How often [`MADE`] others are made.
    fills: usize,
}

const FILL: &str = "(call $fill (i32.const 100))";

const CASES: &[Case] = &[
    Case { name: "nothing", fields: "(func $h FILL)", makes: 0, keeps: 0, fills: 1 },
    Case {
        name: "a local that is not read again",
        fields: "(func $h (local $e exnref) (local.set $e (call $make)) FILL)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "a local that has another value by then",
        fields: "(func $h (local $e exnref) (local.set $e (call $make)) (local.set $e (ref.null exn)) FILL)",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "an operand",
        fields: "(func $h (call $make) FILL drop)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "an operand that is popped, but still in its slot",
        fields: "(func $h (drop (call $make)) FILL)",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "a slot that is free, below one in use",
        fields: "(func $h (drop (call $make)) i32.const 7 (call $make) FILL drop drop)",
        makes: 2 * BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "an operand that is a copy of a local",
        fields: "(func $h (local $e exnref) (local.set $e (call $make)) (local.get $e) FILL drop)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "an operand that was a copy of a local",
        fields: "(func $h (local $e exnref) (local.set $e (call $make))
            (local.get $e) (local.set $e (ref.null exn)) FILL drop)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "a copy over a stale slot",
        fields: "(func $h (local $e exnref) (drop (call $make)) (local.get $e) FILL drop)",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "null over a stale slot",
        fields: "(func $h (drop (call $make)) (ref.null exn) FILL drop)",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "null over a stale slot, below a block",
        fields: "(func $h (drop (call $make)) (ref.null exn) (block FILL) (loop FILL)
            (if (i32.const 1) (then FILL)) drop)",
        makes: BIG,
        keeps: 0, fills: 3,
    },
    Case {
        name: "operands in the middle of others, some of two cells",
        fields: "(func $h (local $e exnref) (local.set $e (call $make))
            v128.const i64x2 1 2 (call $make) f64.const 3 (local.get $e) i32.const 4 FILL
            drop drop drop drop drop)",
        makes: 2 * BIG,
        keeps: 2 * BIG, fills: 1,
    },
    Case {
        name: "an argument is the callee's",
        fields: "(func $h (call $k (call $make))) (func $k (param exnref) FILL)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "an argument is not the caller's any more",
        fields: "(func $h (call $k (call $make)))
            (func $k (param $e exnref) (local.set $e (ref.null exn)) FILL)",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "below the operands of an indirect call and of one through a reference",
        fields: "(table $f funcref (elem $k)) (type $k (func (param exnref)))
            (func $h (call $make) (ref.null exn) (i32.const 0) (call_indirect $f (type $k))
                (ref.null exn) (ref.func $k) (call_ref $k) drop)
            (func $k (type $k) FILL)",
        makes: BIG,
        keeps: BIG, fills: 2,
    },
    Case {
        name: "a caller that is replaced",
        fields: "(func $h (local $e exnref) (local.set $e (call $make)) (return_call $fill (i32.const 100)))",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "a caller that a function of the host replaces",
        fields: "(func $h (call $k)) (func $k (local $e exnref) (local.set $e (call $make)) (return_call $back))",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "block parameters, in both arms and around a loop",
        fields: "(func $h (call $make)
            (block (param exnref) (result exnref) (loop (param exnref) (result exnref)
                (if (param exnref) (result exnref) (i32.const 0) (then FILL) (else FILL)))) drop)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "behind a label to which a branch took it",
        fields: "(func $h (block (result exnref) (i32.const 1) (call $make) (br 0)) FILL drop)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "where a clause catches it",
        fields: "(func $h (block $l (result exnref) (try_table (result exnref) (catch_all_ref $l)
            (throw_ref (call $make)))) FILL drop)",
        makes: BIG,
        keeps: BIG, fills: 1,
    },
    Case {
        name: "a global, a table",
        fields: "(func $h (global.set $g (call $make)) (table.set $t (i32.const 2) (call $make)) FILL)",
        makes: 2 * BIG,
        keeps: 2 * BIG, fills: 1,
    },
    Case {
        name: "another exception",
        fields: "(func $h (local $e exnref)
            (local.set $e (block $l (result exnref)
                (try_table (catch_all_ref $l) (throw $hold (call $make))) unreachable)) FILL)",
        makes: BIG + 9,
        keeps: BIG + 9, fills: 1,
    },
    Case {
        name: "a number that has the bits of the first reference of a store",
        fields: "(func $h (local $n i64) (drop (call $make)) (local.set $n (i64.const 0x100000001))
            (i64.const 0x100000001) (local.get $n) FILL drop drop)",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "such a number in another exception",
        fields: "(func $h (local $e exnref) (drop (call $make))
            (local.set $e (block $l (result exnref)
                (try_table (catch_all_ref $l) (throw $number (i64.const 0x100000001))) unreachable)) FILL)",
        makes: BIG + 9,
        keeps: 9, fills: 1,
    },
    Case {
        name: "ten callers, each with a local and an operand",
        fields: "(func $h (call $k (i32.const 10)))
            (func $k (param $n i32) (local $e exnref)
                (if (i32.eqz (local.get $n)) (then FILL return))
                (local.set $e (call $make)) (call $make)
                (call $k (i32.sub (local.get $n) (i32.const 1))) drop)",
        makes: 20 * BIG,
        keeps: 20 * BIG, fills: 1,
    },
    Case {
        name: "a caller below a function of the host",
        fields: "(func $h (local $e exnref) (local.set $e (call $make)) (call $make) (call $back) drop)",
        makes: 2 * BIG,
        keeps: 2 * BIG, fills: 1,
    },
    Case {
        name: "stale slots below a function of the host",
        fields: "(func $h (local $e exnref) (drop (call $make)) (local.get $e) (ref.null exn) (call $back) drop drop)",
        makes: BIG,
        keeps: 0, fills: 1,
    },
    Case {
        name: "what the host alone has",
        fields: "(func $h (call $take (call $make)))",
        makes: BIG,
        keeps: 0, fills: 1,
    },
];

#[test]
fn each_case_keeps_what_the_wasm_holds() {
    for Case { name, fields, makes, keeps, fills } in CASES {
        let fields = fields.replace("FILL", FILL);
        let f =
            r#"(func (export "f") (result i32) (call $h) (call $cells)) (elem declare func $k)"#;
        let f = if fields.contains("ref.func") { f } else { f.split(" (elem").next().unwrap_or(f) };
        let seen = run(name, &format!("{fields} {f}"));
        let expected = (0..*fills).fold(*makes, |cells, _| after(cells, *keeps));
        assert_eq!(seen.outcome, Ok(expected as Cell), "{name}");
        assert_eq!(seen.cells, expected, "{name}: nothing is made after");
    }
}

/// The frames that a throw leaves are asked, too: it is not known yet which those are.
#[test]
fn frames_that_a_throw_leaves_hold_what_they_hold_at_the_throw() {
    let zeros = "i64.const 0 ".repeat(VALUES);
    let fields = format!(
        r#"(func $k (local $e exnref) (local.set $e (call $make)) {zeros} throw $big)
        (func (export "f") (result i32) (local $n i32) (local.set $n (i32.const 100))
            (drop (call $make))
            (loop $again
                (drop (block $l (result exnref) (try_table (catch_all_ref $l) (call $k)) unreachable))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (call $cells))"#
    );
    let (mut cells, mut asked) = (BIG, 0);
    for _ in 0..100 {
        for held in [0, BIG] {
            if cells >= THRESHOLD {
                cells = held;
                asked += usize::from(held != 0);
            }
            cells += BIG;
        }
    }
    assert!(asked > 0, "a throw asks while a frame holds something");
    assert_eq!(run("frames that go", &fields).outcome, Ok(cells as Cell));
}

/// Thrown values are held by nobody but the exception that is being made.
#[test]
fn values_that_are_thrown_are_held() {
    // A reference that names nothing ends the call as a fault of ours.
    let fields = r#"(func (export "f") (result i32) (local $n i32) (local $e exnref)
        (local.set $n (i32.const 200))
        (loop $again
            (local.set $e (block $caught (result exnref)
                (try_table (catch $hold $caught)
                    (throw_ref (block $l (result exnref)
                        (try_table (catch_all_ref $l) (throw $hold (call $make))) unreachable)))
                unreachable))
            (block $thrown (try_table (catch_all $thrown) (throw_ref (local.get $e))) unreachable)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 1))"#;
    assert_eq!(run("thrown values", fields).outcome, Ok(1));
}

/// The chain of exceptions grows by one of two that are made, the others are stale or dead in every
/// way, until there is no room.
fn chain(store_bytes_max: u64, room: usize) {
    let zeros = "i64.const 0 ".repeat(VALUES - 1);
    let ty = "i64 ".repeat(VALUES - 1);
    let fields = format!(
        r#"(tag $link (param exnref {ty}))
        (func $next (param $e exnref) (result exnref) (local $dead exnref)
            (local.set $dead (call $make)) (local.get $dead) drop (local.set $dead (ref.null exn))
            (block $l (result exnref)
                (try_table (catch_all_ref $l) (local.get $e) {zeros} throw $link) unreachable))
        (func (export "f") (result i32) (local $e exnref)
            (loop $again
                (local.set $e (call $next (local.get $e)))
                (global.set $count (i32.add (global.get $count) (i32.const 1)))
                (br $again))
            unreachable)"#
    );
    let seen = run_within("a chain", &fields, store_bytes_max);
    let Err((kind, places)) = &seen.outcome else { panic!("{seen:?}") };
    assert_eq!(*kind, TrapKind::TooManyExceptions);
    // Every collection leaves the chain alone; between them there is room for some that are dead.
    let (mut chain, mut cells, mut threshold) = (0, 0, THRESHOLD);
    let (made, depth) = 'full: loop {
        for (kept, depth) in [(0, 3), (BIG, 2)] {
            if cells >= threshold || cells + ONE_MAX > room {
                cells = chain;
                threshold = (2 * cells).max(THRESHOLD);
            }
            if cells + BIG > room {
                break 'full (chain / BIG, depth);
            }
            cells += BIG;
            chain += kept;
        }
    };
    assert_eq!((seen.count, places.len()), (made as Cell, depth), "{store_bytes_max}");
    assert_eq!(seen.cells, cells);
}

#[test]
fn the_limit_is_reached_at_the_same_place() {
    chain(Limits::default().store_bytes_max, CELLS_MAX);
}

/// The four elements of every case's table.
const TABLE_BYTES: usize = 4 * 8;

#[test]
fn exceptions_share_the_budget_of_the_store() {
    // As many as fit, to the cell: in rooms below the threshold and above it, with one cell for an
    // exception too few and just enough.
    for room in [BIG - 1, BIG, 2 * BIG - 1, 2 * BIG, 50 * BIG, 200 * BIG - 1, 200 * BIG] {
        chain((TABLE_BYTES + 8 * room) as u64, room);
    }
}

/// Where nobody holds them, exceptions of any number fit into the room of two.
#[test]
fn what_nobody_holds_makes_room_within_the_budget() {
    let f = r#"(func (export "f") (result i32) (call $fill (i32.const 500)) (call $cells))"#;
    for room in [BIG, 2 * BIG, ONE_MAX + BIG, 100 * BIG] {
        let seen = run_within("nobody holds", f, (TABLE_BYTES + 8 * room) as u64);
        let cells = seen.outcome.as_ref().map(|&cells| cells as usize);
        assert!(cells.is_ok_and(|cells| cells >= BIG && cells <= room), "{room}: {seen:?}");
    }
}

/// Memory and exceptions take from each other's room.
#[test]
fn memory_grows_into_what_exceptions_leave() {
    let fields = |before: &str, after: &str| {
        format!(
            r#"(memory 0) (func (export "f") (result i32) (local $e exnref) {before}
                (local.set $e (call $make)) {after} (memory.grow (i32.const 1)))"#
        )
    };
    let budget = |bytes: usize| (TABLE_BYTES + 8 * BIG + bytes) as u64;
    // One page beside one exception: it grows, unless a byte is missing.
    let one = fields("", "");
    assert_eq!(run_within("grows", &one, budget(1 << 16)).outcome, Ok(0));
    assert_eq!(run_within("does not", &one, budget((1 << 16) - 1)).outcome, Ok(0xffff_ffff));
    // Behind a growth there is no room for an exception.
    let grown = fields("(drop (memory.grow (i32.const 1)))", "");
    assert_eq!(run_within("two pages", &grown, budget(2 << 16)).outcome, Ok(1));
    let none = run_within("no exception", &grown, budget((1 << 16) - 8)).outcome;
    assert!(matches!(none, Err((TrapKind::TooManyExceptions, _))), "{none:?}");
}

/// The fuel of the one throw of `n` that forgets what nobody holds, besides what each costs:
/// exceptions are made by `$h`.
fn forgetting(fields: &str) -> u64 {
    // The throw that finds as many cells as the threshold pays for all.
    let n = THRESHOLD.div_ceil(BIG);
    let used = [n - 1, n, n + 1].map(|n| {
        let f =
            format!(r#"(func (export "f") (result i32) (call $h (i32.const {n})) (call $cells))"#);
        let seen = run("forgetting", &format!("{fields} {f}"));
        assert_eq!(seen.outcome, Ok(if n * BIG > THRESHOLD + BIG { BIG } else { n * BIG } as Cell));
        FUEL - seen.fuel
    });
    (used[2] - used[1]) - (used[1] - used[0])
}

/// The objects that a store looks at before it forgets are paid for, in all tiers alike: elements
/// of tables and segments, globals, frames.
#[test]
fn what_forgetting_looks_at_is_paid_for() {
    let direct = "(func $h (param i32) (call $fill (local.get 0)))";
    let plain = forgetting(direct);
    // Objects with their values, and the frame of `$make`; then the frames of three small
    // functions.
    let own = (THRESHOLD.div_ceil(BIG) * (BIG + 1) + 64 + 8 * VALUES) as u64 / 8;
    assert!((own + 24..own + 64).contains(&plain), "{plain}, not {own}");
    let tables = forgetting(&format!("{} {direct}", "(table 8000 exnref)".repeat(10)));
    assert_eq!(tables - plain, 10_000);
    let nulls = "(ref.null exn) ".repeat(7999);
    let elems =
        forgetting(&format!("(elem exnref {}) {direct}", nulls.replace("(ref", "(item ref")));
    assert_eq!(elems - plain, 1_000, "and the segment itself");
    // A frame counts by its charge: 64 bytes, and 8 for each of two parameters and of two operands.
    let deep = "(func $h (param i32) (call $k (local.get 0) (i32.const 100)))
        (func $k (param i32 i32)
            (if (i32.eqz (local.get 1)) (then (call $fill (local.get 0))) (else
                (call $k (local.get 0) (i32.sub (local.get 1) (i32.const 1))))))";
    let deep = forgetting(deep) - plain;
    assert!((1_200..=1_320).contains(&deep), "{deep}: 101 frames of 96 to 104 bytes");
}
