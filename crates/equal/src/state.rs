//! The knowledge of both sides at one instruction, as terms.
//!
//! Invariant T: in every execution that reaches the instruction together with the body at the
//! state's place, there are words for the unknown leaves such that each register, stack word and
//! memory is what its term says, each value of the body is what [`Core::value`](crate::Core::value)
//! says, and each known condition is as it is said to be.

use crate::demand::{Region, Versions};
use crate::words::{Word, Words};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use prova_check::x64::Condition;

/// The flags, by what wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flags {
    /// Unknown.
    None,
    /// Those of `a − b`.
    Sub(Word, Word),
    /// Those of a sum `a + b`.
    Add(Word, Word),
    /// Those of a bitwise operation: no carry, no overflow.
    Logic(Word),
    /// Zero and sign of a result, nothing else.
    Result(Word),
    /// Those of a comparison of floats.
    Float(Word, Word),
    /// Those of `(a above b) − (c above d)`, without zero.
    Wide((Word, Word), (Word, Word)),
    /// The carry alone.
    Carry(Word),
    /// Zero and carry as conditions.
    Tested {
        /// Of zero.
        zero: Word,
        /// Of the carry.
        carry: Word,
    },
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// General registers, 64 bits.
    pub regs: [Word; 16],
    /// Vector registers, 128 bits.
    pub vectors: [Word; 16],
    /// Stack words by their distance from the stack pointer at entry; they do not overlap.
    pub stack: BTreeMap<i64, Word>,
    /// The flags.
    pub flags: Flags,
    /// The leader that the way began at; nothing at the entry.
    pub from: Option<u32>,
    /// The block of the body.
    pub block: u32,
    /// The number of the next instruction in the block.
    pub at: u32,
    /// Traps of it that are passed, or cells that are written.
    pub passed: u32,
    /// Whether the charge of the frame is passed.
    pub entered: bool,
    /// The values of the body that were made since the leader.
    pub over: BTreeMap<u32, Word>,
    /// A number for what `over` is.
    pub env: u32,
    /// The contents of the regions.
    pub versions: Versions,
    /// Conditions that hold, or do not; none is a negation.
    pub known: Vec<(Word, bool)>,
    /// Addresses and bytes of accesses that did not fault.
    pub reached: Vec<(Word, u8)>,
    /// Whether the body has made a step since the leader.
    pub moved: bool,
    /// The epoch that was read for the poll that is next, if it was.
    pub polled: Option<Word>,
    /// The stores that are left of a move that has begun, the last one first.
    pub moving: Vec<(Region, Word, Word)>,
    /// The object that these stores make, if they do.
    pub making: Option<Word>,
    /// Whether what is passed is of an object that code makes.
    pub lent: bool,
}

/// Conditions that a state remembers; older ones are forgotten, which is sound.
pub(crate) const KNOWN_MAX: usize = 96;
/// Accesses that a state remembers.
pub(crate) const REACHED_MAX: usize = 64;

impl State {
    /// The number for what the values of the body are; 0 where all leaves are themselves.
    pub(crate) fn env(&self) -> u32 {
        if self.over.is_empty() { 0 } else { self.env }
    }

    /// An access did not fault.
    pub(crate) fn reach(&mut self, address: Word, bits: u8) {
        if self.reached.len() >= REACHED_MAX {
            self.reached.remove(0);
        }
        self.reached.push((address, planted!(ReachIsWide, bits >> 3, 16)));
    }

    /// A general register.
    pub fn reg(&self, r: u8) -> Word {
        self.regs.get(usize::from(r)).copied().unwrap_or(crate::words::NONE)
    }

    /// Writes a general register.
    pub fn set_reg(&mut self, r: u8, word: Word) {
        if let Some(reg) = self.regs.get_mut(usize::from(r)) {
            *reg = word;
        }
    }

    /// A vector register.
    pub fn vector(&self, r: u8) -> Word {
        self.vectors.get(usize::from(r)).copied().unwrap_or(crate::words::NONE)
    }

    /// Writes a vector register.
    pub fn set_vector(&mut self, r: u8, word: Word) {
        if let Some(reg) = self.vectors.get_mut(usize::from(r)) {
            *reg = word;
        }
    }

    /// Writes the stack; words that overlap are forgotten.
    pub fn put(&mut self, words: &Words, at: i64, word: Word) {
        let bytes = i64::from(planted!(PutIsNarrow, words.bits(word) >> 3, 1));
        let end = at.saturating_add(bytes);
        let low = at.saturating_sub(planted!(LastByteStays, 15, 14));
        let hit: Vec<i64> = self
            .stack
            .range(low..planted!(InsideStays, end, at.saturating_add(1)))
            .filter(|&(&start, &held)| start.saturating_add(i64::from(words.bits(held) >> 3)) > at)
            .map(|(&start, _)| start)
            .collect();
        for start in hit {
            if planted!(OverlapStays, true, start == at) {
                self.stack.remove(&start);
            }
        }
        self.stack.insert(at, word);
    }

    /// Reads the stack; what is not a part of one word that was written is unknown.
    pub fn take(&self, words: &mut Words, at: i64, bits: u8) -> Word {
        let low = at.saturating_sub(15);
        let found = self.stack.range(low..=at).next_back();
        if let Some((&start, &held)) = found {
            let skip = at.saturating_sub(start).saturating_mul(8);
            let width = i64::from(words.bits(held));
            if skip.saturating_add(i64::from(bits)) <= width {
                return words.slice(
                    held,
                    planted!(TakeIsLow, u8::try_from(skip).unwrap_or(0), 0),
                    bits,
                );
            }
            // Of a wider word the low part is known.
            if planted!(MiddleIsLow, skip == 0, true) {
                let rest = u8::saturating_sub(bits, u8::try_from(width).unwrap_or(0));
                let above = planted!(AboveIsZero, words.unknown(rest), words.constant(rest, 0));
                return words.cat(above, held);
            }
        }
        planted!(UnknownIsZero, words.unknown(bits), words.constant(bits, 0))
    }
}

/// A condition on flags as a term; nothing if it is not known.
pub(crate) fn holds(w: &mut Words, flags: Flags, condition: Condition) -> Option<Word> {
    use Condition as C;
    let (base, negated) = match condition {
        C::NotOverflow => (C::Overflow, true),
        C::AboveEqual => (C::Below, true),
        C::NotEqual => (C::Equal, true),
        C::Above => (C::BelowEqual, true),
        C::NotSign => (C::Sign, true),
        C::NotParity => (C::Parity, true),
        C::GreaterEqual => (C::Less, true),
        C::Greater => (C::LessEqual, true),
        other => (other, false),
    };
    let word = positive(w, flags, base)?;
    Some(if planted!(NegationStays, negated, false) { w.not(word) } else { word })
}

/// A condition that is no negation.
fn positive(w: &mut Words, flags: Flags, condition: Condition) -> Option<Word> {
    use Condition as C;
    Some(match (flags, condition) {
        (Flags::Sub(a, b), C::Equal) => w.eq(a, b),
        (Flags::Sub(a, b), C::Below) => planted!(
            BelowHasSigns,
            w.ult(a, b),
            if w.bits(a) < 64 { w.slt(a, b) } else { w.ult(a, b) }
        ),
        (Flags::Sub(a, b), C::BelowEqual) => {
            let more = w.ult(b, a);
            w.not(more)
        }
        (Flags::Sub(a, b), C::Less) => planted!(LessHasNoSigns, w.slt(a, b), w.ult(a, b)),
        (Flags::Sub(a, b), C::LessEqual) => {
            let more = w.slt(b, a);
            w.not(more)
        }
        (Flags::Sub(a, b), C::Sign) => {
            let difference = w.sub(a, b);
            planted!(SignIsLess, w.sign(difference), w.slt(a, b))
        }
        // `a − 1` overflows if `a` is the least number.
        (Flags::Sub(a, b), C::Overflow) if w.number(b) == Some(1) => {
            let bits = u32::from(w.bits(a).saturating_sub(1));
            let least = w.constant(w.bits(a), 1_u128.wrapping_shl(bits));
            w.eq(a, least)
        }
        // `a − b` overflows if its sign differs from `a < b`.
        (Flags::Sub(a, b), C::Overflow) => {
            let difference = w.sub(a, b);
            let (sign, less) = (w.sign(difference), w.slt(a, b));
            planted!(OverflowIsLess, w.xor(sign, less), less)
        }
        (Flags::Add(a, b), condition) => return sums(w, (a, b), condition),
        (Flags::Logic(r) | Flags::Result(r), C::Equal) => w.zero(r),
        (Flags::Logic(r) | Flags::Result(r), C::Sign) => w.sign(r),
        (Flags::Logic(_), C::Below | C::Overflow) => w.truth(false),
        (Flags::Logic(r), C::BelowEqual) => w.zero(r),
        (Flags::Logic(r), C::Less) => w.sign(r),
        (Flags::Logic(r), C::LessEqual) => {
            let zero = w.constant(w.bits(r), 0);
            let more = w.slt(zero, r);
            w.not(more)
        }
        (Flags::Float(a, b), condition) => return floats(w, (a, b), condition),
        (Flags::Carry(c), C::Below) => c,
        (Flags::Tested { zero, .. }, C::Equal) => zero,
        (Flags::Tested { carry, .. }, C::Below) => carry,
        (Flags::Wide(a, b), C::Below) => less(w, a, b, false),
        (Flags::Wide(a, b), C::Less) => less(w, a, b, planted!(WideHasNoSign, true, false)),
        _ => return None,
    })
}

/// A condition that is no negation, on the flags of a sum.
fn sums(w: &mut Words, (a, b): (Word, Word), condition: Condition) -> Option<Word> {
    use Condition as C;
    Some(match condition {
        C::Equal => {
            let sum = w.add(a, b);
            w.zero(sum)
        }
        C::Sign => {
            let sum = w.add(a, b);
            w.sign(sum)
        }
        // `a + n` is too wide exactly if `a` is above `!n`.
        C::Below if w.number(b).is_some() => {
            let most = planted!(CarryAtBound, w.not(b), w.neg(b));
            w.ult(most, a)
        }
        C::Below if w.number(a).is_some() => {
            let most = w.not(a);
            w.ult(most, b)
        }
        C::Below => {
            let sum = w.add(a, b);
            w.ult(sum, a)
        }
        _ => return None,
    })
}

/// Whether two words are less than two others: the upper ones decide, unless they are equal.
fn less(w: &mut Words, (a, b): (Word, Word), (c, d): (Word, Word), signed: bool) -> Word {
    let equal = w.eq(a, c);
    let above = if signed { w.slt(a, c) } else { w.ult(a, c) };
    let below = planted!(LowHasSign, w.ult(b, d), w.slt(b, d));
    planted!(UpperDecides, w.ite(equal, below, above), above)
}

/// A condition that is no negation, on the flags of a comparison of floats: all of carry, zero and
/// parity if one is NaN.
fn floats(w: &mut Words, (a, b): (Word, Word), condition: Condition) -> Option<Word> {
    use crate::words::Prim;
    use Condition as C;
    Some(match condition {
        C::Parity => w.prim(Prim::FloatNan, 1, &[a, planted!(NanOfFirst, b, a)]),
        C::Equal => {
            let (nan, equal) =
                (w.prim(Prim::FloatNan, 1, &[a, b]), w.prim(Prim::FloatEq, 1, &[a, b]));
            planted!(NanIsUnequal, w.or(equal, nan), equal)
        }
        C::Below => {
            let not_less = w.prim(Prim::FloatLe, 1, &[b, a]);
            planted!(NanIsNotBelow, w.not(not_less), w.prim(Prim::FloatLt, 1, &[a, b]))
        }
        C::BelowEqual => {
            let more = w.prim(Prim::FloatLt, 1, &[b, a]);
            w.not(more)
        }
        _ => return None,
    })
}
