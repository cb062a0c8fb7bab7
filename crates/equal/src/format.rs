//! Bytes → a relation. `docs/relation.md` is the format.
//!
//! Nothing in it is believed: what is read is claimed at leaders, and each edge has to show it
//! (`claims`). Here it is bounded: a short row of bits may name many claims at many leaders, so the
//! parts of all claims of all leaders together are counted, and there are at most
//! [`PARTS_PER_BYTE`] for each byte of code, and [`PARTS_FREE`].

use crate::claims::{Claim, Expr, Leader, Place, Relation};
use crate::words::{Fixed, Head};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use prova_check::certificate::Reader;
use prova_check::{Fault, Rule};

/// The format's version, the first byte.
pub const VERSION: u8 = 2;
/// Parts of claims of all leaders for each byte of code.
pub const PARTS_PER_BYTE: usize = 16;
/// Parts that any relation may have.
pub const PARTS_FREE: usize = 4_096;
/// Parts of one expression at most.
pub const EXPR_PARTS_MAX: usize = 256;
/// How many leaders back one may take its claims from.
pub const WINDOW: usize = 8;

/// Orders of numbers, where the format fixes them.
pub mod orders {
    /// Counts, traps that are passed, how many leaders back.
    pub const COUNT: u32 = 0;
    /// Instructions of a block, and how many blocks one is ahead.
    pub const STEP: u32 = 2;
    /// Values, terms, stack words.
    pub const PLACE: u32 = 5;
    /// Numbers.
    pub const WORD: u32 = 8;
    /// How many bits the bytes of an access have.
    pub const ACCESS: u32 = 5;
    /// How many bits each order has that a relation chooses.
    pub const BITS: u32 = 3;
}

/// The kinds of claims.
pub mod tags {
    #![allow(missing_docs, reason = "docs/relation.md says what follows each")]
    pub const HOLDS: u64 = 0;
    pub const IS: u64 = 1;
    pub const KNOWN: u64 = 2;
    pub const OTHER: u64 = 3;
    pub const SAVED: u64 = 4;
    pub const BASED: u64 = 5;
    pub const SHORT: u64 = 6;
    pub const VALUE: u64 = 7;
    /// How many bits a tag has.
    pub const BITS: u32 = 3;
}

/// The kinds of other claims, behind [`tags::OTHER`].
pub mod others {
    #![allow(missing_docs, reason = "docs/relation.md says what follows each")]
    pub const WORDS: u64 = 0;
    pub const FLOATS: u64 = 1;
    pub const REACHED: u64 = 2;
    /// How many bits a kind has.
    pub const BITS: u32 = 2;
}

/// The kinds of places.
pub mod places {
    #![allow(missing_docs, reason = "docs/relation.md says what follows each")]
    pub const REGISTER: u64 = 0;
    pub const VECTOR: u64 = 1;
    /// A multiple of 8 below the stack pointer at entry.
    pub const BELOW: u64 = 2;
    pub const STACK: u64 = 3;
    /// How many bits a kind has.
    pub const BITS: u32 = 2;
}

/// The fixed words that places hold a number above of, by their numbers among claims.
pub const BASES: [Fixed; 3] = [Fixed::Stack, Fixed::Context, Fixed::Height];
/// How many bits the number of such a word has.
pub const BASE_BITS: u32 = 2;

/// How many bits an operator's number has.
pub const HEAD_BITS: u32 = 5;

/// The operators that expressions of claims have, by their numbers.
pub const HEADS: [Head; 22] = [
    Head::Const,
    Head::Fixed,
    Head::Sum,
    Head::Mul,
    Head::And,
    Head::Or,
    Head::Xor,
    Head::Shl,
    Head::Shr,
    Head::Sar,
    Head::Rotl,
    Head::Slice,
    Head::Zext,
    Head::Sext,
    Head::Ite,
    Head::Zero,
    Head::Ult,
    Head::Slt,
    Head::Load,
    Head::Read,
    Head::Prim,
    Head::Cat,
];

/// The widths that have a number; behind the one of all others the width itself follows.
pub const WIDTHS: [u8; 7] = [32, 64, 128, 8, 16, 1, 33];
/// How many bits the number of a width has.
pub const WIDTH_BITS: u32 = 3;

impl Relation {
    /// Reads the relation of `code_bytes` bytes of code.
    ///
    /// # Errors
    /// [`Rule::Certificate`] if the bytes are malformed, or claim more than such code has use for.
    pub fn read(bytes: &[u8], code_bytes: usize) -> Result<Relation, Fault> {
        let mut relation = Reading {
            reader: Reader::new(bytes),
            terms: Vec::new(),
            claims: Vec::new(),
            parts: PARTS_PER_BYTE.saturating_mul(code_bytes).saturating_add(PARTS_FREE),
        };
        if relation.reader.bits(8)? != u64::from(VERSION) {
            return bad("a version that the reader does not know");
        }
        for _ in 0..relation.reader.count()? {
            let term = relation.term()?;
            relation.terms.push(term);
        }
        for _ in 0..relation.reader.count()? {
            let claim = relation.claim()?;
            relation.claims.push(claim);
        }
        let leaders = relation.leaders()?;
        relation.reader.end()?;
        Ok(Relation { leaders })
    }
}

/// A fixed word as an expression.
pub fn fixed(of: Fixed) -> Expr {
    Expr::Term(Head::Fixed, 64, of.number(), Box::new([]))
}

/// A fixed word and a number as an expression.
pub fn above(base: Fixed, n: i64) -> Expr {
    let number = Expr::Term(Head::Const, 64, u128::from(n as u64), Box::new([]));
    match n {
        0 => fixed(base),
        _ => Expr::Term(Head::Sum, 64, 1, Box::new([fixed(base), number])),
    }
}

fn held(place: Place, bits: u8, extended: bool, expr: Expr) -> Claim {
    Claim::Holds { place, bits, extended, expr }
}

fn bad<T>(what: &'static str) -> Result<T, Fault> {
    Err(Fault { rule: Rule::Certificate, what })
}

struct Reading<'a> {
    reader: Reader<'a>,
    /// The expressions so far, with the number of their parts.
    terms: Vec<(Expr, usize)>,
    /// The claims, with the number of their parts.
    claims: Vec<(Claim, usize)>,
    /// Parts that may still be.
    parts: usize,
}

impl Reading<'_> {
    fn spend(&mut self, parts: usize) -> Result<(), Fault> {
        match self.parts.checked_sub(parts) {
            Some(left) => {
                self.parts = left;
                Ok(())
            }
            None => bad("more claims than the code has use for"),
        }
    }

    fn term(&mut self) -> Result<(Expr, usize), Fault> {
        let head = self.reader.bits(HEAD_BITS)?;
        let Some(&head) = HEADS.get(head as usize) else { return bad("an unknown operator") };
        let bits = self.width()?;
        let n = self.number()?;
        let mut operands = Vec::new();
        let mut parts = 1_usize;
        for _ in 0..self.reader.bits(2)? {
            let (operand, more) = self.operand()?;
            parts = parts.saturating_add(more);
            operands.push(operand);
        }
        if parts > EXPR_PARTS_MAX {
            return bad("an expression of too many parts");
        }
        self.spend(parts)?;
        Ok((Expr::Term(head, bits, n, operands.into_boxed_slice()), parts))
    }

    /// A value, or a term by how many it is back.
    fn operand(&mut self) -> Result<(Expr, usize), Fault> {
        let is_value = self.reader.bits(1)? == 1;
        let n = self.reader.word(orders::PLACE)?;
        if is_value {
            return Ok((Expr::Value(n), 1));
        }
        let at = self.terms.len().checked_sub(n as usize).and_then(|at| at.checked_sub(1));
        match at.and_then(|at| self.terms.get(at)) {
            Some((expr, parts)) => Ok((expr.clone(), *parts)),
            None => bad("a term that there is not"),
        }
    }

    fn width(&mut self) -> Result<u8, Fault> {
        match WIDTHS.get(self.reader.bits(WIDTH_BITS)? as usize) {
            Some(&width) => Ok(width),
            None => Ok(self.reader.bits(8)? as u8),
        }
    }

    /// A number of 128 bits: none, one of 64, or both halves.
    fn number(&mut self) -> Result<u128, Fault> {
        if self.reader.bits(1)? == 0 {
            return Ok(0);
        }
        let high = match self.reader.bits(1)? {
            0 => 0,
            _ => self.reader.number(orders::WORD)?,
        };
        let low = self.reader.number(orders::WORD)?;
        Ok(u128::from(high) << 64 | u128::from(low))
    }

    fn place(&mut self) -> Result<Place, Fault> {
        let kind = self.reader.bits(places::BITS)?;
        Ok(match kind {
            places::REGISTER => Place::Register(self.reader.bits(4)? as u8),
            places::VECTOR => Place::Vector(self.reader.bits(4)? as u8),
            places::BELOW => {
                let at = i64::from(self.reader.word(orders::PLACE)?);
                Place::Stack(at.wrapping_neg().wrapping_mul(8))
            }
            _ => {
                let n = self.reader.number(orders::WORD)?;
                Place::Stack(((n >> 1) as i64) ^ ((n & 1) as i64).wrapping_neg())
            }
        })
    }

    fn claim(&mut self) -> Result<(Claim, usize), Fault> {
        let (claim, parts) = match self.reader.bits(tags::BITS)? {
            tags::HOLDS => {
                let (place, bits) = (self.place()?, self.width()?);
                let extended = self.reader.bits(1)? == 1;
                let (expr, parts) = self.operand()?;
                (Claim::Holds { place, bits, extended, expr }, parts)
            }
            tags::SAVED => {
                let place = self.place()?;
                let register = Fixed::Register(self.reader.bits(4)? as u8);
                (held(place, 64, false, fixed(register)), 1)
            }
            tags::BASED => {
                let place = self.place()?;
                let Some(&base) = BASES.get(self.reader.bits(BASE_BITS)? as usize) else {
                    return bad("an unknown base");
                };
                let n = self.reader.number(orders::WORD)?;
                let n = ((n >> 1) as i64) ^ ((n & 1) as i64).wrapping_neg();
                (held(place, 64, false, above(base, n)), 3)
            }
            tags::SHORT => {
                let place = self.place()?;
                (held(place, 32, true, Expr::Value(self.reader.word(orders::PLACE)?)), 1)
            }
            tags::VALUE => {
                let (place, bits) = (self.place()?, self.width()?);
                (held(place, bits, false, Expr::Value(self.reader.word(orders::PLACE)?)), 1)
            }
            tags::IS => {
                let value = self.reader.word(orders::PLACE)?;
                let (expr, parts) = self.operand()?;
                (Claim::Is { value, expr }, parts)
            }
            tags::KNOWN => {
                let holds = self.reader.bits(1)? == 1;
                let (expr, parts) = self.operand()?;
                (Claim::Known(expr, holds), parts)
            }
            _ => match self.reader.bits(others::BITS)? {
                kind @ (others::WORDS | others::FLOATS) => {
                    let floats = kind == others::FLOATS;
                    let ((a, some), (b, more)) = (self.operand()?, self.operand()?);
                    let words = Box::new((a, b));
                    (Claim::Compared { floats, words }, some.saturating_add(more))
                }
                others::REACHED => {
                    let bytes = self.reader.bits(orders::ACCESS)? as u8;
                    let (address, parts) = self.operand()?;
                    (Claim::Reached { bytes, address }, parts)
                }
                _ => return bad("an unknown claim"),
            },
        };
        self.spend(parts)?;
        Ok((claim, parts))
    }

    fn leaders(&mut self) -> Result<BTreeMap<u32, Leader>, Fault> {
        let count = self.reader.count()?;
        let mut leaders = BTreeMap::new();
        if count == 0 {
            return Ok(leaders);
        }
        let mut order = || self.reader.bits(orders::BITS).map(|order| order as u32);
        let (distances, counts, firsts, gaps) = (order()?, order()?, order()?, order()?);
        let mut sets: Vec<Vec<u32>> = Vec::new();
        let (mut offset, mut block) = (0_u32, 0_u32);
        for nth in 0..count {
            let distance = self.reader.word(distances)?;
            // The first may stand at 0.
            let step = u32::from(nth > 0);
            let next = offset.checked_add(distance).and_then(|at| at.checked_add(step));
            let Some(next) = next else { return bad("an offset beyond 32 bits") };
            offset = next;
            let ahead = self.reader.number(orders::STEP)?;
            let ahead = ((ahead >> 1) as i64) ^ ((ahead & 1) as i64).wrapping_neg();
            block = match i64::from(block).checked_add(ahead).map(u32::try_from) {
                Some(Ok(block)) => block,
                _ => return bad("a block beyond 32 bits"),
            };
            let at = self.reader.word(orders::STEP)?;
            let passed = self.reader.word(orders::COUNT)?;
            let from = match self.reader.word(orders::COUNT)? as usize {
                0 => &[],
                back => match sets.len().checked_sub(back).and_then(|at| sets.get(at)) {
                    Some(set) if back <= WINDOW => &set[..],
                    _ => return bad("claims of a leader that there is not"),
                },
            };
            let set = toggled(&mut self.reader, from, (counts, firsts, gaps))?;
            let mut claims = Vec::new();
            for &number in &set {
                let Some((claim, parts)) = self.claims.get(number as usize) else {
                    return bad("a claim that there is not");
                };
                let (claim, parts) = (claim.clone(), *parts);
                self.spend(parts)?;
                claims.push(claim);
            }
            sets.push(set);
            leaders.insert(offset, Leader { block, at, passed, claims });
        }
        Ok(leaders)
    }
}

/// The numbers of another leader's claims, without those that are toggled, and with those that it
/// lacks; both are sorted.
fn toggled(
    reader: &mut Reader<'_>,
    from: &[u32],
    (counts, firsts, gaps): (u32, u32, u32),
) -> Result<Vec<u32>, Fault> {
    let mut set = Vec::new();
    let mut rest = from;
    let (mut next, mut order) = (0_u32, firsts);
    for _ in 0..reader.word(counts)? {
        let toggle = reader.offset_from(next, order)?;
        (next, order) = (toggle.saturating_add(1), gaps);
        let below = rest.iter().take_while(|&&n| n < toggle).count();
        let (before, behind) = rest.split_at_checked(below).unwrap_or((rest, &[]));
        set.extend_from_slice(before);
        rest = match behind.split_first() {
            Some((&first, behind)) if first == toggle => behind,
            _ => {
                set.push(toggle);
                behind
            }
        };
    }
    set.extend_from_slice(rest);
    Ok(set)
}
