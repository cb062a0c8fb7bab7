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
/// the function without doing work: `nop`, `drop`, `block`, `loop`, `else`, `end`, `unreachable`,
/// `return`. Every other operator costs 1.
#[inline]
pub fn operator_cost(operator: &Operator<'_>) -> u64 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Else
        | Operator::End
        | Operator::Unreachable
        | Operator::Return => 0,
        _ => 1,
    }
}

/// The dynamic cost of `memory.copy`, `memory.fill`, `memory.init` over `bytes` bytes: one unit for
/// each 8 bytes begun. Charged before the bounds check, so an access out of bounds is paid for too.
#[inline]
pub const fn memory_cost(bytes: u64) -> u64 {
    bytes.div_ceil(8)
}

/// The dynamic cost of `table.copy`, `table.fill`, `table.init`, `table.grow` over `elements`
/// elements: one unit each. Charged before the bounds check.
#[inline]
pub const fn table_cost(elements: u64) -> u64 {
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn bulk_costs_round_up_and_never_overflow() {
        for (bytes, cost) in [(0, 0), (1, 1), (8, 1), (9, 2), (u64::MAX, 1 << 61)] {
            assert_eq!(memory_cost(bytes), cost, "{bytes} bytes");
        }
        assert_eq!(table_cost(0), 0);
        assert_eq!(table_cost(u64::MAX), u64::MAX);
    }
}
