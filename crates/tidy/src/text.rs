//! Rules about single files: their header and length, words that must not stand in them, where `unsafe` may.
//!
//! Neighbours: `lib` lists the rules; `source` blanks comments and literals. Limits: words are found as tokens.

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

/// Words that stand for work not done.
pub(super) fn placeholders(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        for word in ["todo", "unimplemented", "dbg"] {
            for at in
                words(&file.code, word).filter(|at| file.code[at + word.len()..].starts_with('!'))
            {
                let message = "finish it, or return an error that names what is unsupported";
                findings.push(finding(file, at, "placeholder", word, message));
            }
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

/// Every `allow` and `expect` says why.
pub(super) fn allow_reason(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        for (at, attribute) in attributes(&file.code) {
            let allows = ["allow", "expect"].iter().any(|word| {
                words(attribute, word).any(|at| attribute[at + word.len()..].starts_with('('))
            });
            let text = &file.text[at..at + attribute.len()];
            let empty = text.contains("reason = \"\"");
            if allows && (empty || !attribute.contains("reason = \"")) {
                let message = "say why: `reason = \"…\"`, or remove the cause";
                findings.push(finding(file, at, "allow-reason", "allow", message));
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

/// `unsafe` stands in the runtime alone.
pub(super) fn unsafe_code(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust().filter(|file| file.crate_name() != Some("runtime")) {
        for at in words(&file.code, "unsafe") {
            let message = "only `runtime` may: give it a safe function for this, or use a library";
            findings.push(finding(file, at, "unsafe-code", "unsafe", message));
        }
    }
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
    fn work_not_done() {
        found(placeholders, &[("a.rs", "// todo!()\nfn f() { g(\"todo!()\"); todos!() }")], &[]);
        let bad = "todo!();\nunimplemented!();\ndbg!(x);";
        found(
            placeholders,
            &[("a.rs", bad)],
            &["a.rs:1 todo", "a.rs:2 unimplemented", "a.rs:3 dbg"],
        );
    }

    #[test]
    fn tests_switched_off() {
        found(ignored_tests, &[("a.rs", "#[test]\nfn ignore() {}")], &[]);
        found(ignored_tests, &[("a.rs", "#[test]\n#[ignore = \"slow\"]")], &["a.rs:2 ignore"]);
        found(ignored_tests, &[("a.rs", "#[cfg_attr(miri, ignore)]")], &["a.rs:1 ignore"]);
    }

    #[test]
    fn reasons() {
        found(allow_reason, &[("a.rs", "#[allow(dead_code, reason = \"by parts\")]")], &[]);
        for bad in ["#![allow(dead_code)]", "#[expect(x)]", "#[allow(x, reason = \"\")]"] {
            found(allow_reason, &[("a.rs", bad)], &["a.rs:1 allow"]);
        }
    }

    #[test]
    fn unsafe_and_system_code() {
        let bad = "fn f() { unsafe { libc::abort() } }\nuse rustix::fs;";
        let runtime = "crates/runtime/src/sys/x.rs";
        found(unsafe_code, &[(runtime, bad), ("a.rs", "// unsafe\n#![forbid(unsafe_code)]")], &[]);
        found(unsafe_code, &[("crates/num/src/a.rs", bad)], &["crates/num/src/a.rs:1 unsafe"]);
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
    fn paths_of_one_machine() {
        found(machine_paths, &[("a.md", "src/work/x and temp")], &[]);
        let bad = format!("x\nsee {}x", concat!("/wo", "rk/"));
        found(machine_paths, &[("a.md", &bad)], &[concat!("a.md:2 /wo", "rk/")]);
    }
}
