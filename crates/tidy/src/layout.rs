//! Rules about where files stand and what they are called: families of instructions, READMEs of
//! test folders.
//!
//! The names are those of `docs/ARCHITECTURE.md`, *Instruction families*.

use super::{Finding, Tree};
use std::collections::BTreeSet;

/// The names of the families of instructions.
const FAMILIES: [&str; 10] = [
    "control",
    "parametric",
    "variable",
    "table",
    "memory",
    "numeric",
    "reference",
    "vector",
    "atomic",
    "exception",
];

/// Stages in which every family has its file.
const STAGES: [&str; 4] = [
    "crates/module/src/ops",
    "crates/bytecode/src/ops",
    "crates/translate/src",
    "crates/reference/src",
];

/// Other names that one could give to a family's file.
const SYNONYMS: [(&str, &str); 18] = [
    ("arithmetic", "numeric"),
    ("atomics", "atomic"),
    ("branch", "control"),
    ("branches", "control"),
    ("controls", "control"),
    ("ctrl", "control"),
    ("load_store", "memory"),
    ("locals", "variable"),
    ("mem", "memory"),
    ("memories", "memory"),
    ("numerics", "numeric"),
    ("refs", "reference"),
    ("references", "reference"),
    ("simd", "vector"),
    ("tables", "table"),
    ("variables", "variable"),
    ("vec", "vector"),
    ("vectors", "vector"),
];

fn finding(path: &str, rule: &'static str, item: &str, message: String) -> Finding {
    Finding { path: path.to_owned(), line: 0, rule, item: item.to_owned(), message }
}

/// A family's file has the family's name, and every stage has one for each family.
pub(super) fn families(tree: &Tree, findings: &mut Vec<Finding>) {
    for path in
        tree.paths.iter().filter(|path| path.starts_with("crates/") && path.contains("/src/"))
    {
        let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if let Some((_, family)) = SYNONYMS.iter().find(|(synonym, _)| *synonym == name) {
            let message =
                format!("one name per family of instructions: call the file `{family}.rs`");
            findings.push(finding(path, "families", name, message));
        }
    }
    for stage in STAGES {
        let here = |name: &str| {
            let (file, folder) = (format!("{stage}/{name}.rs"), format!("{stage}/{name}/"));
            tree.paths.iter().any(|path| *path == file || path.starts_with(&folder))
        };
        for family in FAMILIES.into_iter().filter(|family| !here(family)) {
            let message = format!("this stage treats instructions: give it a `{family}.rs`");
            findings.push(finding(stage, "families", family, message));
        }
    }
}

/// Each folder of tests, or one around it, says what a green run does not show.
pub(super) fn test_readme(tree: &Tree, findings: &mut Vec<Finding>) {
    let folders: BTreeSet<&str> = tree
        .paths
        .iter()
        .filter(|path| path.starts_with("tests/"))
        .filter_map(|path| path.rsplit_once('/').map(|(folder, _)| folder))
        .filter(|folder| *folder != "tests")
        .collect();
    let says = |folder: &str| {
        let text = tree.text(&format!("{folder}/README.md")).unwrap_or_default();
        text.contains("does not show") || text.contains("do not show")
    };
    for folder in folders {
        let mut around = Some(folder);
        while around.is_some_and(|folder| folder != "tests" && !says(folder)) {
            around = around.and_then(|folder| folder.rsplit_once('/')).map(|(outer, _)| outer);
        }
        if around.is_none_or(|folder| folder == "tests") {
            let message = "write what a green run does not show (in these words)".to_owned();
            findings.push(finding(&format!("{folder}/README.md"), "test-readme", "-", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn names_of_families() {
        let mut paths: Vec<String> = Vec::new();
        for stage in STAGES {
            paths.extend(FAMILIES.iter().map(|family| format!("{stage}/{family}.rs")));
        }
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        found(families, &files, &[]);
        found(families, &files[1..], &["crates/module/src/ops:0 control"]);
        let mut more = files.clone();
        more.push(("crates/runtime/src/exec/simd.rs", ""));
        found(families, &more, &["crates/runtime/src/exec/simd.rs:0 simd"]);
    }

    #[test]
    fn readmes_of_tests() {
        let good = ("tests/run/README.md", "A green run does not show speed.");
        found(test_readme, &[good, ("tests/run/a.wast", "")], &[]);
        found(test_readme, &[good, ("tests/run/deep/a.wast", "")], &[]);
        found(test_readme, &[("tests/run/a.wast", "")], &["tests/run/README.md:0 -"]);
        found(test_readme, &[("tests/run/README.md", "Tests.")], &["tests/run/README.md:0 -"]);
        let deep = [("tests/run/README.md", "Tests."), ("tests/run/deep/a.wast", "")];
        found(test_readme, &deep, &["tests/run/README.md:0 -", "tests/run/deep/README.md:0 -"]);
    }
}
