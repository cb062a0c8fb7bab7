//! `repro explain` with a compiler that is a script: it hands out the two outputs of a real one,
//! and its logs when it is asked for passes.

use prova_builds::repro::{Options, Variation, Verdict};
use prova_investigate::explain::Stage;
use prova_investigate::explain::live::live;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A directory that is removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("prova-live-test-{}-{number}", std::process::id()));
        fs::create_dir_all(path.join("source")).expect("a directory can be made");
        fs::write(path.join("source/in.c"), "int x;\n").expect("a file can be written");
        Self(path)
    }

    fn options(&self, script: &str) -> Options {
        Options {
            command: ["sh", "-c", script].map(Into::into).into(),
            source: self.0.join("source"),
            runs: Some(3),
            vary: Variation::ALL.into(),
            artifacts: vec!["*.o".into()],
            keep: self.0.join("keep"),
            attribute: false,
            stop: false,
            env: Vec::new(),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Prints 0, 1, 2, … in successive runs.
fn counter(scratch: &Scratch) -> String {
    let file = scratch.0.join("counter");
    fs::write(&file, "0").expect("a file can be written");
    let file = file.display();
    format!("n=$(cat {file}); echo $((n + 1)) > {file}; ")
}

fn case(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases").join(name);
    path.canonicalize().expect("the case is there").display().to_string()
}

#[test]
fn the_pass_is_named_from_a_build_command() {
    let scratch = Scratch::new();
    // The first build gives one output, every other the other one; flags for Cargo are what a
    // script can see.
    let script = counter(&scratch)
        + &format!(
            "if [ $((n % 2)) = 0 ]; then w={}; l={}; else w={}; l={}; fi; cp $w x.wasm; case \"$RUSTFLAGS\" in *print-after-all*filter-print-funcs=run*) zcat $l >&2;; esac",
            case("irreducible/a.wasm"),
            case("irreducible/a.log.gz"),
            case("irreducible/b.wasm"),
            case("irreducible/b.log.gz")
        );
    let options = Options {
        runs: Some(4),
        vary: vec![Variation::Path],
        artifacts: vec!["*.wasm".into()],
        ..scratch.options(&script)
    };
    let live = live(&options, None, &mut |_| {}).expect("it builds");
    assert_eq!(
        (live.outcome.verdict(), live.outcome.split().to_string()),
        (Verdict::Different, "2 : 2".into())
    );
    let [(path, explanation)] = live.explanations.as_slice() else { panic!("{live:?}") };
    assert_eq!(path, "x.wasm");
    let text = explanation.tree().to_text();
    assert_eq!(explanation.causes[0].stage, Stage::Pass, "{text}");
    assert!(
        text.contains("WebAssembly Fix Irreducible Control Flow, dump 153 of both logs"),
        "{text}"
    );
    assert!(live.notes.is_empty(), "{:?}", live.notes);
}

#[test]
fn names_of_a_module_do_not_become_flags() {
    let scratch = Scratch::new();
    for (name, constant) in [("a", 1), ("b", 2)] {
        let text = format!(
            "(module (func $\"-Clinker=x\" (export \"f\") (result i32) i32.const {constant}00000))"
        );
        let bytes = wat::parse_str(text).expect("text format");
        fs::write(scratch.0.join(name), bytes).expect("a file can be written");
    }
    let place = scratch.0.display().to_string();
    let script = counter(&scratch)
        + &format!(
            "[ $((n % 2)) = 0 ] && cp {place}/a x.wasm || cp {place}/b x.wasm; echo \"flags $RUSTFLAGS\""
        );
    let options = Options {
        runs: Some(2),
        vary: vec![],
        artifacts: vec!["*.wasm".into()],
        ..scratch.options(&script)
    };
    live(&options, None, &mut |_| {}).expect("it builds");
    let log = fs::read_to_string(scratch.0.join("keep/passes/build-1.log")).expect("a log");
    assert!(log.contains("-print-after-all") && !log.contains("linker"), "{log}");
}

#[test]
fn a_compiler_that_prints_no_passes_is_said_to_be_one() {
    let scratch = Scratch::new();
    let (a, b) = (case("irreducible/a.wasm"), case("irreducible/b.wasm"));
    let script =
        counter(&scratch) + &format!("[ $((n % 2)) = 0 ] && cp {a} x.wasm || cp {b} x.wasm");
    let options = Options {
        runs: Some(2),
        vary: vec![],
        artifacts: vec!["*.wasm".into()],
        ..scratch.options(&script)
    };
    let live = live(&options, None, &mut |_| {}).expect("it builds");
    assert_eq!(live.explanations[0].1.causes[0].stage, Stage::Unknown);
    assert!(
        live.notes.iter().any(|note| note.contains("the command printed none")),
        "{:?}",
        live.notes
    );
}

#[test]
fn data_alone_needs_no_passes() {
    let scratch = Scratch::new();
    let (a, b) = (case("feature-leak/leaky1.wasm"), case("feature-leak/leaky2.wasm"));
    let script =
        counter(&scratch) + &format!("[ $((n % 2)) = 0 ] && cp {a} x.wasm || cp {b} x.wasm");
    let options = Options {
        runs: Some(2),
        vary: vec![],
        artifacts: vec!["*.wasm".into()],
        ..scratch.options(&script)
    };
    let metadata = include_str!("../../../tests/cases/feature-leak/metadata.json").to_owned();
    let live = live(&options, Some(metadata), &mut |_| {}).expect("it builds");
    assert_eq!(live.explanations[0].1.causes[0].stage, Stage::Source);
    assert!(live.explanations[0].1.causes[0].features[0].contains("const-random 0.1.18"));
    assert!(!scratch.0.join("keep/passes").exists());
    let equal = Scratch::new();
    let live =
        prova_investigate::explain::live::live(&equal.options("cp in.c x.o"), None, &mut |_| {})
            .expect("it builds");
    assert!(live.outcome.verdict() == Verdict::Equal && live.explanations.is_empty());
}
