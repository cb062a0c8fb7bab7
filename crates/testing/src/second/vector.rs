//! Vector operators with immediates. Those without are in `numeric`, loads and stores in `memory`.

use super::numeric::name;
use super::state::State;
use super::terms::Term;
use super::{Fault, Walk};
use prova_module::Operator;

/// The lane of an operator that extracts or replaces one.
fn lane(operator: &Operator<'_>) -> Option<u8> {
    match *operator {
        Operator::I8x16ExtractLaneS { lane }
        | Operator::I8x16ExtractLaneU { lane }
        | Operator::I8x16ReplaceLane { lane }
        | Operator::I16x8ExtractLaneS { lane }
        | Operator::I16x8ExtractLaneU { lane }
        | Operator::I16x8ReplaceLane { lane }
        | Operator::I32x4ExtractLane { lane }
        | Operator::I32x4ReplaceLane { lane }
        | Operator::I64x2ExtractLane { lane }
        | Operator::I64x2ReplaceLane { lane }
        | Operator::F32x4ExtractLane { lane }
        | Operator::F32x4ReplaceLane { lane }
        | Operator::F64x2ExtractLane { lane }
        | Operator::F64x2ReplaceLane { lane } => Some(lane),
        _ => None,
    }
}

impl Walk<'_> {
    /// An operator of this family; says whether it is one.
    pub(super) fn vector(
        &mut self,
        state: &mut State,
        operator: &Operator<'_>,
    ) -> Result<bool, Fault> {
        if let Some(lane) = lane(operator) {
            return self.with_immediates(state, name(operator), &[Term::Const(lane.into())]);
        }
        match operator {
            Operator::V128Const { value } => {
                let bits = u128::from_le_bytes(*value.bytes());
                let value = self.terms.of(Term::Const128(bits));
                state.push(value, true);
                Ok(true)
            }
            Operator::I8x16Shuffle { lanes } => {
                let lanes = Term::Const128(u128::from_le_bytes(*lanes));
                self.with_immediates(state, "i8x16_shuffle", &[lanes])
            }
            _ => Ok(false),
        }
    }
}
