//! `prova xref`, with and without a run, and the exit codes of `prova diff`: text, JSON, misuse.
//!
//! A green run does not show that every access is found: the tests of `prova-xref` and
//! `prova-runs` have each operator.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn prova(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prova")).args(args).output().expect("the program runs")
}

fn case(name: &str) -> String {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    cases.join(name).to_string_lossy().into_owned()
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A module in text format, in a separate file.
fn module(name: &str, text: &str) -> String {
    let file = format!("prova-xref-{name}-{}.wat", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, text).expect("a file can be written");
    path.to_string_lossy().into_owned()
}

const COUNTER: &str = "(module (memory 1) (data $counter (i32.const 16) \"\\05\\00\\00\\00\")
  (func $bump (param $by i32)
    i32.const 16 i32.const 16 i32.load local.get $by i32.add i32.store)
  (func (export \"twice\") (param i32) (result i32)
    local.get 0 call $bump local.get 0 call $bump i32.const 16 i32.load))";

#[test]
fn the_static_answer_has_text_json_and_exit_codes() {
    let leaky = case("feature-leak/leaky1.wasm");
    let (code, text, _) = said(&prova(&["xref", &leaky, "1051688..1051692"]));
    assert_eq!(code, Some(0), "{text}");
    for words in ["\n2 reads\n", "\n2 writes\n", "\n1 address escape\n", "generate (func9)\n"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (code, text, _) = said(&prova(&["xref", "--json", &leaky, "0x100c28"]));
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(code, Some(0));
    assert_eq!(json["reads"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["map"]["stack_pointer"][1], 0x10_0000);
    let misuses: [(&[&str], &str); 7] = [
        (&["/nothing/there.wasm", "1"], "failed to read `/nothing/there.wasm`"),
        (&[&case("irreducible/a.log.gz"), "1"], "failed to load"),
        (
            &[&leaky, "nonsense"],
            "nor the name of a data segment (the module has `.rodata`, `.data`)",
        ),
        (&[&leaky, "8..8"], "is empty"),
        (&[&leaky], "required arguments"),
        (&[&leaky, "1", "--invoke", "f"], "--watch"),
        (&[&leaky, "1", "2"], "--watch"),
    ];
    for (args, words) in misuses {
        let (code, _, text) = said(&prova(&[&["xref"], args].concat()));
        assert_eq!(code, Some(2), "{args:?}: {text}");
        assert!(text.contains(words), "{args:?}: {text}");
    }
}

#[test]
fn a_watched_run_has_text_json_and_exit_codes() {
    let counter = module("counter", COUNTER);
    let watch = ["xref", &counter, "counter", "--watch", "--invoke", "twice"];
    let (code, text, _) = said(&prova(&[&watch[..], &["37"]].concat()));
    assert_eq!(code, Some(0), "{text}");
    for words in [
        "the program returned 79; 5 accesses seen",
        "data segment 0 (counter) wrote 0x10, 4 bytes: 0x00000005",
        "read        2  0x00000005 … 0x0000002a  bump (func0)",
        "#2 write 0x10, 4 bytes: 0x0000002a, before 0x00000005",
        "in bump (func0)\n    from 0x0000",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let output = prova(&[&watch[..], &["--json", "--first", "1", "--", "-5"]].concat());
    let (code, text, _) = said(&output);
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!((code, json["ended"].clone()), (Some(0), "returned -5".into()));
    assert_eq!(json["first"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["sites"][0]["times"], 2);
    assert_eq!(json["sites"][0]["predicted"], true);
    let nothing = [&watch[..4], &["--invoke", "none"]].concat();
    let misuses: [(&[&str], &str); 4] = [
        (&nothing, "exports no function `none`"),
        (&watch, "not enough arguments"),
        (&watch[..4], "exports no function `_start`"),
        (&["xref", &module("empty", "(module)"), "4", "--watch"], "the module has no memory"),
    ];
    for (args, words) in misuses {
        let (code, _, text) = said(&prova(args));
        assert_eq!(code, Some(2), "{args:?}: {text}");
        assert!(text.contains(words), "{args:?}: {text}");
    }
    let endless = module("endless", "(module (memory 1) (func (export \"_start\") loop br 0 end))");
    let (code, text, _) = said(&prova(&["xref", &endless, "4", "--watch", "--fuel", "1000"]));
    assert_eq!(code, Some(0));
    assert!(text.contains("trapped (all fuel consumed by WebAssembly); 0 accesses seen"), "{text}");
}

#[test]
fn the_guest_prints_to_standard_error_and_gets_its_arguments() {
    let hello = module(
        "hello",
        "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))
           (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $args (param i32 i32) (result i32)))
           (memory (export \"memory\") 1) (data (i32.const 8) \"\\10\\00\\00\\00\\03\\00\\00\\00hi!\")
           (func (export \"_start\")
             i32.const 1 i32.const 8 i32.const 1 i32.const 0 call $write drop
             i32.const 64 i32.const 68 call $args drop))",
    );
    let (code, out, err) = said(&prova(&["xref", &hello, "64..68", "--watch", "one", "--two"]));
    assert_eq!((code, err.as_str()), (Some(0), "hi!"), "{out}");
    assert!(
        out.contains("written by the host 0x40, 4 bytes: 0x00000003, before 0x00000000"),
        "{out}"
    );
    assert!(out.contains("call args  written by the host      1  0x00000003  func2\n"), "{out}");
}

#[test]
fn diff_has_the_codes_of_comparing_commands() {
    let (a, b) = (case("path-shift/a.wasm"), case("path-shift/b.wasm"));
    let cases: [(&[&str], i32); 6] = [
        (&[&a, &a], 0),
        (&[&a, &b], 1),
        (&[&a, "/nothing/there.wasm"], 2),
        (&[&a, &case("irreducible/a.log.gz")], 2),
        (&[&a], 2),
        (&[&a, &b, "--allow", "weather"], 2),
    ];
    for (args, expected) in cases {
        let (code, out, err) = said(&prova(&[&["diff"], args].concat()));
        assert_eq!(code, Some(expected), "{args:?}: {out}{err}");
        assert!(!out.is_empty() || !err.is_empty(), "{args:?}");
    }
}

#[test]
fn components_are_read_by_their_only_core_module() {
    let core =
        "(core module (memory 1) (func $f (export \"f\") (result i32) i32.const 64 i32.load))";
    let one = module("component", &format!("(component {core})"));
    let (code, text, errors) = said(&prova(&["xref", &one, "64"]));
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        text.contains("\n1 read\n") && text.contains("i32.load  0x40         4  f (func0)"),
        "{text}"
    );
    let two = module("components", &format!("(component {core} {core})"));
    let (code, _, errors) = said(&prova(&["xref", &two, "64"]));
    assert_eq!(code, Some(2));
    assert!(errors.contains("it is a component of 2 core modules"), "{errors}");
    for path in [one, two] {
        std::fs::remove_file(path).ok();
    }
}

#[test]
fn memories_symbols_and_limits_of_wasi_can_be_named() {
    let text = "(module (memory 1) (memory $two 1) (global (export \"counter\") i32 (i32.const 16))
      (func (export \"f\") (result i32) i32.const 16 i32.load i32.const 16 i32.load8_u $two i32.add))";
    let path = module("memories", text);
    for (args, words) in [
        (&["counter"][..], "i32.load  0x10         4"),
        (&["counter"], "\nsymbol counter\n"),
        (&["16", "--memory", "1"], "i32.load8_u  0x10         1"),
        (&["16", "--memory", "1", "--watch", "--invoke", "f"], "memory 1, 0x10..0x11"),
        (&["16", "--watch", "--invoke", "f", "-S", "max-resources=9"], "i32.load  read        1"),
    ] {
        let all: Vec<&str> = ["xref", &path].into_iter().chain(args.iter().copied()).collect();
        let (code, text, errors) = said(&prova(&all));
        assert_eq!(code, Some(0), "{args:?}: {errors}");
        assert!(text.contains(words), "{args:?}: {text}");
    }
    let none: [(&[&str], &str); 3] = [
        (&["16", "--memory", "2"], "the module has no memory 2: it has 2"),
        (&["counter", "--memory", "1"], "nor the name of a data segment"),
        (&["16", "--watch", "--invoke", "f", "-S", "nothing=1"], "there is no such key"),
    ];
    for (args, words) in none {
        let all: Vec<&str> = ["xref", &path].into_iter().chain(args.iter().copied()).collect();
        let (code, _, errors) = said(&prova(&all));
        assert_eq!(code, Some(2), "{args:?}");
        assert!(errors.contains(words), "{args:?}: {errors}");
    }
    std::fs::remove_file(path).ok();
}

#[test]
fn variables_of_the_source_are_named() {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../symbols/tests/modules");
    let total = modules.join("total.wasm").to_string_lossy().into_owned();
    for (args, words) in [
        (&["1032"][..], "\nvariable seen+8: int[4], 16 bytes, declared at ./total.c:1\n"),
        (&["seen"], "0x400..0x410 (1024..1040)"),
        (&["--at", "0x153"], "0x153 local.get in add (func1), ./total.c:5\n"),
        (&["--at", "0x153", "sum"], "memory at local4+4"),
    ] {
        let (code, text, errors) = said(&prova(&[&["xref", &total], args].concat()));
        assert_eq!(code, Some(0), "{args:?}: {errors}");
        assert!(text.contains(words), "{args:?}: {text}");
    }
    let (_, text, _) = said(&prova(&["xref", "--json", &total, "0x400"]));
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["variables"][0]["type"], "int[4]");
    let (_, text, _) = said(&prova(&["xref", "--json", &total, "--at", "0x153"]));
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(
        (json["kind"].clone(), json["variables"].as_array().map(Vec::len)),
        ("operator".into(), Some(3))
    );
    let watch = ["seen", "--watch", "--invoke", "run", "4"];
    let (code, text, errors) = said(&prova(&[&["xref", &total], &watch[..]].concat()));
    assert_eq!(code, Some(0), "{errors}");
    for words in [
        "\nvariable seen: int[4], 16 bytes, declared at ./total.c:1\n",
        " write 0x400 (seen), 4 bytes: ",
        " write 0x408 (seen+8), 4 bytes: ",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (_, text, _) = said(&prova(&[&["xref", "--json", &total], &watch[..]].concat()));
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["variables"][0]["name"], "seen");
    assert_eq!(json["first"][0]["variable"], "seen+4");
    // A module without debug information names none.
    let leaky = case("feature-leak/leaky1.wasm");
    let plain = ["--json", &leaky, "1051688..1051692", "--watch", "--invoke", "generate", "5"];
    let (_, text, _) = said(&prova(&[&["xref"], &plain[..]].concat()));
    let json: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["variables"].as_array().map(Vec::len), Some(0));
    assert_eq!(json["first"][0]["variable"], "");
    for (args, words) in [
        (&["--at", "0x154"][..], "no operator stands at `0x154`"),
        (&["--at", "0x153", "none"], "no variable at 0x153 is called `none`"),
        (&["--at", "0x153", "--watch"], "cannot be used with"),
        (&["none"], "nor a variable"),
    ] {
        let (code, _, errors) = said(&prova(&[&["xref", &total], args].concat()));
        assert_eq!(code, Some(2), "{args:?}");
        assert!(errors.contains(words), "{args:?}: {errors}");
    }
}
