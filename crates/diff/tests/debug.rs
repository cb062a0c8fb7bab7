//! Debug information that was changed or made to mislead: no byte of it goes unseen, and none
//! takes long.
//!
//! Green does not show edits of more than a byte, nor other producers than clang 22.

use prova_diff::{DiffOptions, Report, Verdict, diff};
use prova_module::{Features, Limits, Module};
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

const HARMLESS: [Verdict; 4] =
    [Verdict::Identical, Verdict::Renumbered, Verdict::Moved, Verdict::LayoutOnly];

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts");
    std::fs::read(folder.join(name)).expect(name)
}

fn module(bytes: &[u8]) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn gravest(report: &Report) -> Verdict {
    let all = report.differences.iter().map(|difference| difference.verdict);
    all.max().unwrap_or(Verdict::Identical)
}

/// The contents of the sections of debug information.
fn debug(module: &Module) -> Vec<(String, Range<usize>)> {
    let all = module.custom_sections().iter();
    let debug = all.filter(|section| section.name.starts_with(".debug_"));
    debug.map(|section| (section.name.to_string(), section.range.clone())).collect()
}

/// Flips bits of each byte of debug information of a file; `free` says which bytes, by their
/// section and offset, do not matter for such a flip.
fn each_byte(name: &str, least: usize, free: fn(&str, usize, u8) -> bool) {
    let bytes = file(name);
    let original = module(&bytes);
    let (mut edits, mut unseen) = (0, Vec::new());
    for (name, range) in debug(&original) {
        for at in range.clone() {
            for flip in [0x01, 0x80, 0xff] {
                let mut edited = bytes.clone();
                edited[at] ^= flip;
                let report = diff(&original, &module(&edited), &DiffOptions::default());
                edits += 1;
                let free = free(&name, at - range.start, flip);
                if HARMLESS.contains(&gravest(&report)) && !free {
                    unseen.push(format!("{name}+{} ^ {flip:#x}", at - range.start));
                }
            }
        }
    }
    assert!(edits > least, "{edits}");
    assert_eq!(unseen, Vec::<String>::new());
}

// That a row starts a statement by default is said by any number but zero.

#[test]
fn each_byte_of_debug_information_is_seen() {
    each_byte("debug-a.wasm", 1500, |name, at, flip| {
        (name, at) == (".debug_line", 12) && flip != 1
    });
}

#[test]
fn each_byte_of_version_5_is_seen() {
    // Nor is a line below zero another one than line zero.
    const BELOW: [(usize, u8); 4] = [(104, 0xff), (129, 1), (166, 0xff), (239, 1)];
    each_byte("debug5-a.wasm", 3000, |name, at, flip| {
        name == ".debug_line" && (at == 14 && flip != 1 || BELOW.contains(&(at, flip)))
    });
}

fn leb(mut value: usize, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A module with these custom sections alone.
fn with(sections: &[(&str, &[u8])]) -> Module {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (name, contents) in sections {
        let mut section = Vec::new();
        leb(name.len(), &mut section);
        section.extend(name.as_bytes());
        section.extend(*contents);
        bytes.push(0);
        leb(section.len(), &mut bytes);
        bytes.extend(section);
    }
    module(&bytes)
}

/// A unit of version 4 with these entries, whose table of abbreviations is at an offset.
fn unit(table: u32, entries: &[u8]) -> Vec<u8> {
    let mut unit = (entries.len() as u32 + 7).to_le_bytes().to_vec();
    unit.extend([4, 0]);
    unit.extend(table.to_le_bytes());
    unit.push(4);
    unit.extend(entries);
    unit
}

/// Inputs that could take long, all with a string that differs, so that they have to be read.
#[test]
fn what_is_made_to_take_long_does_not() {
    // Entries of one byte with 2,000 attributes that take none.
    let mut wide = vec![1, 0x34, 0];
    wide.extend([0x3f, 0x19].repeat(2000));
    wide.extend([0, 0, 0]);
    let many = unit(0, &vec![1; 200_000]);
    // Units whose tables start one byte behind each other's.
    let nested = [1, 0x34, 0].repeat(40_000);
    let units: Vec<u8> = (0..30_000).flat_map(|table| unit(3 * table, &[])).collect();
    // Entries that all name the end of one long string.
    let name = [1, 0x34, 0, 3, 0x0e, 0, 0, 0];
    let named: Vec<u8> =
        (0..100_000u32).flat_map(|at| [&[1][..], &at.to_le_bytes()].concat()).collect();
    let named = unit(0, &named);
    // Entries whose ranges are one long list.
    let ranges = [1, 0x34, 0, 0x55, 0x17, 0, 0, 0];
    let list: Vec<u8> = [1, 0, 0, 0, 2, 0, 0, 0].repeat(60_000);
    let listed: Vec<u8> = [1, 0, 0, 0, 0].repeat(100_000);
    let listed = unit(0, &listed);
    let long = vec![b'x'; 1 << 20];
    for (abbrev, info, ranges) in [
        (&wide[..], &many[..], &[][..]),
        (&nested, &units, &[]),
        (&name, &named, &[]),
        (&ranges, &listed, &list),
    ] {
        let side = |end: &[u8]| {
            let strings = [&long, end, &[0]].concat();
            with(&[
                (".debug_abbrev", abbrev),
                (".debug_info", info),
                (".debug_str", &strings),
                (".debug_ranges", ranges),
            ])
        };
        let start = Instant::now();
        let report = diff(&side(b"a"), &side(b"b"), &DiffOptions::default());
        assert_eq!(gravest(&report), Verdict::Changed, "{}", report.to_text());
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
}
