//! Certificates made by hand, as `docs/certificate.md` says.

use prova_check::certificate::VERSION;

/// A block: its offset, how far back its claims begin, the entries that it toggles.
pub(crate) struct Block {
    at: u32,
    from: u32,
    toggles: bool,
}

impl Block {
    /// A block at an offset that claims all entries, the `i`th of such.
    pub(crate) fn same(at: u32, i: usize) -> Block {
        Block { at, from: u32::from(i > 0), toggles: i == 0 }
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

/// The stack pointer lies so far from where it was at entry.
pub(crate) fn hold_rsp(at: i64) -> Vec<u8> {
    let mut out = vec![4, 0x41, 1];
    signed(&mut out, at);
    out
}

/// `-d` is at most the length of memory 0.
pub(crate) fn below_zero(d: i64) -> Vec<u8> {
    let mut out = vec![0, 7];
    signed(&mut out, -d);
    out.push(0);
    out
}

/// A location holds a number of its own that is at most `hi`.
pub(crate) fn number_of(location: u32, hi: u64) -> Vec<u8> {
    let mut out = Vec::new();
    number(&mut out, u64::from(location));
    out.push(1);
    number(&mut out, hi);
    out
}

/// The symbol of a location lies between bounds.
pub(crate) fn range(location: u32, lo: u64, hi: u64) -> Vec<u8> {
    let mut out = Vec::new();
    number(&mut out, u64::from(location));
    out.push(2);
    number(&mut out, lo);
    number(&mut out, hi);
    out
}

/// A certificate without data, whose frame stands at `frame` and does not keep the stack pointer.
pub(crate) fn certificate(frame: u32, dictionary: &[Vec<u8>], blocks: Vec<Block>) -> Vec<u8> {
    let mut out = vec![VERSION, 0];
    number(&mut out, dictionary.len() as u64);
    out.extend(dictionary.concat());
    number(&mut out, blocks.len() as u64);
    if blocks.is_empty() {
        return out;
    }
    number(&mut out, u64::from(frame));
    out.extend([1, 4]);
    let mut last = frame;
    for block in blocks {
        number(&mut out, u64::from(block.at - last));
        let toggles = if block.toggles { dictionary.len() } else { 0 };
        let from = if block.from == 0 { 3 } else { block.from };
        number(&mut out, (toggles as u64) << 3 | u64::from(from) << 1);
        // No claims but those that are toggled.
        out.extend((block.from == 0).then_some(0));
        out.extend(std::iter::repeat_n(0, toggles));
        last = block.at;
    }
    out
}
