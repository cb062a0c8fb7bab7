//! Records and traces: hostile records, and the same events in every tier.
//!
//! A green run does not show that every operator has its events, nor that an engine of somebody
//! else gives the same ones. Machine code is traced in the program's own tests.

use prova_core::wasi::{Captured, WasiCtxBuilder};
use prova_core::{Config, FuncType, Result, Tier, Val};
use prova_runs::trace::{Level, Record, TraceReport, Wanted, live, trace};
use std::sync::Arc;

fn i32s(_: &str, _: &FuncType, texts: &[String]) -> Result<Vec<Val>> {
    texts.iter().map(|text| Ok(Val::I32(text.parse()?))).collect()
}

fn config(tier: Tier) -> Config {
    let mut config = Config::new();
    config.tier(tier);
    config
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("text format")
}

/// A recorded run of an export, and what the program wrote.
fn recorded(module: &str, export: Option<&str>, args: &[&str]) -> (Arc<Record>, String) {
    let out = Captured::new(1 << 16);
    let mut wasi = WasiCtxBuilder::new();
    wasi.arg(b"program").arg(b"x").env("A", b"b").stdout(Box::new(out.clone()));
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let record = live(&Config::new(), &wat(module), wasi.build(), (export, &args), &i32s);
    let text = String::from_utf8(out.content()).expect("text");
    (Arc::new(record.expect("it can be run")), text)
}

fn traced(record: &Arc<Record>, tier: Tier, level: Level, count: u64) -> TraceReport {
    let wanted = Wanted { level, first: 1, count, stop: false, fuel: Some(10_000_000) };
    trace(&config(tier), record, wanted, &i32s).expect("it can be replayed")
}

/// Time, random bytes, arguments and output; what it prints depends on all of them.
const HOST: &str = r#"(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $i i32)
    (drop (call $time (i32.const 0) (i64.const 1) (i32.const 64)))
    (drop (call $random (i32.const 72) (i32.const 8)))
    (drop (call $args (i32.const 80) (i32.const 96)))
    (i64.store (i32.const 64) (i64.xor (i64.load (i32.const 64)) (i64.load (i32.const 72))))
    (loop $next
      (i32.store8 offset=128 (local.get $i) (i32.add (i32.const 97)
        (i32.rem_u (i32.load8_u offset=64 (local.get $i)) (i32.const 26))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 8))))
    (i64.store (i32.const 0) (i64.const 0x0000000800000080))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $exit (i32.and (i32.load8_u (i32.const 64)) (i32.const 3)))))"#;

#[test]
fn what_the_host_answered_comes_back_in_every_tier() {
    let (record, text) = recorded(HOST, None, &[]);
    assert_eq!((record.calls(), text.len()), (5, 8));
    let (other, _) = recorded(HOST, None, &[]);
    for level in Level::ALL {
        let reports = Tier::ALL.map(|tier| traced(&record, tier, level, 10_000));
        for report in &reports {
            assert_eq!(report, &reports[0], "{level}");
            assert_eq!(report.ended_otherwise, None);
            assert_eq!((report.calls, report.stopped), (5, false));
        }
        // Another run has other random bytes.
        assert_ne!(traced(&other, Tier::TAIL, level.max(Level::Stores), 0).hash, reports[0].hash);
    }
}

/// An operator of each sort that has events.
const SORTS: &str = r#"(module
  (import "other" "unknown" (func $unknown (param i32)))
  (memory (export "memory") 1 3)
  (table $table 3 funcref)
  (global $g (mut i64) (i64.const 1))
  (global $v (mut v128) (v128.const i64x2 1 2))
  (elem (i32.const 0) $two $one)
  (data $data "0123456789")
  (start $start)
  (func $start (i32.store (i32.const 0) (i32.const 77)))
  (func $one (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func $two (param i32) (result i32) (return_call $one (i32.add (local.get 0) (i32.const 1))))
  (func $pair (param f32 f64) (result f64 v128)
    (f64.add (f64.promote_f32 (local.get 0)) (local.get 1)) (i64x2.splat (i64.const 5)))
  (func $sum (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "run") (param $n i32) (result i32) (local $x v128) (local $i i32)
    (local.set $x (call $pair (f32.const 1.5) (f64.const 2))) (drop)
    (v128.store offset=8 (i32.const 16) (local.get $x))
    (local.set $x (v128.load16_lane offset=2 3 (i32.const 16) (local.get $x)))
    (v128.store8_lane 15 (i32.const 99) (local.get $x))
    (global.set $v (local.get $x))
    (global.set $g (i64.add (global.get $g) (i64.load32_s (i32.const 0))))
    (drop (i32.atomic.rmw.add (i32.const 32) (i32.const 9)))
    (drop (i64.atomic.rmw8.cmpxchg_u (i32.const 32) (i64.const 9) (i64.const 3)))
    (memory.fill (i32.const 200) (i32.const 1) (i32.const 20))
    (memory.copy (i32.const 300) (i32.const 200) (i32.const 10))
    (memory.init $data (i32.const 400) (i32.const 0) (i32.const 5))
    (data.drop $data)
    (drop (memory.grow (i32.const 1)))
    (table.set (i32.const 2) (ref.func $one))
    (drop (table.grow (ref.null func) (i32.const 2)))
    (table.fill (i32.const 3) (table.get (i32.const 0)) (i32.const 1))
    (call $sum (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)) (drop) (drop)
    (drop (f32.sqrt (f32.const 2))) (drop (f64.nearest (f64.const 2.5)))
    (drop (select (result i32) (i32.const 1) (i32.const 2) (local.get $n)))
    (drop (select (i32.const 1) (i32.const 2) (local.get $n)))
    (block $out (loop $next
      (br_table $out $next $out (local.get $n))))
    (loop $next
      (if (i32.and (local.get $i) (i32.const 1))
        (then (local.set $i (i32.add (local.get $i) (i32.const 2))))
        (else (local.set $i (i32.add (local.get $i) (i32.const 1)))))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 9))))
    (call_indirect (param i32) (result i32) (local.get $n) (i32.const 1))
    (if (i32.eq (local.get $n) (i32.const 7)) (then (call $unknown (i32.const 3)))))
  (func (export "trap") (param i32) (result i32)
    (i32.load (i32.div_u (i32.const 1) (local.get 0)))))"#;

/// The same for objects.
const OBJECTS: &str = r#"(module
  (type $p (struct (field $x (mut i32)) (field $y (mut i64)) (field $r (mut anyref))))
  (type $a (array (mut i16)))
  (type $v (array (mut v128)))
  (type $many (struct (field i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (data $data "0123456789")
  (func $make (param $n i32) (result (ref $p))
    (struct.new $p (local.get $n) (i64.const 7) (ref.i31 (i32.const -21))))
  (func (export "run") (param $n i32) (result i32)
    (local $p (ref null $p)) (local $a (ref null $a)) (local $v (ref null $v)) (local $i i32)
    (local.set $p (call $make (local.get $n)))
    (struct.set $p $y (local.get $p) (i64.const -1))
    (local.set $a (array.new $a (i32.const 5) (i32.const 10)))
    (array.set $a (local.get $a) (i32.const 3) (local.get $n))
    (array.fill $a (local.get $a) (i32.const 4) (i32.const 9) (i32.const 2))
    (array.copy $a $a (local.get $a) (i32.const 0) (local.get $a) (i32.const 3) (i32.const 2))
    (array.init_data $a $data (local.get $a) (i32.const 6) (i32.const 1) (i32.const 3))
    (local.set $v (array.new_fixed $v 1 (v128.const i64x2 1 2)))
    (array.set $v (local.get $v) (i32.const 0) (v128.const i64x2 3 4))
    (drop (array.get $v (local.get $v) (i32.const 0)))
    (drop (struct.new $many
      (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)
      (i32.const 6) (i32.const 7) (i32.const 8) (i32.const 9) (i32.const 10) (i32.const 11)
      (i32.const 12) (i32.const 13) (i32.const 14) (i32.const 15) (local.get $n)))
    (loop $again
      (block $no (result anyref)
        (br_on_cast_fail $no anyref (ref i31) (struct.get $p $r (local.get $p)))
        (drop (i31.get_s)) (ref.null any))
      (drop)
      (struct.set $p $r (local.get $p) (local.get $a))
      (drop (struct.new_default $p))
      (br_if $again
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2))))
    (block $is (result anyref)
      (br_on_cast $is anyref (ref null $p) (struct.get $p $r (local.get $p))))
    (drop)
    (drop (ref.cast (ref $a) (struct.get $p $r (local.get $p))))
    (i32.add
      (array.get_u $a (local.get $a) (i32.add (i32.const 6) (local.get $n)))
      (i32.sub (array.len (local.get $a)) (struct.get $p $x (local.get $p))))))"#;

#[test]
fn every_sort_of_operator_is_told_alike_in_every_tier() {
    let of_numbers = [("run", ["4"]), ("run", ["7"]), ("run", ["0"]), ("trap", ["0"])];
    let of_objects = [("run", ["1"]), ("run", ["4"])];
    let all = of_numbers.map(|call| (SORTS, call)).into_iter();
    for (module, (export, args)) in all.chain(of_objects.map(|call| (OBJECTS, call))) {
        let (record, _) = recorded(module, Some(export), &args);
        let mut last = 0;
        for level in Level::ALL {
            let reports = Tier::ALL.map(|tier| traced(&record, tier, level, 10_000));
            assert!(reports.iter().all(|report| report == &reports[0]), "{export} {level}");
            let report = &reports[0];
            assert_eq!(report.ended_otherwise, None, "{}", report.tree().to_text());
            assert_eq!(report.events, report.shown.len() as u64);
            // The events of `around` are other events than those of `calls`.
            assert!(report.events >= last || level == Level::Calls, "{level}");
            last = report.events;
        }
        assert!(last > 2);
    }
}

#[test]
fn events_say_what_happened() {
    let (record, _) = recorded(SORTS, Some("run"), &["4"]);
    let text = traced(&record, Tier::TAIL, Level::Values, 1000).tree().to_text();
    for line in [
        "entered in start (func1)",
        "i32.store: store: address, value 0x0, 0x4d in start (func1)",
        "entered with 0x4 in run (func6)",
        "entered with 0x3fc00000, 0x4000000000000000 in pair (func4)",
        "call pair: returned 0x400c000000000000, 0x5 in run (func6)",
        "call pair: and 0x5 in run (func6)",
        "v128.store: store: address, value 0x18, 0x5 in run (func6)",
        "i32.atomic.rmw.add: update: address, value before 0x20, 0x5 in run (func6)",
        "memory.grow: operands, result 0x1, 0x1 in run (func6)",
        "global.set: value 0x4e in run (func6)",
        "i64.add128: value 0x4, 0x6 in sum (func5)",
        "br_table: condition 0x4 in run (func6)",
        "call_indirect: returned 0xc in run (func6)",
        "i32.mul: value 0xc in one (func2)",
    ] {
        assert!(text.contains(line), "`{line}` is missing in\n{text}");
    }
}

/// Small integers have their numbers; an object with more fields than an event tells has none.
#[test]
fn events_say_what_happened_to_objects() {
    let (record, _) = recorded(OBJECTS, Some("run"), &["1"]);
    let text = traced(&record, Tier::TAIL, Level::Values, 1000).tree().to_text();
    for line in [
        "ref.i31: value 0x1ffffffae in make (func0)",
        "struct.new p: object, made of #1, 0x1 in make (func0)",
        "struct.new p: and 0x7, 0x1ffffffae in make (func0)",
        "call make: returned #1 in run (func1)",
        "struct.set p field 1: object, value #1, 0xffffffffffffffff in run (func1)",
        "array.new a: object, made of #2, 0x5 in run (func1)",
        "array.new a: and 0xa in run (func1)",
        "array.set a: object, index #2, 0x3 in run (func1)",
        "array.set a: value 0x1 in run (func1)",
        "array.fill a: operands #2, 0x4 in run (func1)",
        "array.fill a: and 0x9, 0x2 in run (func1)",
        "array.copy a: operands #2, 0x0 in run (func1)",
        "array.copy a: and #2, 0x3 in run (func1)",
        "array.copy a: and 0x2 in run (func1)",
        "array.new_fixed v: object, made of #3, 0x1 in run (func1)",
        "array.get v: value 0x3, 0x4 in run (func1)",
        "struct.get p field 2: object, value #1, 0x1ffffffae in run (func1)",
        "struct.new_default p: object #4 in run (func1)",
        "struct.new_default p: object #5 in run (func1)",
        "struct.get p field 2: object, value #1, #2 in run (func1)",
        "br_on_cast_fail: condition 0x1 in run (func1)",
        "br_on_cast_fail: condition 0x0 in run (func1)",
        "br_on_cast: condition 0x0 in run (func1)",
        "i31.get_s: value 0xffffffeb in run (func1)",
        "struct.set p field 2: object, value #1, #2 in run (func1)",
        "array.get_u a: object, index #2, 0x7 in run (func1)",
        "array.get_u a: value 0x3433 in run (func1)",
    ] {
        assert!(text.contains(line), "`{line}` is missing in\n{text}");
    }
    assert_eq!(text.matches("struct.new p: object").count(), 1);
    assert_eq!(text.matches("struct.new many").count(), 0);
}

/// Objects that are made where others were have their own numbers, in every tier: all are alike
/// while collections happen in a small heap.
#[test]
fn objects_keep_their_numbers_where_places_are_used_again() {
    let module = r#"(module
  (type $cell (struct (field $n (mut i32)) (field $next (mut (ref null $cell)))))
  (global $kept (ref $cell) (struct.new $cell (i32.const -1) (ref.null $cell)))
  (func (export "run") (param $n i32) (result i32) (local $c (ref null $cell))
    (loop $again
      (local.set $c (struct.new $cell (local.get $n) (ref.null $cell)))
      (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 5000)))
        (then (struct.set $cell $next (local.get $c) (struct.get $cell $next (global.get $kept)))
          (struct.set $cell $next (global.get $kept) (local.get $c))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (struct.get $cell $n (struct.get $cell $next (global.get $kept)))))"#;
    let (record, _) = recorded(module, Some("run"), &["49999"]);
    let level = Level::Stores;
    let wanted = Wanted { level, first: 1, count: 60_000, stop: false, fuel: None };
    let small = |tier| {
        let mut config = config(tier);
        config.max_gc_heap_size(512 << 10);
        trace(&config, &record, wanted, &i32s).expect("it can be replayed")
    };
    let reports = Tier::ALL.map(small);
    assert!(reports.iter().all(|report| *report == reports[0]));
    // More objects than the heap has room for, and the same as in one with room.
    let large = traced(&record, Tier::TAIL, level, 60_000);
    assert_eq!((&large.ended, &large.hash), (&reports[0].ended, &reports[0].hash));
    let stores = large.shown.iter().filter(|shown| shown.operator == "struct.set cell field 1");
    let stores: Vec<&[String]> = stores.map(|shown| shown.words.as_slice()).collect();
    // The object of the constant expression is met behind 5,000 others.
    let words = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
    assert_eq!(stores[..2], [words("#5000", "0x0"), words("#5001", "#5000")]);
    assert_eq!((stores.len(), stores[9]), (10, &words("#5001", "#25001")[..]));
}

#[test]
fn a_replay_stops_at_an_event_and_says_who_called() {
    let (record, _) = recorded(SORTS, Some("run"), &["4"]);
    let all = traced(&record, Tier::TAIL, Level::Values, 1000);
    let mul = all.shown.iter().find(|shown| shown.operator == "i32.mul").expect("it is told");
    let wanted =
        Wanted { level: Level::Values, first: mul.number, count: 1, stop: true, fuel: None };
    for tier in Tier::ALL {
        let report = trace(&config(tier), &record, wanted, &i32s).expect("it can be replayed");
        assert_eq!(report.shown, std::slice::from_ref(mul));
        assert!(report.stopped && report.events == mul.number);
        let stack: Vec<(&str, &str)> = report
            .stack
            .iter()
            .map(|frame| (frame.name.as_str(), frame.operator.as_str()))
            .collect();
        assert_eq!(stack, [("one", "i32.mul"), ("run", "call_indirect")]);
    }
}

#[test]
fn damaged_records_are_refused_or_replayed_and_never_worse() {
    let (record, _) = recorded(HOST, None, &[]);
    let bytes = record.bytes().to_vec();
    let module = bytes.windows(4).position(|four| four == b"\0asm").expect("a module");
    let behind = module + record.module().len();
    let mut short = 0;
    for end in 0..bytes.len() {
        let cut = Record::read(bytes[..end].to_vec());
        if let Ok(cut) = cut {
            assert!(end >= behind && cut.end().is_none(), "{end}");
            let report = traced(&Arc::new(cut), Tier::TAIL, Level::Host, 100);
            let whole = report.recorded == 5;
            let early = report.ended.contains("no further call was recorded");
            assert!(whole || early, "{}", report.ended);
            short += u32::from(early);
        }
    }
    assert!(short > 100, "{short}");
    let mut replayed = 0;
    for at in (0..module).chain(behind..bytes.len()) {
        for change in [1, 0x80, 0xff] {
            let mut other = bytes.clone();
            other[at] ^= change;
            let Ok(record) = Record::read(other) else { continue };
            let wanted = Wanted {
                level: Level::Host,
                first: 1,
                count: 100,
                stop: false,
                fuel: Some(1_000_000),
            };
            replayed +=
                u32::from(trace(&config(Tier::TAIL), &Arc::new(record), wanted, &i32s).is_ok());
        }
    }
    assert!(replayed > 100, "{replayed}");
}
