//! Modules of proposals that no tier runs: what differs in their bodies, their functions, and who
//! has to do with an address.
//!
//! A green run does not show every proposal: each operator is printed and sized by what the table
//! of operators and wasmprinter know of it.

use prova_diff::foreign::Foreign;
use prova_diff::{DiffOptions, Origin, Verdict, diff_binaries};

const MODULE: &str = r#"(module
    (type $p (struct (field $x (mut i32)) (field i64)))
    (import "env" "log" (func $log (param i32)))
    (memory 1 1 shared)
    (data (i32.const 1024) "hello\00\00\00\00\04\00\00")
    (func $make (export "make") (param i32) (result (ref $p))
        (struct.new $p (local.get 0) (i64.const 7)))
    (func $sum (export "sum") (param (ref null $p)) (result i32)
        (call $log (i32.const 1024))
        (i32.add (struct.get $p $x (local.get 0)) (i32.load offset=4 (i32.const 1024)))))"#;

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("it is well-formed")
}

#[test]
fn where_a_body_differs_is_told() {
    let edited = MODULE.replace("i64.const 7", "i64.const 8");
    let report = diff_binaries(binary(MODULE), binary(&edited), &DiffOptions::default());
    let report = report.expect("both are valid");
    let [one] = &report.differences[..] else { panic!("{}", report.to_text()) };
    assert_eq!(
        (one.verdict, &*one.name, one.a, one.b),
        (Verdict::Changed, "make", Some(1), Some(1))
    );
    let own = |origin: Origin| -> Vec<&str> {
        let lines = one.code.iter().filter(|line| line.origin == origin);
        lines.map(|line| line.text.trim()).collect()
    };
    assert_eq!((own(Origin::A), own(Origin::B)), (vec!["i64.const 7"], vec!["i64.const 8"]));
    assert!(one.evidence[0].contains("`i64.const 7` at 0x"), "{:?}", one.evidence);
}

#[test]
fn a_body_of_one_side_is_told_by_its_name() {
    let edited = MODULE.replace("(memory 1", "(func $more (nop)) (memory 1");
    let report = diff_binaries(binary(MODULE), binary(&edited), &DiffOptions::default());
    let report = report.expect("both are valid");
    assert!(
        report.differences.iter().any(|one| one.summary == "only in B"),
        "{}",
        report.to_text()
    );
}

#[test]
fn functions_are_listed_and_shown() {
    let bytes = binary(MODULE);
    let module = Foreign::read(&bytes).expect("it is valid");
    let listing = module.listing().to_text();
    assert!(listing.contains("import env::log") && listing.contains("export \"sum\""), "{listing}");
    for name in ["sum", "2", "func2", "su"] {
        assert_eq!(module.find(name), Ok(2), "{name}");
    }
    assert!(module.find("m").is_err_and(|message| message.contains("make (func1)")));
    assert!(module.find("none").is_err());
    let text = module.text(2).expect("it has a body").to_text();
    assert!(text.contains("struct.get $p $x") && text.contains("i32.load offset=4"), "{text}");
    assert!(module.text(0).is_err(), "an import has no body");
}

#[test]
fn constants_in_a_range_are_reads_or_escapes() {
    let bytes = binary(MODULE);
    let module = Foreign::read(&bytes).expect("it is valid");
    let report = module.xref(0, 1024..1036).expect("the code can be read");
    assert_eq!(report.reads.iter().map(|one| one.address).collect::<Vec<_>>(), [1028]);
    assert_eq!(report.escapes.iter().map(|one| one.address).collect::<Vec<_>>(), [1024]);
    assert_eq!(report.pointers.iter().map(|one| one.value).collect::<Vec<_>>(), [1024]);
    assert!(report.tree().to_text().contains("does not run"), "{}", report.tree().to_text());
    let other = module.xref(1, 1024..1036).expect("the code can be read");
    assert!(other.reads.is_empty() && other.pointers.is_empty());
}

#[test]
fn what_is_no_module_is_refused() {
    assert!(Foreign::read(b"\0asm").is_err());
    assert!(Foreign::read(&binary("(component)")).is_err());
}
