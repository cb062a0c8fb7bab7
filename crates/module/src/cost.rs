//! The price list of metering: operator → units of fuel, fixed for every tier.
//!
//! Fuel is defined on the Wasm and never on a tier's instructions. A segment ([`Segment`]) sums
//! [`operator_cost`]; operators whose work grows with an operand charge the rest at run time, by
//! [`memory_cost`] and [`table_cost`], on top of their static unit.
//!
//! [`Segment`]: crate::Segment
//! [`Row::is_plain`]: crate::ops::Row::is_plain

use crate::ops::Opcode;
use wasmparser::Operator;

/// The static cost of one operator, from its row in the table of operators: 0 or 1.
///
/// Free are the operators that no tier needs an instruction for, and those that end execution of
/// the function without doing work: `nop`, `drop`, `block`, `loop`, `try_table`, `else`, `end`, `unreachable`,
/// `return`. Every other operator costs 1.
#[inline]
pub fn operator_cost(operator: &Operator<'_>) -> u64 {
    Opcode::of(operator).row().cost
}

/// Whether every operator whose encoding starts with `byte` is *plain* ([`Row::is_plain`]), or is
/// refused. Known without decoding; false for plain operators among other prefixes is allowed, the converse
/// is not.
#[inline]
pub(crate) const fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x1b | 0x1c | 0x20 | 0x23..=0x26 | 0x28..=0xc4 | 0xd0..=0xd3 | 0xfc..=0xfe)
}

/// The dynamic cost of `memory.copy`, `memory.fill`, `memory.init` over `bytes` bytes: one unit for
/// each 8 bytes begun. Charged after the bounds check and before the effect: an access out of bounds is not paid for.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Class;
    use wasmparser::{BinaryReader, OperatorsReader};

    #[test]
    fn free_operators_are_free_and_others_are_not() {
        assert_eq!(operator_cost(&Operator::Nop), 0);
        assert_eq!(operator_cost(&Operator::End), 0);
        assert_eq!(operator_cost(&Operator::Return), 0);
        assert_eq!(operator_cost(&Operator::I32Add), 1);
        assert_eq!(operator_cost(&Operator::Br { relative_depth: 0 }), 1);
        assert_eq!(operator_cost(&Operator::LocalGet { local_index: 0 }), 1);
    }

    #[test]
    fn plain_bytes_start_plain_operators() {
        let mut plain = 0;
        for (byte, second) in (0..=u8::MAX).flat_map(|byte| (0..=u8::MAX).map(move |b| (byte, b))) {
            let code = [byte, second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let mut reader = OperatorsReader::new(BinaryReader::new(&code, 0));
            let Ok(operator) = reader.read() else { continue };
            let row = Opcode::of(&operator).row();
            assert!(row.class == Class::refused || row.results.len() <= 2, "{row:?}");
            if is_plain(byte) {
                plain += 1;
                assert!(row.is_plain() || row.class == Class::refused, "{byte:#x} {row:?}");
            } else {
                let rare = byte == 0xd4;
                assert!(!row.is_plain() || rare, "{byte:#x} {row:?} could be plain");
            }
        }
        assert!(plain > 10_000, "{plain}");
    }

    #[test]
    fn bulk_costs_round_up_and_never_overflow() {
        for (bytes, cost) in [(0, 0), (1, 1), (8, 1), (9, 2), (u64::MAX, 1 << 61)] {
            assert_eq!(memory_cost(bytes), cost, "{bytes} bytes");
        }
        assert_eq!(table_cost(0), 0);
        assert_eq!(table_cost(u64::MAX), u64::MAX);
    }
}
