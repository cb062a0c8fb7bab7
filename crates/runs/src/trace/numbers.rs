//! Objects → their numbers in a run: the order in which events tell that they are made.
//!
//! The instrumented program asks the host (`instrument`): at each operator that makes an object,
//! and for each reference of an event. An object that a constant expression made gets its number at
//! the first event that has it.
//!
//! 1. Every tier makes the same objects in the same order, so the numbers do not depend on where
//!    an object lies, nor on when collections happen.
//! 2. Objects do not move. One that is made where another was takes its place here: the map says
//!    nothing of an object that is gone, and keeps none.
//! 3. The map has an entry for each place of the heap where an object has been: at most the bytes
//!    of the heap by those of the header of an object, 8.

use std::collections::HashMap;
use std::hash::Hasher;

/// The bit of a word that is the number of an object.
pub(crate) const OBJECT: u64 = 1 << 62;
/// The word of an object without a number, and of any other reference that is not null.
pub(super) const SOME: u64 = 1;

/// A question of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// The number of an object.
    Number = 0,
    /// The same of one that was just made.
    Made = 1,
    /// It was just made where no event tells so: it has none.
    Untold = 2,
}

impl Ask {
    /// The question of this number.
    pub(super) fn of(number: i32) -> Ask {
        match number {
            0 => Ask::Number,
            1 => Ask::Made,
            _ => Ask::Untold,
        }
    }
}

/// Numbers by place.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    known: HashMap<u64, Option<u32>>,
    last: u32,
}

impl Numbers {
    /// The word of the object at a place.
    pub(super) fn word(&mut self, place: u64, ask: Ask) -> u64 {
        let known = self.known.get(&place).copied().filter(|_| ask == Ask::Number);
        let number = known.unwrap_or_else(|| {
            let next = self.last.checked_add(1).filter(|_| ask != Ask::Untold);
            self.last = next.unwrap_or(self.last);
            self.known.insert(place, next);
            next
        });
        number.map_or(SOME, |number| OBJECT | u64::from(number))
    }
}

/// The number of an object as text; `None` for another word.
pub(crate) fn object_text(word: u64) -> Option<String> {
    (word & OBJECT != 0).then(|| format!("#{}", word ^ OBJECT))
}

/// The name of an object in its store, as it is hashed: a number.
#[derive(Default)]
pub(super) struct Place(u64);

impl Hasher for Place {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let more = bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
        self.0 = self.0.rotate_left(8 * bytes.len() as u32 % 64) ^ more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_is_made_in_the_place_of_another_has_its_own_number() {
        let mut numbers = Numbers::default();
        let word = |number: u64| OBJECT | number;
        assert_eq!(numbers.word(64, Ask::Made), word(1));
        assert_eq!(numbers.word(96, Ask::Made), word(2));
        assert_eq!(numbers.word(64, Ask::Number), word(1));
        assert_eq!(numbers.word(64, Ask::Made), word(3));
        assert_eq!(numbers.word(64, Ask::Number), word(3));
        // One that no event tells of takes no number, and hides the one before it.
        assert_eq!(numbers.word(96, Ask::Untold), SOME);
        assert_eq!(numbers.word(96, Ask::Number), SOME);
        // One that is met first, as a constant expression made it.
        assert_eq!(numbers.word(128, Ask::Number), word(4));
        assert_eq!((numbers.known.len(), object_text(word(12))), (3, Some("#12".to_owned())));
    }

    #[test]
    fn numbers_end_before_they_begin_anew() {
        let mut numbers = Numbers { last: u32::MAX - 1, ..Numbers::default() };
        assert_eq!(numbers.word(8, Ask::Made), OBJECT | u64::from(u32::MAX));
        assert_eq!(numbers.word(16, Ask::Made), SOME);
    }
}
