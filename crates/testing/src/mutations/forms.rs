//! Ops with an immediate → the op on two operands that computes the same with a constant;
//! comparisons → the one on exchanged operands that is the same; differences → sums.
//!
//! `product` compares instructions in that form. The pairs are found by name (`i32.add_imm` and
//! `i32.add`) and by the operands in their rows; that both rows have the same expression is a fact
//! of the op table, which a test here reads.

use prova_bytecode::{Kind, OPS, Op, Operand, Role};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The op without immediate that an op with an immediate stands for.
#[derive(Clone, Copy)]
struct Base {
    op: Op,
    /// The immediate's.
    kind: Kind,
    /// The slots that the immediate stands behind.
    before: usize,
}

/// The op on operands alone of each op with an immediate.
static BASES: LazyLock<BTreeMap<Op, Base>> = LazyLock::new(|| {
    let named: BTreeMap<&str, Op> = OPS.iter().map(|&op| (op.mnemonic(), op)).collect();
    let base = |op: Op| {
        let mnemonic = op.mnemonic();
        let right = ["_imm", "_imm32", "_imm64"].iter().find_map(|it| mnemonic.strip_suffix(it));
        let left = || ["imm_", "imm32_"].iter().find_map(|it| mnemonic.strip_prefix(it));
        let base = *named.get(right.or_else(left)?)?;
        let (mine, others) = (op.operands(), base.operands());
        let differs: Vec<usize> = (0..mine.len())
            .filter(|&i| others.get(i).is_none_or(|o| o.kind != mine[i].kind))
            .collect();
        let immediate = |i: usize| mine[i].kind.cells() == 0 && others[i].role == Role::Source;
        let slot = |o: &&Operand| o.role == Role::Source && o.kind.cells() > 0;
        match differs[..] {
            [i] if mine.len() == others.len() && immediate(i) => {
                let before = mine[..i].iter().filter(slot).count();
                Some((op, Base { op: base, kind: mine[i].kind, before }))
            }
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

/// Accesses of floats, and those that move the same cells; they differ in the accumulator.
const FLOATS: [(Op, Op); 8] = [
    (Op::F32Load, Op::I32Load),
    (Op::F64Load, Op::I64Load),
    (Op::F32LoadIdx, Op::I32LoadIdx),
    (Op::F64LoadIdx, Op::I64LoadIdx),
    (Op::F32LoadAt, Op::I32LoadAt),
    (Op::F64LoadAt, Op::I64LoadAt),
    (Op::F32Store, Op::I32Store),
    (Op::F64Store, Op::I64Store),
];

/// The op that does the same with cells, of those that have one.
pub(super) fn of_cells(op: Op) -> Op {
    FLOATS.iter().find(|pair| pair.0 == op).map_or(op, |pair| pair.1)
}

/// The op on operands, how many of them come before the one that the immediate stands for, and the
/// constant cell that this is.
pub(super) fn base(op: Op, immediates: &[u64]) -> Option<(Op, usize, u64)> {
    if let Some((_, base)) = TESTS.iter().find(|test| test.0 == op) {
        return Some((*base, 1, 0));
    }
    let &Base { op, kind, before } = BASES.get(&op)?;
    let &[immediate] = immediates else { return None };
    // The decoder extends to 64 bits; a cell of 32 bits has zeros above (T2).
    Some((op, before, if kind == Kind::i32s { immediate & 0xffff_ffff } else { immediate }))
}

/// The sum that a difference with this constant on its right is, and the constant of the sum:
/// `x − c = x + (−c)` on all integers of one width.
pub(super) fn sum(op: Op, constant: u64) -> Option<(Op, u64)> {
    if op == Op::I32Sub {
        // Of a cell of 32 bits the upper half is not read.
        Some((Op::I32Add, (constant as u32).wrapping_neg().into()))
    } else {
        (op == Op::I64Sub).then(|| (Op::I64Add, constant.wrapping_neg()))
    }
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
        // The cell of an i32 that is an immediate has the immediate's bits.
        let plain = |text: &str| text.replace("cell(a)", "a").replace("cell(b)", "b");
        let row = |op: Op| EXPRESSIONS.iter().find(|row| row.0 == op);
        let of = |op: Op| row(op).map(|row| (row.1, plain(row.2)));
        assert!(BASES.len() > 100, "{}", BASES.len());
        for (&op, base) in &*BASES {
            assert_eq!(of(op), of(base.op), "{}", op.mnemonic());
        }
        for (op, cells) in FLOATS {
            assert_eq!(row(op).map(|row| row.1), row(cells).map(|row| row.1), "{}", op.mnemonic());
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
    fn differences_become_sums() {
        assert_eq!(sum(Op::I32Sub, 5), Some((Op::I32Add, 0xffff_fffb)));
        assert_eq!(sum(Op::I64Sub, 5), Some((Op::I64Add, u64::MAX - 4)));
        assert_eq!(
            (sum(Op::I32Sub, 0), sum(Op::I64Sub, 0)),
            (Some((Op::I32Add, 0)), Some((Op::I64Add, 0)))
        );
        assert_eq!(
            (sum(Op::I32Add, 5), sum(Op::F32Sub, 5), sum(Op::I32x4Sub, 5)),
            (None, None, None)
        );
    }

    #[test]
    fn immediates_become_cells() {
        assert_eq!(base(Op::I32AddImm, &[u64::MAX]), Some((Op::I32Add, 1, 0xffff_ffff)));
        assert_eq!(base(Op::I64AddImm, &[u64::MAX]), Some((Op::I64Add, 1, u64::MAX)));
        assert_eq!(base(Op::SelectImm, &[u64::MAX]), Some((Op::Select, 1, u64::MAX)));
        assert_eq!(base(Op::Imm32Select, &[7]), Some((Op::Select, 0, 7)));
        assert_eq!(base(Op::I32Add, &[]), None);
    }
}
