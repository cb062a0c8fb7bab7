//! The price list of metering: operator → units of fuel, fixed for every tier.
//!
//! Fuel is defined on the Wasm and never on a tier's instructions. A segment ([`Segment`]) sums
//! [`operator_cost`]; operators whose work grows with an operand charge the rest at run time, by
//! [`memory_cost`] and [`table_cost`], on top of their static unit.
//!
//! [`Segment`]: crate::Segment

use wasmparser::Operator;

/// The static cost of one operator: 0 or 1.
///
/// Free are the operators that no tier needs an instruction for, and those that end execution of
/// the function without doing work: `nop`, `drop`, `block`, `loop`, `try_table`, `else`, `end`, `unreachable`,
/// `return`. Every other operator costs 1.
#[inline]
pub fn operator_cost(operator: &Operator<'_>) -> u64 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::TryTable { .. }
        | Operator::Else
        | Operator::End
        | Operator::Unreachable
        | Operator::Return => 0,
        _ => 1,
    }
}

/// Whether every operator whose encoding starts with `byte` is *plain*: it costs 1, takes and gives
/// at most two values, writes no local, and neither opens nor ends a block nor transfers control.
/// Known without decoding; false for plain operators among other prefixes is allowed, the converse
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
    fn plain_bytes_start_operators_of_cost_one_without_control() {
        let mut plain = 0;
        for (byte, second) in (0..=u8::MAX).flat_map(|byte| (0..=u8::MAX).map(move |b| (byte, b))) {
            let code = [byte, second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let mut reader = OperatorsReader::new(BinaryReader::new(&code, 0));
            let Ok(operator) = reader.read() else { continue };
            let name = format!("{operator:?}");
            let control = ["Block", "Loop", "If", "Else", "End", "Br", "Call", "Try", "Throw"]
                .iter()
                .any(|control| name.starts_with(control))
                || ["Return", "Delegate", "Catch", "Rethrow", "Resume", "Suspend", "Switch"]
                    .iter()
                    .any(|control| name.starts_with(control))
                || ["LocalSet", "LocalTee", "Unreachable", "ContBind"]
                    .iter()
                    .any(|other| name.starts_with(other));
            if is_plain(byte) {
                plain += 1;
                assert!(!control && operator_cost(&operator) == 1, "{byte:#x} {name}");
            } else {
                let free = operator_cost(&operator) == 0;
                let rare = matches!(byte, 0xd4 | 0xfb | 0xe0..=0xe6);
                assert!(control || free || rare, "{byte:#x} {name} could be plain");
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
