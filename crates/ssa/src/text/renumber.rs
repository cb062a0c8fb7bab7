//! Blocks and values of a text by the numbers that they get when it is read.

use super::lex::is_word;
use std::collections::HashMap;

/// Numbers blocks (`block0`, …) and values (`v0`, …) of a text in the order in which they are
/// defined, as [`parse`](super::parse) asks: a text from which lines were taken, or into which some
/// were put, reads again. Names that nothing defines stay. Linear in the text.
pub fn renumber(text: &str) -> String {
    let mut names = HashMap::new();
    let (mut blocks, mut values) = (0, 0);
    for line in text.lines() {
        if let Some((head, _)) = line.split_once(' ').filter(|_| line.starts_with("block")) {
            names.entry(head).or_insert_with(|| {
                blocks += 1;
                format!("block{}", blocks - 1)
            });
        }
        for (at, _) in line.match_indices(": ") {
            let start = line[..at].rfind([' ', '(']).map_or(0, |at| at + 1);
            names.insert(&line[start..at], format!("v{values}"));
            values += 1;
        }
    }
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        new += names.get(word).map_or(word, String::as_str);
        let blank = after.find(is_word).unwrap_or(after.len());
        new += &after[..blank];
        rest = &after[blank..];
    }
    new
}
