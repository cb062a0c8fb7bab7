//! Findings about debug information in words.

use crate::judge::debug::{First, Sum};
use crate::judge::verdict::Verdict;
use crate::tell::report::plural;
use prova_builds::names::printable;

/// Words the summary of a section.
pub(super) fn section(sum: &Sum<'_>) -> String {
    let mut parts: Vec<String> = sum
        .texts
        .iter()
        .map(|(verdict, count)| match verdict {
            Verdict::Path => plural(*count, "path"),
            Verdict::Producers => format!("{} of producers", plural(*count, "name")),
            _ => plural(*count, "text"),
        })
        .collect();
    if sum.lengths > 0 {
        parts.push(plural(sum.lengths, "length"));
    }
    if sum.addresses > 0 {
        parts.push(plural(sum.addresses, "address"));
    }
    if parts.is_empty() {
        return "the same entries; offsets into other sections differ".to_owned();
    }
    let rest = if sum.verdict == Some(Verdict::Changed) { "" } else { ", and nothing else" };
    let first = sum.first.map(|first| format!(": {}", words(first))).unwrap_or_default();
    let all = sum.texts.values().sum::<u64>() + sum.lengths + sum.addresses;
    let verb = if all == 1 { "differs" } else { "differ" };
    format!("{} {verb}{rest}{first}", parts.join(", "))
}

/// The first values of a section that differ.
fn words(first: First<'_>) -> String {
    let text = |text: &[u8]| printable(&String::from_utf8_lossy(&text[..text.len().min(200)]));
    match first {
        First::Code(a, b) => became("code", a, b),
        First::Data(a, b) => became("data", a, b),
        First::Count(a, b) => format!("the count of an array, {a}, became {b}"),
        First::Text(a, b) => format!("{} → {}", text(a), text(b)),
    }
}

/// Words for an address that did not move as its code or data did.
fn became(what: &str, a: u64, b: u64) -> String {
    match a == b {
        true => format!("address {a} of {what} stays, and what was there moved"),
        false => format!("address {a} of {what} became {b}, and no {what} moved so"),
    }
}
