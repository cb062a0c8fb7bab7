//! Comparisons and their negations: which branch is another one with its edges swapped.
//!
//! Nobody believes it: the proof compares conditions by their terms.

use prova_module::Opcode;
use prova_ssa::{Body, Def, Op, Value};

/// Comparisons and their negations. Of floats only equality has one.
const NEGATIONS: [(Opcode, Opcode); 12] = [
    (Opcode::I32Eq, Opcode::I32Ne),
    (Opcode::I32LtS, Opcode::I32GeS),
    (Opcode::I32LtU, Opcode::I32GeU),
    (Opcode::I32GtS, Opcode::I32LeS),
    (Opcode::I32GtU, Opcode::I32LeU),
    (Opcode::I64Eq, Opcode::I64Ne),
    (Opcode::I64LtS, Opcode::I64GeS),
    (Opcode::I64LtU, Opcode::I64GeU),
    (Opcode::I64GtS, Opcode::I64LeS),
    (Opcode::I64GtU, Opcode::I64LeU),
    (Opcode::F32Eq, Opcode::F32Ne),
    (Opcode::F64Eq, Opcode::F64Ne),
];

/// The comparison that is true where a comparison is not, if there is one.
pub(crate) fn negated(opcode: Opcode) -> Option<Opcode> {
    NEGATIONS.into_iter().find_map(|(a, b)| match opcode {
        _ if opcode == a => Some(b),
        _ if opcode == b => Some(a),
        _other => None,
    })
}

/// Whether a condition is written as a negation: of one that another body may have, or not.
pub(super) fn is_negated(body: &Body, condition: Value) -> bool {
    let (mut value, mut is_negated) = (condition, false);
    while let Def::Result(inst, _) = body.value(value).def {
        let data = body.inst(inst);
        let Op::Wasm(opcode) = data.op else { break };
        match (opcode, body.operands(data.args)) {
            (Opcode::I32Eqz, &[of]) => (value, is_negated) = (of, !is_negated),
            (_, _) => return is_negated != NEGATIONS.iter().any(|&(_, other)| other == opcode),
        }
    }
    is_negated
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_ssa::constants::evaluate;

    /// On values of each kind: signed and not, infinite, no number.
    #[test]
    fn a_negation_is_true_where_the_comparison_is_not() {
        let (zero, nan) = (1 << 63, f64::NAN.to_bits());
        let long = [0, 1, 5, u64::MAX, i64::MAX as u64, zero, nan, 2.5_f64.to_bits()];
        let nan = u64::from(f32::NAN.to_bits());
        let short = [0, 1, 5, u64::from(u32::MAX), 0x7fff_ffff, 0x8000_0000, nan];
        for (opcode, other) in NEGATIONS {
            assert_eq!((negated(opcode), negated(other)), (Some(other), Some(opcode)));
            let is_long = opcode.mnemonic().contains("64");
            let values = if is_long { &long[..] } else { &short };
            for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (*a, *b))) {
                let of = |opcode| evaluate(opcode, &[a, b]).map(|found| found.map(|it| it[0]));
                let (Some(Ok(is)), Some(Ok(not))) = (of(opcode), of(other)) else {
                    panic!("{opcode:?} of {a:x} and {b:x} has no value");
                };
                assert_eq!(is ^ not, 1, "{opcode:?} of {a:x} and {b:x}");
            }
        }
        assert_eq!([Opcode::F32Lt, Opcode::F64Ge, Opcode::I32Add].map(negated), [None; 3]);
    }
}
