//! The table of `docs/ARCHITECTURE.md` and cargo's metadata → the edges that one has and the other
//! lacks.
//!
//! ```text
//! ARCHITECTURE.md ─ table ──► crate → may use ─┐
//!                                              ├─ differences
//! cargo metadata ── packages ► crate → uses ───┘
//! ```
//!
//! An edge is a direct dependency that is not for tests alone. A name in the table means the crate
//! of that folder, except in the crate's own row, where it means the outside library of that name
//! (`wast` uses `wast`). Absences that a table of direct edges cannot say, such as "no crate of
//! ours, however far", are [`ABSENCES`] and [`UNSAID`].

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Which crate uses which packages.
pub type Uses = BTreeMap<String, BTreeSet<String>>;

/// `(crate, packages that it must not reach however far)`; a name with `*` stands for all that
/// begin so.
pub const ABSENCES: &[(&str, &[&str])] = &[
    ("num", &["*"]),
    ("demangle", &["prova*", "wasm*", "clap"]),
    ("cache", &["prova*", "wasm*", "clap", "cranelift*"]),
    ("wasi", &["prova*", "wasm*", "clap"]),
    ("module", &["prova*", "clap", "anyhow"]),
    ("rewrite", &["prova*", "clap", "anyhow"]),
    ("terms", &["prova-bytecode", "prova-runtime", "clap", "anyhow"]),
    (
        "bytecode",
        &[
            "prova-translate",
            "prova-runtime",
            "prova-wasi",
            "prova-wording",
            "prova",
            "prova-core",
            "clap",
            "anyhow",
        ],
    ),
    ("translate", &["prova-runtime", "prova-wasi", "prova", "prova-core", "clap", "anyhow"]),
    (
        "runtime",
        &[
            "prova-translate",
            "prova-wasi",
            "prova",
            "prova-core",
            "wat",
            "wast",
            "clap",
            "anyhow",
            "cranelift*",
        ],
    ),
    (
        "reference",
        &["prova-translate", "prova-wasi", "prova", "prova-core", "clap", "anyhow", "cranelift*"],
    ),
    (
        "optimize",
        &[
            "prova-emit",
            "wasm-encoder",
            "prova-bytecode",
            "prova-runtime",
            "prova",
            "prova-core",
            "clap",
            "anyhow",
        ],
    ),
    ("emit", &["prova-bytecode", "prova-runtime", "prova", "prova-core", "clap", "anyhow"]),
    ("native", &["prova-optimize", "prova-emit", "prova-specialize"]),
    (
        "core",
        &[
            "prova",
            "prova-optimize",
            "prova-emit",
            "prova-native",
            "prova-wast",
            "prova-cli",
            "prova-testing",
            "prova-tidy",
            "clap",
            "wast",
            "cranelift-codegen*",
            "cranelift-frontend",
            "regalloc2",
        ],
    ),
    ("prova", &["prova-wast", "prova-cli", "prova-testing", "prova-tidy", "clap"]),
    ("specialize", &["prova-runtime", "prova-bytecode", "prova", "prova-core", "clap", "anyhow"]),
    (
        "ssa",
        &[
            "prova-optimize",
            "prova-emit",
            "wasm-encoder",
            "prova-bytecode",
            "prova-translate",
            "prova-runtime",
            "prova-wasi",
            "prova",
            "prova-core",
            "clap",
            "anyhow",
        ],
    ),
    // Of ours it knows `report` and `demangle` alone.
    (
        "builds",
        &[
            "prova",
            "prova-core",
            "prova-b*",
            "prova-c*",
            "prova-di*",
            "prova-i*",
            "prova-m*",
            "prova-n*",
            "prova-ra*",
            "prova-red*",
            "prova-ref*",
            "prova-rew*",
            "prova-ru*",
            "prova-s*",
            "prova-t*",
            "prova-w*",
            "prova-x*",
            "wasm*",
            "wast",
            "wat",
            "clap",
            "cranelift*",
        ],
    ),
    ("wording", &["prova-translate", "prova-runtime", "prova", "prova-core", "clap", "anyhow"]),
    ("inspect", &["prova-diff", "prova-runs", "prova-investigate", "clap"]),
    (
        "xref",
        &[
            "prova",
            "prova-core",
            "prova-runtime",
            "prova-bytecode",
            "prova-diff",
            "prova-runs",
            "clap",
        ],
    ),
    (
        "reduce",
        &[
            "prova",
            "prova-core",
            "prova-runtime",
            "prova-bytecode",
            "prova-diff",
            "prova-runs",
            "clap",
        ],
    ),
    ("diff", &["prova-inspect", "prova-reduce", "prova-runs", "prova-investigate", "clap"]),
    ("runs", &["prova-diff", "prova-investigate", "clap"]),
    ("investigate", &["prova-runs", "prova-inspect", "clap"]),
    (
        "report",
        &["prova", "prova-module", "prova-core", "wasm*", "wast", "wat", "clap", "cranelift*"],
    ),
    ("wast", &["prova-cli", "prova-testing", "prova-tidy", "clap", "cranelift-codegen*"]),
    ("tidy", &["prova*", "wasm*"]),
    ("cli", &["prova-testing", "prova-tidy"]),
];

/// `(crate, words that its code must not say)`: what it could name through a crate that it may use,
/// and must not know.
pub const UNSAID: &[(&str, &[&str])] = &[
    ("reference", &["prova_bytecode", "CheckedBytecode"]),
    ("translate", &["CheckedBytecode"]),
    ("wast", &["prova_runtime", "prova_bytecode", "prova_reference", "prova_translate"]),
    ("core", &["Args", "argv"]),
    ("prova", &["Args", "argv"]),
];

/// The package of a crate's folder.
fn package(folder: &str) -> String {
    if folder == "prova" { folder.to_owned() } else { format!("prova-{folder}") }
}

/// The table's rows: crate → what it may use, as packages. A row that says *anything* has none.
pub fn table(page: &str) -> BTreeMap<String, Option<BTreeSet<String>>> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        let name = cells.first()?.strip_suffix('`')?;
        (cells.len() == 5).then(|| (name, cells[2]))
    });
    let rows: Vec<(&str, &str)> = rows.collect();
    let resolve = |row: &str, name: &str| {
        let ours = name != row && rows.iter().any(|(folder, _)| *folder == name);
        if ours { package(name) } else { name.to_owned() }
    };
    let uses = |row: &str, cell: &str| -> Option<BTreeSet<String>> {
        let names = cell.split(',').map(str::trim).filter(|name| *name != "–");
        (cell != "anything").then(|| names.map(|name| resolve(row, name)).collect())
    };
    rows.iter().map(|(name, cell)| ((*name).to_owned(), uses(name, cell))).collect()
}

/// Runs `cargo metadata` for the workspace at `root` and parses its output.
///
/// # Errors
/// If cargo cannot be run or fails, with its message.
pub fn metadata(root: &Path) -> Result<Value, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo's words: {error}"))
}

/// The elements of a member that is an array; none if there is no such member.
fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A member that is a string; empty if there is none.
fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The direct dependencies of the workspace's crates, by folder, as cargo states them; those for
/// tests are left out.
pub fn uses(metadata: &Value) -> Uses {
    let ours = list(metadata, "packages").iter().filter(|package| package["source"].is_null());
    ours.map(|package| {
        let dependencies = list(package, "dependencies").iter();
        let normal = dependencies.filter(|dependency| text(dependency, "kind") != "dev");
        let names = normal.map(|dependency| text(dependency, "name").to_owned()).collect();
        let name = text(package, "name");
        (name.strip_prefix("prova-").unwrap_or(name).to_owned(), names)
    })
    .collect()
}

/// Package → packages that it is built with, over the whole graph; those for tests are left out.
pub fn graph(metadata: &Value) -> Uses {
    let packages = list(metadata, "packages").iter();
    let names: BTreeMap<&str, &str> =
        packages.map(|package| (text(package, "id"), text(package, "name"))).collect();
    let mut graph = Uses::new();
    for node in list(&metadata["resolve"], "nodes") {
        let edges = list(node, "deps")
            .iter()
            .filter(|edge| list(edge, "dep_kinds").iter().any(|kind| text(kind, "kind") != "dev"));
        let used = edges.filter_map(|edge| names.get(text(edge, "pkg")));
        let name = names.get(text(node, "id")).copied().unwrap_or_default();
        graph.entry(name.to_owned()).or_default().extend(used.map(|name| (*name).to_owned()));
    }
    graph
}

/// The edges that the table and the metadata do not share.
pub fn differences(table: &BTreeMap<String, Option<BTreeSet<String>>>, uses: &Uses) -> Vec<String> {
    let mut found = Vec::new();
    for name in uses.keys().filter(|name| !table.contains_key(*name)) {
        found.push(format!("crate `{name}` has no row in the table"));
    }
    for (name, allowed) in table {
        let Some(used) = uses.get(name) else {
            found.push(format!("the table has a row for `{name}`, and there is no such crate"));
            continue;
        };
        let Some(allowed) = allowed else { continue };
        found.extend(
            used.difference(allowed).map(|x| format!("`{name}` uses {x}, which its row lacks")),
        );
        found.extend(
            allowed
                .difference(used)
                .map(|x| format!("the row of `{name}` has {x}, which it does not use")),
        );
    }
    found
}

/// The forbidden packages that are reached all the same, with the path to each.
pub fn reached(graph: &Uses, absences: &[(&str, &[&str])]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, forbidden) in absences {
        let start = package(name);
        let mut paths = BTreeMap::from([(start.clone(), start.clone())]);
        let mut open = vec![start.clone()];
        while let Some(from) = open.pop() {
            for to in graph.get(&from).into_iter().flatten() {
                if !paths.contains_key(to) {
                    paths.insert(to.clone(), format!("{} → {to}", paths[&from]));
                    open.push(to.clone());
                }
            }
        }
        paths.remove(&start);
        let is_forbidden = |package: &str| {
            forbidden.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => package.starts_with(prefix),
                None => package == *pattern,
            })
        };
        found.extend(paths.into_iter().filter(|(to, _)| is_forbidden(to)).map(|(_, path)| path));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "| crate | in | may use | never |\n|---|---|---|---|\n| `num` | a | – | b |\n\
        | `wast` | a | num, wast | b |\n| `cli` | a | wast, clap | b |\n| `testing` | a | anything | – |\n";

    fn uses(edges: &[(&str, &[&str])]) -> Uses {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        edges.iter().map(|(name, names)| ((*name).to_owned(), set(names))).collect()
    }

    const AS_SAID: [(&str, &[&str]); 4] = [
        ("num", &[]),
        ("wast", &["prova-num", "wast"]),
        ("cli", &["prova-wast", "clap"]),
        ("testing", &["whatever"]),
    ];

    #[test]
    fn a_table_that_says_what_is() {
        assert_eq!(differences(&table(TABLE), &uses(&AS_SAID)), [""; 0]);
    }

    #[test]
    fn edges_and_crates_are_missed_in_both_directions() {
        let mut other = AS_SAID;
        other[0].1 = &["libc"];
        other[2].1 = &["clap"];
        let wanted = [
            "the row of `cli` has prova-wast, which it does not use",
            "`num` uses libc, which its row lacks",
        ];
        assert_eq!(differences(&table(TABLE), &uses(&other)), wanted);
        other = AS_SAID;
        other[3].0 = "extra";
        let wanted = [
            "crate `extra` has no row in the table",
            "the table has a row for `testing`, and there is no such crate",
        ];
        assert_eq!(differences(&table(TABLE), &uses(&other)), wanted);
    }

    #[test]
    fn absences_are_looked_for_however_far() {
        let graph =
            uses(&[("prova-wasi", &["a"]), ("a", &["b", "prova-wasi"]), ("b", &["wasmparser"])]);
        let wanted = ["prova-wasi → a → b → wasmparser"];
        assert_eq!(reached(&graph, &[("wasi", &["wasm*"])]), wanted);
        assert_eq!(reached(&graph, &[("wasi", &["wasm", "c"])]), [""; 0]);
    }
}
