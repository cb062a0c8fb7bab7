//! The runner of golden files: a module, the line [`SSA`], and the text that is made of it. The
//! limits of a green run stand in the README of each folder.

use std::path::Path;

/// The line that ends the module and begins the expected text.
const SSA: &str = "\n;; ssa\n";

/// Compares each `.wat` file of a folder of `tests/files` with what `made` makes of its module
/// (source and name in, text out), and gives their number. With `PROVA_BLESS` set it writes the
/// text instead.
///
/// # Panics
/// If a text is another than the expected one.
pub(crate) fn files_hold(folder: &str, made: impl Fn(&str, &str) -> String) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/files").join(folder);
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
        let ssa = made(source, &name);
        if ssa != expected && bless {
            std::fs::write(path, format!("{source}{SSA}{ssa}")).expect("a writable file");
        } else if ssa != expected {
            failures.push(format!("{name}: expected\n{expected}\ngot\n{ssa}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    paths.len()
}
