//! Which operators of the program touch a cell whose store was put off, as long as the addresses
//! can be compared: an operator, the slots of its operands, and a cell → whether they have a byte
//! in common.
//!
//! * U1. Two addresses are compared if both are constant, or both are known distances from one
//!   root; of others nothing is known here, and the program promises that they differ.
//! * U2. Distances are those on the circle of 2³² addresses, so what wraps is touched, too. Where
//!   the length is known at run time alone, every cell of the root is.
//!
//! Nobody believes this module: `check` finds for itself which cells are touched (S9).

use super::state::Slot;
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_ssa::Imm;

/// The bytes of a cell.
const CELL_BYTES: u64 = 8;

/// Bytes of memory 0 that an operator accesses.
struct Reach<V> {
    address: Slot<V>,
    /// Distance that is added to the address, in bytes.
    offset: u64,
    /// How many, if that is known.
    bytes: Option<u64>,
}

/// The bytes of memory 0 that an operator accesses: at most two ranges.
fn reaches<V: Copy>(code: Opcode, imm: Imm, args: &[Slot<V>]) -> [Option<Reach<V>>; 2] {
    let of_length = |address: Slot<V>, length: Slot<V>| {
        let bytes = length.bits().map(|bits| u64::from(bits as u32));
        Some(Reach { address, offset: 0, bytes })
    };
    match (code, imm, args) {
        (Opcode::MemoryFill, Imm::Index(0), &[to, _, length])
        | (Opcode::MemoryInit, Imm::Indices(_, 0), &[to, _, length]) => {
            [of_length(to, length), None]
        }
        (Opcode::MemoryCopy, Imm::Indices(to, from), &[to_at, from_at, length]) => {
            let within = |memory: u32, at| of_length(at, length).filter(|_| memory == 0);
            [within(to, to_at), within(from, from_at)]
        }
        (code, Imm::Access(access), &[address, ..]) if access.memory == 0 => {
            let bytes = Some(u64::from(code.row().width));
            [Some(Reach { address, offset: access.offset, bytes }), None]
        }
        (_, _, _) => [None, None],
    }
}

/// Whether an operator touches any of some cells.
pub(crate) fn touches<V: Copy>(
    code: Opcode,
    imm: Imm,
    args: &[Slot<V>],
    mut cells: impl Iterator<Item = Slot<V>>,
) -> bool {
    let is_call = matches!(code.class(), Class::call | Class::call_indirect | Class::call_ref);
    if is_call || planted!(TouchedCellStays) {
        return false;
    }
    let all = reaches(code, imm, args);
    cells.any(|cell| all.iter().flatten().any(|reach| meets(reach, cell)))
}

/// Whether an access has a byte in common with a cell (U1, U2).
fn meets<V: Copy>(reach: &Reach<V>, cell: Slot<V>) -> bool {
    let ahead = match (reach.address, cell) {
        (Slot::Bits(at), Slot::Bits(cell)) => (at as u32).wrapping_sub(cell as u32),
        (Slot::Pointer { root: a, offset: at }, Slot::Pointer { root: b, offset: cell })
            if a == b =>
        {
            at.wrapping_sub(cell)
        }
        (_, _) => return false,
    };
    let Some(bytes) = reach.bytes else { return true };
    // From the cell's first byte to the access's, and on to the cell again.
    let ahead = u64::from(ahead.wrapping_add(reach.offset as u32));
    let behind = (1 << 32) - ahead;
    let is_narrow = planted!(TouchedByFirstByte);
    ahead < CELL_BYTES || !is_narrow && bytes > behind
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::ops::Immediate;
    use prova_ssa::{Access, Op, State};

    const ROOT: u32 = 7;

    fn at(offset: u32) -> Slot<()> {
        Slot::Pointer { root: ROOT, offset }
    }

    fn access(offset: u64) -> Imm {
        Imm::Access(Access { offset, memory: 0, align_log2: 0, lane: 0 })
    }

    fn one(code: Opcode, imm: Imm, args: &[Slot<()>], cell: Slot<()>) -> bool {
        touches(code, imm, args, std::iter::once(cell))
    }

    /// Every distance at which an access of each width has a byte in common with a cell, and no
    /// other one.
    #[test]
    fn accesses_touch_what_they_share_a_byte_with() {
        let codes = [Opcode::I64Load8U, Opcode::I32Store16, Opcode::F32Load, Opcode::I64Store];
        for (code, width) in codes.into_iter().zip([1, 2, 4, 8]) {
            for by in -20_i32..20 {
                let shares = by < 8 && by + width > 0;
                let cell = at(100);
                let to = (100 + by) as u32;
                for (base, offset) in
                    [(to, 0), (60, u64::from(to - 60)), (to.wrapping_sub(200), 200)]
                {
                    let args = [at(base), Slot::Run(())];
                    assert_eq!(one(code, access(offset), &args, cell), shares, "{code:?} {by}");
                }
                let args = [Slot::Bits(to.into()), Slot::Run(())];
                assert_eq!(one(code, access(0), &args, Slot::Bits(100)), shares, "{code:?} {by}");
                // Another root, and a constant for a distance.
                let other = Slot::Pointer { root: ROOT + 1, offset: 100 };
                assert!(!one(code, access(0), &[at(to)], other));
                assert!(!one(code, access(0), &[at(to)], Slot::Bits(100)));
                assert!(!one(code, access(0), &[at(to)], Slot::Run(())));
            }
        }
        // Around the end of the addresses.
        assert!(one(Opcode::I64Load, access(0), &[at(u32::MAX)], at(6)));
        assert!(!one(Opcode::I64Load, access(0), &[at(u32::MAX)], at(7)));
        let other = Imm::Access(Access { offset: 0, memory: 1, align_log2: 0, lane: 0 });
        assert!(!one(Opcode::I64Load, other, &[at(100)], at(100)), "another memory");
    }

    #[test]
    fn bulk_operators_touch_what_they_reach() {
        let (fill, copy, init) = (Opcode::MemoryFill, Opcode::MemoryCopy, Opcode::MemoryInit);
        let (far, run) = (Slot::Pointer { root: 1, offset: 0 }, Slot::Run(()));
        for (code, imm, args, shares) in [
            (fill, Imm::Index(0), [at(80), run, Slot::Bits(20)], false),
            (fill, Imm::Index(0), [at(80), run, Slot::Bits(21)], true),
            (fill, Imm::Index(0), [at(107), run, Slot::Bits(1)], true),
            (fill, Imm::Index(0), [at(108), run, Slot::Bits(1)], false),
            (fill, Imm::Index(0), [at(108), run, run], true),
            (fill, Imm::Index(1), [at(100), run, run], false),
            (copy, Imm::Indices(0, 0), [at(100), far, Slot::Bits(1)], true),
            (copy, Imm::Indices(0, 0), [far, at(100), Slot::Bits(1)], true),
            (copy, Imm::Indices(0, 1), [far, at(100), Slot::Bits(1)], false),
            (copy, Imm::Indices(1, 0), [at(100), far, Slot::Bits(1)], false),
            (copy, Imm::Indices(0, 0), [far, far, run], false),
            (init, Imm::Indices(0, 0), [at(99), run, Slot::Bits(2)], true),
            (init, Imm::Indices(0, 1), [at(99), run, Slot::Bits(2)], false),
            // The second operand is a place in a segment.
            (init, Imm::Indices(0, 0), [far, at(100), Slot::Bits(2)], false),
        ] {
            assert_eq!(one(code, imm, &args, at(100)), shares, "{code:?} {imm:?} {args:?}");
        }
    }

    /// Every operator that accesses bytes of a memory is one of those above, with a width.
    #[test]
    fn no_operator_is_forgotten() {
        let mut count = 0;
        for code in Opcode::ALL {
            let row = code.row();
            if row.immediates.contains(&Immediate::memarg) {
                assert!(row.width > 0, "{code:?}");
                continue;
            }
            let effects = Op::Wasm(*code).effects();
            let bytes = effects.writes.meets(State::MEMORY) || effects.reads.meets(State::MEMORY);
            let calls = !matches!(code.class(), Class::effect | Class::quick);
            if bytes && !calls {
                count += 1;
                let is_known = [
                    Opcode::MemoryFill,
                    Opcode::MemoryCopy,
                    Opcode::MemoryInit,
                    // It adds bytes, and touches none that there are.
                    Opcode::MemoryGrow,
                    Opcode::MemorySize,
                ];
                assert!(is_known.contains(code), "{code:?}");
            }
        }
        assert!(count >= 3);
    }
}
