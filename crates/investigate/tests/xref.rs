//! Who touches an address: the leaked seed of a real build, and small modules with one use each.

use prova_investigate::xref::{XrefReport, target, xref};
use prova_module::{Features, Limits, Module};

fn decode(bytes: Vec<u8>) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn wat(text: &str) -> Module {
    decode(wat::parse_str(text).expect("text format"))
}

/// How many reads, writes, escapes and indexed accesses.
fn counts(report: &XrefReport) -> [usize; 4] {
    [report.reads.len(), report.writes.len(), report.escapes.len(), report.indexed.len()]
}

fn body(code: &str) -> Module {
    wat(&format!(
        "(module (import \"e\" \"f\" (func $f (param i32))) (memory 1) (data (i32.const 1024) \"0123456789abcdef\")
         (func (export \"run\") (param i32) (local i32) {code}))"
    ))
}

#[test]
fn the_leaked_seed_has_two_reads_two_writes_and_one_escape() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/feature-leak/leaky1.wasm");
    let module = decode(std::fs::read(path).expect("the case"));
    let report = xref(&module, 1_051_688..1_051_692);
    assert_eq!(counts(&report), [2, 2, 1, 0], "{}", report.to_text());
    for list in [&report.reads, &report.writes, &report.escapes] {
        assert!(list.iter().all(|one| one.name == "generate"));
    }
    assert_eq!(report.escapes[0].operator, "i64.extend_i32_u");
}

#[test]
fn each_way_to_touch_an_address_is_found_and_its_neighbour_is_not() {
    // (code, uses of 1028..1032, the same code's uses of 1032..1033)
    let cases = [
        ("i32.const 1024 i32.load offset=4 drop", [1, 0, 0, 0], [0; 4]),
        ("i32.const 0 i32.load offset=1028 drop", [1, 0, 0, 0], [0; 4]),
        ("i32.const 1026 i32.load drop", [1, 0, 0, 0], [0; 4]),
        ("i32.const 1028 local.set 1 local.get 1 i32.const 7 i32.store", [0, 1, 0, 0], [0; 4]),
        ("i32.const 1020 i32.const 8 i32.add i32.const 7 i32.store8", [0, 1, 0, 0], [0; 4]),
        ("i32.const 1028 call $f", [0, 0, 1, 0], [0; 4]),
        ("local.get 0 i32.const 1028 i32.add i32.load8_u drop", [0, 0, 1, 0], [0; 4]),
        ("local.get 0 i32.load8_u offset=1024 drop", [0, 0, 0, 1], [0, 0, 0, 1]),
        ("i32.const 1024 i32.const 0 i32.const 8 memory.fill", [0, 1, 0, 0], [0; 4]),
        ("i32.const 0 i32.const 1024 i32.const 8 memory.copy", [1, 0, 0, 0], [0; 4]),
        ("i32.const 1029 drop", [0; 4], [0; 4]),
        // The local may be something else by then.
        (
            "i32.const 1028 local.set 1 loop local.get 1 i32.load drop local.get 0 local.set 1 end",
            [0, 0, 0, 0],
            [0; 4],
        ),
        (
            "i32.const 1028 local.set 1 block local.get 0 br_if 0 local.get 0 local.set 1 end local.get 1 i32.load drop",
            [0; 4],
            [0; 4],
        ),
    ];
    for (code, inside, beside) in cases {
        let module = body(code);
        assert_eq!(counts(&xref(&module, 1028..1032)), inside, "{code}");
        assert_eq!(counts(&xref(&module, 1032..1033)), beside, "{code}");
    }
}

#[test]
fn a_parameter_that_is_one_constant_everywhere_is_followed() {
    let text = |other: &str| {
        wat(&format!(
            "(module (memory 1) (data (i32.const 1024) \"0123\") (func $get (param i32) (result i32) local.get 0 i32.load)
             (func (export \"a\") (result i32) i32.const 1024 call $get)
             (func (export \"b\") (result i32) i32.const {other} call $get))"
        ))
    };
    assert_eq!(counts(&xref(&text("1024"), 1024..1028)), [1, 0, 0, 0]);
    assert_eq!(counts(&xref(&text("2048"), 1024..1028)), [0, 0, 1, 0]);
}

#[test]
fn the_stack_pointer_is_no_address_and_pointers_in_data_are_found() {
    let module = wat("(module (memory 1) (global $__stack_pointer (mut i32) (i32.const 1024))
         (data $vtable (i32.const 1024) \"\\00\\04\\00\\00\\01\\00\\00\\00\")
         (func (export \"f\") (result i32) global.get 0 i32.load))");
    let report = xref(&module, 1024..1028);
    assert_eq!(counts(&report), [0; 4]);
    assert_eq!(report.pointers.len(), 1);
    assert_eq!(report.map.stack_pointer, Some((0, 1024)));
    assert_eq!(target(&module, "vtable"), Ok(1024..1032));
}

#[test]
fn targets_are_addresses_ranges_or_names() {
    let module = body("");
    assert_eq!(target(&module, "0x400..0x404"), Ok(1024..1028));
    assert_eq!(target(&module, "7"), Ok(7..8));
    for wrong in ["", "4..4", "5..4", "..", "0x", "nothing", "\u{1b}[31m"] {
        let message = target(&module, wrong).expect_err(wrong);
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
}
