//! All bodies of up to seven operators, of six with exceptions; and a fault in the preservation of
//! locals is seen.
//!
//! A green run does not cover longer bodies: `prova-testing enumerate --operators 8` is the
//! campaign.

use prova_bytecode::{Candidate, Marks, Op, decode};
use prova_testing::agree::enumerate::{Options, campaign};
use prova_testing::sides::attach::Plant;

fn options(operators: usize, exceptions: bool, plant: Option<Plant>) -> Options {
    Options { operators, exceptions, jobs: 2, plant }
}

#[test]
fn every_small_body_is_proved_and_computes_what_wasm_says() {
    let tally = campaign(&options(7, false, None)).unwrap_or_else(|what| panic!("{what}"));
    assert!(tally.bodies > 200_000 && tally.endless > 100, "{tally:?}");
    assert_eq!(tally.threw, 0, "{tally:?}");
}

#[test]
fn every_small_body_with_exceptions_is_proved_and_computes_what_wasm_says() {
    let tally = campaign(&options(6, true, None)).unwrap_or_else(|what| panic!("{what}"));
    assert!(tally.bodies > 30_000 && tally.threw > 10_000, "{tally:?}");
}

/// Makes the first copy a copy of nothing.
fn lost_copy(mut candidate: Candidate) -> Candidate {
    let mut at = 0;
    while let Ok(inst) = decode(&candidate.words, at) {
        if inst.op == Op::Copy {
            // Nothing of it is in an accumulator, and both slots are in word 1.
            let lane = |i: usize| 16 * (inst.op.lane(i) - 4);
            candidate.words[at as usize] = u64::from(inst.op.encoding(Marks::NONE));
            let word = &mut candidate.words[at as usize + 1];
            let destination = *word >> lane(0) & 0xffff;
            *word = *word & !(0xffff << lane(1)) | destination << lane(1);
            break;
        }
        at = inst.next;
    }
    candidate
}

#[test]
fn a_lost_copy_is_seen() {
    let found = campaign(&options(4, false, Some(lost_copy)));
    let what = found.expect_err("a plant is found");
    assert!(what.contains("refused at word") && what.contains("(module"), "{what}");
}
