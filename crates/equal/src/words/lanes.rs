//! N7: words made of parts: vectors, whose operators see them as lanes.
//!
//! ```text
//! i32x4.add ─┐                                  ┌─ paddd
//! v128.and  ─┼─ lanes, pieces ─► Cat(l₃, Cat(l₂, …)) ─┼─ pand
//! i8x16.shuffle ┘                               └─ pshufb, pshufd, …
//! ```
//!
//! A vector is one word of 128 bits. An operator on lanes takes slices of its operands, and gives
//! the lanes of its result as parts of a word; so what an instruction does with 16-bit lanes is one
//! term with what an operator says of bytes. The form of such a word is one list of *pieces*:
//!
//! * Parts are nested to the right: the upper operand of `Cat` is no `Cat` and no extension; zeros
//!   at the top are an extension.
//! * Neighbours that are parts of one word are one piece ([`Words::join`]).
//! * Bitwise operators on words above 64 bits are inside: one operator for each piece, where the
//!   pieces of both operands and the runs of a number begin ([`Words::bitwise`]). A mask of
//!   adjacent bits is a slice between zeros.
//! * A lane that is all ones or all zeros by a condition `c` is `sext(c)`; and with it is a choice.
//!
//! Bits of a word are numbered from the lowest; pieces are listed from the highest, as in `Cat`.

use super::{Head, Node, Word, Words, mask};
use alloc::vec::Vec;

/// Pieces of a word at most: one a bit.
const PIECES_MAX: usize = 128;
/// Depth of operands that are looked at to find that two pieces are one.
const JOIN_DEPTH_MAX: u32 = 6;

/// A choice: condition that is no negation, word if it holds, word if not.
type Choice = (Word, Word, Word);

impl Words {
    /// The pieces of a word, the highest first.
    pub(crate) fn pieces(&mut self, word: Word) -> Vec<Word> {
        let mut found = Vec::new();
        let mut at = word;
        while found.len() < PIECES_MAX {
            match self.get(at) {
                Node { op: Head::Cat, args: [high, low, _], .. } => {
                    found.push(high);
                    at = low;
                }
                Node { op: Head::Zext, bits, args: [low, ..], .. } => {
                    found.push(self.constant(bits.saturating_sub(self.bits(low)), 0));
                    at = low;
                }
                _ => break,
            }
        }
        found.push(at);
        found
    }

    /// The bits `[lo, lo + bits)` of a word with several pieces: the parts of those that they lie
    /// in.
    pub(crate) fn part_of_pieces(&mut self, word: Word, lo: u8, bits: u8) -> Word {
        let pieces = self.pieces(word);
        let end = lo.saturating_add(bits);
        let (mut at, mut made) = (0_u8, None);
        for piece in pieces.into_iter().rev() {
            let next = at.saturating_add(self.bits(piece));
            let (from, to) = (at.max(lo), next.min(end));
            if from < to {
                let part = self.slice(piece, from.saturating_sub(at), to.saturating_sub(from));
                made = Some(match made {
                    Some(low) => self.cat(part, low),
                    None => part,
                });
            }
            at = next;
        }
        made.unwrap_or_else(|| self.unknown(bits))
    }

    /// `high` above `low`, if the form of that is another than a `Cat` of both.
    pub(crate) fn stacked_pieces(&mut self, high: Word, low: Word) -> Option<Word> {
        if let Node { op: Head::Cat, .. } = self.get(high) {
            let mut made = low;
            for piece in self.pieces(high).into_iter().rev() {
                made = self.cat(piece, made);
            }
            return Some(made);
        }
        match self.get(low) {
            Node { op: Head::Cat, args: [top, rest, _], .. } => {
                let joined = self.join(high, top, 0)?;
                Some(self.cat(joined, rest))
            }
            // A number and the zeros below it are one number.
            Node { op: Head::Zext, args: [rest, ..], bits, .. } if self.number(high).is_some() => {
                let zeros = bits.saturating_sub(self.bits(rest));
                let n = self.number(high)?.wrapping_shl(zeros.into());
                let number = self.constant(self.bits(high).saturating_add(zeros), n);
                Some(self.cat(number, rest))
            }
            _ => self.join(high, low, 0),
        }
    }

    /// `high` above `low` as one piece, if both are parts of one.
    ///
    /// Neighbouring slices of a word are a slice of it; so is a slice with what the slice below it
    /// is. A choice above one by the same condition is a choice, bitwise operators above the same
    /// ones are one operator, a sign-extension above what its operand is above of is one, and so is
    /// a word of sign bits above the word whose sign they are.
    fn join(&mut self, high: Word, low: Word, depth: u32) -> Option<Word> {
        let (h, l) = (self.get(high), self.get(low));
        let width = l.bits;
        let bits = h.bits.checked_add(width)?;
        if let (Head::Const, Head::Const) = (h.op, l.op) {
            return Some(self.constant(bits, h.n.wrapping_shl(width.into()) | l.n));
        }
        if depth > JOIN_DEPTH_MAX || width == 0 {
            return None;
        }
        if h.op == Head::Slice
            && let Some(below) = (h.n as u8).checked_sub(width)
        {
            let part = self.slice(h.args[0], below, width);
            if part == low {
                return Some(self.slice(h.args[0], below, bits));
            }
        }
        if let Some((c, x, y)) = self.choice(high)
            && let Some((d, p, q)) = self.choice(low)
            && c == d
        {
            let (a, b) = (self.cat(x, p), self.cat(y, q));
            return Some(self.ite(c, a, b));
        }
        if h.op == Head::Sext
            && let Some(inner) = self.join(h.args[0], low, depth.saturating_add(1))
        {
            return Some(self.sext(inner, bits));
        }
        if let Some(c) = self.mask_of(high) {
            if self.slice(low, width.saturating_sub(1), 1) == c {
                return Some(self.sext(low, bits));
            }
            if let Node { op: Head::Slice, .. } = self.get(c)
                && let Some(inner) = self.join(c, low, depth.saturating_add(1))
            {
                return Some(self.sext(inner, bits));
            }
        }
        self.join_operators((&h, high), (&l, low), depth)
    }

    /// `f(a, b)` above `f(p, q)` is `f` of `a` above `p` and `b` above `q`, for bitwise `f`; an
    /// exclusive or with a number may be written as a sum.
    fn join_operators(
        &mut self,
        (h, high): (&Node, Word),
        (l, low): (&Node, Word),
        depth: u32,
    ) -> Option<Word> {
        let deeper = depth.saturating_add(1);
        if h.op == l.op && matches!(h.op, Head::And | Head::Or | Head::Xor) && h.bits > 1 {
            let ([a, b, _], [p, q, _]) = (h.args, l.args);
            for (p, q) in [(p, q), (q, p)] {
                if let Some(x) = self.join(a, p, deeper)
                    && let Some(y) = self.join(b, q, deeper)
                {
                    return Some(match h.op {
                        Head::And => self.and(x, y),
                        Head::Or => self.or(x, y),
                        _ => self.xor(x, y),
                    });
                }
            }
        }
        let ((a, n), (b, m)) = (self.flipped(high), self.flipped(low));
        if n == 0 && m == 0 {
            return None;
        }
        let inner = self.join(a, b, deeper)?;
        let number = self.constant(self.bits(inner), n.wrapping_shl(l.bits.into()) | m);
        Some(self.xor(inner, number))
    }

    /// A word as `x ^ n`: `x + 2^(w−1) = x ^ 2^(w−1)`, `−1 − x = x ^ −1`.
    pub(super) fn flipped(&self, word: Word) -> (Word, u128) {
        let Node { op, bits, args: [a, b, _], .. } = self.get(word);
        let all = mask(bits);
        if op == Head::Xor
            && let Some(n) = self.number(b)
        {
            return (a, n);
        }
        let parts = self.parts(word);
        match *parts.atoms.as_slice() {
            [(x, 1)] if bits > 1 && parts.number == all ^ (all >> 1) => (x, parts.number),
            [(x, n)] if bits > 1 && n == all && parts.number == all => (x, all),
            _ => (word, 0),
        }
    }

    /// A word that is a choice by a condition: one that is written so, or `n·zext(c) + m`.
    pub(crate) fn choice(&mut self, word: Word) -> Option<Choice> {
        let Node { op, bits, args: [c, x, y], .. } = self.get(word);
        if bits <= 1 {
            return None;
        }
        if op == Head::Ite {
            return Some((c, x, y));
        }
        let parts = self.parts(word);
        let &[(atom, factor)] = parts.atoms.as_slice() else { return None };
        let Node { op: Head::Zext, args: [c, ..], .. } = self.get(atom) else { return None };
        if self.bits(c) != 1 {
            return None;
        }
        let with = self.constant(bits, parts.number.wrapping_add(factor));
        let without = self.constant(bits, parts.number);
        let (c, positive) = self.polarity(c);
        Some(if positive { (c, with, without) } else { (c, without, with) })
    }

    /// The condition by which a word is all ones, or else 0.
    pub(crate) fn mask_of(&mut self, word: Word) -> Option<Word> {
        let (c, x, y) = self.choice(word)?;
        let all = mask(self.bits(word));
        match (self.number(x), self.number(y)) {
            (Some(n), Some(0)) if n == all => Some(c),
            (Some(0), Some(n)) if n == all => Some(self.not(c)),
            _ => None,
        }
    }

    /// A part of a choice that is written as a sum: the choice of the parts.
    pub(crate) fn part_of_choice(&mut self, word: Word, lo: u8, bits: u8) -> Option<Word> {
        let (c, x, y) = self.choice(word)?;
        let (x, y) = (self.slice(x, lo, bits), self.slice(y, lo, bits));
        Some(self.ite(c, x, y))
    }

    /// A word that is 0 exactly if a mask is, which is one of two words that differ: their
    /// exclusive or. `x − y = 0` exactly if `x ^ y = 0`.
    fn apart(&mut self, piece: Word) -> Option<Word> {
        let c = self.mask_of(piece)?;
        let equal = self.not(c);
        let Node { op: Head::Zero, args: [difference, ..], .. } = self.get(equal) else {
            return None;
        };
        let bits = self.bits(difference);
        let all = mask(bits);
        let parts = self.parts(difference);
        let (x, y) = match *parts.atoms.as_slice() {
            [(x, 1)] => (x, self.constant(bits, parts.number.wrapping_neg())),
            [(x, n)] if n == all => (x, self.constant(bits, parts.number)),
            [(x, n), (y, m)] if parts.number == 0 && (n, m) == (1, all) => (x, y),
            [(x, n), (y, m)] if parts.number == 0 && (n, m) == (all, 1) => (x, y),
            _ => return None,
        };
        (bits == self.bits(piece)).then(|| self.xor(x, y))
    }

    /// Whether a word above 64 bits of several pieces is 0: whether each is. If each is a mask of
    /// lanes that differ, whether the lanes are equal, as one word.
    pub(crate) fn zero_pieces(&mut self, word: Word) -> Option<Word> {
        let pieces = self.pieces(word);
        if pieces.len() < 2 || self.bits(word) <= 64 {
            return None;
        }
        let unequal: Option<Vec<Word>> =
            pieces.iter().rev().map(|&piece| self.apart(piece)).collect();
        if let Some(unequal) = unequal {
            let whole = self.vector_of(&unequal);
            return Some(self.zero(whole));
        }
        let mut all = self.truth(true);
        for piece in pieces {
            let zero = self.zero(piece);
            all = self.and(all, zero);
        }
        Some(all)
    }
}
