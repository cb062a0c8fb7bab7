//! Short differential campaigns, and proof that they would see a fault: faults planted between
//! translator and check.
//!
//! A green run does not show that the reference tier is right (`prova-testing judge` asks another
//! engine), and a few hundred functions are not the campaign: `prova-testing differential --count
//! 1000000` is.

use prova_bytecode::{Candidate, Op, decode};
use prova_testing::agree::differential::{Tally, campaign, check};
use prova_testing::campaign::{Options, Totals};
use prova_testing::generate::Generator;
use prova_testing::sides::attach::Plant;

fn short(generator: Generator, seed: u64, plant: Option<Plant>) -> Totals<Tally> {
    let count = if generator == Generator::Smith { 200 } else { 1_000 };
    campaign(&Options { generator, count, seed, funcs: 40, plant, ..Options::default() })
}

/// Where stores collect more often than they have to, too.
#[test]
fn a_thousand_biased_functions_agree() {
    for generator in [Generator::Biased, Generator::BiasedObjects] {
        let totals = short(generator, 7, None);
        assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
        assert!(totals.tally.funcs >= 1_000, "{totals:?}");
        assert!(totals.tally.returned > totals.tally.trapped, "{totals:?}");
        assert_eq!((totals.tally.refused, totals.tally.not_instantiated), (0, 0), "{totals:?}");
    }
}

#[test]
fn wasm_smith_agrees() {
    let totals = short(Generator::Smith, 7, None);
    assert!(totals.finding.is_none(), "{}", totals.finding.unwrap_or_default());
    assert!(totals.tally.funcs >= 200 && totals.tally.returned > 0, "{totals:?}");
}

#[test]
fn cases_are_functions_of_their_numbers() {
    for generator in [Generator::Biased, Generator::Smith] {
        for index in 0..5 {
            let (a, b) = (generator.case(3, index, 5), generator.case(3, index, 5));
            assert!(a.wasm == b.wasm && a.calls == b.calls, "{generator:?} {index}");
            assert_ne!(a.wasm, generator.case(4, index, 5).wasm, "{generator:?} {index}");
        }
    }
}

/// Changes the first instruction that `change` changes.
fn first(mut candidate: Candidate, change: fn(Op, &mut [u64]) -> bool) -> Candidate {
    let mut at = 0;
    while let Ok(inst) = decode(&candidate.words, at) {
        if change(inst.op, &mut candidate.words[at as usize..]) {
            break;
        }
        at = inst.next;
    }
    candidate
}

/// Lane 0 of an instruction is its op.
fn set_op(words: &mut [u64], op: Op) -> bool {
    words[0] = words[0] & !0xffff | u64::from(op.encoding(prova_bytecode::Marks::NONE));
    true
}

/// Adds 1 to an operand; the next lane is as good as this one's own carry.
fn increment(words: &mut [u64], lane: usize) -> bool {
    words[lane / 4] = words[lane / 4].wrapping_add(1 << (16 * (lane % 4)));
    true
}

fn another_operator(candidate: Candidate) -> Candidate {
    first(candidate, |op, words| match op {
        Op::I32Add => set_op(words, Op::I32Sub),
        Op::I32Sub => set_op(words, Op::I32Add),
        Op::I32And => set_op(words, Op::I32Or),
        Op::I32Xor => set_op(words, Op::I32Shl),
        Op::I32Eqz => set_op(words, Op::I32Clz),
        _ => false,
    })
}

/// A copy whose source is the slot after the right one: a preservation that went wrong.
fn another_source(candidate: Candidate) -> Candidate {
    first(candidate, |op, words| op == Op::Copy && increment(words, op.lane(1)))
}

fn another_condition(candidate: Candidate) -> Candidate {
    first(candidate, |op, words| match op {
        Op::BrIf => set_op(words, Op::BrIfNot),
        _ => false,
    })
}

fn another_charge(candidate: Candidate) -> Candidate {
    first(candidate, |op, words| op == Op::Charge && increment(words, op.lane(0)))
}

#[test]
fn planted_faults_are_found() {
    let plants: [(&str, Plant); 4] = [
        ("another operator", another_operator),
        ("another source of a copy", another_source),
        ("another condition", another_condition),
        ("another charge", another_charge),
    ];
    for (name, plant) in plants {
        let cases = (0..10).map(|index| (index, Generator::Biased.case(11, index, 20)));
        let found = cases.filter(|(index, case)| check(case, *index, Some(plant)).is_err()).count();
        assert!(found >= 3, "{name}: {found} of 10");
        let honest = (0..10).map(|index| (index, Generator::Biased.case(11, index, 20)));
        assert_eq!(honest.filter(|(i, case)| check(case, *i, None).is_err()).count(), 0, "{name}");
    }
}

#[test]
fn a_disagreement_is_made_small_and_printed() {
    let totals = short(Generator::Biased, 5, Some(another_condition));
    let report = totals.finding.expect("a planted fault is found");
    for part in ["--seed 5", "(module", "in the reference tier, but", "charge"] {
        assert!(report.contains(part), "{part} in\n{report}");
    }
    assert!(report.lines().count() < 200, "{report}");
}
