//! The exit codes and first lines of commands that compare.
//!
//! A green run does not show what the reports say of each difference: the tests of
//! `prova-investigate` do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn prova(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prova")).args(args).output().expect("the program runs")
}

fn case(name: &str) -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/irreducible").join(name);
    path.to_string_lossy().into_owned()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn passes_of_two_logs() {
    let (a, b) = (case("a.log.gz"), case("b.log.gz"));
    let (code, text) = said(&prova(&["passes", "diff", &a, &b]));
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("first: dump 153, WebAssembly Fix Irreducible Control Flow, function `run`"),
        "{text}"
    );
    assert!(text.contains("- 9208  successors: %bb.3(0x20000000), %bb.21("), "{text}");
    assert_eq!(said(&prova(&["passes", "diff", &a, &a])).0, Some(0));
    let (code, text) = said(&prova(&["passes", "show", &a, &b]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\n+  BR_TABLE_I32 "), "{text}");
    let (code, text) = said(&prova(&["passes", "diff", &a, "/nothing/there"]));
    assert!(code == Some(2) && text.contains("failed to read the log"), "{text}");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let (code, text) = said(&prova(&["passes", "diff", manifest, manifest]));
    assert!(code == Some(4) && text.contains("neither log has a dump"), "{text}");
}

#[test]
fn builds_have_the_codes_of_comparing_commands() {
    let scratch = std::env::temp_dir().join(format!("prova-compare-test-{}", std::process::id()));
    let source: PathBuf = scratch.join("source");
    std::fs::create_dir_all(&source).expect("a directory can be made");
    let source = source.to_string_lossy().into_owned();
    let build = |name: &str, options: &[&str], script: &str| {
        let keep = scratch.join(name).to_string_lossy().into_owned();
        let mut args = vec!["repro", "build", "--runs", "2", "--source", &source, "--keep", &keep];
        args.extend(options);
        args.extend(["--", "sh", "-c", script]);
        said(&prova(&args))
    };
    let cases = [
        ("equal", 0, &["--vary", "path,umask"][..], "echo 1 > x", "equal: 2/2 builds"),
        ("different", 1, &[], "pwd > x", "different: 2 builds split 1 : 1"),
        ("json", 1, &["--json"], "pwd > x", "\"verdict\": \"different\""),
        ("vary", 2, &["--vary", "weather"], "echo 1 > x", "unknown variation `weather`"),
        ("nothing", 2, &[], "true", "made no new file"),
        ("failed", 3, &[], "exit 1", "failed: 1 of 1 builds"),
        ("skipped", 125, &["--bisect"], "exit 1", "failed: 1 of 1 builds"),
    ];
    for (name, code, options, script, words) in cases {
        let (actual, text) = build(name, options, script);
        assert_eq!(actual, Some(code), "{name}: {text}");
        assert!(text.contains(words), "{name}: {text}");
    }
    let lock = scratch.join("repro.lock").to_string_lossy().into_owned();
    let ci = |name: &str, update: bool, script: &str| {
        let keep = scratch.join(name).to_string_lossy().into_owned();
        let mut args = vec![
            "repro", "ci", "--lock", &lock, "--vary", "path", "--source", &source, "--keep", &keep,
        ];
        args.extend(update.then_some("--update"));
        args.extend(["--", "sh", "-c", script]);
        said(&prova(&args))
    };
    assert_eq!(ci("ci-0", false, "echo 1 > x").0, Some(2), "there is no lock file yet");
    assert_eq!(ci("ci-1", true, "pwd > x").0, Some(1), "what differs is not written");
    assert_eq!(ci("ci-2", true, "echo 1 > x").0, Some(0));
    assert_eq!(ci("ci-3", false, "echo 1 > x").0, Some(0));
    let (code, text) = ci("ci-4", false, "echo 2 > x");
    assert!(code == Some(1) && text.contains("changed: x: "), "{text}");
    std::fs::remove_dir_all(&scratch).ok();
}

/// A file of this test's own.
fn written(name: &str, text: &str) -> String {
    let file = format!("prova-compare-{name}-{}.wat", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, text).expect("a file can be written");
    path.to_string_lossy().into_owned()
}

#[test]
fn components_that_differ_around_equal_modules_are_not_equal() {
    let core = "(core module (func (export \"f\")))";
    let one = written("one", &format!("(component {core})"));
    let other = written("other", &format!("(component {core} (@custom \"note\" \"more\"))"));
    let (code, text) = said(&prova(&["explain", &one, &one]));
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = said(&prova(&["explain", &one, &other]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("the core module alone was compared"), "{text}");
    assert!(!text.contains("equal: byte for byte"), "{text}");
}

#[test]
fn what_can_be_allowed_is_listed() {
    let module = written("module", "(module)");
    for wrong in ["bogus", "custom:", "path moved"] {
        let (code, text) = said(&prova(&["diff", "--allow", wrong, &module, &module]));
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("layout-only") && text.contains("custom:NAME"), "{text}");
    }
}
