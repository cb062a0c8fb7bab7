//! The program itself: each documented message, exit code, and named backtrace.
//!
//! A green run does not show what real programs do (`programs/`), and files and clocks under WASI
//! (`crates/wasi/tests`).

use crate::common::{DEMO, TIERS, demo};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Sleeps for a minute in one call of WASI.
const SLEEP: &str = r#"(module $sleep
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $start (export "_start")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 60000000000))
    (drop (call $poll (i32.const 0) (i32.const 104) (i32.const 1) (i32.const 200)))))"#;

#[test]
fn running_is_the_default_command() {
    let demo = demo("default");
    for tier in TIERS {
        demo.run(&format!("{tier} demo.wat")).expect(0, "hello\n").silent();
        demo.run(&format!("run {tier} demo.wat")).expect(0, "hello\n").silent();
    }
    demo.run_with("-", DEMO.as_bytes()).expect(0, "hello\n").silent();
    let binary = wat::parse_str(DEMO).expect("a text");
    demo.run_with("-", &binary).expect(0, "hello\n").silent();
    demo.write("demo.wasm", &binary);
    demo.run("demo.wasm").expect(0, "hello\n").silent();
}

#[test]
fn arguments_after_the_module_are_the_guests() {
    let demo = demo("arguments");
    let text =
        DEMO.replace("(export \"_start\")", "").replace("(export \"args\")", "(export \"_start\")");
    demo.write("args.wat", text);
    demo.run("args.wat one --fuel 3 --help").expect(0, "args.wat\0one\0--fuel\x003\0--help\0");
    demo.run("--argv0 other args.wat one").expect(0, "other\0one\0");
}

#[test]
fn results_are_printed_one_on_a_line() {
    let demo = demo("results");
    for tier in TIERS {
        demo.run(&format!("{tier} --invoke add demo.wat -1 0x10")).expect(0, "15\n0.5\n").silent();
        demo.run(&format!("{tier} --invoke refs demo.wat null"))
            .expect(0, "<null externref>\n<funcref>\n");
    }
}

#[test]
fn objects_are_printed_by_their_kind() {
    let demo = demo("objects");
    let text = r#"(module (type $s (struct (field i32))) (type $a (array i8))
        (func (export "all") (param i32) (result anyref (ref $s) eqref (ref $a) i31ref)
            (ref.i31 (local.get 0)) (struct.new $s (local.get 0)) (struct.new_default $s)
            (array.new_default $a (i32.const 2)) (ref.null i31)))"#;
    demo.write("objects.wat", text);
    for tier in TIERS {
        demo.run(&format!("{tier} --invoke all objects.wat -5"))
            .expect(0, "-5\n<structref>\n<structref>\n<arrayref>\n<null anyref>\n")
            .silent();
    }
}

#[test]
fn exit_codes_are_the_guests() {
    let demo = demo("exit");
    for (argument, code) in [("0", 0), ("1", 1), ("42", 42), ("134", 134), ("255", 255)] {
        demo.run(&format!("--invoke exit demo.wat {argument}")).expect(code, "").silent();
    }
}

#[test]
fn traps_have_a_named_backtrace() {
    let demo = demo("traps");
    for tier in TIERS {
        let unreachable = demo.run(&format!("{tier} --invoke outer demo.wat"));
        unreachable.expect(134, "").says(&[
            "Error: failed to run main module `demo.wat`\n\nCaused by:\n    0: failed to invoke `outer`\n",
            "    1: error while executing at wasm backtrace:\n           0: ",
            "- demo!demo::inner\n           1: ",
            "- demo!middle\n           2: ",
            "- demo!outer\n",
            "    2: wasm trap: wasm `unreachable` instruction executed\n",
        ]);
        demo.run(&format!("{tier} --invoke far demo.wat")).expect(134, "").says(&[
            "- demo!far\n",
            "    2: memory fault at wasm address 0x10004 in linear memory of size 0x10000\n",
            "    3: wasm trap: out of bounds memory access\n",
        ]);
        demo.run(&format!("{tier} --invoke recurse demo.wat")).expect(134, "").says(&[
            "- demo!recurse\n",
            "the same 127 times more",
            "wasm trap: call stack exhausted\n",
        ]);
    }
}

#[test]
fn the_stack_limit_can_be_set() {
    let demo = demo("stack");
    let deep = |option: &str| demo.run(&format!("{option} --invoke recurse demo.wat")).err;
    assert_ne!(deep("-W max-wasm-stack=65536"), deep("-W max-wasm-stack=131072"));
    demo.run("-W max-wasm-stack=1 demo.wat")
        .expect(2, "")
        .says(&["Error: the stack limit must be between"]);
}

#[test]
fn endless_loops_end_by_fuel() {
    let demo = demo("fuel");
    for tier in TIERS {
        for option in ["--fuel 1000000", "-W fuel=1000000"] {
            demo.run(&format!("{tier} {option} --invoke spin demo.wat"))
                .expect(134, "")
                .says(&["- demo!spin\n", "wasm trap: all fuel consumed by WebAssembly\n"]);
        }
        demo.run(&format!("{tier} --fuel 1000 --invoke add demo.wat 1 2")).expect(0, "3\n0.5\n");
    }
    demo.run("--fuel 1 -W fuel=2 demo.wat").expect(2, "").says(&["say different things"]);
}

#[test]
fn endless_loops_end_by_timeout() {
    let demo = demo("timeout");
    for tier in TIERS {
        let start = Instant::now();
        let run = demo.run(&format!("{tier} -W timeout=1s --invoke spin demo.wat"));
        run.expect(134, "").says(&["- demo!spin\n", "wasm trap: interrupt\n"]);
        run.says(&["`-W timeout=TIME` sets this limit."]);
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_secs(1), "{elapsed:?}");
    }
    demo.write("sleep.wat", SLEEP);
    let start = Instant::now();
    let asleep = demo.run("-W timeout=1s sleep.wat");
    asleep.expect(134, "").says(&["- sleep!start\n", "wasm trap: interrupt\n"]);
    assert!(start.elapsed() < Duration::from_secs(50), "it slept to the end");
    demo.run("-W timeout=60s demo.wat").expect(0, "hello\n").silent();
    demo.run("-W timeout=60s --fuel 5000 demo.wat").expect(0, "hello\n").silent();
}

/// A module that never comes to its end: standard input stays open.
#[test]
fn a_timeout_covers_loading() {
    let demo = demo("loading");
    for args in [
        "-W timeout=100ms -",
        "validate -W timeout=100ms -",
        "-W timeout=100ms --preload a=/dev/stdin demo.wat",
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_prova"))
            .current_dir(&demo.0)
            .args(args.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // Open until the program has ended.
        let stdin = child.stdin.take();
        let output = child.wait_with_output().expect("the program ends");
        drop(stdin);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(134), "{args}: {stderr}");
        assert!(
            stderr.contains("before all modules were loaded")
                && stderr.contains("wasm trap: interrupt\n"),
            "{stderr}"
        );
    }
}

#[test]
fn options_that_say_nothing_or_too_much_are_refused() {
    let demo = demo("refused");
    demo.run("-W fuel=1,fuel=100 demo.wat").expect(2, "").says(&["-W fuel=100", "more than once"]);
    demo.run("-W fuel=9 -W fuel=9 demo.wat").expect(2, "").says(&["more than once"]);
    demo.run("-W nan-canonicalization=n --deterministic demo.wat").expect(2, "").says(&["exclude"]);
    demo.run("--env =x demo.wat").expect(2, "").says(&["`--env =x`", "NAME=VALUE"]);
    demo.run("--env= demo.wat").expect(2, "").says(&["NAME=VALUE"]);
    demo.run("--env A= --deterministic -W nan-canonicalization demo.wat").expect(0, "hello\n");
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_printed_is_a_failure() {
    for args in [&["--help"][..], &["--version"], &["run", "--help"], &["-W", "help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let status = Command::new(env!("CARGO_BIN_EXE_prova")).args(args).stdout(full).output();
        assert_eq!(status.expect("the program starts").status.code(), Some(1), "{args:?}");
    }
}

#[test]
fn fuel_and_timeout_stop_together() {
    let demo = demo("both");
    for tier in TIERS {
        for (option, words) in [
            ("-W fuel=1000,timeout=60s", "wasm trap: all fuel consumed by WebAssembly\n"),
            ("-W timeout=1s --fuel 1000000000000", "wasm trap: interrupt\n"),
        ] {
            let run = demo.run(&format!("{tier} {option} --invoke spin demo.wat"));
            run.expect(134, "").says(&["- demo!spin\n", words]);
        }
    }
}

/// A function of 1,000 fills of 4 GiB, one after the other; 16 pages of memory are the smaller
/// sibling.
#[test]
fn a_timeout_stops_bulk_operators() {
    let demo = demo("bulk");
    for (name, pages, bytes) in [("large", 65536, 0xffff_ffffu32), ("small", 16, 0xf_ffff)] {
        let fill = format!("(memory.fill (i32.const 0) (i32.const 1) (i32.const {bytes}))");
        let fills = fill.repeat(1_000);
        let text = format!(r#"(module $m (memory {pages}) (func $f (export "_start") {fills}))"#);
        demo.write(&format!("{name}.wat"), text);
    }
    for tier in TIERS {
        let large = demo.run(&format!("{tier} -W timeout=1s large.wat"));
        large.expect(134, "").says(&["- m!f\n", "wasm trap: interrupt\n"]);
        demo.run(&format!("{tier} -W timeout=60s small.wat")).expect(0, "").silent();
    }
}

#[test]
fn growth_beyond_a_limit_fails_or_traps() {
    let demo = demo("growth");
    for tier in TIERS {
        for (limit, func) in [
            ("max-memory-size=131072", "grow"),
            ("max-table-elements=2", "grow_table"),
            ("max-store-size=196615", "grow"),
            ("max-store-size=65559", "grow_table"),
        ] {
            demo.run(&format!("{tier} --invoke {func} demo.wat")).expect(0, "1\n").silent();
            demo.run(&format!("{tier} -W {limit} --invoke {func} demo.wat"))
                .expect(0, "-1\n")
                .silent();
            let trap = demo
                .run(&format!("{tier} -W {limit},trap-on-grow-failure --invoke {func} demo.wat"));
            trap.expect(134, "").says(&["- demo!", "wasm trap: memory or table growth failed"]);
        }
        demo.run(&format!("{tier} -W max-memory-size=65535 demo.wat"))
            .expect(1, "")
            .says(&["failed to run main module", "memory_bytes_max"]);
        demo.run(&format!("{tier} -W max-store-size=65535 demo.wat")).expect(1, "").says(&[
            "failed to run main module",
            "limit store_bytes_max exceeded: ",
            "at most 65535",
        ]);
    }
}

#[test]
fn files_that_are_missing_or_no_modules() {
    let demo = demo("files");
    demo.run("missing.wasm")
        .expect(1, "")
        .says(&["Error: failed to read `missing.wasm`\n\nCaused by:\n    No such file"]);
    demo.write("junk.wasm", [0xff, 0xfe, 0, 1]);
    demo.run("junk.wasm").expect(1, "").says(&["failed to load `junk.wasm`", "magic header"]);
    demo.write("empty.wasm", "");
    demo.run("empty.wasm").expect(1, "").says(&["failed to load `empty.wasm`"]);
    demo.write("text.wat", "(module (func (nonsense)))");
    demo.run("text.wat").expect(1, "").says(&["failed to parse `text.wat`", "text.wat:1:"]);
    demo.write("invalid.wat", "(module (func (result i32)))");
    demo.run("invalid.wat").expect(1, "").says(&[
        "failed to load `invalid.wat`",
        "type mismatch",
        "offset 0x",
    ]);
    demo.write("unsupported.wat", "(module (memory 1 1 shared))");
    demo.run("unsupported.wat").expect(1, "").says(&[
        "failed to load",
        "unsupported: ",
        "offset 0x",
    ]);
    demo.run("--dir missing demo.wat").expect(1, "").says(&["failed to open directory `missing`"]);
}

#[test]
fn imports_and_exports_that_are_missing() {
    let demo = demo("links");
    demo.write(
        "import.wat",
        r#"(module (import "env" "f" (func $f)) (func (export "_start") call $f))"#,
    );
    demo.run("import.wat").expect(1, "").says(&[
        "Error: failed to run main module `import.wat`\n\nCaused by:\n    unknown import: `env::f` has not been defined\n",
    ]);
    demo.run("-W unknown-imports-trap import.wat").expect(134, "").says(&[
        "wasm backtrace",
        "unknown import: `env::f` has not been defined\n",
        "wasm trap: aborted by the host\n",
    ]);
    demo.write(
        "type.wat",
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i64))))"#,
    );
    demo.run("type.wat")
        .expect(1, "")
        .says(&["incompatible import type for `wasi_snapshot_preview1::proc_exit`"]);
    demo.run("--invoke nothing demo.wat").expect(1, "").says(&[
        "no func export named `nothing` found\n    exported functions:\n",
        "      add(i32, i64) -> (i64, f64)\n",
    ]);
    let names =
        r#"(module $m (func (export "a\1b[2J")) (func $"b\1b[2J" (export "trap") unreachable))"#;
    demo.write("names.wat", names);
    for (function, code) in [("nothing", 1), ("trap", 134)] {
        let hostile = demo.run(&format!("--invoke {function} names.wat"));
        hostile.expect(code, "").says(&["\\u{1b}[2J"]);
        assert!(!hostile.err.contains('\u{1b}'), "{hostile:?}");
    }
    demo.run("--invoke memory demo.wat")
        .expect(1, "")
        .says(&["no func export named `memory` found"]);
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_native_tier_runs() {
    let demo = demo("native");
    demo.run("--tier native --invoke add demo.wat 1 2").expect(0, "3\n0.5\n").silent();
    demo.run("--tier native --fuel 1000 --invoke add demo.wat 1 2").expect(0, "3\n0.5\n");
}

#[test]
fn arguments_that_do_not_fit() {
    let demo = demo("values");
    demo.run("--invoke add demo.wat 1")
        .expect(1, "")
        .says(&["not enough arguments for `add(i32, i64) -> (i64, f64)`: it takes 2, got 1"]);
    demo.run("--invoke add demo.wat 1 2 3").expect(1, "").says(&["too many arguments for `add("]);
    demo.run("--invoke add demo.wat one 2")
        .expect(1, "")
        .says(&["invalid argument `one` of type i32"]);
    demo.run("--invoke add demo.wat 4294967296 2").expect(1, "").says(&["does not fit in 32 bits"]);
}

#[test]
fn misuse_is_exit_code_2() {
    let demo = demo("misuse");
    demo.run("").expect(2, "").says(&["a module is needed"]);
    demo.run("--nonsense demo.wat").expect(2, "").says(&["unexpected argument '--nonsense'"]);
    demo.run("--fuel many demo.wat").expect(2, "").says(&["invalid value 'many'"]);
    demo.run("-W fule=3 demo.wat").expect(2, "").says(&["invalid option `-W fule=3`"]);
    demo.run("-O opt-level=2 demo.wat").expect(2, "").says(&["invalid option `-O opt-level=2`"]);
    demo.run("--tier reference -O dispatch=tail demo.wat").expect(2, "").says(&["`-O dispatch`"]);
    demo.run("--preload demo.wat demo.wat").expect(2, "").says(&["it must be NAME=FILE"]);
}

#[test]
fn help_lists_every_key() {
    let demo = demo("help");
    let wasm = demo.run("-W help");
    assert_eq!(wasm.code, 0, "{wasm:?}");
    assert!(wasm.out.contains("-W timeout=DURATION") && wasm.out.contains("tail-call"), "{wasm:?}");
    let optimize = demo.run("-O help");
    assert!(optimize.code == 0 && optimize.out.contains("-O dispatch=tail|match"), "{optimize:?}");
    let help = demo.run("--help");
    assert!(
        help.code == 0 && help.out.contains("validate") && help.out.contains("--invoke"),
        "{help:?}"
    );
}

#[test]
fn initialisers_run_first_and_silence_is_explained() {
    let demo = demo("initialize");
    demo.write(
        "reactor.wat",
        r#"(module (global $g (mut i32) (i32.const 1))
             (func (export "_initialize") i32.const 7 global.set $g)
             (func (export "get") (result i32) global.get $g))"#,
    );
    demo.run("--invoke get reactor.wat").expect(0, "7\n").silent();
    demo.run("reactor.wat")
        .expect(0, "")
        .says(&["warning: `reactor.wat` exports no function `_start`"]);
}

#[test]
fn other_modules_can_be_preloaded() {
    let demo = demo("preload");
    demo.write(
        "lib.wat",
        r#"(module (global $g (mut i32) (i32.const 1)) (func (export "_initialize") i32.const 4 global.set $g)
             (func (export "four") (result i32) global.get $g))"#,
    );
    demo.write(
        "main.wat",
        r#"(module (import "lib" "four" (func $f (result i32))) (export "f" (func $f)))"#,
    );
    demo.run("--preload lib=lib.wat --invoke f main.wat").expect(0, "4\n").silent();
    demo.run("--preload other=lib.wat --invoke f main.wat")
        .expect(1, "")
        .says(&["unknown import: `lib::four`"]);
    demo.run("--preload lib=missing.wat --invoke f main.wat")
        .expect(1, "")
        .says(&["failed to read `missing.wat`"]);
}

#[test]
fn validate_counts_and_reports_each_file() {
    let demo = demo("validate");
    demo.write("invalid.wat", "(module (func (result i32)))");
    let run = demo.run("validate demo.wat");
    run.silent();
    assert!(
        run.code == 0
            && run.out.starts_with("demo.wat: valid, 14 functions translated and checked"),
        "{run:?}"
    );
    let run = demo.run("validate invalid.wat missing.wat demo.wat");
    run.says(&["failed to load `invalid.wat`", "type mismatch", "failed to read `missing.wat`"]);
    assert!(run.code == 1 && run.out.starts_with("demo.wat: valid"), "{run:?}");
    demo.run("validate").expect(2, "");
    demo.run("validate -W fuel=1").expect(2, "").says(&["a file is needed"]);
}

#[test]
fn inspect_shows_both_sides() {
    let demo = demo("inspect");
    let list = demo.run("inspect demo.wat");
    assert!(
        list.code == 0 && list.out.contains("import wasi_snapshot_preview1::fd_write"),
        "{list:?}"
    );
    assert!(list.out.contains("export \"recurse\""), "{list:?}");
    let by_export = demo.run("inspect demo.wat --function far");
    assert!(
        by_export.out.contains("i32.load offset=4") && by_export.out.contains("words"),
        "{by_export:?}"
    );
    let by_name = demo.run("inspect demo.wat --function middle");
    assert!(by_name.code == 0 && by_name.out.contains("call"), "{by_name:?}");
    demo.run("inspect demo.wat --function nothing")
        .expect(2, "")
        .says(&["there is no function `nothing`"]);
    demo.run("inspect demo.wat --function 0").expect(2, "").says(&["is an import"]);
}

#[test]
fn scripts_give_a_table() {
    let demo = demo("scripts");
    let module = r#"(module (func (export "f") (result i32) i32.const 1))"#;
    demo.write("good.wast", format!(r#"{module} (assert_return (invoke "f") (i32.const 1))"#));
    demo.write("bad.wast", format!("{module}\n(assert_return (invoke \"f\") (i32.const 2))"));
    for tier in TIERS {
        let run = demo.run(&format!("wast {tier} good.wast"));
        assert!(
            run.code == 0 && run.out.contains("      2       0       0  good.wast\n"),
            "{run:?}"
        );
        let run = demo.run(&format!("wast {tier} good.wast bad.wast"));
        assert!(
            run.code == 1 && run.out.contains("      1       1       0  bad.wast\n"),
            "{run:?}"
        );
        assert!(
            run.out.contains("line 2: result 0: expected (i32.const 2), got (i32.const 1)"),
            "{run:?}"
        );
        assert!(run.out.contains("      3       1       0  total of 2 files\n"), "{run:?}");
    }
    demo.run("wast missing.wast").expect(1, " passed  failed skipped  file\n");
}
