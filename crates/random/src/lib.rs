//! Seed → a sequence of choices, the same on every machine and for ever: the one source of chance
//! of all generators, tests and campaigns.
//!
//! SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014):
//! short, without state to warm up, good enough for choices. It is written here, and not taken from
//! a crate, because a seed in a report names its case only as long as the sequence never changes,
//! and a crate may change its sequence from one version to the next.
//!
//! # Invariants
//! * R1. The sequence of a seed is the published algorithm's.
//! * R2. [`Rng::below`] uses the high half of the bits, and one step for each choice.
//!
//! Limits: not for secrets; choices among more than 2³² are not made. The host's seeded
//! `random_get` is a separate sequence in `prova-wasi`, which knows no other crate of Prova.

/// A sequence of choices.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The sequence of item `index` of a campaign with this seed.
    pub fn of(seed: u64, index: u64) -> Rng {
        let mut rng = Rng(seed ^ 0x5851_f42d_4c95_7f2d);
        let start = rng.bits();
        Rng(start ^ index.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, 0 for `n` = 0.
    pub fn below(&mut self, n: usize) -> usize {
        // The product of two numbers below 2^32 and 2^32 does not overflow; lists here are short.
        (((self.bits() >> 32) * (n as u64 & 0xffff_ffff)) >> 32) as usize
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True `n` times of a hundred.
    pub fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }

    /// One of a list that is not empty.
    pub fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }

    /// An index, each as often as its weight says.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (i, &weight) in weights.iter().enumerate() {
            if left < weight {
                return i;
            }
            left -= weight;
        }
        0
    }

    /// Random bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.bits().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R1: the first outputs that are published for this seed.
    #[test]
    fn the_sequence_is_the_published_one() {
        let mut rng = Rng::new(1_234_567);
        let first = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([rng.bits(), rng.bits()], first);
        assert_ne!(Rng::new(1_234_568).bits(), first[0]);
    }

    /// The sequences of seeds in campaigns must never change.
    #[test]
    fn an_item_of_a_campaign_keeps_its_sequence() {
        let bits: Vec<u64> = (0..3).map(|index| Rng::of(1, index).bits()).collect();
        assert_eq!(bits, ITEMS);
    }

    /// The first bits of items 0 to 2 of seed 1.
    const ITEMS: [u64; 3] = [0x98de_ed54_8fcf_3eb5, 0xff0f_05dd_5a09_d78b, 0x59b2_dbaf_9cf5_f8b7];

    #[test]
    fn choices_are_in_range_and_all_are_made() {
        let mut rng = Rng::new(1);
        let mut seen = [0; 5];
        for _ in 0..1_000 {
            seen[rng.below(5)] += 1;
            assert!((3..=4).contains(&rng.between(3, 4)));
            assert_ne!(rng.weighted(&[1, 0, 1]), 1);
        }
        assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
        assert_eq!((rng.below(0), rng.percent(0), rng.percent(100)), (0, false, true));
        assert_eq!(rng.bytes(13).len(), 13);
    }
}
