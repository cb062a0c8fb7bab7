//! Claims → certificate bytes (`docs/certificate.md`).
//!
//! Frequent claims come first in the dictionary; each block is written as its difference from the
//! nearest of the last [`WINDOW`] blocks.

use crate::flow::Frame;
use crate::join::Claims;
use prova_check::certificate::{FROM_FOLLOWS, VERSION, base_code, tags};
use prova_check::{Base, Claim, Extent, Heap, Loc, Name, RefKind, RefType, Sym, Value, keeps};
use std::collections::BTreeMap;

/// How many blocks back a difference may reach.
const WINDOW: usize = 24;

/// Writes a certificate.
pub(crate) fn encode(
    data: &[(u32, u32)],
    frame: &Frame,
    blocks: &BTreeMap<u32, Claims>,
) -> Vec<u8> {
    let mut out = vec![VERSION];
    number(&mut out, data.len() as u64);
    let mut end = 0;
    for &(a, b) in data {
        number(&mut out, u64::from(a - end));
        number(&mut out, u64::from(b - a));
        end = b;
    }
    let mut counts: BTreeMap<Claim, usize> = BTreeMap::new();
    for claim in blocks.values().flat_map(|block| &block.list) {
        if !frame.says(claim) && by_location(frame, claim).is_none() {
            *counts.entry(*claim).or_default() += 1;
        }
    }
    let mut dictionary: Vec<(usize, Claim)> = counts.into_iter().map(|(c, n)| (n, c)).collect();
    dictionary.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let places: BTreeMap<Claim, u32> =
        dictionary.iter().zip(0..).map(|(&(_, claim), i)| (claim, i)).collect();
    number(&mut out, dictionary.len() as u64);
    for (_, entry) in &dictionary {
        claim(&mut out, entry);
    }
    number(&mut out, blocks.len() as u64);
    if blocks.is_empty() {
        return out;
    }
    number(&mut out, u64::from(frame.at));
    let entries = dictionary.len() as u32;
    let changed = |loc: &&Loc| keeps(loc.number()) && !frame.kept.contains(loc);
    let changed: Vec<u32> = frame.held.keys().filter(changed).map(|loc| loc.number()).collect();
    number(&mut out, changed.len() as u64);
    let mut next = 0;
    for n in changed {
        number(&mut out, u64::from(n - next));
        next = n + 1;
    }
    let others = frame.held.keys().filter(|loc| !frame.kept.contains(loc));
    let all: Vec<u32> = others.map(|loc| entries + 2 * loc.number()).collect();
    let (mut offset, mut written) = (frame.at, Vec::<Vec<u32>>::new());
    for (&at, block) in blocks {
        let place = |claim: &Claim| match by_location(frame, claim) {
            Some(n) => entries + n,
            None => places[claim],
        };
        let claims = block.list.iter().filter(|claim| !frame.says(claim));
        let mut set: Vec<u32> = claims.map(place).collect();
        set.sort_unstable();
        set.dedup();
        let (from, toggles) = nearest(&set, &all, &written);
        number(&mut out, u64::from(at - offset));
        block_claims(&mut out, from, &toggles, block.metered);
        offset = at;
        written.push(set);
    }
    out
}

/// From which claims a block's differ least, and in which: those of the frame (0), of a block so
/// many back, or none at all.
fn nearest(set: &[u32], frame: &[u32], written: &[Vec<u32>]) -> (Option<u32>, Vec<u32>) {
    let back = written.iter().rev().take(WINDOW).zip(1..);
    let back = back.map(|(set, n)| (set.as_slice(), Some(n)));
    let others = std::iter::once((frame, Some(0))).chain(back).chain([(&[][..], None)]);
    let mut best = (usize::MAX, None, &[][..]);
    for (other, from) in others {
        let follows = usize::from(!matches!(from, Some(0..FROM_FOLLOWS)));
        let cost = cost(other, set, best.0.saturating_sub(follows)) + follows;
        if cost < best.0 {
            best = (cost, from, other);
        }
    }
    (best.1, toggles(best.2, set))
}

/// A block's head, and the claims that it toggles.
fn block_claims(out: &mut Vec<u8>, from: Option<u32>, toggles: &[u32], metered: bool) {
    let escaped = from.is_none_or(|n| n >= FROM_FOLLOWS);
    let short = if escaped { FROM_FOLLOWS } else { from.unwrap_or(0) };
    let head = (toggles.len() as u64) << 3 | u64::from(short) << 1 | u64::from(metered);
    number(out, head);
    if escaped {
        number(out, u64::from(from.unwrap_or(0)));
    }
    let mut next = 0;
    for toggle in toggles {
        number(out, u64::from(toggle - next));
        next = toggle + 1;
    }
}

impl Frame {
    /// Whether a claim holds wherever the frame stands.
    fn says(&self, claim: &Claim) -> bool {
        match *claim {
            Claim::Range { name: Name::Fixed(Sym::HEIGHT), lo, hi: u64::MAX } => lo <= self.height,
            Claim::Holds { at, name: Name::Fixed(_), .. } => self.kept.contains(&at),
            _ => false,
        }
    }
}

/// The number behind the dictionary of a claim that needs no entry.
fn by_location(frame: &Frame, claim: &Claim) -> Option<u32> {
    match *claim {
        Claim::Number { at, hi: 0xffff_ffff } => Some(2 * at.number() + 1),
        Claim::Holds { at, base, name: Name::Fixed(sym), shift, add } => {
            let held = frame.held.get(&at) == Some(&Value { base, sym, shift, add });
            held.then(|| 2 * at.number())
        }
        _ => None,
    }
}

fn toggles(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (mut a, mut b, mut list) = (a, b, Vec::new());
    while let (Some((&x, behind_x)), Some((&y, behind_y))) = (a.split_first(), b.split_first()) {
        if x <= y {
            a = behind_x;
        }
        if y <= x {
            b = behind_y;
        }
        if x != y {
            list.push(x.min(y));
        }
    }
    list.extend(a);
    list.extend(b);
    list
}

/// How many bytes the toggles between two sets take, or `enough` where they are no fewer.
fn cost(a: &[u32], b: &[u32], enough: usize) -> usize {
    let (mut a, mut b) = (a, b);
    let (mut bytes, mut next) = (0, 0);
    loop {
        let (x, y) = (a.first().copied(), b.first().copied());
        let toggle = match (x, y) {
            (None, None) => return bytes,
            (Some(x), None) => x,
            (None, Some(y)) => y,
            (Some(x), Some(y)) => x.min(y),
        };
        a = a.get(usize::from(x == Some(toggle))..).unwrap_or(&[]);
        b = b.get(usize::from(y == Some(toggle))..).unwrap_or(&[]);
        if x == y {
            continue;
        }
        bytes += if toggle - next < 128 { 1 } else { 2 };
        next = toggle + 1;
        if bytes >= enough {
            return enough;
        }
    }
}

fn number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn signed(out: &mut Vec<u8>, n: i64) {
    number(out, ((n << 1) ^ (n >> 63)) as u64);
}

fn location(out: &mut Vec<u8>, loc: Loc) {
    number(out, u64::from(loc.number()));
}

fn extent(out: &mut Vec<u8>, extent: Extent) {
    match extent {
        Extent::Memory(m) => number(out, u64::from(m) << 1),
        Extent::Table(t) => number(out, u64::from(t) << 1 | 1),
    }
}

/// The name of a claim on a symbol, and its tag.
fn named(out: &mut Vec<u8>, name: Name, (of, fixed): (u8, u8)) {
    match name {
        Name::Of(loc) => {
            location(out, loc);
            out.push(of);
        }
        Name::Fixed(Sym(n)) => {
            number(out, u64::from(n));
            out.push(fixed);
        }
    }
}

fn claim(out: &mut Vec<u8>, claim: &Claim) {
    match *claim {
        Claim::Number { at, hi } => {
            location(out, at);
            if hi == 0xffff_ffff {
                out.push(tags::WORD);
            } else {
                out.push(tags::NUMBER);
                number(out, hi);
            }
        }
        Claim::Holds { at, base, name, shift, add } => holds(out, (at, base, name, shift, add)),
        Claim::Range { name, lo, hi } => {
            named(out, name, (tags::RANGE, tags::RANGE_FIXED));
            number(out, lo);
            number(out, hi);
        }
        Claim::Length { of, extent: e } => {
            location(out, of);
            out.push(tags::LENGTH);
            extent(out, e);
        }
        Claim::Ref { of, ty } => {
            location(out, of);
            out.push(tags::REF);
            reference(out, ty);
        }
        Claim::Below { name, d, extent: e } => {
            named(out, name, (tags::BELOW, tags::BELOW_FIXED));
            signed(out, d);
            extent(out, e);
        }
        Claim::TypeId { of, ty } => {
            location(out, of);
            out.push(tags::TYPE_ID);
            number(out, u64::from(ty));
        }
        Claim::Type { of, ty } => {
            location(out, of);
            out.push(tags::TYPE);
            number(out, u64::from(ty));
        }
    }
}

fn reference(out: &mut Vec<u8>, ty: RefType) {
    let kind = match ty.kind {
        RefKind::Func => 0,
        RefKind::Extern => 1,
        RefKind::Exn => 2,
    };
    let (heap, index) = match ty.heap {
        Heap::Any => (0, None),
        Heap::Nothing => (1, None),
        Heap::Type(index) => (2, Some(index)),
    };
    out.push(kind | u8::from(ty.nullable) << 2 | heap << 3);
    if let Some(index) = index {
        number(out, u64::from(index));
    }
}

fn holds(out: &mut Vec<u8>, (at, base, name, shift, add): (Loc, Base, Name, u8, u64)) {
    let Some((code, payload)) = base_code(base) else { return };
    location(out, at);
    let mut tag = tags::HOLDS;
    if add != 0 {
        tag |= tags::HOLDS_ADD;
    }
    if shift != 0 {
        tag |= tags::HOLDS_SHIFT;
    }
    tag |= match name {
        Name::Fixed(Sym::ZERO) => 0,
        Name::Fixed(_) => tags::HOLDS_FIXED,
        Name::Of(loc) if loc == at => tags::HOLDS_OWN,
        Name::Of(_) => tags::HOLDS_OF,
    };
    out.push(tag);
    out.push(code);
    if let Some(n) = payload {
        number(out, u64::from(n));
    }
    if add != 0 {
        signed(out, add as i64);
    }
    match name {
        Name::Fixed(Sym::ZERO) => {}
        Name::Fixed(Sym(n)) => number(out, u64::from(n)),
        Name::Of(loc) if loc == at => {}
        Name::Of(loc) => location(out, loc),
    }
    if shift != 0 {
        out.push(shift);
    }
}
