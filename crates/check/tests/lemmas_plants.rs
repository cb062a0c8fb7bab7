//! Faults planted in the rules, one at a time: each makes its lemma fail.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test --target-dir target/plants -p prova-check --test
//! lemmas_plants` runs it; without the flag it has no tests. Every fault is found by words of few
//! bits, and by z3, where it is installed. A fault that no lemma sees fails the test.

#![cfg(prova_plant)]
#![allow(dead_code, unreachable_pub, reason = "the modules are those of two tests")]

#[macro_use]
#[path = "lemmas/mod.rs"]
mod lemmas;

use lemmas::{
    derive, engine, facts, floats, operate, places, proof, small, smt, sums, table, term, values,
};
use prova_check::plant::{PLANTS, Plant, plant};
use smt::Solver;

/// The lemma that sees a fault.
fn seen_by(plant: Plant) -> &'static str {
    match plant {
        Plant::None => panic!("no fault"),
        Plant::SumTakesTwoSymbols => "sum.any",
        Plant::DifferenceForgetsShift => "difference.shifted.shifted",
        Plant::ShiftForgetsConstant => "shifted.symbol.2",
        Plant::SolvedDropsBits => "solved.number.constant.1",
        Plant::BoundForgetsDistance | Plant::BoundForgetsShift => "bounds.above.0",
        Plant::WrappedReading => "reading.0",
        Plant::DistanceTurned => "distance.0.0",
        Plant::LengthPlusOne => "within.length",
        Plant::EdgeOfAnotherShift => "within.edge.1",
        Plant::NeverIsNotStrict => "never.0.0",
        Plant::NotBelowIsAbove => "cmp.64.not_below",
        Plant::AboveIsNoCarry => "add.64.any",
        Plant::UnequalForgetsConstant => "apart.number.0",
        Plant::HalfApartIsWhole => "apart.half",
        Plant::AndIsLess => "and.64.symbol.symbol",
        Plant::OrOfHalves => "or.64.symbol.constant",
        Plant::ShiftLeftLosesBits => "shl.64.symbol.4",
        Plant::UnshiftedRoundsTooFar => "edge_of_shifted.2",
        Plant::ShiftRightCountUnmasked => "shr.32.symbol.35",
        Plant::XorKeepsValue => "xor.64.symbol.same",
        Plant::ArmOfSelectForgotten => "either.1",
        Plant::LowHalfKeepsMore => "low.0",
        Plant::HalfForgetsShift => "halves.1",
        Plant::AddressBelow | Plant::EndForgetsSize => "access.least.0.4",
        Plant::MaskedForgetsSize => "masked.4",
        Plant::WordIsSymbol => "d10.word.4.0",
        Plant::WordForgetsShift => "by_word.0.2",
        Plant::ElementIsLength => "element.indexed",
        Plant::JumpTableTooShort => "entries.2.4",
        Plant::ChargeWraps => "charge.0",
        Plant::WordIsForgotten => "apart.shifted.0",
        Plant::KeysForgetSigns => "float.key.less",
        Plant::NanIsNumber => "float.key.nan",
        Plant::ZerosAreTwo => "float.key.at_most",
        Plant::EqualIsLess => "float.order.at_most",
        Plant::NearestIsAbove => "float.short.up",
        Plant::MinusOneIsAbove | Plant::EndIsBelow => "float.positive.4",
        Plant::SumWraps => "sums.bounds.0.0",
        Plant::RestForgetsShift => "sums.rest",
        Plant::SumForgetsShift => "elements.3",
        Plant::StepIsCut | Plant::StepBackIsStep => "steps.3",
        Plant::SumIsFarAbove => "sums.above",
        Plant::SumIsBesideIt => "sums.beside",
        Plant::ShiftedIsNumber => "passive.element.symbol",
        Plant::AnyShiftIsElements => "passive.number.symbol",
        Plant::SolvedIsCut => "passive.number.constant",
        Plant::PartsOfTwoSymbols | Plant::PartIsByFour | Plant::NumberIsShifted => {
            "segment.sum.constant"
        }
        Plant::SegmentForgetsShift => "segment.sum.symbol",
        Plant::SumIsShifted | Plant::OtherPartIsNone => "sums.part.0.0",
        Plant::SelectedIsBehind => "selected",
        Plant::EvenIsOdd => "alone.times.4",
        Plant::RoundedIsIt => "float.rounded.below",
        Plant::LeastIsNoOther => "float.least.8",
        step => panic!("{step:?} is seen by hostile code"),
    }
}

/// Faults of rules that hostile code sees as well (`hostile_plants`).
const ALSO: [Plant; 14] = [
    Plant::SumWraps,
    Plant::RestForgetsShift,
    Plant::SumForgetsShift,
    Plant::StepIsCut,
    Plant::StepBackIsStep,
    Plant::SumIsFarAbove,
    Plant::SumIsBesideIt,
    Plant::ShiftedIsNumber,
    Plant::AnyShiftIsElements,
    Plant::SolvedIsCut,
    Plant::SelectedIsBehind,
    Plant::EvenIsOdd,
    Plant::RoundedIsIt,
    Plant::LeastIsNoOther,
];

#[test]
fn every_planted_fault_makes_its_lemma_fail() {
    let lemmas = table::all();
    let mut solver = Solver::start();
    let mut unseen = Vec::new();
    for &fault in PLANTS.iter().chain(&ALSO) {
        let name = seen_by(fault);
        let lemma = lemmas.iter().find(|lemma| lemma.name == name).expect("the lemma");
        plant(Plant::None);
        let before = lemma.queries();
        plant(fault);
        let refuted = (3..=5).any(|bits| lemma.refuted(bits, 1_000_000).is_some());
        let queries = lemma.queries();
        let answer = solver.as_mut().map(|solver| solver.ask(&queries[0], 30_000));
        plant(Plant::None);
        let sound = lemma.refuted(3, 1_000_000).is_none() && lemma.queries() == before;
        println!("{fault:?}: {name}: refuted by values {refuted}, z3 {answer:?}");
        if !refuted || !sound || queries == before || answer.is_some_and(|text| text != "sat") {
            unseen.push(fault);
        }
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}
