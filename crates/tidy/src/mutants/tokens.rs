//! Blanked source → functions, lists, words and numbers in it, by their places.
//!
//! Used by `operands`, whose tests see a fault here. Limits: tokens are told apart, nothing is
//! parsed.

use super::operands::KEYWORDS;
use crate::source::{close, is_word, words};
use std::ops::Range;

/// The next function from an offset on: its extent from the beginning of its line, its head, and
/// what is between its braces.
pub(super) fn function(
    code: &str,
    from: usize,
    end: usize,
) -> Option<(Range<usize>, Range<usize>, Range<usize>)> {
    for at in words(&code[..end], "fn").filter(|&at| at >= from) {
        let mut depth = 0_usize;
        let open = code.bytes().enumerate().skip(at).find_map(|(i, byte)| {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' => depth = depth.saturating_sub(1),
                b'{' | b';' | b'=' if depth == 0 => return Some(i),
                _ => {}
            }
            None
        })?;
        if code.as_bytes()[open] == b'{' {
            let end = close(code, open)?;
            let start = code[..at].rfind('\n').map_or(0, |at| at + 1);
            return Some((start..end, at..open, open + 1..end - 1));
        }
    }
    None
}

/// The name of a function, behind the type whose `impl` is around it.
pub(super) fn name(code: &str, extent: &Range<usize>) -> String {
    let head = &code[extent.clone()];
    let name = head.split_once("fn ").map_or("", |(_, rest)| rest);
    let name = &name[..name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(0)];
    let around = words(&code[..extent.start], "impl").filter_map(|at| {
        let open = at + code[at..].find('{')?;
        (close(code, open)? > extent.end).then(|| code[at + 4..open].trim())
    });
    match around.last() {
        Some(ty) => format!("{}::{name}", ty.rsplit(" for ").next().unwrap_or(ty)),
        None => name.to_owned(),
    }
}

/// The faults in `planted!`: all behind its second comma, or behind its semicolon.
pub(super) fn faults(code: &str) -> Vec<Range<usize>> {
    let calls = code.match_indices("planted!(").filter_map(|(at, text)| {
        let open = at + text.len() - 1;
        let end = close(code, open)?;
        let parts = parts(code, open + 1..end - 1);
        let from = code[open..end].find(';').map(|at| open + at);
        Some(from.or_else(|| parts.get(2).map(|part| part.start)).unwrap_or(end)..end)
    });
    calls.collect()
}

/// The parts of a list between commas.
pub(super) fn parts(code: &str, inside: Range<usize>) -> Vec<Range<usize>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, inside.start);
    let mut push = |start: usize, end: usize| {
        let text = &code[start..end];
        let start = start + text.len() - text.trim_start().len();
        let end = start + text.trim().len();
        (start < end).then(|| parts.push(start..end));
    };
    for at in inside.clone() {
        match code.as_bytes()[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                push(start, at);
                start = at + 1;
            }
            _ => {}
        }
    }
    push(start, inside.end);
    parts
}

/// The words in a part of the code: names, keywords, numbers.
pub(super) fn words_of(code: &str, inside: Range<usize>) -> Vec<Range<usize>> {
    let (mut all, mut at) = (Vec::new(), inside.start);
    while at < inside.end {
        let len = code.as_bytes()[at..inside.end].iter().take_while(|&&b| is_word(b)).count();
        if len > 0 {
            all.push(at..at + len);
        }
        at += len.max(1);
    }
    all
}

/// The number that a literal is.
pub(super) fn number(word: &str) -> Option<u128> {
    let digits = word.split(['u', 'i']).next()?.replace('_', "");
    match digits.strip_prefix("0x") {
        Some(hex) => u128::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// The variables that a pattern binds.
pub(super) fn names(pattern: &str) -> impl Iterator<Item = &str> {
    let all = words_of(pattern, 0..pattern.len()).into_iter().map(|at| &pattern[at]);
    all.filter(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase()) && !KEYWORDS.contains(word)
    })
}
