//! `prova passes`: what it prints, as text and JSON, its exit codes, and the memory it takes for
//! logs of one kind each.
//!
//! A green run does not show that the answers are right (the tests of `prova-builds` do), nor the
//! speed.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn prova(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prova")).args(args).output().expect("the program runs")
}

fn case(name: &str) -> String {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    cases.join(name).to_string_lossy().into_owned()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// A folder of this test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("prova-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory can be made");
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.0.join(name), bytes).expect("a file can be written");
        self.path(name)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn each_answer_has_its_exit_code() {
    let scratch = Scratch::new("passes-codes");
    let (a, b) = (case("irreducible/a.log.gz"), case("irreducible/b.log.gz"));
    let (healed_a, healed_b) = (case("healed/a.log.gz"), case("healed/b.log.gz"));
    let unpacked = {
        let mut text = Vec::new();
        let file = std::fs::File::open(&a).expect("the case is carried");
        let mut log = flate2::read::MultiGzDecoder::new(file);
        std::io::Read::read_to_end(&mut log, &mut text).expect("the case is gzip");
        text
    };
    let plain = scratch.write("plain.log", &unpacked);
    let cut = scratch.write("cut.log", &unpacked[..100_007]);
    let packed = std::fs::read(&a).expect("the case is carried");
    let broken = scratch.write("broken.log.gz", &packed[..packed.len() / 2]);
    let empty = scratch.write("empty.log", b"");
    let torn = scratch.write(
        "torn.log",
        b"*** IR Dump After X ***\ndefine i32 @f() {\n  r*** IR Dump After Y ***et\n}\n",
    );
    let wide = scratch.write("wide.log", b"\xff\xfe*\0*\0*\0");
    let cases: [(&[&str], i32, &str); 15] = [
        (&[&a, &b], 1, "first: dump 153, WebAssembly Fix Irreducible Control Flow, function `run`"),
        (&[&a, &a], 0, "equal: every dump of every function"),
        (&[&a, &plain], 0, "equal: every dump of every function"),
        (&[&healed_a, &healed_b], 1, "one cause; all healed: the last dumps are equal"),
        (&[&cut, &a], 4, "inconclusive: equal as far as both logs go"),
        (&[&empty, &empty], 4, "neither log has a dump"),
        (&[&a, &empty], 4, "empty.log has no dump: is it a log of passes?"),
        (&[&broken, &a], 2, "log A cannot be compared: failed to read on"),
        (
            &[&a, &torn],
            2,
            "log B cannot be compared: line 3: the header of a dump stands in the midst",
        ),
        (&[&wide, &a], 2, "UTF-16"),
        (&[&a, "/nothing/there"], 2, "failed to read the log `/nothing/there`"),
        (&[&a, "/"], 2, "is a directory"),
        (&[&a], 2, "required arguments"),
        (&[&a, &a, &a], 2, "unexpected argument"),
        (&[&a, &a, "--yaml"], 2, "unexpected argument"),
    ];
    for (files, code, words) in cases {
        let (actual, text) = said(&prova(&[&["passes", "diff"], files].concat()));
        assert_eq!(actual, Some(code), "{files:?}: {text}");
        assert!(text.contains(words), "{files:?}: {text}");
    }
}

#[test]
fn the_json_says_what_the_text_says() {
    let (a, b) = (case("irreducible/a.log.gz"), case("irreducible/b.log.gz"));
    let output = prova(&["passes", "diff", "--json", &a, &b]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let expected = [
        ("/equal", Value::from(false)),
        ("/partial", false.into()),
        ("/healed", false.into()),
        ("/logs/0/dumps", 171.into()),
        ("/children/0/pass", "WebAssembly Fix Irreducible Control Flow".into()),
        ("/children/0/structural", true.into()),
        ("/children/0/children/0/function", "run".into()),
        ("/children/0/children/0/fate", "stays".into()),
        ("/children/0/children/0/textual/dump_a", 153.into()),
        ("/children/0/children/0/textual/first_line/a/line", 9208.into()),
    ];
    for (pointer, value) in expected {
        assert_eq!(json.pointer(pointer), Some(&value), "{pointer} in {json:#}");
    }
    let output = prova(&["passes", "diff", "--json", &a, &a]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((json["equal"].clone(), json["children"].clone()), (true.into(), Value::Null));
}

#[test]
fn the_dumps_of_a_difference_are_shown() {
    let (a, b) = (case("irreducible/a.log.gz"), case("irreducible/b.log.gz"));
    let (code, text) = said(&prova(&["passes", "show", "--textual", "--context", "0", &a, &b]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\n+  BR_TABLE_I32 ") && !text.contains("\n   "), "{text}");
    let (code, text) = said(&prova(&["passes", "show", "--function", "other", &a, &b]));
    assert!(code == Some(1) && text.contains("no difference in function `other`"), "{text}");
    let (code, text) = said(&prova(&["passes", "show", &a, &a]));
    assert!(code == Some(0) && text.contains("no difference"), "{text}");
}

#[test]
#[cfg(unix)]
fn a_compiler_is_recorded() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new("passes-record");
    let script = "#!/bin/sh\nfor arg; do echo \"$arg\"; done >&2\n[ \"$1\" != fail ]\n";
    let clang = scratch.write("clang-9", script.as_bytes());
    let other = scratch.write("mycc", script.as_bytes());
    for program in [&clang, &other] {
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(program, mode).expect("the script is ours");
    }
    let log = scratch.path("log.gz");
    let record = |command: &[&str]| {
        said(&prova(&[&["passes", "record", "-o", &log, "--"], command].concat()))
    };
    let (code, text) = record(&[&clang, "x.c"]);
    assert!(code == Some(0) && text.contains("bytes of log\n"), "{text}");
    let mut words = String::new();
    let file = std::fs::File::open(&log).expect("the log was written");
    let mut unpacked = flate2::read::GzDecoder::new(file);
    std::io::Read::read_to_string(&mut unpacked, &mut words).expect("it is text");
    assert_eq!(words, "x.c\n-mllvm\n-print-after-all\n");
    let (code, text) = record(&[&other, "x.c"]);
    assert!(code == Some(0) && text.contains("the compiler is not known"), "{text}");
    let (code, text) = record(&["true"]);
    assert!(code == Some(0) && text.contains("nothing was printed"), "{text}");
    let (code, text) = record(&[&clang, "fail"]);
    assert!(code == Some(3) && text.contains("the compiler failed"), "{text}");
    // The compiler's messages to its user are printed, escaped, and the dumps are not.
    let dump = "; *** IR Dump After P on f ***\ndefine i32 @f() {\n  ret i32 1\n}\n";
    let (code, text) = record(&[&clang, "fail", &format!("{dump}x.c:1:2: error: \x1b[31mbroken")]);
    assert!(code == Some(3) && text.contains("x.c:1:2: error: "), "{text}");
    assert!(text.contains("broken") && !text.contains(['\x1b']), "{text}");
    assert!(!text.contains("IR Dump") && !text.contains("ret i32"), "{text}");
    assert!(record(&["/nothing/there"]).1.contains("failed to start"));
    assert_eq!(record(&["/nothing/there"]).0, Some(2));
    assert_eq!(record(&[]).0, Some(2));
}

/// The system bounds the memory of the process; the logs are bigger than the bound.
#[test]
#[cfg(target_os = "linux")]
fn memory_stays_in_bounds_whatever_the_log() {
    const KILOBYTES: u64 = 110_000;
    const LOG_BYTES: u64 = 120_000_000;
    let scratch = Scratch::new("passes-memory");
    let names = |at: usize| (0..4096).map(|i| format!("%{} ", at * 4096 + i)).collect();
    let function = |at: usize| {
        let body = "x ".repeat(4000);
        format!("*** IR Dump After P{at} on f{at} ***\ndefine i32 @f{at}() {{\n{body}\n}}\n")
    };
    let header = "*** IR Dump After X on f ***\ndefine i32 @f() {\n";
    // One line of ever new names, of one word, without a dump; and ever new functions.
    type Text<'t> = &'t dyn Fn(usize) -> String;
    let kinds: [(&str, &str, Text<'_>, i32); 4] = [
        ("names", header, &names, 4),
        ("words", header, &|_| "word, ".repeat(8192), 4),
        ("nothing", "", &|_| "\0".repeat(65536), 4),
        ("functions", "", &function, 0),
    ];
    for (name, head, text, code) in kinds {
        let path = scratch.path("log");
        let file = std::fs::File::create(&path).expect("a file can be written");
        let mut log = std::io::BufWriter::new(file);
        log.write_all(head.as_bytes()).expect("there is space");
        let (mut written, mut at) = (0, 0);
        while written < LOG_BYTES {
            let piece = text(at);
            log.write_all(piece.as_bytes()).expect("there is space");
            written += piece.len() as u64;
            at += 1;
        }
        log.flush().expect("there is space");
        let limit = format!("ulimit -v {KILOBYTES}; exec \"$0\" passes diff \"$1\" \"$1\"");
        let output = Command::new("sh")
            .args(["-c", &limit, env!("CARGO_BIN_EXE_prova"), &path])
            .env("MALLOC_ARENA_MAX", "1")
            .output()
            .expect("there is a shell");
        let (actual, text) = said(&output);
        assert_eq!(actual, Some(code), "{name}: {text}");
    }
}
