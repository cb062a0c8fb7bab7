//! `run --record`, `replay`, `trace`, `diverge`: options, codes, and the tiers of the program.
//!
//! `diverge` compares the builds of `programs/diverge`, engines of others (this program behind a
//! script) and a used instance too.
//!
//! A green run does not show that every event is reported; the tests of `prova-runs` do. Nor
//! does it show that another engine takes the modules that are made for it.

use crate::common;
use crate::common::{Run, Scratch, TIERS, demo};
use std::path::Path;

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
            assert!(replay.out.contains(&ended) && replay.out.contains("5 of 5 calls"));
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
        ("diverge --sides tail-reused,tail m.wat", "no side is called `tail-reused`"),
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

/// A directory with the builds.
fn fields(test: &str) -> Scratch {
    let scratch = Scratch::new(test);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/diverge");
    for name in ["field.wasm", "field-63.wasm", "field-unchecked.wasm", "field-same.wasm"] {
        scratch.write(name, std::fs::read(from.join(name)).expect("the build is there"));
    }
    scratch
}

/// The other build, the length, and what is named: nothing, or the function and its operator.
const BUILDS: &[(&str, u32, Option<[&str; 2]>)] = &[
    ("63", 11, None),
    ("63", 63, None),
    ("63", 64, Some(["copy_field", "i32.le_u: value "])),
    // Both refuse it.
    ("63", 65, None),
    ("unchecked", 64, None),
    ("unchecked", 65, Some(["copy_field", "br_if: condition "])),
    ("unchecked", 128, Some(["copy_field", "br_if: condition "])),
    ("same", 64, None),
    ("same", 100, None),
];

#[test]
fn a_limit_and_a_missing_check_are_named_where_they_matter() {
    let scratch = fields("fields");
    for (build, length, named) in BUILDS {
        let run = scratch.run(&format!(
            "diverge --sides tail --ignore-addresses --against field-{build}.wasm field.wasm {length}"
        ));
        match named {
            None => assert!(run.out.starts_with("no difference in "), "{build} {length} {run:?}"),
            Some([func, operator]) => {
                let start = format!("first difference: in {func} ");
                assert!(run.out.starts_with(&start), "{build} {length} {run:?}");
                let lines = run.out.lines().filter(|line| line.starts_with('→'));
                assert_eq!(lines.filter(|line| line.contains(operator)).count(), 2, "{run:?}");
            }
        }
        assert_eq!(run.code, i32::from(named.is_some()), "{run:?}");
    }
}

/// Adds numbers to random bytes; a global remembers the last number.
const SUMS: &str = r#"(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $state (mut i32) (i32.const 1))
  (func $next (result i32)
    (global.set $state (i32.add (i32.mul (global.get $state) (i32.const 1103515245)) (i32.const 12345)))
    (i32.shr_u (global.get $state) (i32.const 16)))
  (func (export "run") (param $n i32) (result i32)
    (drop (call $random (i32.const 64) (i32.const 4)))
    (loop $again
      (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (call $next)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.const 64))))"#;

/// This program behind a script that changes bytes of the module.
fn engine(scratch: &Scratch, change: &str) -> String {
    let program = env!("CARGO_BIN_EXE_prova");
    let script =
        format!("LC_ALL=C sed '{change}' \"$1\" > other.wasm\nexec '{program}' run other.wasm\n");
    scratch.write("engine", script);
    "sh engine {}".to_owned()
}

fn elsewhere(scratch: &Scratch, engine: &str, rest: &[&str]) -> Run {
    let mut args = vec!["diverge", "--engine", engine];
    args.extend(rest);
    scratch.run_args(&args, b"")
}

#[cfg(target_os = "linux")]
#[test]
fn an_engine_of_somebody_else_is_a_side() {
    let scratch = Scratch::new("engine");
    scratch.write("m.wat", SUMS);
    let rest = ["--invoke", "run", "m.wat", "20"];
    let honest = elsewhere(&scratch, &engine(&scratch, ""), &rest);
    assert!(honest.code == 0 && honest.out.starts_with("no difference in "), "{honest:?}");
    // i32.const 16, i32.shr_u → i32.shr_s
    let faulty = engine(&scratch, r"s/\x41\x10\x76/\x41\x10\x75/");
    let differs = elsewhere(&scratch, &faulty, &rest);
    assert!(differs.code == 1, "{differs:?}");
    assert!(differs.out.starts_with("first difference: in next (func1)"), "{differs:?}");
    assert!(differs.out.contains("i32.shr_u: value "), "{differs:?}");
    let json = elsewhere(&scratch, &faulty, &[&["--json"][..], &rest].concat());
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["b"]["name"], "sh engine {}");
    assert_eq!(json["first"]["b"]["event"]["operator"], "i32.shr_u");
}

#[cfg(target_os = "linux")]
#[test]
fn an_engine_that_does_not_do_it_is_an_error() {
    let scratch = Scratch::new("engine-errors");
    scratch.write("m.wat", SUMS);
    scratch.write("slow", "exec sleep 30");
    for (engine, options, what) in [
        ("/nothing/there {}", "", "`/nothing/there` cannot be started"),
        ("true", "", "does the command run `_start`"),
        ("", "", "a command is needed"),
        ("sh slow", "-Wtimeout=1s", "timeout"),
        ("false", "", "does not run a module that does nothing: exit status: 1"),
        ("true", "--against=m.wat", "cannot be used with"),
        ("true", "--fuel=5", "cannot be used with"),
        ("true", "--sides=tail,match", "with `--engine` name one side"),
    ] {
        let mut rest = vec!["--invoke", "run", "m.wat", "2"];
        if !options.is_empty() {
            rest.insert(0, options);
        }
        let run = elsewhere(&scratch, engine, &rest);
        assert!(run.code != 0 && run.code != 1, "{engine} {run:?}");
        assert!(run.err.contains(what), "{engine} {run:?}");
    }
    // One that runs other modules has trapped here, in its own words.
    scratch.write("picky", "[ $(wc -c <$1) -lt 100 ] || { echo no >&2; exit 1; }");
    let run = elsewhere(&scratch, "sh picky {}", &["--invoke", "run", "m.wat", "2"]);
    assert!(run.code == 1 && run.out.contains("stopped (no)"), "{run:?}");
}

#[test]
fn a_used_instance_is_a_side() {
    let scratch = Scratch::new("reused");
    scratch.write("m.wat", SUMS);
    let args = "--invoke run m.wat 3";
    for tier in ["tail", "match", "reference", "native"] {
        let run = scratch.run(&format!("diverge --sides {tier},{tier}-reused {args}"));
        assert!(
            run.code == 1 && run.out.starts_with("first difference: in next (func1)"),
            "{run:?}"
        );
        assert!(run.out.contains("global.get: value 0x1 in next"), "{run:?}");
    }
    let fresh = SUMS.replace("(drop", "(global.set $state (i32.const 1)) (drop");
    scratch.write("m.wat", fresh);
    let run = scratch.run(&format!("diverge --sides tail,native-reused {args}"));
    assert!(run.code == 0, "{run:?}");
}

#[test]
fn a_trace_that_is_emitted_runs_alone() {
    let scratch = Scratch::new("emit");
    scratch.write("m.wat", SUMS);
    scratch
        .run("trace --emit told.wasm --level calls --first 4 --count 2 --invoke run m.wat 3")
        .expect(0, "");
    let told = scratch.run("run told.wasm");
    let kinds: Vec<&str> = told.out.lines().map(|line| &line[..7]).collect();
    assert_eq!(kinds, ["prova e", "prova e", "prova e", "prova v", "prova r"], "{told:?}");
    // Once for the record and once to trace it: the random bytes of both are in the module.
    assert_eq!(scratch.run("run told.wasm").out, told.out);
}
