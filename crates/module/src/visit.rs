//! Handing the next operator of a body to a visitor: bytes → one call of a method.
//!
//! The decoder's own [`visit_operator`](BinaryReader::visit_operator) knows every operator and is
//! too large to be compiled into the loops that call it. Nearly all operators of real code are an
//! opcode alone, or have one index, one constant of an integer, or memory 0 with an alignment and
//! an offset. [`Operators::visit`] reads those itself, and leaves everything else to the decoder.
//!
//! # Invariants
//! * V1. For all bytes, the method that is called, its arguments, the error and the place behind it
//!   are the same as with the decoder. So nothing that follows depends on which of both has read.
//!
//! Each reading here is right on what it accepts: a byte of a LEB128 without its high bit is the
//! last one; four bytes have 28 bits, which fit every type, and of a fifth one only the bits are
//! accepted that fit 32 (unsigned) or 31 (signed, and then positive): the value is the same in 64.
//! Alignments below 16 set none of the flags that other immediates of an access have, with any
//! features.
//!
//! Noticed by: the tests here, which compare both on every first byte with every second one, and on
//! a sample of the bytes behind them; and by each test of validation, of facts and of the check.

use wasmparser::{
    BinaryReader, BinaryReaderError, BlockType, FrameStack, MemArg, MemArgTarget, VisitOperator,
    WasmFeatures,
};

/// The operators that are read here, each with what is read behind its opcode.
macro_rules! few_bytes {
    ($next:ident, $reader:ident, $visitor:ident;
     opcodes { $($code:literal $visit:ident)* }
     indices { $($icode:literal $ivisit:ident)* }
     blocks { $($bcode:literal $bvisit:ident)* }
     accesses { $($acode:literal $max_align:literal $avisit:ident)* }
     constants { $($ccode:literal $cvisit:ident $cty:ident)* }) => {
        match $next[0] {
            $($code => {
                $reader.at += 1;
                return Ok($visitor.$visit());
            })*
            $($icode => {
                if let Some((bytes, index)) = unsigned::<1>($next) {
                    $reader.at += 1 + bytes;
                    return Ok($visitor.$ivisit(index));
                }
            })*
            $($bcode if $next[1] == EMPTY => {
                $reader.at += 2;
                return Ok($visitor.$bvisit(BlockType::Empty));
            })*
            $($acode => {
                if $next[1] < FLAGS && let Some((bytes, offset)) = unsigned::<2>($next) {
                    $reader.at += 2 + bytes;
                    return Ok($visitor.$avisit(memarg($next[1], $max_align, offset)));
                }
            })*
            $($ccode => {
                if let Some((bytes, value)) = signed($next) {
                    $reader.at += 1 + bytes;
                    return Ok($visitor.$cvisit($cty::from(value)));
                }
            })*
            _ => {}
        }
    };
}

/// The block type without parameters and results.
const EMPTY: u8 = 0x40;

/// The least alignment that may be flags.
const FLAGS: u8 = 0x10;

/// The operators of a body, one after the other.
#[derive(Clone)]
pub struct Operators<'m> {
    /// The bytes up to the end of the body, and the place of the next operator among them.
    bytes: &'m [u8],
    at: usize,
    /// Where the bytes start in the module.
    start: u64,
    features: WasmFeatures,
}

impl<'m> Operators<'m> {
    /// The operators in `bytes`, which start at an offset in the module.
    pub(crate) fn new(bytes: &'m [u8], start: u64, features: WasmFeatures) -> Operators<'m> {
        Operators { bytes, at: 0, start, features }
    }

    /// Those that a reader of the module with these bytes has before it.
    pub(crate) fn of(reader: &BinaryReader<'_>, module: &'m [u8]) -> Operators<'m> {
        let range = reader.remaining_range();
        let bytes = module.get(range.start as usize..range.end as usize).unwrap_or_default();
        Operators::new(bytes, range.start, reader.features())
    }

    /// Whether there is none left.
    #[inline]
    pub fn eof(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The offset of the next one in the module.
    #[inline]
    pub fn original_position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The decoder, before the next one.
    pub(crate) fn decoder(&self) -> BinaryReader<'m> {
        let bytes = self.bytes.get(self.at..).unwrap_or_default();
        BinaryReader::new_features(bytes, self.original_position(), self.features)
    }

    /// The index behind the opcode of the next one, which has one.
    #[inline]
    pub(crate) fn index_ahead(&self) -> Result<u32, BinaryReaderError> {
        if let Some(&index @ 0..0x80) = self.bytes.get(self.at + 1) {
            return Ok(index.into());
        }
        let mut decoder = self.decoder();
        decoder.read_u8()?;
        decoder.read_var_u32()
    }

    /// Reads the next one and hands it to a visitor (V1).
    ///
    /// # Errors
    /// If it does not decode, or stands behind the end of the body.
    #[inline(always)]
    pub fn visit<V>(&mut self, visitor: &mut V) -> Result<V::Output, BinaryReaderError>
    where
        V: VisitOperator<'m> + FrameStack,
    {
        let next = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<AHEAD>);
        if let Some(next) = next
            && visitor.current_frame().is_some()
        {
            few_bytes! { next, self, visitor;
                opcodes {
                    0x0b visit_end 0x0f visit_return 0x1a visit_drop 0x1b visit_select
                    0x45 visit_i32_eqz 0x46 visit_i32_eq 0x47 visit_i32_ne 0x48 visit_i32_lt_s
                    0x49 visit_i32_lt_u 0x4a visit_i32_gt_s 0x4b visit_i32_gt_u 0x4c visit_i32_le_s
                    0x4d visit_i32_le_u 0x4e visit_i32_ge_s 0x4f visit_i32_ge_u
                    0x6a visit_i32_add 0x6b visit_i32_sub 0x6c visit_i32_mul
                    0x71 visit_i32_and 0x72 visit_i32_or 0x73 visit_i32_xor
                    0x74 visit_i32_shl 0x75 visit_i32_shr_s 0x76 visit_i32_shr_u
                    0x7c visit_i64_add 0x7e visit_i64_mul 0x83 visit_i64_and
                    0x86 visit_i64_shl 0x87 visit_i64_shr_s 0x88 visit_i64_shr_u
                    0xa7 visit_i32_wrap_i64 0xac visit_i64_extend_i32_s 0xad visit_i64_extend_i32_u
                }
                indices {
                    0x0c visit_br 0x0d visit_br_if 0x10 visit_call
                    0x20 visit_local_get 0x21 visit_local_set 0x22 visit_local_tee
                    0x23 visit_global_get 0x24 visit_global_set
                }
                blocks { 0x02 visit_block 0x03 visit_loop 0x04 visit_if }
                accesses {
                    0x28 2 visit_i32_load 0x29 3 visit_i64_load 0x2a 2 visit_f32_load
                    0x2b 3 visit_f64_load 0x2c 0 visit_i32_load8_s 0x2d 0 visit_i32_load8_u
                    0x2e 1 visit_i32_load16_s 0x2f 1 visit_i32_load16_u 0x34 2 visit_i64_load32_s
                    0x35 2 visit_i64_load32_u 0x36 2 visit_i32_store 0x37 3 visit_i64_store
                    0x38 2 visit_f32_store 0x39 3 visit_f64_store 0x3a 0 visit_i32_store8
                    0x3b 1 visit_i32_store16
                }
                constants { 0x41 visit_i32_const i32 0x42 visit_i64_const i64 }
            }
        }
        self.visit_decoded(visitor)
    }

    /// The same by the decoder.
    #[inline(never)]
    fn visit_decoded<V>(&mut self, visitor: &mut V) -> Result<V::Output, BinaryReaderError>
    where
        V: VisitOperator<'m> + FrameStack,
    {
        let mut decoder = self.decoder();
        let visited = decoder.visit_operator(visitor);
        self.at += decoder.current_position();
        visited
    }
}

/// How many bytes are looked at: more than an opcode, an alignment and the longest LEB128 have.
const AHEAD: usize = 8;

/// The bits of a byte of a LEB128.
const BITS: u32 = 7;

/// The greatest number of bytes of a LEB128 of 32 bits.
const LEB_MAX: usize = 5;

/// An unsigned LEB128 of at most 32 bits from byte `AT` on: how many bytes, and its value.
#[inline(always)]
fn unsigned<const AT: usize>(next: &[u8; AHEAD]) -> Option<(usize, u32)> {
    match (next[AT], next[AT + 1]) {
        (byte @ 0..0x80, _) => Some((1, byte.into())),
        (low, high @ 0..0x80) => Some((2, u32::from(low & 0x7f) | u32::from(high) << BITS)),
        // The fifth byte has 4 bits of the 32.
        _ => long::<AT>(next, 0x10),
    }
}

/// A signed LEB128 of at most 28 bits, or a positive one of 31, behind the opcode: how many bytes,
/// and its value.
#[inline(always)]
fn signed(next: &[u8; AHEAD]) -> Option<(usize, i32)> {
    let (bytes, value) = match next[1] {
        byte @ 0..0x80 => (1, byte.into()),
        _ => long::<1>(next, 0x08)?,
    };
    // The sign is the highest of the bits that are there; one of five bytes is positive.
    let unused = 32u32.saturating_sub(BITS * bytes as u32);
    Some((bytes, (value << unused) as i32 >> unused))
}

/// A LEB128 from byte `AT` on, whose fifth byte is below `fifth_max`: the number of bytes, and the
/// bits of their values.
#[inline(never)]
fn long<const AT: usize>(next: &[u8; AHEAD], fifth_max: u8) -> Option<(usize, u32)> {
    let mut value = 0;
    for at in 0..LEB_MAX {
        let byte = next[AT + at];
        value |= u32::from(byte & 0x7f) << (BITS * at as u32);
        if byte < 0x80 {
            let fits = at < LEB_MAX - 1 || byte < fifth_max;
            return fits.then_some((at + 1, value));
        }
    }
    None
}

/// An access to memory 0.
#[inline(always)]
fn memarg(align: u8, max_align: u8, offset: u32) -> MemArg {
    MemArg {
        align,
        max_align,
        offset: offset.into(),
        target: MemArgTarget::Memory(0),
        ordering: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Opcode;
    use crate::walk::InPlace;
    use wasmparser::{FrameKind, Operator};

    /// The opcode and operator read from some bytes, and where it ends; `None` if nothing is read.
    type Read<'m> = Option<(Opcode, Operator<'m>, u64)>;

    fn both(bytes: &[u8], features: WasmFeatures, frame: Option<FrameKind>) -> [Read<'_>; 2] {
        [true, false].map(|quick| {
            let mut place = Operator::Nop;
            let mut visitor = InPlace(&mut place, frame);
            let mut operators = Operators::new(bytes, 7, features);
            let mut decoder = operators.decoder();
            let (opcode, end) = if quick {
                (operators.visit(&mut visitor), operators.original_position())
            } else {
                (decoder.visit_operator(&mut visitor), decoder.original_position())
            };
            Some((opcode.ok()?, place, end))
        })
    }

    fn same(bytes: &[u8], features: WasmFeatures) -> usize {
        let [quick, decoder] = both(bytes, features, Some(FrameKind::If));
        assert_eq!(quick, decoder, "{bytes:02x?}");
        usize::from(quick.is_some())
    }

    /// V1, over every first and second byte, whole and cut off. Green does not show that a visitor
    /// with a state is called once: the tests of validation do.
    #[test]
    fn what_is_read_is_what_the_decoder_reads() {
        let tails = [[0; 6], [0x40; 6], [0x7f; 6], [0x80, 0x01, 0x80, 0x80, 0x01, 0], [0xff; 6]];
        let mut decoded = 0;
        for features in [WasmFeatures::all(), WasmFeatures::empty()] {
            for [first, second] in (0..=u16::MAX).map(u16::to_be_bytes) {
                for [a, b, c, d, e, f] in tails {
                    let bytes = [first, second, a, b, c, d, e, f, 0, 0, 0, 0];
                    decoded += same(&bytes, features);
                }
                let bytes = [first, second, 0, 0, 0, 0, 0, 0];
                decoded += (1..8).map(|left| same(&bytes[..left], features)).sum::<usize>();
            }
        }
        assert!(decoded > 300_000, "{decoded}");
        for first in 0..=u8::MAX {
            let bytes = [first, 0, 0, 0, 0, 0, 0, 0, 0];
            assert_eq!(both(&bytes, WasmFeatures::all(), None), [None, None], "behind the end");
        }
    }

    /// V1, over every opcode with immediates of up to six bytes; of each byte all deciding values
    /// are tried.
    #[test]
    fn long_immediates_are_the_decoders() {
        let each = [0x00, 0x07, 0x08, 0x0f, 0x10, 0x7f, 0x80, 0xff];
        let mut decoded = 0;
        for first in 0..=u8::MAX {
            for n in 0..each.len().pow(5) {
                let digit = |place: u32| each[n / each.len().pow(place) % each.len()];
                let [a, b, c, d, e] = [digit(4), digit(3), digit(2), digit(1), digit(0)];
                let accesses = matches!(first, 0x28..=0x3e);
                let bytes = if accesses {
                    [first, 0x02, a, b, c, d, e, 0x00, 0x00]
                } else {
                    [first, a, b, c, d, e, 0x00, 0x00, 0x00]
                };
                decoded += same(&bytes, WasmFeatures::all());
            }
        }
        assert!(decoded > 2_000_000, "{decoded}");
    }
}
