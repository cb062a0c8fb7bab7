//! Bytes of a module → numbers and ranges, and back; for what was validated, and without a panic
//! for the rest.

use super::Why;

/// A place in bytes.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The bytes not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Why> {
        let taken = self.rest().get(..len).ok_or("it ends too early")?;
        self.at += len;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Why> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned number of 32 bits in LEB128.
    pub(crate) fn unsigned(&mut self) -> Result<u32, Why> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| "a number is too large".to_owned());
            }
        }
        Err("a number is too long".to_owned())
    }

    /// Passes over a number in LEB128.
    pub(crate) fn skip_number(&mut self) -> Result<(), Why> {
        while self.byte()? >= 0x80 {}
        Ok(())
    }

    /// Bytes whose number stands before them.
    pub(crate) fn vector(&mut self) -> Result<&'a [u8], Why> {
        let len = self.unsigned()?;
        self.take(len as usize)
    }

    /// Reads a vector: a number, then this number of elements.
    pub(crate) fn each(
        &mut self,
        mut read: impl FnMut(&mut Reader<'a>) -> Result<(), Why>,
    ) -> Result<(), Why> {
        let count = self.unsigned()?;
        (0..count).try_for_each(|_| read(self))
    }

    /// Passes over limits of a table or memory.
    pub(crate) fn limits(&mut self) -> Result<(), Why> {
        let flags = self.byte()?;
        self.unsigned()?;
        match flags {
            0 => Ok(()),
            1 => self.unsigned().map(drop),
            _ => Err("it has limits with other flags".to_owned()),
        }
    }

    /// The beginning of a segment of the table: its number, and the expression of its place.
    pub(crate) fn segment(&mut self) -> Result<&'a [u8], Why> {
        let from = self.at;
        let (table, op) = (self.unsigned()?, self.byte()?);
        if table != 0 || !matches!(op, 0x41 | 0x23) {
            return Err("it has a segment of another kind".to_owned());
        }
        self.skip_number()?;
        if self.byte()? != 0x0b {
            return Err("it has a segment of another kind".to_owned());
        }
        Ok(self.bytes.get(from..self.at).unwrap_or_default())
    }
}

/// A number in LEB128.
pub(crate) fn unsigned(mut value: u32) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A signed number in LEB128.
pub(crate) fn signed(mut value: i32) -> Vec<u8> {
    let mut out = Vec::new();
    while !(-64..64).contains(&value) {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8 & 0x7f);
    out
}

/// Bytes with their number before them.
pub(crate) fn vector(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(unsigned(bytes.len() as u32));
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u32::MAX] {
            let bytes = unsigned(value);
            assert_eq!(Reader::new(&bytes).unsigned(), Ok(value));
            assert!(Reader::new(&bytes[..bytes.len() - 1]).unsigned().is_err());
        }
        let bytes = [(63, 1), (64, 2), (-64, 1), (-65, 2), (i32::MAX, 5), (i32::MIN, 5)];
        for (value, len) in bytes {
            assert_eq!(signed(value).len(), len, "{value}");
        }
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).unsigned().is_err(), "beyond 32 bits");
        assert!(Reader::new(&[0x80; 9]).unsigned().is_err());
        assert!(Reader::new(&[0x80; 9]).skip_number().is_err());
    }
}
