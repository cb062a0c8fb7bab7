//! One longer path in a program as linkers lay it out, by 1 to 24 bytes: one cause for any padding
//! that the new length asks for.
//!
//! The layout is made here: strings without an end, records with pointers and lengths, a table that
//! starts with zeros, a second segment, unwritten variables; each at its alignment. Green does not
//! show other layouts, nor debug information.

use prova_diff::{Allow, DiffOptions, Verdict, diff};
use prova_module::{Features, Limits, Module};
use std::fmt::Write;

/// Data under construction, from its first address.
struct Layout {
    start: u32,
    bytes: Vec<u8>,
}

impl Layout {
    fn align(&mut self, to: u32) -> u32 {
        while !self.end().is_multiple_of(to) {
            self.bytes.push(0);
        }
        self.end()
    }

    fn end(&self) -> u32 {
        self.start + self.bytes.len() as u32
    }

    fn put(&mut self, align: u32, bytes: &[u8]) -> u32 {
        let at = self.align(align);
        self.bytes.extend(bytes);
        at
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(4, &bytes)
    }

    fn text(&self) -> String {
        self.bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").expect("text");
            text
        })
    }
}

/// A program with this path in it. With `stale`, the address of the table is the one of this
/// program.
fn program(path: &str, stale: Option<u32>) -> (Module, u32) {
    let mut rodata = Layout { start: 1024, bytes: Vec::new() };
    let first = rodata.put(1, b"index out of bounds: the length is ");
    let name = rodata.put(1, path.as_bytes());
    let message = rodata.put(1, b"called `unwrap` on nothing");
    // Bytes that end and start with zeros, so that padding has no visible edge.
    rodata.put(1, &[7, 0, 0]);
    let location = rodata.words(&[name, path.len() as u32, 17, 5]);
    let empty = rodata.words(&[0, 0, 0, 9]);
    let table: Vec<u8> = (0..12u64).flat_map(|i| (i / 3 * 0x0102_0304).to_le_bytes()).collect();
    let table = rodata.put(8, &table);
    let data_start = rodata.align(16);
    let mut data = Layout { start: data_start, bytes: Vec::new() };
    let counter = data.words(&[1, 2, 3, 4]);
    let bss = data.end().next_multiple_of(16);
    let used = stale.unwrap_or(table);
    let text = format!(
        "(module (memory 2)
         (func $byte (param i32) (result i32) local.get 0 i32.load8_u)
         (func $report (param i32) (result i32) local.get 0 i32.load call $byte local.get 0 i32.load offset=4 i32.add)
         (func (export \"a\") (result i32) i32.const {location} call $report)
         (func (export \"b\") (param i32) (result i64) local.get 0 i32.const 3 i32.shl i32.const {used} i32.add i64.load)
         (func (export \"c\") (result i32) i32.const 0 i32.const {message} i32.load8_u i32.const {first} i32.load8_u i32.add i32.store offset={bss}
           i32.const {empty} i32.load offset=12 i32.const {counter} i32.load i32.add i32.const 0 i32.load offset={bss} i32.add)
         (data $.rodata (i32.const 1024) \"{}\") (data $.data (i32.const {data_start}) \"{}\"))",
        rodata.text(),
        data.text()
    );
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    (module.expect("a valid module"), table)
}

const SHORT: &str = "/usr/src/b.rs";

fn longer(by: usize) -> String {
    format!("/usr/src/{}/b.rs", "m".repeat(by - 1))
}

#[test]
fn a_path_longer_by_any_length_is_one_cause() {
    for by in 1..=24 {
        let (a, _) = program(SHORT, None);
        let (b, _) = program(&longer(by).replace("//", "/m"), None);
        for (a, b) in [(&a, &b), (&b, &a)] {
            let report = diff(a, b, &DiffOptions::default());
            let [cluster] = report.clusters.as_slice() else {
                panic!("{by}\n{}", report.to_text())
            };
            assert_eq!(cluster.verdict, Verdict::Path, "{by}\n{}", report.to_text());
            // All that follows is shown to follow.
            let allow = [Allow::Verdict(Verdict::Path), Allow::Verdict(Verdict::Moved)];
            assert_eq!(report.exit_code(&allow), 0, "{by}\n{}", report.to_text());
        }
    }
}

/// The rejecting twin: one address stays.
#[test]
fn an_address_that_stays_is_told_at_any_length() {
    let (a, table) = program(SHORT, None);
    let mut moved = 0;
    for by in 1..=24 {
        let path = longer(by).replace("//", "/m");
        if program(&path, None).1 == table {
            continue;
        }
        moved += 1;
        let (b, _) = program(&path, Some(table));
        let report = diff(&a, &b, &DiffOptions::default());
        let changed = report.differences.iter().filter(|one| one.verdict == Verdict::Changed);
        let names: Vec<&str> = changed.map(|one| one.summary.as_str()).collect();
        assert_eq!(
            names,
            ["the same operators, but what they access moved"],
            "{}",
            report.to_text()
        );
    }
    assert!(moved > 10, "{moved}");
}
