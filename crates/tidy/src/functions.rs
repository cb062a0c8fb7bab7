//! Rust code → the functions that are too long.
//!
//! The count of long functions has a ratchet. A function reaches from the line of `fn` to the line
//! of its closing brace. A long one is split where it does two things; a `match` with one short arm
//! per operator is exempt by list.

use super::source::{SourceFile, close, words};
use super::{Finding, Tree};

/// The name of the rule.
pub(super) const RULE: &str = "function-length";

/// The lines that a function may have.
const LINES_MAX: usize = 70;

/// Finds functions longer than [`LINES_MAX`].
pub(super) fn length(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        for (name, line, lines) in functions(file) {
            if lines > LINES_MAX {
                findings.push(Finding {
                    path: file.path.clone(),
                    line,
                    rule: RULE,
                    item: name,
                    message: format!(
                        "{lines} lines of at most {LINES_MAX}: split it where it does two things"
                    ),
                });
            }
        }
    }
}

/// Name, first line and number of lines of every function with a body.
fn functions(file: &SourceFile) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for at in words(&file.code, "fn") {
        let rest = file.code[at + 2..].trim_start();
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let name: String = rest.chars().take_while(|&c| is_name(c)).collect();
        if name.is_empty() {
            continue;
        }
        let Some(open) = body(&file.code, at) else { continue };
        let end = close(&file.code, open).unwrap_or(file.code.len());
        let (first, last) = (file.line_of(at), file.line_of(end.saturating_sub(1)));
        found.push((name, first, last - first + 1));
    }
    found
}

/// The offset of the brace that opens the body; none for a declaration.
fn body(code: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match code.as_bytes().get(at)? {
            b'{' => return Some(at),
            b';' => return None,
            b'(' | b'[' => at = close(code, at)?,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn a_function_has_two_sides() {
        let function = |lines: usize| {
            format!("//! Idea.\nfn f(x: [u8; 3]) -> u8 {{\n{}}}\n", "x;\n".repeat(lines - 2))
        };
        found(length, &[("a.rs", &function(70))], &[]);
        found(length, &[("a.rs", &function(71))], &["a.rs:2 f"]);
    }

    #[test]
    fn declarations_types_and_comments_are_no_functions() {
        let long = "\n".repeat(80);
        let text =
            format!("trait T {{ fn f(); }}{long}type F = fn(u8) -> u8;{long}// fn g() {{ {long}");
        found(length, &[("a.rs", &text)], &[]);
    }
}
