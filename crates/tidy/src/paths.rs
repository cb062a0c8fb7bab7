//! Paths that pages and headers of modules name → those that are not there.
//!
//! What counts as a path: in a page (`.md`) and in comments of Rust that open a module (`//!`), a
//! word in backticks that has a `/` and an ending of a file of ours, or that starts with a folder
//! of the repository; and the target of a link of a page. A path may be meant from the root, from
//! the file's folder, from its crate, from its crate's `src` or `tests`; what is said to be of a
//! crate from that crate; and the end of a path will do where it does not begin with `src` or
//! `tests`. `{a,b}` stands for both, `*` for any part of a name.
//!
//! Limits: what a code block shows is the user's; a path that exists for another reason than the
//! one meant is not noticed. `CHANGELOG.md` tells of the past. The work is the product of paths
//! named and files, of which there are some thousand each.

use crate::source::SourceFile;
use crate::{Finding, Tree};
use std::collections::BTreeSet;

/// Folders at the root of the repository.
const FOLDERS: [&str; 6] = ["crates/", "docs/", "tests/", "programs/", "benches/", ".ci/"];
/// Endings of the names of files of ours.
const ENDINGS: [&str; 6] = [".rs", ".md", ".tsv", ".wat", ".wast", ".sh"];

/// Every path that is named exists.
pub(super) fn paths(tree: &Tree, findings: &mut Vec<Finding>) {
    let known = known(tree);
    for file in tree.files.iter().filter(|file| file.path != "CHANGELOG.md") {
        for Named { line, path, of } in named(file) {
            let exists = expanded(&path).iter().all(|path| match &of {
                Some(name) => is_known(&known, &format!("crates/{name}/{path}")),
                None => {
                    places(file, path).iter().any(|place| is_known(&known, place))
                        || is_end(&known, path)
                }
            });
            if !exists {
                findings.push(Finding {
                    path: file.path.clone(),
                    line,
                    rule: "paths",
                    item: path,
                    message: "there is no such file or folder: name the one that is meant"
                        .to_owned(),
                });
            }
        }
    }
}

/// All files and folders.
fn known(tree: &Tree) -> BTreeSet<&str> {
    let mut known = BTreeSet::new();
    for path in &tree.paths {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        known.extend(ends.map(|end| &path[..end]));
    }
    known
}

fn is_known(known: &BTreeSet<&str>, path: &str) -> bool {
    match path.split_once('*') {
        None => known.contains(path.trim_end_matches('/')),
        Some((before, after)) => known.iter().any(|known| {
            known.len() >= before.len() + after.len()
                && known.starts_with(before)
                && known.ends_with(after)
        }),
    }
}

/// Whether a known path ends so. Every crate has `src` and `tests`, so these do not say which.
fn is_end(known: &BTreeSet<&str>, path: &str) -> bool {
    let ends = |known: &&str| {
        known.strip_suffix(path).is_some_and(|before| before.ends_with('/')) && path.contains('/')
    };
    !path.starts_with("src/") && !path.starts_with("tests/") && known.iter().any(ends)
}

/// A path that a file names.
struct Named {
    line: usize,
    path: String,
    /// The crate whose path it is said to be.
    of: Option<String>,
}

/// The paths that a file names.
fn named(file: &SourceFile) -> Vec<Named> {
    let page = file.path.ends_with(".md");
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        let prose = match line.trim_start().strip_prefix("//!") {
            Some(header) if file.is_rust() => header,
            _ if page => line,
            _ => continue,
        };
        if prose.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        let parts: Vec<&str> = prose.split('`').collect();
        for (at, word) in parts.iter().enumerate().skip(1).step_by(2) {
            // `file.rs:12` and `file.rs::test` name a place in a file.
            let path = word.split(':').next().unwrap_or_default();
            if is_path(path) {
                let next = parts.get(at + 1).filter(|between| **between == " of ");
                let of = next.and_then(|_| parts.get(at + 2)?.strip_prefix("prova-"));
                let (path, of) = (path.to_owned(), of.map(str::to_owned));
                found.push(Named { line: number, path, of });
            }
        }
        for link in prose.split("](").skip(1).filter(|_| page) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.contains(' ') {
                found.push(Named { line: number, path: target.to_owned(), of: None });
            }
        }
    }
    found
}

fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-{},*".contains(c);
    let ours = ENDINGS.iter().any(|ending| word.ends_with(ending))
        || FOLDERS.iter().any(|folder| word.starts_with(folder));
    // `crates/…` with an ellipsis or a capital `NAME` in it is a pattern for the reader.
    word.contains('/')
        && word.chars().all(plain)
        && ours
        && !word.starts_with(['/', '-'])
        && !word.contains("NAME")
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn expanded(path: &str) -> Vec<String> {
    let parts = path.split_once('{').and_then(|(before, rest)| {
        rest.split_once('}').map(|(inside, after)| (before, inside, after))
    });
    match parts {
        None => vec![path.to_owned()],
        Some((before, inside, after)) => inside
            .split(',')
            .flat_map(|one| expanded(&format!("{before}{}{after}", one.trim())))
            .collect(),
    }
}

/// The places that a path in a file may mean, from the root.
fn places(file: &SourceFile, path: &str) -> Vec<String> {
    let mut bases = vec![String::new()];
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    bases.push(format!("{folder}/"));
    // The folder around it, as `mod.rs` would say it.
    bases.extend(folder.rsplit_once('/').map(|(outer, _)| format!("{outer}/")));
    // `store.rs` speaks of the folder `store/`.
    bases.extend(file.path.strip_suffix(".rs").map(|stem| format!("{stem}/")));
    if let Some(name) = file.crate_name() {
        bases.extend(["", "src/", "tests/"].map(|inside| format!("crates/{name}/{inside}")));
    }
    bases.push("crates/".to_owned());
    bases.iter().map(|base| normal(&format!("{base}{path}"))).collect()
}

/// Without `.` and `..`.
pub(super) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    const SOME: [(&str, &str); 3] =
        [("crates/num/src/a.rs", ""), ("docs/a.md", ""), ("tests/run/x.wast", "")];

    fn with<'a>(path: &'a str, text: &'a str) -> Vec<(&'a str, &'a str)> {
        SOME.into_iter().chain([(path, text)]).collect()
    }

    #[test]
    fn paths_that_exist() {
        for text in [
            "//! See `src/a.rs`, `a.rs`, `crates/num/src/{a,b}.rs`, `tests/run`.",
            "//! `docs/*.md`, `src/a.rs::f`, `src/a.rs:12`, `src/a.rs` and `x/y`, `a / b.rs`.",
            "//! ```\n//! `tests/none.rs`\n//! ```",
            "fn f() {} // `tests/none.rs`",
            "//! `src/a.rs` of `prova-num`, `run/x.wast`.",
        ] {
            found(paths, &with("crates/num/src/b.rs", text), &[]);
        }
        let page =
            "[a](a.md#part) `tests/run/` [b](https://example.org/x.md)\n```\n`tests/no.rs`\n```";
        found(paths, &with("docs/b.md", page), &[]);
        found(paths, &with("CHANGELOG.md", "`crates/old.rs`"), &[]);
    }

    #[test]
    fn paths_that_do_not() {
        found(
            paths,
            &with("crates/num/src/b.rs", "//! `src/a.rs` of `prova-wast`"),
            &["crates/num/src/b.rs:1 src/a.rs"],
        );
        let header = "//! Idea.\n//! See `tests/none.rs` and `crates/num/src/{a,c}.rs`.";
        let wanted = [
            "crates/num/src/b.rs:2 tests/none.rs",
            "crates/num/src/b.rs:2 crates/num/src/{a,c}.rs",
        ];
        found(paths, &with("crates/num/src/b.rs", header), &wanted);
        let page = "`crates/old/x`\n[a](gone.md)\n`docs/*.tsv`";
        let wanted = ["docs/b.md:1 crates/old/x", "docs/b.md:2 gone.md", "docs/b.md:3 docs/*.tsv"];
        found(paths, &with("docs/b.md", page), &wanted);
    }
}
