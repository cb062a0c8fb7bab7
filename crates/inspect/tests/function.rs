//! One function as it is shown: its operators beside its bytecode, and the verdict of the check.
//!
//! Green does not show every line of the output: `crates/cli/tests/inspect.rs` holds outputs of the
//! command, `crates/testing/tests/refused.rs` those of refused code.

use prova_core::{Engine, Module};
use prova_inspect::{Function, find, listing, near, operators, report};

const PROGRAM: &str = r#"(module
  (func $twice (export "twice") (param $x i32) (result i32)
    local.get $x i32.const 1 i32.shl)
  (func $caller (result i32) i32.const 4 call $twice))"#;

fn module() -> Module {
    let bytes = wat::parse_str(PROGRAM).expect("the module is well-formed");
    Module::new(&Engine::default(), bytes).expect("the module is valid")
}

#[test]
fn a_function_is_shown_with_its_bytecode_and_verdict() {
    let module = module();
    let func = find(module.wasm(), "twice").expect("the export is there");
    let explained = module.explain(func).expect("the function is translated");
    let shown = Function::new(module.wasm(), func, &explained).expect("it can be printed");
    assert!(shown.is_proved());
    let text = shown.tree().to_text();
    for part in ["twice", "local.get 0", "i32.shl", "return1", "proved"] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
    let json = shown.tree().to_json().expect("the types have no errors");
    assert!(json.contains("\"i32.shl\"") && json.ends_with('}'), "{json}");
    assert!(listing(&module).to_text().contains("caller"));
    let report = report(&module, func, &shown, &explained.candidate);
    assert!(report.contains("i32.shl"), "{report}");
}

#[test]
fn operators_have_their_offsets_and_names() {
    let module = module();
    let func = find(module.wasm(), "caller").expect("it has a name");
    let lines = operators(module.wasm(), func).expect("the printer knows all");
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["i32.const 4", "call 0", "end"]);
    assert_eq!(lines[1].name.as_deref(), Some("twice"));
    assert!(lines.is_sorted_by_key(|line| line.offset));
}

/// Operators on objects name their types; a call through a table says its type by itself.
#[test]
fn operators_on_objects_have_the_names_of_their_types() {
    let text = r#"(module (type $point (struct (field i32))) (type $f (func (result i32)))
  (table 1 funcref)
  (func $get (param anyref) (result i32)
    (drop (call_indirect (type $f) (i32.const 0)))
    (drop (ref.test (ref $point) (local.get 0)))
    (struct.get $point 0 (ref.cast (ref $point) (local.get 0)))))"#;
    let bytes = wat::parse_str(text).expect("the module is well-formed");
    let module = Module::new(&Engine::default(), bytes).expect("the module is valid");
    let func = find(module.wasm(), "get").expect("it has a name");
    let lines = operators(module.wasm(), func).expect("the printer knows all");
    let names = |mnemonic: &str| {
        let found = lines.iter().find(|line| line.text.starts_with(mnemonic));
        found.expect("it is there").name.as_deref()
    };
    let found = ["struct.get", "ref.test", "ref.cast", "call_indirect"].map(names);
    assert_eq!(found, [Some("point"), Some("point"), Some("point"), None]);
}

#[test]
fn a_name_that_is_not_there_has_near_ones() {
    let names = [("twice", 1), ("caller", 2), ("other", 3)];
    assert_eq!(near("twize", names), [1]);
}
