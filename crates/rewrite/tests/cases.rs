//! Text in, text out: a module, an edit, the module that comes out.
//!
//! A case has three parts, each behind a line `;; before`, `;; edit` or `;; after`. Text before the
//! first of them says what the case is about.

use super::edits::edit;
use prova_rewrite::apply;
use std::path::Path;

#[test]
fn edits_make_what_the_cases_show() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the cases are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 10, "{} cases", paths.len());
    let mut failed = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a case");
        let (head, rest) = text.split_once(";; before\n").expect("a module");
        let (before, rest) = rest.split_once(";; edit\n").expect("an edit");
        let (commands, after) = rest.split_once(";; after\n").expect("a result");
        let wasm = wat::parse_str(before).expect("the module is text");
        let rewritten = apply(&wasm, &edit(commands)).expect("the edit fits");
        let mut found = wasmprinter::print_bytes(&rewritten.bytes).expect("the result is a module");
        if !rewritten.dropped.is_empty() {
            found.push_str(&format!(";; dropped: {}\n", rewritten.dropped.join(", ")));
        }
        if std::env::var_os("PROVA_BLESS").is_some() {
            let text = format!("{head};; before\n{before};; edit\n{commands};; after\n{found}");
            std::fs::write(&path, text).expect("the case can be written");
        } else if found != after {
            failed.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn an_empty_edit_keeps_the_bytes_of_a_short_encoding() {
    let wasm = wat::parse_str(
        "(module
          (type (func (param i32) (result i32)))
          (import \"m\" \"f\" (func (type 0)))
          (table 2 funcref) (memory 1 2) (global (mut i32) (i32.const 7))
          (export \"f\" (func 1)) (start 2)
          (elem (i32.const 0) func 0 1)
          (func (type 0) (call 0 (i32.load offset=300 (local.get 0))))
          (func (drop (call 1 (i32.const -5))))
          (data (i32.const 8) \"text\") (data \"passive\")
          (@custom \"other\" \"bytes\"))",
    )
    .expect("a module");
    let edit = prova_rewrite::Edit { customs: prova_rewrite::Customs::All, ..Default::default() };
    assert_eq!(apply(&wasm, &edit).expect("nothing is wrong").bytes, wasm);
}

#[test]
fn sections_stand_empty_where_the_edit_says_so() {
    let wasm = b"\0asm\x01\0\0\0";
    let nothing = apply(wasm, &edit("")).expect("nothing is wrong").bytes;
    assert_eq!(nothing, wasm);
    let both = apply(wasm, &edit("always table\nalways element")).expect("nothing is wrong").bytes;
    assert_eq!(both[8..], [4, 1, 0, 9, 1, 0]);
    // Segments are counted, also where the module has no count of them.
    let one = wat::parse_str("(module (memory 1) (data (i32.const 0) \"x\"))").expect("a module");
    let two = apply(&one, &edit("data passive y")).expect("nothing is wrong").bytes;
    assert!(two.windows(3).any(|bytes| bytes == [12, 1, 2]), "{two:?}");
    // A section that the module has stays, also without items.
    let one = wat::parse_str("(module (import \"m\" \"f\" (func)))").expect("a module");
    let gone = apply(&one, &edit("numbers func -")).expect("the import is not used").bytes;
    assert_eq!(gone[8..], [1, 4, 1, 0x60, 0, 0, 2, 1, 0]);
}
