//! Reproducible chance for this crate's tests: a seed → numbers, values of a kind, instructions.

use crate::encode::CodeBuffer;
use crate::ops::{Class, Kind, Op};
use prova_random::Rng;

/// Numbers, words and values by chance: the same seed gives the same ones everywhere.
pub(crate) struct Random(Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(Rng::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.bits()
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A word that often looks like an instruction: an op in its low lane, small lanes above, or
    /// nothing of the kind.
    pub(crate) fn word(&mut self) -> u64 {
        let word = self.next();
        let op = self.below(crate::ops::OPS.len() as u64);
        match self.below(4) {
            0 => word,
            1 => word & 0x000f_000f_000f_0000 | op,
            2 => word & 0x0000_000f_000f_0000 | op,
            _ => word & 0xf,
        }
    }

    /// A value that fits `kind`.
    pub(crate) fn value(&mut self, kind: Kind) -> u64 {
        let x = if self.below(2) == 0 { self.next() } else { self.below(8) };
        match kind {
            Kind::i32s | Kind::i64s => i64::from(x as i16) as u64,
            Kind::i64w | Kind::rel => i64::from(x as i32) as u64,
            Kind::lane => x & 0xff,
            Kind::count => x & 3,
            other => match other.lanes() {
                1 => x & 0xffff,
                2 => x & 0xffff_ffff,
                _ => x,
            },
        }
    }
}

/// Appends a well-formed `op` with operands by chance; gives its first word.
pub(crate) fn random_code(random: &mut Random, op: Op, code: &mut CodeBuffer) -> u32 {
    let mut values = Vec::new();
    let mut count = 0;
    for operand in op.operands() {
        values.push(random.value(operand.kind));
        match operand.kind {
            Kind::count => count = values[values.len() - 1],
            Kind::v128c => values.push(random.next()),
            _ => {}
        }
    }
    let at = code.emit(op, &values);
    if op.class() == Class::br_table {
        for _ in 0..=count {
            code.emit_target(random.next() as i32);
        }
    }
    at
}
