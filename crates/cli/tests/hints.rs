//! The program's messages for a first user: the option behind a limit, a near name, the right form
//! of an argument; and that no option is silently without effect.
//!
//! A green run does not cover messages for other mistakes.

use crate::common::{TIERS, demo};
use std::time::{Duration, Instant};

#[test]
fn a_limit_names_its_option_its_unit_and_both_values() {
    let demo = demo("limits");
    demo.write("small.wat", r#"(module (memory 2) (table 10 funcref) (func (export "_start")))"#);
    for (option, words) in [
        (
            "max-memory-size=1000",
            "memory_bytes_max exceeded: 131072 bytes of one memory, at most 1000\n",
        ),
        (
            "max-table-elements=1",
            "table_elements_max exceeded: 10 elements of one table, at most 1\n",
        ),
        (
            "max-store-size=9",
            "store_bytes_max exceeded: 131152 bytes of all memories, tables, exceptions and objects, at most 9\n",
        ),
        ("max-instances=0", "instances_max exceeded: 1 instances, at most 0\n"),
        ("max-memories=0", "memories_max exceeded: 1 memories, at most 0\n"),
        ("max-tables=0", "tables_max exceeded: 1 tables, at most 0\n"),
    ] {
        let key = option.split('=').next().expect("a key");
        let hint = format!("\n`-W {key}=N` sets this limit.\n");
        demo.run(&format!("-W {option} small.wat")).expect(1, "").says(&[words, &hint]);
    }
    demo.run("small.wat").expect(0, "").silent();
    demo.write("locals.wat", format!("(module (func (local {})))", "i32 ".repeat(50_001)));
    demo.run("locals.wat").expect(1, "").says(&[
        "limit locals_per_function exceeded: 50001 parameters and locals, at most 50000",
        "No option sets this limit; an embedder can (`prova_core::Config::module_limits`).",
    ]);
    demo.run("-W max-wasm-stack=1 small.wat")
        .expect(2, "")
        .says(&["between 4096 and 1073741824 bytes, not 1 (`-W max-wasm-stack`)"]);
    demo.run("--invoke recurse demo.wat")
        .expect(134, "")
        .says(&["call stack exhausted", "`-W max-wasm-stack=BYTES` sets the limit of the stack."]);
    demo.run("-W max-memory-size=68719476737 small.wat")
        .expect(2, "")
        .says(&["more than 68719476736 bytes are not possible"]);
}

#[test]
fn a_module_without_machine_code_is_told() {
    let demo = demo("vast");
    demo.write("vast.wat", r#"(module (memory i64 0x1000000000000) (func (export "_start")))"#);
    let why = "warning: the module runs as bytecode: no layout: memory beyond the address space";
    demo.run("--tier native -O translate=eager vast.wat").expect(1, "").says(&[why]);
    demo.write("small.wat", r#"(module (func (export "_start")))"#);
    demo.run("--tier native small.wat").expect(0, "").silent();
}

#[test]
fn a_limit_of_wasi_names_its_option() {
    let demo = demo("wasi-limits");
    let text = r#"(module (import "wasi_snapshot_preview1" "random_get" (func $r (param i32 i32) (result i32)))
        (memory (export "memory") 1) (func (export "_start") (drop (call $r (i32.const 0) (i32.const 9)))))"#;
    demo.write("random.wat", text);
    demo.run("-S max-random-size=8 random.wat").expect(134, "").says(&[
        "random_get: 9 bytes are more than max-random-size (8)",
        "`-S max-random-size=N` sets this limit, in bytes.",
    ]);
    demo.run("-S max-random-size=9 random.wat").expect(0, "").silent();
}

#[test]
fn a_proposal_that_is_off_names_its_key() {
    let demo = demo("proposals");
    demo.write("vector.wat", r#"(module (func (export "v") (param v128)))"#);
    demo.run("-W simd=n,relaxed-simd=n vector.wat")
        .expect(1, "")
        .says(&["unsupported: simd", "`-W simd` allows it."]);
    demo.write("types.wat", "(module (type (struct)))");
    demo.run("-W gc=n types.wat").expect(1, "").says(&["unsupported: gc", "`-W gc` allows it."]);
    demo.write(
        "gc.wat",
        r#"(module (type $s (struct)) (func (export "_start") (drop (struct.new $s))))"#,
    );
    demo.run("gc.wat").expect(0, "").silent();
    demo.run("-W gc=n gc.wat").expect(1, "").says(&["unsupported: gc", "`-W gc` allows it"]);
    demo.write("shared.wat", "(module (memory 1 1 shared))");
    let shared = demo.run("shared.wat");
    shared.expect(1, "").says(&[
        "unsupported: shared memories",
        "in others `-W shared-memory` allows them, and `-S threads` for",
    ]);
}

#[test]
fn a_vector_says_how_it_is_written() {
    let demo = demo("vectors");
    demo.write(
        "vector.wat",
        r#"(module (func (export "lane1") (param v128) (result i32) (i32x4.extract_lane 1 (local.get 0))))"#,
    );
    let number = "0x00000004000000030000000200000001";
    demo.run(&format!("--invoke lane1 vector.wat {number}")).expect(0, "2\n").silent();
    for args in ["1 2 3 4", "i32x4", ""] {
        demo.run(&format!("--invoke lane1 vector.wat {args}"))
            .expect(1, "")
            .says(&["a v128 is one integer of 128 bits", number]);
    }
    let help = demo.run("--help");
    assert!(help.out.contains("v128 is one integer of 128 bits") && help.out.contains(number));
}

#[test]
fn an_option_behind_the_module_is_told() {
    let demo = demo("behind");
    for (args, option) in [
        ("demo.wat --fuel 10", "--fuel"),
        ("run demo.wat --dir=.", "--dir=."),
        ("demo.wat -W fuel=10", "-W"),
        ("--fuel 100000 demo.wat --deterministic", "--deterministic"),
    ] {
        let words =
            format!("warning: `{option}` stands behind the module, so it goes to the guest");
        demo.run(args).expect(0, "hello\n").says(&[&words]);
    }
    let hostile = demo.run("demo.wat --fuel=\u{1b}[31m");
    hostile.expect(0, "hello\n").says(&["warning: `--fuel=\\u{1b}[31m` stands behind"]);
    for args in [
        "demo.wat --help",
        "demo.wat one --fuel 10",
        "demo.wat -W ignore",
        "-- demo.wat --fuel 10",
        "run --fuel 100000 -- demo.wat --fuel 10",
    ] {
        demo.run(args).expect(0, "hello\n").silent();
    }
}

#[test]
fn near_names_are_told() {
    let demo = demo("near");
    demo.run("inspect demo.wat --function midle")
        .expect(2, "")
        .says(&["there is no function `midle`; near names:\n", "  middle\n"]);
    demo.run("inspect demo.wat --function recrse")
        .expect(2, "")
        .says(&["recurse (export `recurse`)"]);
    demo.run("runn demo.wat").expect(1, "").says(&[
        "Error: `runn` is neither a command nor a file; the command `run` is near\n",
        "failed to read `runn`",
    ]);
    demo.run("missing.wat").expect(1, "").says(&["Error: failed to read `missing.wat`"]);
    demo.run("-W timout=1s demo.wat").expect(2, "").says(&["no such key; `timeout` is near"]);
    let many: String = (0..100).map(|i| format!("(func (export \"f{i}\"))")).collect();
    demo.write("many.wat", format!("(module {many} (func (export \"wanted\")))"));
    demo.run("--invoke wnated many.wat").expect(1, "").says(&[
        "near names:\n      wanted() -> ()\n",
        "exported functions:\n",
        "and 51 more (`prova inspect` lists them)",
    ]);
}

#[test]
fn an_import_that_is_not_there_says_what_can_be_done() {
    let demo = demo("imports");
    demo.write("import.wat", r#"(module (import "env" "f" (func $f)) (start $f))"#);
    demo.run("import.wat").expect(1, "").says(&[
        "unknown import: `env::f` has not been defined",
        "`--preload env=FILE`",
        "`-W unknown-imports-trap`",
    ]);
    // Intrinsics of the specialiser.
    demo.write("import.wat", r#"(module (import "weval" "f" (func $f)) (start $f))"#);
    demo.run("import.wat").expect(1, "").says(&[
        "unknown import: `weval::f` has not been defined",
        "`prova specialize FILE -o NEW` makes a module that runs",
    ]);
    // A program with threads imports its memory too.
    demo.write(
        "import.wat",
        r#"(module (import "env" "memory" (memory 1 1 shared))
            (import "wasi" "thread-spawn" (func (param i32) (result i32))))"#,
    );
    demo.run("-W shared-memory import.wat").expect(1, "").says(&[
        "it imports `wasi::thread-spawn`, and no threads are granted",
        "unknown import: `env::memory` has not been defined",
        "`-S threads` lets a program start threads",
    ]);
}

#[test]
fn a_guest_that_fails_on_a_file_without_a_directory_is_told_of_dir() {
    let demo = demo("grants");
    demo.write("exit.wat", EXIT);
    let words = "no directory is granted (`--dir`), so the guest cannot open `exit.wat`";
    demo.run("exit.wat exit.wat").expect(3, "").says(&[words]);
    for args in ["exit.wat missing.wat", "exit.wat", "--dir . exit.wat exit.wat"] {
        demo.run(args).expect(3, "").silent();
    }
    demo.run("demo.wat exit.wat").expect(0, "hello\n").silent();
}

#[test]
fn a_guest_in_go_that_fails_is_told_of_an_absolute_name() {
    let demo = demo("grants-go");
    demo.write("other.wat", EXIT);
    let go = EXIT.replacen("(module", "(module (@custom \"go:buildid\" \"x\")", 1);
    demo.write("go.wat", &go);
    demo.write("done.wat", go.replace("i32.const 3", "i32.const 0"));
    let words = "note: a program in Go finds files only in directories with an absolute name; \
                 `--dir .::/` grants this one as `/`";
    for dirs in ["--dir .", "--dir .::data", "--dir .::data::ro"] {
        demo.run(&format!("{dirs} go.wat go.wat")).expect(3, "").says(&[words]);
        demo.run(&format!("{dirs} other.wat go.wat")).expect(3, "").silent();
        demo.run(&format!("{dirs} done.wat go.wat")).expect(0, "").silent();
    }
    for dirs in ["--dir .::/", "--dir .::/data", "--dir . --dir .::/data"] {
        demo.run(&format!("{dirs} go.wat go.wat")).expect(3, "").silent();
    }
    demo.run("go.wat missing.wat").expect(3, "").silent();
}

/// Exits with 3.
const EXIT: &str = r#"(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 3))))"#;

#[test]
fn one_colon_is_not_two() {
    let demo = demo("colons");
    demo.run("--dir .:/data demo.wat").expect(1, "").says(&[
        "failed to open directory `.:/data` (two names have two colons between them: `--dir .::/data`)",
    ]);
    demo.run("--dir .::/data demo.wat").expect(0, "hello\n").silent();
}

#[test]
fn the_fuel_that_was_used_is_printed() {
    let demo = demo("stats");
    for tier in TIERS {
        let used = demo.run(&format!("{tier} --stats demo.wat"));
        used.expect(0, "hello\n");
        let number =
            used.err.strip_prefix("fuel used: ").and_then(|text| text.strip_suffix(" units\n"));
        let number: u64 = number.and_then(|number| number.parse().ok()).expect("a number");
        assert!(number > 16 + 32 + 6, "{used:?}");
        // This number is enough, and one less is not.
        let left = format!("fuel used: {number} units, 0 left\n");
        demo.run(&format!("{tier} --stats --fuel {number} demo.wat"))
            .expect(0, "hello\n")
            .says(&[&left]);
        demo.run(&format!("{tier} --fuel {} demo.wat", number - 1))
            .expect(134, "")
            .says(&["all fuel consumed"]);
        // The fuel is reported after a trap and an exit, too.
        demo.run(&format!("{tier} --stats --invoke outer demo.wat"))
            .expect(134, "")
            .says(&["fuel used: ", "unreachable"]);
        demo.run(&format!("{tier} --stats --invoke exit demo.wat 3"))
            .expect(3, "")
            .says(&["fuel used: "]);
    }
}

#[test]
fn a_trap_says_that_it_was_in_the_start_function_or_a_segment() {
    let demo = demo("start");
    demo.write("start.wat", "(module $m (func $boom unreachable) (func $s call $boom) (start $s))");
    demo.write("segment.wat", r#"(module $m (memory 1) (data (i32.const 65536) "x"))"#);
    for tier in TIERS {
        demo.run(&format!("{tier} start.wat")).expect(134, "").says(&[
            "Error: failed to run main module `start.wat`\n",
            "    0: failed to run its start function\n",
            "- m!boom\n",
            "wasm trap: wasm `unreachable` instruction executed\n",
        ]);
        demo.run(&format!("{tier} segment.wat")).expect(134, "").says(&[
            "    0: failed to initialise its globals, tables and memories\n",
            "wasm trap: out of bounds memory access\n",
        ]);
    }
}

#[test]
fn a_script_has_the_fuel_of_its_first_line() {
    let demo = demo("script-fuel");
    let spin = r#"(module (func (export "spin") (loop (br 0))))
        (assert_trap (invoke "spin") "all fuel consumed")"#;
    demo.write("fuel.wast", format!(";; fuel 100\n{spin}"));
    demo.write("wrong.wast", format!(";; fuel much\n{spin}"));
    for tier in TIERS {
        demo.run(&format!("wast {tier} fuel.wast")).silent();
        assert!(
            demo.run(&format!("wast {tier} fuel.wast"))
                .out
                .contains("      2       0       0  fuel")
        );
    }
    let wrong = demo.run("wast wrong.wast");
    assert!(wrong.code == 1 && wrong.out.contains("line 1: `;; fuel much`"), "{wrong:?}");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/run");
    demo.run(&format!("wast {folder}/fuel.wast {folder}/fuel-work.wast")).silent();
}

#[test]
fn no_option_of_scripts_is_ignored() {
    let demo = demo("script-options");
    let spin = r#"(module (func (export "spin") (loop (br 0))))
        (invoke "spin")
        (module (memory (export "m") 2))"#;
    demo.write("spin.wast", spin);
    demo.write("after.wast", "(module)");
    for tier in TIERS {
        let start = Instant::now();
        let run = demo.run(&format!("wast {tier} -W timeout=500ms spin.wast after.wast"));
        assert!(start.elapsed() >= Duration::from_millis(500), "{run:?}");
        assert_eq!(run.code, 134, "{run:?}");
        run.says(&["the timeout was over while `spin.wast` ran", "wasm trap: interrupt"]);
        assert!(run.out.contains("line 2: ") && !run.out.contains("after.wast"), "{run:?}");
    }
    demo.write("memory.wast", "(module (memory 2))");
    let small = demo.run("wast -W max-memory-size=65536 memory.wast");
    assert!(
        small.code == 1 && small.out.contains("memory_bytes_max exceeded: 131072"),
        "{small:?}"
    );
    demo.run("wast -W max-memory-size=131072 memory.wast").silent();
    demo.run("wast -W unknown-imports-trap memory.wast").expect(2, "").says(&["for `prova run`"]);
    demo.run("wast -W timeout=60s memory.wast").silent();
}

/// A growth that limits admit and the system refuses is a trap with `--deterministic`, and −1
/// without. The shell takes the address space away.
#[test]
#[cfg(target_os = "linux")]
fn growth_that_the_system_refuses_traps_if_it_is_to_be_deterministic() {
    let demo = demo("refused-growth");
    let text = r#"(module (memory 1) (table 1 funcref)
        (func (export "memory") (result i32) (memory.grow (i32.const 60000)))
        (func (export "table") (result i32) (table.grow (ref.null func) (i32.const 900000000))))"#;
    demo.write("grow.wat", text);
    let run = |args: &str| {
        let command = format!("ulimit -v 1500000; exec {} {args}", env!("CARGO_BIN_EXE_prova"));
        let output = std::process::Command::new("sh")
            .args(["-c", &command])
            .current_dir(&demo.0)
            .output()
            .expect("there is a shell");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    for tier in TIERS {
        for (func, limit) in [
            ("memory", "max-store-size=8000000000"),
            ("table", "max-store-size=8000000000,max-table-elements=1000000000"),
        ] {
            let args = format!("{tier} -W {limit} --invoke {func} grow.wat");
            let (code, out, err) = run(&args);
            assert_eq!((code, out.as_str()), (Some(0), "-1\n"), "{err}");
            let (code, out, err) = run(&format!("--deterministic {args}"));
            assert_eq!((code, out.as_str()), (Some(134), ""), "{err}");
            assert!(err.contains("wasm trap: memory or table growth failed\n"), "{err}");
        }
        // A growth that the limits refuse is −1 in both modes.
        let args =
            format!("--deterministic {tier} -W max-store-size=1000000 --invoke memory grow.wat");
        assert_eq!(run(&args).1, "-1\n");
    }
}
