//! The output of `prova inspect` for a function whose bytecode is refused: the mistakes of a
//! translator, as edits of its honest code.
//!
//! The expected texts are in `tests/files/inspect/refused`, each beside its module; `PROVA_BLESS=1`
//! writes them. Three of the mistakes are those by which an older translator of another engine ran
//! programs wrongly.
//!
//! A green run does not show that every mistake is described as well as these.

use prova_core::{Engine, Explained, Module};
use prova_inspect::{Function, find};
use prova_testing::refuse::mutations::named;
use prova_wording::explain;
use std::path::PathBuf;

/// Module and edit; the first edited version that is refused is shown.
const CASES: [(&str, &str); 5] = [
    ("wasmi-945", "preservation below the branch"),
    ("wasmi-1749", "preservation into the loop"),
    ("wasmi-948", "preservation into a source"),
    ("operands", "operands swapped"),
    ("load-dropped", "load dropped"),
];

fn path(name: &str) -> PathBuf {
    prova_testing::root().join("tests/files/inspect/refused").join(name)
}

fn module(name: &str) -> Module {
    let bytes = wat::parse_file(path(&format!("{name}.wat"))).expect("the module is well-formed");
    Module::new(&Engine::default(), bytes).expect("the module is valid")
}

/// The output for the first version with the edit that is refused.
fn refused(name: &str, edit: &str) -> String {
    let module = module(name);
    let wasm = module.wasm();
    let func = find(wasm, "f").expect("the export is there");
    let Explained { settings, candidate, .. } = module.explain(func).expect("honest code");
    let facts = wasm.facts(func).expect("a defined function has facts");
    let cells = (facts.param_cells, facts.local_cells);
    for candidate in named::versions(edit, &candidate, cells) {
        let explanation = explain(wasm, &settings, &candidate);
        let explained = Explained { settings, candidate, explanation };
        let view = Function::new(wasm, func, &explained).expect("it can be printed");
        if !view.is_proved() {
            return view.tree().to_text();
        }
    }
    panic!("{name}: no version with `{edit}` is refused")
}

#[test]
fn refusals_are_told() {
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    let mut wrong = String::new();
    for (name, edit) in CASES {
        let text = refused(name, edit);
        let golden = path(&format!("{name}.txt"));
        if bless {
            std::fs::write(&golden, text).expect("a writable file");
        } else if std::fs::read_to_string(&golden).ok().as_ref() != Some(&text) {
            wrong += &format!("{name}:\n{text}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn honest_code_is_not_refused() {
    for (name, _) in CASES {
        let module = module(name);
        let func = find(module.wasm(), "f").expect("the export is there");
        let explained = module.explain(func).expect("it can be translated");
        let view = Function::new(module.wasm(), func, &explained).expect("it can be printed");
        assert!(view.is_proved(), "{name}");
    }
}
