//! Every command that loads a module takes `-W`, by the same keys.
//!
//! [`COMMANDS`] has a line for each command of the program, so a new one has to say what it does.
//! Each line runs on a module with a shared memory and on one with vectors, with and without the
//! proposal.
//!
//! A green run does not show that a command makes good use of such a module.

use crate::common::{Scratch, demo};
use crate::pages::{commands, help};
use std::collections::BTreeSet;

/// How a command treats a module of a proposal that is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loads {
    /// It refuses it, and says which key of `-W` allows it.
    Refuses,
    /// It shows what it can, with the refusal as a warning.
    Shows,
    /// It compares or reads it byte for byte, without its names.
    Foreign,
    /// It refuses shared memories always: its runs are compared, recorded or replayed.
    Compared,
    /// It loads no module of the user's.
    Nothing,
}

/// A command line for each command, with `A` and `B` for two modules, and `W` for the options. A
/// command that has several ways to load a module has several lines.
const COMMANDS: &[(&str, Loads)] = &[
    ("run W --invoke f A", Loads::Refuses),
    ("compile W A -o out.cwprova", Loads::Refuses),
    ("verify W out.cwprova", Loads::Refuses),
    ("validate W A", Loads::Refuses),
    ("inspect W A --function f", Loads::Shows),
    ("inspect W A --function f --ssa", Loads::Refuses),
    ("debug W --listen 127.0.0.1:0 --invoke f A", Loads::Refuses),
    ("check-code W A", Loads::Refuses),
    ("objdump W A", Loads::Refuses),
    ("explore W A -o out.html", Loads::Refuses),
    ("opt W A -o out.wasm", Loads::Refuses),
    ("opt W A -o out.wasm --passes none", Loads::Refuses),
    ("specialize W A -o out.wasm", Loads::Refuses),
    ("explain W A B", Loads::Refuses),
    ("isolate W A B --module out --function f", Loads::Refuses),
    ("diff W A B", Loads::Foreign),
    ("xref W A 0..8", Loads::Foreign),
    ("wast W script.wast", Loads::Refuses),
    ("trace W --invoke f A", Loads::Compared),
    ("diverge W --sides tail,reference --invoke f A", Loads::Compared),
    ("shrink W --out out --sides tail,reference --invoke f A", Loads::Compared),
    // A record has its module, and `profile` has none.
    ("replay", Loads::Nothing),
    ("profile", Loads::Nothing),
    ("cache", Loads::Nothing),
    ("settings", Loads::Nothing),
    ("completions", Loads::Nothing),
    ("man", Loads::Nothing),
    ("trust", Loads::Nothing),
    ("passes", Loads::Nothing),
    ("repro", Loads::Nothing),
    ("substrate", Loads::Nothing),
];

/// Two modules that need a proposal, in the form that compilers of programs with threads write, and
/// with a body that needs no import.
fn write(folder: &Scratch, fields: &str) {
    for (name, number) in [("a", 5), ("b", 6)] {
        let module =
            format!("(module {fields} (func $f (export \"f\") (result i32) (i32.const {number})))");
        folder.write(&format!("{name}.wat"), &module);
        folder.write("script.wast", module);
    }
}

#[test]
fn every_command_says_how_it_loads_modules() {
    let help = help(&[]);
    let all: BTreeSet<&str> = commands(&help).into_iter().collect();
    let listed: BTreeSet<&str> =
        COMMANDS.iter().filter_map(|(line, _)| line.split(' ').next()).collect();
    assert_eq!(all, listed);
}

#[test]
fn every_command_that_loads_a_module_takes_proposals() {
    let folder = demo("loads");
    for (fields, on, off, words, key) in [
        (
            "(memory $m (export \"m\") 1 2 shared)
             (func (export \"n\") (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))",
            "-W shared-memory",
            "",
            "unsupported: shared memories",
            "`-W shared-memory` allows",
        ),
        (
            "(memory 1) (func (export \"v\") (result v128) (v128.const i64x2 1 2))",
            "-W simd=y",
            "-W simd=n,relaxed-simd=n",
            "unsupported: simd",
            "`-W simd` allows it",
        ),
    ] {
        write(&folder, fields);
        let is_shared = on == "-W shared-memory";
        for &(line, loads) in COMMANDS {
            let command = |options: &str| {
                let words = line.split(' ').map(|word| match word {
                    "A" => "a.wat",
                    "B" => "b.wat",
                    "W" => options,
                    word => word,
                });
                folder.run(&words.collect::<Vec<_>>().join(" "))
            };
            if loads == Loads::Nothing {
                continue;
            }
            // A debugger waits for a connection once its module is loaded.
            let name = line.split(' ').next().unwrap_or_default();
            if name != "debug" && !(is_shared && loads == Loads::Compared) {
                let made = command(on);
                let all = format!("{}{}", made.out, made.err);
                assert!(!all.contains("unsupported"), "{line} {on}: {made:?}");
                let code = match name {
                    "diff" | "explain" => 1,
                    // The sides do not differ.
                    "shrink" => 2,
                    _ => 0,
                };
                assert_eq!(made.code, code, "{line} {on}: {made:?}");
            }
            let made = command(off);
            let all = format!("{}{}", made.out, made.err);
            match loads {
                Loads::Foreign => assert!(!all.contains(key), "{line} {off}: {made:?}"),
                Loads::Refuses | Loads::Compared | Loads::Shows => {
                    assert!(all.contains(words), "{line} {off}: {made:?}");
                    assert!(
                        all.contains(key) || line.starts_with("wast"),
                        "{line} {off}: {made:?}"
                    );
                    assert_eq!(made.code == 0, loads == Loads::Shows, "{line} {off}: {made:?}");
                }
                Loads::Nothing => {}
            }
        }
    }
}

#[test]
fn names_are_read_of_a_shared_memory_only_with_the_proposal() {
    let folder = demo("loads-names");
    let (a, b) = ("(i32.const 70000)", "(i32.const 70001)");
    for (name, one, two) in [("a.wat", a, b), ("b.wat", b, a)] {
        let text = format!(
            "(module (memory 1 2 shared) (func $one (export \"one\") (result i32) {one})
               (func $two (export \"two\") (result i32) {two}))"
        );
        folder.write(name, text);
    }
    let whole = folder.run("diff -W shared-memory a.wat b.wat");
    assert!(whole.code == 1 && whole.out.contains("function one"), "{whole:?}");
    let bytes = folder.run("diff a.wat b.wat");
    assert!(bytes.code == 1 && bytes.out.contains("compared byte for byte"), "{bytes:?}");
}

#[test]
fn keys_without_effect_are_misuse() {
    let folder = demo("loads-keys");
    write(&folder, "(memory 1)");
    for line in [
        "opt W a.wat -o o.wasm",
        "specialize W a.wat -o o.wasm",
        "xref W a.wat 0",
        "diff W a.wat a.wat",
        "explain W a.wat a.wat",
        "isolate W a.wat b.wat --module out",
        "verify W o.cwprova",
    ] {
        for key in ["fuel=3", "max-memory-size=1G", "unknown-imports-trap"] {
            let made = folder.run(&line.replace('W', &format!("-W {key}")));
            made.expect(2, "").says(&[key, "runs nothing"]);
        }
        let made = folder.run(&line.replace('W', "-W shared-memry"));
        made.expect(2, "").says(&["shared-memry"]);
        let made = folder.run(&line.replace('W', "-W help"));
        assert!(made.code == 0 && made.out.contains("-W shared-memory"), "{made:?}");
    }
}
