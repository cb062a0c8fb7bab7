//! Links between pages → those that lead to a heading that is not there.
//!
//! A link is `[words](page.md#heading)` or `[words](#heading)`. A heading's name is made as pages
//! are shown: lower case, without punctuation, spaces as hyphens; `paths` asks whether the page
//! itself exists.
//!
//! Limits: two headings of one name count as one; headings in code blocks are none.

use crate::paths::normal;
use crate::source::SourceFile;
use crate::{Finding, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Every heading that a link names exists.
pub(super) fn anchors(tree: &Tree, findings: &mut Vec<Finding>) {
    let pages: BTreeMap<&str, BTreeSet<String>> = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with(".md"))
        .map(|file| (file.path.as_str(), headings(file)))
        .collect();
    for file in tree.files.iter().filter(|file| pages.contains_key(file.path.as_str())) {
        for (line, text) in prose(file) {
            for link in text.split("](").skip(1) {
                let target = link.split(')').next().unwrap_or_default();
                let Some((page, anchor)) = target.split_once('#') else { continue };
                let page = page_of(file, page);
                let known = pages.get(page.as_str()).is_none_or(|page| page.contains(anchor));
                if !known && !target.contains("://") {
                    findings.push(Finding {
                        path: file.path.clone(),
                        line,
                        rule: "anchors",
                        item: target.to_owned(),
                        message: format!("{page} has no such heading: name one that it has"),
                    });
                }
            }
        }
    }
}

/// The lines of a page that are no code, by number from 1.
fn prose(file: &SourceFile) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(file.text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The names of a page's headings.
fn headings(file: &SourceFile) -> BTreeSet<String> {
    let heads = prose(file).filter_map(|(_, line)| line.strip_prefix('#'));
    heads.map(|head| name(head.trim_start_matches('#').trim())).collect()
}

fn name(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

/// The page that a link in a file names, from the root; the file itself without a name.
fn page_of(file: &SourceFile, page: &str) -> String {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if page.is_empty() { file.path.clone() } else { normal(&format!("{folder}/{page}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    #[test]
    fn headings_are_named_as_they_are_shown() {
        assert_eq!(name("Machine code (P1 to P13)"), "machine-code-p1-to-p13");
        assert_eq!(name("I want to change …"), "i-want-to-change-");
        assert_eq!(name("`diff`, *two* builds"), "diff-two-builds");
    }

    #[test]
    fn links_lead_to_headings() {
        let target = ("docs/trust/b.md", "# B\n\n## A part\n\n```sh\n# code\n```\n");
        let good = "# A\n[x](trust/b.md#a-part) [y](#a) [z](https://example.org/x.md#gone)\n";
        found(anchors, &[target, ("docs/a.md", good)], &[]);
        let bad = "# A\n[x](trust/b.md#code)\n[y](#b)\n```\n[z](#none)\n```\n";
        let wanted = ["docs/a.md:2 trust/b.md#code", "docs/a.md:3 #b"];
        found(anchors, &[target, ("docs/a.md", bad)], &wanted);
    }
}
