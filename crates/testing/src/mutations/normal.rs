//! Code without dead writes, with each operand in the lowest slot that holds its value, commuting operands and independent
//! neighbours in order: a sufficient test of equality that knows nothing of the check.
//!
//! A write is dead if no path from it reads the slot before it is written again (liveness, backwards, to a fixpoint).

use super::listing::{Item, Listing, operand_values};
use prova_bytecode::{Candidate, Class, Kind, Op, Role};
use prova_module::{FuncIdx, FuncType, Module, cells_of};
use std::collections::{BTreeMap, BTreeSet};

/// Whether both candidates have the same normal form.
pub(super) fn equal(module: &Module, a: &Candidate, b: &Candidate) -> bool {
    match (normal(module, a), normal(module, b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

fn normal(module: &Module, candidate: &Candidate) -> Option<Vec<Item>> {
    let mut listing = Listing::new(candidate)?;
    for _ in 0..2 {
        while let Some(dead) = dead(module, candidate, &listing) {
            listing.remove(dead);
        }
        propagate(&mut listing);
        for item in &mut listing.items {
            sort_operands(item);
        }
        order(&mut listing);
    }
    Some(listing.items)
}

/// The places to which control comes from elsewhere.
fn targets(listing: &Listing) -> BTreeSet<usize> {
    let jumps = listing.items.iter().flat_map(|item| {
        let rel = operand_values(item.op).filter(|(_, kind)| *kind == Kind::rel);
        rel.map(|(i, _)| item.values[i] as usize).chain(item.table.iter().copied())
    });
    jumps.collect()
}

/// What a slot holds, between two labels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// A constant.
    Constant(u64),
    /// What was written or found there first, by a number.
    Written(usize),
}

/// Lets each operand of one cell name the lowest slot that holds its value.
fn propagate(listing: &mut Listing) {
    let targets = targets(listing);
    let mut held: BTreeMap<u64, Held> = BTreeMap::new();
    let mut fresh = 0;
    for at in 0..listing.items.len() {
        if targets.contains(&at) {
            held.clear();
        }
        let item = &mut listing.items[at];
        let operands: Vec<(usize, Kind, Role)> = operand_values(item.op)
            .zip(item.op.operands())
            .map(|((i, kind), operand)| (i, kind, operand.role))
            .collect();
        let mut values = Vec::new();
        for &(i, kind, role) in &operands {
            if role == Role::Source && kind.cells() == 1 {
                fresh += 1;
                let value = *held.entry(item.values[i]).or_insert(Held::Written(fresh));
                values.push(value);
                let lowest = held.iter().find(|(_, other)| **other == value);
                item.values[i] = lowest.map_or(item.values[i], |(slot, _)| *slot);
            }
        }
        if let Some((window, Kind::win, _)) = operands.first() {
            held.retain(|slot, _| *slot < item.values[*window]);
        }
        for (n, &(i, kind, role)) in operands.iter().enumerate() {
            if role == Role::Result {
                fresh += 1;
                let value = if matches!(item.op, Op::Copy | Op::Copy2) {
                    values[n]
                } else if matches!(item.op, Op::Const32 | Op::Const64S32 | Op::Const64) {
                    Held::Constant(item.values[1])
                } else {
                    Held::Written(fresh)
                };
                held.remove(&(item.values[i] + u64::from(kind.cells() == 2)));
                held.insert(item.values[i], value);
                if kind.cells() == 2 {
                    held.remove(&item.values[i]);
                }
            }
        }
    }
}

/// Moves computations before what stands in front of them and has nothing to do with them.
fn order(listing: &mut Listing) {
    let targets = targets(listing);
    for _ in 0..8 {
        for at in 1..listing.items.len() {
            let (first, second) = (&listing.items[at - 1], &listing.items[at]);
            let pure = |item: &Item| matches!(item.op.class(), Class::pure | Class::pure2);
            let straight = operand_values(first.op)
                .all(|(_, k)| !matches!(k, Kind::rel | Kind::win))
                && !first.op.class().is_terminator();
            let apart = |a: &Item, b: &Item| {
                let used: BTreeSet<usize> = slots(b, Role::Source).chain(writes(b)).collect();
                writes(a).all(|slot| !used.contains(&slot))
            };
            let key = |item: &Item| (item.op, item.values.clone());
            if pure(second)
                && straight
                && !targets.contains(&at)
                && apart(first, second)
                && apart(second, first)
                && (!pure(first) || key(first) > key(second))
            {
                listing.items.swap(at - 1, at);
            }
        }
    }
}

fn sort_operands(item: &mut Item) {
    let [d, a, b] = item.values[..] else { return };
    let mnemonic = item.op.mnemonic();
    let commutes = ["add", "mul", "and", "or", "xor", "eq", "ne"];
    let integer = mnemonic.split_once('.').filter(|(ty, _)| *ty == "i32" || *ty == "i64");
    if item.op.class() == Class::pure && integer.is_some_and(|(_, name)| commutes.contains(&name)) {
        item.values = vec![d, a.min(b), a.max(b)];
    }
}

/// An instruction that does nothing but write what nobody reads, or a copy of a slot to itself.
fn dead(module: &Module, candidate: &Candidate, listing: &Listing) -> Option<usize> {
    let frame = candidate.frame_cells as usize + 2;
    let mut live = vec![vec![false; frame]; listing.items.len() + 1];
    loop {
        let mut changed = false;
        for at in (0..listing.items.len()).rev() {
            let before = transfer(module, candidate, listing, &live, at, frame);
            if before != live[at] {
                live[at] = before;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    (0..listing.items.len()).find(|&at| {
        let item = &listing.items[at];
        let pure = matches!(item.op.class(), Class::pure | Class::pure2);
        let itself = matches!(item.op, Op::Copy | Op::CopyV128) && item.values[0] == item.values[1];
        pure && (itself
            || writes(item).all(|slot| !live[at + 1].get(slot).copied().unwrap_or(true)))
    })
}

fn writes(item: &Item) -> impl Iterator<Item = usize> {
    slots(item, Role::Result)
}

fn slots(item: &Item, role: Role) -> impl Iterator<Item = usize> {
    operand_values(item.op)
        .zip(item.op.operands())
        .filter(move |(_, operand)| operand.role == role && operand.kind.cells() > 0)
        .flat_map(|((i, kind), _)| {
            let slot = item.values[i] as usize;
            slot..slot + usize::from(kind.cells())
        })
}

/// The slots that are live before the instruction at `at`.
fn transfer(
    module: &Module,
    candidate: &Candidate,
    listing: &Listing,
    live: &[Vec<bool>],
    at: usize,
    frame: usize,
) -> Vec<bool> {
    let item = &listing.items[at];
    let mut set = vec![false; frame];
    let falls = (!item.op.class().is_terminator()).then_some(at + 1);
    let jumps = operand_values(item.op)
        .filter(|(_, kind)| *kind == Kind::rel)
        .map(|(i, _)| item.values[i] as usize);
    for next in falls.into_iter().chain(jumps).chain(item.table.iter().copied()) {
        for (to, &from) in set.iter_mut().zip(&live[next.min(listing.items.len())]) {
            *to |= from;
        }
    }
    let mut put = |slot: usize, value: bool| set.get_mut(slot).into_iter().for_each(|s| *s = value);
    writes(item).for_each(|slot| put(slot, false));
    slots(item, Role::Source).for_each(|slot| put(slot, true));
    let class = item.op.class();
    if class == Class::return_ {
        let results = module.func_type(candidate.func).results.as_ref();
        (0..cells_of(results) as usize).for_each(|slot| put(slot, true));
    } else if matches!(class, Class::call_indirect | Class::return_call_indirect) {
        arguments(item, &module.types()[item.values[2] as usize], put);
    } else if operand_values(item.op).any(|(_, kind)| kind == Kind::win) {
        arguments(item, module.func_type(FuncIdx(item.values[1] as u32)), put);
    }
    set
}

fn arguments(item: &Item, ty: &FuncType, mut put: impl FnMut(usize, bool)) {
    let window = item.values[0] as usize;
    (window..window + cells_of(&ty.results) as usize).for_each(|slot| put(slot, false));
    (window..window + cells_of(&ty.params) as usize).for_each(|slot| put(slot, true));
}
