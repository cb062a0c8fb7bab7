//! The `use` lines of a crate → which of its files use which, and the circles among them.
//!
//! ```text
//! files ─ use lines (crate::, super::, self::, a child) ─► Graph ─┬ Tarjan ─► circles of files
//!                                                                 └ lib.rs's table ─► forbidden arrows
//! ```
//!
//! 1. An edge leads from a file to the file that a `use` line names, or that has the item which it
//!    names. A re-export is the file's that has it. What modules for tests use does not count.
//! 2. The largest circle of a crate has at most [`CIRCLE_MAX`] files, or as many as `circles.tsv`
//!    says for it: that number may only fall.
//! 3. A crate whose `lib.rs` has a table of stages keeps to it: a file in the folder of a stage
//!    uses files of that stage and of those in its row, and says no word that its row forbids.
//!
//! Limits: paths in expressions (`crate::x::f()`) and files with `#[path]` are not followed.

use crate::Tree;
use crate::source::{SourceFile, close, words};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of files of a circle in a crate that `circles.tsv` does not have.
pub const CIRCLE_MAX: usize = 6;

/// Which file uses which, by paths inside `src`.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// The files of one crate by module path.
type Modules<'t> = BTreeMap<Vec<&'t str>, &'t SourceFile>;

/// The graph of the crate of this folder.
pub fn graph(tree: &Tree, name: &str) -> Graph {
    let src = format!("crates/{name}/src/");
    let mut modules = Modules::new();
    let files = tree.rust().filter(|file| file.path.starts_with(&src));
    let files: Vec<&SourceFile> = files.collect();
    for &file in &files {
        modules.entry(module(&file.path[src.len()..])).or_insert(file);
    }
    let short = |file: &SourceFile| file.path[src.len()..].to_owned();
    let one = |file: &SourceFile| {
        let own = module(&file.path[src.len()..]);
        let found = uses(file).into_iter().filter_map(|path| resolve(&modules, &own, &path));
        let found = found.filter(|to| to.path != file.path).map(short).collect();
        (short(file), found)
    };
    files.into_iter().map(one).collect()
}

/// The path of a file's module; `lib.rs` and `main.rs` are the root.
fn module(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    if matches!(parts.last(), Some(&"mod" | &"lib" | &"main")) {
        parts.pop();
    }
    parts
}

/// The file that a path leads to, from the module `own`; `None` outside of the crate.
fn resolve<'t>(modules: &Modules<'t>, own: &[&str], path: &[String]) -> Option<&'t SourceFile> {
    let (mut at, mut rest): (Vec<&str>, &[String]) = match path.first()?.as_str() {
        "crate" => (Vec::new(), &path[1..]),
        "self" => (own.to_vec(), &path[1..]),
        "super" => (own.to_vec(), path),
        first => {
            let child: Vec<&str> = own.iter().copied().chain([first]).collect();
            modules.contains_key(&child).then(|| (own.to_vec(), path))?
        }
    };
    while rest.first().is_some_and(|part| part == "super") {
        at.pop();
        rest = &rest[1..];
    }
    at.extend(rest.iter().map(String::as_str));
    while !at.is_empty() && !modules.contains_key(&at) {
        at.pop();
    }
    modules.get(&at).copied()
}

/// The paths that a file's `use` items name, without those of modules for tests.
fn uses(file: &SourceFile) -> Vec<Vec<String>> {
    let mut code = file.code.clone();
    while let Some(at) = code.find("#[cfg(test)]") {
        let open = code[at..].find(['{', ';']).map_or(code.len(), |open| at + open);
        let end = close(&code, open).unwrap_or(open + 1).min(code.len());
        code.replace_range(at..end, "");
    }
    let mut found = Vec::new();
    for at in words(&code, "use") {
        let Some(end) = code[at..].find(';') else { continue };
        expand(&code[at + 3..at + end], &[], &mut found);
    }
    found
}

/// Adds the paths of a tree of names behind `before`.
fn expand(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let (path, list) = match tree.split_once('{') {
        Some((path, list)) => (path, Some(list.rsplit_once('}').map_or(list, |(list, _)| list))),
        None => (tree.split(" as ").next().unwrap_or_default(), None),
    };
    let parts = path.split("::").map(str::trim).filter(|part| !part.is_empty());
    let all: Vec<String> = before.iter().cloned().chain(parts.map(str::to_owned)).collect();
    let Some(list) = list else { return found.push(all) };
    let (mut depth, mut start) = (0, 0);
    for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !list[start..at].trim().is_empty() {
                    expand(&list[start..at], &all, found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The circles of a graph: sets of files each of which leads to all others, the largest first.
pub fn circles(graph: &Graph) -> Vec<BTreeSet<String>> {
    let reach = |from: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            let next = graph.get(at).into_iter().flatten().filter(|to| graph.contains_key(*to));
            open.extend(next.filter(|to| seen.insert((*to).clone())));
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        graph.keys().map(|file| (file, reach(file))).collect();
    let mut found = BTreeSet::new();
    for (file, all) in reached.iter().filter(|(file, all)| all.contains(**file)) {
        let back = all.iter().filter(|other| reached[other].contains(*file));
        found.insert(back.cloned().collect::<BTreeSet<String>>());
    }
    let mut found: Vec<BTreeSet<String>> = found.into_iter().collect();
    found.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    found
}

/// The crates whose largest circle is not as `allowed` says, by the rows `crate`, `files` of it.
pub fn complaints(tree: &Tree, allowed: &str) -> Vec<String> {
    let rows = allowed.lines().filter(|line| !line.starts_with('#'));
    let rows = rows.filter_map(|line| line.split_once('\t'));
    let rows: BTreeMap<&str, usize> =
        rows.filter_map(|(name, count)| Some((name, count.trim().parse().ok()?))).collect();
    let names: BTreeSet<&str> = tree.rust().filter_map(SourceFile::crate_name).collect();
    let mut found = Vec::new();
    for name in rows.keys().filter(|name| !names.contains(*name)) {
        found.push(format!("circles.tsv has a row for `{name}`, and there is no such crate"));
    }
    for name in names {
        let all = circles(&graph(tree, name));
        let largest = all.first().map_or(0, BTreeSet::len);
        match rows.get(name) {
            Some(most) if largest < *most => found.push(format!(
                "`{name}`: the largest circle has {largest} files: write that into circles.tsv, \
                 or remove the row if it is at most {CIRCLE_MAX}"
            )),
            most if largest > most.copied().unwrap_or(CIRCLE_MAX) => found.push(format!(
                "`{name}`: a circle of {largest} files, at most {}: move what they share below \
                 them: {:?}",
                most.copied().unwrap_or(CIRCLE_MAX),
                all[0]
            )),
            _ => {}
        }
    }
    found
}

/// A row of a table of stages.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stage {
    uses: BTreeSet<String>,
    never: Vec<String>,
}

/// The table of stages in a crate's `lib.rs`: rows ``//! | `stage` | may use | never says |``.
fn stages(text: &str) -> BTreeMap<String, Stage> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let list = |cell: &str| -> Vec<String> {
        let names = cell.split(',').map(|name| name.trim().trim_matches('`'));
        names.filter(|name| !name.is_empty() && *name != "–").map(str::to_owned).collect()
    };
    rows.filter_map(|row| match row.split('|').collect::<Vec<_>>()[..] {
        [name, uses, never, _] => {
            let name = name.trim().trim_end_matches('`').to_owned();
            Some((name, Stage { uses: list(uses).into_iter().collect(), never: list(never) }))
        }
        _ => None,
    })
    .collect()
}

/// The arrows and words that the table of stages of a crate forbids, and stages without files.
pub fn forbidden(tree: &Tree, name: &str) -> Vec<String> {
    let src = format!("crates/{name}/src/");
    let stages = stages(tree.text(&format!("{src}lib.rs")).unwrap_or_default());
    let graph = graph(tree, name);
    let stage = |file: &str| file.split_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut found = Vec::new();
    for (file, uses) in graph.iter().filter(|(file, _)| !file.ends_with("/tests.rs")) {
        let Some(row) = stages.get(&stage(file)) else { continue };
        let wrong = uses.iter().filter(|to| stage(to) != stage(file));
        let wrong = wrong.filter(|to| !row.uses.contains(&stage(to)));
        found.extend(wrong.map(|to| format!("{file} uses {to}, which its stage may not")));
        let code = tree.files.iter().find(|one| one.path == format!("{src}{file}"));
        let code = code.map_or("", |file| &file.code);
        let says = row.never.iter().filter(|word| words(code, word).next().is_some());
        found.extend(says.map(|word| format!("{file} says `{word}`, which its stage may not")));
    }
    let empty = stages.keys().filter(|name| !graph.keys().any(|file| stage(file) == **name));
    found.extend(
        empty.map(|name| format!("the table has a row for `{name}`, and there is no file")),
    );
    if stages.len() < 2 {
        found.push(format!("{src}lib.rs has no table of stages"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("crates/x/src/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        Tree::of(&files)
    }

    #[test]
    fn use_lines_lead_to_files() {
        let tree = tree(&[
            ("lib.rs", "mod a;\nuse a::{self, Y, b::Z as W};\nuse std::fmt;"),
            ("a/mod.rs", "use crate::c::{D, E};\nuse super::Thing; // use crate::c;"),
            (
                "a/b.rs",
                "use super::super::c;\n#[cfg(test)]\nmod tests {\n use super::*; use crate::a;\n}",
            ),
            ("c.rs", "pub(crate) use self::inner::F;\nconst X: &str = \"use crate::a;\";"),
        ]);
        let graph = graph(&tree, "x");
        let edges: Vec<String> = graph.iter().map(|(file, to)| format!("{file} {to:?}")).collect();
        let wanted = [
            r#"a/b.rs {"c.rs"}"#,
            r#"a/mod.rs {"c.rs", "lib.rs"}"#,
            r#"c.rs {}"#,
            r#"lib.rs {"a/b.rs", "a/mod.rs"}"#,
        ];
        assert_eq!(edges, wanted);
        let all = circles(&graph);
        assert_eq!(all, [["a/mod.rs", "lib.rs"].map(str::to_owned).into()]);
    }

    /// A circle of seven files is found, and one of six beside it is none; a number in the table
    /// may only fall.
    #[test]
    fn circles_are_at_most_as_large_as_said() {
        let ring = |count: usize| {
            let name = |at: usize| format!("f{}.rs", at % count);
            let text = |at: usize| format!("use crate::f{}::X;", (at + 1) % count);
            let files: Vec<(String, String)> = (0..count).map(|at| (name(at), text(at))).collect();
            let files: Vec<(&str, &str)> =
                files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            tree(&files)
        };
        assert_eq!(complaints(&ring(6), "# why\n"), [""; 0]);
        assert!(complaints(&ring(7), "").concat().contains("a circle of 7 files, at most 6"));
        assert_eq!(complaints(&ring(7), "x\t7\n"), [""; 0]);
        assert!(complaints(&ring(7), "x\t8\n").concat().contains("has 7 files: write that"));
        assert!(complaints(&ring(9), "x\t8\n").concat().contains("a circle of 9 files, at most 8"));
        assert!(complaints(&ring(6), "y\t8\n").concat().contains("there is no such crate"));
    }

    #[test]
    fn arrows_and_words_of_stages_are_kept() {
        let table = "//! | stage | may use | never says |\n//! |---|---|---|\n//! | `low` | – | `told` |\n\
                     //! | `high` | low | – |\n";
        let found = |low: &str, high: &str| {
            let files = [("lib.rs", table), ("low/a.rs", low), ("high/b.rs", high)];
            forbidden(&tree(&files), "x")
        };
        let right = "use crate::low::a::told;";
        assert_eq!(found("use super::a::X; // told\nfn retold() {}", right), [""; 0]);
        let wanted = "low/a.rs uses high/b.rs, which its stage may not";
        assert_eq!(found("use crate::high::b::Y;", right), [wanted]);
        let files =
            [("lib.rs", table), ("low/tests.rs", "use crate::high::b::Y;"), ("high/b.rs", "")];
        assert_eq!(forbidden(&tree(&files), "x"), [""; 0]);
        let wanted = "low/a.rs uses lib.rs, which its stage may not";
        assert_eq!(found("use crate::Y;", right), [wanted]);
        let wanted = "low/a.rs says `told`, which its stage may not";
        assert_eq!(found("fn f() { told() }", right), [wanted]);
        let none = forbidden(&tree(&[("lib.rs", table), ("low/a.rs", "")]), "x");
        assert_eq!(none, ["the table has a row for `high`, and there is no file"]);
        assert_eq!(forbidden(&tree(&[("lib.rs", "")]), "x").len(), 1);
    }
}
