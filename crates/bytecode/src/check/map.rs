//! F12 and F13: the map from words to operators, walked beside the code, and the order of the
//! hints.

use super::{Context, Fault, Rule, Verdict};
use crate::candidate::MapEntry;
use core::ops::Range;

/// The place in the map that belongs to the walk's place in the code.
pub(super) struct MapCursor<'a> {
    /// The entries from the current one on; never empty.
    entries: &'a [MapEntry],
    /// The word of the entry after it; code has fewer words than the greatest number.
    next: u32,
    /// Where the body's operators are in the module.
    body: Range<usize>,
}

impl<'a> MapCursor<'a> {
    pub(super) fn new(cx: &Context<'a>) -> Result<MapCursor<'a>, Fault> {
        let entries = cx.candidate.map.as_slice();
        if entries.first().is_none_or(|entry| entry.word != 0) {
            return Err(Fault::new(Rule::Map, "no entry at word 0"));
        }
        let start = cx.facts.blocks.first().map_or(usize::MAX, |body| body.start as usize);
        let end = cx.module.body(cx.candidate.func).map_or(0, |body| body.range().end);
        let mut cursor = MapCursor { entries, next: 0, body: start..end };
        cursor.settle()?;
        Ok(cursor)
    }

    /// The walk comes to the instruction at `word`; gives the offset of its operator.
    #[inline]
    pub(super) fn enter(&mut self, word: u32) -> Result<u32, Fault> {
        if word >= self.next {
            self.advance(word)?;
        }
        Ok(self.entries[0].offset)
    }

    /// The next entry comes, at `word` or, wrongly, before it.
    fn advance(&mut self, word: u32) -> Verdict {
        if self.next == word {
            self.entries = &self.entries[1..];
            self.settle()?;
        }
        if word >= self.next {
            let next = self.next;
            let what = format!("the entry at word {next} does not ascend or is at no instruction");
            return Err(Fault::new(Rule::Map, what));
        }
        Ok(())
    }

    /// The end of the code.
    pub(super) fn finish(&self) -> Verdict {
        match self.entries {
            [_, next, ..] => {
                let what = format!("the entry at word {} is behind the code", next.word);
                Err(Fault::new(Rule::Map, what))
            }
            [_] | [] => Ok(()),
        }
    }

    /// `entries` has changed.
    #[inline]
    fn settle(&mut self) -> Verdict {
        self.next = self.entries.get(1).map_or(u32::MAX, |entry| entry.word);
        if self.next <= self.entries[0].word {
            return Err(Fault::new(
                Rule::Map,
                format!("the entry at word {} does not ascend", self.next),
            ));
        }
        let offset = self.entries[0].offset;
        if self.body.contains(&(offset as usize)) {
            return Ok(());
        }
        let Range { start, end } = self.body;
        let what = format!("offset {offset:#x} outside of the body, {start:#x} to {end:#x}");
        Err(Fault::new(Rule::Map, what))
    }
}

/// F13.
pub(super) fn hints(cx: &Context<'_>) -> Verdict {
    let candidate = cx.candidate;
    let (mut offset, mut word) = (None, 0);
    for hint in &candidate.controls {
        let at = hint.offset;
        if offset.is_some_and(|offset| offset >= at) {
            return Err(Fault::new(Rule::Hints, format!("offset {at:#x} does not ascend")));
        }
        if hint.word < word || hint.word as usize > candidate.words.len() {
            let what = format!("the hint at offset {at:#x} names word {}", hint.word);
            return Err(Fault::new(Rule::Hints, what));
        }
        (offset, word) = (Some(at), hint.word);
    }
    Ok(())
}
