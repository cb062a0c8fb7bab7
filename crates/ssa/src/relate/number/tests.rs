//! Rows of operators, and sums of one root: what is computed is what their numbers say.

use super::*;
use crate::relate::plant::{Plant, with};
use prova_terms::Term;

/// A term has its operands and immediates in the order of the row.
#[test]
fn expressions_name_operands_in_their_order() {
    assert_eq!(disordered(), []);
}

#[test]
fn whole_accesses() {
    use Opcode as O;
    let whole: Vec<Opcode> = Opcode::ALL.iter().copied().filter(|&it| is_whole(it)).collect();
    let loads = [O::I32Load, O::I64Load, O::F32Load, O::F64Load];
    let stores = [O::I32Store, O::I64Store, O::F32Store, O::F64Store];
    let mut expected = [&loads[..], &stores, &[O::V128Load, O::V128Store]].concat();
    expected.sort();
    assert_eq!(whole, expected);
}

#[test]
fn divisors_that_exclude_a_trap() {
    for (opcode, divisor, expected) in [
        (Opcode::I32DivU, 3, true),
        (Opcode::I32DivU, 0, false),
        (Opcode::I32DivS, 3, true),
        (Opcode::I32DivS, 0xffff_ffff, false),
        (Opcode::I32RemS, 0xffff_ffff, true),
        (Opcode::I64DivS, u64::MAX, false),
        (Opcode::I64DivS, 0xffff_ffff, true),
        (Opcode::I32TruncF32S, 3, false),
    ] {
        assert_eq!(cannot_trap(opcode, &[None, Some(divisor)]), expected, "{opcode:?}");
    }
    assert!(cannot_trap(Opcode::I32DivS, &[Some(7), Some(0xffff_ffff)]));
    assert!(!cannot_trap(Opcode::I32DivS, &[Some(0x8000_0000), Some(0xffff_ffff)]));
}

/// The value of a number, where leaves are values by their order.
fn value(numbers: &Numbers, vn: Vn, leaves: &[u32]) -> u32 {
    match numbers.terms.term(vn) {
        Term::Const(bits) => bits as u32,
        Term::Effect(leaf, LEAF) => leaves[leaf as usize - 1],
        Term::Pure(prim, args) => {
            let all = args.iter().take_while(|&&arg| arg != Vn::UNDEF);
            let args: Vec<u64> = all.map(|&arg| value(numbers, arg, leaves).into()).collect();
            let opcode = Opcode::ALL.iter().find(|&&opcode| super::prim(opcode) == Some(prim));
            evaluate_one(*opcode.expect("an operator"), &args).expect("a result") as u32
        }
        other => panic!("{other:?}"),
    }
}

/// Whether the numbers of sums, differences and comparisons of two leaves and some constants are
/// what these operators compute.
fn sums_hold() -> bool {
    use Opcode as O;
    const LEAVES: [[u32; 2]; 3] = [[0, 0], [7, u32::MAX], [0x8000_0000, 3]];
    let mut numbers = Numbers::default();
    // Each number, and what it must be for each pair of leaves.
    let mut all: Vec<(Vn, [u32; 3])> =
        vec![(numbers.leaf(), LEAVES.map(|[a, _]| a)), (numbers.leaf(), LEAVES.map(|[_, b]| b))];
    all.extend([0, 1, 5, u32::MAX].map(|bits| (Vn::index(bits), [bits; 3])));
    let mut holds = true;
    for _round in 0..2 {
        for (a, of_a) in all.clone() {
            for (b, of_b) in all.clone() {
                for opcode in [O::I32Add, O::I32Sub, O::I32Eq, O::I32Ne] {
                    let found = numbers.operator(opcode, Imm::None, &[a, b]);
                    let expected = [0, 1, 2].map(|at| {
                        let args = [of_a[at].into(), of_b[at].into()];
                        evaluate_one(opcode, &args).expect("a result") as u32
                    });
                    let given = LEAVES.map(|leaves| value(&numbers, found, &leaves));
                    holds &= given == expected;
                    if all.len() < 40 && !all.iter().any(|(vn, _)| *vn == found) {
                        all.push((found, expected));
                    }
                }
            }
        }
    }
    holds
}

#[test]
fn sums_are_what_their_operators_compute() {
    assert!(sums_hold());
    for plant in [Plant::RootsAlike, Plant::DistanceReplaced] {
        assert!(!with(Some(plant), sums_hold), "{plant:?}");
    }
}

#[test]
fn sums_of_one_root_are_one_number() {
    let mut numbers = Numbers::default();
    let (a, b, one) = (numbers.leaf(), numbers.leaf(), Vn::index(1));
    let mut of = |opcode, x, y| numbers.operator(opcode, Imm::None, &[x, y]);
    let two = of(Opcode::I32Add, one, a);
    let two = of(Opcode::I32Add, two, one);
    assert_eq!(two, of(Opcode::I32Sub, a, Vn::index(u32::MAX - 1)));
    assert_eq!(of(Opcode::I32Sub, two, one), of(Opcode::I32Add, a, one));
    assert_eq!(of(Opcode::I32Sub, two, Vn::index(2)), a);
    assert_eq!(of(Opcode::I32Sub, a, two), Vn::index(u32::MAX - 1));
    assert_eq!(of(Opcode::I32Eq, a, two), Vn::index(0));
    let (sum, masked) = (of(Opcode::I32Add, a, b), of(Opcode::I32And, a, Vn::index(7)));
    assert_ne!(sum, of(Opcode::I32Add, a, a));
    assert_eq!(numbers.distance(two), (a, 2));
    assert_eq!(numbers.distance(sum), (sum, 0));
    assert_eq!(numbers.operands(sum, Opcode::I32Add), Some([a, b]));
    assert_eq!(numbers.operands(masked, Opcode::I32Add), None);
    assert!(numbers.operands(masked, Opcode::I32And).is_some());
}
