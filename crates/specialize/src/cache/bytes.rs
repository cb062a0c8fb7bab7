//! Numbers as bytes: seven bits in each, the least first, and an eighth that says whether more
//! follow (LEB128).
//!
//! Reading takes as many steps as there are bytes, and never more memory than they are: a list is
//! read element by element, each at least a byte.

/// Bytes that are still to be read.
pub(super) struct Reader<'b> {
    left: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader { left: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, left) = self.left.split_first()?;
        self.left = left;
        Some(byte)
    }

    #[inline]
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut bits = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            bits |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(bits);
            }
        }
        None
    }

    #[inline]
    pub(super) fn number32(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// A number of one of blocks or values: the greatest is none.
    #[inline]
    pub(super) fn index(&mut self) -> Option<u32> {
        self.number32().filter(|&number| number != u32::MAX)
    }

    /// A number with a sign.
    #[inline]
    pub(super) fn signed(&mut self) -> Option<i32> {
        let bits = self.number32()?;
        Some((bits >> 1) as i32 ^ -((bits & 1) as i32))
    }
}

/// Writes a number.
#[inline]
pub(super) fn put(out: &mut Vec<u8>, number: impl Into<u64>) {
    let mut number = number.into();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a number with a sign.
#[inline]
pub(super) fn put_signed(out: &mut Vec<u8>, number: i32) {
    put(out, ((number << 1) ^ (number >> 31)) as u32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let mut out = Vec::new();
        let all = [0, 1, 127, 128, 300, u64::from(u32::MAX), 1 << 32, u64::MAX];
        let signed = [0, 1, -1, 63, -64, 64, i32::MAX, i32::MIN];
        all.iter().for_each(|&number| put(&mut out, number));
        signed.iter().for_each(|&number| put_signed(&mut out, number));
        let mut reader = Reader::new(&out);
        all.iter().for_each(|&number| assert_eq!(reader.number(), Some(number)));
        signed.iter().for_each(|&number| assert_eq!(reader.signed(), Some(number)));
        assert!(reader.is_at_end() && reader.byte().is_none());
    }

    #[test]
    fn what_is_no_number_is_seen() {
        assert_eq!(Reader::new(&[0x80]).number(), None);
        assert_eq!(Reader::new(&[0xff; 10]).number(), None);
        let mut out = Vec::new();
        put(&mut out, u32::MAX);
        assert_eq!(Reader::new(&out).index(), None);
        put(&mut out, 1_u64 << 32);
        assert_eq!(Reader::new(&out[5..]).number32(), None);
    }
}
