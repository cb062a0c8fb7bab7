//! One random edit of a candidate: the mistakes that a translator makes, and some that nobody makes.

use super::listing::{Item, Listing, operand_values};
use crate::generate::Rng;
use prova_bytecode::{Candidate, Class, Kind, OPS, Op, fits};
use prova_module::TagIdx;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A candidate with one edit.
pub(super) struct Edit {
    /// What was done to it.
    pub(super) kind: &'static str,
    pub(super) candidate: Candidate,
}

/// Ops by the kinds of their operands: those that can stand in each other's place.
static SHAPES: LazyLock<BTreeMap<String, Vec<Op>>> = LazyLock::new(|| {
    let mut shapes: BTreeMap<String, Vec<Op>> = BTreeMap::new();
    for &op in OPS {
        shapes.entry(shape(op)).or_default().push(op);
    }
    shapes
});

fn shape(op: Op) -> String {
    let operands: Vec<_> = op.operands().iter().map(|o| (o.role, width(o.kind))).collect();
    format!("{operands:?}{}", op.class() == Class::br_table)
}

/// Kinds of one width may take each other's place.
fn width(kind: Kind) -> (u8, u8) {
    let jumps = matches!(kind, Kind::rel | Kind::count);
    (kind.lanes() + if jumps { 10 } else { 0 }, kind.cells().min(1))
}

/// A random edit, or `None` where the one that was drawn is not possible.
pub(super) fn random(rng: &mut Rng, honest: &Candidate) -> Option<Edit> {
    let mut listing = Listing::new(honest)?;
    let mut candidate = None;
    let kind = match rng.weighted(&[18, 22, 12, 8, 8, 5, 8, 5, 5, 5, 2, 6, 8, 4]) {
        0 => another_op(rng, &mut listing)?,
        1 => another_slot(rng, &mut listing, honest.frame_cells)?,
        2 => another_immediate(rng, &mut listing)?,
        3 => swap(rng, &mut listing)?,
        4 => {
            let place = rng.below(listing.items.len());
            listing.remove(place);
            "instruction dropped"
        }
        5 => {
            let place = rng.below(listing.items.len());
            let item = listing.items[place].clone();
            listing.insert(place, item);
            "instruction twice"
        }
        6 => another_target(rng, &mut listing)?,
        7 => permute_table(rng, &mut listing)?,
        8 => {
            let place = rng.below(listing.map.len());
            listing.map[place].1 = honest.map[rng.below(honest.map.len())].offset;
            "map entry"
        }
        9 => {
            let place = rng.below(listing.hints.len().max(1));
            let hint = listing.hints.get_mut(place)?;
            *hint = near(rng, *hint);
            "hint's word"
        }
        10 => {
            let mut other = listing.candidate(honest);
            let kind = header(rng, &mut other);
            candidate = Some(other);
            kind
        }
        11 => {
            let frame = honest.frame_cells.max(1) as usize;
            let values = vec![rng.below(frame) as u64, rng.below(frame) as u64];
            let place = rng.below(listing.items.len());
            listing.insert(place, Item { op: Op::Copy, values, table: Vec::new() });
            "copy inserted"
        }
        12 => another_handler(rng, &mut listing)?,
        _ => another_throw(rng, &mut listing)?,
    };
    Some(Edit { kind, candidate: candidate.unwrap_or_else(|| listing.candidate(honest)) })
}

fn near(rng: &mut Rng, place: usize) -> usize {
    if rng.percent(50) { place + 1 } else { place.saturating_sub(1) }
}

fn another_op(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let item = rng.below(listing.items.len());
    let item = &mut listing.items[item];
    let others = SHAPES.get(&shape(item.op))?;
    let op = *rng.pick(others);
    let fitting =
        operand_values(op).all(|(i, kind)| kind == Kind::rel || fits(kind, item.values[i]));
    (op != item.op && fitting).then(|| {
        item.op = op;
        "another op"
    })
}

fn another_slot(rng: &mut Rng, listing: &mut Listing, frame: u32) -> Option<&'static str> {
    let item = rng.below(listing.items.len());
    let item = &mut listing.items[item];
    let slots: Vec<usize> = operand_values(item.op)
        .filter(|(_, kind)| kind.cells() > 0 || *kind == Kind::win)
        .map(|(i, _)| i)
        .collect();
    if slots.is_empty() {
        return None;
    }
    let value = &mut item.values[*rng.pick(&slots)];
    let old = *value;
    *value = match rng.below(3) {
        0 => old + 1,
        1 => old.checked_sub(1)?,
        _ => rng.below(frame.max(1) as usize) as u64,
    };
    (*value != old && *value < 1 << 16).then_some("another slot")
}

fn another_immediate(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let item = rng.below(listing.items.len());
    let item = &mut listing.items[item];
    let immediates: Vec<(usize, Kind)> = operand_values(item.op)
        .filter(|(_, k)| k.cells() == 0 && !matches!(k, Kind::rel | Kind::count | Kind::win))
        .collect();
    if immediates.is_empty() {
        return None;
    }
    let (i, kind) = *rng.pick(&immediates);
    let old = item.values[i];
    item.values[i] = match rng.below(4) {
        0 => old.wrapping_add(1),
        1 => old.wrapping_sub(1),
        2 => old ^ 1 << rng.below(64),
        _ => 0,
    };
    (item.values[i] != old && fits(kind, item.values[i])).then_some("another immediate")
}

fn swap(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let place = rng.below(listing.items.len());
    if place + 1 >= listing.items.len() || listing.items[place] == listing.items[place + 1] {
        return None;
    }
    listing.items.swap(place, place + 1);
    Some("neighbours swapped")
}

fn another_target(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let branches: Vec<(usize, usize)> = listing
        .items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| {
            Some((at, operand_values(item.op).find(|(_, kind)| *kind == Kind::rel)?.0))
        })
        .collect();
    if branches.is_empty() {
        return None;
    }
    let (at, value) = *rng.pick(&branches);
    let old = listing.items[at].values[value] as usize;
    let new = if rng.percent(60) { near(rng, old) } else { rng.below(listing.items.len()) };
    listing.items[at].values[value] = new as u64;
    (new != old).then_some("another target")
}

fn permute_table(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let tables: Vec<usize> =
        (0..listing.items.len()).filter(|&at| !listing.items[at].table.is_empty()).collect();
    if tables.is_empty() {
        return None;
    }
    let at = *rng.pick(&tables);
    let table = &mut listing.items[at].table;
    let (a, b) = (rng.below(table.len()), rng.below(table.len()));
    let kind = match rng.below(3) {
        0 if table.len() > 1 => {
            table.remove(a);
            "table entry dropped"
        }
        1 => {
            table.insert(a, table[b]);
            "table entry twice"
        }
        _ if table[a] != table[b] => {
            table.swap(a, b);
            "table entries swapped"
        }
        _ => return None,
    };
    Some(kind)
}

/// A catch clause that is not that of the Wasm.
fn another_handler(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
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

/// Another operand of a throw or of a call through a reference.
fn another_throw(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let throws = |item: &Item| {
        use Class::{call_ref, return_call_ref, throw, throw_ref};
        matches!(item.op.class(), throw | throw_ref | call_ref | return_call_ref)
    };
    let all = listing.items.iter().enumerate().filter(|(_, item)| throws(item));
    let places: Vec<usize> = all.map(|(place, _)| place).collect();
    let item = &mut listing.items[*places.get(rng.below(places.len()))?];
    let (value, kind) = operand_values(item.op).nth(rng.below(item.op.operands().len()))?;
    let old = item.values[value];
    item.values[value] = if rng.percent(50) { old + 1 } else { old.checked_sub(1)? };
    fits(kind, item.values[value]).then_some("throw's or reference call's operand")
}

/// What is not code: frame, constants, the number of hints, the number of map entries.
fn header(rng: &mut Rng, candidate: &mut Candidate) -> &'static str {
    match rng.below(5) {
        0 => {
            candidate.frame_cells = candidate.frame_cells.wrapping_add(1);
            "frame"
        }
        1 => {
            candidate.frame_cells = candidate.frame_cells.wrapping_sub(1);
            "frame"
        }
        2 if !candidate.constants.is_empty() => {
            let at = rng.below(candidate.constants.len());
            candidate.constants[at].slot ^= 1;
            "hint's constant"
        }
        3 if !candidate.controls.is_empty() => {
            let at = rng.below(candidate.controls.len());
            candidate.controls.remove(at);
            "hint dropped"
        }
        _ => {
            let at = rng.below(candidate.map.len());
            candidate.map.remove(at);
            "map entry dropped"
        }
    }
}
