//! Who touches an address: the leaked seed of a real build, and small modules with one use each.

use prova_module::{Features, Limits, Module};
use prova_xref::{XrefReport, target, target_in, xref, xref_in};

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
    assert_eq!(counts(&report), [2, 2, 1, 0], "{}", report.tree().to_text());
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
        // Nobody knows how far it goes: as far as the segment, but not back.
        ("i32.const 1024 i32.const 0 local.get 0 memory.fill", [0, 0, 0, 1], [0, 0, 0, 1]),
        ("i32.const 0 i32.const 1028 local.get 0 memory.copy", [0, 0, 0, 1], [0, 0, 0, 1]),
        ("i32.const 1030 i32.const 0 local.get 0 memory.copy", [0, 0, 0, 1], [0, 0, 0, 1]),
        ("i32.const 1033 i32.const 0 local.get 0 memory.copy", [0; 4], [0; 4]),
        ("i32.const 16 i32.const 0 local.get 0 memory.fill", [0; 4], [0; 4]),
        ("i32.const 1029 drop", [0; 4], [0; 4]),
        // Where paths join, a local may hold each of these.
        (
            "i32.const 1028 local.set 1 local.get 0 if i32.const 64 local.set 1 end local.get 1 i32.load8_u drop",
            [0, 0, 1, 0],
            [0; 4],
        ),
        (
            "i32.const 1028 local.set 1 loop local.get 1 i32.load8_u drop local.get 1 i32.const 1 i32.add local.tee 1 br_if 0 end",
            [0, 0, 1, 0],
            [0; 4],
        ),
        (
            "block i32.const 1028 local.set 1 local.get 0 br_if 0 i32.const 64 local.set 1 end local.get 1 i32.load8_u drop",
            [0, 0, 1, 0],
            [0; 4],
        ),
        // The local may be something else by then.
        (
            "i32.const 1028 local.set 1 loop local.get 1 i32.load drop local.get 0 local.set 1 end",
            [0, 0, 1, 0],
            [0; 4],
        ),
        (
            "i32.const 1028 local.set 1 block local.get 0 br_if 0 local.get 0 local.set 1 end local.get 1 i32.load drop",
            [0, 0, 1, 0],
            [0; 4],
        ),
    ];
    for (code, inside, beside) in cases {
        let module = body(code);
        assert_eq!(counts(&xref(&module, 1028..1032)), inside, "{code}");
        assert_eq!(counts(&xref(&module, 1032..1033)), beside, "{code}");
    }
}

/// Without a memory a number is no address, wherever it goes.
#[test]
fn nothing_escapes_where_there_is_no_memory() {
    let text = |memory: &str| {
        wat(&format!(
            "(module {memory} (type $p (struct (field (mut i32))))
             (func (export \"run\") (result (ref $p)) (struct.new $p (i32.const 1028))))"
        ))
    };
    assert_eq!(counts(&xref(&text(""), 1028..1032)), [0; 4]);
    assert_eq!(counts(&xref(&text("(memory 1)"), 1028..1032)), [0, 0, 1, 0]);
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

/// A module with a global of this type, whose value is 1028, and these functions.
fn with_global(ty: &str, export: &str, code: &str) -> Module {
    wat(&format!(
        "(module (memory 1) (data (i32.const 1024) \"0123456789abcdef\") (global $__stack_pointer (mut i32) (i32.const 4096))
         (global $address {export} {ty} (i32.const 1028)) (func (export \"run\") {code}))"
    ))
}

#[test]
fn addresses_in_globals_are_followed_unless_something_may_write_them() {
    let read = "global.get $address i32.load drop";
    let written = "i32.const 7 global.set $address";
    for (ty, export, code, reads, is_written) in [
        ("i32", "", read, 1, false),
        ("i32", "(export \"address\")", read, 1, false),
        ("(mut i32)", "", read, 1, false),
        ("(mut i32)", "(export \"address\")", read, 0, true),
        ("(mut i32)", "", &format!("{read} {written}"), 0, true),
    ] {
        let report = xref(&with_global(ty, export, code), 1028..1032);
        assert_eq!(report.reads.len(), reads, "{ty} {export} {code}");
        let [global] = report.globals.as_slice() else { panic!("{}", report.tree().to_text()) };
        assert_eq!(
            (global.value, global.written, global.name.as_str()),
            (1028, is_written, "address")
        );
        assert!(
            report.tree().to_text().contains("1 address in globals"),
            "{}",
            report.tree().to_text()
        );
        assert!(xref(&with_global(ty, export, code), 1032..1036).globals.is_empty());
    }
}

#[test]
fn pointers_at_odd_places_are_found_and_say_so() {
    let module = wat(
        "(module (memory 1) (data (i32.const 64) \"x\\00\\10\\00\\00\\00\\00\\00\\00\\10\\00\\00\"))",
    );
    let report = xref(&module, 4096..4100);
    let found: Vec<(u64, bool)> =
        report.pointers.iter().map(|pointer| (pointer.address, pointer.aligned)).collect();
    assert_eq!(found, [(72, true), (65, false)]);
    assert!(
        report.tree().to_text().contains("data 0+1  0x1000  at an odd place"),
        "{}",
        report.tree().to_text()
    );
}

#[test]
fn every_memory_has_its_own_accesses() {
    let module = wat("(module (memory 1) (memory $second 1) (data $of_second (memory 1) (i32.const 64) \"abcd\")
        (func (export \"f\") (result i32) i32.const 64 i32.load i32.const 64 i32.load8_u $second i32.add))");
    let operators = |memory| -> Vec<String> {
        xref_in(&module, memory, 64..68).reads.into_iter().map(|one| one.operator).collect()
    };
    assert_eq!(operators(0), ["i32.load"]);
    assert_eq!(operators(1), ["i32.load8_u"]);
    assert_eq!(xref_in(&module, 1, 64..68).place, "of_second+0");
    assert!(xref_in(&module, 1, 64..68).tree().to_text().starts_with("memory 1, 0x40..0x44"));
    assert_eq!(target_in(&module, 1, "of_second"), Ok(64..68));
    assert!(target(&module, "of_second").is_err());
    assert_eq!(target_in(&module, 2, "64"), Err("the module has no memory 2: it has 2".into()));
}

#[test]
fn symbols_are_names_of_exports_of_got_entries_and_of_the_linking_section() {
    let module = wat("(module (memory 1) (data $.data (i32.const 1024) \"0123456789abcdef\")
        (global $GOT.data.internal.hidden i32 (i32.const 1036))
        (global (export \"shown\") i32 (i32.const 1032)) (global (export \"moving\") (mut i32) (i32.const 1032)))");
    assert_eq!(target(&module, "shown"), Ok(1032..1036));
    assert_eq!(target(&module, "hidden"), Ok(1036..1040));
    assert_eq!(target(&module, ".data"), Ok(1024..1040));
    assert!(target(&module, "moving").is_err());
    assert_eq!(xref(&module, 1034..1035).symbol.as_deref(), Some("shown+2"));
    // Version 2, then a table of one symbol: data, no flags, `ab\x1bc`, segment 0, offset 4, and
    // 6 bytes.
    let linking = "\\02\\08\\0b\\01\\01\\00\\04ab\\1bc\\00\\04\\06";
    let linked = |bytes: &str| {
        wat(&format!(
            "(module (memory 1) (data (i32.const 1024) \"0123456789abcdef\") (@custom \"linking\" \"{bytes}\"))"
        ))
    };
    let module = linked(linking);
    assert_eq!(target(&module, "ab\u{1b}c"), Ok(1028..1034));
    let report = xref(&module, 1030..1031);
    assert_eq!(report.symbol.as_deref(), Some("ab\\u{1b}c+2"));
    assert!(report.tree().to_text().contains("\nsymbol ab\\u{1b}c+2\n"));
    assert_eq!(xref(&module, 1034..1035).symbol, None);
    // A section that is cut short or points nowhere names nothing.
    for bytes in [
        "\\02\\08\\0a\\01\\01",
        "\\02\\08\\ff\\ff\\ff\\ff\\0f\\01",
        "\\02\\08\\09\\01\\01\\00\\02ab\\07\\04\\06",
        // Beyond its segment; and a list of segments with another number of them.
        "\\02\\08\\09\\01\\01\\00\\02ab\\00\\0c\\06",
        "\\02\\05\\09\\02\\01a\\00\\00\\01b\\00\\00\\08\\09\\01\\01\\00\\02ab\\00\\04\\06",
    ] {
        assert!(target(&linked(bytes), "ab").is_err(), "{bytes}");
    }
}

#[test]
fn what_nothing_names_is_left_to_a_run() {
    let module = wat(
        "(module (memory 1) (data (i32.const 1024) \"abcd\") (func (export \"f\") (param i32) (result i32) (i32.load8_u (local.get 0))) (func (export \"g\") (result i32) (i32.load8_u (i32.const 1024))))",
    );
    assert!(xref(&module, 1026..1027).tree().to_text().contains("`--watch` lists who"));
    assert!(!xref(&module, 1024..1025).tree().to_text().contains("--watch"));
}
