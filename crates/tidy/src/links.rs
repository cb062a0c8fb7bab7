//! Links of pages → those that lead nowhere: no such file beside the page, or no such heading.
//!
//! A link is `](target)` outside of fences and backticks. Its path is meant from the page's own
//! folder, as a reader's browser takes it (`paths` is lenient about that). An anchor names a
//! heading by its slug: small letters, what is no letter, digit, hyphen or underscore left out,
//! spaces as hyphens, and `-1`, `-2` behind a heading that was there before.
//!
//! Limits: anchors of files that are no pages, links by reference, and links of other sites are
//! not looked at. Linear in the pages.

use crate::source::SourceFile;
use crate::{Finding, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Every relative link of a page resolves to a file or folder, and to a heading where it has an
/// anchor.
pub(super) fn links(tree: &Tree, findings: &mut Vec<Finding>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for path in &tree.paths {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        known.extend(ends.map(|end| &path[..end]));
    }
    let pages = || tree.files.iter().filter(|file| file.path.ends_with(".md"));
    let anchors: BTreeMap<&str, BTreeSet<String>> =
        pages().map(|page| (page.path.as_str(), slugs(&page.text))).collect();
    for page in pages() {
        for (line, target) in targets(page) {
            let (path, anchor) = match target.split_once('#') {
                Some((path, anchor)) => (path, Some(anchor)),
                None => (target.as_str(), None),
            };
            let place = place(&page.path, path);
            let message = match (anchor, anchors.get(place.as_str())) {
                _ if !known.contains(place.as_str()) => {
                    "no such file or folder from the page's own folder: mend the path"
                }
                (Some(anchor), Some(slugs)) if !slugs.contains(anchor) => {
                    "the page has no heading of this anchor: name one that it has"
                }
                _ => continue,
            };
            findings.push(Finding {
                path: page.path.clone(),
                line,
                rule: "links",
                item: target.clone(),
                message: message.to_owned(),
            });
        }
    }
}

/// The lines of a page that are in no fence, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    })
}

/// The targets of a page's relative links, with their lines.
fn targets(page: &SourceFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(&page.text) {
        // Code between backticks is no link, but the text of a link may be code.
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](") {
            let Some((target, behind)) = after.split_once(')') else { break };
            let quoted = before.matches('`').count() % 2 == 1;
            if !quoted && !target.is_empty() && !target.contains("://") && !target.contains(' ') {
                found.push((number, target.to_owned()));
            }
            rest = if quoted { after } else { behind };
        }
    }
    found
}

/// Where a path of a page leads, from the root; the page itself for an empty one.
fn place(page: &str, path: &str) -> String {
    if path.is_empty() {
        return page.to_owned();
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The slugs of a page's headings.
fn slugs(text: &str) -> BTreeSet<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut slugs = BTreeSet::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title.trim().chars().filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ if c.is_alphanumeric() => Some(c),
            _ => None,
        });
        let slug: String = kept.flat_map(char::to_lowercase).collect();
        let before = times.entry(slug.clone()).or_default();
        slugs.insert(if *before == 0 { slug } else { format!("{slug}-{before}") });
        *before += 1;
    }
    slugs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::found;

    const PAGES: [(&str, &str); 2] = [
        ("docs/a.md", "# One `prova x`: two\n## Twice\n## Twice\n```\n# no heading\n```\n"),
        ("docs/sub/c.txt", ""),
    ];

    fn with(text: &str) -> Vec<(&str, &str)> {
        PAGES.into_iter().chain([("docs/b.md", text)]).collect()
    }

    #[test]
    fn links_that_lead_somewhere() {
        for text in [
            "[a](a.md), [`b`](./a.md#twice) and [c](a.md#twice-1), [d](a.md#one-prova-x-two)",
            "# Here\n[e](#here), [f](sub), [g](sub/c.txt#any), [h](../docs/a.md)",
            "[i](https://example.org/none#x), `[j](none.md)`\n```\n[k](none.md)\n```",
        ] {
            found(links, &with(text), &[]);
        }
    }

    #[test]
    fn links_that_lead_nowhere() {
        let text = "[a](none.md)\n[b](a.md#no-heading) [c](#here)\n[d](docs/a.md) [e](a.md#thrice)";
        let wanted = [
            "docs/b.md:1 none.md",
            "docs/b.md:2 a.md#no-heading",
            "docs/b.md:2 #here",
            "docs/b.md:3 docs/a.md",
            "docs/b.md:3 a.md#thrice",
        ];
        found(links, &with(text), &wanted);
        found(links, &with("`x` is [`y`](gone.md)"), &["docs/b.md:1 gone.md"]);
    }
}
