//! N5: loads and stores of memories that are terms.

use super::{Head, NONE, Node, Word, Words};

/// Stores that a load looks through at most.
const THROUGH_MAX: u32 = 16;

impl Words {
    /// A memory that nothing is known of.
    pub fn memory(&mut self) -> Word {
        self.unknown(0)
    }

    /// `bits` bits of a memory at an address. Of what was stored there, it is that; a store of `n`
    /// bytes at a number `d` behind it changes nothing if `d ≥ bytes` and `d ≤ 2^64 − n`.
    pub fn load(&mut self, memory: Word, address: Word, bits: u8) -> Word {
        let mut at = memory;
        for _ in 0..THROUGH_MAX {
            let Node { op: Head::Store, args: [before, place, stored], .. } = self.get(at) else {
                break;
            };
            let width = self.bits(stored);
            let distance = self.sub(place, address);
            let Some(d) = self.number(distance) else { break };
            if d == 0 && width >= bits {
                return self.slice(stored, 0, bits);
            }
            let (bytes, n) = (u128::from(bits >> 3), u128::from(width >> 3));
            let apart = d >= bytes && d <= (1_u128 << 64).saturating_sub(n);
            if !apart {
                break;
            }
            at = before;
        }
        self.node(Head::Load, bits, [at, address, NONE], 0)
    }

    /// A memory with a word at an address.
    pub fn store(&mut self, memory: Word, address: Word, stored: Word) -> Word {
        self.node(Head::Store, 0, [memory, address, stored], 0)
    }

    /// `bits` bits at an address that nobody writes.
    pub fn read(&mut self, address: Word, bits: u8) -> Word {
        self.node(Head::Read, bits, [address, NONE, NONE], 0)
    }
}
