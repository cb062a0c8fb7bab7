//! A relation → its bytes (`docs/relation.md`).
//!
//! Frequent claims come first in the dictionary, but what a value is by others behind what others
//! are by themselves, since a leader's claims are read in that order. Each leader is written as its
//! difference from the nearest of the last `WINDOW` ones.

use crate::bits::{Bits, cost, gaps_between, length, order, toggles};
use prova_equal::format::{
    BASE_BITS, BASES, HEAD_BITS, HEADS, VERSION, WIDTH_BITS, WIDTHS, WINDOW, above, fixed, orders,
    others, places, tags,
};
use prova_equal::words::{Fixed, Head};
use prova_equal::{Claim, Expr, Leader, Place, Relation};
use std::cmp::Reverse;
use std::collections::HashMap;

/// The bytes of a relation; none if it has what the format does not.
pub fn encode(relation: &Relation) -> Option<Vec<u8>> {
    let mut out = Output { bits: Bits::default(), terms: HashMap::new(), list: Vec::new() };
    let dictionary = dictionary(relation);
    for claim in &dictionary {
        match claim {
            // Those of a short form name no term.
            Claim::Holds { .. } if short(claim).is_some() => {}
            Claim::Holds { expr, .. } | Claim::Is { expr, .. } | Claim::Known(expr, _) => {
                out.meet(expr);
            }
            Claim::Reached { address, .. } => out.meet(address),
            Claim::Compared { words, .. } => {
                out.meet(&words.0);
                out.meet(&words.1);
            }
        }
    }
    out.bits.bits(VERSION.into(), 8);
    out.bits.number(out.list.len() as u64, orders::COUNT);
    for nth in 0..out.list.len() {
        out.term(nth)?;
    }
    out.bits.number(dictionary.len() as u64, orders::COUNT);
    for claim in &dictionary {
        out.claim(claim)?;
    }
    let numbers: HashMap<&Claim, u32> = dictionary.iter().zip(0..).collect();
    let sets: Vec<Vec<u32>> = relation
        .leaders
        .values()
        .map(|leader| {
            let mut set: Vec<u32> = leader.claims.iter().map(|claim| numbers[claim]).collect();
            set.sort_unstable();
            set.dedup();
            set
        })
        .collect();
    leaders(&mut out.bits, relation, &sets);
    Some(out.bits.bytes)
}

/// Each claim once, in the order of the dictionary.
fn dictionary(relation: &Relation) -> Vec<Claim> {
    // How often a claim occurs, the leader where it is met first, and its place there.
    let mut met: HashMap<&Claim, (u32, usize)> = HashMap::new();
    for claim in relation.leaders.values().flat_map(|leader| &leader.claims) {
        let first = met.len();
        met.entry(claim).or_insert((0, first)).0 += 1;
    }
    // Of conditions the last ones are forgotten last: those are to be the most frequent ones.
    let key = |claim: &Claim, count: u32| match claim {
        Claim::Is { expr: Expr::Value(_), .. } => (1, Reverse(count)),
        Claim::Is { expr: Expr::Term(_, _, _, operands), .. } if !operands.is_empty() => {
            (2, Reverse(count))
        }
        Claim::Known(..) => (3, Reverse(u32::MAX - count)),
        _ => (0, Reverse(count)),
    };
    let mut all: Vec<(&Claim, (u32, usize))> = met.into_iter().collect();
    all.sort_by_key(|&(claim, (count, first))| (key(claim, count), first));
    all.into_iter().map(|(claim, _)| claim.clone()).collect()
}

/// A claim on a place that has a short form.
#[derive(Clone, Copy)]
enum Short {
    /// A register at entry.
    Saved(u8),
    /// A number above one of [`BASES`].
    Based(u64, i64),
    /// A value of 32 bits, with zeros above.
    Low(u32),
    /// A value of this many bits, with anything above.
    Value(u8, u32),
}

/// The short form of a claim.
fn short(claim: &Claim) -> Option<Short> {
    let Claim::Holds { bits, extended, expr, .. } = claim else { return None };
    match expr {
        Expr::Value(value) => match (*bits, *extended) {
            (32, true) => Some(Short::Low(*value)),
            (bits, false) => Some(Short::Value(bits, *value)),
            (_, true) => None,
        },
        Expr::Term(head, _, n, operands) => {
            if (*bits, *extended) != (64, false) {
                return None;
            }
            if let Some(r) = (0..16).find(|&r| *expr == fixed(Fixed::Register(r))) {
                return Some(Short::Saved(r));
            }
            let n = match (head, &operands[..]) {
                (Head::Sum, [_, Expr::Term(Head::Const, 64, number, _)]) if *n == 1 => {
                    *number as u64 as i64
                }
                _ => 0,
            };
            let base = BASES.iter().position(|&base| *expr == above(base, n))?;
            Some(Short::Based(base as u64, n))
        }
    }
}

/// A leader as it is written.
struct Written {
    distance: u32,
    ahead: i64,
    from: u32,
    toggles: Vec<u32>,
}

fn leaders(out: &mut Bits, relation: &Relation, sets: &[Vec<u32>]) {
    out.number(sets.len() as u64, orders::COUNT);
    if sets.is_empty() {
        return;
    }
    let mut list = Vec::new();
    let (mut offset, mut block) = (0, 0);
    for (nth, (&at, leader)) in relation.leaders.iter().enumerate() {
        let (from, toggles) = nearest(&sets[nth], &sets[..nth]);
        let distance = at - offset - u32::from(nth > 0);
        list.push(Written { distance, ahead: i64::from(leader.block) - block, from, toggles });
        (offset, block) = (at, leader.block.into());
    }
    let distances = order(list.iter().map(|short| short.distance));
    let counts = order(list.iter().map(|short| short.toggles.len() as u32));
    let firsts = order(list.iter().filter_map(|short| short.toggles.first().copied()));
    let gaps = order(list.iter().flat_map(|short| short.toggles.iter().skip(1).copied()));
    for order in [distances, counts, firsts, gaps] {
        out.bits(order.into(), orders::BITS);
    }
    for (short, leader) in list.iter().zip(relation.leaders.values()) {
        let &Leader { at, passed, .. } = leader;
        out.number(short.distance.into(), distances);
        out.number(((short.ahead << 1) ^ (short.ahead >> 63)) as u64, orders::STEP);
        out.number(at.into(), orders::STEP);
        out.number(passed.into(), orders::COUNT);
        out.number(short.from.into(), orders::COUNT);
        out.number(short.toggles.len() as u64, counts);
        for (i, &gap) in short.toggles.iter().enumerate() {
            out.number(gap.into(), if i == 0 { firsts } else { gaps });
        }
    }
}

/// From which leader's claims another's differ least, by how many it is back (0: from none), and
/// the gaps between the numbers of those in which they do.
fn nearest(set: &[u32], written: &[Vec<u32>]) -> (u32, Vec<u32>) {
    let before = written.iter().rev().take(WINDOW).zip(1..);
    let before = before.map(|(set, n)| (set.as_slice(), n));
    let mut best = (u32::MAX, 0, &[][..]);
    for (other, from) in before.chain([(&[][..], 0)]) {
        let follows = length(from.into(), orders::COUNT);
        let cost = cost(other, set, best.0.saturating_sub(follows)) + follows;
        if cost < best.0 {
            best = (cost, from, other);
        }
    }
    (best.1, gaps_between(toggles(best.2, set)).collect())
}

/// The bits so far, and the terms that they are to hold.
struct Output {
    bits: Bits,
    /// The number of each expression that is a term.
    terms: HashMap<Expr, u32>,
    list: Vec<Expr>,
}

impl Output {
    /// Numbers the terms of an expression, operands first.
    fn meet(&mut self, expr: &Expr) {
        let Expr::Term(_, _, _, operands) = expr else { return };
        if self.terms.contains_key(expr) {
            return;
        }
        operands.iter().for_each(|operand| self.meet(operand));
        self.terms.insert(expr.clone(), self.list.len() as u32);
        self.list.push(expr.clone());
    }

    fn term(&mut self, nth: usize) -> Option<()> {
        let Expr::Term(head, bits, n, operands) = self.list[nth].clone() else { return None };
        let number = HEADS.iter().position(|&known| known == head)?;
        self.bits.bits(number as u64, HEAD_BITS);
        self.width(bits);
        self.number(n);
        if operands.len() > 3 {
            return None;
        }
        self.bits.bits(operands.len() as u64, 2);
        operands.iter().try_for_each(|operand| self.operand(operand, nth as u32))
    }

    /// An operand where `here` terms are known.
    fn operand(&mut self, expr: &Expr, here: u32) -> Option<()> {
        let (is_value, n) = match expr {
            Expr::Value(n) => (true, *n),
            Expr::Term(..) => (false, here.checked_sub(*self.terms.get(expr)?)?.checked_sub(1)?),
        };
        self.bits.bits(is_value.into(), 1);
        self.bits.number(n.into(), orders::PLACE);
        Some(())
    }

    fn width(&mut self, bits: u8) {
        match WIDTHS.iter().position(|&width| width == bits) {
            Some(number) => self.bits.bits(number as u64, WIDTH_BITS),
            None => {
                self.bits.bits(WIDTHS.len() as u64, WIDTH_BITS);
                self.bits.bits(bits.into(), 8);
            }
        }
    }

    fn number(&mut self, n: u128) {
        let (high, low) = ((n >> 64) as u64, n as u64);
        self.bits.bits((n != 0).into(), 1);
        if n == 0 {
            return;
        }
        self.bits.bits((high != 0).into(), 1);
        for half in [high, low].into_iter().skip(usize::from(high == 0)) {
            self.bits.number(half, orders::WORD);
        }
    }

    fn place(&mut self, place: Place) {
        match place {
            Place::Register(r) => {
                self.bits.bits(places::REGISTER, places::BITS);
                self.bits.bits(r.into(), 4);
            }
            Place::Vector(r) => {
                self.bits.bits(places::VECTOR, places::BITS);
                self.bits.bits(r.into(), 4);
            }
            Place::Stack(at) if at <= 0 && at % 8 == 0 && at / -8 <= i64::from(u32::MAX) => {
                self.bits.bits(places::BELOW, places::BITS);
                self.bits.number((at / -8) as u64, orders::PLACE);
            }
            Place::Stack(at) => {
                self.bits.bits(places::STACK, places::BITS);
                self.bits.number(((at << 1) ^ (at >> 63)) as u64, orders::WORD);
            }
        }
    }

    fn short(&mut self, place: Place, short: Short) {
        match short {
            Short::Saved(register) => {
                self.bits.bits(tags::SAVED, tags::BITS);
                self.place(place);
                self.bits.bits(register.into(), 4);
            }
            Short::Based(base, n) => {
                self.bits.bits(tags::BASED, tags::BITS);
                self.place(place);
                self.bits.bits(base, BASE_BITS);
                self.bits.number(((n << 1) ^ (n >> 63)) as u64, orders::WORD);
            }
            Short::Low(value) => {
                self.bits.bits(tags::SHORT, tags::BITS);
                self.place(place);
                self.bits.number(value.into(), orders::PLACE);
            }
            Short::Value(bits, value) => {
                self.bits.bits(tags::VALUE, tags::BITS);
                self.place(place);
                self.width(bits);
                self.bits.number(value.into(), orders::PLACE);
            }
        }
    }

    fn claim(&mut self, claim: &Claim) -> Option<()> {
        let all = self.list.len() as u32;
        if let (Some(short), &Claim::Holds { place, .. }) = (short(claim), claim) {
            self.short(place, short);
            return Some(());
        }
        match claim {
            Claim::Holds { place, bits, extended, expr } => {
                self.bits.bits(tags::HOLDS, tags::BITS);
                self.place(*place);
                self.width(*bits);
                self.bits.bits((*extended).into(), 1);
                self.operand(expr, all)
            }
            Claim::Is { value, expr } => {
                self.bits.bits(tags::IS, tags::BITS);
                self.bits.number((*value).into(), orders::PLACE);
                self.operand(expr, all)
            }
            Claim::Known(expr, holds) => {
                self.bits.bits(tags::KNOWN, tags::BITS);
                self.bits.bits((*holds).into(), 1);
                self.operand(expr, all)
            }
            Claim::Reached { bytes, address } => {
                self.bits.bits(tags::OTHER, tags::BITS);
                self.bits.bits(others::REACHED, others::BITS);
                self.bits.bits((*bytes).into(), orders::ACCESS);
                self.operand(address, all)
            }
            Claim::Compared { floats, words } => {
                self.bits.bits(tags::OTHER, tags::BITS);
                let kind = if *floats { others::FLOATS } else { others::WORDS };
                self.bits.bits(kind, others::BITS);
                self.operand(&words.0, all)?;
                self.operand(&words.1, all)
            }
        }
    }
}
