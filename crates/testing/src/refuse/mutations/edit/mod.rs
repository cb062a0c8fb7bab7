//! One random edit of a candidate: the mistakes that a translator makes, and some that nobody
//! makes.
//!
//! Here are the edits at one place of the code; `moves` has those at two, `beside` those of what
//! stands beside the code.

mod beside;
mod moves;

use super::listing::{Item, Listing, accumulator, operand_values};
use crate::generate::Rng;
use prova_bytecode::{Candidate, Class, Kind, OPS, Op, RegClass, fits};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A candidate with one edit.
pub(super) struct Edit {
    /// The kind of edit.
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
pub(super) fn random(rng: &mut Rng, base: &Candidate) -> Option<Edit> {
    let mut listing = Listing::new(base)?;
    let mut candidate = base.clone();
    let mut beside = None;
    let kind = match rng.weighted(&[18, 22, 12, 8, 8, 5, 8, 6, 7, 6, 2, 8, 8, 4, 5, 8, 10, 6]) {
        0 => another_op(rng, &mut listing)?,
        1 => another_slot(rng, &mut listing, base.frame_cells)?,
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
        8 => beside::another_entry(rng, &mut listing)?,
        9 => *beside.insert(beside::another_hint(rng, &mut candidate)?),
        10 => *beside.insert(beside::another_frame(rng, &mut candidate)),
        11 => another_instruction(rng, &mut listing, base.frame_cells),
        12 => beside::another_handler(rng, &mut listing)?,
        13 => another_throw(rng, &mut listing)?,
        14 => another_meter(rng, &mut listing)?,
        15 => moves::another_home(rng, &mut listing, base.frame_cells)?,
        16 => moves::through_a_copy(rng, &mut listing, base.frame_cells)?,
        _ => moves::another_place(rng, &mut listing)?,
    };
    // An edit beside the code is of the candidate itself, any other of the listing.
    Some(Edit {
        kind,
        candidate: if beside.is_some() { candidate } else { listing.candidate(base) },
    })
}

fn near(rng: &mut Rng, place: usize) -> usize {
    if rng.percent(50) { place + 1 } else { place.saturating_sub(1) }
}

fn another_op(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let item = rng.below(listing.items.len());
    let item = &mut listing.items[item];
    let others = SHAPES.get(&shape(item.op))?;
    let op = *rng.pick(others);
    let fitting = operand_values(op).all(|(i, kind)| {
        let slot = kind.cells() > 0 && item.values[i] >= 1 << 16;
        kind == Kind::rel || slot || fits(kind, item.values[i])
    });
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
    if rng.percent(15) {
        *value = accumulator(*rng.pick(&RegClass::ALL));
        return (*value != old).then_some("another slot");
    }
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
    let kind = match rng.below(4) {
        0 if table.len() > 1 => {
            table.remove(a);
            "table entry dropped"
        }
        1 => {
            table.insert(a, table[b]);
            "table entry twice"
        }
        2 if table[a] != table[b] => {
            table[a] = table[b];
            "another entry's target"
        }
        _ if table[a] != table[b] => {
            table.swap(a, b);
            "table entries swapped"
        }
        _ => return None,
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

/// One more copy, or constant, that nobody asked for.
fn another_instruction(rng: &mut Rng, listing: &mut Listing, frame: u32) -> &'static str {
    let slot = |rng: &mut Rng| rng.below(frame.max(1) as usize) as u64;
    let place = rng.below(listing.items.len());
    let (op, values, kind) = match rng.below(10) {
        0..=5 => (Op::Copy, vec![slot(rng), slot(rng)], "copy inserted"),
        6 | 7 if frame > 1 => {
            let pair = |rng: &mut Rng| rng.below(frame as usize - 1) as u64;
            (Op::CopyV128, vec![pair(rng), pair(rng)], "copy inserted")
        }
        _ => (Op::Const32, vec![slot(rng), rng.below(3) as u64], "constant inserted"),
    };
    listing.insert(place, Item { op, values, table: Vec::new() });
    kind
}

/// A charge or poll of another cost, at another place, twice, not at all, or where none is due.
fn another_meter(rng: &mut Rng, listing: &mut Listing) -> Option<&'static str> {
    let meters = |item: &Item| matches!(item.op.class(), Class::charge | Class::poll);
    let places: Vec<usize> =
        (0..listing.items.len()).filter(|&place| meters(&listing.items[place])).collect();
    let place = *places.get(rng.below(places.len()))?;
    let kind = match rng.below(5) {
        0 => {
            let cost = listing.items[place].values.first_mut()?;
            *cost = if rng.percent(50) { cost.wrapping_add(1) } else { cost.wrapping_sub(1) };
            "charge's cost"
        }
        1 => {
            listing.remove(place);
            "metering dropped"
        }
        2 => {
            let item = listing.items[place].clone();
            listing.insert(place, item);
            "metering twice"
        }
        3 => {
            let to = near(rng, place);
            if to == place || to >= listing.items.len() {
                return None;
            }
            listing.items.swap(place, to);
            "metering moved"
        }
        _ => {
            let item = listing.items[place].clone();
            let to = rng.below(listing.items.len());
            listing.insert(to, item);
            "metering inserted"
        }
    };
    Some(kind)
}
