//! Words of 1 to 128 bits as terms in normal form: two terms with one number are equal in every
//! run.
//!
//! ```text
//! SSA operators ──┐
//!                 ├─ Words ─► Word ─► ==
//! instructions ───┘
//! ```
//!
//! Value numbering by hash-consing, as in `prova-terms`, whose table this is; but its terms are
//! Wasm's operators over cells, and a processor's registers have parts: garbage above a 32-bit
//! value, a byte that is written, a sum that is an address. So terms here are over words of any
//! width, and each constructor rewrites to one form (why these are not there: every user of
//! `prova-terms` compares cells, and would pay for widths that it does not have).
//!
//! # Normal forms
//! * N1. *Sums* (`sum`): `c + Σ nᵢ·xᵢ` modulo 2^w, atoms in falling order of their numbers, no zero
//!   factor. Differences, negations, complements, shifts left by a number and products with a
//!   number are sums. In one bit a sum is an exclusive or, and `c + 1` the negation.
//! * N2. *Slices* (`extend`): bits `[lo, lo + w)` of a wider word, pushed inward through what they
//!   commute with. Shifts right by a number are extended slices, masks of adjacent bits too.
//! * N3. *Comparisons* (`compare`): `= 0`, `<` unsigned, `<` signed with numbers on the right and
//!   as strict as possible; `≤`, `>`, `≥`, `≠` are negations.
//! * N4. *Choices* (`choose`): the condition is no negation; extensions and slices are inside.
//! * N5. *Memory* (`memory`): a load of what was stored is what was stored; stores elsewhere, at a
//!   known distance, are looked through.
//!
//! * N6. *Quotients* by numbers (`divide`): a product's upper half that is one is that, if the
//!   theorem's condition holds of its numbers.
//! * N8. *Conversions* (`convert`): under the conditions of a case, the case's term.
//!
//! * N9. *Orders* (`most`): by a comparison that is known, others with a number more or less.
//!
//! * N7. *Vectors* (`lanes`): words above 64 bits are lists of pieces, operators are inside.
//!
//! Each rewrite is an identity for all words of its widths, and says so above the code; the tests
//! beside this file compute both sides. A form that is missed is a refusal, never a wrong answer.
//!
//! # Limits
//! A sum has at most [`SUM_MAX`] atoms; beyond, it is one atom itself. Rewriting goes at most
//! [`DEPTH_MAX`] deep, and takes as many steps in all as [`Words::within`] allows; beyond, a term
//! stays as it is.

mod bits;
mod choose;
mod compare;
mod convert;
mod divide;
mod extend;
mod float;
mod lanes;
mod lanes_bitwise;
mod lanes_bounds;
mod lanes_ops;
mod memory;
mod minimum;
mod most;
mod sum;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_known;
#[cfg(test)]
mod tests_quotients;
#[cfg(test)]
mod tests_sequences;
#[cfg(test)]
mod tests_templates;

use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher as _, Hasher as _};
use prova_terms::hash::Key;
use prova_terms::table::{self, Table};

pub use float::Prim;
pub use lanes_ops::Lane;
pub use sum::{Atoms, SUM_MAX};

/// Depth of rewriting.
pub const DEPTH_MAX: u32 = 48;

/// The number of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(pub(crate) u32);

/// Words that are the same from the entry to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fixed {
    /// The context of the function's instance.
    Context,
    /// The stack height at entry.
    Height,
    /// The stack pointer at entry.
    Stack,
    /// A general register at entry.
    Register(u8),
    /// A vector register at entry.
    Vector(u8),
    /// A word of the caller's above the return address, by its offset from the stack pointer at
    /// entry.
    Above(u32),
    /// Where the code begins.
    Code,
}

impl Fixed {
    /// A number for each.
    pub fn number(self) -> u128 {
        match self {
            Fixed::Context => 0,
            Fixed::Height => 1,
            Fixed::Stack => 2,
            Fixed::Code => 3,
            Fixed::Register(r) => 0x100 | u128::from(r),
            Fixed::Vector(r) => 0x200 | u128::from(r),
            Fixed::Above(at) => 1 << 32 | u128::from(at),
        }
    }
}

/// The operator of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Head {
    /// The number `n`.
    Const,
    /// A value of the SSA form, by its number `n`: what it was when it was last made.
    Value,
    /// A [`Fixed`] word.
    Fixed,
    /// A word that nothing is known of.
    Unknown,
    /// `n·a + b` (N1).
    Sum,
    /// A product.
    Mul,
    /// And.
    And,
    /// Or.
    Or,
    /// Exclusive or.
    Xor,
    /// Shift left by a count of log₂ w bits.
    Shl,
    /// Shift right, unsigned.
    Shr,
    /// Shift right, signed.
    Sar,
    /// Rotation left.
    Rotl,
    /// Bits from `n` on.
    Slice,
    /// Zero-extension.
    Zext,
    /// Sign-extension.
    Sext,
    /// `a` above `b`.
    Cat,
    /// `b` if `a`, else `c`.
    Ite,
    /// `a = 0`.
    Zero,
    /// `a < b`, unsigned.
    Ult,
    /// `a < b`, signed.
    Slt,
    /// The memory `a` at address `b`.
    Load,
    /// Memory that nobody writes at address `a`.
    Read,
    /// The memory `a` with `c` at address `b`.
    Store,
    /// An operator without rules, by its number `n`.
    Prim,
}

/// A term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The operator.
    pub op: Head,
    /// The width, in bits; 0 for memories.
    pub bits: u8,
    /// Operands.
    pub args: [Word; 3],
    /// A number: of a constant, a factor, a place.
    pub n: u128,
}

impl table::Node for Node {
    #[inline]
    fn hash(&self, key: Key) -> u64 {
        let Node { op, bits, args: [a, b, c], n } = *self;
        let ab = u64::from(a.0) << 32 | u64::from(b.0);
        let head = u64::from(c.0) << 32 | (op as u64) << 8 | u64::from(bits);
        let (low, high) = (n as u64, (n >> 64) as u64);
        let mut hash = key.build_hasher();
        hash.write_u64(ab);
        hash.write_u64(low);
        hash.write_u64(head);
        // Few numbers are so long; each part goes through a product.
        if high != 0 {
            hash.write_u64(high);
        }
        hash.finish()
    }

    /// No two words of which nothing is known are one.
    #[inline]
    fn is_leaf(&self) -> bool {
        self.op == Head::Unknown
    }
}

/// A part or an extension of a word: whether it is signed, the word, the lowest bit, the width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part(bool, Word, u8, u8);

impl table::Node for Part {
    #[inline]
    fn hash(&self, key: Key) -> u64 {
        let Part(signed, Word(a), lo, bits) = *self;
        let rest = u64::from(signed) << 16 | u64::from(lo) << 8 | u64::from(bits);
        let mut hash = key.build_hasher();
        hash.write_u64(u64::from(a) << 32 | rest);
        hash.finish()
    }
}

/// No operand.
pub(crate) const NONE: Word = Word(0);

/// The terms of a function.
pub struct Words {
    table: Table<Node>,
    /// Parts and extensions that were made of what has operands: terms share operands, and a part
    /// of each would be made as often as there are ways to it. They are numbered as they are asked
    /// for first; [`NONE`] while one is being made.
    parts: Table<Part>,
    made: Vec<Word>,
    /// Whether there is no condition in a word, by its number, where that was asked.
    plain: Vec<Option<bool>>,
    unknown: u128,
    depth: u32,
    /// Steps of rewriting that are left, and how many there were.
    steps: u64,
    all: u64,
    /// The terms of 0 and 1 by width, which are asked for most; [`NONE`] before they are made.
    bits_01: [[Word; 129]; 2],
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("count", &self.table.count()).finish_non_exhaustive()
    }
}

impl Default for Words {
    fn default() -> Words {
        Words::new()
    }
}

/// The greatest number of `bits` bits.
pub(crate) const fn mask(bits: u8) -> u128 {
    match 1_u128.checked_shl(bits as u32) {
        Some(top) => top.wrapping_sub(1),
        None => u128::MAX,
    }
}

impl Words {
    /// No terms, and no limit of steps.
    pub fn new() -> Words {
        Words::within(u64::MAX)
    }

    /// No terms, and a limit of steps of rewriting: terms share parts, and a rewrite of both
    /// operands may come to a part as often as there are ways to it.
    pub fn within(steps: u64) -> Words {
        let (table, parts, made) = (Table::default(), Table::default(), Vec::new());
        let bits_01 = [[NONE; 129]; 2];
        let mut this = Words {
            table,
            parts,
            made,
            plain: Vec::new(),
            unknown: 0,
            depth: 0,
            steps,
            all: steps,
            bits_01,
        };
        this.node(Head::Const, 0, [NONE; 3], 0);
        this
    }

    /// The same, with room for about `count` terms.
    pub(crate) fn with_room(self, count: usize) -> Words {
        let mut this = Words { table: Table::with_room(count), bits_01: [[NONE; 129]; 2], ..self };
        this.node(Head::Const, 0, [NONE; 3], 0);
        this
    }

    /// Leaves no more steps of rewriting than these.
    pub(crate) fn bound(&mut self, steps: u64) {
        let less = self.steps.saturating_sub(steps);
        self.steps = self.steps.saturating_sub(less);
        self.all = self.all.saturating_sub(less);
    }

    /// Steps of rewriting so far.
    pub fn steps(&self) -> u64 {
        self.all.saturating_sub(self.steps)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.table.count()
    }

    pub(crate) fn node(&mut self, op: Head, bits: u8, args: [Word; 3], n: u128) -> Word {
        let number = self.table.intern(Node { op, bits, args, n });
        Word(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The term of a number; of one that there is none of, the number 0 of no bits.
    #[inline]
    pub fn get(&self, word: Word) -> Node {
        const NOTHING: Node = Node { op: Head::Const, bits: 0, args: [NONE; 3], n: 0 };
        self.table.get(word.0 as usize).copied().unwrap_or(NOTHING)
    }

    /// Whether it stands for no operand.
    pub fn is_none(&self, word: Word) -> bool {
        word == NONE
    }

    /// Its width.
    #[inline]
    pub fn bits(&self, word: Word) -> u8 {
        self.get(word).bits
    }

    /// A number, modulo 2^w.
    pub fn constant(&mut self, bits: u8, n: u128) -> Word {
        let n = n & mask(bits);
        let known =
            usize::try_from(n).ok().and_then(|n| self.bits_01.get(n)?.get(usize::from(bits)));
        if let Some(&made) = known
            && made != NONE
        {
            return made;
        }
        let made = self.node(Head::Const, bits, [NONE; 3], n);
        let slots = usize::try_from(n).ok().and_then(|n| self.bits_01.get_mut(n));
        if let Some(slot) = slots.and_then(|slots| slots.get_mut(usize::from(bits))) {
            *slot = made;
        }
        made
    }

    /// The number that a term is.
    #[inline]
    pub fn number(&self, word: Word) -> Option<u128> {
        let node = self.get(word);
        (node.op == Head::Const).then_some(node.n)
    }

    /// A value of the SSA form.
    pub fn value(&mut self, bits: u8, number: u32) -> Word {
        self.node(Head::Value, bits, [NONE; 3], number.into())
    }

    /// A fixed word.
    pub fn fixed(&mut self, bits: u8, of: Fixed) -> Word {
        self.node(Head::Fixed, bits, [NONE; 3], of.number())
    }

    /// The fixed word that has a number as its content.
    pub(crate) fn fixed_again(&mut self, bits: u8, n: u128) -> Word {
        self.node(Head::Fixed, bits, [NONE; 3], n)
    }

    /// A new word that nothing is known of.
    pub fn unknown(&mut self, bits: u8) -> Word {
        self.unknown = self.unknown.wrapping_add(1);
        self.node(Head::Unknown, bits, [NONE; 3], self.unknown)
    }

    /// A part that was made before, or its number for [`Words::remember`].
    pub(crate) fn remembered(&mut self, part: Part) -> Result<Word, usize> {
        let Part(signed, a, lo, bits) = part;
        let part = Part(
            planted!(PartOfAnySign, signed, false),
            a,
            planted!(PartOfAnyPlace, lo, 0),
            planted!(PartOfAnyWidth, bits, 0),
        );
        let number = self.parts.intern(part);
        match self.made.get(number) {
            Some(&made) if made != NONE => Ok(made),
            Some(_) => Err(number),
            None => {
                self.made.resize(number.saturating_add(1), NONE);
                Err(number)
            }
        }
    }

    pub(crate) fn remember(&mut self, number: usize, made: Word) {
        if let Some(slot) = self.made.get_mut(number) {
            *slot = made;
        }
    }

    /// Rewrites operands, unless that is too deep: then there is nothing.
    pub(crate) fn deeper<T>(&mut self, rewrite: impl FnOnce(&mut Words) -> T) -> Option<T> {
        if self.depth >= DEPTH_MAX {
            return None;
        }
        self.steps = self.steps.checked_sub(1)?;
        self.depth = self.depth.saturating_add(1);
        let made = rewrite(self);
        self.depth = self.depth.saturating_sub(1);
        Some(made)
    }

    /// A term as text, for messages; cut at some length.
    pub fn show(&self, word: Word) -> alloc::string::String {
        let mut text = alloc::string::String::new();
        self.write(&mut text, word, 0);
        text
    }

    fn write(&self, text: &mut alloc::string::String, word: Word, depth: u32) {
        use core::fmt::Write as _;
        if text.len() > 300 || depth > 12 {
            text.push('…');
            return;
        }
        let Node { op, bits, args: [a, b, c], n } = self.get(word);
        // Writing to a string does not fail.
        let _ = match op {
            Head::Const if n < 4096 => write!(text, "{n}"),
            Head::Const => write!(text, "{n:#x}"),
            Head::Value => write!(text, "v{n}"),
            Head::Fixed => match n {
                0 => write!(text, "ctx"),
                1 => write!(text, "height"),
                2 => write!(text, "rsp0"),
                3 => write!(text, "code"),
                _ => write!(text, "in{n:x}"),
            },
            Head::Unknown => write!(text, "?{n}"),
            _ => {
                let _ = match op {
                    Head::Slice => write!(text, "slice{bits}@{n}("),
                    Head::Sum => write!(text, "sum{bits}({n:#x}*"),
                    Head::Prim => write!(text, "p{n}.{bits}("),
                    _ => write!(text, "{op:?}{bits}("),
                };
                for (i, arg) in [a, b, c].into_iter().enumerate() {
                    if arg != NONE {
                        if i > 0 {
                            text.push(' ');
                        }
                        self.write(text, arg, depth.saturating_add(1));
                    }
                }
                text.push(')');
                Ok(())
            }
        };
    }
}
