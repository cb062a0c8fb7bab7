//! Files that a program opens, in every folder that compilers use too: one name for another is
//! never *path*, and a source file's folder for another always is.
//!
//! ```text
//! FOLDERS × NAMES × lengths × layouts ─ program ─► a, b ─ diff ─► verdict, --allow path
//! ```
//!
//! Names are such as programs open ([`NAMES`], one for another of the same length or a longer one),
//! alone or among other texts, with a run that depends on their bytes. Twins are source files
//! ([`SOURCES`]) in one of the same folders, then in one of another name.
//!
//! A green run does not show paths that look like a source file's and are opened: the page says
//! that these pass (`docs/reference/diff.md`, *Paths*).

use prova_diff::{Allow, DiffOptions, Verdict, diff};
use prova_module::{Features, Limits, Module};

/// Folders, absolute and of every system that the collection has paths of.
const FOLDERS: [&str; 14] = [
    "/usr/share/app",
    "/usr/bin",
    "/usr/local/lib",
    "/opt/app",
    "/opt/build/prod",
    "/home",
    "/mnt/me/.ssh",
    "/var/lib/app",
    "/var/app",
    "/root",
    "/mnt/me",
    "/etc/app",
    "/tmp",
    "/srv/app",
];

/// A name and another one, of files that programs open: of one length, and of two.
const NAMES: [(&str, &str); 12] = [
    ("UTC", "CET"),
    ("gpg", "xpg"),
    ("allow.list", "block.list"),
    ("mine.pub", "evil.pub"),
    ("secret.key", "public.key"),
    ("real.so", "fake.so"),
    ("rules.json", "rulez.json"),
    ("a.pem", "longer.pem"),
    ("sh", "bash"),
    ("zones/UTC", "zones/CET"),
    ("good/plugin.wasm", "evil/plugin.wasm"),
    ("passwd", "shadow"),
];

/// Source files, whose folder is the difference.
const SOURCES: [&str; 4] = ["src/main.c", "src/lib.rs", "util.cpp", "include/all.h"];

/// Texts before and behind a path.
const AROUND: [(&str, &str); 3] =
    [("", ""), ("index out of bounds\\00", ""), ("no such file: %s\\00", "done\\00true\\00")];

/// A program that reads each byte of a text.
fn program(around: (&str, &str), path: &str) -> Module {
    let (before, behind) = around;
    let start = 1024 + before.replace("\\00", "0").len();
    let text = format!(
        r#"(module (memory (export "m") 1) (data (i32.const 1024) "{before}{path}\00{behind}")
        (func (export "main") (result i32) (local $at i32) (local $sum i32)
            (local.set $at (i32.const {start}))
            (loop $next
                (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31))
                    (i32.load8_u (local.get $at))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $next (i32.load8_u (local.get $at))))
            (local.get $sum)))"#
    );
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// Whether `--allow path` lets the pair pass, and its gravest verdict.
fn judged(around: (&str, &str), a: &str, b: &str) -> (bool, Verdict) {
    let report = diff(&program(around, a), &program(around, b), &DiffOptions::default());
    let gravest = report.differences.iter().map(|one| one.verdict).max();
    (report.allowed(&[Allow::parse("path").expect("a word")]), gravest.expect("they differ"))
}

#[test]
fn a_file_that_is_opened_is_no_compilers_path() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for folder in FOLDERS {
        for around in AROUND {
            for (a, b) in NAMES {
                let (a, b) = (format!("{folder}/{a}"), format!("{folder}/{b}"));
                for (a, b) in [(&a, &b), (&b, &a)] {
                    let (passes, verdict) = judged(around, a, b);
                    count += 1;
                    if passes || verdict == Verdict::Path {
                        wrong.push(format!("{a} => {b}: {verdict}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_source_files_folder_is_a_path() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for folder in FOLDERS {
        // One of the same length: nothing moves.
        let other = format!("{}z", &folder[..folder.len() - 1]);
        for (around, source) in AROUND.iter().flat_map(|one| SOURCES.map(|name| (*one, name))) {
            let (a, b) = (format!("{folder}/{source}"), format!("{other}/{source}"));
            let (passes, verdict) = judged(around, &a, &b);
            count += 1;
            if !passes || verdict != Verdict::Path {
                wrong.push(format!("{a} => {b}: {verdict}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
