//! Edits at two places that belong together: a value that lives elsewhere, an instruction that
//! stands elsewhere.
//!
//! Of these the check must accept many, and each that it refuses is one step from code that is
//! right: what they ask is what is still known of a slot after branches, labels, calls and throws.

use crate::generate::Rng;
use crate::refuse::mutations::listing::{Item, Listing, operand_values};
use prova_bytecode::{Kind, Op, Role};

/// The operand values that name slots of one cell in a role.
fn slots(item: &Item, role: Role) -> Vec<usize> {
    let operands = operand_values(item.op).zip(item.op.operands());
    operands.filter(|(_, o)| o.role == role && o.kind.cells() == 1).map(|((i, _), _)| i).collect()
}

/// A slot of a frame, or the one after it; those of the end more often, where the callees' frames
/// are.
fn slot(rng: &mut Rng, frame: u32) -> u64 {
    let slot = rng.below(frame.max(1) as usize);
    (if rng.percent(30) { frame as usize - 1 - slot / 4 } else { slot }) as u64
}

/// A result that lives in another slot from one write to the next, for all that read it in the
/// order of the code.
pub(super) fn another_home(
    rng: &mut Rng,
    listing: &mut Listing,
    frame: u32,
) -> Option<&'static str> {
    let place = rng.below(listing.items.len());
    let item = listing.items.get_mut(place)?;
    let value = *slots(item, Role::Result).first()?;
    let (old, new) = (item.values[value], slot(rng, frame));
    item.values[value] = new;
    for item in &mut listing.items[place + 1..] {
        for i in slots(item, Role::Source) {
            if item.values[i] == old {
                item.values[i] = new;
            }
        }
        let written = slots(item, Role::Result).iter().any(|&i| item.values[i] == old);
        if written || item.op.class().is_terminator() {
            break;
        }
    }
    (new != old && new < 1 << 16).then_some("another home")
}

/// A value that is copied at an earlier place and read from the copy.
pub(super) fn through_a_copy(
    rng: &mut Rng,
    listing: &mut Listing,
    frame: u32,
) -> Option<&'static str> {
    let reader = rng.below(listing.items.len());
    let reads = slots(&listing.items[reader], Role::Source);
    let value = *reads.get(rng.below(reads.len()))?;
    let old = listing.items[reader].values[value];
    let place = reader.saturating_sub(rng.below(40));
    let windows = listing.items[place..reader].iter().flat_map(|item| {
        let windows = operand_values(item.op).filter(|(_, kind)| *kind == Kind::win);
        windows.map(|(i, _)| item.values[i])
    });
    let windows: Vec<u64> = windows.collect();
    // Where a call between them has its frame, or anywhere.
    let new = match windows.get(rng.below(windows.len())) {
        Some(window) if rng.percent(60) => window + rng.below(6) as u64,
        _ => slot(rng, frame),
    };
    let copy = Item { op: Op::Copy, values: vec![new, old], table: Vec::new() };
    listing.items[reader].values[value] = new;
    listing.insert(place, copy);
    (new != old && new < 1 << 16).then_some("read through a copy")
}

/// An instruction that stands some places earlier or later.
pub(super) fn another_place(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let from = rng.below(listing.items.len());
    let far = if rng.percent(60) { 8 } else { 60 };
    let to = (from + rng.between(0, 2 * far)) as i64 - far as i64;
    let to = usize::try_from(to).ok().filter(|&to| to < listing.items.len() && to != from)?;
    let item = listing.items.get(from)?;
    if !item.table.is_empty() || item.op.class().is_terminator() {
        return None;
    }
    let item = item.clone();
    listing.insert(to, item);
    listing.remove(if to <= from { from + 1 } else { from });
    Some("instruction moved")
}
