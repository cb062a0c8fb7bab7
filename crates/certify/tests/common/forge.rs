//! Certificates made by hand, as `docs/certificate.md` says.

pub(crate) use super::hostile::bits::Bits;
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

/// An entry on a location or symbol: its tag, its fields with their orders.
pub(crate) fn entry(tag: u64, of: u32, fields: &[(u64, u32)]) -> Bits {
    let mut out = Bits::default();
    out.bits(0, 1).bits(tag, 4).number(of.into(), 4);
    for &(n, order) in fields {
        out.number(n, order);
    }
    out
}

/// The value of a location: the base and its index, the kind of its symbol and which, shift,
/// constant. A part that may be left out is a list of none or one.
pub(crate) fn holds(
    at: u32,
    (base, index): (u64, &[u32]),
    (kind, symbol): (u64, &[u32]),
    (shift, add): (&[u64], &[i64]),
) -> Bits {
    let mut out = Bits::default();
    out.bits(1, 1).number(at.into(), 4).bits(base, 5);
    for &n in index {
        out.number(n.into(), 4);
    }
    out.bits(kind, 2);
    for &n in symbol {
        out.number(n.into(), 4);
    }
    for &n in shift {
        out.bits(n, 2);
    }
    out.bits(u64::from(!add.is_empty()), 1);
    for &n in add {
        out.signed(n, 8);
    }
    out
}

/// The stack pointer lies so far from where it was at entry.
pub(crate) fn hold_rsp(at: i64) -> Bits {
    holds(4, (1, &[]), (0, &[]), (&[], &[at]))
}

/// A location holds the first byte of memory 0.
pub(crate) fn hold_memory(location: u32) -> Bits {
    holds(location, (14, &[0]), (0, &[]), (&[], &[]))
}

/// The symbol of a location and `d` is at most the length of memory 0.
pub(crate) fn below(location: u32, d: i64) -> Bits {
    let mut out = entry(7, location, &[]);
    out.signed(d, 8).number(0, 1);
    out
}

/// `-d` is at most the length of memory 0.
pub(crate) fn below_zero(d: i64) -> Bits {
    let mut out = entry(8, 0, &[]);
    out.signed(-d, 8).number(0, 1);
    out
}

/// A location holds a new number that is at most `hi`.
pub(crate) fn number_of(location: u32, hi: u64) -> Bits {
    entry(0, location, &[(hi, 32)])
}

/// The symbol of a location lies between bounds.
pub(crate) fn range(location: u32, lo: u64, hi: u64) -> Bits {
    entry(2, location, &[(lo, 8), (hi, 32)])
}

/// The symbol of a location is a length of memory 0 that was read.
pub(crate) fn length(location: u32) -> Bits {
    entry(5, location, &[(0, 1)])
}

/// The symbol of a location is a reference, as the code says.
pub(crate) fn reference(location: u32, code: u64) -> Bits {
    let mut out = entry(6, location, &[]);
    out.bits(code, 5);
    out
}

/// The function that the symbol names has type 0.
pub(crate) fn has_type(location: u32) -> Bits {
    entry(9, location, &[(0, 4)])
}

/// The symbol of a location is the id of type 0.
pub(crate) fn type_id(location: u32) -> Bits {
    entry(10, location, &[(0, 4)])
}

/// The part before a frame: the version, no data, these entries, a count of blocks.
pub(crate) fn head(dictionary: &[Bits], blocks: usize) -> Bits {
    let mut out = Bits::default();
    out.bits(VERSION.into(), 8).number(0, 0).number(dictionary.len() as u64, 0);
    for entry in dictionary {
        out.add(entry);
    }
    out.number(blocks as u64, 0);
    out
}

/// A frame whose blocks have numbers of order 0; `changed` are gaps between locations that it does
/// not keep.
pub(crate) fn frame(at: u32, changed: &[u32]) -> Bits {
    let mut out = Bits::default();
    out.number(at.into(), 4).bits(0, 12).bits(0, 2).number(changed.len() as u64, 0);
    for &gap in changed {
        out.number(gap.into(), 4);
    }
    out
}

/// A certificate without data, whose frame stands at `frame` and does not keep the stack pointer.
pub(crate) fn certificate(at: u32, dictionary: &[Bits], blocks: Vec<Block>) -> Vec<u8> {
    let mut out = head(dictionary, blocks.len());
    if blocks.is_empty() {
        return out.bytes();
    }
    out.add(&frame(at, &[4]));
    let mut last = at;
    for block in blocks {
        let toggles = if block.toggles { dictionary.len() } else { 0 };
        // No claims except the toggled ones, or the claims of the block `block.from` blocks back.
        let from = if block.from == 0 { 2 } else { block.from - 1 };
        out.number((block.at - last).into(), 0).number(from.into(), 0).number(toggles as u64, 0);
        for _ in 0..toggles {
            out.number(0, 0);
        }
        last = block.at;
    }
    out.bytes()
}
