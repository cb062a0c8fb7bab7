//! Each header compiles alone, in C and in C++, and the library has the functions that they declare
//! and no other.
//!
//! A green run does not show that parameters have the same types on both sides, beyond the sizes
//! that are compared here.

use crate::examples::{compiler, folder, here, library, succeed};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const HEADERS: [&str; 11] = [
    "wasm.h",
    "wasi.h",
    "prova.h",
    "wasmtime.h",
    "prova/engine.h",
    "prova/store.h",
    "prova/module.h",
    "prova/object.h",
    "prova/linker.h",
    "prova/async.h",
    "prova/profiling.h",
];

/// Runs a compiler over a source text that includes headers.
fn compile(compiler: &str, args: &[&str], source: &Path, text: &str) -> Vec<u8> {
    fs::write(source, text).expect("the target folder can be written");
    let output = Command::new(compiler)
        .args(args)
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(here().join("include"))
        .arg(source)
        .output()
        .expect("the compiler can be run");
    succeed(text, &output);
    output.stdout
}

#[test]
fn headers_compile_alone_in_both_languages() {
    let folder = folder("headers");
    for (variable, name, standard, ending) in
        [("CC", "cc", "-std=c11", "c"), ("CXX", "c++", "-std=c++11", "cc")]
    {
        let Some(compiler) = compiler(variable, name) else { continue };
        for header in HEADERS {
            let text = format!("#include <{header}>\n#include <{header}>\n");
            let source = folder.join(format!("{}.{ending}", header.replace('/', "_")));
            compile(&compiler, &[standard, "-fsyntax-only"], &source, &text);
        }
    }
}

/// Types, their bytes here and in Wasmtime 48. Where the two differ, a program that was compiled
/// for one library must not load the other.
const SIZES: [(&str, usize, usize); 13] = [
    ("wasm_val_t", 16, 16),
    ("wasm_byte_vec_t", 16, 16),
    ("wasm_limits_t", 8, 8),
    ("wasmtime_func_t", 16, 16),
    ("wasmtime_instance_t", 16, 16),
    ("wasmtime_val_t", 24, 32),
    ("wasmtime_extern_t", 24, 32),
    ("wasmtime_memory_t", 16, 24),
    ("wasmtime_table_t", 16, 24),
    ("wasmtime_global_t", 16, 24),
    ("wasmtime_tag_t", 16, 24),
    ("wasmtime_externref_t", 16, 24),
    ("wasmtime_exnref_t", 16, 24),
];

#[test]
fn the_page_says_which_types_have_other_sizes_than_wasmtimes() {
    let page = fs::read_to_string(here().join("../../docs/c.md")).expect("the page is there");
    let section = page.split("## Source, not binary").nth(1).expect("the section is there");
    let rows = section.lines().skip_while(|line| !line.starts_with('|')).skip(2);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    let sizes = SIZES.map(|(name, here, there)| format!("| `{name}` | {here} | {there} |"));
    assert_eq!(rows, sizes);
}

#[test]
fn structures_have_the_sizes_of_the_library() {
    let Some(compiler) = compiler("CC", "cc") else { return };
    let mut text = String::from("#include <prova.h>\n");
    for (name, size, _) in SIZES {
        text += &format!("_Static_assert(sizeof({name}) == {size}, \"{name}\");\n");
    }
    let source = folder("headers").join("sizes.c");
    compile(&compiler, &["-std=c11", "-fsyntax-only"], &source, &text);
}

/// The functions that a preprocessed text declares, each marked with `extern`: the name before the
/// first parenthesis.
fn declared(text: &str) -> BTreeSet<String> {
    let statements = text.split(';').filter_map(|x| Some(x.rsplit_once("extern ")?.1));
    let names = statements.filter_map(|declaration| {
        let before = declaration.split('(').next()?.trim_end();
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()
    });
    names.filter(|name| is_ours(name)).map(str::to_owned).collect()
}

fn is_ours(name: &str) -> bool {
    ["wasm_", "wasmtime_", "wasi_", "prova_"].iter().any(|start| name.starts_with(start))
}

#[test]
fn the_library_has_what_the_headers_declare() {
    let Some(compiler) = compiler("CC", "cc") else { return };
    let shared = library().join("libprova_c.so");
    let Ok(output) = Command::new("nm").args(["-D", "--defined-only"]).arg(&shared).output() else {
        eprintln!("skipped: there is no `nm` on this machine");
        return;
    };
    succeed("nm", &output);
    let symbols = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = symbols.lines().filter_map(|line| line.split(" T ").nth(1));
    let exported: BTreeSet<String> = names.filter(|x| is_ours(x)).map(str::to_owned).collect();
    let source = folder("headers").join("all.c");
    // `extern` marks the declarations of functions; bodies in the header have no need of a symbol.
    let text = "#define WASM_API_EXTERN extern\n#include <prova.h>\n";
    let text = compile(&compiler, &["-std=c11", "-E", "-P"], &source, text);
    let declared = declared(&String::from_utf8_lossy(&text));
    assert!(declared.len() > 300, "{} functions", declared.len());
    let missing: Vec<_> = declared.difference(&exported).collect();
    let undeclared: Vec<_> = exported.difference(&declared).collect();
    assert!(missing.is_empty() && undeclared.is_empty(), "{missing:?} {undeclared:?}");
}
