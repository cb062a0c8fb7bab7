//! Certificates taken apart and put together again, as `docs/certificate.md` says: a second reader
//! of the format, which keeps what entries say as bits.

use crate::common::forge::Bits;

/// A certificate's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Data ranges: gap and length.
    pub(crate) data: Vec<(u64, u64)>,
    /// Entries of the dictionary: location or symbol, tag (or [`HOLDS`]), what follows.
    pub(crate) entries: Vec<(u64, u64, Bits)>,
    /// The frame's offset and the gaps between the locations that it does not keep.
    pub(crate) frame: (u64, Vec<u64>),
    /// The orders of distances, counts, first toggles and gaps.
    orders: [u32; 4],
    /// How many bits each block has for its jumps.
    jumps_bits: u32,
    pub(crate) blocks: Vec<Block>,
}

/// The number that stands for the tag of an entry on the value of a location.
const HOLDS: u64 = 16;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) distance: u64,
    pub(crate) jumps: u64,
    pub(crate) from: u64,
    pub(crate) toggles: Vec<u64>,
}

struct Reader<'a>(&'a [bool]);

impl Reader<'_> {
    fn bits(&mut self, count: u32) -> u64 {
        let (first, rest) = self.0.split_at(count as usize);
        self.0 = rest;
        first.iter().fold(0, |n, &bit| n << 1 | u64::from(bit))
    }

    fn number(&mut self, order: u32) -> u64 {
        let zeros = self.0.iter().position(|&bit| bit).expect("a bit that is set");
        self.bits(zeros as u32);
        let high = self.bits(zeros as u32 + 1) - 1;
        high << order | self.bits(order)
    }

    fn numbers(&mut self, count: u64, order: u32) -> Vec<u64> {
        (0..count).map(|_| self.number(order)).collect()
    }

    fn entry(&mut self) -> (u64, u64, Bits) {
        let tag = if self.bits(1) == 1 { HOLDS } else { self.bits(4) };
        let of = self.number(4);
        let before = self.0;
        match tag {
            0 => drop(self.number(32)),
            1 | 3 => drop(self.number(8)),
            2 | 4 => drop((self.number(8), self.number(32))),
            5 => drop(self.number(1)),
            6 => {
                let code = self.bits(5);
                self.numbers(u64::from(code >> 3 == 2), 4);
            }
            7 | 8 => drop((self.number(8), self.number(1))),
            9 | 10 => drop(self.number(4)),
            11 => drop((self.number(1), self.number(8))),
            HOLDS => {
                let base = self.bits(5);
                self.numbers(matches!(base, 5 | 8 | 9 | 13..=17).into(), 4);
                let symbol = self.bits(2);
                self.numbers((symbol >= 2).into(), 4);
                let shifted = symbol != 0 && !matches!(base, 10..=12);
                self.bits(if shifted { 2 } else { 0 });
                let add = self.bits(1);
                self.numbers(add, 8);
            }
            _ => panic!("tag {tag}"),
        }
        (of, tag, Bits(before[..before.len() - self.0.len()].to_vec()))
    }
}

impl Parts {
    /// Takes a good certificate apart.
    pub(crate) fn of(certificate: &[u8]) -> Parts {
        let bits =
            certificate[1..].iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1 == 1));
        let bits: Vec<bool> = bits.collect();
        let mut reader = Reader(&bits);
        let count = reader.number(0);
        let data = (0..count).map(|_| (reader.number(4), reader.number(4))).collect();
        let count = reader.number(0);
        let entries = (0..count).map(|_| reader.entry()).collect();
        let count = reader.number(0);
        let (mut frame, mut orders, mut jumps_bits) = ((0, Vec::new()), [0; 4], 0);
        if count > 0 {
            frame.0 = reader.number(4);
            orders = [(); 4].map(|()| reader.bits(3) as u32);
            jumps_bits = reader.bits(2) as u32;
            let changed = reader.number(0);
            frame.1 = reader.numbers(changed, 4);
        }
        let block = |reader: &mut Reader<'_>| {
            let distance = reader.number(orders[0]);
            let jumps = reader.bits(jumps_bits);
            let (from, count) = (reader.number(0), reader.number(orders[1]));
            let mut toggles = reader.numbers(count.min(1), orders[2]);
            toggles.extend(reader.numbers(count.saturating_sub(1), orders[3]));
            Block { distance, jumps, from, toggles }
        };
        let blocks = (0..count).map(|_| block(&mut reader)).collect();
        assert!(reader.0.len() < 8 && !reader.0.contains(&true), "bytes behind the end");
        Parts { data, entries, frame, orders, jumps_bits, blocks }
    }

    /// Puts them together.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Bits::default();
        out.bits(prova_check::certificate::VERSION.into(), 8);
        out.number(self.data.len() as u64, 0);
        for &(gap, length) in &self.data {
            out.number(gap, 4).number(length, 4);
        }
        out.number(self.entries.len() as u64, 0);
        for (of, tag, rest) in &self.entries {
            if *tag == HOLDS {
                out.bits(1, 1)
            } else {
                out.bits(*tag, 5)
            };
            out.number(*of, 4).add(rest);
        }
        out.number(self.blocks.len() as u64, 0);
        if self.blocks.is_empty() {
            return out.bytes();
        }
        let most = self.blocks.iter().map(|block| block.jumps).max().unwrap_or(0);
        let jumps_bits = self.jumps_bits.max(u64::BITS - most.leading_zeros());
        out.number(self.frame.0, 4);
        for order in self.orders {
            out.bits(order.into(), 3);
        }
        out.bits(jumps_bits.into(), 2).number(self.frame.1.len() as u64, 0);
        for &gap in &self.frame.1 {
            out.number(gap, 4);
        }
        let [distances, counts, firsts, gaps] = self.orders;
        for block in &self.blocks {
            out.number(block.distance, distances).bits(block.jumps, jumps_bits);
            out.number(block.from, 0).number(block.toggles.len() as u64, counts);
            for (i, &gap) in block.toggles.iter().enumerate() {
                out.number(gap, if i == 0 { firsts } else { gaps });
            }
        }
        out.bytes()
    }
}
