//! `prova check-code`, `prova trust` and `prova inspect --native`.
//!
//! A green run does not show that a listing is right about an instruction beyond its offsets
//! (`prova_native::listing` has separate tests). Machine code is the same on every machine, so
//! outputs are compared where Prova has none, too.

use crate::common::Scratch;
use std::path::Path;
use std::process::{Command, Output};

fn prova(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_prova"))
        .args(args)
        .current_dir(root)
        .output()
        .expect("the program runs")
}

fn printed(args: &[&str]) -> String {
    let output = prova(args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

const LOAD: &str = "tests/files/code/load.wat";

#[test]
fn all_functions_of_a_module_are_counted() {
    let text = printed(&["check-code", LOAD]);
    assert!(text.contains("3 of 4 functions are machine code"), "{text}");
    assert!(text.contains("beyond what is compiled (results): 1"), "{text}");
    for option in ["-Omemory=explicit", "-Omemory=masked", "-Osignals-based-traps=n", "-Wfuel=1"] {
        let other = printed(&["check-code", option, LOAD]);
        assert!(other.contains("3 of 4 functions are machine code"), "{option}: {other}");
        assert_ne!(text, other, "{option}");
    }
    let moves = printed(&["check-code", "-Omemory-may-move", LOAD]);
    assert!(moves.contains("3 of 4 functions are machine code"), "{moves}");
}

/// The loop `$inner` is entered in the middle of another one: ways that are in no loop lead
/// backwards there, and under epochs each cycle has to be shown to pass a poll.
#[test]
fn loops_are_counted_as_tier_auto_makes_them() {
    let folder = Scratch::new("loops");
    folder.write(
        "loops.wat",
        r#"(module (memory 1)
          (func $call (param i32) (i32.store (local.get 0) (local.get 0)))
          (func (export "f") (param i32) (result i32) (local i32 i32)
            (loop $outer
              (block $tail
                (block $calls
                  (block $middle
                    (if (i32.eq (i32.and (local.get 0) (i32.const 31)) (i32.const 31))
                      (then
                        (loop $third
                          (br_if $third (i32.lt_u
                            (local.tee 1 (i32.add (local.get 1) (i32.load (local.get 0))))
                            (i32.const 6))))
                        (br $calls)))
                    (br_if $middle (i32.and (local.get 0) (i32.const 1)))
                    (loop $inner
                      (br_if $inner (i32.lt_u
                        (local.tee 2 (i32.add (local.get 2) (i32.load (local.get 0))))
                        (i32.const 6)))))
                  (br_if $tail (i32.load offset=8 (local.get 0))))
                (call $call (local.get 1)))
              (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 2)))))
            (local.get 2))
          (func (param funcref) (result funcref)
            (loop $l (br_if $l (i32.const 0))) (local.get 0)))"#,
    );
    for options in ["", "-W timeout=1s ", "-W fuel=1 ", "-W fuel=1,timeout=1s "] {
        let run = folder.run(&format!("check-code --loops {options}loops.wat"));
        assert_eq!(run.code, 0, "{options}: {run:?}");
        assert!(run.out.contains("3 of 4 loops are machine code"), "{options}: {}", run.out);
        let why = "(a reference to a function or of the host is alive where it begins): 1";
        assert!(run.out.contains(why), "{options}: {}", run.out);
        assert!(run.out.contains("bytes of code, ") && !run.out.contains("thunks"), "{}", run.out);
    }
    for other in ["--function=f", "--require=proved", "--matrix"] {
        let run = folder.run(&format!("check-code --loops {other} loops.wat"));
        assert_eq!(run.code, 2, "{other}: {run:?}");
    }
}

#[test]
fn a_matrix_has_all_cells() {
    let text = printed(&["check-code", "--matrix", LOAD]);
    let title = "tests/files/code/load.wat: 32 cells, 96 functions are machine code, 0 refused";
    assert!(text.starts_with(title), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("  ")).skip(1).collect();
    assert_eq!(rows.len(), 32, "{text}");
    for row in &rows {
        assert_eq!(row.split_whitespace().rev().take(4).collect::<Vec<_>>(), ["0", "1", "3", "4"]);
    }
    // A wide twin needs to know where segments go.
    let folder = Scratch::new("matrix");
    let computed = r#"(module (import "m" "g" (global i32)) (memory 1) (data (global.get 0) "a"))"#;
    folder.write("computed.wat", computed);
    let run = folder.run("check-code --matrix computed.wat");
    assert!(run.out.contains("no such twin: a segment whose offset is no constant"), "{}", run.out);
    assert_eq!(run.code, 1);
    let others = ["--explain=3", "--certificate=out", "--require=proved"];
    for option in ["-Omemory=explicit", "-Wfuel=1", "--function=load"].into_iter().chain(others) {
        let output = prova(&["check-code", "--matrix", option, LOAD]);
        assert_eq!(output.status.code(), Some(2), "{option}");
    }
}

#[test]
fn code_is_shown_and_explained() {
    let options = ["check-code", "-Omemory=explicit", "--function", "load"];
    let text = printed(&[&options[..], &[LOAD]].concat());
    assert!(text.contains("accepted"), "{text}");
    let load = text.lines().rfind(|line| line.contains("mov") && line.contains("[r"));
    let load = load.expect("a load");
    let offset = load.split_whitespace().find(|word| word.chars().all(|c| c.is_ascii_hexdigit()));
    let offset = offset.expect("an offset");
    let text = printed(&[&options[..], &["--explain", offset, LOAD]].concat());
    let needs: Vec<&str> = text.lines().filter(|line| line.starts_with("needs: ")).collect();
    assert!(needs.len() == 2 && needs[0].contains("cmp") && needs[1].contains("ja"), "{text}");
    assert!(text.contains("without it: Memory"), "{text}");
    for wrong in ["7777", "x"] {
        let output = prova(&[&options[..], &["--explain", wrong, LOAD]].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

const INDIRECT: &str = "tests/files/code/indirect.wat";

/// A comparison is needed too where the access behind it would be dead code without it.
#[test]
fn an_indirect_call_rests_on_its_comparisons() {
    let options = ["check-code", "--function", "indirect"];
    let text = printed(&[&options[..], &[INDIRECT]].concat());
    let offset = |line: &str| {
        let hex = |word: &&str| word.chars().all(|c| c.is_ascii_hexdigit());
        line.split_whitespace().find(hex).expect("an offset").to_owned()
    };
    let call = offset(text.lines().find(|line| line.contains("call r")).expect("a call"));
    let text = printed(&[&options[..], &["--explain", &call, INDIRECT]].concat());
    let needs: Vec<&str> = text.lines().filter(|line| line.starts_with("needs: ")).collect();
    assert!(needs.iter().any(|line| line.contains("cmp")), "{text}");
    assert!(needs.iter().any(|line| line.contains("jne")), "{text}");
}

/// The code that is shown is the code that runs.
#[test]
fn deterministic_code_is_other_code() {
    for command in [&["check-code"][..], &["inspect", "--native"]] {
        let plain = printed(&[command, &["--function", "nan", INDIRECT]].concat());
        for option in ["--deterministic", "-Wnan-canonicalization"] {
            let fixed = printed(&[command, &[option, "--function", "nan", INDIRECT]].concat());
            assert!(fixed.len() > plain.len(), "{option}: {fixed}");
        }
    }
    let plain = printed(&["check-code", INDIRECT]);
    assert_ne!(plain, printed(&["check-code", "--deterministic", INDIRECT]));
}

#[test]
fn a_certificate_is_written() {
    let file = std::env::temp_dir().join(format!("prova-certificate-{}", std::process::id()));
    let path = file.to_str().expect("a path");
    let options = ["check-code", "--function", "indirect", "--certificate", path, INDIRECT];
    printed(&options);
    let certificate = std::fs::read(&file).expect("it is there");
    std::fs::remove_file(&file).expect("it is ours");
    assert_eq!(certificate.first(), Some(&6), "the version");
    let output = prova(&["check-code", "--certificate", path, INDIRECT]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_function_without_code_says_why() {
    let output = prova(&["check-code", "--function", "nine", LOAD]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("results do not fit registers"), "{error}");
}

#[test]
fn inspect_shows_all_forms_side_by_side() {
    let text = printed(&["inspect", "--native", "--function", "load", LOAD]);
    let trap = "may trap: out of bounds memory access";
    for part in ["accepted", "i32.load offset=4", "machine code", "mov", "function u0:", trap] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// The traps of machine code are called as they are where they happen.
#[test]
fn traps_have_the_names_that_a_run_gives_them() {
    let folder = Scratch::new("trap-names");
    folder.write(
        "traps.wat",
        r#"(module (memory 1) (table 1 funcref)
            (func (export "unreachable") unreachable)
            (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.load (i32.const 0)))))
            (func (export "load") (drop (i32.load (i32.const 65533))))
            (func (export "convert") (drop (i32.trunc_f32_s (f32.const nan))))
            (func (export "element") (call_indirect (i32.load (i32.const 0)))))"#,
    );
    for name in ["unreachable", "divide", "load", "convert", "element"] {
        let run = folder.run(&format!("--invoke {name} traps.wat"));
        let error = run.err;
        let word = error.lines().find_map(|line| line.split("wasm trap: ").nth(1));
        let word = word.unwrap_or_else(|| panic!("{name}: {error}"));
        for command in ["objdump", "inspect --native"] {
            let listed = folder.run(&format!("{command} --function {name} traps.wat")).out;
            assert!(listed.contains(&format!("; may trap: {word}\n")), "{name} {word}: {listed}");
            assert!(!listed.contains("is never reached"), "{listed}");
        }
        folder.run(&format!("explore --function {name} -o page.html traps.wat"));
        let page = std::fs::read_to_string(folder.0.join("page.html")).expect("a page");
        assert!(page.contains(&format!("may trap: {word}")), "{name}");
    }
}

#[test]
fn what_is_trusted_is_listed() {
    let text = printed(&["trust"]);
    assert!(text.contains("native stacks have 24 times the logical limit"), "{text}");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_self_test_passes() {
    let text = printed(&["trust", "--self-test"]);
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("lemmas on the check's arithmetic"), "{text}");
    assert!(text.lines().all(|line| line.starts_with("ok: ")), "{text}");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn machine_code_is_named_for_perf_where_it_is_asked_for() {
    let text = |options: &[&str]| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // An earlier process with the same number may have left its map.
        let mut command = Command::new("sh");
        command.args(["-c", r#"rm -f /tmp/perf-$$.map; exec "$@""#, "sh"]);
        command.arg(env!("CARGO_BIN_EXE_prova"));
        command.args([&["run", "--tier", "native", "--invoke", "load"], options].concat());
        let mut child = command.args([LOAD, "0"]).current_dir(root).spawn().expect("it starts");
        let path = format!("/tmp/perf-{}.map", child.id());
        assert!(child.wait().expect("it ends").success(), "{options:?}");
        let text = std::fs::read_to_string(&path).ok();
        let _ = std::fs::remove_file(path);
        text
    };
    assert_eq!(text(&[]), None);
    let text = text(&["-O", "perf-map"]).expect("a map");
    let mut named = false;
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let mut number = || u64::from_str_radix(words.next().unwrap_or_default(), 16).ok();
        let (start, len) = (number(), number());
        assert!(start.is_some_and(|start| start > 0) && len.is_some_and(|len| len > 0), "{line}");
        named |= words.next().is_some_and(|name| name.ends_with("!load"));
    }
    assert!(named, "{text}");
}
