//! Binaries that no tier runs: components by their core modules, modules of other proposals byte
//! for byte.
//!
//! Green does not show that a difference inside a component's sections is explained, only that it
//! is reported.

use prova_diff::{Allow, DiffOptions, Kind, Report, Verdict, diff_binaries};

fn compare(a: &str, b: &str) -> Report {
    let bytes = |text: &str| wat::parse_str(text).expect("text format");
    let report = diff_binaries(bytes(a), bytes(b), &DiffOptions::default()).expect("a report");
    let equal = a == b;
    assert_eq!(report.equal, equal);
    assert_eq!(report.exit_code(&[]), u8::from(!equal));
    assert!(!report.to_text().is_empty() && !report.to_html().is_empty());
    report
}

const COMPONENT: &str = r#"(component
    (core module $m (func $f (export "f") (result i32) i32.const 1)
                    (func $g (export "g") (result i32) i32.const 2))
    (core module $n (memory 1) (data (i32.const 8) "abcdefgh"))
    (core instance $i (instantiate $m))
    (func (export "f") (result s32) (canon lift (core func $i "f"))))"#;

#[test]
fn components_are_compared_by_their_core_modules() {
    assert!(compare(COMPONENT, COMPONENT).differences.is_empty());
    let report = compare(COMPONENT, &COMPONENT.replace("i32.const 1", "i32.const 3"));
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!(difference.name, "module 0: f");
    assert_eq!(difference.summary, "constant changed: i32.const 1 → i32.const 3");
    let changed = report.counts.iter().find(|count| count.verdict == Verdict::Changed);
    assert_eq!(changed.map(|count| (count.functions, count.others)), Some((1, 0)));

    let report = compare(COMPONENT, &COMPONENT.replace("abcdefgh", "abcdefg!"));
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!((difference.kind, difference.verdict), (Kind::Data, Verdict::Text));
}

#[test]
fn a_component_around_equal_modules_is_compared_too() {
    for (from, to) in
        [("(export \"f\") (result s32)", "(export \"h\") (result s32)"), ("s32", "u32")]
    {
        let report = compare(COMPONENT, &COMPONENT.replacen(from, to, 1));
        assert!(report.differences.iter().all(|one| one.verdict == Verdict::Changed));
        assert!(!report.differences.is_empty(), "{}", report.to_text());
    }
    let more = COMPONENT.replace("(core instance", "(core module $o) (core instance");
    let report = compare(COMPONENT, &more);
    assert!(
        report.differences.iter().any(|one| one.name == "core modules"),
        "{}",
        report.to_text()
    );
}

/// Sections of components number their definitions in order, also beside another difference.
#[test]
fn the_order_of_a_components_sections_is_compared() {
    let one = |name: &str, order: [&str; 2]| {
        let [first, second] = order;
        format!(
            r#"(component (type (func)) (core module $m (func ${name} (export "f")))
                (core instance $i (instantiate $m)) (alias core export $i "f" (core func))
                {first} {second} (export "e" (func 0)))"#
        )
    };
    let import = r#"(import "a" (func (type 0)))"#;
    let lift = "(func (type 0) (canon lift (core func 0)))";
    let report = compare(&one("f", [import, lift]), &one("g", [lift, import]));
    let verdicts: Vec<Verdict> = report.differences.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Renumbered, Verdict::Changed], "{}", report.to_text());
}

#[test]
fn modules_of_other_proposals_are_compared() {
    // A shared memory is compared byte for byte: one difference. Objects are understood: an
    // export that is gone, and one that is new.
    let shared = r#"(module (memory (export "m") 1 1 shared) (func (export "f") (result i32) i32.const 1) (func nop))"#;
    let structs = r#"(module (type $s (struct (field i32))) (func (export "f") (result (ref $s)) i32.const 1 struct.new $s))"#;
    for text in [shared, structs] {
        assert!(compare(text, text).differences.is_empty());
        let report = compare(text, &text.replace("i32.const 1", "i32.const 2"));
        let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
        assert_eq!((difference.kind, difference.verdict), (Kind::Function, Verdict::Changed));
        let all: Vec<Allow> = ["renumbered", "moved", "layout-only", "assumed-moved", "path"]
            .into_iter()
            .filter_map(Allow::parse)
            .collect();
        assert_eq!((all.len(), report.exit_code(&all)), (5, 1));
        let report = compare(text, &text.replace("\"f\"", "\"g\""));
        let differences = if text == shared { 1 } else { 2 };
        assert_eq!(report.differences.len(), differences, "{}", report.to_text());
    }
}

#[test]
fn what_is_invalid_is_refused() {
    let valid = wat::parse_str("(module)").expect("text format");
    let mut broken = valid.clone();
    broken.extend([1, 1]);
    for (a, b) in [(&valid, &broken), (&broken, &valid)] {
        assert!(diff_binaries(a.as_slice(), b.as_slice(), &DiffOptions::default()).is_err());
    }
    assert!(diff_binaries(valid, &b"\0asm"[..], &DiffOptions::default()).is_err());
}
