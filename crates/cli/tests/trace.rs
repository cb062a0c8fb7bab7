//! `run --record`, `replay`, `trace`, `diverge`: options, codes, and the tiers of the program.
//!
//! Green does not show that every event is told; the tests of `prova-investigate` have those.

mod common;

use common::{Scratch, TIERS, demo};

/// Prints its arguments and random bytes; the sum of both is the exit code.
const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $sum (param $at i32) (result i32)
    (i32.add (i32.load8_u (local.get $at)) (i32.load8_u offset=64 (local.get $at))))
  (func (export "_start")
    (drop (call $random (i32.const 64) (i32.const 16)))
    (drop (call $args (i32.const 100) (i32.const 128)))
    (i64.store (i32.const 0) (i64.const 0x0000000400000080))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $exit (i32.and (call $sum (i32.const 64)) (i32.const 7)))))"#;

/// The tiers of a replay.
fn tiers() -> impl Iterator<Item = &'static str> {
    TIERS.into_iter().chain(["--tier native"])
}

#[test]
fn a_recorded_run_comes_back_alike_in_every_tier() {
    let scratch = Scratch::new("record");
    scratch.write("m.wat", PROGRAM);
    let run = scratch.run_with("run --record r m.wat x yz", b"abcdef");
    assert_eq!(run.out, "abcd", "{run:?}");
    let ended = format!("the program exited with {}\n", run.code);
    for level in ["host", "calls", "stores", "loads", "branches", "values"] {
        let replays: Vec<_> =
            tiers().map(|tier| scratch.run(&format!("replay --level {level} {tier} r"))).collect();
        for replay in &replays {
            replay.expect(0, &replays[0].out).silent();
            assert!(replay.out.ends_with(&ended) && replay.out.contains("5 of 5 calls"));
        }
    }
    let until = scratch.run("replay --until 3 r");
    assert!(until.out.contains("args (func1) calls the host with 0x64, 0x80"), "{}", until.out);
    let beyond = scratch.run("replay --until 1000 r");
    assert!(beyond.out.contains(&ended), "{}", beyond.out);
}

#[test]
fn a_record_of_an_export_has_its_arguments_and_results() {
    let scratch = demo("record-export");
    scratch.run("run --record r --invoke add demo.wat 3 4").expect(0, "7\n0.5\n");
    let replay = scratch.run("replay --level calls r");
    assert!(replay.out.contains("0 of 0 calls of the host; the program returned 7, 0.5"));
    scratch.run("run --record t --invoke outer demo.wat").says(&["unreachable"]);
    for tier in tiers() {
        let replay = scratch.run(&format!("replay {tier} t"));
        assert!(replay.out.contains("the program trapped (wasm `unreachable`"), "{replay:?}");
        assert_eq!(replay.code, 0);
    }
}

#[test]
fn what_cannot_be_recorded_or_replayed_is_misuse() {
    let scratch = demo("record-misuse");
    scratch.write("m.wat", common::DEMO);
    scratch.write("r", b"prova-record\x02\0\0\0");
    for (args, what) in [
        ("run --record x --fuel 5 m.wat", "cannot be recorded"),
        ("run --record x --stats m.wat", "cannot be recorded"),
        ("run --record x --preload a=m.wat m.wat", "cannot be recorded"),
        ("replay m.wat", "it is no record"),
        ("replay r", "another version"),
        ("replay missing", "failed to read"),
        ("replay --until 0 r", "counted from 1"),
        ("trace r", "another version"),
        ("diverge --sides tail m.wat", "both sides are the same"),
        ("diverge --sides tail,fast m.wat", "no side is called `fast`"),
        ("diverge --sides a,b,c m.wat", "it must be A,B"),
        ("diverge --invoke nothing m.wat", "exports no function `nothing`"),
        ("diverge missing.wasm", "failed to read"),
    ] {
        scratch.run(args).expect(2, "").says(&[what]);
    }
}

#[test]
fn a_trace_shows_calls_and_what_they_store() {
    let scratch = Scratch::new("trace");
    scratch.write("m.wat", PROGRAM);
    let trace = scratch.run_with("trace --level loads --count 1000 m.wat x", b"abcdef");
    assert_eq!((trace.code, trace.err.as_str()), (0, "abcd"));
    for part in [
        "calls the host with 0x40, 0x10",
        "i64.store: store: address, value 0x0, 0x400000080 in _start",
        "entered with 0x40 in sum",
        "i32.load8_u: load: address, value 0x40, ",
        "call sum: returned ",
    ] {
        assert!(trace.out.contains(part), "`{part}` is missing in\n{}", trace.out);
    }
    let json = scratch.run_with("trace --json --first 2 --count 1 m.wat x", b"abcdef");
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((&json["shown"][0]["number"], &json["level"]), (&2.into(), &"calls".into()));
}

#[test]
fn tiers_do_not_diverge_and_builds_do() {
    let scratch = Scratch::new("diverge");
    scratch.write("a.wat", PROGRAM);
    scratch.write("b.wat", PROGRAM.replace("i32.add", "i32.sub"));
    scratch.run_with("run --record r a.wat x", b"abcdef");
    for sides in ["tail,match", "match,reference", "tail,native", "reference,native"] {
        let same = scratch.run(&format!("diverge --sides {sides} r"));
        assert!(same.code == 0 && same.out.starts_with("no difference in "), "{same:?}");
    }
    for sides in ["tail", "tail,reference", "native,tail"] {
        let differs = scratch.run(&format!("diverge --sides {sides} --against b.wat r"));
        assert_eq!(differs.code, 1, "{differs:?}");
        assert!(differs.out.starts_with("first difference: in sum"), "{}", differs.out);
        assert!(differs.out.contains("i32.add: value ") && differs.out.contains("i32.sub: value "));
    }
    let run = scratch.run_with("diverge --json --sides tail --against b.wat a.wat x", b"abcdef");
    let json: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((run.code, &json["verdict"]), (1, &"differs".into()));
    assert_eq!(json["first"]["a"]["event"]["operator"], "i32.add");
}
