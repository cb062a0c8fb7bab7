//! Errors that quote a module, printed with their chain: no character that a terminal obeys,
//! no line that a name made, no line without a bound.
//!
//! Host functions' own errors are the embedder's text. `crates/cli/tests/printed.rs` asks the same
//! of the program.

use prova_core::*;

/// A line feed with a word behind it, ESC, CSI of C1, a mark that turns text around, a separator.
const NAME: &str = r"\0aFORGED\1b[31m\c2\9b\e2\80\ae\e2\80\a8";

fn engine() -> Engine {
    let mut config = Config::new();
    config.text_format(|text| wat::parse_str(text).map_err(|error| error.to_string()));
    Engine::new(&config).expect("a possible configuration")
}

/// The error of a module's text when it is loaded, instantiated, or its `_start` is called.
fn error(text: &str) -> Error {
    let engine = engine();
    let run = || {
        let module = Module::new(&engine, text)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "f", |_: i32| ())?;
        let instance = linker.instantiate(&mut store, &module)?;
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        start.call(&mut store, ())
    };
    run().expect_err(text)
}

#[track_caller]
fn is_safe(what: &str, error: &Error) {
    let causes = error.chain().map(ToString::to_string);
    for text in causes.chain([format!("{error:#}"), format!("{error:?}")]) {
        let obeyed = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{2028}');
        assert!(!text.contains(obeyed), "{what}: {text:?}");
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("FORGED"), "{what}: {text}");
            assert!(line.chars().count() < 4000, "{what}: {} characters", line.len());
        }
    }
}

#[test]
fn errors_that_quote_a_module_are_safe_to_print() {
    for (what, text) in [
        ("unknown import", r#"(module (import "m{N}" "f{N}" (func)))"#),
        ("unknown imports", r#"(module (import "m{N}" "f{N}" (func)) (import "g{N}" "h" (func)))"#),
        ("another type", r#"(module (import "host" "f" (func (param f64))))"#),
        ("invalid", r#"(module (func (export "d{N}")) (func (export "d{N}")))"#),
        ("unknown name", r#"(module (func (call $"x{N}")))"#),
        (
            "unknown name, as a line",
            r#"(module (func (call $"x\0a     --> FORGED:1:1\0aFORGED")))"#,
        ),
        ("no text", "(module (func \"\u{1b}[31m\u{9b}\") (call 0))"),
        ("trap", r#"(module $"m{N}" (func $"s{N}" (export "_start") unreachable))"#),
        ("start", r#"(module $"m{N}" (func $"s{N}" unreachable) (start 0))"#),
        ("segment", r#"(module $"m{N}" (memory 1) (data $"d{N}" (i32.const 65536) "x"))"#),
        ("no export", r#"(module $"m{N}" (func (export "f{N}")))"#),
        ("another export", r#"(module $"m{N}" (func (export "_start") (param i32)))"#),
    ] {
        for long in [0, 90_000] {
            let name = format!("{NAME}{}", "A".repeat(long));
            is_safe(what, &error(&text.replace("{N}", &name)));
        }
    }
    let name = format!("{NAME}{}", "A".repeat(1_000_000));
    let text = r#"(module $"m{N}" (func $"s{N}" (export "_start") unreachable))"#;
    is_safe("a long name", &error(&text.replace("{N}", &name)));
}

/// Names that an embedder hands on may be a module's.
#[test]
fn names_that_are_handed_on_are_safe_too() {
    let engine = engine();
    let name = format!("a\nFORGED\u{1b}[31m\u{202e}{}", "A".repeat(1_000_000));
    let module = Module::new(&engine, "(module (func (export \"f\")))").expect("valid");
    let mut store = Store::new(&engine, ());
    let mut linker: Linker<()> = Linker::new(&engine);
    linker.func_wrap(&name, &name, || ()).expect("it is new");
    is_safe("twice", &linker.func_wrap(&name, &name, || ()).map(drop).expect_err("it is there"));
    is_safe("alias", &linker.alias("x", &name, "y", "z").map(drop).expect_err("there is none"));
    is_safe("default", &linker.get_default(&mut store, "\nFORGED").expect_err("there is none"));
    let instance = linker.instantiate(&mut store, &module).expect("it needs nothing");
    let none = instance.get_typed_func::<(), ()>(&mut store, &name);
    is_safe("export", &none.map(drop).expect_err("there is none"));
}
