//! Ops with an immediate → the op on two operands that computes the same with a constant;
//! comparisons → the one on exchanged operands that is the same.
//!
//! Neighbours: `product` compares instructions in that form. The pairs are found by name
//! (`i32.add_imm` and `i32.add`) and by what the rows say of operands; that both rows have the same
//! expression is a fact of the op table, which a test here reads.

use prova_bytecode::{Kind, OPS, Op, Role};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The op on two operands of each op with an immediate.
static BASES: LazyLock<BTreeMap<Op, (Op, Kind)>> = LazyLock::new(|| {
    let named: BTreeMap<&str, Op> = OPS.iter().map(|&op| (op.mnemonic(), op)).collect();
    let base = |op: Op| {
        let mnemonic = op.mnemonic();
        let name = mnemonic.strip_suffix("_imm").or_else(|| mnemonic.strip_suffix("_imm32"))?;
        let base = *named.get(name)?;
        // Its immediate is a cell of an i32 in an op on any cells.
        if op == Op::SelectImm32 {
            return None;
        }
        let (mine, others) = (op.operands(), base.operands());
        let differs: Vec<usize> = (0..mine.len())
            .filter(|&i| others.get(i).is_none_or(|o| o.kind != mine[i].kind))
            .collect();
        let immediate = |i: usize| mine[i].kind.cells() == 0 && others[i].role == Role::Source;
        match differs[..] {
            [i] if mine.len() == others.len() && immediate(i) => Some((op, (base, mine[i].kind))),
            _ => None,
        }
    };
    OPS.iter().filter_map(|&op| base(op)).collect()
});

/// Tests of one operand, and the comparison with 0 that each is.
const TESTS: [(Op, Op); 4] = [
    (Op::I32Eqz, Op::I32Eq),
    (Op::I64Eqz, Op::I64Eq),
    (Op::BrIfNot, Op::BrI32Eq),
    (Op::BrIf, Op::BrI32Ne),
];

/// The op on operands and the constant cell that stands for the immediate.
pub(super) fn base(op: Op, immediates: &[u64]) -> Option<(Op, u64)> {
    if let Some((_, base)) = TESTS.iter().find(|test| test.0 == op) {
        return Some((*base, 0));
    }
    let &(base, kind) = BASES.get(&op)?;
    let &[immediate] = immediates else { return None };
    // The decoder extends to 64 bits; a cell of 32 bits has zeros above (T2).
    Some((base, if kind == Kind::i32s { immediate & 0xffff_ffff } else { immediate }))
}

/// The comparison of each comparison's exchanged operands, of scalars; of branches, too.
static MIRRORED: LazyLock<BTreeMap<Op, Op>> = LazyLock::new(|| {
    let named: BTreeMap<&str, Op> = OPS.iter().map(|&op| (op.mnemonic(), op)).collect();
    let mirror = |op: Op| {
        let (ty, name) = op.mnemonic().rsplit_once('.')?;
        let scalar = matches!(ty.trim_start_matches("br_"), "i32" | "i64" | "f32" | "f64");
        let test = name.trim_start_matches("not_");
        let less = ["gt", "gt_s", "gt_u", "ge", "ge_s", "ge_u"].contains(&test);
        let other = format!("{ty}.{}", name.replace("gt", "lt").replace("ge", "le"));
        if scalar && less { Some((op, *named.get(&*other)?)) } else { None }
    };
    OPS.iter().filter_map(|&op| mirror(op)).collect()
});

/// The op that does the same on exchanged operands, of those that ask for more.
pub(super) fn mirrored(op: Op) -> Option<Op> {
    MIRRORED.get(&op).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! expressions {
        ($($name:ident $mnemonic:literal $class:ident [$($d:ident : $dk:ident)* <- $($s:ident : $sk:ident)*]
            $($m:ident $(: $mt:ty)?)? { $($e:tt)* })*) => {
            &[$((Op::$name, stringify!($class), stringify!($($e)*))),*]
        };
    }

    const EXPRESSIONS: &[(Op, &str, &str)] = prova_bytecode::for_each_op!(expressions);

    #[test]
    fn both_forms_have_one_class_and_one_expression() {
        let of = |op: Op| EXPRESSIONS.iter().find(|row| row.0 == op).map(|row| (row.1, row.2));
        assert!(BASES.len() > 60, "{}", BASES.len());
        for (&op, &(base, _)) in &*BASES {
            assert_eq!(of(op), of(base), "{}", op.mnemonic());
        }
    }

    #[test]
    fn comparisons_have_a_mirror() {
        assert_eq!(mirrored(Op::I32GtS), Some(Op::I32LtS));
        assert_eq!(mirrored(Op::F64Ge), Some(Op::F64Le));
        assert_eq!(mirrored(Op::BrF32NotGt), Some(Op::BrF32NotLt));
        assert_eq!((mirrored(Op::I32LtS), mirrored(Op::I32GtSImm)), (None, None));
        assert_eq!(mirrored(Op::I32x4GtS), None);
    }

    #[test]
    fn immediates_become_cells() {
        assert_eq!(base(Op::I32AddImm, &[u64::MAX]), Some((Op::I32Add, 0xffff_ffff)));
        assert_eq!(base(Op::I64AddImm, &[u64::MAX]), Some((Op::I64Add, u64::MAX)));
        assert_eq!(base(Op::I32Add, &[]), None);
    }
}
