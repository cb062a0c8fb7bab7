//! Edits of code: bits, bytes, instructions that change places or are copied, and the kinds of
//! `mutation`.

use super::Proved;
use crate::mutation;
use iced_x86::{Decoder, DecoderOptions};
use prova_check::TrapRow;
use prova_random::Rng;

/// An edit.
pub(crate) struct Edit {
    pub(crate) kind: &'static str,
    /// The offset of the instruction that is changed.
    pub(crate) at: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) traps: Vec<TrapRow>,
}

/// Where instructions begin and end, as a walk over all bytes finds them.
pub(crate) fn ranges(bytes: &[u8]) -> Vec<(usize, usize)> {
    let decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
    decoder.into_iter().map(|insn| (insn.ip() as usize, insn.next_ip() as usize)).collect()
}

/// The edits of a function that `keep` wants: each bit, bytes at random, pairs of instructions,
/// copies of instructions, the kinds of faults.
pub(crate) fn edits(of: &Proved, rng: &mut Rng, keep: &mut dyn FnMut() -> bool) -> Vec<Edit> {
    let ranges = ranges(&of.bytes);
    let begin = |at: usize| {
        let i = ranges.partition_point(|&(start, _)| start <= at).saturating_sub(1);
        ranges.get(i).map_or(0, |&(start, _)| start as u64)
    };
    let mut found = Vec::new();
    let mut push = |kind, at, bytes: Vec<u8>| {
        if bytes != of.bytes {
            found.push(Edit { kind, at, bytes, traps: of.traps.clone() });
        }
    };
    for at in 0..of.bytes.len() {
        for bit in 0..8 {
            if keep() {
                let mut bytes = of.bytes.clone();
                bytes[at] ^= 1 << bit;
                push("bit", begin(at), bytes);
            }
        }
        if keep() {
            let mut bytes = of.bytes.clone();
            bytes[at] = rng.bits() as u8;
            push("byte", begin(at), bytes);
        }
    }
    for pair in ranges.windows(2) {
        let [(a, b), (_, c)] = [pair[0], pair[1]];
        if keep() {
            let mut bytes = of.bytes.clone();
            bytes[a..c].rotate_left(b - a);
            push("two instructions exchanged", a as u64, bytes);
        }
    }
    for &(a, b) in &ranges {
        let alike: Vec<_> = ranges.iter().filter(|&&(x, y)| y - x == b - a && x != a).collect();
        for _ in 0..2 {
            if !alike.is_empty() && keep() {
                let &&(x, y) = rng.pick(&alike);
                let mut bytes = of.bytes.clone();
                bytes.copy_within(x..y, a);
                push("an instruction copied", a as u64, bytes);
            }
        }
    }
    mutation::each(&of.original(), &mut |mutant| {
        // Rows of calls stay: nothing of a run depends on them.
        if mutant.calls == of.calls && keep() {
            let (bytes, traps) = (mutant.bytes.to_vec(), mutant.traps.to_vec());
            found.push(Edit { kind: mutant.kind, at: mutant.at, bytes, traps });
        }
    });
    found
}
