//! Edits of what stands beside the code: hints and their constants, map entries, handlers, the
//! frame's size.

use super::near;
use crate::generate::Rng;
use crate::refuse::mutations::listing::Listing;
use prova_bytecode::{Candidate, ControlHint};
use prova_module::TagIdx;

/// Makes a catch clause differ from the Wasm's.
pub(super) fn another_handler(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let at = rng.below(listing.handlers.len());
    let (handler, places) = listing.handlers.get_mut(at)?;
    let kind = match rng.below(10) {
        0 => {
            places.start = near(rng, places.start);
            "handler's start"
        }
        1 => {
            places.end = near(rng, places.end);
            "handler's end"
        }
        2 => {
            let other = TagIdx(rng.below(4) as u32);
            handler.tag = if rng.percent(30) { None } else { Some(other) };
            "handler's tag"
        }
        3 => {
            handler.with_ref ^= true;
            "handler's reference"
        }
        4 => {
            places.target = Some(near(rng, places.target?));
            "handler's target"
        }
        5 => {
            places.target = if places.target.is_none() { Some(places.end) } else { None };
            "handler's return"
        }
        6 => {
            handler.slot = handler.slot.wrapping_add(if rng.percent(50) { 1 } else { u16::MAX });
            "handler's window"
        }
        7 => {
            let other = rng.below(listing.handlers.len());
            listing.handlers.swap(at, other);
            "handlers swapped"
        }
        8 => {
            listing.handlers.remove(at);
            "handler dropped"
        }
        _ => {
            listing.handlers.insert(at, listing.handlers[at]);
            "handler twice"
        }
    };
    Some(kind)
}

/// A map entry that belongs to another operator or another instruction, one more, or one less.
pub(super) fn another_entry(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let at = rng.below(listing.map.len());
    let offset = listing.map[rng.below(listing.map.len())].1;
    let entry = listing.map.get_mut(at)?;
    let kind = match rng.below(5) {
        0 | 1 => {
            entry.1 = offset;
            "map entry"
        }
        2 => {
            entry.0 = near(rng, entry.0);
            "map entry moved"
        }
        3 => {
            let place = rng.below(listing.items.len());
            let after = listing.map.partition_point(|entry| entry.0 <= place);
            listing.map.insert(after, (place, offset));
            "map entry inserted"
        }
        _ => {
            listing.map.remove(at);
            "map entry dropped"
        }
    };
    Some(kind)
}

/// A hint at another word or operator, one more, or one less.
pub(super) fn another_hint(rng: &mut Rng, candidate: &mut Candidate) -> Option<&'static str> {
    let controls = &mut candidate.controls;
    let at = rng.below(controls.len());
    let other = *controls.get(rng.below(controls.len()))?;
    let kind = match rng.below(6) {
        0..=2 => {
            let word = &mut controls[at].word;
            *word = if rng.percent(50) { *word + 1 } else { word.checked_sub(1)? };
            "hint's word"
        }
        3 => {
            controls[at].offset = if rng.percent(50) { other.offset } else { other.offset + 1 };
            "hint's operator"
        }
        4 => {
            let entry = &candidate.map[rng.below(candidate.map.len())];
            let after = controls.partition_point(|hint| hint.offset < entry.offset);
            let word = controls.get(after).map_or(other.word, |hint| hint.word);
            controls.insert(after, ControlHint { offset: entry.offset, word });
            "hint inserted"
        }
        _ => {
            controls.remove(at);
            "hint dropped"
        }
    };
    Some(kind)
}

/// A frame of another size.
pub(super) fn another_frame(rng: &mut Rng, candidate: &mut Candidate) -> &'static str {
    let more = if rng.percent(50) { 1 } else { u32::MAX };
    candidate.frame_cells = candidate.frame_cells.wrapping_add(more);
    "frame"
}
