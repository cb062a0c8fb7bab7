//! Reads of a table of masks by an index of three bits.
//!
//! There are no shifts of bytes. Code shifts words of 16 bits and clears what came from the
//! other byte, by a mask from a table in the code that has one for each count.

use crate::core_::Core;
use crate::words::{Fixed, Head, Node, Word};

impl Core<'_> {
    /// The vector at `table + 16·i` for `i` of three bits, if the eight there are, in all
    /// bytes, 255 shifted left by `i`, or right: then it is that for each `i`.
    pub(super) fn mask_table(&mut self, address: Word) -> Option<Word> {
        let code = self.words.fixed(64, Fixed::Code);
        let rest = self.words.sub(address, code);
        let parts = self.words.parts(rest);
        let &[(atom, 16)] = parts.atoms.as_slice() else { return None };
        let Node { op: Head::Zext, args: [index, ..], .. } = self.words.get(atom) else {
            return None;
        };
        let start = usize::try_from(parts.number).ok()?;
        let bytes = self.code.get(start..start.checked_add(128)?)?;
        if self.words.bits(index) != 3 {
            return None;
        }
        let is = |mask: fn(u32) -> u8| {
            (0_u32..).zip(bytes.chunks(16)).all(|(i, row)| row.iter().all(|&byte| byte == mask(i)))
        };
        let (left, right) = (is(|i| 255_u8.wrapping_shl(i)), is(|i| 255_u8.wrapping_shr(i)));
        let ones = self.words.constant(8, 255);
        let mask = match (left, right) {
            (true, _) => self.words.shl(ones, index),
            (_, true) => self.words.shr(ones, index),
            _ => return None,
        };
        Some(self.words.splat(mask))
    }
}
