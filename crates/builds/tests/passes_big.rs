//! Logs of many functions with known differences, and logs that are big or broken in one way.
//!
//! A green run shows neither the speed (`benches/README.md`) nor the process's memory, which
//! `crates/cli/tests/passes.rs` bounds.

use crate::logs;
use crate::logs::{Dumps, Plant};
use prova_builds::passes::{self, Fate};
use std::path::Path;

fn case() -> [Dumps; 2] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/irreducible");
    ["a.log.gz", "b.log.gz"].map(|name| Dumps::read(&path.join(name)).expect("the case is carried"))
}

#[test]
fn of_many_functions_exactly_the_planted_ones_differ() {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    let planted = logs::write_pair(&case(), 45_000_000, &mut a, &mut b).expect("memory is enough");
    assert_eq!(planted.len(), 5);
    let comparison = passes::compare(&mut a.as_slice(), &mut b.as_slice()).expect("they are logs");
    let found: Vec<(String, Fate, bool)> = comparison
        .differences
        .iter()
        .map(|found| (found.function.clone(), found.fate.clone(), found.structural.is_some()))
        .collect();
    let fates = planted.iter().filter(|planted| planted.plant != Plant::Order).map(|planted| {
        let (fate, structural) = match planted.plant {
            Plant::Heals => (Fate::Healed("Sparse Conditional Constant Propagation".into()), true),
            Plant::Extra => (Fate::Healed("Insert XRay ops".into()), false),
            Plant::Names => (Fate::StaysInText, false),
            Plant::Stays | Plant::Order => (Fate::Stays, true),
        };
        (planted.function.clone(), fate, structural)
    });
    assert_eq!(found, fates.collect::<Vec<_>>());
    // Of a log of thousands of dumps only those of functions that differ are kept.
    assert!(comparison.equal > 10_000, "{}", comparison.equal);
    assert!(comparison.kept_max < 800, "{}", comparison.kept_max);
    let stays = comparison.differences.last().and_then(|last| last.textual.as_ref());
    let stays = stays.expect("the last one differs in text");
    assert_eq!(stays.pass, "WebAssembly Fix Irreducible Control Flow");
    let again = passes::compare(&mut a.as_slice(), &mut a.as_slice()).expect("they are logs");
    assert!(again.equal() && again.kept_max == 0);
}

#[test]
fn names_that_are_no_utf8_are_told_apart_and_printed() {
    let log = |name: &[u8], body: &str| {
        let header = b"*** IR Dump After X ***\ndefine i32 @\"";
        [header, name, b"\"() {\n", body.as_bytes(), b"\n}\n"].concat()
    };
    let both = |body: &str| [log(b"\xff\x01", "same"), log(b"\xfe\x01", body)].concat();
    let (a, b) = (both("one"), both("two"));
    let comparison = passes::compare(&mut a.as_slice(), &mut b.as_slice()).expect("they are logs");
    assert_eq!(comparison.differences.len(), 1);
    let text = passes::report(&comparison, &[], ["a", "b"]).to_text();
    assert!(text.contains("function `\u{fffd}\\u{1}`"), "{text:?}");
    assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{text:?}");
}

#[test]
fn functions_in_any_order_are_compared_with_what_is_kept_in_bounds() {
    let log = |order: &mut dyn Iterator<Item = usize>, odd: &str| -> Vec<u8> {
        let body = |at| if at == 700 { odd } else { "same" };
        let dump = |at: usize| {
            format!("*** IR Dump After X ***\ndefine i32 @f{at}() {{\n{}\n}}\n", body(at))
        };
        order.map(dump).collect::<String>().into_bytes()
    };
    let forwards = log(&mut (0..2000), "one");
    let near = log(&mut (0..2000).map(|at| at ^ 7), "two");
    let far = log(&mut (0..2000).rev(), "two");
    for (other, kept) in [(&near, 9), (&far, 1001)] {
        let comparison = passes::compare(&mut forwards.as_slice(), &mut other.as_slice())
            .expect("they are logs");
        assert_eq!(comparison.differences.len(), 1);
        assert_eq!(comparison.differences[0].function, "f700");
        assert_eq!(comparison.equal, 1999);
        assert!(comparison.kept_max <= kept, "{} > {kept}", comparison.kept_max);
    }
    let limited = passes::compare_up_to(&mut forwards.as_slice(), &mut far.as_slice(), 500)
        .expect("they are logs");
    assert!(limited.limited && limited.equal() && limited.partial());
}

#[test]
fn files_that_are_no_logs_are_refused_with_the_reason() {
    let folder = std::env::temp_dir().join(format!("prova-passes-big-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a directory can be made");
    let cases: [(&[u8], &str); 4] = [
        (b"\xff\xfe*\0*\0*\0", "UTF-16"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh9", "bzip2"),
    ];
    for (bytes, word) in cases {
        let path = folder.join("log");
        std::fs::write(&path, bytes).expect("a file can be written");
        let error = passes::Log::open(&path).err().expect("it is refused");
        assert!(error.to_string().contains(word), "{error}");
    }
    std::fs::remove_dir_all(&folder).ok();
}
