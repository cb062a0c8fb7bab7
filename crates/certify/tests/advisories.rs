//! Code of the faults in Cranelift's advisories: of the last release that had the fault, and of the
//! first without it.
//!
//! `advisories/NAME-VERSION.code` has bytes and rows, `advisories/make` made it from `NAME.clif`,
//! `advisories/table.tsv` says what becomes of it: accepted, or refused at an offset by a rule.
//! Both releases got the same text, in the convention of System V, which is `Tail`'s for as many
//! parameters; where they have no frame pointers by choice they have them always.
//!
//! A green run does not show that other faults of old releases would be seen; `rules.rs` has the
//! traps by hand.

use prova_check::{Code, CodeKind, Config, Layout, MemoryShape, TrapRow, traps};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advisories")
}

fn number(hex: &str) -> u32 {
    u32::from_str_radix(hex.trim_start_matches("0x"), 16).expect("a number")
}

fn trap_kind(name: &str) -> u8 {
    match name {
        "heap_oob" => traps::MEMORY_OUT_OF_BOUNDS,
        other => panic!("no kind for {other}"),
    }
}

/// Judges the code of a file: the verdict in the table's words.
fn judge(text: &str) -> String {
    let mut config = Config::default();
    let (mut wasm, mut bytes, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for line in text.lines() {
        let (key, value) = line.trim_start_matches(";! ").split_once(' ').expect("key and value");
        match (key, value) {
            ("advisory", _) | ("shape", "guard") => {}
            ("shape", "explicit") => config.memory = MemoryShape::Explicit,
            ("wat", wat) => wasm = wat::parse_str(wat).expect("a module"),
            ("bytes", hex) => {
                let digits = (0..hex.len()).step_by(2);
                bytes = digits.map(|at| number(&hex[at..at + 2]) as u8).collect();
            }
            ("trap", row) => {
                let (at, code) = row.split_once(' ').expect("an offset and a code");
                let (code_offset, kind) = (number(at), trap_kind(code));
                rows.push(TrapRow { code_offset, kind, wasm_offset: 0 });
            }
            _ => panic!("{line}"),
        }
    }
    let layout = Layout::derive(&wasm, &config).expect("a layout");
    let (kind, bytes, traps, calls) = (CodeKind::Func(0), &bytes[..], &rows[..], &[][..]);
    let draft = prova_certify::Draft { kind, bytes, traps, calls };
    let certificate = match prova_certify::certify(&layout, &draft) {
        Ok(certificate) => certificate,
        Err(rejection) => return format!("{:#x} {:?}", rejection.offset, rejection.rule),
    };
    match layout.check(Code { kind, bytes, certificate: &certificate, traps, calls }) {
        Ok(_) => "accepted".to_owned(),
        Err(rejection) => format!("{:#x} {:?}", rejection.offset, rejection.rule),
    }
}

#[test]
fn the_fault_is_refused_and_its_mend_accepted() {
    let table = std::fs::read_to_string(folder().join("table.tsv")).expect("the table");
    let mut listed = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in table.lines() {
        let (name, expected) = line.split_once('\t').expect("a file and what becomes of it");
        listed.insert(name.to_owned());
        let text = std::fs::read_to_string(folder().join(name)).expect(name);
        let found = judge(&text);
        if found != expected {
            wrong.push(format!("{name}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let names = std::fs::read_dir(folder()).expect("the folder");
    let names = names.map(|one| one.expect("an entry").file_name().to_string_lossy().into_owned());
    let files: BTreeSet<String> = names.filter(|name| name.ends_with(".code")).collect();
    assert_eq!(files, listed, "each file has a row");
}
