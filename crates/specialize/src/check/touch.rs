//! S9: accesses of the program to cells whose stores were put off, as far as terms tell.
//!
//! * V1. Two addresses are compared if both are constants, or both are sums of one term and a
//!   constant. What lies at other terms is not compared: that the two differ is assumed
//!   ([`PrivateCells`](crate::ask::promise::Assumption::PrivateCells)).
//! * V2. An access has a byte in common with a cell only if it has one on the circle of 2³²
//!   addresses; where its length is no constant, it may have any.

use super::error::Verdict;
use super::part::Part;
use prova_module::Opcode;
use prova_ssa::Imm;
use prova_ssa::Vn;
use prova_ssa::relate::walk::Simulate;

/// Bytes of memory 0: they begin `offset` bytes behind an address; their number, if that is
/// constant.
struct Bytes {
    address: Vn,
    offset: u64,
    count: Option<u64>,
}

impl Part<'_> {
    /// Whether an operator of the program accesses a byte of a cell whose store was put off.
    pub(super) fn touches(&self, code: Opcode, imm: Imm, args: &[Vn]) -> Verdict<bool> {
        if self.kept.late() == 0 {
            return Ok(false);
        }
        let all = self.accessed(code, imm, args);
        let mut any = false;
        for bytes in &all {
            self.spend(self.kept.late())?;
            let mut cells = self.kept.stack.iter().chain(self.kept.locals.values());
            any |= cells.any(|late| self.has_common(bytes, late.address));
        }
        Ok(any)
    }

    /// The bytes of memory 0 that an operator accesses.
    fn accessed(&self, code: Opcode, imm: Imm, args: &[Vn]) -> Vec<Bytes> {
        let mut all = Vec::new();
        let mut bulk = |memory: u32, at: usize| {
            if let (0, Some(&address), Some(&count)) = (memory, args.get(at), args.get(2)) {
                let count = self.at.numbers.as_const(count).map(|bits| bits & 0xffff_ffff);
                all.push(Bytes { address, offset: 0, count });
            }
        };
        match (code, imm) {
            (Opcode::MemoryFill, Imm::Index(memory)) => bulk(memory, 0),
            (Opcode::MemoryInit, Imm::Indices(_, memory)) => bulk(memory, 0),
            (Opcode::MemoryCopy, Imm::Indices(to, from)) => {
                bulk(to, 0);
                bulk(from, 1);
            }
            (_, Imm::Access(access)) if access.memory == 0 => {
                let count = Some(code.row().width.into());
                let bytes =
                    args.first().map(|&address| Bytes { address, offset: access.offset, count });
                all.extend(bytes);
            }
            (_, _) => {}
        }
        all
    }

    /// Whether bytes have one in common with the eight of a cell (V1, V2).
    fn has_common(&self, bytes: &Bytes, cell: Vn) -> bool {
        let from_cell =
            match (self.at.numbers.as_const(bytes.address), self.at.numbers.as_const(cell)) {
                (Some(at), Some(cell)) => (at as u32).wrapping_sub(cell as u32),
                (_, _) => {
                    let (at, cell) =
                        (self.at.numbers.distance(bytes.address), self.at.numbers.distance(cell));
                    if at.0 != cell.0 {
                        return false;
                    }
                    at.1.wrapping_sub(cell.1)
                }
            };
        let first = from_cell.wrapping_add(bytes.offset as u32);
        let to_cell = (1 << 32) - u64::from(first);
        first < 8 || bytes.count.is_none_or(|count| count > to_cell)
    }
}
