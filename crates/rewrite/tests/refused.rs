//! Edits and modules that do not fit: each is refused with its section and fault, beside a twin
//! that is accepted.

use super::edits::edit;
use prova_rewrite::{Error, Fault, Space, apply};
use wasm_encoder::SectionId;

const MODULE: &str = "(module
    (import \"m\" \"f\" (func))
    (table 1 funcref) (memory 1) (global i32 (i32.const 1))
    (export \"run\" (func 1))
    (func (call 0))
    (func (call 2))
    (elem (i32.const 0) func 2)
    (data (i32.const 0) \"x\"))";

/// Returns the error of an edit of [`MODULE`], which must be refused.
fn fault(commands: &str) -> Error {
    let wasm = wat::parse_str(MODULE).expect("a module");
    apply(&wasm, &edit(commands)).expect_err(commands)
}

fn accepted(commands: &str) {
    let wasm = wat::parse_str(MODULE).expect("a module");
    if let Err(error) = apply(&wasm, &edit(commands)) {
        panic!("{commands}: {error}");
    }
}

#[test]
fn what_is_replaced_is_there() {
    let twins = [
        ("body 2 (func)", "body 3 (func)", SectionId::Function, Space::Func, 3),
        ("bodiless 2", "bodiless 0", SectionId::Function, Space::Func, 0),
        ("table-size 0 2", "table-size 1 2", SectionId::Table, Space::Table, 1),
        ("memory-size 0 2", "memory-size 7 2", SectionId::Memory, Space::Memory, 7),
        ("global-value 0 2", "global-value 1 2", SectionId::Global, Space::Global, 1),
        ("data-changed 0 5 y", "data-changed 1 5 y", SectionId::Data, Space::Data, 1),
    ];
    for (right, wrong, section, space, index) in twins {
        accepted(right);
        let fault = self::fault(wrong);
        assert_eq!(fault.section, Some(section), "{wrong}");
        assert_eq!(fault.fault, Fault::Absent { space, index }, "{wrong}");
    }
    accepted("unexport run");
    assert_eq!(fault("unexport walk").fault, Fault::NoExport("walk".to_owned()));
}

#[test]
fn what_is_used_stays() {
    // Function 2 is used by its own call and by the segment.
    accepted("numbers func 0 1 2");
    let used = fault("numbers func 0 1 -");
    assert_eq!(used.section, Some(SectionId::Element));
    assert_eq!(used.fault, Fault::Used { space: Space::Func, index: 2 });
    // The import is used by code alone.
    let used = fault("numbers func - 0 1");
    assert_eq!(used.section, Some(SectionId::Code));
    assert_eq!(used.fault, Fault::Used { space: Space::Func, index: 0 });
    accepted("numbers func - 0 1\nbody 1 (func)");
    // A list that is too short has no number for the last function.
    let absent = fault("numbers func 0 1");
    assert_eq!(absent.fault, Fault::Absent { space: Space::Func, index: 2 });
    let words = "element section: the edit takes out function 2, which is used: replace its uses";
    assert_eq!(fault("numbers func 0 1 -").to_string(), words);
}

#[test]
fn an_imported_thing_has_no_size_or_value() {
    let wasm =
        wat::parse_str("(module (import \"m\" \"g\" (global i32)) (global i32 (i32.const 0)))")
            .expect("a module");
    assert!(apply(&wasm, &edit("global-value 1 5")).is_ok());
    let fault = apply(&wasm, &edit("global-value 0 5")).expect_err("an import has no value").fault;
    assert_eq!(fault, Fault::Absent { space: Space::Global, index: 0 });
}

#[test]
fn sections_are_well_formed() {
    let header = b"\0asm\x01\0\0\0".as_slice();
    let with = |sections: &[&[u8]]| [header, &sections.concat()].concat();
    let nothing = edit("");
    assert!(apply(&with(&[&[1, 1, 0], &[3, 1, 0]]), &nothing).is_ok());
    let malformed = [
        (b"\0asm\x02\0\0\0".to_vec(), None),
        (b"\0asm".to_vec(), None),
        // Twice, out of order, unknown.
        (with(&[&[1, 1, 0], &[1, 1, 0]]), None),
        (with(&[&[3, 1, 0], &[1, 1, 0]]), None),
        (with(&[&[77, 0]]), None),
        // Longer than the module, without a count, with bytes behind the last item.
        (with(&[&[1, 9, 0]]), None),
        (with(&[&[1, 0]]), Some(SectionId::Type)),
        (with(&[&[1, 2, 0, 0]]), Some(SectionId::Type)),
        (with(&[&[8, 2, 0, 0]]), Some(SectionId::Start)),
        // A count of items that are not there, a body that ends too early, a name without a size.
        (with(&[&[3, 5, 255, 255, 255, 255, 15]]), Some(SectionId::Function)),
        (with(&[&[10, 4, 1, 2, 0, 65]]), Some(SectionId::Code)),
        (with(&[&[0, 1, 9]]), Some(SectionId::Custom)),
    ];
    for (wasm, section) in malformed {
        let error = apply(&wasm, &nothing).expect_err("the module is malformed");
        assert_eq!(error.section, section, "{wasm:?}: {error}");
        assert!(matches!(error.fault, Fault::Malformed { .. }), "{wasm:?}: {error}");
    }
}
