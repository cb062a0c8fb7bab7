//! Records that nobody has recorded: each is refused where it is read, or its replay ends in one of
//! the ways that a replay ends.
//!
//! A green run does not show that a record was made by the program that it has: any host could
//! answer so.

use prova_core::{Config, FuncType, Result, Tier, Val};
use prova_runs::diverge::{Options, Side, Verdict, diverge};
use prova_runs::trace::{Level, Record, Wanted, emitted, trace};
use std::sync::Arc;

fn none(name: &str, ty: &FuncType, texts: &[String]) -> Result<Vec<Val>> {
    if ty.params().len() != texts.len() {
        prova_core::bail!(
            "`{name}` takes {} arguments, and there are {}",
            ty.params().len(),
            texts.len()
        );
    }
    Ok(texts.iter().map(|text| Val::I32(text.parse().unwrap_or_default())).collect())
}

/// A file as it is written down: numbers in the sizes that it has.
#[derive(Clone, Default)]
struct File(Vec<u8>);

impl File {
    fn new(module: &str) -> File {
        let module = wat::parse_str(module).expect("text format");
        File(b"prova-record".to_vec()).u32(1).u64(module.len() as u64).raw(&module)
    }

    fn raw(mut self, bytes: &[u8]) -> File {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u8(self, value: u8) -> File {
        self.raw(&[value])
    }

    fn u32(self, value: u32) -> File {
        self.raw(&value.to_le_bytes())
    }

    fn u64(self, value: u64) -> File {
        self.raw(&value.to_le_bytes())
    }

    fn text(self, text: &str) -> File {
        self.u32(text.len() as u32).raw(text.as_bytes())
    }

    /// A call of an import with these arguments.
    fn call(self, import: u32, args: &[u64]) -> File {
        let file = self.u8(1).u32(import).u32(args.len() as u32);
        args.iter().fold(file, |file, arg| file.u64(*arg))
    }

    /// It returned these cells, and wrote nothing.
    fn returned(self, cells: &[u64]) -> File {
        let file = self.u8(0).u32(cells.len() as u32);
        cells.iter().fold(file, |file, cell| file.u64(*cell))
    }
}

/// Draws a word and returns it; its imports are numbers 0 and 1.
const MODULE: &str = r#"(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "other" "vector" (func $vector (param i64) (result v128)))
  (memory (export "memory") 1)
  (func (export "_start") (drop (call $random (i32.const 8) (i32.const 4))))
  (func (export "wide") (result v128) (call $vector (i64.const -1)))
  (func (export "f") (param i32) (result i32) (i32.load (local.get 0))))"#;

/// The file up to its entries, of `_start`.
fn start() -> File {
    File::new(MODULE).text("").u32(0)
}

/// A file, and what reading it says.
fn unreadable() -> Vec<(File, &'static str)> {
    let file = || File::new(MODULE);
    vec![
        (File(b"prova-recorc".to_vec()), "another beginning"),
        (File(b"prova-record".to_vec()).u32(2), "another version"),
        (File(b"prova-record".to_vec()).u32(1).u64(u64::MAX), "fewer bytes"),
        (File(b"prova-record".to_vec()).u32(1).u64(1 << 40).raw(b"\0asm"), "fewer bytes"),
        (file().u32(u32::MAX), "fewer bytes"),
        (file().u32(2).raw(&[0xff, 0xfe]), "no text"),
        (file().text("").u32(u32::MAX), "more arguments"),
        (file().text("").u32(1001), "more arguments"),
        (file().text("").u32(1000), "fewer bytes"),
        (start().u8(3), "an unknown entry"),
        (start().u8(1).u32(0).u32(1001), "more values"),
        (start().call(0, &[8, 4]).u8(7), "an unknown answer"),
        (start().call(0, &[8, 4]).u8(0).u32(u32::MAX), "more values"),
        (start().u8(2).text("returned").u8(2), "entries after the end"),
        (start().call(0, &[8, 4]).u8(2).u32(2).raw(&[0xff, 0xff]).u32(0), "no text"),
    ]
}

#[test]
fn what_is_no_record_is_refused_where_it_is_wrong() {
    for (file, what) in unreadable() {
        let error = Record::read(file.0.clone()).expect_err("it is none");
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.offset <= file.0.len());
    }
}

/// A file that is read, and how its replay ends; `None` if it cannot start.
fn replayed() -> Vec<(File, Option<&'static str>)> {
    let export = |name: &str, args: &[&str]| {
        let file = File::new(MODULE).text(name).u32(args.len() as u32);
        args.iter().fold(file, |file, arg| file.text(arg))
    };
    let answered = || start().call(0, &[8, 4]).returned(&[0]);
    vec![
        (start(), Some("no further call was recorded")),
        (answered().u32(0), Some("returned")),
        // A cut entry is none, for any lengths that it declares.
        (answered().u32(u32::MAX), Some("no further call was recorded")),
        (answered().u32(1).u64(8).u64(u64::MAX), Some("no further call was recorded")),
        (answered().u32(1).u64(8).u64(4).raw(b"abcd"), Some("returned")),
        (answered().u32(1).u64(65533).u64(4).raw(b"abcd"), Some("outside of the memory")),
        (answered().u32(1).u64(u64::MAX).u64(4).raw(b"abcd"), Some("outside of the memory")),
        (answered().u32(1).u64(1 << 32).u64(4).raw(b"abcd"), Some("outside of the memory")),
        (answered().u32(1).u64(65537).u64(0), Some("outside of the memory")),
        (start().call(0, &[8, 4]).returned(&[]).u32(0), Some("too few results")),
        (start().call(0, &[8, 4]).returned(&[u64::MAX, 1, 2]).u32(0), Some("returned")),
        (start().call(0, &[8, 5]).returned(&[0]).u32(0), Some("random_get(0x8, 0x5) was recorded")),
        (start().call(0, &[8]).returned(&[0]).u32(0), Some("random_get(0x8) was recorded")),
        (start().call(0, &[1 << 32 | 8, 4]).returned(&[0]).u32(0), Some("was recorded")),
        (
            start().call(1, &[8, 4]).returned(&[0]).u32(0),
            Some("other::vector(0x8, 0x4) was recorded"),
        ),
        (start().call(9, &[8, 4]).returned(&[0]).u32(0), Some("a call of import 9 was recorded")),
        (start().call(0, &[8, 4]).u8(1).u32(77).u32(0), Some("exited with 77")),
        (start().call(0, &[8, 4]).u8(2).text("\u{1b}[2J no\nmore").u32(0), Some("stopped (")),
        (export("wide", &[]).call(1, &[u64::MAX]).returned(&[1]).u32(0), Some("returned 1")),
        (export("wide", &[]).call(1, &[u64::MAX]).returned(&[]).u32(0), Some("too few results")),
        (export("f", &["65533"]), Some("out of bounds memory access")),
        (export("f", &[]), None),
        (export("f", &["1", "2"]), None),
        (export("nothing", &[]), None),
        (export("memory", &[]), None),
        (File(b"prova-record".to_vec()).u32(1).u64(4).raw(b"\0asm").text("").u32(0), None),
        (File(b"prova-record".to_vec()).u32(1).u64(0).text("").u32(0), None),
    ]
}

#[test]
fn a_replay_of_any_record_ends_as_replays_end() {
    let configs = [Tier::TAIL, Tier::Reference].map(|tier| {
        let mut config = Config::new();
        config.tier(tier);
        config
    });
    for (file, ended) in replayed() {
        let record = Arc::new(Record::read(file.0).expect("it can be read"));
        for level in [Level::Host, Level::Around, Level::Values] {
            let wanted = Wanted { level, first: 1, count: 50, stop: false, fuel: Some(100_000) };
            let report = trace(&configs[0], &record, wanted, &none);
            match ended {
                Some(ended) => {
                    let text = report.expect("it can start").tree().to_text();
                    assert!(text.contains(ended), "{ended}: {text}");
                    assert!(!text.contains('\u{1b}'), "{text:?}");
                }
                None => assert!(report.is_err()),
            }
            assert_eq!(emitted(&configs[0], &record, wanted, &none).is_ok(), ended.is_some());
        }
        let side = |at: usize| Side { name: "x".into(), config: &configs[at], module: None };
        let options = Options { fuel: Some(100_000), ..Options::default() };
        let report = diverge(&record, &[side(0), side(1)], options, &none);
        match ended {
            Some(_) => assert_eq!(report.expect("it can start").verdict, Verdict::Same),
            None => assert!(report.is_err()),
        }
    }
}

#[test]
fn a_record_of_another_build_writes_no_byte_where_none_is_wanted() {
    // The other build's addresses are elsewhere, and beyond its memory.
    let other = MODULE.replace("(i32.const 8) (i32.const 4)", "(i32.const 65534) (i32.const 4)");
    let other = wat::parse_str(other).expect("text format");
    let file = start().call(0, &[8, 4]).returned(&[0]).u32(1).u64(8).u64(4).raw(b"abcd");
    let record = Arc::new(Record::read(file.0).expect("it can be read"));
    let config = Config::new();
    let sides = [
        Side { name: "a".into(), config: &config, module: None },
        Side { name: "b".into(), config: &config, module: Some(&other) },
    ];
    let report = diverge(&record, &sides, Options::default(), &none).expect("both sides start");
    assert_eq!(report.verdict, Verdict::Differs, "{}", report.to_text());
    assert!(report.b.ended.contains("outside of the memory"), "{}", report.b.ended);
}
