//! The price list of metering: operator → units of fuel, fixed for every tier.
//!
//! Fuel is defined on the Wasm and never on a tier's instructions. Costs that follow from the
//! module alone are *static*: a segment ([`Segment`]) sums [`operator_cost`] and, of branches,
//! [`branch_cost`], of throws, [`throw_cost`]; the first one of a body has [`frame_cost`] on top.
//! Costs that depend on a run are *dynamic* and charged on top of the operator's static unit, when
//! its operands are known: bulk operators, growth, calls of the host, the search for a handler.
//!
//! The aim is that no unit buys more than 50 times the time of a unit of a plain loop;
//! `prova-testing bench-fuel` measures it, and `docs/semantics.md` lists what is not bounded.
//!
//! [`Segment`]: crate::Segment
//! [`Row::is_plain`]: crate::ops::Row::is_plain

use crate::ops::Opcode;
use wasmparser::Operator;

/// The static cost of one operator, from its row in the table of operators: 0, 1 or 2.
///
/// Free are the operators that no tier needs an instruction for, and those that end execution of
/// the function without doing work: `nop`, `drop`, `block`, `loop`, `try_table`, `else`, `end`,
/// `unreachable`, `return`. Division and square root of vectors of floating-point numbers cost 2:
/// subnormal lanes make them slow. Every other operator costs 1.
#[inline]
pub fn operator_cost(operator: &Operator<'_>) -> u64 {
    Opcode::of(operator).row().cost
}

/// Whether every operator whose encoding starts with the two bytes is *plain* ([`Row::is_plain`]),
/// or is refused. `second` is 0 where there is none. Known without decoding; false for plain
/// operators among other prefixes is allowed, the converse is not.
#[inline]
pub(crate) const fn is_plain(byte: u8, second: u8) -> bool {
    PLAIN[byte as usize] && !(byte == VECTOR && is_dear(second))
}

/// The prefix of vector operators.
const VECTOR: u8 = 0xfd;

/// Whether a vector operator whose code starts with `byte`, at any length of its LEB128, may cost
/// more than 1.
const fn is_dear(byte: u8) -> bool {
    matches!(byte, 0xe3 | 0xe7 | 0xef | 0xf3)
}

/// [`is_plain`] for each byte.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = matches!(
            byte,
            0x1b | 0x1c | 0x20 | 0x23..=0x26 | 0x28..=0xc4 | 0xd0..=0xd2 | 0xfc..=0xfe
        );
        byte += 1;
    }
    plain
};

/// The dynamic cost of `memory.copy`, `memory.fill`, `memory.init` over `bytes` bytes: one unit for
/// each 8 bytes begun. Charged after the bounds check and before the effect: an access out of
/// bounds is not paid for.
#[inline]
pub const fn memory_cost(bytes: u64) -> u64 {
    bytes.div_ceil(8)
}

/// The dynamic cost of `table.copy`, `table.fill`, `table.init`, `table.grow` over `elements`
/// elements: one unit each. Charged after the bounds check and before the effect.
#[inline]
pub const fn table_cost(elements: u64) -> u64 {
    elements
}

/// How many cells one unit clears or moves, where they are counted at all.
pub const CELLS_PER_UNIT: u64 = 8;

/// The static cost of entering a function, in its first segment: its parameters and locals are
/// moved or cleared, its results moved. Fewer than [`CELLS_PER_UNIT`] cells are free.
#[inline]
pub const fn frame_cost(local_cells: u32, result_cells: u32) -> u64 {
    (local_cells as u64 + result_cells as u64) / CELLS_PER_UNIT
}

/// The static cost of a branch (`br`, `br_if`, `br_table`, `br_on_null`, `br_on_non_null`), taken
/// or not, on top of its unit. `label_cells` are the cells of its label's values; fewer than
/// [`CELLS_PER_UNIT`] are free.
#[inline]
pub const fn branch_cost(label_cells: u32) -> u64 {
    label_cells as u64 / CELLS_PER_UNIT
}

/// The dynamic cost of calling a host function: leaving the executor and coming back, and the cells
/// that are copied. Charged after the frame's charge against the stack limit, before the host sees
/// anything.
#[inline]
pub const fn host_call_cost(param_cells: u64, result_cells: u64) -> u64 {
    HOST_CALL_COST + (param_cells + result_cells) / CELLS_PER_UNIT
}

/// The part of [`host_call_cost`] that every call pays.
pub const HOST_CALL_COST: u64 = 32;

/// The cost of `memory.grow` by `bytes` where type and limits allow it: one unit for each 64 bytes
/// begun, since the program may touch each page afterwards.
#[inline]
pub const fn memory_growth_cost(bytes: u64) -> u64 {
    bytes.div_ceil(64)
}

/// The static cost of a `throw`, on top of its unit. `value_cells` are the cells of its tag's
/// values; fewer than [`CELLS_PER_UNIT`] are free.
#[inline]
pub const fn throw_cost(value_cells: u32) -> u64 {
    value_cells as u64 / CELLS_PER_UNIT
}

/// The dynamic cost of a `throw` or `throw_ref` besides its steps: the way through the driver, and
/// the cells of the values that the clause gets by its tag.
#[inline]
pub const fn catch_cost(value_cells: u64) -> u64 {
    THROW_COST + value_cells / CELLS_PER_UNIT
}

/// The part of [`catch_cost`] that every throw pays.
pub const THROW_COST: u64 = 16;

/// The cost of a throw for each frame that it leaves.
pub const FRAME_LEFT_COST: u64 = 8;

/// The dynamic cost of forgetting exceptions: of reading `cells` cells (references, objects and
/// their values), and the frames behind `stack_bytes` bytes of the stack's charge. A byte counts as
/// a cell. So a frame of the least charge, which takes as long to look up as some sixty references
/// to read, pays 8. Begun units are free.
#[inline]
pub const fn forgetting_cost(cells: u64, stack_bytes: u64) -> u64 {
    (cells + stack_bytes) / CELLS_PER_UNIT
}

/// The cost of a throw for each clause that it asks.
pub const CLAUSE_ASKED_COST: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{Class, Flow};
    use wasmparser::{BinaryReader, OperatorsReader};

    #[test]
    fn free_operators_are_free_and_others_are_not() {
        assert_eq!(operator_cost(&Operator::Nop), 0);
        assert_eq!(operator_cost(&Operator::End), 0);
        assert_eq!(operator_cost(&Operator::Return), 0);
        assert_eq!(operator_cost(&Operator::I32Add), 1);
        assert_eq!(operator_cost(&Operator::Br { relative_depth: 0 }), 1);
        assert_eq!(operator_cost(&Operator::LocalGet { local_index: 0 }), 1);
        assert_eq!(operator_cost(&Operator::F64x2Sqrt), 2);
    }

    #[test]
    fn plain_bytes_start_plain_operators() {
        let (mut plain, mut dear) = (0, 0);
        let bytes = (0..=u8::MAX).flat_map(|byte| (0..=u8::MAX).map(move |b| (byte, b)));
        // Codes of vector operators in one byte, in two, and in three where two would do.
        let codes = bytes.flat_map(|(byte, second)| {
            [[0, 0], [1, 0], [2, 0], [0x81, 0], [0x82, 0]]
                .map(|[third, fourth]| [byte, second, third, fourth])
        });
        for start in codes {
            let [byte, second, third, _] = start;
            let mut code = [0; 20];
            code[..4].copy_from_slice(&start);
            let mut reader = OperatorsReader::new(BinaryReader::new(&code, 0));
            let Ok(operator) = reader.read() else { continue };
            let row = Opcode::of(&operator).row();
            assert!(row.class == Class::refused || row.results.len() <= 2, "{row:?}");
            dear += usize::from(row.cost > 1);
            if is_plain(byte, second) {
                plain += 1;
                assert!(row.is_plain() || row.class == Class::refused, "{start:x?} {row:?}");
            } else {
                let rare = matches!(byte, 0xd3 | 0xd4 | 0xfb)
                    || byte == 0xfd && !matches!(third, 1 | 0x81);
                assert!(!row.is_plain() || rare, "{start:x?} {row:?} could be plain");
            }
        }
        // Four operators, each in its two bytes and in one more.
        assert_eq!(dear, 8);
        assert!(plain > 10_000, "{plain}");
        // These two note a write and are plain otherwise.
        for operator in
            [Operator::LocalSet { local_index: 0 }, Operator::LocalTee { local_index: 0 }]
        {
            let row = Opcode::of(&operator).row();
            assert_eq!((row.cost, row.class.flow(), row.results.len() <= 2), (1, Flow::Next, true));
        }
    }

    #[test]
    fn bulk_costs_round_up_and_never_overflow() {
        for (bytes, cost) in [(0, 0), (1, 1), (8, 1), (9, 2), (u64::MAX, 1 << 61)] {
            assert_eq!(memory_cost(bytes), cost, "{bytes} bytes");
        }
        assert_eq!(table_cost(0), 0);
        assert_eq!(table_cost(u64::MAX), u64::MAX);
        for (bytes, cost) in [(0, 0), (1, 1), (64, 1), (65, 2), (65_536, 1024), (u64::MAX, 1 << 58)]
        {
            assert_eq!(memory_growth_cost(bytes), cost, "{bytes} bytes");
        }
    }

    #[test]
    fn cells_below_a_unit_are_free() {
        assert_eq!((frame_cost(7, 0), frame_cost(4, 3), frame_cost(4, 4)), (0, 0, 1));
        assert_eq!(frame_cost(u32::MAX, u32::MAX), (1 << 30) - 1);
        assert_eq!((branch_cost(7), branch_cost(8), branch_cost(u32::MAX)), (0, 1, (1 << 29) - 1));
        assert_eq!(host_call_cost(3, 4), HOST_CALL_COST);
        assert_eq!(host_call_cost(8, 8), HOST_CALL_COST + 2);
        assert_eq!((throw_cost(7), throw_cost(8)), (0, 1));
        assert_eq!((catch_cost(7), catch_cost(8)), (THROW_COST, THROW_COST + 1));
    }
}
