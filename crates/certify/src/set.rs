//! A set of locations, by their numbers.

use prova_check::{FRAME_BYTES_MAX, Loc};

/// Numbers of locations that are kept at most: a frame has no more, though edited code may address
/// more.
const NUMBERS_MAX: usize = 64 + FRAME_BYTES_MAX as usize / 4;

/// A set of locations: the first 64 numbers, and the others up to [`NUMBERS_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) low: u64,
    high: Vec<u64>,
}

impl Set {
    pub(crate) fn contains(&self, loc: Loc) -> bool {
        self.has(loc.number())
    }

    pub(crate) fn has(&self, n: u32) -> bool {
        let word = match (n >> 6).checked_sub(1) {
            None => self.low,
            Some(at) => self.high.get(at as usize).copied().unwrap_or(0),
        };
        word >> (n & 63) & 1 != 0
    }

    pub(crate) fn insert(&mut self, n: u32) {
        let bit = 1 << (n & 63);
        let Some(at) = (n >> 6).checked_sub(1) else {
            self.low |= bit;
            return;
        };
        if at as usize >= NUMBERS_MAX / 64 {
            return;
        }
        if at as usize >= self.high.len() {
            self.high.resize(at as usize + 1, 0);
        }
        self.high[at as usize] |= bit;
    }

    pub(crate) fn remove(&mut self, n: u32) {
        let bit: u64 = 1 << (n & 63);
        match (n >> 6).checked_sub(1) {
            None => self.low &= !bit,
            Some(at) => self.high.get_mut(at as usize).into_iter().for_each(|word| *word &= !bit),
        }
    }

    pub(crate) fn add(&mut self, other: &Set) {
        self.low |= other.low;
        if other.high.len() > self.high.len() {
            self.high.resize(other.high.len(), 0);
        }
        self.high.iter_mut().zip(&other.high).for_each(|(a, b)| *a |= b);
    }

    pub(crate) fn clear(&mut self) {
        self.low = 0;
        self.high.clear();
    }
}

impl FromIterator<Loc> for Set {
    fn from_iter<I: IntoIterator<Item = Loc>>(locs: I) -> Set {
        let mut set = Set::default();
        locs.into_iter().for_each(|loc| set.insert(loc.number()));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An edited displacement names a word that no frame has: a set for each block would hold all
    /// before it.
    #[test]
    fn a_word_beyond_all_frames_takes_no_space() {
        let mut set = Set::default();
        let (last, beyond) = (Loc::Word(FRAME_BYTES_MAX / 8), Loc::Word(1 << 28));
        set.insert(last.number());
        set.insert(beyond.number());
        assert!(set.contains(last) && !set.contains(beyond));
        assert!(set.high.len() <= NUMBERS_MAX / 64);
    }
}
