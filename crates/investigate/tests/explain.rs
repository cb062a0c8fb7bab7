//! The three cases with their answers, each from one call; and what is said when less is known.
//!
//! A green run does not show that the advice helps, nor that other compilers' faults are named.

use prova_diff::{Kind, Verdict};
use prova_investigate::explain::{Explanation, Sources, Stage, User, Uses, explain};
use prova_module::{Features, Limits, Module};
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases").join(name)
}

fn module(name: &str) -> Module {
    let bytes = std::fs::read(path(name)).expect("a case's file");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn case(a: &str, b: &str, sources: &Sources) -> Explanation {
    explain(&module(a), &module(b), sources).expect("it can be explained")
}

fn irreducible(a: &str, b: &str) -> Explanation {
    let logs =
        Some((path(&format!("irreducible/{a}.log.gz")), path(&format!("irreducible/{b}.log.gz"))));
    case("irreducible/a.wasm", "irreducible/b.wasm", &Sources { logs, ..Sources::default() })
}

#[test]
fn irreducible_control_flow_is_layout_alone_and_its_pass_is_named() {
    let explanation = irreducible("a", "b");
    let [cause] = explanation.causes.as_slice() else { panic!("{}", explanation.tree().to_text()) };
    assert_eq!((cause.verdict, cause.stage), (Verdict::LayoutOnly, Stage::Pass));
    let [found] = cause.passes.as_slice() else { panic!("{}", explanation.tree().to_text()) };
    assert_eq!(
        (found.function.as_str(), found.pass.as_str()),
        ("run", "WebAssembly Fix Irreducible Control Flow")
    );
    assert_eq!((found.dumps, &found.healed), ((153, 153), &None));
    let (Some((9208, a)), Some((9208, b))) = &found.lines else { panic!("{found:?}") };
    assert!(
        a.starts_with("successors: %bb.3(0x20000000), %bb.21(")
            && b.starts_with("successors: %bb.3(0x20000000), %bb.17(")
    );
    assert_eq!(found.known.expect("it is known").fixed, "LLVM 11 (D74999)");
    assert!(explanation.notes.is_empty(), "{:?}", explanation.notes);
}

#[test]
fn a_seed_is_four_bytes_with_users_and_a_feature() {
    let metadata =
        Some(std::fs::read_to_string(path("feature-leak/metadata.json")).expect("it is there"));
    let explanation = case(
        "feature-leak/leaky1.wasm",
        "feature-leak/leaky2.wasm",
        &Sources { metadata, ..Sources::default() },
    );
    let [cause] = explanation.causes.as_slice() else { panic!("{}", explanation.tree().to_text()) };
    assert_eq!((cause.verdict, cause.stage), (Verdict::RandomLooking, Stage::Source));
    let [member] = cause.members.as_slice() else { panic!("{cause:?}") };
    assert_eq!(
        (member.kind, member.summary.as_str()),
        (Kind::Data, "4 bytes differ at address 1051688")
    );
    let uses = Uses { reads: 2, writes: 2, escapes: 1 };
    assert_eq!(member.users, [User { function: "generate".into(), a: uses, b: uses }]);
    let [feature] = cause.features.as_slice() else { panic!("{cause:?}") };
    assert!(feature.contains("leaky 0.1.0 → memory-db 0.20.1 → ahash 0.2.19 (feature `compile-time-rng`) → const-random 0.1.18"), "{feature}");
    assert!(feature.contains("memory-db 0.20.1 undid it"), "{feature}");
    assert!(cause.advice[0].contains("switch feature `compile-time-rng` of ahash 0.2.19 off where memory-db 0.20.1 asks for it"), "{:?}", cause.advice);
}

#[test]
fn a_longer_path_is_one_cause() {
    let explanation = case("path-shift/a.wasm", "path-shift/b.wasm", &Sources::default());
    let [cause] = explanation.causes.as_slice() else { panic!("{}", explanation.tree().to_text()) };
    assert_eq!((cause.verdict, cause.stage), (Verdict::Path, Stage::Source));
    assert_eq!(cause.cause, "path string grew by 25 bytes; later addresses moved");
    assert!(cause.advice[0].contains("--remap-path-prefix"));
    assert!(explanation.tree().to_text().lines().count() < 20, "{}", explanation.tree().to_text());
}

#[test]
fn less_input_is_less_said_and_nothing_made_up() {
    let explanation = case("irreducible/a.wasm", "irreducible/b.wasm", &Sources::default());
    assert_eq!(explanation.causes[0].stage, Stage::Unknown);
    assert!(
        explanation.causes[0].passes.is_empty()
            && explanation.causes[0].advice[0].contains("record the passes")
    );
    // Equal logs: what differs came after the passes.
    assert_eq!(irreducible("a", "a").causes[0].stage, Stage::Link);
    let explanation =
        case("feature-leak/leaky1.wasm", "feature-leak/leaky2.wasm", &Sources::default());
    assert!(
        explanation.causes[0].features.is_empty()
            && explanation.causes[0].advice[0].contains("--manifest-path")
    );
    // A leak that explains nothing is a note, not a cause.
    let metadata =
        Some(std::fs::read_to_string(path("feature-leak/metadata.json")).expect("it is there"));
    let explanation =
        case("path-shift/a.wasm", "path-shift/b.wasm", &Sources { metadata, ..Sources::default() });
    assert!(explanation.causes[0].features.is_empty());
    assert!(
        explanation.notes[0].contains("no difference looks like that"),
        "{:?}",
        explanation.notes
    );
    // Logs that belong to other modules are said to.
    let logs = Some((path("irreducible/a.log.gz"), path("irreducible/b.log.gz")));
    let explanation =
        case("path-shift/a.wasm", "path-shift/b.wasm", &Sources { logs, ..Sources::default() });
    assert!(
        explanation.notes[0].contains("1 more functions differ in the logs"),
        "{:?}",
        explanation.notes
    );
}

#[test]
fn equal_modules_need_no_cause_and_bad_input_is_an_error() {
    let same = case("irreducible/a.wasm", "irreducible/a.wasm", &Sources::default());
    assert!(same.causes.is_empty() && same.tree().to_text().starts_with("equal: byte for byte"));
    let (a, b) = (module("irreducible/a.wasm"), module("irreducible/b.wasm"));
    let nowhere = Some(("/nothing/there".into(), "/nothing/there".into()));
    assert!(explain(&a, &b, &Sources { logs: nowhere, ..Sources::default() }).is_err());
    assert!(
        explain(&a, &b, &Sources { metadata: Some("{}".into()), ..Sources::default() }).is_err()
    );
}

#[test]
fn json_and_page_have_the_pass() {
    let explanation = irreducible("a", "b");
    let json = explanation.tree().to_json().expect("JSON");
    for part in ["\"stage\": \"pass\"", "\"dumps\": [", "\"known\": {", "\"clusters\": ["] {
        assert!(json.contains(part), "{part}: {json}");
    }
    let page = explanation.to_html();
    assert!(
        page.contains("WebAssembly Fix Irreducible Control Flow, dump 153 of both logs"),
        "{page}"
    );
    assert_eq!(
        json,
        irreducible("a", "b").tree().to_json().expect("JSON"),
        "nothing depends on time"
    );
}

/// A log of two passes over two functions; the constants of `f` after each.
fn log(name: &str, constants: [u32; 2]) -> PathBuf {
    let dump = |pass: &str, function: &str, constant: u32| {
        format!(
            "; *** IR Dump After {pass} on {function} ***\ndefine i32 @{function}() {{\n  ret i32 {constant}\n}}\n"
        )
    };
    let text = dump("First", "g", 7)
        + &dump("Second", "g", 7)
        + &dump("First", "f", constants[0])
        + &dump("Second", "f", constants[1]);
    let path =
        std::env::temp_dir().join(format!("prova-explain-test-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("a file can be written");
    path
}

#[test]
fn a_function_that_differs_before_any_pass_is_the_sources() {
    let module = |constant: u32| {
        let text = format!(
            "(module (func $g (export \"g\") (result i32) i32.const 7) (func $f (export \"f\") (result i32) i32.const {constant}))"
        );
        let bytes = wat::parse_str(text).expect("text format");
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
    };
    let stage = |name: &str, a: [u32; 2], b: [u32; 2]| {
        let logs = (log(&format!("{name}-a"), a), log(&format!("{name}-b"), b));
        let sources = Sources { logs: Some(logs.clone()), ..Sources::default() };
        let explanation =
            explain(&module(1_000_000), &module(2_000_000), &sources).expect("it can be explained");
        for log in [logs.0, logs.1] {
            std::fs::remove_file(log).ok();
        }
        let cause = explanation.causes.into_iter().next().expect("it differs");
        (
            cause.stage,
            cause.passes.first().map(|found| (found.pass.clone(), found.before)),
            cause.advice,
        )
    };
    let (early, found, advice) = stage("early", [1_000_000; 2], [2_000_000; 2]);
    assert_eq!((early, found), (Stage::Source, Some(("First".into(), true))));
    assert!(advice[0].contains("the compiler was given different programs"), "{advice:?}");
    let (late, found, advice) = stage("late", [1, 1_000_000], [1, 2_000_000]);
    assert_eq!((late, found), (Stage::Pass, Some(("Second".into(), false))));
    assert!(advice[0].contains("two results of one program"), "{advice:?}");
}

/// Two modules whose function `f` differs, and logs of the text that is given.
fn with_logs(name: &str, logs: [&str; 2]) -> Explanation {
    let module = |constant: u32| {
        let text = format!("(module (func $f (export \"f\") (result i32) i32.const {constant}))");
        let bytes = wat::parse_str(text).expect("text format");
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
    };
    let paths = ["a", "b"].map(|side| {
        std::env::temp_dir().join(format!("prova-explain-{}-{name}-{side}", std::process::id()))
    });
    for (path, log) in paths.iter().zip(logs) {
        std::fs::write(path, log).expect("a file can be written");
    }
    let [a, b] = paths.clone();
    let sources = Sources { logs: Some((a, b)), ..Sources::default() };
    let explanation = explain(&module(1000), &module(2000), &sources).expect("it can be explained");
    for path in paths {
        std::fs::remove_file(path).ok();
    }
    explanation
}

fn dump(pass: &str, unit: &str, body: &str) -> String {
    format!("; *** IR Dump After {pass} on {unit} ***\n{body}")
}

fn function(name: &str, value: &str, constant: u32) -> String {
    format!("define i32 @{name}() {{\n  %{value} = add i32 {constant}, 1\n  ret i32 %{value}\n}}\n")
}

#[test]
fn the_pass_is_that_of_the_first_difference_in_structure() {
    let log = |value: &str, constant: u32| {
        dump("First", "[module]", &function("f", "x", 1))
            + &dump("Names", "f", &function("f", value, 1))
            + &dump("Code", "f", &function("f", value, constant))
    };
    let explanation = with_logs("structure", [&log("a", 1000), &log("b", 2000)]);
    let found = &explanation.causes[0].passes[0];
    assert_eq!((found.pass.as_str(), found.structural, found.before), ("Code", true, false));
    assert_eq!(explanation.causes[0].stage, Stage::Pass);
    let (Some((_, a)), Some((_, b))) = &found.lines else { panic!("{found:?}") };
    assert!(a.contains("add i32 1000") && b.contains("add i32 2000"), "{found:?}");
    // Names that differ from the first dump on are no other program.
    let log = |value: &str, constant: u32| {
        dump("First", "[module]", &function("f", value, 1))
            + &dump("Code", "f", &function("f", value, constant))
    };
    let explanation = with_logs("names", [&log("a", 1000), &log("b", 2000)]);
    assert_eq!(explanation.causes[0].stage, Stage::Pass, "{}", explanation.tree().to_text());
    // Names alone blame no pass.
    let explanation = with_logs("names-only", [&log("a", 1), &log("b", 1)]);
    assert_eq!(explanation.causes[0].stage, Stage::Unknown, "{}", explanation.tree().to_text());
    assert!(
        explanation.tree().to_text().contains("(names only)"),
        "{}",
        explanation.tree().to_text()
    );
    assert!(explanation.causes[0].advice[0].contains("names alone"));
}

#[test]
fn a_program_that_differs_in_dump_0_is_the_sources() {
    let log = |about: &str, other: u32, constant: u32| {
        let module = format!(
            "; ModuleID = 'x'\nsource_filename = \"{about}\"\n{}{}!0 = !{{!\"{about}\"}}\n",
            function("g", "x", other),
            function("f", "x", 1)
        );
        dump("First", "[module]", &module) + &dump("Code", "f", &function("f", "x", constant))
    };
    // Another function, which may have been inlined.
    let explanation = with_logs("other", [&log("p", 1, 1000), &log("p", 2, 2000)]);
    let cause = &explanation.causes[0];
    assert_eq!(cause.stage, Stage::Source, "{}", explanation.tree().to_text());
    assert!(cause.because.contains("dump 0 differs already in function g"), "{}", cause.because);
    assert!(cause.advice[0].contains("different programs"), "{:?}", cause.advice);
    // A variable of the module.
    let with = |value: u32| {
        log("p", 1, value)
            .replace("source_filename", &format!("@v = global i32 {value}\nsource_filename"))
    };
    let explanation = with_logs("variable", [&with(1000), &with(2000)]);
    let cause = &explanation.causes[0];
    assert_eq!(cause.stage, Stage::Source, "{}", explanation.tree().to_text());
    assert!(cause.because.contains("@v = global i32"), "{}", cause.because);
    // A path and debug information are no other program.
    let explanation = with_logs("path", [&log("/one", 1, 1000), &log("/two", 1, 2000)]);
    assert_eq!(explanation.causes[0].stage, Stage::Pass, "{}", explanation.tree().to_text());
}

#[test]
fn a_function_that_a_pass_has_made_is_not_the_sources() {
    // `f` is there from the second pass on, made of a part of `g`.
    let log = |constant: u32| {
        dump("First", "[module]", &function("g", "x", 1))
            + &dump("Outline", "f", &function("f", "x", constant))
    };
    let explanation = with_logs("made", [&log(1000), &log(2000)]);
    let cause = &explanation.causes[0];
    assert_eq!(cause.stage, Stage::Pass, "{}", explanation.tree().to_text());
    assert_eq!((cause.passes[0].pass.as_str(), cause.passes[0].before), ("Outline", false));
}

#[test]
fn each_side_says_who_uses_its_own_bytes() {
    // The bytes lie 16 higher in B, where another function reads them.
    let module = |start: u32, bytes: &str, reader: &str| {
        let other = if reader == "f" { "g" } else { "f" };
        let text = format!(
            "(module (memory (export \"memory\") 1) (data $seed (i32.const {start}) \"{bytes}\")              (func ${reader} (export \"{reader}\") (result i32) i32.const 0 i32.load offset={start})              (func ${other} (export \"{other}\") (result i32) i32.const 7))"
        );
        let bytes = wat::parse_str(text).expect("text format");
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
    };
    let a = module(1024, "\\43\\af\\a3\\59", "f");
    let b = module(1024, "\\a8\\28\\3f\\01", "g");
    let explanation = explain(&a, &b, &Sources::default()).expect("it can be explained");
    let users: Vec<&User> = explanation
        .causes
        .iter()
        .flat_map(|cause| &cause.members)
        .flat_map(|one| &one.users)
        .collect();
    let (read, none) = (Uses { reads: 1, ..Uses::default() }, Uses::default());
    let expected = [
        User { function: "f".into(), a: read, b: none },
        User { function: "g".into(), a: none, b: read },
    ];
    assert_eq!(users, expected.iter().collect::<Vec<_>>(), "{}", explanation.tree().to_text());
    let text = explanation.tree().to_text();
    assert!(
        text.contains(
            "used by g: in A not at all; in B 1 read, 0 writes, 0 escapes of the address"
        ),
        "{text}"
    );
}

#[test]
fn what_is_no_code_gets_advice_of_its_own() {
    let text = |text: &str| {
        let bytes = wat::parse_str(text).expect("text format");
        Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
    };
    let advice = |a: &str, b: &str| {
        let explanation = explain(&text(a), &text(b), &Sources::default()).expect("it can be");
        let first = &explanation.causes[0];
        assert_eq!(first.verdict, Verdict::Changed, "{}", explanation.tree().to_text());
        first.advice.join(" ")
    };
    let data = |byte: &str| {
        format!(
            "(module (memory 1) (data (i32.const 1024) \"\\01\\02{byte}\\04\") (func (export \"f\") (param i32) (result i32) (i32.load8_u (local.get 0))))"
        )
    };
    let table = |order: &str| {
        format!(
            "(module (table 2 funcref) (elem (i32.const 0) {order}) (func $f) (func $g (export \"g\") (param i32) (call_indirect (local.get 0)) (call $f)))"
        )
    };
    let kinds = [
        (data("\\03"), data("\\13"), "constants, tables and initial values"),
        (table("$f $g"), table("$g $f"), "pointers to functions"),
        (
            "(module (func (export \"f\")))".to_owned(),
            "(module (func (export \"f\")) (global (export \"n\") i32 (i32.const 7)))".to_owned(),
            "for the host",
        ),
    ];
    for (a, b, said) in kinds {
        let found = advice(&a, &b);
        assert!(found.contains(said) && !found.contains("passes"), "{found}");
    }
}
