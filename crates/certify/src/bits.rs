//! Numbers → a row of bits, and what makes it short: sets as differences from others, codes of the
//! orders that take the fewest bits (Exp-Golomb; Teuhola 1978). `prova_check::certificate::Reader`
//! reads it.

use prova_check::certificate::orders;

/// The gaps between sorted numbers, the first one counted from 0.
pub(crate) fn gaps_between(sorted: Vec<u32>) -> impl Iterator<Item = u32> {
    let mut next = 0;
    sorted.into_iter().map(move |n| n - std::mem::replace(&mut next, n + 1))
}

/// The order in which these numbers take the fewest bits.
pub(crate) fn order(numbers: impl Iterator<Item = u32>) -> u32 {
    let mut bits = [0_u32; 1 << orders::BITS];
    for n in numbers {
        (0..).zip(&mut bits).for_each(|(order, bits)| *bits += length(n.into(), order));
    }
    (0..).zip(bits).min_by_key(|&(_, bits)| bits).map_or(0, |(order, _)| order)
}

/// How many bits a number takes.
#[inline]
pub(crate) fn length(n: u64, order: u32) -> u32 {
    let high = (n >> order) + 1;
    2 * (u64::BITS - 1 - high.leading_zeros()) + 1 + order
}

/// The numbers that one of two sorted sets has, and the other has not.
pub(crate) fn toggles(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (mut a, mut b, mut list) = (a, b, Vec::new());
    while let (Some((&x, behind_x)), Some((&y, behind_y))) = (a.split_first(), b.split_first()) {
        if x <= y {
            a = behind_x;
        }
        if y <= x {
            b = behind_y;
        }
        if x != y {
            list.push(x.min(y));
        }
    }
    list.extend(a);
    list.extend(b);
    list
}

/// About how many bits the toggles between two sets take, or `enough` where they are no fewer.
pub(crate) fn cost(a: &[u32], b: &[u32], enough: u32) -> u32 {
    let (mut i, mut j) = (0, 0);
    let (mut bits, mut next) = (0, 0);
    loop {
        let toggle = match (a.get(i), b.get(j)) {
            (None, None) => return bits,
            (Some(&x), Some(&y)) if x == y => {
                (i, j) = (i + 1, j + 1);
                continue;
            }
            (Some(&x), Some(&y)) if x > y => {
                j += 1;
                y
            }
            (Some(&x), _) => {
                i += 1;
                x
            }
            (None, Some(&y)) => {
                j += 1;
                y
            }
        };
        bits += 1 + length((toggle - next).into(), USUAL);
        next = toggle + 1;
        if bits >= enough {
            return enough;
        }
    }
}

/// The order that gaps have mostly.
const USUAL: u32 = 2;

/// Bits, the highest of a byte first.
#[derive(Default)]
pub(crate) struct Bits {
    pub(crate) bytes: Vec<u8>,
    /// Those of the last byte that are not used.
    free: u32,
}

impl Bits {
    /// The low `count` bits of a number, the highest first.
    pub(crate) fn bits(&mut self, n: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let take = left.min(self.free);
            (left, self.free) = (left - take, self.free - take);
            let part = (n >> left) & ((1 << take) - 1);
            // There is one: where none had room, one was pushed.
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part as u8) << self.free;
            }
        }
    }

    /// An Exp-Golomb number.
    pub(crate) fn number(&mut self, n: u64, order: u32) {
        let high = (n >> order) + 1;
        self.bits(0, high.ilog2());
        self.bits(high, high.ilog2() + 1);
        self.bits(n, order);
    }
}
