//! Rules about single files: their header and length, what must not stand in them.
//!
//! `source` blanks comments and literals. Faults that a lint of the compiler or of clippy finds are
//! left to it (`manifests::lints` keeps the lints on). Limits: words are found as tokens.

use super::source::{SourceFile, close, words};
use super::{Finding, Tree};

/// The lines that a file may have.
const LINES_MAX: usize = 1_000;

fn finding(file: &SourceFile, at: usize, rule: &'static str, item: &str, message: &str) -> Finding {
    Finding {
        path: file.path.clone(),
        line: file.line_of(at),
        rule,
        item: item.to_owned(),
        message: message.to_owned(),
    }
}

/// Every Rust file opens with its idea.
pub(super) fn header(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        let first = file.text.lines().next().unwrap_or_default();
        let idea = first.strip_prefix("//!").unwrap_or_default().trim();
        if idea.len() < 5 || idea == "To be written." {
            let message = "open with `//!` and one sentence: from what to what, and why";
            findings.push(finding(file, 0, "header", "-", message));
        }
    }
}

/// No file is longer than [`LINES_MAX`].
pub(super) fn file_length(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            let message = format!("{lines} lines of at most {LINES_MAX}: split it by what it does");
            findings.push(finding(file, 0, "file-length", "-", &message));
        }
    }
}

/// No test is switched off.
pub(super) fn ignored_tests(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        for (at, attribute) in attributes(&file.code) {
            if words(attribute, "ignore").next().is_some() {
                let message =
                    "fix or delete the test; a known failure is a row of a list that must fail";
                findings.push(finding(file, at, "ignored-test", "ignore", message));
            }
        }
    }
}

/// The attributes of a file with their offsets: `#[…]` and `#![…]`.
fn attributes(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices('#').filter_map(|(at, _)| {
        let open = at + 1 + usize::from(code[at + 1..].starts_with('!'));
        let end = code[open..].starts_with('[').then(|| close(code, open))??;
        Some((at, &code[at..end]))
    })
}

/// Calls of the operating system stand in a `sys` folder.
pub(super) fn system_code(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust().filter(|file| matches!(file.crate_name(), Some("runtime" | "wasi"))) {
        if file.path.contains("/src/sys/") || file.path.contains("/src/sys.rs") {
            continue;
        }
        for word in ["rustix", "libc"] {
            for at in words(&file.code, word).take(1) {
                let message = "operating-system code belongs under `src/sys/`: move the call there";
                findings.push(finding(file, at, "system-code", word, message));
            }
        }
    }
}

/// Comments are sentences, not code.
pub(super) fn commented_code(tree: &Tree, findings: &mut Vec<Finding>) {
    const STARTS: [&str; 10] =
        ["let ", "pub ", "fn ", "use ", "if ", "for ", "return ", "assert", "self.", "}"];
    for file in tree.rust() {
        let mut at = 0;
        for line in file.text.split_inclusive('\n') {
            let comment = line.trim().strip_prefix("// ").unwrap_or_default().trim();
            let ends = comment.ends_with(';') || comment.ends_with('{') || comment == "}";
            if ends && STARTS.iter().any(|start| comment.starts_with(start)) {
                let message = "delete it: version control remembers, a comment says why";
                findings.push(finding(file, at, "commented-code", comment, message));
            }
            at += line.len();
        }
    }
}

/// The characters that a line of a comment may have, its indentation included.
const COMMENT_WIDTH: usize = 100;

/// Comments keep to [`COMMENT_WIDTH`] columns. Diagrams between fences, tables and the targets of
/// links cannot be broken and may be wider.
pub(super) fn comment_width(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        let (mut at, mut fenced) = (0, false);
        for line in file.text.split_inclusive('\n') {
            let comment = line.trim().strip_prefix("//");
            let text = comment.map(|text| text.trim_start_matches(['/', '!']).trim());
            fenced = text.is_some_and(|text| fenced != text.starts_with("```"));
            let whole = text.is_some_and(|text| text.starts_with('|') || text.contains("]: "));
            let width = line.trim_end().chars().count();
            if text.is_some() && !fenced && !whole && width > COMMENT_WIDTH {
                let message = format!("{width} columns of at most {COMMENT_WIDTH}: break the line");
                findings.push(finding(file, at, "comment-width", "-", &message));
            }
            at += line.len();
        }
    }
}

/// Nothing names a place of the machine on which it was written.
pub(super) fn machine_paths(tree: &Tree, findings: &mut Vec<Finding>) {
    // In parts, so that this list does not find itself.
    let words = [
        concat!("/wo", "rk/"),
        concat!("/tm", "p/wt"),
        concat!("/tm", "p/peers"),
        concat!("/tm", "p/brief"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Use", "rs/"),
    ];
    for file in &tree.files {
        for word in words {
            let starts =
                |at: usize| !file.text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.');
            for (at, _) in file.text.match_indices(word).filter(|&(at, _)| starts(at)) {
                let message = "a path of one machine: take it from an argument or the environment";
                findings.push(finding(file, at, "machine-path", word, message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn headers() {
        found(header, &[("a.rs", "//! From bytes to modules.\n")], &[]);
        found(header, &[("a.rs", "use x;\n")], &["a.rs:1 -"]);
        found(header, &[("a.rs", "//! \nuse x;\n")], &["a.rs:1 -"]);
        found(header, &[("a.toml", "x = 1\n")], &[]);
    }

    #[test]
    fn lengths_of_files() {
        found(file_length, &[("a.rs", &"x\n".repeat(1_000))], &[]);
        found(file_length, &[("a.rs", &"x\n".repeat(1_001))], &["a.rs:1 -"]);
    }

    #[test]
    fn tests_switched_off() {
        found(ignored_tests, &[("a.rs", "#[test]\nfn ignore() {}")], &[]);
        found(ignored_tests, &[("a.rs", "#[test]\n#[ignore = \"slow\"]")], &["a.rs:2 ignore"]);
        found(ignored_tests, &[("a.rs", "#[cfg_attr(miri, ignore)]")], &["a.rs:1 ignore"]);
    }

    #[test]
    fn system_code_has_its_folder() {
        let bad = "fn f() { unsafe { libc::abort() } }\nuse rustix::fs;";
        let runtime = "crates/runtime/src/sys/x.rs";
        found(system_code, &[(runtime, bad)], &[]);
        let wanted = ["crates/runtime/src/a.rs:2 rustix", "crates/runtime/src/a.rs:1 libc"];
        found(system_code, &[("crates/runtime/src/a.rs", bad)], &wanted);
    }

    #[test]
    fn code_in_comments() {
        let good = "// If it is so, then\n// for each; and\n/// let x = 1;\n//! use y;\nlet x = 1;";
        found(commented_code, &[("a.rs", good)], &[]);
        found(commented_code, &[("a.rs", "x\n    // let x = 1;\n")], &["a.rs:2 let x = 1;"]);
        found(commented_code, &[("a.rs", "// }\n")], &["a.rs:1 }"]);
    }

    #[test]
    fn widths_of_comments() {
        let wide = "é".repeat(100);
        let code = format!("    let x = \"{wide}\";\n");
        found(comment_width, &[("a.rs", &format!("//! {}\n{code}", &wide[..192]))], &[]);
        found(comment_width, &[("a.rs", &format!("x\n    // {wide}\n"))], &["a.rs:2 -"]);
        let fenced = format!("//! ```text\n//! {wide}\n//! ```\n");
        found(comment_width, &[("a.rs", &fenced)], &[]);
        let after = format!("{fenced}//! {wide}\n");
        found(comment_width, &[("a.rs", &after)], &["a.rs:4 -"]);
        // A fence that nothing closes ends with its comment.
        let open = format!("/// ```\nfn f() {{}}\n/// {wide}\n");
        found(comment_width, &[("a.rs", &open)], &["a.rs:3 -"]);
    }

    #[test]
    fn paths_of_one_machine() {
        found(machine_paths, &[("a.md", "src/work/x and temp")], &[]);
        let bad = format!("x\nsee {}x", concat!("/wo", "rk/"));
        found(machine_paths, &[("a.md", &bad)], &[concat!("a.md:2 /wo", "rk/")]);
    }
}
