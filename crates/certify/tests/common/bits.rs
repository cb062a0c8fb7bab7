//! Bits as `docs/certificate.md` writes them: the tests' own reader and writer, one bit at a time.

/// Bits, first to last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) Vec<bool>);

impl Bits {
    /// The low bits of a number, the highest first.
    pub(crate) fn bits(&mut self, n: u64, count: u32) -> &mut Bits {
        self.0.extend((0..count).rev().map(|bit| n >> bit & 1 == 1));
        self
    }

    /// A number of an order.
    pub(crate) fn number(&mut self, n: u64, order: u32) -> &mut Bits {
        let high = u128::from(n >> order) + 1;
        let zeros = high.ilog2();
        self.0.extend((0..zeros).map(|_| false));
        self.0.extend((0..=zeros).rev().map(|bit| high >> bit & 1 == 1));
        self.bits(n, order)
    }

    /// A signed number of an order.
    #[allow(dead_code, reason = "each test uses a part")]
    pub(crate) fn signed(&mut self, n: i64, order: u32) -> &mut Bits {
        self.number(((n << 1) ^ (n >> 63)) as u64, order)
    }

    /// Puts other bits behind these.
    pub(crate) fn add(&mut self, other: &Bits) -> &mut Bits {
        self.0.extend(&other.0);
        self
    }

    /// Whole bytes, filled with zeros.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let byte =
            |bits: &[bool]| bits.iter().zip(0..).fold(0, |n, (&b, i)| n | u8::from(b) << (7 - i));
        self.0.chunks(8).map(byte).collect()
    }
}
