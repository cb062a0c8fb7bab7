//! The symbol of a Rust function → a crate of a few lines whose build has that function again.
//!
//! A v0 symbol (`_R…`, RFC 2603) names the instance with its generic arguments, so a path can be
//! written from it; casting the path to a pointer makes the compiler build just that instance, and
//! no signature need be known. Functions without such a symbol are left to
//! [`isolate`](super::isolate), which makes modules of them.
//!
//! 1. What cannot be written as a path — closures, shims, items of anonymous scopes — is refused
//!    with the reason.
//! 2. Whether the path may be named from outside (privacy) is for the compiler to say: the crate is
//!    only proposed until it is built.
//!
//! `tests/isolate.rs` builds one and finds the function in it.

use anyhow::{Result, bail, ensure};
use std::fmt::Write as _;

/// A crate to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrateSource {
    /// The path of the instance, as Rust writes it.
    pub path: String,
    /// `Cargo.toml`.
    pub manifest: String,
    /// `src/lib.rs`.
    pub library: String,
}

/// Crates of the compiler's own, that need no dependency.
const OWN: [&str; 3] = ["core", "alloc", "std"];

/// Makes a crate that asks for the function of this symbol. `dependencies` are lines for the
/// manifest, such as `memory-db = "=0.20.1"`.
///
/// # Errors
/// If the symbol is none of Rust's v0 scheme, or its function has no path.
pub fn crate_source(symbol: &str, dependencies: &[String]) -> Result<CrateSource> {
    let path = path(symbol)?;
    let mut manifest = String::from(
        "[package]\nname = \"isolated\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\n",
    );
    for dependency in dependencies {
        ensure!(
            !dependency.contains(['\n', '\r', '[']),
            "`{dependency}` is not one line of dependencies"
        );
        writeln!(manifest, "{dependency}").ok();
    }
    // It is a separate workspace in any folder.
    manifest.push_str("\n[profile.release]\ncodegen-units = 1\n\n[workspace]\n");
    let externs: String =
        if path.contains("alloc::") { "extern crate alloc;\n\n".into() } else { String::new() };
    let library = format!(
        "//! One instance, and what it needs.\n\n{externs}/// Asks for the instance by its address; no signature is needed.\n#[unsafe(no_mangle)]\npub extern \"C\" fn isolated() -> *const () {{\n    {path} as *const ()\n}}\n"
    );
    Ok(CrateSource { path, manifest, library })
}

/// The path of a v0 symbol's function.
fn path(symbol: &str) -> Result<String> {
    ensure!(
        symbol.starts_with("_R"),
        "`{symbol}` is no v0 symbol (build with `-Csymbol-mangling-version=v0`): use a module"
    );
    ensure!(symbol.len() <= prova_builds::names::SYMBOL_BYTES_MAX, "the symbol is too long");
    let Ok(name) = rustc_demangle::try_demangle(symbol) else {
        bail!("`{symbol}` is no symbol of Rust")
    };
    let path = format!("{name:#}");
    for (mark, what) in [
        ("{closure", "a closure"),
        ("{shim", "a shim"),
        ("{{", "an anonymous item"),
        ("{", "an item without a path"),
        ("'", "an item with named lifetimes"),
    ] {
        ensure!(
            !path.contains(mark),
            "`{path}` is or contains {what}, which has no path in Rust: use a module"
        );
    }
    ensure!(!path.contains("impl "), "`{path}` has no path in Rust: use a module");
    Ok(path)
}

/// The crates that a path names and that are no part of the compiler's own, for which dependencies
/// are needed.
pub fn crates_of(path: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = ' ';
    let mut rest = path;
    while let Some(at) = rest.find(word) {
        let previous = rest[..at].chars().next_back().unwrap_or(before);
        let end = rest[at..].find(|c| !word(c)).map_or(rest.len(), |len| at + len);
        let (name, after) = (&rest[at..end], &rest[end..]);
        let begins = previous != ':' && after.starts_with("::") && !after.starts_with("::<");
        if begins && !OWN.contains(&name) && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
        before = name.chars().next_back().unwrap_or(before);
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_become_crates() {
        let symbol =
            "_RINvNtCsfLfy6EI15iL_4core3ptr13drop_in_placeNtNtCs9ltgdHTiPiY_5alloc6string6StringE";
        let source = crate_source(symbol, &["leaky = { path = \"../leaky\" }".into()])
            .expect("it has a path");
        assert_eq!(source.path, "core::ptr::drop_in_place::<alloc::string::String>");
        assert!(
            source
                .library
                .contains("core::ptr::drop_in_place::<alloc::string::String> as *const ()")
        );
        assert!(source.manifest.contains("[dependencies]\nleaky = { path = \"../leaky\" }\n"));
        assert_eq!(crates_of(&source.path), Vec::<String>::new());
        assert_eq!(
            crates_of("<memory_db::MemoryDB<keccak::K, u8> as hash_db::HashDB>::insert"),
            ["memory_db", "keccak", "hash_db"]
        );
    }

    #[test]
    fn what_has_no_path_is_refused() {
        for symbol in [
            "plain",
            "_ZN4core3fmt5write17h0123456789abcdefE",
            "_RNCNvCsfLfy6EI15iL_4core4main0B3_",
            "_R",
        ] {
            assert!(crate_source(symbol, &[]).is_err(), "{symbol}");
        }
        assert!(crate_source("_RNvCsfLfy6EI15iL_4core4main", &["a = 1\n[x]".into()]).is_err());
    }
}
