//! Modules that stand alone, in an engine of somebody else: this engine through WASI, which is
//! honest, or changes bytes of what it is given, or prints what no module says.
//!
//! A green run does not show that another engine takes such a module, nor that a fault of one is
//! not gone when it is traced.

use prova_core::wasi::{self, Captured, I32Exit, WasiCtx, WasiCtxBuilder};
use prova_core::{Config, Engine, FuncType, Linker, Module, Result, Store, Tier, Val};
use prova_runs::diverge::{Divergence, Options, Second, Side, Verdict, diverge};
use prova_runs::trace::{ForeignEngine, Level, Record, live};
use std::sync::Arc;

fn numbers(_: &str, ty: &FuncType, texts: &[String]) -> Result<Vec<Val>> {
    let value = |(ty, text): (prova_core::ValType, &String)| {
        Ok(match ty {
            prova_core::ValType::I64 => Val::I64(text.parse()?),
            prova_core::ValType::F64 => Val::F64(text.parse::<f64>()?.to_bits()),
            _ => Val::I32(text.parse()?),
        })
    };
    ty.params().zip(texts).map(value).collect()
}

/// Bytes, and what stands there in place of them.
type Edit = (&'static [u8], &'static [u8]);

/// This engine, as one of somebody else.
#[derive(Debug)]
struct Other(Option<Edit>);

impl ForeignEngine for Other {
    fn run(&self, wasm: &[u8], line: &mut dyn FnMut(&[u8]) -> bool) -> Result<Option<String>> {
        let mut bytes = wasm.to_vec();
        if let Some((from, to)) = self.0 {
            assert_eq!(from.len(), to.len());
            while let Some(at) = bytes.windows(from.len()).position(|some| some == from) {
                bytes[at..at + to.len()].copy_from_slice(to);
            }
        }
        let engine = Engine::new(Config::new().consume_fuel(true))?;
        let module = Module::new(&engine, &bytes)?;
        let mut linker: Linker<WasiCtx> = Linker::new(&engine);
        wasi::add_to_linker(&mut linker, |wasi| wasi)?;
        let out = Captured::new(1 << 24);
        let wasi = WasiCtxBuilder::new().stdout(Box::new(out.clone())).build();
        let mut store = Store::new(&engine, wasi);
        store.set_fuel(2_000_000_000)?;
        let run = || {
            let instance = linker.instantiate(&mut store, &module)?;
            let start = instance.get_func(&store, "_start").expect("it has a start");
            start.call(&mut store, &[], &mut [])
        };
        let failed = std::iter::once_with(run).next().and_then(Result::err);
        let content = out.content();
        let mut lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let all = lines.all(line);
        let exited = failed.as_ref().is_some_and(|error| error.is::<I32Exit>());
        Ok(failed.filter(|_| all && !exited).map(|error| format!("{error:#}")))
    }
}

fn recorded(module: &str, export: Option<&str>, args: &[&str]) -> Arc<Record> {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let bytes = wat::parse_str(module).expect("text format");
    let wasi = WasiCtxBuilder::new().arg(b"program").build();
    Arc::new(live(&Config::new(), &bytes, wasi, (export, &args), &numbers).expect("it can be run"))
}

fn compared(record: &Arc<Record>, engine: &dyn ForeignEngine, level: Option<Level>) -> Divergence {
    elsewhere(record, Second::Elsewhere(engine), level).expect("both sides start")
}

fn elsewhere(record: &Arc<Record>, second: Second<'_>, level: Option<Level>) -> Result<Divergence> {
    let mut config = Config::new();
    config.tier(Tier::TAIL);
    let side = |name: &str| Side { name: name.into(), config: &config, module: None };
    diverge(
        record,
        &[side("a"), side("b")],
        Options { second, level, ..Options::default() },
        &numbers,
    )
}

const PROGRAM: &str = r#"(module
  (memory (export "memory") 1)
  (global $state (mut i32) (i32.const 1))
  (table 2 funcref)
  (elem (i32.const 0) $mix $fold)
  (func $next (result i32)
    (global.set $state (i32.add (i32.mul (global.get $state) (i32.const 1103515245)) (i32.const 12345)))
    (i32.shr_u (global.get $state) (i32.const 16)))
  (func $mix (param $a i32) (param $b i32) (result i32)
    (i32.xor (i32.rotl (local.get $a) (i32.const 5)) (local.get $b)))
  (func $fold (param $a i32) (param $b i32) (result i32)
    (i32.sub (i32.mul (local.get $a) (i32.const 31)) (local.get $b)))
  (func $put (param $at i32) (param $value i32)
    (i32.store offset=64 (i32.and (local.get $at) (i32.const 1020)) (local.get $value)))
  (func $get (param $at i32) (result i32)
    (i32.load offset=64 (i32.and (local.get $at) (i32.const 1020))))
  (func $ends (param $at i32) (result i32)
    (if (i32.eqz (local.get $at)) (then (return (i32.const 7))))
    (return_call $ends (i32.sub (local.get $at) (i32.const 1))))
  (func (export "run") (param $n i32) (result i32) (local $sum i32) (local $x i32)
    (loop $again
      (local.set $x (call $next))
      (call $put (local.get $x) (call_indirect (param i32 i32) (result i32)
        (local.get $x) (local.get $sum) (i32.and (local.get $n) (i32.const 1))))
      (local.set $sum (i32.add (local.get $sum) (call $get (local.get $x))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (call $ends (i32.const 50)) (local.get $sum))))"#;

/// Calls of the host: more than a leaf of the answers has, with bytes, an exit code at the end.
const HOST: &str = r#"(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "what stands in the first bytes of the memory has to come back, line by line; it does")
  (start $before)
  (func $before (drop (call $sizes (i32.const 200) (i32.const 204))))
  (func (export "_start") (local $i i32)
    (loop $next
      (drop (call $random (i32.add (i32.const 256) (local.get $i)) (i32.const 24)))
      (drop (call $time (i32.const 1) (i64.const 1) (i32.const 512)))
      (i64.store (i32.const 40) (i64.add (i64.load (i32.const 40)) (i64.load offset=256 (local.get $i))))
      (i64.store (i32.const 40) (i64.xor (i64.load (i32.const 40)) (i64.load (i32.const 512))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))
    (call $exit (i32.and (i32.load8_u (i32.const 41)) (i32.const 63)))))"#;

/// Module, export, arguments; how it ends, if that is known.
const HONEST: &[(&str, Option<&str>, &[&str], &str)] = &[
    (PROGRAM, Some("run"), &["100"], "returned"),
    (HOST, None, &[], "exited"),
    ("(module)", None, &[], "returned"),
    (r#"(module (func (export "f")))"#, Some("f"), &[], "returned"),
    (
        r#"(module (memory (export "memory") i64 1) (func (export "f") (param i64) (result i64)
        (i64.store (local.get 0) (i64.const 5)) (i64.load offset=1 (local.get 0))))"#,
        Some("f"),
        &["9"],
        "returned 0",
    ),
    (
        r#"(module (memory (export "memory") 0 3) (func (export "f") (result i32)
        (drop (memory.grow (i32.const 2))) (i32.store (i32.const 4) (i32.const 9)) (i32.load (i32.const 4))))"#,
        Some("f"),
        &[],
        "returned 9",
    ),
    (
        r#"(module (memory 1) (memory $m (export "memory") 1) (func (export "f") (result i32)
        (i32.store $m (i32.const 0) (i32.const 3)) (i32.load $m (i32.const 0))))"#,
        Some("f"),
        &[],
        "returned 3",
    ),
    (
        r#"(module (func (export "f") (param i32 f64) (result i64 v128 funcref f32)
        (i64.extend_i32_s (local.get 0)) (f64x2.splat (local.get 1)) (ref.null func) (f32.const 2.5)))"#,
        Some("f"),
        &["-3", "1.5"],
        "returned -3, ",
    ),
    (
        r#"(module (memory 1) (func $g (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
        (func (export "f") (param i32) (result i32) (i32.store (i32.const 0) (i32.const 1)) (call $g (local.get 0))))"#,
        Some("f"),
        &["0"],
        "trapped (integer divide by zero)",
    ),
    (
        r#"(module (memory 1) (func (export "f") (i32.store (i32.const 65533) (i32.const 1))))"#,
        Some("f"),
        &[],
        "trapped (out of bounds memory access)",
    ),
    (
        r#"(module (import "a" "b" (func $b (param i64) (result i64))) (memory (export "memory") 1)
        (func (export "f") (result i64) (i32.store (i32.const 0) (i32.const 1)) (call $b (i64.const 3))))"#,
        Some("f"),
        &[],
        "unknown import",
    ),
    (
        r#"(module (tag $t (param i32)) (func $throws (param i32) (throw $t (local.get 0)))
        (func (export "f") (param i32) (result i32)
          (block $caught (result i32) (try_table (catch $t $caught) (call $throws (local.get 0))) (i32.const 0))))"#,
        Some("f"),
        &["5"],
        "returned 5",
    ),
    (
        r#"(module (func (export "_initialize") (global.set 0 (i32.const 4))) (global (mut i32) (i32.const 0))
        (func (export "memory") (result i32) (global.get 0)))"#,
        Some("memory"),
        &[],
        "returned 4",
    ),
];

#[test]
fn an_honest_engine_tells_the_same() {
    for (module, export, args, end) in HONEST {
        let record = recorded(module, *export, args);
        for level in [None, Some(Level::Around), Some(Level::Values)] {
            let report = compared(&record, &Other(None), level);
            let text = report.to_text();
            assert_eq!(report.verdict, Verdict::Same, "{module}\n{text}");
            assert_eq!(report.a.ended, report.b.ended);
            assert!(report.a.ended.contains(end), "{text}");
            assert!(!text.contains("note"), "{text}");
        }
    }
}

#[test]
fn large_functions_are_told() {
    let targets = "0 1 ".repeat(5_000);
    let table = format!(
        r#"(module (func (export "f") (param i32) (result i32) (block (block
          (br_table {targets} 0 (local.get 0))) (return (i32.const 1))) (i32.const 2)))"#
    );
    let locals = "i64 ".repeat(20_000);
    let wide = format!(
        r#"(module (memory 1) (func (export "f") (param i32) (result i32) (local {locals})
          (i64.store (i32.const 8) (local.get 19999)) (local.get 0)))"#
    );
    let adds = "(i32.const 1) (i32.add)".repeat(60_000);
    let long = format!(
        r#"(module (memory 1) (func (export "f") (param i32) (result i32)
          (i32.store (i32.const 8) (local.get 0)) (local.get 0) {adds}))"#
    );
    for (module, result) in [(table, "returned 2"), (wide, "returned 5"), (long, "returned 60005")]
    {
        let record = recorded(&module, Some("f"), &["5"]);
        let report = compared(&record, &Other(None), None);
        assert_eq!(report.verdict, Verdict::Same, "{}", report.to_text());
        assert!(report.b.ended.contains(result), "{}", report.b.ended);
    }
}

#[test]
fn a_copy_that_nobody_reads_is_a_difference() {
    let text = r#"(module (memory (export "memory") 1) (data (i32.const 0) "abcdefgh")
      (func (export "f") (memory.copy (i32.const 100) (i32.const 1) (i32.const 3))))"#;
    let record = recorded(text, Some("f"), &[]);
    // The operands are the same, and what it does with them is not: "bcd" comes from elsewhere.
    let report = compared(&record, &Other(Some((b"abcdefgh", b"aXcdefgh"))), None);
    let text = report.to_text();
    assert_eq!((report.verdict, report.exit_code()), (Verdict::Differs, 1), "{text}");
    assert!(text.contains("the memories are not"), "{text}");
}

#[test]
fn names_of_tracing_belong_to_it() {
    for module in [
        r#"(module (import "prova:trace" "reached" (func (param i32 i64 i64 i64 i64) (result i64))) (func (export "f")))"#,
        r#"(module (global (export "prova:trace next") (mut i64) (i64.const 0)) (func (export "f")))"#,
        r#"(module (func (export "prova:trace start")) (func (export "f")))"#,
    ] {
        let record = recorded(module, Some("f"), &[]);
        let error = elsewhere(&record, Second::Fresh, None).expect_err("it is refused");
        assert!(format!("{error:#}").contains("which tracing has for itself"), "{error:#}");
    }
}

/// A fault of an engine; the function and the operator that are named.
const FAULTS: &[(Edit, &str, &str)] = &[
    // i32.const 16, i32.shr_u → i32.shr_s
    ((b"\x41\x10\x76", b"\x41\x10\x75"), "next", "i32.shr_u"),
    // i32.const 5, i32.rotl → i32.rotr
    ((b"\x41\x05\x77", b"\x41\x05\x78"), "mix", "i32.rotl"),
    // i32.const 31, i32.mul → i32.add
    ((b"\x41\x1f\x6c", b"\x41\x1f\x6a"), "fold", "i32.mul"),
    // i32.load offset=64 → i32.load offset=60
    ((b"\x28\x02\x40", b"\x28\x02\x3c"), "get", "i32.load"),
];

#[test]
fn the_operator_that_another_engine_does_otherwise_is_named() {
    let record = recorded(PROGRAM, Some("run"), &["100"]);
    for (edit, func, operator) in FAULTS {
        let report = compared(&record, &Other(Some(*edit)), None);
        let text = report.to_text();
        assert_eq!(report.verdict, Verdict::Differs, "{operator}\n{text}");
        let spot = report.first.and_then(|first| first.b).expect("B has the event");
        assert_eq!((spot.event.name.as_str(), spot.event.operator.as_str()), (*func, *operator));
        assert!(text.contains("values there"), "{text}");
    }
}

#[test]
fn a_fault_that_tracing_hides_is_found_from_around_or_told_by_its_call() {
    let record = recorded(PROGRAM, Some("run"), &["100"]);
    // local.get 1, i32.store → local.get 0: between both stands what tells the store.
    let edit: Edit = (b"\x20\x01\x36\x02\x40", b"\x20\x00\x36\x02\x40");
    let report = compared(&record, &Other(Some(edit)), None);
    let text = report.to_text();
    assert_eq!((report.verdict, report.level), (Verdict::Differs, Level::Around), "{text}");
    assert!(text.starts_with("first difference: in get (func4)"), "{text}");
    assert!(text.contains("it is gone when functions tell what they do"), "{text}");
    // A call by its number, which is another in all modules that tell something.
    let edit: Edit = (b"\x10\x02\x21\x02", b"\x41\x02\x21\x02");
    let report = compared(&record, &Other(Some(edit)), None);
    let text = report.to_text();
    assert_eq!(report.verdict, Verdict::Vanishes, "{text}");
    assert!(text.contains("note: without tracing the call run(100) returned"), "{text}");
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn an_engine_that_traps_elsewhere_or_asks_for_another_call_is_told() {
    let record = recorded(PROGRAM, Some("run"), &["100"]);
    // i32.const 31, i32.mul → nop, unreachable
    let report = compared(&record, &Other(Some((b"\x41\x1f\x6c", b"\x01\x01\x00"))), None);
    let text = report.to_text();
    assert_eq!(report.verdict, Verdict::Differs, "{text}");
    assert!(text.contains("trapped (wasm `unreachable` instruction executed) here"), "{text}");
    assert!(text.contains("in fold (func2)"), "{text}");
    let record = recorded(HOST, None, &[]);
    // i32.const 24, call → i32.const 25, call
    let report = compared(&record, &Other(Some((b"\x41\x18\x10", b"\x41\x19\x10"))), None);
    let text = report.to_text();
    assert_eq!(report.verdict, Verdict::Differs, "{text}");
    assert!(
        text.contains("random_get(0x100, 0x19), but random_get(0x100, 0x18) was recorded"),
        "{text}"
    );
}

#[test]
fn checkpoints_are_asked_for_as_here() {
    let counts = |at: u32| {
        format!(
            r#"(module (memory (export "memory") 1)
              (func $step (param $n i32) (i32.store (i32.and (local.get $n) (i32.const 0xfffc))
                (i32.add (local.get $n) (i32.eq (local.get $n) (i32.const {at})))))
              (func (export "run") (param $n i32)
                (loop $again (call $step (local.get $n))
                  (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#
        )
    };
    let record = recorded(&counts(0x123456), Some("run"), &["1500000"]);
    let same = compared(&record, &Other(None), Some(Level::Stores));
    assert_eq!((same.verdict, same.runs), (Verdict::Same, 4), "{}", same.to_text());
    // i32.const 0x123456 → 0x123455
    let edit: Edit = (b"\x41\xd6\xe8\xc8\x00", b"\x41\xd5\xe8\xc8\x00");
    let other = compared(&record, &Other(Some(edit)), Some(Level::Stores));
    let text = other.to_text();
    assert!(text.contains("store: address, value 0x3454, 0x123457"), "{text}");
    assert!(other.runs <= 12, "{text}");
}

/// An engine that prints what it likes.
#[derive(Debug)]
struct Prints(&'static [&'static str]);

impl ForeignEngine for Prints {
    fn run(&self, _: &[u8], line: &mut dyn FnMut(&[u8]) -> bool) -> Result<Option<String>> {
        self.0.iter().all(|text| line(text.as_bytes()));
        Ok(None)
    }
}

#[test]
fn what_no_module_prints_is_an_error() {
    const RETURNED: &str = "prova r 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000";
    const EVENT: &str = "prova e 0000000000000002 0000000000000000 0000000000000000 0000000000000000 0000000000000000";
    const OTHER: &str = "prova o ffffffffffffffff ffffffffffffffff ffffffffffffffff 0000000000000000 0000000000000000";
    const UNKNOWN: &str = "prova ? 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000";
    let record = recorded(PROGRAM, Some("run"), &["3"]);
    for lines in [
        &[][..],
        &["Hello", "prova", "prova e", "prova e 0 0 0 0 0", "prova r \u{fc}"],
        &[EVENT],
        &[OTHER],
        &[UNKNOWN],
    ] {
        let ran = elsewhere(&record, Second::Elsewhere(&Prints(lines)), None);
        assert!(ran.is_err(), "{lines:?}");
    }
    // One that says it has returned, and nothing else, differs.
    let report = compared(&record, &Prints(&["noise", RETURNED]), None);
    assert_eq!(report.verdict, Verdict::Differs, "{}", report.to_text());
}

/// An effect that a first run leaves behind; the operator that sees it.
const LEFT: &[(&str, &str)] = &[
    ("(global.set 0 (i32.add (global.get 0) (i32.const 1))) (global.get 0)", "global.get"),
    (
        "(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))) (i32.load (i32.const 8))",
        "i32.load",
    ),
    ("(memory.grow (i32.const 1))", "memory.grow"),
    ("(data.drop 0) (memory.size)", ""),
    ("(i32.const 3)", ""),
    (
        "(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop 0) (i32.const 1)",
        "trap",
    ),
    ("(table.set 0 (i32.const 0) (ref.func 0)) (table.size 0)", ""),
];

#[test]
fn what_an_instance_remembers_is_a_difference_when_it_is_used() {
    for (body, operator) in LEFT {
        let text = format!(
            r#"(module (memory (export "memory") 1) (global (mut i32) (i32.const 5)) (data "x")
              (table 1 funcref) (elem declare func 0)
              (func $f (result i32) {body})
              (func (export "_initialize") (i32.store (i32.const 100) (i32.const 1)))
              (func (export "run") (result i32) (i32.store (i32.const 50) (call $f)) (i32.load (i32.const 50))))"#
        );
        let record = recorded(&text, Some("run"), &[]);
        let report = elsewhere(&record, Second::Reused, None).expect("both sides start");
        let text = report.to_text();
        match *operator {
            "" => assert_eq!(report.verdict, Verdict::Same, "{body}\n{text}"),
            "trap" => {
                assert!(text.contains("trapped (out of bounds memory access) here"), "{text}")
            }
            operator => {
                let spot = report.first.and_then(|first| first.a).expect("an event");
                assert_eq!(spot.event.operator, operator, "{body}\n{text}");
            }
        }
    }
}

#[test]
fn a_second_run_has_the_answers_of_the_first() {
    let record = recorded(HOST, None, &[]);
    let report = elsewhere(&record, Second::Reused, None).expect("both sides start");
    // The sum in memory goes on.
    let text = report.to_text();
    let spot = report.first.and_then(|first| first.a).expect("an event");
    assert_eq!(spot.event.operator, "i64.load", "{text}");
    assert!(report.b.calls >= 401, "{text}");
}

/// The hash over the events is computed by the engine that is compared: one that miscomputes it
/// differs at an event that is the same on both sides, and the report says so.
#[test]
fn an_engine_that_miscomputes_the_hash_is_told_so() {
    let record = recorded(PROGRAM, Some("run"), &["5"]);
    // `i64.const 31 i64.rotl` becomes a rotation to the right.
    let rotates = Other(Some((b"\x42\x1f\x89", b"\x42\x1f\x8a")));
    let found = compared(&record, &rotates, Some(Level::Calls));
    assert_eq!(found.verdict, Verdict::Differs);
    let first = found.first.as_ref().expect("an event");
    let event =
        |spot: &Option<prova_runs::diverge::Spot>| spot.as_ref().map(|spot| spot.event.clone());
    assert_eq!(event(&first.a), event(&first.b));
    assert!(found.notes.iter().any(|note| note.contains("computes the hash wrongly")));
    // An event that differs by itself has no such note.
    let shifts = Other(Some((b"\x41\x10\x76", b"\x41\x10\x75")));
    let found = compared(&record, &shifts, Some(Level::Calls));
    assert!(
        !found.notes.iter().any(|note| note.contains("computes the hash wrongly")),
        "{found:?}"
    );
}
