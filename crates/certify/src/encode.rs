//! Claims → certificate bytes (`docs/certificate.md`).
//!
//! Frequent claims come first in the dictionary; each block is written as its difference from the
//! nearest of the last [`WINDOW`] blocks. Numbers are Exp-Golomb codes (Teuhola 1978), of the
//! orders that make a certificate shortest.

use crate::bits::{Bits, cost, gaps_between, length, order, toggles};
use crate::flow::Frame;
use crate::join::asked::Claims;
use prova_check::certificate::{
    BASE_BITS, DATA_FIRST, FUNCS, JUMPS_BITS, VERSION, base_code, orders, tags,
};
use prova_check::{Base, Claim, Extent, Heap, Loc, Name, RefKind, RefType, Sym, Value, keeps};
use std::collections::BTreeMap;

/// How many blocks back a difference may reach.
const WINDOW: usize = 8;

/// Writes a certificate.
pub(crate) fn encode(
    data: &[(u32, u32)],
    frame: &Frame,
    blocks: &BTreeMap<u32, Claims>,
) -> Vec<u8> {
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8);
    out.number(data.len() as u64, orders::COUNT);
    let mut end = 0;
    for &(a, b) in data {
        out.place(a - end);
        out.place(b - a);
        end = b;
    }
    let (sets, dictionary) = numbered(frame, blocks);
    out.number(dictionary.len() as u64, orders::COUNT);
    for entry in &dictionary {
        claim(&mut out, entry);
    }
    out.number(blocks.len() as u64, orders::COUNT);
    if blocks.is_empty() {
        return out.bytes;
    }
    let entries = dictionary.len() as u32;
    let others = frame.locations().filter(|&loc| !frame.kept.contains(loc));
    let all: Vec<u32> = others.map(|loc| entries + 2 * loc.number()).collect();
    let (mut written, mut list) = (Vec::<Vec<u32>>::new(), Vec::new());
    let mut offset = frame.at;
    for ((&at, block), set) in blocks.iter().zip(sets) {
        let (from, toggles) = nearest(&set, &all, &written);
        list.push(Block { distance: at - offset, from, toggles, jumps: block.jumps });
        offset = at;
        written.push(set);
    }
    frame_and_blocks(&mut out, frame, &list);
    out.bytes
}

/// The sorted numbers of each block's claims that need to be written, and the dictionary: frequent
/// claims first.
fn numbered(frame: &Frame, blocks: &BTreeMap<u32, Claims>) -> (Vec<Vec<u32>>, Vec<Claim>) {
    // The place of each claim of the dictionary in the order in which they were met.
    let mut met: BTreeMap<Claim, u32> = BTreeMap::new();
    let mut counts: Vec<u32> = Vec::new();
    let mut place = |claim: &Claim| match by_location(frame, claim) {
        Some(n) => n | BY_LOCATION,
        None => {
            let place = *met.entry(*claim).or_insert(counts.len() as u32);
            if place as usize == counts.len() {
                counts.push(0);
            }
            counts[place as usize] += 1;
            place
        }
    };
    let mut sets: Vec<Vec<u32>> = Vec::with_capacity(blocks.len());
    for block in blocks.values() {
        let mut set = Vec::with_capacity(block.list.len());
        set.extend(block.list.iter().filter(|claim| !frame.says(claim)).map(&mut place));
        sets.push(set);
    }
    let mut dictionary: Vec<(u32, Claim)> = met.into_iter().map(|(c, place)| (place, c)).collect();
    // The sort is stable: equally frequent ones stay in the order of claims.
    dictionary.sort_by_key(|&(place, _)| std::cmp::Reverse(counts[place as usize]));
    let mut numbers = vec![0; dictionary.len()];
    for (&(place, _), number) in dictionary.iter().zip(0..) {
        numbers[place as usize] = number;
    }
    let entries = dictionary.len() as u32;
    for set in &mut sets {
        for place in &mut *set {
            *place = match *place & BY_LOCATION {
                0 => numbers[*place as usize],
                _ => entries + (*place & !BY_LOCATION),
            };
        }
        set.sort_unstable();
        set.dedup();
    }
    (sets, dictionary.into_iter().map(|(_, claim)| claim).collect())
}

/// The bit of a claim's number that needs no entry of the dictionary, until that is made.
const BY_LOCATION: u32 = 1 << 31;

/// A block as it is written: the gaps between the numbers of its toggled claims.
struct Block {
    distance: u32,
    from: u32,
    toggles: Vec<u32>,
    jumps: u8,
}

/// The frame, the orders, the blocks.
fn frame_and_blocks(out: &mut Bits, frame: &Frame, blocks: &[Block]) {
    let distances = order(blocks.iter().map(|block| block.distance));
    let counts = order(blocks.iter().map(|block| block.toggles.len() as u32));
    let firsts = order(blocks.iter().filter_map(|block| block.toggles.first().copied()));
    let gaps = order(blocks.iter().flat_map(|block| block.toggles.iter().skip(1).copied()));
    let jumps = blocks.iter().map(|block| block.jumps).max().unwrap_or(0);
    let jumps = u8::BITS - jumps.leading_zeros();
    out.place(frame.at);
    for order in [distances, counts, firsts, gaps] {
        out.bits(order.into(), orders::BITS);
    }
    out.bits(jumps.into(), JUMPS_BITS);
    let changed = |loc: &Loc| keeps(loc.number()) && !frame.kept.contains(*loc);
    let changed: Vec<u32> = frame.locations().filter(changed).map(|loc| loc.number()).collect();
    out.number(changed.len() as u64, orders::COUNT);
    gaps_between(changed).for_each(|gap| out.place(gap));
    for block in blocks {
        out.number(block.distance.into(), distances);
        out.bits(block.jumps.into(), jumps);
        out.number(block.from.into(), orders::COUNT);
        out.number(block.toggles.len() as u64, counts);
        for (i, &gap) in block.toggles.iter().enumerate() {
            out.number(gap.into(), if i == 0 { firsts } else { gaps });
        }
    }
}

/// The codes of the claims from which a block's claims differ: 0 the block before, 1 two before, 2
/// none at all, 3 those of the frame, then those of a block farther back.
const NOTHING: u32 = 2;
const FRAME: u32 = 3;

fn back(n: u32) -> u32 {
    if n <= 2 { n - 1 } else { n + 1 }
}

/// From which claims a block's differ least, as it is written, and the gaps between the numbers of
/// those in which they do.
fn nearest(set: &[u32], frame: &[u32], written: &[Vec<u32>]) -> (u32, Vec<u32>) {
    let before = written.iter().rev().take(WINDOW).zip(1..);
    let before = before.map(|(set, n)| (set.as_slice(), back(n)));
    let mut best = (u32::MAX, NOTHING, &[][..]);
    for (other, from) in before.chain([(&[][..], NOTHING), (frame, FRAME)]) {
        let follows = length(from.into(), orders::COUNT);
        let cost = cost(other, set, best.0.saturating_sub(follows)) + follows;
        if cost < best.0 {
            best = (cost, from, other);
        }
    }
    (best.1, gaps_between(toggles(best.2, set)).collect())
}

impl Frame {
    /// Whether a claim holds wherever the frame stands.
    fn says(&self, claim: &Claim) -> bool {
        match *claim {
            Claim::Range { name: Name::Fixed(Sym::HEIGHT), lo, hi: u64::MAX } => lo <= self.height,
            Claim::Holds { at, name: Name::Fixed(_), .. } => self.kept.contains(at),
            _ => false,
        }
    }
}

/// The number behind the dictionary of a claim that needs no entry.
fn by_location(frame: &Frame, claim: &Claim) -> Option<u32> {
    match *claim {
        Claim::Number { at, hi: 0xffff_ffff } => Some(2 * at.number() + 1),
        Claim::Holds { at, base, name: Name::Fixed(sym), shift, add } => {
            let held = frame.value(at) == Some(Value { base, sym, shift, add });
            held.then(|| 2 * at.number())
        }
        _ => None,
    }
}

impl Bits {
    fn place(&mut self, n: u32) {
        self.number(n.into(), orders::PLACE);
    }

    fn signed(&mut self, n: i64) {
        self.number(((n << 1) ^ (n >> 63)) as u64, orders::WORD);
    }

    fn extent(&mut self, extent: Extent) {
        let n = match extent {
            Extent::Memory(m) => u64::from(m) << 1,
            Extent::Table(t) => u64::from(t) << 1 | 1,
            Extent::Data(n) => u64::from(n) + u64::from(DATA_FIRST),
            Extent::Funcs => FUNCS.into(),
        };
        self.number(n, orders::EXTENT);
    }

    fn tag(&mut self, tag: u64) {
        self.bits(0, 1);
        self.bits(tag, tags::BITS);
    }

    /// The tag of a claim on a symbol, and its name.
    fn named(&mut self, name: Name, (of, fixed): (u64, u64)) {
        match name {
            Name::Of(loc) => self.of(of, loc),
            Name::Fixed(Sym(n)) => {
                self.tag(fixed);
                self.place(n);
            }
        }
    }

    fn of(&mut self, tag: u64, loc: Loc) {
        self.tag(tag);
        self.place(loc.number());
    }
}

fn claim(out: &mut Bits, claim: &Claim) {
    match *claim {
        Claim::Number { at, hi } => {
            out.of(tags::NUMBER, at);
            out.number(hi, orders::MOST);
        }
        Claim::Holds { at, base, name, shift, add } => holds(out, (at, base, name, shift, add)),
        Claim::Range { name, lo, hi: u64::MAX } => {
            out.named(name, (tags::LEAST, tags::LEAST_FIXED));
            out.number(lo, orders::WORD);
        }
        Claim::Range { name, lo, hi } => {
            out.named(name, (tags::RANGE, tags::RANGE_FIXED));
            out.number(lo, orders::WORD);
            out.number(hi, orders::MOST);
        }
        Claim::Length { of, extent } => {
            out.of(tags::LENGTH, of);
            out.extent(extent);
        }
        Claim::Masked { of, extent, bytes } => {
            out.of(tags::MASKED, of);
            out.extent(extent);
            out.number(bytes.into(), orders::WORD);
        }
        Claim::Sum { of, a, b } => {
            out.of(tags::SUM, of);
            for (loc, shift) in [a, b] {
                out.place(loc.number());
                out.bits(shift.into(), 2);
            }
        }
        Claim::Selects { of, index } => {
            out.of(tags::SELECTS, of);
            out.place(index.number());
        }
        Claim::Half { of, whole } => {
            out.of(tags::HALF, of);
            out.place(whole.number());
        }
        Claim::Ref { of, ty } => {
            out.of(tags::REF, of);
            reference(out, ty);
        }
        Claim::Below { name, d, extent } => {
            out.named(name, (tags::BELOW, tags::BELOW_FIXED));
            out.signed(d);
            out.extent(extent);
        }
        Claim::TypeId { of, ty } => {
            out.of(tags::TYPE_ID, of);
            out.place(ty);
        }
        Claim::Type { of, ty } => {
            out.of(tags::TYPE, of);
            out.place(ty);
        }
    }
}

fn reference(out: &mut Bits, ty: RefType) {
    let kind = match ty.kind {
        RefKind::Func => 0,
        RefKind::Extern => 1,
        RefKind::Exn => 2,
        RefKind::Any => 3,
    };
    let (heap, index) = match ty.heap {
        Heap::Any => (0, None),
        Heap::Nothing => (1, None),
        Heap::Type(index) => (2, Some(index)),
        Heap::Eq | Heap::Struct | Heap::Array | Heap::I31 => (3, None),
    };
    out.bits(kind | u64::from(ty.nullable) << 2 | heap << 3, 5);
    match ty.heap {
        Heap::Any | Heap::Nothing | Heap::Type(_) => {}
        Heap::Eq => out.bits(0, 2),
        Heap::Struct => out.bits(1, 2),
        Heap::Array => out.bits(2, 2),
        Heap::I31 => out.bits(3, 2),
    }
    if let Some(index) = index {
        out.place(index);
    }
}

fn holds(out: &mut Bits, (at, base, name, shift, add): (Loc, Base, Name, u8, u64)) {
    let Some((code, payload)) = base_code(base) else { return };
    out.bits(1, 1);
    out.place(at.number());
    out.bits(code.into(), BASE_BITS);
    if let Some(n) = payload {
        out.place(n);
    }
    match name {
        Name::Fixed(Sym::ZERO) => out.bits(0, 2),
        Name::Of(loc) if loc == at => out.bits(1, 2),
        Name::Of(loc) => {
            out.bits(2, 2);
            out.place(loc.number());
        }
        Name::Fixed(Sym(n)) => {
            out.bits(3, 2);
            out.place(n);
        }
    }
    if name != Name::Fixed(Sym::ZERO) && !base.by_symbol() {
        // 4 stands there where the base is an element segment's.
        out.bits(shift.min(3).into(), 2);
    }
    out.bits(u64::from(add != 0), 1);
    if add != 0 {
        out.signed(add as i64);
    }
}
