//! Where the repository says `prova_plant` → the places at which it must not, so that no program of
//! ours has a planted fault.
//!
//! A plant is compiled under `--cfg prova_plant` alone. The flag may come from the command line of
//! a test and from nowhere else: not from a profile, a configuration file or a build script. Every
//! site of a plant asks one function of its crate (`plant.rs`), beside which [`MARKER`] stands, so
//! a program with plants has the marker's bytes; a test of the program looks for them
//! (`crates/cli/tests/plants.rs`), and the test of the plants shows that they can be found.
//!
//! Limits: text files alone; what a machine's own configuration sets is out of sight, but in the
//! program's bytes.

use crate::source::SourceFile;
use crate::{Finding, Tree};

/// The text in the binary of a program with planted faults.
pub const MARKER: &str = "this program has planted faults";

/// Where the marker stands.
const HOMES: [&str; 5] = [
    "crates/bytecode/src/checked/plant.rs",
    "crates/check/src/plant.rs",
    "crates/equal/src/plant.rs",
    "crates/native/src/plant.rs",
    "crates/runtime/src/exec/plant.rs",
];

/// The beginnings of the paths of Rust files that may have plants or speak of them.
const SITES: [&str; 22] = [
    "crates/bytecode/src/checked.rs",
    "crates/bytecode/src/checked/plant.rs",
    "crates/bytecode/src/lib.rs",
    "crates/certify/tests/equal_plants.rs",
    "crates/check/src/lib.rs",
    "crates/check/src/plant.rs",
    "crates/check/tests/hostile_plants.rs",
    "crates/check/tests/lemmas_plants.rs",
    "crates/equal/src/lib.rs",
    "crates/equal/src/plant.rs",
    "crates/native/src/lib.rs",
    "crates/native/src/plant.rs",
    "crates/native/tests/equal_plants.rs",
    "crates/native/tests/kinds_plants.rs",
    "crates/core/src/pipeline.rs",
    "crates/runtime/src/exec/",
    "crates/runtime/src/lib.rs",
    "crates/runtime/tests/handlers",
    "crates/runs/tests/diverge_plants.rs",
    "crates/runs/tests/shrink_plants.rs",
    "crates/testing/tests/swap_plants.rs",
    "crates/tidy/src/",
];

/// Whether a program has planted faults.
pub fn has_plants(program: &[u8]) -> bool {
    program.windows(MARKER.len()).any(|bytes| bytes == MARKER.as_bytes())
}

/// Whether a line of a file may name the flag.
fn may(file: &SourceFile, line: &str) -> bool {
    let path = file.path.as_str();
    match path.rsplit('.').next() {
        Some("rs") => SITES.iter().any(|site| path.starts_with(site)),
        // Pages explain it.
        Some("md") => true,
        // The compiler has to know that the flag exists.
        Some("toml") => line.trim_start().starts_with("unexpected_cfgs = "),
        _ => path.starts_with(".ci/") && (line.contains("cargo test") || is_comment(line)),
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The flag stands where plants are and where tests are run, and the marker beside the plants.
pub(super) fn plants(tree: &Tree, findings: &mut Vec<Finding>) {
    let flag = concat!("prova", "_plant");
    let finding = |path: &str, line: usize, item: &str, message: &str| Finding {
        path: path.to_owned(),
        line,
        rule: "plants",
        item: item.to_owned(),
        message: message.to_owned(),
    };
    for file in &tree.files {
        for (number, line) in (1..).zip(file.text.lines()) {
            if line.contains(flag) && !may(file, line) {
                let message = "planted faults belong in the executors and rules, and the flag on a test's command line: take it out";
                findings.push(finding(&file.path, number, flag, message));
            }
        }
    }
    for home in HOMES {
        if tree.text(home).is_some_and(|text| !text.contains(MARKER)) {
            let message = "the marker is missing, by which a program with plants is told";
            findings.push(finding(home, 0, "MARKER", message));
        }
    }
}

/// A test program that exists with plants alone is one of those that `.ci/run plants` runs.
pub(super) fn programs(tree: &Tree, findings: &mut Vec<Finding>) {
    let flag = concat!("prova", "_plant");
    let Some(run) = tree.text(".ci/run") else { return };
    for file in tree.rust().filter(|file| file.path.contains("/tests/")) {
        let whole = |line: &str| line.starts_with("#![cfg(") && line.contains(flag);
        let Some(line) = file.text.lines().position(whole) else { continue };
        let name = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if !run
            .split_whitespace()
            .zip(run.split_whitespace().skip(1))
            .any(|x| x == ("--test", name))
        {
            findings.push(Finding {
                path: file.path.clone(),
                line: line + 1,
                rule: "plant-programs",
                item: name.to_owned(),
                message: format!("no step runs it: add `--test {name}` to `plants` in .ci/run"),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn the_flag_stands_on_command_lines_of_tests_alone() {
        let ci = "# prova_plant: seen?\nRUSTFLAGS='--cfg prova_plant' cargo test -p x";
        let lint = "[lints]\nunexpected_cfgs = { check-cfg = [\"cfg(prova_plant)\"] }";
        let site = "crates/runtime/src/exec/step.rs";
        let good = [
            (".ci/run", ci),
            ("Cargo.toml", lint),
            (site, "#[cfg(prova_plant)]"),
            ("a.md", "prova_plant"),
        ];
        found(plants, &good, &[]);
        for (path, text) in [
            (".ci/run", "RUSTFLAGS='--cfg prova_plant' cargo build --release"),
            (".cargo/config.toml", "rustflags = [\"--cfg\", \"prova_plant\"]"),
            ("Cargo.toml", "[profile.release]\nrustflags = [\"--cfg=prova_plant\"]"),
            ("crates/cli/build.rs", "println!(\"cargo::rustc-cfg=prova_plant\");"),
            ("crates/runtime/src/store.rs", "#[cfg(prova_plant)]"),
        ] {
            let line = text.lines().count();
            found(plants, &[(path, text)], &[&format!("{path}:{line} prova_plant")]);
        }
    }

    #[test]
    fn programs_with_plants_are_run() {
        let ci = (".ci/run", "cargo test \\\n  --test a_plants\n");
        let text = "//! Idea.\n#![cfg(all(prova_plant, unix))]\n";
        found(programs, &[ci, ("crates/a/tests/a_plants.rs", text)], &[]);
        found(programs, &[ci, ("crates/a/tests/plants.rs", "//! Idea.\n")], &[]);
        let other = "crates/a/tests/plants.rs";
        found(programs, &[ci, (other, text)], &[&format!("{other}:2 plants")]);
    }

    #[test]
    fn plants_have_their_marker() {
        found(plants, &[(HOMES[0], &format!("static X: &str = \"{MARKER}\";"))], &[]);
        found(
            plants,
            &[(HOMES[0], "static X: &str = \"\";")],
            &[&format!("{}:0 MARKER", HOMES[0])],
        );
    }

    #[test]
    fn a_program_is_told_by_its_bytes() {
        assert!(has_plants(format!("\u{0}{MARKER}\u{1}").as_bytes()));
        assert!(!has_plants(&MARKER.as_bytes()[1..]) && !has_plants(b""));
    }
}
