//! The lock files of workspaces beside the root's (containers, fuzzing): a crate of this repository
//! has in each of them the dependencies that its manifest names, so that `--locked` builds there
//! too after a manifest's change.
//!
//! Limits: manifests and lock files are read by lines, as cargo writes them; a dependency under
//! another name (`package = …`) is not known. Versions are cargo's business.

use super::{Finding, Tree};
use std::collections::BTreeSet;

/// The dependencies by a manifest, without those of tests: cargo locks those of members alone.
fn of_manifest(manifest: &str) -> BTreeSet<&str> {
    let (mut names, mut inside) = (BTreeSet::new(), false);
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.ends_with("dependencies]") && !section.contains("dev-dependencies]");
        } else if inside && !line.starts_with('#') && line.contains('=') {
            names.extend(line.split(['.', ' ', '=']).next());
        }
    }
    names
}

/// The packages of a lock file without a source, which are crates by path: the line, the name, the
/// names of their dependencies.
fn by_path(lock: &str) -> Vec<(usize, &str, BTreeSet<&str>)> {
    let mut packages: Vec<(usize, &str, BTreeSet<&str>)> = Vec::new();
    let mut own = false;
    for (line, text) in (1..).zip(lock.lines()) {
        if let Some(name) = text.strip_prefix("name = \"") {
            own = true;
            packages.push((line, name.trim_end_matches('"'), BTreeSet::new()));
        } else if text.starts_with("source = ") && own {
            own = false;
            packages.pop();
        } else if let (true, Some(name), Some(last)) =
            (own, text.strip_prefix(" \""), packages.last_mut())
        {
            last.2.extend(name.split([' ', '"']).next());
        }
    }
    packages
}

/// Every crate in a lock file of another workspace depends there on what its manifest names.
pub(super) fn locks(tree: &Tree, findings: &mut Vec<Finding>) {
    let manifest = |name: &str| {
        let folder = name.strip_prefix("prova-").unwrap_or(name);
        tree.text(&format!("crates/{folder}/Cargo.toml"))
    };
    let others = |path: &str| path.ends_with("/Cargo.lock");
    for file in tree.files.iter().filter(|file| others(&file.path)) {
        for (line, name, locked) in by_path(&file.text) {
            let Some(wanted) = manifest(name).map(of_manifest) else { continue };
            if locked != wanted {
                let differ: Vec<&str> = wanted.symmetric_difference(&locked).copied().collect();
                let message = format!(
                    "the manifest and this file differ in {}: run `cargo metadata` in this folder",
                    differ.join(", ")
                );
                let (path, item) = (file.path.clone(), name.to_owned());
                findings.push(Finding { path, line, rule: "locks", item, message });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn locked_as_the_manifests_say() {
        let manifest = "[package]\nname = \"prova-num\"\n\n[dependencies]\nprova-op.workspace = true\nx = \"1\"\n\n[dev-dependencies]\ny = \"1\"\n";
        let other =
            "[[package]]\nname = \"x\"\nsource = \"registry\"\ndependencies = [\n \"z\",\n]\n\n";
        let lock = |names: &str| {
            format!("{other}[[package]]\nname = \"prova-num\"\ndependencies = [\n{names}]\n")
        };
        let of = |lock: &str, wanted: &[&str]| {
            let files = [("crates/num/Cargo.toml", manifest), ("layer/Cargo.lock", lock)];
            found(locks, &files, wanted);
        };
        of(&lock(" \"prova-op\",\n \"x 1.0.0\",\n"), &[]);
        of(&lock(" \"prova-op\",\n"), &["layer/Cargo.lock:9 prova-num"]);
        let more = lock(" \"prova-op\",\n \"x\",\n \"y\",\n");
        of(&more, &["layer/Cargo.lock:9 prova-num"]);
    }
}
