//! Comments of Rust files → the phrases of a private dialect that they still have, by crate.
//!
//! ```text
//! SourceFile::comments ─ blocks ─► words ─ PHRASES ─► findings by crate ─ dialect.tsv ─► complaints
//! ```
//!
//! A comment is plain sentences: it begins with a verb or the noun that it defines. Each phrase of
//! `PHRASES` is a sign of a riddle; its message names what to write instead. `dialect.tsv` has
//! the number of phrases that a crate may still have. A number may only fall, and a crate without a
//! row has none.
//!
//! Limits: words are compared, not meaning. Names of items and string literals are not looked at. A
//! doc comment that is the help text of an argument counts, too: it is changed with the page that
//! shows it. Linear in the text.

use crate::source::SourceFile;
use crate::{Finding, Tree};
use std::collections::BTreeMap;
use std::iter;

/// The name of the rule.
const RULE: &str = "dialect";

/// Phrases that comments do not have, in lower case, each with its replacement.
const PHRASES: [(&str, &str); 9] = [
    ("but for", "say `except`, or make two sentences"),
    ("so many", "name the parameter, or write `Maximum number of`"),
    ("whoever", "name the caller, the reader or the owner"),
    ("whatever", "say `any`, `all` or `for every`"),
    ("that of", "repeat the noun"),
    ("is told", "name the error, the report or the argument"),
    ("are told", "name the errors, the report or the arguments"),
    ("of its own", "say `a new`, `a separate` or `its`"),
    ("of their own", "say `new`, `separate` or `their`"),
];

/// A word with which a doc comment does not begin.
const FIRST: (&str, &str) = ("What", "begin with a verb or the noun that is defined");

/// A word that begins a list of files in a header.
const LIST: (&str, &str) =
    ("Neighbours:", "leave the list of files to the flow or the diagram, and keep its facts");

/// The findings of all crates, by crate, in the order of files and lines.
pub fn found(tree: &Tree) -> BTreeMap<String, Vec<Finding>> {
    let mut found: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for file in tree.rust() {
        let Some(name) = file.crate_name() else { continue };
        for block in blocks(file) {
            found.entry(name.to_owned()).or_default().extend(judge(file, &block));
        }
    }
    found.retain(|_, findings| !findings.is_empty());
    found
}

/// Reads the rows of the list: crate and number. Lines that begin with `#` explain it.
///
/// # Errors
/// A row that is not a crate and a number above 0, or a crate that stands twice.
pub fn parse(list: &str) -> Result<BTreeMap<String, usize>, String> {
    let mut allowed = BTreeMap::new();
    for row in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let pair = row.split_once('\t').and_then(|(name, count)| Some((name, count.parse().ok()?)));
        let Some((name, count @ 1..)) = pair else {
            return Err(format!("not a crate and a number above 0: {row}"));
        };
        if allowed.insert(name.to_owned(), count).is_some() {
            return Err(format!("stands twice: {row}"));
        }
    }
    Ok(allowed)
}

/// The complaints of a comparison: the findings of each crate that has more than its number, and
/// each row that is now too high.
pub fn complaints(
    found: &BTreeMap<String, Vec<Finding>>,
    allowed: &BTreeMap<String, usize>,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, findings) in found {
        let (count, most) = (findings.len(), allowed.get(name).copied().unwrap_or(0));
        if count > most {
            complaints.push(format!("crate {name}: {count} phrases of at most {most}"));
            complaints.extend(findings.iter().map(Finding::to_string));
        }
    }
    for (name, &most) in allowed {
        let count = found.get(name).map_or(0, Vec::len);
        if count == 0 {
            complaints.push(format!("crate {name}: no phrase is left of {most}: remove the row"));
        } else if count < most {
            complaints.push(format!("crate {name}: {count} of {most} are left: write {count}"));
        }
    }
    complaints
}

/// Lines of comments with one mark that follow each other.
struct Block<'t> {
    /// Whether it is a doc comment.
    is_doc: bool,
    /// The words, each with the byte offset of its line's comment.
    words: Vec<(usize, &'t str)>,
}

/// The mark of a comment and its words; none of a block comment's.
fn words(comment: &str) -> Option<(&'static str, impl Iterator<Item = &str>)> {
    let mark = ["///", "//!", "//"].into_iter().find(|mark| comment.starts_with(mark))?;
    Some((mark, comment[mark.len()..].split_whitespace()))
}

/// The comments of a file, where lines that follow each other with the same mark are one block.
fn blocks(file: &SourceFile) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut last: Option<(&str, usize)> = None;
    for place in &file.comments {
        let Some((mark, line)) = words(&file.text[place.clone()]) else { continue };
        let goes_on = last.is_some_and(|(before, end)| {
            let between = &file.text[end..place.start];
            before == mark && between.trim().is_empty() && between.matches('\n').count() == 1
        });
        last = Some((mark, place.end));
        let line = line.map(|word| (place.start, word));
        match blocks.last_mut() {
            Some(block) if goes_on => block.words.extend(line),
            _ => blocks.push(Block { is_doc: mark != "//", words: line.collect() }),
        }
    }
    blocks
}

/// The findings of one block.
fn judge(file: &SourceFile, block: &Block<'_>) -> Vec<Finding> {
    let finding = |at: usize, (phrase, instead): (&str, &str)| Finding {
        path: file.path.clone(),
        line: file.line_of(at),
        rule: RULE,
        item: phrase.to_owned(),
        message: instead.to_owned(),
    };
    let first = block.words.first().filter(|&&(_, word)| block.is_doc && word == FIRST.0);
    let first = first.map(|&(at, _)| finding(at, FIRST));
    let phrases = (0..block.words.len()).flat_map(|from| {
        let words = &block.words[from..];
        let list = iter::once(&LIST).filter(|(word, _)| words[0].1 == *word);
        let here = PHRASES.iter().filter(|(phrase, _)| begins_with(words, phrase));
        here.chain(list).map(|&row| finding(words[0].0, row)).collect::<Vec<_>>()
    });
    first.into_iter().chain(phrases).collect()
}

/// Whether words begin with a phrase. Punctuation may stand before its first word and behind its
/// last one, and not between them. `told apart` is another verb.
fn begins_with(words: &[(usize, &str)], phrase: &str) -> bool {
    let is_mark = |c: char| !c.is_alphanumeric();
    let head = phrase.split(' ').next().unwrap_or(phrase);
    let first = words[0].1.trim_start_matches(is_mark);
    if !first.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head)) {
        return false;
    }
    let count = phrase.split(' ').count();
    let here: Vec<&str> = words.iter().take(count).map(|&(_, word)| word).collect();
    let here = here.join(" ").to_lowercase();
    let Some(behind) = here.trim_start_matches(is_mark).strip_prefix(phrase) else { return false };
    let apart = words.get(count).is_some_and(|(_, word)| word.starts_with("apart"));
    behind.chars().next().is_none_or(is_mark) && !(phrase.ends_with("told") && apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line phrase` of each finding in one file of a crate.
    #[track_caller]
    fn finds(text: &str, wanted: &[&str]) {
        let found = found(&Tree::of(&[("crates/a/src/a.rs", text)]));
        let found: Vec<String> =
            found.values().flatten().map(|x| format!("{} {}", x.line, x.item)).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_doc_comment_does_not_begin_with_what() {
        finds("/// What a call costs.\nfn f() {}", &["1 What"]);
        finds("x\n//! What a call costs.", &["2 What"]);
        finds("/// The cost.\n/// What follows is free.", &[]);
        finds("/// Whatsoever.\n// What a call costs.\nlet x = \"/// What\";", &[]);
    }

    #[test]
    fn phrases_are_found_in_every_comment() {
        finds("//! All, but for one.", &["1 but for"]);
        finds("x\n    // So many bytes\n    // (whoever asks).", &["2 so many", "3 whoever"]);
        finds("f(); // any, whatever.", &["1 whatever"]);
        finds("/// Its cost is that of a call.", &["1 that of"]);
        finds("/// The user is told, and the hosts are told.", &["1 is told", "1 are told"]);
        finds("/// A page of its own, `of their own`.", &["1 of its own", "1 of their own"]);
        finds("//! Idea.\n//!\n//! Neighbours: `lib`.", &["3 Neighbours:"]);
    }

    #[test]
    fn a_phrase_may_be_split_by_lines_of_one_comment_alone() {
        finds("/// All, but\n/// for one.", &["1 but for"]);
        finds("/// All, but\nfn f() {}\n/// for one.", &[]);
        finds("/// All, but\n\n/// for one.", &[]);
        finds("/// All, but\n// for one.", &[]);
    }

    #[test]
    fn other_words_are_not_found() {
        finds("/// It says that. Of these, but, for now, so manyfold.", &[]);
        finds("/// They are told apart, neighbours: of it, that often.", &[]);
        finds("let text = \"but for whoever is told\";", &[]);
        finds("/// A number of its own kind and what is left, told.", &["1 of its own"]);
    }

    #[test]
    fn numbers_only_fall() {
        let text = "// but for\n\n// so many\n";
        let found = found(&Tree::of(&[("crates/a/src/a.rs", text), ("benches/b.rs", text)]));
        let with = |list: &str| complaints(&found, &parse(list).expect("a good list"));
        assert_eq!(with("# why\na\t2\n"), [""; 0]);
        let none = with("");
        assert_eq!(none[0], "crate a: 2 phrases of at most 0");
        assert!(none[1].starts_with("crates/a/src/a.rs:1: [dialect] but for: "), "{none:?}");
        assert_eq!(none.len(), 3);
        assert_eq!(with("a\t3\n"), ["crate a: 2 of 3 are left: write 2"]);
        let gone = "crate b: no phrase is left of 1: remove the row";
        assert_eq!(with("a\t2\nb\t1\n"), [gone]);
        for bad in ["a", "a\t0", "a\t-1", "a\tx", "a\t1\na\t1"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
