//! The facts that the search relied on → the comparisons before a specialised function starts:
//! words of constant memory, and windows that lie apart from them.
//!
//! * D1. Every byte that was folded while nothing had changed constant memory is in a word, and
//!   every byte that was stored to before such a load is in a window.
//! * D2. A word does not reach out of the request's bytes. Where eight bytes fit it has eight.
//! * D3. There are at most [`WINDOWS_MAX`] windows: neighbours are joined, nearest first.
//!
//! Nobody believes this module: `check` looks for the facts that it needs in the words and windows
//! that a certificate names (S10).

use crate::ask::certificate::{Compared, Range, Window, Word};
use crate::ask::request::Request;
use crate::search::context::NONE;
use crate::search::explore::{Explored, Part};
use std::collections::{BTreeMap, BTreeSet};

/// The most windows that are compared with constant memory.
pub(crate) const WINDOWS_MAX: usize = 8;
/// Windows that are as near as this are one.
const GAP: i64 = 32;

/// Whether a part, or one behind it, relies on known bytes of constant memory at its start.
pub(crate) fn relies(explored: &Explored) -> Vec<bool> {
    let mut relies: Vec<bool> = explored.parts.iter().map(|part| part.folds > 0).collect();
    let mut preds: Vec<Vec<usize>> = vec![Vec::new(); relies.len()];
    for (at, part) in explored.parts.iter().enumerate() {
        part.succs.iter().for_each(|&to| preds[to].push(at));
    }
    let mut open: Vec<usize> = (0..relies.len()).filter(|&at| relies[at]).collect();
    while let Some(at) = open.pop() {
        for &pred in preds[at].iter().filter(|_| explored.parts[at].key.fresh != NONE) {
            if !relies[pred] {
                relies[pred] = true;
                open.push(pred);
            }
        }
    }
    relies
}

/// Whether a part's successors rely on known bytes of constant memory.
fn leads_on(explored: &Explored, part: &Part, relies: &[bool]) -> bool {
    part.succs.iter().any(|&to| relies[to] && explored.parts[to].key.fresh != NONE)
}

/// The comparisons of the entry for all parts that were reached.
pub(crate) fn compared(request: &Request, explored: &Explored, relies: &[bool]) -> Compared {
    let mut chunks: BTreeSet<(u32, u32)> = BTreeSet::new();
    // Of a buffer that is compared later on, one word says that it lies in memory.
    let later = explored.parts.iter().filter_map(|part| part.refreshed);
    chunks.extend(later.map(|range| (range.arg, 0)));
    for word in explored.parts.iter().flat_map(|part| &part.folded) {
        let (first, last) = (word.offset / 8, (word.offset + (word.bytes - 1)) / 8);
        chunks.extend((first..=last).map(|chunk| (word.arg, chunk)));
    }
    if chunks.is_empty() {
        return Compared::default();
    }
    let mut words = Vec::new();
    for (arg, chunk) in chunks {
        let len = request.buffer(arg).map_or(0, <[u8]>::len) as u32;
        pieces(&mut words, Range { arg, from: 8 * chunk, to: len.min(8 * chunk + 8) });
    }
    words.dedup();
    if planted!(WordMissing) {
        words.remove(0);
    }
    let all = explored.parts.iter().flat_map(|part| {
        let leads_on = leads_on(explored, part, relies);
        let needed = part.apart.iter().filter(move |(_, folds)| leads_on || *folds < part.folds);
        needed.map(|(window, _)| *window)
    });
    Compared { words, apart: joined(all.collect()) }
}

/// The words of a range (D2).
pub(crate) fn words(range: Range) -> Vec<Word> {
    let (mut words, mut from) = (Vec::new(), range.from);
    while from < range.to {
        let to = range.to.min(from + 8);
        pieces(&mut words, Range { from, to, ..range });
        from = to;
    }
    words
}

/// The words of at most eight bytes (D2).
fn pieces(words: &mut Vec<Word>, range: Range) {
    let Range { arg, from, to } = range;
    if to >= 8 {
        let from = if planted!(WordBeyondText) { to - 4 } else { from.min(to - 8) };
        words.push(Word { arg, offset: from, bytes: 8 });
        return;
    }
    let mut offset = from;
    for bytes in [4, 2, 1] {
        if to.saturating_sub(offset) >= bytes {
            words.push(Word { arg, offset, bytes });
            offset += bytes;
        }
    }
}

/// Windows that are near to each other become one (D3).
fn joined(windows: BTreeSet<Window>) -> Vec<Window> {
    let mut by_arg: BTreeMap<u32, Vec<(i64, i64)>> = BTreeMap::new();
    for window in windows {
        let (from, to) = (i64::from(window.from), i64::from(window.from) + i64::from(window.bytes));
        let all = by_arg.entry(window.arg).or_default();
        match all.last_mut() {
            Some(last) if from <= last.1 + GAP => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    // Arguments share the number of windows; each has at least one.
    let share = (WINDOWS_MAX / by_arg.len().max(1)).max(1);
    for all in by_arg.values_mut() {
        while all.len() > share {
            let gap = |at: &usize| all[at + 1].0 - all[*at].1;
            let Some(nearest) = (0..all.len() - 1).min_by_key(gap) else { break };
            all[nearest].1 = all[nearest + 1].1;
            all.remove(nearest + 1);
        }
    }
    let windows = by_arg.into_iter().flat_map(|(arg, all)| {
        all.into_iter().map(move |(from, to)| Window {
            arg,
            from: from as i32,
            bytes: (to - from) as u32 - u32::from(planted!(WindowShort)),
        })
    });
    windows.collect()
}
