//! Certificates taken apart and put together again, as `docs/certificate.md` says: a second reader
//! of the format, which keeps entries as bytes.

/// A certificate's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Data ranges: gap and length.
    pub(crate) data: Vec<(u64, u64)>,
    /// Entries of the dictionary: location, tag, payload.
    pub(crate) entries: Vec<(u64, u8, Vec<u8>)>,
    /// The frame's offset and the gaps between the locations that it does not keep.
    pub(crate) frame: (u64, Vec<u64>),
    pub(crate) blocks: Vec<Block>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) distance: u64,
    pub(crate) metered: bool,
    /// What its head says, and the number that follows.
    pub(crate) from: (u64, u64),
    pub(crate) toggles: Vec<u64>,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> u8 {
        let (&first, rest) = self.0.split_first().expect("a byte");
        self.0 = rest;
        first
    }

    fn number(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }

    fn numbers(&mut self, count: u64) -> Vec<u64> {
        (0..count).map(|_| self.number()).collect()
    }

    fn entry(&mut self) -> (u64, u8, Vec<u8>) {
        let (location, tag) = (self.number(), self.byte());
        let before = self.0;
        match tag {
            0 => {}
            1 | 4 | 8 | 9 => drop(self.number()),
            2 | 3 | 6 | 7 => drop(self.numbers(2)),
            5 => {
                let code = self.byte();
                self.numbers(u64::from(code >> 3 == 2));
            }
            flags => {
                let indexed = matches!(self.byte(), 5 | 8 | 9 | 13..=17);
                let named = flags & 6 != 0;
                let count = u64::from(indexed) + u64::from(flags & 1) + u64::from(named);
                self.numbers(count + u64::from(flags & 8 != 0));
            }
        }
        (location, tag, before[..before.len() - self.0.len()].to_vec())
    }
}

impl Parts {
    /// Takes a good certificate apart.
    pub(crate) fn of(certificate: &[u8]) -> Parts {
        let mut reader = Reader(&certificate[1..]);
        let count = reader.number();
        let data = (0..count).map(|_| (reader.number(), reader.number())).collect();
        let count = reader.number();
        let entries = (0..count).map(|_| reader.entry()).collect();
        let count = reader.number();
        let mut frame = (0, Vec::new());
        if count > 0 {
            frame.0 = reader.number();
            let changed = reader.number();
            frame.1 = reader.numbers(changed);
        }
        let block = |reader: &mut Reader<'_>| {
            let (distance, head) = (reader.number(), reader.number());
            let from = (head >> 1) & 3;
            let back = if from == 3 { reader.number() } else { 0 };
            let toggles = reader.numbers(head >> 3);
            Block { distance, metered: head & 1 == 1, from: (from, back), toggles }
        };
        let blocks = (0..count).map(|_| block(&mut reader)).collect();
        assert!(reader.0.is_empty(), "bytes behind the end");
        Parts { data, entries, frame, blocks }
    }

    /// Puts them together.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = vec![prova_check::certificate::VERSION];
        number(&mut out, self.data.len() as u64);
        for &(gap, length) in &self.data {
            number(&mut out, gap);
            number(&mut out, length);
        }
        number(&mut out, self.entries.len() as u64);
        for (location, tag, payload) in &self.entries {
            number(&mut out, *location);
            out.push(*tag);
            out.extend(payload);
        }
        number(&mut out, self.blocks.len() as u64);
        if self.blocks.is_empty() {
            return out;
        }
        number(&mut out, self.frame.0);
        number(&mut out, self.frame.1.len() as u64);
        self.frame.1.iter().for_each(|&gap| number(&mut out, gap));
        for block in &self.blocks {
            number(&mut out, block.distance);
            let head = (block.toggles.len() as u64) << 3 | block.from.0 << 1;
            number(&mut out, head | u64::from(block.metered));
            if block.from.0 == 3 {
                number(&mut out, block.from.1);
            }
            block.toggles.iter().for_each(|&gap| number(&mut out, gap));
        }
        out
    }
}

fn number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}
