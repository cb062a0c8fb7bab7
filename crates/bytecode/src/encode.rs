//! The encoder and the decoder of instructions: operand values ⇄ lanes of words, driven by the op
//! table.
//!
//! Both read the layout from [`Op::lane`], so an instruction that is emitted is decoded to the same
//! operands. Operand values are `u64`: slots, indices and unsigned immediates zero-extended, signed
//! immediates and branch offsets sign-extended; a 128-bit immediate takes two values, the low half
//! first.
//!
//! # Invariants
//! * D1. `decode(emit(op, v)) = (op, v)` for every `v` whose values fit their kinds ([`fits`]).
//! * D2. The decoder accepts an instruction only if its unused lanes are zero (T4 of the op table).
//!
//! Limits: code of one function is at most [`WORDS_MAX`] words, so that a branch offset fits 32
//! bits.

use crate::ops::{Class, INST_WORDS_MAX, Kind, Marks, OPERANDS_MAX, OPS, Op};

/// The greatest number of words of one function's code.
pub const WORDS_MAX: usize = 1 << 28;

/// The greatest number of operand values of an instruction (a 128-bit immediate counts twice).
pub const VALUES_MAX: usize = OPERANDS_MAX + 1;

/// Code of one function under construction.
#[derive(Clone, Debug, Default)]
pub struct CodeBuffer {
    words: Vec<u64>,
}

impl CodeBuffer {
    /// An empty buffer.
    pub fn new() -> CodeBuffer {
        CodeBuffer::default()
    }

    /// The index of the next word.
    #[inline]
    pub fn position(&self) -> u32 {
        self.words.len() as u32
    }

    /// The words so far.
    #[inline]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The finished words.
    pub fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// Empties the buffer and keeps its allocation.
    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// Removes everything from word `position` on.
    pub fn truncate(&mut self, position: u32) {
        self.words.truncate(position as usize);
    }

    /// Appends an instruction and gives the index of its first word.
    ///
    /// `values` holds one value per operand in the order of the row, two for a 128-bit immediate.
    /// Each must fit its kind ([`fits`]); the lanes take its low bits.
    #[inline]
    pub fn emit(&mut self, op: Op, values: &[u64]) -> u32 {
        self.emit_marked(op, Marks::NONE, values)
    }

    /// [`emit`](CodeBuffer::emit) with a source in an accumulator, which the op must take: of its
    /// value nothing is written.
    #[inline]
    pub fn emit_marked(&mut self, op: Op, marks: Marks, values: &[u64]) -> u32 {
        debug_assert!(op.takes(marks), "{op:?} {marks:?}");
        debug_assert!(all_fit(op, values), "{op:?} {values:x?}");
        let at = self.words.len();
        let info = op.info();
        let mut words = [0; INST_WORDS_MAX];
        words[0] = u64::from(op.encoding(marks));
        for (field, value) in info.fields[..usize::from(info.values)].iter().zip(values) {
            let bits = value << field.left >> field.left;
            words[usize::from(field.word) % INST_WORDS_MAX] |= bits << field.shift;
        }
        let source = usize::from(marks.source()).checked_sub(1);
        if let Some((value, _)) = source.and_then(|n| info.accumulators.sources[n]) {
            let field = info.fields[usize::from(value)];
            let mask = u64::MAX >> field.left << field.shift;
            words[usize::from(field.word) % INST_WORDS_MAX] &= !mask;
        }
        self.push(info.words, &words);
        at as u32
    }

    /// [`emit_marked`](CodeBuffer::emit_marked) from an array whose values beyond those of the op
    /// are 0.
    #[inline(always)]
    pub fn emit_padded(&mut self, op: Op, marks: Marks, values: &[u64; VALUES_MAX]) -> u32 {
        let info = op.info();
        let Some(short) = &info.short else {
            return self.emit_marked(op, marks, &values[..usize::from(info.values)]);
        };
        debug_assert!(op.takes(marks), "{op:?} {marks:?}");
        debug_assert!(all_fit(op, &values[..usize::from(info.values)]), "{op:?} {values:x?}");
        let bits = |i| short.bits(values[i], i);
        let mut second = bits(0) | bits(1) | bits(2) | bits(3);
        let source = usize::from(marks.source()).checked_sub(1);
        if let Some((value, _)) = source.and_then(|n| info.accumulators.sources[n]) {
            let field = info.fields[usize::from(value)];
            second &= !(u64::MAX >> field.left << field.shift);
        }
        let at = self.words.len();
        self.words.extend_from_slice(&[op.encoding(marks).into(), second]);
        at as u32
    }

    /// Appends the first words of an instruction.
    #[inline]
    fn push(&mut self, count: u8, words: &[u64; INST_WORDS_MAX]) {
        // Of a known length, so that it is a few moves.
        match count {
            1 => self.words.push(words[0]),
            2 => self.words.extend_from_slice(&[words[0], words[1]]),
            3 => self.words.extend_from_slice(&[words[0], words[1], words[2]]),
            _ => self.words.extend_from_slice(words),
        }
    }

    /// The operand values of the instruction of `op` that was emitted at word `at`, as
    /// [`decode`] gives them; of other words something.
    #[inline]
    pub fn values(&self, at: u32, op: Op) -> [u64; VALUES_MAX] {
        match (&op.info().short, self.words.get(at as usize + 1)) {
            (Some(short), Some(&second)) => {
                let value = |i| short.value(second, i);
                [value(0), value(1), value(2), value(3), 0, 0, 0]
            }
            _ => decode(&self.words, at).map_or([0; VALUES_MAX], |inst| inst.values),
        }
    }

    /// Appends one target word of a `br_table`; gives its index.
    pub fn emit_target(&mut self, offset: i32) -> u32 {
        self.words.push(u64::from(offset as u32));
        self.position() - 1
    }

    /// Overwrites the target word at `at`.
    pub fn patch_target(&mut self, at: u32, offset: i32) {
        self.words[at as usize] = u64::from(offset as u32);
    }

    /// Overwrites operand value `i` of the instruction `op` at word `at`.
    #[inline]
    pub fn patch(&mut self, at: u32, op: Op, i: usize, value: u64) {
        let field = op.info().fields[i];
        let word = &mut self.words[at as usize + usize::from(field.word)];
        let mask = u64::MAX >> field.left << field.shift;
        *word = *word & !mask | value << field.shift & mask;
    }

    /// Overwrites the marks of the instruction at word `at`.
    #[inline]
    pub fn patch_marks(&mut self, at: u32, op: Op, marks: Marks) {
        debug_assert!(op.takes(marks), "{op:?} {marks:?}");
        let word = &mut self.words[at as usize];
        *word = *word & !0xffff | u64::from(op.encoding(marks));
    }
}

/// Whether there are as many values as the op has, and each fits its operand.
fn all_fit(op: Op, values: &[u64]) -> bool {
    let fields = op.operands().iter().flat_map(|operand| {
        let count = if operand.kind == Kind::v128c { 2 } else { 1 };
        std::iter::repeat_n(operand.kind, count)
    });
    fields.clone().count() == values.len() && fields.zip(values).all(|(kind, &v)| fits(kind, v))
}

/// Whether `value` can be written into an operand of `kind` and read back unchanged.
#[inline]
pub fn fits(kind: Kind, value: u64) -> bool {
    let signed = value as i64;
    match kind {
        Kind::i32s | Kind::i64s => i16::try_from(signed).is_ok(),
        Kind::i64w | Kind::rel => i32::try_from(signed).is_ok(),
        Kind::lane => u8::try_from(value).is_ok(),
        Kind::i32
        | Kind::i64
        | Kind::f32
        | Kind::f64
        | Kind::v128
        | Kind::ref_
        | Kind::addr
        | Kind::any
        | Kind::off16
        | Kind::win => u16::try_from(value).is_ok(),
        Kind::i32c
        | Kind::off32
        | Kind::count
        | Kind::func
        | Kind::type_
        | Kind::table
        | Kind::mem
        | Kind::global
        | Kind::elem
        | Kind::data
        | Kind::tag => u32::try_from(value).is_ok(),
        Kind::i64c | Kind::f64c | Kind::v128c | Kind::off64 => true,
    }
}

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inst {
    /// Its op.
    pub op: Op,
    /// Which of its operands are in accumulators; their values are 0.
    pub marks: Marks,
    /// The index of its first word.
    pub at: u32,
    /// Its operand values, as [`CodeBuffer::emit`] takes them; the rest is 0.
    pub values: [u64; VALUES_MAX],
    /// The index of the word after it, the targets of a `br_table` included.
    pub next: u32,
}

impl Inst {
    /// The absolute word index of a branch offset of this instruction, or `None` where it leaves
    /// the code's range.
    #[inline]
    pub fn target(&self, offset: i32) -> Option<u32> {
        u32::try_from(i64::from(self.at) + i64::from(offset)).ok()
    }

    /// The branch offsets behind a `br_table`, the default last; empty for any other op.
    pub fn table_targets<'w>(&self, words: &'w [u64]) -> &'w [u64] {
        if self.op.class() == Class::br_table {
            &words[self.at as usize + self.op.words()..self.next as usize]
        } else {
            &[]
        }
    }
}

impl Inst {
    /// T4 of the operands that are in accumulators.
    fn unmarked(&self) -> Result<(), DecodeError> {
        let accumulators = &self.op.info().accumulators;
        let source = match self.marks.source() {
            0 => None,
            n => accumulators.sources[usize::from(n) - 1],
        };
        let of_source = source.map_or(0, |(value, _)| self.values[usize::from(value)]);
        // A muted result is the first operand.
        let of_result = if self.marks.is_muted() { self.values[0] } else { 0 };
        if of_source | of_result != 0 { Err(DecodeError::StrayBits) } else { Ok(()) }
    }

    /// Whether operand value `v`, of a slot, is in an accumulator.
    pub fn is_accumulated(&self, v: usize) -> bool {
        let accumulators = &self.op.info().accumulators;
        let source = usize::from(self.marks.source()).checked_sub(1);
        let source = source.and_then(|n| accumulators.sources[n]);
        source.is_some_and(|(value, _)| usize::from(value) == v) || v == 0 && self.marks.is_muted()
    }

    /// A place for [`decode_into`].
    pub(crate) const BLANK: Inst =
        Inst { op: OPS[0], marks: Marks::NONE, at: 0, values: [0; VALUES_MAX], next: 0 };
}

/// Why words are no instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Lane 0 holds no op, or marks that the op does not take.
    UnknownOp(u16),
    /// The instruction goes beyond the end of the code.
    Truncated,
    /// A lane that belongs to no operand is not zero (T4), or a lane index or target word has bits
    /// beyond its width.
    StrayBits,
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            DecodeError::UnknownOp(n) => write!(f, "unknown op {n:#06x}"),
            DecodeError::Truncated => write!(f, "instruction beyond the end of the code"),
            DecodeError::StrayBits => write!(f, "unused bits that are not zero"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Decodes the instruction at word `at`.
///
/// # Errors
/// One for each way in which the words are no instruction; never a panic, for any words.
pub fn decode(words: &[u64], at: u32) -> Result<Inst, DecodeError> {
    let mut inst = Inst::BLANK;
    decode_into(words, at, &mut inst)?;
    Ok(inst)
}

/// [`decode`] into a place that is used again. Of an error the place holds nothing of use.
#[inline]
pub(crate) fn decode_into(words: &[u64], at: u32, inst: &mut Inst) -> Result<(), DecodeError> {
    let start = at as usize;
    let first = *words.get(start).ok_or(DecodeError::Truncated)?;
    let encoding = first as u16;
    let (op, marks) = Op::from_encoding(encoding).ok_or(DecodeError::UnknownOp(encoding))?;
    let info = op.info();
    if let Some(short) = &info.short {
        let second = *words.get(start + 1).ok_or(DecodeError::Truncated)?;
        if first & info.unused[0] | second & info.unused[1] != 0 {
            return Err(DecodeError::StrayBits);
        }
        let value = |i| short.value(second, i);
        let values = [value(0), value(1), value(2), value(3), 0, 0, 0];
        *inst = Inst { op, marks, at, values, next: at + 2 };
        return if marks == Marks::NONE { Ok(()) } else { inst.unmarked() };
    }
    let code = words.get(start..start + usize::from(info.words)).ok_or(DecodeError::Truncated)?;
    for (word, unused) in code.iter().zip(info.unused) {
        if word & unused != 0 {
            return Err(DecodeError::StrayBits);
        }
    }
    inst.values = [0; VALUES_MAX];
    for (value, field) in inst.values.iter_mut().zip(&info.fields[..usize::from(info.values)]) {
        let bits = code[usize::from(field.word)] >> field.shift << field.left;
        let signed = (bits as i64 >> field.left) as u64;
        *value = if field.signed { signed } else { bits >> field.left };
    }
    let mut next = start + usize::from(info.words);
    if info.class == Class::br_table {
        let targets = inst.values[2] as usize + 1;
        let table =
            words.get(next..).and_then(|w| w.get(..targets)).ok_or(DecodeError::Truncated)?;
        if table.iter().any(|word| word >> 32 != 0) {
            return Err(DecodeError::StrayBits);
        }
        next += targets;
    }
    (inst.op, inst.marks, inst.at, inst.next) = (op, marks, at, next as u32);
    if marks == Marks::NONE { Ok(()) } else { inst.unmarked() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::OPS;

    fn sample(kind: Kind, seed: u64) -> u64 {
        let x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match kind {
            Kind::i32s | Kind::i64s => i64::from(x as i16) as u64,
            Kind::i64w | Kind::rel => i64::from(x as i32) as u64,
            Kind::lane => x & 0xff,
            other if other.lanes() == 1 => x & 0xffff,
            other if other.lanes() == 2 => x & 0xffff_ffff,
            _ => x,
        }
    }

    /// D1 for every op. Green does not show that an executor reads the same lanes: that test is the
    /// runtime's.
    #[test]
    fn every_op_round_trips() {
        for (n, &op) in OPS.iter().enumerate() {
            let mut values = Vec::new();
            for (i, operand) in op.operands().iter().enumerate() {
                let value = sample(operand.kind, (n * 8 + i + 1) as u64);
                values.push(if operand.kind == Kind::count { 2 } else { value });
                if operand.kind == Kind::v128c {
                    values.push(!value);
                }
            }
            let mut code = CodeBuffer::new();
            code.emit(op, &values);
            if op.class() == Class::br_table {
                (0..3).for_each(|t| _ = code.emit_target(-t));
            }
            let inst = decode(code.words(), 0).expect("an emitted instruction decodes");
            assert_eq!((inst.op, &inst.values[..values.len()]), (op, &values[..]), "{op:?}");
            assert_eq!(inst.next, code.position(), "{op:?}");
        }
    }

    /// The rejecting twins of D1 and D2.
    #[test]
    fn words_that_are_no_instruction_are_refused() {
        let mut code = CodeBuffer::new();
        code.emit(Op::Copy, &[1, 2]);
        let word = code.words()[0];
        let second = code.words()[1];
        assert_eq!(decode(&[word | 1 << 48, second], 0), Err(DecodeError::StrayBits));
        assert_eq!(decode(&[word, second | 1 << 32], 0), Err(DecodeError::StrayBits));
        // The result is muted, and still has a slot; a source is in the accumulator, and has one.
        for marks in [Marks::new(0, true), Marks::new(1, false)] {
            let word = u64::from(Op::Copy.encoding(marks));
            assert_eq!(decode(&[word, second], 0), Err(DecodeError::StrayBits));
        }
        let unread = Op::Copy.encoding(Marks::new(2, false));
        assert_eq!(decode(&[unread.into(), 0], 0), Err(DecodeError::UnknownOp(unread)));
        let beyond = 1 << 15 | Op::Copy as u16;
        assert_eq!(decode(&[beyond.into(), 0], 0), Err(DecodeError::UnknownOp(beyond)));
        assert_eq!(decode(&[OPS.len() as u64], 0), Err(DecodeError::UnknownOp(OPS.len() as u16)));
        assert_eq!(decode(&[word], 1), Err(DecodeError::Truncated));
        code.emit(Op::Const64, &[1, u64::MAX]);
        assert_eq!(decode(&code.words()[..4], 2), Err(DecodeError::Truncated));
        let mut table = CodeBuffer::new();
        table.emit(Op::BrTable, &[0, 0, u64::from(u32::MAX)]);
        assert_eq!(decode(table.words(), 0), Err(DecodeError::Truncated));
    }

    #[test]
    fn a_patched_operand_reads_back() {
        let mut code = CodeBuffer::new();
        let at = code.emit(Op::BrI32LtS, &[1, 2, 0]);
        code.patch(at, Op::BrI32LtS, 2, -7i64 as u64);
        assert_eq!(decode(code.words(), at).map(|i| i.values[2] as i64), Ok(-7));
    }
}
