//! Twins of all kinds are valid, and have what they are to have. `crates/testing/tests/twins.rs`
//! runs them.

use prova_rewrite::{Fault, Twin, twin};
use wasmparser::{Validator, WasmFeatures};

/// Operators of each kind that name a memory, in code that is reached and in code that is not.
const ALL: &str = r#"(module
    (import "m" "f" (func))
    (memory (export "memory") 1 3)
    (table 2 funcref)
    (elem (i32.const 0) 0)
    (data (i32.const 5) "abc")
    (data $passive "xyz")
    (func (export "run") (param i32 f64) (result i32) (local v128)
        (i32.store offset=4 (local.get 0) (i32.const 7))
        (f64.store (local.get 0) (local.get 1))
        (local.set 2 (v128.load8_lane 3 (local.get 0) (local.get 2)))
        (v128.store8_lane 3 (local.get 0) (local.get 2))
        (drop (i32.atomic.rmw.cmpxchg (local.get 0) (i32.const 1) (i32.const 2)))
        (drop (memory.atomic.wait64 (local.get 0) (i64.const 1) (i64.const 2)))
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))
        (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
        (memory.init $passive (i32.const 0) (i32.const 1) (i32.const 2))
        (data.drop $passive)
        (drop (memory.grow (memory.size)))
        (i32.load8_u (local.get 0)))
    (func (unreachable) (f64.const 1) (f64.store) (i32.const 3) (memory.fill))
    (func (result i64) (return (i64.load (i32.const 3))) (i64.store)))"#;

fn kinds() -> impl Iterator<Item = Twin> {
    (0..8_u8).map(|bits| Twin {
        wide: bits & 1 != 0,
        imported: bits & 2 != 0,
        several: bits & 4 != 0,
    })
}

#[test]
fn twins_are_valid() {
    let without_import = ALL.replace(r#"(import "m" "f" (func))"#, "(func)");
    let with_memory = r#"(module (import "m" "m" (memory 1)) (memory 2)
        (memory i64 1)
        (func (memory.copy 0 1 (i32.const 1) (i32.const 2) (i32.const 3))
            (memory.copy 2 0 (i64.const 1) (i32.const 2) (i32.const 3))
            (memory.copy 0 2 (i32.const 1) (i64.const 2) (i32.const 3))
            (i32.store 2 (i64.const 1) (i32.load 1 (i32.const 2)))))"#;
    let nothing = "(module)";
    // What the first element of a table names is declared by it.
    let declares = r#"(module (func $f) (table 1 funcref (ref.func $f)) (memory 1)
        (func (export "g") (result funcref) (ref.func $f)))"#;
    let segment = r#"(elem (i32.const 0) func) (func (export "g")"#;
    let declares_too = declares.replace(r#"(func (export "g")"#, segment);
    let of_bytes = "(module (memory 1 (pagesize 1)))";
    let more = [declares, &declares_too, of_bytes];
    for text in [ALL, &without_import, with_memory, nothing].into_iter().chain(more) {
        let wasm = wat::parse_str(text).expect("a module");
        for what in kinds() {
            let twin = twin(&wasm, what).expect("a twin");
            let valid = Validator::new_with_features(WasmFeatures::all()).validate_all(&twin);
            if let Err(error) = valid {
                panic!("{what:?}: {error}\n{}", wasmprinter::print_bytes(&twin).expect("a text"));
            }
        }
    }
}

#[test]
fn a_twin_has_what_it_is_to_have() {
    let wasm = wat::parse_str(ALL).expect("a module");
    let text = |what| wasmprinter::print_bytes(twin(&wasm, what).expect("a twin")).expect("a text");
    let same = text(Twin::default());
    assert_eq!(same, wasmprinter::print_bytes(&wasm).expect("a text"));
    let wide = text(Twin { wide: true, ..Twin::default() });
    assert!(
        wide.contains("(memory (;0;) (export \"memory\") i64 1 3)") || wide.contains("i64 1 3")
    );
    assert!(wide.contains("i64.extend_i32_u") && wide.contains("i32.wrap_i64"), "{wide}");
    let imported = text(Twin { imported: true, ..Twin::default() });
    assert!(
        imported.contains("(import \"twin\" \"moved0\" (table (;0;) 2 funcref))"),
        "{imported}"
    );
    assert!(imported.contains("(import \"twin\" \"moved1\" (memory (;0;) 1 3))"), "{imported}");
    let several = text(Twin { several: true, ..Twin::default() });
    assert!(several.contains("i32.store 1 offset=4"), "{several}");
    assert!(several.contains("(data (;0;) (memory 1) (i32.const 5) \"abc\")"), "{several}");
}

#[test]
fn bad_modules_have_no_twin() {
    let wide = Twin { wide: true, ..Twin::default() };
    for bytes in [&b""[..], b"\0asm\x0d\0\x01\0", b"\0asm\x01\0\0\0\x0a\xff"] {
        assert!(matches!(twin(bytes, wide).expect_err("bad").fault, Fault::Malformed { .. }));
    }
    let invalid = wat::parse_str("(module (func (i32.add)))").expect("a module");
    assert!(matches!(twin(&invalid, wide).expect_err("bad").fault, Fault::Malformed { .. }));
    let text = r#"(module (import "m" "g" (global i32)) (memory 1) (data (global.get 0) "a"))"#;
    let computed = wat::parse_str(text).expect("a module");
    assert!(matches!(twin(&computed, wide).expect_err("none").fault, Fault::NoTwin(_)));
    twin(&computed, Twin { several: true, ..Twin::default() }).expect("a twin");
}
