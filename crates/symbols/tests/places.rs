//! Known places, as a reader sees them.

use crate::beside::{bytes, decoded, operators};
use prova_demangle::demangle;
use prova_symbols::symbols;

#[test]
fn inlined_functions_stand_inside_their_callers() {
    let module = decoded(bytes("cpp4.wasm"));
    let all = symbols(&module, &operators(&module));
    let division =
        all.iter().find(|symbols| symbols.first().is_some_and(|symbol| symbol.line == Some(9)));
    let shown: Vec<String> = division
        .expect("the division")
        .iter()
        .map(|symbol| {
            let name = demangle(symbol.name.as_deref().unwrap_or_default());
            format!(
                "{name} {}:{}",
                symbol.file.as_deref().unwrap_or_default(),
                symbol.line.unwrap_or(0)
            )
        })
        .collect();
    let expected = [
        "geometry::Pair<int>::ratio() const /src/shapes.cpp:9",
        "geometry::mean(geometry::Pair<int>) /src/shapes.cpp:14",
        "geometry::worst(geometry::Pair<int> const*, int) /src/shapes.cpp:20",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn code_that_the_linker_removed_has_no_symbols_of_others() {
    for name in ["cpp4.wasm", "cpp5.wasm"] {
        let module = decoded(bytes(name));
        for symbol in symbols(&module, &operators(&module)).iter().flatten() {
            assert!(!symbol.name.as_deref().unwrap_or_default().contains("removed"), "{symbol:?}");
        }
    }
}

#[test]
fn offsets_outside_code_have_none() {
    let module = decoded(bytes("cpp4.wasm"));
    let end = u32::try_from(module.bytes().len()).expect("small");
    for found in symbols(&module, &[0, 8, end, u32::MAX]) {
        assert!(found.is_empty(), "{found:?}");
    }
    let plain = wat::parse_str("(module (func nop))").expect("text");
    let plain = decoded(plain);
    assert!(symbols(&plain, &operators(&plain)).iter().all(Vec::is_empty));
}
