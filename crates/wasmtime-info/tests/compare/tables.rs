//! Operators on tables and segments: which functions are accepted that Wasmtime compiled.
//!
//! `recorded/tables.wat` has one function for each form of `table.init` and its neighbours, and
//! `tables.txt` the file that `wasmtime compile -W all-proposals=y` of 48.0.2 made of it, written
//! by `record tables.cwasm tables.wasm code`. A form that is accepted from now on fails the test,
//! as one does that is refused from now on. Twins are the accepted functions with one fault.
//!
//! A green run says nothing of other settings than the default ones.

use crate::recorded::{Recorded, read};
use prova_check::Rule;
use prova_wasmtime_info::rest;
use prova_wasmtime_layout::{Report, verify_on};

/// Functions that are refused today, by which rule.
const REFUSED: [(&str, Rule); 6] = [
    ("count-active-segment", Rule::Address),
    ("count-declared-segment", Rule::Address),
    ("in-a-loop", Rule::Address),
    ("count-64-bit-table", Rule::Address),
    ("copy-two", Rule::Address),
    ("fill-64-bit-table", Rule::Table),
];
/// Functions, trampolines and callers of builtins that are accepted.
const CONFINED: usize = 32;
/// Indices of segments' elements in functions that are accepted.
const INDICES: usize = 20;

fn tables() -> Recorded {
    read(include_str!("../recorded/tables.txt"))
}

fn verified(file: &Recorded) -> Report {
    verify_on(1, &file.bytes(), &file.wasm, rest).expect("a file that can be read")
}

/// The name that the Wasm gives a function, of its symbol.
fn short(symbol: &str) -> &str {
    symbol.rsplit("::").next().unwrap_or(symbol)
}

#[test]
fn forms_of_table_operators_are_accepted() {
    let report = verified(&tables());
    let refused: Vec<_> = report.refused.iter().map(|it| (short(&it.name), it.rule)).collect();
    assert_eq!(refused, REFUSED);
    assert_eq!(report.confined, CONFINED);
}

/// Twins: `shl r, 4`, by which an index becomes a distance in a segment, shifts by 5.
#[test]
fn an_index_that_is_scaled_wrongly_is_refused() {
    let file = tables();
    let refused = |name: &str| REFUSED.iter().any(|(of, _)| *of == short(name));
    let shifts = |code: &[u8]| matches!(code, [0x48 | 0x49, 0xc1, 0xe0..=0xe7, 4]);
    let code = file.clone().section(".text").clone();
    let mut tried = 0;
    for (name, start, len) in &file.symbols {
        if !name.contains("function[") || refused(name) {
            continue;
        }
        let (start, end) = (*start as usize, (start + len) as usize);
        for at in (start..end - 4).filter(|&at| shifts(&code[at..at + 4])) {
            let mut twin = file.clone();
            twin.section(".text")[at + 3] = 5;
            tried += 1;
            let mut named = verified(&twin).refused.into_iter().map(|it| it.name);
            assert!(named.any(|it| it == *name), "{name} is accepted with a faulty shift");
        }
    }
    assert_eq!(tried, INDICES);
}
