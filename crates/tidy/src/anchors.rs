//! Links of pages → those that lead to a file or a heading that is not there.
//!
//! A link is `[words](path)`, `[words](page.md#heading)` or `[words](#heading)`, with a path from
//! the page's own folder, as a browser takes it; `paths` also finds paths that are meant from
//! elsewhere. A heading's name is made as pages are shown: lower case, without punctuation, spaces
//! as hyphens.
//!
//! Limits: two headings of one name count as one; headings in code blocks are none; links to other
//! sites are not followed.

use crate::paths::normal;
use crate::source::SourceFile;
use crate::{Finding, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Every file and every heading that a link names exists.
pub(super) fn anchors(tree: &Tree, findings: &mut Vec<Finding>) {
    let places = places(tree);
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
                if target.is_empty() || target.contains("://") || target.contains(' ') {
                    continue;
                }
                let (page, anchor) = target.split_once('#').unwrap_or((target, ""));
                let page = page_of(file, page);
                let headings = pages.get(page.as_str()).filter(|_| !anchor.is_empty());
                let message = if !places.contains(page.as_str()) {
                    format!("there is no {page}: write the path from the page's own folder")
                } else if headings.is_some_and(|headings| !headings.contains(anchor)) {
                    format!("{page} has no such heading: name one that it has")
                } else {
                    continue;
                };
                findings.push(Finding {
                    path: file.path.clone(),
                    line,
                    rule: "anchors",
                    item: target.to_owned(),
                    message,
                });
            }
        }
    }
}

/// All files and folders.
fn places(tree: &Tree) -> BTreeSet<&str> {
    let ends = |path: &str| path.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
    let all = tree
        .paths
        .iter()
        .flat_map(|path| ends(path).into_iter().chain([path.len()]).map(move |end| &path[..end]));
    all.collect()
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
    fn links_lead_to_files_from_the_pages_own_folder() {
        let target = ("docs/trust/b.md", "# B\n");
        let good = "[x](trust/b.md) [y](trust) [z](../docs/trust/b.md) [w](https://example.org)\n";
        found(anchors, &[target, ("docs/a.md", good)], &[]);
        let bad = "[x](b.md)\n[y](docs/trust/b.md) [z](trust/c.txt)\n";
        let wanted = ["docs/a.md:1 b.md", "docs/a.md:2 docs/trust/b.md", "docs/a.md:2 trust/c.txt"];
        found(anchors, &[target, ("docs/a.md", bad)], &wanted);
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
