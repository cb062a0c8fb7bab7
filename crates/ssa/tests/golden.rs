//! The files of `tests/files/ssa`: Wasm in, SSA out. What green does not show stands in the README
//! there.

use prova_module::{Features, Limits, Module};
use prova_ssa::{Metering, build, parse, print, verify};
use std::path::Path;

/// The line that ends the module and begins the expected text.
const SSA: &str = "\n;; ssa\n";

fn built(source: &str, name: &str) -> String {
    let settings = source.lines().find_map(|line| line.strip_prefix(";; settings: "));
    let has = |word| settings.is_some_and(|settings| settings.split(' ').any(|w| w == word));
    let metering = Metering { fuel: has("fuel"), epoch: has("epoch") };
    let bytes = wat::parse_str(source).unwrap_or_else(|e| panic!("{name}: {e}"));
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut all = String::new();
    for func in module.defined_funcs() {
        let body = build(&module, func, metering).unwrap_or_else(|e| panic!("{name}: {e}"));
        verify(&module, &body).unwrap_or_else(|e| panic!("{name}: {func}: {e}\n{body}"));
        let text = print(&body);
        assert_eq!(parse(&text).as_ref(), Ok(&body), "{name}: {func}");
        all.push_str(&text);
    }
    all
}

#[test]
fn the_files_build_to_their_text() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files/ssa");
    let bless = std::env::var_os("PROVA_BLESS").is_some();
    let entries = std::fs::read_dir(&folder).expect("the repository carries the files");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wat"));
    paths.sort();
    let mut failures = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("a readable file");
        let name = path.display().to_string();
        let (source, expected) = text.split_once(SSA).unwrap_or((text.trim_end(), ""));
        let ssa = built(source, &name);
        if ssa != expected && bless {
            std::fs::write(path, format!("{source}{SSA}{ssa}")).expect("a writable file");
        } else if ssa != expected {
            failures.push(format!("{name}: expected\n{expected}\ngot\n{ssa}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    // One for each family of instructions.
    assert!(paths.len() >= 10, "{} files", paths.len());
}
