//! The layout that `prova-wasmtime-layout` derives by itself, beside the tables of Wasmtime's own
//! crate: places of fields (`VMOffsets`, `PtrSize`), interned types (`ModuleTypes`), memories,
//! tables, globals, indices of builtins.
//!
//! All fields of all structures are compared, of each element of the context alone; so a field that
//! only one side has fails, too. Not compared: what a field *holds* is said here once more by hand,
//! and what the host's runtime puts there is believed.

mod compare;
mod made;

use compare::{Differs, compare};
use prova_check::Argument;
use prova_wasmtime_layout::Settings;
use std::path::{Path, PathBuf};
use wasmtime_environ::{BuiltinFunctionIndex, Trap, VMGcKind};

/// Settings that memories depend on: the defaults, memories that never move, small reservations,
/// no guard, no signals.
pub(crate) const SETTINGS: [(u64, u64, bool, bool); 6] = [
    (4 << 30, 32 << 20, true, true),
    (4 << 30, 0, false, true),
    (1 << 20, 1 << 16, true, true),
    (0, 0, true, true),
    (6 << 30, 2 << 30, false, true),
    (4 << 30, 32 << 20, true, false),
];

/// The settings in which code keeps the heap of collected objects, so that no function may take or
/// give references to exceptions.
const KEPT: [usize; 3] = [2, 3, 5];

pub(crate) fn settings((reservation, guard, moves, signals): (u64, u64, bool, bool)) -> Settings {
    Settings {
        release: "48.0.8".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        collector: None,
        debug_native: false,
        memory_reservation: reservation,
        memory_guard_size: guard,
        memory_may_move: moves,
        gc_heap_reservation: reservation,
        gc_heap_guard_size: guard,
        gc_heap_may_move: moves,
        table_lazy_init: true,
        consume_fuel: false,
        epoch_interruption: false,
        signals_based_traps: signals,
        winch_callable: false,
        is_v3: false,
        is_avx512: false,
    }
}

/// Compares a module in all settings: the places of those in which the derivation does not know all
/// that it has, and why.
fn unknown(name: &str, wasm: &[u8]) -> Vec<(usize, String)> {
    let mut refused = Vec::new();
    for (place, some) in SETTINGS.into_iter().enumerate() {
        for heap in [false, true] {
            match compare(wasm, &settings(some), heap) {
                Ok(()) => {}
                Err(Differs::Refused(why)) => refused.push((place, why)),
                Err(Differs::At(what)) => panic!("{name}, {some:?}, heap {heap}: {what}"),
            }
        }
    }
    refused
}

/// The Wasm of a folder and those below.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        let ends = |with: &str| path.extension().is_some_and(|ext| ext == with);
        if path.is_dir() && !path.ends_with("target") {
            files(&path, found);
        } else if ends("wasm") || ends("wat") {
            found.push(path);
        }
    }
}

#[test]
fn modules_of_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in ["programs", "tests", "crates/wasmtime-info/tests"] {
        files(&root.join(folder), &mut found);
    }
    let mut known = 0;
    for path in &found {
        // Some are there to be malformed.
        let Ok(wasm) = wat::parse_file(path) else { continue };
        known += usize::from(unknown(&path.display().to_string(), &wasm).is_empty());
    }
    assert!(known >= 100, "{known} of {} modules were compared", found.len());
}

#[test]
fn generated_modules() {
    for index in 0..400 {
        let (text, wasm) = made::module(index);
        let refused = unknown(&format!("{index}: {text}"), &wasm);
        let kept = refused.iter().filter(|(place, why)| {
            KEPT.contains(place) && why.contains("functions of references to exceptions")
        });
        let expected = if text.contains("exn") { 2 * KEPT.len() } else { 0 };
        assert_eq!(
            (kept.count(), refused.len()),
            (expected, expected),
            "{index}: {refused:?} {text}"
        );
    }
}

/// A module of one part, and what the difference must name if the part is left out of the Wasm
/// that the layout is derived of.
#[test]
fn differences_are_seen() {
    let tag = "(type (func))(tag)";
    let parts = [
        (r#"(import "" "" (func))"#, "", "type 0"),
        (r#"(import "" "" (memory 1))"#, "", "the context"),
        (r#"(import "" "" (table 1 funcref))"#, "", "the context"),
        (r#"(import "" "" (global i32))"#, "", "the context"),
        (r#"(import "" "" (tag))(tag)(global i32 (i32.const 0))"#, tag, "the context"),
        ("(memory 1)", "", "the context"),
        ("(table 1 funcref)", "", "the context"),
        ("(global i32 (i32.const 0))", "", "the context"),
        // Tags have a type, and move what stands behind them.
        ("(tag)(tag)(tag)(memory 1)(data \"a\")", "(tag)(memory 1)(data \"a\")", "the context"),
        ("(tag)", "(type (func))", "type 1"),
        ("(tag)(tag (param i32))", "(type (func))(type (func (param i32)))(tag)", "type 3"),
        ("(tag)(tag)", tag, "types of tags"),
        ("(type (func (param i32)))", "", "type 0"),
    ];
    for (part, other, at) in parts {
        let bytes = |text: &str| wat::parse_str(format!("(module {text})")).expect("a module");
        let settings = settings(SETTINGS[0]);
        compare(&bytes(part), &settings, false).unwrap_or_else(|error| panic!("{part}: {error:?}"));
        match compare::of_another(&bytes(other), &bytes(part), (&settings, false)) {
            Err(Differs::At(what)) => assert!(what.starts_with(at), "{part}: {what}"),
            other => panic!("{part}: {other:?}"),
        }
    }
}

/// The builtins with a rule stand where the rule says, and their table has as many.
#[test]
fn builtins() {
    let wasm = wat::parse_str("(module (memory 1) (table 1 funcref))").expect("a module");
    let mut ruled = 0;
    for index in 0..BuiltinFunctionIndex::len() {
        let name = BuiltinFunctionIndex::from_u32(index).name();
        if let Some(hosted) = prova_wasmtime_layout::layout::hosted(name, &wasm).expect("a layout")
        {
            assert_eq!(hosted.index, index, "{name}");
            ruled += 1;
        }
    }
    assert_eq!(ruled, 28);
    // Traps of core modules come first.
    let trap = prova_wasmtime_layout::layout::hosted("trap", &wasm).expect("a layout");
    let alloc = prova_wasmtime_layout::layout::hosted("gc_alloc_raw", &wasm).expect("a layout");
    let kind = Argument::OneOf(&[VMGcKind::ExnRef as u32]);
    assert_eq!(alloc.map(|alloc| alloc.arguments[0]), Some(kind));
    let last = trap.and_then(|trap| match trap.arguments[..] {
        [Argument::Byte(count, _)] => Some(count),
        _ => None,
    });
    assert_eq!(last, Some(Trap::CastFailure as u8 + 1));
}
