//! Rules about manifests and the lock file: descriptions, licences, no cargo features, one
//! registry.
//!
//! Limits: manifests are read by lines, as cargo's own formatting writes them.

use super::source::SourceFile;
use super::{Finding, Tree};

/// The only registry that the lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn manifests(tree: &Tree) -> impl Iterator<Item = &SourceFile> {
    tree.files.iter().filter(|file| {
        let name = file.path.strip_prefix("crates/").and_then(|x| x.strip_suffix("/Cargo.toml"));
        name.is_some_and(|name| !name.contains('/'))
    })
}

fn finding(path: &str, line: usize, rule: &'static str, item: &str, message: &str) -> Finding {
    let (path, item, message) = (path.to_owned(), item.to_owned(), message.to_owned());
    Finding { path, line, rule, item, message }
}

/// The optional dependency of the program: Wasmtime's own front end, which an ordinary build is not
/// to pay for. Without it the program says that less is checked.
const OF_THE_PROGRAM: (&str, &str) = ("crates/cli/Cargo.toml", "prova-wasmtime-info");

/// Crates have no cargo features, except for one of the program.
pub(super) fn features(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in manifests(tree) {
        for (line, text) in (1..).zip(file.text.lines()) {
            let text = text.trim();
            let own = text == "[features]" || text.starts_with(OF_THE_PROGRAM.1);
            if own && file.path == OF_THE_PROGRAM.0 {
                continue;
            }
            if text == "[features]" || text.replace(' ', "").contains("optional=true") {
                let message = "optional code is a crate; proposals are the run-time `Features`";
                findings.push(finding(&file.path, line, "cargo-features", text, message));
            }
        }
    }
}

/// Every crate says what it is, and under which licence.
pub(super) fn description(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in manifests(tree) {
        let has = |key: &str| {
            let mut lines = file.text.lines().map(str::trim);
            lines.any(|line| line.starts_with(key) && line.len() > key.len() + 8)
        };
        if !has("description = \"") {
            let message = "give the package a `description` of one sentence";
            findings.push(finding(&file.path, 0, "description", "description", message));
        }
        if !file.text.contains("license.workspace = true") {
            let message = "inherit the licence: `license.workspace = true`";
            findings.push(finding(&file.path, 0, "description", "license", message));
        }
    }
}

/// The crates that may use `unsafe`, each with its own list of lints.
const UNSAFE: [&str; 2] = ["runtime", "c-api"];

/// Lints that hold a rule of the house: `unsafe` in the crates of [`UNSAFE`] alone, reasons for
/// exceptions, no work left undone.
const LINTS: [(&str, &str); 7] = [
    ("rust", "unsafe_code"),
    ("rust", "missing_docs"),
    ("rust", "unreachable_pub"),
    ("clippy", "allow_attributes_without_reason"),
    ("clippy", "undocumented_unsafe_blocks"),
    ("clippy", "todo"),
    ("clippy", "dbg_macro"),
];

/// The level of a lint in the section `[…lints.tool]` of a manifest.
fn level<'t>(manifest: &'t str, section: &str, lint: &str) -> Option<&'t str> {
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    let value = lines.find_map(|line| line.strip_prefix(lint)?.trim_start().strip_prefix('='))?;
    Some(value.trim().trim_matches('"'))
}

/// The workspace's lints are on, and every crate inherits them; those of [`UNSAFE`] have their own
/// lists, which differ in `unsafe` alone.
pub(super) fn lints(tree: &Tree, findings: &mut Vec<Finding>) {
    let message = "a rule of the house is held by this lint: switch it on";
    let mut on = |path: &str, text: &str, prefix: &str| {
        for (tool, lint) in LINTS {
            let wanted: &[&str] = match (path, lint) {
                ("Cargo.toml", "unsafe_code") => &["forbid"],
                (_, "unsafe_code") => &["allow"],
                _ => &["warn", "deny", "forbid"],
            };
            let found = level(text, &format!("[{prefix}lints.{tool}]"), lint);
            if !found.is_some_and(|level| wanted.contains(&level)) {
                findings.push(finding(path, 0, "lints", lint, message));
            }
        }
    };
    if let Some(root) = tree.text("Cargo.toml") {
        on("Cargo.toml", root, "workspace.");
    }
    let own = |file: &SourceFile| file.crate_name().is_some_and(|name| UNSAFE.contains(&name));
    for file in manifests(tree).filter(|file| own(file)) {
        on(&file.path, &file.text, "");
    }
    for file in manifests(tree).filter(|file| !own(file)) {
        if !file.text.contains("[lints]\nworkspace = true") {
            let message = "inherit the lints: `[lints]` with `workspace = true`";
            findings.push(finding(&file.path, 0, "lints", "workspace", message));
        }
    }
}

/// Both licences are there, and every carried program names its own.
pub(super) fn licences(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, words) in [("LICENSE-MIT", "MIT"), ("LICENSE-APACHE", "Apache License")] {
        if !tree.text(path).is_some_and(|text| text.contains(words)) {
            let message = "the text of the licence is missing: restore the file";
            findings.push(finding(path, 0, "licences", words, message));
        }
    }
    let manifest = tree.text("programs/manifest.tsv").unwrap_or_default();
    for (line, row) in (1..).zip(manifest.lines()).skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        if fields.get(11).is_none_or(|licence| licence.is_empty() || *licence == "-") {
            let message = "a carried program needs its licence in the last column";
            let id = fields.first().copied().unwrap_or_default();
            findings.push(finding("programs/manifest.tsv", line, "licences", id, message));
        }
    }
}

/// Dependencies come from the one public registry, by every lock file and configuration.
pub(super) fn registries(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in &tree.files {
        let lock = file.path.ends_with("Cargo.lock");
        if !lock && !file.path.ends_with(".toml") {
            continue;
        }
        for (line, text) in (1..).zip(file.text.lines().map(str::trim)) {
            let source = text.strip_prefix("source = \"").map(|x| x.trim_end_matches('"'));
            let foreign = if lock {
                source.is_some_and(|source| source != REGISTRY)
            } else {
                ["[source.", "replace-with", "registry =", "[registries"]
                    .iter()
                    .any(|x| text.starts_with(x))
            };
            if foreign {
                let message =
                    "use crates.io: a mirror is a setting of the machine, a fork is not reviewed";
                findings.push(finding(&file.path, line, "registry", text, message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    const GOOD: &str = "[package]\ndescription = \"What it is\"\nlicense.workspace = true\n\n[lints]\nworkspace = true\n";

    #[test]
    fn features_are_crates() {
        found(features, &[("crates/num/Cargo.toml", GOOD), ("Cargo.toml", "[features]")], &[]);
        let bad =
            [("crates/num/Cargo.toml", "[features]\n[dependencies]\nx = { optional = true }")];
        let wanted = [
            "crates/num/Cargo.toml:1 [features]",
            "crates/num/Cargo.toml:3 x = { optional = true }",
        ];
        found(features, &bad, &wanted);
    }

    #[test]
    fn descriptions() {
        found(description, &[("crates/num/Cargo.toml", GOOD)], &[]);
        let wanted = ["description", "license"].map(|x| format!("crates/num/Cargo.toml:0 {x}"));
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        found(description, &[("crates/num/Cargo.toml", "description = \"\"")], &wanted);
    }

    #[test]
    fn lints_are_on() {
        let list = |unsafe_code: &str, prefix: &str| {
            let of = |tool: &str| -> String {
                let own = LINTS.iter().filter(|lint| lint.0 == tool && lint.1 != "unsafe_code");
                own.map(|lint| format!("{} = \"warn\"\n", lint.1)).collect()
            };
            let (rust, clippy) = (of("rust"), of("clippy"));
            format!(
                "[{prefix}lints.rust]\nunsafe_code = \"{unsafe_code}\"\n{rust}\n[{prefix}lints.clippy]\n{clippy}"
            )
        };
        let runtime = "crates/runtime/Cargo.toml";
        let (root, own) = (list("forbid", "workspace."), list("allow", ""));
        found(lints, &[("Cargo.toml", &root), (runtime, &own)], &[]);
        found(lints, &[("crates/num/Cargo.toml", GOOD), ("crates/c-api/Cargo.toml", &own)], &[]);
        let allowed = list("allow", "workspace.").replace("todo = \"warn\"", "todo = \"allow\"");
        let wanted = ["Cargo.toml:0 unsafe_code", "Cargo.toml:0 todo"];
        found(lints, &[("Cargo.toml", &allowed)], &wanted);
        let without = own.replace("dbg_macro = \"warn\"\n", "");
        found(lints, &[(runtime, &without)], &["crates/runtime/Cargo.toml:0 dbg_macro"]);
        let wanted = ["crates/num/Cargo.toml:0 workspace"];
        found(lints, &[("crates/num/Cargo.toml", "[package]")], &wanted);
    }

    #[test]
    fn texts_of_licences() {
        let row = |licence: &str| format!("id\nx{}\t{licence}", "\t-".repeat(10));
        let (mit, apache) =
            (("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Apache License 2.0"));
        found(licences, &[mit, apache, ("programs/manifest.tsv", &row("MIT"))], &[]);
        found(
            licences,
            &[mit, apache, ("programs/manifest.tsv", &row(""))],
            &["programs/manifest.tsv:2 x"],
        );
        found(licences, &[mit], &["LICENSE-APACHE:0 Apache License"]);
    }

    #[test]
    fn one_registry() {
        let lock = format!("source = \"{REGISTRY}\"\n");
        found(registries, &[("Cargo.lock", &lock), ("Cargo.toml", "[dependencies]")], &[]);
        let bad = "source = \"git+https://example.org/x\"";
        found(registries, &[("Cargo.lock", bad)], &[&format!("Cargo.lock:1 {bad}")]);
        let bad = [(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"mirror\"")];
        let wanted = [
            ".cargo/config.toml:1 [source.crates-io]",
            ".cargo/config.toml:2 replace-with = \"mirror\"",
        ];
        found(registries, &bad, &wanted);
    }
}
