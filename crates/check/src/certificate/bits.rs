//! A row of bits → numbers, for everything that comes with code and is written in bits.
//!
//! The highest bit of each byte comes first. Numbers are Exp-Golomb codes (Teuhola, 1978). Time is
//! constant for each number, and counts are bounded by the bits that are left.

use super::ITEMS_MAX;
use super::orders;
use crate::error::{Fault, Rule, fault};

/// A reader of bits, from the highest bit of each byte.
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// The bits that were read.
    at: usize,
}

impl<'a> Reader<'a> {
    /// From the first bit on.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// All of the row.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bits ahead, 57 of them at least, the first one highest; zeros behind the end.
    #[inline]
    fn ahead(&self) -> u64 {
        let rest = self.bytes.get(self.at >> 3..).unwrap_or(&[]);
        let word = match rest.first_chunk::<8>() {
            Some(&word) => u64::from_be_bytes(word),
            None => {
                let bytes = rest.iter().zip((0..64).step_by(8).rev());
                bytes.fold(0, |word, (&byte, shift)| word | u64::from(byte) << shift)
            }
        };
        word << (self.at & 7)
    }

    /// The next `count` bits, at most 57.
    ///
    /// # Errors
    /// If the bytes end.
    pub fn bits(&mut self, count: u32) -> Result<u64, Fault> {
        let ahead = self.ahead();
        self.at = self.at.saturating_add(count as usize);
        if count > 57 || self.at > self.bytes.len().saturating_mul(8) {
            return fault(Rule::Certificate, "the bytes end");
        }
        Ok(ahead.checked_shr(64_u32.saturating_sub(count)).unwrap_or(0))
    }

    /// An Exp-Golomb number of an order: zeros, as many bits and one more, `order` bits.
    ///
    /// # Errors
    /// If the bytes end, or the number has more than 64 bits.
    #[inline]
    pub fn number(&mut self, order: u32) -> Result<u64, Fault> {
        // Mostly all of it is among the bits ahead, and those are not the last ones.
        let ahead = self.ahead();
        let zeros = ahead.leading_zeros();
        let bits = zeros.saturating_mul(2).saturating_add(order).saturating_add(1);
        let end = self.at.saturating_add(bits as usize);
        if bits <= 57 && end <= self.bytes.len().saturating_mul(8) {
            self.at = end;
            let number = ahead >> (64_u32.saturating_sub(bits) & 63);
            return Ok(number.saturating_sub(1 << (order & 63)));
        }
        self.long_number(order)
    }

    /// As [`Reader::number`], part by part.
    #[inline(never)]
    fn long_number(&mut self, order: u32) -> Result<u64, Fault> {
        let zeros = self.ahead().leading_zeros();
        self.at = self.at.saturating_add(zeros as usize);
        let high = self.bits(zeros.saturating_add(1))?.saturating_sub(1);
        let low = self.bits(order)?;
        match high.checked_mul(1_u64 << (order & 63)) {
            Some(high) => Ok(high | low),
            None => fault(Rule::Certificate, "a number beyond 64 bits"),
        }
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Fault> {
        let n = self.number(orders::WORD)?;
        Ok(((n >> 1) as i64) ^ ((n & 1) as i64).wrapping_neg())
    }

    /// A number of at most 32 bits.
    ///
    /// # Errors
    /// If it is none.
    pub fn word(&mut self, order: u32) -> Result<u32, Fault> {
        match u32::try_from(self.number(order)?) {
            Ok(word) => Ok(word),
            Err(_) => fault(Rule::Certificate, "a number beyond 32 bits"),
        }
    }

    /// A number behind another one.
    ///
    /// # Errors
    /// Beyond 32 bits.
    pub fn offset_from(&mut self, from: u32, order: u32) -> Result<u32, Fault> {
        match from.checked_add(self.word(order)?) {
            Some(offset) => Ok(offset),
            None => fault(Rule::Certificate, "an offset beyond 32 bits"),
        }
    }

    /// A count; every counted thing takes a bit at least.
    ///
    /// # Errors
    /// If there are fewer bits left, or beyond [`ITEMS_MAX`].
    pub fn count(&mut self) -> Result<usize, Fault> {
        let count = self.word(orders::COUNT)? as usize;
        let left = self.bytes.len().saturating_mul(8).saturating_sub(self.at);
        if count > left || count > ITEMS_MAX {
            return fault(Rule::Certificate, "a count beyond the bytes");
        }
        Ok(count)
    }

    /// The end: fewer than eight zeros may be left.
    ///
    /// # Errors
    /// If there is more.
    pub fn end(&self) -> Result<(), Fault> {
        let left = self.bytes.len().saturating_mul(8).saturating_sub(self.at);
        if left >= 8 || self.ahead() != 0 {
            return fault(Rule::Certificate, "bytes behind the end");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
