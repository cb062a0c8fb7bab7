//! Targets of cargo and mutants that pages, scripts and lists name → those that are not there.
//!
//! A script or a page that says `--example NAME`, `--test NAME` or `--bin NAME` means a file of a
//! crate; a row of the explained mutants means a line of a function. Both are used seldom, so that
//! nobody notices when what they name is moved: this rule does.
//!
//! And the other way around: a file of tests that neither its crate's one program nor the manifest
//! names would never run.
//!
//! Limits: `CHANGELOG.md` tells of the past, and names in capitals stand for any; a name is looked
//! for in all crates. A row's function is the last one whose `fn` stands before the line: bodies in
//! a function count as theirs. Linear in the size of the repository, and each row reads its file
//! once more.

use crate::source::SourceFile;
use crate::{Finding, Tree};

/// Options of cargo that take a target's name, and the folder where such targets are.
const KINDS: [(&str, &str); 3] =
    [("--example ", "examples"), ("--test ", "tests"), ("--bin ", "bin")];
/// The list of explained mutants.
const EXPLAINED: &str = "crates/bytecode/tests/mutants/explained.tsv";

/// Every target that a page or script names exists.
pub(super) fn targets(tree: &Tree, findings: &mut Vec<Finding>) {
    let is_text = |file: &&SourceFile| {
        file.path != "CHANGELOG.md"
            && (file.path.ends_with(".md")
                || file.path.ends_with(".py")
                || file.path.ends_with(".sh")
                || file.path.starts_with(".ci/"))
    };
    for file in tree.files.iter().filter(is_text) {
        for (line, text) in file.text.lines().enumerate() {
            for (option, folder) in KINDS {
                for name in text.split(option).skip(1).filter_map(name) {
                    if !is_target(tree, folder, name) {
                        findings.push(Finding {
                            path: file.path.clone(),
                            line: line + 1,
                            rule: "targets",
                            item: name.to_owned(),
                            message: format!("no crate has such a target in `{folder}`"),
                        });
                    }
                }
            }
        }
    }
}

/// The name at the beginning of what follows an option; none if it stands for any.
fn name(text: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())];
    name.starts_with(|c: char| c.is_ascii_lowercase()).then_some(name)
}

/// Whether a crate has the target: by its file, unless its manifest says that files are modules of
/// one program; or by name in its manifest.
fn is_target(tree: &Tree, folder: &str, name: &str) -> bool {
    let ends = [format!("/{folder}/{name}.rs"), format!("/{folder}/{name}/main.rs")];
    let row = format!("name = \"{name}\"");
    let is_found = |path: &str| {
        let krate = ends.iter().find_map(|end| path.strip_suffix(end.as_str()));
        let manifest = krate.and_then(|krate| tree.text(&format!("{krate}/Cargo.toml")));
        let are_modules = manifest.is_some_and(|text| text.contains("autotests = false"));
        krate.is_some() && !(folder == "tests" && are_modules)
    };
    tree.paths.iter().any(|path| is_found(path))
        || tree
            .files
            .iter()
            .filter(|file| file.path.ends_with("Cargo.toml"))
            .any(|file| file.text.lines().any(|line| line == row))
}

/// Every file of tests is run: where a crate's tests are modules of one program, it is one of them,
/// or a program that the manifest names.
pub(super) fn tests(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in &tree.files {
        let Some(krate) = file.path.strip_suffix("/Cargo.toml") else { continue };
        if !file.text.contains("autotests = false") {
            continue;
        }
        let folder = format!("{krate}/tests/");
        let main = tree.text(&format!("{folder}main.rs")).unwrap_or_default();
        for path in &tree.paths {
            let name = path.strip_prefix(&folder).and_then(|rest| rest.strip_suffix(".rs"));
            let Some(name) = name.filter(|name| !name.contains('/') && *name != "main") else {
                continue;
            };
            let (module, row) = (format!("mod {name};"), format!("name = \"{name}\""));
            let is_run = main.lines().any(|line| line == module)
                || file.text.lines().any(|line| line == row);
            if !is_run {
                findings.push(Finding {
                    path: path.clone(),
                    line: 1,
                    rule: "tests",
                    item: name.to_owned(),
                    message: format!("neither `{folder}main.rs` nor the manifest names it"),
                });
            }
        }
    }
}

/// Every row of the explained mutants names a line of the function that it names.
pub(super) fn rows(tree: &Tree, findings: &mut Vec<Finding>) {
    let rows = tree.text(EXPLAINED).unwrap_or_default();
    for (number, row) in rows.lines().enumerate().filter(|(_, row)| !row.starts_with('#')) {
        let [file, function, _, line, _] = row.split('\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        if !tree.text(file).is_some_and(|text| is_in(text, function, line)) {
            findings.push(Finding {
                path: EXPLAINED.to_owned(),
                line: number + 1,
                rule: "rows",
                item: function.to_owned(),
                message: format!("this function of {file} has no such line"),
            });
        }
    }
}

/// Whether the text has the function, and in it the line (`-` stands for the whole body); a line
/// of no function (`-`) may stand anywhere.
fn is_in(text: &str, function: &str, line: &str) -> bool {
    let plain = function.rsplit("::").next().unwrap_or(function);
    let plain = &plain[..plain.find('<').unwrap_or(plain.len())];
    let line = match line.rsplit_once(" #") {
        Some((line, count)) if count.bytes().all(|byte| byte.is_ascii_digit()) => line,
        _ => line,
    };
    let mut last = "";
    text.lines().any(|code| {
        if let Some((_, rest)) = code.split_once("fn ")
            && let Some(name) = name_of(rest)
        {
            last = name;
        }
        (last == plain || function == "-") && (line == "-" || code.trim() == line)
    })
}

/// The name of a function behind its `fn`.
fn name_of(rest: &str) -> Option<&str> {
    let end = rest.find(['(', '<'])?;
    let name = &rest[..end];
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_gone_is_found() {
        let tree = Tree::of(&[
            (
                "README.md",
                "cargo run --example there\ncargo run --example gone -p NAME --test NAME",
            ),
            ("benches/run.py", "--bin prova --test judge"),
            ("benches/more.py", "--test file --test module --test one"),
            ("crates/one/examples/there.rs", ""),
            ("crates/two/tests/file.rs", ""),
            ("crates/three/tests/module.rs", ""),
            ("crates/three/Cargo.toml", "autotests = false\n[[test]]\nname = \"one\"\n"),
            ("crates/one/Cargo.toml", "[[bin]]\nname = \"prova\"\n"),
        ]);
        let mut findings = Vec::new();
        targets(&tree, &mut findings);
        let found: Vec<_> = findings.iter().map(|f| (f.line, f.item.as_str())).collect();
        assert_eq!(found, [(2, "gone"), (1, "judge"), (1, "module")]);
    }

    #[test]
    fn a_file_of_tests_that_nothing_runs_is_found() {
        let manifest = "autotests = false\n[[test]]\nname = \"apart\"\n";
        let tree = Tree::of(&[
            ("crates/one/Cargo.toml", manifest),
            ("crates/one/tests/main.rs", "mod named;\n// mod forgotten;\n"),
            ("crates/one/tests/named.rs", ""),
            ("crates/one/tests/apart.rs", ""),
            ("crates/one/tests/forgotten.rs", ""),
            ("crates/one/tests/named/part.rs", ""),
            ("crates/two/Cargo.toml", ""),
            ("crates/two/tests/alone.rs", ""),
        ]);
        let mut findings = Vec::new();
        tests(&tree, &mut findings);
        let found: Vec<_> = findings.iter().map(|f| f.item.as_str()).collect();
        assert_eq!(found, ["forgotten"]);
    }

    #[test]
    fn a_row_whose_line_moved_is_found() {
        let code = "fn first() {\n    a += 1;\n}\nfn second<T>(t: T) {\n    b += 1;\n}\n";
        let found = |list: &str| {
            let tree = Tree::of(&[(EXPLAINED, list), ("crates/one/src/lib.rs", code)]);
            let mut findings = Vec::new();
            rows(&tree, &mut findings);
            findings.len()
        };
        let at = "crates/one/src/lib.rs";
        assert_eq!(found(&format!("{at}\tOne<'_>::second\tm\tb += 1; #2\twhy\n")), 0);
        assert_eq!(found(&format!("{at}\tfirst\tm\t-\twhy\n")), 0);
        assert_eq!(found(&format!("{at}\tfirst\tm\tb += 1;\twhy\n")), 1, "of another function");
        assert_eq!(found(&format!("{at}\tthird\tm\t-\twhy\n")), 1, "no such function");
        assert_eq!(found(&format!("{at}\t-\tm\tb += 1;\twhy\n")), 0, "of no function");
        assert_eq!(found(&format!("{at}\t-\tm\tc += 1;\twhy\n")), 1, "no such line at all");
        assert_eq!(found("crates/one/src/gone.rs\tfirst\tm\t-\twhy\n"), 1, "no such file");
    }
}
