//! Labels of invariants and rules: each is defined once in its crate, so that a comment that cites
//! one names one thing.
//!
//! A label is defined by an item of a list in a comment of documentation, `* X1. …`. Limits:
//! citations are not looked at.

use super::{Finding, Tree};
use std::collections::BTreeMap;

/// No label is defined twice in one crate's sources.
pub(super) fn unique(tree: &Tree, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for file in tree.rust() {
        let Some(name) = file.crate_name() else { continue };
        for (line, label) in
            file.text.lines().enumerate().filter_map(|(i, line)| Some((i, defined(line)?)))
        {
            let Some(other) = seen.insert((name, label), &file.path) else { continue };
            findings.push(Finding {
                path: file.path.clone(),
                line: line + 1,
                rule: "label",
                item: label.to_owned(),
                message: format!(
                    "{other} defines it too: take a letter that the crate has not used"
                ),
            });
        }
    }
}

/// The label that a line defines: one or two capitals and a number.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let item = line.strip_prefix("//!").or_else(|| line.strip_prefix("///"))?;
    let (label, _) = item.trim_start().strip_prefix("* ")?.split_once(". ")?;
    let letters = label.bytes().take_while(u8::is_ascii_uppercase).count();
    let (letters, number) = label.split_at(letters);
    let is = matches!(letters.len(), 1 | 2)
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit());
    is.then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn a_label_is_defined_once_in_a_crate() {
        let text = "//! Idea.\n//!\n//! * S1. It holds.\n//!   S1. Cited.\n";
        let other =
            "//! Idea.\n/// * S2. It holds.\n/// * S1. It holds, too.\n// * S1. A comment.\n";
        let files = [
            ("crates/a/src/a.rs", text),
            ("crates/a/src/b.rs", other),
            ("crates/b/src/a.rs", text),
        ];
        found(unique, &files, &["crates/a/src/b.rs:3 S1"]);
    }
}
