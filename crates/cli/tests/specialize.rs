//! `prova specialize` on a stack machine (`programs/specialize`): compiled programs give what
//! interpreted ones give, for fewer operators.
//!
//! A green run does not show that every interpreter can be specialised: what it shows is one of
//! them, with its state in memory and with its state in registers. That each function is its
//! interpreter is the proof's to show (`crates/specialize/tests`).

mod cells;
mod initialisers;
mod reactors;
mod snapshots;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn prova(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prova")).args(args).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path for this test's files, which are removed with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let name = format!("prova-specialize-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a directory can be made");
        Place(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn machine() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/specialize");
    folder.join("vm.wasm").display().to_string()
}

/// The result of a program, and the fuel that it takes.
fn run(module: &str, program: &str, n: &str) -> (String, u64) {
    let out = prova(&["run", "--stats", "--invoke", "run", module, program, n]);
    let stats = text(&out.stderr);
    let fuel = stats.strip_prefix("fuel used: ").and_then(|rest| rest.split(' ').next());
    let fuel = fuel.and_then(|fuel| fuel.parse().ok());
    (text(&out.stdout), fuel.unwrap_or_else(|| panic!("{stats}")))
}

#[test]
fn compiled_programs_do_the_same_for_less() {
    let place = Place::new("vm");
    let (compiled, plain) = (place.file("compiled.wasm"), place.file("plain.wasm"));
    let made = prova(&["specialize", "-w", &machine(), "-o", &compiled]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("8 of 8 requests compiled and proved"));
    assert_eq!(text(&made.stderr), "");
    // Without its initialiser the module asks for nothing: intrinsics go.
    let made = prova(&["specialize", &machine(), "-o", &plain]);
    assert!(text(&made.stdout).contains("0 of 0 requests"), "{}", text(&made.stderr));
    for (program, of, times) in [
        ("0", "0", 4.6),
        ("1", "1", 4.7),
        ("2", "2", 5.2),
        ("3", "3", 4.8),
        ("4", "0", 21.9),
        ("5", "1", 13.1),
        ("6", "2", 19.6),
        ("7", "3", 20.8),
    ] {
        let mut fuel = Vec::new();
        for n in ["0", "1", "2", "50", "1000"] {
            let ((found, after), (expected, before)) =
                (run(&compiled, program, n), run(&plain, of, n));
            assert_eq!(found, expected, "program {program} on {n}");
            fuel.push((before, after));
        }
        // The fuel beyond a run on 0: all runs clear the machine's heap first.
        let [(first, start), .., (last, end)] = fuel[..] else { unreachable!("five runs") };
        let ratio = (last - first) as f64 / (end - start) as f64;
        println!("program {program}: {} units become {}, {ratio:.2}", last - first, end - start);
        assert!(ratio >= times, "program {program}: {ratio:.2}");
    }
}

/// More trust never makes a module slower: where a call on a rare way needs cells in memory, all
/// other ways have theirs put off in both.
#[test]
fn trust_is_never_slower() {
    let place = Place::new("trust");
    let folder = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    let programs = |name: &str| folder("programs/specialize").join(name).display().to_string();
    let cold = folder("crates/specialize/tests/cases/cold.wat").display().to_string();
    let machine = ["0 50", "1 50", "2 50", "3 50", "4 50", "5 50", "6 50", "7 50"];
    let mut count = 0;
    for (file, wizen, calls) in [
        (programs("vm.wasm"), true, &machine[..]),
        (programs("register.wasm"), true, &["0 40", "1 40", "2 40", "3 40"]),
        (programs("first.wasm"), true, &["0", "100"]),
        (programs("machine.wasm"), true, &["100"]),
        (cold, false, &["1", "300", "5000"]),
    ] {
        let made = ["check", "trust"].map(|how| {
            let out = place.file(how);
            let wizen = if wizen { "-w" } else { "--keep-stores" };
            let made = prova(&["specialize", wizen, "--assume", how, &file, "-o", &out]);
            assert_eq!(text(&made.stderr), "", "{file}");
            out
        });
        for call in calls {
            let fuel = made.each_ref().map(|module| {
                let words = call.split(' ').collect::<Vec<_>>();
                let out =
                    prova(&[&["run", "--stats", "--invoke", "run", module], &*words].concat());
                let stats = text(&out.stderr);
                let fuel = stats.strip_prefix("fuel used: ").and_then(|it| it.split(' ').next());
                fuel.and_then(|fuel| fuel.parse::<u64>().ok()).expect("a number")
            });
            assert!(
                fuel[1] <= fuel[0],
                "{file} {call}: {} with trust, {} without",
                fuel[1],
                fuel[0]
            );
            count += 1;
        }
    }
    assert_eq!(count, 18);
}

/// Contexts that never come back are reported with the place where they are set, or pushed.
#[test]
fn contexts_without_end_are_named() {
    let place = Place::new("endless");
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specialize/tests/cases/cold.wat");
    let case = std::fs::read_to_string(case).expect("a case");
    let (from, to) = (place.file("endless.wat"), place.file("out.wasm"));
    let (update, pc) = ("(call $update (local.get $pc))", "(local.set $pc (i32.const 0))");
    let again = format!("{pc}\n            {update}");
    let tick = "(local.set $tick (i32.add (local.get $tick) (i32.const 16)))";
    let counted = "(call $update (i32.add (local.get $pc) (local.get $tick)))";
    assert!(case.contains(&again));
    for (module, words) in [
        // A counter that counts rounds, and one that is pushed in each round and never popped.
        (
            case.replace(pc, &format!("{pc} {tick}"))
                .replace(update, counted)
                .replace("(local $pc i32)", "(local $pc i32) (local $tick i32)"),
            ["contexts are told by `update.context` in func7 at 0x", "the last ones (pc "],
        ),
        (
            case.replace(&again, &format!("{pc} (call $push (local.get $pc))")),
            ["contexts are told by `push.context` in func7 at 0x", " more / pc "],
        ),
    ] {
        std::fs::write(&from, module).expect("a file");
        let made = prova(&["specialize", &from, "-o", &to]);
        let said = text(&made.stderr);
        assert_eq!(made.status.code(), Some(0), "{said}");
        assert!(said.contains("more than 100000 blocks"), "{said}");
        assert!(said.contains("and none of them was there before"), "{said}");
        assert!(words.iter().all(|words| said.contains(words)), "{said}");
        assert!(said.len() < 1_000, "{said}");
    }
}

#[test]
fn the_same_bytes_again() {
    let place = Place::new("again");
    let files = ["1", "3"].map(|jobs| {
        let file = place.file(jobs);
        let made = prova(&["specialize", "-w", &machine(), "-o", &file, "--jobs", jobs]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        std::fs::read(file).expect("it is written")
    });
    assert_eq!(files[0], files[1]);
}

#[test]
fn assumptions_are_told_and_refused() {
    let place = Place::new("strict");
    let out = place.file("out.wasm");
    let told = |options: &[&str]| {
        let made = prova(&[&["specialize", "-w", "-i", &machine(), "-o", &out], options].concat());
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let told = text(&made.stdout);
        assert!(told.contains("8 of 8 requests compiled and proved"), "{told}");
        let count = |words: &str| told.matches(words).count();
        (count("  assumes that the bytes that argument 0 points to"), count("  assumes that cells"))
    };
    // Believed are: the cells of the four programs with a virtual stack; all texts too; nothing.
    assert_eq!(told(&[]), (0, 4));
    assert_eq!(told(&["--assume", "check"]), (0, 4));
    assert_eq!(told(&["--assume", "trust"]), (8, 4));
    assert_eq!(told(&["--strict"]), (0, 0));
    // A module made without assumptions gives the same results.
    let plain = place.file("plain.wasm");
    prova(&["specialize", &machine(), "-o", &plain]);
    for (program, of) in [("4", "0"), ("5", "1"), ("6", "2"), ("7", "3")] {
        assert_eq!(run(&out, program, "50").0, run(&plain, of, "50").0);
    }
    let made = prova(&["specialize", "--strict", "--assume", "trust", &machine(), "-o", &out]);
    assert_eq!(made.status.code(), Some(2));
    let made = prova(&["specialize", "-w", "--init-func", "none", &machine(), "-o", &out]);
    assert_eq!(made.status.code(), Some(1));
    assert!(text(&made.stderr).contains("there is no exported function `none`"));
    let made = prova(&["specialize", "--init-func", "none", &machine(), "-o", &out]);
    assert_eq!(made.status.code(), Some(2));
    let bad = place.file("bad.wat");
    let import = r#"(module (import "weval" "push.context" (func (param i64))))"#;
    std::fs::write(&bad, import).expect("a file");
    let made = prova(&["specialize", &bad, "-o", &out]);
    assert_eq!(made.status.code(), Some(1));
    assert!(text(&made.stderr).contains("intrinsic `push.context`"), "{}", text(&made.stderr));
}

/// Program text that is not what it was: before a run the interpreter runs it, during a run it
/// traps; with trust nobody looks.
#[test]
fn text_that_changes() {
    let place = Place::new("text");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specialize/tests/cases/text.wat");
    let (from, to) = (from.display().to_string(), place.file("text.wasm"));
    let sum = |options: &[&str], name: &str, at: &str| {
        let made = prova(&[&["specialize", &from, "-o", &to], options].concat());
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let out = prova(&["run", "--invoke", name, &to, at]);
        assert_eq!(out.status.success(), !text(&out.stdout).is_empty());
        text(&out.stdout).trim().parse::<u64>().ok()
    };
    for (name, at, expected) in [
        ("store", "8192", Some(6)),
        // The text is written while it runs.
        ("store", "2052", None),
        ("store", "2048", None),
        ("store", "2047", Some(6)),
        ("store", "2053", Some(6)),
        ("patched", "2048", Some(82)),
        ("patched", "2052", Some(80)),
        ("patched", "2053", Some(6)),
        ("moved", "3000", Some(6)),
        ("moved", "65531", Some(6)),
        ("beyond", "65531", Some(0)),
        ("beyond", "65532", None),
        ("beyond", "4294967295", None),
        // Stores beside the text, and over it: the window is from 8 to 48.
        ("state", "5000", Some(6)),
        ("state", "2053", Some(6)),
        ("state", "2000", Some(6)),
    ] {
        assert_eq!(sum(&[], name, at), expected, "{name} {at}");
        assert_eq!(sum(&["--strict"], name, at), expected, "{name} {at}");
    }
    // The interpreter's own text is written by the interpreter: what it reads is what it wrote.
    let over = sum(&[], "state", "2036").expect("the interpreter runs");
    assert_ne!(over, 6);
    assert_eq!(sum(&["--assume", "trust"], "state", "2036"), Some(6));
    assert_eq!(sum(&["--assume", "trust"], "patched", "2048"), Some(6));
    assert_eq!(sum(&["--assume", "trust"], "store", "2052"), Some(6));
}

/// A program that jumps into the middle of a loop, and one of values that are specialised.
#[test]
fn compiled_modules_of_the_crate_run() {
    let place = Place::new("cases");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specialize/tests/cases");
    let compiled = |name: &str| {
        let (from, to) =
            (cases.join(format!("{name}.wat")).display().to_string(), place.file(name));
        let made = prova(&["specialize", &from, "-o", &to]);
        assert_eq!(text(&made.stderr), "");
        to
    };
    let call = |module: &str, args: &[&str]| {
        let out = prova(&[&["run", "--invoke", args[0], module], &args[1..]].concat());
        text(&out.stdout).trim().to_owned()
    };
    let module = compiled("irreducible");
    for n in ["1", "2", "3", "8", "77", "100", "99999", "100001"] {
        assert_eq!(call(&module, &["run", n]), call(&module, &["plain", n]), "{n}");
    }
    let module = compiled("versions");
    for (which, sum) in [("0", "7"), ("1", "8"), ("2", "9"), ("3", "10"), ("4", "12"), ("5", "12")]
    {
        assert_eq!(call(&module, &["run", which, "8000"]), sum);
        // The word that all ways read is written first.
        assert_eq!(call(&module, &["run", which, "2088"]), "");
    }
    let module = compiled("values");
    for (args, expected) in [
        (["call", "256", "2"], "207"),
        (["call", "256", "3"], "307"),
        (["call", "256", "13"], "507"),
        // Out of the range that the program promises: a trap.
        (["call", "256", "6"], ""),
        (["call", "260", "0"], "0"),
        (["call", "260", "14"], "23"),
        (["call", "260", "255"], "33"),
        (["long", "264", "4000"], "4243"),
        // No text is there, so the interpreter reads what is.
        (["long", "268", "0"], "0"),
        (["long", "268", "576"], "9221120234960913020"),
    ] {
        assert_eq!(call(&module, &args), expected, "{args:?}");
    }
}

/// In code that stays generic, and while the initialiser runs, the virtual stack and virtual locals
/// are loads and stores.
#[test]
fn cells_in_generic_code() {
    let place = Place::new("generic");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specialize/tests/cases/generic.wat");
    let (from, to) = (from.display().to_string(), place.file("generic.wasm"));
    for options in [&[][..], &["-w", "--init-func", "fill"]] {
        let made = prova(&[&["specialize", &from, "-o", &to], options].concat());
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let run = |args: &[&str]| {
            let out = prova(&[&["run", "--invoke"], args].concat());
            (out.status.success(), text(&out.stdout))
        };
        assert_eq!(run(&["stack", &to, "3", "4"]), (true, "44\n".to_owned()));
        assert_eq!(run(&["local", &to]), (true, "77\n".to_owned()));
        assert!(!run(&["beyond", &to]).0);
        let filled = if options.is_empty() { "0\n" } else { "55\n" };
        assert_eq!(run(&["filled", &to]), (true, filled.to_owned()));
    }
}

/// A cache changes no byte of the output, with any content, any writer and any number of runs.
#[test]
fn a_cache_on_disk() {
    let place = Place::new("cache");
    let (folder, other) = (place.file("entries"), place.file("none"));
    let (cold, warm) = (place.file("cold.wasm"), place.file("warm.wasm"));
    let made = |to: &str, options: &[&str]| {
        let made = prova(&[&["specialize", "-w", &machine(), "-o", to], options].concat());
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        (text(&made.stdout), text(&made.stderr))
    };
    let plain = made(&cold, &[]).0;
    let with_cache = |options: &[&str], counts: &str| {
        let (told, noted) = made(&warm, options);
        assert!(told.contains(&format!("cache: {counts} made\n")), "{told}");
        let same = std::fs::read(&warm).expect("a file") == std::fs::read(&cold).expect("a file");
        assert!(same && told.contains(plain.lines().nth(3).expect("a line")));
        noted
    };
    // Two processes at once.
    let mut both = Vec::new();
    for to in ["a.wasm", "b.wasm"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prova"));
        let args = ["specialize", "-w", &machine(), "--cache", &folder, "-o", &place.file(to)];
        both.push(command.args(args).stdout(std::process::Stdio::null()).spawn().expect("it runs"));
    }
    assert!(both.iter_mut().all(|child| child.wait().is_ok_and(|status| status.success())));
    assert_eq!(with_cache(&["--cache", &folder], "8 found and proved again, 0"), "");
    let entries = || {
        let all = std::fs::read_dir(&folder).expect("a folder").flatten();
        let mut all: Vec<PathBuf> = all.map(|file| file.path()).collect();
        all.sort();
        all
    };
    assert_eq!(entries().len(), 8);
    // A read-only cache is neither mended nor added to.
    std::fs::remove_file(&entries()[0]).expect("a file");
    std::fs::write(&entries()[0], "prova-specialize").expect("a file");
    for _ in 0..2 {
        let noted = with_cache(&["--cache-ro", &folder], "6 found and proved again, 2");
        assert!(noted.contains("is not used: it is no entry of a cache"), "{noted}");
    }
    assert_eq!(entries().len(), 7);
    with_cache(&["--cache-ro", &folder, "--cache", &other], "6 found and proved again, 2");
    // The other folder has what the first one lacked.
    std::fs::remove_file(&entries()[0]).expect("a file");
    let again = ["--cache-ro", &folder, "--cache", &other];
    assert_eq!(with_cache(&again, "8 found and proved again, 0"), "");
    assert_eq!(with_cache(&["--cache", &other], "2 found and proved again, 6"), "");
    // Counts are those of the search.
    let report = place.file("report.txt");
    with_cache(&["--cache", &folder, "--report", &report], "0 found and proved again, 8");
    assert_eq!(entries().len(), 8);
    for (option, words) in [("--cache", "a folder for Prova's cache"), ("--cache-ro", "no folder")]
    {
        let made = prova(&["specialize", &machine(), "-o", &warm, option, &report]);
        assert_eq!(made.status.code(), Some(1));
        assert!(text(&made.stderr).contains(words), "{}", text(&made.stderr));
    }
}

/// The globals of intrinsics, compiled and generic; an initialiser may use them, and leave nothing.
#[test]
fn globals_of_intrinsics() {
    let place = Place::new("globals");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specialize/tests/cases/globals.wat");
    let (from, to) = (from.display().to_string(), place.file("globals.wasm"));
    let made = |options: &[&str]| {
        let made = prova(&[&["specialize", &from, "-o", &to], options].concat());
        (made.status.code(), text(&made.stdout), text(&made.stderr))
    };
    let call = |args: &[&str]| {
        let out = prova(&[&["run", "--invoke", args[0], &to], &args[1..]].concat());
        text(&out.stdout).trim().to_owned()
    };
    let folder = place.file("cache");
    for options in [&[][..], &["--strict"], &["--assume", "trust"], &["--cache", &folder]] {
        let (code, told, noted) = made(options);
        assert!(code == Some(0) && told.contains("1 of 1 requests"), "{noted}");
        let assumes = told.contains("assumes");
        assert!(assumes == options.contains(&"trust") && noted.is_empty(), "{told}{noted}");
        // 7 + 11 + 13, and three steps, each of which counts 1 and the present value.
        assert_eq!([call(&["run", "2048"]), call(&["plain", "2048"])], ["31003", "31003"]);
        assert_eq!([call(&["run", "1024"]), call(&["plain", "1024"])], ["31024", "31024"]);
    }
    assert!(made(&["-w", "--init-func", "fill"]).1.contains("1 of 1 requests"));
    assert_eq!([call(&["run", "2048"]), call(&["fill"])], ["31018", ""]);
    assert!(!prova(&["run", "--invoke", "fill", &to]).status.success());
    assert_eq!(made(&["-w", "--init-func", "fill", "--keep-init-func"]).0, Some(0));
    assert!(prova(&["run", "--invoke", "fill", &to]).status.success());
    assert_eq!(made(&["-w", "--init-func", "pass"]).0, Some(0));
    assert_eq!([call(&["passed"]), call(&["run", "2048"])], ["4", "31003"]);
    let (code, _, noted) = made(&["-w", "--init-func", "leave"]);
    assert!(code == Some(1) && noted.contains("leaves a value in a global"), "{noted}");
}

/// Data that an initialiser reads from a directory become the module's; it sees no other directory.
/// The name of the initialiser is from an older header.
#[test]
fn an_initialiser_with_a_directory() {
    let place = Place::new("dir");
    let (from, to) = (place.file("dir.wat"), place.file("dir.wasm"));
    let module = r#"(module
        (import "wasi_snapshot_preview1" "path_open" (func $open
            (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "number") (data (i32.const 32) "\00\01\00\00\08\00\00\00")
        (func (export "wizer.initialize")
            (drop (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 48)))
            (drop (call $read (i32.load (i32.const 48)) (i32.const 32) (i32.const 1) (i32.const 52))))
        (func (export "number") (result i32) (i32.load8_u (i32.const 256))))"#;
    std::fs::write(&from, module).expect("a file");
    std::fs::create_dir_all(place.file("in")).expect("a directory");
    std::fs::write(place.file("in/number"), "A").expect("a file");
    for (options, number) in [(&["--dir", &place.file("in")][..], "65\n"), (&[], "0\n")] {
        let made = prova(&[&["specialize", "-w", &from, "-o", &to], options].concat());
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let out = prova(&["run", "--invoke", "number", &to]);
        assert_eq!(text(&out.stdout), number, "{}", text(&out.stderr));
    }
    std::fs::write(&from, b"\0asm\x0d\0\x01\0").expect("a file");
    let made = prova(&["specialize", "-w", &from, "-o", &to]);
    assert_eq!(made.status.code(), Some(1));
    assert!(text(&made.stderr).contains("component"), "{}", text(&made.stderr));
}

/// An initialiser reads the input and the variables that are given, and no others.
#[test]
fn an_initialiser_with_input_and_variables() {
    let place = Place::new("given");
    let (from, to) = (place.file("given.wat"), place.file("given.wasm"));
    let module = r#"(module
        (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 32) "\00\01\00\00\08\00\00\00")
        (func (export "wizer-initialize")
            (drop (call $get (i32.const 64) (i32.const 512)))
            (drop (call $read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 52))))
        (func (export "number") (result i32)
            (i32.add (i32.load8_u (i32.const 256))
                (i32.mul (i32.const 1000) (i32.load8_u (i32.const 514))))))"#;
    std::fs::write(&from, module).expect("a file");
    std::fs::write(place.file("input"), "A").expect("a file");
    let input = place.file("input");
    let given = ["--stdin", &input, "--env", "N=B"];
    for (options, number) in [(&given[..], "66065\n"), (&given[..2], "65\n"), (&[], "0\n")] {
        let made = prova(&[&["specialize", "-w", &from, "-o", &to], options].concat());
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        let out = prova(&["run", "--invoke", "number", &to]);
        assert_eq!(text(&out.stdout), number, "{}", text(&out.stderr));
    }
    for (options, code, words) in [
        (["--stdin", "there/is/none"], 1, "failed to read `there/is/none`"),
        (["--env", "=B"], 2, "it must be NAME or NAME=VALUE"),
    ] {
        let made = prova(&[&["specialize", "-w", &from, "-o", &to], &options[..]].concat());
        assert_eq!(made.status.code(), Some(code), "{}", text(&made.stderr));
        assert!(text(&made.stderr).contains(words), "{}", text(&made.stderr));
    }
}
