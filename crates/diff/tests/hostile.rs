//! Modules made to mislead the reports: names with control characters and markup, data that points
//! everywhere, nothing at all.

use prova_diff::{DiffOptions, Verdict, diff, text as painted};
use prova_module::{Features, Limits, Module};
use prova_report::Paint;
use prova_xref::xref;

fn wat(text: &str) -> Module {
    let bytes = wat::parse_str(text).expect("text format");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// A module whose function, data segment, export and import carry `name`, and whose constant is
/// `value`.
fn named(name: &str, value: u32) -> Module {
    let name: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    wat(&format!(
        "(module $\"{name}\" (import \"{name}\" \"{name}\" (func $i)) (memory 1)
         (func $\"{name}\" (export \"{name}\") (result i32) call $i i32.const {value} i32.load)
         (data $\"d{name}\" (i32.const {value}) \"/{name}/{value}\"))"
    ))
}

const HOSTILE: &[&str] = &[
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "\u{1b}]0;owned\u{7}\u{1b}[2J",
    "\u{202e}gnp.exe\u{200b}",
    "_ZN\u{0}",
    "_RNvC",
    "line\nbreak\r",
    "a\n== 1. changed: nothing",
    "\u{61c}\u{2066}\u{2069}\u{ad}",
];

/// Whether a terminal or a page would do something with it; lines are the report's own.
fn obeyed(c: &char) -> bool {
    c.is_control() && *c != '\n'
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn names_reach_no_report_as_control_characters_or_markup() {
    for name in HOSTILE {
        let (a, b) = (named(name, 1024), named(&format!("{name}{name}"), 1032));
        let report = diff(
            &a,
            &b,
            &DiffOptions { names: ((*name).into(), (*name).into()), ..DiffOptions::default() },
        );
        assert!(!report.equal);
        let (text, html) = (report.to_text(), report.to_html());
        let json = report.tree().to_json().expect("it can be written");
        let xref = xref(&a, 1024..1028).tree();
        let (xref, xref_json) = (xref.to_text(), xref.to_json().expect("it can be written"));
        for out in [&text, &html, &json, &xref, &xref_json] {
            assert_eq!(out.chars().find(obeyed), None, "{name:?}");
        }
        let heads = text
            .lines()
            .filter(|line| line.split(". ").next().is_some_and(|n| n.parse::<u8>().is_ok()));
        assert_eq!(heads.count(), report.clusters.len(), "{text}");
        // Of what a terminal obeys only the report's own colours are left.
        let painted = painted(&report.tree(), Paint::Colour);
        for code in painted.split('\u{1b}').skip(1) {
            let own = code.strip_prefix('[').and_then(|code| code.split('m').next());
            let digits = |byte: u8| byte.is_ascii_digit() || byte == b';';
            assert!(own.is_some_and(|code| code.bytes().all(digits)), "{code:?}");
        }
        assert_eq!(html.matches("<script").count(), 1, "{name:?}");
        assert_eq!(html.matches("<img").count(), 0, "{name:?}");
        assert!(report.tree().to_json().is_ok_and(|json| json.starts_with('{')));
    }
}

#[test]
fn long_names_are_cut() {
    let long = "x".repeat(50_000);
    let report = diff(&named(&long, 1024), &named("short", 1024), &DiffOptions::default());
    assert!(report.to_text().lines().all(|line| line.len() < 2000));
}

#[test]
fn one_more_of_thousands_of_equal_functions_is_one_difference() {
    let many = |count: usize| {
        wat(&format!("(module {})", "(func (param i32) (result i32) local.get 0)".repeat(count)))
    };
    let report = diff(&many(9000), &many(9001), &DiffOptions::default());
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!((difference.summary.as_str(), difference.a), ("only in B", None));
}

#[test]
fn the_name_of_the_output_file_is_told_as_a_path() {
    let named = |name: &str| wat(&format!("(module ${name} (func $f (export \"f\") nop))"));
    let report = diff(&named("a.wasm"), &named("b.wasm"), &DiffOptions::default());
    let [difference] = report.differences.as_slice() else { panic!("{}", report.to_text()) };
    assert_eq!(difference.verdict, Verdict::Path);
    assert!(difference.summary.contains("a.wasm → b.wasm"), "{}", difference.summary);
}

/// The order of imported tables, memories and tags is what operators name: not the same module.
#[test]
fn imports_in_another_order_are_no_encoding() {
    let with = |tags: [&str; 2]| {
        let tags: String = tags.map(|tag| format!("(import \"m\" \"{tag}\" (tag))")).concat();
        wat(&format!("(module {tags} (func (export \"f\") throw 0))"))
    };
    let report = diff(&with(["x", "y"]), &with(["y", "x"]), &DiffOptions::default());
    assert_eq!(report.exit_code(&[]), 1);
    assert!(
        report.differences.iter().any(|d| d.verdict == Verdict::Changed),
        "{}",
        report.to_text()
    );
}

#[test]
fn odd_modules_compare_without_a_panic() {
    let odd = [
        wat("(module)"),
        wat("(module (memory 0) (data (i32.const -1) \"\"))"),
        wat("(module (memory 1) (data (i32.const 0xfffffff0) \"0123456789abcdef0123456789\"))"),
        wat(
            "(module (memory 1) (data (i32.const 8) \"aaaaaaaa\") (data (i32.const 4) \"bbbbbbbb\") (data \"passive\"))",
        ),
        wat("(module (func unreachable) (func loop br 0 end) (func block block br 1 end end))"),
        wat("(module (table 4 funcref) (elem (i32.const 3) func 0 0 0) (func))"),
        wat("(module (func (param v128 f64) (result f64 v128) local.get 1 local.get 0))"),
        wat(
            "(module (memory i64 1) (data (i64.const -8) \"12345678\") (func i64.const -8 i32.load drop))",
        ),
    ];
    for a in &odd {
        for b in &odd {
            let report = diff(a, b, &DiffOptions::default());
            assert_eq!(report.equal, a.bytes() == b.bytes());
            assert_eq!(report.clusters.is_empty(), report.equal);
            assert!(!report.to_html().is_empty());
        }
        assert!(!xref(a, 0..u64::MAX).tree().to_text().is_empty());
    }
}
