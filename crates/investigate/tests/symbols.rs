//! Functions in another order: whether the compiler's symbols or the linker decided it.
//!
//! Each kind of symbol is a pattern with a place for a hash. A pair of modules has the same
//! functions in another order. In the twin of each pair the names are equal on both sides.
//!
//! A green run does not show that a compiler orders functions like this: the pairs are made up.

use prova_investigate::explain::{Sources, Stage, explain};
use prova_module::{Features, Limits, Module};

/// A hash of a number: hexadecimal, or decimal digits.
type Hash = fn(u64) -> String;

/// A name for a reader, the parts around the hash, the hash, and a word of the advice.
type Row = (&'static str, [&'static str; 2], Hash, &'static str);

fn hex(number: u64) -> String {
    format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn decimal(number: u64) -> String {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string()
}

fn base62(number: u64) -> String {
    let (mut left, mut text) = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15), String::new());
    while left > 0 {
        let digits = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        text.push(char::from(digits[(left % 62) as usize]));
        left /= 62;
    }
    text
}

fn md5(number: u64) -> String {
    (hex(number) + &hex(number + 1)).to_uppercase()
}

const ROWS: &[Row] = &[
    ("Rust", ["_ZN4core3ptr13drop_in_place17h", "E"], hex, "metadata"),
    ("Rust, demangled by the linker", ["core::ptr::drop_in_place::h", ""], hex, "metadata"),
    ("Rust v0", ["_RINvNtCs", "_4core3ptr13drop_in_placeNtCs1_1r1YEB4_"], base62, "metadata"),
    ("Rust v0, demangled", ["r[", "]::main"], hex, "metadata"),
    ("ThinLTO", ["_ZL4stepi.llvm.", ""], decimal, "ThinLTO"),
    ("ThinLTO, demangled", ["step(int) (.llvm.", ")"], decimal, "ThinLTO"),
    ("clang, unique", ["_ZL4stepi.__uniq.", ""], decimal, "-ffile-prefix-map"),
    ("Swift", ["$s4main4step33_", "LLyyF"], md5, "swiftc"),
    ("Zig", ["main.step__anon_", ""], decimal, "one toolchain"),
    ("anonymous namespace", ["_ZN12_GLOBAL__N__", "_1a4stepEi"], hex, "one toolchain"),
    ("another compiler", ["step_", ""], hex, "one toolchain"),
];

/// A module of functions, each by its number and its name, in this order; all are in a table.
fn module(functions: &[(usize, String)]) -> Module {
    let funcs = functions.iter().map(|(number, name)| {
        let (one, two) = (1_000_003 * (number + 1), 77_777 + number);
        format!(
            "(func ${number} (@name \"{name}\") (param i32) (result i32)
               (i32.xor (i32.mul (local.get 0) (i32.const {one})) (i32.const {two})))"
        )
    });
    let calls = (0..functions.len()).map(|number| format!("(call ${number} (local.get 0))"));
    let funcs: String = funcs.collect();
    let sum = calls.reduce(|sum, call| format!("(i32.add {sum} {call})")).unwrap_or_default();
    let text = format!(
        "(module {funcs} (func (@name \"sum\") (export \"sum\") (param i32) (result i32) {sum}))"
    );
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

/// The stages and all advice on the causes of a pair.
fn explained(a: &[(usize, String)], b: &[(usize, String)]) -> (Vec<Stage>, String, String) {
    let explanation =
        explain(&module(a), &module(b), &Sources::default()).expect("it can be explained");
    let stages = explanation.causes.iter().map(|cause| cause.stage).collect();
    let advice = explanation.causes.iter().flat_map(|cause| cause.advice.clone());
    (stages, advice.collect::<Vec<_>>().join("\n"), explanation.tree().to_text())
}

/// How many functions a module has besides `sum`.
const COUNT: usize = 8;

/// Orders of the functions in B: some exchanged, a part that moves, all turned.
const ORDERS: [[usize; COUNT]; 4] = [
    [0, 2, 1, 3, 4, 5, 6, 7],
    [4, 5, 6, 7, 0, 1, 2, 3],
    [7, 6, 5, 4, 3, 2, 1, 0],
    [3, 1, 0, 2, 7, 5, 4, 6],
];

#[test]
fn symbols_of_each_kind_are_told_from_the_linkers_order() {
    for (kind, [before, after], hash, advised) in ROWS {
        let name = |side: u64, number: usize| {
            format!("{before}{}{after}", hash(1 + side * 1000 + 37 * number as u64))
        };
        for order in ORDERS {
            let a: Vec<_> = (0..COUNT).map(|number| (number, name(0, number))).collect();
            let b: Vec<_> = order.map(|number| (number, name(1, number))).into();
            let (stages, advice, text) = explained(&a, &b);
            assert!(stages.contains(&Stage::Symbols), "{kind}: {text}");
            assert!(!stages.contains(&Stage::Link), "{kind}: {text}");
            assert!(advice.contains(advised) && !advice.contains("linker"), "{kind}: {text}");
            // The twin: the names are those of A, so the linker's inputs had another order.
            let twin: Vec<_> = order.map(|number| (number, name(0, number))).into();
            let (stages, advice, text) = explained(&a, &twin);
            assert!(stages.contains(&Stage::Link), "{kind}: {text}");
            assert!(!stages.contains(&Stage::Symbols), "{kind}: {text}");
            assert!(advice.contains("give the linker its inputs in a fixed order"), "{text}");
        }
    }
}

#[test]
fn names_alone_are_never_the_linkers() {
    let order = [0, 1, 2, 3, 4, 5, 6, 7];
    for (kind, [before, after], hash, advised) in ROWS {
        let named = |side: u64| -> Vec<(usize, String)> {
            let name = |number| format!("{before}{}{after}", hash(1 + side * 1000 + number as u64));
            order.map(|number| (number, name(number))).into()
        };
        let (stages, advice, text) = explained(&named(0), &named(1));
        assert!(
            stages.contains(&Stage::Symbols) && !stages.contains(&Stage::Link),
            "{kind}: {text}"
        );
        assert!(advice.contains(advised), "{kind}: {text}");
        assert!(explained(&named(0), &named(0)).0.is_empty(), "{kind}");
    }
    // Names that are no hashes: somebody renamed the functions.
    let named = |name: &str| -> Vec<(usize, String)> {
        order.map(|number| (number, format!("{name}_{number}"))).into()
    };
    let (stages, advice, text) = explained(&named("step"), &named("walk"));
    assert_eq!(stages, [Stage::Source], "{text}");
    assert!(advice.contains("names of functions in both sources"), "{text}");
}

#[test]
fn the_linker_is_blamed_where_most_exchanged_functions_keep_their_names() {
    let hashed =
        |side: u64, number: usize| format!("_ZN1r1f17h{}E", hex(side * 99 + number as u64));
    // The functions from `first` on have hashes; `sides` says of which build.
    let named = |side: u64, first: usize, order: [usize; COUNT]| -> Vec<(usize, String)> {
        let name = |number| match number >= first {
            true => (number, hashed(side, number)),
            false => (number, format!("plain_{number}")),
        };
        order.map(name).into()
    };
    let straight = [0, 1, 2, 3, 4, 5, 6, 7];
    for (first, order, stage, words) in [
        // Hashes differ, but only functions without them have moved.
        (6, [3, 2, 1, 0, 4, 5, 6, 7], Stage::Link, "fixed order"),
        // Most of the exchanged functions have other hashes; a few others have moved too.
        (2, [1, 0, 7, 6, 5, 4, 3, 2], Stage::Symbols, "then look at the order of the linker"),
        // Few of them have.
        (6, [5, 4, 3, 2, 1, 0, 7, 6], Stage::Link, "fixed order"),
    ] {
        let (stages, advice, text) = explained(&named(0, first, straight), &named(1, first, order));
        assert!(stages.contains(&stage), "{order:?}: {text}");
        assert!(advice.contains(words), "{order:?}: {text}");
    }
    // Names that one side alone has tell nothing.
    let a: Vec<_> = straight.map(|number| (number, hashed(0, number))).into();
    let b: Vec<_> = ORDERS[1].map(|number| (number, format!("renamed_{number}"))).into();
    let (stages, _, text) = explained(&a, &b);
    assert!(!stages.contains(&Stage::Symbols), "{text}");
}
