//! The values of labels: hints and facts → for each word at which blocks end, the home slots of
//! their results that every edge there has written. The part of `paths` that leans on hints; a
//! wrong hint loses slots, or changes nothing.
//!
//! Where several blocks end at one word, the slots considered are those of all their results. Each
//! edge, and control falling through, intersects them with what it has written (invariant P1 of
//! `paths` for these slots).

use super::Context;
use super::paths::Bits;
use core::ops::Range;
use prova_module::{BlockFacts, BlockKind, BlockType, Module, cells, cells_of};

/// The results of the blocks that end at one word.
struct Label {
    word: u32,
    /// The first 64 slots that the mask covers, as an index of [`Bits::word`].
    first: u32,
    /// Where its mask is in `masks`.
    masks: Range<u32>,
}

pub(super) struct Labels {
    /// By ascending word.
    labels: Vec<Label>,
    masks: Vec<u64>,
}

impl Labels {
    /// The labels of the blocks that have results and whose end is a join. The hints must be in
    /// order (C14).
    pub(super) fn new(cx: &Context<'_>) -> Labels {
        let mut ends: Vec<(u32, Range<u32>)> =
            cx.facts.blocks.iter().filter_map(|b| results(cx, b)).collect();
        ends.sort_unstable_by_key(|&(end, _)| end);
        let mut hints = cx.candidate.controls.iter().peekable();
        let at_words: Vec<(u32, Range<u32>)> = ends
            .into_iter()
            .filter_map(|(end, slots)| {
                while hints.next_if(|hint| hint.offset < end).is_some() {}
                let hint = hints.peek().filter(|hint| hint.offset == end)?;
                Some((hint.word, slots))
            })
            .collect();
        let mut this = Labels { labels: Vec::new(), masks: Vec::new() };
        for group in at_words.chunk_by(|a, b| a.0 == b.0) {
            this.add(group);
        }
        this
    }

    /// A label for slots of blocks that end at the same word.
    fn add(&mut self, group: &[(u32, Range<u32>)]) {
        let start = group.iter().map(|(_, slots)| slots.start / 64).min().unwrap_or(0);
        let end = group.iter().map(|(_, slots)| slots.end.div_ceil(64)).max().unwrap_or(0);
        let base = self.masks.len();
        self.masks.resize(base + (end - start) as usize, 0);
        for (word, slots) in group {
            for slot in slots.clone() {
                self.masks[base + (slot / 64 - start) as usize] |= 1 << (slot % 64);
            }
            if self.labels.last().is_none_or(|label| label.word != *word) {
                let masks = base as u32..self.masks.len() as u32;
                self.labels.push(Label { word: *word, first: start, masks });
            }
        }
    }

    /// An edge to `word`, or control that falls through to it, has written `bits`.
    pub(super) fn meet(&mut self, word: u32, bits: &Bits) {
        self.meet_with(word, bits, 0..0);
    }

    /// The same for an edge that writes `values`, too.
    pub(super) fn meet_with(&mut self, word: u32, bits: &Bits, values: Range<u32>) {
        if let Ok(i) = self.labels.binary_search_by_key(&word, |label| label.word) {
            let Label { first, masks, .. } = &self.labels[i];
            let masks = &mut self.masks[masks.start as usize..masks.end as usize];
            for (i, mask) in masks.iter_mut().enumerate() {
                let index = *first as usize + i;
                *mask &= bits.word(index) | word_of(&values, index);
            }
        }
    }

    /// Hands `each` the slots that everything that came to `word` has written.
    pub(super) fn values(&self, word: u32, mut each: impl FnMut(u32)) {
        if let Ok(i) = self.labels.binary_search_by_key(&word, |label| label.word) {
            let Label { first, masks, .. } = &self.labels[i];
            for (i, &mask) in
                self.masks[masks.start as usize..masks.end as usize].iter().enumerate()
            {
                let mut mask = mask;
                while mask != 0 {
                    each((first + i as u32) * 64 + mask.trailing_zeros());
                    mask &= mask - 1;
                }
            }
        }
    }
}

/// The slots of a range among the 64 from `64 * index`.
fn word_of(range: &Range<u32>, index: usize) -> u64 {
    let base = index as u64 * 64;
    let below = |slot: u32| match u64::from(slot).saturating_sub(base) {
        count @ 0..64 => (1u64 << count) - 1,
        _ => u64::MAX,
    };
    below(range.end) & !below(range.start)
}

/// The offset of a block's end and the home slots of its results, cut off at the end of the frame;
/// `None` if there are none or no branch goes there.
fn results(cx: &Context<'_>, block: &BlockFacts) -> Option<(u32, Range<u32>)> {
    let joins = match block.kind {
        BlockKind::Loop => false,
        BlockKind::If => true,
        BlockKind::Func | BlockKind::Block | BlockKind::TryTable => block.branched,
    };
    let count = result_cells(cx.module, block.ty);
    let start = cx.facts.local_cells.saturating_add(block.height_cells);
    let end = start.saturating_add(count).min(cx.candidate.frame_cells);
    (joins && block.reachable_after && start < end).then_some((block.end, start..end))
}

fn result_cells(module: &Module, ty: BlockType) -> u32 {
    match ty {
        BlockType::Empty => 0,
        BlockType::Type(ty) => cells(ty),
        BlockType::FuncType(ty) => {
            module.types().get(ty as usize).map_or(0, |ty| cells_of(&ty.results))
        }
    }
}
