//! Import matching, case by case: each accepted import beside one that differs in one thing.

use crate::{export, instance, instantiate, module, store};
use prova_runtime::{Extern, InstantiateError, LinkError, LinkReason, MemoryAddr};

const PROVIDER: &str = r#"(module
    (func (export "f") (param i32) (result i64) unreachable)
    (table (export "t") 2 5 funcref)
    (table (export "t-open") 2 funcref)
    (table (export "t-extern") 2 5 externref)
    (table (export "t64") i64 2 5 funcref)
    (memory (export "m") 1 3)
    (memory (export "m-open") 1)
    (memory (export "m64") i64 1 3)
    (memory (export "m-byte") 1 3 (pagesize 1))
    (global (export "g") i32 (i32.const 1))
    (global (export "g-mut") (mut i32) (i32.const 1))
    (global (export "g-ref") funcref (ref.null func)))"#;

/// Imports, and the exports of [`PROVIDER`] that each one matches.
const CASES: &[(&str, &[&str], &[&str])] = &[
    (
        "f",
        &["(func (param i32) (result i64))"],
        &[
            "(func)",
            "(func (param i32))",
            "(func (param i64) (result i64))",
            "(func (param i32 i32) (result i64))",
            "(global i32)",
            "(memory 0)",
            "(table 0 funcref)",
        ],
    ),
    (
        "t",
        &["(table 2 5 funcref)", "(table 0 funcref)", "(table 1 9 funcref)"],
        &[
            "(table 3 funcref)",
            "(table 2 4 funcref)",
            "(table 2 5 externref)",
            "(table i64 2 5 funcref)",
            "(memory 0)",
        ],
    ),
    ("t-open", &["(table 2 funcref)"], &["(table 2 5 funcref)", "(table 0 4294967295 funcref)"]),
    ("t-extern", &["(table 2 5 externref)"], &["(table 2 5 funcref)"]),
    ("t64", &["(table i64 2 5 funcref)"], &["(table 2 5 funcref)"]),
    (
        "m",
        &["(memory 1 3)", "(memory 0)", "(memory 1 4)"],
        &["(memory 2)", "(memory 1 2)", "(memory i64 1 3)", "(memory 1 3 (pagesize 1))", "(func)"],
    ),
    ("m-open", &["(memory 1)"], &["(memory 1 3)", "(memory 0 65536)"]),
    ("m64", &["(memory i64 1 3)"], &["(memory 1 3)"]),
    ("m-byte", &["(memory 1 3 (pagesize 1))"], &["(memory 1 3)"]),
    ("g", &["(global i32)"], &["(global i64)", "(global (mut i32))", "(global f32)", "(func)"]),
    ("g-mut", &["(global (mut i32))"], &["(global i32)", "(global (mut i64))"]),
    ("g-ref", &["(global funcref)"], &["(global externref)", "(global i32)"]),
];

fn importing(ty: &str) -> String {
    format!("(module (import \"a\" \"b\" {ty}))")
}

#[test]
fn imports_match_by_type_size_and_maximum() {
    let mut store = store();
    let provider = instance(&mut store, PROVIDER, &[]);
    for (name, accepted, refused) in CASES {
        let given = export(&store, provider, name);
        for ty in *accepted {
            let outcome = instantiate(&mut store, &importing(ty), &[given]);
            assert!(outcome.is_ok(), "{name} as {ty}: {outcome:?}");
        }
        for ty in *refused {
            let error = instantiate(&mut store, &importing(ty), &[given]).unwrap_err();
            let message = error.to_string();
            let InstantiateError::Link(LinkError { import: 0, reason, .. }) = error else {
                panic!("{name} as {ty}: {message}")
            };
            assert!(matches!(reason, LinkReason::Incompatible { .. }), "{name} as {ty}");
            assert!(message.starts_with("incompatible import type for `a::b`: "), "{message}");
        }
    }
}

#[test]
fn sizes_count_as_they_are_now() {
    let mut store = store();
    let provider = instance(&mut store, PROVIDER, &[]);
    let Extern::Memory(memory) = export(&store, provider, "m") else { panic!() };
    let import = importing("(memory 2)");
    assert!(instantiate(&mut store, &import, &[Extern::Memory(memory)]).is_err());
    assert_eq!(store.memory_grow(memory, 1), Some(1));
    assert!(instantiate(&mut store, &import, &[Extern::Memory(memory)]).is_ok());
}

#[test]
fn errors_name_both_types() {
    let mut store = store();
    let provider = instance(&mut store, PROVIDER, &[]);
    let cases = [
        ("f", "(func)", "expected func [] -> [], found func [i32] -> [i64]"),
        ("t64", "(table 1 funcref)", "expected table 1 funcref, found table i64 2 5 funcref"),
        ("m-byte", "(memory 1)", "expected memory 1, found memory 1 3 pagesize 2^0"),
        ("m64", "(global i32)", "expected global i32, found memory i64 1 3"),
        ("g-mut", "(global f64)", "expected global f64, found global (mut i32)"),
    ];
    for (name, ty, expected) in cases {
        let given = export(&store, provider, name);
        let error = instantiate(&mut store, &importing(ty), &[given]).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

/// Errors show definitions of types, and not numbers of the store or the module.
#[test]
fn errors_tell_definitions_of_types() {
    let provider = r#"(module
      (type $p (sub (struct (field (mut i32)) (field i8)))) (type $l (struct (field (ref null $l))))
      (type $f (func (param (ref $p)))) (type $deep (array (ref $l)))
      (func (export "f") (type $f)) (table (export "t") 1 (ref null $p))
      (global (export "g") (ref null $p) (ref.null $p))
      (global (export "l") (mut (ref null $deep)) (ref.null $deep)))"#;
    let module = |types: &str, ty: &str| {
        format!("(module (type $z (array f32)) {types} (import \"a\" \"b\" {ty}))")
    };
    let cases = [
        (
            "f",
            module("(type $q (struct (field i64)))", "(func (param (ref null $q)))"),
            "expected func [(ref null (struct (field i64)))] -> [], \
             found func [(ref (sub (struct (field (mut i32)) (field i8))))] -> []",
        ),
        (
            "t",
            module("", "(table 1 (ref null $z))"),
            "expected table 1 (ref null (array f32)), \
             found table 1 (ref null (sub (struct (field (mut i32)) (field i8))))",
        ),
        (
            "g",
            module("", "(global (ref null $z))"),
            "expected global (ref null (array f32)), \
             found global (ref null (sub (struct (field (mut i32)) (field i8))))",
        ),
        (
            "l",
            module("", "(global (mut (ref null $z)))"),
            "expected global (mut (ref null (array f32))), found global (mut (ref null \
             (array (ref (struct (field (ref null (struct (field (ref null …))))))))))",
        ),
        (
            "l",
            module(
                "(rec (type $l (struct (field (ref null $l)))) (type $m (struct))) \
                 (type $deep (array (ref $l)))",
                "(global (mut (ref null $deep)))",
            ),
            "found another type with the same text",
        ),
    ];
    let mut store = store();
    let provider = instance(&mut store, provider, &[]);
    for (name, importing, expected) in cases {
        let given = export(&store, provider, name);
        let error = instantiate(&mut store, &importing, &[given]).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn a_missing_import_is_unknown_and_one_too_many_is_an_error() {
    let mut store = store();
    let provider = instance(&mut store, PROVIDER, &[]);
    let g = export(&store, provider, "g");
    let two = "(module (import \"a\" \"b\" (global i32)) (import \"c\" \"d\" (func)))";
    let error = instantiate(&mut store, two, &[g]).unwrap_err();
    assert_eq!(error.to_string(), "unknown import: `c::d` has not been defined");
    let InstantiateError::Link(LinkError { import: 1, reason: LinkReason::Unknown, .. }) = error
    else {
        panic!("{error}")
    };
    let error = instantiate(&mut store, &importing("(global i32)"), &[g, g]).unwrap_err();
    assert!(matches!(error, InstantiateError::ImportCount { expected: 1, actual: 2 }), "{error}");
}

#[test]
fn objects_of_a_fuller_store_do_not_exist_in_this_one() {
    let mut store = store();
    let kinds = [
        ("(func)", Extern::Func(prova_runtime::FuncAddr::from_index(7))),
        ("(table 0 funcref)", Extern::Table(prova_runtime::TableAddr::from_index(7))),
        ("(memory 0)", Extern::Memory(MemoryAddr::from_index(7))),
        ("(global i32)", Extern::Global(prova_runtime::GlobalAddr::from_index(7))),
    ];
    for (ty, given) in kinds {
        let error = instantiate(&mut store, &importing(ty), &[given]).unwrap_err().to_string();
        assert!(error.ends_with("of another store"), "{error}");
    }
}

#[test]
fn types_are_compared_across_modules() {
    let mut store = store();
    // The same type has another index in each module.
    let provider = instance(
        &mut store,
        "(module (type (func)) (type (func (param f64))) (func (export \"f\") (type 1)))",
        &[],
    );
    let f = export(&store, provider, "f");
    let good = "(module (type (func (param f64))) (import \"\" \"\" (func (type 0))))";
    let bad = "(module (type (func)) (type (func (param f32))) (import \"\" \"\" (func (type 1))))";
    assert!(instantiate(&mut store, good, &[f]).is_ok());
    assert!(instantiate(&mut store, bad, &[f]).is_err());
}

#[test]
fn a_link_error_is_made_for_linkers_too() {
    let module = module("(module (import \"a\" \"b\" (func)))");
    let error = LinkError::new(0, &module.imports()[0], LinkReason::Unknown);
    assert_eq!((&*error.module, &*error.name), ("a", "b"));
    let _: &dyn std::error::Error = &error;
}
