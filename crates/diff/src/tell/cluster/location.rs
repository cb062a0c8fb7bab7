//! Words of data that differ → the lines and columns where Rust code may panic.
//!
//! This is evidence for bytes that changed; no verdict depends on it. In the standard library of
//! Rust 1.95 a `core::panic::Location` is four words: the address and the length of the file's
//! name, the line and the column. A name that ends in `.rs` is taken to be one of a location.

use crate::judge::data::Run;
use crate::numbers::strings::is_printable;
use crate::pair::side::{Side, bytes};

/// Bytes of a word, and of a location.
const WORD: u64 = 4;
const LOCATION: u64 = 16;
/// Longest name of a file.
const NAME_MAX: u64 = 4096;
/// Maximum number of locations of a run that the report shows.
const LOCATIONS_MAX: usize = 3;

/// The file, the line and the column of a location.
type Location<'m> = (&'m str, u32, u32);

/// The lines and columns that changed, as printable text; `None` if a byte of the run differs that
/// belongs to neither.
pub(super) fn locations(sides: (&Side<'_>, &Side<'_>), run: &Run) -> Option<Vec<String>> {
    if !run.active || run.bytes_a.len() != run.bytes_b.len() {
        return None;
    }
    let mut found: Vec<String> = Vec::new();
    let mut told = 0;
    for (at, pair) in run.bytes_a.iter().zip(&run.bytes_b).enumerate() {
        let at = at as u64;
        if pair.0 == pair.1 || run.a + at < told {
            continue;
        }
        let word = (run.a + at) / WORD * WORD;
        // It is the line's word, or the column's.
        let start = [2 * WORD, 3 * WORD].into_iter().find_map(|field| {
            let start = word.checked_sub(field)?;
            let other = start.checked_add(run.b)?.checked_sub(run.a)?;
            Some((start, location(sides.0, start)?, location(sides.1, other)?))
        });
        let (start, a, b) = start?;
        told = start + LOCATION;
        if found.len() < LOCATIONS_MAX {
            found.push(words(a, b));
        }
    }
    (!found.is_empty()).then_some(found)
}

fn words(a: Location<'_>, b: Location<'_>) -> String {
    let change = |what: &str, a: u32, b: u32| match a == b {
        true => format!("{what} {a}"),
        false => format!("{what} {a} → {b}"),
    };
    let line = change("line", a.1, b.1);
    format!("where code may panic: `{}`, {line}, {}", a.0, change("column", a.2, b.2))
}

fn location<'m>(side: &Side<'m>, at: u64) -> Option<Location<'m>> {
    let found = bytes(side, at, LOCATION)?;
    let word = |field: usize| {
        let bytes = found.get(4 * field..4 * field + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    let (name, length) = (u64::from(word(0)?), u64::from(word(1)?));
    let name = bytes(side, name, length.min(NAME_MAX))?;
    let shown = name.iter().all(|byte| is_printable(*byte)) && name.ends_with(b".rs");
    let name = std::str::from_utf8(name).ok().filter(|_| shown && length <= NAME_MAX)?;
    Some((name, word(2)?, word(3)?))
}
