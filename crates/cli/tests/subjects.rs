//! `prova specialize` on the interpreters of `programs/specialize` that another test does not have:
//! compiled programs print what interpreted ones print, for fewer operators.
//!
//! A green run does not show that other interpreters can be specialised, nor that Lua and QuickJS
//! can, whose modules are not carried: their figures are on the command's page.

use crate::common::Scratch;
use std::path::Path;

/// A module of `programs/specialize`, and what becomes of it: with its requests (`-w` and the
/// options) as `compiled.wasm`, and without as `plain.wasm`.
fn made(test: &str, name: &str, options: &str) -> Scratch {
    let scratch = Scratch::new(test);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../programs/specialize");
    std::fs::copy(folder.join(name), scratch.0.join(name)).expect("the module is carried");
    let compiled = scratch.run(&format!("specialize -w {name} -o compiled.wasm {options}"));
    assert_eq!((compiled.code, compiled.err.as_str()), (0, ""), "{compiled:?}");
    assert!(!compiled.out.contains(": 0 of "), "{compiled:?}");
    assert_eq!(scratch.run(&format!("specialize {name} -o plain.wasm")).code, 0);
    scratch
}

/// The output of a run, and the fuel that it takes.
fn run(scratch: &Scratch, args: &str) -> (String, u64) {
    let run = scratch.run(&format!("run --stats {args}"));
    assert_eq!(run.code, 0, "{run:?}");
    let fuel = run.err.strip_prefix("fuel used: ").and_then(|rest| rest.split(' ').next());
    (run.out.clone(), fuel.and_then(|fuel| fuel.parse().ok()).expect("the fuel is told"))
}

/// A machine whose registers are virtual, so that its two interpreters are one body.
#[test]
fn a_machine_with_registers() {
    for options in ["", "--assume trust", "--strict"] {
        let test = format!("registers-{}", options.replace(' ', ""));
        let scratch = made(&test, "register.wasm", options);
        for (program, results, times) in [
            (0, ["0", "6465", "2119"], 18.0),
            (1, ["0", "753", "303791"], 20.0),
            (2, ["0", "3279299", "1368700187"], 9.0),
            (3, ["0", "24906", "11540"], 16.0),
        ] {
            let mut fuel = Vec::new();
            for (n, expected) in ["0", "50", "1000"].into_iter().zip(results) {
                let args = |module: &str| format!("--invoke run {module}.wasm {program} {n}");
                let (before, after) =
                    (run(&scratch, &args("plain")), run(&scratch, &args("compiled")));
                assert_eq!(before.0.trim(), expected, "program {program} on {n}");
                assert_eq!(after.0, before.0, "program {program} on {n}");
                fuel.push((before.1, after.1));
            }
            // The fuel beyond a run on 0: all runs clear the machine's heap first.
            let [(first, start), .., (last, end)] = fuel[..] else { unreachable!("three runs") };
            let ratio = (last - first) as f64 / (end - start) as f64;
            println!("{options} {program}: {} become {}, {ratio:.2}", last - first, end - start);
            assert!(ratio >= times, "program {program}: {ratio:.2}");
        }
    }
}

/// A Forth: a command for WASI, whose initialiser compiles its words; each gets a function.
#[test]
fn a_forth() {
    let expected = "17711 278 8999955000050000 50247 \n*****\n";
    for (options, times) in [("", 11.0), ("--assume trust", 11.0), ("--strict", 3.5)] {
        let test = format!("forth-{}", options.replace(' ', ""));
        let scratch = made(&test, "forth.wasm", options);
        let (before, after) = (run(&scratch, "plain.wasm"), run(&scratch, "compiled.wasm"));
        assert_eq!((after.0.as_str(), before.0.as_str()), (expected, expected), "{options}");
        let ratio = before.1 as f64 / after.1 as f64;
        println!("{options}: {} become {}, {ratio:.2}", before.1, after.1);
        assert!(ratio >= times, "{options}: {ratio:.2}");
    }
}

/// The module that an initialiser leaves can be written as it is, with its requests, and be
/// specialised later.
#[test]
fn initialised_first_and_specialised_later() {
    let scratch = made("init-only", "register.wasm", "");
    let init = scratch.run("specialize -w --init-only register.wasm -o start.wasm");
    init.expect(0, "").silent();
    let later = scratch.run("specialize start.wasm -o later.wasm");
    assert!(later.out.contains("4 of 4 requests"), "{later:?}");
    let read = |name: &str| std::fs::read(scratch.0.join(name)).expect("it is written");
    assert_eq!(read("later.wasm"), read("compiled.wasm"));
    assert_eq!(scratch.run("specialize --init-only register.wasm -o start.wasm").code, 2);
}

/// The crate of intrinsics for Rust, by its example.
#[test]
fn a_machine_in_rust() {
    let scratch = made("rust", "machine.wasm", "");
    for (n, times) in [("0", 0.2), ("30", 10.0), ("1000", 14.0)] {
        let args = |module: &str| format!("--invoke run {module}.wasm {n}");
        let (before, after) = (run(&scratch, &args("plain")), run(&scratch, &args("compiled")));
        assert_eq!(after.0, before.0, "{n}");
        let ratio = before.1 as f64 / after.1 as f64;
        println!("{n}: {} become {}, {ratio:.2}", before.1, after.1);
        assert!(ratio >= times, "{n}: {ratio:.2}");
    }
    assert_eq!(run(&scratch, "--invoke run compiled.wasm 1000").0, "59431\n");
    // The code that the page quotes.
    let page = include_str!("../../../docs/reference/specialize.md");
    let code = page.split_once("```rust\n").and_then(|(_, rest)| rest.split_once("```"));
    let mut source = include_str!("../../../programs/specialize/rust/examples/machine.rs").lines();
    for line in code.expect("a block of Rust").0.lines() {
        assert!(source.any(|other| other == line), "{line}");
    }
}

/// Messages and reports name lines of source, by the offsets of the file that the user has, though
/// the module was written again behind its initialiser.
#[test]
fn reports_with_lines() {
    let scratch = Scratch::new("reports");
    scratch.write("lines.wasm", include_bytes!("specialize/lines.wasm"));
    let report = |name: &str| {
        let made = scratch.run(&format!("specialize -w lines.wasm -o out.wasm --report {name}"));
        made.says(&[
            "request for slot 0x100e4 (id 1): refused: func6 at 0x2d4 (lines.c:21): the operand of \
             update.context is not constant (pc 1): at the join at 0x2cf it is 3, and 0 by the way \
             from 0x29e (lines.c:18)",
        ]);
        assert_eq!(made.code, 0);
        std::fs::read_to_string(scratch.0.join(name)).expect("it is written")
    };
    let text = report("report.txt");
    for part in [
        "lines.wasm: 1 of 2 requests compiled\n",
        "request for slot 0x100e0 (id 0) of func6 `run`\n",
        "  9 copies of parts of its blocks: of 28 operators in them 26 went away, before passes\n",
        "    went away  stay  name\n",
        "            3     0  i32.load8_u\n",
        "            0     2  i64.add\n",
        "\nrefused: request for slot 0x100e4 (id 1) of func6 `run`\n  func6 at 0x2d4 (lines.c:21): ",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(text, report("again.txt"));
    let page = report("report.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(page.contains("<td class=\"n\">3</td><td class=\"n\">0</td><td>i32.load8_u</td>"));
    let tree: serde_json::Value = serde_json::from_str(&report("report.json")).expect("it is JSON");
    assert_eq!(tree["children"][1]["verdict"], "refused");
    assert_eq!(tree["children"][0]["tables"][0]["rows"][2]["cells"][2], "br_table");
    // The operators that are not folded, in a machine whose programs branch.
    let machine = made("reports-machine", "register.wasm", "--report report.txt");
    let text = std::fs::read_to_string(machine.0.join("report.txt")).expect("it is written");
    for part in ["  not folded\n", "    br_if  ", "    specialize.value  ", "  `i64."] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}
